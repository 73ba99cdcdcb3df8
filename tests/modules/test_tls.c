/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS and HTTPS. */
#include "tests/support/module_fixture.h"

#define WEB    "10.0.0.1:40000 192.0.2.1:443"
#define OTHER  "10.0.0.1:40000 192.0.2.1:9000"
#define RANDOM "0123456789abcdef0123456789abcdef"

/* Hellos, written by hand: record header, handshake header, version, random, session id, suites, compression, extensions. */
static const struct sample client_hello =
    SAMPLE("ClientHello without ALPN", CLIENT,
           "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00");
static const struct sample client_hello_h2 =
    SAMPLE("ClientHello with ALPN", CLIENT,
           "\x16\x03\x01\x00\x3b\x01\x00\x00\x37\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00"
           "\x00\x0c\x00\x10\x00\x05\x00\x03\x02h2\x00\x17\x00\x00");
static const struct sample server_hello =
    SAMPLE("ServerHello", SERVER,
           "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" RANDOM "\x00\x13\x01\x00");
static const struct sample sslv2_hello =
    SAMPLE("SSLv2 ClientHello", CLIENT,
           "\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x04\x01\x00\x80"
           "0123456789abcdef");
static const struct sample two_records = SAMPLE(
    "two records", SERVER, "\x17\x03\x03\x00\x04\xde\xad\xbe\xef\x17\x03\x03\x00\x40\x01\x02\x03");
static const struct sample one_record =
    SAMPLE("the beginning of a record", SERVER, "\x17\x03\x03\x40\x00\x8f\x01\x22\x7a");

static void
a_hello_of_either_side_is_recognised_cut_anywhere(void **state)
{
	(void)state;
	harness_cut(h, NM_TCP, OTHER, &client_hello, "TLS");
	harness_cut(h, NM_TCP, OTHER, &server_hello, "TLS");
	harness_cut(h, NM_TCP, OTHER, &sslv2_hello, "TLS");
	harness_cut(h, NM_TCP, WEB, &client_hello, "HTTPS");
	harness_cut(h, NM_TCP, WEB, &server_hello, "HTTPS");
}

static void
alpn_makes_it_https_on_any_port(void **state)
{
	(void)state;
	assert_string_equal(harness_one(h, NM_TCP, OTHER, &client_hello_h2), "HTTPS");
}

static void
mail_in_tls_is_told_by_its_port_or_alpn(void **state)
{
	static const struct {
		const char *ends;
		const char *app;
	} ports[] = {
		{ "10.0.0.1:40000 192.0.2.1:993", "IMAPS" },
		{ "10.0.0.1:40000 192.0.2.1:995", "POP3S" },
		{ "10.0.0.1:40000 192.0.2.1:465", "SMTPS" },
	};
	static const struct sample imap = SAMPLE(
	    "ClientHello with ALPN imap", CLIENT,
	    "\x16\x03\x01\x00\x3d\x01\x00\x00\x39\x03\x03" RANDOM "\x00\x00\x02\x13\x01\x01\x00"
	    "\x00\x0e\x00\x10\x00\x07\x00\x05\x04imap\x00\x17\x00\x00");

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		harness_cut(h, NM_TCP, ports[i].ends, &client_hello, ports[i].app);
		harness_cut(h, NM_TCP, ports[i].ends, &two_records, ports[i].app);
		assert_string_equal(harness_one(h, NM_TCP, ports[i].ends, &client_hello_h2),
		                    "HTTPS");
	}
	assert_string_equal(harness_one(h, NM_TCP, OTHER, &imap), "IMAPS");
	assert_string_equal(harness_one(h, NM_TCP, WEB, &imap), "IMAPS");
}

static void
records_in_the_middle_of_a_connection_are_recognised(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, OTHER);

	(void)state;
	assert_string_equal(talk_send(&t, SERVER, two_records.bytes, two_records.len), "TLS");
	assert_true(t.state.confidence >= NM_CONF_SIGNATURE);
	t = talk_begin(h, NM_TCP, OTHER);
	assert_string_equal(talk_send(&t, SERVER, one_record.bytes, one_record.len), "TLS");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
}

static void
a_hello_that_contradicts_itself_is_not_tls(void **state)
{
	static const struct sample others[] = {
		SAMPLE("port 443 alone", CLIENT, "\x01\x02\x03\x04\x05\x06\x07\x08"),
		SAMPLE("version 9", CLIENT, "\x16\x09\x01\x00\x2d\x01\x00\x00\x29\x03\x03" RANDOM),
		SAMPLE("record of no octets", CLIENT, "\x17\x03\x03\x00\x00"),
		SAMPLE("record too long", CLIENT, "\x17\x03\x03\xff\xff\x00\x00\x00"),
		SAMPLE("change of cipher of 7 octets", CLIENT, "\x14\x03\x03\x00\x07\x01\x01"),
		SAMPLE("second record wrong", CLIENT,
		       "\x17\x03\x03\x00\x04\xde\xad\xbe\xef\x47\x03\x03\x00\x40"),
		SAMPLE("SSLv2 lengths do not add up", CLIENT,
		       "\x80\x20\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x04\x01\x00\x80"
		       "0123456789abcdef"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_TCP, WEB, &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_of_either_side_is_recognised_cut_anywhere),
		cmocka_unit_test(alpn_makes_it_https_on_any_port),
		cmocka_unit_test(mail_in_tls_is_told_by_its_port_or_alpn),
		cmocka_unit_test(records_in_the_middle_of_a_connection_are_recognised),
		cmocka_unit_test(a_hello_that_contradicts_itself_is_not_tls),
	};

	return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
