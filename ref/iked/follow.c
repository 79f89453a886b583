// SPDX-License-Identifier: Apache-2.0
/*
 * Where this host is, by the kernel's own account: the address from which it would send to a peer
 * now. When addresses or routes change and that address becomes another one, the SA moves there,
 * each for itself. As long as there is no way to the peer nothing happens, and what a command has
 * moved stays there until the kernel changes its mind.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/host/address.h"
#include "ref/host/route.h"
#include "ref/iked/iked.h"

/* What the kernel's choice for an SA was. */
struct choice {
	struct choice *next;
	const struct ike_sa *sa;
	struct endpoint last; /* family 0: there was none */
};

struct follow {
	struct address_watch *watch;
	struct choice *choices;
};

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && memcmp(a->address, b->address, ip_size(a->family)) == 0;
}

/* An address inside a tunnel of the SA is none to send the tunnel from, whatever routes say while the
 * host is between two networks. */
static bool is_inside(const struct ike_sa *sa, const struct endpoint *e)
{
	const struct ike_child_info *c;

	for (unsigned n = 0; sa && (c = sa_child(sa, n)); n++) {
		const struct ike_ts *ts = &c->local_ts.list[0];
		if (!c->transport && c->local_ts.count == 1 &&
			memcmp(ts->start, ts->end, sizeof(ts->start)) == 0 &&
			memcmp(ts->start, e->address, ip_size(e->family)) == 0)
			return true;
	}
	return false;
}

static struct endpoint choose(struct iked *d, const struct endpoint *to, const struct ike_sa *sa)
{
	struct prefix peer = prefix_of_endpoint(to);
	struct endpoint none = { 0 }, here;
	struct route_answer way;

	if (route_lookup(d->node->kernel, &peer, NULL, &way) < 0 || !way.source.family)
		return none;
	here = endpoint_of_prefix(&way.source, 0);
	return is_inside(sa, &here) && !same(&here, sa_local(sa)) ? none : here;
}

static struct choice *choice_of(struct follow *f, const struct ike_sa *sa)
{
	struct choice *c = f->choices;

	while (c && c->sa != sa)
		c = c->next;
	return c;
}

void follow_note(struct iked *d, const struct ike_sa *sa)
{
	struct choice *c;

	if (!d->follow || choice_of(d->follow, sa))
		return;
	c = host_alloc(sizeof(*c));
	c->sa = sa;
	c->last = choose(d, sa_peer(sa), sa);
	c->next = d->follow->choices;
	d->follow->choices = c;
}

void follow_forget(struct iked *d, const struct ike_sa *sa)
{
	struct choice **at, *c;

	if (!d->follow || !(c = choice_of(d->follow, sa)))
		return;
	for (at = &d->follow->choices; *at != c;)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void follow_one(struct iked *d, struct ike_sa *sa)
{
	struct choice *c = choice_of(d->follow, sa);
	struct ike_event event = { .kind = IKE_EVENT_MOVED, .local = choose(d, sa_peer(sa), sa) };
	struct endpoint at = *sa_local(sa);
	char text[64];

	if (!c || !event.local.family || same(&c->last, &event.local))
		return;
	c->last = event.local;
	carry_target(d, sa, &at);
	if (same(&at, &event.local))
		return;
	log_event_json(d->node->log, "following", json_pack("{s:s}", "to",
		endpoint_text(&event.local, text, sizeof(text))));
	iked_move(d, sa, event, FORM_CONFIGURED);
}

static void changed(void *context)
{
	struct iked *d = context;

	for (struct ike_sa *sa = sa_next(d, NULL), *next; sa; sa = next) {
		next = sa_next(d, sa);
		if (sa_established(sa) && (sa_changes(sa) || sa_mobike(sa)))
			follow_one(d, sa);
	}
}

void follow_where(struct iked *d, const struct endpoint *peer, struct endpoint *local)
{
	struct endpoint here = { 0 };

	if (d->follow)
		here = choose(d, peer, NULL);
	if (here.family)
		*local = here;
}

int follow_start(struct iked *d)
{
	if (node_kernel(d->node) < 0)
		return -1;
	d->follow = host_alloc(sizeof(*d->follow));
	d->follow->watch = way_watch_new(d->node->loop, changed, d);
	if (d->follow->watch)
		return 0;
	log_error(d->node->log, "hearing of addresses and routes: %s", strerror(errno));
	return -1;
}

void follow_stop(struct iked *d)
{
	if (!d->follow)
		return;
	while (d->follow->choices)
		follow_forget(d, d->follow->choices->sa);
	address_watch_free(d->follow->watch);
	free(d->follow);
}
