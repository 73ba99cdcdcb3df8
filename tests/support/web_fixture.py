#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a store and an RRD tree that look like a day of a small provider, for the tests of the pages.

    web_fixture.build(folder)           -> Fixture: .config, .store, .rrd, .user, .password, .now
    /usr/bin/python3 web_fixture.py DIR    the same by hand

The traffic is made by formula from a fixed seed: the same now gives the same figures.
"""
import hashlib
import ipaddress
import math
import random
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import rrdtool

TREE = Path(__file__).resolve().parents[2]
USER, PASSWORD = "noc", "correct horse battery"
# argon2id of PASSWORD at interactive cost, made once: hashing is what the tests of the store check
HASH = "$argon2id$v=19$m=65536,t=2,p=1$bU2XEHjgs+5RHxbxyNa62Q$qPhaaR2eipPU7/B5vRwpUP7u8/PUzySBpJ5PwlhYTRw"
KEY = hashlib.sha256(b"the fixture's session key").hexdigest()

# id, name, category, colour, colour_dark, share of the traffic, part of it that is inbound
APPS = [
    (1, "HTTPS", "Web", 0x2F6FDE, 0x5B95F5, 0.38, 0.85),
    (2, "HTTP", "Web", 0x17A2B8, 0x3CC4DA, 0.12, 0.80),
    (3, "BitTorrent", "File sharing", 0xD9480F, 0xFF7A45, 0.18, 0.35),
    (4, "DNS", "Infrastructure", 0x6F42C1, 0x9B74E8, 0.01, 0.55),
    (5, "SSH", "Remote access", 0x2B8A3E, 0x51CF66, 0.05, 0.40),
    (6, "SMTP", "Mail", 0xC2255C, 0xF06595, 0.03, 0.50),
    (7, "FTP", "File transfer", 0xE8A200, 0xFFC93C, 0.06, 0.30),
    (8, "SIP", "Voice", 0x087F5B, 0x20C997, 0.005, 0.50),
    (9, "RTP", "Voice", 0x5C940D, 0x94D82D, 0.04, 0.50),
    (10, "IMAP", "Mail", 0xA61E4D, 0xE64980, 0.02, 0.75),
    (11, "NTP", "Infrastructure", 0x495057, 0xADB5BD, 0.002, 0.50),
    (12, "QUIC", "Web", 0x1864AB, 0x74C0FC, 0.09, 0.85),
    (13, "RTMP", "Streaming", 0x862E9C, 0xDA77F2, 0.015, 0.20),
    (0, "Unknown", "Unknown", 0x9AA0A6, 0x80868B, 0.05, 0.60),
]
HOSTILE = '<script>alert("x")</script> & \'Söhne\''
# id, name, members, hosts, weight
GROUPS = [
    (1, "Campus", ["10.1.0.0/16"], [f"10.1.0.{n}" for n in range(11, 26)], 1.0),
    (2, "Data centre", ["10.2.0.0/24", "2001:db8:2::/48"],
     ["10.2.0.10", "10.2.0.11", "2001:db8:2::10", "2001:db8:2::beef:1"], 1.6),
    (3, HOSTILE, ["192.0.2.0-192.0.2.9"], ["192.0.2.3", "192.0.2.4"], 0.25),
    (4, "Spare", ["198.51.100.0/24"], [], 0.0),
]
PEERS = ["203.0.113.7", "203.0.113.99", "2001:db8:ffff::7", "198.18.0.25"]
PERIODS = (300, 3600, 21600, 86400)
HOURS = 30


@dataclass
class Fixture:
    folder: Path
    store: Path
    rrd: Path
    config: Path
    now: int
    user: str = USER
    password: str = PASSWORD
    groups: list = field(default_factory=lambda: GROUPS)


def key_of(address):
    """The store's sortable form of an address."""
    a = ipaddress.ip_address(address)
    return (b"\0" * 10 + b"\xff\xff" + a.packed if a.version == 4 else a.packed).hex()


def day_curve(t):
    """Traffic over the day, 0.25 .. 1: quiet at 04:00, busy at 16:00 UTC."""
    return 0.62 - 0.38 * math.cos((t / 3600 - 4) / 24 * 2 * math.pi)


def host_weight(address):
    return 0.3 + (int(hashlib.sha256(address.encode()).hexdigest()[:6], 16) % 1000) / 500


class Traffic:
    """bits/s by (host, application) for each minute, in and out."""

    def __init__(self, now):
        self.end = now - now % 60
        self.minutes = [self.end - 60 * n for n in range(HOURS * 60 - 1, -1, -1)]
        self.series = {}
        for _, _, _, hosts, weight in GROUPS:
            for host in hosts:
                for app in APPS:
                    self._add(host, app, weight * host_weight(host))

    def _add(self, host, app, weight):
        dice = random.Random(f"{host} {app[0]}")
        if dice.random() < 0.25 and app[0]:
            return
        level, values = 1.0, []
        for t in self.minutes:
            level = min(3.0, max(0.15, level * math.exp(dice.gauss(0, 0.12)) + 0.03 * (1 - level)))
            rate = 24e6 * weight * app[5] * day_curve(t) * level
            values.append((rate * app[6], rate * (1 - app[6])))
        self.series[host, app[0]] = values

    def sum(self, hosts, app=None):
        """Series of all that matches, or None when nothing does."""
        picked = [v for (h, a), v in self.series.items() if h in hosts and app in (None, a)]
        if not picked:
            return None
        return [(sum(p[0] for p in point), sum(p[1] for p in point)) for point in zip(*picked)]


def write_rrd(path, minutes, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    archives = []
    for steps, rows in ((1, 360), (5, 600), (60, 200), (180, 300), (1440, 400)):
        archives += [f"RRA:{cf}:0.5:{steps}:{rows}" for cf in ("AVERAGE", "MIN", "MAX")]
    rrdtool.create(str(path), "--start", str(minutes[0] - 60), "--step", "60",
                   "DS:in:GAUGE:120:0:U", "DS:out:GAUGE:120:0:U", *archives)
    updates = [f"{t}:{i:.0f}:{o:.0f}" for t, (i, o) in zip(minutes, values)]
    for at in range(0, len(updates), 600):
        rrdtool.update(str(path), *updates[at:at + 600])


def host_folder(address):
    a = ipaddress.ip_address(address)
    if a.version == 4:
        return str(a).replace(".", "/")
    return "/".join(f"{int(h, 16):x}" for h in a.exploded.split(":"))


def write_scope(traffic, folder, hosts):
    total = traffic.sum(hosts)
    if total is None:
        return
    write_rrd(folder / "all.rrd", traffic.minutes, total)
    for app in APPS:
        values = traffic.sum(hosts, app[0])
        if values:
            write_rrd(folder / f"{app[0]}.rrd", traffic.minutes, values)


def write_rrds(traffic, root):
    everyone = {h for g in GROUPS for h in g[3]}
    write_scope(traffic, root / "totals", everyone)
    for number, _, _, hosts, _ in GROUPS:
        write_scope(traffic, root / "groups" / str(number), set(hosts))
    for host in everyone:
        write_scope(traffic, root / "hosts" / host_folder(host), {host})


def octets(values, period):
    """(in, out) octets and packets over the last `period` seconds, as a row's last four columns."""
    tail = values[-(period // 60):]
    i, o = (int(sum(p[n] for p in tail) * 60 / 8) for n in (0, 1))
    return i, o, i // 700 + 1, o // 700 + 1


def write_usage(db, traffic):
    everyone = {h for g in GROUPS for h in g[3]}
    names = {300: "curr", 3600: "1hr", 21600: "6hr", 86400: "24hr"}
    for period in PERIODS:
        for app in APPS:
            i, o, pi, po = octets(traffic.sum(everyone, app[0]), period)
            db.execute(f"INSERT INTO app_usage_{names[period]} VALUES (?,?,?,?,?,?,?)",
                       (app[0], i, o, i // 50, pi, po, pi // 50))
        for number, _, _, hosts, _ in GROUPS:
            write_totals(db, "group", period, number, traffic, set(hosts))
        for host in everyone:
            write_totals(db, "host", period, host, traffic, {host})
            write_unknown(db, period, host, traffic)


def write_totals(db, kind, period, who, traffic, hosts):
    total = traffic.sum(hosts)
    if total is None:
        return
    db.execute(f"INSERT INTO {kind}_totals VALUES (?,?,?,?,?,?)", (period, who, *octets(total, period)))
    for app in APPS:
        values = traffic.sum(hosts, app[0])
        if values:
            db.execute(f"INSERT INTO {kind}_app_totals VALUES (?,?,?,?,?,?,?)",
                       (period, who, app[0], *octets(values, period)))


def write_unknown(db, period, host, traffic):
    values = traffic.sum({host}, 0)
    dice = random.Random(host)
    for n in range(14):
        i, o, pi, po = (v // (n + 3) for v in octets(values, period))
        db.execute("INSERT OR IGNORE INTO host_traffic_unknown VALUES (?,?,?,?,?,?,?,?,?,?)",
                   (period, host, dice.choice((6, 17)), dice.randrange(1024, 60000), dice.choice(PEERS),
                    dice.randrange(1024, 60000), i, o, pi, po))


def write_config(db, now):
    db.executemany("INSERT OR REPLACE INTO application VALUES (?,?,?,?,?)", [a[:5] for a in APPS])
    db.execute("INSERT INTO probe VALUES (1, 'edge', ?)", (now,))
    db.execute("INSERT INTO link (id, probe, name) VALUES (1, 1, 'eth0')")
    for minute in range(now - now % 60 - 86400, now - now % 60, 60):
        db.executemany("INSERT INTO ledger VALUES (1, ?, ?, ?, ?)",
                       [(minute, 1, 100000, 70000000), (minute, 2, 99980, 69986000), (minute, 3, 20, 14000)])
    for number, name, members, hosts, _ in GROUPS:
        db.execute("INSERT INTO host_group VALUES (?, ?)", (number, name))
        for member in members:
            first, last = ends(member)
            db.execute("INSERT INTO group_range VALUES (?,?,?,?)", (number, member, key_of(first), key_of(last)))
        for host in hosts:
            db.execute("INSERT INTO ip (addr, addr_key, first_seen, last_seen) VALUES (?,?,?,?)", (host, key_of(host), now - 864000, now - 60))
            db.execute("INSERT INTO ip_group VALUES (?, ?)", (host, number))
    db.execute("INSERT INTO web_user VALUES (1, ?, ?, 'admin', 1)", (USER, HASH))
    db.execute("INSERT INTO setting VALUES ('session_key', ?)", (KEY,))


def ends(member):
    if "-" in member:
        return member.split("-")
    network = ipaddress.ip_network(member)
    return str(network[0]), str(network[-1])


def write_alerts(db, now):
    db.execute("INSERT INTO alert_contact VALUES (1, 'On call', 'sms', '+4930123456')")
    db.execute("INSERT INTO alert_contact VALUES (2, 'NOC desk', 'email', 'noc@example.net')")
    rules = [
        (1, "Uplink nearly full", "total", "", "in", "above", 900000000, 60, 127, 0, 1440, 1, 1, now - 1500),
        (2, "Campus silent", "group", "1", "in", "below", 1000000, 3600, 31, 480, 1080, 1, 0, now - 86400),
        (3, "Mail storm " + HOSTILE[:40], "host", "192.0.2.3", "out", "above", 5000000, 3600, 127, 0, 1440, 0, 0, 0),
        (4, "File sharing", "app", "3", "out", "above", 80000000, 21600, 127, 1320, 360, 1, 0, now - 40000),
    ]
    for rule in rules:
        db.execute("INSERT INTO alert VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rule)
    db.executemany("INSERT INTO alert_contact_link VALUES (?,?)", [(1, 1), (1, 2), (2, 2), (4, 2)])
    log = [
        (now - 40500, 4, "File sharing", "fired", 93000000, "", "93.0 Mbit/s out over 6 h, limit 80 Mbit/s"),
        (now - 40499, 4, "File sharing", "sent", 0, "NOC desk", "250 2.0.0 OK"),
        (now - 40000, 4, "File sharing", "recovered", 71000000, "", "71.0 Mbit/s"),
        (now - 1500, 1, "Uplink nearly full", "fired", 913000000, "", "913 Mbit/s in, limit 900 Mbit/s"),
        (now - 1499, 1, "Uplink nearly full", "sent", 0, "NOC desk", "250 2.0.0 OK"),
        (now - 1498, 1, "Uplink nearly full", "failed", 0, "On call", "HTTP 503 <b>busy</b>"),
    ]
    db.executemany("INSERT INTO alert_log (at, alert, name, event, rate_bps, contact, detail) VALUES (?,?,?,?,?,?,?)",
                   log)


def write_end(db, now):
    """How far the aggregates reach, under the name that the store's code reads."""
    db.execute("INSERT INTO aggregate_state VALUES ('window_end', ?)", (now - now % 60,))


def build(folder, now=None, rrds=True):
    """Writes store, RRD tree and netmon.conf below `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = Fixture(folder, folder / "netmon.db", folder / "rrd", folder / "netmon.conf", now or int(time.time()))
    made.config.write_text(f'store = "sqlite:{made.store}"\nrrd = "{made.rrd}"\n')
    traffic = Traffic(made.now)
    db = sqlite3.connect(made.store)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript((TREE / "schema" / "sqlite.sql").read_text())
    write_config(db, made.now)
    write_usage(db, traffic)
    write_alerts(db, made.now)
    write_end(db, made.now)
    db.commit()
    db.close()
    if rrds:
        write_rrds(traffic, made.rrd)
    return made


if __name__ == "__main__":
    print(build(sys.argv[1]).config)
