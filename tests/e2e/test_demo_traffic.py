# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's packets: a day made of the own captures."""
import ipaddress
import struct
import subprocess
from collections import Counter, namedtuple

import netmon_e2e as e2e

FROM = 1790000000 // 60 * 60
HOUR = 3600
Packet = namedtuple("Packet", "time frame wire_len")


def stream(seconds, *entries, seed=1):
    """The traffic program's output for so long a time."""
    words = [f"{e2e.capture(name)},{rest}" for name, rest in entries]
    argv = [e2e.binary("tests/demo/traffic"), "--seed", str(seed), "--from", str(FROM), "--to", str(FROM + seconds)]
    return subprocess.run(argv + words, capture_output=True, check=True, timeout=60).stdout


def packets(octets):
    """Packets of a pcap stream."""
    at = 24
    while at < len(octets):
        seconds, micros, caplen, wire_len = struct.unpack_from("=IIII", octets, at)
        yield Packet(seconds + micros / 1e6, octets[at + 16:at + 16 + caplen], wire_len)
        at += 16 + caplen


def ends(frame):
    """(source, destination) of an untagged frame."""
    if frame[12:14] == b"\x08\x00":
        return ipaddress.ip_address(frame[26:30]), ipaddress.ip_address(frame[30:34])
    return ipaddress.ip_address(frame[22:38]), ipaddress.ip_address(frame[38:54])


def ones_sum(octets):
    """Internet checksum of octets whose own checksum is right: 0."""
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class DemoTraffic(e2e.Case):
    def test_the_same_seed_gives_the_same_octets(self):
        entries = [("http", "5,flat,each,20"), ("dns", "5,flat,each,1")]
        self.assertEqual(stream(HOUR, *entries), stream(HOUR, *entries))
        self.assertNotEqual(stream(HOUR, *entries), stream(HOUR, *entries, seed=2))

    def test_every_minute_has_packets_in_the_order_of_time(self):
        times = [p.time for p in packets(stream(6 * HOUR, ("dns", "0.1,night,each,1")))]
        self.assertEqual(times, sorted(times))
        self.assertEqual({int(t - FROM) // 60 for t in times}, set(range(360)))

    def test_changed_packets_keep_right_checksums(self):
        checked = Counter()
        for packet in packets(stream(HOUR, ("https", "5,flat,each,10"), ("dns", "20,flat,each,1"))):
            frame = packet.frame
            if len(frame) != packet.wire_len:
                continue
            ipv4 = frame[12:14] == b"\x08\x00"
            if ipv4:
                self.assertEqual(ones_sum(frame[14:34]), 0)
            protocol = frame[23] if ipv4 else frame[20]
            body = frame[34:14 + struct.unpack(">H", frame[16:18])[0]] if ipv4 else frame[54:]
            addresses = frame[26:34] if ipv4 else frame[22:54]
            self.assertEqual(ones_sum(addresses + struct.pack(">HH", protocol, len(body)) + body), 0)
            checked[ipv4, protocol] += 1
        self.assertEqual(set(checked), {(True, 6), (True, 17), (False, 6), (False, 17)})

    def test_conversations_happen_to_hosts_of_four_networks_and_stay_inside_them(self):
        inside = set()
        for packet in packets(stream(3 * HOUR, ("http", "10,flat,each,1"))):
            hosts = [h for h in ends(packet.frame) if str(h).startswith(("10.10.", "2001:db8:a:"))]
            self.assertEqual(len(hosts), 1)
            inside.update(hosts)
        networks = {str(h).split(".")[2] if h.version == 4 else str(h).split(":")[3] for h in inside}
        self.assertEqual(networks, {"1", "2", "3", "4"})
        self.assertGreaterEqual(len(inside), 16)

    def test_longer_transfers_keep_one_sequence_without_holes(self):
        """Within a TCP conversation that begins in the stream, each side's octets follow each other."""
        expected = {}
        followed = 0
        for packet in packets(stream(HOUR, ("http", "2,flat,each,30"))):
            frame = packet.frame
            ip_header = 20 if frame[12:14] == b"\x08\x00" else 40
            tcp = frame[14 + ip_header:]
            sport, dport, sequence = struct.unpack_from(">HHI", tcp)
            key = (*ends(frame), sport, dport)
            total = (struct.unpack_from(">H", frame, 16)[0] - 20 if ip_header == 20
                     else struct.unpack_from(">H", frame, 18)[0])
            payload = total - (tcp[12] >> 4) * 4
            if tcp[13] & 2:
                expected[key] = sequence + 1
            elif key in expected and payload:
                self.assertEqual(sequence, expected[key] & 0xFFFFFFFF)
                expected[key] = sequence + payload
                followed += 1
        self.assertGreater(followed, 1000)

    def test_the_probe_labels_repeated_conversations_as_it_labels_their_capture(self):
        octets = stream(HOUR, ("https", "3,flat,each,20"), ("ssh", "1,flat,each,5"), ("dns", "3,flat,each,1"))
        (self.dir / "stream.pcap").write_bytes(octets)
        labels = Counter(r["application"] for r in e2e.netmonc_csv(self.dir / "stream.pcap"))
        known = {r["application"] for name in ("https", "ssh", "dns") for r in e2e.netmonc_csv(e2e.capture(name))}
        self.assertLessEqual(set(labels), known)
