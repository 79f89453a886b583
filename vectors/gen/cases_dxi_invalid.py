# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of IEEE 802.1X over IP that are to be refused, and odd ones that are not."""

import struct

import dxi
import eap
import eapol
from cases_dxi_messages import EAP_SENT, PEER, SPECIFICATIONS, START, START_SENT, eap_pdu
from dxi import AP1, AP2, NOBODY, OTHER_STATION, STATION, TO_AP, TO_STATION, Group
from vector import SILENCE, Corpus, Rule

MALFORMED = "CLOSE[malformed]"
HEADER, ELEMENT, TYPE, ERROR = "DXI 3.1", "DXI 3.2", "DXI 3.3", "DXI 3.4"


def octets():
    group = Group("octets", "Header and elements that do not fit")
    good = dxi.open_(30)

    def add(name, comment, message, reason, clause, text, field=None, offset=None,
            reaction=MALFORMED):
        group.add(name, comment, TO_AP, message, "connected", reaction, result="invalid",
                  rule=Rule("decode", reason, clause, text, field, offset))

    counts = "Length counts the whole message, header included"
    for name, length in (("zero", 0), ("header-less-one", 15), ("four", 4)):
        add("length-" + name, "Length is %d" % length,
            dxi.message(dxi.PROBE, length=length), "bad-length", HEADER, counts, "Length", 2)
    add("length-4097", "Length is 4097, more than any message has",
        dxi.message(dxi.PROBE, length=4097), "bad-length", HEADER,
        "a message has at most 4096 octets", "Length", 2)
    add("length-highest", "Length is 65535", dxi.message(dxi.PROBE, length=0xFFFF), "bad-length",
        HEADER, "a message has at most 4096 octets", "Length", 2)
    add("length-260", "Length is 260 before OPEN", dxi.message(dxi.OPEN, STATION, AP1, length=260),
        "bad-length", "DXI 6", "before OPEN a message has at most 256 octets", "Length", 2)
    cut = struct.pack("!BBH", 1, dxi.OPEN, 20) + STATION + AP1 + struct.pack("!HH", 4, 2)
    add("value-missing", "Length ends where the element's value should begin", cut, "bad-length",
        ELEMENT, "Length of an element counts its value", "Keep-Alive", 18)
    add("element-length", "The element is longer than the message",
        good[:18] + b"\0\x40" + good[20:], "bad-length", ELEMENT,
        "Length of an element counts its value", "Keep-Alive", 18)
    add("element-length-highest", "The element's Length is 65535",
        good[:18] + b"\xff\xff" + good[20:], "bad-length", ELEMENT,
        "Length of an element counts its value", "Keep-Alive", 18)
    for size in (1, 3):
        short = good[:2] + struct.pack("!H", 16 + size) + good[4 : 16 + size]
        add("element-header-%d" % size, "%d octets left for an element's header" % size, short,
            "truncated", ELEMENT, "an element's header has four octets", offset=16)
    unpadded = dxi.message(dxi.OPEN, STATION, AP1, dxi.element(dxi.KEEP_ALIVE, b"\0\x1e",
                                                               padding=b""))
    add("padding-missing", "Keep-Alive without the two zeros behind it", unpadded, "bad-padding",
        ELEMENT, "zeros up to a multiple of four octets", "Keep-Alive", 22)
    return group


def versions():
    group = Group("version", "Other versions, and what is no message at all")
    text = "Version is 1"

    def add(name, comment, message):
        group.add(name, comment, TO_AP, message, "connected", "CLOSE[version]", result="invalid",
                  rule=Rule("message", "bad-version", HEADER, text, "Version", 0,
                            also=("bad-value",)))

    for version in (0, 2, 255):
        add(str(version), "Version %d" % version,
            dxi.message(dxi.OPEN, STATION, AP1, version=version))
    http = b"GET /index.html HTTP/1.1\r\nHost: ap\r\n\r\n"
    group.add("http", "Somebody takes the port for a web server", TO_AP, http, "connected",
              "CLOSE[version]", result="invalid",
              rule=Rule("decode", "bad-length", HEADER, text, "Length", 2, also=("bad-version",)))
    group.add("station", "Version 2 towards a station", TO_STATION,
              dxi.message(dxi.OPENED, STATION, AP1, version=2), "opening", "CLOSE[version]",
              result="invalid", rule=Rule("message", "bad-version", HEADER, text, "Version", 0,
                                          also=("bad-value",)))
    return group


def messages():
    group = Group("message", "Types, elements and values that section 3 does not allow")

    def up(name, comment, message, reason, clause, text, field=None, offset=None,
           needs="connected", before=()):
        group.add(name, comment, TO_AP, message, needs, MALFORMED, result="invalid", before=before,
                  rule=Rule("message", reason, clause, text, field, offset))

    def down(name, comment, message, reason, clause, text, field=None, offset=None):
        group.add(name, comment, TO_STATION, message, "opening", MALFORMED, result="invalid",
                  rule=Rule("message", reason, clause, text, field, offset))

    for kind in (0, 8, 255):
        up("type-%d" % kind, "Type %d" % kind, dxi.message(kind, STATION, AP1), "unknown-type",
           TYPE, "types are 1 to 7", "Type", 1)
    up("frame-empty", "FRAME without a PDU", dxi.message(dxi.FRAME, STATION, AP1),
       "missing-element", TYPE, "FRAME has EAPOL", "EAPOL")
    down("refused-empty", "REFUSED without an error", dxi.message(dxi.REFUSED, STATION, AP1),
         "missing-element", TYPE, "REFUSED has Error", "Error")
    down("refused-only-text", "REFUSED with a text alone",
         dxi.message(dxi.REFUSED, STATION, AP1, dxi.element(dxi.TEXT, b"no")), "missing-element",
         TYPE, "REFUSED has Error", "Error")
    once = "an element stands once"
    keep = dxi.number(dxi.KEEP_ALIVE, 30)
    up("keep-alive-twice", "Keep-Alive twice", dxi.open_(30, STATION, AP1, keep),
       "repeated-element", TYPE, once, "Keep-Alive", 24)
    pdu = dxi.element(dxi.EAPOL, START)
    up("eapol-twice", "Two PDUs in one FRAME",
       dxi.message(dxi.FRAME, STATION, AP1, pdu, pdu), "repeated-element", TYPE, once, "EAPOL", 24,
       needs="open", before=[dxi.open_(30)])
    down("error-twice", "Two errors", dxi.refused(4, None, STATION, AP1, dxi.number(dxi.ERROR, 5)),
         "repeated-element", TYPE, once, "Error", 24)
    up("text-twice", "CLOSE with two texts",
       dxi.close(None, b"a", dxi.element(dxi.TEXT, b"b")), "repeated-element", TYPE, once, "Text",
       24)
    foreign = "no other known element stands there"
    for name, kind, element, called in (
            ("open-eapol", dxi.OPEN, pdu, "EAPOL"),
            ("open-error", dxi.OPEN, dxi.number(dxi.ERROR, 4), "Error"),
            ("probe-keep-alive", dxi.PROBE, keep, "Keep-Alive"),
            ("alive-text", dxi.ALIVE, dxi.element(dxi.TEXT, b"yes"), "Text"),
            ("close-keep-alive", dxi.CLOSE, keep, "Keep-Alive")):
        known = kind == dxi.OPEN
        up("unexpected-" + name, "%s in %s" % (called, dxi.TYPES[kind]),
           dxi.message(kind, STATION if known else NOBODY, AP1 if known else NOBODY, element),
           "unexpected-element", TYPE, foreign, called, 16)
    up("unexpected-frame-keep-alive", "Keep-Alive in FRAME", dxi.frame(START, STATION, AP1, keep),
       "unexpected-element", TYPE, foreign, "Keep-Alive", 24, needs="open",
       before=[dxi.open_(30)])
    down("unexpected-opened-error", "Error in OPENED",
         dxi.opened(None, STATION, AP1, dxi.number(dxi.ERROR, 4)), "unexpected-element", TYPE,
         foreign, "Error", 16)
    for seconds in (0, 4, 601, 0xFFFF):
        up("keep-alive-%d" % seconds, "Keep-Alive of %d s" % seconds, dxi.open_(seconds),
           "bad-value", ELEMENT, "Keep-Alive is 5 to 600", "Seconds", 20)
    for size in (0, 1, 4):
        up("keep-alive-size-%d" % size, "Keep-Alive of %d octets" % size,
           dxi.message(dxi.OPEN, STATION, AP1, dxi.element(dxi.KEEP_ALIVE, b"\0\x1e\0\0"[:size])),
           "bad-length", ELEMENT, "Keep-Alive has 2 octets", "Keep-Alive", 16)
    down("error-0", "Error 0", dxi.refused(0), "bad-value", ERROR, "0 is no error", "Error", 20)
    down("error-size-1", "Error of one octet",
         dxi.message(dxi.REFUSED, STATION, AP1, dxi.element(dxi.ERROR, b"\4")), "bad-length",
         ELEMENT, "Error has 2 octets", "Error", 16)
    down("text-256", "Text of 256 octets", dxi.refused(4, b"no" * 128), "bad-length", ELEMENT,
         "Text has at most 255 octets", "Text", 24)
    up("eapol-short", "A PDU of 3 octets", dxi.frame(b"\2\1\0"), "bad-length", ELEMENT,
       "a PDU has 4 to 2048 octets", "EAPOL", 16, needs="open", before=[dxi.open_(30)])
    up("eapol-long", "A PDU of 2049 octets",
       dxi.frame(eapol.pdu(eapol.EAP, bytes(2045))), "bad-length", ELEMENT,
       "a PDU has 4 to 2048 octets", "EAPOL", 16, needs="open", before=[dxi.open_(30)])
    single = "an address of one station"
    for name, station, bssid, field, offset in (
            ("station-zero", NOBODY, AP1, "Station", 4),
            ("station-group", eapol.PAE_GROUP, AP1, "Station", 4),
            ("station-broadcast", b"\xff" * 6, AP1, "Station", 4),
            ("bssid-zero", STATION, NOBODY, "BSSID", 10),
            ("bssid-broadcast", STATION, b"\xff" * 6, "BSSID", 10)):
        up("open-" + name, "OPEN with %s %s" % (field, (station + bssid)[offset - 4 :][:6].hex()),
           dxi.message(dxi.OPEN, station, bssid), "bad-value", HEADER, single, field, offset)
    up("frame-station-zero", "FRAME with Station zero", dxi.frame(START, NOBODY, AP1), "bad-value",
       HEADER, single, "Station", 4, needs="open", before=[dxi.open_(30)])
    down("opened-bssid-zero", "OPENED with BSSID zero", dxi.opened(30, STATION, NOBODY),
         "bad-value", HEADER, single, "BSSID", 10)
    return group


def directions():
    group = Group("direction", "Right in themselves, from the wrong side")
    text = "the column 'from'"

    def add(name, message, direction, needs):
        group.add(name, "%s %s" % (name, direction), direction, message, needs, MALFORMED,
                  result="invalid",
                  rule=Rule("session", "unknown-type", TYPE, text, "Type", 1))

    add("opened", dxi.opened(30), TO_AP, "connected")
    add("refused", dxi.refused(4), TO_AP, "connected")
    add("open", dxi.open_(30), TO_STATION, "opening")
    return group


def sessions():
    group = Group("session", "Right in themselves, wrong for this connection")
    opened = [dxi.open_(30)]

    def add(name, comment, direction, message, needs, reaction, reason, clause, text, field,
            before=(), proxy=False):
        group.add(name, comment, direction, message, needs, reaction, result="invalid",
                  before=before, proxy=proxy,
                  rule=Rule("session", reason, clause, text, field))

    add("frame-first", "FRAME before OPEN", TO_AP, dxi.frame(START), "connected",
        "REFUSED[not-open]", "wrong-state", "DXI 5", "FRAME needs an open BSSID", "BSSID")
    add("frame-first-proxy", "The same at a proxy: nothing goes on the LAN", TO_AP,
        dxi.frame(START), "connected", "REFUSED[not-open]", "wrong-state", "DXI 5",
        "FRAME needs an open BSSID", "BSSID", proxy=True)
    add("frame-other-bssid", "FRAME for the BSSID that is not open", TO_AP,
        dxi.frame(START, STATION, AP2), "open", "REFUSED[not-open]", "wrong-state", "DXI 5",
        "FRAME needs an open BSSID", "BSSID", before=opened)
    wrong = "a connection speaks for one station"
    add("open-other-station", "OPEN for another station", TO_AP, dxi.open_(30, OTHER_STATION),
        "open", "CLOSE[wrong-station]", "wrong-address", "DXI 5", wrong, "Station", before=opened)
    add("frame-other-station", "FRAME from another station", TO_AP,
        dxi.frame(START, OTHER_STATION), "open", "CLOSE[wrong-station]", "wrong-address", "DXI 5",
        wrong, "Station", before=opened)
    add("frame-other-station-proxy", "The same at a proxy: nothing goes on the LAN", TO_AP,
        dxi.frame(START, OTHER_STATION), "open", "CLOSE[wrong-station]", "wrong-address", "DXI 5",
        wrong, "Station", before=opened, proxy=True)
    none = "of which the station expects none"
    request = eap_pdu(eap.identity_request(5))
    add("opened-other-bssid", "OPENED for a BSSID that was not asked for", TO_STATION,
        dxi.opened(30, STATION, AP2), "opening", SILENCE, "unknown-session", "DXI 4", none,
        "BSSID")
    add("opened-other-station", "OPENED for another station", TO_STATION,
        dxi.opened(30, OTHER_STATION, AP1), "opening", SILENCE, "unknown-session", "DXI 4", none,
        "BSSID")
    add("opened-twice", "OPENED a second time", TO_STATION, dxi.opened(30), "authenticating",
        SILENCE, "wrong-state", "DXI 4", none, "OPENED", before=[dxi.opened(30)])
    add("frame-before-opened", "FRAME before OPENED", TO_STATION, dxi.frame(request), "opening",
        SILENCE, "wrong-state", "DXI 4", none, "FRAME")
    add("frame-other-bssid-down", "FRAME of a BSSID that was not asked for", TO_STATION,
        dxi.frame(request, STATION, AP2), "authenticating", SILENCE, "unknown-session", "DXI 4",
        none, "BSSID", before=[dxi.opened(30)])
    add("refused-other-bssid", "REFUSED for a BSSID that was not asked for", TO_STATION,
        dxi.refused(3, None, STATION, AP2), "opening", SILENCE, "unknown-session", "DXI 4", none,
        "BSSID")
    return group


def pdus():
    group = Group("pdu", "FRAMEs whose PDU is to be dropped; the connection stays")
    opened = [dxi.open_(30)]

    def add(name, comment, pdu, reason, clause, text, field, proxy=True):
        group.add(name, comment, TO_AP, dxi.frame(pdu), "open", SILENCE, result="invalid",
                  before=opened, proxy=proxy,
                  rule=Rule("session", reason, clause, text, field))

    whole = "Packet Body Length is the length of the body"
    add("length", "The body is shorter than its length says",
        eapol.pdu(eapol.EAP, eap.identity_response(1, PEER), length=200), "bad-length",
        "IEEE802.1X 11.3.3", whole, "Packet Body Length")
    add("length-start", "EAPOL-Start with a length and no body",
        eapol.pdu(eapol.START, length=1), "bad-length", "IEEE802.1X 11.3.3", whole,
        "Packet Body Length")
    add("type-255", "Packet Type 255", eapol.pdu(255), "unknown-type", "IEEE802.1X 11.3.2",
        "an unknown Packet Type", "Packet Type")
    add("length-ap", "The same at an access point",
        eapol.pdu(eapol.EAP, eap.identity_response(1, PEER), length=200), "bad-length",
        "IEEE802.1X 11.3.3", whole, "Packet Body Length", proxy=False)
    add("eap-request", "An EAP request from a station",
        eap_pdu(eap.identity_request(1)), "wrong-state", "DXI 5",
        "EAP before EAPOL-Start", "Packet Type", proxy=False)
    return group


def tolerated():
    group = Group("tolerated", "What a sender should not send and a receiver takes nevertheless")
    opened = [dxi.open_(30)]

    def add(name, comment, direction, message, needs, reaction, clause, text, level="must",
            before=(), reply=None, proxy=False):
        group.add(name, comment, direction, message, needs, reaction, result="acceptable",
                  tolerance=(level, clause, text), before=before, reply=reply, proxy=proxy)

    skipped = "unknown elements are skipped"
    unknown = dxi.element(0x1234, b"of tomorrow")
    add("unknown", "An unknown element", TO_AP, dxi.open_(30, STATION, AP1, unknown), "connected",
        "OPENED", ELEMENT, skipped)
    add("unknown-empty", "An unknown element without a value", TO_AP,
        dxi.open_(30, STATION, AP1, dxi.element(0xFFFF, b"")), "connected", "OPENED", ELEMENT,
        skipped)
    add("unknown-first", "An unknown element before the known one", TO_AP,
        dxi.message(dxi.OPEN, STATION, AP1, unknown, dxi.number(dxi.KEEP_ALIVE, 30)), "connected",
        "OPENED", ELEMENT, skipped)
    add("unknown-code-0", "Element 0", TO_AP,
        dxi.open_(30, STATION, AP1, dxi.element(0, b"zero")), "connected", "OPENED", ELEMENT,
        skipped)
    add("unknown-twice", "The same unknown element twice", TO_AP,
        dxi.open_(30, STATION, AP1, unknown, unknown), "connected", "OPENED", ELEMENT, skipped)
    add("unknown-256", "Filled up with unknown elements to 256 octets", TO_AP,
        dxi.open_(30, STATION, AP1, dxi.element(0x1234, bytes(228))), "connected", "OPENED",
        "DXI 6", "before OPEN a message has at most 256 octets")
    add("unknown-frame", "An unknown element in FRAME", TO_AP,
        dxi.frame(START, STATION, AP1, unknown), "open", "LAN[EAPOL-Start]", ELEMENT, skipped,
        before=opened, proxy=True,
        reply=eapol.frame(AP1, STATION, START, eapol.PREAUTH_ETHERTYPE))
    add("unknown-opened", "An unknown element in OPENED", TO_STATION,
        dxi.opened(30, STATION, AP1, unknown), "opening", START_SENT, ELEMENT, skipped,
        reply=dxi.frame(START))
    ones = "a receiver does not look at them"
    add("padding-ones", "Padding that is not zero", TO_AP,
        dxi.message(dxi.OPEN, STATION, AP1,
                    dxi.element(dxi.KEEP_ALIVE, b"\0\x1e", padding=b"\xff\xff")), "connected",
        "OPENED", ELEMENT, ones)
    ignored = "sent as zero and ignored"
    alive = dxi.message(dxi.ALIVE)
    add("probe-addresses", "PROBE with addresses", TO_AP, dxi.message(dxi.PROBE, STATION, AP1),
        "connected", "ALIVE", HEADER, ignored, reply=alive)
    add("probe-other-station", "PROBE with the address of another station", TO_AP,
        dxi.message(dxi.PROBE, OTHER_STATION, AP1), "open", "ALIVE", HEADER, ignored,
        before=opened, reply=alive)
    add("close-addresses", "CLOSE with addresses", TO_AP, dxi.message(dxi.CLOSE, STATION, AP1),
        "open", "close", HEADER, ignored, before=opened)
    add("text-no-utf8", "A text that is no UTF-8", TO_STATION, dxi.refused(4, b"\xff\xfe\x80"),
        "opening", SILENCE, ELEMENT, "who shows it replaces what is no UTF-8")
    add("pdu-padding", "Octets behind the body of the PDU: not passed on", TO_AP,
        dxi.frame(START + bytes(42)), "open", "LAN[EAPOL-Start]", "DXI 3.5",
        "padding: ignored, and not passed on", before=opened, proxy=True,
        reply=eapol.frame(AP1, STATION, START, eapol.PREAUTH_ETHERTYPE))
    add("pdu-padding-station", "The same towards a station", TO_STATION,
        dxi.frame(eap_pdu(eap.identity_request(200)) + bytes(42)), "authenticating", EAP_SENT,
        "DXI 3.5", "padding: ignored, and not passed on", before=[dxi.opened(30)],
        reply=dxi.frame(eap_pdu(eap.identity_response(200, PEER))))
    group.eap.append({"method": "EAP-MD5", "password": "baton md5 secret", "id_p": PEER.decode(),
                      "id_s": "aaa.example.net"})
    return group


def corpora():
    return [Corpus("invalid-octets", "Octets that are no message", SPECIFICATIONS,
                   [octets(), versions()]),
            Corpus("invalid-messages", "Messages that section 3 does not allow", SPECIFICATIONS,
                   [messages(), directions()]),
            Corpus("invalid-sessions", "Messages at the wrong time", SPECIFICATIONS,
                   [sessions(), pdus()]),
            Corpus("tolerance", "Odd, and to be taken", SPECIFICATIONS, [tolerated()])]
