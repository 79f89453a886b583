#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Both ends of an IKE SA change their addresses at once, to where neither finds the other
# (docs/address-change.md 5.7): each puts its new address under its name at a Knot DNS server, by
# dynamic update under a key, and finds the other by its name. Then with a key that the server does
# not know. Speaks TAP. Needs root, build/bin/baton and baton-iked, knotd.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - names # SKIP $1"; exit 0; }

[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
command -v knotd >/dev/null || skip "no knotd"
if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
	[ "${1:-}" = inside ] && skip "no namespaces"
	"$bin/baton" guest --timeout 300 -- "$PWD/ref/iked/names_check.sh" inside
	status=$?
	[ $status -eq 125 ] && skip "no guest to be had here"
	exit $status
fi

work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
started=()
trap 'kill "${started[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

witnesses() {
	for n in mn cn; do
		tail -5 "$work/$n.log" | sed "s/^/$n: /"
		tail -8 "$work/$n.events" | sed "s/^/$n: /"
	done
	tail -5 "$work/knot.log" | sed 's/^/knot: /'
}

# --- three hosts at a bridge ---------------------------------------------------------------------

declare -A space
for n in net mn cn ns; do
	unshare --net sleep 300 &
	space[$n]=$!
	started+=($!)
done
at() { nsenter --net=/proc/"${space[$1]}"/ns/net "${@:2}"; }
# The same in the background, as a process that `started` can end: no shell in between.
start_at() {
	nsenter --net=/proc/"${space[$1]}"/ns/net "${@:2}" &
	started+=($!)
}
for n in net mn cn ns; do
	until_apart "${space[$n]}"
	at $n ip link set lo up
done
at net ip link add br0 type bridge && at net ip link set br0 up
plug() { # HOST ADDRESS
	at net ip link add p-$1 type veth peer name e0 netns "${space[$1]}"
	at net ip link set p-$1 master br0 up
	at $1 ip addr add "$2/16" dev e0
	at $1 ip link set e0 up
}
plug mn 10.9.0.1 && plug cn 10.9.0.2 && plug ns 10.9.0.53
ok 'three hosts' $?

secret=$(head -c 32 /dev/urandom | base64)
mkdir "$work/zones"
cat >"$work/zones/example.zone" <<'END'
$TTL 1
@  SOA ns admin 1 60 60 600 1
@  NS  ns
ns A   10.9.0.53
mn A   10.9.0.1
cn A   10.9.0.2
END
cat >"$work/knot.conf" <<END
server:
    rundir: $work
    listen: 10.9.0.53@53
key:
  - id: nodes
    algorithm: hmac-sha256
    secret: $secret
acl:
  - id: update
    key: nodes
    action: update
database:
    storage: $work
zone:
  - domain: example
    storage: $work/zones
    file: example.zone
    acl: update
log:
  - target: stderr
    any: info
END
start_at ns knotd -c "$work/knot.conf" >"$work/knot.log" 2>&1
until_true 20 grep -q 'server started' "$work/knot.log"
ok 'a Knot that takes updates under a key' $?

node() { # NAME PEER LOCAL REMOTE START SECRET
	cat >"$work/$1.yaml" <<END
control: $work/$1.sock
events: $work/$1.events
follow: true
dns:
  server: 10.9.0.53
  zone: example
  name: $1.example
  key: nodes
  secret: $6
  ttl: 1 s
connections:
  - name: peer
    local_id: $1.example
    remote_id: $2.example
    peer_name: $2.example
    psk: a shared secret
    address_change: true
    start: $5
END
	[ "$5" = false ] || printf '    local: %s\n    remote: %s\n' "$3" "$4" >>"$work/$1.yaml"
	start_at "$1" "$bin/baton-iked" -c "$work/$1.yaml" >"$work/$1.log" 2>&1
	until_true 20 grep -q '"ready"' "$work/$1.events"
}
has() { # NODE EVENT [COUNT]
	[ "$(grep -c "\"event\":\"$2\"" "$work/$1.events")" -ge "${3:-1}" ]
}
node cn mn 10.9.0.2 10.9.0.1 false "$secret"
node mn cn 10.9.0.1 10.9.0.2 true "$secret"
until_true 20 has mn ike_established && until_true 20 has cn ike_established
ok 'two nodes with an IKE SA' $?

# --- both at once ----------------------------------------------------------------------------------

printf 'addr add 10.9.1.1/16 dev e0\naddr del 10.9.0.1/16 dev e0\n' >"$work/mn.moves"
printf 'addr add 10.9.2.2/16 dev e0\naddr del 10.9.0.2/16 dev e0\n' >"$work/cn.moves"
# The network is away for a moment, so that neither can have heard of the other's change.
for n in mn cn; do
	at $n sysctl -qw net.ipv4.conf.e0.promote_secondaries=1
	at net ip link set p-$n nomaster
done
for n in mn cn; do
	at $n ip -batch "$work/$n.moves"
done
until_true 20 has mn following && until_true 20 has cn following
ok 'both have moved' $?
for n in mn cn; do
	at net ip link set p-$n master br0
done
until_true 20 has mn name_updated && until_true 20 has cn name_updated
ok 'each has its new address under its name' $?
until_true 40 has mn ike_migrated 2 && until_true 40 has cn ike_migrated 2
ok 'both changes are made at both ends' $?
cat "$work/mn.events" "$work/cn.events" | grep -q '"event":"peer_found","at":"10.9.\(2.2\|1.1\)'
ok 'since one has found the other by its name' $?
status() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked status; }
status mn | grep -q '"local": "10.9.1.1:' && status mn | grep -q '"peer": "10.9.2.2:' &&
	status cn | grep -q '"local": "10.9.2.2:' && status cn | grep -q '"peer": "10.9.1.1:'
ok 'each knows where both are' $?
"$bin/baton" ctl --socket "$work/mn.sock" iked probe >/dev/null && until_true 10 has mn ike_alive
ok 'and the IKE SA goes on' $?

# --- a key that is none ---------------------------------------------------------------------------

"$bin/baton" ctl --socket "$work/mn.sock" iked quit >/dev/null
until_true 10 eval '! test -S "$work/mn.sock"'
rm -f "$work/mn.events"
node mn cn 10.9.1.1 10.9.2.2 true "$(head -c 32 /dev/zero | base64)"
until_true 20 has mn ike_established
at mn ip addr add 10.9.1.2/16 dev e0
at mn ip addr del 10.9.1.1/16 dev e0
until_true 20 grep -q 'our address is not in the DNS' "$work/mn.log" && ! has mn name_updated
ok 'an update under another key is refused, and the node says so' $?
tap_end
