#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton topo as a person uses it and as the world treats it: up, show, exec, down, bad files, the
# same name twice, Ctrl-C, kill -9 of everybody, no permission, radios in the guest; and after each
# that nothing is left: no process, no namespace, no mount, no file. TAP.
#
#   topology_check.sh           everything
#   topology_check.sh inside    the part that needs radios, inside a guest
set -u
cd "$(dirname "$0")/../.." || exit 2
# Interfaces that others raise meanwhile on this machine are none of ours.
if [ -z "${APART:-}" ] && unshare --net true 2>/dev/null; then
	APART=yes exec unshare --net "$0" "$@"
fi
baton=$PWD/${BATON:-build/bin/baton}
work=$(mktemp -d /tmp/topology-check-XXXXXX) || exit 2
export BATON_STATE=$work/state BATON_ROOT=$PWD
trap 'rm -rf "$work"' EXIT
said=
. testbed/check/tap.sh
witnesses() { echo "$said"; }
wrong() { # NAME WHY
	said=${2:-}
	ok "$1" 1
}

# is NAME COMMAND...: the command succeeds; its output is shown when it does not.
is() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then ok "$name" 0; else wrong "$name" "$output"; fi
}

# says NAME STATUS PATTERN COMMAND...: ends with that status and prints the pattern.
says() {
	local name=$1 status=$2 pattern=$3 output got
	shift 3
	output=$("$@" 2>&1 </dev/null)
	got=$?
	if [ $got -eq "$status" ] && grep -qE -- "$pattern" <<<"$output"; then
		ok "$name" 0
	else
		wrong "$name" "status $got, expected $status and: $pattern
$output"
	fi
}

# --- what is left ------------------------------------------------------------------------------

# All that could be left, as text: processes whose environment names our work folder, mounts,
# interfaces and radios, entries of the state directory. Other networks of this machine are none of
# ours; hwsim0 comes with the kernel's module and stays.
snapshot() {
	local environ
	for environ in $(grep -laF "$work" /proc/[0-9]*/environ 2>/dev/null); do
		case $(cat "${environ%environ}comm" 2>/dev/null) in
		baton-* | hostapd | wpa_supplicant | dnsmasq | freeradius | sleep)
			echo "process $(cat "${environ%environ}comm" 2>/dev/null)" ;;
		esac
	done
	grep -F "$work" /proc/mounts
	ip -brief link | awk '$1 != "hwsim0" { print $1 }'
	ls /sys/class/ieee80211 2>/dev/null
	ls -A "$BATON_STATE" 2>/dev/null | grep -vx .lock
	return 0
}

# As it was before anything was raised: what a part leaves behind is not forgiven to the next.
before=$(snapshot)

# clean NAME: within two seconds everything is as remembered.
clean() {
	local i now
	for i in $(seq 40); do
		now=$(snapshot)
		[ "$now" = "$before" ] && { ok "$1" 0; return; }
		sleep 0.05
	done
	wrong "$1" "$(diff <(echo "$before") <(echo "$now"))"
}

keeper_of() { cat "$BATON_STATE/$1/.keeper"; }
warden_of() { ps -o ppid= -p "$(keeper_of "$1")" | tr -d ' '; }

# --- the ordinary day --------------------------------------------------------------------------

ordinary_day() {
	is "wired comes up" "$baton" topo up wired
	says "show draws the wire" 0 'tester:eth0 ---- wire ---- sut:eth0' "$baton" topo show
	says "show tells addresses" 0 'eth0 +up +192.0.2.2/24 2001:db8::2/64' "$baton" topo show wired
	says "list names it" 0 '^wired +keeper [0-9]+' "$baton" topo list
	says "nodes reach each other" 0 ' 0% packet loss' \
		"$baton" topo exec wired tester -- ping -c1 -W2 192.0.2.2
	says "and by IPv6" 0 ' 0% packet loss' \
		"$baton" topo exec wired sut -- ping -c1 -W2 2001:db8::1
	says "exec passes the status on" 7 '' "$baton" topo exec wired sut -- sh -c 'exit 7'
	says "a command that does not exist is 127" 127 'no-such-command' \
		"$baton" topo exec wired sut -- no-such-command
	says "a node that does not exist" 1 'has no node "nobody"' \
		"$baton" topo exec wired nobody -- true
	says "shell stands on the node" 0 '^sut$' \
		sh -c "echo hostname | SHELL=/bin/sh $baton shell sut"
	says "a cut wire carries nothing" 0 'unreachable|100% packet loss' sh -c \
		"$baton topo link wired wire down; $baton topo exec wired sut -- ping -c1 -W1 192.0.2.1; true"
	says "a mended one does" 0 ' 0% packet loss' sh -c \
		"$baton topo link wired wire up; $baton topo exec wired sut -- ping -c1 -W2 192.0.2.1"
	says "an impairment that is none" 1 'delay=fast is no duration; it would be' \
		"$baton" topo link wired wire delay=fast
	says "the same name again is refused" 1 'a network named wired is already up; .* down wired' \
		"$baton" topo up wired
	says "and the first one lives on" 0 '^wired ' "$baton" topo list
	is "another name is welcome" "$baton" topo up wired --name other
	says "then shell asks which" 1 'several networks are up' "$baton" shell sut
	is "down" "$baton" topo down other
	is "down again" "$baton" topo down wired
	clean "nothing is left after down"
	says "down of nothing" 1 'no network named wired is up' "$baton" topo down wired
	says "a topology that does not exist" 1 'there is no topology "nothing"' "$baton" topo up nothing
	says "a bad name" 2 '--name Bad/Name is not a name' "$baton" topo up wired --name Bad/Name
}

# --- bad files ---------------------------------------------------------------------------------

bad_files() {
	local file name expected found status
	for file in testbed/topology/bad/*.yaml; do
		name=$(basename "$file" .yaml)
		expected=$(sed "s|^|$file:|" "testbed/topology/bad/$name.expect")
		found=$("$baton" topo up "$file" 2>&1)
		status=$?
		if [ $status -eq 1 ] && [ "$found" = "$expected" ]; then
			ok "bad file: $name" 0
		else
			wrong "bad file: $name" "status $status
$(diff <(echo "$expected") <(echo "$found"))"
		fi
	done
	for file in topology/*.yaml; do
		says "good file: $(basename "$file")" 0 'nodes' "$baton" topo check "$file"
	done
	says "an unreadable file" 1 '^/nonexistent.yaml: cannot be read: No such file' \
		"$baton" topo check /nonexistent.yaml
	clean "nothing is left after bad files"
}

# --- deaths ------------------------------------------------------------------------------------

deaths() {
	local keeper warden pid
	"$baton" topo up wired >/dev/null
	"$baton" topo exec wired sut -- sh -c '(setsid sleep 1000 >/dev/null 2>&1 &)'
	kill -9 "$(keeper_of wired)"
	clean "nothing is left after kill -9 of the keeper"

	"$baton" topo up wired >/dev/null
	kill -9 "$(warden_of wired)"
	sleep 0.2
	is "after kill -9 of the warden the name is free" "$baton" topo up wired
	"$baton" topo down wired
	clean "and nothing is left"

	"$baton" topo up wired >/dev/null
	keeper=$(keeper_of wired) warden=$(warden_of wired)
	kill -9 "$warden" "$keeper"
	sleep 0.2
	says "after kill -9 of both list shows nothing" 0 '^$' "$baton" topo list
	clean "and nothing is left of both"

	"$baton" topo up wired >/dev/null
	kill -TERM "$(warden_of wired)"
	sleep 0.2
	says "SIGTERM does not disturb the warden" 0 '^wired ' "$baton" topo list
	kill -TERM "$(keeper_of wired)"
	clean "SIGTERM of the keeper takes the network down"

	slow_file >"$work/slow.yaml"
	for signal in INT TERM KILL; do
		"$baton" topo up "$work/slow.yaml" >/dev/null 2>"$work/slow.err" &
		pid=$!
		sleep 0.15
		kill -$signal $pid
		wait $pid 2>/dev/null
		[ $? -gt 128 ] || wrong "up ends by SIG$signal" "$(cat "$work/slow.err")"
		clean "nothing is left after SIG$signal during up"
	done
}

# In a user namespace that may have only as many namespaces as one network takes, networks come up
# again and again: so each gave its own back.
namespaces() {
	if ! unshare -Ur true 2>/dev/null; then
		skipped "namespaces are given back" "this machine allows no user namespaces"
		return
	fi
	is "namespaces are given back after down and kill -9" unshare -Ur bash -c '
		export BATON_STATE=$1/limited
		cd /proc/sys/user && echo 3 >max_net_namespaces && echo 3 >max_mnt_namespaces &&
			echo 3 >max_uts_namespaces && echo 1 >max_pid_namespaces || exit
		for i in 1 2 3 4 5 6; do
			for j in $(seq 100); do # the kernel frees a namespace in its own time
				up=$("$0" topo up wired 2>&1) && break
				sleep 0.05
			done
			[ $j -lt 100 ] || { echo "$up"; exit 1; }
			if [ $i -le 3 ]; then
				"$0" topo down wired
			else
				kill -9 "$(cat "$BATON_STATE/wired/.keeper")"
			fi
		done' "$baton" "$work"
}

# Sixty nodes with a DHCP server each take long enough to be interrupted.
slow_file() {
	local i
	echo "name: slow"
	echo "nodes:"
	echo "  hub: {kind: bridge}"
	for i in $(seq 60); do
		echo "  n$i:"
		echo "    services:"
		echo "      - {service: dhcp, interface: eth0, pool: 10.0.$i.1 - 10.0.$i.9}"
	done
	echo "links:"
	for i in $(seq 60); do
		echo "  l$i:"
		echo "    subnets: [10.0.0.0/16]"
		echo "    ends:"
		echo "      - {at: n$i:eth0, addresses: [10.0.100.$i]}"
		echo "      - {at: hub:p$i}"
	done
}

# --- what the machine refuses ------------------------------------------------------------------

dhcp_file() {
	cat <<-END
		name: dhcp
		nodes:
		  server:
		    services: [{service: dhcp, interface: eth0, pool: 192.0.2.100 - 192.0.2.199, lease: 10m}]
		  client: {}
		links:
		  wire:
		    subnets: [192.0.2.0/24]
		    ends: [{at: "server:eth0", addresses: [192.0.2.1]}, {at: "client:eth0"}]
	END
}

refusals() {
	dhcp_file >"$work/dhcp.yaml"
	says "a DHCP server serves" 0 'dnsmasq eth0 on server is ready' \
		"$baton" topo up "$work/dhcp.yaml"
	"$baton" topo down dhcp
	mkdir -p "$work/logs/server/dnsmasq-eth0.leases"
	says "a server that ends at once is reported with its log" 1 \
		'dhcp.yaml:4: dnsmasq eth0 on server ended .*[Ll]ease' \
		"$baton" topo up "$work/dhcp.yaml" --directory "$work/logs"
	clean "nothing is left after a server that failed"
	says "AAA servers serve" 0 'freeradius on home is ready' "$baton" topo up aaa --name aaa-servers
	says "show names one" 0 'service +running +freeradius' "$baton" topo show aaa-servers
	"$baton" topo down aaa-servers
	clean "nothing is left of AAA servers"

	says "a state directory that cannot be" 1 '/proc/none.* cannot keep the state' \
		env BATON_STATE=/proc/none "$baton" topo up wired
	if unshare -Ur true 2>/dev/null; then
		says "no permission" 1 'cannot create namespaces as an ordinary user.*; it would be' \
			unshare -Ur sh -c "echo 0 >/proc/sys/user/max_user_namespaces &&
				exec setpriv --bounding-set=-all --inh-caps=-all '$baton' topo up wired"
	else
		skipped "no permission" "this machine allows no user namespaces"
	fi
	clean "nothing is left after refusals"
	if [ "$(id -u)" -eq 0 ]; then
		mkdir -m 700 "$work/user" && chown 65534 "$work/user" && chmod 711 "$work"
		says "an ordinary user raises, enters and ends a network" 0 ' 0% packet loss' \
			setpriv --reuid 65534 --regid 65534 --clear-groups \
			env BATON_STATE="$work/user/state" sh -c "cd / && '$baton' topo up wired &&
				'$baton' topo exec wired sut -- ping -c1 -W2 192.0.2.1 &&
				'$baton' topo show && '$baton' topo down wired"
		[ -z "$(ls "$work/user/state")" ] && ok "and leaves nothing" 0 ||
			wrong "and leaves nothing" "$(ls -R "$work/user/state")"
	fi
}

# --- radios ------------------------------------------------------------------------------------

radios() {
	says "two-subnets comes up" 0 'wpa_supplicant wlan0 on mn is ready' "$baton" topo up two-subnets
	says "the station is associated with the first network" 0 \
		'wlan0 +up .*network-a, ap-a:wlan0' "$baton" topo show
	says "wpa_supplicant is where the manual says" 0 'wpa_state=COMPLETED' \
		"$baton" topo exec two-subnets mn -- wpa_cli -p /run/wpa_supplicant -i wlan0 status
	says "hostapd too" 0 'ssid\[0\]=network-b' \
		"$baton" topo exec two-subnets ap-b -- hostapd_cli -p /run/hostapd -i wlan0 status
	says "the DHCP server of the network answers" 0 'lease of 192.0.2.1[0-9][0-9] obtained' \
		"$baton" topo exec two-subnets mn -- busybox udhcpc -i wlan0 -n -q -f -s /bin/true
	says "the core delays by 10 ms each way" 0 'min/avg.* = [2-9][0-9]\.' \
		"$baton" topo exec two-subnets par -- ping -c3 -i0.2 203.0.113.2
	says "the access routers are 20 ms apart" 0 'min/avg.* = [4-9][0-9]\.' \
		"$baton" topo exec two-subnets par -- ping -c3 -i0.2 198.51.100.1
	says "a delay is changed while the network is up" 0 'min/avg.* = 1[0-9][0-9]\.' sh -c \
		"$baton topo link two-subnets core-cn delay=50ms &&
			$baton topo exec two-subnets core -- ping -c3 -i0.2 203.0.113.2"
	says "and all is lost at 100 %" 0 '100% packet loss' sh -c \
		"$baton topo link two-subnets core-cn loss=100% &&
			$baton topo exec two-subnets core -- ping -c2 -i0.2 -W1 203.0.113.2; true"
	"$baton" topo exec two-subnets mn -- wpa_cli -i wlan0 select_network 1 >/dev/null
	sleep 3
	says "the station moves when told" 0 'network-b, ap-b:wlan0' "$baton" topo show
	is "two-subnets goes down" "$baton" topo down two-subnets
	clean "nothing is left of the radios"

	"$baton" topo up two-subnets >/dev/null 2>&1
	kill -9 "$(keeper_of two-subnets)"
	clean "nor after kill -9 of the keeper"

	sed 's/^    channel: 6$/    channel: 6\n    options: {no_such_option: 1}/' \
		topology/two-subnets.yaml >"$work/broken.yaml"
	says "hostapd that refuses is reported with its log" 1 \
		'broken.yaml:[0-9]+: hostapd wlan0 on ap-b ended .*no_such_option' \
		"$baton" topo up "$work/broken.yaml"
	clean "nothing is left of it"
}

# The host's kernel may have it all; then no guest is needed.
radios_somewhere() {
	local line
	if [ -d /sys/module/mac80211_hwsim ] && [ "$(id -u)" -eq 0 ]; then
		radios
		return
	fi
	says "what the kernel lacks is said before anything is raised" 1 \
		'needs (hwsim|netem).*baton guest -- baton topo' "$baton" topo up two-subnets
	clean "nothing is left of the attempt"
	"$baton" guest --clock virtual --timeout 600 -- "$PWD/testbed/topology/topology_check.sh" inside \
		>"$work/guest.tap" 2>"$work/guest.err" </dev/null
	while IFS= read -r line; do
		case $line in
		ok*) ok "in the guest: ${line#*- }" 0 ;;
		"not ok"*) wrong "in the guest: ${line#*- }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$work/guest.tap"
	grep -q 'nothing is left of it' "$work/guest.tap" ||
		wrong "the guest ran to the end" "$(tail -20 "$work/guest.err")"
}

[ -x "$baton" ] || { echo "Bail out! $baton is not built"; exit 1; }
if [ "${1:-}" = inside ]; then
	radios
else
	ordinary_day
	bad_files
	deaths
	namespaces
	refusals
	radios_somewhere
fi
tap_end
