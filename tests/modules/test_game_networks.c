/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks of players and consoles, and what begins like them. */
#include "tests/support/dialogue_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("3724"), "WorldOfWarcraft",
	  SAMPLE(
	      "logon", CLIENT,
	      "\000\010#\000WoW\000\003\003\0054068x\000niW\000SUne<\000\000\000\012\000\000\001\005ALICE") },
	{ CASE_TCP("8085"), "WorldOfWarcraft",
	  SAMPLE("greeting", SERVER, "WORLD OF WARCRAFT CONNECTION - SERVER TO CLIENT - V2\012") },
	{ CASE_TCP("3724"), "WorldOfWarcraft",
	  SAMPLE("greeting of old", SERVER,
	         "\0000WORLD OF WARCRAFT CONNECTION - SERVER TO CLIENT\000") },
	{ CASE_TCP("6112"), "Blizzard",
	  SAMPLE(
	      "first message", CLIENT,
	      "\377P:\000\000\000\000\00068XIPXES\323\000\000\000SUne\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000USA\000United States\000") },
	{ CASE_TCP("6112"), "Blizzard",
	  SAMPLE(
	      "behind the choice of a protocol", CLIENT,
	      "\001\377P:\000\000\000\000\00068XIPXES\323\000\000\000SUne\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000USA\000United States\000") },
	{ CASE_UDP("6114"), "Blizzard",
	  SAMPLE(
	      "Warcraft Rumble", CLIENT,
	      "\377\377\377\377\243\037\266\036\000\000@\001\000\000\000\000\000\000\000\004\003\002\001") },
	{ CASE_UDP("49432"), "Nintendo",
	  SAMPLE(
	      "Pia", CLIENT,
	      "2\253\230d\013\022\000\007\000\000\000\011ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ") },
	{ CASE_UDP("49432"), "Nintendo",
	  SAMPLE(
	      "encrypted", SERVER,
	      "2\253\230d\202\003\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245\245") },
	{ CASE_UDP("3074"), "Xbox",
	  SAMPLE("key exchange", CLIENT,
	         "\000\000\000\000\014Xv\000\000\000xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") },
	{ CASE_UDP("9302"), "PlayStation",
	  SAMPLE("search", CLIENT,
	         "SRCH * HTTP/1.1\012device-discovery-protocol-version:00020020\012") },
	{ CASE_UDP("9302"), "PlayStation",
	  SAMPLE(
	      "answer", SERVER,
	      "HTTP/1.1 620 Server Standby\012host-id:001122334455\012host-type:PS4\012host-name:console\012") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("1119"), "Starcraft",
	  SAMPLE(
	      "opening", CLIENT,
	      "J\000\000\012f\002\012\355-fssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss") },
	{ CASE_TCP("1119"), "Starcraft",
	  SAMPLE(
	      "another opening", CLIENT,
	      "I\000\000\012f\002\012\355-fssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss") },
	{ CASE_TCP("1119"), "Blizzard",
	  SAMPLE("opening", CLIENT,
	         "A\000\000\012fR\355\306ssssssssssssssssssssssssssssssssssssssss") },
};

/* What takes two messages. */
static const struct dialogue_case dialogues[] = {
	{ CASE_TCP("1119"), "Blizzard", "Unknown",
	  SAMPLE("a message", CLIENT, "\250\000\000\000\024\000\000\000hhhhhhhhhhhhhhhhhhhh"),
	  SAMPLE("another one", SERVER, "0\001\000\000\011\000\000\000sssssssss") },
	{ CASE_UDP("3074"), "Xbox", "Unknown",
	  SAMPLE("a message", CLIENT, "\317_2\002xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	  SAMPLE("another one", SERVER, "\001_,\000yyyyyyyyyyyyyyyyyyyyyyyy") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("3724"), "WorldOfWarcraft",
	  SAMPLE(
	      "a size that does not fit", CLIENT,
	      "\000\010\011\000WoW\000\003\003\0054068x\000niW\000SUne<\000\000\000\012\000\000\001\005ALICE") },
	{ CASE_TCP("3724"), "WorldOfWarcraft",
	  SAMPLE("a prose", SERVER, "WORLD OF WONDERS, said the book that nobody read") },
	{ CASE_TCP("6112"), "Blizzard",
	  SAMPLE(
	      "no platform", CLIENT,
	      "\377P:\000\000\000\000\000ABCDPXES\323\000\000\000SUne\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000USA\000United States\000") },
	{ CASE_UDP("49432"), "Nintendo",
	  SAMPLE(
	      "no version", CLIENT,
	      "2\253\230d\000\022\000\007\000\000\000\011ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ") },
	{ CASE_UDP("3074"), "Xbox",
	  SAMPLE(
	      "port alone", CLIENT,
	      "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("9302"), "PlayStation",
	  SAMPLE("search for something else", CLIENT,
	         "SRCH * HTTP/1.1\012Host: 239.255.255.250:1900\012\012 and so on") },
	{ CASE_UDP("1900"), "PlayStation",
	  SAMPLE("another answer", SERVER,
	         "HTTP/1.1 200 OK\015\012ST: upnp:rootdevice\015\012USN: uuid:1\015\012\015\012") },
};

static void
a_realm_that_greets_is_tagged(void **state)
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
		TESTS_OF_DIALOGUES(dialogues),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_realm_that_greets_is_tagged),
	};

	return cmocka_run_group_tests_name("game_networks", tests, NULL, NULL);
}
