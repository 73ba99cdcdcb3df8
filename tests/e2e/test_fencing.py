# SPDX-License-Identifier: GPL-3.0-or-later
"""Two probes that take themselves for the same one: one of them is stored, and somebody hears of the other."""
import netmon_e2e as e2e
from netmon_frames import FENCED, OK, REFUSED, Probe, Record, batch, crc_of, lost


class Fencing(e2e.Case):
    def setUp(self):
        super().setUp()
        self.collector = self.netmond(store=True)

    def connect(self):
        probe = Probe(self.collector.port)
        self.addCleanup(probe.close)
        return probe

    def events(self):
        return [tuple(r) for r in e2e.query(self.dir / "netmon.db", "SELECT probe, event FROM probe_event ORDER BY id")]

    def flows(self):
        return e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0]

    def test_another_numbering_of_a_link_ends_the_older_one_and_fences_it_off(self):
        old = self.connect()
        old.greet(epoch=1)
        old.store(1, [Record()])
        new = self.connect()
        self.assertEqual(new.greet(epoch=2)[0], OK)
        self.assertTrue(old.closed())
        again = self.connect()
        self.assertEqual(again.greet(epoch=1, following=2)[0], FENCED)
        self.collector.wait_line("probe p1 .*fenced off: another probe of this name took over link eth0")
        new.store(1, [Record()])
        self.assertEqual(self.events(), [("p1", "fenced")])
        self.assertEqual(self.flows(), 2)

    def test_an_admin_lifts_the_fence_with_the_command_that_the_probe_was_told(self):
        old, new = self.connect(), self.connect()
        old.greet(epoch=1)
        new.greet(epoch=2)
        again = self.connect()
        status, _, words = again.greet(epoch=1)
        self.assertEqual(status, FENCED)
        command = words[words.index("(netmon ") + 8:words.index(")")].split()
        done = e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", *command)
        self.assertIn("p1", done.stdout)
        last = self.connect()
        self.assertEqual(last.greet(epoch=1)[0], OK)
        last.store(1, [Record()])
        done = e2e.run("netmon", "--store", f"sqlite:{self.dir}/netmon.db", "probe", "accept", "nobody", check=False)
        self.assertEqual(done.returncode, 1)

    def test_a_probe_that_names_ever_new_links_is_refused_in_the_end(self):
        statuses = set()
        for i in range(17):
            probe = self.connect()
            status, _, words = probe.greet(epoch=i + 1, links=[f"l{i}-{n}" for n in range(64)])
            statuses.add(status)
            probe.close()
        self.assertEqual((statuses, status), ({OK, REFUSED}, REFUSED))
        self.assertIn("as many", words)
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM link")[0][0], 1024)

    def test_a_copy_that_goes_on_in_another_way_is_fenced_off_and_not_stored(self):
        probe = self.connect()
        probe.greet()
        probe.store(1, [Record()])
        previous = probe.last_crc
        probe.store(2, [Record(octets=2000)])
        copy = self.connect()
        self.assertEqual(copy.greet(following=4)[0], OK)
        mine = batch(2, [Record(octets=5)], previous=previous)
        copy.send(batch(3, [Record()], previous=crc_of(mine)))
        kind, body = copy.receive()
        self.assertEqual((kind, body[3]), (2, FENCED))
        self.assertEqual(self.flows(), 2)
        self.assertEqual(self.events(), [("p1", "fenced")])

    def test_a_copy_of_the_newest_batch_with_other_contents_is_no_duplicate(self):
        probe = self.connect()
        probe.greet()
        probe.store(1, [Record()])
        probe.send(batch(1, [Record(octets=5)]))
        self.assertEqual(probe.receive()[1][3], FENCED)

    def test_probes_of_one_name_on_links_of_their_own_go_on_side_by_side(self):
        one, two = self.connect(), self.connect()
        self.assertEqual(one.greet(links=("eth0",), epoch=1)[0], OK)
        self.assertEqual(two.greet(links=("eth1",), epoch=2)[0], OK)
        for sequence in (1, 2):
            one.store(sequence, [Record()])
            two.store(sequence, [Record()])
        self.assertEqual(self.flows(), 4)
        self.assertEqual(self.events(), [])

    def test_a_probe_without_a_spool_comes_again_without_an_alarm(self):
        for epoch in (1, 2, 3):
            probe = self.connect()
            self.assertEqual(probe.greet(epoch=epoch)[0], OK)
            probe.store(1, [Record()])
            probe.close()
        self.assertEqual(self.flows(), 3)
        self.assertEqual(self.events(), [])

    def test_lost_batches_are_passed_over_and_declared(self):
        probe = self.connect()
        probe.greet()
        probe.store(1, [Record()])
        probe.send(lost(2, 5, previous=probe.last_crc, resume=77, records=40, ledger=[(1700000040, 0, 20, 400, 5000)]))
        probe.acknowledged_up_to(5)
        probe.last_crc = 77
        probe.store(6, [Record()])
        self.collector.wait_line("probe p1: 40 records of batches 2 to 5 are gone from its spool")
        self.assertEqual(self.events(), [("p1", "lost")])
        self.assertEqual(e2e.query(self.dir / "netmon.db", "SELECT packets FROM ledger WHERE cause = 20")[0][0], 400)
