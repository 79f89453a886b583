# SPDX-License-Identifier: GPL-2.0-or-later
"""EAP packets (RFC 3748): identity, notification, Nak, expanded types; what is no packet."""

import eap
from eapvec import (PEER, SERVER, TO_PEER, TO_SERVER, Group, request, response)
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["RFC 3748", "RFC 4764", "RFC 5216"]
CHALLENGE = derive("eap md5 challenge", 16)


def identity():
    group = Group("identity", "Identity requests and responses (section 5.1)").with_md5(CHALLENGE)

    def ask(name, comment, identifier, data=b"", **more):
        group.add(name, comment, TO_PEER,
                  eap.packet(eap.REQUEST, identifier, eap.IDENTITY, data), "fresh",
                  response("Identity"), reply=eap.identity_response(identifier, PEER), **more)

    ask("request", "Who are you?", 1)
    ask("request-identifier-0", "Identifier 0", 0)
    ask("request-identifier-255", "Identifier 255", 255)
    ask("request-text", "With a displayable message", 2, b"Who are you?")
    ask("request-utf8", "With a message that is not ASCII", 3, "お名前は".encode())
    ask("request-options", "With options behind a NUL", 4,
        b"Who are you?\0networkid=example,nasid=ap1")
    ask("request-only-options", "With a NUL first: no message, only options", 5, b"\0nasid=ap1")
    ask("request-longest", "A message that fills 1020 octets", 6, b"x" * 1015)
    group.add("request-again", "The same request once more: the same answer once more", TO_PEER,
              eap.identity_request(1), "identity", response("Identity"),
              before=[eap.identity_request(1)], reply=eap.identity_response(1, PEER))
    group.add("request-new", "A new request with another Identifier", TO_PEER,
              eap.identity_request(2), "identity", response("Identity"),
              before=[eap.identity_request(1)], reply=eap.identity_response(2, PEER))
    challenge = eap.md5_request(101, CHALLENGE, SERVER)
    group.add("response", "The server proposes its first method", TO_SERVER,
              eap.identity_response(100, PEER), "identity", request("EAP-MD5"), identifier=100,
              reply=challenge)
    group.add("response-wrap", "Identifier 255, and 0 after it", TO_SERVER,
              eap.identity_response(255, PEER), "identity", request("EAP-MD5"), identifier=255,
              reply=eap.md5_request(0, CHALLENGE, SERVER))
    unknown = ("Failure", request("EAP-MD5"))
    group.add("response-unknown", "An identity that nobody has", TO_SERVER,
              eap.identity_response(100, b"nobody@example.net"), "identity", unknown,
              identifier=100)
    group.add("response-empty", "Of zero octets: the peer does not say", TO_SERVER,
              eap.identity_response(100, b""), "identity", unknown, identifier=100)
    group.add("response-longest", "1015 octets", TO_SERVER,
              eap.identity_response(100, b"a" * 1003 + b"@example.net"), "identity", unknown,
              identifier=100)
    group.add("response-nul", "Ends with a NUL", TO_SERVER,
              eap.identity_response(100, PEER + b"\0"), "identity",
              unknown + (SILENCE,), identifier=100, result="acceptable",
              tolerance=("may", "RFC3748 5.1", "the Identity Response field must not be null "
                         "terminated; the section does not say what becomes of one that is"))
    return group


def notification():
    group = Group("notification", "Notification (section 5.2)").with_md5(CHALLENGE)
    before = [eap.identity_request(1)]

    def tell(name, comment, data, **more):
        group.add(name, comment, TO_PEER,
                  eap.packet(eap.REQUEST, 2, eap.NOTIFICATION, data), more.pop("needs", "identity"),
                  response("Notification"), before=more.pop("before", before),
                  reply=eap.packet(eap.RESPONSE, 2, eap.NOTIFICATION), **more)

    tell("request", "A text for the user", b"Your password expires tomorrow.")
    tell("request-first", "Before anything else", b"Welcome.", before=(), needs="fresh")
    tell("request-longest", "1015 octets", b"y" * 1015)
    tell("request-utf8", "Not only ASCII", "Grüße".encode())
    tell("request-empty", "No text", b"", result="acceptable",
         tolerance=("may", "RFC3748 5.2",
                    "the message is to be greater than zero octets in length"))
    group.add("response-unasked", "The server has asked for something else", TO_SERVER,
              eap.packet(eap.RESPONSE, 100, eap.NOTIFICATION), "identity", SILENCE,
              identifier=100, result="invalid",
              rule=Rule("session", "wrong-state", "RFC3748 4.1",
                        "the Type of a response is that of the request, or Nak", "Type", 4))
    return group


def nak_of_peer():
    group = Group("nak-peer", "A peer that wants EAP-PSK is offered something else (section 5.3)")
    group.with_psk("nak peer")
    before = [eap.identity_request(1)]
    legacy = eap.packet(eap.RESPONSE, 2, eap.NAK, bytes([eap.PSK]))

    def offer(name, comment, octets, reply=legacy, reaction=response("Nak"), **more):
        group.add(name, comment, TO_PEER, octets, "identity", reaction, before=before,
                  reply=reply, **more)

    offer("md5", "EAP-MD5", eap.md5_request(2, derive("nak md5", 16), SERVER))
    offer("otp", "One-Time Password", eap.packet(eap.REQUEST, 2, eap.OTP, b"otp-md5 487 dog2"))
    offer("gtc", "Generic Token Card", eap.packet(eap.REQUEST, 2, eap.GTC, b"Token:"))
    offer("tls", "EAP-TLS", eap.tls_start(2))
    offer("unassigned", "Type 253", eap.packet(eap.REQUEST, 2, 253, b"?"))
    offer("experimental", "Type 255", eap.packet(eap.REQUEST, 2, eap.EXPERIMENTAL, b"?"))
    offer("no-data", "EAP-TLS without its flags: it is the Type that is refused",
          eap.packet(eap.REQUEST, 2, eap.TLS))
    alternatives = eap.packet(eap.RESPONSE, 2, eap.EXPANDED,
                              bytes(3) + bytes(3) + b"\3" + b"\xfe" + bytes(3 + 3) + bytes([47]))
    text = "Nak of type 254, or of type 3 by a peer that does not know expanded types"
    offer("expanded", "An expanded type of some vendor: an expanded Nak answers it",
          eap.expanded(eap.REQUEST, 2, 0x00C0FE, 7, b"data"), reply=alternatives)
    offer("expanded-ordinary", "Type 4 in the expanded form", eap.expanded(eap.REQUEST, 2, 0, 4),
          reply=alternatives)
    offer("expanded-wanted", "EAP-PSK in the expanded form",
          eap.expanded(eap.REQUEST, 2, 0, eap.PSK,
                       eap.PSKDialog(bytes(16), bytes(16), bytes(16), SERVER, PEER).first(2)[5:]),
          reply=None, reaction=(response("Nak"), response("EAP-PSK")), result="acceptable",
          tolerance=("may", "RFC3748 5.7",
                     "ordinary types have an expanded form that nobody needs; " + text))
    wrong = "Nak is a response only"
    group.add("request", "A request of type Nak", TO_PEER,
              eap.packet(eap.REQUEST, 2, eap.NAK, bytes([eap.PSK])), "identity", SILENCE,
              before=before, result="invalid",
              rule=Rule("message", "wrong-state", "RFC3748 5.3.1", wrong))
    group.add("request-expanded", "A request of type expanded Nak", TO_PEER,
              eap.expanded(eap.REQUEST, 2, 0, eap.NAK), "identity", (SILENCE, response("Nak")),
              before=before, result="acceptable",
              tolerance=("may", "RFC3748 5.3.2", wrong + "; it can also be refused as any other "
                         "expanded type"))
    return group


def nak_at_server():
    group = Group("nak-server", "A server that offers EAP-MD5, then EAP-PSK").with_md5(CHALLENGE)
    dialog = group.with_psk("nak server")
    first = 100
    proposed = [eap.identity_response(first, PEER)]

    def refuse(name, comment, octets, reaction, reply=None, **more):
        group.add(name, comment, TO_SERVER, octets, "proposed", reaction, before=proposed,
                  identifier=first, reply=reply, **more)

    def nak(*types):
        return eap.packet(eap.RESPONSE, first + 1, eap.NAK, bytes(types))

    other = dialog.first(first + 2)
    failure = eap.failure(first + 1)
    refuse("psk", "Wants EAP-PSK", nak(eap.PSK), request("EAP-PSK"), other)
    refuse("several", "Wants one of several, of which one is to be had", nak(21, 25, eap.PSK),
           request("EAP-PSK"), other)
    refuse("none", "Wants nothing: type 0", nak(0), "Failure", failure)
    refuse("unknown", "Wants what is not to be had", nak(21, 25), "Failure", failure)
    refuse("md5", "Wants what was offered", nak(eap.MD5_CHALLENGE),
           ("Failure", request("EAP-MD5"), request("EAP-PSK"), SILENCE), result="acceptable",
           tolerance=("may", "RFC3748 5.3.1",
                      "the Nak names what the peer refuses; the section has no such case"))
    refuse("empty", "No type at all", nak(), ("Failure", request("EAP-PSK"), SILENCE),
           result="acceptable",
           tolerance=("may", "RFC3748 5.3.1", "one or more octets; the section does not say what "
                      "becomes of a Nak with none"))
    refuse("expanded", "An expanded Nak, which answers expanded requests only",
           eap.expanded(eap.RESPONSE, first + 1, 0, eap.NAK, b"\xfe" + bytes(6) + b"\x2f"),
           SILENCE, result="invalid",
           rule=Rule("session", "wrong-state", "RFC3748 5.3.2",
                     "an expanded Nak answers a request of type 254", "Type", 4))
    second = [*proposed, nak(eap.PSK), dialog.second(first + 2)]
    group.add("late", "After the peer's first EAP-PSK message", TO_SERVER,
              eap.packet(eap.RESPONSE, first + 3, eap.NAK, bytes([eap.MD5_CHALLENGE])), "method",
              SILENCE, before=second, identifier=first, result="invalid",
              rule=Rule("session", "wrong-state", "RFC3748 2.1",
                        "no Nak after the first response that was none", "Type", 4))
    return group


def codes():
    group = Group("code", "Codes, and what only one side may send (section 4)").with_md5(CHALLENGE)

    def add(name, comment, direction, octets, layer, reason, clause, text, field, offset, **more):
        group.add(name, comment, direction, octets, more.pop("needs", "fresh"), SILENCE,
                  result="invalid", rule=Rule(layer, reason, clause, text, field, offset), **more)

    defined = "codes are 1 to 4; others are silently discarded"
    for code in (0, 5, 6, 255):
        add("%d" % code, "Code %d" % code, TO_PEER, eap.packet(code, 1, eap.IDENTITY), "message",
            "unknown-type", "RFC3748 4", defined, "Code", 0)
    add("0-server", "Code 0 to a server", TO_SERVER, eap.packet(0, 100, eap.IDENTITY, PEER),
        "message", "unknown-type", "RFC3748 4", defined, "Code", 0, needs="identity",
        identifier=100)
    sides = "requests are the authenticator's, responses the peer's"
    add("response-to-peer", "A response to a peer", TO_PEER, eap.identity_response(1, PEER),
        "session", "unknown-type", "RFC3748 4", sides, "Code", 0)
    add("request-to-server", "A request to a server", TO_SERVER, eap.identity_request(100),
        "session", "unknown-type", "RFC3748 4", sides, "Code", 0, needs="identity",
        identifier=100)
    add("success-to-server", "Success to a server", TO_SERVER, eap.success(100), "session",
        "unknown-type", "RFC3748 4", sides, "Code", 0, needs="identity", identifier=100)
    add("failure-to-server", "Failure to a server", TO_SERVER, eap.failure(100), "session",
        "unknown-type", "RFC3748 4", sides, "Code", 0, needs="identity", identifier=100)
    return group


def lengths():
    group = Group("length", "Lengths (section 4)").with_md5(CHALLENGE)
    good = eap.identity_request(1)

    def add(name, comment, octets, reason, text, field=None, offset=None, clause="RFC3748 4",
            direction=TO_PEER, reaction=SILENCE, **more):
        group.add(name, comment, direction, octets, more.pop("needs", "fresh"), reaction,
                  result="invalid", rule=Rule("decode", reason, clause, text, field, offset),
                  **more)

    header = "the header has four octets"
    add("empty", "Nothing", b"", "truncated", header)
    for size in (1, 2, 3):
        add("%d" % size, "%d octets" % size, good[:size], "truncated", header, "Length", 2)
    short = "a packet shorter than its Length is silently discarded"
    add("one-more", "Length is one more than there is", good[:2] + b"\0\6" + good[4:],
        "bad-length", short, "Length", 2)
    add("highest", "Length is 65535", good[:2] + b"\xff\xff" + good[4:], "bad-length", short,
        "Length", 2)
    add("swapped", "Length with its octets swapped", good[:2] + b"\5\0" + good[4:], "bad-length",
        short, "Length", 2)
    for value in (0, 1, 3):
        add("is-%d" % value, "Length is %d" % value, good[:2] + bytes([0, value]) + good[4:],
            "bad-length", "Length counts the header too", "Length", 2)
    add("response-cut", "An identity response of which the end is missing",
        eap.identity_response(100, PEER)[:-3], "bad-length", short, "Length", 2,
        direction=TO_SERVER, needs="identity", identifier=100)
    typed = "a request or response has a Type"
    add("no-type", "A request without a Type", eap.packet(eap.REQUEST, 1), "truncated", typed,
        "Type", 4, "RFC3748 4.1")
    add("no-type-response", "A response without a Type", eap.packet(eap.RESPONSE, 100),
        "truncated", typed, "Type", 4, "RFC3748 4.1", TO_SERVER, needs="identity", identifier=100)
    add("type-beyond", "The Type lies behind the Length", eap.packet(eap.REQUEST, 1) + b"\1",
        "truncated", typed, "Type", 4, "RFC3748 4.1")
    add("type-0", "Type 0, which is none", eap.packet(eap.REQUEST, 1, 0), "bad-value",
        "type 0 is not assigned", "Type", 4, "RFC3748 5", reaction=(SILENCE, response("Nak")))
    whole = "an expanded type has Vendor-Id and Vendor-Type"
    for size in (0, 3, 6):
        add("expanded-%d" % size, "Type 254 and %d octets" % size,
            eap.packet(eap.REQUEST, 1, eap.EXPANDED, bytes(size)), "truncated", whole,
            "Vendor-Type", None, "RFC3748 5.7", reaction=(SILENCE, response("Nak")))
    return group


def padding():
    group = Group("padding", "Octets behind the Length are padding (section 4)")
    group.with_md5(CHALLENGE)

    def add(name, comment, octets, direction, needs, reaction, reply=None, **more):
        group.add(name, comment, direction, octets, needs, reaction, reply=reply,
                  result="acceptable",
                  tolerance=more.pop("tolerance",
                                     ("must", "RFC3748 4",
                                      "octets outside the Length are ignored upon reception")),
                  **more)

    answer = eap.identity_response(1, PEER)
    add("zeros", "Zeros, as Ethernet pads", eap.identity_request(1) + bytes(37), TO_PEER, "fresh",
        response("Identity"), answer)
    add("ones", "Anything else", eap.identity_request(1) + b"\xff" * 7, TO_PEER, "fresh",
        response("Identity"), answer)
    add("packet", "A second packet", eap.identity_request(1) + eap.failure(1), TO_PEER, "fresh",
        response("Identity"), answer)
    add("response", "Behind a response", eap.identity_response(100, PEER) + bytes(20), TO_SERVER,
        "identity", request("EAP-MD5"), eap.md5_request(101, CHALLENGE, SERVER), identifier=100)
    taken = [eap.identity_request(1), eap.md5_request(2, CHALLENGE, SERVER)]
    add("success", "Behind EAP-Success", eap.success(2) + bytes(42), TO_PEER, "finished",
        "success", before=taken)
    add("failure", "Behind EAP-Failure", eap.failure(2) + bytes(42), TO_PEER, "finished",
        "failure", before=taken)
    inside = ("may", "RFC3748 4.2", "Length of Success and Failure is 4; the section does not say "
              "what becomes of one that is longer")
    add("success-inside", "EAP-Success with Length 5", eap.packet(eap.SUCCESS, 2, 0), TO_PEER,
        "finished", ("success", SILENCE), before=taken, tolerance=inside)
    add("failure-inside", "EAP-Failure with Length 8", eap.packet(eap.FAILURE, 2, 0, bytes(3)),
        TO_PEER, "finished", ("failure", SILENCE), before=taken, tolerance=inside)
    return group


def corpora():
    return [Corpus("packets", "Identity, notification, Nak and expanded types", SPECIFICATIONS,
                   [identity(), notification(), nak_of_peer(), nak_at_server()]),
            Corpus("invalid-packets", "Codes and lengths", SPECIFICATIONS,
                   [codes(), lengths(), padding()])]
