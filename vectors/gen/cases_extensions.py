# SPDX-License-Identifier: GPL-2.0-or-later
"""Relayed messages (RFC 6345) and encrypted AVPs (RFC 6786). Support of either is optional: a PAA
without the relay takes message type 5 for an unknown one and is silent."""

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from cases_sessions import psk_dialog, psk_exchange
from session import Session, eap_avp, established

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


def encap(s, direction, sequence, plain):
    return pana.octets(pana.ENCRYPTION_ENCAP,
                       s.sa.encrypt(direction == TO_PAA, s.id, sequence, plain))


def octets_of(avps):
    return b"".join(bytes(avp) for avp in avps)


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

    lifetime, key_id = pana.number(pana.SESSION_LIFETIME, 3600), pana.number(pana.KEY_ID, 1)
    plain = octets_of([lifetime])
    s.send("par-c", "The lifetime is encrypted", TO_PAC, pana.AUTHENTICATION, R | C, s.paa_sequence,
           [pana.number(pana.RESULT_CODE, 0), eap_avp(eap.success(4)), key_id,
            encap(s, TO_PAC, s.paa_sequence, plain)], "authenticating", "PAN[C]", True,
           inside=plain)
    packets = ((TO_PAC, R, "par-eap", eap.identity_request(5), ["PAN", "PAN PAR"]),
               (TO_PAA, 0, "pan-eap", eap.identity_response(5, b"pac@example.net"), ["PAR"]))
    for direction, bits, name, packet, reaction in packets:
        plain = octets_of([eap_avp(packet)])
        s.send(name, "An EAP message of its own, encrypted", direction, pana.AUTHENTICATION, bits,
               s.paa_sequence, [encap(s, direction, s.paa_sequence, plain)],
               "reauthenticating", reaction, True, inside=plain)
    one = encap(s, TO_PAA, s.pac_sequence, octets_of([lifetime]))
    s.broken("twice", "Encryption-Encap twice", TO_PAA, pana.NOTIFICATION, R | P, [one, one.copy()],
             "open", rule("repeated-element", "RFC6786 5", "there SHALL be only one",
                          "Encryption-Encap"))
    causes(s)
    inside_out(s)
    return group


def causes(s):
    """Terminations whose cause is encrypted, or not."""
    for direction, cause, name, sequence in ((TO_PAA, 1, "ptr-pac", s.pac_sequence),
                                             (TO_PAC, 4, "ptr-paa", s.paa_sequence)):
        avp = pana.number(pana.TERMINATION_CAUSE, cause)
        s.send(name, "The cause of a termination, encrypted", direction, pana.TERMINATION, R,
               sequence, [encap(s, direction, sequence, octets_of([avp]))], "open", "PTA", True,
               inside=octets_of([avp]))
        s.send(name + "-clear", "The same cause in the clear, which is allowed", direction,
               pana.TERMINATION, R, sequence, [avp.copy()], "open", "PTA", True)


def keyed(reason, clause, text, field=None, also=()):
    """Only who has the keys sees it."""
    return Rule("auth", reason, clause, text, field, also=also)


def inside_out(s):
    """What is wrong with what is inside."""
    cause = pana.number(pana.TERMINATION_CAUSE, 1)

    def add(name, comment, plain, broken, avps=(), value=None, **more):
        value = value or encap(s, TO_PAA, s.pac_sequence, plain)
        s.broken(name, comment, TO_PAA, pana.TERMINATION, R, [*avps, value], "open", broken,
                 inside=plain, **more)

    forbidden = ((pana.AUTH, bytes(20)), (pana.INTEGRITY_ALGORITHM, bytes([0, 0, 0, 7])),
                 (pana.KEY_ID, bytes([0, 0, 0, 1])), (pana.NONCE, bytes(20)),
                 (pana.PRF_ALGORITHM, bytes([0, 0, 0, 2])), (pana.RESULT_CODE, bytes(4)),
                 (pana.ENCRYPTION_ALGORITHM, bytes([0, 0, 0, 1])),
                 (pana.ENCRYPTION_ENCAP, bytes(cause)))
    for code, value in forbidden:
        name = pana.AVP_NAMES[code]
        add("inside-" + name.lower(), name + " inside, where it must not be",
            bytes(pana.octets(code, value)),
            keyed("unexpected-element", "RFC6786 6.1", "not to be encrypted", name),
            [cause.copy()])
    add("inside-two", "The cause inside, twice", octets_of([cause, cause]),
        keyed("repeated-element", "RFC5191 7.4", "exactly one", "Termination-Cause"))
    add("inside-both", "The cause inside, and in the clear", octets_of([cause]),
        keyed("repeated-element", "RFC5191 7.4", "exactly one", "Termination-Cause"),
        [cause.copy()])
    add("inside-other", "Another AVP than the one that must be there", octets_of(
        [pana.number(pana.SESSION_LIFETIME, 3600)]),
        keyed("unexpected-element", "RFC5191 7.4", "not in a PTR", "Session-Lifetime",
              also=("missing-element",)))
    add("inside-long", "An AVP that says more octets than there are",
        bytes(cause)[:4] + b"\x00\x05" + bytes(cause)[6:],
        keyed("truncated", "RFC6786 5", "whole AVPs are encrypted", also=("bad-length",)))
    add("inside-short", "An AVP that is cut", bytes(cause)[:10],
        keyed("truncated", "RFC6786 5", "whole AVPs are encrypted", also=("bad-length",)))
    scrambled = ("truncated", "bad-length", "unknown-element", "bad-flags")
    number = s.pac_sequence
    for name, comment, key, sequence in (
            ("other-key", "Encrypted with the key of the other direction", TO_PAC, number),
            ("other-number", "Encrypted with the number of the message before", TO_PAA, number - 1)):
        add(name, comment, None,
            keyed("unexpected-element", "RFC6786 3", "what comes out is nothing", also=scrambled),
            value=encap(s, key, sequence, bytes(cause)))
    s.broken("no-auth", "An encrypted cause without AUTH", TO_PAA, pana.TERMINATION, R,
             [encap(s, TO_PAA, number, bytes(cause))], "open",
             keyed("missing-integrity", "RFC5191 5.5", "every message has AUTH", "AUTH"),
             protected=False, inside=bytes(cause))
    s.broken("bad-auth", "AUTH over the message as it was before encryption", TO_PAA,
             pana.TERMINATION, R,
             [encap(s, TO_PAA, number, bytes(cause)),
              pana.octets(pana.AUTH, before_encryption(s, number, cause))], "open",
             keyed("bad-integrity", "RFC6786 5", "AUTH is over what is sent", "AUTH"),
             protected=False, inside=bytes(cause))


def before_encryption(s, sequence, cause):
    packet = pana.message(pana.TERMINATION, R, s.id, sequence, cause.copy())
    return pana.PANA(pana.protect(packet, s.sa)).avps[-1].value


def conversation():
    """A session from the PCI to its end, with the SHA-2 algorithms and whatever may be encrypted."""
    group = Group("encrypted-psk", "EAP-PSK with AES128_CTR: a whole session")
    s = Session(group, 0x5E550711, 0x41000101, 0x52000101)
    dialog = psk_dialog("encrypted-psk")
    group.eap.append(dialog.as_json())
    pair = (keys.PRF_HMAC_SHA2_256, keys.AUTH_HMAC_SHA2_256_128)
    s.pci("pci", "PaC-initiated session")
    s.start((pair,), "algorithms offered, one to encrypt with",
            [pana.number(pana.ENCRYPTION_ALGORITHM, keys.AES128_CTR)])
    psk_exchange(s, dialog, "encrypted-psk", 1, 7, pair, True, encryption=keys.AES128_CTR)
    plain = octets_of([eap_avp(eap.success(3)), pana.number(pana.SESSION_LIFETIME, 3600)])
    s.send("par-complete", "The last request, under the keys that it brings", TO_PAC,
           pana.AUTHENTICATION, R | C, s.paa_sequence,
           [pana.number(pana.RESULT_CODE, 0), pana.number(pana.KEY_ID, 7),
            encap(s, TO_PAC, s.paa_sequence, plain)], "authenticating", "PAN[C]", True,
           inside=plain)
    s.send("pan-complete", "The last answer has nothing that could be encrypted", TO_PAA,
           pana.AUTHENTICATION, C, s.paa_sequence, [pana.number(pana.KEY_ID, 7)], "authenticating",
           SILENCE, True)
    s.paa_sequence += 1
    s.exchange("ping", "Ping from the PaC", True, pana.NOTIFICATION, P)
    plain = octets_of([pana.number(pana.TERMINATION_CAUSE, 1)])
    s.send("ptr-logout", "Logout", TO_PAA, pana.TERMINATION, R, s.pac_sequence,
           [encap(s, TO_PAA, s.pac_sequence, plain)], "open", "PTA", True, inside=plain)
    s.send("pta-logout", "Answer: logout", TO_PAC, pana.TERMINATION, 0, s.pac_sequence, [],
           "terminating", SILENCE, True)
    return group


def corpora():
    return [Corpus("extensions", "Relay and encryption", ["RFC 5191", "RFC 6345", "RFC 6786"],
                   [relay(), encryption(), conversation()])]
