#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Pre-configuration with PANA and IKEv1 (RFC 3456): a mobile node in its present network is
# authenticated by PANA at the access router of the next one; with the key that comes of it IKE is set
# up, a DHCP SA is made, a DHCP server behind the router gives an address through it, and a Child SA is
# made for that address, over which the lease is renewed. Two baton-iked, a dnsmasq, all ESP in the
# kernel. Run by esp_check.sh in its guest, or alone. Speaks TAP. Needs build/bin, dnsmasq, tcpdump.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - DHCP over IPsec # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	for p in dnsmasq tcpdump; do
		command -v $p >/dev/null || skip "no $p"
	done
	"$bin/baton" guest --clock virtual --timeout 1500 -- "$PWD/ref/iked/dhcp_over_ipsec.sh" inside
	status=$?
	[ $status -eq 125 ] && skip "no guest to be had here"
	exit $status
fi

work=$(mktemp -d) || exit 2
mn="" ar="" dns="" started=()
unshare --net sleep 600 &
space=$!
unshare --net sleep 600 &
far=$!
unshare --net sleep 600 &
near=$!
# In the background without a function, so that a PID is the program's.
on_router=(nsenter --net=/proc/$space/ns/net) on_server=(nsenter --net=/proc/$far/ns/net)
on_node=(nsenter --net=/proc/$near/ns/net)
router() { "${on_router[@]}" "$@"; }
server() { "${on_server[@]}" "$@"; }
node() { "${on_node[@]}" "$@"; }
trap 'kill $space $far $near $mn $ar $dns "${started[@]}" 2>/dev/null; rm -rf "$work"' EXIT

. testbed/check/tap.sh
witnesses() {
	for n in mn ar; do
		tail -3 "$work/$n.log" | sed "s/^/$n: /"
		tail -8 "$work/$n.events" | cut -c1-240 | sed "s/^/$n: /"
	done
	grep -v 'sent size\|requested options\|next server' "$work/dnsmasq.log" | tail -6
}
# On the guest's clock waiting costs nothing, and looking does.
until_true() { # SECONDS COMMAND...
	local n=$(($1 * 3))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((n--)) -gt 0 ] || return 1
		sleep 0.33
	done
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
event() { grep -q "\"event\":\"$2\"" "$work/$1.events"; }
events() { grep -c "\"event\":\"$2\"" "$work/$1.events"; }
last() { grep "\"event\":\"$2\"" "$work/$1.events" | tail -1 | sed -n "s/.*\"$3\":\"\([^\"]*\)\".*/\1/p"; }
capture() { # HOST NAME DEVICE FILTER [DIRECTION]
	local -n on=on_$1
	"${on[@]}" tcpdump -i "$3" ${5:+-Q $5} -n -vv -U --immediate-mode -w "$work/$2.pcap" "$4" 2>"$work/$2.tcpdump" &
	started+=($!)
	until_true 10 grep -q listening "$work/$2.tcpdump"
}
shown() { tcpdump -n -vv -r "$work/$1.pcap" "${@:2}" 2>/dev/null; }

# --- three hosts: the node in its present network, the next access router, the server behind that ------

for p in $space $far $near; do
	until_true 5 eval '[ "$(readlink /proc/'"$p"'/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
done
ip link add v0 netns $near type veth peer name v1 netns $space &&
	ip link add s1 netns $far type veth peer name s0 netns $space || { ok 'three hosts' 1; exit 1; }
for f in router server node; do $f ip link set lo up; done
node ip addr add 10.9.0.1/24 dev v0 && node ip link set v0 up
router ip addr add 10.9.0.2/24 dev v1 && router ip link set v1 up
router ip addr add 10.2.0.1/16 dev s0 && router ip link set s0 up
server ip addr add 10.2.0.2/16 dev s1 && server ip link set s1 up
router sysctl -qw net.ipv4.ip_forward=1

start_server() { # FIRST LAST T1 T2 of the addresses, seconds
	[ -z "$dns" ] || { kill $dns; wait $dns; } 2>/dev/null
	: >"$work/dnsmasq.log"
	rm -f "$work/leases"
	"${on_server[@]}" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --interface=s1 \
		--dhcp-range="$1,$2,255.255.0.0,10m" --dhcp-option=option:router,10.2.0.1 --dhcp-option=option:T1,"$3" --dhcp-option=option:T2,"${4:-500}" \
		--dhcp-authoritative --log-dhcp --dhcp-leasefile="$work/leases" --pid-file="$work/dnsmasq.pid" \
		--no-ping --log-facility="$work/dnsmasq.log" 2>"$work/dnsmasq.out" &
	dns=$!
	until_true 10 grep -q 'DHCP, IP range' "$work/dnsmasq.log"
}
start_server 10.2.0.100 10.2.0.199 8 20
ok 'a DHCP server behind the next access router' $?

# --- PANA between the node and the next access router: the MN-AR key ---------------------------------

cat >"$work/paa.yaml" <<END
control: $work/paa.sock
events: $work/paa.events
key_log: $work/paa.keys
pana: { lifetime: 600 }
eap:
  users:
    - { identity: mn@example, methods: [psk], psk: 000102030405060708090a0b0c0d0e0f }
END
cat >"$work/pac.yaml" <<END
control: $work/pac.sock
events: $work/pac.events
key_log: $work/pac.keys
eap: { identity: mn@example, psk: 000102030405060708090a0b0c0d0e0f }
networks:
  - { name: next, paa: 10.9.0.2 }
END
"${on_router[@]}" "$bin/baton-ar" -c "$work/paa.yaml" >"$work/paa.log" 2>&1 &
started+=($!)
"${on_node[@]}" "$bin/baton-mn" -c "$work/pac.yaml" >"$work/pac.log" 2>&1 &
started+=($!)
until_true 20 test -S "$work/pac.sock"
until_true 20 test -S "$work/paa.sock"
node "$bin/baton" ctl --socket "$work/pac.sock" mn connect next >"$work/pac.out" 2>&1
key_of() { sed -n 's/^PANA_MN_AR [0-9a-f]*:[0-9]* //p' "$work/$1.keys" 2>/dev/null | tail -1; }
until_true 20 eval '[ -n "$(key_of pac)" ] && [ "$(key_of pac)" = "$(key_of paa)" ]'
ok 'PANA: both ends have the same MN-AR key' $?
key=$(key_of pac)
[ -n "$key" ] || { cat "$work/pac.out" "$work/pac.log" "$work/paa.log" | sed 's/^/# /'; exit 1; }

# --- IKEv1 with that key -----------------------------------------------------------------------------

start_ar() {
	cat >"$work/ar.yaml" <<END
control: $work/ar.sock
events: $work/ar.events
install: true
connections:
  - name: nodes
    version: 1
    local_id: ar.example
    remote_id: mn@example
    psk_octets: $key
    local_ts: 10.2.0.0/16
    dhcp_relay: { server: 10.2.0.2, address: 10.2.0.1 }
END
	"${on_router[@]}" "$bin/baton-iked" -c "$work/ar.yaml" >"$work/ar.log" 2>&1 &
	ar=$!
	until_true 10 event ar ready
}
start_mn() { # LINES of the connection
	[ -z "$mn" ] || { kill $mn && wait $mn; }
	rm -f "$work/mn.events"
	cat >"$work/mn.yaml" <<END
control: $work/mn.sock
events: $work/mn.events
install: true
connections:
  - name: next
    version: 1
    local: 10.9.0.1
    remote: 10.9.0.2
    local_id: mn@example
    remote_id: ar.example
    psk_octets: $key
    remote_ts: 10.2.0.0/16
    start: true
$(printf '    %s\n' "$@")
END
	"${on_node[@]}" "$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
	mn=$!
}
clean() { # HOST
	[ -z "$($1 ip xfrm state)" ] && ! $1 ip xfrm policy | grep -q 'reqid' && ! $1 ip link | grep -q baton-
}
pings() { node ping -q -c 3 -i 0.2 -W 2 -I "$(last mn dhcp_bound address)" 10.2.0.2 | grep -q ' 0% packet loss'; }

capture node air v0 'udp port 67 or udp port 68 or esp' out
capture server lan s1 'udp port 67 or udp port 68'
start_ar && start_mn 'dhcp: { keep_sa: true }'
until_true 30 event mn dhcp_bound
ok 'quick mode for the DHCP SA, and DHCP through it: an address of the next network' $?
until_true 10 eval '[ "$(events mn ike_child_up)" -eq 2 ]' && address=$(last mn dhcp_bound address) &&
	grep '"event":"ike_child_up"' "$work/mn.events" | head -1 | grep -q '"local_ts":"0.0.0.0.*udp.*68\|"local_ts":"0.0.0.0' &&
	[ "$(last mn ike_child_up local_ts)" = "$address" ] && case $address in 10.2.0.1??) ;; *) false ;; esac
ok 'the first quick mode names 0.0.0.0, the second the new address' $?
grep '"event":"ike_child_up"' "$work/mn.events" | grep -o '"\(local\|remote\)_ts":"[^"]*"' | sed 's/^/# /'
until_true 5 eval 'shown lan | grep -q "DHCP-Message.*: ACK\|DHCP-Message (53), length 1: ACK"'
shown lan >"$work/lan.txt"
grep -q 'Gateway-IP 10.2.0.1' "$work/lan.txt" && grep -qi 'Circuit-ID' "$work/lan.txt" && grep -q 'hops 1' "$work/lan.txt"
ok 'the server has heard a relay agent at the router, with a circuit ID' $?
tcpdump -n -x -r "$work/lan.pcap" 'udp src port 67 and udp[8] = 1 and udp[9] = 31' 2>/dev/null | grep -q IP
ok 'and hardware type 31' $?
[ "$(shown air esp | grep -c ESP)" -ge 2 ] && [ "$(shown air 'udp port 67 or udp port 68' | wc -l)" -eq 0 ]
ok 'in the present network there was ESP and no DHCP' $?
grep -q "\"event\":\"dhcp_leased\".*\"address\":\"$address\"" "$work/ar.events"
ok 'the router knows whose the address is' $?

# Somebody in that network who is not the server gives out an address in its name.
server ip addr add 10.2.0.66/16 dev s1
circuit=$(grep '"event":"dhcp_leased"' "$work/ar.events" | tail -1 | sed -n 's/.*"circuit":\([0-9]*\).*/\1/p')
forged=$(events ar dhcp_relay_rejected)
server /usr/bin/python3 - "$circuit" <<'END'
import ipaddress, socket, struct, sys
address = lambda text: ipaddress.ip_address(text).packed
ack = struct.pack("!4B4s2H", 2, 31, 0, 0, b"\x01\x02\x03\x04", 0, 0) + bytes(4) + address("10.2.0.99") + bytes(4) + \
    address("10.2.0.1") + bytes(16 + 64 + 128) + bytes.fromhex("63825363") + \
    bytes([53, 1, 5, 54, 4]) + address("10.2.0.2") + bytes([51, 4, 0, 0, 2, 88, 82, 6, 1, 4]) + \
    int(sys.argv[1]).to_bytes(4, "big") + b"\xff"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.2.0.66", 0))
s.sendto(ack.ljust(300, b"\0"), ("10.2.0.1", 67))
END
until_true 10 eval '[ "$(events ar dhcp_relay_rejected)" -gt $forged ]' &&
	[ "$(last ar dhcp_relay_rejected field)" = 'source address' ] && ! grep -q '10\.2\.0\.99' "$work/ar.events"
ok 'an answer that is not from the server gives nobody an address' $?
server ip addr del 10.2.0.66/16 dev s1

pings
ok 'packets between the new address and its network cross the tunnel' $?
mac=$(router ip -br link show s0 | awk '{ print $3 }')
[ -n "$mac" ] && server ip neigh | grep "^$address " | grep -q "$mac"
ok 'the router answers ARP for the address' $?
ctl mn status | grep -q '"dhcp_sa": true' && node ip link show baton-dhcp1 >/dev/null
ok 'the DHCP SA is kept' $?
node ip route add 10.2.0.77/32 dev baton-dhcp1
capture router leak any 'dst 10.2.0.77'
! node ping -q -c 2 -i 0.2 -W 1 10.2.0.77 >/dev/null && node ip -s link show baton-dhcp1 >/dev/null &&
	[ "$(shown leak | wc -l)" -eq 0 ]
ok 'but carries nothing else than DHCP' $?

n=$(events mn dhcp_renewed)
capture node renewal v0 'udp port 67 or udp port 68 or esp' out
until_true 30 eval '[ "$(events mn dhcp_renewed)" -gt $n ]' &&
	[ "$(shown renewal 'udp port 67 or udp port 68' | wc -l)" -eq 0 ] &&
	[ "$(grep -c "DHCPACK(s1) $address" "$work/dnsmasq.log")" -ge 2 ]
ok 'the lease is renewed over the Child SA of the address' $?

# The server has other addresses now and refuses the old one (RFC 2131 4.3.2). What it refuses in an answer
# to the address itself it broadcasts on its own network; so the node hears of it when it asks by way of the
# relay agent again, in a DHCP SA.
start_server 10.2.0.200 10.2.0.250 600
until_true 60 eval '[ "$(events mn dhcp_bound)" -ge 2 ] && [ "$(last mn ike_child_up local_ts)" = "$(last mn dhcp_bound address)" ]' &&
	event mn dhcp_nak && case $(last mn dhcp_bound address) in 10.2.0.2[0-5]?) ;; *) false ;; esac && pings
ok 'a refused lease: another address, another Child SA, and packets cross' $?
! node ip addr show dev v0 | grep -q " $address/" && ! node ip xfrm policy | grep -q "$address"
ok 'nothing of the old address is left' $?
ctl mn release >/dev/null && until_true 10 event mn dhcp_released && until_true 10 eval '! grep -q . "$work/leases"' &&
	until_true 10 eval '! node ip addr show dev v0 | grep -q 10.2.0'
ok 'released: the server has it back, the node has it no more' $?

start_mn 'dhcp: { client_id: node-7 }'
until_true 30 eval '[ "$(events mn ike_child_up)" -eq 2 ] && event mn ike_child_down' && pings &&
	ctl mn status | grep -q '"dhcp_sa": false' && ! node ip link | grep -q baton-dhcp && ! router ip link | grep -q baton-dhcp
ok 'without keep_sa: the DHCP SA is deleted when the address has its own, at both ends' $?
grep -q 'node-7\|00:6e:6f:64:65:2d:37' "$work/leases"
ok 'the client identifier is as configured' $?
ctl mn rekey-child >/dev/null && until_true 15 eval '[ "$(events mn ike_child_up)" -eq 3 ]' && pings
ok 'the Child SA of the address is rekeyed' $?
ctl mn rekey >/dev/null && until_true 15 event mn ike_rekeyed && ctl mn rekey-child >/dev/null &&
	until_true 15 eval '[ "$(events mn ike_child_up)" -eq 4 ]' && pings
ok 'also after the ISAKMP SA was made anew' $?
address=$(last mn dhcp_bound address)
ctl mn delete >/dev/null && until_true 15 clean node && until_true 15 clean router &&
	! router ip route | grep -q "^$address" && ! router ip neigh show proxy | grep -q "$address"
ok 'the ISAKMP SA deleted: nothing is left at either end' $?

# An address that DHCP has not given.
sed -i '/dhcp:/d; /remote_ts/a\    local_ts: 10.2.0.99/32' "$work/mn.yaml"
kill $mn && wait $mn
rm -f "$work/mn.events"
"${on_node[@]}" "$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
mn=$!
until_true 20 event mn ike_child_failed && ! event mn ike_child_up
ok 'an address that DHCP has not given: the router refuses the Child SA' $?
kill $mn $ar && wait $mn $ar
clean node && clean router
ok 'both nodes ended: nothing is left' $?
mn="" ar=""
tap_end
