# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS between probe and collector: who is refused, when, and that nothing of his was parsed."""
import json
import os
import socket
import ssl
import subprocess
import threading
import unittest
from pathlib import Path

import netmon_e2e as e2e
import netmon_frames as frames
from netmon_certs import SERVER, Authority

CAPTURE = e2e.capture("http")


class TlsCase(e2e.Case):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self.dir)
        self.own = self.ca.issue("collector", use=SERVER, hosts=["localhost", "127.0.0.1"])

    def collector(self, *words, own=None, ca=None):
        own, ca = own or self.own, ca or self.ca
        return self.netmond("--tls-cert", own.cert, "--tls-key", own.key, "--tls-ca", ca.cert, "--tls-crl", ca.crl,
                            *words, store=True)

    def context(self, issued=None, ca=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations((ca or self.ca).cert)
        if issued:
            context.load_cert_chain(issued.cert, issued.key)
        return context

    def probe(self, port, issued, name="edge1", context=None):
        """A connection whose handshake this side has ended, with the frames' client on it."""
        sock = socket.create_connection(("127.0.0.1", port), timeout=10 * e2e.SLOWER)
        sock = (context or self.context(issued)).wrap_socket(sock, server_hostname="localhost")
        client = frames.Probe.__new__(frames.Probe)
        client.sock, client.epoch, client.last_crc = sock, 1, 0
        client.name = name
        self.addCleanup(sock.close)
        return client

    def assert_refused(self, netmond, issued, words, context=None):
        """Its HELLO and a batch are never read: the log has the reason, neither log nor store has the probe."""
        try:
            client = self.probe(netmond.port, issued, context=context)
            client.sock.sendall(frames.hello(probe="edge1"))
            self.assertEqual(client.sock.recv(1), b"")
        except (ssl.SSLError, ConnectionError):
            pass
        netmond.wait_line(words)
        self.assertNotIn("edge1", netmond.log())
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT name FROM probe"), [])


class Refused(TlsCase):
    def test_all_are_counted_and_a_good_one_beside_them_is_served(self):
        control = self.dir / "control"
        netmond = self.collector("--control", control)
        good = self.probe(netmond.port, self.ca.issue("edge2"))
        good.greet(probe="edge2")
        revoked = self.ca.issue("edge1")
        for issued in (None, self.ca.issue("edge1", self_signed=True), self.ca.issue("edge1", days=-1),
                       Authority(self.dir, "other").issue("edge1"), self.ca.issue("edge1", use=SERVER)):
            try:
                self.probe(netmond.port, issued).sock.recv(1)
            except (ssl.SSLError, ConnectionError):
                pass
        good.store(1, [frames.Record()])
        self.assertEqual(self.probe(netmond.port, revoked).greet(probe="edge1")[0], 0)
        status = json.loads(e2e.run("netmond", "--status", "--json", "--control", control).stdout)
        self.assertEqual(self.numbers(status, "strangers"), [5])
        self.assertEqual(self.numbers(status, "accepted"), [7])
        self.assertEqual([row["name"] for row in e2e.query(self.dir / "netmon.db", "SELECT name FROM probe ORDER BY 1")],
                         ["edge1", "edge2"])

    @staticmethod
    def numbers(value, key):
        """Every number of that name, however deep."""
        rows = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        found = [value[key]] if isinstance(value, dict) and isinstance(value.get(key), (int, float)) else []
        return found + [n for row in rows for n in Refused.numbers(row, key)]

    def test_a_good_certificate_is_let_in(self):
        netmond = self.collector()
        client = self.probe(netmond.port, self.ca.issue("edge1"))
        self.assertEqual(client.greet(probe="edge1")[0], 0)
        client.store(1, [frames.Record()])

    def test_none(self):
        self.assert_refused(self.collector(), None, "it has no certificate")

    def test_self_signed(self):
        self.assert_refused(self.collector(), self.ca.issue("edge1", self_signed=True), "self-signed certificate")

    def test_expired(self):
        self.assert_refused(self.collector(), self.ca.issue("edge1", days=-1), "certificate has expired")

    def test_not_yet_valid(self):
        self.assert_refused(self.collector(), self.ca.issue("edge1", begin=1), "not yet valid")

    def test_of_another_authority(self):
        other = Authority(self.dir, "other")
        self.assert_refused(self.collector(), other.issue("edge1"), "unable to get local issuer certificate")

    def test_of_another_authority_with_the_same_name(self):
        (self.dir / "x").mkdir()
        other = Authority(self.dir / "x", "ca")
        self.assert_refused(self.collector(), other.issue("edge1"), "certificate is refused")

    def test_revoked(self):
        issued = self.ca.issue("edge1")
        self.ca.revoke(issued)
        self.assert_refused(self.collector(), issued, "certificate revoked")

    def test_revoked_by_a_list_that_has_run_out(self):
        issued, good = self.ca.issue("edge1"), self.ca.issue("edge2")
        self.ca.revoke(issued)
        self.ca.write_crl(days=-1)
        netmond = self.collector()
        self.assert_refused(netmond, issued, "certificate revoked")
        self.assertIn("should have been renewed", netmond.log())
        self.assertEqual(self.probe(netmond.port, good).greet(probe="edge2")[0], 0)

    def test_a_collector_s(self):
        self.assert_refused(self.collector(), self.ca.issue("edge1", use=SERVER), "unsuitable certificate purpose")

    def test_one_that_does_not_say_what_it_is_for(self):
        self.assert_refused(self.collector(), self.ca.issue("edge1", use=None), "unsuitable certificate purpose")

    def test_another_probe_s(self):
        netmond = self.collector()
        client = self.probe(netmond.port, self.ca.issue("edge2"))
        status, _, words = client.greet(probe="edge1")
        self.assertEqual(status, 3)
        self.assertIn("edge2", words)
        netmond.wait_line("probe edge2 .* refused: it calls itself edge1, but its certificate is for edge2")
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT name FROM probe"), [])

    def test_tls_1_2(self):
        netmond, context = self.collector(), self.context(self.ca.issue("edge1"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assert_refused(netmond, None, "it does not speak TLS 1.3", context)

    def test_plain_frames(self):
        netmond = self.collector()
        client = frames.Probe(netmond.port)
        client.send(frames.hello(probe="edge1"))
        kind, payload = client.receive()
        self.assertEqual(kind, frames.HELLO_ACK)
        self.assertIn(b"this collector wants TLS", payload)
        self.assertTrue(client.closed())
        netmond.wait_line("dropped: it does not speak TLS: a netmonc without a certificate")
        self.assertNotIn("edge1", netmond.log())

    def test_a_browser(self):
        netmond = self.collector()
        with socket.create_connection(("127.0.0.1", netmond.port)) as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            s.settimeout(10 * e2e.SLOWER)
            self.assertRaises(ConnectionError, s.recv, 1)
        netmond.wait_line("dropped: it does not speak TLS, but plain TCP")

    def test_a_name_for_another_protocol_is_no_matter(self):
        """ALPN is not used: who offers it is taken like everybody else."""
        context = self.context(self.ca.issue("edge1"))
        context.set_alpn_protocols(["h2"])
        self.assertEqual(self.probe(self.collector().port, None, context=context).greet(probe="edge1")[0], 0)

    def test_tls_to_a_collector_without(self):
        netmond = self.netmond(store=True)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.probe(netmond.port, self.ca.issue("edge1"))
        netmond.wait_line("it speaks TLS, and this collector has no certificate")

    def test_garbage_in_the_handshake(self):
        netmond = self.collector()
        for n in range(20):
            with socket.create_connection(("127.0.0.1", netmond.port)) as s:
                s.sendall(b"\x16\x03\x01\x00\x80" + os.urandom(300))
                s.settimeout(5)
                try:
                    while s.recv(4096):
                        pass
                except ConnectionError:
                    pass
        self.assertEqual(self.probe(netmond.port, self.ca.issue("edge1")).greet(probe="edge1")[0], 0)

    def test_half_a_handshake(self):
        netmond = self.collector("--hello", 1)
        with socket.create_connection(("127.0.0.1", netmond.port)) as s:
            s.sendall(b"\x16\x03\x01\x02")
            s.settimeout(10 * e2e.SLOWER)
            self.assertEqual(s.recv(1), b"")
        netmond.wait_line("it does not say who it is")


class Live(TlsCase):
    def events(self):
        return [tuple(row) for row in e2e.query(self.dir / "netmon.db", "SELECT probe, event, detail FROM probe_event ORDER BY id")]

    def assert_told(self, client, words):
        """The last thing that it hears is why."""
        kind, payload = client.receive()
        self.assertEqual(kind, frames.HELLO_ACK)
        self.assertIn(words.encode(), payload)
        self.assertTrue(client.closed())

    def test_a_certificate_that_is_revoked_ends_its_connection_and_no_other(self):
        bad, good = self.ca.issue("edge1"), self.ca.issue("edge2")
        netmond = self.collector()
        one, two = self.probe(netmond.port, bad), self.probe(netmond.port, good)
        one.greet(probe="edge1")
        two.greet(probe="edge2")
        self.ca.revoke(bad)
        netmond.wait_line("probe edge1 .*refused: its certificate is refused: certificate revoked", timeout=20)
        self.assert_told(one, "certificate revoked")
        two.store(1, [frames.Record()])
        self.assertEqual(self.events(), [("edge1", "revoked", "its certificate is refused: certificate revoked")])

    def test_a_certificate_that_expires_ends_its_connection(self):
        netmond = self.collector()
        client = self.probe(netmond.port, self.ca.issue("edge1", days=0, seconds=3))
        client.greet(probe="edge1")
        netmond.wait_line("probe edge1 .*refused: its certificate is refused: certificate has expired", timeout=20)
        self.assert_told(client, "certificate has expired")
        self.assertEqual(self.events()[-1][:2], ("edge1", "expired"))

    def test_a_certificate_that_soon_expires_is_spoken_of_once_a_day(self):
        netmond, issued = self.collector(), self.ca.issue("edge1", days=5, seconds=60)
        line = "probe edge1 .*: its certificate expires in 5 days.*"
        for n in range(1, 3):
            self.probe(netmond.port, issued).greet(probe="edge1")
            netmond.wait_line(f"(?s)({line}){{{n}}}", timeout=20)
        self.assertEqual(self.events(), [("edge1", "expiring", "its certificate expires in 5 days (netmon probe renew)")])

    def test_the_collector_s_own_certificate_is_spoken_of_before_its_end(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["localhost"], days=5, seconds=60)
        netmond = self.collector(own=own)
        netmond.wait_line("this certificate expires in 5 days")
        self.probe(netmond.port, self.ca.issue("edge1")).greet(probe="edge1")
        netmond.wait_line("the collector's own certificate expires in 5 days", timeout=20)
        e2e.wait_until(self.events, "the event")
        self.assertEqual(self.events()[0][:2], ("edge1", "expiring"))

    def test_a_list_that_is_broken_or_gone_leaves_the_old_one(self):
        bad = self.ca.issue("edge1")
        self.ca.revoke(bad)
        netmond = self.collector()
        self.ca.crl.write_text("nothing\n")
        netmond.wait_line("ca.crl: it holds no list.*: the old certificates stay", timeout=20)
        self.assert_refused(netmond, bad, "certificate revoked")
        self.ca.crl.unlink()
        netmond.wait_line("ca.crl: No such file.*: the old certificates stay", timeout=20)
        self.assert_refused(netmond, bad, "certificate revoked")
        self.assertEqual(self.probe(netmond.port, self.ca.issue("edge2")).greet(probe="edge2")[0], 0)

    def test_netmond_does_not_start_without_the_list_that_it_was_given(self):
        Authority(self.dir, "other").crl.rename(self.dir / "foreign.crl")
        (self.dir / "empty.crl").write_text("")
        for name, words in (("none.crl", "No such file"), ("empty.crl", "holds no list"), ("foreign.crl", "not signed by")):
            done = e2e.run("netmond", "--tls-cert", self.own.cert, "--tls-key", self.own.key, "--tls-ca", self.ca.cert,
                           "--tls-crl", self.dir / name, "-p", e2e.free_port(), check=False)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(words, done.stderr)

    def test_large_batches_arrive_whole_however_they_are_cut(self):
        netmond = self.collector()
        client = self.probe(netmond.port, self.ca.issue("edge1"))
        client.greet(probe="edge1")
        batch = [frames.Record(sport=i) for i in range(4000)]
        data = frames.batch(1, batch, epoch=client.epoch, previous=client.last_crc)
        for at in range(0, len(data), 1777):
            client.send(data[at:at + 1777])
        self.assertEqual(client.acknowledged(), 1)
        client.last_crc = frames.crc_of(data)
        for sequence in range(2, 10):  # many in one go: more than a socket or a record of TLS takes
            client.push(sequence, batch)
        while client.acknowledged() < 9:
            pass
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0], 9 * 4000)


class Probe(TlsCase):
    """netmonc refuses a collector, too, and keeps what it has for a good one."""

    def setUp(self):
        super().setUp()
        self.dir.chmod(0o777)

    def run_probe(self, port, issued, *words, name="edge1", ca=None, host="localhost", capture="http"):
        tls = ["--tls-cert", issued.cert, "--tls-key", issued.key, "--tls-ca", (ca or self.ca).cert] if issued else []
        return self.start("netmonc", "-v", "-h", host, "-p", port, "--probe", name, "-r", e2e.capture(capture), *tls, *words)

    def test_a_probe_that_is_refused_says_what_for_and_keeps_what_it_has(self):
        netmond = self.collector()
        revoked = self.ca.issue("edge1")
        self.ca.revoke(revoked)
        netmond.wait_line("certificates read again", timeout=20)
        for number, (issued, words) in enumerate((
                (self.ca.issue("edge1", self_signed=True), "refuses this one: unknown CA"),
                (self.ca.issue("edge1", days=-1), "refuses this one: certificate expired"),
                (Authority(self.dir, "other").issue("edge1"), "refuses this one: unknown CA"),
                (self.ca.issue("edge1", use=SERVER), "refuses this one: unsupported certificate"),
                (revoked, "refuses this one: certificate revoked"),
                (self.ca.issue("edge2"), "refuses this probe: it calls itself edge1, but its certificate is for edge2"),
                (None, "refuses this probe: this collector wants TLS"))):
            with self.subTest(words):
                process = self.run_probe(netmond.port, issued, "--spool", self.dir / f"spool{number}")
                process.wait_line(words)
                process.kill()
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT name FROM probe"), [])
        self.assert_kept(netmond.port, revoked, "refuses this one: certificate revoked")

    def assert_kept(self, port, issued, words, *options, **kwargs):
        """A run that does not get rid of what it meters says why, and another one, with what is right, delivers it."""
        spool = ["--spool", self.dir / "spool"]
        process = self.run_probe(port, issued, *spool, *options, **kwargs)
        process.wait_line(words)
        process.stop()
        self.assertIn("kept in the spool", process.log())
        good = self.netmond("--tls-cert", self.own.cert, "--tls-key", self.own.key, "--tls-ca", self.ca.cert,
                            store=self.dir / "good.db")
        self.assertEqual(self.run_probe(good.port, self.ca.issue("edge1"), *spool, capture="dns").wait_end(), 0)
        self.assertEqual(good.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "good.db"),
                         e2e.sums(e2e.netmonc_csv(CAPTURE) + e2e.netmonc_csv(e2e.capture("dns"))))

    def assert_probe_refuses(self, netmond, words, *options, **kwargs):
        process = self.run_probe(netmond.port, self.ca.issue("edge1"), *options, **kwargs)
        process.wait_line(words)
        process.kill()
        self.assertNotIn("connected", netmond.log())
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT name FROM probe"), [])

    def test_records_arrive_under_tls(self):
        netmond = self.collector()
        self.assertEqual(self.run_probe(netmond.port, self.ca.issue("edge1")).wait_end(), 0)
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), e2e.sums(e2e.netmonc_csv(CAPTURE)))

    def test_a_collector_of_another_name(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["noc.example", "192.0.2.1"])
        netmond = self.collector(own=own)
        self.assert_probe_refuses(netmond, "hostname mismatch")
        self.assert_kept(netmond.port, self.ca.issue("edge1"), "hostname mismatch")

    def test_a_collector_of_another_address(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["localhost", "192.0.2.1"])
        self.assert_probe_refuses(self.collector(own=own), "IP address mismatch", host="127.0.0.1")

    def test_a_collector_with_a_probe_s_certificate(self):
        own = self.ca.issue("localhost", hosts=["localhost"])
        self.assert_probe_refuses(self.collector(own=own), "unsuitable certificate purpose")

    def test_a_collector_of_another_authority(self):
        self.assert_probe_refuses(self.collector(), "certificate is refused", ca=Authority(self.dir, "other"))

    def test_a_collector_that_signed_for_itself(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["localhost"], self_signed=True)
        self.assert_probe_refuses(self.collector(own=own), "certificate is refused: self-signed certificate")

    def test_a_collector_that_is_revoked(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["localhost"])
        self.ca.revoke(own)
        self.assert_probe_refuses(self.collector(own=own), "certificate is refused: certificate revoked", "--tls-crl", self.ca.crl)

    def test_a_collector_that_speaks_tls_1_2(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.own.cert, self.own.key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assert_stranger_refused(context, "no connection to collector .*it does not speak TLS 1.3")

    def test_a_server_that_asks_for_no_certificate(self):
        """It would take anybody's records, and so is no collector; it says nothing that one says."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.own.cert, self.own.key)
        self.assert_stranger_refused(context, "no connection to collector")

    def assert_stranger_refused(self, context, words):
        """A TLS server that is no netmond."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                while True:
                    try:
                        with context.wrap_socket(server.accept()[0], server_side=True) as s:
                            s.recv(1)
                    except ssl.SSLError:
                        pass
                    except OSError:
                        return

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            self.assert_kept(server.getsockname()[1], self.ca.issue("edge1"), words)
            server.shutdown(socket.SHUT_RDWR)
        thread.join(10)

    def test_a_collector_that_is_expired(self):
        own = self.ca.issue("collector", use=SERVER, hosts=["localhost"], days=-1)
        self.assert_probe_refuses(self.collector(own=own), "certificate has expired")

    def test_a_collector_without_tls(self):
        netmond = self.netmond(store=True)
        self.assert_probe_refuses(netmond, "no connection to collector .*TLS")

    def test_a_renewed_certificate_is_used_from_the_next_connection_on(self):
        netmond = self.collector()
        first = self.ca.issue("edge1", days=-1)
        os.chmod(first.key, 0o644 & ~0o007)
        if os.geteuid() == 0:
            os.chown(first.key, 65534, 65534)
        process = self.start("netmonc", "-v", "-h", "localhost", "-p", netmond.port, "--probe", "edge1", "-r", "-",
                             "--tls-cert", first.cert, "--tls-key", first.key, "--tls-ca", self.ca.cert, "--user", "nobody",
                             stdin=subprocess.PIPE)
        process.popen.stdin.write(Path(CAPTURE).read_bytes())
        process.popen.stdin.flush()
        process.wait_line("the other end refuses this one: certificate expired")
        second = self.ca.issue("edge1")
        if os.geteuid() == 0:
            os.chown(second.key, 65534, 65534)
        second.key.rename(first.key)
        second.cert.rename(first.cert)
        process.wait_line("connected to collector", timeout=30)
        process.popen.stdin.close()
        self.assertEqual(process.wait_end(), 0)


class Beyond(TlsCase):
    """Without TLS nothing leaves the machine."""

    def test_netmond_listens_on_loopback_only(self):
        for listen in ("*", "0.0.0.0", "::", "192.0.2.1"):
            done = e2e.run("netmond", "--listen", listen, "-p", e2e.free_port(), check=False)
            self.assertEqual(done.returncode, 2, listen)
            self.assertIn("--insecure", done.stderr)

    def test_names_and_addresses_of_loopback_are_fine(self):
        for listen in ("localhost", "127.0.0.1", "127.9.8.7"):
            port = e2e.free_port()
            self.start("netmond", "--listen", listen, "-p", port).wait_listen(port)

    def test_insecure_says_otherwise(self):
        port = e2e.free_port()
        self.start("netmond", "--listen", "*", "--insecure", "-p", port).wait_listen(port)

    def test_netmonc_refuses_an_address_at_once(self):
        for host in ("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"):
            done = e2e.run("netmonc", "-h", host, "-r", CAPTURE, check=False)
            self.assertEqual(done.returncode, 2, host)
            self.assertIn("netmon probe add", done.stderr)

    def test_part_of_the_files_is_a_mistake(self):
        for words in (["--tls-cert", "x"], ["--tls-cert", "x", "--tls-key", "y"], ["--tls-ca", "x"]):
            self.assertEqual(e2e.run("netmonc", "-r", CAPTURE, *words, check=False).returncode, 2)
            self.assertEqual(e2e.run("netmond", *words, check=False).returncode, 2)

    def test_a_key_that_everybody_may_read_is_refused(self):
        os.chmod(self.own.key, 0o644)
        done = e2e.run("netmond", "--tls-cert", self.own.cert, "--tls-key", self.own.key, "--tls-ca", self.ca.cert,
                       check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("everybody may use this key", done.stderr)

    def test_a_key_of_another_certificate_is_refused(self):
        done = e2e.run("netmond", "--tls-cert", self.own.cert, "--tls-key", self.ca.issue("x").key, "--tls-ca",
                       self.ca.cert, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not belong to the certificate", done.stderr)


if __name__ == "__main__":
    unittest.main()
