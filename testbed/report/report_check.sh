#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton report as a person uses it: every format, comparing, merging, bad input, no space; then the
# HTML page as a reader sees it, in a browser. Speaks TAP. Needs build/bin/baton.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$PWD/${BATON:-build/bin/baton}
here=testbed/report
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
out=$scratch/out err=$scratch/err

report() { "$baton" report "$@" >"$out" 2>"$err"; }

. testbed/check/tap.sh
witnesses() {
	sed 's/^/out: /' "$out" | head -20
	sed 's/^/err: /' "$err" | head -20
}

says() { report "${@:2}" && grep -qF -- "$1" "$out"; }
fails_with() { # STATUS MESSAGE ARGS...: one line on stderr that holds MESSAGE, nothing on stdout
	local status=$1 message=$2
	shift 2
	report "$@"
	[ $? -eq "$status" ] && [ "$(wc -l <"$err")" -eq 1 ] && [ ! -s "$out" ] &&
		grep -qF -- "$message" "$err"
}
no_escape() { ! grep -q "$(printf '[\033\001]')" "$out"; }

/usr/bin/python3 $here/fixtures/generate.py "$scratch/r" || { ok "fixtures" 1; tap_end; }
run=$scratch/r/run earlier=$scratch/r/earlier

# --- views --------------------------------------------------------------------------------------
check "a good result passes --check" says "60 tests, 1 measurements, 79 files" --check "$run"
check "the terminal counts" says "44 of 60 tests passed, 10 to look into, 1 flaky." "$run"
check "the terminal names reason, clause and line of a failure" eval '
	grep -q "fail  *pana/paa/sequence-number-of-answer  suites/pana/paa.suite:31" "$out" &&
	grep -q "clause  RFC5191 5.2 must" "$out" && grep -q "Sequence Number  4712  *4711" "$out"'
check "the terminal has the figures" grep -q "L3 handoff  *0.71  *1  ms  *reproduced" "$out"
check "the terminal has the matrix" grep -q "pana/paa  *16 of 18  *12 of 18  *12 of 18" "$out"
check "no colours and no control characters without a terminal" no_escape
check "a terminal gets colours, and none with NO_COLOR" eval '
	script -qec "$baton report $run" /dev/null </dev/null >"$out" && ! no_escape &&
	NO_COLOR=1 script -qec "$baton report $run" /dev/null </dev/null >"$out" && no_escape'
check "the summary: one line of tests, columns side by side, documented figures in brackets" eval '
	says "44 of 60 tests in 4 suites passed" -f summary "$run" &&
	grep -qE "^L3 handoff +ms .* 0.71 \[1\]" "$out" && [ "$(wc -l <"$out")" -lt 30 ] && no_escape'
check "--verbose lists those that passed" says "pana/paa/pci-is-answered" -v "$run"
check "KTAP: 60 tests, 10 not ok, 4 skipped, no control characters" eval '
	report -f ktap "$run" && [ "$(grep -cE "^  (not )?ok " "$out")" = 60 ] &&
	[ "$(grep -c "^  not ok " "$out")" = 10 ] && [ "$(grep -c "# SKIP" "$out")" = 4 ] &&
	[ "$(head -1 "$out")" = "KTAP version 1" ] && no_escape'
check "JUnit: well-formed, the same counts" eval '
	report -f junit "$run" && /usr/bin/python3 - "$out" <<-END
	import sys, xml.etree.ElementTree as tree
	root = tree.parse(sys.argv[1]).getroot()
	cases = root.findall(".//testcase")
	kinds = {k: len(root.findall(".//testcase/" + k)) for k in ("failure", "error", "skipped")}
	assert len(cases) == int(root.get("tests")) == 60, len(cases)
	assert kinds == {"failure": 6, "error": 4, "skipped": 4}, kinds
	assert all(int(root.get(a)) == n for a, n in
		(("failures", 6), ("errors", 4), ("skipped", 4)))
	END'
check "Markdown: a row for each suite and failure, nothing that could be markup" eval '
	report -f markdown "$run" && [ "$(grep -c "^| pana/" "$out")" = 6 ] &&
	[ "$(grep -cE "^\| (fail|deviation) " "$out")" = 8 ] && ! grep -q "<script" "$out" && no_escape'

# --- implementations that met ---------------------------------------------------------------------
# The first suite gets a peer, and a second of the same name one the other way round, without a test.
mkdir -p "$scratch/pairs" && /usr/bin/python3 - "$run/result.json" >"$scratch/pairs/result.json" <<-'END'
	import copy, json, sys
	result = json.load(open(sys.argv[1]))
	first = result["suites"][0]
	first["peer"] = {"name": "other", "version": "2"}
	other = copy.deepcopy(first)
	other["sut"], other["peer"] = first["peer"], {"name": first["sut"]["name"]}
	del other["tests"][0]
	result["suites"], result["files"], result["measurements"] = [first, other], [], []
	for test in first["tests"] + other["tests"]:
	    for key in ("capture", "keylog", "log"):
	        test.pop(key, None)
	json.dump(result, sys.stdout)
END
check "the terminal has a line for each pair" eval '
	report "$scratch/pairs"; grep -qE "^baton-ref +other +16 of 18 +[a-z]" "$out" &&
	grep -qE "^other +baton-ref +15 of 17 " "$out" && ! grep -q "passed of tests" "$out"'
check "Markdown has pairs by tests, – where a test was not run" eval '
	report -f markdown "$scratch/pairs" && grep -q "^## Interoperability: " "$out" &&
	[ "$(grep -cE "^\| (baton-ref \| other|other \| baton-ref) " "$out")" = 2 ] &&
	grep -qE "^\| other \| baton-ref \| – " "$out"'
check "HTML has the pairs, each cell with the number of its test" eval '
	report -f html "$scratch/pairs" && grep -q "\"pairs\":\[{" "$out" && grep -q "\"test\":19" "$out"'
check "JSON: the very bytes of result.json" eval 'report -f json "$run" && cmp -s "$out" "$run/result.json"'
check "the name of the output says the format" eval '
	report "$run" -o "$scratch/a.xml" && grep -q "<testsuites" "$scratch/a.xml" &&
	report "$run" -o "$scratch/a.tap" && grep -q "^KTAP" "$scratch/a.tap"'

# --- comparing and merging ----------------------------------------------------------------------
against() { report "$run" --against "$earlier"; [ $? -eq 1 ]; }
check "--against: new failures end with status 1" against
check "--against: names new failures, fixed, added, changed figures" eval '
	grep -q "new failure .*pana/paa/padding-is-not-counted  pass -> fail" "$out" &&
	grep -q "fixed .*pana/paa/pci-is-answered  fail -> pass" "$out" &&
	grep -q "added .*pana/paa/sequence-number-increases\|added .*retransmitted" "$out" &&
	grep -q "figure .*L3 handoff  4 -> 0.71 ms (worse -> reproduced)" "$out"'
check "--against itself: nothing new" says "No new failures." "$run" --against "$run"
merged=$scratch/merged
check "--merge into a folder takes the evidence along" eval '
	report --merge "$scratch/r/suites" "$scratch/r/measure" -o "$merged/" &&
	report --check "$merged" && grep -q "60 tests, 1 measurements, 79 files" "$out"'
more_runs() {
	cp -r "$scratch/r/measure" "$scratch/r/again" &&
		sed -i 's/2026-01-15T09/2026-01-15T11/' "$scratch/r/again/result.json" &&
		report --merge "$scratch/r/measure" "$scratch/r/again" &&
		grep -q "^prepared, 6 runs" "$out"
}
check "--merge of the same experiment: more repetitions" more_runs
check "--merge of the same run twice is refused" \
	fails_with 1 "is the same run as" --merge "$run" "$run"
check "--merge of a test judged twice is refused" \
	fails_with 1 "stands twice" --merge "$run" "$earlier"

# --- bad input ----------------------------------------------------------------------------------
while IFS='|' read -r file message; do
	check "bad input: $file" fails_with 1 "$here/fixtures/bad/$file.json$message" \
		$here/fixtures/bad/"$file".json -o "$scratch/left.html"
done <<'END'
array|: / is an array; needed is object
binary|:1: is not JSON
cut-short|:21: is cut short
empty|:1: is empty
file-escapes|: files: name "/etc/passwd" leads out of the folder
judged-twice|: test pana/paa/pci-is-answered stands twice
key-twice|:14: is not JSON: duplicate object key
missing-key|: /suites/0/tests/0 lacks "file"
negative-time|: /duration_s is -1
no-digest|: files: sha256 of a.pcapng is no digest
no-reason|: test pana/paa/pci-is-answered has verdict fail without a reason
no-such-column|: measurement handoff: a handoff is of column "prepared"
not-json|:1: is not JSON
other-format|: is of format "junit-5"
path-escapes|: pci-is-answered: capture "../../../etc/passwd" leads out
unknown-key|: /suites/0/tests/0 has "colour"
unknown-verdict|: /suites/0/tests/0/verdict is "passed"; needed is one of pass, deviation
wrong-type|: /suites/0/tests/0/line is "seven"; needed is integer
END
check "every bad fixture is in the list above" \
	[ "$(find $here/fixtures/bad -name '*.json' | wc -l)" -eq 18 ]
check "an absent result" fails_with 1 "No such file" "$scratch/nothing"
check "no result named" fails_with 2 "name a result" -f html
check "an unknown format" fails_with 2 "unknown format pdf" -f pdf "$run"
check "two results without --merge" fails_with 2 "need --merge" "$run" "$earlier"
check "a wrong size to embed" fails_with 2 "--embed takes MiB" --embed much "$run"
changed() {
	cp -r "$run" "$scratch/changed" && echo x >>"$scratch/changed/handoff/prepared-1-mn.pcapng" &&
		rm "$scratch/changed/handoff/prepared-2-mn.pcapng" &&
		! report --check "$scratch/changed" && grep -q "is not what the run wrote" "$err" &&
		grep -q "1 more files are missing or changed" "$err"
}
check "--check finds changed and missing evidence" changed
check "a folder that does not exist" fails_with 1 "cannot create it" "$run" -o "$scratch/no/a.html"
full() {
	! "$baton" report "$run" >/dev/full 2>"$err" && grep -q "No space left on device" "$err"
}
check "standard output is full" full
no_space() {
	unshare -rm bash -c '
		mount -t tmpfs -o size=64k none "$1" && ! "$2" report "$3" -o "$1/a.html" 2>"$4" &&
		grep -q "No space left on device; free some space" "$4" && [ -z "$(ls -A "$1")" ]
	' - "$scratch/small" "$baton" "$run" "$err"
}
mkdir "$scratch/small"
if unshare -rm true 2>/dev/null; then
	check "no disk space: one message, no partial file" no_space
else
	skipped "no disk space: one message, no partial file" "no user namespaces here"
fi
check "nothing was left behind" [ ! -e "$scratch/left.html" -a -z "$(ls "$scratch" | grep XXXX)" ]

# --- HTML ---------------------------------------------------------------------------------------
page=$scratch/page.html
written() { report "$run" --against "$earlier" -o "$page"; [ $? -eq 1 ] && [ -s "$page" ]; }
check "HTML is written, with what changed" written
small() { report "$run" --embed 0 -o "$scratch/bare.html" &&
	[ "$(stat -c %s "$scratch/bare.html")" -lt 3000000 ]; }
check "HTML without captures is smaller than 3 MB" small
check "HTML refers to nothing outside" eval '
	! grep -qiE "(src|href)=\"?(https?:)?//|@import|url\([^#]" "$page"'
check "hostile text cannot end the script that carries it" \
	[ "$(grep -c '</script' "$page")" -eq 3 ]
"$baton" report --merge "$scratch/r/suites" "$scratch/r/measure" -o "$scratch/merged.html"
if command -v chromedriver >/dev/null && command -v chromium >/dev/null; then
	/usr/bin/python3 $here/report_browser.py "$run" "$page" "$scratch/merged.html" \
		"$scratch/bare.html" >"$scratch/browser" 2>&1 || failed=1
	tests_in "$scratch/browser"
else
	skipped "the page in a browser" "install chromium and chromium-driver"
fi
tap_end
