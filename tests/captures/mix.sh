# shellcheck shell=bash
# A little of everything, for the captures that are about what is around the packets: HTTP, HTTPS, DNS, SSH and a ping,
# IPv4 and IPv6, from four hosts inside to four servers outside. To be sourced after lib.sh, web.sh and tls.sh.

mix_hosts() {
	host_add inside desk1 10.10.1.11 2001:db8:a:1::11
	host_add inside desk2 10.10.1.12 2001:db8:a:1::12
	host_add inside lab1 10.10.2.21 2001:db8:a:2::21
	host_add inside lab2 10.10.2.22 2001:db8:a:2::22
	host_add outside www1.example 192.0.2.80 2001:db8:f:1::80
	host_add outside shop.example 203.0.113.43 2001:db8:f:3::43
	host_add outside ns2.example 203.0.113.53 2001:db8:f:3::53
	host_add outside shell.example 192.0.2.22 2001:db8:f:1::22
	rule 192.0.2.80,2001:db8:f:1::80 tcp 80 http
	rule 203.0.113.43,2001:db8:f:3::43 tcp 443 https 'https|tls'
	rule 203.0.113.53,2001:db8:f:3::53 udp 53 dns
	rule 203.0.113.53,2001:db8:f:3::53 tcp 53 dns
	rule 192.0.2.22,2001:db8:f:1::22 tcp 22 ssh
}

mix_servers() {
	site_make "$TMP/site"
	lighttpd_config "$TMP/www1.conf" "$TMP/site" 80
	bg www1.example www1 lighttpd -D -f "$TMP/www1.conf"
	authority_make
	certificate_make shop.example
	lighttpd_config "$TMP/shop.conf" "$TMP/site" 443 "server.modules += ( \"mod_openssl\" )
		ssl.engine = \"enable\"
		ssl.pemfile = \"$TMP/shop.example.pem\""
	bg shop.example shop lighttpd -D -f "$TMP/shop.conf"
	# shellcheck disable=SC2016 # it is the zone file's dollar
	printf '%s\n' '$ORIGIN example.' '$TTL 300' '@ SOA ns2 hostmaster 1 3600 900 604800 300' '@ NS ns2' \
		'ns2 A 203.0.113.53' 'www1 A 192.0.2.80' 'www1 AAAA 2001:db8:f:1::80' 'shop A 203.0.113.43' >"$TMP/example.zone"
	knot_config "$TMP/ns2" "$TMP/example.zone" >"$TMP/ns2.conf"
	bg ns2.example ns2 knotd -c "$TMP/ns2.conf"
	ssh_keys
	sshd_start shell.example 22
	wait_tcp www1.example 80
	wait_tcp shop.example 443
	wait_tcp ns2.example 53
}

mix_traffic() {
	local version server
	ask() { in_ns "$1" dig +tries=1 "${@:2}" >>"$TMP/dig.log"; }
	for server in 203.0.113.53 2001:db8:f:3::53; do
		ask desk1 @$server www1.example A
		ask lab2 @$server www1.example AAAA +noedns
		ask lab1 @$server nowhere.example
	done
	ask lab2 @203.0.113.53 example NS +tcp
	for version in -4 -6; do
		in_ns desk1 curl -sS --max-time 10 $version -o "$TMP/got" http://www1.example/page1.html
		in_ns lab1 curl -sS --max-time 10 $version -o "$TMP/got" -d field=value http://www1.example/cgi/form
		in_ns desk2 curl -sS --max-time 10 $version --cacert "$TMP/ca.crt" -o "$TMP/got" https://shop.example/text1.txt
	done
	in_ns lab2 ssh -4 "${SSH_OPTIONS[@]}" -i "$TMP/user" shell.example "echo hello" >"$TMP/got"
	in_ns desk2 ssh -6 "${SSH_OPTIONS[@]}" -i "$TMP/user" shell.example "seq 1 50" >"$TMP/got"
	in_ns desk1 ping -q -c 3 -i 0.2 192.0.2.80 >/dev/null
	in_ns lab1 ping -q -c 2 -i 0.2 2001:db8:f:1::80 >/dev/null
}
