# SPDX-License-Identifier: GPL-2.0-or-later
"""The AP-Information element of beacons, from docs/finding-access-points.md and nothing else."""

import apinfo
import pcapng
import vector
from apinfo import address, agent, domain, element, part, prefix
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["docs/finding-access-points.md", "RFC 1123"]
TO_STATION = "ap->station"
TAKEN, IGNORED = "taken", SILENCE
AP, AGENT, NET = address("198.51.100.11"), agent("198.51.100.1"), prefix("198.51.100.0", 24)
AP6, AGENT6 = address("2001:db8:b::b"), agent("2001:db8:b::1")
BSSID = bytes.fromhex("0200000000b0")


def dissect(octets):
    packet = apinfo.APInformation(octets)
    assert packet.length == len(octets) - 2
    parts = [{"code": p.code, "name": apinfo.NAMES.get(p.code), "length": p.length,
              "value": p.value.hex()} for p in packet.parts]
    assert sum(2 + p["length"] for p in parts) == packet.length - 7
    message = "AP-Information" if packet.type == apinfo.AP_INFORMATION else None
    return {"fields": {"message": message, "element_id": packet.element_id,
                       "length": packet.length, "oui": packet.oui, "protocol": packet.protocol,
                       "type": packet.type, "version": packet.version},
            "elements": parts}


class Case(vector.Case):
    PROTOCOL = "ap-info"
    DIRECTIONS = (TO_STATION,)
    NEEDS = ("any",)
    LINK = pcapng.LINKTYPE_IEEE802_11

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        """A beacon of network "baton" whose last element is this one; no FCS."""
        header = (b"\x80\0\0\0" + b"\xff" * 6 + BSSID + BSSID
                  + (number << 4 & 0xFFFF).to_bytes(2, "little"))
        fixed = number.to_bytes(8, "little") + (100).to_bytes(2, "little") + b"\x01\0"
        return header + fixed + b"\0\x05baton" + self.octets


class Group(vector.Group):
    CASE = Case


def add_good(group, name, comment, *parts, **fields):
    group.add(name, comment, TO_STATION, element(*parts, **fields), "any", TAKEN)


def elements():
    group = Group("element", "What access points say of themselves")

    def add(name, comment, *parts):
        add_good(group, name, comment, *parts)

    add("example", "The example of the specification", AP, NET, AGENT, domain("a.example.net"))
    add("address", "An address and nothing else", AP)
    add("address-ipv6", "An address of IPv6 and nothing else", AP6)
    add("both", "Addresses of both families", AP, AP6)
    add("ipv6", "Everything of IPv6", AP6, prefix("2001:db8:b::", 64), AGENT6,
        domain("b.example"))
    add("all", "Everything of both", AP, AP6, NET, prefix("2001:db8:b::", 64), AGENT, AGENT6,
        domain("a-b.xn--bcher-kva.example"))
    add("order", "Parts in another order", domain("a.example"), AGENT, NET, AP)
    add("prefixes", "As many prefixes as there may be", AP,
        *[prefix("10.%d.0.0" % i, 16) for i in range(4)],
        *[prefix("2001:db8:%d::" % i, 48) for i in range(4)])
    add("agents", "As many agents as there may be", AP,
        *[agent("198.51.100.%d" % i) for i in range(1, 5)],
        *[agent("2001:db8::%d" % i) for i in range(1, 5)])
    add("port-1", "An agent at the lowest port", AP, agent("198.51.100.1", 1))
    add("port-65535", "An agent at the highest port", AP, agent("198.51.100.1", 65535))
    add("prefix-32", "A prefix of one address", AP, prefix("198.51.100.11", 32))
    add("prefix-1", "The shortest prefix", AP, prefix("128.0.0.0", 1))
    add("prefix-odd", "A prefix that ends within an octet", AP, prefix("198.51.96.0", 19))
    add("prefix-128", "A prefix of one address of IPv6", AP6, prefix("2001:db8:b::b", 128))
    add("domain-1", "A domain of one letter", AP, domain("a"))
    add("domain-63", "A label of 63 letters", AP, domain("x" * 63 + ".example"))
    add("domain-longest", "The longest domain for which there is room: 255 octets in all", AP,
        domain(".".join(["y" * 59] * 4)[:240]))
    add("domain-digits", "A domain of digits", AP, domain("1.2.3"))
    add("domain-case", "Capital letters", AP, domain("A.Example.NET"))
    return group


def tolerated():
    group = Group("tolerated", "What a receiver of version 1 passes over")

    def add(name, comment, octets, clause, text):
        group.add(name, comment, TO_STATION, octets, "any", TAKEN, result="acceptable",
                  tolerance=("must", clause, text))

    skipped = "parts with an unknown code are passed over"
    for name, code, value in (("unknown", 99, b"new"), ("unknown-empty", 8, b""),
                              ("unknown-0", 0, b"\1"), ("unknown-255", 255, derive("part", 40))):
        add(name, "A part with code %d" % code, element(AP, part(code, value), AGENT), "FAP 3.2",
            skipped)
    add("unknown-twice", "An unknown part twice",
        element(part(99, b"a"), AP, part(99, b"b"), AGENT), "FAP 3.2", skipped)
    return group


def boundaries():
    group = Group("octets", "Elements and parts that do not fit")
    good = element(AP, NET, AGENT, domain("a.example.net"))

    def add(name, comment, octets, reason, clause, text, field=None, offset=None, also=()):
        group.add(name, comment, TO_STATION, octets, "any", IGNORED, result="invalid",
                  rule=Rule("decode", reason, clause, text, field, offset, also))

    for size in (2, 4, 6, 7, 8):
        octets = bytes([221, size - 2]) + good[2:size]
        add("short-%d" % size, "An element of %d octets" % size, octets, "truncated", "FAP 3.1",
            "the header has 9 octets")
    size = "a part ends within the element"
    for name, octets, reason, offset in (
            ("part-code", good + b"\x07", "truncated", len(good)),
            ("part-length-1", element(AP, part(apinfo.DOMAIN, b"a.example", length=10)),
             "bad-length", 15),
            ("part-length-255", element(AP, part(apinfo.DOMAIN, b"a.example", length=255)),
             "bad-length", 15),
            ("part-empty-cut", element(AP, part(99, b"", length=1)), "bad-length", 15),
            ("first-part-beyond", element(part(apinfo.ADDRESS4, b"\xc6\x33", length=4)),
             "bad-length", 9)):
        octets = octets[:1] + bytes([len(octets) - 2]) + octets[2:]
        add(name, "A part that ends beyond the element", octets, reason, "FAP 3.2", size)
    return group


def header():
    group = Group("header", "Elements of others, and of later versions")

    def add(name, comment, octets, reason, text, field, offset, also=()):
        group.add(name, comment, TO_STATION, octets, "any", IGNORED, result="invalid",
                  rule=Rule("message", reason, "FAP 3.1", text, field, offset, also))

    for version in (0, 2, 255):
        add("version-%d" % version, "Version %d" % version,
            element(AP, AGENT, version=version), "bad-version", "Version is 1", "Version", 8)
    for kind in (0, 2, 255):
        add("type-%d" % kind, "Type %d" % kind, element(AP, AGENT, type=kind), "unknown-type",
            "Type is 1", "Type", 7)
    return group


def contents():
    group = Group("contents", "Parts that are there too often, too short, or say what cannot be")

    def add(name, comment, reason, clause, text, field, *parts):
        group.add(name, comment, TO_STATION, element(*parts), "any", IGNORED, result="invalid",
                  rule=Rule("message", reason, clause, text, field))

    host = "the address of a host"
    add("empty", "No part at all", "missing-element", "FAP 3.3", "one of the two addresses",
        "Address-IPv4")
    add("no-address", "No address", "missing-element", "FAP 3.3", "one of the two addresses",
        "Address-IPv4", NET, AGENT, domain("a.example"))
    add("address-twice", "Two addresses of IPv4", "repeated-element", "FAP 3.2", "at most one",
        "Address-IPv4", AP, address("198.51.100.12"))
    add("address6-twice", "Two addresses of IPv6", "repeated-element", "FAP 3.2", "at most one",
        "Address-IPv6", AP6, AP6)
    add("domain-twice", "Two domains", "repeated-element", "FAP 3.2", "at most one",
        "Domain-Name", AP, domain("a.example"), domain("b.example"))
    add("prefixes-5", "Five prefixes", "repeated-element", "FAP 3.2", "at most four",
        "Prefix-IPv4", AP, *[prefix("10.%d.0.0" % i, 16) for i in range(5)])
    add("prefixes6-5", "Five prefixes of IPv6", "repeated-element", "FAP 3.2", "at most four",
        "Prefix-IPv6", AP, *[prefix("2001:db8:%d::" % i, 48) for i in range(5)])
    add("agents-5", "Five agents", "repeated-element", "FAP 3.2", "at most four", "Agent-IPv4",
        AP, *[agent("198.51.100.%d" % i) for i in range(1, 6)])
    add("agents6-5", "Five agents of IPv6", "repeated-element", "FAP 3.2", "at most four",
        "Agent-IPv6", AP, *[agent("2001:db8::%d" % i) for i in range(1, 6)])
    for code, right in ((apinfo.ADDRESS4, 4), (apinfo.ADDRESS6, 16), (apinfo.PREFIX4, 5),
                        (apinfo.PREFIX6, 17), (apinfo.AGENT4, 6), (apinfo.AGENT6, 18)):
        name = apinfo.NAMES[code]
        for size in (0, right - 1, right + 1):
            value = (b"\x18" if code in (apinfo.PREFIX4, apinfo.PREFIX6) else b"\x02") * size
            others = [AP] if code != apinfo.ADDRESS4 else []
            add("size-%s-%d" % (name.lower(), size), "%s of %d octets" % (name, size),
                "bad-length", "FAP 3.2", "%d octets" % right, name, *others, part(code, value))
    add("domain-empty", "An empty domain", "bad-length", "FAP 3.2", "at least one octet",
        "Domain-Name", AP, domain(""))
    for name, text in (("zero", "0.0.0.0"), ("this", "0.1.2.3"), ("loopback", "127.0.0.1"),
                       ("link-local", "169.254.1.2"), ("multicast", "224.0.0.1"),
                       ("reserved", "240.0.0.1"), ("broadcast", "255.255.255.255"),
                       ("zero6", "::"), ("loopback6", "::1"), ("link-local6", "fe80::1"),
                       ("link-local6-end", "febf::1"), ("multicast6", "ff02::1")):
        add("address-" + name, "The access point is at %s" % text, "bad-value", "FAP 3.3", host,
            "Address", address(text))
        add("agent-" + name, "An agent is at %s" % text, "bad-value", "FAP 3.5", host, "Address",
            AP, agent(text))
    add("agent-port-0", "An agent at port 0", "bad-value", "FAP 3.5", "a port", "Port", AP,
        agent("198.51.100.1", 0))
    for name, text, length in (("0", "0.0.0.0", 0), ("33", "198.51.100.0", 33),
                               ("255", "198.51.100.0", 255), ("0-6", "::", 0),
                               ("129", "2001:db8::", 129)):
        add("prefix-" + name, "A prefix of %d bits" % length, "bad-value", "FAP 3.4",
            "1 to 32 or 128", "Prefix-Length", AP, prefix(text, length))
    for name, text, length in (("host", "198.51.100.11", 24), ("bit", "198.51.100.1", 31),
                               ("octet", "198.51.112.0", 19), ("host6", "2001:db8::1", 64)):
        add("prefix-bits-" + name, "Bits beyond the prefix: %s/%d" % (text, length), "bad-value",
            "FAP 3.4", "zero beyond Prefix-Length", "Prefix", AP, prefix(text, length))
    for name, text in (("dot", "."), ("dot-end", "a.example."), ("dot-first", ".example"),
                       ("dots", "a..example"), ("hyphen-first", "-a.example"),
                       ("hyphen-last", "a-.example"), ("underscore", "a_b.example"),
                       ("space", "a b"), ("zero", b"a\0b"), ("utf8", "b\u00fccher.example"),
                       ("label-64", "x" * 64 + ".example")):
        add("domain-" + name, "A domain that is none", "bad-value", "FAP 3.6",
            "labels of letters, digits and hyphens", "Name", AP, domain(text))
    return group


def corpora():
    return [Corpus("elements", "The AP-Information element", SPECIFICATIONS,
                   [elements(), tolerated()]),
            Corpus("invalid", "AP-Information elements to be passed over", SPECIFICATIONS,
                   [boundaries(), header(), contents()])]
