# SPDX-License-Identifier: GPL-2.0-or-later
"""EAP packets (RFC 3748), EAP-MD5 (its section 5.4) and EAP-PSK (RFC 4764), as Scapy layers."""

import hashlib

import aes
from scapy.fields import (ByteEnumField, ByteField, FieldLenField, ShortField, StrField,
                          StrFixedLenField, StrLenField)
from scapy.packet import Packet

REQUEST, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
IDENTITY, NOTIFICATION, NAK, MD5_CHALLENGE, OTP, GTC, TLS, PSK = 1, 2, 3, 4, 5, 6, 13, 47
EXPANDED, EXPERIMENTAL = 254, 255

DONE_SUCCESS, DONE_FAILURE = 2, 3  # RFC 4764 section 5.3, the R field


class EAPPacket(Packet):
    """Code, Identifier, Length; what follows is the payload."""

    name = "EAP"
    fields_desc = [
        ByteEnumField("code", REQUEST, {REQUEST: "Request", RESPONSE: "Response",
                                        SUCCESS: "Success", FAILURE: "Failure"}),
        ByteField("identifier", 0),
        ShortField("length", None),
    ]

    def post_build(self, pkt, pay):
        if self.length is None:
            pkt = pkt[:2] + len(pkt + pay).to_bytes(2, "big")
        return pkt + pay


class EAPIdentity(Packet):
    name = "EAP Identity"
    fields_desc = [ByteField("type", IDENTITY), StrField("identity", b"")]


class EAPMD5(Packet):
    name = "EAP MD5-Challenge"
    fields_desc = [
        ByteField("type", MD5_CHALLENGE),
        FieldLenField("size", None, fmt="B", length_of="value"),
        StrLenField("value", b"", length_from=lambda p: p.size),
        StrField("name", b""),
    ]


class EAPTLSStart(Packet):
    name = "EAP-TLS Start"
    fields_desc = [ByteField("type", TLS), ByteField("flags", 0x20)]


class EAPPSK(Packet):
    """What all four messages share: Flags (T in the two high bits), RAND_S; the rest as octets."""

    name = "EAP-PSK"
    fields_desc = [
        ByteField("type", PSK),
        ByteField("flags", 0),
        StrFixedLenField("rand_s", bytes(16), 16),
        StrField("rest", b""),
    ]


def identity_request(identifier):
    return bytes(EAPPacket(code=REQUEST, identifier=identifier) / EAPIdentity())


def identity_response(identifier, name):
    return bytes(EAPPacket(code=RESPONSE, identifier=identifier) / EAPIdentity(identity=name))


def success(identifier):
    return bytes(EAPPacket(code=SUCCESS, identifier=identifier))


def failure(identifier):
    return bytes(EAPPacket(code=FAILURE, identifier=identifier))


def tls_start(identifier):
    return bytes(EAPPacket(code=REQUEST, identifier=identifier) / EAPTLSStart())


TLS_L, TLS_M, TLS_S = 0x80, 0x40, 0x20  # RFC 5216 section 3.1


def tls_fragment(code, identifier, flags, data=b"", length=None):
    """RFC 5216 sections 3.1 and 3.2; the length field is there when one is given."""
    field = b"" if length is None else length.to_bytes(4, "big")
    return packet(code, identifier, TLS, bytes([flags]) + field + data)


def packet(code, identifier, kind=None, data=b"", length=None):
    """Any packet: octets of the caller's, the length right unless told otherwise."""
    body = (b"" if kind is None else bytes([kind])) + data
    size = 4 + len(body) if length is None else length
    return bytes([code, identifier]) + size.to_bytes(2, "big") + body


def expanded(code, identifier, vendor, kind, data=b""):
    """RFC 3748 section 5.7."""
    return packet(code, identifier, EXPANDED,
                  vendor.to_bytes(3, "big") + kind.to_bytes(4, "big") + data)


def md5_request(identifier, challenge, name):
    return bytes(EAPPacket(code=REQUEST, identifier=identifier)
                 / EAPMD5(value=challenge, name=name))


def md5_response(identifier, secret, challenge, name):
    """The response value is MD5(Identifier | secret | challenge) (RFC 1994 section 4.1)."""
    value = hashlib.md5(bytes([identifier]) + secret + challenge).digest()
    return bytes(EAPPacket(code=RESPONSE, identifier=identifier) / EAPMD5(value=value, name=name))


def _counter_blocks(key, block, count):
    """Modified counter mode (RFC 4764 Figures 3 and 7)."""
    base = aes.encrypt(key, block)
    return [aes.encrypt(key, aes.xor(base, i.to_bytes(16, "big"))) for i in range(1, count + 1)]


class PSKDialog:
    """The four messages of EAP-PSK standard authentication, and its keys."""

    def __init__(self, psk, rand_s, rand_p, id_s, id_p):
        self.psk, self.rand_s, self.rand_p, self.id_s, self.id_p = psk, rand_s, rand_p, id_s, id_p
        self.ak, self.kdk = _counter_blocks(psk, bytes(16), 2)
        blocks = _counter_blocks(self.kdk, rand_p, 9)
        self.tek = blocks[0]
        self.msk = b"".join(blocks[1:5])
        self.emsk = b"".join(blocks[5:9])

    def _packet(self, code, identifier, t, rest):
        return bytes(EAPPacket(code=code, identifier=identifier)
                     / EAPPSK(flags=t << 6, rand_s=self.rand_s, rest=rest))

    def _sealed(self, code, identifier, t, before, n, result):
        """A message that ends in PCHANNEL: Nonce N, Tag, one encrypted octet R|E|Reserved."""
        draft = self._packet(code, identifier, t, before + bytes(21))
        cipher, tag = aes.eax(self.tek, n.to_bytes(16, "big"), draft[:22], bytes([result << 6]))
        return self._packet(code, identifier, t, before + n.to_bytes(4, "big") + tag + cipher)

    def first(self, identifier):
        return self._packet(REQUEST, identifier, 0, self.id_s)

    def second(self, identifier):
        mac_p = aes.cmac(self.ak, self.id_p + self.id_s + self.rand_s + self.rand_p)
        return self._packet(RESPONSE, identifier, 1, self.rand_p + mac_p + self.id_p)

    def third_with(self, identifier, nonce, result=DONE_SUCCESS):
        mac_s = aes.cmac(self.ak, self.id_s + self.rand_p)
        return self._sealed(REQUEST, identifier, 2, mac_s, nonce, result)

    def third(self, identifier, result=DONE_SUCCESS):
        return self.third_with(identifier, 0, result)

    def fourth_with(self, identifier, nonce, result=DONE_SUCCESS):
        return self._sealed(RESPONSE, identifier, 3, b"", nonce, result)

    def fourth(self, identifier, result=DONE_SUCCESS):
        return self.fourth_with(identifier, 1, result)

    def as_json(self):
        return {
            "method": "EAP-PSK",
            "psk": self.psk.hex(),
            "rand_s": self.rand_s.hex(),
            "rand_p": self.rand_p.hex(),
            "id_s": self.id_s.decode(),
            "id_p": self.id_p.decode(),
            "msk": self.msk.hex(),
            "emsk": self.emsk.hex(),
        }
