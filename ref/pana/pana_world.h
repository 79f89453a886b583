// SPDX-License-Identifier: Apache-2.0
/*
 * A client and an agent on a made-up network with a made-up clock, for tests. The client is the
 * first of the air's engines, the agent the second.
 */
#ifndef BATON_PANA_PANA_WORLD_H
#define BATON_PANA_PANA_WORLD_H

#include <arpa/inet.h>

#include "ref/base/random.h"
#include "ref/base/test_air.h"
#include "ref/pana/paa.h"
#include "ref/pana/pac.h"
#include "ref/pana/pana_fake_eap.h"

#define WORLD_REPORTS_MAX 64

struct seen_report {
	bool paa;
	enum pana_report report;
	char words[160];
	struct reject reject;
};

struct world {
	struct random random;
	struct pac_config pac_config;
	struct paa_config paa_config;
	struct fake_eap_script pac_eap, paa_eap;
	bool refuse;		   /* authorisation */
	struct eap_end *last_pac_eap, *last_paa_eap; /* made last */
	struct pac *pac;
	struct paa *paa;
	struct paa_session *session; /* the last one that the PAA reported */
	btime now;
	struct air air;
	struct seen_report reports[WORLD_REPORTS_MAX];
	unsigned report_count;
	struct actions actions;
};

/* An address that must be one; without a port PANA's. */
static inline struct endpoint world_endpoint(const char *text)
{
	struct endpoint e;
	if (endpoint_parse(text, PANA_PORT, &e) < 0)
		abort();
	return e;
}

/* Makes the client's EAP end as `pac_eap` says. */
static inline struct eap_end *world_pac_eap(void *context, struct pac *pac)
{
	struct world *w = context;
	(void)pac;
	return w->last_pac_eap = fake_eap_new(false, &w->pac_eap);
}

/* Makes a session's EAP end as `paa_eap` says. */
static inline struct eap_end *world_paa_eap(void *context, struct paa_session *session)
{
	struct world *w = context;
	(void)session;
	return w->last_paa_eap = fake_eap_new(true, &w->paa_eap);
}

/* The agent's owner: yes, unless `refuse`. */
static inline bool world_authorise(void *context, struct paa_session *session, const char *identity,
	uint32_t *lifetime)
{
	struct world *w = context;
	(void)session;
	(void)identity;
	(void)lifetime;
	return !w->refuse;
}

/* Defaults; a test changes the configurations, then calls world_begin. */
static inline void world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = random_seeded(seed);
	w->now = 1000 * BTIME_S;
	pac_config_default(&w->pac_config);
	paa_config_default(&w->paa_config);
	w->pac_config.common.random = w->paa_config.common.random = &w->random;
	w->pac_config.context = w->paa_config.context = w;
	w->pac_config.eap_new = world_pac_eap;
	w->paa_config.eap_new = world_paa_eap;
	w->paa_config.authorise = world_authorise;
	w->pac_config.local = world_endpoint("192.0.2.12:40716");
	w->pac_config.paa = w->paa_config.local = world_endpoint("192.0.2.10");
	w->pac_eap = w->paa_eap = (struct fake_eap_script){
		.rounds = 2,
		.keyed = true,
		.secret = 1,
		.padding = 1,
	};
}

/* Makes both engines. */
static inline void world_begin(struct world *w)
{
	w->pac = pac_new(&w->pac_config);
	w->paa = paa_new(&w->paa_config);
}

/* Frees them. */
static inline void world_end(struct world *w)
{
	pac_free(w->pac);
	paa_free(w->paa);
}

/* Keeps a report; those past WORLD_REPORTS_MAX are not kept. */
static inline void world_note(struct world *w, bool paa, const struct action *a)
{
	if (paa && a->session)
		w->session = (struct paa_session *)a->session;
	if (w->report_count == WORLD_REPORTS_MAX)
		return;
	struct seen_report *r = &w->reports[w->report_count++];
	r->paa = paa;
	r->report = (enum pana_report)a->event;
	r->reject = a->reject;
	snprintf(r->words, sizeof(r->words), "%.*s", (int)a->data.size,
		a->data.size ? (const char *)a->data.data : "");
}

/* Takes what an engine wants: datagrams to the air, reports to world_note. */
static inline void world_collect(struct world *w, bool from_paa)
{
	if (w->actions.overflowed)
		abort();
	for (unsigned i = 0; i < w->actions.count; i++) {
		const struct action *a = &w->actions.list[i];
		if (a->kind == ACTION_REPORT) {
			world_note(w, from_paa, a);
			continue;
		}
		air_send(&w->air, !from_paa, a);
	}
	actions_clear(&w->actions);
}

/* Takes datagram i off the air. */
static inline struct flying world_take(struct world *w, unsigned i)
{
	return air_take(&w->air, i);
}

/* Gives a datagram to its engine, and collects. What the engine's input returned. */
static inline int world_deliver(struct world *w, const struct flying *f)
{
	struct view datagram = VIEW(f->data, f->size);
	int result;

	actions_clear(&w->actions);
	if (f->to_second)
		result = paa_input(w->paa, &f->from, &f->to, datagram, w->now, &w->actions);
	else
		result = pac_input(w->pac, &f->from, datagram, w->now, &w->actions);
	world_collect(w, f->to_second);
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

/* An event of the client's, by its kind alone. What pac_event returned. */
static inline int world_event(struct world *w, enum pac_event_kind kind)
{
	struct pac_event event = { .kind = kind };
	actions_clear(&w->actions);
	int result = pac_event(w->pac, &event, w->now, &w->actions);
	world_collect(w, false);
	return result;
}

/* An event about the last session that the agent reported. What paa_event returned. */
static inline int world_paa_event(struct world *w, enum paa_event_kind kind)
{
	struct paa_event event = { .kind = kind };
	actions_clear(&w->actions);
	int result = paa_event(w->paa, w->session, &event, w->now, &w->actions);
	world_collect(w, true);
	return result;
}

/* When the first timer of either end runs. */
static inline btime world_due(const struct world *w)
{
	return btime_min(pac_due(w->pac), paa_due(w->paa));
}

/* Goes to time `to`, at most, with all timers on the way. True if a timer ran. */
static inline bool world_tick(struct world *w, btime to)
{
	btime due = world_due(w);

	if (due > to) {
		w->now = to;
		return false;
	}
	if (due > w->now)
		w->now = due;
	actions_clear(&w->actions);
	pac_tick(w->pac, w->now, &w->actions);
	world_collect(w, false);
	paa_tick(w->paa, w->now, &w->actions);
	world_collect(w, true);
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
static inline bool world_saw(const struct world *w, bool paa, enum pana_report report)
{
	for (unsigned i = 0; i < w->report_count; i++)
		if (w->reports[i].paa == paa && w->reports[i].report == report)
			return true;
	return false;
}

/* The last rejection; reason NONE if there was none. */
static inline struct reject world_rejected(const struct world *w)
{
	for (unsigned i = w->report_count; i-- > 0;)
		if (w->reports[i].report == PANA_REPORT_REJECTED)
			return w->reports[i].reject;
	return (struct reject){ 0 };
}

/* Forgets what was reported. */
static inline void world_forget_reports(struct world *w)
{
	w->report_count = 0;
}

#endif
