#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# HTTP: curl and Chromium against lighttpd on 80 and 8081, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"

net_up
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside www1.example 192.0.2.80 2001:db8:f:1::80
host_add outside www2.example 198.51.100.80 2001:db8:f:2::80
rule 192.0.2.80,2001:db8:f:1::80 tcp 80 http
rule 198.51.100.80,2001:db8:f:2::80 tcp 8081 http

site_make "$TMP/site"
lighttpd_config "$TMP/www1.conf" "$TMP/site" 80
lighttpd_config "$TMP/www2.conf" "$TMP/site" 8081
bg www1.example www1 lighttpd -D -f "$TMP/www1.conf"
bg www2.example www2 lighttpd -D -f "$TMP/www2.conf"
wait_tcp www1.example 80
wait_tcp www2.example 8081

record_start
fetch() { in_ns "$1" curl -sS --max-time 10 -o /dev/null "${@:2}"; }
for version in -4 -6; do
	fetch desk1 $version http://www1.example/
	fetch desk1 $version -I http://www1.example/page2.html
	fetch desk1 $version http://www1.example/no-such-page
	fetch desk2 $version -d name=value -d other=thing http://www1.example/cgi/form
	fetch desk2 $version -r 5000-5999 http://www1.example/download.txt
	# three requests on one connection, the second of them answered in chunks
	fetch lab1 $version http://www2.example:8081/page1.html -o /dev/null \
		http://www2.example:8081/cgi/form -o /dev/null http://www2.example:8081/text3.txt
	fetch lab1 $version -T "$TMP/site/text2.txt" http://www2.example:8081/cgi/form
	fetch lab1 $version --http1.0 -X OPTIONS http://www2.example:8081/
done
fetch desk1 http://www1.example/download.txt
browse desk2 http://www1.example/page1.html http://www2.example:8081/page3.html
record_stop
