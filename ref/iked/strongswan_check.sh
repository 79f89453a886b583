#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton-iked against strongSwan's charon, both ways: set-up with a pre-shared key, cookies, a group
# that the responder does not want, fragments, an internal address, rekeying from either end, MOBIKE,
# delete, a wrong key; certificates and EAP-TLS. Success is not enough: both ends must name the same SPIs.
#
# Two namespaces and a veth pair; charon's kernel-libipsec plugin stands in for ESP in the kernel.
# Speaks TAP. Needs build/bin/baton and baton-iked, charon-systemd, swanctl; no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "ok - IKE with strongSwan # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	[ -x "$bin/baton-iked" ] || { echo "not ok - $bin/baton-iked is not there; run make"; exit 1; }
	command -v charon-systemd >/dev/null || skip "no charon-systemd"
	command -v swanctl >/dev/null || skip "no swanctl"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	unshare --user --map-root-user --net --mount --pid --fork --kill-child true 2>/dev/null ||
		skip "no user namespaces"
	exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child \
		"$0" inside
fi

. ref/iked/ends.sh

suite='aes256gcm16-prfsha256-x25519' esp='aes256gcm16'
ts='remote_ts = 10.1.0.0/16'

# --- iked begins ---------------------------------------------------------------------------------

start_charon $suite $esp "" "$ts"
if command -v dumpcap >/dev/null && command -v tshark >/dev/null; then
	dumpcap -q -i v0 -w "$work/x.pcap" 2>"$work/dumpcap" &
	dump=$!
	until_true 5 grep -q File: "$work/dumpcap"
fi
start_iked "start: true"
until_true 10 up
ok 'iked begins: IKE SA and Child SA with a pre-shared key, AES-GCM, curve25519' $?
until_true 5 same_child
ok 'charon has the same SPIs' $?
ctl probe >/dev/null && until_true 5 event ike_alive
ok 'charon answers a probe' $?

ctl rekey-child >/dev/null && until_true 5 event ike_child_down && until_true 5 same_child
ok 'iked rekeys the Child SA' $?
ctl rekey >/dev/null && until_true 5 event ike_rekeyed && until_true 5 same_ike
ok 'iked rekeys the IKE SA' $?
n=$(events ike_child_down)
swan --rekey --child net >/dev/null
until_true 10 eval '[ "$(events ike_child_down)" -gt $n ]' && until_true 5 same_child
ok 'charon rekeys the Child SA' $?
n=$(events ike_rekeyed)
swan --rekey --ike test >/dev/null
until_true 10 eval '[ "$(events ike_rekeyed)" -gt $n ]' && until_true 5 same_ike
ok 'charon rekeys the IKE SA' $?

ctl move 10.9.0.3 >/dev/null && until_true 5 event ike_moved &&
	until_true 5 eval 'swan --list-sas | grep -q "10.9.0.3"'
ok 'charon follows to another address (MOBIKE)' $?
ctl delete >/dev/null && until_true 5 event ike_down &&
	until_true 5 eval '! swan --list-sas | grep -q test'
ok 'iked deletes, charon has nothing left' $?

if [ "$dump" -ne 0 ]; then
	kill $dump && wait $dump
	tshark -r "$work/x.pcap" -o "uat:ikev2_decryption_table:$(head -1 "$work/keys")" -V \
		>"$work/dissected" 2>/dev/null
	grep -q 'Identification Data: mn.example\|ID_FQDN: mn.example' "$work/dissected" &&
		! grep -q 'Malformed Packet' "$work/dissected"
	ok 'tshark opens the messages with the key log, and finds none malformed' $?
else
	skipped "tshark opens the messages" "no tshark"
fi

# --- charon begins -------------------------------------------------------------------------------

start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && until_true 5 same_child
ok 'charon begins' $?
swan --terminate --ike test >/dev/null 2>&1
until_true 10 event ike_down
ok 'charon deletes' $?
stop_iked
cookies=0
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && grep -q COOKIE "$work/charon.log"
ok 'charon begins and is asked for a cookie' $?
unset cookies
swan --terminate --ike test >/dev/null 2>&1
start_iked 'groups: [ecp256]'
start_charon 'aes256gcm16-prfsha256-x25519-ecp256' $esp "remote_addrs = 10.9.0.1" "$ts"
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up
ok 'charon begins with a group that iked does not want' $?

# --- algorithms ----------------------------------------------------------------------------------

for row in "aes128-sha256-modp2048 aes128-sha256 modp2048" "aes256-sha512-modp3072 aes256-sha512 modp3072" \
	"aes256gcm16-prfsha512-modp4096 aes128gcm16 modp4096" "aes128gcm16-prfsha384-ecp384 aes256-sha384 ecp384" \
	"aes256-sha384-ecp256 aes256gcm16 ecp256"; do
	read -r ike child group <<<"$row"
	start_charon "$ike" "$child" "" "$ts"
	start_iked "start: true" "groups: [curve25519, $group]"
	until_true 15 up && until_true 5 same_child && ctl rekey >/dev/null &&
		until_true 10 event ike_rekeyed && until_true 5 same_ike
	ok "$ike, ESP $child, from a first offer of curve25519, and rekeyed" $?
done

# --- the rest ------------------------------------------------------------------------------------

start_charon $suite $esp "fragmentation = force" "$ts"
start_iked "start: true" "fragment_size: 300"
until_true 10 up && until_true 5 same_child
ok 'fragments both ways' $?
start_charon $suite $esp "pools = small" ""
start_iked "start: true" "ask_address: true"
until_true 10 up && event ike_address && until_true 5 same_child
ok 'iked asks for an internal address and gets one' $?
charon_ts= start_charon $suite $esp "remote_addrs = 10.9.0.1
		vips = 0.0.0.0" "$ts"
start_iked 'pool: 10.78.0.8/29'
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 up && swan --list-sas | grep -q 10.78.0
ok 'charon asks for an internal address and gets one' $?
start_charon $suite $esp "" "$ts"
proof=${by_psk/a shared/another} start_iked "start: true"
until_true 10 event ike_failed
ok 'a wrong key fails' $?
[ "$(last ike_failed words)" = AUTHENTICATION_FAILED ]
ok 'for that reason' $?
local_ts=10.5.0.0/16 start_iked "start: true"
until_true 10 event ike_child_failed && event ike_established
ok 'selectors that charon does not allow: an IKE SA without a Child SA' $?
start_charon aes128-sha256-modp2048 $esp "" "$ts"
start_iked "start: true" "groups: [curve25519]"
until_true 10 event ike_failed && [ "$(last ike_failed words)" = NO_PROPOSAL_CHOSEN ]
ok 'no common proposal fails for that reason' $?

# --- certificates and EAP ------------------------------------------------------------------------

# An authority with RSA of 2048 bits beside the one of elliptic curves that baton makes.
rsa_credentials() { # DIR
	mkdir -p "$1" && (
		cd "$1" || exit 1
		openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=RSA authority" \
			-keyout ca.key -out ca.pem
		for row in "server DNS:server.example" "client email:mn@example"; do
			read -r name alternative <<<"$row"
			openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr
			openssl x509 -req -sha256 -days 30 -in $name.csr -CA ca.pem -CAkey ca.key \
				-CAcreateserial -out $name.pem -extfile <(echo "subjectAltName=$alternative")
		done
	) >/dev/null 2>&1
}
"$bin/baton" creds "$work/ec" >/dev/null && rsa_credentials "$work/rsa"
ok 'certificates are made' $?

# As a TLS server charon has no secure renegotiation (RFC 5746); ends that allow TLS 1.1 take that.
certificates() { # DIR MEANS-OF-IKED: charon has the server's, iked the client's
	cp "$1/server.pem" "$work/swanctl/x509/server.pem"
	cp "$1/ca.pem" "$work/swanctl/x509ca/ca.pem"
	cp "$1/server.key" "$work/swanctl/private/server.key"
	files="ca: $1/ca.pem, certificate: $1/client.pem, key: $1/client.key"
	charon_local='auth = pubkey
		certs = server.pem
		id = server.example'
	if [ "$2" = eap ]; then
		charon_remote='auth = eap-tls
		eap_id = %any
		id = mn@example'
		extra="    certificates: { ca: $1/ca.pem }
    eap: { identity: mn@example, tls: { $files, min_version: 1.1, security_level: 0 } }"
	else
		charon_remote='auth = pubkey
		id = mn@example'
		extra="    certificates: { $files }"
	fi
	proof="    local_id: mn@example
    remote_id: server.example
    local_auth: $2
    remote_auth: certificate
$extra"
}

for kind in ec rsa; do
	certificates "$work/$kind" certificate
	start_charon $suite $esp "" "$ts"
	start_iked "start: true"
	until_true 10 up && until_true 5 same_child && ctl rekey >/dev/null && until_true 10 event ike_rekeyed
	ok "$kind certificates: iked begins" $?
	start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
	start_iked
	swan --initiate --child net >"$work/initiate" 2>&1
	until_true 10 up && until_true 5 same_child
	ok "$kind certificates: charon begins" $?
	certificates "$work/$kind" eap
	start_charon $suite $esp "pools = small" ""
	start_iked "start: true" "ask_address: true"
	until_true 15 up && event ike_address && until_true 5 same_child && grep -q "EAP method EAP_TLS succeeded" "$work/charon.log"
	ok "$kind: iked proves itself by EAP-TLS, charon by certificate; an internal address besides" $?
done

# The other way round: charon with the client's certificate, iked with the server's.
cp "$work/ec/client.pem" "$work/swanctl/x509/server.pem"
cp "$work/ec/client.key" "$work/swanctl/private/server.key"
cp "$work/ec/ca.pem" "$work/swanctl/x509ca/ca.pem"
charon_local='auth = eap-tls
		certs = server.pem
		id = mn@example'
charon_remote='auth = pubkey
		id = server.example'
files="ca: $work/ec/ca.pem, certificate: $work/ec/server.pem, key: $work/ec/server.key"
proof="    local_id: server.example
    remote_id: mn@example
    local_auth: certificate
    remote_auth: eap
    certificates: { $files }
    eap: { identity: '*', tls: { $files } }"
start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 15 up && until_true 5 same_child
ok 'charon begins and proves itself by EAP-TLS, iked by certificate' $?
charon_local='auth = pubkey
		certs = server.pem
		id = mn@example'
proof="    local_id: server.example
    remote_id: mn@example
    local_auth: certificate
    remote_auth: certificate
    certificates: { ca: $work/ec/other-ca.pem, certificate: $work/ec/server.pem, key: $work/ec/server.key }"
start_charon $suite $esp "remote_addrs = 10.9.0.1" "$ts"
start_iked
swan --initiate --child net >"$work/initiate" 2>&1
until_true 10 event ike_failed && [ "$(last ike_failed words)" = 'a certificate that is not trusted' ]
ok 'a certificate of an authority that iked does not trust: refused for that reason' $?
tap_end
