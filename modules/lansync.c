/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What applications call into the local network to find others of their kind: Dropbox (UDP 17500), Spotify (UDP 57621; its
 * servers on TCP, too), TiVoConnect (UDP and TCP 2190), Syncthing (UDP 21027, its relays on TCP), Resilio Sync, once
 * BitTorrent Sync (UDP 3838).
 *
 * Evidence: the words or the magic with which each begins, and what follows them. Syncthing's relays and Spotify's servers
 * are tagged, the others are everybody's. Cost: asked for payload with these heads.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_DROPBOX   331
#define APP_SPOTIFY   332
#define APP_TIVO      333
#define APP_SYNCTHING 334
#define APP_RESILIO   335

#define PORT_DROPBOX 17500

#define SYNCTHING_MAGIC 0x2ea7d90bu
#define SYNCTHING_OLD   0x9d79bc39u
#define RELAY_MAGIC     0x9e79bc40u
#define RELAY_TYPES     7
#define RELAY_MAX       65536
#define DEVICE_LENGTH   32
#define DROPBOX_WITHIN  512 /* octets in which it says who it is */

static const struct nm_app apps[] = {
	{ APP_DROPBOX, "Dropbox", "Cloud", 0x0061fe, 0x6ea4ff },
	{ APP_SPOTIFY, "Spotify", "Streaming", 0x168d40, 0x4fd07d },
	{ APP_TIVO, "TiVoConnect", "Streaming", 0x8e44ad, 0xc08fd6 },
	{ APP_SYNCTHING, "Syncthing", "Cloud", 0x0891d1, 0x5fc1ee },
	{ APP_RESILIO, "Resilio", "Cloud", 0x2c8a77, 0x71c4b4 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_UDP, 40, "{\"host_i"),
	{ .transport = NM_UDP,
	  .port = PORT_DROPBOX,
	  .min_len = 40,
	  .len = 2,
	  .pattern = { '{', '"' } },
	NM_MATCH_TEXT(NM_UDP, 16, "SpotUdp0"),
	/* a client's first message, shorter than 64 kB */
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 7,
	  .pattern = { 0, 4, 0, 0, 0, 0, 0x52 },
	  .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff } },
	NM_MATCH_TEXT(NM_UDP, 20, "TiVoConn"),
	NM_MATCH_TEXT(NM_TCP, 20, "TiVoConn"),
	{ .transport = NM_UDP, .min_len = 38, .len = 4, .pattern = { 0x2e, 0xa7, 0xd9, 0x0b } },
	{ .transport = NM_UDP, .min_len = 38, .len = 4, .pattern = { 0x9d, 0x79, 0xbc, 0x39 } },
	{ .transport = NM_TCP, .min_len = 12, .len = 4, .pattern = { 0x9e, 0x79, 0xbc, 0x40 } },
	NM_MATCH_TEXT(NM_UDP, 12, "BSYNC\0d"),
};

/* JSON of the host's number, its port and its name spaces, in any order. */
static uint8_t
rate_dropbox(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "{\""))
		return 0;
	wire_limit(&w, DROPBOX_WITHIN);
	struct wire host = w;
	struct wire name = w;
	return text_seek(&host, "\"host_int\":") && text_seek(&name, "\"displayname\":") &&
	               text_seek(&w, "\"port\":")
	           ? NM_CONF_PROOF
	           : 0;
}

static uint8_t
rate_spotify(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "SpotUdp0") ? NM_CONF_PROOF : 0;
}

/* A client's hello: 0, 4, length of the whole; then a protocol buffer, of which field 10 says how the client was built and
 * begins with its field 10. */
static uint8_t
rate_spotify_hello(const struct nm_packet *pkt, struct wire w)
{
	uint16_t version = wire_u16(&w);
	uint32_t length = wire_u32(&w);
	uint8_t built = wire_u8(&w);
	uint8_t size = wire_u8(&w);

	return version == 4 && length == pkt->wire_len && built == 0x52 && size < wire_left(&w) &&
	               wire_u8(&w) == 0x50 && wire_ok(&w)
	           ? NM_CONF_PROOF
	           : 0;
}

/* Lines of a name and a value. */
static uint8_t
rate_tivo(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "TiVoConnect=") && text_seek(&w, "method=") ? NM_CONF_PROOF : 0;
}

/* Local discovery, version 4: the device's number of 32 octets is a protocol buffer's first field; version 3 has its length
 * in a field of four octets. */
static uint8_t
rate_syncthing(const struct nm_packet *pkt, struct wire w)
{
	uint32_t magic = wire_u32(&w);

	(void)pkt;
	if (magic == SYNCTHING_MAGIC)
		return wire_u16(&w) == (0x0a00 | DEVICE_LENGTH) ? NM_CONF_PROOF : 0;
	return magic == SYNCTHING_OLD && wire_u32(&w) == DEVICE_LENGTH ? NM_CONF_PROOF : 0;
}

/* A relay's messages: magic, type, length. */
static uint8_t
rate_relay(const struct nm_packet *pkt, struct wire w)
{
	uint32_t magic = wire_u32(&w);
	uint32_t type = wire_u32(&w);
	uint32_t length = wire_u32(&w);

	(void)pkt;
	return wire_ok(&w) && magic == RELAY_MAGIC && type <= RELAY_TYPES && length < RELAY_MAX
	           ? NM_CONF_PROOF
	           : 0;
}

/* A word, a zero, and a bencoded dictionary (BEP 3) whose first name has one or two octets. */
static uint8_t
rate_resilio(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (!text_begins(&w, "BSYNC"))
		return 0;
	wire_skip(&w, 5);
	uint8_t zero = wire_u8(&w);
	uint8_t dictionary = wire_u8(&w);
	uint32_t length = text_number(&w, 32);
	text_expect(&w, ':');
	return zero == 0 && dictionary == 'd' && length > 0 && wire_ok(&w) ? NM_CONF_PROOF : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_UDP, APP_DROPBOX, rate_dropbox },
	{ NM_UDP, APP_SPOTIFY, rate_spotify },
	{ NM_TCP, APP_SPOTIFY, rate_spotify_hello },
	{ NM_UDP, APP_TIVO, rate_tivo },
	{ NM_TCP, APP_TIVO, rate_tivo },
	{ NM_UDP, APP_SYNCTHING, rate_syncthing },
	{ NM_TCP, APP_SYNCTHING, rate_relay },
	{ NM_UDP, APP_RESILIO, rate_resilio },
};

/* Calls into the network say nothing of the address that they go to. */
static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (nm_family_rate(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, verdict) ==
	    NM_MORE)
		return NM_MORE;
	if (pkt->transport == NM_TCP && verdict->app != APP_TIVO)
		nm_tag_server(pkt, call, verdict->app);
	return NM_MATCH;
}

NM_MODULE(lansync) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "lansync",
	.summary = "Dropbox, Spotify, TiVoConnect, Syncthing and Resilio in the local network",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
