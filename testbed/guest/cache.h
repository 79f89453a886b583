// SPDX-License-Identifier: Apache-2.0
/*
 * The folder of what is built once and kept. Everything in it appears at once under its final
 * name, by rename from a temporary one, and building is under a lock that dies with its holder:
 * several runs at once do not disturb each other, nor does one that is killed.
 */
#ifndef BATON_TESTBED_GUEST_CACHE_H
#define BATON_TESTBED_GUEST_CACHE_H

#include "ref/base/view.h"

struct cache {
	char *dir; /* absolute */
	int lock;
};

/* Opens the cache, creating the folder. 0, or -1 after a message; cache_close in either case. */
int cache_open(struct cache *c);

/* Opens it only to look what is there: creates nothing, prints nothing. */
int cache_look(struct cache *c);

/* Waits until nobody else builds, and removes what killed builders left. 0, or -1 with message. */
int cache_lock(struct cache *c);

/*
 * The path of an entry, and of a temporary one beside it for its maker to fill (only under the
 * lock). The caller frees them.
 */
char *cache_path(const struct cache *c, const char *name);
char *cache_temporary(const struct cache *c, const char *name);

/* Writes an entry. Under the lock. `what` it is, for the message. 0, or -1 after it. */
int cache_store(const struct cache *c, const char *name, struct view content, const char *what);

/* Gives `temporary` its final name. 0, or -1 with a message and `temporary` removed. */
int cache_commit(const char *temporary, const char *final);

/* The message that `what` could not be written there because of errno. -1. */
int cache_complain(const struct cache *c, const char *what);

/* Gives back the lock, if it is held, and what the structure owns. */
void cache_close(struct cache *c);

#endif
