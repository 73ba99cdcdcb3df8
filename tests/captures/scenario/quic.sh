#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# QUIC: Chromium against Caddy, HTTP/3 on 443 and 4433, IPv4 and IPv6. Chromium's hello with its post-quantum key share takes two
# packets and comes in shuffled frames. Caddy answers HTTPS on the same ports, too: the browser may race both.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"
. "$HERE/tls.sh"

net_up
host_add inside desk3 10.10.1.13 2001:db8:a:1::13
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside video.example 203.0.113.80 2001:db8:f:3::80
host_add outside cloud.example 198.51.100.80 2001:db8:f:2::80
for port in 443 4433; do
	rule 203.0.113.80,2001:db8:f:3::80,198.51.100.80,2001:db8:f:2::80 udp $port quic 'quic|http3|https'
	rule 203.0.113.80,2001:db8:f:3::80,198.51.100.80,2001:db8:f:2::80 tcp $port https 'https|tls'
done

authority_make
site_make "$TMP/site"
serve() { # HOST PORT
	certificate_make "$1"
	cat >"$TMP/$1.caddy" <<-END
		{
			admin off
			auto_https off
			storage file_system $TMP/$1.storage

		}
		https://$1:$2 {
			tls $TMP/$1.crt $TMP/$1.key
			root * $TMP/site
			file_server
		}
	END
	bg "$1" "$1" env HOME="$TMP" caddy run --config "$TMP/$1.caddy" --adapter caddyfile
	wait_udp "$1" "$2"
}
serve video.example 443
serve cloud.example 4433

# key_hash HOST: what Chromium wants to be told of a key whose certificate no authority that it knows has signed
key_hash() {
	openssl x509 -in "$TMP/$1.crt" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
}
# look HOST SERVER PORT ADDRESS PAGE: a browser without a past opens the page over QUIC
look() {
	in_ns "$1" env HOME="$TMP/home-$1" chromium --headless=new --no-sandbox --disable-gpu --enable-quic \
		--origin-to-force-quic-on="$2:$3" --ignore-certificate-errors-spki-list="$(key_hash "$2")" \
		--user-data-dir="$(mktemp -d "$TMP/chromium.XXXXXX")" --no-first-run --disable-background-networking \
		--disable-component-update --disable-default-apps --disable-domain-reliability --disable-sync \
		--disable-extensions --disable-client-side-phishing-detection --metrics-recording-only --no-pings \
		--disable-features=OptimizationHints,MediaRouter,AsyncDns,DnsOverHttps \
		--host-resolver-rules="MAP $2 $4, MAP * ~NOTFOUND, EXCLUDE $4" \
		--virtual-time-budget=3000 --dump-dom "https://$2:$3/$5" >>"$TMP/chromium-$1.log" 2>&1
}
record_start
look desk3 video.example 443 203.0.113.80 page1.html
look desk3 video.example 443 '[2001:db8:f:3::80]' page2.html
look lab2 cloud.example 4433 198.51.100.80 page3.html
look lab2 cloud.example 4433 '[2001:db8:f:2::80]' index.html
grep -q 'Page 2' "$TMP/chromium-desk3.log" || die "no page came"
record_stop
