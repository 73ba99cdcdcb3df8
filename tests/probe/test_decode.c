/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decoder from the link layer to IP: what each header gives, its last valid and its first invalid length. */
#include "tests/probe/decode_build.h"

/* --- link layers ------------------------------------------------------------------------------------------------- */

static void
an_ethernet_frame_with_tcp_is_read(void **state)
{
	(void)state;
	ethernet(0x0800);
	ipv4(6, 24);
	tcp(5, TCP_SYN);
	u32(0x41424344);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_addrs("10.0.0.1", "10.0.0.2");
	assert_int_equal(pkt.ts_ns, 42);
	assert_int_equal(pkt.link, 3);
	assert_int_equal(pkt.vlan, VLAN_NONE);
	assert_int_equal(pkt.protocol, 6);
	assert_int_equal(pkt.sport, 1000);
	assert_int_equal(pkt.dport, 80);
	assert_int_equal(pkt.tcp_flags, TCP_SYN);
	assert_int_equal(pkt.tcp_seq, 1);
	assert_int_equal(pkt.octets, 44);
	assert_int_equal(pkt.payload_len, 4);
	assert_int_equal(pkt.payload_wire_len, 4);
}

static void
an_ethernet_header_of_13_octets_is_a_bad_link_layer(void **state)
{
	(void)state;
	ethernet(0x0800);
	assert_int_equal(decode_cut(13, 13), LEDGER_BAD_LINK);
	assert_int_equal(decode_cut(0, 0), LEDGER_BAD_LINK);
	assert_int_equal(decode_cut(13, 60), LEDGER_TRUNCATED);
}

static void
a_frame_that_is_not_ip_is_named_so(void **state)
{
	(void)state;
	ethernet(0x0806); /* ARP */
	zeros(28);
	assert_int_equal(decode(), LEDGER_NOT_IP);
	ethernet(0x0026); /* a length: 802.2, STP */
	zeros(38);
	assert_int_equal(decode(), LEDGER_NOT_IP);
}

static void
the_outermost_vlan_tag_counts_at_any_depth(void **state)
{
	(void)state;
	ethernet(0x88a8);
	u16(0x2000 | 100);
	u16(0x8100);
	u16(200);
	u16(0x9100);
	u16(300);
	u16(0x0800);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.vlan, 100);
	assert_int_equal(pkt.octets, 28);
}

static void
a_priority_tag_and_the_reserved_id_name_no_vlan(void **state)
{
	(void)state;
	ethernet(0x8100);
	u16(0xe000);
	u16(0x8100);
	u16(0x0fff);
	u16(0x8100);
	u16(7);
	u16(0x0800);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.vlan, 7);
}

static void
a_vlan_tag_of_3_octets_is_a_bad_link_layer(void **state)
{
	(void)state;
	ethernet(0x8100);
	u32(0x00640800);
	assert_int_equal(decode_cut(17, 17), LEDGER_BAD_LINK);
	assert_int_equal(decode_cut(17, 18), LEDGER_TRUNCATED);
	assert_int_equal(decode_cut(18, 18), LEDGER_BAD_IP);
}

static void
sixteen_layers_are_followed_and_no_more(void **state)
{
	(void)state;
	for (int tags = 13; tags <= 14; tags++) {
		ethernet(0x8100);
		for (int i = 0; i < tags; i++) {
			u16(10);
			u16(i == tags - 1 ? 0x0800 : 0x8100);
		}
		ipv4(17, 8);
		udp(8);
		assert_int_equal(decode(), tags == 13 ? LEDGER_METERED : LEDGER_TOO_DEEP);
	}
}

static void
raw_ip_goes_by_its_version(void **state)
{
	(void)state;
	begin(DLT_RAW);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	begin(DLT_RAW);
	ipv6(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	f.b[0] = 0x50;
	assert_int_equal(decode(), LEDGER_BAD_IP);
	assert_int_equal(decode_cut(0, 0), LEDGER_BAD_LINK);
}

static void
the_null_link_layer_is_read_in_both_byte_orders(void **state)
{
	static const uint32_t families[][2] = { { 2, LEDGER_METERED },
		                                { 0x02000000, LEDGER_METERED },
		                                { 7, LEDGER_NOT_IP },
		                                { 0x1e000000, LEDGER_BAD_IP } };

	(void)state;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		begin(DLT_NULL);
		u32(families[i][0]);
		ipv4(17, 8);
		udp(8);
		assert_int_equal(decode(), families[i][1]);
	}
	assert_int_equal(decode_cut(3, 3), LEDGER_BAD_LINK);
}

static void
cooked_linux_captures_are_read(void **state)
{
	(void)state;
	begin(DLT_LINUX_SLL);
	zeros(14);
	u16(0x0800);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(decode_cut(15, 15), LEDGER_BAD_LINK);
	begin(DLT_LINUX_SLL2);
	u16(0x86dd);
	zeros(18);
	ipv6(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(decode_cut(19, 19), LEDGER_BAD_LINK);
}

static void
a_link_type_without_a_row_is_not_found(void **state)
{
	(void)state;
	assert_null(decode_link_find(DLT_USB_LINUX));
	assert_non_null(decode_link_find(DLT_EN10MB));
}

/* --- IPv4 -------------------------------------------------------------------------------------------------------- */

static void
ipv4_options_are_passed_over(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(17, 12 + 8);
	f.b[0] = 0x48;
	zeros(12);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 5000);
	assert_int_equal(pkt.octets, 40);
	assert_int_equal(decode_cut(31, 40), LEDGER_TRUNCATED);
}

static void
an_ipv4_header_is_refused_below_20_octets(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(59, 0);
	assert_int_equal(decode_cut(20, 20), LEDGER_METERED);
	assert_int_equal(decode_cut(19, 19), LEDGER_BAD_IP);
	assert_int_equal(decode_cut(19, 20), LEDGER_TRUNCATED);
	f.b[0] = 0x44; /* a header length of 16 */
	assert_int_equal(decode(), LEDGER_BAD_IP);
	f.b[0] = 0x65; /* version 6 */
	assert_int_equal(decode(), LEDGER_BAD_IP);
	f.b[0] = 0x45;
	f.b[3] = 19; /* a total length below the header's */
	assert_int_equal(decode(), LEDGER_BAD_IP);
}

static void
padding_behind_the_total_length_is_dropped(void **state)
{
	(void)state;
	ethernet(0x0800);
	ipv4(17, 10);
	udp(10);
	u16(0x4142);
	zeros(16);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 30);
	assert_int_equal(pkt.payload_len, 2);
	assert_int_equal(pkt.payload_wire_len, 2);
}

static void
a_cut_payload_keeps_the_length_that_was_sent(void **state)
{
	(void)state;
	ethernet(0x0800);
	ipv4(6, 20 + 1000);
	tcp(5, TCP_ACK);
	zeros(1000);
	assert_int_equal(decode_cut(14 + 40 + 8, f.n), LEDGER_METERED);
	assert_int_equal(pkt.octets, 1040);
	assert_int_equal(pkt.payload_len, 8);
	assert_int_equal(pkt.payload_wire_len, 1000);
}

static void
a_total_length_of_zero_counts_what_was_sent(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(6, 20 + 3000);
	f.b[2] = f.b[3] = 0;
	tcp(5, TCP_ACK);
	zeros(3000);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 3040);
	assert_int_equal(pkt.payload_len, 3000);
	assert_int_equal(decode_cut(140, 3040), LEDGER_METERED);
	assert_int_equal(pkt.octets, 3040);
	assert_int_equal(pkt.payload_len, 100);
	assert_int_equal(pkt.payload_wire_len, 3000);
}

static void
the_first_fragment_has_ports_and_later_ones_have_none(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(17, 16);
	f.b[6] = 0x20; /* more fragments */
	udp(4000);
	zeros(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 5000);
	assert_int_equal(pkt.payload_len, 8);
	f.b[6] = 0x20;
	f.b[7] = 2; /* offset 16 */
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 0);
	assert_int_equal(pkt.dport, 0);
	assert_int_equal(pkt.protocol, 17);
	assert_int_equal(pkt.payload_len, 0);
	assert_int_equal(pkt.octets, 36);
}

static void
protocols_without_ports_are_metered_with_ports_0(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(89, 6); /* OSPF */
	zeros(6);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 89);
	assert_int_equal(pkt.sport, 0);
	assert_int_equal(pkt.payload_len, 6);
}

/* --- IPv6 -------------------------------------------------------------------------------------------------------- */

static void
an_ipv6_header_is_refused_below_40_octets(void **state)
{
	(void)state;
	begin(DLT_IPV6);
	ipv6(59, 0);
	assert_int_equal(decode_cut(40, 40), LEDGER_METERED);
	assert_addrs("2001:db8::1", "2001:db8::2");
	assert_int_equal(pkt.octets, 40);
	assert_int_equal(decode_cut(39, 39), LEDGER_BAD_IP);
	assert_int_equal(decode_cut(39, 40), LEDGER_TRUNCATED);
	f.b[0] = 0x40;
	assert_int_equal(decode(), LEDGER_BAD_IP);
}

static void
ipv6_extension_headers_lead_to_the_transport(void **state)
{
	(void)state;
	begin(DLT_IPV6);
	ipv6(0, 8 + 16 + 8 + 8 + 12 + 20); /* hop-by-hop */
	u32(0x2b000000);                   /* then routing, */
	u32(0);
	u32(0x3c010000); /* 16 octets, then destination options, */
	zeros(12);
	u32(0x2c000000); /* then a fragment header, */
	u32(0);
	u32(0x33000000); /* offset 0 and none to follow, then AH */
	u32(7);
	u32(0x06010000); /* of 12 octets, then TCP */
	zeros(8);
	tcp(5, TCP_ACK);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 6);
	assert_int_equal(pkt.dport, 80);
	assert_int_equal(pkt.octets, 112);
	for (size_t len = 40; len < f.n; len++)
		assert_int_equal(decode_cut(len, f.n), LEDGER_TRUNCATED);
}

static void
an_extension_header_longer_than_the_packet_is_bad_ip(void **state)
{
	(void)state;
	begin(DLT_IPV6);
	ipv6(60, 8);
	u32(0x3b010000); /* 16 octets, of which 8 are there */
	u32(0);
	assert_int_equal(decode(), LEDGER_BAD_IP);
	f.b[41] = 0;
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 59);
}

static void
a_later_ipv6_fragment_has_no_ports(void **state)
{
	(void)state;
	begin(DLT_IPV6);
	ipv6(44, 8 + 8);
	u32(0x11000008); /* UDP, offset 8 */
	u32(7);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 17);
	assert_int_equal(pkt.sport, 0);
	assert_int_equal(pkt.payload_len, 0);
}

static void
an_ipv6_payload_length_of_zero_is_a_jumbogram_or_nothing(void **state)
{
	(void)state;
	begin(DLT_IPV6);
	ipv6(17, 0);
	udp(0);
	zeros(100);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 148);
	assert_int_equal(pkt.payload_len, 100);
	f.b[6] = 59;
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 40);
}

static void
ipv4_does_not_know_extension_headers(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(51, 24); /* AH stays what it is behind IPv4 */
	u32(0x06010000);
	zeros(20);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 51);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_ethernet_frame_with_tcp_is_read),
		T(an_ethernet_header_of_13_octets_is_a_bad_link_layer),
		T(a_frame_that_is_not_ip_is_named_so),
		T(the_outermost_vlan_tag_counts_at_any_depth),
		T(a_priority_tag_and_the_reserved_id_name_no_vlan),
		T(a_vlan_tag_of_3_octets_is_a_bad_link_layer),
		T(sixteen_layers_are_followed_and_no_more),
		T(raw_ip_goes_by_its_version),
		T(the_null_link_layer_is_read_in_both_byte_orders),
		T(cooked_linux_captures_are_read),
		T(a_link_type_without_a_row_is_not_found),
		T(ipv4_options_are_passed_over),
		T(an_ipv4_header_is_refused_below_20_octets),
		T(padding_behind_the_total_length_is_dropped),
		T(a_cut_payload_keeps_the_length_that_was_sent),
		T(a_total_length_of_zero_counts_what_was_sent),
		T(the_first_fragment_has_ports_and_later_ones_have_none),
		T(protocols_without_ports_are_metered_with_ports_0),
		T(an_ipv6_header_is_refused_below_40_octets),
		T(ipv6_extension_headers_lead_to_the_transport),
		T(an_extension_header_longer_than_the_packet_is_bad_ip),
		T(a_later_ipv6_fragment_has_no_ports),
		T(an_ipv6_payload_length_of_zero_is_a_jumbogram_or_nothing),
		T(ipv4_does_not_know_extension_headers),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
