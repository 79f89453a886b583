#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# baton guest as a person uses it: statuses, streams, files, results, clocks, several at once, and
# every way to end it, none of which may leave anything behind. Speaks TAP. Needs build/bin/baton.
set -u
cd "$(dirname "$0")/../.." || exit 2
baton=$(realpath "${BATON:-build/bin/baton}")
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tmp"
export TMPDIR=$scratch/tmp
out=$scratch/out err=$scratch/err
. testbed/check/tap.sh

witnesses() {
	sed 's/^/out: /' "$out" | head -20
	sed 's/^/err: /' "$err" | head -20
}

guest() { "$baton" guest --timeout 240 "$@" >"$out" 2>"$err" </dev/null; }

status_is() { # STATUS ARGUMENTS...
	guest "${@:2}"
	[ $? -eq "$1" ]
}

refuses() { # STATUS WORDS ARGUMENTS...: nothing on standard output, one message that holds WORDS
	status_is "$1" "${@:3}" && [ ! -s "$out" ] && [ "$(grep -c '^baton: ' "$err")" -eq 1 ] &&
		grep -qF -- "$2" "$err"
}

holds() { grep -qxF -- "$2" "$1"; } # FILE LINE
gone() { ! kill -0 "$1" 2>/dev/null; }

# Looked at later: a command that does not end by itself.
"$baton" guest --timeout 100 -- sleep 1000 >"$scratch/kept" 2>&1 </dev/null &
keeping=$!

# --- what comes back ------------------------------------------------------------------------
inner() { # what runs inside; the lines are looked for outside
	cat <<-'END'
		pwd
		uname -r
		echo "guest $BATON_GUEST, results $BATON_RESULTS, given $GIVEN"
		echo to standard error >&2
		read -r line && echo "read $line"
		echo through a reopened descriptor >/dev/stderr
		echo x >>README.md && [ "$(tail -1 README.md)" = x ] && echo layer is writable
		echo kept >"$BATON_RESULTS/file" && mkdir "$BATON_RESULTS/folder"
		modprobe mac80211_hwsim radios=2 && ls /sys/class/ieee80211 | wc -l
		: >/dev/net/tun; ls /sys/module | grep -x tun
		for d in /tmp /run /dev/shm; do stat -f -c "%T on $d" $d; done
		cat "$PROBE"
		sleep 1000 &
		exit 7
	END
}
mkdir "$scratch/tmp/entry"
echo seen through >"$scratch/tmp/entry/probe"
rows=$(wc -l <README.md)
export GIVEN="it's \"quoted\" \$HOME" PROBE=$scratch/tmp/entry/probe
echo a line | "$baton" guest --results "$scratch/new/results" --timeout 240 -- \
	bash -c "$(inner)" >"$out" 2>"$err"
status=$?
check "exit status 7 comes back, past a process left in the background" test $status -eq 7
check "the working folder is the same" holds "$out" "$PWD"
check "the kernel is another" eval "grep -q amd64 '$out' && ! holds '$out' \"$(uname -r)\""
check "the environment is the same, with the guest's added" holds "$out" \
	"guest real, results $scratch/new/results, given it's \"quoted\" \$HOME"
check "standard error comes separately" holds "$err" "to standard error"
check "standard error can be opened again" holds "$err" "through a reopened descriptor"
check "standard input is passed on" holds "$out" "read a line"
check "files can be written inside" holds "$out" "layer is writable"
check "and are unchanged outside" test "$(wc -l <README.md)" -eq "$rows"
check "the results folder is made and filled" test "$(cat "$scratch/new/results/file")" = kept -a \
	-d "$scratch/new/results/folder"
check "radios can be had" holds "$out" 2
check "tun loads when it is opened" holds "$out" tun
check "/tmp is in memory" holds "$out" "tmpfs on /tmp"
check "what the environment names in /tmp is seen through it" holds "$out" "seen through"

check "true is 0" status_is 0 -- true
check "false is 1" status_is 1 -- false
check "a signal is 128 and its number" status_is 143 -- sh -c 'kill -TERM $$'
big() { seq 1 300000 | "$baton" guest --clock virtual -- cat 2>"$err" | cmp -s - <(seq 1 300000); }
check "two megabytes pass unchanged, both ways" big
check "no such command is 127" refuses 127 "no-such-command: no such command" -- no-such-command
check "not executable is 126" refuses 126 "Permission denied" -- ./README.md

# --- clocks ---------------------------------------------------------------------------------
idle() {
	local began=$SECONDS
	guest --clock virtual -- sh -c 'echo $BATON_GUEST; sleep 500' && holds "$out" virtual &&
		[ $((SECONDS - began)) -lt 200 ]
}
check "idle time costs little on the virtual clock" idle
work() { # how long the same work takes, by the guest's clock, once its files are in memory
	cat <<-'END'
		round() {
			begin=$(date +%s%N)
			for i in $(seq 40); do /bin/true; sleep 0.01; done
			end=$(date +%s%N)
			echo $(((end - begin) / 1000))
		}
		round >/dev/null; round
	END
}
repeats() {
	local a b
	guest --clock virtual -- bash -c "$(work)" && a=$(cat "$out") &&
		guest --clock virtual -- bash -c "$(work)" && b=$(cat "$out") &&
		echo "# $a us and $b us" && [ $(((a > b ? a - b : b - a) * 50)) -lt "$a" ]
}
check "two runs on the virtual clock agree within 2 %" repeats

# --- ends -----------------------------------------------------------------------------------
start() { # WAY...: a guest that would run for long; $pid is baton's, $qemu its child's
	: >"$out" # here, not in the background: what the guest before has said is not this one's word
	"$@" "$baton" guest -- sh -c 'echo up; sleep 1000' >"$out" 2>"$err" </dev/null &
	pid=$!
	if ! until_true 240 eval 'holds "$out" up || gone $pid' || gone $pid; then
		kill -KILL $pid 2>/dev/null
		return 1
	fi
	qemu=$(pgrep -P $pid qemu-system)
	[ -n "$qemu" ]
}
over() { ! [ -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; } # or not yet waited for
ended() { # STATUS: baton ends by itself, within a time, with that status, and takes QEMU along
	until_true 60 over "$pid" || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	[ $? -eq "$1" ] && until_true 60 over "$qemu"
}
ends() { # SIGNAL STATUS
	# A program in the background of a script begins with SIGINT ignored, and so does all of a script
	# that was itself begun so: whether the shell then takes the signal back is not in its power.
	start env --default-signal=INT && kill "-$1" "$pid" && ended "$2"
}
for end in "KILL 137" "TERM 143" "INT 130"; do
	# shellcheck disable=SC2086 # two words
	check "SIG${end% *} ends QEMU too, status ${end#* }" ends $end
done
ignored() { # were SIGINT taken, the status would be its own: it comes first
	start env --ignore-signal=INT && kill -INT "$pid" && kill -TERM "$pid" && ended 143
}
check "SIGINT that is ignored where it starts stays ignored" ignored
late() { refuses 124 "is over" --timeout 3 -- sleep 1000; }
check "the time given ends it, status 124" late
kept() {
	wait "$keeping"
	[ $? -eq 124 ] && grep -q '^ *[0-9]* S sleep .*nanosleep' "$scratch/kept" &&
		! grep -q kthreadd "$scratch/kept"
}
check "and what the command waited for is said" kept
panic() {
	refuses 123 "the guest's kernel panicked: sysrq triggered crash; its messages are in" \
		--results "$scratch/panic" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 1000' &&
		grep -q 'Kernel panic - not syncing: sysrq' "$scratch"/panic/panic-*.log
}
check "a panic of its kernel is named, its messages are kept" panic
killed() { # QEMU from elsewhere, as when a machine runs out of memory
	start && kill -KILL "$qemu" && ended 123 && grep -q 'the guest died' "$err"
}
check "a guest that is killed is told from the command's status" killed
broken() { "$baton" guest -- seq 1 100000 >/dev/full 2>"$err"; [ $? -eq 125 ] &&
	grep -q 'No space left' "$err"; }
check "output that cannot be written ends it" broken
terminal() {
	script -qec "stty rows 33 cols 77; $baton guest -- sh -c 'tty; stty size; exit 5'" /dev/null \
		>"$out" 2>"$err" </dev/null
	[ $? -eq 5 ] && grep -q hvc0 "$out" && grep -q '33 77' "$out"
}
check "on a terminal the command has one too" terminal

# --- what is missing ------------------------------------------------------------------------
# These run with a cache of their own and the kernel of the ordinary one.
ordinary=${BATON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton}
kernel=$(ls -d "$ordinary"/linux-image-* 2>/dev/null | tail -1)
kernel=${BATON_KERNEL:-${kernel:-/}}
apart() { # SETUP ARGUMENTS...: in namespaces of its own, after SETUP
	unshare -rm bash -c "$1"' || exit 99; shift; exec "$@"' - "$1" "$baton" guest "${@:2}" \
		>"$out" 2>"$err" </dev/null
}
says_apart() { # STATUS WORDS SETUP ARGUMENTS...
	apart "${@:3}"
	[ $? -eq "$1" ] && [ "$(grep -c '^baton: ' "$err")" -eq 1 ] && grep -qF -- "$2" "$err"
}
hide() { echo "mount --bind /dev/null '$(readlink -f "$(type -P "$1")")'"; }
check "no QEMU: says what to install" says_apart 125 "install the package qemu-system-x86" \
	"$(hide qemu-system-x86_64)" -- true
check "no busybox: says what to install" says_apart 125 "install the package busybox-static" \
	"$(hide busybox)" -- true
mkdir "$scratch/empty" "$scratch/small" "$scratch/cache"
check "no kernel where BATON_KERNEL says" says_apart 125 "no usable kernel there" \
	"export BATON_KERNEL='$scratch/empty'" -- true
if [ "$kernel" != / ]; then
	check "no kernel and no package lists: says what to do" says_apart 125 "sudo apt-get update" \
		"export BATON_CACHE='$scratch/cache'; unset BATON_KERNEL;
		for d in /boot /var/lib/apt/lists /var/cache/apt; do mount -t tmpfs none \$d; done" \
		-- true
fi
small() {
	echo "export BATON_KERNEL='$kernel' BATON_CACHE='$scratch/small';
		mount -t tmpfs -o size=$1 none '$scratch/small'"
}
check "no space for the kernel: says how much is needed" says_apart 125 "no space for" "$(small 8M)" \
	-- true
check "no space for the initramfs" says_apart 125 "no space for" "$(small 64M)" -- true
check "no space for results is the command's to see" eval "apart \
	'mount -t tmpfs -o size=1M none $scratch/small' --results '$scratch/small' -- \
	dd if=/dev/zero of=$scratch/small/file bs=64k count=64; grep -q 'No space left' '$err'"
check "a results folder that cannot be made" refuses 125 "results folder" --results /proc/x -- true
check "a cache that cannot be made" eval "BATON_CACHE=/proc/x refuses 125 'BATON_CACHE' -- true"
ordinary_user() { # a stranger, who has no group and is nobody's friend
	local drop=()
	if [ "$(id -u)" -eq 0 ]; then
		drop=(setpriv --reuid 65534 --regid 65534 --clear-groups)
		chmod 755 "$scratch" "$scratch/tmp"
		cp -al "$kernel" "$scratch/kernel" 2>/dev/null || cp -a "$kernel" "$scratch/kernel"
		kernel=$scratch/kernel
	fi
	mkdir -m 777 "$scratch/user"
	(cd / && BATON_KERNEL=$kernel BATON_CACHE=$scratch/user HOME=/nonexistent "${drop[@]}" \
		"$baton" guest --results "$scratch/user/results" -- \
		sh -c 'id -u; echo kept >$BATON_RESULTS/file' >"$out" 2>"$err") &&
		holds "$out" 0 && [ "$(cat "$scratch/user/results/file")" = kept ]
}
reachable() { # whether an ordinary user reaches the program at all
	[ "$(id -u)" -ne 0 ] || setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$baton"
}
if reachable; then
	check "an ordinary user without groups runs one" ordinary_user
else
	skipped "an ordinary user" "this folder is closed to others"
fi
at_once() {
	local one two
	export BATON_KERNEL=$kernel BATON_CACHE=$scratch/cache
	"$baton" guest -- true 2>"$err" &
	one=$!
	"$baton" guest -- true 2>>"$err" &
	two=$!
	wait $one && wait $two && [ "$(ls "$scratch/cache" | grep -cE '^(vmlinux|initramfs)')" -eq 2 ] &&
		! ls "$scratch/cache" | grep -q '^tmp-'
	local result=$?
	unset BATON_KERNEL BATON_CACHE
	return $result
}
check "two at once on an empty cache build it once" at_once

# --- usage ----------------------------------------------------------------------------------
check "no command" refuses 2 "no command"
check "an unknown clock" refuses 2 "must be virtual or real" --clock solar -- true
check "memory that is no number" refuses 2 "whole number" --memory much -- true
check "an unknown option" status_is 2 --colour -- true
check "a guest in a guest" eval "status_is 125 -- $baton guest -- true && grep -q already '$err'"
check "the doctor is content where the tests run" eval "'$baton' doctor >'$out' 2>'$err'"
check "no temporary file is left" test "$(ls "$TMPDIR")" = entry

tap_end
