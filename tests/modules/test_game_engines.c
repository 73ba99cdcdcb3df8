/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transports of games, and what begins like them. */
#include "tests/support/dialogue_cases.h"

/* What says by itself what it is. */
static const struct
    module_case
	messages
	    [] = {
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "opening", CLIENT,
			  "\005\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\013\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "answer", SERVER,
			  "\006\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\021\"3DUfw\210\000\005\270") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "second opening", CLIENT,
			  "\007\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\004\077\377\375\376J\274\005\270\000\000\000\000\000\000\000\231") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "second answer", SERVER,
			  "\010\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\000\000\000\000\000\000\000\005\004\077\377\375\376J\274\005\270\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "ping", CLIENT,
			  "\001\000\000\000\000\000\022\326\207\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\000\000\000\000\000\000\000*") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "pong", SERVER,
			  "\034\000\000\000\000\000\022\326\207\000\000\000\000\000\000\000M\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\000\037MCPE;A server;622;1.20.40;3;20;") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "another version", SERVER,
			  "\031\013\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\000\000\000\000\000\000\000\005") },
		    { CASE_UDP("49152"), "RakNet",
	              SAMPLE(
			  "another opening", CLIENT,
			  "{\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\013\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("49152"), "RakNet",
	              SAMPLE(
			  "magic behind more", CLIENT,
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\000\377\377\000\376\376\376\376\375\375\375\375\0224Vx\013\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "frames", CLIENT,
			  "\204\007\000\000`\000X\001\001\001\001\001\001\001hello there@\000H\001\001\001xxxxxxxxx\000\000(yyyyy") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "a frame in pieces", CLIENT,
			  "\214\010\000\000p\000P\000\000\000\000\000\000\000\000\000\000\003\000\001\000\000\000\002ssssssssss") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE("received", SERVER,
	                     "\300\000\002\001\007\000\000\000\011\000\000\014\000\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE("missing", SERVER, "\240\000\001\001\005\000\000") },
		    { CASE_UDP("5000"),
	              "ENet", SAMPLE("connect", CLIENT, "\217\377\000\001\202\377\000\001\000\000\377\377\000\000\005p\000\000\200\000\000\000\000\004\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\002\000\000\000\002\001\002\003\004\000\000\000\000") },
		    { CASE_UDP("5000"), "ENet",
	              SAMPLE(
			  "connected", SERVER,
			  "\200\000\000\001\203\377\000\001\000\000\377\377\000\000\005p\000\000\200\000\000\000\000\004\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\002\000\000\000\002\001\002\003\004") },
		    { CASE_UDP("20011"), "GaijinEntertainment",
	              SAMPLE(
			  "connect", CLIENT,
			  "\217\377\000\001\202\377\000\001\000\000\377\377\000\000\004\260\000\000\200\000\000\000\000\377\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\000\000\000\000\000\001\002\003\004\000\000\000\000") },
		    { CASE_UDP("20011"), "GaijinEntertainment",
	              SAMPLE(
			  "connected", SERVER,
			  "\200\000\000\001\203\377\000\001\000\000\377\377\000\000\004\260\000\000\200\000\000\000\000\377\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\000\000\000\000\000\001\002\003\004") },
		    { CASE_UDP("20011"), "GaijinEntertainment",
	              SAMPLE("telemetry", CLIENT,
	                     "app.start,env=test,circuit=test,application=client,project=x:1|c") },
		    { CASE_UDP("5056"), "Photon",
	              SAMPLE(
			  "connect", CLIENT,
			  "\377\377\000\001\000\000\003\350\001\002\003\004\002\377\001\004\000\000\000,\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("5056"), "Photon",
	              SAMPLE(
			  "with a check sum", CLIENT,
			  "\377\377\001\001\000\000\003\350\001\002\003\004\000\000\000\011\002\377\001\004\000\000\000,\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("4000"), "KCP",
	              SAMPLE(
			  "push", CLIENT,
			  "4\022\000\000Q\000\200\000\350\003\000\000\000\000\000\000\000\000\000\000\005\000\000\000hello") },
		    { CASE_UDP("40000"), "Yojimbo",
	              SAMPLE(
			  "request", CLIENT,
			  "\000NETCODE 1.02\000\007\000\000\000\000\000\000\000\000\361Se\000\000\000\000eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee") },
	    };

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("5056"), "Photon",
	  SAMPLE(
	      "commands", SERVER,
	      "\000\000\000\002\000\000\003\350\001\002\003\004\001\377\001\004\000\000\000\024\000\000\000\001\000\000\000\001\000\000\003\350\003\377\001\004\000\000\0004\000\000\000\001zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz") },
};

/* What takes two messages. */
static const struct dialogue_case dialogues[] = {
	{ CASE_UDP("4000"), "KCP", "KCP",
	  SAMPLE(
	      "push", CLIENT,
	      "4\022\000\000Q\000\200\000\350\003\000\000\000\000\000\000\000\000\000\000\005\000\000\000hello"),
	  SAMPLE(
	      "received, and a push", SERVER,
	      "4\022\000\000R\000\200\000\350\003\000\000\000\000\000\000\000\000\000\000\000\000\000\0004\022\000\000Q\000\200\000\350\003\000\000\001\000\000\000\000\000\000\000\004\000\000\000more") },
	{ CASE_UDP("15001"), "EpicGames", "Unknown",
	  SAMPLE(
	      "handshake", CLIENT,
	      "!C\020\000\010\252\273\314\335\004\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\233\233\233\233\233\233\233\233\233\233\233\233\233\233"),
	  SAMPLE(
	      "challenge", SERVER,
	      "!C\020\010\010\252\273\314\335\004\000\000\000\0004\270cccccccccccccccccccccccccccccccccc") },
};

/* What must not be taken for it. */
static const struct
    module_case
	look_alikes
	    [] = {
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "no magic", CLIENT,
			  "\005\000\377\377\000\376\376\376\376\375\375\375\375\0224Vy\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE(
			  "a frame that is too long", CLIENT,
			  "\204\007\000\000`\000X\001\001\001\001\001\001\001hello there@\000H\001\001\001xxxxxxxxx\000\000(yyyy") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE("bits that are no octets", CLIENT,
	                     "\204\007\000\000`\000Y\001\001\001\001\001\001\001hello there") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE("a range that ends before it begins", SERVER,
	                     "\300\000\001\000\011\000\000\010\000\000") },
		    { CASE_UDP("19132"), "RakNet",
	              SAMPLE("more than is counted", SERVER,
	                     "\300\000\002\001\007\000\000\000\011\000\000\014\000\000\000") },
		    { CASE_UDP("5000"), "ENet",
	              SAMPLE(
			  "a size of nothing", CLIENT,
			  "\217\377\000\001\202\377\000\001\000\000\377\377\000\000\000\000\000\000\200\000\000\000\000\004\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\002\000\000\000\002\001\002\003\004\000\000\000\000") },
		    { CASE_UDP("5000"), "ENet",
	              SAMPLE(
			  "too many channels", CLIENT,
			  "\217\377\000\001\202\377\000\001\000\000\377\377\000\000\005p\000\000\200\000\000\000\017\240\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\002\000\000\000\002\001\002\003\004\000\000\000\000") },
		    { CASE_UDP("5000"), "GaijinEntertainment",
	              SAMPLE(
			  "another's connect", CLIENT,
			  "\217\377\000\001\202\377\000\001\000\000\377\377\000\000\005p\000\000\200\000\000\000\000\004\000\000\000\000\000\000\000\000\000\000\023\210\000\000\000\002\000\000\000\002\001\002\003\004\000\000\000\000") },
		    { CASE_UDP("20011"), "GaijinEntertainment",
	              SAMPLE("telemetry of others", CLIENT,
	                     "app.start,host=a,region=b,service=client:1|c and more") },
		    { CASE_UDP("5056"), "Photon",
	              SAMPLE(
			  "a command that is too long", CLIENT,
			  "\377\377\000\001\000\000\003\350\001\002\003\004\002\377\001\004\000\000\000,\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("5056"), "Photon",
	              SAMPLE(
			  "no such command", CLIENT,
			  "\377\377\000\001\000\000\003\350\001\002\003\004(\377\001\004\000\000\000,\000\000\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("4000"), "KCP",
	              SAMPLE(
			  "received with data", CLIENT,
			  "4\022\000\000R\000\200\000\350\003\000\000\000\000\000\000\000\000\000\000\004\000\000\000data") },
		    { CASE_UDP("4000"), "KCP",
	              SAMPLE(
			  "a length that does not fit", CLIENT,
			  "4\022\000\000Q\000\200\000\350\003\000\000\000\000\000\000\000\000\000\000\005\000\000\000hellox") },
		    { CASE_UDP("40000"), "Yojimbo",
	              SAMPLE(
			  "another word", CLIENT, "\000NETCODES\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
		    { CASE_UDP("15001"), "EpicGames",
	              SAMPLE(
			  "handshake alone", CLIENT,
			  "!C\020\000\010\252\273\314\335\004\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\233\233\233\233\233\233\233\233\233\233\233\233\233\233") },
	    };

static void
a_server_with_raknet_is_tagged(void **state)
{
	(void)state;
	case_tags_its_server(&messages[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_DIALOGUES(dialogues),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_server_with_raknet_is_tagged),
	};

	return cmocka_run_group_tests_name("game_engines", tests, NULL, NULL);
}
