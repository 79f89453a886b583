#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Address change (docs/address-change.md) between two baton-iked with ESP in transport mode: a TCP
# stream in each direction of programs that know nothing goes on over ten changes of one end's
# address, directly and in tunnels, by command and by itself, and one of the other's, every octet
# compared; keys and SPIs stay; no packet is larger afterwards. The same over IKEv1, and IKEv1 in tunnel
# mode with null encryption: rekeyed, deleted, moved. In the guest, whose kernel has ESP. Speaks TAP.
# Needs build/bin/baton and baton-iked.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - address change # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	command -v tcpdump >/dev/null || skip "no tcpdump"
	"$bin/baton" guest --timeout 900 -- "$PWD/ref/iked/change_check.sh" inside
	status=$?
	[ $status -eq 125 ] && skip "no guest to be had here"
	exit $status
fi

work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
started=()
there() { nsenter --net=/proc/$space/ns/net "$@"; }
unshare --net sleep 900 &
space=$!
trap 'kill $space "${started[@]}" 2>/dev/null; rm -rf "$work"' EXIT

witnesses() {
	sed 's/^/client: /' "$work/client.out" 2>/dev/null
	for n in mn cn; do
		tail -5 "$work/$n.log" | sed "s/^/$n: /"
		tail -8 "$work/$n.events" | sed "s/^/$n: /"
	done
}

node() { # NAME LOCAL REMOTE ID PEER-ID START COMMAND-PREFIX...
	local name=$1 start=$6
	cat >"$work/$name.yaml" <<END
control: $work/$name.sock
events: $work/$name.events
install: true
sockets: true
follow: true
connections:
  - name: peer
    local_id: $4
    remote_id: $5
    psk: a shared secret
    version: ${version:-2}
${mode:-    transport: true
    tunnel: true}
    address_change: true
    start: $start
$([ "$2" = any ] || printf '    local: %s\n    remote: %s\n' "$2" "$3")
END
	shift 6
	"$@" "$bin/baton-iked" -c "$work/$name.yaml" >"$work/$name.log" 2>&1 &
	started+=($!)
	until_true 20 grep -q '"ready"' "$work/$name.events"
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
events() { grep -c "\"event\":\"$2\"" "$work/$1.events"; }
spis() { ctl "$1" status | grep -o '"spi_\(in\|out\)": "[0-9a-f]*"' | sort; }

# --- two hosts -----------------------------------------------------------------------------------

until_apart $space
ip link add v0 type veth peer name v1 && ip link set v1 netns $space || { ok "a veth pair" 1; exit 1; }
ip link set lo up
# the next address stays when the one before it goes
sysctl -qw net.ipv4.conf.v0.promote_secondaries=1
ip addr add 10.9.0.1/16 dev v0 && ip link set v0 up
there ip link set lo up
there sysctl -qw net.ipv4.conf.v1.promote_secondaries=1
there ip addr add 10.9.0.2/16 dev v1
there ip link set v1 up

node cn any any cn.example mn.example false there nsenter --net=/proc/$space/ns/net
node mn 10.9.0.1 10.9.0.2 mn.example cn.example true env
until_true 20 grep -q ike_child_up "$work/mn.events" && grep -q '"mode":"transport"' "$work/mn.events"
ok 'two nodes: a Child SA in transport mode' $?
ping -q -c 2 -i 0.2 -W 2 10.9.0.2 | grep -q ' 0% packet loss'
ok 'packets pass' $?

cat >"$work/peer.py" <<'END'
# Both directions at once: numbers of 4 octets, each compared when it comes back.
import os, socket, sys, threading, time
role, address, until = sys.argv[1:4]
if role == "server":
    listener = socket.create_server((address, 7000))
    c = listener.accept()[0]
    while data := c.recv(65536):
        c.sendall(data)
    c.close()
else:
    c = socket.create_connection((address, 7000))
    sent = 0
    def send():
        global sent, ends
        while not os.path.exists(until):
            c.sendall(b"".join(n.to_bytes(4, "big") for n in range(sent, sent + 250)))
            sent += 250
            time.sleep(0.005)
        ends = c.getsockname()[0], c.getpeername()[0]
        c.shutdown(socket.SHUT_WR)
    t = threading.Thread(target=send)
    t.start()
    got, rest = 0, b""
    while data := c.recv(65536):
        rest += data
        while len(rest) >= 4:
            assert int.from_bytes(rest[:4], "big") == got, got
            got += 1
            rest = rest[4:]
    t.join()
    assert got == sent and not rest, (got, sent)
    print("numbers", got, "from", ends[0], "to", ends[1])
END
there /usr/bin/python3 "$work/peer.py" server 0.0.0.0 never >"$work/server.out" 2>&1 &
started+=($!)
until_true 20 eval 'there ss -ltn | grep -q 7000'
before=$(spis mn)
/usr/bin/python3 "$work/peer.py" client 10.9.0.2 "$work/enough" >"$work/client.out" 2>&1 &
client=$!
until_true 20 eval 'ss -tn | grep -q 10.9.0.2:7000'

# --- changes ---------------------------------------------------------------------------------------

# Each of that many changes has moved the one connection, at both ends.
moved() {
	[ "$(grep -c '"event":"sockets_moved","moved":1,' "$work/mn.events")" -eq "$1" ] &&
		[ "$(grep -c '"event":"sockets_moved","moved":1,' "$work/cn.events")" -eq "$1" ]
}
old=10.9.0.1 good=0
for n in 1 2 3 4 5 6 7 8 9 10; do
	new=10.9.$n.1
	ip addr add $new/16 dev v0
	form=direct
	[ $n -gt 6 ] && form=tunnel
	ctl mn move $new --$form >/dev/null && until_true 20 moved $n && good=$((good + 1))
	ip addr del $old/16 dev v0
	old=$new
	sleep 0.8
done
[ $good -eq 10 ] && [ "$(ip -4 -br addr show dev v0 | grep -c "$old/16")" -eq 1 ]
ok "ten changes of the mover's address: SAs and sockets moved at both ends ($good)" $?
[ "$(events mn ike_migrated)" -eq 10 ] && [ "$(events cn ike_migrated)" -eq 10 ]
ok 'ten migrations by the account of either end' $?
[ "$(spis mn)" = "$before" ]
ok 'the SPIs are those of the beginning' $?
there ip addr add 10.9.0.22/16 dev v1
ctl cn move 10.9.0.22 >/dev/null && until_true 20 moved 11
ok "one change of the correspondent's address" $?
there ip addr del 10.9.0.2/16 dev v1

timeout 20 tcpdump -Q out -i v0 -n -c 20 -w "$work/x.pcap" esp 2>"$work/tcpdump"
tcpdump -n -r "$work/x.pcap" 2>/dev/null | grep -c "IP $old > 10.9.0.22: ESP" | grep -qx 20
ok 'what leaves is ESP between the new addresses and nothing around it' $?
# The document's own way: the address has gone before anybody is told, the network drops what comes
# from it, and nobody gives a command. What is said and sent meanwhile is inside of packets of the new one.
there nft add table ip ingress
there nft add chain ip ingress in '{ type filter hook prerouting priority -400; }'
there nft add rule ip ingress in iif v1 ip saddr $old counter drop
# Behind the filter of the tunnel: what came as ESP in it, decrypted.
there nft add chain ip ingress taken '{ type filter hook prerouting priority -200; }'
there nft add rule ip ingress taken ip saddr $old icmp type echo-request counter
tcpdump -i v0 -n -U --immediate-mode -w "$work/tunnel.pcap" 'ip proto 4' 2>"$work/tcpdump.tunnel" &
started+=($!)
until_true 10 grep -q listening "$work/tcpdump.tunnel"
correspondent=$(sed -n 's/.*"event":"ready".*"pid":\([0-9]*\).*/\1/p' "$work/cn.events")
# A way so long that programs send while the answer is on it; and one that sends whatever comes back, where
# TCP may be waiting.
tc qdisc add dev v0 root netem delay 300ms
ping -q -i 0.02 -w 20 -I $old 10.9.0.22 >"$work/ping" 2>&1 &
started+=($!)
new=10.9.12.1
# The correspondent takes its time: until it has changed, what comes is from the old address, and good.
kill -STOP "$correspondent"
ip addr add $new/16 dev v0
ip addr del $old/16 dev v0
taken() { there nft list chain ip ingress taken | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
until_true 20 eval '[ "$(taken)" -gt 0 ]'
ok "what programs send in the tunnel is taken at the other end ($(taken) of them)" $?
kill -CONT "$correspondent"
until_true 20 moved 12 && until_true 20 grep -q "\"to\":\"$new" "$work/cn.events"
ok 'the address is taken away and another is there: the node moves by itself' $?
# The capture may lie behind.
tunnelled() { tcpdump -n -r "$work/tunnel.pcap" 2>/dev/null >"$work/tunnel.txt"; grep -q "$1" "$work/tunnel.txt"; }
until_true 10 tunnelled "IP $new > 10.9.0.22: IP $old.* > 10.9.0.22.*: .*isakmp" &&
	until_true 10 tunnelled "IP 10.9.0.22 > $new: IP 10.9.0.22.* > $old.*: .*isakmp"
ok 'ADDRESS CHANGE and MIGRATION COMPLETED are inside of packets of the new address' $?
grep isakmp "$work/tunnel.txt" | head -8 | sed 's/^/# tunnel: /'
until_true 10 tunnelled "IP $new > 10.9.0.22: IP $old > 10.9.0.22: ESP"
ok 'so is what programs send meanwhile' $?
until_true 10 eval '[ "$(grep -c tunnel_up "$work/mn.events" "$work/cn.events" | cut -d: -f2 | paste -sd" ")" = "$(
	grep -c tunnel_down "$work/mn.events" "$work/cn.events" | cut -d: -f2 | paste -sd" ")" ]' &&
	! ip link show | grep -q baton-t && ! there ip link show | grep -q baton-t
ok 'no tunnel is left at either end' $?
there nft delete table ip ingress
tc qdisc del dev v0 root
old=$new
[ "$(events cn ike_verified)" -ge 12 ] && ! there nft list ruleset | grep -q quota
ok 'each new address was verified, and nothing is limited any more' $?

# Over an IKE SA of its own from the new address, with a proof (docs/address-change.md 5.4).
new=10.9.13.1
ip addr add $new/16 dev v0
ctl mn move $new --new-sa >/dev/null && until_true 20 moved 13
ok 'told over another IKE SA, which proves that it has the keys of the first' $?
ip addr del $old/16 dev v0
old=$new
until_true 20 eval '[ "$(ctl mn status | grep -c "\"spi_i\"")" -eq 1 ]' && [ "$(spis mn)" = "$before" ]
ok 'that other IKE SA has gone; the SPIs are those of the beginning' $?

touch "$work/enough"
timeout 60 tail --pid=$client -f /dev/null && wait $client && grep -q "from $old to 10.9.0.22" "$work/client.out"
ok 'the program has every octet, and sees the new addresses' $?
sed 's/^/# /' "$work/client.out"
grep '"sockets_moved"' "$work/mn.events" | grep -o '"frozen_s":[0-9.e-]*\|"moved_s":[0-9.e-]*' | tail -4 | sed 's/^/# /'

# --- the end ---------------------------------------------------------------------------------------

ctl mn expire >/dev/null && until_true 20 grep -q ike_expired "$work/cn.events" &&
	[ -z "$(ip xfrm state)" ] && [ -z "$(there ip xfrm state)" ]
ok 'the mover says that its address is over: nothing is left in either kernel' $?

# --- over IKEv1, docs/address-change.md §8 -----------------------------------------------------------

again() { # LOCAL of the mover; both nodes anew
	for n in mn cn; do
		ctl $n quit >/dev/null
		until_true 10 eval "! ctl $n status"
		rm -f "$work/$n.events"
	done
	node cn any any cn.example mn.example false there nsenter --net=/proc/$space/ns/net
	node mn "$1" 10.9.0.22 mn.example cn.example true env
	until_true 20 grep -q ike_child_up "$work/mn.events"
}
rm -f "$work/enough"
version=1
again $old && ctl mn status | grep -q '"version": 1' && grep -q '"mode":"transport"' "$work/mn.events"
ok 'IKEv1: a Child SA in transport mode, in both kernels' $?
there /usr/bin/python3 "$work/peer.py" server 0.0.0.0 never >"$work/server.out" 2>&1 &
started+=($!)
until_true 20 eval 'there ss -ltn | grep -q 7000'
before=$(spis mn)
/usr/bin/python3 "$work/peer.py" client 10.9.0.22 "$work/enough" >"$work/client.out" 2>&1 &
client=$!
until_true 20 eval 'ss -tn | grep -q 10.9.0.22:7000'
good=0
for n in 1 2; do
	form=direct
	[ $n -eq 2 ] && form=tunnel
	new=10.9.2$n.1
	ip addr add $new/16 dev v0
	ctl mn move $new --$form >/dev/null && until_true 20 moved $n && good=$((good + 1))
	ip addr del $old/16 dev v0
	old=$new
	sleep 0.8
done
[ $good -eq 2 ] && [ "$(spis mn)" = "$before" ]
ok "IKEv1: two changes of the mover's address, one of them in a tunnel; SPIs as before ($good)" $?
ctl mn rekey-child >/dev/null && until_true 20 eval '[ "$(events mn ike_child_down)" -ge 1 ]' &&
	[ "$(ip xfrm state | grep -c '^src')" -eq 2 ] && [ "$(spis mn)" != "$before" ]
ok 'IKEv1: rekeyed under traffic: two new states, and the old ones are gone' $?
touch "$work/enough"
timeout 60 tail --pid=$client -f /dev/null && wait $client && grep -q "from $old to 10.9.0.22" "$work/client.out"
ok 'IKEv1: the program has every octet, and sees the new addresses' $?
sed 's/^/# /' "$work/client.out"

# Tunnel mode between the ends' networks, integrity without encryption (RFC 2410).
pings() { ping -q -c 3 -i 0.2 -W 2 -I 10.1.0.1 10.2.0.1 | grep -q ' 0% packet loss'; }
carried() { # PACKETS each way, by the newest Child SA
	ctl mn status >"$work/status"
	[ "$(sed -n 's/.*"packets_in": \([0-9]*\).*/\1/p' "$work/status" | head -1)" = "$1" ] &&
		[ "$(sed -n 's/.*"packets_out": \([0-9]*\).*/\1/p' "$work/status" | head -1)" = "$1" ]
}
ip addr add 10.1.0.1/16 dev lo
there ip addr add 10.2.0.1/16 dev lo
ip route add 10.2.0.0/16 via 10.9.0.22 src 10.1.0.1
there ip route add 10.1.0.0/16 via $old src 10.2.0.1
mode='    esp_proposal: null-sha256
    local_ts: 10.1.0.0/16
    remote_ts: 10.2.0.0/16'
for n in mn cn; do
	ctl $n quit >/dev/null
	until_true 10 eval "! ctl $n status"
	rm -f "$work/$n.events"
done
[ -z "$(ip xfrm state)" ] && [ -z "$(there ip xfrm state)" ]
ok 'IKEv1: the nodes ended: nothing is left in either kernel' $?
mode="$(sed 's/10\.1/10.x/; s/10\.2/10.1/; s/10\.x/10.2/' <<<"$mode")" \
	node cn any any cn.example mn.example false there nsenter --net=/proc/$space/ns/net
node mn $old 10.9.0.22 mn.example cn.example true env
until_true 20 grep -q ike_child_up "$work/mn.events" && grep -q '"mode":"tunnel"' "$work/mn.events" &&
	ip xfrm state | grep -q 'enc ecb(cipher_null)' && pings && carried 3
ok 'IKEv1, tunnel mode, null encryption with integrity: packets cross' $?
ctl mn rekey-child >/dev/null && until_true 20 eval '[ "$(events mn ike_child_down)" -ge 1 ]' && pings && carried 3 &&
	[ "$(ip xfrm state | grep -c '^src')" -eq 2 ]
ok 'IKEv1: the mover rekeyed the Child SA: the new states carry, the old ones are gone' $?
n=$(events cn ike_child_down)
ctl cn rekey-child >/dev/null && until_true 30 eval '[ "$(events cn ike_child_down)" -gt $n ]' && pings && carried 3 &&
	[ "$(ip xfrm state | grep -c '^src')" -eq 2 ]
ok 'IKEv1: the correspondent rekeyed it, likewise' $?
ctl mn rekey >/dev/null && until_true 20 grep -q ike_rekeyed "$work/mn.events" && pings && carried 6
ok 'IKEv1: the ISAKMP SA made anew: the same states carry on' $?
new=10.9.23.1
ip addr add $new/16 dev v0
ctl mn move $new >/dev/null && until_true 20 grep -q "\"to\":\"$new" "$work/mn.events" &&
	until_true 10 eval 'ip xfrm state | grep -q "src 10.9.23.1 dst 10.9.0.22"' && pings &&
	there ip xfrm state | grep -q "src 10.9.0.22 dst $new"
ok 'IKEv1: an address changed under a tunnel: states are between the new addresses, packets cross' $?
ctl mn delete-child >/dev/null && until_true 20 eval '[ -z "$(ip xfrm state)" ] && [ -z "$(there ip xfrm state)" ]'
ok 'IKEv1: the Child SA deleted: nothing of it is left in either kernel' $?
ctl mn create-child >/dev/null && until_true 10 pings
ok 'IKEv1: and another one carries' $?
ctl mn delete >/dev/null && until_true 20 eval '[ -z "$(ip xfrm state; ip xfrm policy | grep "^src 10")" ]' &&
	until_true 20 eval '[ -z "$(there ip xfrm state)" ]'
ok 'IKEv1: the ISAKMP SA deleted: nothing is left in either kernel' $?
tap_end
