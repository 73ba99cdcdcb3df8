# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk is full: the probe's, under the spool, or the collector's, under the store; or the spool has reached its cap."""
import time

from truth import compare_missing
from world import COLLECTOR, Fault, World

SPOOL_SIZE, STORE_SIZE = 3 << 20, 3 << 20
QUEUE = 20000  # records and ledger rows that the probe keeps in memory when its spool takes no more
FEED = {"rate": 20000, "batch": 200, "queue": QUEUE}
SPOOL_DROPPED = 20  # LEDGER_SPOOL_DROPPED


def overfill(world, say, seconds):
    """No collector until the spool is full and more; then one that takes all."""
    world.start()
    world.caught_up(20)
    world.kill(COLLECTOR)
    time.sleep(seconds)
    say(f"spool: {sum(p.stat().st_size for p in world.spool_files()) >> 10} kB after {seconds} s without collector")
    world.start_collector()


def full_spool(say, seconds, disks=None, **world):
    """What comes is dropped, and declared. On a small disk, or one with room for more than the cap of 4 MB."""
    feed = {**FEED, **({} if disks else {"spool_mb": 4})}
    with World(disks=disks, feed=feed, **world) as w:
        overfill(w, say, seconds)
        w.caught_up(60)  # records are taken again, or the end would be all that is dropped
        w.finish(drops=True)
        w.check()
        if not w.score.declared:
            raise Fault("the spool was never full")
        return f"{'full disk' if disks else 'cap'}: {w.summary()}; {w.score.declared} packets declared as dropped, the rest stored once"


def drop_oldest(say, seconds, **world):
    """What is oldest gives way, and is declared."""
    feed = {**FEED, "spool_mb": 4, "policy": "drop-oldest", "count": int(FEED["rate"] * seconds)}
    with World(feed=feed, **world) as w:
        overfill(w, say, seconds)
        w.finish(gaps=True)
        faults = list(compare_missing(w.truth, w.store.flows(), w.store.ledger(), (SPOOL_DROPPED,), w.score))
        if w.tally:
            w.tally.add(w.score)
        if faults:
            raise Fault("; ".join(faults))
        if not w.score.declared:
            raise Fault("the spool was never full")
        return f"drop-oldest: {w.summary()}; {w.score.declared} packets declared as dropped, the rest stored once"


def full_store(say, seconds, **world):
    """The store's disk is full for a while."""
    with World(disks={"store": STORE_SIZE}, feed={"rate": 10000, "batch": 200}, **world) as w:
        w.start()
        end, before = time.monotonic() + 30, -1
        while time.monotonic() < end and (now := w.store.count()) != before:
            before = now
            time.sleep(1)
        time.sleep(seconds)
        w.alive(COLLECTOR)
        say(f"full for {seconds} s with {w.store.count()} flows stored")
        w.disks["store"].grow(256 << 20)
        say(f"larger: caught up after {w.caught_up(60):.1f} s")
        w.finish()
        w.check()
        return f"full store: {w.summary()}: none lost, none doubled"


def part_disk(run):
    """Full disk under the spool, and under the store, and a spool at its cap."""
    for how in (lambda **world: full_spool(run.say, 6, {"spool": SPOOL_SIZE}, **world),
                lambda **world: full_spool(run.say, 6, **world), lambda **world: drop_oldest(run.say, 6, **world),
                lambda **world: full_store(run.say, 8, **world)):
        run.did += 1
        words = how(seed=run.seed, tally=run.tally)
        run.say(words)
    return f"{run.did} ways to be full"
