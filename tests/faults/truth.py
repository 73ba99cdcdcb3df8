# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be in the store: every record of every whole batch that was ever in a spool's files.

Reads the files as bytes and looks for BATCH frames (netmon-frames(7)), whatever the spool puts around them, by nothing of the
probe's code. A frame counts when its length fits and its CRC is right."""
import ctypes
import ctypes.util
import struct
from collections import Counter

from netmon_frames import BATCH, LEDGER, LOST, RECORDS4, RECORDS6, VLANS, crc32c as slow_crc32c

HEAD = 8
FRAME_MAX = 1 << 20
FIXED = 44
EXPORTED, DAMAGED = 12, 21  # causes of the ledger
SIZES = {RECORDS4: 32, RECORDS6: 56}


def _fast_crc32c():
    """libisal's CRC32C where it is installed; in Python it takes seconds for megabytes."""
    try:
        call = ctypes.CDLL(ctypes.util.find_library("isal") or "libisal.so.2").crc32_iscsi
    except (OSError, AttributeError):
        return slow_crc32c
    call.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint]
    call.restype = ctypes.c_uint
    fast = lambda data: call(bytes(data), len(data), 0xFFFFFFFF) ^ 0xFFFFFFFF  # noqa: E731
    return fast if fast(b"123456789") == 0xE3069283 else slow_crc32c


crc32c = _fast_crc32c()


class Batch:
    """A BATCH frame, or a LOST frame (without records)."""

    def __init__(self, kind, body):
        self.kind = kind
        self.crc, self.epoch, self.first = struct.unpack_from(">IQQ", body)
        self.rows, self.ledger = [], []  # rows: (link, the record's octets, VLAN)
        if kind == BATCH:
            self.sequence = self.first
            self.previous, self.records, self.packets, self.octets = struct.unpack_from(">IIQQ", body, 20)
        else:
            self.sequence, self.previous, self.resume, self.records = struct.unpack_from(">QIIQ", body, 20)
        self._sections(body)

    def _sections(self, body):
        at, vlans = FIXED, {}
        while at + HEAD <= len(body):
            kind, _, _, length = struct.unpack_from(">BBHI", body, at)
            part = body[at + HEAD:at + HEAD + length]
            if kind in SIZES:
                link, size = struct.unpack_from(">H", part)[0], SIZES[kind]
                self.rows += [(link, part[i:i + size], 0) for i in range(4, len(part), size)]
            elif kind == VLANS:
                vlans.update(struct.iter_unpack(">IH", part))
            elif kind == LEDGER:
                self.ledger += struct.iter_unpack(">IHHQQ", part)
            at += HEAD + length
        for i, vlan in vlans.items():
            self.rows[i] = (*self.rows[i][:2], vlan)


def frames(data, kinds=(BATCH,)):
    """(offset, bytes) of every whole frame of these kinds in `data`."""
    for kind in kinds:
        mark, at = struct.pack(">BBHB", kind, 0, 0, 0), 0
        while (at := data.find(mark, at)) >= 0:
            if at + HEAD + FIXED > len(data):
                break
            length = struct.unpack_from(">I", data, at + 4)[0]
            body = data[at + HEAD:at + HEAD + length]
            if FIXED <= length <= FRAME_MAX and len(body) == length and \
                    struct.unpack_from(">I", body)[0] == crc32c(body[4:]):
                yield at, data[at:at + HEAD + length]
                at += HEAD + length
            else:
                at += 1


class Truth:
    """Grows with each look at the spool's files."""

    def __init__(self):
        self.seen = set()    # whole frames
        self.batches = {}    # (epoch, sequence): CRC
        self.previous = {}   # (epoch, sequence): CRC of the one before
        self.rows = Counter()
        self.ledger = Counter()  # (link, minute, cause, "packets" | "octets"): count
        self.packets = self.octets = 0
        self.faults = []

    def look(self, data, kinds=(BATCH,)):
        """Adds what is new in the bytes of a file; how many batches it has in all."""
        n = 0
        for _, frame in frames(data, kinds):
            n += 1
            if frame in self.seen:
                continue
            self.seen.add(frame)
            self.add(Batch(frame[0], frame[HEAD:]))
        return n

    def add(self, batch):
        key = batch.epoch, batch.sequence
        if self.batches.setdefault(key, batch.crc) != batch.crc:
            self.faults.append(f"epoch {batch.epoch:x} has two batches {batch.sequence}")
        self.previous[key] = batch.previous
        self.rows.update(batch.rows)
        for minute, link, cause, packets, octets in batch.ledger:
            self.ledger[link, minute, cause, "packets"] += packets
            self.ledger[link, minute, cause, "octets"] += octets
        if batch.kind == BATCH:
            self.packets += batch.packets
            self.octets += batch.octets

    def chain_faults(self):
        """Batches that do not follow the one before them."""
        for (epoch, sequence), previous in self.previous.items():
            before = self.batches.get((epoch, sequence - 1))
            if before is not None and before != previous:
                yield f"epoch {epoch:x}: batch {sequence} does not follow {sequence - 1}"


def row_of(record):
    """A row of the store's flow table, as Truth.rows has it: (link, saddr, daddr, sport, dport, octets, packets, protocol,
    application, fraction, started, expires, vlan), addresses packed."""
    link, saddr, daddr, *numbers, vlan = record
    return link, saddr + daddr + struct.pack(">HHIHHHHII", *numbers), vlan


def without_minutes(ledger):
    """The sums over all minutes."""
    sums = Counter()
    for (link, _, cause, what), n in ledger.items():
        sums[link, 0, cause, what] += n
    return sums


def with_lost(ledger, batches):
    """The ledger and what has to stand there for batches that were declared as damaged, all under one minute."""
    sums = without_minutes(ledger)
    for batch in batches:
        for _, link, cause, *counts in batch.ledger:
            for also in [cause] + [DAMAGED] * (cause == EXPORTED):
                for what, n in zip(("packets", "octets"), counts):
                    sums[link, 0, also, what] += n
    return sums


def compare(truth, rows, ledger, declared=()):
    """What is wrong with a store: a list of words, empty when it has exactly what it must have. rows: Counter of row_of();
    ledger: Counter as Truth.ledger; declared: batches that cannot be there, and stand in the ledger as damaged."""
    faults = list(truth.faults) + list(truth.chain_faults())
    lost, more = truth.rows - rows, rows - truth.rows
    doubled = sum(n for row, n in more.items() if row in truth.rows)
    for n, what in ((sum(lost.values()), "records lost"), (doubled, "records doubled"),
                    (sum(more.values()) - doubled, "records stored that no spool had")):
        if n:
            faults.append(f"{n} {what}")
    wanted = truth.ledger
    if declared:
        wanted, ledger = with_lost(wanted, declared), without_minutes(ledger)
    wrong = [key for key in ledger.keys() | wanted.keys() if ledger[key] != wanted[key]]
    if wrong:
        causes = sorted({key[2] for key in wrong})
        faults.append(f"{len(wrong)} ledger counts differ (causes {causes}), such as {wrong[0]}: "
                      f"{ledger[wrong[0]]} stored, {wanted[wrong[0]]} spooled")
    sums = [sum(n * struct.unpack_from(form, row[1], len(row[1]) - back)[0] for row, n in rows.items())
            for form, back in ((">H", 16), (">I", 20))]
    if sums != [truth.packets, truth.octets]:
        faults.append(f"sums of packets and octets: {sums} stored, {[truth.packets, truth.octets]} spooled")
    return faults
