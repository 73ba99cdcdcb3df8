# SPDX-License-Identifier: GPL-3.0-or-later
"""What netmonc makes of hosts that behave like peers, from captures that are made here: encrypted payload, no signature."""
import random
import struct
import unittest

import netmon_e2e as e2e

ETHERNET = bytes(12) + b"\x08\x00"
HOST = bytes([10, 0, 0, 1])
DHT_PING = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"
DHT_PONG = b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re"


class Traffic:
    """Packets with a time that goes on, and payload that says nothing."""

    def __init__(self):
        self.random = random.Random(1)
        self.packets = []
        self.ms = 0

    def noise(self):
        # top bits set: no text, no length, no version of anything
        return bytes(self.random.randrange(0x80, 0x100) for _ in range(self.random.randrange(80, 200)))

    def packet(self, protocol, source, destination, sport, dport, payload, flags=0x18):
        if protocol == 6:
            head = struct.pack("!HHIIBBHHH", sport, dport, self.ms, 1, 0x50, flags, 1000, 0, 0)
        else:
            head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(head) + len(payload), 1, 0, 64, protocol, 0) + source + destination
        frame = ETHERNET + ip + head + payload
        self.ms += 5
        self.packets.append(struct.pack("<IIII", 1700000000 + self.ms // 1000, self.ms % 1000 * 1000, len(frame), len(frame)) +
                            frame)

    def talk(self, protocol, client, server, sport, dport, payloads=None):
        """Six payloads to and fro."""
        if protocol == 6:
            self.packet(6, client, server, sport, dport, b"", 0x02)
        for i, payload in enumerate(payloads or [self.noise() for _ in range(6)]):
            if i % 2 == 0:
                self.packet(protocol, client, server, sport, dport, payload)
            else:
                self.packet(protocol, server, client, dport, sport, payload)

    def live_as_peer(self, n, host=HOST):
        """`n` others each over TCP and UDP. The last two conversations have ports 50001 and 50002 of the host."""
        for i in range(n):
            self.talk(6, host, bytes([81, 1, i, 9]), 40000 + i, 20011 + 37 * i)
            self.talk(17, host, bytes([82, 1, i, 9]), 45678, 21013 + 41 * i)
        self.talk(6, host, bytes([83, 1, 1, 9]), 50001, 23456)
        self.talk(17, bytes([84, 1, 1, 9]), host, 34567, 50002)

    def pcap(self):
        return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(self.packets)


class Behaviour(e2e.Case):
    def labels(self, traffic, *options):
        """Application, confidence and reason of both directions by the lower of the host's two ports."""
        path = self.dir / "case.pcap"
        path.write_bytes(traffic.pcap())
        rows = e2e.records(e2e.run("netmonc", "-o", "csv", *options, "-r", path).stdout)
        labels = {}
        for row in rows:
            for port in (row["sport"], row["dport"]):
                labels.setdefault(port, set()).add((row["application"], row["confidence"], row["reason"]))
        return labels

    def test_encrypted_peers_are_p2p_with_modest_confidence(self):
        traffic = Traffic()
        traffic.live_as_peer(30)
        labels = self.labels(traffic)
        for port in (50001, 50002):
            self.assertEqual(labels[port], {("P2P", 30, "peers behaviour")})

    def test_a_switch_does_without(self):
        traffic = Traffic()
        traffic.live_as_peer(30)
        labels = self.labels(traffic, "--no-behaviour")
        for port in (50001, 50002):
            self.assertEqual(labels[port], {("Unknown", 0, "")})

    def test_a_host_that_is_known_for_bittorrent_has_more_of_it(self):
        traffic = Traffic()
        traffic.talk(17, HOST, bytes([85, 1, 1, 9]), 45678, 26881, [DHT_PING, DHT_PONG])
        traffic.live_as_peer(6)
        labels = self.labels(traffic)
        self.assertEqual({(label[0], label[2]) for label in labels[26881]}, {("BitTorrent", "bittorrent signature")})
        for port in (50001, 50002):
            self.assertEqual(labels[port], {("BitTorrent", 30, "peers behaviour")})

    def test_signatures_rules_and_known_ports_are_never_beaten(self):
        traffic = Traffic()
        traffic.live_as_peer(30)
        traffic.talk(6, HOST, bytes([86, 1, 1, 9]), 50003, 23457,
                     [b"GET / HTTP/1.1\r\nHost: 86.1.1.9\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
        traffic.talk(6, HOST, bytes([87, 1, 1, 9]), 50004, 23458)
        traffic.talk(6, HOST, bytes([88, 1, 1, 9]), 50005, 443)
        rules = self.dir / "rules.conf"
        rules.write_text("tcp port 23458 = Ours\n")
        labels = self.labels(traffic, "--rules", rules)
        self.assertEqual({label[0] for label in labels[50003]}, {"HTTP"})
        self.assertEqual(labels[50004], {("Ours", 100, "rules.conf:1 rule")})
        self.assertEqual({label[0] for label in labels[50005]}, {"Unknown"})
        self.assertEqual({label[0] for label in labels[50001]}, {"P2P"})

    def test_a_scanner_is_no_peer_nor_is_what_it_scans(self):
        traffic = Traffic()
        for i in range(250):
            for protocol in (6, 17):
                traffic.packet(protocol, HOST, bytes([81, 1, i, 9]), 40000 + i, 20000 + i, traffic.noise() if i % 2 else b"",
                               0x02)
                traffic.packet(6, bytes([81, 1, i, 9]), HOST, 20000 + i, 40000 + i, b"", 0x14)
        traffic.talk(6, HOST, bytes([83, 1, 1, 9]), 50001, 23456)
        labels = self.labels(traffic)
        self.assertEqual({label[0] for port in labels for label in labels[port]}, {"Unknown"})

    def test_a_gateway_of_people_who_read_pages_is_no_peer(self):
        traffic = Traffic()
        request = b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"
        traffic.live_as_peer(10)
        for i in range(250):
            traffic.talk(6, HOST, bytes([91, 1, i, 9]), 41000 + i, 80, [request])
            traffic.talk(6, HOST, bytes([92, 1, i, 9]), 42000 + i, 80, [request])
        traffic.talk(6, HOST, bytes([83, 1, 1, 10]), 50006, 23456)
        self.assertEqual({label[0] for label in self.labels(traffic)[50006]}, {"Unknown"})

    def test_a_peer_whose_last_words_nobody_answered_is_not_guessed_at(self):
        traffic = Traffic()
        traffic.live_as_peer(30)
        for _ in range(6):
            traffic.packet(6, HOST, bytes([86, 1, 1, 9]), 50007, 23456, traffic.noise())
        self.assertEqual({label[0] for label in self.labels(traffic)[50007]}, {"Unknown"})


if __name__ == "__main__":
    unittest.main()
