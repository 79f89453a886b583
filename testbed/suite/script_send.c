// SPDX-License-Identifier: Apache-2.0
/* What goes out: sessions and their sockets, messages, and what is armed against them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "testbed/suite/script.h"

/* --- sessions ------------------------------------------------------------------------------- */

static struct session *session_named(struct script *s, const char *name)
{
	for (unsigned i = 0; i < s->session_count; i++)
		if (strcmp(s->sessions[i]->name, name) == 0)
			return s->sessions[i];
	return NULL;
}

/* Who never listens has no use for a socket at the protocol's port. */
static bool listens(const struct role *role)
{
	return role->carrier != CARRIER_STREAM || role->tester_serves;
}

/* Frames have no ports: a session has an address of its own. */
static int open_sockets(struct script *s, struct session *session)
{
	bool frames = s->role->carrier == CARRIER_FRAMES;
	bool lan = s->role->lan && strcmp(session->name, "lan") == 0;
	char why[200];

	if (s->session_count == 0 && listens(s->role)) {
		s->listening = link_socket(s->link, 0, s->role->port, why, sizeof(why));
		if (s->listening < 0 || (s->role->nat_port &&
			link_socket(s->link, 0, s->role->nat_port, why, sizeof(why)) < 0))
			return script_end(s, VERDICT_ERROR, "%s", why);
	}
	if (lan)
		session->socket = link_lan(s->link, s->role->lan, why, sizeof(why));
	else if (frames && s->session_count)
		session->socket = link_socket(s->link, s->session_count, s->role->port, why,
			sizeof(why));
	else if (frames || s->role->tester_serves || (s->role->own_port && !s->session_count))
		session->socket = s->listening;
	else
		session->socket = link_socket(s->link, 0, 0, why, sizeof(why));
	if (session->socket < 0)
		return script_end(s, VERDICT_ERROR, "%s", why);
	return 0;
}

int session_turn(struct script *s, const char *name)
{
	struct session *session = session_named(s, name);
	struct peer_config config = { .setting = s->setting, .context = s->context,
		.random = &s->random, .key_log = s->key_log, .arena = s->arena,
		.credentials = s->credentials, .epoch = s->epoch };

	if (session) {
		s->now = session;
		return 0;
	}
	if (s->session_count == SESSIONS_MAX)
		return script_end(s, VERDICT_ERROR, "more than %d sessions", SESSIONS_MAX);
	session = arena_alloc(s->arena, sizeof(*session));
	session->name = name;
	if (open_sockets(s, session) < 0)
		return -1;
	config.eap = s->eap_new(s->context);
	if (!config.eap)
		return script_end(s, VERDICT_ERROR, "the tester cannot make its EAP end");
	session->peer = s->role->ops->create(&config);
	session->remote = s->remote[0];
	session->last_event = link_now();
	s->sessions[s->session_count++] = session;
	s->now = session;
	return 0;
}

int session_rebind(struct script *s, enum use_kind use)
{
	const struct endpoint *local = &s->link->local[s->now->socket];
	bool fixed = s->role->tester_serves || s->role->carrier == CARRIER_FRAMES;
	uint16_t port = use == USE_NEW_PORT && !fixed ? 0 : use == USE_NAT_PORT ?
		s->role->nat_port : ntohs(local->port);
	bool second = use == USE_SECOND_ADDRESS ||
		((use == USE_NEW_PORT || use == USE_NAT_PORT) &&
			memcmp(local->address, s->link->options.tester[1].address, 16) == 0);
	struct endpoint wanted;
	char why[200];

	if (s->role->carrier == CARRIER_STREAM)
		port = 0; /* a connection of its own each time */
	if (!link_address(s->link, second, port, &wanted))
		return script_end(s, VERDICT_UNSUPPORTED,
			"the tester has no second address on this wire");
	if (use == USE_NAT_PORT)
		s->now->remote.port = htons(s->role->nat_port);
	/* An address that was used before has its socket still. */
	for (unsigned i = 0; i < s->link->count && port; i++) {
		if (endpoint_equal(&s->link->local[i], &wanted)) {
			s->now->socket = (int)i;
			return 0;
		}
	}
	int socket = link_socket(s->link, second, port, why, sizeof(why));
	if (socket < 0)
		return script_end(s, VERDICT_ERROR, "%s", why);
	s->now->socket = socket;
	return 0;
}

/* --- connections ---------------------------------------------------------------------------- */

int session_connect(struct script *s)
{
	if (link_connect(s->link, s->now->socket, &s->now->remote) < 0)
		return script_end(s, VERDICT_FAIL, "no connection can be made: %s", strerror(errno));
	s->now->last_event = link_now();
	rung_note(ladder_add(&s->ladder, s->now->last_event, false, s->step->line, NULL,
			  VIEW_EMPTY), "the connection is made");
	return 0;
}

int session_close(struct script *s)
{
	const struct endpoint *local = &s->link->local[s->now->socket];
	bool second = memcmp(local->address, s->link->options.tester[1].address, 16) == 0;
	char why[200];

	link_hang_up(s->link, s->now->socket);
	s->now->last_event = link_now();
	rung_note(ladder_add(&s->ladder, s->now->last_event, false, s->step->line, NULL,
			  VIEW_EMPTY), "the tester closes the connection");
	s->now->socket = s->role->tester_serves ? s->listening :
		link_socket(s->link, second, 0, why, sizeof(why));
	return s->now->socket < 0 ? script_end(s, VERDICT_ERROR, "%s", why) : 0;
}

/* --- out ------------------------------------------------------------------------------------ */

/* With the non-ESP marker where IKE shares its port with ESP, RFC 3948 §2.2. */
static struct view marked(struct script *s, const struct session *session, struct view octets)
{
	const uint16_t nat = htons(s->role->nat_port);

	if (!nat || (s->link->local[session->socket].port != nat && session->remote.port != nat))
		return octets;
	struct writer w = writer_of(arena_alloc(s->arena, octets.size + 4), octets.size + 4);
	write_u32(&w, 0);
	write_view(&w, octets);
	return writer_view(&w);
}

void script_put(struct script *s, struct session *session, struct view octets,
	struct rung *rung)
{
	if (link_send(s->link, session->socket, &session->remote, marked(s, session, octets)) < 0)
		rung_note(rung, "could not be sent: %s", strerror(errno));
	session->last_event = link_now();
	if (rung)
		rung->at = session->last_event;
}

btime script_flush(struct script *s)
{
	btime now = link_now(), next = BTIME_NEVER;

	for (unsigned i = 0; i < s->held_count;) {
		struct held h = s->held[i];
		if (h.due > now) {
			next = btime_min(next, h.due);
			i++;
			continue;
		}
		s->held[i] = s->held[--s->held_count];
		script_put(s, h.session, h.octets, h.rung);
	}
	return next;
}

/* What was held until the next message had gone. */
static void release_reordered(struct script *s)
{
	for (unsigned i = 0; i < s->held_count; i++)
		if (s->held[i].due == BTIME_NEVER)
			s->held[i].due = 0;
	script_flush(s);
}

static int hold(struct script *s, struct view octets, struct rung *rung, btime due)
{
	if (s->held_count == HELD_MAX)
		return script_end(s, VERDICT_ERROR, "more than %d messages held back", HELD_MAX);
	s->held[s->held_count++] = (struct held){ due, s->now, octets, rung };
	return 0;
}

/* The next armed line of that kind for the message; it counts as used. */
static const struct step *fire(struct script *s, enum step_kind kind, const struct message *m)
{
	for (unsigned i = 0; m && i < s->armed_count; i++) {
		struct armed *a = &s->armed[i];
		const struct message *wanted = a->step->pattern.message;
		if (a->step->kind != kind || !a->left || a->step->from_sut ||
			(wanted && strcmp(wanted->name, m->name) != 0))
			continue;
		a->left--;
		return a->step;
	}
	return NULL;
}

/* One message through the lines that are armed against it. */
static int deliver(struct script *s, const struct message *m, struct view octets,
	struct rung *rung)
{
	const struct step *step;
	bool first_of_two = false;

	for (unsigned i = 0; i < s->held_count; i++)
		first_of_two |= s->held[i].due == BTIME_NEVER;
	if ((step = fire(s, STEP_DROP, m))) {
		rung_note(rung, "lost on the way (line %u)", step->line);
		return 0;
	}
	if ((step = fire(s, STEP_DELAY, m))) {
		rung_note(rung, "late by %g s (line %u)", (double)step->after / 1e9, step->line);
		return hold(s, octets, rung, link_now() + step->after);
	}
	if ((step = fire(s, STEP_REORDER, m))) {
		rung_note(rung, "overtaken by the next (line %u)", step->line);
		return hold(s, octets, rung, BTIME_NEVER);
	}
	script_put(s, s->now, octets, rung);
	if ((step = fire(s, STEP_DUPLICATE, m))) {
		rung_note(rung, "doubled (line %u)", step->line);
		script_put(s, s->now, octets, NULL);
	}
	if (first_of_two)
		release_reordered(s);
	return 0;
}

bool waits_for_answer(const struct role *role, const struct packet *packet)
{
	const struct protocol *p = role->protocol;

	if (role->asks)
		return role->asks(packet);
	return message_base_flags(p, packet->message) || packet->header[p->type_field] == 1;
}

static void note_sent(struct script *s, const struct compose_input *in, struct view octets,
	struct rung *rung)
{
	const struct packet *packet = &s->composed->packet;

	if (in->forge) {
		rung_note(rung, "forged");
		return;
	}
	s->role->ops->sent(s->now->peer, packet, octets);
	if (waits_for_answer(s->role, packet)) { /* auto can repeat it */
		s->now->last_request = octets;
		s->now->last_request_at = link_now();
	}
}

/* The peer knows where what it writes goes. */
static void place(struct script *s)
{
	if (s->role->ops->place)
		s->role->ops->place(s->now->peer, &s->link->local[s->now->socket],
			&s->now->remote);
}

/* The datagrams of the message in s->composed. */
static int send_composed(struct script *s, const struct compose_input *in,
	const struct step *alter)
{
	const struct composed *c = s->composed;
	const struct view all = VIEW(arena_copy(s->arena, (const char *)c->octets, c->size),
		c->size);
	size_t at = 0;

	s->now->last_sent = all;
	s->now->last_count = c->count;
	memcpy(s->now->last_sizes, c->sizes, sizeof(c->sizes));
	for (unsigned i = 0; i < c->count; at += c->sizes[i++]) {
		struct view octets = VIEW(all.data + at, c->sizes[i]);
		struct rung *rung = ladder_add(&s->ladder, link_now(), false,
			s->step ? s->step->line : 0, c->is_packet ? &c->packet : NULL, octets);
		if (alter)
			rung_note(rung, "altered (line %u)", alter->line);
		if (c->count > 1)
			rung_note(rung, "part %u of %u", i + 1, c->count);
		if (c->is_packet && i == 0)
			note_sent(s, in, octets, rung);
		if (deliver(s, in->pattern->message, octets, rung) < 0)
			return -1;
	}
	return 0;
}

int script_transmit(struct script *s, const struct pattern *pattern, bool forge)
{
	struct compose_input in = { .role = s->role, .peer = s->now->peer, .pattern = pattern,
		.forge = forge, .variables = &s->variables };
	const struct step *alter = fire(s, STEP_ALTER, pattern->message);
	char why[240];

	in.alter = alter ? &alter->pattern : NULL;
	place(s);
	if (compose(&in, s->composed, why, sizeof(why)) < 0)
		return script_end(s, VERDICT_ERROR, "the message cannot be made: %s", why);
	return send_composed(s, &in, alter);
}

int script_send_again(struct script *s)
{
	struct session *session = s->now;
	size_t at = 0;

	if (!session->last_count)
		return script_end(s, VERDICT_ERROR, "nothing was sent that could be sent again");
	for (unsigned i = 0; i < session->last_count; at += session->last_sizes[i++]) {
		struct view octets = VIEW(session->last_sent.data + at, session->last_sizes[i]);
		struct rung *rung = ladder_add(&s->ladder, link_now(), false, s->step->line, NULL,
			octets);
		rung_note(rung, "the last message again");
		script_put(s, session, octets, rung);
	}
	return 0;
}
