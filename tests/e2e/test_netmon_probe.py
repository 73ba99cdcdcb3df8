# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon probe: certificates as an admin makes them, from a clean folder to records in the store under TLS."""
import shutil
import stat
import subprocess
import time
import unittest
from pathlib import Path

import netmon_e2e as e2e
from cryptography import x509
from live_case import LiveCase

CAPTURE = e2e.capture("http")


class Probes(e2e.Case):
    def setUp(self):
        super().setUp()
        self.pki = self.dir / "pki"

    def probe(self, *words, **kwargs):
        return e2e.run("netmon", "probe", *words, "--pki", self.pki, cwd=self.dir, **kwargs)

    def add(self, name, *words, port=5000):
        return self.probe("add", name, "--collector", f"localhost:{port}", "--dir", self.dir, "--target",
                          self.dir / name, "--spool", self.dir / f"{name}.spool", *words)

    def collector(self, port, *words):
        return self.netmond("--tls-cert", self.pki / "collector.pem", "--tls-key", self.pki / "collector.key",
                            "--tls-ca", self.pki / "ca.pem", "--tls-crl", self.pki / "crl.pem", *words,
                            store=True, port=port)

    def states(self):
        lines = self.probe("list").stdout.splitlines()[1:]
        return [(line.split()[0], line.split(None, 3)[-1] if line.startswith("netmon collector") else
                 " ".join(line.split()[3:])) for line in lines]

    def test_a_new_probe_needs_what_add_made_and_nothing_else(self):
        port = e2e.free_port()
        said = self.add("edge1", port=port).stdout
        self.assertIn("netmonc --config", said)
        netmond = self.collector(port)
        (self.dir / "edge1.spool").mkdir(mode=0o777)
        (self.dir / "edge1.spool").chmod(0o777)
        e2e.run("netmonc", "--config", self.dir / "edge1" / "netmonc.conf", "-r", CAPTURE)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(CAPTURE)))
        self.assertEqual([r["name"] for r in e2e.query(self.dir / "netmon.db", "SELECT name FROM probe")], ["edge1"])

    def test_keys_are_for_their_owner_and_the_authority_s_for_nobody_else(self):
        self.add("edge1")
        for path in (self.pki / "ca.key", self.pki / "collector.key", self.dir / "edge1" / "probe.key"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o037, 0, path)
        self.assertEqual(stat.S_IMODE((self.pki / "ca.key").stat().st_mode), 0o600)

    def test_a_name_that_has_a_certificate_is_not_given_away_again(self):
        self.add("edge1")
        done = e2e.run("netmon", "probe", "add", "edge1", "--pki", self.pki, cwd=self.dir, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("renew", done.stderr)
        self.probe("revoke", "edge1")
        self.add("edge1")

    def test_a_folder_is_complete_wherever_it_is_put(self):
        port = e2e.free_port()
        self.add("edge1", port=port)
        netmond = self.collector(port)
        (self.dir / "edge1").rename(self.dir / "moved")
        done = e2e.run("netmonc", "--config", "moved/netmonc.conf", "-r", CAPTURE, cwd=self.dir)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(done.stderr, "")
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(CAPTURE)))

    def test_netmond_finds_the_usual_folder_by_itself(self):
        tree, build = self.dir / "tree", self.dir / "build"
        (tree / "etc").mkdir(parents=True)
        build.mkdir()
        (tree / "schema").symlink_to(e2e.TREE / "schema")
        (build / ".netmon-build").write_text(f"{tree}\n")
        for name in ("netmon", "netmond"):
            shutil.copy(e2e.binary(name), build)
        port = e2e.free_port()
        refused = e2e.run(build / "netmond", "--listen", "*", "-p", port, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("netmon probe add", refused.stderr)
        said = e2e.run(build / "netmon", "probe", "add", "edge1", "--collector", f"localhost:{port}", cwd=self.dir).stdout
        self.assertNotIn("tls_cert", said)
        netmond = self.start(build / "netmond", "--listen", "*", "-p", port, "--store", f"sqlite:{self.dir / 'netmon.db'}")
        netmond.wait_line("ready: .* with TLS")
        e2e.run("netmonc", "--config", self.dir / "edge1" / "netmonc.conf", "-h", "localhost", "-r", CAPTURE)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(CAPTURE)))

    def test_a_revoked_probe_is_cut_off_while_it_sends_and_told_why(self):
        port, control = e2e.free_port(), self.dir / "control"
        self.add("edge1", port=port)
        netmond = self.collector(port, "--control", control)
        self.dir.chmod(0o777)
        words = ["--config", self.dir / "edge1" / "netmonc.conf", "--spool", self.dir / "edge1.spool"]
        probe = self.start("netmonc", *words, "-r", "-", stdin=subprocess.PIPE)
        probe.popen.stdin.write(Path(CAPTURE).read_bytes())
        probe.popen.stdin.flush()
        netmond.wait_line("probe edge1 .*connected")
        begun = time.monotonic()
        self.probe("revoke", "edge1")
        netmond.wait_line("probe edge1 .*: refused: its certificate is refused: certificate revoked", timeout=60)
        self.assertLess(time.monotonic() - begun, 60)
        probe.wait_line("refuses this probe: its certificate is refused: certificate revoked")
        probe.wait_line("the other end refuses this one: certificate revoked")
        self.assertEqual([tuple(row) for row in e2e.query(self.dir / "netmon.db", "SELECT probe, event FROM probe_event")],
                         [("edge1", "revoked")])
        self.assertIn(("edge1", "revoked"), self.states())
        status = e2e.run("netmond", "--status", "--control", control).stdout
        self.assertRegex(status, r"connections +[0-9]+ accepted, 0 turned away, [1-9][0-9]* by strangers; 0 probes are connected")
        # with a new certificate, what it kept meanwhile arrives
        probe.popen.stdin.close()
        self.assertEqual(probe.wait_end(), 0)
        self.add("edge1", port=port)
        e2e.run("netmonc", *words, "-r", e2e.capture("dns"))
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"),
                         e2e.sums(e2e.netmonc_csv(CAPTURE) + e2e.netmonc_csv(e2e.capture("dns"))))

    def test_what_many_do_at_once_is_done_one_after_the_other(self):
        self.add("edge0")
        start = [self.start("netmon", "probe", "add", f"edge{n}", "--pki", self.pki, "--dir", self.dir, "--collector", "localhost")
                 for n in range(1, 7)]
        start += [self.start("netmon", "probe", "add", "same", "--pki", self.pki, "--dir", self.dir, "--collector", "localhost")
                  for _ in range(4)]
        start.append(self.start("netmon", "probe", "revoke", "edge0", "--pki", self.pki))
        ends = [process.wait_end() for process in start]
        self.assertEqual(ends[:6] + ends[10:], [0] * 7)
        self.assertEqual(sorted(ends[6:10]), [0, 1, 1, 1])
        names = [name for name, _ in self.states() if name != "netmon"]
        self.assertEqual(sorted(names), ["edge0", "edge1", "edge2", "edge3", "edge4", "edge5", "edge6", "same"])
        self.assertEqual(dict(self.states())["edge0"], "revoked")

    def test_an_authority_made_by_two_at_once_is_one(self):
        start = [self.start("netmon", "probe", "add", f"edge{n}", "--pki", self.pki, "--dir", self.dir, "--collector", "localhost")
                 for n in range(4)]
        self.assertEqual([process.wait_end() for process in start], [0] * 4)
        authorities = {(self.dir / f"edge{n}" / "ca.pem").read_bytes() for n in range(4)}
        self.assertEqual(authorities, {(self.pki / "ca.pem").read_bytes()})

    def test_a_folder_that_is_another_s_is_not_filled(self):
        (self.dir / "edge1").mkdir()
        (self.dir / "edge1").chmod(0o777)
        (self.dir / "edge2").symlink_to(self.dir / "edge1")
        for name in ("edge1", "edge2"):
            done = self.probe("add", name, "--collector", "localhost", "--dir", self.dir, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("not a folder that you alone can write to", done.stderr)
        self.assertEqual(list((self.dir / "edge1").iterdir()), [])

    def test_no_key_is_ever_printed(self):
        said = self.add("edge1")
        words = said.stdout + said.stderr + self.probe("list").stdout + self.probe("renew", "edge1", "--dir", self.dir).stdout
        for path in (self.pki / "ca.key", self.dir / "edge1" / "probe.key"):
            for line in path.read_text().splitlines():
                self.assertNotIn(line, words)

    def test_the_collector_s_certificate_is_made_anew_for_the_same_hosts(self):
        self.probe("collector", "noc.example", "192.0.2.1")
        before = (self.pki / "collector.pem").read_bytes()
        self.probe("collector")
        after = (self.pki / "collector.pem").read_bytes()
        self.assertNotEqual(before, after)
        names = x509.load_pem_x509_certificate(after).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual(names.get_values_for_type(x509.DNSName), ["noc.example"])
        self.assertEqual([str(a) for a in names.get_values_for_type(x509.IPAddress)], ["192.0.2.1"])
        self.assertIn("2 certificates", self.probe("collector", "--revoke").stdout)
        self.assertEqual(sorted(state.split()[-1] for _, state in self.states()), ["revoked", "revoked", "valid"])

    def test_list_says_what_became_of_each(self):
        self.add("edge1")
        self.add("edge2", "--days", "5")
        self.add("edge3")
        self.probe("revoke", "edge3")
        states = dict(self.states())
        self.assertEqual(states["edge1"], "valid")
        self.assertRegex(states["edge2"], r"expires in [45] days")
        self.assertEqual(states["edge3"], "revoked")

    def test_revoke_keeps_what_was_revoked_before(self):
        for name in ("edge1", "edge2"):
            self.add(name)
            self.probe("revoke", name)
        self.assertEqual([state for name, state in self.states() if name.startswith("edge")], ["revoked"] * 2)

    def test_renew_leaves_the_configuration_alone(self):
        self.add("edge1")
        conf = self.dir / "edge1" / "netmonc.conf"
        conf.write_text(conf.read_text() + "# mine\n")
        before = (self.dir / "edge1" / "probe.pem").read_text()
        self.probe("renew", "edge1", "--dir", self.dir)
        self.assertIn("# mine", conf.read_text())
        self.assertNotEqual((self.dir / "edge1" / "probe.pem").read_text(), before)

    def test_a_second_host_goes_into_the_collector_s_certificate(self):
        self.add("edge1")
        before = (self.pki / "collector.pem").read_bytes()
        self.add("edge2")
        self.assertEqual((self.pki / "collector.pem").read_bytes(), before)
        self.probe("add", "edge3", "--collector", "noc.example:6000")
        self.assertNotEqual((self.pki / "collector.pem").read_bytes(), before)
        conf = (self.dir / "edge3" / "netmonc.conf").read_text()
        self.assertIn('host = "noc.example"', conf)
        self.assertIn("port = 6000", conf)

    def test_names_that_are_no_file_s_or_no_probe_s_are_refused(self):
        for name in ("", "..", ".x", "a/b", "../a", "a\nb", "a'b", 'a"b', "a b", "$(x)", "a;b", "h:x", "ü", "\x1b[2J", "x" * 64,
                     "x" * 9000, "-x"):
            done = e2e.run("netmon", "probe", "add", "--pki", self.pki, "--", name, cwd=self.dir, check=False)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn("cannot be a probe's name, which has", done.stderr)
            self.assertTrue(done.stderr.strip().isprintable() or "\n" in done.stderr.strip(), name)
            self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_places_that_are_none_are_refused(self):
        for place in ("", ":5000", "host:0", "host:x", "[::1", "[::1]5000", "a b", "host:70000"):
            done = e2e.run("netmon", "probe", "add", "x", "--collector", place, "--pki", self.pki, cwd=self.dir,
                           check=False)
            self.assertEqual(done.returncode, 2, place)

    def test_what_needs_an_authority_says_when_there_is_none(self):
        for words in (["list"], ["revoke", "edge1"], ["renew", "edge1"]):
            done = self.probe(*words, check=False)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(str(self.pki), done.stderr)

    def test_a_lost_list_is_not_replaced_by_an_empty_one(self):
        self.add("edge1")
        (self.pki / "crl.pem").unlink()
        done = self.probe("add", "edge2", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("crl.pem", done.stderr)


@e2e.needs_netns
class Machines(LiveCase):
    """Two machines with addresses of their own, as README says."""

    def setUp(self):
        super().setUp()
        self.other = f"{self.ns}x"
        e2e.run("ip", "netns", "add", self.other)
        self.addCleanup(e2e.run, "ip", "netns", "del", self.other)
        for end, ns, address in (("w0", self.ns, "10.99.0.1"), ("w1", self.other, "10.99.0.2")):
            if end == "w0":
                e2e.run("ip", "-n", ns, "link", "add", "w0", "type", "veth", "peer", "name", "w1", "netns", self.other)
            e2e.run("ip", "-n", ns, "addr", "add", f"{address}/24", "dev", end)
            e2e.run("ip", "-n", ns, "link", "set", end, "up")

    def test_a_probe_on_another_machine_exports_after_two_commands(self):
        port, pki, store = e2e.free_port(), self.dir / "pki", self.dir / "netmon.db"
        self.dir.chmod(0o777)
        self.inside(e2e.binary("netmon"), "probe", "add", "edge1", "--collector", f"10.99.0.1:{port}", "--pki", pki, "--dir",
                    self.dir, "--spool", self.dir / "var" / "lib" / "spool")
        netmond = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmond"), "--listen", "*", "-p", port, "--store",
                             f"sqlite:{store}", "--tls-cert", pki / "collector.pem", "--tls-key", pki / "collector.key",
                             "--tls-ca", pki / "ca.pem", "--tls-crl", pki / "crl.pem")
        netmond.wait_line("ready: .* with TLS")
        self.start("ip", "netns", "exec", self.other, e2e.binary("netmonc"), "--config", self.dir / "edge1" / "netmonc.conf",
                   "-i", "w1", "--active-timeout", "1")
        netmond.wait_line(r"probe edge1 \(10\.99\.0\.2 port [0-9]+\): connected", timeout=20)
        e2e.wait_until(lambda: e2e.query(store, "SELECT count(*) FROM flow")[0][0], "its own TLS connection as a flow", timeout=30)


if __name__ == "__main__":
    unittest.main()
