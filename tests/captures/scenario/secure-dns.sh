#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# DNS over TLS and over HTTPS: kdig against Unbound, 853 and 443, IPv4 and IPv6, one query and several on a connection; dig on 53.
. "$(dirname "$0")/../lib.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside dns.example 192.0.2.53 2001:db8:f:1::53
rule 192.0.2.53,2001:db8:f:1::53 udp 53 dns
rule 192.0.2.53,2001:db8:f:1::53 tcp 853 dot 'dot|tls'
# the name is not one of the known resolvers: nobody can see that it is not a page
rule 192.0.2.53,2001:db8:f:1::53 tcp 443 https 'https|doh|tls'

authority_make
certificate_make dns.example
cat >"$TMP/unbound.conf" <<-END
	server:
		directory: "$TMP"
		chroot: ""
		username: ""
		pidfile: "$TMP/unbound.pid"
		logfile: ""
		use-syslog: no
		do-daemonize: no
		num-threads: 1
		interface: 0.0.0.0@53
		interface: ::0@53
		interface: 0.0.0.0@853
		interface: ::0@853
		interface: 0.0.0.0@443
		interface: ::0@443
		tls-port: 853
		https-port: 443
		tls-service-key: "$TMP/dns.example.key"
		tls-service-pem: "$TMP/dns.example.crt"
		access-control: 0.0.0.0/0 allow
		access-control: ::0/0 allow
		local-zone: "example." static
		local-data: "www.example. 300 IN A 203.0.113.80"
		local-data: "www.example. 300 IN AAAA 2001:db8:f:3::80"
		local-data: "mail.example. 300 IN A 203.0.113.25"
		local-data: "example. 300 IN TXT 'a text'"
	remote-control:
		control-enable: no
END
bg dns.example unbound unbound -d -c "$TMP/unbound.conf"
wait_tcp dns.example 853
wait_tcp dns.example 443

ask() { # HOST OPTIONS...
	in_ns "$1" kdig +timeout=5 +retry=0 "${@:2}" >>"$TMP/kdig.log"
}
record_start
for server in 192.0.2.53 2001:db8:f:1::53; do
	ask desk1 @$server +tls www.example A
	ask lab1 @$server +tls +tls-ca="$TMP/ca.crt" +tls-hostname=dns.example www.example AAAA
	ask lab1 @$server +tls +keepopen www.example A mail.example A example TXT nothing.example A
	ask desk1 @$server +https=dns.example/dns-query +tls-ca="$TMP/ca.crt" +tls-hostname=dns.example www.example A
	ask lab1 @$server +https-get +tls-ca="$TMP/ca.crt" +tls-hostname=dns.example mail.example A
	in_ns desk1 dig +tries=1 @$server www.example A >>"$TMP/kdig.log"
done
record_stop
