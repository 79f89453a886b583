// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "testbed/guest/cpio.h"

/* One entry read back, by the format's own description. */
struct entry {
	unsigned mode, links, major, minor, inode;
	size_t size;
	const char *name, *content;
};

static unsigned hex(const char *at)
{
	char text[9] = "";

	memcpy(text, at, 8);
	return (unsigned)strtoul(text, NULL, 16);
}

/* Reads the entry at *at and moves behind it. */
static struct entry next(const char *archive, size_t *at)
{
	const char *h = archive + *at;
	struct entry e;
	size_t name_size;

	assert_memory_equal(h, "070701", 6);
	e.inode = hex(h + 6);
	e.mode = hex(h + 14);
	e.links = hex(h + 38);
	assert_int_equal(hex(h + 22), 0); /* uid */
	assert_int_equal(hex(h + 46), 0); /* mtime */
	e.size = hex(h + 54);
	e.major = hex(h + 78);
	e.minor = hex(h + 86);
	name_size = hex(h + 94);
	e.name = h + 110;
	assert_int_equal(strlen(e.name) + 1, name_size);
	*at = (*at + 110 + name_size + 3) & ~(size_t)3;
	e.content = archive + *at;
	*at = (*at + e.size + 3) & ~(size_t)3;
	return e;
}

static size_t write_sample(char **archive)
{
	size_t size = 0;
	struct cpio c = { .to = open_memstream(archive, &size) };

	assert_non_null(c.to);
	cpio_dir(&c, "dev", 0755);
	cpio_device(&c, "dev/ttyS1", 0600, 4, 65);
	cpio_file(&c, "init", 0755, view_text("#!/bin/sh\n"));
	cpio_file(&c, "empty", 0644, VIEW_EMPTY);
	cpio_link(&c, "lib", "usr/lib");
	cpio_end(&c);
	assert_int_equal(fclose(c.to), 0);
	assert_int_equal(c.size, size);
	return size;
}

static void entries_read_back(void **state)
{
	char *archive;
	size_t size = write_sample(&archive), at = 0;
	struct entry e;

	(void)state;
	e = next(archive, &at);
	assert_string_equal(e.name, "dev");
	assert_int_equal(e.mode, S_IFDIR | 0755);
	assert_int_equal(e.links, 2);
	e = next(archive, &at);
	assert_int_equal(e.mode, S_IFCHR | 0600);
	assert_int_equal(e.major, 4);
	assert_int_equal(e.minor, 65);
	e = next(archive, &at);
	assert_int_equal(e.mode, S_IFREG | 0755);
	assert_int_equal(e.size, 10);
	assert_memory_equal(e.content, "#!/bin/sh\n", 10);
	assert_int_equal(e.inode, 3);
	e = next(archive, &at);
	assert_int_equal(e.size, 0);
	e = next(archive, &at);
	assert_int_equal(e.mode, S_IFLNK | 0777);
	assert_memory_equal(e.content, "usr/lib", e.size);
	e = next(archive, &at);
	assert_string_equal(e.name, "TRAILER!!!");
	assert_true(at <= size);
	free(archive);
}

static void another_archive_may_follow(void **state)
{
	char *archive;
	size_t size = write_sample(&archive);

	(void)state;
	assert_int_equal(size % 512, 0);
	free(archive);
}

static void the_same_input_gives_the_same_octets(void **state)
{
	char *one, *two;
	size_t size = write_sample(&one);

	(void)state;
	assert_int_equal(write_sample(&two), size);
	assert_memory_equal(one, two, size);
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_read_back),
		cmocka_unit_test(another_archive_may_follow),
		cmocka_unit_test(the_same_input_gives_the_same_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
