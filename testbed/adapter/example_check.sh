#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The example of a foreign implementation: its own tests, against the reference in both directions
# with both methods, and judged by the suites as expected. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/build/bin/baton adapters=$PWD/suites/adapters
network=example-$$
work=$(mktemp -d)
. testbed/check/tap.sh
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; "$baton" topo down $network >/dev/null 2>&1; rm -rf "$work"' EXIT

# A command of an adapter in a node, with the variables of the harness. With run=exec, and in a
# subshell, its process is that of the subshell.
run=
as() { # ROLE ADAPTER NODE ADDRESS PEER METHOD COMMAND...
	mkdir -p "$work/$1"
	$run "$baton" topo exec $network "$3" -- env -C "$work/$1" PATH="$adapters/$2:$PATH" \
		BATON_ADAPTER="$adapters/$2" BATON_ROLE="$1" BATON_SCRATCH="$work/$1" \
		BATON_ADDRESS="$4" BATON_PEER_ADDRESS="$5" BATON_PORT=716 BATON_FAMILY=ipv4 \
		BATON_EAP_METHOD="$6" BATON_IDENTITY=mn@example \
		BATON_SERVER_IDENTITY=server.example BATON_SECRET=000102030405060708090a0b0c0d0e0f \
		BATON_INITIATE=pac BATON_LIFETIME=3600 BATON_AUTHORIZE=yes BATON_PREAUTH=no \
		BATON_IP_RECONFIGURATION=no BATON_STATELESS=yes BATON_PIGGYBACK=yes "${@:7}"
}

paa() { as paa "$agent" tester 192.0.2.1 192.0.2.2 "$method" "$@"; }
pac() { as pac "$client" sut 192.0.2.2 192.0.2.1 "$method" "$@"; }

start_of() { # ADAPTER ROLE: its start command
	sed -n "/^  $2:/,\$s/^    start: exec //p" "$adapters/$1/sut.yaml" | head -n 1
}

# Whether both sides come to that state.
both() { # STATE
	local i
	for i in $(seq 40); do
		[ "$(paa ask state 2>&1) $(pac ask state 2>&1)" = "$1 $1" ] && return
		sleep 0.25
	done
	tail -n 20 "$work"/pa?.log | sed 's/^/# /'
	return 1
}

# Asks until it is done: "authenticated" is also who has not finished what was asked before.
asks() { # SIDE VERB
	local i
	for i in $(seq 20); do
		$1 ask "$2" >"$work/asked" 2>&1 && return
		sleep 0.25
	done
	sed 's/^/# /' "$work/asked"
	return 1
}

# Whether the log of the example has that line so many times, soon.
logged() { # LINE TIMES
	local i
	for i in $(seq 20); do
		[ "$(grep -hc "$1" "$example")" -ge "$2" ] && return
		sleep 0.25
	done
	tail -n 20 "$work"/pa?.log | sed 's/^/# /'
	return 1
}

meet() { # METHOD AGENT CLIENT
	method=$1 agent=$2 client=$3
	local what="$method, $agent as agent, $client as client" side opened=1 pinged=0
	example=$work/paa.log
	[ "$client" = ref ] || example=$work/pac.log
	rm -rf "$work"/pa?
	"$baton" topo up wired --name $network >"$work/topo" 2>&1 || sed 's/^/# /' "$work/topo"
	run=exec paa $(start_of "$agent" paa) >"$work/paa.log" 2>&1 &
	pids=($!)
	run=exec pac $(start_of "$client" pac) >"$work/pac.log" 2>&1 &
	pids+=($!)
	both authenticated
	ok "$what: authenticated" $?
	for side in pac paa; do
		asks $side reauth && logged 'is open for' $((opened += 1)) && both authenticated
		ok "$what: re-authenticated by $side" $?
		asks $side ping && logged ' PNA,P ' $((pinged += 1))
		ok "$what: pinged by $side" $?
	done
	asks pac terminate && both none
	ok "$what: terminated" $?
	"$baton" topo down $network >/dev/null
	kill "${pids[@]}" 2>/dev/null
	wait "${pids[@]}"
	pids=()
}

env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$adapters/example-python" \
	/usr/bin/python3 -m unittest -q minipana.selftest 2>&1 | sed 's/^/# /'
ok 'the example passes its own tests' "${PIPESTATUS[0]}"
for method in EAP-PSK EAP-MD5; do
	meet $method ref example-python
	meet $method example-python ref
done
"$baton" run pana --sut example-python --retry 2 --results "$work/results" \
	--expected "$adapters/example-python/expected.yaml" >"$work/run" 2>&1
status=$?
ok 'the suites judge it as expected' $status
[ $status -eq 0 ] || grep -vE '^(pass|unsupported)' "$work/run" | sed 's/^/# /'
tap_end
