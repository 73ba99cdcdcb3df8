# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in MariaDB: the tests of lib/ on a server that is killed, and what keeps its password secret."""
import os
import subprocess
import threading

import netmon_e2e as e2e
import netmon_mariadb
from netmon_frames import Probe, Record

PROGRAMS = ("test_db", "test_db_aggregate", "test_db_alert", "test_db_flow", "test_db_group", "test_db_labels", "test_db_ledger",
            "test_db_probe", "test_db_retention", "test_db_usage", "test_db_user", "test_db_mysql")


@netmon_mariadb.needed
class MariadbStore(e2e.Case):
    """One server for all: making one takes seconds."""

    @classmethod
    def setUpClass(cls):
        cls.server = netmon_mariadb.Server()
        cls.addClassCleanup(cls.server.end)

    def keep(self, ended):
        """Starts the server again each time that it was killed."""
        while True:
            self.server.popen.wait()
            if ended.is_set():
                return
            self.server.start()

    def test_the_tests_of_the_library_hold_on_a_server_that_they_kill(self):
        env = {**os.environ, "NETMON_TEST_STORE": str(self.server.socket),
               "NETMON_TEST_SERVER_PID": str(self.server.folder / "pid")}
        ended = threading.Event()
        keeper = threading.Thread(target=self.keep, args=(ended,))
        keeper.start()
        try:
            for name in PROGRAMS:
                done = subprocess.run([e2e.BUILD / "tests" / "lib" / name], env=env, capture_output=True, text=True, timeout=300,
                                      check=False, cwd=e2e.TREE)
                self.assertEqual(done.returncode, 0, f"{name}\n{done.stdout}\n{done.stderr}")
        finally:
            ended.set()
            self.server.popen.kill()
            keeper.join(60)
            self.server.start()

    def test_the_lines_of_readme_make_a_store_that_works(self):
        text = (e2e.TREE / "README.md").read_text(encoding="utf-8").split("## A store in MariaDB")[1].split("##")[0]
        lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
        self.assertEqual(len(lines), 5)
        # another server than the system's, and a folder and a group that are there
        script = "set -e\n" + "\n".join(lines[1:]).replace("/usr/local/etc/netmon", str(self.dir)).replace("-g netmon ", "")
        script = script.replace("| mariadb", f"| mariadb --no-defaults -uroot -S {self.server.socket}")
        script = script.replace("?password_file", f"?socket={self.server.socket}&password_file")
        self.server.query("DROP DATABASE IF EXISTS netmon; DROP USER IF EXISTS netmon@localhost", None)
        env = {"PATH": f"{e2e.BUILD}:{os.environ['PATH']}", "NETMON_CONFIG": self.dir / "netmon.conf"}
        e2e.run("sh", "-c", script, env=env)
        netmond = self.netmond("--config", self.dir / "netmon.conf", rrd=True)
        e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", e2e.capture("dns"))
        self.assertEqual(netmond.stop(), 0, netmond.log())
        want = e2e.sums(e2e.netmonc_csv(e2e.capture("dns")))
        self.assertEqual(self.server.query("SELECT sum(packets), sum(octets) FROM flow"), [[str(n) for n in want]])

    def test_a_password_that_everybody_can_read_is_refused_and_not_shown(self):
        store = self.server.new_store()
        secret = self.server.folder / "netmon.password"
        self.assertEqual(e2e.run("netmon", "--store", store, "store", "init").returncode, 0)
        secret.chmod(0o644)
        done = e2e.run("netmon", "--store", store, "groups", "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chmod", done.stderr)
        self.assertNotIn("bad/word", done.stderr)
        secret.chmod(0o600)
        secret.write_text("another\n", encoding="utf-8")
        done = e2e.run("netmon", "--store", store, "groups", "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Access denied", done.stderr)
        self.assertNotIn("another", done.stderr)

    def test_the_ledger_closes_until_a_number_is_wrong_and_flows_go_by_age(self):
        store = self.server.new_store("ledger")
        minute, late = 1700000040 - 1700000040 % 60, 1700300040 - 1700300040 % 60
        netmond = self.netmond("--store", store)
        probe = Probe(netmond.port)
        probe.greet(probe="edge", links=("eth0",), following=1)
        probe.store(1, [Record(started=minute, expires=minute + 5), Record(started=late, expires=late + 5)],
                    ledger=[(at, 0, cause, 10, 1000) for at in (minute, late) for cause in (1, 2, 12)])
        probe.close()
        self.assertEqual(netmond.stop(), 0)
        ledger = ("netmon", "--store", store, "ledger", "--since=0", "--csv")
        done = e2e.run(*ledger, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"edge","eth0",stored,records,20,2000', done.stdout)
        netmond = self.netmond("--store", store, "--keep-flows=1")
        e2e.wait_until(lambda: ",stored,records,10,1000" in e2e.run(*ledger, check=False).stdout, "the old flow to go", 30)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.run(*ledger, check=False).returncode, 0)
        self.server.query("UPDATE ledger SET packets = packets + 7 WHERE cause = 1 LIMIT 1", "ledger")
        done = e2e.run(*ledger, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("7 packets were seen and are under no cause", done.stderr)
