# SPDX-License-Identifier: Apache-2.0
"""The PANA client: one session with one agent, whose address it knows."""

import copy
import os

from . import eap, wire
from .session import (ACCESS, AUTHENTICATING, NONCE_OCTETS, Node, Repeater, Session, earliest)
from .wire import Invalid, Message


class ClientSession(Session):
    def __init__(self, node, peer, initial):
        """Answers the initial PAR."""
        super().__init__(node, peer, initial.session)
        self.asked = False  # for re-authentication, since the session was opened
        self.eap = eap.Peer(node.config)
        self.phase = AUTHENTICATING
        avps = self.choose(initial)
        payload = initial.value(wire.EAP_PAYLOAD)
        if payload is not None:
            avps.append((wire.EAP_PAYLOAD, self.respond(self.eap, payload)))
        self.first_request = initial.octets
        self.first_answer = self.answer(initial, wire.S, avps)

    @staticmethod
    def choose(initial):
        """Section 4.1: one algorithm of each kind, if the agent offers any."""
        avps = []
        for code, mine in ((wire.PRF, wire.HMAC_SHA1), (wire.INTEGRITY, wire.HMAC_SHA1_160)):
            offered = initial.values(code)
            if offered and mine not in offered:
                raise Invalid("none of the algorithms %s is ours" % offered)
            if offered:
                avps.append((code, mine))
        return avps

    @staticmethod
    def respond(peer, payload):
        response = peer.receive(payload)
        if not response:
            raise Invalid("EAP discards its packet")
        return response

    # --- authentication ---

    def auth_request(self, message):
        if message.flags & wire.S:
            raise Invalid("an initial PAR in the middle of a session")
        if message.flags & wire.C:
            self.last(message)
        elif self.phase == AUTHENTICATING:
            self.step(message, again=False)
        elif self.phase == ACCESS and not self.waiting:
            self.step(message, again=True)  # section 4.3: the agent begins, or we asked it to
        else:
            raise Invalid("a PAR out of turn")

    def step(self, message, again):
        nonce, payload = message.value(wire.NONCE), message.value(wire.EAP_PAYLOAD)
        first = again or self.paa_nonce is None
        if (nonce is not None) != first:
            raise Invalid("Nonce is missing or out of place")
        if payload is None or message.value(wire.RESULT) is not None:
            raise Invalid("no step of EAP")
        peer = eap.Peer(self.node.config) if again else copy.copy(self.eap)
        avps = [(wire.EAP_PAYLOAD, self.respond(peer, payload))]
        self.eap = peer
        if first:
            self.paa_nonce, self.pac_nonce = nonce, os.urandom(NONCE_OCTETS)
            avps.insert(0, (wire.NONCE, self.pac_nonce))
        if again:
            self.phase, self.reauthenticating = AUTHENTICATING, True
        self.node.pci.stop()  # section 4.1: this is the second PAR, or a later one
        self.answer(message, 0, avps)

    def last(self, message):
        result, payload = message.value(wire.RESULT), message.value(wire.EAP_PAYLOAD)
        if self.phase != AUTHENTICATING or self.paa_nonce is None:
            raise Invalid("a last PAR out of turn")
        if result is None or payload is None or message.value(wire.NONCE) is not None:
            raise Invalid("the last PAR lacks the results, or has a Nonce")
        peer = copy.copy(self.eap)
        if peer.receive(payload) is None or peer.result is None:
            raise Invalid("EAP discards its packet")
        if result > 2 or (result == wire.AUTHENTICATION_REJECTED) == peer.result:
            raise Invalid("the results of EAP and of PANA do not fit together")
        if result == wire.SUCCESS and message.value(wire.LIFETIME) is None:
            raise Invalid("success without Session-Lifetime")
        key, key_id = self.last_key(message, peer.msk)
        self.eap = peer
        self.answer(message, wire.C, [(wire.KEY_ID, key_id)] if peer.msk else [], key)
        if result != wire.SUCCESS:
            self.node.closed(self, "refused with result %d" % result)
            return
        self.opened(message.value(wire.LIFETIME), key, key_id)
        self.asked = False

    def last_key(self, message, msk):
        """The key that protects the last PAR and all that follows, and its number."""
        key, key_id = self.key, message.value(wire.KEY_ID)
        if msk:
            if key_id is None or key_id == self.key_id:
                raise Invalid("Key-Id is missing or used before")
            key = self.new_key(msk, key_id)
        elif key_id is not None:
            raise Invalid("Key-Id without a key")
        self.check_auth(message, key)
        return key, key_id

    def auth_answer(self, message):
        raise Invalid("a PAN, and we send no PAR: our EAP goes into PANs")

    # --- re-authentication ---

    def reauthentication_request(self, message):
        raise Invalid("only a client asks for re-authentication")

    def reauthenticate(self):
        if self.phase != ACCESS:
            raise Invalid("there is no session to re-authenticate")
        self.request(wire.NOTIFICATION, wire.A)
        self.asked = True

    def reauthenticate_at(self):
        """Section 5.7: before the lifetime ends. The last quarter is there to repeat in."""
        if self.phase != ACCESS or self.waiting or self.asked:
            return None
        return self.expires - self.granted / 4

    def due(self):
        return earliest(super().due(), self.reauthenticate_at())

    def tick(self):
        at = self.reauthenticate_at()
        if at is not None and at <= self.node.now() < self.expires:
            self.reauthenticate()
        else:
            super().tick()


class Client(Node):
    """What is there before a session and between two."""

    def __init__(self, config, transmit, log, now):
        super().__init__(config, transmit, log, now)
        self.agent = (config.peer, config.port)
        self.session = None
        self.pci = Repeater(config.pci_irt, config.pci_mrt, 0)

    def forget(self, session):
        self.session = None
        self.pci.stop()

    def receive(self, octets, address):
        message = wire.decode(octets)
        self.log("< %s" % message)
        if address != self.agent:
            raise Invalid("from %s port %d, which is not our agent" % address)
        if self.welcome(message):
            self.session = ClientSession(self, address, message)
            if message.value(wire.EAP_PAYLOAD) is not None:
                self.pci.stop()  # the agent keeps state, so it repeats by itself
        elif self.session and message.session == self.session.identifier:
            self.session.receive(message, address)
        elif not self.answer_for_the_gone(octets, address):
            raise Invalid("of another session")

    def welcome(self, message):
        """An initial PAR that begins a session. One that comes before the second PAR of a session
        begins it anew: an agent without state gives each PCI another."""
        if not message.request or not message.flags & wire.S:
            return False
        s = self.session
        if s:
            return (s.phase == AUTHENTICATING and s.paa_nonce is None
                    and message.octets != s.last_request)
        return self.pci.due is not None or self.config.initiate == "agent"

    # --- what a person asks for ---

    def connect(self):
        if self.session or self.pci.due is not None:
            raise Invalid("there is a session already")
        octets = wire.encode(Message(wire.PCI, 0, 0, 0, []))
        self.pci.begin(octets, self.now())
        self.send(octets, self.agent)

    def current(self):
        if not self.session:
            raise Invalid("there is no session")
        return self.session

    def reauth(self):
        self.current().reauthenticate()

    def ping(self):
        self.current().ping()

    def terminate(self):
        self.current().terminate(wire.LOGOUT)

    def moved(self):
        """Section 5.6: a valid message from the new address. It is no liveness test."""
        if self.session:
            self.session.last_ping = None
            self.session.ping()

    def state(self):
        if self.session:
            return self.session.word()
        return "none" if self.pci.due is None else "starting"

    # --- time ---

    def due(self):
        return earliest(self.pci.due, self.session and self.session.due())

    def tick(self):
        if self.pci.due is not None and self.now() >= self.pci.due:
            self.send(self.pci.again(self.now()), self.agent)
        if self.session:
            self.session.tick()
