#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 802.1X over IP, then the move: no EAP after it, and the key is the one from before. First through the
# proxy to a hostapd that knows nothing of it, then with an access point that speaks it itself, whose
# hostapd takes the key over its control socket. Runs itself in the guest. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec $baton guest --timeout 240 -- "$PWD/ref/proxy/proxy_check.sh" inside
fi
. testbed/check/tap.sh
name=proxy-check station=02:00:00:00:00:01 bssid=02:00:00:00:0a:00
psk=000102030405060708090a0b0c0d0e0f

on() { "$baton" topo exec $name "$@"; }
air() { on mn -- wpa_cli -p /run/wpa_supplicant -i wlan0 "$@"; }
ap() { on ap -- hostapd_cli -p /run/hostapd -i wlan0 "$@"; }
field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p"; }
log=/run/baton/networks/$name/ap/hostapd-wlan0.log

# start NODE PROGRAM: with the configuration from standard input
start() {
	local program=$2
	cat >"/tmp/$program.$1.yaml"
	on "$1" -- "$PWD/build/bin/baton-$program" -c "/tmp/$program.$1.yaml" >"/tmp/$program.$1.log" 2>&1 &
	until_true 10 test -S "/tmp/$program.$1.sock"
}
# mobile KEY SERVER: the mobile node, which will go to network b
mobile() {
	"$baton" ctl --socket /tmp/mn.mn.sock mn quit >/dev/null 2>&1
	until_true 10 test ! -S /tmp/mn.mn.sock
	start mn mn <<-END
	control: /tmp/mn.mn.sock
	eap: {identity: mn@example, psk: $1}
	keys: {supplicant: /run/wpa_supplicant/wlan0}
	networks:
	  - name: b
	    ssid: network-eap
	    dot1x: {server: $2, access_points: [{bssid: "$bssid"}]}
	END
}
preauth() { "$baton" ctl --json --socket /tmp/mn.mn.sock mn preauth b >/tmp/preauth 2>&1; }

# move WHAT: the radio joins, and nothing but the 4-way handshake happens
move() {
	local marks
	marks=$(grep -c EAP-STARTED "$log")
	air select_network 0 >/dev/null
	associated() { air status >/tmp/status; grep -q wpa_state=COMPLETED /tmp/status; }
	until_true 10 associated
	ok "$1: the station associates and completes the 4-way handshake" $?
	[ "$(grep -c EAP-STARTED "$log")" -eq "$marks" ]
	ok "$1: no EAP on the air after the move" $?
	air pmksa | grep -q "$pmkid"
	ok "$1: the PMKID is the one from before" $?
	air disconnect >/dev/null
	ap pmksa_flush >/dev/null
	air pmksa_flush >/dev/null
}
in_hostapd() { ap pmksa >/tmp/pmksa 2>&1; grep -q "$station $pmkid" /tmp/pmksa; }

echo "\"mn@example\" PSK $psk" >/tmp/proxy.eap_user
"$baton" topo up proxy --name $name >/tmp/up 2>&1
ok 'a stock hostapd, a proxy, a station in another subnet' $?
[ $failed -eq 0 ] || { sed 's/^/# /' /tmp/up; exit 1; }
for setting in 'key_mgmt WPA-EAP' 'eap PSK' 'identity "mn@example"' "password $psk" \
	'proactive_key_caching 0'; do
	takes() { air set_network 0 "${setting%% *}" "${setting#* }" 2>/dev/null | grep -q OK; }
	until_true 10 takes || ok "wpa_supplicant takes $setting" 1
done
start proxy proxy <<END
control: /tmp/proxy.proxy.sock
lan: eth0
bssids: [{bssid: "$bssid"}]
END

mobile 000102030405060708090a0b0c0d0e00 10.0.2.2
preauth
[ $? -eq 1 ]
ok 'proxy: a node with a wrong key is refused' $?
mobile $psk 10.0.2.2
preauth
ok 'proxy: the node pre-authenticates through it (baton ctl mn preauth)' $?
pmkid=$(field pmkid </tmp/preauth)
grep -q '"installed": true' /tmp/preauth
ok 'proxy: its wpa_supplicant has the key' $?
in_hostapd
ok 'proxy: hostapd holds the same PMKID for the station' $?
move proxy
first=$pmkid

# The access point itself: beside the same hostapd, which gets the key from it.
on ap -- sh -c 'ip addr add 10.0.2.3/24 dev br0 && ip route replace default via 10.0.2.1'
start ap proxy <<END
control: /tmp/proxy.ap.sock
listen: 10.0.2.3
bssids: [{bssid: "$bssid"}]
hostapd: /run/hostapd/wlan0
eap:
  users: [{identity: mn@example, psk: $psk}]
END
mobile 000102030405060708090a0b0c0d0e00 10.0.2.3
preauth
[ $? -eq 1 ] && ! ap pmksa | grep -q "$station"
ok 'access point: a node with a wrong key is refused, and hostapd gets none' $?
mobile $psk 10.0.2.3
preauth
ok 'access point: the node pre-authenticates with it' $?
pmkid=$(field pmkid </tmp/preauth)
[ "$pmkid" != "$first" ]
ok 'access point: the key is a new one' $?
until_true 10 in_hostapd
ok 'access point: its hostapd holds the same PMKID for the station' $?
move 'access point'
[ $failed -eq 0 ] || { cat /tmp/preauth /tmp/pmksa /tmp/status /tmp/*.log; tail -20 "$log"; } | sed 's/^/# /'
"$baton" topo down $name >/dev/null
tap_end
