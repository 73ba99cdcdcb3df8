/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What machines are watched with: RMCP with ASF and IPMI (UDP, usually 623), Munin (TCP 4949), Checkmk's agent (TCP 6556),
 * collectd (UDP 25826), Zabbix (TCP 10050, 10051), NRPE of Nagios (TCP 5666), Graphite's lines (TCP 2003), statsd (UDP 8125).
 *
 * Evidence: RMCP: the head and a length that fits; Munin, Checkmk: the greeting; Zabbix: the head; collectd: parts that fill the
 * datagram and begin with a host; on their ports only, NRPE's version and size, Graphite's and statsd's lines. Servers are
 * tagged. Cost: asked for payload with these heads, and on the ports of NRPE, Graphite, statsd and collectd.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>
#include <netmon/tlv.h>

#define APP_RMCP     283
#define APP_MUNIN    284
#define APP_CHECKMK  285
#define APP_COLLECTD 286
#define APP_ZABBIX   287
#define APP_NRPE     288
#define APP_GRAPHITE 289
#define APP_STATSD   290

#define PORT_RMCP     623
#define PORT_COLLECTD 25826
#define PORT_NRPE     5666
#define PORT_GRAPHITE 2003
#define PORT_STATSD   8125

static const struct nm_app apps[] = {
	{ APP_RMCP, "RMCP", "Network management", 0x7f7f2f, 0xbebe6c },
	{ APP_MUNIN, "Munin", "Network management", 0xd4823a, 0xf2b583 },
	{ APP_CHECKMK, "Checkmk", "Network management", 0x15a06f, 0x63d3ab },
	{ APP_COLLECTD, "collectd", "Network management", 0x5c7cfa, 0x9db1ff },
	{ APP_ZABBIX, "Zabbix", "Network management", 0xb71c1c, 0xe57373 },
	{ APP_NRPE, "NRPE", "Network management", 0x455a64, 0x90a4ae },
	{ APP_GRAPHITE, "Graphite", "Network management", 0x6d4c41, 0xb08d80 },
	{ APP_STATSD, "statsd", "Network management", 0x00838f, 0x4fb9c4 },
};

static const struct nm_match matches[] = {
	/* version 6, 0, no acknowledgement wanted, class */
	{ .transport = NM_UDP, .min_len = 12, .len = 4, .pattern = { 6, 0, 0xff, 6 } },
	{ .transport = NM_UDP, .min_len = 14, .len = 4, .pattern = { 6, 0, 0xff, 7 } },
	{ .transport = NM_UDP, .port = PORT_RMCP, .min_len = 4, .len = 2, .pattern = { 6, 0 } },
	NM_MATCH_TEXT(NM_TCP, 15, "# munin "),
	NM_MATCH_TEXT(NM_TCP, 14, "<<<check"),
	NM_MATCH_TEXT(NM_TCP, 13, "ZBXD"),
	/* a host of less than 252 octets */
	{ .transport = NM_UDP, .min_len = 24, .len = 3, .pattern = { 0, 0, 0 } },
	{ .transport = NM_UDP, .port = PORT_COLLECTD, .min_len = 24 },
	{ .transport = NM_TCP, .port = PORT_NRPE, .min_len = 16 },
	{ .transport = NM_TCP, .port = PORT_GRAPHITE, .min_len = 10 },
	{ .transport = NM_UDP, .port = PORT_STATSD, .min_len = 5 },
};

/* --- RMCP --------------------------------------------------------------------------------------------------------- */

#define RMCP_ASF  6
#define RMCP_IPMI 7
#define RMCP_ACK  0x80

/* IPMI 2.0 section 13.6: kind of authentication, then for 6 (version 2.0) payload, session, sequence and a length of two octets,
 * low one first; for the others sequence, session, the code of 16 octets if there is one, a length. One octet may pad it. */
static bool
is_ipmi(struct wire w, uint32_t missing)
{
	uint8_t kind = wire_u8(&w);
	uint32_t length;

	if (kind == 6) {
		wire_skip(&w, 9);
		length = wire_u8(&w);
		length |= (uint32_t)wire_u8(&w) << 8;
		return wire_ok(&w) && length <= wire_left(&w) + missing;
	}
	wire_skip(&w, kind == 0 ? 8 : 24);
	length = wire_u8(&w);
	size_t left = wire_left(&w) + missing;
	return wire_ok(&w) && (kind <= 2 || kind == 4 || kind == 5) && length >= 7 &&
	       (length == left || length + 1 == left);
}

/* ASF 2.0 section 3.2.2: version 6, 0, sequence, class. ASF's messages have IANA's number of the forum, type, tag, 0, length. */
static uint8_t
rate_rmcp(const struct nm_packet *pkt, struct wire w)
{
	uint16_t version = wire_u16(&w);
	uint32_t missing = pkt->wire_len - pkt->len;

	wire_skip(&w, 1);
	uint8_t class = wire_u8(&w);
	if (version != 0x0600)
		return 0;
	if (class & RMCP_ACK)
		return nm_is_port(pkt, PORT_RMCP) && pkt->wire_len == 4 &&
		               (class & 0x7f) <= RMCP_IPMI
		           ? NM_CONF_SIGNATURE
		           : 0;
	if (class == RMCP_IPMI)
		return is_ipmi(w, missing) ? NM_CONF_PROOF : 0;
	uint32_t enterprise = wire_u32(&w);
	wire_skip(&w, 2);
	uint8_t zero = wire_u8(&w);
	uint8_t length = wire_u8(&w);
	return class == RMCP_ASF && enterprise == 4542 && zero == 0 && wire_ok(&w) &&
	               length <= wire_left(&w) + missing
	           ? NM_CONF_PROOF
	           : 0;
}

/* --- greetings and heads ------------------------------------------------------------------------------------------- */

static uint8_t
rate_munin(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "# munin node at ") || text_begins(&w, "# munin client at ")
	           ? NM_CONF_PROOF
	           : 0;
}

static uint8_t
rate_checkmk(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "<<<check_mk>>>") || text_begins(&w, "<<<check_mk:") ? NM_CONF_PROOF
	                                                                            : 0;
}

/* "ZBXD", flags (1 this protocol, 2 compressed, 4 long), length with the low octet first, in short ones another of 32 bits. */
static uint8_t
rate_zabbix(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "ZBXD"))
		return 0;
	wire_skip(&w, 4);
	uint8_t flags = wire_u8(&w);
	return flags & 1 && flags < 8 && wire_ok(&w) ? NM_CONF_PROOF : 0;
}

/* --- collectd ------------------------------------------------------------------------------------------------------ */

#define PART_HOST    0x0000
#define PART_TIME    0x0001
#define PART_TIME_HR 0x0008
#define PART_SIGNED  0x0200
#define PART_SECRET  0x0210

/* collectd's binary protocol: parts of type, length of the whole. A host's name ends in NUL; the time comes next. */
static uint8_t
rate_collectd(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form part = { .before = 2, .length = 2, .whole = true };
	struct wire first = w;
	uint16_t type = wire_u16(&first);
	uint16_t length = wire_u16(&first);
	bool cut = nm_is_cut(pkt);

	if (type == PART_SIGNED || type == PART_SECRET)
		return nm_is_port(pkt, PORT_COLLECTD) && length > 36 && length <= pkt->wire_len &&
		               tlv_count(w, &part, cut) > 0
		           ? NM_CONF_SIGNATURE
		           : 0;
	if (type != PART_HOST || length < 6 || length - 4U > wire_left(&first))
		return 0;
	struct wire name = first;
	wire_limit(&name, length - 5U);
	wire_skip(&first, length - 5U);
	uint8_t nul = wire_u8(&first);
	uint16_t next = wire_u16(&first);
	uint16_t next_length = wire_u16(&first);
	return nul == 0 && text_all_print(&name) && (next == PART_TIME || next == PART_TIME_HR) &&
	               next_length == 12 && tlv_count(w, &part, cut) >= 2
	           ? NM_CONF_PROOF
	           : 0;
}

/* --- on their ports -------------------------------------------------------------------------------------------------- */

#define NRPE_2 1036 /* octets of a packet of version 2 */

/* NRPE's packets: version, type (1 question, 2 answer), checksum, result; from version 3 on 0 and the length of what follows. */
static uint8_t
rate_nrpe(const struct nm_packet *pkt, struct wire w)
{
	uint16_t version = wire_u16(&w);
	uint16_t type = wire_u16(&w);

	wire_skip(&w, 6);
	uint16_t zero = wire_u16(&w);
	uint32_t length = wire_u32(&w);
	if (!nm_is_port(pkt, PORT_NRPE) || type < 1 || type > 2 || !wire_ok(&w))
		return 0;
	if (version == 2)
		return pkt->wire_len == NRPE_2 ? NM_CONF_SIGNATURE : 0;
	return (version == 3 || version == 4) && zero == 0 && length >= pkt->wire_len - 16 &&
	               length < 65536
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Is the octet one of these, none of which is NUL? */
static bool
is_of(uint8_t octet, const char *set)
{
	return octet != 0 && strchr(set, octet) != NULL;
}

/* A number with sign, point and exponent: nothing but these, and a digit. */
static bool
is_number(const uint8_t *at, const uint8_t *end)
{
	bool digit = false;

	for (; at < end; at++) {
		digit |= text_is_digit(*at);
		if (!text_is_digit(*at) && !is_of(*at, "+-.eE"))
			return false;
	}
	return digit;
}

/* "servers.web1.load 0.27 1700000000": a path with dots, a value, a time in seconds. */
static uint8_t
rate_graphite(const struct nm_packet *pkt, struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);

	if (!nm_is_port(pkt, PORT_GRAPHITE) || !ended || !text_all_print(&line))
		return 0;
	const uint8_t *path = text_find(line.at, line.end, ' ');
	const uint8_t *value = path ? text_find(path + 1, line.end, ' ') : NULL;
	return value && text_find(line.at, path, '.') && is_number(path + 1, value) &&
	               is_number(value + 1, line.end)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* "page.views:1|c", "load:0.5|g|#host:a": a name, a value, a kind. Sets count names too. */
static uint8_t
rate_statsd(const struct nm_packet *pkt, struct wire w)
{
	bool ended;
	struct wire line = text_line(&w, &ended);

	if (!nm_is_port(pkt, PORT_STATSD) || !text_all_print(&line))
		return 0;
	const uint8_t *name = text_find(line.at, line.end, ':');
	const uint8_t *value = name ? text_find(name + 1, line.end, '|') : NULL;
	if (!value || name == line.at || line.end - value < 2 || !is_of(value[1], "cghmsd"))
		return 0;
	return value[1] == 's' || is_number(name + 1, value) ? NM_CONF_SIGNATURE : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_RMCP, rate_rmcp },         { NM_TCP, APP_MUNIN, rate_munin },
	{ NM_TCP, APP_CHECKMK, rate_checkmk },   { NM_UDP, APP_COLLECTD, rate_collectd },
	{ NM_TCP, APP_ZABBIX, rate_zabbix },     { NM_TCP, APP_NRPE, rate_nrpe },
	{ NM_TCP, APP_GRAPHITE, rate_graphite }, { NM_UDP, APP_STATSD, rate_statsd },
};

/* Munin's and Checkmk's greetings are the server's by what they say; else the direction says who that is. */
static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (nm_family_rate(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict) ==
	    NM_MORE)
		return NM_MORE;
	if (verdict->app == APP_MUNIN || verdict->app == APP_CHECKMK)
		nm_tag_sender(pkt, call, verdict->app);
	else
		nm_tag_server(pkt, call, verdict->app);
	return NM_MATCH;
}

NM_MODULE(monitoring) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "monitoring",
	.summary = "RMCP, Munin, Checkmk, collectd, Zabbix, NRPE, Graphite and statsd",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
