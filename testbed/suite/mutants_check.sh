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
. testbed/check/tap.sh
witnesses() { cat "$work/error"; }

if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/make" 2>&1; then
	tail -20 "$work/make" >"$work/error"
	ok "the wrong variants can be built" 1
	tap_end
fi
build/bin/baton run pana --mutants $file --results "$work/results" >"$work/out" 2>"$work/error"
while read -r word text; do
	check "$text" test "$word" = proven
done <"$work/out"

sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' ref/pana/mutants.def | while read -r name; do
	grep -q "mutant: $name," $file || echo "$name has no test"
done >>"$work/error"
! grep -q ' has no test$' "$work/error" && [ "$tested" -ge 20 ]
ok "every defect of ref/pana has the test meant for it" $?
tap_end
