/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * POP3: RFC 1939, RFC 2449 (CAPA), RFC 5034 (AUTH). TCP, any port, usually 110. With STLS (RFC 2595) the flow stays POP3
 * when it goes on encrypted; port 995 is TLS from the start, see tls.
 *
 * Evidence: the server's "+OK " with words behind it, commands that only POP3 has. "-ERR" and a bare "+OK" are Redis' too,
 * USER, PASS, LIST and RETR are FTP's: they count on port 110 only. One direction is enough. A server that introduced itself
 * is tagged. Cost: asked for payload that begins with one of these words; reads one line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_POP3 52

static const struct nm_app apps[] = {
	{ APP_POP3, "POP3", "Mail", 0x882255, 0xc9658f },
};

#define WORD(a, b, c, d) NM_MATCH_WORD(NM_TCP, 5, a, b, c, d)

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 5, "+OK"), NM_MATCH_TEXT(NM_TCP, 5, "-ERR"), WORD('C', 'A', 'P', 'A'),
	WORD('U', 'I', 'D', 'L'),        WORD('S', 'T', 'L', 'S'),         WORD('A', 'P', 'O', 'P'),
	WORD('U', 'S', 'E', 'R'),        WORD('P', 'A', 'S', 'S'),         WORD('A', 'U', 'T', 'H'),
	WORD('S', 'T', 'A', 'T'),        WORD('L', 'I', 'S', 'T'),         WORD('R', 'E', 'T', 'R'),
	WORD('D', 'E', 'L', 'E'),
};

/* What a line begins with, in lower case, and what it is worth on any port and on port 110; the first that fits counts.
 * `whole`: the line ends there. */
static const struct {
	const char *begins;
	bool whole;
	uint8_t anywhere;
	uint8_t at_port;
} words[] = {
	{ "+ok ", false, NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "+ok", true, 0, NM_CONF_SIGNATURE },
	{ "-err ", false, 0, NM_CONF_SIGNATURE },
	{ "-err", true, 0, NM_CONF_SIGNATURE },
	{ "capa", true, NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "uidl", true, NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "uidl ", false, NM_CONF_WEAK, NM_CONF_PROOF },
	{ "stls", true, NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "apop ", false, NM_CONF_SIGNATURE, NM_CONF_PROOF },
	{ "user ", false, 0, NM_CONF_SIGNATURE },
	{ "pass ", false, 0, NM_CONF_SIGNATURE },
	{ "auth ", false, 0, NM_CONF_SIGNATURE },
	{ "auth", true, 0, NM_CONF_SIGNATURE },
	{ "stat", true, 0, NM_CONF_SIGNATURE },
	{ "list", true, 0, NM_CONF_SIGNATURE },
	{ "list ", false, 0, NM_CONF_SIGNATURE },
	{ "retr ", false, 0, NM_CONF_SIGNATURE },
	{ "dele ", false, 0, NM_CONF_SIGNATURE },
};

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire rest = wire_init(pkt->payload, pkt->len);
	bool ended;
	struct wire line = text_line(&rest, &ended);
	bool port = nm_is_port(pkt, 110);

	if (!text_all_print(&line))
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!text_begins_nocase(&line, words[i].begins))
			continue;
		if (!words[i].whole || (ended && wire_left(&line) == strlen(words[i].begins)))
			return port ? words[i].at_port : words[i].anywhere;
	}
	return 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint8_t confidence = rate(pkt);

	(void)ctx;
	if (confidence > 0 && *pkt->payload == '+')
		nm_tag_sender(pkt, call, APP_POP3);
	return nm_signature(verdict, APP_POP3, confidence);
}

NM_MODULE(pop3) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "pop3",
	.summary = "POP3, on any TCP port",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
