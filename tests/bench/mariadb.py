# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `mariadb`: records a second through netmond into a MariaDB server of its own. The CPU of netmond, of the server and of the
probes (tests/bench/load.c) is counted apart."""
import os
import shutil
import subprocess
import sys
import time

from bench import TREE, verdict
from collector import PAGE, TICK, Netmond, finish, load

# What we advise; all else is the server's default.
SETTINGS = TREE / "etc" / "mariadb-netmon.cnf"
WANTED = 150000


def room(b):
    return b.scaled(12 << 30, 6 << 30)


class Server:
    """A server in a folder, reached through its socket, with an empty database `netmon`."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = folder / "s"
        self.store = f"mysql://root@/netmon?socket={self.socket}"
        user = ["--user=root"] if os.geteuid() == 0 else []
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db",
                        "--auth-root-authentication-method=normal", *user], check=True, capture_output=True)
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["mariadbd", f"--defaults-file={SETTINGS}", f"--datadir={folder}/data", f"--socket={self.socket}", "--skip-networking",
                 f"--pid-file={folder}/pid", *user], stdout=log, stderr=log)
        for _ in range(600):
            if self.ask("CREATE DATABASE IF NOT EXISTS netmon").returncode == 0:
                return
            time.sleep(0.1)
        self.process.kill()
        sys.exit("bench: MariaDB does not start")

    def ask(self, sql):
        return subprocess.run(["mariadb", "--no-defaults", "-uroot", "-S", self.socket, "-N", "-e", sql], capture_output=True,
                              text=True, check=False)

    def cpu(self):
        """Seconds, of all its threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE / (1 << 20)

    def stop(self):
        self.process.terminate()
        self.process.wait(300)
        shutil.rmtree(self.folder)


def sustained(b, server, seconds):
    netmond = Netmond(b, server.store)
    before = server.cpu()
    run = load(netmond, probes=4, seconds=seconds)
    time.sleep(seconds / 4)
    early = netmond.rss_mb()
    result = finish(run)
    result.update(netmond_cpu_s=netmond.cpu(), server_cpu_s=server.cpu() - before, rss_mb=[early, netmond.rss_mb()])
    netmond.stop()
    rows = int(server.ask("SELECT count(*) FROM netmon.flow").stdout)
    each = 1e6 / result["records"]
    good = (b.quick or result["records_s"] >= WANTED) and rows == result["records"]
    b.say(f"MariaDB {result['records_s']:,.0f} records/s over {result['seconds']:.0f} s, acknowledged after the commit (p99 "
          f"{result['p99_ms']:.0f} ms, max {result['max_ms']:.0f} ms): {verdict(good)}")
    b.say(f"  CPU: netmond {result['netmond_cpu_s']:.1f} s = {result['netmond_cpu_s'] * each:.2f} us a record, server "
          f"{result['server_cpu_s']:.1f} s = {result['server_cpu_s'] * each:.2f} us, probes {result['cpu_s']:.1f} s; netmond "
          f"{early:.0f} -> {result['rss_mb'][1]:.0f} MB, server {server.rss_mb():.0f} MB; {rows:,} rows stored")
    b.note("mariadb", "sustained", result)


def measure(b):
    if not shutil.which("mariadbd"):
        b.say("no MariaDB server here: left out")
        return
    server = Server(b.folder / "mariadb")
    try:
        sustained(b, server, b.scaled(60, 6))
    finally:
        server.stop()
