#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds docs/nodes.md against the programs: commands, event names, examples. Its tables are held by
# testbed/check/docs_check.sh. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
manual=docs/nodes.md
nodes="mn ar cn ap"
. testbed/check/tap.sh

witnesses() { head -30 "$work"; }
work=$(mktemp /tmp/baton-manual-XXXXXX)
trap 'rm -f "$work"' EXIT

for node in $nodes; do
	for example in ref/"$node"/example*.yaml; do
		build/bin/baton-"$node" -c "$example" --check >"$work" 2>&1
		result $? "$example is right"
	done
done

# What does not go together is said with its line.
wrong() { # NODE WORDS SED-SCRIPT: the example of IKEv2 with that changed
	sed "$3" ref/"$1"/example-ikev2.yaml >"$work.yaml"
	build/bin/baton-"$1" -c "$work.yaml" --check >"$work" 2>&1
	[ $? -eq 2 ] && grep -q "yaml:[0-9]*: .*$2" "$work"
	result $? "$1: $2"
}
wrong mn 'tunnels of IKEv2 are ESP' 's/tunnel: ikev2/&\n  ip_in_ip: true/'
wrong mn 'tunnel' 's/tunnel: ikev2/tunnel: ikev1/'
wrong mn 'EAP in IKEv2 needs tunnel: ikev2' 's/tunnel: ikev2/tunnel: pana\n  authenticate: ikev2/'
wrong mn 'give ike_ca' 's/tunnel: ikev2/&\n  authenticate: ikev2/'
wrong ar 'addresses of the pool are given by IKE' 's/tunnel: .*/tunnel: [pana]/'
wrong ar 'the pool is a part of the subnet' 's/pool: .*/pool: 2001:db8::\/64/'
rm -f "$work.yaml"

# Names of events in the sources: those that are written out.
sed -n 's/.*log_event\(_json\)\{0,1\}([^"]*log, *"\([a-z0-9_]*\)".*/\2/p' ref/{mn,ar,cn,ap,node,host}/*.c |
	grep -v '^quiet$' | sort -u | while read -r event; do
	grep -qF "\`$event\`" $manual || echo "$event is not in $manual"
done >"$work"
test ! -s "$work"
result $? "every event is in the manual"

# Commands: first column of the tables in the sources.
sed -n 's/^	{ "\([a-z]*\)", "[^"]*", ".*/\1/p' ref/{mn,ar,cn,ap}/*.c | sort -u |
	while read -r command; do
		grep -q "\`$command" $manual || echo "$command is not in $manual"
	done >"$work"
test ! -s "$work"
result $? "every command is in the manual"

for node in $nodes; do
	build/bin/baton-"$node" --help 2>&1 | grep -q "usage: baton-$node -c FILE" &&
		build/bin/baton-"$node" --version | grep -q "^baton-$node "
	result $? "baton-$node says what it is"
done
tap_end
