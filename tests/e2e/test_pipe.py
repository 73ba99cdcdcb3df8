# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond | sqlite3: SQL on standard output, and what happens when nobody takes it."""
import os
import subprocess

import netmon_e2e as e2e
from netmon_frames import Probe, Record, apps, batch


class Pipe(e2e.Case):
    def new_store(self):
        path = self.dir / "pipe.db"
        schema = (e2e.TREE / "schema" / "sqlite.sql").read_text()
        subprocess.run(["sqlite3", str(path)], input=schema, text=True, check=True)
        return path

    def pipeline(self, *argv):
        """netmond | argv; the two processes."""
        read, write = os.pipe()
        client = self.start(*argv, stdin=read)
        os.close(read)
        netmond = self.netmond(stdout=write)
        os.close(write)
        return netmond, client

    @e2e.needs_program("sqlite3")
    def test_sums_of_every_capture_in_sqlite3_equal_netmoncs(self):
        path = self.new_store()
        netmond, client = self.pipeline("sqlite3", "-bail", path)
        want = [0, 0]
        for capture in e2e.captures():
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", capture)
            for i, n in enumerate(e2e.sums(e2e.netmonc_csv(capture))):
                want[i] += n
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(client.wait_end(), 0, client.log())
        self.assertEqual(e2e.store_sums(path), tuple(want))
        self.assertEqual(e2e.query(path, "SELECT count(*) FROM flow WHERE application NOT IN "
                                         "(SELECT id FROM application)")[0][0], 0)
        self.assertEqual(e2e.query(path, "SELECT count(*) FROM probe")[0][0], 1)

    @e2e.needs_program("sqlite3")
    def test_names_with_quotes_go_through_the_pipe_as_text(self):
        path = self.new_store()
        netmond, client = self.pipeline("sqlite3", "-bail", path)
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet(probe="o'hare'; DROP TABLE flow; --", links=("a\\'b",))
        probe.send(apps((9, "x'y", "\\")))
        probe.store(1, [Record(application=9)])
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(client.wait_end(), 0, client.log())
        self.assertEqual(e2e.store_sums(path), (10, 1000))
        self.assertEqual(e2e.query(path, "SELECT name FROM probe")[0][0], "o'hare'; DROP TABLE flow; --")
        self.assertEqual(e2e.query(path, "SELECT name FROM link")[0][0], "a_'b")

    def test_rows_go_in_statements_of_many_inside_transactions(self):
        netmond = self.netmond()
        for capture in e2e.captures():
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", capture)
        self.assertEqual(netmond.stop(), 0)
        inside, rows, statements = False, 0, 0
        for line in netmond.out().splitlines():
            if line in ("BEGIN;", "COMMIT;"):
                inside = line == "BEGIN;"
            statements += line.startswith("INSERT INTO flow ")
            rows += line.startswith("UNION ALL SELECT ")  # one row more of the same statement
            self.assertTrue(inside or not line.startswith("INSERT INTO flow "), line)
        self.assertGreater(statements, 0)
        self.assertGreater(rows, 10 * statements)

    def test_a_client_that_ends_ends_netmond_without_an_acknowledgement(self):
        netmond, client = self.pipeline("cat")
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet()
        probe.store(1, [Record()])
        client.kill()
        probe.push(2, [Record()])
        self.assertTrue(probe.closed())
        self.assertEqual(netmond.wait_end(), 1)
        self.assertIn("SQL output: ", netmond.log())

    @e2e.needs_program("sqlite3")
    def test_a_database_of_an_older_netmon_is_named_when_its_client_ends(self):
        path = self.dir / "old.db"
        e2e.run("sqlite3", path, input=(e2e.TREE / "tests/support/schema-1/sqlite.sql").read_text())
        netmond, client = self.pipeline("sqlite3", "-bail", path)
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet()
        probe.push(1, [Record()])
        self.assertNotEqual(client.wait_end(), 0)
        probe.push(2, [Record()])
        self.assertEqual(netmond.wait_end(), 1)
        self.assertIn("has the client's database schema version 4", netmond.log())
        for version in (2, 3, 4):
            e2e.run("sqlite3", "-bail", path, input=(e2e.TREE / f"schema/sqlite-to-{version}.sql").read_text())
        self.assertEqual(e2e.query(path, "SELECT version FROM schema_version")[0][0], 4)

    def test_a_full_disk_ends_netmond_without_an_acknowledgement(self):
        with open("/dev/full", "wb") as full:
            netmond = self.netmond(stdout=full)
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        status, _, _ = probe.greet()
        self.assertNotEqual(status, 0)
        self.assertEqual(netmond.wait_end(), 1)
        self.assertIn("No space left on device", netmond.log())

    def test_a_batch_that_comes_twice_in_one_run_is_written_once(self):
        netmond = self.netmond()
        for _ in range(2):
            probe = Probe(netmond.port)
            self.addCleanup(probe.close)
            probe.greet(following=2)
            probe.send(batch(1, [Record()]))
            self.assertEqual(probe.acknowledged(), 1)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(netmond.out().count("INSERT INTO flow "), 1)
