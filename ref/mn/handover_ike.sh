# SPDX-License-Identifier: Apache-2.0
#
# Sourced by handover_check.sh: the prepared handoff with tunnels managed by IKEv2 (RFC 6252 §7.3.2),
# with what that has in scope. How long the move takes is measure_check's to judge.
# shellcheck shell=bash
ike='tunnel: [pana, ikev2],'

again() { # NODE PROGRAM: the same with another configuration
	ctl "$1" quit
	sleep 0.2
	begin "$1" "$2"
}
renew() { # NODE PROGRAM: if it has another one since
	cmp -s "$work/$1.yaml" "$work/$1.runs" && return
	cp "$work/$1.yaml" "$work/$1.runs"
	again "$1" "$2"
}
nodes() { # NAR MOBILE [PAR]: settings; the node is in a then
	ctl mn quit
	extra=${3:-$ike} router par 192.0.2.2 "$psk"
	extra=$1 router nar 198.51.100.2 "$psk"
	renew par ar && renew nar ar
	mobile "$2"
	begin mn mn && ctl mn connect a
}
later() { # NODE EVENT NODE EVENT: the first was after the second
	awk -v a="$(member "$1" "$2" t)" -v b="$(member "$3" "$4" t)" 'BEGIN { exit !(a > b) }'
}
shows() { # PATTERN COMMAND...: what it answers has that
	local pattern=$1
	shift
	ctl --json "$@" && tr -d ' \n' <"$work/said" | grep -q "$pattern"
}
lost() { on mn nft delete table inet lossy; }
lose() { # EXCHANGE OCTETS: messages of it that come from a port of IKE, so many octets at most
	on mn nft -f - <<-END
	table inet lossy {
		chain in { type filter hook input priority 0;
			udp sport 500 @th,208,8 $1 quota $2 bytes counter drop
		}
	}
	END
}

nodes "$ike" "tunnel: ikev2,"
result $? "IKEv2: the nodes begin"
had=$(count mn pana_authenticated) leases=$(count mn dhcp_started) sas=$(count nar ike_established)
check "IKEv2: a prepared handoff" under_traffic ctl mn handoff b
check "loses and doubles nothing" no_loss
check "its tunnel is of IKE" test "$(member mn tunnel_up manager)" = ikev2
given=$(member mn ike_address address)
check "with an address of the DHCP server" test "${given##*.}" -ge 100 -a "${given##*.}" -le 199
check "it has carried packets both ways" \
	test "$(member nar tunnel_down packets_in)" -gt 0 -a "$(member nar tunnel_down packets_out)" -gt 0
check "it was deleted by IKE" test "$(member nar tunnel_down reason)" = "deleted by IKE"
check "before the move" later mn l2_up nar tunnel_down
check "the node authenticated once" test "$(count mn pana_authenticated)" -eq $((had + 1))
check "and asked for no address afterwards" test "$(count mn dhcp_started)" -eq "$leases"
check "there was one IKE SA" test "$(count nar ike_established)" -eq $((sas + 1))
sleep 0.5
check "which the server confirms to the node itself" test "$(member mn dhcp_bound address)" = "$given/24"

check "a preparation by IKE" ctl mn preauth a
check "shows its IKE SA at the node" shows '"ike":{"state":"ESTABLISHED"' mn status
check "and at the router" shows '"ike":{.*"state":"ESTABLISHED".*"child":{' par clients
check "with the session's key as its name" shows '"peer_id":"0x[0-9a-f]\{16\}"' par clients
check "and goes by command" ctl mn handoff --no-buffer a
sleep 0.3

nodes "$ike" "tunnel: ikev2, tunnel_end: after,"
check "IKEv2, deleted after the move" under_traffic ctl mn handoff b
check "loses and doubles nothing" no_loss
check "the router hears of it by IKE" test "$(member nar tunnel_down reason)" = "deleted by IKE"
check "after the move" later nar tunnel_down mn l2_up
sleep 0.3

nodes "$ike" "tunnel_end: after,"
check "PANA, deleted after the move" under_traffic ctl mn handoff b
check "loses and doubles nothing" no_loss
check "the router hears of it by the address update" test "$(member nar tunnel_down reason)" = attached
check "after the move" later nar tunnel_down mn l2_up
sleep 0.3

nodes "$ike pool: 198.51.100.208/30," "tunnel: ikev2,"
check "IKEv2, an address of the pool" ctl mn handoff b
check "it is one of the pool" grep -q '^198\.51\.100\.2\(09\|10\)/24$' <(member mn address_added address)
sleep 1
check "no DHCP server is asked to confirm it" serving b
check "and the node is reached there" reachable

nodes "$ike pool: 198.51.100.208/32," "tunnel: ikev2,"
on dhcp-b ip addr add 198.51.100.208/24 dev eth0
check "a pool whose address somebody has" refused INTERNAL_ADDRESS_FAILURE ctl mn handoff b
check "leaves the node where it is" serving a
check "and reached" reachable
on dhcp-b ip addr del 198.51.100.208/24 dev eth0

nodes "$ike" "tunnel: ikev2,"
sas=$(count nar ike_established)
lose 35 400
check "IKEv2, the answer of IKE_AUTH lost" ctl mn preauth b
lost
check "it is repeated, and the same" test "$(count nar ike_established)" -eq $((sas + 1)) -a \
	"$(member nar tunnel_up inner)" = "$(member mn tunnel_up inner)"
lose 37 100
check "and that of the Delete" ctl mn handoff --no-buffer b
lost
check "the move goes on" serving b
check "where the node is reached" reachable
check "an unprepared handoff back" ctl mn handoff --unprepared a

ctl mn preauth b
killed nar
check "IKEv2, a router that dies while the node is prepared" refused "took too long" ctl mn handoff b
check "leaves it where it is" serving a
check "and reached" reachable
begin nar ar
had=$(count mn pana_authenticated)
check "a router that has forgotten the session" ctl mn handoff b
check "has the node authenticate anew" test "$(count mn pana_authenticated)" -eq $((had + 1))
sleep 0.3

nodes "$ike tunnel_lifetime: 1 s," "tunnel: ikev2,"
ctl mn preauth b
check "a tunnel has its time at the router" shows '"state":"prepared"' mn status
sleep 1.5
check "then the router deletes it" test "$(member nar tunnel_down reason)" = lifetime
check "and the node gives up what it had there" shows '"state":"attached"' mn status

check "a router without IKEv2" nodes "" "tunnel: ikev2,"
check "is not prepared with" refused "took too long" ctl mn handoff b
nodes "tunnel: [ikev2]," ""
check "one without PANA's tunnels says so" refused "managed by IKEv2" ctl mn handoff b

# EAP carried by IKEv2, and no PANA with the network that is to come.
"$baton" creds $work/lab >$work/said 2>&1
proof="$ike ike_proof: {identity: server.example, certificate: $work/lab/server.pem, key: $work/lab/server.key},"
by_eap="tunnel: ikev2, tunnel_end: after, authenticate: ikev2, ike_ca: $work/lab/ca.pem,"
nodes "$proof" "$by_eap" "$proof"
had=$(count mn pana_authenticated)
check "EAP in IKEv2 instead of PANA" ctl mn handoff b
check "PANA has no part in it" test "$(count mn pana_authenticated)" -eq "$had" -a "$(count nar client_attached)" -gt 0
check "the router has it from the new address" later nar client_attached mn l2_up
check "the node is reached" reachable
check "and goes back in the same way" ctl mn handoff a
check "where it is reached as well" reachable
gone=$(count nar dhcp_released)
extra=$proof router nar 198.51.100.2 000102030405060708090a0b0c0d0eff
again nar ar
check "EAP in IKEv2 that fails" refused IKE ctl mn handoff b
check "leaves the node where it is" serving a
sleep 11
check "and the address of before was not given back" test "$(count nar dhcp_released)" -eq "$gone"

# What the key is worth: another program of this machine has it, or not.
by_key() { # KEY
	cat >$work/iked.yaml <<-END
	control: $work/iked.sock
	events: $work/iked.events
	connections:
	  - {name: nar, local: $here, remote: 198.51.100.1, local_id: "0x${name%%:*}$(printf %08x "${name##*:}")", remote_id: 198.51.100.1, psk_octets: $1, ask_address: true, remote_ts: 0.0.0.0/0, mobike: false, start: true}
	END
	: >$work/iked.events
	on mn "$PWD/build/bin/baton-iked" -c $work/iked.yaml >>$work/iked.log 2>&1 &
	for _ in $(seq 50); do
		grep -q '"event":"ike_\(child_up\|failed\)"' $work/iked.events && break
		sleep 0.1
	done
	"$baton" ctl --socket $work/iked.sock iked quit >/dev/null 2>&1
	cat $work/iked.events >$work/said
}
nodes "$ike" "" # with a log of keys from here on
sed -i "1i key_log: $work/mn.keys" $work/mn.yaml
again mn mn && ctl mn connect a && ctl mn preauth b
here=$(member mn tunnel_up outer)
read -r _ name key <<<"$(grep PANA_MN_AR $work/mn.keys | tail -1)"
sas=$(count nar ike_established)
by_key "$(tr 0-9a-f 1-9a-f0 <<<"$key")"
check "a wrong MN-AR key is refused" grep -q 'AUTHENTICATION_FAILED' $work/said
check "and nothing is given to who has it" test "$(count nar ike_established)" -eq "$sas"
by_key "$key"
check "any IKEv2 initiator with the right one gets an address" grep -q '"event":"ike_child_up"' $work/said
# Nobody points a tunnel at a third party, whatever key it has.
on mn ip addr add 192.0.2.250/24 dev wlan0
here=192.0.2.250
by_key "$key"
on mn ip addr del 192.0.2.250/24 dev wlan0
check "but not for another address than the session's" test "$(member nar request_refused detail)" = \
	"the outer address is not that of the session"
check "so there is no tunnel to it" eval '! grep -q "\"event\":\"ike_child_up\"" $work/said'
router par 192.0.2.2 "$psk"
router nar 198.51.100.2 "$psk"
again par ar && again nar ar
