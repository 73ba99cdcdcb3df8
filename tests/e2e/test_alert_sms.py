# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon-alert's SMS: an HTTP gateway on loopback, described by templates."""
import json
import time
import unittest
import urllib.parse

import alert_servers
import netmon_e2e as e2e
from alert_case import M, AlertCase

HOSTILE = ["a&to=112&x=y", "<b>#%00?/", '"}{"to":"112', "{to}{text}", "Büro 🔥", "\\u0022\\", "a+b c"]


class Sms(AlertCase):
    def setUp(self):
        super().setUp()
        self.bob = self.contact("bob", "sms", "+4915112345678")

    def fire(self, name="uplink"):
        self.rule(name, to=[self.bob])
        return self.minute(0, 3 * M)

    def detail(self):
        return self.rows("SELECT detail FROM alert_log WHERE contact = 'bob' ORDER BY id DESC LIMIT 1")[0][0]

    def post(self, body, **kwargs):
        gateway = self.gateway(**kwargs)
        self.settings.update(sms_url=f"http://127.0.0.1:{gateway.port}/send", sms_method="POST", sms_body=body)
        return gateway

    def test_an_sms_fits_one_message_whatever_the_names(self):
        gateway = self.gateway()
        for name in ("x" * 63, "ü" * 31, "🔥" * 15):
            self.rule(name, subject="2001:db8:1111:2222:3333:4444:5555:6666", rate_bps=1, comparison="below",
                      to=[self.bob])
        self.minute(0, 3 * M)
        self.minute(1, 3 * M)
        self.assertEqual(len(gateway.requests), 3)
        for text in gateway.texts():
            self.assertLess(len(text.encode()), 160)
            self.assertRegex(text, r" since 08:02$")

    def test_a_name_stays_one_value_in_the_url(self):
        gateway = self.gateway()
        for name in HOSTILE:
            self.rule(name, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertEqual(sorted(t.removeprefix("ALERT ").split(": 10.0.0.1")[0] for t in gateway.texts()),
                         sorted(HOSTILE))
        for request in gateway.requests:
            self.assertEqual(request["query"]["to"], ["+4915112345678"])
            self.assertEqual(set(request["query"]), {"to", "text", "id"})

    def test_a_name_stays_one_value_in_a_json_body(self):
        gateway = self.post('{"recipient": "{to}", "message": {"body": "{text}"}}')
        for name in HOSTILE:
            self.rule(name, to=[self.bob])
        self.minute(0, 3 * M)
        bodies = [json.loads(r["body"]) for r in gateway.requests]
        self.assertEqual(sorted(b["message"]["body"].removeprefix("ALERT ").split(": 10.0.0.1")[0] for b in bodies),
                         sorted(HOSTILE))
        for request, body in zip(gateway.requests, bodies):
            self.assertEqual((request["method"], set(body)), ("POST", {"recipient", "message"}))
            self.assertEqual(request["headers"]["Content-Type"], "application/json")

    def test_a_name_stays_one_value_in_a_form_body(self):
        gateway = self.post("to={to}&text={text}")
        for name in HOSTILE:
            self.rule(name, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertEqual(len(gateway.requests), len(HOSTILE))
        for request in gateway.requests:
            form = urllib.parse.parse_qs(request["body"])
            self.assertEqual((set(form), form["to"]), ({"to", "text"}, ["+4915112345678"]))
            self.assertEqual(request["headers"]["Content-Type"], "application/x-www-form-urlencoded")

    def test_headers_come_from_a_file_and_stay_out_of_the_logs(self):
        gateway = self.gateway(statuses=[403])
        self.settings["sms_header_file"] = self.secret("token", "# gateway\nAuthorization: Bearer s3cret\nX-A: b\n")
        done = self.fire()
        self.assertEqual(gateway.requests[0]["headers"]["Authorization"], "Bearer s3cret")
        self.assertEqual(gateway.requests[0]["headers"]["X-A"], "b")
        self.assertNotIn("s3cret", done.stderr + done.stdout + self.detail())

    def test_a_header_file_that_all_can_read_is_not_used(self):
        gateway = self.gateway()
        self.settings["sms_header_file"] = self.secret("token", "Authorization: Bearer s3cret\n")
        (self.dir / "token").chmod(0o644)
        self.fire()
        self.assertEqual(gateway.requests, [])
        self.assertIn("sms_header_file", self.detail())

    def test_any_status_but_2xx_is_a_failure_that_is_tried_again(self):
        for status in (400, 404, 429, 500, 503):
            with self.subTest(status):
                gateway = self.gateway(statuses=[status])
                done = self.fire(f"rule {status}")
                self.assertEqual(done.returncode, 1)
                self.assertIn(str(status), self.detail())
                self.assertEqual(self.waiting(), 1)
                self.write("DELETE FROM alert_delivery")
                self.assertEqual(len(gateway.requests), 1)

    def test_a_redirect_is_not_followed(self):
        elsewhere = self.server(alert_servers.Gateway)
        self.gateway(statuses=[302], headers=[("Location", f"http://127.0.0.1:{elsewhere.port}/")])
        self.fire()
        self.assertEqual(elsewhere.requests, [])
        self.assertEqual(self.waiting(), 1)

    def test_other_protocols_are_refused(self):
        path = self.dir / "out"
        path.write_text("x")
        for url in (f"file://{path}", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"):
            with self.subTest(url):
                self.settings["sms_url"] = url
                self.fire(url)
                self.assertIn("gateway", self.detail())
                self.assertEqual(self.rows("SELECT count(*) FROM alert_log WHERE event = 'sent'"), [(0,)])

    def test_a_template_with_a_slot_that_does_not_exist_is_refused(self):
        gateway = self.gateway()
        self.settings["sms_url"] += "&x={message}"
        self.fire()
        self.assertEqual(gateway.requests, [])
        self.assertIn("slots are", self.detail())

    def test_a_gateway_that_is_mute_costs_no_more_than_the_time_limit(self):
        mute = self.server(alert_servers.Mute)
        self.settings["sms_url"] = f"http://127.0.0.1:{mute.port}/"
        self.rule(to=[self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        begin = time.monotonic()
        self.assertEqual(self.alert(0, "--timeout", 1).returncode, 1)
        self.assertLess(time.monotonic() - begin, 8 * e2e.SLOWER)

    def test_no_gateway_in_the_settings_is_said(self):
        self.fire()
        self.assertIn("set sms_url", self.detail())


class Commands(AlertCase):
    """netmon alert and netmon contact."""

    def setUp(self):
        super().setUp()
        e2e.binary("netmon")

    def netmon(self, *words, status=0):
        done = e2e.run("netmon", "--config", self.config(), *words, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def refused(self, words, *argv):
        done = self.netmon(*argv, status=2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def add(self, name, *words):
        return self.netmon("alert", "add", name, *words)

    def test_a_rule_that_was_added_fires(self):
        gateway = self.gateway()
        self.netmon("contact", "add", "bob", "--sms", "+4915112345678")
        self.add("uplink", "--group", "lan", "--in", "--above", "1.5M", "--over", "now", "--hours", "08:00-18:00",
                 "--days", "mon-fri", "--to", "bob")
        self.assertRegex(self.netmon("alert", "list").stdout,
                         r"uplink +group lan in above 1.50 Mbit/s now, mon-fri 08:00-18:00 +quiet +bob")
        self.minute(0, 3 * M)
        self.assertEqual(len(gateway.requests), 1)
        self.assertRegex(self.netmon("alert", "list").stdout, "firing")
        self.assertRegex(self.netmon("alert", "log").stdout, r"(?s)sent +uplink +bob.*fired +uplink +3.00 Mbit/s")

    def test_every_subject_and_window_can_be_named(self):
        self.netmon("contact", "add", "ann", "--email", "ann@example.org")
        for name, *words in (["a", "--host", "2001:DB8::1", "--out", "--below", "500k", "--over", "1h"],
                             ["b", "--app", "unknown", "--in", "--above", "2G", "--over", "6h"],
                             ["c", "--total", "--out", "--above", "1", "--over", "now"]):
            self.add(name, *words, "--to", "ann,ann")
        self.assertEqual([" ".join(line.split()) for line in self.netmon("alert", "list").stdout.splitlines()[1:]], [
            "a host 2001:db8::1 out below 500 kbit/s over 1 h quiet ann",
            "b app Unknown in above 2.00 Gbit/s over 6 h quiet ann",
            "c all traffic out above 1 bit/s now quiet ann"])

    def test_words_that_make_no_rule_are_refused_with_one_line(self):
        self.netmon("contact", "add", "ann", "--email", "ann@example.org")
        good = {"host": ["--host", "10.0.0.1"], "in": ["--in"], "above": ["--above", "2M"], "over": ["--over", "now"],
                "to": ["--to", "ann"]}

        def words(**change):
            return [w for part in {**good, **change}.values() for w in part]

        for said, change in (("--host must be an address", {"host": ["--host", "nonsense"]}),
                             ("no group", {"host": ["--group", "nobody"]}),
                             ("no application", {"host": ["--app", "nothing"]}),
                             ("name one of --host", {"host": []}),
                             ("name one of --host", {"x": ["--total"]}),
                             ("name one of --in", {"in": []}),
                             ("name one of --in", {"x": ["--out"]}),
                             ("name one of --above", {"above": []}),
                             ("name one of --above", {"x": ["--below", "1M"]}),
                             ("a rate is", {"above": ["--above", "2 Mbit"]}),
                             ("a rate is", {"above": ["--above", "-1"]}),
                             ("no rate is below 0", {"above": ["--below", "0"]}),
                             ("--over must be", {"over": ["--over", "24h"]}),
                             ("--over must be", {"over": []}),
                             ("--hours must be", {"x": ["--hours", "8-18"]}),
                             ("--days must be", {"x": ["--days", "workdays"]}),
                             ("no contact", {"to": ["--to", "nobody"]}),
                             ("--to must", {"to": []}),
                             ("--to must", {"to": ["--to", "ann,,ann"]})):
            with self.subTest(said, **change):
                self.refused(said, "alert", "add", "rule", *words(**change))
        self.refused("a name is", "alert", "add", "two\nlines", *words())
        self.assertEqual(self.rows("SELECT count(*) FROM alert"), [(0,)])

    def test_contacts_that_are_none_are_refused(self):
        self.refused("--email must", "contact", "add", "x", "--email", "a@b\r\nBcc: c@d")
        self.refused("--sms must", "contact", "add", "x", "--sms", "12&34")
        self.refused("name one of", "contact", "add", "x")
        self.refused("name one of", "contact", "add", "x", "--email", "a@b", "--sms", "12345")
        self.refused("contact's name", "contact", "add", "a,b", "--email", "a@b")

    def test_rules_are_disabled_enabled_and_removed(self):
        self.netmon("contact", "add", "ann", "--email", "ann@example.org")
        self.add("uplink", "--total", "--in", "--above", "1M", "--over", "now", "--to", "ann")
        self.netmon("alert", "disable", "uplink")
        self.assertIn("disabled", self.netmon("alert", "list").stdout)
        self.netmon("alert", "enable", "uplink")
        self.assertIn("quiet", self.netmon("alert", "list").stdout)
        self.assertIn("still tells", self.netmon("contact", "remove", "ann", status=1).stderr)
        self.netmon("alert", "remove", "uplink")
        self.netmon("contact", "remove", "ann")
        self.netmon("alert", "remove", "uplink", status=1)
        self.assertEqual(self.rows("SELECT count(*) FROM alert_contact_link"), [(0,)])

    def test_a_contact_can_be_tried(self):
        gateway = self.gateway()
        self.netmon("contact", "add", "bob", "--sms", "+4915112345678")
        self.netmon("alert", "test", "bob")
        self.assertEqual(gateway.texts(), ["netmon test message: alerts reach you"])
        self.settings["sms_url"] = f"http://127.0.0.1:{e2e.free_port()}/"
        self.assertIn("could not tell", self.netmon("alert", "test", "bob", status=1).stderr)
        self.netmon("alert", "test", "nobody", status=2)


if __name__ == "__main__":
    unittest.main()
