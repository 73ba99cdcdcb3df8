/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buildings, homes and what finds devices, and what only looks like it. */
#include "tests/support/module_cases.h"

#define ZEROS_8 "\0\0\0\0\0\0\0\0"
/* {"system":{"get_sysinfo":{} behind TP-Link's cipher, without the last two braces and with them. */
#define TPLINK_HEAD                                                                            \
	"\320\362\201\370\213\377\232\367\325\357\224\266\321\264\300\237\354\225\346\217\341" \
	"\207\350\312\360\213\366"
#define TPLINK TPLINK_HEAD "\213\366"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("47808"), "BACnet",
	  SAMPLE("who is", CLIENT, "\201\13\0\14\1 \377\377\0\377\20\10") },
	{ CASE_UDP("47808"), "BACnet",
	  SAMPLE("forwarded", SERVER, "\201\4\0\22\n\0\0\11\272\300\1 \377\377\0\377\20\10") },
	{ CASE_UDP("3671"), "KNXnet-IP",
	  SAMPLE("search", CLIENT, "\6\20\2\1\0\16\10\1\300\250\0\1\341z") },
	{ CASE_TCP("3671"), "KNXnet-IP",
	  SAMPLE("two", SERVER,
	         "\6\20\4#\0\16\4\1\2\0\6\0\20\207\6\20\4%\0\16\4\1\3\0\6\0\20\207") },
	{ CASE_TCP("1911"), "Fox",
	  SAMPLE("hello", CLIENT, "fox a 0 -1 fox hello\n{\nfox.version=s:1.0\n};;\n") },
	{ CASE_UDP("6667"), "TuyaLP",
	  SAMPLE("announcement", CLIENT,
	         "\0\0U\252\0\0\0\0\0\0\0\23\0\0\0\30\0\0\0\0secretsecretCRC3\0\0\252U") },
	{ CASE_TCP("6668"), "TuyaLP",
	  SAMPLE("newer", CLIENT,
	         "\0\0f\231\0\0\0\0\0\1\0\0\0\23\0\0\0\24nonce-12-octtag-12--\0\0\231f") },
	{ CASE_UDP("9999"), "TPLink-SHP", SAMPLE("question", CLIENT, TPLINK) },
	{ CASE_TCP("9999"), "TPLink-SHP",
	  SAMPLE("question with its length", CLIENT, "\0\0\0\35" TPLINK) },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("47808"), "BACnet", SAMPLE("registration", CLIENT, "\201\5\0\6\0<") },
	{ CASE_UDP("47808"), "BACnet", SAMPLE("read of a table", CLIENT, "\201\2\0\4") },
	{ CASE_UDP("1628"), "CNP-IP",
	  SAMPLE("packet", CLIENT, "\0\30\1\1\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\336\255\276\357") },
	{ CASE_TCP("11095"), "NestLogSink",
	  SAMPLE("log", CLIENT,
	         "\36\0\0\23\7\0\0\0\1\0\0\0\0000\264\30\2\0\0\0\0000\264\30exchange") },
	{ CASE_UDP("56700"), "LIFX",
	  SAMPLE("who is there", CLIENT,
	         "$\0\0004\7\0\0\0" ZEROS_8 "\0\0\0\0\0\0\1\0" ZEROS_8 "\2\0\0\0") },
	{ CASE_UDP("17754"), "ZEP",
	  SAMPLE("frame", CLIENT, "EX\2\1\13\0\1\1\377" ZEROS_8 "\0\0\0\1" ZEROS_8 "\0\0\3ack") },
	{ CASE_UDP("17754"), "ZEP", SAMPLE("acknowledgement", SERVER, "EX\2\2\0\0\0\1") },
	{ CASE_UDP("17754"), "ZEP",
	  SAMPLE("old frame", CLIENT, "EX\1\13\0\1\1\377\0\0\0\0\0\0\0\3ack") },
	{ CASE_UDP("10001"), "UBNTAC2",
	  SAMPLE("description", SERVER, "\2\6\0\24\2\0\n\0\21\"3DU\n\0\0\1\13\0\4roof") },
	{ CASE_UDP("10001"), "UBNTAC2", SAMPLE("question", CLIENT, "\1\0\0\0") },
	{ CASE_UDP("5678"), "MNDP",
	  SAMPLE("description", CLIENT,
	         "\0\1\0\2\0\1\0\6\0\21\"3DU\0\5\0\6router\0\10\0\10MikroTik") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("47808"), "BACnet",
	  SAMPLE("not its length", CLIENT, "\201\13\0\15\1 \377\377\0\377\20\10") },
	{ CASE_UDP("47808"), "BACnet",
	  SAMPLE("version 2 of the network", CLIENT, "\201\13\0\14\2 \377\377\0\377\20\10") },
	{ CASE_UDP("47808"), "BACnet", SAMPLE("no function", CLIENT, "\201\15\0\4") },
	{ CASE_UDP("3671"), "KNXnet-IP",
	  SAMPLE("no service", CLIENT, "\6\20\1\1\0\16\10\1\300\250\0\1\341z") },
	{ CASE_TCP("1911"), "Fox", SAMPLE("text", CLIENT, "fox jumps over the lazy dog\n") },
	{ CASE_TCP("1911"), "Fox", SAMPLE("no number", CLIENT, "fox a b -1 fox hello\n") },
	{ CASE_UDP("6667"), "TuyaLP",
	  SAMPLE("another end", CLIENT,
	         "\0\0U\252\0\0\0\0\0\0\0\23\0\0\0\30\0\0\0\0secretsecretCRC3\0\0\252V") },
	{ CASE_UDP("6667"), "TuyaLP",
	  SAMPLE("not its length", CLIENT,
	         "\0\0U\252\0\0\0\0\0\0\0\23\0\0\0\31\0\0\0\0secretsecretCRC3\0\0\252U") },
	{ CASE_UDP("1628"), "CNP-IP",
	  SAMPLE("version 2", CLIENT,
	         "\0\30\2\1\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\336\255\276\357") },
	{ CASE_TCP("11095"), "NestLogSink",
	  SAMPLE("version 2", CLIENT,
	         "\36\0\0\43\7\0\0\0\1\0\0\0\0000\264\30\2\0\0\0\0000\264\30exchange") },
	{ CASE_UDP("9999"), "TPLink-SHP",
	  SAMPLE("text", CLIENT, "{\"system\":{\"get_sysinfo\":{}}}") },
	{ CASE_UDP("9999"), "TPLink-SHP", SAMPLE("no end", CLIENT, TPLINK_HEAD "\326\377") },
	{ CASE_UDP("9999"), "TPLink-SHP",
	  SAMPLE("octets behind", CLIENT, "\320\362\201\370\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("56700"), "LIFX",
	  SAMPLE("another protocol", CLIENT,
	         "$\0\1\064\7\0\0\0" ZEROS_8 "\0\0\0\0\0\0\1\0" ZEROS_8 "\2\0\0\0") },
	{ CASE_UDP("17754"), "ZEP",
	  SAMPLE("not its length", CLIENT, "EX\1\13\0\1\1\377\0\0\0\0\0\0\0\4ack") },
	{ CASE_UDP("10001"), "UBNTAC2",
	  SAMPLE("elements that do not fill it", CLIENT,
	         "\2\6\0\24\2\0\n\0\21\"3DU\n\0\0\1\13\0\5roof") },
	{ CASE_UDP("5678"), "MNDP",
	  SAMPLE("elements that do not fill it", CLIENT,
	         "\0\1\0\2\0\1\0\6\0\21\"3DU\0\5\0\6router\0\10\0\11MikroTik") },
};

static void
a_greeting_tags_its_server(void **state)
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
		cmocka_unit_test(a_greeting_tags_its_server),
	};

	return cmocka_run_group_tests_name("building", tests, NULL, NULL);
}
