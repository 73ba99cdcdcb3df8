# SPDX-License-Identifier: GPL-3.0-or-later
"""netmonc and netmond as their manual starts them, MariaDB behind the pipe: sums equal netmonc's CSV."""
import os

import netmon_e2e as e2e
import netmon_mariadb
from netmon_frames import Probe, Record, apps


@netmon_mariadb.needed
class MariaDb(e2e.Case):
    @classmethod
    def setUpClass(cls):
        cls.server = netmon_mariadb.Server()
        cls.addClassCleanup(cls.server.end)

    def setUp(self):
        super().setUp()
        self.server.new_store()
        self.server.query((e2e.TREE / "schema" / "mysql.sql").read_text())

    def pipeline(self):
        """netmond | mariadb -D netmon"""
        read, write = os.pipe()
        client = self.start("mariadb", "--no-defaults", "-uroot", f"--socket={self.server.socket}", "-D", "netmon", stdin=read)
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
        self.assertEqual(self.server.query("SELECT sum(packets), sum(octets) FROM flow"),
                         [[str(n) for n in want]])
        self.assertEqual(self.server.query("SELECT count(*) FROM flow WHERE application NOT IN (SELECT id FROM application)"),
                         [["0"]])
        self.assertEqual(self.server.query("SELECT count(*), count(DISTINCT name) FROM probe"), [["1", "1"]])

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
        self.assertEqual(self.server.query("SELECT p.name, l.name, a.name, a.category, saddr, daddr, sport, dport, protocol, "
                                  "packets, octets, fraction, started, expires, vlan FROM flow f JOIN link l ON "
                                  "l.id=f.link JOIN probe p ON p.id=l.probe JOIN application a ON "
                                  "a.id=f.application"),
                         [["o'hare_'; DROP TABLE flow; -- ", "it's", "x'y", "_", "2001:db8::1", "2001:db8::2", "65535",
                           "53", "17", "65535", "4294967295", str(128 << 8), "1700000000", "4294967295", "4094"]])
        self.assertEqual(self.server.query("SELECT packets, octets FROM ledger"),
                         [[str(2 ** 40 + 1), str(2 ** 47 + 1)]])
        self.assertEqual(self.server.query("SELECT epoch, sequence FROM watermark"), [["f" * 16, "2"]])
