/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SSH: RFC 4253. TCP, any port. Evidence: the identification line of either side (section 4.2), also behind lines that a
 * server may send first; or, where the line was missed, the KEXINIT message (section 7.1), which is the last one in clear
 * text. What is encrypted shows nothing, so a server that identified itself is tagged: a session that has been silent for
 * long is known when it goes on.
 *
 * Cost: asked for payload that begins with "SSH-" or like a KEXINIT; port 22 also for lines before the identification.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SSH 5

#define LINES_BEFORE_MAX 8 /* a server's own lines before its identification, in one packet */
#define MSG_KEXINIT      20
#define WATCH_PACKETS    4 /* in which the server's line comes when the client spoke first */
#define KEX_NAMES_MAX    2048

static const struct nm_app apps[] = {
	{ APP_SSH, "SSH", "Remote login", 0x009e73, 0x2fc898 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .len = 4, .pattern = "SSH-" },
	{ .transport = NM_TCP, .port = 22, .direction = NM_FROM_SERVER, .min_len = 8 },
	/* length below 64 kB, padding, message number */
	{ .transport = NM_TCP,
	  .min_len = 32,
	  .len = 6,
	  .pattern = { 0, 0, 0, 0, 0, MSG_KEXINIT },
	  .mask = { 0xff, 0xff, 0, 0, 0, 0xff } },
};

/* "SSH-" version "-" software. The versions that were ever used are 1.x and 2.0. */
static uint8_t
rate_identification(struct wire w)
{
	wire_skip(&w, 4);
	uint8_t major = wire_u8(&w);
	text_expect(&w, '.');
	bool minor = text_is_digit(wire_u8(&w));
	if (!wire_ok(&w) || (major != '1' && major != '2') || !minor)
		return 0;
	while (wire_left(&w) > 0 && text_is_digit(*w.at))
		wire_skip(&w, 1);
	text_expect(&w, '-');
	return wire_ok(&w) ? NM_CONF_PROOF : NM_CONF_WEAK;
}

/* RFC 4253 section 4.2: other lines may come before, which must not begin with "SSH-". */
static uint8_t
rate_lines(struct wire w)
{
	for (unsigned i = 0; i <= LINES_BEFORE_MAX; i++) {
		bool ended;

		if (text_begins(&w, "SSH-"))
			return rate_identification(w);
		struct wire line = text_line(&w, &ended);
		if (!ended || !text_all_print(&line))
			return 0;
	}
	return 0;
}

/* RFC 4253 sections 6 and 7.1: packet length, padding length, message, cookie, then the first list of names. */
static uint8_t
rate_kexinit(struct wire w)
{
	uint32_t length = wire_u32(&w);
	uint8_t padding = wire_u8(&w);

	wire_skip(&w, 1 + 16);
	uint32_t names = wire_u32(&w);
	if (!wire_ok(&w) || length < 64 || padding < 4 || padding >= length || names < 4 ||
	    names > KEX_NAMES_MAX || names >= length)
		return 0;
	wire_limit(&w, names);
	/* Every method's name has a hyphen: diffie-hellman-, curve25519-, ecdh-, sntrup761x25519- ... */
	return text_all_print(&w) && memchr(w.at, '-', wire_left(&w)) ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	verdict->confidence = *pkt->payload == 0 ? rate_kexinit(w) : rate_lines(w);
	if (verdict->confidence == NM_CONF_PROOF && pkt->direction == NM_FROM_SERVER) {
		nm_tag_sender(pkt, call, APP_SSH);
	} else if (pkt->direction == NM_FROM_CLIENT) {
		/* the client may speak first: wait for the server's line */
		verdict->flags = NM_WATCH;
	}
	if (verdict->confidence == 0)
		return pkt->nth > WATCH_PACKETS ? NM_NO : NM_MORE;
	verdict->app = APP_SSH;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(ssh) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ssh",
	.summary = "SSH by its identification line or key exchange, on any TCP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
