/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Storage, file servers and DRDA, and what only begins like them. */
#include "tests/support/module_cases.h"

#define EIGHT   "\0\0\0\0\0\0\0\0"
#define FORTY   EIGHT EIGHT EIGHT EIGHT EIGHT
#define NID1    "\1\2\0\xc0\0\0\2\0"
#define NID2    "\2\2\0\xc0\0\0\2\0"
#define NID_O2  "\2\2\0\xc0\0\0\5\0"
#define PROCESS "\x39\x30\0\0"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("6789"), "Ceph", SAMPLE("banner", SERVER, "ceph v027\0\0\0\0\0\0\0\0") },
	{ CASE_TCP("3300"), "Ceph",
	  SAMPLE("banner of version 2", CLIENT, "ceph v2\n\x10\0" EIGHT) },
	{ CASE_TCP("988"), "Lustre", SAMPLE("acceptor", CLIENT, "\0\x71\xce\xac\1\0\0\0" NID1) },
	{ CASE_TCP("988"), "Lustre",
	  SAMPLE("hello", SERVER, "cirE\3\0\0\0" NID1 NID2 PROCESS PROCESS EIGHT EIGHT EIGHT) },
	{ CASE_TCP("988"), "Lustre",
	  SAMPLE("message", CLIENT,
	         "\xc1\0\0\0\0\0\0\0" EIGHT EIGHT NID1 NID2 PROCESS PROCESS
	         "\1\0\0\0\x08\0\0\0" FORTY) },
	{ CASE_TCP("524"), "NCP",
	  SAMPLE("request", CLIENT, "DmdT\0\0\0\x18\0\0\0\1\0\0\0\2\"\"\7\1\3\0\x42\0") },
	{ CASE_TCP("524"), "NCP", SAMPLE("reply", SERVER, "tNcP\0\0\0\x10\x33\x33\7\1\3\0\0\0") },
	{ CASE_TCP("3260"), "iSCSI",
	  SAMPLE("login", CLIENT, "\x43\x87\0\0\0\0\0\x14" FORTY "InitiatorName=iqn.a\0") },
	{ CASE_TCP("3260"), "iSCSI",
	  SAMPLE("answer", SERVER, "\x23\x81\0\0\0\0\0\x17" FORTY "TargetPortalGroupTag=1\0\0") },
	{ CASE_TCP("10809"), "NBD", SAMPLE("greeting", SERVER, "NBDMAGICIHAVEOPT\0\3") },
	{ CASE_TCP("10809"), "NBD", SAMPLE("option", CLIENT, "IHAVEOPT\0\0\0\10\0\0\0\0") },
	{ CASE_TCP("10809"), "NBD",
	  SAMPLE("answer to an option", SERVER,
	         "\0\3\350\211\4\125\145\251\0\0\0\7\0\0\0\1\0\0\0\0") },
	{ CASE_TCP("10809"), "NBD",
	  SAMPLE("greeting of old", SERVER, "NBDMAGIC\0\0\x42\2\x81\x86\x12\x53" EIGHT) },
	{ CASE_TCP("10809"), "NBD",
	  SAMPLE("request", CLIENT, "\x25\x60\x95\x13\0\0\0\0" EIGHT EIGHT "\0\0\x10\0") },
	{ CASE_TCP("10809"), "NBD",
	  SAMPLE("reply", SERVER, "\x67\x44\x66\x98\0\0\0\0\1\2\3\4\5\6\7\x08") },
	{ CASE_TCP("548"), "AFP",
	  SAMPLE("state", SERVER,
	         "\1\3\0\1\0\0\0\0\0\0\0\x12\0\0\0\0\0\1\2\3\0\0\0\0\1\6"
	         "AFP3.3\0\0") },
	{ CASE_TCP("50000"), "DRDA",
	  SAMPLE("attributes and access", CLIENT,
	         "\0\x0e\xd0\x41\0\1\0\x08\x10\x41\0\4\x11\x5e"
	         "\0\x10\xd0\1\0\2\0\x0a\x10\x6d\0\6\x11\xa2\0\3") },
	{ CASE_TCP("50000"), "DRDA",
	  SAMPLE("answer", SERVER, "\0\x0e\xd0\x43\0\1\0\x08\x14\x43\0\4\x11\x5e") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("3260"), "iSCSI", SAMPLE("command", CLIENT, "\1\xc1\0\0\0\0\0\0" FORTY) },
	{ CASE_TCP("3260"), "iSCSI",
	  SAMPLE("data", SERVER, "\x25\x81\0\0\0\0\0\5" FORTY "hello\0\0\0") },
	{ CASE_TCP("548"), "AFP",
	  SAMPLE("session", CLIENT, "\0\4\0\1\0\0\0\0\0\0\0\6\0\0\0\0\1\4\0\0\4\0") },
	{ CASE_TCP("548"), "AFP", SAMPLE("question", CLIENT, "\0\3\0\1\0\0\0\0\0\0\0\0\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("6789"), "Ceph", SAMPLE("text", SERVER, "ceph version 17") },
	{ CASE_TCP("988"), "Lustre",
	  SAMPLE("ends of two networks", CLIENT,
	         "\xc1\0\0\0\0\0\0\0" EIGHT EIGHT NID1 NID_O2 PROCESS PROCESS
	         "\1\0\0\0\x08\0\0\0" FORTY) },
	{ CASE_TCP("988"), "Lustre", SAMPLE("zeros", CLIENT, "\xc1\0\0\0\0\0\0\0" FORTY FORTY) },
	{ CASE_TCP("524"), "NCP",
	  SAMPLE("another kind", CLIENT, "DmdT\0\0\0\x18\0\0\0\1\0\0\0\2\"#\7\1\3\0\x42\0") },
	{ CASE_TCP("3260"), "iSCSI",
	  SAMPLE("a length that does not fit", SERVER, "\x25\x81\0\0\0\0\0\5" FORTY "hello\0\0") },
	{ CASE_TCP("9000"), "iSCSI",
	  SAMPLE("keys of others", CLIENT,
	         "\x43\x87\0\0\0\0\0\x14" FORTY "name=iqn.a1234567\0\0\0") },
	{ CASE_TCP("10809"), "NBD", SAMPLE("no such option", CLIENT, "IHAVEOPT\0\0\1\0\0\0\0\0") },
	{ CASE_TCP("10809"), "NBD", SAMPLE("other magic", SERVER, "NBDMAGICabcdefgh") },
	{ CASE_TCP("548"), "AFP",
	  SAMPLE("another length", CLIENT, "\0\4\0\1\0\0\0\0\0\0\0\7\0\0\0\0\1\4\0\0\4\0") },
	{ CASE_TCP("548"), "AFP",
	  SAMPLE("command 7", CLIENT, "\0\7\0\1\0\0\0\0\0\0\0\6\0\0\0\0\1\4\0\0\4\0") },
	{ CASE_TCP("50000"), "DRDA",
	  SAMPLE("lengths that differ", CLIENT, "\0\x0e\xd0\x41\0\1\0\x09\x10\x41\0\4\x11\x5e") },
	{ CASE_TCP("50000"), "DRDA", SAMPLE("text", CLIENT, "hello world\r\n") },
};

static void
a_hello_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[3]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_hello_tags_its_server),
	};

	return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
