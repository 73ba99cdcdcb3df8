# SPDX-License-Identifier: GPL-3.0-or-later
"""Crowds that mean netmond no good, on loopback like the honest probe: each test ends with that probe's records in the store."""
import json
import os
import socket
import ssl
import struct
import time

import netmon_e2e as e2e
from netmon_certs import SERVER, Authority
from netmon_frames import OK, Probe, Record, frame, hello

ADDRESS_MAX = 128  # connections of one address that have not said who they are: collector/strangers.h


class Crowd(e2e.Case):
    """A collector, an honest probe, and what its enemies need."""

    def serve(self, *options):
        self.control = self.dir / "netmond.sock"
        self.collector = self.netmond("--control", self.control, "--hello", 3, *options, store=True)
        self.stored = 0
        self.honest = self.probe("honest", 1)

    def connect(self):
        return Probe(self.collector.port)

    def probe(self, name, epoch):
        """A probe that is served; one that is turned away comes again, as netmonc does."""
        def greeted():
            probe = self.connect()
            self.addCleanup(probe.close)
            try:
                return probe if probe.greet(probe=name, epoch=epoch)[0] == OK else None
            except (EOFError, ConnectionError):
                return None

        return e2e.wait_until(greeted, f"{name} to be served")

    def open(self, n, first=b""):
        """So many connections, each of which begins with those octets."""
        sockets = []
        for _ in range(n):
            sockets.append(socket.create_connection(("127.0.0.1", self.collector.port), timeout=10))
            self.addCleanup(sockets[-1].close)
            self.tell(sockets[-1], first)
        return sockets

    def tell(self, sock, octets):
        """False when netmond has ended the connection."""
        try:
            sock.sendall(octets)
            return True
        except OSError:
            return False

    def numbers(self):
        done = e2e.run("netmond", "--status", "--json", "--control", self.control)
        return json.loads(done.stdout)["workers"][0]

    def still_served(self):
        self.stored += 1
        self.honest.store(self.stored, [Record()])
        rows = e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")
        self.assertEqual(rows[0][0], self.stored)


class Plain(Crowd):
    def setUp(self):
        super().setUp()
        self.serve()

    def test_half_open_connections_are_few_and_the_oldest_make_room(self):
        self.open(ADDRESS_MAX)
        e2e.wait_until(lambda: self.numbers()["half_open"] == ADDRESS_MAX, "all to be accepted")
        self.still_served()
        time.sleep(1.1)  # nobody ends a connection that may still say who it is
        self.probe("newcomer", 2)
        self.assertGreaterEqual(self.numbers()["shed"], 1)
        self.still_served()

    def test_half_open_connections_end_after_their_time(self):
        self.open(50)
        e2e.wait_until(lambda: self.numbers()["half_open"] == 50, "all to be accepted")
        self.still_served()
        e2e.wait_until(lambda: self.numbers()["half_open"] == 0, "their end")
        self.assertEqual(self.numbers()["strangers"], 50)
        self.still_served()

    def test_a_flood_of_connections_is_turned_away_with_few_words(self):
        for _ in range(4):
            for sock in self.open(300):
                sock.close()
            self.still_served()
        crowd = self.open(400)
        self.still_served()
        e2e.wait_until(lambda: self.numbers()["turned_away"] > 0, "some to be turned away")
        self.assertLessEqual(self.numbers()["half_open"], ADDRESS_MAX)
        for sock in crowd:
            sock.close()
        self.probe("newcomer", 2)
        self.still_served()
        self.assertLess(self.collector.log().count("turned away"), 10)
        self.assertLess(self.collector.log().count("dropped"), 100)

    def test_slow_lorises_end_after_their_time(self):
        octets = hello(probe="loris", epoch=3)
        crowd = self.open(60, octets[:1])
        for i in range(1, 12):
            time.sleep(0.4)
            crowd = [sock for sock in crowd if self.tell(sock, octets[i:i + 1])]
            self.still_served()
        e2e.wait_until(lambda: self.numbers()["half_open"] == 0, "their end")
        self.collector.wait_line("dropped: it does not say who it is")

    def test_garbage_ends_at_its_first_octets(self):
        for _ in range(3):
            self.open(60, os.urandom(3000))
            self.still_served()
        # the length of a frame that is never going to be whole
        self.open(20, struct.pack(">BBHI", 1, 0, 0, 8000) + b"N" * 100)
        # known by name, and garbage then
        self.open(20, hello(probe="liar", epoch=4) + os.urandom(500))
        self.still_served()
        self.open(20, hello(probe="liar", epoch=4) + frame(4, os.urandom(200)))
        self.still_served()
        e2e.wait_until(lambda: self.numbers()["strangers"] >= 180, "the end of all that are no probes")
        e2e.wait_until(lambda: self.numbers()["half_open"] == 0, "the end of the others")


class Tls(Crowd):
    def setUp(self):
        super().setUp()
        ca = Authority(self.dir)
        own = ca.issue("collector", use=SERVER, hosts=["localhost"])
        mine = ca.issue("honest")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(ca.cert)
        self.context.load_cert_chain(mine.cert, mine.key)
        self.serve("--tls-cert", own.cert, "--tls-key", own.key, "--tls-ca", ca.cert)

    def connect(self):
        probe = Probe(self.collector.port)
        probe.sock = self.context.wrap_socket(probe.sock, server_hostname="localhost")
        return probe

    def test_handshakes_that_never_end_do_so_after_their_time(self):
        self.open(30)
        self.open(30, bytes.fromhex("16030100c8010000c40303"))  # a ClientHello that goes no further
        kept = [self.connect() for _ in range(5)]  # with a certificate, and without a HELLO
        self.still_served()
        e2e.wait_until(lambda: self.numbers()["half_open"] >= 60, "all to be accepted")
        self.open(20, os.urandom(100))
        self.still_served()
        e2e.wait_until(lambda: self.numbers()["half_open"] == 0, "their end")
        self.still_served()
        for probe in kept:
            self.assertTrue(probe.closed())
            probe.close()
