#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Suites of IKE against implementations whose Child SAs are in the kernel: a test or two of each, both roles; the
# whole is in docs/suites.md. ref/iked/esp_check.sh runs this in its guest. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-ike-kernel-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
. testbed/check/tap.sh
witnesses() { tail -20 "$work/out"; }

# SUT TITLE COUNT EXPECTED SUITE FILTER
gate() {
	build/bin/baton run "$5" --sut "$1" --filter "$6" --given esp=kernel --jobs 1 --retry 2 \
		--expected "suites/adapters/$1/$4" --results "$work/$1" >"$work/out" 2>&1
	status=$?
	[ "$(sed -n 's/^[0-9]* tests: \([0-9]*\) pass.*/\1/p' "$work/out")" = "$3" ] || status=3
	result $status "$2"
}

gate strongswan 'strongSwan follows who moves by MOBIKE' 1 expected-kernel.yaml ike/mobike ike/mobike/responder/moves
gate strongswan 'strongSwan moves by MOBIKE, and back' 1 expected-kernel.yaml ike/mobike ike/mobike/initiator/moves-back
if [ -x build/peers/libreswan/usr/libexec/ipsec/pluto ] || [ -x /usr/libexec/ipsec/pluto ]; then
	gate libreswan 'Libreswan comes to the end of quick mode in both roles' 2 expected.yaml isakmp '*/complete'
else
	skipped 'Libreswan comes to the end of quick mode in both roles' 'no pluto; make deps unpacks it'
fi
tap_end
