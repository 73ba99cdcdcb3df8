# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that does not take anything for a while: probes stay connected, nothing is acknowledged, nothing is lost."""
import sqlite3
import time

import netmon_e2e as e2e
from netmon_frames import HEARTBEAT, Probe, Record, chain, frame


class Backpressure(e2e.Case):
    def setUp(self):
        super().setUp()
        self.collector = self.netmond(store=True)

    def connect(self):
        probe = Probe(self.collector.port, timeout=40)
        self.addCleanup(probe.close)
        return probe

    def flows(self):
        return e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0]

    def test_a_locked_store_delays_the_acknowledgement_and_nothing_else(self):
        probes = [self.connect() for _ in range(3)]
        for n, probe in enumerate(probes):
            probe.greet(probe=f"p{n}", epoch=n + 1)
        lock = sqlite3.connect(self.dir / "netmon.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        for probe in probes:
            probe.push(1, [Record()])
            probe.send(frame(HEARTBEAT))
            # the answer to the heartbeat, and no ACK in front of it
            self.assertEqual(probe.receive(), (HEARTBEAT, b""))
        time.sleep(1)
        lock.execute("ROLLBACK")
        lock.close()
        for probe in probes:
            probe.acknowledged_up_to(1)
            probe.store(2, [Record()])
        self.assertEqual(self.flows(), 6)

    def test_what_is_queued_is_stored_when_it_is_told_to_end(self):
        probe = self.connect()
        probe.greet()
        for data in chain(1, 20):
            probe.send(data)
        probe.acknowledged_up_to(20)
        self.assertEqual(self.collector.stop(), 0)
        self.assertEqual(self.flows(), 20)

    def test_one_that_floods_does_not_delay_the_others_batches(self):
        greedy, honest = self.connect(), self.connect()
        greedy.greet(probe="greedy", epoch=9)
        honest.greet(probe="honest", epoch=7)
        greedy.send(b"".join(chain(1, 200, epoch=9)))
        begun = time.monotonic()
        honest.store(1, [Record()])
        self.assertLess(time.monotonic() - begun, 2 * e2e.SLOWER)
        greedy.acknowledged_up_to(200)
