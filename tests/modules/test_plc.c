/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programmable controllers speak, and what only looks like it. */
#include "tests/support/module_cases.h"

/* A header of EtherNet/IP behind its command and length, without a session. */
#define NO_SESSION "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define SESSION    "\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
/* A message of SRTP whose kind is `kind`. */
#define SRTP(kind)                                                                             \
	"\2\0\1\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0" kind "\0\0\0\0\20\16" \
	"\0\0\1\1\4\10\0\0\0\0\0\0\0\0\0\0\0\0"
#define EGD_TAIL "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0data"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("44818"), "EtherNetIP",
	  SAMPLE("registration", CLIENT, "e\0\4\0" NO_SESSION "\1\0\0\0") },
	{ CASE_UDP("44818"), "EtherNetIP", SAMPLE("search", CLIENT, "c\0\0\0" NO_SESSION) },
	{ CASE_TCP("44818"), "EtherNetIP",
	  SAMPLE("request", CLIENT,
	         "o\0\26\0" SESSION "\0\0\0\0\n\0\2\0\0\0\0\0\262\0\6\0\16\3 \1$\1") },
	{ CASE_TCP("44818"), "EtherNetIP",
	  SAMPLE("connected", SERVER,
	         "p\0\30\0" SESSION "\0\0\0\0\0\0\2\0\241\0\4\0\11\0\0\0\261\0\4\0\1\0\314\0") },
	{ CASE_UDP("2222"), "CIPIO",
	  SAMPLE("data", CLIENT, "\2\0\2\200\10\0D3\"\21\5\0\0\0\261\0\4\0\1\0\2\3") },
	{ CASE_TCP("9600"), "FINS",
	  SAMPLE("address", CLIENT, "FINS\0\0\0\14\0\0\0\0\0\0\0\0\0\0\0\5") },
	{ CASE_TCP("5007"), "MELSEC",
	  SAMPLE("read", CLIENT, "P\0\0\377\377\3\0\14\0\20\0\1\4\0\0d\0\0\250\1\0") },
	{ CASE_UDP("5006"), "MELSEC",
	  SAMPLE("answer", SERVER, "\320\0\0\377\377\3\0\4\0\0\0004\22") },
	{ CASE_TCP("5007"), "MELSEC",
	  SAMPLE("numbered", CLIENT, "T\0\1\0\0\0\0\377\377\3\0\14\0\20\0\1\4\0\0d\0\0\250\1\0") },
	{ CASE_UDP("18246"), "EGD",
	  SAMPLE("of its producer", CLIENT, "\r\1\7\0\n\0\0\1" EGD_TAIL) },
	{ CASE_TCP("48898"), "BeckhoffADS",
	  SAMPLE("state", CLIENT,
	         "\0\0$\0\0\0\300\250\0\1\1\1!"
	         "\3\n\0\0\1\1\1\0\200\4\0\4\0\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0") },
	{ CASE_UDP("48899"), "BeckhoffADS",
	  SAMPLE("search", CLIENT, "\3f\24q\0\0\0\0\1\0\0\0\300\250\0\1\1\1\20'\0\0\0\0") },
	{ CASE_UDP("5050"), "Ether-S-Bus", SAMPLE("request", CLIENT, "\0\0\0\r\1\0\0\1\0\n S\30") },
	{ CASE_UDP("6060"), "EtherSIO",
	  SAMPLE("status", CLIENT, "ESIO\0\2\0\0\0\30\0\0\0\0\0\0\0\14\0\0\0\r\0\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("44818"), "EtherNetIP", SAMPLE("nothing", CLIENT, "\0\0\4\0" SESSION "abcd") },
	{ CASE_UDP("44818"), "EtherNetIP",
	  SAMPLE("unknown session", SERVER, "f\0\0\0\7\0\0\0d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("9600"), "FINS",
	  SAMPLE("read", CLIENT, "\200\0\2\0\1\0\0\2\0z\1\1\202\0d\0\0\1") },
	{ CASE_UDP("9600"), "FINS",
	  SAMPLE("answer", SERVER, "\300\0\2\0\2\0\0\1\0z\1\1\0\0\0224") },
	{ CASE_TCP("18245"), "GE-SRTP", SAMPLE("read", CLIENT, SRTP("\300")) },
	{ CASE_UDP("18246"), "EGD", SAMPLE("of another", CLIENT, "\r\1\7\0\n\0\0\2" EGD_TAIL) },
	{ CASE_UDP("34980"), "EtherCAT",
	  SAMPLE("datagram", CLIENT, "\16\20\7\1\0\20\0\0\2\0\0\0\0\0\0\0") },
	{ CASE_UDP("34980"), "EtherCAT",
	  SAMPLE("two", CLIENT,
	         "\34\20\7\1\0\20\0\0\2\200\0\0\0\0\0\0\7\1\0\20\0\0\2\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("44818"), "EtherNetIP",
	  SAMPLE("options", CLIENT, "e\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0") },
	{ CASE_UDP("44818"), "EtherNetIP", SAMPLE("not its length", CLIENT, "c\0\1\0" NO_SESSION) },
	{ CASE_TCP("9000"), "EtherNetIP",
	  SAMPLE("one item", CLIENT,
	         "o\0\26\0" SESSION "\0\0\0\0\n\0\1\0\0\0\0\0\262\0\6\0\16\3 \1$\1") },
	{ CASE_UDP("2222"), "CIPIO",
	  SAMPLE("not its length", CLIENT, "\2\0\2\200\10\0D3\"\21\5\0\0\0\261\0\5\0\1\0\2\3") },
	{ CASE_UDP("2222"), "CIPIO", SAMPLE("text", CLIENT, "another program's words") },
	{ CASE_TCP("9600"), "FINS", SAMPLE("text", CLIENT, "FINS AND TAILS OF FISH") },
	{ CASE_UDP("9600"), "FINS",
	  SAMPLE("RTP", CLIENT, "\200\0\2\0\1\0\0\2\0z\1\377\202\0d\0\0\1\1\2\3\4") },
	{ CASE_TCP("5007"), "MELSEC",
	  SAMPLE("not its length", CLIENT, "P\0\0\377\377\3\0\15\0\20\0\1\4\0\0d\0\0\250\1\0") },
	{ CASE_TCP("5007"), "MELSEC",
	  SAMPLE("no command", CLIENT, "P\0\0\377\377\3\0\14\0\20\0\0\0\0\0d\0\0\250\1\0") },
	{ CASE_TCP("18245"), "GE-SRTP", SAMPLE("no kind", CLIENT, SRTP("\1")) },
	{ CASE_TCP("48898"), "BeckhoffADS",
	  SAMPLE("lengths that differ", CLIENT,
	         "\0\0$\0\0\0\300\250\0\1\1\1!"
	         "\3\n\0\0\1\1\1\0\200\4\0\4\0\5\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0") },
	{ CASE_UDP("34980"), "EtherCAT",
	  SAMPLE("not its length", CLIENT, "\17\20\7\1\0\20\0\0\2\0\0\0\0\0\0\0") },
	{ CASE_UDP("34980"), "EtherCAT",
	  SAMPLE("no second one", CLIENT, "\16\20\7\1\0\20\0\0\2\200\0\0\0\0\0\0") },
	{ CASE_UDP("5050"), "Ether-S-Bus",
	  SAMPLE("wrong sum", CLIENT, "\0\0\0\r\1\0\0\1\0\n S\31") },
	{ CASE_UDP("6060"), "EtherSIO",
	  SAMPLE("not its length", CLIENT, "ESIO\0\2\0\0\0\31\0\0\0\0\0\0\0\14\0\0\0\r\0\1") },
};

static void
a_registration_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_registration_tags_its_server),
	};

	return cmocka_run_group_tests_name("plc", tests, NULL, NULL);
}
