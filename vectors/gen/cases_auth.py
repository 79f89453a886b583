# SPDX-License-Identifier: GPL-2.0-or-later
"""AUTH that must not verify. Most wrong values are what a particular mistake in an implementation
would produce: whoever finds their own value here knows what they got wrong."""

import hashlib
import hmac

import eap
import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC, Corpus, Group, Rule
from session import derive, established, result_avps

R, C, A, P = pana.R, pana.C, pana.A, pana.P
INTEGRITY = "RFC5191 5.4"


def rule(text, clause=INTEGRITY, reason="bad-integrity", also=()):
    return Rule("auth", reason, clause, text, "AUTH", also=also)


def ping(s):
    return pana.message(pana.NOTIFICATION, R | P, s.id, s.pac_sequence)


def draft_of(s, packet, size=20):
    """The message with an AUTH value of zeros."""
    packet.avps = packet.avps + [pana.octets(pana.AUTH, bytes(size))]
    return bytes(packet)


def filled(draft, value):
    return draft[: len(draft) - len(value)] + value


def mistakes():
    group = Group("auth-mistake", "Ping with the AUTH value of a common mistake")
    s = established(group, 0x5E550500, "auth")
    sa = s.sa
    draft = draft_of(s, ping(s))
    empty = draft[:-20]

    def add(name, comment, value, text="the value is not that of RFC 5191 section 5.4"):
        assert value != sa.auth(draft)
        group.add(name, comment, TO_PAA, filled(draft, value), "open", SILENCE, result="invalid",
                  rule=rule(text), auth=(s.sa_index, False), peer=s.place(TO_PAA, R))

    def mac(key, pdu=draft):
        return hmac.new(key, pdu, hashlib.sha1).digest()

    def key(seed, msk=sa.msk):
        return keys.prf_plus(sa.prf, msk, seed, 20)

    number = sa.key_id.to_bytes(4, "big")
    add("zero", "AUTH left at zero", bytes(20))
    add("msk", "The MSK itself as key", mac(sa.msk))
    add("msk-32", "Keys from the first 32 octets of the MSK", mac(key(sa.seed(b"IETF PANA"),
                                                                    sa.msk[:32])))
    add("no-label", "Key without the string \"IETF PANA\"", mac(key(sa.seed(b""))))
    add("label-nul", "\"IETF PANA\" with the NUL at its end", mac(key(sa.seed(b"IETF PANA\0"))))
    add("swapped-messages", "I_PAN before I_PAR", mac(key(
        b"IETF PANA" + sa.i_pan + sa.i_par + sa.pac_nonce + sa.paa_nonce + number)))
    add("swapped-nonces", "PAA_nonce before PaC_nonce", mac(key(
        b"IETF PANA" + sa.i_par + sa.i_pan + sa.paa_nonce + sa.pac_nonce + number)))
    add("no-messages", "Key without I_PAR and I_PAN, as before draft-ietf-pana-pana-14", mac(key(
        b"IETF PANA" + sa.pac_nonce + sa.paa_nonce + number)))
    add("avp-headers", "Nonces and Key-Id with their AVP headers", mac(key(
        b"IETF PANA" + sa.i_par + sa.i_pan + b"\0\5\0\0\0\x14\0\0" + sa.pac_nonce
        + b"\0\5\0\0\0\x14\0\0" + sa.paa_nonce + b"\0\4\0\0\0\4\0\0" + number)))
    add("key-id-order", "Key_ID in little-endian order", mac(key(sa.seed(b"IETF PANA")[:-4]
                                                                 + number[::-1])))
    add("no-key-id", "Key without Key_ID", mac(key(sa.seed(b"IETF PANA")[:-4])))
    add("prf", "prf instead of prf+: no final octet 0x01",
        mac(hmac.new(sa.msk, sa.seed(b"IETF PANA"), hashlib.sha1).digest()))
    add("prf-zero", "prf+ that counts from zero",
        mac(hmac.new(sa.msk, sa.seed(b"IETF PANA") + b"\0", hashlib.sha1).digest()))
    add("key-64", "PANA_AUTH_KEY of 64 octets instead of 20",
        mac(keys.prf_plus(sa.prf, sa.msk, sa.seed(b"IETF PANA"), 64)))
    add("no-value", "Computed over the message without its AUTH value", mac(sa.auth_key, empty))
    add("no-avp", "Computed over the message without its AUTH AVP", mac(sa.auth_key, empty[:-8]))
    add("length-before", "Computed before Message Length counted the AUTH AVP",
        mac(sa.auth_key, draft[:2] + b"\0\x10" + draft[4:]))
    add("no-header", "Computed over the AVPs only", mac(sa.auth_key, draft[16:]))
    add("sha256", "HMAC-SHA-256 cut to 20 octets",
        hmac.new(sa.auth_key, draft, hashlib.sha256).digest()[:20])
    add("hmac-96", "HMAC-SHA-1-96 filled with zeros", mac(sa.auth_key)[:12] + bytes(8))
    add("plain-hash", "SHA-1 of key and message", hashlib.sha1(sa.auth_key + draft).digest())
    return group


def tampered():
    group = Group("auth-tampered", "Altered after AUTH was computed")
    s = established(group, 0x5E550510, "tampered")
    good = pana.protect(ping(s), s.sa)

    def add(name, comment, octets, *also):
        group.add(name, comment, TO_PAA, octets, "open", SILENCE, result="invalid",
                  rule=rule("the value does not match the message", also=also),
                  auth=(s.sa_index, False), peer=s.place(TO_PAA, R))

    def flip(octets, at, bit):
        return octets[:at] + bytes([octets[at] ^ bit]) + octets[at + 1 :]

    add("first-bit", "First bit of AUTH", flip(good, 24, 0x80))
    add("last-bit", "Last bit of AUTH", flip(good, len(good) - 1, 1))
    add("reserved", "Reserved field of the header: ignored, but protected", flip(good, 1, 1))
    add("reserved-flag", "A reserved flag: ignored, but protected", flip(good, 5, 1))
    add("avp-reserved", "Reserved field of the AUTH AVP", flip(good, 22, 1))
    add("ping-to-reauth", "P turned into A",
        good[:4] + (R | A).to_bytes(2, "big") + good[6:])
    add("e", "E switched on", flip(good, 4, pana.E >> 8))
    vendor = bytes(pana.vendor(b"injected"))
    size = (len(good) + len(vendor)).to_bytes(2, "big")
    longer = good[:2] + size + good[4:16] + vendor + good[16:]
    add("injected", "A vendor's AVP put in front of AUTH", longer, "unknown-element")
    cause = pana.message(pana.TERMINATION, R, s.id, s.pac_sequence,
                         pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT))
    octets = pana.protect(cause, s.sa)
    add("cause", "LOGOUT turned into SESSION_TIMEOUT", octets[:27] + b"\x08" + octets[28:])
    add("cut-12", "AUTH cut to 12 octets",
        filled(draft_of(s, ping(s), 12), s.sa.auth(draft_of(s, ping(s)))[:12]))
    draft = draft_of(s, ping(s), 24)
    add("long", "AUTH of 24 octets, the first 20 as if alone", filled(
        draft, s.sa.auth(draft_of(s, ping(s))) + bytes(4)))
    add("empty", "AUTH of no octets", draft_of(s, ping(s), 0), "bad-length")
    return group


def absent():
    group = Group("auth-absent", "AUTH missing, or under the wrong key")
    s = established(group, 0x5E550520, "absent")
    missing = rule("after a key-generating method every message carries AUTH", "RFC5191 5.5",
                   "missing-integrity")
    cause = pana.number(pana.TERMINATION_CAUSE, pana.LOGOUT)
    for name, kind, bits, avps in (("ping", pana.NOTIFICATION, R | P, []),
                                   ("reauth", pana.NOTIFICATION, R | A, []),
                                   ("logout", pana.TERMINATION, R, [cause])):
        for direction, side in ((TO_PAA, "paa"), (TO_PAC, "pac")):
            if name == "reauth" and direction == TO_PAC:
                continue
            s.broken("%s-%s" % (name, side), "%s without AUTH" % name.capitalize(), direction, kind,
                     bits, [avp.copy() for avp in avps], "open", missing, protected=False)
    success = result_avps(0, 3600, 1, eap.success(4))
    s.broken("par-c", "The last request with Key-Id and without AUTH", TO_PAC, pana.AUTHENTICATION,
             R | C, [avp.copy() for avp in success], "authenticating", missing, protected=False)
    s.broken("par-c-bare", "The last request with neither: the keys stripped off", TO_PAC,
             pana.AUTHENTICATION, R | C, result_avps(0, 3600, None, eap.success(4)),
             "authenticating", missing, protected=False)
    s.broken("pan-c", "The last answer without AUTH", TO_PAA, pana.AUTHENTICATION, C,
             [pana.number(pana.KEY_ID, 1)], "authenticating", missing, protected=False)

    old = s.sa
    s.associate(derive("absent second msk", 64), 2, derive("absent pac nonce 2", 20),
                derive("absent paa nonce 2", 20), 2, 7)
    new = s.sa_index

    def under(name, comment, association, text, direction=TO_PAA):
        packet = pana.message(pana.NOTIFICATION, R | P, s.id, s.place(direction, R)["sequence"])
        group.add(name, comment, direction, pana.protect(packet, association), "open", SILENCE,
                  result="invalid", rule=rule(text, "RFC5191 4.3"), auth=(new, False),
                  peer=s.place(direction, R))

    text = "the key is the one of the latest authentication"
    under("old-key-paa", "Ping under the key from before re-authentication", old, text)
    under("old-key-pac", "The same from the PAA", old, text, TO_PAC)
    other = keys.Association(s.sa.msk, 3, old.i_par, old.i_pan, s.sa.pac_nonce, s.sa.paa_nonce)
    under("other-key-id", "Key derived with another Key_ID", other, text)
    return group


def corpora():
    return [Corpus("invalid-auth", "AUTH that must not verify", ["RFC 5191"],
                   [mistakes(), tampered(), absent()])]
