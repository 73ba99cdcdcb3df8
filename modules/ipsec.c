/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IPsec: IKEv2 (RFC 7296), IKEv1 (RFC 2408), NAT traversal (RFC 3947, RFC 3948), all of it over TCP (RFC 9329), ESP (RFC
 * 4303) and AH (RFC 4302) by IP protocol number. UDP ports 500 and 4500.
 *
 * Evidence: an IKE header whose length is the packet's and whose fields fit each other. ESP in UDP shows a security parameter
 * index and a sequence number that counts: a small number with what looks random behind it is weak, two packets of one direction with the same index and
 * numbers that follow each other are a signature. Keep-alives (a single octet of ones) are weak. Cost: asked on the two ports
 * only, for TCP by its prefix, and for the two protocol numbers.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_IPSEC 60

#define PORT_IKE     500
#define PORT_NATT    4500
#define PROTOCOL_ESP 50
#define PROTOCOL_AH  51
#define IKE_HEADER   28

static const struct nm_app apps[] = {
	{ APP_IPSEC, "IPSec", "Tunnel", 0x225555, 0x6fa8a8 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .port = PORT_IKE, .min_len = IKE_HEADER },
	{ .transport = NM_UDP, .port = PORT_NATT, .min_len = 1 },
	NM_MATCH_TEXT(NM_TCP, 6, "IKETCP"), /* RFC 9329 section 4 */
	{ .transport = PROTOCOL_ESP },
	{ .transport = PROTOCOL_AH },
};

/*
 * RFC 7296 section 3.1, RFC 2408 section 3.1:
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |                      Initiator's SPI (8)                      |
 *  |                      Responder's SPI (8)                      |
 *  | Next payload  | MjVer | MnVer | Exchange type |     Flags     |
 *  |                          Message ID                           |
 *  |                            Length                             |
 */
struct exchange {
	uint8_t version;
	uint8_t first;
	uint8_t last;
	uint8_t flags; /* those that there are */
};
static const struct exchange exchanges[] = {
	{ 0x10, 0, 6, 0x07 },   /* RFC 2408 section 3.1 */
	{ 0x10, 32, 33, 0x07 }, /* RFC 2409 appendix A: quick mode, new group mode */
	{ 0x11, 0, 6, 0x07 },
	{ 0x20, 34, 44, 0x38 }, /* RFC 7296 section 3.1; IANA: RFC 4478, 5723, 8784, 9370 */
};

static uint8_t
rate_ike(struct wire w, size_t wire_len)
{
	uint64_t initiator = wire_u64(&w);

	wire_skip(&w, 9);
	uint8_t version = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint8_t flags = wire_u8(&w);
	wire_skip(&w, 4);
	uint32_t length = wire_u32(&w);
	if (!wire_ok(&w) || length < IKE_HEADER || length > wire_len)
		return 0;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		const struct exchange *e = &exchanges[i];

		if (version != e->version || type < e->first || type > e->last ||
		    (flags & ~(unsigned)e->flags))
			continue;
		if (initiator == 0) /* it never is, but in notifications of IKEv1 about nothing */
			return NM_CONF_WEAK;
		/* Some senders pad. */
		return length == wire_len ? NM_CONF_PROOF : NM_CONF_SIGNATURE;
	}
	return 0;
}

/* The flow's note: a security parameter index and the low half of the number, of one direction. */
#define NOTE_VALID    (UINT64_C(1) << 63)
#define NOTE_SERVER   (UINT64_C(1) << 62)
#define SEQUENCE_STEP 64  /* losses that are tolerated */
#define SPI_RESERVED  256 /* RFC 4303 section 2.1 */
#define EARLY         4096

/* How many octets differ among the first 16 behind the header: of what is encrypted about 15, of headers half of them. */
#define RANDOM 11
#define MIXED  6

static unsigned
count_different(struct wire w)
{
	const uint8_t *octets = wire_take(&w, 16);
	unsigned n = 0;

	for (unsigned i = 0; octets && i < 16; i++)
		n += memchr(octets, octets[i], i) == NULL;
	return n;
}

/* RFC 3948 section 2.2: index, sequence number, then what looks random. */
static uint8_t
rate_esp(const struct nm_packet *pkt, struct wire w, uint64_t *note)
{
	uint32_t index = wire_u32(&w);
	uint32_t number = wire_u32(&w);
	uint64_t side = pkt->direction == NM_FROM_SERVER ? NOTE_SERVER : 0;
	unsigned different = count_different(w);
	bool early = number > 0 && number < EARLY && different >= RANDOM;
	uint8_t confidence = early ? NM_CONF_WEAK : 0;

	if (!wire_ok(&w) || index < SPI_RESERVED || different < MIXED)
		return 0;
	if (note && (*note & NOTE_VALID)) {
		uint16_t step = (uint16_t)(number - (uint16_t)(*note >> 32));

		if ((*note & NOTE_SERVER) != side)
			return confidence;
		if ((uint32_t)*note == index && step >= 1 && step <= SEQUENCE_STEP)
			return NM_CONF_SIGNATURE;
	}
	if (note)
		*note = NOTE_VALID | side | (uint64_t)(number & 0xffff) << 32 | index;
	return confidence;
}

static uint8_t
rate_udp(const struct nm_packet *pkt, uint64_t *note)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire marker = w;

	if (nm_is_port(pkt, PORT_IKE))
		return rate_ike(w, pkt->wire_len);
	if (pkt->wire_len == 1)
		return *pkt->payload == 0xff ? NM_CONF_WEAK : 0; /* RFC 3948 section 2.3 */
	if (wire_u32(&marker) == 0 && wire_ok(&marker))
		return rate_ike(marker, pkt->wire_len - 4);
	return rate_esp(pkt, w, note);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	uint8_t confidence = NM_CONF_PROOF; /* named by the number of its protocol */

	(void)ctx;
	if (pkt->transport == NM_UDP)
		confidence = rate_udp(pkt, call->note);
	else if (pkt->transport == NM_TCP)
		confidence = NM_CONF_SIGNATURE;
	return nm_signature(verdict, APP_IPSEC, confidence);
}

NM_MODULE(ipsec) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ipsec",
	.summary = "IPsec: IKE, NAT traversal, ESP, AH",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
