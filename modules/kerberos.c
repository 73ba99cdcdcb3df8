/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kerberos 5: RFC 4120, and changing of passwords (RFC 3244). UDP and TCP, any port, usually 88 and 464; on TCP each
 * message comes behind its length in four octets.
 *
 * Evidence: a message's application tag, the version 5, and the message type that says the tag once more. Any message at
 * the beginning of a segment shows it; one direction is enough. Cost: asked for payload that begins with one of the tags
 * or, on TCP, with a length below 64 kB and a tag behind it; reads some twenty octets.
 */
#include <netmon/ber.h>
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_KERBEROS 106

#define PORT_KDC     88
#define PORT_KPASSWD 464

#define KERBEROS_5 5
#define TYPE_MASK  0x1f

static const struct nm_app apps[] = {
	{ APP_KERBEROS, "Kerberos", "Authentication", 0x882255, 0xc2689a },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .min_len = 10, .len = 1, .pattern = { 0x60 }, .mask = { 0xe0 } },
	{ .transport = NM_TCP,
	  .min_len = 14,
	  .len = 5,
	  .pattern = { 0, 0, 0, 0, 0x60 },
	  .mask = { 0xff, 0xff, 0, 0, 0xe0 } },
	/* the length came in a segment of its own */
	{ .transport = NM_TCP,
	  .port = PORT_KDC,
	  .min_len = 10,
	  .len = 1,
	  .pattern = { 0x60 },
	  .mask = { 0xe0 } },
	{ .transport = NM_UDP, .port = PORT_KPASSWD, .min_len = 16 },
	{ .transport = NM_TCP, .port = PORT_KPASSWD, .min_len = 20 },
};

/* Bit n: there is a message type n (RFC 4120 section 7.5.7). */
static const uint32_t types = 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 15 |
                              1u << 16 | 1u << 17 | 1u << 20 | 1u << 21 | 1u << 22 | 1u << 30;

/* RFC 4120 section 5: a sequence under the tag; its first two fields are version and type. The requests to a KDC begin
 * with field 1, all others with field 0. */
static bool
is_message(struct wire *w, uint32_t room)
{
	uint8_t type = wire_u8(w) & TYPE_MASK;
	uint32_t length = ber_length(w);

	if (!(types >> type & 1) || length > room || !wire_ok(w))
		return false;
	(void)ber_expect(w, BER_SEQUENCE);
	uint8_t field = wire_u8(w);
	if (ber_length(w) != 3 || (field != BER_CONTEXT && field != BER_CONTEXT + 1) ||
	    ber_number(w, BER_INTEGER, 1) != KERBEROS_5)
		return false;
	return ber_expect(w, (uint8_t)(field + 1)) == 3 && ber_number(w, BER_INTEGER, 1) == type &&
	       wire_ok(w);
}

/* RFC 3244 section 2: length of the whole, version, length of the AP-REQ or AP-REP that follows. */
static bool
is_password_change(struct wire *w, uint32_t room)
{
	uint16_t length = wire_u16(w);
	uint16_t version = wire_u16(w);
	uint16_t ap = wire_u16(w);

	if (!wire_ok(w) || length > room || (version != 1 && version != 0xff80) || ap > length)
		return false;
	return is_message(w, room);
}

static bool
is_kerberos(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool kpasswd = nm_is_port(pkt, PORT_KPASSWD);
	uint32_t room = pkt->wire_len;

	if (pkt->transport == NM_TCP && *pkt->payload == 0)
		room = wire_u32(&w);
	return kpasswd ? is_password_change(&w, room) : is_message(&w, room);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	if (!is_kerberos(pkt))
		return NM_MORE;
	return nm_signature(verdict, APP_KERBEROS, NM_CONF_PROOF);
}

NM_MODULE(kerberos) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "kerberos",
	.summary = "Kerberos 5 and its changing of passwords, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
