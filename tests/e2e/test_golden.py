# SPDX-License-Identifier: GPL-3.0-or-later
"""Every own capture: each conversation is labelled as its truth says, and packets and octets close against the capture.

One test case per capture, named after it. The truth (NAME.truth, written by the scripts that made the traffic) has one row
per conversation: proto, saddr, sport, daddr, dport, app, accept (names that count as right, with bars between)."""
import collections
import ipaddress
import sys
import unittest
from pathlib import Path

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.CAPTURES / "tools"))
import packets  # noqa: E402  (found through the line above)


def conversation(proto, saddr, sport, daddr, dport):
    """A key that is the same for both directions."""
    ends = sorted([(ipaddress.ip_address(saddr).packed, int(sport)), (ipaddress.ip_address(daddr).packed, int(dport))])
    return int(proto), *ends


def truth(path):
    """{conversation: accepted names}"""
    rows = [line.rstrip("\n").split("\t") for line in open(path)]
    return {conversation(*row[:5]): set(row[6].split("|")) for row in rows[1:]}


def name_of(application):
    """As truths write names."""
    return application.lower().replace(" ", "-")


class Golden(unittest.TestCase):
    """The cases are added below, one per capture."""

    maxDiff = None

    def check(self, capture):
        records = e2e.netmonc_csv(capture)
        labels = collections.defaultdict(set)
        for r in records:
            key = conversation(r["protocol"], r["saddr"], r["sport"], r["daddr"], r["dport"])
            labels[key].add(name_of(r["application"]))
        accepted = truth(Path(capture).with_suffix(".truth"))
        wrong = [f"{key}: {sorted(labels.get(key, {'no record'}))}, should be {sorted(names)}"
                 for key, names in accepted.items() if not labels.get(key) or labels[key] - names]
        wrong += [f"{key}: not in the truth" for key in labels if key not in accepted]
        self.assertEqual(wrong, [])
        talks = packets.conversations(capture).values()
        self.assertEqual(e2e.sums(records), (sum(t.packets for t in talks), sum(t.octets for t in talks)))


def add_cases():
    for capture in e2e.captures():
        if not Path(capture).with_suffix(".truth").exists():
            continue
        name = Path(capture).stem.replace("-", "_")

        def case(self, capture=capture):
            self.check(capture)

        case.__doc__ = f"every flow of {Path(capture).name}"
        setattr(Golden, f"test_every_flow_of_{name}_is_labelled_and_counted", case)


add_cases()
