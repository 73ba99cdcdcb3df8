/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What routers say to each other, and what only has their ports. */
#include "tests/support/module_cases.h"

#define RSVP 46

#define LDP_HELLO "\0\1\0\36\12\0\0\1\0\0\1\0\0\24\0\0\0\1\4\0\0\4\0\17\0\0\4\1\0\4\12\0\0\1"
#define TIMES     "\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define SECRET    "cisco\0\0\0"
#define RTE       "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* All of them need their port. */
static const struct module_case messages[] = {
	{ CASE_UDP("646"), "LDP", SAMPLE("hello", CLIENT, LDP_HELLO) },
	{ CASE_TCP("646"), "LDP",
	  SAMPLE("keep-alive", SERVER, "\0\1\0\16\12\0\0\1\0\0\2\1\0\4\0\0\0\2") },
	{ CASE_UDP("3503"), "MPLS-echo",
	  SAMPLE("request", CLIENT, "\0\1\0\0\1\2" TIMES "\0\1\0\14\0\1\0\5\14\1\1\1\x20\0\0\0") },
	{ CASE_UDP("3503"), "MPLS-echo", SAMPLE("reply", SERVER, "\0\1\0\0\2\2" TIMES) },
	{ CASE_TCP("639"), "MSDP", SAMPLE("keep-alive", CLIENT, "\4\0\3") },
	{ CASE_TCP("639"), "MSDP",
	  SAMPLE("source", SERVER, "\1\0\24\1\12\0\0\1\0\0\0\x20\xef\1\1\1\12\0\0\7") },
	{ CASE_UDP("520"), "RIP",
	  SAMPLE("request for all", CLIENT, "\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20") },
	{ CASE_UDP("520"), "RIP",
	  SAMPLE("response", CLIENT, "\2\2\0\0\0\2\0\0\12\0\0\0\377\0\0\0\0\0\0\0\0\0\0\1") },
	{ CASE_UDP("520"), "RIP",
	  SAMPLE("with a digest", CLIENT,
	         "\2\2\0\0\377\377\0\3\0\x2c\1\x10\0\0\0\1\0\0\0\0\0\0\0\0\377\377\0\1digest") },
	{ CASE_UDP("521"), "RIPng", SAMPLE("response", CLIENT, "\2\1\0\0" RTE "\x20\1") },
	{ CASE_UDP("6696"), "Babel", SAMPLE("hello", CLIENT, "\x2a\2\0\11\0\4\6\0\0\0\1\1\220") },
	{ CASE_UDP("698"), "OLSR",
	  SAMPLE("hello", CLIENT, "\0\24\0\1\311\206\0\20\12\0\0\1\1\0\0\1\0\0\5\3") },
	{ CASE_UDP("1985"), "HSRP",
	  SAMPLE("hello", CLIENT, "\0\0\20\3\12x\1\0" SECRET "\12\0\0\1") },
	{ CASE_UDP("1985"), "HSRP",
	  SAMPLE("advertisement", CLIENT, "\0\3\0\1\0\12\1\0\0\1\0\0\0\0\0\0") },
	{ CASE_UDP("1985"), "HSRP",
	  SAMPLE("hello of version 2", CLIENT,
	         "\1\x28\2\0\6\4\0\1\0\0\1\2\3\4\0\0\0d\0\0\13\270\0\0\x27\20\12\0\0\1"
	         "\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("3222"), "GLBP",
	  SAMPLE("hello", CLIENT, "\1\0\0\1\0\0\0\1\2\3\4\5\1\10\0\x20\0d\1\2") },
	{ CASE_UDP("3784"), "BFD",
	  SAMPLE("control", CLIENT, "\x20\300\3\30\0\0\0\1\0\0\0\2\0\17B@\0\17B@\0\0\0\0") },
	{ CASE_UDP("4342"), "LISP",
	  SAMPLE("registration", CLIENT,
	         "\x30\0\0\1\1\2\3\4\5\6\7\10\0\1\0\4abcd\0\0\5\240\1\x20\20\0\0\0\0\1\12\0\0\1") },
	{ CASE_UDP("4341"), "LISP",
	  SAMPLE("a packet inside", CLIENT,
	         "\xc0\1\2\3\0\0\0\1\x45\0\0\x14\0\1\0\0\x40\1\0\0\12\0\0\1\12\0\0\2") },
	{ CASE_TCP("4342"), "LISP",
	  SAMPLE("registration over TCP", CLIENT, "\0\x11\0\x10\0\0\0\1abcd\x9f\xac\xad\xe9") },
	{ CASE_UDP("496"), "Auto-RP",
	  SAMPLE("announcement", CLIENT, "\x11\1\0\265\0\0\0\0\12\0\0\1\3\1\0\4\340\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("646"), "LDP",
	  SAMPLE("version 2", CLIENT, "\0\2\0\16\12\0\0\1\0\0\2\1\0\4\0\0\0\2") },
	{ CASE_UDP("646"), "LDP",
	  SAMPLE("message that is too long", CLIENT, "\0\1\0\16\12\0\0\1\0\0\2\1\0\5\0\0\0\2") },
	{ CASE_UDP("646"), "LDP",
	  SAMPLE("other message", CLIENT, "\0\1\0\16\12\0\0\1\0\0\7\1\0\4\0\0\0\2") },
	{ CASE_UDP("3503"), "MPLS-echo", SAMPLE("type 9", CLIENT, "\0\1\0\0\11\2" TIMES) },
	{ CASE_TCP("639"), "MSDP", SAMPLE("keep-alive of 4", CLIENT, "\4\0\4\0") },
	{ CASE_TCP("639"), "MSDP",
	  SAMPLE("prefix of many", CLIENT, "\1\0\24\1\12\0\0\1\0\0\0\x18\xef\1\1\1\12\0\0\7") },
	{ CASE_TCP("639"), "MSDP", SAMPLE("text", CLIENT, "220 hello\r\n") },
	{ CASE_UDP("520"), "RIP",
	  SAMPLE("odd length", CLIENT, "\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20\0") },
	{ CASE_UDP("520"), "RIP",
	  SAMPLE("family 9", CLIENT, "\2\2\0\0\0\11\0\0\12\0\0\0\377\0\0\0\0\0\0\0\0\0\0\1") },
	{ CASE_UDP("521"), "RIPng", SAMPLE("metric 17", CLIENT, "\2\1\0\0" RTE "\x20\21") },
	{ CASE_UDP("6696"), "Babel", SAMPLE("element of 9", CLIENT, "\x2a\2\0\6\4\11\0\0\0\1") },
	{ CASE_UDP("698"), "OLSR",
	  SAMPLE("length of less", CLIENT, "\0\23\0\1\311\206\0\20\12\0\0\1\1\0\0\1\0\0\5\3") },
	{ CASE_UDP("1985"), "HSRP",
	  SAMPLE("state 3", CLIENT, "\0\0\3\3\12x\1\0" SECRET "\12\0\0\1") },
	{ CASE_UDP("1985"), "HSRP", SAMPLE("text", CLIENT, "a line that is long enough") },
	{ CASE_UDP("3222"), "GLBP",
	  SAMPLE("element of 1", CLIENT, "\1\0\0\1\0\0\0\1\2\3\4\5\1\1\0\x20\0d\1\2") },
	{ CASE_UDP("3784"), "BFD",
	  SAMPLE("no session", CLIENT, "\x20\300\3\30\0\0\0\0\0\0\0\2\0\17B@\0\17B@\0\0\0\0") },
	{ CASE_UDP("4342"), "LISP",
	  SAMPLE("family 5", CLIENT,
	         "\x30\0\0\1\1\2\3\4\5\6\7\10\0\1\0\4abcd\0\0\5\240\1\x20\20\0\0\0\0\5\12\0\0\1") },
	{ CASE_UDP("4341"), "LISP",
	  SAMPLE("another length", CLIENT,
	         "\xc0\1\2\3\0\0\0\1\x45\0\0\x15\0\1\0\0\x40\1\0\0\12\0\0\1\12\0\0\2") },
	{ CASE_TCP("4342"), "LISP", SAMPLE("no mark", CLIENT, "\0\x11\0\x10\0\0\0\1abcdefgh") },
	{ CASE_UDP("496"), "Auto-RP",
	  SAMPLE("a group too few", CLIENT, "\x11\1\0\265\0\0\0\0\12\0\0\1\3\2\0\4\340\0\0\0") },
};

/* A number of its own says what it is, whatever it holds. */
static void
rsvp_is_known_by_its_protocol_number(void **state)
{
	const struct sample path =
	    SAMPLE("path", CLIENT, "\20\1\22\x34\377\0\0\24\0\14\1\1\12\0\0\1\0\0\0\1");
	const struct sample fragment = SAMPLE("later fragment", CLIENT, "\x99\x81\xf7");
	struct harness *h = harness_new(all_modules);

	(void)state;
	harness_cut(h, RSVP, ANYWHERE, &path, "RSVP");
	assert_string_equal(harness_one(h, RSVP, ANYWHERE, &fragment), "RSVP");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_PORT_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(rsvp_is_known_by_its_protocol_number),
	};

	return cmocka_run_group_tests_name("routing", tests, NULL, NULL);
}
