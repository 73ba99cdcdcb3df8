# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that crashes or loops is named, ends the probe as a crash does, and is left out when the probe starts again."""
import os
import shutil
import signal
import struct
import subprocess
import unittest

import netmon_e2e as e2e

NOBODY = 65534
ROOT = os.geteuid() == 0
# deed: the signal that ends the process, what is said of it
CRASHES = {
    "segv": (signal.SIGSEGV, r"crashed \(SIGSEGV\)"),
    "overflow": (signal.SIGSEGV, r"crashed \(SIGSEGV\)"),
    "bus": (signal.SIGBUS, r"crashed \(SIGBUS\)"),
    "fpe": (signal.SIGFPE, r"crashed \(SIGFPE\)"),
    "ill": (signal.SIGILL, r"crashed \(SIGILL\)"),
    "abort": (signal.SIGABRT, r"crashed \(SIGABRT\)"),
}
LOOPS = {"loop": (signal.SIGABRT, "looped"), "hang": (signal.SIGABRT, "looped")}


def packet(payload, number=0):
    """A record of a capture file: a UDP packet of a flow of its own."""
    udp = struct.pack("!HHHH", 40000 + number, 9, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + udp
    frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip
    return struct.pack("<IIII", 1700000000, 0, len(frame), len(frame)) + frame


def pcap(*payloads):
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(packet(payload, i) for i, payload in enumerate(payloads))


class Case(e2e.Case):
    def setUp(self):
        super().setUp()
        self.folder = self.dir / "so"
        self.folder.mkdir()
        self.module = self.folder / "faulty.so"
        shutil.copy(e2e.binary("tests/sandbox/faulty.so"), self.module)
        shutil.copy(e2e.binary("modules/dns.so"), self.folder)
        self.modules = self.dir / "modules"
        self.modules.write_text("faulty\ndns\n")
        self.state = self.dir / "state"
        self.state.mkdir()
        if ROOT:
            os.chown(self.state, NOBODY, NOBODY)
        self.bad = self.state / "modules.bad"
        self.capture = self.dir / "x.pcap"

    def words(self, *words, state=True):
        return (*(["--user", "nobody"] if ROOT else []), *(["--state-dir", self.state] if state else []),
                "--modules", self.modules, "--module-dir", self.folder, "--link", "uplink", *words)

    def netmonc(self, *words, **kwargs):
        kwargs.setdefault("check", False)
        state = kwargs.pop("state", True)
        return e2e.run("netmonc", *self.words(*words, state=state), "-o", "csv", "-r", self.capture, **kwargs)

    def fails(self, deed, *words, **kwargs):
        """A run in which a packet makes the module do that."""
        number, said = {**CRASHES, **LOOPS}[deed]
        self.capture.write_bytes(pcap(b"FINE", b"FAULT " + deed.encode(), b"FINE"))
        done = self.netmonc(*words, **kwargs)
        self.assertEqual(done.returncode, -number, done.stderr)
        self.assertRegex(done.stderr, f"(?m)^netmonc: module faulty {said} on a packet of link uplink")
        return done

    def is_left_out(self, said):
        """The next run has all packets, and the other module."""
        done = self.netmonc("-r", e2e.capture("dns"), check=True)
        self.assertRegex(done.stderr, f"netmonc: module faulty left out: on 20.* it {said}: replace it, or delete its lines in .*bad")
        rows = e2e.records(done.stdout)
        own, others = ([row for row in rows if (row["saddr"] == "10.0.0.1") == mine] for mine in (True, False))
        self.assertEqual([row["application"] for row in own], ["Unknown"] * 3)
        self.assertIn("DNS", {row["application"] for row in others})


@unittest.skipIf(e2e.ASAN, "crashes are the sanitizer's to tell")
class Crashes(Case):
    def test_each_is_named_and_left_out_then(self):
        for deed, (_, said) in CRASHES.items():
            for workers in (1, 2):
                with self.subTest(deed, workers=workers):
                    self.bad.unlink(missing_ok=True)
                    done = self.fails(deed, "--workers", workers)
                    self.assertIn("; it will be left out\n", done.stderr)
                    self.assertRegex(self.bad.read_text(), f"^faulty [0-9a-f]{{16}} [0-9]+ {said}\n$")
                    self.is_left_out(said)

    def test_without_a_state_folder_it_is_named_and_asked_again(self):
        for _ in range(2):
            done = self.fails("segv", state=False)
            self.assertNotIn("left out", done.stderr)

    def test_a_module_that_is_replaced_is_loaded_again(self):
        self.fails("segv")
        with self.module.open("ab") as file:
            file.write(b"a new build")
        self.fails("abort")
        self.assertEqual(len(self.bad.read_text().splitlines()), 2)
        self.is_left_out(CRASHES["abort"][1])

    def test_a_line_that_is_deleted_lets_it_in_again(self):
        self.fails("segv")
        self.is_left_out(CRASHES["segv"][1])
        self.bad.write_text("")
        self.fails("segv")

    def test_check_says_what_is_left_out_and_writes_nothing(self):
        self.fails("segv")
        before = self.bad.read_bytes()
        done = e2e.run("netmonc", *self.words("--check", "-v", "-r", self.capture))
        self.assertIn("module faulty left out: ", done.stderr)
        self.assertRegex(done.stdout, "left out +1 module")
        self.assertEqual(self.bad.read_bytes(), before)

    def test_a_crash_while_it_is_loaded_or_unloaded(self):
        self.capture.write_bytes(pcap(b"FINE", b"FINE", b"FINE"))
        for phase in ("load", "unload"):
            with self.subTest(phase):
                self.bad.unlink(missing_ok=True)
                done = self.netmonc(env={f"FAULTY_{phase.upper()}": "segv"})
                self.assertEqual(done.returncode, -signal.SIGSEGV)
                self.assertIn(f"netmonc: module faulty crashed (SIGSEGV) while it was {phase}ed; it will be left out\n", done.stderr)
                self.is_left_out(CRASHES["segv"][1])

    def test_a_crash_in_check_is_named(self):
        self.capture.write_bytes(pcap(b"FINE"))
        done = e2e.run("netmonc", *self.words("--check", "-r", self.capture), check=False, env={"FAULTY_LOAD": "segv"})
        self.assertEqual(done.returncode, -signal.SIGSEGV)
        self.assertIn("netmonc: module faulty crashed (SIGSEGV) while it was loaded\n", done.stderr)
        self.assertFalse(self.bad.exists())

    def test_a_list_of_rubbish_leaves_nobody_out(self):
        for text in (b"\0\xff\n", b"faulty\nfaulty 1 2 3\n", b"faulty " * 100000):
            self.bad.write_bytes(text)
            if ROOT:
                os.chown(self.bad, NOBODY, NOBODY)
            self.fails("segv")
        self.is_left_out(CRASHES["segv"][1])


class Loops(Case):
    def test_a_loop_is_named_and_left_out_then(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.bad.unlink(missing_ok=True)
                self.fails("loop", "--workers", workers)
                self.is_left_out("looped")

    def test_waiting_for_ever_is_a_loop(self):
        self.fails("hang")
        self.is_left_out("looped")

    def test_a_loop_while_it_is_loaded(self):
        self.capture.write_bytes(pcap(b"FINE", b"FINE", b"FINE"))
        done = self.netmonc(env={"FAULTY_LOAD": "loop"})
        self.assertEqual(done.returncode, -signal.SIGABRT)
        self.assertIn("netmonc: module faulty looped while it was loaded; it will be left out\n", done.stderr)
        self.is_left_out("looped")

    def test_a_call_that_takes_a_second_is_none(self):
        self.capture.write_bytes(pcap(b"FINE", b"FAULT slow", b"FINE"))
        done = self.netmonc(check=True)
        self.assertEqual([row["application"] for row in e2e.records(done.stdout)], ["Faulty", "Unknown", "Faulty"])
        self.assertEqual(self.bad.read_text(), "")


class Running(Case):
    def start_on_pipe(self):
        process = self.start("netmonc", "-v", *self.words("-o", "csv", "-r", "-"), stdin=subprocess.PIPE)
        self.addCleanup(process.popen.stdin.close)
        process.wait_line("module dns: ")
        return process

    @unittest.skipIf(e2e.ASAN, "the sanitizer takes the signal")
    def test_a_signal_from_outside_is_nobodys_fault(self):
        process = self.start_on_pipe()
        process.popen.stdin.write(pcap(b"FAULT hang"))
        process.popen.stdin.flush()
        e2e.time.sleep(0.5)
        process.send(signal.SIGABRT)
        self.assertEqual(process.wait_end(), -signal.SIGABRT)
        self.assertNotIn("module faulty crashed", process.log())
        self.assertEqual(self.bad.read_text(), "")

    def test_a_reload_reads_the_list_again(self):
        process = self.start_on_pipe()
        process.popen.stdin.write(pcap(b"FINE"))
        process.popen.stdin.flush()
        # the digest that this file has, as netmonc writes it
        digest = self.digest()
        self.bad.write_text(f"faulty {digest} 1700000000 looped\n")

        def read_again():
            # signals that come before netmonc waits for input are followed when input comes
            process.send(signal.SIGHUP)
            return "module faulty left out: " in process.log()

        e2e.wait_until(read_again, "the list to be read again")
        process.popen.stdin.write(packet(b"FINE", 7))
        process.popen.stdin.close()
        self.assertEqual(process.wait_end(), 0, process.log())
        self.assertEqual({row["sport"]: row["application"] for row in e2e.records(process.out())},
                         {40000: "Faulty", 40007: "Unknown"})

    def digest(self):
        """Found out by a run that fails, in a folder of its own."""
        state, bad = self.state, self.bad
        self.state = self.dir / "other"
        self.state.mkdir()
        if ROOT:
            os.chown(self.state, NOBODY, NOBODY)
        self.bad = self.state / "modules.bad"
        self.capture.write_bytes(pcap(b"FAULT loop"))
        self.netmonc()
        digest = self.bad.read_text().split()[1]
        self.state, self.bad = state, bad
        return digest


if __name__ == "__main__":
    unittest.main()
