#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Two hosts as namespaces, a mobile one and a correspondent, and connections between them that are
moved back and forth between two addresses of the mobile by baton-migrate at both. TAP.

    migrate_check.py PATH-OF-BATON-MIGRATE [NAME...]    all tests, or those named
    ... --daemons NAME...                               moved by baton-iked at both, under ESP
"""
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
import migrate_bed
import migrate_programs
import migrate_several
import migrate_streams
from migrate_bed import CN, Daemons, in_host, MIGRATE, MN, ok, run, WORK, World


def test_called_wrongly(world):
    """Every mistake is named, with what would be right, and nothing is done."""
    pairs = ["--local", "10.9.2.1", "--peer-from", "10.9.0.2", "--peer-to", "10.9.1.2"]
    for words, status, says in (
            (["--from", "10.9.0"], 2, "10.9.0: not an address; 192.0.2.1"),
            (["--from", "10.9.0.2/24"], 2, "10.9.0.2/24: not an address"),
            (["--from", "10.9.0.2"], 2, "this host's addresses are --from and --to, or --local alone"),
            (["--local", "10.9.2.1", "--peer", "10.9.0.2"], 2, "old and new addresses are the same"),
            (["--from", "10.9.0.2", "--to", "fd09::2", "--peer", "10.9.2.1"], 2, "all addresses must be IPv4, or all IPv6"),
            ([*pairs, "--kill-at", "lunch"], 2, "lunch: no such step"),
            ([*pairs, "--spare", "x"], 2, "x: not the number of a process"),
            ([*pairs, "now"], 2, "now: not understood"),
            (["--from", "10.9.0.2", "--to", "10.9.77.7", "--peer", "10.9.2.1"], 3, "no way between the new addresses")):
        done = subprocess.run(in_host(MN, MIGRATE, *words), capture_output=True, text=True)
        ok(done.returncode == status and says in done.stdout + done.stderr, f"called with {' '.join(words)}: {says}",
           f"{done.returncode} {done.stdout} {done.stderr}")


def test_nothing_left(world):
    """Ten seconds after the last move its processes are gone too."""
    for _ in range(120):
        if not [f for f in os.listdir("/run/baton-move") if f.isdigit() and os.path.exists(f"/proc/{f}")]:
            break
        time.sleep(0.1)
    run(*in_host(MN, MIGRATE, "--recover"))
    time.sleep(0.2)
    groups = run("sh", "-c", "find /sys/fs/cgroup -name 'baton-move-*' -type d", check=False).split()
    rules = run(*in_host(MN, "ip", "rule")) + run(*in_host(CN, "ip", "rule"))
    left = [f for f in os.listdir("/run/baton-move") if f.isdigit() and not os.path.exists(f"/proc/{f}")]
    ok(not groups and "0x4d" not in rules and not left, "no group, no rule, no journal left", f"{groups}\n{rules}\n{left}")


NOT_ALL = ("esp", "few")
BY_DAEMONS = ("order", "several", "rekeyed", "both")  # with --daemons alone
TESTS = {name[5:]: f for part in (migrate_streams, migrate_programs, migrate_several, sys.modules[__name__])
         for name, f in vars(part).items() if name.startswith("test_")}


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that what is below `finally` is done
        signal.signal(number, lambda *_: sys.exit(143))
    by_daemons = "--daemons" in sys.argv
    wanted = [w for w in sys.argv[2:] if w != "--daemons"] or [name for name in TESTS if name not in (*NOT_ALL, *BY_DAEMONS)]
    try:
        with World() as world:
            world.daemons = Daemons(world) if by_daemons else None
            for name in wanted:
                began = time.time()
                try:
                    TESTS[name](world)
                except Exception as e:
                    ok(False, f"{name}: {e}", traceback.format_exc())
                print(f"# {name}: {time.time() - began:.1f} s", flush=True)
            if by_daemons:
                world.daemons.end()
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(migrate_bed.failed > 0)


main()
