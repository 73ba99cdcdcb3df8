/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP and RTP: RFC 3261, SDP (RFC 8866), RTP and RTCP (RFC 3550). SIP over UDP and TCP on any port, usually 5060.
 *
 * SIP: a request or status line with its version; who answers is tagged. A SIP conversation is watched: the connection address
 * and media ports of each SDP body tag RTP (and RTCP on the port above, or where a=rtcp says, RFC 3605). RTP: packets of a
 * tagged endpoint that have an RTP header; without SIP, three packets of one direction with the same source and growing sequence numbers, on
 * TCP behind their lengths (RFC 4571); RTCP by its compound structure, which also tags the RTP port below, and secured RTCP
 * (RFC 3711) by the head that is left in clear, of two packets. One direction is enough.
 *
 * Cost: asked for payload that begins with a method, for UDP payload whose first two bits are RTP's version, and for TCP
 * payload where they stand behind a length below 2048.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SIP 10
#define APP_RTP 11

#define SDP_LINES_MAX 128
#define SDP_MEDIA_MAX 16
#define VERSIONS_MAX  16 /* places where a body may seem to begin */
#define MEDIA_TTL_S \
	180 /* from the offer to the first packet of the media: somebody has to pick up */
#define PORT_MIN 1024

static const struct nm_app apps[] = {
	{ APP_SIP, "SIP", "Voice", 0x332288, 0x8f7fe0 },
	{ APP_RTP, "RTP", "Voice", 0x999933, 0xc2c25a },
};

#define METHOD(transport_, text) NM_MATCH_TEXT(transport_, 16, text)
#define METHODS(transport_)                                                                    \
	METHOD(transport_, "INVITE "), METHOD(transport_, "ACK "), METHOD(transport_, "BYE "), \
	    METHOD(transport_, "CANCEL "), METHOD(transport_, "OPTIONS"),                      \
	    METHOD(transport_, "REGISTE"), METHOD(transport_, "PRACK "),                       \
	    METHOD(transport_, "SUBSCRI"), METHOD(transport_, "NOTIFY "),                      \
	    METHOD(transport_, "PUBLISH"), METHOD(transport_, "INFO "),                        \
	    METHOD(transport_, "REFER "), METHOD(transport_, "MESSAGE"),                       \
	    METHOD(transport_, "UPDATE "), METHOD(transport_, "SIP/2.0")

static const struct nm_match matches[] = {
	METHODS(NM_UDP),
	METHODS(NM_TCP),
	/* RFC 3550 section 5.1: version 2 */
	{ .transport = NM_UDP, .min_len = 8, .len = 1, .pattern = { 0x80 }, .mask = { 0xc0 } },
	/* RFC 4571 section 2: a length of 16 bits in front of it */
	{ .transport = NM_TCP,
	  .min_len = 14,
	  .len = 3,
	  .pattern = { 0, 0, 0x80 },
	  .mask = { 0xf8, 0, 0xc0 } },
};

/* --- SIP -------------------------------------------------------------------------------------------------------- */

/* RFC 3261 sections 7.1 and 7.2: "SIP/2.0 200 OK", or "INVITE sip:... SIP/2.0". */
static uint8_t
rate_line(struct wire line, bool ended)
{
	struct wire uri = line;

	if (!text_all_print(&line))
		return 0;
	if (text_begins(&line, "SIP/2.0 ")) {
		wire_skip(&line, 8);
		uint32_t code = text_number(&line, 699);
		return wire_ok(&line) && code >= 100 ? NM_CONF_PROOF : 0;
	}
	const uint8_t *space = memchr(line.at, ' ', wire_left(&line));
	if (!space)
		return 0;
	wire_skip(&uri, (size_t)(space - line.at) + 1);
	if (!text_begins_nocase(&uri, "sip:") && !text_begins_nocase(&uri, "sips:") &&
	    !text_begins_nocase(&uri, "tel:"))
		return 0;
	size_t left = wire_left(&uri);
	if (!ended)
		return NM_CONF_WEAK;
	if (left < 8)
		return 0;
	wire_skip(&uri, left - 8);
	return text_begins(&uri, " SIP/2.0") ? NM_CONF_PROOF : 0;
}

/* The hexadecimal group or decimal octet at the cursor. */
static uint32_t
read_hex(struct wire *w)
{
	uint32_t value = 0;
	unsigned digits = 0;

	for (; wire_left(w) > 0 && digits < 5; digits++) {
		uint8_t c = text_lower(*w->at);

		if (!text_is_digit(c) && !(c >= 'a' && c <= 'f'))
			break;
		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
		wire_skip(w, 1);
	}
	if (digits == 0 || digits > 4)
		w->failed = true;
	return value;
}

static bool
read_ip4(struct wire w, uint8_t ret[16])
{
	uint8_t addr[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			text_expect(&w, '.');
		addr[12 + i] = (uint8_t)text_number(&w, 255);
	}
	if (!wire_ok(&w))
		return false;
	memcpy(ret, addr, sizeof(addr));
	return true;
}

/* RFC 4291 section 2.2, without the mixed form. */
static bool
read_ip6(struct wire w, uint8_t ret[16])
{
	uint8_t addr[16] = { 0 };
	unsigned n = 0;
	unsigned gap = 8; /* groups before "::" */

	if (text_begins(&w, "::"))
		wire_skip(&w, 1);
	while (n < 8 && wire_left(&w) > 0 && *w.at != ' ' && *w.at != '/') {
		if (*w.at == ':' && gap == 8) {
			gap = n;
			wire_skip(&w, 1);
			continue;
		}
		uint32_t group = read_hex(&w);
		addr[2 * n] = (uint8_t)(group >> 8);
		addr[2 * n + 1] = (uint8_t)group;
		n++;
		if (wire_left(&w) > 0 && *w.at == ':')
			wire_skip(&w, 1);
	}
	if (!wire_ok(&w) || (gap == 8 && n != 8) || (gap < 8 && n == 8))
		return false;
	if (gap < 8) {
		memmove(addr + 16 - 2 * (n - gap), addr + 2 * gap, 2 * (n - gap));
		memset(addr + 2 * gap, 0, 16 - 2 * n);
	}
	memcpy(ret, addr, sizeof(addr));
	return true;
}

/* A media stream of an SDP body. */
struct media {
	uint8_t addr[16];
	uint16_t rtp;
	uint16_t rtcp;
};

static void
expect_media(struct nm_call *call, const uint8_t *addr, uint16_t port)
{
	static const uint8_t nowhere4[4];

	/* c=0.0.0.0 puts a call on hold (RFC 3264 section 8.4); low ports are other services'. */
	if (port < PORT_MIN || memcmp(addr + 12, nowhere4, sizeof(nowhere4)) == 0)
		return;
	nm_tag_announced(call, APP_RTP, NM_UDP, addr, port, MEDIA_TTL_S);
}

/* c=IN IP4 192.0.2.1 */
static void
read_connection(struct wire line, uint8_t addr[16])
{
	wire_skip(&line, 2);
	if (text_begins_nocase(&line, "in ip4 ")) {
		wire_skip(&line, 7);
		(void)read_ip4(line, addr);
	} else if (text_begins_nocase(&line, "in ip6 ")) {
		wire_skip(&line, 7);
		(void)read_ip6(line, addr);
	}
}

/* m=audio 49170 RTP/AVP 0: false for what is not RTP or is refused (port 0). */
static bool
read_media(struct wire line, struct media *m)
{
	const uint8_t *space = wire_left(&line) ? memchr(line.at, ' ', wire_left(&line)) : NULL;

	if (!space)
		return false;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	m->rtp = (uint16_t)text_number(&line, UINT16_MAX);
	m->rtcp = (uint16_t)(m->rtp + 1);
	return wire_ok(&line) && m->rtp != 0 && text_seek(&line, "rtp/");
}

/* Reads an SDP body: a c= line before the first m= line is for all media, one behind it for that one. */
static void
learn_from_sdp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct media media[SDP_MEDIA_MAX];
	struct media session = { .rtp = 0 };
	unsigned n = 0;
	bool open = false; /* the last m= line is of RTP */
	bool ended = true;

	memcpy(session.addr, pkt->saddr, sizeof(session.addr));
	for (unsigned i = 0; i < SDP_LINES_MAX && wire_left(&w) > 0; i++) {
		struct wire line = text_line(&w, &ended);

		if (text_begins(&line, "c=")) {
			if (n == 0 || open)
				read_connection(line, n == 0 ? session.addr : media[n - 1].addr);
		} else if (text_begins(&line, "m=") && n < SDP_MEDIA_MAX) {
			media[n] = session;
			open = read_media(line, &media[n]);
			n += open;
		} else if (open && text_begins(&line, "a=rtcp:")) {
			wire_skip(&line, 7);
			media[n - 1].rtcp = (uint16_t)text_number(&line, UINT16_MAX);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		expect_media(call, media[i].addr, media[i].rtp);
		expect_media(call, media[i].addr, media[i].rtcp);
	}
}

/* RFC 8866 section 5.1: a body begins with its version. It may come in a later segment than the message's first line. What only
 * looks like it may stand before, but not often. */
static bool
seek_sdp(struct wire *w)
{
	for (unsigned i = 0; i < VERSIONS_MAX && text_seek(w, "v=0"); i++) {
		struct wire behind = *w;

		wire_skip(&behind, 3);
		if (text_begins(&behind, "\r\n") || text_begins(&behind, "\n"))
			return true;
		*w = behind;
	}
	return false;
}

static enum nm_result
classify_sip(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire rest = w;
	struct wire sdp = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	verdict->confidence = rate_line(line, ended);
	if (seek_sdp(&sdp))
		learn_from_sdp(pkt, call, sdp);
	if (verdict->confidence == 0)
		return NM_MORE;
	/* who answers goes on with it after a pause: what keeps the way open until then says nothing by itself */
	if (text_begins(&line, "SIP/2.0 "))
		nm_tag_sender(pkt, call, APP_SIP);
	verdict->app = APP_SIP;
	verdict->evidence = NM_EV_SIGNATURE;
	verdict->flags = NM_WATCH;
	return NM_MATCH;
}

/* --- RTP -------------------------------------------------------------------------------------------------------- */

/*
 * RFC 3550 section 5.1:
 *
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  |                           timestamp                           |
 *  |                             SSRC                              |
 */
struct rtp {
	uint8_t type;
	uint16_t sequence;
	uint32_t source;
};

/* Packet types as IANA lists them: 64..95 would look like RTCP (RFC 5761 section 4), 35..63 are unassigned but used. */
static bool
read_rtp(struct wire w, struct rtp *ret)
{
	uint8_t bits = wire_u8(&w);

	ret->type = wire_u8(&w) & 0x7f;
	ret->sequence = wire_u16(&w);
	wire_skip(&w, 4);
	ret->source = wire_u32(&w);
	wire_skip(&w, 4 * (size_t)(bits & 15));
	if (bits & 0x10) { /* header extension: profile, length in words */
		wire_skip(&w, 2);
		wire_skip(&w, 4 * (size_t)wire_u16(&w));
	}
	return wire_ok(&w) && bits >> 6 == 2 && (ret->type < 64 || ret->type > 95);
}

/* RFC 3550 section 6.1 and appendix A.2: the compound begins with a report (RFC 5506 lets feedback come alone), and its
 * lengths add up to the payload. */
static bool
is_rtcp(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool first = true;

	if (pkt->len != pkt->wire_len || pkt->len % 4 != 0)
		return false;
	while (wire_left(&w) > 0) {
		uint8_t bits = wire_u8(&w);
		uint8_t type = wire_u8(&w);
		uint16_t words = wire_u16(&w);

		if (bits >> 6 != 2 || type < 200 || type > 207)
			return false;
		/* RFC 3550 sections 6.4.1 and 6.4.2: a report's size follows from its count */
		unsigned size = type == 200 ? 6U : 1U;
		if (first && type <= 201 && words < size + 6U * (bits & 31))
			return false;
		wire_skip(&w, 4 * (size_t)words);
		first = false;
	}
	return wire_ok(&w) && !first;
}

/* RFC 3550 section 11: RTP is on the even port below. */
static void
learn_from_rtcp(const struct nm_packet *pkt, struct nm_call *call)
{
	if (pkt->sport % 2 == 1)
		expect_media(call, pkt->saddr, (uint16_t)(pkt->sport - 1));
	if (pkt->dport % 2 == 1)
		expect_media(call, pkt->daddr, (uint16_t)(pkt->dport - 1));
}

/*
 * The flow's note: source, sequence number and packet type of the last packet of one direction, and how many fitted; or,
 * with NOTE_RTCP, the source of secured RTCP.
 */
#define NOTE_VALID       (UINT64_C(1) << 63)
#define NOTE_SERVER      (UINT64_C(1) << 62)
#define NOTE_RTCP        (UINT64_C(1) << 61)
#define NOTE_COUNT_SHIFT 56
#define NOTE_SEQ_SHIFT   32
#define RUN_NEEDED       2 /* packets that follow on the first */
#define SEQUENCE_STEP    8 /* losses that are tolerated */
#define SRTCP_TRAILER    8 /* RFC 3711 section 3.4: an index, and a tag of four octets at least */

/* Other packet types between (comfort noise, RFC 3389; dialled digits, RFC 4733) belong to the same sequence. */
static bool
continues(uint64_t note, const struct rtp *rtp)
{
	uint16_t step = (uint16_t)(rtp->sequence - (uint16_t)(note >> NOTE_SEQ_SHIFT));

	return (uint32_t)note == rtp->source && step >= 1 && step <= SEQUENCE_STEP;
}

/* One direction's packets in a row. Nothing else has 34 constant bits beside 16 that count. */
static bool
is_rtp_run(const struct nm_packet *pkt, const struct rtp *rtp, uint64_t *note)
{
	uint64_t side = pkt->direction == NM_FROM_SERVER ? NOTE_SERVER : 0;
	unsigned run = 0;

	if (!note || pkt->sport < PORT_MIN || pkt->dport < PORT_MIN)
		return false;
	if ((*note & (NOTE_VALID | NOTE_RTCP)) == NOTE_VALID) {
		if ((*note & NOTE_SERVER) != side)
			return false;
		run = continues(*note, rtp) ? (unsigned)(*note >> NOTE_COUNT_SHIFT & 0xf) + 1 : 0;
	}
	*note = NOTE_VALID | side | (uint64_t)run << NOTE_COUNT_SHIFT |
	        (uint64_t)rtp->sequence << NOTE_SEQ_SHIFT | rtp->source;
	return run >= RUN_NEEDED;
}

/* RFC 3711 section 3.4: of a secured compound the first report's head and source are in clear, then comes what nobody can
 * read. The report's size follows from its count. Two of one source are enough, one is a hint. */
static uint8_t
rate_srtcp(const struct nm_packet *pkt, uint64_t *note)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint8_t bits = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	uint32_t words = wire_u16(&w);
	uint32_t source = wire_u32(&w);
	uint32_t blocks = bits & 31;

	if (!wire_ok(&w) || bits >> 6 != 2 || (type != 200 && type != 201) ||
	    pkt->sport < PORT_MIN || pkt->dport < PORT_MIN ||
	    words != (type == 200 ? 6U : 1U) + 6U * blocks ||
	    4 * words + 4 + SRTCP_TRAILER > pkt->wire_len)
		return 0;
	if (!note)
		return NM_CONF_WEAK;
	if ((*note & NOTE_RTCP) && (uint32_t)*note == source)
		return NM_CONF_SIGNATURE;
	if (*note == 0 || (*note & NOTE_RTCP))
		*note = NOTE_VALID | NOTE_RTCP | source;
	return NM_CONF_WEAK;
}

static uint8_t
rate_rtp(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	struct rtp rtp;

	if (!read_rtp(w, &rtp))
		return 0;
	return pkt->tagged == APP_RTP || is_rtp_run(pkt, &rtp, call->note) ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify_rtp(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	if (is_rtcp(pkt)) {
		verdict->confidence = NM_CONF_SIGNATURE;
		learn_from_rtcp(pkt, call);
	} else {
		verdict->confidence = rate_srtcp(pkt, call->note);
		if (verdict->confidence == 0)
			verdict->confidence =
			    rate_rtp(pkt, call, wire_init(pkt->payload, pkt->len));
	}
	return nm_signature(verdict, APP_RTP, verdict->confidence);
}

/* On TCP a packet's length is in front of it, which may not be more than what was sent. */
static enum nm_result
classify_framed(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t length = wire_u16(&w);

	if (length + 2U > pkt->wire_len)
		return NM_MORE;
	wire_limit(&w, length);
	return nm_signature(verdict, APP_RTP, rate_rtp(pkt, call, w));
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (*pkt->payload & 0x80)
		return classify_rtp(pkt, call, verdict);
	/* SIP begins with a letter */
	return *pkt->payload < ' ' ? classify_framed(pkt, call, verdict)
	                           : classify_sip(pkt, call, verdict);
}

NM_MODULE(sip) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "sip",
	.summary = "SIP on any port, and the RTP and RTCP that it or their headers announce",
	.max_packets = 24,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
