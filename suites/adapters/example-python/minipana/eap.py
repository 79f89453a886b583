# SPDX-License-Identifier: Apache-2.0
"""EAP (RFC 3748) with MD5-Challenge and EAP-PSK (RFC 4764), both ends.

An end takes a packet and gives the packet to send, or None for one that it discards. `result` is
None, then True or False; `msk` is set when the method made one.
"""

import hashlib
import os
import struct

from .aes import AES, xor

REQUEST, RESPONSE, SUCCESS, FAILURE = 1, 2, 3, 4
IDENTITY, NOTIFICATION, NAK, MD5, PSK = 1, 2, 3, 4, 47

DONE_SUCCESS, DONE_FAILURE = 2, 3  # R of EAP-PSK, RFC 4764 section 5.3
PSK_HEAD = 22  # octets of the EAP packet that a protected channel covers, section 3.3


def packet(code, identifier, kind=None, data=b""):
    body = b"" if kind is None else bytes([kind]) + data
    return struct.pack("!BBH", code, identifier, 4 + len(body)) + body


def parse(octets):
    """(code, identifier, type or None, data), or None for what is no EAP packet."""
    if len(octets) < 4:
        return None
    code, identifier, length = struct.unpack("!BBH", octets[:4])
    if length != len(octets) or code not in (REQUEST, RESPONSE, SUCCESS, FAILURE):
        return None
    if code in (SUCCESS, FAILURE):
        return (code, identifier, None, b"") if length == 4 else None
    return (code, identifier, octets[4], octets[5:]) if length > 4 else None


def spread(key, block, count):
    """The modified counter mode of RFC 4764 sections 3.1 and 3.2."""
    cipher = AES(key)
    seed = cipher.encrypt(block)
    return b"".join(cipher.encrypt(xor(seed, i.to_bytes(16, "big"))) for i in range(1, count + 1))


class Channel:
    """What EAP-PSK derives from the key and RAND_P, and its protected channel."""

    def __init__(self, kdk, rand_p):
        keys = spread(kdk, rand_p, 9)
        self.tek, self.msk = AES(keys[:16]), keys[16:80]

    def seal(self, code, identifier, start, number, result):
        """An EAP-PSK packet: `start` is Flags, RAND_S and what comes before the channel."""
        length = 5 + len(start) + 4 + 16 + 1
        head = struct.pack("!BBHB", code, identifier, length, PSK) + start
        nonce = number.to_bytes(4, "big")
        tag, cipher = self.tek.eax_seal(nonce.rjust(16, b"\0"), head[:PSK_HEAD],
                                        bytes([result << 6]))
        return head + nonce + tag + cipher

    def open(self, octets, number):
        """The R of the channel at the end of the packet, or None."""
        data = octets[-(4 + 16 + 1):]
        if int.from_bytes(data[:4], "big") != number:
            return None
        plain = self.tek.eax_open(data[:4].rjust(16, b"\0"), octets[:PSK_HEAD], data[4:20],
                                  data[20:])
        return None if plain is None or plain[0] & 0x20 else plain[0] >> 6


class End:
    def __init__(self, config):
        self.config = config
        self.method = MD5 if config.method == "md5" else PSK
        self.result = self.msk = self.channel = None
        if self.method == PSK:
            keys = spread(bytes.fromhex(config.secret), bytes(16), 2)
            self.ak, self.kdk = AES(keys[:16]), keys[16:]

    def md5(self, identifier, challenge):
        text = bytes([identifier]) + self.config.secret.encode() + challenge
        return hashlib.md5(text).digest()

    def mac_p(self, id_p, id_s, rand_s, rand_p):
        return self.ak.cmac(id_p + id_s + rand_s + rand_p)

    def mac_s(self, id_s, rand_p):
        return self.ak.cmac(id_s + rand_p)


class Peer(End):
    """The client's end."""

    def __init__(self, config):
        super().__init__(config)
        self.last = (None, None)  # a repeated request gets the same response
        self.rand_s = self.rand_p = self.id_s = None
        self.done = False

    def receive(self, octets):
        parsed = parse(octets)
        if not parsed or parsed[0] == RESPONSE:
            return None
        code, identifier, kind, data = parsed
        if code in (SUCCESS, FAILURE):
            mine = self.last[1]
            return self.finish(code == SUCCESS) if mine and mine[1] == identifier else None
        if octets == self.last[0]:
            return self.last[1]
        response = self.respond(octets, identifier, kind, data)
        if response:
            self.last = (octets, response)
        return response

    def finish(self, success):
        if success and not self.done or not success and self.done and self.method == PSK:
            return None
        self.result = success
        if success and self.channel:
            self.msk = self.channel.msk
        return b""

    def respond(self, octets, identifier, kind, data):
        if kind == IDENTITY:
            return packet(RESPONSE, identifier, IDENTITY, self.config.identity.encode())
        if kind == NOTIFICATION:
            return packet(RESPONSE, identifier, NOTIFICATION)
        if kind != self.method:
            return packet(RESPONSE, identifier, NAK, bytes([self.method]))
        if kind == MD5:
            return self.answer_md5(identifier, data)
        return self.answer_psk(octets, identifier, data)

    def answer_md5(self, identifier, data):
        if len(data) < 2 or not 0 < data[0] < len(data):
            return None
        self.done = True
        digest = self.md5(identifier, data[1:1 + data[0]])
        return packet(RESPONSE, identifier, MD5, bytes([len(digest)]) + digest)

    def answer_psk(self, octets, identifier, data):
        if len(data) < 17:
            return None
        number, rand_s, rest = data[0] >> 6, data[1:17], data[17:]
        if number == 0:
            self.rand_s, self.id_s, self.rand_p = rand_s, rest, os.urandom(16)
            id_p = self.config.identity.encode()
            mac = self.mac_p(id_p, rest, rand_s, self.rand_p)
            return packet(RESPONSE, identifier, PSK,
                          b"\x40" + rand_s + self.rand_p + mac + id_p)
        if number != 2 or rand_s != self.rand_s or len(rest) != 16 + 21:
            return None
        if rest[:16] != self.mac_s(self.id_s, self.rand_p):
            return None
        channel = Channel(self.kdk, self.rand_p)
        result = channel.open(octets, 0)
        if result not in (DONE_SUCCESS, DONE_FAILURE):
            return None
        self.channel, self.done = channel, result == DONE_SUCCESS
        return channel.seal(RESPONSE, identifier, b"\xc0" + rand_s, 1, result)


class Server(End):
    """The agent's end: one user, known by the configuration."""

    def __init__(self, config):
        super().__init__(config)
        self.identifier = os.urandom(1)[0]
        self.state = IDENTITY
        self.known = False  # the identity; EAP-PSK has its own, ID_P
        self.challenge = os.urandom(16)

    def start(self):
        return packet(REQUEST, self.identifier, IDENTITY)

    def request(self, data):
        self.identifier = (self.identifier + 1) % 256
        self.state = self.method
        return packet(REQUEST, self.identifier, self.method, data)

    def end(self, success):
        self.result = success
        return packet(SUCCESS if success else FAILURE, self.identifier)

    def receive(self, octets):
        parsed = parse(octets)
        if not parsed or parsed[0] != RESPONSE or parsed[1] != self.identifier:
            return None
        kind, data = parsed[2:]
        if kind == IDENTITY and self.state == IDENTITY:
            self.known = data == self.config.identity.encode()
            return self.first()
        if kind == NAK and self.state == self.method and not self.channel:
            return self.end(False)
        if kind != self.state:
            return None
        return self.check_md5(data) if kind == MD5 else self.check_psk(octets, data)

    def first(self):
        server = self.config.server_identity.encode()
        if self.method == MD5:
            return self.request(bytes([16]) + self.challenge + server)
        return self.request(b"\0" + self.challenge + server)

    def check_md5(self, data):
        if len(data) < 17 or data[0] != 16:
            return None
        right = data[1:17] == self.md5(self.identifier, self.challenge)
        return self.end(right and self.known)

    def check_psk(self, octets, data):
        if len(data) < 17 or data[1:17] != self.challenge:
            return None
        number, rest = data[0] >> 6, data[17:]
        if number == 1 and not self.channel:
            return self.second(rest)
        if number != 3 or not self.channel or len(rest) != 21:
            return None
        result = self.channel.open(octets, 1)
        if result not in (DONE_SUCCESS, DONE_FAILURE):
            return None
        if result == DONE_SUCCESS:
            self.msk = self.channel.msk
        return self.end(result == DONE_SUCCESS)

    def second(self, rest):
        rand_p, mac, id_p = rest[:16], rest[16:32], rest[32:]
        server = self.config.server_identity.encode()
        if id_p != self.config.identity.encode():
            return self.end(False)
        if mac != self.mac_p(id_p, server, self.challenge, rand_p):
            return None
        self.channel = Channel(self.kdk, rand_p)
        self.identifier = (self.identifier + 1) % 256
        start = b"\x80" + self.challenge + self.mac_s(server, rand_p)
        return self.channel.seal(REQUEST, self.identifier, start, 0, DONE_SUCCESS)
