#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Finding access points with radios, in the guest: elements in real beacons, the word of an agent, a
# static list, memory over a restart, and an access point that pretends to be another. Speaks TAP.
# What needs no radio is in neighbours_check.sh.
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec "$baton" guest --clock virtual --timeout 600 -- "$PWD/ref/mn/finding_check.sh" inside
fi

net=finding
. ref/mn/moves.sh
a=02:00:00:00:0a:00 b=02:00:00:00:0b:00

hostapd() { on "$1" hostapd_cli -p /run/hostapd -i wlan0 "${@:2}" >$work/said 2>&1; }
# One member of the row of an access point.
cell() { # LIST BSSID MEMBER [SOURCE]
	"$baton" ctl --network $net --json mn neighbours >$work/said 2>&1 || return
	/usr/bin/python3 - $work/said "$@" <<-'END'
	import json, sys
	answer, (rows, bssid, member) = json.load(open(sys.argv[1])), sys.argv[2:5]
	for row in answer.get("result", answer)[rows]:
	    if row["bssid"] == bssid and (len(sys.argv) < 6 or row["source"] == sys.argv[5]):
	        print(row[member])
	END
}
is() { [ "$(cell neighbours "$1" "$2")" = "$3" ]; }
scan() { ctl mn neighbours --scan; }
# Scans until it is so: a beacon may be missed.
seen() { # BSSID MEMBER VALUE
	for _ in $(seq 8); do
		scan
		is "$@" && return
		sleep 0.2
	done
	return 1
}

supplicant() { on mn wpa_cli -p /run/wpa_supplicant -i wlan0 "$@" >$work/said 2>&1; }

router() { # NODE ADDRESS DHCP-SERVER PSK [MORE]
	configure "$1" <<-END
	pana: {listen: $2, allow_restart: true}
	eap: {users: [{identity: mn@example, methods: [psk], psk: $4}]}
	${3:+access: {device: eth0, dhcp: {server: $3\}, probe_wait: 10 ms, probe_interval: 10 ms, announce_wait: 10 ms\}}
	${5:-}
	END
}
access_point() { # NODE AGENT DOMAIN
	configure "$1" <<-END
	hostapd: /run/hostapd/wlan0
	announce: {device: br0, agents: [{address: $2}], domain: $3, refresh: 500 ms}
	END
}
mobile() { # MORE
	configure mn <<-END
	eap: {identity: mn@example, psk: $psk}
	device: {name: wlan0, supplicant: /run/wpa_supplicant/wlan0, patience: 12 s,
	  dhcp: {probe_wait: 10 ms, probe_interval: 10 ms, announce_wait: 10 ms}}
	pana: {protocol: {failed_timeout: 2 s}}
	neighbours: {memory: $work/memory.json, distrust: 60 s${1:-}}
	networks:
	  - {name: a, ssid: network-a, frequency: 2412, paa: 192.0.2.1}
	  - {name: b, ssid: network-b, frequency: 2437}
	END
}

"$baton" topo up forged-beacon --name $net >$work/said 2>&1
result $? "the topology comes up"
hostapd rogue disable
access_point ap-a 192.0.2.1 a.example
access_point ap-b 198.51.100.1 b.example
router par 192.0.2.1 192.0.2.2 $psk
router nar 198.51.100.1 198.51.100.2 $psk
router rogue 203.0.113.66 "" ffffffffffffffffffffffffffffffff
mobile
begin ap-a ap && begin ap-b ap && begin par ar && begin nar ar && begin rogue ar && begin mn mn
result $? "the nodes begin"
check "the node attaches to network a" ctl mn connect a

# What is on the air.
check "the beacon of the other network is heard" seen $b agent 198.51.100.1:716
check "with the address of the access point" is $b address 198.51.100.11
check "with its prefix" is $b prefix 198.51.100.0/24
check "with its domain" is $b domain b.example
check "as a claim" is $b authenticated False
check "that of the own network too" is $a agent 192.0.2.1:716
on ap-b ip addr del 198.51.100.11/24 dev br0
on ap-b ip addr add 198.51.100.12/24 dev br0
check "another address of the access point is on the air soon" seen $b address 198.51.100.12
on ap-b ip addr add 198.51.100.11/24 dev br0
on ap-b ip addr del 198.51.100.12/24 dev br0
on ap-b ip addr add 198.51.100.11/24 dev br0 2>/dev/null
check "and the first one again" seen $b address 198.51.100.11
hostapd ap-b disable
hostapd ap-b enable
sleep 1
ctl mn forget
check "what was heard is forgotten when told so" test -z "$(cell neighbours $b agent)"
check "an access point that was off and on announces as before" seen $b agent 198.51.100.1:716

check "a network without an agent is prepared by what its beacon says" ctl mn preauth b
check "with the right agent" test "$(count nar pana_authenticated)" -eq 1
check "and the node moves there" ctl mn handoff b
sleep 0.3
check "and back" ctl mn handoff a
sleep 0.3
ctl mn quit

# A forged beacon, and nobody to contradict it.
hostapd ap-b disable
hostapd rogue enable
rm -f $work/memory.json
begin mn mn && ctl mn connect a
supplicant bss_flush 0
ctl mn forget
check "the forged access point is heard" seen $b agent 203.0.113.66:716
check "a preparation with its agent fails" refused "" ctl mn preauth b
check "after it was asked" test "$(count rogue pana_session)" -eq 1
check "and could not authenticate" test "$(count rogue pana_authenticated)" -eq 0
check "the node stays where it is" grep -q '"event":"preparation_abandoned"' $work/mn.events
scan
check "the claim is gone, though it is still on the air" test -z "$(cell neighbours $b agent)"
check "its agent is distrusted" test "$(cell distrusted $b agent)" = 203.0.113.66:716
check "and is not asked again" refused "" ctl mn preauth b
check "whatever command names it" refused "nothing is known" ctl mn preauth $b
check "nobody went there" test "$(count rogue pana_session)" -eq 1
ctl mn quit
check "memory has nothing of it" refused "" grep -q 203.0.113.66 $work/memory.json

# The word of an agent stands above it.
ctl par quit
router par 192.0.2.1 192.0.2.2 $psk \
	"neighbours: [{bssid: \"$b\", address: 198.51.100.11, prefix: 198.51.100.0/24, agent: 198.51.100.1, domain: b.example}]"
sleep 0.2
begin par ar
: >$work/mn.events
begin mn mn && ctl mn connect a
result $? "an agent that knows its neighbours tells of them"
check "and the node knows" is $b source agent
check "that this is vouched for" is $b authenticated True
check "the forged beacon is flagged" seen $b conflict "beacon: agent"
check "and told" grep -q '"event":"neighbour_contradicts"' $work/mn.events
check "its agent is not the one to go to" is $b agent 198.51.100.1:716
hostapd ap-b enable
sleep 1
for _ in 1 2 3; do scan; done
check "with both on the air the right one is used" is $b agent 198.51.100.1:716
check "for the preparation" ctl mn preauth $b
check "with the right agent" grep -q '"event":"agent_found".*"agent":"198.51.100.1:716","source":"agent"' $work/mn.events
check "the forged one was asked nothing" test "$(count rogue pana_session)" -eq 1
hostapd rogue disable
check "the node moves" ctl mn handoff b
sleep 0.3
check "and back" ctl mn handoff a
sleep 0.3

# Memory, with the air silent, and the static list.
ctl mn quit
hostapd ap-b disable
supplicant bss_flush 0
mobile ", static: [{bssid: \"02:00:00:00:0b:09\", address: 198.51.100.19, agent: 198.51.100.1, name: hall, ssid: network-b}]"
ctl par quit
router par 192.0.2.1 192.0.2.2 $psk
sleep 0.2
begin par ar
begin mn mn && ctl mn connect a
result $? "the node begins again where nobody tells anything"
check "it remembers what the agent said" is $b agent 198.51.100.1:716
check "as such" test "$(cell records $b source agent)$(cell records $b remembered agent)" = agentTrue
check "and has its static list" is 02:00:00:00:0b:09 source static
check "an access point by name" ctl mn preauth hall
check "with its agent" test "$(count nar pana_session)" -ge 3
hostapd ap-b enable

for node in mn par nar rogue ap-a ap-b; do ctl $node quit; done
sleep 0.5
silent() { # heard, and without the element
	for _ in $(seq 5); do
		supplicant scan
		sleep 2
		supplicant bss $a
		grep -q ssid=network-a $work/said && ! grep -q 00005e0042 $work/said && return
	done
	return 1
}
check "an access point without its baton-ap announces nothing" silent
"$baton" topo down $net >$work/said 2>&1
result $? "the topology goes down"
tap_end
