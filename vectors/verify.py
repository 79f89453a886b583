#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the vectors for themselves, with nothing but the files: no Scapy, no generator, no C.

    verify.py [FOLDER]       default: pana beside this file; TAP on standard output

Schema (needs python3-jsonschema), the octets against the decoded fields, the derived keys and AUTH
values, and the captures against the JSON. Also an example of how to read the files.
"""

import hashlib
import hmac
import json
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PRF = {2: hashlib.sha1, 5: hashlib.sha256}
INTEGRITY = {7: (hashlib.sha1, 20, 20), 12: (hashlib.sha256, 32, 16)}


class Wrong(Exception):
    pass


def expect(name, actual, expected):
    if actual != expected:
        raise Wrong("%s: expected %r, actual %r" % (name, expected, actual))


def walk(octets):
    """Header fields and AVPs of a message; raises Wrong where its boundaries do not fit."""
    if len(octets) < 16:
        raise Wrong("header: expected 16 octets, actual %d" % len(octets))
    names = ("reserved", "length", "flags", "type", "session", "sequence")
    header = dict(zip(names, struct.unpack("!HHHHII", octets[:16])))
    expect("Message Length", header["length"], len(octets))
    avps, at = [], 16
    while at < len(octets):
        if len(octets) - at < 8:
            raise Wrong("AVP header at %d: expected 8 octets" % at)
        code, flags, length, reserved = struct.unpack("!HHHH", octets[at : at + 8])
        avp = {"code": code, "flags": flags, "length": length, "reserved": reserved, "at": at}
        at += 8
        if flags & 0x8000:
            if len(octets) - at < 4:
                raise Wrong("Vendor-Id at %d: expected 4 octets" % at)
            avp["vendor"] = struct.unpack("!I", octets[at : at + 4])[0]
            at += 4
        if length > len(octets) - at:
            raise Wrong("AVP Length at %d: %d octets are left" % (at, len(octets) - at))
        avp["value"] = octets[at : at + length].hex()
        at += length
        padding = -length % 4
        if padding > len(octets) - at:
            raise Wrong("padding at %d: expected %d octets" % (at, padding))
        at += padding
        avps.append(avp)
    return header, avps


def check_fields(case):
    octets = bytes.fromhex(case["bytes"])
    if case["result"] == "invalid" and case["rule"]["layer"] == "decode":
        try:
            walk(octets)
        except Wrong:
            return
        raise Wrong("boundaries: expected wrong, actual right")
    header, avps = walk(octets)
    for name, value in header.items():
        expect("header " + name, value, case["header"][name])
    expect("AVPs", len(avps), len(case["avps"]))
    for i, (got, want) in enumerate(zip(avps, case["avps"])):
        for name in ("code", "flags", "length", "reserved", "value"):
            expect("AVP %d %s" % (i, name), got[name], want[name])
        expect("AVP %d vendor" % i, got.get("vendor"), want.get("vendor"))


def auth_value(association, octets, at, size):
    kind, _, length = INTEGRITY[association["integrity"]]
    zeroed = octets[:at] + bytes(size) + octets[at + size :]
    return hmac.new(bytes.fromhex(association["auth_key"]), zeroed, kind).digest()[:length]


def check_auth(case, group):
    if "auth" not in case:
        return
    octets = bytes.fromhex(case["bytes"])
    association = group["keys"]["associations"][case["auth"]["association"]]
    found = [avp for avp in walk(octets)[1] if avp["code"] == 1 and "vendor" not in avp]
    good = False
    for avp in found[-1:]:
        value = octets[avp["at"] + 8 :][: avp["length"]]
        good = value == auth_value(association, octets, avp["at"] + 8, avp["length"])
    expect("AUTH verifies", good, case["auth"]["valid"])


def check_association(association):
    seed = b"IETF PANA" + b"".join(
        bytes.fromhex(association[name]) for name in ("i_par", "i_pan", "pac_nonce", "paa_nonce"))
    seed += struct.pack("!I", association["key_id"])
    size = INTEGRITY[association["integrity"]][1]
    key, block, number = b"", b"", 1
    while len(key) < size:
        block = hmac.new(bytes.fromhex(association["msk"]), block + seed + bytes([number]),
                         PRF[association["prf"]]).digest()
        key, number = key + block, number + 1
    expect("auth_key", association["auth_key"], key[:size].hex())


def capture_payloads(path):
    """Comment and UDP payload of each packet of a capture written by the generators."""
    with open(path, "rb") as stream:
        data = stream.read()
    at = 0
    while at < len(data):
        kind, size = struct.unpack("<II", data[at : at + 8])
        if kind == 6:
            captured = struct.unpack("<I", data[at + 20 : at + 24])[0]
            frame = data[at + 28 : at + 28 + captured]
            option = at + 28 + captured + -captured % 4
            _, length = struct.unpack("<HH", data[option : option + 4])
            yield data[option + 4 : option + 4 + length].decode(), frame[42:]
        at += size


def check_file(path, schema, seen):
    with open(path) as stream:
        document = json.load(stream)
    if schema:
        schema.validate(document)
    cases = [(case, group) for group in document["groups"] for case in group["cases"]]
    expect("count", document["count"], len(cases))
    for group in document["groups"]:
        for i, association in enumerate(group["keys"]["associations"]):
            try:
                check_association(association)
            except Wrong as error:
                raise Wrong("%s, association %d: %s" % (group["name"], i, error)) from error
    for case, group in cases:
        try:
            expect("first use of the id", case["id"] not in seen, True)
            seen.add(case["id"])
            check_fields(case)
            check_auth(case, group)
        except Wrong as error:
            raise Wrong("%s: %s" % (case["id"], error)) from error
    packets = list(capture_payloads(os.path.join(os.path.dirname(path), document["capture"])))
    expect("packets in the capture", len(packets), len(cases))
    for (comment, payload), (case, _) in zip(packets, cases):
        expect("comment", comment, "%s: %s" % (case["id"], case["result"]))
        expect(case["id"] + " in the capture", payload.hex(), case["bytes"])
    return len(cases)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "pana")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    try:
        import jsonschema
        with open(os.path.join(HERE, "schema.json")) as stream:
            schema = jsonschema.Draft7Validator(json.load(stream))
    except ImportError:
        jsonschema = schema = None
    print("1..%d" % (len(names) + 2))
    print("%sok 1 - python3-jsonschema is there to check the schema" % ("" if schema else "not "))
    if not schema:
        print("# apt install python3-jsonschema")
    bad, total, seen = not schema, 0, set()
    for number, name in enumerate(names, 2):
        try:
            count = check_file(os.path.join(folder, name), schema, seen)
            total += count
            print("ok %d - %s: %d vectors" % (number, name, count))
        except Exception as error:  # jsonschema has its own class, and it may not be there
            bad = True
            path = "/".join(str(part) for part in getattr(error, "absolute_path", ()))
            text = str(error).splitlines()[0]
            print("not ok %d - %s\n# %s%s" % (number, name, path + ": " if path else "", text))
    enough = total >= 80
    print("%sok %d - %d vectors, at least 80" % ("" if enough else "not ", len(names) + 2, total))
    return 1 if bad or not enough else 0


if __name__ == "__main__":
    sys.exit(main())
