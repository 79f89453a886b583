#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Figure 10 of RFC 6252 and its further columns in short form: one repetition of each, one guest. That
# a prepared move has no EAP on the air, uses the prepared PMKID, and has a 4-way handshake or none as
# its way says, is checked by every repetition itself. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
. testbed/check/tap.sh

build/bin/baton measure mpa-fig10 -n 1 --results "$work/fig10" >"$work/out" 2>&1
status=$?
[ $status -eq 0 ] || sed 's/^/# /' "$work/out"
ok 'every column gives its figures, and what must hold of them holds' $status
[ -f "$work/fig10/result.json" ] || exit 1
[ "$(grep -c '^holds ' "$work/out")" -eq 7 ] && ! grep -q '^does not hold' "$work/out"
ok 'the output says so' $?

# One line "ok - ..." or "not ok - ..." for each.
/usr/bin/python3 - "$work/fig10/result.json" >"$work/verdicts" <<'END'
import json, sys
measurement = json.load(open(sys.argv[1]))["measurements"][0]
cells = {c["name"]: {r["row"]: r["median"] for r in c["rows"]} for c in measurement["columns"]}
def verdict(good, text):
    print("%s - %s" % ("ok" if good else "not ok", text))
def cell(column, row):
    return cells.get(column, {}).get(row, float("nan"))
for f in measurement["findings"]:
    if f["verdict"] != "not measured":
        verdict(f["verdict"] == "holds", f["text"])
places = ("non-roaming", "roaming")
bare = cell("bare", "affecting_handover_ms")
for place in places:
    for kind in ("11i-pre/", "mpa/"):
        got = cell(kind + place, "affecting_handover_ms")
        verdict(0.8 * bare <= got <= 1.2 * bare, "%s%s: %.2f ms, bare %.2f ms" % (kind, place, got, bare))
        verdict(cell(kind + place, "eap_after_move") == 0, "%s%s: no EAP on the air" % (kind, place))
    verdict(cell("post/" + place, "eap_after_move") > 0, "post/%s: EAP on the air" % place)
    verdict(cell("mpa/" + place, "next_ap_eap") == 0, "mpa/%s: a second access point costs no EAP" % place)
t_auth = cell("post/roaming", "t_auth_ms")
verdict(abs(t_auth - 599) <= 0.02 * 599, "post/roaming: T_auth is %.1f ms, calibrated to 599" % t_auth)
for column in ("ft-air", "ft-ds", "mpa-fils"):
    verdict(cell(column, "handshake_after_move") == 0 and cell(column, "affecting_handover_ms") < bare,
            "%s: no 4-way handshake, %.2f ms" % (column, cell(column, "affecting_handover_ms")))
verdict(cell("okc", "eap_after_move") == 0, "okc: no EAP on the air")
for column in ("mpa-ft", "mpa-fils"):
    verdict(cell(column, "next_ap_handshake") == 0 and cell(column, "next_ap_eap") == 0,
            "%s: a second access point costs neither EAP nor 4-way handshake" % column)
END
tests_in "$work/verdicts"
[ "$(grep -c '^ok' "$work/verdicts")" -eq 26 ] || failed=1
tap_end
