/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tunnels behind IP: what each header gives, and what is left alone because it only looks like one. */
#include "tests/probe/decode_build.h"

static void
tunnel_udp(unsigned sport, unsigned dport, unsigned payload)
{
	begin(DLT_IPV4);
	ipv4(17, 8 + payload);
	u16(sport);
	u16(dport);
	u16(8 + payload);
	u16(0);
}

/* The frame is metered as what carries it: 10.0.0.1 to 10.0.0.2 with all octets. */
static void
assert_outer(unsigned protocol, unsigned octets)
{
	assert_int_equal(decode(), LEDGER_METERED);
	assert_addrs("10.0.0.1", "10.0.0.2");
	assert_int_equal(pkt.protocol, protocol);
	assert_int_equal(pkt.octets, octets);
	assert_int_equal(pkt.tunnel, 0);
}

/* --- GRE --------------------------------------------------------------------------------------------------------- */

static void
gre(unsigned gre_flags, unsigned type, unsigned len)
{
	begin(DLT_IPV4);
	ipv4(47, 4 + len);
	u16(gre_flags);
	u16(type);
}

static void
gre_carries_ip_mpls_and_ethernet(void **state)
{
	(void)state;
	gre(0, 0x0800, 28);
	inner4();
	assert_inner("gre");
	gre(0, 0x8847, 4 + 28);
	u32(0x00012140);
	inner4();
	assert_inner("gre/mpls");
	gre(0x2000, 0x6558, 4 + 42);
	u32(0x00123401); /* NVGRE: virtual subnet and flow */
	inner_ethernet();
	assert_inner("eogre");
}

static void
erspan_is_read_in_its_three_types(void **state)
{
	(void)state;
	gre(0, 0x88be, 42);
	inner_ethernet();
	assert_inner("erspan");
	gre(0x1000, 0x88be, 12 + 42);
	u32(1);
	u64(0x1000000000000000);
	inner_ethernet();
	assert_inner("erspan");
	for (unsigned subheader = 0; subheader < 2; subheader++) {
		gre(0x1000, 0x22eb, 16 + 8 * subheader + 42);
		u32(1);
		u64(0x2000000000000000);
		u32(subheader);
		zeros(8 * subheader);
		inner_ethernet();
		assert_inner("erspan");
	}
	f.b[28] = 0x10; /* a version that is none of type III */
	assert_outer(47, 20 + 4 + 24 + 42);
}

static void
pptp_carries_ppp(void **state)
{
	(void)state;
	gre(0x3081, 0x880b, 12 + 4 + 28);
	u16(4 + 28);
	u16(9);
	u64(1);
	u32(0xff030021);
	inner4();
	assert_inner("pptp");
	gre(0x3001, 0x880b, 8 + 1 + 28);
	u16(1 + 28);
	u16(9);
	u32(1);
	u8(0x21);
	inner4();
	assert_inner("pptp");
	f.b[32] = 0xfd; /* encrypted */
	assert_outer(47, 20 + 12 + 29);
}

static void
wccp_has_a_header_or_none(void **state)
{
	(void)state;
	gre(0, 0x883e, 4 + 28);
	u32(0x05590048);
	inner4();
	assert_inner("gre");
	gre(0, 0x883e, 28);
	inner4();
	assert_inner("gre");
}

/* --- IP in IP ---------------------------------------------------------------------------------------------------- */

static void
ip_in_ip_has_a_name_for_each_pair(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(4, 28);
	inner4();
	assert_inner("ipip");
	begin(DLT_IPV6);
	ipv6(4, 28);
	inner4();
	assert_inner("4in6");
	begin(DLT_IPV4);
	ipv4(41, 40 + 28);
	ipv6(4, 28);
	inner4();
	assert_inner("6in4/4in6");
	begin(DLT_IPV6);
	ipv6(41, 40 + 28);
	ipv6(4, 28);
	inner4();
	assert_inner("6in6/4in6");
}

static void
an_authentication_header_is_entered_in_tunnel_mode(void **state)
{
	(void)state;
	begin(DLT_IPV4);
	ipv4(51, 24 + 28);
	u32(0x04040000);
	zeros(20);
	inner4();
	assert_inner("ipip");
	f.b[20] = 17; /* transport mode */
	assert_outer(51, 20 + 24 + 28);
}

/* --- UDP --------------------------------------------------------------------------------------------------------- */

static void
vxlan(unsigned dport, uint32_t first, bool with_ethernet)
{
	tunnel_udp(40000, dport, 8 + (with_ethernet ? 42 : 28));
	u32(first);
	u32(0x00010000);
	if (with_ethernet)
		inner_ethernet();
	else
		inner4();
}

static void
vxlan_is_entered_on_its_ports(void **state)
{
	(void)state;
	vxlan(4789, 0x08000000, true);
	assert_inner("vxlan");
	vxlan(8472, 0x08000000, true);
	assert_inner("vxlan");
	vxlan(4790, 0x0c000001, false);
	assert_inner("vxlan");
	vxlan(4790, 0x0c000003, true);
	assert_inner("vxlan");
	f.b[28] = 0; /* no network identifier */
	assert_outer(17, 28 + 8 + 42);
	vxlan(4791, 0x08000000, true);
	assert_outer(17, 28 + 8 + 42);
	tunnel_udp(4789, 40000, 8 + 42); /* from the port is not to it */
	u64(0x0800000000010000);
	inner_ethernet();
	assert_outer(17, 28 + 8 + 42);
}

static void
geneve_is_entered_behind_its_options(void **state)
{
	(void)state;
	tunnel_udp(40000, 6081, 8 + 12 + 42);
	u32(0x03006558);
	u32(0x00000100);
	zeros(12);
	inner_ethernet();
	assert_inner("geneve");
	tunnel_udp(40000, 6081, 8 + 28);
	u32(0x00000800);
	u32(0);
	inner4();
	assert_inner("geneve");
	f.b[28] = 0x40; /* version 1 */
	assert_outer(17, 64);
}

static void
gtpu_is_entered_behind_its_extensions(void **state)
{
	(void)state;
	tunnel_udp(2152, 2152, 8 + 28);
	u32(0x30ff001c);
	u32(7);
	inner4();
	assert_inner("gtpu");
	tunnel_udp(2152, 2152, 8 + 4 + 4 + 8 + 28);
	u32(0x34ff002c); /* E: the second word, two extensions */
	u32(7);
	u32(0x00000085);
	u32(0x01000040);
	u32(0x02000000);
	u32(0x00000000);
	inner4();
	assert_inner("gtpu");
	f.b[40] = 0; /* an extension of no length */
	assert_outer(17, 28 + 24 + 28);
	tunnel_udp(2152, 2152, 8 + 28);
	u32(0x3001001c); /* an echo request */
	u32(7);
	inner4();
	assert_outer(17, 64);
	f.b[29] = 0xff;
	f.b[31] = 0x1d; /* longer than the datagram */
	assert_outer(17, 64);
}

static void
teredo_is_entered_behind_authentication_and_origin(void **state)
{
	(void)state;
	for (unsigned with = 0; with < 4; with++) {
		tunnel_udp(with & 1 ? 40000 : 3544, with & 1 ? 3544 : 40000,
		           (with & 1 ? 13 + 5 : 0) + (with & 2 ? 8 : 0) + 40 + 28);
		if (with & 1) {
			u32(0x00010203);
			zeros(5 + 9);
		}
		if (with & 2)
			u64(0x0000123411223344);
		ipv6(4, 28);
		inner4();
		assert_inner("teredo/4in6");
	}
	f.b[28 + 18 + 8 + 8] = 0xfe; /* between link-local addresses */
	f.b[28 + 18 + 8 + 9] = 0x80;
	assert_outer(17, 28 + 18 + 8 + 40 + 28);
}

static void
capwap_carries_802_3_and_802_11(void **state)
{
	(void)state;
	tunnel_udp(40000, 5247, 8 + 42);
	u32(0x00100000);
	u32(0);
	inner_ethernet();
	assert_inner("capwap");
	tunnel_udp(5247, 40000, 16 + 24 + 8 + 28);
	u32(0x00200320); /* 802.11, wireless information */
	f.b[f.n - 1] = 0;
	f.b[f.n - 2] = 0x03;
	zeros(12);
	u16(0x0801);
	zeros(22);
	u32(0xaaaa0300);
	u32(0x00000800);
	inner4();
	assert_inner("capwap");
	f.b[31] = 0x80; /* a fragment */
	assert_outer(17, 28 + 16 + 24 + 8 + 28);
	f.b[31] = 0;
	f.b[28] = 1; /* DTLS */
	assert_outer(17, 28 + 16 + 24 + 8 + 28);
}

static void
l2tp_carries_ppp_behind_each_optional_field(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 8; bits++) {
		unsigned extra = (bits & 1 ? 2 : 0) + (bits & 2 ? 4 : 0) + (bits & 4 ? 2 + 3 : 0);
		tunnel_udp(1701, 1701, 6 + extra + 4 + 28);
		u16(0x0002 | (bits & 1 ? 0x4000 : 0) | (bits & 2 ? 0x0800 : 0) |
		    (bits & 4 ? 0x0200 : 0));
		if (bits & 1)
			u16(6 + extra + 4 + 28);
		u32(0x00010002);
		if (bits & 2)
			u32(5);
		if (bits & 4) {
			u16(3);
			zeros(3);
		}
		u32(0xff030021);
		inner4();
		assert_inner("l2tp");
	}
	f.b[28] |= 0x80; /* control */
	assert_outer(17, 28 + 17 + 4 + 28);
}

static void
lengths_inside_must_fit_into_the_datagram(void **state)
{
	(void)state;
	tunnel_udp(2152, 2152, 8 + 28);
	u32(0x30ff001c);
	u32(7);
	inner4();
	f.b[39] = 29; /* an octet more than there is */
	assert_outer(17, 64);
	f.b[39] = 28;
	f.b[6] = 0x20; /* a fragment: nothing can be checked */
	assert_outer(17, 64);
	assert_int_equal(pkt.fragment, FRAGMENT_FIRST);
}

static void
an_inside_that_is_no_ip_is_metered_as_the_tunnel(void **state)
{
	(void)state;
	vxlan(4789, 0x08000000, true);
	f.b[28 + 8 + 13] = 6; /* ARP */
	assert_outer(17, 28 + 8 + 42);
	vxlan(4789, 0x08000000, true);
	f.b[28 + 8 + 14 + 20 + 5] = 3; /* a UDP length of 3 */
	assert_outer(17, 28 + 8 + 42);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static void
no_decap_meters_the_outermost_ip_header(void **state)
{
	(void)state;
	decode_flags = DECODE_NO_DECAP;
	vxlan(4789, 0x08000000, true);
	assert_outer(17, 28 + 8 + 42);
	gre(0, 0x0800, 28);
	inner4();
	assert_outer(47, 52);
	begin(DLT_IPV4);
	ipv4(4, 28);
	inner4();
	assert_outer(4, 48);
	ethernet(0x8864); /* what is before the first IP header is none of its business */
	u16(0x1100);
	u16(7);
	u16(2 + 28);
	u16(0x0021);
	inner4();
	assert_inner("pppoe");
	decode_flags = 0;
}

static void
a_chain_of_more_than_16_layers_is_too_deep(void **state)
{
	(void)state;
	for (unsigned n = 14; n <= 1000; n += n == 14 ? 1 : 985) {
		static uint8_t frame[20 * 1000 + 28];
		struct frame_bytes bytes = { .bytes = frame, .len = 20 * n + 28 };
		for (unsigned i = 0; i < n; i++) {
			begin(DLT_IPV4);
			ipv4(4, 20 * (n - i - 1) + 28);
			memcpy(frame + 20 * i, f.b, 20);
		}
		begin(DLT_IPV4);
		inner4();
		memcpy(frame + 20 * n, f.b, 28);
		bytes.wire_len = bytes.len;
		assert_int_equal(decode_packet(decode_link_find(DLT_IPV4), &bytes, 0, &pkt),
		                 n == 14 ? LEDGER_METERED : LEDGER_TOO_DEEP); /* 15 and UDP */
	}
}

static void
the_chain_of_tunnels_is_named_from_the_outside(void **state)
{
	(void)state;
	ethernet(0x8847);
	u32(0x00012140);
	ipv4(47, 4 + 28 + 8 + 42);
	u32(0x00000800);
	ipv4(17, 8 + 8 + 42);
	u16(40000);
	u16(4789);
	u16(8 + 8 + 42);
	u16(0);
	u64(0x0800000000010000);
	zeros(12);
	u16(0x8100);
	u16(5);
	u16(0x0800);
	inner4();
	f.b[21] += 4; /* the inner tag */
	f.b[45] += 4;
	f.b[67] += 4;
	assert_inner("mpls/gre/vxlan");
	assert_int_equal(pkt.vlan, VLAN_NONE);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(gre_carries_ip_mpls_and_ethernet),
		T(erspan_is_read_in_its_three_types),
		T(pptp_carries_ppp),
		T(wccp_has_a_header_or_none),
		T(ip_in_ip_has_a_name_for_each_pair),
		T(an_authentication_header_is_entered_in_tunnel_mode),
		T(vxlan_is_entered_on_its_ports),
		T(geneve_is_entered_behind_its_options),
		T(gtpu_is_entered_behind_its_extensions),
		T(teredo_is_entered_behind_authentication_and_origin),
		T(capwap_carries_802_3_and_802_11),
		T(l2tp_carries_ppp_behind_each_optional_field),
		T(lengths_inside_must_fit_into_the_datagram),
		T(an_inside_that_is_no_ip_is_metered_as_the_tunnel),
		T(no_decap_meters_the_outermost_ip_header),
		T(a_chain_of_more_than_16_layers_is_too_deep),
		T(the_chain_of_tunnels_is_named_from_the_outside),
	};

	return cmocka_run_group_tests_name("decode_tunnel", tests, NULL, NULL);
}
