# SPDX-License-Identifier: GPL-2.0-or-later
"""IEEE 802.1X over IP, from docs/dot1x-over-ip.md and nothing else; and its vectors."""

import struct

import vector
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

PORT = 49718
OPEN, OPENED, FRAME, PROBE, ALIVE, REFUSED, CLOSE = 1, 2, 3, 4, 5, 6, 7
TYPES = {OPEN: "OPEN", OPENED: "OPENED", FRAME: "FRAME", PROBE: "PROBE", ALIVE: "ALIVE",
         REFUSED: "REFUSED", CLOSE: "CLOSE"}

EAPOL, ERROR, TEXT, KEEP_ALIVE = 1, 2, 3, 4
ELEMENTS = {EAPOL: "EAPOL", ERROR: "Error", TEXT: "Text", KEEP_ALIVE: "Keep-Alive"}

ERRORS = {1: "malformed", 2: "version", 3: "unknown-bssid", 4: "busy", 5: "limit", 6: "not-open",
          7: "wrong-station", 8: "timeout", 9: "unreachable"}

STATION = bytes.fromhex("020000000001")
OTHER_STATION = bytes.fromhex("020000000002")
AP1, AP2 = bytes.fromhex("020000000101"), bytes.fromhex("020000000102")
NOBODY = bytes(6)

TO_AP, TO_STATION = "station->ap", "ap->station"


def element(code, value, length=None, padding=None):
    """padding: other octets than the zeros up to a multiple of four."""
    pad = bytes(-len(value) % 4) if padding is None else padding
    return struct.pack("!HH", code, len(value) if length is None else length) + value + pad


def number(code, value):
    return element(code, struct.pack("!H", value))


def message(kind, station=NOBODY, bssid=NOBODY, *elements, version=1, length=None):
    body = b"".join(elements)
    return struct.pack("!BBH", version, kind, 16 + len(body) if length is None else length) \
        + station + bssid + body


def open_(keep_alive=None, station=STATION, bssid=AP1, *more):
    first = () if keep_alive is None else (number(KEEP_ALIVE, keep_alive),)
    return message(OPEN, station, bssid, *first, *more)


def opened(keep_alive=None, station=STATION, bssid=AP1, *more):
    first = () if keep_alive is None else (number(KEEP_ALIVE, keep_alive),)
    return message(OPENED, station, bssid, *first, *more)


def frame(pdu, station=STATION, bssid=AP1, *more):
    return message(FRAME, station, bssid, element(EAPOL, pdu), *more)


def refused(error, text=None, station=STATION, bssid=AP1, *more):
    return message(REFUSED, station, bssid, number(ERROR, error),
                   *(() if text is None else (element(TEXT, text),)), *more)


def close(error=None, text=None, *more):
    first = () if error is None else (number(ERROR, error),)
    second = () if text is None else (element(TEXT, text),)
    return message(CLOSE, NOBODY, NOBODY, *first, *second, *more)


def dissect(octets):
    version, kind, length = struct.unpack("!BBH", octets[:4])
    fields = {"message": TYPES.get(kind), "version": version, "type": kind, "length": length,
              "station": octets[4:10].hex(), "bssid": octets[10:16].hex()}
    elements, at = [], 16
    while at < len(octets):
        code, size = struct.unpack("!HH", octets[at : at + 4])
        value = octets[at + 4 : at + 4 + size]
        assert len(value) == size
        entry = {"code": code, "name": ELEMENTS.get(code), "length": size, "value": value.hex()}
        if code in (ERROR, KEEP_ALIVE) and size == 2:
            entry["number"] = int.from_bytes(value, "big")
        elements.append(entry)
        at += 4 + size + -size % 4
    assert at == len(octets) == length
    return {"fields": fields, "elements": elements}


class Case(vector.Case):
    PROTOCOL = "dot1x-over-ip"
    DIRECTIONS = (TO_AP, TO_STATION)
    NEEDS = ("connected", "opening", "open", "authenticating")

    def __init__(self, group, name, comment, direction, octets, needs, reaction, before=(),
                 proxy=False, reply=None, identifier=None, **more):
        state = {}
        if before:
            state["before"] = [bytes(octet).hex() for octet in before]
        if identifier is not None:
            state["identifier"] = identifier
        if proxy:
            state["proxy"] = True
        super().__init__(group, name, comment, direction, octets, needs, reaction, state=state,
                         **more)
        self.reply = reply

    def more_json(self):
        return {} if self.reply is None else {"reply": self.reply.hex()}

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        """Each vector in a connection of its own: a stream would make one of two halves."""
        up = self.direction == TO_AP
        macs = ("02:00:00:00:00:01", "02:00:00:00:00:fe")
        ips = ("192.0.2.12", "198.51.100.10")
        ports = (41000 + number, PORT)
        ether = Ether(src=macs[not up], dst=macs[up])
        ip = IP(src=ips[not up], dst=ips[up], id=number)
        tcp = TCP(sport=ports[not up], dport=ports[up], flags="PA", seq=1, ack=1)
        return bytes(ether / ip / tcp / Raw(self.octets))


class Group(vector.Group):
    CASE = Case
