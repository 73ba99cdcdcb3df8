/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The headers of QUIC's packets (RFC 9000 section 17.2), which are in clear text, and what versions of it there are. No state:
 * any thread. All that is read lies within the caller's bytes.
 */
#ifndef NETMON_MODULES_QUIC_PACKET_H
#define NETMON_MODULES_QUIC_PACKET_H

#include <netmon/wire.h>

#define QUIC_LONG_HEADER 0x80u /* the first octet's top bit */
#define QUIC_CID_MAX     20    /* RFC 9000 section 17.2 */
#define QUIC_SALT        20

/* What follows the version in a packet. */
enum quic_layout {
	QUIC_IETF = 0, /* a length octet before each connection id */
	QUIC_Q046, /* both lengths in one octet, then the packet number; nothing is encrypted by a known key */
};

/* Packet types, as version 1 numbers them. */
enum quic_type {
	QUIC_INITIAL = 0,
	QUIC_0RTT = 1,
	QUIC_HANDSHAKE = 2,
	QUIC_RETRY = 3,
};

struct quic_version {
	uint32_t first; /* the versions to which the rest applies */
	uint32_t last;
	uint8_t layout;              /* enum quic_layout */
	uint8_t turn;                /* what is added to each packet type (RFC 9369 section 3.2) */
	bool google;                 /* Google's frames, numbered otherwise */
	const char *label;           /* of key derivation: "quic" (RFC 9001), "quicv2" */
	uint8_t salt[QUIC_SALT + 1]; /* of the Initial secret (RFC 9001 section 5.2) */
};

/* A packet with a long header. Pointers are into the caller's bytes. */
struct quic_packet {
	const struct quic_version *version;
	uint8_t type; /* enum quic_type */
	uint8_t dcid_len;
	uint8_t scid_len;
	const uint8_t *start; /* its first octet */
	const uint8_t *dcid;
	const uint8_t *number; /* the packet number, encrypted; of a Retry, the token */
	uint32_t length;       /* octets from `number` on, by the header */
	uint32_t captured;     /* how many of them are here */
};

/* The version with that number, NULL for one that is not known. */
const struct quic_version *quic_version(uint32_t number);

/* Reads a header, of a version that is known, and moves behind its packet, for datagrams may hold several (RFC 9000 section
 * 12.2). `lost`: octets of the datagram that were sent and not captured. False for what is none. */
bool quic_read_packet(struct wire *w, uint32_t lost, struct quic_packet *ret_packet);

/* A Version Negotiation packet (RFC 9000 section 17.2.1) that names a version that is known. */
bool quic_is_negotiation(struct wire w);

/* A first packet of a version that servers are to refuse (RFC 9000 section 15: 0x?a?a?a?a), as some clients send it. */
bool quic_is_greased(struct wire w, uint32_t wire_len);

/* RFC 9000 section 16: one, two, four or eight octets by the first one's top bits. */
uint64_t quic_varint(struct wire *w);

#endif
