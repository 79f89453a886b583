#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# IKE_SA set-ups a second at baton-iked and at strongSwan's charon, by the same initiators (`baton load
# ike`) with the same algorithms, in turn, round after round, so that what else the machine does meets
# both. Neither makes a Child SA (the selectors asked for are nobody's: RFC 7296 §1.2, the IKE SA stays),
# so nothing here is the kernel's work. Neither logs, asks for cookies, rekeys or probes; charon has a
# hash table of IKE SAs instead of the list it has by default. Responders are started anew each time.
#
# For each kind: rate and processor time of the responder per SA, the median of the rounds, and the ratio
# to charon with the least and the greatest of a round; then a single initiator's latency; then memory
# of 10,000 SAs. One JSON object a line. Needs no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
PATH=$PATH:/usr/sbin:/sbin
[ "${1:-}" = inside ] || exec unshare --user --map-root-user --net --mount --pid --mount-proc --fork --kill-child "$0" inside
bin=$PWD/build/bin rounds=${BENCH_ROUNDS:-5} count=${BENCH_COUNT:-2000} clients=${BENCH_CLIENTS:-64}
many=${BENCH_MANY:-10000}
work=$(mktemp -d) || exit 2
responder=0
stop() {
	[ "$responder" -eq 0 ] || { kill "$responder" && wait "$responder"; } 2>/dev/null
	responder=0
}
trap 'stop; rm -rf "$work"' EXIT
fail() {
	echo "bench: IKE: $1" >&2
	sed 's/^/# /' "$2" >&2
	exit 1
}
. testbed/check/tap.sh
ip link set lo up
for program in charon-systemd swanctl openssl; do
	command -v $program >/dev/null || fail "no $program" /dev/null
done

# --- an authority, a server and a client with RSA of 2048 bits ------------------------------------

mkdir -p "$work"/rsa "$work"/swanctl/{x509,x509ca,private}
(
	cd "$work/rsa" || exit 1
	openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 30 -subj "/CN=bench" -keyout ca.key -out ca.pem
	for row in "server DNS:server.example" "client email:mn@example"; do
		read -r name alternative <<<"$row"
		openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr
		openssl x509 -req -sha256 -days 30 -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
			-out $name.pem -extfile <(echo "subjectAltName=$alternative")
	done
) >"$work/openssl" 2>&1 || fail 'certificates' "$work/openssl"
cp "$work/rsa/server.pem" "$work/swanctl/x509/"
cp "$work/rsa/ca.pem" "$work/swanctl/x509ca/"
cp "$work/rsa/server.key" "$work/swanctl/private/"

# --- the two responders ---------------------------------------------------------------------------

cat >"$work/strongswan.conf" <<END_CONF
charon-systemd {
	load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints kdf kernel-netlink socket-default vici
	dos_protection = no
	ikesa_table_size = 16384
	ikesa_table_segments = 16
	journal { default = -1 }
	plugins { vici { socket = unix://$work/vici } }
}
libstrongswan { dh_exponent_ansi_x9_42 = no }
swanctl { plugins { vici { socket = unix://$work/vici } } }
END_CONF
export STRONGSWAN_CONF=$work/strongswan.conf

start_charon() { # GROUP MEANS
	local group=$1 mine='auth = psk' theirs='auth = psk'
	[ "$group" = curve25519 ] && group=x25519
	[ "$2" = certificate ] && mine='auth = pubkey
		certs = server.pem' theirs='auth = pubkey
		id = mn@example'
	cat >"$work/swanctl/swanctl.conf" <<END_CONF
connections { bench {
	version = 2
	local_addrs = 127.0.0.1
	remote_addrs = %any
	proposals = aes256gcm16-prfsha256-$group
	unique = never
	mobike = no
	rekey_time = 0
	local { $mine
		id = server.example }
	remote { $theirs }
	children { net {
		local_ts = 10.2.0.0/16
		remote_ts = 10.1.0.0/16
		esp_proposals = aes256gcm16 } }
} }
secrets { ike-one { secret = "a shared secret" } }
END_CONF
	charon-systemd >"$work/log" 2>&1 &
	responder=$!
	until_true 10 swanctl --stats --uri "unix://$work/vici" || fail 'charon does not start' "$work/log"
	swanctl --load-all --file "$work/swanctl/swanctl.conf" --uri "unix://$work/vici" >"$work/log" 2>&1 ||
		fail 'charon does not take its configuration' "$work/log"
}

start_iked() { # GROUP MEANS
	local how='psk: a shared secret'
	[ "$2" = certificate ] && how="remote_id: mn@example
    local_auth: certificate
    remote_auth: certificate
    certificates: { ca: $work/rsa/ca.pem, certificate: $work/rsa/server.pem, key: $work/rsa/server.key }"
	rm -f "$work/iked.sock"
	cat >"$work/iked.yaml" <<END_CONF
control: $work/iked.sock
log: error
cookie_threshold: 100000
half_open_per_address: 100000
connections:
  - name: bench
    local_id: server.example
    $how
    groups: [$1]
    mobike: false
    local_ts: 10.2.0.0/16
    remote_ts: 10.1.0.0/16
    rekey_ike: 0 s
    rekey_child: 0 s
    liveness: 0 s
END_CONF
	"$bin/baton-iked" -c "$work/iked.yaml" >"$work/log" 2>&1 &
	responder=$!
	until_true 10 test -S "$work/iked.sock" || fail 'baton-iked does not start' "$work/log"
}

# Processor time of the responder so far, in ticks.
ticks() { awk '{ print $14 + $15 }' /proc/$responder/stat; }
rss() { awk '/^VmRSS/ { print $2 }' /proc/$responder/status; }

load() { # MEANS ARGUMENTS...
	local how=(--identity mn.example --psk 'a shared secret')
	[ "$1" = certificate ] && how=(--identity mn@example --credentials "$work/rsa")
	shift
	"$bin/baton" load ike --responder 127.0.0.1 "${how[@]}" --no-child --keep --json "$@" \
		>"$work/out" 2>"$work/error" || fail "baton load ike $*" "$work/error"
}

# --- rounds ---------------------------------------------------------------------------------------

IFS=";" read -ra kinds <<<"${BENCH_KINDS:-curve25519 psk;modp2048 psk;curve25519 certificate}"
hz=$(getconf CLK_TCK)
for kind in "${kinds[@]}"; do
	read -r group means <<<"$kind"
	case $group/$means in
	curve25519/psk | modp2048/psk | curve25519/certificate | modp2048/certificate) ;;
	*)
		echo "bench: IKE: BENCH_KINDS: '$kind' is no kind; right is a group and a means, as in" \
			"'curve25519 psk;modp2048 certificate'" >&2
		exit 2
		;;
	esac
	for round in $(seq "$rounds"); do
		for who in charon iked; do
			start_$who "$group" "$means"
			load "$means" --group "$group" --count 50 --clients 8
			before=$(ticks)
			load "$means" --group "$group" --count "$count" --clients "$clients"
			after=$(ticks)
			sed "s/^{/{\"who\": \"$who\", \"kind\": \"$group, $means\", /" "$work/out" >>"$work/rounds"
			awk "BEGIN { printf \"{\\\"who\\\": \\\"$who\\\", \\\"kind\\\": \\\"$group, $means\\\", \" \
				\"\\\"name\\\": \\\"processor\\\", \\\"value\\\": %f}\n\", ($after - $before) * 1000 / $hz / $count }" >>"$work/rounds"
			if [ "$round" -eq 1 ]; then
				load "$means" --group "$group" --count 200 --clients 1
				sed "s/^{/{\"who\": \"$who\", \"kind\": \"$group, $means\", /; s/ike set-up, median/alone/" "$work/out" |
					grep alone >>"$work/rounds"
			fi
			stop
		done
	done
done
for who in charon iked; do
	start_$who curve25519 psk
	load psk --count 50 --clients 8
	before=$(rss)
	load psk --count "$many" --clients "$clients"
	echo "{\"who\": \"$who\", \"kind\": \"curve25519, psk\", \"name\": \"memory\", \"value\": $((($(rss) - before) * 1024 / many))}" >>"$work/rounds"
	stop
done

/usr/bin/python3 - "$work/rounds" "$many" <<'END'
import json, statistics, sys
figures = {}
for line in open(sys.argv[1]):
    f = json.loads(line)
    figures.setdefault((f["kind"], f["name"]), {}).setdefault(f["who"], []).append(f["value"])
def say(name, value, unit, digits):
    print(json.dumps({"name": "IKE " + name, "value": round(value, digits), "unit": unit}))
for (kind, name), both in figures.items():
    what, unit, digits = {"ike set-ups": ("set-ups", "1/s", 0), "processor": ("processor time of an SA", "ms", 3),
        "alone": ("latency of one alone", "ms", 2), "memory": (f"memory of an SA, {sys.argv[2]} up", "octets", 0)}.get(
        name, (None, None, None))
    if not what:
        continue
    for who in ("charon", "iked"):
        say(f"{what}, {kind}, {who}", statistics.median(both[who]), unit, digits)
    # how many times as good as charon
    ratios = [i / c if name == "ike set-ups" else c / i for c, i in zip(both["charon"], both["iked"])]
    say(f"{what}, {kind}, iked over charon", statistics.median(ratios), "times", 2)
    if len(ratios) > 1:
        say(f"{what}, {kind}, iked over charon, least round", min(ratios), "times", 2)
        say(f"{what}, {kind}, iked over charon, best round", max(ratios), "times", 2)
END
