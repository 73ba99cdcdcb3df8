/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What measures networks: Ookla's speed test (TCP, usually 8080), iperf 2 (TCP and UDP, 5001), iperf 3 (TCP and UDP, 5201), EAQ, the
 * Brazilian measure of quality (UDP, 6000), Kismet's server of wireless captures (TCP, 2501).
 *
 * Evidence: Ookla: greeting, version and times as text; iperf 3: the cookie that begins each connection, the four octets that begin it on UDP; iperf 2: digits that
 * count up to the packet's end; EAQ: 16 octets of number, time and kind; Kismet: its sentences. Servers are tagged, which tells
 * the data connections of iperf 3. Cost: asked for payload with these heads, and for all of it on the ports of iperf and EAQ.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_EAQ    340
#define APP_OOKLA  342
#define APP_IPERF  343
#define APP_KISMET 344

#define PORT_OOKLA  8080
#define PORT_IPERF2 5001
#define PORT_IPERF3 5201
#define PORT_EAQ    6000

#define IPERF_COOKIE   37 /* 36 letters and a zero */
#define IPERF_GREETING 4
#define IPERF_TAIL     32 /* digits at the end of a packet */
#define EAQ_LENGTH     16
#define EAQ_PACKETS    65536
#define UUID_LENGTH    36

static const struct nm_app apps[] = {
	{ APP_EAQ, "EAQ", "Measurement", 0x3b7a57, 0x83c2a0 },
	{ APP_OOKLA, "Ookla", "Measurement", 0x6a5acd, 0xa89fe6 },
	{ APP_IPERF, "iperf", "Measurement", 0x1f7a8c, 0x6cbccb },
	{ APP_KISMET, "Kismet", "Measurement", 0x8f5b34, 0xcd9c77 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 12, "HELLO "),
	NM_MATCH_TEXT(NM_TCP, 12, "HI "),
	NM_MATCH_TEXT(NM_TCP, 12, "PING "),
	NM_MATCH_TEXT(NM_TCP, 12, "PONG "),
	{ .transport = NM_TCP, .port = PORT_OOKLA, .min_len = 3, .len = 3, .pattern = "HI\n" },
	{ .transport = NM_TCP, .port = PORT_IPERF3, .min_len = IPERF_COOKIE },
	{ .transport = NM_UDP, .port = PORT_IPERF3, .min_len = IPERF_GREETING },
	{ .transport = NM_TCP, .port = PORT_IPERF2, .min_len = IPERF_TAIL },
	{ .transport = NM_UDP, .port = PORT_IPERF2, .min_len = IPERF_TAIL },
	{ .transport = NM_UDP, .port = PORT_EAQ, .min_len = EAQ_LENGTH },
	NM_MATCH_TEXT(NM_TCP, 10, "*KISMET:"),
	NM_MATCH_TEXT(NM_TCP, 10, "*TIME: "),
	NM_MATCH_TEXT(NM_TCP, 10, "!0 ENABL"),
};

/* The server's version and its date. */
static bool
is_hello(struct wire line)
{
	wire_skip(&line, 6);
	(void)text_number(&line, 99);
	text_expect(&line, '.');
	(void)text_number(&line, 999);
	return wire_ok(&line) && text_all_print(&line) && text_seek(&line, " 20");
}

/* "HI" and the client's UUID (RFC 9562 section 4). */
static bool
is_hi(struct wire line)
{
	wire_skip(&line, 3);
	return wire_left(&line) == UUID_LENGTH && line.at[8] == '-' && line.at[13] == '-' &&
	       line.at[18] == '-' && line.at[23] == '-' && text_all_print(&line);
}

/* "PING" or "PONG" and milliseconds since 1970, by themselves. */
static bool
is_time(struct wire line)
{
	wire_skip(&line, 5);
	if (wire_left(&line) != 13)
		return false;
	while (wire_left(&line) > 0)
		if (!text_is_digit(wire_u8(&line)))
			return false;
	return true;
}

static uint8_t
rate_ookla(const struct nm_packet *pkt, struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);
	bool alone = ended && wire_left(&w) == 0;

	if (!alone)
		return 0;
	if (text_begins(&line, "HELLO "))
		return is_hello(line) ? NM_CONF_SIGNATURE : 0;
	if (text_begins(&line, "PING ") || text_begins(&line, "PONG "))
		return is_time(line) ? NM_CONF_SIGNATURE : 0;
	if (text_begins(&line, "HI "))
		return is_hi(line) ? NM_CONF_SIGNATURE : 0;
	return text_begins(&line, "HI") && wire_left(&line) == 2 && nm_is_port(pkt, PORT_OOKLA)
	           ? NM_CONF_WEAK
	           : 0;
}

/* Letters and the digits 2 to 7, as base32 has them, and a zero. */
static bool
is_cookie(struct wire w)
{
	for (unsigned i = 0; i < IPERF_COOKIE - 1; i++) {
		uint8_t c = wire_u8(&w);

		if (!(c >= 'a' && c <= 'z') && !(c >= '2' && c <= '7'))
			return false;
	}
	return wire_u8(&w) == 0 && wire_ok(&w);
}

/* iperf 2 fills its packets with the digits, one after the other. */
static bool
is_counting_up(struct wire w)
{
	wire_skip(&w, wire_left(&w) - IPERF_TAIL);
	uint8_t last = wire_u8(&w);
	if (!text_is_digit(last))
		return false;
	while (wire_left(&w) > 0) {
		uint8_t c = wire_u8(&w);

		if (c != (last == '9' ? '0' : last + 1))
			return false;
		last = c;
	}
	return true;
}

/* What both sides of iperf 3 say before the data: "9876" and "6789", until 3.11 123456789 and 987654321, in the order of octets of
 * the machine. */
static bool
is_greeting(struct wire w)
{
	static const uint32_t words[] = { 0x39383736, 0x36373839, 0x15cd5b07,
		                          0x075bcd15, 0xb168de3a, 0x3ade68b1 };
	uint32_t word = wire_u32(&w);

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word == words[i])
			return wire_ok(&w);
	return false;
}

static uint8_t
rate_iperf(const struct nm_packet *pkt, struct wire w)
{
	if (nm_is_port(pkt, PORT_IPERF3) && pkt->wire_len == IPERF_COOKIE)
		return is_cookie(w) ? NM_CONF_PROOF : 0;
	if (nm_is_port(pkt, PORT_IPERF3) && pkt->transport == NM_UDP)
		return pkt->wire_len == IPERF_GREETING && is_greeting(w) ? NM_CONF_SIGNATURE : 0;
	return nm_is_port(pkt, PORT_IPERF2) && wire_left(&w) >= IPERF_TAIL && is_counting_up(w)
	           ? NM_CONF_PROOF
	           : 0;
}

/* Number, seconds, microseconds, and whether it goes (0x9000) or comes back (0x6000). */
static uint8_t
rate_eaq(const struct nm_packet *pkt, struct wire w)
{
	uint32_t number = wire_u32(&w);

	wire_skip(&w, 4);
	uint32_t microseconds = wire_u32(&w);
	uint32_t kind = wire_u32(&w);
	return wire_ok(&w) && pkt->wire_len == EAQ_LENGTH && nm_is_port(pkt, PORT_EAQ) &&
	               number < EAQ_PACKETS && microseconds < 1000000 &&
	               (kind == 0x9000 || kind == 0x6000)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Sentences of the server begin with a star, orders of the client with their number. */
static uint8_t
rate_kismet(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (text_begins(&w, "!0 ENABLE "))
		return NM_CONF_SIGNATURE;
	bool time = text_begins(&w, "*TIME: ");
	if (!time && !text_begins(&w, "*KISMET: "))
		return 0;
	wire_skip(&w, time ? 7 : 9);
	(void)text_number(&w, UINT32_MAX);
	return wire_ok(&w) && wire_left(&w) > 0 && (!time || *w.at == '\n') ? NM_CONF_SIGNATURE : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_OOKLA, rate_ookla },   { NM_TCP, APP_IPERF, rate_iperf },
	{ NM_UDP, APP_IPERF, rate_iperf },   { NM_UDP, APP_EAQ, rate_eaq },
	{ NM_TCP, APP_KISMET, rate_kismet },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(measure) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "measure",
	.summary = "Ookla, iperf, EAQ and Kismet",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
