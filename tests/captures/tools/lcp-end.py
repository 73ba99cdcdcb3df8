#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""lcp-end.py [ignored...]: one end of PPP, on standard input and output, that gets no further than its first words.

Stands in for pppd where the kernel has no PPP: sends LCP Configure-Request (RFC 1661) in asynchronous framing (RFC 1662), agrees
to what the other end asks, sends an Echo-Request each 200 ms, and ends after two seconds.
"""
import os
import select
import struct
import time

FLAG, ESCAPE = 0x7E, 0x7D
CONFIGURE_REQUEST, CONFIGURE_ACK, ECHO_REQUEST = 1, 2, 9


def fcs(data):
    value = 0xFFFF
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


def frame(code, number, body):
    data = b"\xff\x03\xc0\x21" + struct.pack("!BBH", code, number, 4 + len(body)) + body
    data += struct.pack("<H", fcs(data))
    out = bytearray([FLAG])
    for octet in data:
        out += bytes([ESCAPE, octet ^ 0x20]) if octet < 0x20 or octet in (FLAG, ESCAPE) else bytes([octet])
    return bytes(out) + bytes([FLAG])


def frames(data):
    for part in data.split(bytes([FLAG])):
        out, escaped = bytearray(), False
        for octet in part:
            if octet == ESCAPE:
                escaped = True
                continue
            out.append(octet ^ 0x20 if escaped else octet)
            escaped = False
        if len(out) > 10 and out[:4] == b"\xff\x03\xc0\x21":
            yield out[4], out[5], bytes(out[8:-2])


def main():
    magic = os.urandom(4)
    end = time.monotonic() + 2
    os.write(1, frame(CONFIGURE_REQUEST, 1, b"\x05\x06" + magic))
    number = 2
    while time.monotonic() < end:
        ready, _, _ = select.select([0], [], [], 0.2)
        data = os.read(0, 2000) if ready else b""
        if ready and not data:
            return
        for code, said, body in frames(data):
            if code == CONFIGURE_REQUEST:
                os.write(1, frame(CONFIGURE_ACK, said, body))
        if not ready:
            os.write(1, frame(ECHO_REQUEST, number, magic))
            number += 1


if __name__ == "__main__":
    main()
