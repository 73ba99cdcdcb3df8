# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores that the fault tests fill, and how they are read back: rows and ledger as truth.py has them."""
import functools
import ipaddress
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter

import netmon_e2e as e2e
from truth import row_of

LINKS = {"east": 0, "west": 1}
FLOWS = ("SELECT l.name, f.saddr, f.daddr, f.sport, f.dport, f.octets, f.packets, f.protocol, f.application, f.fraction, "
         "f.started, f.expires, f.vlan FROM flow f JOIN link l ON l.id = f.link JOIN probe p ON p.id = l.probe "
         "WHERE p.name = 'feed'")
LEDGER = ("SELECT l.name, g.minute, g.cause, g.packets, g.octets FROM ledger g JOIN link l ON l.id = g.link "
          "JOIN probe p ON p.id = l.probe WHERE p.name = 'feed'")


@functools.lru_cache(maxsize=65536)
def packed(address):
    return ipaddress.ip_address(address).packed


class Store:
    """What both kinds have in common; query(sql) gives rows, dsn is netmond's --store."""

    server = None  # its process, a Popen

    def start(self):
        """Begins to serve."""

    def stop(self):
        """The end; files go with their folder."""

    def flows(self):
        rows = Counter()
        for link, saddr, daddr, *numbers, vlan in self.query(FLOWS):
            rows[row_of((LINKS[link], packed(saddr), packed(daddr), *map(int, numbers), int(vlan)))] += 1
        return rows

    def ledger(self):
        rows = Counter()
        for link, minute, cause, packets, octets in self.query(LEDGER):
            rows[LINKS[link], int(minute), int(cause), "packets"] += int(packets)
            rows[LINKS[link], int(minute), int(cause), "octets"] += int(octets)
        return rows

    def count(self, table="flow"):
        """Rows of a table; 0 while nothing can be read."""
        try:
            return int(self.query(f"SELECT count(*) FROM {table}")[0][0])
        except (sqlite3.Error, subprocess.SubprocessError):
            return 0


class SqliteStore(Store):
    def __init__(self, folder):
        self.path = folder / "netmon.db"
        self.dsn = f"sqlite:{self.path}"

    def query(self, sql):
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


class MariaStore(Store):
    """A mariadbd of its own, which can be killed."""

    def __init__(self, folder):
        self.folder = folder / "mariadb"
        self.folder.mkdir()
        self.socket = self.folder / "sock"
        self.dsn = f"mysql://root@/netmon?socket={self.socket}"
        self.user = ["--user=root"] if os.geteuid() == 0 else []
        self.client = ["mariadb", "--no-defaults", "-S", str(self.socket), "-u", "root", "-N", "-B"]
        self.server = None
        e2e.run("mariadb-install-db", "--no-defaults", f"--datadir={self.folder / 'data'}", *self.user, "--skip-test-db",
                "--auth-root-authentication-method=normal")
        self.start()
        self.wait()
        self.query("CREATE DATABASE netmon", database="")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen(
                [e2e.command(["mariadbd"])[0], "--no-defaults", f"--datadir={self.folder / 'data'}", *self.user,
                 f"--socket={self.socket}", "--skip-networking", f"--pid-file={self.folder / 'pid'}",
                 "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        e2e.wait_until(lambda: subprocess.run([*self.client, "-e", "SELECT 1"], capture_output=True,
                                              check=False).returncode == 0, "MariaDB", 60)

    def kill(self):
        self.server.kill()
        self.server.wait()

    def stop(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def query(self, sql, database="netmon"):
        done = subprocess.run([*self.client, *([database] if database else []), "-e", sql], capture_output=True, text=True,
                              check=True, timeout=120)
        return [line.split("\t") for line in done.stdout.splitlines()]


def wait_stored(store, n, timeout=30, meanwhile=lambda: None):
    """Waits until the store has `n` flows at least, and calls `meanwhile` all the time. timeout: seconds in which nothing more is
    stored."""
    end, before = time.monotonic() + timeout, -1
    while (now := store.count()) < n:
        if now > before:
            end, before = time.monotonic() + timeout, now
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for more than {now} flows in the store")
        meanwhile()
        time.sleep(0.05)
