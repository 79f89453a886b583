# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS with EAP: conversations, keys, attributes; all to be taken."""

import socket

import eap
import radius
from eapvec import PEER, SECRET, SERVER
from radius import (ACCEPT, CHALLENGE, CLASS, EAP_MESSAGE, PROXY_STATE, REJECT, SESSION_TIMEOUT,
                    SIGNED, STATE, Group, attribute, number)
from vector import Corpus, derive

SPECIFICATIONS = ["RFC 2865", "RFC 3579", "RFC 2548", "RFC 3748"]
MSK = derive("radius msk", 64)
HALVES = {"recv": MSK[:32], "send": MSK[32:]}

NAS = [attribute(radius.NAS_IP_ADDRESS, socket.inet_aton("192.0.2.10")),
       attribute(radius.NAS_IDENTIFIER, b"ap1.example.net"),
       number(radius.NAS_PORT_TYPE, 19),
       attribute(radius.CALLED_STATION_ID, b"02-00-00-00-01-01:baton"),
       attribute(radius.CALLING_STATION_ID, b"02-00-00-00-00-01"),
       number(radius.FRAMED_MTU, 1400)]


def user(name=PEER):
    return attribute(radius.USER_NAME, name)


def ask(identifier, packet, *more, label=None, signed=SIGNED):
    """An Access-Request as an authenticator sends it."""
    authenticator = derive(label or "radius authenticator %d" % identifier, 16)
    return radius.request(identifier, authenticator, user(), *NAS, *more,
                          radius.eap_message(packet), signed)


def md5():
    group = Group("md5", "EAP-MD5 from the identity to Access-Accept", 0)
    challenge = derive("radius md5", 16)
    first = group.up("identity", "The peer's identity", ask(0, eap.identity_response(7, PEER)),
                     "Access-Challenge")
    state = attribute(STATE, b"md5-conversation-1")
    group.down("challenge", "The challenge, with State", first,
               radius.answer(CHALLENGE, group.exchanges[first], state,
                             radius.eap_message(eap.md5_request(8, challenge, SERVER)), SIGNED),
               "challenge")
    second = group.up("response", "The answer, with the State as it came",
                      ask(1, eap.md5_response(8, SECRET, challenge, PEER), state),
                      "Access-Accept")
    group.down("accept", "Access-Accept; EAP-MD5 has no keys", second,
               radius.answer(ACCEPT, group.exchanges[second], user(),
                             radius.eap_message(eap.success(8)), SIGNED), "accept", keys={})
    third = group.up("response-wrong", "A wrong answer",
                     ask(2, eap.md5_response(8, b"wrong", challenge, PEER), state),
                     "Access-Reject")
    group.down("reject", "Access-Reject", third,
               radius.answer(REJECT, group.exchanges[third], radius.eap_message(eap.failure(8)),
                             SIGNED), "reject")
    fourth = group.up("response-again", "Another conversation is refused without EAP",
                      ask(3, eap.identity_response(9, b"nobody@example.net")), "Access-Reject")
    group.down("reject-without-eap", "Access-Reject without EAP-Message", fourth,
               radius.answer(REJECT, group.exchanges[fourth], SIGNED), "reject")
    return group


def tls():
    group = Group("tls", "Long EAP packets in several attributes, and keys at the end", 20)
    state = attribute(STATE, derive("radius state", 32))

    def up(name, comment, identifier, packet, reaction="Access-Challenge", *more):
        return group.up(name, comment, ask(identifier, packet, *more), reaction)

    start = up("identity", "The peer's identity", 0, eap.identity_response(20, PEER))
    group.down("start", "EAP-TLS Start", start,
               radius.answer(CHALLENGE, group.exchanges[start], state,
                             radius.eap_message(eap.tls_start(21)), SIGNED), "challenge")
    for i, size in enumerate((253, 254, 506, 507, 1400)):
        packet = eap.tls_fragment(eap.RESPONSE, 21 + i, eap.TLS_L | eap.TLS_M,
                                  derive("radius tls up %d" % size, size - 10), 4000)
        exchange = up("up-%d" % size, "An EAP packet of %d octets" % size, 1 + i, packet,
                      "Access-Challenge", state)
        packet = eap.tls_fragment(eap.REQUEST, 22 + i, eap.TLS_L | eap.TLS_M,
                                  derive("radius tls down %d" % size, size - 10), 4000)
        group.down("down-%d" % size, "The same downwards", exchange,
                   radius.answer(CHALLENGE, group.exchanges[exchange], state,
                                 radius.eap_message(packet), SIGNED), "challenge")
    last = up("last", "The last response", 6, eap.tls_fragment(eap.RESPONSE, 27, 0),
              "Access-Accept", state)
    asked = group.exchanges[last]
    group.down("accept", "Access-Accept with both keys", last,
               radius.answer(ACCEPT, asked, user(), radius.keys(MSK, asked),
                             radius.eap_message(eap.success(27)), SIGNED), "accept", keys=HALVES)
    return group


def key_attributes():
    group = Group("keys", "How the keys of RFC 2548 may be packed", 40)
    exchange = group.asked(ask(0, eap.tls_fragment(eap.RESPONSE, 30, 0)))
    asked = group.exchanges[exchange]
    success = radius.eap_message(eap.success(30))

    def recv(key=MSK[:32], salt=0x8101, **more):
        return radius.mppe(radius.RECV_KEY, key, salt, asked, **more)

    def send(key=MSK[32:], salt=0x8102, **more):
        return radius.mppe(radius.SEND_KEY, key, salt, asked, **more)

    def accept(name, comment, *attributes, keys=None, **more):
        group.down(name, comment, exchange,
                   radius.answer(ACCEPT, asked, *attributes, success, SIGNED), "accept",
                   keys=HALVES if keys is None else keys, **more)

    v = radius.vendor
    accept("send-first", "Send-Key before Recv-Key", v(send()), v(recv()))
    accept("one-attribute", "Both in one Vendor-Specific", v(recv() + send()))
    accept("among-others", "Among attributes of Microsoft and of others",
           v(attribute(7, b"\0\0\0\1")), v(b"\1\6\0\0\0\1", 9), v(recv()), attribute(CLASS, b"c"),
           v(attribute(8, b"\0\0\0\6")), v(send()))
    accept("behind-eap", "Behind EAP-Message", v(recv()), v(send()), attribute(CLASS, b"after"))
    accept("salt-ffff", "The highest salts", v(recv(salt=0xFFFE)), v(send(salt=0xFFFF)))
    accept("padded", "Padded to 64 octets instead of 48",
           v(radius.mppe(radius.RECV_KEY, b"", 0x8103, asked,
                         plain=b"\x20" + MSK[:32] + bytes(31))),
           v(radius.mppe(radius.SEND_KEY, b"", 0x8104, asked,
                         plain=b"\x20" + MSK[32:] + bytes(31))))
    accept("sixteen", "Keys of 16 octets, as of EAP methods of old", v(recv(MSK[:16])),
           v(send(MSK[32:48])), keys={"recv": MSK[:16], "send": MSK[32:48]})
    accept("fifteen", "Keys of 15 octets: they fill one block", v(recv(MSK[:15])),
           v(send(MSK[32:47])), keys={"recv": MSK[:15], "send": MSK[32:47]})
    accept("sixty-four", "Keys of 64 octets", v(recv(MSK)), v(send(MSK)),
           keys={"recv": MSK, "send": MSK})
    accept("recv-alone", "Only Recv-Key", v(recv()), keys={"recv": MSK[:32]})
    accept("none", "No keys", keys={})
    salt = ("may", "RFC2548 2.4.2", "the leftmost bit of Salt must be set; the section does not "
            "say what becomes of a key where it is not")
    accept("salt-low", "Salts without their leftmost bit", v(recv(salt=1)), v(send(salt=2)),
           result="acceptable", tolerance=salt)
    same = ("may", "RFC2548 2.4.2", "Salts in a packet must differ; the section does not say what "
            "becomes of two that are the same")
    accept("salt-same", "The same salt twice", v(recv(salt=0x8001)), v(send(salt=0x8001)),
           result="acceptable", tolerance=same)
    broken = ("may", "RFC2548 2.4.2",
              "an attribute that cannot be decrypted holds no key; the Access-Accept stands")

    def odd(name, comment, value, **more):
        accept(name, comment, value, v(send()), keys={"send": MSK[32:]}, result="acceptable",
               tolerance=broken, **more)

    odd("length-more", "Key-Length is more than the plain text holds", v(recv(size=48)))
    odd("length-255", "Key-Length is 255", v(recv(size=255)))
    odd("cut", "The cipher text is no multiple of 16 octets",
        v(attribute(radius.RECV_KEY, recv()[2:-3])))
    odd("empty", "A salt alone", v(attribute(radius.RECV_KEY, b"\x81\1")))
    odd("no-salt", "One octet", v(attribute(radius.RECV_KEY, b"\x81")))
    odd("vendor-length", "The vendor attribute's length reaches past the attribute",
        v(bytes([radius.RECV_KEY, 200]) + recv()[2:]))
    odd("vendor-length-1", "The vendor attribute's length is 1",
        v(bytes([radius.RECV_KEY, 1]) + recv()[2:]))
    odd("other-vendor", "The same attribute of another vendor", v(recv(), 9))
    return group


def attributes():
    group = Group("attribute", "Attributes that may stand beside EAP", 60)
    exchange = group.asked(ask(0, eap.identity_response(40, PEER)))
    asked = group.exchanges[exchange]
    challenge = radius.eap_message(eap.md5_request(41, derive("radius attribute", 16), SERVER))

    def down(name, comment, *attributes, code=CHALLENGE, packet=challenge, reaction="challenge",
             **more):
        group.down(name, comment, exchange, radius.answer(code, asked, *attributes, packet, SIGNED),
                   reaction, **more)

    down("state-1", "State of one octet", attribute(STATE, b"s"))
    down("state-253", "State of 253 octets", attribute(STATE, derive("state", 253)))
    down("state-nul", "State with zeros in it", attribute(STATE, b"a\0b\0"))
    down("session-timeout", "Session-Timeout: how long the peer has to answer",
         number(SESSION_TIMEOUT, 30))
    down("proxy-state", "Proxy-State of two proxies", attribute(PROXY_STATE, b"one"),
         attribute(PROXY_STATE, b"two"))
    down("experimental", "An attribute that nobody knows", attribute(radius.EXPERIMENTAL, b"?"))
    down("vendor", "Another vendor's attribute", radius.vendor(b"\1\6abcd", 9))
    group.down("signature-first", "Message-Authenticator before everything else", exchange,
               radius.answer(CHALLENGE, asked, SIGNED, attribute(STATE, b"s"), challenge),
               "challenge")
    group.down("signature-middle", "Message-Authenticator in the middle", exchange,
               radius.answer(CHALLENGE, asked, challenge, SIGNED, attribute(STATE, b"s")),
               "challenge")
    accept = {"code": ACCEPT, "packet": radius.eap_message(eap.success(40)), "reaction": "accept"}
    down("accept-class", "Class, several times", attribute(CLASS, b"one"), attribute(CLASS, b"two"),
         **accept)
    down("accept-session", "Session-Timeout and Termination-Action", number(SESSION_TIMEOUT, 3600),
         number(radius.TERMINATION_ACTION, 1), **accept)
    down("accept-user", "User-Name for accounting", user(b"subscriber-4711"), **accept)
    down("accept-forty", "Forty attributes", *[attribute(PROXY_STATE, b"p%d" % i)
                                               for i in range(38)], **accept)
    group.down("accept-without-eap", "Access-Accept without EAP-Message", exchange,
               radius.answer(ACCEPT, asked, user(), SIGNED), "accept")
    filler = b"".join(attribute(PROXY_STATE, derive("filler %d" % i, 253)) for i in range(15))
    rest = 4096 - 20 - len(filler) - len(challenge) - len(SIGNED)
    down("longest", "4096 octets, the most", filler, attribute(PROXY_STATE, bytes(rest - 2)))
    for name, comment, extra in (
            ("nas-port", "NAS-Port", [number(radius.NAS_PORT, 3)]),
            ("service-type", "Service-Type Framed", [number(radius.SERVICE_TYPE, 2)]),
            ("nas-ipv6", "NAS-IPv6-Address",
             [attribute(radius.NAS_IPV6_ADDRESS, socket.inet_pton(socket.AF_INET6,
                                                                  "2001:db8::10"))]),
            ("proxied", "Through two proxies", [attribute(PROXY_STATE, b"one"),
                                                attribute(PROXY_STATE, b"two")])):
        group.up("request-" + name, "Access-Request with " + comment,
                 ask(1, eap.identity_response(42, PEER), *extra, label="request " + name),
                 "Access-Challenge")
    group.up("request-start", "EAP-Start: an EAP-Message with nothing in it",
             radius.request(2, derive("radius eap start", 16), user(), *NAS,
                            attribute(EAP_MESSAGE, b""), SIGNED), "Access-Challenge")
    return group


def corpora():
    return [Corpus("conversations", "EAP through RADIUS", SPECIFICATIONS + ["RFC 5216"],
                   [md5(), tls()]),
            Corpus("keys", "MS-MPPE-Send-Key and MS-MPPE-Recv-Key", SPECIFICATIONS,
                   [key_attributes()]),
            Corpus("attributes", "Attributes beside EAP", SPECIFICATIONS, [attributes()])]
