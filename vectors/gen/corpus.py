# SPDX-License-Identifier: GPL-2.0-or-later
"""What a vector is, and how it is written: JSON for programs, pcapng for people."""

import json

import pana
import pcapng
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

FORMAT = "baton-vectors-1"
GENERATOR = "vectors/gen/generate.py 1"

TO_PAA, TO_PAC = "pac->paa", "paa->pac"
SILENCE = "silence"

PAC_MAC, PAA_MAC = "02:00:00:00:00:0c", "02:00:00:00:00:0a"
PAC_IP, PAA_IP = "192.0.2.12", "192.0.2.10"
PAC_PORT = 40716

START = 1211241600 * 1000000  # May 2008, when RFC 5191 was published
STEP = 20000

NEEDS = ("fresh", "started", "authenticating", "open", "reauthenticating", "terminating")
LAYERS = ("decode", "message", "session", "auth")


class Rule:
    """The rule that an invalid message breaks.

    layer says what a receiver must know to see it: 'decode' the octets, 'message' the tables of
    RFC 5191 sections 7 and 8, 'session' the state of the session, 'auth' its keys. also: reasons
    that a receiver may see first, because it checks in another order or reads more strictly.
    """

    def __init__(self, layer, reason, clause, text, field=None, offset=None, also=()):
        assert layer in LAYERS
        self.layer, self.reason, self.clause, self.text = layer, reason, clause, text
        self.field, self.offset, self.also = field, offset, list(also)

    def as_json(self):
        out = {"layer": self.layer, "reason": self.reason, "clause": self.clause, "text": self.text}
        if self.field is not None:
            out["field"] = self.field
        if self.offset is not None:
            out["offset"] = self.offset
        if self.also:
            out["also"] = self.also
        return out


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


class Case:
    def __init__(self, group, name, comment, direction, octets, needs, reaction, result="valid",
                 rule=None, tolerance=None, auth=None, peer=None):
        octets = bytes(octets)
        assert needs in NEEDS and direction in (TO_PAA, TO_PAC)
        assert (result == "invalid") == (rule is not None)
        assert (result == "acceptable") == (tolerance is not None)
        self.id = "%s-%s" % (group.name, name)
        self.comment, self.direction, self.octets = comment, direction, octets
        self.needs, self.result, self.rule, self.tolerance = needs, result, rule, tolerance
        self.reaction = [reaction] if isinstance(reaction, str) else list(reaction)
        self.auth, self.peer = auth, peer
        self.group = group

    def as_json(self):
        out = {"id": self.id, "comment": self.comment, "direction": self.direction,
               "bytes": self.octets.hex(), "result": self.result}
        if self.rule:
            out["rule"] = self.rule.as_json()
        if self.tolerance:
            out["tolerance"] = {"level": self.tolerance[0], "clause": self.tolerance[1],
                                "text": self.tolerance[2]}
        state = {"needs": self.needs}
        if self.peer:
            state.update(self.peer)
        out["state"] = state
        out["reaction"] = self.reaction
        if self.auth is not None:
            out["auth"] = {"association": self.auth[0], "valid": self.auth[1]}
        if not (self.rule and self.rule.layer == "decode"):
            header, avps = dissect(self.octets)
            out["header"], out["avps"] = header, avps
            again = rebuild(header, avps)
            if self.result != "acceptable":
                assert again == self.octets, self.id
        return out

    def frame(self, number):
        to_paa = self.direction == TO_PAA
        ether = Ether(src=PAC_MAC if to_paa else PAA_MAC, dst=PAA_MAC if to_paa else PAC_MAC)
        ip = IP(src=PAC_IP if to_paa else PAA_IP, dst=PAA_IP if to_paa else PAC_IP, id=number)
        udp = UDP(sport=PAC_PORT if to_paa else pana.PORT, dport=pana.PORT if to_paa else PAC_PORT)
        return bytes(ether / ip / udp / Raw(self.octets))


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


class Group:
    """Cases that share keys, and what a receiver is told before them."""

    def __init__(self, name, title):
        self.name, self.title = name, title
        self.eap = []  # conversations, as JSON
        self.associations = []
        self.cases = []

    def add(self, name, comment, direction, octets, needs, reaction, **more):
        case = Case(self, name, comment, direction, octets, needs, reaction, **more)
        self.cases.append(case)
        return case.octets

    def associate(self, association):
        """Returns the index by which cases name the association."""
        self.associations.append(association)
        return len(self.associations) - 1

    def as_json(self):
        keys = {"eap": self.eap, "associations": [a.as_json() for a in self.associations]}
        return {"name": self.name, "title": self.title, "keys": keys,
                "cases": [case.as_json() for case in self.cases]}


class Corpus:
    """One JSON file and its capture."""

    def __init__(self, name, title, specifications, groups):
        self.name, self.title, self.groups = name, title, groups
        self.specifications = specifications

    def cases(self):
        return [case for group in self.groups for case in group.cases]

    def json_bytes(self):
        top = {
            "format": FORMAT,
            "protocol": "pana",
            "title": self.title,
            "specifications": self.specifications,
            "generator": GENERATOR,
            "capture": self.name + ".pcapng",
            "count": len(self.cases()),
            "groups": [group.as_json() for group in self.groups],
        }
        return (json.dumps(top, indent=1) + "\n").encode()

    def pcapng_bytes(self):
        packets = [(START + STEP * i, case.frame(i + 1), "%s: %s" % (case.id, case.result))
                   for i, case in enumerate(self.cases())]
        return pcapng.file_bytes("%s; %s" % (self.title, GENERATOR), packets)
