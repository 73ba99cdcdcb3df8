# SPDX-License-Identifier: GPL-3.0-or-later
"""A MariaDB server of a test's own, on a socket in its folder.

    @netmon_mariadb.needed
    class Stores(e2e.Case):
        @classmethod
        def setUpClass(cls):
            cls.server = netmon_mariadb.Server()      # seconds: one for a class
        def test_x(self):
            store = self.server.new_store("x")        # a database, a user and a password file; --store
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import netmon_e2e as e2e

needed = e2e.needs_program("mariadb-install-db", "mariadbd", "mariadb")


MEMORY = Path("/dev/shm")
ROOM = 1 << 30


def place():
    """Where the server's files lie: in memory where there is room, since each of a hundred tests makes and drops 35 tables."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None


class Server:
    def __init__(self, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="netmon-mariadb-", dir=place()))
        self.socket = self.folder / "s"
        self.options = options
        self.user = ["--user=root"] if os.geteuid() == 0 else []
        self.popen = None
        e2e.run("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
                "--auth-root-authentication-method=normal", *self.user, timeout=120)
        self.start()

    def start(self):
        """Starts it, again after a kill, and waits until it answers. It does not wait for the disk: tests end processes, not
        machines."""
        with open(self.folder / "log", "ab") as log:
            self.popen = subprocess.Popen(
                ["mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.socket}", "--skip-networking",
                 f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync",
                 "--innodb-log-file-size=32M", *self.user, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        e2e.wait_until(lambda: self.client("SELECT 1").returncode == 0, "MariaDB", 60)

    def kill(self):
        """As the machine's death, but for what the disk has."""
        self.popen.kill()
        self.popen.wait()

    def end(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, sql, *options):
        return e2e.run("mariadb", "--no-defaults", "-uroot", f"--socket={self.socket}", "-N", "-B", "-r", *options, input=sql,
                       check=False)

    def query(self, sql, database="netmon"):
        """Rows, as lists of text."""
        done = self.client(sql, *(["-D", database] if database else []))
        if done.returncode != 0:
            raise AssertionError(f"{sql}\n{done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def new_store(self, name="netmon", password="bad/word"):
        """An empty database with a user who may use it and a file of his password, as README has it. Returns the store."""
        secret = self.folder / f"{name}.password"
        secret.write_text(f"{password}\n", encoding="utf-8")
        secret.chmod(0o600)
        self.query(f"CREATE OR REPLACE DATABASE {name}; CREATE OR REPLACE USER {name}@localhost IDENTIFIED BY '{password}'; "
                   f"GRANT ALL ON {name}.* TO {name}@localhost", None)
        return f"mysql://{name}@/{name}?socket={self.socket}&password_file={secret}"
