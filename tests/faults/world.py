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
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import netmon_e2e as e2e
from disk import SmallDisk
from netns import COLLECTOR_ADDRESS
from pki import Pki
from rrdtree import RrdTree
from stores import SqliteStore, wait_stored
from truth import HEAD, Batch, Score, Truth, closes, compare, frames

PROBE, COLLECTOR = "probe", "collector"
SPEED, DAY = 40, 86400
SYNC_US = (0, 0, 2000, 20000)  # that a sync of the spool takes besides what it takes


class Fault(AssertionError):
    """Something is not as it must be."""


class World:
    def __init__(self, seed=1, store=SqliteStore, tls=True, plant=None, feed=None, power_cuts=True, cable=None,
                 disks=None, finish_s=90, rrd=False, tally=None):
        """plant: name of a bug that the programs of BUILD/plants have on purpose. feed: more settings of the feed.
        power_cuts: kills of the probe may take what was not synced, and its disk is slow at times. cable: a netns.Cable
        between both sides. disks: sizes of small ones for "spool" and "store". finish_s: how long all that is left may take
        to arrive. rrd: with RRDs, and a feed whose minutes go by in SPEED'th of one. tally: a Score that gets what is found."""
        self.rng = random.Random(seed)
        self.dir = Path(tempfile.mkdtemp(prefix="netmon-faults-"))
        self.plant, self.power_cuts, self.cable, self.finish_s = plant, power_cuts, cable, finish_s
        self.address = COLLECTOR_ADDRESS if cable else "127.0.0.1"
        self.programs = e2e.BUILD / "plants" if plant else e2e.BUILD
        self.port = e2e.free_port()
        self.disks = {name: SmallDisk(self.dir / name, size) for name, size in (disks or {}).items()}
        self.spool, self.graves = self.dir / "spool" / "feed", self.dir / "spool" / "graves"
        self.spool.mkdir(mode=0o700, parents=True)
        self.graves.mkdir()
        self.truth = Truth()
        self.pki = Pki(self.dir, "feed", self.address) if tls else None
        self.feed = {"rate": 2000, "batch": 20, "age_ms": 5, **(feed or {})}
        self.running = {}
        self.runs = 0
        self.closing = True  # the ledger must close
        self.score, self.tally = Score(), tally
        self.moments = Counter()  # of the kills
        self.retries = 0  # of a collector without its database
        self.cuts = 0  # files of the spool that lost their tail
        self.torn = {}  # sequence: Batch that was in one
        self.kills = {}
        self.under = {PROBE: cable.under("p") if cable else [], COLLECTOR: cable.under("c") if cable else []}
        self.env = {PROBE: {}, COLLECTOR: {}}
        self.preload = {PROBE: [], COLLECTOR: []}  # libraries
        self.options = []  # more of netmond's
        (self.dir / "store").mkdir(exist_ok=True)
        self.store = store(self.dir / "store")
        self.rrd = RrdTree(self.dir, self.store) if rrd else None
        if rrd:
            self.options += self.rrd.options()
            self.feed.update(speed=SPEED, began=int(time.time()), origin=int(time.time()) - DAY)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in self.running.values():
            self._end(process)
        self.store.stop()
        for disk in self.disks.values():
            disk.free()
        if kind is None or self.plant or os.environ.get("NETMON_FAULTS_CLEAN"):
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
            tails += [f"--- {who}"] + self.log(who).splitlines()[-lines:]
        return "\n".join(tails)

    def log(self, who):
        path = self.dir / f"{who}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def wait_said(self, who, words, timeout=60):
        e2e.wait_until(lambda: words in self.log(who), f"the {who} to say: {words}", timeout)

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start(self, who, argv, env):
        with open(self.dir / f"{who}.log", "ab") as log:
            log.write(f"--- started at {time.time():.3f}\n".encode())
            log.flush()
            self.running[who] = subprocess.Popen(
                [str(word) for word in [*self.under[who], *argv]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=e2e.environment({**env, **self.env[who], **({"NETMON_PLANT": self.plant} if self.plant else {})}))

    def start_collector(self, wait=False):
        argv = [self.programs / "netmond", "--listen", self.address, "-p", self.port, "--store", self.store.dsn, *self.options]
        if self.pki:
            argv += self.pki.collector_options()
        self._start(COLLECTOR, argv, {"LD_PRELOAD": ":".join(self.preload[COLLECTOR])})
        if wait:
            e2e.wait_until(self.listening, "netmond to listen")

    def listening(self):
        """Whether the collector accepts, as its own namespace sees it."""
        self.alive(COLLECTOR)
        table = Path(f"/proc/{self.running[COLLECTOR].pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        return any(line.split()[1].endswith(f":{self.port:04X}") and line.split()[3] == "0A" for line in table)

    def start_probe(self):
        self.runs += 1
        words = {"host": self.address, "port": self.port, "run": self.runs, "spool": self.spool, **self.feed}
        if self.pki:
            words.update(self.pki.feed_settings())
        env = {"LD_PRELOAD": ":".join([e2e.binary("tests/faults/powercut.so"), *self.preload[PROBE]]),
               "POWERCUT_GRAVES": self.graves, "POWERCUT_SYNCED": self.dir / "synced",
               "POWERCUT_SYNC_US": self.rng.choice(SYNC_US) if self.power_cuts else 0}
        self._start(PROBE, [self.programs / "tests/faults/feed/feed", *(f"{k}={v}" for k, v in words.items())], env)

    def start(self):
        self.start_collector(wait=True)
        self.start_probe()

    # --- faults -------------------------------------------------------------------------------------------------------

    def alive(self, who):
        """True; a Fault when it has ended by itself. A collector whose database was away or died when it started is started
        again, as init would."""
        status = self.running[who].poll()
        if status == 1 and who == COLLECTOR and self.store.server and \
                re.search(r"Lost connection to server|Can't connect to|server has gone away", self.log(COLLECTOR).splitlines()[-1]):
            self.retries += 1
            self.start_collector()
            return True
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
            whole = dict(frames(path.read_bytes()))
            with open(path, "r+b") as file:
                file.truncate(cut)
                rest = status.st_size - cut
                file.seek(cut)
                file.write(self.rng.choice((b"", bytes(rest), self.rng.randbytes(rest))))
            for at in whole.keys() - dict(frames(path.read_bytes())).keys():
                self.torn[Batch(whole[at][0], whole[at][HEAD:]).sequence] = self.truth.forget(whole[at])
            self.cuts += 1

    def declared(self):
        """Of the torn batches, those whose head was whole, so that the spool declared what had been in them: their numbers were
        used up, and no whole batch has them. The probe may call no other batch damaged."""
        last = max((n for _, n in self.truth.batches), default=0)
        declared = {n: batch for n, batch in self.torn.items() if n < last and (batch.epoch, n) not in self.truth.batches}
        said = {n for first, last in re.findall(r"batches (\d+) to (\d+) are damaged", self.log(PROBE))
                for n in range(int(first), int(last) + 1)}
        if said - declared.keys():
            raise Fault(f"batches {sorted(said - declared.keys())} are declared as damaged, and nothing damaged them")
        return list(declared.values())

    def look(self):
        """Takes into the truth what the spool's files hold, and what was deleted since the last look."""
        for path in self.spool_files():
            try:
                self.truth.look(path.read_bytes())
            except FileNotFoundError:
                pass  # it has just been deleted: it is in the graves
        for path in list(self.graves.iterdir()):
            self.truth.look(path.read_bytes())
            path.unlink()

    def caught_up(self, timeout):
        """Waits until the store has what the spool has now; the seconds that it took."""
        began = time.monotonic()
        self.look()
        wait_stored(self.store, sum(self.truth.rows.values()), timeout, lambda: all(map(self.alive, list(self.running))))
        return time.monotonic() - began

    # --- the end ------------------------------------------------------------------------------------------------------

    def settle(self, quiet_s=2, timeout=60):
        """Waits until nothing more is stored, of a feed that makes no more."""
        end, before = time.monotonic() + timeout, -1
        e2e.wait_until(lambda: "connected, " in self.log(COLLECTOR).rsplit("--- started", 1)[1], "the probe", timeout)
        while (now := self.store.count()) != before and time.monotonic() < end:
            before = now
            time.sleep(quiet_s)

    def finish(self, drops=False, gaps=False):
        """Stops the feed and waits until all is delivered, then ends both sides in order. drops: the probe had to drop, and
        says so by its status. gaps: not all that was spooled will arrive."""
        time.sleep(0.5)  # a program that was just started knows no SIGTERM yet
        if gaps:
            self.settle()
        else:
            try:  # the end of a probe waits for its collector a short while only
                self.caught_up(self.finish_s)
            except AssertionError as error:
                raise Fault(f"{error}: {self.backlog()}") from error
        for who, needs, wanted in ((PROBE, self.finish_s, int(drops)), (COLLECTOR, 30, 0)):
            self.alive(who)
            self.running[who].send_signal(signal.SIGTERM)
            status = self._wait(who, needs)
            del self.running[who]
            if status != wanted:
                raise Fault(f"the {who} ended with {status} instead of {wanted}: {self.backlog()}")
        self.look()

    def _wait(self, who, needs):
        """Its status; meanwhile what it deletes is looked at, so that a small disk gets room."""
        for _ in range(needs * 10):
            try:
                return self.running[who].wait(0.1)
            except subprocess.TimeoutExpired:
                self.look()
                for other in self.running.keys() - {who}:
                    self.alive(other)
        raise Fault(f"the {who} did not end within {needs} s: {self.backlog()}")

    def backlog(self):
        self.look()
        return f"{self.store.count()} flows stored, {sum(self.truth.rows.values())} spooled"

    def faults(self):
        """What is wrong with the store, as a list of words; after finish()."""
        self.score, ledger = Score(), self.store.ledger()
        faults = [*compare(self.truth, self.store.flows(), ledger, self.declared(), self.score),
                  *(closes(ledger, self.score) if self.closing else ())]
        if self.tally:
            self.tally.add(self.score)
        return faults + (list(self.rrd.faults(self.truth)) if self.rrd else [])

    def check(self):
        faults = self.faults()
        if faults:
            raise Fault("; ".join(faults))

    def summary(self):
        return (f"{sum(self.kills.values())} kills ({', '.join(f'{n} {k}' for k, n in sorted(self.kills.items()))}), "
                f"{len(self.truth.batches)} batches, {sum(self.truth.rows.values())} records, "
                f"{self.truth.packets} packets, {self.truth.octets} octets, {self.cuts} torn tails")
