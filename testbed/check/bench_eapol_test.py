#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""EAP-TLS authentications a second of eapol_test, one process each, so many at a time.

usage: bench_eapol_test.py CONFIGURATION SERVER SECRET AT_ONCE COUNT"""
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def authenticate(command):
    began = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.monotonic() - began) * 1e3 if ended.returncode == 0 else None


def main():
    configuration, server, secret, at_once, count = sys.argv[1:]
    command = ["eapol_test", "-c", configuration, "-a", server, "-s", secret, "-t", "20"]
    began = time.monotonic()
    with ThreadPoolExecutor(int(at_once)) as pool:
        times = list(pool.map(authenticate, [command] * int(count)))
    seconds = time.monotonic() - began
    good = sorted(t for t in times if t is not None)
    if len(good) < len(times):
        sys.exit("eapol_test: %d of %d authentications failed" % (len(times) - len(good), len(times)))
    for name, value, unit in (
            ("eapol_test authentications", len(good) / seconds, "1/s"),
            ("eapol_test authentication, median", good[len(good) // 2], "ms"),
            ("eapol_test authentication, 95 % within", good[int((len(good) - 1) * .95 + .5)], "ms")):
        print(json.dumps({"name": name, "value": round(value, 1), "unit": unit}))


main()
