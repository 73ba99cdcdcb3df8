/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DTLS: RFC 9147, RFC 6347, RFC 4347, and the version that came before (0x0100). UDP, any port.
 *
 * Evidence: records whose lengths fill the datagram, with a content type and version of DTLS and an epoch that fits; a
 * handshake's first record is read too. Any packet but those of version 1.3 behind its handshake; one direction is enough.
 * Cost: asked for UDP payload that begins with a content type and version; reads the record's heads.
 */
#include "modules/tls/names.h"

#include <netmon/family.h>
#include <netmon/hello.h>
#include <netmon/module.h>

#define APP_DTLS 114

#define HEADER       13
#define RECORD_MAX   (16384 + 2048)
#define RECORDS_MAX  8
#define HANDSHAKE    22
#define FIRST_TYPE   20
#define LAST_TYPE    26
#define EPOCH_MAX    16
#define VERSION_OLD  0x0100
#define VERSION_1_0  0xfeff
#define VERSION_1_2  0xfefd
#define MESSAGES_MAX 25

static const struct nm_app apps[] = {
	{ APP_DTLS, "DTLS", "Encrypted", 0x5e4fa2, 0x9c8fdc },
};

/* Content types 16 to 31, of which the classifier takes 20 to 26. */
static const struct nm_match matches[] = {
	{ .transport = NM_UDP,
	  .min_len = HEADER,
	  .len = 3,
	  .pattern = { 0x10, 0xfe, 0xfd },
	  .mask = { 0xf0, 0xff, 0xfd } },
	{ .transport = NM_UDP,
	  .min_len = HEADER,
	  .len = 3,
	  .pattern = { 0x10, 0x01, 0x00 },
	  .mask = { 0xf0, 0xff, 0xff } },
};

static uint32_t
three_octets(struct wire *w)
{
	uint32_t high = wire_u8(w);

	return high << 16 | wire_u16(w);
}

/* RFC 6347 section 4.2.2, in clear text as long as the epoch is 0: type, length, sequence, this fragment's place. */
static bool
is_handshake(struct wire w)
{
	uint8_t type = wire_u8(&w);
	uint32_t length = three_octets(&w);

	wire_skip(&w, 2);
	uint32_t offset = three_octets(&w);
	uint32_t part = three_octets(&w);
	return wire_ok(&w) && type <= MESSAGES_MAX && offset <= length && part <= length - offset;
}

/* One record's head and body. Nothing may be left of the datagram but further ones. */
static bool
is_record(struct wire *w, bool cut)
{
	uint8_t type = wire_u8(w);
	uint16_t version = wire_u16(w);
	uint16_t epoch = wire_u16(w);

	wire_skip(w, 6);
	uint16_t length = wire_u16(w);
	if (!wire_ok(w) || type < FIRST_TYPE || type > LAST_TYPE || length == 0 ||
	    length > RECORD_MAX || epoch > EPOCH_MAX ||
	    (version != VERSION_1_0 && version != VERSION_1_2 && version != VERSION_OLD))
		return false;
	if (type == HANDSHAKE && epoch == 0 && !is_handshake(*w))
		return false;
	wire_skip(w, cut && length > wire_left(w) ? wire_left(w) : length);
	return wire_ok(w);
}

static bool
is_dtls(const struct nm_packet *pkt)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	bool cut = pkt->len < pkt->wire_len;

	for (unsigned i = 0; i < RECORDS_MAX; i++) {
		/* behind the first record a version 1.3 ciphertext (001xxxxx) may follow */
		if (i > 0 && (wire_left(&w) == 0 || *w.at >> 5 == 1))
			return true;
		if (!is_record(&w, cut))
			return i > 0 && cut;
	}
	return true;
}

/* The name that a client asks for, when its hello begins here (RFC 6347 section 4.2.2): what is behind the first fragment is
 * not waited for. */
static void
say_name(const struct nm_packet *pkt, struct nm_call *call)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct hello hello;

	if (wire_u8(&w) != HANDSHAKE)
		return;
	wire_skip(&w, HEADER - 1);
	uint8_t type = wire_u8(&w);
	wire_skip(&w, 5);
	uint32_t offset = three_octets(&w);
	wire_limit(&w, three_octets(&w));
	if (!wire_ok(&w) || type != HELLO_CLIENT || offset != 0 ||
	    !hello_read(w, HELLO_CLIENT, true, &hello))
		return;
	name_report(call, &hello);
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	if (!is_dtls(pkt))
		return NM_MORE;
	say_name(pkt, call);
	return nm_signature(verdict, APP_DTLS, NM_CONF_PROOF);
}

NM_MODULE(dtls) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "dtls",
	.summary = "DTLS by its records, on any UDP port",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
