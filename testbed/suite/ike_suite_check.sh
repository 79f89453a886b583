#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of IKEv2: the reference passes, every statement is covered or says why not, every deliberate
# defect is failed by the test meant for it. No guest. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-ike-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
. testbed/check/tap.sh
baton=build/bin/baton

witnesses() { grep -v '^pass\|^proven\|^unsupported' "$work/out" | tail -40; }
count() { sed -n 's/^\([0-9]*\) tests.*/\1/p' "$work/out"; }

$baton run ike --results "$work/ref" >"$work/out" 2>&1
result $? "initiator, responder and MOBIKE of the reference ($(count) tests)"
$baton run ike --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
result $? 'every statement of the catalogues is covered, or they say why not'
if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/out" 2>&1; then
	result 1 'the wrong variants can be built'
	tap_end
fi
BATON_REF_BIN=$PWD/build/mutant/bin $baton run ike --mutants suites/mutants/ike.yaml \
	--results "$work/mutants" >"$work/out" 2>&1
grep -q '^proven' "$work/out" && ! grep -q '^not proven' "$work/out"
result $? "$(grep -c '^proven' "$work/out") wrong variants, each failed by its test"
{
	sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' ref/ike/mutants.def | while read -r name; do
		grep -q "mutant: $name," suites/mutants/ike.yaml || echo "$name has no test"
		grep -rq "MUTANT($name)" ref/ike || echo "$name is nowhere in the sources"
	done
	grep -oh 'MUTANT(ike_[a-z0-9_]*)' ref/ike/*.c | tr -d ')' | sed 's/MUTANT(//' | sort -u | while read -r name; do
		grep -q "^X($name," ref/ike/mutants.def || echo "$name is not in ref/ike/mutants.def"
	done
} >"$work/out"
test ! -s "$work/out"
result $? 'ref/ike/mutants.def lists the defects that there are, and each has its test'
tap_end
