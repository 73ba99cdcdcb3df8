#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Older ways to share files, of which Debian has no program that runs without a screen: dialogues of Gnutella (greeting and
# messages, a file by HTTP) and of eDonkey are played, on the usual ports and on others, over IPv4 and IPv6.
. "$(dirname "$0")/../lib.sh"

net_up
host_add inside lab1 10.10.2.21 2001:db8:a:2::21
host_add outside peer1.example 203.0.113.46 2001:db8:f:3::46
peer=203.0.113.46,2001:db8:f:3::46
rule $peer tcp 6346 gnutella
rule $peer tcp 80 gnutella
rule $peer tcp 6347 gnutella 'gnutella|http'
rule $peer tcp 4662 edonkey
rule $peer tcp 14662 edonkey

play() { # server|client DIALOGUE PORT: on both addresses
	local address
	for address in 203.0.113.46 2001:db8:f:3::46; do
		if [ "$1" = server ]; then
			bg peer1.example "$2" /usr/bin/python3 "$HERE/tools/dialogue.py" server $address "$3" "$HERE/dialogues/$2.txt"
		else
			in_ns lab1 /usr/bin/python3 "$HERE/tools/dialogue.py" client $address "$3" "$HERE/dialogues/$2.txt"
		fi
	done
}
talks='gnutella:6346 gnutella:80 gnutella-file:6347 edonkey:4662 edonkey:14662'
for talk in $talks; do
	play server "${talk%:*}" "${talk#*:}"
	wait_tcp peer1.example "${talk#*:}"
done
sleep 1
record_start
for talk in $talks; do play client "${talk%:*}" "${talk#*:}"; done
record_stop
