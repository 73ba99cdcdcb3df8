/* SPDX-License-Identifier: GPL-3.0-or-later */
/* WhatsApp, Telegram, Viber, imo, OICQ and WeChat. */
#include "tests/support/dialogue_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("5222"), "WhatsApp",
	  SAMPLE("Noise", CLIENT,
	         "WA\006\003\000\000$\022\"\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("the older pipe", CLIENT,
	         "WA\001\005\000\000\006\370\005\001\245\221\211\000\000\003abc") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE(
	      "a routed connection", CLIENT,
	      "ED\000\001\000\000\004\010\002\010\005WA\006\003\000\000$\022\"\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("the way to a place alone", CLIENT, "ED\000\001\000\000\004\010\002\010\005") },
	{ CASE_UDP("8000"), "OICQ",
	  SAMPLE(
	      "the usual version", CLIENT,
	      "\002;\013\000\001\000\027\007[\315\025\000\000\000\000\000\000\000\000sealed text\003") },
	{ CASE_TCP("5222"), "WhatsApp",
	  SAMPLE("handshake of the server", SERVER,
	         "\000\0006\0324\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\022\0200123456789abcdef") },
	{ CASE_TCP("5222"), "WhatsApp",
	  SAMPLE(
	      "with a certificate", SERVER,
	      "\000\001\030\032\225\002\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\032\360\001zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "intermediate", CLIENT,
	      "\356\356\356\356(\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\012p\013^\024\000\000\000x\227F`\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "padded", CLIENT,
	      "\335\335\335\335-\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\012p\013^\024\000\000\000x\227F`\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\"3DU") },
	{ CASE_UDP("533"), "Telegram",
	  SAMPLE(
	      "reflector asked", CLIENT,
	      "0123456789:;<=>\077\377\377\377\377\377\377\377\377\377\377\377\377\376\377\377\377\001\002\003\004\005\006\007\010") },
	{ CASE_UDP("533"), "Telegram",
	  SAMPLE(
	      "reflector answers", SERVER,
	      "0123456789:;<=>\077\377\377\377\377\377\377\377\377\377\377\377\377\307r\025\300\000\020^_\001\002\003\004\005\006\007\010\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_TCP("8080"), "WeChat",
	  SAMPLE("sign of life", CLIENT,
	         "\000\000\000\020\000\020\000\001\000\000\000\006\377\377\377\377") },
	{ CASE_TCP("443"), "WeChat",
	  SAMPLE(
	      "message", SERVER,
	      "\000\000\0000\000\020\000\001\000\000\000\355\000\000\000\007wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww") },
	{ CASE_UDP("36535"), "imo",
	  SAMPLE("sign of life", CLIENT, "\011\002\264\232\002\000\000\000\000\000") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("4244"), "Viber",
	  SAMPLE(
	      "first message", CLIENT,
	      "(\000\021\"3D\374\377\003\200Y\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("7985"), "Viber",
	  SAMPLE("media, type 9", CLIENT,
	         "\0224\011\000\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001") },
	{ CASE_UDP("7987"), "Viber",
	  SAMPLE("media, type 14", SERVER, "\0224\016\000\000\000\000\000\012\013\014\015") },
	{ CASE_UDP("8000"), "OICQ",
	  SAMPLE(
	      "another version", CLIENT,
	      "\002\0211\000\001\000\027\007[\315\025\000\000\000\000\000\000\000\000sealed text\003") },
	{ CASE_TCP("8000"), "OICQ",
	  SAMPLE(
	      "behind its length", CLIENT,
	      "\000!\002;\013\000\001\000\027\007[\315\025\000\000\000\000\000\000\000\000sealed text\003") },
};

/* What takes two messages. */
static const struct dialogue_case dialogues[] = {
	{ CASE_UDP("7985"), "Viber", "Viber",
	  SAMPLE("media, type 9", CLIENT,
	         "\0224\011\000\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"),
	  SAMPLE(
	      "media, type 11", SERVER,
	      "\0224\013\000\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002\002") },
	{ CASE_TCP("4244"), "Viber", "Unknown",
	  SAMPLE("counted messages", CLIENT, "\036\000\011\000\000\000qqqqqqqqqqqqqqqqqqqqqqqq"),
	  SAMPLE("the next one", CLIENT, "\032\000\012\000\000\000rrrrrrrrrrrrrrrrrrrr") },
	{ CASE_UDP("36535"), "imo", "imo",
	  SAMPLE("number", CLIENT, "\011\002\264\232\002\000\000\000\000\000"),
	  SAMPLE("a higher number", SERVER, "\000\011\003\277\232\002\000\000\000\000\000") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("a word of text", CLIENT, "WARNING: this is not it") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("more than was sent", CLIENT,
	         "WA\006\003\000 $\022\"\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("no frame", CLIENT,
	         "WA\006\003\000\000\000\022\"\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("routed to nowhere", CLIENT,
	         "ED\000\001\000\000\004\010\002\010\005HELLO WORLD") },
	{ CASE_TCP("443"), "WhatsApp",
	  SAMPLE("a field that does not fill its frame", SERVER,
	         "\000\0006\0325\012 ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`\022\0200123456789abcdef") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "four octets and no length", CLIENT,
	      "\356\356\356\356\356\356\356\356\356\356\356\356xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "longer than what was sent", CLIENT,
	      "\356\356\356\356\220\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\012p\013^\024\000\000\000x\227F`\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "words that do not fit", CLIENT,
	      "\357\013\000\000\000\000\000\000\000\000\000\000\000\000\012p\013^\024\000\000\000x\227F`\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020") },
	{ CASE_TCP("443"), "Telegram",
	  SAMPLE(
	      "the server begins", SERVER,
	      "\357\020\0130Uz\237\304\351\0163X}\242\307\354\0216[\200\245\312\357\0249^\203\250\315\362\027<a\206\253\320\365\032\077d\211\256\323\370\035Bg\214\261\326\373 Ej\217\264\331\376#Hm\222\267\334\001&") },
	{ CASE_UDP("533"), "Telegram",
	  SAMPLE(
	      "ones alone", CLIENT,
	      "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377") },
	{ CASE_UDP("7985"), "Viber",
	  SAMPLE(
	      "a type of another length", CLIENT,
	      "\0224\011\000\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001\000") },
	{ CASE_TCP("4244"), "Viber",
	  SAMPLE(
	      "a length that does not fit", CLIENT,
	      ")\000\021\"3D\374\377\003\200Y\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000") },
	{ CASE_UDP("36535"), "imo",
	  SAMPLE("a large number", CLIENT, "\011\002\000\000\000\000\264\232\022\000") },
	{ CASE_UDP("36535"), "imo",
	  SAMPLE("longer", CLIENT, "\011\002\264\232\002\000\000\000\000\000\000") },
	{ CASE_UDP("8000"), "OICQ",
	  SAMPLE(
	      "no end", CLIENT,
	      "\002;\013\000\001\000\027\007[\315\025\000\000\000\000\000\000\000\000sealed text\004") },
	{ CASE_UDP("8000"), "OICQ",
	  SAMPLE(
	      "no such command", CLIENT,
	      "\002;\013ww\000\027\007[\315\025\000\000\000\000\000\000\000\000sealed text\003") },
	{ CASE_UDP("8000"), "OICQ",
	  SAMPLE(
	      "user of old", CLIENT,
	      "\002;\013\000\001\000\027\000\000'\017\000\000\000\000\000\000\000\000sealed text\003") },
	{ CASE_TCP("443"), "WeChat",
	  SAMPLE(
	      "a longer head", CLIENT,
	      "\000\000\000\024\000\024\000\001\000\000\000\006\000\000\000\000\000\000\000\000") },
	{ CASE_TCP("443"), "WeChat",
	  SAMPLE("shorter than its head", CLIENT,
	         "\000\000\000\010\000\020\000\001\000\000\000\006\000\000\000\000") },
};

static const struct sample abridged[] = {
	SAMPLE(
	    "without a key", CLIENT,
	    "\357\012\000\000\000\000\000\000\000\000\000\000\000\000\012p\013^\024\000\000\000x\227F`\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020"),
	SAMPLE(
	    "with a key", CLIENT,
	    "\357\020\0130Uz\237\304\351\0163X}\242\307\354\0216[\200\245\312\357\0249^\203\250\315\362\027<a\206\253\320\365\032\077d\211\256\323\370\035Bg\214\261\326\373 Ej\217\264\331\376#Hm\222\267\334\001&"),
	SAMPLE(
	    "long", CLIENT,
	    "\357\177\240\000\000\0070Y\202\253\324\375&Ox\241\312\363\034En\227\300\351\022;d\215\266\337\0101Z\203\254\325\376'Py\242\313\364\035Fo\230\301\352\023<e\216\267\340\0112[\204\255\326\377(Qz\243\314\365\036Gp\231\302\353\024=f\217\270\341\0123\\\205\256\327\000)R{\244\315\366\037Hq\232\303\354\025>g\220\271\342\0134]\206\257\330\001*S|\245\316\367 Ir\233\304\355\026\077h\221\272\343\0145^\207\260\331\002+T}\246\317\370!Js\234\305\356\027@i\222\273\344\0156_\210\261\332\003,U~\247\320\371\"Kt\235\306\357\030Aj\223\274\345\0167`\211\262\333\004-V\177\250\321\372#Lu\236\307\360\031Bk\224\275\346\0178a\212\263\334\005.W\200\251\322\373$Mv\237\310\361\032Cl\225\276\347\0209b\213\264\335\006/X\201\252\323\374%Nw\240\311\362\033Dm\226\277\350\021:c\214\265\336\0070Y\202\253\324\375&Ox\241\312\363\034En\227\300\351\022;d\215\266\337\0101Z\203\254\325\376'Py\242\313\364\035Fo\230\301\352\023<e\216\267\340\0112[\204\255\326\377(Qz\243\314\365\036Gp\231\302\353\024=f\217\270\341\0123\\\205\256\327\000)R{\244\315\366\037Hq\232\303\354\025>g\220\271\342\0134]\206\257\330\001*S|\245\316\367 Ir\233\304\355\026\077h\221\272\343\0145^\207\260\331\002+T}\246\317\370!Js\234\305\356\027@i\222\273\344\0156_\210\261\332\003,U~\247\320\371\"Kt\235\306\357\030Aj\223\274\345\0167`\211\262\333\004-V\177\250\321\372#Lu\236\307\360\031Bk\224\275\346\0178a\212\263\334\005.W\200\251\322\373$Mv\237\310\361\032Cl\225\276\347\0209b\213\264\335\006/X\201\252\323\374%Nw\240\311\362\033Dm\226\277\350\021:c\214\265\336\0070Y\202\253\324\375&Ox\241\312\363\034En\227\300\351\022;d\215\266\337\0101Z\203\254\325\376'Py\242\313\364\035Fo\230\301\352\023<e\216\267\340\0112[\204\255\326\377(Qz\243\314\365\036Gp\231\302\353\024=f\217\270\341\0123\\\205\256\327\000)R{\244\315\366\037Hq\232\303\354\025>g\220\271\342\0134]\206\257\330\001*S|\245\316\367 Ir\233\304\355\026\077h\221\272\343\0145^"),
};

/* The abridged transport has one octet that is always the same: it counts where a connection begins. */
static void
abridged_telegram_is_known_by_its_first_octet_at_the_begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(abridged); i++) {
		struct module_case c = { CASE_TCP("443"), "Telegram", abridged[i] };

		case_is(&c, c.ends, "Telegram");
		case_is(&c, ANYWHERE, "Telegram");
		case_is_recognised_cut(&c);
	}
}

static void
abridged_telegram_is_not_looked_for_later(void **state)
{
	struct harness *h = harness_new(all_modules);
	struct talk t = talk_begin(h, NM_TCP, USUAL("443"));

	(void)state;
	(void)talk_say(&t, CLIENT, "\x99\x81\xf7");
	assert_string_equal(talk_send(&t, CLIENT, abridged[1].bytes, abridged[1].len), "Unknown");
	harness_free(h);
}

static void
a_server_of_whatsapp_is_tagged(void **state)
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
		cmocka_unit_test(abridged_telegram_is_known_by_its_first_octet_at_the_begin),
		cmocka_unit_test(abridged_telegram_is_not_looked_for_later),
		cmocka_unit_test(a_server_of_whatsapp_is_tagged),
	};

	return cmocka_run_group_tests_name("messenger", tests, NULL, NULL);
}
