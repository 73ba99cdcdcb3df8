# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon.cgi behind lighttpd, as etc/lighttpd-netmon.conf sets it up, and a client for it."""
import http.client
import re
import urllib.parse
from pathlib import Path

import netmon_e2e as e2e

CONF = e2e.TREE / "etc" / "lighttpd-netmon.conf"
# a plain CGI program below a path: what the end of the sample configuration describes
CGI_CONF = """
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "/nonexistent"
server.modules = ("mod_cgi", "mod_alias", "mod_setenv")
alias.url = ("/cgi-bin/netmon.cgi" => "{cgi}")
cgi.assign = ("netmon.cgi" => "")
setenv.set-environment = ("NETMON_CONFIG" => "{config}", "ASAN_OPTIONS" => "detect_leaks=0")
"""


def start(case, config, run, options=""):
    """Starts lighttpd with FastCGI workers; returns the process, with .port."""
    port = e2e.free_port()
    Path(run).mkdir(parents=True, exist_ok=True)
    env = {"NETMON_PORT": port, "NETMON_CGI": e2e.binary("netmon.cgi") + options, "NETMON_CONFIG": config,
           "NETMON_RUN": run, "ASAN_OPTIONS": "detect_leaks=0"}
    return case.start("lighttpd", "-D", "-f", CONF, env=env).wait_listen(port)


def start_cgi(case, config, folder):
    """Starts lighttpd that runs the program anew for each request, below /cgi-bin/netmon.cgi."""
    port = e2e.free_port()
    conf = Path(folder) / "cgi.conf"
    conf.write_text(CGI_CONF.format(port=port, cgi=e2e.binary("netmon.cgi"), config=config))
    return case.start("lighttpd", "-D", "-f", conf).wait_listen(port)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.bytes = response.read()

    @property
    def text(self):
        return self.bytes.decode()

    def rows(self, section):
        """Names in the first column of a listing."""
        part = re.search(rf'<section id="{section}".*?</section>', self.text, re.S).group(0)
        return [re.sub(r"<small>.*?</small>|<[^>]*>", "", cell).strip()
                for cell in re.findall(r'<th scope="row" class="name">(.*?)</th>', part, re.S)]


class Client:
    """Speaks HTTP to one port, keeps the session's cookie, follows nothing."""

    def __init__(self, port, base=""):
        self.port = port
        self.base = base
        self.cookie = None

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * e2e.SLOWER)
        sent = dict(headers or {})
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, self.base + path, body=body, headers=sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, headers=headers)

    def sign_in(self, user, password, next_path="/", headers=None):
        form = urllib.parse.urlencode({"user": user, "password": password, "next": next_path})
        answer = self.ask("POST", "/login", form, headers)
        if answer.headers.get("Set-Cookie"):
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer
