/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zoom, Discord, LINE's and KakaoTalk's calls, TeamSpeak, Mumble, iQIYI. */
#include "tests/support/dialogue_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_UDP("50001"), "Discord",
	  SAMPLE(
	      "discovery", CLIENT,
	      "\000\001\000F\000\000\022g\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("50001"), "Discord",
	  SAMPLE(
	      "the address that was seen", SERVER,
	      "\000\002\000F\000\000\022g198.51.100.7\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\303P") },
	{ CASE_UDP("50001"), "Discord",
	  SAMPLE(
	      "an address of IPv6", SERVER,
	      "\000\002\000F\000\000\022g2001:db8::7\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\303P") },
	{ CASE_UDP("50001"), "Discord",
	  SAMPLE("sign of life", CLIENT, "\0237\312\376\003\000\000\000") },
	{ CASE_UDP("9987"), "TeamSpeak",
	  SAMPLE(
	      "version 3", CLIENT,
	      "TS3INIT1\000e\000\000\210\014\006\252\214\000^\000\000\000\001\002\003\004\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("9987"), "TeamSpeak",
	  SAMPLE("version 3, the server", SERVER,
	         "TS3INIT1\000e\210\001rrrrrrrrrrrrrrrr\000\000\000\001") },
	{ CASE_TCP("10011"), "TeamSpeak",
	  SAMPLE("query", SERVER, "TS3\012\015Welcome to the TeamSpeak 3 ServerQuery interface") },
	{ CASE_UDP("29070"), "LineCall", SAMPLE("sign of a call", CLIENT, "\266\007\000\004abcd") },
	{ CASE_UDP("16600"), "iQIYI",
	  SAMPLE(
	      "opening", CLIENT,
	      "\034@<\000DtqsessionsqqqqqqqqqqqqqqqqqqqqPPStream\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("8767"), "TeamSpeak",
	  SAMPLE(
	      "version 2", CLIENT, "\364\276\003\000\000\000\000\000\001\000\000\000D3\"\021\011TeamSpeak\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("8767"), "TeamSpeak",
	  SAMPLE(
	      "version 2, the server", SERVER,
	      "\364\276\004\000\000\000\000\000\001\000\000\000D3\"\021\006Server\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_UDP("8801"), "Zoom",
	  SAMPLE(
	      "request", CLIENT,
	      "\001\000\002\0224QRSTUVWXYZ[\\]^_`\000\000\000\000\000\000\000\000\000\002\000\007kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk") },
	{ CASE_UDP("8805"), "Zoom",
	  SAMPLE(
	      "answer", SERVER,
	      "\002\000\001\0224QRSTUVWXYZ[\\]^_`\000\000\000M\000\000\000\000\000\000\000\000\000\000\000\000") },
};

/* What takes two messages. */
static const struct dialogue_case dialogues[] = {
	{ CASE_UDP("8803"), "Zoom", "Unknown",
	  SAMPLE("ping", SERVER, "\003\000\000\000\011\021\"3DUfw\210"),
	  SAMPLE("echo", CLIENT, "\004\000\000\000\011\021\"3DUfw\210") },
	{ CASE_UDP("29070"), "LineCall", "Unknown",
	  SAMPLE(
	      "opening", CLIENT,
	      "\333d\000M\006\002\003 =Zw\224\261\316\353\010%B_|\231\266\323\360\015*Gd\201\236\273\330\365\022/Li\206\243\300\335\372\0274Qn\213\250\305\342\377\0349Vs\220\255\312\347\004!>[x\225\262\317\354\011&C`}\232\267\324\361\016+He\202\237\274\331\366\0230Mj\207\244\301\336\373\0305Ro\214\251\306\343\000\035:Wt\221\256\313\350\005\"\077\\y\226\263\320\355\012'Da~"),
	  SAMPLE(
	      "opening of the other side", SERVER,
	      "\331\340\002\000\006\002\005$Cb\201\240\277\336\375\034;Zy\230\267\326\365\0243Rq\220\257\316\355\014+Ji\210\247\306\345\004#Ba\200\237\276\335\374\033:Yx\227\266\325\364\0232Qp\217\256\315\354\013*Ih\207\246\305\344\003\"A`\177\236\275\334\373\0329Xw\226\265\324\363\0221Po\216\255\314\353\012)Hg\206\245\304\343\002!@_~\235\274\333\372\0318Wv\225\264\323\362\0210On") },
	{ CASE_UDP("29070"), "LineCall", "LineCall",
	  SAMPLE("sign of a call", CLIENT, "\266\007\000\004abcd"),
	  SAMPLE("another one", SERVER, "\266\011\000\014eeeeeeeeeeee") },
	{ CASE_UDP("64738"), "Mumble", "Unknown",
	  SAMPLE("question", CLIENT, "\000\000\000\000\021\"3DUfw\210"),
	  SAMPLE("answer", SERVER,
	         "\000\001\003\005\021\"3DUfw\210\000\000\000\005\000\000\000d\000\001\031@") },
	{ CASE_UDP("16600"), "iQIYI", "Unknown",
	  SAMPLE("request", CLIENT, "\034@0\000Dtqsessionsqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"),
	  SAMPLE("answer", SERVER, "\234`2\000Uu\027sessionsaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") },
};

/* What must not be taken for it. */
static const struct module_case
    look_alikes[] = {
	    { CASE_UDP("9123"), "Discord",
	      SAMPLE(
		  "discovery that says more", CLIENT,
		  "\000\001\000F\000\000\022g\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\001") },
	    { CASE_UDP("9123"), "Discord",
	      SAMPLE(
		  "discovery of another length", CLIENT,
		  "\000\001\000F\000\000\022g\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	    { CASE_UDP("9123"), "Discord",
	      SAMPLE(
		  "no address", SERVER,
		  "\000\002\000F\000\000\022ghello\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	    { CASE_UDP("9123"), "Discord",
	      SAMPLE("more than a sign of life", CLIENT, "\0237\312\376\003\000\000\000x") },
	    { CASE_UDP("8801"), "Zoom",
	      SAMPLE("port alone", CLIENT, "hello world, this is nothing") },
	    { CASE_UDP("8801"), "Zoom",
	      SAMPLE(
		  "request of another version", CLIENT,
		  "\001\007\002\0224QRSTUVWXYZ[\\]^_`\000\000\000\000\000\000\000\000\000\002\000\007kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk") },
	    { CASE_UDP("8801"), "Zoom",
	      SAMPLE(
		  "media once", CLIENT,
		  "\005\017\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000mmmmmmmmmmmmmmmmmmmmmmmmmmmmmm") },
	    { CASE_UDP("29070"), "LineCall", SAMPLE("one side", CLIENT, "\333d\000M\006\002\003 =Zw\224\261\316\353\010%B_|\231\266\323\360\015*Gd\201\236\273\330\365\022/Li\206\243\300\335\372\0274Qn\213\250\305\342\377\0349Vs\220\255\312\347\004!>[x\225\262\317\354\011&C`}\232\267\324\361\016+He\202\237\274\331\366\0230Mj\207\244\301\336\373\0305Ro\214\251\306\343\000\035:Wt\221\256\313\350\005\"\077\\y\226\263\320\355\012'Da~") },
	    { CASE_UDP("29070"), "LineCall",
	      SAMPLE("a length that does not fit", CLIENT, "\266\007\000\004abcdx") },
	    { CASE_TCP("10011"), "TeamSpeak",
	      SAMPLE("another text", SERVER, "TS3 Welcome to nothing at all") },
	    { CASE_UDP("9987"), "TeamSpeak",
	      SAMPLE("only its name", CLIENT, "TS3INIT1 is how it begins") },
	    { CASE_UDP("8767"), "TeamSpeak",
	      SAMPLE(
		  "another class", CLIENT,
		  "\364\276\007\000\000\000\000\000\001\000\000\000D3\"\021\011TeamSpeak\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	    { CASE_UDP("64738"), "Mumble",
	      SAMPLE("an answer that nobody asked for", SERVER,
	             "\000\001\003\005\021\"3DUfw\210\000\000\000\005\000\000\000d\000\001\031@") },
	    { CASE_UDP("16600"), "iQIYI",
	      SAMPLE("one side", CLIENT,
	             "\034@0\000Dtqsessionsqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq") },
	    { CASE_UDP("23045"), "KakaoTalk Voice",
	      SAMPLE(
		  "elsewhere", CLIENT,
		  "\201\311\000\007\336\255\276\357eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee") },
    };

/* Media has two octets that say so: it takes three of them, on the ports of its servers. */
static void
zoom_is_known_by_its_media(void **state)
{
	static const char audio[] =
	    "\005\017\000\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000mmmmmmmmmmmmmmmmmmmmmmmmmmmmmm";
	static const char video[] =
	    "\005\020\000\002\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000mmmmmmmmmmmmmmmmmmmmmmmmmmmmmm";
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_UDP, USUAL("8801"));
	struct talk elsewhere = talk_begin(h, NM_UDP, ANYWHERE);

	(void)state;
	assert_string_equal(talk_say(&t, SERVER, audio), "Unknown");
	assert_string_equal(talk_say(&t, SERVER, video), "Zoom");
	assert_true(t.state.confidence < NM_CONF_SIGNATURE);
	assert_string_equal(talk_say(&t, SERVER, audio), "Zoom");
	assert_int_equal(t.state.confidence, NM_CONF_SIGNATURE);
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(talk_say(&elsewhere, SERVER, audio), "Unknown");
	harness_free(h);
}

static void
two_questions_are_no_answer(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk line = talk_begin(h, NM_UDP, USUAL("29070"));
	struct talk ping = talk_begin(h, NM_UDP, USUAL("8801"));

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct sample *opening = &dialogues[1].first;
		const struct sample *question = &dialogues[0].first;

		(void)talk_send(&line, CLIENT, opening->bytes, opening->len);
		(void)talk_send(&ping, CLIENT, question->bytes, question->len);
	}
	assert_string_equal(talk_app(&line), "Unknown");
	assert_string_equal(talk_app(&ping), "Unknown");
	harness_free(h);
}

/* Reports beside the media; to others they are RTP. */
static void
reports_to_the_network_of_kakaotalk_are_its_own(void **state)
{
	static const char report[] =
	    "\201\311\000\007\336\255\276\357eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
	struct harness *h = harness_new(all_modules);
	struct talk theirs = talk_begin(h, NM_UDP, "10.0.0.1:40001 1.201.5.6:23045");
	struct talk others = talk_begin(h, NM_UDP, "10.0.0.1:40001 1.202.5.6:23045");

	(void)state;
	assert_string_equal(talk_say(&theirs, CLIENT, report), "KakaoTalk Voice");
	assert_string_equal(talk_say(&others, CLIENT, report), "RTP");
	harness_free(h);
}

static void
a_server_of_teamspeak_is_tagged(void **state)
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
		TESTS_OF_DIALOGUES(dialogues),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(zoom_is_known_by_its_media),
		cmocka_unit_test(two_questions_are_no_answer),
		cmocka_unit_test(reports_to_the_network_of_kakaotalk_are_its_own),
		cmocka_unit_test(a_server_of_teamspeak_is_tagged),
	};

	return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
