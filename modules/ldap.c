/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LDAP: RFC 4511 on TCP, any port, usually 389 and 3268 (636 is TLS, see tls), and the connectionless form of directory
 * services on UDP 389 (CLDAP). StartTLS and SASL protection leave the flow LDAP.
 *
 * Evidence: an LDAPMessage in BER: sequence, message id, an operation of the list below, and how that one begins. Any
 * message at the beginning of a segment shows it, one direction is enough; on the usual ports also what SASL has wrapped. Servers
 * are tagged for sessions that are protected. Cost: asked for payload that begins with a sequence, and on two ports; reads some
 * twenty octets.
 */
#include <netmon/ber.h>
#include <netmon/family.h>
#include <netmon/module.h>

#define APP_LDAP 104

#define PORT_LDAP    389
#define PORT_CATALOG 3268 /* a directory's global catalogue */

#define MESSAGE_MAX    (16u << 20)
#define RESULT_MAX     0x7f /* RFC 4511 section 4.1.9: result codes; vendors use more than are listed */
#define TAG_REQUEST_ID 0x80 /* primitive, context 0 */

#define WRAP_MIN 20 /* octets of a length and a token's head */
#define WRAP_MAX (1u << 24)

static const struct nm_app apps[] = {
	{ APP_LDAP, "LDAP", "Directory", 0x7570b3, 0xa6a2e0 },
};

static const struct nm_match matches[] = {
	{ .transport = NM_TCP, .min_len = 7, .len = 1, .pattern = { BER_SEQUENCE } },
	{ .transport = NM_UDP, .min_len = 7, .len = 1, .pattern = { BER_SEQUENCE } },
	{ .transport = NM_TCP, .port = PORT_LDAP, .min_len = WRAP_MIN, .len = 1, .pattern = { 0 } },
	{ .transport = NM_TCP,
	  .port = PORT_CATALOG,
	  .min_len = WRAP_MIN,
	  .len = 1,
	  .pattern = { 0 } },
};

/* How an operation's contents begin. */
enum begins {
	EMPTY,   /* there are none */
	VERSION, /* BindRequest: 2 or 3, then the name */
	RESULT,  /* a result code, then the matched name */
	NAME,    /* a name in octets */
	SEARCH,  /* base, scope, dereferencing */
	OID,     /* ExtendedRequest: [0] in digits and dots */
	NUMBER,  /* AbandonRequest is the number itself */
	PLAIN,   /* DelRequest is the name itself */
};

static const struct {
	uint8_t tag;
	uint8_t begins; /* enum begins */
	bool by_server;
} operations[] = {
	{ 0x60, VERSION, false }, { 0x61, RESULT, true },  { 0x42, EMPTY, false },
	{ 0x63, SEARCH, false },  { 0x64, NAME, true },    { 0x65, RESULT, true },
	{ 0x66, NAME, false },    { 0x67, RESULT, true },  { 0x68, NAME, false },
	{ 0x69, RESULT, true },   { 0x4a, PLAIN, false },  { 0x6b, RESULT, true },
	{ 0x6c, NAME, false },    { 0x6d, RESULT, true },  { 0x6e, NAME, false },
	{ 0x6f, RESULT, true },   { 0x50, NUMBER, false }, { 0x73, NAME, true },
	{ 0x77, OID, false },     { 0x78, RESULT, true },
};

/* Contents that have to be octets, of which no more than `left` can be there. */
static bool
is_octets(struct wire *w, uint32_t left)
{
	return ber_expect(w, BER_OCTETS) <= left && wire_ok(w);
}

static bool
begins_so(struct wire w, enum begins begins, uint32_t length)
{
	uint32_t code;

	switch (begins) {
	case EMPTY:
		return length == 0;
	case NUMBER:
		return length >= 1 && length <= 4;
	case PLAIN:
		return length >= 3;
	case VERSION:
		code = ber_number(&w, BER_INTEGER, 1);
		return (code == 2 || code == 3) && is_octets(&w, length);
	case RESULT:
		return ber_number(&w, BER_ENUMERATED, 1) <= RESULT_MAX && is_octets(&w, length);
	case OID:
		return wire_u8(&w) == TAG_REQUEST_ID && ber_length(&w) <= length && wire_ok(&w);
	case NAME:
		return is_octets(&w, length);
	case SEARCH:
		code = ber_expect(&w, BER_OCTETS);
		if (code > length)
			return false;
		/* a long base may be behind the end of the segment */
		if (code > wire_left(&w))
			return wire_ok(&w);
		wire_skip(&w, code);
		/* scope and dereferencing */
		code = ber_number(&w, BER_ENUMERATED, 1);
		return code <= 3 && ber_number(&w, BER_ENUMERATED, 1) <= 3 && wire_ok(&w);
	}
	return false;
}

/* RFC 4511 section 4.1.1. Says in *ret_by_server whose words these are. */
static bool
is_ldap(const struct nm_packet *pkt, bool *ret_by_server)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint32_t message = ber_expect(&w, BER_SEQUENCE);
	size_t head = pkt->len - wire_left(&w);

	if (!wire_ok(&w) || message < 5 || message > MESSAGE_MAX ||
	    (pkt->transport == NM_UDP && message > pkt->wire_len - head))
		return false;
	(void)ber_number(&w, BER_INTEGER, 4);
	uint8_t tag = wire_u8(&w);
	uint32_t length = ber_length(&w);
	if (!wire_ok(&w) || length > message)
		return false;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (operations[i].tag == tag) {
			*ret_by_server = operations[i].by_server;
			return begins_so(w, operations[i].begins, length);
		}
	}
	return false;
}

/* RFC 4422 section 3.7: a length, then so many octets that are the mechanism's. Of Kerberos (RFC 4121 section 4.2.6.2): 5 4,
 * flags, 255, two counts, sequence; of NTLM (MS-NLMP section 2.2.2.9.1): version 1 with the low octet first, checksum,
 * sequence. A message goes on in the next segments. */
static bool
is_wrapped(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint32_t length = wire_u32(&w);
	uint32_t head = wire_u32(&w);
	bool kerberos = head >> 16 == 0x0504 && (head >> 8 & 0xf8) == 0 && (head & 0xff) == 0xff;

	return wire_ok(&w) && length >= 16 && length <= WRAP_MAX && length + 4 >= pkt->wire_len &&
	       (kerberos || head == 0x01000000) &&
	       (nm_is_port(pkt, PORT_LDAP) || nm_is_port(pkt, PORT_CATALOG));
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	bool by_server;

	(void)ctx;
	if (pkt->transport == NM_TCP && *pkt->payload == 0)
		return nm_signature(verdict, APP_LDAP, is_wrapped(pkt) ? NM_CONF_SIGNATURE : 0);
	if (!is_ldap(pkt, &by_server))
		return NM_MORE;
	nm_tag_end(pkt, call, APP_LDAP, by_server);
	return nm_signature(verdict, APP_LDAP, NM_CONF_SIGNATURE);
}

NM_MODULE(ldap) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "ldap",
	.summary = "LDAP on any TCP port, connectionless LDAP on any UDP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
