# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random times and in chosen moments, of either side and of both."""
import time

import moments
from stores import MariaStore, SqliteStore
from world import COLLECTOR, PROBE, Fault, World

SERVER = "server"
KILLS, KILLS_QUICK = 1000, 100
KILLS_MARIADB, KILLS_MARIADB_QUICK = 100, 15
WAIT_S = (0.001, 0.3)  # from a start to the next kill
WAIT_SERVER_S = (0.001, 1.2)  # a database takes longer to come up
FEED = {"spool_mb": 16}  # segments of 128 kB, the smallest: many turns


def choose(rng, victims):
    """victims: {names: weight}."""
    return rng.choices(list(victims), list(victims.values()))[0]


def victims_of(world, victims, who):
    """Of those that may be killed, one that `who` (or None) is among."""
    fit = {names: weight for names, weight in victims.items() if who is None or who in names}
    return choose(world.rng, fit or victims)


def kill_once(world, victims, wait_s):
    """Waits, kills, starts again."""
    moment, who = moments.choose(world)
    names = victims_of(world, victims, who)
    if moment == "any":
        time.sleep(world.rng.uniform(*wait_s))
    else:
        moment = moments.wait(world, moment, who)
    world.moments[moment] += 1
    if names == (SERVER,):
        world.store.kill()
        world.kills[SERVER] = world.kills.get(SERVER, 0) + 1
        world.store.start()
        return
    world.kill(*names)
    if COLLECTOR in names:
        world.start_collector()
    if PROBE in names:
        world.start_probe()


def kills(count, say, store=SqliteStore, victims=None, wait_s=WAIT_S, feed=None, **world):
    """`count` kills; then everything must be there. Says how it goes; gives words for the summary."""
    victims = victims or {(PROBE,): 45, (COLLECTOR,): 45, (PROBE, COLLECTOR): 10}
    with World(store=store, feed={**FEED, **(feed or {})}, **world) as w:
        began = time.monotonic()
        w.start()
        for n in range(1, count + 1):
            kill_once(w, victims, wait_s)
            if w.truth.faults:
                raise Fault(f"after {n} kills: {w.truth.faults[0]}")
            if n % 100 == 0 or n == count:
                say(f"{n} kills in {time.monotonic() - began:.0f} s, {w.store.count()} flows stored")
        w.finish()
        w.check()
        when = ", ".join(f"{n} {k}" for k, n in w.moments.most_common())
        return f"{w.summary()}: none lost, none doubled, {(time.monotonic() - began) / count:.2f} s a kill; when: {when}"


def part_kill(run):
    """1,000 kills of probe, collector or both, under TLS, SQLite, with RRDs."""
    count = run.number(KILLS, KILLS_QUICK)
    return kills(count, run.say, seed=run.seed, rrd=True, tally=run.tally)


def part_mariadb(run):
    """100 kills, of the database server, too."""
    count = run.number(KILLS_MARIADB, KILLS_MARIADB_QUICK)
    return kills(count, run.say, MariaStore, {(PROBE,): 30, (COLLECTOR,): 30, (SERVER,): 30, (PROBE, COLLECTOR): 10},
                 WAIT_SERVER_S, seed=run.seed, tally=run.tally)
