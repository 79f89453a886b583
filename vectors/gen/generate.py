#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes vectors/PROTOCOL/*.json and *.pcapng.

    generate.py            writes the files
    generate.py --check    writes nothing; fails when a file is not, octet for octet, what would be
                           written, or when there is one too many

The same source gives the same octets: nothing random, no clock.
"""

import logging
import os
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
ROOT = os.path.dirname(HERE)
MODULES = {
    "pana": ("cases_sessions", "cases_messages", "cases_invalid_octets", "cases_invalid_messages",
             "cases_invalid_sessions", "cases_auth", "cases_tolerance", "cases_extensions",
             "cases_neighbours"),
    "eap": ("cases_eap_packets", "cases_eap_methods"),
    "radius": ("cases_radius", "cases_radius_invalid"),
    "eapol": ("cases_eapol",),
    "dot1x-over-ip": ("cases_dxi_messages", "cases_dxi_invalid"),
    "binding": ("cases_binding",),
    "ap-info": ("cases_apinfo",),
    "ike": ("cases_ike", "cases_ike_invalid"),
    "address-change": ("cases_change",),
    "reply-path": ("cases_path",),
    "isakmp": ("cases_isakmp",),
    "dhcp-over-ipsec": ("cases_dhcp",),
    "tunnelled-change": ("cases_tunnelled",),
}


def corpora(protocol):
    return [corpus for name in MODULES[protocol] for corpus in __import__(name).corpora()]


def contents(protocol):
    out, seen = {}, set()
    for corpus in corpora(protocol):
        assert corpus.protocol == protocol
        for case in corpus.cases():
            if case.id in seen:
                sys.exit("generate.py: two cases of %s have the id '%s'" % (protocol, case.id))
            seen.add(case.id)
        for name, octets in ((corpus.name + ".json", corpus.json_bytes()),
                             (corpus.name + ".pcapng", corpus.pcapng_bytes())):
            if name in out:
                sys.exit("generate.py: two files of %s are called %s" % (protocol, name))
            out[name] = octets
    return out, len(seen)


def read(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def check(protocol, files):
    folder = os.path.join(ROOT, protocol)
    bad = ["%s: not what generate.py writes; run 'make vectors'" % name
           for name, octets in sorted(files.items()) if read(os.path.join(folder, name)) != octets]
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith((".json", ".pcapng")) and name not in files:
            bad.append("%s: no generator writes this file; delete it" % name)
    for line in bad:
        print("vectors/%s/%s" % (protocol, line), file=sys.stderr)
    return bool(bad)


def write(protocol, files):
    folder = os.path.join(ROOT, protocol)
    os.makedirs(folder, exist_ok=True)
    for name, octets in files.items():
        if read(os.path.join(folder, name)) != octets:
            with open(os.path.join(folder, name), "wb") as stream:
                stream.write(octets)
            print("vectors/%s/%s" % (protocol, name))


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    bad = False
    for protocol in MODULES:
        files, count = contents(protocol)
        if arguments:
            bad |= check(protocol, files)
        else:
            write(protocol, files)
            print("%s: %d vectors" % (protocol, count))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
