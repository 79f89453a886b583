# SPDX-License-Identifier: Apache-2.0
#
# Sourced by checks of baton-iked against charon: two namespaces with a veth pair, iked at v0 in the
# first (10.9.0.1, .3), charon at v1 in the second (10.9.0.2), and functions to start, ask and stop
# them. Needs $bin; gives $work, removed at the end, and what testbed/check/tap.sh has.
# shellcheck shell=bash
work=$(mktemp -d) || exit 2
. testbed/check/tap.sh
iked=0 charon=0 dump=0
there() { nsenter --net=/proc/$space/ns/net "$@"; }

unshare --net sleep 600 &
space=$!
trap 'kill $space 2>/dev/null; stop_iked; stop_charon; rm -rf "$work"' EXIT

stop_iked() {
	[ "$iked" -ne 0 ] && kill "$iked" 2>/dev/null && wait "$iked" 2>/dev/null
	iked=0
}
stop_charon() {
	[ "$charon" -ne 0 ] && kill "$charon" 2>/dev/null && wait "$charon" 2>/dev/null
	charon=0
}

witnesses() {
	sed 's/^/iked: /' "$work/iked.log" | tail -5
	tail -15 "$work/events" | sed 's/^/event: /'
	tail -30 "$work/charon.log" | sed 's/^/charon: /'
}

# --- the two ends ------------------------------------------------------------------------------

until_apart $space
ip link add v0 type veth peer name v1 && ip link set v1 netns $space || { ok "a veth pair" 1; exit 1; }
ip link set lo up
ip addr add 10.9.0.1/24 dev v0 && ip addr add 10.9.0.3/24 dev v0 && ip link set v0 up
there ip link set lo up
there ip addr add 10.9.0.2/24 dev v1
there ip link set v1 up
# kernel-libipsec routes a selector's traffic from an address of ours within it
there ip addr add 10.2.0.1/16 dev lo

cat >"$work/strongswan.conf" <<END
charon-systemd {
	load = random nonce openssl curve25519 pem pkcs1 pkcs8 x509 pubkey constraints kdf ${esp_plugin-kernel-libipsec} kernel-netlink socket-default vici updown eap-identity eap-tls
	fragment_size = ${fragment:-1280}
	retransmit_tries = 3
	retransmit_timeout = 1.0
	journal { default = -1 }
	filelog { all { path = $work/charon.log
		default = 1
		flush_line = yes } }
	plugins {
		vici { socket = unix://$work/vici }
		kernel-libipsec { allow_peer_ts = yes }
	}
}
swanctl { plugins { vici { socket = unix://$work/vici } } }
END
export STRONGSWAN_CONF=$work/strongswan.conf
mkdir -p "$work"/swanctl/{x509,x509ca,private}

swanctl_conf() { # IKE-PROPOSAL ESP-PROPOSAL EXTRA
	cat >"$work/swanctl/swanctl.conf" <<END
connections {
	test {
		version = ${version:-2}
		local_addrs = 10.9.0.2
		remote_addrs = %any
		proposals = $1
		$3
		local { ${charon_local:-auth = psk
			id = cn.example} }
		remote { ${charon_remote:-auth = psk
			id = mn.example} }
		children { net {
			${charon_ts-local_ts = 10.2.0.0/16}
			$4
			esp_proposals = $2 } }
	}
}
pools { small { addrs = 10.77.0.0/24 } }
secrets { ike-one { id-1 = mn.example
	id-2 = cn.example
	secret = "a shared secret" } }
END
}

swan() { there swanctl "$@" --uri "unix://$work/vici"; }

start_charon() { # as swanctl_conf
	swanctl_conf "$@"
	stop_charon
	: >"$work/charon.log"
	nsenter --net=/proc/$space/ns/net charon-systemd >"$work/charon.out" 2>&1 &
	charon=$!
	until_true 10 swan --stats || { ok "charon starts" 1; exit 1; }
	swan --load-all --file "$work/swanctl/swanctl.conf" >"$work/load" 2>&1
}

by_psk='    local_id: mn.example
    remote_id: cn.example
    psk: a shared secret'

start_iked() { # EXTRA lines of the connection
	stop_iked
	: >"$work/events"
	rm -f "$work/iked.sock"
	cat >"$work/iked.yaml" <<END
control: $work/iked.sock
events: $work/events
key_log: $work/keys
cookie_threshold: ${cookies:-32}
${global:-}
connections:
  - name: test
    local: 10.9.0.1
    remote: 10.9.0.2
${proof:-$by_psk}
    local_ts: ${local_ts:-10.1.0.0/16}
    remote_ts: 10.2.0.0/16
$(printf '    %s\n' "$@")
END
	"$bin/baton-iked" -c "$work/iked.yaml" >"$work/iked.log" 2>&1 &
	iked=$!
	until_true 5 test -S "$work/iked.sock" || { ok "baton-iked starts" 1; exit 1; }
}

ctl() { "$bin/baton" ctl --json --socket "$work/iked.sock" iked "$@"; }
event() { grep -q "\"event\":\"$1\"" "$work/events"; }
events() { grep -c "\"event\":\"$1\"" "$work/events"; }
last() { grep "\"event\":\"$1\"" "$work/events" | tail -1 | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"; }
up() { event ike_established && event ike_child_up; }
# The SPIs of the newest Child SA stand in charon's list, in and out the other way round.
same_child() {
	local in out
	in=$(last ike_child_up spi_in) out=$(last ike_child_up spi_out)
	swan --list-sas >"$work/sas" 2>&1
	[ -n "$in" ] && grep -qE "in +$out" "$work/sas" && grep -qE "out +$in" "$work/sas"
}
same_ike() {
	local i
	i=$(ctl status | sed -n 's/.*"spi_i": "\([0-9a-f]*\)".*/\1/p' | head -1)
	swan --list-sas >"$work/sas" 2>&1
	[ -n "$i" ] && grep -q "$i" "$work/sas"
}
