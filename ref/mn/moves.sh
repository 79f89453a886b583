# SPDX-License-Identifier: Apache-2.0
#
# Sourced by checks of the mobile node with radios, in the guest: nodes of a network that is up, their
# configuration and events, and results as TAP. Needs $baton and $net, the name of the network; $form
# may be --json, for what commands answer; $witnesses are the nodes whose last events are shown with
# what fails. Gives $work and $psk.
# shellcheck shell=bash
psk=000102030405060708090a0b0c0d0e0f
work=/tmp/$net
mkdir -p "$work"
: >"$work/said"
. testbed/check/tap.sh

on() { # NODE COMMAND...
	local node=$1
	shift
	"$baton" topo exec "$net" "$node" -- "$@"
}
ctl() { "$baton" ctl --network "$net" ${form:-} "$@" >"$work/said" 2>&1; }
witnesses() {
	local node
	tail -40 "$work/said"
	for node in ${witnesses:-mn}; do
		tail -14 "$work/$node.events" | cut -c1-200
	done
}
refused() { # WORDS COMMAND...: fails, and says so
	local words=$1
	shift
	! "$@" && grep -qF -- "$words" "$work/said"
}
configure() { # NODE, the rest on standard input
	{
		echo "node: $1"
		echo "control: /run/baton/$1.sock"
		echo "events: $work/$1.events"
		cat
	} >"$work/$1.yaml"
}
begin() { # NODE PROGRAM
	on "$1" sh -c "exec $PWD/build/bin/baton-$2 -c $work/$1.yaml >>$work/$1.log 2>&1 &"
	until_true 10 ctl "$1" status
}
count() { grep -c "\"event\":\"$2\"" "$work/$1.events" 2>/dev/null; }

# Requests to the home address every 16 ms while the command runs.
under_traffic() { # COMMAND...
	on cn ping -q -i 0.016 -c 200 -W 1 10.99.0.1 >"$work/ping" 2>&1 &
	local ping=$! status
	sleep 0.3
	"$@"
	status=$?
	wait $ping
	return $status
}
no_loss() {
	cp "$work/ping" "$work/said"
	grep -q ' 0% packet loss' "$work/ping" && ! grep -q duplicates "$work/ping"
}
