# SPDX-License-Identifier: GPL-2.0-or-later
"""Conversations: EAP-MD5 (RFC 3748 section 5.4), EAP-PSK (RFC 4764), the frames of EAP-TLS (RFC
5216 sections 2.1.5 and 3), and who may say what when (RFC 3748 sections 2 and 4)."""

import eap
from eapvec import (PEER, SECRET, SERVER, TO_PEER, TO_SERVER, Group, psk_dialog, request, response)
from vector import SILENCE, Corpus, Rule, derive

CHALLENGE = derive("eap md5 challenge", 16)
LOST = ("Failure", SILENCE)


def md5():
    group = Group("md5", "EAP-MD5").with_md5(CHALLENGE)
    asked = [eap.identity_request(1)]

    def challenge(name, comment, value, text=SERVER, **more):
        octets = more.pop("octets", None) or eap.md5_request(2, value, text)
        group.add(name, comment, TO_PEER, octets, "identity", response("EAP-MD5"), before=asked,
                  reply=eap.md5_response(2, SECRET, value, PEER), **more)

    challenge("challenge", "A challenge of 16 octets", CHALLENGE)
    challenge("challenge-nameless", "Without a name", CHALLENGE, b"")
    challenge("challenge-1", "A challenge of one octet", b"\x5a")
    challenge("challenge-255", "A challenge of 255 octets", derive("md5 255", 255))
    challenge("challenge-long-name", "With a name of 700 octets", CHALLENGE, b"n" * 700)
    group.add("challenge-again", "The same once more: the same answer", TO_PEER,
              eap.md5_request(2, CHALLENGE, SERVER), "finished", response("EAP-MD5"),
              before=[*asked, eap.md5_request(2, CHALLENGE, SERVER)],
              reply=eap.md5_response(2, SECRET, CHALLENGE, PEER))
    value = "Value-Size counts the octets of the value"
    for name, comment, data in (
            ("challenge-empty", "Type-Data is missing", b""),
            ("challenge-size-0", "Value-Size 0", b"\0" + SERVER),
            ("challenge-size-more", "Value-Size is one more than there is", b"\x11" + CHALLENGE),
            ("challenge-size-255", "Value-Size 255 before 16 octets", b"\xff" + CHALLENGE)):
        group.add(name, comment, TO_PEER, eap.packet(eap.REQUEST, 2, eap.MD5_CHALLENGE, data),
                  "identity", (SILENCE, response("Nak"), "failure"), before=asked,
                  result="invalid",
                  rule=Rule("message", "bad-length", "RFC3748 5.4", value, "Value-Size", 5))
    first = 100
    proposed = [eap.identity_response(first, PEER)]

    def answer(name, comment, octets, reaction, reply=None, **more):
        group.add(name, comment, TO_SERVER, octets, "proposed", reaction, before=proposed,
                  identifier=first, reply=reply, **more)

    answer("response", "The right answer",
           eap.md5_response(first + 1, SECRET, CHALLENGE, PEER), "Success",
           eap.success(first + 1))
    answer("response-nameless", "Without a name",
           eap.md5_response(first + 1, SECRET, CHALLENGE, b""), "Success", eap.success(first + 1))

    def wrong(name, comment, octets, reason="bad-integrity", text="the value is MD5(Identifier | "
              "secret | challenge)", layer="auth", reaction=LOST):
        answer(name, comment, octets, reaction, result="invalid",
               rule=Rule(layer, reason, "RFC3748 5.4", text))

    wrong("response-password", "Made with another password",
          eap.md5_response(first + 1, b"baton md5 Secret", CHALLENGE, PEER))
    right = eap.md5_response(first + 1, SECRET, CHALLENGE, PEER)
    mistaken = eap.md5_response(first, SECRET, CHALLENGE, PEER)
    wrong("response-identifier", "Made with the Identifier of the request before",
          right[:1] + right[1:6] + mistaken[6:22] + right[22:])
    wrong("response-bit", "One bit wrong", right[:6] + bytes([right[6] ^ 1]) + right[7:])
    wrong("response-challenge", "The challenge itself",
          eap.packet(eap.RESPONSE, first + 1, eap.MD5_CHALLENGE, b"\x10" + CHALLENGE + PEER))
    wrong("response-short", "15 octets of the right value",
          eap.packet(eap.RESPONSE, first + 1, eap.MD5_CHALLENGE, b"\x0f" + right[6:21]))
    wrong("response-long", "The right value and a zero",
          eap.packet(eap.RESPONSE, first + 1, eap.MD5_CHALLENGE, b"\x11" + right[6:22] + b"\0"))
    for name, comment, data in (("response-empty", "Type-Data is missing", b""),
                                ("response-size-0", "Value-Size 0", b"\0"),
                                ("response-size-more", "Value-Size is more than there is",
                                 b"\x20" + right[6:22])):
        wrong(name, comment, eap.packet(eap.RESPONSE, first + 1, eap.MD5_CHALLENGE, data),
              "bad-length", value, "message")
    return group


def psk():
    group = Group("psk", "EAP-PSK, standard authentication")
    dialog = group.with_psk("psk")
    asked = [eap.identity_request(1)]
    first = 100
    proposed = [eap.identity_response(first, PEER)]

    def down(name, comment, octets, reaction, before, reply=None, needs="method", **more):
        group.add(name, comment, TO_PEER, octets, needs, reaction, before=before, reply=reply,
                  **more)

    def up(name, comment, octets, reaction, before, reply=None, needs="method", **more):
        group.add(name, comment, TO_SERVER, octets, needs, reaction, before=before, reply=reply,
                  identifier=first, **more)

    sent = response("EAP-PSK")
    down("first", "The server's random number and name", dialog.first(2), sent, asked,
         dialog.second(2), "identity")
    down("third", "The server has proved itself", dialog.third(3), sent, [*asked, dialog.first(2)],
         dialog.fourth(3))
    down("third-refused", "Proved, and refuses: R is DONE_FAILURE",
         dialog.third(3, eap.DONE_FAILURE), sent, [*asked, dialog.first(2)],
         dialog.fourth(3, eap.DONE_FAILURE))
    up("identity", "EAP-PSK is proposed", eap.identity_response(first, PEER), request("EAP-PSK"),
       (), dialog.first(first + 1), "identity")
    up("second", "The peer has proved itself", dialog.second(first + 1), request("EAP-PSK"),
       proposed, dialog.third(first + 2), "proposed")
    known = [*proposed, dialog.second(first + 1)]
    up("fourth", "The peer agrees", dialog.fourth(first + 2), "Success", known,
       eap.success(first + 2))
    up("fourth-refused", "The peer refuses: R is DONE_FAILURE",
       dialog.fourth(first + 2, eap.DONE_FAILURE), "Failure", known, eap.failure(first + 2))
    return group


def psk_invalid():
    group = Group("psk-invalid", "EAP-PSK messages that must not be believed")
    dialog = group.with_psk("psk")
    other = psk_dialog("another")
    stranger = psk_dialog("psk", derive("another psk", 16))
    asked = [eap.identity_request(1)]
    begun = [*asked, dialog.first(2)]
    first = 100
    proposed = [eap.identity_response(first, PEER)]
    known = [*proposed, dialog.second(first + 1)]
    quiet = (SILENCE, "failure")

    def down(name, comment, octets, layer, reason, clause, text, before=begun, needs="method"):
        group.add(name, comment, TO_PEER, octets, needs, quiet, before=before, result="invalid",
                  rule=Rule(layer, reason, clause, text))

    def up(name, comment, octets, layer, reason, clause, text, before=known, needs="method"):
        group.add(name, comment, TO_SERVER, octets, needs, LOST, before=before, identifier=first,
                  result="invalid", rule=Rule(layer, reason, clause, text))

    def packet(code, identifier, data):
        return eap.packet(code, identifier, eap.PSK, data)

    head = "Flags and RAND_S, 17 octets"
    down("first-empty", "No Type-Data", packet(eap.REQUEST, 2, b""), "message", "truncated",
         "RFC4764 5.1", head, asked, "identity")
    down("first-cut", "RAND_S of 15 octets", packet(eap.REQUEST, 2, dialog.first(2)[5:21]),
         "message", "truncated", "RFC4764 5.1", head, asked, "identity")
    down("first-nameless", "ID_S is missing", packet(eap.REQUEST, 2, dialog.first(2)[5:22]),
         "message", "bad-length", "RFC4764 5.1", "ID_S names the server", asked, "identity")
    for t in (1, 2, 3):
        down("first-t%d" % t, "T is %d" % t,
             packet(eap.REQUEST, 2, bytes([t << 6]) + dialog.first(2)[6:]), "session",
             "wrong-state", "RFC4764 5.1", "T of the first message is 0", asked, "identity")
    third = dialog.third(3)
    down("third-t", "The first message once more, with a new Identifier", dialog.first(3),
         "session", "wrong-state", "RFC4764 5.3", "T of the third message is 2")
    down("third-cut", "It ends in MAC_S", packet(eap.REQUEST, 3, third[5:30]), "message",
         "truncated", "RFC4764 5.3", "MAC_S of 16 octets and PCHANNEL")
    down("third-no-channel", "PCHANNEL is missing", packet(eap.REQUEST, 3, third[5:38]), "message",
         "truncated", "RFC4764 5.3", "PCHANNEL has at least 21 octets")
    down("third-channel-cut", "PCHANNEL of 20 octets", packet(eap.REQUEST, 3, third[5:58]),
         "message", "truncated", "RFC4764 5.3", "PCHANNEL has at least 21 octets")
    down("third-rand-s", "RAND_S of another conversation", other.third(3), "session",
         "unknown-session", "RFC4764 5.3", "RAND_S ties the messages together")
    mac = "MAC_S proves that the server knows the key"
    down("third-mac", "One bit of MAC_S wrong", third[:22] + bytes([third[22] ^ 1]) + third[23:],
         "auth", "bad-integrity", "RFC4764 3.2", mac)
    down("third-mac-zero", "MAC_S of zeros", third[:22] + bytes(16) + third[38:], "auth",
         "bad-integrity", "RFC4764 3.2", mac)
    down("third-stranger", "By a server with another key", stranger.third(3), "auth",
         "bad-integrity", "RFC4764 3.2", mac)
    tag = "Tag authenticates the header and PCHANNEL"
    down("third-tag", "One bit of Tag wrong", third[:42] + bytes([third[42] ^ 1]) + third[43:],
         "auth", "bad-integrity", "RFC4764 3.3", tag)
    down("third-cipher", "The encrypted octet changed", third[:-1] + bytes([third[-1] ^ 0x40]),
         "auth", "bad-integrity", "RFC4764 3.3", tag)
    down("third-header", "Sealed for another Identifier", dialog.third(4)[:1] + b"\3"
         + dialog.third(4)[2:], "auth", "bad-integrity", "RFC4764 3.3", tag)
    down("third-nonce", "Nonce 1, sealed right", dialog.third_with(3, nonce=1), "session",
         "replayed", "RFC4764 3.3", "Nonce of the third message is 0")
    down("third-r-0", "R is 0, sealed right", dialog.third(3, 0), "message", "bad-value",
         "RFC4764 5.3", "R is CONT, DONE_SUCCESS or DONE_FAILURE")
    up("second-empty", "No Type-Data", packet(eap.RESPONSE, first + 1, b""), "message",
       "truncated", "RFC4764 5.2", head, proposed, "proposed")
    second = dialog.second(first + 1)
    up("second-cut", "It ends in RAND_P", packet(eap.RESPONSE, first + 1, second[5:30]), "message",
       "truncated", "RFC4764 5.2", "RAND_P and MAC_P of 16 octets", proposed, "proposed")
    up("second-nameless", "ID_P is missing", packet(eap.RESPONSE, first + 1, second[5:54]),
       "message", "bad-length", "RFC4764 5.2", "ID_P names the peer", proposed, "proposed")
    up("second-t", "T is 3", packet(eap.RESPONSE, first + 1, b"\xc0" + second[6:]), "session",
       "wrong-state", "RFC4764 5.2", "T of the second message is 1", proposed, "proposed")
    up("second-rand-s", "RAND_S of another conversation", other.second(first + 1), "session",
       "unknown-session", "RFC4764 5.2", "RAND_S ties the messages together", proposed, "proposed")
    mac = "MAC_P proves that the peer knows the key"
    up("second-mac", "One bit of MAC_P wrong",
       second[:38] + bytes([second[38] ^ 0x80]) + second[39:], "auth", "bad-integrity",
       "RFC4764 3.2", mac, proposed, "proposed")
    up("second-stranger", "By a peer with another key", stranger.second(first + 1), "auth",
       "bad-integrity", "RFC4764 3.2", mac, proposed, "proposed")
    up("second-name", "Another ID_P than MAC_P was made for", second[:-1] + b"T", "auth",
       "unknown-identity", "RFC4764 5.2", "ID_P names the peer", proposed, "proposed")
    fourth = dialog.fourth(first + 2)
    up("fourth-tag", "One bit of Tag wrong", fourth[:30] + bytes([fourth[30] ^ 1]) + fourth[31:],
       "auth", "bad-integrity", "RFC4764 3.3", tag)
    up("fourth-nonce", "Nonce 0, sealed right", dialog.fourth_with(first + 2, nonce=0), "session",
       "replayed", "RFC4764 3.3", "Nonce of the fourth message is 1")
    up("fourth-rand-s", "RAND_S of another conversation, sealed with its key",
       other.fourth(first + 2), "auth", "bad-integrity", "RFC4764 3.3", tag)
    up("fourth-cut", "PCHANNEL of 20 octets", packet(eap.RESPONSE, first + 2, fourth[5:42]),
       "message", "truncated", "RFC4764 5.4", "PCHANNEL has at least 21 octets")
    up("fourth-second", "The second message once more", dialog.second(first + 2), "session",
       "wrong-state", "RFC4764 5.4", "T of the fourth message is 3")
    return group


L, M, S = eap.TLS_L, eap.TLS_M, eap.TLS_S
DATA = derive("eap tls data", 200)
FRAGMENTS = "RFC5216 2.1.5"


def tls_peer():
    group = Group("tls-peer", "EAP-TLS frames to a peer").with_tls()
    asked = [eap.identity_request(1)]
    started = [*asked, eap.tls_start(2)]
    sent = response("EAP-TLS")
    refused = (SILENCE, "failure", sent)

    def down(name, comment, identifier, flags, data=b"", length=None, before=started,
             reaction=sent, reply=None, needs="method", **more):
        group.add(name, comment, TO_PEER,
                  eap.tls_fragment(eap.REQUEST, identifier, flags, data, length), needs, reaction,
                  before=before, reply=reply, **more)

    def fragment(identifier, flags, data, length=None):
        return eap.tls_fragment(eap.REQUEST, identifier, flags, data, length)

    def ack(identifier):
        return eap.tls_fragment(eap.RESPONSE, identifier, 0)

    down("start", "Start: the peer sends ClientHello", 2, S, before=asked, needs="identity")
    down("first-fragment", "The first of three fragments: an empty response", 3, L | M, DATA[:80],
         200, reply=ack(3))
    one = [*started, fragment(3, L | M, DATA[:80], 200)]
    down("next-fragment", "The second, without the length", 4, M, DATA[80:160], before=one,
         reply=ack(4))
    down("next-fragment-length", "The second, with the length again", 4, L | M, DATA[80:160], 200,
         before=one, reply=ack(4))
    two = [*one, fragment(4, M, DATA[80:160])]
    down("last-fragment", "The last: TLS has a whole message, and here no good one", 5, 0,
         DATA[160:], before=two, reaction=refused)
    down("fragment-again", "The same fragment once more: the same acknowledgement", 3, L | M,
         DATA[:80], 200, before=one, reply=ack(3))
    down("message", "A message in one piece", 3, 0, DATA, reaction=refused)
    down("message-length", "With its length", 3, L, DATA, 200, reaction=refused)
    reserved = ("must", "RFC5216 3.1", "reserved bits are ignored on reception")
    down("start-reserved", "Start with all reserved bits set", 2, S | 0x1F, before=asked,
         needs="identity", result="acceptable", tolerance=reserved)
    down("first-reserved", "A fragment with reserved bits set", 3, L | M | 0x15, DATA[:80], 200,
         reply=ack(3), result="acceptable", tolerance=reserved)
    start = ("may", "RFC5216 2.1.1", "Start has no data; the section does not say what becomes of "
             "one that has")
    down("start-data", "Start with data", 2, S, DATA[:10], before=asked, needs="identity",
         reaction=refused, result="acceptable", tolerance=start)
    down("start-length", "Start with a length of zero", 2, S | L, b"", 0, before=asked,
         needs="identity", reaction=refused, result="acceptable", tolerance=start)
    lost = ("may", FRAGMENTS, "the first fragment must have the length; the section does not say "
            "what becomes of one without")
    down("first-no-length", "The first of several fragments without the length", 3, M, DATA[:80],
         reaction=refused, result="acceptable", tolerance=lost)
    down("first-empty", "The first fragment without data", 3, L | M, b"", 200, reaction=refused,
         result="acceptable",
         tolerance=("may", FRAGMENTS, "a fragment of nothing is not forbidden"))
    down("huge", "A length of 4294967295", 3, L | M, DATA[:80], 0xFFFFFFFF, reaction=refused,
         result="acceptable",
         tolerance=("may", FRAGMENTS, "an implementation may bound the size of a message"))

    def broken(name, comment, identifier, flags, data, length, reason, clause, text, before):
        group.add(name, comment, TO_PEER, eap.tls_fragment(eap.REQUEST, identifier, flags, data,
                                                           length), "method", refused,
                  before=before, result="invalid",
                  rule=Rule("session", reason, clause, text, "TLS Message Length"))

    total = "TLS Message Length is the length of the message, or of the set of messages"
    broken("overrun", "Fragments that make more than the length", 4, M, DATA[80:] + DATA[:40],
           None, "bad-length", FRAGMENTS, total, one)
    broken("overrun-last", "The last one makes it more than the length", 5, 0, DATA[159:], None,
           "bad-length", FRAGMENTS, total, two)
    broken("underrun", "The last one leaves the message short", 5, 0, DATA[170:], None,
           "bad-length", FRAGMENTS, total, two)
    broken("length-changed", "Another length in the second fragment", 4, L | M, DATA[80:160], 240,
           "bad-length", FRAGMENTS, total, one)
    broken("single-short", "A message shorter than its length", 3, L, DATA, 201, "bad-length",
           FRAGMENTS, total, started)
    broken("single-long", "A message longer than its length", 3, L, DATA, 199, "bad-length",
           FRAGMENTS, total, started)
    for size in (0, 1, 3):
        group.add("length-cut-%d" % size, "L is set, and %d octets follow" % size, TO_PEER,
                  eap.packet(eap.REQUEST, 3, eap.TLS, bytes([L]) + bytes(size)), "method", refused,
                  before=started, result="invalid",
                  rule=Rule("message", "truncated", "RFC5216 3.1",
                            "L announces a length of four octets"))
    group.add("no-flags", "No flags", TO_PEER, eap.packet(eap.REQUEST, 3, eap.TLS), "method",
              refused, before=started, result="invalid",
              rule=Rule("message", "truncated", "RFC5216 3.1", "Type-Data begins with Flags"))
    group.add("start-twice", "Start in the middle of the handshake", TO_PEER,
              eap.tls_start(3), "method", refused, before=started, result="acceptable",
              tolerance=("may", "RFC5216 2.1.1",
                         "Start begins a conversation; a restart is possible after an alert"))
    return group


def tls_server():
    group = Group("tls-server", "EAP-TLS frames to a server").with_tls()
    first = 100
    proposed = [eap.identity_response(first, PEER)]
    sent = request("EAP-TLS")
    refused = (SILENCE, "Failure", sent)

    def fragment(identifier, flags, data, length=None):
        return eap.tls_fragment(eap.RESPONSE, identifier, flags, data, length)

    def ack(identifier):
        return eap.tls_fragment(eap.REQUEST, identifier, 0)

    def up(name, comment, octets, before=proposed, reaction=sent, reply=None, needs="proposed",
           **more):
        group.add(name, comment, TO_SERVER, octets, needs, reaction, before=before, reply=reply,
                  identifier=first, **more)

    up("identity", "EAP-TLS is proposed", eap.identity_response(first, PEER), (), sent,
       eap.tls_start(first + 1), "identity")
    one = fragment(first + 1, L | M, DATA[:80], 200)
    two = fragment(first + 2, M, DATA[80:160])
    up("first-fragment", "The first of three fragments: an empty request", one,
       reply=ack(first + 2))
    up("next-fragment", "The second", two, [*proposed, one], reply=ack(first + 3), needs="method")
    up("last-fragment", "The last: TLS has a whole message, and here no good one",
       fragment(first + 3, 0, DATA[160:]), [*proposed, one, two], refused, needs="method")
    up("message", "A message in one piece", fragment(first + 1, 0, DATA), reaction=refused)
    up("nak", "EAP-TLS is not wanted",
       eap.packet(eap.RESPONSE, first + 1, eap.NAK, bytes([eap.PSK])), reaction="Failure",
       reply=eap.failure(first + 1))
    reserved = ("must", "RFC5216 3.2", "reserved bits are ignored on reception; in a response all "
                "but L and M are")
    up("first-reserved", "A fragment with reserved bits set",
       fragment(first + 1, L | M | 0x1F, DATA[:80], 200), reply=ack(first + 2),
       result="acceptable", tolerance=reserved)
    up("first-start", "A fragment with the bit that is S in a request",
       fragment(first + 1, L | M | S, DATA[:80], 200), reply=ack(first + 2), result="acceptable",
       tolerance=reserved)
    up("empty", "An empty response to Start", fragment(first + 1, 0, b""), reaction=refused,
       result="acceptable",
       tolerance=("may", "RFC5216 2.1.1",
                  "ClientHello answers Start; the section does not say what becomes of nothing"))
    up("first-no-length", "The first of several fragments without the length",
       fragment(first + 1, M, DATA[:80]), reaction=refused, result="acceptable",
       tolerance=("may", FRAGMENTS, "the first fragment must have the length; the section does "
                  "not say what becomes of one without"))
    total = "TLS Message Length is the length of the message, or of the set of messages"

    def broken(name, comment, octets, before, reason="bad-length", clause=FRAGMENTS, text=total,
               layer="session"):
        up(name, comment, octets, before, refused, needs="method" if len(before) > 1 else
           "proposed", result="invalid", rule=Rule(layer, reason, clause, text))

    broken("overrun", "Fragments that make more than the length",
           fragment(first + 2, M, DATA[80:] + DATA[:40]), [*proposed, one])
    broken("underrun", "The last one leaves the message short",
           fragment(first + 2, 0, DATA[80:160]), [*proposed, one])
    broken("length-changed", "Another length in the second fragment",
           fragment(first + 2, L | M, DATA[80:160], 240), [*proposed, one])
    broken("single-short", "A message shorter than its length",
           fragment(first + 1, L, DATA, 201), proposed)
    broken("length-cut", "L is set, and two octets follow",
           eap.packet(eap.RESPONSE, first + 1, eap.TLS, bytes([L, 0, 0])), proposed, "truncated",
           "RFC5216 3.2", "L announces a length of four octets", "message")
    broken("no-flags", "No flags", eap.packet(eap.RESPONSE, first + 1, eap.TLS), proposed,
           "truncated", "RFC5216 3.2", "Type-Data begins with Flags", "message")
    return group


def order():
    group = Group("order", "Who may say what when: a peer in EAP-PSK (RFC 3748 sections 2, 4)")
    dialog = group.with_psk("order")
    asked = [eap.identity_request(1)]
    begun = [*asked, dialog.first(2)]
    done = [*begun, dialog.third(3)]
    refused = [*begun, dialog.third(3, eap.DONE_FAILURE)]

    def good(name, comment, octets, needs, reaction, before, reply=None, **more):
        group.add(name, comment, TO_PEER, octets, needs, reaction, before=before, reply=reply,
                  **more)

    def bad(name, comment, octets, needs, before, reason, clause, text, reaction=SILENCE):
        group.add(name, comment, TO_PEER, octets, needs, reaction, before=before,
                  result="invalid", rule=Rule("session", reason, clause, text))

    good("success", "After DONE_SUCCESS", eap.success(3), "finished", "success", done)
    good("failure", "After DONE_FAILURE", eap.failure(3), "finished", "failure", refused)
    good("failure-early", "The server gives up at once", eap.failure(1), "identity", "failure",
         asked)
    good("failure-method", "The server gives up in the middle", eap.failure(2), "method",
         "failure", begun)
    good("request-again", "The third message once more: the same answer", dialog.third(3),
         "finished", response("EAP-PSK"), done, dialog.fourth(3))
    good("first-again", "The first message once more: the same answer", dialog.first(2), "method",
         response("EAP-PSK"), begun, dialog.second(2))
    good("notification", "A notification in the middle",
         eap.packet(eap.REQUEST, 3, eap.NOTIFICATION, b"wait"), "method",
         response("Notification"), begun, eap.packet(eap.RESPONSE, 3, eap.NOTIFICATION))
    good("third-after-notification", "The method goes on", dialog.third(4), "method",
         response("EAP-PSK"), [*begun, eap.packet(eap.REQUEST, 3, eap.NOTIFICATION, b"wait")],
         dialog.fourth(4))
    canned = "a Success that nothing went before is silently discarded"
    bad("success-first", "Success as the first packet", eap.success(1), "fresh", (), "wrong-state",
        "RFC3748 4.2", canned)
    bad("success-identity", "Success after the identity alone", eap.success(1), "identity", asked,
        "wrong-state", "RFC3748 4.2", "not where the method does not permit it")
    bad("success-method", "Success in the middle of the method", eap.success(2), "method", begun,
        "wrong-state", "RFC3748 4.2", "not where the method does not permit it")
    bad("success-refused", "Success after DONE_FAILURE", eap.success(3), "finished", refused,
        "wrong-state", "RFC3748 4.2", "not where the method does not permit it")
    bad("failure-first", "Failure as the first packet", eap.failure(1), "fresh", (), "wrong-state",
        "RFC3748 4.2", "it answers a response, and there was none")
    bad("failure-done", "Failure after both have indicated success", eap.failure(3), "finished",
        done, "wrong-state", "RFC3748 4.2",
        "after success indications on both sides a Failure is silently discarded")
    match = "Identifier is that of the response it answers"
    bad("success-identifier", "Success with another Identifier", eap.success(4), "finished", done,
        "wrong-state", "RFC3748 4.2", match)
    bad("failure-identifier", "Failure with another Identifier", eap.failure(7), "method", begun,
        "wrong-state", "RFC3748 4.2", match)
    one = "one method in a conversation; requests of another type are silently discarded"
    bad("other-method", "EAP-MD5 in the middle of EAP-PSK",
        eap.md5_request(3, derive("order md5", 16), SERVER), "method", begun, "wrong-state",
        "RFC3748 2.1", one)
    bad("other-method-tls", "EAP-TLS in the middle of EAP-PSK", eap.tls_start(3), "method", begun,
        "wrong-state", "RFC3748 2.1", one)
    bad("identity-late", "An identity request in the middle", eap.identity_request(3), "method",
        begun, "wrong-state", "RFC3748 2.1", one, (SILENCE, response("Identity")))
    bad("method-after-done", "EAP-MD5 after EAP-PSK has ended",
        eap.md5_request(4, derive("order md5", 16), SERVER), "finished", done, "wrong-state",
        "RFC3748 2.1", one)
    return group


def order_server():
    group = Group("order-server", "The same at a server").with_md5(CHALLENGE)
    first = 100
    proposed = [eap.identity_response(first, PEER)]
    right = eap.md5_response(first + 1, SECRET, CHALLENGE, PEER)

    def bad(name, comment, octets, needs, before, reason, text, clause="RFC3748 4.1", field=None):
        group.add(name, comment, TO_SERVER, octets, needs, SILENCE, before=before,
                  identifier=first, result="invalid",
                  rule=Rule("session", reason, clause, text, field))

    match = "Identifier is that of the request that is out"
    for name, value in (("before", first - 1), ("after", first + 1), ("far", 7)):
        bad("identifier-" + name, "Identity response with Identifier %d instead of %d"
            % (value, first), eap.identity_response(value, PEER), "identity", (),
            "bad-sequence-number", match, field="Identifier")
    bad("identity-again", "The identity response once more", eap.identity_response(first, PEER),
        "proposed", proposed, "bad-sequence-number", match, field="Identifier")
    bad("method-again", "The answer once more, after EAP-Success", right, "finished",
        [*proposed, right], "wrong-state", "nothing is asked any more")
    typed = "the Type of a response is that of the request, or Nak"
    bad("type-tls", "EAP-TLS in answer to EAP-MD5",
        eap.tls_fragment(eap.RESPONSE, first + 1, 0, DATA[:20]), "proposed", proposed,
        "wrong-state", typed)
    bad("type-identity", "Identity in answer to EAP-MD5", eap.identity_response(first + 1, PEER),
        "proposed", proposed, "wrong-state", typed)
    bad("type-expanded", "EAP-MD5 in the expanded form",
        eap.expanded(eap.RESPONSE, first + 1, 0, eap.MD5_CHALLENGE, right[5:]), "proposed",
        proposed, "wrong-state", typed)
    bad("method-first", "EAP-MD5 in answer to the identity request",
        eap.md5_response(first, SECRET, CHALLENGE, PEER), "identity", (), "wrong-state", typed)
    bad("nak-identity", "Nak in answer to the identity request",
        eap.packet(eap.RESPONSE, first, eap.NAK, bytes([eap.PSK])), "identity", (), "wrong-state",
        "Nak answers requests of types from 4 on", "RFC3748 5.3.1")
    return group


def corpora():
    return [Corpus("md5", "EAP-MD5", ["RFC 3748", "RFC 1994"], [md5()]),
            Corpus("psk", "EAP-PSK", ["RFC 4764", "RFC 3748"], [psk(), psk_invalid()]),
            Corpus("tls", "The frames of EAP-TLS", ["RFC 5216", "RFC 3748"],
                   [tls_peer(), tls_server()]),
            Corpus("order", "Packets at the wrong time", ["RFC 3748", "RFC 4764"],
                   [order(), order_server()])]
