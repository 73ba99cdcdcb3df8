# SPDX-License-Identifier: GPL-3.0-or-later
"""Bits flip in a spool's files while no probe runs."""
import re
import time
from collections import Counter

from truth import HEAD, Batch, Truth, compare_missing, frames
from world import PROBE, Fault, World

FLIPS = 10000
ROUND = 250  # flips at a time: of about 1,000 batches each fifth is hit
DAMAGED = 21  # LEDGER_SPOOL_DAMAGED


def flip(world, n):
    """Flips `n` random bits in the spool's files; the rows of batches that none hit, nor what is in front of them."""
    files = [path for path in world.spool_files() if path.stat().st_size]
    data = {path: bytearray(path.read_bytes()) for path in files}
    whole = {path: list(frames(bytes(octets))) for path, octets in data.items()}
    hits = {path: [] for path in files}
    for path in world.rng.choices(files, [len(data[path]) for path in files], k=n):
        hits[path].append(world.rng.randrange(len(data[path])))
        data[path][hits[path][-1]] ^= 1 << world.rng.randrange(8)
    untouched = Counter()
    for path in files:
        with open(path, "r+b") as file:
            file.write(data[path])
        before = 0
        for at, frame in whole[path]:
            after = at + len(frame)
            if not any(before <= hit < after for hit in hits[path]):
                untouched.update(Batch(frame[0], frame[HEAD:]).rows)
            before = after
    return untouched


def one_round(world, n, seconds):
    """Fills the spool, damages it, lets what is left of it arrive; the rows that must be there."""
    world.start_probe()
    time.sleep(seconds)
    world.kill(PROBE)  # takes all of the spool into the truth
    before = world.truth
    untouched = flip(world, n)
    world.feed["count"] = 1  # nothing new but what makes it wait
    world.truth = Truth()
    world.start_collector(wait=True)
    world.start_probe()
    world.finish(gaps=True)
    end = cut_behind(world)
    for batch in (Batch(frame[0], frame[HEAD:]) for frame in before.seen - world.truth.seen):
        if batch.sequence <= end:
            world.truth.add(batch)
        else:
            world.cuts += 1
    return untouched


def cut_behind(world):
    """Damage in the last batches of a probe that was killed looks as if they had not been written to their end. The probe says
    so and goes on behind this batch; it is for the interfaces' counters (GAP) to say what was in them, and the feed has none."""
    said = re.search(r"octets behind batch (\d+) were not written to their end", world.log(PROBE))
    return int(said[1]) if said else 1 << 64


def flips(count, say, per_round=ROUND, seconds=0.5, **world):
    """`count` flips in rounds; each record that is not stored is declared."""
    done = batches = declared = octets = cuts = 0
    kept = {"power_cuts": False, "feed": {"rate": 40000, "batch": 20}}
    while done < count:
        with World(**{**kept, **world, "seed": world.get("seed", 1) + done}) as w:
            n = min(per_round, count - done)
            check(w, one_round(w, n, seconds))
            done += n
            batches += len(w.truth.batches)
            declared += w.score.declared
            octets += w.truth.octets - w.score.octets
            cuts += w.cuts
            if done % (per_round * 10) == 0:
                say(f"{done} bits flipped, {declared} packets declared as damaged")
    return (f"{done} bits flipped in spools of {batches} batches: {declared} packets and {octets} octets could not be read, "
            f"all declared; {cuts} last batches were cut off as torn; all others stored once")


def check(world, untouched):
    """Only true records are stored, all that nothing hit, and the rest is declared."""
    rows = world.store.flows()
    faults = list(compare_missing(world.truth, rows, world.store.ledger(), (DAMAGED,), world.score))
    if untouched - rows:
        faults.append(f"{(untouched - rows).total()} records are not stored that no flipped bit hit")
    if world.tally:
        world.tally.add(world.score)
    if faults:
        raise Fault("; ".join(faults))


def part_flip(run):
    """10,000 flipped bits in spools."""
    return flips(run.number(FLIPS, FLIPS // 10), run.say, seed=run.seed, tally=run.tally)
