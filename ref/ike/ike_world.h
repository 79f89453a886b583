// SPDX-License-Identifier: Apache-2.0
/* Two engines with the air between them and a clock, for the tests; `a` is the first of the air. */
#ifndef BATON_IKE_IKE_WORLD_H
#define BATON_IKE_IKE_WORLD_H

#include "ref/base/random.h"
#include "ref/base/test_air.h"
#include "ref/ike/ike.h"

#define WORLD_REPORTS_MAX 128
#define WORLD_CHILDREN_MAX 32

struct seen {
	bool b;
	enum ike_report report;
	char words[64];
	struct reject reject;
};

struct end {
	struct ike_connection connection;
	struct ike_config config;
	struct ike *ike;
	struct ike_sa *sa; /* the newest that is up */
	struct ike_sa *asking; /* waits for an internal address; NULL: none does */
	struct ike_child_info children[WORLD_CHILDREN_MAX];
	unsigned child_count;
};

struct world {
	struct random random;
	struct end a, b; /* a begins */
	btime now;
	struct air air;
	struct seen reports[WORLD_REPORTS_MAX];
	unsigned report_count;
	struct actions actions;
	uint32_t *hits; /* of the state machine's rows, summed by world_end; NULL: not counted */
};

/* An address that must be one. */
static inline struct endpoint world_endpoint(const char *text, uint16_t port)
{
	struct endpoint e;
	if (endpoint_parse(text, port, &e) < 0)
		abort();
	return e;
}

/* An end with a shared key and no timers; `name` and `peer` are the identities. */
static inline void world_end_init(struct world *w, struct end *e, const char *local,
	const char *remote, const char *name, const char *peer)
{
	ike_connection_default(&e->connection);
	ike_config_default(&e->config);
	e->connection.name = "test";
	e->connection.local = world_endpoint(local, 0);
	e->connection.remote = world_endpoint(remote, 0);
	e->connection.psk = view_text("a shared secret");
	e->connection.liveness = e->connection.rekey_child = e->connection.rekey_ike = 0;
	ike_id_parse(name, &e->connection.local_id);
	ike_id_parse(peer, &e->connection.remote_id);
	e->config.random = &w->random;
	e->config.connections = &e->connection;
	e->config.count = 1;
}

/* Defaults; a test changes the ends, then calls world_begin. */
static inline void world_init(struct world *w, uint64_t seed)
{
	uint32_t *hits = w->hits;

	memset(w, 0, sizeof(*w));
	w->hits = hits;
	w->random = random_seeded(seed);
	w->now = 1000 * BTIME_S;
	world_end_init(w, &w->a, "192.0.2.1", "198.51.100.2", "mn.example", "cn.example");
	world_end_init(w, &w->b, "198.51.100.2", "0.0.0.0", "cn.example", "mn.example");
	w->b.connection.remote.family = 0;
}

/* Makes both engines. */
static inline void world_begin(struct world *w)
{
	w->a.ike = ike_new(&w->a.config);
	w->b.ike = ike_new(&w->b.config);
}

/* Frees them, after adding up the rows that they took. */
static inline void world_end(struct world *w)
{
	for (unsigned i = 0; w->hits && i < ike_fsm()->count; i++)
		w->hits[i] += ike_fsm_hits(w->a.ike)[i] + ike_fsm_hits(w->b.ike)[i];
	ike_free(w->a.ike);
	ike_free(w->b.ike);
}

/* Forgets a Child SA, which must have come up. */
static inline void world_child_down(struct end *e, uint32_t spi_in)
{
	for (unsigned i = 0; i < e->child_count; i++)
		if (e->children[i].spi_in == spi_in) {
			e->children[i] = e->children[--e->child_count];
			return;
		}
	abort(); /* one that never came up */
}

/* Takes a report into account: who is up, which Child SAs there are. */
static inline void world_note(struct world *w, struct end *e, const struct action *a)
{
	enum ike_report report = (enum ike_report)a->event;
	struct ike_child_info info;

	if (report == IKE_REPORT_ESTABLISHED || report == IKE_REPORT_REKEYED)
		e->sa = (struct ike_sa *)a->session;
	if (report == IKE_REPORT_ADDRESS_WANTED)
		e->asking = (struct ike_sa *)a->session;
	if (e->asking == a->session &&
		(report == IKE_REPORT_FAILED || report == IKE_REPORT_ESTABLISHED))
		e->asking = NULL;
	if (report == IKE_REPORT_DOWN || report == IKE_REPORT_UNREACHABLE) {
		if (e->sa == a->session)
			e->sa = NULL;
		e->child_count = 0;
	}
	if (report == IKE_REPORT_CHILD_UP) {
		if (e->child_count == WORLD_CHILDREN_MAX)
			abort();
		memcpy(&e->children[e->child_count++], a->data.data, sizeof(info));
	}
	if (report == IKE_REPORT_CHILD_DOWN) {
		memcpy(&info, a->data.data, sizeof(info));
		world_child_down(e, info.spi_in);
	}
	if (w->report_count == WORLD_REPORTS_MAX)
		return;
	struct seen *r = &w->reports[w->report_count++];
	*r = (struct seen){ .b = e == &w->b, .report = report, .reject = a->reject };
	if (report == IKE_REPORT_FAILED || report == IKE_REPORT_CHILD_FAILED ||
		report == IKE_REPORT_CHANGE_REFUSED)
		snprintf(r->words, sizeof(r->words), "%.*s", (int)a->data.size,
			(const char *)a->data.data);
}

/* Takes what an engine wants: datagrams to the air, reports to world_note. */
static inline void world_collect(struct world *w, struct end *from)
{
	if (w->actions.overflowed)
		abort();
	for (unsigned i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.list[i];
		if (a->kind == ACTION_REPORT) {
			world_note(w, from, a);
			continue;
		}
		air_send(&w->air, from == &w->a, a);
	}
	actions_clear(&w->actions);
}

/* Takes datagram i off the air. */
static inline struct flying world_take(struct world *w, unsigned i)
{
	return air_take(&w->air, i);
}

/* Gives a datagram to its engine, and collects. What ike_input returned. */
static inline int world_deliver(struct world *w, const struct flying *f)
{
	struct end *e = f->to_second ? &w->b : &w->a;

	actions_clear(&w->actions);
	int result = ike_input(e->ike, &f->to, &f->from, VIEW(f->data, f->size), w->now,
		&w->actions);
	world_collect(w, e);
	return result;
}

/* The same, for the air. */
static inline void world_receive(void *world, const struct flying *f)
{
	world_deliver(world, f);
}

/* Delivers everything in order until nothing flies. */
static inline void world_settle(struct world *w)
{
	air_settle(&w->air, &(struct pattern){ 0 }, world_receive, w);
}

/* `a` begins. */
static inline void world_initiate(struct world *w)
{
	actions_clear(&w->actions);
	ike_initiate(w->a.ike, &w->a.connection, w->now, &w->actions);
	world_collect(w, &w->a);
}

/* An event about the newest SA of that end. What ike_event returned. */
static inline int world_event(struct world *w, struct end *e, struct ike_event event)
{
	actions_clear(&w->actions);
	int result = ike_event(e->ike, e->sa, &event, w->now, &w->actions);
	world_collect(w, e);
	return result;
}

/* The owner of the end that was asked gives that address; NULL: it has none. */
static inline int world_give(struct world *w, struct end *e, const struct ike_internal *internal)
{
	struct ike_event event = { .kind = IKE_EVENT_ADDRESS, .internal = internal };

	actions_clear(&w->actions);
	int result = ike_event(e->ike, e->asking, &event, w->now, &w->actions);
	world_collect(w, e);
	return result;
}

/* The same as world_event by its kind alone, about the end's first Child SA. */
static inline int world_kind(struct world *w, struct end *e, enum ike_event_kind kind)
{
	return world_event(w, e, (struct ike_event){ .kind = kind,
		.spi = e->child_count ? e->children[0].spi_in : 0 });
}

/* Goes to time `to`, at most, with all timers on the way. True if a timer ran. */
static inline bool world_tick(struct world *w, btime to)
{
	btime due = btime_min(ike_due(w->a.ike), ike_due(w->b.ike));

	if (due > to) {
		w->now = to;
		return false;
	}
	if (due > w->now)
		w->now = due;
	actions_clear(&w->actions);
	ike_tick(w->a.ike, w->now, &w->actions);
	world_collect(w, &w->a);
	ike_tick(w->b.ike, w->now, &w->actions);
	world_collect(w, &w->b);
	return true;
}

/* A pattern of losses, then nothing more is lost. */
static inline void world_run_under(struct world *w, struct pattern *p, btime duration)
{
	btime to = btime_add(w->now, duration);

	air_settle(&w->air, p, world_receive, w);
	while (world_tick(w, to))
		air_settle(&w->air, p, world_receive, w);
}

/* Lets time pass, with all that happens in it; nothing is lost. */
static inline void world_run(struct world *w, btime duration)
{
	world_run_under(w, &(struct pattern){ 0 }, duration);
}

/* Whether that end reported it. */
static inline bool world_saw(const struct world *w, bool b, enum ike_report report)
{
	for (unsigned i = 0; i < w->report_count; i++)
		if (w->reports[i].b == b && w->reports[i].report == report)
			return true;
	return false;
}

/* The words of the first such report; "" when there is none. */
static inline const char *world_words(const struct world *w, enum ike_report report)
{
	for (unsigned i = 0; i < w->report_count; i++)
		if (w->reports[i].report == report)
			return w->reports[i].words;
	return "";
}

/* Why a datagram was last not taken, whoever's; reason NONE if none was. */
static inline struct reject world_rejected(const struct world *w)
{
	for (unsigned i = w->report_count; i-- > 0;)
		if (w->reports[i].report == IKE_REPORT_REJECTED)
			return w->reports[i].reject;
	return (struct reject){ 0 };
}

/* Both ends have the same Child SAs, each with the other's keys. */
static inline bool world_children_match(const struct world *w)
{
	if (w->a.child_count != w->b.child_count)
		return false;
	for (unsigned i = 0; i < w->a.child_count; i++) {
		const struct ike_child_info *x = &w->a.children[i];
		bool found = false;
		for (unsigned k = 0; k < w->b.child_count; k++) {
			const struct ike_child_info *y = &w->b.children[k];
			found = found || (x->spi_in == y->spi_out && x->spi_out == y->spi_in &&
				memcmp(x->encr_in, y->encr_out, IKE_KEY_MAX) == 0 &&
				memcmp(x->encr_out, y->encr_in, IKE_KEY_MAX) == 0 &&
				memcmp(x->integ_in, y->integ_out, IKE_KEY_MAX) == 0);
		}
		if (!found)
			return false;
	}
	return true;
}

/* Both ends have the same SA, established. */
static inline bool world_up(const struct world *w)
{
	return w->a.sa && w->b.sa && ike_sa_established(w->a.sa) && ike_sa_established(w->b.sa) &&
		ike_sa_spi_i(w->a.sa) == ike_sa_spi_i(w->b.sa) &&
		ike_sa_spi_r(w->a.sa) == ike_sa_spi_r(w->b.sa);
}

#endif
