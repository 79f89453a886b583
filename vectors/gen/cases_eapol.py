# SPDX-License-Identifier: GPL-2.0-or-later
"""EAPOL in Ethernet frames (IEEE 802.1X-2010 section 11), pre-authentication frames (IEEE
802.11-2020 section 12.6.10.2), and the PMKID that shows which key a station holds."""

import struct

import eap
import eapol
import vector
from eapvec import PEER, SERVER
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["IEEE 802.1X-2010", "IEEE 802.11-2020", "RFC 3748"]
TO_AUTHENTICATOR, TO_SUPPLICANT = "supplicant->authenticator", "authenticator->supplicant"
STATION, BSSID = eapol.mac("02:00:00:00:00:01"), eapol.mac("02:00:00:00:01:01")
TAKEN = "taken"


def dissect(octets):
    destination, source = octets[:6], octets[6:12]
    ethertype, version, kind, length = struct.unpack("!HBBH", octets[12:18])
    body = octets[18 : 18 + length]
    assert len(body) == length and ethertype in (eapol.ETHERTYPE, eapol.PREAUTH_ETHERTYPE)
    return {"fields": {
        "message": eapol.NAMES.get(kind), "destination": destination.hex(),
        "source": source.hex(), "ethertype": ethertype, "version": version, "type": kind,
        "length": length, "body": body.hex(), "padding": octets[18 + length :].hex()}}


class Case(vector.Case):
    PROTOCOL = "eapol"
    DIRECTIONS = (TO_AUTHENTICATOR, TO_SUPPLICANT)
    NEEDS = ("any",)

    def __init__(self, group, name, comment, direction, octets, needs, reaction, pmk=None, **more):
        super().__init__(group, name, comment, direction, octets, needs, reaction, **more)
        self.pmk = pmk

    def more_json(self):
        return {} if self.pmk is None else {"pmk": self.pmk}

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        return self.octets


class Group(vector.Group):
    CASE = Case

    def __init__(self, name, title):
        super().__init__(name, title)
        self.pmks = []

    def keys_json(self):
        return {"pmks": self.pmks} if self.pmks else {}

    def up(self, name, comment, pdu, reaction=TAKEN, destination=BSSID,
           ethertype=eapol.ETHERTYPE, **more):
        return self.add(name, comment, TO_AUTHENTICATOR,
                        eapol.frame(destination, STATION, pdu, ethertype), "any", reaction, **more)

    def down(self, name, comment, pdu, reaction=TAKEN, ethertype=eapol.ETHERTYPE, **more):
        return self.add(name, comment, TO_SUPPLICANT,
                        eapol.frame(STATION, BSSID, pdu, ethertype), "any", reaction, **more)


def frames():
    group = Group("frame", "Each type, to the group and to one station")
    start = eapol.pdu(eapol.START)
    group.up("start", "EAPOL-Start to the PAE group address", start, destination=eapol.PAE_GROUP)
    group.up("start-unicast", "To the access point alone, as over the air", start)
    group.up("start-preauth", "Pre-authentication through the distribution system", start,
             ethertype=eapol.PREAUTH_ETHERTYPE)
    group.up("logoff", "EAPOL-Logoff", eapol.pdu(eapol.LOGOFF))
    for name, comment, packet in (
            ("request", "An EAP request", eap.identity_request(1)),
            ("success", "EAP-Success", eap.success(9)),
            ("failure", "EAP-Failure", eap.failure(9)),
            ("request-long", "An EAP packet of 1496 octets", eap.tls_fragment(
                eap.REQUEST, 3, eap.TLS_M, derive("eapol long", 1490)))):
        group.down(name, comment, eapol.pdu(eapol.EAP, packet))
    group.up("response", "An EAP response", eapol.pdu(eapol.EAP, eap.identity_response(1, PEER)))
    group.up("response-preauth", "An EAP response in pre-authentication",
             eapol.pdu(eapol.EAP, eap.identity_response(1, PEER)),
             ethertype=eapol.PREAUTH_ETHERTYPE)
    group.down("request-preauth", "An EAP request in pre-authentication",
               eapol.pdu(eapol.EAP, eap.identity_request(1)), ethertype=eapol.PREAUTH_ETHERTYPE)
    group.down("alert", "EAPOL-Encapsulated-ASF-Alert", eapol.pdu(eapol.ALERT, bytes(12)))
    for version in (1, 3):
        group.up("start-version-%d" % version, "EAPOL-Start of version %d" % version,
                 eapol.pdu(eapol.START, version=version))
        group.down("request-version-%d" % version, "An EAP request by version %d" % version,
                   eapol.pdu(eapol.EAP, eap.identity_request(1), version=version))
    for size in (1, 42):
        group.up("start-padded-%d" % size, "Ethernet padding of %d zeros" % size,
                 start + bytes(size))
    group.down("request-padded", "An EAP request in a frame of 60 octets",
               eapol.pdu(eapol.EAP, eap.identity_request(1)) + bytes(37))
    return group


def pmkids():
    group = Group("pmkid", "The first message of the 4-way handshake: the PMKID tells which key")
    for i, (name, bssid) in enumerate((("first", BSSID), ("second", eapol.mac("02:00:00:00:01:02")),
                                       ("other-key", BSSID))):
        pmk = derive("eapol pmk %d" % (i // 2), 32)
        value = eapol.pmkid(pmk, bssid, STATION)
        group.pmks.append({"pmk": pmk.hex(), "bssid": bssid.hex(), "station": STATION.hex(),
                           "pmkid": value.hex()})
        octets = eapol.key_message_1(derive("eapol nonce %d" % i, 32), value, i + 1)
        group.add(name, "PMKID of key %d at %s" % (i // 2, bssid.hex()), TO_SUPPLICANT,
                  eapol.frame(STATION, bssid, octets), "any", TAKEN, pmk=i)
    return group


def octets():
    group = Group("octets", "Frames and PDUs that do not fit")

    def add(name, comment, frame, reason, clause, text, field=None, offset=None):
        group.add(name, comment, TO_AUTHENTICATOR, frame, "any", SILENCE, result="invalid",
                  rule=Rule("decode", reason, clause, text, field, offset))

    good = eapol.frame(BSSID, STATION, eapol.pdu(eapol.START))
    ether = "an Ethernet header has 14 octets"
    for size in (0, 6, 13):
        add("frame-%d" % size, "A frame of %d octets" % size, good[:size], "truncated",
            "IEEE802.1X 11.1", ether)
    add("ethertype", "The EtherType of IPv4", good[:12] + b"\x08\x00" + good[14:], "unknown-type",
        "IEEE802.1X 11.1.4", "EtherType is 0x888E, or 0x88C7 in pre-authentication", "EtherType",
        12)
    add("ethertype-swapped", "EtherType with its octets swapped",
        good[:12] + b"\x8e\x88" + good[14:], "unknown-type", "IEEE802.1X 11.1.4",
        "EtherType is 0x888E, or 0x88C7 in pre-authentication", "EtherType", 12)
    pdu = "a PDU has four octets at least"
    for size in (0, 1, 2, 3):
        add("pdu-%d" % size, "A PDU of %d octets" % size, good[: 14 + size], "truncated",
            "IEEE802.1X 11.3", pdu)
    body = "Packet Body Length is the length of the body"
    response = eap.identity_response(1, PEER)
    add("length-one-more", "The body is one octet short",
        eapol.frame(BSSID, STATION, eapol.pdu(eapol.EAP, response, length=len(response) + 1)),
        "bad-length", "IEEE802.1X 11.3.3", body, "Packet Body Length", 2)
    add("length-highest", "Packet Body Length is 65535",
        eapol.frame(BSSID, STATION, eapol.pdu(eapol.EAP, response, length=0xFFFF)), "bad-length",
        "IEEE802.1X 11.3.3", body, "Packet Body Length", 2)
    add("length-no-body", "A length and no body",
        eapol.frame(BSSID, STATION, eapol.pdu(eapol.EAP, length=4)), "bad-length",
        "IEEE802.1X 11.3.3", body, "Packet Body Length", 2)
    return group


def bodies():
    group = Group("body", "Types that nobody knows, and EAP packets that are none")
    unknown = "a PDU of a type that the receiver does not know is discarded"
    for kind in (9, 128, 255):
        group.up("type-%d" % kind, "Packet Type %d" % kind, eapol.pdu(kind), SILENCE,
                 result="invalid", rule=Rule("message", "unknown-type", "IEEE802.1X 11.3.2",
                                             unknown, "Packet Type", 1))

    def add(name, comment, packet, reason, clause, text, field, **more):
        group.up(name, comment, eapol.pdu(eapol.EAP, packet), SILENCE, result="invalid",
                 rule=Rule("message", reason, clause, text, field, **more))

    add("eap-empty", "EAPOL-EAP without a body", b"", "truncated", "RFC3748 4",
        "the header has four octets", "Length")
    add("eap-short", "An EAP packet of three octets", b"\2\1\0", "truncated", "RFC3748 4",
        "the header has four octets", "Length")
    add("eap-cut", "An EAP packet shorter than its Length", eap.identity_response(1, PEER)[:-1],
        "bad-length", "RFC3748 4", "a packet shorter than its Length is silently discarded",
        "Length")
    add("eap-behind", "An EAP packet of which a part lies behind the body",
        eap.identity_response(1, PEER)[:9], "bad-length", "RFC3748 4",
        "a packet shorter than its Length is silently discarded", "Length")
    add("eap-code", "EAP code 9", eap.packet(9, 1, eap.IDENTITY), "unknown-type", "RFC3748 4",
        "codes are 1 to 4; others are silently discarded", "Code")
    return group


def tolerated():
    group = Group("tolerated", "Odd PDUs")

    def add(name, comment, pdu, level, clause, text, reaction=TAKEN):
        group.up(name, comment, pdu, reaction, result="acceptable", tolerance=(level, clause, text))

    either = (TAKEN, SILENCE)
    versions = ("must", "IEEE802.1X 11.5", "a PDU of a later version is read as of one's own")
    add("version-4", "Version 4", eapol.pdu(eapol.START, version=4), *versions)
    add("version-255", "Version 255", eapol.pdu(eapol.START, version=255), *versions)
    add("version-0", "Version 0", eapol.pdu(eapol.START, version=0), "may", "IEEE802.1X 11.3.1",
        "versions begin at 1", either)
    body = ("must", "IEEE802.1X 11.5", "later versions have TLVs there; they are skipped")
    add("start-body", "EAPOL-Start of version 3 with a TLV",
        eapol.pdu(eapol.START, b"\x71\x04\xde\xad\xbe\xef", version=3), *body)
    add("logoff-body", "EAPOL-Logoff with a body", eapol.pdu(eapol.LOGOFF, bytes(4)), "may",
        "IEEE802.1X 11.3.2", "EAPOL-Logoff has no body", either)
    padding = ("must", "IEEE802.1X 11.4", "octets behind the body are ignored")
    add("padding-ones", "Padding that is not zero", eapol.pdu(eapol.START) + b"\xff" * 42, *padding)
    add("padding-pdu", "A second PDU behind the first",
        eapol.pdu(eapol.START) + eapol.pdu(eapol.LOGOFF), *padding)
    inside = eap.identity_response(1, PEER)
    add("eap-padded", "An EAP packet with octets behind its Length, inside the body",
        eapol.pdu(eapol.EAP, inside + bytes(5)), "must", "RFC3748 4",
        "octets outside the Length are ignored upon reception")
    later = ("may", "IEEE802.1X 11.3.2",
             "types 5 to 8 came with IEEE 802.1X-2010; who does not know them discards them")
    for kind, name in ((5, "mka"), (6, "announcement"), (7, "announcement-specific"),
                       (8, "announcement-request")):
        add("type-" + name, "Packet Type %d" % kind, eapol.pdu(kind, bytes(8), version=3), *later,
            either)
    group.down("eap-md5-longest", "A PDU of 2048 octets",
               eapol.pdu(eapol.EAP, eap.packet(eap.REQUEST, 1, eap.MD5_CHALLENGE,
                                               b"\x10" + bytes(16) + SERVER
                                               + bytes(2044 - 5 - 17 - len(SERVER)))), TAKEN,
               result="acceptable",
               tolerance=("may", "IEEE802.1X 11.3.3", "larger than a frame of IEEE 802.3"))
    return group


def corpora():
    return [Corpus("frames", "EAPOL frames", SPECIFICATIONS, [frames(), pmkids()]),
            Corpus("invalid", "Frames and PDUs to be discarded", SPECIFICATIONS,
                   [octets(), bodies()]),
            Corpus("tolerance", "Odd PDUs", SPECIFICATIONS, [tolerated()])]
