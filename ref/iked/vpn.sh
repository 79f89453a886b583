#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A VPN by IKEv2 that stays while the mobile node goes from one untrusted network to another: inner address
# by configuration payload, the outer one changed by MOBIKE (RFC 4555), TCP inside goes on, octet by octet.
# The gateway is baton-iked, then strongSwan's charon. Then a correspondent whose answers of IKE go in a tunnel
# to a care-of address (docs/reply-path.md). topology/vpn.yaml, ESP of the kernel. Run by esp_check.sh in its
# guest, or alone. Speaks TAP. Needs build/bin, charon-systemd, swanctl.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - a VPN that moves # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	"$bin/baton" guest --clock virtual --timeout 900 -- "$PWD/ref/iked/vpn.sh" inside
	status=$?
	[ $status -eq 125 ] && skip "no guest to be had here"
	exit $status
fi

work=$(mktemp -d) || exit 2
net=vpn$$
. testbed/check/tap.sh
on() { "$bin/baton" topo exec $net "$@"; } # NODE -- COMMAND
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" iked "${@:2}"; }
event() { grep -q "\"event\":\"$2\"" "$work/$1.events"; }
events() { grep -c "\"event\":\"$2\"" "$work/$1.events"; }
trap '"$bin/baton" topo down $net >/dev/null 2>&1; rm -rf "$work"' EXIT
witnesses() {
	for n in mn gw; do
		tail -3 "$work/$n.log" | sed "s/^/$n: /"
		tail -6 "$work/$n.events" | cut -c1-240 | sed "s/^/$n: /"
	done
	tail -8 "$work/charon.log" | sed 's/^/charon: /'
	tail -3 "$work/client.out" | sed 's/^/client: /'
}
for n in mn gw; do : >"$work/$n.log"; : >"$work/$n.events"; done

# A connection in which every block comes back, for as long as the file is not there: told are blocks, the
# longest wait for one, and what is different.
cat >"$work/tcp.py" <<'END'
import hashlib, os, socket, sys, time
if sys.argv[1] == "serve":
    listener = socket.create_server(("", 5001))
    while True:
        peer, _ = listener.accept()
        while block := peer.recv(65536):
            peer.sendall(block)
s = socket.create_connection(("10.50.0.2", 5001), 20)
s.settimeout(60)
print("connected from", s.getsockname()[0], flush=True)
blocks, longest = 0, 0.0
while not os.path.exists(sys.argv[2]):
    block, got, begun = hashlib.sha256(b"%d" % blocks).digest() * 40, b"", time.monotonic()
    s.sendall(block)
    while len(got) < len(block):
        part = s.recv(65536)
        if not part:
            sys.exit("closed")
        got += part
    if got != block:
        sys.exit("block %d differs" % blocks)
    longest = max(longest, time.monotonic() - begun)
    blocks += 1
    print(blocks, flush=True)
    time.sleep(0.01)
print("done: %d blocks, longest wait %.0f ms" % (blocks, longest * 1000), flush=True)
END

mobile() { # CONNECTION LINES
	: >"$work/mn.events"
	rm -f "$work/mn.sock"
	cat >"$work/mn.yaml" <<END
control: $work/mn.sock
events: $work/mn.events
install: true
follow: true
connections:
  - name: gw
    remote: 203.0.113.2
    local_id: mn.example
    remote_id: gw.example
    psk: a shared secret
    start: true
    ike_proposal: aes256gcm16-prfsha256-curve25519
    esp_proposal: aes256gcm16
$(printf '    %s\n' "$@")
END
	on mn -- "$bin/baton-iked" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
}
gateway() { # GLOBAL LINE, CONNECTION LINES
	: >"$work/gw.events"
	rm -f "$work/gw.sock"
	cat >"$work/gw.yaml" <<END
control: $work/gw.sock
events: $work/gw.events
install: true
$1
connections:
  - name: mn
    local: 203.0.113.2
    local_id: gw.example
    remote_id: mn.example
    psk: a shared secret
$(printf '    %s\n' "${@:2}")
END
	on gw -- "$bin/baton-iked" -c "$work/gw.yaml" >"$work/gw.log" 2>&1 &
	until_true 20 grep -q ready "$work/gw.log"
}
charon() {
	cat >"$work/strongswan.conf" <<END
charon-systemd {
	load = random nonce openssl curve25519 pem pkcs1 x509 pubkey kdf kernel-netlink socket-default vici
	journal { default = -1 }
	filelog { all { path = $work/charon.log
		default = 1
		flush_line = yes } }
	plugins { vici { socket = unix://$work/vici } }
}
swanctl { plugins { vici { socket = unix://$work/vici } } }
END
	cat >"$work/swanctl.conf" <<END
connections { mn {
	version = 2
	local_addrs = 203.0.113.2
	remote_addrs = %any
	proposals = aes256gcm16-prfsha256-x25519
	pools = inner
	local { auth = psk
		id = gw.example }
	remote { auth = psk
		id = mn.example }
	children { net { local_ts = 10.50.0.0/24
		esp_proposals = aes256gcm16 } } } }
pools { inner { addrs = 10.77.0.0/24 } }
secrets { ike-one { id-1 = mn.example
	id-2 = gw.example
	secret = "a shared secret" } }
END
	on gw -- env STRONGSWAN_CONF="$work/strongswan.conf" charon-systemd >"$work/charon.out" 2>&1 &
	until_true 20 on gw -- env STRONGSWAN_CONF="$work/strongswan.conf" swanctl --stats --uri "unix://$work/vici"
	on gw -- env STRONGSWAN_CONF="$work/strongswan.conf" swanctl --load-all --file "$work/swanctl.conf" \
		--uri "unix://$work/vici" >"$work/load" 2>&1
}
# The mobile leaves the cafe, and is in the hotel.
leave() {
	on mn -- ip addr del 192.0.2.2/24 dev eth0
	on mn -- ip addr add 198.51.100.2/24 dev eth1
	on mn -- ip route replace default via 198.51.100.1
}
come_back() {
	on mn -- ip addr del 198.51.100.2/24 dev eth1
	on mn -- ip addr add 192.0.2.2/24 dev eth0
	on mn -- ip route replace default via 192.0.2.1
}
blocks() { grep -c '^[0-9]' "$work/client.out"; }
goes_on() { # after so many blocks more
	local n
	n=$(blocks)
	until_true 40 eval '[ "$(blocks)" -gt '$((n + $1))' ]'
}

journey() { # GATEWAY
	mobile 'local: 192.0.2.2' 'remote_ts: 10.50.0.0/24' 'ask_address: true'
	until_true 30 event mn ike_child_up
	ok "$1: the tunnel is up" $?
	rm -f "$work/enough"
	on mn -- /usr/bin/python3 "$work/tcp.py" call "$work/enough" >"$work/client.out" 2>&1 &
	client=$!
	until_true 30 grep -q '^connected from 10\.77\.0\.' "$work/client.out" && goes_on 20
	ok "$1: TCP from the inner address to a server behind the gateway" $?
	leave
	until_true 20 event mn ike_moved && goes_on 20 && on mn -- ip xfrm state | grep -q 'src 198\.51\.100\.2 dst 203\.0\.113\.2'
	ok "$1: in another network the tunnel has moved, and the connection goes on" $?
	come_back
	until_true 20 eval '[ "$(events mn ike_moved)" -ge 2 ]' && goes_on 20
	ok "$1: and back" $?
	: >"$work/enough"
	wait $client
	result $? "$1: every octet came back, in one connection; $(tail -1 "$work/client.out")"
	[ "$(events mn ike_established)" -eq 1 ] && [ "$(events mn ike_child_up)" -eq 1 ]
	ok "$1: by the same SAs: nothing was negotiated anew" $?
	ctl mn quit >/dev/null
	until_true 20 eval '! on mn -- ip addr | grep -q 10.77.0'
}

"$bin/baton" topo up vpn --name $net >"$work/topo" 2>&1
check 'the network is raised' test $? -eq 0
[ $failed -eq 0 ] || sed 's/^/# /' "$work/topo"
on server -- /usr/bin/python3 "$work/tcp.py" serve >/dev/null 2>&1 &
gateway '' 'pool: 10.77.0.0/24' 'local_ts: 10.50.0.0/24'
journey baton-iked
ctl gw quit >/dev/null
if command -v charon-systemd >/dev/null && command -v swanctl >/dev/null; then
	charon
	journey strongSwan
else
	skipped 'strongSwan as the gateway' 'no charon-systemd'
fi

# --- answers in a tunnel to the care-of address --------------------------------------------------------

"$bin/baton" topo down $net >/dev/null 2>&1
"$bin/baton" topo up vpn --name $net >"$work/topo" 2>&1
check 'the network once more' test $? -eq 0
routes() { on gw -- sh -c 'ip rule; ip route show table all; ip -o link | cut -d: -f2'; }
# The router is the foreign agent: it reaches the mobile's home address, and takes tunnels at its own. The
# correspondent's routes lead that address to a home that is not there.
on mn -- ip addr add 10.1.98.49/32 dev eth0
on r -- sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done
	ip link add foreign type ipip local 203.0.113.1 && ip link set foreign up && ip route add 10.1.98.49 dev eth0
	for f in /proc/sys/net/ipv4/conf/foreign/rp_filter; do echo 0 >$f; done'
on gw -- sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done
	ip route add blackhole 10.1.98.0/24'
gateway 'reply_paths: [care_of]' 'liveness: 0 s'
routes >"$work/before"
mobile 'local: 10.1.98.49' 'liveness: 0 s'
sleep 5
! event mn ike_established
ok 'a home address that is routed home: no answer reaches the mobile' $?
ctl mn quit >/dev/null
mobile 'local: 10.1.98.49' 'liveness: 0 s' 'reply_care_of: 203.0.113.1'
until_true 20 event mn ike_established && ctl mn probe >/dev/null && until_true 10 event mn ike_alive
ok 'with its care-of address in each request the IKE SA comes up, and serves' $?
routes >"$work/after"
cmp -s "$work/before" "$work/after"
ok 'no route, rule or device is left at the correspondent' $?
tap_end
