# shellcheck shell=bash
# Common functions of the capture scenarios. A scenario sources this file, builds a small internet with
# net_up and host_add, starts servers with bg, records with record_start, runs clients with in_ns, says with
# rule which server ran where, and ends with record_stop. Everything lives in namespaces and a temporary
# folder of its own, and is taken down when the scenario ends, however it ends.
#
#   inside host --veth-- core ==== the recorded link ==== edge --veth-- outside host
#
# Addresses: inside 10.10.x.y and 2001:db8:a:x::y, outside 192.0.2.x, 198.51.100.x, 203.0.113.x and
# 2001:db8:f:x::y. Hosts know the gateways by fixed link-local addresses, so no two hosts share a segment.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NAME=$(basename "$0" .sh)
OUT=${CAPTURES_OUT:-$HERE}
TMP=$(mktemp -d "/tmp/netmon-capture.XXXXXX")
PFX="nm$$"
NETNS=()
RECORDER=
BG_PID=
LINK_IF=up0
HOST_MTU=1500
CAPTURE=$OUT/$NAME.pcap
PATH=$PATH:/usr/sbin:/sbin
chmod 755 "$TMP"
touch "$TMP/rules" "$TMP/hosts"
echo "nameserver 127.0.0.1" >"$TMP/resolv.conf" # where nobody answers; without a line some clients ask nobody at all
export LC_ALL=C TZ=UTC

say() { printf '%s: %s\n' "$NAME" "$*" >&2; }
die() { say "$*"; exit 1; }

# Ends what this scenario started: the processes of its own namespaces, then the namespaces and the files.
cleanup() {
	local status=$? ns pid sig
	trap - EXIT
	trap '' INT TERM # a second signal must not stop this half way
	set +e
	for sig in TERM KILL; do
		for ns in "${NETNS[@]}"; do
			for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -$sig "$pid" 2>/dev/null; done
		done
		[ "$sig" = TERM ] && sleep 0.5
	done
	for ns in "${NETNS[@]}"; do
		ip netns del "$ns" 2>/dev/null
		rm -rf "/etc/netns/$ns"
	done
	rmdir /etc/netns 2>/dev/null
	if [ $status -ne 0 ]; then
		say "failed with status $status; the last lines of its logs follow"
		tail -n 15 "$TMP"/*.log >&2
	fi
	[ -n "${KEEP_TMP:-}" ] || rm -rf "$TMP"
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ns_add NAME: a namespace that resolves no names but those of host_add.
ns_add() {
	local ns=$PFX-$1
	NETNS+=("$ns")
	mkdir -p "/etc/netns/$ns"
	ln -s "$TMP/hosts" "/etc/netns/$ns/hosts"
	ln -s "$TMP/resolv.conf" "/etc/netns/$ns/resolv.conf"
	ip netns add "$ns"
	in_ns "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0 net.ipv4.ip_unprivileged_port_start=0
	ip -n "$ns" link set lo up
}

# in_ns HOST COMMAND...: runs it there and waits for its end, 60 s at most. In the background for the shell, because a
# signal would otherwise have to wait, too.
in_ns() {
	local ns=$PFX-$1
	shift
	timeout -k 2 60 ip netns exec "$ns" "$@" <&0 &
	wait $!
}

# bg HOST LOGNAME COMMAND...: starts it there in the background; cleanup ends it. BG_PID is its process.
bg() {
	local ns=$PFX-$1 log=$TMP/$2.log
	shift 2
	ip netns exec "$ns" "$@" </dev/null >>"$log" 2>&1 &
	BG_PID=$!
	disown # so that the shell does not report how cleanup ended it
}

# Real packets need segments and checksums made by the sender, not left to a network card that is not there.
offloads_off() {
	ip netns exec "$PFX-$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null 2>&1 || true
}

# veth NS1 IF1 NS2 IF2: a cable, without automatic link-local addresses.
veth() {
	ip -n "$PFX-$1" link add "$2" mtu "$HOST_MTU" type veth peer name "$4" mtu "$HOST_MTU" netns "$PFX-$3"
	local ns if
	while read -r ns if; do
		ip -n "$PFX-$ns" link set "$if" addrgenmode none
		offloads_off "$ns" "$if"
		ip -n "$PFX-$ns" link set "$if" up
	done <<-END
		$1 $2
		$3 $4
	END
}

mac_of() { ip -n "$PFX-$1" -o link show "$2" | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/'; }

# link_addresses IF NUMBER: both ends of a link that is called IF in core and in edge, with fixed neighbours.
link_addresses() {
	local if=$1 n=$2
	ip -n "$PFX-core" addr add "100.64.$n.1/30" dev "$if"
	ip -n "$PFX-edge" addr add "100.64.$n.2/30" dev "$if"
	ip -n "$PFX-core" addr add "2001:db8:e:$n::1/64" dev "$if" nodad
	ip -n "$PFX-edge" addr add "2001:db8:e:$n::2/64" dev "$if" nodad
	ip -n "$PFX-core" -o link show "$if" | grep -q link/ether || return 0
	local here there
	here=$(mac_of core "$if")
	there=$(mac_of edge "$if")
	ip -n "$PFX-core" neigh replace "100.64.$n.2" lladdr "$there" dev "$if" nud permanent
	ip -n "$PFX-core" neigh replace "2001:db8:e:$n::2" lladdr "$there" dev "$if" nud permanent
	ip -n "$PFX-edge" neigh replace "100.64.$n.1" lladdr "$here" dev "$if" nud permanent
	ip -n "$PFX-edge" neigh replace "2001:db8:e:$n::1" lladdr "$here" dev "$if" nud permanent
}

# link_route N: everything between inside and outside goes over link number N.
link_route() {
	ip -n "$PFX-core" route replace default via "100.64.$1.2"
	ip -n "$PFX-core" -6 route replace default via "2001:db8:e:$1::2"
	ip -n "$PFX-edge" route replace 10.10.0.0/16 via "100.64.$1.1"
	ip -n "$PFX-edge" -6 route replace 2001:db8:a::/48 via "2001:db8:e:$1::1"
}

# routers_up: core and edge with a cable between them that has no addresses yet.
routers_up() {
	local ns
	for ns in core edge; do
		ns_add $ns
		in_ns $ns sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	done
	veth core "$LINK_IF" edge "$LINK_IF"
}

net_up() {
	routers_up
	link_addresses "$LINK_IF" 0
	link_route 0
}

# host_add inside|outside NAME IPV4 IPV6: a host behind core or edge.
host_add() {
	local side=$1 host=$2 v4=$3 v6=$4 router=core port=h${#NETNS[@]}
	[ "$side" = inside ] || router=edge
	ns_add "$host"
	veth "$router" "$port" "$host" eth0
	ip -n "$PFX-$router" addr add 169.254.0.1/32 dev "$port"
	ip -n "$PFX-$router" addr add fe80::1/64 dev "$port" nodad
	ip -n "$PFX-$host" addr add "$v4/32" dev eth0
	ip -n "$PFX-$host" addr add "$v6/128" dev eth0 nodad
	ip -n "$PFX-$host" addr add fe80::2/64 dev eth0 nodad
	ip -n "$PFX-$router" route add "$v4/32" dev "$port"
	ip -n "$PFX-$router" route add "$v6/128" via fe80::2 dev "$port"
	ip -n "$PFX-$host" route add 169.254.0.1/32 dev eth0
	ip -n "$PFX-$host" route add default via 169.254.0.1 dev eth0 src "$v4"
	ip -n "$PFX-$host" route add default via fe80::1 dev eth0 src "$v6"
	printf '%s %s\n%s %s\n' "$v4" "$host" "$v6" "$host" >>"$TMP/hosts"
}

# also_known_as HOSTNAME IPV4 IPV6: one more name in everybody's hosts file.
also_known_as() { printf '%s %s\n%s %s\n' "$2" "$1" "$3" "$1" >>"$TMP/hosts"; }

# rule ADDRESS[,ADDRESS...] tcp|udp PORT[-PORT] APPLICATION [ACCEPT]: what runs at that address and port. Protocols
# without ports (esp, igmp, ospf, vrrp) have port 0.
rule() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-$4}" >>"$TMP/rules"; }

# Neighbour discovery, multicast reports and ARP are the link's own business, not conversations of hosts.
RECORD_FILTER='not arp and not (ip6 and ether multicast) and not net fe80::/10'
RECORD_OCTETS=0 # of each packet; 0: all

record_start() {
	CAPTURE=$OUT/$NAME.pcap
	bg core recorder tcpdump -Z root -i "$LINK_IF" -s "$RECORD_OCTETS" -U --immediate-mode -w "$TMP/capture" ${RECORD_FILTER:+"$RECORD_FILTER"}
	RECORDER=$BG_PID
	wait_for "tcpdump to listen" grep -q 'listening on' "$TMP/recorder.log"
}

# The same, but as pcapng, which Debian's tcpdump cannot write.
record_start_pcapng() {
	CAPTURE=$OUT/$NAME.pcapng
	bg core recorder dumpcap -q -n -i "$LINK_IF" -f "$RECORD_FILTER" -w "$TMP/capture"
	RECORDER=$BG_PID
	wait_for "dumpcap to listen" grep -q '^File:' "$TMP/recorder.log"
	sleep 0.5
}

recorder_ended() { ! kill -0 "$RECORDER"; }

# record_stop: ends the recording, writes NAME.truth from the rules and checks both against each other.
record_stop() {
	sleep 1
	kill -INT "$RECORDER"
	wait_for "the recorder to end" recorder_ended
	case $CAPTURE in
	*.pcapng) /usr/bin/python3 "$HERE/tools/strip-pcapng.py" "$TMP/capture" "$CAPTURE" ;;
	*) cp "$TMP/capture" "$CAPTURE" ;;
	esac
	chmod 644 "$CAPTURE"
	/usr/bin/python3 "$HERE/tools/write-truth.py" "$TMP/rules" "$CAPTURE" >"$OUT/$NAME.truth"
	/usr/bin/python3 "$HERE/check-truth.py" "$CAPTURE"
}

# wait_for WHAT COMMAND...: until the command is true, 15 s at most.
wait_for() {
	local what=$1 i
	shift
	for ((i = 0; i < 150; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	die "waited in vain for $what"
}

# tcp_listens HOST PORT: true once something there accepts on that port.
tcp_listens() { ip netns exec "$PFX-$1" ss -Hltn "sport = :$2" | grep -q .; }
udp_listens() { ip netns exec "$PFX-$1" ss -Hlun "sport = :$2" | grep -q .; }
wait_tcp() { wait_for "port $2 of $1" tcp_listens "$1" "$2"; }
wait_udp() { wait_for "port $2 of $1" udp_listens "$1" "$2"; }

# text_file PATH OCTETS: reproducible text to transfer.
text_file() {
	/usr/bin/python3 - "$1" "$2" <<-'END'
		import random, sys
		rng = random.Random(sys.argv[2])
		words = "flow packet octet link probe host group router network minute graph total".split()
		text = " ".join(rng.choice(words) for _ in range(int(sys.argv[2]) // 4))
		open(sys.argv[1], "w").write(text[:int(sys.argv[2]) - 1] + "\n")
	END
}
