# SPDX-License-Identifier: GPL-2.0-or-later
"""DHCP over IPsec (RFC 3456): what a remote host sends through its DHCP SA and what a server answers,
as the relay agent at the security gateway gets them; written from RFC 2131, 2132, 1542, 3046, 3527.

The relay agent is 10.2.0.1, its hosts belong to 10.3.0.0 (RFC 3527), the DHCP SA has circuit 7."""

import socket
import struct

import vector
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from vector import SILENCE, Corpus, Rule, derive

SPECIFICATIONS = ["RFC 3456", "RFC 2131", "RFC 2132", "RFC 1542", "RFC 3046", "RFC 3527"]
TO_SERVER, TO_HOST = "host->gateway", "server->gateway"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
NAMES = {1: "DHCPDISCOVER", 2: "DHCPOFFER", 3: "DHCPREQUEST", 4: "DHCPDECLINE", 5: "DHCPACK",
         6: "DHCPNAK", 7: "DHCPRELEASE", 8: "DHCPINFORM"}
GATEWAY, SERVER, GIVEN, SUBNET = "10.2.0.1", "10.2.0.2", "10.3.0.100", "10.3.0.0"
MAC = bytes.fromhex("020000000009")
IPSEC, ETHERNET, BROADCAST, CIRCUIT = 31, 1, 0x8000, 7
XID = 0x5A17C0DE
COOKIE = bytes.fromhex("63825363")
OPTIONS = {1: "Subnet Mask", 3: "Router", 6: "Domain Name Server", 12: "Host Name",
           15: "Domain Name", 50: "Requested IP Address", 51: "IP Address Lease Time",
           53: "DHCP Message Type", 54: "Server Identifier", 55: "Parameter Request List",
           56: "Message", 57: "Maximum DHCP Message Size", 58: "Renewal (T1) Time Value",
           59: "Rebinding (T2) Time Value", 60: "Vendor class identifier",
           61: "Client-identifier", 82: "Relay Agent Information"}


def option(code, value, length=None):
    return struct.pack("!BB", code, len(value) if length is None else length) + value


def address(code, text):
    return option(code, socket.inet_aton(text))


def seconds(code, value):
    return option(code, struct.pack("!I", value))


def client_id(kind=IPSEC, value=MAC):
    return option(61, bytes([kind]) + value)


def message(op, *options, htype=IPSEC, hlen=6, hops=0, xid=XID, secs=0, flags=BROADCAST,
            ciaddr="0.0.0.0", yiaddr="0.0.0.0", siaddr="0.0.0.0", giaddr="0.0.0.0",
            chaddr=MAC, cookie=COOKIE, end=b"\xff", pad=True):
    octets = struct.pack("!BBBBIHH", op, htype, hlen, hops, xid, secs, flags)
    octets += b"".join(socket.inet_aton(a) for a in (ciaddr, yiaddr, siaddr, giaddr))
    octets += chaddr.ljust(16, b"\0") + bytes(64) + bytes(128) + cookie
    octets += b"".join(options) + end
    return octets.ljust(300, b"\0") if pad else octets


def kind(code):
    return option(53, bytes([code]))


WISHES = client_id() + option(57, struct.pack("!H", 1500)) + option(55, bytes([1, 3, 6, 15]))


def circuit(number=CIRCUIT):
    return struct.pack("!BBI", 1, 4, number)


LINK = struct.pack("!BB", 5, 4) + socket.inet_aton(SUBNET)
INFORMATION = option(82, circuit() + LINK)


def options_of(octets):
    """Where each option stands, up to the end: code, value, offset of its code."""
    out, at = [], 240
    while octets[at] != 255:
        if octets[at] == 0:
            at += 1
            continue
        size = octets[at + 1]
        assert at + 2 + size <= len(octets)
        out.append((octets[at], octets[at + 2 : at + 2 + size], at))
        at += 2 + size
    return out


def rewritten(octets, leave, more, hops=None, giaddr=None):
    """The message as a relay agent passes it on: these two fields and option 82 are its own."""
    head = bytearray(octets[:240])
    if hops is not None:
        head[3] = hops
    if giaddr is not None:
        head[24:28] = socket.inet_aton(giaddr)
    body = b"".join(option(code, value) for code, value, _ in options_of(octets) if code != leave)
    return (bytes(head) + body + more + b"\xff").ljust(300, b"\0")


def to_server(octets):
    return rewritten(octets, None, INFORMATION, octets[3] + 1, GATEWAY)


def to_host(octets):
    return rewritten(octets, 82, b"")


def dissect(octets):
    op, htype, hlen, hops, xid, secs, flags = struct.unpack("!BBBBIHH", octets[:12])
    found = options_of(octets)
    code = next((value[0] for number, value, _ in found if number == 53), None)
    fields = {"message": NAMES.get(code), "op": op, "htype": htype, "hlen": hlen, "hops": hops,
              "xid": xid, "secs": secs, "flags": flags}
    for i, name in enumerate(("ciaddr", "yiaddr", "siaddr", "giaddr")):
        fields[name] = octets[12 + 4 * i : 16 + 4 * i].hex()
    fields["chaddr"] = octets[28:44].hex()
    return {"fields": fields, "elements": [
        {"code": number, "name": OPTIONS.get(number), "length": len(value), "value": value.hex()}
        for number, value, _ in found]}


class Case(vector.Case):
    PROTOCOL = "dhcp-over-ipsec"
    DIRECTIONS = (TO_SERVER, TO_HOST)
    NEEDS = ("any",)
    reply = None

    def decoded(self):
        return dissect(self.octets)

    def more_json(self):
        return {"reply": self.reply.hex()} if self.reply is not None else {}

    def frame(self, number):
        """From the host: what is inside of the DHCP SA. From the server: what comes to the relay."""
        up = self.direction == TO_SERVER
        ends = ("0.0.0.0", "255.255.255.255") if up else (SERVER, GATEWAY)
        return bytes(Ether(src="02:00:00:00:00:0%d" % (9 if up else 2), dst="ff:ff:ff:ff:ff:ff")
                     / IP(src=ends[0], dst=ends[1], id=number)
                     / UDP(sport=68 if up else 67, dport=67) / Raw(self.octets))


class Group(vector.Group):
    CASE = Case

    def relayed(self, name, comment, direction, octets, reaction="relayed"):
        self.add(name, comment, direction, octets, "any", reaction)
        self.cases[-1].reply = to_server(octets) if direction == TO_SERVER else to_host(octets)


def requests():
    group = Group("host", "What remote hosts say through a DHCP SA")

    def up(name, comment, octets):
        group.relayed(name, comment, TO_SERVER, octets)

    up("discover", "The first message of a host without an address",
       message(1, kind(DISCOVER), WISHES))
    up("discover-again", "The same eight seconds later", message(1, kind(DISCOVER), WISHES, secs=8))
    up("discover-wanted", "Asking for an address", message(1, kind(DISCOVER),
                                                           address(50, GIVEN), WISHES))
    up("discover-lease", "Asking for a time", message(1, kind(DISCOVER), seconds(51, 3600), WISHES))
    up("discover-name", "With a host name", message(1, kind(DISCOVER), option(12, b"mn"), WISHES))
    up("discover-no-broadcast", "Without the broadcast flag",
       message(1, kind(DISCOVER), WISHES, flags=0))
    up("discover-no-lan", "A hardware address made of 0x4000, an IPv4 address and an octet",
       message(1, kind(DISCOVER), option(61, b"\x1f" + bytes.fromhex("4000c000020a") + b"\1"),
               hlen=7, chaddr=bytes.fromhex("4000c000020a01")))
    up("discover-fqdn", "The client identifier is a name",
       message(1, kind(DISCOVER), client_id(0, b"mn.example-1")))
    up("discover-nai", "The client identifier is a user's",
       message(1, kind(DISCOVER), client_id(0, b"mn@example-1")))
    up("discover-ethernet", "A host that calls its interface an Ethernet",
       message(1, kind(DISCOVER), client_id(ETHERNET), htype=ETHERNET))
    up("discover-class", "A vendor class", message(1, kind(DISCOVER), option(60, b"baton"), WISHES))
    up("discover-pads", "Options with pads between them",
       message(1, kind(DISCOVER), b"\0\0", client_id(), b"\0"))
    up("discover-long", "More options than the least message holds",
       message(1, kind(DISCOVER), WISHES, option(60, derive("class", 200)), pad=False))
    up("discover-unknown", "An option that nobody knows",
       message(1, kind(DISCOVER), WISHES, option(224, b"private")))
    up("discover-relayed-15", "Hops at the last count that is passed on",
       message(1, kind(DISCOVER), WISHES, hops=15))
    up("request", "The offer taken", message(1, kind(REQUEST), address(50, GIVEN),
                                             address(54, SERVER), WISHES))
    up("request-reboot", "An address held before, INIT-REBOOT",
       message(1, kind(REQUEST), address(50, GIVEN), WISHES))
    up("request-rebind", "A renewal by broadcast", message(1, kind(REQUEST), WISHES, ciaddr=GIVEN))
    up("decline", "Somebody has the address", message(1, kind(DECLINE), address(50, GIVEN),
                                                      address(54, SERVER), client_id()))
    up("release", "The address given back", message(1, kind(RELEASE), address(54, SERVER),
                                                    client_id(), ciaddr=GIVEN, flags=0))
    up("inform", "The rest, for an address from elsewhere",
       message(1, kind(INFORM), WISHES, ciaddr=GIVEN))
    return group


def answers():
    group = Group("server", "What servers answer to the relay agent")
    lease = address(54, SERVER) + seconds(51, 3600) + address(1, "255.255.0.0")
    given = {"yiaddr": GIVEN, "giaddr": GATEWAY}

    def down(name, comment, octets, reaction="relayed[broadcast]"):
        group.relayed(name, comment, TO_HOST, octets, reaction)

    down("offer", "An offer", message(2, kind(OFFER), lease, INFORMATION, **given))
    down("offer-unicast", "To a host that takes packets for its address to be",
         message(2, kind(OFFER), lease, INFORMATION, flags=0, **given),
         "relayed[%s]" % GIVEN)
    down("offer-first", "Relay agent information before everything else",
         message(2, INFORMATION, kind(OFFER), lease, **given))
    down("offer-order", "Sub-options in another order, and one that nobody knows",
         message(2, kind(OFFER), lease, option(82, LINK + option(99, b"x") + circuit()), **given))
    down("offer-id", "With the host's client identifier (RFC 6842)",
         message(2, kind(OFFER), lease, client_id(), INFORMATION, **given))
    down("ack", "Acknowledged", message(2, kind(ACK), lease, INFORMATION, **given))
    down("ack-unicast", "To its address", message(2, kind(ACK), lease, INFORMATION, flags=0,
                                                  **given), "relayed[%s]" % GIVEN)
    down("ack-times", "With T1, T2, routers and servers of names",
         message(2, kind(ACK), lease, seconds(58, 1800), seconds(59, 3150), address(3, "10.3.0.1"),
                 option(6, socket.inet_aton("10.2.0.53") * 2), option(15, b"example"), INFORMATION,
                 **given))
    down("ack-inform", "To an inform", message(2, kind(ACK), address(54, SERVER), INFORMATION,
                                               flags=0, ciaddr=GIVEN, giaddr=GATEWAY),
         "relayed[%s]" % GIVEN)
    down("nak", "Refused", message(2, kind(NAK), address(54, SERVER), INFORMATION, giaddr=GATEWAY))
    down("nak-flag", "Refused without the broadcast flag: who has no address gets a broadcast",
         message(2, kind(NAK), address(54, SERVER), option(56, b"wrong network"), INFORMATION,
                 flags=0, giaddr=GATEWAY))
    return group


def invalid_requests():
    group = Group("host-invalid", "What a relay agent does not pass on to a server")
    good = message(1, kind(DISCOVER), WISHES)

    def add(name, comment, octets, layer, reason, clause, text, field=None, offset=None, also=()):
        group.add(name, comment, TO_SERVER, octets, "any", SILENCE, result="invalid",
                  rule=Rule(layer, reason, clause, text, field, offset, also))

    for size in (0, 1, 27, 43, 235, 239):
        add("cut-%d" % size, "%d octets" % size, good[:size], "decode", "truncated", "RFC2131 2",
            "the fixed part has 236 octets, and the cookie follows")
    add("cookie", "Another cookie", message(1, kind(DISCOVER), WISHES, cookie=b"\x63\x82\x53\x64"),
        "decode", "bad-value", "RFC2131 3", "options begin with the magic cookie", "magic cookie",
        236)
    add("bootp", "BOOTP, without a message type", message(1, WISHES), "message", "missing-element",
        "RFC2131 3", "every DHCP message has its type", "DHCP Message Type")
    add("option-cut", "An option longer than the message",
        message(1, kind(DISCOVER), option(61, b"\x1f", 40), end=b"", pad=False), "decode",
        "truncated", "RFC2132 2", "the length is that of the value")
    add("option-bare", "The code of an option and no length",
        message(1, kind(DISCOVER), b"\x3d", end=b"", pad=False), "decode", "truncated",
        "RFC2132 2", "the length follows the code")
    for number in (0, 9, 255):
        add("type-%d" % number, "Message type %d" % number, message(1, kind(number), WISHES),
            "message", "unknown-type", "RFC2132 9.6", "types are 1 to 8", "DHCP Message Type",
            also=("bad-value",))
    add("type-twice", "Two message types", message(1, kind(DISCOVER), kind(DISCOVER), WISHES),
        "message", "repeated-element", "RFC2132 9.6", "it stands once", "DHCP Message Type")
    add("type-size", "A message type of two octets",
        message(1, option(53, b"\0\1"), WISHES), "message", "bad-length", "RFC2132 9.6",
        "it has one octet", "DHCP Message Type",
        also=("unknown-type", "bad-value"))
    for name, code, size in (("wanted", 50, 3), ("lease", 51, 5), ("server", 54, 2),
                             ("size", 57, 1), ("client", 61, 1)):
        add("size-" + name, "%s of %d octets" % (OPTIONS[code], size),
            message(1, kind(DISCOVER), option(code, bytes([9]) * size)), "message", "bad-length",
            "RFC2132 9.1" if code == 50 else "RFC2132 9.%d" % {51: 2, 54: 7, 57: 10, 61: 14}[code],
            "the size of its value", OPTIONS[code])
    for op in (0, 3):
        add("op-%d" % op, "Op %d" % op, message(op, kind(DISCOVER), WISHES), "message",
            "bad-value", "RFC2131 2", "op is 1 or 2", "op", 0)
    add("reply", "A reply from a host", message(2, kind(OFFER), address(54, SERVER),
                                                seconds(51, 60)), "session", "unknown-type",
        "RFC1542 4.1.1", "hosts send requests", "op", 0)
    for hops in (16, 17, 255):
        add("hops-%d" % hops, "%d hops" % hops, message(1, kind(DISCOVER), WISHES, hops=hops),
            "session", "bad-value", "RFC1542 4.1.1", "what has gone that far goes no further",
            "hops", 3)
    for name, text in (("own", GATEWAY), ("other", "192.0.2.1")):
        add("giaddr-" + name, "A host that says it has been relayed",
            message(1, kind(DISCOVER), WISHES, giaddr=text), "session", "wrong-address",
            "RFC3046 2.1.1", "a tunnel is no circuit that is trusted", "giaddr", 24)
    add("information", "Relay agent information from a host",
        message(1, kind(DISCOVER), WISHES, INFORMATION), "session", "unexpected-element",
        "RFC3046 2.1.1", "it is the relay agent's to add", "Relay Agent Information")
    return group


def invalid_answers():
    group = Group("server-invalid", "What a relay agent does not pass on to a host")
    lease = address(54, SERVER) + seconds(51, 3600)
    given = {"yiaddr": GIVEN, "giaddr": GATEWAY}

    def add(name, comment, octets, reason, clause, text, field=None, offset=None, layer="session",
            also=()):
        group.add(name, comment, TO_HOST, octets, "any", SILENCE, result="invalid",
                  rule=Rule(layer, reason, clause, text, field, offset, also))

    add("request", "A request from a server", message(1, kind(DISCOVER), WISHES), "unknown-type",
        "RFC1542 4.1.2", "servers send replies", "op", 0)
    for name, text in (("none", "0.0.0.0"), ("other", "10.2.0.9")):
        add("giaddr-" + name, "Not to this relay agent",
            message(2, kind(OFFER), lease, INFORMATION, yiaddr=GIVEN, giaddr=text),
            "wrong-address", "RFC1542 4.1.2", "giaddr is the relay agent's", "giaddr", 24)
    bad = (("none", "No relay agent information", b""),
           ("other", "Only other sub-options", option(82, LINK)),
           ("narrow", "A circuit of two octets", option(82, b"\1\2\0\7")),
           ("wide", "A circuit of five octets", option(82, b"\1\5" + bytes(5))),
           ("cut", "A circuit longer than the option", option(82, b"\1\4\0\0")))
    for name, comment, more in bad:
        add("circuit-" + name, comment, message(2, kind(OFFER), lease, more, **given),
            "missing-element", "RFC3456 4.2", "the circuit ID says whose it is", "Agent Circuit ID")
    add("routers-6", "A router and a half", message(2, kind(ACK), lease, option(3, bytes([9] * 6)),
                                                    INFORMATION, **given), "bad-length",
        "RFC2132 3.5", "addresses have four octets each", "Router", layer="message")
    add("no-server", "An offer of nobody", message(2, kind(OFFER), seconds(51, 60), INFORMATION,
                                                   **given), "missing-element", "RFC2131 4.3.1",
        "a server says which one it is", "Server Identifier", layer="message")
    return group


def corpora():
    return [Corpus("messages", "DHCP messages through a DHCP SA", SPECIFICATIONS,
                   [requests(), answers()]),
            Corpus("invalid", "DHCP messages that a security gateway does not relay",
                   SPECIFICATIONS, [invalid_requests(), invalid_answers()])]
