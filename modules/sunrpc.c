/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ONC RPC (RFC 5531) and what NFS consists of: NFS (RFC 1813, RFC 7530), MOUNT, the lock manager, status and quota services
 * and ACLs are named NFS; the port mapper (RFC 1833) and all other programs SunRPC. UDP and TCP, any port, usually 111, 2049
 * and what the port mapper gives out.
 *
 * Evidence: a call: message type, RPC version 2, a program and credentials of a known kind. A reply says no program: the
 * server's tag or port tells what it is. A server that was called is tagged. Cost: asked on UDP for a call's constants
 * behind the transaction's number, on TCP for a record's head and such constants, and on 111 and 2049.
 */
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_NFS    108
#define APP_SUNRPC 109

#define PORT_MAPPER 111
#define PORT_NFS    2049
#define CALL        0
#define REPLY       1
#define RPC_VERSION 2
#define LAST        0x80000000u
#define RECORD_MAX  (4u << 20)
#define OPAQUE_MAX  400    /* RFC 5531 section 8.2: octets of credentials */
#define LISTED_MIN  100000 /* programs that IANA lists; others are met by chance more easily */
#define LISTED_MAX  700000
#define CALL_MIN    40
#define REPLY_MIN   24

static const struct nm_app apps[] = {
	{ APP_NFS, "NFS", "File sharing", 0x117733, 0x55b877 },
	{ APP_SUNRPC, "SunRPC", "Remote procedure call", 0x999933, 0xc9c96a },
};

static const struct nm_match matches[] = {
	{ .transport = NM_UDP,
	  .min_len = CALL_MIN,
	  .offset = 4,
	  .len = 8,
	  .pattern = { 0, 0, 0, CALL, 0, 0, 0, RPC_VERSION } },
	{ .transport = NM_UDP, .port = PORT_MAPPER, .min_len = REPLY_MIN },
	{ .transport = NM_UDP, .port = PORT_NFS, .min_len = REPLY_MIN },
	/* the last fragment of a record of less than 4 MB */
	{ .transport = NM_TCP,
	  .min_len = 4 + REPLY_MIN,
	  .len = 2,
	  .pattern = { 0x80, 0 },
	  .mask = { 0xff, 0xc0 } },
};

/* Programs that belong to NFS; IANA's list of RPC program numbers. */
static const uint32_t nfs_programs[] = { 100003, 100005, 100021, 100024, 100227, 100011 };

static bool
is_of_nfs(uint32_t program)
{
	for (size_t i = 0; i < sizeof(nfs_programs) / sizeof(nfs_programs[0]); i++)
		if (nfs_programs[i] == program)
			return true;
	return false;
}

/* RFC 5531 section 8.2: AUTH_NONE, AUTH_SYS, AUTH_SHORT, AUTH_DH, Kerberos, RPCSEC_GSS, and TLS (RFC 9289). */
static bool
is_flavor(uint32_t flavor)
{
	return flavor <= 7;
}

/* RFC 5531 section 9, behind the message type of a call. Returns the application, 0 when it is none. */
static uint16_t
of_call(struct wire *w, uint8_t *ret_confidence)
{
	uint32_t rpc = wire_u32(w);
	uint32_t program = wire_u32(w);
	uint32_t version = wire_u32(w);
	uint32_t procedure = wire_u32(w);
	uint32_t flavor = wire_u32(w);
	uint32_t credentials = wire_u32(w);

	if (!wire_ok(w) || rpc != RPC_VERSION || program < LISTED_MIN || version > 0xffff ||
	    procedure > 0xffff || !is_flavor(flavor) || credentials > OPAQUE_MAX)
		return 0;
	*ret_confidence = program <= LISTED_MAX ? NM_CONF_PROOF : NM_CONF_WEAK;
	return is_of_nfs(program) ? APP_NFS : APP_SUNRPC;
}

/* Behind the message type of a reply: accepted with a verifier and a state, or denied with a reason. */
static bool
is_reply(struct wire *w)
{
	uint32_t denied = wire_u32(w);
	uint32_t flavor = wire_u32(w);
	uint32_t verifier = wire_u32(w);

	if (!wire_ok(w) || denied > 1)
		return false;
	return denied ? flavor <= 1 : is_flavor(flavor) && verifier <= OPAQUE_MAX;
}

/* What a reply belongs to: the server's port or tag says it. 0 when nothing does. */
static uint16_t
of_reply(const struct nm_packet *pkt, struct wire *w)
{
	if (!is_reply(w))
		return 0;
	if (pkt->tagged == APP_NFS || pkt->tagged == APP_SUNRPC)
		return pkt->tagged;
	if (pkt->sport == PORT_NFS)
		return APP_NFS;
	return pkt->sport == PORT_MAPPER ? APP_SUNRPC : 0;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t app = 0;

	(void)ctx;
	/* RFC 5531 section 11: record marking */
	if (pkt->transport == NM_TCP && (wire_u32(&w) & ~LAST) > RECORD_MAX)
		return NM_MORE;
	wire_skip(&w, 4);
	uint32_t type = wire_u32(&w);
	if (type == CALL)
		app = of_call(&w, &verdict->confidence);
	else if (type == REPLY)
		app = of_reply(pkt, &w);
	if (app == 0)
		return NM_MORE;
	if (verdict->confidence == NM_CONF_PROOF)
		nm_tag_end(pkt, call, app, false);
	verdict->app = app;
	if (type == REPLY)
		verdict->confidence = NM_CONF_SIGNATURE;
	verdict->evidence = NM_EV_SIGNATURE;
	return NM_MATCH;
}

NM_MODULE(sunrpc) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "sunrpc",
	.summary = "NFS and other ONC RPC programs, on any port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
