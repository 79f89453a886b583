#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test and counts. Each test program speaks TAP; its output goes to build/check/NAME.tap
# and one line about it to the terminal. Closes with "N passed, N failed, N skipped".
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
rm -f $out/*.tap
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
passed=0 failed=0 skipped=0

# One program, its TAP counted. A program that ends badly without a "not ok" fails by itself.
run() {
	local name=$1 file=$out/$1.tap began=$SECONDS
	shift
	"$@" >"$file" 2>&1 </dev/null
	count "$name" "$file" $? $((SECONDS - began))
}

count() {
	local name=$1 file=$2 status=$3 seconds=$4 ok not_ok skip
	skip=$(grep -ciE '^ok .*# skip' "$file")
	ok=$(($(grep -cE '^ok\b' "$file") - skip))
	not_ok=$(grep -cE '^not ok\b' "$file")
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
	local source program name again=()
	for source in $(sources _test.c); do
		program=build/asan/${source%.c} name=$(basename "${source%.c}")
		run "$name" "$program"
		grep -qiE '^ok .*# skip' "$out/$name.tap" && again+=("$program")
	done
	for program in "${again[@]}"; do
		name=$(basename "$program")
		skipped=$((skipped - $(grep -ciE '^ok .*# skip' "$out/$name.tap")))
		passed=$((passed - $(grep -E '^ok\b' "$out/$name.tap" | grep -vciE '# skip')))
		run "$name-in-guest" build/bin/baton guest --timeout 300 -- \
			env CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_leaks=0 "$program"
	done
}

scripts() {
	local script
	for script in $(sources _check.sh); do
		run "$(basename "${script%.sh}")" "$script"
	done
}

# Fuzzing mostly waits for nobody: twice as many at once as there are processors.
fuzz() {
	local seconds=${FUZZ_SECONDS:-60} source name pids=() names=() began
	local at_once=$((2 * $(nproc)))
	for source in $(sources _fuzz.c); do
		name=$(basename "${source%.c}")
		fuzz_one "$name" "build/fuzz/${source%.c}" "$seconds" &
		pids+=($!) names+=("$name")
		if [ ${#pids[@]} -eq $at_once ]; then
			fuzz_wait
		fi
	done
	fuzz_wait
}

fuzz_wait() {
	local i status
	for i in "${!pids[@]}"; do
		wait "${pids[$i]}"
		status=$?
		count "${names[$i]}" "$out/${names[$i]}.tap" $status "$seconds"
	done
	pids=() names=()
}

# Fails on a crash, a leak, a time-out, and when the target cannot even start.
fuzz_one() {
	local name=$1 program=$2 seconds=$3 corpus=build/corpus/$1 file=$out/$1.tap
	mkdir -p "$corpus" build/crashes
	local seeds=build/seeds/$name
	[ -d "$seeds" ] || seeds=
	"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/crashes/"$name"- "$corpus" $seeds >"$file" 2>&1 </dev/null
	local status=$?
	local runs
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$file")
	if [ $status -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
		echo "ok - $name: $runs inputs in $seconds s" >>"$file"
	else
		echo "not ok - $name: status $status, $runs inputs; reproducer in build/crashes" >>"$file"
	fi
	return $status
}

seed_corpora() {
	local source
	[ -x build/bin/baton ] || return
	for source in $(find ref/pana -name '*_fuzz.c'); do
		build/bin/baton vectors corpus pana "build/seeds/$(basename "${source%.c}")" >/dev/null
	done
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
	run lint testbed/check/lint.sh --tap
	;;
unit | scripts) "$1" ;;
fuzz)
	seed_corpora
	fuzz
	;;
*)
	script=$(sources "$1.sh" | head -1)
	[ -n "$script" ] || { echo "check.sh: no test is called $1" >&2; exit 2; }
	run "$1" "$script"
	;;
esac
echo "$((SECONDS - began)) s; outputs in $out/"
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
