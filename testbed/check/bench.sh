#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Benchmarks. Each line is one JSON object {"name", "value", "unit"}; rates of the decoders come
# from the same capture in the same run, so that their ratio means something on any machine.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/bench
mkdir -p $out

line() { printf '{"name": "%s", "value": %s, "unit": "%s"}\n' "$1" "$2" "$3"; }

decoders() {
	local capture=$out/pana.pcap count=50000 seconds
	build/obj/testbed/vectors/capture_bench $capture vectors/pana/*.pcapng || return
	# tshark's own start is measured on one packet and taken off.
	local start whole
	start=$(timed tshark -n -r $capture -c 1 -T fields -e pana.type)
	whole=$(timed tshark -n -r $capture -T fields -e pana.type -e pana.avp.code)
	line "tshark decode" "$(awk "BEGIN { printf \"%.0f\", $count / ($whole - $start) }")" packets/s
	/usr/bin/python3 testbed/check/bench_scapy.py $capture 2000
}

# Wall seconds of a command, the least of three.
timed() {
	local i t best=
	for i in 1 2 3; do
		local began ended
		began=$(date +%s.%N)
		"$@" >/dev/null 2>&1
		ended=$(date +%s.%N)
		t=$(awk "BEGIN { print $ended - $began }")
		best=$(awk "BEGIN { print (\"$best\" == \"\" || $t < \"$best\" + 0) ? $t : \"$best\" }")
	done
	echo "$best"
}

ratios() {
	awk -F'"' '/decode/ { split($7, v, /[:, ]+/); rate[$4] = v[2] }
		END {
			if (rate["tshark decode"]) printf "{\"name\": \"baton decode over tshark\", \"value\": %.1f, \"unit\": \"times\"}\n", rate["baton decode"] / rate["tshark decode"]
			if (rate["scapy decode"]) printf "{\"name\": \"baton decode over scapy\", \"value\": %.1f, \"unit\": \"times\"}\n", rate["baton decode"] / rate["scapy decode"]
		}' "$1"
}

{
	decoders
	for program in $(find ref testbed -name '*_bench.c' | sort); do
		[ "$program" = testbed/vectors/capture_bench.c ] || build/obj/"${program%.c}"
	done
} | tee $out/bench.jsonl
ratios $out/bench.jsonl | tee -a $out/bench.jsonl
echo "All figures: $out/bench.jsonl"
