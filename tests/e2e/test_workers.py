# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers that share the packets give the records and the ledger that one gives."""
import collections
import random
import resource
import signal
import struct
import time
import unittest

import netmon_e2e as e2e
from live_case import LiveCase, frame_count, totals

# Flows of their own each, so that they can be sent one after another as one link.
MIX = ("http", "dns", "ftp", "smtp", "ssh", "sip", "vlan", "gre", "bt-dht", "bt-utp")
# Nothing here that the kernel cannot see the flow of: no tunnels, no fragments, one tag.
PLAIN = ("http", "dns", "ssh", "vlan")


def fragmented_udp(client, number):
    """Ethernet frames of a datagram in three fragments, from a port of its own."""
    payload = struct.pack("!HHHH", 1000 + client, 4000, 72, 0) + bytes(64)
    frames = []
    for at in (0, 24, 48):
        piece = payload[at:at + 24]
        more = 0x2000 if at < 48 else 0
        ip = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(piece), number, more | at // 8, 64, 17, 0,
                         10, 0, 0, client, 10, 0, 1, 1)
        frames.append(bytes(12) + b"\x08\x00" + ip + piece)
    return frames


def write_fragments(path):
    """A capture file of datagrams in fragments and of whole ones of the same flows. Returns how many frames."""
    rng = random.Random(3)
    frames = []
    for number in range(300):
        client = rng.randrange(1, 20)
        frames += fragmented_udp(client, number)
        ip = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 36, 0, 0, 64, 17, 0, 10, 0, 0, client, 10, 0, 1, 1)
        frames.append(bytes(12) + b"\x08\x00" + ip + struct.pack("!HHHH", 1000 + client, 4000, 16, 0) + bytes(8))
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            file.write(struct.pack("<IIII", 1700000000, i * 100, len(frame), len(frame)) + frame)
    return len(frames)


def mix_totals(names):
    """What one worker makes of the capture files, added up."""
    flows = collections.defaultdict(lambda: [0, 0])
    for name in names:
        for key, (packets, octets) in totals(e2e.netmonc_csv(e2e.capture(name))).items():
            flows[key][0] += packets
            flows[key][1] += octets
    return dict(flows)


class Files(e2e.Case):
    def test_workers_have_modules_of_their_own_whatever_the_soft_limit_of_descriptors(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        rows = e2e.netmonc_csv(e2e.capture("http"), options=("--workers", "16"))
        self.assertEqual({row["application"] for row in rows}, {"HTTP"})

    def test_files_give_the_same_flows_whatever_the_number_of_workers(self):
        for name in MIX:
            path = e2e.capture(name)
            for workers in (2, 5):
                with self.subTest(f"{name}, {workers} workers"):
                    self.assertEqual(totals(e2e.netmonc_csv(path, options=("--workers", workers))),
                                     totals(e2e.netmonc_csv(path)))

    def test_fragments_belong_to_their_flows_whatever_the_number_of_workers(self):
        path = self.dir / "fragments.pcap"
        write_fragments(path)
        alone = totals(e2e.netmonc_csv(path))
        self.assertEqual(len(alone), 19)
        self.assertEqual(totals(e2e.netmonc_csv(path, options=("--workers", "3"))), alone)

    def test_the_ledger_of_all_workers_closes(self):
        path = e2e.capture("gre")
        done = e2e.run("netmonc", "-v", "-o", "csv", "--workers", "3", "-r", path)
        self.assertRegex(done.stderr, rf"seen +{frame_count(path)} packets")
        self.assertIn("the ledger closes", done.stderr)

    def test_the_store_has_what_all_workers_counted(self):
        path = e2e.capture("gre")
        collector = self.netmond(store=True)
        e2e.run("netmonc", "--workers", "3", "-h", "127.0.0.1", "-p", str(collector.port), "-r", path)
        self.assertEqual(collector.stop(), 0)
        store = self.dir / "netmon.db"
        self.assertEqual(e2e.store_sums(store), e2e.sums(e2e.netmonc_csv(path)))
        counted = dict(tuple(row) for row in e2e.query(store, "SELECT cause, sum(packets) FROM ledger GROUP BY cause"))
        seen, metered, exported = 1, 2, 12
        self.assertEqual(counted[seen], frame_count(path))
        self.assertEqual(counted[exported], counted[metered])

    def test_workers_beyond_their_limit_are_refused(self):
        for workers in ("0", "65", "many"):
            done = e2e.run("netmonc", "--workers", workers, "-o", "csv", "-r", e2e.capture("dns"), check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--workers", done.stderr)


@e2e.needs_netns
class Live(LiveCase):
    def send_mix(self, names):
        for name in names:
            self.send("a0", e2e.capture(name))
        return sum(frame_count(e2e.capture(name)) for name in names)

    def test_workers_meter_what_one_meters_and_the_ledger_closes(self):
        for workers in (2, 3):
            with self.subTest(f"{workers} workers"):
                process = self.live("-v", "-i", "a1", "--workers", str(workers))
                sent = self.send_mix(MIX)
                self.assertEqual(process.stop(), 0, process.log())
                self.assertRegex(process.log(), rf"link a1: seen +{sent} packets")
                self.assertIn("the ledger closes", process.log())
                self.assertEqual(totals(e2e.records(process.out())), mix_totals(MIX))

    def test_fragments_find_the_worker_of_their_flow(self):
        path = self.dir / "fragments.pcap"
        sent = write_fragments(path)
        process = self.live("-v", "-i", "a1", "--workers", "3")
        self.send("a0", path)
        self.assertEqual(process.stop(), 0, process.log())
        self.assertRegex(process.log(), rf"link a1: seen +{sent} packets")
        self.assertEqual(totals(e2e.records(process.out())), totals(e2e.netmonc_csv(path)))

    def test_the_kernel_gives_each_worker_its_own_flows(self):
        process = self.live("-v", "-i", "a1", "--workers", "2")
        self.send_mix(PLAIN)
        self.assertEqual(process.stop(), 0, process.log())
        self.assertIn("2 workers: 0 packets passed on", process.log())

    def test_the_filter_holds_for_all_workers(self):
        process = self.live("-v", "-i", "a1", "--workers", "2", "udp")
        self.send_mix(PLAIN)
        self.assertEqual(process.stop(), 0, process.log())
        rows = e2e.records(process.out())
        self.assertEqual({r["protocol"] for r in rows}, {17})
        self.assertEqual(totals(rows), {k: v for k, v in mix_totals(PLAIN).items() if k[4] == 17})

    def test_each_link_is_shared_by_all_workers(self):
        process = self.live("-v", "-i", "a1", "-i", "b1", "--workers", "2")
        self.send("a0", e2e.capture("dns"))
        self.send("b0", e2e.capture("http"))
        self.assertEqual(process.stop(), 0, process.log())
        rows = e2e.records(process.out())
        for link, name in (("a1", "dns"), ("b1", "http")):
            self.assertRegex(process.log(), rf"link {link}: seen +{frame_count(e2e.capture(name))} packets")
            self.assertEqual(totals(r for r in rows if r["link"] == link), totals(e2e.netmonc_csv(e2e.capture(name))))

    def test_signals_reach_all_workers(self):
        modules = self.dir / "modules"
        modules.write_text("dns\n")
        process = self.live("-v", "-i", "a1", "--workers", "3", "--modules", modules)
        self.send("a0", e2e.capture("http"))
        modules.write_text("dns\nhttp\n")
        process.send(signal.SIGHUP)
        process.wait_line("rules read again")
        self.send("a0", e2e.capture("http"))
        process.send(signal.SIGUSR1)
        process.wait_line(rf"link a1: seen +{2 * frame_count(e2e.capture('http'))} packets")
        self.assertEqual(process.stop(), 0, process.log())
        web = [r["application"] for r in e2e.records(process.out()) if 80 in (r["sport"], r["dport"])]
        # the files' flows again, each known the second time
        self.assertEqual(collections.Counter(web)["HTTP"] * 2, len(web))

    def test_records_come_while_it_runs(self):
        process = self.live("-i", "a1", "--idle-timeout", "1", "--workers", "2")
        self.send("a0", e2e.capture("dns"))
        wanted = e2e.sums(e2e.netmonc_csv(e2e.capture("dns")))
        e2e.wait_until(lambda: e2e.sums(e2e.records(process.out())) == wanted, "all records", timeout=15)
        self.assertEqual(process.stop(), 0)

    def test_an_interface_that_goes_away_leaves_the_others_at_work(self):
        process = self.live("-v", "-i", "a1", "-i", "b1", "--workers", "2")
        self.inside("ip", "link", "del", "a1")
        process.wait_line(r"a1: .*trying again")
        self.inside("ip", "link", "add", "a0", "type", "veth", "peer", "name", "a1")
        self.inside("ip", "link", "set", "a1", "up")
        process.wait_line(r"a1: was made anew after \d+ s and cannot be taken up again .*: restart netmonc")
        self.send("b0", e2e.capture("dns"))
        self.assertEqual(process.stop(), 0, process.log())
        self.assertEqual(totals(e2e.records(process.out())), totals(e2e.netmonc_csv(e2e.capture("dns"))))

    def test_an_interface_that_was_down_is_back_for_all_workers(self):
        process = self.live("-v", "-i", "a1", "--workers", "2")
        self.inside("ip", "link", "set", "a1", "down")
        process.wait_line(r"a1: is down")
        time.sleep(1)
        self.inside("ip", "link", "set", "a1", "up")
        process.wait_line(r"a1: is back after [1-9]\d* s")
        sent = self.send_mix(PLAIN)
        self.assertEqual(process.stop(), 0, process.log())
        self.assertRegex(process.log(), rf"link a1: seen +{sent} packets")
        self.assertEqual(totals(e2e.records(process.out())), mix_totals(PLAIN))


if __name__ == "__main__":
    unittest.main()
