# SPDX-License-Identifier: GPL-2.0-or-later
"""Each message of IEEE 802.1X over IP as it may be, and whole conversations."""

import dxi
import eap
import eapol
from dxi import AP1, AP2, TO_AP, TO_STATION, Group
from vector import SILENCE, Corpus, derive

SPECIFICATIONS = ["docs/dot1x-over-ip.md", "IEEE 802.1X-2010", "RFC 3748"]
PEER, SERVER = b"mn@example.net", b"aaa.example.net"

START = eapol.pdu(eapol.START)
START_SENT = "FRAME[EAPOL-Start]"
EAP_SENT = "FRAME[EAPOL-EAP]"


def eap_pdu(packet):
    return eapol.pdu(eapol.EAP, packet)


def opening():
    group = Group("open", "A station asks for an access point")
    for name, comment, octets in (
            ("plain", "Without an element", dxi.open_()),
            ("keep-alive", "Keep-Alive of 30 s", dxi.open_(30)),
            ("keep-alive-least", "Keep-Alive of 5 s, the least", dxi.open_(5)),
            ("keep-alive-most", "Keep-Alive of 600 s, the most", dxi.open_(600)),
            ("other-ap", "The other access point", dxi.open_(30, bssid=AP2))):
        group.add(name, comment, TO_AP, octets, "connected", "OPENED")
    group.add("second", "A second access point on the same connection", TO_AP,
              dxi.open_(30, bssid=AP2), "open", "OPENED", before=[dxi.open_(30)])
    group.add("again", "The same once more: begins anew", TO_AP, dxi.open_(30), "open", "OPENED",
              before=[dxi.open_(30), dxi.frame(START)])
    group.add("proxy", "At a proxy", TO_AP, dxi.open_(30), "connected", "OPENED", proxy=True)
    group.add("unknown-bssid", "An access point that is not here", TO_AP,
              dxi.open_(30, bssid=bytes.fromhex("020000000199")), "connected",
              "REFUSED[unknown-bssid]")
    start = dxi.frame(START)
    for name, comment, octets in (
            ("opened", "Goes ahead: the station begins with EAPOL-Start", dxi.opened()),
            ("opened-keep-alive", "With Keep-Alive", dxi.opened(30)),
            ("opened-keep-alive-least", "Keep-Alive of 5 s", dxi.opened(5)),
            ("opened-keep-alive-most", "Keep-Alive of 600 s", dxi.opened(600))):
        group.add(name, comment, TO_STATION, octets, "opening", START_SENT, reply=start)
    return group


def frames():
    group = Group("frame", "EAPOL PDUs, at an access point and at a proxy")
    before = [dxi.open_(30)]

    def at_ap(name, comment, pdu, reaction):
        group.add(name, comment, TO_AP, dxi.frame(pdu), "open", reaction, before=before)

    def at_proxy(name, comment, pdu, reaction):
        lan = eapol.frame(AP1, dxi.STATION, pdu, eapol.PREAUTH_ETHERTYPE)
        group.add(name, comment, TO_AP, dxi.frame(pdu), "open", reaction, before=before,
                  proxy=True, reply=None if reaction == SILENCE else lan)

    at_ap("start", "EAPOL-Start: the access point asks for the identity", START, EAP_SENT)
    at_ap("start-version-1", "Version 1 of EAPOL", eapol.pdu(eapol.START, version=1), EAP_SENT)
    at_ap("start-version-3", "Version 3 of EAPOL", eapol.pdu(eapol.START, version=3), EAP_SENT)
    at_ap("logoff", "EAPOL-Logoff", eapol.pdu(eapol.LOGOFF), SILENCE)
    at_ap("key", "EAPOL-Key is never carried", eapol.pdu(eapol.KEY, bytes(95)), SILENCE)
    at_ap("response-early", "An EAP response before EAPOL-Start",
          eap_pdu(eap.identity_response(1, PEER)), SILENCE)
    at_proxy("lan-start", "EAPOL-Start goes on the LAN from the station's own address", START,
             "LAN[EAPOL-Start]")
    at_proxy("lan-logoff", "EAPOL-Logoff", eapol.pdu(eapol.LOGOFF), "LAN[EAPOL-Logoff]")
    at_proxy("lan-response", "An EAP response", eap_pdu(eap.identity_response(7, PEER)),
             "LAN[EAPOL-EAP]")
    at_proxy("lan-largest", "A PDU of 2048 octets, the most",
             eap_pdu(eap.tls_fragment(eap.RESPONSE, 7, 0, derive("dxi largest", 2038))),
             "LAN[EAPOL-EAP]")
    at_proxy("lan-key", "EAPOL-Key is never carried", eapol.pdu(eapol.KEY, bytes(95)), SILENCE)
    request = dxi.frame(eap_pdu(eap.identity_request(200)))
    answer = dxi.frame(eap_pdu(eap.identity_response(200, PEER)))
    group.add("identity", "The access point asks, the station answers", TO_STATION, request,
              "authenticating", EAP_SENT, before=[dxi.opened(30)], reply=answer)
    group.add("identity-version-1", "The same by version 1 of EAPOL", TO_STATION,
              dxi.frame(eapol.pdu(eapol.EAP, eap.identity_request(200), version=1)),
              "authenticating", EAP_SENT, before=[dxi.opened(30)], reply=answer)
    group.add("key-to-station", "EAPOL-Key is never carried, downwards neither", TO_STATION,
              dxi.frame(eapol.pdu(eapol.KEY, bytes(95))), "authenticating", SILENCE,
              before=[dxi.opened(30)])
    group.eap.append({"method": "EAP-MD5", "password": "baton md5 secret", "id_p": PEER.decode(),
                      "id_s": SERVER.decode(), "challenge": derive("dxi md5", 16).hex()})
    return group


def alive():
    group = Group("alive", "PROBE and ALIVE: either side, at any time")
    probe, answer = dxi.message(dxi.PROBE), dxi.message(dxi.ALIVE)
    group.add("probe", "Before OPEN", TO_AP, probe, "connected", "ALIVE", reply=answer)
    group.add("probe-open", "After OPEN", TO_AP, probe, "open", "ALIVE", before=[dxi.open_(30)],
              reply=answer)
    group.add("probe-proxy", "At a proxy", TO_AP, probe, "connected", "ALIVE", proxy=True,
              reply=answer)
    group.add("probe-station", "The other way round", TO_STATION, probe, "opening", "ALIVE",
              reply=answer)
    group.add("answer", "ALIVE that nobody asked for", TO_AP, answer, "open", SILENCE,
              before=[dxi.open_(30)])
    group.add("answer-station", "ALIVE to a station", TO_STATION, answer, "opening", SILENCE)
    return group


def endings():
    group = Group("end", "REFUSED and CLOSE with each error")
    for value, name in dxi.ERRORS.items():
        group.add("refused-" + name, "REFUSED: " + name, TO_STATION, dxi.refused(value), "opening",
                  SILENCE)
    group.add("refused-text", "With a text", TO_STATION,
              dxi.refused(5, "too many stations".encode()), "opening", SILENCE)
    group.add("refused-text-empty", "With an empty text", TO_STATION, dxi.refused(5, b""),
              "opening", SILENCE)
    group.add("refused-text-longest", "With a text of 255 octets", TO_STATION,
              dxi.refused(5, b"no " * 85), "opening", SILENCE)
    group.add("refused-text-utf8", "Not only ASCII", TO_STATION,
              dxi.refused(5, "zu viele Geräte, 多すぎます".encode()), "opening", SILENCE)
    group.add("refused-order", "Text before Error: the order has no meaning", TO_STATION,
              dxi.message(dxi.REFUSED, dxi.STATION, AP1, dxi.element(dxi.TEXT, b"busy"),
                          dxi.number(dxi.ERROR, 4)), "opening", SILENCE)
    group.add("refused-unnamed", "An error that has no name here", TO_STATION, dxi.refused(10),
              "opening", SILENCE)
    group.add("refused-late", "No longer served, in the middle of an authentication", TO_STATION,
              dxi.refused(9), "authenticating", SILENCE, before=[dxi.opened(30)])
    group.add("close", "CLOSE without a reason", TO_AP, dxi.close(), "open", "close",
              before=[dxi.open_(30)])
    group.add("close-early", "CLOSE before OPEN", TO_AP, dxi.close(), "connected", "close")
    group.add("close-error", "CLOSE with Error", TO_AP, dxi.close(8), "open", "close",
              before=[dxi.open_(30)])
    group.add("close-text", "CLOSE with Error and Text", TO_AP, dxi.close(8, b"good bye"), "open",
              "close", before=[dxi.open_(30)])
    group.add("close-only-text", "CLOSE with Text alone", TO_AP, dxi.close(None, b"good bye"),
              "open", "close", before=[dxi.open_(30)])
    group.add("close-station", "CLOSE to a station", TO_STATION, dxi.close(5), "opening", "close")
    return group


def conversation():
    """EAP-PSK from OPEN to EAP-Success; every message is the other side's only right answer."""
    group = Group("psk", "A whole authentication with EAP-PSK over one connection")
    dialog = eap.PSKDialog(derive("dxi psk", 16), derive("dxi rand_s", 16),
                           derive("dxi rand_p", 16), SERVER, PEER)
    group.eap.append(dialog.as_json())
    first = 60
    down = [eap.identity_request(first), dialog.first(first + 1), dialog.third(first + 2),
            eap.success(first + 2)]
    up = [eap.identity_response(first, PEER), dialog.second(first + 1), dialog.fourth(first + 2)]
    down = [dxi.opened(30)] + [dxi.frame(eap_pdu(packet)) for packet in down]
    up = [dxi.open_(30), dxi.frame(START)] + [dxi.frame(eap_pdu(packet)) for packet in up]
    names = ("open", "start", "identity", "second", "fourth")
    for i, (name, octets) in enumerate(zip(names, up)):
        group.add(name, "Station: " + name, TO_AP, octets, "open" if i else "connected",
                  EAP_SENT if i else "OPENED", before=up[:i], reply=down[i] if i else None,
                  identifier=first)
    names = ("opened", "identity-request", "first", "third", "success")
    for i, (name, octets) in enumerate(zip(names, down)):
        last = i == len(down) - 1
        reaction = SILENCE if last else EAP_SENT if i else START_SENT
        group.add(name, "Access point: " + name, TO_STATION, octets,
                  "authenticating" if i else "opening", reaction, before=down[:i],
                  reply=None if last else up[i + 1])
    return group


def corpora():
    return [Corpus("messages", "Each message with each element it may have", SPECIFICATIONS,
                   [opening(), frames(), alive(), endings()]),
            Corpus("session-psk", "A whole authentication", SPECIFICATIONS + ["RFC 4764"],
                   [conversation()])]
