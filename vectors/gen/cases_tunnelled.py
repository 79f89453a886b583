# SPDX-License-Identifier: GPL-2.0-or-later
"""Address change for IKE in IP-in-IP, from docs/address-change.md section 5.1, and RFC 768,
791, 1122, 2003, 4303, 6040.

The mover was 192.0.2.10 and is 198.51.100.10, its correspondent is 203.0.113.20. The datagrams of
IKE are those of the vectors of `ike` and `isakmp`."""

import socket
import struct

import cases_ike
import cases_isakmp
import vector
from scapy.layers.l2 import Ether
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["docs/address-change.md", "RFC 2003", "RFC 791", "RFC 768", "RFC 1122",
                  "RFC 4303", "RFC 6040"]
TO_CN, TO_MN = "mover->correspondent", "correspondent->mover"
TAKEN, REFUSED = "taken", "refused"
OLD, NEW, PEER, OTHER = "192.0.2.10", "198.51.100.10", "203.0.113.20", "203.0.113.99"
IPIP, TCP, UDP, ESP = 4, 6, 17, 50
IKE_PORT, NAT_PORT = 500, 4500
DONT, MORE = 0x4000, 0x2000
CE, ECT0, ECT1 = 3, 2, 1


def total(octets):
    """The sum that a header's checksum makes 0xffff (RFC 1071)."""
    octets += bytes(len(octets) % 2)
    value = sum(struct.unpack("!%dH" % (len(octets) // 2), octets))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def ip(source, destination, protocol, payload, service=0, identification=0, fragment=DONT, ttl=64,
       options=b"", version=4, words=None, length=None, checksum=None):
    """A packet; what is given is written as it is, the checksum fits what was written."""
    words = 5 + len(options) // 4 if words is None else words
    length = 20 + len(options) + len(payload) if length is None else length
    head = struct.pack("!BBHHHBB", version << 4 | words, service, length, identification, fragment,
                       ttl, protocol)
    rest = socket.inet_aton(source) + socket.inet_aton(destination) + options
    right = 0xFFFF - total(head + rest)
    return head + struct.pack("!H", right if checksum is None else checksum) + rest + payload


def wrong_sum(packet):
    return packet[:10] + struct.pack("!H", struct.unpack("!H", packet[10:12])[0] ^ 0x0100) \
        + packet[12:]


def udp(source, destination, payload, port=IKE_PORT, length=None, ports=None):
    size = 8 + len(payload)
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!HH", UDP,
                                                                                   size)
    head = struct.pack("!HHH", port if ports is None else ports, port,
                       size if length is None else length)
    checksum = 0xFFFF - total(pseudo + head + payload) or 0xFFFF
    return head + struct.pack("!H", checksum) + payload


def datagrams(module):
    """What the vectors of IKE say under one suite, by id."""
    return {case.id: case.octets for case in module.more_messages().cases}


V2, V1 = datagrams(cases_ike), datagrams(cases_isakmp)
DATA = struct.pack("!II", 0x51525354, 7) + derive("tunnelled esp", 64)


def up(payload, protocol=UDP, outer=None, **inner):
    """From the mover: the old address inside the new one."""
    source, destination = inner.pop("source", OLD), inner.pop("destination", PEER)
    return around(ip(source, destination, protocol, payload, **inner), **(outer or {}))


def around(inside, source=NEW, destination=PEER, protocol=IPIP, **more):
    return ip(source, destination, protocol, inside, **more)


def down(payload, protocol=UDP):
    return around(ip(PEER, OLD, protocol, payload), source=PEER, destination=NEW)


def ike_up(octets, port=IKE_PORT, source=OLD, destination=PEER, **more):
    return up(udp(source, destination, octets, port), source=source, destination=destination,
              **more)


def ike_down(octets, port=IKE_PORT):
    return down(udp(PEER, OLD, octets, port))


CHANGE = V2["more-change"]


def read_header(octets, prefix):
    first, service, length, number, fragment, ttl, protocol, _, source, destination = struct.unpack(
        "!BBHHHBBH4s4s", octets[:20])
    assert first >> 4 == 4 and 5 <= first & 15 and (first & 15) * 4 <= length <= len(octets)
    values = {"header_size": (first & 15) * 4, "service": service, "length": length,
              "identification": number, "fragment": fragment, "ttl": ttl, "protocol": protocol,
              "source": source.hex(), "destination": destination.hex()}
    return {prefix + name: value for name, value in values.items()}, \
        octets[(first & 15) * 4 : length]


def dissect(octets):
    fields, payload = read_header(octets, "outer_")
    name = None
    if fields["outer_protocol"] == IPIP and not fields["outer_fragment"] & 0x3FFF:
        inner, payload = read_header(payload, "inner_")
        fields.update(inner)
        name = {ESP: "ESP"}.get(inner["inner_protocol"])
        if inner["inner_protocol"] == UDP and not inner["inner_fragment"] & 0x1FFF:
            name = {IKE_PORT: "IKE", NAT_PORT: "NAT-T"}.get(int.from_bytes(payload[2:4], "big"))
    return {"fields": {"message": name, **fields, "payload": payload.hex()}}


class Case(vector.Case):
    PROTOCOL = "tunnelled-change"
    DIRECTIONS = (TO_CN, TO_MN)
    NEEDS = ("any",)

    def decoded(self):
        return dissect(self.octets)

    def frame(self, number):
        ends = ("02:00:00:00:00:10", "02:00:00:00:00:20")
        source, destination = ends if self.direction == TO_CN else ends[::-1]
        return bytes(Ether(src=source, dst=destination, type=0x0800)) + self.octets


class Group(vector.Group):
    CASE = Case


def mover():
    group = Group("mover", "What a mover sends")

    def add(name, comment, octets):
        group.add(name, comment, TO_CN, octets, "any", TAKEN)

    add("change", "ADDRESS CHANGE", ike_up(CHANGE))
    add("change-with-cookie", "ADDRESS CHANGE with the cookie",
        ike_up(V2["more-change-with-cookie"]))
    add("expired", "ADDRESS EXPIRED", ike_up(V2["more-expired"]))
    add("change-v1", "ADDRESS CHANGE over IKEv1", ike_up(V1["more-change"]))
    add("change-nat", "At the other port, behind the marker of RFC 3948",
        ike_up(bytes(4) + CHANGE, NAT_PORT))
    add("data", "Data: ESP from the old address", up(DATA, ESP))
    add("data-nat", "ESP in UDP", ike_up(DATA, NAT_PORT))
    add("data-least", "ESP's header alone", up(DATA[:8], ESP))
    add("data-largest", "As much as an Ethernet carries in a tunnel",
        up(DATA[:8] + derive("tunnelled large", 1452), ESP))
    add("ttl-1", "Both have come as far as they may (RFC 1122 section 3.2.1.7)",
        ike_up(CHANGE, ttl=1, outer={"ttl": 1}))
    add("may-fragment", "The packet inside may be fragmented, the tunnel not",
        ike_up(CHANGE, fragment=0, identification=0x4711))
    add("may-fragment-both", "Either may be", ike_up(
        CHANGE, fragment=0, identification=1, outer={"fragment": 0, "identification": 2}))
    add("service", "Differentiated services outside and inside",
        up(DATA, ESP, service=0xB8, outer={"service": 0xB8}))
    for name, ecn in (("ect0", ECT0), ("ect1", ECT1), ("ce", CE)):
        add("congestion-" + name, "Congestion on the way, and inside %s" % name.upper(),
            up(DATA, ESP, service=ecn, outer={"service": CE}))
    for name, options in (("nop", b"\1\1\1\0"), ("most", b"\1" * 39 + b"\0")):
        add("outer-options-" + name, "%d octets of options outside" % len(options),
            ike_up(CHANGE, outer={"options": options}))
        add("inner-options-" + name, "%d octets of options inside" % len(options),
            ike_up(CHANGE, options=options))
    return group


def correspondent():
    group = Group("correspondent", "What a correspondent answers")

    def add(name, comment, octets):
        group.add(name, comment, TO_MN, octets, "any", TAKEN)

    add("completed", "MIGRATION COMPLETED", ike_down(V2["more-completed"]))
    add("cookie", "A cookie is asked for", ike_down(V2["more-change-cookie"]))
    add("refused", "REFUSED", ike_down(V2["more-refused"]))
    add("completed-v1", "MIGRATION COMPLETED over IKEv1", ike_down(V1["more-completed"]))
    add("completed-nat", "At the other port", ike_down(bytes(4) + V2["more-completed"], NAT_PORT))
    add("data", "Data: ESP to the old address", down(DATA, ESP))
    return group


def tolerated():
    group = Group("tolerated", "What one may take and another not")

    def add(name, comment, octets, clause, text, level="may"):
        group.add(name, comment, TO_CN, octets, "any",
                  TAKEN if level == "must" else [TAKEN, SILENCE], result="acceptable",
                  tolerance=(level, clause, text))

    add("padded", "Octets of the link behind the packet", ike_up(CHANGE) + bytes(6), "RFC791 3.1",
        "Total Length is that of the packet; what follows it is none of it", "must")
    add("loose", "The packet inside is shorter than what is left for it", around(
        ip(OLD, PEER, ESP, DATA) + bytes(5)), "RFC2003 3.1",
        "a packet is expected to fill the tunnel's; its own length says where it ends")
    whole = udp(OLD, PEER, CHANGE)
    add("first-fragment", "The first fragment of IKE", up(whole[:64], fragment=MORE,
                                                         identification=9), "AC 5.1",
        "it shows its port; a receiver may want to see the whole first")
    add("data-first-fragment", "The first fragment of ESP", up(DATA[:32], ESP, fragment=MORE,
                                                              identification=9), "AC 5.1",
        "it is ESP; a receiver may want to see the whole first")
    add("data-last-fragment", "The last fragment of ESP", up(DATA[32:], ESP, fragment=4,
                                                            identification=9), "AC 5.1",
        "it is ESP; a receiver may want to see the whole first")
    add("new-inside", "The new address inside too", ike_up(CHANGE, source=NEW), "AC 5.2",
        "it came from the new address, and in a tunnel")
    add("from-elsewhere", "From a third address outside", ike_up(CHANGE, outer={"source": OTHER}),
        "AC 5.1", "what proves whose it is, is inside; the answer goes to the new address")
    return group


class Wrong:
    """Cases of a group that break one rule each."""

    def __init__(self, name, title, layer):
        self.group, self.layer = Group(name, title), layer

    def add(self, name, comment, octets, reason, clause, text, field=None, offset=None, also=(),
            direction=TO_CN, reaction=SILENCE):
        self.group.add(name, comment, direction, octets, "any", reaction, result="invalid",
                       rule=Rule(self.layer, reason, clause, text, field, offset, also))


def boundaries():
    wrong = Wrong("octets", "Headers that do not fit", "decode")
    good, inside = ike_up(CHANGE), ip(OLD, PEER, UDP, udp(OLD, PEER, CHANGE))
    least = "a header has 20 octets"
    for count in (0, 1, 19):
        wrong.add("outer-cut-%d" % count, "%d octets" % count, good[:count], "truncated",
                  "RFC791 3.1", least)
        wrong.add("inner-cut-%d" % count, "%d octets inside" % count, around(inside[:count]),
                  "truncated", "RFC791 3.1", least)
    for version in (0, 5, 6):
        wrong.add("outer-version-%d" % version, "Version %d outside" % version,
                  ike_up(CHANGE, outer={"version": version}), "bad-version", "RFC791 3.1",
                  "the version is 4", "Version", 0)
        wrong.add("inner-version-%d" % version, "Version %d inside" % version,
                  ike_up(CHANGE, version=version), "bad-version", "RFC791 3.1",
                  "the version is 4", "Version", 20)
    six = struct.pack("!IHBB", 6 << 28, 72, ESP, 64) + socket.inet_pton(
        socket.AF_INET6, "2001:db8:1::10") + socket.inet_pton(socket.AF_INET6, "2001:db8:2::20") \
        + DATA
    wrong.add("inner-ipv6", "A packet of IPv6 under the number of IPv4", around(six),
              "bad-version", "RFC2003 3.1", "protocol 4 is IPv4 in IP", "Version", 20)
    for words in (0, 4):
        wrong.add("outer-ihl-%d" % words, "A header of %d words outside" % words,
                  ike_up(CHANGE, outer={"words": words}), "bad-length", "RFC791 3.1",
                  "the least header has 5 words", "IHL", 0)
        wrong.add("inner-ihl-%d" % words, "A header of %d words inside" % words,
                  ike_up(CHANGE, words=words), "bad-length", "RFC791 3.1",
                  "the least header has 5 words", "IHL", 20)
    wrong.add("outer-ihl-beyond", "A header that ends behind the packet",
              around(b"", words=15, length=20), "bad-length", "RFC791 3.1",
              "the header lies within the packet", "IHL", 0)
    wrong.add("inner-ihl-beyond", "A header inside that ends behind the packet",
              around(ip(OLD, PEER, ESP, DATA[:8], words=15)), "bad-length", "RFC791 3.1",
              "the header lies within the packet", "IHL", 20)
    size = len(good)
    for name, length in (("0", 0), ("19", 19), ("beyond", size + 1), ("highest", 65535)):
        wrong.add("outer-length-" + name, "Total Length %d of %d octets" % (length, size),
                  ike_up(CHANGE, outer={"length": length}), "bad-length", "RFC791 3.1",
                  "Total Length is that of header and data", "Total Length", 2)
    size = len(inside)
    for name, length in (("0", 0), ("19", 19), ("beyond", size + 1), ("highest", 65535)):
        wrong.add("inner-length-" + name,
                  "Total Length %d inside, where %d octets are" % (length, size),
                  ike_up(CHANGE, length=length), "bad-length", "RFC791 3.1",
                  "the packet inside lies within the one outside", "Total Length", 22)
    return wrong.group


def headers():
    wrong = Wrong("header", "Headers that say what they must not", "message")
    inside = ip(OLD, PEER, UDP, udp(OLD, PEER, CHANGE))
    discarded = "what its checksum does not fit is discarded"
    for name, octets, at in (
            ("outer", wrong_sum(around(inside)), 10), ("inner", around(wrong_sum(inside)), 30),
            ("outer-zero", around(inside, checksum=0), 10),
            ("inner-zero", ike_up(CHANGE, checksum=0), 30),
            ("outer-options", wrong_sum(around(inside, options=b"\1\1\1\0")), 10)):
        wrong.add("sum-" + name, "A wrong checksum: %s" % name, octets, "bad-integrity",
                  "RFC791 3.1", discarded, "Header Checksum", at)
    for number, what in ((0, "HOPOPT"), (UDP, "UDP"), (41, "IPv6 in IP"), (47, "GRE"),
                         (55, "Minimal encapsulation"), (94, "The IPIP of others"),
                         (98, "ENCAP")):
        wrong.add("protocol-%d" % number, "%s outside" % what, around(inside, protocol=number),
                  "unknown-type", "RFC2003 3.1", "IP-in-IP is protocol 4", "Protocol", 9)
    for name, fragment, octets in (("first", MORE, inside[:64]), ("last", 8, inside[64:])):
        wrong.add("outer-fragment-" + name, "The %s fragment of the tunnel's packet" % name,
                  around(octets, fragment=fragment, identification=9), "truncated", "RFC791 3.2",
                  "a fragment waits for the others", "Fragment Offset", 6)
    wrong.add("congestion-unheard", "Congestion that nobody inside can be told of",
              up(DATA, ESP, outer={"service": CE}), "bad-value", "RFC6040 4.2",
              "CE outside and Not-ECT inside: the packet is dropped", "Type of Service", 1)
    for name, address in (("zero", "0.0.0.0"), ("loopback", "127.0.0.1"),
                          ("multicast", "224.0.0.1"), ("broadcast", "255.255.255.255")):
        for where, octets, at in (("outer", ike_up(CHANGE, outer={"source": address}), 12),
                                  ("inner", ike_up(CHANGE, source=address), 32)):
            wrong.add("source-%s-%s" % (where, name), "From %s" % address, octets,
                      "wrong-address", "RFC1122 3.2.1.3", "no host has such an address",
                      "Source Address", at)
    for name, address in (("other", OTHER), ("new", NEW), ("multicast", "224.0.0.1"),
                          ("broadcast", "255.255.255.255")):
        wrong.add("destination-" + name, "Inside to %s" % address,
                  ike_up(CHANGE, destination=address), "wrong-address", "AC 5.1",
                  "what is inside is for the correspondent too", "Destination Address", 36)
    wrong.add("answer-neither", "An answer from another host inside, to the old address",
              around(ip(OTHER, OLD, ESP, DATA), source=PEER, destination=NEW), "wrong-address",
              "AC 5.1", "the answer is from the correspondent, inside and outside",
              "Destination Address", 36, direction=TO_MN)
    return wrong.group


def contents():
    wrong = Wrong("inside", "What is not let through", "message")
    only = "of what is inside only ESP and IKE are let through"
    segment = struct.pack("!HHIIBBHHH", 40000, 80, 1, 0, 0x50, 2, 65535, 0, 0)
    pseudo = socket.inet_aton(OLD) + socket.inet_aton(PEER) + struct.pack("!HH", TCP, 20)
    segment = segment[:16] + struct.pack("!H", 0xFFFF - total(pseudo + segment)) + segment[18:]
    echo = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    echo = echo[:2] + struct.pack("!H", 0xFFFF - total(echo)) + echo[4:]
    twice = ip(OLD, PEER, UDP, udp(OLD, PEER, CHANGE))
    for name, comment, number, octets in (
            ("tcp", "TCP without ESP", TCP, segment), ("icmp", "An echo request", 1, echo),
            ("twice", "A tunnel in the tunnel", IPIP, twice),
            ("ipv6", "IPv6 in the packet inside", 41, bytes.fromhex("6000000000003b40")
             + socket.inet_pton(socket.AF_INET6, "2001:db8::1") * 2),
            ("gre", "GRE", 47, struct.pack("!HH", 0, 0x0800) + twice),
            ("ah", "AH", 51, struct.pack("!BBHII", 59, 4, 0, 1, 1) + bytes(12)),
            ("reserved", "A protocol that is none", 255, DATA)):
        wrong.add(name, comment, up(octets, number), "unknown-type", "AC 5.1", only, "Protocol", 29)
    for port in (0, 53, 499, 501, 4499):
        wrong.add("port-%d" % port, "UDP to port %d" % port,
                  up(udp(OLD, PEER, b"baton", port, ports=IKE_PORT)), "bad-value", "AC 5.1", only,
                  "Destination Port", 42)
    whole = udp(OLD, PEER, CHANGE)
    wrong.add("last-fragment", "The last fragment of UDP", up(whole[64:], fragment=8,
                                                             identification=9),
              "missing-element", "AC 5.1", "what shows no port does not show that it is IKE",
              "Destination Port")
    for size in (0, 3, 7):
        wrong.add("udp-%d" % size, "%d octets of UDP" % size, up(whole[:size]), "truncated",
                  "RFC768", "UDP has 8 octets")
        wrong.add("esp-%d" % size, "%d octets of ESP" % size, up(DATA[:size], ESP), "truncated",
                  "RFC4303 2", "SPI and sequence number have 8 octets")
    for name, length in (("0", 0), ("7", 7), ("beyond", len(whole) + 1)):
        wrong.add("udp-length-" + name, "UDP's Length is %d of %d" % (length, len(whole)),
                  up(udp(OLD, PEER, CHANGE, length=length)), "bad-length", "RFC768",
                  "Length is that of header and data", "Length", 44)
    return wrong.group


def sources():
    wrong = Wrong("place", "From where the peer is not", "session")
    for name, address, comment in (("other", OTHER, "a third host"),
                                   ("neighbour", "192.0.2.11", "a neighbour of the old address"),
                                   ("correspondent", PEER, "the correspondent itself")):
        wrong.add(name, "ADDRESS CHANGE inside from %s" % comment, ike_up(CHANGE, source=address),
                  "wrong-address", "AC 5.2", "in a tunnel it comes from the old address",
                  "Source Address", 32, reaction=REFUSED)
    return wrong.group


def corpora():
    return [Corpus("packets", "Address change of IKE in IP-in-IP", SPECIFICATIONS,
                   [mover(), correspondent(), tolerated()]),
            Corpus("invalid", "IP-in-IP that a correspondent or mover does not take",
                   SPECIFICATIONS, [boundaries(), headers(), contents(), sources()])]
