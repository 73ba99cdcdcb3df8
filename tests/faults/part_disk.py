# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk is full: the probe's, under the spool, or the collector's, under the store."""
import time

from stores import SqliteStore
from world import COLLECTOR, Fault, World

SPOOL_SIZE, STORE_SIZE = 3 << 20, 3 << 20
# causes of the ledger (lib/record.h): records that are in no store
METERED, DECLARED = 2, (13, 20, 21, 22)


def ledger_sums(world):
    """{cause: (packets, octets)} of the store."""
    sums = {}
    for (_, _, cause, what), n in world.store.ledger().items():
        row = sums.setdefault(cause, {"packets": 0, "octets": 0})
        row[what] += n
    return {cause: (row["packets"], row["octets"]) for cause, row in sums.items()}


def check_declared(world):
    """What was metered is stored or declared, to the packet and octet; gives how many packets were declared."""
    sums = ledger_sums(world)
    declared = [sum(sums.get(cause, (0, 0))[i] for cause in DECLARED) for i in (0, 1)]
    stored = [world.truth.packets, world.truth.octets]
    if [a + b for a, b in zip(stored, declared)] != list(sums.get(METERED, (0, 0))):
        raise Fault(f"metered {sums.get(METERED)}, but {stored} stored and {declared} declared: {sums}")
    return declared[0]


def full_spool(say, seconds, policy="drop-newest", **world):
    """No collector until the spool's disk is full and more."""
    with World(disks={"spool": SPOOL_SIZE}, feed={"rate": 20000, "batch": 200, "policy": policy}, **world) as w:
        w.start()
        w.caught_up(20)
        w.kill(COLLECTOR)
        time.sleep(seconds)
        say(f"spool: {sum(p.stat().st_size for p in w.spool_files()) >> 10} kB after {seconds} s without collector")
        w.start_collector()
        w.finish()
        w.check()
        declared = check_declared(w)
        if not declared:
            raise Fault("the spool was never full")
        return f"full spool: {w.summary()}; {declared} packets declared as dropped, the rest stored once"


def full_store(say, **world):
    """The store's disk is full for a while."""
    with World(disks={"store": STORE_SIZE}, store=SqliteStore, feed={"rate": 10000, "batch": 200}, **world) as w:
        w.start()
        end, before = time.monotonic() + 30, -1
        while time.monotonic() < end and (now := w.store.count()) != before:
            before = now
            time.sleep(1)
        w.alive(COLLECTOR)
        time.sleep(1)
        say(f"full with {w.store.count()} flows stored")
        w.disks["store"].grow(256 << 20)
        say(f"larger: caught up after {w.caught_up(60):.1f} s")
        w.finish()
        w.check()
        return f"full store: {w.summary()}: none lost, none doubled"


def part_disk(run):
    """Full disk under the spool, and under the store."""
    words = full_spool(run.say, 8, seed=run.seed)
    run.say(words)
    return words + "; " + full_store(run.say, seed=run.seed)
