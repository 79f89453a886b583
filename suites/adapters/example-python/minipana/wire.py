# SPDX-License-Identifier: Apache-2.0
"""PANA messages (RFC 5191 sections 6 to 8) and the keys that protect them (5.3, 5.4)."""

import hashlib
import hmac
import struct

R, S, C, A, P, I = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400
KNOWN_FLAGS = R | S | C | A | P | I

PCI, AUTHENTICATION, TERMINATION, NOTIFICATION = 1, 2, 3, 4

AUTH, EAP_PAYLOAD, INTEGRITY, KEY_ID, NONCE, PRF, RESULT, LIFETIME, CAUSE = range(1, 10)
NUMBERS = (INTEGRITY, KEY_ID, PRF, RESULT, LIFETIME, CAUSE)

NAMES = {(PCI, 0): "PCI", (AUTHENTICATION, R): "PAR", (AUTHENTICATION, 0): "PAN",
         (TERMINATION, R): "PTR", (TERMINATION, 0): "PTA",
         (NOTIFICATION, R): "PNR", (NOTIFICATION, 0): "PNA"}

SUCCESS, AUTHENTICATION_REJECTED, AUTHORIZATION_REJECTED = 0, 1, 2
LOGOUT, ADMINISTRATIVE = 1, 4
HMAC_SHA1, HMAC_SHA1_160 = 2, 7  # IKEv2 transforms of type 2 and of type 3
AUTH_OCTETS = 20

# Figure 4: how often at most; what is not here may not be there at all
MANY = 1000
AUTH_REQUEST = {AUTH: 1, EAP_PAYLOAD: 1, INTEGRITY: MANY, KEY_ID: 1, NONCE: 1, PRF: MANY,
                RESULT: 1, LIFETIME: 1}
AUTH_ANSWER = {AUTH: 1, EAP_PAYLOAD: 1, INTEGRITY: 1, KEY_ID: 1, NONCE: 1, PRF: 1}
OCCURRENCE = {
    (PCI, 0): {},
    (AUTHENTICATION, R): AUTH_REQUEST,
    (AUTHENTICATION, 0): AUTH_ANSWER,
    (TERMINATION, R): {AUTH: 1, CAUSE: 1},
    (TERMINATION, 0): {AUTH: 1},
    (NOTIFICATION, R): {AUTH: 1},
    (NOTIFICATION, 0): {AUTH: 1},
}
FLAGS = {
    (PCI, 0): (0,),
    (AUTHENTICATION, R): (0, S, C, I, S | I, C | I),
    (AUTHENTICATION, 0): (0, S, C),
    (TERMINATION, R): (0,),
    (TERMINATION, 0): (0,),
    (NOTIFICATION, R): (A, P),
    (NOTIFICATION, 0): (A, P),
}


class Invalid(Exception):
    """A message that RFC 5191 section 5.5 has discarded; the text says why."""


class Message:
    def __init__(self, kind, flags, session, sequence, avps):
        self.kind, self.flags, self.session, self.sequence = kind, flags, session, sequence
        self.avps = avps  # [(code, value)]
        self.octets = None  # as received

    @property
    def request(self):
        return bool(self.flags & R)

    def values(self, code):
        return [value for c, value in self.avps if c == code]

    def value(self, code):
        return next(iter(self.values(code)), None)

    def __str__(self):
        bits = "".join(name for name, bit in zip("SCAPI", (S, C, A, P, I)) if self.flags & bit)
        return "%s%s session %08x sequence %d" % (
            NAMES[self.kind, self.flags & R], "," + bits if bits else "", self.session,
            self.sequence)


def encode(message, key=None):
    """The octets; with a key, AUTH at the end."""
    body = b""
    avps = message.avps + ([(AUTH, bytes(AUTH_OCTETS))] if key else [])
    for code, value in avps:
        if code in NUMBERS:
            value = struct.pack("!I", value)
        body += struct.pack("!HHHH", code, 0, len(value), 0) + value + bytes(-len(value) % 4)
    octets = struct.pack("!HHHHII", 0, 16 + len(body), message.flags, message.kind,
                         message.session, message.sequence) + body
    return octets[:-AUTH_OCTETS] + authenticate(key, octets) if key else octets


def authenticate(key, octets):
    """AUTH of a message that ends with the room for it (section 5.4)."""
    return hmac.new(key, octets[:-AUTH_OCTETS] + bytes(AUTH_OCTETS), hashlib.sha1).digest()


def authentic(message, key):
    return message.value(AUTH) is not None and hmac.compare_digest(
        message.value(AUTH), authenticate(key, message.octets))


def _value(code, octets):
    if code in NUMBERS:
        if len(octets) != 4:
            raise Invalid("AVP %d has %d octets" % (code, len(octets)))
        return struct.unpack("!I", octets)[0]
    if code == NONCE and not 8 <= len(octets) <= 256:
        raise Invalid("a Nonce of %d octets" % len(octets))
    if code == AUTH and len(octets) != AUTH_OCTETS:
        raise Invalid("an AUTH of %d octets" % len(octets))
    return octets


def _avps(octets):
    avps = []
    while octets:
        if len(octets) < 8:
            raise Invalid("the last AVP is cut off")
        code, flags, length = struct.unpack("!HHH", octets[:6])
        if flags & 0x8000:
            raise Invalid("a vendor-specific AVP")
        end = 8 + length + -length % 4
        if end > len(octets):
            raise Invalid("AVP %d is longer than the message" % code)
        avps.append((code, _value(code, octets[8:8 + length])))
        octets = octets[end:]
    return avps


def decode(octets):
    """The message, or Invalid."""
    if len(octets) < 16:
        raise Invalid("shorter than a header")
    length, flags, kind, session, sequence = struct.unpack("!2xHHHII", octets[:16])
    if length != len(octets):
        raise Invalid("Message Length %d of %d octets" % (length, len(octets)))
    flags &= KNOWN_FLAGS  # the others are ignored, section 6.2
    key = (kind, flags & R)
    if key not in OCCURRENCE:
        raise Invalid("type %d with flags %04x" % (kind, flags))
    if flags & ~R not in FLAGS[key]:
        raise Invalid("flags %04x in type %d" % (flags, kind))
    message = Message(kind, flags, session, sequence, _avps(octets[16:]))
    _check(message, OCCURRENCE[key])
    message.octets = octets
    return message


def _check(message, most):
    codes = [code for code, _ in message.avps]
    for code in codes:
        if codes.count(code) > most.get(code, 0):
            raise Invalid("AVP %d is there %d times" % (code, codes.count(code)))
    if AUTH in codes[:-1]:
        raise Invalid("AUTH is not the last AVP")
    if CAUSE in most and codes[:1] != [CAUSE]:
        raise Invalid("Termination-Cause is not the first AVP")


def derive_key(msk, first_request, first_answer, pac_nonce, paa_nonce, key_id):
    """PANA_AUTH_KEY for AUTH_HMAC_SHA1_160: the first 20 octets of prf+ (section 5.3)."""
    seed = (b"IETF PANA" + first_request + first_answer + pac_nonce + paa_nonce
            + struct.pack("!I", key_id))
    return hmac.new(msk, seed + b"\1", hashlib.sha1).digest()
