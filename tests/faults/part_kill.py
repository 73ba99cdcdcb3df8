# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random times, of either side and of both."""
import time

from stores import MariaStore, SqliteStore
from world import COLLECTOR, PROBE, World

SERVER = "server"
KILLS = 1000
KILLS_MARIADB = 100
WAIT_S = (0.001, 0.3)  # from a start to the next kill


def choose(rng, victims):
    """victims: {names: weight}."""
    return rng.choices(list(victims), list(victims.values()))[0]


def kill_once(world, victims):
    """Waits, kills, starts again."""
    who = choose(world.rng, victims)
    time.sleep(world.rng.uniform(*WAIT_S))
    if who == (SERVER,):
        world.store.kill()
        world.kills[SERVER] = world.kills.get(SERVER, 0) + 1
        world.store.start()
        return
    world.kill(*who)
    if COLLECTOR in who:
        world.start_collector()
    if PROBE in who:
        world.start_probe()


def kills(count, say, store=SqliteStore, victims=None, **world):
    """`count` kills; then everything must be there. Says how it goes; gives words for the summary."""
    victims = victims or {(PROBE,): 45, (COLLECTOR,): 45, (PROBE, COLLECTOR): 10}
    with World(store=store, **world) as w:
        began = time.monotonic()
        w.start()
        for n in range(1, count + 1):
            kill_once(w, victims)
            if n % 100 == 0 or n == count:
                say(f"{n} kills in {time.monotonic() - began:.0f} s, {w.store.count()} flows stored")
        w.finish()
        w.check()
        return f"{w.summary()}: none lost, none doubled, {(time.monotonic() - began) / count:.2f} s a kill"


def part_kill(run):
    """1,000 kills of probe, collector or both, under TLS, SQLite."""
    return kills(run.count or KILLS, run.say, seed=run.seed)


def part_mariadb(run):
    """100 kills, of the database server, too."""
    return kills(run.count or KILLS_MARIADB, run.say, MariaStore,
                 {(PROBE,): 30, (COLLECTOR,): 30, (SERVER,): 30, (PROBE, COLLECTOR): 10}, seed=run.seed)
