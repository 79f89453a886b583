# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sender should not send and a receiver takes nevertheless.

Level "must": the receiver has to take it. Level "may": RFC 5191 can be read either way, or leaves
it open; whichever a receiver does, it conforms, and the file says what the readings are.
"""

import eap
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group
from session import Session, derive, eap_avp, established, nonce_avp, result_avps

R, S, C, A, P = pana.R, pana.S, pana.C, pana.A, pana.P
IGNORED = ("must", "RFC5191 6.2", "reserved: MUST be zero, and ignored by the receiver")
AVP_IGNORED = ("must", "RFC5191 6.3", "reserved: MUST be zero, and ignored by the receiver")
UNKNOWN = ("may", "RFC5191 5.5", "section 7 allows any AVP in every message; section 5.5 calls a "
           "message invalid of which an AVP is not recognised")
PADDING = ("may", "RFC5191 6.3",
           "padding is of zero octets; what a receiver does with others is not "
           "said")


def client_initiation():
    group = Group("tolerated", "PANA-Client-Initiation with something odd")

    def add(name, comment, packet, tolerance):
        reaction = ["PAR[S]"] if tolerance[0] == "must" else ["PAR[S]", SILENCE]
        group.add(name, comment, TO_PAA, packet, "fresh", reaction, result="acceptable",
                  tolerance=tolerance)

    for name, value in (("1", 1), ("high", 0x8000), ("all", 0xFFFF)):
        add("reserved-" + name, "Reserved is 0x%04x" % value,
            pana.PANA(type=pana.PCI, reserved=value), IGNORED)
    for bit in range(9):
        add("flag-r%d" % bit, "Reserved flag 0x%04x" % (1 << bit),
            pana.message(pana.PCI, 1 << bit, 0, 0), IGNORED)
    add("flags-all", "Every reserved flag", pana.message(pana.PCI, 0x01FF, 0, 0), IGNORED)
    add("vendor", "A vendor's AVP", pana.message(pana.PCI, 0, 0, 0, pana.vendor(b"baton001")),
        UNKNOWN)
    add("vendor-empty", "A vendor's AVP without a value",
        pana.message(pana.PCI, 0, 0, 0, pana.vendor(b"")),
        UNKNOWN)
    add("vendor-zero", "Vendor-Id zero: code 1 of nobody, not AUTH",
        pana.message(pana.PCI, 0, 0, 0, pana.AVP(code=1, flags=pana.V, value=b"baton001")),
        UNKNOWN)
    add("unknown", "AVP code 100", pana.message(pana.PCI, 0, 0, 0, pana.octets(100, b"baton001")),
        UNKNOWN)
    add("unknown-zero", "AVP code 0, which is not assigned",
        pana.message(pana.PCI, 0, 0, 0, pana.octets(0, b"baton001")), UNKNOWN)
    add("unknown-highest", "AVP code 65535",
        pana.message(pana.PCI, 0, 0, 0, pana.octets(65535, b"")),
        UNKNOWN)
    many = [pana.vendor(b"%03d" % i) for i in range(48)]
    add("many", "48 AVPs of a vendor", pana.message(pana.PCI, 0, 0, 0, *many), UNKNOWN)
    padded = bytes(pana.message(pana.PCI, 0, 0, 0, pana.vendor(b"baton")))
    add("padding-ones", "Padding of 0xff", padded[:-3] + b"\xff\xff\xff", PADDING)
    add("lifetime", "Session-Lifetime in a PCI",
        pana.message(pana.PCI, 0, 0, 0, pana.number(pana.SESSION_LIFETIME, 60)),
        ("may", "RFC5191 5.7", "section 5.7: MUST be ignored in other messages than the last "
         "request; section 8: MUST NOT be in this one"))
    return group


def answers():
    group = Group("tolerated-session", "In messages of a session without an SA")
    s = Session(group, 0x5E550600, 0x0E800001, 0x0F800001)
    response = eap_avp(eap.identity_response(1, b"pac@example.net"))

    def add(name, comment, direction, bits, avps, needs, reaction, tolerance, kind=None):
        allowed = reaction if isinstance(reaction, list) else [reaction]
        if tolerance[0] == "may" and SILENCE not in allowed:
            allowed = allowed + [SILENCE]
        s.send(name, comment, direction, pana.AUTHENTICATION if kind is None else kind, bits,
               s.paa_sequence, avps, needs, allowed, result="acceptable", tolerance=tolerance)

    s.offer([], [])
    add("pan-s-reserved", "Reserved flags in the initial answer", TO_PAA, S | 0x01FF, [], "started",
        "PAR", IGNORED)
    prf = pana.AVP(code=pana.PRF_ALGORITHM, reserved=0xFFFF, value=b"\0\0\0\2")
    integrity = pana.AVP(code=pana.INTEGRITY_ALGORITHM, flags=0x7FFF, value=b"\0\0\0\7")
    s.offer([2], [7])
    add("pan-s-avps", "Reserved field and reserved flags of AVPs", TO_PAA, S, [prf, integrity],
        "started", "PAR", AVP_IGNORED)
    s.offer([], [])
    add("pan-s-unknown", "An unknown AVP in the initial answer", TO_PAA, S,
        [pana.octets(100, b"baton")], "started", "PAR", UNKNOWN)
    s.offer([2], [7])
    add("pan-s-bare", "No algorithms in the answer to an offer", TO_PAA, S, [], "started", "PAR",
        ("may", "RFC5191 4.1", "the PaC answers an offer with its choice; whether a PAA that does "
         "not insist on keys goes on is its own policy"))
    s.offers = None
    add("par-lifetime", "Session-Lifetime in a request without C", TO_PAC, R,
        [eap_avp(eap.identity_request(1)), pana.number(pana.SESSION_LIFETIME, 60)],
        "authenticating", ["PAN", "PAN PAR"],
        ("must", "RFC5191 5.7", "MUST be ignored in other messages than the last request"))
    add("par-result", "An undefined Result-Code", TO_PAC, R | C,
        result_avps(3, 60, eap_packet=eap.failure(2)), "authenticating", ["PAN[C]"],
        ("may", "RFC5191 8.7", "three values are defined; what a receiver does with others is not "
         "said"))
    add("par-s-unknown-prf", "Algorithms that nobody defined among those offered", TO_PAC, R | S,
        [pana.number(pana.PRF_ALGORITHM, 0xFFFF), pana.number(pana.PRF_ALGORITHM, 2),
         pana.number(pana.INTEGRITY_ALGORITHM, 0xFFFE), pana.number(pana.INTEGRITY_ALGORITHM, 7)],
        "started", ["PAN[S]"],
        ("must", "RFC5191 8.6", "the PaC selects what it knows; PRF_HMAC_SHA1 and "
         "AUTH_HMAC_SHA1_160 MUST be supported"))
    add("par-eap-trailing", "Octets after the end of the EAP message", TO_PAC, R,
        [eap_avp(eap.identity_request(1) + b"\0\0\0")], "authenticating", ["PAN", "PAN PAR"],
        ("must", "RFC3748 4.1", "octets outside the range of the Length field MUST be ignored"))
    add("par-eap-empty", "EAP-Payload without a value", TO_PAC, R,
        [pana.octets(pana.EAP_PAYLOAD, b"")],
        "authenticating", ["PAN"],
        ("may", "RFC5191 8.2", "the AVP is well formed; what it should hold is not an EAP message"))
    add("par-nonce-64", "A nonce longer than 20 octets", TO_PAC, R,
        [nonce_avp(derive("tolerated", 64)), eap_avp(eap.identity_request(1))], "authenticating",
        ["PAN", "PAN PAR"],
        ("must", "RFC5191 8.5", "up to 256 octets are allowed; 20 is what SHOULD be the most"))
    padded = bytes(pana.message(pana.AUTHENTICATION, 0, s.id, s.paa_sequence,
                                nonce_avp(derive("padded", 19)), response))
    group.add("pan-padding", "Padding of the nonce is 0xff", TO_PAA,
              padded[: 16 + 8 + 19] + b"\xff" + padded[16 + 8 + 20 :], "authenticating",
              ["PAR", SILENCE], result="acceptable", tolerance=PADDING, peer=s.place(TO_PAA, 0))
    group.add("pci-again", "PCI while the initial request is on its way", TO_PAA,
              pana.message(pana.PCI, 0, 0, 0), "started", ["PAR[S]", SILENCE], result="acceptable",
              tolerance=("may", "RFC5191 4.1", "a PAA that keeps state discards it; one that keeps "
                         "none answers it"), peer=s.place(TO_PAA, 0))
    return group


def protected():
    group = Group("tolerated-keyed", "In messages with a right AUTH")
    s = established(group, 0x5E550610, "tolerated")

    def add(name, comment, kind, bits, avps, reaction, tolerance, direction=TO_PAA, reserved=0):
        packet = pana.message(kind, bits, s.id, s.place(direction, bits)["sequence"], *avps)
        packet.reserved = reserved
        allowed = [reaction] + ([SILENCE] if tolerance[0] == "may" else [])
        group.add(name, comment, direction, pana.protect(packet, s.sa), "open", allowed,
                  result="acceptable", tolerance=tolerance, auth=(s.sa_index, True),
                  peer=s.place(direction, bits))

    add("ping-reserved", "Reserved flags, covered by AUTH", pana.NOTIFICATION, R | P | 0x01FF, [],
        "PNA[P]", IGNORED)
    add("ping-header", "Reserved field, covered by AUTH", pana.NOTIFICATION, R | P, [], "PNA[P]",
        IGNORED, reserved=0xFFFF)
    add("ping-unknown", "An unknown AVP", pana.NOTIFICATION, R | P, [pana.octets(100, b"baton")],
        "PNA[P]", UNKNOWN)
    add("ping-lifetime", "Session-Lifetime in a ping", pana.NOTIFICATION, R | P,
        [pana.number(pana.SESSION_LIFETIME, 60)], "PNA[P]",
        ("may", "RFC5191 5.7", "section 5.7: MUST be ignored in other messages than the last "
         "request; section 8: MUST NOT be in this one"))
    undefined = ("may", "RFC5191 8.9", "three causes are defined, each for one direction; what a "
                 "receiver does with others is not said")
    add("ptr-undefined", "Termination-Cause 2", pana.TERMINATION, R, [pana.number(9, 2)], "PTA",
        undefined)
    add("ptr-direction", "SESSION_TIMEOUT from a PaC", pana.TERMINATION, R, [pana.number(9, 8)],
        "PTA", undefined)
    add("ptr-logout", "LOGOUT from a PAA", pana.TERMINATION, R, [pana.number(9, 1)], "PTA",
        undefined,
        TO_PAC)
    return group


def preauthentication():
    group = Group("tolerated-preauth", "E left out before the move, other than in a ping")
    s = established(group, 0x5E550620, "tolerated preauth")
    s.preauth = True
    lost = ("may", "RFC5873 3", "a sender MUST set E until the candidate PAA becomes the serving "
            "one; only for messages with S is it said what a receiver does")
    for name, comment, kind, bits, avps, reaction in (
            ("pnr-a", "Re-authentication request without E", pana.NOTIFICATION, R | A, [],
             ["PNA[A]", "PNA[AE]"]),
            ("ptr", "PTR without E", pana.TERMINATION, R, [pana.number(9, 1)], ["PTA", "PTA[E]"])):
        s.send(name, comment, TO_PAA, kind, bits, s.pac_sequence, avps, "open",
               reaction + [SILENCE], True, result="acceptable", tolerance=lost)
    return group


def corpora():
    return [Corpus("tolerance", "What a receiver takes nevertheless",
                   ["RFC 5191", "RFC 5873", "RFC 3748"],
                   [client_initiation(), answers(), protected(), preauthentication()])]
