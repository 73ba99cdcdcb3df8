# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that a packet has taken over gets nowhere, and a probe that cannot lock itself up does not begin."""
import ctypes
import errno
import os
import shutil
import signal
import socket
import struct
import subprocess
import unittest
from pathlib import Path

import netmon_e2e as e2e

NOBODY = 65534
ROOT = os.geteuid() == 0

KILLED = "killed"    # by the system call filter: SIGSYS
REFUSED = "refused"  # by the system call filter: an error
FILES = "files"      # by the file filter: an error

# What the intruder tries, with which argument (a word, or the name of one that Case.targets() makes), and what comes of it.
ACTS = [
    ("exec", "/bin/true", KILLED),
    ("fork", "", REFUSED),
    ("read", "secret", FILES),
    ("thread-read", "secret", FILES),
    ("list", "open_folder", FILES),
    ("create", "new", FILES),
    ("overwrite", "own_file", FILES),
    ("overwrite", "modules", FILES),
    ("mkdir", "new", REFUSED),
    ("unlink", "own_file", REFUSED),
    ("chmod", "own_file", REFUSED),
    ("symlink", "new", REFUSED),
    ("mknod", "new", KILLED),
    ("packet-socket", "", KILLED),
    ("raw-socket", "", KILLED),
    ("connect", "port", REFUSED),
    ("listen", "", REFUSED),
    ("kill", "victim", REFUSED),
    ("ptrace", "victim", KILLED),
    ("read-memory", "victim", KILLED),
    ("mount", "/mnt", KILLED),
    ("chroot", "/tmp", KILLED),
    ("become-root", "", KILLED),
    ("new-namespace", "", KILLED),
    ("bpf", "", KILLED),
    ("load-module", "x", KILLED),
    ("uring", "", KILLED),
    ("keys", "", KILLED),
    ("shellcode", "", REFUSED),
    ("late-shellcode", "", REFUSED),
    ("memory-file", "x", REFUSED),
    ("dump-core", "", REFUSED),
    ("limits", "", REFUSED),
    ("read", "/etc/shadow", FILES),
    ("read", "/proc/1/maps", FILES),
]
# What works as soon as there is no sandbox, for a user without any privileges: so the tests above show something.
FREE = ["exec", "fork", "read", "thread-read", "list", "create", "overwrite", "mkdir", "unlink", "chmod", "symlink", "mknod",
        "connect", "listen", "kill", "ptrace", "shellcode", "late-shellcode", "memory-file", "dump-core", "limits"]


def kernel_has_landlock():
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def packet(payload):
    """A capture file of one UDP packet."""
    udp = struct.pack("!HHHH", 40000, 9, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + udp
    frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip
    return (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) +
            struct.pack("<IIII", 1700000000, 0, len(frame), len(frame)) + frame)


class Case(e2e.Case):
    def setUp(self):
        super().setUp()
        self.module_dir = self.dir / "so"
        self.module_dir.mkdir()
        shutil.copy(e2e.binary("tests/sandbox/intruder.so"), self.module_dir / "intruder.so")
        self.modules = self.dir / "etc" / "modules"
        self.modules.parent.mkdir()
        self.modules.write_text("intruder\n")

    def netmonc(self, *words, **kwargs):
        program = "netmonc"
        if "user" in kwargs:  # who need not be able to walk to the build folder
            program = shutil.copy(e2e.binary("netmonc"), self.dir / "netmonc")
        return e2e.run(program, "--modules", self.modules, "--module-dir", self.module_dir, *words, check=False, **kwargs)

    def status(self, process):
        """/proc/PID/task/*/status of each thread, as dictionaries."""
        threads = []
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            threads.append(dict(line.split(":\t", 1) for line in lines if ":\t" in line))
        return threads


class Intruder(Case):
    """Each act in a process of its own."""

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)

    def targets(self):
        """What an act is aimed at, made anew; all of it is open to the user that netmonc becomes."""
        free = self.dir / "free"
        shutil.rmtree(free, ignore_errors=True)
        free.mkdir()
        free.chmod(0o777)
        for name in ("secret", "own_file"):
            (free / name).write_text("x")
            (free / name).chmod(0o666)
        if ROOT:
            os.chown(free / "own_file", self.uid, -1)
        victim = subprocess.Popen(["/bin/sleep", "60"], **({"user": self.uid, "group": self.uid, "extra_groups": []} if ROOT else {}))
        self.addCleanup(self.end, victim)
        return {"secret": free / "secret", "own_file": free / "own_file", "new": free / "new", "open_folder": free,
                "modules": self.modules, "port": self.listener.getsockname()[1], "victim": victim.pid}

    def end(self, popen):
        popen.kill()
        popen.wait()

    def attempt(self, act, arg, *words, **kwargs):
        """(what the module said of its attempt, how netmonc ended)"""
        targets = self.targets()
        done = self.netmonc("-o", "csv", *words, "-r", "-", text=False,
                            input=packet(f"INTRUDE {act} {targets.get(arg, arg)}".encode()), **kwargs)
        said = [line.split(": ", 2)[2] for line in done.stderr.decode().splitlines()
                if line.startswith(f"intruder: {act}: ")]
        self.assertTrue(said and said[0] == "tries", done.stderr)
        return said[-1], done.returncode

    def forbidden(self, *words, **kwargs):
        for act, arg, end in ACTS:
            # a build with sanitizers allows what is on no list; see sandbox_calls.c
            if e2e.ASAN and (end == REFUSED or act == "ptrace"):
                continue
            with self.subTest(act=act, arg=arg):
                if end == FILES and not kernel_has_landlock():
                    self.skipTest("this kernel has no Landlock")
                said, status = self.attempt(act, arg, *words, **kwargs)
                if end == KILLED:
                    self.assertEqual((said, status), ("tries", -signal.SIGSYS))
                else:
                    self.assertIn(said, [os.strerror(errno.EPERM), os.strerror(errno.EACCES)])
                    self.assertEqual(status, 0)

    @unittest.skipUnless(ROOT, "needs root")
    def test_started_by_root(self):
        self.uid = NOBODY
        self.forbidden("--user", "nobody")

    @unittest.skipUnless(ROOT, "needs root")
    def test_started_by_root_to_stay_root(self):
        self.uid = 0
        self.forbidden("--user", "root")

    def test_started_by_a_user(self):
        self.uid = NOBODY if ROOT else os.geteuid()
        self.forbidden(**({"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}))

    def test_most_of_it_works_without_the_sandbox(self):
        self.uid = NOBODY if ROOT else os.geteuid()
        aims = {act: arg for act, arg, _ in reversed(ACTS)}
        aims["overwrite"] = "own_file"
        for act in FREE:
            if e2e.ASAN and act == "exec":
                continue
            with self.subTest(act):
                said, status = self.attempt(act, aims[act], "--no-sandbox", *(["--user", "nobody"] if ROOT else []))
                # the new program says nothing more, and ends well
                self.assertEqual((said, status), ("tries" if act == "exec" else "done", 0))

    @unittest.skipIf(e2e.ASAN, "a build with sanitizers allows every socket")
    def test_the_collector_is_the_only_one_to_talk_to(self):
        self.uid = NOBODY if ROOT else os.geteuid()
        if ctypes.CDLL(None).syscall(444, None, 0, 1) < 4:
            self.skipTest("Landlock of this kernel does not know ports")
        netmond = self.netmond()
        targets = self.targets()
        for port, wanted in ((targets["port"], os.strerror(errno.EACCES)), (netmond.port, "done")):
            done = self.netmonc("-h", "127.0.0.1", "-p", netmond.port, "-r", "-", text=False,
                                input=packet(f"INTRUDE connect {port}".encode()))
            self.assertIn(f"intruder: connect: {wanted}\n", done.stderr.decode())
            self.assertEqual(done.returncode, 0, done.stderr)


class Entering(Case):
    def refuse(self, call, error, *words):
        """netmonc where a system call fails."""
        return e2e.run(e2e.binary("tests/sandbox/deny"), call, error, e2e.binary("netmonc"), "-v", "--modules", self.modules,
                       "--module-dir", self.module_dir, "-o", "csv", "-r", e2e.capture("dns"), *words, check=False)

    def test_a_step_that_fails_is_fatal(self):
        steps = ["prctl:38", "landlock_create_ruleset", "landlock_restrict_self", "seccomp"]
        if not kernel_has_landlock():
            steps = [step for step in steps if "landlock" not in step]
        if ROOT:
            steps += ["setgroups", "setresgid", "setresuid", "capset"]
        for step in steps:
            with self.subTest(step):
                done = self.refuse(step, errno.EPERM)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr, "(sandbox|user .*): .*Operation not (permitted|supported)")
                # nothing was begun
                self.assertNotIn("module", done.stderr.replace("/etc/modules", ""))

    def test_what_the_kernel_lacks_is_said_and_left_out(self):
        for step, error, words in (("landlock_create_ruleset", errno.ENOSYS, "no Landlock"),
                                   ("landlock_create_ruleset", errno.EOPNOTSUPP, "no Landlock"),
                                   ("prctl:21", errno.EINVAL, "no seccomp")):
            with self.subTest(step):
                done = self.refuse(step, error)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(e2e.sums(e2e.records(done.stdout)), e2e.sums(e2e.netmonc_csv(e2e.capture("dns"))))

    def test_users_that_cannot_be_are_fatal(self):
        done = self.netmonc("-o", "csv", "--user", "no-such-user", "-r", e2e.capture("dns"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("user no-such-user: no such user", done.stderr)
        own = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}
        capture = shutil.copy(e2e.capture("dns"), self.dir)
        done = self.netmonc("-o", "csv", "--user", "root", "-r", capture, **own)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("only root can become another user", done.stderr)

    @unittest.skipUnless(ROOT, "only root becomes another user")
    def test_modules_that_the_user_may_not_read_are_fatal(self):
        for path in (self.modules, self.module_dir):
            with self.subTest(path.name):
                mode = path.stat().st_mode
                path.chmod(0o600 if path.is_file() else 0o700)
                done = self.netmonc("-o", "csv", "-r", e2e.capture("dns"))
                path.chmod(mode)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, f"{path.name}: user .* may not read it")

    def test_less_of_it_is_warned_about(self):
        done = self.netmonc("-o", "csv", "--no-sandbox", "-r", e2e.capture("dns"))
        self.assertEqual(done.returncode, 0)
        self.assertIn("without the file filter and the system call filter", done.stderr)
        if ROOT:
            done = self.netmonc("-o", "csv", "--user", "root", "-r", e2e.capture("dns"))
            self.assertEqual(done.returncode, 0)
            self.assertIn("running as root", done.stderr)

    def locked(self, *words, uid, least=2):
        """Every thread of a netmonc with a sender is locked up as that user; so many there are at least."""
        process = self.start("netmonc", "-v", "-h", "localhost", "-p", e2e.free_port(), *words, stdin=subprocess.PIPE)
        self.addCleanup(process.popen.stdin.close)
        process.wait_line("no connection to collector")
        # the sender may speak before the workers are there
        e2e.wait_until(lambda: len(self.status(process)) >= least, f"{least} threads")
        threads = self.status(process)
        for thread in threads:
            self.assertEqual((thread["NoNewPrivs"], thread["Seccomp"]), ("1", "2"))
            self.assertEqual(set(thread["Uid"].split()), {str(uid)})
            self.assertEqual(set(thread["Gid"].split()), {str(NOBODY if ROOT else os.getegid())})
            for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") + (("CapBnd",) if ROOT else ()):
                self.assertEqual(int(thread[name], 16), 0, name)
        return process, threads

    def test_every_thread_is_inside(self):
        self.locked("-r", "-", uid=NOBODY if ROOT else os.geteuid())

    @unittest.skipUnless(ROOT, "needs root")
    def test_live_capture_is_inside(self):
        # the main one, two workers, the sender
        process, threads = self.locked("-i", "lo", "--workers", "2", uid=NOBODY, least=4)
        self.assertEqual({t.get("Groups", "").strip() for t in threads}, {str(NOBODY)})
        process.kill()

    @unittest.skipUnless(ROOT, "needs root")
    def test_files_only_root_may_read_are_read(self):
        closed = self.dir / "closed"
        closed.mkdir(0o700)
        shutil.copy(e2e.capture("dns"), closed / "x.pcap")
        shutil.copytree(self.module_dir, closed / "so")
        (closed / "so").chmod(0o755)
        (closed / "modules").write_text("intruder\n")
        done = e2e.run("netmonc", "-v", "-o", "csv", "--modules", closed / "modules", "--module-dir", closed / "so",
                       "-r", closed / "x.pcap")
        self.assertEqual(e2e.sums(e2e.records(done.stdout)), e2e.sums(e2e.netmonc_csv(e2e.capture("dns"))))
        self.assertIn("module intruder: ", done.stderr)

    def test_a_file_that_is_not_there_is_an_error_at_its_turn(self):
        done = self.netmonc("-o", "csv", "-r", e2e.capture("dns"), "-r", self.dir / "none", "-r", e2e.capture("ssh"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.dir}/none: No such file", done.stderr)
        both = [e2e.sums(e2e.netmonc_csv(e2e.capture(name))) for name in ("dns", "ssh")]
        self.assertEqual(e2e.sums(e2e.records(done.stdout)), tuple(map(sum, zip(*both))))


class Inside(Case):
    """What must go on working."""

    def test_a_collector_that_is_named_is_found_when_it_comes(self):
        port = e2e.free_port()
        with open(e2e.capture("dns"), "rb") as capture:
            process = self.start("netmonc", "-v", "-h", "localhost", "-p", port, "-r", "-", stdin=capture)
        process.wait_line("no connection to collector localhost")
        self.netmond(store=True, port=port)
        self.assertEqual(process.wait_end(), 0, process.log())
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(e2e.capture("dns"))))

    def test_modules_are_read_again(self):
        process = self.start("netmonc", "-v", "--modules", self.modules, "--module-dir", self.module_dir, "-o", "csv",
                             "-r", "-", stdin=subprocess.PIPE)
        process.wait_line("module intruder: ")
        shutil.copy(e2e.binary("modules/dns.so"), self.module_dir / "dns.so")
        self.modules.with_name("new").write_text("dns\n")
        self.modules.with_name("new").rename(self.modules)

        def read_again():
            # one that comes before netmonc waits for input is followed when input comes
            process.send(signal.SIGHUP)
            return "rules read again" in process.log()

        e2e.wait_until(read_again, "modules to be read again")
        process.popen.stdin.write(Path(e2e.capture("dns")).read_bytes())
        process.popen.stdin.close()
        self.assertEqual(process.wait_end(), 0, process.log())
        self.assertIn("DNS", {r["application"] for r in e2e.records(process.out())})


@e2e.needs_netns
class Interfaces(e2e.Case):
    """Interfaces that go away, when nothing can be opened any more. One that comes back is test_live_capture's."""

    def setUp(self):
        super().setUp()
        self.ns = f"nmsandbox{os.getpid()}"
        e2e.run("ip", "netns", "add", self.ns)
        self.addCleanup(e2e.run, "ip", "netns", "del", self.ns)
        for pair in ("a", "b"):
            self.inside("ip", "link", "add", f"{pair}0", "type", "veth", "peer", "name", f"{pair}1")
            self.inside("ip", "link", "set", f"{pair}1", "up")

    def inside(self, *argv, check=True):
        return e2e.run("ip", "netns", "exec", self.ns, *argv, check=check)

    def change_kind(self, name):
        """The interface comes back as one of another link type."""
        self.inside("ip", "link", "del", name)
        if self.inside("ip", "tuntap", "add", "name", name, "mode", "tun", check=False).returncode != 0:
            self.skipTest("no tun interfaces here")

    def test_one_of_another_kind_is_lost_and_the_last_one_ends_it(self):
        process = self.start("ip", "netns", "exec", self.ns, e2e.binary("netmonc"), "-v", "-o", "csv", "-i", "a1", "-i", "b1")
        process.wait_line("module dns: ")
        self.change_kind("a1")
        process.wait_line("a1: .*restart netmonc")
        self.assertTrue(process.running())
        self.change_kind("b1")
        self.assertEqual(process.wait_end(), 1, process.log())
        self.assertRegex(process.log(), "b1: .*restart netmonc")
        self.assertIn("no interface is left", process.log())
        self.assertIn("the ledger closes", process.log())


if __name__ == "__main__":
    unittest.main()
