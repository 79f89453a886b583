# SPDX-License-Identifier: GPL-2.0-or-later
"""The Neighbour AVP in the last PAR, from docs/finding-access-points.md section 5."""

import socket

import eap
import pana
from corpus import TO_PAA, TO_PAC, Corpus, Group, Rule
from session import established, result_avps

R, S, C, P = pana.R, pana.S, pana.C, pana.P
NEIGHBOUR = 11
CLAUSE = "FAP 5"


def sixteen(text):
    """An address as section 5 writes it."""
    if not text:
        return bytes(16)
    if ":" in text:
        return socket.inet_pton(socket.AF_INET6, text)
    return bytes(10) + b"\xff\xff" + socket.inet_aton(text)


def value(bssid="0200000000b0", address="198.51.100.11", prefix=24, agent="198.51.100.1", port=716,
          domain=b"b.example", reserved=0):
    return (bytes.fromhex(bssid) + bytes([prefix, reserved]) + sixteen(address) + sixteen(agent)
            + port.to_bytes(2, "big") + bytes([reserved, reserved]) + domain)


def avp(octets, **fields):
    return pana.AVP(code=NEIGHBOUR, flags=pana.V, vendor=pana.EXAMPLE_VENDOR, value=octets,
                    **fields)


def neighbours():
    group = Group("neighbours", "Access points nearby, with the result of authentication")
    s = established(group, 0x5E550811, "neighbours")
    result = result_avps(pana.PANA_SUCCESS, 3600, 1, eap.success(4))

    def add(name, comment, *avps, reaction="PAN[C]", **more):
        s.send(name, comment, TO_PAC, pana.AUTHENTICATION, R | C, s.paa_sequence,
               [a.copy() for a in result] + list(avps), "authenticating", reaction, True, **more)

    add("one", "One access point", avp(value()))
    add("ipv6", "Everything of IPv6", avp(value(address="2001:db8:b::b", prefix=64,
                                               agent="2001:db8:b::1")))
    add("pair", "BSSID and address, and nothing else said",
        avp(value(prefix=0, agent=None, port=0, domain=b"")))
    add("proxy", "Two access points behind one address",
        avp(value()), avp(value(bssid="0200000000b1")))
    add("agents", "Two agents of one access point", avp(value()),
        avp(value(agent="198.51.100.2")))
    add("families", "One access point with addresses of both families", avp(value()),
        avp(value(address="2001:db8:b::b", prefix=64, agent="2001:db8:b::1")))
    add("sixteen", "As many as there may be",
        *[avp(value(bssid="0200000001%02x" % i, domain=b"")) for i in range(16)])
    add("domain-253", "The longest domain", avp(value(domain=b".".join([b"z" * 62] * 4) + b".z")))
    add("reserved", "Reserved octets that are not zero", avp(value(reserved=0xFF)),
        result="acceptable", tolerance=("must", CLAUSE, "Reserved is ignored"))
    return group


def unusable():
    group = Group("unusable", "AVPs that say what cannot be: unused, and authentication stands")
    s = established(group, 0x5E550812, "unusable")
    result = result_avps(pana.PANA_SUCCESS, 3600, 1, eap.success(4))
    for name, octets in (
            ("bssid-zero", value(bssid="000000000000")),
            ("bssid-group", value(bssid="0300000000b0")),
            ("address-none", value(address=None)),
            ("address-multicast", value(address="224.0.0.1")),
            ("address-link-local", value(address="fe80::1", prefix=64)),
            ("prefix-33", value(prefix=33)),
            ("agent-loopback", value(agent="127.0.0.1")),
            ("agent-multicast6", value(agent="ff02::1")),
            ("port-0", value(port=0)),
            ("port-alone", value(agent=None)),
            ("domain-dots", value(domain=b"b..example")),
            ("domain-zero", value(domain=b"b\0"))):
        s.send(name, "A Neighbour that is none", TO_PAC, pana.AUTHENTICATION, R | C,
               s.paa_sequence, [a.copy() for a in result] + [avp(octets)], "authenticating",
               "PAN[C]", True, result="acceptable",
               tolerance=("must", CLAUSE, "unused, and the client stays authenticated"))
    return group


def invalid():
    group = Group("misplaced", "Neighbours where they have no place, and of a wrong size")
    s = established(group, 0x5E550813, "misplaced")
    result = result_avps(pana.PANA_SUCCESS, 3600, 1, eap.success(4))

    def add(name, comment, direction, flags, avps, reason, text, field="Neighbour",
            kind=pana.AUTHENTICATION, needs="authenticating"):
        s.broken(name, comment, direction, kind, flags, avps, needs,
                 Rule("message", reason, CLAUSE, text, field))

    def last(*avps):
        return [a.copy() for a in result] + list(avps)

    add("seventeen", "One more than there may be", TO_PAC, R | C,
        last(*[avp(value(bssid="0200000001%02x" % i, domain=b"")) for i in range(17)]),
        "repeated-element", "at most 16")
    for size in (0, 6, 43):
        add("size-%d" % size, "A value of %d octets" % size, TO_PAC, R | C,
            last(avp(value()[:size])), "bad-length", "at least 44 octets")
    add("domain-254", "A domain of 254 octets", TO_PAC, R | C,
        last(avp(value(domain=b"z" * 254))), "bad-length", "at most 253 octets of Domain")
    add("prefix-129", "A prefix of 129 bits", TO_PAC, R | C, last(avp(value(prefix=129))),
        "bad-value", "at most 128", "Prefix-Length")
    add("par", "In a PAR that is not the last", TO_PAC, R,
        [pana.octets(pana.EAP_PAYLOAD, eap.identity_request(1)), avp(value())],
        "unexpected-element", "in the last PAR only")
    add("pan-c", "In the client's answer", TO_PAA, C, [pana.number(pana.KEY_ID, 1), avp(value())],
        "unexpected-element", "from the agent only")
    add("ping", "In a notification", TO_PAC, R | P, [avp(value())], "unexpected-element",
        "in the last PAR only", kind=pana.NOTIFICATION, needs="open")
    return group


def corpora():
    return [Corpus("neighbours", "Access points nearby, told with the result",
                   ["RFC 5191", "docs/finding-access-points.md"],
                   [neighbours(), unusable(), invalid()])]
