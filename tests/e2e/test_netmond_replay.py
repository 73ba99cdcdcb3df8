# SPDX-License-Identifier: GPL-3.0-or-later
"""netmonc and netmond together over the project's own captures: the store holds what netmonc prints."""
from collections import Counter

import netmon_e2e as e2e

SEEN, METERED, TABLE_OVERFLOW, EXPORTED, SAMPLED_OUT, WORKER_FULL = 1, 2, 11, 12, 14, 18


def key(row, application):
    return (row["saddr"], row["daddr"], int(row["sport"]), int(row["dport"]), int(row["protocol"]), int(row["packets"]),
            int(row["octets"]), application, int(row["vlan"]), row["tunnel"], int(row["sampling"]))


class Replay(e2e.Case):
    def test_every_record_of_every_capture_is_in_the_store_as_netmonc_prints_it(self):
        netmond = self.netmond(store=True)
        last = 0
        for capture in e2e.captures():
            with self.subTest(capture=capture.rpartition("/")[2]):
                want = Counter(key(r, r["application"]) for r in e2e.netmonc_csv(capture))
                e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", capture)
                rows = e2e.query(self.dir / "netmon.db", "SELECT f.*, a.name AS app FROM flow f JOIN application a "
                                 "ON a.id=f.application WHERE f.id > ? ORDER BY f.id", last)
                last = rows[-1]["id"]
                self.assertEqual(Counter(key(r, r["app"]) for r in rows), want)
        self.assertEqual(netmond.stop(), 0)

    def test_two_probes_on_two_links_are_told_apart(self):
        netmond = self.netmond(store=True)
        for name in ("dns", "http"):
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "--probe", f"probe-{name}", "--link", "uplink",
                    "-r", e2e.capture(name))
        self.assertEqual(netmond.stop(), 0)
        rows = e2e.query(self.dir / "netmon.db",
                         "SELECT p.name, l.name AS link, sum(f.octets) AS octets FROM flow f JOIN link l ON l.id=f.link "
                         "JOIN probe p ON p.id=l.probe GROUP BY p.name, l.name ORDER BY p.name")
        self.assertEqual([tuple(r) for r in rows],
                         [(f"probe-{n}", "uplink", e2e.sums(e2e.netmonc_csv(e2e.capture(n)))[1])
                          for n in ("dns", "http")])

    def test_the_ledger_closes_what_was_metered_was_exported_and_stored(self):
        netmond = self.netmond(store=True)
        e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", e2e.capture("ftp"))
        self.assertEqual(netmond.stop(), 0)
        ledger = {r["cause"]: (r["packets"], r["octets"]) for r in e2e.query(
            self.dir / "netmon.db", "SELECT cause, sum(packets) AS packets, sum(octets) AS octets FROM ledger "
            "GROUP BY cause")}
        self.assertEqual(ledger[2], e2e.store_sums(self.dir / "netmon.db"), "metered")
        self.assertEqual(ledger[12], ledger[2], "exported")
        self.assertEqual(ledger[1][0], sum(p for cause, (p, _) in ledger.items() if 2 <= cause <= 11), "seen")

    def test_the_ledger_closes_for_every_link_and_minute_whatever_is_left_out(self):
        netmond = self.netmond(store=True)
        runs = {"all": (), "few": ("--max-flows", 2), "sampled": ("--sample", 3), "snapshot": ("--snapshot", "100ms"),
                "shared": ("--workers", 3)}
        files = [word for capture in e2e.captures() for word in ("-r", capture)]
        for link, options in runs.items():
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "--link", link, *options, *files)
        self.assertEqual(netmond.stop(), 0)
        counts = {}
        for r in e2e.query(self.dir / "netmon.db", "SELECT l.name, g.minute, g.cause, g.packets, g.octets FROM ledger g "
                           "JOIN link l ON l.id = g.link"):
            counts.setdefault((r["name"], r["minute"]), {})[r["cause"]] = r["packets"]
        for (link, minute), causes in counts.items():
            sum_of_causes = sum(p for cause, p in causes.items() if 2 <= cause <= 11 or cause in (SAMPLED_OUT, WORKER_FULL))
            self.assertEqual(causes.get(SEEN, 0), sum_of_causes, (link, minute))
        stored = {r["name"]: r["packets"] for r in e2e.query(
            self.dir / "netmon.db", "SELECT l.name, sum(f.packets) AS packets FROM flow f JOIN link l ON l.id = f.link "
            "GROUP BY l.name")}
        for link in runs:
            total = Counter()
            for (name, _), causes in counts.items():
                if name == link:
                    total.update(causes)
            self.assertEqual(total[EXPORTED], stored[link], f"{link}: exported")
            scale = 3 if link == "sampled" else 1
            self.assertEqual(stored[link], scale * (total[METERED] + total[TABLE_OVERFLOW]), link)
            self.assertEqual(total[TABLE_OVERFLOW] > 0, link == "few", link)
            self.assertEqual(total[SAMPLED_OUT] > 0, link == "sampled", link)

    def test_without_a_collector_netmonc_says_how_many_records_stayed(self):
        done = e2e.run("netmonc", "-h", "127.0.0.1", "-p", 1, "-r", e2e.capture("dns"), check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\d+ records were not delivered")
