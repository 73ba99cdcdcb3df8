# SPDX-License-Identifier: GPL-3.0-or-later
"""The RRDs that netmond writes beside a store, and what they must hold when all is over: each minute's octets."""
import struct
from collections import Counter

import netmon_e2e as e2e

# of truth.py's rows: the feed's IPv4 records come from 10/8, and are out; its IPv6 ones are transit
GROUPS = "Inside = 10.0.0.0/8\n"
V4 = 32
MINUTES = 350  # that the finest rows are kept for, and some to spare


def wanted(truth):
    """{("all" | "transit", minute): octets}."""
    minutes = Counter()
    for (_, record, _), n in truth.rows.items():
        octets, = struct.unpack_from(">I", record, len(record) - 20)
        started, = struct.unpack_from(">I", record, len(record) - 8)
        minutes["all" if len(record) == V4 else "transit", started - started % 60] += n * octets
    return minutes


class RrdTree:
    def __init__(self, folder, store):
        self.root = folder / "rrd"
        groups = folder / "groups"
        groups.write_text(GROUPS, encoding="ascii")
        e2e.run("netmon", "--store", store.dsn, "store", "init")
        e2e.run("netmon", "--store", store.dsn, "groups", "import", groups)

    def options(self):
        return ["--rrd", self.root, "--rrd-minutes", "2"]

    def written(self):
        """Changes with each minute that is written."""
        try:
            return (self.root / ".netmond").stat().st_mtime_ns
        except OSError:
            return 0

    def read(self, path, end):
        """{minute: octets} of a file, both directions together."""
        import rrdtool  # only where it is asked for
        (begin, _, step), _, rows = rrdtool.fetch(str(path), "AVERAGE", "-r", "60", "-s", str(end - MINUTES * 60), "-e", str(end))
        return {begin + n * step: sum(round(v * step / 8) for v in row) for n, row in enumerate(rows) if row[0] is not None}

    def faults(self, truth):
        """Words of what is wrong."""
        want = wanted(truth)
        last = max(minute for _, minute in want)
        for name in ("all", "transit"):
            got = self.read(self.root / "totals" / f"{name}.rrd", last + 60)
            first = max(min(minute for kind, minute in want if kind == name), last - (MINUTES - 1) * 60)
            wrong = [m for m in range(first, last + 60, 60) if got.get(m) != want[name, m]]
            if wrong:
                yield (f"{len(wrong)} minutes of totals/{name}.rrd differ, such as {wrong[0]}: {got.get(wrong[0])} octets, "
                       f"{want[name, wrong[0]]} stored")
