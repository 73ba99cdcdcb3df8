#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# STUN and TURN (coturn and its own clients): binding requests, allocations with data by indications and by channels, over UDP and
# TCP, on the usual port and on another, a wrong password, over IPv4 and IPv6. The peer that is spoken to is outside too.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside phone1 10.10.1.31 2001:db8:a:1::31
host_add outside turn.example 198.51.100.34 2001:db8:f:2::34
host_add outside peer.example 203.0.113.90 2001:db8:f:3::90
turn=198.51.100.34,2001:db8:f:2::34
for proto in udp tcp; do
	rule $turn $proto 3478-3479 stun
	rule $turn $proto 13478-13479 stun
done

server() { # PORT
	bg turn.example turn$1 turnserver -n -L 198.51.100.34 -L 2001:db8:f:2::34 -E 198.51.100.34 -E 2001:db8:f:2::34 -p "$1" --no-tls --no-dtls --no-cli \
		--lt-cred-mech -u user:secret -r example.org --min-port 5${1: -4:1}000 --max-port 5${1: -4:1}099 --log-file stdout --userdb "$TMP/turn$1.db" --pidfile "$TMP/turn$1.pid"
	wait_tcp turn.example "$1"
}
server 3478
server 13478
bg peer.example peer turnutils_peer -L 203.0.113.90 -p 3480
sleep 1

# one request is padded beyond what fits into a packet, on purpose; its fragments are left out
RECORD_FILTER="$RECORD_FILTER and not (ip[6:2] & 0x3fff != 0) and not (ip6[6] = 44)"
record_start
for host in 198.51.100.34 2001:db8:f:2::34; do
	in_ns desk1 turnutils_stunclient -p 3478 $host >>"$TMP/stun.log"
	in_ns desk1 turnutils_stunclient -p 13478 $host >>"$TMP/stun.log"
done
relay() { in_ns phone1 timeout 20 turnutils_uclient -e 203.0.113.90 -r 3480 -n 4 -l 120 -m 1 -c "$@" >>"$TMP/relay.log" 2>&1; }
relay -u user -w secret 198.51.100.34
relay -u user -w secret -p 13478 198.51.100.34
relay -u user -w secret -s 198.51.100.34
relay -u user -w secret -t 198.51.100.34
relay -u user -w secret -t -p 13478 198.51.100.34
relay -u user -w secret 2001:db8:f:2::34
relay -u user -w wrong 198.51.100.34 || true
record_stop
