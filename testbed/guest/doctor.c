// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "testbed/guest/accel.h"
#include "testbed/guest/cmd.h"
#include "testbed/guest/guest.h"
#include "testbed/guest/host.h"
#include "testbed/guest/tool.h"

#define PACKAGES_MAX 32

/* What was found missing on the way. */
struct diagnosis {
	const char *packages[PACKAGES_MAX]; /* to install */
	unsigned package_count;
	bool native; /* everything of the kernel is on this machine */
	bool guest;  /* a guest can be run */
};

static const struct {
	enum host_feature feature;
	const char *name, *use;
} kernel_rows[] = {
	{ HOST_RADIOS, "mac80211_hwsim", "simulated 802.11 radios" },
	{ HOST_ESP, "esp4, xfrm_user", "ESP tunnels between mobile node and access router" },
	{ HOST_NETEM, "sch_netem", "delay and loss on links" },
	{ HOST_IPIP, "ipip", "IP-in-IP tunnels" },
	{ HOST_TUN, "tun", "tun devices" },
	{ HOST_NFTABLES, "nf_tables", "buffering at the access router" },
};

static const struct {
	const char *program, *package, *use;
	bool guest; /* the guest cannot do without it */
} program_rows[] = {
	{ "depmod", "kmod", "the guest's modules", true },
	{ "dpkg-deb", "dpkg", "unpacks the guest's kernel", true },
	{ "xz", "xz-utils", "unpacks it further, so that it boots faster", false },
	{ "hostapd", "hostapd", "access points", false },
	{ "wpa_supplicant", "wpasupplicant", "stations", false },
	{ "dnsmasq", "dnsmasq-base", "DHCP servers", false },
	{ "ip", "iproute2", "looking into namespaces", false },
	{ "iw", "iw", "looking at radios", false },
	{ "nft", "nftables", "looking at filters", false },
	{ "tcpdump", "tcpdump", "captures by hand", false },
	{ "tshark", "tshark", "third decoder of vectors and captures", false },
	{ "python3", "python3-scapy", "generators of vectors", false },
	{ "chromium", "chromium", "test of the HTML report", false },
	{ "chromedriver", "chromium-driver", "test of the HTML report", false },
};

static void row(const char *state, const char *name, const char *words)
{
	printf("  %-4s %-18s %s\n", state, name, words);
}

static void missing(struct diagnosis *d, const char *package)
{
	for (unsigned i = 0; i < d->package_count; i++) {
		if (strcmp(d->packages[i], package) == 0)
			return;
	}
	if (d->package_count < PACKAGES_MAX)
		d->packages[d->package_count++] = package;
}

static void examine_kernel(struct diagnosis *d)
{
	d->native = host_has(HOST_NAMESPACES);
	puts("This kernel, for runs without a guest");
	if (d->native)
		row("yes", "namespaces",
			geteuid() == 0 ? "as root" : "in a user namespace, no root");
	else
		row("no", "namespaces",
			"user namespaces are off: 'sudo sysctl -w user.max_user_namespaces=10000 "
			"kernel.unprivileged_userns_clone=1', or run as root");
	for (unsigned i = 0; i < sizeof(kernel_rows) / sizeof(kernel_rows[0]); i++) {
		bool has = host_has(kernel_rows[i].feature);

		row(has ? "yes" : "no", kernel_rows[i].name, kernel_rows[i].use);
		d->native &= has;
	}
}

static void examine_kvm(void)
{
	switch (kvm_state()) {
	case KVM_WORKS:
		row("yes", "KVM", "makes guests on the real clock fast");
		return;
	case KVM_UNTRIED:
		row("?", "KVM", "/dev/kvm is there; the next guest on the real clock tries it");
		return;
	case KVM_BROKEN:
		row("no", "KVM", "/dev/kvm is there, but no guest starts with it; not needed");
		return;
	case KVM_FORBIDDEN:
		row("no", "KVM", "/dev/kvm is not yours ('sudo adduser $USER kvm'); not needed");
		return;
	case KVM_ABSENT:
		row("no", "KVM", "not needed; guests are emulated");
		return;
	}
}

static void examine_guest(struct diagnosis *d)
{
	bool qemu = host_has(HOST_QEMU), busybox = host_has(HOST_BUSYBOX);
	bool kernel = host_has(HOST_KERNEL);
	bool fetch = host_has_program("apt-get") && host_has_program("apt-cache");

	puts("\nThe guest, which supplies what this kernel lacks");
	row(qemu ? "yes" : "no", "QEMU", "package qemu-system-x86");
	row(busybox ? "yes" : "no", "static busybox", "package busybox-static");
	if (!qemu)
		missing(d, "qemu-system-x86");
	if (!busybox)
		missing(d, "busybox-static");
	if (kernel)
		row("yes", "kernel", "Debian's own");
	else if (fetch)
		row("yes", "kernel", "will be downloaded at the first run (70 MB; 600 MB of disk)");
	else
		row("no", "kernel", "no apt-get to download it: see BATON_KERNEL in docs/guest.md");
	examine_kvm();
	d->guest = qemu && busybox && (kernel || fetch);
}

static void examine_programs(struct diagnosis *d)
{
	puts("\nPrograms");
	for (unsigned i = 0; i < sizeof(program_rows) / sizeof(program_rows[0]); i++) {
		bool has = host_has_program(program_rows[i].program);

		row(has ? "yes" : "no", program_rows[i].program, program_rows[i].use);
		if (has)
			continue;
		missing(d, program_rows[i].package);
		if (program_rows[i].guest)
			d->guest = false;
	}
}

/* The last lines: what it all means, and what to do. */
static int conclude(const struct diagnosis *d)
{
	putchar('\n');
	if (guest_inside())
		puts("This is a guest: everything runs here.");
	else if (d->native)
		puts("Networks with radios and tunnels run on this machine itself; measurements on "
		     "the virtual\nclock run in the guest.");
	else if (d->guest)
		puts("Networks with radios and tunnels run in the guest: 'baton guest -- COMMAND', "
		     "or "
		     "by\nthemselves where a command says so.");
	else
		puts("Networks with radios and tunnels cannot be run here.");
	if (d->package_count > 0) {
		fputs("To install what is missing: sudo apt-get install", stdout);
		for (unsigned i = 0; i < d->package_count; i++)
			printf(" %s", d->packages[i]);
		putchar('\n');
	}
	return d->package_count == 0 && (d->native || d->guest || guest_inside()) ? 0 : 1;
}

int cmd_doctor(int argc, char **argv)
{
	struct diagnosis d = { .package_count = 0 };

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("usage: baton doctor\n\nSays what this machine can and cannot do, and what to "
		     "install. Changes nothing.\nExit status 0: everything is there.");
		return 0;
	}
	if (argc > 1) {
		tool_complain("doctor: %s: takes no arguments", argv[1]);
		return 2;
	}
	examine_kernel(&d);
	examine_guest(&d);
	examine_programs(&d);
	return conclude(&d);
}
