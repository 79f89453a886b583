#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Address change under attack (docs/address-change.md §7), two baton-iked and an attacker on the wire
# between them: forged, replayed and reflected requests; somebody with the mover's own keys who names a
# third party, another SA, an old number, and asks again and again; whatever within good Encrypted
# payloads; an answer for another SA. Each is refused for its reason, and what is true goes on working.
# Two namespaces, no guest, no root. Speaks TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - address change under attack # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	command -v dumpcap >/dev/null || skip "no dumpcap"
	/usr/bin/python3 -c 'import cryptography' 2>/dev/null || skip "no python3-cryptography"
	unshare --user --map-root-user --net --pid --fork --kill-child true 2>/dev/null || skip "no user namespaces"
	exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child "$0" inside
fi

work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
mn="" cn=""
there() { nsenter --net=/proc/$space/ns/net "$@"; }
unshare --net sleep 600 &
space=$!
trap 'kill $space $mn $cn 2>/dev/null; rm -rf "$work"' EXIT

witnesses() {
	sed 's/^/attacker: /' "$work/out" | tail -20
	for n in mn cn; do
		tail -5 "$work/$n.log" | sed "s/^/$n: /"
		tail -8 "$work/$n.events" | sed "s/^/$n: /"
	done
}

write_node() { # NAME ID PEER-ID MORE
	rm -f "$work/$1.events" "$work/$1.keys"
	cat >"$work/$1.yaml" <<END_YAML
control: $work/$1.sock
events: $work/$1.events
key_log: $work/$1.keys
connections:
  - name: peer
    local_id: $2
    remote_id: $3
    psk: a shared secret
    mobike: false
    address_change: true
    liveness: 0 s
$4
END_YAML
}
end() { # PID: so that no Delete is sent
	kill -KILL "$1" && wait "$1"
} 2>/dev/null
# Two nodes with an IKE SA between them, each in its first life.
begin() {
	[ -z "$mn" ] || end $mn
	[ -z "$cn" ] || end $cn
	write_node cn cn.example mn.example '    start: false'
	write_node mn mn.example cn.example '    local: 10.9.0.1
    remote: 10.9.0.2
    start: true'
	nsenter --net=/proc/$space/ns/net "$bin/baton-iked" -c "$work/cn.yaml" >"$work/cn.log" 2>&1 &
	cn=$!
	until_true 10 grep -q '"ready"' "$work/cn.events"
	"$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
	mn=$!
	until_true 10 grep -q ike_child_up "$work/cn.events"
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
events() { grep -c "\"event\":\"$2\"" "$work/$1.events"; }
peer_of() { ctl cn status | sed -n 's/.*"peer": "\([0-9.]*\):.*/\1/p'; } # where cn has mn
rejected() { ctl "$1" status | sed -n "s/.*\"$2\": \([0-9]*\).*/\1/p"; }
one_more() { # NODE REASON BEFORE
	until_true 5 eval '[ "$(rejected '"$1 $2"')" = "$(('"${3:-0}"' + 1))" ]'
}
attack() { /usr/bin/python3 ref/iked/attacker.py "$@" >"$work/out" 2>&1; }
attack_there() { there /usr/bin/python3 ref/iked/attacker.py "$@" >"$work/out" 2>&1; }

until_apart $space
ip link add v0 type veth peer name v1 && ip link set v1 netns $space || { ok "a veth pair" 1; exit 1; }
ip link set lo up
ip addr add 10.9.0.1/16 dev v0 && ip addr add 10.9.0.3/16 dev v0 && ip link set v0 up
there ip link set lo up
there ip addr add 10.9.0.2/16 dev v1
there ip link set v1 up
# a third party, of whom nothing ever comes
there ip neighbour add 10.9.0.77 lladdr 02:00:00:00:00:77 dev v1

# --- who has no keys ------------------------------------------------------------------------------

begin
dumpcap -q -P -i v0 -f 'udp port 500' -w "$work/x.pcap" 2>"$work/dumpcap" &
dump=$!
until_true 10 grep -q File: "$work/dumpcap"
ctl mn move 10.9.0.3 >/dev/null && until_true 5 grep -q ike_migrated "$work/mn.events"
sleep 2 # what dumpcap has not read when it is ended is lost, and it shows nothing before
kill $dump && wait $dump 2>/dev/null
[ "$(peer_of)" = 10.9.0.3 ] && [ "$(events cn ike_migrated)" -eq 1 ]
ok 'the mover moves, and is recorded' $?
attack forge "$work/x.pcap" 10.9.0.3 10.9.0.2 && one_more cn bad-integrity
ok 'a forged request: refused for its integrity' $?
moved=$(events cn ike_migrated)
attack replay "$work/x.pcap" 10.9.0.3 10.9.0.2 && sleep 0.3 && [ "$(events cn ike_migrated)" -eq "$moved" ]
ok 'a replayed request, the last one: no second migration' $?
ctl mn probe >/dev/null && until_true 5 grep -q ike_alive "$work/mn.events" && n=$(rejected cn bad-sequence-number) &&
	attack replay "$work/x.pcap" 10.9.0.3 10.9.0.2 && one_more cn bad-sequence-number "$n"
ok 'a replayed request, an older one: refused for its message ID' $?
n=$(rejected mn bad-sequence-number)
attack_there reflect "$work/x.pcap" 10.9.0.2 10.9.0.3 && one_more mn bad-sequence-number "$n"
ok 'a reflected request: refused by who sent it, for its message ID' $?
[ "$(events mn ike_migrated)" -eq 1 ] && [ "$(events cn ike_migrated)" -eq 1 ] && [ "$(peer_of)" = 10.9.0.3 ] &&
	ctl mn move 10.9.0.1 >/dev/null && until_true 5 eval '[ "$(peer_of)" = 10.9.0.1 ]'
ok 'nothing came of all this, and the mover can move' $?

# --- who has the mover's keys, and lies -----------------------------------------------------------

begin
end $mn
mn=""
nsenter --net=/proc/$space/ns/net dumpcap -q -P -i v1 -f 'dst host 10.9.0.77' -w "$work/third.pcap" 2>"$work/dumpcap" &
dump=$!
until_true 10 grep -q File: "$work/dumpcap"
attack lie "$work/mn.keys" 10.9.0.1 10.9.0.2 10.9.0.3 10.9.0.77
kill $dump && wait $dump 2>/dev/null
sed 's/^/# /' "$work/out"
says() { grep -qxE "$1" "$work/out"; }
says 'third party: refused: bad-address'
ok 'the address of a third party, named from his own: refused' $?
says "the peer's own address: refused: bad-address"
ok "the correspondent's own address: refused" $?
says 'from elsewhere: refused: not-there'
ok 'an old address that is not his: refused' $?
says 'another SA: refused: unknown-sa'
ok "another IKE SA's addresses: refused" $?
says 'old number: refused: stale'
ok 'a number that is over: refused' $?
third=$(($(stat -c %s "$work/third.pcap") - 24 - 16 - 14)) # octets of the file, a record, Ethernet
[ $third -gt 100 ] && [ $third -lt 300 ]
ok "the address of a third party, as if from there: it gets one cookie ($third octets)" $?
awk '/^storm:/ { for (i = 2; i < NF; i++) { if ($(i + 1) ~ /^cookie/) c = $i; if ($(i + 1) ~ /^refused/) r = $i } }
	END { exit !(c >= 1 && c <= 12 && c + r == 60) }' "$work/out"
ok 'a storm of 60: at most eight cookies and one a second, the rest refused' $?
says "with another's cookie: cookie"
ok 'a cookie of another number: asked for a new one' $?
says 'truth: completed' && [ "$(events cn ike_migrated)" -eq 1 ] && [ "$(peer_of)" = 10.9.0.3 ]
ok 'who shows the cookie that came to his new address is believed, and nobody before' $?

# --- whatever inside ------------------------------------------------------------------------------

begin
end $mn
mn=""
rss=$(awk '/^VmRSS/ { print $2 }' /proc/$cn/status)
attack garble "$work/mn.keys" 10.9.0.1 10.9.0.2 300
sed 's/^/# /' "$work/out"
says 'answered: 300' && [ "$(events cn ike_migrated)" -eq 0 ] && [ $(($(awk '/^VmRSS/ { print $2 }' /proc/$cn/status) - rss)) -lt 1024 ]
ok '300 garbled changes under good keys: each is answered, none moves anything, no memory is kept' $?
says 'anything: 7' && until_true 5 grep -q '"ike_down"' "$work/cn.events" && kill -0 $cn
ok 'no payloads at all under good keys: INVALID_SYNTAX, and that IKE SA is over' $?

# --- who has the correspondent's keys, and answers for another ------------------------------------

for what in sa address; do
	begin
	kill -STOP $cn
	ctl mn move 10.9.0.3 >/dev/null
	attack_there answer "$work/cn.keys" 10.9.0.2 10.9.0.3 2 $what
	until_true 5 grep -q ike_change_refused "$work/mn.events" && [ "$(events mn ike_migrated)" -eq 0 ] &&
		ctl mn status | grep -q '"local": "10.9.0.1:500"'
	ok "MIGRATION COMPLETED for another $what: the mover has not moved" $?
	kill -CONT $cn
done
tap_end
