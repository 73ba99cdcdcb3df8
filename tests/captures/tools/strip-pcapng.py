#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""strip-pcapng.py IN OUT: copies a little-endian pcapng file without what it says about the machine that recorded it.

The section header loses all its options, interface descriptions lose the operating system's name; the rest, such as the
resolution of the time stamps, stays.
"""
import struct
import sys

SECTION, INTERFACE = 0x0A0D0D0A, 1
FIXED_OCTETS = {SECTION: 16, INTERFACE: 8}
IF_OS = 12


def options(data):
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("<HH", data, at)
        whole = 4 + (length + 3) // 4 * 4
        yield code, data[at:at + whole]
        at += whole


def stripped(kind, body):
    fixed = FIXED_OCTETS.get(kind)
    if fixed is None:
        return body
    if kind == SECTION:
        # the section's length is not known: -1
        return body[:8] + struct.pack("<q", -1)
    return body[:fixed] + b"".join(data for code, data in options(body[fixed:]) if code != IF_OS)


def main():
    data = open(sys.argv[1], "rb").read()
    with open(sys.argv[2], "wb") as out:
        at = 0
        while at < len(data):
            kind, length = struct.unpack_from("<II", data, at)
            body = stripped(kind, data[at + 8:at + length - 4])
            total = struct.pack("<I", len(body) + 12)
            out.write(struct.pack("<I", kind) + total + body + total)
            at += length


if __name__ == "__main__":
    main()
