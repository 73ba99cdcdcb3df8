#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BitTorrent over TCP with a UDP tracker: rTorrent seeds outside, rTorrent and libtorrent load inside, the second over
# IPv6 as well, from a libtorrent seed that it is told of.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside desk2 10.10.1.12 2001:db8:a:1::12
host_add outside tracker.example 198.51.100.69 2001:db8:f:2::69
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer3.example 203.0.113.103 2001:db8:f:3::103
rule 198.51.100.69,2001:db8:f:2::69 udp 6969 bittorrent
bt_rules 6890 203.0.113.101
bt_rules 6881 203.0.113.103,2001:db8:f:3::103
bt_rules 6891 10.10.2.21
bt_rules 6882 10.10.1.12,2001:db8:a:1::12

bt_torrent 30000 udp://198.51.100.69:6969/announce
bt_tracker tracker.example 6969 6969
bt_rtorrent peer1.example 6890 seed
bt_libtorrent peer3.example '203.0.113.103:6881,[2001:db8:f:3::103]:6881' seed tcp
sleep 3
record_start
bt_rtorrent lab1 6891 leech
bt_libtorrent desk2 '10.10.1.12:6882,[2001:db8:a:1::12]:6882' leech tcp peer=2001:db8:f:3::103,6881
bt_complete lab1 desk2
record_stop
