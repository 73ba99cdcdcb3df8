# shellcheck shell=bash
# A recorded link that carries two VLANs instead of plain packets.

# trunk_up PORT1=TAGS PORT2=TAGS: the first carries 10.10.1.x, the second 10.10.2.x; see tools/vlan-port.py for TAGS.
trunk_up() {
	local ns n=0 port
	routers_up
	for ns in core edge; do
		ip -n "$PFX-$ns" link set "$LINK_IF" mtu 1508 # room for two tags around a full packet
		for port in "${@%%=*}"; do
			ip -n "$PFX-$ns" tuntap add dev "$port" mode tap
			ip -n "$PFX-$ns" link set "$port" addrgenmode none
			ip -n "$PFX-$ns" link set "$port" up
		done
	done
	for ns in core edge; do
		bg $ns "trunk-$ns" /usr/bin/python3 "$HERE/tools/vlan-port.py" "$LINK_IF" "$@"
	done
	for port in "${@%%=*}"; do
		n=$((n + 1))
		link_addresses "$port" $n
		ip -n "$PFX-core" rule add from 10.10.$n.0/24 table $n
		ip -n "$PFX-core" -6 rule add from 2001:db8:a:$n::/64 table $n
		ip -n "$PFX-core" route add default via 100.64.$n.2 table $n
		ip -n "$PFX-core" -6 route add default via 2001:db8:e:$n::2 table $n
		ip -n "$PFX-edge" route add 10.10.$n.0/24 via 100.64.$n.1
		ip -n "$PFX-edge" -6 route add 2001:db8:a:$n::/64 via 2001:db8:e:$n::1
	done
	# a filter would have to know the tags; instead nothing unwanted is said: neighbours are fixed, and by now the
	# interfaces have made their multicast reports
	RECORD_FILTER=
	sleep 3
}
