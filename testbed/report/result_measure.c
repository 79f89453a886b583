// SPDX-License-Identifier: Apache-2.0
/* The builder's second half: measurements and handoffs. */
#include "testbed/report/result.h"

#include "testbed/report/json.h"
#include "testbed/report/statistics.h"

struct result_measurement *result_add_measurement(struct result *r,
						  const struct measurement_report *m)
{
	json_t *o = append(get_array(result_json(r), "measurements"), json_object());

	put(o, "experiment", json_text(m->experiment));
	put(o, "title", json_text(m->title ? m->title : m->experiment));
	put_text(o, "documented", m->documented);
	put(o, "clock", json_text(m->clock));
	put_text(o, "note", m->note);
	put(o, "columns", json_array());
	put(o, "handoffs", json_array());
	return (struct result_measurement *)o;
}

struct result_column *measurement_add_column(struct result_measurement *m, const char *name,
					     const char *documented_column, const char *documented,
					     unsigned repetitions)
{
	json_t *o = append(get_array((json_t *)m, "columns"), json_object());

	put(o, "name", json_text(name));
	put_text(o, "documented_column", documented_column);
	put_text(o, "documented", documented);
	put_count(o, "repetitions", repetitions);
	put(o, "rows", json_array());
	return (struct result_column *)o;
}

void column_add_row(struct result_column *c, const struct report_row *row)
{
	json_t *o = append(get_array((json_t *)c, "rows"), json_object());
	json_t *values = must(json_array());

	for (size_t i = 0; i < row->n_values; i++)
		append(values, json_double(row->values[i]));
	put(o, "row", json_text(row->row));
	put(o, "title", json_text(row->title ? row->title : row->row));
	put(o, "unit", json_text(row->unit));
	put_number(o, "documented", row->documented);
	put_number(o, "tolerance", row->tolerance);
	put_text(o, "better", row->higher_is_better ? "higher" : "lower");
	put(o, "values", values);
	put_text(o, "explanation", row->explanation);
	row_summarise(o);
}

static json_t *phases(const struct handoff_report *h)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < h->n_phases; i++) {
		const struct handoff_phase *p = &h->phases[i];
		json_t *o = append(array, json_object());

		put(o, "name", json_text(p->name));
		put_text(o, "layer", p->layer ? p->layer : "l3");
		put_number(o, "start_ms", p->start_ms);
		put_number(o, "end_ms", p->end_ms);
	}
	return array;
}

static json_t *timeline(const struct handoff_report *h)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < h->n_timeline; i++) {
		const struct handoff_event *e = &h->timeline[i];
		json_t *o = append(array, json_object());

		put_number(o, "t_ms", e->t_ms);
		put(o, "node", json_text(e->node));
		put(o, "event", json_text(e->event));
		put(o, "detail", e->detail ? json_deep_copy(e->detail) : json_object());
	}
	return array;
}

static json_t *packets(const struct handoff_report *h)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < h->n_packets; i++) {
		const struct handoff_packet *p = &h->packets[i];
		json_t *o = append(array, json_object());

		put_count(o, "seq", p->seq);
		put_number(o, "sent_ms", p->sent_ms);
		put_number(o, "received_ms", p->received_ms);
		put_count(o, "copies", p->copies);
		if (p->buffered)
			put(o, "buffered", json_true());
	}
	return array;
}

void measurement_add_handoff(struct result_measurement *m, const struct handoff_report *h)
{
	json_t *o = append(get_array((json_t *)m, "handoffs"), json_object());
	json_t *capture = must(json_object());

	for (size_t i = 0; i < h->n_captures; i++)
		put(capture, h->captures[i].name, json_text(h->captures[i].value));
	put(o, "column", json_text(h->column));
	put_count(o, "repetition", h->repetition);
	put(o, "phases", phases(h));
	put(o, "timeline", timeline(h));
	put(o, "packets", packets(h));
	put(o, "capture", capture);
}
