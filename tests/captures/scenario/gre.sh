#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The mix inside a tunnel, GRE without options; recorded on the path of the outer packets.
. "$(dirname "$0")/../lib.sh"
. "$HERE/web.sh"
. "$HERE/tls.sh"
. "$HERE/servers.sh"
. "$HERE/mix.sh"
. "$HERE/tunnel.sh"

tunnel_up
mix_hosts
mix_servers
record_start
mix_traffic
record_stop
