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

step "1 of 3: PANA conformance of the reference implementation (a minute)"
$baton run pana --sut ref --results $out/pana
judged=$?
[ $judged -le 1 ] || exit $judged

step "2 of 3: three handoffs between two 802.11 networks, each twice once warmed up (a few minutes)"
echo "In a guest, on its virtual clock: what this machine does meanwhile does not show in the figures."
$baton measure handoff -n 2 --results $out/handoff >$out/handoff.txt
measured=$?
[ $measured -le 1 ] || exit $measured

step "3 of 3: one report of both"
$baton report --merge $out/pana $out/handoff -o $out/report/ || exit
$baton report $out/report --format html -o $out/report.html || exit
$baton report $out/report --format summary || exit
echo
echo "Every figure, with its spread and what explains it: $out/handoff.txt"
echo "The whole report, for a browser: $PWD/$out/report.html"
[ $judged -eq 0 ] && [ $measured -eq 0 ]
