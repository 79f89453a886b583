// SPDX-License-Identifier: Apache-2.0
/* Packets held back for a mobile node while its radio moves (RFC 6252 §6.3 step 4, §7.6.1). */
#include <errno.h>

#include "ref/ar/access_inside.h"

static void log_stopped(struct client *c, const struct hold_count *count, const char *why)
{
	char address[PREFIX_TEXT];

	log_event(c->access->ar->node->log, "buffering_stopped", "{s:I,s:s,s:i,s:f,s:i,s:i,s:s}",
		"session", (json_int_t)c->session, "address", address_text(&c->address, address),
		"packets", (int)count->held, "ms",
		(double)(loop_now() - count->started) / (double)BTIME_MS, "overflow",
		(int)count->overflow, "failed", (int)count->failed, "reason", why);
}

void buffer_flush(struct client *c, const char *why)
{
	struct hold_count count;

	if (!c->holding)
		return;
	c->holding = false;
	timer_set(c->buffer_timer, BTIME_NEVER);
	if (hold_flush(c->access->hold, &c->address, &count) == 0)
		log_stopped(c, &count, why);
}

void buffer_drop(struct client *c, const char *why)
{
	struct hold_count count;

	if (!c->holding)
		return;
	c->holding = false;
	timer_set(c->buffer_timer, BTIME_NEVER);
	if (hold_drop(c->access->hold, &c->address, &count) == 0)
		log_stopped(c, &count, why);
}

/* What is held goes the way that is open now: through the tunnel while it stands. */
static void timer_period_over(void *context)
{
	buffer_flush(context, "period");
}

static void start(struct client *c, const struct mpa_buffer_control *request)
{
	struct node *node = c->access->ar->node;
	btime period = c->access->settings->buffer_period;
	btime asked = request->period * BTIME_MS;
	char address[PREFIX_TEXT];

	if (!c->address.family || (!c->tunnel && !c->leaving && !c->attached)) {
		client_status(c, request->request_id, MPA_REFUSED, "there is no tunnel");
		return;
	}
	if (!c->holding && hold_start(c->access->hold, &c->address, request->depth) < 0) {
		log_error(node->log, "%s", kernel_error(node->kernel));
		client_status(c, request->request_id, MPA_NO_RESOURCES, NULL);
		return;
	}
	if (asked && asked < period)
		period = asked;
	if (!c->buffer_timer)
		c->buffer_timer = timer_new(node->loop, timer_period_over, c);
	timer_set(c->buffer_timer, loop_now() + period);
	if (!c->holding)
		log_event(node->log, "buffering_started", "{s:I,s:s,s:i}", "session",
			(json_int_t)c->session, "address", address_text(&c->address, address),
			"period_ms", (int)(period / BTIME_MS));
	c->holding = true;
	client_status(c, request->request_id, MPA_DONE, NULL);
}

/* The flush comes from the new network, or from the old one when the node stays there. */
static void flush(struct client *c, const struct mpa_buffer_control *request)
{
	struct paa_session *session = paa_find(c->access->ar->paa, c->session);
	struct prefix now = { 0 };

	if (session)
		now = prefix_of_endpoint(paa_session_peer(session));
	if (c->address.family && address_equal(&now, &c->address))
		client_attached(c);
	buffer_flush(c, "requested");
	client_status(c, request->request_id, c->attached ? MPA_ATTACHED : MPA_DONE, NULL);
}

void buffer_control(struct client *c, const struct mpa_buffer_control *request)
{
	switch (request->operation) {
	case MPA_BUFFER_START: start(c, request); break;
	case MPA_BUFFER_FLUSH: flush(c, request); break;
	case MPA_BUFFER_STOP:
		buffer_drop(c, "requested");
		client_status(c, request->request_id, MPA_DONE, NULL);
		break;
	}
}
