# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `rrd`: what a minute of the RRD tree costs netmond, of 2,000 hosts with 10 applications each, and of 100,000 series,
with the kernel's file cache and without, by itself and over an rrdcached. Many minutes in a row: the mean and the worst."""
import os
import shutil
import socket
import statistics
import subprocess
import time

from bench import TOOLS, verdict

FILE = 80 << 10  # octets of one
TOGETHER = 5  # minutes of a series: netmond's default
ISP = (2000, 10)
MANY = (9091, 10)  # 100,001 files of hosts
LIMIT_S = 3600
DROP = "/proc/sys/vm/drop_caches"
TICK = os.sysconf("SC_CLK_TCK")


def files_of(hosts, apps):
    """Each host's applications and their sum, the same of one group and of all."""
    return (hosts + 2) * (apps + 1)


def room(b):
    return files_of(b.scaled(MANY[0]), MANY[1]) * FILE + (64 << 20)


class Minute:
    """One line of rrdfeed."""

    def __init__(self, line):
        words = line.split()
        self.cpu, self.wall = float(words[1]), float(words[2])
        self.created, self.updates, self.values, self.mb, self.sums = map(int, words[3:])


def feed(b, hosts, apps, warm, cold=0, together=TOGETHER):
    """Minutes of a new tree: (those in which files are made, warm ones, cold ones)."""
    out, tree = b.folder / "rrdfeed", b.folder / "tree"
    begin = 4 + together  # until the first are closed, and every file is made
    b.timed([TOOLS / "rrdfeed", tree, hosts, apps, begin + warm + cold, together, cold], stdout=out, limit=LIMIT_S)
    shutil.rmtree(tree)
    minutes = [Minute(line) for line in out.read_text(encoding="ascii").splitlines()]
    return minutes[4:begin], minutes[begin:begin + warm], minutes[begin + warm:]


def mean(minutes, what):
    return statistics.mean(getattr(m, what) for m in minutes)


def say(b, name, key, minutes, cpu_limit=None, wall_limit=None):
    cpu, wall = mean(minutes, "cpu"), mean(minutes, "wall")
    cpu_worst, wall_worst = max(m.cpu for m in minutes), max(m.wall for m in minutes)
    asked = "".join(f" (at most {limit} s {what}: {verdict(worst <= limit)})" for limit, what, worst in
                    ((cpu_limit, "CPU", cpu_worst), (wall_limit, "in all", wall_worst)) if limit)
    b.say(f"{name:<44}: {cpu:5.2f} s CPU, {wall:5.2f} s in all; worst of {len(minutes)} {cpu_worst:5.2f} and "
          f"{wall_worst:5.2f}{asked}; {mean(minutes, 'updates'):,.0f} files, {mean(minutes, 'values'):,.0f} values, "
          f"{minutes[-1].mb} MB")
    b.note("rrd", key, {"cpu_s": cpu, "wall_s": wall, "cpu_worst_s": cpu_worst, "wall_worst_s": wall_worst,
                        "files": mean(minutes, "updates"), "mb": minutes[-1].mb})


class Daemon:
    """An rrdcached with a journal, which writes files when it is told to."""

    def __init__(self, folder):
        self.sock = folder / "rrdcached.sock"
        (folder / "journal").mkdir()
        self.process = subprocess.Popen(
            ["rrdcached", "-g", "-l", f"unix:{self.sock}", "-w", "7200", "-f", "86400", "-j", folder / "journal", "-p",
             folder / "rrdcached.pid"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not self.sock.exists() and time.monotonic() < end:
            time.sleep(0.05)

    def close(self):
        self.process.kill()
        self.process.wait()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / TICK

    def mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as s, s.makefile("rw", encoding="ascii") as file:
            s.connect(str(self.sock))
            print(line, file=file, flush=True)
            head = file.readline()
            return [file.readline() for _ in range(int(head.split()[0]))]

    def write_all(self):
        """Seconds until everything is in the files."""
        begin = time.monotonic()
        self.ask("FLUSHALL")
        while any(line.split() != ["QueueLength:", "0"] for line in self.ask("STATS") if line.startswith("QueueLength")):
            time.sleep(0.02)
        return time.monotonic() - begin


def paced(program, n):
    """The next n minutes of an rrdfeed that waits for a line each."""
    minutes = []
    for _ in range(n):
        print(file=program.stdin, flush=True)
        minutes.append(Minute(program.stdout.readline()))
    return minutes


def spells(b, daemon, program, name, key, cold):
    """TOGETHER minutes and their writing, which rrdcached does at its own times: each minute bears its share of it."""
    cpus, walls, shares = [], [], []
    for _ in range(3):
        if cold:
            drop()
        before = daemon.cpu()
        minutes = paced(program, TOGETHER)
        taken = [m.wall for m in minutes]
        if cold:
            drop()
        share = daemon.write_all() / TOGETHER
        cpus.append(mean(minutes, "cpu") + (daemon.cpu() - before) / TOGETHER)
        walls += [wall + share for wall in taken]
        shares.append(share)
    limit = 30 if cold else 15
    asked = f" (at most {limit} s in all: {verdict(max(walls) <= limit)})"
    b.say(f"{name:<44}: {statistics.mean(cpus):5.2f} s CPU, {statistics.mean(walls):5.2f} s in all (of that to write "
          f"{statistics.mean(shares):5.2f}); worst {max(cpus):5.2f} and {max(walls):5.2f}{asked}; rrdcached {daemon.mb()} MB")
    b.note("rrd", key, {"cpu_s": statistics.mean(cpus), "wall_s": statistics.mean(walls), "wall_worst_s": max(walls),
                        "mb": daemon.mb()})


def drop():
    os.sync()
    with open(DROP, "w", encoding="ascii") as file:
        file.write("3")


def over_rrdcached(b, hosts, apps, key, cold):
    """The same minutes given to an rrdcached, with what it takes to write them."""
    folder = b.folder / f"cached-{key}"
    folder.mkdir()
    daemon = Daemon(folder)
    try:
        with subprocess.Popen([TOOLS / "rrdfeed", folder / "tree", str(hosts), str(apps), "1000000", "1", "0",
                               f"unix:{daemon.sock}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as program:
            try:
                paced(program, 6)
                daemon.write_all()
                name = f"{hosts:,} hosts x {apps}, over rrdcached"
                spells(b, daemon, program, name, f"{key}-cached", False)
                if cold:
                    spells(b, daemon, program, name + ", from the disk", f"{key}-cached-cold", True)
            finally:
                program.kill()
    finally:
        daemon.close()
        shutil.rmtree(folder)


def measure(b):
    """A minute of an ISP, of many series, and of many series that come from the disk."""
    hosts, many = b.scaled(ISP[0]), b.scaled(MANY[0])
    root = os.geteuid() == 0 and os.access(DROP, os.W_OK)
    b.say(f"mean minute of {files_of(hosts, ISP[1]):,} files, and of {files_of(many, MANY[1]):,}")
    _, warm, _ = feed(b, hosts, ISP[1], 15, together=1)
    say(b, f"{hosts:,} hosts x {ISP[1]}, each minute by itself", "isp-1", warm)
    new, warm, _ = feed(b, hosts, ISP[1], 30)
    say(b, f"{hosts:,} hosts x {ISP[1]}, files are made", "isp-new", new)
    say(b, f"{hosts:,} hosts x {ISP[1]}", "isp", warm, cpu_limit=1)
    cold = 10 if root else 0
    new, warm, cold = feed(b, many, MANY[1], 15, cold)
    say(b, f"{many:,} hosts x {MANY[1]}, files are made", "many-new", new)
    say(b, f"{many:,} hosts x {MANY[1]}", "many", warm, wall_limit=15)
    if cold:
        say(b, f"{many:,} hosts x {MANY[1]}, from the disk", "many-cold", cold, wall_limit=30)
    else:
        b.say("from the disk: needs root to drop the file cache")
    _, warm, _ = feed(b, many, MANY[1], 15, together=15)
    say(b, f"{many:,} hosts x {MANY[1]}, 15 minutes together", "many-15", warm)
    if not shutil.which("rrdcached"):
        b.say("over rrdcached: it is not installed")
        return
    over_rrdcached(b, hosts, ISP[1], "isp", False)
    over_rrdcached(b, many, MANY[1], "many", root)
