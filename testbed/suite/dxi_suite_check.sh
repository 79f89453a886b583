#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of 802.1X over IP, RADIUS and finding access points: the reference passes, FreeRADIUS does what was found, every
# deliberate defect is failed by the test meant for it. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-dxi-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
baton=build/bin/baton number=0

result() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		grep -v '^pass\|^proven' "$work/out" | sed 's/^/# /' | tail -40
		echo "not ok $number - $2"
	fi
}
count() { sed -n 's/^\([0-9]*\) tests.*/\1/p' "$work/out"; }

# It mostly waits for what must not come, so the rest goes beside it.
$baton run dot1x-over-ip --results "$work/dxi" >"$work/dxi.out" 2>&1 &
dxi=$!
$baton run dot1x-over-ip --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
result $? 'every statement of its specification is covered, or the catalogue says why not'
$baton run radius/client --results "$work/client" >"$work/out" 2>&1
result $? "RADIUS: the reference passes EAP on ($(count) tests)"
$baton run radius/server --sut freeradius --expected suites/adapters/freeradius/expected.yaml \
	--results "$work/server" >"$work/out" 2>&1
result $? "RADIUS: FreeRADIUS does what was found, no more and no less ($(count) tests)"
cp "$work/out" "$work/freeradius"
$baton run radius/client --sut hostapd --expected suites/adapters/hostapd/expected.yaml \
	--results "$work/hostapd" >"$work/out" 2>&1
result $? "RADIUS: hostapd does what was found, no more and no less ($(count) tests)"
cp "$work/freeradius" "$work/out"
grep -q '^pass .*radius/server/success\[method=EAP-TLS\]' "$work/out"
result $? 'FreeRADIUS accepts a peer by EAP-TLS'
$baton run finding-access-points --results "$work/finding" >"$work/out" 2>&1
result $? "access points that say where they are, agents that tell of them ($(count) tests)"
$baton run finding-access-points --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
result $? 'every statement of its specification is covered, or the catalogue says why not'
$baton run radius --coverage >"$work/out" 2>&1 && grep -q ' 0 open' "$work/out"
result $? 'every statement of RFC 2865 and RFC 3579 about EAP is covered, or the catalogue says why not'

wait $dxi
status=$?
mv "$work/dxi.out" "$work/out"
result $status "802.1X over IP: access point, proxy and station of the reference ($(count) tests)"

if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants >"$work/out" 2>&1; then
	result 1 'the wrong variants can be built'
	echo "1..$number"
	exit 1
fi
names='dot1x-over-ip radius finding-access-points'
for name in $names; do
	BATON_REF_BIN=$PWD/build/mutant/bin $baton run $name --mutants suites/mutants/$name.yaml \
		--results "$work/mutants.$name" >"$work/$name" 2>&1 &
done
wait
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
echo "1..$number"
