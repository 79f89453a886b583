#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attacks on a PANA agent and its clients, tried for real in namespaces with FreeRADIUS behind: replayed and
# reordered messages, forged RADIUS answers, foreign certificates, unknown users, wrong secrets. Each test
# shows that what was tried did arrive, that it failed, and that nothing is left of it. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testbed/check/tap.sh
bin=$PWD/build/bin port=5000 network=attacks-check-$$
work=$(mktemp -d) || exit 2
export BATON_STATE=$work/state BATON_ROOT=$PWD
finish() { "$bin/baton" topo down $network >/dev/null 2>&1; rm -rf "$work"; }
trap finish EXIT

on() { "$bin/baton" topo exec $network "$@"; }
show() { sed 's/^/# /' "$@"; }
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" "${@:2}"; }
there() { until_true 5 test -e "$1"; }

# agent EAP-SETTINGS...: the running one is replaced.
agent() {
	ctl paa ar quit >/dev/null 2>&1
	until_true 5 test ! -e "$work/paa.sock"
	rm -f "$work/paa.events"
	{
		echo "control: $work/paa.sock"
		echo "events: $work/paa.events"
		echo "pana: {protocol: {failed_timeout: 2 s, ping_gap: 1 ms, linger: 300 ms}}"
		echo "eap:"
		printf '  %s\n' "$@"
	} >"$work/paa.yaml"
	on paa -- "$bin/baton-ar" -c "$work/paa.yaml" >>"$work/paa.log" 2>&1 &
	there "$work/paa.sock"
}
# client EAP-SETTINGS: a new one at a port of its own.
client() {
	ctl mn mn quit >/dev/null 2>&1
	until_true 5 test ! -e "$work/mn.sock"
	rm -f "$work/mn.events"
	port=$((port + 1))
	cat >"$work/mn.yaml" <<-END
		control: $work/mn.sock
		events: $work/mn.events
		eap: {$1}
		pana: {bind: "10.0.1.2:$port", protocol: {failed_timeout: 2 s, ping_gap: 1 ms}}
		networks: [{name: a, paa: 10.0.1.1}]
	END
	on mn -- "$bin/baton-mn" -c "$work/mn.yaml" >>"$work/mn.log" 2>&1 &
	there "$work/mn.sock"
}
connect() { ctl mn mn connect a >"$work/out" 2>&1; }
says() { grep -q "$2" "$work/$1.events"; } # NODE PATTERN
# Messages that the agent has refused, whatever the reason.
rejected() {
	ctl paa ar counters | sed -n '/"rejected": {/,/}/p' | sed -n '1,/}/s/.*": \([0-9]*\).*/\1/p' |
		awk '{ n += $1 } END { print n + 0 }'
}
sessions() { ctl paa ar sessions | grep -c '"open": true'; }
nobody() { # within three seconds there is no session at all
	until_true 3 eval "ctl paa ar sessions | grep -q '\"sessions\": \\[\\]'"
}
psk=000102030405060708090a0b0c0d0e0f
users="users: [{identity: mn@example, methods: [psk], psk: $psk},
    {identity: md5@example, methods: [md5], password: secret}, {identity: '*@tls', methods: [tls]}]"

"$bin/baton" topo up aaa --name $network --directory "$work/net" >"$work/up" 2>&1
ok 'a client, an agent, a FreeRADIUS' $?
[ $failed -eq 0 ] || { show "$work/up"; exit 1; }
c=$work/net/credentials

# --- who must not come in -------------------------------------------------------------------------
agent "$users" "tls: {ca: $c/ca.pem, certificate: $c/server.pem, key: $c/server.key, crl: $c/crl.pem}"
client "identity: nobody@example, psk: $psk"
! connect && grep -q PANA_AUTHENTICATION_REJECTED "$work/out"
ok 'an unknown user is rejected' $?
says paa '"pana_failed".*nobody has this identity'
ok 'and the agent says why' $?
client "identity: md5@example, password: Secret"
! connect && grep -q PANA_AUTHENTICATION_REJECTED "$work/out"
ok 'a wrong password is rejected' $?
says paa '"pana_failed".*detail'
ok 'and the agent says so' $?
client "identity: mn@example, psk: ff0102030405060708090a0b0c0d0e0f"
! connect && says paa '"pana_rejected".*bad-integrity.*MAC_P'
ok 'a wrong pre-shared key gets no answer (RFC 4764)' $?
nobody && says paa '"pana_failed".*the peer has another pre-shared key'
ok 'its session ends, and the agent says why' $?
for who in other-client expired-client revoked-client; do
	client "identity: mn@tls, tls: {ca: $c/ca.pem, certificate: $c/$who.pem, key: $c/$who.key}"
	! connect && says paa '"pana_failed".*certificate'
	ok "the certificate $who is refused" $?
	nobody
	ok 'and leaves nothing' $?
done
client "identity: mn@tls, tls: {ca: $c/ca.pem, certificate: $c/client.pem, key: $c/client.key}"
connect && [ "$(sessions)" -eq 1 ]
ok 'the right one comes in' $?

# --- a forged server ------------------------------------------------------------------------------
for who in other-server expired-server client; do
	agent "$users" "tls: {ca: $c/ca.pem, certificate: $c/$who.pem, key: $c/$who.key}"
	client "identity: mn@tls, tls: {ca: $c/ca.pem, certificate: $c/client.pem, key: $c/client.key}"
	! connect && says mn '"pana_failed".*certificate' && ! says mn pana_authenticated
	ok "a server with the certificate $who is refused by the client" $?
done
agent "$users" "tls: {ca: $c/ca.pem, certificate: $c/server.pem, key: $c/server.key}"
client "identity: mn@tls, tls: {ca: $c/ca.pem, certificate: $c/client.pem, key: $c/client.key,
  peer_name: home.example}"
! connect && says mn '"pana_failed".*ame' && ! says mn pana_authenticated
ok 'a server with a good certificate and another name is too' $?
nobody
ok 'and agents keep nothing of it' $?

# --- replayed and reordered messages --------------------------------------------------------------
cat >"$work/wire.py" <<'END'
# wire.py record FILE | play FILE in-order|backwards|each-twice: PANA from the client, as it was on the wire.
import pickle, socket, sys, time
def record(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    s.bind(("eth0", 0x0800))
    packets = []
    open(name + ".ready", "w")
    s.settimeout(0.2)
    while True:
        try:
            p = s.recv(4096)
        except socket.timeout:
            pickle.dump(packets, open(name + ".new", "wb"))
            import os
            os.replace(name + ".new", name)
            continue
        if p[9] == 17 and int.from_bytes(p[22:24], "big") == 716:
            packets.append(p)
def play(name, how):
    packets = pickle.load(open(name, "rb"))
    if how == "backwards":
        packets.reverse()
    if how == "each-twice":
        packets = [p for p in packets for _ in range(2)]
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for p in packets:
        # Recorded before the checksum was filled in; 0 is none (RFC 768).
        s.sendto(p[:26] + b"\0\0" + p[28:], ("10.0.1.1", 0))
        time.sleep(0.01)
    print(len(packets))
record(sys.argv[2]) if sys.argv[1] == "record" else play(sys.argv[2], sys.argv[3])
END
agent "users: [{identity: mn@example, methods: [psk], psk: $psk}]"
client "identity: mn@example, psk: $psk"
on paa -- /usr/bin/python3 "$work/wire.py" record "$work/packets" 2>/dev/null &
there "$work/packets.ready"
connect && ctl mn mn reauth >"$work/out" && ctl mn mn ping >"$work/out"
ok 'a session is recorded: authentication, re-authentication, ping' $?
sleep 0.5
cp "$work/packets" "$work/session"
play() { on mn -- /usr/bin/python3 "$work/wire.py" play "$work/session" "$1"; }
for how in in-order backwards each-twice; do
	before=$(rejected) sequence=$(grep -c '"event":"pana_reauthenticated"' "$work/paa.events")
	sent=$(play $how)
	sleep 0.2
	# The last request of all is answered again (RFC 5191 §5.2); everything else is refused.
	now=$(rejected)
	[ "$sent" -gt 8 ] && [ $((now - before)) -ge $((sent - 1)) ]
	ok "replayed $how: $sent messages, $((now - before)) refused" $?
	[ "$(sessions)" -eq 1 ] && ctl mn mn ping >/dev/null &&
		[ "$(grep -c '"event":"pana_reauthenticated"' "$work/paa.events")" -eq "$sequence" ]
	ok 'and the session goes on as if nothing had been' $?
done
ctl mn mn terminate >/dev/null
sleep 0.8
nobody
ok 'the session ends' $?
for how in in-order backwards; do
	before=$(rejected) sent=$(play $how)
	sleep 0.2
	[ $(($(rejected) - before)) -ge $((sent - 2)) ] && [ "$(sessions)" -eq 0 ] && nobody
	ok "replayed $how to an agent without sessions: no session comes of it" $?
done
[ "$(grep -c '"event":"pana_authenticated"' "$work/paa.events")" -eq 1 ]
ok 'the agent has authenticated once in all' $?
ctl mn mn quit >/dev/null 2>&1

# --- RADIUS answers -------------------------------------------------------------------------------
cat >"$work/middle.py" <<'END'
# Between agent and RADIUS server: before each answer, forged ones. With "only", never the true one.
import hashlib, hmac, os, socket, sys
mode, log, port = sys.argv[1:]
secret = b"of-paa-and-visited"
agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
agent.bind(("127.0.0.1", int(port)))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.settimeout(2)
open(log + ".ready", "w")
past = None
def sealed(code, identifier, attributes, request, key=secret, spoil=False):
    # Message-Authenticator over the request's authenticator, then the Response Authenticator.
    head = bytes([code, identifier]) + (38 + len(attributes)).to_bytes(2, "big")
    empty = attributes + b"\x50\x12" + bytes(16)
    mac = hmac.new(key, head + request[4:20] + empty, "md5").digest()
    if spoil:
        mac = bytes([mac[0] ^ 1]) + mac[1:]
    body = attributes + b"\x50\x12" + mac
    return head + hashlib.md5(head + request[4:20] + body + key).digest() + body
def forgeries(request, answer):
    i = request[1]
    accept = b"\x4f\x06\x03" + bytes([i]) + b"\x00\x04"
    yield "changed-octet", answer[:-1] + bytes([answer[-1] ^ 1])
    yield "response-authenticator", answer[:4] + bytes([answer[4] ^ 1]) + answer[5:]
    yield "message-authenticator", sealed(2, i, accept, request, spoil=True)
    yield "another-secret", sealed(2, i, accept, request, key=b"guessed")
    head = bytes([2, i]) + (20 + len(accept)).to_bytes(2, "big")
    yield "no-message-authenticator", head + hashlib.md5(
        head + request[4:20] + accept + secret).digest() + accept
    if past and past[0] != request[:20]: # a repeated request has the same answer
        yield "answer-of-before", past[1][:1] + bytes([i]) + past[1][2:]
while True:
    request, who = agent.recvfrom(4096)
    server.sendto(request, ("10.0.2.2", 1812))
    try:
        answer = server.recv(4096)
    except socket.timeout:
        continue
    for name, forged in forgeries(request, answer):
        agent.sendto(forged, who)
        open(log, "a").write(name + "\n")
    if mode != "only":
        agent.sendto(answer, who)
    past = request[:20], answer
END
aaa() { # MODE PORT
	rm -f "$work/middle.ready" "$work/middle"
	on paa -- /usr/bin/python3 "$work/middle.py" "$1" "$work/middle" "$2" 2>/dev/null &
	there "$work/middle.ready"
	agent 'radius: {servers: [{address: "127.0.0.1:'$2'", secret: of-paa-and-visited}],
    timeout: 200 ms, repetitions: 2}'
	client "identity: mn@example, tls: {ca: $c/ca.pem, certificate: $c/client.pem,
  key: $c/client.key, max_version: '1.2'}"
}
aaa before 1899
connect && [ "$(sessions)" -eq 1 ]
ok 'forged RADIUS answers before each true one do no harm' $?
forged=$(wc -l <"$work/middle") refused=$(grep -c '"event":"aaa_rejected"' "$work/paa.events")
[ "$forged" -ge 25 ] && [ "$refused" -eq "$forged" ]
ok "all $forged were refused, each with its reason" $?
[ "$(sort -u "$work/middle" | wc -l)" -eq 6 ] &&
	says paa '"aaa_rejected".*bad-integrity' && says paa '"aaa_rejected".*missing-integrity\|aaa_rejected.*missing-element'
ok 'of six kinds: authenticators, secret, none at all, an answer of before' $?
aaa only 1898
! connect && says paa '"aaa_failed".*no AAA server answers'
ok 'forged answers alone are no answer' $?
[ "$(sessions)" -eq 0 ] && nobody
ok 'and nobody has a session' $?
[ "$(grep -c '"event":"aaa_rejected"' "$work/paa.events")" -eq "$(wc -l <"$work/middle")" ]
ok 'though each was looked at' $?

ctl mn mn quit >/dev/null 2>&1
ctl paa ar quit >/dev/null 2>&1
[ $failed -eq 0 ] || show "$work"/*.log "$work/out" "$work/paa.events"
tap_end
