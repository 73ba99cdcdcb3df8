# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers for alert tests, on 127.0.0.1 and in threads of the test: an SMTP server, an HTTP gateway, a server that
accepts and never says a word, and a certificate authority of the test's own."""
import email
import email.policy
import http.server
import logging
import socket
import ssl
import subprocess
import threading
import urllib.parse
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


# the library logs clients that turn away, which is what some tests are about
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module="aiosmtpd")


class Mailbox:
    """An SMTP server that keeps what it takes. refuse: recipients that get a 550. login: (user, password) that it
    demands. tls: an SSLContext; implicit=True for TLS from the first byte, else STARTTLS is offered and demanded."""

    def __init__(self, port, refuse=(), login=None, tls=None, implicit=False):
        self.mails = []
        self.senders = []
        self.refuse = refuse
        self.login = login
        options = {"auth_required": login is not None, "authenticator": self._check}
        if tls and implicit:
            options.update(ssl_context=tls, auth_require_tls=False)
        elif tls:
            options.update(tls_context=tls, require_starttls=True)
        else:
            options.update(auth_require_tls=False)
        self.controller = Controller(self, hostname="127.0.0.1", port=port, ready_timeout=20, **options)
        if tls and implicit:
            self.controller._trigger_server = self._knock
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    def _knock(self):
        """The library waits for a first connection before it says that it runs; its own would speak as a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.controller.port), 5) as plain:
            with context.wrap_socket(plain) as secure:
                secure.recv(1024)

    def _check(self, _server, _session, _envelope, _mechanism, data):
        right = isinstance(data, LoginPassword) and self.login == (data.login.decode(), data.password.decode())
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        self.senders.append(address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refuse:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.envelope_to = list(envelope.rcpt_tos)
        message.raw = envelope.content
        message.text = message.get_content().replace("\r\n", "\n")
        self.mails.append(message)
        return "250 OK"


class Gateway:
    """An HTTP server that keeps requests and answers with `statuses` in turn, then 200."""

    def __init__(self, port, statuses=(), headers=()):
        self.requests = []
        statuses = list(statuses)
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                url = urllib.parse.urlsplit(self.path)
                gateway.requests.append({
                    "method": self.command, "path": url.path, "query": urllib.parse.parse_qs(url.query),
                    "headers": dict(self.headers), "body": body})
                self.send_response(statuses.pop(0) if statuses else 200)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _take

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def texts(self):
        return [r["query"]["text"][0] for r in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Mute:
    """Accepts connections (up to its backlog) and never says a word."""

    def __init__(self, port):
        self.socket = socket.create_server(("127.0.0.1", port), backlog=64)

    def stop(self):
        self.socket.close()


def make_certificates(folder):
    """ca.pem, other-ca.pem, and server.pem with its key for localhost and 127.0.0.1, signed by ca.pem."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)

    for name in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN=netmon test {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "server.ext", "-out", "server.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context
