# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts `collector` and `peers`: what netmond takes from many probes, and what hostile peers take away from it. The probes are
one program (tests/bench/load.c); its CPU and netmond's are counted apart."""
import json
import os
import signal
import subprocess
import sys
import time

from bench import BUILD, TOOLS, TREE, verdict
from store import free_port, wait_for_port

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def room(b):
    return b.scaled(6 << 30, 1 << 30)


class Netmond:
    """A collector on a port of its own, with what it has used so far."""

    def __init__(self, b, store, *options):
        self.port = free_port()
        self.errors = open(b.folder / "netmond.log", "ab")
        self.process = subprocess.Popen([str(w) for w in (BUILD / "netmond", "--listen", "127.0.0.1", "-p", self.port,
                                                          "--store", store, *options)], stderr=self.errors)
        wait_for_port(self.port)

    def cpu(self):
        """Seconds, of all its threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE / (1 << 20)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.errors.close()


def load(netmond, **options):
    """Starts the probes."""
    words = [w for k, v in options.items() for w in (f"--{k}", str(v))]
    return subprocess.Popen([TOOLS / "load", *words, "127.0.0.1", str(netmond.port)], stdout=subprocess.PIPE, text=True)


def finish(process):
    out, _ = process.communicate(timeout=600)
    if process.returncode != 0:
        sys.exit("bench: load failed")
    return json.loads(out)


def sustained(b, name, store, seconds):
    """As many records as it takes, for a minute."""
    netmond = Netmond(b, store)
    run = load(netmond, probes=4, seconds=seconds)
    time.sleep(seconds / 4)
    early = netmond.rss_mb()
    result = finish(run)
    late, cpu = netmond.rss_mb(), netmond.cpu()
    netmond.stop()
    result.update(netmond_cpu_s=cpu, rss_mb=[early, late])
    b.say(f"{name:<26} {result['records_s']:>9,.0f} records/s over {result['seconds']:.0f} s, acknowledged after the commit "
          f"(p99 {result['p99_ms']:.0f} ms); netmond {cpu:.1f} s CPU = {result['records'] / cpu:,.0f} records per CPU s, "
          f"probes {result['cpu_s']:.1f} s; RSS {early:.0f} -> {late:.0f} MB")
    b.note("collector", name, result)


def many(b, store, seconds):
    """500 probes at once, 50,000 records a second in all."""
    netmond = Netmond(b, store)
    result = finish(load(netmond, probes=500, rate=50000, batch=100, seconds=seconds))
    result.update(netmond_cpu_s=netmond.cpu(), rss_mb=netmond.rss_mb())
    netmond.stop()
    good = result["p99_ms"] < 2000 and result["refused"] + result["lost"] == 0
    b.say(f"500 probes, 50,000/s        {result['records_s']:>8,.0f} records/s, acknowledgement p50 {result['p50_ms']:.0f} ms, p99 "
          f"{result['p99_ms']:.0f} ms, max {result['max_ms']:.0f} ms; netmond {result['netmond_cpu_s']:.1f} s CPU, "
          f"{result['rss_mb']:.0f} MB: {verdict(good)}")
    b.note("collector", "500 probes", result)


def idle(b, store, seconds):
    """CPU of netmond alone, and with 900 probes that say nothing but heartbeats."""
    cpu = {}
    for n in (0, 900):
        netmond = Netmond(b, store)
        run = load(netmond, probes=0, idle=n, seconds=seconds) if n else None
        if run:
            time.sleep(5)  # all have connected
        before = netmond.cpu()
        time.sleep(seconds / 2)
        cpu[n] = (netmond.cpu() - before) / (seconds / 2)
        if run:
            finish(run)
        netmond.stop()
    b.say(f"900 idle probes             {cpu[900] * 100:.2f} % of a core, heartbeats included; none: {cpu[0] * 100:.2f} %")
    b.note("collector", "idle", {str(n): c for n, c in cpu.items()})


def measure(b):
    seconds = b.scaled(60, 6)
    for name, store in stores(b):
        sustained(b, name, store, seconds)
    sqlite = f"sqlite:{b.folder / 'probes.db'}"
    many(b, sqlite, b.scaled(30, 6))
    idle(b, sqlite, b.scaled(40, 12))


def stores(b):
    """(name, store) of each kind."""
    yield "SQLite", f"sqlite:{b.folder / 'collector.db'}"
    (b.folder / "collector.db").unlink(missing_ok=True)


def peers(b):
    """Acknowledgements of honest probes, alone and beside hostile peers."""
    netmond = Netmond(b, f"sqlite:{b.folder / 'peers.db'}")
    seconds = b.scaled(20, 6)
    found = {}
    for name in ("alone", "slow", "garbage", "half-open", "attempts"):
        hostile = None
        probes = load(netmond, probes=20, rate=20000, batch=200, seconds=seconds, first=1000)
        if name != "alone":
            time.sleep(0.5)  # the probes are there already; those that come then come again until there is room for them
            hostile = subprocess.Popen([sys.executable, TREE / "tests/bench/peers.py", name, str(netmond.port),
                                        str(seconds + 4)])
        found[name] = finish(probes)
        if hostile:
            hostile.terminate()
            hostile.wait(10)
        r = found[name]
        times = r["p99_ms"] / found["alone"]["p99_ms"]
        good = times <= 2 and r["refused"] + r["lost"] == 0
        b.say(f"{name:<12} p50 {r['p50_ms']:7.1f} ms, p99 {r['p99_ms']:7.1f} ms = {times:.2f} x alone, refused {r['refused']}, "
              f"lost {r['lost']}: {verdict(good)}")
    b.note("peers", "latency", found)
    netmond.stop()
