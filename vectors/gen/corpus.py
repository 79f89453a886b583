# SPDX-License-Identifier: GPL-2.0-or-later
"""PANA's vectors: what a case has beyond what every protocol's has."""

import pana
import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import SILENCE, Corpus, Rule

__all__ = ["SILENCE", "TO_PAA", "TO_PAC", "Corpus", "Group", "Rule"]

TO_PAA, TO_PAC = "pac->paa", "paa->pac"

PAC_MAC, PAA_MAC = "02:00:00:00:00:0c", "02:00:00:00:00:0a"
PAC_IP, PAA_IP = "192.0.2.12", "192.0.2.10"
PAC_PORT = 40716


def dissect(octets):
    """Header and AVPs of octets that are well formed, as JSON."""
    packet = pana.PANA(octets)
    flags = int(packet.flags)
    header = {
        "message": pana.abbreviation(flags, packet.type),
        "reserved": packet.reserved,
        "length": packet.length,
        "flags": flags,
        "letters": pana.letters(flags),
        "type": packet.type,
        "session": packet.session,
        "sequence": packet.sequence,
    }
    avps = []
    for avp in packet.avps:
        vendor = int(avp.flags) & pana.V
        entry = {"code": avp.code, "name": None if vendor else pana.AVP_NAMES.get(avp.code),
                 "flags": int(avp.flags), "length": avp.length, "reserved": avp.reserved}
        if vendor:
            entry["vendor"] = avp.vendor
        entry["value"] = avp.value.hex()
        if not vendor and avp.code in pana.NUMBERS and avp.length == 4:
            entry["number"] = int.from_bytes(avp.value, "big")
        avps.append(entry)
    return header, avps


def rebuild(header, avps):
    """The octets that a header and AVPs in JSON stand for."""
    out = []
    for avp in avps:
        value = bytes.fromhex(avp["value"])
        out.append(pana.AVP(code=avp["code"], flags=avp["flags"], length=avp["length"],
                            reserved=avp["reserved"], vendor=avp.get("vendor", 0), value=value))
    packet = pana.PANA(reserved=header["reserved"], length=header["length"], flags=header["flags"],
                       type=header["type"], session=header["session"],
                       sequence=header["sequence"], avps=out)
    return bytes(packet)


class Case(vector.Case):
    PROTOCOL = "pana"
    DIRECTIONS = (TO_PAA, TO_PAC)
    NEEDS = ("fresh", "started", "authenticating", "open", "reauthenticating", "terminating")

    def __init__(self, group, name, comment, direction, octets, needs, reaction, auth=None,
                 peer=None, inside=None, **more):
        """inside: what the Encryption-Encap AVP holds, before encryption."""
        super().__init__(group, name, comment, direction, octets, needs, reaction, state=peer,
                         **more)
        self.auth, self.inside = auth, inside

    def more_json(self):
        out = {}
        if self.auth is not None:
            out["auth"] = {"association": self.auth[0], "valid": self.auth[1]}
        if self.inside is not None:
            out["inside"] = self.inside.hex()
        return out

    def decoded(self):
        header, avps = dissect(self.octets)
        again = rebuild(header, avps)
        if self.result != "acceptable":
            assert again == self.octets, self.id
        return {"header": header, "avps": avps}

    def frame(self, number):
        to_paa = self.direction == TO_PAA
        ether = Ether(src=PAC_MAC if to_paa else PAA_MAC, dst=PAA_MAC if to_paa else PAC_MAC)
        ip = IP(src=PAC_IP if to_paa else PAA_IP, dst=PAA_IP if to_paa else PAC_IP, id=number)
        udp = UDP(sport=PAC_PORT if to_paa else pana.PORT, dport=pana.PORT if to_paa else PAC_PORT)
        return bytes(ether / ip / udp / Raw(self.octets))


class Group(vector.Group):
    CASE = Case

    def __init__(self, name, title):
        super().__init__(name, title)
        self.associations = []

    def associate(self, association):
        """Returns the index by which cases name the association."""
        self.associations.append(association)
        return len(self.associations) - 1

    def keys_json(self):
        return {"eap": self.eap, "associations": [a.as_json() for a in self.associations]}
