#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
#
# The guest's pid 1, run twice: first from the initramfs, to make a root of the host's files (9p,
# read-only) under a layer in memory; then on that root, to run the command and report.
#
# The busybox that runs it is static and prefers its own applets, so nothing here touches the
# host's files but what is named. What the host asks for comes as /job (settings) and /command (a
# script that becomes the command). What it is told goes to the second serial port, a line each:
#   phase NAME UPTIME | status N | done | fail WORDS

say() {
	echo "$*" >&9
}

phase() {
	read -r up _ </proc/uptime
	say "phase $1 $up"
}

# Ends the guest for a reason that is ours.
fail() {
	say "fail $*"
	wait_for_end
}

# The host ends the guest once it has read all; this is for the case that it does not.
wait_for_end() {
	read -r _ <&9
	poweroff -f
}

first() {
	/bin/busybox mount -t proc proc /proc
	exec 9<>/dev/ttyS1
	phase kernel
	while read -r module; do
		insmod "/modules/$module" || fail "kernel module $module does not load"
	done </modules/order
	phase modules
	mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=507904,cache=loose root /lower ||
		fail "the host's files cannot be mounted"
	mount -t tmpfs -o mode=755 memory /memory
	mkdir /memory/work
	if [ -d /links ]; then
		cp -a /links /memory/upper
	else
		mkdir /memory/upper
	fi
	mount -t overlay -o lowerdir=/lower,upperdir=/memory/upper,workdir=/memory/work \
		overlay /new || fail "the layer over the host's files cannot be mounted"
	mount -t tmpfs -o mode=755 run /new/run
	mkdir /new/run/baton
	cp /bin/busybox /init /job /command /new/run/baton/
	phase root
	umount /proc
	exec /bin/busybox switch_root /new /run/baton/busybox sh /run/baton/init second
}

# An entry of the host's /tmp that stays visible in the guest's own.
keep() {
	if [ -d "/tmp/$1" ]; then
		mkdir "/run/baton/tmp/$1"
	elif [ -e "/tmp/$1" ]; then
		: >"/run/baton/tmp/$1"
	else
		return
	fi
	mount --bind "/tmp/$1" "/run/baton/tmp/$1"
}

# The kernel looks for a cipher when it is first used, and gives up after a minute: on the
# instruction clock less than the host takes to read a module. So they come with their users.
ciphers() {
	mkdir /run/modprobe.d
	{
		echo "softdep mac80211_hwsim pre: ctr ccm gcm ghash_generic cmac"
		echo "softdep esp4 pre: authenc echainiv seqiv ctr gcm ghash_generic crypto_null"
		echo "softdep esp6 pre: authenc echainiv seqiv ctr gcm ghash_generic crypto_null"
	} >/run/modprobe.d/baton.conf
}

# What a booted system has, on the root that the first part made.
system() {
	/run/baton/busybox mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	mkdir /dev/pts /dev/shm /dev/net /run/lock /run/baton/tmp
	mknod /dev/net/tun c 10 200 # opening it loads the module
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 shm /dev/shm
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t tmpfs -o mode=1777 tmp /run/baton/tmp
	job_keep
	mount --move /run/baton/tmp /tmp
	ln -s /proc/self/fd /dev/fd
	ln -s /proc/self/fd/0 /dev/stdin
	ln -s /proc/self/fd/1 /dev/stdout
	ln -s /proc/self/fd/2 /dev/stderr
	if [ ! -e "/lib/modules/$job_release" ]; then
		mkdir -p /lib/modules
		ln -s "$job_modules" "/lib/modules/$job_release"
	fi
	ciphers
	if [ -n "$job_results" ]; then
		mkdir -p "$job_results"
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=507904,cache=mmap results \
			"$job_results" || fail "the results folder cannot be mounted"
	fi
	echo baton >/proc/sys/kernel/hostname
	ip link set lo up
	if [ -n "$job_hoarder" ]; then
		BATON_GUEST=virtual "$job_hoarder" guest --hoard 9>&- &
	fi
}

# A device that the kernel announces a moment after its driver is loaded.
await() {
	until [ -c "$1" ]; do
		usleep 2000
	done
}

run_on_terminal() {
	await /dev/hvc0
	exec 3<>/dev/hvc0 # held open: the size is forgotten when nobody has it open
	stty rows "$job_rows" cols "$job_columns" <&3
	phase ready
	setsid -c /run/baton/busybox sh /run/baton/command <&3 >&3 2>&3 3>&- 9>&-
	say "status $?"
}

# The ports can be opened once only, so that a command could not open /dev/stderr: pipes between.
# The command is started from a subshell, which has no children whose end could interrupt it while
# it opens them.
run_on_pipes() {
	await /dev/vport0p3
	mkfifo out err in
	dd bs=32768 <out >/dev/vport0p1 2>/dev/null &
	relay_out=$!
	dd bs=32768 <err >/dev/vport0p2 2>/dev/null &
	relay_err=$!
	dd bs=32768 </dev/vport0p3 >in 2>/dev/null &
	phase ready
	(exec setsid /run/baton/busybox sh /run/baton/command <in >out 2>err 9>&-)
	say "status $?"
}

# Nothing of the command's outlives it; with its last process the pipes end, and so the relays.
end_processes() {
	for process in /proc/[0-9]*; do
		process=${process#/proc/}
		case " 1 $relay_out $relay_err " in
		*" $process "*) ;;
		*) kill -9 "$process" ;;
		esac
	done 2>/dev/null
}

# Behind all that the command wrote comes the mark by which the host knows that this was all.
end_streams() {
	wait "$relay_out" "$relay_err"
	printf %s "$job_mark" >/dev/vport0p1
	printf %s "$job_mark" >/dev/vport0p2
}

second() {
	cd /run/baton || fail "no memory"
	. ./job
	system
	if [ -n "$job_rows" ]; then
		run_on_terminal
	else
		run_on_pipes
	fi
	end_processes
	[ -n "$relay_out" ] && end_streams
	[ -n "$job_results" ] && umount "$job_results"
	say "done"
	wait_for_end
}

if [ "$1" = second ]; then
	second
else
	first
fi
