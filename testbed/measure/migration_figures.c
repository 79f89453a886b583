// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include "testbed/measure/migration.h"
#include "testbed/measure/place.h"

#define SETTLED_S 0.6	/* before the end of the streams everything has found its way */
#define PORTS_MAX 32

/*
 * Milliseconds of the longest silence of a stream at one end that ends, or lasts, after `from`, less
 * the interval at which it is sent.
 */
static double longest_gap(const struct streams_log *log, unsigned stream, double from, double until)
{
	static const double interval_ms[MIGRATION_STREAMS] = { STREAM_MS, STREAM_MS, CONSTANT_MS };
	double last = NAN, gap = 0;

	for (size_t i = 0; i < log->count; i++) {
		const struct stream_arrival *a = &log->arrivals[i];
		if (a->stream != stream || a->t > until)
			continue;
		if (a->t >= from && a->t - last > gap)
			gap = a->t - last;
		last = a->t;
	}
	if (!isnan(last) && until - last > gap)
		gap = until - last;
	return isnan(last) ? NAN : fmax(gap * 1e3 - interval_ms[stream], 0);
}

static void measure_gaps(const struct migration_input *in, struct migration_figures *f)
{
	f->gap_down_ms = longest_gap(&in->mn, 0, in->moved, in->ended);
	f->gap_up_ms = longest_gap(&in->cn, 1, in->moved, in->ended);
	f->gap_constant_ms = fmax(longest_gap(&in->mn, 2, in->moved, in->ended),
		longest_gap(&in->cn, 2, in->moved, in->ended));
	f->interruption_ms = fmax(fmax(f->gap_down_ms, f->gap_up_ms), f->gap_constant_ms);
	f->beyond_ms = f->interruption_ms - in->rtt_ms;
}

/* --- the new link ------------------------------------------------------------------------------ */

struct port {
	uint16_t number;
	double up, down; /* first seen; NAN: never */
};

static void see(struct port *ports, unsigned *count, const struct segment *s)
{
	unsigned i = 0;

	while (i < *count && ports[i].number != s->port)
		i++;
	if (i == PORTS_MAX)
		return;
	if (i == *count)
		ports[(*count)++] = (struct port){ s->port, NAN, NAN };
	double *first = s->up ? &ports[i].up : &ports[i].down;
	if (isnan(*first))
		*first = s->t;
}

static void measure_new_link(const struct migration_input *in, struct migration_figures *f)
{
	struct port ports[PORTS_MAX];
	unsigned count = 0;
	double last = 0;

	for (size_t i = 0; i < in->b.count; i++) {
		const struct segment *s = &in->b.list[i];
		see(ports, &count, s);
		if (!s->up && s->payload && isnan(f->first_data_ms))
			f->first_data_ms = (s->t - in->moved) * 1e3;
	}
	for (unsigned i = 0; i < count; i++)
		last = ports[i].up > last || isnan(ports[i].up) ? ports[i].up : last;
	for (unsigned i = 0; i < count; i++)
		last = ports[i].down > last || isnan(ports[i].down) ? ports[i].down : last;
	if (count >= MIGRATION_STREAMS)
		f->moved_ms = (last - in->moved) * 1e3;
	f->round_trips = f->first_data_ms / in->rtt_ms;
	f->control_messages = (double)in->b.control;
	f->fragments = (double)in->b.fragments;
}

/* --- octets ------------------------------------------------------------------------------------ */

static double headers(const struct wire *w, double from, double until)
{
	double sum = 0, n = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct segment *s = &w->list[i];
		if (s->t < from || s->t >= until || !s->payload)
			continue;
		sum += s->wire - s->payload;
		n++;
	}
	return n ? sum / n : NAN;
}

static double payload(const struct wire *w, bool up)
{
	double sum = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].up == up)
			sum += w->list[i].payload;
	return sum;
}

static void count_octets(const struct migration_input *in, struct migration_figures *f)
{
	double got = STREAM_HELLO_SIZE * MIGRATION_STREAMS;

	for (unsigned i = 0; i < MIGRATION_STREAMS; i++)
		got += (double)in->mn.ends[i].received + (double)in->cn.ends[i].received;
	f->again_octets = payload(&in->a, true) + payload(&in->b, true) +
		payload(&in->core, false) - got;
	f->overhead_before_octets = headers(&in->a, 0, in->moved) - PLAIN_HEADERS;
	f->overhead_octets = headers(&in->b, in->ended - SETTLED_S, in->ended) - PLAIN_HEADERS;
}

/* --- what must not be -------------------------------------------------------------------------- */

static bool whole(const struct stream_end *from, const struct stream_end *to)
{
	return to->ended && !to->wrong && to->received == from->sent && !from->error[0] &&
		!to->error[0];
}

static double count_clear(const struct wire *w)
{
	double n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += w->list[i].outer == IPPROTO_TCP;
	return n;
}

static void count_faults(const struct migration_input *in, struct migration_figures *f)
{
	f->broken_streams = 0;
	for (unsigned i = 0; i < MIGRATION_STREAMS; i++)
		f->broken_streams += !whole(&in->mn.ends[i], &in->cn.ends[i]) ||
			!whole(&in->cn.ends[i], &in->mn.ends[i]);
	if (in->protects)
		f->in_clear = count_clear(&in->a) + count_clear(&in->b) + count_clear(&in->core);
}

int migration_compute(const struct migration_input *in, struct migration_figures *f,
	struct report_error *error)
{
#define X(row, title, unit) f->row = NAN;
	MIGRATION_FIGURES(X)
#undef X
	if (in->a.unopened || in->b.unopened || in->core.unopened)
		return place_fail(error, "%zu packets of ESP could not be opened",
			in->a.unopened + in->b.unopened + in->core.unopened);
	measure_gaps(in, f);
	if (isnan(f->interruption_ms) || isnan(f->gap_down_ms) || isnan(f->gap_up_ms))
		return place_fail(error, "a stream has no arrivals: the traffic did not flow");
	if (isnan(headers(&in->a, 0, in->moved)))
		return place_fail(error, "the capture of the old link holds no segment of the traffic");
	measure_new_link(in, f);
	count_octets(in, f);
	count_faults(in, f);
	f->stood_still_ms = in->still_s * 1e3;
	return 0;
}
