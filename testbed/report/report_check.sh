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

# ok NAME COMMAND...: one test; on failure the last output of baton is shown.
ok() {
	local name=$1
	shift
	if "$@"; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/# out: /' "$out" | head -20
		sed 's/^/# err: /' "$err" | head -20
	fi
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

/usr/bin/python3 $here/fixtures/generate.py "$scratch/r" || { echo "not ok - fixtures"; exit 1; }
run=$scratch/r/run earlier=$scratch/r/earlier

# --- views --------------------------------------------------------------------------------------
ok "a good result passes --check" says "60 tests, 1 measurements, 79 files" --check "$run"
ok "the terminal counts" says "44 of 60 tests passed, 10 to look into, 1 flaky." "$run"
ok "the terminal names reason, clause and line of a failure" eval '
	grep -q "fail  *pana/paa/sequence-number-of-answer  suites/pana/paa.suite:31" "$out" &&
	grep -q "clause  RFC5191 5.2 must" "$out" && grep -q "Sequence Number  4712  *4711" "$out"'
ok "the terminal has the figures" grep -q "L3 handoff  *0.71  *1  ms  *reproduced" "$out"
ok "the terminal has the matrix" grep -q "pana/paa  *16 of 18  *12 of 18  *12 of 18" "$out"
ok "no colours and no control characters without a terminal" no_escape
ok "a terminal gets colours, and none with NO_COLOR" eval '
	script -qec "$baton report $run" /dev/null </dev/null >"$out" && ! no_escape &&
	NO_COLOR=1 script -qec "$baton report $run" /dev/null </dev/null >"$out" && no_escape'
ok "the summary: one line of tests, columns side by side, documented figures in brackets" eval '
	says "44 of 60 tests in 4 suites passed" -f summary "$run" &&
	grep -qE "^L3 handoff +ms .* 0.71 \[1\]" "$out" && [ "$(wc -l <"$out")" -lt 30 ] && no_escape'
ok "--verbose lists those that passed" says "pana/paa/pci-is-answered" -v "$run"
ok "KTAP: 60 tests, 10 not ok, 4 skipped, no control characters" eval '
	report -f ktap "$run" && [ "$(grep -cE "^  (not )?ok " "$out")" = 60 ] &&
	[ "$(grep -c "^  not ok " "$out")" = 10 ] && [ "$(grep -c "# SKIP" "$out")" = 4 ] &&
	[ "$(head -1 "$out")" = "KTAP version 1" ] && no_escape'
ok "JUnit: well-formed, the same counts" eval '
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
ok "Markdown: a row for each suite and failure, nothing that could be markup" eval '
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
ok "the terminal has a line for each pair" eval '
	report "$scratch/pairs"; grep -qE "^baton-ref +other +16 of 18 +[a-z]" "$out" &&
	grep -qE "^other +baton-ref +15 of 17 " "$out" && ! grep -q "passed of tests" "$out"'
ok "Markdown has pairs by tests, – where a test was not run" eval '
	report -f markdown "$scratch/pairs" && grep -q "^## Interoperability: " "$out" &&
	[ "$(grep -cE "^\| (baton-ref \| other|other \| baton-ref) " "$out")" = 2 ] &&
	grep -qE "^\| other \| baton-ref \| – " "$out"'
ok "HTML has the pairs, each cell with the number of its test" eval '
	report -f html "$scratch/pairs" && grep -q "\"pairs\":\[{" "$out" && grep -q "\"test\":19" "$out"'
ok "JSON: the very bytes of result.json" eval 'report -f json "$run" && cmp -s "$out" "$run/result.json"'
ok "the name of the output says the format" eval '
	report "$run" -o "$scratch/a.xml" && grep -q "<testsuites" "$scratch/a.xml" &&
	report "$run" -o "$scratch/a.tap" && grep -q "^KTAP" "$scratch/a.tap"'

# --- comparing and merging ----------------------------------------------------------------------
against() { report "$run" --against "$earlier"; [ $? -eq 1 ]; }
ok "--against: new failures end with status 1" against
ok "--against: names new failures, fixed, added, changed figures" eval '
	grep -q "new failure .*pana/paa/padding-is-not-counted  pass -> fail" "$out" &&
	grep -q "fixed .*pana/paa/pci-is-answered  fail -> pass" "$out" &&
	grep -q "added .*pana/paa/sequence-number-increases\|added .*retransmitted" "$out" &&
	grep -q "figure .*L3 handoff  4 -> 0.71 ms (worse -> reproduced)" "$out"'
ok "--against itself: nothing new" says "No new failures." "$run" --against "$run"
merged=$scratch/merged
ok "--merge into a folder takes the evidence along" eval '
	report --merge "$scratch/r/suites" "$scratch/r/measure" -o "$merged/" &&
	report --check "$merged" && grep -q "60 tests, 1 measurements, 79 files" "$out"'
more_runs() {
	cp -r "$scratch/r/measure" "$scratch/r/again" &&
		sed -i 's/2026-01-15T09/2026-01-15T11/' "$scratch/r/again/result.json" &&
		report --merge "$scratch/r/measure" "$scratch/r/again" &&
		grep -q "^prepared, 6 runs" "$out"
}
ok "--merge of the same experiment: more repetitions" more_runs
ok "--merge of the same run twice is refused" \
	fails_with 1 "is the same run as" --merge "$run" "$run"
ok "--merge of a test judged twice is refused" \
	fails_with 1 "stands twice" --merge "$run" "$earlier"

# --- bad input ----------------------------------------------------------------------------------
while IFS='|' read -r file message; do
	ok "bad input: $file" fails_with 1 "$here/fixtures/bad/$file.json$message" \
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
ok "every bad fixture is in the list above" \
	[ "$(find $here/fixtures/bad -name '*.json' | wc -l)" -eq 18 ]
ok "an absent result" fails_with 1 "No such file" "$scratch/nothing"
ok "no result named" fails_with 2 "name a result" -f html
ok "an unknown format" fails_with 2 "unknown format pdf" -f pdf "$run"
ok "two results without --merge" fails_with 2 "need --merge" "$run" "$earlier"
ok "a wrong size to embed" fails_with 2 "--embed takes MiB" --embed much "$run"
changed() {
	cp -r "$run" "$scratch/changed" && echo x >>"$scratch/changed/handoff/prepared-1-mn.pcapng" &&
		rm "$scratch/changed/handoff/prepared-2-mn.pcapng" &&
		! report --check "$scratch/changed" && grep -q "is not what the run wrote" "$err" &&
		grep -q "1 more files are missing or changed" "$err"
}
ok "--check finds changed and missing evidence" changed
ok "a folder that does not exist" fails_with 1 "cannot create it" "$run" -o "$scratch/no/a.html"
full() {
	! "$baton" report "$run" >/dev/full 2>"$err" && grep -q "No space left on device" "$err"
}
ok "standard output is full" full
no_space() {
	unshare -rm bash -c '
		mount -t tmpfs -o size=64k none "$1" && ! "$2" report "$3" -o "$1/a.html" 2>"$4" &&
		grep -q "No space left on device; free some space" "$4" && [ -z "$(ls -A "$1")" ]
	' - "$scratch/small" "$baton" "$run" "$err"
}
mkdir "$scratch/small"
if unshare -rm true 2>/dev/null; then
	ok "no disk space: one message, no partial file" no_space
else
	echo "ok - no disk space: one message, no partial file # SKIP no user namespaces here"
fi
ok "nothing was left behind" [ ! -e "$scratch/left.html" -a -z "$(ls "$scratch" | grep XXXX)" ]

# --- HTML ---------------------------------------------------------------------------------------
page=$scratch/page.html
written() { report "$run" --against "$earlier" -o "$page"; [ $? -eq 1 ] && [ -s "$page" ]; }
ok "HTML is written, with what changed" written
small() { report "$run" --embed 0 -o "$scratch/bare.html" &&
	[ "$(stat -c %s "$scratch/bare.html")" -lt 3000000 ]; }
ok "HTML without captures is smaller than 3 MB" small
ok "HTML refers to nothing outside" eval '
	! grep -qiE "(src|href)=\"?(https?:)?//|@import|url\([^#]" "$page"'
ok "hostile text cannot end the script that carries it" \
	[ "$(grep -c '</script' "$page")" -eq 3 ]
"$baton" report --merge "$scratch/r/suites" "$scratch/r/measure" -o "$scratch/merged.html"
if command -v chromedriver >/dev/null && command -v chromium >/dev/null; then
	/usr/bin/python3 $here/report_browser.py "$run" "$page" "$scratch/merged.html" \
		"$scratch/bare.html" || echo "# the browser test ended with status $?"
else
	echo "ok - the page in a browser # SKIP install chromium and chromium-driver"
fi
