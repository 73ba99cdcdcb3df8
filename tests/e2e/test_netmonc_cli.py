# SPDX-License-Identifier: GPL-3.0-or-later
"""netmonc's command line: what it takes and refuses, and what it prints of capture files."""
import json
import os
import re
import signal
import sqlite3
import struct
import subprocess
import unittest

import netmon_e2e as e2e

HEADER = ("saddr,daddr,sport,dport,protocol,packets,octets,application,confidence,reason,started,expires,link,vlan,"
          "tunnel,sampling,service,host")


def netmonc(*argv, **kwargs):
    return e2e.run("netmonc", *argv, check=False, **kwargs)


def frames(path):
    """(octets captured, frame) of a little-endian pcap file."""
    data = open(path, "rb").read()
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def ip_sums(path):
    """Packets and octets of IPv4 and IPv6 over Ethernet, read independently of netmonc."""
    packets = octets = 0
    for frame in frames(path):
        kind = struct.unpack_from(">H", frame, 12)[0]
        if kind == 0x0800:
            packets, octets = packets + 1, octets + struct.unpack_from(">H", frame, 16)[0]
        elif kind == 0x86DD:
            packets, octets = packets + 1, octets + 40 + struct.unpack_from(">H", frame, 18)[0]
    return packets, octets


class Usage(e2e.Case):
    def refused(self, *argv, words=""):
        done = netmonc(*argv)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("netmonc: "), done.stderr)
        self.assertIn(words, done.stderr)

    def test_wrong_usage_is_one_line_and_status_2(self):
        self.refused(words="-r")
        self.refused("-i", "lo", "-r", "x", words="exclude")
        self.refused("--nonsense", words="--nonsense")
        self.refused("-r", "x", "-o", "xml", words="xml")
        self.refused("-r", "x", "-p", "99999", words="65535")
        self.refused("-r", "x", "tcp", "portt", "80", words="filter")
        self.refused("-r", "x", "--config", self.dir / "none", words="none")

    def test_help_and_version_go_to_standard_output(self):
        done = netmonc("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("--interface", "--read", "--host", "--check", "--active-timeout"):
            self.assertIn(option, done.stdout)
        done = netmonc("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^netmonc \d+\.\d+")

    def test_an_interface_that_is_not_there_is_an_error(self):
        done = netmonc("-i", "nosuch0", "-o", "csv")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nosuch0", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_check_says_what_would_run(self):
        config = self.dir / "netmonc.conf"
        config.write_text('interface = {"lo"}\nlink = {"uplink"}\nidle_timeout = 17\n')
        done = netmonc("--config", config, "--check", "-h", "collector.example", "udp")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for words in (str(config), 'interface lo as link "uplink"', "udp", "collector.example port 5000", "idle 17 s"):
            self.assertIn(words, done.stdout)

    def test_every_example_of_the_sample_configuration_is_taken(self):
        lines = (e2e.TREE / "etc" / "netmonc.conf").read_text().splitlines()
        settings = [m.group(1) for m in (re.fullmatch(r"# ([a-z_]+ = .*)", line) for line in lines) if m]
        config = self.dir / "netmonc.conf"
        config.write_text("\n".join(x for x in settings if not x.startswith(("module", "services", "rules"))) + "\n")
        done = netmonc("--config", config, "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("every 1000 ms", done.stdout)
        names = {x.partition(" ")[0] for x in settings}
        options = set(re.findall(r"--([a-z-]+)", netmonc("--help").stdout))
        only_on_the_command_line = {"read", "output", "config", "check", "explain", "endpoint", "verbose", "version", "help", "no-sandbox"}
        self.assertEqual({n.replace("_", "-") for n in names}, options - only_on_the_command_line)

    def test_check_refuses_what_would_not_run(self):
        modules = self.dir / "modules"
        self.assertEqual(netmonc("--check", "-i", "lo", "--modules", modules).returncode, 2)
        config = self.dir / "netmonc.conf"
        config.write_text("port = nowhere\n")
        done = netmonc("--config", config, "--check", "-i", "lo")
        self.assertEqual(done.returncode, 2)
        self.assertIn("port", done.stderr)


class Files(e2e.Case):
    def setUp(self):
        super().setUp()
        self.http = e2e.capture("http")
        self.dns = e2e.capture("dns")

    def test_csv_begins_with_the_header(self):
        lines = netmonc("-o", "csv", "-r", self.http).stdout.splitlines()
        self.assertEqual(lines[0], HEADER)
        self.assertGreater(len(lines), 10)
        for line in lines[1:]:
            self.assertEqual(line.count(","), HEADER.count(","), line)

    def test_sums_are_those_of_the_capture(self):
        for name in ("http", "https", "dns", "ssh", "smtp", "ftp", "sip"):
            with self.subTest(name):
                path = e2e.capture(name)
                self.assertEqual(e2e.sums(e2e.netmonc_csv(path)), ip_sums(path))

    def test_standard_input_is_read_as_a_file(self):
        wanted = netmonc("-o", "csv", "--link", "x", "-r", self.http).stdout
        with open(self.http, "rb") as file:
            got = netmonc("-o", "csv", "--link", "x", "-r", "-", stdin=file).stdout
        self.assertEqual(got, wanted)

    def test_two_runs_print_the_same(self):
        self.assertEqual(netmonc("-o", "csv", "-r", self.http).stdout, netmonc("-o", "csv", "-r", self.http).stdout)

    def test_two_files_are_read_one_after_another(self):
        both = e2e.netmonc_csv(self.http, self.dns)
        one, two = e2e.netmonc_csv(self.http), e2e.netmonc_csv(self.dns)
        self.assertEqual(e2e.sums(both), tuple(map(sum, zip(e2e.sums(one), e2e.sums(two)))))
        self.assertEqual({r["link"] for r in both}, {"http.pcap"})

    def test_a_file_cut_in_two_gives_the_records_of_the_whole(self):
        data = open(self.http, "rb").read()
        at, n = 24, 0
        while n < 100:
            at += 16 + struct.unpack_from("<I", data, at + 8)[0]
            n += 1
        first, second = self.dir / "first.pcap", self.dir / "second.pcap"
        first.write_bytes(data[:at])
        second.write_bytes(data[:24] + data[at:])
        self.assertEqual(netmonc("-o", "csv", "--link", "x", "-r", first, "-r", second).stdout,
                         netmonc("-o", "csv", "--link", "x", "-r", self.http).stdout)

    def test_the_filter_chooses_packets(self):
        rows = e2e.records(netmonc("-o", "csv", "-r", self.http, "tcp", "and", "dst", "port", "80").stdout)
        self.assertTrue(rows)
        self.assertEqual({(r["protocol"], r["dport"]) for r in rows}, {(6, 80)})
        self.assertEqual(netmonc("-o", "csv", "-r", self.http, "sctp").stdout, HEADER + "\n")

    def test_a_file_that_broke_off_is_metered_up_to_there(self):
        data = open(self.http, "rb").read()
        cut = self.dir / "cut.pcap"
        cut.write_bytes(data[:len(data) // 2])
        done = netmonc("-o", "csv", "-r", cut)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cut.pcap", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertGreater(e2e.sums(e2e.records(done.stdout))[0], 100)

    def test_what_is_no_capture_is_one_line_and_status_1(self):
        nothing = self.dir / "nothing.pcap"
        nothing.write_bytes(b"")
        for path in (nothing, self.dir / "missing.pcap", self.dir, __file__, "a\nb\x1b[2J"):
            done = netmonc("-o", "csv", "-r", path)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertEqual(done.stdout, HEADER + "\n")

    def test_an_unknown_link_type_is_named(self):
        path = self.dir / "usb.pcap"
        path.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 189))
        done = netmonc("-o", "csv", "-r", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("USB_LINUX", done.stderr)

    def test_the_ledger_closes(self):
        done = netmonc("-v", "-o", "csv", "-r", self.http, "-r", self.dns)
        lines = re.findall(r"link \S+: (\S+) +(\d+) packets +(\d+) octets(.*)", done.stderr)
        counts = {cause: int(packets) for cause, packets, _, remark in lines if not remark}
        seen = counts.pop("seen")
        self.assertGreater(seen, 0)
        self.assertEqual(seen, sum(counts.values()))
        self.assertEqual(counts["metered"], e2e.sums(e2e.records(done.stdout))[0])
        self.assertRegex(done.stderr.splitlines()[-1], r"link \S+: the ledger closes: ")

    def test_the_ledger_is_aligned(self):
        done = netmonc("-v", "-o", "csv", "-r", self.http)
        ends = {(line.index(" packets"), line.index(" octets")) for line in done.stderr.splitlines()
                if re.search(r"link .* packets +\d+ octets", line)}
        self.assertEqual(len(ends), 1, done.stderr)


class Formats(e2e.Case):
    def setUp(self):
        super().setUp()
        self.http = e2e.capture("http")
        self.rows = e2e.netmonc_csv(self.http)

    def test_json_is_an_object_a_line_with_the_same_values(self):
        lines = netmonc("-o", "json", "-r", self.http).stdout.splitlines()
        objects = [json.loads(line) for line in lines]
        self.assertEqual(len(objects), len(self.rows))
        for got, wanted in zip(objects, self.rows):
            self.assertEqual(list(got), HEADER.split(",") + ["host_source"])
            for key, value in wanted.items():
                if key in ("started", "expires"):
                    self.assertAlmostEqual(got[key], float(value), places=3)
                else:
                    self.assertEqual(got[key], value)

    def test_sql_fills_a_database_with_the_schema(self):
        db = sqlite3.connect(":memory:")
        db.executescript((e2e.TREE / "schema" / "sqlite.sql").read_text())
        db.executescript(netmonc("-o", "sql", "-r", self.http).stdout)
        self.assertEqual(db.execute("SELECT sum(packets), sum(octets), count(*) FROM flow").fetchone(),
                         (*e2e.sums(self.rows), len(self.rows)))

    def test_records_are_frames(self):
        data = netmonc("-o", "records", "-r", self.http, text=False).stdout
        at, kinds = 0, []
        while at < len(data):
            kind, _, _, length = struct.unpack_from(">BBHI", data, at)
            kinds.append(kind)
            at += 8 + length
        self.assertEqual(at, len(data))
        self.assertEqual(kinds[:2], [1, 3])
        self.assertIn(4, kinds)

    def test_records_are_not_written_to_a_terminal(self):
        master, slave = os.openpty()
        try:
            done = subprocess.run([e2e.binary("netmonc"), "-o", "records", "-r", self.http], stdout=slave,
                                  stderr=subprocess.PIPE, timeout=20, check=False)
        finally:
            os.close(slave)
            os.close(master)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"terminal", done.stderr)

    def test_help_that_cannot_be_printed_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([e2e.binary("netmonc"), "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)

    def test_a_full_disk_and_a_closed_pipe_are_errors(self):
        for form in ("csv", "json", "sql", "records"):
            with self.subTest(form), open("/dev/full", "wb") as full:
                done = subprocess.run([e2e.binary("netmonc"), "-o", form, "-r", self.http], stdout=full,
                                      stderr=subprocess.PIPE, timeout=20, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run([e2e.binary("netmonc"), "-o", "csv", "-r", self.http], stdout=writer,
                                  stderr=subprocess.PIPE, timeout=20, check=False)
        finally:
            os.close(writer)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)


class Signals(e2e.Case):
    def start_on_pipe(self, *options):
        """netmonc that reads a capture from a pipe that stays open."""
        reader, writer = os.pipe()
        process = self.start("netmonc", "-o", "csv", *options, "-r", "-", stdin=reader)
        os.close(reader)
        self.addCleanup(os.close, writer)
        os.write(writer, open(e2e.capture("dns"), "rb").read())
        return process

    def test_sigterm_flushes_what_was_metered(self):
        wanted = e2e.sums(e2e.netmonc_csv(e2e.capture("dns")))
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start_on_pipe()
            e2e.wait_until(lambda p=process: self.reads_nothing_more(p), "netmonc to read all of the pipe")
            self.assertEqual(process.stop(number), 0, process.log())
            self.assertEqual(e2e.sums(e2e.records(process.out())), wanted)

    def test_sigusr1_prints_the_ledger_also_while_nothing_comes(self):
        process = self.start_on_pipe()
        e2e.wait_until(lambda: self.reads_nothing_more(process), "netmonc to read all of the pipe")
        process.send(signal.SIGUSR1)
        process.wait_line(r"link stdin: seen +\d+ packets")
        self.assertEqual(process.stop(), 0, process.log())

    def reads_nothing_more(self, process):
        """Whether it sleeps in read() on its standard input."""
        with open(f"/proc/{process.pid}/wchan", encoding="ascii") as file:
            return "pipe" in file.read()


if __name__ == "__main__":
    unittest.main()
