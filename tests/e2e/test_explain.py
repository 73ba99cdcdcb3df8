# SPDX-License-Identifier: GPL-3.0-or-later
"""netmonc --explain and netmon explain: why flows have the application that they have."""
import re
import struct
import time
from pathlib import Path

import netmon_e2e as e2e
from netmon_frames import Probe, Record, apps


def paragraphs(text):
    return [p for p in text.split("\n\n") if p.strip()]


class Files(e2e.Case):
    def explain(self, *words, **kwargs):
        return e2e.run("netmon", "explain", *words, **kwargs)

    def test_each_flow_of_a_capture_has_its_verdict_as_records_have_it(self):
        for name in ("ftp", "http", "sip", "dns", "bt-utp"):
            flows = {}
            for r in e2e.records(e2e.run("netmonc", "-o", "csv", "-r", e2e.capture(name)).stdout):
                key = frozenset([(r["saddr"], str(r["sport"])), (r["daddr"], str(r["dport"]))])
                flows.setdefault((key, r["protocol"]), set()).add(r["application"])
            verdicts = re.findall(r"^  verdict   (.*?)[,:]", self.explain(e2e.capture(name)).stdout, re.M)
            self.assertEqual(len(verdicts), len(flows), name)
            self.assertLessEqual(set(verdicts), set().union(*flows.values()), name)

    def test_the_steps_of_a_flow_are_told(self):
        done = self.explain(e2e.capture("ftp"))
        control, data = paragraphs(done.stdout)[:2]
        self.assertRegex(control, r"\A1  tcp 10\.10\.1\.11:\d+ - 192\.0\.2\.21:21\n  rule      none meets it\n"
                         r"  tag       neither end has one\n")
        self.assertIn('packet 1 server, 20 octets "220 (vsFTPd 3.0.3)\\x0d\\x0a"', control)
        self.assertRegex(control, r"    ftp            FTP, confidence 90, by a signature; wants to see all of it\n")
        self.assertRegex(control, r"    ftp            learned: tcp 192\.0\.2\.21:\d+ is FTP-data, confidence 60")
        self.assertIn("decided   by packet 1", control)
        self.assertIn("tag       one end is known for FTP-data, confidence 60 (ftp tag)", data)
        self.assertRegex(data, r"verdict   FTP-data, confidence 60 \(ftp tag\): \d+ packets, \d+ octets in \d+ records")
        self.assertIn("the ledger closes", done.stderr)

    def test_filter_words_choose_the_flows(self):
        done = self.explain(e2e.capture("dns"), "icmp")
        self.assertEqual([p.split()[1] for p in paragraphs(done.stdout)], ["icmp"])

    def test_a_rule_and_a_service_are_named(self):
        rules, services = self.dir / "rules", self.dir / "services"
        rules.write_text('# ours\ntcp port 21 = "Tape robot"\n')
        services.write_text("")
        out = e2e.run("netmonc", "--explain", "--rules", rules, "--services", services, "-r", e2e.capture("ftp")).stdout
        first = paragraphs(out)[0]
        self.assertIn("rule      rules:2 calls it Tape robot", first)
        self.assertIn("verdict   Tape robot, confidence 100 (rules:2 rule)", first)

    def test_payload_cannot_write_to_the_terminal(self):
        for name in ("https", "bt-utp", "ssh"):
            text = self.explain(e2e.capture(name)).stdout
            self.assertTrue(all(c == "\n" or " " <= c <= "~" for c in text), name)

    def test_a_capture_without_flows_says_so(self):
        self.assertIn("no flow was found", self.explain(e2e.capture("http"), "sctp").stdout)

    def test_what_is_neither_a_file_nor_an_endpoint_is_refused(self):
        for word in ("no-such-file", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "2001:db8::1:80", "[10.0.0.1]:80", ":80"):
            with self.subTest(word):
                done = self.explain(word, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertEqual(self.explain(check=False).returncode, 2)
        self.assertEqual(self.explain("10.0.0.1:80", "--hours=0", check=False).returncode, 2)

    def test_explaining_needs_a_file_and_prints_no_records(self):
        for words in (("-i", "lo"), ("-o", "csv", "-r", "x"), ("--workers", "2", "-r", "x")):
            done = e2e.run("netmonc", "--explain", *words, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("--explain", done.stderr)


def as_of_now(capture, path):
    """A capture with its packets' times moved to the present."""
    data = bytearray(Path(e2e.capture(capture)).read_bytes())
    at, shift = 24, None
    while at < len(data):
        seconds, _, captured, _ = struct.unpack_from("<IIII", data, at)
        shift = int(time.time()) - 5 - seconds if shift is None else shift
        struct.pack_into("<I", data, at, seconds + shift)
        at += 16 + captured
    path.write_bytes(data)
    return path


class Endpoints(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state = self.dir / "probe"
        self.state.mkdir()
        self.dir.chmod(0o755)
        self.state.chmod(0o777)

    def explain(self, *words, **kwargs):
        return e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "explain", *words, "--state-dir", self.state,
                       **kwargs)

    def test_rules_tags_and_the_store_are_asked(self):
        capture = as_of_now("ftp", self.dir / "now.pcap")
        e2e.run("netmonc", "-o", "csv", "--state-dir", self.state, "-r", capture)
        netmond = self.netmond(store=True)
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        probe.greet()
        probe.send(apps((7, "FTP", "File transfer")))
        probe.store(1, [Record("192.0.2.21", "10.0.0.9", sport=21, dport=5000, octets=900, packets=3, application=7,
                               started=int(time.time()) - 60),
                        Record("192.0.2.21", "10.0.0.9", sport=22, dport=5000, application=0)])
        out = self.explain("192.0.2.21:21").stdout
        self.assertIn("rule      none by this end alone, on tcp", out)
        self.assertIn(f"tag       tcp is FTP, confidence 50 (ftp tag), for 3600 s after its last use, in {self.state}", out)
        self.assertRegex(out, r"FTP +6 +1 +3 +900 +20\d\d-")
        out = self.explain("[2001:db8::1]:21").stdout
        self.assertIn("tag       none, by what 1 probe saved", out)
        self.assertIn("with this end: none\n", out)

    def test_the_rule_that_meets_it_is_named(self):
        rules = self.dir / "rules.conf"
        rules.write_text('udp host 10.0.0.0/8 port 5000-5010 = "Billing"\n')
        out = e2e.run("netmonc", "--endpoint", "10.1.1.1:5003", "--rules", rules).stdout
        self.assertIn(f"rule      {rules} line 1 calls it Billing, on udp", out)
        self.assertIn("rule      none by this end alone, on tcp", out)
        self.assertIn("tag       no probe has saved any", out)

    def test_without_a_store_what_the_probe_knows_is_said_nonetheless(self):
        done = self.explain("10.0.0.1:80", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rule      none", done.stdout)
        self.assertIn("store init", done.stderr)

    def test_a_broken_file_of_rules_or_tags_is_named(self):
        rules = self.dir / "rules.conf"
        rules.write_text("nonsense\n")
        done = e2e.run("netmonc", "--endpoint", "10.1.1.1:5003", "--rules", rules, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{rules}:1:", done.stderr)
        (self.state / "tags").write_bytes(b"netmtags" + bytes(50))
        self.netmond(store=True).stop()
        self.assertIn(str(self.state), self.explain("10.0.0.1:80").stderr)
