#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Our EAP peer against hostapd's server and our server against wpa_supplicant's peer, EAPOL over a
# veth pair in a network namespace of its own. Success is not enough: both ends must have the same
# keys. Speaks TAP. Needs build/bin/baton, hostapd and wpa_supplicant; no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/${BATON:-build/bin/baton}

skip() { echo "ok - EAP against hostapd and wpa_supplicant # SKIP $1"; exit 0; }

if [ "${1:-}" != inside ]; then
	PATH=$PATH:/usr/sbin:/sbin
	export PATH
	[ -x "$baton" ] || { echo "not ok - $baton is not there; run make"; exit 1; }
	command -v hostapd >/dev/null || skip "no hostapd"
	command -v wpa_supplicant >/dev/null || skip "no wpa_supplicant"
	unshare --user --map-root-user --net --pid --fork --kill-child true 2>/dev/null ||
		skip "no user namespaces"
	exec unshare --user --map-root-user --net --pid --fork --kill-child "$0" inside
fi

scratch=$(mktemp -d) || exit 2
. testbed/check/tap.sh
server=0
stop() {
	[ "$server" -ne 0 ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
	server=0
}
trap 'stop; rm -rf "$scratch"' EXIT
psk=000102030405060708090a0b0c0d0e0f
other=ff0102030405060708090a0b0c0d0e0f
out=$scratch/out log=$scratch/log

ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up || {
	echo "not ok - a veth pair"
	exit 1
}
"$baton" creds "$scratch/new" >/dev/null && "$baton" creds --legacy "$scratch/old" >/dev/null || {
	echo "not ok - certificates"
	exit 1
}

witnesses() {
	sed 's/^/ours: /' "$out" | tail -30
	sed 's/^/theirs: /' "$log" | tail -30
}

# The octets that the other implementation logged after a line's TITLE, without blanks; the last.
logged() { sed -n "s/^$1 - hexdump(len=[0-9]*): //p" "$log" | tail -1 | tr -d ' '; }
printed() { sed -n "s/^$1=//p" "$out" | tail -1; }
same() { # TITLE NAME
	local theirs ours
	theirs=$(logged "$1") ours=$(printed "$2")
	[ -n "$ours" ] && [ "$ours" = "$theirs" ]
}

# --- our peer, hostapd --------------------------------------------------------------------------
# Certificates with SHA-1 do not load at the distribution's own level.
cat >"$scratch/openssl.cnf" <<-END
	openssl_conf = init
	[init]
	ssl_conf = ssl
	[ssl]
	system_default = legacy
	[legacy]
	MinProtocol = TLSv1
	CipherString = ALL:!aNULL:@SECLEVEL=0
END
theirs=()

hostapd_up() { # CREDENTIALS TLS-FLAGS
	stop
	cat >"$scratch/users" <<-END
		"psk@example" PSK $psk
		"md5@example" MD5 "secret"
		"both@example" MD5,PSK "0123456789abcdef"
		"mn@example" TLS
	END
	cat >"$scratch/hostapd.conf" <<-END
		interface=v0
		driver=wired
		ieee8021x=1
		eap_server=1
		use_pae_group_addr=1
		server_id=server.example
		eap_user_file=$scratch/users
		ca_cert=$scratch/$1/ca.pem
		server_cert=$scratch/$1/server.pem
		private_key=$scratch/$1/server.key
		tls_session_lifetime=3600
		tls_flags=$2
		openssl_ciphers=ALL:!aNULL:@SECLEVEL=0
		logger_stdout=-1
		logger_stdout_level=0
	END
	: >"$log"
	"${theirs[@]}" hostapd -dd -K "$scratch/hostapd.conf" >"$log" 2>&1 &
	server=$!
	until_true 30 grep -q AP-ENABLED "$log" && return
	ok "hostapd starts" 1
	tap_end
}

# A station that failed is held for a minute (IEEE 802.1X-2010 §8.4): each is a new one.
station=0
peer() {
	station=$((station + 1))
	ip link set v1 address "$(printf '02:00:00:00:01:%02x' $station)"
	"$baton" eapol peer v1 -v --show-keys --timeout 5 "$@" >"$out" 2>&1
}
peer_tls() { # CREDENTIALS CERTIFICATE OPTIONS...
	local dir=$scratch/$1 name=$2
	shift 2
	peer --ca "$dir/ca.pem" --cert "$dir/$name.pem" --key "$dir/$name.key" "$@"
}
says() { grep -q -- "$1" "$out"; }
succeeds_with_keys() { # TITLE-OF-MSK COMMAND...
	local title=$1
	shift
	"$@" && says '^success' && same "$title" msk && same "EAP: Session-Id" session-id
}
fails() { ! "$@" && says '^failure'; }

hostapd_up new '[ENABLE-TLSv1.3]'
check "EAP-PSK with hostapd: success, the same MSK and Session-Id" \
	succeeds_with_keys "EAP-PSK: MSK" peer --identity psk@example --psk $psk
check "EAP-PSK with hostapd: the same EMSK" same "EAP-PSK: EMSK" emsk
check "EAP-PSK with hostapd: another key fails" fails peer --identity psk@example --psk $other
check "EAP-PSK with hostapd: another server identity fails" \
	fails peer --identity psk@example --psk $psk --server-id other.example
check "EAP-MD5 with hostapd: success" peer --identity md5@example --password secret --method md5
check "EAP-MD5 with hostapd: another password fails" \
	fails peer --identity md5@example --password Secret --method md5
check "hostapd takes our Nak of EAP-MD5 and goes on with EAP-PSK" \
	succeeds_with_keys "EAP-PSK: MSK" peer --identity both@example --method psk \
	--psk "$(printf 0123456789abcdef | od -An -tx1 | tr -d ' \n')"
check "hostapd does not know the user" fails peer --identity nobody@example --psk $psk
derived="EAP-TLS: Derived key"
check "EAP-TLS 1.3 with hostapd: success, the same MSK and Session-Id" \
	succeeds_with_keys "$derived" peer_tls new client --tls 1.3 --peer-name server.example
check "EAP-TLS 1.3 was TLS 1.3" grep -q "Using TLS version TLSv1.3" "$log"
check "EAP-TLS 1.2 with hostapd: success, the same MSK and Session-Id" \
	succeeds_with_keys "$derived" peer_tls new client --tls 1.2
check "EAP-TLS with hostapd in fragments of 128 octets" \
	succeeds_with_keys "$derived" peer_tls new client --mtu 128
# hostapd 2.10 leaves the indication of RFC 9190 §2.5 out when it resumes TLS 1.3.
check "EAP-TLS 1.3 resumed by hostapd: no success without its indication" \
	fails peer_tls new client --tls 1.3 --times 2
for version in 1.2 1.3; do
	check "EAP-TLS $version with hostapd: three times, resumed, the same keys" \
		succeeds_with_keys "$derived" peer_tls new client --tls $version --times 3 \
		--without-indication
	check "EAP-TLS $version with hostapd: the third was shorter than the first" eval \
		'[ "$(grep -c "^<- code=1 .*TLS" "$out")" -lt 12 ] &&
		[ "$(grep -c ^success "$out")" = 3 ]'
	check "EAP-TLS $version with hostapd: a client of another authority fails" \
		fails peer_tls new other-client --tls $version
	check "EAP-TLS $version with hostapd: an expired client fails" \
		fails peer_tls new expired-client --tls $version
	check "EAP-TLS $version with hostapd: a server of another name is refused" \
		fails peer_tls new client --tls $version --peer-name other.example
done
theirs=(env "OPENSSL_CONF=$scratch/openssl.cnf")
hostapd_up old '[ENABLE-TLSv1.0][ENABLE-TLSv1.1]'
for version in 1.0 1.1; do
	check "EAP-TLS $version with hostapd at security level 0: success, the same keys" \
		succeeds_with_keys "$derived" peer_tls old client --tls $version --level 0
done
stop

# --- our server, wpa_supplicant -----------------------------------------------------------------
supplicant() { # NETWORK-LINES; our server's options in the array `options`
	printf 'ap_scan=0\nnetwork={\n\tkey_mgmt=IEEE8021X\n\teapol_flags=0\n%s\n}\n' "$1" \
		>"$scratch/wpa.conf"
	"$baton" eapol server v0 -v --show-keys --timeout 8 "${options[@]}" >"$out" 2>&1 &
	local ours=$! result
	"${theirs[@]}" wpa_supplicant -Dwired -iv1 -c "$scratch/wpa.conf" -dd -K >"$log" 2>&1 &
	server=$!
	wait $ours
	result=$?
	for _ in $(seq 20); do
		grep -qE 'CTRL-EVENT-EAP-(SUCCESS|FAILURE)|EAP entering state FAILURE' "$log" && break
		sleep 0.1
	done
	stop
	return $result
}
agree() { # TITLE-OF-MSK NETWORK-LINES: success at both ends, the same keys
	supplicant "$2" && says '^success' && grep -q CTRL-EVENT-EAP-SUCCESS "$log" &&
		same "$1" msk && same "EAP: Session-Id" session-id
}
refuse() { ! supplicant "$1" && says '^failure' && ! grep -q CTRL-EVENT-EAP-SUCCESS "$log"; }
tls_network() { # CREDENTIALS CERTIFICATE PHASE1
	printf '\teap=TLS\n\tidentity="mn@example"\n\tca_cert="%s/ca.pem"\n' "$scratch/$1"
	printf '\tclient_cert="%s.pem"\n\tprivate_key="%s.key"\n' "$scratch/$1/$2" "$scratch/$1/$2"
	printf '\tphase1="%s"\n\topenssl_ciphers="ALL:@SECLEVEL=0"\n' "$3"
}
tls_server() { # CREDENTIALS OPTIONS...
	local dir=$scratch/$1
	shift
	options=(--method tls --ca "$dir/ca.pem" --cert "$dir/server.pem" --key "$dir/server.key" "$@")
}

options=(--method psk --psk $psk --identity psk@example)
network=$(printf '\teap=PSK\n\tidentity="psk@example"\n\tpassword=%s' $psk)
check "EAP-PSK with wpa_supplicant: success, the same MSK and Session-Id" \
	agree "EAP-PSK: MSK" "$network"
check "EAP-PSK with wpa_supplicant: the same EMSK" same "EAP-PSK: EMSK" emsk
# RFC 4764 §4.1: the wrong MAC is discarded without an answer, and time ends it.
options+=(--timeout 3)
check "EAP-PSK with wpa_supplicant: another key fails" refuse "${network/$psk/$other}"
check "EAP-PSK with wpa_supplicant: and our server says why" says 'another pre-shared key'
options=(--method psk --psk $psk --identity somebody@example)
check "EAP-PSK with wpa_supplicant: an unknown user fails" refuse "$network"
options=(--method md5 --password secret)
network=$(printf '\teap=MD5\n\tidentity="md5@example"\n\tpassword="secret"')
check "EAP-MD5 with wpa_supplicant: success" supplicant "$network"
check "EAP-MD5 with wpa_supplicant: another password fails" refuse "${network/secret/Secret}"
options=(--method md5 --method psk --password secret --psk $psk)
network=$(printf '\teap=PSK\n\tidentity="psk@example"\n\tpassword=%s' $psk)
check "wpa_supplicant refuses EAP-MD5 by a Nak and we go on with EAP-PSK" \
	agree "EAP-PSK: MSK" "$network"
all='tls_disable_tlsv1_3=0 tls_disable_tlsv1_0=0 tls_disable_tlsv1_1=0'
for version in 1.3 1.2; do
	tls_server new --tls $version
	check "EAP-TLS $version with wpa_supplicant: success, the same MSK and Session-Id" \
		agree "$derived" "$(tls_network new client "$all")"
	check "EAP-TLS $version with wpa_supplicant: a client of another authority fails" \
		refuse "$(tls_network new other-client "$all" | sed "s,other-ca,ca,")"
	tls_server new --tls $version --mtu 100
	check "EAP-TLS $version with wpa_supplicant in fragments of 100 octets" \
		agree "$derived" "$(tls_network new client "$all")"
done
# wpa_supplicant does not load certificates with SHA-1 whatever its configuration says.
for version in 1.0 1.1; do
	tls_server new --tls $version --level 0
	check "EAP-TLS $version with wpa_supplicant at security level 0: success, the same keys" \
		agree "$derived" "$(tls_network new client "$all")"
done
tls_server new --crl "$scratch/new/crl.pem"
check "EAP-TLS with wpa_supplicant: a revoked client fails" \
	refuse "$(tls_network new revoked-client "$all")"
check "EAP-TLS with wpa_supplicant: one that is not revoked does not" \
	agree "$derived" "$(tls_network new client "$all")"
tap_end
