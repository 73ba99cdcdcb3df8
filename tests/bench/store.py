# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts `export` and `aggregate`: records a second from netmonc through netmond into SQLite, without and with RRDs, and
one aggregation over them."""
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from bench import BUILD

PACKETS = 300000
FLOWS = 5000


def room(b):
    return PACKETS * 400 + (200 << 20)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    for _ in range(500):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("bench: netmond does not listen")


def rows_of(store, table):
    db = sqlite3.connect(store)
    try:
        return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # table: a constant of this file
    finally:
        db.close()


def new_store(b, name):
    """(path of a store with a group in it, environment that makes every program use it)"""
    store = b.folder / name
    config = b.folder / f"{name}.conf"
    config.write_text(f'store = "sqlite:{store}"\nrrd = "{b.folder / "rrd"}"\n', encoding="utf-8")
    env = {**os.environ, "NETMON_CONFIG": str(config)}
    for words in (["store", "init"], ["groups", "add", "All", "10.0.0.0/16"]):
        subprocess.run([BUILD / "netmon", *words], env=env, check=True, capture_output=True)
    return store, env


def deliver(b, trace, name, rrd):
    """Sends a trace's records to a collector, and says how fast that was."""
    store, env = new_store(b, f"bench-{bool(rrd)}.db")
    port = free_port()
    argv = [BUILD / "netmond", "--listen", "127.0.0.1", "-p", str(port), "--store", f"sqlite:{store}", *rrd]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL, env=env) as netmond:
        wait_for_port(port)
        run = b.timed([BUILD / "netmonc", "-h", "127.0.0.1", "-p", port, "-r", trace.path])
        netmond.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(netmond.pid, 0)
        netmond.returncode = 0
    records, cpu = rows_of(store, "flow"), usage.ru_utime + usage.ru_stime
    b.say(f"export into {name:<16}: {records:,} records in {run.wall:.1f} s = {records / run.wall:,.0f}/s, "
          f"netmond {cpu:.1f} s CPU, {usage.ru_maxrss / 1024:.0f} MB")
    b.note("export", name, {"records": records, "wall_s": run.wall, "netmond_cpu_s": cpu})
    return env


def export_trace(b):
    return b.trace("export", mix="office", packets=b.scaled(PACKETS, 100000), flows=b.scaled(FLOWS * 10, 15000))


def feed(b, n, options):
    """CPU seconds of the exporter for `n` records that no capture made, to a collector that throws them away."""
    port = free_port()
    argv = [BUILD / "tests" / "faults" / "feed" / "feed", f"port={port}", f"count={n}", "rate=100000", "batch=4096",
            "age_ms=1000", *options]
    with subprocess.Popen([BUILD / "netmond", "--listen", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as netmond, open(os.devnull, "wb") as null:
        wait_for_port(port)
        with subprocess.Popen(argv, stderr=null) as process:
            time.sleep(n / 100000 + 3)
            process.send_signal(signal.SIGTERM)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = 0
        netmond.send_signal(signal.SIGTERM)
    if status != 0:
        sys.exit("bench: the exporter did not deliver all")
    return usage.ru_utime + usage.ru_stime


def spool_cost(b):
    """What the spool takes besides, for each record: the median of three."""
    n, took = b.scaled(1000000, 200000), {}
    for name, options in (("memory", []), ("spool", [f"spool={b.folder / 'spool'}", "spool_mb=1000"])):
        took[name] = sorted(feed(b, n, [*options, f"run={i}"]) for i in (1, 2, 3))[1] / n * 1e9
    b.say(f"exporter's CPU for a record: {took['memory']:.0f} ns from memory, {took['spool']:.0f} ns over a spool")
    b.note("export", "exporter", {f"{name}_ns": ns for name, ns in took.items()})


def export(b):
    """Both kinds of delivery, and over a spool."""
    spool_cost(b)
    trace = export_trace(b)
    deliver(b, trace, "SQLite", [])
    b.kept["store"] = deliver(b, trace, "SQLite and RRDs", ["--rrd", b.folder / "rrd"])


def aggregate(b):
    """One run over what was delivered."""
    env = b.kept.get("store") or deliver(b, export_trace(b), "SQLite", [])
    began = time.monotonic()
    subprocess.run([BUILD / "netmon-aggregate", "--now", "1700000120"], env=env, check=True, capture_output=True)
    wall = time.monotonic() - began
    b.say(f"netmon-aggregate over them: {wall:.2f} s")
    b.note("aggregate", "wall_s", wall)
