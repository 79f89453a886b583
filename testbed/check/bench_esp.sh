#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What IKE does for ESP in the kernel, baton-iked beside strongSwan's charon, in the guest on the virtual
# clock: one processor, an instruction a nanosecond, whatever else this machine does.
#
# First set-ups as in bench_ike.sh, but each with its Child SA: the responder puts two SAs and the policies
# into the kernel, and takes them out when the initiator deletes. That they are there is looked for in the
# kernel. Then traffic between two networks whose ends are both baton-iked, or both charon, or neither:
# round trip and one TCP connection, with AES-256-GCM. The kernel's ESP is the same; that what each told it
# costs the same is what this shows. One JSON object a line. Needs no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
PATH=$PATH:/usr/sbin:/sbin
if [ "${1:-}" != inside ]; then
	build/bin/baton guest --clock virtual --timeout 3000 -- "$PWD/testbed/check/bench_esp.sh" inside
	exit
fi
bin=$PWD/build/bin rounds=${BENCH_ROUNDS:-1} count=${BENCH_ESP_COUNT:-100} clients=16
octets=${BENCH_ESP_OCTETS:-2000000} esp=kernel space=0
work=$(mktemp -d) || exit 2
trap 'stop; leave; rm -rf "$work"' EXIT
. testbed/check/tap.sh
. testbed/check/bench_ike_ends.sh
ip link set lo up

# --- set-ups --------------------------------------------------------------------------------------

note() { echo "bench: ESP: $1" >&2; }
in_kernel() { ip xfrm state | grep -c 'proto esp'; }

choose BENCH_ESP_KINDS 'curve25519 psk'
[[ ${kinds[*]} != *certificate* ]] || certificates
for kind in "${kinds[@]}"; do
	read -r group means <<<"$kind"
	note "set-ups, $kind"
	for who in charon iked; do
		# also fetches what both use, from the disk
		start_$who "$group" "$means"
		load "$means" --group "$group" --count 8 --clients 8 --keep
		[ "$(in_kernel)" -eq 16 ] && [ "$(ip xfrm policy | grep -c 'dir out')" -eq 8 ] ||
			fail "$who has $(in_kernel) SAs in the kernel after 8 set-ups, and not 16" "$work/log"
		stop
		ip xfrm state flush && ip xfrm policy flush
	done
	for _ in $(seq "$rounds"); do
		for who in charon iked; do
			start_$who "$group" "$means"
			round $who "$group" "$means" "$count" "$clients" 8
			alone $who "$group" "$means" 30
			[ "$(in_kernel)" -eq 0 ] || fail "$who leaves SAs in the kernel" "$work/log"
			stop
		done
	done
done

# --- traffic --------------------------------------------------------------------------------------

there() { nsenter --net=/proc/$space/ns/net "$@"; }

unshare --net sleep 3600 &
space=$!
until_apart $space
ip link add v0 type veth peer name v1 && ip link set v1 netns $space
for side in "ip 1 0" "there_ip 2 1"; do
	read -r ip n v <<<"$side"
	there_ip() { there ip "$@"; }
	$ip link set lo up
	$ip addr add 192.0.2.$n/24 dev v$v
	$ip link set v$v up
	$ip addr add 10.$n.0.1/16 dev lo
	$ip route add 10.$((3 - n)).0.0/16 via 192.0.2.$((3 - n)) src 10.$n.0.1
done

# Both ends are started through their adapters, as in `baton interop`.
export BATON_IKE_VERSION=2 BATON_IKE_AUTH=psk BATON_PSK='a shared secret' BATON_IDENTITY=mn@example \
	BATON_SERVER_IDENTITY=server.example BATON_IKE_PROPOSAL=aes256gcm16-prfsha256-curve25519 \
	BATON_ESP_PROPOSAL=aes256gcm16 BATON_TS_INITIATOR=10.1.0.0/16 BATON_TS_RESPONDER=10.2.0.0/16 \
	BATON_IKE_MODE=tunnel BATON_INTERNAL_ADDRESS=no BATON_MOBIKE=no BATON_ESP=kernel BATON_PREFIX_LENGTH=24
# With the environment of that end, where it is; `become=exec`: instead of this shell.
end() { # WHO ROLE COMMAND...
	local where=() address=192.0.2.1 peer=192.0.2.2 role=$2 adapter=ref
	[ "$role" = initiator ] || { where=(nsenter --net=/proc/$space/ns/net) address=192.0.2.2 peer=192.0.2.1; }
	[ "$1" = iked ] || adapter=strongswan
	shift 2
	${become-} env BATON_ROLE=ike-$role BATON_ADDRESS=$address BATON_PEER_ADDRESS=$peer BATON_SCRATCH=$work/$role \
		BATON_ADAPTER=$PWD/suites/adapters/$adapter "${where[@]}" bash -c 'PATH=$BATON_ADAPTER:$PATH; "$@"' end "$@"
}
ends=()
leave() { # [ends]: these alone
	[ ${#ends[@]} -eq 0 ] || { kill "${ends[@]}" && wait "${ends[@]}"; } 2>/dev/null
	ends=()
	[ "${1:-}" = ends ] || [ $space -eq 0 ] || kill $space 2>/dev/null
}
ready() { # WHO ROLE
	if [ "$1" = iked ]; then grep -q ': ready ' "$work/$2.log"; else end "$@" ask ready >/dev/null 2>&1; fi
}
up() { [ "$(in_kernel)" -ge 2 ] && [ "$(there ip xfrm state | grep -c 'proto esp')" -ge 2 ]; }
join() { # WHO
	local role
	for role in responder initiator; do
		rm -rf "${work:?}/$role" && mkdir "$work/$role"
		if [ "$1" = iked ]; then set -- iked exec ike start; else set -- charon exec start; fi
		become=exec end "$1" $role "${@:2}" >"$work/$role.log" 2>&1 &
		ends+=($!)
		until_true 20 ready "$1" $role || fail "$1 as $role is not ready" "$work/$role.log"
	done
	if [ "$1" = iked ]; then end iked initiator ike verb connect; else end charon initiator ask connect; fi \
		>"$work/connect" 2>&1
	until_true 20 up || fail "$1 has no Child SA in the kernel" "$work/initiator.log"
}
# Octets that went out under ESP.
carried() { ip -s xfrm state | awk '/^src 192.0.2.1 /{ own = 1 } /^src 192.0.2.2 /{ own = 0 }
	own && /\(bytes\)/ && /packets/ { sub(/\(bytes\).*/, ""); sum += $1 } END { printf "%.0f\n", sum }'; }

there iperf3 -s -B 10.2.0.1 >"$work/server" 2>&1 &
server=$!
transfer() { iperf3 -c 10.2.0.1 -B 10.1.0.1 -n "$1" --json >"$work/iperf" 2>&1; }
traffic() { # WHO
	local before rtt rate
	ping -q -c 5 -i 0.01 -W 2 -I 10.1.0.1 10.2.0.1 >"$work/ping" && until_true 10 transfer 200000 ||
		fail "$1: nothing goes through" "$work/ping"
	before=$(carried)
	ping -q -c 100 -i 0.01 -I 10.1.0.1 10.2.0.1 >"$work/ping" && transfer "$octets" ||
		fail "$1: nothing goes through" "$work/iperf"
	[ "$1" = clear ] || [ $(($(carried) - before)) -ge "$octets" ] ||
		fail "$1: $(($(carried) - before)) octets went out under ESP, not $octets" "$work/iperf"
	rtt=$(sed -n 's/^rtt [^=]*= [0-9.]*\/\([0-9.]*\)\/.*/\1/p' "$work/ping")
	rate=$(/usr/bin/python3 -c 'import json, sys
print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e6)' <"$work/iperf")
	figure "$1" 'aes256gcm16' 'round trip' "$(awk "BEGIN { printf \"%f\", $rtt * 1000 }")"
	figure "$1" 'aes256gcm16' throughput "$rate"
}

note 'traffic'
traffic clear
for _ in $(seq "$rounds"); do
	for who in charon iked; do
		join $who
		traffic $who
		leave ends
		ip xfrm state flush && ip xfrm policy flush && there ip xfrm state flush && there ip xfrm policy flush
	done
done
kill $server
/usr/bin/python3 testbed/check/bench_ratio.py "ESP" "$work/rounds"
