#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# DTLS: OpenSSL against OpenSSL, versions 1.2 and 1.0, with and without a name, in fragments, IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside sensor.example 192.0.2.44 2001:db8:f:1::44
host_add outside old.example 198.51.100.44 2001:db8:f:2::44
rule 192.0.2.44,2001:db8:f:1::44 udp 4433 dtls 'dtls|tls'
rule 198.51.100.44,2001:db8:f:2::44 udp 10161 dtls 'dtls|tls'

authority_make
certificate_make sensor.example
certificate_make old.example

# talk HOST SERVER 4|6 PORT SERVER-OPTIONS CLIENT-OPTIONS...: a server for this one connection, then a client that says a few words
talk() {
	local address
	address=$(awk -v h="$2" -v six="$3" '$2 == h && (index($1, ":") > 0) == (six == 6) { print $1 }' "$TMP/hosts")
	[ "$3" = 4 ] || address="[$address]"
	# shellcheck disable=SC2086 # the server's options are several words
	bg "$2" server sh -c 'tail -f /dev/null | exec openssl s_server "$@"' - "-$3" -accept "$4" -quiet \
		-cert "$TMP/$2.crt" -key "$TMP/$2.key" $5
	wait_udp "$2" "$4"
	(sleep 0.4; echo "temperature 21.5"; sleep 0.2; echo "humidity 40"; sleep 0.2; echo Q; sleep 0.2) |
		in_ns "$1" timeout 4 openssl s_client -connect "$address:$4" "${@:6}" >>"$TMP/client.log" 2>&1 || true
	for pid in $(ip netns pids "$PFX-$2"); do kill "$pid" 2>/dev/null || true; done
	sleep 0.2
}
record_start
talk desk1 sensor.example 4 4433 -dtls1_2 -dtls1_2 -servername sensor.example
talk lab1 sensor.example 6 4433 -dtls1_2 -dtls1_2 -noservername
talk lab1 sensor.example 4 4433 "-dtls1_2 -mtu 400" -dtls1_2 -servername sensor.example -mtu 400
talk lab1 old.example 4 10161 "-dtls1 -cipher DEFAULT@SECLEVEL=0" -dtls1 -cipher DEFAULT@SECLEVEL=0 -servername old.example
talk desk1 old.example 6 10161 "-dtls1 -cipher DEFAULT@SECLEVEL=0" -dtls1 -cipher DEFAULT@SECLEVEL=0
grep -q 'temperature' "$TMP/server.log" || die "nothing came"
record_stop
