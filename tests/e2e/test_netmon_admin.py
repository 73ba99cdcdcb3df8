# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `netmon`: store, groups, users, applications."""
import os
import pty
import select
import signal
import sqlite3
import stat
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import netmon_e2e as e2e  # noqa: E402


class Admin(e2e.Case):
    def setUp(self):
        super().setUp()
        self.path = self.dir / "netmon.db"
        self.netmon("store", "init")

    def netmon(self, *words, check=True, **kwargs):
        return e2e.run("netmon", "--store", f"sqlite:{self.path}", *words, check=check, **kwargs)

    def refused(self, status, *words, **kwargs):
        """Runs what must fail; its one line of error."""
        before = self.everything()
        done = self.netmon(*words, check=False, **kwargs)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.everything(), before, "something was changed")
        return done.stderr

    def rows(self, sql):
        return [tuple(r) for r in e2e.query(self.path, sql)]

    def everything(self):
        return self.rows("SELECT * FROM host_group"), self.rows("SELECT * FROM group_range"), \
            self.rows("SELECT * FROM web_user")

    def members(self):
        return self.rows("SELECT g.name, r.member FROM group_range r JOIN host_group g ON g.id = r.group_id "
                         "ORDER BY g.name, r.first_key, r.last_key")

    def ids(self):
        return dict(self.rows("SELECT name, id FROM host_group"))

    def write(self, text, name="groups.conf"):
        (self.dir / name).write_text(text)
        return self.dir / name


class Store(Admin):
    def test_init_twice_is_fine_and_keeps_what_is_there(self):
        self.netmon("groups", "add", "office", "10.0.0.0/8")
        self.assertIn("ready", self.netmon("store", "init").stdout)
        self.assertEqual(len(self.members()), 1)

    def test_the_store_is_not_for_other_users(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode) & 0o007, 0)

    def test_without_a_store_commands_say_how_to_make_one(self):
        done = e2e.run("netmon", "--store", f"sqlite:{self.dir}/none.db", "groups", "list", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("store init", done.stderr)

    def test_a_folder_that_is_not_there_is_told(self):
        done = e2e.run("netmon", "--store", f"sqlite:{self.dir}/none/x.db", "store", "init", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No such file", done.stderr)

    def test_the_settings_name_the_store(self):
        conf = self.write(f'store = "sqlite:{self.dir}/other.db"\n', "netmon.conf")
        e2e.run("netmon", "--config", conf, "store", "init")
        self.assertTrue((self.dir / "other.db").exists())
        e2e.run("netmon", "groups", "list", env={"NETMON_CONFIG": conf})


class Groups(Admin):
    def test_members_of_every_form_are_added_and_listed(self):
        self.netmon("groups", "add", "office", "10.0.0.0/8", "192.0.2.5", "192.0.2.7-192.0.2.9", "2001:db8::/32",
                    "2001:db9::1")
        self.assertEqual([m for _, m in self.members()],
                         ["10.0.0.0/8", "192.0.2.5", "192.0.2.7-192.0.2.9", "2001:db8::/32", "2001:db9::1"])
        lines = self.netmon("groups", "list").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["ID", "GROUP", "MEMBER"])
        self.assertEqual(len(lines), 6)

    def test_a_member_that_is_there_already_is_no_error(self):
        self.netmon("groups", "add", "office", "10.0.0.0/8")
        self.assertIn("1 added, 1 there already", self.netmon("groups", "add", "office", "10.0.0.0/8", "10.0.0.1").stdout)

    def test_one_wrong_member_and_none_is_added(self):
        line = self.refused(2, "groups", "add", "office", "10.0.0.0/8", "10.0.0.1/8")
        self.assertIn('"10.0.0.1/8"', line)
        self.assertIn("10.0.0.0/8", line)

    def test_names_may_have_blanks_and_letters_of_any_script(self):
        for name in ("Head office, 2nd floor", "Zürich", "東京", "'; DROP TABLE host_group --"):
            self.netmon("groups", "add", name, "10.0.0.0/8")
            self.assertIn(name, self.netmon("groups", "list", name).stdout)
        for name in ("", " office", "off\nice", "x" * 64):
            self.refused(2, "groups", "add", name, "10.0.0.0/8")

    def test_columns_are_aligned_under_letters_of_more_than_one_byte(self):
        self.netmon("groups", "add", "Zürich", "10.0.0.0/8")
        self.netmon("groups", "add", "Berlin", "10.0.0.0/8")
        lines = self.netmon("groups", "list").stdout.splitlines()
        self.assertEqual({line.find("10.0") for line in lines[1:]}, {lines[0].find("MEMBER")})

    def test_members_and_groups_are_removed(self):
        self.netmon("groups", "add", "a", "10.0.0.0/8", "192.0.2.0/24", "192.0.2.1")
        self.netmon("groups", "add", "b", "10.0.0.0/8")
        self.netmon("groups", "remove", "a", "192.0.2.1", "10.0.0.0/8")
        self.assertEqual(self.members(), [("a", "192.0.2.0/24"), ("b", "10.0.0.0/8")])
        self.netmon("groups", "remove", "b")
        self.assertEqual(self.members(), [("a", "192.0.2.0/24")])
        self.assertIn("no group", self.refused(1, "groups", "remove", "b"))

    def test_removing_a_member_that_is_not_there_changes_nothing(self):
        self.netmon("groups", "add", "a", "10.0.0.0/8", "192.0.2.0/24")
        self.assertIn("192.0.2.7", self.refused(1, "groups", "remove", "a", "10.0.0.0/8", "192.0.2.7"))

    def test_an_id_stays_with_its_group(self):
        self.netmon("groups", "add", "a", "10.0.0.0/8")
        self.netmon("groups", "add", "b", "10.0.0.0/8")
        before = self.ids()
        self.netmon("groups", "import", self.write("a = 192.0.2.0/24\nb = 192.0.2.1\n"), "--replace")
        self.assertEqual(self.ids(), before)


class Import(Admin):
    def test_the_file_says_what_its_groups_have_and_others_stay(self):
        self.netmon("groups", "add", "a", "10.0.0.0/8")
        self.netmon("groups", "add", "z", "10.9.0.0/16")
        path = self.write("# groups\n\na = 192.0.2.0/24, 192.0.2.1-192.0.2.3 # two\na = 2001:db8::/32\nb=10.1.0.0/16\n")
        self.assertIn("2 groups, 4 members", self.netmon("groups", "import", path).stdout)
        self.assertEqual(self.members(), [("a", "192.0.2.0/24"), ("a", "192.0.2.1-192.0.2.3"), ("a", "2001:db8::/32"),
                                          ("b", "10.1.0.0/16"), ("z", "10.9.0.0/16")])

    def test_replace_removes_the_groups_that_the_file_has_not(self):
        self.netmon("groups", "add", "z", "10.9.0.0/16")
        self.netmon("groups", "import", "--replace", self.write("a = 10.0.0.0/8\n"))
        self.assertEqual(self.members(), [("a", "10.0.0.0/8")])
        self.assertEqual(list(self.ids()), ["a"])

    def test_a_mistake_names_file_and_line_and_nothing_is_changed(self):
        self.netmon("groups", "add", "a", "10.0.0.0/8")
        for text, line in (("a = 192.0.2.1\nb = 10.0.0.1/8\n", 2), ("a\n", 1), ("\n\n = 10.0.0.1\n", 3), ("a =\n", 1),
                           ("a = 10.0.0.1,,10.0.0.2\n", 1), ("x" * 64 + " = 10.0.0.1\n", 1), ("a\x01b = 10.0.0.1\n", 1)):
            path = self.write(text)
            self.assertIn(f"{path}:{line}:", self.refused(1, "groups", "import", "--replace", path))

    def test_a_file_that_is_not_there_is_told(self):
        self.assertIn("No such file", self.refused(1, "groups", "import", self.dir / "none"))

    def test_a_member_twice_in_the_file_is_there_once(self):
        self.netmon("groups", "import", self.write("a = 10.0.0.1, 10.0.0.1\na = 10.0.0.1\n"))
        self.assertEqual(self.members(), [("a", "10.0.0.1")])

    def test_the_sample_file_can_be_imported(self):
        self.netmon("groups", "import", e2e.TREE / "etc" / "groups.conf")

    def test_twenty_thousand_members_are_quick(self):
        lines = (f"g{n // 100} = 10.{n >> 8 & 255}.{n & 255}.0/24\n" for n in range(20000))
        self.assertIn("200 groups, 20000 members",
                      self.netmon("groups", "import", self.write("".join(lines)), timeout=10).stdout)


class Users(Admin):
    def test_the_password_comes_from_a_pipe(self):
        self.netmon("user", "add", "ann", "--admin", input="correct horse\n")
        self.netmon("user", "add", "bob", input="correct horse")
        self.assertEqual(self.rows("SELECT name, role FROM web_user ORDER BY name"), [("ann", "admin"), ("bob", "read")])
        self.assertEqual([line.split() for line in self.netmon("user", "list").stdout.splitlines()],
                         [["USER", "ROLE"], ["ann", "admin"], ["bob", "read"]])

    def test_the_password_comes_from_a_file(self):
        self.netmon("user", "add", "ann", "--password-file", self.write("correct horse\r\nrest\n", "pw"))
        before = self.rows("SELECT hash, sessions FROM web_user")
        self.netmon("user", "passwd", "ann", f"--password-file={self.write('another horse', 'pw')}")
        self.assertNotEqual(self.rows("SELECT hash FROM web_user")[0][0], before[0][0])
        self.assertNotEqual(self.rows("SELECT sessions FROM web_user")[0][0], before[0][1])

    def test_hashes_are_argon2id(self):
        self.netmon("user", "add", "ann", input="correct horse\n")
        self.assertTrue(self.rows("SELECT hash FROM web_user")[0][0].startswith("$argon2id$"))

    def test_what_cannot_be_is_told_and_changes_nothing(self):
        self.netmon("user", "add", "ann", input="correct horse\n")
        self.assertIn("passwd", self.refused(1, "user", "add", "ann", input="another horse\n"))
        self.assertIn("8 to 256", self.refused(1, "user", "add", "bob", input="short\n"))
        self.assertIn("A-Z", self.refused(1, "user", "add", "b ob", input="correct horse\n"))
        self.refused(1, "user", "add", "bob", input="")
        self.refused(1, "user", "add", "bob", input="x" * 257 + "\n")
        self.refused(1, "user", "add", "bob", "--password-file", self.dir / "none")
        self.assertIn("user list", self.refused(1, "user", "passwd", "bob", input="correct horse\n"))
        self.assertIn("user list", self.refused(1, "user", "remove", "bob"))

    def test_a_password_is_never_an_argument(self):
        self.refused(2, "user", "add", "ann", "correct horse")
        self.refused(2, "user", "add", "ann", "--password", "correct horse")

    def test_a_user_is_removed(self):
        self.netmon("user", "add", "ann", input="correct horse\n")
        self.netmon("user", "remove", "ann")
        self.assertEqual(self.rows("SELECT * FROM web_user"), [])

    def type_password(self, *lines):
        """Runs `user add ann` on a terminal and types; (exit status, what the terminal showed)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(e2e.binary("netmon"), ["netmon", "--store", f"sqlite:{self.path}", "user", "add", "ann"])
        shown = b""
        for prompt, line in zip((b"Password: ", b"Again: "), lines):
            while not shown.endswith(prompt):
                if not select.select([terminal], [], [], 20 * e2e.SLOWER)[0]:
                    break
                shown += os.read(terminal, 1024)
            os.write(terminal, line.encode() + b"\n")
        try:
            while select.select([terminal], [], [], 20 * e2e.SLOWER)[0]:
                shown += os.read(terminal, 1024)
            os.kill(pid, signal.SIGKILL)  # it waits for something
        except OSError:
            pass  # it has ended
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), shown.decode()

    def test_a_person_types_the_password_twice_and_unseen(self):
        status, shown = self.type_password("correct horse", "correct horse")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertEqual(len(self.rows("SELECT * FROM web_user")), 1)

    def test_control_c_at_the_prompt_adds_nobody(self):
        status, shown = self.type_password("corr\x03")
        self.assertEqual(status, 1, shown)
        self.assertIn("Interrupted", shown)
        self.assertEqual(self.rows("SELECT * FROM web_user"), [])

    def test_two_different_passwords_are_refused(self):
        status, shown = self.type_password("correct horse", "correct hearse")
        self.assertEqual(status, 1)
        self.assertIn("differ", shown)
        self.assertEqual(self.rows("SELECT * FROM web_user"), [])


class Command(Admin):
    def test_usage_errors_end_with_2_and_one_line(self):
        for words in ([], ["nonsense"], ["groups"], ["groups", "nonsense"], ["groups", "add"], ["groups", "add", "x"],
                      ["groups", "list", "a", "b"], ["groups", "list", "--nonsense"], ["user", "add"], ["--nonsense"],
                      ["groups", "import", "--replace=1", "x"], ["user", "add", "x", "--password-file"],
                      ["apps", "list", "x"], ["store", "init", "x"]):
            line = self.refused(2, *words)
            self.assertIn("--help", line)

    def test_help_comes_for_the_program_and_for_each_command(self):
        text = e2e.run("netmon", "--help").stdout
        for noun in ("groups", "user", "alert", "contact", "apps", "store"):
            self.assertIn(f"\n  {noun} ", text)
            self.assertIn(f"  {noun} ", e2e.run("netmon", noun, "--help").stdout)
        self.assertIn("--replace", e2e.run("netmon", "groups", "import", "--help").stdout)

    def test_words_behind_two_dashes_are_no_options(self):
        self.netmon("groups", "add", "--", "--odd", "10.0.0.1")
        self.assertEqual(self.members(), [("--odd", "10.0.0.1")])

    def test_applications_are_listed(self):
        db = sqlite3.connect(self.path)
        db.execute("INSERT INTO application VALUES (7, 'ftp', 'Files', 16711680, 255)")
        db.commit()
        db.close()
        lines = self.netmon("apps", "list").stdout.splitlines()
        self.assertEqual(lines[1].split(), ["7", "ftp", "Files", "#ff0000", "#0000ff"])

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([e2e.binary("netmon"), "--store", f"sqlite:{self.path}", "apps", "list"], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=20 * e2e.SLOWER, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
