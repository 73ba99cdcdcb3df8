# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond's command line and its sample configuration."""
import re
import unittest

import netmon_e2e as e2e


def netmond(*options):
    return e2e.run("netmond", *options, check=False)


class CommandLine(e2e.Case):
    # what is for the command line alone, and what netmon.conf has for all programs
    ELSEWHERE = {"status", "json", "config", "netmond-conf", "verbose", "version", "help", "store", "rrd"}

    def sample(self):
        lines = (e2e.TREE / "etc" / "netmond.conf").read_text().splitlines()
        return [m.group(1) for m in (re.fullmatch(r"# ([a-z_]+ = .*)", line) for line in lines) if m]

    def test_the_sample_configuration_has_every_option(self):
        names = {x.partition(" ")[0].replace("_", "-") for x in self.sample()}
        options = set(re.findall(r"--([a-z-]+)", netmond("--help").stdout))
        self.assertEqual(names, options - self.ELSEWHERE)

    def test_every_example_of_the_sample_configuration_is_taken(self):
        config = self.dir / "netmond.conf"
        settings = [x for x in self.sample() if not x.startswith(("groups", "rrdcached", "control"))]
        control = self.dir / "none.sock"
        config.write_text("\n".join([*settings, f'control = "{control}"']) + "\n")
        done = netmond("--netmond-conf", config, "--store", "sqlite:none.db", "--status")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"no netmond listens on {control}", done.stderr)

    def test_the_manual_names_every_setting(self):
        page = (e2e.TREE / "man" / "netmond.conf.5").read_text()
        words = set(re.findall(r"[a-z_]+", " ".join(x for x in page.splitlines() if x.startswith(".It Ic"))))
        self.assertLessEqual({x.partition(" ")[0] for x in self.sample()}, words)

    def test_what_does_not_go_together_is_refused(self):
        for options, words in ((("--tls-cert", "a.pem"), "--tls-key"), (("--groups", "g"), "--groups"),
                               (("--workers", "65"), "workers"), (("--max-store", "x"), "max-store"),
                               (("--keep-flows", "36501"), "keep-flows"), (("word",), "word")):
            done = netmond(*options)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
