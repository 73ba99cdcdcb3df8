# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's own programs: what they measure must be right, whatever it costs."""
import json
import subprocess
import sys

import netmon_e2e as e2e

BENCH = e2e.TREE / "tests" / "bench"
sys.path.append(str(BENCH))
TRAFFIC = {
    "home": ["--mix", "home", "--sizes", "full", "--packets", "5000", "--flows", "200"],
    "office": ["--mix", "office", "--packets", "30000", "--flows", "4000", "--ipv6", "20", "--vlan", "10", "--gre", "5"],
    "scan": ["--mix", "scan", "--sizes", "small", "--packets", "20000", "--flows", "5000", "--ipv6", "5"],
    "flood": ["--mix", "flood", "--packets", "20000", "--flows", "50"],
    "fragments": ["--mix", "fragments", "--packets", "20000", "--flows", "7", "--ipv6", "30"],
    "cut": ["--mix", "office", "--packets", "5000", "--flows", "300", "--snaplen", "128"],
}


def tool(name):
    return e2e.binary(f"tests/bench/{name}")


class Tools(e2e.Case):
    """A folder for traces, and what the benchmark does with them."""

    def generate(self, *options, name="trace"):
        """(path, truth) of a trace."""
        path, truth = self.dir / f"{name}.pcap", self.dir / f"{name}.json"
        with open(path, "wb") as out:
            subprocess.run([tool("genpcap"), *options, "--truth", truth], stdout=out, check=True, timeout=60)
        return path, json.loads(truth.read_text())

    def meter(self, trace, *options):
        """Sums of netmonc's records."""
        frames = self.dir / "records"
        frames.write_bytes(e2e.run("netmonc", "-o", "records", "--no-sandbox", *options, "-r", trace, text=False).stdout)
        with open(frames, "rb") as file:
            return json.loads(subprocess.run([tool("records")], stdin=file, capture_output=True, check=True).stdout)


class Generator(Tools):
    def test_netmonc_meters_every_packet_and_octet_of_each_mix(self):
        for name, options in TRAFFIC.items():
            with self.subTest(name):
                trace, truth = self.generate(*options)
                sums = self.meter(trace)
                self.assertEqual(truth["packets"], int(options[options.index("--packets") + 1]))
                self.assertEqual((sums["packets"], sums["octets"]), (truth["packets"], truth["ip_octets"]))
                self.assertEqual(sums["ledger"]["seen"], [truth["packets"], truth["octets"]])

    @e2e.needs_program("tcpdump")
    def test_tcpdump_reads_every_packet_and_finds_the_checksums_right(self):
        for name in ("home", "office", "scan", "flood"):
            with self.subTest(name):
                trace, truth = self.generate(*TRAFFIC[name])
                done = subprocess.run(["tcpdump", "-nvv", "-r", trace], capture_output=True, text=True, check=True,
                                      errors="replace")
                faults = ("(incorrect", "bad cksum", "bad udp cksum", "wrong icmp")
                self.assertEqual([x for x in done.stdout.splitlines() if any(f in x for f in faults)][:3], [])
                count = subprocess.run(["tcpdump", "-n", "--count", "-r", trace], capture_output=True, text=True,
                                       check=True)
                self.assertTrue(count.stdout.startswith(f"{truth['packets']} packets"), count.stdout)

    def test_the_same_options_give_the_same_octets_and_another_seed_others(self):
        traces = [self.generate(*TRAFFIC["office"], "--seed", seed, name=f"t{i}")[0].read_bytes()
                  for i, seed in enumerate(("1", "1", "2"))]
        self.assertEqual(traces[0], traces[1])
        self.assertNotEqual(traces[0], traces[2])

    def test_first_payloads_are_what_classifiers_know(self):
        trace, _ = self.generate(*TRAFFIC["office"])
        names = {row["application"] for row in e2e.netmonc_csv(trace)}
        self.assertLessEqual({"HTTP", "HTTPS", "DNS", "BitTorrent", "SSH", "SMTP", "FTP", "SIP", "RTP"}, names)

    def test_frames_of_too_many_headers_are_counted_and_not_metered(self):
        for layer in ("gre", "ipip", "mpls", "vlan"):
            with self.subTest(layer):
                trace, _ = self.generate("--mix", "bomb", "--layer", layer, "--depth", "1000", "--packets", "20")
                sums = self.meter(trace)
                self.assertEqual(sums["packets"], 0)
                self.assertEqual(sums["ledger"]["seen"][0], 20)
                self.assertEqual(sum(n[0] for cause, n in sums["ledger"].items() if cause != "seen"), 20)

    def test_options_that_make_no_sense_are_refused(self):
        for options in (["--packets", "0"], ["--mix", "nothing"], ["--packets", "5", "--flows", "6"], ["--seed", "-1"],
                        ["--ipv6", "101"], ["--mix", "bomb", "--layer", "gre", "--depth", "10000"], ["word"]):
            with self.subTest(options):
                done = subprocess.run([tool("genpcap"), *options], capture_output=True, check=False)
                self.assertNotEqual(done.returncode, 0)


class Sums(Tools):
    def test_the_conversations_beside_a_flood_are_counted_one_by_one(self):
        trace, truth = self.generate(*TRAFFIC["flood"])
        self.assertGreater(len(truth["marked"]), 40)
        self.assertEqual(self.meter(trace)["hosts"], truth["marked"])

    def test_records_that_broke_off_are_an_error(self):
        done = subprocess.run([tool("records")], input=b"\x04\x00\x00\x00\x00\x00\x00\x08abc", capture_output=True,
                              check=False)
        self.assertEqual(done.returncode, 1)

    def test_the_floor_counts_what_is_in_the_file(self):
        trace, truth = self.generate(*TRAFFIC["office"])
        self.assertEqual(e2e.run(tool("floor"), trace).stdout, f"{truth['packets']} {truth['octets']}\n")

    def test_the_stopwatch_tells_how_the_program_ended(self):
        report = self.dir / "report"
        for argv, status in ((["true"], "0"), (["false"], "1"), (["sh", "-c", "kill -9 $$"], "137"), (["/no"], "127")):
            subprocess.run([tool("timed"), report, *argv], check=True, stderr=subprocess.DEVNULL)
            self.assertEqual(report.read_text().split()[-1], status)


class Ledger(e2e.Case):
    def test_a_ledger_closes_when_every_packet_has_one_cause(self):
        import bench  # pylint: disable=import-outside-toplevel
        sums = {"ledger": {"seen": [10, 0], "metered": [7, 0], "not-ip": [2, 0], "truncated": [1, 0], "late": [3, 0]}}
        self.assertEqual(bench.ledger_closes(sums), (True, 0))
        sums["ledger"]["truncated"] = [0, 0]
        self.assertEqual(bench.ledger_closes(sums), (False, 1))


class Stages(Tools):
    def test_what_a_library_does_belongs_to_its_caller(self):
        import stages  # pylint: disable=import-outside-toplevel
        path = self.dir / "callgrind.out"
        path.write_text("events: Ir\n\nfl=(1) /x/probe/flow.c\nfn=(1) flow_add\n10 5\nfi=(2) /x/lib/inline.h\n11 1\n"
                        "fe=(1)\ncfi=(3) memcpy.S\ncfn=(2) memcpy\ncalls=3 0\n12 30\ncfi=(4) /x/probe/tag.c\n"
                        "cfn=(3) tag_find\ncalls=1 0\n13 7\n14 2\n\nfl=(3)\nfn=(2)\n0 30\n\nfl=(4)\nfn=(3)\n1 7\n")
        self.assertEqual(dict(stages.Profile(path).cost), {"flow": 38, "tag": 7})

    def test_every_source_of_the_probe_is_in_a_stage(self):
        import stages  # pylint: disable=import-outside-toplevel
        self.assertEqual(stages.stage_of("/x/probe/decode_ip.c"), "decode")
        self.assertEqual(stages.stage_of("/x/modules/http.c"), "modules")
        self.assertIsNone(stages.stage_of("/usr/src/libpcap/sf-pcap.c"))
        for path in (e2e.TREE / "probe").glob("*.c"):
            self.assertIn(stages.stage_of(str(path)), stages.NAMES)


class Command(Tools):
    def test_an_unknown_part_is_refused_and_the_known_ones_are_named(self):
        done = e2e.run(BENCH / "run", "nothing", check=False)
        self.assertNotEqual(done.returncode, 0)
        for part in ("mixes", "stages", "growth", "flood", "bombs", "live", "export", "aggregate"):
            self.assertIn(part, done.stderr)
