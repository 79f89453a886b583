# SPDX-License-Identifier: GPL-2.0-or-later
"""Octets that are no PANA message: header and AVP boundaries (RFC 5191 sections 6.2 and 6.3).

Nearly all are a PANA-Client-Initiation with one thing wrong, because that is the one message that
an idle PAA answers: its silence then means something.
"""

import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from session import Session, derive

LENGTH = "RFC5191 6.2"
AVP = "RFC5191 6.3"


def rule(reason, clause, text, field=None, offset=None):
    return Rule("decode", reason, clause, text, field, offset)


def header():
    group = Group("header", "The message header")
    pci = bytes(pana.message(pana.PCI, 0, 0, 0))

    def add(name, comment, octets, broken):
        group.add(name, comment, TO_PAA, octets, "fresh", SILENCE, result="invalid", rule=broken)

    short = "the header has 16 octets"
    add("empty", "A datagram with nothing in it", b"", rule("truncated", LENGTH, short))
    add("one-octet", "One octet", b"\0", rule("truncated", LENGTH, short))
    add("three-octets", "Ends inside the Message Length field", pci[:3],
        rule("truncated", LENGTH, short, "Message Length", 2))
    for size in (4, 8, 12, 15):
        cut = pci[:2] + size.to_bytes(2, "big") + pci[4:size]
        add("%d-octets" % size, "%d octets, and Message Length says so" % size, cut,
            rule("truncated", LENGTH, short))
    add("cut", "The last octet is missing", pci[:15],
        rule("bad-length", LENGTH, "Message Length counts the whole message", "Message Length", 2))
    for name, length in (("zero", 0), ("below-header", 12), ("odd", 15), ("one-more", 17),
                         ("four-more", 20), ("swapped", 0x1000), ("highest", 0xFFFF)):
        octets = bytes(pana.PANA(type=pana.PCI, length=length))
        add("length-" + name, "Message Length is %d, the message has 16 octets" % length, octets,
            rule("bad-length", LENGTH, "Message Length counts the whole message",
                 "Message Length", 2))
    for name, extra, what in (("one", 1, "One octet"), ("four", 4, "Four octets"),
                              ("avp", 12, "An AVP of zeros")):
        add("trailing-" + name, "%s after the end of the message" % what,
            pci + bytes(extra),
            rule("bad-length", LENGTH, "Message Length counts the whole message",
                 "Message Length", 2))
    add("twice", "Two messages in one datagram", pci + pci,
        rule("bad-length", LENGTH, "a datagram carries one message", "Message Length", 2))
    return group


def vendor_avp(value, **fields):
    return bytes(pana.vendor(value, **fields))


def raw(avps, kind=pana.PCI, flags=0, session=0, sequence=0):
    head = pana.PANA(type=kind, flags=flags, session=session, sequence=sequence,
                     length=16 + len(avps))
    return bytes(head) + avps


def boundaries():
    group = Group("avp", "AVP headers, lengths and padding")

    def add(name, comment, avps, broken):
        group.add(name, comment, TO_PAA, raw(avps), "fresh", SILENCE, result="invalid", rule=broken)

    whole = vendor_avp(b"baton001")
    head = "an AVP header has 8 octets, 12 with a Vendor-Id"
    for size in (1, 3, 4, 7):
        add("header-%d" % size, "%d octets left for an AVP header" % size,
            bytes(pana.AVP(code=100))[:size], rule("truncated", AVP, head, offset=16))
    for size in (8, 11):
        add("vendor-%d" % size, "V is set, %d octets left for a header of 12" % size, whole[:size],
            rule("truncated", AVP, head, offset=16))
    add("second-header", "A good AVP, then half a header", whole + whole[:6],
        rule("truncated", AVP, head, offset=36))
    text = "AVP Length counts the octets of the value"
    for name, length in (("one", 9), ("four", 12), ("highest", 0xFFFF)):
        add("length-" + name, "AVP Length is %d, 8 octets are there" % length,
            vendor_avp(b"baton001", length=length), rule("bad-length", AVP, text, offset=20))
    add("length-header", "AVP Length counts the header too, as in Diameter",
        vendor_avp(b"baton001", length=20), rule("bad-length", AVP, text, offset=20))
    add("value-missing", "The message ends where the value should begin", whole[:12],
        rule("bad-length", AVP, text, offset=20))
    pad = "an OctetString is padded with zeros to a boundary of 32 bits"
    for size in (1, 2, 3):
        value = b"baton001"[: 8 - size]
        cut = vendor_avp(value)[:-size]
        add("padding-%d" % size, "%d octets of padding missing at the end" % size, cut,
            rule("bad-padding", AVP, pad, offset=16 + len(cut)))
    add("padding-half", "One of three octets of padding is there", vendor_avp(b"baton")[:-2],
        rule("bad-padding", AVP, pad, offset=16 + 17))
    add("padding-between", "The first AVP is not padded: its receiver reads the second one from "
        "three octets too far on", vendor_avp(b"baton")[:-3] + vendor_avp(b"next"),
        rule("truncated", AVP, pad))
    return group


def in_session():
    """The same mistakes in messages that a session waits for."""
    group = Group("avp-session", "The same in answers that the PAA waits for, and towards a PaC")
    s = Session(group, 0x5E550200, 0x0C000001, 0x0D000001)
    prf = bytes(pana.number(pana.PRF_ALGORITHM, 2))
    integrity = bytes(pana.number(pana.INTEGRITY_ALGORITHM, 7))
    text = "AVP Length counts the octets of the value"
    pad = "an OctetString is padded with zeros to a boundary of 32 bits"

    def answer(name, comment, avps, broken):
        octets = raw(avps, pana.AUTHENTICATION, pana.S, s.id, s.paa_sequence)
        group.add(name, comment, TO_PAA, octets, "started", SILENCE, result="invalid", rule=broken,
                  peer=s.place(TO_PAA, 0))

    def request(name, comment, avps, broken):
        octets = raw(avps, pana.AUTHENTICATION, pana.R, s.id, s.paa_sequence)
        group.add(name, comment, TO_PAC, octets, "authenticating", SILENCE, result="invalid",
                  rule=broken, peer=s.place(TO_PAC, pana.R))

    answer("pan-length", "AVP Length of the last AVP is one too many",
           prf + integrity[:4] + b"\0\5" + integrity[6:], rule("bad-length", AVP, text,
                                                              "Integrity-Algorithm", 16 + 12 + 4))
    answer("pan-first-length", "AVP Length of the first AVP reaches past the message",
           prf[:4] + b"\0\x40" + prf[6:] + integrity,
           rule("bad-length", AVP, text, "PRF-Algorithm", 16 + 4))
    answer("pan-cut", "The last AVP lacks its value", prf + integrity[:8],
           rule("bad-length", AVP, text, "Integrity-Algorithm", 16 + 12 + 4))
    nonce = bytes(pana.octets(pana.NONCE, derive("octets", 10)))
    request("par-nonce-unpadded", "Nonce of 10 octets without its padding at the end", nonce[:-2],
            rule("bad-padding", AVP, pad, "Nonce", 16 + 18))
    request("par-eap-length", "EAP-Payload says it is longer than the message",
            b"\0\2\0\0\0\x20\0\0" + b"\1\1\0\5\1\0\0\0",
            rule("bad-length", AVP, text, "EAP-Payload", 16 + 4))
    octets = raw(nonce, pana.AUTHENTICATION, pana.R, s.id, s.paa_sequence)
    group.add("par-short-length", "Message Length stops before the last AVP", TO_PAC,
              octets[:2] + b"\0\x10" + octets[4:], "authenticating", SILENCE, result="invalid",
              rule=rule("bad-length", LENGTH, "Message Length counts the whole message",
                        "Message Length", 2), peer=s.place(TO_PAC, pana.R))
    return group


def corpora():
    return [Corpus("invalid-octets", "Octets that are no PANA message", ["RFC 5191"],
                   [header(), boundaries(), in_session()])]
