# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon probe: certificates as an admin makes them, from a clean folder to records in the store under TLS."""
import stat
import unittest

import netmon_e2e as e2e

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
        for name in ("", "..", ".x", "a/b", "../a", "a\nb", "a'b", 'a"b', "ü", "x" * 64, "-x"):
            done = e2e.run("netmon", "probe", "add", "--pki", self.pki, "--", name, cwd=self.dir, check=False)
            self.assertEqual(done.returncode, 2, name)
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


if __name__ == "__main__":
    unittest.main()
