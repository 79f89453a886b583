# SPDX-License-Identifier: Apache-2.0
"""What client and agent share: sequence numbers, repetition, duplicates, protection, lifetime."""

import os
import random

from . import wire
from .wire import Invalid, Message

NONCE_OCTETS = 20
PING_INTERVAL = 1  # seconds at least between two liveness tests, RFC 5191 section 4.2
LINGER = 60  # seconds for which the last request of a session that is over is still answered
UNFINISHED = 120  # seconds after which a beginning that leads nowhere is given up

# A session without state is no session, so there is no phase for it.
STARTING, AUTHENTICATING, ACCESS, TERMINATING = (
    "starting", "authenticating", "access", "terminating")


def random_number():
    return int.from_bytes(os.urandom(4), "big")


def earliest(*times):
    return min((t for t in times if t is not None), default=None)


class Repeater:
    """The times of section 9."""

    def __init__(self, irt, mrt, mrc):
        self.irt, self.mrt, self.mrc = irt, mrt, mrc
        self.octets = self.due = self.rt = None
        self.sent = 0

    def begin(self, octets, now):
        self.octets, self.sent, self.rt = octets, 1, self._vary(self.irt)
        self.due = now + self.rt

    def stop(self):
        self.octets = self.due = None

    @staticmethod
    def _vary(t):
        return t + random.uniform(-0.1, 0.1) * t

    def again(self, now):
        """What to send once more; None when it was sent often enough."""
        if self.mrc and self.sent >= self.mrc:
            self.stop()
            return None
        self.sent += 1
        self.rt = 2 * self.rt + random.uniform(-0.1, 0.1) * self.rt
        if self.mrt and self.rt > self.mrt:
            self.rt = self._vary(self.mrt)
        self.due = now + self.rt
        return self.octets


class Node:
    """A client or an agent: `transmit(octets, address)`, `log(text)` and `now()` are given."""

    def __init__(self, config, transmit, log, now):
        self.config, self.transmit, self.log, self.now = config, transmit, log, now
        self.gone = []  # (until, request, answer) of sessions that are over

    def send(self, octets, address):
        self.log("> %s" % wire.decode(octets))
        self.transmit(octets, address)

    def closed(self, session, why):
        self.log("session %08x is over: %s" % (session.identifier, why))
        if session.last_answer:
            self.gone = self.gone[-63:] + [
                (self.now() + LINGER, session.last_request, session.last_answer)]
        self.forget(session)

    def answer_for_the_gone(self, octets, address):
        """Section 5.2: our last answer may have been lost, and nobody is left to repeat it."""
        for until, request, answer in self.gone:
            if octets == request and self.now() < until:
                self.send(answer, address)
                return True
        return False


class Session:
    """One side of one session."""

    def __init__(self, node, peer, identifier):
        self.node, self.peer, self.identifier = node, peer, identifier
        config = node.config
        self.repeater = Repeater(config.req_irt, config.req_mrt, config.req_mrc)
        self.phase = STARTING
        self.reauthenticating = False
        self.waiting = None  # our request that has no answer yet
        self.out_sequence = random_number()
        self.in_sequence = None  # of the next request; None: any
        self.last_request = self.last_answer = None
        self.first_request = self.first_answer = None  # I_PAR and I_PAN
        self.pac_nonce = self.paa_nonce = None
        self.key = self.key_id = None
        self.eap = None
        self.granted = None
        self.expires = node.now() + UNFINISHED
        self.last_ping = None

    def word(self):
        """How it stands, in one word."""
        if self.reauthenticating or self.phase == ACCESS:
            return "authenticated"
        return "starting" if self.phase == AUTHENTICATING else self.phase

    # --- sending ---

    def request(self, kind, flags=0, avps=(), key=None):
        if self.waiting:
            raise Invalid("busy: a request waits for its answer")
        message = Message(kind, flags | wire.R, self.identifier, self.out_sequence, list(avps))
        octets = wire.encode(message, key or self.key)
        self.out_sequence = (self.out_sequence + 1) % (1 << 32)
        self.waiting = message
        self.repeater.begin(octets, self.node.now())
        self.node.send(octets, self.peer)
        return octets

    def answer(self, request, flags=0, avps=(), key=None):
        message = Message(request.kind, flags, self.identifier, request.sequence, list(avps))
        self.last_request, self.last_answer = request.octets, wire.encode(message, key or self.key)
        self.in_sequence = (request.sequence + 1) % (1 << 32)
        self.node.send(self.last_answer, self.peer)
        return self.last_answer

    def answered(self):
        self.waiting = None
        self.repeater.stop()

    # --- receiving ---

    def receive(self, message, address):
        """Raises Invalid, and changes nothing, for what section 5.5 has discarded."""
        if message.request and message.octets == self.last_request:
            self.node.send(self.last_answer, address)  # section 5.2: a duplicate
            return
        if message.request and self.in_sequence not in (None, message.sequence):
            raise Invalid("sequence %d, expected %d" % (message.sequence, self.in_sequence))
        if not message.request:
            self.check_answer(message)
        self.check_protection(message)
        handler = {
            (wire.AUTHENTICATION, wire.R): self.auth_request,
            (wire.AUTHENTICATION, 0): self.auth_answer,
            (wire.TERMINATION, wire.R): self.termination_request,
            (wire.TERMINATION, 0): self.termination_answer,
            (wire.NOTIFICATION, wire.R): self.notification_request,
            (wire.NOTIFICATION, 0): self.notification_answer,
        }[message.kind, message.flags & wire.R]
        before, self.peer = self.peer, address
        try:
            handler(message)
        except Invalid:
            self.peer = before
            raise

    def check_answer(self, message):
        mine = self.waiting
        if not mine or mine.sequence != message.sequence or mine.kind != message.kind:
            raise Invalid("an answer to nothing")
        same = wire.S | wire.C | wire.A | wire.P
        if mine.flags & same != message.flags & same:
            raise Invalid("an answer with other flags than its request")

    def check_protection(self, message):
        """The last PAR and PAN have a key of their own and are checked where it is known."""
        if not (message.kind == wire.AUTHENTICATION and message.flags & wire.C):
            self.check_auth(message, self.key)

    @staticmethod
    def check_auth(message, key):
        if key and not wire.authentic(message, key):
            raise Invalid("AUTH is missing or wrong")
        if not key and message.value(wire.AUTH) is not None:
            raise Invalid("AUTH without a key")

    def established(self):
        return self.reauthenticating or self.phase in (ACCESS, TERMINATING)

    def termination_request(self, message):
        if not self.established():
            raise Invalid("a PTR while authenticating")
        self.answer(message)
        self.node.closed(self, "the other side terminated it")

    def termination_answer(self, message):
        self.node.closed(self, "terminated")

    def notification_request(self, message):
        if message.flags & wire.A:
            self.reauthentication_request(message)
        elif not self.established():
            raise Invalid("a ping request while authenticating")
        else:
            self.answer(message, wire.P)

    def notification_answer(self, message):
        self.answered()
        self.node.log("the other side is alive" if message.flags & wire.P else "it agrees")

    # --- what a person asks for ---

    def ping(self):
        now = self.node.now()
        if self.phase != ACCESS or self.waiting:
            raise Invalid("no ping in this phase")
        if self.last_ping is not None and now - self.last_ping < PING_INTERVAL:
            raise Invalid("the last ping was less than %d s ago" % PING_INTERVAL)
        self.last_ping = now
        self.request(wire.NOTIFICATION, wire.P)

    def terminate(self, cause):
        if self.phase != ACCESS:
            raise Invalid("there is no session to terminate")
        self.answered()
        self.phase = TERMINATING
        self.request(wire.TERMINATION, 0, [(wire.CAUSE, cause)])

    # --- time ---

    def due(self):
        return earliest(self.repeater.due, self.expires)

    def tick(self):
        now = self.node.now()
        if now >= self.expires:
            self.node.closed(self, "its lifetime is over")
        elif self.repeater.due is not None and now >= self.repeater.due:
            octets = self.repeater.again(now)
            if octets:
                self.node.send(octets, self.peer)
            else:
                self.node.closed(self, "no answer")

    # --- keys ---

    def opened(self, lifetime, key, key_id):
        self.key, self.key_id = key, key_id
        self.phase, self.reauthenticating = ACCESS, False
        self.granted, self.expires = lifetime, self.node.now() + lifetime
        self.node.log("session %08x is open for %d s" % (self.identifier, lifetime))

    def new_key(self, msk, key_id):
        return wire.derive_key(msk, self.first_request, self.first_answer, self.pac_nonce,
                               self.paa_nonce, key_id)
