# SPDX-License-Identifier: GPL-3.0-or-later
"""Every program of netmon on MariaDB: the same answers, pages and sums as on SQLite; a server that is killed, started anew, and
shared by two collectors."""
import re
import threading

import netmon_e2e as e2e
import netmon_mariadb
import web_server
from netmon_frames import Probe, Record, chain

MIX = ("http", "bt-dht", "ssh", "dns", "sip", "smtp", "vlan", "bt-swarm", "streaming")  # of one day
PASSWORD = "correct horse battery"
# What is asked of every store, in this order: (program, its words, what it reads).
BEFORE = [("netmon", ("groups", "add", "All", "10.10.0.0/16", "2001:db8:a::/48"), None),
          ("netmon", ("groups", "add", "It's \\ <b>", "192.0.2.100-192.0.2.110", "127.0.0.1"), None),
          ("netmon", ("groups", "list"), None),
          ("netmon", ("user", "add", "noc", "--admin"), PASSWORD + "\n"),
          ("netmon", ("user", "list"), None),
          ("netmon", ("contact", "add", "Desk", "--email=noc@example.net"), None),
          ("netmon", ("contact", "list"), None),
          ("netmon", ("alert", "add", "Busy", "--total", "--in", "--above=1", "--over=6h", "--to=Desk"), None),
          ("netmon", ("alert", "list"), None)]
AFTER = [("netmon", ("apps", "list"), None),
         ("netmon", ("ledger", "--since=0", "--csv"), None),
         ("netmon", ("ledger", "--since=0", "--json", "--minutes"), None),
         ("netmon", ("ledger", "--since=0"), None),
         ("netmon", ("explain", "203.0.113.22:22", "--hours=1000000"), None),
         ("netmon", ("groups", "remove", "It's \\ <b>", "127.0.0.1"), None),
         ("netmon", ("groups", "list"), None),
         ("netmon", ("alert", "remove", "Busy"), None),
         ("netmon", ("alert", "remove", "Busy"), None),
         ("netmon", ("contact", "remove", "Desk"), None),
         ("netmon", ("user", "add", "noc"), PASSWORD + "\n"),
         ("netmon", ("user", "remove", "noc"), None),
         ("netmon", ("user", "list"), None),
         ("netmon", ("store", "upgrade"), None)]
PAGES = ("/", "/?show=apps&sort=name&order=asc", "/groups", "/group/1", "/group/1?show=hosts&sort=name&order=asc", "/alerts",
         "/search?q=10.", "/search?q=http", "/app/0", "/host/10.10.2.21", "/host/2001:db8:a:1::11/unknown?show=peers", "/group/2?period=day")
TABLES = {"flow": "link, vlan, saddr, daddr, sport, dport, protocol, packets, octets, application, fraction, started, expires, "
                  "tunnel, sampling, duplicate",
          "application": "*", "host_group": "*", "group_range": "*", "ip": "addr, addr_key", "ip_group": "*",
          "link": "id, probe, name", "probe": "id, name", "ledger": "*", "app_usage_curr": "*", "app_usage_1hr": "*",
          "app_usage_6hr": "*", "app_usage_24hr": "*", "host_totals": "*", "host_app_totals": "*", "group_totals": "*",
          "group_app_totals": "*", "host_traffic_unknown": "*", "usage_minute": "*", "usage_hour": "*",
          "alert_log": "at, alert, name, event, rate_bps, contact"}


class Story:
    """The life of a store, told by the programs: what they said, the pages, and the tables."""

    def __init__(self, case, name, store, rows):
        self.case, self.name, self.store, self.rows = case, name, store, rows
        self.folder = case.dir / name
        self.folder.mkdir()
        self.config = self.folder / "netmon.conf"
        self.config.write_text(f'store = "{store}"\nrrd = "{self.folder / "rrd"}"\n', encoding="utf-8")
        self.said, self.pages = [], {}

    def ask(self, program, words, text):
        done = e2e.run(program, "--config", self.config, *words, check=False, input=text or "")
        out = (done.stdout + done.stderr).replace(self.store, "STORE")
        self.said.append((program, words, done.returncode, re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d\S*|\d+\.\d\d s", "TIME", out)))
        self.case.assertNotIn("bad/word", out)

    def tell(self):
        for line in BEFORE:
            self.ask(*line)
        netmond = self.case.netmond("--config", self.config, "--store", self.store, rrd=self.folder / "rrd")
        files = [word for name in MIX for word in ("-r", e2e.capture(name))]
        e2e.run("netmonc", "-h", "127.0.0.1", "-p", netmond.port, "--probe", "edge", "--link", "eth0", *files)
        self.case.assertEqual(netmond.stop(), 0, netmond.log())
        self.case.assertNotIn("bad/word", netmond.log())
        end = max(int(r[0]) for r in self.rows("SELECT max(expires) FROM flow"))
        self.ask("netmon-aggregate", ("-v", "--now", str(end + 400)), None)
        self.ask("netmon-aggregate", ("--now", str(end + 460)), None)
        self.ask("netmon-alert", ("--check", "--now", str(end + 470)), None)
        self.ask("netmon-alert", ("--now", str(end + 470)), None)
        self.browse()
        for line in AFTER:
            self.ask(*line)

    def browse(self):
        server = web_server.start_cgi(self.case, self.config, self.folder)
        client = web_server.Client(server.port, "/cgi-bin/netmon.cgi")
        self.case.assertEqual(client.sign_in("noc", PASSWORD).status, 303)
        for path in PAGES:
            answer = client.get(path)
            # the session's token, and how long ago something was
            text = re.sub(r'value="[0-9a-zA-Z_.-]{20,}"|nonce="[^"]*"|\d+ (?:s|min|h|d|days?)\b', "", answer.text)
            self.pages[path] = (answer.status, re.sub(r"\d\d:\d\d(?::\d\d)?", "", text))
        server.end()

    def tables(self):
        return {table: sorted(tuple(map(str, row)) for row in self.rows(f"SELECT {columns} FROM {table}"))
                for table, columns in TABLES.items()}


@netmon_mariadb.needed
class Programs(e2e.Case):
    @classmethod
    def setUpClass(cls):
        cls.server = netmon_mariadb.Server()
        cls.addClassCleanup(cls.server.end)

    @e2e.needs_program("lighttpd")
    def test_every_program_says_and_stores_the_same_as_with_sqlite(self):
        path = self.dir / "netmon.db"
        sqlite = Story(self, "sqlite", f"sqlite:{path}", lambda sql: e2e.query(path, sql))
        mariadb = Story(self, "mariadb", self.server.new_store(), self.server.query)
        for story in (sqlite, mariadb):
            e2e.run("netmon", "--store", story.store, "store", "init")
            story.tell()
        for a, b in zip(sqlite.said, mariadb.said):
            self.assertEqual(a, b)
        for page in PAGES:
            self.assertEqual(sqlite.pages[page], mariadb.pages[page], page)
        want, found = sqlite.tables(), mariadb.tables()
        for table, rows in want.items():
            self.assertEqual(rows, found[table], table)
        for table in ("app_usage_24hr", "host_traffic_unknown", "alert_log", "usage_minute"):
            self.assertNotEqual(want[table], [], table)
        self.assertIn("BitTorrent", mariadb.pages["/?show=apps&sort=name&order=asc"][1])

    def test_a_server_that_is_killed_under_load_loses_and_doubles_nothing(self):
        store = self.server.new_store()
        e2e.run("netmon", "--store", store, "store", "init")
        netmond = self.netmond("--store", store)
        batches, killed = 400, []

        def killer():
            for rows in (20, 120, 250):
                e2e.wait_until(lambda n=rows: int(self.server.query("SELECT count(*) FROM flow")[0][0]) >= n, f"{rows} rows",
                               60)
                self.server.kill()
                self.server.start()
                killed.append(rows)

        thread = threading.Thread(target=killer)
        thread.start()
        probe = Probe(netmond.port, timeout=60)
        probe.greet(following=batches + 1)
        for sequence, data in enumerate(chain(1, batches), 1):
            probe.send(data)
            probe.acknowledged_up_to(sequence)
        thread.join()
        self.assertEqual(len(killed), 3)
        self.assertEqual(self.server.query("SELECT count(*), sum(octets) FROM flow"), [[str(batches), str(1000 * batches)]])
        self.assertEqual(self.server.query("SELECT sequence FROM watermark"), [[str(batches)]])
        self.assertEqual(netmond.stop(), 0, netmond.log())

    def test_two_collectors_and_many_probes_share_a_store(self):
        store = self.server.new_store()
        e2e.run("netmon", "--store", store, "store", "init")
        collectors = [self.netmond("--store", store) for _ in range(2)]
        failed = []

        def send(number):
            try:
                probe = Probe(collectors[number % 2].port, timeout=60)
                probe.greet(probe=f"p{number}", epoch=number + 1, following=101)
                for data in chain(1, 100, epoch=number + 1):
                    probe.send(data)
                probe.acknowledged_up_to(100)
                probe.close()
            except Exception as problem:  # pylint: disable=broad-except
                failed.append(f"p{number}: {problem!r}")

        threads = [threading.Thread(target=send, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertEqual(self.server.query("SELECT p.name, count(*) FROM flow f JOIN link l ON l.id = f.link JOIN probe p ON "
                                           "p.id = l.probe GROUP BY 1 ORDER BY 1"), [[f"p{n}", "100"] for n in range(6)])
        self.assertEqual([c.stop() for c in collectors], [0, 0])

    def test_a_batch_that_both_collectors_get_is_stored_once(self):
        store = self.server.new_store()
        e2e.run("netmon", "--store", store, "store", "init")
        data = list(chain(1, 2))
        for batches in ([data[0]], data, data):
            netmond = self.netmond("--store", store)
            probe = Probe(netmond.port)
            probe.greet(following=3)
            for one in batches:
                probe.send(one)
            probe.acknowledged_up_to(len(batches))
            self.processes[-1].kill()
            probe.close()
        self.assertEqual(self.server.query("SELECT count(*) FROM flow"), [["2"]])

    def test_somebody_who_holds_a_lock_delays_a_batch_and_loses_none(self):
        netmond = self.netmond("--store", self.server.new_store())
        probe = Probe(netmond.port, timeout=60)
        probe.greet(following=3)
        probe.store(1, [Record()])
        self.server.query("SET GLOBAL innodb_lock_wait_timeout = 1")
        holder = self.start("mariadb", "--no-defaults", "-uroot", f"--socket={self.server.socket}", "-D", "netmon", "-n", "-N",
                            "-e", "BEGIN; SELECT 'held' FROM schema_version FOR UPDATE; SELECT sleep(3); ROLLBACK")
        holder.wait_line("held")
        probe.store(2, [Record()])
        self.assertEqual(self.server.query("SELECT count(*) FROM flow"), [["2"]])
        self.assertEqual(netmond.stop(), 0, netmond.log())
