# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `stages`: where a packet's instructions go, from callgrind. Two traces of different length are metered and the
difference counts, so that starting up does not. What a library does (memcpy, crc32) belongs to the function that called
it. Instructions in the kernel are not seen: the share of system time is printed beside them."""
import re
import shutil
import subprocess
from collections import defaultdict

import bench
import mixes

PACKETS = (100000, 300000)

# The stage of a function by its source file; the first that fits.
STAGES = [
    ("read", r"probe/capture"),
    ("decode", r"probe/(decode|fragment)"),
    ("tag", r"probe/tag"),
    ("modules", r"modules/|probe/(classify|dispatch|labels|modhost)"),
    ("export", r"probe/(sink|outbuf|export|batch)|lib/(frame|wireout|record)"),
    ("flow", r"probe/(flow|meter|ledger|snapshot|sampl)"),
    ("rest", r"probe/|lib/"),
]
NAMES = ["read", "decode", "flow", "tag", "modules", "export", "rest"]


def stage_of(path):
    """The stage of a source file, None for a library's."""
    return next((name for name, pattern in STAGES if re.search(pattern, path)), None)


class Profile:
    """Instructions by stage of one callgrind file. Its format: a function begins with fl= and fn=, cost lines follow; a
    calls= line is followed by one line with what the call cost in all. A name is given once, with a number."""

    def __init__(self, path):
        self.names = {"file": {}, "function": {}}
        self.stage_of_function = {}
        self.cost = defaultdict(int)
        self.calls = []  # (stage of the caller, callee, cost): whose the callee is may come later
        self._read(path)
        for stage, callee, cost in self.calls:
            if self.stage_of_function.get(callee) is None:
                self.cost[stage] += cost

    def _name(self, kind, text):
        number, _, name = text.partition(" ")
        if name:
            self.names[kind][number] = name
        return self.names[kind].get(number, number)

    def _read(self, path):
        file, stage, callee, called = "", None, "", False
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in map(str.rstrip, lines):
                key, _, value = line.partition("=")
                if line and line[0] in "0123456789+-*":
                    cost = int(line.split()[1])
                    if called and stage:
                        self.calls.append((stage, callee, cost))
                    elif not called and stage:
                        self.cost[stage] += cost
                    called = False
                elif key == "fl":
                    file = self._name("file", value)
                elif key == "fn":
                    function = self._name("function", value)
                    stage = stage_of(file)
                    self.stage_of_function[function] = stage
                elif key == "cfn":
                    callee = self._name("function", value)
                elif key == "calls":
                    called = True
                elif key in ("fi", "fe", "cfi", "cfl"):
                    self._name("file", value)


def profile(b, trace, *options):
    """Instructions by stage for a trace, with these options of netmonc; None after a line."""
    out = b.folder / "callgrind.out"
    done = subprocess.run(["valgrind", "--tool=callgrind", "--vgdb=no", f"--callgrind-out-file={out}",
                           *map(str, b.netmonc(trace, "--no-sandbox", "--user=root", *options))],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=bench.LIMIT_S)
    if done.returncode != 0 or not out.exists():
        b.say(f"callgrind failed: {done.stderr.strip()[-200:]}")
        return None
    return Profile(out).cost


def per_packet(b, mix, *options_of_netmonc):
    """Instructions a packet by stage, or None."""
    costs = []
    for packets in PACKETS:
        options = dict(mixes.mix_options(b, mix))
        options["flows"] = max(1, options["flows"] * packets // options["packets"])
        trace = b.trace(f"stages-{mix}-{packets}", **{**options, "packets": packets})
        cost = profile(b, trace, *options_of_netmonc)
        b.drop(trace)
        if cost is None:
            return None
        costs.append(cost)
    return {name: (costs[1][name] - costs[0][name]) / (PACKETS[1] - PACKETS[0]) for name in NAMES}


def kernel_share(b, mix):
    """Per cent of netmonc's CPU time that the kernel takes for a mix."""
    trace = b.trace(f"stages-{mix}", **{**mixes.mix_options(b, mix), "packets": 500000, "flows": 25000})
    trace.warm()
    run, _ = b.meter(trace)
    b.drop(trace)
    return 100 * run.system / run.cpu if run.cpu else 0


def measure(b):
    """The table, a column for each mix."""
    if not shutil.which("valgrind"):
        b.say("stages: valgrind is not installed")
        return
    columns = {mix: per_packet(b, mix) for mix in (("F",) if b.quick else mixes.MIXES)}
    columns = {mix: cost for mix, cost in columns.items() if cost}
    b.say("instructions a packet in user space, all modules, and their share")
    b.say(f"  {'':<10}" + "".join(f"{'mix ' + mix:>16}" for mix in columns))
    for name in NAMES + ["all"]:
        cells = ""
        for cost in columns.values():
            total = sum(cost.values())
            one = total if name == "all" else cost[name]
            cells += f"{one:>10,.0f}{100 * one / total:>5.0f}%"
        b.say(f"  {name:<10}{cells}")
    shares = {mix: kernel_share(b, mix) for mix in columns}
    b.say(f"  {'kernel':<10}" + "".join(f"{shares[m]:>15.0f}%" for m in columns) + "  of the CPU seconds")
    for mix, cost in columns.items():
        b.note("stages", mix, {**cost, "kernel_percent": shares[mix]})
