#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench_ratio.py PREFIX ROUNDS [MEMORY]: for each kind of what was measured the median of the rounds of charon
and of baton-iked, and how many times as good as charon baton-iked is, with the least and the best round.

ROUNDS has one figure a line, as JSON: who, kind, name, value. One JSON object a line comes out.
"""
import json
import statistics
import sys

# name: what it is called, its unit, digits, whether more is better
NAMES = {
    "ike set-ups": ("set-ups", "1/s", 0, True),
    "processor": ("processor time of an SA", "ms", 3, False),
    "alone": ("latency of one alone", "ms", 2, False),
    "memory": (" ".join(sys.argv[3:]) or "memory of an SA", "octets", 0, False),
    "throughput": ("throughput", "Mbit/s", 1, True),
    "round trip": ("round trip", "us", 1, False),
}


def say(name, value, unit, digits):
    print(json.dumps({"name": f"{sys.argv[1]} {name}", "value": round(value, digits), "unit": unit}))


figures = {}
for line in open(sys.argv[2]):
    f = json.loads(line)
    figures.setdefault((f["kind"], f["name"]), {}).setdefault(f["who"], []).append(f["value"])
for (kind, name), by in figures.items():
    if name not in NAMES:
        continue
    what, unit, digits, more = NAMES[name]
    for who, values in by.items():
        say(f"{what}, {kind}, {who}", statistics.median(values), unit, digits)
    ratios = [i / c if more else c / i for c, i in zip(by["charon"], by["iked"])]
    say(f"{what}, {kind}, iked over charon", statistics.median(ratios), "times", 2)
    if len(ratios) > 1:
        say(f"{what}, {kind}, iked over charon, least round", min(ratios), "times", 2)
        say(f"{what}, {kind}, iked over charon, best round", max(ratios), "times", 2)
