/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What routers say to each other: LDP (RFC 5036), MPLS echo (RFC 8029), MSDP (RFC 3618), RSVP (RFC 2205), RIP (RFC 2453),
 * RIPng (RFC 2080), Babel (RFC 8966), OLSR (RFC 3626), HSRP (RFC 2281 and its second version), GLBP, BFD (RFC 5880), LISP
 * (RFC 9300, RFC 9301), Auto-RP.
 *
 * Evidence: the port (RSVP: the IP protocol number) together with the structure of the whole message: versions, types, fields
 * that are 0, elements that fill it. These protocols do not move to other ports, and neither half is taken alone. Each message
 * shows it, one direction is enough. Cost: asked for payload on these ports.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/tlv.h>

#define APP_LDP       240
#define APP_MPLS_ECHO 241
#define APP_MSDP      242
#define APP_RSVP      243
#define APP_RIP       244
#define APP_RIPNG     245
#define APP_BABEL     246
#define APP_OLSR      247
#define APP_HSRP      248
#define APP_GLBP      249
#define APP_BFD       250
#define APP_LISP      251
#define APP_AUTO_RP   252

#define PROTOCOL_RSVP 46

static const struct nm_app apps[] = {
	{ APP_LDP, "LDP", "Network control", 0x4e79a7, 0x8db0d6 },
	{ APP_MPLS_ECHO, "MPLS-echo", "Network control", 0x76b7b2, 0xa5d6d2 },
	{ APP_MSDP, "MSDP", "Network control", 0x59a14f, 0x94cc8c },
	{ APP_RSVP, "RSVP", "Network control", 0xb6992d, 0xdcc36a },
	{ APP_RIP, "RIP", "Network control", 0x499894, 0x83c4c1 },
	{ APP_RIPNG, "RIPng", "Network control", 0x2f6f6c, 0x72b5b1 },
	{ APP_BABEL, "Babel", "Network control", 0xd37295, 0xeea9c1 },
	{ APP_OLSR, "OLSR", "Network control", 0x8a6fb0, 0xb9a3d8 },
	{ APP_HSRP, "HSRP", "Network control", 0x9d7660, 0xcba78f },
	{ APP_GLBP, "GLBP", "Network control", 0x79706e, 0xb0a8a5 },
	{ APP_BFD, "BFD", "Network control", 0xe15759, 0xf49a9b },
	{ APP_LISP, "LISP", "Network control", 0xf28e2b, 0xf9bb7b },
	{ APP_AUTO_RP, "Auto-RP", "Network control", 0x86a35c, 0xb8d091 },
};

static const struct nm_match matches[] = {
	{ .transport = PROTOCOL_RSVP },  NM_MATCH_PORT(NM_UDP, 646, 18),
	NM_MATCH_PORT(NM_TCP, 646, 18),  NM_MATCH_PORT(NM_UDP, 3503, 32),
	NM_MATCH_PORT(NM_TCP, 639, 3),   NM_MATCH_PORT(NM_UDP, 520, 24),
	NM_MATCH_PORT(NM_UDP, 521, 24),  NM_MATCH_PORT(NM_UDP, 6696, 4),
	NM_MATCH_PORT(NM_UDP, 698, 16),  NM_MATCH_PORT(NM_UDP, 1985, 16),
	NM_MATCH_PORT(NM_UDP, 2029, 16), NM_MATCH_PORT(NM_UDP, 3222, 16),
	NM_MATCH_PORT(NM_UDP, 3784, 24), NM_MATCH_PORT(NM_UDP, 4784, 24),
	NM_MATCH_PORT(NM_UDP, 6784, 24), NM_MATCH_PORT(NM_UDP, 7784, 24),
	NM_MATCH_PORT(NM_UDP, 4342, 12), NM_MATCH_PORT(NM_TCP, 4342, 12),
	NM_MATCH_PORT(NM_UDP, 4341, 28), NM_MATCH_PORT(NM_UDP, 496, 14),
};

/* Is `value` one of those whose bits are set? */
static bool
is_in(uint64_t bits, unsigned value)
{
	return value < 64 && (bits >> value & 1);
}

/* RFC 5036 section 3.5 and 3.7: types of messages, RFC 5561 and RFC 5918 have one each. */
static bool
is_ldp_message(uint16_t type)
{
	static const uint16_t types[] = { 0x0001, 0x0100, 0x0200, 0x0201, 0x0202, 0x0300,
		                          0x0301, 0x0400, 0x0401, 0x0402, 0x0403, 0x0404 };

	type &= 0x7fff; /* without the bit that says what to do with an unknown one */
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return type >= 0x3e00 && type < 0x4000;
}

/* RFC 5036 section 3.1: version 1, length behind itself, router and label space, messages of type, length, id. */
static uint8_t
rate_ldp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form message = { .before = 2, .length = 2 };
	uint16_t version = wire_u16(&w);
	uint16_t length = wire_u16(&w);
	bool open = nm_is_cut(pkt) || length > wire_left(&w);

	if (version != 1 || length < 14 || (open && pkt->transport == NM_UDP && !nm_is_cut(pkt)))
		return 0;
	wire_limit(&w, length);
	wire_skip(&w, 6);
	struct wire first = w;
	return is_ldp_message(wire_u16(&first)) && tlv_count(w, &message, open) > 0 ? NM_CONF_PROOF
	                                                                            : 0;
}

/* RFC 8029 section 3: version 1, flags, type, reply mode, codes, handle, sequence, two times; elements. */
static uint8_t
rate_mpls_echo(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form element = { .before = 2, .length = 2, .align = 4 };
	uint16_t version = wire_u16(&w);
	uint16_t flags = wire_u16(&w);
	uint8_t type = wire_u8(&w);
	uint8_t mode = wire_u8(&w);

	wire_skip(&w, 26);
	if (!wire_ok(&w) || version != 1 || flags > 0xf || type < 1 || type > 4 || mode < 1 ||
	    mode > 5)
		return 0;
	return wire_left(&w) == 0 || tlv_count(w, &element, nm_is_cut(pkt)) > 0 ? NM_CONF_PROOF : 0;
}

/* Behind the length of a source announcement: number of entries, rendezvous point; each entry has three octets of 0, the prefix
 * of one source, group, source. RFC 3618 section 12.2.1. */
static bool
is_msdp_source(struct wire w, uint16_t length)
{
	uint8_t entries = wire_u8(&w);

	wire_skip(&w, 4);
	return entries > 0 && length >= 8 + entries * 12U && wire_u32(&w) == 32 && wire_ok(&w);
}

/* RFC 3618 section 12: sources (1), a request for them (2), an answer (3), keep-alive (4); the length counts the head. A segment
 * may end anywhere. */
static uint8_t
rate_msdp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form message = { .before = 1, .length = 2, .whole = true };
	struct wire first = w;
	uint8_t type = wire_u8(&first);
	uint16_t length = wire_u16(&first);
	bool fits = ((type == 1 || type == 3) && is_msdp_source(first, length)) ||
	            (type == 2 && length == 8 && wire_u8(&first) == 0 && wire_ok(&first)) ||
	            (type == 4 && length == 3);

	(void)pkt;
	return fits && tlv_count(w, &message, true) > 0 ? NM_CONF_SIGNATURE : 0;
}

/* RFC 2205 section 3.1: version 1 and flags, type, checksum, TTL, 0, length of the whole, objects. A later fragment has no
 * header: the number alone is nearly as good. */
static uint8_t
rate_rsvp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form object = {
		.length = 2, .behind = 2, .whole = true, .align = 4
	};
	uint8_t version = wire_u8(&w) >> 4;
	uint8_t type = wire_u8(&w);

	wire_skip(&w, 4);
	uint16_t length = wire_u16(&w);
	if (!wire_ok(&w) || version != 1 || type == 0 || length != pkt->wire_len)
		return NM_CONF_WEAK;
	return tlv_count(w, &object, nm_is_cut(pkt)) > 0 ? NM_CONF_PROOF : NM_CONF_WEAK;
}

/* RFC 2453 section 4: command, version, 0, up to 25 entries of 20 octets. Commands 9 to 11: RFC 2091. Family 0 asks for all,
 * 0xffff is authentication. */
static uint8_t
rate_rip(const struct nm_packet *pkt, struct wire w)
{
	uint8_t command = wire_u8(&w);
	uint8_t version = wire_u8(&w);
	uint16_t zero = wire_u16(&w);
	uint16_t family = wire_u16(&w);
	uint32_t entries = pkt->wire_len - 4;

	if (!wire_ok(&w) || !is_in(0xe06, command) || version < 1 || version > 2 || zero != 0 ||
	    entries > 27 * 20)
		return 0;
	/* behind the entries of RFC 4822 stands a digest of any length */
	if (family == 0xffff)
		return version == 2 ? NM_CONF_PROOF : 0;
	return entries % 20 == 0 && (family == 0 || family == 2) ? NM_CONF_PROOF : 0;
}

/* RFC 2080 section 2.1: the same head, entries of prefix, tag, its length, metric, which for a next hop is 0xff. */
static uint8_t
rate_ripng(const struct nm_packet *pkt, struct wire w)
{
	uint32_t command = wire_u32(&w);

	wire_skip(&w, 18);
	uint8_t prefix = wire_u8(&w);
	uint8_t metric = wire_u8(&w);
	return wire_ok(&w) && (command == 0x01010000 || command == 0x02010000) &&
	               (pkt->wire_len - 4) % 20 == 0 && prefix <= 128 &&
	               ((metric >= 1 && metric <= 16) || metric == 0xff)
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 8966 section 4.2: 42, version 2, length, then elements of type and length, of which type 0 is one octet of padding. */
static uint8_t
rate_babel(const struct nm_packet *pkt, struct wire w)
{
	uint16_t head = wire_u16(&w);
	uint16_t length = wire_u16(&w);

	if (head != 0x2a02 || !wire_ok(&w) || length > pkt->wire_len - 4)
		return 0;
	wire_limit(&w, length);
	for (unsigned i = 0; i < TLV_MAX && wire_left(&w) > 0; i++)
		if (wire_u8(&w) != 0)
			wire_skip(&w, wire_u8(&w));
	return wire_ok(&w) || nm_is_cut(pkt) ? NM_CONF_PROOF : 0;
}

/* RFC 3626 section 3.3: length of the whole, sequence; messages of type, time, length of the whole, sender, hops, sequence. */
static uint8_t
rate_olsr(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form message = {
		.before = 2, .length = 2, .behind = 8, .whole = true
	};
	uint16_t length = wire_u16(&w);

	wire_skip(&w, 2);
	struct wire first = w;
	return length == pkt->wire_len && wire_u8(&first) != 0 &&
	               tlv_count(w, &message, nm_is_cut(pkt)) > 0
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 2281 section 5.1: version 0, operation, state, times, priority, group, 0; secret, address. An advertisement
 * (operation 3) has a type, which is 1, and a length behind itself instead. */
static bool
is_hsrp_1(struct wire w, uint32_t wire_len)
{
	struct wire advertisement = w;
	uint8_t operation = wire_u8(&w);
	uint8_t state = wire_u8(&w);

	if (operation == 3) {
		wire_skip(&advertisement, 1);
		uint16_t type = wire_u16(&advertisement);
		uint16_t length = wire_u16(&advertisement);

		return type == 1 && length >= 10 && length + 6U <= wire_len;
	}
	wire_skip(&w, 4);
	return operation < 3 && is_in(0x10117, state) && wire_u8(&w) == 0 && wire_ok(&w) &&
	       wire_len >= 20;
}

/* The second version is of elements: 1 a group's state (version 2, operation, state, IP version), 3 and 4 authentication,
 * 2 interface state. */
static bool
is_hsrp_2(struct wire w, bool cut)
{
	static const struct tlv_form element = { .before = 1, .length = 1 };
	struct wire first = w;
	uint8_t type = wire_u8(&first);
	uint8_t length = wire_u8(&first);

	if (type < 1 || type > 4 || tlv_count(w, &element, cut) == 0)
		return false;
	if (type != 1)
		return length >= 4;
	uint8_t version = wire_u8(&first);
	uint8_t operation = wire_u8(&first);
	uint8_t state = wire_u8(&first);
	uint8_t ip = wire_u8(&first);
	return length == 40 && version == 2 && operation <= 2 && state <= 6 &&
	       (ip == 4 || ip == 6) && wire_ok(&first);
}

static uint8_t
rate_hsrp(const struct nm_packet *pkt, struct wire w)
{
	if (*pkt->payload != 0)
		return is_hsrp_2(w, nm_is_cut(pkt)) ? NM_CONF_PROOF : 0;
	wire_skip(&w, 1);
	return is_hsrp_1(w, pkt->wire_len) ? NM_CONF_SIGNATURE : 0;
}

/* Version 1, group, the sender's MAC address, elements: 1 hello, 2 request or answer, 3 authentication. */
static uint8_t
rate_glbp(const struct nm_packet *pkt, struct wire w)
{
	static const struct tlv_form element = { .before = 1, .length = 1, .whole = true };
	uint8_t version = wire_u8(&w);

	wire_skip(&w, 11);
	struct wire first = w;
	uint8_t type = wire_u8(&first);
	return version == 1 && type >= 1 && type <= 4 && tlv_count(w, &element, nm_is_cut(pkt)) > 0
	           ? NM_CONF_PROOF
	           : 0;
}

/* RFC 5880 section 4.1: version (1, and 0 of the drafts), state and flags, how many may miss, length, whose session it is. With
 * authentication (0x04) there is more than 24 octets. */
static uint8_t
rate_bfd(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w) >> 5;
	uint8_t flags = wire_u8(&w);
	uint8_t misses = wire_u8(&w);
	uint8_t length = wire_u8(&w);
	uint32_t mine = wire_u32(&w);

	return wire_ok(&w) && version <= 1 && misses > 0 && mine != 0 && length == pkt->wire_len &&
	               (flags & 0x04 ? length >= 26 : length == 24)
	           ? NM_CONF_PROOF
	           : 0;
}

/* Families of addresses that an endpoint can be of: none, IPv4, IPv6, MAC, LISP's own form (RFC 8060). */
static bool
is_lisp_family(uint16_t family)
{
	return family <= 2 || family == 6 || family == 16387 || family == 16389;
}

/* A record: how long it is good, locators, prefix, what to do and 0, version, family; RFC 9301 section 5.4. */
static bool
is_lisp_record(struct wire w)
{
	wire_skip(&w, 5);
	uint8_t prefix = wire_u8(&w);
	wire_skip(&w, 2);
	uint16_t version = wire_u16(&w);
	uint16_t family = wire_u16(&w);
	return wire_ok(&w) && prefix <= 128 && version < 0x1000 && is_lisp_family(family);
}

/* Types 3 to 5 behind the nonce: key and algorithm, length of the authentication, records. */
static bool
is_lisp_registration(struct wire w)
{
	uint16_t key = wire_u16(&w);
	uint16_t length = wire_u16(&w);

	wire_skip(&w, length);
	return length <= 64 && (key & 0xff) <= 4 && is_lisp_record(w);
}

#define LISP_TCP_HEAD 8
#define LISP_TCP_END  0x9facade9u

/* Registrations over TCP (draft-kouvelas-lisp-map-server-reliable-transport): type, length of the whole, number, contents, a
 * mark at the end, which may be in the next segment. */
static uint8_t
rate_lisp_tcp(const struct nm_packet *pkt, struct wire w)
{
	uint16_t type = wire_u16(&w);
	uint32_t length = wire_u16(&w);

	wire_skip(&w, 4);
	if (!wire_ok(&w) || type < 16 || type > 31 || length < LISP_TCP_HEAD + 4)
		return 0;
	if (length > pkt->len)
		return NM_CONF_WEAK;
	wire_skip(&w, length - LISP_TCP_HEAD - 4);
	return wire_u32(&w) == LISP_TCP_END ? NM_CONF_PROOF : 0;
}

/* RFC 9301 section 5: type in the first four bits; in most a number of records and a nonce follow. */
static uint8_t
rate_lisp(const struct nm_packet *pkt, struct wire w)
{
	if (pkt->transport == NM_TCP)
		return rate_lisp_tcp(pkt, w);
	uint8_t type = wire_u8(&w) >> 4;

	wire_skip(&w, 2);
	uint8_t records = wire_u8(&w);
	if (type == 8) {
		/* encapsulated: an IP header, of UDP, and again a control message */
		uint8_t ip = wire_u8(&w);
		wire_skip(&w, 5);
		uint8_t next = wire_u8(&w);
		wire_skip(&w, 2);
		return (ip >> 4 == 6 && next == 17) || (ip == 0x45 && wire_u8(&w) == 17)
		           ? NM_CONF_PROOF
		           : 0;
	}
	wire_skip(&w, 8);
	if (records == 0 || !wire_ok(&w))
		return 0;
	if (type == 1)
		return is_lisp_family(wire_u16(&w)) && wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
	if (type == 2)
		return is_lisp_record(w) ? NM_CONF_SIGNATURE : 0;
	return type >= 3 && type <= 5 && is_lisp_registration(w) ? NM_CONF_PROOF : 0;
}

/* Version 1 and type (1 announcement, 2 mapping), how many rendezvous points, how long they are good, 0; each has an address,
 * a version, and a number of groups of 6 octets. */
static uint8_t
rate_auto_rp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t type = wire_u8(&w);
	uint8_t points = wire_u8(&w);

	wire_skip(&w, 2);
	if ((type != 0x11 && type != 0x12) || wire_u32(&w) != 0)
		return 0;
	for (unsigned i = 0; i < points && wire_left(&w) > 0; i++) {
		wire_skip(&w, 4);
		if (wire_u8(&w) > 3)
			return 0;
		wire_skip(&w, wire_u8(&w) * 6U);
	}
	return nm_is_cut(pkt) || (wire_ok(&w) && wire_left(&w) == 0) ? NM_CONF_PROOF : 0;
}

/* RFC 9300 section 5.1: eight octets, then the packet that is carried, which is as long as it says. */
static uint8_t
rate_lisp_data(const struct nm_packet *pkt, struct wire w)
{
	uint32_t rest = pkt->wire_len - 8;

	wire_skip(&w, 8);
	uint8_t version = wire_u8(&w);
	wire_skip(&w, 1);
	uint16_t length_4 = wire_u16(&w);
	uint16_t length_6 = wire_u16(&w);
	if (!wire_ok(&w))
		return 0;
	return (version >= 0x45 && version <= 0x4f && length_4 == rest) ||
	               (version >> 4 == 6 && length_6 + 40U == rest)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

static const struct nm_port_row protocols[] = {
	{ NM_UDP, 646, APP_LDP, rate_ldp },
	{ NM_TCP, 646, APP_LDP, rate_ldp },
	{ NM_UDP, 3503, APP_MPLS_ECHO, rate_mpls_echo },
	{ NM_TCP, 639, APP_MSDP, rate_msdp },
	{ PROTOCOL_RSVP, 0, APP_RSVP, rate_rsvp },
	{ NM_UDP, 520, APP_RIP, rate_rip },
	{ NM_UDP, 521, APP_RIPNG, rate_ripng },
	{ NM_UDP, 6696, APP_BABEL, rate_babel },
	{ NM_UDP, 698, APP_OLSR, rate_olsr },
	{ NM_UDP, 1985, APP_HSRP, rate_hsrp },
	{ NM_UDP, 2029, APP_HSRP, rate_hsrp },
	{ NM_UDP, 3222, APP_GLBP, rate_glbp },
	{ NM_UDP, 3784, APP_BFD, rate_bfd },
	{ NM_UDP, 4784, APP_BFD, rate_bfd },
	{ NM_UDP, 6784, APP_BFD, rate_bfd },
	{ NM_UDP, 7784, APP_BFD, rate_bfd },
	{ NM_UDP, 4342, APP_LISP, rate_lisp },
	{ NM_TCP, 4342, APP_LISP, rate_lisp },
	{ NM_UDP, 4341, APP_LISP, rate_lisp_data },
	{ NM_UDP, 496, APP_AUTO_RP, rate_auto_rp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	return nm_port_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict);
}

NM_MODULE(routing) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "routing",
	.summary = "LDP, MPLS echo, MSDP, RSVP, RIP, Babel, OLSR, HSRP, GLBP, BFD, LISP, Auto-RP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
