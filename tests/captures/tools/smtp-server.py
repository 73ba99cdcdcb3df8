#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtp-server.py PORT CERTIFICATE [USER PASSWORD]: an aiosmtpd server with AUTH when a user is given; with TLS from the
first octet on port 465, with STARTTLS on any other."""
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult

SMTPS_PORT = 465


def main():
    port, certificate = int(sys.argv[1]), sys.argv[2]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    options = {"ssl_context" if port == SMTPS_PORT else "tls_context": context, "ident": "Python SMTP"}
    if len(sys.argv) > 3:
        user, password = (word.encode() for word in sys.argv[3:5])

        def authenticate(_server, _session, _envelope, _mechanism, data):
            return AuthResult(success=(data.login, data.password) == (user, password), handled=False)
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=False)
    controllers = [Controller(Sink(), hostname=address, port=port, server_hostname="mail.example", **options)
                   for address in ("0.0.0.0", "::")]
    for controller in controllers:
        controller.ready_timeout = 10
        controller.start()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
