#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One TLS session for layer 2 and PANA: 802.1X at a stock hostapd and PANA at our agent both end at one
# FreeRADIUS; whoever comes second resumes what the first began. RFC 5216 §2.1.2, RFC 9190 §2.1.3. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
. testbed/check/tap.sh
bin=$PWD/build/bin station=0 network=resume-check-$$
work=$(mktemp -d) || exit 2
export BATON_STATE=$work/state BATON_ROOT=$PWD
finish() { "$bin/baton" topo down $network >/dev/null 2>&1; rm -rf "$work"; }
trap finish EXIT

on() { "$bin/baton" topo exec $network "$@"; }
show() { sed 's/^/# /' "$@"; }
ctl() { "$bin/baton" ctl --json --socket "$work/$1.sock" "${@:2}"; }

begin() { # TLS-VERSION
	sed "s/^name: .*/name: $network/
		s/clients: \[{network: 10.0.2.0.*/&\n        tls: \"$1\"\n        resumption: true/" \
		topology/aaa.yaml >"$work/aaa.yaml"
	"$bin/baton" topo up "$work/aaa.yaml" --directory "$work/net" >"$work/up" 2>&1
	ok "TLS $1: FreeRADIUS keeps sessions" $?
	[ $failed -eq 0 ] || { show "$work/up"; exit 1; }
	credentials=$work/net/credentials
	cat >"$work/hostapd.conf" <<-END
		interface=eth0
		driver=wired
		ieee8021x=1
		use_pae_group_addr=1
		own_ip_addr=10.0.2.1
		auth_server_addr=10.0.2.2
		auth_server_port=1812
		auth_server_shared_secret=of-paa-and-visited
	END
	: >"$work/hostapd.log"
	on paa -- hostapd "$work/hostapd.conf" >"$work/hostapd.log" 2>&1 &
	cat >"$work/paa.yaml" <<-END
		control: $work/paa.sock
		events: $work/paa.events
		pana: {protocol: {linger: 10 ms}}
		eap: {radius: {servers: [{address: 10.0.2.2, secret: of-paa-and-visited}]}}
	END
	on paa -- "$bin/baton-ar" -c "$work/paa.yaml" >"$work/paa.log" 2>&1 &
	cat >"$work/mn.yaml" <<-END
		control: $work/mn.sock
		events: $work/mn.events
		eap:
		  identity: mn@example
		  tls: {ca: $credentials/ca.pem, certificate: $credentials/client.pem,
		    key: $credentials/client.key, max_version: "$1", min_version: "$1",
		    sessions: $work/sessions}
		pana: {bind: 10.0.1.2}
		networks: [{name: a, paa: 10.0.1.1}]
	END
	on mn -- "$bin/baton-mn" -c "$work/mn.yaml" >"$work/mn.log" 2>&1 &
	until_true 30 eval '[ -S "$work/paa.sock" ] && [ -S "$work/mn.sock" ] &&
		grep -q AP-ENABLED "$work/hostapd.log"' || show "$work"/*.log
	version=$1
}

# Each leaves "resumed rounds octets" in `cost`, the key in `key`.
layer2() {
	local line
	# hostapd holds a station that failed for a minute: each is a new one.
	station=$((station + 1))
	on mn -- ip link set eth0 address "$(printf '02:00:00:00:01:%02x' $station)"
	on mn -- "$bin/baton" eapol peer eth0 --identity mn@example --tls "$version" \
		--ca "$credentials/ca.pem" --cert "$credentials/client.pem" \
		--key "$credentials/client.key" --sessions "$work/sessions" \
		--show-keys -v >"$work/layer2.out" 2>&1
	local status=$?
	line=$(grep '^success' "$work/layer2.out")
	cost=$(echo "$line" | sed -n 's/.*resumed=\([a-z]*\) rounds=\([0-9]*\) octets=\([0-9]*\).*/\1 \2 \3/p')
	key=$(sed -n 's/^msk=//p' "$work/layer2.out")
	return $status
}
pana() {
	local status
	ctl mn mn connect a >"$work/connect" 2>&1
	status=$?
	cost=$(sed -n '/"event":"eap_completed"/h; ${x; p}' "$work/mn.events" |
		sed -n 's/.*"rounds":\([0-9]*\),"octets":\([0-9]*\).*"resumed":\([a-z]*\).*/\3 \1 \2/p' |
		sed 's/^true/yes/; s/^false/no/')
	ctl mn mn disconnect a >/dev/null 2>&1
	return $status
}
is() { # yes|no
	[ "${cost%% *}" = "$1" ]
}
note() { echo "# TLS $version, $1: resumed, rounds, octets: $cost"; }
quit() {
	ctl mn mn quit >/dev/null 2>&1
	ctl paa ar quit >/dev/null 2>&1
	"$bin/baton" topo down $network >/dev/null 2>&1
	rm -f "$work"/*.events "$work"/*.sock "$work/sessions"
}

for v in 1.2 1.3; do
	begin $v
	layer2 && is no
	ok "TLS $v: 802.1X in full" $?
	note 'layer 2 first'
	full=$cost first=$key
	[ "$(stat -c %a "$work/sessions")" = 600 ]
	ok "TLS $v: the session is kept where only its owner reads" $?
	pana && is yes
	ok "TLS $v: PANA resumes the session of layer 2" $?
	note 'PANA after it'
	set -- $full $cost
	[ "$5" -lt "$2" ] && [ "$6" -lt "$3" ]
	ok "TLS $v: with fewer round trips and octets" $?
	# With TLS 1.3 FreeRADIUS 3.2.1 keeps the ticket that it gave out while resuming without its
	# attributes, and does not take it: the third conversation is in full (docs/aaa.md).
	layer2 && { [ $v = 1.3 ] || is yes; } && [ "$key" != "$first" ]
	ok "TLS $v: and layer 2 again, with another key" $?
	note 'layer 2 again'
	rm -f "$work/sessions"
	pana && is no
	ok "TLS $v: PANA first, in full" $?
	layer2 && is yes
	ok "TLS $v: 802.1X resumes the session of PANA" $?
	# The server forgets: another run of it, and nothing on its disk.
	on visited -- sh -c 'for p in $(pgrep -x freeradius); do
		grep -q /visited/freeradius /proc/$p/cmdline && kill $p && tail --pid=$p -f /dev/null; done'
	rm -f "$work"/net/visited/freeradius/sessions/*
	on visited -- freeradius -d "$work/net/visited/freeradius" -l "$work/again.log"
	pana && is no
	ok "TLS $v: a server that has forgotten authenticates in full" $?
	pana && is yes
	ok "TLS $v: and resumes from then on" $?
	[ $failed -eq 0 ] || show "$work"/*.log "$work"/layer2.out "$work"/connect "$work"/*.events "$work"/net/visited/freeradius.log
	quit
done
tap_end
