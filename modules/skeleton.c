/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A module to copy: see netmon-module(3). Copy this file, replace "skeleton" everywhere, build it with
 *
 *     cc -std=c11 -O2 -fPIC -shared -fvisibility=hidden -o mine.so mine.c
 *
 * put mine.so into the module folder (owner root, mode 0644), add the line "mine" to etc/modules, and send netmonc SIGHUP.
 *
 * This comment says what every module's says: the protocol and where it is specified, ports, what evidence the module
 * wants before it names a flow, what it learns, and what a packet costs. The example recognises an imaginary protocol:
 * messages over TCP that begin with "SKEL", a version 1, and a 16-bit length of what follows.
 */
#include <netmon/module.h>

/* Ids 1..999 are netmon's own; choose yours from 1000 to 65534. */
#define APP_SKELETON 1000

/* Everything that the pages know of an application comes from here: id, name, category, colours. */
static const struct nm_app apps[] = {
	{ APP_SKELETON, "Skeleton", "Example", 0x888888, 0xaaaaaa },
};

/* When to be asked. A pattern at the payload's first octet, or a port, makes a match cheap. The alternatives:
 *   .port = 7777            this port on either side
 *   .direction = NM_FROM_SERVER
 *   .min_len, .offset, .mask
 */
static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 7, .len = 5, .pattern = { 'S', 'K', 'E', 'L', 1 } },
};

/* Optional: called once, when the module is opened. What *ret_ctx points to is handed to the other hooks; here, the
 * host's services, for a line in the log. */
static int
load(const struct nm_host *host, void **ret_ctx)
{
	host->log(host, "loaded");
	*ret_ctx = NULL;
	return 0;
}

/* Looks at a packet for which one of the matches holds. Read through a cursor: it never leaves the payload, whatever the
 * lengths in the packet say, and one test at the end is enough. */
static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	(void)ctx;
	(void)
	    call; /* call->tag() to teach an endpoint, call->note to remember something of the flow */
	wire_skip(&w, 5);
	uint16_t length = wire_u16(&w);
	if (!wire_ok(&w))
		return NM_MORE; /* too short to tell: the next packet may */
	if (length != wire_left(&w))
		return NM_NO; /* not this protocol: no further question */
	verdict->app = APP_SKELETON;
	verdict->confidence = NM_CONF_PROOF;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

/* The one exported symbol, last in the file. */
NM_MODULE(skeleton) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "skeleton", /* as the file and the line in etc/modules */
	.summary = "example to copy",
	.max_packets = 4, /* of a flow, before it is given up */
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.load = load,
	.classify = classify,
};
