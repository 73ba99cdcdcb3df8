# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of hosts that records carry, from the own captures: each flow has the name of the server that it was with, or none.

What clients asked for is in their hellos and requests; who asked for nothing is named by a certificate, or by what DNS told
them before."""
import unittest

import netmon_e2e as e2e


INSIDE = ("10.10.", "2001:db8:a:")


def hosts(capture):
    """{(address, port) of the server: names that its flows have}"""
    found = {}
    for r in e2e.netmonc_csv(e2e.CAPTURES / capture):
        ends = (r["saddr"], int(r["sport"])), (r["daddr"], int(r["dport"]))
        server = next(end for end in ends if not end[0].startswith(INSIDE))
        found.setdefault(server, set()).add(r["host"])
    return found


class Hosts(unittest.TestCase):
    def test_quic_connections_have_the_name_that_chromium_asked_for(self):
        self.assertEqual(hosts("quic.pcap"), {
            ("203.0.113.80", 443): {"video.example"}, ("2001:db8:f:3::80", 443): {"video.example"},
            ("198.51.100.80", 4433): {"cloud.example"}, ("2001:db8:f:2::80", 4433): {"cloud.example"}})

    def test_https_connections_have_the_name_that_was_asked_for_or_none(self):
        found = hosts("https.pcap")
        self.assertEqual(found[("203.0.113.43", 443)], {"shop.example", ""})
        self.assertEqual(found[("198.51.100.43", 8443)], {"bank.example"})
        self.assertEqual(found[("2001:db8:f:3::43", 443)], {"shop.example"})

    def test_dns_over_tls_has_a_name_where_the_client_checks_it(self):
        found = hosts("secure-dns.pcap")
        self.assertEqual(found[("192.0.2.53", 853)], {"dns.example", ""})
        self.assertEqual(found[("192.0.2.53", 443)], {"dns.example"})

    def test_dtls_connections_have_a_name_where_the_client_says_one(self):
        found = hosts("dtls.pcap")
        self.assertEqual(found[("192.0.2.44", 4433)], {"sensor.example"})
        self.assertEqual(found[("2001:db8:f:1::44", 4433)], {""})

    def test_http_connections_have_the_name_of_the_first_request(self):
        names = set().union(*hosts("http.pcap").values())
        self.assertTrue(names - {""})
        self.assertTrue(all(name == "" or name.endswith(".example") for name in names), names)


if __name__ == "__main__":
    unittest.main()
