# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in MariaDB: the tests of lib/ on a server, a server that is killed, and every program of netmon on it."""
import os
import subprocess
import threading

import netmon_e2e as e2e

PROGRAMS = ("test_db", "test_db_aggregate", "test_db_alert", "test_db_flow", "test_db_group", "test_db_labels", "test_db_ledger",
            "test_db_probe", "test_db_usage", "test_db_user", "test_db_mysql")


@e2e.needs_program("mariadb-install-db", "mariadbd", "mariadb")
class MariadbStore(e2e.Case):
    """One server for all: making one takes seconds."""

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
        self.addCleanup(self.end)
        e2e.wait_until(lambda: self.ask("SELECT 1").returncode == 0, "MariaDB", 60)

    def keep(self):
        """Starts the server, and again each time that it was killed."""
        while not self.ended.is_set():
            with open(self.dir / "server.log", "ab") as log:
                self.server = subprocess.Popen(
                    ["mariadbd", "--no-defaults", f"--datadir={self.dir}/data", f"--socket={self.socket}", "--skip-networking",
                     f"--pid-file={self.dir}/pid", "--innodb-buffer-pool-size=64M", *self.user], stdout=log, stderr=log)
            self.server.wait()

    def end(self):
        self.ended.set()
        self.server.kill()
        self.keeper.join(30)

    def ask(self, sql, *options):
        return e2e.run("mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", *options, input=sql, check=False)

    def rows(self, sql):
        done = self.ask(sql, "-D", "netmon")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def check_unit_tests(self):
        env = {**os.environ, "NETMON_TEST_STORE": str(self.socket), "NETMON_TEST_SERVER_PID": str(self.dir / "pid")}
        for name in PROGRAMS:
            done = subprocess.run([e2e.BUILD / "tests" / "lib" / name], env=env, capture_output=True, text=True, timeout=300,
                                  check=False, cwd=e2e.TREE)
            self.assertEqual(done.returncode, 0, f"{name}\n{done.stdout}\n{done.stderr}")

    def check_programs(self):
        self.assertEqual(self.ask("CREATE DATABASE netmon").returncode, 0)
        secret = self.dir / "password"
        secret.write_text("bad/word\n", encoding="utf-8")
        secret.chmod(0o600)
        self.assertEqual(self.ask("CREATE USER netmon@localhost IDENTIFIED BY 'bad/word'; GRANT ALL ON netmon.* TO "
                                  "netmon@localhost").returncode, 0)
        store = f"mysql://netmon@/netmon?socket={self.socket}&password_file={secret}"
        server = self.netmond("--store", store)
        want = [0, 0]
        for capture in e2e.captures()[:3]:
            e2e.run("netmonc", "-h", "127.0.0.1", "-p", server.port, "-r", capture)
            want = [a + b for a, b in zip(want, e2e.sums(e2e.netmonc_csv(capture)))]
        self.assertEqual(server.stop(), 0, server.log())
        self.assertEqual(self.rows("SELECT sum(packets), sum(octets) FROM flow"), [[str(n) for n in want]])
        end = int(self.rows("SELECT max(expires) FROM flow")[0][0])
        e2e.run("netmon", "--store", store, "groups", "add", "All", "0.0.0.0/0")
        e2e.run("netmon-aggregate", "--store", store, "--now", str(end + 400))
        self.assertNotEqual(self.rows("SELECT * FROM app_usage_24hr"), [])
        e2e.run("netmon-alert", "--store", store, "--now", str(end + 410))
        secret.chmod(0o644)
        done = e2e.run("netmon", "--store", store, "groups", "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chmod", done.stderr)
        self.assertNotIn("bad/word", done.stderr)

    def test_everything_works_on_a_server_and_nothing_is_lost_when_it_dies(self):
        self.check_programs()
        self.check_unit_tests()
