/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Machines, measurement, time and vehicles: OPC UA (TCP, usually port 4840), HiSLIP (IVI-6.1; TCP, 4880), RTPS of DDS (UDP, 7400 and
 * above), PTP version 2 (IEEE 1588; UDP, 319 and 320), DoIP (ISO 13400; 13400), CAN frames on UDP (11898), SOME/IP (30490 and
 * above), TRDP of trains (IEC 61375-2-3; 17224 and 17225).
 *
 * Evidence: names and fixed fields with a length that fits, on any port; PTP, TRDP and most of SOME/IP on their ports only. Servers are
 * tagged, of SOME/IP the sender's own endpoints that its service discovery offers. Cost: asked for payload with these heads, and
 * on the ports of PTP, TRDP and SOME/IP.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_OPC_UA 210
#define APP_HISLIP 224
#define APP_RTPS   225
#define APP_PTP    226
#define APP_DOIP   227
#define APP_CAN    228
#define APP_SOMEIP 229
#define APP_TRDP   223

#define PORT_TRDP        17224 /* process data; messages: the next one */
#define PORT_PTP_EVENT   319
#define PORT_PTP_GENERAL 320
#define PORT_SOMEIP_SD   30490
#define PORT_SOMEIP_MOST 30510 /* the ports from discovery's to this one are those of examples */

static const struct nm_app apps[] = {
	{ APP_OPC_UA, "OPC UA", "Industrial", 0x0b6e4f, 0x66c2a0 },
	{ APP_TRDP, "TRDP", "Vehicle", 0x007c83, 0x5cc4ca },
	{ APP_HISLIP, "HiSLIP", "Industrial", 0x84563c, 0xd0a58b },
	{ APP_RTPS, "RTPS", "Industrial", 0x5a4fcf, 0xaaa4ee },
	{ APP_PTP, "PTPv2", "Network", 0x4f772d, 0xa3c782 },
	{ APP_DOIP, "DoIP", "Vehicle", 0xa44a3f, 0xe79d94 },
	{ APP_CAN, "Controller Area Network", "Vehicle", 0x86608e, 0xc8a7cf },
	{ APP_SOMEIP, "SOMEIP", "Vehicle", 0x3d5a80, 0x96b4da },
};

#define DOIP(version, inverse)                                                               \
	{ .transport = NM_TCP, .min_len = 8, .len = 2, .pattern = { version, inverse } },    \
	{                                                                                    \
		.transport = NM_UDP, .min_len = 8, .len = 2, .pattern = { version, inverse } \
	}
#define SOMEIP(number)                                               \
	{ .transport = NM_UDP, .port = (number), .min_len = 16 },    \
	{                                                            \
		.transport = NM_TCP, .port = (number), .min_len = 16 \
	}
#define SOMEIP_7(first)                                                               \
	SOMEIP(first), SOMEIP((first) + 1), SOMEIP((first) + 2), SOMEIP((first) + 3), \
	    SOMEIP((first) + 4), SOMEIP((first) + 5), SOMEIP((first) + 6)

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 28, "HELF"),
	NM_MATCH_TEXT(NM_TCP, 28, "ACKF"),
	NM_MATCH_TEXT(NM_TCP, 16, "ERRF"),
	NM_MATCH_TEXT(NM_TCP, 12, "RHEF"),
	NM_MATCH_TEXT(NM_TCP, 16, "OPNF"),
	NM_MATCH_TEXT(NM_TCP, 24, "MSGF"),
	NM_MATCH_TEXT(NM_TCP, 24, "MSGC"),
	NM_MATCH_TEXT(NM_TCP, 24, "CLOF"),
	/* "HS", kinds 0 to 31 */
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 3,
	  .pattern = { 'H', 'S', 0 },
	  .mask = { 0xff, 0xff, 0xe0 } },
	NM_MATCH_TEXT(NM_UDP, 16, "RTPS"),
	NM_MATCH_TEXT(NM_TCP, 16, "RTPS"),
	{ .transport = NM_UDP,
	  .port = PORT_PTP_EVENT,
	  .min_len = 34,
	  .len = 2,
	  .pattern = { 0, 2 },
	  .mask = { 0, 0x0f } },
	{ .transport = NM_UDP,
	  .port = PORT_PTP_GENERAL,
	  .min_len = 34,
	  .len = 2,
	  .pattern = { 0, 2 },
	  .mask = { 0, 0x0f } },
	{ .transport = NM_UDP, .port = PORT_TRDP, .min_len = 40 },
	{ .transport = NM_UDP, .port = PORT_TRDP + 1, .min_len = 116 },
	{ .transport = NM_TCP, .port = PORT_TRDP + 1, .min_len = 116 },
	DOIP(1, 0xfe),
	DOIP(2, 0xfd),
	DOIP(3, 0xfc),
	DOIP(4, 0xfb),
	DOIP(0xff, 0),
	NM_MATCH_TEXT(NM_UDP, 10, "ISO11898"),
	/* service discovery: service ffff, method 8100 */
	{ .transport = NM_UDP, .min_len = 28, .len = 4, .pattern = { 0xff, 0xff, 0x81, 0 } },
	/* magic cookie of a TCP connection, from either side */
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 8,
	  .pattern = { 0xff, 0xff, 0, 0, 0, 0, 0, 8 },
	  .mask = { 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff } },
	SOMEIP_7(PORT_SOMEIP_SD),
	SOMEIP_7(PORT_SOMEIP_SD + 7),
	SOMEIP_7(PORT_SOMEIP_SD + 14),
};

/* --- OPC UA: part 6, sections 6.7.2 and 7.1.2 --------------------------------------------------------------------- */

#define UA_MAX    (64u << 20)
#define UA_HELLO  32   /* kind, size, version, four sizes, length of the URL */
#define UA_BUFFER 8192 /* least octets of a buffer */

/* Kinds of message, and what their size may be at least. */
static const struct {
	char kind[5];
	uint8_t least;
} ua_kinds[] = {
	{ "HELF", UA_HELLO }, { "ACKF", 28 }, { "ERRF", 16 }, { "RHEF", 12 },
	{ "OPNF", 40 },       { "MSGF", 24 }, { "MSGC", 24 }, { "CLOF", 24 },
};

/* Kind, size; of hello and acknowledgement a version, 0 today, and the sizes of buffers; of the others a secure channel. */
static uint8_t
rate_opc_ua(const struct nm_packet *pkt, struct wire w)
{
	for (size_t i = 0; i < sizeof(ua_kinds) / sizeof(ua_kinds[0]); i++) {
		if (!text_begins(&w, ua_kinds[i].kind))
			continue;
		wire_skip(&w, 4);
		uint32_t size = wire_le32(&w);
		uint32_t version = wire_le32(&w);
		uint32_t buffer = wire_le32(&w);
		if (!wire_ok(&w) || size < ua_kinds[i].least || size > UA_MAX)
			return 0;
		if (i < 2)
			return version < 0x100 && buffer >= UA_BUFFER && size == pkt->wire_len
			           ? NM_CONF_PROOF
			           : 0;
		/* longer ones are several segments */
		return size == pkt->wire_len || (size > pkt->wire_len && pkt->wire_len >= 536) ||
		               (i > 4 && size < pkt->wire_len)
		           ? NM_CONF_SIGNATURE
		           : 0;
	}
	return 0;
}

/* --- HiSLIP: IVI-6.1 section 2.4 ----------------------------------------------------------------------------------- */

#define HISLIP_HEADER 16 /* "HS", kind, control, parameter, 64 bits of length */
#define HISLIP_KINDS  25

static uint8_t
rate_hislip(const struct nm_packet *pkt, struct wire w)
{
	uint16_t prologue = wire_u16(&w);
	uint8_t kind = wire_u8(&w);

	wire_skip(&w, 5);
	uint64_t length = wire_u64(&w);
	if (!wire_ok(&w) || prologue != 0x4853 || kind > HISLIP_KINDS)
		return 0;
	return length == pkt->wire_len - HISLIP_HEADER ||
	               (length <= UINT32_MAX && (kind == 6 || kind == 7))
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- RTPS: OMG DDSI-RTPS 2.5, sections 8.3.3 and 9.4.5 ------------------------------------------------------------- */

#define RTPS_HEADER 20
#define RTPS_VENDOR 0x80 /* kinds of submessage from here on are a vendor's */

static bool
is_submessage(uint8_t kind)
{
	return kind == 0x01 || (kind >= 0x06 && kind <= 0x16) || (kind >= 0x30 && kind <= 0x34) ||
	       kind >= RTPS_VENDOR;
}

/* "RTPS", version 1 or 2, vendor, 12 octets that name the sender, submessages. */
static uint8_t
rate_rtps(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "RTPS"))
		return 0;
	wire_skip(&w, 4);
	uint8_t major = wire_u8(&w);
	uint8_t minor = wire_u8(&w);
	wire_skip(&w, 2);
	if (!wire_ok(&w) || major < 1 || major > 2 || minor > 9)
		return 0;
	if (text_begins(&w, "NDDSPING"))
		return NM_CONF_PROOF;
	wire_skip(&w, RTPS_HEADER - 8);
	return is_submessage(wire_u8(&w)) && wire_ok(&w) ? NM_CONF_PROOF : 0;
}

/* --- PTP: IEEE 1588-2019 section 13.3 ------------------------------------------------------------------------------ */

#define PTP_HEADER 34

/* What a message of each kind has at least, header included; 0: there is no such kind. */
static const uint8_t ptp_least[16] = {
	44, 44, 54, 54, 0, 0, 0, 0, 44, 54, 54, 64, 44, 48, 0, 0,
};

static uint8_t
rate_ptp(const struct nm_packet *pkt, struct wire w)
{
	uint8_t kind = wire_u8(&w) & 0x0f;
	uint8_t version = wire_u8(&w) & 0x0f;
	uint16_t length = wire_u16(&w);

	if (!wire_ok(&w) ||
	    (!nm_is_port(pkt, PORT_PTP_EVENT) && !nm_is_port(pkt, PORT_PTP_GENERAL)))
		return 0;
	return version == 2 && ptp_least[kind] != 0 && length >= ptp_least[kind] &&
	               length <= pkt->wire_len
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- vehicles ------------------------------------------------------------------------------------------------------- */

#define DOIP_HEADER 8 /* ISO 13400-2 section 9: version, its complement, kind, length */
#define CAN_HEADER  10
#define SOMEIP_HEADER \
	16 /* service, method, length, client, session, versions, kind, what became of it */
#define SOMEIP_OUTSIDE 8 /* octets that the length does not count */
#define SD_SERVICE     0xffff8100
#define COOKIE_SERVICE 0xffff0000 /* of a client; of a server with bit 15 */
#define COOKIE         0xdeadbeef /* in the place of client and session */

/* Kinds of DoIP payload, and what the length may be. */
static const struct {
	uint16_t first;
	uint16_t last;
	uint32_t least;
	uint32_t most;
} doip_kinds[] = {
	{ 0x0000, 0x0000, 1, 1 },          { 0x0001, 0x0001, 0, 0 },
	{ 0x0002, 0x0002, 6, 6 },          { 0x0003, 0x0003, 17, 17 },
	{ 0x0004, 0x0004, 32, 33 },        { 0x0005, 0x0005, 7, 11 },
	{ 0x0006, 0x0006, 9, 13 },         { 0x0007, 0x0007, 0, 0 },
	{ 0x0008, 0x0008, 2, 2 },          { 0x4001, 0x4001, 0, 0 },
	{ 0x4002, 0x4002, 3, 7 },          { 0x4003, 0x4003, 0, 0 },
	{ 0x4004, 0x4004, 1, 1 },          { 0x8001, 0x8001, 5, UINT32_MAX },
	{ 0x8002, 0x8003, 5, UINT32_MAX },
};

static uint8_t
rate_doip(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint8_t inverse = wire_u8(&w);
	uint16_t kind = wire_u16(&w);
	uint32_t length = wire_u32(&w);

	if (!wire_ok(&w) || (version ^ inverse) != 0xff || (version > 4 && version != 0xff) ||
	    length > pkt->wire_len - DOIP_HEADER || !nm_fits(pkt, DOIP_HEADER + length))
		return 0;
	for (size_t i = 0; i < sizeof(doip_kinds) / sizeof(doip_kinds[0]); i++)
		if (kind >= doip_kinds[i].first && kind <= doip_kinds[i].last)
			return length >= doip_kinds[i].least && length <= doip_kinds[i].most
			           ? NM_CONF_SIGNATURE
			           : 0;
	return 0;
}

/* "ISO11898", version 1, how many frames. */
static uint8_t
rate_can(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "ISO11898"))
		return 0;
	wire_skip(&w, 8);
	uint8_t version = wire_u8(&w);
	uint8_t frames = wire_u8(&w);
	return wire_ok(&w) && version == 1 && frames > 0 ? NM_CONF_PROOF : 0;
}

/* AUTOSAR PRS_SOMEIPProtocol section 4.1.2: of messages requests (0x00 to 0x02), answers (0x80, 0x81), of segments with 0x20. */
static bool
is_someip_kind(uint8_t kind)
{
	uint8_t whole = kind & (uint8_t)~0x20;

	return whole <= 2 || whole == 0x80 || whole == 0x81;
}

static uint8_t
rate_someip(const struct nm_packet *pkt, struct wire w)
{
	uint32_t service = wire_u32(&w);
	uint32_t length = wire_u32(&w);

	uint32_t session = wire_u32(&w);
	uint8_t protocol = wire_u8(&w);
	wire_skip(&w, 1);
	uint8_t kind = wire_u8(&w);
	uint8_t code = wire_u8(&w);
	if (!wire_ok(&w) || protocol != 1 || length < SOMEIP_HEADER - SOMEIP_OUTSIDE ||
	    length > pkt->wire_len - SOMEIP_OUTSIDE || !is_someip_kind(kind) || code > 0x5f)
		return 0;
	if ((service | 0x8000) == (COOKIE_SERVICE | 0x8000))
		return session == COOKIE ? NM_CONF_PROOF : 0;
	if (service == SD_SERVICE)
		return kind == 2 && length + SOMEIP_OUTSIDE == pkt->wire_len ? NM_CONF_PROOF : 0;
	for (uint16_t port = PORT_SOMEIP_SD; port <= PORT_SOMEIP_MOST; port++)
		if (nm_is_port(pkt, port))
			return NM_CONF_SIGNATURE;
	return 0;
}

#define TRDP_PROCESS 40  /* octets of a header of process data */
#define TRDP_MESSAGE 116 /* of message data */
#define TRDP_VERSION 1   /* in the high octet */

/* IEC 61375-2-3 annex A: number, version, two letters, what it is about, two counters of topology, octets of data, which are
 * padded to a multiple of four. */
static uint8_t
rate_trdp(const struct nm_packet *pkt, struct wire w)
{
	static const uint8_t process[] = { 'd', 'r', 'p', 'e' };
	static const uint8_t message[] = { 'n', 'r', 'p', 'q', 'c', 'e' };

	wire_skip(&w, 4);
	uint8_t version = wire_u8(&w);
	wire_skip(&w, 1);
	uint8_t first = wire_u8(&w);
	uint8_t second = wire_u8(&w);
	wire_skip(&w, 12);
	uint32_t data = wire_u32(&w);
	if (!wire_ok(&w) || version != TRDP_VERSION || data > UINT16_MAX ||
	    (!nm_is_port(pkt, PORT_TRDP) && !nm_is_port(pkt, PORT_TRDP + 1)))
		return 0;
	uint32_t length = (data + 3) & ~3u;
	if (first == 'P' && memchr(process, second, sizeof(process)))
		return nm_fits(pkt, TRDP_PROCESS + length) ? NM_CONF_SIGNATURE : 0;
	return first == 'M' && memchr(message, second, sizeof(message)) &&
	               nm_fits(pkt, TRDP_MESSAGE + length)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

#define SD_OPTIONS_MAX 16
#define SD_ENDPOINT    0x04 /* IPv4; length 9 */
#define IPV4_AT        12   /* where an IPv4 address is in one of 16 octets */

/*
 * AUTOSAR PRS_SOMEIPServiceDiscoveryProtocol section 4.1.2: flags, entries by their length, options by theirs. An endpoint is
 * believed when it has the sender's own address.
 */
static void
tag_offered(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	wire_skip(&w, SOMEIP_HEADER + 4);
	wire_skip(&w, wire_u32(&w));
	wire_limit(&w, wire_u32(&w));
	for (unsigned i = 0; i < SD_OPTIONS_MAX && wire_left(&w) > 0; i++) {
		uint16_t length = wire_u16(&w);
		uint8_t kind = wire_u8(&w);
		const uint8_t *option = wire_take(&w, length);

		if (!option || kind != SD_ENDPOINT || length != 9 ||
		    memcmp(option + 1, pkt->saddr + IPV4_AT, 4) != 0 ||
		    (option[6] != NM_TCP && option[6] != NM_UDP))
			continue;
		nm_tag_announced(call, APP_SOMEIP, option[6], pkt->saddr,
		                 (uint16_t)(option[7] << 8 | option[8]), NM_SERVER_TTL_S);
	}
}

/* ------------------------------------------------------------------------------------------------------------------- */

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_OPC_UA, rate_opc_ua }, { NM_UDP, APP_TRDP, rate_trdp },
	{ NM_TCP, APP_TRDP, rate_trdp },     { NM_TCP, APP_HISLIP, rate_hislip },
	{ NM_UDP, APP_RTPS, rate_rtps },     { NM_TCP, APP_RTPS, rate_rtps },
	{ NM_UDP, APP_PTP, rate_ptp },       { NM_TCP, APP_DOIP, rate_doip },
	{ NM_UDP, APP_DOIP, rate_doip },     { NM_UDP, APP_CAN, rate_can },
	{ NM_UDP, APP_SOMEIP, rate_someip }, { NM_TCP, APP_SOMEIP, rate_someip },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	enum nm_result result = nm_family_classify(
	    protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call, verdict);
	if (verdict->app == APP_SOMEIP && verdict->confidence == NM_CONF_PROOF &&
	    pkt->transport == NM_UDP)
		tag_offered(pkt, call);
	return result;
}

NM_MODULE(automation) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "automation",
	.summary = "OPC UA, HiSLIP, RTPS, PTP, DoIP, CAN on UDP, SOME/IP, TRDP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
