#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BitTorrent without a tracker: the peers find each other through a DHT of five nodes, which start from one of them;
# libtorrent and Transmission outside, libtorrent and aria2 inside.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add outside node.example 198.51.100.88 2001:db8:f:2::88
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer4.example 192.0.2.104 2001:db8:f:1::104
bt_rules 6881 198.51.100.88,2001:db8:f:2::88
bt_rules 6882 203.0.113.101,2001:db8:f:3::101
bt_rules 51413 192.0.2.104,2001:db8:f:1::104
bt_rules 6883 10.10.2.22,2001:db8:a:2::22
bt_rules 6891-6892 10.10.2.21,2001:db8:a:2::21

bt_torrent 20000
bt_libtorrent node.example '198.51.100.88:6881,[2001:db8:f:2::88]:6881' seed tcp dht
sleep 1
bt_libtorrent peer1.example '203.0.113.101:6882,[2001:db8:f:3::101]:6882' seed tcp dht node=198.51.100.88,6881 node=2001:db8:f:2::88,6881
bt_transmission peer4.example 51413 seed dht=198.51.100.88,6881
sleep 4
record_start
bt_libtorrent lab2 '10.10.2.22:6883,[2001:db8:a:2::22]:6883' leech tcp dht node=198.51.100.88,6881 node=2001:db8:f:2::88,6881
bt_aria2 lab1 6891 leech --dht-entry-point=198.51.100.88:6881
bt_complete lab2 lab1
record_stop
