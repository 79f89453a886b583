// SPDX-License-Identifier: Apache-2.0
/* What comes in: queues, expected messages, silence, and the ordinary exchange. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "testbed/suite/script.h"

#define AUTO_WITHIN (6 * BTIME_S)
#define AUTO_REPEAT BTIME_S /* RFC 5191 §9: REQ_IRT and PCI_IRT */

/* --- queues --------------------------------------------------------------------------------- */

static bool seen_before(struct session *session, struct view octets)
{
	for (unsigned i = 0; i < session->history_count && i < HISTORY_MAX; i++)
		if (view_equal(session->history[i], octets))
			return true;
	session->history[session->history_count++ % HISTORY_MAX] = octets;
	return false;
}

static struct session *session_of(struct script *s, const struct datagram *d)
{
	if (s->now->socket == d->socket)
		return s->now;
	for (unsigned i = 0; i < s->session_count; i++)
		if (s->sessions[i]->socket == d->socket)
			return s->sessions[i];
	if (s->role->carrier != CARRIER_STREAM)
		return s->now;
	/* A connection that the sut has made is the present session's from now on; what comes on
	 * one that the test has left is of no interest. */
	if (!s->role->tester_serves || d->socket < s->now->socket)
		return NULL;
	s->now->socket = d->socket;
	return s->now;
}

/* A line armed against messages of the sut. */
static const struct step *fire(struct script *s, enum step_kind kind, const struct message *m)
{
	for (unsigned i = 0; m && i < s->armed_count; i++) {
		struct armed *a = &s->armed[i];
		const struct message *wanted = a->step->pattern.message;
		if (a->step->kind != kind || !a->left || !a->step->from_sut ||
			(wanted && strcmp(wanted->name, m->name) != 0))
			continue;
		a->left--;
		return a->step;
	}
	return NULL;
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	struct endpoint x = *a, y = *b;
	x.port = y.port = 0;
	return endpoint_equal(&x, &y);
}

/* What shares the port with IKE, RFC 3948 §2.2, §2.3: true when this is none of its messages. */
static bool is_beside(struct script *s, struct datagram *d)
{
	static const uint8_t marker[4];

	if (!s->role->nat_port || d->to.port != htons(s->role->nat_port))
		return false;
	bool marked = d->octets.size > sizeof(marker) &&
		memcmp(d->octets.data, marker, sizeof(marker)) == 0;
	if (marked) {
		d->octets.data += sizeof(marker);
		d->octets.size -= sizeof(marker);
		return false;
	}
	rung_note(ladder_add(&s->ladder, d->at, true, 0, NULL, d->octets), d->octets.size == 1 ?
		"keeps a NAT's mapping" : "no message of IKE: there is no non-ESP marker");
	return true;
}

static void enqueue(struct script *s, struct datagram *d)
{
	struct session *session = session_of(s, d);
	struct incoming *in = arena_alloc(s->arena, sizeof(*in));
	const struct step *step;

	if (!session || is_beside(s, d))
		return;
	in->datagram = *d;
	heard_decode(s->role, d->octets, &in->heard);
	in->heard.from_port = ntohs(d->from.port);
	in->heard.to_port = ntohs(d->to.port);
	in->heard.from_second = same_address(&d->from, &s->remote[1]);
	in->heard.to_second = s->role->carrier == CARRIER_FRAMES ? d->to.address[0] & 1 :
			same_address(&d->to, &s->link->options.tester[1]);
	in->rung = ladder_add(&s->ladder, d->at, true, 0,
		in->heard.packet.message ? &in->heard.packet : NULL, d->octets);
	if (d->closed)
		rung_note(in->rung, "the connection is closed");
	if ((step = fire(s, STEP_DROP, in->heard.packet.message))) {
		rung_note(in->rung, "lost on the way (line %u)", step->line);
		return;
	}
	/* Nothing is retransmitted in a connection: what is the same was said twice. */
	in->again = s->role->carrier != CARRIER_STREAM && seen_before(session, d->octets);
	in->repeated = in->again && (view_equal(d->octets, session->heard) ||
						view_equal(d->octets, session->heard_request));
	if (in->again)
		rung_note(in->rung, "sent again");
	session->heard = d->octets;
	if (in->heard.packet.message && waits_for_answer(s->role, &in->heard.packet))
		session->heard_request = d->octets;
	if ((step = fire(s, STEP_DELAY, in->heard.packet.message))) {
		rung_note(in->rung, "late by %g s (line %u)", (double)step->after / 1e9,
			step->line);
		in->datagram.at += step->after;
	}
	if (session->queue_count < QUEUE_MAX)
		session->queue[(session->queue_first + session->queue_count++) % QUEUE_MAX] = in;
}

/* The program ended while the tester waited: that is a crash unless it may. */
static int sut_ended(struct script *s)
{
	char why[500];

	s->watching_stopped = true;
	if (sut_crashed(s->sut, why, sizeof(why)))
		return script_end(s, VERDICT_CRASH, "%s", why);
	return 0;
}

int script_pump(struct script *s, btime deadline, bool one)
{
	struct datagram d;

	for (;;) {
		if (one && s->now->queue_count)
			return 1;
		btime due = btime_min(deadline, script_flush(s));
		int watch = s->watching_stopped || !s->sut ? -1 : sut_descriptor(s->sut);
		int got = link_receive(s->link, due, watch, s->arena, &d);
		if (got < 0)
			return script_end(s, VERDICT_ERROR, "the run was interrupted");
		if (got == 1)
			enqueue(s, &d);
		else if (got == 2 && sut_ended(s) < 0)
			return -1;
		else if (got == 0 && link_now() >= deadline)
			return 0;
	}
}

/* Takes off what hides the message. False: it is a part of one, and the others have not come. */
static bool unwrap(struct script *s, struct incoming *in)
{
	const struct peer_ops *ops = s->role->ops;
	struct reject reject = { 0 };

	if (!ops->unwrap || in->opened || in->datagram.closed)
		return true;
	in->opened = true;
	if (ops->place)
		ops->place(s->now->peer, &in->datagram.to, &in->datagram.from);
	if (!in->heard.decoded)
		return true;
	int done = ops->unwrap(s->now->peer, in->datagram.octets, &in->heard.packet, &reject);
	if (done < 0) {
		in->heard.decoded = false;
		in->heard.reject = reject;
	}
	rung_packet(&s->ladder, in->rung, &in->heard.packet);
	if (done == 0)
		rung_note(in->rung, "a part of a message");
	return done != 0;
}

static int hear_datagram(struct script *s, btime deadline, struct incoming **out)
{
	int got = script_pump(s, deadline, true);
	struct session *session = s->now;

	if (got <= 0)
		return got;
	*out = session->queue[session->queue_first];
	if ((*out)->datagram.at > link_now()) { /* delayed on its way */
		if ((*out)->datagram.at > deadline)
			return script_pump(s, deadline, false);
		if (script_pump(s, (*out)->datagram.at, false) < 0)
			return -1;
	}
	session->queue_first = (session->queue_first + 1) % QUEUE_MAX;
	session->queue_count--;
	if ((*out)->rung && !(*out)->rung->line)
		(*out)->rung->line = s->step->line;
	return 1;
}

int script_hear(struct script *s, btime deadline, struct incoming **out)
{
	int got;

	do {
		got = hear_datagram(s, deadline, out);
	} while (got == 1 && !unwrap(s, *out));
	return got;
}

void script_unhear(struct script *s, struct incoming *in)
{
	struct session *session = s->now;

	if (in->rung)
		in->rung->line = 0;
	if (session->queue_count == QUEUE_MAX)
		return;
	session->queue_first = (session->queue_first + QUEUE_MAX - 1) % QUEUE_MAX;
	session->queue[session->queue_first] = in;
	session->queue_count++;
}

/* --- taken ---------------------------------------------------------------------------------- */

/* The peer takes note, and answers go to where the message came from. */
static enum seal_state take_note(struct script *s, const struct incoming *in)
{
	struct session *session = s->now;
	const struct peer_ops *ops = s->role->ops;

	session->last_event = in->datagram.at;
	if (!s->role->to_group)
		session->remote = in->datagram.from;
	if (!session->remote_known && in->datagram.socket == s->listening)
		session->socket = s->listening;
	if (s->role->nat_port) /* ... and from where it went to */
		session->socket = in->datagram.socket;
	session->remote_known = true;
	ops->received(session->peer, &in->heard.packet, in->datagram.octets, in->again);
	return s->role->seal ?
		ops->verify(session->peer, &in->heard.packet, in->datagram.octets) : SEAL_STATE_NONE;
}

static int mismatch(struct script *s, const struct step *step, const struct incoming *in)
{
	struct outcome *o = &s->outcome;
	const struct difference *first = &o->differs.list[0];
	char label[100];

	snprintf(o->expected, sizeof(o->expected), "%s", step->text);
	if (in->datagram.closed) {
		snprintf(o->received, sizeof(o->received), "the end of the connection");
		return script_end(s, VERDICT_FAIL, "expected %s, and the connection was closed",
			step->pattern.message ? step->pattern.message->name : "a message");
	}
	packet_label(s->role, &in->heard.packet, label, sizeof(label));
	snprintf(o->received, sizeof(o->received), "%s", in->heard.packet.message ? label :
		"octets that are no message");
	if (strcmp(first->field, "message") == 0)
		return script_end(s, VERDICT_FAIL, "expected %s, received %s", first->expected,
			first->received);
	return script_end(s, VERDICT_FAIL, "%s of the %s: expected %s, received %s", first->field,
		in->heard.packet.message ? in->heard.packet.message->name : "message",
		first->expected, first->received);
}

/* --- expect --------------------------------------------------------------------------------- */

static int too_early(struct script *s, const struct step *step, const struct incoming *in,
	btime since)
{
	char expected[60], received[60];

	snprintf(expected, sizeof(expected), "not before %g s",
		(double)step->after / 1e9);
	snprintf(received, sizeof(received), "after %.3f s",
		(double)(in->datagram.at - since) / 1e9);
	differ(&s->outcome.differs, "time", expected, received);
	return mismatch(s, step, in);
}

static int nothing_came(struct script *s, const struct step *step, btime limit)
{
	const struct message *m = step->pattern.message;

	if (step->optional)
		return 0;
	snprintf(s->outcome.expected, sizeof(s->outcome.expected), "%s", step->text);
	snprintf(s->outcome.received, sizeof(s->outcome.received), "nothing");
	return script_end(s, VERDICT_FAIL, "no %s%s came within %g s", m ? m->name : "message",
		step->again ? " like the one before" : "", (double)limit / 1e9);
}

/* A message that is not what the line wants, or not when. */
static int judge(struct script *s, const struct step *step, struct incoming *in, btime since)
{
	struct differences *d = &s->outcome.differs;
	bool fits = heard_matches(s->role, &step->pattern, &in->heard, &s->variables, d);

	if (fits && step->again && !in->again) {
		differ(d, "octets", "those of an earlier message", "new ones");
		fits = false;
	}
	if (!fits && step->optional) {
		d->count = 0;
		script_unhear(s, in);
		return 0;
	}
	if (!fits)
		return mismatch(s, step, in);
	if (step->after && in->datagram.at - since < step->after)
		return too_early(s, step, in, since);
	enum seal_state seal = take_note(s, in);
	if (!heard_seal_fits(s->role, &step->pattern, seal, d))
		return mismatch(s, step, in);
	return 0;
}

int script_expect(struct script *s, const struct step *step)
{
	btime limit = script_patience(s,
		step->within == BTIME_NEVER ? s->test->within : step->within);
	btime since = s->now->last_event;
	btime deadline = (step->after || step->again ? since : link_now()) + limit;
	struct incoming *in;

	for (;;) {
		int got = script_hear(s, deadline, &in);
		if (got < 0)
			return -1;
		if (got == 0)
			return nothing_came(s, step, limit);
		if (in->again && !step->again) { /* what was judged before comes once more */
			take_note(s, in);
			continue;
		}
		return judge(s, step, in, since);
	}
}

int script_closed(struct script *s, const struct step *step)
{
	btime limit = script_patience(s,
		step->within == BTIME_NEVER ? s->test->within : step->within);
	btime since = s->now->last_event;
	struct incoming *in;
	char label[100];
	int got = script_hear(s, (step->after ? since : link_now()) + limit, &in);

	if (got < 0)
		return -1;
	snprintf(s->outcome.expected, sizeof(s->outcome.expected), "%s", step->text);
	snprintf(s->outcome.received, sizeof(s->outcome.received), "nothing");
	if (got == 0)
		return script_end(s, VERDICT_FAIL, "the connection was not closed within %g s",
			(double)limit / 1e9);
	if (!in->datagram.closed) {
		packet_label(s->role, &in->heard.packet, label, sizeof(label));
		return script_end(s, VERDICT_FAIL, "expected the end of the connection, received %s",
			label);
	}
	if (step->after && in->datagram.at - since < step->after)
		return too_early(s, step, in, since);
	s->now->last_event = in->datagram.at;
	s->outcome.expected[0] = s->outcome.received[0] = '\0';
	return 0;
}

int script_silence(struct script *s, const struct step *step)
{
	btime deadline = link_now() + script_patience(s, step->after);
	char label[100];
	struct incoming *in;

	for (;;) {
		int got = script_hear(s, deadline, &in);
		if (got <= 0)
			return got;
		if (in->repeated && !step->strict)
			continue;
		packet_label(s->role, &in->heard.packet, label, sizeof(label));
		if (in->datagram.closed)
			snprintf(label, sizeof(label), "the end of the connection");
		snprintf(s->outcome.expected, sizeof(s->outcome.expected), "%s", step->text);
		snprintf(s->outcome.received, sizeof(s->outcome.received), "%s", label);
		differ(&s->outcome.differs, "message", "none", label);
		return script_end(s, VERDICT_FAIL, "expected silence, received %s", label);
	}
}

/* --- the ordinary exchange ------------------------------------------------------------------ */

static bool auto_discards(struct script *s, struct incoming *in)
{
	struct reject reject = in->heard.reject;
	char text[160];

	if (in->heard.decoded && s->role->ops->acceptable(s->now->peer, &in->heard.packet,
					 in->again, &reject))
		return false;
	rung_note(in->rung, "discarded: %s", reject_text(&reject, text, sizeof(text)));
	return true;
}

/* 1: this was the message waited for; 0: go on; -1: over. */
static int auto_take(struct script *s, const struct step *step, struct incoming *in)
{
	struct differences none = { .count = 0 };
	bool wanted;

	if (auto_discards(s, in))
		return 0;
	wanted = step->until && !step->point && !in->again &&
		heard_matches(s->role, &step->pattern, &in->heard, &s->variables, &none);
	enum seal_state seal = take_note(s, in);
	if (seal == SEAL_STATE_INVALID || seal == SEAL_STATE_MISSING)
		rung_note(in->rung, "its integrity value %s", seal == SEAL_STATE_MISSING ?
			"is missing" : "does not verify");
	if (!wanted)
		return 0;
	if (heard_seal_fits(s->role, &step->pattern, seal, &s->outcome.differs))
		return 1;
	return mismatch(s, step, in);
}

static int auto_send(struct script *s, btime *repeat)
{
	const struct message *next = s->role->ops->next(s->now->peer);
	const struct pattern pattern = { .message = next };

	*repeat = BTIME_NEVER;
	if (next)
		return script_transmit(s, &pattern, false) < 0 ? -1 : 1;
	if (!s->role->ops->waiting(s->now->peer) || !s->now->last_request.size)
		return 0;
	*repeat = s->now->last_request_at + script_patience(s, AUTO_REPEAT);
	if (link_now() < *repeat)
		return 0;
	struct rung *rung = ladder_add(&s->ladder, link_now(), false, s->step->line, NULL,
		s->now->last_request);
	rung_note(rung, "the last request again");
	script_put(s, s->now, s->now->last_request, rung);
	s->now->last_request_at = link_now();
	*repeat = s->now->last_request_at + script_patience(s, AUTO_REPEAT);
	return 0;
}

static int auto_over(struct script *s, const struct step *step, btime limit)
{
	const char *position = s->role->ops->position(s->now->peer);

	if (!step->until)
		return 0;
	snprintf(s->outcome.expected, sizeof(s->outcome.expected), "%s", step->text);
	snprintf(s->outcome.received, sizeof(s->outcome.received), "%s", position);
	if (!s->test->has_preamble)
		s->preamble = true; /* what prepares a test is not what it judges */
	return script_end(s, VERDICT_FAIL, "the ordinary exchange did not get there within %g s: "
		"%s",
		(double)limit / 1e9, position);
}

int script_auto(struct script *s, const struct step *step)
{
	btime limit = !step->until ? step->after :
		script_patience(s, step->within == BTIME_NEVER ? AUTO_WITHIN : step->within);
	btime deadline = link_now() + limit, repeat;
	struct incoming *in;

	for (;;) {
		int sent = 1;
		while (sent == 1) {
			if (step->point && s->role->ops->reached(s->now->peer, step->point))
				return 0;
			sent = auto_send(s, &repeat);
		}
		if (sent < 0)
			return -1;
		int got = script_hear(s, btime_min(deadline, repeat), &in);
		if (got == 1)
			got = auto_take(s, step, in) == 1 ? 2 : s->outcome.verdict ? -1 : 1;
		if (got < 0)
			return -1;
		if (got == 2)
			return 0;
		if (got == 0 && link_now() >= deadline)
			return auto_over(s, step, limit);
	}
}
