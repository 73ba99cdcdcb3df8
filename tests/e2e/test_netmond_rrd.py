# SPDX-License-Identifier: GPL-3.0-or-later
"""What netmond writes into the RRD tree, against the flows' octets, minute by minute."""
import random
import signal
import time
from collections import defaultdict

import netmon_e2e as e2e
import rrdtool
from netmon_frames import Probe, Record

START = 1700000040  # a whole minute
GROUPS = "Servers = 10.0.0.0/24\nOffice = 10.0.0.128/25, 2001:db8::/32\n"


def fetch(path, first, last, function="AVERAGE", resolution=60):
    """{minute: (in octets, out octets)} of the rows of a file that hold numbers. A row is stamped with its end."""
    (begin, _, step), _, values = rrdtool.fetch(str(path), function, "-r", str(resolution), "-s", str(first), "-e",
                                               str(last))
    assert step == resolution, step
    return {begin + n * step: tuple(round(v * step / 8) for v in row)
            for n, row in enumerate(values) if row[0] is not None}


def spread(records):
    """{minute: octets}: octets in proportion to time, what is left to the last minute."""
    minutes = defaultdict(int)
    for r in records:
        at, end = int(r.started * 256), int(r.expires * 256)
        if at >= end:
            at, end = end, end + 1
        left = r.octets
        while at < end:
            minute = at // (60 * 256)
            part = min(end, (minute + 1) * 60 * 256) - at
            share = left if part == end - at else left * part // (end - at)
            minutes[minute * 60] += share
            left -= share
            at += part
    return dict(minutes)


class Rrd(e2e.Case):
    def setUp(self):
        super().setUp()
        self.groups = self.dir / "groups"
        self.groups.write_text(GROUPS)
        self.rrd = self.dir / "rrd"

    def collector(self, *options):
        return self.netmond("--groups", self.groups, *options, rrd=True)

    def feed(self, netmond, *batches, **hello):
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet(**hello)
        for n, records in enumerate(batches, 1):
            probe.store(n, records)
        return probe

    def file(self, *parts):
        path = self.rrd.joinpath(*map(str, parts)).with_suffix(".rrd")
        self.assertTrue(path.exists(), path)
        return path

    def rows(self, *parts, seconds=6 * 3600):
        return fetch(self.file(*parts), START - 60, START + seconds)

    def total(self, *parts):
        rows = self.rows(*parts).values()
        return sum(r[0] for r in rows), sum(r[1] for r in rows)

    def test_each_minute_holds_its_share_of_every_flow(self):
        records = [Record(daddr="10.0.0.1", saddr="192.0.2.1", octets=1000003 + n * 7, started=START + n * 3.7,
                          expires=START + n * 3.7 + n % 61) for n in range(100)]
        netmond = self.collector()
        self.feed(netmond, records)
        self.assertEqual(netmond.stop(), 0)
        rows = self.rows("totals", "all")
        self.assertEqual({m: r[0] for m, r in rows.items() if r[0]}, spread(records))
        self.assertEqual(self.total("totals", "all"), (sum(r.octets for r in records), 0))

    def test_in_and_out_are_seen_from_the_internal_side(self):
        netmond = self.collector()
        self.feed(netmond, [Record("10.0.0.1", "192.0.2.1", octets=100, application=7, started=START + 1),
                            Record("192.0.2.1", "10.0.0.1", octets=2000, application=7, started=START + 2),
                            Record("10.0.0.2", "10.0.0.200", octets=30000, application=8, started=START + 3),
                            Record("2001:db8::1", "2001:db9::1", octets=400000, started=START + 4),
                            Record("192.0.2.1", "192.0.2.2", octets=5000000, application=9, started=START + 5)])
        self.assertEqual(netmond.stop(), 0)
        want = {
            ("totals", "all"): (32000, 430100),
            ("totals", 7): (2000, 100),
            ("totals", 8): (30000, 30000),
            ("totals", 0): (0, 400000),
            ("totals", "transit"): (5000000, 0),
            ("groups", 1, "all"): (32000, 30100),  # Servers hold .1, .2 and .200
            ("groups", 1, 7): (2000, 100),
            ("groups", 2, "all"): (30000, 400000),  # Office holds .200 and 2001:db8::1
            ("groups", 2, 8): (30000, 0),
            ("hosts", 10, 0, 0, 1, "all"): (2000, 100),
            ("hosts", 10, 0, 0, 1, 7): (2000, 100),
            ("hosts", 10, 0, 0, 2, "all"): (0, 30000),
            ("hosts", 10, 0, 0, 200, 8): (30000, 0),
            ("hosts", "2001", "db8", 0, 0, 0, 0, 0, 1, "all"): (0, 400000),
        }
        self.assertEqual({key: self.total(*key) for key in want}, want)
        self.assertFalse((self.rrd / "hosts" / "192").exists())
        self.assertFalse((self.rrd / "totals" / "9.rrd").exists())

    def test_table_overflow_is_transit_even_when_a_group_holds_every_address(self):
        self.groups.write_text("Everybody = 0.0.0.0/0, ::/0\n")
        netmond = self.collector()
        self.feed(netmond, [Record("0.0.0.0", "0.0.0.0", sport=0, dport=0, protocol=255, octets=7000, started=START + 1),
                            Record("0.0.0.0", "255.255.255.255", protocol=17, octets=300, started=START + 2)])
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(self.total("totals", "transit"), (7000, 0))
        self.assertEqual(self.total("hosts", 0, 0, 0, 0, "all"), (0, 300))

    def test_silent_minutes_in_a_files_life_are_zero_even_after_days(self):
        days = 3 * 86400
        netmond = self.collector()
        self.feed(netmond, [Record("10.0.0.1", octets=600, started=START)],
                  [Record("10.0.0.1", octets=1200, started=START + 5 * 60)],
                  [Record("10.0.0.1", octets=1800, started=START + days)])
        self.assertEqual(netmond.stop(), 0)
        rows = fetch(self.file("totals", "all"), START + days - 600, START + days + 60)
        self.assertEqual([rows[m][1] for m in range(START + days - 540, START + days + 1, 60)], [0] * 9 + [1800])
        hours = fetch(self.file("totals", "all"), START + 3600, START + days - 3600, resolution=3600)
        self.assertEqual(set(hours.values()), {(0, 0)})
        self.assertGreaterEqual(len(hours), 70)

    def test_a_day_replayed_in_a_moment_has_every_minute_right(self):
        netmond = self.collector()
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet()
        records, pending = [], []
        for n in range(1440):
            begun = START + n * 60 + n % 50
            records.append(Record("10.0.0.1", octets=1000 + n, application=n % 3, started=begun, expires=begun + 45))
        for n in range(0, 1440, 10):
            # each batch is sent a little out of order, as flows expire
            probe.push(n // 10 + 1, records[n:n + 10][::-1])
            pending.append(n // 10 + 1)
        probe.acknowledged_up_to(pending[-1])
        self.assertEqual(netmond.stop(), 0)
        self.assertNotIn("too late", netmond.log())
        rows = fetch(self.file("totals", "all"), START + 86400 - 6 * 3600 + 120, START + 86400)
        want = spread(records)
        self.assertEqual({m: rows[m][1] for m in rows if m in want}, {m: want[m] for m in rows if m in want})
        self.assertGreater(len(rows), 350)
        day = fetch(self.file("totals", "all"), START, START + 86400, resolution=300)
        whole = {m - m % 300: 0 for m in want}
        for minute, octets in want.items():
            whole[minute - minute % 300] += octets
        inner = [m for m in sorted(day) if START + 300 <= m < START + 86100]
        self.assertGreater(len(inner), 280)
        for minute in inner:
            self.assertAlmostEqual(day[minute][1], whole[minute], delta=1)

    def test_minutes_are_written_while_data_goes_on_and_late_octets_are_counted(self):
        netmond = self.collector()
        probe = self.feed(netmond, [Record("10.0.0.1", octets=500, started=START)],
                          [Record("10.0.0.1", octets=700, started=START + 239)])
        time.sleep(0.3)
        self.assertFalse((self.rrd / "totals" / "all.rrd").exists())
        probe.store(3, [Record("10.0.0.1", octets=900, started=START + 240)])
        e2e.wait_until(lambda: (self.rrd / "totals" / "all.rrd").exists(), "the first minute")
        probe.store(4, [Record("10.0.0.1", octets=11, started=START + 1)])
        netmond.wait_line("RRD: 11 octets so far came too late")
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(self.total("totals", "all"), (0, 2100))

    def test_a_probe_whose_clock_is_ahead_stops_nobodys_graphs(self):
        now = int(time.time())
        ahead = [Record("10.0.0.1", octets=900, started=now + days * 86400) for days in range(1, 31)]
        netmond = self.collector()
        self.feed(netmond, ahead, probe="ahead", epoch=2)
        self.assertEqual(netmond.stop(), 0)
        self.assertIn("27000 are of a time still to come", netmond.log())
        netmond = self.collector()
        self.feed(netmond, [Record("10.0.0.1", octets=6000, started=now)], probe="right", epoch=3)
        self.assertEqual(netmond.stop(), 0)
        rows = fetch(self.file("totals", "all"), now - 120, now + 120)
        self.assertEqual(sum(r[1] for r in rows.values()), 6000)

    def test_a_stop_leaves_minutes_that_still_go_on_to_the_next_start(self):
        now = int(time.time())
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "store", "init")
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "groups", "import", self.groups)
        netmond = self.netmond(store=True, rrd=True)
        self.feed(netmond, [Record("10.0.0.1", octets=5000, started=now - 900)],
                  [Record("10.0.0.1", octets=6000, started=now)])
        for _ in range(2):
            self.assertEqual(netmond.stop(), 0)
            rows = fetch(self.file("totals", "all"), now - 1200, now + 120)
            self.assertEqual(sum(r[1] for r in rows.values()), 5000)
            netmond = self.netmond(store=True, rrd=True)
            self.assertNotIn("too late", netmond.log())

    def test_after_kill_9_the_minutes_come_again_from_the_store(self):
        port = e2e.free_port()
        netmond = self.netmond(store=True, port=port)
        netmond.stop()
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "groups", "import", self.groups)
        netmond = self.netmond(store=True, rrd=True, port=port)
        records = [Record("10.0.0.1", octets=1000 + n, started=START + n * 7, expires=START + n * 7 + 30)
                   for n in range(400)]
        for n in range(40):
            probe = Probe(port)
            self.addCleanup(probe.close)
            _, committed, _ = probe.greet(first=n + 1, following=n + 1)
            self.assertEqual(committed, n)
            probe.store(n + 1, records[n * 10:n * 10 + 10])
            if n % 8 == 5:
                netmond.kill()
                netmond = self.netmond(store=True, rrd=True, port=port)
        self.assertEqual(netmond.stop(signal.SIGTERM), 0)
        rows = self.rows("totals", "all")
        self.assertEqual({m: r[1] for m, r in rows.items() if r[1]}, spread(records))

    def dumps(self):
        """{file of the tree: all that it holds}."""
        return {str(path.relative_to(self.rrd)): self.dump(path) for path in sorted(self.rrd.rglob("*.rrd"))}

    def dump(self, path):
        out = self.dir / "dump.xml"
        rrdtool.dump(str(path), str(out))
        return out.read_text(encoding="utf-8")

    def deliver_with_kills(self, name, batches, kills):
        """All files after a run over these batches, with kill -9 after some of them and at once behind them."""
        self.dir, self.rrd = self.base / name, self.base / name / "rrd"
        self.dir.mkdir()
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "store", "init")
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "groups", "import", self.groups)
        port = e2e.free_port()
        netmond = self.netmond("--rrd-minutes", "5", store=True, rrd=True, port=port)
        probe = None
        for n, records in enumerate(batches, 1):
            if not probe:
                probe = Probe(port)
                self.addCleanup(probe.close)
                probe.greet(first=n, following=n)
            probe.store(n, records)
            if n in kills:
                time.sleep(kills[n])
                netmond.kill()
                netmond, probe = self.netmond("--rrd-minutes", "5", store=True, rrd=True, port=port), None
        self.assertEqual(netmond.stop(), 0)
        self.assertNotIn("failed so far", netmond.log())
        return self.dumps()

    def test_with_minutes_that_wait_in_memory_a_kill_changes_no_file(self):
        self.base = self.dir
        chance = random.Random(5)
        records = [Record(f"10.0.0.{n % 9}", octets=1000 + n, application=n % 4, started=START + n * 4,
                          expires=START + n * 4 + 3) for n in range(900)]
        batches = [records[n:n + 30] for n in range(0, 900, 30)]
        want = self.deliver_with_kills("calm", batches, {})
        self.assertGreater(len(want), 40)
        kills = {n: chance.choice((0, 0.001, 0.005, 0.02)) for n in chance.sample(range(2, 30), 8)}
        got = self.deliver_with_kills("killed", batches, kills)
        self.assertEqual(got.keys(), want.keys())
        for path, text in want.items():
            self.assertEqual(got[path], text, path)

    def with_store(self, batches, first=1):
        """Runs a collector with a store over these batches of records, the first of them numbered; its log."""
        netmond = self.netmond(store=True, rrd=True)
        for n, records in enumerate(batches, first):
            probe = Probe(netmond.port)
            self.addCleanup(probe.close)
            probe.greet(first=n, following=n)
            probe.store(n, records)
        self.assertEqual(netmond.stop(), 0)
        return netmond.log()

    def hours(self):
        """Batches of ten minutes each, an hour in all; files and the rows that they must have."""
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "store", "init")
        e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "groups", "import", self.groups)
        records = [Record("10.0.0.1", octets=1000 + n, application=7, started=START + n * 60 + 5) for n in range(60)]
        return [records[n:n + 10] for n in range(0, 60, 10)], spread(records)

    def assert_rows(self, want, *files):
        for parts in files:
            self.assertEqual({m: r[1] for m, r in self.rows(*parts).items() if r[1]}, want, parts)

    def test_when_the_machine_went_down_what_is_damaged_or_missing_comes_again_from_the_store(self):
        batches, want = self.hours()
        self.with_store(batches[:5])
        before = self.file("hosts", 10, 0, 0, 1, "all").read_bytes()
        self.with_store(batches[5:], first=6)
        files = [("totals", "all"), ("totals", 7), ("hosts", 10, 0, 0, 1, "all")]
        self.assert_rows(want, *files)
        # as a disk has them that missed the last writes: one file cut, one old, a record of another file's update
        with (self.rrd / ".netmond").open("a", encoding="ascii") as state:
            state.write("boot another\n")
        with self.file("totals", "all").open("r+b") as damaged:
            damaged.truncate(5000)
        self.file("hosts", 10, 0, 0, 1, "all").write_bytes(before)
        (self.rrd / ".netmond.undo").write_bytes(b"nmundo1\n" + b"\1\0\0\0" * 100)
        log = self.with_store([])
        self.assertIn("the machine went down", log)
        self.assertIn("totals/all.rrd does not parse", log)
        self.assertTrue((self.rrd / "totals" / "all.rrd.broken").exists())
        self.assert_rows(want, *files)
        self.assertNotIn("RRD: ", "\n".join(line for line in self.with_store([]).splitlines() if "values" not in line))
        self.assert_rows(want, *files)

    def test_a_watermark_that_does_not_parse_is_found_again(self):
        batches, want = self.hours()
        self.with_store(batches)
        (self.rrd / ".netmond").write_bytes(b"")
        self.assertIn(".netmond does not parse", self.with_store([]))
        self.assert_rows(want, ("totals", "all"), ("groups", 1, 7))
        self.assertRegex((self.rrd / ".netmond").read_text(), r"\Awritten \d{10}\n\Z")

    def test_a_tree_is_written_by_one_collector_only(self):
        self.collector()
        done = e2e.run("netmond", "-p", "0", "--rrd", self.rrd, "--groups", self.groups, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another netmond writes to this tree", done.stderr)

    def test_a_mistake_in_the_groups_is_told_with_its_line(self):
        self.groups.write_text("a = 10.0.0.0/24\nb = 10.0.0.1/24\n")
        done = e2e.run("netmond", "-p", "0", "--rrd", self.rrd, "--groups", self.groups, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("groups:2: ", done.stderr)
