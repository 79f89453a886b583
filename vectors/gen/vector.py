# SPDX-License-Identifier: GPL-2.0-or-later
"""What a vector is, whatever its protocol, and how it is written: JSON for programs, pcapng for
people. Each protocol derives its Case from this one and says how octets decode and which frame
carries them."""

import hashlib
import json

import pcapng

FORMAT = "baton-vectors-1"
GENERATOR = "vectors/gen/generate.py 1"

SILENCE = "silence"

START = 1211241600 * 1000000  # May 2008, when RFC 5191 was published
STEP = 20000

LAYERS = ("decode", "message", "session", "auth")


def derive(label, size):
    """Octets that look random and depend on the label only."""
    out = b""
    while len(out) < size:
        out += hashlib.sha256(b"baton vectors %s %d" % (label.encode(), len(out))).digest()
    return out[:size]


class Rule:
    """The rule that an invalid message breaks.

    layer says what a receiver must know to see it: 'decode' the octets, 'message' what the
    specification says of this message, 'session' what came before, 'auth' keys and secrets. also:
    reasons that a receiver may see first, because it checks in another order or reads more
    strictly.
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


class Case:
    """One packet. Subclasses set PROTOCOL, DIRECTIONS and NEEDS, and have decoded() and frame()."""

    PROTOCOL = None
    DIRECTIONS = ()
    NEEDS = ()
    LINK = pcapng.LINKTYPE_ETHERNET

    def __init__(self, group, name, comment, direction, octets, needs, reaction, result="valid",
                 rule=None, tolerance=None, state=None):
        octets = bytes(octets)
        assert needs in self.NEEDS and direction in self.DIRECTIONS, (name, needs, direction)
        assert (result == "invalid") == (rule is not None), name
        assert (result == "acceptable") == (tolerance is not None), name
        self.id = "%s-%s" % (group.name, name)
        self.comment, self.direction, self.octets = comment, direction, octets
        self.needs, self.result, self.rule, self.tolerance = needs, result, rule, tolerance
        self.reaction = [reaction] if isinstance(reaction, str) else list(reaction)
        self.state = state
        self.group = group

    def decoded(self):
        """Members with the decoded fields; asserts that they stand for these octets."""
        raise NotImplementedError

    def frame(self, number):
        """The frame of link type LINK that carries the octets in the capture."""
        raise NotImplementedError

    def more_json(self):
        """Members between the reaction and the decoded fields."""
        return {}

    def has_boundaries(self):
        return not (self.rule and self.rule.layer == "decode")

    def as_json(self):
        out = {"id": self.id, "comment": self.comment, "direction": self.direction,
               "bytes": self.octets.hex(), "result": self.result}
        if self.rule:
            out["rule"] = self.rule.as_json()
        if self.tolerance:
            out["tolerance"] = {"level": self.tolerance[0], "clause": self.tolerance[1],
                                "text": self.tolerance[2]}
        state = {"needs": self.needs}
        if self.state:
            state.update(self.state)
        out["state"] = state
        out["reaction"] = self.reaction
        out.update(self.more_json())
        if self.has_boundaries():
            out.update(self.decoded())
        return out


class Group:
    """Cases that share keys, and what a receiver is told before them."""

    CASE = Case

    def __init__(self, name, title):
        self.name, self.title = name, title
        self.cases = []
        self.eap = []  # conversations, as JSON

    def add(self, name, comment, direction, octets, needs, reaction, **more):
        case = self.CASE(self, name, comment, direction, octets, needs, reaction, **more)
        self.cases.append(case)
        return case.octets

    def keys_json(self):
        return {"eap": self.eap} if self.eap else {}

    def as_json(self):
        return {"name": self.name, "title": self.title, "keys": self.keys_json(),
                "cases": [case.as_json() for case in self.cases]}


class Corpus:
    """One JSON file and its capture."""

    def __init__(self, name, title, specifications, groups):
        self.name, self.title, self.groups = name, title, groups
        self.specifications = specifications

    @property
    def protocol(self):
        return self.groups[0].CASE.PROTOCOL

    def cases(self):
        return [case for group in self.groups for case in group.cases]

    def json_bytes(self):
        top = {
            "format": FORMAT,
            "protocol": self.protocol,
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
        return pcapng.file_bytes("%s; %s" % (self.title, GENERATOR), packets,
                                 self.groups[0].CASE.LINK)
