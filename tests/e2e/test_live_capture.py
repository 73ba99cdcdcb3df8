# SPDX-License-Identifier: GPL-3.0-or-later
"""Live capture from an interface of a network namespace gives what the capture file gives."""
import signal
import time
import unittest

import netmon_e2e as e2e
from live_case import LiveCase, frame_count, totals


@e2e.needs_netns
class Live(LiveCase):
    def test_live_capture_gives_what_the_file_gives(self):
        for name in ("http", "dns", "vlan"):
            with self.subTest(name):
                path = e2e.capture(name)
                process = self.live("-v", "-i", "a1")
                self.send("a0", path)
                self.assertEqual(process.stop(), 0, process.log())
                self.assertRegex(process.log(), rf"link a1: seen +{frame_count(path)} packets")
                self.assertEqual(totals(e2e.records(process.out())), totals(e2e.netmonc_csv(path)))

    def test_two_interfaces_are_two_links(self):
        process = self.live("-i", "a1", "-i", "b1", "--link", "north", "--link", "south")
        self.send("a0", e2e.capture("dns"))
        self.send("b0", e2e.capture("ssh"))
        self.assertEqual(process.stop(), 0, process.log())
        rows = e2e.records(process.out())
        for link, name in (("north", "dns"), ("south", "ssh")):
            self.assertEqual(totals(r for r in rows if r["link"] == link), totals(e2e.netmonc_csv(e2e.capture(name))))

    def test_the_filter_holds_for_live_capture(self):
        process = self.live("-v", "-i", "a1", "tcp", "port", "22")
        self.send("a0", e2e.capture("dns"))
        self.assertEqual(process.stop(), 0, process.log())
        self.assertEqual(e2e.records(process.out()), [])

    def test_idle_flows_are_printed_while_it_runs(self):
        process = self.live("-i", "a1", "--idle-timeout", "1")
        self.send("a0", e2e.capture("dns"))
        wanted = e2e.sums(e2e.netmonc_csv(e2e.capture("dns")))
        e2e.wait_until(lambda: e2e.sums(e2e.records(process.out())) == wanted, "all records", timeout=15)
        self.assertEqual(process.stop(), 0)

    def test_what_the_kernel_drops_is_counted_to_the_packet(self):
        path = e2e.capture("http")
        for workers in ("1", "2"):
            with self.subTest(f"{workers} workers"):
                process = self.live("-v", "-i", "a1", "--buffer", "1", "--workers", workers)
                process.send(signal.SIGSTOP)
                self.send("a0", path, rounds=30)
                process.send(signal.SIGCONT)
                self.assertEqual(process.stop(), 0, process.log())
                self.assertRegex(process.log(), rf"link a1: seen +{30 * frame_count(path)} packets")
                self.assertRegex(process.log(), r"link a1: kernel-dropped +[1-9]\d* packets")
                self.assertIn("the ledger closes", process.log())

    def test_an_interface_that_was_down_goes_on(self):
        process = self.live("-i", "a1")
        self.inside("ip", "link", "set", "a1", "down")
        time.sleep(1)
        self.inside("ip", "link", "set", "a1", "up")
        time.sleep(2.5)
        self.send("a0", e2e.capture("dns"))
        self.assertEqual(process.stop(), 0, process.log())
        self.assertEqual(e2e.sums(e2e.records(process.out())), e2e.sums(e2e.netmonc_csv(e2e.capture("dns"))))

    def test_an_interface_that_is_made_anew_is_opened_again(self):
        process = self.live("-i", "a1")
        self.inside("ip", "link", "del", "a1")
        process.wait_line(r"a1: .*trying again")
        self.inside("ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1")
        self.inside("ip", "link", "set", "a0", "up")
        self.inside("ip", "link", "set", "a1", "up")
        time.sleep(3)
        self.send("a0", e2e.capture("dns"))
        self.assertEqual(process.stop(), 0, process.log())
        self.assertEqual(e2e.sums(e2e.records(process.out())), e2e.sums(e2e.netmonc_csv(e2e.capture("dns"))))

    def test_sighup_reads_the_modules_again_and_sigusr1_prints_the_ledger(self):
        modules = self.dir / "modules"
        modules.write_text("dns\n")
        process = self.live("-v", "-i", "a1", "--modules", modules)
        self.send("a0", e2e.capture("http"))
        modules.write_text("dns\nhttp\n")
        process.send(signal.SIGHUP)
        process.wait_line("rules read again")
        self.send("a0", e2e.capture("http"))
        process.send(signal.SIGUSR1)
        process.wait_line(rf"link a1: seen +{2 * frame_count(e2e.capture('http'))} packets")
        self.assertEqual(process.stop(), 0, process.log())
        rows = e2e.records(process.out())
        self.assertEqual({r["application"] for r in rows if 80 in (r["sport"], r["dport"])}, {"HTTP", "Unknown"})

    def test_privileges_are_dropped_for_good(self):
        process = self.live("-i", "a1", "--user", "nobody")
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(set(status["Uid"].split()), {"65534"})
        self.assertEqual(set(status["Gid"].split()), {"65534"})
        self.assertEqual(status["CapEff"].strip("0"), "")
        self.send("a0", e2e.capture("dns"))
        self.assertEqual(process.stop(), 0, process.log())
        self.assertGreater(e2e.sums(e2e.records(process.out()))[0], 0)


if __name__ == "__main__":
    unittest.main()
