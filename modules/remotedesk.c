/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Other people's desktops: Citrix ICA and CGP (TCP, usually 1494 and 2598), Radmin (TCP, 4899), SPICE (TCP, 5900 and up),
 * TeamViewer (TCP and UDP, 5938).
 *
 * Evidence: Citrix: what both sides begin with; Radmin: version, length and sum of the data; SPICE: magic and version;
 * TeamViewer: the two octets with which each message begins, on its port, or three times, or with a length that fits. Servers
 * are tagged. Cost: asked for payload with these heads.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_CITRIX     319
#define APP_RADMIN     320
#define APP_TEAMVIEWER 321
#define APP_SPICE      345

#define PORT_TEAMVIEWER 5938

#define RADMIN_HEADER 9
#define RADMIN_MAX    65536
#define TV_HEADER     24 /* of the newer form */
#define TV_TIMES      3  /* messages that are enough on other ports */

static const struct nm_app apps[] = {
	{ APP_CITRIX, "Citrix", "Remote desktop", 0x3c6e71, 0x80b8bc },
	{ APP_RADMIN, "Radmin", "Remote desktop", 0xa23b72, 0xda83b1 },
	{ APP_TEAMVIEWER, "TeamViewer", "Remote desktop", 0x0e64c7, 0x6faaf0 },
	{ APP_SPICE, "SPICE", "Remote desktop", 0xa0522d, 0xd9987a },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 6, "\x7f\x7fICA"),
	NM_MATCH_TEXT(NM_TCP, 8,
	              "\x1a"
	              "CGP/01"),
	{ .transport = NM_TCP, .min_len = RADMIN_HEADER + 1, .len = 3, .pattern = { 1, 0, 0 } },
	NM_MATCH_TEXT(NM_TCP, 16, "REDQ"),
	NM_MATCH_TEXT(NM_TCP, 5, "\x17\x24"),
	NM_MATCH_TEXT(NM_TCP, TV_HEADER, "\x11\x30"),
	{ .transport = NM_UDP, .port = PORT_TEAMVIEWER, .min_len = 13, .len = 1, .pattern = { 0 } },
};

/* "\x7f\x7fICA" and a zero, from both sides; the gateway's form has its own. */
static uint8_t
rate_citrix(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (text_begins(&w, "\x1a"
	                    "CGP/01"))
		return NM_CONF_PROOF;
	if (!text_begins(&w, "\x7f\x7fICA"))
		return 0;
	wire_skip(&w, 5);
	return wire_u8(&w) == 0 && wire_ok(&w) ? NM_CONF_PROOF : 0;
}

/* Version, length and sum of the data: the sum of its 32-bit words, low octet first, zeros behind the last one. */
static uint8_t
rate_radmin(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint32_t length = wire_u32(&w);
	uint32_t said = wire_u32(&w);
	uint32_t sum = 0;

	if (!wire_ok(&w) || version != 1 || length == 0 || length > RADMIN_MAX ||
	    length != wire_left(&w) || pkt->len != pkt->wire_len)
		return 0;
	for (uint32_t i = 0; i < length; i++)
		sum += (uint32_t)wire_u8(&w) << (i % 4 * 8);
	return sum == said && sum != 0 ? NM_CONF_PROOF : 0;
}

/* Magic, then version 1 or 2 and minor version, low octet first. */
static uint8_t
rate_spice(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "REDQ"))
		return 0;
	wire_skip(&w, 4);
	uint32_t major = wire_le32(&w);
	uint32_t minor = wire_le32(&w);
	uint32_t length = wire_le32(&w);
	return wire_ok(&w) && major >= 1 && major <= 2 && minor <= 16 && length < 65536
	           ? NM_CONF_PROOF
	           : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_CITRIX, rate_citrix },
	{ NM_TCP, APP_RADMIN, rate_radmin },
	{ NM_TCP, APP_SPICE, rate_spice },
};

/* The newer form has a length, low octet first, behind its command. */
static bool
is_newer_teamviewer(const struct nm_packet *pkt, struct wire w)
{
	if (wire_u16(&w) != 0x1130)
		return false;
	wire_skip(&w, 2);
	uint32_t length = wire_le32(&w);
	return wire_ok(&w) && length + TV_HEADER == pkt->wire_len;
}

/* On UDP the message comes behind eleven octets of which the first is 0. */
static uint8_t
rate_teamviewer(const struct nm_packet *pkt, const struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (is_newer_teamviewer(pkt, w))
		return NM_CONF_SIGNATURE;
	wire_skip(&w, pkt->transport == NM_UDP ? 11 : 0);
	if (wire_u16(&w) != 0x1724)
		return 0;
	if (nm_is_port(pkt, PORT_TEAMVIEWER))
		return NM_CONF_SIGNATURE;
	if (!call->note || ++*call->note < TV_TIMES)
		return 0;
	return NM_CONF_SIGNATURE;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	enum nm_result result = nm_family_classify(
	    protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call, verdict);
	if (result == NM_MATCH)
		return result;
	uint8_t confidence = rate_teamviewer(pkt, call);
	if (confidence)
		nm_tag_server(pkt, call, APP_TEAMVIEWER);
	return nm_signature(verdict, APP_TEAMVIEWER, confidence);
}

NM_MODULE(remotedesk) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "remotedesk",
	.summary = "Citrix, Radmin, SPICE and TeamViewer",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
