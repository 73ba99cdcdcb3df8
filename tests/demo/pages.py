# SPDX-License-Identifier: GPL-3.0-or-later
"""A small browser that signs in, follows links and looks whether pages and graphs hold what they should."""
import re
import struct
import urllib.error
import urllib.parse
import urllib.request
import zlib
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from processes import DemoError

TIMEOUT_S = 30


class Page(HTMLParser):
    """What matters of an HTML page: its words, links, images and forms."""

    def __init__(self, url, html):
        super().__init__()
        self.url = url
        self.html = html
        self.words = []
        self.links = []
        self.images = []
        self.forms = []
        self._hidden = 0
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        a = {k: v or "" for k, v in attrs}
        if tag in ("script", "style"):
            self._hidden += 1
        elif tag == "a" and "href" in a:
            self.links.append(urllib.parse.urljoin(self.url, a["href"]))
        elif tag in ("img", "source", "object") and (a.get("src") or a.get("srcset") or a.get("data")):
            source = (a.get("src") or a.get("srcset") or a.get("data")).split()[0]
            self.images.append(urllib.parse.urljoin(self.url, source))
        elif tag == "form":
            self.forms.append({"action": a.get("action", ""), "method": a.get("method", "get"), "fields": {}})
        elif tag == "input" and self.forms and a.get("name"):
            self.forms[-1]["fields"][a["name"]] = (a.get("type", "text"), a.get("value", ""))

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._hidden -= 1

    def handle_data(self, data):
        if not self._hidden:
            self.words.append(data)

    def linked(self, pattern):
        """Links whose path matches, each once, in the page's order."""
        found = [u for u in self.links if re.fullmatch(pattern, urllib.parse.urlsplit(u).path)]
        return list(dict.fromkeys(found))


class Browser:
    """Keeps cookies; never leaves the server that it was made for."""

    def __init__(self, base):
        self.base = base
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                  urllib.request.HTTPCookieProcessor(CookieJar()))

    def fetch(self, url, fields=None):
        """(status, content type, octets, final URL). Form `fields` make it a POST."""
        url = urllib.parse.urljoin(self.base, url)
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        # browsers say where a form came from, and the pages may ask for it
        request = urllib.request.Request(url, data, {"Origin": self.base.rstrip("/"), "Referer": url} if data else {})
        try:
            with self.opener.open(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.headers.get_content_type(), answer.read(), answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read(), url
        except OSError as error:
            raise DemoError(f"{url}: {error}") from None

    def page(self, url):
        """A page that must be there."""
        status, kind, octets, final = self.fetch(url)
        if status != 200 or kind != "text/html":
            raise DemoError(f"{url}: status {status}, {kind}")
        return Page(final, octets.decode("utf-8"))

    def sign_in(self, user, password):
        """Fills the form that a stranger gets, and returns the page behind it."""
        status, _, octets, final = self.fetch("/")
        page = Page(final, octets.decode("utf-8", "replace"))
        form = next((f for f in page.forms if any(t == "password" for t, _ in f["fields"].values())), None)
        if not form:
            raise DemoError(f"no sign-in form at {final} (status {status})")
        given = {"password": password, "text": user}
        fields = {n: given.get(kind, value) for n, (kind, value) in form["fields"].items() if n}
        status, _, octets, final = self.fetch(urllib.parse.urljoin(final, form["action"]), fields)
        page = Page(final, octets.decode("utf-8", "replace"))
        if status != 200 or any(t == "password" for f in page.forms for t, _ in f["fields"].values()):
            raise DemoError(f"signing in as {user} did not work (status {status})")
        return page


def png_size(octets, url):
    """(width, height, distinct pixel octets) of a PNG that is one."""
    if octets[:8] != b"\x89PNG\r\n\x1a\n":
        raise DemoError(f"{url}: not a PNG")
    width, height = struct.unpack(">II", octets[16:24])
    at, data = 8, b""
    while at + 8 <= len(octets):
        length, kind = struct.unpack(">I4s", octets[at:at + 8])
        if kind == b"IDAT":
            data += octets[at + 8:at + 8 + length]
        at += 12 + length
    try:
        pixels = zlib.decompress(data)
    except zlib.error:
        raise DemoError(f"{url}: a damaged PNG") from None
    return width, height, len(set(pixels))


def check_graph(browser, url):
    """A graph as PNG and SVG; words about it. A picture without curves has few colours and is small."""
    path = urllib.parse.urlsplit(url).path
    other = path[:-4] + (".svg" if path.endswith(".png") else ".png")
    words = []
    for one in (url, urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(path=other))):
        status, kind, octets, _ = browser.fetch(one)
        if status != 200:
            raise DemoError(f"{one}: status {status}")
        if kind == "image/png":
            width, height, values = png_size(octets, one)
            if width < 200 or height < 100 or values < 16 or len(octets) < 3000:
                raise DemoError(f"{one}: an empty graph ({width}x{height}, {len(octets)} octets, {values} values)")
            words.append(f"PNG {width}x{height}, {len(octets) / 1000:.0f} kB")
        elif kind == "image/svg+xml" and b"<svg" in octets[:1000] and octets.count(b"<path") > 5:
            words.append(f"SVG, {len(octets) / 1000:.0f} kB")
        else:
            raise DemoError(f"{one}: {kind} is no graph")
    return ", ".join(words)
