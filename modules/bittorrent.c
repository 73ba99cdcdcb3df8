/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BitTorrent: BEP 3 (peer protocol, HTTP tracker), BEP 5 (DHT), BEP 10 (extensions), BEP 14 (local peers), BEP 15 (UDP
 * tracker), BEP 29 (uTP). TCP and UDP, any port, 80 and 443 too.
 *
 * Evidence: the handshake; peer messages of a size that only block transfer has; tracker requests and answers; DHT
 * messages; uTP headers that fit from packet to packet. Whoever is seen to take part is tagged on both transports, and so
 * are the peers that a tracker lists, so that encrypted connections and such that began before the capture are found. What
 * another host only said of an endpoint is believed for ports from 1024 up, so that nobody's web server is tagged. A
 * tracker itself is not tagged: it may be a web server beside.
 *
 * Cost: asked for the first octets of these messages; each HTTP request of an unsettled flow costs a search of its line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_BITTORRENT 9

#define OUTGOING_TTL_S 300  /* the near end of a connection that a client made */
#define PEER_TTL_S     1800 /* a client keeps its port for long */
#define HEARSAY_TTL_S  600  /* listed by a tracker, or spoken to but not heard */
#define PEERS_MAX      100  /* tagged from one tracker answer */
#define PORT_MIN       1024
#define DHT_ID_WITHIN  64 /* octets in which a DHT message shows its sender's id */

static const struct nm_app apps[] = {
	{ APP_BITTORRENT, "BitTorrent", "Peer-to-peer", 0x882255, 0xc2567f },
};

#define HANDSHAKE \
	"\x13"    \
	"BitTorrent protocol"

#define BEGINS(transport_, text)                                                    \
	{                                                                           \
		.transport = (transport_), .len = sizeof(text) - 1, .pattern = text \
	}
static const struct nm_match matches[] = {
	BEGINS(NM_TCP, "\x13"
	               "BitTorr"),
	BEGINS(NM_TCP, "GET /"),
	BEGINS(NM_TCP, "HTTP/1."),
	/* BEP 3: piece with a block of 16 kB, request, cancel; BEP 10: a message with a dictionary */
	{ .transport = NM_TCP, .min_len = 13, .len = 5, .pattern = { 0, 0, 0x40, 9, 7 } },
	{ .transport = NM_TCP, .min_len = 17, .len = 5, .pattern = { 0, 0, 0, 13, 6 } },
	{ .transport = NM_TCP, .min_len = 17, .len = 5, .pattern = { 0, 0, 0, 13, 8 } },
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 7,
	  .pattern = { 0, 0, 0, 0, 20, 0, 'd' },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0xff, 0xff } },
	BEGINS(NM_UDP, "d1:ad2:i"),
	BEGINS(NM_UDP, "d1:rd2:i"),
	BEGINS(NM_UDP, "d1:eli20"),
	BEGINS(NM_UDP, "d2:ip"),
	BEGINS(NM_UDP, "d1:q"),
	BEGINS(NM_UDP, "BT-SEARC"),
	/* BEP 15: the protocol's number; an announce by its action and size */
	{ .transport = NM_UDP,
	  .min_len = 16,
	  .len = 8,
	  .pattern = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80 } },
	{ .transport = NM_UDP, .min_len = 98, .offset = 8, .len = 4, .pattern = { 0, 0, 0, 1 } },
	/* BEP 29: version 1, types 0..4, extensions 0..3; and a handshake behind the header */
	{ .transport = NM_UDP,
	  .min_len = 20,
	  .len = 2,
	  .pattern = { 0x01, 0 },
	  .mask = { 0x8f, 0xfc } },
	{ .transport = NM_UDP,
	  .min_len = 28,
	  .offset = 20,
	  .len = 8,
	  .pattern = "\x13"
	             "BitTorr" },
};

/* --- tags ------------------------------------------------------------------------------------------------------- */

static void
tag_endpoint(struct nm_call *call, const uint8_t *addr, uint16_t port, uint16_t ttl_s)
{
	nm_tag_announced(call, APP_BITTORRENT, NM_TCP, addr, port, ttl_s);
	nm_tag_announced(call, APP_BITTORRENT, NM_UDP, addr, port, ttl_s);
}

static void
tag_hearsay(struct nm_call *call, const uint8_t *addr, uint16_t port)
{
	if (port >= PORT_MIN)
		tag_endpoint(call, addr, port, HEARSAY_TTL_S);
}

/* Both ends of a packet that only a client sends: its sender speaks the protocol for sure. The port from which a TCP
 * connection is made is often of that connection only, so it is not kept for as long. */
static void
tag_ends(const struct nm_packet *pkt, struct nm_call *call)
{
	bool outgoing = pkt->transport == NM_TCP && pkt->direction == NM_FROM_CLIENT;

	tag_endpoint(call, pkt->saddr, pkt->sport, outgoing ? OUTGOING_TTL_S : PEER_TTL_S);
	tag_hearsay(call, pkt->daddr, pkt->dport);
}

/* BEP 23 and 15: four octets of address and two of port each. */
static void
tag_peers(struct nm_call *call, struct wire w)
{
	uint8_t addr[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	for (unsigned i = 0; i < PEERS_MAX && wire_left(&w) >= 6; i++) {
		wire_copy(&w, addr + 12, 4);
		tag_hearsay(call, addr, wire_u16(&w));
	}
}

static enum nm_result
found(struct nm_verdict *verdict, uint8_t confidence, uint8_t flags)
{
	verdict->app = APP_BITTORRENT;
	verdict->confidence = confidence;
	verdict->evidence = NM_EV_SIGNATURE;
	verdict->flags = flags;
	return NM_MATCH;
}

/* --- TCP -------------------------------------------------------------------------------------------------------- */

/* BEP 3, BEP 48: an announce or scrape names an info-hash. The port where the client listens comes with it. */
static bool
is_tracker_request(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool ended;
	struct wire line = text_line(&w, &ended);
	struct wire port = line;

	if (!text_seek(&line, "info_hash=") || line.at[-1] == ' ')
		return false;
	if (line.at[-1] != '?' && line.at[-1] != '&')
		return false;
	if (text_seek(&port, "&port=") || text_seek(&port, "?port=")) {
		wire_skip(&port, 6);
		uint32_t number = text_number(&port, UINT16_MAX);

		if (wire_ok(&port))
			tag_endpoint(call, pkt->saddr, (uint16_t)number, PEER_TTL_S);
	}
	return true;
}

/* BEP 3: a bencoded dictionary with "interval" and "peers", or a scrape's "files", or the reason of a refusal. */
static bool
is_tracker_answer(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire peers;
	struct wire text;

	if (!text_seek(&w, "\r\n\r\n"))
		return false;
	wire_skip(&w, 4);
	text = peers = w;
	if (text_begins(&w, "d14:failure reason") || text_begins(&w, "d5:filesd20:"))
		return true;
	if (!text_begins(&w, "d") || !text_seek(&text, "8:intervali"))
		return false;
	if (text_seek(&peers, "5:peers")) {
		wire_skip(&peers, 7);
		uint32_t size = text_number(&peers, UINT16_MAX);

		text_expect(&peers, ':');
		wire_limit(&peers, size);
		tag_peers(call, peers);
	}
	return true;
}

/* BEP 3: blocks lie at multiples of 16 kB and are of that size, but for the last one of a file. */
static bool
is_block_message(struct wire w)
{
	uint32_t length = wire_u32(&w);
	uint8_t message = wire_u8(&w);

	if (message < 6 || message > 8)
		return false;
	wire_skip(&w, 4);
	uint32_t begin = wire_u32(&w);
	uint32_t size = length == 13 ? wire_u32(&w) : 16384;
	return wire_ok(&w) && begin % 16384 == 0 && begin < (1U << 28) && size > 0 && size <= 16384;
}

/* BEP 10: length, 20, 0, then the dictionary of the extension handshake. */
static bool
is_extension_handshake(struct wire w)
{
	struct wire key;
	uint32_t length = wire_u32(&w);

	if (wire_u16(&w) != 20 << 8)
		return false;
	wire_skip(&w, 1);
	key = w;
	return length < 4096 && wire_ok(&w) && wire_left(&w) > 0 && text_is_digit(*w.at) &&
	       (text_seek(&key, "1:md") || text_begins(&w, "1:ei"));
}

/* Length, name of the protocol (BEP 3); a capture may have cut it. */
static bool
is_handshake(const struct wire *w)
{
	size_t len = wire_left(w) < sizeof(HANDSHAKE) - 1 ? wire_left(w) : sizeof(HANDSHAKE) - 1;

	return len >= 8 && memcmp(w->at, HANDSHAKE, len) == 0;
}

/* The note while a handshake waits for the other side's. */
#define NOTE_HANDSHAKE 0x10u
#define NOTE_SIDE      0x0fu /* enum nm_direction of the one that came */

/* A handshake settles the flow, but only proves that its sender is a peer: the other side may be a web server that shakes
 * its head. Or it answers with a handshake of its own, and thereby says that it listens there, be it on port 80. So the
 * flow is watched until that answer. */
static enum nm_result
classify_peer(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint64_t note = call->note ? *call->note : 0;
	bool waits = note & NOTE_HANDSHAKE;

	if (waits && (note & NOTE_SIDE) == (uint64_t)pkt->direction)
		return NM_MORE;
	if (is_handshake(&w)) {
		tag_ends(pkt, call);
		if (waits)
			return NM_NO;
		if (call->note)
			*call->note = NOTE_HANDSHAKE | (uint64_t)pkt->direction;
		return found(verdict, NM_CONF_PROOF, NM_WATCH);
	}
	if (waits)
		return NM_NO;
	if (!is_extension_handshake(w) && !is_block_message(w))
		return NM_MORE;
	tag_ends(pkt, call);
	return found(verdict, NM_CONF_PROOF, 0);
}

static enum nm_result
classify_tcp(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (text_begins(&w, "GET ") && is_tracker_request(pkt, call))
		return found(verdict, NM_CONF_PROOF, NM_WATCH);
	if (text_begins(&w, "HTTP/") && is_tracker_answer(pkt, call))
		return found(verdict, NM_CONF_PROOF, NM_WATCH);
	return classify_peer(pkt, call, verdict);
}

/* --- UDP -------------------------------------------------------------------------------------------------------- */

/* BEP 15. The note keeps the announce's transaction, so that only its answer is believed. */
#define ACTION_CONNECT  0
#define ACTION_ANNOUNCE 1
#define NOTE_ANNOUNCED  (UINT64_C(1) << 32)

/* The request for peers: connection, action, transaction, info-hash, peer id (BEP 20: mostly "-AB1234-"), ..., port. */
static bool
is_announce(const struct nm_packet *pkt, struct nm_call *call, bool known)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (pkt->len < 98)
		return false;
	wire_skip(&w, 8);
	uint32_t action = wire_u32(&w);
	uint32_t transaction = wire_u32(&w);
	wire_skip(&w, 20);
	const uint8_t *id = wire_take(&w, 20);
	wire_skip(&w, 24);
	uint32_t event = wire_u32(&w);
	wire_skip(&w, 12);
	uint16_t port = wire_u16(&w);
	bool usual_id = id && ((id[0] == '-' && id[7] == '-') || id[0] == 'M' || id[0] == 'T');
	if (!wire_ok(&w) || action != ACTION_ANNOUNCE || event > 3 || port == 0 ||
	    !(known || usual_id))
		return false;
	tag_endpoint(call, pkt->saddr, port, PEER_TTL_S);
	if (call->note)
		*call->note = NOTE_ANNOUNCED | transaction;
	return true;
}

/* Packets of a flow that began with a connect or announce. */
static enum nm_result
watch_tracker(const struct nm_packet *pkt, struct nm_call *call, bool *ret_tracker)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint32_t action = wire_u32(&w);
	uint32_t transaction = wire_u32(&w);

	*ret_tracker = call->note && (*call->note & NOTE_ANNOUNCED) && action == ACTION_ANNOUNCE &&
	               wire_ok(&w) && transaction == (uint32_t)*call->note;
	if (!*ret_tracker)
		return NM_MORE;
	wire_skip(&w, 12); /* interval, leechers, seeders */
	tag_peers(call, w);
	*call->note = 0;
	return NM_MORE;
}

/*
 * BEP 29:
 *
 *   0       4       8               16              24              32
 *   | type  | ver   | extension     | connection_id                 |
 *   | timestamp_microseconds                                        |
 *   | timestamp_difference_microseconds                             |
 *   | wnd_size                                                      |
 *   | seq_nr                        | ack_nr                        |
 */
#define UTP_DATA  0
#define UTP_STATE 2
#define UTP_SYN   4

struct utp {
	uint8_t type;
	uint16_t connection;
	uint16_t sequence;
	uint16_t ack;
	uint32_t sent; /* the sender's clock in units of 16 us, 24 bits */
};

/* A state or SYN packet has no payload, a data packet has some, and a window of nothing does not happen. */
static bool
read_utp(struct wire w, struct utp *ret)
{
	uint8_t first = wire_u8(&w);
	uint8_t extension = wire_u8(&w);

	ret->type = first >> 4;
	ret->connection = wire_u16(&w);
	ret->sent = wire_u32(&w) >> 4 & 0xffffff;
	wire_skip(&w, 4);
	uint32_t window = wire_u32(&w);
	ret->sequence = wire_u16(&w);
	ret->ack = wire_u16(&w);
	for (unsigned i = 0; i < 4 && extension != 0; i++) {
		if (extension > 3)
			return false;
		extension = wire_u8(&w);
		wire_skip(&w, wire_u8(&w));
	}
	bool bare = wire_left(&w) == 0;
	if (!wire_ok(&w) || extension != 0 || (first & 15) != 1 || ret->type > UTP_SYN)
		return false;
	if (ret->type == UTP_STATE || ret->type == UTP_SYN)
		return bare && window > 0;
	return ret->type != UTP_DATA || (!bare && window > 0);
}

/* The note: connection, sequence, clock and side of the packet that the next ones are compared with, and how many
 * fitted. */
#define UTP_VALID       (UINT64_C(1) << 63)
#define UTP_SERVER      (UINT64_C(1) << 62)
#define UTP_COUNT_SHIFT 60
#define UTP_SENT_SHIFT  32
#define UTP_ID_SHIFT    16
#define UTP_NEEDED      2          /* further packets that fit; after a SYN, one */
#define UTP_STEP        16         /* packets between two that we see */
#define UTP_PAUSE       (1U << 22) /* 67 s between them */

static uint64_t
utp_note(uint64_t side, uint64_t fitted, const struct utp *utp)
{
	return UTP_VALID | side | fitted << UTP_COUNT_SHIFT |
	       (uint64_t)utp->sent << UTP_SENT_SHIFT | (uint64_t)utp->connection << UTP_ID_SHIFT |
	       utp->sequence;
}

/* In one direction the sequence and the clock go on, so a message that is only repeated does not fit. Against it, the
 * connection number differs by one at most and the acknowledgement follows the sequence. */
static bool
utp_fits(uint64_t note, uint64_t side, const struct utp *utp)
{
	uint16_t connection = (uint16_t)(note >> UTP_ID_SHIFT);
	uint16_t sequence = (uint16_t)note;

	if ((note & UTP_SERVER) == side) {
		uint32_t pause = (utp->sent - (uint32_t)(note >> UTP_SENT_SHIFT)) & 0xffffff;
		uint16_t step = (uint16_t)(utp->sequence - sequence);
		uint16_t id_step = (uint16_t)(utp->connection - connection);

		return id_step <= 1 && step >= 1 && step <= UTP_STEP && pause < UTP_PAUSE;
	}
	uint16_t id_apart = (uint16_t)(utp->connection - connection + 1);
	return id_apart <= 2 && sequence != 0 && (uint16_t)(sequence - utp->ack) <= UTP_STEP;
}

static bool
is_utp_run(const struct nm_packet *pkt, uint64_t *note)
{
	uint64_t side = pkt->direction == NM_FROM_SERVER ? UTP_SERVER : 0;
	struct utp utp;

	if (!note || !read_utp(wire_init(pkt->payload, pkt->len), &utp))
		return false;
	if (!(*note & UTP_VALID)) {
		*note = utp_note(side, utp.type == UTP_SYN, &utp);
		return false;
	}
	if (!utp_fits(*note, side, &utp))
		return false;
	uint64_t fitted = (*note >> UTP_COUNT_SHIFT & 3) + 1;
	if ((*note & UTP_SERVER) == side)
		*note = utp_note(side, fitted & 3, &utp);
	else
		*note += UINT64_C(1) << UTP_COUNT_SHIFT;
	return fitted >= UTP_NEEDED;
}

/* BEP 14: an announcement to a multicast group; the port where the client listens is a header. */
static void
tag_local_peer(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (!text_seek(&w, "\nport: "))
		return;
	wire_skip(&w, 7);
	uint32_t port = text_number(&w, UINT16_MAX);
	if (wire_ok(&w))
		tag_endpoint(call, pkt->saddr, (uint16_t)port, PEER_TTL_S);
}

/* BEP 5: a query's arguments or an answer's values begin with the sender's 20 octets of id; BEP 42 puts "ip" before, and
 * some put the query's name there. */
static bool
is_dht(const struct wire *w)
{
	struct wire id = *w;

	wire_limit(&id, DHT_ID_WITHIN);
	return text_begins(w, "d1:eli20") || text_seek(&id, "d2:id20:");
}

static enum nm_result
classify_udp(const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	static const uint8_t connect[8] = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80 };
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire behind_utp = w;
	bool tracker;

	if (pkt->len >= 16 && memcmp(pkt->payload, connect, sizeof(connect)) == 0)
		return found(verdict, NM_CONF_PROOF, NM_WATCH);
	if (text_begins(&w, "BT-SEARCH * HTTP/")) {
		tag_local_peer(pkt, call);
		return found(verdict, NM_CONF_PROOF, 0);
	}
	if (is_announce(pkt, call, pkt->nth > 1 && call->note && *call->note))
		return found(verdict, NM_CONF_SIGNATURE, NM_WATCH);
	enum nm_result said = watch_tracker(pkt, call, &tracker);
	if (tracker)
		return said;
	wire_skip(&behind_utp, 20);
	if (!is_dht(&w) && !text_begins(&behind_utp, HANDSHAKE) && !is_utp_run(pkt, call->note))
		return NM_MORE;
	tag_ends(pkt, call);
	return found(verdict, NM_CONF_SIGNATURE, 0);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return pkt->transport == NM_TCP ? classify_tcp(pkt, call, verdict)
	                                : classify_udp(pkt, call, verdict);
}

NM_MODULE(bittorrent) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "bittorrent",
	.summary = "BitTorrent peers, trackers and DHT on any port, and the peers that they name",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
