# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: peers.py slow|garbage|half-open|attempts PORT SECONDS

Hostile peers of a collector on loopback: 200 that send one octet a second of a frame that never ends; 50 that send garbage as
fast as it is taken, again and again; 300 that connect and say nothing; 2,000 that connect, and again when they are closed."""
import asyncio
import os
import struct
import sys
import time

COUNTS = {"slow": 200, "garbage": 50, "half-open": 300, "attempts": 2000}


async def slow(_, writer, end):
    """A frame's header, then its octets one by one."""
    writer.write(struct.pack(">BBHI", 1, 0, 0, 4000))
    while time.monotonic() < end:
        writer.write(b"N")
        await writer.drain()
        await asyncio.sleep(1)


async def garbage(_, writer, end):
    while time.monotonic() < end:
        writer.write(os.urandom(65536))
        await writer.drain()


async def silent(reader, _, end):
    await asyncio.wait_for(reader.read(), max(0.1, end - time.monotonic()))


BEHAVIOUR = {"slow": slow, "garbage": garbage, "half-open": silent, "attempts": silent}


async def peer(kind, port, end):
    """One peer, which comes again for as long as there is time."""
    while time.monotonic() < end:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        try:
            await BEHAVIOUR[kind](reader, writer, end)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        writer.close()
        await asyncio.sleep(0.05)


async def main():
    kind, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    end = time.monotonic() + seconds
    peers = asyncio.gather(*(peer(kind, port, end) for _ in range(COUNTS[kind])), return_exceptions=True)
    try:  # a connection that nobody accepts waits longer than that
        await asyncio.wait_for(peers, seconds + 1)
    except asyncio.TimeoutError:
        pass


asyncio.run(main())
