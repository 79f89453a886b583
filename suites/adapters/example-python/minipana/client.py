# SPDX-License-Identifier: Apache-2.0
"""The PANA client: one session with one agent, whose address it knows."""

import os

from . import eap, session, wire
from .session import ACCESS, AUTHENTICATING, NONE, STARTING, Repeater, Session
from .wire import Invalid, Message

UNFINISHED = 120  # seconds after which a beginning that leads nowhere is given up


class ClientSession(Session):
    def __init__(self, node, peer, initial):
        super().__init__(node, peer, initial.session)
        self.expires = node.now() + UNFINISHED
        self.begin(initial)

    def begin(self, initial):
        self.eap = eap.Peer(self.node.config)
        avps = self.choose(initial)
        payload = initial.value(wire.EAP_PAYLOAD)
        if payload is not None:
            avps.append((wire.EAP_PAYLOAD, self.respond(payload)))
        self.phase = AUTHENTICATING
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

    def respond(self, payload):
        response = self.eap.receive(payload)
        if response is None:
            raise Invalid("EAP discards its packet")
        return response

    def reauthentication_request(self, message):
        raise Invalid("only a client asks for re-authentication")

    # --- authentication ---

    def auth_request(self, message):
        if message.flags & wire.S:
            raise Invalid("an initial PAR in the middle of a session")
        if message.flags & wire.C:
            self.last(message)
        elif self.phase == AUTHENTICATING:
            self.step(message)
        elif self.phase == ACCESS and not self.waiting:
            self.step(message, again=True)  # section 4.3: the agent begins, or our request did
        else:
            raise Invalid("a PAR out of turn")

    def step(self, message, again=False):
        nonce, payload = message.value(wire.NONCE), message.value(wire.EAP_PAYLOAD)
        first = again or self.paa_nonce is None
        if (nonce is not None) != first:
            raise Invalid("Nonce is missing or out of place")
        if payload is None or message.value(wire.RESULT) is not None:
            raise Invalid("no step of EAP")
        peer = eap.Peer(self.node.config) if again else self.eap
        response = peer.receive(payload)
        if not response:
            raise Invalid("EAP discards its packet")
        self.eap = peer
        avps = [(wire.EAP_PAYLOAD, response)]
        if first:
            self.paa_nonce, self.pac_nonce = nonce, os.urandom(session.NONCE_OCTETS)
            avps.insert(0, (wire.NONCE, self.pac_nonce))
        if again:
            self.phase, self.reauthenticating = AUTHENTICATING, True
        self.node.conversation_begins()
        self.answer(message, 0, avps)

    def last(self, message):
        result, payload = message.value(wire.RESULT), message.value(wire.EAP_PAYLOAD)
        if self.phase != AUTHENTICATING or self.paa_nonce is None:
            raise Invalid("a last PAR out of turn")
        if result is None or payload is None or message.value(wire.NONCE) is not None:
            raise Invalid("the last PAR lacks the results")
        if self.eap.result is None:
            self.respond(payload)
        if (result == wire.AUTHENTICATION_REJECTED) == self.eap.result or result > 2:
            raise Invalid("the results of EAP and of PANA do not fit together")
        key, key_id = self.protected(message)
        lifetime = message.value(wire.LIFETIME)
        if result == wire.SUCCESS and lifetime is None:
            raise Invalid("success without Session-Lifetime")
        self.answer(message, wire.C, [(wire.KEY_ID, key_id)] if key else [], key or self.key)
        if result != wire.SUCCESS:
            self.node.closed(self, "refused with result %d" % result)
            return
        self.opened(lifetime, key or self.key, key_id if key else self.key_id)

    def protected(self, message):
        """The key that the last PAR brings, and its number. It protects this message already."""
        key_id = message.value(wire.KEY_ID)
        key = self.key
        if self.eap.msk:
            if key_id is None or key_id == self.key_id:
                raise Invalid("Key-Id is missing or used before")
            key = self.new_key(key_id)
        elif key_id is not None:
            raise Invalid("Key-Id without a key")
        if key and not wire.authentic(message, key):
            raise Invalid("AUTH is missing or wrong")
        if not key and message.value(wire.AUTH) is not None:
            raise Invalid("AUTH without a key")
        return (key, key_id) if self.eap.msk else (None, None)

    def notification_answer(self, message):
        super().notification_answer(message)
        if message.flags & wire.A:
            self.phase = ACCESS  # the agent's PAR comes next

    def due(self):
        times = [super().due()]
        if self.phase == ACCESS and not self.waiting and self.reauthenticate_at():
            times.append(self.reauthenticate_at())
        return min((t for t in times if t is not None), default=None)

    def reauthenticate_at(self):
        """Section 5.7: before the lifetime ends. Three quarters leave time to repeat."""
        return None if self.reauth_asked else self.expires - self.granted / 4

    reauth_asked = False

    def opened(self, lifetime, key, key_id):
        super().opened(lifetime, key, key_id)
        self.reauth_asked = False

    def reauthenticate(self):
        if self.phase != ACCESS:
            raise Invalid("there is no session to re-authenticate")
        self.request(wire.NOTIFICATION, wire.A)
        self.reauth_asked = True

    def tick(self):
        at = self.reauthenticate_at() if self.phase == ACCESS and not self.waiting else None
        if at is not None and at <= self.node.now() < self.expires:
            self.reauthenticate()
        else:
            super().tick()


class Client:
    """What is there before a session and between two."""

    def __init__(self, config, send, log, now):
        self.config, self._send, self.log, self.now = config, send, log, now
        self.agent = (config.peer, config.port)
        self.session = None
        self.pci = Repeater(config.pci_irt, config.pci_mrt, 0)

    def send(self, octets, address, message):
        self.log("> %s" % message)
        self._send(octets, address)

    def state(self):
        if self.session is None:
            return STARTING if self.pci.due is not None else NONE
        return {ACCESS: "authenticated", AUTHENTICATING: "starting"}.get(self.session.phase,
                                                                         self.session.phase)

    def connect(self):
        if self.session or self.pci.due is not None:
            raise Invalid("there is a session already")
        message = Message(wire.PCI, 0, 0, 0, [])
        octets = wire.encode(message)
        self.pci.begin(octets, self.now())
        self.send(octets, self.agent, message)

    def conversation_begins(self):
        self.pci.stop()  # section 4.1: not before the second PAR

    def closed(self, gone, why):
        self.log("session %08x is over: %s" % (gone.identifier, why))
        self.session = None
        self.pci.stop()

    def receive(self, octets, address):
        message = wire.decode(octets)
        self.log("< %s" % message)
        if address != self.agent:
            raise Invalid("from %s, which is not our agent" % address[0])
        if message.flags & wire.S and message.request and not self.talking(message):
            self.session = ClientSession(self, address, message)
            if message.value(wire.EAP_PAYLOAD) is not None:
                self.conversation_begins()
        elif not self.session or message.session != self.session.identifier:
            raise Invalid("of another session")
        else:
            self.session.receive(message, address)

    def talking(self, message):
        """Whether an initial PAR is too late, or a duplicate, or comes unasked and unwanted."""
        s = self.session
        if s:
            return s.phase != AUTHENTICATING or s.paa_nonce is not None or \
                message.octets == s.last_request
        return self.config.initiate == "client" and self.pci.due is None

    def reauth(self):
        self._need().reauthenticate()

    def ping(self):
        self._need().ping()

    def terminate(self):
        self._need().terminate(wire.LOGOUT)

    def moved(self):
        """Section 5.6: a valid message from the new address."""
        if self.session:
            self.session.last_ping = None
            self.session.ping()

    def _need(self):
        if not self.session:
            raise Invalid("there is no session")
        return self.session

    def due(self):
        times = (self.pci.due, self.session.due() if self.session else None)
        return min((t for t in times if t is not None), default=None)

    def tick(self):
        if self.pci.due is not None and self.now() >= self.pci.due:
            self.send(self.pci.again(self.now()), self.agent, Message(wire.PCI, 0, 0, 0, []))
        if self.session:
            self.session.tick()
