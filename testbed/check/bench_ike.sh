#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# IKE_SA set-ups a second at baton-iked and at strongSwan's charon, by the same initiators (`baton load
# ike`) with the same algorithms, in turn, round after round, so that what else the machine does meets
# both. Neither makes a Child SA (the selectors asked for are nobody's: RFC 7296 §1.2, the IKE SA stays),
# so nothing here is the kernel's work. Neither logs, asks for cookies, rekeys or probes; charon has a
# hash table of IKE SAs instead of the list it has by default. Responders are started anew each time.
#
# For each kind: rate and processor time of the responder per SA, the median of the rounds, and the ratio
# to charon with the least and the greatest of a round; then a single initiator's latency; then memory
# of 10,000 SAs. One JSON object a line. Needs no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
PATH=$PATH:/usr/sbin:/sbin
[ "${1:-}" = inside ] || exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child "$0" inside
bin=$PWD/build/bin rounds=${BENCH_ROUNDS:-5} count=${BENCH_COUNT:-2000} clients=${BENCH_CLIENTS:-64}
many=${BENCH_MANY:-10000}
work=$(mktemp -d) || exit 2
trap 'stop; rm -rf "$work"' EXIT
. testbed/check/tap.sh
. testbed/check/bench_ike_ends.sh
ip link set lo up
certificates

# --- rounds ---------------------------------------------------------------------------------------

choose BENCH_KINDS 'curve25519 psk;modp2048 psk;curve25519 certificate'
for kind in "${kinds[@]}"; do
	read -r group means <<<"$kind"
	for round in $(seq "$rounds"); do
		for who in charon iked; do
			start_$who "$group" "$means"
			round $who "$group" "$means" "$count" "$clients" 50
			[ "$round" -ne 1 ] || alone $who "$group" "$means" 200
			stop
		done
	done
done
for who in charon iked; do
	start_$who curve25519 psk
	load psk --count 50 --clients 8
	before=$(rss)
	load psk --count "$many" --clients "$clients"
	figure $who 'curve25519, psk' memory $((($(rss) - before) * 1024 / many))
	stop
done

/usr/bin/python3 testbed/check/bench_ratio.py "IKE" "$work/rounds" "memory of an SA, $many up"
