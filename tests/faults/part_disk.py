# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk is full: the probe's, under the spool, or the collector's, under the store; or the spool has reached its cap."""
import time

from truth import compare_missing
from world import COLLECTOR, PROBE, Fault, World

SPOOL_SIZE, STORE_SIZE = 3 << 20, 3 << 20
QUEUE = 20000  # records and ledger rows that the probe keeps in memory when its spool takes no more
FEED = {"rate": 20000, "batch": 200, "queue": QUEUE}
DROP_COUNT = 160000  # records, of which about 100,000 fit into the spool
OLDEST = "of the oldest records are dropped"
# LEDGER_SPOOL_DROPPED, LEDGER_SPOOL_DAMAGED
SPOOL_DROPPED, SPOOL_DAMAGED = 20, 21


def overfill(world, say, words, seconds):
    """No collector until the probe says these words, and a while more; then one that takes all."""
    world.start()
    world.kill(COLLECTOR)
    world.wait_said(PROBE, words)
    time.sleep(seconds)
    say(f"spool: {sum(p.stat().st_size for p in world.spool_files()) >> 10} kB without collector, {words}")
    world.start_collector()


def full_spool(say, seconds, disks=None, **world):
    """What comes is dropped, and declared. On a small disk, or one with room for more than the cap of 4 MB."""
    feed = {**FEED, **({} if disks else {"spool_mb": 4})}
    with World(disks=disks, feed=feed, **world) as w:
        overfill(w, say, "export queue is full", seconds)
        w.caught_up(60)  # records are taken again, or the end would be all that is dropped
        w.finish(drops=True)
        w.check()
        if not w.score.declared:
            raise Fault("nothing is declared")
        return (f"{'full disk' if disks else 'cap'}: {w.summary()}; {w.score.declared} packets declared as dropped, "
                "the rest stored once")


def check_dropped(world):
    """Each record is stored once, or is declared as given up, or as torn by a power cut."""
    faults = list(compare_missing(world.truth, world.store.flows(), world.store.ledger(), (SPOOL_DROPPED, SPOOL_DAMAGED),
                                  world.score, world.declared()))
    if world.tally:
        world.tally.add(world.score)
    if faults:
        raise Fault("; ".join(faults))
    if not world.score.declared:
        raise Fault("nothing is declared")
    return f"{world.summary()}; {world.score.declared} packets declared as dropped, the rest stored once"


def drop_oldest(say, seconds, **world):
    """What is oldest gives way, and is declared."""
    feed = {**FEED, "spool_mb": 4, "policy": "drop-oldest", "count": DROP_COUNT}
    with World(feed=feed, **world) as w:
        overfill(w, say, OLDEST, seconds)
        w.finish(gaps=True)
        return f"drop-oldest: {check_dropped(w)}"


def kills_while_dropping(say, count, **world):
    """kill -9 of a probe whose spool is at its cap of 2 MB, while the collector comes and goes."""
    with World(feed={**FEED, "spool_mb": 2, "policy": "drop-oldest"}, **world) as w:
        w.start()
        for n in range(count):
            if n % 5 == 0:
                w.kill(COLLECTOR)
            time.sleep(w.rng.uniform(0.1, 0.8))
            w.kill(PROBE)
            if n % 5 == 3:
                w.start_collector()
            w.start_probe()
        if COLLECTOR not in w.running:
            w.start_collector()
        w.wait_said(PROBE, OLDEST)
        w.kill(PROBE)
        w.feed["count"] = 1  # nothing new but what makes it wait
        w.start_probe()
        w.finish(gaps=True)
        say(f"dropped in {w.log(PROBE).count(OLDEST)} of {w.runs} runs")
        return f"drop-oldest under kills: {check_dropped(w)}"


def full_store(say, seconds, **world):
    """The store's disk is full for a while."""
    with World(disks={"store": STORE_SIZE}, feed={"rate": 10000, "batch": 200}, **world) as w:
        w.start()
        w.wait_said(COLLECTOR, "store: cannot write")
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
    for how in (lambda **world: full_spool(run.say, 3, {"spool": SPOOL_SIZE}, **world),
                lambda **world: full_spool(run.say, 3, **world), lambda **world: drop_oldest(run.say, 3, **world),
                lambda **world: kills_while_dropping(run.say, 40, **world), lambda **world: full_store(run.say, 8, **world)):
        run.did += 1
        words = how(seed=run.seed, tally=run.tally)
        run.say(words)
    return f"{run.did} ways to be full"
