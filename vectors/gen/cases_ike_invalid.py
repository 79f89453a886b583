# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2 messages that must not be taken."""

import struct

import cases_ike
from cases_ike import SUITES, esp, init_payloads, init_request
from ike import (AUTH, AUTHP, D, DH, ENCR, ESP, I, IDI, IKE, INFO, INIT, KE, N, NONCE, R, SA,
                 SK, TSI, VENDOR, Association, Group, chain, identity, message, proposal,
                 transform)
from vector import SILENCE, Corpus, Rule, derive


def octets():
    group = Group("octets", "Headers and payloads that do not fit")
    a = Association("ike invalid", *SUITES[0][1:])
    good = init_request(a)

    def add(name, comment, octets, reason, clause, text, field=None, offset=None, also=()):
        group.clear(name, comment, octets, SILENCE, result="invalid",
                    rule=Rule("decode", reason, clause, text, field, offset, also))

    for count in (0, 1, 8, 17, 27):
        add("%d-octets" % count, "%d octets" % count, good[:count], "truncated", "RFC7296 3.1",
            "the header has 28 octets")
    add("cut", "The last octet is missing", good[:-1], "bad-length", "RFC7296 3.1",
        "Length is that of the whole message", "Length", 24)
    add("trailing", "An octet too many", good + b"\0", "bad-length", "RFC7296 3.1",
        "Length is that of the whole message", "Length", 24)
    for size in (0, 1, 3):
        broken = good[:30] + struct.pack("!H", size) + good[32:]
        add("payload-length-%d" % size, "A payload of length %d" % size, broken, "bad-length",
            "RFC7296 3.2", "Payload Length counts the generic header", "SA", 30)
    add("payload-long", "A payload longer than the message",
        good[:30] + b"\xff\xff" + good[32:], "bad-length", "RFC7296 3.2",
        "Payload Length lies within the message", "SA", 30)
    first, body = chain(init_payloads(a, True))
    add("chain-goes-on", "The last payload names another one",
        message(INIT, I, 0, body[:-36] + bytes([VENDOR]) + body[-35:], first, a.spi_i, bytes(8)),
        "truncated", "RFC7296 3.2", "Next Payload of the last payload is zero")
    add("chain-ends", "Octets behind the last payload",
        message(INIT, I, 0, body + bytes(8), first, a.spi_i, bytes(8)), "trailing-octets",
        "RFC7296 3.2", "the payloads fill the message", also=("bad-length",))
    add("no-payloads", "Octets, and no payload",
        message(INIT, I, 0, body, 0, a.spi_i, bytes(8)), "trailing-octets", "RFC7296 3.2",
        "the payloads fill the message", also=("bad-length",))
    return group


def first_messages():
    group = Group("first", "IKE_SA_INIT with something wrong")
    a = Association("ike invalid", *SUITES[0][1:])
    sa, ke, nonce = init_payloads(a, True)

    def add(name, comment, payloads, reason, clause, text, field=None, flags=I, number=0,
            exchange=INIT, version=0x20, spi_i=None, also=(), layer="message"):
        first, body = chain(payloads)
        group.clear(name, comment,
                    message(exchange, flags, number, body, first,
                            a.spi_i if spi_i is None else spi_i, bytes(8), version), SILENCE,
                    result="invalid", rule=Rule(layer, reason, clause, text, field, also=also))

    add("no-sa", "Without SA", [ke, nonce], "missing-element", "RFC7296 1.2", "SA is there", "SA")
    add("no-ke", "Without KE", [sa, nonce], "missing-element", "RFC7296 1.2", "KE is there", "KE")
    add("no-nonce", "Without nonce", [sa, ke], "missing-element", "RFC7296 1.2",
        "a nonce is there", "Nonce")
    for name, payload in (("sa", sa), ("ke", ke), ("nonce", nonce)):
        add(name + "-twice", "%s twice" % name.upper(), [sa, ke, nonce, payload],
            "repeated-element", "RFC7296 1.2", "it stands there once")
    for size in (0, 15, 257):
        add("nonce-%d" % size, "A nonce of %d octets" % size,
            [sa, ke, (NONCE, derive("n", size) if size else b"")], "bad-length", "RFC7296 3.9",
            "a nonce has 16 to 256 octets", "Nonce")
    add("idi", "An identity, which belongs into IKE_AUTH",
        [sa, ke, nonce, identity(IDI, 2, b"mn.example")], "unexpected-element", "RFC7296 1.2",
        "only what belongs there", "IDi")
    add("ke-short", "KE without a value", [sa, (KE, b"\0\x1f\0\0"), nonce], "bad-length",
        "RFC7296 3.4", "there is a value", "KE")
    add("spi-zero", "An initiator's SPI of zero", [sa, ke, nonce], "bad-value", "RFC7296 3.1",
        "it is not zero", "IKE SA Initiator's SPI", spi_i=bytes(8))
    add("message-id-1", "Message ID 1", [sa, ke, nonce], "bad-value", "RFC7296 2.2",
        "that of IKE_SA_INIT is 0", "Message ID", number=1)
    for version in (0x10, 0x30):
        add("version-%02x" % version, "Version %d" % (version >> 4), [sa, ke, nonce],
            "bad-value", "RFC7296 3.1", "the major version is 2", "Version", version=version,
            also=("bad-version",))
    for exchange in (0, 33, 38, 255):
        add("exchange-%d" % exchange, "Exchange type %d" % exchange, [sa, ke, nonce],
            "unknown-type", "RFC7296 3.1", "34 to 37 are known", "Exchange Type",
            exchange=exchange)
    add("flags-none", "Neither initiator nor response", [sa, ke, nonce], "bad-flags",
        "RFC7296 3.1", "who asks here is the initiator", "Flags", flags=0,
        also=("unknown-type",))
    for exchange, name in ((AUTH, "auth"), (INFO, "info")):
        add(name + "-clear", "Not encrypted", [identity(IDI, 2, b"mn.example")],
            "unexpected-element", "RFC7296 1.2", "everything is encrypted", exchange=exchange,
            number=1, also=("missing-element",))
        add(name + "-empty", "Without the Encrypted payload", [], "missing-element",
            "RFC7296 3.14", "there is one", "SK", exchange=exchange, number=1)
    transforms = a.transforms()

    def bad_sa(name, comment, value, reason, text, also=()):
        add("sa-" + name, comment, [(SA, value), ke, nonce], reason, "RFC7296 3.3", text,
            also=also)

    good = proposal(1, IKE, b"", transforms)
    bad_sa("empty", "An SA without a proposal", b"", "bad-length", "there is one")
    bad_sa("cut", "A proposal that is cut", good[:-1], "bad-length", "its length is right",
           ("truncated",))
    bad_sa("long", "A proposal longer than the payload",
           good[:2] + struct.pack("!H", len(good) + 8) + good[4:], "bad-length",
           "its length is right", ("truncated",))
    bad_sa("short", "A proposal shorter than its head", good[:2] + b"\0\7" + good[4:],
           "bad-length", "its length is right", ("truncated",))
    bad_sa("count", "A transform fewer than announced",
           good[:7] + bytes([len(transforms) + 1]) + good[8:], "bad-length",
           "Num Transforms is their number", ("truncated", "bad-value"))
    bad_sa("spi-size", "An SPI longer than the proposal", good[:6] + b"\xff" + good[7:],
           "bad-length", "SPI Size is that of the SPI", ("truncated", "bad-value"))
    return group


def sealed():
    """One octet changed on the way, in each part of a message."""
    groups = []
    for name, *suite in (SUITES[1], SUITES[3]):
        a = Association("ike spoilt " + name, *suite)
        group = Group("spoilt-" + name, "Integrity that does not verify, %s" % name, a)
        payloads = [identity(IDI, 2, b"mn.example"), (AUTHP, b"\2\0\0\0" + derive("auth", 32))]
        for at, where in ((0, "the initiator's SPI"), (15, "the responder's SPI"),
                          (23, "the Message ID"), (33, "the IV"), (52, "the ciphertext"),
                          (-17, "the end of the ciphertext"), (-16, "the ICV"),
                          (-1, "the last octet")):
            octets, _, _ = a.seal(AUTH, I, 1, payloads, spoil=at)
            group.add("octet-%s%d" % ("last-" if at < 0 else "", abs(at)), "A bit of " + where,
                      "initiator->responder", octets, "any", SILENCE, icv=False, result="invalid",
                      rule=Rule("auth", "bad-integrity", "RFC7296 3.14", "the ICV verifies"))
        groups.append(group)
    return groups


def corpora():
    return [Corpus("invalid", "IKEv2 that must not be taken", cases_ike.SPECIFICATIONS,
                   [octets(), first_messages()] + sealed())]
