# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon-alert's mail: an SMTP server on loopback, plain, with STARTTLS and with TLS, with and without a login."""
import re
import unittest

import alert_servers
import netmon_e2e as e2e
from alert_case import HOST, M, AlertCase

PASSWORD = "corr3ct h0rse"


class Mail(AlertCase):
    def setUp(self):
        super().setUp()
        self.ann = self.contact("ann", "email", "ann@example.org")

    def fire(self, **rule):
        """One rule goes off; the run."""
        self.rule(to=[self.ann], **rule)
        return self.minute(0, 3 * M)

    def detail(self):
        return self.rows("SELECT detail FROM alert_log WHERE contact = 'ann' ORDER BY id DESC LIMIT 1")[0][0]

    def assert_not_told(self, box, words):
        self.assertEqual(box.mails, [])
        self.assertEqual(self.waiting(), 1)
        self.assertIn(words, self.detail())

    def tls(self):
        context = alert_servers.make_certificates(self.dir)
        self.settings["smtp_ca_file"] = self.dir / "ca.pem"
        return context

    def login(self, password=PASSWORD):
        self.settings.update(smtp_user="netmon", smtp_password_file=self.secret("password", password + "\n"))
        return ("netmon", PASSWORD)


class Text(Mail):
    def test_a_mail_says_what_how_much_and_since_when(self):
        box = self.mailbox()
        self.assertEqual(self.fire().returncode, 0)
        mail = box.mails[0]
        self.assertEqual(mail.envelope_to, ["ann@example.org"])
        self.assertEqual(mail["From"], "netmon <netmon@example.org>")
        self.assertEqual(mail["To"], "ann@example.org")
        self.assertEqual(mail["Subject"], "ALERT uplink: 10.0.0.1 in 3.00 Mbit/s, above 2.00 Mbit/s (now) since 08:01")
        self.assertEqual(mail["Date"], "Fri, 15 Jan 2027 08:02:50 +0000")
        self.assertRegex(mail["Message-ID"], r"^<netmon\.[0-9.]+@example\.org>$")
        self.assertEqual(mail["MIME-Version"], "1.0")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertEqual(mail.get_content_type(), "text/plain")
        text = mail.text
        for words in ("Rule:   host 10.0.0.1 in above 2.00 Mbit/s now", "Rate:   3.00 Mbit/s in",
                      "up to 2027-01-15 08:01 UTC", "Page:   https://netmon.example.org/host/10.0.0.1",
                      "Alerts: https://netmon.example.org/alerts", "Top applications"):
            self.assertIn(words, text)
        self.assertRegex(text, r"  Unknown +600 kbit/s +0 bit/s")

    def test_each_header_is_there_once(self):
        box = self.mailbox()
        self.fire()
        for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
            self.assertEqual(len(box.mails[0].get_all(name)), 1, name)

    def test_a_group_s_mail_names_its_top_hosts(self):
        box = self.mailbox()
        self.fire(subject_kind="group", subject="1")
        text = box.mails[0].text
        self.assertIn("/group/1\n", text)
        self.assertRegex(text, rf"Top hosts.*\n  {re.escape(HOST)} ")

    def test_a_recovery_says_when_it_had_fired(self):
        box = self.mailbox()
        self.fire()
        self.minute(1, 1 * M)
        self.assertTrue(box.mails[1]["Subject"].startswith("OK uplink"))
        self.assertIn("Fired:  2027-01-15 08:02 UTC", box.mails[1].text)
        self.assertNotEqual(box.mails[0]["Message-ID"], box.mails[1]["Message-ID"])

    def test_names_of_any_language_and_kind_arrive_whole(self):
        box = self.mailbox()
        names = ["Büro «Süd» 🔥", "<script>alert(1)</script>", "'; DROP TABLE alert; --", "=?UTF-8?Q?forged?=",
                 "%s%n {to} {text}", "." , "x" * 40]
        for name in names:
            self.rule(name, to=[self.ann])
        self.minute(0, 3 * M)
        self.assertEqual(len(box.mails), len(names))
        self.assertEqual(sorted(m["Subject"].removeprefix("ALERT ").split(": 10.0.0.1")[0] for m in box.mails),
                         sorted(names))
        for mail in box.mails:
            self.assertTrue(any(f"ALERT {name}\n" in mail.text for name in names))

    def test_a_name_with_line_ends_makes_no_header(self):
        box = self.mailbox()
        evil = "x\r\nBcc: eve@example.org\r\n\r\nbody"
        self.fire(name=evil)
        mail = box.mails[0]
        self.assertEqual(mail.envelope_to, ["ann@example.org"])
        self.assertIsNone(mail["Bcc"])
        self.assertIn("x  Bcc: eve@example.org", mail["Subject"])
        self.assertIn(b"Content-Type: text/plain", mail.raw.split(b"\r\n\r\n")[0])

    def test_an_address_with_line_ends_is_not_written_to(self):
        box = self.mailbox()
        self.write("UPDATE alert_contact SET address = ?", "ann@example.org>\r\nRCPT TO:<eve@example.org")
        self.fire()
        self.assert_not_told(box, "no mailbox")
        self.assertEqual(box.senders, [])


class Answers(Mail):
    def test_a_refused_recipient_is_a_failure(self):
        box = self.mailbox(refuse=["ann@example.org"])
        self.assertEqual(self.fire().returncode, 1)
        self.assert_not_told(box, "refused the recipient: 550")

    def test_one_refused_recipient_does_not_keep_the_mail_from_another(self):
        box = self.mailbox(refuse=["ann@example.org"])
        eve = self.contact("eve", "email", "eve@example.org")
        self.rule(to=[self.ann, eve])
        self.minute(0, 3 * M)
        self.assertEqual([m.envelope_to for m in box.mails], [["eve@example.org"]])

    def test_no_server_is_a_failure_with_its_cause(self):
        self.settings.update(smtp_server=f"127.0.0.1:{e2e.free_port()}", smtp_tls="none")
        self.assertEqual(self.fire().returncode, 1)
        self.assertIn("refused", self.detail())

    def test_no_server_in_the_settings_is_said(self):
        self.settings["smtp_server"] = ""
        self.fire()
        self.assertIn("set smtp_server", self.detail())

    def test_a_server_that_is_mute_costs_no_more_than_the_time_limit(self):
        mute = self.server(alert_servers.Mute)
        self.settings.update(smtp_server=f"127.0.0.1:{mute.port}", smtp_tls="none")
        self.rule(to=[self.ann])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        self.assertEqual(self.alert(0, "--timeout", 1, timeout=15).returncode, 1)
        self.assertEqual(self.waiting(), 1)


class Tls(Mail):
    def test_starttls_with_a_certificate_of_our_authority(self):
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host):
                box = self.mailbox(host=host, tls=self.tls())
                self.fire(name=host)
                self.assertEqual(len(box.mails), 1, self.detail())

    def test_starttls_with_a_certificate_of_another_authority_sends_nothing(self):
        box = self.mailbox(host="localhost", tls=self.tls())
        self.settings["smtp_ca_file"] = self.dir / "other-ca.pem"
        self.fire()
        self.assert_not_told(box, "mail server")
        self.assertEqual(box.senders, [])

    def test_a_certificate_for_another_name_sends_nothing(self):
        context = self.tls()
        (self.dir / "server.ext").write_text("subjectAltName=DNS:elsewhere.example.org\n")
        e2e.run("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-CAcreateserial", "-extfile", "server.ext", "-out", "server.crt", cwd=self.dir)
        context.load_cert_chain(self.dir / "server.crt", self.dir / "server.key")
        for implicit in (False, True):
            for host in ("localhost", "127.0.0.1"):
                with self.subTest(host, implicit=implicit):
                    box = self.mailbox(host=host, tls=context, implicit=implicit)
                    self.fire(name=f"{host} {implicit}")
                    self.assertEqual((box.mails, box.senders), ([], []))

    def test_a_server_without_starttls_gets_nothing(self):
        box = self.mailbox()
        self.settings["smtp_tls"] = "starttls"
        self.fire()
        self.assert_not_told(box, "mail server")
        self.assertEqual(box.senders, [])

    def test_tls_from_the_first_byte(self):
        box = self.mailbox(host="localhost", tls=self.tls(), implicit=True)
        self.fire()
        self.assertEqual(len(box.mails), 1, self.detail())
        self.assertIn("Top applications", box.mails[0].text)

    def test_tls_from_the_first_byte_of_another_authority_sends_nothing(self):
        box = self.mailbox(host="localhost", tls=self.tls(), implicit=True)
        self.settings["smtp_ca_file"] = self.dir / "other-ca.pem"
        self.fire()
        self.assert_not_told(box, "mail server")

    def test_tls_from_the_first_byte_heeds_a_refused_recipient(self):
        box = self.mailbox(host="localhost", tls=self.tls(), implicit=True, refuse=["ann@example.org"])
        self.fire()
        self.assert_not_told(box, "550")


class Login(Mail):
    def test_the_right_password_is_taken(self):
        for implicit in (False, True):
            with self.subTest(implicit=implicit):
                box = self.mailbox(host="localhost", tls=self.tls(), implicit=implicit, login=self.login())
                self.fire(name=f"implicit {implicit}")
                self.assertEqual(len(box.mails), 1, self.detail())

    def test_after_a_wrong_password_nothing_is_sent(self):
        for implicit in (False, True):
            with self.subTest(implicit=implicit):
                box = self.mailbox(host="localhost", tls=self.tls(), implicit=implicit,
                                   login=self.login("wr0ng one"))
                done = self.fire(name=f"implicit {implicit}")
                self.assertEqual((box.mails, box.senders), ([], []))
                self.assertRegex(self.detail(), "refused the login|Login denied")
                self.assertNotIn("wr0ng", done.stderr + self.detail())

    def test_a_server_that_asks_for_no_login_gets_nothing_when_one_is_set(self):
        self.login()
        box = self.mailbox(host="localhost", tls=self.tls())
        self.fire()
        self.assert_not_told(box, "refused the login")
        self.assertEqual(box.senders, [])

    def test_no_password_goes_over_a_wire_without_tls(self):
        self.login()
        self.settings.update(smtp_server="192.0.2.1:25", smtp_tls="none")
        self.fire()
        self.assertIn("no password without TLS", self.detail())

    def test_a_password_file_that_all_can_read_is_not_used(self):
        box = self.mailbox(host="localhost", tls=self.tls(), login=self.login())
        (self.dir / "password").chmod(0o644)
        self.fire()
        self.assert_not_told(box, "smtp_password_file")


if __name__ == "__main__":
    unittest.main()
