# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `mixes`: what metering four kinds of ordinary traffic costs, beside the libpcap floor and other meters."""
import statistics

import bench
import tools

SLOW_S = 15  # a tool that takes longer is run once

MIXES = {
    "A": ("full-size packets, HTTP and BitTorrent",
          {"mix": "home", "sizes": "full", "packets": 1200000, "flows": 20000, "rate": 10000, "offset": 20,
           "snaplen": 1500, "seed": 1}),
    "F": ("IMIX, 10 % IPv6, VLAN, GRE, whole packets",
          {"mix": "office", "packets": 2000000, "flows": 100000, "ipv6": 10, "vlan": 5, "gre": 2, "seed": 4}),
    "B": ("as F, more of it, 256 octets of each packet",
          {"mix": "office", "packets": 10000000, "flows": 500000, "ipv6": 10, "vlan": 5, "gre": 2, "snaplen": 256,
           "seed": 2}),
    "C": ("small packets of a scan, 5 % IPv6",
          {"mix": "scan", "sizes": "small", "packets": 10000000, "flows": 2000000, "ipv6": 5, "rate": 200000,
           "gap": 100, "offset": 200, "seed": 3}),
}
OCTETS_A_PACKET = {"A": 770, "F": 300, "B": 160, "C": 80}


def mix_options(b, name):
    """The generator's options for a mix, smaller in a quick run."""
    options = dict(MIXES[name][1])
    options["packets"] = b.scaled(options["packets"], 1000000)
    options["flows"] = options["flows"] * options["packets"] // MIXES[name][1]["packets"]
    return options


def room(b):
    """Octets on disk that the part needs: the largest trace, and the flows of the tools."""
    return max(mix_options(b, n)["packets"] * OCTETS_A_PACKET[n] for n in MIXES) + (800 << 20)


def contestants(b, trace, others):
    """(name, run once: returns (Run, flows or None)) of all that meter the trace."""
    def netmonc(*options):
        def run():
            run_, sums = b.meter(trace, *options)
            exact = (sums["packets"], sums["octets"]) == (trace.packets, trace.ip_octets)
            return run_, sums["records"] if exact else None
        return run

    def other(tool):
        def run():
            tool.prepare()
            run_ = b.timed(tool.command(trace), check=False)
            return run_, tool.flows(run_) if run_.status == 0 else None
        return run

    yield "floor (libpcap)", lambda: (b.timed([bench.TOOLS / "floor", trace.path]), None)
    yield "netmonc, no modules", netmonc("--modules", b.no_modules)
    yield "netmonc, all modules", netmonc()
    for tool in others:
        yield tool.name, other(tool)


def race(b, trace, others):
    """{name: ([Run, ...], flows)}, runs alternated."""
    runs = {}
    field = dict(contestants(b, trace, others))
    for _ in range(b.rounds):
        for name, run in field.items():
            done, _ = runs.get(name, ([], None))
            if done and done[0].cpu > SLOW_S:
                continue
            one, flows = run()
            runs[name] = (done + [one], flows)
    return runs


def row(b, trace, mix, name, runs, flows, floor):
    """One line of the table."""
    cpu = statistics.median(r.cpu for r in runs)
    rss = max(r.rss_mb for r in runs)
    failed = [r.status for r in runs if r.status]
    words = f"  FAILED with status {failed[0]}" if failed else "" if len(runs) == b.rounds else "  one run"
    if name.startswith("netmonc") and flows is None:
        words += "  TOTALS DIFFER"
    b.say(f"  {name:<22}{cpu:>8.2f}{trace.packets / cpu / 1e6:>8.2f}{trace.octets * 8 / cpu / 1e9:>8.1f}{rss:>8.0f}"
          f"{flows if flows is not None else '-':>10}{cpu / floor:>9.2f}{words}")
    b.note("mixes", f"{mix} {name}", {"cpu_s": cpu, "runs": [r.cpu for r in runs], "rss_mb": rss, "flows": flows,
                                      "ratio": cpu / floor, "mpps": trace.packets / cpu / 1e6})


def measure(b):
    """Every mix, by every tool."""
    with tools.sink() as sink:
        others, missing = tools.installed(b.folder, sink.getsockname()[1])
        if b.alone:
            others = []
        elif missing:
            b.say(f"not installed, left out: {', '.join(missing)}")
        for mix, (title, _) in MIXES.items():
            trace = b.trace(mix, **mix_options(b, mix))
            trace.warm()
            b.say(f"mix {mix}: {title}; {trace.packets:,} packets, {trace.octets / 1e6:,.0f} MB, "
                  f"{trace.truth['flows']:,} conversations")
            b.say(f"  {'':<22}{'CPU s':>8}{'Mpps':>8}{'Gbit/s':>8}{'RSS MB':>8}{'flows':>10}{'x floor':>9}")
            results = race(b, trace, [] if b.quick and mix != "F" else others)
            floor = statistics.median(r.cpu for r in results["floor (libpcap)"][0])
            for name, (runs, flows) in results.items():
                row(b, trace, mix, name, runs, flows, floor)
            b.drop(trace)
