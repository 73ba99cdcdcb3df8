/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Medicine, and what only looks like it. */
#include "tests/support/module_cases.h"

#define ZEROS_16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define TITLES   "ARCHIVE         SCANNER         "
#define CONTEXT  "\20\0\0\0251.2.840.10008.3.1.1.1"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("2575"), "HL7",
	  SAMPLE("framed", CLIENT, "\13MSH|^~\\&|LAB|X|EHR|Y|20261121||ADT^A01|1|P|2.5\r\34\r") },
	{ CASE_TCP("2575"), "HL7",
	  SAMPLE("without a frame", CLIENT, "MSH|^~\\&|LAB|X|EHR|Y|20261121||ADT^A01|1|P|2.5\r") },
	{ CASE_TCP("2575"), "HL7", SAMPLE("batch", CLIENT, "\13BHS|^~\\&|LAB|X\r") },
	{ CASE_TCP("104"), "DICOM",
	  SAMPLE("request", CLIENT, "\1\0\0\0\0]\0\1\0\0" TITLES ZEROS_16 ZEROS_16 CONTEXT) },
	{ CASE_TCP("11112"), "DICOM",
	  SAMPLE("acceptance", SERVER, "\2\0\0\0\0]\0\1\0\0" TITLES ZEROS_16 ZEROS_16 CONTEXT) },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("104"), "DICOM", SAMPLE("data", CLIENT, "\4\0\0\0\0\14\0\0\0\10\3\3abcdef") },
	{ CASE_TCP("11112"), "DICOM", SAMPLE("release", CLIENT, "\5\0\0\0\0\4\0\0\0\0") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("2575"), "HL7", SAMPLE("text", CLIENT, "\13MSHELL is a word") },
	{ CASE_TCP("2575"), "HL7", SAMPLE("one character twice", CLIENT, "\13MSH||~\\&|LAB\r") },
	{ CASE_TCP("104"), "DICOM",
	  SAMPLE("no names", CLIENT,
	         "\1\0\0\0\0]\0\1\0\0" ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16 CONTEXT) },
	{ CASE_TCP("104"), "DICOM",
	  SAMPLE("another context", CLIENT,
	         "\1\0\0\0\0]\0\1\0\0" TITLES ZEROS_16 ZEROS_16
	         "\20\0\0\0251.2.276.0.1.3.1.1.1.1") },
	{ CASE_TCP("104"), "DICOM",
	  SAMPLE("even context", CLIENT, "\4\0\0\0\0\14\0\0\0\10\2\3abcdef") },
	{ CASE_TCP("104"), "DICOM", SAMPLE("not its length", CLIENT, "\5\0\0\0\0\5\0\0\0\0") },
};

static void
a_request_tags_its_server(void **state)
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
		cmocka_unit_test(a_request_tags_its_server),
	};

	return cmocka_run_group_tests_name("medical", tests, NULL, NULL);
}
