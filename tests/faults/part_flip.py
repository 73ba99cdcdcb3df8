# SPDX-License-Identifier: GPL-3.0-or-later
"""Bits flip in a spool's files while no probe runs."""
import time

from part_disk import ledger_sums
from truth import Truth
from world import PROBE, Fault, World

FLIPS = 10000
ROUND = 250  # flips at a time: of about 1,000 batches each fifth is hit
DAMAGED = 21  # LEDGER_SPOOL_DAMAGED


def flip(world, n):
    """Flips `n` random bits in the spool's files."""
    files = [path for path in world.spool_files() if path.stat().st_size]
    data = {path: bytearray(path.read_bytes()) for path in files}
    total = sum(len(d) for d in data.values())
    for _ in range(n):
        at = world.rng.randrange(total)
        for path in files:
            if at < len(data[path]):
                data[path][at] ^= 1 << world.rng.randrange(8)
                break
            at -= len(data[path])
    for path in files:
        with open(path, "r+b") as file:
            file.write(data[path])


def one_round(world, n, seconds):
    """Fills the spool, damages it, lets what is left of it arrive; (packets, octets) of what was hit."""
    world.start_probe()
    time.sleep(seconds)
    world.kill(PROBE)  # takes all of the spool into the truth
    before = world.truth
    flip(world, n)
    world.truth = Truth()
    world.look()  # what is whole now
    hit = [before.packets - world.truth.packets, before.octets - world.truth.octets]
    world.feed["count"] = 1  # nothing new but what makes it wait
    world.start_collector(wait=True)
    world.start_probe()
    time.sleep(0.2)
    world.finish()
    del world.feed["count"]
    return hit


def flips(count, say, per_round=ROUND, seconds=0.5, **world):
    """`count` flips in rounds; each record that is not stored is declared."""
    hit, stored, done = [0, 0], 0, 0
    kept = {"power_cuts": False, "feed": {"rate": 40000, "batch": 20}}
    while done < count:
        with World(**{**kept, **world, "seed": world.get("seed", 1) + done}) as w:
            n = min(per_round, count - done)
            lost = one_round(w, n, seconds)
            check(w, lost)
            hit = [a + b for a, b in zip(hit, lost)]
            stored += len(w.truth.batches)
            done += n
            if done % (per_round * 10) == 0:
                say(f"{done} bits flipped, {hit[0]} packets declared as damaged")
    return f"{done} bits flipped: {stored} batches stored, {hit[0]} packets and {hit[1]} octets lost, all declared"


def check(world, lost):
    """Only true records are stored, all that are whole, and the rest is declared."""
    rows = world.store.flows()
    if rows != world.truth.rows:
        raise Fault(f"{(world.truth.rows - rows).total()} whole records are not stored, "
                    f"{(rows - world.truth.rows).total()} are stored that are not whole")
    declared = ledger_sums(world).get(DAMAGED, (0, 0))
    if list(declared) != lost:
        raise Fault(f"{lost} packets and octets were hit, {declared} are declared as damaged")


def part_flip(run):
    """10,000 flipped bits in spools."""
    return flips(run.count or FLIPS, run.say, seed=run.seed)
