/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Games with protocols of their own, and what begins like them. */
#include "tests/support/dialogue_cases.h"

/* What says by itself what it is. */
static const struct module_case
    messages
	[] = {
		{ CASE_UDP("3074"), "Activision",
	          SAMPLE("request", CLIENT, "\015\002\000abcdefghijklmnopqrstuvwxyz") },
		{ CASE_UDP("7948"),
	          "CoD Mobile", SAMPLE("a resource", SERVER, "\316\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000LOC_PREFAB_LOADOUTNAME_3\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001") },
		{ CASE_UDP("28375"), "CryNetwork",
	          SAMPLE(
		      "opening", CLIENT,
		      "4\000\000\010\355\000\000\000\000\000\000\000\000\000\000\000\001\000\000\000\007\000\000\000\003\007\000\000\000\004hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh") },
		{ CASE_UDP("22101"), "GenshinImpact",
	          SAMPLE(
		      "connect", CLIENT,
		      "\000\000\000\377\000\000\000\000\000\000\000\000I\226\002\322\377\377\377\377") },
		{ CASE_UDP("22101"), "GenshinImpact",
	          SAMPLE("connected", SERVER,
	                 "\000\000\001E\000\000\000\021\000\000\000\"I\226\002\322\024QEE") },
		{ CASE_UDP("22101"), "GenshinImpact",
	          SAMPLE(
		      "disconnect", SERVER,
		      "\000\000\001\224\000\000\000\021\000\000\000\"\000\000\000\001\031A\224\224") },
		{ CASE_UDP("22023"), "AmongUs",
	          SAMPLE("hello", CLIENT, "\010\000\001\000V#\003\003\005Alice\000\000\000\000") },
		{ CASE_UDP("4513"), "NetEaseGames",
	          SAMPLE("twelve octets", CLIENT, "\001D\320\001*=\003\000\000\001\001\001") },
		{ CASE_UDP("4170"), "NetEaseGames",
	          SAMPLE("a fixed word", CLIENT,
	                 "\263\257\215\350\377\000nnnnnnnnnnnnnnnnnnnnnnnn") },
		{ CASE_UDP("28203"), "NetEaseGames",
	          SAMPLE(
		      "another fixed word", CLIENT,
		      "\007\010\010\014\021\"3D\000\000\000\000\001\000\000\000mmmmmmmmmmmmmmmmmmmmmmmm") },
	};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("7500"), "CoD Mobile", SAMPLE("ping", CLIENT, "\021\"3DUfw\210ping") },
	{ CASE_TCP("6112"), "PathofExile",
	  SAMPLE(
	      "login", CLIENT,
	      "\000\003\0006\356\200\000\002\000\005alice\001\001\001\001\001\001\001\001\001\001\001\001") },
};

/* What takes two messages. */
static const struct dialogue_case dialogues[] = {
	{ CASE_UDP("3074"), "Activision", "Activision",
	  SAMPLE("request", CLIENT, "\015\002\000abcdefghijklmnopqrstuvwxyz"),
	  SAMPLE("answer", SERVER, "\014\002\000abcdefghijklmnopqrstuvwxyz") },
	{ CASE_UDP("7500"), "CoD Mobile", "CoD Mobile",
	  SAMPLE("ping", CLIENT, "\021\"3DUfw\210ping"),
	  SAMPLE("echo", SERVER, "\021\"3DUfw\210ping") },
	{ CASE_TCP("10012"), "GenshinImpact", "Unknown",
	  SAMPLE(
	      "opening", CLIENT,
	      "\001\000\000\000*\007\000\000\000\000sessions\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\021\"3D"),
	  SAMPLE("answer", SERVER,
	         "\001\000\000\0002\010\000\000\000\001sessionskkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk") },
};

/* What must not be taken for it. */
static const struct module_case
    look_alikes[] = {
	    { CASE_UDP("3074"), "Activision",
	      SAMPLE("longer", CLIENT, "\015\002\000abcdefghijklmnopqrstuvwxyzx") },
	    { CASE_UDP("7500"), "CoD Mobile", SAMPLE("longer", CLIENT, "\021\"3DUfw\210pingx") },
	    { CASE_UDP("7948"),
	      "CoD Mobile", SAMPLE("another resource", SERVER, "\316\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000LOC_PREFAB_BLOWOUTNAME_3\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001") },
	    { CASE_UDP("28375"), "CryNetwork",
	      SAMPLE(
		  "a length that does not fit", CLIENT,
		  "4\000\000\010\355\000\000\000\000\000\000\000\000\000\000\000\001\000\000\000\007\000\000\000\003\007\000\000\000\004hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhx") },
	    { CASE_UDP("28375"), "CryNetwork",
	      SAMPLE(
		  "zeros", CLIENT,
		  "<\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	    { CASE_UDP("22101"), "GenshinImpact",
	      SAMPLE(
		  "another number", CLIENT,
		  "\000\000\000\377\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	    { CASE_TCP("10012"), "GenshinImpact",
	      SAMPLE(
		  "opening alone", CLIENT,
		  "\001\000\000\000*\007\000\000\000\000sessions\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\021\"3D") },
	    { CASE_UDP("22023"), "AmongUs",
	      SAMPLE("a version of no time", CLIENT, "\010\000\001\000\322\004\000\000\005Alice") },
	    { CASE_UDP("4513"), "NetEaseGames",
	      SAMPLE("a length that does not fit", CLIENT,
	             "\001D\320\001*=\003\000\000\001\001\001x") },
	    { CASE_TCP("6112"), "PathofExile",
	      SAMPLE(
		  "a name that does not fit", CLIENT,
		  "\000\003\0006\356\200\000\002\000\005alice\001\001\001\001\001\001\001\001\001\001\001\001x") },
	    { CASE_TCP("8484"), "MapleStory",
	      SAMPLE("a patch that is no number", SERVER, "\016\000_\000\001\000xRECVSEND\010") },
    };

/* It is short: it counts where a connection begins. */
static void
maplestory_is_known_by_its_greeting(void **state)
{
	static const char greeting[] = "\016\000_\000\001\0001RECVSEND\010";
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_TCP, USUAL("8484"));
	struct talk later = talk_begin(h, NM_TCP, USUAL("9001"));

	(void)state;
	assert_string_equal(talk_say(&later, CLIENT, "\x99\x81\xf7"), "Unknown");
	assert_string_equal(talk_say(&later, SERVER, greeting), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, greeting), "MapleStory");
	harness_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_DIALOGUES(dialogues),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(maplestory_is_known_by_its_greeting),
	};

	return cmocka_run_group_tests_name("game_titles", tests, NULL, NULL);
}
