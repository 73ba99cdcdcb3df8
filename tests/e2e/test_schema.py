# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema in each database: it loads in a real server, and has the tables and columns that SQLite's has."""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import netmon_e2e as e2e  # noqa: E402
import netmon_mariadb  # noqa: E402

SCHEMA = e2e.TREE / "schema"
OLD_SCHEMA = e2e.TREE / "tests" / "support" / "schema-1"
RAW = {"schema_version", "application", "probe", "link", "watermark", "label_version", "probe_event", "flow", "ledger"}
INSERT = ("INSERT INTO flow (link,vlan,saddr,daddr,sport,dport,protocol,packets,octets,application,fraction,started,expires) "
          "VALUES (1,4094,'10.0.0.1','2001:db8::1',65535,65535,255,65535,4294967295,65535,65535,4294967295,4294967295);")


def sqlite_columns():
    """{table: [column]} of schema/sqlite.sql."""
    db = sqlite3.connect(":memory:")
    db.executescript((SCHEMA / "sqlite.sql").read_text())
    names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    columns = {n: [row[1] for row in db.execute(f"PRAGMA table_info({n})")] for n in names}
    db.close()
    return columns


def by_table(text):
    """Lines "table column" as {table: [column]}."""
    columns = {}
    for line in text.splitlines():
        table, column = line.split()
        columns.setdefault(table, []).append(column)
    return columns


class Sqlite(unittest.TestCase):
    def test_names_are_no_reserved_words_of_other_databases(self):
        reserved = set("""add all alter analyze and any array as asc between both by call cascade case change check collate
            column condition constraint continue convert create cross cube current_date current_time current_timestamp
            current_user cursor database databases default delete desc describe distinct div do double drop each else
            elseif end enclosed escaped except exists exit explain false fetch first_value float for force foreign from
            full fulltext function generated grant group grouping groups having if ignore ilike in index inner insert int
            integer intersect interval into is join key keys kill lag last_value lateral lead leading leave left like
            limit linear lines load lock long loop match mod natural not null numeric of offset on only optimize option
            or order out outer over overlaps partition percent_rank placing precision primary procedure purge range rank
            read recursive references regexp release rename repeat replace require resignal restrict return returning
            revoke right rlike row row_number rows schema select sensitive separator session_user set show signal similar
            some sql symmetric system table tablesample terminated then to trailing trigger true undo union unique unlock
            unsigned update usage use user using values varying verbose virtual when where while window with write xor
            """.split())
        names = set()
        for table, columns in sqlite_columns().items():
            names |= {table, *columns}
        self.assertEqual(names & reserved, set())

    def test_every_pair_of_tables_agrees_on_the_version(self):
        for name in ("sqlite.sql", "mysql.sql", "postgresql.sql"):
            self.assertIn("INSERT INTO schema_version VALUES (4);", (SCHEMA / name).read_text(), name)


def upgrades(kind):
    """The texts that bring the oldest tables up to these, in order."""
    return [(SCHEMA / f"{kind}-to-{version}.sql").read_text() for version in (2, 3, 4)]


class Upgrade(e2e.Case):
    """A store that an older netmon made."""

    def setUp(self):
        super().setUp()
        self.path = self.dir / "netmon.db"
        db = sqlite3.connect(self.path)
        db.executescript((OLD_SCHEMA / "sqlite.sql").read_text() + INSERT)
        db.close()

    def schema(self):
        return {(r["type"], r["name"]) for r in e2e.query(self.path, "SELECT type, name FROM sqlite_master")}

    def test_store_upgrade_makes_it_as_a_new_one_is_and_keeps_its_rows(self):
        done = e2e.run("netmon", "--store", f"sqlite:{self.path}", "store", "upgrade")
        self.assertIn("schema version 4", done.stdout)
        flow = e2e.query(self.path, "SELECT * FROM flow")
        self.assertEqual([(r["octets"], r["tunnel"], r["sampling"]) for r in flow], [(4294967295, "", 1)])
        self.assertEqual(list(flow[0].keys()), sqlite_columns()["flow"])
        self.assertEqual(e2e.query(self.path, "SELECT version FROM schema_version")[0][0], 4)
        new = self.dir / "new.db"
        e2e.run("netmon", "--store", f"sqlite:{new}", "store", "init")
        self.assertEqual([tuple(r) for r in e2e.query(self.path, "SELECT * FROM application")],
                         [tuple(r) for r in e2e.query(new, "SELECT * FROM application")])
        self.assertIn("schema version 4", e2e.run("netmon", "--store", f"sqlite:{self.path}", "store", "upgrade").stdout)

    def test_netmond_upgrades_it_at_its_start(self):
        server = self.netmond(store=True)
        self.assertEqual(server.stop(), 0, server.log())
        self.assertEqual(e2e.query(self.path, "SELECT version FROM schema_version")[0][0], 4)

    def test_a_reader_says_what_to_do(self):
        done = e2e.run("netmon", "--store", f"sqlite:{self.path}", "groups", "list", check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"netmon --store sqlite:{self.path} store upgrade", done.stderr)

    def test_a_store_of_a_later_netmon_is_left_alone(self):
        e2e.run("netmon", "--store", f"sqlite:{self.path}", "store", "upgrade")
        db = sqlite3.connect(self.path)
        db.executescript("UPDATE schema_version SET version = 99")
        db.close()
        done = e2e.run("netmon", "--store", f"sqlite:{self.path}", "store", "upgrade", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("schema version 99", done.stderr)


@netmon_mariadb.needed
class Mariadb(e2e.Case):
    def test_the_schema_loads_and_has_the_same_tables_and_columns(self):
        server = netmon_mariadb.Server()
        self.addCleanup(server.end)
        ask = server.client
        self.assertEqual(ask("CREATE DATABASE netmon").returncode, 0)
        loaded = ask((SCHEMA / "mysql.sql").read_text(), "-D", "netmon")
        self.assertEqual(loaded.stderr, "")
        columns = by_table(ask("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'netmon' "
                               "AND extra NOT LIKE '%GENERATED%' ORDER BY table_name, ordinal_position").stdout)
        self.assertEqual(columns, sqlite_columns())
        self.assertEqual(ask(INSERT + "SELECT id, octets, expires FROM flow", "-D", "netmon").stdout,
                         "1\t4294967295\t4294967295\n")
        self.assertEqual(ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'netmon' AND "
                             "(engine <> 'InnoDB' OR table_collation NOT LIKE 'utf8mb4%')").stdout, "0\n")
        self.assertEqual(ask("CREATE DATABASE old").returncode, 0)
        for text in ((OLD_SCHEMA / "mysql.sql").read_text(), INSERT, *upgrades("mysql")):
            self.assertEqual(ask(text, "-D", "old").stderr, "")
        self.assertEqual(ask("SELECT column_name, column_type FROM information_schema.columns WHERE table_name = 'flow' AND "
                             "table_schema = 'old' ORDER BY ordinal_position").stdout,
                         ask("SELECT column_name, column_type FROM information_schema.columns WHERE table_name = 'flow' AND "
                             "table_schema = 'netmon' ORDER BY ordinal_position").stdout)
        self.assertEqual(ask("SELECT octets, tunnel, sampling, version FROM flow, schema_version", "-D", "old").stdout,
                         "4294967295\t\t1\t4\n")
        self.assertEqual(ask("SELECT * FROM application", "-D", "old").stdout,
                         ask("SELECT * FROM application", "-D", "netmon").stdout)


    def test_store_upgrade_brings_an_old_one_up_from_wherever_it_was_cut_off(self):
        server = netmon_mariadb.Server()
        self.addCleanup(server.end)
        statements = [text.strip() for text in re.sub(r"--.*", "", upgrades("mysql")[-1]).split(";") if text.strip()]
        self.assertIn("schema_version", statements[-1])

        def tables(name):
            return server.query("SELECT table_name, column_name, column_type, column_default, is_nullable, extra FROM "
                                f"information_schema.columns WHERE table_schema = '{name}' AND table_name IN "
                                f"({','.join(repr(t) for t in sorted(RAW))}) ORDER BY table_name, ordinal_position", None)

        def indexes(name):
            return server.query("SELECT index_name, column_name, seq_in_index, non_unique FROM information_schema.statistics "
                                f"WHERE table_schema = '{name}' AND table_name = 'flow' ORDER BY 1, 3", None)

        e2e.run("netmon", "--store", server.new_store("fresh"), "store", "init")
        for done in range(len(statements)):
            store = server.new_store("old")
            old = [(OLD_SCHEMA / "mysql.sql").read_text(), INSERT, *upgrades("mysql")[:-1], *statements[:done]]
            server.query(";".join(old), "old")
            answer = e2e.run("netmon", "--store", store, "store", "upgrade")
            self.assertIn("schema version 4", answer.stdout)
            self.assertEqual(tables("old"), tables("fresh"))
            self.assertEqual(indexes("old"), indexes("fresh"))
            self.assertEqual(server.query("SELECT octets, unknown_at FROM flow", "old"), [["4294967295", "NULL"]])


def postgresql_programs():
    """The folder with initdb and postgres, or None: Debian keeps them out of PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "initdb").exists()), None)


@unittest.skipIf(not postgresql_programs() or not shutil.which("psql"), "needs PostgreSQL")
class Postgresql(e2e.Case):
    def as_user(self, *argv, text=None):
        """PostgreSQL refuses to run as root."""
        if os.geteuid() == 0:
            argv = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *argv)
        return subprocess.run([str(a) for a in argv], input=text, capture_output=True, text=True, timeout=120, check=False,
                              cwd=self.dir, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def test_the_raw_tables_load_and_have_the_same_columns(self):
        programs = postgresql_programs()
        data = self.dir / "pg"
        data.mkdir()
        self.dir.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(data, "nobody", "nogroup")
        made = self.as_user(programs / "initdb", "-D", data / "d", "-A", "trust", "-U", "netmon", "-N")
        self.assertEqual(made.returncode, 0, made.stderr)
        started = self.as_user(programs / "pg_ctl", "-D", data / "d", "-w", "-l", data / "log", "-o",
                               f"-k {data} -c listen_addresses=''", "start")
        self.assertEqual(started.returncode, 0, started.stdout)
        try:
            def ask(sql):
                return self.as_user("psql", "-X", "-q", "-A", "-t", "-F", " ", "-v", "ON_ERROR_STOP=1", "-h", data, "-U",
                                    "netmon", "postgres", text=sql)
            loaded = ask((SCHEMA / "postgresql.sql").read_text())
            self.assertEqual((loaded.returncode, loaded.stderr), (0, ""))
            columns = by_table(ask("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = "
                                   "'public' ORDER BY table_name, ordinal_position").stdout)
            self.assertEqual(columns, {t: c for t, c in sqlite_columns().items() if t in RAW})
            self.assertEqual(ask(INSERT + "SELECT octets FROM flow").stdout.strip(), "4294967295")
            columns = ask("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'flow' ORDER BY "
                          "ordinal_position").stdout
            ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
            for text in ((OLD_SCHEMA / "postgresql.sql").read_text(), INSERT, *upgrades("postgresql")):
                self.assertEqual(ask(text).stderr, "")
            self.assertEqual(ask("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'flow' "
                                 "ORDER BY ordinal_position").stdout, columns)
            self.assertEqual(ask("SELECT octets, tunnel, sampling, version FROM flow, schema_version").stdout.strip(),
                             "4294967295  1 4")
        finally:
            self.as_user(programs / "pg_ctl", "-D", data / "d", "-m", "immediate", "-w", "stop")


if __name__ == "__main__":
    unittest.main()
