/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMTP and submission: RFC 5321, STARTTLS (RFC 3207; the flow stays SMTP when it goes on encrypted). TCP, any port; the
 * usual ones are 25, 465 (that is TLS from the start, see tls), 587 and 2525.
 *
 * Evidence: the client's EHLO, HELO or MAIL FROM; the server's 220 greeting, which FTP has too, so it must name SMTP or
 * come from a mail port; the answer to EHLO by the extensions that it lists. One direction is enough. A server that
 * introduced itself is tagged. Cost: asked for
 * payload that begins with one of these words; reads a few lines.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SMTP 6

#define LINES_MAX 16

static const struct nm_app apps[] = {
	{ APP_SMTP, "SMTP", "Mail", 0xcc79a7, 0xe39cc4 },
};

#define WORD(a, b, c, d) NM_MATCH_WORD(NM_TCP, 6, a, b, c, d)
#define REPLY(text)      NM_MATCH_TEXT(NM_TCP, 6, text)

static const struct nm_match matches[] = {
	WORD('E', 'H', 'L', 'O'),
	WORD('H', 'E', 'L', 'O'),
	WORD('M', 'A', 'I', 'L'),
	WORD('R', 'C', 'P', 'T'),
	REPLY("220"),
	REPLY("250"),
	REPLY("354 "),
	REPLY("554 "),
	REPLY("421 "),
};

/* What a client says: a line that begins so. Lower case; the first that fits counts. */
static const struct {
	const char *begins;
	uint8_t confidence;
} commands[] = {
	{ "ehlo ", NM_CONF_SIGNATURE },  { "helo ", NM_CONF_SIGNATURE },
	{ "ehlo\r\n", NM_CONF_WEAK },    { "helo\r\n", NM_CONF_WEAK },
	{ "mail from:", NM_CONF_PROOF }, { "rcpt to:", NM_CONF_PROOF },
};

/* Extensions in the answer to EHLO (IANA's list of SMTP service extensions). No other protocol's 250 reply has them. */
static const char *const extensions[] = {
	"8bitmime",
	"pipelining",
	"starttls",
	"size",
	"auth ",
	"auth=",
	"enhancedstatuscodes",
	"dsn",
	"chunking",
	"smtputf8",
	"vrfy",
	"binarymime",
	"etrn",
	"expn",
	"help",
	"xclient",
	"verb",
	"deliverby",
};

/* Words of the other replies. */
static const struct {
	const char *code;
	const char *says;
	uint8_t confidence;
} replies[] = {
	{ "220", "smtp", NM_CONF_PROOF },
	{ "421 ", "smtp", NM_CONF_SIGNATURE },
	{ "554 ", "smtp", NM_CONF_SIGNATURE },
	{ "354 ", "mail input", NM_CONF_SIGNATURE },
	{ "354 ", "<crlf>", NM_CONF_SIGNATURE },
	{ "354 ", "end with", NM_CONF_SIGNATURE },
	{ "354 ", "<cr><lf>", NM_CONF_SIGNATURE },
	{ "250 2.1.0", "", NM_CONF_SIGNATURE }, /* RFC 2034: sender, recipient */
	{ "250 2.1.5", "", NM_CONF_SIGNATURE },
	{ "250 2.0.0", "", NM_CONF_WEAK },
	{ "220 2.0.0", "tls", NM_CONF_SIGNATURE },
	{ "250 ", "sender", NM_CONF_WEAK },
	{ "250 ", "recipient", NM_CONF_WEAK },
	{ "250 ", "queued", NM_CONF_WEAK },
};

static bool
is_mail_port(uint16_t port)
{
	return port == 25 || port == 587 || port == 2525;
}

static uint8_t
rate_command(const struct wire *w)
{
	struct wire rest = *w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	if (!text_all_print(&line))
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (text_begins_nocase(w, commands[i].begins))
			return commands[i].confidence;
	return 0;
}

/* The lines of an answer to EHLO behind its first: "250-SIZE 1000". */
static bool
lists_extension(struct wire w)
{
	for (unsigned i = 0; i < LINES_MAX && wire_left(&w) > 0; i++) {
		bool ended;
		struct wire line = text_line(&w, &ended);

		wire_skip(&line, 4);
		for (size_t j = 0; i > 0 && j < sizeof(extensions) / sizeof(extensions[0]); j++)
			if (text_begins_nocase(&line, extensions[j]))
				return true;
	}
	return false;
}

static uint8_t
rate_reply(const struct nm_packet *pkt, struct wire w)
{
	struct wire rest = w;
	struct wire ftp = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	if (!text_all_print(&line))
		return 0;
	if (text_begins(&w, "250-") && lists_extension(w))
		return NM_CONF_PROOF;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct wire says = w;

		if (text_begins(&w, replies[i].code) &&
		    (*replies[i].says == '\0' || text_seek(&says, replies[i].says)))
			return replies[i].confidence;
	}
	/* A greeting that names nothing: the port is a hint, and the client's answer will tell. */
	return text_begins(&w, "220") && is_mail_port(pkt->sport) && !text_seek(&ftp, "ftp")
	           ? NM_CONF_WEAK
	           : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t confidence = text_is_digit(*pkt->payload) ? rate_reply(pkt, w) : rate_command(&w);

	(void)ctx;
	if (confidence >= NM_CONF_SIGNATURE && pkt->direction == NM_FROM_SERVER)
		nm_tag_sender(pkt, call, APP_SMTP);
	return nm_signature(verdict, APP_SMTP, confidence);
}

NM_MODULE(smtp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "smtp",
	.summary = "SMTP and mail submission, on any TCP port",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
