# SPDX-License-Identifier: GPL-3.0-or-later
"""make module NAME=foo: what it makes compiles, recognises the example, and is known by its name."""
import os
import shutil
import struct
import subprocess
import unittest

import netmon_e2e as e2e

NEEDED = ("Makefile", "modules/new", "modules/skeleton.c", "tests/modules/test_skeleton.c", "etc/modules")


class NewModule(e2e.Case):
    """In a tree that has as much of this one as it needs."""

    def setUp(self):
        super().setUp()
        self.tree = self.dir / "tree"
        for name in NEEDED:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(e2e.TREE / name, self.tree / name)
        (self.tree / "man").mkdir()

    def make(self, name):
        return subprocess.run(["make", "-C", self.tree, "module", f"NAME={name}"], capture_output=True, text=True, timeout=60,
                              check=False)

    @e2e.needs_program("make", "cc")
    def test_the_new_module_names_its_flows(self):
        done = self.make("acme")
        self.assertEqual(done.returncode, 0, done.stderr)
        folder = self.dir / "so"
        folder.mkdir()
        e2e.run("cc", "-std=c11", "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden",
                f"-I{e2e.TREE}/lib/include", f"-I{e2e.TREE}/probe/include", "-o", folder / "acme.so",
                self.tree / "modules" / "acme.c")
        os.chmod(folder / "acme.so", 0o644)
        (self.dir / "modules").write_text("acme\n")
        payload = b"SKEL\x01\x00\x03abc"
        tcp = struct.pack("!HHIIBBHHH", 4000, 7777, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
        ip = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, 10, 0, 0, 1, 192, 0, 2, 1) + tcp
        frame = bytes(12) + b"\x08\x00" + ip
        capture = self.dir / "x.pcap"
        capture.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
                            + struct.pack("<IIII", 1700000000, 0, len(frame), len(frame)) + frame)
        out = e2e.run("netmonc", "--modules", self.dir / "modules", "--module-dir", folder, "-o", "csv", "-r", capture).stdout
        self.assertEqual([(r["application"], r["reason"]) for r in e2e.records(out)], [("Acme", "acme signature")])

    @e2e.needs_program("make")
    def test_test_and_page_stand_beside_it(self):
        self.make("acme_2")
        self.assertIn('cmocka_run_group_tests_name("acme_2"', (self.tree / "tests/modules/test_acme_2.c").read_text())
        page = self.tree / "man" / "netmon-module-acme_2.7"
        self.assertIn(".Nm netmon-module-acme_2", page.read_text())
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False)
            self.assertEqual(lint.stdout, "")

    @e2e.needs_program("make")
    def test_two_of_them_have_two_ids(self):
        ids = set()
        for name in ("acme", "bolt", "crux"):
            self.make(name)
            source = (self.tree / "modules" / f"{name}.c").read_text()
            ids.add(source.split(f"#define APP_{name.upper()} ")[1].split()[0])
        self.assertEqual(len(ids), 3)
        self.assertTrue(all(1000 <= int(i) <= 19999 for i in ids), ids)

    @e2e.needs_program("make")
    def test_nothing_is_overwritten_and_names_must_be_names(self):
        before = (self.tree / "modules/skeleton.c").read_text()
        for name in ("skeleton", "", "../x", "Acme", "a b", "1st", "x" * 32, "$(id)", "a;b"):
            with self.subTest(name):
                done = self.make(name)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("modules/new: ", done.stderr)
        self.assertEqual((self.tree / "modules/skeleton.c").read_text(), before)
        self.assertEqual(len(list((self.tree / "modules").iterdir())), 2)


if __name__ == "__main__":
    unittest.main()
