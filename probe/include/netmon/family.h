/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What classifier modules have in common beyond the contract of module.h: a module of several protocols (a family), each with
 * a function that rates a message, its rows of matches, and the tag of a server that introduced itself. Header-only, usable
 * from modules, no state: any thread. Nothing fails: a tag that the host refuses is counted by the host.
 */
#ifndef NETMON_FAMILY_H
#define NETMON_FAMILY_H

#include <netmon/module.h>

/* Seconds that a server's tag lives without being used: longer than most sessions are silent. */
#define NM_SERVER_TTL_S 3600

/* One protocol's word on a message. `rate` gets what was captured of it as a cursor, and says a confidence of 1 to 100, or 0
 * when the message is not its own. */
struct nm_family_row {
	uint8_t
	    transport; /* NM_TCP, NM_UDP, or an IP protocol number: of other packets it is not asked */
	uint16_t app; /* one of the module's applications */
	uint8_t (*rate)(const struct nm_packet *pkt, struct wire w);
};

/* A row that is asked for by the port of its protocol: all else is for its function to see. */
#define NM_MATCH_PORT(transport_, port_, min_len_)                                \
	{                                                                         \
		.transport = (transport_), .port = (port_), .min_len = (min_len_) \
	}

/* The same row twice, for TCP and for UDP. */
#define NM_MATCH_BOTH(...)                       \
	{ .transport = NM_TCP, __VA_ARGS__ },    \
	{                                        \
		.transport = NM_UDP, __VA_ARGS__ \
	}

/* Was less captured of the payload than was sent? */
static inline bool
nm_is_cut(const struct nm_packet *pkt)
{
	return pkt->len < pkt->wire_len;
}

/* Does a message of `length` octets end with the packet, or, on TCP, may another one follow? */
static inline bool
nm_fits(const struct nm_packet *pkt, uint32_t length)
{
	return pkt->transport == NM_UDP ? length == pkt->wire_len : length <= pkt->wire_len;
}

/* Is it the port (host byte order) of either side? */
static inline bool
nm_is_port(const struct nm_packet *pkt, uint16_t port)
{
	return pkt->sport == port || pkt->dport == port;
}

/* Tags one end of a packet, its sender or its receiver, as a server of the module's application `app`: sessions that were
 * silent for long, or have gone over to encryption, are known by it when they go on. */
static inline void
nm_tag_end(const struct nm_packet *pkt, struct nm_call *call, uint16_t app, bool sender)
{
	struct nm_tag tag = {
		.port = sender ? pkt->sport : pkt->dport,
		.transport = pkt->transport,
		.confidence = NM_CONF_SERVICE,
		.app = app,
		.ttl_s = NM_SERVER_TTL_S,
	};

	memcpy(tag.addr, sender ? pkt->saddr : pkt->daddr, sizeof(tag.addr));
	call->tag(call, &tag);
}

/* The same for the sender: of a message that only servers send. */
static inline void
nm_tag_sender(const struct nm_packet *pkt, struct nm_call *call, uint16_t app)
{
	nm_tag_end(pkt, call, app, true);
}

/* The same for the server by pkt->direction, a guess in the middle of a connection. */
static inline void
nm_tag_server(const struct nm_packet *pkt, struct nm_call *call, uint16_t app)
{
	nm_tag_end(pkt, call, app, pkt->direction == NM_FROM_SERVER);
}

/* The same for the end that has this port (host byte order); nothing where neither has it. */
static inline void
nm_tag_port(const struct nm_packet *pkt, struct nm_call *call, uint16_t app, uint16_t port)
{
	if (nm_is_port(pkt, port))
		nm_tag_end(pkt, call, app, pkt->sport == port);
}

/* Tags an endpoint that a packet announced, with NM_CONF_TAG: `addr` as in struct nm_tag, the port in host byte order, seconds
 * to live without being used. Whether the packet may speak for that endpoint is the module's to say. */
static inline void
nm_tag_announced(struct nm_call *call, uint16_t app, uint8_t transport, const uint8_t *addr,
                 uint16_t port, uint16_t ttl_s)
{
	struct nm_tag tag = {
		.port = port,
		.transport = transport,
		.confidence = NM_CONF_TAG,
		.app = app,
		.ttl_s = ttl_s,
	};

	memcpy(tag.addr, addr, sizeof(tag.addr));
	call->tag(call, &tag);
}

/* The end of a classify() that rates a message of `app`: fills *verdict, or leaves it and asks for more, when the confidence
 * is 0. */
static inline enum nm_result
nm_signature(struct nm_verdict *verdict, uint16_t app, uint8_t confidence)
{
	if (confidence == 0)
		return NM_MORE;
	verdict->app = app;
	verdict->confidence = confidence;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

/* The end of a classify() whose verdict is filled, or has the confidence 0: tags the server when it is a signature. */
static inline enum nm_result
nm_settle(const struct nm_packet *pkt, struct nm_call *call, const struct nm_verdict *verdict)
{
	if (verdict->confidence == 0)
		return NM_MORE;
	if (verdict->confidence >= NM_CONF_SIGNATURE)
		nm_tag_server(pkt, call, verdict->app);
	return NM_MATCH;
}

/* Asks all `n` rows of the packet's transport. The surest one's word goes into *verdict, of equals the first one's: NM_MATCH.
 * When none knows the message it stays as it is, confidence 0: NM_MORE. */
static inline enum nm_result
nm_family_rate(const struct nm_family_row *rows, size_t n, const struct nm_packet *pkt,
               struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	for (size_t i = 0; i < n; i++) {
		uint8_t confidence = rows[i].transport == pkt->transport ? rows[i].rate(pkt, w) : 0;

		if (confidence <= verdict->confidence)
			continue;
		verdict->confidence = confidence;
		verdict->app = rows[i].app;
		verdict->evidence = NM_EV_SIGNATURE;
	}
	return verdict->confidence ? NM_MATCH : NM_MORE;
}

/* A whole classify(): nm_family_rate(), and a tag for the server when that is a signature. */
static inline enum nm_result
nm_family_classify(const struct nm_family_row *rows, size_t n, const struct nm_packet *pkt,
                   struct nm_call *call, struct nm_verdict *verdict)
{
	(void)nm_family_rate(rows, n, pkt, verdict);
	return nm_settle(pkt, call, verdict);
}

/* One protocol of a family of which each has its port. */
struct nm_port_row {
	uint8_t transport;
	uint16_t port; /* host byte order, of either side; 0: any */
	uint16_t app;
	uint8_t (*rate)(const struct nm_packet *pkt, struct wire w);
};

/* A whole classify(): the first of `n` rows that has the packet's transport and port says what the message is. No tags. */
static inline enum nm_result
nm_port_classify(const struct nm_port_row *rows, size_t n, const struct nm_packet *pkt,
                 struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	for (size_t i = 0; i < n; i++)
		if (rows[i].transport == pkt->transport &&
		    (rows[i].port == 0 || nm_is_port(pkt, rows[i].port)))
			return nm_signature(verdict, rows[i].app, rows[i].rate(pkt, w));
	return NM_MORE;
}

#endif
