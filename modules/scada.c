/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Telecontrol and metering: Modbus/TCP (usually port 502), DNP3 (IEEE 1815; 20000), IEC 60870-5-104 (TCP, 2404), IEC 62056
 * (DLMS/COSEM in HDLC frames or in its wrapper; 4059), ANSI C12.22 (RFC 6142; 1153), IEEE C37.118.2 synchrophasors (4712, 4713),
 * HART-IP (5094), Veeder-Root tank gauges (TCP, 10001).
 *
 * Evidence: DNP3, C37.118 and HDLC frames by their check sum; the others by lengths that fit together with the fields that are
 * fixed: more of them where the port is not the usual one. Servers are tagged. Cost: asked for payload with these heads, and
 * for all of it on the usual ports; a check sum is made only where the length fits.
 */
#include <netmon/ber.h>
#include <netmon/crc.h>
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_MODBUS   200
#define APP_DNP3     201
#define APP_IEC60870 202
#define APP_IEC62056 203
#define APP_C1222    204
#define APP_C37118   205
#define APP_HART_IP  206
#define APP_ATG      207

#define PORT_MODBUS   502
#define PORT_DNP3     20000
#define PORT_IEC60870 2404
#define PORT_IEC62056 4059
#define PORT_C1222    1153
#define PORT_C37118   4712 /* and the next one */
#define PORT_HART_IP  5094
#define PORT_ATG      10001

#define FRAMES_MAX 16 /* of one packet that are looked at */

static const struct nm_app apps[] = {
	{ APP_MODBUS, "Modbus", "Industrial", 0x8a6d00, 0xd6b656 },
	{ APP_DNP3, "DNP3", "Industrial", 0x00695c, 0x5cc2b4 },
	{ APP_IEC60870, "IEC60870", "Industrial", 0x34558b, 0x8fabdc },
	{ APP_IEC62056, "IEC62056", "Industrial", 0x7a4b94, 0xbd97d3 },
	{ APP_C1222, "ANSI C1222", "Industrial", 0x9c4221, 0xe09a7c },
	{ APP_C37118, "IEEE C37118", "Industrial", 0x2f7d32, 0x86c989 },
	{ APP_HART_IP, "HART-IP", "Industrial", 0xa83264, 0xe28fb4 },
	{ APP_ATG, "ATG", "Industrial", 0x5d6d1e, 0xb0c266 },
};

static const struct nm_match matches[] = {
	NM_MATCH_BOTH(.port = PORT_MODBUS, .min_len = 8),
	/* a transaction below 256, protocol 0, less than 256 octets */
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 5,
	  .pattern = { 0 },
	  .mask = { 0xff, 0, 0xff, 0xff, 0xff } },
	NM_MATCH_BOTH(.min_len = 10, .len = 2, .pattern = { 0x05, 0x64 }),
	{ .transport = NM_TCP, .port = PORT_IEC60870, .min_len = 6, .len = 1, .pattern = { 0x68 } },
	/* U format: start, test and their confirmations */
	{ .transport = NM_TCP,
	  .min_len = 6,
	  .len = 6,
	  .pattern = { 0x68, 4, 3, 0, 0, 0 },
	  .mask = { 0xff, 0xff, 3, 0xff, 0xff, 0xff } },
	/* HDLC frame of format type 3 */
	NM_MATCH_BOTH(.min_len = 9, .len = 2, .pattern = { 0x7e, 0xa0 }, .mask = { 0xff, 0xf0 }),
	NM_MATCH_BOTH(.port = PORT_IEC62056, .min_len = 9, .len = 2, .pattern = { 0, 1 }),
	/* wrapper with ports and a length below 256 */
	NM_MATCH_BOTH(.min_len = 30, .len = 8, .pattern = { 0, 1 },
	              .mask = { 0xff, 0xff, 0xff, 0, 0xff, 0, 0xff, 0 }),
	NM_MATCH_BOTH(.min_len = 16, .len = 3, .pattern = { 0x60, 0, 0xa0 },
	              .mask = { 0xff, 0x80, 0xf0 }),
	NM_MATCH_BOTH(.min_len = 16, .len = 4, .pattern = { 0x60, 0x81, 0, 0xa0 },
	              .mask = { 0xff, 0xff, 0, 0xf0 }),
	NM_MATCH_BOTH(.min_len = 16, .len = 2, .pattern = { 0xaa, 0 }, .mask = { 0xff, 0x8c }),
	NM_MATCH_BOTH(.port = PORT_HART_IP, .min_len = 8),
	/* a request for a session */
	NM_MATCH_BOTH(.min_len = 13, .len = 8, .pattern = { 1, 0, 0, 0, 0, 0, 0, 13 },
	              .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff }),
	/* start of heading, then I, i, S or s; in a report behind an empty line */
	{ .transport = NM_TCP,
	  .min_len = 7,
	  .len = 2,
	  .pattern = { 1, 'A' },
	  .mask = { 0xff, 0xc5 } },
	{ .transport = NM_TCP,
	  .min_len = 9,
	  .len = 4,
	  .pattern = { 1, '\r', '\n', 'A' },
	  .mask = { 0xff, 0xff, 0xff, 0xc5 } },
	{ .transport = NM_TCP, .port = PORT_ATG, .min_len = 8 },
};

/* The check sum of HDLC (ITU-T X.25) and of DNP3: lowest bit first. */
static uint16_t
sum_low_first(const uint8_t *bytes, size_t len, uint16_t polynomial, uint16_t start)
{
	unsigned sum = start;

	for (size_t i = 0; i < len; i++) {
		sum ^= bytes[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum & 1 ? sum >> 1 ^ polynomial : sum >> 1;
	}
	return (uint16_t)~sum;
}

/* --- Modbus: "Modbus messaging on TCP/IP implementation guide" 1.0b section 3.1 ---------------------------------- */

#define MBAP_HEADER 7   /* transaction, protocol 0, length of what follows, unit */
#define MBAP_MAX    254 /* what the length field may say */
#define NOWHERE     0xff

/* What functions carry behind their code: "Modbus application protocol" 1.1b3 section 6. */
static const struct {
	uint8_t function;
	uint8_t fixed;       /* octets of the request or the answer that has always the same */
	uint8_t count_at[2]; /* where an octet stands that counts all that follow it */
} modbus_shapes[] = {
	{ 1, 4, { 0, NOWHERE } },        { 2, 4, { 0, NOWHERE } },
	{ 3, 4, { 0, NOWHERE } },        { 4, 4, { 0, NOWHERE } },
	{ 5, 4, { NOWHERE, NOWHERE } },  { 6, 4, { NOWHERE, NOWHERE } },
	{ 8, 4, { NOWHERE, NOWHERE } },  { 15, 4, { 4, NOWHERE } },
	{ 16, 4, { 4, NOWHERE } },       { 17, NOWHERE, { 0, NOWHERE } },
	{ 20, NOWHERE, { 0, NOWHERE } }, { 21, NOWHERE, { 0, NOWHERE } },
	{ 22, 6, { NOWHERE, NOWHERE } }, { 23, NOWHERE, { 0, 8 } },
};

#define MODBUS_READ_MAX 2000 /* coils; registers: 125 */

/* `data` is what was captured behind the function's code, `n` octets were sent. */
static bool
is_modbus_data(uint8_t function, struct wire data, size_t n)
{
	if (function & 0x80) {
		uint8_t exception = wire_u8(&data);

		return n == 1 && exception >= 1 && exception <= 11;
	}
	for (size_t i = 0; i < sizeof(modbus_shapes) / sizeof(modbus_shapes[0]); i++) {
		if (modbus_shapes[i].function != function)
			continue;
		for (size_t j = 0; j < 2; j++) {
			size_t at = modbus_shapes[i].count_at[j];

			if (at < wire_left(&data) && data.at[at] > 0 && at + 1 + data.at[at] == n)
				return true;
		}
		if (n != modbus_shapes[i].fixed)
			return false;
		wire_skip(&data, 2);
		uint16_t quantity = wire_u16(&data);
		return function > 4 || (quantity > 0 && quantity <= MODBUS_READ_MAX);
	}
	return false;
}

/* Do messages whose headers are right fill what was sent? */
static bool
is_modbus_chain(const struct nm_packet *pkt, struct wire w)
{
	uint32_t end = 0;

	for (unsigned i = 0; i < FRAMES_MAX && end < pkt->wire_len && wire_left(&w) > 0; i++) {
		wire_skip(&w, 2);
		uint16_t protocol = wire_u16(&w);
		uint16_t length = wire_u16(&w);

		if (!wire_ok(&w) || protocol != 0 || length < 2 || length > MBAP_MAX)
			return false;
		end += MBAP_HEADER - 1U + length;
		wire_skip(&w, length < wire_left(&w) ? length : wire_left(&w));
	}
	return pkt->transport == NM_UDP ? end == pkt->wire_len : end > 0 && end <= pkt->wire_len;
}

static uint8_t
rate_modbus(const struct nm_packet *pkt, struct wire w)
{
	if (!is_modbus_chain(pkt, w))
		return 0;
	if (nm_is_port(pkt, PORT_MODBUS))
		return NM_CONF_SIGNATURE;
	wire_skip(&w, 4);
	uint16_t length = wire_u16(&w);
	uint8_t unit = wire_u8(&w);
	uint8_t function = wire_u8(&w);
	return length + MBAP_HEADER - 1U == pkt->wire_len && (unit <= 247 || unit == 255) &&
	               is_modbus_data(function, w, length - 2U)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- DNP3: IEEE 1815-2012 section 9.2.4 -------------------------------------------------------------------------- */

#define DNP3_HEADER     8 /* start 05 64, length, control, destination, source; a check sum follows */
#define DNP3_POLYNOMIAL 0xa6bc

static uint8_t
rate_dnp3(const struct nm_packet *pkt, struct wire w)
{
	const uint8_t *header = wire_take(&w, DNP3_HEADER);
	uint16_t sum = wire_le16(&w);

	if (!wire_ok(&w) || header[0] != 0x05 || header[1] != 0x64 || header[2] < 5)
		return 0;
	if (sum_low_first(header, DNP3_HEADER, DNP3_POLYNOMIAL, 0) == sum)
		return NM_CONF_PROOF;
	return nm_is_port(pkt, PORT_DNP3) ? NM_CONF_WEAK : 0;
}

/* --- IEC 60870-5-104, section 5 ---------------------------------------------------------------------------------- */

#define APDU_START 0x68
#define APDU_MAX   253 /* what the length may say */
#define ASDU_LEAST 9   /* type, how many, cause, address, and the address of an object */
#define ASDU_CAUSE 47

/* Four control octets: numbered (the ASDU follows), supervisory, or without a number. */
static bool
is_apdu(struct wire w, uint8_t length)
{
	const uint8_t *control = wire_take(&w, 4);

	if (!control || length < 4 || length > APDU_MAX)
		return false;
	if ((control[0] & 3) == 3) {
		unsigned what = control[0] & 0xfcu;

		return length == 4 && what != 0 && (what & (what - 1)) == 0 && control[1] == 0 &&
		       control[2] == 0 && control[3] == 0;
	}
	if (control[2] & 1)
		return false;
	if (control[0] & 1)
		return length == 4 && control[0] == 1 && control[1] == 0;
	uint8_t type = wire_u8(&w);
	wire_skip(&w, 1);
	uint8_t cause = wire_u8(&w) & 0x3f;
	return wire_ok(&w) && length >= 4 + ASDU_LEAST && type >= 1 && type <= 127 && cause >= 1 &&
	       cause <= ASDU_CAUSE;
}

static uint8_t
rate_iec60870(const struct nm_packet *pkt, struct wire w)
{
	bool one_is_whole = false;

	for (unsigned i = 0; i < FRAMES_MAX && wire_left(&w) >= 6; i++) {
		uint8_t start = wire_u8(&w);
		uint8_t length = wire_u8(&w);

		if (start != APDU_START || !is_apdu(w, length))
			return 0;
		one_is_whole |= length <= wire_left(&w);
		wire_skip(&w, length < wire_left(&w) ? length : wire_left(&w));
	}
	/* elsewhere only what begins a session, which dispatch has compared, and only by itself */
	if (!nm_is_port(pkt, PORT_IEC60870) && pkt->wire_len != 6)
		return 0;
	return one_is_whole ? NM_CONF_SIGNATURE : 0;
}

/* --- IEC 62056: DLMS/COSEM --------------------------------------------------------------------------------------- */

#define HDLC_FLAG       0x7e
#define HDLC_POLYNOMIAL 0x8408
#define HDLC_LEAST      7    /* format, two addresses, control, check sum */
#define COSEM_REQUEST   0x60 /* of an association */
#define COSEM_ANSWER    0x61
#define COSEM_NEAR      24 /* octets in which its context begins */
#define WRAPPER         8  /* IEC 62056-4-7 section 5.3: version 1, two ports, length */

/* IEC 62056-46 section 6.4: flag, format type 3 with 11 bits of length, ..., check sum, flag. */
static uint8_t
rate_hdlc(const struct nm_packet *pkt, struct wire w)
{
	wire_skip(&w, 1);
	const uint8_t *frame = w.at;
	uint16_t format = wire_u16(&w);
	uint16_t length = format & 0x7ff;

	if (!wire_ok(&w) || format >> 12 != 0xa || length < HDLC_LEAST)
		return 0;
	if (length + 2U > pkt->wire_len)
		return nm_is_port(pkt, PORT_IEC62056) ? NM_CONF_WEAK : 0;
	wire_skip(&w, length - 4U);
	uint16_t sum = wire_le16(&w);
	uint8_t flag = wire_u8(&w);
	if (!wire_ok(&w) || flag != HDLC_FLAG)
		return 0;
	return sum_low_first(frame, length - 2U, HDLC_POLYNOMIAL, 0xffff) == sum ? NM_CONF_PROOF
	                                                                         : 0;
}

/* IEC 62056-53 section 8: what may stand first in an APDU, in plain and ciphered. */
static bool
is_cosem(uint8_t tag)
{
	return (tag >= 0x60 && tag <= 0x63) || (tag >= 0xc0 && tag <= 0xdf) || tag == 0xe0 ||
	       tag == 0x0e || tag == 0x0f || tag == 0x01 || tag == 0x08;
}

/* Of an association's request or answer: the context's object identifier, 2.16.756.5.8.1, stands near its beginning. */
static bool
has_cosem_context(struct wire w)
{
	static const uint8_t context[] = { 0x06, 0x07, 0x60, 0x85, 0x74, 0x05, 0x08, 0x01 };

	wire_skip(&w, 1);
	wire_limit(&w, COSEM_NEAR);
	while (wire_left(&w) >= sizeof(context)) {
		if (memcmp(w.at, context, sizeof(context)) == 0)
			return true;
		wire_skip(&w, 1);
	}
	return false;
}

static uint8_t
rate_iec62056(const struct nm_packet *pkt, struct wire w)
{
	if (*pkt->payload == HDLC_FLAG)
		return rate_hdlc(pkt, w);
	uint16_t version = wire_u16(&w);
	wire_skip(&w, 4);
	uint16_t length = wire_u16(&w);
	uint8_t tag = wire_u8(&w);
	if (!wire_ok(&w) || version != 1 || length == 0 || !nm_fits(pkt, WRAPPER + length))
		return 0;
	if (nm_is_port(pkt, PORT_IEC62056))
		return is_cosem(tag) ? NM_CONF_SIGNATURE : 0;
	return (tag == COSEM_REQUEST || tag == COSEM_ANSWER) && has_cosem_context(w)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- ANSI C12.22: RFC 6142 section 3, an ACSE message (X.227) in BER --------------------------------------------- */

#define ACSE_ELEMENTS   16
#define ACSE_USER       0xbe /* user information, last */
#define ACSE_CALLING_ID 0xa8 /* invocation by the caller, which each message has */
#define EXTERNAL        0x28
#define OCTETS_ALIGNED  0x81
#define EPSEM           0x80 /* this bit of its first octet is always set */

/* What is in the user information: EXTERNAL, then octets whose first one has EPSEM's bit. */
static bool
is_epsem(struct wire w, bool port)
{
	uint32_t external = ber_expect(&w, EXTERNAL);
	uint32_t octets = ber_expect(&w, OCTETS_ALIGNED);
	uint8_t first = wire_u8(&w);

	return wire_ok(&w) && octets < external && (port || first & EPSEM);
}

static uint8_t
rate_c1222(const struct nm_packet *pkt, struct wire w)
{
	bool called = false;
	uint32_t length = ber_expect(&w, BER_APPLICATION);

	if (!wire_ok(&w) || length + (uint32_t)(w.at - pkt->payload) > pkt->wire_len)
		return 0;
	for (unsigned i = 0; i < ACSE_ELEMENTS && wire_left(&w) > 0; i++) {
		uint8_t tag = wire_u8(&w);
		uint32_t octets = ber_length(&w);

		if (!wire_ok(&w) || (tag & 0xc0) != 0x80)
			return 0;
		if (tag == ACSE_USER)
			return called && is_epsem(w, nm_is_port(pkt, PORT_C1222))
			           ? NM_CONF_SIGNATURE
			           : 0;
		called |= tag == ACSE_CALLING_ID;
		wire_skip(&w, octets);
	}
	return 0;
}

/* --- IEEE C37.118.2-2011 section 6.2 ----------------------------------------------------------------------------- */

#define SYNC_LEAST 16 /* sync, frame size, id, second, fraction, check sum */

static uint8_t
rate_c37118(const struct nm_packet *pkt, struct wire w)
{
	const uint8_t *frame = w.at;
	bool port = nm_is_port(pkt, PORT_C37118) || nm_is_port(pkt, PORT_C37118 + 1);
	uint16_t sync = wire_u16(&w);
	uint16_t size = wire_u16(&w);

	/* kinds of frame 0 to 5, versions 1 to 3 */
	if (!wire_ok(&w) || sync >> 8 != 0xaa || (sync >> 4 & 0xf) > 5 || (sync & 0xf) < 1 ||
	    (sync & 0xf) > 3 || size < SYNC_LEAST || !nm_fits(pkt, size))
		return 0;
	wire_skip(&w, size - 6U);
	uint16_t sum = wire_u16(&w);
	if (!wire_ok(&w)) /* the capture was cut */
		return port ? NM_CONF_WEAK : 0;
	/* Annex B: the sum begins with ones */
	return crc_ccitt(frame, size - 2U, 0xffff) == sum ? NM_CONF_PROOF : 0;
}

/* --- HART-IP: HCF_SPEC-085 section 10 ---------------------------------------------------------------------------- */

#define HART_HEADER  8  /* version, kind, id, state, sequence, length of all */
#define HART_REFUSAL 15 /* the kind of a message that could not be understood */
#define HART_SESSION 13 /* and who is master, and a time */

static uint8_t
rate_hart_ip(const struct nm_packet *pkt, struct wire w)
{
	uint8_t version = wire_u8(&w);
	uint8_t kind = wire_u8(&w);
	uint8_t id = wire_u8(&w);
	uint8_t state = wire_u8(&w);

	wire_skip(&w, 2);
	uint16_t length = wire_u16(&w);
	if (!wire_ok(&w) || version < 1 || version > 2 || (kind > 3 && kind != HART_REFUSAL) ||
	    id > 5 || length < HART_HEADER || !nm_fits(pkt, length))
		return 0;
	if (nm_is_port(pkt, PORT_HART_IP))
		return NM_CONF_SIGNATURE;
	uint8_t master = wire_u8(&w);
	return kind == 0 && id == 0 && state == 0 && length == HART_SESSION &&
	               pkt->wire_len == HART_SESSION && master <= 1
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- tank gauges: Veeder-Root 576013-635 ------------------------------------------------------------------------- */

#define ATG_DIGITS 5 /* three of the function, two of the tank */

/* I (inquire) or S (set), small for the computer's format, and digits. */
static bool
is_atg_function(struct wire *w)
{
	uint8_t letter = text_lower(wire_u8(w));
	const uint8_t *digits = wire_take(w, ATG_DIGITS);

	if (!digits || (letter != 'i' && letter != 's'))
		return false;
	for (unsigned i = 0; i < ATG_DIGITS; i++)
		if (!text_is_digit(digits[i]))
			return false;
	return true;
}

static void
skip_empty_lines(struct wire *w)
{
	while (wire_left(w) > 0 && (*w->at == '\r' || *w->at == '\n'))
		wire_skip(w, 1);
}

static uint8_t
rate_atg(const struct nm_packet *pkt, struct wire w)
{
	bool port = nm_is_port(pkt, PORT_ATG);

	/* "the command was not understood" */
	if (port && text_begins(&w, "9999FF1B"))
		return NM_CONF_SIGNATURE;
	skip_empty_lines(&w);
	bool heading = wire_left(&w) > 0 && *w.at == 1;
	if (heading)
		wire_skip(&w, 1);
	skip_empty_lines(&w);
	if ((!heading && !port) || !is_atg_function(&w))
		return 0;
	return wire_left(&w) == 0 || *w.at < 0x80 ? NM_CONF_SIGNATURE : 0;
}

/* ------------------------------------------------------------------------------------------------------------------- */

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_MODBUS, rate_modbus },     { NM_UDP, APP_MODBUS, rate_modbus },
	{ NM_TCP, APP_DNP3, rate_dnp3 },         { NM_UDP, APP_DNP3, rate_dnp3 },
	{ NM_TCP, APP_IEC60870, rate_iec60870 }, { NM_TCP, APP_IEC62056, rate_iec62056 },
	{ NM_UDP, APP_IEC62056, rate_iec62056 }, { NM_TCP, APP_C1222, rate_c1222 },
	{ NM_UDP, APP_C1222, rate_c1222 },       { NM_TCP, APP_C37118, rate_c37118 },
	{ NM_UDP, APP_C37118, rate_c37118 },     { NM_TCP, APP_HART_IP, rate_hart_ip },
	{ NM_UDP, APP_HART_IP, rate_hart_ip },   { NM_TCP, APP_ATG, rate_atg },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(scada) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "scada",
	.summary = "Modbus, DNP3, IEC 60870-5-104, IEC 62056, ANSI C12.22, C37.118, HART-IP, ATG",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
