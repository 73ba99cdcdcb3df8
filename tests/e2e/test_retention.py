# SPDX-License-Identifier: GPL-3.0-or-later
"""How long data stays: netmond removes flows by age and by size while it takes new ones."""
import json
import os
import time
import unittest

import netmon_e2e as e2e
from netmon_frames import Probe, Record

DAY = 86400


def status(control):
    return json.loads(e2e.run("netmond", "--status", "--json", "--control", control).stdout)["workers"][0]


def removed(control):
    return status(control)["removed_by_size"]


class Retention(e2e.Case):
    def flows(self):
        return e2e.query(self.dir / "netmon.db", "SELECT count(*), min(expires), max(expires) FROM flow")[0]

    def send(self, netmond, *batches):
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        _, committed, _ = probe.greet()
        for i, records in enumerate(batches):
            probe.store(committed + 1 + i, records)
        return probe

    def test_flows_go_by_age_and_a_clock_that_is_ahead_takes_none(self):
        now = int(time.time())
        old, new = [Record(started=now - 3 * DAY, expires=now - 3 * DAY)] * 50, [Record(started=now, expires=now)]
        netmond = self.netmond(store=True)
        self.send(netmond, old, new)
        netmond.stop()
        preload = [f"{d}/faketime/libfaketime.so.1" for d in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")]
        # ASan has to be loaded before all others
        preload = [x for x in preload if os.path.exists(x) and not e2e.ASAN]
        if preload:
            env = {"LD_PRELOAD": preload[0], "FAKETIME": "+1000d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            netmond = self.netmond("--keep-flows=4", store=True, env=env)
            time.sleep(0.5)
            netmond.stop()
            self.assertEqual(self.flows()[0], 51)
        netmond = self.netmond("--keep-flows=2", store=True)
        e2e.wait_until(lambda: self.flows()[0] == 1, "the old flows to go")
        self.assertEqual(self.flows()[1], now)
        netmond.stop()

    def test_a_store_stays_below_its_size_under_load(self):
        netmond = self.netmond("--max-store=16", store=True)
        now = int(time.time())
        probe = self.send(netmond)
        slowest = 0
        for sequence in range(1, 151):
            begun = time.monotonic()
            probe.store(sequence, [Record(started=now + sequence, expires=now + sequence)] * 1500)
            slowest = max(slowest, time.monotonic() - begun)
            size = sum(f.stat().st_size for f in self.dir.glob("netmon.db*") if not f.name.endswith("-shm"))
            self.assertLessEqual(size, 16_000_000)
        count, _, newest = self.flows()
        self.assertEqual(newest, now + 150)
        self.assertLess(count, 150 * 1500)
        self.assertGreater(count, 20_000)
        self.assertLess(slowest, 10 * e2e.SLOWER)

    def test_what_is_not_in_totals_yet_stays_at_the_cap_and_batches_wait_with_the_probe(self):
        control = self.dir / "netmond.sock"
        netmond = self.netmond("--max-store=6", "--control", control, store=True)
        aggregate = ("netmon-aggregate", "--store", f"sqlite:{self.dir / 'netmon.db'}")
        now = int(time.time()) - 100
        probe = self.send(netmond, [Record(started=now, expires=now)] * 2)
        e2e.run(*aggregate)
        records = [Record(started=now, expires=now)] * 1500
        probe.sock.settimeout(2)
        sent = 2
        with self.assertRaises(TimeoutError):
            while sent < 100:
                probe.store(sent, records)
                sent += 1
        netmond.wait_line("above max_store, and its flows are not in totals")
        waits = status(control)
        self.assertGreater(waits["size_waits"], 0)
        self.assertLessEqual(waits["file"], 6_000_000)
        e2e.wait_until(lambda: self.flows()[0] + removed(control) == 2 + (sent - 2) * 1500, "all flows to be there or removed")
        e2e.run(*aggregate)
        probe.sock.settimeout(20)
        self.assertEqual(probe.acknowledged(), sent)
        e2e.wait_until(lambda: self.flows()[0] + removed(control) == 2 + (sent - 1) * 1500, "all flows to be there or removed")


if __name__ == "__main__":
    unittest.main()
