/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SMB (MS-CIFS, MS-SMB2) over TCP 445 and in NetBIOS sessions on 139, and NetBIOS itself: name service on UDP 137, datagrams
 * on UDP 138, sessions (RFC 1001, RFC 1002).
 *
 * Evidence: the four octets of SMB behind a session header of four octets, or at the beginning of a segment when the header
 * came alone; for NetBIOS the packet's structure and a name in its first-level encoding. A NetBIOS session is called SMB as
 * soon as SMB is seen in it. SMB is found on any port, one direction is enough; its server is tagged, because transfers go on
 * for long. Cost: asked for payload that begins so, on UDP 137 and 138, and for TCP 139; reads one header.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_SMB     55
#define APP_NETBIOS 56

#define PORT_NAME     137
#define PORT_DATAGRAM 138
#define PORT_SESSION  139

static const struct nm_app apps[] = {
	{ APP_SMB, "SMB", "File transfer", 0xddaa33, 0xf0cc66 },
	{ APP_NETBIOS, "NetBIOS", "Network control", 0x997700, 0xccaa44 },
};

/* MS-SMB2 section 2.1: an octet of zero and a length of 24 bits, then the protocol id: 0xff SMB1, 0xfe SMB2, 0xfd
 * encrypted, 0xfc compressed. */
static const struct nm_match matches[] = {
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 8,
	  .pattern = { 0, 0, 0, 0, 0xfc, 'S', 'M', 'B' },
	  .mask = { 0xff, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 4,
	  .len = 4,
	  .pattern = { 0xfc, 'S', 'M', 'B' },
	  .mask = { 0xfc, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP, .port = PORT_SESSION, .min_len = 4 },
	{ .transport = NM_UDP, .port = PORT_NAME, .min_len = 12 },
	{ .transport = NM_UDP, .port = PORT_DATAGRAM, .min_len = 11 },
};

/* RFC 1001 section 14.1: 32 letters A to P, each half an octet of the name, behind their number. */
static bool
take_name(struct wire *w)
{
	if (wire_u8(w) != 32)
		return false;
	const uint8_t *half = wire_take(w, 32);
	for (unsigned i = 0; half && i < 32; i++)
		if (half[i] < 'A' || half[i] > 'P')
			return false;
	/* a scope's labels, as DNS writes them, then an octet of zero */
	for (unsigned label = 0; label < 8; label++) {
		uint8_t len = wire_u8(w);

		if (len == 0)
			return wire_ok(w);
		if (len > 63)
			return false;
		wire_skip(w, len);
	}
	return false;
}

/* --- SMB -------------------------------------------------------------------------------------------------------- */

/* From the protocol id on: MS-CIFS section 2.2.3.1, MS-SMB2 sections 2.2.1 and 2.2.41. */
static uint8_t
rate_smb(struct wire w)
{
	uint8_t id = wire_u8(&w);

	wire_skip(&w, 3);
	if (id == 0xfe) { /* the header says its own size, 64, in little endian */
		uint16_t size = wire_u16(&w);

		return !wire_ok(&w) || size == 0x4000 ? NM_CONF_PROOF : NM_CONF_WEAK;
	}
	return NM_CONF_SIGNATURE;
}

/* RFC 1002 section 4.3: session request with two names, the answers, keep-alive. */
static uint8_t
rate_session(struct wire w, uint32_t wire_len)
{
	uint8_t type = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	uint16_t length = wire_u16(&w);

	if (!wire_ok(&w) || flags > 1)
		return 0;
	switch (type) {
	case 0x81:
		return take_name(&w) && take_name(&w) ? NM_CONF_WEAK : 0;
	case 0x82:
	case 0x85:
		return length == 0 && wire_len == 4 ? NM_CONF_WEAK : 0;
	case 0x83:
		return length == 1 && wire_len == 5 ? NM_CONF_WEAK : 0;
	case 0x00: /* a message's header that comes alone */
		return length > 0 && wire_len == 4 ? NM_CONF_WEAK : 0;
	default:
		return 0;
	}
}

static void
tag_server(const struct nm_packet *pkt, struct nm_call *call)
{
	uint16_t port = pkt->direction == NM_FROM_SERVER ? pkt->sport : pkt->dport;

	if (port == 445 || port == PORT_SESSION)
		nm_tag_server(pkt, call, APP_SMB);
}

static uint8_t
rate_tcp(const struct nm_packet *pkt, struct nm_call *call, uint16_t *ret_app)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire id = w;
	bool alone = *pkt->payload >= 0xfc;

	wire_skip(&id, alone ? 1 : 5);
	const uint8_t *letters = wire_take(&id, 3);
	if (!letters || memcmp(letters, "SMB", 3) != 0 || (!alone && pkt->payload[4] < 0xfc)) {
		*ret_app = APP_NETBIOS;
		return rate_session(w, pkt->wire_len);
	}
	*ret_app = APP_SMB;
	wire_skip(&w, alone ? 0 : 4);
	uint8_t confidence = rate_smb(w);
	if (confidence >= NM_CONF_SIGNATURE)
		tag_server(pkt, call);
	return confidence;
}

/* --- NetBIOS over UDP ------------------------------------------------------------------------------------------- */

/* RFC 1002 section 4.2.1.1: as in DNS, with operation codes 0 and 5 to 9 (15: Windows' multi-homed registration); the first
 * name of the first section follows. */
static uint8_t
rate_name_service(struct wire w)
{
	wire_skip(&w, 2);
	unsigned operation = (wire_u16(&w) >> 11) & 15;
	uint16_t questions = wire_u16(&w);
	uint16_t answers = wire_u16(&w);
	uint16_t authorities = wire_u16(&w);
	wire_skip(&w, 2);
	if ((operation > 0 && operation < 5) || (operation > 9 && operation != 15) ||
	    questions + answers + authorities == 0 || questions > 1 || !take_name(&w))
		return 0;
	uint16_t type = wire_u16(&w);
	uint16_t class = wire_u16(&w);
	return wire_ok(&w) && class == 1 && (type == 0x20 || type == 0x21 || type == 0x0a)
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 1002 section 4.4: type, flags, id, source address and port, then by type a length, an offset and two names. */
static uint8_t
rate_datagram(struct wire w)
{
	uint8_t type = wire_u8(&w);
	uint8_t flags = wire_u8(&w);

	wire_skip(&w, 8);
	if (!wire_ok(&w) || type < 0x10 || type > 0x16 || flags > 0x0f)
		return 0;
	if (type == 0x13) /* an error: 0x82 to 0x84, and nothing behind it */
		return (wire_u8(&w) & 0xf8) == 0x80 && wire_left(&w) == 0 ? NM_CONF_WEAK : 0;
	if (type < 0x13)
		wire_skip(&w, 4);
	return take_name(&w) ? NM_CONF_PROOF : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	verdict->app = APP_NETBIOS;
	if (pkt->transport == NM_TCP)
		verdict->confidence = rate_tcp(pkt, call, &verdict->app);
	else if (nm_is_port(pkt, PORT_NAME))
		verdict->confidence = rate_name_service(w);
	else
		verdict->confidence = rate_datagram(w);
	if (verdict->confidence == 0)
		return NM_MORE;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(smb) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "smb",
	.summary = "SMB on any TCP port, and NetBIOS",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
