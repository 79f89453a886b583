# SPDX-License-Identifier: GPL-2.0-or-later
"""The few pcapng blocks that the vectors need: the same input gives the same octets."""

import struct

LINKTYPE_ETHERNET, LINKTYPE_IEEE802_11 = 1, 105
OPT_COMMENT = 1


def _padded(data):
    return data + bytes(-len(data) % 4)


def _option(code, value):
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind, body):
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def file_bytes(title, packets, link=LINKTYPE_ETHERNET):
    """packets: list of (microseconds, frame, comment). Returns a whole pcapng file."""
    end = _option(0, b"")
    header = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    out = _block(0x0A0D0D0A, header + _option(OPT_COMMENT, title.encode()) + end)
    out += _block(1, struct.pack("<HHI", link, 0, 0))
    for microseconds, frame, comment in packets:
        body = struct.pack("<IIIII", 0, microseconds >> 32, microseconds & 0xFFFFFFFF,
                           len(frame), len(frame))
        body += _padded(frame) + _option(OPT_COMMENT, comment.encode()) + end
        out += _block(6, body)
    return out
