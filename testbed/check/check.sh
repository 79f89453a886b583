#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test and counts. Each test program speaks TAP; its output goes to build/check/NAME.tap
# and one line about it to the terminal, when it is over, with the seconds it took and those that a
# processor worked for it. As many run at once as there are processors; beside them what mostly waits, and
# below them fuzz targets on what these leave. Closes with "N passed, N failed, N skipped".
#
#   check.sh            everything
#   check.sh unit       the unit tests
#   check.sh scripts    the *_check.sh programs
#   check.sh fuzz       the fuzz targets, FUZZ_SECONDS each
#   check.sh NAME       the *_check.sh programs of that name, e.g. guest_check
#   check.sh these PROGRAM...  these unit tests and *_check.sh programs, with their own output, one after
#                       the other: what runs in the guest
set -u
cd "$(dirname "$0")/../.." || exit 2
if [ "${1:-}" = these ]; then
	for program in "${@:2}"; do
		echo "# program $program"
		case $program in
		*_check.sh) "$program" inside ;;
		*) "$program" ;;
		esac 2>&1 </dev/null || echo "not ok - $program ended with status $?"
	done
	exit
fi
out=build/check
mkdir -p $out
rm -f $out/*.tap $out/*.status $out/*.times $out/*.died $out/*.counts $out/failures
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
# What a program leaves that is killed, or fails half way, goes with the run.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/baton-check-XXXXXX") && chmod 755 "$TMPDIR" || exit 2 # for other users too
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
passed=0 failed=0 skipped=0 processor=0
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
		times >"${file%.tap}.times"
		echo "$status $((SECONDS - began)) $(worked "${file%.tap}.times")" >"${file%.tap}.part"
		mv "${file%.tap}.part" "${file%.tap}.status"
	) &
}

# Seconds of a processor: what `times` says of a shell and of all that it has waited for.
worked() { # FILE
	awk -F '[ms ]+' '{ s += 60 * ($1 + $3) + $2 + $4 } END { printf "%.0f\n", s }' "$1"
}

collect() {
	local name left=() status seconds work
	for name in "${running[@]}"; do
		local base=$out/${name//\//-}
		if [ -f "$base.status" ]; then
			read -r status seconds work <"$base.status"
			rm "$base.status" "$base.times"
			count "$name" "$base.tap" "$status" "$seconds" "$work"
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

# A queue of its own beside the rest: `beside NAME FUNCTION` begins it, `join` waits for all of them and adds
# what they counted.
queues=()

beside() {
	(
		running=() passed=0 failed=0 skipped=0 processor=0
		"$2"
		finish
		echo $passed $failed $skipped $processor >"$out/$1.counts"
	) &
	queues+=("$! $1")
}

join() {
	local queue pid name more
	for queue in "${queues[@]}"; do
		read -r pid name <<<"$queue"
		wait "$pid"
		read -ra more <"$out/$name.counts" || more=(0 1 0 0)
		passed=$((passed + more[0])) failed=$((failed + more[1])) skipped=$((skipped + more[2]))
		processor=$((processor + more[3]))
	done
}

# "ref/host/kernel_test.c" is called host/kernel_test.
name_of() {
	local folder
	folder=$(basename "$(dirname "$1")")
	echo "$folder/$(basename "${1%.*}")"
}

# Those of several programs (`these`) that tested nothing.
silent() { # FILE
	awk 'function over() { if (name && !tests) print "not ok - " name " tested nothing" }
		/^# program / { over(); name = $3; tests = 0 }
		/^(not )?ok / { tests++ }
		END { over() }' "$1"
}

count() {
	local name=$1 file=$2 status=$3 seconds=$4 work=$5 ok not_ok skip line nothing
	nothing=$(silent "$file")
	[ -z "$nothing" ] || echo "$nothing" >>"$file"
	# cmocka 1.1.5 writes "not ok N # SKIP" for a skipped test.
	skip=$(grep -cE "$SKIPPED" "$file")
	ok=$(grep -E '^ok\b' "$file" | grep -cvE "$SKIPPED")
	not_ok=$(grep -E '^not ok\b' "$file" | grep -cvE "$SKIPPED")
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ] || [ $((ok + not_ok + skip)) -eq 0 ]; then
		echo "not ok - $name ended with status $status and named no failed test" >>"$file"
		not_ok=1
	fi
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	processor=$((processor + work))
	line=$(printf '%-32s %4d passed' "$name" "$ok")
	[ "$not_ok" -gt 0 ] && line+=", $not_ok failed"
	[ "$skip" -gt 0 ] && line+=", $skip skipped"
	[ -f "${file%.tap}.died" ] && line+=", its guest died the first time: $(
		grep -m 1 '^baton: ' "${file%.tap}.died")"
	echo "$line  ($seconds s, processor $work s)"
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

# Those that need radios share one guest: each finds in its memory what the one before has used.
RADIOS='ref/mn/handover_check.sh ref/ap/air_check.sh ref/mn/candidates_check.sh ref/mn/finding_check.sh'

# Those that take minutes, the longest first, so that none of them runs on when all others are over.
LONG='testbed/measure/measure_check.sh ref/iked/change_check.sh testbed/measure/fig10_check.sh
	ref/iked/esp_check.sh testbed/guest/guest_check.sh testbed/interop/interop_check.sh
	testbed/suite/ike_suite_check.sh ref/migrate/migrate_check.sh testbed/adapter/example_check.sh
	testbed/vectors/vectors_check.sh testbed/measure/migration_check.sh'

# Those that mostly wait, for what a protocol's own timers bring or do not: a processor works for them less than
# half of their time.
WAITING='ref/iked/ikev1_check.sh ref/eap/interop_check.sh testbed/suite/mutants_check.sh
	ref/iked/daemon_check.sh testbed/suite/suite_check.sh ref/ar/attacks_check.sh'

begin_scripts() { # SCRIPT...
	local script
	for script in "$@"; do
		start "$(name_of "$script")" "$script"
	done
}

# One at a time beside the others.
waiting() {
	at_once=1
	begin_scripts $WAITING
}

# Before these begin the unit tests are over, but for those in the guest.
scripts() {
	start radios build/bin/baton guest --clock virtual --timeout 2700 -- testbed/check/check.sh these $RADIOS
	begin_scripts $LONG
	begin_scripts $(sources _check.sh | grep -vxFf <(printf '%s\n' $RADIOS $LONG $WAITING))
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
	beside fuzz fuzz
	echo "unit tests"
	unit
	echo "programs as a person would run them"
	beside waiting waiting
	scripts
	start lint testbed/check/lint.sh --tap
	finish
	echo "what is left beside them"
	join
	;;
unit)
	unit
	finish
	;;
scripts)
	beside waiting waiting
	scripts
	finish
	join
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
echo "$((SECONDS - began)) s, processors worked $processor s; outputs in $out/"
if [ $skipped -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ $failed -eq 0 ]
