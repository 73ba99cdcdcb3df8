#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The mix on a provider's trunk with two tags (802.1ad): service tag 300, customer tags 101 and 102. Recorded as pcapng.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"
. "$HERE/tls.sh"
. "$HERE/servers.sh"
. "$HERE/mix.sh"
. "$HERE/trunk.sh"

trunk_up v101=88a8.300,101 v102=88a8.300,102
mix_hosts
mix_servers
record_start_pcapng
mix_traffic
record_stop
