# SPDX-License-Identifier: GPL-3.0-or-later
"""When to kill: at any time, or in the middle of something that is over too soon to be met often."""
import time
from pathlib import Path

SYNCS = {"74", "75"}  # fsync, fdatasync of x86-64; elsewhere such a moment is just any
ESTABLISHED = "01"


def calls(pid):
    """Numbers of the system calls that a process's threads are in."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            yield (task / "syscall").read_text(encoding="ascii").split()[0]
        except (OSError, IndexError):
            pass


def syncing(pid_of):
    return lambda world: lambda: not SYNCS.isdisjoint(calls(pid_of(world)))


def committer(world):
    """Who syncs a commit: the database's server, or netmond where it is no server."""
    return "server" if world.store.server else "collector"


def changed(read):
    """That what read(world) gives is another than at the beginning."""
    def begin(world):
        before = read(world)
        return lambda: read(world) != before
    return begin


def connections(world):
    """How many connections of the collector's port are established."""
    table = Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    port = f":{world.port:04X}"
    return sum(line.split()[1].endswith(port) and line.split()[3] == ESTABLISHED for line in table)


def segments(world):
    return sorted(path.name for path in world.spool.glob("*.seg"))


# name: (who is killed, or a function that tells, what is waited for, for how many seconds at most, weight)
MOMENTS = {
    "any": (None, None, 0, 60),
    "greeting": (None, lambda world: lambda: connections(world) > 0, 0.5, 12),
    "spool's sync": ("probe", syncing(lambda world: world.running["probe"].pid), 0.5, 8),
    "segment's turn": ("probe", changed(segments), 1.5, 5),
    "commit's sync": (committer, syncing(lambda world: (world.store.server or world.running["collector"]).pid), 0.5, 8),
    "RRDs' minute": ("collector", changed(lambda world: world.rrd.written()), 2.5, 3),
}


def choose(world):
    """(name, who or None)."""
    names = [name for name in MOMENTS if world.rrd or name != "RRDs' minute"]
    name = world.rng.choices(names, [MOMENTS[n][3] for n in names])[0]
    who = MOMENTS[name][0]
    return name, who(world) if callable(who) else who


def wait(world, name, who):
    """Until the moment is there; its name, or "any" when it did not come."""
    _, begin, limit, _ = MOMENTS[name]
    if not begin:
        return name
    try:
        there, end = begin(world), time.monotonic() + limit
        while not there():
            if time.monotonic() > end:
                return "any"
            time.sleep(0.0003)
    except OSError:
        world.alive(who or "probe")  # it ended
        return "any"
    if name == "greeting":  # the handshake and HELLO take some milliseconds
        time.sleep(world.rng.uniform(0, 0.006))
    return name
