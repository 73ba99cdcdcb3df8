# SPDX-License-Identifier: GPL-3.0-or-later
"""make install: into a prefix of its own and through DESTDIR, what runs from there, upgrades, uninstall."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import netmon_e2e as e2e

PROGRAMS = ["bin/netmonc", "bin/netmon", "sbin/netmond", "sbin/netmon-aggregate", "sbin/netmon-alert",
            "lib/netmon/cgi-bin/netmon.cgi"]


def make(build, *words):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "NETMON_"))}
    return subprocess.run(["make", "-j2", "-C", e2e.TREE, f"BUILD={build}", *words], check=True, capture_output=True,
                          text=True, timeout=600, env=env, stdin=subprocess.DEVNULL)


@unittest.skipIf(e2e.ASAN, "installing once is enough")
@e2e.needs_program("make", "cc")
class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for name in ("netmonc", "netmond", "netmon", "netmon-aggregate", "netmon-alert", "netmon.cgi"):
            e2e.binary(name)
        cls.top = Path(tempfile.mkdtemp(prefix="netmon-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        # the tests beside this one use the build folder, so another prefix is built in a copy
        cls.build = cls.top / "build"
        shutil.copytree(e2e.BUILD, cls.build, ignore=shutil.ignore_patterns("tests", "asan", "demo"))
        cls.prefix = cls.top / "prefix"
        cls.etc = cls.prefix / "etc" / "netmon"
        make(cls.build, "install", f"PREFIX={cls.prefix}")

    def run_installed(self, program, *words, **kwargs):
        return e2e.run(self.prefix / program, *words, **kwargs)

    def install(self, *words):
        return make(self.build, "install", f"PREFIX={self.prefix}", *words)

    def test_every_program_is_there_and_says_its_version(self):
        for program in PROGRAMS:
            self.assertRegex(self.run_installed(program, "--version").stdout, r"^netmon\S* \d")

    def test_the_installed_probe_finds_its_modules_and_labels_with_them(self):
        done = self.run_installed("bin/netmonc", "--check", "-r", e2e.capture("http"))
        self.assertIn(str(self.prefix / "lib/netmon/modules"), done.stdout + done.stderr)
        rows = e2e.records(self.run_installed("bin/netmonc", "-o", "csv", "-r", e2e.capture("http")).stdout)
        self.assertIn("http", {r["application"].lower() for r in rows})

    def test_the_installed_collector_and_command_find_the_schema(self):
        with tempfile.TemporaryDirectory() as folder:
            store = f"sqlite:{folder}/netmon.db"
            port = e2e.free_port()
            netmond = e2e.Process([self.prefix / "sbin/netmond", "-p", port, "--store", store], folder)
            try:
                netmond.wait_listen(port)
                self.assertEqual(netmond.stop(), 0)
            finally:
                netmond.kill()
            self.run_installed("bin/netmon", "--store", store, "contact", "add", "bob", "--sms", "12345")
            self.assertIn("bob", self.run_installed("bin/netmon", "--store", store, "contact", "list").stdout)
            self.run_installed("sbin/netmon-aggregate", "--store", store)
            done = self.run_installed("bin/netmon", "--store", store, "alert", "test", "bob", check=False)
            self.assertIn("set sms_url", done.stderr)

    def test_the_installed_settings_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            (self.etc / "netmon.conf").write_text(f'store = "sqlite:{folder}/none.db"\n')
            try:
                done = self.run_installed("sbin/netmon-alert", check=False)
                self.assertIn(f"{folder}/none.db", done.stderr)
            finally:
                shutil.copy(self.prefix / "share/netmon/examples/netmon.conf", self.etc / "netmon.conf")

    def test_samples_name_the_places_of_their_prefix(self):
        for path in [*self.etc.iterdir(), self.prefix / "etc/cron.d/netmon",
                     *(self.prefix / "lib/systemd/system").iterdir()]:
            text = path.read_text()
            self.assertNotRegex(text, r"/usr/local/(etc|lib|sbin|bin)/netmon|@[A-Z]+@", str(path))
        self.assertIn(f"{self.prefix}/sbin/netmon-alert", (self.prefix / "etc/cron.d/netmon").read_text())

    def test_every_sample_parses(self):
        self.run_installed("bin/netmonc", "--check", "--config", self.etc / "netmonc.conf", "-r", e2e.capture("http"))
        done = self.run_installed("bin/netmon", "--config", self.etc / "netmon.conf", "contact", "list", check=False)
        self.assertIn("no store", done.stderr)
        done = self.run_installed("sbin/netmond", "--config", self.etc / "netmon.conf", "--status", "--control",
                                  "/nonexistent/socket", check=False)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)

    def test_every_key_of_the_settings_is_in_the_sample_with_its_default(self):
        """Set all that is commented out: the file must still parse, and name each key that settings.c knows."""
        source = (e2e.TREE / "lib" / "settings.c").read_text()
        keys = [line.split("(")[1].split(",")[0] for line in source.splitlines() if line.startswith("\tFIELD(")]
        sample = (e2e.TREE / "etc" / "netmon.conf").read_text()
        self.assertGreater(len(keys), 10)
        for key in keys:
            self.assertRegex(sample, rf"(?m)^# {key} = ")
        lines = [line[2:] if line.startswith("# ") and line[2:].split(" ")[0] in keys else line
                 for line in sample.splitlines()]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "netmon.conf"
            path.write_text("\n".join(lines) + "\n")
            done = self.run_installed("bin/netmon", "--config", path, "contact", "list", check=False)
        self.assertNotIn("netmon.conf:", done.stderr)

    def test_a_module_is_built_against_the_installed_headers_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "mine.c"
            shutil.copy(self.prefix / "share/netmon/examples/skeleton.c", source)
            e2e.run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden",
                    f"-I{self.prefix}/include", "-o", f"{folder}/mine.so", source)
            (Path(folder) / "list").write_text("mine\n")
            done = self.run_installed("bin/netmonc", "--check", "--modules", f"{folder}/list", "--module-dir", folder,
                                      "-r", e2e.capture("http"))
            self.assertIn("mine", done.stdout + done.stderr)

    def test_an_upgrade_keeps_what_was_edited(self):
        edited, cron = self.etc / "netmonc.conf", self.prefix / "etc/cron.d/netmon"
        try:
            edited.write_text("# mine\n")
            cron.write_text("# mine too\n")
            self.install()
            self.assertEqual((edited.read_text(), cron.read_text()), ("# mine\n", "# mine too\n"))
            self.assertIn("snaplen", (self.prefix / "share/netmon/examples/netmonc.conf").read_text())
        finally:
            edited.unlink()
            cron.unlink()
            self.install()

    def test_destdir_is_put_before_every_path_and_into_no_file(self):
        stage = self.top / "stage"
        self.install(f"DESTDIR={stage}")
        self.assertEqual(os.listdir(stage), [self.prefix.parts[1]])
        for program in PROGRAMS:
            self.assertTrue(os.access(f"{stage}{self.prefix}/{program}", os.X_OK))
        for path in Path(stage).rglob("*"):
            if path.is_file() and path.suffix not in (".so", ".cgi") and "bin" not in path.parts[-2]:
                self.assertNotIn(str(stage).encode(), path.read_bytes(), str(path))

    def test_nothing_is_installed_that_others_may_write(self):
        for path in self.prefix.rglob("*"):
            self.assertFalse(path.stat().st_mode & 0o022, str(path))

    def test_pages_and_manuals_are_there(self):
        for path in ("share/netmon/schema/sqlite.sql", "share/netmon/tmpl/layout.html", "share/netmon/static/netmon.css",
                     "share/man/man8/netmon-alert.8", "share/man/man7/netmon.7", "include/netmon/module.h",
                     "lib/sysusers.d/netmon.conf", "lib/tmpfiles.d/netmon.conf"):
            self.assertTrue((self.prefix / path).is_file(), path)
        self.assertFalse((self.prefix / "lib/netmon/modules/skeleton.so").exists())

    def test_uninstall_leaves_nothing_but_what_was_edited(self):
        stage = self.top / "gone"
        self.install(f"DESTDIR={stage}")
        edited = Path(f"{stage}{self.etc}/netmon.conf")
        edited.write_text("# mine\n")
        make(self.build, "uninstall", f"PREFIX={self.prefix}", f"DESTDIR={stage}")
        self.assertEqual([p for p in stage.rglob("*") if p.is_file()], [edited])

    @e2e.needs_program("systemd-analyze")
    def test_units_expose_little(self):
        for unit in (self.prefix / "lib/systemd/system").glob("*.service"):
            done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)


if __name__ == "__main__":
    unittest.main()
