#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vlan-port.py TRUNK PORT=TAG[,TAG] [PORT=...]: the trunk port of a switch, as a program.

Frames that come out of the tap interface PORT, which must exist and be up, leave on the Ethernet interface TRUNK with these tags, and tagged frames
that arrive on TRUNK go untagged into their PORT. A TAG is VLAN-ID or TPID.VLAN-ID, the outer one first; TPID is
hexadecimal, 8100 if not given. A kernel with 802.1Q can do the same; this needs none of its modules.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA = 0x0003, 263, 8
PACKET_OUTGOING = 4
TAG_VALID = 0x10  # TP_STATUS_VLAN_VALID: the kernel took the outer tag off and tells it beside the frame
LARGEST_FRAME = 65536


def tap_open(name):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def trunk_open(name):
    trunk = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    trunk.bind((name, ETH_P_ALL))
    trunk.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return trunk


def parse_tags(text):
    tags = b""
    for tag in text.split(","):
        tpid, _, vlan = tag.rpartition(".")
        tags += struct.pack("!HH", int(tpid or "8100", 16), int(vlan))
    return tags


def receive(trunk):
    """A frame as it was on the wire, the outer tag put back, or None for what this end sent itself."""
    frame, beside, _, sender = trunk.recvmsg(LARGEST_FRAME, 256)
    if sender[2] == PACKET_OUTGOING:
        return None
    for level, kind, data in beside:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & TAG_VALID:
                frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def main():
    trunk = trunk_open(sys.argv[1])
    ports = {}
    for argument in sys.argv[2:]:
        name, _, tags = argument.partition("=")
        ports[tap_open(name)] = parse_tags(tags)
    while True:
        ready, _, _ = select.select([trunk, *ports], [], [])
        for source in ready:
            if source is trunk:
                frame = receive(trunk)
                for tap, tags in ports.items():
                    if frame and frame[12:12 + len(tags)] == tags:
                        os.write(tap, frame[:12] + frame[12 + len(tags):])
            else:
                frame = os.read(source, LARGEST_FRAME)
                trunk.send(frame[:12] + ports[source] + frame[12:])


if __name__ == "__main__":
    main()
