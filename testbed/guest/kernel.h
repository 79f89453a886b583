// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel that a guest boots: Debian's stock one. In this order: $BATON_KERNEL, a folder that a
 * package linux-image-* was unpacked to; the host's own, if it is such a kernel (/boot and
 * /lib/modules); one in the cache; the package linux-image-amd64, downloaded by apt-get (with
 * Debian's signatures checked) and unpacked into the cache, not installed.
 */
#ifndef BATON_TESTBED_GUEST_KERNEL_H
#define BATON_TESTBED_GUEST_KERNEL_H

#include <stdbool.h>

#include "ref/base/view.h"

struct guest_kernel {
	char *release; /* as uname -r says it there */
	char *image;   /* path of the vmlinuz */
	char *modules; /* folder with modules.dep, kernel/... */
	char *dep;     /* the text of modules.dep */
};

/* What the initramfs loads before it can see the host's files. NULL-terminated. */
extern const char *const guest_kernel_boot_modules[];

/*
 * Finds a kernel; `fetch`: downloads one if there is none. 0, or -1: with `fetch` after a message,
 * without silently. guest_kernel_free in either case.
 */
int guest_kernel_find(struct guest_kernel *k, bool fetch);

/* Releases the paths and texts; the files stay. */
void guest_kernel_free(struct guest_kernel *k);

/*
 * The kernel proper (an ELF image), which is packed inside a vmlinuz: booting it saves the emulated
 * processor the unpacking. The caller frees it. NULL when it is packed in a way that no tool here
 * unpacks.
 */
uint8_t *guest_kernel_unpack(struct view image, size_t *size);

#endif
