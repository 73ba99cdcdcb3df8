# SPDX-License-Identifier: GPL-3.0-or-later
"""Reloads under load: modules, services and rules are read anew again and again while packets come, and none is lost."""
import collections
import re
import signal
import subprocess
import threading

import netmon_e2e as e2e
from live_case import LiveCase

RELOADS = 50
NAMES = ("http", "https", "dns", "ftp", "sip", "bt-utp", "smtp", "ssh")


def totals(rows):
    """(packets, octets) of each flow, whatever its records."""
    sums = collections.defaultdict(lambda: [0, 0])
    for r in rows:
        sums[r["saddr"], r["daddr"], r["sport"], r["dport"], r["protocol"]][0] += r["packets"]
        sums[r["saddr"], r["daddr"], r["sport"], r["dport"], r["protocol"]][1] += r["octets"]
    return {key: tuple(value) for key, value in sums.items()}


class Lists(e2e.Case):
    """Files that change with each reload."""

    def setUp(self):
        super().setUp()
        self.modules = self.dir / "modules"
        self.rules = self.dir / "rules.conf"
        self.services = self.dir / "services.conf"
        self.all = [line.split("#")[0].strip() for line in (e2e.TREE / "etc" / "modules").read_text().splitlines()]
        self.change(0)
        self.dir.chmod(0o755)

    def options(self):
        return ("--modules", self.modules, "--rules", self.rules, "--services", self.services)

    def change(self, n):
        """Other modules in another order, another rule, other services."""
        names = [name for name in self.all if name and (n % 3 != 1 or name not in ("http", "sip"))]
        self.modules.write_text("\n".join(reversed(names) if n % 2 else names) + "\n")
        self.rules.write_text(f'tcp port 21 = "Rule {n % 4}"\n' if n % 5 else "")
        self.services.write_text(f"Service {n % 3} [Test] = example.com, example.org\n")

    def reload_again_and_again(self, process, meanwhile=lambda: None):
        def is_done():
            meanwhile()
            return len(re.findall("rules read again", process.log())) > done

        for n in range(1, RELOADS + 1):
            self.change(n)
            done = len(re.findall("rules read again", process.log()))
            process.send(signal.SIGHUP)
            e2e.wait_until(is_done, "a reload", timeout=20)


class Replay(Lists):
    def test_fifty_reloads_lose_nothing_of_a_replay(self):
        process = self.start("netmonc", "-v", "-o", "csv", *self.options(), "-r", "-", stdin=subprocess.PIPE)
        data = [open(e2e.capture(name), "rb").read() for name in NAMES]
        whole = data[0] + b"".join(d[24:] for d in data[1:])
        pipe, at = process.popen.stdin, 0

        def feed(size=500):
            """A few bytes, not up to the border of a packet."""
            nonlocal at
            pipe.write(whole[at:at + size])
            pipe.flush()
            at += size

        process.wait_line("module http: ")  # from then on signals are caught
        self.reload_again_and_again(process, feed)
        self.assertLess(at, len(whole), "all was read before the last reload")
        with pipe:
            feed(len(whole))
        self.assertEqual(process.wait_end(), 0, process.log())
        wanted = collections.Counter()
        for name in NAMES:
            for key, (packets, octets) in totals(e2e.netmonc_csv(e2e.capture(name))).items():
                wanted[key, "packets"] += packets
                wanted[key, "octets"] += octets
        got = collections.Counter()
        rows = e2e.records(process.out())
        for key, (packets, octets) in totals(rows).items():
            got[key, "packets"] += packets
            got[key, "octets"] += octets
        self.assertEqual(got, wanted)
        self.assertIn("the ledger closes", process.log())


class Live(Lists, LiveCase):
    def test_fifty_reloads_lose_nothing_of_a_link_with_two_workers(self):
        process = self.live("-v", "-i", "a1", "--workers", "2", *self.options())
        sender = threading.Thread(target=lambda: [self.send("a0", e2e.capture(n)) for n in NAMES])
        sender.start()
        self.reload_again_and_again(process)
        sender.join()
        self.assertEqual(process.stop(), 0, process.log())
        wanted = collections.Counter()
        for name in NAMES:
            for key, (packets, octets) in totals(e2e.netmonc_csv(e2e.capture(name))).items():
                wanted[key] += packets
        got = collections.Counter({key: packets for key, (packets, _) in totals(e2e.records(process.out())).items()})
        self.assertEqual(got, wanted)
        self.assertIn("the ledger closes", process.log())
