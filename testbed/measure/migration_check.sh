#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The experiment of the changed address in short form, one guest: address change with plain TCP and with
# ESP, and Multipath TCP beside it. Every repetition compares every octet, and opens every packet. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
. testbed/check/tap.sh

says() { # NAME PATTERN COMMAND...: ends with a non-zero status and one message that says so
	local name=$1 pattern=$2
	shift 2
	"$@" >"$work/out" 2>&1
	local status=$?
	[ $status -ne 0 ] && grep -qE "$pattern" "$work/out"
	ok "$name" $?
}

says 'a column that does not exist is named' 'nobody: no such column' \
	build/bin/baton measure migration --columns change/20,nobody
says 'a stream that is none is named' 'sideways:200/2: a stream is' \
	build/bin/baton traffic call --to 192.0.2.1 sideways:200/2

build/bin/baton measure migration -n 1 --columns change/20,change-esp/20,mptcp/20 \
	--results "$work/migration" >"$work/out" 2>&1
status=$?
[ -f "$work/migration/result.json" ] || { sed 's/^/# /' "$work/out" | tail -40; ok 'the experiment runs' 1; exit 1; }

# One line "ok - ..." or "not ok - ..." for each.
/usr/bin/python3 - "$work/migration/result.json" $status >"$work/verdicts" <<'END'
import json, sys
measurement = json.load(open(sys.argv[1]))["measurements"][0]
cells = {c["name"]: {r["row"]: r["median"] for r in c["rows"]} for c in measurement["columns"]}
def verdict(good, text):
    print("%s - %s" % ("ok" if good else "not ok", text))
def cell(column, row):
    return cells.get(column, {}).get(row, float("nan"))
for c in measurement["columns"]:
    verdict(c["repetitions"] == 1, "%s: the repetition gave its figures" % c["name"])
# 1 says that something does not hold, and nothing else is wrong: which it is, a target or more, stands below.
held = all(f["verdict"] == "holds" for f in measurement["findings"])
verdict(int(sys.argv[2]) == (0 if held else 1), "it ends with status %s: %s"
        % (sys.argv[2], "all holds" if held else "something does not hold"))
for f in measurement["findings"]:
    if "interrupted for" in f["text"] and f["verdict"] != "holds":
        print("# target not met:", f["text"])
    else:
        verdict(f["verdict"] == "holds", f["text"])
for column in ("change/20", "change-esp/20"):
    verdict(cell(column, "interruption_ms") < cell("mptcp/20", "interruption_ms") / 2,
            "%s: interrupted for %.1f ms, Multipath TCP for %.1f ms"
            % (column, cell(column, "interruption_ms"), cell("mptcp/20", "interruption_ms")))
for column in ("change/20", "change-esp/20", "mptcp/20"):
    verdict(cell(column, "again_octets") >= 0, "%s: the captures hold all that was sent" % column)
verdict(cell("mptcp/20", "overhead_octets") > 20,
        "mptcp/20: %.1f octets more on each packet" % cell("mptcp/20", "overhead_octets"))
verdict(abs(cell("change-esp/20", "overhead_before_octets") - 36) < 0.5, "change-esp/20: ESP in transport mode adds 36 octets")
verdict(cell("change/20", "moved_ms") < cell("mptcp/20", "interruption_ms"),
        "change/20: all connections at the new address after %.1f ms" % cell("change/20", "moved_ms"))
END
tests_in "$work/verdicts"
grep -q '^not ok' "$work/verdicts" && sed 's/^/# /' "$work/out" | tail -60
[ "$(grep -c '^ok\|^# target' "$work/verdicts")" -eq 20 ] || failed=1
tap_end
