#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keys of access points from end to end without a radio: client, agent and baton-ap are real, hostapd
# and wpa_supplicant are stand-ins that write down what they are told. Both get the same key; copies,
# forgeries and strangers are refused. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
. testbed/check/tap.sh
bin=$PWD/build/bin
work=$(mktemp -d) || exit 2
pids=
trap 'kill $pids 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

appears() { until_true 30 test -S "$1"; }
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" "${@:2}"; }

ip link set lo up
cat >"$work/stand-in.py" <<'END'
import os, socket, sys
path, log = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
answers = {"PING": "PONG\n", "STATUS": "address=02:00:00:00:00:01\n", "LIST_NETWORKS":
           "network id / ssid / bssid / flags\n0\tother\tany\t\n1\tnetwork-a\tany\t\n"}
while True:
    data, peer = s.recvfrom(4096)
    words = data.decode().split()
    if words[0] == "PMKSA_ADD":
        open(log, "a").write(" ".join(words[1:]) + "\n")
    s.sendto(answers.get(words[0], "OK\n").encode(), peer)
END
for who in hostapd supplicant; do
	/usr/bin/python3 "$work/stand-in.py" "$work/$who" "$work/$who.told" &
	pids="$pids $!"
	appears "$work/$who"
done
secret=303132333435363738393a3b3c3d3e3f
cat >"$work/ap.yaml" <<END
control: $work/ap.sock
hostapd: $work/hostapd
keys: {listen: 127.0.0.1, agent: 127.0.0.1, bssid: "02:00:00:00:0a:01", secret: $secret}
END
cat >"$work/ar.yaml" <<END
control: $work/ar.sock
eap:
  users: [{identity: mn@example, methods: [psk], psk: 000102030405060708090a0b0c0d0e0f},
    {identity: thief@example, methods: [psk], psk: 000102030405060708090a0b0c0d0e0f}]
access_points:
  - {bssid: "02:00:00:00:0a:01", address: 127.0.0.1, secret: $secret}
  - {bssid: "02:00:00:00:0a:02", address: "127.0.0.1:49999", secret: $secret}
END
cat >"$work/mn.yaml" <<END
control: $work/mn.sock
eap: {identity: mn@example, psk: 000102030405060708090a0b0c0d0e0f}
pana: {bind: "127.0.0.1:5716"}
keys: {supplicant: $work/supplicant}
networks: [{name: a, ssid: network-a, paa: 127.0.0.1}]
END
sed 's/mn@example/thief@example/; s/5716/5717/; s,/mn.sock,/thief.sock,' "$work/mn.yaml" >"$work/thief.yaml"
for node in ap ar mn thief; do
	"$bin/baton-${node/thief/mn}" -c "$work/$node.yaml" >"$work/$node.log" 2>&1 &
	pids="$pids $!"
	appears "$work/$node.sock" || sed 's/^/# /' "$work/$node.log"
done
# What comes to the access point, as it was on the wire.
cat >"$work/wire.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.bind(("lo", 0x0800))
open(sys.argv[1] + ".ready", "w")
while True:
    p = s.recv(4096)
    header = (p[0] & 15) * 4
    if p[9] == 17 and int.from_bytes(p[header + 2:header + 4], "big") == 49717:
        open(sys.argv[1], "wb").write(p[header + 8:])
        break
END
/usr/bin/python3 "$work/wire.py" "$work/datagram" &
pids="$pids $!"
until_true 30 test -e "$work/datagram.ready"

ctl mn mn keys a >"$work/early" 2>&1
[ $? -eq 1 ] && grep -q 'pre-authenticate first' "$work/early"
ok 'no keys without a session' $?
ctl mn mn preauth a >"$work/out" 2>&1
ok 'the client pre-authenticates' $?
ctl mn mn keys a >"$work/keys" 2>&1
ok 'it asks for keys' $?
[ "$(grep -c '"bssid"' "$work/keys")" -eq 1 ] && grep -q '02:00:00:00:0a:01' "$work/keys"
ok 'the access point that does not answer is left out' $?
read -r _ pmkid key lifetime akm <"$work/hostapd.told"
read -r number bssid pmkid2 key2 _ <"$work/supplicant.told"
[ ${#key} -eq 64 ] && [ "$key" = "$key2" ] && [ "$pmkid" = "$pmkid2" ]
ok 'hostapd and wpa_supplicant have the same key and PMKID' $?
[ "$number" = 1 ] && [ "$bssid" = 02:00:00:00:0a:01 ] && [ "$akm" = 1 ] && [ "$lifetime" -gt 0 ]
ok 'for the right network, access point and time' $?
! grep -q "$(echo "$key" | cut -c1-16)" <(od -An -v -tx1 "$work/datagram" | tr -d ' \n')
ok 'the key is not readable on the wire' $?

# Another client, in order and with a session of its own, has the same station address.
ctl thief mn preauth a >"$work/out" 2>&1 && ! ctl thief mn keys a >"$work/theft" 2>&1 &&
	grep -q 'belongs to somebody else' "$work/theft"
ok "nobody puts a key in the place of another's station" $?
[ "$(wc -l <"$work/hostapd.told")" -eq 1 ]
ok 'hostapd hears nothing of it' $?
ctl thief mn terminate a >/dev/null 2>&1

send() { # FROM FILE
	/usr/bin/python3 - "$@" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind((sys.argv[1], 0))
	s.settimeout(0.5)
	s.sendto(open(sys.argv[2], "rb").read(), ("127.0.0.1", 49717))
	try:
	    print(len(s.recv(4096)))
	except socket.timeout:
	    print("silence")
	END
}
rejected() { ctl ap ap status | sed -n 's/.*"rejected": \([0-9]*\).*/\1/p'; }
told() { wc -l <"$work/hostapd.told"; }
[ "$(send 127.0.0.1 "$work/datagram")" = 32 ] && [ "$(told)" -eq 1 ]
ok 'a copy gets its answer again and installs nothing' $?
[ "$(send 127.0.0.2 "$work/datagram")" = silence ] && [ "$(rejected)" -eq 1 ]
ok 'a copy from another address is refused' $?
/usr/bin/python3 -c "
import sys
d = bytearray(open('$work/datagram', 'rb').read())
d[8:16] = (int.from_bytes(d[8:16], 'big') + 1000).to_bytes(8, 'big')
open('$work/forged', 'wb').write(d)
open('$work/short', 'wb').write(d[:20])"
[ "$(send 127.0.0.1 "$work/forged")" = silence ] && [ "$(rejected)" -eq 2 ]
ok 'a forged number is refused' $?
[ "$(send 127.0.0.1 "$work/short")" = silence ] && [ "$(rejected)" -eq 3 ]
ok 'a message cut short is refused' $?
grep -q 'key_rejected.*bad-integrity' "$work/ap.log" && grep -q 'key_rejected.*wrong-address' "$work/ap.log"
ok 'and the access point says why' $?
[ "$(told)" -eq 1 ]
ok 'hostapd was told one key only' $?
[ $failed -eq 0 ] || sed 's/^/# /' "$work"/*.log "$work"/keys "$work"/*.told
tap_end
