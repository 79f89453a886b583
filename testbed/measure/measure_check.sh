#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The handoff experiment as a person runs it: figures, repeatability, and what goes wrong. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=build/bin/baton
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
. testbed/check/tap.sh

says() { # NAME PATTERN COMMAND...: ends with a non-zero status and one message that says so
	local name=$1 pattern=$2
	shift 2
	"$@" >"$work/out" 2>&1
	local status=$?
	[ $status -ne 0 ] && grep -qE "$pattern" "$work/out"
	local good=$?
	[ $good -eq 0 ] || sed 's/^/# /' "$work/out"
	ok "$name" $good
}

says 'an unknown experiment is named' 'no such experiment' $baton measure nothing
says 'a clock that does not exist' 'virtual, real or native' $baton measure handoff --clock slow
says 'no repetitions' '1 to 1000' $baton measure handoff -n 0
says 'results that cannot be written' 'results' $baton measure handoff --results /proc/nowhere
says 'an adapter that does not exist' 'nobody' $baton measure handoff -n 1 --sut nobody --results "$work/none"

figure() { # DIR COLUMN ROW
	/usr/bin/python3 - "$@" <<-'END'
	import json, sys
	folder, column, row = sys.argv[1:]
	for measurement in json.load(open(folder + "/result.json"))["measurements"]:
	    for c in measurement["columns"]:
	        if c["name"] == column:
	            for r in c["rows"]:
	                if r["row"] == row:
	                    print(r["median"])
	END
}

holds() { # NAME EXPRESSION
	local value
	value=$(/usr/bin/python3 -c "print(int(bool($2)))" 2>&1)
	[ "$value" = 1 ] || echo "# $2"
	ok "$1" "$([ "$value" = 1 ]; echo $?)"
}

# Once is enough for the one without a buffer: it is the other with a message less.
columns='unprepared,prepared, no buffer,prepared, buffer,ikev2, buffer'
for run in 1 2; do
	$baton measure handoff -n 1 ${columns:+--columns "$columns"} --results "$work/$run" >"$work/$run.out" 2>&1
	status=$?
	[ $status -eq 0 ] || sed 's/^/# /' "$work/$run.out" | tail -40
	ok "run $run of the handoff experiment" $status
	columns=
done

for column in 'prepared, buffer' 'ikev2, buffer'; do
	way=${column%,*}
	l2=$(figure "$work/1" "$column" l2_handoff_ms)
	holds "$way: the L2 handoff of ${l2:-no} ms is within 20 % of 16 ms" "abs(${l2:-0} - 16) <= 3.2"
	l3=$(figure "$work/1" "$column" l3_handoff_ms)
	holds "$way: the network layer adds ${l3:-no} ms, at most 1 ms" "${l3:-9} <= 1"
	loss=$(figure "$work/1" "$column" packet_loss_avg)
	holds "$way, buffered: ${loss:-no} packets lost" "${loss:-9} == 0"
	copies=$(figure "$work/1" "$column" duplicates)
	holds "$way: ${copies:-no} packets duplicated" "${copies:-9} == 0"
done
by_pana=$(figure "$work/2" 'prepared, no buffer' packet_loss_avg)
by_ike=$(figure "$work/2" 'ikev2, no buffer' packet_loss_avg)
holds "ikev2, not buffered: ${by_ike:-no} packets lost, no more than with PANA" "${by_ike:-9} <= ${by_pana:--1}"
gap=$(figure "$work/1" unprepared interruption_ms)
holds "unprepared: ${gap:-no} ms of interruption" "${gap:-0} > 1000"

/usr/bin/python3 - "$work" >"$work/agree" <<'END'
import json, sys
# Not delays of a protocol: they are counted in packets, 16 ms apart, and a packet more or less on
# its way when the radio leaves is a matter of the moment; jitter there is below a microsecond.
by_packets = {"interruption_ms", "inter_packet_during_ms", "packet_jitter_ms", "jitter_rfc3550_ms"}
delays = [{}, {}]
for i in (1, 2):
    try:
        result = json.load(open("%s/%d/result.json" % (sys.argv[1], i)))
    except OSError:
        continue
    for m in result["measurements"]:
        for c in m["columns"]:
            for r in c["rows"]:
                if r["unit"] == "ms" and r["median"] is not None and r["row"] not in by_packets:
                    delays[i - 1][c["name"], r["row"]] = r["median"]
apart = {k: (v, delays[1].get(k)) for k, v in delays[0].items()
         if delays[1].get(k) is None or abs(v - delays[1][k]) > 0.02 * abs(v)}
for k, v in apart.items():
    print("#", k, v)
print("%s - two runs agree within 2 %% on %d delays" % ("not ok" if apart or not delays[0] else "ok", len(delays[0])))
END
[ -s "$work/agree" ] || ok 'two runs compare' 1
tests_in "$work/agree"
tap_end
