/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Storage and file servers, and a database beside, on TCP, any port: Ceph (usually 6789 and 3300), LNet of Lustre (988),
 * NCP of NetWare (524), iSCSI (RFC 7143; 3260), NBD (10809), AFP over DSI (548), DRDA of DB2 (50000).
 *
 * Evidence: Ceph: the banner; LNet: the acceptor's and the hello's magic, a message whose two ends are of one network; NCP:
 * a signature and the length; iSCSI: a login with its keys, on its port any PDU that fills the segment; NBD: its magics;
 * AFP: the server's state, on its port any heading whose length fits; DRDA: two lengths that belong together, one after the
 * other. Servers are tagged. Cost: asked for payload with these heads, and for all of it on ports 3260 and 548.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_CEPH   310
#define APP_LUSTRE 311
#define APP_NCP    312
#define APP_DRDA   313
#define APP_ISCSI  314
#define APP_NBD    315
#define APP_AFP    347

#define PORT_ISCSI 3260
#define PORT_AFP   548

/* Low octet first, as most machines that run it write them. */
#define LNET_ACCEPTOR 0xacce7100u
#define LNET_HELLO    0x45726963u
#define LNET_MESSAGE  0xc1u
#define LNET_TYPES    4 /* acknowledgement, put, get, reply, hello */
#define LNET_MAX      (1u << 24)
#define NCP_MAX       65536
#define NCP_HEADER    8
#define ISCSI_HEADER  48
#define ISCSI_LOGIN   0x03
#define ISCSI_ANSWER  0x23
#define NBD_REQUEST   0x25609513u
#define NBD_REPLY     0x67446698u
#define NBD_COMMANDS  8
#define NBD_OPTION    UINT64_C(0x49484156454f5054) /* "IHAVEOPT" */
#define NBD_ANSWER    UINT64_C(0x0003e889045565a9)
#define NBD_OPTIONS   16
#define DSI_HEADER    16
#define DSI_STATE     3
#define DSI_MAX       (16u << 20)
#define DRDA_HEADER   10
#define DRDA_MESSAGES 16 /* looked at in one segment */

static const struct nm_app apps[] = {
	{ APP_CEPH, "Ceph", "Storage", 0xc0392b, 0xec8f85 },
	{ APP_LUSTRE, "Lustre", "Storage", 0x2c7a5b, 0x6fc39f },
	{ APP_NCP, "NCP", "File service", 0x8a2be2, 0xbd8cf0 },
	{ APP_DRDA, "DRDA", "Database", 0x0f62a6, 0x6fa9dd },
	{ APP_ISCSI, "iSCSI", "Storage", 0xb5651d, 0xe0a56c },
	{ APP_NBD, "NBD", "Storage", 0x556b2f, 0xa0b874 },
	{ APP_AFP, "AFP", "File service", 0x4a6fa5, 0x92b2dd },
};

#define HEAD(min, length, bytes, bits)                                                    \
	{                                                                                 \
		.transport = NM_TCP, .min_len = (min), .len = (length), .pattern = bytes, \
		.mask = bits                                                              \
	}
#define LIST(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define ALL LIST(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 8, "ceph v"),
	HEAD(16, 8, LIST(0x00, 0x71, 0xce, 0xac, 1, 0, 0, 0), ALL),
	HEAD(56, 5, LIST('c', 'i', 'r', 'E', 0), LIST(0xff, 0xff, 0xff, 0xff, 0xf8)),
	HEAD(72, 4, LIST(LNET_MESSAGE, 0, 0, 0), ALL),
	NM_MATCH_TEXT(NM_TCP, 16, "DmdT"),
	NM_MATCH_TEXT(NM_TCP, 16, "tNcP"),
	/* shorter than 4096 octets; chained or not, kinds 1 to 7 */
	HEAD(DRDA_HEADER, 4, LIST(0, 0, 0xd0, 0), LIST(0xf0, 0, 0xff, 0x88)),
	/* login and its answer: two zeros, no further heading, less than 64 kB of keys */
	HEAD(ISCSI_HEADER + 8, 6, LIST(ISCSI_LOGIN, 0, 0, 0, 0, 0),
	     LIST(0xbf, 0, 0xff, 0xff, 0xff, 0xff)),
	HEAD(ISCSI_HEADER + 8, 6, LIST(ISCSI_ANSWER, 0, 0, 0, 0, 0),
	     LIST(0xff, 0, 0xff, 0xff, 0xff, 0xff)),
	{ .transport = NM_TCP, .port = PORT_ISCSI, .min_len = ISCSI_HEADER },
	{ .transport = NM_TCP, .port = PORT_AFP, .min_len = DSI_HEADER },
	HEAD(DSI_HEADER + 16, 8, LIST(1, DSI_STATE, 0, 0, 0, 0, 0, 0),
	     LIST(0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff)),
	NM_MATCH_TEXT(NM_TCP, 16, "NBDMAGIC"),
	NM_MATCH_TEXT(NM_TCP, 16, "IHAVEOPT"),
	HEAD(20, 8, LIST(0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9), ALL),
	HEAD(28, 4, LIST(0x25, 0x60, 0x95, 0x13), ALL),
	HEAD(16, 4, LIST(0x67, 0x44, 0x66, 0x98), ALL),
};

/* "ceph v027" and a host's addresses, or "ceph v2" and a line's end, of both sides. */
static uint8_t
rate_ceph(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (text_begins(&w, "ceph v2\n"))
		return NM_CONF_PROOF;
	if (!text_begins(&w, "ceph v0"))
		return 0;
	wire_skip(&w, 7);
	(void)text_number(&w, 99);
	return wire_ok(&w) ? NM_CONF_PROOF : 0;
}

/* An end in LNet: an address within a network, which is a number and a kind (1 to 15; 2: TCP). Returns number and kind. */
static uint32_t
read_nid(struct wire *w)
{
	wire_skip(w, 4);
	return wire_le32(w);
}

/* Two ends of the same network. */
static bool
are_ends(struct wire *w)
{
	uint32_t network = read_nid(w);

	return read_nid(w) == network && network >> 16 >= 1 && network >> 16 <= 15 && wire_ok(w);
}

/* The acceptor's request: magic, version 1, whom it is for. Hello: magic, version, sender, receiver. Message: kind, checksum, two
 * cookies, receiver, sender, their processes, type, octets of payload. */
static uint8_t
rate_lustre(const struct nm_packet *pkt, struct wire w)
{
	uint32_t magic = wire_le32(&w);
	uint32_t version = wire_le32(&w);

	if (magic == LNET_ACCEPTOR) {
		uint32_t network = read_nid(&w);

		return version == 1 && pkt->wire_len == 16 && network >> 16 <= 15 ? NM_CONF_PROOF
		                                                                  : 0;
	}
	if (magic == LNET_HELLO)
		return version >= 1 && version <= 7 && are_ends(&w) ? NM_CONF_PROOF : 0;
	wire_skip(&w, 16);
	if (magic != LNET_MESSAGE || !are_ends(&w))
		return 0;
	wire_skip(&w, 8);
	uint32_t type = wire_le32(&w);
	uint32_t octets = wire_le32(&w);
	return wire_ok(&w) && type <= LNET_TYPES && octets < LNET_MAX ? NM_CONF_SIGNATURE : 0;
}

/* Signature and length; then a request's version and the room for its reply, and its kind, whose two octets are the same. */
static uint8_t
rate_ncp(const struct nm_packet *pkt, struct wire w)
{
	bool request = text_begins(&w, "DmdT");

	(void)pkt;
	if (!request && !text_begins(&w, "tNcP"))
		return 0;
	wire_skip(&w, 4);
	uint32_t length = wire_u32(&w);
	if (length > NCP_MAX || length < NCP_HEADER + 6)
		return 0;
	if (request && wire_u32(&w) > 1)
		return 0;
	wire_skip(&w, request ? 4 : 0);
	uint16_t kind = wire_u16(&w);
	bool known = kind == 0x1111 || kind == 0x2222 || kind == 0x3333 || kind == 0x5555 ||
	             kind == 0x7777 || kind == 0x9999;
	return known && wire_ok(&w) ? NM_CONF_PROOF : 0;
}

/* What a login's keys begin with (RFC 7143 section 13). */
static bool
is_login_key(const struct wire *w)
{
	static const char *const keys[] = {
		"InitiatorName=", "InitiatorAlias=", "SessionType=",          "AuthMethod=",
		"TargetName=",    "TargetAlias=",    "TargetPortalGroupTag=", "HeaderDigest=",
		"DataDigest=",    "CHAP_",           "MaxConnections=",       "InitialR2T=",
		"ImmediateData=", "MaxRecvData",     "ErrorRecoveryLevel=",   "DefaultTime2",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (text_begins(w, keys[i]))
			return true;
	return false;
}

/* RFC 7143 section 11.2: opcode, flags, length of further headings in words, length of the data, which is filled up to a word. */
static uint8_t
rate_iscsi(const struct nm_packet *pkt, struct wire w)
{
	uint8_t opcode = wire_u8(&w) & 0xbf;
	bool initiator = opcode <= 0x06 || opcode == 0x10;

	wire_skip(&w, 3);
	uint32_t lengths = wire_u32(&w);
	uint32_t data = lengths & 0xffffff;
	wire_skip(&w, ISCSI_HEADER - 8);
	if (!wire_ok(&w) || (!initiator && (opcode < 0x20 || opcode > 0x26) && opcode != 0x31 &&
	                     opcode != 0x32 && opcode != 0x3f))
		return 0;
	if ((opcode == ISCSI_LOGIN || opcode == ISCSI_ANSWER) && data > 0 && is_login_key(&w))
		return NM_CONF_PROOF;
	uint32_t whole = ISCSI_HEADER + (lengths >> 24) * 4 + ((data + 3) & ~3u);
	return nm_is_port(pkt, PORT_ISCSI) && whole == pkt->wire_len ? NM_CONF_SIGNATURE : 0;
}

/* What follows the greeting, which servers send in pieces: the client's options and the answers, of magic, option, kind of
 * answer, and length. */
static bool
is_nbd_option(struct wire w)
{
	uint64_t magic = wire_u64(&w);
	uint32_t option = wire_u32(&w);

	return wire_ok(&w) && option > 0 && option <= NBD_OPTIONS &&
	       (magic == NBD_OPTION || magic == NBD_ANSWER);
}

/* The protocol's own document: greeting; request of flags, command, handle, offset and length; reply of error and handle. */
static uint8_t
rate_nbd(const struct nm_packet *pkt, struct wire w)
{
	if (is_nbd_option(w))
		return NM_CONF_PROOF;
	if (text_begins(&w, "NBDMAGIC")) {
		wire_skip(&w, 8);
		return text_begins(&w, "IHAVEOPT") || wire_u64(&w) == UINT64_C(0x00420281861253)
		           ? NM_CONF_PROOF
		           : 0;
	}
	uint32_t magic = wire_u32(&w);
	if (magic == NBD_REPLY)
		return wire_u32(&w) < 256 && pkt->wire_len >= 16 ? NM_CONF_SIGNATURE : 0;
	if (magic != NBD_REQUEST)
		return 0;
	uint16_t flags = wire_u16(&w);
	uint16_t command = wire_u16(&w);
	return wire_ok(&w) && flags < 64 && command <= NBD_COMMANDS ? NM_CONF_PROOF : 0;
}

/* DSI: whether it is an answer, command (1 to 8, 7 is none), number, an error or where data begins, length of the rest, 0. The
 * server's state, which clients ask for first, names the versions of AFP. */
static uint8_t
rate_afp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t answer = wire_u8(&w);
	uint8_t command = wire_u8(&w);

	wire_skip(&w, 6);
	uint32_t length = wire_u32(&w);
	uint32_t reserved = wire_u32(&w);
	if (!wire_ok(&w) || answer > 1 || command < 1 || command > 8 || command == 7 ||
	    reserved != 0 || length > DSI_MAX)
		return 0;
	bool whole = length + DSI_HEADER == pkt->wire_len;
	if (answer && command == DSI_STATE && whole && text_seek(&w, "\006afp"))
		return NM_CONF_PROOF;
	return nm_is_port(pkt, PORT_AFP) && whole ? NM_CONF_SIGNATURE : 0;
}

/* DDM level: length, 0xd0, kind, number, length of the rest, which is six less, and what it is. They follow each other. */
static uint8_t
rate_drda(const struct nm_packet *pkt, struct wire w)
{
	unsigned n = 0;

	(void)pkt;
	for (; n < DRDA_MESSAGES && wire_left(&w) >= DRDA_HEADER; n++) {
		uint16_t length = wire_u16(&w);
		uint8_t magic = wire_u8(&w);
		uint8_t kind = wire_u8(&w) & 0x8f;

		wire_skip(&w, 2);
		uint16_t inner = wire_u16(&w);
		uint16_t code = wire_u16(&w);
		if (magic != 0xd0 || kind < 1 || kind > 5 || length < DRDA_HEADER ||
		    inner != length - 6 || code < 0x0010)
			return 0;
		if (wire_left(&w) < length - (size_t)DRDA_HEADER)
			return n > 0 || wire_left(&w) == 0 ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
		wire_skip(&w, length - (size_t)DRDA_HEADER);
	}
	return n > 0 && wire_left(&w) == 0 ? NM_CONF_PROOF : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_CEPH, rate_ceph },   { NM_TCP, APP_LUSTRE, rate_lustre },
	{ NM_TCP, APP_NCP, rate_ncp },     { NM_TCP, APP_DRDA, rate_drda },
	{ NM_TCP, APP_ISCSI, rate_iscsi }, { NM_TCP, APP_NBD, rate_nbd },
	{ NM_TCP, APP_AFP, rate_afp },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(storage) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "storage",
	.summary = "Ceph, Lustre, NCP, iSCSI, NBD, AFP and DRDA",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
