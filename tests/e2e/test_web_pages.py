# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in Chromium: as people see them, at the width of a desk and of a telephone, light and dark."""
import shutil
import tempfile
import unittest
from pathlib import Path

import netmon_e2e as e2e
import web_fixture
import web_server
from web_browser import NARROW, WIDE, Browser

PAGES = ["/", "/groups", "/group/1", "/group/3", "/app/1", "/group/1/app/1", "/host/10.1.0.11", "/host/2001:db8:2::10",
         "/host/10.1.0.11/unknown", "/search?q=10", "/alerts", "/probes", "/host/10.9.9.9", "/?show=hosts"]
GRAPHS = ["/", "/group/1", "/group/4", "/app/1", "/group/1/app/1", "/host/2001:db8:2::10", "/host/10.1.0.11/unknown"]


@e2e.needs_program("chromium", "chromedriver", "lighttpd")
class Pages(e2e.Case):
    """One browser, one server and one store for all cases."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="netmon-pages-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.made = web_fixture.build(cls.shared / "store")
        cls.host = e2e.Case()
        cls.host.setUp()
        cls.addClassCleanup(cls.host.doCleanups)
        server = web_server.start(cls.host, cls.made.config, cls.shared / "run")
        cls.port = server.port
        cls.browser = Browser(server.port, cls.shared / "profile")
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        super().setUp()
        self.browser.driver.delete_all_cookies()
        self.browser.size(WIDE)

    def sign_in(self):
        """A session without the form, which has tests of its own."""
        client = web_server.Client(self.port)
        client.sign_in(self.made.user, self.made.password)
        self.browser.open("/static/netmon.svg")
        name, value = client.cookie.split("=", 1)
        self.browser.driver.add_cookie({"name": name, "value": value, "path": "/"})

    def names(self, section):
        """First column of a listing."""
        return [t.split("\n")[0] for t in self.browser.text(f"#{section} tbody th a")]

    def test_signing_in_leads_to_the_page_that_was_wanted(self):
        self.browser.open("/group/1?period=week")
        self.assertTrue(self.browser.path.startswith("/login"))
        self.browser.one("input[name=user]").send_keys(self.made.user)
        self.browser.one("input[name=password]").send_keys(self.made.password)
        self.browser.go("button[type=submit]")
        self.assertEqual(self.browser.path, "/group/1?period=week")
        self.assertEqual(self.browser.text("h1"), ["Campus"])

    def test_a_wrong_password_is_refused_in_words(self):
        self.browser.sign_in(self.made.user, "wrong password")
        self.assertIn("name or the password is wrong", self.browser.one("[role=alert]").text)
        self.assertEqual(self.browser.one("input[name=user]").get_attribute("value"), self.made.user)
        self.assertEqual(self.browser.one("input[name=password]").get_attribute("value"), "")

    def test_signing_out_ends_the_session_in_this_browser(self):
        self.sign_in()
        self.browser.open("/")
        self.browser.go("header .user button")
        self.assertEqual(self.browser.path, "/login")
        self.browser.open("/groups")
        self.assertTrue(self.browser.path.startswith("/login"))

    def test_no_page_is_wider_than_the_window(self):
        self.sign_in()
        for width in (WIDE, NARROW, 320):
            self.browser.size(width)
            for path in PAGES:
                with self.subTest(width=width, path=path):
                    self.browser.open(path)
                    self.assertEqual(self.browser.overflow(), [0, []])

    def test_the_sign_in_page_fits_a_telephone(self):
        self.browser.size(NARROW)
        self.browser.open("/login")
        self.assertEqual(self.browser.overflow(), [0, []])

    def test_every_graph_is_an_image_that_loads_and_fits(self):
        self.sign_in()
        for width, dark in ((WIDE, False), (NARROW, True)):
            self.browser.size(width, dark)
            for path in GRAPHS:
                with self.subTest(width=width, path=path):
                    self.browser.open(path)
                    graphs = [i for i in self.browser.wait_images() if "/graph/" in i[0]]
                    self.assertEqual(len(graphs), 1)
                    address, natural, shown = graphs[0]
                    self.assertGreater(natural, 0)
                    self.assertLessEqual(shown, width)
                    self.assertIn("theme=dark" if dark else "width=1120", address)
                    self.assertEqual("width=360" in address, width == NARROW)

    def test_each_period_has_its_graph(self):
        self.sign_in()
        self.browser.open("/group/1")
        for name, key in (("6 hours", "6h"), ("Week", "week"), ("Month", "month"), ("Year", "year")):
            self.browser.go(next(a for a in self.browser.all(".tabs a") if a.text == name))
            self.assertIn(f"period={key}", self.browser.path)
            self.assertEqual(self.browser.text(".tabs [aria-current]"), [name])
            graph = [i for i in self.browser.wait_images() if "/graph/" in i[0]][0]
            self.assertIn(f"period={key}", graph[0])
            self.assertGreater(graph[1], 0)

    def test_dark_pages_are_dark_and_light_pages_light(self):
        self.sign_in()
        script = """const c = getComputedStyle(document.querySelector('.listing')).backgroundColor.match(/\\d+/g);
                    const t = getComputedStyle(document.body).color.match(/\\d+/g);
                    return [+c[0], +t[0]];"""
        self.browser.open("/")
        back, ink = self.browser.js(script)
        self.assertGreater(back, 200)
        self.assertLess(ink, 60)
        self.browser.size(WIDE, dark=True)
        back, ink = self.browser.js(script)
        self.assertLess(back, 60)
        self.assertGreater(ink, 200)

    def test_headings_sort_the_table_both_ways(self):
        self.sign_in()
        self.browser.open("/group/1?show=hosts")
        by_share = self.names("hosts")
        self.browser.go("#hosts thead th.name a")
        by_name = self.names("hosts")
        self.assertEqual(by_name, [f"10.1.0.{n}" for n in range(11, 26)])
        self.assertEqual(self.browser.one("#hosts th[aria-sort]").get_attribute("aria-sort"), "ascending")
        self.browser.go("#hosts thead th.name a")
        self.assertEqual(self.names("hosts"), by_name[::-1])
        self.browser.go("#hosts thead th.share a")
        self.assertEqual(self.names("hosts"), by_share)

    def test_show_all_shows_all_and_leads_back(self):
        self.sign_in()
        self.browser.open("/")
        self.assertEqual(len(self.names("hosts")), 10)
        self.browser.go("#hosts .more a")
        self.assertEqual(len(self.names("hosts")), 21)
        self.browser.go("#hosts .more a")
        self.assertEqual(len(self.names("hosts")), 10)

    def test_links_lead_from_the_total_to_unknown_traffic_and_back(self):
        self.sign_in()
        self.browser.open("/")
        steps = [("#groups tbody a", "/group/1"), ("#hosts tbody a[href='/host/10.1.0.11']", "/host/10.1.0.11"),
                 ("a[href='/host/10.1.0.11/unknown']", "/host/10.1.0.11/unknown"),
                 (".crumbs a[href='/host/10.1.0.11']", "/host/10.1.0.11"), ("#groups tbody a", "/group/1"),
                 ("#apps tbody a", "/group/1/app/1"), (".crumbs a[href='/group/1']", "/group/1"),
                 (".crumbs a[href='/groups']", "/groups"), (".brand", "/")]
        for selector, path in steps:
            if "10.1.0.11']" in selector and path == "/host/10.1.0.11" and "hosts" in selector:
                self.browser.open("/group/1?show=hosts")
            self.browser.go(selector)
            self.assertEqual(self.browser.path, path)

    def test_a_hostile_name_is_text_and_runs_nothing(self):
        self.sign_in()
        for path in ("/", "/groups", "/group/3", "/group/3/app/1", "/host/192.0.2.3", "/alerts", "/search?q=script"):
            self.browser.open(path)
            self.assertIn('<script>alert("x")</script>', self.browser.one("main").text, path)
            self.assertEqual(self.browser.js("return document.querySelectorAll('main script').length"), 0)

    def test_the_search_box_finds_hosts_groups_and_applications(self):
        self.sign_in()
        for typed, found in (("10.1.0.2", "10.1.0.20"), ("data", "Data centre"), ("tor", "BitTorrent")):
            self.browser.open("/")
            box = self.browser.one("header input[name=q]")
            box.send_keys(typed)
            self.browser.enter(box)
            self.assertTrue(self.browser.path.startswith("/search?q="))
            self.assertIn(found, self.browser.text(".found a"))

    def test_nothing_is_blocked_missing_or_fails_on_any_page(self):
        self.sign_in()
        self.browser.complaints()
        for path in PAGES:
            self.browser.open(path)
            self.browser.wait_images()
        missing = [c for c in self.browser.complaints() if "/host/10.9.9.9" not in c]
        self.assertEqual(missing, [])

    def test_times_are_shown_in_the_viewers_zone(self):
        self.sign_in()
        self.browser.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
        self.browser.open("/alerts")
        time = self.browser.one("#log time")
        self.assertIn("UTC", time.get_attribute("title"))
        self.assertNotEqual(time.text, time.get_attribute("title"))
        self.assertIn("Asia/Tokyo", self.browser.one("footer").text)

    def test_pages_read_well_without_script(self):
        self.sign_in()
        self.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Emulation.setScriptExecutionDisabled", {"value": False})
        self.browser.open("/alerts")
        self.assertRegex(self.browser.one("#log time").text, r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$")
        self.browser.open("/")
        self.assertEqual(len(self.names("apps")), 10)


if __name__ == "__main__":
    unittest.main()
