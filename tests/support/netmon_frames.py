# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe made of Python, for tests of netmond: the export frames of netmon-frames(7), written a second time."""
import ipaddress
import socket
import struct

HELLO, HELLO_ACK, APPS, BATCH, ACK, HEARTBEAT, LABELS, LOST = range(1, 9)
RECORDS4, RECORDS6, VLANS, LEDGER, TUNNELS, SAMPLING = range(16, 22)
MAGIC = 0x4E4D4F4E
VERSION = 2
OK, WRONG_VERSION, BUSY, REFUSED, FENCED = range(5)


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_TABLE = _crc_table()


def crc32c(data):
    """CRC32C, RFC 3720 appendix B.4."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def frame(kind, body=b""):
    return struct.pack(">BBHI", kind, 0, 0, len(body)) + body


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return bytes([len(data)]) + data


def hello(probe="p1", links=("eth0",), epoch=1, first=1, following=1, version=VERSION, magic=MAGIC,
          labels=0, base=0):
    body = struct.pack(">IHHQQQII", magic, version, 0, epoch, first, following, base, labels)
    return frame(HELLO, body + text(probe) + struct.pack(">H", len(links)) + b"".join(text(x) for x in links))


def labels_frame(labels):
    return frame(LABELS, struct.pack(">I", labels))


def apps(*rows):
    """rows: (id, name, category)."""
    body = b"".join(struct.pack(">HII", i, 0x112233, 0x445566) + text(n) + text(c) for i, n, c in rows)
    return frame(APPS, struct.pack(">H", len(rows)) + body)


class Record:
    """One flow record; times may be fractions of a second."""

    def __init__(self, saddr="10.0.0.1", daddr="192.0.2.1", sport=1000, dport=80, octets=1000, packets=10, protocol=6,
                 application=0, started=1700000000.0, expires=None, link=0, vlan=0, tunnel=0,
                 sampling=0):
        self.saddr, self.daddr = ipaddress.ip_address(saddr), ipaddress.ip_address(daddr)
        self.sport, self.dport, self.octets, self.packets = sport, dport, octets, packets
        self.protocol, self.application, self.link, self.vlan = protocol, application, link, vlan
        self.tunnel, self.sampling = tunnel, sampling
        self.started, self.expires = started, started if expires is None else expires

    def pack(self):
        ticks = [int(t * 256) for t in (self.started, self.expires)]
        return self.saddr.packed + self.daddr.packed + struct.pack(
            ">HHIHHHBBII", self.sport, self.dport, self.octets, self.packets, self.protocol, self.application,
            ticks[0] & 255, ticks[1] & 255, ticks[0] >> 8, ticks[1] >> 8)


def batch(sequence, records=(), ledger=(), epoch=1, crc=None, packets=None, octets=None, sections=b"", previous=0):
    """ledger: (minute, link, cause, packets, octets). crc, packets, octets: wrong ones on purpose. sections: in front.
    previous: CRC of the batch before (crc_of())."""
    for i, r in enumerate(records):
        sections += frame(RECORDS4 if r.saddr.version == 4 else RECORDS6, struct.pack(">HH", r.link, 0) + r.pack())
        if r.vlan:
            sections += frame(VLANS, struct.pack(">IH", i, r.vlan))
        if r.tunnel:
            sections += frame(TUNNELS, struct.pack(">II", i, r.tunnel))
        if r.sampling:
            sections += frame(SAMPLING, struct.pack(">IH", i, r.sampling))
    if ledger:
        sections += frame(LEDGER, b"".join(struct.pack(">IHHQQ", *row) for row in ledger))
    body = struct.pack(">QQIIQQ", epoch, sequence, previous, len(records),
                       sum(r.packets for r in records) if packets is None else packets,
                       sum(r.octets for r in records) if octets is None else octets) + sections
    return frame(BATCH, struct.pack(">I", crc32c(body) if crc is None else crc) + body)


def lost(first, last, previous=0, resume=0, records=0, ledger=(), epoch=1):
    """What stands in the place of batches that the probe can no longer give."""
    sections = frame(LEDGER, b"".join(struct.pack(">IHHQQ", *row) for row in ledger)) if ledger else b""
    body = struct.pack(">QQQIIQ", epoch, first, last, previous, resume, records) + sections
    return frame(8, struct.pack(">I", crc32c(body)) + body)


def crc_of(batch_frame):
    """What the next batch has as its previous."""
    return struct.unpack(">I", batch_frame[8:12])[0]


def chain(first, last, previous=0, **kwargs):
    """Batches of one record, each of which follows the one before."""
    for sequence in range(first, last + 1):
        data = batch(sequence, [Record()], previous=previous, **kwargs)
        previous = crc_of(data)
        yield data


class Probe:
    """A connection to netmond that speaks as a probe does."""

    def __init__(self, port, host="127.0.0.1", timeout=20):
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.epoch = 1
        self.last_crc = 0  # of the batch that store() sent last, or that the collector has

    def send(self, data):
        self.sock.sendall(data)
        return self

    def _read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError("netmond closed the connection")
            data += part
        return data

    def receive(self):
        """(type, body) of the next frame; EOFError when netmond closes, ConnectionError when it resets."""
        kind, _, _, length = struct.unpack(">BBHI", self._read(8))
        return kind, self._read(length)

    def greet(self, **kwargs):
        """HELLO and its answer: (status, committed, words)."""
        self.epoch = kwargs.get("epoch", 1)
        self.send(hello(**kwargs))
        kind, body = self.receive()
        assert kind == HELLO_ACK, kind
        _, status, committed, self.last_crc = struct.unpack(">HHQI", body[:16])
        return status, committed, body[17:].decode()

    def acknowledged(self):
        """Sequence of the next ACK."""
        while True:
            kind, body = self.receive()
            if kind == ACK:
                return struct.unpack(">QQ", body)[1]

    def acknowledged_up_to(self, sequence):
        """Waits until that sequence is acknowledged: one ACK may stand for several batches."""
        answer = 0
        while answer < sequence:
            answer = self.acknowledged()
        assert answer == sequence, answer

    def push(self, sequence, records=(), **kwargs):
        """Sends a batch that follows the one before."""
        data = batch(sequence, records, epoch=self.epoch, **{"previous": self.last_crc, **kwargs})
        self.last_crc = crc_of(data)
        return self.send(data)

    def store(self, sequence, records=(), **kwargs):
        """Sends a batch and waits for its ACK."""
        self.push(sequence, records, **kwargs)
        answer = self.acknowledged()
        assert answer == sequence, answer

    def closed(self):
        """Waits for the end of the connection; True when it ended without another frame."""
        try:
            self.receive()
        except (EOFError, ConnectionError):
            return True
        return False

    def close(self):
        self.sock.close()
