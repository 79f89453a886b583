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

work=$(mktemp -d) || exit 2
failed=0 iked=0 charon=0 dump=0
there() { nsenter --net=/proc/$space/ns/net "$@"; }

unshare --net sleep 600 &
space=$!
trap 'kill $space 2>/dev/null; stop_iked; stop_charon; rm -rf "$work"' EXIT

stop_iked() {
	[ "$iked" -ne 0 ] && kill "$iked" 2>/dev/null && wait "$iked" 2>/dev/null
	iked=0
}
stop_charon() {
	[ "$charon" -ne 0 ] && kill "$charon" 2>/dev/null && wait "$charon" 2>/dev/null
	charon=0
}

ok() { # NAME STATUS
	if [ "$2" -eq 0 ]; then
		echo "ok - $1"
		return
	fi
	echo "not ok - $1"
	failed=1
	sed 's/^/# iked: /' "$work/iked.log" | tail -5
	tail -15 "$work/events" | sed 's/^/# event: /'
	tail -30 "$work/charon.log" | sed 's/^/# charon: /'
}

until_true() { # SECONDS COMMAND...
	local n=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((n--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

# --- the two ends ------------------------------------------------------------------------------

until_true 5 test -e /proc/$space/ns/net
sleep 0.2
ip link add v0 type veth peer name v1 && ip link set v1 netns $space || { ok "a veth pair" 1; exit 1; }
ip link set lo up
ip addr add 10.9.0.1/24 dev v0 && ip addr add 10.9.0.3/24 dev v0 && ip link set v0 up
there ip link set lo up
there ip addr add 10.9.0.2/24 dev v1
there ip link set v1 up
# kernel-libipsec routes a selector's traffic from an address of ours within it
there ip addr add 10.2.0.1/16 dev lo

cat >"$work/strongswan.conf" <<END
charon-systemd {
	load = random nonce openssl curve25519 pem x509 pubkey constraints kdf kernel-libipsec kernel-netlink socket-default vici updown
	fragment_size = ${fragment:-1280}
	retransmit_tries = 3
	retransmit_timeout = 1.0
	journal { default = -1 }
	filelog { all { path = $work/charon.log
		default = 1
		flush_line = yes } }
	plugins {
		vici { socket = unix://$work/vici }
		kernel-libipsec { allow_peer_ts = yes }
	}
}
swanctl { plugins { vici { socket = unix://$work/vici } } }
END
export STRONGSWAN_CONF=$work/strongswan.conf

swanctl_conf() { # IKE-PROPOSAL ESP-PROPOSAL EXTRA
	cat >"$work/swanctl.conf" <<END
connections {
	test {
		version = 2
		local_addrs = 10.9.0.2
		remote_addrs = %any
		proposals = $1
		$3
		local { auth = psk
			id = cn.example }
		remote { auth = psk
			id = mn.example }
		children { net {
			${charon_ts-local_ts = 10.2.0.0/16}
			$4
			esp_proposals = $2 } }
	}
}
pools { small { addrs = 10.77.0.0/24 } }
secrets { ike-one { id-1 = mn.example
	id-2 = cn.example
	secret = "a shared secret" } }
END
}

swan() { there swanctl "$@" --uri "unix://$work/vici"; }

start_charon() { # as swanctl_conf
	swanctl_conf "$@"
	stop_charon
	: >"$work/charon.log"
	nsenter --net=/proc/$space/ns/net charon-systemd >"$work/charon.out" 2>&1 &
	charon=$!
	until_true 10 swan --stats || { ok "charon starts" 1; exit 1; }
	swan --load-all --file "$work/swanctl.conf" >"$work/load" 2>&1
}

start_iked() { # EXTRA lines of the connection
	stop_iked
	: >"$work/events"
	cat >"$work/iked.yaml" <<END
control: $work/iked.sock
events: $work/events
key_log: $work/keys
cookie_threshold: ${cookies:-32}
connections:
  - name: test
    local: 10.9.0.1
    remote: 10.9.0.2
    local_id: mn.example
    remote_id: cn.example
    psk: ${psk:-a shared secret}
    local_ts: ${local_ts:-10.1.0.0/16}
    remote_ts: 10.2.0.0/16
$(printf '    %s\n' "$@")
END
	"$bin/baton-iked" -c "$work/iked.yaml" >"$work/iked.log" 2>&1 &
	iked=$!
	until_true 5 test -S "$work/iked.sock" || { ok "baton-iked starts" 1; exit 1; }
}

ctl() { "$bin/baton" ctl --json --socket "$work/iked.sock" iked "$@"; }
event() { grep -q "\"event\":\"$1\"" "$work/events"; }
events() { grep -c "\"event\":\"$1\"" "$work/events"; }
last() { grep "\"event\":\"$1\"" "$work/events" | tail -1 | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"; }
up() { event ike_established && event ike_child_up; }
# The SPIs of the newest Child SA stand in charon's list, in and out the other way round.
same_child() {
	local in out
	in=$(last ike_child_up spi_in) out=$(last ike_child_up spi_out)
	swan --list-sas >"$work/sas" 2>&1
	[ -n "$in" ] && grep -qE "in +$out" "$work/sas" && grep -qE "out +$in" "$work/sas"
}
same_ike() {
	local i
	i=$(ctl status | sed -n 's/.*"spi_i": "\([0-9a-f]*\)".*/\1/p' | head -1)
	swan --list-sas >"$work/sas" 2>&1
	[ -n "$i" ] && grep -q "$i" "$work/sas"
}

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
