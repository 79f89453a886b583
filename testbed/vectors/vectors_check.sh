#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The vectors as a whole: regenerated octet for octet, true to their schema and to themselves, and
# what the codec, tshark and a running PAA make of them. TAP; fails when anything here does.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$(realpath -m "${BATON:-build/bin/baton}")
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
. testbed/check/tap.sh

witnesses() { tail -20 "$scratch/out"; }
passes() { "$@" >"$scratch/out" 2>&1; }

# fails STATUS TEXT COMMAND...: the command ends with that status and says that on one line.
fails() {
	local status=$1 text=$2
	shift 2
	"$@" >"$scratch/said" 2>&1
	local ended=$?
	cat "$scratch/said"
	[ $ended -eq "$status" ] || { echo "expected status $status, actual $ended"; return 1; }
	grep -qF -- "$text" "$scratch/said" || { echo "expected \"$text\""; return 1; }
}

copy() { # PROTOCOL
	rm -rf "${scratch:?}/$1" && cp -r "vectors/$1" "$scratch/$1"
}

# A copy in which one thing is changed must not pass.
damaged() { # SED PROTOCOL/FILE COMMAND...
	local change=$1 file=$2 protocol=${2%/*}
	shift 2
	copy "$protocol"
	sed -i "$change" "$scratch/$file"
	cmp -s "$scratch/$file" "vectors/$file" && { echo "nothing was changed"; return 1; }
	! "$@" "$scratch/$protocol"
}

cut_capture() {
	copy pana
	truncate -s 1000 "$scratch/pana/messages.pcapng"
	fails 1 messages.pcapng "$baton" vectors check pana --decoder tshark --folder "$scratch/pana"
}

# How many there are at least, and how many of them are invalid.
enough() { # PROTOCOL COUNT INVALID
	"$baton" vectors list "$1" --all >"$scratch/list" || return 1
	tail -1 "$scratch/list"
	[ "$(grep -cE '^    (valid|acceptable|invalid) ' "$scratch/list")" -ge "$2" ] &&
		[ "$(grep -c '^    invalid ' "$scratch/list")" -ge "$3" ]
}

# The reference codec and engine check all but so many.
codec() { # PROTOCOL BEYOND
	"$baton" vectors check "$1" | tee "$scratch/sum" || return 1
	grep -q ' 0 differ, 0 differ as explained' "$scratch/sum" &&
		[ "$(sed -n 's/.*explained, \([0-9]*\) beyond.*/\1/p' "$scratch/sum")" -le "$2" ]
}

corpus() { # PROTOCOL
	"$baton" vectors corpus "$1" "$scratch/$1-seeds/b" || return 1
	[ "$(find "$scratch/$1-seeds/b" -type f | wc -l)" -eq \
		"$("$baton" vectors list "$1" | sed -n 's/ vectors$//p')" ]
}

# The script for Wireshark over every capture that it concerns: no error of Lua, and it takes what
# Wireshark's own PANA does not (RFC 5873).
dissector() {
	"$baton" vectors dissector >"$scratch/baton.lua" || return 1
	local capture
	for capture in vectors/{pana,binding,dot1x-over-ip,ap-info}/*.pcapng; do
		tshark -X "lua_script:$scratch/baton.lua" -r "$capture" -V >"$scratch/shown" \
			2>"$scratch/said" || return 1
		grep -i 'lua' "$scratch/said" "$scratch/shown" && return 1
	done
	[ "$(tshark -X "lua_script:$scratch/baton.lua" -r vectors/pana/preauth.pcapng \
		-Y baton_pana.message 2>/dev/null | wc -l)" -ge 25 ]
}

replay() { # FURTHER OPTIONS
	"$baton" vectors replay pana --topology wired --patience 5000 "$@"
}

wrong_paa() { # HOW TEXT
	fails 1 "$2" replay --only 'header-*' --patience 1500 \
		--start "exec /usr/bin/python3 '$PWD/testbed/vectors/wrong_paa.py' $1"
}

# The reference PAA must react as every vector says that can be brought to it.
reference_paa() {
	cat >"$scratch/ar.yaml" <<-EOF
		node: paa
		control: $scratch/ar.sock
		eap:
		  server_id: paa.example.net
		  users:
		    - {identity: pac@example.net, methods: [psk], psk: 000102030405060708090a0b0c0d0e0f}
	EOF
	replay --quiet 40 --start "exec '$PWD/build/bin/baton-ar' -c '$scratch/ar.yaml'" \
		--identity pac@example.net --psk 000102030405060708090a0b0c0d0e0f \
		>"$scratch/table" 2>"$scratch/paa"
	local status=$?
	cat "$scratch/table"
	[ $status -eq 0 ] || { tail -5 "$scratch/paa"; return 1; }
	[ "$(sed -n 's/.*: \([0-9]*\) pass.*/\1/p' "$scratch/table")" -ge 250 ]
}

# tshark opens the conversations with the keys that the files have.
opened() {
	/usr/bin/python3 - >"$scratch/tables" <<-'END' || return 1
		import json
		encr = {(20, 128): "AES-GCM-128 with 16 octet ICV [RFC5282]",
		        (20, 256): "AES-GCM-256 with 16 octet ICV [RFC5282]",
		        (12, 128): "AES-CBC-128 [RFC3602]", (12, 256): "AES-CBC-256 [RFC3602]"}
		integ = {0: "NONE [RFC4306]", 2: "HMAC_SHA1_96 [RFC2404]", 12: "HMAC_SHA2_256_128 [RFC4868]",
		         13: "HMAC_SHA2_384_192 [RFC4868]", 14: "HMAC_SHA2_512_256 [RFC4868]"}
		for group in json.load(open("vectors/ike/conversations.json"))["groups"]:
		    k = group["keys"]["ike"]
		    print('-o\nuat:ikev2_decryption_table:%s,%s,%s,%s,"%s",%s,%s,"%s"' % (
		        k["spi_i"], k["spi_r"], k["sk_ei"], k["sk_er"], encr[k["encr"], k["key_bits"]],
		        k["sk_ai"], k["sk_ar"], integ[k["integ"]]))
	END
	local tables
	mapfile -t tables <"$scratch/tables"
	tshark "${tables[@]}" -r vectors/ike/conversations.pcapng -V >"$scratch/shown" 2>"$scratch/said" || return 1
	grep -i 'malformed\|incorrect' "$scratch/shown" && return 1
	[ "$(grep -c 'Identification Data:mn.example\|Identification Data: mn.example' "$scratch/shown")" -eq 7 ] ||
		{ grep -c 'Identification' "$scratch/shown"; return 1; }
}

# The same of IKEv1, whose keys need main mode before them.
opened_old() {
	/usr/bin/python3 - >"$scratch/tables" <<-'END' || return 1
		import json
		for group in json.load(open("vectors/isakmp/conversations.json"))["groups"]:
		    k = group["keys"]["isakmp"]
		    print('-o\nuat:ikev1_decryption_table:%s,%s' % (k["cky_i"], k["key"]))
	END
	local tables
	mapfile -t tables <"$scratch/tables"
	tshark "${tables[@]}" -r vectors/isakmp/conversations.pcapng -V >"$scratch/shown" 2>"$scratch/said" || return 1
	grep -i 'malformed\|incorrect' "$scratch/shown" && return 1
	[ "$(grep -c 'Identification Data:mn.example\|Identification Data: mn.example' "$scratch/shown")" -eq 7 ] &&
		[ "$(grep -c 'R-U-THERE ' "$scratch/shown")" -eq 7 ] ||
		{ grep -c 'Identification' "$scratch/shown"; return 1; }
}

check "cryptography of the generators" passes vectors/gen/self_test.py
check "regeneration gives the same octets" passes vectors/gen/generate.py --check
check "schema, fields, keys, authenticators and captures agree" passes vectors/verify.py
check "an altered octet is seen" passes damaged '0,/"bytes": "00000010/s//"bytes": "00000110/' pana/messages.json vectors/verify.py
check "an altered key is seen" passes damaged '0,/"auth_key": "./s//"auth_key": "/' pana/session-psk.json vectors/verify.py
check "a member of another name is seen" passes damaged '0,/"comment"/s//"remark"/' pana/messages.json vectors/verify.py
check "an altered secret is seen" passes damaged 's/"secret": "62/"secret": "63/' radius/keys.json vectors/verify.py
check "an altered PMK is seen" passes damaged '0,/"pmkid": "./s//"pmkid": "/' eapol/frames.json vectors/verify.py
check "an altered key of IKE is seen" passes damaged '0,/"sk_pi": "./s//"sk_pi": "/' ike/conversations.json vectors/verify.py
check "an altered key of IKEv1 is seen" passes damaged '0,/"skeyid_a": "./s//"skeyid_a": "/' isakmp/conversations.json vectors/verify.py
check "an altered header inside a tunnel is seen" passes damaged '0,/"inner_ttl": 6/s//"inner_ttl": 7/' tunnelled-change/packets.json vectors/verify.py
check "an altered MPPE key is seen" passes damaged '0,/"recv": "../s//"recv": "00/' radius/keys.json vectors/verify.py
if [ -x "$baton" ]; then
	while read -r protocol count invalid beyond; do
		check "$protocol: at least $count vectors, $invalid invalid" passes enough "$protocol" "$count" "$invalid"
		check "$protocol: the codec" passes codec "$protocol" "$beyond"
		check "$protocol: tshark" passes "$baton" vectors check "$protocol" --decoder tshark
		check "$protocol: seeds for the fuzzers" passes corpus "$protocol"
	done <<-EOF
		pana 600 300 90
		eap 200 90 0
		eapol 50 20 0
		radius 150 60 2
		dot1x-over-ip 150 70 0
		binding 40 25 2
		ap-info 80 60 0
		ike 180 60 0
		isakmp 170 30 0
		tunnelled-change 110 80 0
	EOF
	check "address-change: at least 60 vectors, 30 invalid" passes enough address-change 60 30
	check "address-change: the codec" passes codec address-change 0
	check "reply-path: at least 38 vectors, 31 invalid" passes enough reply-path 38 31
	check "reply-path: the codec" passes codec reply-path 0
	check "address-change: seeds for the fuzzers" passes corpus address-change
	check "dhcp-over-ipsec: at least 70 vectors, 35 invalid" passes enough dhcp-over-ipsec 70 35
	check "dhcp-over-ipsec: the codec, and the relay agent" passes codec dhcp-over-ipsec 0
	check "dhcp-over-ipsec: seeds for the fuzzers" passes corpus dhcp-over-ipsec
	check "tshark opens messages of IKE with the keys of the vectors" passes opened
	check "tshark opens messages of IKEv1 with the keys of the vectors" passes opened_old
	check "a wrong answer is seen" passes damaged '0,/"reply": "02/s//"reply": "03/' eap/md5.json \
		"$baton" vectors check eap --folder
	check "a wrong reaction is seen" passes damaged '0,/"OPENED"/s//"ALIVE"/' dot1x-over-ip/messages.json \
		"$baton" vectors check dot1x-over-ip --folder
	check "a wrong reason is seen" passes damaged '0,/"bad-integrity"/s//"stale"/' radius/invalid-seals.json \
		"$baton" vectors check radius --folder
	check "the dissector in Lua" passes dissector
	check "a capture cut short" passes cut_capture
	check "no such vector" passes fails 1 "no vector 'nothing'" "$baton" vectors show nothing
	check "no such decoder" passes fails 2 "no decoder 'ouija'" "$baton" vectors check pana --decoder ouija
	check "no such protocol" passes fails 2 "no codec for 'none'" "$baton" vectors check none
	check "vectors of another protocol" passes fails 1 "they would be of eap" \
		"$baton" vectors check eap --folder vectors/radius
	check "no tshark" passes fails 1 "apt install tshark" env PATH="$scratch" "$baton" vectors check pana --decoder tshark
	check "replay without a place" passes fails 2 "--interface and --target" "$baton" vectors replay pana
	check "replay at a wrong address" passes fails 1 "it would be an IPv4 or IPv6 address" \
		"$baton" vectors replay pana --interface lo --target paa
	if unshare -rn true 2>/dev/null; then
		check "replay sees a PAA that is mute" passes wrong_paa mute "answers no PCI"
		check "replay sees a PAA that answers everything" passes wrong_paa eager "0 pass, 19 fail"
		check "replay sees a PAA that dies" passes wrong_paa dies "answers no PCI since 'header-empty'"
		check "replay at the reference PAA" passes reference_paa
	else
		skipped "replay at PAAs that are wrong, and at the reference" "no namespaces on this machine"
	fi
else
	check "$baton is built" passes false
fi
tap_end
