/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * MSN Messenger: MSNP 2 to 21 (as documented by its users; the service ended in 2014), its file and media transfers MSNSLP,
 * its HTTP gateway. TCP, any port, usually 1863; the gateway is on 80.
 *
 * Evidence: commands whose transaction number and words only MSNP has. One direction is enough, and so is a later command;
 * the gateway is told by its path. A server that answered is tagged. Cost: asked for payload that begins with one of these
 * commands; reads one line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_MSN 63

#define PORT_MSN 1863

static const struct nm_app apps[] = {
	{ APP_MSN, "MSN", "Chat", 0xcc6677, 0xe896a4 },
};

#define TEXT(literal) NM_MATCH_TEXT(NM_TCP, 5, literal)
static const struct nm_match matches[] = {
	TEXT("VER "),    TEXT("CVR "),     TEXT("USR "),     TEXT("XFR "), TEXT("ANS "),
	TEXT("CAL "),    TEXT("JOI "),     TEXT("IRO "),     TEXT("ILN "), TEXT("NLN "),
	TEXT("CHG "),    TEXT("MSG "),     TEXT("QRY "),     TEXT("RNG "), TEXT("FLN "),
	TEXT("MSNSLP/"), TEXT("INVITE M"), TEXT("POST /ga"),
};

/* A command: what stands in its line behind the transaction number, in lower case. `numbered`: there is such a number. */
static const struct {
	const char *command;
	bool numbered;
	uint8_t confidence;
	const char *says;
} commands[] = {
	{ "VER ", true, NM_CONF_PROOF, " msnp" },
	{ "CVR ", true, NM_CONF_PROOF, "msmsgs" },
	{ "CVR ", true, NM_CONF_PROOF, "msnmsgr" },
	{ "CVR ", true, NM_CONF_SIGNATURE, " 0x0" },
	{ "CVR ", true, NM_CONF_SIGNATURE, " http://" },
	{ "USR ", true, NM_CONF_SIGNATURE, " twn " },
	{ "USR ", true, NM_CONF_SIGNATURE, " sso " },
	{ "USR ", true, NM_CONF_SIGNATURE, " md5 " },
	{ "USR ", true, NM_CONF_SIGNATURE, " ok " },
	{ "USR ", true, NM_CONF_WEAK, "@" },
	{ "XFR ", true, NM_CONF_SIGNATURE, " ns " },
	{ "XFR ", true, NM_CONF_SIGNATURE, " sb" },
	{ "ANS ", true, NM_CONF_SIGNATURE, "@" },
	{ "ANS ", true, NM_CONF_WEAK, " ok" },
	{ "CAL ", true, NM_CONF_SIGNATURE, "@" },
	{ "CAL ", true, NM_CONF_SIGNATURE, " ringing " },
	{ "IRO ", true, NM_CONF_SIGNATURE, "@" },
	{ "ILN ", true, NM_CONF_SIGNATURE, "@" },
	{ "CHG ", true, NM_CONF_WEAK, " nln" },
	{ "CHG ", true, NM_CONF_WEAK, " fln" },
	{ "JOI ", false, NM_CONF_WEAK, "@" },
	{ "NLN ", false, NM_CONF_SIGNATURE, "@" },
	{ "FLN ", false, NM_CONF_WEAK, "@" },
	{ "RNG ", true, NM_CONF_SIGNATURE, " cki " },
	{ "QRY ", true, NM_CONF_SIGNATURE, "@msnmsgr" },
	{ "QRY ", true, NM_CONF_SIGNATURE, "prod" },
};

/* What the second line of a MSG says, and other openings. */
static const struct {
	const char *begins;
	const char *says;
	uint8_t confidence;
} openings[] = {
	{ "MSG ", "\nmime-version: 1.0", NM_CONF_SIGNATURE },
	{ "MSNSLP/1.", "", NM_CONF_PROOF },
	{ "INVITE MSNMSGR:", "", NM_CONF_PROOF },
	{ "POST /gateway/gateway.dll?", "", NM_CONF_PROOF },
};

static uint8_t
rate_command(struct wire w)
{
	struct wire rest = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	if (!ended || !text_all_print(&line))
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct wire words = line;

		if (!text_begins(&line, commands[i].command))
			continue;
		wire_skip(&words, 4);
		if (commands[i].numbered)
			(void)text_number(&words, UINT32_MAX);
		if (wire_ok(&words) && text_seek(&words, commands[i].says))
			return commands[i].confidence;
	}
	return 0;
}

static uint8_t
rate(const struct wire *w)
{
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		struct wire says = *w;

		if (text_begins(w, openings[i].begins) &&
		    (*openings[i].says == '\0' || text_seek(&says, openings[i].says)))
			return openings[i].confidence;
	}
	return rate_command(*w);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t confidence = rate(&w);

	(void)ctx;
	if (confidence >= NM_CONF_SIGNATURE && pkt->sport == PORT_MSN)
		nm_tag_sender(pkt, call, APP_MSN);
	return nm_signature(verdict, APP_MSN, confidence);
}

NM_MODULE(msn) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "msn",
	.summary = "MSN Messenger, on any TCP port",
	.max_packets = 12,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
