# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole sessions, all messages valid: keyless, keyed, re-authenticated, terminated,
pre-authenticated."""

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group
from session import Session, derive, eap_avp, nonce_avp, result_avps

MANDATORY = ((keys.PRF_HMAC_SHA1, keys.AUTH_HMAC_SHA1_160),)
STRONGER = ((keys.PRF_HMAC_SHA2_256, keys.AUTH_HMAC_SHA2_256_128),)

SECRET = b"baton md5 secret"
PEER, SERVER = b"pac@example.net", b"paa.example.net"


def psk_dialog(label):
    return eap.PSKDialog(derive("psk", 16), derive(label + " rand_s", 16),
                         derive(label + " rand_p", 16), SERVER, PEER)


def md5():
    group = Group("md5", "EAP-MD5: no keys, hence no AUTH; EAP in the PaC's answers")
    group.eap.append({"method": "EAP-MD5", "password": SECRET.decode(), "id_p": PEER.decode(),
                      "id_s": SERVER.decode()})
    s = Session(group, 0x5E550001, 0x10000001, 0x20000001)
    challenge = derive("md5 challenge", 16)
    s.pci("pci", "PaC-initiated session")
    s.start((), "a keyless method needs no algorithms")
    s.paa_round("identity", "EAP-Request/Identity; the nonces are due here",
                [nonce_avp(derive("md5 paa nonce", 20)), eap_avp(eap.identity_request(1))],
                [nonce_avp(derive("md5 pac nonce", 20)), eap_avp(eap.identity_response(1, PEER))])
    s.paa_round("challenge", "EAP-MD5 challenge",
                [eap_avp(eap.md5_request(2, challenge, SERVER))],
                [eap_avp(eap.md5_response(2, SECRET, challenge, PEER))], after="PAR[C]")
    s.complete("complete", "PANA_SUCCESS with a lifetime of an hour",
               result_avps(pana.PANA_SUCCESS, 3600, eap_packet=eap.success(2)), [], False)
    s.exchange("ping", "Ping from the PaC, without AUTH as there is no SA", True,
               pana.NOTIFICATION, pana.P)
    s.exchange("logout", "The PaC leaves", True, pana.TERMINATION, 0,
               [pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)])
    return group


def md5_rejected():
    group = Group("md5-rejected", "EAP-MD5 with a wrong password")
    group.eap.append({"method": "EAP-MD5", "password": SECRET.decode(), "id_p": PEER.decode(),
                      "id_s": SERVER.decode()})
    s = Session(group, 0x5E550002, 0xFFFFFFFE, 0x30000001)
    challenge = derive("md5 rejected challenge", 16)
    s.pci("pci", "PaC-initiated session")
    s.start((), "sequence number two below the wrap")
    s.paa_round("identity", "EAP-Request/Identity, the highest sequence number",
                [nonce_avp(derive("rejected paa nonce", 10)), eap_avp(eap.identity_request(7))],
                [nonce_avp(derive("rejected pac nonce", 10)),
                 eap_avp(eap.identity_response(7, PEER))])
    s.paa_sequence = 0
    s.paa_round("challenge", "EAP-MD5 challenge, sequence number wrapped to zero",
                [eap_avp(eap.md5_request(8, challenge, SERVER))],
                [eap_avp(eap.md5_response(8, b"something else", challenge, PEER))],
                after="PAR[C]")
    s.complete("complete", "PANA_AUTHENTICATION_REJECTED with EAP-Failure",
               result_avps(pana.PANA_AUTHENTICATION_REJECTED, eap_packet=eap.failure(8)), [], False)
    return group


def psk_exchange(s, dialog, label, first, key_id, pair, piggyback, needs="authenticating",
                 protected=False, encryption=None):
    """Identity, the four EAP-PSK messages, and the new association before the last exchange."""
    paa_nonce, pac_nonce = derive(label + " paa nonce", 20), derive(label + " pac nonce", 20)
    rounds = [
        ("identity", "EAP-Request/Identity", eap.identity_request(first),
         eap.identity_response(first, PEER)),
        ("psk1", "EAP-PSK first message", dialog.first(first + 1), dialog.second(first + 1)),
        ("psk3", "EAP-PSK third message", dialog.third(first + 2), dialog.fourth(first + 2)),
    ]
    for i, (name, what, request, response) in enumerate(rounds):
        request_avps, answer_avps = [eap_avp(request)], []
        if i == 0:
            request_avps.insert(0, nonce_avp(paa_nonce))
            answer_avps.append(nonce_avp(pac_nonce))
        after = "PAR[C]" if i == 2 else "PAR"
        if piggyback:
            answer_avps = answer_avps + [eap_avp(response)]
        name = name if label != "reauth" else "re-" + name
        s.paa_round(name, what, request_avps, answer_avps, protected, needs, after)
        if not piggyback:
            s.pac_round(name + "-reply", "response to " + what, [eap_avp(response)], protected,
                        needs,
                        after)
    s.associate(dialog.msk, key_id, pac_nonce, paa_nonce, pair[0], pair[1], encryption)


def finish(s, first, key_id, lifetime=3600, name="complete", needs="authenticating"):
    s.complete(name, "PANA_SUCCESS, protected with the new key",
               result_avps(pana.PANA_SUCCESS, lifetime, key_id, eap.success(first + 2)),
               [pana.number(pana.KEY_ID, key_id)], True, needs)


def psk_session(name, title, identifier, pair, piggyback, offer=None):
    group = Group(name, title)
    s = Session(group, identifier, 0x41000001, 0x52000001)
    dialog = psk_dialog(name)
    group.eap.append(dialog.as_json())
    s.pci("pci", "PaC-initiated session")
    s.start(offer or (pair,), "algorithms offered")
    psk_exchange(s, dialog, name, 1, 1, pair, piggyback)
    finish(s, 1, 1)
    return group, s


def psk():
    group, s = psk_session("psk",
                           "EAP-PSK as in RFC 5191 Figure 1: the PaC answers first, and sends "
                           "EAP in requests of its own", 0x5E550010, MANDATORY[0], False)
    s.exchange("ping", "Ping from the PaC", True, pana.NOTIFICATION, pana.P)
    s.exchange("ping-paa", "Ping from the PAA", False, pana.NOTIFICATION, pana.P)
    return group, s


def psk_long():
    group, s = psk_session("psk-reauth",
                           "EAP-PSK, EAP in answers; re-authentication asked for by the "
                           "PaC (RFC 5191 Figure 2), then logout", 0x5E550011, MANDATORY[0], True)
    s.exchange("reauth", "Re-authentication request, old key", True, pana.NOTIFICATION, pana.A,
               after="PAR")
    dialog = psk_dialog("psk-reauth second")
    group.eap.append(dialog.as_json())
    psk_exchange(s, dialog, "reauth", 10, 2, MANDATORY[0], True, "reauthenticating", True)
    finish(s, 10, 2, 7200, "re-complete", "reauthenticating")
    s.exchange("ping", "Ping with the key of the re-authentication", True, pana.NOTIFICATION,
               pana.P)
    s.exchange("logout", "The PaC leaves", True, pana.TERMINATION, 0,
               [pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)])
    return group


def psk_paa_reauth():
    group, s = psk_session("psk-paa-reauth",
                           "Re-authentication begun by the PAA with a PAR that has "
                           "no S bit; then the PAA ends the session", 0x5E550012, MANDATORY[0],
                           True)
    dialog = psk_dialog("psk-paa-reauth second")
    group.eap.append(dialog.as_json())
    psk_exchange(s, dialog, "reauth", 20, 2, MANDATORY[0], True, "reauthenticating", True)
    finish(s, 20, 2, 3600, "re-complete", "reauthenticating")
    s.exchange("timeout", "SESSION_TIMEOUT from the PAA", False, pana.TERMINATION, 0,
               [pana.number(pana.TERMINATION_CAUSE, pana.SESSION_TIMEOUT)])
    return group


def psk_unauthorised():
    group = Group("psk-unauthorised",
                  "Authenticated but not authorised: the last exchange is still "
                  "protected (RFC 5191 section 4.1)")
    s = Session(group, 0x5E550013, 0x61000001, 0x62000001)
    dialog = psk_dialog("psk-unauthorised")
    group.eap.append(dialog.as_json())
    s.pci("pci", "PaC-initiated session")
    s.start(MANDATORY, "algorithms offered")
    psk_exchange(s, dialog, "psk-unauthorised", 1, 1, MANDATORY[0], True)
    s.complete("complete", "PANA_AUTHORIZATION_REJECTED",
               result_avps(pana.PANA_AUTHORIZATION_REJECTED, None, 1, eap.success(3)),
               [pana.number(pana.KEY_ID, 1)], True)
    return group


def algorithms():
    """Association by each pair of algorithms; the offer has both, the PaC takes the last."""
    pairs = [("sha2", (5, 12), "PRF_HMAC_SHA2_256 with AUTH_HMAC_SHA2_256_128"),
             ("mixed-long", (2, 12), "PRF_HMAC_SHA1 must run twice for a key of 32 octets"),
             ("mixed-short", (5, 7), "PRF_HMAC_SHA2_256 cut to a key of 20 octets")]
    groups = []
    for i, (name, pair, title) in enumerate(pairs):
        other = (7 - pair[0], 19 - pair[1])
        group, s = psk_session("algorithms-" + name, title, 0x5E550020 + i, pair, True,
                               (pair, other))
        s.exchange("ping", "Ping from the PaC", True, pana.NOTIFICATION, pana.P)
        groups.append(group)
    return groups


def preauthentication():
    group = Group("preauth", "Pre-authentication with a candidate PAA, and the ping after the move "
                  "(RFC 5873 Figure 1)")
    s = Session(group, 0x5E550030, 0x71000001, 0x72000001, pana.E)
    dialog = psk_dialog("preauth")
    group.eap.append(dialog.as_json())
    s.pci("pci", "Pre-authentication asked for; a PAA without it leaves E out",
          ["PAR[SE]", "PAR[S]"])
    s.start(MANDATORY, "E granted")
    psk_exchange(s, dialog, "preauth", 1, 1, MANDATORY[0], True)
    finish(s, 1, 1)
    s.exchange("ping-before", "Ping while the PAA is still a candidate: E set", True,
               pana.NOTIFICATION, pana.P)
    s.extra = 0
    s.exchange("arrived", "Ping with E clear: the candidate becomes the serving PAA", True,
               pana.NOTIFICATION, pana.P)
    s.exchange("ping-after", "Ping from the PAA afterwards, E clear", False, pana.NOTIFICATION,
               pana.P)
    return group


def preauthentication_ended():
    group = Group("preauth-ended", "Pre-authentication with I set, given up before a move")
    s = Session(group, 0x5E550031, 0x73000001, 0x74000001, pana.E)
    dialog = psk_dialog("preauth-ended")
    group.eap.append(dialog.as_json())
    s.pci("pci", "Pre-authentication asked for; a PAA without it leaves E out",
          ["PAR[SE]", "PAR[S]"])
    s.start(MANDATORY, "E granted")
    psk_exchange(s, dialog, "preauth-ended", 1, 1, MANDATORY[0], True)
    s.send("par-complete", "PANA_SUCCESS; I: the address is to be configured anew after the move",
           TO_PAC, pana.AUTHENTICATION, pana.R | pana.C | pana.I, s.paa_sequence,
           result_avps(pana.PANA_SUCCESS, 600, 1, eap.success(3)), "authenticating", "PAN[CE]",
           True)
    s.send("pan-complete", "The last answer; I stands in requests of the PAA only", TO_PAA,
           pana.AUTHENTICATION, pana.C, s.paa_sequence, [pana.number(pana.KEY_ID, 1)],
           "authenticating", SILENCE, True)
    s.exchange("logout", "The PaC went elsewhere", True, pana.TERMINATION, 0,
               [pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)])
    return group


def unsolicited():
    group = Group("paa-initiated", "A session begun by the PAA, EAP already in the initial request")
    s = Session(group, 0x5E550040, 0x81000001, 0x82000001)
    s.send("par-start", "Initial request, not asked for", TO_PAC, pana.AUTHENTICATION,
           pana.R | pana.S, s.paa_sequence, [eap_avp(eap.identity_request(1))], "fresh", "PAN[S]")
    s.offer([], [])
    s.send("pan-start", "Initial answer with the EAP response", TO_PAA, pana.AUTHENTICATION, pana.S,
           s.paa_sequence, [eap_avp(eap.identity_response(1, PEER))], "started", "PAR")
    s.offers = None
    s.paa_sequence += 1
    s.send("par-tls", "EAP-TLS Start, with the nonce", TO_PAC, pana.AUTHENTICATION, pana.R,
           s.paa_sequence, [nonce_avp(derive("unsolicited", 16)), eap_avp(eap.tls_start(2))],
           "authenticating", "PAN")
    return group


def corpora():
    keyed = ["RFC 5191", "RFC 4764"]
    first, _ = psk()
    return [
        Corpus("session-md5", "Keyless sessions with EAP-MD5", ["RFC 5191", "RFC 3748"],
               [md5(), md5_rejected(), unsolicited()]),
        Corpus("session-psk", "Keyed sessions with EAP-PSK", keyed,
               [first, psk_long(), psk_paa_reauth(), psk_unauthorised()]),
        Corpus("algorithms", "Negotiated algorithms and the keys they give", keyed, algorithms()),
        Corpus("preauth", "Pre-authentication", ["RFC 5191", "RFC 5873", "RFC 4764"],
               [preauthentication(), preauthentication_ended()]),
    ]
