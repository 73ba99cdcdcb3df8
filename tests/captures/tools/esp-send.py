#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""esp-send.py FROM TO: some packets of ESP (RFC 4303) and, between IPv4 addresses, of AH (RFC 4302), transport mode, made by
Scapy. The other end has no key for them; what counts is what they look like on the way. Behind IPv6, AH is an extension
header and the conversation is what it carries."""
import socket
import sys

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw


def main():
    source, target = sys.argv[1:3]
    six = ":" in source
    inner = (IPv6 if six else IP)(src=source, dst=target) / UDP(sport=5000, dport=5001) / Raw(b"is the link up again? " * 4)
    esp = SecurityAssociation(ESP, spi=0xC0FFEE01, crypt_algo="AES-CBC", crypt_key=b"sixteen octets k")
    ah = SecurityAssociation(AH, spi=0xC0FFEE02, auth_algo="HMAC-SHA1-96", auth_key=b"another shared key")
    family = socket.AF_INET6 if six else socket.AF_INET
    for association in (esp,) if six else (esp, ah):
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
            for _ in range(3):
                packet = association.encrypt(inner.__class__(bytes(inner)))
                s.sendto(bytes(packet), (target, 0))


if __name__ == "__main__":
    main()
