/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is on ISO transport on TCP (RFC 1006: TPKT and X.224), usually port 102: Siemens S7 (S7comm and its successor), MMS (ISO
 * 9506, which IEC 61850 and TASE.2 use). RDP and H.323, which are on it too, have modules of their own.
 *
 * Evidence: S7: a header whose lengths fill its TPKT; MMS: its abstract syntax in the connect of the session, or a PDU of it
 * behind the fixed octets of session and presentation; on port 102 any other X.224 is TPKT, until one of these says more.
 * Servers are tagged. Cost: asked for data of X.224 that begins like these, and on port 102 for all TPKT; reads one header,
 * of a connect its text.
 */
#include <netmon/ber.h>
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_S7COMM     213
#define APP_S7COMMPLUS 214
#define APP_TPKT       215
#define APP_MMS        216

#define PORT_TPKT 102

static const struct nm_app apps[] = {
	{ APP_S7COMM, "S7Comm", "Industrial", 0x006d77, 0x66c5cf },
	{ APP_S7COMMPLUS, "S7CommPlus", "Industrial", 0x457b9d, 0x9ac6e2 },
	{ APP_TPKT, "TPKT", "Industrial", 0x6d6875, 0xb8b1c2 },
	{ APP_MMS, "ISO9506-1-MMS", "Industrial", 0x9a6324, 0xd9a868 },
};

/* TPKT, then data of X.224 (length 2, code 0xf0, last or not) that begins with this octet. */
#define DATA(octet)                                        \
	{                                                  \
		.transport = NM_TCP,                     \
		.min_len = 11,                           \
		.len = 8,                                \
		.pattern = {                             \
			3,                               \
			0,                               \
			0,                               \
			0,                               \
			2,                               \
			0xf0,                            \
			0,                               \
			octet,                           \
		}, .mask = {                             \
			0xff,                            \
			0xff,                            \
			0,                               \
			0,                               \
			0xff,                            \
			0xff,                            \
			0x7f,                            \
			0xff,                            \
		} \
	}

static const struct nm_match matches[] = {
	DATA(0x32), /* S7comm */
	DATA(0x72), /* its successor */
	DATA(0x0d), /* connect of the session */
	DATA(0x0e), /* accept */
	DATA(0x01), /* give tokens, with data */
	{ .transport = NM_TCP, .port = PORT_TPKT, .min_len = 7, .len = 2, .pattern = { 3, 0 } },
};

#define TPKT_HEADER 4 /* RFC 1006 section 6: version 3, reserved, length of all */
#define X224_HEADER \
	3 /* of data: length of the header behind it, code, number and whether it is the last */
#define X224_DATA   0xf0
#define UNITS_MAX   4 /* TPKTs of one packet that are looked at */
#define CONNECT_MAX 512

/* Does the code of X.224 section 13.2 have this meaning? The low four bits of some are credit. */
static bool
is_x224(uint8_t code, uint8_t header)
{
	switch (code & 0xf0) {
	case 0xe0: /* connection request */
	case 0xd0: /* confirm */
		return header >= 6;
	case 0x80: /* disconnect request */
		return header >= 6 && code == 0x80;
	case 0xf0:
		return header >= 2 && code == X224_DATA;
	case 0xc0: /* disconnect confirm */
		return header == 5 && code == 0xc0;
	case 0x70: /* error */
		return header >= 4 && code == 0x70;
	default:
		return false;
	}
}

/*
 * `w` is what was captured of `n` octets of data. Siemens: 0x32, kind, two zeros, a number, lengths of parameters and of data;
 * of an answer an error.
 */
static bool
is_s7comm(struct wire w, uint32_t n)
{
	uint8_t magic = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint16_t zero = wire_u16(&w);

	wire_skip(&w, 2);
	uint32_t parameters = wire_u16(&w);
	uint32_t data = wire_u16(&w);
	uint32_t header = kind == 2 || kind == 3 ? 12 : 10;
	return wire_ok(&w) && magic == 0x32 && zero == 0 &&
	       (kind == 7 || (kind >= 1 && kind <= 3)) && header + parameters + data == n;
}

/* 0x72, version, length; the last part has the same four octets behind it, with length 0. */
static bool
is_s7commplus(struct wire w, uint32_t n)
{
	uint8_t magic = wire_u8(&w);
	uint8_t version = wire_u8(&w);
	uint32_t length = wire_u16(&w);

	return wire_ok(&w) && magic == 0x72 &&
	       ((version >= 1 && version <= 3) || version == 0xfe) &&
	       (length + 4 == n || length + 8 == n);
}

/* The abstract syntax of MMS, { iso standard 9506 part(2) mms-abstract-syntax-version1(1) }, as an object identifier. */
static bool
has_mms_syntax(struct wire w)
{
	static const uint8_t syntax[] = { 0x06, 0x05, 0x28, 0xca, 0x22, 0x02, 0x01 };

	wire_limit(&w, CONNECT_MAX);
	while (wire_left(&w) >= sizeof(syntax)) {
		const uint8_t *first = text_find(w.at, w.end - sizeof(syntax) + 1, syntax[0]);

		if (!first)
			return false;
		if (memcmp(first, syntax, sizeof(syntax)) == 0)
			return true;
		wire_skip(&w, (size_t)(first - w.at) + 1);
	}
	return false;
}

/*
 * X.225 section 8.3: give tokens and data, neither with parameters; X.226: user data, fully encoded, one list of a context's
 * number and a value; ISO 9506-2: the kinds of PDU.
 */
static bool
is_mms_data(struct wire w)
{
	if (wire_u32(&w) != 0x01000100)
		return false;
	(void)ber_expect(&w, BER_APPLICATION + 1);
	(void)ber_expect(&w, BER_SEQUENCE);
	uint32_t context = ber_number(&w, BER_INTEGER, 1);
	(void)ber_expect(&w, BER_CONTEXT);
	uint8_t kind = wire_u8(&w);
	return wire_ok(&w) && context > 1 &&
	       ((kind >= 0xa0 && kind <= 0xaa) || (kind >= 0x85 && kind <= 0x8d));
}

/* What the data of X.224 is; 0 for none of these. */
static uint16_t
app_of_data(struct wire w, uint32_t n)
{
	if (is_s7comm(w, n))
		return APP_S7COMM;
	if (is_s7commplus(w, n))
		return APP_S7COMMPLUS;
	if (wire_left(&w) > 0 && (*w.at == 0x0d || *w.at == 0x0e) && has_mms_syntax(w))
		return APP_MMS;
	return is_mms_data(w) ? APP_MMS : 0;
}

/* The next TPKT: what was captured of its data, and how many octets that has. False where it is no X.224. */
static bool
next_unit(struct wire *w, struct wire *ret_data, uint32_t *ret_n, bool *ret_is_data)
{
	uint16_t version = wire_u16(w);
	uint32_t length = wire_u16(w);
	struct wire unit = *w;

	wire_limit(&unit, length > TPKT_HEADER ? length - TPKT_HEADER : 0);
	wire_skip(w, wire_left(&unit));
	uint8_t header = wire_u8(&unit);
	uint8_t code = wire_u8(&unit);
	if (!wire_ok(&unit) || version != 0x0300 || header > length - TPKT_HEADER - 1 ||
	    !is_x224(code, header))
		return false;
	wire_skip(&unit, header - 1U);
	*ret_data = unit;
	*ret_n = length - TPKT_HEADER - 1 - header;
	*ret_is_data = code == X224_DATA;
	return true;
}

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	struct wire w = wire_init(pkt->payload, pkt->len);
	struct wire data = w;
	bool is_data = false;
	uint32_t n = 0;

	(void)ctx;
	/* an acknowledgement, data of no octets, may stand in front */
	for (unsigned i = 0; i < UNITS_MAX && n == 0 && wire_left(&w) > 0; i++) {
		bool known = next_unit(&w, &data, &n, &is_data);

		if (!known && i == 0)
			return NM_MORE;
		if (!known || !is_data)
			break;
	}
	uint16_t app = is_data && n > 0 ? app_of_data(data, n) : 0;
	if (app != 0) {
		nm_tag_server(pkt, call, app);
		return nm_signature(verdict, app, NM_CONF_PROOF);
	}
	return nm_signature(verdict, APP_TPKT, nm_is_port(pkt, PORT_TPKT) ? NM_CONF_WEAK : 0);
}

NM_MODULE(tpkt) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "tpkt",
	.summary = "S7comm, MMS and other ISO transport on TCP",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
