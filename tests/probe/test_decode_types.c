/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Link types other than Ethernet, and the tags and headers that may be before IP. */
#include "tests/probe/decode_build.h"

/* --- tags and IEEE 802.2 ----------------------------------------------------------------------------------------- */

static void
ieee_802_3_leads_through_llc_and_snap(void **state)
{
	(void)state;
	ethernet(8 + 28); /* a length */
	u32(0xaaaa0300);
	u32(0x00000800);
	inner4();
	zeros(10); /* padding */
	assert_inner("");
	ethernet(3 + 28);
	u16(0x0606);
	u8(0x03);
	inner4();
	assert_inner("");
	f.b[14] = 0x42; /* spanning tree */
	assert_int_equal(decode(), LEDGER_NOT_IP);
}

static void
tags_of_bridges_and_fabrics_are_passed_over(void **state)
{
	static const struct {
		unsigned type, len;
	} tags[] = { { 0x8926, 4 }, { 0x8909, 6 }, { 0x893f, 6 }, { 0x9100, 2 }, { 0x9300, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		ethernet(tags[i].type);
		zeros(tags[i].len);
		u16(0x0800);
		inner4();
		assert_inner("");
	}
	ethernet(0x88a8); /* 802.1ah: backbone VLAN, service, customer's frame */
	u16(77);
	u16(0x88e7);
	zeros(4);
	inner_ethernet();
	assert_inner("");
	assert_int_equal(pkt.vlan, 77);
}

/* --- MPLS -------------------------------------------------------------------------------------------------------- */

static void
labels(unsigned n)
{
	ethernet(0x8847);
	for (unsigned i = 1; i <= n; i++)
		u32(0x00012000 | (i == n ? 0x100 : 0) | 64);
}

static void
a_label_stack_is_one_layer_of_at_most_16_labels(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 16; n++) {
		labels(n);
		inner4();
		assert_inner("mpls");
	}
	labels(17);
	inner4();
	assert_int_equal(decode(), LEDGER_TOO_DEEP);
	labels(2);
	assert_int_equal(decode(), LEDGER_BAD_LINK);
	assert_int_equal(decode_cut(20, 64), LEDGER_TRUNCATED);
}

static void
a_pseudowire_carries_ethernet_with_or_without_a_control_word(void **state)
{
	(void)state;
	labels(2);
	u32(0);
	inner_ethernet();
	assert_inner("mpls/pw");
	labels(2);
	inner_ethernet(); /* its first address begins with 0 as well */
	assert_inner("mpls/pw");
	labels(1);
	u32(0x10000021); /* an associated channel */
	zeros(40);
	assert_int_equal(decode(), LEDGER_NOT_IP);
}

/* --- serial lines ------------------------------------------------------------------------------------------------ */

static void
pppoe_leads_to_ip(void **state)
{
	(void)state;
	ethernet(0x8864);
	u16(0x1100);
	u16(7);
	u16(2 + 28);
	u16(0x0021);
	inner4();
	zeros(9);
	assert_inner("pppoe");
	f.b[15] = 0x09; /* discovery */
	assert_int_equal(decode(), LEDGER_NOT_IP);
	begin(DLT_PPP_ETHER);
	u16(0x1100);
	u16(7);
	u16(2 + 28);
	u16(0x0021);
	inner4();
	assert_inner("pppoe");
}

static void
ppp_is_read_with_and_without_compressed_fields(void **state)
{
	static const struct {
		int dlt;
		unsigned n;
		uint8_t header[4];
	} lines[] = {
		{ DLT_PPP, 4, { 0xff, 0x03, 0x00, 0x21 } },
		{ DLT_PPP, 3, { 0xff, 0x03, 0x21 } },
		{ DLT_PPP, 2, { 0x00, 0x21 } },
		{ DLT_PPP_SERIAL, 1, { 0x21 } },
		{ DLT_PPP_SERIAL, 4, { 0x0f, 0x00, 0x08, 0x00 } },
		{ DLT_PPP_PPPD, 4, { 0x01, 0x03, 0x00, 0x21 } },
		{ DLT_PPP_WITH_DIR, 3, { 0x00, 0x00, 0x21 } },
		{ DLT_C_HDLC, 4, { 0x8f, 0x00, 0x08, 0x00 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		begin(lines[i].dlt);
		for (unsigned j = 0; j < lines[i].n; j++)
			u8(lines[i].header[j]);
		inner4();
		assert_inner("");
	}
	begin(DLT_PPP);
	u32(0xff03c021); /* LCP */
	zeros(8);
	assert_int_equal(decode(), LEDGER_NOT_IP);
}

static void
a_slot_number_in_the_place_of_the_protocol_is_tcp(void **state)
{
	(void)state;
	begin(DLT_PPP);
	u32(0xff03002f);
	ipv4(3, 20);
	tcp(5, TCP_ACK);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 6);
	assert_int_equal(pkt.dport, 80);
}

static void
frame_relay_is_read_in_both_encapsulations(void **state)
{
	(void)state;
	begin(DLT_FRELAY);
	u16(0x1861);
	u16(0x03cc);
	inner4();
	assert_inner("");
	begin(DLT_FRELAY);
	u32(0x18600001); /* a long address */
	u16(0x0800);     /* Cisco's */
	inner4();
	assert_inner("");
	begin(DLT_FRELAY);
	u16(0x1861);
	u16(0x0300); /* padded SNAP */
	u8(0x80);
	u8(0);
	u32(0x00000800);
	inner4();
	assert_inner("");
	begin(DLT_FRELAY);
	u32(0x18600000);
	zeros(30);
	assert_int_equal(decode(), LEDGER_BAD_LINK);
}

/* --- 802.11 ------------------------------------------------------------------------------------------------------ */

/* A data frame's header with all that `control` and `second` ask for, then LLC and IP. */
static void
wlan(unsigned control, unsigned second, unsigned pad)
{
	size_t start = f.n;

	u8(control);
	u8(second);
	zeros(22);
	if ((second & 3) == 3)
		zeros(6);
	if (control & 0x80)
		zeros(2);
	if (control & 0x80 && second & 0x80)
		zeros(4);
	while (pad && (f.n - start) % pad)
		u8(0);
	u32(0xaaaa0300);
	u32(0x00000800);
	inner4();
}

static void
wlan_data_frames_are_read_with_every_header(void **state)
{
	(void)state;
	for (unsigned ds = 0; ds < 4; ds++)
		for (unsigned qos = 0; qos < 3; qos++) {
			begin(DLT_IEEE802_11);
			wlan(qos ? 0x88 : 0x08, ds | (qos == 2 ? 0x80 : 0), 0);
			assert_inner("");
		}
}

static void
what_is_encrypted_or_no_data_is_not_ip(void **state)
{
	static const unsigned frames[][2] = {
		{ 0x08, 0x40 }, { 0x48, 0 }, { 0x80, 0 }, { 0xd4, 0 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		begin(DLT_IEEE802_11);
		wlan(frames[i][0], frames[i][1], 0);
		assert_int_equal(decode(), LEDGER_NOT_IP);
	}
}

static void
an_aggregate_counts_for_its_first_frame(void **state)
{
	(void)state;
	begin(DLT_IEEE802_11);
	u16(0x8801);
	zeros(22);
	u16(0x8000);
	zeros(12);
	u16(36);
	u32(0xaaaa0300);
	u32(0x00000800);
	inner4();
	assert_inner("");
}

static void
monitor_headers_are_passed_over(void **state)
{
	(void)state;
	begin(DLT_IEEE802_11_RADIO); /* two bitmaps, time, flags with padding */
	u32(0x00001900);
	u32(0x03000080);
	u32(0x00000000);
	zeros(4);
	zeros(8);
	u8(0x20);
	wlan(0x88, 1, 4);
	assert_inner("");
	begin(DLT_IEEE802_11_RADIO);
	u32(0x00000800);
	zeros(4);
	wlan(0x08, 1, 0);
	assert_inner("");
	begin(DLT_PRISM_HEADER);
	zeros(144);
	wlan(0x08, 1, 0);
	assert_inner("");
	for (int i = 0; i < 2; i++) {
		begin(i ? DLT_PRISM_HEADER : DLT_IEEE802_11_RADIO_AVS);
		u32(0x80211001);
		u32(64);
		zeros(56);
		wlan(0x08, 1, 0);
		assert_inner("");
	}
}

/* --- what a capture puts before the packet ------------------------------------------------------------------------ */

static void
nflog_leads_to_its_packet(void **state)
{
	static const uint8_t header[] = { 2, 0, 0, 5 };
	static const uint16_t prefix[] = { 5, 10 }, payload[] = { 4 + 28, 9 };

	(void)state;
	begin(DLT_NFLOG);
	memcpy(f.b, header, 4);
	memcpy(f.b + 4, prefix, 4); /* in this machine's byte order */
	f.n = 8;
	zeros(4); /* one octet and padding */
	memcpy(f.b + 12, payload, 4);
	f.n = 16;
	inner4();
	assert_inner("");
	f.b[0] = 7;
	assert_int_equal(decode(), LEDGER_NOT_IP);
	f.b[4] = f.b[5] = 0; /* an attribute of no length */
	assert_int_equal(decode(), LEDGER_BAD_LINK);
}

static void
ppi_says_what_follows(void **state)
{
	(void)state;
	begin(DLT_PPI);
	u32(0x00000c00);
	u32((uint32_t)DLT_IEEE802_11 << 24);
	zeros(4);
	wlan(0x08, 1, 0);
	assert_inner("");
	f.b[4] = 0xee;
	assert_int_equal(decode(), LEDGER_NOT_IP);
	begin(DLT_PPI); /* itself, for ever */
	for (int i = 0; i < 20; i++) {
		u32(0x00000800);
		u32((uint32_t)DLT_PPI << 24);
	}
	assert_int_equal(decode(), LEDGER_TOO_DEEP);
}

static void
fddi_atm_and_cooked_frames_lead_through_llc(void **state)
{
	static const struct {
		int dlt;
		unsigned first, zeros, last;
	} types[] = { { DLT_FDDI, 0x50, 12, 0 },
		      { DLT_ATM_RFC1483, 0, 0, 0 },
		      { DLT_LINUX_SLL, 0, 13, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		begin(types[i].dlt);
		if (types[i].zeros)
			u8(types[i].first);
		zeros(types[i].zeros);
		if (types[i].last)
			u16(types[i].last);
		u32(0xaaaa0300);
		u32(0x00000800);
		inner4();
		assert_inner("");
	}
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(ieee_802_3_leads_through_llc_and_snap),
		T(tags_of_bridges_and_fabrics_are_passed_over),
		T(a_label_stack_is_one_layer_of_at_most_16_labels),
		T(a_pseudowire_carries_ethernet_with_or_without_a_control_word),
		T(pppoe_leads_to_ip),
		T(ppp_is_read_with_and_without_compressed_fields),
		T(a_slot_number_in_the_place_of_the_protocol_is_tcp),
		T(frame_relay_is_read_in_both_encapsulations),
		T(wlan_data_frames_are_read_with_every_header),
		T(what_is_encrypted_or_no_data_is_not_ip),
		T(an_aggregate_counts_for_its_first_frame),
		T(monitor_headers_are_passed_over),
		T(nflog_leads_to_its_packet),
		T(ppi_says_what_follows),
		T(fddi_atm_and_cooked_frames_lead_through_llc),
	};

	return cmocka_run_group_tests_name("decode_types", tests, NULL, NULL);
}
