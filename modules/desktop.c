/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Screens of other machines on TCP, any port: VNC (RFC 6143; usually 5900 and on) and X11 (6000 and on).
 *
 * Evidence: VNC: the line with the protocol's version that both sides begin with; X11: the client's set-up with the name of a
 * known authorisation or none, the server's answer on the usual ports. Servers are tagged for what goes on later. Cost: asked for
 * payload with these heads.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_VNC 131
#define APP_X11 132

#define X11_FIRST    6000
#define X11_LAST     6063
#define X11_SETUP    12
#define X11_VERSION  11
#define NAME_MAX_X11 64

static const struct nm_app apps[] = {
	{ APP_VNC, "VNC", "Remote desktop", 0x9467bd, 0xc3a5de },
	{ APP_X11, "X11", "Remote desktop", 0x8c564b, 0xc99a8f },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 12, "RFB 00"),
	/* low octet first, then high octet first; version 11.0 */
	{ .transport = NM_TCP,
	  .min_len = X11_SETUP,
	  .len = 6,
	  .pattern = { 'l', 0, X11_VERSION, 0, 0, 0 },
	  .mask = { 0xff, 0, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = X11_SETUP,
	  .len = 6,
	  .pattern = { 'B', 0, 0, X11_VERSION, 0, 0 },
	  .mask = { 0xff, 0, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .direction = NM_FROM_SERVER,
	  .min_len = 8,
	  .len = 6,
	  .pattern = { 1, 0, X11_VERSION, 0, 0, 0 } },
	{ .transport = NM_TCP,
	  .direction = NM_FROM_SERVER,
	  .min_len = 8,
	  .len = 6,
	  .pattern = { 1, 0, 0, X11_VERSION, 0, 0 } },
};

/* "RFB 003.008" and a line feed; RFC 6143 section 7.1.1. */
static uint8_t
rate_vnc(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "RFB 00"))
		return 0;
	wire_skip(&w, 6);
	bool digits = text_is_digit(wire_u8(&w));
	text_expect(&w, '.');
	for (unsigned i = 0; i < 3; i++)
		digits = text_is_digit(wire_u8(&w)) && digits;
	text_expect(&w, '\n');
	return wire_ok(&w) && digits ? NM_CONF_PROOF : 0;
}

/* X Window System Protocol, section 8: order of octets, version, lengths of the authorisation's name and data. */
static uint8_t
rate_x11(const struct nm_packet *pkt, struct wire w)
{
	uint8_t order = wire_u8(&w);

	if (order == 1)
		return pkt->sport >= X11_FIRST && pkt->sport <= X11_LAST ? NM_CONF_SIGNATURE : 0;
	if (order != 'l' && order != 'B')
		return 0;
	wire_skip(&w, 5);
	uint16_t name = order == 'l' ? wire_le16(&w) : wire_u16(&w);
	uint16_t data = order == 'l' ? wire_le16(&w) : wire_u16(&w);
	wire_skip(&w, 2);
	if (!wire_ok(&w) || name > NAME_MAX_X11)
		return 0;
	if (name == 0)
		return data == 0 && pkt->wire_len == X11_SETUP ? NM_CONF_SIGNATURE : 0;
	return text_begins(&w, "MIT-MAGIC-COOKIE-1") || text_begins(&w, "XDM-AUTHORIZATION-1") ||
	               text_begins(&w, "MIT-KERBEROS-5") || text_begins(&w, "SUN-DES-1")
	           ? NM_CONF_PROOF
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_VNC, rate_vnc },
	{ NM_TCP, APP_X11, rate_x11 },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(desktop) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "desktop",
	.summary = "VNC and X11",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
