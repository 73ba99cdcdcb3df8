# shellcheck shell=bash
# A recorded link on which everything between inside and outside travels in a GRE tunnel.

# tunnel_up [OPTION...]: of GRE, see tools/gre-end.py.
tunnel_up() {
	local ns there=100.64.0.2 here=100.64.0.1
	routers_up
	link_addresses "$LINK_IF" 0
	for ns in core edge; do
		ip -n "$PFX-$ns" link set "$LINK_IF" mtu 1540 # room for the tunnel around a full packet
		ip -n "$PFX-$ns" tuntap add dev gre1 mode tun
		ip -n "$PFX-$ns" link set gre1 addrgenmode none mtu 1500
		ip -n "$PFX-$ns" link set gre1 up
		bg $ns "gre-$ns" /usr/bin/python3 "$HERE/tools/gre-end.py" gre1 $here $there "$@"
		here=100.64.0.2 there=100.64.0.1
	done
	link_addresses gre1 1
	link_route 1
	RECORD_FILTER='ip proto 47'
	sleep 2
}
