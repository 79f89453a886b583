# SPDX-License-Identifier: GPL-2.0-or-later
"""The Remote Binding Protocol, from docs/remote-binding.md and nothing else."""

import hashlib
import hmac
import socket
import struct

import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["docs/remote-binding.md"]
PORT = 49716
BU, BA = 1, 2
NAMES = {BU: "BU", BA: "BA"}
HOME4, HOME6, CARE4, CARE6, LIFETIME, STATUS, CHALLENGE, AUTHENTICATOR, LAST = range(1, 10)
ELEMENTS = {HOME4: "Home-Address-IPv4", HOME6: "Home-Address-IPv6",
            CARE4: "Care-of-Address-IPv4", CARE6: "Care-of-Address-IPv6", LIFETIME: "Lifetime",
            STATUS: "Status", CHALLENGE: "Challenge", AUTHENTICATOR: "Authenticator",
            LAST: "Last-Sequence"}
STATUSES = {0: "accepted", 1: "challenge", 128: "sequence-too-low", 129: "wrong-address",
            130: "unsupported", 131: "no-resources", 132: "prohibited"}
TO_CN, TO_MN = "mn->cn", "cn->mn"
KEY = b"0123456789abcdef"


def element(code, value, length=None, padding=None):
    pad = bytes(-len(value) % 4) if padding is None else padding
    return struct.pack("!HH", code, len(value) if length is None else length) + value + pad


def number(code, value):
    return element(code, struct.pack("!I", value))


def v4(code, text):
    return element(code, socket.inet_aton(text))


def v6(code, text):
    return element(code, socket.inet_pton(socket.AF_INET6, text))


HOME, CARE_OF = v4(HOME4, "198.51.100.10"), v4(CARE4, "192.0.2.10")


def message(kind, sequence, *elements, key_id=7, version=1, length=None):
    body = b"".join(elements)
    size = 12 + len(body) if length is None else length
    return struct.pack("!BBHII", version, kind, size, sequence, key_id) + body


def seal(octets, key=KEY, size=16):
    """The Authenticator behind everything else."""
    size_all = len(octets) + 4 + size + -size % 4
    draft = octets[:2] + struct.pack("!H", size_all) + octets[4:] \
        + element(AUTHENTICATOR, bytes(size))
    value = hmac.new(key, draft, hashlib.sha256).digest()[:size]
    return draft[: len(octets) + 4] + value + draft[len(octets) + 4 + size :]


def update(sequence, *elements, **more):
    return seal(message(BU, sequence, *elements, **more))


def acknowledge(sequence, status, *elements, **more):
    return seal(message(BA, sequence, number(STATUS, status), *elements, **more))


def dissect(octets):
    version, kind, length, sequence, key_id = struct.unpack("!BBHII", octets[:12])
    assert length == len(octets)
    elements, at = [], 12
    while at < len(octets):
        code, size = struct.unpack("!HH", octets[at : at + 4])
        value = octets[at + 4 : at + 4 + size]
        assert len(value) == size
        entry = {"code": code, "name": ELEMENTS.get(code), "length": size, "value": value.hex()}
        if code in (LIFETIME, STATUS, LAST) and size == 4:
            entry["number"] = int.from_bytes(value, "big")
        elements.append(entry)
        at += 4 + size + -size % 4
    assert at == len(octets)
    return {"fields": {"message": NAMES.get(kind), "version": version, "type": kind,
                       "length": length, "sequence": sequence, "key_id": key_id},
            "elements": elements}


def verifies(octets):
    elements = dissect(octets)["elements"]
    if not elements or elements[-1]["code"] != AUTHENTICATOR or elements[-1]["length"] != 16:
        return False
    value = hmac.new(KEY, octets[:-16] + bytes(16), hashlib.sha256).digest()[:16]
    return value == octets[-16:]


class Case(vector.Case):
    PROTOCOL = "binding"
    DIRECTIONS = (TO_CN, TO_MN)
    NEEDS = ("any",)

    def more_json(self):
        return {"auth": {"valid": verifies(self.octets)}} if self.has_boundaries() else {}

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        up = self.direction == TO_CN
        macs = ("02:00:00:00:00:0c", "02:00:00:00:00:cc")
        ips, ports = ("192.0.2.10", "203.0.113.20"), (49700, PORT)
        ether = Ether(src=macs[not up], dst=macs[up])
        ip = IP(src=ips[not up], dst=ips[up], id=number)
        udp = UDP(sport=ports[not up], dport=ports[up])
        return bytes(ether / ip / udp / Raw(self.octets))


class Group(vector.Group):
    CASE = Case

    def keys_json(self):
        return {"key": KEY.hex()}


def messages():
    group = Group("message", "Binding Updates and Acknowledgements")
    lifetime = number(LIFETIME, 100)

    def up(name, comment, octets, reaction="BA"):
        group.add(name, comment, TO_CN, octets, "any", reaction)

    up("example", "The example of the specification", update(1, HOME, CARE_OF, lifetime))
    up("ipv6", "Addresses of IPv6", update(2, v6(HOME6, "2001:db8:1::10"),
                                           v6(CARE6, "2001:db8:2::10"), lifetime))
    up("refresh", "The next one", update(2, HOME, CARE_OF, lifetime))
    up("remove", "Lifetime 0, no care-of address", update(3, HOME, number(LIFETIME, 0)))
    up("longest", "A lifetime of one day", update(4, HOME, CARE_OF, number(LIFETIME, 86400)))
    up("challenged", "With a challenge",
       update(1, HOME, CARE_OF, lifetime, element(CHALLENGE, derive("binding challenge", 16))))
    up("sequence-highest", "The highest Sequence Number",
       update(0xFFFFFFFF, HOME, CARE_OF, lifetime))
    up("order", "Elements in another order, the Authenticator still last",
       update(5, lifetime, CARE_OF, HOME))
    for status, name in STATUSES.items():
        more = {0: (HOME, lifetime), 1: (element(CHALLENGE, derive("binding challenge", 16)),),
                128: (number(LAST, 77),)}.get(status, ())
        group.add("ack-" + name, "Status %d" % status, TO_MN, acknowledge(1, status, *more), "any",
                  SILENCE)
    group.add("ack-unnamed", "A status that has no name", TO_MN, acknowledge(1, 200), "any",
              SILENCE)
    return group


def invalid():
    group = Group("invalid", "Messages to be discarded")
    lifetime = number(LIFETIME, 100)
    good = update(1, HOME, CARE_OF, lifetime)
    header, elements, codes = "RBP 3.1", "RBP 3.2", "RBP 4"

    def add(name, comment, octets, layer, reason, clause, text, field=None, offset=None):
        group.add(name, comment, TO_CN, octets, "any", SILENCE, result="invalid",
                  rule=Rule(layer, reason, clause, text, field, offset))

    size = "Length is that of the whole message"
    for count in (0, 3, 11):
        add("%d-octets" % count, "%d octets" % count,
            (good[:2] + count.to_bytes(2, "big") + good[4:])[:count], "decode", "truncated",
            header, "the header has 12 octets")
    add("cut", "The last octet is missing", good[:-1], "decode", "bad-length", header, size,
        "Length", 2)
    add("trailing", "An octet too many", good + b"\0", "decode", "bad-length", header, size,
        "Length", 2)
    broken = message(BU, 1, HOME, struct.pack("!HH", LIFETIME, 40) + bytes(4))
    add("element-length", "An element longer than the message", broken, "decode", "bad-length",
        elements, "Length of an element is that of its value", "Lifetime", 22)
    add("element-header", "Half an element's header", message(BU, 1, HOME, b"\0\5"), "decode",
        "truncated", elements, "an element's header has four octets")
    for version in (0, 2):
        add("version-%d" % version, "Version %d" % version,
            update(1, HOME, CARE_OF, lifetime, version=version), "message", "bad-value", header,
            "Version is 1", "Version", 0)
    for kind in (0, 3, 255):
        add("type-%d" % kind, "Type %d" % kind,
            seal(message(kind, 1, HOME, CARE_OF, lifetime)), "message", "unknown-type", header,
            "types are 1 and 2", "Type", 1)
    add("no-lifetime", "A BU without a lifetime", update(1, HOME, CARE_OF), "message",
        "missing-element", elements, "a BU has one", "Lifetime")
    add("lifetime-twice", "Two lifetimes", update(1, HOME, CARE_OF, lifetime, lifetime), "message",
        "repeated-element", elements, "each element stands at most once", "Lifetime")
    add("lifetime-86401", "A lifetime of a day and a second",
        update(1, HOME, CARE_OF, number(LIFETIME, 86401)), "message", "bad-value", elements,
        "at most 86400 s", "Seconds")
    for name, code, value in (("home-3", HOME4, bytes(3)), ("home-5", HOME4, bytes(5)),
                              ("home6-15", HOME6, bytes(15)), ("lifetime-2", LIFETIME, bytes(2)),
                              ("challenge-15", CHALLENGE, bytes(15))):
        others = [part for part in (HOME, CARE_OF, lifetime) if part[1] != code]
        add("size-" + name, "%s of %d octets" % (ELEMENTS[code], len(value)),
            update(1, element(code, value), *others), "message", "bad-length", elements,
            "the size of the value", ELEMENTS[code])
    add("unsigned", "No Authenticator", message(BU, 1, HOME, CARE_OF, lifetime), "message",
        "missing-element", codes, "every message has one", "Authenticator")
    add("authenticator-first", "The Authenticator is not last",
        message(BU, 1, good[-20:], HOME, CARE_OF, lifetime), "auth", "bad-integrity", codes,
        "it is the last element")
    mac = "HMAC-SHA256 over the message with the value zero"
    add("zero", "An Authenticator of zeros", good[:-16] + bytes(16), "auth", "bad-integrity",
        codes, mac)
    add("bit", "One bit wrong", good[:-1] + bytes([good[-1] ^ 1]), "auth", "bad-integrity", codes,
        mac)
    add("other-key", "Made with another key",
        seal(message(BU, 1, HOME, CARE_OF, lifetime), b"fedcba9876543210"), "auth",
        "bad-integrity", codes, mac)
    add("changed", "The care-of address changed on the way",
        good.replace(CARE_OF, v4(CARE4, "192.0.2.66")), "auth", "bad-integrity", codes, mac)
    add("no-home", "A BU without a home address", update(1, CARE_OF, lifetime), "session",
        "missing-element", "RBP 5.3", "a BU with a home address")
    return group


def tolerated():
    group = Group("tolerated", "Odd, and to be taken")
    lifetime = number(LIFETIME, 100)

    def add(name, comment, octets, clause, text):
        group.add(name, comment, TO_CN, octets, "any", "BA", result="acceptable",
                  tolerance=("must", clause, text))

    skipped = "unknown elements are skipped"
    add("unknown", "An unknown element", update(1, HOME, CARE_OF, lifetime, element(99, b"new")),
        "RBP 3.2", skipped)
    add("unknown-first", "An unknown element first",
        update(1, element(0xFFFF, b""), HOME, CARE_OF, lifetime), "RBP 3.2", skipped)
    return group


def corpora():
    return [Corpus("messages", "Remote bindings", SPECIFICATIONS,
                   [messages(), invalid(), tolerated()])]
