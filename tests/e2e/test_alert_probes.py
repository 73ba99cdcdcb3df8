# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon-alert: what happened to probes reaches every contact, once, and not as a flood."""
from alert_case import T0, AlertCase


class Probes(AlertCase):
    def setUp(self):
        super().setUp()
        self.sms = self.gateway()
        self.mail = self.mailbox()
        self.contact("bob", "sms", "+4915112345678")
        self.contact("ann", "email", "ann@example.org")
        self.settings.pop("base_url")

    def happens(self, event, minute=0, probe="edge", detail="words"):
        self.write("INSERT INTO probe_event (at, probe, event, detail) VALUES (?, ?, ?, ?)", T0 + 60 * minute, probe, event, detail)

    def test_every_contact_is_told_once_also_while_nothing_is_aggregated(self):
        self.happens("fenced", detail="another probe has its numbering")
        for _ in range(3):
            self.alert(0)
        self.assertEqual(self.sms.texts(), ["PROBE edge: fenced 1: another probe has its numbering"])
        self.assertEqual(len(self.mail.mails), 1)
        self.assertEqual(self.rows("SELECT event, name FROM alert_log WHERE event = 'probe'"), [("probe", "edge")])
        self.assertEqual(self.waiting(), 0)

    def test_a_flood_is_one_message_an_hour_that_sums_up(self):
        self.happens("fenced")
        self.alert(0)
        for minute in range(1, 50):
            self.happens("lost", minute, detail=f"number {minute}")
            self.alert(minute) if minute % 10 == 0 else None
        self.assertEqual(len(self.sms.texts()), 1)
        self.alert(61)
        self.assertEqual(self.sms.texts()[1:], ["PROBE edge: lost 49: number 49"])
        self.alert(130)
        self.assertEqual(len(self.sms.texts()), 2)

    def test_each_probe_has_its_own_message_and_each_kind_is_counted(self):
        for event in ("gap", "revoked", "lost", "gap", "accepted", "expiring"):
            self.happens(event)
        self.happens("gap", probe="core")
        self.alert(0)
        self.assertEqual(sorted(self.sms.texts()), ["PROBE core: gap 1: words", "PROBE edge: lost 1, gap 2, revoked 1, expiring 1: words"])

    def test_what_is_accepted_again_or_a_day_old_is_no_news(self):
        self.happens("accepted")
        self.happens("fenced", -1500)
        self.alert(0)
        self.assertEqual(self.sms.texts(), [])

    def test_words_of_a_probe_cannot_break_a_message(self):
        self.happens("lost", probe="x" * 63, detail="a\r\nBcc: eve@example.org\x1b[2J" + "y" * 200)
        self.alert(0)
        (text,) = self.sms.texts()
        self.assertLessEqual(len(text), 159)
        self.assertNotIn("\n", text)

    def test_without_a_contact_it_is_in_the_log(self):
        self.write("DELETE FROM alert_contact")
        self.happens("gap")
        self.alert(0)
        self.assertEqual(self.rows("SELECT count(*) FROM alert_log WHERE event = 'probe'"), [(1,)])
