/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS. */
#include "tests/support/module_fixture.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_and_answers_are_recognised_cut_anywhere),
		cmocka_unit_test(whole_messages_are_recognised_on_any_port),
		cmocka_unit_test(multicast_dns_is_recognised),
		cmocka_unit_test(a_length_in_a_segment_of_its_own_is_waited_out),
		cmocka_unit_test(what_only_looks_like_dns_is_not),
		cmocka_unit_test(dnscrypt_is_recognised_on_any_port),
		cmocka_unit_test(a_resolver_with_a_certificate_is_known_by_it),
	};

	return cmocka_run_group_tests_name("dns", tests, set_up, tear_down);
}
