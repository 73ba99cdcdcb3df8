/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signalling of calls, and what only looks like it. */
#include "tests/support/module_cases.h"

#define SETUP "\10\2\0\1\5\4\3\200\220\245\x7e\0\7\5\x20\250\6\0\x08\x91"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("2944"), "Megaco",
	  SAMPLE("transaction", CLIENT, "MEGACO/1 [10.0.0.1]:2944\nTransaction = 1 {") },
	{ CASE_UDP("2944"), "Megaco", SAMPLE("short form", CLIENT, "!/1 [10.0.0.1]\nT=1{") },
	{ CASE_TCP("2944"), "Megaco", SAMPLE("in TPKT", CLIENT, "\3\0\0\26MEGACO/2 <mg>\nT=1{") },
	{ CASE_UDP("2427"), "MGCP",
	  SAMPLE("restart", CLIENT, "RSIP 1201 *@gw.example.net MGCP 1.0\r\nRM: restart\r\n") },
	{ CASE_UDP("2427"), "MGCP",
	  SAMPLE("with CR alone", CLIENT, "RQNT 1 *@gw MGCP 0.1\rR: l/hd(n)\rX: 1\r") },
	{ CASE_TCP("1720"), "H323", SAMPLE("set-up", CLIENT, "\3\0\0\30" SETUP) },
	{ CASE_TCP("1232"), "H323",
	  SAMPLE("capabilities", CLIENT, "\3\0\0\20\2\x70\1\6\0\10\201\x75\0\3\1\x37") },
	{ CASE_UDP("1719"), "H323",
	  SAMPLE("gatekeeper request", CLIENT, "\2\x20\0\0\6\0\10\221\x4a\0\4\0\x11\2\0\x7c") },
	{ CASE_UDP("4569"), "IAX",
	  SAMPLE("new call", CLIENT,
	         "\200\1\0\0\0\0\0\1\0\0\6\1\13\2\0\2\2\3"
	         "100") },
	{ CASE_TCP("5070"), "BFCP",
	  SAMPLE("floor request", CLIENT, "\x20\1\0\1\0\0\0\1\0\2\0\3\5\4\0\1") },
	{ CASE_UDP("5070"), "BFCP",
	  SAMPLE("status over UDP", SERVER, "\x50\4\0\2\0\0\0\1\0\2\0\3\7\4\0\1\x0b\4\0\1") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("2427"), "MGCP", SAMPLE("agreement", SERVER, "200 1201 OK\r\n") },
	{ CASE_UDP("2727"), "MGCP", SAMPLE("agreement without words", SERVER, "200 1201\r\n") },
	{ CASE_TCP("1720"), "H323", SAMPLE("status", SERVER, "\3\0\0\13\10\2\200\1\x7d\10\0") },
	{ CASE_TCP("1720"), "H323", SAMPLE("without TPKT's head", CLIENT, SETUP) },
	{ CASE_TCP("2000"), "CiscoSkinny",
	  SAMPLE("keep-alive", CLIENT, "\4\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2000"), "CiscoSkinny",
	  SAMPLE("two messages", SERVER,
	         "\10\0\0\0\0\0\0\0\205\0\0\0\1\0\0\0\4\0\0\0\x12\0\0\0\1\0\0\0") },
	{ CASE_UDP("4569"), "IAX",
	  SAMPLE("acknowledgement", SERVER, "\200\2\0\1\0\0\0\10\0\1\6\4") },
	{ CASE_UDP("4569"), "IAX", SAMPLE("voice", CLIENT, "\200\1\0\2\0\0\0\20\2\2\2\2abcdefgh") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("2944"), "Megaco", SAMPLE("other word", CLIENT, "MEGACOM/1 [10.0.0.1]") },
	{ CASE_UDP("9000"), "Megaco", SAMPLE("a script", CLIENT, "!/bin/sh -e\n") },
	{ CASE_UDP("9000"), "MGCP", SAMPLE("no version", CLIENT, "RSIP 1201 hello world\r\n") },
	{ CASE_UDP("9000"), "MGCP", SAMPLE("SIP", CLIENT, "NOTIFY sip:a@b SIP/2.0\r\n") },
	{ CASE_TCP("9000"), "H323",
	  SAMPLE("other user information", CLIENT,
	         "\3\0\0\30\10\2\0\1\5\4\3\200\220\245\x7e\0\7\4\x20\250\6\0\x08\x91") },
	{ CASE_TCP("9000"), "H323",
	  SAMPLE("RDP", CLIENT, "\3\0\0\23\16\340\0\0\0\0\0\1\0\10\0\3\0\0\0") },
	{ CASE_UDP("9000"), "H323",
	  SAMPLE("other object", CLIENT, "\2\x20\0\0\6\0\10\221\x4b\0\4\0\x11\2\0\x7c") },
	{ CASE_TCP("2000"), "CiscoSkinny", SAMPLE("text", CLIENT, "a line that is long enough") },
	{ CASE_TCP("2000"), "CiscoSkinny",
	  SAMPLE("version 3", CLIENT, "\4\0\0\0\3\0\0\0\0\0\0\0") },
	{ CASE_UDP("4569"), "IAX",
	  SAMPLE("element of too much", CLIENT, "\200\1\0\0\0\0\0\1\0\0\6\2\13\5\0\2") },
	{ CASE_TCP("5070"), "BFCP",
	  SAMPLE("a length that is not reached", CLIENT, "\x20\3\0\7\0\0\0\1\0\2\0\3\5\4\0\1") },
	{ CASE_UDP("4569"), "IAX",
	  SAMPLE("a state that there is not", CLIENT, "\200\1\0\2\0\0\0\20\2\2\4\x77") },
	{ CASE_TCP("5070"), "BFCP",
	  SAMPLE("attribute of 1", CLIENT, "\x20\1\0\1\0\0\0\1\0\2\0\3\5\1\0\1") },
	{ CASE_UDP("5070"), "BFCP",
	  SAMPLE("another length", CLIENT, "\x20\1\0\2\0\0\0\1\0\2\0\3\5\4\0\1") },
};

static void
a_call_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[4]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_call_tags_its_server),
	};

	return cmocka_run_group_tests_name("voice", tests, NULL, NULL);
}
