// SPDX-License-Identifier: Apache-2.0
/*
 * What this machine has, found out without altering it: no module is loaded, nothing is created
 * that outlasts the question.
 */
#ifndef BATON_TESTBED_GUEST_HOST_H
#define BATON_TESTBED_GUEST_HOST_H

#include <stdbool.h>

enum host_feature {
	HOST_NAMESPACES, /* this user can make network namespaces, as root or in a user namespace */
	HOST_RADIOS,	 /* mac80211_hwsim is loaded, or can be by this user */
	HOST_ESP,	 /* IPsec ESP in the kernel */
	HOST_NETEM,	 /* delay and loss on links */
	HOST_IPIP,	 /* IP-in-IP tunnels */
	HOST_TUN,	 /* tun devices */
	HOST_NFTABLES,
	HOST_KVM,     /* /dev/kvm can be opened, and no guest was seen to fail with it */
	HOST_QEMU,    /* the program that runs the guest */
	HOST_BUSYBOX, /* a static one, which the guest starts with */
	HOST_KERNEL,  /* a kernel for the guest is here: installed, or in the cache */
	HOST_FEATURES
};

/*
 * Whether it is there. For a feature of the kernel: yes if its module is loaded, built in, or there
 * to be loaded when needed; else the thing is tried in a namespace that ends with the attempt.
 */
bool host_has(enum host_feature feature);

/* Whether a program is in $PATH or among the system programs. */
bool host_has_program(const char *name);

#endif
