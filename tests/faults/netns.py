# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe and collector in network namespaces of their own, with a router in a third one between them:

    probe 10.213.1.1 --- 10.213.1.2 (portp) router (portc) 10.213.2.2 --- 10.213.2.1 collector

cut(end) takes one end's cable out: that end sees no carrier, the other hears at most that there is no way."""
import itertools
import os
import subprocess

NETS = {"p": "10.213.1", "c": "10.213.2"}
COLLECTOR_ADDRESS = f"{NETS['c']}.1"
NUMBERS = itertools.count()


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


class Cable:
    def __init__(self):
        base = f"nmf{os.getpid()}-{next(NUMBERS)}"
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
        for end, net in NETS.items():
            port, name = f"port{end}", self.names[end]
            ip("-n", middle, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", middle, "addr", "add", f"{net}.2/24", "dev", port)
            ip("-n", middle, "link", "set", port, "up")
            ip("-n", name, "addr", "add", f"{net}.1/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "route", "add", "default", "via", f"{net}.2")
        subprocess.run([*self.under("m"), "tee", "/proc/sys/net/ipv4/ip_forward"], input=b"1", check=True, capture_output=True,
                       timeout=20)

    def under(self, end):
        """Words in front of a command that is to run there."""
        return ["ip", "netns", "exec", self.names[end]]

    def cut(self, end):
        ip("-n", self.names["m"], "link", "set", f"port{end}", "down")

    def mend(self, end):
        ip("-n", self.names["m"], "link", "set", f"port{end}", "up")
