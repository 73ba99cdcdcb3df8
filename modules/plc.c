/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What programmable controllers speak: EtherNet/IP (CIP volume 2; usually port 44818) and its implicit I/O (UDP, 2222),
 * Omron FINS (9600), Mitsubishi MELSEC (MC protocol, 3E and 4E frames), GE-SRTP (TCP, 18245) and EGD (UDP, 18246), Beckhoff
 * ADS (TCP 48898, UDP 48899), EtherCAT over UDP (34980), Saia Ether-S-Bus (UDP, 5050) and Ether-S-I/O (UDP, 6060).
 *
 * Evidence: fixed fields and lengths that fit what was sent; Ether-S-Bus by its check sum. What is too little for that
 * counts on the usual port only. Servers are tagged. Cost: asked for payload with these heads, and for all of it on these
 * ports.
 */
#include <netmon/crc.h>
#include <netmon/family.h>
#include <netmon/module.h>
#include <netmon/text.h>

#define APP_GE_SRTP    208
#define APP_MELSEC     209
#define APP_ETHERNETIP 211
#define APP_CIPIO      212
#define APP_FINS       217
#define APP_ETHERSBUS  218
#define APP_ETHERSIO   219
#define APP_EGD        220
#define APP_ADS        221
#define APP_ETHERCAT   222

#define PORT_ETHERNETIP 44818
#define PORT_FINS       9600
#define PORT_GE_SRTP    18245
#define PORT_EGD        18246
#define PORT_ETHERCAT   34980

static const struct nm_app apps[] = {
	{ APP_GE_SRTP, "GE-SRTP", "Industrial", 0x6b5b95, 0xb0a3d4 },
	{ APP_MELSEC, "MELSEC", "Industrial", 0xb23a48, 0xea949e },
	{ APP_ETHERNETIP, "EtherNetIP", "Industrial", 0x1f6f8b, 0x77bfd8 },
	{ APP_CIPIO, "CIPIO", "Industrial", 0x3b7d5e, 0x8ccbae },
	{ APP_FINS, "FINS", "Industrial", 0x7f5539, 0xc9a186 },
	{ APP_ETHERSBUS, "Ether-S-Bus", "Industrial", 0x556b2f, 0xa9c078 },
	{ APP_ETHERSIO, "EtherSIO", "Industrial", 0x3f6b6b, 0x8dc0c0 },
	{ APP_EGD, "EGD", "Industrial", 0x8b4a8b, 0xd19bd1 },
	{ APP_ADS, "BeckhoffADS", "Industrial", 0xa0522d, 0xe0a080 },
	{ APP_ETHERCAT, "EtherCAT", "Industrial", 0x2f5f8f, 0x8ab4dc },
};

/* An encapsulated command of EtherNet/IP, low octet first. */
#define COMMAND(code) NM_MATCH_BOTH(.min_len = 24, .len = 2, .pattern = { code, 0 })

static const struct nm_match matches[] = {
	NM_MATCH_BOTH(.port = PORT_ETHERNETIP, .min_len = 24),
	COMMAND(0x63),
	COMMAND(0x65),
	COMMAND(0x6f),
	COMMAND(0x70),
	/* two items, the first of which is the address of a sequenced connection, 8 octets */
	{ .transport = NM_UDP, .min_len = 18, .len = 6, .pattern = { 2, 0, 2, 0x80, 8, 0 } },
	NM_MATCH_TEXT(NM_TCP, 16, "FINS"),
	{ .transport = NM_UDP, .port = PORT_FINS, .min_len = 12 },
	/* 3E frames: subheader, network, station, module 03ff */
	NM_MATCH_BOTH(.min_len = 11, .len = 6, .pattern = { 0x50, 0, 0, 0, 0xff, 3 },
	              .mask = { 0x7f, 0xff, 0, 0, 0xff, 0xff }),
	/* 4E frames have a number and two zeros in front of that */
	NM_MATCH_BOTH(.min_len = 15, .len = 6, .pattern = { 0x54, 0, 0, 0, 0, 0 },
	              .mask = { 0x7f, 0xff, 0, 0, 0xff, 0xff }),
	{ .transport = NM_TCP,
	  .port = PORT_GE_SRTP,
	  .min_len = 56,
	  .len = 2,
	  .pattern = { 2, 0 },
	  .mask = { 0xfe, 0xff } },
	{ .transport = NM_UDP, .min_len = 32, .len = 2, .pattern = { 0x0d, 1 } },
	/* AMS: less than 64 kB */
	{ .transport = NM_TCP,
	  .min_len = 38,
	  .len = 6,
	  .pattern = { 0 },
	  .mask = { 0xff, 0xff, 0, 0, 0xff, 0xff } },
	{ .transport = NM_UDP,
	  .min_len = 24,
	  .len = 8,
	  .pattern = { 0x03, 0x66, 0x14, 0x71, 0, 0, 0, 0 } },
	{ .transport = NM_UDP, .port = PORT_ETHERCAT, .min_len = 14 },
	/* less than 2 kB, version 0 or 1, kind 0 */
	{ .transport = NM_UDP,
	  .min_len = 11,
	  .len = 6,
	  .pattern = { 0 },
	  .mask = { 0xff, 0xff, 0xf8, 0, 0xfe, 0xff } },
	NM_MATCH_TEXT(NM_UDP, 16, "ESIO"),
};

/* --- EtherNet/IP: CIP volume 2, sections 2-3 and 2-6 ------------------------------------------------------------- */

#define ENCAPSULATION \
	24u /* command, length, session, state, context, options                     \
       */
#define STATES_MAX    0xff
#define ITEMS_MAX     4
#define ITEM_NULL     0x0000
#define ITEM_ADDRESS  0x00a1
#define ITEM_DATA     0x00b1
#define ITEM_SEQUENCE 0x8002

/* Commands, and what their data's length may be. */
static const struct {
	uint16_t code;
	uint16_t least;
	uint16_t most;
} commands[] = {
	{ 0x00, 0, 65511 }, { 0x01, 0, 2048 },  { 0x04, 0, 2048 },  { 0x63, 0, 2048 },
	{ 0x64, 0, 2048 },  { 0x65, 4, 4 },     { 0x66, 0, 0 },     { 0x6f, 6, 65511 },
	{ 0x70, 6, 65511 }, { 0x72, 0, 65511 }, { 0x73, 0, 65511 }, { 0xc8, 0, 65511 },
};

static bool
is_command(uint16_t code, uint16_t length)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].code == code)
			return length >= commands[i].least && length <= commands[i].most;
	return false;
}

/* Data of the commands that are recognised on any port. */
static bool
is_encapsulated(uint16_t code, struct wire w, uint16_t length)
{
	if (code == 0x63) {
		uint16_t items = length ? wire_le16(&w) : 0;

		return length == 0 || (items == 1 && wire_le16(&w) == 0x0c);
	}
	if (code == 0x65)
		return wire_le32(&w) == 1; /* version 1, no options */
	/* interface 0 is CIP; a time; items, first of which an address */
	uint32_t interface = wire_le32(&w);
	wire_skip(&w, 2);
	uint16_t items = wire_le16(&w);
	uint16_t first = wire_le16(&w);
	return wire_ok(&w) && (code == 0x6f || code == 0x70) && interface == 0 && items >= 2 &&
	       items <= ITEMS_MAX && (first == ITEM_NULL || first == ITEM_ADDRESS);
}

static uint8_t
rate_ethernetip(const struct nm_packet *pkt, struct wire w)
{
	uint16_t code = wire_le16(&w);
	uint16_t length = wire_le16(&w);

	wire_skip(&w, 4);
	uint32_t state = wire_le32(&w);
	wire_skip(&w, 8);
	uint32_t options = wire_le32(&w);
	if (!wire_ok(&w) || !is_command(code, length) || state > STATES_MAX || options != 0 ||
	    !nm_fits(pkt, ENCAPSULATION + length))
		return 0;
	if (nm_is_port(pkt, PORT_ETHERNETIP))
		return NM_CONF_SIGNATURE;
	return ENCAPSULATION + length == pkt->wire_len && state == 0 &&
	               is_encapsulated(code, w, length)
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Section 3-2.2: the number of a connection and of the datagram, then its data. */
static uint8_t
rate_cipio(const struct nm_packet *pkt, struct wire w)
{
	uint16_t items = wire_le16(&w);
	uint16_t address = wire_le16(&w);
	uint16_t octets = wire_le16(&w);

	wire_skip(&w, 8);
	uint16_t data = wire_le16(&w);
	uint16_t length = wire_le16(&w);
	return wire_ok(&w) && items == 2 && address == ITEM_SEQUENCE && octets == 8 &&
	               data == ITEM_DATA && length + 18U == pkt->wire_len
	           ? NM_CONF_PROOF
	           : 0;
}

/* --- FINS: Omron W421, section 7 --------------------------------------------------------------------------------- */

#define FINS_HEADER 10 /* of a command, behind which stands its code */
/* Bits of the first octet that have a meaning: an answer is expected or not, is it one. */
#define FINS_ICF 0xc1

/* Commands: the first octet, and the highest of the second. */
static const struct {
	uint8_t group;
	uint8_t most;
} fins_commands[] = {
	{ 0x01, 0x05 }, { 0x02, 0x20 }, { 0x03, 0x08 }, { 0x04, 0x03 }, { 0x05, 0x02 },
	{ 0x06, 0x20 }, { 0x07, 0x02 }, { 0x08, 0x02 }, { 0x09, 0x20 }, { 0x0a, 0x01 },
	{ 0x0c, 0x03 }, { 0x20, 0x02 }, { 0x21, 0x41 }, { 0x22, 0x20 }, { 0x23, 0x0a },
	{ 0x24, 0x05 }, { 0x26, 0x13 }, { 0x28, 0x02 }, { 0x30, 0x70 },
};

static bool
is_fins(struct wire w)
{
	uint8_t icf = wire_u8(&w);
	uint8_t reserved = wire_u8(&w);
	uint8_t gateways = wire_u8(&w);

	wire_skip(&w, FINS_HEADER - 3);
	uint8_t group = wire_u8(&w);
	uint8_t code = wire_u8(&w);
	if (!wire_ok(&w) || (icf & ~FINS_ICF) != 0 || !(icf & 0x80) || reserved != 0 ||
	    gateways > 7)
		return false;
	for (size_t i = 0; i < sizeof(fins_commands) / sizeof(fins_commands[0]); i++)
		if (fins_commands[i].group == group)
			return code <= fins_commands[i].most;
	return false;
}

/* Over TCP: "FINS", the length of what follows, a command, an error; two commands exchange addresses, one has a FINS
 * command. */
static uint8_t
rate_fins(const struct nm_packet *pkt, struct wire w)
{
	if (pkt->transport == NM_UDP)
		return nm_is_port(pkt, PORT_FINS) && is_fins(w) ? NM_CONF_SIGNATURE : 0;
	if (!text_begins(&w, "FINS"))
		return 0;
	wire_skip(&w, 4);
	uint32_t length = wire_u32(&w);
	uint32_t command = wire_u32(&w);
	uint32_t error = wire_u32(&w);
	return wire_ok(&w) && length >= 8 && length <= 0xffff && command <= 6 && error <= 0x25
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- MELSEC: Mitsubishi SH-080008, section 4.1; binary form ------------------------------------------------------ */

#define MC_REQUEST  0x50 /* 3E; 4E has 0x54; of an answer with the top bit */
#define MC_NUMBERED 0x04

static uint8_t
rate_melsec(const struct nm_packet *pkt, struct wire w)
{
	uint8_t kind = wire_u8(&w);
	uint8_t zero = wire_u8(&w);
	uint32_t head = 9;

	if ((kind & 0x7b) != MC_REQUEST || zero != 0)
		return 0;
	if (kind & MC_NUMBERED) {
		wire_skip(&w, 2);
		if (wire_u16(&w) != 0)
			return 0;
		head += 4;
	}
	wire_skip(&w, 2); /* network, station */
	uint16_t module = wire_le16(&w);
	wire_skip(&w, 1);
	uint16_t length = wire_le16(&w);
	uint16_t time = wire_le16(&w); /* of an answer: how it ended */
	uint16_t command = wire_le16(&w);
	if (module != 0x03ff || length < 2 || head + length != pkt->wire_len)
		return 0;
	if (kind & 0x80)
		return NM_CONF_SIGNATURE;
	/* each command is xx01 to xx31 */
	return wire_ok(&w) && time <= 0x7fff && (command & 0xff) <= 0x31 && command >= 0x0101 &&
	               command <= 0x3fff
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* --- GE-SRTP and EGD: "Leveraging the SRTP protocol", Digital Investigation 22 (2017), section 3; GFK-2224 ------- */

#define SRTP_HEADER 56
#define SRTP_KIND   31 /* where the kind of message stands */
#define EGD_HEADER  32
#define IPV4_AT     12 /* where an IPv4 address is in one of 16 octets */

static uint8_t
rate_ge_srtp(const struct nm_packet *pkt, struct wire w)
{
	const uint8_t *header = wire_take(&w, SRTP_HEADER);

	if (!header || !nm_is_port(pkt, PORT_GE_SRTP) || header[0] < 2 || header[0] > 3 ||
	    header[1] != 0)
		return 0;
	uint32_t text = header[4] | (uint32_t)header[5] << 8;
	uint8_t kind = header[SRTP_KIND];
	bool known = kind == 0x80 || kind == 0xc0 || kind == 0x94 || kind == 0xd4 || kind == 0xd1;
	return known && header[6] == 0 && header[7] == 0 && SRTP_HEADER + text <= pkt->wire_len
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* Kind 13, version 1, a number, who produces it, which exchange, time, state, configuration, 0. */
static uint8_t
rate_egd(const struct nm_packet *pkt, struct wire w)
{
	const uint8_t *header = wire_take(&w, EGD_HEADER);

	if (!header || header[0] != 0x0d || header[1] != 1)
		return 0;
	if (nm_is_port(pkt, PORT_EGD))
		return NM_CONF_SIGNATURE;
	bool own = memcmp(header + 4, pkt->saddr + IPV4_AT, 4) == 0;
	return own && memcmp(header + 28, "\0\0\0", 4) == 0 ? NM_CONF_SIGNATURE : 0;
}

/* --- Beckhoff: "TwinCAT ADS/AMS specification", ETG.1000.4 ------------------------------------------------------- */

#define AMS_DATAGRAM UINT64_C(0x0366147100000000) /* how one begins */
#define AMS_HEADER   32 /* target, source, command, state, length, error, number */
#define AMS_COMMANDS 9
#define AMS_FLAGS    0x01ff
#define ECAT_DATAGRAM \
	12 /* command, number, address, length, interrupt; and the counter behind    \
        the data */
#define ECAT_COMMANDS   14
#define ECAT_DATAGRAMS  16
#define ECAT_LENGTH     0x07ff
#define ECAT_RESERVED   0x3800
#define ECAT_MORE       0x8000
#define ECAT_OF_COMMAND 1

static uint8_t
rate_ads(const struct nm_packet *pkt, struct wire w)
{
	if (pkt->transport == NM_UDP)
		return wire_u64(&w) == AMS_DATAGRAM ? NM_CONF_SIGNATURE : 0;
	uint16_t zero = wire_u16(&w);
	uint32_t length = wire_le32(&w);
	wire_skip(&w, 16);
	uint16_t command = wire_le16(&w);
	uint16_t flags = wire_le16(&w);
	uint32_t data = wire_le32(&w);
	return wire_ok(&w) && zero == 0 && length >= AMS_HEADER && data == length - AMS_HEADER &&
	               command >= 1 && command <= AMS_COMMANDS && flags & 4 &&
	               (flags & ~AMS_FLAGS) == 0
	           ? NM_CONF_SIGNATURE
	           : 0;
}

/* ETG.1000.4 section 5: 11 bits of length, a zero, 4 bits of kind; then datagrams that fill it. */
static uint8_t
rate_ethercat(const struct nm_packet *pkt, struct wire w)
{
	uint16_t head = wire_le16(&w);
	uint32_t end = 0;

	if (!wire_ok(&w) || !nm_is_port(pkt, PORT_ETHERCAT) || head >> 11 != ECAT_OF_COMMAND << 1)
		return 0;
	for (unsigned i = 0; i < ECAT_DATAGRAMS; i++) {
		uint8_t command = wire_u8(&w);
		wire_skip(&w, 5);
		uint16_t length = wire_le16(&w);
		wire_skip(&w, 2);
		if (!wire_ok(&w) || command > ECAT_COMMANDS || length & ECAT_RESERVED)
			return 0;
		end += ECAT_DATAGRAM + (length & ECAT_LENGTH);
		if (!(length & ECAT_MORE))
			return end == (head & ECAT_LENGTH) ? NM_CONF_SIGNATURE : 0;
		wire_skip(&w, (length & ECAT_LENGTH) + 2U);
	}
	return 0;
}

/* --- Saia: Ether-S-Bus and Ether-S-I/O, as Wireshark's reference of their fields has them ------------------------ */

#define SBUS_LEAST \
	11 /* length, version, kind, number, attribute, check sum                    \
      */

static uint8_t
rate_ethersbus(const struct nm_packet *pkt, struct wire w)
{
	const uint8_t *telegram = w.at;
	uint32_t length = wire_u32(&w);
	uint8_t version = wire_u8(&w);

	if (!wire_ok(&w) || length < SBUS_LEAST || length != pkt->wire_len || version > 1)
		return 0;
	wire_skip(&w, length - 7U);
	uint16_t sum = wire_u16(&w);
	return wire_ok(&w) && crc_ccitt(telegram, length - 2U, 0) == sum ? NM_CONF_PROOF : 0;
}

/* "ESIO", kind, version, length of all, number. */
static uint8_t
rate_ethersio(const struct nm_packet *pkt, struct wire w)
{
	if (!text_begins(&w, "ESIO"))
		return 0;
	wire_skip(&w, 4);
	uint16_t kind = wire_u16(&w);
	uint16_t version = wire_u16(&w);
	uint16_t length = wire_u16(&w);
	return wire_ok(&w) && kind <= 3 && version <= 1 && length == pkt->wire_len ? NM_CONF_PROOF
	                                                                           : 0;
}

/* ------------------------------------------------------------------------------------------------------------------- */

static const struct nm_family_row protocols[] = {
	{ NM_TCP, APP_ETHERNETIP, rate_ethernetip },
	{ NM_UDP, APP_ETHERNETIP, rate_ethernetip },
	{ NM_UDP, APP_CIPIO, rate_cipio },
	{ NM_TCP, APP_FINS, rate_fins },
	{ NM_UDP, APP_FINS, rate_fins },
	{ NM_TCP, APP_MELSEC, rate_melsec },
	{ NM_UDP, APP_MELSEC, rate_melsec },
	{ NM_TCP, APP_GE_SRTP, rate_ge_srtp },
	{ NM_UDP, APP_EGD, rate_egd },
	{ NM_TCP, APP_ADS, rate_ads },
	{ NM_UDP, APP_ADS, rate_ads },
	{ NM_UDP, APP_ETHERCAT, rate_ethercat },
	{ NM_UDP, APP_ETHERSBUS, rate_ethersbus },
	{ NM_UDP, APP_ETHERSIO, rate_ethersio },
};

static enum nm_result
classify(void *ctx, const struct nm_packet *pkt, struct nm_call *call, struct nm_verdict *verdict)
{
	(void)ctx;
	return nm_family_classify(protocols, sizeof(protocols) / sizeof(protocols[0]), pkt, call,
	                          verdict);
}

NM_MODULE(plc) = {
	.abi_version = NM_ABI_VERSION,
	.size = sizeof(struct nm_module),
	.name = "plc",
	.summary = "EtherNet/IP, CIP I/O, FINS, MELSEC, GE-SRTP, EGD, ADS, "
		   "EtherCAT, Ether-S-Bus, Ether-S-I/O",
	.n_apps = sizeof(apps) / sizeof(apps[0]),
	.n_matches = sizeof(matches) / sizeof(matches[0]),
	.apps = apps,
	.matches = matches,
	.classify = classify,
};
