# SPDX-License-Identifier: GPL-3.0-or-later
"""Part `growth`: what a packet costs, and what a flow takes in memory, as ever more conversations go on at the same
time. All of them begin within a second, and each sends a packet about every five seconds until the end."""

CONVERSATIONS = [10000, 30000, 100000, 300000, 1000000, 2000000, 4000000]
GAP_MS = 5000
PACKETS_EACH = 4
PACKETS_LEAST = 2000000
OCTETS_A_PACKET = 80


def plan(b):
    """(conversations, packets) of each step."""
    steps = CONVERSATIONS if not b.quick else CONVERSATIONS[:4]
    least = b.scaled(PACKETS_LEAST)
    return [(n, max(least, n * PACKETS_EACH)) for n in steps]


def room(b):
    return max(packets for _, packets in plan(b)) * (OCTETS_A_PACKET + 32)


def step(b, n, packets):
    """Measures one number of conversations; (seconds a packet of netmonc, of the floor, run, sums, trace)."""
    trace = b.trace("growth", mix="office", sizes="small", packets=packets, flows=n, skew=0, gap=GAP_MS, arrive=1000,
                    rate=max(1, n * 1000 // GAP_MS), seed=5)
    trace.warm()
    floor = b.floor(trace)
    runs = [b.meter(trace, "--max-flows", 1 << 23) for _ in range(b.rounds)]
    b.drop(trace)
    cpu, _ = sorted((run.cpu, i) for i, (run, _) in enumerate(runs))[len(runs) // 2]
    sums = runs[0][1]
    exact = (sums["packets"], sums["octets"]) == (trace.packets, trace.ip_octets)
    return cpu, floor, max(run.rss_mb for run, _ in runs), exact


def measure(b):
    """The table."""
    base = None
    b.say("conversations at a time; RSS a flow is beside that of the first line, in octets")
    b.say(f"  {'':>10}{'packets':>12}{'CPU s':>8}{'Mpps':>8}{'x floor':>9}{'RSS MB':>8}{'a flow':>8}  totals")
    for n, packets in plan(b):
        cpu, floor, rss, exact = step(b, n, packets)
        base = base or (n, rss)
        each = f"{(rss - base[1]) * 1048576 / (n - base[0]):.0f}" if n > base[0] else "-"
        b.say(f"  {n:>10,}{packets:>12,}{cpu:>8.2f}{packets / cpu / 1e6:>8.2f}{cpu / floor:>9.2f}{rss:>8.0f}{each:>8}"
              f"  {'exact' if exact else 'DIFFER'}")
        b.note("growth", str(n), {"packets": packets, "cpu_s": cpu, "mpps": packets / cpu / 1e6,
                                  "ratio": cpu / floor, "rss_mb": rss, "exact": exact})
    b.say(f"  --max-flows {1 << 23:,}; totals: whether the records add up to the trace")
