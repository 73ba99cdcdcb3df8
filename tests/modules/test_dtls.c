/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DTLS, and what only has its first octets. */
#include "tests/modules/hello_build.h"
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "greeting", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0\0\0\0.\376\375\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\0\0\0\2\300+\1\0\0\0\0\0") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "data", SERVER,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "two records of version 1.0", SERVER,
	      "\26\376\377\0\0\0\0\0\0\0\1\0\20\2\0\0\4\0\1\0\0\0\0\0\4abcd\24\376\377\0\0\0\0\0\0\0\1\0\1\1") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "record behind the end", CLIENT,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "more than the record", CLIENT,
	      "\27\376\375\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'xyz") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "version 9", CLIENT,
	      "\27\376\366\0\1\0\0\0\0\0\1\0(\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37 !\"#$%&'") },
	{ CASE_UDP("4433"), "DTLS",
	  SAMPLE(
	      "fragment outside of its message", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0(\0\0.\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("4433"), "DTLS",
	  SAMPLE(
	      "on TCP", CLIENT,
	      "\26\376\375\0\0\0\0\0\0\0\1\0:\1\0\0.\0\0\0\0\0\0\0.\376\375\0\1\2\3\4\5\6\7\10\11\n\13\14\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\0\0\0\2\300+\1\0\0\0\0\0") },
};

/* A ClientHello with a cookie of three octets, of which all but `missing` octets are here. */
static void
build_dtls_hello(struct build *b, size_t missing)
{
	struct build tls;
	struct build hello = { 0 };

	build_client_hello(&tls, &(struct hello_build){ .name = "sensor.example" });
	build_bytes(&hello, "\xfe\xfd", 2);
	build_bytes(&hello, tls.bytes + 6, 33); /* random, session id */
	build_bytes(&hello, "\3abc", 4);
	build_bytes(&hello, tls.bytes + 39, tls.len - 39);
	size_t part = hello.len - missing;
	b->len = 0;
	build_bytes(b, "\26\376\375\0\0\0\0\0\0\0\1", 11);
	build_u16(b, (unsigned)(12 + part));
	build_u16(b, 0x0100);
	build_u16(b, (unsigned)hello.len);
	build_bytes(b, "\0\0\0\0\0\0", 6);
	build_u16(b, (unsigned)part);
	build_bytes(b, hello.bytes, part);
}

static void
a_hello_names_the_host(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct build b;

	(void)state;
	build_dtls_hello(&b, 0);
	struct talk t = talk_begin(h, NM_UDP, USUAL("4433"));
	assert_string_equal(talk_send(&t, CLIENT, b.bytes, b.len), "DTLS");
	assert_string_equal(talk_host(&t), "sensor.example");
	build_dtls_hello(&b, 4); /* its last octets are in another fragment */
	t = talk_begin(h, NM_UDP, USUAL("4433"));
	assert_string_equal(talk_send(&t, CLIENT, b.bytes, b.len), "DTLS");
	assert_string_equal(talk_host(&t), "");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_names_the_host),
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
	};

	return cmocka_run_group_tests_name("dtls", tests, NULL, NULL);
}
