# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` as a person meets it: what it prints, what it shows, and that nothing of it stays behind."""
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import netmon_e2e as e2e

DEMO = str(e2e.TREE / "tests" / "demo" / "demo")
HOURS = "2"


def processes_with(text):
    """Command lines of running processes that name `text`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                line += (entry / "environ").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(line[:200])
    return found


class Demo(e2e.Case):
    def setUp(self):
        super().setUp()
        for name in ("netmonc", "netmond", "netmon", "netmon.cgi", "netmon-aggregate", "tests/demo/traffic"):
            e2e.binary(name)

    def demo(self, *words, folder="demo"):
        return [DEMO, "--folder", self.dir / folder, "--hours", HOURS, *words]

    def test_the_check_sees_hosts_applications_and_graphs_and_leaves_nothing_behind(self):
        done = e2e.run(*self.demo("--check"), timeout=200)
        self.assertRegex(done.stdout, r"signed in")
        self.assertRegex(done.stdout, r"front page: .*graph: PNG \d+x\d+")
        self.assertRegex(done.stdout, r"host [0-9a-f.:]+: ")
        self.assertRegex(done.stdout, r"checked: hosts, applications and \d+ graphs are there")
        self.assertEqual(processes_with(str(self.dir)), [])

    def test_it_shows_url_user_and_password_and_ends_all_on_an_interrupt(self):
        folder = self.dir / "a folder with spaces"
        demo = self.start(*self.demo(folder=folder.name))
        demo.wait_line(r"^Password: \S+", timeout=200)
        words = dict(re.findall(r"^(URL|User|Password): (\S+)$", demo.out(), re.M))
        self.assertEqual(words["User"], "demo")
        with urllib.request.urlopen(words["URL"], timeout=20) as page:
            self.assertIn(b"password", page.read())

        second = subprocess.run([str(w) for w in self.demo(folder=folder.name)], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"another demo uses {folder} (process {demo.pid})", second.stderr)

        self.assertEqual(demo.stop(signal.SIGINT, timeout=30), 0)
        self.assertEqual(processes_with(str(folder)), [])

    def test_two_at_once_do_not_meet(self):
        one = self.start(*self.demo("--check", folder="one"))
        two = self.start(*self.demo("--check", folder="two"))
        self.assertEqual((one.wait_end(300), two.wait_end(300)), (0, 0), one.log() + two.log())

    def test_a_missing_interface_is_told_in_one_line(self):
        done = e2e.run(*self.demo("--interface", "nonesuch0"), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Ademo: no interface nonesuch0: .*\n\Z")
