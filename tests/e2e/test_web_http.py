# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages over HTTP: sign-in, refusals, headers, figures, images, trouble with the store."""
import shutil
import sqlite3
import struct
import tempfile
import unittest
from pathlib import Path

import netmon_e2e as e2e
import web_fixture
import web_server


class Pages(e2e.Case):
    """One store for all cases, one web server for each."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="netmon-web-"))
        cls.made = web_fixture.build(cls.shared)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.server = web_server.start(self, self.made.config, self.dir / "run")
        self.client = web_server.Client(self.server.port)

    def sign_in(self):
        self.assertEqual(self.client.sign_in(self.made.user, self.made.password).status, 303)

    # --- sessions ---------------------------------------------------------------------------------------------------

    def test_a_page_without_a_session_leads_to_the_sign_in_page_and_back(self):
        answer = self.client.get("/group/1?period=week")
        self.assertEqual(answer.status, 303)
        self.assertEqual(answer.headers["Location"], "/login?next=%2Fgroup%2F1%3Fperiod%3Dweek")
        self.assertEqual(answer.bytes, b"")
        page = self.client.get(answer.headers["Location"])
        self.assertEqual(page.status, 200)
        self.assertIn('value="/group/1?period=week"', page.text)
        answer = self.client.sign_in(self.made.user, self.made.password, "/group/1?period=week")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/group/1?period=week"))
        self.assertEqual(self.client.get("/group/1").status, 200)

    def test_nothing_but_sign_in_and_static_files_is_seen_without_a_session(self):
        for path in ("/", "/groups", "/app/1", "/host/10.1.0.11", "/search?q=10", "/alerts", "/probes"):
            self.assertEqual(self.client.get(path).status, 303, path)
        self.assertEqual(self.client.get("/graph/total.png").status, 403)
        self.assertEqual(self.client.get("/static/netmon.css").status, 200)

    def test_a_wrong_password_or_name_is_refused_alike(self):
        wrong = self.client.sign_in(self.made.user, "not the password")
        self.assertEqual(wrong.status, 403)
        self.assertIn("name or the password is wrong", wrong.text)
        self.assertIsNone(wrong.headers.get("Set-Cookie"))
        self.assertEqual(self.client.sign_in("nobody", self.made.password).status, 403)
        self.assertEqual(self.client.sign_in("' OR 1=1 --", "x").status, 403)

    def test_guessing_is_slowed_down(self):
        # two workers, each counts for itself
        statuses = [self.client.sign_in(self.made.user, f"guess {n}").status for n in range(12)]
        self.assertEqual(statuses[:5], [403] * 5)
        self.assertEqual(statuses[-1], 429)
        self.assertGreater(int(self.client.sign_in(self.made.user, "x").headers["Retry-After"]), 200)

    def test_the_cookie_is_for_the_server_only(self):
        cookie = self.client.sign_in(self.made.user, self.made.password).headers["Set-Cookie"]
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Lax", cookie)
        self.assertNotIn("Secure", cookie)

    def test_a_changed_or_foreign_cookie_is_no_session(self):
        self.sign_in()
        good = self.client.cookie
        self.assertEqual(self.client.get("/").status, 200)
        for bad in (good[:-3] + "AAA", good.replace("=1.1.", "=1.2."), "netmon_session=", "netmon_session=1.1.1.9.x"):
            self.client.cookie = bad
            self.assertEqual(self.client.get("/").status, 303, bad)

    def test_raising_the_sessions_number_ends_the_session(self):
        self.sign_in()
        db = sqlite3.connect(self.made.store)
        try:
            db.execute("UPDATE web_user SET sessions = sessions + 1")
            db.commit()
            self.assertEqual(self.client.get("/").status, 303)
            self.sign_in()
            self.assertEqual(self.client.get("/").status, 200)
        finally:
            db.close()

    def test_signing_out_makes_the_browser_forget(self):
        self.sign_in()
        answer = self.client.ask("POST", "/logout", "")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/login"))
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])

    def test_a_form_from_another_site_is_refused(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = self.client.sign_in(self.made.user, self.made.password, headers=headers)
            self.assertEqual(answer.status, 403, headers)
            self.assertIsNone(answer.headers.get("Set-Cookie"))
        own = {"Origin": f"http://127.0.0.1:{self.server.port}"}
        self.assertEqual(self.client.sign_in(self.made.user, self.made.password, headers=own).status, 303)

    def test_after_signing_in_nobody_is_sent_to_another_site(self):
        for away in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "",
                     "/a\r\nX-Bad: 1", "/<b>"):
            answer = self.client.sign_in(self.made.user, self.made.password, away)
            self.assertEqual((answer.status, answer.headers["Location"]), (303, "/"), away)
            self.assertIsNone(answer.headers.get("X-Bad"))

    # --- refusals ---------------------------------------------------------------------------------------------------

    def test_what_is_not_known_is_404(self):
        self.sign_in()
        for path in ("/nothing", "/group/99", "/app/999", "/group/1/app/999", "/host/10.9.9.9", "/group/0", "/group/01",
                     "/app/65536", "/host/not-an-address", "/graph/group/99.png", "/graph/total.gif",
                     "/static/nothing.css", "/static/..%2f..%2fMakefile", "/static/../main.c"):
            answer = self.client.get(path)
            self.assertEqual(answer.status, 404, path)
            self.assertIn("<h1>", answer.text)

    def test_an_unknown_or_bad_part_of_the_query_is_400(self):
        self.sign_in()
        for path in ("/?nonsense=1", "/?period=never", "/?period=day&period=day", "/?width=300", "/?q=x",
                     "/graph/total.png?width=10", "/graph/total.png?width=9999999999", "/?sort=name%00",
                     "/alerts?before=-1", "/?period=%zz"):
            self.assertEqual(self.client.get(path).status, 400, path)

    def test_another_method_is_405_and_says_which_are_allowed(self):
        self.sign_in()
        answer = self.client.ask("PUT", "/")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.client.ask("DELETE", "/login").headers["Allow"], "GET, HEAD, POST")
        self.assertEqual(self.client.get("/logout").headers["Allow"], "POST")

    def test_head_has_the_headers_of_get_and_no_body(self):
        self.sign_in()
        whole, head = self.client.get("/groups"), self.client.ask("HEAD", "/groups")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.bytes, b"")
        self.assertEqual(head.headers["Content-Length"], whole.headers["Content-Length"])

    def test_a_form_that_is_too_large_is_refused(self):
        self.assertIn(self.client.ask("POST", "/login", "user=" + "x" * 5000).status, (413, 400))
        self.assertEqual(self.client.ask("POST", "/login", "user=" + "x" * 4000).status, 400)

    def test_every_answer_carries_the_security_headers(self):
        self.sign_in()
        for path in ("/", "/nothing", "/graph/total.png", "/login", "/static/netmon.css"):
            headers = self.client.get(path).headers
            self.assertIn("default-src 'self'", headers["Content-Security-Policy"], path)
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"], path)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", path)
            self.assertEqual(headers["Referrer-Policy"], "same-origin", path)

    # --- content ----------------------------------------------------------------------------------------------------

    def test_a_name_with_markup_is_shown_as_text_on_every_page(self):
        self.sign_in()
        for path in ("/", "/groups", "/group/3", "/group/3/app/1", "/app/1", "/host/192.0.2.3", "/alerts",
                     "/search?q=%3Cscript%3E", "/search?q=script"):
            text = self.client.get(path).text
            self.assertNotIn("<script>alert", text, path)
            self.assertNotIn('alert("', text, path)
            self.assertIn("&lt;script&gt;", text, path)

    def test_ten_rows_are_shown_and_all_on_demand(self):
        self.sign_in()
        page = self.client.get("/")
        self.assertEqual(len(page.rows("apps")), 10)
        self.assertEqual(len(page.rows("hosts")), 10)
        self.assertEqual(len(page.rows("groups")), 3)
        self.assertIn(">Show all 14</a>", page.text)
        page = self.client.get("/?show=apps")
        self.assertEqual(len(page.rows("apps")), 14)
        self.assertEqual(len(page.rows("hosts")), 10)

    def test_every_column_sorts_both_ways(self):
        self.sign_in()
        columns = {"in5m": (300, "in_octets"), "out5m": (300, "out_octets"), "in1h": (3600, "in_octets"),
                   "out1h": (3600, "out_octets"), "in6h": (21600, "in_octets"), "out6h": (21600, "out_octets"),
                   "share": (300, "in_octets + out_octets")}
        for column, (period, expression) in columns.items():
            rows = e2e.query(self.made.store, f"SELECT addr FROM host_totals WHERE period = ? ORDER BY {expression}",
                             period)
            ascending = [r["addr"] for r in rows]
            self.assertEqual(self.client.get(f"/?show=hosts&sort={column}&order=asc").rows("hosts"), ascending, column)
            self.assertEqual(self.client.get(f"/?show=hosts&sort={column}").rows("hosts"), ascending[::-1], column)
        names = self.client.get("/?show=apps&sort=name&order=asc").rows("apps")
        self.assertEqual(names, sorted(names, key=str.lower))
        hosts = self.client.get("/group/1?show=hosts&sort=name&order=asc").rows("hosts")
        self.assertEqual(hosts[:2] + hosts[-1:], ["10.1.0.11", "10.1.0.12", "10.1.0.25"])

    def test_figures_agree_with_the_store(self):
        self.sign_in()
        row = e2e.query(self.made.store, "SELECT in_octets FROM host_totals WHERE period = 3600 AND addr = '10.1.0.11'")
        rate = row[0]["in_octets"] * 8 / 3600
        text = f"{rate / 1e6:.2f} Mbit/s" if rate < 9.995e6 else f"{rate / 1e6:.1f} Mbit/s"
        self.assertIn(text, self.client.get("/host/10.1.0.11").text)
        self.assertIn("99.98 % seen</b> of the packets on <a href=\"/probes\">the links</a>", self.client.get("/").text)
        self.assertIn("between hosts in no group", self.client.get("/").text)

    def change(self, sql):
        db = sqlite3.connect(self.made.store, timeout=10)
        db.executescript(sql)
        db.close()

    def test_what_was_sampled_and_what_overflowed_is_told_beside_the_coverage(self):
        self.sign_in()
        page = self.client.get("/").text
        self.assertNotIn("Sampled", page)
        self.assertNotIn("flow table", page)
        minute = self.made.now // 60 * 60 - 600
        self.change(f"""INSERT INTO link (id, probe, name) VALUES (7, 1, 'sampled'), (8, 1, 'full');
            INSERT INTO ledger VALUES (7, {minute}, 2, 1000, 0), (7, {minute}, 14, 9000, 0), (7, {minute}, 15, 500, 0),
            (8, {minute}, 2, 3000, 0), (8, {minute}, 11, 2000000, 0);
            INSERT INTO app_usage_1hr VALUES (65535, 0, 0, 450000000, 0, 0, 2000000)""")
        self.addCleanup(self.change, "DELETE FROM link WHERE id > 6; DELETE FROM ledger WHERE link > 6;"
                                     "DELETE FROM app_usage_1hr WHERE application = 65535")
        page = self.client.get("/")
        self.assertIn("Sampled <b>1:10</b> or less on 1 of 3 links", page.text)
        self.assertRegex(page.text, r"2000000 packets \(1\.3\d %\) found the flow table of a probe full")
        self.assertIn("a further 1.00 Mbit/s is table overflow, not attributed", page.text)
        self.assertNotIn("Table overflow", "".join(page.rows("apps")))

    def test_probes_are_listed_with_the_ledger_of_each_link(self):
        self.sign_in()
        page = self.client.get("/probes")
        self.assertEqual(page.status, 200)
        self.assertEqual(page.rows("link-1"), ["seen", "metered", "kernel-dropped"])
        self.assertIn("Every packet is accounted for.", page.text)
        self.assertIn(">edge · eth0<", page.text)
        self.assertIn('aria-current="true">Probes<', page.text)
        minute = self.made.now // 60 * 60 - 600
        causes = range(1, 19)
        self.change(f"INSERT INTO link (id, probe, name) VALUES (7, 1, '<b>'), (8, 1, 'quiet');" + "".join(
            f"INSERT INTO ledger VALUES (7, {minute}, {c}, {1000 if c == 1 else c}, 5);" for c in causes))
        self.addCleanup(self.change, "DELETE FROM link WHERE id > 6; DELETE FROM ledger WHERE link > 6")
        page = self.client.get("/probes")
        self.assertEqual(page.rows("link-7"), [
            "seen", "metered", "kernel-dropped", "interface-dropped", "truncated", "not-ip", "bad-link-layer", "bad-ip",
            "bad-transport", "too-deep", "table-overflow", "exported", "export-dropped", "sampled-out", "late", "no-time",
            "orphan-fragment", "worker-queue-full"])
        self.assertNotIn("<small></small>", page.text)
        self.assertIn("edge · &lt;b&gt;", page.text)
        unnamed = 1000 - sum(range(2, 12)) - 14 - 18
        self.assertIn(f"{unnamed} packets were seen and are under no cause", page.text)
        self.assertIn("Nothing was counted in the last 24 hours.", page.text)

    def test_probes_say_when_what_they_call_things_by_changed(self):
        self.sign_in()
        self.assertNotIn("Labels", self.client.get("/probes").text)
        self.change(f"INSERT INTO label_version VALUES (1, {self.made.now - 7200}, 10), (1, {self.made.now}, 4294967294);")
        self.addCleanup(self.change, "DELETE FROM label_version")
        page = self.client.get("/probes")
        self.assertEqual(page.rows("labels"), ["edge", "edge"])
        self.assertLess(page.text.index("fffffffe"), page.text.index("0000000a"))

    def test_probes_say_what_happened_to_them(self):
        self.sign_in()
        self.assertIn("No probe was fenced off", self.client.get("/probes").text)
        self.change("INSERT INTO probe_event (at, probe, event, detail) VALUES "
                    f"({self.made.now - 60}, 'edge', 'fenced', 'a <b>copy</b> of it'), ({self.made.now}, 'core', 'lost', 'x');")
        self.addCleanup(self.change, "DELETE FROM probe_event")
        page = self.client.get("/probes")
        self.assertEqual([row.split("a <b>")[0] for row in page.rows("events")][0][:4], "core")
        self.assertIn("a &lt;b&gt;copy&lt;/b&gt; of it", page.text)
        self.assertLess(page.text.index("lost"), page.text.index("fenced"))

    def test_pages_lead_up_and_down(self):
        self.sign_in()
        down = {"/": ['"/group/1"', '"/app/1"', '"/host/10.1.0.20"'],
                "/group/1": ['"/group/1/app/1"', '"/host/10.1.0.20"', '"/groups"'],
                "/app/1": ['"/group/1/app/1"', '"/host/10.1.0.20"', '"/"'],
                "/group/1/app/1": ['"/group/1"', '"/host/10.1.0.20"'],
                "/host/10.1.0.20": ['"/host/10.1.0.20/unknown"', '"/app/1"', '"/group/1"'],
                "/host/10.1.0.20/unknown": ['"/host/10.1.0.20"']}
        for path, links in down.items():
            text = self.client.get(path + "?show=hosts").text
            for link in links:
                self.assertIn(f"href={link}", text, path)

    def test_an_address_has_one_page_however_it_is_written(self):
        self.sign_in()
        page = self.client.get("/host/2001:DB8:2:0::0010")
        self.assertEqual(page.status, 200)
        self.assertIn("<h1>2001:db8:2::10</h1>", page.text)

    def test_unknown_traffic_is_broken_down_by_peer(self):
        self.sign_in()
        page = self.client.get("/host/10.1.0.11/unknown?show=peers")
        self.assertEqual(page.status, 200)
        self.assertGreater(len(page.rows("peers")), 10)
        self.assertIn("its port", page.text)
        self.assertIn("/graph/host/10.1.0.11/app/0.png", page.text)

    def test_a_search_for_an_address_leads_to_the_host(self):
        self.sign_in()
        answer = self.client.get("/search?q=2001:db8:2:0:0:0:0:10")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/host/2001:db8:2::10"))
        found = self.client.get("/search?q=10.1.0.1").text
        self.assertIn('href="/host/10.1.0.11"', found)
        self.assertIn('href="/group/1"', self.client.get("/search?q=camp").text)
        self.assertIn('href="/app/3"', self.client.get("/search?q=torrent").text)
        self.assertIn("Nothing found", self.client.get("/search?q=%25").text)

    def test_alerts_are_listed_with_their_contacts_and_log(self):
        self.sign_in()
        page = self.client.get("/alerts")
        self.assertEqual(len(page.rows("rules")), 4)
        self.assertEqual(page.rows("contacts"), ["NOC desk", "On call"])
        self.assertEqual(len(page.rows("log")), 6)
        self.assertIn("above 900 Mbit/s now", page.text)
        self.assertIn("&lt;b&gt;busy&lt;/b&gt;", page.text)
        self.assertEqual(len(self.client.get("/alerts?before=4").rows("log")), 3)

    # --- images -----------------------------------------------------------------------------------------------------

    def test_graphs_are_images_of_the_width_that_was_asked_for(self):
        self.sign_in()
        for path in ("/graph/total", "/graph/group/1", "/graph/app/3", "/graph/group/1/app/1", "/graph/host/10.1.0.11",
                     "/graph/host/2001:db8:2::10", "/graph/host/10.1.0.11/app/0"):
            answer = self.client.get(path + ".png?width=800&period=6h")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/png"), path)
            width, height = struct.unpack(">II", answer.bytes[16:24])
            self.assertLess(abs(width - 800), 30, path)
            self.assertGreater(height, 300, path)
            self.assertIn("max-age", answer.headers["Cache-Control"])
        for period in ("6h", "day", "week", "month", "year"):
            answer = self.client.get(f"/graph/total.svg?period={period}&theme=dark&width=360")
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "image/svg+xml"))
            self.assertIn(b"<svg", answer.bytes[:300])

    def test_a_graph_without_data_is_an_image_too(self):
        self.sign_in()
        answer = self.client.get("/graph/group/4.png")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.bytes[:8], b"\x89PNG\r\n\x1a\n")

    def test_a_worker_begins_anew_without_losing_a_request(self):
        """librrd leaks, so a worker starts itself again after so many graphs: here after each third one."""
        server = web_server.start(self, self.made.config, self.dir / "run-anew", " --graphs=3")
        client = web_server.Client(server.port)
        client.sign_in(self.made.user, self.made.password)
        for _ in range(40):
            self.assertEqual(client.get("/graph/app/3.png?width=300").status, 200)
            self.assertEqual(client.get("/groups").status, 200)


class Trouble(e2e.Case):
    """Stores that are absent, empty or foreign."""

    def serve(self, folder):
        config = Path(folder) / "netmon.conf"
        config.write_text(f'store = "sqlite:{folder}/netmon.db"\nrrd = "{folder}/rrd"\n')
        return web_server.Client(web_server.start(self, config, self.dir / "run").port)

    def empty_store(self):
        db = sqlite3.connect(self.dir / "netmon.db")
        db.executescript((e2e.TREE / "schema" / "sqlite.sql").read_text())
        return db

    def test_without_a_store_the_page_says_what_to_do(self):
        client = self.serve(self.dir)
        answer = client.get("/")
        self.assertEqual(answer.status, 503)
        self.assertIn("netmon store init", answer.text)
        self.assertNotIn(str(self.dir), answer.text)
        self.assertEqual(client.get("/static/netmon.css").status, 200)
        # it is found as soon as it is there
        self.empty_store().close()
        self.assertEqual(client.get("/login").status, 200)

    def test_a_file_that_is_no_store_is_told_apart(self):
        (self.dir / "netmon.db").write_text("this is no database at all, whatever its name says\n" * 100)
        answer = self.serve(self.dir).get("/login")
        self.assertEqual(answer.status, 503)
        self.assertIn("<h1>", answer.text)

    def test_without_users_the_sign_in_page_says_how_to_make_one(self):
        self.empty_store().close()
        answer = self.serve(self.dir).get("/login")
        self.assertEqual(answer.status, 200)
        self.assertIn("netmon user add", answer.text)

    def test_an_empty_store_gives_pages_that_say_what_to_do(self):
        db = self.empty_store()
        db.execute("INSERT INTO web_user VALUES (1, ?, ?, 'admin', 1)", (web_fixture.USER, web_fixture.HASH))
        db.execute("INSERT INTO setting VALUES ('session_key', ?)", (web_fixture.KEY,))
        db.commit()
        db.close()
        client = self.serve(self.dir)
        self.assertEqual(client.sign_in(web_fixture.USER, web_fixture.PASSWORD).status, 303)
        page = client.get("/")
        self.assertEqual(page.status, 200)
        self.assertIn("netmon-aggregate", page.text)
        self.assertIn("netmon groups add", page.text)
        self.assertIn("netmon groups add", client.get("/groups").text)
        self.assertIn("netmon alert add", client.get("/alerts").text)
        image = client.get("/graph/total.png")
        self.assertEqual((image.status, image.bytes[:4]), (200, b"\x89PNG"))

    def test_old_figures_are_marked_as_old(self):
        made = web_fixture.build(self.dir / "old", now=1700000000, rrds=False)
        client = web_server.Client(web_server.start(self, made.config, self.dir / "run").port)
        client.sign_in(made.user, made.password)
        self.assertIn("days old", client.get("/").text)


class Cgi(e2e.Case):
    """The same program, started anew for each request, below a path of its own."""

    def test_the_pages_work_as_a_plain_cgi_program_below_a_path(self):
        made = web_fixture.build(self.dir)
        server = web_server.start_cgi(self, made.config, self.dir)
        base = "/cgi-bin/netmon.cgi"
        client = web_server.Client(server.port, base)
        self.assertEqual(client.get("/").headers["Location"], base + "/login")
        answer = client.sign_in(made.user, made.password)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, base + "/"))
        self.assertIn(f"Path={base}/", answer.headers["Set-Cookie"])
        page = client.get("/group/1")
        self.assertEqual(page.status, 200)
        self.assertIn(f'href="{base}/group/1/app/1"', page.text)
        self.assertIn(f'href="{base}/static/netmon.css', page.text)
        self.assertEqual(client.get("/graph/group/1.png").bytes[:4], b"\x89PNG")
        self.assertEqual(client.get("/static/netmon.css").headers["Content-Type"], "text/css; charset=utf-8")


if __name__ == "__main__":
    unittest.main()
