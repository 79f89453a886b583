# SPDX-License-Identifier: GPL-2.0-or-later
"""A PANA session as its two ends see it: session identifier, both sequence numbers, keys.

The case modules speak through it, so that a line of theirs reads like a line of RFC 5191 Figure 1.
All values are constants: vector.derive() makes octets that look random from a label.
"""

import keys
import pana
from corpus import SILENCE, TO_PAA, TO_PAC
from vector import derive


class Session:
    def __init__(self, group, identifier, paa_isn, pac_isn, extra=0):
        """extra: header flags of every message of the session, such as E."""
        self.group, self.id, self.extra = group, identifier, extra
        self.paa_sequence, self.pac_sequence = paa_isn, pac_isn
        self.i_par = self.i_pan = None
        self.sa = None
        self.sa_index = None
        self.offers = None
        self.preauth = bool(extra & pana.E)  # the PCI had E, and so had the initial request

    def build(self, kind, flags, sequence, avps, protected):
        packet = pana.message(kind, flags | self.extra, self.id, sequence, *avps)
        if protected:
            return pana.protect(packet, self.sa)
        return bytes(packet)

    def send(self, name, comment, direction, kind, flags, sequence, avps, needs, reaction,
             protected=False, **more):
        octets = self.build(kind, flags, sequence, avps, protected)
        auth = (self.sa_index, True) if protected else None
        more.setdefault("peer", self.place(direction, flags))
        return self.group.add(name, comment, direction, octets, needs, reaction, auth=auth, **more)

    def place(self, direction, flags):
        """Where the session stands for the receiver: the sequence number that it expects."""
        from_pac = direction == TO_PAA
        own = self.pac_sequence if from_pac else self.paa_sequence
        other = self.paa_sequence if from_pac else self.pac_sequence
        out = {"session": self.id, "sequence": own if flags & pana.R else other}
        if from_pac and self.preauth:
            out["preauth"] = True
        if from_pac and self.offers is not None:
            out["offers"] = {"prf": self.offers[0], "integrity": self.offers[1]}
        return out

    def offer(self, prf, integrity):
        """What the initial request of the PAA offered; None for nothing known."""
        self.offers = (list(prf), list(integrity))

    def broken(self, name, comment, direction, kind, flags, avps, needs, rule, sequence=None,
               session=None, protected=None, reaction=SILENCE, result="invalid", **more):
        """A message with one thing wrong; everything else, AUTH included, is right."""
        peer = self.place(direction, flags)
        protected = self.sa is not None if protected is None else protected
        packet = pana.message(kind, flags | self.extra, self.id if session is None else session,
                              peer["sequence"] if sequence is None else sequence, *avps)
        octets = pana.protect(packet, self.sa) if protected else bytes(packet)
        judged = protected or (self.sa is not None and rule is not None and rule.layer == "auth")
        auth = (self.sa_index, protected) if judged else None
        return self.group.add(name, comment, direction, octets, needs, reaction, result=result,
                              rule=rule, auth=auth, peer=peer, **more)

    def pci(self, name, comment, reaction="PAR[S]", needs="fresh"):
        packet = pana.message(pana.PCI, self.extra, 0, 0)
        return self.group.add(name, comment, TO_PAA, packet, needs, reaction)

    def start(self, algorithms, comment, request_extra=()):
        """The initial exchange. algorithms: (PRF, integrity) pairs of AVPs to offer, or ()."""
        self.offer(dict.fromkeys(pair[0] for pair in algorithms),
                   dict.fromkeys(pair[1] for pair in algorithms))
        offer = [pana.number(code, value)
                 for code, column in ((pana.PRF_ALGORITHM, 0), (pana.INTEGRITY_ALGORITHM, 1))
                 for value in dict.fromkeys(pair[column] for pair in algorithms)]
        self.i_par = self.send("par-start", "The initial request: " + comment, TO_PAC,
                               pana.AUTHENTICATION, pana.R | pana.S, self.paa_sequence,
                               offer + list(request_extra), "started",
                               self.marked("PAN[S]"))
        choice = []
        if algorithms:
            choice = [pana.number(pana.PRF_ALGORITHM, algorithms[0][0]),
                      pana.number(pana.INTEGRITY_ALGORITHM, algorithms[0][1])]
            for avp in request_extra:
                choice.append(avp.copy())
        self.i_pan = self.send("pan-start", "The initial answer", TO_PAA, pana.AUTHENTICATION,
                               pana.S, self.paa_sequence, choice, "started",
                               self.marked("PAR"))
        self.offers = None
        self.paa_sequence += 1

    def associate(self, msk, key_id, pac_nonce, paa_nonce, prf, integrity, encryption=None):
        self.sa = keys.Association(msk, key_id, self.i_par, self.i_pan, pac_nonce, paa_nonce,
                                   prf, integrity, encryption)
        self.sa_index = self.group.associate(self.sa)

    def paa_round(self, name, what, request, answer, protected=False, needs="authenticating",
                  after="PAR"):
        """A request of the PAA and the PaC's answer."""
        kind, mark = pana.AUTHENTICATION, "[E]" if self.extra else ""
        # The PaC may put its EAP message into the answer or send it in a request of its own.
        both = ["PAN" + mark, "PAN%s PAR%s" % (mark, mark)]
        self.send("par-" + name, "PAA: " + what, TO_PAC, kind, pana.R, self.paa_sequence, request,
                  needs, both, protected)
        carries = any(avp.code == pana.EAP_PAYLOAD for avp in answer)
        self.send("pan-" + name, "PaC: answer to " + what, TO_PAA, kind, 0, self.paa_sequence,
                  answer, needs, self.marked(after) if carries else SILENCE, protected)
        self.paa_sequence += 1

    def marked(self, message):
        """The name of a message of this session: with E where the session has it."""
        if not self.extra:
            return message
        return message[:-1] + "E]" if message.endswith("]") else message + "[E]"

    def pac_round(self, name, what, request, protected=False, needs="authenticating", after="PAR"):
        """A request of the PaC, where it does not put the EAP message into its answer."""
        self.send("par-" + name, "PaC: " + what, TO_PAA, pana.AUTHENTICATION, pana.R,
                  self.pac_sequence, request, needs,
                  self.marked("PAN") + " " + self.marked(after), protected)
        self.send("pan-" + name, "PAA: acknowledges " + what, TO_PAC, pana.AUTHENTICATION, 0,
                  self.pac_sequence, [], needs, SILENCE, protected)
        self.pac_sequence += 1

    def complete(self, name, comment, request, answer, protected, needs="authenticating"):
        self.send("par-" + name, comment, TO_PAC, pana.AUTHENTICATION, pana.R | pana.C,
                  self.paa_sequence, request, needs, self.marked("PAN[C]"), protected)
        self.send("pan-" + name, "The last answer", TO_PAA, pana.AUTHENTICATION, pana.C,
                  self.paa_sequence, answer, needs, SILENCE, protected)
        self.paa_sequence += 1

    def exchange(self, name, comment, from_pac, kind, bit, avps=(), needs="open", after=None,
                 answer_avps=()):
        """A request and its answer outside authentication: PNR/PNA, PTR/PTA."""
        request = TO_PAA if from_pac else TO_PAC
        sequence = self.pac_sequence if from_pac else self.paa_sequence
        answer_name = ("PTA" if kind == pana.TERMINATION else "PNA") + \
            ("[%s]" % pana.letters(bit | self.extra) if bit | self.extra else "")
        protected = self.sa is not None
        reaction = answer_name if after is None else answer_name + " " + after
        short = "pt" if kind == pana.TERMINATION else "pn"
        self.send(short + "r-" + name, comment, request, kind, pana.R | bit, sequence, avps, needs,
                  reaction, protected)
        self.send(short + "a-" + name, "Answer: " + comment, TO_PAC if from_pac else TO_PAA, kind,
                  bit, sequence, answer_avps, needs, SILENCE, protected)
        if from_pac:
            self.pac_sequence += 1
        else:
            self.paa_sequence += 1


def established(group, identifier, label, pair=(keys.PRF_HMAC_SHA1, keys.AUTH_HMAC_SHA1_160),
                paa_isn=0xA1000001, pac_isn=0xB1000001, encryption=None):
    """A session in the access phase, its association in the group, its messages not."""
    s = Session(group, identifier, paa_isn, pac_isn)
    offer = [pana.number(pana.PRF_ALGORITHM, pair[0]),
             pana.number(pana.INTEGRITY_ALGORITHM, pair[1])]
    if encryption is not None:
        offer.append(pana.number(pana.ENCRYPTION_ALGORITHM, encryption))
    s.i_par = bytes(pana.message(pana.AUTHENTICATION, pana.R | pana.S, s.id, paa_isn, *offer))
    s.i_pan = bytes(pana.message(pana.AUTHENTICATION, pana.S, s.id, paa_isn, *offer))
    s.associate(derive(label + " msk", 64), 1, derive(label + " pac nonce", 20),
                derive(label + " paa nonce", 20), pair[0], pair[1], encryption)
    s.paa_sequence += 5
    return s


def eap_avp(octets):
    return pana.octets(pana.EAP_PAYLOAD, octets)


def nonce_avp(octets):
    return pana.octets(pana.NONCE, octets)


def result_avps(result, lifetime=None, key_id=None, eap_packet=None):
    """AVPs of the last request, in the order of RFC 5191 Figure 1."""
    out = [pana.number(pana.RESULT_CODE, result)]
    if eap_packet is not None:
        out.append(eap_avp(eap_packet))
    if key_id is not None:
        out.append(pana.number(pana.KEY_ID, key_id))
    if lifetime is not None:
        out.append(pana.number(pana.SESSION_LIFETIME, lifetime))
    return out
