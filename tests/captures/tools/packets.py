# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations of a capture file, read with nothing but Python's standard library.

A conversation is (protocol, address, port, address, port), seen from whoever sent its first packet. Ethernet,
802.1Q, QinQ, IPv4, IPv6 with extension headers, TCP, UDP, some protocols without ports, and GRE and L2TP (whose inner
packet is what counts) are understood; whatever else is in a capture is an error, because a capture of ours must hold nothing unexplained.
"""
import collections
import ipaddress
import struct

ICMP, TCP, UDP, GRE, ICMP6 = 1, 6, 17, 47, 58
WITHOUT_PORTS = (ICMP, 2, GRE, 50, 51, ICMP6, 88, 89, 103, 112)  # IGMP, ESP, AH, EIGRP, OSPF, PIM, VRRP
IPV4, IPV6, PPP = 0x0800, 0x86DD, 0x880B
L2TP_PORT = 1701
VLAN_TYPES = (0x8100, 0x88A8, 0x9100)
EXTENSIONS = (0, 43, 60)
FRAGMENT = 44


class NotUnderstood(Exception):
    pass


class Conversation:
    def __init__(self):
        self.packets = 0
        self.octets = 0  # IP total length, as flow records count them
        self.payload = 0
        self.answers = 0  # packets from the side that did not begin


def frames(path):
    """Yields the link-layer frames of a pcap or pcapng file (Ethernet only)."""
    data = open(path, "rb").read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        yield from pcapng_frames(data)
        return
    magic, = struct.unpack_from("<I", data)
    order = "<" if magic in (0xA1B2C3D4, 0xA1B23C4D) else ">"
    if struct.unpack_from(order + "I", data, 20)[0] != 1:
        raise NotUnderstood("not an Ethernet capture")
    at = 24
    while at < len(data):
        stored, = struct.unpack_from(order + "I", data, at + 8)
        yield data[at + 16:at + 16 + stored]
        at += 16 + stored


def pcapng_frames(data):
    order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(order + "II", data, at)
        if kind == 6:
            stored, full = struct.unpack_from(order + "II", data, at + 20)
            if stored != full:
                raise NotUnderstood("a packet was cut short")
            yield data[at + 28:at + 28 + stored]
        at += length


def strip_link(frame):
    """Ether type and payload of a frame, VLAN tags taken off."""
    at = 12
    kind, = struct.unpack_from("!H", frame, at)
    while kind in VLAN_TYPES:
        at += 4
        kind, = struct.unpack_from("!H", frame, at)
    return kind, frame[at + 2:]


def strip_ppp(data):
    """Ether type and packet inside; None for what PPP says for itself."""
    at = 2 if data[:2] == b"\xff\x03" else 0
    return (IPV4, data[at + 2:]) if data[at:at + 2] == b"\x00\x21" else None


def strip_gre(data):
    """Ether type and packet inside; None where it carries nothing but what PPP says for itself (RFC 2637)."""
    flags, kind = struct.unpack_from("!HH", data)
    if flags & 7 > 1 or (flags & 7 == 1 and kind != PPP):
        raise NotUnderstood("GRE version %d" % (flags & 7))
    optional = sum(4 for bit in (0x8000, 0x2000, 0x1000, 0x0080) if flags & bit)
    if flags & 7:
        return strip_ppp(data[4 + optional:])
    return kind, data[4 + optional:]


def is_l2tp(proto, data):
    return proto == UDP and len(data) > 14 and L2TP_PORT in struct.unpack_from("!HH", data)


def strip_l2tp(datagram):
    """The same for a UDP datagram of L2TP (RFC 2661 section 3.1); None for its control messages."""
    flags, = struct.unpack_from("!H", datagram, 8)
    if flags & 0x8000:
        return None
    at = 8 + 6 + (2 if flags & 0x4000 else 0) + (4 if flags & 0x0800 else 0)
    if flags & 0x0200:
        at += 2 + struct.unpack_from("!H", datagram, at)[0]
    return strip_ppp(datagram[at:])


def strip_ipv6(packet):
    """Next header after the extension headers, and what follows them."""
    proto, at = packet[6], 40
    while proto in EXTENSIONS or proto == FRAGMENT:
        if proto == FRAGMENT:
            raise NotUnderstood("a fragment")
        proto, at = packet[at], at + 8 * (packet[at + 1] + 1)
    return proto, packet[at:]


def dissect(kind, packet):
    """(protocol, source, destination, transport header and data, octets of that on the wire, IP total length), following
    GRE inwards. The end of a packet may not have been captured."""
    if kind == IPV4:
        total, fragment = struct.unpack_from("!H2xH", packet, 2)
        if fragment & 0x3FFF:
            raise NotUnderstood("a fragment")
        packet = packet[:total]
        proto, inner = packet[9], packet[4 * (packet[0] & 15):]
        ends = packet[12:16], packet[16:20]
    elif kind == IPV6:
        total = 40 + struct.unpack_from("!H", packet, 4)[0]
        packet = packet[:total]
        proto, inner = strip_ipv6(packet)
        ends = packet[8:24], packet[24:40]
    else:
        raise NotUnderstood("ether type %#06x" % kind)
    carried = strip_gre(inner) if proto == GRE else strip_l2tp(inner) if is_l2tp(proto, inner) else None
    if carried:
        return dissect(*carried)
    source, destination = (str(ipaddress.ip_address(end)) for end in ends)
    return proto, source, destination, inner, total - (len(packet) - len(inner)), total


def transport(proto, data, length):
    """Ports and payload octets; what has no ports is written with 0 0."""
    if proto == TCP:
        sport, dport = struct.unpack_from("!HH", data)
        return sport, dport, length - 4 * (data[12] >> 4)
    if proto == UDP:
        sport, dport = struct.unpack_from("!HH", data)
        return sport, dport, length - 8
    if proto in WITHOUT_PORTS:
        return 0, 0, length
    raise NotUnderstood("IP protocol %d" % proto)


def conversations(path):
    """Ordered dict (proto, saddr, sport, daddr, dport) -> Conversation, in order of the first packets."""
    found = collections.OrderedDict()
    for number, frame in enumerate(frames(path), 1):
        try:
            proto, source, destination, data, length, total = dissect(*strip_link(frame))
            sport, dport, payload = transport(proto, data, length)
        except NotUnderstood as reason:
            raise NotUnderstood("%s: packet %d: %s" % (path, number, reason))
        key = (proto, source, sport, destination, dport)
        back = (proto, destination, dport, source, sport)
        talk = found.setdefault(back if back in found else key, Conversation())
        talk.answers += back in found
        talk.packets += 1
        talk.octets += total
        talk.payload += payload
    return found
