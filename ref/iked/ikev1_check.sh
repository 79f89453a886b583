#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# IKEv1 of baton-iked against strongSwan's charon, both ways: main mode with a pre-shared key and
# with certificates, quick mode with and without perfect forward secrecy, rekeying of either SA from
# either end, dead peer detection, delete, NAT traversal, old algorithms only where they are
# configured, a wrong key. Success is not enough: both ends must name the same SPIs. Then two of ours.
#
# Two namespaces and a veth pair; charon's kernel-libipsec plugin stands in for ESP in the kernel.
# Speaks TAP. Needs build/bin/baton and baton-iked, charon-systemd, swanctl; no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - IKEv1 with strongSwan # SKIP $1"; exit 0; }

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

version=1
. ref/iked/ends.sh

suite='aes256-sha256-modp2048' esp='aes256gcm16'
ts='remote_ts = 10.1.0.0/16'
start_v1() { start_iked "version: 1" "$@"; }

# --- iked begins ---------------------------------------------------------------------------------

start_charon $suite $esp "" "$ts"
if command -v dumpcap >/dev/null && command -v tshark >/dev/null; then
	dumpcap -q -i v0 -w "$work/x.pcap" 2>"$work/dumpcap" &
	dump=$!
	until_true 5 grep -q File: "$work/dumpcap"
fi
start_v1 "start: true"
until_true 10 up
ok 'iked begins: main mode with a pre-shared key, quick mode, AES-GCM' $?
until_true 5 same_child && same_ike
ok 'charon has the same cookies and SPIs' $?
swan --list-sas | grep -q 'IKEv1'
ok 'and calls it IKEv1' $?
ctl probe >/dev/null && until_true 5 event ike_alive
ok 'charon answers R-U-THERE' $?
n=$(events ike_child_up)
ctl rekey-child >/dev/null && until_true 5 eval '[ "$(events ike_child_up)" -gt $n ]' &&
	until_true 5 same_child
ok 'iked rekeys the Child SA' $?
n=$(events ike_child_up)
swan --rekey --child net >/dev/null
until_true 10 eval '[ "$(events ike_child_up)" -gt $n ]' && until_true 5 same_child
ok 'charon rekeys the Child SA' $?
ctl rekey >/dev/null && until_true 5 event ike_rekeyed && until_true 5 same_ike
ok 'iked makes the ISAKMP SA anew; Child SAs go on' $?
event ike_down
[ $? -ne 0 ]
ok 'nothing went down meanwhile' $?
ctl delete >/dev/null && until_true 5 event ike_down &&
	until_true 15 eval '! swan --list-sas | grep -q test'
ok 'iked deletes, charon has nothing left' $?

if [ "$dump" -ne 0 ]; then
	kill $dump && wait $dump
	tables=()
	while read -r line; do tables+=(-o "uat:ikev1_decryption_table:$line"); done <"$work/keys"
	tshark -r "$work/x.pcap" "${tables[@]}" -V >"$work/dissected" 2>/dev/null
	grep -q 'ID_FQDN: mn.example\|Identification Data:mn.example' "$work/dissected" &&
		grep -q 'R-U-THERE' "$work/dissected" && grep -q 'Encapsulation-Mode' "$work/dissected" &&
		! grep -q 'Malformed Packet' "$work/dissected"
	ok 'tshark opens main mode, quick mode and R-U-THERE with the key log, and finds none malformed' $?
else
	skipped "tshark opens the messages" "no tshark"
fi

# --- charon begins -------------------------------------------------------------------------------

start_charon $suite $esp "remote_addrs = 10.9.0.1
		dpd_delay = 1s" "$ts"
start_v1
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && until_true 5 same_child && same_ike
ok 'charon begins' $?
until_true 6 grep -q 'DPD_ACK' "$work/charon.log"
ok 'iked answers R-U-THERE' $?
swan --terminate --child net >/dev/null 2>&1
until_true 10 event ike_child_down
ok 'charon deletes the Child SA' $?
swan --terminate --ike test >/dev/null 2>&1
until_true 10 event ike_down
ok 'charon deletes the ISAKMP SA' $?

# --- the peer that is gone -----------------------------------------------------------------------

start_charon $suite $esp "" "$ts"
start_v1 "start: true" "liveness: 1 s"
until_true 10 up && until_true 5 event ike_alive
kill -STOP "$charon"
until_true 90 event ike_unreachable
ok 'a peer that does not answer any more is given up' $?
kill -CONT "$charon"

# --- algorithms ----------------------------------------------------------------------------------

for row in "aes128-sha256-modp2048 aes128-sha256 none" "aes256-sha512-modp3072 aes256-sha512-modp3072 modp3072" \
	"aes256-sha384-ecp384 aes128gcm16-ecp384 ecp384"; do
	read -r ike child group <<<"$row"
	start_charon "$ike" "$child" "" "$ts"
	start_v1 "start: true" "pfs: $group"
	until_true 15 up && until_true 5 same_child
	ok "$ike, ESP $child, iked begins" $?
	start_charon "$ike" "$child" "remote_addrs = 10.9.0.1" "$ts"
	start_v1 "pfs: $group"
	swan --initiate --child net >"$work/initiate" 2>&1
	until_true 15 up && until_true 5 same_child
	ok "$ike, ESP $child, charon begins" $?
done
start_charon 3des-sha1-modp1024 3des-sha1 "" "$ts"
start_v1 "start: true"
until_true 10 grep -q "no proposal found" "$work/charon.log" && ! event ike_established
ok 'old algorithms are not offered' $?
start_v1 "start: true" "old_algorithms: true"
until_true 10 up && until_true 5 same_child
ok 'but where they are configured they are: 3DES, SHA-1, MODP 1024' $?

# --- the rest ------------------------------------------------------------------------------------

start_charon $suite $esp "encap = yes" "$ts"
start_v1 "start: true"
until_true 10 up && until_true 5 same_child && ctl status | grep -q '10.9.0.2:4500'
ok 'charon feigns a NAT: port 4500 and ESP in UDP' $?
start_charon $suite $esp "" "$ts"
start_v1 "start: true" "encapsulate: true"
until_true 10 up && until_true 5 same_child && [ "$(last ike_child_up encapsulated)" != false ] &&
	ctl status | grep -q '10.9.0.2:4500'
ok 'iked feigns a NAT' $?
start_charon $suite $esp "" "$ts"
local_ts=10.5.0.0/16 start_v1 "start: true"
until_true 10 event ike_child_failed && event ike_established
ok 'selectors that charon does not allow: an ISAKMP SA without a Child SA' $?
proof=${by_psk/a shared/another} start_v1 "start: true"
sleep 2
! event ike_established
ok 'a wrong key fails' $?

# --- certificates --------------------------------------------------------------------------------

"$bin/baton" creds --rsa "$work/rsa" >/dev/null
ok 'certificates are made' $?
cp "$work/rsa/server.pem" "$work/swanctl/x509/server.pem"
cp "$work/rsa/ca.pem" "$work/swanctl/x509ca/ca.pem"
cp "$work/rsa/server.key" "$work/swanctl/private/server.key"
charon_local='auth = pubkey
		certs = server.pem
		id = server.example'
charon_remote='auth = pubkey
		id = mn@example'
proof="    local_id: mn@example
    remote_id: server.example
    local_auth: certificate
    remote_auth: certificate
    certificates: { ca: $work/rsa/ca.pem, certificate: $work/rsa/client.pem, key: $work/rsa/client.key }"
start_charon $suite $esp "" "$ts"
start_v1 "start: true"
until_true 10 up && until_true 5 same_child
ok 'RSA signatures: iked begins' $?
start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
start_v1
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && until_true 5 same_child
ok 'RSA signatures: charon begins' $?
proof=${proof/client.pem/other-client.pem} proof=${proof/client.key/other-client.key}
start_charon $suite $esp "" "$ts"
start_v1 "start: true"
until_true 10 event ike_failed
ok 'a certificate that charon does not trust is refused' $?
tap_end
