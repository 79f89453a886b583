# SPDX-License-Identifier: Apache-2.0
"""The PANA agent: any number of clients, one user.

It does keep a little for each PCI: the initial PAR, so that it knows it again in the PAN. The
number of such beginnings, and how many begin in a second, are limited (RFC 5191 section 4.1).
"""

import copy
import os

from . import eap, wire
from .session import (ACCESS, AUTHENTICATING, NONCE_OCTETS, STARTING, Node, Session, earliest,
                      random_number)
from .wire import Invalid

BEGINNINGS = 1000
PCI_RATE, PCI_BURST = 50, 100  # a second; at once


class AgentSession(Session):
    def __init__(self, node, peer, identifier, unasked):
        """Sends the initial PAR; repeats it by itself only if nobody asked for it."""
        super().__init__(node, peer, identifier)
        self.unasked = unasked
        self.next_key = None  # of the EAP run that has just ended
        self.reauth_wanted = False
        avps = []
        if node.config.method == "psk":
            avps = [(wire.PRF, wire.HMAC_SHA1), (wire.INTEGRITY, wire.HMAC_SHA1_160)]
        self.first_request = self.request(wire.AUTHENTICATION, wire.S | self.bits(), avps)
        if not unasked:
            self.repeater.stop()

    def bits(self):
        again = self.reauthenticating or self.phase == ACCESS
        return wire.I if self.node.config.reconfigure and not again else 0

    # --- authentication ---

    def auth_answer(self, message):
        if message.flags & wire.S:
            self.first(message)
        elif message.flags & wire.C:
            self.last(message)
        else:
            self.step(message)

    def first(self, message):
        expected = [] if self.node.config.method == "md5" else [
            (wire.PRF, wire.HMAC_SHA1), (wire.INTEGRITY, wire.HMAC_SHA1_160)]
        if sorted(message.avps) != sorted(expected):
            raise Invalid("the initial PAN does not choose from our algorithms, or has more")
        self.first_answer = message.octets
        self.answered()
        self.phase = AUTHENTICATING
        self.begin_eap()

    def begin_eap(self):
        self.eap = eap.Server(self.node.config)
        self.paa_nonce = os.urandom(NONCE_OCTETS)
        self.request(wire.AUTHENTICATION, self.bits(), [
            (wire.NONCE, self.paa_nonce), (wire.EAP_PAYLOAD, self.eap.start())])

    def step(self, message):
        nonce, payload = message.value(wire.NONCE), message.value(wire.EAP_PAYLOAD)
        if (nonce is not None) != (self.waiting.value(wire.NONCE) is not None):
            raise Invalid("Nonce is missing or out of place")
        self.check_step(message)
        reply = self.run_eap(payload) if payload is not None else None
        if nonce is not None:
            self.pac_nonce = nonce
        self.answered()
        if reply:
            self.go_on(reply)

    def auth_request(self, message):
        """A client that does not put its EAP into PANs."""
        if self.phase != AUTHENTICATING or self.waiting:
            raise Invalid("a PAR out of turn")
        if message.flags & ~wire.R or message.value(wire.NONCE) is not None:
            raise Invalid("a client's PAR with flags or a Nonce")
        self.check_step(message)
        if message.value(wire.EAP_PAYLOAD) is None:
            raise Invalid("a PAR without EAP")
        reply = self.run_eap(message.value(wire.EAP_PAYLOAD))
        self.answer(message)
        self.go_on(reply)

    @staticmethod
    def check_step(message):
        for code, _ in message.avps:
            if code not in (wire.NONCE, wire.EAP_PAYLOAD, wire.AUTH):
                raise Invalid("AVP %d in the middle of EAP" % code)

    def run_eap(self, payload):
        server = copy.copy(self.eap)
        reply = server.receive(payload)
        if not reply:
            raise Invalid("EAP discards its packet")
        self.eap = server
        return reply

    def go_on(self, reply):
        if self.eap.result is None:
            self.request(wire.AUTHENTICATION, self.bits(), [(wire.EAP_PAYLOAD, reply)])
            return
        avps = [(wire.RESULT, self.result()), (wire.EAP_PAYLOAD, reply)]
        if self.eap.msk:
            number = (self.key_id or 0) + 1
            self.next_key = (self.new_key(self.eap.msk, number), number)
            avps.append((wire.KEY_ID, number))
        if self.result() == wire.SUCCESS:
            avps.append((wire.LIFETIME, self.node.config.lifetime))
        self.request(wire.AUTHENTICATION, wire.C | self.bits(), avps,
                     self.next_key and self.next_key[0])

    def result(self):
        if not self.eap.result:
            return wire.AUTHENTICATION_REJECTED
        return wire.SUCCESS if self.node.config.authorize else wire.AUTHORIZATION_REJECTED

    def last(self, message):
        key, number = self.next_key or (self.key, None)
        if message.value(wire.KEY_ID) != number:
            raise Invalid("Key-Id is not that of the request")
        self.check_auth(message, key)
        if message.value(wire.EAP_PAYLOAD) is not None or message.value(wire.NONCE) is not None:
            raise Invalid("a last PAN with EAP or a Nonce")
        self.answered()
        self.next_key = None
        if self.result() == wire.SUCCESS:
            self.opened(self.node.config.lifetime, key, number or self.key_id)
        else:
            self.node.closed(self, "refused with result %d" % self.result())

    # --- re-authentication ---

    def reauthentication_request(self, message):
        race = self.reauthenticating and self.waiting and self.waiting.value(wire.NONCE)
        if self.phase != ACCESS and not race:
            raise Invalid("no re-authentication in this phase")
        self.answer(message, wire.A)
        if race:
            return  # section 4.3: our own PAR comes once more by its timer
        if self.waiting:
            self.reauth_wanted = True  # when our ping is answered
        else:
            self.reauthenticate()

    def reauthenticate(self):
        if self.phase != ACCESS or self.waiting:
            raise Invalid("no re-authentication in this phase")
        self.phase, self.reauthenticating = AUTHENTICATING, True
        self.reauth_wanted = False
        self.begin_eap()

    def notification_answer(self, message):
        super().notification_answer(message)
        if self.reauth_wanted:
            self.reauthenticate()


class Agent(Node):
    def __init__(self, config, transmit, log, now):
        super().__init__(config, transmit, log, now)
        self.sessions = {}  # by identifier, the newest last
        self.tokens, self.refilled = PCI_BURST, now()

    def forget(self, session):
        self.sessions.pop(session.identifier, None)

    def receive(self, octets, address):
        message = wire.decode(octets)
        self.log("< %s" % message)
        session = self.sessions.get(message.session)
        if message.kind == wire.PCI:
            self.receive_pci(message, address)
        elif session:
            if address != session.peer and not session.established():
                raise Invalid("from another address than the beginning of the session")
            session.receive(message, address)
        elif not self.answer_for_the_gone(octets, address):
            raise Invalid("of no session that we have")

    def receive_pci(self, message, address):
        if message.session or message.sequence:
            raise Invalid("a PCI with a session or a sequence number")
        session = next((s for s in self.sessions.values() if s.peer == address), None)
        if session and (session.unasked or session.phase != STARTING):
            raise Invalid("a PCI of a client that has a session")
        self.limit()
        if session:
            self.send(session.first_request, address)
        else:
            self.begin(address, False)

    def limit(self):
        now = self.now()
        self.tokens = min(PCI_BURST, self.tokens + (now - self.refilled) * PCI_RATE)
        self.refilled = now
        if self.tokens < 1:
            raise Invalid("more PCIs than we take")
        self.tokens -= 1

    def begin(self, address, unasked):
        beginnings = [s for s in self.sessions.values() if s.phase == STARTING]
        if len(beginnings) >= BEGINNINGS:
            self.closed(beginnings[0], "too many begin")
        number = 0
        while not number or number in self.sessions:
            number = random_number()
        self.sessions[number] = AgentSession(self, address, number, unasked)

    # --- what a person asks for ---

    def connect(self):
        address = (self.config.peer, self.config.port)
        if any(s.peer == address for s in self.sessions.values()):
            raise Invalid("there is a session already")
        self.begin(address, True)

    def current(self):
        if not self.sessions:
            raise Invalid("there is no session")
        return list(self.sessions.values())[-1]

    def reauth(self):
        self.current().reauthenticate()

    def ping(self):
        self.current().ping()

    def terminate(self):
        self.current().terminate(wire.ADMINISTRATIVE)

    def state(self):
        return self.current().word() if self.sessions else "none"

    # --- time ---

    def due(self):
        return earliest(*(s.due() for s in self.sessions.values()))

    def tick(self):
        for session in list(self.sessions.values()):
            session.tick()
