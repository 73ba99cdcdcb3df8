/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers, and what only begins like them. */
#include "tests/support/module_cases.h"

#define EIGHT     "\221\352\03\f7\207\263\11"
#define SIXTEEN   EIGHT EIGHT
#define SIXTYFOUR SIXTEEN SIXTEEN SIXTEEN SIXTEEN
#define CONTACT   SIXTEEN "\xc0\0\2\1\x12\x40\x12\x36"
#define MD5       "0123456789abcdef0123456789abcdef"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("4662"), "eDonkey",
	  SAMPLE("hello", CLIENT,
	         "\xe3\x2c\0\0\0\1\x10" SIXTEEN "\xc0\0\2\1\x36\x12\1\0\0\0\2\1\0\1\2\0ab") },
	{ CASE_TCP("4662"), "eDonkey",
	  SAMPLE("answer", SERVER,
	         "\xe3\x23\0\0\0\x4c" SIXTEEN "\xc0\0\2\1\x36\x12\1\0\0\0\3\1\0\x11\x3c\0\0\0") },
	{ CASE_TCP("4662"), "eDonkey",
	  SAMPLE("two messages", CLIENT,
	         "\xe3\x11\0\0\0\x58" SIXTEEN "\xe3\x11\0\0\0\x4f" SIXTEEN) },
	{ CASE_TCP("4662"), "eDonkey",
	  SAMPLE("a part that goes on", CLIENT,
	         "\xe3\x19\x28\0\0\x46" SIXTEEN "\0\0\0\0\0\x28\0\0" SIXTYFOUR) },
	{ CASE_TCP("4662"), "eDonkey", SAMPLE("of eMule", CLIENT, "\xc5\3\0\0\0\x60\1\0") },
	{ CASE_UDP("4672"), "eDonkey",
	  SAMPLE("question of Kad", CLIENT, "\xe4\x21\2" SIXTEEN SIXTEEN) },
	{ CASE_UDP("4672"), "eDonkey",
	  SAMPLE("answer of Kad", SERVER, "\xe4\x29" SIXTEEN "\2" CONTACT "\x08" CONTACT "\x09") },
	{ CASE_UDP("4672"), "eDonkey",
	  SAMPLE("hello of Kad", CLIENT, "\xe4\x11" SIXTEEN "\x36\x12\x09\0") },
	{ CASE_UDP("4665"), "eDonkey",
	  SAMPLE("state of a server", CLIENT, "\xe3\x96\1\2\xaa\x55") },
	{ CASE_TCP("411"), "DirectConnect",
	  SAMPLE("lock", SERVER, "$Lock EXTENDEDPROTOCOLabc Pk=x|") },
	{ CASE_TCP("411"), "DirectConnect", SAMPLE("ADC", CLIENT, "HSUP ADBASE ADTIGR\n") },
	{ CASE_TCP("9701"), "JXTA",
	  SAMPLE("greeting", CLIENT,
	         "JXTAHELLO tcp://192.0.2.1:9701 tcp://10.0.0.1:9701 1.1\r\n") },
	{ CASE_TCP("4001"), "libp2p",
	  SAMPLE("agreement", CLIENT, "\x13/multistream/1.0.0\n\x07/noise\n") },
	{ CASE_TCP("8333"), "Bitcoin",
	  SAMPLE("version", CLIENT, "\xf9\xbe\xb4\xd9version\0\0\0\0\0\x08\0\0\0\1\2\3\4" EIGHT) },
	{ CASE_TCP("18333"), "Bitcoin",
	  SAMPLE("of the test network", SERVER,
	         "\x0b\x11\x09\x07verack\0\0\0\0\0\0\0\0\0\0\x5d\xf6\xe0\xe2") },
	{ CASE_TCP("3333"), "Mining",
	  SAMPLE("subscription", CLIENT,
	         "{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": []}\n") },
	{ CASE_TCP("3333"), "Mining",
	  SAMPLE(
	      "worker", CLIENT,
	      "{\"worker\":\"a\",\"id\":2,\"method\":\"eth_submitLogin\",\"params\":[\"0x1\"]}\n") },
	{ CASE_TCP("3333"), "Mining",
	  SAMPLE(
	      "log-in", CLIENT,
	      "{\"method\":\"login\",\"params\":{\"login\":\"4A\",\"pass\":\"x\",\"agent\":\"a/1\"},\"id\":1}\n") },
	{ CASE_TCP("2242"), "Soulseek",
	  SAMPLE("log-on", CLIENT,
	         "\x3e\0\0\0\1\0\0\0\3\0\0\0joe\3\0\0\0abc\xa0\0\0\0\x20\0\0\0" MD5 "\1\0\0\0") },
	{ CASE_TCP("2234"), "Soulseek",
	  SAMPLE("peer", CLIENT, "\x11\0\0\0\1\3\0\0\0joe\1\0\0\0P\1\2\3\4") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("30303"), "Ethereum",
	  SAMPLE("ping", CLIENT, SIXTYFOUR SIXTEEN SIXTEEN "\1\1\xc8\4\xc1\1\xc1\2\1\2\3") },
	{ CASE_UDP("30303"), "Ethereum",
	  SAMPLE("neighbours", SERVER, SIXTYFOUR SIXTEEN SIXTEEN "\0\4\xf8\x40" SIXTYFOUR) },
	{ CASE_TCP("30303"), "Ethereum",
	  SAMPLE("sealed", CLIENT, "\1\1\4" SIXTYFOUR SIXTYFOUR SIXTYFOUR SIXTYFOUR) },
	{ CASE_TCP("30303"), "Ethereum",
	  SAMPLE("sealed as before", SERVER, "\4\1" SIXTYFOUR SIXTYFOUR SIXTYFOUR SIXTEEN) },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("4662"), "eDonkey", SAMPLE("another length", CLIENT, "\xc5\4\0\0\0\x60\1\0") },
	{ CASE_TCP("4662"), "eDonkey", SAMPLE("operation 0", CLIENT, "\xe3\3\0\0\0\0\1\0") },
	{ CASE_UDP("4672"), "eDonkey",
	  SAMPLE("a contact too few", SERVER, "\xe4\x29" SIXTEEN "\2" CONTACT "\x08") },
	{ CASE_UDP("4672"), "eDonkey",
	  SAMPLE("another kind", CLIENT, "\xe4\x21\7" SIXTEEN SIXTEEN) },
	{ CASE_TCP("411"), "DirectConnect",
	  SAMPLE("price", SERVER, "$Lock and key for 5 dollars\n") },
	{ CASE_TCP("8333"), "Bitcoin",
	  SAMPLE("a command of octets", CLIENT,
	         "\xf9\xbe\xb4\xd9ver\1ion\0\0\0\0\0\x08\0\0\0\1\2\3\4" EIGHT) },
	{ CASE_TCP("3333"), "Mining",
	  SAMPLE("another method", CLIENT, "{\"id\": 1, \"method\": \"system.listMethods\"}\n") },
	{ CASE_TCP("2242"), "Soulseek",
	  SAMPLE("a short sum", CLIENT,
	         "\x28\0\0\0\1\0\0\0\3\0\0\0joe\3\0\0\0abc\xa0\0\0\0\x08\0\0\0"
	         "01234567"
	         "\1\0\0\0") },
	{ CASE_TCP("2234"), "Soulseek",
	  SAMPLE("a peer of another kind", CLIENT, "\x11\0\0\0\1\3\0\0\0joe\1\0\0\0Q\1\2\3\4") },
	{ CASE_UDP("30303"), "Ethereum",
	  SAMPLE("no signature", CLIENT,
	         SIXTYFOUR SIXTEEN SIXTEEN "\7\1\xc8\4\xc1\1\xc1\2\1\2\3") },
	{ CASE_UDP("30303"), "Ethereum",
	  SAMPLE("a list that is too long", CLIENT,
	         SIXTYFOUR SIXTEEN SIXTEEN "\1\1\xc9\4\xc1\1\xc1\2\1\2\3") },
};

static void
a_version_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[13]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_version_tags_its_server),
	};

	return cmocka_run_group_tests_name("p2p", tests, NULL, NULL);
}
