# SPDX-License-Identifier: GPL-2.0-or-later
"""Each message by itself, with each flag and AVP that it may have; all valid."""

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group
from session import Session, derive, eap_avp, established, nonce_avp, result_avps

AR, S, C, I = pana.R, pana.S, pana.C, pana.I
AUTH = pana.AUTHENTICATION


def unprotected():
    group = Group("plain", "Messages of sessions without an SA")
    s = Session(group, 0x5E550100, 0x0A000001, 0x0B000001)
    prf = [pana.number(pana.PRF_ALGORITHM, n) for n in (2, 5)]
    integrity = [pana.number(pana.INTEGRITY_ALGORITHM, n) for n in (7, 12)]
    identity = eap.identity_request(1)

    def to_pac(name, comment, flags, avps, needs="authenticating", reaction="PAN", kind=AUTH):
        s.send(name, comment, TO_PAC, kind, flags, s.paa_sequence, avps, needs, reaction)

    def to_paa(name, comment, flags, avps, needs="authenticating", reaction="PAR", kind=AUTH):
        s.send(name, comment, TO_PAA, kind, flags, s.paa_sequence, avps, needs, reaction)

    s.pci("pci", "The shortest message there is")
    to_pac("par-s", "Initial request with nothing in it", AR | S, [], "started", "PAN[S]")
    to_pac("par-s-algorithms", "Two PRFs and two integrity algorithms offered", AR | S,
           prf + integrity, "started", "PAN[S]")
    to_pac("par-s-reversed", "AVPs may stand in any order: integrity algorithms first", AR | S,
           list(reversed(prf + integrity)), "started", "PAN[S]")
    to_pac("par-s-eap", "Initial request of a PAA that keeps state: with EAP", AR | S,
           [eap_avp(identity)], "started", "PAN[S]")
    to_pac("par-s-i", "IP reconfiguration will be needed", AR | S | I, [], "started", "PAN[S]")
    to_pac("par", "Request with EAP", AR, [eap_avp(eap.md5_request(2, derive("m", 16), b"paa"))])
    to_pac("par-i", "Request with EAP, IP reconfiguration", AR | I, [eap_avp(eap.tls_start(3))])
    to_pac("par-nonce", "First request after the initial one", AR,
           [nonce_avp(derive("n", 20)), eap_avp(identity)])
    to_pac("par-nonce-8", "The shortest nonce", AR, [nonce_avp(derive("n", 8)), eap_avp(identity)])
    to_pac("par-nonce-17", "A nonce that needs three octets of padding", AR,
           [nonce_avp(derive("n", 17)), eap_avp(identity)])
    to_pac("par-nonce-256", "The longest nonce", AR,
           [nonce_avp(derive("n", 256)), eap_avp(identity)])
    for size in range(4):
        octets = eap.identity_response(1, b"pac@example.net"[: 11 + size])
        to_paa("pan-padding-%d" % ((-len(octets)) % 4),
               "EAP message of %d octets: %d of padding" % (len(octets), -len(octets) % 4), 0,
               [eap_avp(octets)])
    to_pac("par-large", "EAP message of 1380 octets", AR,
           [eap_avp(eap.md5_request(9, derive("large", 16), derive("name", 1358)))])
    s.offer([], [])
    to_paa("pan-s", "Initial answer with nothing in it", S, [], "started")
    s.offer([2, 5], [7, 12])
    to_paa("pan-s-algorithms", "Initial answer with the choice", S, [prf[1], integrity[1]],
           "started")
    s.offers = None
    to_paa("pan", "Bare acknowledgement", 0, [], reaction=SILENCE)
    to_paa("pan-nonce", "Acknowledgement with the nonce", 0, [nonce_avp(derive("n", 20))],
           reaction=SILENCE)
    to_pac("par-c", "Success", AR | C, result_avps(0, 3600, eap_packet=eap.success(9)),
           reaction="PAN[C]")
    to_pac("par-c-i", "Success, IP reconfiguration", AR | C | I,
           result_avps(0, 3600, eap_packet=eap.success(9)), reaction="PAN[C]")
    to_pac("par-c-forever", "The longest lifetime", AR | C,
           result_avps(0, 0xFFFFFFFF, eap_packet=eap.success(9)), reaction="PAN[C]")
    to_pac("par-c-rejected", "PANA_AUTHENTICATION_REJECTED", AR | C,
           result_avps(1, eap_packet=eap.failure(9)), reaction="PAN[C]")
    to_pac("par-c-unauthorised", "PANA_AUTHORIZATION_REJECTED", AR | C,
           result_avps(2, eap_packet=eap.success(9)), reaction="PAN[C]")
    to_paa("pan-c", "Last answer", C, [], reaction=SILENCE)
    s.exchange("ping", "Ping from the PaC", True, pana.NOTIFICATION, pana.P)
    s.exchange("ping-paa", "Ping from the PAA", False, pana.NOTIFICATION, pana.P)
    s.exchange("reauth", "Re-authentication request", True, pana.NOTIFICATION, pana.A, after="PAR")
    for name, cause, from_pac in (("logout", 1, True), ("administrative", 4, False),
                                  ("timeout", 8, False)):
        s.exchange(name, name.upper(), from_pac, pana.TERMINATION, 0,
                   [pana.number(pana.TERMINATION_CAUSE, cause)])
    return group


def numbers():
    group = Group("numbers", "Bounds of session identifier and sequence number")
    for name, identifier, sequence in (("zero", 0x5E550110, 0), ("highest", 0x5E550111, 0xFFFFFFFF),
                                       ("session-1", 1, 0x01020304),
                                       ("session-highest", 0xFFFFFFFF, 0x01020304)):
        s = Session(group, identifier, sequence, 1)
        s.offer([], [])
        s.send("par-" + name, "Initial request", TO_PAC, AUTH, AR | S, sequence, [], "started",
               "PAN[S]")
        s.send("pan-" + name, "Initial answer", TO_PAA, AUTH, S, sequence, [], "started", "PAR")
    return group


def protected():
    group = Group("keyed", "Messages of a session with an SA, each with AUTH as its last AVP")
    s = established(group, 0x5E550120, "keyed")

    def to_pac(name, comment, flags, avps, needs="open", reaction=SILENCE, kind=AUTH,
               sequence=None):
        s.send(name, comment, TO_PAC, kind, flags,
               s.paa_sequence if sequence is None else sequence, avps, needs, reaction, True)

    to_pac("par-c", "Success", AR | C, result_avps(0, 3600, 1, eap.success(4)), "authenticating",
           "PAN[C]")
    to_pac("par-c-i", "Success, IP reconfiguration", AR | C | I,
           result_avps(0, 60, 1, eap.success(4)), "authenticating", "PAN[C]")
    to_pac("par-c-shuffled", "AVPs without a fixed position in another order; AUTH still last",
           AR | C, list(reversed(result_avps(0, 3600, 1, eap.success(4)))), "authenticating",
           "PAN[C]")
    s.send("pan-c", "Last answer", TO_PAA, AUTH, C, s.paa_sequence, [pana.number(pana.KEY_ID, 1)],
           "authenticating", SILENCE, True)
    s.exchange("ping", "Ping from the PaC", True, pana.NOTIFICATION, pana.P)
    s.exchange("ping-paa", "Ping from the PAA", False, pana.NOTIFICATION, pana.P)
    s.exchange("reauth", "Re-authentication request", True, pana.NOTIFICATION, pana.A, after="PAR")
    for name, cause, from_pac in (("logout", 1, True), ("administrative", 4, False),
                                  ("timeout", 8, False)):
        s.exchange(name, name.upper(), from_pac, pana.TERMINATION, 0,
                   [pana.number(pana.TERMINATION_CAUSE, cause)])
    other = established(group, 0x5E550121, "keyed sha2", (5, 12), paa_isn=1, pac_isn=0xFFFFFFFF)
    other.exchange("ping-sha2", "AUTH of 16 octets, highest sequence number", True,
                   pana.NOTIFICATION, pana.P)
    return group


def retransmitted():
    group = Group("again", "The same request a second time must be answered again (RFC 5191 "
                  "section 5.2)")
    s = established(group, 0x5E550130, "again")
    for name, comment in (("first", "Ping"), ("second", "The same ping, octet for octet")):
        s.send("pnr-" + name, comment, TO_PAA, pana.NOTIFICATION, pana.R | pana.P, s.pac_sequence,
               [], "open", "PNA[P]", True)
    return group


def corpora():
    return [Corpus("messages", "Each message with each flag", ["RFC 5191"],
                   [unprotected(), numbers(), protected(), retransmitted()])]
