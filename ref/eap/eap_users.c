// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/eap/eap_method.h"

/* Rows in the order they came, an index of the exact identities by hash, and the patterns. */
struct eap_users {
	struct eap_user *rows;
	size_t count, room;
	uint32_t *slots; /* row number + 1, 0 free; twice as many as there is room for rows */
	size_t *patterns;
	size_t pattern_count;
};

struct eap_users *eap_users_new(void)
{
	return eap_alloc(sizeof(struct eap_users));
}

void eap_users_free(struct eap_users *users)
{
	if (!users)
		return;
	if (users->rows)
		wipe(users->rows, users->room * sizeof(*users->rows));
	free(users->rows);
	free(users->slots);
	free(users->patterns);
	free(users);
}

/* FNV-1a; `of` is a power of two. */
static size_t slot_of(const char *identity, size_t of)
{
	uint64_t hash = 14695981039346656037u;
	for (const char *c = identity; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32) & (of - 1);
}

static void index_row(struct eap_users *users, size_t row)
{
	size_t of = 2 * users->room, slot = slot_of(users->rows[row].identity, of);

	while (users->slots[slot])
		slot = (slot + 1) & (of - 1);
	users->slots[slot] = (uint32_t)row + 1;
}

static struct eap_user *find_exact(const struct eap_users *users, const char *identity)
{
	size_t of = 2 * users->room, slot = of ? slot_of(identity, of) : 0;

	for (; of && users->slots[slot]; slot = (slot + 1) & (of - 1)) {
		struct eap_user *row = &users->rows[users->slots[slot] - 1];
		if (!strcmp(row->identity, identity))
			return row;
	}
	return NULL;
}

/* Moves the rows by hand: realloc would leave copies of secrets behind. */
static void grow(struct eap_users *users)
{
	size_t room = users->room ? users->room * 2 : 16;
	struct eap_user *rows = eap_alloc(room * sizeof(*rows));
	size_t *patterns = eap_alloc(room * sizeof(*patterns));

	if (users->rows) {
		memcpy(rows, users->rows, users->count * sizeof(*rows));
		memcpy(patterns, users->patterns, users->pattern_count * sizeof(*patterns));
		wipe(users->rows, users->room * sizeof(*rows));
	}
	free(users->rows);
	free(users->patterns);
	free(users->slots);
	users->rows = rows;
	users->patterns = patterns;
	users->slots = eap_alloc(2 * room * sizeof(*users->slots));
	users->room = room;
	for (size_t i = 0; i < users->count; i++)
		index_row(users, i);
}

int eap_users_add(struct eap_users *users, const struct eap_user *user)
{
	if (!*user->identity || find_exact(users, user->identity))
		return -1;
	if (users->count == users->room)
		grow(users);
	users->rows[users->count] = *user;
	index_row(users, users->count);
	if (*user->identity == '*')
		users->patterns[users->pattern_count++] = users->count;
	users->count++;
	return 0;
}

/* Whether `pattern`, a star and an end, fits; how long the end is, or -1. */
static int pattern_fits(const char *pattern, const char *identity)
{
	size_t size = strlen(identity), tail = strlen(pattern) - 1;

	if (tail > size || strcmp(identity + size - tail, pattern + 1) != 0)
		return -1;
	return (int)tail;
}

bool eap_users_find(void *table, const char *identity, struct eap_user *user)
{
	struct eap_users *users = table;
	const struct eap_user *found = find_exact(users, identity);
	int best = -1;

	for (size_t i = 0; !found && i < users->pattern_count; i++) {
		const struct eap_user *row = &users->rows[users->patterns[i]];
		int how = pattern_fits(row->identity, identity);
		if (how <= best)
			continue;
		best = how;
		*user = *row;
	}
	if (found)
		*user = *found;
	return found || best >= 0;
}
