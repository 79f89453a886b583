// SPDX-License-Identifier: Apache-2.0
/*
 * The world of ref/ike/ike_world.h with engines of IKEv1 in it: air, clock, reports and Child SAs
 * are that one's; `sa` of an end is a struct isakmp_sa.
 */
#ifndef BATON_ISAKMP_ISAKMP_WORLD_H
#define BATON_ISAKMP_ISAKMP_WORLD_H

#include "ref/ike/ike_proof_world.h"
#include "ref/isakmp/isakmp.h"

struct old_world {
	struct world w;
	struct isakmp *a, *b;
	uint32_t *hits, *quick_hits; /* summed by old_end; NULL: not counted */
};

/* The end's connection with IKEv1's defaults, without timers; who and where stays. */
static inline void old_default(struct end *e)
{
	struct ike_connection was = e->connection;

	isakmp_connection_default(&e->connection);
	e->connection.name = was.name;
	e->connection.local = was.local;
	e->connection.remote = was.remote;
	e->connection.psk = was.psk;
	e->connection.local_id = was.local_id;
	e->connection.remote_id = was.remote_id;
	e->connection.liveness = e->connection.rekey_child = e->connection.rekey_ike = 0;
}

/* Defaults; a test changes the ends, then calls old_begin. */
static inline void old_init(struct old_world *o, uint64_t seed)
{
	world_init(&o->w, seed);
	old_default(&o->w.a);
	old_default(&o->w.b);
}

/* Makes both engines. */
static inline void old_begin(struct old_world *o)
{
	o->a = isakmp_new(&o->w.a.config);
	o->b = isakmp_new(&o->w.b.config);
}

/* The end's engine. */
static inline struct isakmp *old_engine(struct old_world *o, const struct end *e)
{
	return e == &o->w.a ? o->a : o->b;
}

/* The end's newest SA that is up, or NULL. */
static inline struct isakmp_sa *old_sa(const struct end *e)
{
	return (struct isakmp_sa *)e->sa;
}

/* Frees both engines, after adding up the rows that they took. */
static inline void old_end(struct old_world *o)
{
	for (unsigned i = 0; o->hits && i < isakmp_fsm()->count; i++)
		o->hits[i] += isakmp_fsm_hits(o->a)[i] + isakmp_fsm_hits(o->b)[i];
	for (unsigned i = 0; o->quick_hits && i < isakmp_quick_fsm()->count; i++)
		o->quick_hits[i] +=
			isakmp_quick_fsm_hits(o->a)[i] + isakmp_quick_fsm_hits(o->b)[i];
	isakmp_free(o->a);
	isakmp_free(o->b);
}

/* Gives a datagram to its engine, and collects. What isakmp_input returned. */
static inline int old_deliver(struct old_world *o, const struct flying *f)
{
	struct end *e = f->to_second ? &o->w.b : &o->w.a;

	actions_clear(&o->w.actions);
	int result = isakmp_input(old_engine(o, e), &f->to, &f->from, VIEW(f->data, f->size),
		o->w.now, &o->w.actions);
	world_collect(&o->w, e);
	return result;
}

/* The same, for the air. */
static inline void old_receive(void *world, const struct flying *f)
{
	old_deliver(world, f);
}

/* Delivers everything in order until nothing flies. */
static inline void old_settle(struct old_world *o)
{
	air_settle(&o->w.air, &(struct pattern){ 0 }, old_receive, o);
}

/* That end begins. */
static inline void old_initiate(struct old_world *o, struct end *e)
{
	actions_clear(&o->w.actions);
	isakmp_initiate(old_engine(o, e), &e->connection, o->w.now, &o->w.actions);
	world_collect(&o->w, e);
}

/* An event about the newest SA of that end. What isakmp_event returned. */
static inline int old_event(struct old_world *o, struct end *e, struct ike_event event)
{
	actions_clear(&o->w.actions);
	int result = isakmp_event(old_engine(o, e), old_sa(e), &event, o->w.now, &o->w.actions);
	world_collect(&o->w, e);
	return result;
}

/* The same by its kind alone, about the end's first Child SA. */
static inline int old_kind(struct old_world *o, struct end *e, enum ike_event_kind kind)
{
	return old_event(o, e, (struct ike_event){ .kind = kind,
		.spi = e->child_count ? e->children[0].spi_in : 0 });
}

/* Goes to time `to`, at most, with all timers on the way. True if a timer ran. */
static inline bool old_tick(struct old_world *o, btime to)
{
	btime due = btime_min(isakmp_due(o->a), isakmp_due(o->b));

	if (due > to) {
		o->w.now = to;
		return false;
	}
	if (due > o->w.now)
		o->w.now = due;
	actions_clear(&o->w.actions);
	isakmp_tick(o->a, o->w.now, &o->w.actions);
	world_collect(&o->w, &o->w.a);
	isakmp_tick(o->b, o->w.now, &o->w.actions);
	world_collect(&o->w, &o->w.b);
	return true;
}

/* A pattern of losses, then nothing more is lost. */
static inline void old_run_under(struct old_world *o, struct pattern *p, btime duration)
{
	btime to = btime_add(o->w.now, duration);

	air_settle(&o->w.air, p, old_receive, o);
	while (old_tick(o, to))
		air_settle(&o->w.air, p, old_receive, o);
}

/* Lets time pass, with all that happens in it; nothing is lost. */
static inline void old_run(struct old_world *o, btime duration)
{
	old_run_under(o, &(struct pattern){ 0 }, duration);
}

/* Both ends have the same SA, established. */
static inline bool old_up(const struct old_world *o)
{
	const struct isakmp_sa *a = old_sa(&o->w.a), *b = old_sa(&o->w.b);

	return a && b && isakmp_sa_established(a) && isakmp_sa_established(b) &&
		isakmp_sa_cky_i(a) == isakmp_sa_cky_i(b) &&
		isakmp_sa_cky_r(a) == isakmp_sa_cky_r(b);
}

#endif
