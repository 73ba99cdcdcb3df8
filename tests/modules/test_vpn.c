/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenVPN and WireGuard, and what only has their first octets. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE("reset", CLIENT, "8\241\262\303\324\345\366\7\30\0\0\0\0\0") },
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE("answer", SERVER,
	         "@\30\7\366\345\324\303\262\241\1\0\0\0\0\241\262\303\324\345\366\7\30\0\0\0\0") },
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE("reset with authentication", CLIENT,
	         "8\241\262\303\324\345\366\7\30ABCDEFGHIJKLMNOPQRST\0\0\0\1eS\361\0\0\0\0\0\0") },
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE(
	      "encrypted reset", CLIENT,
	      "8\241\262\303\324\345\366\7\30\0\0\0\1eS\361\0defghijklmnopqrstuvwxyz{|}~\177\200\201\202\203<=>?@") },
	{ CASE_TCP("1194"), "OpenVPN",
	  SAMPLE("reset on TCP", CLIENT, "\0\168\241\262\303\324\345\366\7\30\0\0\0\0\0") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "initiation", CLIENT,
	      "\1\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHOV]dkry\200\207\216\225\234\243\252\261\270\277\306\315\324\333\342\351\360\367\376\5\14\23\32!(/6=DKRY`gnu|\203\212\221\230\237\246\255\264\273\302\311\320\327\336\345\354\363\372\1\10\17\26\35$+29@GNU\\cjqx\177\206\215\224\233\242\251\260\267\276\305\314\323\332\341\350\357\366") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "response", SERVER,
	      "\2\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHOV]dkry\200\207\216\225\234\243\252\261\270\277\306\315\324\333\342\351\360\367\376\5\14\23\32!(/6=DKRY`gn") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "data", CLIENT,
	      "\4\0\0\0\21\"3D\5\0\0\0\0\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHOV") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE("reset with another number", CLIENT, "8\241\262\303\324\345\366\7\30\0\0\0\0\7") },
	{ CASE_UDP("1194"), "OpenVPN",
	  SAMPLE("text", CLIENT, "8 is how this text begins, but no more") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "data that is no words", CLIENT,
	      "\4\0\0\0\21\"3D\5\0\0\0\0\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHO") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "counter too high", CLIENT,
	      "\4\0\0\0\21\"3D\377\377\377\377\377\377\377\377\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHOV") },
	{ CASE_UDP("51820"), "WireGuard",
	  SAMPLE(
	      "initiation of another length", CLIENT,
	      "\1\0\0\0\r\24\33\")07>ELSZahov}\204\213\222\231\240\247\256\265\274\303\312\321\330\337\346\355\364\373\2\11\20\27\36%,3:AHOV]dkry\200\207\216\225\234\243\252\261\270\277\306\315\324\333\342\351\360\367\376\5\14\23\32!(/6=DKRY`gnu|\203\212\221\230\237\246\255\264\273\302\311\320\327\336\345\354\363\372\1\10\17\26\35$+29@GNU\\cjqx\177\206\215\224\233\242\251\260\267\276\305\314\323\332\341\350\357\366x") },
	{ CASE_TCP("1194"), "OpenVPN",
	  SAMPLE("longer than its segment", CLIENT,
	         "\0 8\241\262\303\324\345\366\7\30\0\0\0\0\0") },
};

static void
a_reset_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_reset_tags_its_server),
	};

	return cmocka_run_group_tests_name("vpn", tests, NULL, NULL);
}
