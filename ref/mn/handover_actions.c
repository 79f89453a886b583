// SPDX-License-Identifier: Apache-2.0
/* What the rows of the handover do. */
#include "ref/mn/candidates.h"

#define NO_SSID ""
#define SETTLE_DELAY (100 * BTIME_MS) /* traffic first, tidying later */

static const char *ssid_of(const struct network *n)
{
	return n->settings->ssid ? n->settings->ssid : NO_SSID;
}

static struct endpoint here(const struct handover *h)
{
	return endpoint_of_prefix(&lease_address(h->lease)->address, 0);
}

/* The name of an event: a handoff or an attachment. */
static void tell(struct handover *h, const char *handoff, const char *attachment, json_t *details)
{
	const struct network *n = h->going_back ? h->wanted : h->target;

	json_object_set_new(details, "network", json_string(n->settings->name));
	log_event_json(h->node->log, h->is_handoff ? handoff : attachment, details);
}

/* --- unprepared ------------------------------------------------------------------------------- */

int act_join(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	log_event(h->node->log, "l2_leaving", "{s:s}", "to", ssid_of(h->target));
	if (station_join(h->station, ssid_of(h->target)) < 0)
		handover_fail(h, MOVE_EVENT_L2_FAILED, "wpa_supplicant does not know the network");
	return 0;
}

/* The kernel's own ARP would ask once a second. */
int act_reach_agent(void *context, const void *input)
{
	struct handover *h = context;
	struct prefix agent = prefix_of_endpoint(&h->target->paa), own;
	struct endpoint local;

	(void)input;
	if (lease_visit(h->lease, &agent, &local) < 0) {
		handover_fail(h, MOVE_EVENT_REFUSED, "no way to the agent");
		return 0;
	}
	own = prefix_of_endpoint(&local);
	reach_begin(h->reach, &agent, NULL, &own, lease_mac(h->lease));
	return 0;
}

int act_authenticate(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	client_begin(h->target, lease_visitor(h->lease), false);
	return 0;
}

int act_acquire(void *context, const void *input)
{
	struct handover *h = context;
	const struct network_settings *s = h->target->settings;
	struct lease_address fixed = { .address = s->address, .router = s->router };

	(void)input;
	if (!s->address.family)
		lease_acquire(h->lease, s->name);
	else if (lease_adopt(h->lease, s->name, &fixed) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, "the address cannot be used");
	else {
		lease_announce(h->lease);
		handover_step(h, MOVE_EVENT_LEASE);
	}
	return 0;
}

/* The router knows by now; the rest of the network is told. */
static void announce_prepared(struct handover *h)
{
	if (h->prepared && !h->announced)
		lease_announce(h->lease);
	h->announced = true;
}

int act_register(void *context, const void *input)
{
	struct handover *h = context;
	const struct lease_address *a = lease_address(h->lease);
	struct endpoint local = here(h);

	(void)input;
	client_event(h->target, PAC_MOVED, &local);
	home_bind(h->home, &a->address, &a->router, h->settings->name);
	announce_prepared(h);
	return 0;
}

static void answer(struct handover *h)
{
	json_t *result = json_pack("{s:s,s:b,s:b}", "network", h->target->settings->name, "prepared",
		h->prepared, "buffered", h->buffered);
	char address[PREFIX_TEXT];

	json_object_set_new(result, "address",
		json_string(address_text(&lease_address(h->lease)->address, address)));
	if (h->why[0])
		json_object_set_new(result, "because", json_string(h->why));
	waiters_report(&h->mn->waiters, h, h->going_back ? HANDOVER_FAILED : HANDOVER_COMPLETED,
		result, h->why);
	json_decref(result);
}

int act_complete(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	h->mn->serving = h->target;
	if (h->going_back)
		tell(h, "handoff_failed", "attach_failed", json_pack("{s:s}", "reason", h->why));
	else
		tell(h, "handoff_completed", "attach_completed",
			json_pack("{s:b,s:b}", "prepared", h->prepared, "buffered", h->buffered));
	announce_prepared(h);
	h->unsettled = true;
	timer_set(h->settle, loop_now() + SETTLE_DELAY);
	return 0;
}

void handover_settle(struct handover *h)
{
	if (!h->unsettled)
		return;
	h->unsettled = false;
	timer_set(h->settle, BTIME_NEVER);
	tunnel_clear(&h->tunnel, h->node);
	home_settle(h->home);
	home_dislodge(h->home);
	lease_settle(h->lease, h->prepared && !lease_address(h->lease)->fixed);
	candidates_settle(h);
	h->previous = h->target;
	answer(h);
}

int act_fail(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	if (h->state == MOVE_ATTACHED)
		h->mn->serving = h->target;
	else
		h->mn->serving = NULL;
	tell(h, "handoff_failed", "attach_failed", json_pack("{s:s}", "reason", h->why));
	waiters_report(&h->mn->waiters, h, HANDOVER_FAILED, NULL, h->why);
	return 0;
}

int act_tell_lost(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	log_event(h->node->log, "address_lost", "{s:s}", "reason", h->why);
	h->is_handoff = h->prepared = h->buffered = false;
	h->previous = h->target = h->target ? h->target : h->mn->serving;
	return 0;
}

int act_resume(void *context, const void *input)
{
	struct handover *h = context;
	const char *ssid = station_ssid(h->station);

	(void)input;
	handover_settle(h);
	for (unsigned i = 0; i < h->mn->count; i++)
		if (strcmp(ssid_of(&h->mn->networks[i]), ssid) == 0)
			h->target = &h->mn->networks[i];
	h->is_handoff = h->prepared = h->going_back = false;
	handover_step(h, MOVE_EVENT_L2_UP);
	return 0;
}

/* --- preparation: steps 1 and 2 --------------------------------------------------------------- */

int act_preauthenticate(void *context, const void *input)
{
	struct handover *h = context;
	struct endpoint local = here(h);

	(void)input;
	h->reused = false;
	client_begin(h->target, &local, true);
	return 0;
}

/* Sends one AVP; when it cannot be sent, the step is refused. */
static void notify(struct handover *h, const struct element_value *element)
{
	if (client_notify(h->target, element, 1) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, "the session does not take notifications");
}

int act_request_address(void *context, const void *input)
{
	struct handover *h = context;
	struct mpa_address_request request = { .request_id = ++h->request_id, .family = AF_INET };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	(void)input;
	log_event(h->node->log, "configuration_started", "{s:s}", "network",
		h->target->settings->name);
	if (handover_by_ike(h)) {
		handover_begin_ike(h);
		return 0;
	}
	memcpy(request.mac, lease_mac(h->lease), 6);
	request.client_id.size = lease_client_id(h->lease, request.client_id.data);
	element = mpa_encode_address_request(&request, storage);
	notify(h, &element);
	return 0;
}

int act_reuse_session(void *context, const void *input)
{
	struct handover *h = context;

	h->reused = true;
	return act_request_address(context, input);
}

int act_request_tunnel(void *context, const void *input)
{
	struct handover *h = context;
	const struct prefix *outer = &lease_address(h->lease)->address;
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	(void)input;
	if (home_lodge(h->home, &h->next.address) < 0) {
		handover_fail(h, MOVE_EVENT_REFUSED, "the new address cannot be used");
		return 0;
	}
	if (handover_by_ike(h)) {
		if (h->tunnel.agreed)
			handover_raise_ike(h);
		else
			handover_begin_ike(h);
		return 0;
	}
	tunnel_ask(&h->tunnel, h->node, h->settings, ++h->request_id, outer, &h->next.address);
	element = mpa_encode_tunnel_request(&h->tunnel.request, storage);
	notify(h, &element);
	return 0;
}

int act_tell_prepared(void *context, const void *input)
{
	struct handover *h = context;
	char address[PREFIX_TEXT];
	json_t *result = json_pack("{s:s,s:s}", "network", h->target->settings->name, "address",
		address_text(&h->next.address, address));

	(void)input;
	log_event_json(h->node->log, "preparation_completed", json_incref(result));
	waiters_report(&h->mn->waiters, h, HANDOVER_PREPARED, result, NULL);
	json_decref(result);
	return 0;
}

int act_park(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	candidate_park(h);
	h->target = h->mn->serving;
	return 0;
}

int act_want_move(void *context, const void *input)
{
	(void)input;
	((struct handover *)context)->go = true;
	return 0;
}

/* --- the move: steps 3 to 6 ------------------------------------------------------------------- */

/* Before anything is moved: is the access point there at all? A look right before the switch also
 * spares the radio a search then. */
int act_look(void *context, const void *input)
{
	struct handover *h = context;
	json_t *result = json_pack("{s:s}", "network", h->target->settings->name);

	(void)input;
	/* Who only waits for the preparation has it. */
	waiters_report(&h->mn->waiters, h, HANDOVER_PREPARED, result, NULL);
	json_decref(result);
	station_look(h->station, ssid_of(h->target), h->target->settings->frequency);
	return 0;
}

/* Through the tunnel: the updates carry the new address, and with it fit the tunnel's policy; the
 * way there is the present router's. */
int act_bind(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	h->binding = true;
	if (tunnel_has_device(&h->tunnel))
		home_bind(h->home, &h->next.address, &(struct prefix){ 0 }, TUNNEL_DEVICE);
	else
		home_bind(h->home, &h->next.address, &lease_address(h->lease)->router,
			h->settings->name);
	return 0;
}

/* One message asks for both, acted on in their order; the first answer is enough to go: from when the
 * router holds packets to when the radio leaves is half a round trip, not two. By IKE it is a message of
 * its own, sent behind the other. After the move, `tunnel_end`, nothing is deleted here. */
int act_hand_over(void *context, const void *input)
{
	struct handover *h = context;
	struct mpa_buffer_control control = { .request_id = ++h->request_id,
		.operation = MPA_BUFFER_START,
		.depth = h->settings->buffer_packets,
		.period = (uint32_t)(h->settings->buffer_period / BTIME_MS) };
	struct mpa_tunnel_delete request = { .request_id = h->request_id + 1,
		.spi = h->tunnel.request.spi };
	uint8_t storage[2][MPA_VALUE_MAX];
	struct element_value elements[2] = { mpa_encode_buffer_control(&control, storage[0]),
		mpa_encode_tunnel_delete(&request, storage[1]) };
	bool delete = h->settings->tunnel_end == TUNNEL_END_BEFORE, by_ike = handover_by_ike(h);
	unsigned first = h->want_buffer ? 0 : 1, last = delete && !by_ike ? 2 : 1;

	(void)input;
	if (handover_by_eap(h)) { /* there is nobody to ask for anything */
		h->buffered = false;
		handover_step(h, MOVE_EVENT_DONE);
		return 0;
	}
	h->buffered = h->want_buffer;
	h->request_id += (uint16_t)first; /* whose answer is waited for */
	if (first < last && client_notify(h->target, elements + first, last - first) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, "the session does not take notifications");
	else if (delete && by_ike)
		handover_delete_ike(h, NULL);
	else if (first == last) /* nothing is to be waited for */
		handover_step(h, MOVE_EVENT_DONE);
	return 0;
}

int act_switch(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	tunnel_lower(&h->tunnel, h->node, "switching");
	h->prepared = true;
	log_event(h->node->log, "l2_leaving", "{s:s}", "to", ssid_of(h->target));
	if (station_join(h->station, ssid_of(h->target)) < 0)
		handover_fail(h, MOVE_EVENT_L2_FAILED, "wpa_supplicant does not know the network");
	return 0;
}

static void flush(struct handover *h)
{
	struct mpa_buffer_control control = { .request_id = (uint16_t)(h->request_id + 2),
		.operation = MPA_BUFFER_FLUSH };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element = mpa_encode_buffer_control(&control, storage);

	h->request_id += 2;
	client_notify(h->target, &element, 1);
}

/* Associated with the new point of attachment: the cached address goes onto the interface, while
 * the 4-way handshake still runs. */
int act_arrive(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	if (lease_adopt(h->lease, h->target->settings->name, &h->next) < 0)
		handover_fail(h, MOVE_EVENT_REFUSED, "the new address cannot be used");
	else
		home_settle(h->home);
	return 0;
}

int act_knock(void *context, const void *input)
{
	struct handover *h = context;

	if (!address_equal(&lease_address(h->lease)->address, &h->next.address))
		act_arrive(h, input); /* a radio that does not tell of the association */
	if (h->state == MOVE_KNOCKING)
		reach_begin(h->reach, &h->next.router,
			h->next.router_mac_known ? h->next.router_mac : NULL, &h->next.address,
			lease_mac(h->lease));
	return 0;
}

int act_announce(void *context, const void *input)
{
	struct handover *h = context;
	struct endpoint local = endpoint_of_prefix(&h->next.address, 0);

	(void)input;
	/* Where it has not been deleted before the move, or the router has not heard of it. */
	handover_delete_ike(h, &local);
	if (handover_by_eap(h) && (!h->tunnel.ike || ike_tunnel_is_over(h->tunnel.ike)))
		handover_step(h, MOVE_EVENT_DONE);
	client_event(h->target, PAC_MOVED, &local);
	if (h->buffered)
		flush(h);
	return 0;
}

/* --- when it goes otherwise ------------------------------------------------------------------- */

/* docs/pana.md: a client that goes elsewhere says so. What was held comes through the tunnel while it
 * stands. */
static void tell_router_to_forget(struct handover *h)
{
	struct mpa_buffer_control flush = { .request_id = h->request_id + 2,
		.operation = MPA_BUFFER_FLUSH };
	struct mpa_tunnel_delete delete = { .request_id = h->request_id + 3,
		.spi = h->tunnel.request.spi };
	struct mpa_address_release release = { .request_id = h->request_id + 4,
		.address = endpoint_of_prefix(&h->next.address, 0) };
	uint8_t storage[3][MPA_VALUE_MAX];
	struct element_value elements[3];
	unsigned count = 0;

	h->request_id += 4;
	if (h->buffered)
		elements[count++] = mpa_encode_buffer_control(&flush, storage[0]);
	if (h->tunnel.up && !h->tunnel.ike)
		elements[count++] = mpa_encode_tunnel_delete(&delete, storage[1]);
	if (h->next.address.family)
		elements[count++] = mpa_encode_address_release(&release, storage[2]);
	if (count)
		client_notify(h->target, elements, count);
}

int act_abandon(void *context, const void *input)
{
	struct handover *h = context;
	const struct lease_address *a = lease_address(h->lease);
	bool rebind = h->binding;

	(void)input;
	log_event(h->node->log, "preparation_abandoned", "{s:s,s:s}", "network",
		h->target->settings->name, "reason", h->why);
	handover_delete_ike(h, NULL);
	tell_router_to_forget(h);
	tunnel_lower(&h->tunnel, h->node, "abandoned");
	tunnel_clear(&h->tunnel, h->node);
	home_dislodge(h->home);
	h->next = (struct lease_address){ 0 };
	h->buffered = h->bound = h->binding = h->go = false;
	if (h->is_handoff)
		tell(h, "handoff_failed", "attach_failed", json_pack("{s:s}", "reason", h->why));
	waiters_report(&h->mn->waiters, h, HANDOVER_FAILED, NULL, h->why);
	if (h->target->pac && !pac_open(h->target->pac))
		client_forget(h->target);
	h->target = h->mn->serving;
	if (rebind)
		home_bind(h->home, &a->address, &a->router, h->settings->name);
	return 0;
}

static void tell_fall_back(struct handover *h, const char *to)
{
	log_event(h->node->log, "handoff_fallback", "{s:s,s:s,s:s}", "network",
		h->target->settings->name, "reason", h->why, "to", to);
}

int act_fall_back(void *context, const void *input)
{
	struct handover *h = context;

	tell_fall_back(h, "unprepared");
	tunnel_clear(&h->tunnel, h->node);
	h->next = (struct lease_address){ 0 };
	h->prepared = false;
	return act_join(h, input);
}

/* The address is known, the rest is not done: the correspondents are told from the new network. */
int act_switch_early(void *context, const void *input)
{
	struct handover *h = context;

	tell_fall_back(h, "prepared address");
	return act_switch(h, input);
}

int act_go_back(void *context, const void *input)
{
	struct handover *h = context;

	tell_fall_back(h, "previous network");
	h->going_back = true;
	h->bound = h->prepared = h->buffered = false;
	h->next = (struct lease_address){ 0 };
	tunnel_clear(&h->tunnel, h->node);
	home_dislodge(h->home);
	h->wanted = h->target;
	if (h->previous)
		h->target = h->previous;
	return act_join(h, input);
}

int act_leave(void *context, const void *input)
{
	struct handover *h = context;

	(void)input;
	handover_settle(h);
	candidates_drop(h, "the node leaves");
	tunnel_lower(&h->tunnel, h->node, "left");
	tunnel_clear(&h->tunnel, h->node);
	home_dislodge(h->home);
	home_settle(h->home);
	lease_drop(h->lease, true);
	station_leave(h->station);
	h->mn->serving = NULL;
	waiters_report(&h->mn->waiters, h, HANDOVER_FAILED, NULL, "the node was told to leave");
	return 0;
}
