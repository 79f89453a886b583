#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 802.1X over IP through the proxy to a stock hostapd, then the move: no EAP after it, and the key is
# the one from before. Runs itself in the guest. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton
if [ "${1:-}" != inside ]; then
	exec $baton guest --timeout 240 -- "$PWD/ref/proxy/proxy_check.sh" inside
fi
failed=0 name=proxy-check station=02:00:00:00:00:01 bssid=02:00:00:00:0a:00
psk=000102030405060708090a0b0c0d0e0f

ok() { # NAME STATUS
	if [ "$2" -eq 0 ]; then echo "ok - $1"; else echo "not ok - $1"; failed=1; fi
}
on() { "$baton" topo exec $name "$@"; }
air() { on mn -- wpa_cli -p /run/wpa_supplicant -i wlan0 "$@"; }
field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p"; }

echo "\"mn@example\" PSK $psk" >/tmp/proxy.eap_user
"$baton" topo up proxy --name $name >/tmp/up 2>&1
ok 'a stock hostapd, a proxy, a station in another subnet' $?
[ $failed -eq 0 ] || { sed 's/^/# /' /tmp/up; exit 1; }
cat >/tmp/proxy.yaml <<END
control: /tmp/proxy.sock
lan: eth0
bssids: [{bssid: "$bssid"}]
END
on proxy -- "$PWD/build/bin/baton-proxy" -c /tmp/proxy.yaml >/tmp/proxy.log 2>&1 &
for i in $(seq 50); do [ -S /tmp/proxy.sock ] && break; sleep 0.1; done

try() { # KEY
	on mn -- "$baton" dot1x --server 10.0.2.2 --station $station --bssid $bssid \
		--identity mn@example --psk "$1" --keys --timeout 15
}
try 000102030405060708090a0b0c0d0e00 >/tmp/refused 2>&1
[ $? -eq 1 ]
ok 'a station with a wrong key is refused' $?
try $psk >/tmp/keys 2>/tmp/errors
ok 'the station authenticates through the proxy' $?
pmkid=$(field pmkid </tmp/keys) pmk=$(field pmk </tmp/keys)
on ap -- hostapd_cli -p /run/hostapd -i wlan0 pmksa >/tmp/pmksa 2>&1
grep -q "$station $pmkid" /tmp/pmksa
ok 'hostapd holds the same PMKID for the station' $?

# The move: the supplicant gets the key, then the radio.
log=/run/baton/networks/$name/ap/hostapd-wlan0.log
marks=$(grep -c EAP-STARTED "$log")
id=$(air add_network | tail -1)
for setting in 'ssid "network-eap"' 'key_mgmt WPA-EAP' 'eap PSK' 'identity "mn@example"' \
	"password $psk" 'proactive_key_caching 0'; do
	air set_network "$id" ${setting%% *} "${setting#* }" >/dev/null
done
air pmksa_add "$id" $bssid "$pmkid" "$pmk" 3600 43200 1 0 | grep -q OK
ok 'wpa_supplicant takes the key' $?
air select_network "$id" >/dev/null
for i in $(seq 100); do
	air status >/tmp/status
	grep -q wpa_state=COMPLETED /tmp/status && break
	sleep 0.1
done
grep -q wpa_state=COMPLETED /tmp/status
ok 'the station associates and completes the 4-way handshake' $?
[ "$(grep -c EAP-STARTED "$log")" -eq "$marks" ]
ok 'no EAP on the air after the move' $?
air pmksa | grep -q "$pmkid"
ok 'the PMKID is the one from before' $?
[ $failed -eq 0 ] || { cat /tmp/keys /tmp/errors /tmp/pmksa /tmp/status /tmp/proxy.log; tail -20 "$log"; } | sed 's/^/# /'
"$baton" topo down $name >/dev/null
exit $failed
