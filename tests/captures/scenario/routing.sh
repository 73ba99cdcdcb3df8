#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Routing protocols that BIRD has not (see lan), from FRR: EIGRP, PIM with IGMP, LDP, BGP on another port. The hosts are the two routers
# at the ends of the recorded link, so multicast is recorded.
. "$(dirname "$0")/../lib.sh"

net_up
RECORD_FILTER='not arp and not icmp6 and not net fe80::/10'
ends=100.64.0.1,100.64.0.2
rule 224.0.0.10,$ends eigrp 0 eigrp
rule 224.0.0.13,$ends pim 0 pim
rule 224.0.0.1,224.0.0.22,224.0.0.2 igmp 0 igmp
rule 224.0.0.2,$ends udp 646 ldp
rule $ends tcp 646 ldp
rule 100.64.0.2 tcp 1179 bgp

router() { # END OWN NEIGHBOUR AS NEIGHBOUR-AS
	mkdir -p "$TMP/$1"
	cat >"$TMP/$1/frr.conf" <<-END
		interface up0
		 ip pim
		 ip igmp
		 ip pim hello 2
		router eigrp 7
		 network 100.64.0.0/30
		mpls ldp
		 router-id $2
		 address-family ipv4
		  discovery transport-address $2
		  interface up0
		router bgp $4
		 bgp router-id $2
		 no bgp ebgp-requires-policy
		 neighbor $3 remote-as $5
		 $([ "$1" = core ] && echo "neighbor $3 port 1179" || echo "neighbor $3 passive")
	END
	chown -R frr:frr "$TMP/$1"
	bg "$1" "frr-$1" unshare -m sh -c "mount -t tmpfs none /run && mkdir -p /run/frr && chown frr:frr /run/frr && cd /usr/lib/frr &&
		for daemon in zebra eigrpd pimd ldpd bgpd; do
			options=
			[ \$daemon = bgpd ] && options='-p $([ "$1" = edge ] && echo 1179 || echo 179)'
			./\$daemon -d -f '$TMP/$1/frr.conf' -i /run/frr/\$daemon.pid --log stdout \$options
		done; sleep 60"
}

record_start
router core 100.64.0.1 100.64.0.2 65 66
router edge 100.64.0.2 100.64.0.1 66 65
sleep 14
record_stop
