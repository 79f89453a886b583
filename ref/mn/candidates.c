// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "ref/mn/candidates.h"

static struct node *node_of(const struct network *n)
{
	return n->mn->node;
}

static struct endpoint here(const struct handover *h)
{
	return endpoint_of_prefix(&lease_address(h->lease)->address, 0);
}

/* --- aside, and back --------------------------------------------------------------------------- */

void candidate_park(struct handover *h)
{
	struct candidate *c = host_alloc(sizeof(*c));
	char address[PREFIX_TEXT];

	*c = (struct candidate){ .next = h->next, .tunnel = h->tunnel, .until = h->tunnel_until };
	h->target->candidate = c;
	h->next = (struct lease_address){ 0 };
	h->tunnel = (struct tunnel){ 0 };
	home_dislodge(h->home);
	/* The one interface of a tunnel without ESP is needed for the next. */
	if (c->tunnel.device) {
		tunnel_lower(&c->tunnel, h->node, "another candidate");
		tunnel_clear(&c->tunnel, h->node);
	}
	log_event(h->node->log, "candidate_kept", "{s:s,s:s,s:b,s:I}", "network",
		h->target->settings->name, "address", address_text(&c->next.address, address),
		"tunnel", c->tunnel.up, "expires_in_s",
		(json_int_t)((c->until - loop_now()) / BTIME_S));
	candidates_due(h);
}

/* A tunnel from an address that the node has no more is none. */
static bool starts_here(const struct handover *h, const struct tunnel *t)
{
	struct prefix outer = prefix_of_endpoint(&t->request.outer);

	return t->up && address_equal(&outer, &lease_address(h->lease)->address);
}

void candidate_resume(struct handover *h)
{
	struct candidate *c = h->target->candidate;

	h->next = c->next;
	h->tunnel = c->tunnel;
	h->tunnel_until = c->until;
	free(c);
	h->target->candidate = NULL;
	/* Without a tunnel the next step is to ask for one. */
	if (!starts_here(h, &h->tunnel) || home_lodge(h->home, &h->next.address) < 0) {
		tunnel_lower(&h->tunnel, h->node, "another is needed");
		tunnel_clear(&h->tunnel, h->node);
	}
	candidates_due(h);
}

void candidate_drop(struct network *n, const char *reason)
{
	struct candidate *c = n->candidate;

	if (!c)
		return;
	n->candidate = NULL;
	tunnel_lower(&c->tunnel, node_of(n), reason);
	tunnel_clear(&c->tunnel, node_of(n));
	log_event(node_of(n)->log, "candidate_ended", "{s:s,s:s}", "network", n->settings->name,
		"reason", reason);
	free(c);
}

void candidates_drop(struct handover *h, const char *reason)
{
	for (unsigned i = 0; i < h->mn->count; i++)
		candidate_drop(&h->mn->networks[i], reason);
}

/* --- the end ------------------------------------------------------------------------------------ */

/* First the agent learns where the node is, so that it takes what follows; then the session ends, and
 * with it everything that stands there. */
static void begin_end(struct handover *h, struct network *n, const char *reason)
{
	struct endpoint local = here(h);

	candidate_drop(n, reason);
	if (!n->pac || !pac_open(n->pac))
		return;
	n->ending = true;
	if (client_event(n, PAC_LEFT, &local) < 0)
		client_event(n, PAC_TERMINATE, NULL);
}

void candidates_settle(struct handover *h)
{
	struct endpoint local = here(h);

	for (unsigned i = 0; i < h->mn->count; i++) {
		struct network *n = &h->mn->networks[i];
		if (n == h->target)
			candidate_drop(n, "taken another way");
		else if (n->pac && pac_open(n->pac) && pac_access(n->pac) != PANA_PREAUTHORISED)
			/* RFC 6252 C.2: holds our state, the serving network of before first */
			client_event(n, PAC_LEFT, &local);
		else if (!h->going_back && (n->candidate || (n->pac && pac_open(n->pac))))
			begin_end(h, n, "the node moved elsewhere");
	}
	candidates_due(h);
}

static bool ends_session(int report)
{
	return report == PANA_REPORT_FAILED || report == PANA_REPORT_TERMINATED ||
		report == PANA_REPORT_EXPIRED || report == PANA_REPORT_UNREACHABLE;
}

void candidates_pana(struct handover *h, struct network *n, const struct action *report)
{
	if (ends_session(report->event)) {
		n->ending = false;
		candidate_drop(n, pana_report_name((enum pana_report)report->event));
		candidates_due(h);
	} else if (n->ending && report->event == PANA_REPORT_ALIVE) {
		n->ending = false;
		client_event(n, PAC_TERMINATE, NULL);
	}
}

/* --- time --------------------------------------------------------------------------------------- */

void candidates_due(struct handover *h)
{
	btime due = BTIME_NEVER;

	for (unsigned i = 0; i < h->mn->count; i++)
		if (h->mn->networks[i].candidate)
			due = btime_min(due, h->mn->networks[i].candidate->until);
	timer_set(h->candidates, due);
}

void candidates_expire(void *context)
{
	struct handover *h = context;

	for (unsigned i = 0; i < h->mn->count; i++) {
		struct network *n = &h->mn->networks[i];
		if (n->candidate && n->candidate->until <= loop_now())
			begin_end(h, n, "its time is over");
	}
	candidates_due(h);
}

json_t *candidate_json(const struct network *n)
{
	const struct candidate *c = n->candidate;
	char address[PREFIX_TEXT];

	if (!c)
		return NULL;
	return json_pack("{s:s,s:b,s:I,s:o*}", "address", address_text(&c->next.address, address),
		"tunnel", c->tunnel.up, "expires_in_s",
		(json_int_t)((c->until - loop_now()) / BTIME_S), "ike",
		c->tunnel.ike ? ike_tunnel_json(c->tunnel.ike) : NULL);
}
