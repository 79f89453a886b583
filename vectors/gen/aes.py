# SPDX-License-Identifier: GPL-2.0-or-later
"""AES-128 (FIPS 197), CMAC (RFC 4493), EAX and CTR, in plain Python.

Slow and not constant time: it only ever sees the test keys of the vectors. It exists so that the
vectors need nothing beside Scapy and the Python standard library, and share no code with the
implementation that they judge. self_test.py holds it against published values.
"""


def _xtime(a):
    a <<= 1
    return (a ^ 0x11B) if a & 0x100 else a


def _multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = _xtime(a)
        b >>= 1
    return product


def _make_sbox():
    box = [0] * 256
    for value in range(256):
        inverse = 0
        if value:
            inverse = next(i for i in range(1, 256) if _multiply(value, i) == 1)
        out = 0x63
        for turn in range(5):
            out ^= ((inverse << turn) | (inverse >> (8 - turn))) & 0xFF
        box[value] = out
    return bytes(box)


SBOX = _make_sbox()


def _expand(key):
    words = [key[i : i + 4] for i in range(0, 16, 4)]
    rcon = 1
    for i in range(4, 44):
        word = words[i - 1]
        if i % 4 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ rcon]) + word[1:]
            rcon = _xtime(rcon)
        words.append(xor(words[i - 4], word))
    return [b"".join(words[i : i + 4]) for i in range(0, 44, 4)]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def _mix(column):
    total = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(column[i] ^ total ^ _xtime(column[i] ^ column[(i + 1) % 4]) for i in range(4))


def encrypt(key, block):
    """One block of AES-128."""
    keys = _expand(key)
    state = xor(block, keys[0])
    for number in range(1, 11):
        state = bytes(SBOX[b] for b in state)
        state = bytes(state[(4 * (column + row) + row) % 16]
                      for column in range(4) for row in range(4))
        if number < 10:
            state = b"".join(_mix(state[i : i + 4]) for i in range(0, 16, 4))
        state = xor(state, keys[number])
    return state


def _double(block):
    value = int.from_bytes(block, "big") << 1
    if value >> 128:
        value = (value ^ 0x87) & ((1 << 128) - 1)
    return value.to_bytes(16, "big")


def cmac(key, message):
    """AES-CMAC, 16 octets (RFC 4493 section 2.4)."""
    k1 = _double(encrypt(key, bytes(16)))
    k2 = _double(k1)
    cut = (max(len(message), 1) - 1) // 16 * 16
    head, last = message[:cut], message[cut:]
    if len(last) == 16:
        last = xor(last, k1)
    else:
        last = xor(last + b"\x80" + bytes(15 - len(last)), k2)
    state = bytes(16)
    for i in range(0, len(head), 16):
        state = encrypt(key, xor(state, head[i : i + 16]))
    return encrypt(key, xor(state, last))


def ctr(key, counter, data):
    """Counter mode from the 16-octet block counter, incremented as one big-endian number."""
    out = b""
    value = int.from_bytes(counter, "big")
    for i in range(0, len(data), 16):
        stream = encrypt(key, (value & ((1 << 128) - 1)).to_bytes(16, "big"))
        out += xor(data[i : i + 16], stream)
        value += 1
    return out


def eax(key, nonce, header, plain):
    """EAX encryption: (cipher text, 16-octet tag)."""

    def omac(kind, message):
        return cmac(key, bytes(15) + bytes([kind]) + message)

    start = omac(0, nonce)
    cipher = ctr(key, start, plain)
    tag = xor(xor(start, omac(1, header)), omac(2, cipher))
    return cipher, tag
