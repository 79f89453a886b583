# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv1 from RFC 2407, 2408 and 2409 (with RFC 3706, 3947): payloads, keys, encryption. Nothing here
was made with the reference implementation."""

import hashlib
import hmac
import socket
import struct

import vector
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from ike import agree, chain, public_value
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import derive

MAIN, AGGRESSIVE, INFO, QUICK = 2, 4, 5, 32
E, C, A = 1, 2, 4
SA, P, T, KE, ID, CERT, CR, HASH, SIG, NONCE, N, D, VID = range(1, 14)
NAT_D, NAT_OA = 20, 21
PAYLOADS = {SA: "SA", KE: "KE", ID: "ID", CERT: "CERT", CR: "CR", HASH: "HASH", SIG: "SIG",
            NONCE: "NONCE", N: "N", D: "D", VID: "VID", NAT_D: "NAT-D", NAT_OA: "NAT-OA"}
ISAKMP, AH, ESP = 1, 2, 3
DES3, AES = 5, 7
HASHES = {1: hashlib.md5, 2: hashlib.sha1, 4: hashlib.sha256, 5: hashlib.sha384, 6: hashlib.sha512}
PSK, RSA_SIG = 1, 3
SECRET = b"a shared secret"
TO_RESPONDER, TO_INITIATOR = "initiator->responder", "responder->initiator"
DPD = bytes.fromhex("afcad71368a1f1c96b8696fc77570100")
NAT_T = hashlib.md5(b"RFC 3947").digest()
CHANGE = b"baton address change 1"


# --- payloads ------------------------------------------------------------------------------------

def message(exchange, flags, number, body, first, cky_i, cky_r, version=0x10, length=None):
    size = 28 + len(body) if length is None else length
    return cky_i + cky_r + struct.pack("!BBBBII", first, version, exchange, flags, number,
                                       size) + body


def attribute(kind, value):
    """The short form for a number, the long one for octets."""
    if isinstance(value, bytes):
        return struct.pack("!HH", kind, len(value)) + value
    return struct.pack("!HH", 0x8000 | kind, value)


def transform(number, identifier, attributes, last=True):
    body = b"".join(attribute(*a) for a in attributes)
    return struct.pack("!BBHBBH", 0 if last else T, 0, 8 + len(body), number, identifier, 0) + body


def proposal(number, protocol, spi, transforms, last=True):
    """Transforms are (identifier, attributes)."""
    body = b"".join(transform(i + 1, *t, last=i + 1 == len(transforms))
                    for i, t in enumerate(transforms))
    return struct.pack("!BBHBBBB", 0 if last else P, 0, 8 + len(spi) + len(body), number, protocol,
                       len(spi), len(transforms)) + spi + body


def association(*proposals):
    return (SA, struct.pack("!II", 1, 1) + b"".join(proposals))


def identity(kind, data, protocol=0, port=0):
    return (ID, struct.pack("!BBH", kind, protocol, port) + data)


def address(text, protocol=0, port=0):
    v6 = ":" in text
    return identity(5 if v6 else 1, socket.inet_pton(
        socket.AF_INET6 if v6 else socket.AF_INET, text), protocol, port)


def subnet(network, mask, protocol=0, port=0):
    v6 = ":" in network
    family = socket.AF_INET6 if v6 else socket.AF_INET
    return identity(6 if v6 else 4, socket.inet_pton(family, network)
                    + socket.inet_pton(family, mask), protocol, port)


def notify(kind, data=b"", protocol=ISAKMP, spi=b"", doi=1):
    return (N, struct.pack("!IBBH", doi, protocol, len(spi), kind) + spi + data)


def delete(protocol, *spis, doi=1):
    return (D, struct.pack("!IBBH", doi, protocol, len(spis[0]), len(spis)) + b"".join(spis))


# --- an ISAKMP SA --------------------------------------------------------------------------------

class Association:
    """Keys of an ISAKMP SA (RFC 2409 section 5, appendix B), and messages under them."""

    def __init__(self, label, encr, bits, kind, group, auth=PSK):
        self.label, self.encr, self.bits, self.kind, self.group = label, encr, bits, kind, group
        self.auth = auth
        self.cky_i, self.cky_r = derive(label + " cky i", 8), derive(label + " cky r", 8)
        self.nonce_i, self.nonce_r = derive(label + " nonce i", 32), derive(label + " nonce r", 32)
        self.ke_i, _ = public_value(group, label + " dh i")
        self.ke_r, _ = public_value(group, label + " dh r")
        self.shared = agree(group, label + " dh i", label + " dh r")
        self.qm_i, self.qm_r = derive(label + " qm i", 32), derive(label + " qm r", 32)
        self.block = 8 if encr == DES3 else 16
        self.sa = association(proposal(1, ISAKMP, b"", [(1, self.attributes())]))
        self.make_keys()
        self.phase1 = self.hash(self.ke_i + self.ke_r)[:self.block]
        self.last, self.ivs = None, {}

    def attributes(self):
        bits = [(14, self.bits)] if self.bits else []
        return [(1, self.encr)] + bits + [(2, self.kind), (4, self.group), (3, self.auth), (11, 1),
                                          (12, struct.pack("!I", 18000))]

    def hash(self, text):
        return HASHES[self.kind](text).digest()

    def prf(self, key, text):
        return hmac.new(key, text, HASHES[self.kind]).digest()

    def make_keys(self):
        nonces, both = self.nonce_i + self.nonce_r, self.cky_i + self.cky_r
        self.id = (self.prf(SECRET, nonces) if self.auth == PSK
                   else self.prf(nonces, self.shared))
        self.d = self.prf(self.id, self.shared + both + b"\0")
        self.a = self.prf(self.id, self.d + self.shared + both + b"\1")
        self.e = self.prf(self.id, self.a + self.shared + both + b"\2")
        size = self.bits // 8 if self.bits else 24
        self.key, part = self.e, b"\0"
        if len(self.e) < size:
            self.key = b""
            while len(self.key) < size:
                part = self.prf(self.e, part)
                self.key += part
        self.key = self.key[:size]

    def auth_hash(self, by_initiator, id_body):
        """HASH_I or HASH_R, section 5."""
        values = (self.ke_i, self.ke_r) if by_initiator else (self.ke_r, self.ke_i)
        both = (self.cky_i, self.cky_r) if by_initiator else (self.cky_r, self.cky_i)
        return self.prf(self.id, b"".join(values) + b"".join(both) + self.sa[1] + id_body)

    def encrypt(self, iv, plain):
        padded = plain + bytes(-len(plain) % self.block)
        cipher = algorithms.TripleDES if self.encr == DES3 else algorithms.AES
        maker = Cipher(cipher(self.key), modes.CBC(iv)).encryptor()
        return maker.update(padded) + maker.finalize()

    def seal(self, exchange, number, payloads):
        """An encrypted message, its IV, its payloads in octets."""
        first, plain = chain(payloads)
        if exchange == MAIN:
            iv = self.phase1
        else:
            iv = self.ivs.get(number) or self.hash(
                self.last + struct.pack("!I", number))[:self.block]
        body = self.encrypt(iv, plain)
        if exchange == MAIN:
            self.phase1 = self.last = body[-self.block:]
        else:
            self.ivs[number] = body[-self.block:]
        return message(exchange, E, number, body, first, self.cky_i, self.cky_r), iv, plain

    def hashed(self, step, number, payloads):
        """Payloads after the HASH of that step: 1 (also of an informational message), 2, 3."""
        _, rest = chain(payloads)
        head = struct.pack("!I", number)
        text = {1: head + rest, 2: head + self.qm_i + rest,
                3: b"\0" + head + self.qm_i + self.qm_r}[step]
        return [(HASH, self.prf(self.a, text))] + payloads

    def as_json(self):
        return {"encr": self.encr, "key_bits": self.bits, "hash": self.kind, "group": self.group,
                "auth": self.auth, "psk": SECRET.hex(), "cky_i": self.cky_i.hex(),
                "cky_r": self.cky_r.hex(), "nonce_i": self.nonce_i.hex(),
                "nonce_r": self.nonce_r.hex(), "public_i": self.ke_i.hex(),
                "public_r": self.ke_r.hex(), "shared": self.shared.hex(),
                "sa_body": self.sa[1].hex(), "quick_nonce_i": self.qm_i.hex(),
                "quick_nonce_r": self.qm_r.hex(), "last_block": (self.last or b"").hex(),
                "skeyid": self.id.hex(), "skeyid_d": self.d.hex(), "skeyid_a": self.a.hex(),
                "skeyid_e": self.e.hex(), "key": self.key.hex()}


# --- what a case is ------------------------------------------------------------------------------

NAMES = {(MAIN, 0): "MM", (MAIN, E): "MM-E", (QUICK, E): "QM", (INFO, 0): "INFO",
         (INFO, E): "INFO-E"}


def dissect(octets):
    cky_i, cky_r = octets[:8], octets[8:16]
    first, version, exchange, flags, number, length = struct.unpack("!BBBBII", octets[16:28])
    assert length == len(octets)
    fields = {"message": NAMES.get((exchange, flags & E)), "cky_i": cky_i.hex(),
              "cky_r": cky_r.hex(), "next_payload": first, "version": version,
              "exchange": exchange, "flags": flags, "message_id": number, "length": length}
    elements, at, code = [], 28, first
    if flags & E:
        fields["sealed"] = octets[28:].hex()
        return {"fields": fields, "elements": []}
    while code:
        following, reserved, size = struct.unpack("!BBH", octets[at : at + 4])
        value = octets[at + 4 : at + size]
        assert size >= 4 and len(value) == size - 4
        elements.append({"code": code, "name": PAYLOADS.get(code), "flags": reserved,
                         "length": size, "value": value.hex()})
        at, code = at + size, following
    assert at == len(octets)
    return {"fields": fields, "elements": elements}


class Case(vector.Case):
    PROTOCOL = "isakmp"
    DIRECTIONS = (TO_RESPONDER, TO_INITIATOR)
    NEEDS = ("any",)

    def __init__(self, *arguments, iv=None, inside=None, good=None, **more):
        super().__init__(*arguments, **more)
        self.iv, self.inside, self.good = iv, inside, good

    def more_json(self):
        out = {}
        if self.good is not None:
            out["auth"] = {"valid": self.good}
        if self.inside is not None:
            out["inside"] = self.inside.hex()
            out["iv"] = self.iv.hex()
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

    def __init__(self, name, title, association_of=None):
        super().__init__(name, title)
        self.association = association_of

    def keys_json(self):
        return {"isakmp": self.association.as_json()} if self.association else {}

    def clear(self, name, comment, octets, up=True, reaction=vector.SILENCE, **more):
        self.add(name, comment, TO_RESPONDER if up else TO_INITIATOR, octets, "any", reaction,
                 **more)

    def sealed(self, name, comment, exchange, number, payloads, up=True, reaction=vector.SILENCE,
               good=True, **more):
        octets, iv, plain = self.association.seal(exchange, number, payloads)
        self.add(name, comment, TO_RESPONDER if up else TO_INITIATOR, octets, "any", reaction,
                 iv=iv, inside=plain, good=good, **more)
        return octets
