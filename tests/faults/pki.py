# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the fault tests, made with openssl(1): an authority, a collector on loopback, a probe."""
import subprocess


class Pki:
    def __init__(self, folder, probe, address="127.0.0.1"):
        self.dir = folder / "pki"
        self.dir.mkdir(mode=0o700)
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
                  "-out", "ca.pem", "-days", "30", "-subj", "/CN=fault tests", "-addext",
                  "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.issue("collector", f"subjectAltName=IP:{address},DNS:localhost")
        self.issue(probe, f"subjectAltName=DNS:{probe}")
        self.probe = probe

    def _run(self, *words):
        subprocess.run(["openssl", *words], cwd=self.dir, check=True, capture_output=True, timeout=60)

    def issue(self, name, extension):
        """name.key and name.pem, from the authority."""
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                  f"{name}.csr", "-subj", f"/CN={name}")
        (self.dir / "ext").write_text(extension + "\n", encoding="ascii")
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                  "-extfile", "ext", "-out", f"{name}.pem")
        (self.dir / f"{name}.key").chmod(0o600)

    def files(self, name):
        return self.dir / f"{name}.pem", self.dir / f"{name}.key", self.dir / "ca.pem"

    def collector_options(self):
        cert, key, ca = self.files("collector")
        return ["--tls-cert", cert, "--tls-key", key, "--tls-ca", ca]

    def feed_settings(self):
        return dict(zip(("cert", "key", "ca"), self.files(self.probe)))
