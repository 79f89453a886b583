// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/measure/handoff.h"

const struct handoff_row handoff_rows[] = {
#define X(row, title, unit) { #row, title, unit },
	HANDOFF_FIGURES(X)
#undef X
	{ NULL, NULL, NULL },
};

static const size_t offsets[] = {
#define X(row, title, unit) offsetof(struct handoff_figures, row),
	HANDOFF_FIGURES(X)
#undef X
};

double handoff_figure(const struct handoff_figures *figures, const char *row)
{
	for (size_t i = 0; handoff_rows[i].row; i++)
		if (strcmp(handoff_rows[i].row, row) == 0)
			return *(const double *)((const char *)figures + offsets[i]);
	return NAN;
}

static double ms(double from, double to)
{
	return (to - from) * 1e3;
}

static double time_of(const struct event *event)
{
	return event ? event->t : NAN;
}

/* From the first `begin` at or after `from` to the first `end` after that, in ms. */
static double span(const struct handoff_input *in, const char *node, const char *begin,
	const char *end, double from)
{
	const struct event *b = events_first(in->events, node, begin, from);
	const struct event *e = b ? events_first(in->events, node, end, b->t) : NULL;
	return e ? ms(b->t, e->t) : NAN;
}

static int find_moments(const struct handoff_input *in, struct handoff_moments *m,
	struct report_error *error)
{
	const struct event *started = events_first(in->events, in->mn, "handoff_started", 0);

	m->started = time_of(started);
	if (!started) {
		snprintf(error->text, sizeof(error->text),
			"the event log of %s has no handoff_started: the handoff did not begin",
			in->mn);
		return -1;
	}
	m->left = time_of(events_first(in->events, in->mn, "l2_down", m->started));
	m->attached = time_of(events_first(in->events, in->mn, "l2_up", m->left));
	m->completed = time_of(events_first(in->events, in->mn, "handoff_completed", m->started));
	const char *missing = isnan(m->left) ? "l2_down"
		: isnan(m->attached)	     ? "l2_up"
		: isnan(m->completed)	     ? "handoff_completed"
					     : NULL;
	if (missing) {
		snprintf(error->text, sizeof(error->text),
			"the event log of %s has handoff_started but no %s after it: the handoff "
			"did not complete",
			in->mn, missing);
		return -1;
	}
	return 0;
}

/* --- packets ---------------------------------------------------------------------------------- */

static uint32_t highest(const struct packets *packets)
{
	uint32_t top = 0;
	for (size_t i = 0; i < packets->count; i++)
		if (packets->list[i].sequence > top)
			top = packets->list[i].sequence;
	return top;
}

/* Copies of each sequence number, 0 to `top`; the caller frees. */
static unsigned *copies_of(const struct packets *packets, uint32_t top)
{
	unsigned *copies = calloc((size_t)top + 1, sizeof(*copies));
	if (!copies)
		abort();
	for (size_t i = 0; i < packets->count; i++)
		if (packets->list[i].sequence <= top)
			copies[packets->list[i].sequence]++;
	return copies;
}

static void count_losses(const struct handoff_input *in, struct handoff_figures *f)
{
	uint32_t top = highest(in->sent), seen = 0;
	unsigned *sent = copies_of(in->sent, top), *received = copies_of(in->received, top);

	f->packet_loss = f->duplicates = f->reordered = 0;
	for (uint32_t s = 1; s <= top; s++) {
		f->packet_loss += sent[s] && !received[s];
		f->duplicates += received[s] > 1 ? received[s] - 1 : 0;
	}
	f->packet_loss_avg = f->packet_loss;
	/* RFC 4737 §3: reordered is what arrives after a higher number. */
	for (size_t i = 0; i < in->received->count; i++) {
		uint32_t s = in->received->list[i].sequence;
		f->reordered += s < seen;
		if (s > seen)
			seen = s;
	}
	free(sent);
	free(received);
}

static double sent_at(const struct packets *sent, uint32_t sequence)
{
	for (size_t i = 0; i < sent->count; i++)
		if (sent->list[i].sequence == sequence)
			return sent->list[i].t;
	return NAN;
}

/* RFC 3550 §6.4.1, in ms: the greatest value that the estimator reaches. */
static double greatest_jitter(const struct handoff_input *in)
{
	double jitter = 0, top = 0, before = NAN;
	for (size_t i = 0; i < in->received->count; i++) {
		const struct packet_seen *p = &in->received->list[i];
		double transit = p->t - sent_at(in->sent, p->sequence);
		if (isnan(transit))
			continue;
		if (!isnan(before))
			jitter += (fabs(transit - before) * 1e3 - jitter) / 16;
		before = transit;
		top = fmax(top, jitter);
	}
	return top;
}

static void measure_gaps(const struct handoff_input *in, const struct handoff_moments *m,
	struct handoff_figures *f)
{
	double sum = 0, n = 0, last = NAN;

	f->interruption_ms = NAN;
	for (size_t i = 0; i < in->received->count; i++) {
		double t = in->received->list[i].t, gap = ms(last, t);
		if (!isnan(last)) {
			if (t < m->left) {
				sum += gap;
				n++;
			} else if (isnan(f->inter_packet_during_ms)) {
				f->inter_packet_during_ms = gap;
			}
			if (t >= m->started && !(gap <= f->interruption_ms))
				f->interruption_ms = gap;
		}
		last = t;
	}
	if (n)
		f->inter_packet_interval_ms = sum / n;
	f->packet_jitter_ms = f->inter_packet_during_ms - f->inter_packet_interval_ms;
	f->jitter_rfc3550_ms = greatest_jitter(in);
}

/* --- phases ----------------------------------------------------------------------------------- */

struct phase_row {
	const char *name, *layer;
	bool at_ar; /* in the log of the access router, else of the mobile node */
	const char *begin, *end;
	size_t figure; /* offset of its figure, or NO_FIGURE */
};

#define NO_FIGURE ((size_t)-1)
#define FIGURE(row) offsetof(struct handoff_figures, row)

static const struct phase_row phases[] = {
	{ "T_auth", "l3", false, "pana_started", "pana_authenticated", FIGURE(t_auth_ms) },
	{ "T_conf", "l3", false, "configuration_started", "tunnel_up", FIGURE(t_conf_ms) },
	{ "tunnel", "tunnel", false, "tunnel_up", "tunnel_down", NO_FIGURE },
	{ "buffering", "buffer", true, "buffering_started", "buffering_stopped",
		FIGURE(buffering_period_ms) },
	{ "T_assoc+4way", "l2", false, "l2_down", "l2_up", FIGURE(t_assoc_4way_ms) },
	{ "DHCP", "l3", false, "dhcp_started", "dhcp_bound", FIGURE(dhcp_ms) },
	{ "DAD", "l3", false, "dad_started", "dad_done", FIGURE(dad_ms) },
	{ "BU", "l3", false, "binding_update_sent", "binding_acknowledged", FIGURE(binding_ms) },
};

#define PHASES (sizeof(phases) / sizeof(phases[0]))

/* Preparation may lie before the handoff command, but after the previous network's own set-up. */
static double search_from(const struct handoff_input *in, const struct handoff_moments *m)
{
	const struct event *e = events_last(in->events, in->mn, "preparation_started", m->left);
	return e ? e->t : m->started;
}

static void measure_phases(const struct handoff_input *in, const struct handoff_moments *m,
	struct handoff_figures *f)
{
	double from = search_from(in, m);

	for (size_t i = 0; i < PHASES; i++) {
		const struct phase_row *p = &phases[i];
		if (p->figure != NO_FIGURE)
			*(double *)((char *)f + p->figure) =
				span(in, p->at_ar ? in->ar : in->mn, p->begin, p->end, from);
	}
	f->l2_leaving_ms = span(in, in->mn, "l2_leaving", "l2_down", m->started);
	f->l2_handoff_ms = ms(m->left, m->attached);
	f->l3_handoff_ms = ms(m->attached, m->completed);
	f->handover_ms = ms(m->left, m->completed);
	const struct event *stopped = events_first(in->events, in->ar, "buffering_stopped",
		m->started);
	if (stopped)
		f->buffered_packets = event_number(stopped, "packets", NAN);
}

int handoff_compute(const struct handoff_input *in, struct handoff_moments *m,
	struct handoff_figures *f, struct report_error *error)
{
#define X(row, title, unit) f->row = NAN;
	HANDOFF_FIGURES(X)
#undef X
	if (find_moments(in, m, error) < 0)
		return -1;
	if (in->sent->count == 0 || in->received->count == 0) {
		snprintf(error->text, sizeof(error->text),
			"the capture at the %s holds none of the measured traffic: it did not flow",
			in->sent->count ? "receiver" : "sender");
		return -1;
	}
	measure_phases(in, m, f);
	count_losses(in, f);
	measure_gaps(in, m, f);
	return 0;
}

/* --- report ----------------------------------------------------------------------------------- */

static size_t report_phases(const struct handoff_input *in, const struct handoff_moments *m,
	struct handoff_phase *out)
{
	double from = search_from(in, m);
	size_t n = 0;

	for (size_t i = 0; i < PHASES; i++) {
		const struct phase_row *p = &phases[i];
		const char *node = p->at_ar ? in->ar : in->mn;
		const struct event *b = events_first(in->events, node, p->begin, from);
		const struct event *e = b ? events_first(in->events, node, p->end, b->t) : NULL;
		if (e)
			out[n++] = (struct handoff_phase){ p->name, p->layer, ms(m->left, b->t),
				ms(m->left, e->t) };
	}
	return n;
}

static size_t report_events(const struct handoff_input *in, const struct handoff_moments *m,
	struct handoff_event *out)
{
	double from = fmin(search_from(in, m), m->started);
	size_t n = 0;

	for (size_t i = 0; i < in->events->count; i++) {
		const struct event *e = &in->events->list[i];
		if (e->t >= from && e->t <= m->completed + 1)
			out[n++] = (struct handoff_event){ ms(m->left, e->t), e->node, e->name,
				e->object };
	}
	return n;
}

/* Mean time on the way of the packets that arrived before the mobile node left. */
static double usual_transit(const struct handoff_input *in, double left)
{
	double sum = 0, n = 0;
	for (size_t i = 0; i < in->received->count && in->received->list[i].t < left; i++) {
		double sent = sent_at(in->sent, in->received->list[i].sequence);
		if (!isnan(sent)) {
			sum += in->received->list[i].t - sent;
			n++;
		}
	}
	return n ? sum / n : NAN;
}

/* A packet that took this much longer than usual was held in a buffer on its way. */
#define HELD_S 1e-3

static size_t report_packets(const struct handoff_input *in, const struct handoff_moments *m,
	struct handoff_packet *out)
{
	uint32_t top = highest(in->sent);
	unsigned *copies = copies_of(in->received, top);
	double transit = usual_transit(in, m->left);
	size_t n = 0;

	for (size_t i = 0; i < in->sent->count; i++) {
		const struct packet_seen *s = &in->sent->list[i];
		if (s->t < m->left - 1 || s->t > m->completed + 1)
			continue;
		double received = sent_at(in->received, s->sequence);
		out[n++] = (struct handoff_packet){ .seq = s->sequence,
			.sent_ms = ms(m->left, s->t),
			.received_ms = ms(m->left, received),
			.copies = copies[s->sequence],
			.buffered = received - s->t > transit + HELD_S };
	}
	free(copies);
	return n;
}

void handoff_report(const struct handoff_input *in, const struct handoff_moments *m,
	const char *column, unsigned repetition, const struct report_pair *captures,
	size_t n_captures, struct result_measurement *measurement)
{
	struct handoff_phase phase_list[PHASES];
	struct handoff_event *events = calloc(in->events->count + 1, sizeof(*events));
	struct handoff_packet *packets = calloc(in->sent->count + 1, sizeof(*packets));

	if (!events || !packets)
		abort();
	struct handoff_report report = {
		.column = column,
		.repetition = repetition,
		.phases = phase_list,
		.n_phases = report_phases(in, m, phase_list),
		.timeline = events,
		.n_timeline = report_events(in, m, events),
		.packets = packets,
		.n_packets = report_packets(in, m, packets),
		.captures = captures,
		.n_captures = n_captures,
	};
	measurement_add_handoff(measurement, &report);
	free(events);
	free(packets);
}
