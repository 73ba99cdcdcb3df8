/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IMAP: RFC 9051 (IMAP4rev2), RFC 3501. TCP, any port, usually 143. With STARTTLS the flow stays IMAP when it goes on
 * encrypted; port 993 is TLS from the start, see tls.
 *
 * Evidence: the server's untagged lines ("* OK", "* CAPABILITY"), or a client's command behind its tag. Words that other
 * line protocols might have behind a tag count on port 143 only. One direction is enough. A server that introduced itself is
 * tagged. Cost: asked for payload that begins with "* " or with a usual tag, and on port 143; reads one line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_IMAP 50

#define TAG_MAX 16 /* longer ones are not in use */

static const struct nm_app apps[] = {
	{ APP_IMAP, "IMAP", "Mail", 0xaa4499, 0xd67fc8 },
};

/* The tags are of a letter A or a and one to four digits: 0x30..0x3f are the digits and little else. */
static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 4, .port = 143 },
	NM_MATCH_TEXT(NM_TCP, 4, "* "),
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 3,
	  .pattern = { 'A', '0', ' ' },
	  .mask = { 0xdf, 0xf0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 4,
	  .pattern = { 'A', '0', '0', ' ' },
	  .mask = { 0xdf, 0xf0, 0xf0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 5,
	  .pattern = { 'A', '0', '0', '0', ' ' },
	  .mask = { 0xdf, 0xf0, 0xf0, 0xf0, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 6,
	  .pattern = { 'A', '0', '0', '0', '0', ' ' },
	  .mask = { 0xdf, 0xf0, 0xf0, 0xf0, 0xf0, 0xff } },
};

/* What a line begins with, in lower case, and what it is worth on any port and on port 143; the first that fits counts. */
struct word {
	const char *begins;
	uint8_t anywhere;
	uint8_t at_port;
};

/* RFC 9051 section 7, behind "* ". */
static const struct word untagged[] = {
	{ "ok [capability imap", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "preauth ", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "capability imap", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "ok ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "bye ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "no ", 0, NM_CONF_SIGNATURE },
	{ "bad ", 0, NM_CONF_SIGNATURE },
	{ "flags (", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "list (", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "lsub (", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "status ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "search", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "namespace ((", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "id (", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "id nil", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
};

/* Behind "* " and a number. */
static const struct word counts[] = {
	{ "exists", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "recent", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "expunge", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "fetch (", NM_CONF_PROOF, NM_CONF_PROOF },
};

/* RFC 9051 sections 6 and 7.1, behind a tag: commands, and the server's status. */
static const struct word tagged[] = {
	{ "capability", NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "login ", NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "authenticate ", NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "starttls", NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "select ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "examine ", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "namespace", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "list \"", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "lsub ", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "uid fetch ", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "uid search ", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "uid store ", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "uid copy ", NM_CONF_PROOF, NM_CONF_PROOF },
	{ "fetch ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "store ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "search ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "status ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "append ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "enable ", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "id (", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "id nil", NM_CONF_SIGNATURE, NM_CONF_SIGNATURE },
	{ "idle", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "noop", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "check", 0, NM_CONF_SIGNATURE },
	{ "close", 0, NM_CONF_SIGNATURE },
	{ "expunge", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "logout", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "ok [", NM_CONF_WEAK, NM_CONF_SIGNATURE },
	{ "ok ", 0, NM_CONF_SIGNATURE },
	{ "no ", 0, NM_CONF_WEAK },
	{ "bad ", 0, NM_CONF_SIGNATURE },
};

static uint8_t
rate_words(const struct wire *w, const struct word *words, size_t n, bool port)
{
	for (size_t i = 0; i < n; i++)
		if (text_begins_nocase(w, words[i].begins))
			return port ? words[i].at_port : words[i].anywhere;
	return 0;
}
#define RATE(w, table, port) rate_words(w, table, sizeof(table) / sizeof((table)[0]), port)

/* Behind "* ". */
static uint8_t
rate_untagged(struct wire w, bool port)
{
	struct wire behind = w;

	if (wire_left(&w) == 0 || !text_is_digit(*w.at))
		return RATE(&w, untagged, port);
	(void)text_number(&behind, UINT32_MAX);
	text_expect(&behind, ' ');
	return wire_ok(&behind) ? RATE(&behind, counts, port) : 0;
}

/* RFC 9051 section 9: a tag is of letters, digits and little else; here it must have a digit, as all clients' do. */
static uint8_t
rate_tagged(struct wire w, bool port)
{
	bool digit = false;

	for (unsigned i = 0; i < TAG_MAX && wire_left(&w) > 0; i++) {
		uint8_t c = wire_u8(&w);

		if (c == ' ')
			return digit && i > 0 ? RATE(&w, tagged, port) : 0;
		if (c == '(' || c == ')' || c == '{' || c == '*' || c == '"' || c == '/')
			return 0;
		digit = digit || text_is_digit(c) || c == '.';
	}
	return 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire rest = wire_init(pkt->payload, pkt->len);
	uint8_t confidence;
	bool ended;
	struct wire line = text_line(&rest, &ended);
	bool port = nm_is_port(pkt, 143);
	bool from_server = text_begins(&line, "* ");

	(void)ctx;
	if (!text_all_print(&line))
		return NM_MORE;
	if (from_server) {
		wire_skip(&line, 2);
		confidence = rate_untagged(line, port);
	} else {
		confidence = rate_tagged(line, port);
	}
	if (from_server && confidence >= NM_CONF_SIGNATURE)
		nm_tag_sender(pkt, call, APP_IMAP);
	return nm_signature(verdict, APP_IMAP, confidence);
}

NM_MODULE(imap) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "imap",
	.summary = "IMAP, on any TCP port",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
