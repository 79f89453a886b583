#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Handoffs between two 802.11 networks in the guest: prepared and unprepared, there and back, and what
# happens when something on the way does not want to. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec "$baton" guest --clock virtual --timeout 900 -- "$PWD/ref/mn/handover_check.sh" inside
fi

net=handover
. ref/mn/moves.sh

router() { # NODE DHCP-SERVER PSK [WHO]
	configure "$1" <<-END
	eap: {users: [{identity: ${4:-mn@example}, methods: [psk], psk: $3}]}
	access: {device: eth0, dhcp: {server: $2}, ip_in_ip: true, ${extra:-}
	  transforms: [aes-gcm, aes-cbc-sha256, null-sha256], probe_wait: 10 ms, probe_interval: 10 ms,
	  announce_wait: 10 ms}
	END
}

# The process of a node by the name of its configuration.
pid_of() { pgrep -f "baton-[a-z]* -c $work/$1.yaml" | head -1; }
killed() { kill -9 "$(pid_of "$1")" && sleep 0.2; }

reachable() { on mn ping -c 3 -i 0.1 -W 2 -I 10.99.0.1 203.0.113.2 >$work/said 2>&1; }

# The last event of that name, or one member of it.
event() { grep "\"event\":\"$2\"" $work/"$1".events | tail -1; }
member() { event "$1" "$2" | sed "s/.*\"$3\":\"*\([^,\"}]*\).*/\1/"; }
between() { # NODE EVENT EVENT LESS-THAN-MS
	awk -v a="$(member "$1" "$2" t)" -v b="$(member "$1" "$3" t)" -v most="$4" \
		'BEGIN { d = (b - a) * 1000; print d " ms" > "/dev/stderr"; exit !(d > 0 && d <= most) }' \
		2>$work/said
}
serving() { ctl --json mn status && grep -q "\"serving\": \"$1\"" $work/said; }

state() { # NODE: what a node must leave as it was
	on "$1" sh -c 'ip -br link | grep -v tunl0 | awk "{print \$1}" | sort; ip -o addr | grep -v fe80 |
		awk "{print \$2, \$4}" | sort; ip rule; ip route show table all | grep -v "^fe80\|^local fe80\|^multicast" |
		sort; ip xfrm state; ip xfrm policy'
}

configure cn <<END
address: 203.0.113.2
peers: [{home: 10.99.0.1, key_id: 1, key: 202122232425262728292a2b2c2d2e2f}]
END
router par 192.0.2.2 $psk
router nar 198.51.100.2 $psk
mobile() { # SETTINGS of the device
	configure mn <<END
eap: {identity: mn@example, psk: $psk}
device: {name: wlan0, supplicant: /run/wpa_supplicant/wlan0, patience: 3 s, $1
  dhcp: {probe_wait: 10 ms, probe_interval: 10 ms, announce_wait: 10 ms}}
home:
  address: 10.99.0.1
  correspondents: [{name: cn, address: 203.0.113.2, key_id: 1, key: 202122232425262728292a2b2c2d2e2f}]
networks:
  - {name: a, ssid: network-a, frequency: 2412, paa: 192.0.2.1}
  - {name: b, ssid: network-b, frequency: 2437, paa: 198.51.100.1}
END
}
mobile ""

"$baton" topo up two-subnets --name $net >$work/said 2>&1
result $? "the topology comes up"
for node in mn nar cn; do state $node >$work/before.$node; done
begin cn cn && begin par ar && begin nar ar && begin mn mn
result $? "the nodes begin"

check "the node attaches" ctl mn connect a
check "and is reached at its home address" reachable

check "a prepared handoff" under_traffic ctl mn handoff b
check "loses and doubles nothing" no_loss
check "the router has held packets" test "$(member nar buffering_stopped packets)" -gt 0
check "the tunnel has carried packets both ways" \
	test "$(member nar tunnel_down packets_in)" -gt 0 -a "$(member nar tunnel_down packets_out)" -gt 0
check "nobody authenticated after the move" test "$(count mn pana_authenticated)" -eq 2
check "nobody asked for an address after the move" test "$(count mn dhcp_started)" -eq 1
check "the network layer adds at most 1 ms" between mn l2_up handoff_completed 1
sleep 0.3

check "a prepared handoff back" under_traffic ctl mn handoff a
check "loses and doubles nothing either" no_loss

in_b=$(grep '"address_added"' $work/mn.events | grep -o '198\.51\.100\.[0-9]*/24' | head -1)
check "an unprepared handoff" ctl mn handoff --unprepared b
check "asks for the address that the node had there" \
	test -n "$in_b" -a "$(member mn dhcp_started requested)" = "${in_b%/*}"
check "and gets it" test "$(member mn address_added address)" = "$in_b"
check "tells the correspondent at the end" reachable

check "a preparation by itself" ctl mn preauth a
check "stands" grep -q 192.0.2. $work/said
check "another is refused meanwhile" refused "is under way" ctl mn connect a
check "the word to go is all that it waits for" ctl mn handoff --no-buffer a
check "without holding packets" test "$(member mn handoff_completed buffered)" = false
sleep 0.3

for tunnel in "transforms: [aes-cbc-sha256]," "transforms: [null-sha256]," "ip_in_ip: true,"; do
	ctl mn quit
	mobile "$tunnel"
	begin mn mn && ctl mn connect a
	check "a tunnel with $tunnel a handoff" under_traffic ctl mn handoff b
	check "that loses nothing" no_loss
	case $tunnel in
	transforms*) check "by that transform" test \
		"transforms: [$(member mn tunnel_up transform)]," = "$tunnel" ;;
	*) check "without ESP" test "$(member nar tunnel_up transform)" = none ;;
	esac
	sleep 0.3
done
. ref/mn/handover_ike.sh
ctl mn quit
mobile ""
begin mn mn && ctl mn connect a
result $? "and with the usual ones again"

ctl mn preauth b --no-wait
check "a move in the middle of the preparation falls back" ctl mn handoff --now b
check "and says so" test "$(member mn handoff_fallback reason)" = "the command says so"
check "and gets there" reachable
sleep 0.3

ctl mn preauth a
killed mn
begin mn mn
check "a node that was killed while prepared attaches again" ctl mn connect b
check "and is reached" reachable

killed nar
check "with a dead agent the handoff is refused where the node is" \
	refused "the node is in network b already" ctl mn handoff b
ctl mn handoff a
check "the way to the other network does not need it" reachable
check "a handoff to a dead agent fails" refused "took too long" ctl mn handoff b
check "and the node stays" serving a
check "and is reached where it is" reachable
begin nar ar
check "the agent is back, and so is the handoff" ctl mn handoff b
sleep 0.3

ctl par quit
ctl mn quit
router par 192.0.2.2 $psk somebody.else@example
sleep 0.2
begin par ar
begin mn mn
ctl mn connect b
check "a network that does not know the node" \
	refused PANA_AUTHENTICATION_REJECTED ctl mn handoff --unprepared a
check "sends it back to where it came from" serving b
check "where it is reached" reachable
ctl par quit
router par 192.0.2.2 $psk
sleep 0.2
begin par ar

ctl mn preauth a
kill -9 "$(pgrep -f 'hostapd.*ap-b' | head -1)"
check "an access point that dies moves the prepared node" until_true 20 serving a
check "with the address it had prepared" test "$(member mn handoff_fallback to)" = "prepared address"
check "and it is reached" reachable
check "no handoff is begun to an access point that is not there" \
	refused "no access point of network-b is in reach" ctl mn handoff b
check "so nothing has changed" reachable

ctl mn quit
ctl nar quit
ctl cn quit
sleep 0.5
for node in mn nar cn; do
	state $node >$work/after.$node
	diff $work/before.$node $work/after.$node >$work/said
	result $? "$node leaves everything as it was"
done
"$baton" topo down $net >$work/said 2>&1
tap_end
