#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rules of the tree that no compiler checks. Code is wrapped at 100 columns (.clang-format); a text for
# people is not torn apart for that, so what is refused begins a little later.
# `--tap` speaks TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
failed=0

verdict() { # NAME FINDINGS
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		echo "$2" | sed 's/^/# /'
		echo "not ok - $1"
		failed=1
	fi
}

files() { git ls-files -- "$@" 2>/dev/null; }
includes() { # FOLDERS PATTERN: includes of PATTERN below FOLDERS
	git grep -nE "^#include \"$2" -- $1 2>/dev/null
}

# ref/ends ties engines to the host, for nodes and testbed alike.
protocols='ref/discovery ref/pana ref/eap ref/dhcp ref/binding ref/radius ref/dot1x ref/ike ref/isakmp'
nodes='ref/node ref/proxy ref/iked ref/migrate ref/pae ref/mn ref/ap ref/ar ref/cn'
any() { echo "$*" | sed 's/ref\///g; s/  */|/g'; } # as an alternative of an expression
verdict 'base includes nothing above it' "$(includes ref/base "(ref/($(any $protocols host ends $nodes))|testbed)/")"
verdict 'protocols include neither host nor nodes nor testbed' "$(includes "$protocols" "(ref/($(any host ends $nodes))|testbed)/" | grep -v '_bench\.c:')"
verdict 'host includes no protocol' "$(includes ref/host "(ref/($(any $protocols ends $nodes))|testbed)/")"
verdict 'ends include neither nodes nor testbed' "$(includes ref/ends "(ref/($(any $nodes))|testbed)/")"
verdict 'nodes do not include the testbed' "$(includes "$nodes" 'testbed/')"
verdict 'the testbed does not include the nodes' "$(includes testbed "ref/($(any $nodes))/")"
verdict 'kernel headers only behind the wall' "$(git grep -nE '^#include <(linux|netlink|net/if|sys/socket)' -- ref/base $protocols | grep -vE '_(test|bench)\.c:')"
verdict 'engines read no clock' "$(git grep -nE '\b(clock_gettime|gettimeofday|time\(NULL\))' -- ref/base $protocols | grep -vE '_(test|bench|fuzz)\.c:')"
verdict 'every source names its licence' "$(files '*.c' '*.h' '*.sh' '*.py' | xargs grep -L 'SPDX-License-Identifier' 2>/dev/null)"
verdict 'no marks of unfinished work' "$(git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- '*.c' '*.h' '*.py' | head -5)"
verdict 'no line beyond 112 columns' "$(files '*.c' '*.h' | LC_ALL=C.UTF-8 xargs wc -L | awk '$2 != "total" && $1 > 112 { print $2 ": " $1 " columns" }' | head -20)"
# A state machine stays whole: its rows, and the actions and guards that they name.
machines='ref/pana/paa_fsm.c ref/pana/pac_fsm.c'
verdict 'files within 600 lines, state machines within 700' "$(files '*.c' '*.h' | xargs wc -l | awk -v machines=" $machines " '
	$2 != "total" && $1 > (index(machines, " " $2 " ") ? 700 : 600) { print $2 ": " $1 " lines" }')"
verdict 'make help names targets that there are' "$(make -s help | sed -n 's/^make \([a-z][a-z]*\) .*/\1/p' | while read -r t; do grep -qE "^([a-z]+ )*$t( [a-z]+)*:" GNUmakefile || echo "$t has no recipe"; done)"
# Formatted by clang-format; elsewhere lists that are read as tables stand as they were written.
formatted='ref/base ref/binding ref/radius ref/ends testbed/ctl testbed/report testbed/topology testbed/guest testbed/creds testbed/tables testbed/util'
verdict 'formatted folders are what clang-format makes of them' "$(files $(printf '%s/*.[ch] ' $formatted) | xargs clang-format --dry-run 2>&1 | grep 'warning:\|No such file')"
verdict 'every function in a header has a comment above it or above its run' "$(files '*.h' | xargs awk '
	FNR == 1 || /^$/ || /^#/ { told = 0 }
	/^\/[*\/]/ { told = 1 }
	/^[a-z].*\(/ && !/^(typedef|(struct|enum|union) [a-z0-9_]* \{)/ && !told && !/\*\/$/ { print FILENAME ":" FNR ": " $0 }')"
verdict 'README leads to every page of the manual' "$(files 'docs/*.md' | while read -r p; do grep -qF "($p)" README.md || echo "$p"; done)"
verdict 'links between pages lead somewhere' "$(files '*.md' | while read -r p; do
	grep -oE '\]\([^)]+\)' "$p" | sed 's/^](//; s/[)#].*//' | grep -v '^http' | while read -r to; do
		[ -z "$to" ] || [ -e "$(dirname "$p")/$to" ] || echo "$p: $to"
	done
done)"
verdict 'shell scripts parse' "$(files '*.sh' | while read -r f; do bash -n "$f" 2>&1; done)"
exit $failed
