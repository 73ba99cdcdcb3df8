# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in MariaDB: the tests of lib/ on a server that is killed, and what keeps its password secret."""
import os
import subprocess
import threading

import netmon_e2e as e2e
import netmon_mariadb

PROGRAMS = ("test_db", "test_db_aggregate", "test_db_alert", "test_db_flow", "test_db_group", "test_db_labels", "test_db_ledger",
            "test_db_probe", "test_db_usage", "test_db_user", "test_db_mysql")


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
