#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test and counts. Each test program speaks TAP; its output goes to build/check/NAME.tap
# and one line about it to the terminal, when it is over: as many run at once as there are processors. Closes with "N passed, N failed, N skipped".
#
#   check.sh            everything
#   check.sh unit       the unit tests
#   check.sh scripts    the *_check.sh programs
#   check.sh fuzz       the fuzz targets, FUZZ_SECONDS each
#   check.sh NAME       the *_check.sh program of that name, e.g. guest_check
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/check
mkdir -p $out
rm -f $out/*.tap $out/*.status
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
passed=0 failed=0 skipped=0
SKIPPED='^(not )?ok .*# (SKIP|skip)'

# Programs that run side by side: `start NAME COMMAND...` begins one as soon as fewer than `at_once` run,
# `finish` waits for the rest. Each ends in build/check/NAME.tap and, when it is over, NAME.status.
at_once=$(nproc) running=()

start() {
	local name=$1 file=$out/${1//\//-}.tap
	shift
	while [ ${#running[@]} -ge "$at_once" ]; do
		wait -n
		collect
	done
	running+=("$name")
	(
		began=$SECONDS
		"$@" >"$file" 2>&1 </dev/null
		echo "$? $((SECONDS - began))" >"${file%.tap}.status"
	) &
}

collect() {
	local name left=() status seconds
	for name in "${running[@]}"; do
		local base=$out/${name//\//-}
		if [ -f "$base.status" ]; then
			read -r status seconds <"$base.status"
			rm "$base.status"
			count "$name" "$base.tap" "$status" "$seconds"
		else
			left+=("$name")
		fi
	done
	running=("${left[@]}")
}

finish() {
	while [ ${#running[@]} -gt 0 ]; do
		wait -n
		collect
	done
}

# "ref/host/kernel_test.c" is called host/kernel_test.
name_of() {
	local folder
	folder=$(basename "$(dirname "$1")")
	echo "$folder/$(basename "${1%.*}")"
}

count() {
	local name=$1 file=$2 status=$3 seconds=$4 ok not_ok skip
	# cmocka 1.1.5 writes "not ok N # SKIP" for a skipped test.
	skip=$(grep -cE "$SKIPPED" "$file")
	ok=$(grep -E '^ok\b' "$file" | grep -cvE "$SKIPPED")
	not_ok=$(grep -E '^not ok\b' "$file" | grep -cvE "$SKIPPED")
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ] || [ $((ok + not_ok + skip)) -eq 0 ]; then
		echo "not ok - $name ended with status $status and named no failed test" >>"$file"
		not_ok=1
	fi
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	printf '%-32s %4d passed' "$name" "$ok"
	[ "$not_ok" -gt 0 ] && printf ', %d failed' "$not_ok"
	[ "$skip" -gt 0 ] && printf ', %d skipped' "$skip"
	printf '  (%d s)\n' "$seconds"
	if [ "$not_ok" -gt 0 ]; then
		grep -nE -B12 '^not ok\b' "$file" | tail -40 | sed 's/^/    /'
		tail -15 "$file" | sed 's/^/    /'
		echo "    whole output: $file"
	fi
}

# Sources of the programs, so that one that does not build is missed and not forgotten.
sources() {
	find ref testbed -name "*$1" | sort
}

# A test that skips here because this kernel lacks something runs again in the guest.
unit() {
	local source name file here_passed here_skipped
	for source in $(sources _test.c); do
		start "$(name_of "$source")" "build/asan/${source%.c}"
	done
	finish
	for source in $(sources _test.c); do
		name=$(name_of "$source") file=$out/${name//\//-}.tap
		here_skipped=$(grep -cE "$SKIPPED" "$file")
		[ "$here_skipped" -gt 0 ] || continue
		here_passed=$(grep -E '^ok\b' "$file" | grep -cvE "$SKIPPED")
		passed=$((passed - here_passed)) skipped=$((skipped - here_skipped))
		start "$name in the guest" build/bin/baton guest --timeout 300 -- \
			env CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_leaks=0 \
			"build/asan/${source%.c}"
	done
	finish
}

# Those that take minutes, the longest first, so that none of them runs on when all others are over.
LONG='handover_check change_check esp_check fig10_check measure_check load_check example_check'

scripts() {
	local script long
	# They look for what anything leaves behind on this machine, and end what they started: alone.
	for script in topology guest; do
		start $script/${script}_check testbed/$script/${script}_check.sh
		finish
	done
	for long in $LONG; do
		script=$(sources "$long.sh")
		[ -z "$script" ] || start "$(name_of "$script")" "$script"
	done
	for script in $(sources _check.sh); do
		case " $LONG topology_check guest_check " in
		*" $(basename "${script%.sh}") "*) ;;
		*) start "$(name_of "$script")" "$script" ;;
		esac
	done
	finish
}

# Each gets its seconds by the clock on the wall, with a fifth of a processor at least; in rounds of
# the same size, since a round takes as long with few of them as with many.
fuzz() {
	local seconds=${FUZZ_SECONDS:-60} source count rounds
	count=$(sources _fuzz.c | wc -l)
	rounds=$(((count + 5 * $(nproc) - 1) / (5 * $(nproc))))
	at_once=$(((count + rounds - 1) / rounds))
	for source in $(sources _fuzz.c); do
		start "$(name_of "$source")" fuzz_one "$(basename "${source%.c}")" \
			"build/fuzz/${source%.c}" "$seconds"
	done
	finish
	at_once=$(nproc)
}

# Fails on a crash, a leak, a time-out, and when the target cannot even start.
fuzz_one() {
	local name=$1 program=$2 seconds=$3 corpus=build/corpus/$1 seeds=build/seeds/$1 log status runs
	local words=build/words/$1
	mkdir -p "$corpus" build/crashes
	[ -d "$seeds" ] || seeds=
	[ -s "$words" ] && words=-dict=$words || words=
	log=$(mktemp)
	"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/crashes/"$name"- $words "$corpus" $seeds >"$log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "ok - $name: $runs inputs in $seconds s"
	else
		sed 's/^/# /' "$log"
		echo "not ok - $name: status $status, ${runs:-no} inputs; reproducer in build/crashes"
	fi
	rm -f "$log"
	return $status
}

# What fuzzers begin with: the vectors of their protocol and the words of its tables; files of their
# format and the words in them.
seed_corpora() {
	local source name protocol folder files
	[ -x build/bin/baton ] || return
	mkdir -p build/words build/seeds
	while read -r protocol folder; do
		for source in "$folder"/*_fuzz.c; do
			name=$(basename "${source%.c}")
			build/bin/baton tables "$protocol" dictionary >build/words/"$name"
			[ ! -d vectors/"$protocol" ] || build/bin/baton vectors corpus "$protocol" \
				build/seeds/"$name" >/dev/null
		done
	done <<-EOF
		pana ref/pana
		eap ref/eap
		radius ref/radius
		dot1x-over-ip ref/dot1x
		binding ref/binding
		dhcp ref/dhcp
		ike ref/ike
		ap-info ref/discovery
	EOF
	while read -r name files; do
		mkdir -p build/seeds/"$name"
		for source in $files; do
			cp "$source" build/seeds/"$name/${source//\//-}"
		done
		grep -aohE '[[:alpha:]][[:alnum:]_-]{2,}' $files | sort | uniq -c | sort -rn |
			awk '{ if (NR <= 300) print "\"" $2 "\"" }' >build/words/"$name"
	done <<-EOF
		suite_fuzz suites/*/*/*.suite testbed/suite/fixtures/suites/*
		rows_fuzz suites/requirements/*.yaml
		manifest_fuzz suites/adapters/*/sut.yaml
		topology_fuzz topology/*.yaml testbed/topology/bad/*.yaml
		neighbourhood_fuzz ref/mn/example-memory.json
		report_fuzz testbed/report/fixtures/*.json testbed/report/fixtures/bad/*.json
	EOF
}

began=$SECONDS
case ${1:-all} in
all)
	echo "1..3 unit tests"
	unit
	echo "2..3 programs as a person would run them"
	scripts
	echo "3..3 fuzz targets, ${FUZZ_SECONDS:-60} s each"
	seed_corpora
	fuzz
	start lint testbed/check/lint.sh --tap
	finish
	;;
unit | scripts) "$1" ;;
fuzz)
	seed_corpora
	fuzz
	;;
*)
	script=$(sources "$1.sh" | head -1)
	[ -n "$script" ] || { echo "check.sh: no test is called $1" >&2; exit 2; }
	start "$(name_of "$script")" "$script"
	finish
	;;
esac
echo "$((SECONDS - began)) s; outputs in $out/"
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
