// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest/cpio.h"

#include <string.h>
#include <sys/stat.h>

#define BLOCK 512 /* what the archive's end is padded to, as cpio(1) does */

static void put(struct cpio *c, const void *data, size_t size)
{
	if (size > 0)
		fwrite(data, 1, size, c->to);
	c->size += size;
}

static void pad(struct cpio *c, size_t multiple)
{
	static const char zeros[BLOCK];

	put(c, zeros, (multiple - c->size % multiple) % multiple);
}

/* One header of 13 fields in hexadecimal, the name, and the content, both padded to 4 octets. */
static void entry(struct cpio *c, const char *name, unsigned mode, struct view content,
	unsigned major, unsigned minor)
{
	char header[128]; /* 6 + 13 * 8 and the zero */
	size_t name_size = strlen(name) + 1;
	unsigned links = S_ISDIR(mode) ? 2 : 1;

	snprintf(header, sizeof(header),
		"070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++c->inode, mode, 0,
		0, links, 0, (unsigned)content.size, 0, 0, major, minor, (unsigned)name_size, 0);
	put(c, header, strlen(header));
	put(c, name, name_size);
	pad(c, 4);
	put(c, content.data, content.size);
	pad(c, 4);
}

void cpio_dir(struct cpio *c, const char *name, unsigned mode)
{
	entry(c, name, S_IFDIR | mode, VIEW_EMPTY, 0, 0);
}

void cpio_file(struct cpio *c, const char *name, unsigned mode, struct view content)
{
	entry(c, name, S_IFREG | mode, content, 0, 0);
}

void cpio_link(struct cpio *c, const char *name, const char *target)
{
	entry(c, name, S_IFLNK | 0777, view_text(target), 0, 0);
}

void cpio_device(struct cpio *c, const char *name, unsigned mode, unsigned major, unsigned minor)
{
	entry(c, name, S_IFCHR | mode, VIEW_EMPTY, major, minor);
}

void cpio_end(struct cpio *c)
{
	entry(c, "TRAILER!!!", 0, VIEW_EMPTY, 0, 0);
	pad(c, BLOCK);
}
