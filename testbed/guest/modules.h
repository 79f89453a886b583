// SPDX-License-Identifier: Apache-2.0
/*
 * Which kernel modules have to be loaded, and in which order, to have a set of modules: read from
 * the modules.dep that depmod(8) writes.
 */
#ifndef BATON_TESTBED_GUEST_MODULES_H
#define BATON_TESTBED_GUEST_MODULES_H

#include <stdbool.h>

#define MODULES_MAX 256

/* Paths below the folder of modules.dep, each after all that it needs. Ends with NULL. */
struct modules {
	char *path[MODULES_MAX + 1];
	unsigned count;
};

/*
 * The closure of `wanted` (names as modprobe takes them, '-' and '_' alike, NULL-terminated) after
 * `dep`, the text of a modules.dep. False when one is not listed or there are more than
 * MODULES_MAX; then *missing (if not NULL) is that name. modules_free in either case.
 */
bool modules_closure(const char *dep, const char *const *wanted, struct modules *out,
	const char **missing);

/* Whether modules.dep lists a module of that name. */
bool modules_listed(const char *dep, const char *name);

/* Releases the paths. */
void modules_free(struct modules *m);

#endif
