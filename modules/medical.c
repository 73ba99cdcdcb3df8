/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Medicine, on TCP: HL7 version 2 in its minimal lower layer (usually port 2575), DICOM's upper layer (104, 11112).
 *
 * Evidence: HL7: a header segment, in its frame or not; DICOM: the request for an association or its acceptance, on the usual ports
 * the other PDUs too. Servers are tagged. Cost: asked for payload with these heads, and on DICOM's ports; reads the header.
 */
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_HL7   238
#define APP_DICOM 239

#define PORT_DICOM     104
#define PORT_DICOM_NEW 11112

static const struct nm_app apps[] = {
	{ APP_HL7, "HL7", "Medical", 0xa4243b, 0xe98c9c },
	{ APP_DICOM, "DICOM", "Medical", 0x276fbf, 0x8bbcf0 },
};

static const struct nm_match matches[] = {
	NM_MATCH_TEXT(NM_TCP, 9, "\013MSH"),
	NM_MATCH_TEXT(NM_TCP, 9, "\013BHS"),
	NM_MATCH_TEXT(NM_TCP, 9, "\013FHS"),
	NM_MATCH_TEXT(NM_TCP, 9, "MSH|^~\\&"),
	/* request and acceptance: less than 64 kB, version 1 */
	{ .transport = NM_TCP,
	  .min_len = 74,
	  .len = 8,
	  .pattern = { 1, 0, 0, 0, 0, 0, 0, 1 },
	  .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff } },
	{ .transport = NM_TCP,
	  .min_len = 74,
	  .len = 8,
	  .pattern = { 2, 0, 0, 0, 0, 0, 0, 1 },
	  .mask = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff } },
	{ .transport = NM_TCP, .port = PORT_DICOM, .min_len = 10 },
	{ .transport = NM_TCP, .port = PORT_DICOM_NEW, .min_len = 10 },
};

/* HL7 2.x section 2.14.9: the separator, then four or five characters of encoding, no two the same as it. */
static uint8_t
rate_hl7(const struct nm_packet *pkt, struct wire w)
{
	(void)pkt;
	if (wire_left(&w) > 0 && *w.at == 0x0b)
		wire_skip(&w, 1);
	if (!text_begins(&w, "MSH") && !text_begins(&w, "BHS") && !text_begins(&w, "FHS"))
		return 0;
	wire_skip(&w, 3);
	uint8_t separator = wire_u8(&w);
	const uint8_t *encoding = wire_take(&w, 4);
	if (!encoding || !text_is_print(separator))
		return 0;
	for (unsigned i = 0; i < 4; i++)
		if (!text_is_print(encoding[i]) || encoding[i] == ' ' || encoding[i] == separator ||
		    text_is_digit(encoding[i]) ||
		    (text_lower(encoding[i]) >= 'a' && text_lower(encoding[i]) <= 'z'))
			return 0;
	return NM_CONF_SIGNATURE;
}

#define PDU_REQUEST    1 /* PS3.8 section 9.3: kind, 0, length of what follows */
#define PDU_ACCEPT     2
#define PDU_REJECT     3
#define PDU_DATA       4
#define PDU_ABORT      7
#define TITLE          16 /* octets of the name of each side */
#define TITLES_ZEROS   32 /* behind them */
#define ITEM_CONTEXT   0x10
#define CONTROL_LENGTH 4 /* of all other kinds */

/* Version, 0, two names padded with spaces, zeros, the application's context: "1.2.840.10008.3.1.1.1". */
static bool
is_association(struct wire w)
{
	wire_skip(&w, 4);
	struct wire titles = w;
	wire_limit(&titles, 2 * TITLE);
	wire_skip(&w, 2 * TITLE + TITLES_ZEROS);
	uint8_t item = wire_u8(&w);
	wire_skip(&w, 3);
	return wire_ok(&w) && text_all_print(&titles) && item == ITEM_CONTEXT &&
	       (wire_left(&w) == 0 || text_begins(&w, "1.2.840.10008"));
}

/* Values, each with its length, the odd number of a context, and whether it is a command, the last. */
static bool
is_data(struct wire w, uint32_t length)
{
	uint32_t value = wire_u32(&w);
	uint8_t context = wire_u8(&w);
	uint8_t control = wire_u8(&w);

	return wire_ok(&w) && value >= 2 && length >= 6 && value <= length - 4 && context & 1 &&
	       control <= 3;
}

static uint8_t
rate_dicom(const struct nm_packet *pkt, struct wire w)
{
	uint8_t kind = wire_u8(&w);
	uint8_t zero = wire_u8(&w);
	uint32_t length = wire_u32(&w);

	if (!wire_ok(&w) || kind < PDU_REQUEST || kind > PDU_ABORT || zero != 0)
		return 0;
	if (kind <= PDU_ACCEPT)
		return length >= 68 && is_association(w) ? NM_CONF_PROOF : 0;
	if (!nm_is_port(pkt, PORT_DICOM) && !nm_is_port(pkt, PORT_DICOM_NEW))
		return 0;
	if (kind == PDU_DATA)
		return is_data(w, length) ? NM_CONF_SIGNATURE : 0;
	return length == CONTROL_LENGTH && pkt->wire_len == 10 ? NM_CONF_SIGNATURE : 0;
}

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_HL7, rate_hl7 },
	{ NM_TCP, APP_DICOM, rate_dicom },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(medical) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "medical",
	.summary = "HL7 and DICOM",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
