#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of address change: the reference passes, every statement of the catalogue is covered or says why
# not, every deliberate defect is failed by the test meant for it. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-change-suite-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
. testbed/check/tap.sh
baton=build/bin/baton
defects=ref/ike/ike_change_mutants.def tests=suites/mutants/address-change.yaml

witnesses() { grep -v '^pass\|^proven' "$work/out" | tail -40; }

$baton run address-change --results "$work/results" >"$work/out" 2>&1
result $? "the reference, mover and correspondent ($(sed -n 's/^\([0-9]*\) tests.*/\1/p' "$work/out") tests)"
$baton run address-change --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
result $? 'every statement of the catalogue is covered, or it says why not'

# The tester itself, with sanitizers: what it opens, encrypts and answers (and PANA's encrypted AVPs).
build/asan/bin/baton run address-change --results "$work/asan" >"$work/out" 2>&1 &&
	build/asan/bin/baton run pana --filter '*/encryption/*' --results "$work/asan" >"$work/out" 2>&1
result $? 'the tester under AddressSanitizer'

env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/out" 2>&1
result $? 'the wrong variants can be built'
BATON_REF_BIN=$PWD/build/mutant/bin $baton run address-change --mutants $tests \
	--results "$work/mutants" >"$work/out" 2>&1
grep -q '^proven' "$work/out" && ! grep -q '^not proven' "$work/out"
result $? "$(grep -c '^proven' "$work/out") wrong variants, each failed by its test"

sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' $defects | while read -r name; do
	grep -q "mutant: $name," $tests || echo "$name has no test"
	grep -rq "MUTANT($name)" ref/ike || echo "$name is nowhere in the sources"
done >"$work/out"
git grep -ho 'MUTANT(change_[a-z_]*)' -- ref | sed 's/MUTANT(//; s/)//' | while read -r name; do
	grep -q "^X($name," $defects || echo "$name is not in $defects"
done >>"$work/out"
test ! -s "$work/out"
result $? 'the list names the defects that there are, and each has its test'
tap_end
