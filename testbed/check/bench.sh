#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Benchmarks. Each line is one JSON object {"name", "value", "unit"}; rates of the decoders come
# from the same capture in the same run, so that their ratio means something on any machine. Closes
# with a table of the decoders. Fails when a benchmark fails or has nothing to say.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/bench
mkdir -p $out
: >$out/bench.jsonl
failed=0

line() { printf '{"name": "%s", "value": %s, "unit": "%s"}\n' "$1" "$2" "$3"; }

# Runs one, shows and keeps its lines.
bench() { # NAME COMMAND...
	local name=$1 lines=$out/lines
	shift
	if ! "$@" >$lines || ! grep -q '^{"name"' $lines; then
		echo "bench.sh: $name failed" >&2
		failed=1
	fi
	grep '^{"name"' $lines | tee -a $out/bench.jsonl
	rm -f $lines
}

# Wall seconds of a command, the least of three.
timed() {
	local t best=
	for _ in 1 2 3; do
		local began ended
		began=$(date +%s.%N)
		"$@" >/dev/null 2>&1 || return
		ended=$(date +%s.%N)
		t=$(awk "BEGIN { print $ended - $began }")
		best=$(awk "BEGIN { print (\"$best\" == \"\" || $t < \"$best\" + 0) ? $t : \"$best\" }")
	done
	echo "$best"
}

# tshark's own start is measured on one packet and taken off.
tshark_decode() { # CAPTURE
	local start whole count
	count=$(capinfos -TrcM "$1" | cut -f2) && [ "$count" -gt 0 ] || return
	start=$(timed tshark -n -r "$1" -c 1 -T fields -e pana.type) || return
	whole=$(timed tshark -n -r "$1" -T fields -e pana.type -e pana.avp.code) || return
	line "tshark decode" "$(awk "BEGIN { printf \"%.0f\", $count / ($whole - $start) }")" packets/s
}

# The three decoders, and how many times as fast Baton is.
table() {
	/usr/bin/python3 - $out/bench.jsonl <<-'END' | tee -a $out/bench.jsonl
		import json, sys
		rate = {r["name"]: r["value"] for r in map(json.loads, open(sys.argv[1]))}
		for other in ("tshark", "scapy"):
		    if rate.get("baton decode") and rate.get(other + " decode"):
		        print(json.dumps({"name": "baton decode over " + other, "unit": "times",
		                          "value": round(rate["baton decode"] / rate[other + " decode"], 1)}))
	END
	echo
	echo "PANA messages of one capture, packets a second on one processor"
	/usr/bin/python3 - $out/bench.jsonl <<-'END'
		import json, sys
		rate = {r["name"]: r["value"] for r in map(json.loads, open(sys.argv[1]))}
		for name in ("baton decode", "baton encode", "tshark decode", "scapy decode"):
		    times = rate.get("baton decode over " + name.split()[0])
		    print(f"  {name:14} {rate[name]:>12,}" + (f"   baton is {times:g} times as fast" if times else "")
		          if name in rate else f"  {name:14}   not measured")
		print("\nEAP-TLS authentications with one FreeRADIUS, 16 clients at a time")
		for who, name in (("baton load pana", "pana"), ("eapol_test", "eapol_test")):
		    values = [rate.get(name + rest) for rest in
		              (" authentications", " authentication, median", " authentication, 95 % within")]
		    print(f"  {who:16}" + ("{:>8.1f} a second, median {:.1f} ms, 95 % within {:.1f} ms".format(*values)
		          if all(values) else "   not measured"))
		print("\nIKE_SA set-ups by the same initiators: a second, and ms of the responder's processor for each")
		for kind in ("curve25519, psk", "modp2048, psk", "curve25519, certificate"):
		    values = [rate.get(f"IKE {what}, {kind}, {who}") for what in ("set-ups", "processor time of an SA")
		              for who in ("charon", "iked", "iked over charon")]
		    print(f"  {kind:24}" + ("charon {:>6.0f}, baton-iked {:>6.0f} ({:g} times); charon {:.3f} ms, baton-iked {:.3f} ms ({:g} times)"
		          .format(*values) if all(values) else "   not measured"))
		print("\nESP in the kernel, in the guest: a nanosecond an instruction")
		for what, unit, places in (("set-ups, curve25519, psk", "a second", 0),
		          ("processor time of an SA, curve25519, psk", "ms", 3),
		          ("latency of one alone, curve25519, psk", "ms", 2),
		          ("round trip, aes256gcm16", "us", 1), ("throughput, aes256gcm16", "Mbit/s", 1)):
		    values = [rate.get(f"ESP {what}, {who}") for who in ("charon", "iked", "iked over charon")]
		    clear = rate.get(f"ESP {what}, clear")
		    print(f"  {what:42}" + (f"charon {values[0]:.{places}f}, baton-iked {values[1]:.{places}f} {unit} ({values[2]:g} times)"
		          + (f"; without ESP {clear:.{places}f}" if clear else "") if all(values) else "   not measured"))
	END
}

capture=$out/pana.pcap
bench "the PANA codec" build/obj/testbed/vectors/capture_bench $capture vectors/pana/*.pcapng
bench tshark tshark_decode $capture
bench Scapy /usr/bin/python3 testbed/check/bench_scapy.py $capture 2000
bench "EAP-TLS authentications" testbed/check/bench_authentications.sh
bench "IKE against charon" testbed/check/bench_ike.sh
bench "ESP in the kernel" testbed/check/bench_esp.sh
for program in $(find ref testbed -name '*_bench.c' | sort); do
	[ "$program" = testbed/vectors/capture_bench.c ] || bench "$program" build/obj/"${program%.c}"
done
table
echo "All figures: $out/bench.jsonl"
exit $failed
