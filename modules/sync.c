/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of trees on TCP, any port: rsync's daemon (usually 873) and git's (9418). Through SSH they are SSH, through HTTP HTTP.
 *
 * Evidence: rsync: the greeting of both sides; git: a client's request in a line with its length in front, which git itself
 * sends in a segment of its own: the line without it counts when the host's name follows. Servers are tagged. Cost: asked for
 * payload that begins with "@RSYNCD", or with "git-", with and without a line's length.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_RSYNC 133
#define APP_GIT   134

static const struct nm_app apps[] = {
	{ APP_RSYNC, "rsync", "File transfer", 0x3b7a57, 0x78bd97 },
	{ APP_GIT, "Git", "File transfer", 0xde4c36, 0xf28b7b },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 9, "@RSYNCD:"),
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 8,
	  .pattern = { '0', 0, 0, 0, 'g', 'i', 't', '-' },
	  .mask = { 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff } },
	NM_MATCH_TEXT(NM_TCP, 16, "git-uplo"),
	NM_MATCH_TEXT(NM_TCP, 16, "git-rece"),
};

static uint8_t
rate_rsync(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	return text_begins(&w, "@RSYNCD: ") ? NM_CONF_PROOF : 0;
}

/* "git-upload-pack /project.git" NUL "host=example.org" NUL, gitprotocol-pack(5) */
static bool
names_host(struct wire w)
{
	const uint8_t *end = memchr(w.at, 0, wire_left(&w));

	if (!end)
		return false;
	wire_skip(&w, (size_t)(end - w.at) + 1);
	return text_begins(&w, "host=");
}

static uint8_t
rate_git(const struct nm_packet *pkt, struct wire w)
{
	bool with_length = !text_begins(&w, "git-");

	(void)pkt;
	if (with_length)
		wire_skip(&w, 4);
	if (!text_begins(&w, "git-upload-pack ") && !text_begins(&w, "git-receive-pack ") &&
	    !text_begins(&w, "git-upload-archive "))
		return 0;
	return with_length || names_host(w) ? NM_CONF_PROOF : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_RSYNC, rate_rsync },
	{ NM_TCP, APP_GIT, rate_git },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(sync) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "sync",
	.summary = "rsync and git",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
