# SPDX-License-Identifier: GPL-3.0-or-later
"""A test case with a store whose traffic and alert rules are made to measure, and netmon-alert runs at given minutes."""
import ipaddress
import os
import sqlite3

import alert_servers
import netmon_e2e as e2e

T0 = 1_800_000_000 - 1_800_000_000 % 3600   # 2027-01-15 08:00 UTC, a Friday
HOST = "10.0.0.1"
M = 1_000_000


def key(address):
    """An address as the store's *_key columns hold it."""
    ip = ipaddress.ip_address(address)
    number = int(ip) if ip.version == 6 else 0xffff00000000 + int(ip)
    return f"{number:032x}"


class AlertCase(e2e.Case):
    def setUp(self):
        super().setUp()
        e2e.binary("netmon-alert")
        e2e.binary("netmon-aggregate")
        self.path = self.dir / "netmon.db"
        self.settings = {"store": f"sqlite:{self.path}", "smtp_from": "netmon@example.org",
                         "base_url": "https://netmon.example.org"}
        db = sqlite3.connect(self.path)
        db.executescript((e2e.TREE / "schema" / "sqlite.sql").read_text())
        db.execute("INSERT INTO host_group (id, name) VALUES (1, 'lan')")
        db.execute("INSERT INTO group_range (group_id, member, first_key, last_key) VALUES (1, '10.0.0.0/8', ?, ?)",
                   (key("10.0.0.0"), key("10.255.255.255")))
        db.commit()
        db.close()

    def write(self, sql, *values):
        db = sqlite3.connect(self.path, timeout=10)
        with db:
            row = db.execute(sql, values).lastrowid
        db.close()
        return row

    def rows(self, sql, *values):
        return [tuple(row) for row in e2e.query(self.path, sql, *values)]

    def contact(self, name, kind, address):
        return self.write("INSERT INTO alert_contact (name, kind, address) VALUES (?, ?, ?)", name, kind, address)

    def rule(self, name="uplink", to=(), **fields):
        """A rule above 2 Mbit/s into HOST now, unless fields say otherwise; `to`: contact ids."""
        row = {"name": name, "subject_kind": "host", "subject": HOST, "direction": "in", "comparison": "above",
               "rate_bps": 2 * M, "window_s": 60, "days": 127, "from_minute": 0, "to_minute": 1440, "enabled": 1,
               "firing": 0, "since": 0, **fields}
        rule = self.write(f"INSERT INTO alert ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())
        for contact in to:
            self.write("INSERT INTO alert_contact_link (alert, contact) VALUES (?, ?)", rule, contact)
        return rule

    def traffic(self, minute, bps, host=HOST, count=1):
        """`bps` into `host` in `count` minutes from `minute` on (counted from T0)."""
        db = sqlite3.connect(self.path, timeout=10)
        with db:
            db.executemany(
                "INSERT INTO flow (link, vlan, saddr, daddr, sport, dport, protocol, packets, octets, application,"
                " fraction, started, expires) VALUES (1, 0, '198.51.100.7', ?, 443, 50000, 6, 100, ?, 0, 0, ?, ?)",
                [(host, bps * 60 // 8, T0 + 60 * m, T0 + 60 * m + 59) for m in range(minute, minute + count)])
        db.close()

    def config(self, **extra):
        """Writes netmon.conf; its path."""
        path = self.dir / "netmon.conf"

        def quoted(value):
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'

        path.write_text("".join(f"{k} = {quoted(v)}\n" for k, v in {**self.settings, **extra}.items()))
        return path

    def secret(self, name, text):
        path = self.dir / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def aggregate(self, minute):
        """Works the windows out so that they end with `minute`'s end."""
        e2e.run("netmon-aggregate", "--store", f"sqlite:{self.path}", "--now", T0 + 60 * (minute + 1) + 100)

    def argv(self, minute, *options):
        return ["netmon-alert", "--config", self.config(), "--now", T0 + 60 * (minute + 1) + 110, "--timeout", 5,
                *options]

    def alert(self, minute, *options, **kwargs):
        """A run of netmon-alert some seconds after that minute's aggregation."""
        kwargs.setdefault("check", False)
        # libesmtp compares words by length that have no NUL behind them, which the strict check would take for an error
        asan = os.environ.get("ASAN_OPTIONS", "").replace("strict_string_checks=1", "strict_string_checks=0")
        kwargs["env"] = {"ASAN_OPTIONS": asan, **kwargs.get("env", {})}
        return e2e.run(*self.argv(minute, *options), **kwargs)

    def minute(self, minute, bps):
        """A minute's traffic, aggregation, alert run."""
        self.traffic(minute, bps)
        self.aggregate(minute)
        return self.alert(minute)

    def events(self):
        """(event, contact) of the log, oldest first."""
        return self.rows("SELECT event, contact FROM alert_log ORDER BY id")

    def waiting(self):
        return self.rows("SELECT count(*) FROM alert_delivery")[0][0]

    def server(self, kind, *args, **kwargs):
        """Starts one of alert_servers on a free port; it stops with the test."""
        port = kwargs.pop("port", None) or e2e.free_port()
        server = kind(port, *args, **kwargs)
        server.port = port
        self.addCleanup(server.stop)
        return server

    def mailbox(self, host="127.0.0.1", **kwargs):
        box = self.server(alert_servers.Mailbox, **kwargs)
        tls = "none"
        if kwargs.get("tls"):
            tls = "tls" if kwargs.get("implicit") else "starttls"
        self.settings.update(smtp_server=f"{host}:{box.port}", smtp_tls=tls)
        return box

    def gateway(self, **kwargs):
        gateway = self.server(alert_servers.Gateway, **kwargs)
        self.settings.update(sms_url=f"http://127.0.0.1:{gateway.port}/send?to={{to}}&text={{text}}&id={{id}}")
        return gateway
