#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keys of access points on the air (RFC 6252 appendix C.5.3): pre-authenticated once with the PANA agent of
# the new network, by its home server, the station comes to AP1 and goes on to AP2 with a 4-way handshake
# each. Captures show no EAP on the air and none at the AAA server; another station's address gets nothing
# for the key. Runs itself in the guest. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec $baton guest --clock virtual --timeout 600 -- "$PWD/ref/ap/air_check.sh" inside
fi
. testbed/check/tap.sh
net=air-check work=/tmp/air
mkdir -p $work

on() { "$baton" topo exec $net "$@"; }
air() { on mn -- wpa_cli -p /run/wpa_supplicant -i wlan0 "$@"; }
ctl() { "$baton" ctl --network $net --json "$@"; }
frames() { tcpdump -nr "$1" "$2" 2>/dev/null | wc -l; } # FILE FILTER
eapol() { tshark -nr "$1" -Y "eapol.type == $2 && wlan.fc.retry == 0" 2>/dev/null | wc -l; } # FILE TYPE
log() { echo /run/baton/networks/$net/"$1"/hostapd-wlan0.log; }

sed 's/- service: radius/&\n        resumption: true/' topology/mpa-roaming.yaml >$work/net.yaml
"$baton" topo up $work/net.yaml --name $net >$work/up 2>&1
ok 'two networks, AAA servers, a station' $?
[ $failed -eq 0 ] || { sed 's/^/# /' $work/up; exit 1; }
credentials=/run/baton/networks/$net/credentials

begin() { # NODE PROGRAM; its settings on standard input
	{
		echo "control: /run/baton/$1.sock"
		cat
	} >$work/$1.yaml
	on "$1" -- "$PWD/build/bin/baton-$2" -c $work/$1.yaml >$work/$1.log 2>&1 &
	until_true 10 eval "ctl $1 status >/dev/null 2>&1"
}
secrets=(303132333435363738393a3b3c3d3e3f 404142434445464748494a4b4c4d4e4f)
for n in 1 2; do
	begin ap$n ap <<-END
		hostapd: /run/hostapd/wlan0
		keys: {agent: 198.51.100.1, bssid: "02:00:00:00:0a:0$n", secret: ${secrets[n - 1]}}
	END
done
begin nar ar <<END
eap: {radius: {servers: [{address: 10.0.3.2, secret: of-network-a}]}}
access_points:
  - {bssid: "02:00:00:00:0a:01", address: 198.51.100.11, secret: ${secrets[0]}}
  - {bssid: "02:00:00:00:0a:02", address: 198.51.100.12, secret: ${secrets[1]}}
END
cat >$work/proxy.yaml <<END
control: /run/baton/proxy.sock
lan: eth0
bssids: [{bssid: "02:00:00:00:0a:01"}]
END
on nar -- "$PWD/build/bin/baton-proxy" -c $work/proxy.yaml >$work/proxy.log 2>&1 &
until_true 10 eval "on nar -- test -S /run/baton/proxy.sock"
begin mn mn <<END
events: $work/mn.events
eap:
  identity: mn@home.example
  tls: {ca: $credentials/ca.pem, certificate: $credentials/client.pem, key: $credentials/client.key, max_version: "1.2"}
keys: {supplicant: /run/wpa_supplicant/wlan0}
networks:
  - {name: a, ssid: network-a, paa: 198.51.100.1, dot1x: {server: 198.51.100.1, station: "02:00:00:00:00:01",
      access_points: [{bssid: "02:00:00:00:0a:01"}]}}
END
ok 'an agent, two access points with baton-ap, a client' $?

capture() { # NODE INTERFACE FILE FILTER...
	on "$1" -- tcpdump --immediate-mode -U -i "$2" -w "$3" "${@:4}" >/dev/null 2>$work/tcpdump &
	until_true 10 eval "[ -s $3 ]"
}
capture nar eth2 $work/aaa.pcap udp port 1812
ctl mn preauth a >$work/said 2>&1
ok 'the station, still in network b, pre-authenticates with the agent' $?
# One TLS session for PANA and 802.1X.
# The same access point by 802.1X, carried over IP to the proxy and as 802.11i pre-authentication to hostapd:
# both end at the home server, which resumes there what PANA began.
resumed() { grep '"event":"eap_completed"' $work/mn.events | tail -1 | sed 's/.*"resumed":\([a-z]*\).*/\1/'; }
[ "$(resumed)" = false ]
ok 'PANA had authenticated in full' $?
ctl mn preauth a --dot1x >$work/said 2>&1
ok 'the node authenticates to AP1 by 802.1X as well' $?
[ "$(resumed)" = true ]
ok 'and that resumed the TLS session of PANA' $?
grep '"event":"eap_completed"' $work/mn.events | sed 's/.*"rounds"/# "rounds"/'
grep -q 'EAP-STARTED 02:00:00:00:00:01' "$(log ap1)"
ok 'through hostapd, not through the agent' $?

ctl mn keys a >$work/keys 2>&1
[ "$(grep -c '"bssid"' $work/keys)" -eq 2 ]
ok 'both access points have their key before it moves' $?
sleep 0.5
asked=$(frames $work/aaa.pcap 'udp dst port 1812')
[ "$asked" -ge 9 ]
ok "the AAA server was asked $asked times for that" $?
pmkid() { grep -A1 "02:00:00:00:0a:0$1" $work/keys | sed -n 's/.*"pmkid": "\(.*\)".*/\1/p'; }
[ -n "$(pmkid 1)" ] && [ -n "$(pmkid 2)" ] && [ "$(pmkid 1)" != "$(pmkid 2)" ]
ok 'each another one' $?

# --- the moves ------------------------------------------------------------------------------------
started() { cat "$(log ap1)" "$(log ap2)" | grep -c EAP-STARTED; }
begun=$(started)
# On the medium itself: EAPOL does not pass the interfaces of either end.
ip link set hwsim0 up
tcpdump -Z root --immediate-mode -U -i hwsim0 -w $work/air.pcap >/dev/null 2>$work/tcpdump &
until_true 10 eval "[ -s $work/air.pcap ]"
id=$(air list_networks | sed -n 's/^\([0-9]*\)\tnetwork-a.*/\1/p')
came() { # N: associated with that access point, the handshake complete, by the key of before
	until_true 10 eval "air status >$work/status; grep -q wpa_state=COMPLETED $work/status &&
		grep -q bssid=02:00:00:00:0a:0$1 $work/status" &&
		on ap$1 -- hostapd_cli -p /run/hostapd -i wlan0 sta 02:00:00:00:00:01 >$work/sta &&
		grep -q "last_assoc_req_rssi\|flags=.*AUTHORIZED" $work/sta &&
		air pmksa | grep -q "02:00:00:00:0a:0$1 $(pmkid $1)"
}
air bssid "$id" 02:00:00:00:0a:01 >/dev/null
air select_network "$id" >/dev/null
came 1
ok 'it comes to AP1' $?
air bssid "$id" 02:00:00:00:0a:02 >/dev/null
air reassociate >/dev/null
came 2
ok 'it goes on to AP2 under the same agent' $?
sleep 1
keys=$(eapol $work/air.pcap 3) eap=$(eapol $work/air.pcap 0)
[ "$keys" -ge 8 ]
ok "two 4-way handshakes on the air: $keys EAPOL-Key frames" $?
[ "$eap" -eq 0 ]
ok "and no EAP: $eap EAPOL frames of type EAP-Packet" $?
[ "$(started)" -eq "$begun" ]
ok 'neither hostapd has begun EAP' $?
[ "$(frames $work/aaa.pcap 'udp dst port 1812')" -eq "$asked" ]
ok 'and no AAA server was asked again' $?

# --- the key in the hands of another station ------------------------------------------------------
air disable_network "$id" >/dev/null
for file in client_cert:other-client.pem private_key:other-client.key; do
	air set_network "$id" ${file%%:*} "\"$credentials/${file#*:}\"" >/dev/null
done
air disconnect >/dev/null
on mn -- ip link set wlan0 down
on mn -- ip link set wlan0 address 02:00:00:00:00:99
on mn -- ip link set wlan0 up
sleep 1
air pmksa_flush >/dev/null
air pmksa_add "$id" 02:00:00:00:0a:01 "$(pmkid 1)" "$(printf '00%.0s' $(seq 32))" 3600 3600 1 0 >/dev/null
air bssid "$id" 02:00:00:00:0a:01 >/dev/null
air select_network "$id" >/dev/null
until_true 10 eval "grep -q 'EAP-STARTED 02:00:00:00:00:99' $(log ap1)"
ok "with another station's address hostapd knows no key and wants EAP" $?
sleep 3
air status >$work/status
! grep -q wpa_state=COMPLETED $work/status && [ "$(eapol $work/air.pcap 0)" -gt 0 ]
ok 'which it cannot do: it is not let in' $?
[ $failed -eq 0 ] || { cat $work/said $work/keys $work/status $work/sta $work/*.log; tail -20 "$(log ap1)"; } | sed 's/^/# /'
"$baton" topo down $net >/dev/null 2>&1
tap_end
