#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# EAP-TLS authentications a second: PANA clients through baton-ar, and eapol_test, both with the same
# FreeRADIUS, the same certificates and as many clients at once, in turn, so that what else the machine
# does meets both. Three rounds; the best of each counts. One JSON object a line.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/build/bin network=bench-$$ clients=${BENCH_CLIENTS:-16} count=${BENCH_COUNT:-200}
work=$(mktemp -d) || exit 2
export BATON_STATE=$work/state BATON_ROOT=$PWD
agent=
finish() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null
	"$bin/baton" topo down $network >/dev/null 2>&1
	rm -rf "$work"
}
trap finish EXIT
on() { "$bin/baton" topo exec $network "$@"; }
. testbed/check/tap.sh
fail() {
	echo "bench: authentications: $1" >&2
	sed 's/^/# /' "$2" >&2
	exit 1
}

"$bin/baton" topo up aaa --name $network --directory "$work/net" >"$work/up" 2>&1 ||
	fail 'the network does not come up' "$work/up"
credentials=$work/net/credentials
cat >"$work/eapol_test.conf" <<END
network={
	key_mgmt=WPA-EAP
	eap=TLS
	identity="mn@example"
	ca_cert="$credentials/ca.pem"
	client_cert="$credentials/client.pem"
	private_key="$credentials/client.key"
}
END
cat >"$work/ar.yaml" <<END
control: $work/ar.sock
log: error
eap:
  radius:
    servers: [{address: 10.0.2.2, secret: of-paa-and-visited}]
END
on paa -- "$bin/baton-ar" -c "$work/ar.yaml" >"$work/ar.log" 2>&1 &
agent=$!
until_true 5 test -S "$work/ar.sock" || fail 'the agent does not start' "$work/ar.log"

for round in 1 2 3; do
	on paa -- /usr/bin/python3 "$PWD/testbed/check/bench_eapol_test.py" "$work/eapol_test.conf" 10.0.2.2 \
		of-paa-and-visited "$clients" "$count" >>"$work/out" 2>"$work/error" ||
		fail 'eapol_test' "$work/error"
	on mn -- "$bin/baton" load pana --paa 10.0.1.1 --identity mn@example --credentials "$credentials" \
		--clients "$clients" --count "$count" --json >>"$work/out" 2>"$work/error" ||
		fail 'baton load' "$work/error"
done
/usr/bin/python3 - "$work/out" <<'END'
import json, sys
rounds = {}
for line in open(sys.argv[1]):
    figure = json.loads(line)
    rounds.setdefault(figure["name"], []).append(figure)
best = {name: (max if figures[0]["unit"] == "1/s" else min)(figures, key=lambda f: f["value"])
        for name, figures in rounds.items()}
for figure in best.values():
    print(json.dumps(figure))
ratio = best["pana authentications"]["value"] / best["eapol_test authentications"]["value"]
print(json.dumps({"name": "pana authentications over eapol_test", "value": round(ratio, 2), "unit": "times"}))
END
