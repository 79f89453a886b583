// SPDX-License-Identifier: Apache-2.0
/* The builder's second half: measurements and handoffs. */
#include "testbed/report/result.h"

#include "testbed/report/json.h"
#include "testbed/report/statistics.h"

struct result_measurement *result_add_measurement(struct result *r,
	const struct measurement_report *m)
{
	json_t *o = json_append(json_get_array(result_json(r), "measurements"), json_object());

	json_put(o, "experiment", json_from_text(m->experiment));
	json_put(o, "title", json_from_text(m->title ? m->title : m->experiment));
	json_put_text(o, "documented", m->documented);
	json_put(o, "clock", json_from_text(m->clock));
	json_put_text(o, "note", m->note);
	json_put(o, "columns", json_array());
	json_put(o, "handoffs", json_array());
	return (struct result_measurement *)o;
}

struct result_column *measurement_add_column(struct result_measurement *m, const char *name,
	const char *documented_column, const char *documented, unsigned repetitions)
{
	json_t *o = json_append(json_get_array((json_t *)m, "columns"), json_object());

	json_put(o, "name", json_from_text(name));
	json_put_text(o, "documented_column", documented_column);
	json_put_text(o, "documented", documented);
	json_put_count(o, "repetitions", repetitions);
	json_put(o, "rows", json_array());
	return (struct result_column *)o;
}

void column_add_row(struct result_column *c, const struct report_row *row)
{
	json_t *o = json_append(json_get_array((json_t *)c, "rows"), json_object());
	json_t *values = report_must(json_array());

	for (size_t i = 0; i < row->n_values; i++)
		json_append(values, json_from_double(row->values[i]));
	json_put(o, "row", json_from_text(row->row));
	json_put(o, "title", json_from_text(row->title ? row->title : row->row));
	json_put(o, "unit", json_from_text(row->unit));
	json_put_number(o, "documented", row->documented);
	json_put_number(o, "tolerance", row->tolerance);
	json_put_text(o, "better", row->higher_is_better ? "higher" : "lower");
	json_put(o, "values", values);
	json_put_text(o, "explanation", row->explanation);
	row_summarise(o);
}

void measurement_add_finding(struct result_measurement *m, enum finding finding, const char *text)
{
	static const char *const words[] = { [FINDING_HOLDS] = "holds",
		[FINDING_FAILS] = "does not hold",
		[FINDING_NOT_MEASURED] = "not measured" };
	json_t *o;

	if (!json_get_array((json_t *)m, "findings"))
		json_put((json_t *)m, "findings", json_array());
	o = json_append(json_get_array((json_t *)m, "findings"), json_object());
	json_put(o, "verdict", json_from_text(words[finding]));
	json_put(o, "text", json_from_text(text));
}

static json_t *phases(const struct handoff_report *h)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < h->n_phases; i++) {
		const struct handoff_phase *p = &h->phases[i];
		json_t *o = json_append(array, json_object());

		json_put(o, "name", json_from_text(p->name));
		json_put_text(o, "layer", p->layer ? p->layer : "l3");
		json_put_number(o, "start_ms", p->start_ms);
		json_put_number(o, "end_ms", p->end_ms);
	}
	return array;
}

static json_t *timeline(const struct handoff_report *h)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < h->n_timeline; i++) {
		const struct handoff_event *e = &h->timeline[i];
		json_t *o = json_append(array, json_object());

		json_put_number(o, "t_ms", e->t_ms);
		json_put(o, "node", json_from_text(e->node));
		json_put(o, "event", json_from_text(e->event));
		json_put(o, "detail", e->detail ? json_deep_copy(e->detail) : json_object());
	}
	return array;
}

static json_t *packets(const struct handoff_report *h)
{
	json_t *array = report_must(json_array());

	for (size_t i = 0; i < h->n_packets; i++) {
		const struct handoff_packet *p = &h->packets[i];
		json_t *o = json_append(array, json_object());

		json_put_count(o, "seq", p->seq);
		json_put_number(o, "sent_ms", p->sent_ms);
		json_put_number(o, "received_ms", p->received_ms);
		json_put_count(o, "copies", p->copies);
		if (p->buffered)
			json_put(o, "buffered", json_true());
	}
	return array;
}

void measurement_add_handoff(struct result_measurement *m, const struct handoff_report *h)
{
	json_t *o = json_append(json_get_array((json_t *)m, "handoffs"), json_object());
	json_t *capture = report_must(json_object());

	for (size_t i = 0; i < h->n_captures; i++)
		json_put(capture, h->captures[i].name, json_from_text(h->captures[i].value));
	json_put(o, "column", json_from_text(h->column));
	json_put_count(o, "repetition", h->repetition);
	json_put(o, "phases", phases(h));
	json_put(o, "timeline", timeline(h));
	json_put(o, "packets", packets(h));
	json_put(o, "capture", capture);
}
