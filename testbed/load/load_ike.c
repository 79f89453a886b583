// SPDX-License-Identifier: Apache-2.0
/*
 * Each client is a connection of the engine's, so an SA's connection tells whose it is. Connections
 * name no peer: then no INITIAL_CONTACT (RFC 7296 §2.4) takes away the SAs of other clients, which
 * all have one identity. MOBIKE is left out, so that everything stays at one port.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ref/base/random.h"
#include "ref/host/loop.h"
#include "ref/host/udp.h"
#include "ref/ike/ike.h"
#include "testbed/load/load.h"
#include "testbed/load/load_ike.h"

/* A busy responder is not asked again while it still works at the first request. */
#define PATIENCE (2 * BTIME_S)

struct client {
	btime began;
	bool busy; /* an SA is on its way up, or down */
	bool up;
};

struct load_ike {
	const struct load_ike_options *options;
	struct load_ike_figures *figures;
	struct loop *loop;
	struct udp *udp;
	struct timer *timer;
	struct random random;
	struct ike *ike;
	struct ike_connection *connections; /* one a client */
	struct client *clients;
	unsigned *idle, idle_count; /* clients that can begin */
	double *latencies_ms;
	unsigned begun, ended;
};

static void count_reason(struct load_ike_figures *f, const char *words, size_t size)
{
	struct load_ike_reason *r = f->reasons;
	char text[sizeof(r->words)];

	snprintf(text, sizeof(text), "%.*s", (int)size, words);
	for (; r < &f->reasons[LOAD_IKE_REASONS_MAX - 1]; r++) {
		if (!r->count)
			memcpy(r->words, text, sizeof(text));
		if (strcmp(r->words, text) == 0)
			break;
	}
	if (r == &f->reasons[LOAD_IKE_REASONS_MAX - 1])
		snprintf(r->words, sizeof(r->words), "others");
	r->count++;
}

static void carry(struct load_ike *l, const struct actions *actions);

/* --- one client ------------------------------------------------------------------------------- */

static void client_ended(struct load_ike *l, struct client *c)
{
	if (!c->busy)
		return;
	c->busy = c->up = false;
	l->ended++;
	l->idle[l->idle_count++] = (unsigned)(c - l->clients);
}

static void client_up(struct load_ike *l, struct client *c)
{
	c->up = true;
	l->latencies_ms[l->figures->good++] = (double)(loop_now() - c->began) / BTIME_MS;
}

static void client_failed(struct load_ike *l, struct client *c, const char *words, size_t size)
{
	if (!c->busy || c->up)
		return;
	l->figures->failed++;
	count_reason(l->figures, words, size);
	client_ended(l, c);
}

/* The set-up is over: what was promised of the Child SA has been told. */
static void client_done(struct load_ike *l, struct client *c, const struct ike_sa *sa)
{
	struct ike_event delete = { .kind = IKE_EVENT_DELETE };
	struct actions actions;

	if (l->options->keep) {
		client_ended(l, c);
		return;
	}
	actions_clear(&actions);
	if (ike_event(l->ike, (struct ike_sa *)sa, &delete, loop_now(), &actions) < 0)
		client_ended(l, c);
	carry(l, &actions);
}

static void take_report(struct load_ike *l, const struct action *a)
{
	const struct ike_connection *connection = a->session ? ike_sa_connection(a->session) : NULL;
	struct client *c = connection ? &l->clients[connection - l->connections] : NULL;

	switch ((enum ike_report)a->event) {
	case IKE_REPORT_ESTABLISHED:
		client_up(l, c);
		break;
	case IKE_REPORT_CHILD_FAILED:
		l->figures->childless++;
		client_done(l, c, a->session);
		break;
	case IKE_REPORT_CHILD_UP:
		client_done(l, c, a->session);
		break;
	case IKE_REPORT_FAILED:
		client_failed(l, c, (const char *)a->data.data, a->data.size);
		break;
	case IKE_REPORT_UNREACHABLE:
		client_failed(l, c, "no answer", 9);
		client_ended(l, c);
		break;
	case IKE_REPORT_DOWN:
		if (!l->options->keep)
			client_ended(l, c);
		break;
	case IKE_REPORT_REJECTED:
		count_reason(l->figures, reject_name(a->reject.reason),
			strlen(reject_name(a->reject.reason)));
		break;
	case IKE_REPORT_ADDRESS:
	case IKE_REPORT_ADDRESS_WANTED:
	case IKE_REPORT_CHILD_DOWN:
	case IKE_REPORT_REKEYED:
	case IKE_REPORT_MOVED:
	case IKE_REPORT_VERIFIED:
	case IKE_REPORT_CHANGING:
	case IKE_REPORT_MIGRATED:
	case IKE_REPORT_CHANGE_REFUSED:
	case IKE_REPORT_EXPIRED:
	case IKE_REPORT_ALIVE:
	case IKE_REPORT_NOTIFIED:
		break;
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static void carry(struct load_ike *l, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_SEND)
			udp_send(l->udp, &a->local, &a->peer, a->data);
		else
			take_report(l, a);
	}
}

static void begin_idle(struct load_ike *l)
{
	struct actions actions;

	while (l->idle_count && l->begun < l->options->count) {
		unsigned n = l->idle[--l->idle_count];
		l->begun++;
		l->clients[n] = (struct client){ .began = loop_now(), .busy = true };
		actions_clear(&actions);
		ike_initiate(l->ike, &l->connections[n], loop_now(), &actions);
		carry(l, &actions);
	}
	if (l->ended == l->options->count)
		loop_stop(l->loop, 0);
	timer_set(l->timer, ike_due(l->ike));
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct load_ike *l = context;
	struct actions actions;

	actions_clear(&actions);
	ike_input(l->ike, &d->local, &d->peer, d->data, loop_now(), &actions);
	carry(l, &actions);
	begin_idle(l);
}

static void timer_due(void *context)
{
	struct load_ike *l = context;
	struct actions actions;

	actions_clear(&actions);
	ike_tick(l->ike, loop_now(), &actions);
	carry(l, &actions);
	begin_idle(l);
}

void load_ike_connection(const struct load_ike_options *options, struct ike_connection *c)
{
	struct ike_suite suite = { IKE_ENCR_AES_GCM_16, 256, IKE_PRF_HMAC_SHA2_256, 0,
		options->group, 0 };
	/* TEST-NET-1 and TEST-NET-2, RFC 5737 */
	static const struct ike_ts nobody[] = {
		{ IKE_TS_IPV4_ADDR_RANGE, 0, 0, 65535, { 192, 0, 2, 0 }, { 192, 0, 2, 255 } },
		{ IKE_TS_IPV4_ADDR_RANGE, 0, 0, 65535, { 198, 51, 100, 0 }, { 198, 51, 100, 255 } },
	};

	ike_connection_default(c);
	c->name = "load";
	c->local = options->local;
	c->remote = options->responder;
	ike_id_parse(options->identity, &c->local_id);
	if (options->psk)
		c->psk = view_text(options->psk);
	else
		c->local_means = c->remote_means = IKE_BY_CERTIFICATE;
	c->credentials = options->credentials;
	c->ike.count = 1;
	c->ike.list[0] = ike_suite_proposal(&suite, IKE_PROTOCOL_IKE, 1);
	if (options->no_child) {
		c->local_ts = (struct ike_ts_list){ 1, { nobody[0] } };
		c->remote_ts = (struct ike_ts_list){ 1, { nobody[1] } };
	}
	c->mobike = false;
	c->rekey_ike = c->rekey_child = c->liveness = 0;
}

static uint32_t ipv4_number(const uint8_t address[4])
{
	return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 |
		address[3];
}

unsigned load_ike_hosts(const struct load_ike_options *o)
{
	uint32_t span = ipv4_number(o->network.end) - ipv4_number(o->network.start);

	return !o->network.type ? 0 : span == UINT32_MAX ? UINT32_MAX : span + 1;
}

/* The n-th address of the network on this side, everything on the other: the responder narrows it. */
static void choose_selectors(const struct load_ike_options *o, unsigned n, struct ike_connection *c)
{
	static const struct ike_ts all = { IKE_TS_IPV4_ADDR_RANGE, 0, 0, 65535, { 0 },
		{ 255, 255, 255, 255 } };
	uint32_t number = ipv4_number(o->network.start) + n;
	struct ike_ts own = o->network;

	for (unsigned i = 0; i < 4; i++)
		own.start[i] = own.end[i] = (uint8_t)(number >> (24 - 8 * i));
	c->local_ts = (struct ike_ts_list){ 1, { own } };
	c->remote_ts = (struct ike_ts_list){ 1, { all } };
}

/* The address that the kernel would send from: selectors are about it. */
static struct endpoint own_address(const struct load_ike_options *o)
{
	static const uint8_t any[16];
	struct endpoint local = o->local;
	struct sockaddr_storage address;
	socklen_t size = endpoint_to_sockaddr(&o->responder, &address);
	int fd = memcmp(local.address, any, 16) ? -1 : socket(o->local.family, SOCK_DGRAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0 &&
		getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		local = endpoint_from_sockaddr(&address);
	if (fd >= 0)
		close(fd);
	return local;
}

static void make_engine(struct load_ike *l)
{
	const struct load_ike_options *o = l->options;
	struct load_ike_options here = *o;
	struct ike_config config;

	here.local = own_address(o);
	here.local.port = udp_local(l->udp).port;
	l->connections = host_alloc(o->clients * sizeof(*l->connections));
	load_ike_connection(&here, &l->connections[0]);
	for (unsigned i = 0; i < o->clients; i++) {
		l->connections[i] = l->connections[0];
		if (o->network.type)
			choose_selectors(o, i, &l->connections[i]);
		l->idle[l->idle_count++] = i;
	}
	ike_config_default(&config);
	config.random = &l->random;
	config.epoch = (int64_t)time(NULL) - (int64_t)(loop_now() / BTIME_S);
	config.retransmit_first = PATIENCE;
	config.retransmit_tries = 5;
	l->ike = ike_new(&config);
}

int load_ike_run(const struct load_ike_options *o, struct load_ike_figures *figures)
{
	struct load_ike l = { .options = o, .figures = figures, .loop = loop_new() };
	int error = 0;

	*figures = (struct load_ike_figures){ 0 };
	l.random = random_system();
	l.clients = host_alloc(o->clients * sizeof(*l.clients));
	l.idle = host_alloc(o->clients * sizeof(*l.idle));
	l.latencies_ms = host_alloc(o->count * sizeof(*l.latencies_ms));
	l.timer = timer_new(l.loop, timer_due, &l);
	l.udp = udp_open(l.loop, &o->local, NULL, receive, &l);
	if (l.udp) {
		make_engine(&l);
		btime began = loop_now();
		timer_set(l.timer, began);
		loop_run(l.loop);
		figures->seconds = (double)(loop_now() - began) / BTIME_S;
	} else {
		error = errno;
	}
	figures->median_ms = load_quantile(l.latencies_ms, figures->good, 0.5);
	figures->p95_ms = load_quantile(l.latencies_ms, figures->good, 0.95);
	figures->p99_ms = load_quantile(l.latencies_ms, figures->good, 0.99);
	ike_free(l.ike);
	udp_close(l.udp);
	timer_free(l.timer);
	loop_free(l.loop);
	free(l.connections);
	free(l.latencies_ms);
	free(l.idle);
	free(l.clients);
	errno = error;
	return error ? -1 : 0;
}
