#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check-truth.py [CAPTURE...]: every conversation of a capture has exactly one row in NAME.truth, and every row has traffic.

Without arguments, all captures beside this program. Prints one line per capture; exit status 1 if any is wrong.
"""
import collections
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "tools"))
import packets  # noqa: E402  (found through the line above)

HEADER = ["proto", "saddr", "sport", "daddr", "dport", "app", "accept"]
APPS = set("""
amqp babel bfd bgp bittorrent coap collectd dcerpc dhcp dhcpv6 diameter dns dot dtls edonkey eigrp finger ftp ftp-data git gnutella
graphite http https icecast icmp igmp imap imaps iperf ipmi ipsec irc iscsi kerberos l2tp ldap ldp memcached modbus mqtt msn
mumble munin mysql nat-pmp nats nbd netbios netflow nfs nntp nrpe ntp opc-ua openflow openvpn rlogin rsh thrift zeromq pim ospf pop3 pop3s postgresql pptp quic
radius rdp redis rip ripng rmcp rpki-rtr rsync rtmp rtp rtsp sip slp smb smtp smtps snmp socks ssdp ssh statsd stomp stun
sunrpc syncthing syslog tacplus telnet tftp unknown vnc vrrp websocket whois wireguard wsd x11 xmpp zabbix
""".split())


def read_truth(path):
    """(rows as {5-tuple: application}, complaints)"""
    rows, wrong = {}, []
    lines = [line.rstrip("\n").split("\t") for line in open(path)]
    if not lines or lines[0] != HEADER:
        return rows, ["%s: header is not %s" % (path, " ".join(HEADER))]
    for number, row in enumerate(lines[1:], 2):
        if len(row) != len(HEADER) or row[5] not in APPS or row[5] not in row[6].split("|"):
            wrong.append("%s:%d: not a row: %s" % (path, number, row))
            continue
        key = (int(row[0]), row[1], int(row[2]), row[3], int(row[4]))
        back = (key[0], key[3], key[4], key[1], key[2])
        if key in rows or back in rows:
            wrong.append("%s:%d: a second row for %s" % (path, number, key))
        rows[key] = row[5]
    return rows, wrong


def check(capture):
    rows, wrong = read_truth(os.path.splitext(capture)[0] + ".truth")
    talks = packets.conversations(capture)
    wrong += ["%s: no row for %s" % (capture, key) for key in talks if key not in rows]
    wrong += ["%s: no traffic for row %s" % (capture, key) for key in rows if key not in talks]
    apps = collections.Counter(rows.values())
    print("%-28s %7d octets %5d packets %4d conversations: %s" % (
        os.path.basename(capture), os.path.getsize(capture), sum(talk.packets for talk in talks.values()), len(talks),
        ", ".join("%d %s" % (count, app) for app, count in apps.most_common())))
    return wrong


def main():
    captures = sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "*.pcap")) + glob.glob(os.path.join(HERE, "*.pcapng")))
    wrong = []
    for capture in captures:
        try:
            wrong += check(capture)
        except (OSError, packets.NotUnderstood) as reason:
            wrong.append(str(reason))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong or not captures else 0


if __name__ == "__main__":
    sys.exit(main())
