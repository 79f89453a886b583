# SPDX-License-Identifier: GPL-2.0-or-later
"""EAPOL PDUs and their Ethernet frames (IEEE 802.1X-2010 section 11), and the PMKID (IEEE
802.11-2020 section 12.7.1.3)."""

import hashlib
import hmac
import struct

EAP, START, LOGOFF, KEY, ALERT, MKA = 0, 1, 2, 3, 4, 5
NAMES = {EAP: "EAPOL-EAP", START: "EAPOL-Start", LOGOFF: "EAPOL-Logoff", KEY: "EAPOL-Key",
         ALERT: "EAPOL-Encapsulated-ASF-Alert"}

ETHERTYPE, PREAUTH_ETHERTYPE = 0x888E, 0x88C7
PAE_GROUP = bytes.fromhex("0180c2000003")  # section 11.1.1, table 11-1


def pdu(kind, body=b"", version=2, length=None):
    return struct.pack("!BBH", version, kind, len(body) if length is None else length) + body


def frame(destination, source, octets, ethertype=ETHERTYPE):
    return destination + source + struct.pack("!H", ethertype) + octets


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def pmkid(pmk, bssid, station):
    """HMAC-SHA-1-128(PMK, "PMK Name" | AA | SPA)."""
    return hmac.new(pmk, b"PMK Name" + bssid + station, hashlib.sha1).digest()[:16]


def key_message_1(nonce, pmkid_value, replay_counter=1, version=2):
    """The first message of the 4-way handshake (IEEE 802.11-2020 sections 12.7.2 and 12.7.6.2):
    pairwise, acknowledgement wanted, AES key wrap; its Key Data is the PMKID KDE."""
    data = b"\xdd\x14\x00\x0f\xac\x04" + pmkid_value
    body = struct.pack("!BHHQ", 2, 0x008A, 16, replay_counter) + nonce + bytes(16 + 8 + 8 + 16)
    return pdu(KEY, body + struct.pack("!H", len(data)) + data, version)
