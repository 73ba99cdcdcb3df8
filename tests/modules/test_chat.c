/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XMPP, IRC and NNTP, and other texts that begin like them. */
#include "tests/support/module_cases.h"

/* What says by itself what it is. */
static const struct module_case messages[] = {
	{ CASE_TCP("5222"), "XMPP",
	  SAMPLE("opening", CLIENT,
	         "<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client'>") },
	{ CASE_TCP("5222"), "XMPP",
	  SAMPLE("features", SERVER, "<stream:features><starttls/></stream:features>") },
	{ CASE_TCP("5222"), "XMPP",
	  SAMPLE("stanza", CLIENT,
	         "<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>") },
	{ CASE_TCP("6667"), "IRC", SAMPLE("user", CLIENT, "USER joe 0 * :Joe Doe\r\n") },
	{ CASE_TCP("6667"), "IRC",
	  SAMPLE("nick and user", CLIENT, "NICK joe\r\nUSER joe 0 * :Joe Doe\r\n") },
	{ CASE_TCP("6667"), "IRC",
	  SAMPLE("welcome", SERVER, ":irc.example.org 001 joe :Welcome\r\n") },
	{ CASE_TCP("6667"), "IRC",
	  SAMPLE("word", SERVER, ":ann!ann@example.org PRIVMSG #c :hello\r\n") },
	{ CASE_TCP("6667"), "IRC",
	  SAMPLE("offer of a file", CLIENT,
	         "PRIVMSG ann :\1DCC SEND a.txt 167772161 5555 12\1\r\n") },
	{ CASE_TCP("119"), "NNTP",
	  SAMPLE("greeting", SERVER, "200 news.example.org NNTP service ready\r\n") },
	{ CASE_TCP("119"), "NNTP", SAMPLE("reader", CLIENT, "MODE READER\r\n") },
};

/* What is too little for any other port than its own. */
static const struct module_case port_messages[] = {
	{ CASE_TCP("119"), "NNTP", SAMPLE("group", CLIENT, "GROUP misc.test\r\n") },
	{ CASE_TCP("6667"), "IRC", SAMPLE("nick alone", CLIENT, "NICK joe\r\n") },
};

/* What must not be taken for it. */
static const struct module_case look_alikes[] = {
	{ CASE_TCP("21"), "IRC", SAMPLE("user of FTP", CLIENT, "USER joe\r\n") },
	{ CASE_TCP("5222"), "XMPP",
	  SAMPLE("a page", CLIENT,
	         "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>") },
	{ CASE_TCP("9000"), "XMPP",
	  SAMPLE("message of another kind", CLIENT, "<message text=\"hello\"/>") },
	{ CASE_TCP("6667"), "IRC", SAMPLE("a colon", CLIENT, ":-) 123 hello world\r\n") },
	{ CASE_TCP("25"), "NNTP", SAMPLE("mail", SERVER, "220 mail.example.org ESMTP\r\n") },
	{ CASE_TCP("9000"), "NNTP", SAMPLE("reply of others", SERVER, "200 OK\r\n") },
	{ CASE_TCP("119"), "NNTP", SAMPLE("port alone", CLIENT, "hello world\r\n") },
};

static void
a_welcome_tags_its_server(void **state)
{
	(void)state;
	case_tags_its_server(&messages[5]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS_OF_MESSAGES(CASES(messages)),
		TESTS_OF_PORT_MESSAGES(CASES(port_messages)),
		TESTS_OF_LOOK_ALIKES(CASES(look_alikes)),
		cmocka_unit_test(a_welcome_tags_its_server),
	};

	return cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
