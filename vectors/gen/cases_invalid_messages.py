# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages whose boundaries are right and whose contents are not: types, flags, and AVPs that are
missing, repeated, out of place or of a wrong size (RFC 5191 sections 6.2, 7 and 8).

Where a session has keys the AUTH value is right, so that nothing but the rule named is broken.
"""

import eap
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from session import Session, derive, eap_avp, established, nonce_avp, result_avps

R, S, C, A, P, I = pana.R, pana.S, pana.C, pana.A, pana.P, pana.I
TABLE = "RFC5191 8"


def rule(reason, clause, text, field=None, offset=None, also=()):
    return Rule("message", reason, clause, text, field, offset, also)


def flags_rule(clause, text):
    return rule("bad-flags", clause, text, "Flags", 4)


def types():
    group = Group("type", "Message types that do not exist")
    for kind in (0, 6, 0x0100, 0xFFF0, 0xFFFF):
        for flags, word in ((0, "answer"), (R, "request")):
            group.add("%d-%s" % (kind, word), "Message Type %d, an %s" % (kind, word), TO_PAA,
                      pana.message(kind, flags, 0, 0), "fresh", SILENCE, result="invalid",
                      rule=rule("unknown-type", "RFC5191 10.2.1", "no message has this type",
                                "Message Type", 6))
    return group


def client_initiation():
    group = Group("pci", "PANA-Client-Initiation that an idle PAA must not answer")

    def add(name, comment, flags, session, sequence, avps, broken):
        group.add(name, comment, TO_PAA, pana.message(pana.PCI, flags, session, sequence, *avps),
                  "fresh", SILENCE, result="invalid", rule=broken)

    for bit, letter in pana.FLAG_LETTERS:
        if bit == pana.E:
            continue
        text = "there is no request of type 1" if bit == R else \
            "%s is for other messages and MUST be cleared in this one" % letter
        add("flag-" + letter.lower(), "Flag %s" % letter, bit, 0, 0, [],
            flags_rule("RFC5191 7.1" if bit == R else "RFC5191 6.2", text))
    add("flags-all", "Every assigned flag but E", R | S | C | A | P | I, 0, 0, [],
        flags_rule("RFC5191 6.2", "S, C, A, P and I are for other messages"))
    add("session", "Session Identifier is not zero", 0, 0x5E550300, 0, [],
        rule("bad-value", "RFC5191 7.1", "Session Identifier MUST be zero", "Session Identifier",
             8))
    add("sequence", "Sequence Number is not zero", 0, 0, 1, [],
        rule("bad-value", "RFC5191 7.1", "Sequence Number MUST be zero", "Sequence Number", 12))
    forbidden = [
        pana.octets(pana.AUTH, bytes(20)), eap_avp(eap.identity_response(1, b"pac@example.net")),
        pana.number(pana.INTEGRITY_ALGORITHM, 7), pana.number(pana.KEY_ID, 1),
        nonce_avp(derive("pci", 20)), pana.number(pana.PRF_ALGORITHM, 2),
        pana.number(pana.RESULT_CODE, 0), pana.number(pana.TERMINATION_CAUSE, 1),
    ]
    for avp in forbidden:
        name = pana.AVP_NAMES[avp.code]
        add(name.lower(), "With %s" % name, 0, 0, 0, [avp],
            rule("unexpected-element", TABLE, "%s MUST NOT be in this message" % name, name, 16))
    return group


def flags():
    group = Group("flags", "Flags that a message must not have")
    s = established(group, 0x5E550301, "flags")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    clear = "for this message the bit MUST be cleared"
    exclusive = "exactly one of A and P MUST be set"
    start_complete = "S and C MUST NOT both be set"

    def pair(name, kind, bits, avps, clause, text, needs="open"):
        """In a message to the PAA and in one to the PaC."""
        for direction, short in ((TO_PAA, "to-paa"), (TO_PAC, "to-pac")):
            s.broken("%s-%s" % (name, short), "%s with flags %s" % (
                pana.abbreviation(bits, kind), pana.letters(bits) or "none"), direction, kind, bits,
                avps, needs, flags_rule(clause, text))

    pair("ptr-s", pana.TERMINATION, R | S, [cause], "RFC5191 6.2", clear)
    pair("ptr-c", pana.TERMINATION, R | C, [cause], "RFC5191 6.2", clear)
    pair("ptr-a", pana.TERMINATION, R | A, [cause], "RFC5191 6.2", clear)
    pair("ptr-p", pana.TERMINATION, R | P, [cause], "RFC5191 6.2", clear)
    pair("ptr-i", pana.TERMINATION, R | I, [cause], "RFC5191 6.2", clear)
    pair("pta-s", pana.TERMINATION, S, [], "RFC5191 6.2", clear, "terminating")
    pair("pta-i", pana.TERMINATION, I, [], "RFC5191 6.2", clear, "terminating")
    pair("pnr-none", pana.NOTIFICATION, R, [], "RFC5191 7.6", exclusive)
    pair("pnr-ap", pana.NOTIFICATION, R | A | P, [], "RFC5191 7.6", exclusive)
    pair("pnr-ps", pana.NOTIFICATION, R | P | S, [], "RFC5191 6.2", clear)
    pair("pnr-pc", pana.NOTIFICATION, R | P | C, [], "RFC5191 6.2", clear)
    pair("pnr-pi", pana.NOTIFICATION, R | P | I, [], "RFC5191 6.2", clear)
    pair("pna-none", pana.NOTIFICATION, 0, [], "RFC5191 7.7", exclusive)
    pair("pna-ap", pana.NOTIFICATION, A | P, [], "RFC5191 7.7", exclusive)
    pair("par-sc", pana.AUTHENTICATION, R | S | C, result_avps(0, 60, 1), "RFC5191 7.2",
         start_complete, "authenticating")
    pair("par-a", pana.AUTHENTICATION, R | A, [], "RFC5191 6.2", clear, "authenticating")
    pair("par-p", pana.AUTHENTICATION, R | P, [], "RFC5191 6.2", clear, "authenticating")
    pair("pan-sc", pana.AUTHENTICATION, S | C, [], "RFC5191 7.3", start_complete, "authenticating")
    pair("pan-a", pana.AUTHENTICATION, A, [], "RFC5191 6.2", clear, "authenticating")
    pair("pan-p", pana.AUTHENTICATION, P, [], "RFC5191 6.2", clear, "authenticating")
    pair("pan-i", pana.AUTHENTICATION, I, [], "RFC5191 6.2", clear, "authenticating")
    return group


def start_flags():
    """Without keys, so that an idle or waiting peer shows what it does."""
    group = Group("flags-start", "Flags of the initial answer")
    s = Session(group, 0x5E550302, 0x0E000001, 0x0F000001)
    for name, bits, text in (("sc", S | C, "S and C MUST NOT both be set"),
                             ("si", S | I, "I MUST be cleared but in requests of the PAA"),
                             ("sa", S | A, "A is for notifications"),
                             ("sp", S | P, "P is for notifications")):
        clause = "RFC5191 7.3" if name == "sc" else "RFC5191 6.2"
        s.broken("pan-" + name, "Initial answer with flags %s" % pana.letters(bits), TO_PAA,
                 pana.AUTHENTICATION, bits, [], "started", flags_rule(clause, text))
    return group


def repeated():
    group = Group("repeated", "AVPs that may stand once and stand twice")
    s = established(group, 0x5E550303, "repeated")
    once = "zero or one instance; more is an error"

    def add(name, direction, kind, bits, avps, position, needs, clause=TABLE):
        code = avps[position].code
        s.broken("%s-%s" % (name, pana.AVP_NAMES[code].lower()),
                 "%s twice" % pana.AVP_NAMES[code], direction, kind, bits,
                 avps, needs, rule("repeated-element", clause, once, pana.AVP_NAMES[code]))

    last = result_avps(0, 3600, 1, eap.success(3))
    for position in range(4):
        avps = [avp.copy() for avp in last]
        avps.insert(position + 1, last[position].copy())
        add("par", TO_PAC, pana.AUTHENTICATION, R | C, avps, position, "authenticating")
    nonce = nonce_avp(derive("repeated", 20))
    add("par", TO_PAC, pana.AUTHENTICATION, R, [nonce, nonce.copy()], 0, "reauthenticating")
    add("pan", TO_PAA, pana.AUTHENTICATION, 0, [nonce, nonce.copy()], 0, "reauthenticating")
    add("pan", TO_PAA, pana.AUTHENTICATION, C, [pana.number(pana.KEY_ID, 1)] * 2, 0,
        "authenticating")
    answer = eap_avp(eap.identity_response(1, b"pac@example.net"))
    add("pan", TO_PAA, pana.AUTHENTICATION, 0, [answer, answer.copy()], 0, "reauthenticating")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    add("ptr", TO_PAA, pana.TERMINATION, R, [cause, cause.copy()], 0, "open")
    s.broken("pnr-auth", "AUTH twice", TO_PAA, pana.NOTIFICATION, R | P,
             [pana.octets(pana.AUTH, bytes(20))], "open",
             rule("repeated-element", TABLE, once, "AUTH"))
    plain = Session(group, 0x5E550304, 0x0E100001, 0x0F100001)
    prf, integrity = pana.number(pana.PRF_ALGORITHM, 2), pana.number(pana.INTEGRITY_ALGORITHM, 7)
    for name, avps in (("prf-algorithm", [prf, prf.copy(), integrity]),
                       ("integrity-algorithm", [prf, integrity, integrity.copy()])):
        repeated_avp = avps[1]
        plain.broken("pan-s-" + name, "The initial answer chooses twice", TO_PAA,
                     pana.AUTHENTICATION, S, avps, "started",
                     rule("repeated-element", TABLE, once, pana.AVP_NAMES[repeated_avp.code]))
    return group


def forbidden():
    group = Group("forbidden", "AVPs in messages that must not have them (RFC 5191 Figure 4)")
    s = established(group, 0x5E550305, "forbidden")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    others = {
        pana.EAP_PAYLOAD: eap_avp(eap.identity_response(1, b"pac@example.net")),
        pana.INTEGRITY_ALGORITHM: pana.number(pana.INTEGRITY_ALGORITHM, 7),
        pana.KEY_ID: pana.number(pana.KEY_ID, 1),
        pana.NONCE: nonce_avp(derive("forbidden", 20)),
        pana.PRF_ALGORITHM: pana.number(pana.PRF_ALGORITHM, 2),
        pana.RESULT_CODE: pana.number(pana.RESULT_CODE, 0),
        pana.TERMINATION_CAUSE: cause,
    }
    every = [pana.EAP_PAYLOAD, pana.INTEGRITY_ALGORITHM, pana.KEY_ID, pana.NONCE,
             pana.PRF_ALGORITHM, pana.RESULT_CODE]
    rows = [
        ("pan", TO_PAA, pana.AUTHENTICATION, 0, [], [pana.RESULT_CODE, pana.TERMINATION_CAUSE],
         "reauthenticating"),
        ("par", TO_PAC, pana.AUTHENTICATION, R, [others[pana.EAP_PAYLOAD]],
         [pana.TERMINATION_CAUSE], "reauthenticating"),
        ("ptr", TO_PAA, pana.TERMINATION, R, [cause], every, "open"),
        ("pta", TO_PAC, pana.TERMINATION, 0, [], every + [pana.TERMINATION_CAUSE], "terminating"),
        ("pnr", TO_PAA, pana.NOTIFICATION, R | P, [], every + [pana.TERMINATION_CAUSE], "open"),
        ("pna", TO_PAC, pana.NOTIFICATION, P, [], every + [pana.TERMINATION_CAUSE], "open"),
    ]
    for short, direction, kind, bits, base, codes, needs in rows:
        for code in codes:
            name = pana.AVP_NAMES[code]
            s.broken("%s-%s" % (short, name.lower()), "%s with %s" % (short.upper(), name),
                     direction,
                     kind, bits, [avp.copy() for avp in base] + [others[code].copy()], needs,
                     rule("unexpected-element", TABLE, "%s MUST NOT be in this message" % name,
                          name))
    plain = Session(group, 0x5E550306, 0x0E200001, 0x0F200001)
    for code in (pana.RESULT_CODE, pana.TERMINATION_CAUSE):
        name = pana.AVP_NAMES[code]
        plain.broken("pan-s-" + name.lower(), "The initial answer with %s" % name, TO_PAA,
                     pana.AUTHENTICATION, S, [others[code].copy()], "started",
                     rule("unexpected-element", TABLE, "%s MUST NOT be in this message" % name,
                          name,
                          16))
    return group


def places():
    group = Group("place", "AVPs that are missing, or not at their fixed position")
    s = established(group, 0x5E550307, "place")
    vendor = pana.vendor(b"baton001")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    s.broken("ptr-empty", "PTR without Termination-Cause", TO_PAA, pana.TERMINATION, R, [], "open",
             rule("missing-element", "RFC5191 7.4", "Termination-Cause MUST be there",
                  "Termination-Cause"))
    s.broken("ptr-second", "Termination-Cause behind another AVP", TO_PAA, pana.TERMINATION, R,
             [vendor.copy(), cause.copy()], "open",
             rule("misplaced-element", "RFC5191 7.4", "Termination-Cause is the first AVP",
                  "Termination-Cause", also=["unknown-element"]))

    def early(name, comment, direction, kind, bits, before, after, needs, *also):
        """AUTH with a right value, followed by something."""
        packet = pana.message(kind, bits, s.id, s.place(direction, bits)["sequence"],
                              *before, pana.octets(pana.AUTH, bytes(20)), *after)
        draft = bytes(packet)
        at = 16 + sum(len(bytes(avp)) for avp in before) + 8
        octets = draft[:at] + s.sa.auth(draft) + draft[at + 20 :]
        group.add(name, comment, direction, octets, needs, SILENCE, result="invalid",
                  rule=rule("misplaced-element", "RFC5191 5.5", "AUTH is the last AVP", "AUTH",
                            at - 8, also), auth=(s.sa_index, True), peer=s.place(direction, bits))

    early("pnr-auth-first", "AUTH before a vendor's AVP", TO_PAA, pana.NOTIFICATION, R | P, [],
          [vendor.copy()], "open", "unknown-element")
    early("pan-auth-first", "AUTH before Key-Id", TO_PAA, pana.AUTHENTICATION, C, [],
          [pana.number(pana.KEY_ID, 1)], "authenticating")
    early("par-auth-middle", "AUTH between Key-Id and Session-Lifetime", TO_PAC,
          pana.AUTHENTICATION, R | C, result_avps(0, None, 1, eap.success(3)),
          [pana.number(pana.SESSION_LIFETIME, 60)], "authenticating")
    early("ptr-auth-first", "AUTH where Termination-Cause belongs", TO_PAA, pana.TERMINATION, R, [],
          [cause.copy()], "open")
    return group


def sizes():
    group = Group("size", "Values of a wrong size")
    s = established(group, 0x5E550308, "size")
    four = "a value of this type has four octets"

    def add(name, direction, kind, bits, before, code, size, needs, session=s):
        avp = pana.octets(code, derive("size", size))
        s_rule = rule("bad-length", "RFC5191 8." + str(code), four, pana.AVP_NAMES[code])
        session.broken("%s-%s-%d" % (name, pana.AVP_NAMES[code].lower(), size),
                       "%s of %d octets" % (pana.AVP_NAMES[code], size), direction, kind, bits,
                       [b.copy() for b in before] + [avp], needs, s_rule)

    success = [pana.number(pana.RESULT_CODE, 0), eap_avp(eap.success(3))]
    lifetime = pana.number(pana.SESSION_LIFETIME, 60)
    add("par", TO_PAC, pana.AUTHENTICATION, R | C, success + [lifetime], pana.KEY_ID, 3,
        "authenticating")
    add("par", TO_PAC, pana.AUTHENTICATION, R | C, success + [pana.number(pana.KEY_ID, 1)],
        pana.SESSION_LIFETIME, 8, "authenticating")
    add("par", TO_PAC, pana.AUTHENTICATION, R | C, success[1:] + [lifetime], pana.RESULT_CODE, 1,
        "authenticating")
    add("pan", TO_PAA, pana.AUTHENTICATION, C, [], pana.KEY_ID, 8, "authenticating")
    add("ptr", TO_PAA, pana.TERMINATION, R, [], pana.TERMINATION_CAUSE, 0, "open")
    add("ptr", TO_PAA, pana.TERMINATION, R, [], pana.TERMINATION_CAUSE, 2, "open")
    add("ptr", TO_PAA, pana.TERMINATION, R, [], pana.TERMINATION_CAUSE, 5, "open")
    plain = Session(group, 0x5E550309, 0x0E300001, 0x0F300001)
    prf = pana.number(pana.PRF_ALGORITHM, 2)
    for size in (0, 2, 8):
        add("pan-s", TO_PAA, pana.AUTHENTICATION, S, [prf], pana.INTEGRITY_ALGORITHM, size,
            "started", plain)
    add("pan-s", TO_PAA, pana.AUTHENTICATION, S, [], pana.PRF_ALGORITHM, 5, "started", plain)
    for size in (0, 1, 7, 257, 512):
        for direction, bits, short in ((TO_PAC, R, "par"), (TO_PAA, 0, "pan")):
            s.broken("%s-nonce-%d" % (short, size), "Nonce of %d octets" % size, direction,
                     pana.AUTHENTICATION, bits, [nonce_avp(derive("size", size))],
                     "reauthenticating",
                     rule("bad-length", "RFC5191 8.5", "a nonce has 8 to 256 octets", "Nonce"))
    return group


def corpora():
    return [Corpus("invalid-messages", "Messages that no state allows", ["RFC 5191"],
                   [types(), client_initiation(), flags(), start_flags(), repeated(), forbidden(),
                    places(), sizes()])]
