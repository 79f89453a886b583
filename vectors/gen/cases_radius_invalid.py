# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS packets that must be discarded, and odd ones that need not."""

import hashlib
import hmac

import eap
import radius
from cases_radius import MSK, NAS, SPECIFICATIONS, ask, user
from eapvec import PEER, SERVER
from radius import (ACCEPT, CHALLENGE, CLASS, EAP_MESSAGE, MESSAGE_AUTHENTICATOR, PROXY_STATE,
                    REJECT, REPLY_MESSAGE, SESSION_TIMEOUT, SIGNED, STATE, ZEROS, Group, attribute,
                    number)
from vector import SILENCE, Corpus, Rule, derive

CHALLENGED = radius.eap_message(eap.md5_request(51, derive("radius invalid", 16), SERVER))
SUCCESS, FAILURE = radius.eap_message(eap.success(50)), radius.eap_message(eap.failure(50))


def octets():
    group = Group("octets", "Packets and attributes that do not fit", 80)
    exchange = group.asked(ask(0, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]
    good = radius.answer(CHALLENGE, asked, CHALLENGED, SIGNED)

    def add(name, comment, packet, reason, clause, text, field=None, offset=None,
            reaction=SILENCE, **more):
        group.down(name, comment, exchange, packet, reaction, result="invalid",
                   rule=Rule("decode", reason, clause, text, field, offset), **more)

    header = "a packet has at least 20 octets"
    add("empty", "Nothing", b"", "truncated", "RFC2865 3", header)
    for size in (1, 4, 19):
        add("%d" % size, "%d octets" % size, (good[:2] + size.to_bytes(2, "big") + good[4:])[:size],
            "truncated", "RFC2865 3", header)
    short = "a packet shorter than its Length is silently discarded"
    add("cut", "The last octet is missing", good[:-1], "bad-length", "RFC2865 3", short, "Length",
        2)
    add("length-highest", "Length is 65535", good[:2] + b"\xff\xff" + good[4:], "bad-length",
        "RFC2865 3", short, "Length", 2)
    for value in (0, 19):
        add("length-%d" % value, "Length is %d" % value,
            good[:2] + value.to_bytes(2, "big") + good[4:], "bad-length", "RFC2865 3", header,
            "Length", 2)
    filler = b"".join(attribute(PROXY_STATE, derive("long %d" % i, 253)) for i in range(15))
    rest = 4097 - 20 - len(filler) - len(CHALLENGED) - len(SIGNED)
    add("length-4097", "4097 octets, sealed right: one more than the most",
        radius.answer(CHALLENGE, asked, filler, attribute(PROXY_STATE, bytes(rest - 2)), CHALLENGED,
                      SIGNED), "bad-length", "RFC2865 3", "a packet has at most 4096 octets",
        "Length", 2)
    fits = "an attribute with a wrong length: discarded, or taken for Access-Reject"
    either = (SILENCE, "reject")

    def attributes(name, comment, value, reason, field=None, offset=None):
        add(name, comment, radius.raw(CHALLENGE, asked[1], bytes(16), value), reason, "RFC2865 5",
            fits, field, offset, either)

    attributes("attribute-length-0", "An attribute of length 0", b"\x18\0abc", "bad-length",
               "State", 21)
    attributes("attribute-length-1", "An attribute of length 1", b"\x18\1abc", "bad-length",
               "State", 21)
    attributes("attribute-longer", "The last attribute is longer than the packet",
               attribute(STATE, b"state", length=8), "bad-length", "State", 21)
    attributes("attribute-255", "An attribute of length 255 before 5 octets",
               attribute(EAP_MESSAGE, b"\1\1\0\5\1", length=255), "bad-length", "EAP-Message", 21)
    attributes("attribute-type-alone", "A type without a length",
               attribute(STATE, b"s") + b"\x4f", "truncated", "EAP-Message", 23)
    return group


def lengths():
    group = Group("size", "Attributes of a wrong size, everything else right", 100)
    exchange = group.asked(ask(0, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]
    fits = "an attribute with a wrong length: discarded, or taken for Access-Reject"

    def add(name, comment, value, field, clause="RFC2865 5", signed=SIGNED):
        group.down(name, comment, exchange,
                   radius.answer(CHALLENGE, asked, value, CHALLENGED, signed),
                   (SILENCE, "reject"), result="invalid",
                   rule=Rule("message", "bad-length", clause, fits, field))

    for size in (0, 3, 5, 8):
        add("session-timeout-%d" % size, "Session-Timeout of %d octets" % size,
            attribute(SESSION_TIMEOUT, bytes(size)), "Session-Timeout")
    add("termination-action-1", "Termination-Action of one octet",
        attribute(radius.TERMINATION_ACTION, b"\1"), "Termination-Action")
    add("vendor-3", "Vendor-Specific of 3 octets", attribute(radius.VENDOR_SPECIFIC, b"\0\0\1"),
        "Vendor-Specific")
    for size in (0, 15, 17):
        add("signature-%d" % size, "Message-Authenticator of %d octets" % size,
            attribute(MESSAGE_AUTHENTICATOR, bytes(size)), "Message-Authenticator",
            "RFC3579 3.2", b"")
    empty = ("may", "RFC2865 5", "text and strings of length zero must not be sent; the section "
             "does not say whether that is a wrong length")
    for name, kind in (("state", STATE), ("class", CLASS), ("proxy-state", PROXY_STATE),
                       ("reply-message", REPLY_MESSAGE)):
        group.down("empty-" + name, "%s without a value" % radius.NAMES[kind], exchange,
                   radius.answer(CHALLENGE, asked, attribute(kind, b""), CHALLENGED, SIGNED),
                   ("challenge", SILENCE, "reject"), result="acceptable", tolerance=empty)
    return group


def seals():
    group = Group("seal", "Answers whose authenticators do not verify", 120)
    exchange = group.asked(ask(0, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]
    other = ask(0, eap.identity_response(50, PEER), label="another request")
    accept = radius.answer(ACCEPT, asked, radius.keys(MSK, asked), SUCCESS, SIGNED)

    def add(name, comment, packet, field="Response Authenticator", clause="RFC2865 3",
            reason="bad-integrity", text="Response Authenticator is MD5 over the answer, the "
            "request's Authenticator and the secret"):
        group.down(name, comment, exchange, packet, SILENCE, result="invalid",
                   rule=Rule("auth", reason, clause, text, field))

    add("zero", "Zeros", accept[:4] + ZEROS + accept[20:])
    add("request", "The request's own Authenticator", accept[:4] + asked[4:20] + accept[20:])
    add("bit", "One bit wrong", accept[:19] + bytes([accept[19] ^ 1]) + accept[20:])
    add("other-request", "For another request",
        radius.answer(ACCEPT, other, radius.keys(MSK, other), SUCCESS, SIGNED))
    add("other-secret", "With another secret",
        radius.answer(ACCEPT, asked, radius.keys(MSK, asked), SUCCESS, SIGNED,
                      secret=b"testing123"))
    hmac_key = radius.answer(ACCEPT, asked, SUCCESS, SIGNED)
    unsealed = hmac_key[:4] + asked[4:20] + hmac_key[20:]
    add("hmac", "HMAC-MD5 instead of MD5 with the secret behind",
        unsealed[:4] + hmac.new(radius.SECRET, unsealed, hashlib.md5).digest() + unsealed[20:])
    add("secret-first", "The secret before the packet instead of behind",
        unsealed[:4] + hashlib.md5(radius.SECRET + unsealed).digest() + unsealed[20:])
    reject = radius.answer(REJECT, asked, FAILURE, SIGNED)
    add("code-changed", "Access-Reject turned into Access-Accept", bytes([ACCEPT]) + reject[1:])
    add("attribute-changed", "Session-Timeout changed on the way", _changed(
        radius.answer(ACCEPT, asked, number(SESSION_TIMEOUT, 60), SUCCESS, SIGNED),
        number(SESSION_TIMEOUT, 60), number(SESSION_TIMEOUT, 86400)))
    signed = "Message-Authenticator is HMAC-MD5 over the packet with its own value zero"

    def signature(name, comment, value, attributes=(SUCCESS,), code=ACCEPT):
        """A packet whose Response Authenticator is right and whose signature is not."""
        packet = radius.answer(code, asked, *attributes, attribute(MESSAGE_AUTHENTICATOR, value),
                               sealed=False)
        add(name, comment, radius.seal(packet, asked[4:20]),
            "Message-Authenticator", "RFC3579 3.2", text=signed)

    signature("signature-zero", "Message-Authenticator of zeros", ZEROS)
    right = radius.answer(ACCEPT, asked, SUCCESS, SIGNED)[-16:]
    signature("signature-bit", "One bit wrong", bytes([right[0] ^ 0x10]) + right[1:])
    _, late = radius.message_authenticator(
        radius.answer(ACCEPT, asked, SUCCESS, SIGNED),
        radius.answer(ACCEPT, asked, SUCCESS, SIGNED)[4:20])
    signature("signature-response", "Made over the Response Authenticator, not the request's",
              late)
    _, other_secret = radius.message_authenticator(
        radius.answer(ACCEPT, asked, SUCCESS, SIGNED), asked[4:20], b"testing123")
    signature("signature-secret", "Made with another secret", other_secret)
    missing = "what carries EAP is protected by a Message-Authenticator"
    for code, name, packet in ((ACCEPT, "accept", SUCCESS), (REJECT, "reject", FAILURE),
                               (CHALLENGE, "challenge", CHALLENGED)):
        add("unsigned-" + name, "%s with EAP and without Message-Authenticator"
            % radius.CODES[code], radius.answer(code, asked, packet), "Message-Authenticator",
            "RFC3579 3.1", "missing-integrity", missing)
    practice = ("may", "RFC3579 3.2", "without EAP it is optional; a receiver may insist on it, "
                "because MD5 no longer protects the Response Authenticator")
    for code, name, reaction in ((ACCEPT, "accept", "accept"), (REJECT, "reject", "reject")):
        group.down("unsigned-%s-without-eap" % name,
                   "%s with neither EAP nor Message-Authenticator" % radius.CODES[code], exchange,
                   radius.answer(code, asked, user()), (reaction, SILENCE), result="acceptable",
                   tolerance=practice)
    return group


def _changed(packet, old, new):
    assert packet.count(old) == 1 and len(old) == len(new)
    return packet.replace(old, new)


def answers():
    group = Group("answer", "Right in themselves, no answer to this request", 140)
    exchange = group.asked(ask(1, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]

    def add(name, comment, packet, layer, reason, clause, text, field, offset):
        group.down(name, comment, exchange, packet, SILENCE, result="invalid",
                   rule=Rule(layer, reason, clause, text, field, offset))

    match = "Identifier is the request's"
    for value in (0, 2, 255):
        add("identifier-%d" % value, "Identifier %d instead of 1" % value,
            radius.answer(CHALLENGE, asked, CHALLENGED, SIGNED, identifier=value), "session",
            "bad-sequence-number", "RFC2865 3", match, "Identifier", 1)
    for code in (0, 4, 5, 12, 13, 40, 255):
        add("code-%d" % code, "Code %d" % code,
            radius.answer(code, asked, CHALLENGED, SIGNED), "message", "unknown-type", "RFC2865 3",
            "with an invalid Code a packet is silently discarded", "Code", 0)
    add("code-request", "An Access-Request, sealed as an answer",
        radius.answer(radius.REQUEST, asked, user(), CHALLENGED, SIGNED), "session",
        "unknown-type", "RFC2865 4.1", "a client is no server", "Code", 0)
    return group


def conflicts():
    group = Group("eap", "What an authenticator makes of the EAP packet inside", 160)
    exchange = group.asked(ask(0, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]

    def add(name, comment, code, packet, reaction, **more):
        parts = () if packet is None else (radius.eap_message(packet),)
        group.down(name, comment, exchange, radius.answer(code, asked, *parts, SIGNED), reaction,
                   **more)

    decides = ("must", "RFC3579 2.6.3",
               "the RADIUS code alone decides on access, whatever the EAP packet says")
    add("accept-failure", "Access-Accept with EAP-Failure", ACCEPT, eap.failure(50), "accept",
        result="acceptable", tolerance=decides)
    add("accept-request", "Access-Accept with an EAP request", ACCEPT,
        eap.md5_request(51, bytes(16), SERVER), "accept", result="acceptable", tolerance=decides)
    add("reject-success", "Access-Reject with EAP-Success", REJECT, eap.success(50), "reject",
        result="acceptable", tolerance=decides)
    add("reject-request", "Access-Reject with an EAP request", REJECT,
        eap.md5_request(51, bytes(16), SERVER), "reject", result="acceptable", tolerance=decides)
    stop = ("reject", SILENCE)
    checked = ("may", "RFC3579 2.2", "the EAP header is checked before a packet is passed on; the "
               "section does not say what becomes of the conversation")
    odd = {"result": "acceptable", "tolerance": checked}
    request = eap.md5_request(51, derive("radius checked", 16), SERVER)
    add("challenge-success", "Access-Challenge with EAP-Success", CHALLENGE, eap.success(50), stop,
        **odd)
    add("challenge-failure", "Access-Challenge with EAP-Failure", CHALLENGE, eap.failure(50), stop,
        **odd)
    add("challenge-response", "Access-Challenge with an EAP response", CHALLENGE,
        eap.identity_response(51, PEER), stop, **odd)
    add("challenge-none", "Access-Challenge without EAP-Message", CHALLENGE, None, stop, **odd)
    add("challenge-cut", "An EAP request shorter than its Length", CHALLENGE, request[:-1], stop,
        **odd)
    add("challenge-length-0", "An EAP request with Length 0", CHALLENGE,
        request[:2] + b"\0\0" + request[4:], stop, **odd)
    add("challenge-length-highest", "An EAP request with Length 65535", CHALLENGE,
        request[:2] + b"\xff\xff" + request[4:], stop, **odd)
    add("challenge-short", "An EAP packet of three octets", CHALLENGE, request[:3], stop, **odd)
    add("challenge-code-0", "An EAP packet with code 0", CHALLENGE, b"\0" + request[1:], stop,
        **odd)
    add("challenge-two", "Two EAP requests in one packet", CHALLENGE,
        request + eap.identity_request(52), ("challenge", *stop), result="acceptable",
        tolerance=("may", "RFC3579 3.1", "one EAP packet in a RADIUS packet; what is behind its "
                   "Length can be taken for padding"))
    return group


def requests():
    """At a server. The reference has none; the seals are checked."""
    group = Group("request", "Access-Requests that a server must not accept", 180)
    packet = radius.eap_message(eap.identity_response(50, PEER))
    authenticator = derive("radius request", 16)
    refused = (SILENCE, "Access-Reject")

    def add(name, comment, octets, layer, reason, clause, text, field=None, reaction=SILENCE):
        group.up(name, comment, octets, reaction, result="invalid",
                 rule=Rule(layer, reason, clause, text, field))

    signed = "a Message-Authenticator that does not match: silently discarded"
    good = radius.request(0, authenticator, user(), *NAS, packet, SIGNED)
    add("signature-zero", "Message-Authenticator of zeros", good[:-16] + ZEROS, "auth",
        "bad-integrity", "RFC3579 3.2", signed, "Message-Authenticator")
    add("signature-bit", "One bit wrong", good[:-1] + bytes([good[-1] ^ 1]), "auth",
        "bad-integrity", "RFC3579 3.2", signed, "Message-Authenticator")
    add("signature-secret", "Made with another secret",
        radius.request(0, authenticator, user(), *NAS, packet, SIGNED, secret=b"testing123"),
        "auth", "bad-integrity", "RFC3579 3.2", signed, "Message-Authenticator")
    zeroed = radius.sign(good[:-16] + ZEROS, ZEROS)
    add("signature-zeroed", "Made over an Authenticator of zeros, as in accounting", zeroed,
        "auth", "bad-integrity", "RFC3579 3.2", signed, "Message-Authenticator")
    add("changed", "User-Name changed on the way",
        _changed(good, user(), user(b"XX@example.net")), "auth", "bad-integrity", "RFC3579 3.2",
        signed, "Message-Authenticator")
    add("unsigned", "EAP without Message-Authenticator",
        radius.request(0, authenticator, user(), *NAS, packet), "auth", "missing-integrity",
        "RFC3579 3.1", "what carries EAP is protected by a Message-Authenticator",
        "Message-Authenticator")
    add("accept", "An Access-Accept to a server",
        radius.raw(ACCEPT, 0, authenticator, user() + packet), "session", "unknown-type",
        "RFC2865 4.2", "answers come from servers", "Code")
    add("code-4", "An Accounting-Request to the port of authentication",
        radius.raw(4, 0, authenticator, user()), "message", "unknown-type", "RFC2865 3",
        "with an invalid Code a packet is silently discarded", "Code")
    wrong = "an attribute with a wrong length: Access-Reject"
    add("nas-ip-3", "NAS-IP-Address of 3 octets",
        radius.request(0, authenticator, user(),
                       attribute(radius.NAS_IP_ADDRESS, b"\xc0\0\2"), packet, SIGNED), "message",
        "bad-length", "RFC2865 5", wrong, "NAS-IP-Address", refused)
    add("nas-ipv6-15", "NAS-IPv6-Address of 15 octets",
        radius.request(0, authenticator, user(), *NAS,
                       attribute(radius.NAS_IPV6_ADDRESS, bytes(15)), packet, SIGNED), "message",
        "bad-length", "RFC3162 2.1", wrong, "NAS-IPv6-Address", refused)
    add("user-name-empty", "User-Name without a value",
        radius.request(0, authenticator, attribute(radius.USER_NAME, b""), *NAS, packet, SIGNED),
        "message", "bad-length", "RFC2865 5.1", "User-Name has one octet at least", "User-Name",
        (*refused, "Access-Challenge"))
    return group


def tolerated():
    group = Group("tolerated", "Odd answers", 200)
    exchange = group.asked(ask(0, eap.identity_response(50, PEER)))
    asked = group.exchanges[exchange]

    def add(name, comment, octets, reaction, level, clause, text, **more):
        group.down(name, comment, exchange, octets, reaction, result="acceptable",
                   tolerance=(level, clause, text), **more)

    good = radius.answer(CHALLENGE, asked, CHALLENGED, SIGNED)
    padding = ("must", "RFC2865 3", "octets outside the range of Length are padding")
    add("padding", "Zeros behind the packet", good + bytes(10), "challenge", *padding)
    add("padding-attribute", "An attribute behind the packet", good + attribute(STATE, b"late"),
        "challenge", *padding)
    add("padding-packet", "A second packet behind the first", good + good, "challenge", *padding)
    table = "the table allows it %s; the section does not say what a receiver does"
    twice = ("may", "RFC2865 5.44", table % "once")
    either = ("challenge", SILENCE, "reject")
    add("state-twice", "State twice",
        radius.answer(CHALLENGE, asked, attribute(STATE, b"a"), attribute(STATE, b"b"), CHALLENGED,
                      SIGNED), either, *twice)
    add("session-timeout-twice", "Session-Timeout twice",
        radius.answer(CHALLENGE, asked, number(SESSION_TIMEOUT, 1), number(SESSION_TIMEOUT, 2),
                      CHALLENGED, SIGNED), either, *twice)
    never = ("may", "RFC2865 5.44", table % "not at all")
    add("state-in-reject", "State in Access-Reject",
        radius.answer(REJECT, asked, attribute(STATE, b"a"), FAILURE, SIGNED), ("reject", SILENCE),
        *never)
    add("session-timeout-in-reject", "Session-Timeout in Access-Reject",
        radius.answer(REJECT, asked, number(SESSION_TIMEOUT, 1), FAILURE, SIGNED),
        ("reject", SILENCE), *never)
    add("user-name-in-challenge", "User-Name in Access-Challenge",
        radius.answer(CHALLENGE, asked, user(), CHALLENGED, SIGNED), either, *never)
    add("nas-identifier", "NAS-Identifier in Access-Challenge",
        radius.answer(CHALLENGE, asked, attribute(radius.NAS_IDENTIFIER, b"nas"), CHALLENGED,
                      SIGNED), either, *never)
    add("reply-message", "Reply-Message beside EAP-Message",
        radius.answer(CHALLENGE, asked, attribute(REPLY_MESSAGE, b"Hello"), CHALLENGED, SIGNED),
        "challenge", "must", "RFC3579 2.6.5",
        "it must not be sent with EAP; an authenticator discards the attribute, not the packet")
    add("mtu-small", "Framed-MTU of 63", radius.answer(ACCEPT, asked,
                                                       number(radius.FRAMED_MTU, 63), SUCCESS,
                                                       SIGNED),
        ("accept", SILENCE, "reject"), "may", "RFC2865 5.12",
        "values are 64 to 65535; the section does not say what becomes of others")
    packet = eap.tls_fragment(eap.REQUEST, 51, eap.TLS_M, derive("radius apart", 400))
    halves = attribute(EAP_MESSAGE, packet[:253]), attribute(EAP_MESSAGE, packet[253:])
    add("apart", "EAP-Message attributes that are not consecutive",
        radius.answer(CHALLENGE, asked, halves[0], attribute(STATE, b"between"), halves[1], SIGNED),
        either, "may", "RFC3579 3.1",
        "they must be consecutive; RFC 2865 section 5 has no receiver depend on that")
    add("small-parts", "An EAP packet in parts of one octet",
        radius.answer(CHALLENGE, asked, radius.eap_message(eap.identity_request(51), 1), SIGNED),
        ("challenge", SILENCE, "reject"), "may", "RFC3579 3.1",
        "a sender fills attributes; the section does not forbid smaller ones")
    add("signature-twice", "Two Message-Authenticators, one of them zeros",
        radius.answer(CHALLENGE, asked, CHALLENGED, attribute(MESSAGE_AUTHENTICATOR, ZEROS),
                      attribute(MESSAGE_AUTHENTICATOR, ZEROS)), (SILENCE, "reject"), "may",
        "RFC3579 3.3", table % "once")
    return group


def corpora():
    return [Corpus("invalid-octets", "Octets that are no RADIUS packet, sizes that are wrong",
                   SPECIFICATIONS, [octets(), lengths()]),
            Corpus("invalid-seals", "Authenticators that do not verify, answers to nobody",
                   SPECIFICATIONS, [seals(), answers(), requests()]),
            Corpus("tolerance", "Odd answers, and answers that contradict themselves",
                   SPECIFICATIONS, [conflicts(), tolerated()])]
