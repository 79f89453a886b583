#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of 802.1X over IP, RADIUS and finding access points: the reference passes, FreeRADIUS does what was found, every
# deliberate defect is failed by the test meant for it. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-dxi-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
. testbed/check/tap.sh
baton=build/bin/baton

witnesses() { grep -v '^pass\|^proven' "$work/out" | tail -40; }
count() { sed -n 's/^\([0-9]*\) tests.*/\1/p' "$work/out"; }

# Runs mostly wait for what must not come, so they go side by side.
begin() { # NAME ARGUMENTS of baton run
	local name=$1
	shift
	($baton run "$@" --results "$work/$name" >"$work/$name.out" 2>&1; echo $? >"$work/$name.status") &
}
ended() { # NAME WORDS
	cp "$work/$1.out" "$work/out"
	result "$(cat "$work/$1.status")" "$2 ($(count) tests)"
}
begin dxi dot1x-over-ip
begin finding finding-access-points
begin client radius/client
begin server radius/server --sut freeradius --expected suites/adapters/freeradius/expected.yaml
wait
begin hostapd radius/client --sut hostapd --expected suites/adapters/hostapd/expected.yaml
begin eapol radius/client --sut eapol_test --expected suites/adapters/eapol_test/expected.yaml
ended dxi '802.1X over IP: access point, proxy and station of the reference'
ended finding 'access points that say where they are, agents that tell of them'
ended client 'RADIUS: the reference passes EAP on'
ended server 'RADIUS: FreeRADIUS does what was found, no more and no less'
grep -q '^pass .*radius/server/success\[method=EAP-TLS\]' "$work/out"
result $? 'FreeRADIUS accepts a peer by EAP-TLS'
for name in dot1x-over-ip finding-access-points radius; do
	$baton run $name --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
	result $? "$name: every statement of the catalogues is covered, or they say why not"
done

if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/out" 2>&1; then
	result 1 'the wrong variants can be built'
	tap_end
fi
names='dot1x-over-ip radius finding-access-points'
for name in $names; do
	BATON_REF_BIN=$PWD/build/mutant/bin $baton run $name --mutants suites/mutants/$name.yaml \
		--results "$work/mutants.$name" >"$work/$name" 2>&1 &
done
wait
ended hostapd 'RADIUS: hostapd does what was found, no more and no less'
ended eapol 'RADIUS: eapol_test does what was found, no more and no less'
for name in $names; do
	cp "$work/$name" "$work/out"
	grep -q '^proven' "$work/out" && ! grep -q '^not proven' "$work/out"
	result $? "$name: $(grep -c '^proven' "$work/out") wrong variants, each failed by its test"
done
for list in ref/dot1x/dxi_mutants.def:dot1x-over-ip ref/radius/mutants.def:radius \
	ref/discovery/mutants.def:finding-access-points; do
	sed -n 's/^X(\([a-z0-9_]*\),.*/\1/p' "${list%:*}" | while read -r name; do
		grep -q "mutant: $name," "suites/mutants/${list#*:}.yaml" || echo "$name has no test"
		grep -rq "MUTANT($name)" ref || echo "$name is nowhere in the sources"
	done >"$work/out"
	git grep -ho 'MUTANT(\(dxi\|radius\|ap_info\)_[a-z_]*)' -- ref | tr -d ')' | sed 's/MUTANT(//' | sort -u |
		grep "^$(basename "${list#*:}" | sed 's/dot1x-over-ip/dxi/; s/finding.*/ap_info/')" | while read -r name; do
		grep -q "^X($name," "${list%:*}" || echo "$name is not in ${list%:*}"
	done >>"$work/out"
	test ! -s "$work/out"
	result $? "${list%:*} lists the defects that there are, and each has its test"
done
tap_end
