# SPDX-License-Identifier: GPL-2.0-or-later
"""RADIUS packets that carry EAP: RFC 2865 (packets and attributes), RFC 3579 (EAP-Message and
Message-Authenticator), RFC 2548 section 2.4 (the MPPE keys); and their vectors."""

import hashlib
import hmac
import struct

import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

PORT = 1812
REQUEST, ACCEPT, REJECT, CHALLENGE = 1, 2, 3, 11
CODES = {REQUEST: "Access-Request", ACCEPT: "Access-Accept", REJECT: "Access-Reject",
         CHALLENGE: "Access-Challenge"}

USER_NAME, NAS_IP_ADDRESS, NAS_PORT, SERVICE_TYPE, FRAMED_MTU = 1, 4, 5, 6, 12
REPLY_MESSAGE, STATE, CLASS, VENDOR_SPECIFIC, SESSION_TIMEOUT = 18, 24, 25, 26, 27
TERMINATION_ACTION, CALLED_STATION_ID, CALLING_STATION_ID, NAS_IDENTIFIER = 29, 30, 31, 32
PROXY_STATE, NAS_PORT_TYPE, EAP_MESSAGE, MESSAGE_AUTHENTICATOR = 33, 61, 79, 80
NAS_IPV6_ADDRESS = 95
EXPERIMENTAL = 200  # 192 to 223 are for experiments (RFC 2865 section 5)

NAMES = {
    USER_NAME: "User-Name", NAS_IP_ADDRESS: "NAS-IP-Address", NAS_PORT: "NAS-Port",
    SERVICE_TYPE: "Service-Type", FRAMED_MTU: "Framed-MTU", REPLY_MESSAGE: "Reply-Message",
    STATE: "State", CLASS: "Class", VENDOR_SPECIFIC: "Vendor-Specific",
    SESSION_TIMEOUT: "Session-Timeout", TERMINATION_ACTION: "Termination-Action",
    CALLED_STATION_ID: "Called-Station-Id", CALLING_STATION_ID: "Calling-Station-Id",
    NAS_IDENTIFIER: "NAS-Identifier", PROXY_STATE: "Proxy-State", NAS_PORT_TYPE: "NAS-Port-Type",
    EAP_MESSAGE: "EAP-Message", MESSAGE_AUTHENTICATOR: "Message-Authenticator",
    NAS_IPV6_ADDRESS: "NAS-IPv6-Address",
}
NUMBERS = (NAS_PORT, SERVICE_TYPE, FRAMED_MTU, SESSION_TIMEOUT, TERMINATION_ACTION, NAS_PORT_TYPE)

MICROSOFT = 311
SEND_KEY, RECV_KEY = 16, 17  # MS-MPPE-Send-Key and MS-MPPE-Recv-Key

SECRET = b"baton radius secret"

TO_SERVER, TO_CLIENT = "client->server", "server->client"

ZEROS = bytes(16)


def attribute(kind, value, length=None):
    return bytes([kind, len(value) + 2 if length is None else length]) + value


def number(kind, value):
    return attribute(kind, value.to_bytes(4, "big"))


# Where the Message-Authenticator goes; packet() fills in its value.
SIGNED = attribute(MESSAGE_AUTHENTICATOR, ZEROS)


def eap_message(packet, size=253):
    """RFC 3579 section 3.1: cut where an attribute ends; one attribute at least."""
    parts = [packet[i : i + size] for i in range(0, len(packet), size)] or [b""]
    return b"".join(attribute(EAP_MESSAGE, part) for part in parts)


def _walk(octets):
    """(type, offset of the value, length of the value) of each attribute."""
    at = 20
    while at < len(octets):
        kind, length = octets[at], octets[at + 1]
        assert length >= 2 and at + length <= len(octets)
        yield kind, at + 2, length - 2
        at += length


def message_authenticator(octets, authenticator, secret=SECRET):
    """HMAC-MD5 over the packet with that Authenticator and its own value zero; the offset too."""
    at = [offset for kind, offset, size in _walk(octets)
          if kind == MESSAGE_AUTHENTICATOR and size == 16][0]
    zeroed = octets[:4] + authenticator + octets[20:at] + ZEROS + octets[at + 16 :]
    return at, hmac.new(secret, zeroed, hashlib.md5).digest()


def response_authenticator(octets, authenticator, secret=SECRET):
    return hashlib.md5(octets[:4] + authenticator + octets[20:] + secret).digest()


def raw(code, identifier, authenticator, attributes, length=None):
    size = 20 + len(attributes) if length is None else length
    return struct.pack("!BBH", code, identifier, size) + authenticator + attributes


def sign(octets, authenticator, secret=SECRET):
    at, value = message_authenticator(octets, authenticator, secret)
    return octets[:at] + value + octets[at + 16 :]


def request(identifier, authenticator, *attributes, secret=SECRET):
    octets = raw(REQUEST, identifier, authenticator, b"".join(attributes))
    return sign(octets, authenticator, secret) if SIGNED in attributes else octets


def seal(octets, authenticator, secret=SECRET):
    """The Response Authenticator alone."""
    return octets[:4] + response_authenticator(octets, authenticator, secret) + octets[20:]


def answer(code, asked, *attributes, secret=SECRET, identifier=None, sealed=True):
    """An answer to the request `asked`, with both authenticators unless told otherwise."""
    authenticator = asked[4:20]
    octets = raw(code, asked[1] if identifier is None else identifier, authenticator,
                 b"".join(attributes))
    if not sealed:
        return octets
    if SIGNED in attributes:
        octets = sign(octets, authenticator, secret)
    return seal(octets, authenticator, secret)


def vendor(value, who=MICROSOFT):
    return attribute(VENDOR_SPECIFIC, struct.pack("!I", who) + value)


def mppe(kind, key, salt, asked, secret=SECRET, size=None, plain=None):
    """The vendor attribute of RFC 2548 sections 2.4.2 and 2.4.3, without the Vendor-Specific around
    it. size: another Key-Length than the key's; plain: other plain text altogether."""
    if plain is None:
        plain = bytes([len(key) if size is None else size]) + key
        plain += bytes(-len(plain) % 16)
    out, before = b"", asked[4:20] + salt.to_bytes(2, "big")
    for i in range(0, len(plain), 16):
        pad = hashlib.md5(secret + before).digest()
        before = bytes(a ^ b for a, b in zip(plain[i : i + 16], pad))
        out += before
    return attribute(kind, salt.to_bytes(2, "big") + out)


def keys(msk, asked, secret=SECRET):
    """Both keys as servers send them: Recv-Key the first half of the MSK, Send-Key the second
    (RFC 5216 section 2.3)."""
    return vendor(mppe(RECV_KEY, msk[:32], 0x8001, asked, secret)) + \
        vendor(mppe(SEND_KEY, msk[32:], 0x8002, asked, secret))


def dissect(octets):
    code, identifier, length = struct.unpack("!BBH", octets[:4])
    assert 20 <= length <= len(octets)
    octets = octets[:length]
    fields = {"message": CODES.get(code), "code": code, "identifier": identifier,
              "length": length, "authenticator": octets[4:20].hex()}
    attributes = []
    for kind, at, size in _walk(octets):
        value = octets[at : at + size]
        entry = {"code": kind, "name": NAMES.get(kind), "length": size + 2, "value": value.hex()}
        if kind in NUMBERS and size == 4:
            entry["number"] = int.from_bytes(value, "big")
        attributes.append(entry)
    return {"fields": fields, "attributes": attributes}


def verified(octets, asked, secret):
    """Whether Response Authenticator and Message-Authenticator are right; None: it has none."""
    octets = octets[: int.from_bytes(octets[2:4], "big")]
    response = None
    if octets[0] != REQUEST:
        response = response_authenticator(octets, asked[4:20], secret) == octets[4:20]
    signatures = [(at, size) for kind, at, size in _walk(octets) if kind == MESSAGE_AUTHENTICATOR]
    signed = None
    if len(signatures) == 1 and signatures[0][1] == 16:
        at, value = message_authenticator(octets, asked[4:20], secret)
        signed = octets[at : at + 16] == value
    return response, signed


class Case(vector.Case):
    PROTOCOL = "radius"
    DIRECTIONS = (TO_SERVER, TO_CLIENT)
    NEEDS = ("fresh", "waiting")

    def __init__(self, group, name, comment, direction, octets, reaction, exchange, keys=None,
                 **more):
        """exchange: index of the request that the case is, or is an answer to."""
        waiting = direction == TO_CLIENT
        super().__init__(group, name, comment, direction, octets,
                         "waiting" if waiting else "fresh", reaction,
                         state={"exchange": exchange} if waiting else None, **more)
        self.exchange, self.keys = exchange, keys

    def more_json(self):
        if not self.has_boundaries():
            return {}
        asked = self.group.exchanges[self.exchange]
        response, signed = verified(self.octets, asked, SECRET)
        auth = {"exchange": self.exchange}
        if response is not None:
            auth["authenticator"] = response
        if signed is not None:
            auth["message_authenticator"] = signed
        out = {"auth": auth}
        length = int.from_bytes(self.octets[2:4], "big")
        parts = [self.octets[at : at + size] for kind, at, size in _walk(self.octets[:length])
                 if kind == EAP_MESSAGE]
        if parts:
            out["eap"] = b"".join(parts).hex()
        if self.keys is not None:
            out["keys"] = {name: key.hex() for name, key in self.keys.items()}
        return out

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        """A source port for each exchange, so that no answer is taken for another's."""
        up = self.direction == TO_SERVER
        macs = ("02:00:00:00:01:01", "02:00:00:00:00:aa")
        ips = ("192.0.2.10", "198.51.100.5")
        ports = (50000 + self.group.port + self.exchange, PORT)
        ether = Ether(src=macs[not up], dst=macs[up])
        ip = IP(src=ips[not up], dst=ips[up], id=number)
        udp = UDP(sport=ports[not up], dport=ports[up])
        return bytes(ether / ip / udp / Raw(self.octets))


class Group(vector.Group):
    CASE = Case

    def __init__(self, name, title, port):
        super().__init__(name, title)
        self.port = port  # of its first exchange, above 50000
        self.exchanges = []

    def ask(self, octets):
        """A request that is not a vector itself; returns its index."""
        self.exchanges.append(octets)
        return len(self.exchanges) - 1

    def keys_json(self):
        out = {"secret": SECRET.hex(), "exchanges": [{"request": r.hex()} for r in self.exchanges]}
        return out

    def up(self, name, comment, octets, reaction, **more):
        exchange = self.ask(octets) if "exchange" not in more else more.pop("exchange")
        case = self.CASE(self, name, comment, TO_SERVER, octets, reaction, exchange, **more)
        self.cases.append(case)
        return exchange

    def asked(self, octets):
        """The request that the cases of the group answer."""
        return self.up("asked", "The request that the others answer", octets, "Access-Challenge")

    def down(self, name, comment, exchange, octets, reaction, **more):
        case = self.CASE(self, name, comment, TO_CLIENT, octets, reaction, exchange, **more)
        self.cases.append(case)
        return octets
