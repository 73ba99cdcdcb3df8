#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The mix on a trunk with 802.1Q tags: desks in VLAN 101, labs in VLAN 102. Recorded on the trunk.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"
. "$HERE/tls.sh"
. "$HERE/servers.sh"
. "$HERE/mix.sh"
. "$HERE/trunk.sh"

trunk_up v101=101 v102=102
mix_hosts
mix_servers
record_start
mix_traffic
record_stop
