# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in MariaDB on another machine: what is asked of the connection's TLS is kept, or there is no connection."""
import netmon_e2e as e2e
import netmon_mariadb
from alert_servers import make_certificates


@netmon_mariadb.needed
@e2e.needs_program("openssl")
class Tls(e2e.Case):
    def setUp(self):
        super().setUp()
        self.certificates = self.dir / "pki"
        self.certificates.mkdir()
        make_certificates(self.certificates)
        self.port = e2e.free_port()

    def serve(self, *options):
        """A server on a port of this machine, and the beginning of its store's name."""
        server = netmon_mariadb.Server("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={self.port}", *options)
        self.addCleanup(server.end)
        server.new_store()
        server.query("CREATE OR REPLACE USER netmon@'%' IDENTIFIED BY 'bad/word'; GRANT ALL ON netmon.* TO netmon@'%'", None)
        return f"mysql://netmon@127.0.0.1:{self.port}/netmon?password_file={server.folder}/netmon.password"

    def init(self, store):
        done = e2e.run("netmon", "--store", store, "store", "init", check=False)
        self.assertNotIn("bad/word", done.stdout + done.stderr)
        return done

    def test_a_server_with_a_certificate_is_reached_over_tls_and_no_other_is_believed(self):
        pki = self.certificates
        store = self.serve(f"--ssl-ca={pki}/ca.pem", f"--ssl-cert={pki}/server.crt", f"--ssl-key={pki}/server.key",
                           "--require-secure-transport=1")
        self.assertNotEqual(self.init(f"{store}&tls=off").returncode, 0)
        done = self.init(f"{store}&tls=required&tls_ca={pki}/other-ca.pem")
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate", done.stderr)
        self.assertNotEqual(self.init(f"{store}&tls_ca={pki}/none.pem").returncode, 0)
        self.assertEqual(self.init(f"{store}&tls=required").returncode, 0)
        done = self.init(f"{store}&tls_ca={pki}/ca.pem")
        self.assertEqual(done.returncode, 0, done.stderr)
        netmond = self.netmond("--store", f"{store}&tls_ca={pki}/ca.pem")
        e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "-r", e2e.capture("dns"))
        self.assertEqual(netmond.stop(), 0, netmond.log())

    def test_a_server_without_tls_is_refused_where_tls_is_required(self):
        store = self.serve("--skip-ssl")
        for option in ("tls=required", f"tls_ca={self.certificates}/ca.pem"):
            done = self.init(f"{store}&{option}")
            self.assertEqual(done.returncode, 1, option)
            self.assertIn("TLS", done.stderr.replace("SSL", "TLS"))
        self.assertEqual(self.init(store).returncode, 0)
