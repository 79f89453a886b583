#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A PAA under 100,000 random and mutated datagrams keeps serving, and its memory stays flat. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
. testbed/check/tap.sh
bin=$PWD/build/bin
work=$(mktemp -d)
trap 'kill $paa $pac 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
paa= pac=

ip link set lo up
cat >"$work/paa.yaml" <<END
control: $work/paa.sock
eap:
  users: [{identity: mn@example, methods: [psk], psk: 000102030405060708090a0b0c0d0e0f}]
END
cat >"$work/pac.yaml" <<END
control: $work/pac.sock
eap: {identity: mn@example, psk: 000102030405060708090a0b0c0d0e0f}
pana: {bind: "127.0.0.1:5716"}
networks: [{name: a, paa: 127.0.0.1}]
END
"$bin/baton-ar" -c "$work/paa.yaml" >"$work/paa.log" 2>&1 &
paa=$!
"$bin/baton-mn" -c "$work/pac.yaml" >"$work/pac.log" 2>&1 &
pac=$!
until_true 5 test -S "$work/paa.sock" && until_true 5 test -S "$work/pac.sock"
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$paa/status"; }
client() { "$bin/baton" ctl --socket "$work/pac.sock" mn "$@" >"$work/out" 2>&1; }
flood() { "$bin/baton" vectors flood pana --target 127.0.0.1 --pace 20000 "$@" >"$work/flood"; }

client connect a
ok 'a client authenticates before the flood' $?
flood --count 20000 --seed 7
before=$(memory)
flood --count 100000 --seed 1
ok '100,000 random and mutated datagrams are sent' $?
after=$(memory)
echo "# $(cat "$work/flood"), memory before $before kB, after $after kB"
kill -0 $paa
ok 'the PAA is still there' $?
[ "$after" -le $((before + 256)) ]
ok 'its memory is flat' $?
client ping
ok 'the session from before still answers' $?
client reauth
ok 'it re-authenticates' $?
client disconnect && client connect a
ok 'a new session is served' $?
"$bin/baton" ctl --json --socket "$work/paa.sock" ar sessions >"$work/sessions" 2>&1
open=$(grep -o '"session"' "$work/sessions" | wc -l)
echo "# sessions held: $open"
[ "$open" -le 4 ]
ok 'nobody who is not authenticated left a session behind' $?
[ "$(wc -c <"$work/paa.log")" -lt 1000000 ]
ok 'the log stays small' $?
tap_end
