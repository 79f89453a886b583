#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton-iked as a daemon: configurations that are wrong, two at once, logs on a full disk, Ctrl-C and
# SIGKILL, peers that come back, half-open SAs that time out, both ends that rekey at once. Two
# namespaces, no guest, no root. (esp_check.sh and change_check.sh have the kernel's part.) Speaks TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	unshare --user --map-root-user --net --mount --pid --fork --kill-child true 2>/dev/null ||
		{ echo "ok - baton-iked as a daemon # SKIP no user namespaces"; exit 0; }
	exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child "$0" inside
fi

work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
mn=0 cn=0
there() { nsenter --net=/proc/$space/ns/net "$@"; }
unshare --net sleep 600 &
space=$!
finish() {
	kill $space $mn $cn
	wait
} 2>/dev/null
trap 'finish; umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
: >"$work/out"

witnesses() {
	tail -8 "$work/out"
	for n in mn cn; do
		[ ! -f "$work/$n.log" ] || tail -8 "$work/$n.log" | cut -c1-200 | sed "s/^/$n: /"
	done
}

# --- configurations that are wrong ----------------------------------------------------------------

"$bin/baton" creds "$work/creds" >"$work/out" 2>&1
wrong() { # NAME LINE PATTERN, the configuration on standard input
	cat >"$work/wrong.yaml"
	"$bin/baton-iked" -c "$work/wrong.yaml" >"$work/out" 2>&1
	[ $? -eq 2 ] && grep -qE "^$work/wrong.yaml:$2: .*$3" "$work/out" && [ ! -e "$work/wrong.sock" ]
	ok "$1: told with file and line" $?
}
head="control: $work/wrong.sock
connections:
  - name: peer
    local_id: mn.example"
wrong 'an unknown key' 5 'pks' <<<"$head
    pks: a shared secret"
wrong 'no way to prove anything' 3 'no psk; give one of psk' <<<"$head"
wrong 'an unknown group' 6 'modp768' <<<"$head
    psk: a shared secret
    groups: [modp768]"
wrong 'a certificate that is not there' 6 'nowhere.pem: cannot be read' <<<"$head
    local_auth: certificate
    certificates: { ca: $work/creds/ca.pem, certificate: $work/nowhere.pem, key: $work/creds/client.key }
    psk: for the other end"
wrong 'a key that belongs to another certificate' 6 'does not belong to the certificate' <<<"$head
    local_auth: certificate
    certificates: { ca: $work/creds/ca.pem, certificate: $work/creds/client.pem, key: $work/creds/server.key }
    psk: for the other end"
wrong 'to begin without an address' 6 'give local and remote' <<<"$head
    psk: a shared secret
    start: true"
wrong 'a time without a unit' 1 'half_open' <<<"half_open: 5
$head
    psk: a shared secret"
wrong 'a limit out of bounds' 1 'half_open_per_address' <<<"half_open_per_address: 0
$head
    psk: a shared secret"

# --- two nodes ------------------------------------------------------------------------------------

until_apart $space
ip link add v0 type veth peer name v1 && ip link set v1 netns $space || { ok "a veth pair" 1; exit 1; }
ip link set lo up
ip addr add 10.9.0.1/16 dev v0 && ip link set v0 up
there ip link set lo up
there ip addr add 10.9.0.2/16 dev v1
there ip link set v1 up

write_node() { # NAME LOCAL REMOTE ID PEER-ID START
	cat >"$work/$1.yaml" <<END
control: $work/$1.sock
events: ${events:-$work/$1.events}
key_log: ${keys:-$work/$1.keys}
half_open: 1 s
tries: ${tries:-8}
connections:
  - name: peer
    local: $2
    remote: $3
    local_id: $4
    remote_id: $5
    psk: a shared secret
    start: $6
    liveness: ${liveness:-0 s}
    restart: 1 s
END
}
start_mn() {
	: >"$work/mn.events"
	: >"$work/mn.log"
	"$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
	mn=$!
	until_true 10 grep -q ready "$work/mn.log"
}
start_cn() {
	: >"$work/cn.events"
	: >"$work/cn.log"
	nsenter --net=/proc/$space/ns/net "$bin/baton-iked" -c "$work/cn.yaml" >"$work/cn.log" 2>&1 &
	cn=$!
	until_true 10 grep -q ready "$work/cn.log"
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
events() { grep -c "\"event\":\"$2\"" "$work/$1.events"; }
# IKE SAs of a node that are up, and SPIs of Child SAs, in and out.
up() { ctl "$1" status >"$work/$1.status" && grep -c '"state": "ESTABLISHED"' "$work/$1.status"; }
one_sa() { [ "$(up mn)" = 1 ] && [ "$(up cn)" = 1 ] && [ "$(spi mn spi_i)" = "$(spi cn spi_i)" ]; }
spi() { grep -A 3 '"state": "ESTABLISHED"' "$work/$1.status" | sed -n "s/.*\"$2\": \"\([0-9a-f]*\)\".*/\1/p"; }
children() { sed -n "s/.*\"$2\": \"\([0-9a-f]*\)\".*/\1/p" "$work/$1.status"; }
one_child() {
	one_sa && [ "$(children mn spi_in | wc -l)" -eq 1 ] && [ "$(children cn spi_in | wc -l)" -eq 1 ] &&
		[ "$(children mn spi_in)" = "$(children cn spi_out)" ] && [ "$(children mn spi_out)" = "$(children cn spi_in)" ]
}

write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example false
write_node mn 10.9.0.1 10.9.0.2 mn.example cn.example true
start_cn
start_mn
until_true 10 one_child
ok 'two nodes have an IKE SA and a Child SA' $?

# --- two at once ----------------------------------------------------------------------------------

"$bin/baton-iked" -c "$work/mn.yaml" >"$work/out" 2>&1
[ $? -eq 1 ] && grep -q "control socket $work/mn.sock: .*another node is served there" "$work/out"
ok 'a second one with the same configuration: says what is taken, and ends' $?
sed "s|^control: .*|control: $work/second.sock|; s|start: true|start: false|" "$work/mn.yaml" >"$work/second.yaml"
"$bin/baton-iked" -c "$work/second.yaml" >"$work/out" 2>&1
[ $? -eq 1 ] && grep -q 'listening at 0.0.0.0:500: Address already in use' "$work/out" && [ ! -e "$work/second.sock" ]
ok 'a second one at the same port: likewise, and leaves no socket behind' $?
ctl mn probe >/dev/null && until_true 5 grep -q ike_alive "$work/mn.events" && one_child
ok 'the first one does not notice' $?

# --- both rekey at once ---------------------------------------------------------------------------

# Commands wait at both ends while both are stopped; then both ask before they hear of the other.
at_once() { # COMMAND
	local a b
	kill -STOP $mn $cn
	ctl mn "$1" >/dev/null &
	a=$!
	ctl cn "$1" >/dev/null &
	b=$!
	sleep 0.3
	kill -CONT $mn $cn
	wait $a $b
}
good=0
for n in 1 2 3; do
	before=$(children mn spi_in) ups=$(events mn ike_child_up)
	at_once rekey-child
	until_true 10 one_child && [ "$(children mn spi_in)" != "$before" ] && good=$((good + 1))
	echo "# $(($(events mn ike_child_up) - ups)) Child SAs made, one left"
done
[ $good -eq 3 ]
ok 'both rekey the Child SA at once, three times: a new one is left, the same at both ends' $?
good=0
for n in 1 2 3; do
	before=$(spi mn spi_i)
	at_once rekey
	until_true 20 eval 'one_child && [ "$(spi mn spi_i)" != '"$before"' ]' && good=$((good + 1))
done
[ $good -eq 3 ]
ok 'both rekey the IKE SA at once, three times: a new one is left, with the Child SA' $?
ctl mn probe >/dev/null && until_true 5 grep -q ike_alive "$work/mn.events"
ok 'and it works' $?

# --- Ctrl-C, SIGKILL ------------------------------------------------------------------------------

kill -INT $mn
wait $mn
[ $? -eq 0 ] && until_true 3 grep -q '"ike_down"' "$work/cn.events" && [ "$(up cn)" = 0 ] && [ ! -e "$work/mn.sock" ] &&
	grep -q '"ended"' "$work/mn.events"
ok 'Ctrl-C: the peer is told, the socket is gone, status 0' $?
start_mn
until_true 10 one_child
n=$(events cn ike_down)
{ kill -KILL $mn && wait $mn; } 2>/dev/null
start_mn
until_true 10 one_child && [ "$(events cn ike_down)" -eq $((n + 1)) ]
ok 'killed and started anew: INITIAL_CONTACT takes the old SA away, one is left' $?
write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example true
{ kill -KILL $cn && wait $cn; } 2>/dev/null
start_cn
until_true 10 one_child && [ "$(events mn ike_down)" -eq 1 ]
ok 'the other end likewise' $?
{ kill -KILL $cn && wait $cn; } 2>/dev/null
write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example false
kill -INT $mn && wait $mn
start_mn
sleep 1.2
start_cn
until_true 10 one_child
ok 'who begins before the other one is there gets through when it is' $?

# --- a peer that is away ---------------------------------------------------------------------------

kill -INT $mn && wait $mn
{ kill -KILL $cn && wait $cn; } 2>/dev/null
liveness='1 s' tries=2 write_node mn 10.9.0.1 10.9.0.2 mn.example cn.example true
start_mn
until_true 20 eval '[ "$(events mn beginning_again)" -ge 2 ]' && [ "$(events mn ike_unreachable)" -ge 2 ]
ok 'a peer that does not answer is called again and again' $?
start_cn
until_true 10 one_child
ok 'until it is there' $?
n=$(events mn beginning_again)
{ kill -KILL $cn && wait $cn; } 2>/dev/null
until_true 20 eval '[ "$(events mn beginning_again)" -gt $n ]' && [ "$(up mn)" = 0 ]
ok 'a peer that falls silent: the IKE SA is over, and is begun again' $?
start_cn
until_true 10 one_child
ok 'and is there when the peer is' $?
n=$(events mn beginning_again)
ctl cn delete >/dev/null && until_true 5 eval '[ "$(up mn)" = 0 ]' && sleep 3
[ "$(events mn beginning_again)" -eq "$n" ] && [ "$(up mn)" = 0 ]
ok 'a peer that ends the IKE SA has its will' $?
write_node mn 10.9.0.1 10.9.0.2 mn.example cn.example true
kill -INT $mn && wait $mn
start_mn
until_true 10 one_child

# --- half-open ------------------------------------------------------------------------------------

"$bin/baton" load ike --attack half-open --responder 10.9.0.2 --local 10.9.0.1 --count 20 >"$work/out" 2>&1
half_open() { ctl cn status | sed -n 's/.*"half_open": \([0-9]*\).*/\1/p'; }
grep -q '20 by a half-open SA' "$work/out"
ok 'twenty SAs that nobody goes on with' $?
until_true 4 eval '[ "$(half_open)" = 0 ]' && [ "$(up cn)" = 1 ] && [ "$(grep -c 'not finished in time' "$work/cn.events")" -eq 20 ]
ok 'they are over after half_open, the real one stays' $?

# --- a full disk ----------------------------------------------------------------------------------

kill -INT $mn && wait $mn
kill -INT $cn && wait $cn
events=/dev/full keys=/dev/full write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example false
write_node mn 10.9.0.1 10.9.0.2 mn.example cn.example true
start_cn
start_mn
until_true 10 one_child && grep -q 'warning: the key log cannot be written: No space' "$work/cn.log" &&
	grep -q 'warning: an event could not be written to the event log: No space' "$work/cn.log"
ok 'no space for event log and key log: the node works, and says so' $?
kill -INT $cn && wait $cn
mkdir "$work/small" && mount -t tmpfs -o size=8k none "$work/small"
events=$work/small/events write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example false
head -c 4096 /dev/zero >"$work/small/filler"
kill -INT $mn && wait $mn
start_cn
start_mn
until_true 10 one_sa
for n in 1 2 3 4 5 6 7 8; do ctl mn rekey-child >/dev/null; sleep 0.2; done
grep -q 'could not be written' "$work/cn.log"
ok 'a disk that fills up while the node runs' $?
rm "$work/small/filler"
ctl mn delete >/dev/null && until_true 5 grep -q ike_down "$work/small/events"
/usr/bin/python3 - "$work/small/events" >"$work/out" 2>&1 <<-'END'
	import json, sys
	lines = [line for line in open(sys.argv[1]).read().splitlines() if line]
	torn = 0
	for line in lines:
	    try:
	        json.loads(line)
	    except ValueError:
	        torn += 1
	assert torn <= 1 and json.loads(lines[-1])["event"] in ("ike_down", "ike_child_down"), (torn, lines[-1])
END
ok 'when there is room again whole lines follow' $?

# --- several connections ----------------------------------------------------------------------------

kill -INT $mn && wait $mn
kill -INT $cn && wait $cn
other() { # LOCAL REMOTE ID PEER-ID START
	printf '  - { name: other, local: %s, remote: %s, local_id: %s, remote_id: %s, psk: a shared secret, start: %s }\n' "$@"
}
write_node cn 10.9.0.2 10.9.0.1 cn.example mn.example false
other 10.9.0.2 10.9.0.1 cn.example other.example false >>"$work/cn.yaml"
write_node mn 10.9.0.1 10.9.0.2 mn.example cn.example true
other 10.9.0.1 10.9.0.2 other.example cn.example true >>"$work/mn.yaml"
start_cn
start_mn
until_true 10 eval '[ "$(up mn)" = 2 ]'
! ctl mn rekey >"$work/out" 2>&1 && grep -q 'several connections are up; name the one' "$work/out" &&
	ctl mn rekey other >"$work/out" 2>&1 && until_true 10 grep -q '"ike_rekeyed","connection":"other"' "$work/mn.events" &&
	[ "$(events mn ike_rekeyed)" -eq 1 ]
ok 'a command for one IKE SA, with those of two connections up, wants a name' $?
! ctl mn move 10.9.0 >"$work/out" 2>&1 && grep -q '10.9.0: not an address; 192.0.2.1 would be one' "$work/out"
ok 'a move to what is no address: told' $?
tap_end
