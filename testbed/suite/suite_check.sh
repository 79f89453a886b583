#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton run as a person meets it: suites and adapters that are wrong, implementations that misbehave,
# verdicts, lists, shards, gates, Ctrl-C. Speaks TAP.
cd "$(dirname "$0")/../.." || exit 2
baton=build/bin/baton
fixtures=testbed/suite/fixtures
work=$(mktemp -d /tmp/baton-suite-check-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR=$work/tmp
. testbed/check/tap.sh

witnesses() { head -40 "$work/out"; }

# STATUS ARGUMENTS...: runs baton run, its output in $work/out.
run() {
	local wanted=$1 status
	shift
	$baton run "$@" --results "$work/results" >"$work/out" 2>&1 </dev/null
	status=$?
	[ $status -eq "$wanted" ] && return 0
	echo "status $status, expected $wanted" >>"$work/out"
	return 1
}

has() { grep -qF -- "$1" "$work/out"; }

# Nothing of a run is left: no process, no network, no folder.
clean() {
	! ps -eo args | grep -qE "^(sleep 61[1-4]|[^ ]*baton-(ar|mn) -c $TMPDIR)" &&
		[ -z "$(ls "$TMPDIR")" ]
}

# --- suites that are wrong ---------------------------------------------------------------------

run 2 $fixtures/suites/syntax.suite --sut $fixtures/adapters/silent &&
	has 'syntax.suite:7:10: PRA is no message of pana; a message is one of PCI, PAR, PAN' &&
	has 'syntax.suite:8:20: Z is not a set of flags' && clean
result $? "a suite that cannot be read names file, line and column"

run 2 $fixtures/suites/clause.suite &&
	has 'clause.suite:6:10: RFC5191 has no statement 4.1/999' &&
	has 'clause.suite:7:10: RFC5191 4.1/1 is a must' &&
	has 'clause.suite:8:10: RFC5191 4.1 has '
result $? "a clause that the catalogue does not have is refused"

run 2 nowhere && has 'there is no suite nowhere; right is a file'
result $? "a suite that is not there"

run 2 pana --filter nothing-like-this && has 'no test fits --filter nothing-like-this'
result $? "a filter that nothing fits"

run 2 pana --jobs many && has '--jobs: many does not fit; right is a number from 1 to 1000'
result $? "an option that does not fit"

run 2 pana --given lifetime=soon && has '--given: lifetime=soon does not fit; right is a number of at most nine digits' &&
	run 2 pana --given colour=red && has 'right is NAME=VALUE with a setting that baton run --contract lists' &&
	run 0 pana/paa --filter '*/encryption/lifetime-is-encrypted' --given eap=EAP-MD5 &&
	has 'the test needs keys, and EAP-MD5 derives none'
result $? "settings on the command line"

# --- adapters that are wrong -------------------------------------------------------------------

run 2 pana --sut $fixtures/adapters/no-role && has 'no-role/sut.yaml:1: no role; right is roles:'
result $? "a manifest without a role"

run 2 pana --sut $fixtures/adapters/unknown-key &&
	has 'unknown-key/sut.yaml:2: sut.yaml knows no key rolls; right are name, version, roles'
result $? "a manifest with an unknown key"

run 2 pana --sut $fixtures/adapters/nowhere && has 'there is no adapter'
result $? "an adapter that is not there"

run 2 pana/paa --sut $fixtures/adapters/no-such-program &&
	has 'there is no program there-is-no-such-program'
result $? "a manifest that names a program that is not there"

run 2 pana/paa --sut $fixtures/adapters/ignores-127 &&
	has 'asked for the verb no-such-verb, true ended with status 0; right is status 127' && clean
result $? "an adapter that does not answer 127 is refused"

run 1 pana/paa --sut $fixtures/adapters/never-ready --filter pci-is-answered &&
	has 'never-ready was not ready after 1 s' && has 'it said last: still thinking' &&
	has 'setup-failed' && clean
result $? "an adapter that never becomes ready"

run 1 pana/paa --sut $fixtures/adapters/dies-at-once --filter pci-is-answered &&
	has 'ended by itself with status 3 before it was ready; it said last: the licence has run out' &&
	clean
result $? "an adapter that dies at once"

run 1 pana/paa --sut $fixtures/adapters/by-hand --filter pci-is-answered
has 'there is no terminal to ask a person at' || has 'was not started by hand'
result $? "an adapter by hand without anybody there"

# --- verdicts ----------------------------------------------------------------------------------

run 1 $fixtures/suites/crash.suite --sut $fixtures/adapters/crashes &&
	has 'crash ' && has 'was ended by signal 11' && clean
result $? "an implementation that crashes in a test"

run 1 $fixtures/suites/short.suite --sut $fixtures/adapters/silent
for verdict in 'cleanup-failed fixture/short/passes' 'fail           fixture/short/fails' \
	'deviation      fixture/short/deviates' 'inconclusive   fixture/short/inconclusive' \
	'unsupported    fixture/short/unsupported-verb' \
	'unsupported    fixture/short/unsupported-feature' 'error          fixture/short/no-stimulus'; do
	has "$verdict"
	result $? "verdict $verdict"
done
has 'the stimulus did not happen' && clean
result $? "what was armed and did not happen is an error of ours"

/usr/bin/python3 - "$work/results/result.json" >"$work/out" 2>&1 <<'END'
import json, sys
tests = {t["name"]: t for s in json.load(open(sys.argv[1]))["suites"] for t in s["tests"]}
t = tests["fails"]
assert t["clause"] == "RFC5191 4.1/1 must", t["clause"]
assert t["expected"] == ["expect PAR flags=S"] and t["received"] == ["nothing"]
assert t["reason"] == "no PAR came within 1 s", t["reason"]
assert t["line"] == 14, t["line"]
assert [s["label"] for s in t["ladder"]] == ["PCI seq=0"] and t["ladder"][0]["packet"] > 0
assert t["capture"].endswith("/capture.pcapng")
END
result $? "a failure has its clause, its line, expected, received and ladder"

run 2 $fixtures/suites/short.suite --sut $fixtures/adapters/silent --role pac && has 'for the role pac'
result $? "a role that no suite tests"

run 0 pana/pac --sut $fixtures/adapters/silent --filter '*/start/pci' &&
	has 'not-applicable pana/pac/start/pci' && has 'silent plays none of the roles'
result $? "a role that the implementation does not play is not applicable"

run 0 pana/paa --sut $fixtures/adapters/flaky --filter '*/start/pci-is-answered' --retry 1 &&
	grep -q '"flaky": true' "$work/results/result.json" &&
	grep -q '"attempts": 2' "$work/results/result.json"
result $? "what passes only when tried again is called flaky"

# --- the reference -----------------------------------------------------------------------------

run 0 pana/paa --filter '*/start/pci-is-answered' && has '1 tests: 1 pass' && clean
result $? "one test of the reference passes"

tshark -r "$work/results/pana_paa_start/pci-is-answered/capture.pcapng" -Y pana -T fields \
	-e frame.comment >"$work/out" 2>/dev/null
[ "$(wc -l <"$work/out")" -eq 2 ] && has 'PCI seq=0' && has 'PAR [S]'
result $? "the capture has both messages, with the ladder's words as comments"

run 0 pana --list && has 'pana/paa/start/pci-is-answered: A PCI is answered with a PAR'
result $? "--list"
total=$(sed -n 's/^\([0-9]*\) tests in .*/\1/p' "$work/out")
sum=0
for i in 1 2 3; do
	run 0 pana --list --shard $i/3
	sum=$((sum + $(sed -n 's/^\([0-9]*\) tests in .*/\1/p' "$work/out")))
done
[ "$total" -gt 60 ] && [ $sum -eq "$total" ]
result $? "three shards are the whole"

run 0 pana --coverage && has ' 0 open'
result $? "every normative statement is covered, or says why not"

$baton run pana/paa --filter '*/start/pci-is-answered' --results "$work/results" --format ktap \
	2>/dev/null </dev/null >"$work/out" && has 'KTAP version 1' && has 'ok 1'
result $? "--format ktap"
$baton run pana/paa --filter '*/start/pci-is-answered' --results "$work/results" --format junit \
	2>/dev/null </dev/null >"$work/out" && has '<testsuite'
result $? "--format junit"

# --- gates -------------------------------------------------------------------------------------

gate() { # ROWS...
	printf 'sut: silent\ntests:\n' >"$work/expected.yaml"
	printf '  - {test: "%s", verdict: %s, reason: "%s"}\n' "$@" >>"$work/expected.yaml"
}
gate fixture/short/fails fail known
run 0 $fixtures/suites/short.suite --sut $fixtures/adapters/silent --filter fails \
	--expected "$work/expected.yaml" && has 'still failing  fixture/short/fails: known'
result $? "an expected failure passes the gate"
gate fixture/short/other fail known
run 1 $fixtures/suites/short.suite --sut $fixtures/adapters/silent --filter fails \
	--expected "$work/expected.yaml" && has 'new failure    fixture/short/fails'
result $? "a new failure does not"
run 125 $fixtures/suites/short.suite --sut $fixtures/adapters/silent --filter inconclusive \
	--expected "$work/expected.yaml" && has 'not judged'
result $? "what cannot be judged is skipped by a bisection"
gate pana/paa/start/pci-is-answered fail known
run 0 pana/paa --filter '*/start/pci-is-answered' --expected "$work/expected.yaml" &&
	has 'fixed          pana/paa/start/pci-is-answered'
result $? "what is fixed is said"
gate fixture/short/fails broken known
run 2 pana/paa --expected "$work/expected.yaml" &&
	has 'expected.yaml:3: broken is no verdict; right are fail, deviation'
result $? "a verdict that there is not"

# --- the end by hand ---------------------------------------------------------------------------

rm -rf "$work/results"
$baton run $fixtures/suites/long.suite --sut ref --jobs 4 --results "$work/results" \
	>"$work/out" 2>&1 </dev/null &
pid=$!
sleep 2
kill -INT $pid
wait $pid
[ $? -eq 130 ] && has 'interrupted by SIGINT after 0 of 8 tests' && clean &&
	grep -q '"interrupted": "interrupted by SIGINT' "$work/results/result.json"
result $? "Ctrl-C ends it, with its partial result, and leaves nothing behind"

rm -rf "$work/results"
$baton run $fixtures/suites/long.suite --sut ref --jobs 4 --results "$work/results" \
	>"$work/out" 2>&1 </dev/null &
pid=$!
sleep 2
kill -KILL $pid
wait $pid 2>/dev/null
sleep 1
! ps -eo args | grep -qE "^[^ ]*baton-ar -c $TMPDIR"
result $? "killed, it leaves no process behind"

tap_end
