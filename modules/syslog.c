/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Syslog: RFC 5424, and what was there before (RFC 3164); UDP and TCP (RFC 6587), usually 514 and 601. In TLS (6514) it is
 * TLS.
 *
 * Evidence: a priority of at most 191 in angle brackets, then a version and a time, a time alone (as rsyslog sends by
 * default), or a month's name and a time: on any port. A priority with other text behind it counts on UDP port 514 only;
 * text without one (RFC 3164 section 4.3.3) is a hint there. Cost: asked for payload that begins with an angle
 * bracket, and for digits on TCP (octet counting); reads some thirty octets.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_SYSLOG 110

#define PORT         514
#define PRIORITY_MAX 191 /* RFC 5424 section 6.2.1 */
#define COUNT_MAX    65535

static const struct nm_app apps[] = {
	{ APP_SYSLOG, "Syslog", "Network management", 0x8c6d31, 0xc4a15a },
};

#define COUNTED(digit)                                                                        \
	{                                                                                     \
		.transport = NM_TCP, .min_len = 20, .len = 1, .pattern = { digit }, .mask = { \
			0xf8                                                                  \
		}                                                                             \
	}

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 5, "<"),
	NM_MATCH_TEXT(NM_TCP, 20, "<"),
	{ .transport = NM_UDP, .port = PORT, .min_len = 4 },
	COUNTED('0'),
	COUNTED('8'),
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* "Oct 11 22:14:15"; RFC 3164 section 4.1.2. */
static bool
is_old_time(struct wire w)
{
	const uint8_t *month = wire_take(&w, 3);

	if (!month)
		return false;
	for (const char *m = months; *m; m += 3) {
		if (memcmp(month, m, 3) != 0)
			continue;
		wire_skip(&w, 6);
		text_expect(&w, ':');
		wire_skip(&w, 2);
		text_expect(&w, ':');
		return wire_ok(&w);
	}
	return false;
}

/* "1 2003-10-11T22:14:15", or a hyphen for no time; RFC 5424 section 6. Some leave the version out. */
static bool
is_new_head(struct wire w)
{
	if (text_begins(&w, "1 - "))
		return true;
	if (text_begins(&w, "1 "))
		wire_skip(&w, 2);
	(void)text_number(&w, 9999);
	text_expect(&w, '-');
	(void)text_number(&w, 12);
	text_expect(&w, '-');
	(void)text_number(&w, 31);
	text_expect(&w, 'T');
	(void)text_number(&w, 24);
	text_expect(&w, ':');
	return wire_ok(&w);
}

static uint8_t
rate(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool port = pkt->transport == NM_UDP && pkt->dport == PORT;

	if (pkt->transport == NM_TCP && text_is_digit(*pkt->payload)) {
		/* RFC 6587 section 3.4.1: the message's length goes before it */
		(void)text_number(&w, COUNT_MAX);
		text_expect(&w, ' ');
	}
	if (port && *pkt->payload != '<')
		return text_all_print(&w) ? NM_CONF_BEHAVIOUR : 0;
	text_expect(&w, '<');
	(void)text_number(&w, PRIORITY_MAX);
	text_expect(&w, '>');
	if (!wire_ok(&w))
		return 0;
	if (is_old_time(w) || is_new_head(w))
		return NM_CONF_SIGNATURE;
	wire_limit(&w, 16);
	return port && text_all_print(&w) ? NM_CONF_SIGNATURE : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	(void)call;
	enum nm_result result = nm_signature(verdict, APP_SYSLOG, rate(pkt));
	if (verdict->confidence == NM_CONF_BEHAVIOUR)
		verdict->evidence = NM_EV_PORT;
	return result;
}

NM_MODULE(syslog) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "syslog",
	.summary = "Syslog by priority and time, on any port",
	.max_packets = 4,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
