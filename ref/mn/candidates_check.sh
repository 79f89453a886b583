#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Several candidate networks at once, and sessions held after leaving (RFC 6252 §7.2, C.2, C.4), with three
# 802.11 networks in the guest: state that is bound in time, the move to one, the end of the others; back to
# a held session by proof of its key alone. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec "$baton" guest --clock virtual --timeout 600 -- "$PWD/ref/mn/candidates_check.sh" inside
fi

net=candidates
form=--json
witnesses="mn par nar war"
. ref/mn/moves.sh

router() { # NODE DHCP-SERVER HOLD TUNNEL-LIFETIME
	configure "$1" <<-END
	pana: {hold: $3}
	eap: {users: [{identity: mn@example, methods: [psk], psk: $psk}]}
	access: {device: eth0, dhcp: {server: $2}, probe_wait: 10 ms, probe_interval: 10 ms,
	  announce_wait: 10 ms, tunnel_lifetime: $4}
	END
	begin "$1" ar
}
last() { grep "\"event\":\"$2\"" $work/"$1".events | tail -1 >$work/said; cat $work/said; }
# What an agent says of its one session; "" when there is none.
session() { # NODE MEMBER
	ctl "$1" sessions
	sed -n "s/.*\"$2\": \"*\([^\",]*\)\"*,*/\1/p" $work/said
}
is() { # NODE MEMBER VALUE
	[ "$(session "$1" "$2")" = "$3" ]
}
is_at() { session "$1" peer | grep -q "^$2"; }
# No session that is good for anything (a closed one answers a repeated PTR for a while), no client.
gone() { # NODE
	ctl "$1" sessions && ! grep -q '"open": true\|"keys": true' $work/said &&
		ctl "$1" clients && ! grep -q '"session"' $work/said
}
soon() { until_true 3 "$@"; } # COMMAND...
# What the node says of a network: the members between its name and the next one.
of_network() { # NETWORK MEMBER
	ctl mn status
	awk -v n="\"network\": \"$1\"" '/"network":/ { on = index($0, n) } on' $work/said |
		sed -n "s/.*\"$2\": \"*\([^\",]*\)\"*,*/\1/p" | tail -1
}
reached() { on cn ping -c 3 -i 0.1 -W 2 10.99.0.1 >$work/said 2>&1; }

"$baton" topo up three-subnets --name $net >$work/said 2>&1
result $? "three networks come up"
configure cn <<END
address: 203.0.113.2
peers: [{home: 10.99.0.1, key_id: 1, key: 202122232425262728292a2b2c2d2e2f}]
END
configure mn <<END
eap: {identity: mn@example, psk: $psk}
device: {name: wlan0, supplicant: /run/wpa_supplicant/wlan0, patience: 3 s,
  dhcp: {probe_wait: 10 ms, probe_interval: 10 ms, announce_wait: 10 ms}}
home:
  address: 10.99.0.1
  correspondents: [{name: cn, address: 203.0.113.2, key_id: 1, key: 202122232425262728292a2b2c2d2e2f}]
networks:
  - {name: a, ssid: network-a, frequency: 2412, paa: 192.0.2.1}
  - {name: b, ssid: network-b, frequency: 2437, paa: 198.51.100.1}
  - {name: c, ssid: network-c, frequency: 2462, paa: 192.0.3.1}
END
begin cn cn && router par 192.0.2.2 "300 s" "300 s" && router nar 198.51.100.2 "300 s" "300 s" &&
	router war 192.0.3.2 "3 s" "20 s" && begin mn mn
result $? "three agents, a correspondent and a node begin"
check "the node attaches to a" ctl mn connect a
sleep 0.3

# --- two candidates -------------------------------------------------------------------------------
check "it is prepared for b" ctl mn preauth b
check "and for c as well" ctl mn preauth c
check "b has a session for it" is nar access preauthorised
check "so has c" is war access preauthorised
check "for a limited time" test "$(session nar expires_in_s)" -le 600
check "the node shows what stands in b" grep -q '^198.51.100.' <<<"$(of_network b address)"
check "and how long" test "$(of_network b expires_in_s)" -gt 200 -a "$(of_network b expires_in_s)" -le 300
check "its tunnels stand to both" test "$(on mn ip xfrm state | grep -c ^src)" -eq 4
pana=$(count mn pana_authenticated) dhcp=$(count mn dhcp_started)
check "it moves to the first" under_traffic ctl mn handoff b
check "and nothing is lost or doubled" no_loss
check "nobody authenticated for it" test "$(count mn pana_authenticated)" -eq "$pana"
check "nobody asked for an address" test "$(count mn dhcp_started)" -eq "$dhcp"
check "b is the serving network" is nar access authorised
check "in c everything is over" soon gone war
check "the node says why" grep -q '"network":"c","reason":"the node moved elsewhere"' \
	<<<"$(last mn candidate_ended)"
check "no tunnel is left on the node" test -z "$(on mn ip xfrm state)"

# --- held -----------------------------------------------------------------------------------------
check "a holds the session, unauthorised" soon is par access held
check "under the node's new address" is_at par 198.51.100.
check "prepared for c" ctl mn preauth c
check "and back for a" ctl mn preauth a
check "by the session that is held there" test "$(count mn pana_authenticated)" -eq $((pana + 1))
sleep 21
check "the candidate whose time is over has ended" grep -q '"network":"c","reason":"its time is over"' \
	<<<"$(last mn candidate_ended)"
check "at its agent too" soon gone war
check "the other one has not" ctl mn preauth c
pana=$(count mn pana_authenticated)
check "prepared for c anew, the node moves there" ctl mn handoff c
check "b holds the session now" soon is nar access held
check "b has learnt the address" is_at nar 192.0.3.
check "and a, which held one before, has too" soon is_at par 192.0.3.
check "a still holds it" is par access held
started=$(count par pana_session)
check "back in a" ctl mn handoff a
check "it is authorised again" is par access authorised
check "by its key alone" test "$(count mn pana_authenticated)" -eq "$pana" -a \
	"$(count par pana_session)" -eq "$started"
check "the agent says so" grep -q authorised <<<"$(last par pana_postauthorised)"
check "and the node is reached" reached

# --- held no longer than allowed ------------------------------------------------------------------
check "left, c has held the session for 3 s" grep -q '"access":"held"' <<<"$(last war pana_held)"
sleep 4
check "and then has none" soon gone war
check "as held long enough" grep -q 'held long enough' <<<"$(last war pana_expired)"
pana=$(count war pana_authenticated)
check "who comes back later" ctl mn handoff c
check "authenticates anew" test "$(count war pana_authenticated)" -eq $((pana + 1))
check "and is reached" reached

for node in mn par nar war cn; do ctl $node quit; done
"$baton" topo down $net >/dev/null 2>&1
tap_end
