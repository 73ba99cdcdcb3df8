/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NFS and other ONC RPC, and what only looks so. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("2049"), "NFS",
	  SAMPLE(
	      "call of NFS", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\243\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("20048"), "NFS",
	  SAMPLE(
	      "call of MOUNT", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\245\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("111"), "SunRPC",
	  SAMPLE(
	      "call of the port mapper", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\240\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2049"), "NFS",
	  SAMPLE(
	      "call in a record", CLIENT,
	      "\200\0\0(Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\243\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("111"), "SunRPC",
	  SAMPLE(
	      "port mapper in a record", CLIENT,
	      "\200\0\0(Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\240\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("2049"), "NFS",
	  SAMPLE("reply of NFS", SERVER,
	         "Z\27\303\322\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("111"), "SunRPC",
	  SAMPLE("reply of the port mapper", SERVER,
	         "Z\27\303\322\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2049"), "NFS",
	  SAMPLE("reply in a record", SERVER,
	         "\200\0\0\34Z\27\303\322\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_UDP("2049"), "NFS",
	  SAMPLE(
	      "RPC version 3", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\3\0\1\206\243\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("2049"), "NFS",
	  SAMPLE(
	      "credentials that are too long", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\2\0\1\206\243\0\0\0\3\0\0\0\0\0\0\0\0\0\0\377\377\0\0\0\0\0\0\0\0") },
	{ CASE_UDP("123"), "SunRPC",
	  SAMPLE(
	      "time of a server that has just begun", CLIENT,
	      "#\2\6\354\0\0\0\0\0\0\0\2\300\250\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\345\366j\342\241\262\303\324") },
	{ CASE_UDP("2049"), "NFS",
	  SAMPLE(
	      "program 7", CLIENT,
	      "Z\27\303\322\0\0\0\0\0\0\0\2\0\0\0\7\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("2049"), "NFS",
	  SAMPLE(
	      "SSLv2", CLIENT,
	      "\200.\1\0\2\0\25\0\0\0\20\1\0\200\2\0\200\3\0\200\4\0\200\5\0\200\6\0@\7\0\300\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
};

static void
a_call_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[1]);
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

	return cmocka_run_group_tests_name("sunrpc", tests, NULL, NULL);
}
