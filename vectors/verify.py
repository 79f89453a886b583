#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the vectors for themselves, with nothing but the files: no Scapy, no generator, no C.

    verify.py [FOLDER...]    default: the folders beside this file; TAP on standard output

Schema (needs python3-jsonschema), the octets against the decoded fields, keys and authenticators,
and the captures against the JSON. Also an example of how to read the files.
"""

import hashlib
import hmac
import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LEAST = {"pana": 80, "eap": 100, "eapol": 30, "radius": 80, "dot1x-over-ip": 80, "binding": 20,
         "ap-info": 80, "ike": 150, "address-change": 50, "isakmp": 150,
         "reply-path": 30, "dhcp-over-ipsec": 70, "tunnelled-change": 100}


class Wrong(Exception):
    pass


def expect(name, actual, expected):
    if actual != expected:
        raise Wrong("%s: expected %r, actual %r" % (name, expected, actual))


def octets_of(text):
    return bytes.fromhex(text)


def unpack(layout, octets, name):
    size = struct.calcsize(layout)
    if len(octets) < size:
        raise Wrong("%s: expected %d octets, actual %d" % (name, size, len(octets)))
    return struct.unpack(layout, octets[:size])


class Protocol:
    """How a protocol's octets are read. Subclasses have walk(), and some of the rest."""

    fields, elements = "fields", None
    payload_at = 14 + 20 + 8  # in a frame: Ethernet, IPv4 and UDP before it

    def walk(self, octets):
        """(fields, elements or None); Wrong where the boundaries do not fit. An element is a
        dictionary with the octets of its value and `at`, where they begin."""
        raise NotImplementedError

    def check_keys(self, keys):
        """Derived keys of a group."""

    def check_case(self, case, group):
        """Authenticators, derived values and the like."""


def walk_elements(octets, at, what, pad):
    """Code and Length of two octets each; Length counts the value alone."""
    out = []
    while at < len(octets):
        code, length = unpack("!HH", octets[at:], what)
        at += 4
        if at + length + (-length % pad) > len(octets):
            raise Wrong("%s at %d: %d octets, %d are left" % (what, at, length, len(octets) - at))
        out.append({"code": code, "length": length, "at": at, "value": octets[at : at + length]})
        at += length + -length % pad
    return out


class Pana(Protocol):
    fields, elements = "header", "avps"
    prf = {2: hashlib.sha1, 5: hashlib.sha256}
    integrity = {7: (hashlib.sha1, 20, 20), 12: (hashlib.sha256, 32, 16)}

    def walk(self, octets):
        names = ("reserved", "length", "flags", "type", "session", "sequence")
        header = dict(zip(names, unpack("!HHHHII", octets, "header")))
        expect("Message Length", header["length"], len(octets))
        avps, at = [], 16
        while at < len(octets):
            code, flags, length, reserved = unpack("!HHHH", octets[at:], "AVP header")
            avp = {"code": code, "flags": flags, "length": length, "reserved": reserved}
            at += 8
            if flags & 0x8000:
                avp["vendor"] = unpack("!I", octets[at:], "Vendor-Id")[0]
                at += 4
            if length + -length % 4 > len(octets) - at:
                raise Wrong("AVP at %d: %d octets are left" % (at, len(octets) - at))
            avp.update(at=at, value=octets[at : at + length])
            at += length + -length % 4
            avps.append(avp)
        return header, avps

    def derive(self, association, label, size):
        a = association
        seed = label + b"".join(
            octets_of(a[name]) for name in ("i_par", "i_pan", "pac_nonce", "paa_nonce"))
        seed += struct.pack("!I", a["key_id"])
        key, block, number = b"", b"", 1
        while len(key) < size:
            block = hmac.new(octets_of(a["msk"]), block + seed + bytes([number]),
                             self.prf[a["prf"]]).digest()
            key, number = key + block, number + 1
        return key[:size].hex()

    def check_keys(self, keys):
        for i, a in enumerate(keys["associations"]):
            expect("association %d, auth_key" % i, a["auth_key"],
                   self.derive(a, b"IETF PANA", self.integrity[a["integrity"]][1]))
            for end, name in ((b"PaC", "pac_encr_key"), (b"PAA", "paa_encr_key")):
                if "encryption" in a:
                    expect("association %d, %s" % (i, name), a[name],
                           self.derive(a, b"IETF PANA " + end + b" Encr", 16))

    def check_case(self, case, group):
        if "auth" not in case:
            return
        octets = octets_of(case["bytes"])
        association = group["keys"]["associations"][case["auth"]["association"]]
        kind, _, length = self.integrity[association["integrity"]]
        good = False
        for avp in [a for a in self.walk(octets)[1] if a["code"] == 1 and "vendor" not in a][-1:]:
            end = avp["at"] + avp["length"]
            zeroed = octets[: avp["at"]] + bytes(avp["length"]) + octets[end:]
            value = hmac.new(octets_of(association["auth_key"]), zeroed, kind).digest()[:length]
            good = avp["value"] == value
        expect("AUTH verifies", good, case["auth"]["valid"])


class Eap(Protocol):
    payload_at = 14 + 4  # Ethernet and EAPOL before it

    def walk(self, octets):
        code, identifier, length = unpack("!BBH", octets, "header")
        if not 4 <= length <= len(octets):
            raise Wrong("Length: %d of %d octets" % (length, len(octets)))
        fields = {"code": code, "identifier": identifier, "length": length}
        data = octets[4:length]
        if code in (1, 2):
            fields["type"] = unpack("!B", data, "Type")[0]
            data = data[1:]
            if fields["type"] == 0:
                raise Wrong("Type: none")
            if fields["type"] == 254:
                vendor, fields["vendor_type"] = unpack("!3sI", data, "expanded type")
                fields["vendor"] = int.from_bytes(vendor, "big")
                data = data[7:]
            fields["data"] = data.hex()
            if fields["type"] == 13 and data and (not data[0] & 0x80 or len(data) >= 5):
                fields["tls_flags"] = data[0]
                if data[0] & 0x80:
                    fields["tls_length"] = unpack("!I", data[1:], "TLS length")[0]
                fields["tls_data"] = data[5 if data[0] & 0x80 else 1 :].hex()
        elif data:
            fields["data"] = data.hex()
        return fields, None

    def check_case(self, case, group):
        """The answer to an MD5 challenge (RFC 1994 section 4.1)."""
        methods = group["keys"].get("eap", [])
        if case["direction"] != "server->peer" or "reply" not in case or not methods:
            return
        asked, reply = octets_of(case["bytes"]), octets_of(case["reply"])
        if asked[4:5] != b"\4" or reply[4:5] != b"\4" or "password" not in methods[0]:
            return
        challenge = asked[6 : 6 + asked[5]]
        value = hashlib.md5(reply[1:2] + methods[0]["password"].encode() + challenge).digest()
        expect("MD5 value", reply[6:22].hex(), value.hex())


class Eapol(Protocol):
    payload_at = 0

    def walk(self, octets):
        destination, source, ethertype, version, kind, length = unpack(
            "!6s6sHBBH", octets, "Ethernet and EAPOL headers")
        if ethertype not in (0x888E, 0x88C7):
            raise Wrong("EtherType: %04x" % ethertype)
        if length > len(octets) - 18:
            raise Wrong("Packet Body Length: %d of %d octets" % (length, len(octets) - 18))
        end = 18 + length
        return {"destination": destination.hex(), "source": source.hex(), "ethertype": ethertype,
                "version": version, "type": kind, "length": length,
                "body": octets[18:end].hex(), "padding": octets[end:].hex()}, None

    def check_case(self, case, group):
        if "pmk" not in case:
            return
        p = group["keys"]["pmks"][case["pmk"]]
        text = b"PMK Name" + octets_of(p["bssid"]) + octets_of(p["station"])
        value = hmac.new(octets_of(p["pmk"]), text, hashlib.sha1).digest()[:16]
        expect("PMKID", p["pmkid"], value.hex())
        expect("PMKID in the frame", case["bytes"][-32:], value.hex())


class Radius(Protocol):
    elements = "attributes"

    def walk(self, octets):
        code, identifier, length, authenticator = unpack("!BBH16s", octets, "header")
        if not 20 <= length <= min(len(octets), 4096):
            raise Wrong("Length: %d of %d octets" % (length, len(octets)))
        attributes, at = [], 20
        while at < length:
            kind, size = unpack("!BB", octets[at:length], "attribute")
            if size < 2 or at + size > length:
                raise Wrong("attribute at %d: length %d" % (at, size))
            attributes.append({"code": kind, "length": size, "at": at + 2,
                               "value": octets[at + 2 : at + size]})
            at += size
        return {"code": code, "identifier": identifier, "length": length,
                "authenticator": authenticator.hex()}, attributes

    def check_case(self, case, group):
        if "auth" not in case:
            return
        fields, attributes = self.walk(octets_of(case["bytes"]))
        octets = octets_of(case["bytes"])[: fields["length"]]
        secret = octets_of(group["keys"]["secret"])
        asked = octets_of(group["keys"]["exchanges"][case["auth"]["exchange"]]["request"])[4:20]
        if "authenticator" in case["auth"]:
            value = hashlib.md5(octets[:4] + asked + octets[20:] + secret).digest()
            expect("Response Authenticator", octets[4:20] == value, case["auth"]["authenticator"])
        signatures = [a for a in attributes if a["code"] == 80]
        if "message_authenticator" in case["auth"]:
            at = signatures[0]["at"]
            zeroed = octets[:4] + asked + octets[20:at] + bytes(16) + octets[at + 16 :]
            good = hmac.new(secret, zeroed, hashlib.md5).digest() == signatures[0]["value"]
            expect("Message-Authenticator", good, case["auth"]["message_authenticator"])
        parts = [a["value"] for a in attributes if a["code"] == 79]
        expect("EAP packet", case.get("eap", ""), b"".join(parts).hex())
        if "keys" in case:
            expect("keys", case["keys"], self.keys(attributes, asked, secret))

    def keys(self, attributes, asked, secret):
        """RFC 2548 sections 2.4.2 and 2.4.3: what decrypts to a key that fits."""
        out = {}
        for a in [a["value"] for a in attributes if a["code"] == 26]:
            at = 4
            while a[:4] == struct.pack("!I", 311) and at + 2 <= len(a):
                kind, size = a[at], a[at + 1]
                if size < 2 or at + size > len(a):
                    break
                name, value = {16: "send", 17: "recv"}.get(kind), a[at + 2 : at + size]
                key = self.decrypt(value[:2], value[2:], asked, secret)
                if name and key is not None and name not in out:
                    out[name] = key.hex()
                at += size
        return out

    @staticmethod
    def decrypt(salt, cipher, asked, secret):
        if not cipher or len(cipher) % 16:
            return None
        plain, before = b"", asked + salt
        for i in range(0, len(cipher), 16):
            pad = hashlib.md5(secret + before).digest()
            before = cipher[i : i + 16]
            plain += bytes(a ^ b for a, b in zip(before, pad))
        return plain[1 : 1 + plain[0]] if plain[0] < len(plain) else None


class DotOneXOverIp(Protocol):
    elements = "elements"
    payload_at = 14 + 20 + 20  # TCP

    def walk(self, octets):
        version, kind, length, station, bssid = unpack("!BBH6s6s", octets, "header")
        expect("Length", length, len(octets))
        return {"version": version, "type": kind, "length": length, "station": station.hex(),
                "bssid": bssid.hex()}, walk_elements(octets, 16, "element", 4)


class Binding(Protocol):
    elements = "elements"

    def walk(self, octets):
        names = ("version", "type", "length", "sequence", "key_id")
        fields = dict(zip(names, unpack("!BBHII", octets, "header")))
        expect("Length", fields["length"], len(octets))
        return fields, walk_elements(octets, 12, "element", 4)

    def check_case(self, case, group):
        if "auth" not in case:
            return
        octets = octets_of(case["bytes"])
        elements, good = self.walk(octets)[1], False
        if elements and elements[-1]["code"] == 8 and elements[-1]["length"] == 16:
            value = hmac.new(octets_of(group["keys"]["key"]), octets[:-16] + bytes(16),
                             hashlib.sha256).digest()[:16]
            good = octets[-16:] == value
        expect("Authenticator verifies", good, case["auth"]["valid"])


class ApInfo(Protocol):
    elements = "elements"
    payload_at = 24 + 12 + 7  # a beacon: header, fixed fields, the network's name

    def walk(self, octets):
        element, length, oui, protocol, kind, version = unpack("!BB3sHBB", octets, "header")
        expect("Length", length, len(octets) - 2)
        parts, at = [], 9
        while at < len(octets):
            code, size = unpack("!BB", octets[at:], "part")
            at += 2
            if at + size > len(octets):
                raise Wrong("part at %d: %d octets, %d are left" % (at, size, len(octets) - at))
            parts.append({"code": code, "length": size, "at": at, "value": octets[at : at + size]})
            at += size
        return {"element_id": element, "length": length, "oui": int.from_bytes(oui, "big"),
                "protocol": protocol, "type": kind, "version": version}, parts


class Ike(Protocol):
    elements = "elements"
    prf = {2: hashlib.sha1, 5: hashlib.sha256, 6: hashlib.sha384, 7: hashlib.sha512}
    integrity = {2: (hashlib.sha1, 20, 12), 12: (hashlib.sha256, 32, 16),
                 13: (hashlib.sha384, 48, 24), 14: (hashlib.sha512, 64, 32)}

    def walk(self, octets):
        spi_i, spi_r, first, version, exchange, flags, number, length = unpack(
            "!8s8sBBBBII", octets, "header")
        expect("Length", length, len(octets))
        payloads, at, code = [], 28, first
        while code:
            following, bits, size = unpack("!BBH", octets[at:], "payload")
            if size < 4 or at + size > len(octets):
                raise Wrong("payload at %d: length %d" % (at, size))
            payload = {"code": code, "flags": bits, "length": size, "at": at + 4,
                       "value": octets[at + 4 : at + size]}
            if code in (46, 53):  # what it names is inside
                payload["next"], following = following, 0
            payloads.append(payload)
            at, code = at + size, following
        expect("end of the payloads", at, len(octets))
        return {"spi_i": spi_i.hex(), "spi_r": spi_r.hex(), "next_payload": first,
                "version": version, "exchange": exchange, "flags": flags, "message_id": number,
                "length": length}, payloads

    def check_keys(self, keys):
        """RFC 7296 sections 2.13 and 2.14."""
        if "ike" not in keys:
            return
        k = keys["ike"]
        kind = self.prf[k["prf"]]
        nonces = octets_of(k["nonce_i"]) + octets_of(k["nonce_r"])
        key = hmac.new(nonces, octets_of(k["shared"]), kind).digest()
        seed = nonces + octets_of(k["spi_i"]) + octets_of(k["spi_r"])
        names = ("sk_d", "sk_ai", "sk_ar", "sk_ei", "sk_er", "sk_pi", "sk_pr")
        stream, block, number = b"", b"", 1
        while len(stream) < sum(len(k[name]) // 2 for name in names):
            block = hmac.new(key, block + seed + bytes([number]), kind).digest()
            stream, number = stream + block, number + 1
        for name in names:
            size = len(k[name]) // 2
            expect(name, k[name], stream[:size].hex())
            stream = stream[size:]
        salt = 4 if k["encr"] == 20 else 0
        expect("octets of sk_ei", len(k["sk_ei"]) // 2, k["key_bits"] // 8 + salt)

    def check_case(self, case, group):
        """The ICV, where it is an HMAC; AEAD is beyond Python's own library."""
        keys = group["keys"].get("ike")
        if "auth" not in case or not keys["integ"]:
            return
        octets = octets_of(case["bytes"])
        kind, _, size = self.integrity[keys["integ"]]
        key = octets_of(keys["sk_ai" if octets[19] & 8 else "sk_ar"])
        good = hmac.new(key, octets[:-size], kind).digest()[:size] == octets[-size:]
        expect("ICV verifies", good, case["auth"]["valid"])


class AddressChange(Protocol):
    elements = "elements"

    def walk(self, octets):
        names = ("version", "kind", "length", "sequence", "spi_i", "spi_r")
        fields = dict(zip(names, unpack("!BBHI8s8s", octets, "header")))
        expect("Length", fields["length"], len(octets))
        fields.update(spi_i=fields["spi_i"].hex(), spi_r=fields["spi_r"].hex())
        return fields, walk_elements(octets, 24, "element", 4)


class Dhcp(Protocol):
    elements = "elements"

    def walk(self, octets):
        names = ("op", "htype", "hlen", "hops", "xid", "secs", "flags", "ciaddr", "yiaddr",
                 "siaddr", "giaddr", "chaddr")
        fields = dict(zip(names, unpack("!BBBBIHH4s4s4s4s16s", octets, "header")))
        for name in names[7:]:
            fields[name] = fields[name].hex()
        expect("magic cookie", octets[236:240].hex(), "63825363")
        return fields, self.options(octets, 240)

    def options(self, octets, at):
        out = []
        while at < len(octets) and octets[at] != 255:
            if octets[at] == 0:
                at += 1
                continue
            code, size = unpack("!BB", octets[at:], "option")
            if at + 2 + size > len(octets):
                raise Wrong("option at %d: length %d" % (at, size))
            out.append({"code": code, "length": size, "at": at + 2,
                        "value": octets[at + 2 : at + 2 + size]})
            at += 2 + size
        return out


class ReplyPath(Protocol):
    elements = "elements"

    def walk(self, octets):
        fields = dict(zip(("version", "kind", "length"), unpack("!BBH", octets, "header")))
        expect("Length", fields["length"], len(octets))
        return fields, walk_elements(octets, 4, "element", 4)


class TunnelledChange(Protocol):
    payload_at = 14  # Ethernet before it

    def header(self, octets, prefix):
        first, *values = unpack("!BBHHHBBH4s4s", octets, prefix + "header")
        names = ("service", "length", "identification", "fragment", "ttl", "protocol", "checksum",
                 "source", "destination")
        fields = dict(zip(names, values), header_size=(first & 15) * 4)
        expect(prefix + "version", first >> 4, 4)
        if not 20 <= fields["header_size"] <= fields["length"] <= len(octets):
            raise Wrong("%slengths: %d, %d, %d" % (prefix, fields["header_size"], fields["length"],
                                                   len(octets)))
        fields.update(source=fields["source"].hex(), destination=fields["destination"].hex())
        return fields, octets[fields["header_size"] : fields["length"]]

    def both(self, octets):
        outer, payload = self.header(octets, "outer_")
        if outer["protocol"] != 4 or outer["fragment"] & 0x3FFF:
            return {"outer_": outer}, payload
        inner, payload = self.header(payload, "inner_")
        return {"outer_": outer, "inner_": inner}, payload

    def walk(self, octets):
        headers, payload = self.both(octets)
        fields = {prefix + name: value for prefix, header in headers.items()
                  for name, value in header.items() if name != "checksum"}
        fields["payload"] = payload.hex()
        return fields, None

    def check_case(self, case, group):
        """The checksums of the headers are right where they are not what is wrong."""
        octets, at, good = octets_of(case["bytes"]), 0, True
        for header in self.both(octets)[0].values():
            size = header["header_size"]
            value = sum(struct.unpack("!%dH" % (size // 2), octets[at : at + size]))
            good &= value % 0xFFFF == 0
            at += size
        reason = case["rule"]["reason"] if "rule" in case else None
        expect("checksums are right", good, reason != "bad-integrity")


class Isakmp(Protocol):
    elements = "elements"
    hashes = {1: hashlib.md5, 2: hashlib.sha1, 4: hashlib.sha256, 5: hashlib.sha384,
              6: hashlib.sha512}

    def walk(self, octets):
        cky_i, cky_r, first, version, exchange, flags, number, length = unpack(
            "!8s8sBBBBII", octets, "header")
        expect("Length", length, len(octets))
        fields = {"cky_i": cky_i.hex(), "cky_r": cky_r.hex(), "next_payload": first,
                  "version": version, "exchange": exchange, "flags": flags, "message_id": number,
                  "length": length}
        if flags & 1:
            fields["sealed"] = octets[28:].hex()
            return fields, []
        return fields, self.payloads(first, octets, 28)

    def payloads(self, code, octets, at):
        out = []
        while code:
            following, bits, size = unpack("!BBH", octets[at:], "payload")
            if size < 4 or at + size > len(octets):
                raise Wrong("payload at %d: length %d" % (at, size))
            out.append({"code": code, "flags": bits, "length": size, "at": at + 4,
                        "value": octets[at + 4 : at + size]})
            at, code = at + size, following
        expect("end of the payloads", at, len(octets))
        return out

    def check_keys(self, keys):
        """RFC 2409 section 5 and appendix B."""
        if "isakmp" not in keys:
            return
        k = keys["isakmp"]
        kind = self.hashes[k["hash"]]
        shared, nonces = octets_of(k["shared"]), octets_of(k["nonce_i"]) + octets_of(k["nonce_r"])
        both = octets_of(k["cky_i"]) + octets_of(k["cky_r"])
        by_key = k["auth"] == 1
        first = hmac.new(octets_of(k["psk"]) if by_key else nonces, nonces if by_key else shared,
                         kind).digest()
        expect("skeyid", k["skeyid"], first.hex())
        before = b""
        for number, name in enumerate(("skeyid_d", "skeyid_a", "skeyid_e")):
            before = hmac.new(first, before + shared + both + bytes([number]), kind).digest()
            expect(name, k[name], before.hex())
        size, stream, part = len(k["key"]) // 2, before, b"\0"
        if len(before) < size:
            stream = b""
            while len(stream) < size:
                part = hmac.new(before, part, kind).digest()
                stream += part
        expect("key", k["key"], stream[:size].hex())

    def check_case(self, case, group):
        """HASH of what was encrypted; the cipher itself is beyond Python's own library."""
        if "inside" not in case:
            return
        keys, inside = group["keys"]["isakmp"], octets_of(case["inside"])
        fields = case["fields"]
        payloads = self.payloads(fields["next_payload"], inside, 0)
        if "auth" not in case or fields["exchange"] == 2:
            return
        number = struct.pack("!I", fields["message_id"])
        size = payloads[0]["length"]
        text = number + inside[size:]
        if fields["exchange"] == 32 and len(payloads) == 1:
            text = b"\0" + number + octets_of(keys["quick_nonce_i"] + keys["quick_nonce_r"])
        elif fields["exchange"] == 32 and case["direction"].startswith("responder"):
            text = number + octets_of(keys["quick_nonce_i"]) + inside[size:]
        good = hmac.new(octets_of(keys["skeyid_a"]), text, self.hashes[keys["hash"]]).digest()
        expect("HASH verifies", good == payloads[0]["value"], case["auth"]["valid"])


PROTOCOLS = {"pana": Pana(), "eap": Eap(), "eapol": Eapol(), "radius": Radius(),
             "dot1x-over-ip": DotOneXOverIp(), "binding": Binding(), "ap-info": ApInfo(),
             "ike": Ike(), "address-change": AddressChange(), "isakmp": Isakmp(),
             "dhcp-over-ipsec": Dhcp(), "reply-path": ReplyPath(),
             "tunnelled-change": TunnelledChange()}


def check_fields(protocol, case):
    octets = octets_of(case["bytes"])
    if case["result"] == "invalid" and case["rule"]["layer"] == "decode":
        try:
            protocol.walk(octets)
        except Wrong:
            return
        raise Wrong("boundaries: expected wrong, actual right")
    fields, elements = protocol.walk(octets)
    wanted = {name: value for name, value in case[protocol.fields].items()
              if name not in ("message", "letters")}
    expect("fields", fields, wanted)
    if elements is None:
        return
    expect("number of elements", len(elements), len(case[protocol.elements]))
    for i, (got, want) in enumerate(zip(elements, case[protocol.elements])):
        got = {name: value for name, value in got.items() if name != "at"}
        got["value"] = got["value"].hex()
        for name in set(got) | (set(want) - {"name", "number"}):
            expect("element %d, %s" % (i, name), got.get(name), want.get(name))


def capture_packets(path):
    """Comment and frame of each packet of a capture written by the generators."""
    with open(path, "rb") as stream:
        data = stream.read()
    at = 0
    while at < len(data):
        kind, size = struct.unpack("<II", data[at : at + 8])
        if kind == 6:
            captured = struct.unpack("<I", data[at + 20 : at + 24])[0]
            option = at + 28 + captured + -captured % 4
            _, length = struct.unpack("<HH", data[option : option + 4])
            yield data[option + 4 : option + 4 + length].decode(), data[at + 28 :][:captured]
        at += size


def check_capture(path, protocol, cases):
    packets = list(capture_packets(path))
    expect("packets in the capture", len(packets), len(cases))
    for (comment, frame), case in zip(packets, cases):
        expect("comment", comment, "%s: %s" % (case["id"], case["result"]))
        expect(case["id"] + " in the capture", frame[protocol.payload_at :].hex(), case["bytes"])


def check_file(path, schema, seen):
    with open(path) as stream:
        document = json.load(stream)
    if schema:
        schema.validate(document)
    protocol = PROTOCOLS[document["protocol"]]
    cases = [(case, group) for group in document["groups"] for case in group["cases"]]
    expect("count", document["count"], len(cases))
    for group in document["groups"]:
        try:
            protocol.check_keys(group["keys"])
        except Wrong as error:
            raise Wrong("%s, %s" % (group["name"], error)) from error
    for case, group in cases:
        try:
            expect("first use of the id", case["id"] not in seen, True)
            seen.add(case["id"])
            check_fields(protocol, case)
            if case["result"] != "invalid" or case["rule"]["layer"] != "decode":
                protocol.check_case(case, group)
        except Wrong as error:
            raise Wrong("%s: %s" % (case["id"], error)) from error
    check_capture(os.path.join(os.path.dirname(path), document["capture"]), protocol,
                  [case for case, _ in cases])
    return document["protocol"], len(cases)


def load_schema():
    try:
        import jsonschema
    except ImportError:
        return None
    with open(os.path.join(HERE, "schema.json")) as stream:
        return jsonschema.Draft7Validator(json.load(stream))


def main():
    folders = [os.path.normpath(folder) for folder in sys.argv[1:]] or [os.path.join(HERE, name) for name in PROTOCOLS]
    paths = [os.path.join(folder, name) for folder in folders
             for name in sorted(os.listdir(folder)) if name.endswith(".json")]
    schema = load_schema()
    print("1..%d" % (len(paths) + 1 + len(folders)))
    print("%sok 1 - python3-jsonschema is there to check the schema" % ("" if schema else "not "))
    if not schema:
        print("# apt install python3-jsonschema")
    bad, number, totals, seen = not schema, 1, {}, {folder: set() for folder in folders}
    for path in paths:
        number += 1
        folder = os.path.dirname(path)
        name = os.path.join(os.path.basename(folder), os.path.basename(path))
        try:
            protocol, count = check_file(path, schema, seen[folder])
            totals[protocol] = totals.get(protocol, 0) + count
            print("ok %d - %s: %d vectors" % (number, name, count))
        except Exception as error:  # jsonschema has its own class, and it may not be there
            bad = True
            where = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
            text = str(error).splitlines()[0]
            print("not ok %d - %s\n# %s%s" % (number, name, where + ": " if where else "", text))
    for protocol, total in totals.items():
        number += 1
        enough = total >= LEAST[protocol]
        bad |= not enough
        print("%sok %d - %s: %d vectors, at least %d"
              % ("" if enough else "not ", number, protocol, total, LEAST[protocol]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
