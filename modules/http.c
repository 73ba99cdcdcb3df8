/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP in clear text: RFC 9112 (HTTP/1.1), RFC 1945 (1.0), RFC 9113 section 3.4 (HTTP/2 preface), WebSocket (RFC 6455) by
 * its handshake, WebDAV (RFC 4918) and UPnP methods. TCP, any port: a request line, a status line, the preface, or the
 * server's first SETTINGS frame. One direction is enough, and so is any later message of the connection. A body in the
 * middle of a transfer shows nothing.
 *
 * Cost: asked only for payload that begins like one of the methods or versions; reads one line, and of a request
 * those up to Host, which names the host; a proxy's requests have it in their first line.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_HTTP 1

#define LINES_MAX 32 /* of a request's head that are looked at */

static const struct nm_app apps[] = {
	{ APP_HTTP, "HTTP", "Web", 0x56b4e9, 0x7cc7f2 },
};

#define METHOD(word)                                                          \
	{                                                                     \
		.transport = NM_TCP, .len = sizeof(word) - 1, .pattern = word \
	}
static const struct nm_match matches[] = {
	METHOD("GET "),
	METHOD("POST "),
	METHOD("HEAD "),
	METHOD("PUT "),
	METHOD("DELETE "),
	METHOD("OPTIONS"),
	METHOD("CONNECT"),
	METHOD("TRACE "),
	METHOD("PATCH "),
	METHOD("PROPFIN"),
	METHOD("PROPPAT"),
	METHOD("MKCOL "),
	METHOD("COPY "),
	METHOD("MOVE "),
	METHOD("LOCK "),
	METHOD("UNLOCK "),
	METHOD("REPORT "),
	METHOD("SEARCH "),
	METHOD("NOTIFY "),
	METHOD("M-SEARC"),
	METHOD("SUBSCRI"),
	METHOD("UNSUBSC"),
	METHOD("MKCALEN"),
	METHOD("CHECKOU"),
	METHOD("RPC_IN_"),
	METHOD("RPC_OUT"),
	METHOD("HTTP/1."),
	METHOD("HTTP/0."),
	METHOD("PRI * H"),
	/* RFC 9113 sections 4.1 and 6.5: 24-bit length, type 4, no flags, stream 0 */
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 8,
	  .pattern = { 0, 0, 0, 4, 0, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

/* RFC 9112 section 4: version SP three digits, then SP or the end of the line (servers leave the reason out). */
static bool
is_status_line(struct wire line)
{
	wire_skip(&line, 5); /* "HTTP/" */
	bool version = text_is_digit(wire_u8(&line));
	text_expect(&line, '.');
	version = text_is_digit(wire_u8(&line)) && version;
	text_expect(&line, ' ');
	uint8_t class = wire_u8(&line);
	uint8_t tens = wire_u8(&line);
	uint8_t ones = wire_u8(&line);
	if (!wire_ok(&line) || !version || class < '1' || class > '5' || !text_is_digit(tens) ||
	    !text_is_digit(ones))
		return false;
	return wire_left(&line) == 0 || *line.at == ' ' || *line.at == '\r';
}

/* What a request line is worth: it must be text, and its target must look like one. With " HTTP/d.d" at its end it is a
 * signature, and never proof, because what runs over HTTP may know better; a line that goes on in the next packet, or of HTTP/0.9, is less. RTSP and SIP have other versions there. */
static uint8_t
rate_request_line(struct wire line, bool ended)
{
	const uint8_t *space = memchr(line.at, ' ', wire_left(&line));

	if (!space || !text_all_print(&line))
		return 0;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	struct wire target = line;
	size_t left = wire_left(&line);
	if (left > 9) {
		wire_skip(&line, left - 9);
		if (text_begins(&line, " HTTP/") && text_is_digit(line.at[6]))
			return NM_CONF_SIGNATURE;
	}
	if (!text_begins(&target, "/") && !text_begins_nocase(&target, "http://"))
		return 0;
	if (!ended)
		return left > 64 ? NM_CONF_SIGNATURE : NM_CONF_WEAK;
	return memchr(target.at, ' ', wire_left(&target)) ? 0 : NM_CONF_WEAK;
}

/* RFC 9113 section 6.5: six octets a setting, identifiers are small; RFC 9218 and 8441 added some below 16. */
static bool
is_settings_frame(struct wire w)
{
	uint32_t length = (uint32_t)wire_u8(&w) << 16;

	length |= wire_u16(&w);
	wire_skip(&w, 6);
	if (length == 0 || length % 6 != 0 || length > wire_left(&w))
		return false;
	for (uint32_t at = 0; at < length; at += 6) {
		uint16_t id = wire_u16(&w);

		wire_skip(&w, 4);
		if (id == 0 || id > 16)
			return false;
	}
	return wire_ok(&w);
}

/* --- names ------------------------------------------------------------------------------------------------------ */

static void
skip_blanks(struct wire *w)
{
	while (wire_left(w) > 0 && (*w->at == ' ' || *w->at == '\t'))
		wire_skip(w, 1);
}

/* Passes on the host of HOST[:PORT], as far as a slash or a blank. */
static void
say_host(struct nm_call *call, struct wire w)
{
	size_t len = 0;

	while (len < wire_left(&w) && w.at[len] != ':' && w.at[len] != '/' && w.at[len] != ' ' &&
	       w.at[len] != '\t')
		len++;
	if (len > 0)
		call->host(call, w.at, (uint32_t)len, NM_NAME_CLIENT);
}

/* RFC 9112 section 3.2: the target of a request to a proxy is what counts, before Host. */
static bool
say_target(struct nm_call *call, struct wire line)
{
	const uint8_t *space = memchr(line.at, ' ', wire_left(&line));
	bool connect = text_begins(&line, "CONNECT ");

	if (!space)
		return false;
	wire_skip(&line, (size_t)(space - line.at) + 1);
	if (!connect && !text_begins_nocase(&line, "http://"))
		return false;
	wire_skip(&line, connect ? 0 : strlen("http://"));
	say_host(call, line);
	return true;
}

/* Looks through the lines of a request's head for Host (RFC 9110 section 7.2). One that goes on in the next packet is none. */
static void
say_host_line(struct nm_call *call, struct wire lines)
{
	bool ended;

	for (unsigned i = 0; i < LINES_MAX && wire_left(&lines) > 0; i++) {
		struct wire line = text_line(&lines, &ended);

		if (!ended || wire_left(&line) == 0)
			return;
		if (!text_begins_nocase(&line, "host:"))
			continue;
		wire_skip(&line, strlen("host:"));
		skip_blanks(&line);
		say_host(call, line);
		return;
	}
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire rest = w;
	bool ended;
	struct wire line = text_line(&rest, &ended);

	(void)ctx;
	if (*pkt->payload == 0)
		verdict->confidence = is_settings_frame(w) ? NM_CONF_SIGNATURE : 0;
	else if (text_begins(&w, "HTTP/"))
		verdict->confidence = is_status_line(line) ? NM_CONF_SIGNATURE : 0;
	else
		verdict->confidence = rate_request_line(line, ended);
	/* A body may happen to begin with such a word: the next message decides. */
	if (verdict->confidence == 0)
		return NM_MORE;
	if (ended && *pkt->payload != 0 && !text_begins(&w, "HTTP/") && !say_target(call, line))
		say_host_line(call, rest);
	return nm_signature(verdict, APP_HTTP, verdict->confidence);
}

NM_MODULE(http) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "http",
	.summary = "HTTP/1 and HTTP/2 in clear text, on any TCP port",
	.max_packets = 32,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
