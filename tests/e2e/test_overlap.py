# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that see the same packets: each link's rows say what it carried, and totals count a flow once."""
import time

import netmon_e2e as e2e
import rrdtool
from netmon_frames import Probe, Record

DUPLICATE, EXPORTED = 23, 12
T0 = 1700000000
SETS = ("--overlap", "west/uplink, east/uplink")


class Overlap(e2e.Case):
    def setUp(self):
        super().setUp()
        self.store = self.dir / "netmon.db"
        self.sequence = {}

    def replay(self, netmond, probe, capture, **kwargs):
        return self.start("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "--probe", probe, "--link", "uplink",
                          "-r", capture, **kwargs)

    def sums(self, where="1"):
        return tuple(e2e.query(self.store, "SELECT coalesce(sum(f.packets), 0), coalesce(sum(f.octets), 0) FROM flow f "
                               f"JOIN link l ON l.id=f.link JOIN probe p ON p.id=l.probe WHERE {where}")[0])

    def totals(self):
        return self.sums("f.duplicate = 0")

    def ledger(self, cause):
        return tuple(e2e.query(self.store, "SELECT coalesce(sum(packets), 0), coalesce(sum(octets), 0) FROM ledger "
                               "WHERE cause = ?", cause)[0])

    def deliver(self, netmond, name, *spans, flow=0):
        """A batch of a probe: one record of 10 packets for each (begin, end) behind T0."""
        probe = Probe(netmond.port)
        _, committed, _ = probe.greet(probe=name, links=("uplink",), epoch=ord(name[0]),
                                      following=self.sequence.get(name, 0) + 1)
        self.sequence[name] = committed + 1
        probe.store(committed + 1, [Record(sport=1000 + flow, started=T0 + a, expires=T0 + b) for a, b in spans])
        probe.close()

    def test_two_probes_that_see_the_same_capture_count_once_in_totals_and_whole_by_link(self):
        netmond = self.netmond(*SETS, store=True)
        for capture in ("http", "dns", "ftp"):
            path = e2e.capture(capture)
            truth, before = e2e.sums(e2e.netmonc_csv(path)), self.totals()
            both = [self.replay(netmond, probe, path) for probe in ("west", "east")]
            self.assertEqual([process.wait_end() for process in both], [0, 0])
            added = [after - b for after, b in zip(self.totals(), before)]
            for got, want in zip(added, truth):
                self.assertGreaterEqual(got, want, capture)
                self.assertLessEqual(got, want * 1.001, capture)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(self.sums("p.name = 'west'"), self.sums("p.name = 'east'"))
        self.assertEqual(self.sums("p.name = 'west'"), self.totals())
        self.assertEqual(self.ledger(DUPLICATE), self.sums("f.duplicate = 1"))

    def test_without_a_set_both_links_count(self):
        netmond = self.netmond(store=True)
        truth = e2e.sums(e2e.netmonc_csv(e2e.capture("http")))
        for probe in ("west", "east"):
            self.assertEqual(self.replay(netmond, probe, e2e.capture("http")).wait_end(), 0)
        self.assertEqual(self.totals(), tuple(2 * n for n in truth))
        self.assertEqual(self.ledger(DUPLICATE), (0, 0))

    def test_what_only_one_of_them_sees_counts_too(self):
        netmond = self.netmond(*SETS, store=True)
        self.deliver(netmond, "west", (0, 50))
        self.deliver(netmond, "east", (0, 50), (10, 20))
        self.deliver(netmond, "east", (0, 30), flow=1)
        self.deliver(netmond, "west", (0, 50), flow=2)
        self.assertEqual((self.totals()[0], self.sums()[0]), (30, 50))

    def test_a_link_that_loses_packets_leaves_the_other_ones_rows_whole(self):
        netmond = self.netmond(*SETS, store=True)
        self.deliver(netmond, "west", (0, 50), (60, 110))
        self.deliver(netmond, "east", (0, 50), (51, 110), (111, 170))
        self.assertEqual(self.sums("p.name = 'east'")[0], 30)
        self.deliver(netmond, "west", (120, 170))
        self.assertEqual(self.totals(), self.sums("p.name = 'west'"))

    def test_what_a_probe_delivers_an_hour_late_is_counted_already(self):
        netmond = self.netmond(*SETS, store=True)
        minutes = [(60 * n, 60 * n + 59) for n in range(60)]
        self.deliver(netmond, "west", *minutes)
        self.deliver(netmond, "east", *minutes)
        self.deliver(netmond, "east", (3600, 3659))
        self.deliver(netmond, "west", (3600, 3659))
        self.assertEqual(self.totals(), self.sums("p.name = 'west'"))
        self.assertEqual(self.ledger(DUPLICATE), self.sums("p.name = 'east'"))

    def test_a_start_of_netmond_changes_no_ownership(self):
        netmond = self.netmond(*SETS, store=True)
        self.deliver(netmond, "west", (0, 59))
        self.deliver(netmond, "east", (0, 59))
        self.assertEqual(netmond.kill(), -9)
        netmond = self.netmond(*SETS, store=True)
        self.deliver(netmond, "east", (60, 119))
        self.deliver(netmond, "west", (60, 119))
        self.assertEqual(self.totals(), self.sums("p.name = 'west'"))

    def test_graphs_and_usage_leave_duplicates_out(self):
        now = int(time.time())
        global T0
        T0, before = now - now % 60 - 600, T0
        self.addCleanup(lambda: globals().update(T0=before))
        netmond = self.netmond(*SETS, store=True, rrd=True)
        for name in ("west", "east"):
            self.deliver(netmond, name, (0, 59), (60, 119))
        self.assertEqual(netmond.stop(), 0)
        e2e.run("netmon", "--store", f"sqlite:{self.store}", "groups", "add", "lan", "10.0.0.0/8")
        e2e.run("netmon-aggregate", "--store", f"sqlite:{self.store}")
        self.assertEqual(e2e.query(self.store, "SELECT sum(out_packets) FROM app_usage_1hr")[0][0], 20)
        self.assertEqual(e2e.query(self.store, "SELECT sum(out_packets) FROM host_traffic_unknown WHERE period = 3600")[0][0], 20)
        done = e2e.run("netmon", "--store", f"sqlite:{self.store}", "explain", "10.0.0.1:1000")
        self.assertRegex(done.stdout, r"Unknown +6 +2 +20 +2000")
        self.assertEqual(self.octets_in_graphs(before=T0 - 120), 2000)

    def octets_in_graphs(self, before):
        """What the file of traffic between outside hosts has since then: there is no group yet."""
        path = next((self.dir / "rrd" / "totals").glob("transit.rrd"))
        (_, _, step), _, rows = rrdtool.fetch(str(path), "AVERAGE", "-r", "60", "-s", str(before), "-e", str(before + 900))
        return round(sum(v * step / 8 for row in rows for v in row if v))

    def test_as_sql_text_the_second_ones_rows_say_so(self):
        netmond = self.netmond(*SETS)
        self.deliver(netmond, "west", (0, 50))
        self.deliver(netmond, "east", (0, 50))
        e2e.wait_until(lambda: netmond.out().count("INSERT INTO flow ") == 2, "two rows")
        self.assertRegex(netmond.out(), r"1 AS sampling,0 AS duplicate[^;]*west'[\s\S]*1 AS sampling,1 AS duplicate")

    def test_sets_that_make_no_sense_and_several_workers_are_refused(self):
        for options, words in ((("--overlap", "west/uplink"), "write PROBE/LINK, PROBE/LINK"),
                               ((*SETS, "--overlap", "east/uplink, x/y"), "a link is in two sets"),
                               ((*SETS, "--workers", 2), "--overlap goes with one worker")):
            done = e2e.run("netmond", "-p", 0, "--store", f"sqlite:{self.store}", *options, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    import tap_unittest
    tap_unittest.main()
