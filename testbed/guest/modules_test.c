// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "testbed/guest/modules.h"

/* As depmod writes it: the whole closure on each line, what loads first at the end. */
static const char dep[] =
	"kernel/fs/netfs/netfs.ko:\n"
	"kernel/fs/fscache/fscache.ko: kernel/fs/netfs/netfs.ko\n"
	"kernel/net/9p/9pnet.ko:\n"
	"kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache/fscache.ko "
	"kernel/fs/netfs/netfs.ko\n"
	"kernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio.ko\n"
	"kernel/drivers/virtio/virtio.ko:\n"
	"kernel/crypto/ghash-generic.ko: kernel/crypto/gf128mul.ko\n"
	"kernel/crypto/gf128mul.ko:\n"
	"kernel/last.ko:";

static int position(const struct modules *m, const char *path)
{
	for (unsigned i = 0; i < m->count; i++) {
		if (strcmp(m->path[i], path) == 0)
			return (int)i;
	}
	return -1;
}

static void what_is_needed_comes_first_and_once(void **state)
{
	static const char *const wanted[] = { "9p", "9pnet_virtio", "9p", NULL };
	struct modules m;

	(void)state;
	assert_true(modules_closure(dep, wanted, &m, NULL));
	assert_int_equal(m.count, 6);
	assert_null(m.path[6]);
	assert_true(position(&m, "kernel/fs/netfs/netfs.ko") <
		position(&m, "kernel/fs/fscache/fscache.ko"));
	assert_true(
		position(&m, "kernel/fs/fscache/fscache.ko") < position(&m, "kernel/fs/9p/9p.ko"));
	assert_true(position(&m, "kernel/net/9p/9pnet.ko") < position(&m, "kernel/fs/9p/9p.ko"));
	assert_true(position(&m, "kernel/drivers/virtio/virtio.ko") <
		position(&m, "kernel/net/9p/9pnet_virtio.ko"));
	assert_int_equal(position(&m, "kernel/net/9p/9pnet_virtio.ko"), 5);
	modules_free(&m);
}

static void hyphen_and_underscore_are_the_same(void **state)
{
	static const char *const wanted[] = { "ghash_generic", NULL };
	struct modules m;

	(void)state;
	assert_true(modules_closure(dep, wanted, &m, NULL));
	assert_int_equal(m.count, 2);
	assert_string_equal(m.path[0], "kernel/crypto/gf128mul.ko");
	assert_string_equal(m.path[1], "kernel/crypto/ghash-generic.ko");
	modules_free(&m);
}

static void a_name_is_the_whole_name(void **state)
{
	(void)state;
	assert_true(modules_listed(dep, "9pnet"));
	assert_true(modules_listed(dep, "last"));
	assert_false(modules_listed(dep, "9pne"));
	assert_false(modules_listed(dep, "pnet"));
	assert_false(modules_listed(dep, "9pnet_virtio_x"));
	assert_false(modules_listed(dep, ""));
	assert_false(modules_listed("", "9p"));
}

static void modules_builtin_reads_as_well(void **state)
{
	(void)state;
	assert_true(modules_listed("kernel/net/ipv4/esp4.ko\nkernel/crypto/cbc.ko\n", "cbc"));
	assert_false(modules_listed("kernel/net/ipv4/esp4.ko\n", "esp6"));
}

static void what_is_missing_is_named(void **state)
{
	static const char *const wanted[] = { "9pnet", "nothing", NULL };
	const char *missing = NULL;
	struct modules m;

	(void)state;
	assert_false(modules_closure(dep, wanted, &m, &missing));
	assert_ptr_equal(missing, wanted[1]);
	modules_free(&m);
}

static void too_many_are_refused(void **state)
{
	static const char *const wanted[] = { "root", NULL };
	char text[MODULES_MAX * 16 + 64], *at = text;
	const char *missing = NULL;
	struct modules m;

	(void)state;
	at += sprintf(at, "kernel/root.ko:");
	for (unsigned i = 0; i < MODULES_MAX; i++)
		at += sprintf(at, " kernel/m%u.ko", i);
	assert_false(modules_closure(text, wanted, &m, &missing));
	assert_int_equal(m.count, MODULES_MAX);
	assert_string_equal(missing, "root");
	modules_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_needed_comes_first_and_once),
		cmocka_unit_test(hyphen_and_underscore_are_the_same),
		cmocka_unit_test(a_name_is_the_whole_name),
		cmocka_unit_test(modules_builtin_reads_as_well),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(too_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
