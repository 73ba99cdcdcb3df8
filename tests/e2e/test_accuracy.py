# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the traffic is named rightly, in octets, where that was measured for netmon's forerunner: BitTorrent from its
start and from the middle, on port 80 amid HTTP, SIP calls with their sound, FTP with its data connections. And that nothing is
named wrongly of which only a part is seen.

The golden tests ask the same of each conversation; here it is shares of octets over several captures together, and captures that
begin late. Conversations without any payload do not count where their truth accepts "unknown"."""
import struct
import sys
import unittest
from pathlib import Path

import netmon_e2e as e2e

sys.path.insert(0, str(e2e.CAPTURES / "tools"))
import packets  # noqa: E402  (found through the line above)
import test_golden as golden  # noqa: E402

PCAP_HEADER, PACKET_HEADER = 24, 16
MIDDLES = (0.3, 0.5)  # of the packets; all the handshakes of the swarm that carry much are before the first


def truth(*captures):
    """{conversation: accepted names} of several captures."""
    return {key: names for capture in captures for key, names in golden.truth(Path(capture).with_suffix(".truth")).items()}


def begin_late(capture, share, path):
    """Writes the capture without the first `share` of its packets to path; the conversations that were there before."""
    data = Path(capture).read_bytes()
    at = PCAP_HEADER
    for _ in range(int(share * sum(1 for _ in packets.frames(capture)))):
        at += PACKET_HEADER + struct.unpack_from("<I", data, at + 8)[0]
    Path(path).write_bytes(data[:at])
    before = {golden.conversation(*key) for key in packets.conversations(path)}
    Path(path).write_bytes(data[:PCAP_HEADER] + data[at:])
    return before


class Accuracy(e2e.Case):
    def shares(self, captures, accepted):
        """(octets that are named rightly, octets, what is wrong) over the records of the conversations in `accepted`."""
        right, octets, wrong = 0, 0, []
        for record in e2e.netmonc_csv(*captures):
            key = golden.conversation(record["protocol"], record["saddr"], record["sport"], record["daddr"], record["dport"])
            name = golden.name_of(record["application"])
            if key not in accepted or (name == "unknown" and name in accepted[key]):
                continue
            octets += int(record["octets"])
            if name in accepted[key]:
                right += int(record["octets"])
            else:
                wrong.append(f"{key}: {name}, {record['octets']} octets")
        return right, octets, wrong

    def assert_share(self, captures, accepted, least):
        right, octets, wrong = self.shares(captures, accepted)
        self.assertGreater(octets, 10000)
        self.assertGreaterEqual(right / octets, least, "\n".join(wrong))

    def assert_named(self, least, *captures):
        captures = [e2e.capture(name) for name in captures]
        self.assert_share(captures, truth(*captures), least)

    def test_bittorrent_seen_from_its_start_is_named_to_one_octet_in_ten_thousand(self):
        """Trackers, DHT, uTP, peers in the clear and encrypted ones."""
        self.assert_named(0.9999, *(Path(capture).stem for capture in e2e.captures() if Path(capture).stem.startswith("bt-")))

    def test_bittorrent_seen_from_the_middle_is_named_to_one_octet_in_a_hundred(self):
        """Only conversations count whose beginning lies before."""
        swarm = e2e.capture("bt-swarm")
        for share in MIDDLES:
            with self.subTest(left_out=share):
                late = self.dir / "late.pcap"
                before = begin_late(swarm, share, late)
                accepted = {key: names - {"unknown"} for key, names in truth(swarm).items() if key in before}
                self.assert_share([late], accepted, 0.99)

    def test_sip_calls_are_named_with_their_sound_to_one_octet_in_ten_thousand(self):
        self.assert_named(0.9999, "sip")

    def test_bittorrent_on_port_80_is_told_from_http_around_it(self):
        self.assert_named(1, "http", "bt-port80")

    def test_ftp_is_named_whichever_way_its_data_connections_are_made(self):
        """Passive, active, EPSV and EPRT, over IPv4 and IPv6."""
        self.assert_named(1, "ftp")


class Partly(e2e.Case):
    """What is seen in part only may stay unknown, but is not given another protocol's name. What goes on inside others, and is seen
    without its beginning, may have its own: TLS after STARTTLS, HTTP through a proxy."""

    INSIDE = (["src", "net", "10.10.0.0/16", "or", "src", "net", "2001:db8:a::/48"],
              ["dst", "net", "10.10.0.0/16", "or", "dst", "net", "2001:db8:a::/48"])
    CARRIED = {"unknown", "tls", "http"}

    def wrong(self, capture, accepted, words=()):
        records = e2e.records(e2e.run("netmonc", "-o", "csv", "-r", capture, *words).stdout)
        keys = [(golden.conversation(r["protocol"], r["saddr"], r["sport"], r["daddr"], r["dport"]), r) for r in records]
        return [f"{key}: {r['application']} {r['reason']}, should be {sorted(accepted[key])}" for key, r in keys
                if golden.name_of(r["application"]) not in accepted[key] | self.CARRIED]

    def test_captures_that_begin_late_give_no_wrong_name(self):
        for capture in e2e.captures():
            if not capture.endswith(".pcap") or not Path(capture).with_suffix(".truth").exists():
                continue
            for share in (0.25, 0.5, 0.75):
                with self.subTest(Path(capture).stem, left_out=share):
                    late = self.dir / "late.pcap"
                    begin_late(capture, share, late)
                    self.assertEqual(self.wrong(late, truth(capture)), [])

    def test_one_direction_gives_no_wrong_name(self):
        for capture in e2e.captures():
            if not Path(capture).with_suffix(".truth").exists():
                continue
            for words in self.INSIDE:
                with self.subTest(Path(capture).stem, direction=words[0]):
                    self.assertEqual(self.wrong(capture, truth(capture), words), [])


if __name__ == "__main__":
    unittest.main()
