#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A swarm that goes on for some seconds after all its handshakes, so that it can be looked at from the middle: seeds outside in
# the clear, over uTP, and encrypted; libtorrent, rTorrent and aria2 load inside. Only the first octets of each packet are kept.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside lab2 10.10.2.22 2001:db8:a:2::22
host_add inside lab3 10.10.2.23 2001:db8:a:2::23
host_add outside tracker.example 198.51.100.69 2001:db8:f:2::69
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer2.example 203.0.113.102 2001:db8:f:3::102
host_add outside peer3.example 203.0.113.103 2001:db8:f:3::103
host_add outside peer4.example 192.0.2.104 2001:db8:f:1::104
rule 198.51.100.69 udp 6969 bittorrent
bt_rules 51413 203.0.113.101,192.0.2.104
bt_rules 6881 203.0.113.102,203.0.113.103,10.10.2.21
bt_rules 6891-6892 10.10.2.22
bt_rules 6890 10.10.2.23

bt_torrent 600000 udp://198.51.100.69:6969/announce
bt_tracker tracker.example 6969 6969
bt_transmission peer1.example 51413 seed rate=10 utp dht=203.0.113.102,6881
bt_transmission peer4.example 51413 seed rate=10 crypt dht=203.0.113.102,6881
bt_libtorrent peer2.example 203.0.113.102:6881 seed tcp dht rate=10000
bt_libtorrent peer3.example 203.0.113.103:6881 seed tcp crypt dht rate=10000 node=203.0.113.102,6881
sleep 4
RECORD_OCTETS=142
record_start
bt_libtorrent lab1 10.10.2.21:6881 leech tcp utp crypt dht node=203.0.113.102,6881 peer=203.0.113.101,51413
bt_aria2 lab2 6891 leech --dht-entry-point=203.0.113.102:6881
bt_rtorrent lab3 6890 leech
sleep 11
record_stop
