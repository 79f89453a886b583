#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The PANA suites are proven: every deliberate defect of the reference is failed by the test meant for
# it, and the right variant passes that test. Every defect that there is has its test. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-mutants-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
export BATON_REF_BIN=$PWD/build/mutant/bin
file=suites/mutants/pana.yaml

if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/make" 2>&1; then
	sed 's/^/# /' "$work/make" | tail -20
	echo "not ok 1 - the wrong variants can be built"
	echo "1..1"
	exit 1
fi
build/bin/baton run pana --mutants $file --results "$work/results" >"$work/out" 2>"$work/error"
number=0
while read -r word text; do
	number=$((number + 1))
	[ "$word" = proven ] && echo "ok $number - $text" || echo "not ok $number - $text"
done <"$work/out"

missing=$(sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' ref/pana/mutants.def | while read -r name; do
	grep -q "mutant: $name," $file || echo "$name"
done)
number=$((number + 1))
if [ -z "$missing" ] && [ $number -gt 20 ]; then
	echo "ok $number - every defect of ref/pana has the test meant for it"
else
	sed 's/^/# /' "$work/error"
	echo "# ${missing//$'\n'/ }"
	echo "not ok $number - every defect of ref/pana has the test meant for it"
fi
echo "1..$number"
