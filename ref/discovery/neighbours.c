// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "ref/discovery/neighbours.h"

#define DISTRUSTED_MAX 64

struct distrusted {
	uint8_t bssid[6];
	struct endpoint agent;
	int64_t until;
};

struct neighbours {
	unsigned max, count;
	int64_t max_age;
	struct neighbour *list; /* ordered by BSSID */
	unsigned distrusted_count;
	struct distrusted distrusted[DISTRUSTED_MAX]; /* the oldest first */
};

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);
	if (!p)
		abort();
	return p;
}

struct neighbours *neighbours_new(unsigned max, int64_t max_age)
{
	struct neighbours *t = allocate(1, sizeof(*t));

	t->max = max;
	t->max_age = max_age;
	t->list = allocate(max, sizeof(*t->list));
	return t;
}

void neighbours_free(struct neighbours *t)
{
	if (!t)
		return;
	free(t->list);
	free(t);
}

static const char *const names[] = { "static", "agent", "beacon" };

const char *neighbour_source_name(enum neighbour_source source)
{
	return source < NEIGHBOUR_SOURCES ? names[source] : "?";
}

enum neighbour_source neighbour_source_by_name(const char *name)
{
	unsigned i = 0;

	while (i < NEIGHBOUR_SOURCES && strcmp(names[i], name) != 0)
		i++;
	return (enum neighbour_source)i;
}

/* --- the list --------------------------------------------------------------------------------- */

/* Where it is, or would be. */
static unsigned place_of(const struct neighbours *t, const uint8_t bssid[6])
{
	unsigned low = 0, high = t->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (memcmp(t->list[middle].bssid, bssid, 6) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct neighbour *find(const struct neighbours *t, const uint8_t bssid[6])
{
	unsigned i = place_of(t, bssid);
	return i < t->count && memcmp(t->list[i].bssid, bssid, 6) == 0 ? &t->list[i] : NULL;
}

static void take_out(struct neighbours *t, struct neighbour *n)
{
	size_t behind = (size_t)(t->list + t->count - (n + 1));

	memmove(n, n + 1, behind * sizeof(*n));
	t->count--;
}

static bool is_claim_only(const struct neighbour *n)
{
	return !n->records[NEIGHBOUR_STATIC].known && !n->records[NEIGHBOUR_AGENT].known;
}

/* Who claims most recently stays: a flood of forged beacons costs nothing but other claims. */
static bool make_room(struct neighbours *t)
{
	struct neighbour *oldest = NULL;

	if (t->count < t->max)
		return true;
	for (unsigned i = 0; i < t->count; i++)
		if (is_claim_only(&t->list[i]) &&
			(!oldest || t->list[i].records[NEIGHBOUR_BEACON].learnt <
				oldest->records[NEIGHBOUR_BEACON].learnt))
			oldest = &t->list[i];
	if (!oldest)
		return false;
	take_out(t, oldest);
	return true;
}

static struct neighbour *add(struct neighbours *t, const uint8_t bssid[6])
{
	if (!make_room(t))
		return NULL;
	unsigned i = place_of(t, bssid);
	memmove(&t->list[i + 1], &t->list[i], (t->count - i) * sizeof(*t->list));
	t->count++;
	t->list[i] = (struct neighbour){ .frequency = 0 };
	memcpy(t->list[i].bssid, bssid, 6);
	return &t->list[i];
}

/* Entries without a record go. */
static void sweep(struct neighbours *t)
{
	for (unsigned i = t->count; i-- > 0;)
		if (is_claim_only(&t->list[i]) && !t->list[i].records[NEIGHBOUR_BEACON].known)
			take_out(t, &t->list[i]);
}

/* --- trust ------------------------------------------------------------------------------------ */

static const char *contradiction(const struct neighbour *n, enum neighbour_source source,
	const struct ap_info *info)
{
	const char *field = NULL;

	for (unsigned better = 0; better < source && !field; better++)
		if (n->records[better].known)
			field = ap_info_contradiction(&n->records[better].info, info);
	return field;
}

const char *neighbour_conflict(const struct neighbour *n, enum neighbour_source source)
{
	const struct neighbour_record *r = &n->records[source];
	return r->known ? contradiction(n, source, &r->info) : NULL;
}

const char *neighbours_contradiction(const struct neighbours *t, const uint8_t bssid[6],
	enum neighbour_source source, const struct ap_info *info)
{
	const struct neighbour *n = find(t, bssid);
	return n ? contradiction(n, source, info) : NULL;
}

const struct endpoint *neighbour_agent(const struct neighbour *n, uint8_t family,
	enum neighbour_source *source)
{
	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++) {
		const struct neighbour_record *r = &n->records[s];
		if (!r->known || !r->info.agent_count ||
			neighbour_conflict(n, (enum neighbour_source)s))
			continue;
		/* The best source that names agents decides, whatever family it names. */
		*source = (enum neighbour_source)s;
		for (unsigned i = 0; i < r->info.agent_count; i++)
			if (!family || r->info.agents[i].family == family)
				return &r->info.agents[i];
		return NULL;
	}
	return NULL;
}

const struct endpoint *neighbour_address(const struct neighbour *n, enum neighbour_source *source)
{
	for (unsigned s = 0; s < NEIGHBOUR_SOURCES; s++) {
		const struct neighbour_record *r = &n->records[s];
		if (!r->known || !r->info.address_count ||
			neighbour_conflict(n, (enum neighbour_source)s))
			continue;
		*source = (enum neighbour_source)s;
		return &r->info.addresses[0];
	}
	return NULL;
}

static bool names_agent(const struct ap_info *info, const struct endpoint *agent)
{
	for (unsigned i = 0; i < info->agent_count; i++)
		if (endpoint_equal(&info->agents[i], agent))
			return true;
	return false;
}

static bool is_distrusted(const struct neighbours *t, const struct neighbour_lesson *l, int64_t now)
{
	for (unsigned i = 0; i < t->distrusted_count; i++) {
		const struct distrusted *d = &t->distrusted[i];
		if (d->until > now && memcmp(d->bssid, l->bssid, 6) == 0 &&
			names_agent(&l->info, &d->agent))
			return true;
	}
	return false;
}

static void drop_distrusted(struct neighbours *t, unsigned index)
{
	t->distrusted_count--;
	memmove(&t->distrusted[index], &t->distrusted[index + 1],
		(t->distrusted_count - index) * sizeof(t->distrusted[0]));
}

static void distrust(struct neighbours *t, const uint8_t bssid[6], const struct endpoint *agent,
	int64_t until)
{
	if (t->distrusted_count == DISTRUSTED_MAX)
		drop_distrusted(t, 0);
	struct distrusted *d = &t->distrusted[t->distrusted_count++];
	d->agent = *agent;
	d->until = until;
	memcpy(d->bssid, bssid, 6);
}

bool neighbours_failed(struct neighbours *t, const uint8_t bssid[6], const struct endpoint *agent,
	int64_t seconds, int64_t now)
{
	struct neighbour *n = find(t, bssid);
	struct neighbour_record *r = n ? &n->records[NEIGHBOUR_BEACON] : NULL;

	if (seconds)
		distrust(t, bssid, agent, now + seconds);
	if (!r || !r->known || !names_agent(&r->info, agent))
		return false;
	*r = (struct neighbour_record){ .known = false };
	sweep(t);
	return true;
}

bool neighbours_distrusted(const struct neighbours *t, unsigned index, const uint8_t **bssid,
	const struct endpoint **agent, int64_t *until)
{
	if (index >= t->distrusted_count)
		return false;
	*bssid = t->distrusted[index].bssid;
	*agent = &t->distrusted[index].agent;
	*until = t->distrusted[index].until;
	return true;
}

/* --- learning --------------------------------------------------------------------------------- */

/* The agent speaks of an access point that is its own. */
static bool is_own(const struct neighbour_record *r)
{
	for (unsigned i = 0; i < r->info.agent_count; i++)
		if (r->info.agents[i].family == r->teller.family &&
			memcmp(r->info.agents[i].address, r->teller.address, 16) == 0)
			return true;
	return false;
}

/* FAP §6.2: an agent does not change what another, whose access point it is, has said. */
static bool is_overruled(const struct neighbour *n, const struct neighbour_lesson *l)
{
	const struct neighbour_record *r = &n->records[NEIGHBOUR_AGENT];

	if (l->source != NEIGHBOUR_AGENT || !r->known || ap_info_equal(&r->info, &l->info) ||
		endpoint_equal(&r->teller, &l->teller))
		return false;
	/* what is remembered of before gives way to what is heard now, not the other way round */
	return is_own(r) && (!r->remembered || l->remembered);
}

static bool is_old(const struct neighbours *t, const struct neighbour_record *r, int64_t now)
{
	return t->max_age && r->learnt < now - t->max_age;
}

static void note_names(struct neighbour *n, const struct neighbour_lesson *l)
{
	if (l->name && l->name[0])
		snprintf(n->name, sizeof(n->name), "%s", l->name);
	/* the owner's word on the network's name stays */
	bool owner = n->records[NEIGHBOUR_STATIC].known && n->ssid[0] &&
		l->source != NEIGHBOUR_STATIC;
	if (l->ssid && l->ssid[0] && !owner)
		snprintf(n->ssid, sizeof(n->ssid), "%s", l->ssid);
	if (l->frequency)
		n->frequency = l->frequency;
}

static enum neighbour_verdict put(struct neighbour *n, const struct neighbour_lesson *l,
	int64_t learnt)
{
	struct neighbour_record *r = &n->records[l->source];
	struct neighbour_record before = *r;
	bool same = before.known && ap_info_equal(&before.info, &l->info);

	/* Memory adds nothing to what was heard since. */
	if (l->remembered && before.known && !before.remembered)
		return NEIGHBOUR_SAME;
	*r = (struct neighbour_record){ .known = true,
		.remembered = l->remembered,
		.learnt = learnt,
		.teller = l->teller,
		.info = l->info };
	n->changes += before.known && !same;
	if (neighbour_conflict(n, l->source))
		return NEIGHBOUR_CONTRADICTS;
	note_names(n, l);
	return same ? NEIGHBOUR_SAME : before.known ? NEIGHBOUR_CHANGED : NEIGHBOUR_NEW;
}

enum neighbour_verdict neighbours_learn(struct neighbours *t, const struct neighbour_lesson *l,
	int64_t now)
{
	int64_t learnt = l->remembered && l->learnt < now ? l->learnt : now;
	struct neighbour_record as_if = { .learnt = learnt };
	struct neighbour *n = find(t, l->bssid);

	if (l->source != NEIGHBOUR_STATIC && is_old(t, &as_if, now))
		return NEIGHBOUR_OLD;
	if (l->source == NEIGHBOUR_BEACON && is_distrusted(t, l, now))
		return NEIGHBOUR_DISTRUSTED;
	if (n && is_overruled(n, l)) {
		n->disputes++;
		return NEIGHBOUR_OVERRULED;
	}
	if (!n)
		n = add(t, l->bssid);
	return n ? put(n, l, learnt) : NEIGHBOUR_FULL;
}

unsigned neighbours_expire(struct neighbours *t, int64_t now)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < t->count; i++)
		for (unsigned s = NEIGHBOUR_AGENT; s < NEIGHBOUR_SOURCES; s++) {
			struct neighbour_record *r = &t->list[i].records[s];
			if (!r->known || !is_old(t, r, now))
				continue;
			*r = (struct neighbour_record){ .known = false };
			gone++;
		}
	for (unsigned i = t->distrusted_count; i-- > 0;)
		if (t->distrusted[i].until <= now)
			drop_distrusted(t, i);
	sweep(t);
	return gone;
}

unsigned neighbours_forget(struct neighbours *t, const uint8_t bssid[6])
{
	unsigned gone = 0;

	for (unsigned i = 0; i < t->count; i++) {
		if (bssid && memcmp(t->list[i].bssid, bssid, 6) != 0)
			continue;
		for (unsigned s = NEIGHBOUR_AGENT; s < NEIGHBOUR_SOURCES; s++) {
			gone += t->list[i].records[s].known;
			t->list[i].records[s] = (struct neighbour_record){ .known = false };
		}
	}
	sweep(t);
	return gone;
}

/* --- looking ---------------------------------------------------------------------------------- */

unsigned neighbours_count(const struct neighbours *t)
{
	return t->count;
}

const struct neighbour *neighbours_at(const struct neighbours *t, unsigned index)
{
	return index < t->count ? &t->list[index] : NULL;
}

const struct neighbour *neighbours_find(const struct neighbours *t, const uint8_t bssid[6])
{
	return find(t, bssid);
}

/* Whether `n` is a better choice than `m`, which may be NULL. */
static bool is_better(const struct neighbour *n, const struct neighbour *m)
{
	enum neighbour_source ours, theirs;

	if (!neighbour_agent(n, 0, &ours))
		return false;
	if (!m || !neighbour_agent(m, 0, &theirs))
		return true;
	if (ours != theirs)
		return ours < theirs;
	return n->records[ours].learnt > m->records[theirs].learnt;
}

const struct neighbour *neighbours_named(const struct neighbours *t, const char *name)
{
	const struct neighbour *best = NULL;

	for (unsigned i = 0; i < t->count; i++)
		if (strcmp(t->list[i].name, name) == 0 && name[0])
			return &t->list[i];
	for (unsigned i = 0; i < t->count; i++)
		if (strcmp(t->list[i].ssid, name) == 0 && name[0] && is_better(&t->list[i], best))
			best = &t->list[i];
	return best;
}
