# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory runs out at each place where netmonc asks for some, one after another: it says so in a line and ends with 1, or
goes on and loses nothing that it does not count. It never falls over.
"""
import os
import re
import subprocess
import unittest

import netmon_e2e as e2e

SITES_MAX = 2000  # far more than there are: a run that never ends counting is a mistake of the test


class Allocation(e2e.Case):
    def setUp(self):
        super().setUp()
        self.preload = e2e.binary("tests/faults/failalloc.so")
        # few of each: what many of them ask for is asked for at the same places
        for name, text in (("modules", "http\ntls\ndns\nftp\nquic\n"), ("services", "Example [Test] = example.org, example\n"),
                           ("rules", 'tcp port 9 = "Rule"\n')):
            (self.dir / name).write_text(text, encoding="ascii")
        self.lists = [word for name in ("modules", "services", "rules") for word in (f"--{name}", self.dir / name)]

    def netmonc(self, fail_at, *options):
        env = {**os.environ, "LD_PRELOAD": self.preload, "FAILALLOC_AT": str(fail_at)}
        done = subprocess.run([e2e.binary("netmonc"), *map(str, [*self.lists, *options])], env=env, capture_output=True, timeout=60,
                              check=False)
        errors = done.stderr.decode(errors="replace")
        count = re.search(r"^failalloc: (\d+) allocations$", errors, re.M)
        self.assertIsNotNone(count, f"allocation {fail_at}: status {done.returncode}: {errors}")
        said = [line for line in errors.splitlines() if not line.startswith("failalloc:")]
        return done, int(count.group(1)), said

    def each_site(self, *options):
        """Runs with each allocation failing once; returns how many sites there are."""
        whole, sites, _ = self.netmonc(0, *options)
        self.assertEqual(whole.returncode, 0)
        self.assertGreater(sites, 10)
        self.assertLess(sites, SITES_MAX)
        for fail_at in range(1, sites + 1):
            done, _, said = self.netmonc(fail_at, *options)
            self.assertIn(done.returncode, (0, 1), f"allocation {fail_at} of {sites}: {said}")
            if done.returncode == 1:
                self.assertTrue(any("memory" in line or "allocate" in line for line in said),
                                f"allocation {fail_at} of {sites}: {said}")
            elif "records" in options:  # frames have a number in them that is drawn anew
                self.assertEqual(len(done.stdout), len(whole.stdout), f"allocation {fail_at} of {sites}")
            else:
                self.assertEqual(done.stdout, whole.stdout, f"allocation {fail_at} of {sites}")
        return sites

    def test_text_to_standard_output(self):
        self.each_site("-r", e2e.capture("ftp"), "-o", "csv", "--probe", "p")

    def test_frames_to_standard_output_from_two_files(self):
        self.each_site("-r", e2e.capture("gre"), "-r", e2e.capture("qinq"), "-o", "records", "--probe", "p",
                       "--snapshot", "1s")

    def test_export_with_a_configuration_file(self):
        netmond = self.netmond()
        config = self.dir / "netmonc.conf"
        config.write_text(f'host = "127.0.0.1"\nport = {netmond.port}\nprobe = "p"\nsample = 2\n', encoding="ascii")
        self.each_site("-r", e2e.capture("dns"), "--config", config)


if __name__ == "__main__":
    unittest.main()
