// SPDX-License-Identifier: Apache-2.0
/*
 * The client's life: what its owner wants of it, and time. It owns its EAP end, one for each run of
 * EAP, and the link (pana_link.h) with sequence numbers, retransmission and keys.
 */
#include <stdlib.h>

#include "ref/pana/pac_inside.h"

void pac_config_default(struct pac_config *config)
{
	*config = (struct pac_config){
		/* RFC 5191 §9.1 */
		.pci = { .irt = BTIME_S, .mrt = 120 * BTIME_S },
		.eap_patience = 500 * BTIME_MS,
		.reauth_percent = 80,
	};
	pana_common_default(&config->common);
}

struct pac *pac_new(const struct pac_config *config)
{
	struct pac *pac = pana_alloc(sizeof(*pac));

	pac->config = *config;
	pac->hits = pana_alloc(pac_machine.count * sizeof(*pac->hits));
	link_init(&pac->link, &pac->config.common);
	pac->link.local = config->local;
	pac->link.peer = config->paa;
	pac->link.preauth = config->preauth;
	pac->state = PAC_INITIAL;
	pac->expires = pac->phase_due = pac->patience_due = pac->reauth_due = BTIME_NEVER;
	return pac;
}

void pac_free(struct pac *pac)
{
	if (!pac)
		return;
	pac_drop_eap(pac);
	link_clear(&pac->link);
	free(pac->hits);
	wipe(pac, sizeof(*pac));
	free(pac);
}

void pac_drop_eap(struct pac *pac)
{
	if (pac->eap) {
		pac->cost = pac->eap->cost;
		pac->method = pac->eap->method;
	}
	eap_destroy(pac->eap);
	pac->eap = NULL;
	pac->patience_due = BTIME_NEVER;
}

void pac_settle(struct pac *pac, const struct pac_step *step)
{
	if (pac->state == PAC_CLOSED)
		return;
	if (pac->state != PAC_OPEN) {
		link_pump(&pac->link, false, step->now, step->actions);
		return;
	}
	if (link_outstanding(&pac->link)) {
		pac->state = PAC_WAIT_PNA_PING;
		return;
	}
	if (pac->want_reauth)
		pac_step(pac, PAC_EV_REAUTH, step);
	else if (pac->announce)
		pac_step(pac, PAC_EV_ANNOUNCE, step);
	else if (pac->link.waiting)
		pac_step(pac, PAC_EV_NOTIFY, step);
}

/* --- events and time -------------------------------------------------------------------------- */

/* RFC 5191 §5.6: after a change of address the node MUST send a valid message. */
static int move(struct pac *pac, const struct endpoint *local, bool left, const struct pac_step *s)
{
	if (!pac->opened || pac->state == PAC_CLOSED || pac->state == PAC_SESS_TERM)
		return -1;
	if (local->family)
		pac->link.local = *local;
	pac->left = left;
	pac->announce = true;
	link_hurry(&pac->link, s->now);
	return 0;
}

static int eap_ready(struct pac *pac, const struct pac_step *s)
{
	if (!pac->eap || pac->state != PAC_WAIT_EAP_MSG || pac->eap->status == EAP_WAITING)
		return -1;
	return pac_step_eap(pac, s);
}

/* §4.2: MUST limit the rate of the test. */
static int ping(struct pac *pac, const struct pac_step *s)
{
	if (!link_may_ping(&pac->link, s->now))
		return -1;
	return pac_step(pac, PAC_EV_PANA_PING, s);
}

int pac_event(struct pac *pac, const struct pac_event *event, btime now, struct actions *actions)
{
	struct pac_step step = { .now = now, .actions = actions };
	int done = -1;

	switch (event->kind) {
	case PAC_AUTHENTICATE:
		if (pac->state == PAC_INITIAL && !link_outstanding(&pac->link) &&
			pac->link.peer.family)
			done = pac_step(pac, PAC_EV_AUTH_USER, &step);
		break;
	case PAC_REAUTHENTICATE:
		done = pac_step(pac, PAC_EV_REAUTH, &step);
		break;
	case PAC_PING:
		done = ping(pac, &step);
		break;
	case PAC_TERMINATE:
		done = pac_step(pac, PAC_EV_TERMINATE, &step);
		break;
	case PAC_MOVED:
	case PAC_LEFT:
		done = move(pac, &event->local, event->kind == PAC_LEFT, &step);
		break;
	case PAC_EAP_READY:
		done = eap_ready(pac, &step);
		break;
	}
	if (done == 0)
		pac_settle(pac, &step);
	return done;
}

int pac_notify(struct pac *pac, const struct element_value *elements, unsigned count, btime now,
	struct actions *actions)
{
	struct pac_step step = { .now = now, .actions = actions };
	struct pana_draft draft = {
		.type = PANA_NOTIFICATION,
		.flags = PANA_P,
		.elements = elements,
		.count = count,
	};

	if (!pac->opened || pac->state == PAC_CLOSED || pac->state == PAC_SESS_TERM)
		return -1;
	if (link_wait(&pac->link, &draft) < 0)
		return -1;
	pac_settle(pac, &step);
	return 0;
}

static btime ping_due(const struct pac *pac)
{
	return pac->state == PAC_OPEN ? link_ping_due(&pac->link) : BTIME_NEVER;
}

static btime reauth_due(const struct pac *pac)
{
	return pac->state == PAC_OPEN || pac->state == PAC_WAIT_PNA_PING ? pac->reauth_due
									 : BTIME_NEVER;
}

btime pac_due(const struct pac *pac)
{
	btime due = btime_min(pac->link.rtx_due, btime_min(pac->expires, pac->phase_due));

	due = btime_min(due, btime_min(pac->patience_due, reauth_due(pac)));
	return btime_min(due, ping_due(pac));
}

static void tick_once(struct pac *pac, const struct pac_step *step)
{
	btime now = step->now;

	if (btime_min(pac->expires, pac->phase_due) <= now) {
		pac_step(pac, PAC_EV_SESS_TIMEOUT, step);
	} else if (pac->link.rtx_due <= now) {
		if (link_timeout(&pac->link, pac, now, step->actions) < 0)
			pac_step(pac, PAC_EV_RTX_MAX, step);
	} else if (pac->patience_due <= now) {
		pac->patience_due = BTIME_NEVER;
		pac_step(pac, PAC_EV_EAP_RESP_TIMEOUT, step);
	} else if (reauth_due(pac) <= now) {
		pac->reauth_due = BTIME_NEVER;
		pac_step(pac, PAC_EV_REAUTH, step);
	} else if (ping_due(pac) <= now) {
		pac_step(pac, PAC_EV_PANA_PING, step);
	}
	pac_settle(pac, step);
}

int pac_tick(struct pac *pac, btime now, struct actions *actions)
{
	struct pac_step step = { .now = now, .actions = actions };

	for (unsigned i = 0; i < 4 && pac_due(pac) <= now; i++)
		tick_once(pac, &step);
	return 0;
}
