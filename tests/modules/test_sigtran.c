/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What SCTP carries, and associations that stay SCTP. */
#include "tests/support/module_fixture.h"

#define SCTP  132
#define ENDS  "10.0.0.1:3000 192.0.2.1:4000"
#define USUAL "10.0.0.1:3000 192.0.2.1:2905"

/* The head of a chunk of data of `length` octets in all, and its payload protocol. */
#define DATA(flags, length, protocol) "\0" flags "\0" length "\0\0\0\1\0\2\0\0\0\0\0" protocol
#define SACK                          "\3\0\0\20\0\0\0\1\0\0\372\0\0\0\0\0"
#define ASP_UP                        "\1\0\3\1\0\0\0\20\0\4\0\10abcd"

static const struct {
	const char *app;
	struct sample sample;
} messages[] = {
	{ "M3UA", SAMPLE("up", CLIENT, DATA("\3", "\40", "\3") ASP_UP) },
	{ "M3UA",
	  SAMPLE("up, without parameters", CLIENT, DATA("\3", "\30", "\3") "\1\0\3\1\0\0\0\10") },
	{ "M3UA",
	  SAMPLE("behind an acknowledgement", SERVER, SACK DATA("\3", "\40", "\3") ASP_UP) },
	{ "M3UA",
	  SAMPLE("interleaved", CLIENT, "\x40\3\0\44\0\0\0\1\0\2\0\0\0\0\0\1\0\0\0\3" ASP_UP) },
	{ "M2UA", SAMPLE("up", CLIENT, DATA("\3", "\40", "\2") ASP_UP) },
	{ "SUA", SAMPLE("up", CLIENT, DATA("\3", "\40", "\4") ASP_UP) },
	{ "M2PA", SAMPLE("link status", CLIENT,
	                 DATA("\3", "\44", "\5") "\1\0\13\2\0\0\0\24\0\0\0\1\0\0\0\2\0\0\0\11") },
	{ "S1AP", SAMPLE("set-up", CLIENT, DATA("\3", "\26", "\22") "\0\x11\0\2\0\0") },
	{ "X2AP", SAMPLE("answer", SERVER, DATA("\3", "\26", "\33") "\x20\6\0\2\0\0") },
	{ "NGAP", SAMPLE("set-up", CLIENT, DATA("\3", "\26", "\74") "\0\x15\0\2\0\0") },
	{ "XnAP", SAMPLE("set-up", CLIENT, DATA("\3", "\26", "\75") "\0\x11\0\2\0\0") },
	{ "Diameter",
	  SAMPLE("watchdog", CLIENT,
	         DATA("\3", "\44", "\56") "\1\0\0\24\200\0\1\30\0\0\0\0\0\0\0\1\0\0\0\1") },
	{ "Megaco", SAMPLE("reply", CLIENT, DATA("\3", "\45", "\7") "MEGACO/2 <a>\nReply=1") },
	{ "Megaco", SAMPLE("short form", CLIENT, DATA("\3", "\33", "\7") "!/1 [1.2.3]") },
};

/* Each is SCTP as long as it is not known better. */
static void
each_message_is_recognised_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct sample *s = &messages[i].sample;

		if (strcmp(harness_one(h, SCTP, ENDS, s), messages[i].app) != 0)
			fail_msg("%s is not called %s", s->name, messages[i].app);
		for (size_t len = 1; len < s->len; len++) {
			struct sample cut = { s->name, s->bytes, len, s->from_client };
			const char *got = harness_one(h, SCTP, ENDS, &cut);

			if (strcmp(got, messages[i].app) != 0 && strcmp(got, "SCTP") != 0)
				fail_msg("%s, first %zu octets: %s", s->name, len, got);
		}
	}
}

static void
an_association_is_known_by_its_first_data(void **state)
{
	struct talk t = talk_begin(h, SCTP, ENDS);

	(void)state;
	assert_string_equal(talk_say(&t, CLIENT, "\1\0\0\24\0\0\0\1\0\0\372\0\0\12\0\12\0\0\0\1"),
	                    "SCTP");
	assert_string_equal(talk_say(&t, SERVER, SACK), "SCTP");
	assert_string_equal(talk_say(&t, CLIENT, DATA("\3", "\40", "\3") ASP_UP), "M3UA");
	assert_string_equal(talk_say(&t, SERVER, SACK), "M3UA");
}

static void
data_of_no_told_protocol_is_known_on_the_usual_port(void **state)
{
	const struct sample up = SAMPLE("up", CLIENT, DATA("\3", "\40", "\0") ASP_UP);

	(void)state;
	assert_string_equal(harness_one(h, SCTP, USUAL, &up), "M3UA");
	assert_string_equal(harness_one(h, SCTP, ENDS, &up), "SCTP");
}

static void
what_is_not_so_inside_stays_sctp(void **state)
{
	static const struct sample others[] = {
		SAMPLE("another length", CLIENT, DATA("\3", "\44", "\3") ASP_UP "\0\0\0\0"),
		SAMPLE("version 2", CLIENT, DATA("\3", "\30", "\3") "\2\0\3\1\0\0\0\10"),
		SAMPLE("the middle of a message", CLIENT, DATA("\0", "\40", "\3") ASP_UP),
		SAMPLE("another protocol", CLIENT, DATA("\3", "\40", "\65") ASP_UP),
		SAMPLE("another choice", CLIENT, DATA("\3", "\26", "\22") "\x80\x11\0\2\0\0"),
		SAMPLE("text that is no Megaco", CLIENT, DATA("\3", "\35", "\7") "MEGACOM hello"),
		SAMPLE("chunk of no length", CLIENT, "\0\3\0\0\0\0\0\1\0\2\0\0\0\0\0\3" ASP_UP),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(harness_one(h, SCTP, ENDS, &others[i]), "SCTP") != 0)
			fail_msg("%s is not called SCTP", others[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_message_is_recognised_cut_anywhere),
		CASE(an_association_is_known_by_its_first_data),
		CASE(data_of_no_told_protocol_is_known_on_the_usual_port),
		CASE(what_is_not_so_inside_stays_sctp),
	};

	return cmocka_run_group_tests_name("sigtran", tests, NULL, NULL);
}
