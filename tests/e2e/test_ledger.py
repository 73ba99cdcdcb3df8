# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon ledger: what became of every packet, and whether it all adds up."""
import csv
import io
import json
import signal
import time

import netmon_e2e as e2e
from live_case import LiveCase
from netmon_frames import Probe, Record

SEEN, METERED, KERNEL_DROPPED, OVERFLOW, EXPORTED, EXPORT_DROPPED = 1, 2, 3, 11, 12, 13
GAP, SPOOL_DROPPED, SPOOL_DAMAGED, CRASHED = 19, 20, 21, 22
M = 1700000040 - 1700000040 % 60


class Ledger(e2e.Case):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "netmon.db"

    def ledger(self, *options):
        return e2e.run("netmon", "--store", f"sqlite:{self.store}", "ledger", "--since=0", *options, check=False)

    def deliver(self, records, rows):
        """A batch of one probe with these ledger rows (minute, cause, packets, octets)."""
        netmond = self.netmond(store=True)
        probe = Probe(netmond.port)
        probe.greet(probe="edge", links=("eth0",), following=1)
        probe.store(1, records, ledger=[(minute, 0, cause, p, o) for minute, cause, p, o in rows])
        probe.close()
        self.assertEqual(netmond.stop(), 0)

    def test_it_closes_for_replays_whatever_is_left_out(self):
        netmond = self.netmond(store=True)
        files = [word for capture in e2e.captures() for word in ("-r", capture)]
        for link, options in {"all": (), "few": ("--max-flows", 2), "sampled": ("--sample", 3), "shared": ("--workers", 3),
                              "snapshot": ("--snapshot", "100ms")}.items():
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "--probe", "edge", "--link", link, *options, *files)
        self.assertEqual(netmond.stop(), 0)
        done = self.ledger()
        self.assertEqual((done.returncode, done.stderr.count("does not close")), (0, 0), done.stderr)
        self.assertIn("5 links: the ledger closes", done.stderr)
        self.assertIn("edge/all: 0 packets are in flows that go on", done.stderr)
        rows = list(csv.DictReader(io.StringIO(self.ledger("--csv").stdout)))
        counts = {(r["link"], r["cause"]): int(r["packets"]) for r in rows}
        self.assertEqual(counts["all", "stored"], counts["all", "exported"])
        self.assertEqual(counts["few", "stored"], counts["few", "metered"] + counts["few", "table-overflow"])

    def test_minutes_csv_and_json_say_the_same(self):
        self.deliver([Record(started=M, expires=M + 5)],
                     [(M, SEEN, 12, 1300), (M, METERED, 10, 1000), (M, KERNEL_DROPPED, 2, 0), (M, EXPORTED, 10, 1000)])
        for options in ((), ("--minutes",)):
            rows = json.loads(self.ledger("--json", *options).stdout)
            lines = list(csv.DictReader(io.StringIO(self.ledger("--csv", *options).stdout)))
            self.assertEqual([{k: str(v) for k, v in row.items()} for row in rows], lines)
            self.assertEqual({r["cause"]: r["packets"] for r in rows},
                             {"seen": 12, "metered": 10, "kernel-dropped": 2, "exported": 10, "stored": 10})
        self.assertEqual({r["minute"] for r in rows}, {M})

    def test_what_was_lost_on_the_way_closes_when_it_is_declared(self):
        self.deliver([Record(started=M, expires=M + 5)],
                     [(M, SEEN, 150, 0), (M, METERED, 100, 0), (M, GAP, 50, 0), (M, EXPORTED, 30, 3000),
                      (M, SPOOL_DROPPED, 15, 1500), (M, SPOOL_DAMAGED, 5, 500), (M, EXPORT_DROPPED, 40, 0), (M, CRASHED, 20, 0)])
        done = self.ledger()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("10 packets are in flows that go on", done.stderr)

    def test_a_sum_that_does_not_close_is_named_with_link_minute_and_number(self):
        for rows, words in (([(M, SEEN, 10, 0), (M, METERED, 9, 0), (M, OVERFLOW, 3, 0), (M, EXPORTED, 10, 1000)],
                             "2 packets more are under causes than were seen"),
                            ([(M, SEEN, 12, 0), (M, METERED, 10, 0), (M, EXPORTED, 10, 1000)],
                             "2 packets were seen and are under no cause"),
                            ([(M, SEEN, 20, 0), (M, METERED, 20, 0), (M, EXPORTED, 11, 1100)],
                             "1 packets and 100 octets of records were exported and are not stored"),
                            ([(M, SEEN, 20, 0), (M, METERED, 20, 0), (M, EXPORTED, 9, 1000)],
                             "1 packets and 0 octets of records are stored and were not exported")):
            self.store.unlink(missing_ok=True)
            self.deliver([Record(started=M, expires=M + 5)], rows)
            done = self.ledger()
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"edge/eth0, 2023-11-14 22:14: does not close: {words}", done.stderr)

    def test_flows_that_netmond_removed_are_not_missing_and_others_are(self):
        self.deliver([Record(started=M, expires=M + 5), Record(started=M + 200000, expires=M + 200001)],
                     [(M, SEEN, 20, 0), (M, METERED, 20, 0), (M, EXPORTED, 10, 1000), (M + 199980, EXPORTED, 10, 1000)])
        netmond = self.netmond("--keep-flows=1", store=True)
        e2e.wait_until(lambda: e2e.query(self.store, "SELECT count(*) FROM flow")[0][0] == 1, "the old flow to go")
        netmond.stop()
        done = self.ledger()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("flows before 2023-11-14 22:15 UTC were removed: 10 packets", done.stderr)
        db = __import__("sqlite3").connect(self.store)
        with db:
            db.execute("DELETE FROM flow")
        db.close()
        done = self.ledger()
        self.assertEqual(done.returncode, 1)
        self.assertIn("10 packets and 1000 octets of records were exported and are not stored", done.stderr)

    def test_options_that_contradict_each_other_are_refused(self):
        self.deliver([], [(M, SEEN, 1, 0), (M, METERED, 1, 0)])
        for options in (("--last=1h",), ("--json", "--csv"), ("word",)):
            self.assertEqual(self.ledger(*options).returncode, 2, options)
        self.assertEqual(e2e.run("netmon", "ledger", "--last=2h", "--store", f"sqlite:{self.store}", check=False).returncode, 2)


@e2e.needs_netns
class Live(LiveCase):
    def probe(self, port):
        process = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmonc"), "-h", "127.0.0.1", "-p", port,
                             "--probe", "edge", "--spool", self.dir / "spool", "-i", "a1")
        e2e.wait_until(lambda: process.running() and len(open(f"/proc/{process.pid}/net/packet", encoding="ascii").readlines()) > 1
                       and self.polls(process), "netmonc to open its interface")
        return process

    def test_it_closes_over_a_kill_of_the_probe_and_what_passed_meanwhile_is_named(self):
        self.inside("ip", "link", "set", "lo", "up")
        port, store = 5000, self.dir / "netmon.db"
        netmond = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmond"), "--listen", "127.0.0.1", "-p", port,
                             "--store", f"sqlite:{store}")
        netmond.wait_line("listening")
        probe = self.probe(port)
        self.send("a0", e2e.capture("http"), rounds=3)
        time.sleep(3)  # its rows are in the spool
        probe.kill()
        self.send("a0", e2e.capture("http"), rounds=2)
        probe = self.probe(port)
        self.send("a0", e2e.capture("http"))
        time.sleep(2)
        self.assertEqual(probe.stop(signal.SIGTERM), 0)
        self.assertEqual(netmond.stop(), 0)
        done = e2e.run("netmon", "--store", f"sqlite:{store}", "ledger", "--csv", check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        counts = {r["cause"]: int(r["packets"]) for r in csv.DictReader(io.StringIO(done.stdout))}
        self.assertGreater(counts.get("gap", 0), 0, counts)
        self.assertEqual(counts["metered"], counts["exported"] + counts.get("crashed", 0), counts)
        self.assertEqual(counts["stored"], counts["exported"])
