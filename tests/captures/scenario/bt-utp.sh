#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BitTorrent over uTP alone: libtorrent and Transmission seed outside, libtorrent loads inside, over IPv4 and IPv6;
# no tracker, the peers are told of each other.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"

net_up
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add inside lab3 10.10.2.23 2001:db8:a:2::23
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer4.example 192.0.2.104 2001:db8:f:1::104
bt_rules 6881 203.0.113.101,2001:db8:f:3::101
bt_rules 51413 192.0.2.104,2001:db8:f:1::104
bt_rules 6882 10.10.2.22
bt_rules 6883 2001:db8:a:2::23

bt_torrent 40000
bt_libtorrent peer1.example '203.0.113.101:6881,[2001:db8:f:3::101]:6881' seed utp
bt_transmission peer4.example 51413 seed utp
sleep 2
record_start
bt_libtorrent lab2 10.10.2.22:6882 leech utp peer=203.0.113.101,6881 peer=192.0.2.104,51413
bt_libtorrent lab3 '[2001:db8:a:2::23]:6883' leech utp peer=2001:db8:f:3::101,6881
bt_complete lab2 lab3
record_stop
