/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telnet: RFC 854, options RFC 855 and IANA's list. TCP, any port, usually 23.
 *
 * Evidence: option negotiation, which begins with an octet of ones. Several well-formed commands in a row, or one on port 23,
 * are a signature; one that is all of a packet elsewhere is weak, and so is a server's prompt on port 23. Both directions negotiate, so either is enough. A server on port 23 is tagged:
 * a session that was silent for long is text. Cost: asked for payload that begins with a command; reads its commands.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_TELNET 58

#define PORT_TELNET  23
#define COMMANDS_MAX 64
#define ESCAPES_MAX  64 /* octets 255 of a subnegotiation */
#define ENOUGH       2

static const struct nm_app apps[] = {
	{ APP_TELNET, "Telnet", "Remote access", 0xcc3311, 0xee7755 },
};

/* RFC 854: IAC is 255; 250 begins a subnegotiation, 251 to 254 are WILL, WON'T, DO, DON'T. */
#define IAC  255
#define SE   240
#define SB   250
#define WILL 251
#define DONT 254

static const struct nm_match matches[] = {
	{ .transport = NM_TCP,
	  .min_len = 3,
	  .len = 2,
	  .pattern = { IAC, 0xf8 },
	  .mask = { 0xff, 0xf8 } },
	{ .transport = NM_TCP, .min_len = 5, .port = PORT_TELNET },
};

/* IANA's telnet options: 0 to 49, 138 to 140, 255; MUD clients' 69, 70, 85 to 93, 200 to 201. */
static bool
is_option(uint8_t option)
{
	return option <= 49 || option == 69 || option == 70 || (option >= 85 && option <= 93) ||
	       (option >= 138 && option <= 140) || option == 200 || option == 201 || option == 255;
}

/* Passes over a subnegotiation, to behind its IAC SE. False when it does not end in this packet, or has more octets 255 than
 * any that means something. */
static bool
pass_subnegotiation(struct wire *w)
{
	for (unsigned i = 0; i < ESCAPES_MAX && wire_left(w) >= 2; i++) {
		const uint8_t *iac = memchr(w->at, IAC, wire_left(w));

		if (!iac)
			return false;
		wire_skip(w, (size_t)(iac - w->at) + 1);
		if (wire_u8(w) == SE)
			return wire_ok(w);
	}
	return false;
}

/* How many commands the payload begins with; text may follow. 0 when one of them is none. Sets *ret_alone when nothing
 * follows. */
static unsigned
count_commands(struct wire w, bool *ret_alone)
{
	unsigned n = 0;

	while (n < COMMANDS_MAX && wire_left(&w) >= 3 && *w.at == IAC) {
		wire_skip(&w, 1);
		uint8_t command = wire_u8(&w);
		uint8_t option = wire_u8(&w);

		if (command < SB || command > DONT || !is_option(option))
			return 0;
		if (command == SB && !pass_subnegotiation(&w))
			return n + 1;
		n++;
	}
	*ret_alone = wire_left(&w) == 0;
	return n;
}

/* What a server asks for at first. Nothing else on this port does. */
static bool
is_prompt(const struct nm_packet *pkt)
{
	static const char *const prompts[] = { "login:", "username:", "password:" };

	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		struct wire w = wire_init(pkt->payload, pkt->len);

		if (text_seek(&w, prompts[i]) && wire_left(&w) <= strlen(prompts[i]) + 2)
			return true;
	}
	return false;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	bool alone = false;
	unsigned commands = count_commands(wire_init(pkt->payload, pkt->len), &alone);
	bool port = nm_is_port(pkt, PORT_TELNET);
	bool sure = commands >= ENOUGH || (commands > 0 && port);
	bool likely = commands > 0 ? alone : pkt->sport == PORT_TELNET && is_prompt(pkt);

	(void)ctx;
	if (!sure && !likely)
		return NM_MORE;
	if (sure)
		nm_tag_port(pkt, call, APP_TELNET, PORT_TELNET);
	return nm_signature(verdict, APP_TELNET, sure ? NM_CONF_SIGNATURE : NM_CONF_WEAK);
}

NM_MODULE(telnet) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "telnet",
	.summary = "Telnet, on any TCP port",
	.max_packets = 16,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
