# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be in the store: every record of every whole batch that was ever in a spool's files.

Reads the files as bytes and looks for BATCH frames (netmon-frames(7)), whatever the spool puts around them, by nothing of the
probe's code. A frame counts when its length fits and its CRC is right."""
import ctypes
import ctypes.util
import struct
from collections import Counter

from netmon_frames import BATCH, LEDGER, RECORDS4, RECORDS6, VLANS, crc32c as slow_crc32c

HEAD = 8
FRAME_MAX = 1 << 20
FIXED = 44
# causes of the ledger (lib/record.h); DECLARED are those of what was metered and is in no record of the store
METERED, EXPORTED, DAMAGED = 2, 12, 21
DECLARED = (13, 20, DAMAGED, 22)
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

    def forget(self, frame):
        """A batch that is torn now was never durable: the run that wrote it could not send it, nor could one that found it, if
        that was killed before it had synced it. Gives the batch."""
        batch = Batch(frame[0], frame[HEAD:])
        if frame in self.seen:
            self.seen.remove(frame)
            del self.batches[batch.epoch, batch.sequence], self.previous[batch.epoch, batch.sequence]
            self.count(batch, -1)
        return batch

    def add(self, batch):
        key = batch.epoch, batch.sequence
        if self.batches.setdefault(key, batch.crc) != batch.crc:
            self.faults.append(f"epoch {batch.epoch:x} has two batches {batch.sequence}")
        self.previous[key] = batch.previous
        self.count(batch, 1)

    def count(self, batch, n):
        for row in batch.rows:
            self.rows[row] += n
        for minute, link, cause, packets, octets in batch.ledger:
            self.ledger[link, minute, cause, "packets"] += n * packets
            self.ledger[link, minute, cause, "octets"] += n * octets
        if batch.kind == BATCH:
            self.packets += n * batch.packets
            self.octets += n * batch.octets

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


class Score:
    """What came of one world, or of several: `records`, `packets` and `octets` are the store's."""

    NAMES = ("records", "packets", "octets", "lost", "doubled", "strange", "declared")

    def __init__(self):
        for name in self.NAMES:
            setattr(self, name, 0)

    def add(self, other):
        for name in self.NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def sums_of(rows):
    """[packets, octets] of a Counter of rows."""
    return [sum(n * struct.unpack_from(form, row[1], len(row[1]) - back)[0] for row, n in rows.items())
            for form, back in ((">H", 16), (">I", 20))]


def compare_rows(truth, rows, score):
    """Fills the score; the words of what is wrong with the rows."""
    lost, more = truth.rows - rows, rows - truth.rows
    score.lost, score.doubled = lost.total(), sum(n for row, n in more.items() if row in truth.rows)
    score.strange, score.records = more.total() - score.doubled, rows.total()
    score.packets, score.octets = sums = sums_of(rows)
    for n, what in ((score.lost, "records lost"), (score.doubled, "records doubled"),
                    (score.strange, "records stored that no spool had")):
        if n:
            yield f"{n} {what}"
    if sums != [truth.packets, truth.octets]:
        yield f"sums of packets and octets: {sums} stored, {[truth.packets, truth.octets]} spooled"


def compare_ledger(wanted, ledger):
    wrong = [key for key in ledger.keys() | wanted.keys() if ledger[key] != wanted[key]]
    if wrong:
        causes = sorted({key[2] for key in wrong})
        yield (f"{len(wrong)} ledger counts differ (causes {causes}), such as {wrong[0]}: "
               f"{ledger[wrong[0]]} stored, {wanted[wrong[0]]} spooled")


def some(faults, what):
    """At most one of many, and how many."""
    faults = list(faults)
    return [f"{len(faults)} {what}, such as: {faults[0]}"] if len(faults) > 1 else faults


def compare(truth, rows, ledger, declared, score):
    """What is wrong with a store: a list of words, empty when it has exactly what it must have. rows: Counter of row_of();
    ledger: Counter as Truth.ledger; declared: batches that cannot be there, and stand in the ledger as damaged. Fills
    the score."""
    wanted = truth.ledger
    if declared:
        wanted, ledger = with_lost(wanted, declared), without_minutes(ledger)
    return [*some(truth.faults, "numbers used twice"), *some(truth.chain_faults(), "breaks of the chain"),
            *compare_rows(truth, rows, score), *compare_ledger(wanted, ledger)]


def closes(ledger, score):
    """Whether all that was metered is in a record or declared, to the packet and octet: no words, or what does not. Fills in
    what was declared."""
    sums = Counter()
    for (_, _, cause, what), n in ledger.items():
        sums[cause, what] += n
    declared = {what: sum(sums[cause, what] for cause in DECLARED) for what in ("packets", "octets")}
    score.declared = declared["packets"]
    for what, stored in (("packets", score.packets), ("octets", score.octets)):
        if sums[METERED, what] != stored + declared[what]:
            yield f"the ledger does not close: {sums[METERED, what]} {what} metered, {stored} stored, {declared[what]} declared"


def compare_missing(truth, rows, ledger, causes, score, torn=()):
    """What is wrong with a store that may lack records, if they are declared under one of the causes, to the packet and octet;
    so are those of `torn` batches, which no truth has."""
    yield from some(truth.faults, "numbers used twice")
    list(compare_rows(truth, rows, score))
    missing = truth.rows - rows
    sums = [sum(n for (_, _, cause, what), n in ledger.items() if cause in causes and what == name)
            for name in ("packets", "octets")]
    for n, what in ((score.doubled, "records doubled"), (score.strange, "records stored that no spool had")):
        if n:
            yield f"{n} {what}"
    wanted = [a + sum(getattr(batch, name) for batch in torn) for a, name in zip(sums_of(missing), ("packets", "octets"))]
    if sums != wanted:
        yield f"{wanted} packets and octets are not stored, {sums} declared"
    else:
        score.lost = 0  # none without a word
    yield from closes(ledger, score)
