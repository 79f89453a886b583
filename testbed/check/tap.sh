# SPDX-License-Identifier: Apache-2.0
#
# Sourced by checks and benchmarks, from the top of the tree: results as TAP, and waiting. A check may define
# `witnesses`, whose output stands below what failed, and closes with `tap_end`.
# shellcheck shell=bash
tested=0 failed=0

witnesses() { :; }

# One test. A NAME that takes a command to say changes $? before it is read: then `result`.
ok() { # NAME STATUS
	tested=$((tested + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $tested - $1"
		return
	fi
	failed=1
	echo "not ok $tested - $1"
	witnesses 2>/dev/null | sed 's/^/# /'
}
result() { ok "$2" "$1"; } # STATUS NAME
check() { # NAME COMMAND...
	local name=$1
	shift
	"$@"
	ok "$name" $?
}

skipped() { # NAME REASON
	tested=$((tested + 1))
	echo "ok $tested - $1 # SKIP $2"
}

# Tests of another program: its lines "ok - NAME" and "not ok - NAME", and what else it says.
tests_in() { # FILE
	local line
	while IFS= read -r line; do
		case $line in
		'ok - '*) ok "${line#ok - }" 0 ;;
		'not ok - '*) ok "${line#not ok - }" 1 ;;
		*) echo "$line" ;;
		esac
	done <"$1"
}

# Tries a command every 50 ms, without a word, for that many seconds; its last status.
until_true() { # SECONDS COMMAND...
	local tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

# The process has a network of its own: before that, one would give it what is to leave one's own.
until_apart() { # PID
	until_true 20 eval '[ "$(readlink /proc/'"$1"'/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
}

# The plan; non-zero when a test failed.
tap_end() {
	echo "1..$tested"
	exit $failed
}
