// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "testbed/guest/kernel.h"
#include "testbed/guest/tool.h"
#include "testbed/util/paths.h"

#define SETUP_SECTORS 2
#define PAYLOAD_OFFSET 64
#define START ((1 + SETUP_SECTORS) * 512 + PAYLOAD_OFFSET)

static void put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* A vmlinuz around `kernel`, packed with `packer`; the caller frees it. */
static struct view image(char *packer, struct view kernel)
{
	char *argv[] = { packer, "-c", NULL };
	uint8_t *packed, *all;
	size_t size;

	packed = tool_filter(argv, kernel, &size);
	assert_non_null(packed);
	all = calloc(1, START + size + 4);
	assert_non_null(all);
	all[0x1f1] = SETUP_SECTORS;
	memcpy(all + 0x202, "HdrS\x0f\x02", 6);
	put32(all + 0x248, PAYLOAD_OFFSET);
	put32(all + 0x24c, (uint32_t)size + 4);
	memcpy(all + START, packed, size);
	put32(all + START + size, (uint32_t)kernel.size);
	free(packed);
	return VIEW(all, START + size + 4);
}

static void the_kernel_inside_comes_out(void **state)
{
	char *packers[] = { "xz", "gzip" };
	const struct view kernel = view_text("\x7f"
					     "ELF and so on");

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct view v = image(packers[i], kernel);
		size_t size;
		uint8_t *out = guest_kernel_unpack(v, &size);

		assert_non_null(out);
		assert_true(view_equal(VIEW(out, size), kernel));
		free(out);
		free((void *)v.data);
	}
}

static void what_is_not_a_kernel_does_not(void **state)
{
	struct view v = image("gzip", view_text("no ELF image at all"));
	size_t size;

	(void)state;
	assert_null(guest_kernel_unpack(v, &size));
	free((void *)v.data);
	assert_null(guest_kernel_unpack(view_text("short"), &size));
}

static void lengths_that_lie_are_refused(void **state)
{
	static const uint32_t lies[] = { 0, 4, 0x7fffffff, 0xffffffff };
	struct view v = image("gzip",
		view_text("\x7f"
			  "ELF and so on"));
	uint8_t *octets = (uint8_t *)v.data;
	size_t size;

	(void)state;
	for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		put32(octets + 0x24c, lies[i]);
		assert_null(guest_kernel_unpack(v, &size));
	}
	put32(octets + 0x24c, 64);
	put32(octets + 0x248, 0xfffffff0);
	assert_null(guest_kernel_unpack(v, &size));
	free(octets);
}

static void make_file(const char *root, const char *path, const char *text)
{
	char *all = path_format("%s/%s", root, path), *slash = strrchr(all, '/');
	FILE *to;

	*slash = '\0';
	assert_int_equal(tool_make_folders(all), 0);
	*slash = '/';
	to = fopen(all, "w");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
	free(all);
}

#define DEP(more)                                                                                  \
	"a/virtio_pci.ko:\na/9p.ko:\na/9pnet_virtio.ko:\na/overlay.ko:\na/"                        \
	"virtio_console.ko:\n" more

static void the_newest_that_has_all_is_taken(void **state)
{
	char root[] = "/tmp/kernel_test.XXXXXX";
	struct guest_kernel k;

	(void)state;
	assert_non_null(mkdtemp(root));
	setenv("BATON_KERNEL", root, 1);
	assert_int_equal(guest_kernel_find(&k, false), -1);
	guest_kernel_free(&k);
	make_file(root, "boot/vmlinuz-6.1.0-9-amd64", "");
	make_file(root, "lib/modules/6.1.0-9-amd64/modules.dep", DEP("a/mac80211_hwsim.ko:\n"));
	make_file(root, "boot/vmlinuz-6.1.0-10-amd64", "");
	make_file(root, "lib/modules/6.1.0-10-amd64/modules.dep", DEP("a/mac80211_hwsim.ko:\n"));
	make_file(root, "boot/vmlinuz-6.1.0-11-cloud-amd64", ""); /* without radios */
	make_file(root, "lib/modules/6.1.0-11-cloud-amd64/modules.dep", DEP(""));
	make_file(root, "boot/vmlinuz-6.1.0-12-amd64", ""); /* without modules */
	assert_int_equal(guest_kernel_find(&k, false), 0);
	assert_string_equal(k.release, "6.1.0-10-amd64");
	guest_kernel_free(&k);
	unsetenv("BATON_KERNEL");
	tool_remove(root);
	assert_int_not_equal(access(root, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_inside_comes_out),
		cmocka_unit_test(what_is_not_a_kernel_does_not),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(the_newest_that_has_all_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
