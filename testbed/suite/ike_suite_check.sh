#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of IKEv2 and IKEv1: the reference passes, every statement is covered or says why not, every deliberate
# defect is failed by the test meant for it. No guest. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-ike-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
. testbed/check/tap.sh
baton=build/bin/baton

witnesses() { grep -v '^pass\|^proven\|^unsupported' "$work/out" | tail -40; }
count() { sed -n 's/^\([0-9]*\) tests.*/\1/p' "$work/out"; }

# The suites below suites/SUITE, the defects in ref/SUITE; their names begin with SUITE.
reference() { # SUITE TITLE
	$baton run "$1" --results "$work/$1" >"$work/out" 2>&1
	result $? "$2 of the reference ($(count) tests)"
	sed -n 's/.*"version": "\(baton-.*\)".*/\1/p' "$work/$1/result.json" | sort -u >"$work/out"
	[ "$(cat "$work/out")" = "$(build/bin/baton-iked --version)" ]
	result $? "$1: the version is that of the program that was judged"
	$baton run "$1" --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
	result $? "$1: every statement of the catalogues is covered, or they say why not"
}
defects() { # SUITE
	local list=ref/$1/mutants.def tests=suites/mutants/$1.yaml
	BATON_REF_BIN=$PWD/build/mutant/bin $baton run "$1" --mutants "$tests" \
		--results "$work/$1-mutants" >"$work/out" 2>&1
	grep -q '^proven' "$work/out" && ! grep -q '^not proven' "$work/out"
	result $? "$1: $(grep -c '^proven' "$work/out") wrong variants, each failed by its test"
	{
		sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' "$list" | while read -r name; do
			grep -q "mutant: $name," "$tests" || echo "$name has no test"
			grep -rq "MUTANT($name)" "ref/$1" || echo "$name is nowhere in the sources"
		done
		grep -oh "MUTANT($1_[a-z0-9_]*)" "ref/$1"/*.c | tr -d ')' | sed 's/MUTANT(//' | sort -u |
			while read -r name; do
				grep -q "^X($name," "$list" || echo "$name is not in $list"
			done
	} >"$work/out"
	test ! -s "$work/out"
	result $? "$list lists the defects that there are, and each has its test"
}

reference ike 'initiator, responder and MOBIKE'
reference isakmp 'IKEv1: initiator and responder'
if command -v charon-systemd >/dev/null && command -v swanctl >/dev/null && [ -c /dev/net/tun ]; then
	$baton run --retry 2 isakmp ike/initiator ike/responder --sut strongswan \
		--expected suites/adapters/strongswan/expected.yaml --results "$work/strongswan" >"$work/out" 2>&1
	status=$?
	[ "$(sed -n 's/^[0-9]* tests: \([0-9]*\) pass.*/\1/p' "$work/out")" -ge 400 ] || status=3
	result $status 'strongSwan does what is expected of it'
else
	skipped 'strongSwan does what is expected of it' 'no charon-systemd, swanctl or /dev/net/tun'
fi
if [ -x build/peers/libreswan/usr/libexec/ipsec/pluto ] || [ -x /usr/libexec/ipsec/pluto ]; then
	$baton run --retry 2 suites/isakmp/{initiator,responder}/1-main.suite --sut libreswan --given esp=none \
		--expected suites/adapters/libreswan/expected-no-esp.yaml --results "$work/libreswan" >"$work/out" 2>&1
	status=$?
	[ "$(sed -n 's/^[0-9]* tests: \([0-9]*\) pass.*/\1/p' "$work/out")" -ge 37 ] || status=3
	result $status 'Libreswan does what is expected of it'
else
	skipped 'Libreswan does what is expected of it' 'no pluto; make deps unpacks it'
fi
if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/out" 2>&1; then
	result 1 'the wrong variants can be built'
	tap_end
fi
defects ike
defects isakmp
tap_end
