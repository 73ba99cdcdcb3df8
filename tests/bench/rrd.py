# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `rrd`: what a minute of the RRD tree costs netmond, of 2,000 hosts with 10 applications each, and of 100,000 series,
with the kernel's file cache and without."""
import os
import statistics

from bench import TOOLS, verdict

FILE = 80 << 10  # octets of one
TOGETHER = 5  # minutes of a series: netmond's default
BEGIN = 4 + TOGETHER  # minutes until the first are closed, and every file is made
ISP = (2000, 10)
MANY = (9091, 10)  # 100,001 files of hosts
LIMIT_S = 3600


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
        self.created, self.updates, self.values, self.mb = map(int, words[3:])


def feed(b, name, hosts, apps, warm, cold=0, together=TOGETHER):
    """Minutes of a new tree: (those in which files are made, warm ones, cold ones)."""
    out = b.folder / "rrdfeed"
    begin = 4 + together
    b.timed([TOOLS / "rrdfeed", b.folder / name, hosts, apps, begin + warm + cold, together, cold], stdout=out,
            limit=LIMIT_S)
    minutes = [Minute(line) for line in out.read_text(encoding="ascii").splitlines()]
    return minutes[4:begin], minutes[begin:begin + warm], minutes[begin + warm:]


def median(minutes, what):
    return statistics.median(getattr(m, what) for m in minutes)


def say(b, name, key, minutes, limit=None):
    cpu, wall = median(minutes, "cpu"), median(minutes, "wall")
    asked = f" (at most {limit}: {verdict(max(cpu, wall if limit > 1 else 0) <= limit)})" if limit else ""
    b.say(f"{name:<44}: {cpu:6.2f} s CPU, {wall:6.2f} s in all{asked}; {median(minutes, 'updates'):,.0f} files, "
          f"{median(minutes, 'values'):,.0f} values, {minutes[-1].mb} MB")
    b.note("rrd", key, {"cpu_s": cpu, "wall_s": wall, "files": median(minutes, "updates")})


def measure(b):
    """A minute of an ISP, of many series, and of many series that come from the disk."""
    hosts, many = b.scaled(ISP[0]), b.scaled(MANY[0])
    b.say(f"median minute of {files_of(hosts, ISP[1]):,} files, and of {files_of(many, MANY[1]):,}")
    _, warm, _ = feed(b, "alone", hosts, ISP[1], 10, together=1)
    say(b, f"{hosts:,} hosts x {ISP[1]}, each minute by itself", "isp-1", warm)
    new, warm, _ = feed(b, "isp", hosts, ISP[1], 10)
    say(b, f"{hosts:,} hosts x {ISP[1]}, files are made", "isp-new", new)
    say(b, f"{hosts:,} hosts x {ISP[1]}", "isp", warm, limit=1)
    cold = 5 if os.geteuid() == 0 else 0
    new, warm, cold = feed(b, "many", many, MANY[1], 5, cold)
    say(b, f"{many:,} hosts x {MANY[1]}, files are made", "many-new", new)
    say(b, f"{many:,} hosts x {MANY[1]}", "many", warm, limit=15)
    if cold:
        say(b, f"{many:,} hosts x {MANY[1]}, from the disk", "many-cold", cold, limit=30)
    else:
        b.say("from the disk: needs root to drop the file cache")
