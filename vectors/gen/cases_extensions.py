# SPDX-License-Identifier: GPL-2.0-or-later
"""Relayed messages (RFC 6345) and encrypted AVPs (RFC 6786). Support of either is optional: a PAA
without the relay takes message type 5 for an unknown one and is silent."""

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from session import derive, eap_avp, established, result_avps

R, S, C, P = pana.R, pana.S, pana.C, pana.P


def rule(reason, clause, text, field=None, offset=None):
    return Rule("message", reason, clause, text, field, offset)


def relay():
    group = Group("relay", "PANA-Relay between a relay element and a PAA")
    ipv4 = bytes([192, 0, 2, 12]) + (40716).to_bytes(2, "big")
    ipv6 = bytes.fromhex("20010db8000000000000000000000012") + (40716).to_bytes(2, "big")
    pci = bytes(pana.message(pana.PCI, 0, 0, 0))
    par = bytes(pana.message(pana.AUTHENTICATION, R | S, 0x5E550700, 1))
    both = ["PRY", SILENCE]

    def pac(value):
        return pana.octets(pana.PAC_INFORMATION, value)

    def inner(value):
        return pana.octets(pana.RELAYED_MESSAGE, value)

    def add(name, comment, avps, broken=None, direction=TO_PAA, flags=0, session=0, sequence=0,
            tolerance=None):
        packet = pana.message(pana.RELAY, flags, session, sequence, *avps)
        to_paa = direction == TO_PAA
        result = "invalid" if broken else "acceptable" if tolerance else "valid"
        group.add(name, comment, direction, packet, "fresh",
                  SILENCE if broken or not to_paa else both, result=result, rule=broken,
                  tolerance=tolerance)

    add("pci-ipv4", "PCI of a PaC at an IPv4 address", [pac(ipv4), inner(pci)])
    add("pci-ipv6", "PCI of a PaC at an IPv6 address", [pac(ipv6), inner(pci)])
    add("order", "The two AVPs in the other order", [inner(pci), pac(ipv4)])
    add("par", "The PAA's answer on its way to the relay element", [pac(ipv4), inner(par)],
        direction=TO_PAC)
    add("other-avp", "With an AVP of a vendor",
        [pac(ipv4), inner(pci), pana.vendor(b"baton001")],
        tolerance=("may", "RFC6345 4.1", "PRY SHOULD NOT carry other AVPs"))
    add("no-pac", "Without PaC-Information", [inner(pci)],
        rule("missing-element", "RFC6345 4.1", "PaC-Information MUST be there", "PaC-Information"))
    add("no-message", "Without Relayed-Message", [pac(ipv4)],
        rule("missing-element", "RFC6345 4.1", "Relayed-Message MUST be there", "Relayed-Message"))
    add("two-pac", "PaC-Information twice", [pac(ipv4), pac(ipv6), inner(pci)],
        rule("repeated-element", "RFC6345 4.1", "exactly one", "PaC-Information"))
    add("two-messages", "Relayed-Message twice", [pac(ipv4), inner(pci), inner(pci)],
        rule("repeated-element", "RFC6345 4.1", "exactly one", "Relayed-Message"))
    for size in (0, 4, 7, 16, 20):
        value = (ipv6 + bytes(2))[:size]
        add("pac-%d" % size, "PaC-Information of %d octets" % size, [pac(value), inner(pci)],
            rule("bad-length", "RFC6345 5.1", "an address of 4 or 16 octets, and a port",
                 "PaC-Information"))
    add("request", "R set", [pac(ipv4), inner(pci)],
        rule("bad-flags", "RFC6345 7", "PRY has R cleared", "Flags", 4), flags=R)
    add("session", "Session Identifier not zero", [pac(ipv4), inner(pci)],
        rule("bad-value", "RFC6345 4.1", "MUST be zero", "Session Identifier", 8), session=1)
    add("sequence", "Sequence Number not zero", [pac(ipv4), inner(pci)],
        rule("bad-value", "RFC6345 4.1", "MUST be zero", "Sequence Number", 12), sequence=1)
    return group


def encryption():
    group = Group("encrypted", "AES128_CTR negotiated, and AVPs inside Encryption-Encap")
    s = established(group, 0x5E550710, "encrypted", encryption=keys.AES128_CTR)
    offer = [pana.number(pana.PRF_ALGORITHM, 2), pana.number(pana.INTEGRITY_ALGORITHM, 7),
             pana.number(pana.ENCRYPTION_ALGORITHM, keys.AES128_CTR)]
    first = s.paa_sequence - 5
    for name, bits, direction, reaction in (("par-s", R | S, TO_PAC, "PAN[S]"),
                                            ("pan-s", S, TO_PAA, "PAR")):
        packet = pana.message(pana.AUTHENTICATION, bits, s.id, first, *[a.copy() for a in offer])
        group.add(name, "Encryption-Algorithm in the initial exchange", direction, packet,
                  "started",
                  reaction, peer={"session": s.id, "sequence": first})

    def encap(direction, sequence, avps):
        plain = b"".join(bytes(avp) for avp in avps)
        return pana.octets(pana.ENCRYPTION_ENCAP,
                           s.sa.encrypt(direction == TO_PAA, s.id, sequence, plain))

    lifetime, key_id = pana.number(pana.SESSION_LIFETIME, 3600), pana.number(pana.KEY_ID, 1)
    s.send("par-c", "The lifetime is encrypted", TO_PAC, pana.AUTHENTICATION, R | C, s.paa_sequence,
           [pana.number(pana.RESULT_CODE, 0), eap_avp(eap.success(4)), key_id,
            encap(TO_PAC, s.paa_sequence, [lifetime])], "authenticating", "PAN[C]", True)
    packets = ((TO_PAC, R, "par-eap", eap.identity_request(5), ["PAN", "PAN PAR"]),
               (TO_PAA, 0, "pan-eap", eap.identity_response(5, b"pac@example.net"), ["PAR"]))
    for direction, bits, name, packet, reaction in packets:
        s.send(name, "An EAP message of its own, encrypted", direction, pana.AUTHENTICATION, bits,
               s.paa_sequence, [encap(direction, s.paa_sequence, [eap_avp(packet)])],
               "reauthenticating", reaction, True)
    one = encap(TO_PAA, s.pac_sequence, [lifetime])
    s.broken("twice", "Encryption-Encap twice", TO_PAA, pana.NOTIFICATION, R | P, [one, one.copy()],
             "open", rule("repeated-element", "RFC6786 5", "there SHALL be only one",
                          "Encryption-Encap"))
    return group


def corpora():
    return [Corpus("extensions", "Relay and encryption", ["RFC 5191", "RFC 6345", "RFC 6786"],
                   [relay(), encryption()])]
