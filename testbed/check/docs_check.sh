#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Parts of the manual are written by programs: what stands between <!-- COMMAND --> and <!-- end --> in
# docs/*.md is what COMMAND prints, for commands that begin with "baton". Holds every page against
# the programs; speaks TAP. `docs_check.sh update` (make docs) writes them anew.
cd "$(dirname "$0")/../.." || exit 2
export PATH=$PWD/build/bin:$PATH
work=$(mktemp /tmp/baton-docs-XXXXXX) || exit 2
trap 'rm -f "$work"' EXIT

rewritten() { # PAGE; fails when a command fails or an end is missing
	awk '
		/^<!-- baton[-a-z]* .*-->$/ {
			if (inside) exit 1
			print
			command = substr($0, 6, length($0) - 9)
			while ((got = command | getline line) > 0) print line
			if (got < 0 || close(command)) exit 1
			inside = 1
			next
		}
		/^<!-- end -->$/ { inside = 0 }
		!inside { print }
		END { if (inside) exit 1 }' "$1"
}

number=0 failed=0
for page in $(grep -lE '^<!-- baton[-a-z]* .*-->$' docs/*.md); do
	if ! rewritten "$page" >"$work"; then
		problem="a command in it failed, or an <!-- end --> is missing"
	elif cmp -s "$page" "$work"; then
		problem=
	elif [ "${1:-}" = update ]; then
		cat "$work" >"$page"
		echo "$page: written anew"
		continue
	else
		problem="is not what the programs say; make docs writes it anew"
	fi
	if [ "${1:-}" = update ]; then
		[ -z "$problem" ] || { echo "$page: $problem" >&2; failed=1; }
		continue
	fi
	number=$((number + 1))
	if [ -z "$problem" ]; then
		echo "ok $number - $page is what the programs say"
	else
		diff "$page" "$work" | head -20 | sed 's/^/# /'
		echo "not ok $number - $page: $problem"
		failed=1
	fi
done
[ "${1:-}" = update ] || echo "1..$number"
exit $failed
