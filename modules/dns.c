/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS: RFC 1035, RFC 2136 (UPDATE), RFC 1996 (NOTIFY), RFC 7766 (TCP); multicast DNS (RFC 6762) and LLMNR (RFC 4795) count
 * as DNS; DNSCrypt (its version 2 protocol) does not. UDP and TCP, any port.
 *
 * Evidence: the whole message is read: header, questions, records. On any port all of it must fit and end with the
 * payload; on ports 53, 5353 and 5355 a header that makes sense is a weak sign by itself. NetBIOS names (RFC 1002) have the
 * same form and are told by their type and spelling. DNSCrypt: the name of which clients ask for a resolver's certificate, and the
 * magic of a sealed answer; the resolver is tagged, as sealed questions show nothing. What answers on port 53 say of
 * addresses is passed on, so these flows are watched. Cost: the dispatch tests opcode, reserved
 * bits and counts first.
 */
#include "modules/dns/answers.h"

#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_DNS      4
#define APP_DNSCRYPT 300

#define SEALED_ANSWER "r6fnvWj8"
#define SEALED_MIN    48 /* the magic, a nonce of 24 octets, an authenticator of 16 */

#define PORT_DNS   53
#define NOTE_KNOWN 1 /* in the note of a flow that is settled */

#define HEADER      12
#define RECORDS_MAX 64 /* looked at in one message */
#define LABELS_MAX  128
#define NAME_MAX_B  255

static const struct nm_app apps[] = {
	{ APP_DNS, "DNS", "Name service", 0xddaa33, 0xf2c14e },
	{ APP_DNSCRYPT, "DNSCrypt", "Name service", 0x997700, 0xd6b23c },
};

/* RFC 1035 section 4.1.1, from the flags: opcode 0, reserved bit 0, one question, fewer than 256 of the others. */
#define QUERY_AT(transport_, offset_)                                                           \
	{                                                                                       \
		.transport = (transport_), .min_len = HEADER + 5 + (offset_)-2,                 \
		.offset = (offset_), .len = 8, .pattern = { 0, 0, 0, 1, 0, 0, 0, 0 }, .mask = { \
			0x78,                                                                   \
			0x40,                                                                   \
			0xff,                                                                   \
			0xff,                                                                   \
			0xff,                                                                   \
			0,                                                                      \
			0xff,                                                                   \
			0                                                                       \
		}                                                                               \
	}
static const struct nm_match matches[] = {
	QUERY_AT(NM_UDP, 2),
	QUERY_AT(NM_TCP, 4),
	NM_MATCH_TEXT(NM_UDP, SEALED_MIN, SEALED_ANSWER),
	/* behind a length below 4096 */
	{ .transport = NM_TCP,
	  .min_len = 2 + SEALED_MIN,
	  .len = 8,
	  .pattern = { 0, 0, 'r', '6', 'f', 'n', 'v', 'W' },
	  .mask = { 0xf0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ .transport = NM_UDP, .port = 53, .min_len = HEADER },
	{ .transport = NM_UDP, .port = 5353, .min_len = HEADER },
	{ .transport = NM_UDP, .port = 5355, .min_len = HEADER },
	{ .transport = NM_TCP, .port = 53 },
	{ .transport = NM_TCP, .port = 5355 },
};

struct message {
	uint16_t flags;
	uint16_t questions;
	uint16_t records; /* of all three sections */
	uint16_t first_type;
	bool netbios; /* the first name is spelt as RFC 1001 section 14.1 says */
};

/* RFC 1001 section 14.1: 32 letters A..P in one label. */
static bool
is_netbios_label(const uint8_t *label, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (label[i] < 'A' || label[i] > 'P')
			return false;
	return len == 32;
}

/* Passes over a name (RFC 1035 sections 3.1 and 4.1.4). A pointer ends it; where it points is none of our business, but it
 * must be behind the header. False for what is no name; a name that the packet cuts sets the cursor's error. */
static bool
skip_name(struct wire *w, bool *ret_netbios)
{
	size_t total = 0;

	for (unsigned labels = 0; labels < LABELS_MAX; labels++) {
		uint8_t len = wire_u8(w);

		if (len == 0)
			return true;
		if ((len & 0xc0) == 0xc0)
			return ((unsigned)(len & 0x3f) << 8 | wire_u8(w)) >= HEADER || !wire_ok(w);
		const uint8_t *label = wire_take(w, len);
		total += len + 1U;
		if (len > 63 || total > NAME_MAX_B)
			return false;
		if (labels == 0 && label)
			*ret_netbios = is_netbios_label(label, len);
	}
	return false;
}

/* Classes of RFC 6895 section 3.2; multicast DNS uses the top bit for itself. */
static bool
is_class(uint16_t class)
{
	class &= 0x7fff;
	return (class >= 1 && class <= 4) || class == 254 || class == 255;
}

static bool
is_type(uint16_t type)
{
	return (type >= 1 && type <= 110) || (type >= 249 && type <= 262) || type == 32768 ||
	       type == 32769 || type >= 65280;
}

static bool
read_question(struct wire *w, struct message *m, bool first)
{
	bool netbios = false;

	if (!skip_name(w, &netbios))
		return false;
	uint16_t type = wire_u16(w);
	uint16_t class = wire_u16(w);
	if (first) {
		m->netbios = netbios;
		m->first_type = type;
	}
	return !wire_ok(w) || (is_type(type) && is_class(class));
}

/* RFC 1035 section 4.1.3. The class of an OPT record (RFC 6891) is a size. */
static bool
read_record(struct wire *w)
{
	bool netbios;

	if (!skip_name(w, &netbios))
		return false;
	uint16_t type = wire_u16(w);
	uint16_t class = wire_u16(w);
	wire_skip(w, 4);
	wire_skip(w, wire_u16(w));
	return !wire_ok(w) || (is_type(type) && (type == 41 || is_class(class)));
}

/* Header fields that no message has (RFC 6895 section 2: return codes to 11). Opcodes other than 0 come in here only from
 * the known ports. */
static bool
read_header(struct wire *w, struct message *m)
{
	wire_skip(w, 2);
	m->flags = wire_u16(w);
	m->questions = wire_u16(w);
	uint16_t answers = wire_u16(w);
	uint16_t authorities = wire_u16(w);
	uint16_t additional = wire_u16(w);
	bool plain_query = (m->flags & 0xf800) == 0;

	if (!wire_ok(w) || (m->flags & 0x0040) || (m->flags & 15) > 11 || m->questions > 32 ||
	    answers + authorities + additional > 1024)
		return false;
	if (plain_query && (m->flags & 15) != 0)
		return false;
	m->records = (uint16_t)(answers + authorities + additional);
	return true;
}

/* The whole message. Returns a confidence, 0 for none. `cut`: the packet ends before the message does. */
static uint8_t
rate_message(struct wire w, bool cut, bool known_port, struct message *m)
{
	if (!read_header(&w, m))
		return 0;
	for (unsigned i = 0; i < m->questions && wire_ok(&w); i++)
		if (!read_question(&w, m, i == 0))
			return 0;
	bool question = m->questions > 0 && wire_ok(&w);
	for (unsigned i = 0; i < m->records && i < RECORDS_MAX && wire_ok(&w); i++)
		if (!read_record(&w))
			return 0;
	if (m->netbios && (m->first_type == 32 || m->first_type == 33))
		return 0;
	if (!wire_ok(&w)) /* ends within a record */
		return known_port || (cut && question) ? NM_CONF_SIGNATURE : 0;
	if (m->questions + m->records == 0) /* an error may be a header only */
		return known_port && (m->flags & 0x8000) && wire_left(&w) == 0 ? NM_CONF_WEAK : 0;
	if (wire_left(&w) == 0 || m->records > RECORDS_MAX)
		return NM_CONF_PROOF;
	return known_port ? NM_CONF_SIGNATURE : 0; /* padding */
}

/* RFC 7766 section 8: two octets of length first. They may come in a segment of their own, the message then in the next. */
static uint8_t
rate_stream(const struct nm_packet *pkt, bool known_port, struct message *m)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	uint16_t len = wire_u16(&w);

	if (wire_left(&w) < HEADER)
		return 0;
	bool cut = len > wire_left(&w);
	wire_limit(&w, len);
	uint8_t confidence = len >= HEADER ? rate_message(w, cut, known_port && !cut, m) : 0;
	if (confidence == 0 && known_port && pkt->nth > 1)
		confidence = rate_message(wire_init(pkt->payload, pkt->len), true, false, m);
	return confidence;
}

/* The certificate's name begins with the protocol's version and "dnscrypt-cert"; the message around it may be padded beyond what
 * the packet has of it. A resolver that answers is tagged. */
static uint8_t
rate_dnscrypt(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	wire_skip(&w, pkt->transport == NM_TCP ? 2 : 0);
	bool sealed = text_begins(&w, SEALED_ANSWER) && wire_left(&w) >= SEALED_MIN;
	wire_skip(&w, 2);
	uint16_t flags = wire_u16(&w);
	wire_skip(&w, HEADER - 4);
	bool certificate = text_begins_nocase(&w, "\0012\015dnscrypt-cert");
	if (sealed || (certificate && (flags & 0x8000)))
		nm_tag_sender(pkt, call, APP_DNSCRYPT);
	if (sealed)
		return NM_CONF_PROOF;
	return certificate ? NM_CONF_SIGNATURE : 0;
}

/* Passes on what an answer says, of servers on their port only, where it takes more to invent one. */
static void
report(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);

	if (pkt->sport != PORT_DNS)
		return;
	if (pkt->transport == NM_TCP)
		wire_limit(&w, wire_u16(&w));
	answers_report(w, pkt->daddr, call);
}

static bool
is_known_port(uint16_t port)
{
	return port == PORT_DNS || port == 5353 || port == 5355;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	bool known_port = is_known_port(pkt->sport) || is_known_port(pkt->dport);
	struct message m = { 0 };

	(void)ctx;
	if (call->note && *call->note == NOTE_KNOWN) {
		report(pkt, call);
		return NM_MORE;
	}
	uint8_t dnscrypt = rate_dnscrypt(pkt, call);
	if (dnscrypt)
		return nm_signature(verdict, APP_DNSCRYPT, dnscrypt);
	if (pkt->transport == NM_TCP)
		verdict->confidence = rate_stream(pkt, known_port, &m);
	else
		verdict->confidence = rate_message(wire_init(pkt->payload, pkt->len),
		                                   pkt->wire_len > pkt->len, known_port, &m);
	if (verdict->confidence == 0)
		return NM_MORE;
	report(pkt, call);
	/* each answer of the flow says something, and once it is known, nothing else does */
	verdict->flags = nm_is_port(pkt, PORT_DNS) ? NM_WATCH : 0;
	if (verdict->flags && call->note && verdict->confidence >= NM_CONF_SIGNATURE)
		*call->note = NOTE_KNOWN;
	return nm_signature(verdict, APP_DNS, verdict->confidence);
}

NM_MODULE(dns) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "dns",
	.summary = "DNS, multicast DNS and LLMNR over UDP and TCP, DNSCrypt",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
