// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the archive format that the kernel unpacks as its first root: "newc" (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst). Needs no privilege, device nodes
 * included, and gives the same octets for the same input: times are zero, inodes count up.
 */
#ifndef BATON_TESTBED_GUEST_CPIO_H
#define BATON_TESTBED_GUEST_CPIO_H

#include <stdint.h>
#include <stdio.h>

#include "ref/base/view.h"

/* Writes to `to`; write errors stay in ferror(to). */
struct cpio {
	FILE *to;
	uint32_t inode;
	size_t size; /* octets written */
};

/* `name` without a leading slash; a folder stands before what is in it. `mode`: permissions. */
void cpio_dir(struct cpio *c, const char *name, unsigned mode);
void cpio_file(struct cpio *c, const char *name, unsigned mode, struct view content);
void cpio_link(struct cpio *c, const char *name, const char *target);
/* A character device. */
void cpio_device(struct cpio *c, const char *name, unsigned mode, unsigned major, unsigned minor);

/* The closing entry, padded so that another archive may follow directly. */
void cpio_end(struct cpio *c);

#endif
