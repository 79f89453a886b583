# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys and message authentication of PANA (RFC 5191 sections 5.3 and 5.4, RFC 6786 section 3)."""

import hashlib
import hmac

import aes

PRF_HMAC_SHA1 = 2  # IKEv2 transform type 2
PRF_HMAC_SHA2_256 = 5
AUTH_HMAC_SHA1_160 = 7  # IKEv2 transform type 3
AUTH_HMAC_SHA2_256_128 = 12
AES128_CTR = 1  # RFC 6786 section 4

PRF_HASH = {PRF_HMAC_SHA1: hashlib.sha1, PRF_HMAC_SHA2_256: hashlib.sha256}

# Integrity algorithm: hash, octets of key, octets of AUTH value.
INTEGRITY = {
    AUTH_HMAC_SHA1_160: (hashlib.sha1, 20, 20),
    AUTH_HMAC_SHA2_256_128: (hashlib.sha256, 32, 16),
}


def prf_plus(prf, key, seed, size):
    """prf+ of IKEv2 (RFC 7296 section 2.13): T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n)."""
    out, block, number = b"", b"", 1
    while len(out) < size:
        block = hmac.new(key, block + seed + bytes([number]), PRF_HASH[prf]).digest()
        out += block
        number += 1
    return out[:size]


class Association:
    """A PANA SA: all that goes into its keys, and the keys."""

    def __init__(self, msk, key_id, i_par, i_pan, pac_nonce, paa_nonce,
                 prf=PRF_HMAC_SHA1, integrity=AUTH_HMAC_SHA1_160, encryption=None):
        self.msk = msk
        self.key_id = key_id
        self.i_par = i_par
        self.i_pan = i_pan
        self.pac_nonce = pac_nonce
        self.paa_nonce = paa_nonce
        self.prf = prf
        self.integrity = integrity
        self.encryption = encryption
        self.auth_key = self.derive(b"IETF PANA", INTEGRITY[integrity][1])

    def seed(self, label):
        return (label + self.i_par + self.i_pan + self.pac_nonce + self.paa_nonce
                + self.key_id.to_bytes(4, "big"))

    def derive(self, label, size):
        return prf_plus(self.prf, self.msk, self.seed(label), size)

    def pac_encr_key(self):
        return self.derive(b"IETF PANA PaC Encr", 16)

    def paa_encr_key(self):
        return self.derive(b"IETF PANA PAA Encr", 16)

    def auth_size(self):
        return INTEGRITY[self.integrity][2]

    def auth(self, pdu):
        """AUTH value of a message whose AUTH value field is zero."""
        return auth_hash(self.integrity, self.auth_key, pdu)

    def encrypt(self, from_pac, session, sequence, data):
        """Value of an Encryption-Encap AVP (RFC 6786 section 4.1)."""
        key = self.pac_encr_key() if from_pac else self.paa_encr_key()
        nonce = b"".join(v.to_bytes(4, "big") for v in (self.key_id, session, sequence))
        return aes.ctr(key, b"\x02" + nonce + b"\x00\x00\x01", data)

    def as_json(self):
        out = {
            "key_id": self.key_id,
            "msk": self.msk.hex(),
            "prf": self.prf,
            "integrity": self.integrity,
            "i_par": self.i_par.hex(),
            "i_pan": self.i_pan.hex(),
            "pac_nonce": self.pac_nonce.hex(),
            "paa_nonce": self.paa_nonce.hex(),
            "auth_key": self.auth_key.hex(),
        }
        if self.encryption is not None:
            out["encryption"] = self.encryption
            out["pac_encr_key"] = self.pac_encr_key().hex()
            out["paa_encr_key"] = self.paa_encr_key().hex()
        return out


def auth_hash(integrity, key, pdu):
    kind, _, size = INTEGRITY[integrity]
    return hmac.new(key, pdu, kind).digest()[:size]
