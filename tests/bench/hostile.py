# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts `flood` and `bombs`: traffic that is made to cost much. A SYN flood of ever new addresses beside real
conversations, headers in headers a thousand deep, datagrams in fragments of eight octets."""
import statistics

import bench

FLOOD_PACKETS = 10000000
REAL = 1000
WHOLE_LEAST = 99  # per cent of the real conversations
RSS_SLACK = 1.05
BOMB_US_MOST = 5
DEPTH = 1000
LAYERS = {"gre": 24, "ipip": 20, "mpls": 4, "vlan": 4}  # and octets of a level
CAP = 1048576  # netmonc's --max-flows by default


def flood_room(b):
    return b.scaled(FLOOD_PACKETS) * (70 + 40)


def full_table_rss(b):
    """Peak RSS in MB of a table that is just full, without a flood beyond it: what the cap may take."""
    n = CAP if not b.quick else CAP // 8
    trace = b.trace("full", mix="office", sizes="small", packets=n * 2, flows=n, skew=0, gap=2000, arrive=1000,
                    rate=n // 2, seed=6)
    run, _ = b.meter(trace, "--max-flows", n)
    b.drop(trace)
    return run.rss_mb, n


def flood(b):
    """SYN flood beside real conversations."""
    cap_rss, cap = full_table_rss(b)
    packets = b.scaled(FLOOD_PACKETS)
    real = REAL if not b.quick else REAL // 2
    trace = b.trace("flood", mix="flood", packets=packets, flows=real, rate=200000, seed=7)
    run, sums = b.meter(trace, "--max-flows", cap)
    b.drop(trace)
    marked = trace.truth["marked"]
    whole = 100 * sum(sums["hosts"].get(host) == count for host, count in marked.items()) / len(marked)
    exact = (sums["packets"], sums["octets"]) == (trace.packets, trace.ip_octets)
    closes, left = bench.ledger_closes(sums)
    b.say(f"SYN flood: {packets:,} packets, {packets - real * 60:,} distinct tuples, beside {len(marked):,} real "
          f"conversations, --max-flows {cap:,}")
    b.say(f"  totals       {bench.verdict(exact)}  {sums['packets']:,} packets of {trace.packets:,} in "
          f"{sums['records']:,} records; ledger: {sums['ledger'].get('table-overflow', [0])[0]:,} table-overflow, "
          f"{left:,} unexplained")
    b.say(f"  ledger       {bench.verdict(closes)}")
    # in a short run, what does not grow with the table is too large a part of it to judge
    judged = "  - " if b.quick else bench.verdict(run.rss_mb <= cap_rss * RSS_SLACK)
    b.say(f"  memory       {judged}  {run.rss_mb:.0f} MB; a table that is just full takes {cap_rss:.0f} MB")
    b.say(f"  real flows   {bench.verdict(whole >= WHOLE_LEAST)}  {whole:.1f} % of them whole")
    b.say(f"  cost              {run.cpu / packets * 1e6:.2f} microseconds a packet")
    b.note("flood", "all", {"exact": exact, "closes": closes, "rss_mb": run.rss_mb, "cap_rss_mb": cap_rss,
                            "whole_percent": whole, "us_a_packet": run.cpu / packets * 1e6,
                            "ledger": sums["ledger"]})


def bombs_room(b):
    return max(b.scaled(20000, 5000) * DEPTH * 24, b.scaled(2000000, 500000) * 80) + (10 << 20)


def bomb(b, name, trace):
    """One line: a trace that must not cost more than so much a packet."""
    trace.warm()
    runs = [b.meter(trace, check=False) for _ in range(b.rounds)]
    start = statistics.median(b.meter(b.traces["one"], check=False)[0].cpu for _ in range(b.rounds))
    floor = b.floor(trace)
    b.drop(trace)
    cpu = statistics.median(run.cpu for run, _ in runs)
    us = max(0, cpu - start) / trace.packets * 1e6
    run, sums = runs[0]
    closes, left = bench.ledger_closes(sums)
    rss = max(run.rss_mb for run, _ in runs)
    causes = ", ".join(f"{c} {n[0]:,}" for c, n in sums["ledger"].items() if c != "seen")
    b.say(f"  {name:<12}{trace.packets:>10,}{us:>10.2f}{floor / trace.packets * 1e6:>10.2f}{rss:>8.0f}  "
          f"{bench.verdict(us <= BOMB_US_MOST and closes)}  {causes}{'' if closes else f', {left:,} UNEXPLAINED'}")
    b.note("bombs", name, {"us_a_packet": us, "floor_us": floor / trace.packets * 1e6, "rss_mb": rss,
                           "closes": closes, "ledger": sums["ledger"]})


def bombs(b):
    """Nested headers and fragments."""
    b.trace("one", mix="fragments", packets=1, flows=1)
    b.say(f"bombs: {DEPTH:,} headers in a frame; fragments of 8 octets; at most {BOMB_US_MOST} microseconds a packet")
    b.say(f"  {'':<12}{'packets':>10}{'us each':>10}{'floor us':>10}{'RSS MB':>8}")
    for layer in LAYERS:
        bomb(b, layer, b.trace(f"bomb-{layer}", mix="bomb", layer=layer, depth=DEPTH, packets=b.scaled(20000, 5000)))
    for name, datagrams in (("fragments", 100), ("  of many", 100000)):
        bomb(b, name, b.trace(f"bomb-{datagrams}", mix="fragments", flows=datagrams, ipv6=30,
                              packets=b.scaled(2000000, 500000)))
