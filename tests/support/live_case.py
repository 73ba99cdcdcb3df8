# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace with links, frames of capture files sent on them, and netmonc that captures there."""
import collections
import os
import struct
import sys
import time

import netmon_e2e as e2e

# Sends the frames of a pcap file on an interface so many times, a few at a time. Run inside the namespace.
SENDER = """
import socket, struct, sys, time
data = open(sys.argv[2], "rb").read()
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
at, n, rounds = 24, 0, int(sys.argv[3])
while rounds:
    if at + 16 > len(data):
        at, rounds = 24, rounds - 1
        continue
    length = struct.unpack_from("<I", data, at + 8)[0]
    s.send(data[at + 16:at + 16 + length])
    at += 16 + length
    n += 1
    if n % 50 == 0:
        time.sleep(0.005)
"""


def totals(rows):
    """Packets, octets and label of each flow."""
    flows = collections.defaultdict(lambda: [0, 0])
    for r in rows:
        key = (r["saddr"], r["sport"], r["daddr"], r["dport"], r["protocol"], r["vlan"], r["application"])
        flows[key][0] += r["packets"]
        flows[key][1] += r["octets"]
    return dict(flows)


def frame_count(path):
    data = open(path, "rb").read()
    at, n = 24, 0
    while at + 16 <= len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        n += 1
    return n


class LiveCase(e2e.Case):
    """A test with a namespace of its own (self.ns): what goes into a0 comes out of a1, and so for b0 and b1."""

    def setUp(self):
        super().setUp()
        self.ns = f"nmlive{os.getpid()}"
        e2e.run("ip", "netns", "add", self.ns)
        self.addCleanup(e2e.run, "ip", "netns", "del", self.ns)
        # nothing but what the test sends may be on the wire
        self.inside("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6;"
                    "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
        for pair in ("a", "b"):
            # some captures have frames that were put together on receipt
            self.inside("ip", "link", "add", f"{pair}0", "mtu", "65535", "type", "veth",
                        "peer", "name", f"{pair}1", "mtu", "65535")
            self.inside("ip", "link", "set", f"{pair}0", "up")
            self.inside("ip", "link", "set", f"{pair}1", "up")

    def inside(self, *argv):
        return e2e.run("ip", "netns", "exec", self.ns, *argv)

    def live(self, *options):
        """Starts netmonc in the namespace and waits until its sockets are open."""
        process = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmonc"), "-o", "csv", *options)
        wanted = options.count("-i")

        def sockets():
            if not process.running():
                raise AssertionError(process.log())
            with open(f"/proc/{process.pid}/net/packet", encoding="ascii") as file:
                return len(file.readlines()) - 1 >= wanted and self.polls(process)

        e2e.wait_until(sockets, "netmonc to open its interfaces")
        return process

    def polls(self, process):
        """Whether it waits for packets."""
        with open(f"/proc/{process.pid}/wchan", encoding="ascii") as file:
            return "poll" in file.read()

    def send(self, interface, path, rounds=1):
        self.inside(sys.executable, "-c", SENDER, interface, path, rounds)
        time.sleep(0.3)
