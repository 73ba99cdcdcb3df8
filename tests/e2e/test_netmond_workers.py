# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond --workers: several processes, one port, one store, and the same promise."""
import json
import os
import signal

import netmon_e2e as e2e
from netmon_frames import BUSY, FENCED, HELLO_ACK, OK, Probe, Record, batch, crc_of


class Sender:
    """A probe that comes again when its worker dies, and sends what is not stored."""

    def __init__(self, case, name, epoch):
        self.case, self.name, self.epoch, self.sent = case, name, epoch, []
        self.connect()

    def connect(self):
        def greeted():
            probe = Probe(self.case.collector.port)
            self.case.addCleanup(probe.close)
            try:
                status, committed, _ = probe.greet(probe=self.name, epoch=self.epoch, following=len(self.sent) + 1)
            except (EOFError, ConnectionError):
                return None
            if status != OK:
                return None
            self.committed = committed
            return probe

        self.probe = e2e.wait_until(greeted, f"{self.name} to be served")

    def add(self):
        previous = crc_of(self.sent[-1]) if self.sent else 0
        number = len(self.sent) + 1
        self.sent.append(batch(number, [Record(octets=1000 + number)], epoch=self.epoch, previous=previous))

    def deliver(self):
        """Until all is acknowledged."""
        while True:
            try:
                if self.committed < len(self.sent):
                    self.probe.send(b"".join(self.sent[self.committed:]))
                    self.probe.acknowledged_up_to(len(self.sent))
                self.committed = len(self.sent)
                return
            except (EOFError, ConnectionError):
                self.connect()


class Workers(e2e.Case):
    def serve(self, *options, workers=2, **kwargs):
        self.control = self.dir / "netmond.sock"
        self.collector = self.netmond("--control", self.control, "--workers", workers, *options, store=True, **kwargs)
        e2e.wait_until(lambda: len(self.status()["workers"]) == workers, "all workers")

    def status(self):
        done = e2e.run("netmond", "--status", "--json", "--control", self.control, check=False)
        return json.loads(done.stdout or '{"workers": []}')

    def pids(self):
        return [w["pid"] for w in self.status()["workers"]]

    def rows(self):
        return [tuple(r) for r in e2e.query(self.dir / "netmon.db",
                                            "SELECT p.name, count(*), sum(f.octets) FROM flow f JOIN link l ON l.id = f.link "
                                            "JOIN probe p ON p.id = l.probe GROUP BY p.name ORDER BY p.name")]

    def expected(self, senders):
        return sorted((s.name, len(s.sent), sum(1000 + n + 1 for n in range(len(s.sent)))) for s in senders)

    def test_together_they_take_more_connections_than_one(self):
        self.serve("--probes", 5)
        senders = [Sender(self, f"p{n}", n + 1) for n in range(10)]
        for sender in senders:
            sender.add()
            sender.deliver()
        self.assertEqual(self.rows(), self.expected(senders))
        self.assertEqual(sorted(w["connected"] for w in self.status()["workers"]), [5, 5])
        self.assertEqual(len(self.status()["probes"]), 10)
        one_more = Probe(self.collector.port)
        self.addCleanup(one_more.close)
        kind, body = one_more.receive()
        self.assertEqual((kind, body[3]), (HELLO_ACK, BUSY))

    def test_when_one_is_killed_its_probes_come_back_and_nothing_is_lost_or_doubled(self):
        self.serve("--probes", 4)
        senders = [Sender(self, f"p{n}", n + 1) for n in range(6)]
        for turn in range(4):
            for sender in senders:
                for _ in range(3):
                    sender.add()
                if sender.committed < len(sender.sent):
                    try:  # what is on its way when the worker dies
                        sender.probe.send(sender.sent[sender.committed])
                    except OSError:
                        pass
            victim = self.pids()[turn % 2]
            os.kill(victim, signal.SIGKILL)
            for sender in senders:
                sender.probe.close()
                sender.connect()
                sender.deliver()
            e2e.wait_until(lambda v=victim: len(self.pids()) == 2 and v not in self.pids(), "another worker")
        self.assertEqual(self.rows(), self.expected(senders))
        self.assertEqual(self.collector.log().count("was ended by signal 9 and is started again"), 4)

    def test_a_probe_that_another_took_over_from_is_fenced_off_in_every_worker(self):
        self.serve("--probes", 1)
        old = Sender(self, "core", 1)
        old.add()
        old.deliver()
        new = Sender(self, "core", 2)  # one place each: this is the other worker
        new.add()
        new.deliver()
        old.add()
        old.probe.send(old.sent[1])
        kind, body = old.probe.receive()
        self.assertEqual((kind, body[3]), (HELLO_ACK, FENCED))
        self.assertEqual(self.rows()[0][1], 2)

    def test_all_of_them_end_with_the_parent(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.serve(workers=3)
            pids = self.pids()
            self.assertEqual(len(set(pids)), 3)
            sender = Sender(self, "p", int(number))
            sender.add()
            sender.deliver()
            status = self.collector.stop(number)
            self.assertEqual(status, 0 if number == signal.SIGTERM else -number)
            e2e.wait_until(lambda p=pids: not any(os.path.exists(f"/proc/{pid}") for pid in p), "their end")

    def test_what_is_wrong_is_said_once(self):
        done = e2e.run("netmond", "--listen", "127.0.0.1", "-p", 0, "--workers", 3, "--store", "sqlite:/nonexistent/x.db",
                       check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("cannot create"), 1, done.stderr)
        done = e2e.run("netmond", "--listen", "127.0.0.1", "--workers", 3, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--workers goes with --store", done.stderr)

    def test_the_first_one_comes_back_also_when_the_store_was_away_meanwhile(self):
        self.serve(rrd=True)
        store, away = self.dir / "netmon.db", self.dir / "away.db"
        first = self.pids()[0]
        store.rename(away)
        store.mkdir()
        os.kill(first, signal.SIGKILL)
        self.collector.wait_line("worker 0 ended with status 1 and is started again")
        store.rmdir()
        away.rename(store)
        e2e.wait_until(lambda: len(self.pids()) == 2 and first not in self.pids(), "another first worker")
        self.assertEqual(self.collector.stop(), 0)

    def test_one_of_them_feeds_the_graphs_and_the_next_one_goes_on(self):
        self.serve("--probes", 3, rrd=True)
        sender = Sender(self, "p", 1)
        for _ in range(2):
            e2e.wait_until(lambda: [w.get("rrd_feeds") for w in self.status()["workers"]] == [1, 0], "one that feeds")
            sender.add()
            sender.deliver()
            os.kill(self.pids()[0], signal.SIGKILL)
            e2e.wait_until(lambda: len(self.status()["workers"]) == 2, "another worker")
        self.assertEqual(self.rows(), self.expected([sender]))
