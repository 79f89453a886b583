# SPDX-License-Identifier: Apache-2.0
#
# Sourced by benchmarks of IKE: the two responders at 127.0.0.1, charon and baton-iked, started with the same
# algorithms, and the load on them. Neither logs, asks for cookies, rekeys or probes; charon has a hash table of
# IKE SAs instead of the list it has by default. Needs $bin, $work, and tap.sh. `esp=kernel`: Child SAs go into the
# kernel, each between a host of 10.1.0.0/16 and 10.2.0.0/16; else there are none.
# shellcheck shell=bash
esp=${esp-none}
responder=0
stop() {
	[ "$responder" -eq 0 ] || { kill "$responder" && wait "$responder"; } 2>/dev/null
	responder=0
}
fail() {
	echo "bench: IKE: $1" >&2
	sed 's/^/# /' "$2" >&2
	exit 1
}
for program in charon-systemd swanctl openssl; do
	command -v $program >/dev/null || fail "no $program" /dev/null
done

# What is measured, in `kinds`, a group and a means each.
choose() { # VARIABLE STANDARD
	local kind given=${!1-}
	IFS=";" read -ra kinds <<<"${given:-$2}"
	for kind in "${kinds[@]}"; do
		case $kind in
		'curve25519 psk' | 'modp2048 psk' | 'curve25519 certificate' | 'modp2048 certificate') ;;
		*)
			echo "bench: IKE: $1: '$kind' is no kind; right is a group and a means, as in" \
				"'curve25519 psk;modp2048 certificate'" >&2
			exit 2
			;;
		esac
	done
}

# --- an authority, a server and a client with RSA of 2048 bits ------------------------------------

mkdir -p "$work"/swanctl/{x509,x509ca,private}
certificates() {
	mkdir -p "$work/rsa"
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
}

# --- the two responders ---------------------------------------------------------------------------

cat >"$work/strongswan.conf" <<END_CONF
charon-systemd {
	load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints kdf kernel-netlink socket-default vici
	dos_protection = no
	install_routes = no
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
install: $([ "$esp" = kernel ] && echo true || echo false)
cookie_threshold: 100000
half_open_per_address: 100000
connections:
  - name: bench
    local_id: server.example
    $how
    groups: [$1]
    esp_proposal: aes256gcm16
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

# Processor time of all threads of the responder so far, in ns; the kernel's work for it is in it.
processor() { cat /proc/$responder/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'; }
rss() { awk '/^VmRSS/ { print $2 }' /proc/$responder/status; }

load() { # MEANS ARGUMENTS...
	local how=(--identity mn.example --psk 'a shared secret')
	[ "$1" = certificate ] && how=(--identity mn@example --credentials "$work/rsa")
	shift
	if [ "$esp" = kernel ]; then how+=(--network 10.1.0.0/16); else how+=(--no-child --keep); fi
	"$bin/baton" load ike --responder 127.0.0.1 "${how[@]}" --json "$@" \
		>"$work/out" 2>"$work/error" || fail "baton load ike $*" "$work/error"
}

# What one round of set-ups shows goes to $work/rounds, a line each.
round() { # WHO GROUP MEANS COUNT CLIENTS WARM-UP
	local before after
	load "$3" --group "$2" --count "$6" --clients 8
	before=$(processor)
	load "$3" --group "$2" --count "$4" --clients "$5"
	after=$(processor)
	sed "s/^{/{\"who\": \"$1\", \"kind\": \"$2, $3\", /" "$work/out" >>"$work/rounds"
	figure "$1" "$2, $3" processor "$(awk "BEGIN { printf \"%f\", ($after - $before) / 1e6 / $4 }")"
}

# The latency of an initiator that nobody competes with.
alone() { # WHO GROUP MEANS COUNT
	load "$3" --group "$2" --count "$4" --clients 1
	sed "s/^{/{\"who\": \"$1\", \"kind\": \"$2, $3\", /; s/ike set-up, median/alone/" "$work/out" |
		grep alone >>"$work/rounds"
}

figure() { # WHO KIND NAME VALUE
	printf '{"who": "%s", "kind": "%s", "name": "%s", "value": %s}\n' "$@" >>"$work/rounds"
}
