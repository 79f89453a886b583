// SPDX-License-Identifier: Apache-2.0
/* Control commands of a node that moves. */
#include "ref/mn/candidates.h"

#define BIT(report) (1u << HANDOVER_##report)

static struct handover *handover_of(void *node)
{
	return ((struct mn *)((struct node *)node)->state)->handover;
}

static bool flag(const json_t *arguments, const char *key)
{
	return json_is_true(json_object_get(arguments, key));
}

static bool is_preparing(const struct handover *h)
{
	return h->state >= MOVE_PRE_AUTHENTICATING && h->state <= MOVE_PREPARED;
}

/* The named network, or NULL after the request was refused. */
static struct network *named(struct handover *h, struct control_request *request,
	const json_t *arguments)
{
	const char *name = control_text(arguments, "network");
	struct network *n = mn_network(h->mn, name);

	if (!n)
		control_refuse(request, name ? "there is no network %s in the configuration" :
					       "name a network%s",
			name ? name : "");
	return n;
}

/* Whether a new procedure may begin; refuses otherwise. */
static bool may_begin(struct handover *h, struct control_request *request)
{
	if (h->state == MOVE_DETACHED || h->state == MOVE_ATTACHED)
		return true;
	control_refuse(request, "a %s to network %s is under way",
		is_preparing(h) ? "preparation for a move" : "move",
		h->target->settings->name);
	return false;
}

static void set_out(struct handover *h, struct network *target, bool is_handoff)
{
	handover_settle(h);
	h->target = target;
	h->previous = h->mn->serving;
	h->is_handoff = is_handoff;
	h->go = h->binding = h->bound = h->buffered = h->prepared = h->going_back =
		h->announced = false;
	h->why[0] = '\0';
	h->next = (struct lease_address){ 0 };
}

static void tell_start(struct handover *h, bool is_handoff)
{
	log_event(h->node->log, is_handoff ? "handoff_started" : "attach_started", "{s:s,s:s*}",
		"network", h->target->settings->name, "from",
		h->previous ? h->previous->settings->name : NULL);
}

static void wait_for(struct handover *h, struct control_request *request,
	const json_t *arguments, uint32_t success)
{
	if (json_is_false(json_object_get(arguments, "wait")))
		control_answer(request, NULL);
	else
		waiters_add(&h->mn->waiters, request, h, success, BIT(FAILED));
}

void handover_cmd_connect(void *node, struct control_request *request, const json_t *arguments)
{
	struct handover *h = handover_of(node);
	struct network *n = control_text(arguments, "network") ? named(h, request, arguments) :
								  &h->mn->networks[0];

	if (!n || !may_begin(h, request))
		return;
	if (h->mn->serving == n && h->state == MOVE_ATTACHED) {
		control_refuse(request, "the node is in network %s already", n->settings->name);
		return;
	}
	set_out(h, n, false);
	tell_start(h, false);
	wait_for(h, request, arguments, BIT(COMPLETED));
	handover_step(h, MOVE_EVENT_GO_UNPREPARED);
}

/* Begins the preparation. */
static void prepare(struct handover *h, struct network *n, bool is_handoff)
{
	set_out(h, n, is_handoff);
	if (is_handoff)
		tell_start(h, true);
	log_event(h->node->log, "preparation_started", "{s:s}", "network", n->settings->name);
}

/* What is prepared stays so while the node turns to another network. */
static void set_aside(struct handover *h, const struct network *n)
{
	if (h->state == MOVE_PREPARED && h->target != n)
		handover_step(h, MOVE_EVENT_PARK);
}

/* The preparation of before, if there is one; the state is PREPARED then, or on its way there. */
static bool take_up(struct handover *h, struct network *n)
{
	if (h->state != MOVE_ATTACHED || !n->candidate)
		return false;
	prepare(h, n, false);
	candidate_resume(h);
	handover_step(h, MOVE_EVENT_RESUME);
	return true;
}

void handover_cmd_preauth(void *node, struct control_request *request, const json_t *arguments)
{
	struct handover *h = handover_of(node);
	struct network *n = named(h, request, arguments);

	if (n)
		set_aside(h, n);
	if (!n || !may_begin(h, request))
		return;
	if (h->state != MOVE_ATTACHED || h->mn->serving == n || !n->paa.family) {
		control_refuse(request,
			h->state != MOVE_ATTACHED ? "the node is in no network to prepare from" :
			h->mn->serving == n	  ? "the node is in that network already" :
						    "that network has no paa to prepare with");
		return;
	}
	bool again = take_up(h, n);
	if (!again)
		prepare(h, n, false);
	wait_for(h, request, arguments, BIT(PREPARED));
	if (!again)
		handover_step(h, MOVE_EVENT_PREPARE);
	else if (h->state == MOVE_PREPARED)
		act_tell_prepared(h, NULL);
}

/* The network is being prepared, or is: the move itself, now or as soon as all is ready. */
static void go_on(struct handover *h, struct control_request *request, const json_t *arguments)
{
	h->is_handoff = true;
	h->want_buffer = !flag(arguments, "no_buffer");
	tell_start(h, true);
	wait_for(h, request, arguments, BIT(COMPLETED));
	if (flag(arguments, "now") && h->state != MOVE_PREPARED)
		handover_fail(h, MOVE_EVENT_EARLY, "the command says so");
	else
		handover_step(h, MOVE_EVENT_GO);
}

static void go(struct handover *h, struct network *n, struct control_request *request,
	const json_t *arguments)
{
	bool prepared = !flag(arguments, "unprepared") && !flag(arguments, "now") &&
		h->state == MOVE_ATTACHED && n->paa.family;

	if (prepared) {
		prepare(h, n, true);
	} else {
		set_out(h, n, true);
		tell_start(h, true);
	}
	h->want_buffer = !flag(arguments, "no_buffer");
	h->go = true;
	wait_for(h, request, arguments, BIT(COMPLETED));
	handover_step(h, prepared ? MOVE_EVENT_PREPARE : MOVE_EVENT_GO_UNPREPARED);
}

void handover_cmd_handoff(void *node, struct control_request *request, const json_t *arguments)
{
	struct handover *h = handover_of(node);
	struct network *n = named(h, request, arguments);

	if (!n)
		return;
	if (h->mn->serving == n && h->state != MOVE_DETACHED) {
		control_refuse(request, "the node is in network %s already", n->settings->name);
		return;
	}
	set_aside(h, n);
	if (flag(arguments, "unprepared"))
		candidate_drop(n, "not wanted");
	if ((is_preparing(h) && h->target == n && !h->go) || take_up(h, n)) {
		go_on(h, request, arguments);
		return;
	}
	if (may_begin(h, request))
		go(h, n, request, arguments);
}

void handover_cmd_disconnect(void *node, struct control_request *request,
	const json_t *arguments)
{
	struct handover *h = handover_of(node);
	struct network *n = h->mn->serving;

	(void)arguments;
	if (!n && h->state == MOVE_DETACHED) {
		control_refuse(request, "the node is in no network");
		return;
	}
	if (n)
		client_event(n, PAC_TERMINATE, NULL);
	handover_step(h, MOVE_EVENT_LEAVE);
	log_event(h->node->log, "detached", "{s:s*}", "network", n ? n->settings->name : NULL);
	control_answer(request, NULL);
}

void handover_begin(struct handover *h)
{
	struct network *n = mn_network(h->mn, h->mn->settings->start);

	if (!n)
		return;
	set_out(h, n, false);
	tell_start(h, false);
	handover_step(h, MOVE_EVENT_GO_UNPREPARED);
}
