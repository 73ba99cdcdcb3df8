# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags outlive a restart: what the first run learned names flows that the second one sees from their middle only."""
import os
import shutil
import signal
import struct
import subprocess
import unittest
from pathlib import Path

import netmon_e2e as e2e

NOBODY = 65534
ROOT = os.geteuid() == 0


def parts(name, *shares):
    """A capture file cut at these shares of its packets."""
    data = Path(e2e.capture(name)).read_bytes()
    packets, at = [], 24
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        packets.append(data[at:at + 16 + length])
        at += 16 + length
    cuts = [0, *(int(len(packets) * share) for share in shares), len(packets)]
    return [data[:24] + b"".join(packets[a:b]) for a, b in zip(cuts, cuts[1:])]


class Case(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state = self.folder("state")
        self.tags = self.state / "tags"
        self.before, self.after = (self.dir / name for name in ("before.pcap", "after.pcap"))
        for path, data in zip((self.before, self.after), parts("bt-http-tracker", 0.3)):
            path.write_bytes(data)

    def folder(self, name, owner=NOBODY):
        path = self.dir / name
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        if ROOT:
            os.chown(path, owner, owner)
        return path

    def words(self, *words):
        return (*(["--user", "nobody"] if ROOT else []), "-v", "-o", "csv", *words)

    def netmonc(self, *words, **kwargs):
        return e2e.run("netmonc", *self.words(*words), **kwargs)

    def first(self):
        return self.netmonc("--state-dir", self.state, "-r", self.before)

    def second(self, *words):
        """(octets by application, the log) of the second half."""
        done = self.netmonc(*(words or ("--state-dir", self.state)), "-r", self.after)
        names = {}
        for row in e2e.records(done.stdout):
            names[row["application"]] = names.get(row["application"], 0) + row["octets"]
        return names, done.stderr


class Restart(Case):
    def test_flows_from_their_middle_are_named_by_what_was_learned_before(self):
        whole = e2e.sums(e2e.netmonc_csv(str(self.after)))
        names, _ = self.second("--link", "x")
        self.assertGreater(names["Unknown"], whole[1] / 4)
        self.first()
        names, log = self.second()
        self.assertEqual(names, {"BitTorrent": whole[1]})
        self.assertRegex(log, r"tags: [1-9][0-9]* taken from .*/state/tags, saved ")
        # and once more: it saved them too
        self.assertEqual(self.second()[0], names)

    def test_several_workers_share_them(self):
        self.netmonc("--workers", "2", "--state-dir", self.state, "-r", self.before)
        names, _ = self.second("--workers", "2", "--state-dir", self.state)
        self.assertEqual(set(names), {"BitTorrent"})

    def test_without_a_folder_nothing_is_kept(self):
        # the one that systemd makes is for what is captured live
        env = {"STATE_DIRECTORY": self.state}
        self.netmonc("-r", self.before, env=env)
        self.assertEqual(list(self.state.iterdir()), [])

    def test_a_crash_loses_what_came_after_the_last_save(self):
        process = self.start("netmonc", *self.words("--state-dir", self.state, "-r", "-"), stdin=subprocess.PIPE)
        self.addCleanup(process.popen.stdin.close)
        process.popen.stdin.write(self.before.read_bytes())
        process.popen.stdin.flush()
        process.wait_line("tags: none are saved")

        def saved():
            # a reload saves; one that comes before netmonc waits for input is followed when input comes
            process.send(signal.SIGHUP)
            return self.tags.exists() and self.tags.stat().st_size > 100

        e2e.wait_until(saved, "a save")
        process.kill()
        self.assertEqual(set(self.second()[0]), {"BitTorrent"})

    def test_a_crash_in_the_middle_of_a_save_leaves_the_old_file(self):
        self.first()
        shutil.copy(self.tags, self.state / "tags.new")
        with (self.state / "tags.new").open("r+b") as file:
            file.truncate(50)
        self.assertEqual(set(self.second()[0]), {"BitTorrent"})
        self.assertFalse((self.state / "tags.new").exists())

    def test_an_application_of_no_module_is_left_out(self):
        self.first()
        modules = self.dir / "modules"
        modules.write_text("dns\n")
        names, log = self.second("--modules", modules, "--state-dir", self.state)
        self.assertEqual(set(names), {"Unknown"})
        self.assertRegex(log, "tags: 0 taken from .* [1-9][0-9]* of no module")

    def test_a_file_that_was_damaged_is_one_line(self):
        self.first()
        good = self.tags.read_bytes()
        damages = {"empty": b"", "one octet short": good[:-1], "cut": good[:40], "one octet other": good[:60] + b"\xff" + good[61:],
                   "text": b"# a note of the admin's\n", "noise": bytes((i * 37 + 11) & 0xFF for i in range(500))}
        for name, data in damages.items():
            with self.subTest(name):
                self.tags.write_bytes(data)
                if ROOT:
                    os.chown(self.tags, NOBODY, NOBODY)
                names, log = self.second()
                self.assertIn("Unknown", names)
                self.assertEqual(len([line for line in log.splitlines() if "begun without tags" in line]), 1, log)


class Folder(Case):
    def refused(self, folder, words):
        done = self.netmonc("--state-dir", folder, "-r", self.before, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, f"netmonc: state folder {folder}: {words}")

    def test_one_that_is_not_there_is_an_error_that_says_what_to_do(self):
        self.refused(self.dir / "none", "there is none: make it for user .*--state-dir")

    def test_one_that_the_user_may_not_write_is_an_error_that_says_what_to_do(self):
        folder = self.folder("closed", owner=0)
        folder.chmod(0o555)
        self.refused(folder, "user .* may not write in it: chown it, or .*--state-dir")

    def test_a_file_in_its_place_is_an_error(self):
        path = self.dir / "file"
        path.write_text("")
        path.chmod(0o777)
        self.refused(path, "Not a directory")

    def test_one_for_two_is_an_error(self):
        process = self.start("netmonc", *self.words("--state-dir", self.state, "-r", "-"), stdin=subprocess.PIPE)
        self.addCleanup(process.popen.stdin.close)
        process.wait_line("module dns: ")
        self.refused(self.state, "another netmonc uses it: give each one a folder of its own")

    def test_nothing_else_gets_writable(self):
        """What a module that was taken over can write: the folder, and no other file."""
        so = self.dir / "so"
        so.mkdir()
        shutil.copy(e2e.binary("tests/sandbox/intruder.so"), so)
        modules = self.dir / "modules"
        modules.write_text("intruder\n")
        open_to_all = self.folder("open")
        open_to_all.chmod(0o777)
        for path, wanted in ((self.state / "new", "done"), (open_to_all / "new", "Permission denied")):
            udp_payload = f"INTRUDE create {path}".encode()
            udp = struct.pack("!HHHH", 40000, 9, 8 + len(udp_payload), 0) + udp_payload
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2") + udp
            frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip
            capture = self.dir / "intrude.pcap"
            capture.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) +
                                struct.pack("<IIII", 1700000000, 0, len(frame), len(frame)) + frame)
            done = self.netmonc("--state-dir", self.state, "--modules", modules, "--module-dir", so, "-r", capture)
            if wanted == "done" or "no Landlock" not in done.stderr:
                self.assertIn(f"intruder: create: {wanted}\n", done.stderr)


@unittest.skipUnless(ROOT and shutil.which("unshare"), "needs root and unshare(1)")
class Disk(Case):
    """Each netmonc in a mount namespace of its own, which goes with it."""

    def on_disk(self, prepare):
        """A first run on a small disk in the state folder's place, after `prepare`, shell commands in which $1 is the folder."""
        script = f'mount -t tmpfs -o size=64k,uid={NOBODY},gid={NOBODY} none "$1" && {prepare} && shift && exec "$@"'
        done = e2e.run("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", self.state,
                       e2e.binary("netmonc"), *self.words("--state-dir", self.state, "-r", self.before), check=False)
        if "mount" in done.stderr and "permission" in done.stderr.lower():
            self.skipTest("nothing can be mounted here")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(e2e.sums(e2e.records(done.stdout)), e2e.sums(e2e.netmonc_csv(str(self.before))))
        return done.stderr

    def test_a_full_one_is_one_line_and_no_failure(self):
        log = self.on_disk('{ head -c 100000 /dev/zero >"$1/zeros" 2>/dev/null || true; }')
        self.assertEqual(log.count("tags are not saved: No space left on device"), 1, log)

    def test_one_that_can_only_be_read_is_no_failure(self):
        log = self.on_disk('mount -o remount,ro "$1"')
        self.assertEqual(log.count("tags are not saved: Read-only file system"), 1, log)
        self.assertIn("a module that fails will not be left out", log)


@e2e.needs_netns
class Live(e2e.Case):
    def test_the_folder_that_systemd_makes_is_used(self):
        ns = f"nmstate{os.getpid()}"
        e2e.run("ip", "netns", "add", ns)
        self.addCleanup(e2e.run, "ip", "netns", "del", ns)
        e2e.run("ip", "netns", "exec", ns, "ip", "link", "set", "lo", "up")
        state = self.dir / "state"
        state.mkdir()
        os.chown(state, NOBODY, NOBODY)
        process = self.start("ip", "netns", "exec", ns, e2e.binary("netmonc"), "--user", "nobody", "-v", "-o", "csv", "-i", "lo",
                             env={"STATE_DIRECTORY": state})
        process.wait_line("tags: none are saved in ")
        self.assertEqual(process.stop(), 0, process.log())
        self.assertEqual(sorted(path.name for path in state.iterdir()), ["modules.bad", "tags"])


if __name__ == "__main__":
    unittest.main()
