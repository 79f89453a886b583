#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attacks on the server of 802.1X over IP, and what is left for the others: 10,000 half-open
# connections, many from one address, one who takes another's MAC address, one who never reads, all
# BSSIDs on one connection, too few descriptors. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
. testbed/check/tap.sh
bin=$PWD/build/bin server=10.99.255.1 bssid=02:00:00:00:0a:00
work=$(mktemp -d)
proxy= crowd=
trap 'kill $proxy $crowd 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

start() { # LIMIT
	(ulimit -Sn "$1"; [ "$1" -gt 1024 ] || ulimit -Hn "$1"; exec "$bin/baton-proxy" -c "$work/proxy.yaml") >"$work/log" 2>&1 &
	proxy=$!
	until_true 30 test -S "$work/sock" && return
	sed 's/^/# /' "$work/log"
}
end() { kill "$proxy"; wait "$proxy" 2>/dev/null; proxy=; }
value() { "$bin/baton" ctl --json --socket "$work/sock" proxy status | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" | head -1; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$proxy/status"; }
station() { # MAC [SECONDS]
	"$bin/baton" dot1x --server $server --station "$1" --bssid $bssid --identity mn@example \
		--psk 000102030405060708090a0b0c0d0e0f --timeout "${2:-5}" >"$work/station" 2>&1
}
background() { # ARGUMENTS of crowd.py: stands in `crowd` when it has printed a line
	rm -f "$work/$1.out"
	mkfifo "$work/in.$#" 2>/dev/null
	/usr/bin/python3 ref/proxy/crowd.py "$@" <"$work/in.$#" >"$work/$1.out" 2>&1 &
	crowd=$!
	exec 7>"$work/in.$#"
	until_true 30 test -s "$work/$1.out"
}
leave() { exec 7>&-; wait "$crowd"; crowd=; }

ip link set lo up
ip route add local 10.99.0.0/16 dev lo
configure() { # BSSID ...
	cat >"$work/proxy.yaml" <<-END
	control: $work/sock
	listen: $server
	bssids: [$(printf '{bssid: "%s"}, ' "$@" | sed 's/, $//')]
	eap:
	  users: [{identity: mn@example, psk: 000102030405060708090a0b0c0d0e0f}]
	END
}
configure $bssid
start "$(ulimit -Hn)"
station 02:00:00:00:00:01
ok 'a station authenticates' $?
before=$(memory)

background crowd $server 10000 25
grep -q '^10000 connections made' "$work/crowd.out"
ok '10,000 half-open connections are made' $?
[ "$(value connections)" -le 4096 ]
ok 'the proxy holds no more than 4096 of them' $?
[ "$(value evicted)" -ge 5904 ]
ok 'and counts those that made room (evicted)' $?
began=$(date +%s%N)
station 02:00:00:00:00:02
ok 'a station authenticates beside them' $?
crowded=$(memory)
echo "# in $((($(date +%s%N) - began) / 1000000)) ms; memory before $before kB, with the crowd $crowded kB"
[ "$crowded" -le $((before + 65536)) ]
ok 'memory is bounded: less than 16 kB for each connection that is held' $?
sleep 6
station 02:00:00:00:00:03
ok 'and six seconds later, when each has been closed and made again' $?
leave
echo "# $(tail -1 "$work/crowd.out")"
until_true 8 eval '[ "$(value connections)" -eq 0 ]'
ok 'none is left when the crowd has gone' $?
background crowd $server 10000 25
again=$(memory)
leave
echo "# with the second crowd $again kB"
[ "$again" -le $((crowded + crowded / 10)) ]
ok 'a second crowd takes no more memory than the first' $?

background crowd $server 100 100
[ "$(value connections)" -le 33 ]
ok 'one address gets 32 connections' $?
[ "$(value refused_address)" -ge 68 ]
ok 'and the rest is refused and counted (refused_address)' $?
leave

background hold $server 02:00:00:00:00:04 $bssid
grep -q 'type 2' "$work/hold.out"
ok 'a station opens' $?
station 02:00:00:00:00:04
[ $? -eq 1 ] && grep -q '"result": "busy"' "$work/station"
ok 'another who uses its MAC address is refused (busy)' $?
"$bin/baton" ctl --json --socket "$work/sock" proxy stations | grep -q '02:00:00:00:00:04' && ! grep -q closed "$work/hold.out"
ok 'and the first one stays' $?
leave
station 02:00:00:00:00:04
ok 'when it has left, the address is free' $?

before=$(memory)
/usr/bin/python3 ref/proxy/crowd.py blast $server 2 >"$work/blast" 2>&1
echo "# $(cat "$work/blast"); memory before $before kB, after $(memory) kB"
[ "$(memory)" -le $((before + 512)) ]
ok 'one who sends and never reads is not read from: memory is flat' $?
end

eight=$(printf '02:00:00:00:0a:%02x ' $(seq 0 7)) ninth=02:00:00:00:0a:08
configure $eight $ninth
"$bin/baton-proxy" -c "$work/proxy.yaml" >"$work/log" 2>&1
[ $? -eq 2 ] && grep -q "proxy.yaml:3:.*bssids" "$work/log"
ok 'a proxy is not given more than 8 BSSIDs' $?
configure $eight
start "$(ulimit -Hn)"
background hold $server 02:00:00:00:00:06 $eight $bssid $ninth
grep -q '^type 2 2 2 2 2 2 2 2 2 6:3$' "$work/hold.out"
ok 'one connection opens all 8, one of them anew, and a ninth is refused (unknown-bssid)' $?
[ "$(value connections)" -eq 1 ] && ! grep -q closed "$work/hold.out"
ok 'and it stays' $?
station 02:00:00:00:00:07
ok 'another station authenticates beside it' $?
leave
end
configure $bssid

start 256
background crowd $server 500 25
grep -q 'open files allow 192 connections' "$work/log"
ok 'a proxy with few descriptors says so' $?
[ "$(value connections)" -le 192 ]
ok 'it holds as many connections as it has descriptors for' $?
station 02:00:00:00:00:05
ok 'and serves a station beside 500 that say nothing' $?
leave
kill -0 "$proxy"
ok 'it is still there' $?
end
[ $failed -eq 0 ] || sed 's/^/# /' "$work/station" "$work/log" | tail -30
tap_end
