#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The suites of EAP over a LAN against the reference, hostapd, wpa_supplicant and FreeRADIUS, each
# with what it is known to do otherwise; and the proof of the suites: every deliberate defect is failed
# by the test meant for it, and every defect that there is has its test. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
work=$(mktemp -d /tmp/baton-eap-suite-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
baton=build/bin/baton
file=suites/mutants/eap.yaml
. testbed/check/tap.sh

witnesses() { grep -v '^\(pass\|unsupported\) ' "$said" | head -40; }
shown() { # STATUS NAME FILE: what the file says stands below a failure
	said=$3
	result "$1" "$2"
}

# SUT LEAST SUITES...: at least so many tests pass, and nothing is otherwise than expected.
judge() {
	local sut=$1 least=$2 expected=suites/adapters/$1/expected.yaml passed
	shift 2
	[ -f "$expected" ] && expected="--expected $expected" || expected=
	# shellcheck disable=SC2086
	$baton run "$@" --sut "$sut" $expected --results "$work/$sut" >"$work/$sut.out" 2>&1
	echo $? >"$work/$sut.status"
	passed=$(sed -n 's/^[0-9]* tests: \([0-9]*\) pass.*/\1/p' "$work/$sut.out")
	[ "${passed:-0}" -ge "$least" ] || echo 3 >"$work/$sut.status"
}

judge ref 182 eap &
judge hostapd 85 eap/authenticator eap/preauth &
judge hostapd-freeradius 71 eap/authenticator eap/preauth &
judge wpa_supplicant 72 eap/supplicant &
wait
shown "$(cat "$work/ref.status")" "the reference passes all suites of EAP" "$work/ref.out"
grep -q ' 0 open' "$work/ref.out"
shown $? "every statement of the catalogues is covered, or says why not" "$work/ref.out"
for sut in hostapd hostapd-freeradius wpa_supplicant; do
	shown "$(cat "$work/$sut.status")" "$sut does what is expected of it" "$work/$sut.out"
done

unit=build/mutant/ref/eap/eap_rules_test
if ! env -u MAKEFLAGS -u MAKELEVEL make -j2 mutants $unit >"$work/make" 2>&1; then
	shown 1 "the wrong variants can be built" "$work/make"
	tap_end
fi
BATON_REF_BIN=$PWD/build/mutant/bin $baton run eap --mutants $file --results "$work/mutants" \
	>"$work/out" 2>"$work/error"
while read -r word text; do
	said=$work/error
	check "$text" test "$word" = proven
done <"$work/out"

# NAME: the unit test passes without the defect, and fails with it.
shown_by_unit_test() {
	"$unit" >/dev/null 2>&1 && ! BATON_MUTANT=$1 "$unit" >/dev/null 2>&1
}

# Defects in the sources, in the lists beside them, and in the file of proofs.
cat ref/eap/mutants.def ref/dot1x/pae_mutants.def | tr -d '\n' | sed 's/X(/\nX(/g' |
	sed -n 's/^X(\([a-z0-9_]*\), "\([a-z]*\)".*/\1 \2/p' | sort >"$work/listed"
grep -hoE 'MUTANT\((eap|eapol)_[a-z0-9_]*' ref/eap/*.c ref/dot1x/*.c | sed 's/.*(//' | sort -u \
	>"$work/sources"
cut -d' ' -f1 "$work/listed" | diff - "$work/sources" >"$work/difference"
shown $? "the lists of defects have what the sources have" "$work/difference"
while read -r name who; do
	case $who in
	unit) shown_by_unit_test "$name" || echo "$name" ;;
	pana) grep -q "mutant: $name," suites/mutants/pana.yaml || echo "$name" ;;
	*) grep -q "mutant: $name," $file || echo "$name" ;;
	esac
done <"$work/listed" >"$work/missing"
test ! -s "$work/missing"
shown $? "every defect has the test meant for it" "$work/missing"
tap_end
