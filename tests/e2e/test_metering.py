# SPDX-License-Identifier: GPL-3.0-or-later
"""Metering as an admin sees it: limits, snapshots, samples, floods and odd times. Sums and the ledger close each time."""
import collections
import re
import struct
import unittest

import netmon_e2e as e2e

BEGIN = 1700000000
SYN, ACK = 2, 16
MIX = ("http", "dns", "ftp", "smtp", "ssh", "sip", "gre", "bt-utp")


def tcp(source, destination, sport, dport, flags, payload=0):
    """An Ethernet frame with an IPv4 TCP packet; addresses are numbers."""
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 40 + payload, 0, 0, 64, 6, 0, source, destination)
    return bytes(12) + b"\x08\x00" + ip + struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, flags, 0, 0, 0) + bytes(payload)


def write_pcap(path, frames):
    """Frames are (microseconds after BEGIN, or None for a time of 0; bytes)."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for us, frame in frames:
            s, us = (0, 0) if us is None else (BEGIN + us // 1000000, us % 1000000)
            file.write(struct.pack("<IIII", s, us, len(frame), len(frame)) + frame)
    return path


def meter(*args):
    """(records, {cause: (packets, octets)}, standard error)"""
    done = e2e.run("netmonc", "-v", "-o", "csv", *args)
    header, *lines = done.stdout.splitlines()
    records = [dict(zip(header.split(","), line.split(","))) for line in lines]
    ledger = collections.defaultdict(lambda: (0, 0))
    for cause, packets, octets in re.findall(r"link \S+: ([a-z-]+) +(\d+) packets +(\d+) octets", done.stderr):
        ledger[cause] = (int(packets), int(octets))
    return records, ledger, done.stderr


def sums(records):
    return tuple(sum(int(r[name]) for r in records) for name in ("packets", "octets"))


def scaled(ledger, sampling=1):
    """What the sums of the records are by the ledger."""
    return tuple((a + b) * sampling for a, b in zip(ledger["metered"], ledger["table-overflow"]))


def flow(r):
    return r["saddr"], r["daddr"], r["sport"], r["dport"], r["protocol"]


class Metering(e2e.Case):
    def check(self, *args, sampling=1):
        """Meters, and checks what is true of each run."""
        records, ledger, log = meter(*args)
        self.assertIn("the ledger closes", log)
        self.assertEqual(sums(records), scaled(ledger, sampling))
        for r in records:
            self.assertLessEqual(float(r["started"]), float(r["expires"]))
        return records, ledger

    def files(self):
        return [word for name in MIX for word in ("-r", e2e.capture(name))]

    def test_the_same_files_give_the_same_records_each_time(self):
        args = ("netmonc", "-o", "csv", *self.files())
        self.assertEqual(e2e.run(*args).stdout, e2e.run(*args).stdout)

    def test_limits_of_a_record_hold_and_sums_stay(self):
        plain, _ = self.check(*self.files())
        records, _ = self.check("--active-timeout", "2", "--idle-timeout", "1", "--max-packets", "7", "--max-octets",
                                "5000", *self.files())
        self.assertEqual(sums(records), sums(plain))
        self.assertGreater(len(records), len(plain))
        self.assertLessEqual(max(int(r["packets"]) for r in records), 7)
        self.assertTrue(all(int(r["octets"]) <= 5000 or r["packets"] == "1" for r in records))
        self.assertTrue(all(float(r["expires"]) - float(r["started"]) <= 2 for r in records))

    def test_snapshots_lie_in_their_interval_and_keep_labels(self):
        plain, _ = self.check(*self.files())
        labels = collections.defaultdict(set)
        for r in plain:
            labels[flow(r)].add(r["application"])
        for ms in (100, 250, 1000, 60000):
            records, _ = self.check("--snapshot", f"{ms}ms", *self.files())
            self.assertEqual(sums(records), sums(plain))
            for r in records:
                # a record says 1/256 s, and CSV cuts it off to milliseconds
                start, end = (round(float(r[name]) * 1000) for name in ("started", "expires"))
                self.assertLessEqual(end - (start + 5) // ms * ms, ms, r)
        last = {flow(r): r["application"] for r in records}
        for key, application in last.items():
            self.assertIn(application, labels[key])

    def test_one_frame_in_n_is_scaled_and_marked(self):
        plain, seen = self.check("-r", e2e.capture("http"))
        records, ledger = self.check("--sample", "4", "-r", e2e.capture("http"), sampling=4)
        self.assertEqual(ledger["seen"], seen["seen"])
        self.assertEqual(ledger["metered"][0] + ledger["sampled-out"][0] + ledger["not-ip"][0], seen["seen"][0])
        self.assertAlmostEqual(sums(records)[0], sums(plain)[0], delta=sums(plain)[0] * 0.1)
        self.assertEqual({r["sampling"] for r in records}, {"4"})
        self.assertEqual({r["sampling"] for r in plain}, {"1"})
        again, _ = self.check("--sample", "4", "-r", e2e.capture("http"), sampling=4)
        self.assertEqual(again, records)

    def test_late_frames_and_those_without_time_are_metered_and_named(self):
        path = write_pcap(self.dir / "odd.pcap", [(us, tcp(1, 2, 3, 4, ACK, 10)) for us in
                                                  (5000000, 4000000, None, 6000000, 5999999, 6000000)])
        records, ledger = self.check("-r", path)
        self.assertEqual(ledger["late"], (2, 100))
        self.assertEqual(ledger["no-time"], (1, 50))
        self.assertEqual([(r["packets"], float(r["started"]), float(r["expires"])) for r in records],
                         [("6", BEGIN + 5, BEGIN + 6)])

    def test_an_earlier_file_after_a_later_one_keeps_its_own_times(self):
        paths = [write_pcap(self.dir / f"{day}.pcap", [(day * 86400000000 + i * 1000000, tcp(1, 2, 3, 4, ACK))
                                                       for i in range(5)]) for day in (2, 1, 0, 5)]
        records, ledger = self.check(*[word for path in paths for word in ("-r", path)])
        self.assertEqual(ledger["late"], (0, 0))
        self.assertEqual([(r["packets"], (float(r["started"]) - BEGIN) / 86400) for r in records],
                         [("5", 2), ("5", 1), ("5", 0), ("5", 5)])
        self.assertTrue(all(float(r["expires"]) - float(r["started"]) == 4 for r in records))

    def test_real_flows_stay_whole_beside_a_flood_of_syns(self):
        def frames():
            """200,000 SYNs in 10 s, all different; beside them 200 conversations that begin all along."""
            for i in range(200000):
                us = i * 50
                yield us, tcp(0x0a000000 + i, 0xc0a80001, 1024 + i % 50000, 80, SYN)
                real, step = divmod(i, 1000)
                ends = (0xac100001, 0xc0a80001, 1024 + real, 443)
                back = (ends[1], ends[0], ends[3], ends[2])
                if step in (0, 200, 400, 500, 600, 700):
                    yield us + 1, tcp(*(back if step in (200, 500) else ends), {0: SYN, 200: SYN | ACK}.get(step, ACK), 20)

        path = write_pcap(self.dir / "flood.pcap", frames())
        records, ledger = self.check("--max-flows", "4096", "-r", path)
        self.assertEqual(ledger["seen"][0], 200000 + 6 * 200)
        self.assertEqual(ledger["table-overflow"], (0, 0))
        real = [r for r in records if "443" in (r["sport"], r["dport"])]
        self.assertEqual(collections.Counter((r["dport"] == "443", r["packets"]) for r in real),
                         {(True, "4"): 200, (False, "2"): 200})

    def test_what_finds_no_place_is_in_the_overflow_record(self):
        def frames():
            """Conversations of both directions, more than there is room for."""
            for i in range(1000):
                yield i * 1000, tcp(1, 2, 1000 + i, 80, ACK, 100)
                yield i * 1000, tcp(2, 1, 80, 1000 + i, ACK, 500)

        path = write_pcap(self.dir / "full.pcap", frames())
        records, ledger = self.check("--max-flows", "100", "-r", path)
        self.assertEqual(ledger["metered"], (200, 100 * (140 + 540)))
        self.assertEqual(ledger["table-overflow"], (1800, 900 * (140 + 540)))
        overflow = [r for r in records if r["protocol"] == "255"]
        self.assertEqual(len(overflow), 1)
        self.assertEqual((overflow[0]["saddr"], overflow[0]["sport"], overflow[0]["application"]), ("0.0.0.0", "0", "Unknown"))
        self.assertEqual(sums(overflow), ledger["table-overflow"])


if __name__ == "__main__":
    unittest.main()
