/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QUIC's headers in clear text. */
#include "modules/quic/packet.h"

#define Q(c, d) (0x51300000U | (uint32_t)(c) << 8 | (uint32_t)(d)) /* "Q0cd" */
#define T(c, d) (0x54300000U | (uint32_t)(c) << 8 | (uint32_t)(d)) /* "T0cd" */

#define DRAFT(n) (0xff000000U | (n))

#define TAG_MIN \
	16 /* RFC 9001 section 5.3: an authentication tag, and of a Retry, the integrity tag */
#define PROTECTED_MIN 20   /* RFC 9001 section 5.4.2: packet number and sample */
#define DATAGRAM_MIN  1200 /* RFC 9000 section 14.1 */
#define OFFERS_MAX    64   /* versions that one server names */

#define SALT_DRAFT_22 \
	"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
#define SALT_DRAFT_23 \
	"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
#define SALT_DRAFT_29 \
	"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
#define SALT_V1 "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
#define SALT_V2_DRAFT \
	"\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3"
#define SALT_V2   "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
#define SALT_Q050 "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"
#define SALT_T050 "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
#define SALT_T051 "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"

/* The most common first. Drafts share what did not change from one to the next; Facebook's numbers stand for drafts. */
static const struct quic_version versions[] = {
	{ .first = 1, .last = 1, .label = "quic", .salt = SALT_V1 },
	{ .first = 0x6b3343cf, .last = 0x6b3343cf, .turn = 1, .label = "quicv2", .salt = SALT_V2 },
	{ .first = DRAFT(33), .last = DRAFT(34), .label = "quic", .salt = SALT_V1 },
	{ .first = DRAFT(29), .last = DRAFT(32), .label = "quic", .salt = SALT_DRAFT_29 },
	{ .first = DRAFT(23), .last = DRAFT(28), .label = "quic", .salt = SALT_DRAFT_23 },
	{ .first = DRAFT(22), .last = DRAFT(22), .label = "quic", .salt = SALT_DRAFT_22 },
	{ .first = 0xfaceb001, .last = 0xfaceb001, .label = "quic", .salt = SALT_DRAFT_22 },
	{ .first = 0xfaceb002, .last = 0xfaceb00f, .label = "quic", .salt = SALT_DRAFT_23 },
	{ .first = 0xfaceb010, .last = 0xfaceb01f, .label = "quic", .salt = SALT_DRAFT_29 },
	{ .first = 0x709a50c4,
	  .last = 0x709a50c4,
	  .turn = 1,
	  .label = "quicv2",
	  .salt = SALT_V2_DRAFT },
	{ .first = Q('4', '4'), .last = Q('4', '9'), .layout = QUIC_Q046, .google = true },
	{ .first = Q('5', '0'),
	  .last = Q('5', '0'),
	  .google = true,
	  .label = "quic",
	  .salt = SALT_Q050 },
	{ .first = T('5', '0'),
	  .last = T('5', '0'),
	  .google = true,
	  .label = "quic",
	  .salt = SALT_T050 },
	{ .first = T('5', '1'),
	  .last = T('5', '1'),
	  .google = true,
	  .label = "quic",
	  .salt = SALT_T051 },
};

const struct quic_version *
quic_version(uint32_t number)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (number >= versions[i].first && number <= versions[i].last)
			return &versions[i];
	return NULL;
}

uint64_t
quic_varint(struct wire *w)
{
	uint8_t first = wire_u8(w);
	uint64_t value = first & 0x3f;

	for (unsigned more = (1U << (first >> 6)) - 1; more > 0; more--)
		value = value << 8 | wire_u8(w);
	return wire_ok(w) ? value : 0;
}

/* Both connection ids. */
static bool
read_ids(struct wire *w, struct quic_packet *p)
{
	if (p->version->layout == QUIC_Q046) {
		uint8_t lengths = wire_u8(w);

		/* a nibble each: 0, or three less than the length */
		p->dcid_len = (uint8_t)(lengths >> 4 ? (lengths >> 4) + 3 : 0);
		p->scid_len = (uint8_t)(lengths & 15 ? (lengths & 15) + 3 : 0);
		p->dcid = wire_take(w, p->dcid_len);
		wire_skip(w, p->scid_len);
		return wire_ok(w) && p->dcid_len + p->scid_len == 8;
	}
	p->dcid_len = wire_u8(w);
	p->dcid = wire_take(w, p->dcid_len);
	p->scid_len = wire_u8(w);
	wire_skip(w, p->scid_len);
	return wire_ok(w) && p->dcid_len <= QUIC_CID_MAX && p->scid_len <= QUIC_CID_MAX;
}

/* How long the rest is: by the header, or to the datagram's end. */
static bool
read_length(struct wire *w, uint32_t lost, struct quic_packet *p)
{
	size_t left = wire_left(w) + lost;
	uint64_t length = left;

	if (p->type == QUIC_RETRY || p->version->layout == QUIC_Q046) {
		if (length < TAG_MIN)
			return false;
	} else {
		if (p->type == QUIC_INITIAL) {
			uint64_t token = quic_varint(w);

			if (token > wire_left(w))
				return false;
			wire_skip(w, (size_t)token);
		}
		length = quic_varint(w);
		if (!wire_ok(w) || length < PROTECTED_MIN || length > wire_left(w) + lost)
			return false;
	}
	p->number = w->at;
	p->length = (uint32_t)length;
	p->captured = (uint32_t)(length < wire_left(w) ? length : wire_left(w));
	wire_skip(w, p->captured);
	return true;
}

bool
quic_read_packet(struct wire *w, uint32_t lost, struct quic_packet *ret_packet)
{
	struct quic_packet p = { .start = w->at };
	uint8_t first = wire_u8(w);

	p.version = quic_version(wire_u32(w));
	if (!wire_ok(w) || !(first & QUIC_LONG_HEADER) || !p.version)
		return false;
	p.type = (uint8_t)(((unsigned)(first >> 4) - p.version->turn) & 3);
	if (!read_ids(w, &p) || !read_length(w, lost, &p))
		return false;
	*ret_packet = p;
	return true;
}

bool
quic_is_negotiation(struct wire w)
{
	bool known = false;

	wire_skip(&w, 5);
	wire_skip(&w, wire_u8(&w));
	wire_skip(&w, wire_u8(&w));
	if (!wire_ok(&w) || wire_left(&w) % 4 != 0 || wire_left(&w) > 4UL * OFFERS_MAX)
		return false;
	while (wire_left(&w) > 0) {
		uint32_t offered = wire_u32(&w);

		if (offered == 0)
			return false;
		known = known || quic_version(offered);
	}
	return known;
}

bool
quic_is_greased(struct wire w, uint32_t wire_len)
{
	wire_skip(&w, 1);
	uint32_t version = wire_u32(&w);
	uint8_t dcid_len = wire_u8(&w);
	wire_skip(&w, dcid_len);
	uint8_t scid_len = wire_u8(&w);
	wire_skip(&w, scid_len);
	return wire_ok(&w) && (version & 0x0f0f0f0fU) == 0x0a0a0a0aU && dcid_len >= 8 &&
	       dcid_len <= QUIC_CID_MAX && scid_len <= QUIC_CID_MAX && wire_len >= DATAGRAM_MIN;
}
