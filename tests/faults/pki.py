# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for the fault tests: an authority, a collector, a probe."""
from netmon_certs import SERVER, Authority


class Pki:
    def __init__(self, folder, probe, address="127.0.0.1"):
        self.dir = folder / "pki"
        self.dir.mkdir(mode=0o700)
        self.authority = Authority(self.dir)
        self.issued = {"collector": self.authority.issue("collector", use=SERVER, hosts=(address,), begin=-20),
                       probe: self.authority.issue(probe, begin=-20)}
        self.probe = probe

    def files(self, name):
        return self.issued[name].cert, self.issued[name].key, self.authority.cert

    def collector_options(self):
        cert, key, ca = self.files("collector")
        return ["--tls-cert", cert, "--tls-key", key, "--tls-ca", ca]

    def feed_settings(self):
        return dict(zip(("cert", "key", "ca"), self.files(self.probe)))
