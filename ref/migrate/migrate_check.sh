#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Live connections moved to other addresses. On this machine where it can be done, side by side; the
# part with ESP in the guest, on its virtual clock, and with it everything where it cannot. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
check='ref/migrate/migrate_check.py build/bin/baton-migrate'
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

# What a move needs: root, namespaces, nftables, cgroups of version 2.
able() {
	[ "$(id -u)" -eq 0 ] && unshare -n nft add table inet t 2>/dev/null &&
		grep -qw cgroup2 /proc/filesystems
}

part() { # NAME COMMAND...: its output at the end, whole
	local name=$1
	shift
	"$@" >"$work/$name" 2>&1
	echo $? >"$work/$name.status"
}

show() { # NAME
	cat "$work/$1"
	[ "$(cat "$work/$1.status")" -eq 0 ] || failed=1
	grep -qE '^(not )?ok' "$work/$1" || { echo "not ok - $1: nothing was tested"; failed=1; }
}

in_guest() { # SECONDS TEST...: by baton-migrate; then programs under ESP, by the daemons
	build/bin/baton guest --clock virtual --timeout "$1" -- bash -c "/usr/bin/python3 $check ${*:2}
		first=\$?; /usr/bin/python3 $check --daemons few && exit \$first"
}

if able; then
	part programs /usr/bin/python3 $check programs many half_closed shared &
	part load /usr/bin/python3 $check load ipv6 udp limits called_wrongly killed both_killed &
	part signalled /usr/bin/python3 $check signalled reused &
	part esp in_guest 400 esp &
	wait
	part order /usr/bin/python3 $check --daemons order
	part several /usr/bin/python3 $check --daemons several &
	part rekeyed /usr/bin/python3 $check --daemons rekeyed both &
	wait
	part left /usr/bin/python3 $check nothing_left
	show programs
	show load
	show signalled
	show order
	show several
	show rekeyed
	show left
else
	part esp in_guest 480 esp half_closed shared udp limits called_wrongly
fi
show esp
exit $failed
