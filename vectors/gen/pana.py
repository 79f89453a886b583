# SPDX-License-Identifier: GPL-2.0-or-later
"""Scapy layers for PANA.

RFC 5191 section 6.2 (header), 6.3 (AVPs), 7 (messages), 8 (AVP codes); RFC 5873 (the E bit);
RFC 6345 (PANA-Relay); RFC 6786 (encrypted AVPs). Load them in a Scapy shell with
`from pana import PANA, AVP`; UDP port 716 then dissects as PANA.
"""

from scapy.fields import (ConditionalField, FieldLenField, FlagsField, IntField, PacketListField,
                          PadField, ShortEnumField, ShortField, StrLenField, XIntField)
from scapy.layers.inet import UDP
from scapy.packet import Packet, bind_layers

PORT = 716

PCI, AUTHENTICATION, TERMINATION, NOTIFICATION, RELAY = 1, 2, 3, 4, 5

R, S, C, A, P, I, E = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400, 0x0200
FLAG_LETTERS = ((R, "R"), (S, "S"), (C, "C"), (A, "A"), (P, "P"), (I, "I"), (E, "E"))

V = 0x8000

AUTH, EAP_PAYLOAD, INTEGRITY_ALGORITHM, KEY_ID, NONCE = 1, 2, 3, 4, 5
PRF_ALGORITHM, RESULT_CODE, SESSION_LIFETIME, TERMINATION_CAUSE = 6, 7, 8, 9
PAC_INFORMATION, RELAYED_MESSAGE, ENCRYPTION_ENCAP, ENCRYPTION_ALGORITHM = 10, 11, 12, 13

AVP_NAMES = {
    AUTH: "AUTH",
    EAP_PAYLOAD: "EAP-Payload",
    INTEGRITY_ALGORITHM: "Integrity-Algorithm",
    KEY_ID: "Key-Id",
    NONCE: "Nonce",
    PRF_ALGORITHM: "PRF-Algorithm",
    RESULT_CODE: "Result-Code",
    SESSION_LIFETIME: "Session-Lifetime",
    TERMINATION_CAUSE: "Termination-Cause",
    PAC_INFORMATION: "PaC-Information",
    RELAYED_MESSAGE: "Relayed-Message",
    ENCRYPTION_ENCAP: "Encryption-Encap",
    ENCRYPTION_ALGORITHM: "Encryption-Algorithm",
}

# AVPs whose value is a number of four octets (RFC 5191 section 8, RFC 6786 section 4).
NUMBERS = (INTEGRITY_ALGORITHM, KEY_ID, PRF_ALGORITHM, RESULT_CODE, SESSION_LIFETIME,
           TERMINATION_CAUSE, ENCRYPTION_ALGORITHM)

PANA_SUCCESS, PANA_AUTHENTICATION_REJECTED, PANA_AUTHORIZATION_REJECTED = 0, 1, 2
LOGOUT, ADMINISTRATIVE, SESSION_TIMEOUT = 1, 4, 8

# FlagsField counts from the least significant bit.
_HEADER_FLAGS = ["r%d" % i for i in range(9)] + ["E", "I", "P", "A", "C", "S", "R"]
_AVP_FLAGS = ["r%d" % i for i in range(15)] + ["V"]


class AVP(Packet):
    """One attribute-value pair. Length counts the value only, neither header nor padding."""

    name = "PANA AVP"
    fields_desc = [
        ShortEnumField("code", 0, AVP_NAMES),
        FlagsField("flags", 0, 16, _AVP_FLAGS),
        FieldLenField("length", None, fmt="H", length_of="value"),
        ShortField("reserved", 0),
        ConditionalField(IntField("vendor", 0), lambda avp: int(avp.flags) & V),
        PadField(StrLenField("value", b"", length_from=lambda avp: avp.length), 4),
    ]

    def extract_padding(self, s):
        return b"", s


class PANA(Packet):
    """A PANA message: header and AVPs."""

    name = "PANA"
    fields_desc = [
        ShortField("reserved", 0),
        ShortField("length", None),
        FlagsField("flags", 0, 16, _HEADER_FLAGS),
        ShortEnumField("type", PCI, {PCI: "Client-Initiation", AUTHENTICATION: "Auth",
                                     TERMINATION: "Termination", NOTIFICATION: "Notification",
                                     RELAY: "Relay"}),
        XIntField("session", 0),
        XIntField("sequence", 0),
        PacketListField("avps", [], AVP, length_from=lambda pana: max(pana.length - 16, 0)),
    ]

    def post_build(self, pkt, pay):
        if self.length is None:
            pkt = pkt[:2] + len(pkt).to_bytes(2, "big") + pkt[4:]
        return pkt + pay


bind_layers(UDP, PANA, dport=PORT)
bind_layers(UDP, PANA, sport=PORT)


def abbreviation(flags, kind):
    """PAR, PAN, ... as RFC 5191 Figure 3 has it; None for a type that it does not have."""
    request = bool(flags & R)
    names = {PCI: (None, "PCI"), AUTHENTICATION: ("PAR", "PAN"), TERMINATION: ("PTR", "PTA"),
             NOTIFICATION: ("PNR", "PNA"), RELAY: (None, "PRY")}
    pair = names.get(kind)
    if pair is None:
        return None
    return pair[0] if request else pair[1]


def letters(flags):
    """Flags as letters, without R: 'SE'."""
    return "".join(letter for bit, letter in FLAG_LETTERS if flags & bit and letter != "R")


def number(code, value):
    return AVP(code=code, value=value.to_bytes(4, "big"))


def octets(code, value):
    return AVP(code=code, value=value)


# A vendor's AVP that nobody gave a meaning: the number is set aside for documentation (RFC 5612).
EXAMPLE_VENDOR, EXAMPLE_CODE = 32473, 30000


def vendor(value, **fields):
    return AVP(code=EXAMPLE_CODE, flags=V, vendor=EXAMPLE_VENDOR, value=value, **fields)


def message(kind, flags, session, sequence, *avps):
    return PANA(type=kind, flags=flags, session=session, sequence=sequence, avps=list(avps))


def protect(packet, association, key=None):
    """Append an AUTH AVP and fill in its value (RFC 5191 section 5.4). Returns the octets."""
    size = association.auth_size()
    packet.avps = packet.avps + [AVP(code=AUTH, value=bytes(size))]
    pdu = bytes(packet)
    if key is None:
        value = association.auth(pdu)
    else:
        from keys import auth_hash
        value = auth_hash(association.integrity, key, pdu)
    return pdu[: len(pdu) - size] + value
