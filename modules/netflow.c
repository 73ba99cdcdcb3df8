/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What routers and switches export of their traffic: NetFlow versions 1, 5, 7 and 9 (RFC 3954), IPFIX (RFC 7011), which is
 * named NetFlow too, and sFlow versions 2, 4 and 5. UDP, any port, usually 2055, 4739, 9995, 9996 and 6343.
 *
 * Evidence: NetFlow: a version, and records or sets whose lengths fill the datagram (on the usual ports they may be padded). sFlow 5: the agent's address and
 * samples that fill the datagram; the older versions on port 6343 only. Cost: asked for payload that begins with a version.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_NETFLOW 115
#define APP_SFLOW   116

#define PORT_SFLOW  6343
#define PORT_FLOWS  2055
#define PORT_FLOWS2 9995
#define PORT_FLOWS3 9996
#define V1_HEADER   16
#define HEADER      24
#define V9_HEADER   20
#define IPFIX_HEAD  16
#define RECORDS_MAX 30
#define SETS_MAX    64
#define DATA_SET    256 /* RFC 7011 section 3.3.2: from here on sets of data */
#define SAMPLES_MAX 64
#define SFLOW_MIN   24

static const struct nm_app apps[] = {
	{ APP_NETFLOW, "NetFlow", "Network management", 0x33a02c, 0x74cf6e },
	{ APP_SFLOW, "sFlow", "Network management", 0x6a8f00, 0xa9cf3f },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP,
	  .min_len = IPFIX_HEAD,
	  .len = 2,
	  .pattern = { 0, 0 },
	  .mask = { 0xff, 0xf0 } },
};

/* Versions whose records have one size. */
static const struct {
	uint16_t version;
	uint16_t header;
	uint16_t record;
} fixed[] = {
	{ 1, V1_HEADER, 52 },
	{ 5, HEADER, 48 },
	{ 7, HEADER, 52 },
};

static bool
is_usual_port(const struct nm_packet *pkt)
{
	return nm_is_port(pkt, PORT_FLOWS) || nm_is_port(pkt, PORT_FLOWS2) ||
	       nm_is_port(pkt, PORT_FLOWS3);
}

static uint8_t
rate_fixed(const struct nm_packet *pkt, uint16_t version, struct wire w)
{
	uint16_t count = wire_u16(&w);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].version == version && count >= 1 && count <= RECORDS_MAX) {
			uint32_t need = fixed[i].header + (uint32_t)count * fixed[i].record;

			if (pkt->wire_len == need)
				return NM_CONF_SIGNATURE;
			return is_usual_port(pkt) && pkt->wire_len > need &&
			               pkt->wire_len < need + fixed[i].record
			           ? NM_CONF_WEAK
			           : 0;
		}
	return 0;
}

/* Sets of id and length up to the end; `first_data` is behind the ids of templates. What the capture cut is taken as right. */
static bool
are_sets(struct wire w, uint16_t templates, bool cut)
{
	unsigned n = 0;

	while (n < SETS_MAX && wire_left(&w) > 0) {
		uint16_t id = wire_u16(&w);
		uint16_t length = wire_u16(&w);

		if (cut && n > 0 && (!wire_ok(&w) || length - 4u > wire_left(&w)))
			return true;
		if (length < 4 || (id < DATA_SET && id != templates && id != templates + 1))
			return false;
		if (cut && length - 4u > wire_left(&w))
			return true;
		wire_skip(&w, length - 4u);
		n++;
	}
	return wire_ok(&w) && n > 0;
}

/* RFC 3954 section 5.1: count, time since the start, time, sequence, source. */
static uint8_t
rate_v9(const struct nm_packet *pkt, struct wire w)
{
	uint16_t count = wire_u16(&w);

	wire_skip(&w, V9_HEADER - 4);
	return count >= 1 && are_sets(w, 0, nm_is_cut(pkt)) ? NM_CONF_SIGNATURE : 0;
}

/* RFC 7011 section 3.1: length of the whole, time, sequence, domain. */
static uint8_t
rate_ipfix(const struct nm_packet *pkt, struct wire w)
{
	uint16_t length = wire_u16(&w);

	wire_skip(&w, IPFIX_HEAD - 4);
	return length == pkt->wire_len && are_sets(w, 2, nm_is_cut(pkt)) ? NM_CONF_PROOF : 0;
}

/* Samples of type and length up to the end; sFlow version 5, section 5. Their formats 1 to 4 are those of enterprise 0. */
static bool
are_samples(struct wire w, uint32_t count, bool cut)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t format = wire_u32(&w);
		uint32_t length = wire_u32(&w);

		if (cut && i > 0 && !wire_ok(&w))
			return true;
		if (!wire_ok(&w) || length % 4 != 0 ||
		    (format < 4096 && (format < 1 || format > 5)))
			return false;
		if (cut && length > wire_left(&w))
			return true;
		wire_skip(&w, length);
	}
	return wire_ok(&w) && wire_left(&w) == 0;
}

/* Version, kind of address, address; in version 5 then sub-agent, sequence, time since the start, samples. */
static uint8_t
rate_sflow(const struct nm_packet *pkt, struct wire w)
{
	uint16_t version = wire_u16(&w);
	uint32_t kind = wire_u32(&w);

	if ((kind != 1 && kind != 2) || (version != 2 && version != 4 && version != 5))
		return 0;
	wire_skip(&w, kind == 1 ? 4 : 16);
	if (version != 5)
		return pkt->dport == PORT_SFLOW && wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
	wire_skip(&w, 12);
	uint32_t count = wire_u32(&w);
	if (count > SAMPLES_MAX || (count == 0 && pkt->dport != PORT_SFLOW))
		return 0;
	return are_samples(w, count, nm_is_cut(pkt)) ? NM_CONF_PROOF : 0;
}

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t version = wire_u16(&w);

	switch (version) {
	case 0:
		return pkt->wire_len >= SFLOW_MIN ? rate_sflow(pkt, w) : 0;
	case 9:
		return rate_v9(pkt, w);
	case 10:
		return rate_ipfix(pkt, w);
	default:
		return rate_fixed(pkt, version, w);
	}
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	verdict->confidence = rate(pkt);
	if (verdict->confidence == 0)
		return NM_MORE;
	verdict->app = pkt->payload[1] == 0 ? APP_SFLOW : APP_NETFLOW;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(netflow) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "netflow",
	.summary = "NetFlow, IPFIX and sFlow, on any UDP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
