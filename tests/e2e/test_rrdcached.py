# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond with an rrdcached that writes the RRDs: the same files as without one, whoever is killed."""
import shutil
import signal
import socket
import subprocess
import unittest

import netmon_e2e as e2e
import rrdtool
from netmon_frames import Probe, Record

START = 1700000040  # a whole minute
RRDCACHED = shutil.which("rrdcached")


@unittest.skipUnless(RRDCACHED, "rrdcached is not installed")
class RrdCached(e2e.Case):
    def setUp(self):
        super().setUp()
        self.base = self.dir
        self.daemon = None
        records = [Record(f"10.0.0.{n % 5}", octets=1000 + n, application=n % 3, started=START + n * 9,
                          expires=START + n * 9 + 3) for n in range(300)]
        self.batches = [records[n:n + 30] for n in range(0, 300, 30)]

    def begin(self, name, address=None):
        """A store and an empty tree in a folder of their own; the options of its netmond."""
        self.dir = self.base / name  # a blank: rrdcached ends fields at blanks
        self.dir.mkdir()
        self.rrd, self.sock = self.dir / "rrd", self.dir / "sock"
        (self.dir / "groups").write_text("All = 10.0.0.0/8\n")
        store = f"sqlite:{self.dir}/netmon.db"
        e2e.run("netmon", "--store", store, "store", "init")
        e2e.run("netmon", "--store", store, "groups", "import", self.dir / "groups")
        return ["--rrdcached", address or f"unix:{self.sock}"]

    def start_daemon(self, *listen):
        (self.dir / "journal").mkdir(exist_ok=True)
        self.sock.unlink(missing_ok=True)
        self.daemon = subprocess.Popen([RRDCACHED, "-g", "-F", "-l", *(listen or [f"unix:{self.sock}"]), "-w", "3600", "-f",
                                        "7200", "-j", self.dir / "journal", "-p", self.dir / "pid"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end_daemon)
        e2e.wait_until(self.is_listening if not listen else lambda: self.connects(listen[0]), "rrdcached")

    def is_listening(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.sock)) == 0

    @staticmethod
    def connects(address):
        host, port = address.rsplit(":", 1)
        with socket.socket() as s:
            return s.connect_ex((host, int(port))) == 0

    def end_daemon(self, sig=signal.SIGTERM):
        if self.daemon:
            self.daemon.send_signal(sig)
            self.daemon.wait(20)
            self.daemon = None

    def deliver(self, port, numbers):
        probe = Probe(port)
        self.addCleanup(probe.close)
        probe.greet(first=numbers[0], following=numbers[0])
        for n in numbers:
            probe.store(n, self.batches[n - 1])
        probe.close()

    def dumps(self):
        """{file of the tree: all that it holds}, once rrdcached has written it."""
        self.end_daemon()
        files = {}
        for path in sorted(self.rrd.rglob("*.rrd")):
            rrdtool.dump(str(path), str(self.dir / "dump"))
            files[str(path.relative_to(self.rrd))] = (self.dir / "dump").read_text(encoding="utf-8")
        return files

    def want(self):
        """The files without an rrdcached."""
        self.begin("alone")
        netmond = self.netmond(store=True, rrd=True)
        self.deliver(netmond.port, range(1, 11))
        self.assertEqual(netmond.stop(), 0)
        return self.dumps()

    def assert_same(self, got, want):
        self.assertEqual(got.keys(), want.keys())
        for path, text in want.items():
            self.assertEqual(got[path], text, path)

    def test_files_are_the_same_as_without_one(self):
        want = self.want()
        options = self.begin("with one")
        self.start_daemon()
        netmond = self.netmond(*options, store=True, rrd=True)
        self.deliver(netmond.port, range(1, 11))
        self.assertEqual(netmond.stop(), 0)
        self.assertNotIn("failed so far", netmond.log())
        self.assert_same(self.dumps(), want)

    def test_over_tcp(self):
        want = self.want()
        address = f"127.0.0.1:{e2e.free_port()}"
        options = self.begin("tcp", address)
        self.start_daemon(address)
        netmond = self.netmond(*options, store=True, rrd=True)
        self.deliver(netmond.port, range(1, 11))
        self.assertEqual(netmond.stop(), 0)
        self.assert_same(self.dumps(), want)

    def test_either_side_is_killed_and_nothing_is_missing_or_counted_twice(self):
        want = self.want()
        options = self.begin("killed")
        self.start_daemon()
        port = e2e.free_port()
        netmond = self.netmond(*options, store=True, rrd=True, port=port)
        for n in range(1, 11):
            self.deliver(port, [n])
            if n % 3 == 0:
                netmond.kill()
            if n % 4 == 0:
                self.end_daemon(signal.SIGKILL)
                self.start_daemon()
            if n % 3 == 0:
                netmond = self.netmond(*options, store=True, rrd=True, port=port)
        self.assertEqual(netmond.stop(), 0)
        self.assertNotIn("failed so far", netmond.log())
        self.assert_same(self.dumps(), want)

    def test_without_the_daemon_the_watermark_stays_and_values_come_when_it_does(self):
        want = self.want()
        options = self.begin("away")
        netmond = self.netmond(*options, store=True, rrd=True)
        self.deliver(netmond.port, range(1, 11))
        netmond.wait_line("No such file or directory; values wait")
        self.assertFalse(list(self.rrd.rglob("*.rrd")))
        self.assertIn("written 0", (self.rrd / ".netmond").read_text(encoding="ascii"))
        self.start_daemon()
        netmond.wait_line("connected")
        self.assertEqual(netmond.stop(), 0)
        self.assert_same(self.dumps(), want)

    def test_an_address_that_is_none_is_told_at_the_start(self):
        self.begin("wrong")
        done = e2e.run("netmond", "-p", "0", "--rrd", self.rrd, "--rrdcached", "no.such.host.invalid:1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rrdcached: no.such.host.invalid", done.stderr)


if __name__ == "__main__":
    unittest.main()
