# SPDX-License-Identifier: GPL-3.0-or-later
"""The RRD tree of several netmonds, after a full disk, and after kills with a store in MariaDB: the files of a run that nothing
disturbed."""
import json
import os
import random
import shutil
import subprocess
import threading
import time
import unittest
from pathlib import Path

import netmon_e2e as e2e
import rrdtool
from netmon_frames import Probe, Record

START = 1700000040  # a whole minute
GROUPS = "All = 10.0.0.0/8\n"


class Tree(e2e.Case):
    def setUp(self):
        super().setUp()
        (self.dir / "groups").write_text(GROUPS)
        records = [Record(f"10.0.0.{n % 12}", octets=1000 + n, application=n % 4, started=START + n * 4,
                          expires=START + n * 4 + 3) for n in range(600)]
        self.batches = [records[n:n + 30] for n in range(0, 600, 30)]

    def prepare(self, store):
        e2e.run("netmon", "--store", store, "store", "init")
        e2e.run("netmon", "--store", store, "groups", "import", self.dir / "groups")
        return store

    def deliver(self, port, first, last):
        probe = Probe(port)
        self.addCleanup(probe.close)
        probe.greet(first=first, following=first)
        for n in range(first, last + 1):
            probe.store(n, self.batches[n - 1])
        probe.close()

    def dumps(self, tree):
        """{file of the tree: all that it holds}."""
        files = {}
        for path in sorted(tree.rglob("*.rrd")):
            rrdtool.dump(str(path), str(self.dir / "dump"))
            files[str(path.relative_to(tree))] = (self.dir / "dump").read_text(encoding="utf-8")
        return files

    def calm(self):
        """The files of a run that nothing disturbs."""
        store = self.prepare(f"sqlite:{self.dir}/calm.db")
        netmond = self.netmond("--store", store, "--rrd", self.dir / "calm")
        self.deliver(netmond.port, 1, len(self.batches))
        self.assertEqual(netmond.stop(), 0)
        return self.dumps(self.dir / "calm")

    def feeders(self, sockets):
        """Which of them feed the tree and have read what there is."""
        feeds = []
        for n, sock in enumerate(sockets):
            answer = e2e.run("netmond", "--status", "--json", "--control", sock, check=False).stdout
            worker = json.loads(answer)["workers"][0] if answer else {"rrd_feeds": 0}
            if worker["rrd_feeds"] == 1 and worker["rrd_behind"] == 0:
                feeds.append(n)
        return feeds

    def share(self, store):
        """The files of a run over two netmonds, of which the one that feeds the tree is killed."""
        sockets = [self.dir / f"sock{n}" for n in range(2)]
        options = ("--store", store, "--rrd", self.dir / "rrd", "--shared-store")
        both = [self.netmond(*options, "--control", sock) for sock in sockets]
        half = len(self.batches) // 2
        for n in range(1, half + 1):
            self.deliver(both[n % 2].port, n, n)
        e2e.wait_until(lambda: self.feeders(sockets) == [0], "the first to have read all", 20)
        both[0].kill()
        for n in range(half + 1, len(self.batches) + 1):
            self.deliver(both[1].port, n, n)
        e2e.wait_until(lambda: self.feeders(sockets[1:]) == [0], "the other to take over", 20)
        time.sleep(1.2)  # it looks for new flows each second
        e2e.wait_until(lambda: self.feeders(sockets[1:]) == [0], "it to have read all", 20)
        self.assertEqual(both[1].stop(), 0)
        return self.dumps(self.dir / "rrd")

    def assert_same(self, got, want):
        self.assertGreater(len(want), 30)
        self.assertEqual(got.keys(), want.keys())
        for path, text in want.items():
            self.assertEqual(got[path], text, path)


class Shared(Tree):
    """Several netmonds on one store and one tree."""

    def test_one_feeds_the_tree_with_what_both_store_and_the_other_takes_over(self):
        want = self.calm()
        self.assert_same(self.share(self.prepare(f"sqlite:{self.dir}/netmon.db")), want)

    def test_without_a_shared_store_a_second_one_is_refused(self):
        store = self.prepare(f"sqlite:{self.dir}/netmon.db")
        self.netmond("--store", store, "--rrd", self.dir / "rrd")
        done = e2e.run("netmond", "-p", e2e.free_port(), "--listen", "127.0.0.1", "--store", store, "--rrd", self.dir / "rrd",
                       check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another netmond writes to this tree", done.stderr)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare") and shutil.which("nsenter"),
                     "needs root, unshare(1) and nsenter(1)")
class FullDisk(Tree):
    """A tmpfs in a mount namespace of its own."""

    def setUp(self):
        super().setUp()
        self.small = self.dir / "small"
        self.small.mkdir()
        self.holder = self.start("unshare", "--mount", "--propagation", "private", "sh", "-c",
                                 'mount -t tmpfs -o size="$2" none "$1" && touch "$1/mounted" && exec sleep 600', "sh",
                                 self.small, "1500k")
        self.inside = Path(f"/proc/{self.holder.pid}/root{self.small}")
        e2e.wait_until((self.inside / "mounted").exists, "the small disk")

    def enlarge(self):
        e2e.run("nsenter", "-t", self.holder.pid, "-m", "-r", "mount", "-o", "remount,size=64m", self.small)

    def collector(self, store):
        port = e2e.free_port()
        netmond = self.start("nsenter", "-t", self.holder.pid, "-m", "-r", e2e.binary("netmond"), "--listen", "127.0.0.1", "-p",
                             port, "--store", store, "--rrd", self.small / "rrd", "--control", self.dir / "sock")
        return netmond.wait_listen(port)

    def number(self, key):
        status = e2e.run("netmond", "--status", "--json", "--control", self.dir / "sock").stdout
        return json.loads(status)["workers"][0][key]

    def test_flows_are_stored_status_says_so_and_the_gap_is_made_up(self):
        want = self.calm()
        store = self.prepare(f"sqlite:{self.dir}/netmon.db")
        netmond = self.collector(store)
        self.deliver(netmond.port, 1, len(self.batches))
        e2e.wait_until(lambda: self.number("rrd_stalled") == 1, "a full disk")
        self.assertIn("THE DISK IS FULL", e2e.run("netmond", "--status", "--control", self.dir / "sock").stdout)
        self.assertEqual(self.number("rrd_failed"), 0)
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0], 600)
        self.assertEqual(netmond.stop(), 0)
        # still full: it starts, and takes records
        netmond = self.collector(store)
        self.assertEqual(netmond.stop(), 0)
        self.enlarge()
        netmond = self.collector(store)
        self.assertEqual(netmond.stop(), 0)
        self.assert_same(self.dumps(self.inside / "rrd"), want)

    def test_a_disk_without_room_for_the_first_file_stops_nothing(self):
        want = self.calm()
        store = self.prepare(f"sqlite:{self.dir}/netmon.db")
        filler = self.inside / "filler"
        with open(filler, "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        netmond = self.collector(store)
        self.deliver(netmond.port, 1, len(self.batches))
        self.assertEqual(self.number("rrd_feeds"), 0)
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0], 600)
        filler.unlink()
        self.enlarge()
        e2e.wait_until(lambda: self.number("rrd_feeds") == 1 and self.number("rrd_behind") == 0, "room", 20)
        self.assertEqual(netmond.stop(), 0)
        self.assert_same(self.dumps(self.inside / "rrd"), want)


@e2e.needs_program("mariadb-install-db", "mariadbd", "mariadb")
class MariaDb(Tree):
    def setUp(self):
        super().setUp()
        self.socket = self.dir / "s"
        self.user = ["--user=root"] if os.geteuid() == 0 else []
        e2e.run("mariadb-install-db", "--no-defaults", f"--datadir={self.dir}/data", "--auth-root-authentication-method=normal",
                "--skip-test-db", *self.user, timeout=120)
        self.ended = threading.Event()
        self.server = None
        self.keeper = threading.Thread(target=self.keep)
        self.keeper.start()
        self.addCleanup(self.end_server)
        self.wait_server()
        self.ask("CREATE DATABASE netmon")

    def keep(self):
        """Starts the server, and again each time that it was killed."""
        while not self.ended.is_set():
            with open(self.dir / "server.log", "ab") as log:
                self.server = subprocess.Popen(
                    ["mariadbd", "--no-defaults", f"--datadir={self.dir}/data", f"--socket={self.socket}", "--skip-networking",
                     f"--pid-file={self.dir}/pid", "--innodb-buffer-pool-size=64M", *self.user], stdout=log, stderr=log)
            self.server.wait()

    def end_server(self):
        self.ended.set()
        self.server.kill()
        self.keeper.join(30)

    def ask(self, sql):
        return e2e.run("mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", input=sql, check=False)

    def wait_server(self):
        e2e.wait_until(lambda: self.ask("SELECT 1").returncode == 0, "MariaDB", 60)

    def test_two_netmonds_share_it(self):
        want = self.calm()
        self.assert_same(self.share(self.prepare(f"mysql://root@/netmon?socket={self.socket}")), want)

    def test_after_kills_of_either_the_files_are_those_of_a_calm_run(self):
        want = self.calm()
        store = self.prepare(f"mysql://root@/netmon?socket={self.socket}")
        options = ("--store", store, "--rrd", self.dir / "rrd", "--rrd-minutes", "5")
        chance = random.Random(3)
        kills = sorted(chance.sample(range(3, len(self.batches)), 4))
        netmond, first = self.netmond(*options), 1
        for n, last in enumerate((*kills, len(self.batches))):
            self.deliver(netmond.port, first, last)
            first = last + 1
            if first > len(self.batches):
                break
            if n % 2:
                self.server.kill()
            netmond.kill()
            self.wait_server()
            netmond = self.netmond(*options)
        # the server alone: what the feed has in memory is not what the store forgets
        self.server.kill()
        self.wait_server()
        self.assertEqual(netmond.stop(), 0)
        self.assert_same(self.dumps(self.dir / "rrd"), want)


if __name__ == "__main__":
    unittest.main()
