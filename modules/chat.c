/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Talk and news on TCP, any port: XMPP (RFC 6120; usually 5222, 5269), IRC (RFC 2812; 6667), NNTP (RFC 3977; 119). Where they
 * go over to TLS the flow keeps its name.
 *
 * Evidence: XMPP: the opening of a stream, or a stanza; IRC: a client's or server's line whose words only IRC has; NNTP: commands
 * that only NNTP has, a greeting that names it. Words that others have too count on the usual port only. Servers are tagged.
 * Cost: asked for payload that begins with one of these words, and for all of it on port 119; reads a line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_XMPP 128
#define APP_IRC  129
#define APP_NNTP 135

#define PORT_IRC    6667
#define PORT_NNTP   119
#define OPENING_MAX 512 /* octets in which a stream's opening names its kind */

static const struct nm_app apps[] = {
	{ APP_XMPP, "XMPP", "Messaging", 0xb8860b, 0xe0b84a },
	{ APP_IRC, "IRC", "Messaging", 0x4682b4, 0x8ab9dd },
	{ APP_NNTP, "NNTP", "News", 0x6b8e23, 0xa5c663 },
};

#define TEXT(text)       NM_MATCH_TEXT(NM_TCP, 6, text)
#define WORD(a, b, c, d) NM_MATCH_WORD(NM_TCP, 6, a, b, c, d)

static const struct nm_match matches[] = {
	TEXT("<?xml"),
	TEXT("<stream:"),
	TEXT("<iq "),
	TEXT("<message"),
	TEXT("<presenc"),
	TEXT(":"),
	WORD('N', 'I', 'C', 'K'),
	WORD('U', 'S', 'E', 'R'),
	WORD('P', 'R', 'I', 'V'),
	WORD('J', 'O', 'I', 'N'),
	WORD('N', 'O', 'T', 'I'),
	TEXT("CAP "),
	WORD('M', 'O', 'D', 'E'),
	WORD('G', 'R', 'O', 'U'),
	WORD('X', 'O', 'V', 'E'),
	WORD('A', 'R', 'T', 'I'),
	TEXT("200 "),
	TEXT("201 "),
	{ .transport = NM_TCP, .port = PORT_NNTP, .min_len = 5 },
};

static uint8_t
rate_xmpp(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (*w.at != '<')
		return 0;
	wire_limit(&w, OPENING_MAX);
	struct wire opening = w;
	if (text_begins(&w, "<?xml"))
		return text_seek(&opening, "<stream:stream") ? NM_CONF_SIGNATURE : 0;
	if (text_begins(&w, "<stream:"))
		return NM_CONF_SIGNATURE;
	if (!text_begins(&w, "<iq ") && !text_begins(&w, "<message ") &&
	    !text_begins(&w, "<presence"))
		return 0;
	return text_seek(&opening, "jabber:") || text_seek(&w, "xmpp") ? NM_CONF_SIGNATURE : 0;
}

/* Words of a client, and of a server to a client that is not known yet. */
static const struct {
	const char *begins; /* lower case */
	const char *then;   /* what has to follow somewhere in the line; empty: nothing */
	bool anywhere;      /* on any port, not only 6667 */
} irc_words[] = {
	{ "user ", " :", true },    { "privmsg ", " :", true }, { "notice auth ", ":", true },
	{ "notice * ", ":", true }, { "join #", "", true },     { "cap ls", "", true },
	{ "cap req ", ":", true },  { "nick ", "", false },     { "mode #", "", false },
};

/* ":server 001 joe :Welcome" and ":joe!joe@host PRIVMSG #channel :text"; RFC 2812 section 2.3. */
static bool
is_prefixed(struct wire line)
{
	static const char *const commands[] = { "privmsg ", "notice ", "join ", "mode ",  "part ",
		                                "quit ",    "nick ",   "kick ", "topic ", "ping " };
	const uint8_t *space = text_find(line.at, line.end, ' ');

	if (!space || space - line.at < 4)
		return false;
	bool person = text_find(line.at, space, '!') != NULL;
	bool dotted = text_find(line.at, space, '.') != NULL;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (text_begins_nocase(&line, commands[i]))
			return person || dotted;
	if (wire_left(&line) < 5)
		return false;
	return dotted && text_is_digit(line.at[0]) && text_is_digit(line.at[1]) &&
	       text_is_digit(line.at[2]) && line.at[3] == ' ';
}

/* What people say, behind the last colon, may be in any letters and has control octets of its own (CTCP). */
static bool
is_head_print(struct wire line)
{
	const uint8_t *colon = text_find(line.at + 1, line.end, ':');

	wire_limit(&line, colon ? (size_t)(colon - line.at) : wire_left(&line));
	return text_all_print(&line);
}

static uint8_t
rate_irc(const struct nm_packet *pkt, struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);

	if (!ended || wire_left(&line) < 4 || !is_head_print(line))
		return 0;
	if (*line.at == ':')
		return is_prefixed(line) ? NM_CONF_SIGNATURE : 0;
	for (size_t i = 0; i < sizeof(irc_words) / sizeof(irc_words[0]); i++) {
		struct wire rest = line;

		if (!text_begins_nocase(&line, irc_words[i].begins) ||
		    (!irc_words[i].anywhere && !nm_is_port(pkt, PORT_IRC)))
			continue;
		wire_skip(&rest, strlen(irc_words[i].begins) - 1);
		if (*irc_words[i].then == '\0' || text_seek(&rest, irc_words[i].then))
			return NM_CONF_SIGNATURE;
	}
	/* "NICK joe" and "USER" come in one segment */
	return text_begins_nocase(&line, "nick ") && text_begins_nocase(&w, "user ")
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct {
	const char *begins; /* lower case */
	bool anywhere;
} nntp_words[] = {
	{ "mode reader\r\n", true }, { "xover ", true },
	{ "article <", true },       { "group ", false },
	{ "article ", false },       { "over ", false },
	{ "head ", false },          { "body ", false },
	{ "list", false },           { "authinfo ", false },
	{ "newgroups ", false },     { "post\r\n", false },
	{ "ihave ", false },         { "200 ", false },
	{ "201 ", false },           { "211 ", false },
	{ "215 ", false },           { "220 ", false },
	{ "224 ", false },           { "capabilities\r\n", false },
};

static uint8_t
rate_nntp(const struct nm_packet *pkt, struct wire w)
{
	struct wire rest = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	if (!text_all_print(&line))
		return 0;
	if (text_begins(&w, "200 ") || text_begins(&w, "201 ")) {
		struct wire greeting = line;

		if (text_seek(&greeting, "nntp"))
			return NM_CONF_SIGNATURE;
	}
	for (size_t i = 0; i < sizeof(nntp_words) / sizeof(nntp_words[0]); i++)
		if ((nntp_words[i].anywhere || nm_is_port(pkt, PORT_NNTP)) &&
		    text_begins_nocase(&w, nntp_words[i].begins))
			return NM_CONF_SIGNATURE;
	return 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_XMPP, rate_xmpp },
	{ NM_TCP, APP_IRC, rate_irc },
	{ NM_TCP, APP_NNTP, rate_nntp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(chat) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "chat",
	.summary = "XMPP, IRC and NNTP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
