/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS. */
#include "tests/support/module_fixture.h"

#include <stdio.h>

#define SERVER53 "10.0.0.1:40000 192.0.2.1:53"
#define OTHER    "10.0.0.1:40000 192.0.2.1:9000"
#define RESOLVER "10.0.0.1:40000 192.0.2.9:9000"
#define NAME     "\3www\7example\3com\0"

static const struct sample query =
    SAMPLE("query", CLIENT, "\x12\x34\x01\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\1");
static const struct sample query_edns =
    SAMPLE("query with EDNS", CLIENT,
           "\x12\x34\x01\x20\0\1\0\0\0\0\0\1" NAME "\0\x1c\0\1\0\0\x29\x10\0\0\0\0\0\0\0");
static const struct sample answer = SAMPLE("answer", SERVER,
                                           "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" NAME
                                           "\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1");
static const struct sample refusal =
    SAMPLE("refusal without a question", SERVER, "\x12\x34\x81\x05\0\0\0\0\0\0\0\0");
static const struct sample mdns =
    SAMPLE("multicast answer", CLIENT,
           "\0\0\x84\0\0\0\0\1\0\0\0\0\4host\5local\0\0\1\x80\1\0\0\0\x78\0\4\xc0\0\2\1");
static const struct sample over_tcp =
    SAMPLE("query over TCP", CLIENT, "\0\x21\x12\x34\x01\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\1");

#define CERTIFICATE "\0012\015dnscrypt-cert\7example\3com\0"
#define SIXTEEN     "\221\352\03\f7\207\263\11\240\25\330\111\160\376\2\334"
static const struct sample certificate_query =
    SAMPLE("padded beyond its end", CLIENT,
           "\x12\x34\x01\0\0\1\0\0\0\0\0\1" CERTIFICATE
           "\0\x10\0\1\0\0\x29\x05\0\0\0\0\0\5\xc3\0\x0c\5\xbf\0\0\0");
static const struct sample certificate_answer =
    SAMPLE("answer with a certificate", SERVER,
           "\x12\x34\x81\x80\0\1\0\0\0\0\0\0" CERTIFICATE "\0\x10\0\1");
static const struct sample sealed_answer =
    SAMPLE("sealed answer", SERVER, "r6fnvWj8" SIXTEEN SIXTEEN SIXTEEN);
static const struct sample sealed_over_tcp =
    SAMPLE("sealed answer over TCP", SERVER, "\0\x38r6fnvWj8" SIXTEEN SIXTEEN SIXTEEN);

static void
queries_and_answers_are_recognised_cut_anywhere(void **state)
{
	(void)state;
	harness_cut(h, NM_UDP, SERVER53, &query, "DNS");
	harness_cut(h, NM_UDP, SERVER53, &query_edns, "DNS");
	harness_cut(h, NM_UDP, SERVER53, &answer, "DNS");
	harness_cut(h, NM_UDP, SERVER53, &refusal, "DNS");
	harness_cut(h, NM_TCP, SERVER53, &over_tcp, "DNS");
}

static void
whole_messages_are_recognised_on_any_port(void **state)
{
	(void)state;
	harness_cut(h, NM_UDP, OTHER, &query, "DNS");
	harness_cut(h, NM_UDP, OTHER, &query_edns, "DNS");
	harness_cut(h, NM_UDP, OTHER, &answer, "DNS");
	harness_cut(h, NM_TCP, OTHER, &over_tcp, "DNS");
}

static void
multicast_dns_is_recognised(void **state)
{
	(void)state;
	harness_cut(h, NM_UDP, "10.0.0.1:5353 224.0.0.251:5353", &mdns, "DNS");
}

static void
dnscrypt_is_recognised_on_any_port(void **state)
{
	(void)state;
	harness_cut(h, NM_UDP, OTHER, &certificate_query, "DNSCrypt");
	harness_cut(h, NM_UDP, SERVER53, &sealed_answer, "DNSCrypt");
	harness_cut(h, NM_UDP, OTHER, &sealed_answer, "DNSCrypt");
	harness_cut(h, NM_TCP, OTHER, &sealed_over_tcp, "DNSCrypt");
}

static void
a_resolver_with_a_certificate_is_known_by_it(void **state)
{
	struct talk t;

	(void)state;
	assert_string_equal(harness_one(h, NM_UDP, RESOLVER, &certificate_query), "DNSCrypt");
	t = talk_begin(h, NM_UDP, "10.0.0.7:41000 192.0.2.9:9000");
	assert_string_equal(talk_say(&t, CLIENT, SIXTEEN SIXTEEN SIXTEEN), "Unknown");
	assert_string_equal(harness_one(h, NM_UDP, RESOLVER, &certificate_answer), "DNSCrypt");
	t = talk_begin(h, NM_UDP, "10.0.0.8:41000 192.0.2.9:9000");
	assert_string_equal(talk_say(&t, CLIENT, SIXTEEN SIXTEEN SIXTEEN), "DNSCrypt");
}

static void
a_length_in_a_segment_of_its_own_is_waited_out(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, SERVER53);

	(void)state;
	assert_string_equal(talk_send(&t, CLIENT, over_tcp.bytes, 2), "Unknown");
	assert_string_equal(talk_send(&t, CLIENT, over_tcp.bytes + 2, over_tcp.len - 2), "DNS");
}

static void
what_only_looks_like_dns_is_not(void **state)
{
	static const struct sample others[] = {
		SAMPLE("a header alone on another port", CLIENT, "\x12\x34\x01\0\0\1\0\0\0\0\0\0"),
		SAMPLE("octets behind the message", CLIENT,
		       "\x12\x34\x01\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\1extra"),
		SAMPLE("class 99", CLIENT, "\x12\x34\x01\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\x63"),
		SAMPLE("label of 80 octets", CLIENT,
		       "\x12\x34\x01\0\0\1\0\0\0\0\0\0\x50"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaa\0\0\1\0\1"),
		SAMPLE("zeros", CLIENT, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	};
	static const struct sample netbios = SAMPLE("NetBIOS name query", CLIENT,
	                                            "\x12\x34\x01\x10\0\1\0\0\0\0\0\0\x20"
	                                            "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x20\0\1");

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, NM_UDP, OTHER, &others[i]), "Unknown") != 0)
			fail_msg("%s", others[i].name);
	assert_string_equal(harness_one(h, NM_UDP, "10.0.0.1:137 10.0.0.255:137", &netbios),
	                    "NetBIOS");
	assert_string_equal(harness_one(h, NM_UDP, SERVER53, &others[4]), "Unknown");
}

/* --- what answers say ------------------------------------------------------------------------------------------- */

/* The name of the host of a flow between these, which says none by itself. */
static const char *
host_of(const char *ends)
{
	static struct talk t;

	t = talk_begin(h, NM_TCP, ends);
	(void)talk_say(&t, CLIENT, "\x99\x81\xf7");
	return talk_host(&t);
}

#define ANSWER(questions, answers) "\x12\x34\x81\x80\0" questions "\0" answers "\0\0\0\0"
#define ASKED                      ANSWER("\1", "\1") NAME "\0\1\0\1"
#define TO_NAME                    "\xc0\x0c"
#define A_OF(name, address)        name "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2" address
#define SERVER1                    "10.0.0.1:41000 192.0.2.1:443"

static void
an_answer_names_the_server_for_the_client_that_asked(void **state)
{
	static const struct sample six =
	    SAMPLE("AAAA", SERVER,
	           ANSWER("\1", "\1") NAME
	           "\0\x1c\0\1" TO_NAME
	           "\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7");

	(void)state;
	struct talk t = talk_begin(h, NM_UDP, SERVER53);
	(void)talk_send(&t, CLIENT, query.bytes, query.len);
	assert_string_equal(host_of(SERVER1), "");
	(void)talk_send(&t, SERVER, answer.bytes, answer.len);
	assert_string_equal(host_of(SERVER1), "www.example.com");
	assert_string_equal(host_of("10.0.0.2:41000 192.0.2.1:443"), "");
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.2:443"), "");
	(void)talk_send(&t, SERVER, six.bytes, six.len);
	assert_string_equal(host_of("10.0.0.1:41000 [2001:db8::7]:443"), "www.example.com");
}

static void
each_answer_of_a_flow_counts_over_tcp_too(void **state)
{
	struct talk t = talk_begin(h, NM_TCP, SERVER53);

	(void)state;
	(void)talk_send(&t, CLIENT, over_tcp.bytes, over_tcp.len);
	(void)talk_say(&t, SERVER, "\0\x31" ASKED A_OF(TO_NAME, "\1"));
	(void)talk_say(&t, SERVER, "\0\x31" ASKED A_OF(TO_NAME, "\2"));
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.1:443"), "www.example.com");
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.2:443"), "www.example.com");
}

static void
an_alias_has_the_name_that_was_asked_for(void **state)
{
	/* www.example.com is an alias of c.example.com, this one of d.example.com */
	static const char aliases[] = ANSWER("\1", "\5") NAME
	    "\0\1\0\1" TO_NAME "\0\5\0\1\0\0\0\x3c\0\4\1C\xc0\x10"
	    "\1c\xc0\x10\0\5\0\1\0\0\0\x3c\0\4\1d\xc0\x10" A_OF("\1D\7EXAMPLE\3com\0", "\1")
		A_OF("\1c\xc0\x10", "\2") A_OF("\5other\xc0\x10", "\3");
	struct talk t = talk_begin(h, NM_UDP, SERVER53);

	(void)state;
	(void)talk_say(&t, SERVER, aliases);
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.1:443"), "www.example.com");
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.2:443"), "");
	assert_string_equal(host_of("10.0.0.1:41000 192.0.2.3:443"), "");
}

static void
what_is_no_answer_names_nothing(void **state)
{
	static const struct sample others[] = {
		SAMPLE("a question", SERVER,
		       "\x12\x34\x01\0\0\1\0\1\0\0\0\0" NAME "\0\1\0\1" A_OF(TO_NAME, "\1")),
		SAMPLE("no such name", SERVER,
		       "\x12\x34\x81\x83\0\1\0\1\0\0\0\0" NAME "\0\1\0\1" A_OF(TO_NAME, "\1")),
		SAMPLE("to a question for text", SERVER,
		       ANSWER("\1", "\1") NAME "\0\x10\0\1" A_OF(TO_NAME, "\1")),
		SAMPLE("a pointer to itself", SERVER, ASKED A_OF("\xc0\x21", "\1")),
		SAMPLE("a pointer forwards", SERVER, ASKED A_OF("\xc0\x30", "\1")),
		SAMPLE("an address of 3 octets", SERVER,
		       ASKED TO_NAME "\0\1\0\1\0\0\0\x3c\0\3\xc0\0\2\1"),
		SAMPLE("of another class", SERVER,
		       ASKED TO_NAME "\0\1\0\3\0\0\0\x3c\0\4\xc0\0\2\1"),
		SAMPLE("of another name", SERVER, ASKED A_OF("\3ftp\xc0\x10", "\1")),
		SAMPLE("a label with a dot", SERVER,
		       ANSWER("\1", "\1") "\5w.x.y\3com\0\0\1\0\1" A_OF(TO_NAME, "\1")),
		SAMPLE("a label with markup", SERVER,
		       ANSWER("\1", "\1") "\5<b>xy\3com\0\0\1\0\1" A_OF(TO_NAME, "\1")),
		SAMPLE("the root", SERVER, ANSWER("\1", "\1") "\0\0\1\0\1" A_OF("\0", "\1")),
		SAMPLE("cut", SERVER, ASKED TO_NAME "\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		(void)harness_one(h, NM_UDP, SERVER53, &others[i]);
		if (*host_of(SERVER1))
			fail_msg("%s: %s", others[i].name, host_of(SERVER1));
	}
	(void)harness_one(h, NM_UDP, OTHER, &answer);
	assert_string_equal(host_of(SERVER1), "");
}

static void
of_very_many_addresses_some_count(void **state)
{
	char message[12 + 21 + 20 * 16] = ANSWER("\1", "\x14") NAME "\0\1\0\1";
	static const char record[] = A_OF(TO_NAME, "\1");
	struct talk t = talk_begin(h, NM_UDP, SERVER53);
	unsigned named = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		char *at = message + sizeof(ASKED) - 1 + i * (sizeof(record) - 1);

		memcpy(at, record, sizeof(record) - 1);
		at[sizeof(record) - 2] = (char)(i + 1);
	}
	(void)talk_send(&t, SERVER, message, sizeof(message));
	for (unsigned i = 1; i <= 20; i++) {
		char ends[64];

		(void)snprintf(ends, sizeof(ends), "10.0.0.1:41000 192.0.2.%u:443", i);
		named += *host_of(ends) != '\0';
	}
	assert_int_equal(named, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(queries_and_answers_are_recognised_cut_anywhere),
		CASE(whole_messages_are_recognised_on_any_port),
		CASE(multicast_dns_is_recognised),
		CASE(a_length_in_a_segment_of_its_own_is_waited_out),
		CASE(what_only_looks_like_dns_is_not),
		CASE(dnscrypt_is_recognised_on_any_port),
		CASE(a_resolver_with_a_certificate_is_known_by_it),
		CASE(an_answer_names_the_server_for_the_client_that_asked),
		CASE(each_answer_of_a_flow_counts_over_tcp_too),
		CASE(an_alias_has_the_name_that_was_asked_for),
		CASE(what_is_no_answer_names_nothing),
		CASE(of_very_many_addresses_some_count),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
