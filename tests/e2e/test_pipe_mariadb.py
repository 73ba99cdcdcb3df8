# SPDX-License-Identifier: GPL-3.0-or-later
"""netmonc and netmond as their manual starts them, MariaDB behind the pipe: sums equal netmonc's CSV."""
import os
import subprocess

import netmon_e2e as e2e
from netmon_frames import Probe, Record, apps


@e2e.needs_program("mariadbd", "mariadb-install-db", "mariadb")
class MariaDb(e2e.Case):
    def setUp(self):
        super().setUp()
        self.socket = self.dir / "mariadb.sock"
        user = ["--user=root"] if os.geteuid() == 0 else []
        e2e.run("mariadb-install-db", "--no-defaults", f"--datadir={self.dir / 'data'}", *user, "--skip-test-db",
                "--auth-root-authentication-method=normal")
        self.server = self.start("mariadbd", "--no-defaults", f"--datadir={self.dir / 'data'}", *user,
                                 f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.dir / 'pid'}",
                                 "--innodb-buffer-pool-size=64M")
        self.client = ["mariadb", "--no-defaults", "-S", str(self.socket), "-u", "root"]
        e2e.wait_until(lambda: subprocess.run([*self.client, "-e", "SELECT 1"], capture_output=True,
                                              check=False).returncode == 0, "MariaDB", 30)
        self.sql("CREATE DATABASE netmon")
        schema = e2e.TREE / "schema" / "mysql.sql"
        if not schema.exists():
            self.skipTest("no schema/mysql.sql")
        with open(schema, "rb") as text:
            subprocess.run([*self.client, "netmon"], stdin=text, check=True)

    def sql(self, text, *options):
        done = subprocess.run([*self.client, "-N", "-B", *options, "-e", text], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def pipeline(self):
        """netmond | mariadb -D netmon"""
        read, write = os.pipe()
        client = self.start(*self.client, "-D", "netmon", stdin=read)
        os.close(read)
        netmond = self.netmond(stdout=write)
        os.close(write)
        return netmond, client

    def test_sums_of_every_capture_equal_netmoncs(self):
        netmond, client = self.pipeline()
        want = [0, 0]
        for capture in e2e.captures():
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", capture)
            for i, n in enumerate(e2e.sums(e2e.netmonc_csv(capture))):
                want[i] += n
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(client.wait_end(), 0, client.log())
        self.assertEqual(self.sql("SELECT sum(packets), sum(octets) FROM flow", "netmon"),
                         [[str(n) for n in want]])
        self.assertEqual(self.sql("SELECT count(*) FROM flow WHERE application NOT IN (SELECT id FROM application)",
                                  "netmon"), [["0"]])
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT name) FROM probe", "netmon"), [["1", "1"]])

    def test_every_column_and_name_arrives_as_it_was_sent(self):
        netmond, client = self.pipeline()
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet(probe="o'hare\\'; DROP TABLE flow; -- ", links=("eth0", "it's"), epoch=2 ** 64 - 1)
        probe.send(apps((9, "x'y", "\\")))
        probe.store(1, [Record("2001:db8::1", "2001:db8::2", 65535, 53, 4294967295, 65535, 17, 9, 1700000000.5,
                               4294967295.0, link=1, vlan=4094)], ledger=[(1700000040, 1, 1, 2 ** 40, 2 ** 47)])
        probe.store(2, [], ledger=[(1700000040, 1, 1, 1, 1)])
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(client.wait_end(), 0, client.log())
        self.assertEqual(self.sql("SELECT p.name, l.name, a.name, a.category, saddr, daddr, sport, dport, protocol, "
                                  "packets, octets, fraction, started, expires, vlan FROM flow f JOIN link l ON "
                                  "l.id=f.link JOIN probe p ON p.id=l.probe JOIN application a ON "
                                  "a.id=f.application", "netmon"),
                         [["o'hare_'; DROP TABLE flow; -- ", "it's", "x'y", "_", "2001:db8::1", "2001:db8::2", "65535",
                           "53", "17", "65535", "4294967295", str(128 << 8), "1700000000", "4294967295", "4094"]])
        self.assertEqual(self.sql("SELECT packets, octets FROM ledger", "netmon"),
                         [[str(2 ** 40 + 1), str(2 ** 47 + 1)]])
        self.assertEqual(self.sql("SELECT epoch, sequence FROM watermark", "netmon"), [["f" * 16, "2"]])
