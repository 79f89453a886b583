#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes vectors/pana/*.json and *.pcapng.

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
MODULES = ("cases_sessions", "cases_messages", "cases_invalid_octets", "cases_invalid_messages",
           "cases_invalid_sessions", "cases_auth", "cases_tolerance", "cases_extensions")
OUT = os.path.join(os.path.dirname(HERE), "pana")


def corpora():
    return [corpus for name in MODULES for corpus in __import__(name).corpora()]


def contents():
    out, seen = {}, set()
    for corpus in corpora():
        for case in corpus.cases():
            if case.id in seen:
                sys.exit("generate.py: two cases have the id '%s'" % case.id)
            seen.add(case.id)
        out[corpus.name + ".json"] = corpus.json_bytes()
        out[corpus.name + ".pcapng"] = corpus.pcapng_bytes()
    return out, len(seen)


def read(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def check(files):
    bad = ["%s: not what generate.py writes; run 'make vectors'" % name
           for name, octets in sorted(files.items()) if read(os.path.join(OUT, name)) != octets]
    for name in sorted(os.listdir(OUT)) if os.path.isdir(OUT) else []:
        if name.endswith((".json", ".pcapng")) and name not in files:
            bad.append("%s: no generator writes this file; delete it" % name)
    for line in bad:
        print("vectors/pana/" + line, file=sys.stderr)
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: generate.py [--check]")
    files, count = contents()
    if arguments:
        return check(files)
    os.makedirs(OUT, exist_ok=True)
    for name, octets in files.items():
        if read(os.path.join(OUT, name)) != octets:
            with open(os.path.join(OUT, name), "wb") as stream:
                stream.write(octets)
            print("vectors/pana/" + name)
    print("%d vectors" % count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
