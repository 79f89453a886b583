# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that are right in themselves and wrong in the state of the session: sequence number,
session identifier, phase, and what an exchange must and must not carry (RFC 5191 sections 4, 5)."""

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from session import Session, derive, eap_avp, established, nonce_avp, result_avps

R, S, C, A, P, I = pana.R, pana.S, pana.C, pana.A, pana.P, pana.I
AUTHENTICATION, NOTIFICATION = pana.AUTHENTICATION, pana.NOTIFICATION
PEER = b"pac@example.net"


def rule(reason, clause, text, field=None, offset=None, also=()):
    return Rule("session", reason, clause, text, field, offset, also)


NONCE_TOO = ["unexpected-element"]  # S says initial, and an initial message has no nonce


SEQUENCE = rule("bad-sequence-number", "RFC5191 5.2", "the number must be that of the outstanding "
                "request, or the next one for a request", "Sequence Number", 12)
SESSION = rule("unknown-session", "RFC5191 4.1", "the identifier that the PAA assigned MUST be in "
               "every message of the session", "Session Identifier", 8)


def phase(text):
    return rule("wrong-state", "RFC5191 5.5", text)


def idle():
    group = Group("idle", "An idle PAA or PaC knows no session")
    s = established(group, 0x5E550400, "idle")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    nobody = rule("unknown-session", "RFC5191 5.5", "the Session Identifier is of no session",
                  "Session Identifier", 8)
    plain = Session(group, 0x5E550401, 0x0E400001, 0x0F400001)
    for session, word in ((plain, "plain"), (s, "keyed")):
        for name, kind, bits, avps in (("pan", AUTHENTICATION, 0, []),
                                       ("par", AUTHENTICATION, R, []),
                                       ("pnr-p", NOTIFICATION, R | P, []),
                                       ("pnr-a", NOTIFICATION, R | A, []),
                                       ("pna-p", NOTIFICATION, P, []),
                                       ("ptr", pana.TERMINATION, R, [cause]),
                                       ("pta", pana.TERMINATION, 0, [])):
            session.broken("%s-%s" % (word, name), "Out of the blue", TO_PAA, kind, bits,
                           [avp.copy() for avp in avps], "fresh", nobody)
    zero = rule("unknown-session", "RFC5191 5.5", "no session has the identifier zero",
                "Session Identifier", 8)
    plain.broken("pan-s-zero", "An initial answer without a session", TO_PAA, AUTHENTICATION, S, [],
                 "fresh", zero, session=0)
    for name, kind, bits, avps in (("par-c", AUTHENTICATION, R | C, result_avps(0, 60)),
                                   ("par", AUTHENTICATION, R, [eap_avp(eap.identity_request(1))]),
                                   ("pna-a", NOTIFICATION, A, []),
                                   ("ptr", pana.TERMINATION, R, [pana.number(9, 4)])):
        plain.broken("pac-" + name, "To a PaC that began nothing", TO_PAC, kind, bits, avps,
                     "fresh",
                     nobody)
    return group


def started():
    group = Group("started", "Answers to the initial request that a PAA must not take")
    s = Session(group, 0x5E550410, 0x0E500001, 0x0F500001)
    prf, integrity = (lambda n: pana.number(pana.PRF_ALGORITHM, n),
                      lambda n: pana.number(pana.INTEGRITY_ALGORITHM, n))
    choice = [prf(2), integrity(7)]
    s.offer([2], [7])

    def add(name, comment, bits, avps, broken, **more):
        s.broken(name, comment, TO_PAA, more.pop("kind", AUTHENTICATION), bits, avps, "started",
                 broken, **more)

    first = s.paa_sequence
    add("pan-above", "Sequence Number one too high", S, choice, SEQUENCE, sequence=first + 1)
    add("pan-below", "Sequence Number one too low", S, choice, SEQUENCE, sequence=first - 1)
    add("pan-zero", "Sequence Number zero", S, choice, SEQUENCE, sequence=0)
    add("pan-swapped", "Sequence Number in the wrong byte order", S, choice, SEQUENCE,
        sequence=int.from_bytes(first.to_bytes(4, "big"), "little"))
    add("pan-session", "Another Session Identifier", S, choice, SESSION, session=s.id ^ 1)
    add("pan-session-zero", "Session Identifier zero", S, choice, SESSION, session=0)
    add("pan-no-s", "The initial answer without S", 0, choice,
        rule("bad-flags", "RFC5191 4.1", "the initial answer MUST have S", "Flags", 4))
    add("pan-c", "C in place of S", C, [], rule("bad-flags", "RFC5191 4.1",
                                              "the initial answer MUST have S", "Flags", 4))
    add("pan-nonce", "A nonce in the initial answer", S, choice + [nonce_avp(derive("early", 20))],
        rule("unexpected-element", "RFC5191 4.1", "the nonce belongs into the first exchange after "
             "the initial one, and MUST NOT be in any other message", "Nonce"))
    add("pan-prf", "A PRF that nobody defined", S, [prf(0xFFFF), integrity(7)],
        rule("unknown-algorithm", "RFC5191 4.1", "the PaC selects from what was offered",
             "PRF-Algorithm", 16))
    add("pan-integrity", "An integrity algorithm that nobody defined", S,
        [prf(2), integrity(0xFFFF)],
        rule("unknown-algorithm", "RFC5191 4.1", "the PaC selects from what was offered",
             "Integrity-Algorithm", 28))
    text = "the initial exchange is not complete"
    add("pnr-p", "Ping", R | P, [], phase(text), kind=NOTIFICATION)
    add("pnr-a", "Re-authentication request", R | A, [], phase(text), kind=NOTIFICATION)
    add("ptr", "Termination", R, [pana.number(pana.TERMINATION_CAUSE, 1)], phase(text),
        kind=pana.TERMINATION)
    return group


def authenticating():
    group = Group("authenticating", "While EAP is running")
    s = Session(group, 0x5E550420, 0x0E600002, 0x0F600002)
    response = eap_avp(eap.identity_response(1, PEER))
    nonce = nonce_avp(derive("authenticating", 20))

    def add(name, comment, direction, bits, avps, broken, **more):
        s.broken(name, comment, direction, more.pop("kind", AUTHENTICATION), bits, avps,
                 more.pop("needs", "authenticating"), broken, **more)

    group.add("pci", "PCI after the initial exchange", TO_PAA, pana.message(pana.PCI, 0, 0, 0),
              "authenticating", SILENCE, result="invalid",
              rule=phase("PCI has no place after the initial exchange"), peer=s.place(TO_PAA, 0))
    add("pan-above", "Answer with the next number", TO_PAA, 0, [nonce, response], SEQUENCE,
        sequence=s.paa_sequence + 1)
    add("pan-below", "Answer to the request before", TO_PAA, 0, [nonce, response], SEQUENCE,
        sequence=s.paa_sequence - 1)
    add("pan-session", "Another Session Identifier", TO_PAA, 0, [nonce, response], SESSION,
        session=s.id ^ 0x80000000)
    add("pan-s", "S in an answer that is not the initial one", TO_PAA, S, [nonce, response],
        rule("bad-flags", "RFC5191 4.1", "other messages MUST NOT have S", "Flags", 4, NONCE_TOO))
    add("pan-c", "C in the answer to a request without C", TO_PAA, C, [nonce, response],
        rule("bad-flags", "RFC5191 4.1", "only the last exchange has C", "Flags", 4))
    add("pan-no-nonce", "The first answer after the initial one without a nonce", TO_PAA, 0,
        [response], rule("missing-element", "RFC5191 4.1", "a nonce MUST be in it", "Nonce"))
    add("par-i", "A request of the PaC with I", TO_PAA, R | I, [response],
        rule("bad-flags", "RFC5191 6.2", "the PAA alone sets I", "Flags", 4))
    add("par-s", "An initial request of the PaC", TO_PAA, R | S, [],
        rule("bad-flags", "RFC5191 4.1", "the PAA alone sends initial requests", "Flags", 4))
    add("par-c", "A last request of the PaC", TO_PAA, R | C, [pana.number(pana.RESULT_CODE, 0)],
        rule("bad-flags", "RFC5191 4.1", "the PAA alone sends the result", "Flags", 4))
    add("pnr-p", "Ping", TO_PAA, R | P, [], phase("no ping before the access phase"),
        kind=NOTIFICATION)
    add("pnr-a", "Re-authentication request", TO_PAA, R | A, [],
        phase("no re-authentication before the access phase"), kind=NOTIFICATION)
    add("ptr", "Termination", TO_PAA, R, [pana.number(pana.TERMINATION_CAUSE, 1)],
        phase("no termination before the access phase"), kind=pana.TERMINATION)
    request = eap_avp(eap.identity_request(1))
    add("pac-above", "A request one number ahead", TO_PAC, R, [request], SEQUENCE,
        sequence=s.paa_sequence + 1)
    add("pac-below", "A request two numbers old", TO_PAC, R, [request], SEQUENCE,
        sequence=s.paa_sequence - 2)
    add("pac-session", "Another Session Identifier", TO_PAC, R, [request], SESSION,
        session=s.id ^ 1)
    add("pac-no-nonce", "The first request after the initial one without a nonce", TO_PAC, R,
        [request], rule("missing-element", "RFC5191 4.1", "a nonce MUST be in it", "Nonce"))
    add("pac-par-s", "An initial request after one that was not", TO_PAC, R | S, [],
        phase("no initial request after one without S was taken"))
    add("pac-ping", "Ping", TO_PAC, R | P, [], phase("no ping before the access phase"),
        kind=NOTIFICATION)
    add("pac-ptr", "Termination", TO_PAC, R, [pana.number(pana.TERMINATION_CAUSE, 4)],
        phase("no termination before the access phase"), kind=pana.TERMINATION)
    add("pac-no-lifetime", "PANA_SUCCESS without Session-Lifetime", TO_PAC, R | C,
        result_avps(0, eap_packet=eap.success(3)),
        rule("missing-element", "RFC5191 5.7", "Session-Lifetime MUST be there",
             "Session-Lifetime"))
    add("pac-no-result", "A last request without Result-Code", TO_PAC, R | C,
        [eap_avp(eap.success(3)), pana.number(pana.SESSION_LIFETIME, 60)],
        rule("missing-element", "RFC5191 4.1", "the last request carries the result of PANA "
             "authentication", "Result-Code"))
    add("pac-early-c", "A last request in place of the initial one", TO_PAC, R | C,
        result_avps(1, eap_packet=eap.failure(3)),
        phase("C before the initial exchange is complete"),
        needs="started")
    add("pac-early", "A request in place of the initial one", TO_PAC, R, [request],
        rule("bad-flags", "RFC5191 4.1", "the initial request MUST have S", "Flags", 4),
        needs="started")
    return group


def access():
    group = Group("access", "In the access phase, all with a right AUTH")
    s = established(group, 0x5E550430, "access")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    s.paa_sequence += 3
    s.pac_sequence += 3

    def add(name, comment, direction, kind, bits, avps, broken, **more):
        s.broken(name, comment, direction, kind, bits, avps, more.pop("needs", "open"), broken,
                 **more)

    group.add("pci", "PCI", TO_PAA, pana.message(pana.PCI, 0, 0, 0), "open", SILENCE,
              result="invalid", rule=phase("no PCI in the access phase"), peer=s.place(TO_PAA, 0))
    add("par", "PAR from the PaC", TO_PAA, AUTHENTICATION, R,
        [eap_avp(eap.identity_response(1, PEER))], phase("no PAR in the access phase"))
    for name, delta in (("above", 1), ("far", 1000), ("older", -2), ("half", 0x80000000)):
        number = (s.pac_sequence + delta) & 0xFFFFFFFF
        add("pnr-" + name, "Ping, number off by %d" % delta, TO_PAA, NOTIFICATION, R | P, [],
            SEQUENCE, sequence=number)
    add("ptr-above", "PTR with a number one ahead", TO_PAA, pana.TERMINATION, R, [cause.copy()],
        SEQUENCE, sequence=s.pac_sequence + 1)
    add("pnr-session", "Ping for another session", TO_PAA, NOTIFICATION, R | P, [], SESSION,
        session=s.id ^ 0x00010000)
    add("ptr-session", "PTR for another session", TO_PAA, pana.TERMINATION, R, [cause.copy()],
        SESSION, session=s.id + 1)
    for name, kind, bits in (("pna", NOTIFICATION, P), ("pna-a", NOTIFICATION, A),
                             ("pta", pana.TERMINATION, 0), ("pan", AUTHENTICATION, 0),
                             ("pan-c", AUTHENTICATION, C)):
        add("unasked-" + name, "An answer to no request", TO_PAA, kind, bits, [], SEQUENCE)
    add("pac-above", "Ping from the PAA, number one ahead", TO_PAC, NOTIFICATION, R | P, [],
        SEQUENCE, sequence=s.paa_sequence + 1)
    add("pac-session", "Ping from the PAA for another session", TO_PAC, NOTIFICATION, R | P, [],
        SESSION, session=s.id ^ 1)
    add("pac-par-s", "An initial request in the access phase", TO_PAC, AUTHENTICATION, R | S, [],
        phase("no initial request in the access phase"))
    add("pac-unasked", "PNA to no request", TO_PAC, NOTIFICATION, P, [], SEQUENCE)
    return group


def later():
    group = Group("later", "In the re-authentication and termination phases, all with a right AUTH")
    s = established(group, 0x5E550440, "later")
    nonce = nonce_avp(derive("later", 20))
    request = eap_avp(eap.identity_request(4))

    def add(name, comment, direction, kind, bits, avps, needs, broken, **more):
        s.broken(name, comment, direction, kind, bits, [avp.copy() for avp in avps], needs, broken,
                 **more)

    group.add("reauth-pci", "PCI", TO_PAA, pana.message(pana.PCI, 0, 0, 0), "reauthenticating",
              SILENCE, result="invalid", rule=phase("no PCI while re-authenticating"),
              peer=s.place(TO_PAA, 0))
    add("reauth-par-s", "Re-authentication with S", TO_PAC, AUTHENTICATION, R | S, [nonce, request],
        "reauthenticating", rule("bad-flags", "RFC5191 4.3", "S MUST be cleared", "Flags", 4,
                                 NONCE_TOO))
    add("reauth-pan-s", "Answer with S", TO_PAA, AUTHENTICATION, S, [nonce], "reauthenticating",
        rule("bad-flags", "RFC5191 4.3", "S MUST be cleared", "Flags", 4,
                                 NONCE_TOO))
    add("reauth-pan-no-nonce", "The first answer without a nonce", TO_PAA, AUTHENTICATION, 0, [],
        "reauthenticating", rule("missing-element", "RFC5191 4.3", "a nonce MUST be in it",
                                 "Nonce"))
    add("reauth-par-no-nonce", "The first request without a nonce", TO_PAC, AUTHENTICATION, R,
        [request], "reauthenticating",
        rule("missing-element", "RFC5191 4.3", "a nonce MUST be in it", "Nonce"))
    add("pan-c-no-key", "The last answer without Key-Id", TO_PAA, AUTHENTICATION, C, [],
        "reauthenticating", rule("missing-element", "RFC5191 5.3", "the Key-Id of the request MUST "
                                 "be in it", "Key-Id"))
    add("pan-c-other-key", "The last answer with another Key-Id", TO_PAA, AUTHENTICATION, C,
        [pana.number(pana.KEY_ID, 2)], "reauthenticating",
        rule("unknown-key", "RFC5191 5.3", "the Key-Id of the request MUST be in it", "Key-Id"))
    add("pan-no-c", "The last answer without C", TO_PAA, AUTHENTICATION, 0,
        [pana.number(pana.KEY_ID, 1)], "reauthenticating",
        rule("bad-flags", "RFC5191 4.1", "the last answer MUST have C", "Flags", 4,
             ["unexpected-element"]))
    ended = "only PTR and ping are expected"
    group.add("end-pci", "PCI", TO_PAA, pana.message(pana.PCI, 0, 0, 0), "terminating", SILENCE,
              result="invalid", rule=phase("no PCI in the termination phase"),
              peer=s.place(TO_PAA, 0))
    add("end-pnr-a", "Re-authentication request", TO_PAA, NOTIFICATION, R | A, [], "terminating",
        phase(ended))
    add("end-par", "PAR", TO_PAA, AUTHENTICATION, R, [request], "terminating", phase(ended))
    add("end-pta-above", "PTA with the next number", TO_PAA, pana.TERMINATION, 0, [], "terminating",
        SEQUENCE, sequence=s.paa_sequence + 1)
    return group


def preauthentication():
    group = Group("preauth-mixed", "E set by one side only (RFC 5873 section 3)")
    cleared = rule("bad-flags", "RFC5873 3", "who sent S and E MUST discard S without E", "Flags",
                   4)
    plain = Session(group, 0x5E550450, 0x0E700001, 0x0F700001)
    plain.preauth = True
    plain.broken("pan-s", "Initial answer without E to a request with E", TO_PAA, AUTHENTICATION, S,
                 [], "started", cleared)
    return group


def corpora():
    return [Corpus("invalid-sessions", "Messages that the state of the session forbids",
                   ["RFC 5191", "RFC 5873"],
                   [idle(), started(), authenticating(), access(), later(), preauthentication()])]
