/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small services of old, and what only has their ports. */
#include "tests/support/module_cases.h"

#define FROM_RESERVED(port) NM_TCP, "10.0.0.1:1023 192.0.2.1:" port

/* All of them need their port. */
static const struct module_case messages[] = {
	{ CASE_TCP("43"), "Whois", SAMPLE("question", CLIENT, "example.org\r\n") },
	{ CASE_TCP("43"), "Whois",
	  SAMPLE("answer", SERVER, "   Domain Name: EXAMPLE.ORG\r\n   Registry") },
	{ CASE_TCP("79"), "Finger", SAMPLE("question", CLIENT, "joe\r\n") },
	{ CASE_TCP("79"), "Finger", SAMPLE("question for more", CLIENT, "/W joe\r\n") },
	{ CASE_TCP("79"), "Finger",
	  SAMPLE("answer", SERVER, "Login: joe   Name: Joe\nDirectory: /home/joe\n") },
	{ CASE_TCP("113"), "Ident", SAMPLE("question", CLIENT, "6193, 23\r\n") },
	{ CASE_TCP("113"), "Ident",
	  SAMPLE("answer", SERVER, "6193 , 23 : USERID : UNIX : joe\r\n") },
	{ FROM_RESERVED("514"), "Rsh", SAMPLE("port for errors", CLIENT, "1022\0") },
	{ FROM_RESERVED("514"), "Rsh", SAMPLE("all at once", CLIENT, "1021\0joe\0root\0ls -l\0") },
	{ CASE_TCP("512"), "Rexec", SAMPLE("opening", CLIENT, "4321\0joe\0secret\0ls -l\0") },
	{ CASE_TCP("513"), "Rlogin", SAMPLE("opening", CLIENT, "\0joe\0root\0xterm/38400\0") },
	{ CASE_TCP("513"), "Rlogin",
	  SAMPLE("opening without its NUL", CLIENT, "joe\0root\0xterm/38400\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("43"), "Whois", SAMPLE("two lines", CLIENT, "GET / HTTP/1.1\r\nHost: a\r\n") },
	{ CASE_TCP("43"), "Whois", SAMPLE("TLS", CLIENT, "\x16\3\1\2\0\1\0\1\374\3\3") },
	{ CASE_TCP("43"), "Whois", SAMPLE("other text", SERVER, "220 hello\r\n") },
	{ CASE_TCP("79"), "Finger", SAMPLE("octets", CLIENT, "\1\2\3\4\5") },
	{ CASE_TCP("113"), "Ident", SAMPLE("one number", CLIENT, "6193 23\r\n") },
	{ CASE_TCP("113"), "Ident", SAMPLE("other answer", SERVER, "6193, 23 : hello\r\n") },
	{ CASE_TCP("514"), "Rsh", SAMPLE("from any port", CLIENT, "1022\0") },
	{ FROM_RESERVED("514"), "Rsh", SAMPLE("syslog", CLIENT, "<13>Oct 11 22:14:15 a b: c\n") },
	{ CASE_TCP("512"), "Rexec", SAMPLE("text", CLIENT, "4321 is a number\n") },
	{ CASE_TCP("513"), "Rlogin", SAMPLE("no speed", CLIENT, "\0joe\0root\0xterm\0") },
};

static void
an_answer_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[1]);
}

/* What a question is called may be told better by what follows. */
static void
a_line_of_text_does_not_settle_the_flow(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, CASE_TCP("79"));

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "joe\r\n"), "Finger");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_PORT_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(an_answer_tags_its_server),
		cmocka_unit_test(a_line_of_text_does_not_settle_the_flow),
	};

	return cmocka_run_group_tests_name("remote", tests, NULL, NULL);
}
