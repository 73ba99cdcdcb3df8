# SPDX-License-Identifier: GPL-3.0-or-later
"""A collector that stands still, and one that the network is cut to, are found out by the probe within 20 s, and come back."""
import os
import signal
import subprocess
import time
import unittest
from pathlib import Path

import netmon_e2e as e2e

PROMISED_S = 20
CAPTURE = e2e.capture("http")


class Running:
    """A collector and a probe that reads a pipe, which stays open."""

    def __init__(self, case, name, host, port, before=((), ())):
        self.store = case.dir / f"{name}.db"
        self.netmond = case.start(*before[0], e2e.binary("netmond"), "--listen", "*", "--insecure", "-p", port, "--store",
                                  f"sqlite:{self.store}")
        self.netmond.wait_line("ready")
        self.probe = case.start(*before[1], e2e.binary("netmonc"), "-h", host, "-p", port, "--insecure", "--probe", name,
                                "--spool", case.dir / f"{name}.spool", "-v", "-r", "-", stdin=subprocess.PIPE)
        self.data = Path(CAPTURE).read_bytes()
        # the header alone: the rest is metered while nobody listens
        self.write(self.data[:24])
        self.probe.wait_line("connected to collector")

    def write(self, data):
        self.probe.popen.stdin.write(data)
        self.probe.popen.stdin.flush()

    def deliver(self, case):
        """All that is in the pipe, and its end."""
        self.probe.wait_line("(?s)connected to collector.*connected to collector", timeout=30)
        self.write(self.data[24:])
        self.probe.popen.stdin.close()
        case.assertEqual(self.probe.wait_end(), 0)
        e2e.wait_until(lambda: e2e.store_sums(self.store) == e2e.sums(e2e.netmonc_csv(CAPTURE)), "all of it in the store")


@e2e.needs_netns
class DeadPeer(e2e.Case):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)
        self.ns = [f"nmdead{os.getpid()}{end}" for end in "ab"]
        for number, ns in enumerate(self.ns):
            e2e.run("ip", "netns", "add", ns)
            self.addCleanup(e2e.run, "ip", "netns", "del", ns)
            if number == 0:
                continue
            e2e.run("ip", "-n", self.ns[0], "link", "add", "w0", "type", "veth", "peer", "name", "w1", "netns", ns)
        for number, ns in enumerate(self.ns):
            e2e.run("ip", "-n", ns, "addr", "add", f"10.99.1.{number + 1}/24", "dev", f"w{number}")
            e2e.run("ip", "-n", ns, "link", "set", f"w{number}", "up")

    def test_both_are_found_out_in_time_and_everything_arrives_later(self):
        still = Running(self, "still", "localhost", e2e.free_port())
        cut = Running(self, "cut", "10.99.1.1", 5000, [("ip", "netns", "exec", ns) for ns in self.ns])
        begun = time.monotonic()
        still.netmond.send(signal.SIGSTOP)
        e2e.run("ip", "-n", self.ns[0], "link", "set", "w0", "down")
        for running in (still, cut):
            running.probe.wait_line("no connection to collector", timeout=60)
        self.assertLessEqual(time.monotonic() - begun, PROMISED_S * e2e.SLOWER)
        still.netmond.send(signal.SIGCONT)
        e2e.run("ip", "-n", self.ns[0], "link", "set", "w0", "up")
        for running in (still, cut):
            running.deliver(self)


if __name__ == "__main__":
    unittest.main()
