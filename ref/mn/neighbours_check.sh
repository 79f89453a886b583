#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where access points are, without a radio: mobile node, access routers and baton-ap are real, hostapd
# and wpa_supplicant are stand-ins. Every source, what happens when they contradict each other, and
# what is left after a restart. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
. testbed/check/tap.sh
bin=$PWD/build/bin
work=$(mktemp -d) || exit 2
declare -A pid
: >"$work/said"
trap 'kill "${pid[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
psk=000102030405060708090a0b0c0d0e0f

witnesses() { head -30 "$work/said"; }
appears() { until_true 30 test -S "$1"; }
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" --timeout 20 "${@:2}" >"$work/said" 2>&1; }
says() { grep -qF -- "$1" "$work/said"; }
refused() { local words=$1; shift; ! "$@" && says "$words"; }
begin() { # NODE PROGRAM
	rm -f "$work/$1.sock"
	"$bin/baton-$2" -c "$work/$1.yaml" >>"$work/$1.log" 2>&1 &
	pid[$1]=$!
	appears "$work/$1.sock"
}
end() { kill "${pid[$1]}"; wait "${pid[$1]}" 2>/dev/null; unset "pid[$1]"; }
# One member of the row of an access point.
cell() { # LIST BSSID MEMBER [SOURCE]
	ctl mn mn neighbours || return
	/usr/bin/python3 - "$work/said" "$@" <<-'END'
	import json, sys
	answer, (rows, bssid, member) = json.load(open(sys.argv[1])), sys.argv[2:5]
	answer = answer.get("result", answer)
	for row in answer[rows]:
	    if row["bssid"] == bssid and (len(sys.argv) < 6 or row["source"] == sys.argv[5]):
	        print(row[member])
	END
}
is() { [ "$(cell neighbours "$1" "$2")" = "$3" ]; }
asked() { # AGENT: how many clients have begun with it
	ctl "$1" ar counters >/dev/null
	grep -c pana_session "$work/$1.events" 2>/dev/null
}

ip link set lo up
for a in 10.0.1.100 10.0.1.1 10.0.2.1 10.6.6.6 10.0.2.11; do ip addr add $a/24 dev lo; done

cat >"$work/supplicant.py" <<'END'
# Tells what stands in beacons.txt: BSSID FREQUENCY SSID IE [BEACON-IE].
import os, re, socket, sys
path, beacons = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
listeners = []
def bss(n):
    lines = open(beacons).read().split("\n")[:-1]
    if n >= len(lines):
        return ""
    w = lines[n].split()
    text = "id=%d\nbssid=%s\nfreq=%s\nage=0\nie=%s\nssid=%s\n" % (n, w[0], w[1], w[3], w[2])
    return text + ("beacon_ie=%s\n" % w[4] if len(w) > 4 else "")
while True:
    data, peer = s.recvfrom(4096)
    text = data.decode()
    if text == "ATTACH":
        listeners.append(peer)
        answer = "OK\n"
    elif text == "PING":
        answer = "PONG\n"
    elif text.startswith("BSS FIRST"):
        answer = bss(0)
    elif text.startswith("BSS NEXT-"):
        answer = bss(int(re.match(r"BSS NEXT-(\d+)", text).group(1)) + 1)
    elif text == "STATUS":
        answer = "address=02:00:00:00:00:01\n"
    elif text == "LIST_NETWORKS":
        answer = "network id / ssid / bssid / flags\n0\tnetwork-b\tany\t\n"
    else:
        answer = "OK\n"
    s.sendto(answer.encode(), peer)
    if text == "SCAN":
        for l in list(listeners):
            try:
                s.sendto(b"<3>CTRL-EVENT-SCAN-STARTED ", l)
                s.sendto(b"<3>CTRL-EVENT-SCAN-RESULTS ", l)
            except OSError:
                listeners.remove(l)
END
cat >"$work/hostapd.py" <<'END'
import socket, sys
path, told = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
while True:
    data, peer = s.recvfrom(4096)
    text = data.decode()
    if text.startswith("SET") or text == "UPDATE_BEACON":
        open(told, "a").write(text + "\n")
    s.sendto({"PING": b"PONG\n"}.get(text, b"OK\n"), peer)
END
hostapd() {
	/usr/bin/python3 "$work/hostapd.py" "$work/hostapd" "$work/told" &
	pid[hostapd]=$!
	appears "$work/hostapd"
}
# The element that a baton-ap with these settings announces.
element() { grep -o 'SET vendor_elements [0-9a-f]*' "$work/told" | tail -1 | cut -d' ' -f3; }

# --- baton-ap -------------------------------------------------------------------------------------
ip link add br0 type veth peer name br1 && ip link set br1 up && ip link set br0 up && ip addr add 10.0.2.12/24 dev br0
: >"$work/told"
hostapd
cat >"$work/ap.yaml" <<END
control: $work/ap.sock
hostapd: $work/hostapd
sockets: $work
announce: {device: br0, agents: [{address: 10.0.2.1}], domain: b.example, refresh: 200 ms, others: dd0411223344}
END
begin ap ap
known() { [ "$(element)" = "$1" ]; }
tail=05060"2cc0a000201"0709622e6578616d706c65
check "hostapd is told the element, and what else its beacons carry" until_true 5 \
	known "dd2700005e004201010104""0a00020c""0305180a000200""${tail}dd0411223344"
check "and to send it" grep -q UPDATE_BEACON "$work/told"
ip addr del 10.0.2.12/24 dev br0 && ip addr add 10.0.2.13/24 dev br0
check "another address is told at once" until_true 5 \
	known "dd2700005e004201010104""0a00020d""0305180a000200""${tail}dd0411223344"
ip addr flush dev br0
check "no address: nothing is announced" until_true 5 known dd0411223344
ip addr add 10.0.2.12/24 dev br0
until_true 5 known "dd2700005e004201010104""0a00020c""0305180a000200""${tail}dd0411223344"
kill -9 "${pid[hostapd]}" && wait "${pid[hostapd]}" 2>/dev/null
rm -f "$work/hostapd"
: >"$work/told"
sleep 0.5
hostapd
check "hostapd that was killed and is back is told again" until_true 5 \
	known "dd2700005e004201010104""0a00020c""0305180a000200""${tail}dd0411223344"
good=$(element)
good=${good%dd0411223344}
ctl ap ap status && says "$good"
ok "the status shows the element" $?
end ap
check "at the end it is withdrawn" known dd0411223344

# --- sources --------------------------------------------------------------------------------------
forged=${good/0a000201/0a060606}
[ "$forged" != "$good" ] || exit 2
ap=02:00:00:00:0b:01 other=02:00:00:00:0b:02 lobby=02:00:00:00:0b:03
echo "$ap 2437 network-b 00096e6574776f726b2d62$good" >"$work/beacons.txt"
supplicant() {
	/usr/bin/python3 "$work/supplicant.py" "$work/supplicant" "$work/beacons.txt" &
	pid[supplicant]=$!
	appears "$work/supplicant"
}
supplicant
agent() { # NAME ADDRESS PSK [MORE]
	cat >"$work/$1.yaml" <<-END
	control: $work/$1.sock
	events: $work/$1.events
	pana: {listen: $2, allow_restart: true, protocol: {linger: 100 ms}}
	eap: {users: [{identity: mn@example, methods: [psk], psk: $3}]}
	${4:-}
	END
	begin "$1" ar
}
agent par 10.0.1.1 $psk "neighbours: [{bssid: \"$other\", address: 10.0.2.12, prefix: 10.0.2.0/24, agent: 10.0.2.1, domain: b.example}]"
agent nar 10.0.2.1 $psk "neighbours: [{bssid: \"$ap\", address: 10.0.2.12, agent: 10.0.2.1}]"
agent rogue 10.6.6.6 ffffffffffffffffffffffffffffffff
mobile() { # NETWORKS [MORE]: further networks, and keys of the configuration
	cat >"$work/mn.yaml" <<-END
	control: $work/mn.sock
	events: $work/mn.events
	eap: {identity: mn@example, psk: $psk}
	pana: {bind: "10.0.1.100:5000", protocol: {failed_timeout: 2 s}}
	neighbours:
	  supplicant: $work/supplicant
	  memory: $work/memory.json
	  distrust: 3 s
	  static:
	    - {bssid: "$lobby", address: 10.0.2.13, agent: 10.0.2.1, name: lobby}
	networks:
	  - {name: a, ssid: network-a, paa: 10.0.1.1}
	$1
	${2:-}
	END
	begin mn mn
}
mobile ""
check "a beacon is heard" until_true 5 is $ap agent 10.0.2.1:716
check "and not vouched for" is $ap authenticated False
check "all that it says is shown" is $ap prefix 10.0.2.0/24
check "with its network" is $ap ssid network-b
check "the static list is there" is $lobby source static
check "nothing is known of another access point" refused "nothing is known of the access point" \
	ctl mn mn preauth $other
ctl mn mn connect a
check "the agent of network a tells of it" until_true 5 is $other source agent
check "and is vouched for" is $other authenticated True
check "with its domain" is $other domain b.example
check "the client goes to the agent of an access point" ctl mn mn preauth $ap
check "and there it is known" until_true 5 grep -q pana_authenticated "$work/nar.events"
check "whose agent vouches for it now" until_true 5 is $ap source agent
ctl mn mn terminate $ap

# --- a forged beacon ------------------------------------------------------------------------------
scan() { ctl mn mn neighbours --scan; }
echo "$ap 2437 network-b 00096e6574776f726b2d62$forged" >"$work/beacons.txt"
check "another beacon of the same access point" scan
check "is flagged" is $ap conflict "beacon: agent"
check "and told" grep -q neighbour_contradicts "$work/mn.events"
check "its agent is not the one that is used" is $ap agent 10.0.2.1:716
check "pre-authentication works" ctl mn mn preauth $ap
check "with the right agent" test "$(grep -c pana_authenticated "$work/nar.events")" -eq 2
check "and nothing has come to the wrong one" test "$(asked rogue)" -eq 0
ctl mn mn terminate $ap
# a beacon that says one thing and a probe response that says another
echo "$ap 2437 network-b $good $forged" >"$work/beacons.txt"
scan
check "a probe response does not hide what the beacon says" \
	test "$(cell records $ap contradicts beacon)" = agent

# --- a claim, and nobody to contradict it -----------------------------------------------------------
alone=02:00:00:00:0b:66
echo "$alone 2437 network-c $forged" >"$work/beacons.txt"
scan
check "an access point that only its beacon speaks of can be used" is $alone usable True
check "its agent does not know the node" refused "failed: " ctl mn mn preauth $alone
check "and the claim is forgotten" test -z "$(cell neighbours $alone agent)"
scan
check "also when the beacon repeats it" test -z "$(cell neighbours $alone agent)"
check "which is shown" test "$(cell distrusted $alone agent)" = 10.6.6.6:716
check "nobody goes there" refused "nothing is known" ctl mn mn preauth $alone
sleep 3.2
scan
check "until the time for it is over" is $alone agent 10.6.6.6:716

# --- memory -----------------------------------------------------------------------------------------
sleep 1.2
end mn
check "the memory is a file that others cannot read" test "$(stat -c %a "$work/memory.json")" = 600
: >"$work/beacons.txt"
mobile ""
check "after a restart what the agent said is still there" is $other agent 10.0.2.1:716
check "and vouched for" is $other authenticated True
check "as a memory" test "$(cell records $other remembered)" = True
check "with its age" test "$(cell records $other age_s)" -gt 0
check "what a beacon claimed is remembered as a claim" is $alone authenticated False
check "one that contradicts is not remembered" test -z "$(cell records $ap source beacon | grep -v beacon)"
check "the agent is found by memory alone" ctl mn mn preauth $other
ctl mn mn terminate $other
kill -9 "${pid[mn]}" && wait "${pid[mn]}" 2>/dev/null
mobile ""
check "a node that was killed has its memory" is $other source agent
ctl mn mn forget $other
check "what is forgotten is gone" test -z "$(cell neighbours $other agent)"
sleep 1.2
end mn
check "from the file too" test "$(grep -c "$other" "$work/memory.json")" -eq 0
for bad in '{"format": "baton-neighbours-1", "neighbours": [' '[]' '' '{"format": "baton-neighbours-9", "neighbours": []}' \
	'{"format": "baton-neighbours-1", "neighbours": [{"bssid": "02:00:00:00:0b:01", "source": "static"}]}' \
	"$(sed 's/"addresses": \[/"addresses": ["224.0.0.1"/; s/"10[^"]*"$//' "$work/memory.json" | tr -d '\n' | sed 's/"224.0.0.1" *\]/"224.0.0.1"]/')"; do
	printf '%s' "$bad" >"$work/memory.json"
	: >"$work/mn.log"
	mobile ""
	cp "$work/mn.log" "$work/said"
	grep -q "warning: [^:]*memory.json:[0-9]*: .*beginning with an empty memory" "$work/mn.log" &&
		[ -f "$work/memory.json.bad" ] && is $lobby source static && [ -z "$(cell neighbours $alone agent)" ]
	result $? "a memory that is none is told, set aside, and not used: $(printf '%.40s' "$bad")"
	rm -f "$work/memory.json.bad"
	end mn
done

# --- what the configuration says ----------------------------------------------------------------------
rm -f "$work/memory.json"
echo "$ap 2437 network-b $good" >"$work/beacons.txt"
mobile "  - {name: b, ssid: network-b}"
until_true 5 is $ap agent 10.0.2.1:716
check "a network without an agent gets it from the neighbourhood" ctl mn mn preauth b
check "and is told which" grep -q '"event":"agent_found","network":"b"' "$work/mn.events"
ctl mn mn terminate b
end mn
rm -f "$work/memory.json"
echo "$ap 2437 network-b $forged" >"$work/beacons.txt"
mobile "  - {name: b, ssid: network-b, paa: 10.0.2.1}"
until_true 5 is $ap conflict "beacon: agent"
check "the owner's word on an agent stands above beacons of the network" refused \
	"the configuration names another" ctl mn mn preauth $ap
check "and by its name the network is reached as configured" ctl mn mn preauth b
ctl mn mn terminate b
sleep 0.2
check "an access point by the name that its owner gave it" ctl mn mn preauth lobby
check "the rogue agent was asked once in all this" test "$(grep -c pana_session "$work/rogue.events")" -eq 1

# --- 802.1X over IP, where the neighbourhood says the access point is -----------------------------------
end mn
cat >"$work/own.yaml" <<END
control: $work/own.sock
listen: 10.0.2.12
bssids: [{bssid: "$ap"}]
eap: {users: [{identity: mn@example, psk: $psk}]}
END
begin own proxy
keys="keys: {supplicant: $work/supplicant}"
found() { grep -q "\"server_found\",\"network\":\"b\",\"bssid\":\"$ap\",\"server\":\"$1\",\"source\":\"$2\"" "$work/mn.events"; }
rm -f "$work/memory.json" "$work/mn.events"
echo "$ap 2437 network-b $good" >"$work/beacons.txt"
mobile "  - {name: b, ssid: network-b}" "$keys"
until_true 5 is $ap agent 10.0.2.1:716
check "802.1X over IP with an access point, at the address that its beacon says" ctl mn mn preauth $ap --dot1x
check "its key goes to wpa_supplicant" says '"installed": true'
check "and it is told who said where" found 10.0.2.12:49718 beacon
check "the same by the name of the network" ctl mn mn preauth b --dot1x
ctl mn mn status && says '"dot1x_state": "authenticated"'
ok "the status shows it" $?
check "not of one whose address nobody said" refused "no access point that is known" \
	ctl mn mn preauth 02:00:00:00:0f:ff --dot1x
check "nor of a network of which nobody knows one" refused "no access point of it is known" \
	ctl mn mn preauth a --dot1x
end mn
mobile "  - {name: b, ssid: network-b}"
until_true 5 is $ap agent 10.0.2.1:716
check "a node without an address on the air says what it lacks" refused "give keys in the configuration" \
	ctl mn mn preauth $ap --dot1x
end mn
rm -f "$work/mn.events"
mobile "  - {name: b, ssid: network-b, dot1x: {server: 10.0.1.100, access_points: [{bssid: \"$ap\"}]}}" "$keys"
until_true 5 is $ap agent 10.0.2.1:716
check "the owner's word on the server stands above beacons" ctl mn mn preauth $ap --dot1x --no-wait
check "and is what was asked" found 10.0.1.100:49718 configuration
end own
end mn
mobile ""

# --- noise ----------------------------------------------------------------------------------------------
/usr/bin/python3 - "$good" "$ap" >"$work/beacons.txt" <<'END'
import sys
good, ap = sys.argv[1:]
octets = bytes.fromhex(good)
for i in range(200): # cut short, changed, doubled, of other makers
    e = bytearray(octets)
    e[i % len(e)] ^= 1 << i % 8
    e = e[: 2 + i % len(e)] if i % 3 == 0 else e
    print("02:00:00:00:0c:%02x 2412 noise%d %s" % (i, i, e.hex()))
print("02:00:00:00:0d:01 2412 odd-digits %s" % good[:-1])
print("02:00:00:00:0d:02 2412 no-digits zz%s" % good)
print("%s 2437 network-b %s" % (ap, good))
END
scan
ok "two hundred elements that are spoilt" $?
check "do not hide the good one" is $ap agent 10.0.2.1:716
ctl mn mn neighbours
says bad-value && says '"rejected"'
ok "and are counted by reason" $?
kill -9 "${pid[supplicant]}" && wait "${pid[supplicant]}" 2>/dev/null
rm -f "$work/supplicant"
sleep 0.2
check "a supplicant that was killed is missed" refused "is not there" scan
echo "$alone 2437 network-c $good" >"$work/beacons.txt"
supplicant
scan || { sleep 1.2; scan; }
check "and heard again when it is back" is $alone agent 10.0.2.1:716
end mn
[ $failed -eq 0 ] || tail -n 20 "$work"/*.log | sed 's/^/# /'
tap_end
