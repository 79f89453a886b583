#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton-iked against strongSwan's charon, both ways: set-up with a pre-shared key, cookies, a group
# that the responder does not want, fragments, an internal address, rekeying from either end, MOBIKE,
# delete, a wrong key. Success is not enough: both ends must name the same SPIs.
#
# Two namespaces and a veth pair; charon's kernel-libipsec plugin stands in for ESP in the kernel.
# Speaks TAP. Needs build/bin/baton and baton-iked, charon-systemd, swanctl; no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - IKE with strongSwan # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	command -v charon-systemd >/dev/null || skip "no charon-systemd"
	command -v swanctl >/dev/null || skip "no swanctl"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	unshare --user --map-root-user --net --mount --pid --fork --kill-child true 2>/dev/null ||
		skip "no user namespaces"
	exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child \
		"$0" inside
fi

. ref/iked/ends.sh

suite='aes256gcm16-prfsha256-x25519' esp='aes256gcm16'
ts='remote_ts = 10.1.0.0/16'

# --- iked begins ---------------------------------------------------------------------------------

start_charon $suite $esp "" "$ts"
if command -v dumpcap >/dev/null && command -v tshark >/dev/null; then
	dumpcap -q -i v0 -w "$work/x.pcap" 2>"$work/dumpcap" &
	dump=$!
	until_true 5 grep -q File: "$work/dumpcap"
fi
start_iked "start: true"
until_true 10 up
ok 'iked begins: IKE SA and Child SA with a pre-shared key, AES-GCM, curve25519' $?
until_true 5 same_child
ok 'charon has the same SPIs' $?
ctl probe >/dev/null && until_true 5 event ike_alive
ok 'charon answers a probe' $?

ctl rekey-child >/dev/null && until_true 5 event ike_child_down && until_true 5 same_child
ok 'iked rekeys the Child SA' $?
ctl rekey >/dev/null && until_true 5 event ike_rekeyed && until_true 5 same_ike
ok 'iked rekeys the IKE SA' $?
n=$(events ike_child_down)
swan --rekey --child net >/dev/null
until_true 10 eval '[ "$(events ike_child_down)" -gt $n ]' && until_true 5 same_child
ok 'charon rekeys the Child SA' $?
n=$(events ike_rekeyed)
swan --rekey --ike test >/dev/null
until_true 10 eval '[ "$(events ike_rekeyed)" -gt $n ]' && until_true 5 same_ike
ok 'charon rekeys the IKE SA' $?

ctl move 10.9.0.3 >/dev/null && until_true 5 event ike_moved &&
	until_true 5 eval 'swan --list-sas | grep -q "10.9.0.3"'
ok 'charon follows to another address (MOBIKE)' $?
ctl delete >/dev/null && until_true 5 event ike_down &&
	until_true 5 eval '! swan --list-sas | grep -q test'
ok 'iked deletes, charon has nothing left' $?

if [ "$dump" -ne 0 ]; then
	kill $dump && wait $dump
	tshark -r "$work/x.pcap" -o "uat:ikev2_decryption_table:$(head -1 "$work/keys")" -V \
		>"$work/dissected" 2>/dev/null
	grep -q 'Identification Data: mn.example\|ID_FQDN: mn.example' "$work/dissected" &&
		! grep -q 'Malformed Packet' "$work/dissected"
	ok 'tshark opens the messages with the key log, and finds none malformed' $?
else
	echo "ok - tshark opens the messages # SKIP no tshark"
fi

# --- charon begins -------------------------------------------------------------------------------

start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && until_true 5 same_child
ok 'charon begins' $?
swan --terminate --ike test >/dev/null 2>&1
until_true 10 event ike_down
ok 'charon deletes' $?
stop_iked
cookies=0
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && grep -q COOKIE "$work/charon.log"
ok 'charon begins and is asked for a cookie' $?
unset cookies
swan --terminate --ike test >/dev/null 2>&1
start_iked 'groups: [ecp256]'
start_charon 'aes256gcm16-prfsha256-x25519-ecp256' $esp "remote_addrs = 10.9.0.1" "$ts"
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up
ok 'charon begins with a group that iked does not want' $?

# --- algorithms ----------------------------------------------------------------------------------

for row in "aes128-sha256-modp2048 aes128-sha256 modp2048" "aes256-sha512-modp3072 aes256-sha512 modp3072" \
	"aes256gcm16-prfsha512-modp4096 aes128gcm16 modp4096" "aes128gcm16-prfsha384-ecp384 aes256-sha384 ecp384" \
	"aes256-sha384-ecp256 aes256gcm16 ecp256"; do
	read -r ike child group <<<"$row"
	start_charon "$ike" "$child" "" "$ts"
	start_iked "start: true" "groups: [curve25519, $group]"
	until_true 15 up && until_true 5 same_child && ctl rekey >/dev/null &&
		until_true 10 event ike_rekeyed && until_true 5 same_ike
	ok "$ike, ESP $child, from a first offer of curve25519, and rekeyed" $?
done

# --- the rest ------------------------------------------------------------------------------------

start_charon $suite $esp "fragmentation = force" "$ts"
start_iked "start: true" "fragment_size: 300"
until_true 10 up && until_true 5 same_child
ok 'fragments both ways' $?
start_charon $suite $esp "pools = small" ""
start_iked "start: true" "ask_address: true"
until_true 10 up && event ike_address && until_true 5 same_child
ok 'iked asks for an internal address and gets one' $?
charon_ts= start_charon $suite $esp "remote_addrs = 10.9.0.1
		vips = 0.0.0.0" "$ts"
start_iked 'pool: 10.78.0.8/29'
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && swan --list-sas | grep -q 10.78.0
ok 'charon asks for an internal address and gets one' $?
start_charon $suite $esp "" "$ts"
psk='another secret' start_iked "start: true"
until_true 10 event ike_failed
ok 'a wrong key fails' $?
[ "$(last ike_failed words)" = AUTHENTICATION_FAILED ]
ok 'for that reason' $?
local_ts=10.5.0.0/16 start_iked "start: true"
until_true 10 event ike_child_failed && event ike_established
ok 'selectors that charon does not allow: an IKE SA without a Child SA' $?
start_charon aes128-sha256-modp2048 $esp "" "$ts"
start_iked "start: true" "groups: [curve25519]"
until_true 10 event ike_failed && [ "$(last ike_failed words)" = NO_PROPOSAL_CHOSEN ]
ok 'no common proposal fails for that reason' $?
exit $failed
