// SPDX-License-Identifier: Apache-2.0
/*
 * Where Baton's own files lie: its data (suites, topologies, templates, the guest's first program)
 * and its cache (kernel and initramfs of the guest).
 *
 * Every function returns a string that the caller frees. Out of memory ends the process.
 */
#ifndef BATON_TESTBED_UTIL_PATHS_H
#define BATON_TESTBED_UTIL_PATHS_H

/*
 * The folder that holds suites/, topology/, vectors/, reports/ and testbed/: $BATON_ROOT if set,
 * else found from the running program: the source tree above build/bin/baton, or share/baton
 * beside an installed bin/baton. NULL when there is none.
 */
char *baton_root(void);

/* `relative` below baton_root(), whether it exists or not. NULL when there is no root. */
char *baton_file(const char *relative);

/*
 * The folder for what is built once and kept: $BATON_CACHE, else $XDG_CACHE_HOME/baton, else
 * .cache/baton in the home folder. Absolute; not created. NULL when there is no home folder.
 */
char *baton_cache(void);

/* printf into a new string. */
char *path_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
