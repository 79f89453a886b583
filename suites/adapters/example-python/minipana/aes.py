# SPDX-License-Identifier: Apache-2.0
"""AES-128 encryption (FIPS 197), CMAC (NIST SP 800-38B) and EAX, as EAP-PSK wants them."""


def _xtime(a):
    a <<= 1
    return a ^ 0x11B if a & 0x100 else a


def _times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = _xtime(a), b >> 1
    return product


def _make_sbox():
    box = []
    for value in range(256):
        inverse = next((x for x in range(256) if _times(value, x) == 1), 0)
        out = 0x63
        for turn in range(5):
            out ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        box.append(out)
    return bytes(box)


_SBOX = _make_sbox()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


class AES:
    """The cipher under one key of 16 octets."""

    def __init__(self, key):
        if len(key) != 16:
            raise ValueError("an AES-128 key has 16 octets")
        words = [key[i:i + 4] for i in range(0, 16, 4)]
        constant = 1
        for i in range(4, 44):
            word = words[-1]
            if i % 4 == 0:
                word = bytes(_SBOX[b] for b in word[1:] + word[:1])
                word = bytes([word[0] ^ constant]) + word[1:]
                constant = _xtime(constant)
            words.append(xor(words[i - 4], word))
        self.rounds = [b"".join(words[i:i + 4]) for i in range(0, 44, 4)]

    def encrypt(self, block):
        state = xor(block, self.rounds[0])
        for number, key in enumerate(self.rounds[1:], 1):
            # SubBytes and ShiftRows: column c takes its row r from column c + r
            state = bytes(_SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16))
            if number < 10:
                state = b"".join(self._mix(state[i:i + 4]) for i in range(0, 16, 4))
            state = xor(state, key)
        return state

    @staticmethod
    def _mix(c):
        return bytes(_xtime(c[i]) ^ _xtime(c[i - 3]) ^ c[i - 3] ^ c[i - 2] ^ c[i - 1]
                     for i in range(4))

    def cmac(self, data):
        def double(block):
            value = int.from_bytes(block, "big") << 1
            return ((value ^ 0x87 if value >> 128 else value) % (1 << 128)).to_bytes(16, "big")

        subkey = double(self.encrypt(bytes(16)))
        blocks = [data[i:i + 16] for i in range(0, len(data), 16)] or [b""]
        last = blocks.pop()
        if len(last) < 16:
            last = (last + b"\x80").ljust(16, b"\0")
            subkey = double(subkey)
        state = bytes(16)
        for block in blocks:
            state = self.encrypt(xor(state, block))
        return self.encrypt(xor(xor(state, last), subkey))

    def _ctr(self, start, data):
        counter = int.from_bytes(start, "big")
        out = b""
        for i in range(0, len(data), 16):
            block = ((counter + i // 16) % (1 << 128)).to_bytes(16, "big")
            out += xor(data[i:i + 16], self.encrypt(block))
        return out

    def _eax_tag(self, nonce_mac, header, cipher):
        tag = xor(nonce_mac, self.cmac(bytes(15) + b"\1" + header))
        return xor(tag, self.cmac(bytes(15) + b"\2" + cipher))

    def eax_seal(self, nonce, header, plain):
        """(tag, cipher text)"""
        nonce_mac = self.cmac(bytes(16) + nonce)
        cipher = self._ctr(nonce_mac, plain)
        return self._eax_tag(nonce_mac, header, cipher), cipher

    def eax_open(self, nonce, header, tag, cipher):
        """The plain text, or None when the tag is wrong."""
        nonce_mac = self.cmac(bytes(16) + nonce)
        if self._eax_tag(nonce_mac, header, cipher) != tag:
            return None
        return self._ctr(nonce_mac, cipher)
