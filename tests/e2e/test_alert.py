# SPDX-License-Identifier: GPL-3.0-or-later
"""netmon-alert: what fires, when, and that nobody is told twice or not at all."""
import signal
import time
import unittest

import alert_servers
import netmon_e2e as e2e
from alert_case import M, AlertCase


class Rules(AlertCase):
    def setUp(self):
        super().setUp()
        self.sms = self.gateway()
        self.bob = self.contact("bob", "sms", "+4915112345678")

    def test_a_rule_fires_once_and_recovers_once(self):
        self.rule(to=[self.bob])
        for minute, mbps in enumerate((1, 3, 3, 1, 1)):
            self.assertEqual(self.minute(minute, mbps * M).returncode, 0)
        self.assertEqual(self.events(), [("fired", ""), ("sent", "bob"), ("recovered", ""), ("sent", "bob")])
        fired, recovered = self.sms.texts()
        self.assertEqual(fired, "ALERT uplink: 10.0.0.1 in 3.00 Mbit/s, above 2.00 Mbit/s (now) since 08:02")
        self.assertEqual(recovered, "OK uplink: 10.0.0.1 in 1.00 Mbit/s, was above 2.00 Mbit/s (now) since 08:03 to 08:04")
        self.assertEqual([r["query"]["to"] for r in self.sms.requests], [["+4915112345678"]] * 2)

    def test_a_run_that_is_repeated_says_nothing_more(self):
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        for _ in range(3):
            self.assertEqual(self.alert(0).returncode, 0)
        self.assertEqual(len(self.sms.requests), 1)

    def test_the_mean_of_the_window_counts(self):
        self.rule(to=[self.bob], window_s=3600)
        self.traffic(0, 1 * M, count=60)
        self.traffic(60, 40 * M, count=2)
        self.aggregate(59)
        self.alert(59)
        self.assertEqual(self.events(), [])
        self.aggregate(61)
        self.alert(61)
        self.assertEqual(self.rows("SELECT event, rate_bps FROM alert_log LIMIT 1"),
                         [("fired", (58 * M + 2 * 40 * M) // 60)])

    def test_groups_applications_and_all_traffic_are_watched_too(self):
        for kind, subject in (("group", "1"), ("app", "0"), ("total", "")):
            self.rule(kind, subject_kind=kind, subject=subject, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertEqual(sorted(t.split(" in ")[0] for t in self.sms.texts()),
                         ["ALERT app: Unknown", "ALERT group: lan", "ALERT total: all traffic"])

    def test_a_rule_of_a_group_that_is_gone_is_not_judged(self):
        self.rule(subject_kind="group", subject="77", comparison="below", to=[self.bob])
        done = self.minute(0, 3 * M)
        self.assertIn("watches what is gone", done.stderr)
        self.assertEqual(self.events(), [])

    def test_below_fires_when_the_traffic_stops(self):
        self.rule(comparison="below", rate_bps=M, to=[self.bob])
        self.minute(0, 3 * M)
        self.minute(1, 3 * M)
        self.assertEqual(self.events(), [])
        self.minute(2, 0)
        self.assertEqual(self.events(), [("fired", ""), ("sent", "bob")])

    def test_below_is_not_judged_by_a_window_that_is_not_known_whole(self):
        self.rule(comparison="below", rate_bps=M, window_s=3600, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertIn("not enough data", self.alert(0, "--check").stdout)
        self.assertEqual(self.events(), [])

    def test_a_rule_fires_within_its_hours_only(self):
        self.rule(from_minute=8 * 60 + 5, to_minute=18 * 60, to=[self.bob])   # judged at 08:02:50, then at 08:05:50
        self.minute(0, 3 * M)
        self.assertIn("outside its hours", self.alert(0, "--check").stdout)
        self.assertEqual(self.events(), [])
        self.traffic(1, 3 * M, count=3)
        self.aggregate(3)
        self.alert(3)
        self.assertEqual(self.events()[0], ("fired", ""))

    def test_a_rule_fires_on_its_days_only(self):
        self.rule("weekend", days=0x60, to=[self.bob])
        self.rule("fridays", days=0x10, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertEqual([t.split(":")[0] for t in self.sms.texts()], ["ALERT fridays"])

    def test_hours_are_local_time(self):
        self.rule(from_minute=9 * 60, to_minute=10 * 60, to=[self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        self.alert(0, env={"TZ": "Europe/Berlin"})
        self.assertIn("since 09:01", self.sms.texts()[0])

    def test_an_alarm_outlasts_its_hours_and_its_recovery_is_told(self):
        self.rule(from_minute=0, to_minute=8 * 60 + 3, to=[self.bob])
        self.minute(0, 3 * M)
        self.minute(1, 3 * M)
        self.assertEqual(self.rows("SELECT firing FROM alert"), [(1,)])
        self.minute(2, 1 * M)
        self.assertEqual([e for e, _ in self.events()], ["fired", "sent", "recovered", "sent"])

    def test_a_disabled_rule_is_not_judged(self):
        self.rule(enabled=0, to=[self.bob])
        self.minute(0, 3 * M)
        self.assertEqual(self.events(), [])

    def test_old_aggregates_change_nothing_and_are_noted_once(self):
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        for minute in (20, 21):
            done = self.alert(minute)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no rule was judged", done.stderr)
        self.assertEqual(self.rows("SELECT firing FROM alert"), [(1,)])
        self.minute(22, 3 * M)
        self.assertEqual([e for e, _ in self.events()], ["fired", "sent", "stale", "resumed"])

    def test_what_waits_is_sent_also_while_aggregates_are_old(self):
        self.rule(to=[self.bob])
        good, self.settings["sms_url"] = self.settings["sms_url"], f"http://127.0.0.1:{e2e.free_port()}/"
        self.minute(0, 3 * M)
        self.settings["sms_url"] = good
        self.alert(30)
        self.assertEqual(len(self.sms.requests), 1)

    def test_check_prints_rates_and_verdicts_and_changes_nothing(self):
        self.rule(to=[self.bob])
        self.rule("idle", subject="10.9.9.9", enabled=0, to=[self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        done = self.alert(0, "--check")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.splitlines(), [
            "idle: host 10.9.9.9 in above 2.00 Mbit/s now: 0 bit/s: disabled",
            "uplink: host 10.0.0.1 in above 2.00 Mbit/s now: 3.00 Mbit/s: fires"])
        self.assertEqual(self.rows("SELECT firing FROM alert"), [(0,), (0,)])
        self.assertEqual((self.events(), self.sms.requests), ([], []))

    def test_two_runs_at_once_are_one(self):
        mute = self.server(alert_servers.Mute)
        self.settings["sms_url"] = f"http://127.0.0.1:{mute.port}/"
        self.rule(to=[self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        first = self.start(*self.argv(0))
        e2e.wait_until(self.events, "the rule to fire")
        done = self.alert(0)
        self.assertEqual(done.returncode, 0)
        self.assertIn("another run", done.stderr)
        first.kill()


class Outbox(AlertCase):
    def setUp(self):
        super().setUp()
        self.ann = self.contact("ann", "email", "ann@example.org")
        self.bob = self.contact("bob", "sms", "+4915112345678")

    def test_a_message_waits_until_the_server_is_back(self):
        port = e2e.free_port()
        self.settings.update(smtp_server=f"127.0.0.1:{port}", smtp_tls="none")
        self.rule(to=[self.ann])
        self.assertEqual(self.minute(0, 3 * M).returncode, 1)
        self.assertEqual(self.waiting(), 1)
        box = self.mailbox(port=port)
        self.assertEqual(self.minute(1, 3 * M).returncode, 0)
        self.assertEqual(self.minute(2, 3 * M).returncode, 0)
        self.assertEqual(len(box.mails), 1)
        self.assertEqual(self.waiting(), 0)
        self.assertEqual(self.events(), [("fired", ""), ("failed", "ann"), ("sent", "ann")])

    def test_a_dead_mail_server_holds_nobody_else_up(self):
        mute = self.server(alert_servers.Mute)
        self.settings.update(smtp_server=f"127.0.0.1:{mute.port}", smtp_tls="none")
        sms = self.gateway()
        everyone = [self.contact(f"mail{i}", "email", f"m{i}@example.org") for i in range(6)]
        self.rule(to=[*everyone, self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        begin = time.monotonic()
        done = self.alert(0, "--timeout", 2)
        self.assertLess(time.monotonic() - begin, 20 * e2e.SLOWER)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(sms.requests), 1)
        self.assertEqual(self.waiting(), 6)

    def test_killed_while_it_sends_it_neither_loses_nor_repeats_the_event(self):
        mute = self.server(alert_servers.Mute)
        self.settings["sms_url"] = f"http://127.0.0.1:{mute.port}/"
        self.rule(to=[self.bob])
        self.traffic(0, 3 * M)
        self.aggregate(0)
        process = self.start(*self.argv(0))
        e2e.wait_until(self.waiting, "the message to wait")
        time.sleep(0.2)
        process.send(signal.SIGKILL)
        process.wait_end()
        sms = self.gateway()
        self.assertEqual(self.minute(1, 3 * M).returncode, 0)
        self.assertEqual(len(sms.requests), 1)
        self.assertEqual(self.events(), [("fired", ""), ("sent", "bob")])

    def test_a_repeated_message_carries_the_same_id(self):
        sms = self.gateway(statuses=[500])
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        self.minute(1, 3 * M)
        ids = [r["query"]["id"][0] for r in sms.requests]
        self.assertEqual(len(ids), 2)
        self.assertEqual(ids[0], ids[1])

    def test_nobody_hears_of_the_recovery_before_the_alarm(self):
        sms = self.gateway(statuses=[503])
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        self.minute(1, 1 * M)
        self.assertEqual([t.split()[0] for t in sms.texts()], ["ALERT", "ALERT", "OK"])

    def test_a_message_is_given_up_after_twenty_tries(self):
        sms = self.gateway(statuses=[500] * 100)
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        for hour in range(1, 25):
            self.alert(hour * 60)
        events = [e for e, _ in self.events() if e != "stale"]
        self.assertEqual(events, ["fired"] + ["failed"] * 19 + ["given-up"])
        self.assertEqual((len(sms.requests), self.waiting()), (20, 0))

    def test_a_gateway_may_say_when_to_come_back(self):
        sms = self.gateway(statuses=[429], headers=[("Retry-After", "600")])
        self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        self.alert(5)
        self.assertEqual(len(sms.requests), 1)
        self.alert(12)
        self.assertEqual(len(sms.requests), 2)

    def test_what_a_disabled_rule_had_to_say_is_dropped(self):
        sms = self.gateway(statuses=[500])
        rule = self.rule(to=[self.bob])
        self.minute(0, 3 * M)
        self.write("DELETE FROM alert WHERE id = ?", rule)
        self.minute(1, 3 * M)
        self.assertEqual(len(sms.requests), 1)

    def test_a_store_that_is_not_there_is_one_clear_line(self):
        self.settings["store"] = "sqlite:/nonexistent/netmon.db"
        done = self.alert(0)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
