/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TFTP: RFC 1350 with options (RFC 2347). UDP; requests go to port 69, the transfer then runs between ports that both sides
 * chose.
 *
 * Evidence: a read or write request with its file name and transfer mode, on any port. It tags the client's port, which the
 * server answers from a port of its own: so the transfer is known. Cost: asked for payload that begins with the two codes.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_TFTP 112

#define TRANSFER_TTL_S 120
#define FILE_MAX       255
#define MODE_MAX       9

static const struct nm_app apps[] = {
	{ APP_TFTP, "TFTP", "File transfer", 0xb15928, 0xdb8b5c },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP, .min_len = 9, .len = 2, .pattern = { 0, 1 } },
	{ .transport = NM_UDP, .min_len = 9, .len = 2, .pattern = { 0, 2 } },
};

static const char *const modes[] = { "octet", "netascii", "mail" };

/* RFC 1350 section 5: code, name, NUL, mode, NUL. */
static bool
is_request(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	wire_skip(&w, 2);
	struct wire name = text_string(&w, FILE_MAX);
	struct wire mode = text_string(&w, MODE_MAX);
	if (!wire_ok(&w) || wire_left(&name) == 0 || !text_all_print(&name))
		return false;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (wire_left(&mode) == strlen(modes[i]) && text_begins_nocase(&mode, modes[i]))
			return true;
	return false;
}

/* The answer comes from another port than the request went to, to the one that it came from. */
static void
tag_transfer(const struct nm_packet *pkt, struct nm_call *call)
{
	nm_tag_announced(call, APP_TFTP, NM_UDP, pkt->saddr, pkt->sport, TRANSFER_TTL_S);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (!is_request(pkt))
		return NM_MORE;
	tag_transfer(pkt, call);
	return nm_signature(verdict, APP_TFTP, NM_CONF_SIGNATURE);
}

NM_MODULE(tftp) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "tftp",
	.summary = "TFTP requests on any UDP port, and the transfers that they begin",
	.max_packets = 4,
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
