/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session cookies, slowing down of guessing, requests as CGI gives them. */
#include "lib/err.h"
#include "web/request.h"
#include "web/response.h"
#include "web/session.h"
#include "web/throttle.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define NOW  INT64_C(1800000000)

static const uint8_t key[USER_SESSION_KEY_SIZE] = { 1, 2, 3 };
static const uint8_t other_key[USER_SESSION_KEY_SIZE] = { 1, 2, 4 };
static const struct db_user user = { .id = 42, .sessions = 7 };

static int
start(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

/* --- session -------------------------------------------------------------------------------------------------------- */

static void
a_session_says_who_it_is_until_it_expires(void **state)
{
	char text[SESSION_TEXT_MAX];
	struct session s;

	(void)state;
	assert_int_equal(session_make(&user, NOW, key, text, sizeof(text)), NM_OK);
	assert_int_equal(session_check(text, NOW + SESSION_LIFE_S - 1, key, &s), NM_OK);
	assert_int_equal(s.user, 42);
	assert_int_equal(s.sessions, 7);
	assert_int_equal(s.expires_s, NOW + SESSION_LIFE_S);
	assert_int_equal(session_check(text, NOW + SESSION_LIFE_S, key, &s), NM_ENOTFOUND);
}

static void
a_session_with_any_character_changed_is_refused(void **state)
{
	char text[SESSION_TEXT_MAX], changed[SESSION_TEXT_MAX];
	struct session s;

	(void)state;
	assert_int_equal(session_make(&user, NOW, key, text, sizeof(text)), NM_OK);
	for (size_t i = 0; text[i]; i++) {
		memcpy(changed, text, sizeof(text));
		changed[i] = (char)(changed[i] ^ 4);
		assert_int_equal(session_check(changed, NOW, key, &s), NM_EFORMAT);
	}
}

static void
a_session_that_is_cut_or_made_with_another_key_is_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "1", "1.42.7.99999999999", "1.42.7.99999999999.", "1.42.7.99999999999.AAAA"
	};
	char text[SESSION_TEXT_MAX];
	struct session s;

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		assert_int_equal(session_check(bad[i], NOW, key, &s), NM_EFORMAT);
	assert_int_equal(session_make(&user, NOW, other_key, text, sizeof(text)), NM_OK);
	assert_int_equal(session_check(text, NOW, key, &s), NM_EFORMAT);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(session_check(text, NOW, other_key, &s), NM_EFORMAT);
}

static void
the_cookie_is_hidden_from_scripts_and_other_sites(void **state)
{
	char header[256];

	(void)state;
	assert_int_equal(session_set_cookie("x", "/netmon", true, header, sizeof(header)), NM_OK);
	assert_string_equal(header, "netmon_session=x; Path=/netmon/; Max-Age=43200; HttpOnly; "
	                            "SameSite=Lax; Secure");
	assert_int_equal(session_set_cookie("", "", false, header, sizeof(header)), NM_OK);
	assert_string_equal(header, "netmon_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
	assert_int_equal(session_set_cookie("x", "", false, header, 20), NM_ELIMIT);
}

/* --- throttle ------------------------------------------------------------------------------------------------------- */

static void
five_wrong_passwords_close_the_door_for_a_while(void **state)
{
	struct throttle t = { 0 };

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++) {
		assert_int_equal(throttle_wait_s(&t, "192.0.2.1", NOW), 0);
		throttle_wrong(&t, "192.0.2.1", NOW);
	}
	assert_int_equal(throttle_wait_s(&t, "192.0.2.1", NOW + 10), THROTTLE_WINDOW_S - 10);
	assert_int_equal(throttle_wait_s(&t, "192.0.2.2", NOW + 10), 0);
	assert_int_equal(throttle_wait_s(&t, "192.0.2.1", NOW + THROTTLE_WINDOW_S), 0);
}

static void
the_addresses_of_one_v6_network_count_together(void **state)
{
	struct throttle t = { 0 };
	char client[64];

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++) {
		(void)snprintf(client, sizeof(client), "2001:db8:1:2::%x", i + 1);
		throttle_wrong(&t, client, NOW);
	}
	assert_true(throttle_wait_s(&t, "2001:db8:1:2:ffff::9", NOW) > 0);
	assert_int_equal(throttle_wait_s(&t, "2001:db8:1:3::1", NOW), 0);
}

static void
a_full_table_forgets_the_oldest(void **state)
{
	struct throttle t = { 0 };
	char client[64];

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++)
		throttle_wrong(&t, "192.0.2.1", NOW);
	for (int i = 0; i < THROTTLE_SLOTS; i++) {
		(void)snprintf(client, sizeof(client), "10.0.%d.%d", i / 250, i % 250);
		throttle_wrong(&t, client, NOW + 1);
	}
	assert_int_equal(throttle_wait_s(&t, "192.0.2.1", NOW + 2), 0);
}

static void
a_client_without_an_address_is_slowed_too(void **state)
{
	struct throttle t = { 0 };

	(void)state;
	for (int i = 0; i < THROTTLE_FREE; i++)
		throttle_wrong(&t, "", NOW);
	assert_true(throttle_wait_s(&t, "unix:", NOW) > 0);
}

/* --- request -------------------------------------------------------------------------------------------------------- */

/* A request as pairs of name and value, ending with NULL, and a body. */
struct fake {
	const char *const *pairs;
	const char *body;
	size_t at;
};

static const char *
fake_variable(void *ctx, const char *name)
{
	const struct fake *f = ctx;

	for (size_t i = 0; f->pairs[i]; i += 2)
		if (strcmp(f->pairs[i], name) == 0)
			return f->pairs[i + 1];
	return NULL;
}

static size_t
fake_body(void *ctx, char *bytes, size_t size)
{
	struct fake *f = ctx;
	size_t left = f->body ? strlen(f->body) - f->at : 0;
	size_t n = left < size ? left : size;

	if (n)
		memcpy(bytes, f->body + f->at, n);
	f->at += n;
	return n;
}

static int
read_fake(const char *const *pairs, const char *text, struct request *req)
{
	struct fake f = { .pairs = pairs, .body = text };
	const struct request_source source = { fake_variable, fake_body, &f };

	return request_read(&source, req);
}

static const char form_type[] = "application/x-www-form-urlencoded";

static void
a_request_is_read(void **state)
{
	const char *const pairs[] = {
		"REQUEST_METHOD", "POST",         "SCRIPT_NAME", "/netmon/",       "PATH_INFO",
		"/login",         "CONTENT_TYPE", form_type,     "CONTENT_LENGTH", "6",
		"HTTPS",          "on",           "HTTP_COOKIE", "a=1; ab=2; b=",  NULL
	};
	struct request req;
	char value[8];

	(void)state;
	assert_int_equal(read_fake(pairs, "user=x&more=not read", &req), 0);
	assert_int_equal(req.method, METHOD_POST);
	assert_string_equal(req.base, "/netmon");
	assert_string_equal(req.path, "/login");
	assert_string_equal(req.form_text, "user=x");
	assert_true(req.https);
	assert_true(request_cookie(&req, "ab", value, sizeof(value)));
	assert_string_equal(value, "2");
	assert_true(request_cookie(&req, "b", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(request_cookie(&req, "c", value, sizeof(value)));
	assert_false(request_cookie(&req, "ab", value, 1));
}

static void
a_request_without_a_path_is_for_the_first_page(void **state)
{
	const char *const pairs[] = { "REQUEST_METHOD", "GET", NULL };
	struct request req;

	(void)state;
	assert_int_equal(read_fake(pairs, NULL, &req), 0);
	assert_string_equal(req.path, "/");
	assert_string_equal(req.base, "");
}

static void
a_form_of_the_wrong_type_or_length_is_refused(void **state)
{
	static const struct {
		const char *type;
		const char *length;
		const char *body;
		int status;
	} cases[] = {
		{ "text/plain", "1", "x", 415 }, { "", "1", "x", 415 },
		{ form_type, "", "x", 413 },     { form_type, "4097", "x", 413 },
		{ form_type, "-1", "x", 413 },   { form_type, "99999999999999999999", "x", 413 },
		{ form_type, "5", "x", 400 },    { form_type, "0", "", 0 },
		{ form_type, "1", "x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *const pairs[] = {
			"REQUEST_METHOD", "POST", "CONTENT_TYPE", cases[i].type, "CONTENT_LENGTH",
			cases[i].length,  NULL
		};
		struct request req;
		assert_int_equal(read_fake(pairs, cases[i].body, &req), cases[i].status);
	}
}

static void
what_is_too_long_is_refused(void **state)
{
	static char longer[REQUEST_COOKIE_MAX + 2];
	struct request req;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	const char *const path[] = { "PATH_INFO", longer, NULL };
	const char *const query[] = { "QUERY_STRING", longer, NULL };
	const char *const cookie[] = { "HTTP_COOKIE", longer, NULL };
	assert_int_equal(read_fake(path, NULL, &req), 414);
	assert_int_equal(read_fake(query, NULL, &req), 414);
	assert_int_equal(read_fake(cookie, NULL, &req), 400);
}

static void
a_base_that_would_spoil_links_is_refused(void **state)
{
	static const char *const bad[] = { "//evil.example", "/a\"b", "javascript:", "/a b", "/<" };

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		const char *const pairs[] = { "SCRIPT_NAME", bad[i], NULL };
		struct request req;
		assert_int_equal(read_fake(pairs, NULL, &req), 400);
	}
}

static void
a_form_from_another_site_is_known_as_such(void **state)
{
	static const struct {
		const char *origin;
		const char *fetch_site;
		bool same;
	} cases[] = {
		{ "https://netmon.example:8443", "", true },
		{ "http://netmon.example:8443", "", true },
		{ "https://netmon.example", "", false },
		{ "https://evil.example", "", false },
		{ "https://netmon.example:8443.evil.example", "", false },
		{ "null", "", false },
		{ "", "same-origin", true },
		{ "", "cross-site", false },
		{ "", "same-site", false },
		{ "", "", true },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *const pairs[] = { "HTTP_HOST",
			                      "netmon.example:8443",
			                      "HTTP_ORIGIN",
			                      cases[i].origin,
			                      "HTTP_SEC_FETCH_SITE",
			                      cases[i].fetch_site,
			                      NULL };
		struct request req;
		assert_int_equal(read_fake(pairs, NULL, &req), 0);
		assert_int_equal(request_same_origin(&req), cases[i].same);
	}
}

static void
an_answer_to_head_has_a_length_and_no_body(void **state)
{
	struct response resp = { 0 };
	struct buf out = { 0 };

	(void)state;
	buf_text(&resp.body, "12345");
	response_write(&resp, 200, true, &out);
	assert_non_null(strstr(buf_str(&out), "Status: 200 OK\r\n"));
	assert_non_null(strstr(buf_str(&out), "Content-Length: 5\r\n"));
	assert_non_null(strstr(buf_str(&out), "default-src 'self'"));
	assert_null(strstr(buf_str(&out), "12345"));
	buf_free(&out);
	response_free(&resp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_says_who_it_is_until_it_expires),
		cmocka_unit_test(a_session_with_any_character_changed_is_refused),
		cmocka_unit_test(a_session_that_is_cut_or_made_with_another_key_is_refused),
		cmocka_unit_test(the_cookie_is_hidden_from_scripts_and_other_sites),
		cmocka_unit_test(five_wrong_passwords_close_the_door_for_a_while),
		cmocka_unit_test(the_addresses_of_one_v6_network_count_together),
		cmocka_unit_test(a_full_table_forgets_the_oldest),
		cmocka_unit_test(a_client_without_an_address_is_slowed_too),
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(a_request_without_a_path_is_for_the_first_page),
		cmocka_unit_test(a_form_of_the_wrong_type_or_length_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_base_that_would_spoil_links_is_refused),
		cmocka_unit_test(a_form_from_another_site_is_known_as_such),
		cmocka_unit_test(an_answer_to_head_has_a_length_and_no_body),
	};

	return cmocka_run_group_tests_name("session", tests, start, NULL);
}
