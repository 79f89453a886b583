#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Attacks on a baton-iked, one word an attack (attack_check.sh says what each must come to):

    forge FILE SOURCE DESTINATION      the last request of a capture with its next message ID and a
                                       made-up Encrypted payload
    replay FILE SOURCE DESTINATION     the last request of a capture, octet by octet
    reflect FILE SOURCE DESTINATION    the same with the initiator's flag turned round, to who sent it
    lie KEYS OLD PEER NEW THIRD        who has the keys of the IKE SA, and is its initiator: names the
                                       address of a third party, an SA that is not his, an old number,
                                       asks again and again, and then does all as it should be
    garble KEYS OWN PEER COUNT         who has the keys: garbled changes, and then anything, within
                                       good Encrypted payloads
    answer KEYS SOURCE DESTINATION ID what
                                       who has the keys of the responder: MIGRATION COMPLETED about
                                       another SA (what = sa) or address (what = address)

SOURCE and DESTINATION are IPv4 addresses; all ports are 500. KEYS is the key log of one IKE SA with
AES-GCM and 16 octets of ICV. Prints one line for each thing that came of it.
"""
import os
import random
import select
import socket
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

INFORMATIONAL, NOTIFY, ENCRYPTED = 37, 41, 46
INITIATOR, RESPONSE = 0x08, 0x20
REFUSED, CHANGE, COMPLETED, COOKIE = 8960, 50177, 50178, 50180
KINDS = {CHANGE: 1, COMPLETED: 2, COOKIE: 4, REFUSED: 5}
REASONS = {1: "bad-address", 2: "unknown-sa", 3: "bad-proof", 4: "stale", 5: "not-there", 6: "too-often", 7: "prohibited"}
PORT = 500


def send_as(source, destination, payload):
    """One UDP datagram from any address."""
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp) + len(payload), 0, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(source), socket.inet_aton(destination))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(ip + udp + payload, (destination, 0))


def requests(capture):
    """INFORMATIONAL requests of a pcap of Ethernet, as (source, datagram)."""
    data, at = open(capture, "rb").read(), 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        frame, at = data[at + 16:at + 16 + size], at + 16 + size
        if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_UDP:
            continue
        payload = frame[14 + 4 * (frame[14] & 15) + 8:]
        if len(payload) > 28 and payload[18] == INFORMATIONAL and not payload[19] & RESPONSE:
            yield socket.inet_ntoa(frame[26:30]), payload


def last_request(capture, source):
    return [payload for where, payload in requests(capture) if where == source][-1]


class Keys:
    """One IKE SA, of the last line of a key log."""

    def __init__(self, path):
        spi_i, spi_r, sk_ei, sk_er = open(path).read().splitlines()[-1].split(",")[:4]
        self.spis = bytes.fromhex(spi_i + spi_r)
        self.halves = {True: bytes.fromhex(sk_ei), False: bytes.fromhex(sk_er)}

    def seal(self, by_initiator, response, number, first, inside):
        key = self.halves[by_initiator]
        plain = inside + b"\0"
        iv = os.urandom(8)
        body = len(iv) + len(plain) + 16
        flags = (INITIATOR if by_initiator else 0) | (RESPONSE if response else 0)
        head = self.spis + struct.pack("!BBBBII", ENCRYPTED, 0x20, INFORMATIONAL, flags, number, 28 + 4 + body)
        head += struct.pack("!BBH", first, 0, 4 + body)
        return head + iv + AESGCM(key[:-4]).encrypt(key[-4:] + iv, plain, head)

    def open(self, by_initiator, datagram):
        key = self.halves[by_initiator]
        plain = AESGCM(key[:-4]).decrypt(key[-4:] + datagram[32:40], datagram[40:], datagram[:32])
        return datagram[28], plain[:-1 - plain[-1]]


def notify(kind, data):
    return struct.pack("!BBHBBH", 0, 0, 8 + len(data), 0, 0, kind) + data


def element(code, value):
    return struct.pack("!HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def change(kind, number, spis, *elements):
    rest = spis + b"".join(elements)
    return notify(kind, struct.pack("!BBHI", 1, KINDS[kind], 8 + len(rest), number) + rest)


def addresses(old, new):
    return element(1, socket.inet_aton(old)) + element(3, socket.inet_aton(new))


class Liar:
    """The initiator of an IKE SA, with its real keys, after two messages of its own."""

    def __init__(self, keys, own, peer):
        self.keys, self.own, self.peer, self.number = Keys(keys), own, peer, 2
        self.sockets = {}

    def socket_at(self, address):
        if address not in self.sockets:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((address, PORT))
            self.sockets[address] = s
        return self.sockets[address]

    def ask(self, inside, first=NOTIFY, source=None, forged=False):
        """The first payload of the answer; None: nothing came within a second."""
        datagram = self.keys.seal(True, False, self.number, first, inside)
        number, self.number = self.number, self.number + 1
        if forged:
            send_as(source, self.peer, datagram)
            return None
        s = self.socket_at(source or self.own)
        s.sendto(datagram, (self.peer, PORT))
        while select.select([s], [], [], 1.0)[0]:
            answer = s.recv(65536)
            if answer[19] & RESPONSE and struct.unpack_from("!I", answer, 20)[0] == number:
                return self.keys.open(False, answer)
        return None

    @staticmethod
    def word(answer):
        """What an answer to a change says, in a word; and its cookie."""
        if answer is None:
            return "nothing", None
        first, inside = answer
        if first != NOTIFY:
            return "nothing of it", None
        kind, data = struct.unpack_from("!H", inside, 6)[0], inside[8:]
        found, at = {}, 24
        while at + 4 <= len(data):
            code, size = struct.unpack_from("!HH", data, at)
            found[code] = data[at + 4:at + 4 + size]
            at += 4 + size + (-size % 4)
        if kind == REFUSED:
            return "refused: " + REASONS[struct.unpack("!I", found[9])[0]], None
        return {COOKIE: "cookie", COMPLETED: "completed"}.get(kind, str(kind)), found.get(7)


def lie(keys, old, peer, new, third):
    liar = Liar(keys, old, peer)
    spis, strange = liar.keys.spis, b"\1" * 16
    say = lambda what, answer: print(what + ": " + liar.word(answer)[0])
    say("third party", liar.ask(change(CHANGE, 1, spis, addresses(old, third))))
    say("the peer's own address", liar.ask(change(CHANGE, 1, spis, addresses(old, peer))))
    say("from elsewhere", liar.ask(change(CHANGE, 1, spis, addresses(third, new)), source=new))
    say("another SA", liar.ask(change(CHANGE, 1, strange, addresses(old, new)), source=new))
    say("old number", liar.ask(change(CHANGE, 0, spis, addresses(old, new)), source=new))
    liar.ask(change(CHANGE, 1, spis, addresses(old, third)), source=third, forged=True)
    counts, n = {}, 2
    for n in range(2, 62):
        word, _ = liar.word(liar.ask(change(CHANGE, n, spis, addresses(old, new)), source=new))
        counts[word] = counts.get(word, 0) + 1
    print("storm:", ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    select.select([], [], [], 2.5)
    word, cookie = liar.word(liar.ask(change(CHANGE, n + 1, spis, addresses(old, new)), source=new))
    if word == "cookie":
        say("with another's cookie", liar.ask(
            change(CHANGE, n + 2, spis, addresses(old, new), element(7, cookie)), source=new))
        select.select([], [], [], 1.5)
        say("truth", liar.ask(change(CHANGE, n + 1, spis, addresses(old, new), element(7, cookie)), source=new))


def garble(keys, own, peer, count):
    """Changes with anything in their data: the IKE SA outlives that. Then anything instead of payloads,
    which ends it (RFC 7296 section 2.21.3)."""
    liar, chance, answered = Liar(keys, own, peer), random.Random(1), 0
    good = change(CHANGE, 1, liar.keys.spis, addresses(own, "10.9.0.3"))
    for _ in range(int(count)):
        inside = bytearray(good)
        for _ in range(chance.randrange(1, 9)):
            inside[chance.randrange(8, len(inside))] = chance.randrange(256)
        answered += liar.ask(bytes(inside)) is not None
    print("answered:", answered)
    first, inside = liar.ask(chance.randbytes(100), first=NOTIFY) or (0, b"")
    print("anything:", struct.unpack_from("!H", inside, 6)[0] if first == NOTIFY else "nothing")


def answer(keys, source, destination, number, what):
    k = Keys(keys)
    spis = b"\1" * 16 if what == "sa" else k.spis
    to = destination if what == "sa" else "10.9.0.99"
    send_as(source, destination, k.seal(False, True, int(number), NOTIFY,
                                        change(COMPLETED, 1, spis, addresses("10.9.0.1", to))))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "lie":
        lie(*arguments)
    elif what == "garble":
        garble(*arguments)
    elif what == "answer":
        answer(*arguments)
    else:
        capture, source, destination = arguments
        if what == "reflect":
            message = bytearray(last_request(capture, destination))
            message[19] ^= INITIATOR
        else:
            message = bytearray(last_request(capture, source))
        if what == "forge":
            struct.pack_into("!I", message, 20, struct.unpack_from("!I", message, 20)[0] + 1)
            message[32:] = os.urandom(len(message) - 32)
        send_as(source, destination, bytes(message))


if __name__ == "__main__":
    main()
