#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A few cells of the matrix of IKE, in one guest: each of the other implementations against baton-iked,
# what one cannot do in its own words, and the evidence. Speaks TAP. The whole is `baton interop`
# (docs/interoperability.md).
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

passing="openiked:ref/v2-psk ref:libreswan/v2-certificate strongswan:ref/v2-mobike"
lacking=openiked:ref/v2-eap-tls

. testbed/check/tap.sh
witnesses() { tail -20 "$work/out"; }

only=()
for cell in $passing $lacking; do only+=(--only "$cell"); done
"$baton" interop "${only[@]}" --results "$work/r" >"$work/out" 2>&1
status=$?
if [ $status -eq 125 ]; then
	skipped "interoperability of IKE" "no guest to be had here"
	tap_end
fi
for cell in $passing; do
	grep -q "^pass  *$cell " "$work/out"
	ok "$cell" $?
done
grep -q "^unsupported  *$lacking " "$work/out" && grep -q 'iked does not take that: iked.conf: [0-9]*: unsupported EAP method' "$work/out"
ok "$lacking: unsupported, in the words of iked" $?
[ $status -eq 0 ]
ok "the run ends with status 0" $?
"$baton" report --check "$work/r" >"$work/out" 2>&1
ok "the result is well-formed, and its files are there" $?
name=openiked-ref-v2-psk
tshark -r "$work/r/captures/$name.pcapng" -V \
	-o "uat:ikev2_decryption_table:$(head -1 "$work/r/keys/$name.keys")" >"$work/out" 2>/dev/null
grep -q 'ID_RFC822_ADDR: mn@example\|Identification Data: mn@example\|Identification Data:mn@example' "$work/out" &&
	! grep -q 'Malformed Packet' "$work/out"
ok "tshark opens the capture with the keys that were found" $?
"$baton" report "$work/r" --format markdown >"$work/out" && grep -q '^| openiked | ref | .*pass' "$work/out"
ok "the report has the pairs" $?

# --- wrong use -----------------------------------------------------------------------------------
"$baton" interop nothing >"$work/out" 2>&1
[ $? -eq 2 ] && grep -q 'there is no matrix nothing' "$work/out"
ok "a matrix that is not there" $?
"$baton" interop --only 'x:y/z' >"$work/out" 2>&1
[ $? -eq 2 ] && grep -q 'nothing is to be run' "$work/out"
ok "a pattern that nothing fits" $?
"$baton" interop --sut ref,nobody >"$work/out" 2>&1
[ $? -eq 2 ] && grep -q 'there is no adapter nobody' "$work/out"
ok "an implementation that is not there" $?
tap_end
