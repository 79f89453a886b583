// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/random.h"
#include "ref/eap/eap_peer.h"
#include "ref/host/loop.h"
#include "ref/host/udp.h"
#include "ref/pana/pac.h"
#include "testbed/load/load.h"

struct load;

struct client {
	struct load *load;
	struct udp *udp; /* NULL: nothing is left to be done */
	struct pac *pac;
	struct timer *timer;
	btime began;
	bool authenticated, ended;
};

struct load {
	const struct load_options *options;
	struct load_figures *figures;
	struct loop *loop;
	struct random random;
	struct client *clients;
	double *latencies_ms;
	unsigned begun;
	int error;
};

static struct eap_end *new_peer(void *context, struct pac *pac)
{
	struct load *l = context;
	struct eap_peer_config config = {.identity = l->options->identity,
		.methods = {EAP_TYPE_TLS},
		.tls = l->options->tls,
		.random = &l->random};

	(void)pac;
	return eap_peer_new(&config);
}

static void take_report(struct client *c, const struct action *a)
{
	struct load_figures *f = c->load->figures;

	switch (a->event) {
	case PANA_REPORT_AUTHENTICATED:
		c->load->latencies_ms[f->good++] = (double)(loop_now() - c->began) / BTIME_MS;
		c->authenticated = true;
		break;
	case PANA_REPORT_FAILED:
	case PANA_REPORT_UNREACHABLE:
	case PANA_REPORT_EXPIRED:
		if (!c->authenticated) {
			f->failed++;
			snprintf(f->why, sizeof(f->why), "%s: %.*s", a->name, (int)a->data.size,
				a->data.size ? (const char *)a->data.data : "");
		}
		c->ended = true;
		break;
	case PANA_REPORT_TERMINATED:
		c->ended = true;
		break;
	default:
		break;
	}
}

static void begin(struct client *c);

/* Carries out; who is authenticated logs off, who is done begins anew. */
static void carry(struct client *c, struct actions *actions)
{
	bool before = c->authenticated;

	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_SEND)
			udp_send(c->udp, &a->local, &a->peer, a->data);
		else
			take_report(c, a);
	}
	if (c->authenticated && !before) {
		struct pac_event leave = {.kind = PAC_TERMINATE};
		actions_clear(actions);
		if (pac_event(c->pac, &leave, loop_now(), actions) == 0) {
			carry(c, actions);
			return;
		}
		c->ended = true;
	}
	if (c->ended || pac_closed(c->pac))
		begin(c);
	else
		timer_set(c->timer, pac_due(c->pac));
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct client *c = context;
	struct actions actions;

	actions_clear(&actions);
	pac_input(c->pac, &d->peer, d->data, loop_now(), &actions);
	carry(c, &actions);
}

static void end(struct client *c)
{
	struct load *l = c->load;

	timer_set(c->timer, BTIME_NEVER);
	pac_free(c->pac);
	udp_close(c->udp);
	c->pac = NULL;
	c->udp = NULL;
	for (unsigned i = 0; i < l->options->clients; i++)
		if (l->clients[i].udp)
			return;
	loop_stop(l->loop, 0);
}

/* A port of its own for each session: the agent may still remember the one before. */
static void begin(struct client *c)
{
	struct load *l = c->load;
	struct pac_event authenticate = {.kind = PAC_AUTHENTICATE};
	struct pac_config config;
	struct actions actions;

	if (l->begun == l->options->count || l->error) {
		end(c);
		return;
	}
	l->begun++;
	pac_free(c->pac);
	udp_close(c->udp);
	c->pac = NULL;
	c->udp = udp_open(l->loop, &l->options->local, NULL, receive, c);
	if (!c->udp) {
		l->error = errno;
		end(c);
		return;
	}
	pac_config_default(&config);
	config.common.random = &l->random;
	config.paa = l->options->paa;
	config.reauth_percent = 0;
	config.context = l;
	config.eap_new = new_peer;
	c->pac = pac_new(&config);
	c->authenticated = c->ended = false;
	c->began = loop_now();
	actions_clear(&actions);
	pac_event(c->pac, &authenticate, c->began, &actions);
	carry(c, &actions);
}

static void timer_due(void *context)
{
	struct client *c = context;
	struct actions actions;

	if (!c->pac) {
		begin(c);
		return;
	}
	actions_clear(&actions);
	pac_tick(c->pac, loop_now(), &actions);
	carry(c, &actions);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double load_quantile(double *values, unsigned count, double part)
{
	qsort(values, count, sizeof(*values), ascending);
	return count ? values[(unsigned)((double)(count - 1) * part + 0.5)] : NAN;
}

int load_run(const struct load_options *options, struct load_figures *figures)
{
	struct load l = {.options = options, .figures = figures, .loop = loop_new()};
	btime began = loop_now();

	*figures = (struct load_figures){0};
	l.random = random_system();
	l.clients = host_alloc(options->clients * sizeof(*l.clients));
	l.latencies_ms = host_alloc(options->count * sizeof(*l.latencies_ms));
	for (unsigned i = 0; i < options->clients; i++) {
		l.clients[i].load = &l;
		l.clients[i].timer = timer_new(l.loop, timer_due, &l.clients[i]);
		timer_set(l.clients[i].timer, began);
	}
	loop_run(l.loop);
	figures->seconds = (double)(loop_now() - began) / BTIME_S;
	figures->median_ms = load_quantile(l.latencies_ms, figures->good, 0.5);
	figures->p95_ms = load_quantile(l.latencies_ms, figures->good, 0.95);
	for (unsigned i = 0; i < options->clients; i++)
		timer_free(l.clients[i].timer);
	loop_free(l.loop);
	free(l.latencies_ms);
	free(l.clients);
	errno = l.error;
	return l.error ? -1 : 0;
}
