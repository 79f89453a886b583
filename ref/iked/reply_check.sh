#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The reply path (docs/reply-path.md) between two baton-iked: a mobile node with its home address at a
# foreign link, and an agent whose routes lead that address back home. Three namespaces, no guest, no
# root. Speaks TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	unshare --user --map-root-user --net --mount --pid --fork --kill-child true 2>/dev/null ||
		{ echo "ok - answers by a way of their own # SKIP no user namespaces"; exit 0; }
	exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child "$0" inside
fi

work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
mn='' agent='' dump=''
unshare --net sleep 600 &
mobile=$!
unshare --net sleep 600 &
home=$!
finish() {
	kill $mobile $home $mn $agent $dump ${others:-}
	wait
} 2>/dev/null
trap 'finish; rm -rf "$work"' EXIT
at_mobile() { nsenter --net=/proc/$mobile/ns/net "$@"; }
at_home() { nsenter --net=/proc/$home/ns/net "$@"; }

witnesses() {
	tail -8 "$work/out"
	for n in mn agent; do
		tail -8 "$work/$n.log" | cut -c1-200 | sed "s/^/$n: /"
		tail -4 "$work/$n.events" | cut -c1-200 | sed "s/^/$n: /"
	done
}

# --- the mobile's home is elsewhere -------------------------------------------------------------------

until_apart $mobile && until_apart $home
: >"$work/out"
for file in mn.log agent.log mn.events agent.events; do : >"$work/$file"; done
ip link add a0 type veth peer name m0 && ip link set m0 netns $mobile &&
	ip link add c0 type veth peer name c1 && ip link set c1 netns $home || { ok 'veth pairs' 1; exit 1; }
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
for path in all default a0 c0; do echo 0 >/proc/sys/net/ipv4/conf/$path/rp_filter; done
ip link set lo up
ip addr add 10.2.0.1/24 dev a0 && ip link set a0 up
ip addr add 10.3.0.1/24 dev c0 && ip link set c0 up
ip route add default via 10.3.0.2
at_mobile ip link set lo up
at_mobile ip link set m0 address 02:00:00:00:00:49 up
at_mobile ip addr add 10.1.98.49/32 dev m0
at_mobile ip route add 10.2.0.1 dev m0
at_home ip link set lo up
at_home ip addr add 10.3.0.2/24 dev c1
at_home ip link set c1 up
cat >"$work/hear.py" <<'END'
"""A line for each UDP datagram that comes in at an interface: destination MAC, source, octets of IKE."""
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.bind((sys.argv[1], 0))
print("listening", flush=True)
while True:
    frame, (_, _, kind, _, _) = s.recvfrom(65535)
    if kind != socket.PACKET_OUTGOING and frame[23] == 17:
        print(frame[:6].hex(":"), socket.inet_ntoa(frame[26:30]), len(frame) - 14 - 28, flush=True)
END
hear() { # NAMESPACE INTERFACE FILE
	nsenter --net=/proc/$1/ns/net setpriv --pdeathsig KILL /usr/bin/python3 "$work/hear.py" "$2" >"$3" 2>&1 &
	until_true 5 grep -q listening "$3" || ok "hearing what comes in at $2" 1
}
hear $home c1 "$work/home.heard"
dump=$!

start_agent() { # GLOBAL LINES
	[ -z "$agent" ] || { kill $agent && wait $agent; } 2>/dev/null
	rm -f "$work/agent.sock"
	: >"$work/agent.events"
	cat >"$work/agent.yaml" <<-END
	control: $work/agent.sock
	events: $work/agent.events
	log: debug
	half_open: 1 s
	${1:-}
	connections:
	  - name: peer
	    local: 10.2.0.1
	    local_id: agent.example
	    remote_id: mn.example
	    psk: a shared secret
	    liveness: 0 s
	END
	"$bin/baton-iked" -c "$work/agent.yaml" >"$work/agent.log" 2>&1 &
	agent=$!
	until_true 10 grep -q ready "$work/agent.log"
}
start_mn() { # LINES OF THE CONNECTION
	[ -z "$mn" ] || { kill $mn && wait $mn; } 2>/dev/null
	rm -f "$work/mn.sock"
	: >"$work/mn.events"
	cat >"$work/mn.yaml" <<-END
	control: $work/mn.sock
	events: $work/mn.events
	tries: 2
	connections:
	  - name: agent
	    local: ${local:-10.1.98.49}
	    remote: 10.2.0.1
	    local_id: mn.example
	    remote_id: agent.example
	    psk: a shared secret
	    start: true
	    restart: 0 s
	    liveness: 0 s
	    ${1:-}
	END
	nsenter --net=/proc/$mobile/ns/net "$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
	mn=$!
	until_true 10 grep -q ready "$work/mn.log"
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
event() { grep -q "\"event\":\"$2\"" "$work/$1.events"; }
routes() { ip rule; ip route show table all; }
routes >"$work/before"
as_before() { routes >"$work/now" && cmp -s "$work/before" "$work/now"; }
went_home() { grep -c ' 10.2.0.1 ' "$work/home.heard"; }

start_agent
start_mn 'reply_link: true'
until_true 8 event mn ike_unreachable && ! event mn ike_established && [ "$(went_home)" -gt 0 ]
ok 'an agent that does not know it answers to the home of the mobile, in vain' $?
before=$(went_home)

start_agent 'reply_paths: [link, care_of]'
start_mn
until_true 8 event mn ike_unreachable && ! event mn ike_established && [ "$(went_home)" -gt "$before" ]
ok 'who does not ask for it gets no answer either' $?
before=$(went_home)

start_mn 'reply_link: true'
until_true 8 event mn ike_established && until_true 5 event mn ike_child_up && as_before
ok 'with the link-layer address in each request the IKE SA comes up' $?
ctl mn probe >/dev/null && until_true 5 event mn ike_alive && ctl mn rekey-child >/dev/null &&
	until_true 5 event mn ike_child_down && as_before && [ "$(went_home)" -eq "$before" ]
ok 'later exchanges too; no answer went home, and no route is left' $?
grep -q 'by 02:00:00:00:00:49: sent' "$work/agent.log"
ok 'each answer to the address that the request named' $?
nft -f - <<'END' 2>"$work/out"
table inet marks { chain out { type filter hook output priority 0; meta mark 0x4243 udp sport { 500, 4500 } counter; }; }
END
marked() { nft list table inet marks | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
ctl mn probe >/dev/null && until_true 5 eval '[ "$(grep -c ike_alive "$work/mn.events")" -ge 2 ]'
answers=$(marked)
ctl agent probe >/dev/null && until_true 5 eval '[ "$(went_home)" -gt '"$before"' ]' && [ "$answers" -gt 0 ] &&
	[ "$(marked)" -eq "$answers" ]
ok 'what the agent asks of itself goes by its routes, without the mark of a way' $?
nft delete table inet marks

# A mobile that is at home there: its neighbour entry is for others, too.
ip addr add 10.4.0.1/24 dev a0
at_mobile ip addr add 10.4.0.2/24 dev m0
ip neigh replace 10.4.0.2 lladdr 02:00:00:00:00:49 dev a0 nud permanent
routes >"$work/before"
local=10.4.0.2 start_mn 'reply_link: true'
until_true 8 event mn ike_established && until_true 5 event mn ike_child_up && as_before &&
	ip neigh show 10.4.0.2 dev a0 | grep -q PERMANENT
ok 'whom the routes reach there gets its answers by them, and its neighbour entry is not touched' $?
ip addr del 10.4.0.1/24 dev a0
at_mobile ip addr del 10.4.0.2/24 dev m0
routes >"$work/before"

# --- others --------------------------------------------------------------------------------------------

cat >"$work/forge.py" <<'END'
"""IKE_SA_INIT with REPLY_PATH naming a link-layer address, COUNT times."""
import json, socket, struct, sys
mac, count = bytes.fromhex(sys.argv[1].replace(":", "")), int(sys.argv[2])
cases = [c for g in json.load(open("vectors/ike/init.json"))["groups"] for c in g["cases"]]
octets = bytearray.fromhex(next(c["bytes"] for c in cases if c["result"] == "valid" and
                                c["direction"] == "initiator->responder"))
at, code = 28, octets[16]
while True:
    following, _, size = struct.unpack_from("!BBH", octets, at)
    if not following:
        break
    at += size
octets[at] = 41
data = struct.pack("!BBHHH", 1, 1, 14 + 2, 1, 6) + mac + bytes(2)
octets += struct.pack("!BBHBBH", 0, 0, 8 + len(data), 0, 0, 50192) + data
struct.pack_into("!I", octets, 24, len(octets))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.98.49", 0))
for n in range(count):
    struct.pack_into("!Q", octets, 0, n + 1)
    s.sendto(octets, ("10.2.0.1", 500))
print(len(octets))
END
hear $mobile m0 "$work/others.heard"
others=$!
to() { awk -v mac="$1" '$1 == mac' "$work/others.heard"; }

kill $mn && wait $mn 2>/dev/null
mn=''
begun=$SECONDS
size=$(at_mobile /usr/bin/python3 "$work/forge.py" 02:00:00:00:00:99 400 2>"$work/out")
sleep 1
n=$(to 02:00:00:00:00:99 | wc -l) largest=$(to 02:00:00:00:00:99 | awk '{ print $3 }' | sort -n | tail -1)
echo "# 400 requests of $size octets naming a third station: it got $n answers, the largest of $largest octets"
[ "$n" -gt 0 ] && [ "$n" -le $((64 + 16 * (SECONDS - begun + 1))) ] && [ "$largest" -lt "$size" ]
ok 'a third station gets few answers, smaller than what asked for them' $?
ctl agent status >"$work/out" 2>&1
until_true 3 as_before || diff "$work/before" "$work/now" >>"$work/out"
grep -q '"half_open": 0' "$work/out" && as_before
ok 'and nothing is left of them' $?
sleep 4
at_mobile /usr/bin/python3 "$work/forge.py" ff:ff:ff:ff:ff:ff 20 >"$work/out" 2>&1
sleep 0.5
kill -0 $others && [ -z "$(to ff:ff:ff:ff:ff:ff)" ] && ctl agent status | grep -q '"bad-value": 20'
ok 'a group address gets none' $?

# --- killed while answers leave -------------------------------------------------------------------------

at_mobile /usr/bin/python3 "$work/forge.py" 02:00:00:00:00:99 60 >/dev/null 2>&1 &
sleep 0.15
{ kill -KILL $agent && wait $agent; } 2>/dev/null
agent=''
until_true 3 as_before
ok 'killed in between: the routes are as they were' $?
tap_end
