#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Load on a PANA agent: everybody is authenticated and gone afterwards; failures are counted and
# named; so is what is asked wrongly. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
[ "${1:-}" = inside ] || exec unshare -rn "$0" inside
bin=$PWD/build/bin failed=0
work=$(mktemp -d) || exit 2
agent=
trap '[ -z "$agent" ] || kill "$agent"; wait; rm -rf "$work"' EXIT

ok() { # NAME STATUS
	if [ "$2" -eq 0 ]; then echo "ok - $1"; else echo "not ok - $1"; sed 's/^/# /' "$work/out"; failed=1; fi
}
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
for i in $(seq 100); do [ -S "$work/ar.sock" ] && break; sleep 0.05; done

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
says 'no protocol' 2 'the protocol is pana' $all
says 'an agent that is no address' 2 'nowhere: an agent is' pana --paa nowhere
says 'no identity' 2 '--paa, --identity and --credentials are needed' pana --paa 127.0.0.1
says 'no clients' 2 'clients are 1 to 1000' pana $all --clients 0
says 'a local address of the other family' 2 'two families' pana $all --local ::1
says 'no certificates' 2 'nothing.*\.pem' pana --paa 127.0.0.1 --identity x@y --credentials "$work/nothing"
exit $failed
