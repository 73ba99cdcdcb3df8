#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# BitTorrent over TCP with an HTTP tracker: Transmission seeds outside; aria2 and rTorrent load inside; a second
# Transmission outside loads from those inside too, so that connections are made both ways.
. "$(dirname "$0")/../lib.sh"
. "$HERE/bt.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add inside lab3 10.10.2.23 2001:db8:a:2::23
host_add outside tracker.example 198.51.100.69 2001:db8:f:2::69
host_add outside peer1.example 203.0.113.101 2001:db8:f:3::101
host_add outside peer2.example 203.0.113.102 2001:db8:f:3::102
# what a client says to an HTTP tracker is HTTP on the wire, in the service of BitTorrent
rule 198.51.100.69,2001:db8:f:2::69 tcp 6969 bittorrent 'bittorrent|http'
bt_rules 51413 203.0.113.101,203.0.113.102
bt_rules 6881 10.10.2.21
bt_rules 6890 10.10.2.23

bt_torrent 30000 http://tracker.example:6969/announce
bt_tracker tracker.example 6969 6969
bt_transmission peer1.example 51413 seed
sleep 2
record_start
bt_aria2 lab1 6881 leech
bt_rtorrent lab3 6890 leech
bt_complete lab1 lab3
bt_transmission peer2.example 51413 leech
bt_complete peer2.example
record_stop
