# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe, a collector and a store in a folder of their own, to be killed and looked at.

    with World(seed=1) as world:
        world.start()
        world.kill("probe")         # kill -9, and what a power cut does to the spool
        world.start_probe()
        world.finish()              # until everything is delivered; then world.faults() is empty

The probe is tests/faults/feed with tests/faults/powercut.so under it, the collector is netmond. The truth is read from the
spool's files, never from what either side says. Whatever ends without being killed here is a fault."""
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import netmon_e2e as e2e
from pki import Pki
from stores import SqliteStore
from truth import Truth, compare

PROBE, COLLECTOR = "probe", "collector"


class Fault(AssertionError):
    """Something is not as it must be."""


class World:
    def __init__(self, seed=1, store=SqliteStore, tls=True, plant=None, folder=None, feed=None, power_cuts=True):
        """plant: name of a bug that the programs of BUILD/plants have on purpose. folder: made below it. feed: more
        settings of the feed. power_cuts: kills of the probe may take what was not synced."""
        self.rng = random.Random(seed)
        self.dir = Path(tempfile.mkdtemp(prefix="netmon-faults-", dir=folder))
        self.plant, self.power_cuts = plant, power_cuts
        self.programs = e2e.BUILD / "plants" if plant else e2e.BUILD
        self.port = e2e.free_port()
        self.spool, self.graves = self.dir / "spool", self.dir / "graves"
        self.spool.mkdir(mode=0o700)
        self.graves.mkdir()
        self.truth = Truth()
        self.pki = Pki(self.dir, "feed") if tls else None
        self.feed = {"rate": 2000, "batch": 20, "age_ms": 5, **(feed or {})}
        self.running = {}
        self.runs = 0
        self.cuts = 0  # files of the spool that lost their tail
        self.kills = {}
        self.under = {PROBE: [], COLLECTOR: []}  # words in front of a command, such as a network namespace's
        self.env = {PROBE: {}, COLLECTOR: {}}
        self.options = []  # more of netmond's
        self.store = store(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in self.running.values():
            self._end(process)
        self.store.stop()
        if kind is None or os.environ.get("NETMON_FAULTS_CLEAN"):
            shutil.rmtree(self.dir, ignore_errors=True)
        elif issubclass(kind, Exception):
            value.args = (f"{value}\n(all of it is in {self.dir})\n{self.log_tails()}",)

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()

    def log_tails(self, lines=12):
        """The last words of both sides."""
        tails = []
        for who in (PROBE, COLLECTOR):
            path = self.dir / f"{who}.log"
            if path.exists():
                tails += [f"--- {who}"] + path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(tails)

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start(self, who, argv, env):
        with open(self.dir / f"{who}.log", "ab") as log:
            log.write(f"--- started at {time.time():.3f}\n".encode())
            log.flush()
            self.running[who] = subprocess.Popen(
                [str(word) for word in [*self.under[who], *argv]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=e2e.environment({**env, **self.env[who], **({"NETMON_PLANT": self.plant} if self.plant else {})}))

    def start_collector(self, wait=False):
        argv = [self.programs / "netmond", "--listen", "127.0.0.1", "-p", self.port, "--store", self.store.dsn, *self.options]
        if self.pki:
            argv += self.pki.collector_options()
        self._start(COLLECTOR, argv, {})
        if wait:
            e2e.wait_until(lambda: self.alive(COLLECTOR) and e2e.port_listening(self.port), "netmond to listen")

    def start_probe(self):
        self.runs += 1
        words = {"port": self.port, "run": self.runs, "spool": self.spool, **self.feed}
        if self.pki:
            words.update(self.pki.feed_settings())
        env = {"LD_PRELOAD": e2e.binary("tests/faults/powercut.so"), "POWERCUT_GRAVES": self.graves,
               "POWERCUT_SYNCED": self.dir / "synced"}
        self._start(PROBE, [self.programs / "tests/faults/feed/feed", *(f"{k}={v}" for k, v in words.items())], env)

    def start(self):
        self.start_collector(wait=True)
        self.start_probe()

    # --- faults -------------------------------------------------------------------------------------------------------

    def alive(self, who):
        """True; a Fault when it has ended by itself."""
        status = self.running[who].poll()
        if status is not None:
            raise Fault(f"the {who} ended by itself with {status}")
        return True

    def kill(self, *who):
        """kill -9, all at once; what ran must have run until now."""
        for name in who:
            self.alive(name)
        for name in who:
            self.running[name].kill()
        for name in who:
            self.running.pop(name).wait()
        key = "both" if len(who) > 1 else who[0]
        self.kills[key] = self.kills.get(key, 0) + 1
        if PROBE in who:
            if self.power_cuts and self.rng.random() < 0.5:
                self.power_cut()
            self.look()

    def synced(self):
        """Octets that were synced, by inode."""
        path = self.dir / "synced"
        return dict(struct.iter_unpack("=QQ", path.read_bytes())) if path.exists() else {}

    def spool_files(self):
        return [path for path in sorted(self.spool.rglob("*")) if path.is_file()]

    def power_cut(self):
        """Takes from each file of the spool some of what was not synced, or leaves rubbish in its place."""
        synced = self.synced()
        for path in self.spool_files():
            status = path.stat()
            safe = min(synced.get(status.st_ino, 0), status.st_size)
            if safe == status.st_size:
                continue
            cut = self.rng.randint(safe, status.st_size - 1)
            with open(path, "r+b") as file:
                file.truncate(cut)
                rest = status.st_size - cut
                file.seek(cut)
                file.write({0: b"", 1: bytes(rest), 2: self.rng.randbytes(rest)}[self.rng.randrange(3)])
            self.cuts += 1

    def look(self):
        """Takes into the truth what the spool's files hold, and what was deleted since the last look."""
        for path in self.spool_files():
            self.truth.look(path.read_bytes())
        for path in list(self.graves.iterdir()):
            self.truth.look(path.read_bytes())
            path.unlink()

    # --- the end ------------------------------------------------------------------------------------------------------

    def finish(self, timeout=90):
        """Stops the feed and waits until all is delivered, then ends both sides in order."""
        for who, needs in ((PROBE, timeout), (COLLECTOR, 30)):
            self.alive(who)
            self.running[who].send_signal(signal.SIGTERM)
            try:
                status = self.running[who].wait(needs)
            except subprocess.TimeoutExpired:
                raise Fault(f"the {who} did not end within {needs} s: {self.backlog()}") from None
            del self.running[who]
            if status != 0:
                raise Fault(f"the {who} ended with {status}: {self.backlog()}")
        self.look()

    def backlog(self):
        self.look()
        return f"{self.store.count()} flows stored, {sum(self.truth.rows.values())} spooled"

    def faults(self):
        """What is wrong with the store, as a list of words; after finish()."""
        return compare(self.truth, self.store.flows(), self.store.ledger())

    def check(self):
        faults = self.faults()
        if faults:
            raise Fault("; ".join(faults))

    def summary(self):
        return (f"{sum(self.kills.values())} kills ({', '.join(f'{n} {k}' for k, n in sorted(self.kills.items()))}), "
                f"{len(self.truth.batches)} batches, {sum(self.truth.rows.values())} records, "
                f"{self.truth.packets} packets, {self.truth.octets} octets, {self.cuts} torn tails")
