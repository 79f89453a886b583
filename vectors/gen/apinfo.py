# SPDX-License-Identifier: GPL-2.0-or-later
"""Scapy layers for the AP-Information element, from docs/finding-access-points.md sections 2 and 3
and nothing else. Load them in a Scapy shell with `from apinfo import APInformation, Part`."""

import socket

from scapy.fields import (ByteEnumField, ByteField, FieldLenField, PacketListField, ShortField,
                          StrLenField, X3BytesField)
from scapy.packet import Packet

VENDOR_SPECIFIC, OUI, PROTOCOL = 221, 0x00005E, 0x0042
AP_INFORMATION, VERSION = 1, 1

ADDRESS4, ADDRESS6, PREFIX4, PREFIX6, AGENT4, AGENT6, DOMAIN = range(1, 8)
NAMES = {ADDRESS4: "Address-IPv4", ADDRESS6: "Address-IPv6", PREFIX4: "Prefix-IPv4",
         PREFIX6: "Prefix-IPv6", AGENT4: "Agent-IPv4", AGENT6: "Agent-IPv6", DOMAIN: "Domain-Name"}


class Part(Packet):
    name = "Part of AP-Information"
    fields_desc = [
        ByteEnumField("code", 0, NAMES),
        FieldLenField("length", None, fmt="B", length_of="value"),
        StrLenField("value", b"", length_from=lambda part: part.length),
    ]

    def extract_padding(self, s):
        return b"", s


class APInformation(Packet):
    """The element from its Element ID on; Length counts neither that nor itself."""

    name = "AP-Information"
    fields_desc = [
        ByteField("element_id", VENDOR_SPECIFIC),
        ByteField("length", None),
        X3BytesField("oui", OUI),
        ShortField("protocol", PROTOCOL),
        ByteEnumField("type", AP_INFORMATION, {AP_INFORMATION: "AP-Information"}),
        ByteField("version", VERSION),
        PacketListField("parts", [], Part, length_from=lambda e: max(e.length - 7, 0)),
    ]

    def post_build(self, pkt, pay):
        if self.length is None:
            pkt = pkt[:1] + bytes([len(pkt) - 2]) + pkt[2:]
        return pkt + pay


def part(code, value, **fields):
    return Part(code=code, value=value, **fields)


def packed(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def address(text):
    return part(ADDRESS6 if ":" in text else ADDRESS4, packed(text))


def prefix(text, length):
    return part(PREFIX6 if ":" in text else PREFIX4, bytes([length]) + packed(text))


def agent(text, port=716):
    return part(AGENT6 if ":" in text else AGENT4, port.to_bytes(2, "big") + packed(text))


def domain(text):
    return part(DOMAIN, text if isinstance(text, bytes) else text.encode())


def element(*parts, **fields):
    return bytes(APInformation(parts=list(parts), **fields))
