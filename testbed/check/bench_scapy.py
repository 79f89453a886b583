# SPDX-License-Identifier: GPL-2.0-or-later
"""Decodes the first N packets of a capture with the Scapy layers of vectors/gen, and times it."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "vectors", "gen"))
from scapy.utils import RawPcapReader  # noqa: E402
import pana  # noqa: E402

path, count = sys.argv[1], int(sys.argv[2])
payloads = []
for data, _ in RawPcapReader(path):
    payloads.append(bytes(data[42:]))
    if len(payloads) == count:
        break
began = time.perf_counter()
for payload in payloads:
    pana.PANA(payload)
seconds = time.perf_counter() - began
print(json.dumps({"name": "scapy decode", "value": round(len(payloads) / seconds), "unit": "packets/s"}))
