# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2 from RFC 7296 (with RFC 3526, 4106, 4868, 5282, 5903, 7383, 8031): payloads, keys, the
Encrypted payload. Nothing here was made with the reference implementation."""

import hashlib
import hmac
import socket
import struct

import vector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import derive

INIT, AUTH, CREATE, INFO = 34, 35, 36, 37
NAMES = {INIT: "IKE_SA_INIT", AUTH: "IKE_AUTH", CREATE: "CREATE_CHILD_SA", INFO: "INFORMATIONAL"}
I, V, R = 0x08, 0x10, 0x20
SA, KE, IDI, IDR, CERT, CERTREQ, AUTHP, NONCE, N, D, VENDOR, TSI, TSR, SK, CP, EAP = range(33, 49)
SKF = 53
PAYLOADS = {SA: "SA", KE: "KE", IDI: "IDi", IDR: "IDr", CERT: "CERT", CERTREQ: "CERTREQ",
            AUTHP: "AUTH", NONCE: "Nonce", N: "N", D: "D", VENDOR: "V", TSI: "TSi", TSR: "TSr",
            SK: "SK", CP: "CP", EAP: "EAP", SKF: "SKF"}
IKE, ESP = 1, 3
ENCR, PRF, INTEG, DH, ESN = range(1, 6)
CBC, GCM16 = 12, 20
PRFS = {2: hashlib.sha1, 5: hashlib.sha256, 6: hashlib.sha384, 7: hashlib.sha512}
INTEGS = {2: (hashlib.sha1, 20, 12), 12: (hashlib.sha256, 32, 16), 13: (hashlib.sha384, 48, 24),
          14: (hashlib.sha512, 64, 32)}
TO_RESPONDER, TO_INITIATOR = "initiator->responder", "responder->initiator"
SPI_I, SPI_R = derive("ike spi i", 8), derive("ike spi r", 8)
PSK = b"a shared secret"


# --- payloads ------------------------------------------------------------------------------------

def chain(payloads):
    """Octets of payloads (code, value) or (code, value, flags), and the code of the first."""
    out = b""
    for i, payload in enumerate(payloads):
        following = payloads[i + 1][0] if i + 1 < len(payloads) else 0
        flags = payload[2] if len(payload) > 2 else 0
        out += struct.pack("!BBH", following, flags, 4 + len(payload[1])) + payload[1]
    return (payloads[0][0] if payloads else 0), out


def message(exchange, flags, number, body, first, spi_i=SPI_I, spi_r=SPI_R, version=0x20,
            length=None):
    size = 28 + len(body) if length is None else length
    return spi_i + spi_r + struct.pack("!BBBBII", first, version, exchange, flags, number,
                                       size) + body


def transform(kind, number, bits=None, last=False):
    attribute = struct.pack("!HH", 0x8000 | 14, bits) if bits else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0,
                       number) + attribute


def proposal(number, protocol, spi, transforms, last=True):
    body = b"".join(transform(*t, last=i + 1 == len(transforms)) for i, t in enumerate(transforms))
    return struct.pack("!BBHBBBB", 0 if last else 2, 0, 8 + len(spi) + len(body), number, protocol,
                       len(spi), len(transforms)) + spi + body


def notify(kind, data=b"", protocol=0, spi=b""):
    return (N, struct.pack("!BBH", protocol, len(spi), kind) + spi + data)


def identity(code, kind, data):
    return (code, struct.pack("!BBH", kind, 0, 0) + data)


def selector(first, last, protocol=0, ports=(0, 65535)):
    family = socket.AF_INET6 if ":" in first else socket.AF_INET
    ends = socket.inet_pton(family, first) + socket.inet_pton(family, last)
    return struct.pack("!BBHHH", 8 if ":" in first else 7, protocol, 8 + len(ends),
                       *ports) + ends


def selectors(code, *list_of):
    return (code, struct.pack("!BBH", len(list_of), 0, 0) + b"".join(list_of))


def configuration(kind, *attributes):
    return (CP, struct.pack("!BBH", kind, 0, 0) + b"".join(
        struct.pack("!HH", code, len(value)) + value for code, value in attributes))


# --- Diffie-Hellman --------------------------------------------------------------------------------

MODP = {2: (1024, 129093), 5: (1536, 741804), 14: (2048, 124476), 15: (3072, 1690314),
        16: (4096, 240904)}


def pi_bits(bits):
    """floor(2^bits pi), by Machin's formula."""
    unit = 1 << (bits + 64)

    def arctan(inverse):
        total = term = unit // inverse
        divisor, sign = 3, -1
        while term:
            term //= inverse * inverse
            total += sign * (term // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    return 4 * (4 * arctan(5) - arctan(239)) >> 64


def modp_prime(group):
    """RFC 3526, RFC 2409 section 6.2: 2^n - 2^(n-64) - 1 + 2^64 ([2^(n-130) pi] + i)."""
    bits, add = MODP[group]
    return (1 << bits) - (1 << (bits - 64)) - 1 + (pi_bits(bits - 130) + add << 64)


def public_value(group, label):
    """(public value, function from the other's private label to the shared secret)."""
    secret = derive(label, 32)
    if group == 31:
        key = x25519.X25519PrivateKey.from_private_bytes(secret)
        raw = key.public_key().public_bytes(serialization.Encoding.Raw,
                                            serialization.PublicFormat.Raw)
        return raw, key
    if group in (19, 20):
        curve = ec.SECP256R1() if group == 19 else ec.SECP384R1()
        key = ec.derive_private_key(int.from_bytes(secret, "big"), curve)
        numbers, size = key.public_key().public_numbers(), 32 if group == 19 else 48
        return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big"), key
    prime = modp_prime(group)
    exponent = int.from_bytes(secret, "big")
    return pow(2, exponent, prime).to_bytes(MODP[group][0] // 8, "big"), exponent


def agree(group, mine, theirs):
    """The shared secret of the private keys of two labels."""
    _, key = public_value(group, mine)
    value, other = public_value(group, theirs)
    if group == 31:
        return key.exchange(other.public_key())
    if group in (19, 20):
        return key.exchange(ec.ECDH(), other.public_key())
    return pow(int.from_bytes(value, "big"), key, modp_prime(group)).to_bytes(len(value), "big")


# --- an IKE SA -----------------------------------------------------------------------------------

class Association:
    """Keys of an IKE SA (section 2.14), and messages under them (section 3.14)."""

    def __init__(self, label, encr, bits, prf, integ, group):
        self.encr, self.bits, self.prf, self.integ, self.group = encr, bits, prf, integ, group
        self.spi_i, self.spi_r = derive(label + " spi i", 8), derive(label + " spi r", 8)
        self.nonce_i, self.nonce_r = derive(label + " nonce i", 32), derive(label + " nonce r", 32)
        self.ke_i, _ = public_value(group, label + " dh i")
        self.ke_r, _ = public_value(group, label + " dh r")
        self.shared = agree(group, label + " dh i", label + " dh r")
        assert self.shared == agree(group, label + " dh r", label + " dh i")
        self.label, self.count = label, 0
        self.make_keys()

    def hmac(self, key, text):
        return hmac.new(key, text, PRFS[self.prf]).digest()

    def prf_plus(self, key, seed, size):
        out, block, number = b"", b"", 1
        while len(out) < size:
            block = self.hmac(key, block + seed + bytes([number]))
            out, number = out + block, number + 1
        return out[:size]

    def make_keys(self):
        seed = self.nonce_i + self.nonce_r
        size = PRFS[self.prf]().digest_size
        encr = self.bits // 8 + (4 if self.encr == GCM16 else 0)
        integ = INTEGS[self.integ][1] if self.integ else 0
        skeyseed = self.hmac(seed, self.shared)
        stream = self.prf_plus(skeyseed, seed + self.spi_i + self.spi_r,
                               3 * size + 2 * integ + 2 * encr)
        self.keys = {}
        for name, octets in (("d", size), ("ai", integ), ("ar", integ), ("ei", encr), ("er", encr),
                             ("pi", size), ("pr", size)):
            self.keys[name], stream = stream[:octets], stream[octets:]

    def transforms(self):
        out = [(ENCR, self.encr, self.bits), (PRF, self.prf)]
        return out + ([(INTEG, self.integ)] if self.integ else []) + [(DH, self.group)]

    def seal(self, exchange, flags, number, payloads, fragment=None, spoil=None):
        """A whole message; `fragment` (number, total) makes it an Encrypted Fragment, of which
        `payloads` are (code of the first, octets)."""
        first, plain = payloads if fragment else chain(payloads)
        from_i = bool(flags & I)
        self.count += 1
        head = struct.pack("!HH", *fragment) if fragment else b""
        if self.encr == GCM16:
            iv, icv_size, block = struct.pack("!Q", self.count), 16, 1
        else:
            iv = derive("%s iv %d" % (self.label, self.count), 16)
            icv_size, block = INTEGS[self.integ][2], 16
        pad = -(len(plain) + 1) % block
        padded = plain + bytes(pad) + bytes([pad])
        size = 4 + len(head) + len(iv) + len(padded) + icv_size
        code = SKF if fragment else SK
        follows = first if not fragment or fragment[0] == 1 else 0
        front = self.spi_i + self.spi_r + struct.pack(
            "!BBBBII", code, 0x20, exchange, flags, number, 28 + size)
        front += struct.pack("!BBH", follows, 0, size) + head
        key = self.keys["ei" if from_i else "er"]
        if self.encr == GCM16:
            octets = front + iv + AESGCM(key[:-4]).encrypt(key[-4:] + iv, padded, front)
        else:
            maker = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
            octets = front + iv + maker.update(padded) + maker.finalize()
            kind, _, cut = INTEGS[self.integ]
            octets += hmac.new(self.keys["ai" if from_i else "ar"], octets, kind).digest()[:cut]
        if spoil is not None:
            at = spoil % len(octets)
            octets = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
        return octets, first, plain

    def auth(self, by_initiator, first_message, id_body):
        """AUTH with a shared key, section 2.15."""
        nonce = self.nonce_r if by_initiator else self.nonce_i
        maced = self.hmac(self.keys["pi" if by_initiator else "pr"], id_body)
        key = self.hmac(PSK, b"Key Pad for IKEv2")
        return self.hmac(key, first_message + nonce + maced)

    def as_json(self):
        out = {"encr": self.encr, "key_bits": self.bits, "prf": self.prf, "integ": self.integ,
               "spi_i": self.spi_i.hex(), "spi_r": self.spi_r.hex(),
               "nonce_i": self.nonce_i.hex(), "nonce_r": self.nonce_r.hex(),
               "shared": self.shared.hex()}
        out.update({"sk_" + name: value.hex() for name, value in self.keys.items()})
        return out


# --- what a case is ------------------------------------------------------------------------------

def dissect(octets):
    spi_i, spi_r = octets[:8], octets[8:16]
    first, version, exchange, flags, number, length = struct.unpack("!BBBBII", octets[16:28])
    assert length == len(octets)
    name = NAMES.get(exchange)
    elements, at, code = [], 28, first
    while code:
        following, bits, size = struct.unpack("!BBH", octets[at : at + 4])
        value = octets[at + 4 : at + size]
        assert size >= 4 and len(value) == size - 4
        entry = {"code": code, "name": PAYLOADS.get(code), "flags": bits, "length": size,
                 "value": value.hex()}
        if code in (SK, SKF):
            entry["next"] = following
            following = 0
        elements.append(entry)
        at, code = at + size, following
    assert at == len(octets)
    word = "RESPONSE" if flags & R else "REQUEST"
    return {"fields": {"message": "%s-%s" % (name, word) if name else None,
                       "spi_i": spi_i.hex(), "spi_r": spi_r.hex(), "next_payload": first,
                       "version": version, "exchange": exchange, "flags": flags,
                       "message_id": number, "length": length}, "elements": elements}


class Case(vector.Case):
    PROTOCOL = "ike"
    DIRECTIONS = (TO_RESPONDER, TO_INITIATOR)
    NEEDS = ("any",)

    def __init__(self, *arguments, inside=None, icv=None, **more):
        super().__init__(*arguments, **more)
        self.inside, self.icv = inside, icv

    def more_json(self):
        out = {}
        if self.icv is not None:
            out["auth"] = {"valid": self.icv}
        if self.inside is not None:
            out["inside"] = self.inside.hex()
        return out

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        up = self.direction == TO_RESPONDER
        macs = ("02:00:00:00:00:0c", "02:00:00:00:00:cc")
        ips = ("192.0.2.10", "203.0.113.20")
        return bytes(Ether(src=macs[not up], dst=macs[up])
                     / IP(src=ips[not up], dst=ips[up], id=number)
                     / UDP(sport=500, dport=500) / Raw(self.octets))


class Group(vector.Group):
    CASE = Case

    def __init__(self, name, title, association=None):
        super().__init__(name, title)
        self.association = association

    def keys_json(self):
        return {"ike": self.association.as_json()} if self.association else {}

    def clear(self, name, comment, octets, reaction=vector.SILENCE, **more):
        """A message in the clear, towards who has to read it."""
        up = len(octets) < 20 or not octets[19] & R
        self.add(name, comment, TO_RESPONDER if up else TO_INITIATOR, octets, "any", reaction,
                 **more)

    def sealed(self, name, comment, exchange, flags, number, payloads, reaction=vector.SILENCE,
               fragment=None, **more):
        octets, _, plain = self.association.seal(exchange, flags, number, payloads, fragment)
        self.add(name, comment, TO_RESPONDER if flags & I else TO_INITIATOR, octets, "any",
                 reaction, inside=plain, icv=True, **more)
        return octets
