# SPDX-License-Identifier: GPL-2.0-or-later
"""Notifications of address change, from docs/address-change.md and nothing else."""

import socket
import struct

import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["docs/address-change.md"]
CHANGE, COMPLETED, EXPIRED, COOKIE, REFUSED = range(1, 6)
NAMES = {CHANGE: "AC", COMPLETED: "MC", EXPIRED: "AX", COOKIE: "CK", REFUSED: "RF"}
OLD4, OLD6, NEW4, NEW6, SPIS, HOLD, CK, PROOF, REASON = range(1, 10)
ELEMENTS = {OLD4: "Old-Address-IPv4", OLD6: "Old-Address-IPv6", NEW4: "New-Address-IPv4",
            NEW6: "New-Address-IPv6", SPIS: "Child-SPIs", HOLD: "Hold-Time", CK: "Cookie",
            PROOF: "Proof", REASON: "Reason"}
REASONS = {1: "bad-address", 2: "unknown-sa", 3: "bad-proof", 4: "stale", 5: "not-there",
           6: "too-often", 7: "prohibited"}
TO_CN, TO_MN = "mover->correspondent", "correspondent->mover"
SPI_I, SPI_R = derive("change spi i", 8), derive("change spi r", 8)


def element(code, value, length=None):
    return struct.pack("!HH", code, len(value) if length is None else length) + value \
        + bytes(-len(value) % 4)


def number(code, value):
    return element(code, struct.pack("!I", value))


def v4(code, text):
    return element(code, socket.inet_aton(text))


def v6(code, text):
    return element(code, socket.inet_pton(socket.AF_INET6, text))


OLD, NEW = v4(OLD4, "192.0.2.10"), v4(NEW4, "198.51.100.10")


def data(kind, sequence, *elements, spi_i=SPI_I, spi_r=SPI_R, version=1, length=None):
    body = b"".join(elements)
    size = 24 + len(body) if length is None else length
    return struct.pack("!BBHI", version, kind, size, sequence) + spi_i + spi_r + body


def in_ike(spi_i, spi_r):
    """The five as notifications of an IKE SA: name, comment, notify type, flags of IKE, data."""
    own = {"spi_i": spi_i, "spi_r": spi_r}
    cookie = element(CK, derive("change cookie", 17))
    spis = element(SPIS, derive("change child", 4))
    return [
        ("change", "ADDRESS CHANGE", 50177, 8,
         data(CHANGE, 1, OLD, NEW, spis, number(HOLD, 60000), **own)),
        ("change-cookie", "A cookie is asked for", 50180, 0x20, data(COOKIE, 1, cookie, **own)),
        ("change-with-cookie", "ADDRESS CHANGE with the cookie", 50177, 8,
         data(CHANGE, 1, OLD, NEW, spis, number(HOLD, 60000), cookie, **own)),
        ("completed", "MIGRATION COMPLETED", 50178, 0x20,
         data(COMPLETED, 1, OLD, NEW, spis, **own)),
        ("refused", "REFUSED: too often", 8960, 0x20, data(REFUSED, 1, number(REASON, 6), **own)),
    ]


def expired(spi_i, spi_r):
    return data(EXPIRED, 1, OLD, spi_i=spi_i, spi_r=spi_r)


def dissect(octets):
    version, kind, length, sequence = struct.unpack("!BBHI", octets[:8])
    assert length == len(octets)
    elements, at = [], 24
    while at < len(octets):
        code, size = struct.unpack("!HH", octets[at : at + 4])
        value = octets[at + 4 : at + 4 + size]
        assert len(value) == size
        elements.append({"code": code, "name": ELEMENTS.get(code), "length": size,
                         "value": value.hex()})
        at += 4 + size + -size % 4
    assert at == len(octets)
    return {"fields": {"message": NAMES.get(kind), "version": version, "kind": kind,
                       "length": length, "sequence": sequence, "spi_i": octets[8:16].hex(),
                       "spi_r": octets[16:24].hex()}, "elements": elements}


class Case(vector.Case):
    PROTOCOL = "address-change"
    DIRECTIONS = (TO_CN, TO_MN)
    NEEDS = ("any",)

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        """The data alone, as nothing carries it in the clear: in UDP to the discard port."""
        up = self.direction == TO_CN
        macs = ("02:00:00:00:00:0c", "02:00:00:00:00:cc")
        ips = ("198.51.100.10", "203.0.113.20")
        return bytes(Ether(src=macs[not up], dst=macs[up])
                     / IP(src=ips[not up], dst=ips[up], id=number)
                     / UDP(sport=9, dport=9) / Raw(self.octets))


class Group(vector.Group):
    CASE = Case


def messages():
    group = Group("data", "Data of the notifications")
    cookie, spi = element(CK, derive("change cookie", 17)), derive("change child", 4)

    def up(name, comment, octets, reaction="MC"):
        group.add(name, comment, TO_CN, octets, "any", reaction)

    def down(name, comment, octets):
        group.add(name, comment, TO_MN, octets, "any", SILENCE)

    up("change", "The least that a change has", data(CHANGE, 1, OLD, NEW), ("CK", "MC"))
    up("ipv6", "Addresses of IPv6", data(CHANGE, 1, v6(OLD6, "2001:db8:1::10"),
                                         v6(NEW6, "2001:db8:2::10")), ("CK", "MC"))
    up("spis", "With the SPI of a Child SA", data(CHANGE, 1, OLD, NEW, element(SPIS, spi)),
       ("CK", "MC"))
    up("spis-64", "With as many as fit", data(CHANGE, 1, OLD, NEW,
                                              element(SPIS, derive("children", 256))), ("CK", "MC"))
    up("hold", "With a hold time", data(CHANGE, 1, OLD, NEW, number(HOLD, 60000)), ("CK", "MC"))
    up("hold-0", "A hold time of nothing", data(CHANGE, 1, OLD, NEW, number(HOLD, 0)),
       ("CK", "MC"))
    up("cookie", "With a cookie of 17 octets", data(CHANGE, 1, OLD, NEW, cookie))
    for size in (8, 63, 64):
        up("cookie-%d" % size, "With a cookie of %d octets" % size,
           data(CHANGE, 1, OLD, NEW, element(CK, derive("cookie", size))))
    up("proof", "With a proof", data(CHANGE, 1, OLD, NEW, element(PROOF, derive("proof", 32))),
       ("CK", "MC"))
    up("all", "With everything", data(CHANGE, 0xFFFFFFFF, OLD, NEW, element(SPIS, spi * 2),
                                      number(HOLD, 1), cookie,
                                      element(PROOF, derive("proof", 32))))
    up("order", "In another order", data(CHANGE, 2, number(HOLD, 1), NEW, cookie, OLD))
    up("unknown", "With an element nobody knows", data(CHANGE, 3, OLD, NEW, element(77, b"x")),
       ("CK", "MC"))
    up("expired", "The old address is over", data(EXPIRED, 3, OLD), SILENCE)
    up("expired-6", "An old address of IPv6", data(EXPIRED, 3, v6(OLD6, "2001:db8:1::10")),
       SILENCE)
    up("expired-bare", "Without the address", data(EXPIRED, 3), SILENCE)
    down("completed", "Completed", data(COMPLETED, 1, OLD, NEW))
    down("completed-spis", "With the SPI of a Child SA",
         data(COMPLETED, 1, OLD, NEW, element(SPIS, spi)))
    down("completed-6", "Addresses of IPv6",
         data(COMPLETED, 9, v6(OLD6, "2001:db8:1::10"), v6(NEW6, "2001:db8:2::10")))
    down("completed-cookie", "With a cookie, to be sent back",
         data(COMPLETED, 1, OLD, NEW, cookie))
    down("ask-cookie", "A cookie is asked for", data(COOKIE, 1, cookie))
    for code, name in REASONS.items():
        down("refused-" + name, "Refused: " + name, data(REFUSED, 1, number(REASON, code)))
    down("refused-unnamed", "A reason that has no name", data(REFUSED, 1, number(REASON, 99)))
    return group


def invalid():
    group = Group("invalid", "Data that is to be answered with INVALID_SYNTAX")
    good = data(CHANGE, 1, OLD, NEW)

    def add(name, comment, octets, layer, reason, clause, text, field=None, offset=None):
        group.add(name, comment, TO_CN, octets, "any", "INVALID_SYNTAX", result="invalid",
                  rule=Rule(layer, reason, clause, text, field, offset))

    for count in (0, 1, 7, 23):
        add("%d-octets" % count, "%d octets" % count,
            (good[:2] + struct.pack("!H", count) + good[4:])[:count], "decode", "truncated",
            "AC 4.1", "the header has 24 octets")
    size = "Length is that of the data"
    add("cut", "The last octet is missing", good[:-1], "decode", "bad-length", "AC 4.1", size,
        "Length", 2)
    add("trailing", "An octet too many", good + b"\0", "decode", "bad-length", "AC 4.1", size,
        "Length", 2)
    add("element-length", "An element longer than the data",
        data(CHANGE, 1, OLD, NEW, struct.pack("!HH", HOLD, 40) + bytes(4)), "decode", "bad-length",
        "AC 4.2", "the length of an element is that of its value", "Hold-Time", 42)
    add("element-header", "Half an element's header", data(CHANGE, 1, OLD, NEW, b"\0\6"), "decode",
        "truncated", "AC 4.2", "an element's header has four octets")
    for version in (0, 2, 255):
        add("version-%d" % version, "Version %d" % version,
            data(CHANGE, 1, OLD, NEW, version=version), "message", "bad-value", "AC 4.1",
            "Version is 1", "Version", 0)
    for kind in (0, 6, 255):
        add("kind-%d" % kind, "Kind %d" % kind, data(kind, 1, OLD, NEW), "message",
            "unknown-type", "AC 4.1", "kinds are 1 to 5", "Kind", 1)
    for name, more in (("spi-i", {"spi_i": bytes(8)}), ("spi-r", {"spi_r": bytes(8)})):
        add("no-" + name, "An SPI of zero", data(CHANGE, 1, OLD, NEW, **more), "message",
            "bad-value", "AC 4.1", "the SPIs name an IKE SA")
    for kind in (CHANGE, COMPLETED):
        for name, left in (("old", NEW), ("new", OLD)):
            add("%s-without-%s" % (NAMES[kind].lower(), name), "The %s address is missing" % name,
                data(kind, 1, left), "message", "missing-element", "AC 4.2", "both are there")
    add("two-families", "Addresses of two families",
        data(CHANGE, 1, OLD, v6(NEW6, "2001:db8::1")), "message", "bad-value", "AC 4.2",
        "both addresses are of one family", "New-Address")
    add("old-twice", "Two old addresses", data(CHANGE, 1, OLD, OLD, NEW), "message",
        "repeated-element", "AC 4.2", "each element stands at most once", "Old-Address-IPv4")
    add("cookie-without", "No cookie where one is asked for", data(COOKIE, 1), "message",
        "missing-element", "AC 5.3", "there is one", "Cookie")
    add("refused-without", "A refusal without a reason", data(REFUSED, 1), "message",
        "missing-element", "AC 4.3", "there is one", "Reason")
    add("proof-not-last", "Something behind the proof",
        data(CHANGE, 1, OLD, element(PROOF, derive("proof", 32)), NEW), "message",
        "misplaced-element", "AC 5.4", "the proof covers all before it", "Proof")
    for name, code, size in (("old-3", OLD4, 3), ("old6-15", OLD6, 15), ("hold-3", HOLD, 3),
                             ("cookie-7", CK, 7), ("cookie-65", CK, 65), ("proof-31", PROOF, 31),
                             ("spis-3", SPIS, 3), ("spis-260", SPIS, 260)):
        others = [part for part in (OLD, NEW) if part[1] != code]
        add("size-" + name, "%s of %d octets" % (ELEMENTS[code], size),
            data(CHANGE, 1, *others, element(code, bytes(size))), "message", "bad-length",
            "AC 4.2", "the size of its value", ELEMENTS[code])
    add("spis-6", "One SPI and a half", data(CHANGE, 1, OLD, NEW, element(SPIS, bytes(6))),
        "message", "bad-length", "AC 4.2", "SPIs have four octets each", "Child-SPIs")
    return group


def corpora():
    return [Corpus("data", "Notifications of address change", SPECIFICATIONS,
                   [messages(), invalid()])]
