/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decoder behind IP: transport headers and tunnels. */
#include "tests/probe/decode_build.h"

/* --- transport --------------------------------------------------------------------------------------------------- */

static void
a_tcp_header_is_refused_below_20_octets(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(6, 20);
	tcp(5, TCP_ACK);
	assert_int_equal(decode_cut(40, 40), LEDGER_METERED);
	assert_int_equal(decode_cut(39, 40), LEDGER_TRUNCATED);
	f.b[3] = 39; /* the IP header says that 19 were sent */
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
	f.b[3] = 40;
	f.b[32] = 0x40; /* a data offset of 16 */
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
	f.b[32] = 0x60; /* 24, of which the packet has 20 */
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
}

static void
tcp_options_need_not_have_been_captured(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(6, 32 + 100);
	tcp(8, TCP_ACK);
	zeros(12 + 100);
	assert_int_equal(decode_cut(44, f.n), LEDGER_METERED);
	assert_int_equal(pkt.sport, 1000);
	assert_int_equal(pkt.payload_len, 0);
	assert_int_equal(pkt.payload_wire_len, 100);
}

static void
a_udp_header_is_refused_below_8_octets(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode_cut(28, 28), LEDGER_METERED);
	assert_int_equal(decode_cut(27, 28), LEDGER_TRUNCATED);
	f.b[25] = 7; /* a length below the header's */
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
	f.b[25] = 0; /* not known yet */
	assert_int_equal(decode(), LEDGER_METERED);
}

static void
a_first_fragment_that_is_too_short_for_tcp_is_metered(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(6, 8);
	f.b[6] = 0x20; /* more fragments */
	udp(0);        /* the first 8 octets of a TCP header: its ports */
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 5000);
	assert_int_equal(pkt.tcp_flags, 0);
	assert_int_equal(pkt.tcp_seq, 0);
	assert_int_equal(pkt.payload_len, 0);
	f.b[3] = 23; /* not even its ports */
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 0);
	assert_int_equal(decode_cut(22, 23), LEDGER_TRUNCATED);
}

static void
the_udp_length_bounds_the_payload(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(17, 8 + 10);
	udp(8 + 4);
	zeros(10);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.payload_len, 4);
	assert_int_equal(pkt.octets, 38);
}

static void
icmp_keeps_its_header_in_the_payload(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(1, 8);
	u32(0x08000000);
	u32(0);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 0);
	assert_int_equal(pkt.payload_len, 8);
	assert_int_equal(decode_cut(23, 28), LEDGER_TRUNCATED);
	assert_int_equal(decode_cut(24, 28), LEDGER_METERED);
}

static void
sctp_and_dccp_have_ports(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(132, 16);
	udp(0);
	zeros(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.sport, 5000);
	assert_int_equal(pkt.payload_len, 4);
	begin(DLT_IPV4);
	ipv4(33, 16);
	u16(7);
	u16(8);
	u8(4);
	zeros(11);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.dport, 8);
	assert_int_equal(pkt.payload_len, 0);
	f.b[24] = 5;
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
}

/* --- tunnels ----------------------------------------------------------------------------------------------------- */

static void
gre_leads_to_the_inner_flow_with_every_option(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 8; bits++) {
		unsigned options = 4 * ((bits & 1) + (bits >> 1 & 1) + (bits >> 2));
		unsigned flags =
		    (bits & 1 ? 0x8000u : 0) | (bits & 2 ? 0x2000u : 0) | (bits & 4 ? 0x1000u : 0);
		begin(DLT_IPV4);
		ipv4(47, 4 + options + 40 + 20);
		u16(flags);
		u16(0x86dd);
		zeros(options);
		ipv6(6, 20);
		tcp(5, TCP_ACK);
		assert_int_equal(decode(), LEDGER_METERED);
		assert_addrs("2001:db8::1", "2001:db8::2");
		assert_int_equal(pkt.dport, 80);
		assert_int_equal(pkt.octets, 60);
		assert_int_equal(decode_cut(20 + 4 + options - 1, f.n), LEDGER_TRUNCATED);
	}
}

static void
gre_carries_ethernet_and_its_inner_tag_is_not_the_links(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(47, 4 + 14 + 4 + 28);
	u16(0);
	u16(0x6558);
	zeros(12);
	u16(0x8100);
	u16(55);
	u16(0x0800);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 17);
	assert_int_equal(pkt.octets, 28);
	assert_int_equal(pkt.vlan, VLAN_NONE);
}

static void
a_tunnel_without_ip_inside_is_metered_as_itself(void **state)
{
	static const unsigned inside[][2] = { { 0x0000, 0x0806 }, /* ARP */
		                              { 0x2001,
		                                0x880b }, /* version 1, PPP: PPTP, no data */
		                              { 0x4000, 0x0800 },   /* source routing */
		                              { 0x0000, 0x0800 } }; /* IPv4 of another version */

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		begin(DLT_IPV4);
		ipv4(47, 4 + 32);
		u16(inside[i][0]);
		u16(inside[i][1]);
		zeros(32);
		assert_int_equal(decode(), LEDGER_METERED);
		assert_int_equal(pkt.protocol, 47);
		assert_int_equal(pkt.octets, 56);
		assert_int_equal(pkt.payload_len, 36);
		assert_addrs("10.0.0.1", "10.0.0.2");
	}
}

static void
the_first_fragment_of_a_tunnel_counts_for_the_packet_inside(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(47, 4 + 28);
	f.b[6] = 0x20;
	u32(0x00000800);
	ipv4(17, 1000); /* the rest of it is in the later fragments */
	udp(1000);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 17);
	assert_int_equal(pkt.octets, 1020);
	assert_int_equal(pkt.fragment, FRAGMENT_NONE);
	f.b[7] = 1;
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 47);
	assert_int_equal(pkt.octets, 52);
	assert_int_equal(pkt.fragment, FRAGMENT_LATER);
}

static void
ip_in_ip_is_entered(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(41, 40 + 8);
	ipv6(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 48);
	assert_addrs("2001:db8::1", "2001:db8::2");
	begin(DLT_IPV6);
	ipv6(4, 28);
	ipv4(17, 8);
	udp(8);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.octets, 28);
	assert_addrs("10.0.0.1", "10.0.0.2");
}

static void
a_tunnel_whose_inner_transport_does_not_decode_is_metered_as_itself(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(4, 20 + 7);
	ipv4(17, 7);
	zeros(7);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.protocol, 4);
	assert_int_equal(pkt.octets, 47);
	assert_int_equal(pkt.tunnel, 0);
}

static void
the_options_of_tcp_may_go_on_in_the_second_fragment(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(6, 24);
	f.b[6] = 0x20;
	tcp(10, TCP_SYN);
	u32(0);
	assert_int_equal(decode(), LEDGER_METERED);
	assert_int_equal(pkt.tcp_flags, TCP_SYN);
	assert_int_equal(pkt.fragment, FRAGMENT_FIRST);
	f.b[6] = 0;
	assert_int_equal(decode(), LEDGER_BAD_TRANSPORT);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_tcp_header_is_refused_below_20_octets),
		T(tcp_options_need_not_have_been_captured),
		T(a_udp_header_is_refused_below_8_octets),
		T(a_first_fragment_that_is_too_short_for_tcp_is_metered),
		T(the_udp_length_bounds_the_payload),
		T(icmp_keeps_its_header_in_the_payload),
		T(sctp_and_dccp_have_ports),
		T(gre_leads_to_the_inner_flow_with_every_option),
		T(gre_carries_ethernet_and_its_inner_tag_is_not_the_links),
		T(a_tunnel_without_ip_inside_is_metered_as_itself),
		T(the_first_fragment_of_a_tunnel_counts_for_the_packet_inside),
		T(ip_in_ip_is_entered),
		T(a_tunnel_whose_inner_transport_does_not_decode_is_metered_as_itself),
		T(the_options_of_tcp_may_go_on_in_the_second_fragment),
	};

	return cmocka_run_group_tests_name("decode_inner", tests, NULL, NULL);
}
