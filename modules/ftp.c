/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * FTP: RFC 959, RFC 2428 (EPRT, EPSV), RFC 4217 (AUTH TLS; what follows is not readable). TCP, any port, usually 21.
 *
 * Control connections are told by the replies and commands that only FTP has; "220" and "USER" alone, which SMTP and POP3
 * have too, are weak. A control connection is watched to its end: PORT, EPRT and the replies 227 and 229 tag the end of
 * the data connection, which is FTP-data from its first packet on, whatever its port and contents.
 *
 * The address in PORT and 227 is believed only when it is that of one of the two ends; else (NAT, or a transfer between
 * two servers, or an attempt to have somebody else's server tagged) the sender's own address is tagged instead. Cost: a
 * few lines read of each packet of a control connection.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_FTP      7
#define APP_FTP_DATA 8

#define LINES_MAX  16  /* looked at in one packet */
#define DATA_TTL_S 120 /* between the announcement and the connection */

/* What the flow's note holds: both replies that are weak alone. */
#define SEEN_GREETING 0x1u /* 220 from the server */
#define SEEN_USER     0x2u /* USER from the client */

static const struct nm_app apps[] = {
	{ APP_FTP, "FTP", "File transfer", 0xd55e00, 0xf0803c },
	{ APP_FTP_DATA, "FTP-data", "File transfer", 0xe69f00, 0xffbf47 },
};

#define WORD(a, b, c, d) NM_MATCH_WORD(NM_TCP, 5, a, b, c, d)
#define REPLY(text)      NM_MATCH_TEXT(NM_TCP, 5, text)

static const struct nm_match matches[] = {
	REPLY("220"),
	REPLY("227 "),
	REPLY("229 "),
	REPLY("331 "),
	REPLY("150 "),
	REPLY("226 "),
	REPLY("230"),
	REPLY("215 "),
	REPLY("211-"),
	REPLY("257 \""),
	REPLY("530 "),
	WORD('U', 'S', 'E', 'R'),
	WORD('P', 'A', 'S', 'V'),
	WORD('E', 'P', 'S', 'V'),
	WORD('P', 'O', 'R', 'T'),
	WORD('E', 'P', 'R', 'T'),
	WORD('T', 'Y', 'P', 'E'),
	WORD('S', 'Y', 'S', 'T'),
	WORD('F', 'E', 'A', 'T'),
	WORD('R', 'E', 'T', 'R'),
	WORD('S', 'T', 'O', 'R'),
	WORD('M', 'D', 'T', 'M'),
	WORD('A', 'U', 'T', 'H'),
};

/* What a message is worth by itself, in lower case; the first row that fits counts. `says` is anywhere in its packet.
 * Weak rows are of words that POP3, SMTP or NNTP have too: they count on port 21 only. */
static const struct {
	const char *begins;
	const char *says;
	uint8_t confidence;
} words[] = {
	{ "220", "ftp", NM_CONF_SIGNATURE },
	{ "220", "filezilla", NM_CONF_SIGNATURE },
	{ "227 ", "passive", NM_CONF_PROOF },
	{ "229 ", "(|||", NM_CONF_PROOF },
	{ "331 ", "password", NM_CONF_SIGNATURE },
	{ "331 ", "", NM_CONF_WEAK },
	{ "150 ", "data connection", NM_CONF_SIGNATURE },
	{ "150 ", "", NM_CONF_WEAK },
	{ "226 ", "transfer complete", NM_CONF_SIGNATURE },
	{ "226-", "", NM_CONF_WEAK },
	{ "226 ", "", NM_CONF_WEAK },
	{ "230 ", "log", NM_CONF_WEAK },
	{ "215 ", "unix type", NM_CONF_SIGNATURE },
	{ "215 ", "windows_nt", NM_CONF_SIGNATURE },
	{ "211-", "feature", NM_CONF_SIGNATURE },
	{ "211-", "extension", NM_CONF_SIGNATURE },
	{ "257 \"", "directory", NM_CONF_SIGNATURE },
	{ "530 ", "log in with user", NM_CONF_SIGNATURE },
	{ "pasv\r\n", "", NM_CONF_SIGNATURE },
	{ "epsv\r\n", "", NM_CONF_SIGNATURE },
	{ "epsv ", "", NM_CONF_WEAK },
	{ "eprt |", "|", NM_CONF_SIGNATURE },
	{ "port ", ",", NM_CONF_SIGNATURE },
	{ "type i\r\n", "", NM_CONF_SIGNATURE },
	{ "type a\r\n", "", NM_CONF_SIGNATURE },
	{ "syst\r\n", "", NM_CONF_WEAK },
	{ "feat\r\n", "", NM_CONF_WEAK },
	{ "retr ", "", NM_CONF_WEAK },
	{ "stor ", "", NM_CONF_WEAK },
	{ "mdtm ", "", NM_CONF_WEAK },
};

/* 220, USER and 331 say little each, but together they are a login that only FTP has. */
static uint8_t
rate_login(const struct nm_packet *pkt, const struct wire *w, uint64_t *note)
{
	bool greeting = text_begins(w, "220");
	bool user = text_begins_nocase(w, "user ");
	uint64_t had = note ? *note : 0;

	if (text_begins(w, "331 ") && (had & SEEN_USER))
		return NM_CONF_PROOF;
	if (user && (had & SEEN_GREETING))
		return NM_CONF_SIGNATURE;
	if (note && (greeting || user))
		*note |= greeting ? SEEN_GREETING : SEEN_USER;
	return (greeting || user) && nm_is_port(pkt, 21) ? NM_CONF_WEAK : 0;
}

static uint8_t
rate(const struct nm_packet *pkt, uint64_t *note)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire rest = w;
	struct wire mail = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	if (!text_all_print(&line) || (text_begins(&w, "220") && text_seek(&mail, "smtp")))
		return 0;
	uint8_t best = rate_login(pkt, &w, note);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct wire says = w;

		if (text_begins_nocase(&w, words[i].begins) &&
		    (*words[i].says == '\0' || text_seek(&says, words[i].says))) {
			bool counts = words[i].confidence > NM_CONF_WEAK || nm_is_port(pkt, 21);

			return counts && words[i].confidence > best ? words[i].confidence : best;
		}
	}
	return best;
}

/* Tags one end of a data connection to come. */
static void
expect_data(struct nm_call *call, const uint8_t *addr, uint32_t port)
{
	nm_tag_announced(call, APP_FTP_DATA, NM_TCP, addr, (uint16_t)port, DATA_TTL_S);
}

/* RFC 959 section 4.1.2, HOST-PORT: h1,h2,h3,h4,p1,p2 in decimal. */
static void
learn_host_port(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	uint8_t addr[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	uint32_t port = 0;

	for (unsigned i = 0; i < 6; i++) {
		uint32_t number = text_number(&w, 255);

		if (i < 4)
			addr[12 + i] = (uint8_t)number;
		else
			port = port << 8 | number;
		if (i < 5)
			text_expect(&w, ',');
	}
	if (!wire_ok(&w))
		return;
	bool other_end = memcmp(addr, pkt->daddr, sizeof(addr)) == 0;
	expect_data(call, other_end ? pkt->daddr : pkt->saddr, port);
}

/* RFC 2428 section 3: (|||port|), the delimiter may be any printable character. The address is the sender's. */
static void
learn_extended_passive(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	if (!text_seek(&w, "("))
		return;
	wire_skip(&w, 1);
	char delimiter = (char)wire_u8(&w);
	text_expect(&w, delimiter);
	text_expect(&w, delimiter);
	uint32_t port = text_number(&w, UINT16_MAX);
	text_expect(&w, delimiter);
	if (wire_ok(&w))
		expect_data(call, pkt->saddr, port);
}

/* RFC 2428 section 2: |family|address|port|. The client names itself; its address is at hand in binary. */
static void
learn_extended_port(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	char delimiter = (char)wire_u8(&w);

	(void)text_number(&w, 2);
	text_expect(&w, delimiter);
	while (wire_left(&w) > 0 && *w.at != (uint8_t)delimiter)
		wire_skip(&w, 1);
	text_expect(&w, delimiter);
	uint32_t port = text_number(&w, UINT16_MAX);
	if (wire_ok(&w))
		expect_data(call, pkt->saddr, port);
}

/* Some servers leave the parentheses of a 227 reply out: the first digit behind the code begins the numbers. */
static void
learn_passive(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	while (wire_left(&w) > 0 && !text_is_digit(*w.at))
		wire_skip(&w, 1);
	learn_host_port(pkt, call, w);
}

static const struct {
	const char *begins;
	void (*learn)(const struct nm_packet *pkt, struct nm_call *call, struct wire rest);
} announcements[] = {
	{ "227 ", learn_passive },
	{ "229 ", learn_extended_passive },
	{ "port ", learn_host_port },
	{ "eprt ", learn_extended_port },
};

static void
learn_from_lines(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	for (unsigned i = 0; i < LINES_MAX && wire_left(&w) > 0; i++) {
		bool ended;
		struct wire line = text_line(&w, &ended);

		for (size_t j = 0; j < sizeof(announcements) / sizeof(announcements[0]); j++)
			if (text_begins_nocase(&line, announcements[j].begins)) {
				wire_skip(&line, strlen(announcements[j].begins));
				announcements[j].learn(pkt, call, line);
				break;
			}
	}
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	/* RFC 4217: from here on it is a TLS record, and nothing can be learned any more. */
	if (*pkt->payload == 22 || *pkt->payload == 23)
		return NM_NO;
	verdict->confidence = rate(pkt, call->note);
	learn_from_lines(pkt, call);
	if (verdict->confidence == 0)
		return NM_MORE;
	if (verdict->confidence >= NM_CONF_SIGNATURE && pkt->direction == NM_FROM_SERVER)
		nm_tag_sender(pkt, call, APP_FTP);
	verdict->app = APP_FTP;
	verdict->evidence = NM_EV_SIGNATURE;
	verdict->flags = NM_WATCH;
	return NM_MATCH;
}

NM_MODULE(ftp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ftp",
	.summary =
	    "FTP control connections on any port, and the data connections that they announce",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
