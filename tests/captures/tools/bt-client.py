#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A BitTorrent client on libtorrent, for one torrent; it runs until it is ended.

usage: bt-client.py TORRENT FOLDER LISTEN [option...]
LISTEN is ADDRESS:PORT,[ADDRESS]:PORT as libtorrent writes it. Options: tcp and utp allow these transports, dht runs a
node, node=HOST,PORT is a DHT node to start from, peer=HOST,PORT a peer to connect to, rate=OCTETS limits what it sends in
a second. Encryption is off; with crypt nothing is said in the clear.
"""
import sys
import time

import libtorrent as lt

PE_FORCED, PE_DISABLED = 0, 2
RC4 = 2


def pairs(options, name):
    for option in options:
        if option.startswith(name + "="):
            host, port = option[len(name) + 1:].rsplit(",", 1)
            yield host, int(port)


def settings(listen, options):
    tcp, utp, dht = ("tcp" in options), ("utp" in options), ("dht" in options)
    policy = PE_FORCED if "crypt" in options else PE_DISABLED
    rate = [int(option[5:]) for option in options if option.startswith("rate=")]
    return {
        "listen_interfaces": listen, "enable_upnp": False, "enable_natpmp": False, "enable_lsd": False,
        "enable_outgoing_tcp": tcp, "enable_incoming_tcp": tcp, "enable_outgoing_utp": utp, "enable_incoming_utp": utp,
        "out_enc_policy": policy, "in_enc_policy": policy, "allowed_enc_level": RC4, "prefer_rc4": True,
        "upload_rate_limit": rate[0] if rate else 0, "enable_dht": dht, "dht_bootstrap_nodes": "",
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False, "dht_enforce_node_id": False,
        "dht_prefer_verified_node_ids": False, "dht_ignore_dark_internet": False, "dht_announce_interval": 5,
        "allow_multiple_connections_per_ip": True, "min_reconnect_time": 2, "connection_speed": 10}


def main():
    torrent, folder, listen = sys.argv[1:4]
    options = sys.argv[4:]
    session = lt.session(settings(listen, options))
    everybody = lt.ip_filter()
    everybody.add_rule("0.0.0.0", "255.255.255.255", 1)
    session.set_peer_class_filter(everybody)  # else nothing limits what goes to the addresses of local networks
    for node in pairs(options, "node"):
        session.add_dht_node(node)
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    params.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    handle = session.add_torrent(params)
    while True:
        for peer in pairs(options, "peer"):
            if not handle.status().is_seeding:
                handle.connect_peer(peer)
        time.sleep(2)
        status = handle.status()
        print("progress %.2f, %d peers, %d DHT nodes" % (status.progress, status.num_peers, session.status().dht_nodes), flush=True)


if __name__ == "__main__":
    main()
