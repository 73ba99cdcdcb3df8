# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond --status and the metrics: what the running collector says of itself over its control socket."""
import json
import os
import re
import socket
import unittest

import netmon_e2e as e2e
from netmon_frames import OK, Probe, Record


class Status(e2e.Case):
    def collector(self, **kwargs):
        self.socket = str(self.dir / "netmond.sock")
        return self.netmond("--control", self.socket, store=True, **kwargs)

    def status(self, *options):
        return e2e.run("netmond", "--status", "--control", self.socket, *options).stdout

    def probe(self, netmond, name, **kwargs):
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        self.assertEqual(probe.greet(probe=name, **kwargs)[0], OK)
        return probe

    def test_each_probe_is_told_with_what_it_sent_and_still_holds(self):
        netmond = self.collector()
        probe = self.probe(netmond, "core", links=("eth0", "eth1"), following=4)
        probe.store(1, [Record(octets=70000), Record()])
        answer = json.loads(self.status("--json"))
        core = answer["probes"]["core"]
        self.assertEqual([core[k] for k in ("connected", "batches", "records", "held", "duplicates", "refused", "tls")],
                         [1, 1, 2, 2, 0, 0, False])
        self.assertEqual(core["links"], "eth0,eth1")
        self.assertIn("127.0.0.1 port", core["peer"])
        self.assertEqual([answer["workers"][0][k] for k in ("store", "rows", "errors", "backlog")], ["sqlite", 2, 0, 0])
        table = self.status()
        self.assertRegex(table, r"(?m)^core  +eth0,eth1 +127\.0\.0\.1 port \d+ +plain ")
        self.assertRegex(table, r"2 flows in \d+ transactions, 0 failed")

    def test_a_probe_that_went_and_one_of_an_earlier_run_are_told_too(self):
        netmond = self.collector()
        self.probe(netmond, "old").close()
        netmond.stop()
        netmond = self.collector()
        self.probe(netmond, "new").close()
        e2e.wait_until(lambda: self.status().count("not connected") == 2, "both to be gone")
        self.assertRegex(self.status(), r"(?m)^old .*not connected")

    def test_without_a_collector_it_says_so_and_fails(self):
        self.socket = str(self.dir / "nobody.sock")
        done = e2e.run("netmond", "--status", "--control", self.socket, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"no netmond listens on {self.socket}", done.stderr)

    def test_the_default_place_is_the_runtime_folder(self):
        env = {"RUNTIME_DIRECTORY": str(self.dir)}
        netmond = self.netmond(store=True, env=env)
        self.assertIn("netmond 0", e2e.run("netmond", "--status", env=e2e.environment(env)).stdout)
        netmond.stop()
        self.assertFalse(os.path.exists(self.dir / "netmond.sock"))

    def test_a_socket_that_a_killed_collector_left_is_replaced(self):
        self.collector().kill()
        self.assertTrue(os.path.exists(self.socket))
        self.collector()
        self.assertIn("0 probes are connected", self.status())

    def test_metrics_are_in_the_text_format_of_prometheus(self):
        netmond = self.collector()
        probe = self.probe(netmond, 'a"b\\c')
        probe.store(1, [Record()])
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.socket)
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: netmon\r\n\r\n")
            head, _, body = s.makefile("rb").read().decode().partition("\r\n\r\n")
        self.assertIn("200 OK", head)
        self.assertIn(f"Content-Length: {len(body)}", head)
        self.assertIn('netmon_collector_probe_records_total{probe="a\\"b\\\\c"} 1\n', body)
        sample = r'netmon_collector_[a-z0-9_]+(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? [0-9.e+-]+'
        types = set()
        for line in body.splitlines():
            if line.startswith("# TYPE"):
                types.add(line.split()[2])
            elif not line.startswith("# HELP"):
                self.assertRegex(line, f"^{sample}$")
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", re.split("[{ ]", line)[0]), types)
        self.assertIn("netmon_collector_batch_seconds_count 1\n", body)

    def test_hostile_clients_of_the_socket_harm_neither_probes_nor_those_who_ask(self):
        netmond = self.collector()
        probe = self.probe(netmond, "core")
        hostile = []
        self.addCleanup(lambda: [s.close() for s in hostile])
        garbage = [os.urandom(4096), b"status" * 2000, b"GET " + b"/" * 5000, b"\n" * 3000, b"\0", b""]
        for n in range(1000):
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            try:
                s.connect(self.socket)
                s.send(garbage[n % len(garbage)])
            except OSError:  # the queue of those that wait is full, or it was closed at once
                pass
            hostile.append(s)
            if len(hostile) > 200:  # some are slow and stay, the others go in the middle
                hostile.pop(100).close()
        for sequence in range(1, 11):
            probe.store(sequence, [Record()])
        e2e.wait_until(lambda: e2e.run("netmond", "--status", "--control", self.socket, check=False).returncode == 0,
                       "an answer to who asks properly", 20)
        self.assertIn(" 10 flows in ", self.status())
        for s in hostile:
            s.close()
        self.assertTrue(netmond.running())
        self.assertEqual(netmond.stop(), 0)

    def test_several_workers_are_told_as_one(self):
        netmond = self.collector_of_workers(2)
        for n in range(6):
            self.probe(netmond, f"p{n}", epoch=n + 1, links=(f"eth{n}",)).store(1, [Record()] * (n + 1))
        answer = json.loads(self.status("--json"))
        self.assertEqual(len(answer["workers"]), 2)
        self.assertEqual(sum(w["rows"] for w in answer["workers"]), 21)
        self.assertEqual({name: p["records"] for name, p in answer["probes"].items()}, {f"p{n}": n + 1 for n in range(6)})
        self.assertRegex(self.status(), r"2 workers[\s\S]* 21 flows in ")

    def collector_of_workers(self, n):
        self.socket = str(self.dir / "netmond.sock")
        netmond = self.netmond("--control", self.socket, "--workers", n, store=True)
        e2e.wait_until(lambda: os.path.exists(f"{self.socket}.{n - 1}"), "the last worker")
        return netmond


if __name__ == "__main__":
    unittest.main()
