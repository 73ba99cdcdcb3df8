# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and the admin's own rules as an admin meets them: columns, precedence, mistakes, reload."""
import os
import signal
import struct
import unittest

import netmon_e2e as e2e

ETHERNET = bytes(12) + b"\x08\x00"
REQUEST = b"GET / HTTP/1.1\r\nHost: www.%s.example\r\n\r\n"


def tcp_packet(sport, payload, dport=80, second=0):
    """A record of a capture file that holds one TCP segment from 10.0.0.1 to 192.0.2.1."""
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 0x50, 0x18, 1000, 0, 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + bytes([10, 0, 0, 1, 192, 0, 2, 1])
    frame = ETHERNET + ip + tcp
    return struct.pack("<IIII", 1700000000 + second, 0, len(frame), len(frame)) + frame


def pcap(*packets):
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(packets)


class Files(e2e.Case):
    """Each test has files of its own."""

    def setUp(self):
        super().setUp()
        self.services = self.dir / "services.conf"
        self.rules = self.dir / "rules.conf"
        self.services.write_text("")
        self.rules.write_text("")

    def words(self):
        return ["--services", self.services, "--rules", self.rules]

    def netmonc(self, *words, **kwargs):
        return e2e.run("netmonc", *self.words(), *words, **kwargs)

    def rows(self, capture):
        return e2e.records(self.netmonc("-o", "csv", "-r", e2e.capture(capture)).stdout)

    def labels(self, capture):
        return {(row["application"], row["service"], row["host"]) for row in self.rows(capture)}


class Labels(Files):
    def test_a_service_stands_beside_protocol_and_host(self):
        self.services.write_text("First [Own] = www1.example\nSecond [Own] = example\n")
        self.assertEqual(self.labels("http"), {("HTTP", "First", "www1.example"), ("HTTP", "Second", "www2.example")})

    def test_names_of_https_come_from_the_handshake(self):
        self.services.write_text("Shopping [Own] = shop.example\n")
        self.assertEqual(self.labels("https") - {("HTTPS", "", "")},
                         {("HTTPS", "Shopping", "shop.example"), ("HTTPS", "", "bank.example")})

    def test_without_a_service_the_host_is_still_told(self):
        self.assertEqual(self.labels("http"), {("HTTP", "", "www1.example"), ("HTTP", "", "www2.example")})

    def test_a_rule_beats_signatures_and_services_and_says_its_line(self):
        self.services.write_text("Shopping = example\n")
        self.rules.write_text("# ours\n\ntcp port 80 = \"Our web\" [Own]\n")
        for row in self.rows("http"):
            if 80 in (row["sport"], row["dport"]):
                self.assertEqual((row["application"], row["service"], row["confidence"], row["reason"]),
                                 ("Our web", "", 100, "rules.conf:3 rule"))
            else:
                self.assertEqual((row["application"], row["service"]), ("HTTP", "Shopping"))
        self.assertEqual({row["application"] for row in self.rows("https")}, {"HTTPS"})

    def test_the_first_rule_that_is_met_counts(self):
        servers = sorted({row["daddr"] for row in self.rows("http") if row["dport"] == 80})
        self.assertGreater(len(servers), 1)
        self.rules.write_text(f"host {servers[0]} port 80 = One\ntcp port 80 = All\n")
        for row in self.rows("http"):
            one = servers[0] in (row["saddr"], row["daddr"])
            if 80 in (row["sport"], row["dport"]):
                self.assertEqual(row["application"], "One" if one else "All")

    def test_a_thousand_rules_all_have_their_reason(self):
        lines = [f"tcp port {20000 + i} = Rule{i}\n" for i in range(999)]
        self.rules.write_text("".join(lines) + "tcp port 80 = Last\n")
        rows = [row for row in self.rows("http") if 80 in (row["sport"], row["dport"])]
        self.assertEqual({(row["application"], row["reason"]) for row in rows}, {("Last", "rules.conf:1000 rule")})

    def test_the_list_that_comes_along_is_used_when_nothing_else_is_said(self):
        done = e2e.run("netmonc", "--check", "-r", e2e.capture("http"))
        self.assertRegex(done.stdout, r"services +\S+/services\.conf\n")
        self.assertRegex(done.stdout, r"rules +\S+/rules\.conf\n")


class Mistakes(Files):
    def check(self):
        return self.netmonc("--check", "-r", e2e.capture("http"), check=False)

    def test_check_says_how_many_there_are(self):
        self.services.write_text("A = a.example\nB = b.example, c.example\n")
        self.rules.write_text("port 1 = X\nport 2 = Y\nport 3 = Z\n")
        done = self.check()
        self.assertEqual(done.returncode, 0)
        self.assertIn("2 services, 3 rules", done.stdout)
        self.assertRegex(done.stdout, f"services +{self.services}\n")

    def test_a_mistake_is_one_line_with_its_place_and_status_2(self):
        for file, text, says in ((self.services, "A = a.example\nB = A.example\n", ":2: a.example belongs to \"A\" in line 1"),
                                 (self.services, "A = *.a.example\n", ":1: \"*.a.example\" is no domain"),
                                 (self.rules, "port 1 = X\n\nport http = Y\n", ":3: \"http\" is no port"),
                                 (self.rules, "tcp\n", ":1: no '=' and name at the end")):
            file.write_text(text)
            with self.subTest(text):
                done = self.check()
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"{file}{says}", done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
            file.write_text("")

    def test_a_file_that_is_named_has_to_be_there(self):
        os.unlink(self.services)
        done = self.check()
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{self.services}: No such file", done.stderr)

    def test_another_list_is_another_version_of_the_labels(self):
        def version():
            return self.check().stdout.split("labels version ")[1].strip()
        first = version()
        self.services.write_text("# only a comment\n")
        self.assertEqual(version(), first)
        self.services.write_text("A = a.example\n")
        second = version()
        self.assertNotEqual(second, first)
        self.rules.write_text("port 1 = X\n")
        self.assertNotIn(version(), (first, second))


class Reload(Files):
    """A netmonc that reads a pipe, so that time stands still while its files change."""

    def setUp(self):
        super().setUp()
        reader, self.pipe = os.pipe()
        self.process = None
        self.reader = reader
        self.services.write_text("Old = old.example\n")
        self.rules.write_text("tcp port 4444 = \"Old rule\"\n")

    def tearDown(self):
        for fd in (self.reader, self.pipe):
            if fd is not None:
                os.close(fd)

    def begin(self):
        self.process = self.start("netmonc", "-v", *self.words(), "-o", "csv", "-r", "-", stdin=self.reader)
        os.close(self.reader)
        self.reader = None
        self.feed(pcap())
        self.process.wait_line("module http: ")
        self.reload("read again", 30000)  # after that the first reading is over

    def feed(self, data):
        while data:
            data = data[os.write(self.pipe, data):]

    def reload(self, says, port):
        """Sends SIGHUP, and packets until it is acted upon: signals are looked at between batches."""
        before = self.process.log().count(says)
        self.process.send(signal.SIGHUP)
        for _ in range(200):
            self.feed(b"".join(tcp_packet(port + i, b"x") for i in range(200)))
            if self.process.log().count(says) > before:
                return
            e2e.time.sleep(0.02)
        self.fail(self.process.log())

    def names(self):
        os.close(self.pipe)
        self.pipe = None
        self.assertEqual(self.process.wait_end(), 0)
        return {row["sport"]: (row["application"], row["service"]) for row in e2e.records(self.process.out())}

    def test_sighup_takes_changed_files_for_what_begins_then(self):
        self.begin()
        self.feed(tcp_packet(4000, REQUEST % b"old") + tcp_packet(4001, REQUEST % b"new") + tcp_packet(4002, b"x", 4444))
        self.feed(b"".join(tcp_packet(20000 + i, b"x") for i in range(5000)))  # more than the pipe holds
        self.services.write_text("New = new.example\n")
        edited = self.dir / "rules.new"  # as editors do it
        edited.write_text("tcp port 4444 = \"New rule\"\n")
        os.replace(edited, self.rules)
        self.reload("read again", 40000)
        self.feed(tcp_packet(5000, REQUEST % b"old") + tcp_packet(5001, REQUEST % b"new") + tcp_packet(5002, b"x", 4444) +
                  tcp_packet(4002, b"more", 4444))
        names = self.names()
        self.assertEqual({port: names[port] for port in (4000, 4001, 4002, 5000, 5001, 5002)},
                         {4000: ("HTTP", "Old"), 4001: ("HTTP", ""), 4002: ("Old rule", ""),
                          5000: ("HTTP", ""), 5001: ("HTTP", "New"), 5002: ("New rule", "")})

    def test_a_mistake_at_sighup_is_logged_and_the_old_files_stay(self):
        self.begin()
        self.rules.write_text("tcp port 4444 = \"New rule\"\nnonsense\n")
        self.reload("rules.conf:2: \"nonsense\" is not understood", 40000)
        self.feed(tcp_packet(5002, b"x", 4444) + tcp_packet(5000, REQUEST % b"old"))
        names = self.names()
        self.assertEqual((names[5002], names[5000]), (("Old rule", ""), ("HTTP", "Old")))


if __name__ == "__main__":
    unittest.main()
