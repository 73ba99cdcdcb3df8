#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# DNS: dig against two Knot servers, UDP and TCP, with and without EDNS, large answers; and a ping flow of each family.
. "$(dirname "$0")/../lib.sh"
. "$HERE/servers.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside ns1.example 198.51.100.53 2001:db8:f:2::53
host_add outside ns2.example 203.0.113.53 2001:db8:f:3::53
rule 198.51.100.53,203.0.113.53,2001:db8:f:2::53,2001:db8:f:3::53 udp 53 dns
rule 198.51.100.53,203.0.113.53,2001:db8:f:2::53,2001:db8:f:3::53 tcp 53 dns

# zone: names of every common type, and a TXT answer that fits no datagram
{
	cat <<-'END'
		$ORIGIN example.
		$TTL 300
		@ SOA ns1 hostmaster 1 3600 900 604800 300
		@ NS ns1
		@ NS ns2
		@ MX 10 mail
		ns1 A 198.51.100.53
		ns1 AAAA 2001:db8:f:2::53
		ns2 A 203.0.113.53
		www1 A 192.0.2.80
		www1 AAAA 2001:db8:f:1::80
		shop CNAME www1
		mail A 203.0.113.25
		_sip._udp SRV 0 5 5060 mail
		policy TXT "v=spf1 mx -all"
	END
	for n in 1 2 3 4 5 6 7 8 9 10; do
		printf 'big TXT "%s"\n' "$n$(printf 'x%.0s' {1..180})"
	done
	for n in {1..9}; do printf 'many A 192.0.2.10%d\n' "$n"; done
} >"$TMP/example.zone"
for server in ns1.example ns2.example; do
	knot_config "$TMP/$server" "$TMP/example.zone" >"$TMP/$server.conf"
	bg $server $server knotd -c "$TMP/$server.conf"
	wait_udp $server 53
	wait_tcp $server 53
done
wait_for "the zone" sh -c "ip netns exec $PFX-ns2.example dig +time=1 +tries=1 @127.0.0.1 example. SOA +short | grep -q ns1"

record_start
ask() { in_ns "$@" +time=2 +tries=1 >>"$TMP/dig.log"; }
for server in 198.51.100.53 2001:db8:f:2::53; do
	for name in www1.example shop.example nowhere.example many.example mail.example; do
		ask desk1 dig @$server $name A
		ask lab2 dig @$server $name AAAA +noedns
	done
	ask desk1 dig @$server example MX +tcp
	ask desk1 dig @$server big.example TXT           # truncated, asked again over TCP
	ask lab2 dig @$server big.example TXT +bufsize=4096 +ignore
	ask lab2 dig @$server policy.example TXT +noedns +ignore
	ask lab2 dig @$server _sip._udp.example SRV +dnssec +nsid
	ask lab2 dig @$server example AXFR
	ask desk1 dig @$server other.test A +norecurse   # refused
done
ask desk1 dig @203.0.113.53 -x 192.0.2.80 +subnet=10.10.1.0/24
ask desk1 dig @203.0.113.53 version.bind CH TXT
ask lab2 dig @203.0.113.53 www1.example A +tcp +keepopen www1.example AAAA example NS
in_ns desk1 ping -q -c 3 -i 0.2 198.51.100.53 >/dev/null
in_ns lab2 ping -q -c 3 -i 0.2 2001:db8:f:3::53 >/dev/null
record_stop
