#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""dialogue.py server|client ADDRESS PORT FILE: speaks one side of a dialogue over TCP.

For protocols of which no program is left in Debian. Each line of FILE begins with the side that says it, C or S, and a
blank; then comes what it says, with Python's escapes, sent as one piece; `@400` stands for 400 octets of filler. Each side
waits until it has heard what the other one says before its own next line. Lines that begin with `#` are comments. The
server plays it to every client, in turn.
"""
import socket
import sys


def lines(path):
    for line in open(path, encoding="ascii"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            side, text = line.split(" ", 1)
            data = filler(int(text[1:])) if text.startswith("@") else text.encode().decode("unicode_escape").encode("latin-1")
            yield side, data


def filler(length):
    """Octets that look like nothing: a linear congruential generator, the same each time."""
    state, out = 1, bytearray()
    for _ in range(length):
        state = (state * 1103515245 + 12345) % 2 ** 31
        out.append(state >> 16 & 255)
    return bytes(out)


def hear(connection, length):
    while length:
        data = connection.recv(length)
        if not data:
            raise SystemExit("the other side went away")
        length -= len(data)


def play(connection, me, path):
    for side, data in lines(path):
        if side == me:
            connection.sendall(data)
        else:
            hear(connection, len(data))
    connection.close()


def main():
    role, address, port, path = sys.argv[1:5]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as s:
        s.settimeout(10)
        if role == "client":
            s.connect((address, int(port)))
            play(s, "C", path)
            return
        s.settimeout(None)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, int(port)))
        s.listen()
        while True:
            connection, _ = s.accept()
            play(connection, "S", path)


if __name__ == "__main__":
    main()
