# SPDX-License-Identifier: GPL-3.0-or-later
"""A spool whose disk is full, whose probe is killed, which was put back to an older state, or which is not ours."""
import os
import shutil
import time
import unittest

import netmon_e2e as e2e
from live_case import LiveCase, frame_count

SEEN, METERED, EXPORTED, GAP, CRASHED = 1, 2, 12, 19, 22


def cause(path, number, link=None):
    sql = "SELECT coalesce(sum(l.packets), 0) FROM ledger l JOIN link k ON k.id = l.link WHERE l.cause = ?"
    return e2e.query(path, sql + (" AND k.name = ?" if link else ""), number, *([link] if link else []))[0][0]


class LiveSpool(LiveCase):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)
        self.inside("ip", "link", "set", "lo", "up")
        self.port = e2e.free_port()
        self.store = self.dir / "netmon.db"
        self.spool = self.dir / "spool"
        self.enter = ("ip", "netns", "exec", self.ns)

    def probe(self, *options, env=None):
        probe = self.start(*self.enter, e2e.binary("netmonc"), "-v", "-p", self.port, "-h", "127.0.0.1",
                           "--spool", self.spool, "--active-timeout", "1", *options, env=env)
        e2e.wait_until(lambda: "connect" in probe.log(), "netmonc to run")
        return probe

    def collector(self):
        return self.start("ip", "netns", "exec", self.ns, e2e.binary("netmond"), "--listen", "127.0.0.1", "-p",
                          self.port, "--store", f"sqlite:{self.store}")


@e2e.needs_netns
@unittest.skipUnless(shutil.which("nsenter"), "needs nsenter")
class FullDisk(LiveSpool):
    def test_packets_are_taken_while_the_disk_is_full_and_reach_the_store_when_it_is_not(self):
        """In a mount namespace of its own: that of the process that mounts."""
        disk = self.dir / "disk"
        disk.mkdir()
        holder = self.start("ip", "netns", "exec", self.ns, "sh", "-c",
                            f"mount -t tmpfs -o size=256k,mode=1777 none {disk} && echo mounted && exec sleep 600")
        e2e.wait_until(lambda: "mounted" in holder.out(), "the small disk")
        self.enter = ("nsenter", "-t", holder.pid, "-m", "-n", "-r")
        self.spool, http = disk / "spool", e2e.capture("http")
        probe = self.probe("-i", "a1")
        self.send("a0", http)
        e2e.run(*self.enter, "sh", "-c", f"dd if=/dev/zero of={disk}/other bs=4k 2>&1; true")
        rounds = 1
        while "takes no more: No space left" not in probe.log():
            self.assertLess(rounds, 60)
            self.send("a0", http)
            rounds += 1
        self.send("a0", http, rounds=3)
        e2e.run(*self.enter, "rm", f"{disk}/other")
        netmond = self.collector()
        probe.wait_line("connected to collector")
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertEqual(netmond.stop(), 0)
        sent = (rounds + 3) * frame_count(http)
        self.assertEqual([cause(self.store, c) for c in (SEEN, METERED, EXPORTED)], [sent] * 3)
        self.assertEqual(e2e.store_sums(self.store)[0], sent)


@e2e.needs_netns
class Killed(LiveSpool):
    def test_each_interface_has_a_gap_of_its_own_also_when_its_counters_began_anew(self):
        http, dns = e2e.capture("http"), e2e.capture("dns")
        probe = self.probe("-i", "a1", "-i", "b1")
        self.send("a0", http, rounds=2)
        self.send("b0", dns, rounds=5)
        time.sleep(2.5)
        probe.kill()
        self.send("a0", http, rounds=3)
        self.inside("ip", "link", "del", "b0")
        self.inside("ip", "link", "add", "b0", "type", "veth", "peer", "name", "b1")
        self.inside("ip", "link", "set", "b0", "up")
        self.inside("ip", "link", "set", "b1", "up")
        self.send("b0", dns, rounds=2)
        netmond = self.collector()
        probe = self.probe("-i", "a1", "-i", "b1")
        probe.wait_line("connected to collector")
        self.assertIn("b1: its counters began anew", probe.log())
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertEqual(netmond.stop(), 0)
        # what was not in rows of the ledger when it was killed is in the gap too
        for link, frames, missed, sent in (("a1", frame_count(http), 3, 5), ("b1", frame_count(dns), 2, 7)):
            self.assertGreaterEqual(cause(self.store, GAP, link), missed * frames)
            self.assertLessEqual(cause(self.store, SEEN, link), sent * frames)
        # the counters say it exactly, but for those that began anew
        self.assertEqual(cause(self.store, SEEN, "a1"), 5 * frame_count(http))
        self.assertEqual(cause(self.store, METERED), e2e.store_sums(self.store)[0] + cause(self.store, CRASHED))

    def test_a_filter_makes_the_gap_wider_but_not_wide(self):
        http = e2e.capture("http")
        probe = self.probe("-i", "a1", "--filter", "tcp src port 80")
        for _ in range(8):
            self.send("a0", http)
            time.sleep(0.5)
        probe.kill()
        self.send("a0", http, rounds=2)
        netmond = self.collector()
        probe = self.probe("-i", "a1", "--filter", "tcp src port 80")
        probe.wait_line("connected to collector")
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertEqual(netmond.stop(), 0)
        self.assertGreaterEqual(cause(self.store, GAP), 2 * frame_count(http))
        self.assertLessEqual(cause(self.store, GAP), 10 * frame_count(http))

    @unittest.skipIf(e2e.ASAN, "ASan has to be loaded before libfaketime")
    def test_a_clock_that_jumps_by_hours_loses_and_doubles_nothing(self):
        faketime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
        if not os.path.exists(faketime):
            self.skipTest("needs libfaketime")
        http = e2e.capture("http")
        for jump in ("+5h", "-7h", "+0h"):
            probe = self.probe("-i", "a1", env={"LD_PRELOAD": faketime, "FAKETIME": jump})
            self.send("a0", http, rounds=2)
            time.sleep(1)
            probe.kill()
        netmond = self.collector()
        probe = self.probe("-i", "a1")
        probe.wait_line("connected to collector")
        self.assertEqual(probe.stop(), 0, probe.log())
        self.assertEqual(netmond.stop(), 0)
        seen, metered, gap, crashed = (cause(self.store, c) for c in (SEEN, METERED, GAP, CRASHED))
        self.assertEqual(seen, 6 * frame_count(http))
        self.assertEqual(seen, metered + gap)
        self.assertEqual(metered, e2e.store_sums(self.store)[0] + crashed)


class Files(e2e.Case):
    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)
        self.spool, self.port = self.dir / "spool", e2e.free_port()

    def netmonc(self, name, check=True, spool=None):
        return e2e.run("netmonc", "-v", "-h", "127.0.0.1", "-p", self.port, "--spool", spool or self.spool,
                       "-r", e2e.capture(name), check=check)

    def test_one_that_was_put_back_to_an_older_state_is_fenced_off_and_the_remedy_works(self):
        netmond = self.netmond(store=True, port=self.port)
        self.netmonc("dns")
        e2e.run("cp", "-a", self.spool, self.dir / "backup")
        self.netmonc("http")
        before = e2e.store_sums(self.dir / "netmon.db")
        e2e.run("rm", "-r", self.spool)
        e2e.run("cp", "-a", self.dir / "backup", self.spool)
        fenced = self.netmonc("ftp").stderr
        self.assertIn("the spool was put back to an older state", fenced)
        self.assertIn("move the spool folder away", fenced)
        self.assertIn("are kept in the spool", fenced)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), before)
        self.spool.rename(self.dir / "away")
        self.netmonc("ftp")
        self.assertEqual(netmond.stop(), 0)
        wanted = e2e.sums([r for n in ("dns", "http", "ftp") for r in e2e.netmonc_csv(e2e.capture(n))])
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), wanted)

    def refused(self, words, spool=None):
        done = self.netmonc("dns", check=False, spool=spool)
        self.assertEqual(done.returncode, 1)
        lines = [line for line in done.stderr.splitlines() if "spool" in line]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn(words, lines[0])

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_folder_that_is_not_its_own_is_refused_in_one_line(self):
        self.netmonc("dns")
        self.assertEqual(self.spool.stat().st_mode & 0o777, 0o700)
        self.assertNotEqual(self.spool.stat().st_uid, 0)
        other = self.dir / "other"
        other.mkdir()
        other.chmod(0o777)
        self.refused("belongs to user 0", other)
        link = self.dir / "link"
        link.symlink_to(self.spool)
        self.refused("symbolic link", link)
        file = self.dir / "file"
        file.write_text("", encoding="ascii")
        self.refused("folder", file)


if __name__ == "__main__":
    unittest.main()
