#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PAAs that are wrong in one way each, to prove that `baton vectors replay` sees it.

    wrong_paa.py mute     answers nothing
    wrong_paa.py eager    answers every datagram with an initial request
    wrong_paa.py dies     answers until the first datagram that is no plain PCI, then is silent
"""

import socket
import struct
import sys

PCI = struct.pack("!HHHHII", 0, 16, 0, 1, 0, 0)
PAR = struct.pack("!HHHHII", 0, 16, 0xC000, 2, 0x01020304, 1)


def main():
    how = sys.argv[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 716))
        dead = how == "mute"
        while True:
            datagram, peer = sock.recvfrom(65535)
            dead = dead or (how == "dies" and datagram != PCI)
            if not dead:
                sock.sendto(PAR, peer)


if __name__ == "__main__":
    sys.exit(main())
