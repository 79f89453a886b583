# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv1: whole conversations under keys, what else payloads may hold, and what must not be taken."""

import hashlib
import socket
import struct

import cases_change
import isakmp
from isakmp import (AES, AH, CERT, CR, DES3, ESP, HASH, INFO, ISAKMP, KE, MAIN, N, NAT_D, NAT_OA,
                    NONCE, QUICK, SA, SIG, VID, Association, Group, address, association, chain,
                    delete, identity, message, notify, proposal, subnet)
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["RFC 2407", "RFC 2408", "RFC 2409", "RFC 3706", "RFC 3947",
                  "docs/address-change.md"]
SUITES = (("aes128-sha256", AES, 128, 4, 14), ("aes256-sha384", AES, 256, 5, 20),
          ("aes256-sha512", AES, 256, 6, 19), ("aes192-sha256", AES, 192, 4, 15),
          ("aes256-md5", AES, 256, 1, 14), ("3des-sha1", DES3, 0, 2, 2),
          ("3des-md5", DES3, 0, 1, 5))


def plain(a, payloads, up, cky_r=None):
    first, body = chain(payloads)
    return message(MAIN, 0, 0, body, first, a.cky_i, a.cky_r if cky_r is None else cky_r)


def nat(a, text, port=500):
    return (NAT_D, a.hash(a.cky_i + a.cky_r + socket.inet_aton(text) + struct.pack("!H", port)))


def cookies(a):
    return a.cky_i + a.cky_r


def esp(spi, *transforms):
    usual = [(20, [(1, 1), (2, 3600), (4, 1), (6, 256)])]
    return association(proposal(1, ESP, spi, list(transforms) or usual))


TRAFFIC = [subnet("10.1.0.0", "255.255.0.0"), subnet("10.2.0.0", "255.255.0.0")]


def main_mode(group, name=""):
    """The first four messages in the clear, then both identities."""
    a = group.association
    group.clear(name + "mm1", "The first message", plain(
        a, [a.sa, (VID, isakmp.NAT_T), (VID, isakmp.DPD)], True, bytes(8)), True, "MM")
    group.clear(name + "mm2", "The proposal is chosen", plain(
        a, [a.sa, (VID, isakmp.NAT_T), (VID, isakmp.DPD)], False), False, "MM")
    ends = [nat(a, "203.0.113.20"), nat(a, "192.0.2.10")]
    group.clear(name + "mm3", "KE, nonce, NAT detection", plain(
        a, [(KE, a.ke_i), (NONCE, a.nonce_i)] + ends, True), True, "MM")
    group.clear(name + "mm4", "KE, nonce, NAT detection", plain(
        a, [(KE, a.ke_r), (NONCE, a.nonce_r)] + ends[::-1], False), False, "MM-E")
    idi, idr = identity(2, b"mn.example"), identity(2, b"cn.example")
    group.sealed(name + "mm5", "The initiator's identity and HASH_I", MAIN, 0,
                 [idi, (HASH, a.auth_hash(True, idi[1]))], True, "MM-E")
    group.sealed(name + "mm6", "The responder's identity and HASH_R", MAIN, 0,
                 [idr, (HASH, a.auth_hash(False, idr[1]))], False)


def conversation(name, *suite):
    a = Association("isakmp " + name, *suite)
    group = Group(name, "A conversation under %s with the key '%s'" % (
        name, isakmp.SECRET.decode()), a)
    main_mode(group)
    here, there = derive(name + " esp i", 4), derive(name + " esp r", 4)

    def info(label, comment, number, payload, up=True, reaction=SILENCE):
        group.sealed(label, comment, INFO, number, a.hashed(1, number, [payload]), up, reaction)

    info("initial-contact", "INITIAL-CONTACT", 0x1001, notify(24578, spi=cookies(a)))
    number = 0x2002
    group.sealed("qm1", "Quick mode, first", QUICK, number, a.hashed(
        1, number, [esp(here), (NONCE, a.qm_i)] + TRAFFIC), True, "QM")
    group.sealed("qm2", "Quick mode, second", QUICK, number, a.hashed(
        2, number, [esp(there), (NONCE, a.qm_r)] + TRAFFIC), False, "QM")
    group.sealed("qm3", "Quick mode, third", QUICK, number, a.hashed(3, number, []), True)
    info("are-you-there", "R-U-THERE", 0x3003, notify(36136, b"\0\0\0\7", spi=cookies(a)), False,
         "INFO-E")
    info("yes", "R-U-THERE-ACK", 0x3004, notify(36137, b"\0\0\0\7", spi=cookies(a)), True)
    info("delete-child", "The Child SA is deleted", 0x4001, delete(ESP, here), True)
    info("delete", "The ISAKMP SA is deleted", 0x4002, delete(ISAKMP, cookies(a)), False)
    return group


def more_messages():
    """What else the exchanges may hold, under one suite."""
    a = Association("isakmp more", AES, 256, 4, 19)
    group = Group("more", "Other payloads, under AES-256 and SHA2-256", a)
    main_mode(group)
    numbers = iter(range(0x5001, 0x6000))

    def info(name, comment, *payloads, up=True, reaction=SILENCE):
        number = next(numbers)
        group.sealed(name, comment, INFO, number, a.hashed(1, number, list(payloads)), up,
                     reaction)

    def quick(name, comment, offer, *payloads):
        number = next(numbers)
        group.sealed(name, comment, QUICK, number, a.hashed(
            1, number, [offer, (NONCE, a.qm_i)] + list(payloads)), True, "QM")

    spi = derive("more esp", 4)
    quick("pfs", "Perfect forward secrecy", esp(spi, (12, [(1, 1), (2, 3600), (3, 19), (4, 1),
                                                           (5, 5), (6, 128)])),
          (KE, a.ke_i), *TRAFFIC)
    quick("transport", "Transport mode without identities",
          esp(spi, (12, [(4, 2), (5, 5), (6, 256)])))
    quick("choice", "Several transforms",
          esp(spi, (20, [(4, 1), (6, 256)]), (20, [(4, 1), (6, 128)]),
              (12, [(4, 1), (5, 6), (6, 256)]), (12, [(4, 1), (5, 7), (6, 256)]),
              (3, [(4, 1), (5, 2)]), (11, [(4, 1), (5, 5)])), *TRAFFIC)
    quick("lifetime-long", "A lifetime in four octets, and one in kilobytes",
          esp(spi, (20, [(1, 1), (2, struct.pack("!I", 86400)), (1, 2),
                         (2, struct.pack("!I", 4608000)), (4, 1), (6, 256)])), *TRAFFIC)
    quick("dhcp", "The DHCP SA of RFC 3456: from a host without an address", esp(spi),
          address("0.0.0.0", 17, 68), address("203.0.113.20", 17, 67))
    quick("new-address", "Then one for the address that DHCP gave", esp(spi),
          address("10.77.0.9"), subnet("10.2.0.0", "255.255.0.0"))
    quick("ranges", "Ranges of addresses", esp(spi),
          identity(7, socket.inet_aton("10.1.0.5") + socket.inet_aton("10.1.0.77")),
          identity(7, socket.inet_aton("10.2.0.5") + socket.inet_aton("10.2.0.77"), 6, 80))
    quick("ipv6", "Addresses and prefixes of IPv6", esp(spi), address("2001:db8:1::5"),
          subnet("2001:db8:2::", "ffff:ffff:ffff::"))
    quick("nat", "Through a NAT: UDP-Encapsulated-Transport, original addresses",
          esp(spi, (20, [(4, 4), (6, 256)])), address("192.168.1.5", 17, 1701),
          address("203.0.113.20", 17, 1701),
          (NAT_OA, b"\1\0\0\0" + socket.inet_aton("192.168.1.5")),
          (NAT_OA, b"\1\0\0\0" + socket.inet_aton("203.0.113.20")))
    quick("two-proposals", "AH and ESP that go together, and ESP alone",
          association(proposal(1, AH, spi, [(5, [(4, 1), (5, 5)])], last=False),
                      proposal(1, ESP, spi, [(12, [(4, 1), (6, 256)])], last=False),
                      proposal(2, ESP, spi, [(20, [(4, 1), (6, 256)])])), *TRAFFIC)
    for code in (14, 18, 24, 16):
        info("error-%d" % code, "Error notification %d about a quick mode" % code,
             notify(code, protocol=ESP, spi=spi), up=False)
    info("responder-lifetime", "RESPONDER-LIFETIME", notify(
        24576, isakmp.attribute(1, 1) + isakmp.attribute(2, struct.pack("!I", 1200)), ESP, spi),
         up=False)
    info("status-unknown", "A status notification nobody knows", notify(40001, b"?"))
    info("two-spis", "Two Child SAs deleted at once", delete(ESP, spi, derive("more esp 2", 4)))
    info("notify-and-delete", "A notification and a deletion in one message",
         notify(24578, spi=cookies(a)), delete(ESP, spi))
    info("payload-private", "A payload of the range for private use", (200, b"whatever"),
         notify(24578, spi=cookies(a)))
    kinds = {50177: 32769, 50178: 32770, 8960: 32773, 50180: 32772}
    for name, comment, kind, _, data in cases_change.in_ike(a.cky_i, a.cky_r):
        if kind in kinds:
            info(name, comment, notify(kinds[kind], data, spi=cookies(a)), up=kind == 50177,
                 reaction="INFO-E" if kind == 50177 else SILENCE)
    info("expired", "The old address is over", notify(
        32771, cases_change.expired(a.cky_i, a.cky_r), spi=cookies(a)))
    return group


def signatures():
    """Main mode with certificates: the octets of certificate and signature are made up."""
    a = Association("isakmp signatures", AES, 256, 4, 14, isakmp.RSA_SIG)
    group = Group("signatures", "Main mode with RSA signatures", a)
    group.clear("mm1", "The first message", plain(a, [a.sa], True, bytes(8)), True, "MM")
    group.clear("mm2", "The proposal is chosen", plain(a, [a.sa], False), False, "MM")
    group.clear("mm3", "With a request for certificates", plain(
        a, [(KE, a.ke_i), (NONCE, a.nonce_i), (CR, b"\4")], True), True, "MM")
    group.clear("mm4", "With a request that names an authority", plain(
        a, [(KE, a.ke_r), (NONCE, a.nonce_r),
            (CR, b"\4" + bytes.fromhex("300d310b300906035504030c026361"))], False), False, "MM-E")
    group.sealed("mm5", "Identity, certificate and signature", MAIN, 0,
                 [identity(3, b"mn@example"), (CERT, b"\4" + derive("certificate", 300)),
                  (SIG, derive("signature", 256))], True, "MM-E", good=None)
    group.sealed("mm6", "A distinguished name, two certificates, a signature", MAIN, 0,
                 [identity(9, bytes.fromhex("300d310b300906035504030c02636e")),
                  (CERT, b"\4" + derive("certificate 2", 300)),
                  (CERT, b"\4" + derive("certificate 3", 200)),
                  (SIG, derive("signature 2", 256))], False, good=None)
    return group


def first_messages():
    group = Group("first", "First messages, and answers in the clear")
    for kind, name in ((14, "modp2048"), (19, "ecp256"), (2, "modp1024")):
        a = Association("isakmp first " + name, AES, 256, 4, kind)
        group.clear("request-" + name, "One proposal with group %d" % kind,
                    plain(a, [a.sa], True, bytes(8)), True, "MM")
    many = association(proposal(1, ISAKMP, b"", [
        (1, [(1, AES), (14, bits), (2, kind), (4, dh), (3, 1), (11, 1), (12, 28800)])
        for bits in (256, 128) for kind in (4, 5) for dh in (14, 15, 19)]))
    group.clear("request-many", "Twelve transforms", plain(a, [many], True, bytes(8)), True, "MM")
    group.clear("request-vendors", "Vendor IDs", plain(a, [a.sa, (VID, isakmp.NAT_T),
                (VID, isakmp.DPD), (VID, isakmp.CHANGE), (VID, derive("vendor", 20))], True,
                bytes(8)), True, "MM")
    first, body = chain([notify(14)])
    group.clear("no-proposal", "No proposal was chosen", message(
        INFO, 0, 0x77, body, first, a.cky_i, bytes(8)), False)
    first, body = chain([notify(16, doi=0)])
    group.clear("malformed", "A notification of the DOI of ISAKMP", message(
        INFO, 0, 0x78, body, first, a.cky_i, a.cky_r), False)
    return group


def invalid():
    group = Group("octets", "What must not be taken")
    a = Association("isakmp invalid", AES, 256, 4, 14)
    good = plain(a, [a.sa], True, bytes(8))

    def add(name, comment, octets, reason, clause, text, field=None, offset=None, also=(),
            layer="decode"):
        group.clear(name, comment, octets, True, result="invalid",
                    rule=Rule(layer, reason, clause, text, field, offset, also))

    for count in (0, 1, 8, 17, 27):
        add("%d-octets" % count, "%d octets" % count, good[:count], "truncated", "RFC2408 3.1",
            "the header has 28 octets")
    add("cut", "The last octet is missing", good[:-1], "bad-length", "RFC2408 3.1",
        "Length is that of the whole message", "Length", 24)
    add("trailing", "An octet too many", good + b"\0", "bad-length", "RFC2408 3.1",
        "Length is that of the whole message", "Length", 24)
    for size in (0, 1, 3):
        add("payload-length-%d" % size, "A payload of length %d" % size,
            good[:30] + struct.pack("!H", size) + good[32:], "bad-length", "RFC2408 3.2",
            "Payload Length counts the generic header", "SA", 30)
    add("payload-long", "A payload longer than the message",
        good[:30] + b"\xff\xff" + good[32:], "bad-length", "RFC2408 3.2",
        "Payload Length lies within the message", "SA", 30)
    _, body = chain([a.sa])
    add("chain-ends", "Octets behind the last payload", message(
        MAIN, 0, 0, body + bytes(8), SA, a.cky_i, bytes(8)), "trailing-octets", "RFC2408 3.2",
        "the payloads fill the message")
    add("chain-goes-on", "The last payload names another one", message(
        MAIN, 0, 0, bytes([VID]) + body[1:], SA, a.cky_i, bytes(8)), "truncated", "RFC2408 3.2",
        "Next Payload of the last payload is zero")

    def wrong(name, comment, payloads, reason, clause, text, field=None, also=(), exchange=MAIN,
              number=0, flags=0, version=0x10, cky_i=None, reserved=None):
        first, body = chain(payloads)
        if reserved is not None:
            body = body[:1] + bytes([reserved]) + body[2:]
        add(name, comment, message(exchange, flags, number, body, first,
                                   a.cky_i if cky_i is None else cky_i, bytes(8), version),
            reason, clause, text, field, None, also, "message")

    wrong("no-cookie", "No initiator cookie", [a.sa], "bad-value", "RFC2408 3.1",
          "the initiator's cookie is not zero", "Initiator Cookie", cky_i=bytes(8))
    wrong("version-2", "Version 2.0", [a.sa], "bad-value", "RFC2408 3.1",
          "the major version is 1", "Version", version=0x20, also=("bad-version",))
    wrong("message-id", "Main mode with a message ID", [a.sa], "bad-value", "RFC2408 3.1",
          "the message ID is zero in phase 1", "Message ID", number=1)
    wrong("reserved", "A reserved octet that is not zero", [a.sa], "bad-value", "RFC2408 5.3",
          "the reserved field is zero", "RESERVED", reserved=1)
    wrong("flags", "A flag that does not exist", [a.sa], "bad-flags", "RFC2408 5.2",
          "flags are E, C and A", "Flags", flags=0x80)
    wrong("exchange", "An exchange that does not exist", [a.sa], "unknown-type", "RFC2408 3.1",
          "exchange types are those of the IPsec DOI", "Exchange Type", exchange=77)
    wrong("payload-unknown", "A payload that does not exist", [a.sa, (99, b"x")],
          "unknown-element", "RFC2408 5.2", "payload types are those of the table")
    wrong("sa-late", "SA is not the first payload", [(VID, b"x"), a.sa], "misplaced-element",
          "RFC2409 5", "SA precedes all other payloads", "SA")
    wrong("sa-twice", "Two SA payloads", [a.sa, a.sa], "repeated-element", "RFC2409 5",
          "one SA in main mode", "SA")
    wrong("hash-clear", "HASH in the clear", [(HASH, bytes(32))], "unexpected-element",
          "RFC2409 5", "HASH is encrypted", "HASH")
    wrong("nonce-7", "A nonce of 7 octets", [(KE, a.ke_i), (NONCE, bytes(7))], "bad-length",
          "RFC2409 5", "nonces have 8 to 256 octets", "NONCE")
    wrong("nonce-257", "A nonce of 257 octets", [(KE, a.ke_i), (NONCE, bytes(257))], "bad-length",
          "RFC2409 5", "nonces have 8 to 256 octets", "NONCE")
    sa = a.sa[1]
    for name, comment, value, reason, clause, text in (
            ("doi", "Another DOI", b"\0\0\0\2" + sa[4:], "bad-value", "RFC2408 3.4",
             "the DOI is IPSEC"),
            ("situation", "SIT_SECRECY", sa[:4] + b"\0\0\0\2" + sa[8:], "bad-value",
             "RFC2407 4.2.1", "the situation is SIT_IDENTITY_ONLY"),
            ("proposal-long", "A proposal longer than the payload",
             sa[:10] + b"\xff\xff" + sa[12:], "bad-length", "RFC2408 3.5",
             "a proposal lies within SA"),
            ("transforms-2", "Two transforms announced, one there", sa[:15] + b"\2" + sa[16:],
             "bad-value", "RFC2408 3.5", "# of Transforms counts them"),
            ("transform-long", "A transform longer than the proposal",
             sa[:18] + b"\xff\xff" + sa[20:], "bad-length", "RFC2408 3.6",
             "a transform lies within its proposal"),
            ("transform-next", "A transform names a payload of another kind",
             sa[:16] + b"\4" + sa[17:], "bad-value", "RFC2408 3.6",
             "after a transform comes a transform, or nothing")):
        wrong("sa-" + name, comment, [(SA, value)], reason, clause, text)
    wrong("notify-spi", "An SPI longer than the notification",
          [(N, struct.pack("!IBBH", 1, 1, 40, 14) + b"x")], "bad-length", "RFC2408 3.14",
          "SPI Size lies within the payload", exchange=INFO, number=5)
    wrong("delete-count", "More SPIs announced than there are",
          [(isakmp.D, struct.pack("!IBBH", 1, 3, 4, 2) + bytes(4))], "bad-length", "RFC2408 3.15",
          "# of SPIs counts them", exchange=INFO, number=6)
    return group


def corpora():
    return [Corpus("conversations", "IKEv1 under keys, from the first message to the last",
                   SPECIFICATIONS, [conversation(*suite) for suite in SUITES]),
            Corpus("payloads", "What exchanges of IKEv1 may hold", SPECIFICATIONS,
                   [first_messages(), more_messages(), signatures()]),
            Corpus("invalid", "IKEv1 messages that must not be taken", SPECIFICATIONS,
                   [invalid()])]
