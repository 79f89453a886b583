// SPDX-License-Identifier: Apache-2.0
/*
 * The two files that a guest starts from: the kernel proper, and an initramfs of busybox, init.sh
 * and the modules that it takes to see the host's files. Built once for each content, kept in the
 * cache.
 */
#ifndef BATON_TESTBED_GUEST_BOOT_H
#define BATON_TESTBED_GUEST_BOOT_H

#include "testbed/guest/job.h"
#include "testbed/guest/kernel.h"

struct boot {
	char *kernel;	 /* path; the vmlinuz itself where it cannot be unpacked */
	char *initramfs; /* path */
};

/* Makes or finds both. 0, or -1 after a message; boot_free in either case. */
int boot_prepare(struct boot *b, const struct guest_kernel *k);

/* Releases the paths; the files stay in the cache. */
void boot_free(struct boot *b);

/*
 * A descriptor of a file in memory: the initramfs followed by an archive of what `job` says. -1
 * after a message.
 */
int boot_initrd(const struct boot *b, const struct job *job);

/* The path of a static busybox; the caller frees it. NULL when there is none. */
char *boot_busybox(void);

#endif
