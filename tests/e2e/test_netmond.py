# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond against probes made of Python: what it takes, what it refuses, and that nobody hurts anybody else."""
import os
import resource
import signal
import socket
import struct
import time

import netmon_e2e as e2e
from netmon_frames import (BUSY, FENCED, HEARTBEAT, OK, SAMPLING, TUNNELS, WRONG_VERSION, Probe, Record, apps, batch, chain,
                           frame, hello, labels_frame)


class Netmond(e2e.Case):
    def connect(self, netmond):
        probe = Probe(netmond.port)
        self.addCleanup(probe.close)
        return probe

    def flows(self):
        return e2e.query(self.dir / "netmon.db", "SELECT count(*), coalesce(sum(octets), 0) FROM flow")[0]


class Store(Netmond):
    def test_a_batch_is_in_the_store_when_it_is_acknowledged(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        self.assertEqual(probe.greet(probe="core", links=("eth0", "eth1"))[:2], (OK, 0))
        probe.send(apps((7, "HTTP", "Web")))
        probe.store(1, [Record(octets=70000, application=7, link=1), Record("2001:db8::1", "2001:db8::2", vlan=12)],
                    ledger=[(1700000040, 0, 1, 20, 71000)])
        rows = e2e.query(self.dir / "netmon.db",
                         "SELECT f.*, l.name AS link_name, p.name AS probe_name FROM flow f JOIN link l ON l.id=f.link "
                         "JOIN probe p ON p.id=l.probe ORDER BY f.id")
        self.assertEqual([(r["saddr"], r["octets"], r["application"], r["link_name"], r["probe_name"], r["vlan"])
                          for r in rows],
                         [("10.0.0.1", 70000, 7, "eth1", "core", 0), ("2001:db8::1", 1000, 0, "eth0", "core", 12)])
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT name FROM application WHERE id=7")[0][0], "HTTP")
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT packets FROM ledger")[0][0], 20)

    def test_the_version_of_the_labels_is_stored_when_it_changes(self):
        netmond = self.netmond(store=True)
        for labels in (0xa, 0xa):
            probe = self.connect(netmond)
            probe.greet(labels=labels)
            probe.close()
        probe = self.connect(netmond)
        probe.greet(labels=0xa)
        time.sleep(1.1)  # a version is known by the second in which it came
        probe.send(labels_frame(0xa) + labels_frame(0xfffffffe))
        probe.store(1, [Record()])
        rows = e2e.query(self.dir / "netmon.db", "SELECT l.labels, p.name FROM label_version l JOIN probe p ON p.id = l.probe "
                         "ORDER BY l.since")
        self.assertEqual([tuple(r) for r in rows], [(0xa, "p1"), (0xfffffffe, "p1")])
        broken = self.connect(netmond)
        broken.greet(probe="p2")
        broken.send(frame(7, b"\0\0"))
        self.assertRaises((EOFError, ConnectionError), broken.receive)

    def test_tunnels_are_stored_by_name_and_sampling_by_number(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.store(1, [Record(tunnel=0x0104), Record("2001:db8::1", "2001:db8::2", tunnel=0xD0463, sampling=1000),
                        Record(vlan=7)])
        self.assertEqual([tuple(r) for r in e2e.query(self.dir / "netmon.db", "SELECT tunnel, sampling, vlan FROM flow")],
                         [("mpls/gre", 1, 0), ("vxlan/gre/?", 1000, 0), ("", 1, 7)])

    def test_a_probe_of_an_older_or_a_later_netmon_is_understood(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        # before there were annotations of tunnels, and with a section and a cause that are still to come
        probe.push(1, [Record(octets=70000)])
        self.assertEqual(probe.acknowledged(), 1)
        probe.push(2, [Record(octets=70000)], ledger=[(1700000040, 0, 99, 3, 0)], sections=frame(99, b"later"))
        self.assertEqual(probe.acknowledged(), 2)
        self.assertEqual(tuple(self.flows()), (2, 140000))
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT cause, packets FROM ledger")[0][0], 99)

    def test_annotations_that_cannot_be_end_the_connection(self):
        netmond = self.netmond(store=True)
        for sections in (frame(TUNNELS, struct.pack(">II", 1, 4)), frame(TUNNELS, struct.pack(">II", 0, 0)),
                         frame(SAMPLING, struct.pack(">IH", 0, 1)), frame(SAMPLING, bytes(5))):
            probe = self.connect(netmond)
            probe.greet()
            probe.send(batch(1, [Record()], sections=sections))
            self.assertTrue(probe.closed())
        self.assertEqual(self.flows()[0], 0)

    def test_a_batch_that_comes_twice_is_acknowledged_twice_and_stored_once(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        for _ in range(2):
            probe.send(batch(1, [Record()]))
            self.assertEqual(probe.acknowledged(), 1)
        self.assertEqual(self.flows()[0], 1)

    def test_after_a_reconnect_the_collector_says_how_far_it_is(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.store(1, [Record()])
        probe.store(2, [Record()])
        probe.close()
        again = self.connect(netmond)
        self.assertEqual(again.greet(first=1, following=3)[:2], (OK, 2))

    def test_a_gap_is_refused_and_the_probe_may_come_again(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.store(1, [Record()])
        probe.send(batch(3, [Record()]))
        self.assertTrue(probe.closed())
        self.assertEqual(self.flows()[0], 1)
        again = self.connect(netmond)
        self.assertEqual(again.greet(first=1, following=4)[:2], (OK, 1))

    def test_a_new_store_goes_on_in_the_middle_of_a_numbering_and_says_so(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        self.assertEqual(probe.greet(first=51, following=60)[:2], (OK, 50))
        probe.store(51, [Record()])
        self.assertIn("batches 1 to 50", netmond.log())

    def test_a_store_that_has_more_than_the_probe_sent_is_not_mixed_up(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.store(1, [Record()])
        probe.store(2, [Record()])
        probe.close()
        again = self.connect(netmond)
        self.assertEqual(again.greet(first=1, following=2)[0], FENCED)

    def test_each_batch_is_one_line_with_v(self):
        netmond = self.netmond("-v", store=True)
        probe = self.connect(netmond)
        probe.greet(probe="edge")
        probe.store(1, [Record(packets=3, octets=99)])
        netmond.wait_line(r"probe edge: batch 1: 1 records, 3 packets, 99 octets")

    def test_sigterm_ends_it_with_status_0_and_the_store_is_whole(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.store(1, [Record()])
        self.assertEqual(netmond.stop(signal.SIGTERM), 0)
        self.assertEqual(self.flows()[0], 1)

    def test_a_hundred_probes_at_once_are_each_stored(self):
        netmond = self.netmond(store=True)
        probes = [self.connect(netmond) for _ in range(100)]
        for n, probe in enumerate(probes):
            probe.send(hello(probe=f"p{n}", epoch=n))
        for n, probe in enumerate(probes):
            probe.receive()
            probe.epoch = n
        for sequence in range(1, 4):
            for n, probe in enumerate(probes):
                probe.push(sequence, [Record(octets=n)])
        for probe in probes:
            probe.acknowledged_up_to(3)
        self.assertEqual(tuple(self.flows()), (300, 3 * sum(range(100))))

    def test_the_newest_connection_of_a_probe_counts(self):
        netmond = self.netmond(store=True)
        old = self.connect(netmond)
        old.greet(epoch=5)
        new = self.connect(netmond)
        new.greet(epoch=5)
        self.assertTrue(old.closed())
        new.store(1, [Record()])

    def test_a_heartbeat_is_answered(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.send(frame(HEARTBEAT))
        self.assertEqual(probe.receive(), (HEARTBEAT, b""))

    def test_a_frame_of_a_later_version_is_skipped(self):
        netmond = self.netmond(store=True)
        probe = self.connect(netmond)
        probe.greet()
        probe.send(frame(99, b"x" * 100000))
        probe.store(1, [Record()])


class Strangers(Netmond):
    """What no probe sends. Each case ends with another probe that is served as if nothing had happened."""

    def setUp(self):
        super().setUp()
        self.collector = self.netmond("--hello", 2, "--idle", 3, store=True)
        self.honest = self.connect(self.collector)
        self.honest.greet(probe="honest", epoch=77)

    def tearDown(self):
        self.honest.store(1, [Record()])
        self.assertTrue(self.collector.running())
        super().tearDown()

    def dropped(self, data, line):
        stranger = self.connect(self.collector)
        stranger.send(data)
        self.assertTrue(stranger.closed())
        self.collector.wait_line(line)

    def test_garbage_is_dropped(self):
        self.dropped(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "dropped: a frame is longer than any may be")

    def test_zeros_are_dropped(self):
        self.dropped(bytes(100), "dropped: it does not greet as a probe does")

    def test_random_bytes_are_dropped(self):
        for _ in range(10):
            stranger = self.connect(self.collector)
            try:
                stranger.send(os.urandom(5000))
                self.assertTrue(stranger.closed())
            except ConnectionError:
                pass

    def test_a_frame_above_the_limit_is_dropped_before_it_is_read(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="big")
        stranger.send(struct.pack(">BBHI", 4, 0, 0, (1 << 20) + 1))
        self.assertTrue(stranger.closed())

    def test_a_long_frame_before_hello_is_dropped_before_it_is_read(self):
        self.dropped(struct.pack(">BBHI", 1, 0, 0, 9000), "dropped: it does not greet")

    def test_a_batch_before_hello_is_dropped(self):
        self.dropped(batch(1, [Record()]), "dropped: it does not greet")

    def test_another_version_is_told_which_one_is_spoken(self):
        stranger = self.connect(self.collector)
        status, _, words = stranger.greet(version=1)
        self.assertEqual(status, WRONG_VERSION)
        self.assertIn("version 2", words)
        self.assertTrue(stranger.closed())

    def test_a_name_with_an_escape_is_dropped_and_not_printed(self):
        self.dropped(hello(probe=b"\x1b[2Jx"), "dropped: it does not greet")
        self.assertNotIn("\x1b", self.collector.log())

    def test_a_batch_with_a_wrong_checksum_is_not_stored(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="x")
        stranger.send(batch(1, [Record()], crc=1))
        self.assertTrue(stranger.closed())
        self.assertEqual(self.flows()[0], 0)

    def test_a_batch_with_wrong_sums_is_not_stored(self):
        for wrong in ({"packets": 1}, {"octets": 1}):
            stranger = self.connect(self.collector)
            stranger.greet(probe="x")
            stranger.send(batch(1, [Record()], **wrong))
            self.assertTrue(stranger.closed())
        self.assertEqual(self.flows()[0], 0)

    def test_a_batch_of_another_epoch_is_not_stored(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="x", epoch=1)
        stranger.send(batch(1, [Record()], epoch=2))
        self.assertTrue(stranger.closed())
        self.assertEqual(self.flows()[0], 0)

    def test_a_link_that_was_never_named_is_not_stored(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="x")
        stranger.send(batch(1, [Record(link=1)]))
        self.assertTrue(stranger.closed())
        self.assertEqual(self.flows()[0], 0)

    def test_a_second_hello_is_dropped(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="x")
        stranger.send(hello(probe="y"))
        self.assertTrue(stranger.closed())

    def test_half_a_frame_and_silence_is_dropped_after_the_idle_limit(self):
        stranger = self.connect(self.collector)
        stranger.greet(probe="slow")
        stranger.send(batch(1, [Record()])[:30])
        for _ in range(8):
            time.sleep(0.5)
            self.honest.send(frame(HEARTBEAT))
            self.honest.receive()
        self.assertTrue(stranger.closed())
        self.collector.wait_line(r"probe slow .*gone: it has been silent for too long")

    def test_a_connection_that_says_nothing_is_dropped_after_the_hello_limit(self):
        stranger = self.connect(self.collector)
        for _ in range(6):
            time.sleep(0.5)
            self.honest.send(frame(HEARTBEAT))
            self.honest.receive()
        self.assertTrue(stranger.closed())
        self.collector.wait_line("dropped: it does not say who it is")

    def test_one_that_sends_much_does_not_starve_the_others(self):
        greedy = self.connect(self.collector)
        greedy.greet(probe="greedy", epoch=9)
        flood = b"".join(chain(1, 1500, epoch=9))
        greedy.sock.settimeout(60)
        greedy.sock.setblocking(False)
        sent = 0
        try:
            while sent < len(flood):
                sent += greedy.sock.send(flood[sent:sent + 65536])
        except BlockingIOError:
            pass
        begun = time.monotonic()
        self.honest.send(frame(HEARTBEAT))
        self.honest.receive()
        self.assertLess(time.monotonic() - begun, 1 * e2e.SLOWER)


class Limits(Netmond):
    def test_the_cap_on_probes_is_told_to_the_next_one(self):
        netmond = self.netmond("--probes", 2, store=True)
        kept = [self.connect(netmond) for _ in range(2)]
        for n, probe in enumerate(kept):
            probe.greet(probe=f"p{n}")
        third = self.connect(netmond)
        kind, body = third.receive()
        self.assertEqual((kind, struct.unpack(">H", body[2:4])[0]), (2, BUSY))
        netmond.wait_line("a probe was turned away: the collector serves as many")
        kept[0].close()
        e2e.wait_until(lambda: "p0 (" in netmond.log() and "gone" in netmond.log(), "the end of p0")
        fourth = self.connect(netmond)
        self.assertEqual(fourth.greet(probe="p4")[0], OK)

    def test_without_descriptors_probes_are_turned_away_and_the_others_go_on(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

        netmond = self.netmond(store=True, preexec_fn=few)
        probes = [self.connect(netmond) for _ in range(60)]
        netmond.wait_line("a probe was turned away: the collector has no file descriptor left")
        self.assertEqual(probes[0].greet(probe="first")[0], OK)
        probes[0].store(1, [Record()])
        for probe in probes[1:]:
            probe.close()
        time.sleep(0.3)
        late = self.connect(netmond)
        self.assertEqual(late.greet(probe="late")[0], OK)

    def test_without_even_the_spare_descriptor_it_does_not_spin(self):
        def cpu_s():
            with open(f"/proc/{netmond.pid}/stat", encoding="utf-8") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        netmond = self.netmond(store=True)
        netmond.wait_line("ready: listening")
        resource.prlimit(netmond.pid, resource.RLIMIT_NOFILE, (0, 4096))
        probe = self.connect(netmond)
        before = cpu_s()
        time.sleep(0.8)
        self.assertLess(cpu_s() - before, 0.3)
        resource.prlimit(netmond.pid, resource.RLIMIT_NOFILE, (1024, 4096))
        self.assertEqual(probe.greet()[0], OK)

    def test_descriptors_beyond_select_are_turned_away(self):
        def many():
            resource.setrlimit(resource.RLIMIT_NOFILE, (1200, 1200))

        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        except ValueError:
            self.skipTest("this machine does not allow 4096 descriptors")
        netmond = self.netmond("--probes", 1024, "--hello", 60, store=True, preexec_fn=many)
        probes = []
        for n in range(1100):
            probes.append(socket.create_connection(("127.0.0.1", netmond.port)))
            self.addCleanup(probes[-1].close)
            # those that do not say who they are have a cap of their own
            probes[-1].sendall(hello(probe=f"p{n}", epoch=n + 1))
            if n % 50 == 49:
                time.sleep(0.1)  # for the backlog
        netmond.wait_line("a probe was turned away: the collector has more descriptors than select|serves as many")
        self.assertTrue(netmond.running())
        for sock in probes:
            sock.close()
        probe = None

        def served():
            nonlocal probe
            probe = self.connect(netmond)
            try:
                return probe.greet(probe="late")[0] == OK
            except (EOFError, ConnectionError, AssertionError):
                return False

        e2e.wait_until(served, "a place for a probe")
        probe.store(1, [Record()])


class CommandLine(e2e.Case):
    def fails(self, *options, words):
        done = e2e.run("netmond", *options, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_usage_errors_are_one_line_and_status_2(self):
        self.fails("-p", "70000", words="--port must be a number")
        self.fails("--nonsense", words="--nonsense")
        self.fails("word", words="word")
        self.fails("--groups", "/x", words="--groups goes with --rrd")

    def test_help_and_version_say_so_and_exit_0(self):
        self.assertIn("--store", e2e.run("netmond", "--help").stdout)
        self.assertRegex(e2e.run("netmond", "--version").stdout, r"^netmond \d")

    def test_a_port_that_is_taken_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = e2e.run("netmond", "--listen", "127.0.0.1", "-p", taken.getsockname()[1], check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)

    def test_port_0_chooses_a_free_one_and_says_which(self):
        netmond = self.start("netmond", "-p", "0", "--store", f"sqlite:{self.dir}/n.db")
        port = int(netmond.wait_line(r"ready: listening on localhost port (\d+)").group(1))
        probe = Probe(port)
        self.assertEqual(probe.greet()[0], OK)
        probe.close()

    def test_store_and_rrd_come_from_a_configuration_file_that_is_named(self):
        config = self.dir / "netmon.conf"
        config.write_text(f'store = "sqlite:{self.dir}/c.db"\nrrd = "{self.dir}/c-rrd"\n')
        netmond = self.start("netmond", "-p", "0", "--config", config)
        netmond.wait_line("ready:")
        self.assertTrue((self.dir / "c.db").exists())
        self.assertTrue((self.dir / "c-rrd").is_dir())
        self.assertEqual(netmond.stop(), 0)

    def test_a_store_that_cannot_be_opened_is_an_error_of_one_line(self):
        done = e2e.run("netmond", "-p", "0", "--store", "sqlite:/nonexistent/x.db", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/x.db", done.stderr)
