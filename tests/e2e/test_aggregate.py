# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon-aggregate over stores that the tests fill themselves: windows, directions, groups, crashes, readers."""
import ipaddress
import os
import random
import signal
import sqlite3
import sys
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import netmon_e2e as e2e  # noqa: E402

NOW = 1_700_000_123           # not at the beginning of a minute or an hour
END = (NOW - 90) // 60 * 60   # where the windows end
PERIODS = {300: "curr", 3600: "1hr", 21600: "6hr", 86400: "24hr"}
SCHEMA = (e2e.TREE / "schema" / "sqlite.sql").read_text()


def key(address):
    a = ipaddress.ip_address(address)
    return f"{int(a) + (0xffff << 32 if a.version == 4 else 0):032x}"


def share(count, start, end, low, high):
    """How much of `count`, spread evenly from start to end (1/256 s), lies in [low, high) seconds; in whole numbers."""
    def before(at):
        return 0 if at <= start else count if at >= end else count * (at - start) // (end - start)
    if end <= start:
        return count if low * 256 <= start < high * 256 else 0
    return before(high * 256) - before(low * 256)


class Store:
    """A store that the test writes and reads."""

    def __init__(self, path):
        self.path = path
        self.db = sqlite3.connect(path, timeout=20, isolation_level=None)
        self.db.executescript("PRAGMA journal_mode = WAL; BEGIN;" + SCHEMA + "COMMIT;")
        self.flows = []

    def group(self, number, name, *members):
        self.db.execute("INSERT OR IGNORE INTO host_group (id, name) VALUES (?, ?)", (number, name))
        for member in members:
            net = ipaddress.ip_network(member)
            self.db.execute("INSERT INTO group_range VALUES (?, ?, ?, ?)",
                            (number, member, key(net[0]), key(net[-1])))

    def add(self, flows):
        """Flows as (saddr, daddr, sport, dport, protocol, packets, octets, application, fraction, started, expires)."""
        self.flows += flows
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, packets, octets, "
                            "application, fraction, started, expires) VALUES (1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", flows)
        self.db.execute("COMMIT")

    def rows(self, sql, *values):
        return self.db.execute(sql, values).fetchall()

    def state(self):
        return dict(self.rows("SELECT name, value FROM aggregate_state"))


def flow(saddr, daddr, packets=10, octets=1000, application=1, started=END - 100, expires=END - 70, sport=1000, dport=80,
         protocol=6, fraction=0):
    return (saddr, daddr, sport, dport, protocol, packets, octets, application, fraction, started, expires)


def random_flows(count, begin, end, seed, hosts=12):
    dice = random.Random(seed)
    inside = [f"10.0.0.{n}" for n in range(1, hosts)] + ["2001:db8::1", "2001:db8::2"]
    outside = [f"192.0.2.{n}" for n in range(1, 9)] + ["2001:db8:ffff::9"]
    flows = []
    for _ in range(count):
        started = dice.randrange(begin, end)
        expires = min(started + dice.choice((0, 0, 1, 20, 60, 60, 200)), end - 1)
        saddr, daddr = dice.choice(inside + outside), dice.choice(inside + outside)
        fraction = dice.randrange(256) << 8 | (255 if expires == started else dice.randrange(256))
        flows.append(flow(saddr, daddr, dice.randrange(1, 1000), dice.randrange(40, 1_000_000), dice.randrange(4),
                          started, expires, dice.randrange(65536), dice.randrange(65536), dice.choice((6, 17)), fraction))
    return flows


GROUPS = {1: ["10.0.0.0/28", "2001:db8::/64"], 2: ["10.0.0.4/30", "10.0.0.5/32"], 3: ["2001:db8::1/128"]}


def groups_of(address, groups):
    a = ipaddress.ip_address(address)
    return {g for g, nets in groups.items() for n in nets if a in ipaddress.ip_network(n)}


def expected(flows, period, end, groups):
    """What the tables of one window must hold, worked out flow by flow."""
    apps, hosts, members = Counter(), Counter(), Counter()
    for saddr, daddr, _, _, _, packets, octets, app, fraction, started, expires in flows:
        first, last = started * 256 + (fraction >> 8), expires * 256 + (fraction & 255)
        for minute in range(started // 60 * 60, expires // 60 * 60 + 60, 60):
            if not end - period <= minute < end:
                continue
            for what, count in (("octets", octets), ("packets", packets)):
                part = share(count, first, last, minute, minute + 60)
                source, target = groups_of(saddr, groups), groups_of(daddr, groups)
                for way, addr, held in (("in", daddr, target), ("out", saddr, source)):
                    if not held:
                        continue
                    apps[app, way, what] += part
                    hosts[addr, app, way, what] += part
                    for g in held:
                        members[g, app, way, what] += part
                if not source and not target:
                    apps[app, "transit", what] += part
    return apps, hosts, members


def spread_out(rows, width):
    """Rows (key..., in, out octets, in, out packets) as a Counter like expected()'s."""
    out = Counter()
    for row in rows:
        names = [("in", "octets"), ("out", "octets"), ("in", "packets"), ("out", "packets")]
        for (way, what), value in zip(names, row[width:]):
            out[(*row[:width], way, what)] += value
    return out


class Aggregate(e2e.Case):
    def setUp(self):
        super().setUp()
        self.path = self.dir / "netmon.db"
        self.store = Store(self.path)
        self.addCleanup(self.store.db.close)

    def run_it(self, *options, now=NOW, check=True):
        return e2e.run("netmon-aggregate", "--store", f"sqlite:{self.path}", "--now", now, *options, check=check,
                       timeout=120)

    def set_groups(self, groups=None):
        for number, members in (groups or GROUPS).items():
            self.store.group(number, f"group {number}", *members)

    def tables(self):
        """Everything that readers see."""
        names = [f"app_usage_{n}" for n in PERIODS.values()]
        names += ["host_totals", "host_app_totals", "group_totals", "group_app_totals", "host_traffic_unknown",
                  "ip", "ip_group"]
        return {n: sorted(self.store.rows(f"SELECT * FROM {n}")) for n in names}

    def assert_window(self, period, flows, groups=None, end=END):
        apps, hosts, members = expected(flows, period, end, groups or GROUPS)
        got = Counter()
        for app, i, o, t, ip, op, tp in self.store.rows(f"SELECT * FROM app_usage_{PERIODS[period]}"):
            for way, octets, packets in (("in", i, ip), ("out", o, op), ("transit", t, tp)):
                got[app, way, "octets"], got[app, way, "packets"] = octets, packets
        self.assertEqual(+got, +apps, f"applications, {period} s")
        rows = self.store.rows("SELECT addr, application, in_octets, out_octets, in_packets, out_packets "
                               "FROM host_app_totals WHERE period = ?", period)
        self.assertEqual(+spread_out(rows, 2), +hosts, f"hosts, {period} s")
        rows = self.store.rows("SELECT group_id, application, in_octets, out_octets, in_packets, out_packets "
                               "FROM group_app_totals WHERE period = ?", period)
        self.assertEqual(+spread_out(rows, 2), +members, f"groups, {period} s")
        for table, who in (("host", "addr"), ("group", "group_id")):
            self.assertEqual(
                self.store.rows(f"SELECT * FROM {table}_totals WHERE period = ? ORDER BY 1, 2", period),
                self.store.rows(f"SELECT period, {who}, sum(in_octets), sum(out_octets), sum(in_packets), "
                                f"sum(out_packets) FROM {table}_app_totals WHERE period = ? GROUP BY 1, 2", period))


class Windows(Aggregate):
    def test_windows_up_to_six_hours_are_exact_to_the_minute(self):
        self.set_groups()
        self.store.add(random_flows(3000, END - 7 * 3600, NOW, 1))
        self.run_it()
        for period in (300, 3600, 21600):
            self.assert_window(period, self.store.flows)

    def test_a_day_loses_and_invents_nothing(self):
        self.set_groups()
        self.store.add(random_flows(2000, END // 3600 * 3600 - 23 * 3600, END - 60, 2))
        self.run_it()
        self.assert_window(86400, self.store.flows)

    def test_of_the_days_oldest_hour_the_part_that_is_inside_counts(self):
        self.set_groups()
        oldest = (END - 86400) // 3600 * 3600
        self.store.add([flow("192.0.2.1", "10.0.0.1", 3600, 3600_000, started=oldest, expires=oldest + 3600)])
        self.run_it()
        inside = oldest + 3600 - (END - 86400)
        self.assertEqual(self.store.rows("SELECT in_octets, in_packets FROM app_usage_24hr"), [(inside * 1000, inside)])

    def test_windows_end_at_a_whole_minute_that_is_complete(self):
        self.set_groups()
        for now in (NOW, NOW + 29, NOW + 59, NOW + 60):
            self.run_it(now=now)
            end = self.store.state()["window_end"]
            self.assertEqual(end % 60, 0)
            self.assertTrue(90 <= now - end < 150, now - end)

    def test_what_comes_behind_the_end_counts_when_its_minute_comes(self):
        self.set_groups()
        self.store.add([flow("192.0.2.1", "10.0.0.1", started=END + 5, expires=END + 20)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT * FROM app_usage_curr"), [])
        self.run_it(now=NOW + 60)
        self.assertEqual(self.store.rows("SELECT application, in_octets FROM app_usage_curr"), [(1, 1000)])

    def test_traffic_leaves_the_windows_as_time_goes_by(self):
        self.set_groups()
        self.store.add(random_flows(300, END - 250, END - 60, 3))
        for later, left in ((0, {300, 3600, 21600, 86400}), (600, {3600, 21600, 86400}), (7200, {21600, 86400}),
                            (30000, {86400}), (90000, set())):
            self.run_it(now=NOW + later)
            self.assertEqual({p for (p,) in self.store.rows("SELECT DISTINCT period FROM host_totals")}, left)
            self.assertEqual({p for p in PERIODS if self.store.rows(f"SELECT 1 FROM app_usage_{PERIODS[p]} LIMIT 1")}, left)

    def test_flows_that_come_late_count_in_their_own_minutes(self):
        self.set_groups()
        flows = random_flows(900, END - 5 * 3600, END, 4)
        random.Random(5).shuffle(flows)
        for part in range(3):
            self.store.add(flows[part::3])
            self.run_it()
        for period in (300, 3600, 21600):
            self.assert_window(period, flows)

    def test_a_second_run_changes_nothing(self):
        self.set_groups()
        self.store.add(random_flows(500, END - 3600, END, 6))
        self.run_it()
        once, slots = self.tables(), self.store.rows("SELECT * FROM usage_minute")
        self.run_it()
        self.assertEqual(self.tables(), once)
        self.assertEqual(self.store.rows("SELECT * FROM usage_minute"), slots)

    def test_an_overflow_record_is_in_the_totals_and_nobodys(self):
        self.set_groups({1: ["10.0.0.0/28"], 2: ["0.0.0.0/0"], 3: ["::/0"]})
        self.store.add([flow("0.0.0.0", "0.0.0.0", 70, 9000, 0, sport=0, dport=0, protocol=255),
                        flow("::", "::", 7, 900, 0, sport=0, dport=0, protocol=255),
                        flow("0.0.0.0", "255.255.255.255", 1, 300, 0, sport=68, dport=67, protocol=17)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT a.name, in_octets, out_octets, transit_octets, transit_packets "
                                         "FROM app_usage_curr u JOIN application a ON a.id = u.application ORDER BY a.id"),
                         [("Unknown", 300, 300, 0, 0), ("Table overflow (not attributed)", 0, 0, 9900, 77)])
        self.assertEqual(self.store.rows("SELECT addr, in_octets, out_octets FROM host_totals WHERE period = 300 ORDER BY 1"),
                         [("0.0.0.0", 0, 300), ("255.255.255.255", 300, 0)])
        self.assertEqual(self.store.rows("SELECT DISTINCT protocol FROM host_traffic_unknown"), [(17,)])

    def test_old_slots_are_deleted(self):
        self.set_groups()
        self.store.add(random_flows(500, END - 5 * 3600, END, 7))
        self.run_it()
        self.run_it(now=NOW + 5 * 3600)
        horizon = END + 5 * 3600 - 22200
        self.assertTrue(self.store.rows("SELECT 1 FROM usage_minute"))
        self.assertEqual(self.store.rows("SELECT count(*) FROM usage_minute WHERE minute < ?", horizon), [(0,)])
        self.run_it(now=NOW + 40 * 3600)
        self.assertEqual(self.store.rows("SELECT count(*) FROM usage_hour"), [(0,)])


class Directions(Aggregate):
    def test_in_out_both_and_transit(self):
        self.set_groups({1: ["10.0.0.0/24"]})
        self.store.add([flow("192.0.2.1", "10.0.0.1", octets=1), flow("10.0.0.1", "192.0.2.1", octets=20),
                        flow("10.0.0.1", "10.0.0.2", octets=300), flow("192.0.2.1", "192.0.2.2", octets=4000)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT in_octets, out_octets, transit_octets FROM app_usage_curr"),
                         [(301, 320, 4000)])
        self.assertEqual(self.store.rows("SELECT addr, in_octets, out_octets FROM host_totals WHERE period = 300"),
                         [("10.0.0.1", 1, 320), ("10.0.0.2", 300, 0)])
        self.assertEqual(self.store.rows("SELECT in_octets, out_octets FROM group_totals WHERE period = 300"), [(301, 320)])

    def test_without_groups_everything_is_transit(self):
        self.store.add([flow("10.0.0.1", "10.0.0.2", octets=7)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT in_octets, out_octets, transit_octets FROM app_usage_curr"), [(0, 0, 7)])
        self.assertEqual(self.store.rows("SELECT * FROM ip"), [])

    def test_hosts_are_listed_with_their_times_and_groups(self):
        self.set_groups()
        self.store.add([flow("192.0.2.1", "10.0.0.5", started=END - 500, expires=END - 400),
                        flow("10.0.0.5", "192.0.2.1", started=END - 900, expires=END - 850),
                        flow("2001:db8::1", "192.0.2.1", started=END - 30, expires=END - 10)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT addr, addr_key, first_seen, last_seen FROM ip ORDER BY addr_key"),
                         [("10.0.0.5", key("10.0.0.5"), END - 900, END - 400),
                          ("2001:db8::1", key("2001:db8::1"), END - 30, END - 10)])
        self.assertEqual(self.store.rows("SELECT * FROM ip_group ORDER BY 1, 2"),
                         [("10.0.0.5", 1), ("10.0.0.5", 2), ("2001:db8::1", 1), ("2001:db8::1", 3)])

    def test_unknown_traffic_is_told_from_the_hosts_side(self):
        self.set_groups({1: ["10.0.0.0/24"]})
        self.store.add([flow("192.0.2.1", "10.0.0.1", 3, 300, 0, sport=99, dport=5000, protocol=17),
                        flow("10.0.0.1", "192.0.2.1", 1, 40, 0, sport=5000, dport=99, protocol=17),
                        flow("192.0.2.1", "10.0.0.1", 9, 900, 1, sport=99, dport=5000, protocol=17)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT * FROM host_traffic_unknown WHERE period = 300"),
                         [(300, "10.0.0.1", 17, 5000, "192.0.2.1", 99, 300, 40, 3, 1)])

    def test_of_unknown_peers_the_heaviest_hundred_are_kept(self):
        self.set_groups({1: ["10.0.0.0/24"]})
        self.store.add([flow("192.0.2.1", "10.0.0.1", 1, 1000 + n, 0, sport=n) for n in range(1, 151)])
        self.run_it()
        for period in PERIODS:
            self.assertEqual(self.store.rows("SELECT count(*), min(in_octets), max(in_octets) FROM host_traffic_unknown "
                                             "WHERE period = ?", period), [(100, 1051, 1150)])


    def test_many_unknown_flows_are_read_less_often_but_never_lost(self):
        self.set_groups({1: ["10.0.0.0/24"]})
        self.store.add([flow("192.0.2.1", "10.0.0.1", 1, 50, 0, END - 8000, END - 7990, n % 60000) for n in range(40000)])
        self.run_it()
        before = self.store.rows("SELECT * FROM host_traffic_unknown")
        self.assertEqual({row[0] for row in before}, {21600, 86400})
        self.run_it(now=NOW + 60)
        self.assertEqual(self.store.rows("SELECT * FROM host_traffic_unknown"), before)
        self.assertEqual(self.store.state()["unknown_24hr"], END)
        self.assertEqual(self.store.state()["unknown_1hr"], END + 60)
        self.run_it(now=NOW + 120)
        self.assertEqual(self.store.state()["unknown_24hr"], END + 120)


class Groups(Aggregate):
    def test_changed_groups_work_everything_out_again(self):
        self.set_groups()
        self.store.add(random_flows(800, END - 4 * 3600, END, 8))
        self.run_it()
        changed = {1: ["192.0.2.0/24"], 2: ["10.0.0.4/30"]}
        self.store.db.execute("DELETE FROM group_range")
        self.set_groups(changed)
        done = self.run_it("-v")
        self.assertIn("rebuilt", done.stderr)
        for period in (300, 3600, 21600):
            self.assert_window(period, self.store.flows, changed)
        hosts = {addr for (addr,) in self.store.rows("SELECT addr FROM ip")}
        self.assertTrue(all(groups_of(h, changed) for h in hosts), hosts)
        self.assertEqual(self.store.rows("SELECT count(DISTINCT generation) FROM usage_minute"), [(1,)])

    def test_a_group_that_is_only_renamed_costs_nothing(self):
        self.set_groups()
        self.store.add(random_flows(50, END - 600, END, 9))
        self.run_it()
        self.store.db.execute("UPDATE host_group SET name = 'other' WHERE id = 1")
        self.assertNotIn("rebuilt", self.run_it("-v").stderr)

    def test_flows_before_the_kept_day_are_not_read_for_it(self):
        self.set_groups()
        self.store.add(random_flows(100, END - 50 * 3600, END - 40 * 3600, 10))
        self.store.add(random_flows(100, END - 3600, END, 11))
        self.assertIn(" 100 new flows", self.run_it("-v").stderr)


class Readers(Aggregate):
    def test_no_reader_ever_sees_an_empty_or_a_mixed_table(self):
        self.set_groups()
        self.store.add(random_flows(3000, END - 3600, END, 12))
        self.run_it()
        seen, stop = [], threading.Event()
        tables = ["app_usage_curr", "app_usage_24hr", "host_totals", "host_app_totals", "group_totals",
                  "group_app_totals", "host_traffic_unknown", "ip", "ip_group"]

        def read():
            db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20, isolation_level=None)
            while not stop.is_set():
                db.execute("BEGIN")
                counts = [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables]
                hosts, = db.execute("SELECT sum(in_octets) FROM host_totals WHERE period = 3600").fetchone()
                total, = db.execute("SELECT sum(in_octets) FROM app_usage_1hr").fetchone()
                db.execute("COMMIT")
                seen.append((min(counts), hosts == total, dict(zip(tables, counts))))
            db.close()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for turn in range(8):
                self.store.add(random_flows(500, END - 3600, END, 20 + turn))
                if turn % 2:
                    self.store.group(10 + turn, f"extra {turn}", f"192.0.2.{turn}/32")
                self.run_it()
        finally:
            stop.set()
            reader.join()
        self.assertGreater(len(seen), 20)
        for low, agrees, counts in seen:
            self.assertGreater(low, 0, counts)
            self.assertTrue(agrees, counts)


class Crashes(Aggregate):
    def test_a_killed_run_counts_nothing_twice_and_forgets_nothing(self):
        self.set_groups()
        flows = random_flows(6000, END - 3600, END, 13)
        for part in range(20):  # enough chunks that a kill falls between two
            self.store.add(flows if part == 0 else random_flows(6000, END - 3600, END, 100 + part))
        dice = random.Random(14)
        for _ in range(6):
            process = self.start("netmon-aggregate", "--store", f"sqlite:{self.path}", "--now", NOW)
            time.sleep(dice.uniform(0.02, 0.5))
            process.send(signal.SIGKILL)
            process.wait_end()
        self.run_it()
        octets = self.store.rows("SELECT sum(in_octets + out_octets) FROM host_totals WHERE period = 3600")
        inside = {h: bool(groups_of(h, GROUPS)) for f in self.store.flows for h in f[:2]}
        want = 0
        for f in self.store.flows:
            first, last = f[9] * 256 + (f[8] >> 8), f[10] * 256 + (f[8] & 255)
            want += share(f[6], first, last, END - 3600, END) * (inside[f[0]] + inside[f[1]])
        self.assertEqual(octets, [(want,)])

    def test_one_run_at_a_time(self):
        self.store.add(random_flows(60000, END - 3600, END, 15))
        runs = [self.start("netmon-aggregate", "--store", f"sqlite:{self.path}", "--now", NOW, "-v") for _ in range(3)]
        self.assertEqual([r.wait_end() for r in runs], [0, 0, 0])
        self.assertIn("another run is still at work", "".join(r.log() for r in runs))
        self.assertEqual(self.store.rows("SELECT value FROM aggregate_state WHERE name = 'flow'"), [(60000,)])

    def test_a_collector_goes_on_writing_meanwhile(self):
        self.set_groups()
        self.store.add(random_flows(100000, END - 3600, END, 16))
        run = self.start("netmon-aggregate", "--store", f"sqlite:{self.path}", "--now", NOW)
        worst = 0
        while run.running():
            begin = time.monotonic()
            self.store.add(random_flows(10, END - 60, END, 17))
            worst = max(worst, time.monotonic() - begin)
        self.assertEqual(run.wait_end(), 0)
        self.assertLess(worst, 5 * e2e.SLOWER)
        self.run_it()
        self.assertEqual(self.store.state()["flow"], len(self.store.flows))


class Foreign(Aggregate):
    """Rows that no netmond would have written, and clocks that are wrong."""

    def test_rows_that_are_no_flows_are_left_out_and_told(self):
        self.set_groups()
        self.store.add([flow("somewhere", "10.0.0.1"), flow("192.0.2.1", ""), flow("192.0.2.1", "10.0.0.1", octets=-5),
                        flow("192.0.2.1", "10.0.0.1", octets=77)])
        done = self.run_it()
        self.assertIn("3 rows of flow are malformed", done.stderr)
        self.assertEqual(self.store.rows("SELECT in_octets FROM app_usage_curr"), [(77,)])

    def test_flows_of_a_hundred_years_cost_no_more_than_the_kept_day(self):
        self.set_groups()
        self.store.add([flow("192.0.2.1", "10.0.0.1", 2**32 - 1, 2**32 - 1, started=0, expires=2**32 - 1)
                        for _ in range(20)])
        begin = time.monotonic()
        self.run_it()
        self.assertLess(time.monotonic() - begin, 20 * e2e.SLOWER)
        hour, = self.store.rows("SELECT in_octets FROM app_usage_1hr")[0]
        self.assertAlmostEqual(hour, 20 * 3600, delta=20 * 60)

    def test_a_flow_that_ends_before_it_starts_counts_where_it_starts(self):
        self.set_groups()
        self.store.add([flow("192.0.2.1", "10.0.0.1", octets=5, started=END - 10, expires=END - 4000)])
        self.run_it()
        self.assertEqual(self.store.rows("SELECT in_octets FROM app_usage_curr"), [(5,)])

    def test_flows_far_ahead_or_long_ago_are_counted_as_outside(self):
        self.set_groups()
        self.store.add([flow("192.0.2.1", "10.0.0.1", started=END - 9, expires=END - 8)])
        self.run_it()
        self.store.add([flow("192.0.2.1", "10.0.0.1", started=NOW + 7200, expires=NOW + 7201),
                        flow("192.0.2.1", "10.0.0.1", started=NOW - 200000, expires=NOW - 199999)])
        self.assertIn("2 new flows (2 outside", self.run_it("-v").stderr)


class Command(Aggregate):
    def test_usage_errors_end_with_2_and_one_line(self):
        for words in (["--now", "yesterday"], ["--now", "5"], ["--nonsense"], ["word"]):
            done = e2e.run("netmon-aggregate", "--store", f"sqlite:{self.path}", *words, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_a_store_that_is_not_there_ends_with_1_and_the_remedy(self):
        done = e2e.run("netmon-aggregate", "--store", f"sqlite:{self.dir}/none.db", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("store init", done.stderr)
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(f for f in os.listdir(self.dir) if "none" not in f))

    def test_the_settings_name_the_store_and_a_quiet_run_says_nothing(self):
        (self.dir / "netmon.conf").write_text(f'store = "sqlite:{self.path}"\n')
        done = e2e.run("netmon-aggregate", "--config", self.dir / "netmon.conf")
        self.assertEqual(done.stdout + done.stderr, "")
        self.assertGreater(self.store.state()["window_end"], NOW)

    def test_verbose_is_one_line_of_figures(self):
        self.set_groups()
        self.store.add(random_flows(20, END - 600, END, 18))
        lines = self.run_it("-v").stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertNotIn("rebuilt", lines[0])
        self.assertIn("20 new flows", lines[0])


if __name__ == "__main__":
    unittest.main()
