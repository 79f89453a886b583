#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PANA whose EAP goes on to FreeRADIUS: EAP-TLS with the visited server and, by realm, with the home
# server behind it; and what must end in a clear failure. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testbed/check/tap.sh
bin=$PWD/build/bin port=7160 network=radius-check-$$
work=$(mktemp -d) || exit 2
export BATON_STATE=$work/state BATON_ROOT=$PWD
finish() { "$bin/baton" topo down $network >/dev/null 2>&1; rm -rf "$work"; }
trap finish EXIT

on() { "$bin/baton" topo exec $network "$@"; }
show() { sed 's/^/# /' "$@"; }

"$bin/baton" topo up aaa --name $network --directory "$work/net" >"$work/up" 2>&1
ok 'a visited and a home FreeRADIUS' $?
[ $failed -eq 0 ] || { show "$work/up"; exit 1; }
credentials=$work/net/credentials

# paa_config NAME SECRET: an agent that asks the visited server with that secret.
paa_config() {
	cat >"$work/$1.yaml" <<END
control: $work/$1.sock
eap:
  radius:
    servers: [{address: 10.0.2.2, secret: "$2"}]
    timeout: 200 ms
    repetitions: 2
END
}
# mn_config NAME IDENTITY CERTIFICATE: a client at a port of its own, since the agent may
# still hold the session of the one before.
mn_config() {
	port=$((port + 1))
	cat >"$work/$1.yaml" <<END
control: $work/$1.sock
eap:
  identity: $2
  tls:
    ca: $credentials/ca.pem
    certificate: $credentials/$3.pem
    key: $credentials/$3.key
    max_version: "1.2"
pana: {bind: "10.0.1.2:$port"}
networks: [{name: a, paa: 10.0.1.1}]
END
}
start() { # NODE PROGRAM NAME
	on "$1" -- "$bin/$2" -c "$work/$3.yaml" >"$work/$3.log" 2>&1 &
	until_true 30 test -S "$work/$3.sock" && return
	show "$work/$3.log"
}
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" "${@:2}"; }
quit() { ctl "$1" "$2" quit >/dev/null 2>&1; until_true 5 test ! -S "$work/$1.sock"; }
home_log() { grep -c "$1" "$work/net/home/freeradius.log"; }

# attempt NAME IDENTITY CERTIFICATE: its status is that of the PANA authentication.
attempt() {
	mn_config "$1" "$2" "$3"
	start mn baton-mn "$1"
	ctl "$1" mn connect a >"$work/$1.out" 2>&1
	local status=$?
	[ $status -eq 0 ] && ctl "$1" mn disconnect a >/dev/null 2>&1
	quit "$1" mn
	return $status
}
sessions() { ctl paa ar sessions | grep -c '"access": "authorised"\|"open": true'; }

paa_config paa of-paa-and-visited
start paa baton-ar paa
attempt local mn@example client
ok 'EAP-TLS with the visited server' $?
[ "$(home_log 'Login')" -eq 0 ]
ok 'the home server was not asked' $?
attempt roaming mn@home.example client
ok 'EAP-TLS with the home server, by realm' $?
[ "$(home_log 'Login OK.*mn@home.example')" -eq 1 ]
ok 'the home server says so' $?
grep -q 'pana_authenticated ' "$work/paa.log"
ok 'the agent says so' $?

attempt other mn@example other-client
[ $? -eq 1 ] && grep -qi 'reject\|fail' "$work/other.out"
ok 'a certificate of another authority is refused' $?
attempt expired mn@home.example expired-client
[ $? -eq 1 ]
ok 'an expired certificate is refused by the home server' $?
[ "$(home_log 'Login incorrect.*mn@home.example')" -ge 1 ]
ok 'the home server says so' $?
[ "$(sessions)" -eq 0 ]
ok 'nobody who was refused is left with access' $?

# The same servers behind IKEv2 (RFC 7296 section 2.16): the responder proves itself by certificate
# and knows nobody.
ike_pair() { # IDENTITY CERTIFICATE
	cat >"$work/ike-paa.yaml" <<END
control: $work/ike-paa.sock
events: $work/ike-paa.events
connections:
  - name: mn
    local: 10.0.1.1
    local_id: server.example
    local_auth: certificate
    remote_auth: eap
    certificates: {ca: $credentials/ca.pem, certificate: $credentials/server.pem, key: $credentials/server.key}
    eap:
      identity: "*"
      radius:
        servers: [{address: 10.0.2.2, secret: of-paa-and-visited}]
        timeout: 200 ms
        repetitions: 2
END
	cat >"$work/ike-mn.yaml" <<END
control: $work/ike-mn.sock
events: $work/ike-mn.events
connections:
  - name: ar
    local: 10.0.1.2
    remote: 10.0.1.1
    local_id: $1
    remote_id: server.example
    local_auth: eap
    remote_auth: certificate
    certificates: {ca: $credentials/ca.pem}
    eap:
      identity: $1
      tls: {ca: $credentials/ca.pem, certificate: $credentials/$2.pem, key: $credentials/$2.key, max_version: "1.2"}
    start: true
END
	: >"$work/ike-mn.events"
	start paa baton-iked ike-paa
	start mn baton-iked ike-mn
	until_true 10 grep -q '"event":"ike_\(child_up\|failed\)"' "$work/ike-mn.events"
	grep -q '"event":"ike_child_up"' "$work/ike-mn.events"
	local status=$?
	quit ike-mn iked
	quit ike-paa iked
	return $status
}
ike_pair mn@example client
ok 'EAP-TLS in IKEv2 with the visited server' $?
ike_pair mn@home.example client
ok 'and with the home server, by realm' $?
[ "$(home_log 'Login OK.*mn@home.example')" -eq 2 ]
ok 'the home server says so' $?
! ike_pair mn@example other-client
ok 'a certificate of another authority is refused through IKEv2' $?

paa_config stranger not-the-secret
quit paa ar
start paa baton-ar stranger
attempt secret mn@example client
[ $? -eq 1 ]
ok 'a wrong shared secret is a failure' $?
grep -q 'aaa_failed .*no AAA server answers' "$work/stranger.log"
ok 'and the agent says why' $?
quit stranger ar

# The home server dies when it has sent its first challenge: the visited server's further requests
# are dropped, so that the moment is certain.
start paa baton-ar paa
mn_config midway mn@home.example client
start mn baton-mn midway
on visited -- sh -c 'nft add table ip t && nft add chain ip t o "{ type filter hook output priority 0; }" &&
	nft add rule ip t o ip daddr 10.0.3.2 udp dport 1812 quota over 300 bytes drop' >"$work/nft" 2>&1
ok 'the home server is cut off after its first challenge' $?
ctl midway mn connect a >"$work/midway.out" 2>&1 &
client=$!
until_true 5 eval "ctl paa ar counters | grep -q '\"answers\": 1'"
ok 'a conversation with it is under way' $?
on home -- sh -c 'for p in $(pgrep -x freeradius); do
	grep -q /home/freeradius /proc/$p/cmdline && kill -9 $p; done'
wait $client
[ $? -eq 1 ]
ok 'a home server that dies on the way is a failure' $?
grep -q 'aaa_failed ' "$work/paa.log"
ok 'and the agent says why' $?
[ "$(sessions)" -eq 0 ]
ok 'and no session has access' $?
quit midway mn
attempt after mn@example client
ok 'the visited server still serves its own' $?
grep -q '"lifetime_s": 3600' "$work/after.out"
ok "for as long as the agent's configuration says" $?

# The visited server begins again, with something to say about the time.
folder=$work/net/visited/freeradius
sed -i 's/^\tauthenticate {/\tpost-auth {\n\t\tupdate reply {\n\t\t\tSession-Timeout := 77\n\t\t}\n\t}\n&/' \
	"$folder/radiusd.conf"
on visited -- sh -c 'for p in $(pgrep -x freeradius); do
	grep -q /visited/freeradius /proc/$p/cmdline && kill $p; done'
until_true 5 test ! -e "$folder/pid"
on visited -- freeradius -f -d "$folder" -l "$work/again.log" >/dev/null 2>&1 &
again=$!
until_true 10 grep -q 'Ready to process' "$work/again.log"
attempt bounded mn@example client
ok 'a server that bounds the time' $?
grep -q '"lifetime_s": 77' "$work/bounded.out"
ok 'is heeded: Session-Timeout' $?
kill $again
quit paa ar

refused() { # NAME PATTERN: the configuration on stdin is refused with FILE:LINE and the pattern
	cat >"$work/bad.yaml"
	"$bin/baton-ar" -c "$work/bad.yaml" >"$work/bad.out" 2>&1
	[ $? -ne 0 ] && grep -qE "^$work/bad.yaml:[0-9]+: .*$2" "$work/bad.out"
	ok "$1" $?
}
refused 'neither users nor servers' 'neither users nor radius; give one' <<<'eap: {server_id: x}'
refused 'users and servers' 'users and radius; give one' <<'END'
eap:
  users: [{identity: a@b, methods: [md5], password: c}]
  radius: {servers: [{address: 127.0.0.1, secret: d}]}
END
refused 'servers of two families' 'mix IPv4 and IPv6' <<'END'
eap:
  radius: {servers: [{address: 127.0.0.1, secret: d}, {address: "[::1]", secret: d}]}
END
refused 'a server without a secret' 'secret' <<<'eap: {radius: {servers: [{address: 127.0.0.1}]}}'
[ $failed -eq 0 ] || show "$work"/*.out "$work"/*.log "$work"/net/*/freeradius.log
tap_end
