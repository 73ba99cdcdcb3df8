/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SOCKS 4, 4a and 5 (RFC 1928, RFC 1929). TCP, any port, usually 1080. What goes through the proxy stays SOCKS.
 *
 * Evidence: messages so short that one shows little; of the greeting of version 5 and its answer, of the greeting and the
 * request, or of a request of version 4 and its answer both have to be right. A request whose length fits is enough by itself
 * where it has text, or the port is 1080. Cost: asked for payload that begins with a version and a small number; reads one
 * message.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SOCKS 62

#define PORT_SOCKS 1080

static const struct nm_app apps[] = {
	{ APP_SOCKS, "SOCKS", "Tunnel", 0xa65628, 0xd9905c },
};

#define VERSION_4   4
#define VERSION_5   5
#define METHODS_MAX 15

static const struct nm_match matches[] = {
	/* greeting, request and answer of version 5; methods and codes are small */
	{ .transport = NM_TCP,
	  .min_len = 2,
	  .len = 2,
	  .pattern = { VERSION_5, 0 },
	  .mask = { 0xff, 0xf0 } },
	{ .transport = NM_TCP, .min_len = 2, .len = 2, .pattern = { VERSION_5, 0xff } },
	/* connect and bind of version 4; its answer */
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 2,
	  .pattern = { VERSION_4, 0 },
	  .mask = { 0xff, 0xfc } },
	{ .transport = NM_TCP,
	  .min_len = 8,
	  .len = 2,
	  .pattern = { 0, 0x58 },
	  .mask = { 0xff, 0xf8 } },
};

/* What the flow's note holds: which messages were seen. */
#define SEEN_GREETING  0x1u
#define SEEN_METHOD    0x2u
#define SEEN_REQUEST_4 0x4u

static bool
has_seen(const uint64_t *note, uint64_t what)
{
	return note && (*note & what);
}

static void
note_seen(uint64_t *note, uint64_t what)
{
	if (note)
		*note |= what;
}

/* RFC 1928 section 3: version, number of methods, methods. IANA has 0 to 9; from 128 on they are private. */
static bool
is_greeting(struct wire w)
{
	wire_skip(&w, 1);
	uint8_t n = wire_u8(&w);
	if (n == 0 || n > METHODS_MAX || wire_left(&w) != n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		uint8_t method = wire_u8(&w);

		if (method > 9 && (method < 0x80 || method == 0xff))
			return false;
	}
	return wire_ok(&w);
}

/* RFC 1928 sections 4 and 6: version, command or code, 0, type of address, address, port. */
static bool
is_request_or_answer(struct wire w)
{
	static const uint8_t sizes[] = { 0, 4, 0, 0, 16 };

	wire_skip(&w, 1);
	uint8_t code = wire_u8(&w);
	uint8_t reserved = wire_u8(&w);
	uint8_t type = wire_u8(&w);
	if (code > 8 || reserved != 0 || (type != 1 && type != 3 && type != 4))
		return false;
	uint8_t size = type == 3 ? wire_u8(&w) : sizes[type];
	wire_skip(&w, size);
	wire_skip(&w, 2);
	return wire_ok(&w) && size > 0 && wire_left(&w) == 0;
}

static uint8_t
rate_version_5(const struct nm_packet *pkt, struct wire w, uint64_t *note)
{
	bool begun = has_seen(note, SEEN_GREETING | SEEN_METHOD);

	if (pkt->wire_len == 2) { /* section 3: the method that the server takes */
		bool method = pkt->payload[1] <= 9 || pkt->payload[1] == 0xff;

		if (method && has_seen(note, SEEN_GREETING))
			return NM_CONF_SIGNATURE;
		if (method)
			note_seen(note, SEEN_METHOD);
		return 0;
	}
	if (is_request_or_answer(w))
		return begun || nm_is_port(pkt, PORT_SOCKS) ? NM_CONF_PROOF : 0;
	if (!is_greeting(w))
		return 0;
	note_seen(note, SEEN_GREETING);
	return nm_is_port(pkt, PORT_SOCKS) ? NM_CONF_WEAK : 0;
}

/* SOCKS 4: version, command, port, address, user, an octet of zero; 4a (address 0.0.0.x): then a name and another. */
static uint8_t
rate_request_4(const struct nm_packet *pkt, struct wire w)
{
	wire_skip(&w, 1);
	uint8_t command = wire_u8(&w);
	uint16_t port = wire_u16(&w);
	uint32_t address = wire_u32(&w);
	bool named = address > 0 && address < 256;
	size_t left = wire_left(&w);
	struct wire user = w;
	const uint8_t *end = left ? memchr(w.at, 0, left) : NULL;
	if (command < 1 || command > 2 || port == 0 || address == 0 || !end)
		return 0;
	wire_limit(&user, (size_t)(end - w.at));
	wire_skip(&w, (size_t)(end - w.at) + 1);
	struct wire name = w;
	if (named && (wire_left(&w) < 2 || w.end[-1] != 0))
		return 0;
	wire_limit(&name, named ? wire_left(&w) - 1 : 0);
	if (!text_all_print(&user) || !text_all_print(&name) || (!named && wire_left(&w) > 0))
		return 0;
	return named || wire_left(&user) > 0 || nm_is_port(pkt, PORT_SOCKS) ? NM_CONF_SIGNATURE
	                                                                    : NM_CONF_WEAK;
}

static uint8_t
rate(const struct nm_packet *pkt, uint64_t *note)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (pkt->len != pkt->wire_len)
		return 0;
	if (*pkt->payload == VERSION_5)
		return rate_version_5(pkt, w, note);
	if (*pkt->payload == VERSION_4) {
		uint8_t confidence = rate_request_4(pkt, w);

		if (confidence)
			note_seen(note, SEEN_REQUEST_4);
		return confidence;
	}
	/* the answer: 0, code 90 to 93, port, address */
	bool answer = pkt->len == 8 && pkt->payload[1] >= 90 && pkt->payload[1] <= 93;
	return answer && has_seen(note, SEEN_REQUEST_4) ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_signature(verdict, APP_SOCKS, rate(pkt, call->note));
}

NM_MODULE(socks) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "socks",
	.summary = "SOCKS 4, 4a and 5, on any TCP port",
	.max_packets = 6,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
