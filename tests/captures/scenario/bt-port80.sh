#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BitTorrent dressed up as web traffic: the HTTP tracker and all peers outside listen on port 80, one inside too; and
# beside them a real web server with a real web client, which is HTTP.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"
. "$HERE/web.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside lab3 10.10.2.23 2001:db8:a:2::23
host_add inside desk1 10.10.1.11 2001:db8:a:1::11
host_add outside tracker.example 198.51.100.69 2001:db8:f:2::69
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer2.example 203.0.113.102 2001:db8:f:3::102
host_add outside www1.example 192.0.2.80 2001:db8:f:1::80
rule 198.51.100.69,2001:db8:f:2::69 tcp 80 bittorrent 'bittorrent|http'
bt_rules 80 203.0.113.101,203.0.113.102,10.10.2.23
bt_rules 6881 10.10.2.21
rule 192.0.2.80,2001:db8:f:1::80 tcp 80 http

site_make "$TMP/site"
lighttpd_config "$TMP/www1.conf" "$TMP/site" 80
bg www1.example www1 lighttpd -D -f "$TMP/www1.conf"
wait_tcp www1.example 80
bt_torrent 30000 http://tracker.example/announce
bt_tracker tracker.example 80 6969
bt_transmission peer1.example 80 seed
sleep 2
record_start
bt_rtorrent lab1 6881 leech
bt_libtorrent lab3 10.10.2.23:80 leech tcp
in_ns desk1 curl -sS --max-time 10 -o "$TMP/got" http://www1.example/page1.html
in_ns desk1 curl -sS --max-time 10 -o "$TMP/got" -6 http://www1.example/text2.txt
bt_complete lab1 lab3
bt_transmission peer2.example 80 leech
bt_complete peer2.example
record_stop
