#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job: judge the reference's PANA, hand over unprepared and prepared, put both into one
# report. Ends with the comparison and the path of the report.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=build/bin/baton out=build/demo
rm -rf $out
mkdir -p $out || exit 2

step() { printf '\n== %s\n\n' "$*"; }

step "PANA conformance of the reference implementation"
$baton run pana --sut ref --results $out/pana
judged=$?
[ $judged -le 1 ] || exit $judged

step "Handoffs between two 802.11 networks, unprepared and prepared (in a guest, on its virtual clock)"
$baton measure handoff -n 2 --results $out/handoff
measured=$?
[ $measured -le 1 ] || exit $measured

step "Report"
$baton report --merge $out/pana $out/handoff -o $out/report/ || exit
$baton report $out/report --format html -o $out/report.html || exit
echo "The whole report: $PWD/$out/report.html"
[ $judged -eq 0 ] && [ $measured -eq 0 ]
