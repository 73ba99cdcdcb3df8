/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTSP: RFC 2326 (1.0), RFC 7826 (2.0), and the RTP that it sets up. TCP and UDP, any port, usually 554 and 8554.
 *
 * Evidence: a request line with a version or a target of RTSP, a status line; in the middle of an interleaved connection,
 * frames ("$", channel, length) that hold RTP and follow one another. Connections are watched to their end: the Transport
 * header of an answer tags the ports of RTP and RTCP at the two ends, never at a third party. Cost: asked for payload that
 * begins with a method, the version or "$"; of a watched connection a look at each first octet.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_RTP  11 /* as in sip */
#define APP_RTSP 61

#define MEDIA_TTL_S 300
#define PORT_MIN    1024
#define LINES_MAX   32
#define FRAMES_MAX  4 /* looked at in one packet */

static const struct nm_app apps[] = {
	{ APP_RTSP, "RTSP", "Streaming", 0x5e4fa2, 0x9d8fe0 },
	{ APP_RTP, "RTP", "Voice", 0x999933, 0xc2c25a },
};

#define TEXT(literal) NM_MATCH_TEXT(NM_TCP, 16, literal)
static const struct nm_match matches[] = {
	TEXT("RTSP/"),
	TEXT("OPTIONS "),
	TEXT("DESCRIBE"),
	TEXT("SETUP "),
	TEXT("PLAY "),
	TEXT("PAUSE "),
	TEXT("TEARDOWN"),
	TEXT("ANNOUNCE"),
	TEXT("RECORD "),
	TEXT("GET_PARA"),
	TEXT("SET_PARA"),
	TEXT("REDIRECT"),
	NM_MATCH_TEXT(NM_UDP, 16, "RTSP/"),
	/* RFC 2326 section 10.12: dollar, channel, length; then RTP of version 2 */
	{ .transport = NM_TCP,
	  .min_len = 12,
	  .len = 5,
	  .pattern = { '$', 0, 0, 0, 0x80 },
	  .mask = { 0xff, 0xf0, 0xf0, 0, 0xc0 } },
};

/* --- messages ---------------------------------------------------------------------------------------------------- */

/* "RTSP/1.0 200 OK" */
static bool
is_status_line(struct wire line)
{
	wire_skip(&line, 5);
	bool version = text_is_digit(wire_u8(&line));
	text_expect(&line, '.');
	version = text_is_digit(wire_u8(&line)) && version;
	text_expect(&line, ' ');
	uint32_t code = text_number(&line, 699);
	return wire_ok(&line) && version && code >= 100;
}

/* "SETUP rtsp://host/path RTSP/1.0": the target or the version shows it. */
static uint8_t
rate_request_line(struct wire line, bool ended)
{
	const uint8_t *space = memchr(line.at, ' ', wire_left(&line));

	if (!space || !text_all_print(&line))
		return 0;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	bool target = text_begins_nocase(&line, "rtsp://") ||
	              text_begins_nocase(&line, "rtspu://") ||
	              text_begins_nocase(&line, "rtsps://");
	size_t left = wire_left(&line);
	if (!ended || left < 9)
		return target ? NM_CONF_SIGNATURE : 0;
	wire_skip(&line, left - 9);
	return text_begins(&line, " RTSP/") ? NM_CONF_PROOF : 0;
}

/* --- media ------------------------------------------------------------------------------------------------------- */

static void
expect_media(struct nm_call *call, const uint8_t *addr, uint32_t port)
{
	if (port < PORT_MIN || port > UINT16_MAX)
		return;
	nm_tag_announced(call, APP_RTP, NM_UDP, addr, (uint16_t)port, MEDIA_TTL_S);
}

/* "client_port=5000-5001": two ports, or one and the next. RFC 2326 section 12.39. */
static void
expect_ports(struct nm_call *call, const uint8_t *addr, struct wire w, const char *parameter)
{
	if (!text_seek(&w, parameter))
		return;
	wire_skip(&w, strlen(parameter));
	uint32_t first = text_number(&w, UINT16_MAX);
	if (!wire_ok(&w))
		return;
	struct wire range = w;
	text_expect(&range, '-');
	uint32_t second = text_number(&range, UINT16_MAX);
	expect_media(call, addr, first);
	expect_media(call, addr, wire_ok(&range) ? second : first + 1);
}

/* The Transport header of a server's answer, in lower or upper case. */
static void
learn_from_headers(const struct nm_packet *pkt, struct nm_call *call, struct wire w)
{
	for (unsigned i = 0; i < LINES_MAX && wire_left(&w) > 0; i++) {
		bool ended;
		struct wire line = text_line(&w, &ended);
		struct wire rtp = line;

		if (wire_left(&line) == 0)
			return;
		if (!text_begins_nocase(&line, "transport:") || !text_seek(&rtp, "rtp/"))
			continue;
		expect_ports(call, pkt->daddr, line, "client_port=");
		expect_ports(call, pkt->saddr, line, "server_port=");
	}
}

/* --- interleaved frames ------------------------------------------------------------------------------------------- */

/* Frames that each begin where the one before ends, of RTP or RTCP. One that ends with the packet, or two, are enough; one
 * that goes on in the next packet is, on the usual ports. */
static uint8_t
rate_frames(struct wire w, bool port)
{
	for (unsigned n = 0; n < FRAMES_MAX; n++) {
		uint8_t dollar = wire_u8(&w);
		uint8_t channel = wire_u8(&w);
		uint16_t length = wire_u16(&w);
		struct wire body = w;

		uint8_t bits = wire_u8(&body);
		if (!wire_ok(&body))
			return n > 1 ? NM_CONF_SIGNATURE : 0;
		if (dollar != '$' || channel > 15 || length < 8 || bits >> 6 != 2)
			return 0;
		if (length > wire_left(&w))
			return n > 0 ? NM_CONF_SIGNATURE : port ? NM_CONF_WEAK : 0;
		wire_skip(&w, length);
		if (wire_left(&w) == 0)
			return n > 0 ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
	}
	return NM_CONF_SIGNATURE;
}

static bool
is_rtsp_port(const struct nm_packet *pkt)
{
	return nm_is_port(pkt, 554) || nm_is_port(pkt, 8554);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire rest = w;
	bool ended;

	(void)ctx;
	if (*pkt->payload == '$') {
		verdict->confidence = rate_frames(w, is_rtsp_port(pkt));
	} else if (text_begins(&w, "RTSP/")) {
		verdict->confidence = is_status_line(text_line(&rest, &ended)) ? NM_CONF_PROOF : 0;
		if (verdict->confidence) {
			nm_tag_sender(pkt, call, APP_RTSP);
			learn_from_headers(pkt, call, rest);
		}
	} else {
		struct wire line = text_line(&rest, &ended);

		verdict->confidence = rate_request_line(line, ended);
	}
	if (verdict->confidence == 0)
		return NM_MORE;
	verdict->app = APP_RTSP;
	verdict->evidence = NM_EV_SIGNATURE;
	verdict->flags = NM_WATCH;
	return NM_MATCH;
}

NM_MODULE(rtsp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "rtsp",
	.summary = "RTSP on any port, and the RTP that it sets up",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
