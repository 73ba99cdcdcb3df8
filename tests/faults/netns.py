# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe and collector in network namespaces of their own, with a bridge in a third one between them:

    probe 10.213.0.1 --- (port p) bridge (port c) --- 10.213.0.2 collector

cut(end) takes one end's cable out: that end sees no carrier, the other sees nothing at all."""
import os
import subprocess

PROBE_ADDRESS, COLLECTOR_ADDRESS = "10.213.0.1", "10.213.0.2"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


class Cable:
    def __init__(self):
        base = f"nmf{os.getpid()}"
        self.names = {end: f"{base}{end}" for end in "pcm"}
        self.made = []

    def __enter__(self):
        try:
            for name in self.names.values():
                ip("netns", "add", name)
                self.made.append(name)
            self._wire()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=20)
        self.made = []

    def _wire(self):
        middle = self.names["m"]
        ip("-n", middle, "link", "add", "br", "type", "bridge")
        ip("-n", middle, "link", "set", "br", "up")
        for end, address in (("p", PROBE_ADDRESS), ("c", COLLECTOR_ADDRESS)):
            ip("-n", middle, "link", "add", f"port{end}", "type", "veth", "peer", "name", "eth0", "netns", self.names[end])
            ip("-n", middle, "link", "set", f"port{end}", "master", "br", "up")
            ip("-n", self.names[end], "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", self.names[end], "link", "set", "eth0", "up")
            ip("-n", self.names[end], "link", "set", "lo", "up")

    def under(self, end):
        """Words in front of a command that is to run there."""
        return ["ip", "netns", "exec", self.names[end]]

    def cut(self, end):
        ip("-n", self.names["m"], "link", "set", f"port{end}", "down")

    def mend(self, end):
        ip("-n", self.names["m"], "link", "set", f"port{end}", "up")
