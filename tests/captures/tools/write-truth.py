#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""write-truth.py RULES CAPTURE: prints the truth of a capture.

The rules were written by the script that started the servers: what runs at which address and port. No packet's
content is looked at here; a conversation that no rule explains, or that two rules explain differently, is an error.
The label "unknown" is accepted, too, for conversations without any payload and for a few datagrams to a port where
nothing listened: there a probe has nothing to see.
"""
import ipaddress
import sys

import packets

NUMBER = {"tcp": packets.TCP, "udp": packets.UDP, "igmp": 2, "gre": packets.GRE, "esp": 50, "ah": 51, "eigrp": 88,
          "ospf": 89, "pim": 103, "vrrp": 112}
FEW_PACKETS = 6


def read_rules(path):
    for line in open(path):
        addresses, proto, ports, app, accept = line.rstrip("\n").split("\t")
        low, _, high = ports.partition("-")
        for address in addresses.split(","):
            yield (NUMBER[proto], str(ipaddress.ip_address(address)), range(int(low), int(high or low) + 1), app, accept)


def explain(rules, key):
    proto, saddr, sport, daddr, dport = key
    if proto in (packets.ICMP, packets.ICMP6):
        return "icmp", "icmp|icmpv6"
    for end in ((daddr, dport), (saddr, sport)):
        answers = {(app, accept) for number, address, ports, app, accept in rules
                   if number == proto and address == end[0] and end[1] in ports}
        if len(answers) == 1:
            return answers.pop()
        if answers:
            sys.exit("two rules explain %s: %s" % (key, answers))
    sys.exit("no rule explains proto %d, %s port %d to %s port %d" % key)


def says_nothing(proto, talk):
    return not talk.payload or (proto == packets.UDP and not talk.answers and talk.packets <= FEW_PACKETS)


def main():
    rules = list(read_rules(sys.argv[1]))
    print("proto", "saddr", "sport", "daddr", "dport", "app", "accept", sep="\t")
    for key, talk in packets.conversations(sys.argv[2]).items():
        app, accept = explain(rules, key)
        if says_nothing(key[0], talk) and "unknown" not in accept.split("|"):
            accept += "|unknown"
        print(*key, app, accept, sep="\t")


if __name__ == "__main__":
    main()
