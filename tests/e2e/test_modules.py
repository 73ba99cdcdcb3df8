# SPDX-License-Identifier: GPL-3.0-or-later
"""Classifier modules as an admin meets them: a new one is dropped in, a bad one is refused, the list is read again."""
import collections
import os
import shutil
import signal
import struct
import unittest

import netmon_e2e as e2e

LIST = e2e.TREE / "etc" / "modules"
COMPILE = ["cc", "-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
           f"-I{e2e.TREE}/lib/include", f"-I{e2e.TREE}/probe/include"]
ETHERNET = bytes(12) + b"\x08\x00"


def tcp_packet(sport, dport, payload, source="\x0a\0\0\1", second=0):
    """A record of a capture file that holds one TCP segment."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + source.encode("latin-1") + bytes([192, 0, 2, 1])
    frame = ETHERNET + ip + tcp
    return struct.pack("<IIII", 1700000000 + second, 0, len(frame), len(frame)) + frame


def pcap(*packets):
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(packets)


def skeleton_message(sport, second=0):
    return tcp_packet(sport, 7777, b"SKEL\x01\x00\x03abc", second=second)


class Modules(e2e.Case):
    """Each test has a module folder and a list of its own."""

    def setUp(self):
        super().setUp()
        self.folder = self.dir / "modules.d"
        self.folder.mkdir(mode=0o755)
        self.list = self.dir / "modules"

    def write(self, *names):
        self.list.write_text("".join(f"{name}\n" for name in names))

    def install(self, *names):
        for name in names:
            shutil.copy(e2e.BUILD / "modules" / f"{name}.so", self.folder)
            os.chmod(self.folder / f"{name}.so", 0o644)

    def compile(self, name, source):
        path = self.dir / f"{name}.c"
        path.write_text(source)
        e2e.run(*COMPILE, "-o", self.folder / f"{name}.so", path)
        os.chmod(self.folder / f"{name}.so", 0o644)

    def netmonc(self, *words, **kwargs):
        return e2e.run("netmonc", "--modules", self.list, "--module-dir", self.folder, *words, **kwargs)

    def applications(self, capture):
        path = self.dir / "case.pcap"
        path.write_bytes(capture)
        rows = e2e.records(self.netmonc("-o", "csv", "-r", path).stdout)
        return {row["application"] for row in rows}

    @e2e.needs_program("cc")
    def test_a_copy_of_the_skeleton_and_one_line_are_all_it_takes(self):
        source = (e2e.TREE / "modules" / "skeleton.c").read_text()
        self.compile("mine", source.replace("NM_MODULE(skeleton)", "NM_MODULE(mine)")
                     .replace('.name = "skeleton"', '.name = "mine"').replace('"Skeleton"', '"Mine"'))
        self.write("mine  # from the skeleton")
        self.assertEqual(self.applications(pcap(skeleton_message(4000))), {"Mine"})

    def test_check_names_each_module_that_would_run(self):
        self.install("http", "dns")
        self.write("http", "dns")
        done = self.netmonc("--check", "-v", "-r", e2e.capture("http"))
        self.assertIn("2 modules", done.stdout)
        self.assertRegex(done.stderr, "module http: .*HTTP")
        self.assertRegex(done.stderr, "module dns: .*DNS")

    def test_a_module_that_others_may_write_is_left_out_with_the_reason(self):
        self.install("http", "tls")
        os.chmod(self.folder / "http.so", 0o664)
        self.write("http", "tls")
        done = self.netmonc("-o", "csv", "-r", e2e.capture("http"))
        self.assertRegex(done.stderr, r"module refused: .*/http\.so: .*write")
        self.assertEqual({row["application"] for row in e2e.records(done.stdout)}, {"Unknown"})

    def test_a_list_that_does_not_parse_is_named_with_its_line(self):
        self.write("http", "../evil")
        done = self.netmonc("--check", "-r", e2e.capture("http"), check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{self.list}:2: ", done.stderr)

    def test_a_port_alone_is_never_proof(self):
        noise = bytes((i * 37 + 11) & 0xFF | 0x80 for i in range(64))
        ports = (20, 21, 22, 25, 53, 80, 443, 587, 5060, 6881, 8443)
        self.install(*(path.stem for path in (e2e.BUILD / "modules").glob("*.so")))
        shutil.copy(LIST, self.list)
        self.assertEqual(self.applications(pcap(*(tcp_packet(4000 + i, port, noise) for i, port in enumerate(ports)))),
                         {"Unknown"})

    def test_sighup_reads_the_list_again_and_open_flows_keep_their_names(self):
        self.install("http", "skeleton")
        self.write("http")
        reader, writer = os.pipe()
        process = self.start("netmonc", "-v", "--modules", self.list, "--module-dir", self.folder, "-o", "csv", "-r", "-",
                             stdin=reader)
        os.close(reader)
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            pipe.write(pcap(tcp_packet(4000, 80, b"GET / HTTP/1.1\r\n\r\n"), skeleton_message(4001)))
            process.wait_line("module http: ")
            self.write("skeleton")
            process.send(signal.SIGHUP)
            # signals are looked at between batches of packets
            for second in range(200):
                pipe.write(b"".join(skeleton_message(5000 + i) for i in range(200)))
                if "module skeleton: " in process.log():
                    break
                e2e.time.sleep(0.02)
            process.wait_line("module skeleton: ")
            pipe.write(skeleton_message(4002) + tcp_packet(4000, 80, b"more") +
                       tcp_packet(4003, 80, b"GET / HTTP/1.1\r\n\r\n"))
        self.assertEqual(process.wait_end(), 0)
        names = {row["sport"]: row["application"] for row in e2e.records(process.out())}
        self.assertEqual({port: names[port] for port in (4000, 4001, 4002, 4003)},
                         {4000: "HTTP", 4001: "Unknown", 4002: "Skeleton", 4003: "Unknown"})


class Captures(e2e.Case):
    """What must not change the names on our own captures."""

    def names(self, capture, *options, words=()):
        done = e2e.run("netmonc", "-o", "csv", *options, "-r", e2e.capture(capture), *words)
        names = collections.defaultdict(collections.Counter)
        for row in e2e.records(done.stdout):
            names[row["application"]]["flows"] += 1
            names[row["application"]]["octets"] += row["octets"]
        return names

    def test_the_order_of_the_list_changes_nothing(self):
        lines = [line.split("#")[0].strip() for line in LIST.read_text().splitlines()]
        backwards = self.dir / "modules"
        backwards.write_text("\n".join(line for line in reversed(lines) if line))
        for capture in e2e.captures():
            with self.subTest(capture):
                self.assertEqual(self.names(capture), self.names(capture, "--modules", backwards))

    def test_one_direction_is_enough(self):
        for capture, application in (("http", "HTTP"), ("https", "HTTPS"), ("dns", "DNS"), ("ssh", "SSH"), ("smtp", "SMTP")):
            for words in (("src", "net", "10.10.0.0/16"), ("dst", "net", "10.10.0.0/16")):
                with self.subTest(capture, direction=words[0]):
                    self.assertEqual(set(self.names(capture, words=words)) - {"ICMP"}, {application})


if __name__ == "__main__":
    unittest.main()
