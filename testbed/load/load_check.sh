#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Load on a PANA agent and on an IKE responder: everybody is authenticated and gone afterwards; failures
# are counted and named; so is what is asked wrongly. 100,000 half-open attempts leave a responder's
# memory as it was, and who is real gets through beside them, also when all half-open SAs are taken. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
. testbed/check/tap.sh
bin=$PWD/build/bin
work=$(mktemp -d) || exit 2
agent= iked=
trap '[ -z "$agent" ] || kill "$agent"; [ -z "$iked" ] || kill "$iked"; wait; rm -rf "$work"' EXIT

witnesses() { head -20 "$work/out"; }
load() { "$bin/baton" load pana --paa 127.0.0.1 "$@" >"$work/out" 2>&1; }

ip link set lo up
"$bin/baton" creds "$work/creds" >"$work/out" 2>&1
ok 'certificates' $?
cat >"$work/ar.yaml" <<END
control: $work/ar.sock
events: $work/events
eap:
  users: [{identity: mn@example, methods: [tls]}]
  tls: {ca: $work/creds/ca.pem, certificate: $work/creds/server.pem, key: $work/creds/server.key}
END
"$bin/baton-ar" -c "$work/ar.yaml" >"$work/ar.log" 2>&1 &
agent=$!
until_true 5 test -S "$work/ar.sock"

load --identity mn@example --credentials "$work/creds" --clients 4 --count 20 && grep -q '^20 authentications, 4 at a time' "$work/out"
ok '20 authentications, 4 at a time' $?
[ "$(grep -c '"pana_authenticated"' "$work/events")" -eq 20 ]
ok 'the agent saw as many' $?
[ "$(grep -c '"pana_terminated"' "$work/events")" -eq 20 ]
ok 'and as many that logged off' $?
load --identity mn@example --credentials "$work/creds" --clients 8 --count 3 --json &&
	[ "$(grep -c '^{"name": "pana authentication' "$work/out")" -eq 3 ]
ok 'figures as JSON, fewer authentications than clients' $?

mkdir "$work/other"
cp "$work/creds/ca.pem" "$work/other/ca.pem"
cp "$work/creds/other-client.pem" "$work/other/client.pem"
cp "$work/creds/other-client.key" "$work/other/client.key"
load --identity mn@example --credentials "$work/other" --clients 2 --count 3
[ $? -eq 1 ] && grep -q '3 failed, the last one failed: ' "$work/out"
ok 'a certificate of another authority: all failed, and why' $?

says() { # NAME STATUS PATTERN ARGUMENTS...
	local name=$1 status=$2 pattern=$3
	shift 3
	"$bin/baton" load "$@" >"$work/out" 2>&1
	[ $? -eq "$status" ] && grep -qE -e "$pattern" "$work/out"
	ok "$name" $?
}
all="--paa 127.0.0.1 --identity mn@example --credentials $work/creds"
says 'no protocol' 2 'the protocol is pana or ike' $all
says 'an agent that is no address' 2 'nowhere: an agent is' pana --paa nowhere
says 'no identity' 2 '--paa, --identity and --credentials are needed' pana --paa 127.0.0.1
says 'no clients' 2 'clients are 1 to 1000' pana $all --clients 0
says 'a local address of the other family' 2 'two families' pana $all --local ::1
says 'no certificates' 2 'nothing.*\.pem' pana --paa 127.0.0.1 --identity x@y --credentials "$work/nothing"

# --- IKE ------------------------------------------------------------------------------------------

# Anybody with the key, and anybody of the authority.
cat >"$work/iked.yaml" <<END
control: $work/iked.sock
events: $work/iked.events
log: error
connections:
  - name: certificates
    local: 127.0.0.2
    local_id: server.example
    remote_id: mn@example
    local_auth: certificate
    remote_auth: certificate
    certificates: {ca: $work/creds/ca.pem, certificate: $work/creds/server.pem, key: $work/creds/server.key}
  - name: network
    local: 127.0.0.3
    local_id: server.example
    psk: a shared secret
    local_ts: 10.2.0.0/16
    remote_ts: 10.1.0.0/16
  - name: key
    local_id: server.example
    psk: a shared secret
END
"$bin/baton-iked" -c "$work/iked.yaml" >"$work/iked.log" 2>&1 &
iked=$!
until_true 5 test -S "$work/iked.sock"
ike() { "$bin/baton" load ike "$@" >"$work/out" 2>&1; }
peer="--responder 127.0.0.1 --identity mn.example --psk"
told() { grep -c "\"event\":\"$1\"" "$work/iked.events"; }

ike $peer 'a shared secret' --clients 40 --count 200 && grep -q '^200 IKE SAs, 40 at a time' "$work/out" && grep -q '; 0 without a Child SA' "$work/out"
ok '200 IKE SAs, 40 at a time' $?
[ "$(told ike_established)" -eq 200 ] && [ "$(told ike_child_up)" -eq 200 ] && [ "$(told ike_down)" -eq 200 ]
ok 'the responder saw as many come up, with Child SAs, and go' $?
ike $peer 'a shared secret' --group modp2048 --no-child --keep --count 10 --json && [ "$(grep -c '^{"name": "ike set-up' "$work/out")" -eq 4 ] &&
	"$bin/baton" ctl --json --socket "$work/iked.sock" iked status >"$work/out" && /usr/bin/python3 - "$work/out" <<-'END'
		import json, sys
		up = [sa for sa in json.load(open(sys.argv[1]))["result"]["sas"] if sa["state"] == "ESTABLISHED"]
		sys.exit(len(up) != 10 or any("MODP_2048" not in sa["suite"] or sa["children"] for sa in up))
	END
ok 'ten that stay up, without Child SAs, by MODP 2048' $?
ike --responder 127.0.0.2 --identity mn@example --credentials "$work/creds" --count 10
ok 'certificates' $?
ike --responder 127.0.0.3 --identity mn.example --psk 'a shared secret' --network 10.1.0.16/28 --clients 16 --count 16 --keep &&
	grep -q '; 0 without a Child SA' "$work/out" &&
	"$bin/baton" ctl --json --socket "$work/iked.sock" iked status | grep -o '10\.1\.0\.[0-9]*' | sort -u >"$work/hosts" &&
	[ "$(wc -l <"$work/hosts")" -eq 16 ] && grep -qx 10.1.0.31 "$work/hosts"
ok 'sixteen clients, each with an address of its own in a network' $?
! ike $peer x --network 10.1.0.16/28 --clients 17 && grep -q 'fewer addresses than there are --clients' "$work/out" &&
	! ike $peer x --network 10.1/16 && grep -q 'a network is an IPv4 prefix, such as 10.1.0.0/16' "$work/out"
ok 'a network that is none, or too small' $?
ike $peer 'another secret' --count 20
[ $? -eq 1 ] && grep -q '20 failed' "$work/out" && grep -q '20 times AUTHENTICATION_FAILED' "$work/out"
ok 'a wrong key: all failed, and why' $?

# --- attacks on half-open SAs ---------------------------------------------------------------------

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$iked/status"; }
half_open() { "$bin/baton" ctl --json --socket "$work/iked.sock" iked status | sed -n 's/.*"half_open": \([0-9]*\).*/\1/p'; }
before=$(rss)
"$bin/baton" load ike --attack flood --responder 127.0.0.1 --local 127.1.0.0 --addresses 60000 --clients 100 --count 100000 >"$work/flood" 2>&1 &
flood=$!
ike $peer 'a shared secret' --local 127.0.0.9 --clients 1 --count 20 && kill -0 $flood
ok 'beside a flood of IKE_SA_INIT a real peer sets up 20 IKE SAs' $?
sed 's/^/# /' "$work/out"
wait $flood && awk '/^100000 attempts from 60000 addresses/ { good = $9 > 90000 && $14 <= 32 } END { exit !good }' "$work/flood"
ok 'the 100,000 attempts were asked for cookies, but for those below the threshold' $?
sed 's/^/# /' "$work/flood"
grown=$(($(rss) - before))
[ $grown -lt 1024 ] && [ "$(half_open)" -le 32 ]
ok "after the flood the responder has $grown KB more than before" $?
ike --attack half-open --responder 127.0.0.1 --local 127.2.0.1 --addresses 10 --clients 100 --count 5000 &&
	half_open >"$work/half" && [ "$(cat "$work/half")" -le $((64 * 10 + 32)) ] && [ "$(cat "$work/half")" -ge 600 ]
ok 'ten addresses that return cookies have 64 half-open SAs each, and no more' $?
sed 's/^/# /' "$work/out"
ike $peer 'a shared secret' --local 127.0.0.9 --count 20
ok 'an eleventh gets through' $?
ike --attack half-open --responder 127.0.0.1 --local 127.3.0.0 --addresses 60000 --clients 200 --count 5000 && [ "$(half_open)" -gt 4000 ]
ok 'thousands of addresses that return cookies fill the table of half-open SAs' $?
sed 's/^/# /' "$work/out"
ike $peer 'a shared secret' --local 127.0.0.9 --count 20
ok 'a real peer gets through nevertheless' $?
sed 's/^/# /' "$work/out"
grown=$(($(rss) - before))
[ $grown -lt $((4096 * 6)) ]
ok "the responder has $grown KB more than before" $?

ike_says() { says "$1" 2 "$2" ike "${@:3}"; }
ike_says 'no responder' '--responder is needed' --identity x --psk y
ike_says 'a responder that is no address' 'nowhere: a responder is' --responder nowhere
ike_says 'neither key nor certificate' 'one of --psk and --credentials' --responder 127.0.0.1 --identity x
ike_says 'an unknown group' 'modp768: a group is' --responder 127.0.0.1 --group modp768
ike_says 'an unknown attack' 'smurf: an attack is' --attack smurf
ike_says 'addresses without the first' 'needs --local' --attack flood --responder 127.0.0.1 --addresses 3
tap_end
