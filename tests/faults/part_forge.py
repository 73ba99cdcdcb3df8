# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches that were stored before, or that no probe made: none of them is stored."""
import random
import socket
import ssl
import struct

import netmon_frames as f
import stores
import world as w

FORGERIES = 10000
HONEST = 40       # batches that are stored in front of them
EPOCH, OLD_EPOCH = 0xE0C4, 0x01DE0C4
LINKS = ("east", "west")
AWAY = 60         # seconds until a connection that hears nothing is given up


class TlsProbe(f.Probe):
    """A probe of Python, with a certificate."""

    def __init__(self, port, context=None, host="127.0.0.1"):
        super().__init__(port, host, timeout=AWAY)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.sock = context.wrap_socket(self.sock, server_hostname=host)

    def closed(self):
        """Whatever comes until the end of the connection."""
        try:
            while True:
                self.receive()
        except (EOFError, OSError):
            return True


def context_of(pki, name):
    cert, key, ca = pki.files(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(ca)
    context.load_cert_chain(cert, key)
    return context


class Forger:
    """Says each kind of wrong thing; `honest` are the frames that the store has."""

    def __init__(self, world):
        self.world = world
        self.rng = random.Random(world.rng.random())
        self.context = context_of(world.pki, "feed") if world.pki else None
        self.honest = []
        self.counts = {}

    def connect(self, **hello):
        """A session of the probe; the numbers that are not given are the honest ones."""
        probe = TlsProbe(self.world.port, self.context)
        values = {"probe": "feed", "links": LINKS, "epoch": EPOCH, "first": len(self.honest) + 1,
                  "following": len(self.honest) + 1, "base": f.crc_of(self.honest[-1]) if self.honest else 0, **hello}
        try:
            return probe, probe.greet(**values)
        except (EOFError, OSError):
            return probe, None

    def record(self):
        rng = self.rng
        return f.Record(f"10.66.{rng.randrange(256)}.{rng.randrange(256)}", f"172.16.0.{rng.randrange(256)}",
                        rng.randrange(65536), rng.randrange(65536), rng.randrange(1 << 20), rng.randrange(1, 1000), link=rng.randrange(2))

    def batch(self, sequence, **kwargs):
        """A batch with records and ledger of its own."""
        records = [self.record() for _ in range(self.rng.randrange(1, 4))]
        ledger = [(1700000040, self.rng.randrange(2), cause, self.rng.randrange(1, 100), 100) for cause in (1, 2, 12)]
        return f.batch(sequence, records, ledger, **{"epoch": EPOCH, "previous": f.crc_of(self.honest[-1]), **kwargs})

    # what is sent in one session, each a list of frames and what HELLO says besides

    def old_again(self):
        return self.rng.choices(self.honest, k=10), {"first": 1}

    def old_number_other_records(self):
        n = self.rng.randrange(1, len(self.honest))
        return [self.batch(n + 1, previous=f.crc_of(self.honest[n - 1]))], {"first": 1}

    def old_again_and_again_from_the_start(self):
        return self.honest[:20], {"first": 1, "base": 0}

    def follows_another(self):
        return [self.batch(len(self.honest) + 1, previous=self.rng.randrange(1, 1 << 32))], {}

    def follows_none(self):
        return [self.batch(len(self.honest) + 1, previous=0)], {}

    def leaves_a_gap(self):
        return [self.batch(len(self.honest) + self.rng.randrange(2, 1 << 40))], {}

    def number_zero(self):
        return [self.batch(0, previous=0)], {"first": 1}

    def last_number(self):
        return [self.batch((1 << 64) - 1)], {}

    def wrong_crc(self):
        return [self.batch(len(self.honest) + 1, crc=self.rng.randrange(1 << 32))], {}

    def wrong_packets(self):
        return [self.batch(len(self.honest) + 1, packets=self.rng.randrange(1 << 64))], {}

    def wrong_octets(self):
        return [self.batch(len(self.honest) + 1, octets=self.rng.randrange(1 << 64))], {}

    def flipped_bit(self):
        frame = bytearray(self.batch(len(self.honest) + 1))
        frame[self.rng.randrange(8, len(frame))] ^= 1 << self.rng.randrange(8)
        return [bytes(frame)], {}

    def cut_short(self):
        frame = self.batch(len(self.honest) + 1)
        return [frame[:self.rng.randrange(1, len(frame))]], {}

    def other_epoch_than_hello(self):
        return [self.batch(len(self.honest) + 1, epoch=self.rng.randrange(1 << 64))], {}

    def old_epoch(self):
        """The numbering that spoke for these links before."""
        return [self.batch(3, epoch=OLD_EPOCH, previous=0), self.batch(3, epoch=OLD_EPOCH, previous=self.old_crc)], \
            {"epoch": OLD_EPOCH, "first": 3, "following": 3, "base": self.old_crc}

    def link_that_is_none(self):
        record = self.record()
        record.link = self.rng.randrange(2, 65536)
        return [f.batch(len(self.honest) + 1, [record], epoch=EPOCH, previous=f.crc_of(self.honest[-1]))], {}

    def other_name(self):
        return [self.batch(1, previous=0)], {"probe": f"feed{self.rng.randrange(1000)}", "first": 1, "base": 0}

    def more_than_was_sent(self):
        return [self.batch(len(self.honest) + 1)], {"first": 1, "following": self.rng.randrange(1, len(self.honest))}

    def lost_over_what_is_stored(self):
        first = self.rng.randrange(1, len(self.honest) + 1)
        return [self.lost(first, first + self.rng.randrange(1 << 30))], {"first": 1}

    def lost_that_follows_another(self):
        return [self.lost(len(self.honest) + 1, len(self.honest) + 9, previous=self.rng.randrange(1, 1 << 32))], {}

    def lost_backwards(self):
        return [self.lost(len(self.honest) + 9, len(self.honest) + 1)], {}

    def lost(self, first, last, previous=None):
        ledger = f.frame(f.LEDGER, struct.pack(">IHHQQ", 1700000040, 0, 20, 1000, 100000))
        body = struct.pack(">QQQIIQ", EPOCH, first, last, f.crc_of(self.honest[-1]) if previous is None else previous,
                           self.rng.randrange(1 << 32), 7) + ledger
        return f.frame(f.LOST, struct.pack(">I", f.crc32c(body)) + body)

    KINDS = (old_again, old_number_other_records, old_again_and_again_from_the_start, follows_another, follows_none, leaves_a_gap,
             number_zero, last_number, wrong_crc, wrong_packets, wrong_octets, flipped_bit, cut_short,
             other_epoch_than_hello, old_epoch, link_that_is_none, other_name, more_than_was_sent,
             lost_over_what_is_stored, lost_that_follows_another, lost_backwards)

    def begin(self):
        """What is true: two batches of an old numbering, then those of the present one."""
        probe, _ = self.connect(epoch=OLD_EPOCH, first=1, following=1, base=0)
        for n in (1, 2):
            frame = f.batch(n, [self.record()], epoch=OLD_EPOCH, previous=probe.last_crc)
            probe.last_crc = self.old_crc = f.crc_of(frame)
            self.store(probe, n, frame)
        probe.close()
        probe, _ = self.connect()
        for n in range(1, HONEST + 1):
            self.store(probe, n, f.batch(n, [self.record() for _ in range(3)], [(1700000040, 0, 1, 5, 500)], epoch=EPOCH,
                                         previous=f.crc_of(self.honest[-1]) if self.honest else 0))
        probe.close()

    def store(self, probe, n, frame):
        """An honest batch."""
        probe.send(frame)
        answer = probe.acknowledged()
        if answer != n:
            raise w.Fault(f"batch {n} was answered with {answer}")
        self.world.truth.look(frame)
        if struct.unpack_from(">Q", frame, 12)[0] == EPOCH:
            self.honest.append(frame)

    def forge(self, kind):
        """One session of a kind; how many frames were sent."""
        sent, hello = kind(self)
        probe, _ = self.connect(**hello)
        try:
            probe.send(b"".join(sent))
            probe.sock.shutdown(socket.SHUT_WR)
            probe.closed()
        except OSError:
            pass  # refused already
        probe.close()
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + len(sent)
        return len(sent)

    def go_on(self):
        """The honest probe is still taken."""
        probe, answer = self.connect()
        if not answer or answer[:2] != (f.OK, len(self.honest)):
            raise w.Fault(f"the honest probe is greeted with {answer} behind {len(self.honest)} batches")
        n = len(self.honest) + 1
        self.store(probe, n, self.batch(n))
        probe.close()


def forgeries(count, say, **world):
    """About `count` forged batches of every kind in turn, and an honest one now and then."""
    with w.World(store=stores.SqliteStore, **world) as here:
        here.start_collector(wait=True)
        here.closing = False  # its ledgers are made up
        forger = Forger(here)
        forger.begin()
        sent = said = 0
        while sent < count:
            for kind in forger.KINDS:
                sent += forger.forge(kind)
                here.alive(w.COLLECTOR)
            forger.go_on()
            if sent >= said + count // 5:
                said = sent
                say(f"{sent} forged batches sent")
        here.running[w.COLLECTOR].terminate()
        if here.running.pop(w.COLLECTOR).wait(30) != 0:
            raise w.Fault("netmond did not end in order")
        here.check()
        if here.pki and (probes := here.store.count("probe")) != 1:
            raise w.Fault(f"{probes} probes are in the store, by one's certificate")
        return f"{sent} forged batches of {len(forger.KINDS)} kinds: none stored; {len(forger.honest)} honest ones stored"


def part_forge(run):
    """10,000 replayed or forged batches, with the probe's own certificate."""
    return forgeries(run.number(FORGERIES, FORGERIES // 10), run.say, seed=run.seed, tally=run.tally)
