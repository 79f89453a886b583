// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/measure/experiment.h"
#include "testbed/measure/files.h"
#include "testbed/measure/layer2.h"
#include "testbed/measure/migration.h"
#include "testbed/measure/repetition.h"

/* What is shown of a prepared handoff, without a buffer and with one. */
#define UNBUFFERED_ROWS                                                                            \
	{ "l2_handoff_ms", "t_assoc_4way_ms", "l2_leaving_ms", "l3_handoff_ms", "packet_loss_avg", \
		"interruption_ms", "duplicates", "reordered", "inter_packet_interval_ms",          \
		"t_auth_ms", "t_conf_ms", "binding_ms" }
#define BUFFERED_ROWS                                                                              \
	{ "l2_handoff_ms", "t_assoc_4way_ms", "l2_leaving_ms", "l3_handoff_ms", "packet_loss_avg", \
		"interruption_ms", "duplicates", "reordered", "inter_packet_interval_ms",          \
		"inter_packet_during_ms", "packet_jitter_ms", "jitter_rfc3550_ms",                 \
		"buffering_period_ms", "buffered_packets", "t_auth_ms", "t_conf_ms", "binding_ms" }
#define BY_IKE { "BATON_SET_TUNNEL=ikev2" }

enum { PROGRAMS_UNPREPARED = 1, PROGRAMS_PANA = 2, PROGRAMS_IKE = 4 };

static const struct experiment_column handoff_columns[] = {
	{
		.name = "unprepared",
		.documented = "rfc6252-non-mpa",
		.handoff = { "handoff", "--unprepared", "b" },
		.programs = PROGRAMS_UNPREPARED,
		.rows = { "handover_ms", "packet_loss", "l2_leaving_ms", "l2_handoff_ms", "l3_handoff_ms",
			"interruption_ms", "t_auth_ms", "dhcp_ms", "dad_ms", "binding_ms",
			"duplicates", "reordered", "inter_packet_interval_ms",
			"jitter_rfc3550_ms" },
		.before_ms = 1000,
		.after_ms = 1000,
	},
	{
		.name = "prepared, no buffer",
		.documented = "rfc6252-fig7",
		.documented_column = "no-buffer",
		.handoff = { "handoff", "--no-buffer", "b" },
		.programs = PROGRAMS_PANA,
		.rows = UNBUFFERED_ROWS,
		.before_ms = 1000,
		.after_ms = 1000,
	},
	{
		.name = "prepared, buffer",
		.documented = "rfc6252-fig7",
		.documented_column = "buffer",
		.handoff = { "handoff", "b" },
		.programs = PROGRAMS_PANA,
		.rows = BUFFERED_ROWS,
		.before_ms = 1000,
		.after_ms = 1000,
	},
	{
		.name = "ikev2, no buffer",
		.documented = "rfc6252-fig7",
		.documented_column = "no-buffer",
		.handoff = { "handoff", "--no-buffer", "b" },
		.settings = BY_IKE,
		.programs = PROGRAMS_IKE,
		.rows = UNBUFFERED_ROWS,
		.before_ms = 1000,
		.after_ms = 1000,
	},
	{
		.name = "ikev2, buffer",
		.documented = "rfc6252-fig7",
		.documented_column = "buffer",
		.handoff = { "handoff", "b" },
		.settings = BY_IKE,
		.programs = PROGRAMS_IKE,
		.rows = BUFFERED_ROWS,
		.before_ms = 1000,
		.after_ms = 1000,
	},
	{ 0 },
};

const struct experiment experiments[] = {
	{
		.name = "handoff",
		.title = "A handoff between two 802.11 networks in different IP subnets",
		.topology = "two-subnets",
		.mn = "mn",
		.par = "par",
		.nar = "nar",
		.cn = "cn",
		.cn_capture = "eth0",
		.mn_capture = "ipip0",
		.ar_capture = "eth0",
		.home = "10.99.0.1",
		.columns = handoff_columns,
		.note = "Unprepared: leave, associate, authenticate, DHCP with duplicate address "
			"detection, binding update. Prepared: the six steps of RFC 6252 section "
			"6.3, address and tunnel by PANA; ikev2: by IKEv2.",
	},
	{
		.name = "mpa-fig10",
		.title = "Pre-authentication at layer 2, at home and roaming (RFC 6252 Figure 10)",
		.topology = "mpa-roaming",
		.mn = "mn",
		.nar = "nar",
		.columns = layer2_columns,
		.run = layer2_run,
		.note = "EAP-TLS through RADIUS. The delay of the link to the home AAA server is "
			"calibrated on post/roaming; every other cell is a prediction.",
	},
	{
		.name = "migration",
		.title = "Connections of a mobile node whose address changes",
		.topology = "two-links",
		.mn = "mn",
		.nar = "r",
		.cn = "cn",
		.columns = migration_columns,
		.run = migration_run,
		.note = "The old link goes at the moment at which the new address comes (-both: 500 "
			"ms later). change: the exchange is protected by IKE, the streams are plain "
			"TCP, as with mptcp and nothing. change-esp: ESP in transport mode. mobike: "
			"ESP in tunnel mode between addresses inside. An interruption without end "
			"lasts until the end of the observation, 1 s and ten round trips after the move.",
	},
	{ 0 },
};

bool experiment_wants(const struct experiment_options *o, const char *column)
{
	size_t length = strlen(column);
	const char *at = o->columns;

	while (at && !(strncmp(at, column, length) == 0 && strchr(",", at[length])))
		at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
	return !o->columns || at;
}

const struct experiment *experiment_named(const char *name)
{
	for (const struct experiment *e = experiments; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

static const struct {
	const char *documented, *row, *text;
} explanations[] = {
	{ "rfc6252-non-mpa", "handover_ms",
		"DHCP with duplicate address detection is the longest part, as there: RFC 5227 "
		"takes 4 to 7 s; Appendix A speaks of 4 to 15 s" },
	{ "rfc6252-non-mpa", "packet_loss",
		"a packet each 16 ms of the handover" },
	{ "rfc6252-fig7", "l2_handoff_ms",
		"includes the 4-way handshake of WPA2, as Figure 10 does (16 ms); Figure 7 is an "
		"association without a key exchange" },
	{ "rfc6252-fig7", "packet_loss_avg",
		"one for each 16 ms between leaving and the end of the key exchange" },
	{ "rfc6252-fig7", "buffering_period_ms",
		"ends when the mobile node says that it has arrived; Figure 7 is a fixed setting" },
	{ "rfc6252-fig7", "buffered_packets",
		"follows from the buffering period and the interval of the traffic" },
	{ "rfc6252-fig7", "inter_packet_during_ms",
		"follows from the L2 handoff, which here includes the key exchange" },
	{ "rfc6252-fig7", "packet_jitter_ms",
		"follows from the L2 handoff, which here includes the key exchange" },
	{ "rfc6252-fig10", "t_auth_ms",
		"round trips to the AAA server and what is computed; computing is faster here than "
		"on the documented testbed, which shows where there are few round trips" },
	{ "rfc6252-fig10", "t_conf_ms",
		"one round trip to the agent and one to the access points, and what is computed" },
	{ "rfc6252-fig10", "total_ms", "follows from T_auth" },
	{ NULL, NULL, NULL },
};

const char *experiment_explanation(const char *documented, const char *row)
{
	for (size_t i = 0; explanations[i].text; i++)
		if (documented && strcmp(explanations[i].documented, documented) == 0 &&
			strcmp(explanations[i].row, row) == 0)
			return explanations[i].text;
	return NULL;
}

static const struct handoff_row *row_named(const char *name)
{
	const struct handoff_row *r = handoff_rows;
	while (r->row && strcmp(r->row, name) != 0)
		r++;
	return r;
}

/*
 * The key exchange is documented in Figure 10 only, whatever table the rest of the column stands
 * beside: with MPA, at home.
 */
static double documented_value(const struct figures *documented,
	const struct experiment_column *column, const char *row)
{
	if (strcmp(row, "t_assoc_4way_ms") == 0)
		return figures_value(documented, "rfc6252-fig10", "mpa/non-roaming", row);
	return column->documented ? figures_value(documented, column->documented,
					    column->documented_column, row)
				  : NAN;
}

static void add_rows(const struct experiment_column *column, const struct repetition *done,
	unsigned count, const struct figures *documented, struct result_column *out)
{
	double *values = calloc(count + 1, sizeof(*values));

	if (!values)
		abort();
	for (unsigned i = 0; i < 18 && column->rows[i]; i++) {
		const struct handoff_row *row = row_named(column->rows[i]);
		for (unsigned k = 0; k < count; k++)
			values[k] = handoff_figure(&done[k].figures, row->row);
		column_add_row(out,
			&(struct report_row){ .row = row->row,
				.title = row->title,
				.unit = row->unit,
				.documented = documented_value(documented, column, row->row),
				.tolerance = NAN,
				.values = values,
				.n_values = count,
				.explanation = experiment_explanation(column->documented,
					row->row) });
	}
	free(values);
}

static void attach(struct result *result, const char *folder, const char *node, const char *file,
	struct report_pair *pair, char path[512])
{
	struct report_error error;

	snprintf(path, 512, "%s/%s", folder, file);
	*pair = (struct report_pair){ node, path };
	if (result_attach(result, path, &error) < 0)
		fprintf(stderr, "baton measure: %s\n", error.text);
}

static void add_handoff(const struct experiment *e, const struct experiment_column *column,
	const struct repetition *r, unsigned number, struct result_measurement *measurement,
	struct result *result)
{
	struct handoff_input input = repetition_input(e, r);
	struct report_pair pairs[4];
	char paths[4][512];

	attach(result, r->folder, e->mn, "mn.pcap", &pairs[0], paths[0]);
	attach(result, r->folder, e->par, "par.pcap", &pairs[1], paths[1]);
	attach(result, r->folder, e->nar, "nar.pcap", &pairs[2], paths[2]);
	attach(result, r->folder, e->cn, "cn.pcap", &pairs[3], paths[3]);
	handoff_report(&input, &r->moments, column->name, number, pairs, 4, measurement);
}

static void keep(const struct experiment_options *o, const char *folder)
{
	char from[1280], to[1280];
	struct report_error error;

	snprintf(from, sizeof(from), "%s/%s", o->workspace, folder);
	snprintf(to, sizeof(to), "%s/%s", o->results, folder);
	if (copy_tree(from, to, &error) < 0)
		fprintf(stderr, "baton measure: %s\n", error.text);
}

/*
 * Returns how many repetitions gave no figures. *warm: the programs that are in memory;
 * those of this column join them once a repetition went well.
 */
static int run_column(const struct experiment *e, const struct experiment_column *column,
	unsigned *warm, const struct experiment_options *o, const struct figures *documented,
	struct result *result, struct result_measurement *measurement)
{
	const unsigned number = (unsigned)(column - e->columns) + 1;
	struct repetition *done = calloc(o->repetitions, sizeof(*done));
	struct report_error error;
	unsigned good = 0;
	char folder[64];

	if (!done)
		abort();
	/* Number 0 is not measured: it brings every program into memory that no column before has. */
	for (unsigned n = (*warm & column->programs) != 0; n <= o->repetitions; n++) {
		snprintf(folder, sizeof(folder), "%s-%u-%u", e->name, number, n);
		fprintf(stderr, "%s, %s: %s %u of %u\n", e->name, column->name,
			n ? "repetition" : "warm-up, repetition", n, o->repetitions);
		if (repetition_run(e, column, o, folder, n + 1, &done[good], &error) < 0) {
			fprintf(stderr, "baton measure: %s, repetition %u: %s\n", column->name, n,
				error.text);
			keep(o, folder);
			if (n == 0)
				break;
			continue;
		}
		*warm |= column->programs;
		if (n == 0) {
			repetition_free(&done[good]);
			continue;
		}
		if (good++ == 0 || o->keep)
			keep(o, folder);
	}
	struct result_column *out = measurement_add_column(measurement, column->name,
		column->documented_column, column->documented, good);
	add_rows(column, done, good, documented, out);
	for (unsigned k = 0; k < good; k++) {
		if (k == 0 || o->keep)
			add_handoff(e, column, &done[k], k + 1, measurement, result);
		repetition_free(&done[k]);
	}
	free(done);
	return (int)(o->repetitions - good);
}

int experiment_run(const struct experiment *e, const struct experiment_options *o,
	struct result *result)
{
	struct report_error error;
	struct figures *documented = figures_load(NULL, &error);
	unsigned warm = 0;
	int missing = 0;

	if (!documented) {
		fprintf(stderr, "baton measure: %s\n", error.text);
		return -1;
	}
	if (e->run) {
		missing = e->run(e, o, documented, result);
		figures_free(documented);
		return missing;
	}
	struct result_measurement *measurement = result_add_measurement(result,
		&(struct measurement_report){ .experiment = e->name,
			.title = e->title,
			.clock = o->clock,
			.note = e->note });
	for (unsigned i = 0; e->columns[i].name; i++)
		if (experiment_wants(o, e->columns[i].name))
			missing += run_column(e, &e->columns[i], &warm, o, documented, result,
				measurement);
	figures_free(documented);
	return missing;
}
