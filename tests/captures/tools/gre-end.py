#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""gre-end.py INTERFACE LOCAL REMOTE [key=N] [csum] [seq]: one end of a GRE tunnel (RFC 2784, RFC 2890), as a program.

Packets that are routed into the tun interface INTERFACE, which must exist, leave inside GRE from LOCAL to REMOTE, and what arrives from
there comes out of INTERFACE. A kernel with GRE can do the same; this needs none of its modules.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
IPPROTO_GRE = 47
FLAG_CHECKSUM, FLAG_KEY, FLAG_SEQUENCE = 0x8000, 0x2000, 0x1000
ETHER_TYPE = {4: 0x0800, 6: 0x86DD}
LARGEST_PACKET = 65536


def tun_open(name):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def checksum(data):
    """Internet checksum, RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Tunnel:
    """The header of the packets of one direction; the sequence number counts them."""

    def __init__(self, options):
        self.key = next((int(option[4:]) for option in options if option.startswith("key=")), None)
        self.with_checksum, self.with_sequence = "csum" in options, "seq" in options
        self.sequence = 0

    def wrap(self, packet):
        flags, optional = 0, b""
        if self.key is not None:
            flags |= FLAG_KEY
            optional += struct.pack("!I", self.key)
        if self.with_sequence:
            flags |= FLAG_SEQUENCE
            optional += struct.pack("!I", self.sequence)
            self.sequence += 1
        kind = ETHER_TYPE[packet[0] >> 4]
        if not self.with_checksum:
            return struct.pack("!HH", flags, kind) + optional + packet
        flags |= FLAG_CHECKSUM
        total = checksum(struct.pack("!HHI", flags, kind, 0) + optional + packet)
        return struct.pack("!HHHH", flags, kind, total, 0) + optional + packet


def unwrap(datagram):
    """The inner packet of an IPv4 datagram that carries GRE."""
    gre = datagram[4 * (datagram[0] & 15):]
    flags, = struct.unpack_from("!H", gre)
    return gre[4 + sum(4 for bit in (FLAG_CHECKSUM, FLAG_KEY, FLAG_SEQUENCE) if flags & bit):]


def main():
    tun = tun_open(sys.argv[1])
    tunnel = Tunnel(sys.argv[4:])
    outer = socket.socket(socket.AF_INET, socket.SOCK_RAW, IPPROTO_GRE)
    outer.bind((sys.argv[2], 0))
    while True:
        ready, _, _ = select.select([tun, outer], [], [])
        if tun in ready:
            outer.sendto(tunnel.wrap(os.read(tun, LARGEST_PACKET)), (sys.argv[3], 0))
        if outer in ready:
            os.write(tun, unwrap(outer.recv(LARGEST_PACKET)))


if __name__ == "__main__":
    main()
