#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test and counts. Each test program speaks TAP; its output goes to build/check/NAME.tap
# and one line about it to the terminal, when it is over: as many run at once as there are
# processors, with fuzz targets below them on what these leave. Closes with "N passed, N failed, N skipped".
#
#   check.sh            everything
#   check.sh unit       the unit tests
#   check.sh scripts    the *_check.sh programs
#   check.sh fuzz       the fuzz targets, FUZZ_SECONDS each
#   check.sh NAME       the *_check.sh programs of that name, e.g. guest_check
#   check.sh these PROGRAM...  the unit tests of these programs, with their own output, one after the
#                       other: what runs in the guest
set -u
cd "$(dirname "$0")/../.." || exit 2
if [ "${1:-}" = these ]; then
	for program in "${@:2}"; do
		echo "# $program"
		"$program" 2>&1 </dev/null || echo "not ok - $program ended with status $?"
	done
	exit
fi
out=build/check
mkdir -p $out
rm -f $out/*.tap $out/*.status $out/*.died $out/*.counts $out/failures
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
# What a program leaves that is killed, or fails half way, goes with the run.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/baton-check-XXXXXX") || exit 2
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
passed=0 failed=0 skipped=0
SKIPPED='^(not )?ok .*# (SKIP|skip)'

# Programs that run side by side: `start NAME COMMAND...` begins one as soon as fewer than `at_once` run,
# `finish` waits for the rest. Each ends in build/check/NAME.tap and, when it is over, NAME.status. One whose
# guest died under it (`baton guest`'s status 123) has had no answer, and is asked once more; the output before is
# in NAME.died.
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
		status=$?
		if [ $status -eq 123 ]; then
			mv "$file" "${file%.tap}.died"
			"$@" >"$file" 2>&1 </dev/null
			status=$?
		fi
		echo "$status $((SECONDS - began))" >"${file%.tap}.status"
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
	local name=$1 file=$2 status=$3 seconds=$4 ok not_ok skip line
	# cmocka 1.1.5 writes "not ok N # SKIP" for a skipped test.
	skip=$(grep -cE "$SKIPPED" "$file")
	ok=$(grep -E '^ok\b' "$file" | grep -cvE "$SKIPPED")
	not_ok=$(grep -E '^not ok\b' "$file" | grep -cvE "$SKIPPED")
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ] || [ $((ok + not_ok + skip)) -eq 0 ]; then
		echo "not ok - $name ended with status $status and named no failed test" >>"$file"
		not_ok=1
	fi
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	line=$(printf '%-32s %4d passed' "$name" "$ok")
	[ "$not_ok" -gt 0 ] && line+=", $not_ok failed"
	[ "$skip" -gt 0 ] && line+=", $skip skipped"
	[ -f "${file%.tap}.died" ] && line+=", its guest died the first time: $(
		grep -m 1 '^baton: ' "${file%.tap}.died")"
	echo "$line  ($seconds s)"
	if [ "$not_ok" -gt 0 ]; then
		grep -nE -B8 -A12 '^not ok\b' "$file" | tail -40 | sed 's/^/    /'
		tail -15 "$file" | sed 's/^/    /'
		echo "    whole output: $file"
		grep -E -B12 -A6 '^not ok\b' "$file" | sed "s|^|    $name: |" >>$out/failures
	fi
}

# Again at the end, where one looks first and where a log that was cut still has it.
say_failures() {
	[ -s $out/failures ] || return
	echo "what failed, in short:"
	cut -c1-200 $out/failures | head -40
}

# Sources of the programs, so that one that does not build is missed and not forgotten.
sources() {
	find ref testbed -name "*$1" | sort
}

# A test that skips here because this kernel lacks something runs again in the guest, which all of
# them share.
unit() {
	local source name file here_passed here_skipped again=()
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
		again+=("build/asan/${source%.c}")
	done
	[ ${#again[@]} -eq 0 ] || start "${#again[@]} of them again in the guest" build/bin/baton guest \
		--timeout 600 -- env CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_leaks=0 \
		testbed/check/check.sh these "${again[@]}"
}

# Those that take minutes, the longest first, so that none of them runs on when all others are over.
LONG='guest_check change_check finding_check handover_check candidates_check esp_check fig10_check
	migration_check measure_check load_check migrate_check air_check example_check'

# Before these begin the unit tests are over, but for those in the guest.
scripts() {
	local script long
	for long in $LONG; do
		script=$(sources "$long.sh")
		[ -z "$script" ] || start "$(name_of "$script")" "$script"
	done
	for script in $(sources _check.sh); do
		case " $(echo $LONG) " in
		*" $(basename "${script%.sh}") "*) ;;
		*) start "$(name_of "$script")" "$script" ;;
		esac
	done
}

# Each gets its seconds by the clock on the wall, and a tenth of them of a processor, however long
# that takes: beside other checks they have what these leave.
fuzz() {
	local seconds=${FUZZ_SECONDS:-60} source
	at_once=$((3 * $(nproc)))
	for source in $(sources _fuzz.c); do
		start "$(name_of "$source")" fuzz_one "$(basename "${source%.c}")" \
			"build/fuzz/${source%.c}" "$seconds"
	done
	finish
	at_once=$(nproc)
}

# Processor time that a process has had, in seconds.
processor_time() {
	local stat fields
	read -r stat 2>/dev/null <"/proc/$1/stat" || return
	read -ra fields <<<"${stat##*) }"
	echo $(((fields[11] + fields[12]) / $(getconf CLK_TCK)))
}

# Ends the fuzzer once it has had both, by the signal that it takes as a wish; at last by its own clock.
fuzz_for() { # SECONDS COMMAND...
	local seconds=$1 begin=$SECONDS pid had
	shift
	nice -n 15 "$@" -max_total_time=$((10 * seconds)) &
	pid=$!
	while had=$(processor_time $pid) && [ -n "$had" ]; do
		[ $((SECONDS - begin)) -ge "$seconds" ] && [ $((10 * had)) -ge "$seconds" ] &&
			kill -USR1 $pid
		sleep 1
	done
	wait $pid
}

# Fails on a crash, a leak, a time-out (by the clock on the wall, of which it may have a small part),
# and when the target cannot even start.
fuzz_one() {
	local name=$1 program=$2 seconds=$3 corpus=build/corpus/$1 seeds=build/seeds/$1 log status runs
	local words=build/words/$1
	mkdir -p "$corpus" build/crashes
	[ -d "$seeds" ] || seeds=
	[ -s "$words" ] && words=-dict=$words || words=
	log=$(mktemp)
	fuzz_for "$seconds" "$program" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/crashes/"$name"- $words "$corpus" $seeds >"$log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "ok - $name: $runs inputs"
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
		isakmp ref/isakmp
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
	seed_corpora
	echo "fuzz targets, ${FUZZ_SECONDS:-60} s each, below the others"
	(
		fuzz
		echo $passed $failed $skipped >$out/fuzz.counts
	) &
	fuzzing=$!
	echo "unit tests"
	unit
	echo "programs as a person would run them"
	scripts
	start lint testbed/check/lint.sh --tap
	finish
	echo "the rest of the fuzz targets"
	wait $fuzzing
	read -r fuzz_passed fuzz_failed fuzz_skipped <$out/fuzz.counts ||
		fuzz_passed=0 fuzz_failed=1 fuzz_skipped=0
	passed=$((passed + fuzz_passed)) failed=$((failed + fuzz_failed))
	skipped=$((skipped + fuzz_skipped))
	;;
unit | scripts)
	"$1"
	finish
	;;
fuzz)
	seed_corpora
	fuzz
	;;
*)
	scripts=$(find ref testbed -name "$1.sh" | sort)
	[ -n "$scripts" ] || { echo "check.sh: no test is called $1" >&2; exit 2; }
	for script in $scripts; do
		start "$(name_of "$script")" "$script"
	done
	finish
	;;
esac
say_failures
echo "$((SECONDS - began)) s; outputs in $out/"
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
