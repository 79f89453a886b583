#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Traffic through the kernel's ESP between baton-iked and strongSwan's charon, both ways, and with an
# internal address; counted in the states of both ends, seen as ESP on the wire, and gone when the SA
# is gone; IKEv2, and IKEv1. In the guest, whose kernel has ESP. Speaks TAP. Needs build/bin/baton and baton-iked,
# charon-systemd, swanctl, tcpdump.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - ESP between baton-iked and strongSwan # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	for p in charon-systemd swanctl tcpdump; do
		command -v $p >/dev/null || skip "no $p"
	done
	# one boot for all
	"$bin/baton" guest --clock virtual --timeout 2400 -- bash -c '
		"$1/esp_check.sh" inside
		first=$?
		"$1/vpn.sh" inside || first=1
		"$1/../../testbed/suite/ike_kernel.sh" || first=1
		command -v dnsmasq >/dev/null || { echo "ok - DHCP over IPsec # SKIP no dnsmasq"; exit $first; }
		"$1/dhcp_over_ipsec.sh" inside
		second=$?
		[ $first -ne 0 ] || exit $second
		exit $first' esp "$PWD/ref/iked"
	status=$?
	[ $status -eq 125 ] && skip "no guest to be had here"
	exit $status
fi

esp_plugin='' global='install: true'
. ref/iked/ends.sh
ip addr add 10.1.0.1/16 dev lo
ip route add 10.2.0.0/16 via 10.9.0.2 src 10.1.0.1
there ip route add 10.1.0.0/16 via 10.9.0.1 src 10.2.0.1

suite='aes256gcm16-prfsha256-x25519' esp='aes256gcm16'
ts='remote_ts = 10.1.0.0/16'
ready() { until_true 20 up && until_true 10 same_child; }
pings() { ping -q -c 3 -i 0.2 -W 2 -I "${1:-10.1.0.1}" 10.2.0.1 | grep -q ' 0% packet loss'; }
# The newest Child SA has carried that many packets in each direction, by the node's own account.
carried() {
	ctl status >"$work/status"
	[ "$(sed -n 's/.*"packets_in": \([0-9]*\).*/\1/p' "$work/status" | head -1)" = "$1" ] &&
		[ "$(sed -n 's/.*"packets_out": \([0-9]*\).*/\1/p' "$work/status" | head -1)" = "$1" ]
}
clean() { [ -z "$(ip xfrm state)" ] && ! ip xfrm policy | grep -q '^src 10\.'; }

# --- iked begins ---------------------------------------------------------------------------------

start_charon $suite $esp "" "$ts"
start_iked "start: true"
ready
ok 'iked begins: the Child SA is in both kernels' $?
tcpdump -Q out -i v0 -n -w "$work/x.pcap" ip 2>"$work/tcpdump" &
dump=$!
until_true 10 grep -q listening "$work/tcpdump"
pings
ok 'packets cross the tunnel' $?
carried 3
ok 'the states have carried them, three each way' $?
sleep 0.5
kill $dump && wait $dump
[ "$(tcpdump -n -r "$work/x.pcap" esp 2>/dev/null | wc -l)" -eq 3 ] &&
	[ "$(tcpdump -n -r "$work/x.pcap" icmp 2>/dev/null | wc -l)" -eq 0 ]
ok 'three packets of ESP leave, and none in the clear' $?

ctl rekey-child >/dev/null && until_true 10 event ike_child_down && until_true 10 same_child && pings &&
	carried 3 && [ "$(ip xfrm state | grep -c '^src')" -eq 2 ]
ok 'after iked rekeyed the Child SA the new states carry, the old ones are gone' $?
n=$(events ike_child_down)
swan --rekey --child net >/dev/null
until_true 10 eval '[ "$(events ike_child_down)" -gt $n ]' && until_true 10 same_child && pings &&
	carried 3 && [ "$(ip xfrm state | grep -c '^src')" -eq 2 ]
ok 'after charon rekeyed it, likewise' $?
ctl rekey >/dev/null && until_true 10 event ike_rekeyed && pings && carried 6
ok 'after the IKE SA was rekeyed the same states carry on' $?
n=$(events ike_moved)
ctl move 10.9.0.3 >/dev/null && until_true 10 eval '[ "$(events ike_moved)" -gt $n ]' && until_true 10 pings &&
	ip xfrm state | grep -q 'src 10\.9\.0\.3 dst 10\.9\.0\.2'
ok 'after a move by MOBIKE the states are between the new addresses, and packets cross' $?
ctl delete-child >/dev/null && until_true 10 clean
ok 'the Child SA deleted: nothing of it is left in the kernel' $?
ctl create-child >/dev/null && until_true 10 pings
ok 'and another one carries' $?
ctl delete >/dev/null && until_true 10 event ike_down && clean
ok 'the IKE SA deleted: nothing is left in the kernel' $?

# --- charon begins -------------------------------------------------------------------------------

start_charon aes128-sha256-modp2048 aes128-sha256 "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
ready && pings && carried 3
ok 'charon begins, AES-CBC with HMAC-SHA-256: packets cross' $?
swan --terminate --ike test >/dev/null 2>&1
until_true 10 clean
ok 'charon deletes: nothing is left in the kernel' $?
start_charon $suite aes256-sha512 "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
ready && pings && carried 3
ok 'AES-CBC 256 with HMAC-SHA-512 likewise' $?
kill -KILL $iked && wait $iked 2>/dev/null
iked=0
swan --terminate --ike test --force >/dev/null 2>&1
! clean && start_iked && until_true 10 clean
ok 'what a killed node left in the kernel is swept by the next' $?
swan --initiate --child net >"$work/initiate" 2>&1
ready && pings && kill -INT $iked && wait $iked && [ "$(wc -l < <(ip xfrm state; ip xfrm policy | grep '^src 10'))" -eq 0 ]
ok 'Ctrl-C: nothing is left in the kernel' $?
until_true 10 eval '! swan --list-sas | grep -q ESTABLISHED'
ok 'and charon was told' $?
iked=0

start_charon $suite $esp "encap = yes" "$ts"
start_iked "start: true" "encapsulate: true"
ready && ip xfrm state | grep -q 'encap type espinudp' && pings && carried 3
ok 'ESP in UDP: packets cross' $?

# --- IKEv1 ---------------------------------------------------------------------------------------

version=1
start_charon aes256-sha256-modp2048 $esp "" "$ts"
start_iked "version: 1" "start: true"
ready && pings && carried 3
ok 'IKEv1, iked begins: packets cross' $?
n=$(events ike_child_up)
swan --rekey --child net >/dev/null
until_true 10 eval '[ "$(events ike_child_up)" -gt $n ]' && until_true 10 same_child && pings && carried 3
ok 'IKEv1: charon rekeyed the Child SA: the newest states carry' $?
ctl rekey >/dev/null && until_true 10 event ike_rekeyed && pings && carried 6
ok 'IKEv1: after the ISAKMP SA was made anew the same states carry on' $?
ctl delete >/dev/null && until_true 10 event ike_down && until_true 10 clean
ok 'IKEv1: deleted: nothing is left in the kernel' $?
start_charon aes256-sha256-modp2048 aes256-sha256-modp2048 "remote_addrs = 10.9.0.1" "$ts"
start_iked "version: 1" "pfs: modp2048"
swan --initiate --child net >"$work/initiate" 2>&1
ready && pings && carried 3
ok 'IKEv1, charon begins, AES-CBC with perfect forward secrecy: packets cross' $?
version=2

# --- an internal address -------------------------------------------------------------------------

ip route del 10.2.0.0/16
start_charon $suite $esp "pools = small" ""
start_iked "start: true" "ask_address: true"
ready && ip addr show dev v0 | grep -q 'inet 10\.77\.0\.' && pings 10.77.0.1 && carried 3
ok 'iked has an internal address of charon: it is on the interface, packets cross' $?
ctl delete >/dev/null && until_true 10 clean && ! ip addr show dev v0 | grep -q 10.77.0
ok 'and is taken away with the SA' $?
tap_end
