#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is said on one link, to everybody or between routers: DHCP (udhcpc to dnsmasq: lease, renewal, release), DHCPv6 (dhcp6c),
# SSDP (upnpc to MiniDLNA, with its notices), multicast DNS (Avahi, dig), OSPF 2 and 3, BGP, RIP, RIPng, Babel and BFD (BIRD), VRRP (keepalived), IGMP.
# The hosts are the two routers at the ends of the recorded link, so multicast is recorded.
. "$(dirname "$0")/../lib.sh"

net_up
RECORD_FILTER='not arp and not icmp6'
ip -n "$PFX-core" addr add fe80::1/64 dev up0 nodad
ip -n "$PFX-edge" addr add fe80::2/64 dev up0 nodad
ip -n "$PFX-edge" addr add 10.20.0.1/24 dev up0
ip -n "$PFX-edge" addr add 2001:db8:a:9::1/64 dev up0 nodad
rule 255.255.255.255 udp 67 dhcp
rule 10.20.0.1 udp 67 dhcp
rule ff02::1:2,fe80::2 udp 547 dhcpv6
rule 239.255.255.250 udp 1900 ssdp
rule 100.64.0.2,10.20.0.1 udp 1900 ssdp
rule 100.64.0.2,10.20.0.1 tcp 8200 http
rule 224.0.0.251,ff02::fb,100.64.0.2,10.20.0.1 udp 5353 dns 'dns|mdns'
rule 224.0.0.5,224.0.0.6,100.64.0.2,10.20.0.1,ff02::5,ff02::6,fe80::2 ospf 0 ospf
rule 100.64.0.2,2001:db8:e:0::2 tcp 179 bgp
rule 224.0.0.9,100.64.0.1,100.64.0.2,10.20.0.1 udp 520 rip
rule ff02::9,fe80::1,fe80::2 udp 521 ripng
rule 100.64.0.1,100.64.0.2,2001:db8:e:0::1,2001:db8:e:0::2 udp 3784 bfd
rule ff02::1:6,fe80::1,fe80::2 udp 6696 babel
rule 224.0.0.18 vrrp 0 vrrp
rule 224.0.0.22,224.0.0.2,224.0.0.1 igmp 0 igmp

printf '#!/bin/sh\ncase $1 in bound|renew) ip addr replace "$ip/$mask" dev "$interface" ;; deconfig) ip addr flush dev "$interface" to 10.20.0.0/24 ;; esac\n' >"$TMP/lease"
chmod 755 "$TMP/lease"
bg edge dnsmasq dnsmasq -d -C /dev/null --port=0 --interface=up0 --dhcp-range=10.20.0.100,10.20.0.120,255.255.255.0,1h \
	--dhcp-range=2001:db8:a:9::100,2001:db8:a:9::120,64,1h --dhcp-leasefile="$TMP/leases" --dhcp-authoritative \
	--dhcp-option=option:dns-server,10.20.0.1 --no-ping --user=root --pid-file="$TMP/dnsmasq.pid"
printf 'interface up0 {\n send ia-na 0;\n request domain-name-servers;\n};\nid-assoc na 0 {\n};\n' >"$TMP/dhcp6c.conf"
mkdir -p "$TMP/dhcp6" "$TMP/media" "$TMP/dlna"
printf 'network_interface=up0\nport=8200\nfriendly_name=lab\nmedia_dir=%s\ndb_dir=%s\nlog_dir=%s\nnotify_interval=3\nroot_container=B\nuser=root\n' \
	"$TMP/media" "$TMP/dlna" "$TMP/dlna" >"$TMP/minidlna.conf"
printf '[server]\nhost-name=share\nallow-interfaces=up0\nenable-dbus=no\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\npublish-hinfo=no\npublish-workstation=yes\n' >"$TMP/avahi.conf"
bird_config() { # ID AS NEIGHBOUR-AS NEIGHBOUR-V4 NEIGHBOUR-V6
	cat <<-END
		router id $1;
		protocol device { }
		protocol static { ipv4; route 10.30.$2.0/24 blackhole; }
		protocol ospf v2 o2 { ipv4 { export all; }; area 0 { interface "up0" { hello 1; dead 4; wait 2; }; }; }
		protocol ospf v3 o3 { ipv6; area 0 { interface "up0" { hello 1; dead 4; wait 2; }; }; }
		protocol rip r4 { ipv4 { export all; }; interface "up0" { update time 3; }; }
		protocol rip ng r6 { ipv6; interface "up0" { update time 3; }; }
		protocol bfd { interface "up0" { interval 1 s; }; neighbor $4; neighbor $5; }
		protocol babel { ipv4; ipv6; interface "up0" { type wired; hello interval 1 s; }; }
		protocol bgp b4 { local as $2; neighbor $4 as $3; ipv4 { export all; import all; }; connect delay time 1; }
		protocol bgp b6 { local as $2; neighbor $5 as $3; ipv6 { export all; import all; }; connect delay time 1; }
	END
}
bird_config 100.64.0.1 65 66 100.64.0.2 2001:db8:e:0::2 | sed 's/b[46] {/& passive no;/' >"$TMP/bird-core.conf"
bird_config 100.64.0.2 66 65 100.64.0.1 2001:db8:e:0::1 | sed 's/b[46] {/& passive yes;/' >"$TMP/bird-edge.conf"
vrrp_config() { printf 'vrrp_instance gate {\n state %s\n interface up0\n virtual_router_id 7\n priority %d\n advert_int 1\n virtual_ipaddress {\n 100.64.0.77/32\n }\n}\n' "$1" "$2"; }
vrrp_config MASTER 200 >"$TMP/vrrp-edge.conf"
for end in core edge; do bird -p -c "$TMP/bird-$end.conf"; done

record_start
bg core udhcpc udhcpc -i up0 -f -s "$TMP/lease" -t 3 -T 2 -A 2
udhcpc=$BG_PID
bg core dhcp6c unshare -m sh -c "mount --bind '$TMP/dhcp6' /var/lib/dhcpv6 2>/dev/null; exec dhcp6c -f -D -c '$TMP/dhcp6c.conf' -p '$TMP/dhcp6c.pid' up0"
bg edge dlna minidlnad -S -f "$TMP/minidlna.conf" -P "$TMP/dlna/pid"
bg edge avahi unshare -m sh -c "mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec avahi-daemon -f '$TMP/avahi.conf' --no-drop-root --no-chroot --no-rlimits"
for end in core edge; do bg $end bird-$end bird -f -c "$TMP/bird-$end.conf" -s "$TMP/bird-$end.socket"; done
bg edge vrrp unshare -m sh -c "mount -t tmpfs none /run && exec keepalived -n -l -P -f '$TMP/vrrp-edge.conf'"
wait_tcp edge 8200
sleep 3
in_ns core upnpc -m up0 -l >>"$TMP/upnpc.log" 2>&1 || true
in_ns core dig +time=2 +tries=1 -b 100.64.0.1 -p 5353 @224.0.0.251 share.local >>"$TMP/dig.log" 2>&1 || true
kill -USR1 "$(ip netns pids "$PFX-core" | xargs -r ps -o pid=,comm= -p | awk '$2 == "udhcpc" { print $1 }')" 2>/dev/null || true
sleep 1
kill -USR2 "$(ip netns pids "$PFX-core" | xargs -r ps -o pid=,comm= -p | awk '$2 == "udhcpc" { print $1 }')" 2>/dev/null || true
sleep 4
record_stop
