# SPDX-License-Identifier: GPL-3.0-or-later
"""What netmonc keeps in its spool reaches the collector later, once, whatever ended netmonc."""
import time
import unittest

import netmon_e2e as e2e
from live_case import LiveCase, frame_count


def cause(path, number):
    return e2e.query(path, "SELECT coalesce(sum(packets), 0) FROM ledger WHERE cause = ?", number)[0][0]


class Spool(e2e.Case):
    def netmonc(self, port, name, *options, check=True):
        return e2e.run("netmonc", "-v", "-h", "127.0.0.1", "-p", port, "--spool", self.dir / "spool",
                       "-r", e2e.capture(name), *options, check=check)

    def test_what_a_collector_was_not_there_for_is_delivered_by_the_next_run(self):
        self.dir.chmod(0o777)
        port = e2e.free_port()
        self.assertIn("kept in the spool", self.netmonc(port, "http").stderr)
        netmond = self.netmond(store=True, port=port)
        self.netmonc(port, "dns")
        self.assertEqual(netmond.stop(), 0)
        wanted = e2e.sums(e2e.netmonc_csv(e2e.capture("http")) + e2e.netmonc_csv(e2e.capture("dns")))
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), wanted)
        links = e2e.query(self.dir / "netmon.db", "SELECT l.name, sum(f.packets) FROM flow f JOIN link l "
                          "ON l.id = f.link GROUP BY l.name ORDER BY l.name")
        self.assertEqual([row[0] for row in links], ["dns.pcap", "http.pcap"])

    def test_a_run_without_packets_delivers_what_is_there(self):
        self.dir.chmod(0o777)
        port = e2e.free_port()
        argv = ("netmonc", "-v", "-h", "127.0.0.1", "-p", port, "--spool", self.dir / "spool")
        done = e2e.run(*argv, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("holds nothing", done.stderr)
        self.netmonc(port, "http")
        netmond = self.netmond(store=True, port=port)
        e2e.run(*argv)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(e2e.capture("http"))))

    def test_two_processes_do_not_share_a_spool(self):
        self.dir.chmod(0o777)
        port = e2e.free_port()
        first = self.start("netmonc", "-p", port, "--spool", self.dir / "spool", "-r", e2e.capture("dns"))
        e2e.wait_until((self.dir / "spool" / "meta").exists, "the spool")
        second = self.netmonc(port, "dns", check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another netmonc uses it", second.stderr)
        first.kill()

    def test_wrong_options_say_what_to_do(self):
        for options, words in ((["--spool-policy", "drop-all", "--spool", "x"], "drop-newest or drop-oldest"),
                               (["--spool-policy", "drop-newest"], "goes with --spool")):
            done = e2e.run("netmonc", "--check", "-r", e2e.capture("dns"), *options, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


@e2e.needs_netns
class Killed(LiveCase):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)
        self.inside("ip", "link", "set", "lo", "up")
        self.port = e2e.free_port()
        self.store = self.dir / "netmon.db"

    def probe(self, *options):
        probe = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmonc"), "-v", "-p", self.port, "-h",
                           "127.0.0.1", "--spool", self.dir / "spool", "-i", "a1", "--active-timeout", "1", *options)
        e2e.wait_until(lambda: "connect" in probe.log(), "netmonc to run")
        return probe

    def collector(self):
        return self.start("ip", "netns", "exec", self.ns, e2e.binary("netmond"), "--listen", "127.0.0.1", "-p",
                          self.port, "--store", f"sqlite:{self.store}")

    def test_what_a_killed_probe_had_metered_is_delivered_or_declared(self):
        http = e2e.capture("http")
        frames = frame_count(http)
        probe = self.probe()
        for _ in range(4):
            self.send("a0", http, rounds=2)
            time.sleep(0.5)
        probe.kill()
        self.send("a0", http, rounds=3)
        netmond = self.collector()
        probe = self.probe()
        probe.wait_line("connected to collector")
        time.sleep(1)
        self.send("a0", http)
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertIn("did not come to its end", probe.log())
        # an orderly end leaves nothing to declare
        self.send("a0", http)
        probe = self.probe()
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertNotIn("declared", probe.log())
        self.assertEqual(netmond.stop(), 0)
        stored = e2e.store_sums(self.store)[0]
        self.assertGreater(stored, 0)
        seen, metered, gap = (cause(self.store, n) for n in (1, 2, 19))
        self.assertEqual(cause(self.store, 12), stored)
        self.assertEqual(metered, stored + cause(self.store, 22))
        self.assertEqual(seen, metered + gap)
        self.assertGreaterEqual(gap, 3 * frames)
        # the interface's counters say it exactly: nothing was left out by a filter
        self.assertEqual(seen, 12 * frames)


if __name__ == "__main__":
    unittest.main()
