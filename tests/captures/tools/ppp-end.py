#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ppp-end.py ADDRESS:PEER-ADDRESS [ignored...]: one end of PPP, on standard input and output.

Stands in for pppd where the kernel has no PPP: LCP (RFC 1661) and IPCP (RFC 1332) in asynchronous framing (RFC 1662), without options
but the magic number and the address, then IP between the line and a tun interface of its own. The first argument that looks
like it gives the addresses, so that it takes the arguments that pptpd and xl2tpd have for pppd.
"""
import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import time
import tty

FLAG, ESCAPE = 0x7E, 0x7D
CONFIGURE_REQUEST, CONFIGURE_ACK, ECHO_REQUEST, ECHO_REPLY = 1, 2, 9, 10
LCP, IPCP, IPV4 = 0xC021, 0x8021, 0x0021
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def fcs(data):
    value = 0xFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


def frame(protocol, body):
    data = b"\xff\x03" + struct.pack("!H", protocol) + body
    data += struct.pack("<H", fcs(data))
    out = bytearray([FLAG])
    for octet in data:
        out += bytes([ESCAPE, octet ^ 0x20]) if octet < 0x20 or octet in (FLAG, ESCAPE) else bytes([octet])
    return bytes(out) + bytes([FLAG])


def control(protocol, code, number, body):
    return frame(protocol, struct.pack("!BBH", code, number, 4 + len(body)) + body)


class Line:
    """Octets from the other end, cut into frames."""

    def __init__(self):
        self.rest = b""

    def frames(self, data):
        *parts, self.rest = (self.rest + data).split(bytes([FLAG]))
        for part in parts:
            out, escaped = bytearray(), False
            for octet in part:
                if octet == ESCAPE:
                    escaped = True
                    continue
                out.append(octet ^ 0x20 if escaped else octet)
                escaped = False
            if len(out) > 6 and out[:2] == b"\xff\x03":
                yield struct.unpack_from("!H", out, 2)[0], bytes(out[4:-2])


def tun_open(own, peer):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    name = fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"ppp%d", IFF_TUN | IFF_NO_PI))[:16].strip(b"\0").decode()
    subprocess.run(["ip", "addr", "add", own, "peer", peer, "dev", name], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "set", name, "up", "mtu", "1300"], check=True, stdout=subprocess.DEVNULL)
    return tun


def addresses(arguments):
    for argument in arguments:
        if re.fullmatch(r"[0-9.]+:[0-9.]+", argument):
            return argument.split(":")
    sys.exit("no addresses")


def main():
    own, peer = addresses(sys.argv[1:])
    if os.isatty(0):
        tty.setraw(0)
    magic = os.urandom(4)
    line, tun, agreed = Line(), None, set()
    own_octets = bytes(map(int, own.split(".")))
    asked = 0.0
    while True:
        if time.monotonic() - asked > 0.5 and len(agreed) < 2:
            asked = time.monotonic()
            os.write(1, control(LCP, CONFIGURE_REQUEST, 1, b"\x05\x06" + magic))
            os.write(1, control(IPCP, CONFIGURE_REQUEST, 2, b"\x03\x06" + own_octets))
        ready, _, _ = select.select([0] if tun is None else [0, tun], [], [], 0.2)
        if tun in ready:
            packet = os.read(tun, 2000)
            if packet[0] >> 4 == 4:
                os.write(1, frame(IPV4, packet))
        if 0 not in ready:
            continue
        data = os.read(0, 4000)
        if not data:
            return
        for protocol, body in line.frames(data):
            if protocol == IPV4 and tun is not None:
                os.write(tun, body)
            elif protocol in (LCP, IPCP) and body[0] == CONFIGURE_REQUEST:
                os.write(1, control(protocol, CONFIGURE_ACK, body[1], body[4:]))
            elif protocol == LCP and body[0] == ECHO_REQUEST:
                os.write(1, control(LCP, ECHO_REPLY, body[1], magic + body[8:]))
            elif protocol in (LCP, IPCP) and body[0] == CONFIGURE_ACK:
                agreed.add(protocol)
        if tun is None and len(agreed) == 2:
            tun = tun_open(own, peer)


if __name__ == "__main__":
    main()
