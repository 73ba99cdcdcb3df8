# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests, good ones and wrong ones, without netmon's own code for them.

    ca = Authority(folder, "ca")
    cert = ca.issue("edge1")                       # .cert, .key: paths
    ca.issue("edge1", days=-1)                     # expired
    ca.revoke(cert)                                # writes ca.crl anew
"""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def _now():
    return datetime.datetime.utcnow()


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def _host(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Issued:
    """A certificate and its key in files."""

    def __init__(self, folder, name, cert, key):
        self.x509, self.private = cert, key
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        os.chmod(self.key, 0o600)


class Authority(Issued):
    """An authority of its own; .crl is its list of revoked certificates."""

    def __init__(self, folder, name="ca", days=3650):
        self.folder, self.count, self.revoked = folder, 0, []
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, name, key, _now() - datetime.timedelta(days=1), days)
        cert = builder.add_extension(x509.BasicConstraints(True, 0), True).sign(key, hashes.SHA256())
        super().__init__(folder, name, cert, key)
        self.crl = folder / f"{name}.crl"
        self.write_crl()

    @staticmethod
    def _builder(subject, issuer, key, begin, days):
        return (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(begin).not_valid_after(_now() + datetime.timedelta(days=days)))

    def issue(self, name, use=CLIENT, hosts=(), days=60, begin=-2, seconds=0, self_signed=False):
        """A certificate for a probe `name`, or for a collector with use=SERVER and its hosts. `begin` and `days` from now;
        use=None: it does not say what it is for."""
        self.count += 1
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = name if self_signed else self.folder and self.x509.subject.rfc4514_string()[3:]
        builder = self._builder(name, issuer, key, _now() + datetime.timedelta(days=begin), days + seconds / 86400)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        if use:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), False)
        cert = builder.sign(key if self_signed else self.private, hashes.SHA256())
        return Issued(self.folder, f"{self.cert.stem}-{self.count}", cert, key)

    def revoke(self, issued):
        self.revoked.append(issued.x509.serial_number)
        self.write_crl()

    def write_crl(self, days=3650):
        """Writes the list anew, in one step."""
        builder = (x509.CertificateRevocationListBuilder().issuer_name(self.x509.subject)
                   .last_update(_now() - datetime.timedelta(days=2)).next_update(_now() + datetime.timedelta(days=days)))
        for serial in self.revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_now()).build())
        new = self.crl.with_suffix(".new")
        new.write_bytes(builder.sign(self.private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        new.rename(self.crl)
