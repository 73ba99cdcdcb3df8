# SPDX-License-Identifier: GPL-3.0-or-later
"""netmond is killed in the middle of a replay, again and again: nothing is lost, nothing is counted twice."""
import random
import struct
import time

import netmon_e2e as e2e

PACKETS = 300000


def write_capture(path, packets=PACKETS, seconds=600):
    """A pcap of single UDP packets between ever new ports: each packet is a flow, and so a record. Returns the sum of
    the IP headers' total lengths."""
    rng = random.Random(7)
    octets = 0
    ethernet = bytes.fromhex("02000000000202000000000108 00".replace(" ", ""))
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        chunk = []
        for n in range(packets):
            length = rng.randrange(28, 1500)
            octets += length
            micros = n * seconds * 1000000 // packets
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, n & 0xFFFF, 0, 64, 17, 0,
                             bytes([10, 0, n >> 8 & 255, n & 255]), bytes([192, 0, 2, n % 250 + 1]))
            udp = struct.pack(">HHHH", 1024 + (n >> 16) * 100 + n % 97, 40000 + n % 1000, length - 20, 0)
            chunk.append(struct.pack("<IIII", 1700000000 + micros // 1000000, micros % 1000000, 42, length + 14))
            chunk.append(ethernet + ip + udp)
            if len(chunk) > 20000:
                out.write(b"".join(chunk))
                chunk = []
        out.write(b"".join(chunk))
    return octets


class Kill(e2e.Case):
    def test_kill_9_in_mid_replay_loses_nothing_and_doubles_nothing(self):
        capture = self.dir / "many.pcap"
        octets = write_capture(capture)
        port = e2e.free_port()
        netmond = self.netmond(store=True, port=port)
        netmonc = self.start("netmonc", "-h", "127.0.0.1", "-p", port, "-r", capture)
        stored, kills = -1, 0
        while kills < 6:
            # in the middle of it: something new was stored since the last kill
            e2e.wait_until(lambda: not netmonc.running() or self.flows() > stored, "flows in the store", 20)
            if not netmonc.running():
                break
            time.sleep(random.Random(kills).random() * 0.05)
            netmond.kill()
            stored = self.flows()
            kills += 1
            netmond = self.netmond(store=True, port=port)
        self.assertEqual(netmonc.wait_end(120), 0, netmonc.log())
        self.assertGreaterEqual(kills, 2, "the replay was over before netmond could be killed")
        self.assertEqual(netmond.stop(), 0)
        self.assertEqual(e2e.store_sums(self.dir / "netmon.db"), (PACKETS, octets))
        self.assertEqual(self.flows(), PACKETS)
        ledger = dict(e2e.query(self.dir / "netmon.db", "SELECT cause, sum(packets) FROM ledger GROUP BY cause"))
        self.assertEqual(ledger.get(12), PACKETS, "exported, by the ledger")
        self.assertNotIn(13, ledger)

    def flows(self):
        try:
            return e2e.query(self.dir / "netmon.db", "SELECT count(*) FROM flow")[0][0]
        except Exception:  # not there yet, or just being recovered
            return 0
