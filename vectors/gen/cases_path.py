# SPDX-License-Identifier: GPL-2.0-or-later
"""Data of REPLY_PATH, from docs/reply-path.md and nothing else."""

import socket
import struct

import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import SILENCE, Corpus, Rule

SPECIFICATIONS = ["docs/reply-path.md"]
LINK, V4, V6 = 1, 2, 3
ELEMENTS = {LINK: "Link-Address", V4: "Care-Of-IPv4", V6: "Care-Of-IPv6"}
SIZES = {LINK: 6, V4: 4, V6: 16}
TO_AGENT = "mobile->agent"
TAKEN = "taken"


def element(code, value, length=None):
    return struct.pack("!HH", code, len(value) if length is None else length) + value \
        + bytes(-len(value) % 4)


def data(*elements, version=1, kind=1, length=None):
    body = b"".join(elements)
    return struct.pack("!BBH", version, kind, 4 + len(body) if length is None else length) + body


def link(text="02:00:00:00:00:49"):
    return element(LINK, bytes.fromhex(text.replace(":", "")))


def v4(text="203.0.113.7"):
    return element(V4, socket.inet_aton(text))


def v6(text="2001:db8:2::7"):
    return element(V6, socket.inet_pton(socket.AF_INET6, text))


class Case(vector.Case):
    PROTOCOL = "reply-path"
    DIRECTIONS = (TO_AGENT,)
    NEEDS = ("any",)

    def decoded(self):
        version, kind, length = struct.unpack("!BBH", self.octets[:4])
        assert length == len(self.octets)
        elements, at = [], 4
        while at < len(self.octets):
            code, size = struct.unpack("!HH", self.octets[at : at + 4])
            value = self.octets[at + 4 : at + 4 + size]
            assert len(value) == size
            elements.append({"code": code, "name": ELEMENTS.get(code), "length": size,
                             "value": value.hex()})
            at += 4 + size + -size % 4
        assert at == len(self.octets)
        return {"fields": {"message": "RP" if kind == 1 else None, "version": version,
                           "kind": kind, "length": length}, "elements": elements}

    def frame(self, number):
        """The data alone, in UDP to the discard port."""
        return bytes(Ether(src="02:00:00:00:00:49", dst="02:00:00:00:00:01")
                     / IP(src="10.1.98.49", dst="10.2.0.1", id=number)
                     / UDP(sport=9, dport=9) / Raw(self.octets))


class Group(vector.Group):
    CASE = Case


def valid():
    group = Group("data", "Ways")
    for name, comment, octets in (
            ("link", "A link-layer address", data(link())),
            ("link-universal", "One of a vendor", data(link("00:16:3e:12:34:56"))),
            ("care-of", "A care-of address of IPv4", data(v4())),
            ("care-of-6", "A care-of address of IPv6", data(v6())),
            ("unknown-behind", "An element nobody knows behind it", data(link(), element(77, b"x"))),
            ("unknown-before", "An element nobody knows before it",
             data(element(77, b"four"), v4())),
            ("unknown-empty", "One without a value", data(element(78, b""), v6()))):
        group.add(name, comment, TO_AGENT, octets, "any", TAKEN)
    return group


def invalid():
    group = Group("invalid", "Data of requests that are dropped")

    def add(name, comment, octets, layer, reason, text, field=None, offset=None):
        group.add(name, comment, TO_AGENT, octets, "any", SILENCE, result="invalid",
                  rule=Rule(layer, reason, "RP 3", text, field, offset))

    good = data(link())
    for count in (0, 1, 3):
        add("%d-octets" % count, "%d octets" % count,
            (good[:2] + struct.pack("!H", count))[:count], "decode", "truncated",
            "the header has four octets")
    size = "Length is that of the data"
    add("cut", "The last octet is missing", good[:-1], "decode", "bad-length", size, "Length", 2)
    add("trailing", "An octet too many", good + b"\0", "decode", "bad-length", size, "Length", 2)
    add("long", "Length is larger", data(link(), length=20), "decode", "bad-length", size, "Length",
        2)
    add("element-length", "An element longer than the data",
        data(struct.pack("!HH", LINK, 40) + bytes(8)), "decode", "bad-length",
        "the length of an element is that of its value", "Link-Address", 6)
    add("element-header", "Half an element's header", data(link(), b"\0\2"), "decode", "truncated",
        "an element's header has four octets")
    for version in (0, 2, 255):
        add("version-%d" % version, "Version %d" % version, data(link(), version=version),
            "message", "bad-value", "Version is 1", "Version", 0)
    for kind in (0, 2, 255):
        add("kind-%d" % kind, "Kind %d" % kind, data(link(), kind=kind), "message", "unknown-type",
            "Kind is 1", "Kind", 1)
    for code, right in SIZES.items():
        for other in (0, right - 1, right + 1):
            add("size-%d-%d" % (code, other), "%s of %d octets" % (ELEMENTS[code], other),
                data(element(code, bytes(other))), "message", "bad-length",
                "the size of its value", ELEMENTS[code])
    one = "there is one way, and only one"
    add("none", "No way", data(), "message", "missing-element", one)
    add("none-known", "None that anybody knows", data(element(77, b"x")), "message",
        "missing-element", one)
    for name, first, second, field in (("link-care-of", link(), v4(), "Care-Of-IPv4"),
                                       ("link-care-of-6", link(), v6(), "Care-Of-IPv6"),
                                       ("both-care-of", v6(), v4(), "Care-Of-IPv6")):
        add(name, "Two ways", data(first, second), "message", "repeated-element", one, field)
    for code, twice in ((LINK, link()), (V4, v4()), (V6, v6())):
        add("twice-%d" % code, "%s twice" % ELEMENTS[code], data(twice, twice), "message",
            "repeated-element", one, ELEMENTS[code])
    return group


def corpora():
    return [Corpus("data", "Reply path of IKE", SPECIFICATIONS, [valid(), invalid()])]
