/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What businesses exchange on TCP, any port: FIX (orders at exchanges), SMPP (short messages; usually 2775), Z39.50 (libraries'
 * catalogues; 210).
 *
 * Evidence: FIX: the first three fields, in their order; SMPP: a bind or a message whose strings fit, one of the messages that
 * are a header only; Z39.50: the first fields of a session's beginning, in BER. Servers are tagged. Cost: asked for payload with
 * these heads; reads the head.
 */
#include <netmon/ber.h>
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_FIX   316
#define APP_SMPP  317
#define APP_Z3950 318

#define SOH             0x01 /* ends a field of FIX */
#define FIX_VERSION_MAX 12
#define FIX_LENGTH_MAX  9999999
#define SMPP_PORT       2775
#define SMPP_HEADER     16
#define SMPP_MAX        65536
#define SMPP_ANSWER     0x80000000u

static const struct nm_app apps[] = {
	{ APP_FIX, "FIX", "Business", 0x2f6f4f, 0x74bd98 },
	{ APP_SMPP, "SMPP", "Messaging", 0xb8471b, 0xea936e },
	{ APP_Z3950, "Z3950", "Business", 0x7a5195, 0xb892d1 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 12, "8=FIX"),
	/* a name of one letter for the version */
	{ .transport = NM_TCP,
	  .min_len = 12,
	  .len = 6,
	  .pattern = { '8', '=', 0, SOH, '9', '=' },
	  .mask = { 0xff, 0xff, 0, 0xff, 0xff, 0xff } },
	/* length below 64 kB, commands below 64 or up to 0x13f, and their answers */
	{ .transport = NM_TCP,
	  .min_len = SMPP_HEADER,
	  .len = 8,
	  .pattern = { 0 },
	  .mask = { 0xff, 0xff, 0, 0, 0x7f, 0xff, 0xfe, 0xc0 } },
	/* its first field is a reference or the protocol's version; the length has one octet, two or three */
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 3,
	  .pattern = { 0xb4, 0, 0x82 },
	  .mask = { 0xfe, 0x80, 0xfe } },
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 4,
	  .pattern = { 0xb4, 0x81, 0, 0x82 },
	  .mask = { 0xfe, 0xff, 0, 0xfe } },
	{ .transport = NM_TCP,
	  .min_len = 16,
	  .len = 5,
	  .pattern = { 0xb4, 0x82, 0, 0, 0x82 },
	  .mask = { 0xfe, 0xff, 0, 0, 0xfe } },
};

/* Version, length of what follows, kind of message. Some brokers say another word than "FIX.4.2" or compress the rest. */
static uint8_t
rate_fix(const struct nm_packet *pkt, struct wire w)
{
	bool named = text_begins(&w, "8=FIX");

	(void)pkt;
	if (!text_begins(&w, "8="))
		return 0;
	wire_skip(&w, 2);
	size_t room = wire_left(&w) < FIX_VERSION_MAX ? wire_left(&w) : FIX_VERSION_MAX;
	const uint8_t *end = text_find(w.at, w.at + room, SOH);
	if (!end || end == w.at)
		return 0;
	struct wire version = wire_init(w.at, (size_t)(end - w.at));
	wire_skip(&w, (size_t)(end - w.at) + 1);
	text_expect(&w, '9');
	text_expect(&w, '=');
	(void)text_number(&w, FIX_LENGTH_MAX);
	text_expect(&w, SOH);
	if (!wire_ok(&w) || !text_all_print(&version))
		return 0;
	if (text_begins(&w, "35="))
		return named ? NM_CONF_PROOF : NM_CONF_SIGNATURE;
	return named ? NM_CONF_SIGNATURE : 0;
}

/* A string that ends with a zero within `max` octets, all printable; anything else sets the cursor's error. */
static void
skip_string(struct wire *w, unsigned max)
{
	for (unsigned i = 0; i < max; i++) {
		uint8_t c = wire_u8(w);

		if (c == 0)
			return;
		if (!text_is_print(c))
			break;
	}
	w->failed = true;
}

/* SMPP 3.4 section 5.2.5: kinds of numbers and plans have a handful of values. */
static void
skip_address(struct wire *w)
{
	uint8_t kind = wire_u8(w);
	uint8_t plan = wire_u8(w);

	if (kind > 6 || plan > 18)
		w->failed = true;
	skip_string(w, 21);
}

/* SMPP 3.4 section 4.1: name, password, system, version, range of addresses. */
static uint8_t
rate_bind(struct wire w)
{
	skip_string(&w, 16);
	skip_string(&w, 9);
	skip_string(&w, 13);
	uint8_t version = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint8_t plan = wire_u8(&w);
	skip_string(&w, 41);
	return wire_ok(&w) && wire_left(&w) == 0 && version <= 0x50 && kind <= 6 && plan <= 18
	           ? NM_CONF_PROOF
	           : 0;
}

/* Section 4.4.1: service, source, then the destination or how many there are. */
static uint8_t
rate_message(struct wire w)
{
	skip_string(&w, 6);
	skip_address(&w);
	wire_skip(&w, 4);
	return wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
}

/* Sections 4.8 and 4.10: a message's name, source. */
static uint8_t
rate_named_message(struct wire w)
{
	skip_string(&w, 65);
	skip_address(&w);
	return wire_ok(&w) ? NM_CONF_SIGNATURE : 0;
}

/* What has no body: to unbind, to ask whether the other is there. */
static uint8_t
rate_empty(struct wire w)
{
	return wire_left(&w) == 0 ? NM_CONF_SIGNATURE : 0;
}

static const struct {
	uint16_t command;
	uint8_t (*rate)(struct wire body);
} smpp_commands[] = {
	{ 0x01, rate_bind },     { 0x02, rate_bind },          { 0x09, rate_bind },
	{ 0x04, rate_message },  { 0x05, rate_message },       { 0x21, rate_message },
	{ 0x103, rate_message }, { 0x03, rate_named_message }, { 0x07, rate_named_message },
	{ 0x06, rate_empty },    { 0x15, rate_empty },
};

/* An answer has no body, or a string and maybe optional fields, each of number, length and value (section 5.3.2). A refusal counts
 * on the port only, as its state says nothing. */
static uint8_t
rate_smpp_answer(const struct nm_packet *pkt, uint32_t state, struct wire w)
{
	if (wire_left(&w) > 0)
		skip_string(&w, 65);
	while (wire_ok(&w) && wire_left(&w) > 0) {
		wire_skip(&w, 2);
		wire_skip(&w, wire_u16(&w));
	}
	return wire_ok(&w) && (state == 0 || nm_is_port(pkt, SMPP_PORT)) ? NM_CONF_SIGNATURE : 0;
}

/* Does the body fit the command? */
static uint8_t
rate_smpp_body(const struct nm_packet *pkt, uint32_t command, uint32_t state, struct wire w)
{
	uint32_t asked = command & ~SMPP_ANSWER;

	for (size_t i = 0; i < sizeof(smpp_commands) / sizeof(smpp_commands[0]); i++) {
		if (asked != smpp_commands[i].command)
			continue;
		if (command & SMPP_ANSWER)
			return rate_smpp_answer(pkt, state, w);
		return state == 0 ? smpp_commands[i].rate(w) : 0;
	}
	return 0;
}

/* SMPP 3.4 section 3.2: length, command, state, number. Several messages may come in one segment. */
static uint8_t
rate_smpp(const struct nm_packet *pkt, struct wire w)
{
	uint32_t length = wire_u32(&w);
	uint32_t command = wire_u32(&w);
	uint32_t state = wire_u32(&w);
	uint32_t number = wire_u32(&w);

	if (!wire_ok(&w) || length < SMPP_HEADER || length > pkt->wire_len || length > SMPP_MAX ||
	    number == 0 || number > 0x7fffffff || state > 0x4ff || pkt->len < length)
		return 0;
	struct wire rest = w;
	wire_skip(&rest, length - SMPP_HEADER);
	/* another one behind it has to have a length, too */
	if (wire_left(&rest) >= 4 && wire_u32(&rest) > SMPP_MAX)
		return 0;
	wire_limit(&w, length - SMPP_HEADER);
	return rate_smpp_body(pkt, command, state, w);
}

/* ISO 23950: InitializeRequest and -Response: reference (may be left out), version and options as bits, two sizes. */
static uint8_t
rate_z3950(const struct nm_packet *pkt, struct wire w)
{
	uint8_t tag = wire_u8(&w) & 0xfe;
	uint32_t length = ber_length(&w);

	if (tag != 0xb4 || !wire_ok(&w) || length < 12 || length > SMPP_MAX ||
	    length < wire_left(&w) || pkt->len < 16)
		return 0;
	if (*w.at == 0x82)
		wire_skip(&w, ber_expect(&w, 0x82));
	for (uint8_t bits = 0x83; bits <= 0x84; bits++) {
		uint32_t octets = ber_expect(&w, bits);
		uint8_t unused = wire_u8(&w);

		if (octets < 2 || octets > 5 || unused > 7)
			return 0;
		wire_skip(&w, octets - 1);
	}
	(void)ber_number(&w, 0x85, 4);
	(void)ber_number(&w, 0x86, 4);
	return wire_ok(&w) ? NM_CONF_PROOF : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_FIX, rate_fix },
	{ NM_TCP, APP_SMPP, rate_smpp },
	{ NM_TCP, APP_Z3950, rate_z3950 },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(business) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "business",
	.summary = "FIX, SMPP and Z39.50",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
