#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# HTTPS: curl and Chromium against lighttpd on 443 and 8443, TLS 1.2 and 1.3, with and without ALPN and SNI; openssl
# resumes sessions. The certificates come from an authority made here.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk3 10.10.1.13 2001:db8:a:1::13
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside shop.example 203.0.113.43 2001:db8:f:3::43
host_add outside bank.example 198.51.100.43 2001:db8:f:2::43
rule 203.0.113.43,2001:db8:f:3::43 tcp 443 https 'https|tls'
rule 198.51.100.43,2001:db8:f:2::43 tcp 8443 https 'https|tls'

authority_make
site_make "$TMP/site"
serve() { # HOST PORT
	certificate_make "$1"
	lighttpd_config "$TMP/$1.conf" "$TMP/site" "$2" "server.modules += ( \"mod_openssl\" )
		ssl.engine = \"enable\"
		ssl.pemfile = \"$TMP/$1.pem\"
		ssl.openssl.ssl-conf-cmd = (\"MinProtocol\" => \"TLSv1.2\")"
	bg "$1" "$1" lighttpd -D -f "$TMP/$1.conf"
	wait_tcp "$1" "$2"
}
serve shop.example 443
serve bank.example 8443

record_start
fetch() { in_ns "$1" curl -sS --max-time 10 --cacert "$TMP/ca.crt" -o /dev/null "${@:2}"; }
for version in -4 -6; do
	fetch desk1 $version --tlsv1.3 https://shop.example/page1.html -o /dev/null https://shop.example/text2.txt
	fetch desk1 $version --tls-max 1.2 https://shop.example/page2.html
	fetch lab2 $version --tls-max 1.2 --no-alpn https://bank.example:8443/text3.txt
	fetch lab2 $version --no-alpn https://bank.example:8443/text1.txt
	fetch lab2 $version --http1.1 -d field=value https://bank.example:8443/cgi/form
done
fetch desk3 -k https://203.0.113.43/text1.txt         # no name indication
in_ns desk3 curl -s --cacert /dev/null https://shop.example/ && die "an unknown authority was trusted"
resume() { # VERSION: a session, then the same one again
	local again
	for again in -sess_out -sess_in; do
		printf 'GET /text1.txt HTTP/1.0\r\nHost: shop.example\r\n\r\n' | in_ns desk3 openssl s_client "$1" -quiet -ign_eof \
			-CAfile "$TMP/ca.crt" -servername shop.example -connect 203.0.113.43:443 $again "$TMP/session$1" >"$TMP/s_client.log" 2>&1
	done
}
resume -tls1_2
resume -tls1_3
browse desk3 https://shop.example/page1.html https://bank.example:8443/page2.html
record_stop
