// SPDX-License-Identifier: Apache-2.0
/* Cells one after the other on this kernel, each with its record. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/eap/eap_credentials.h"
#include "testbed/guest/guest.h"
#include "testbed/guest/tool.h"
#include "testbed/interop/cmd_inside.h"
#include "testbed/interop/record.h"
#include "testbed/report/progress.h"
#include "testbed/util/paths.h"

struct run {
	struct interop interop;
	struct progress *progress;
	unsigned number;
	char trouble[1024]; /* a record that could not be written */
};

static struct report_implementation implementation(const struct call *call, unsigned i, enum part end)
{
	const struct participant *p = &call->participants[i];

	return (struct report_implementation){ .name = p->manifest->name,
		.version = *p->version ? p->version : NULL, .role = call->matrix.roles[end],
		.adapter = p->manifest->file };
}

/* The result of this one cell, as its record. */
static void record(struct call *call, struct run *run, const struct call_cell *at, struct cell *cell,
	const char *name)
{
	struct report_implementation peer = implementation(call, at->b, PART_RESPONDER);
	struct result *one = result_new(&(struct result_info){ .dir = call->results,
		.version = BATON_VERSION, .guest = guest_inside(), .clock = call->clock,
		.argc = call->argc, .argv = call->argv });
	struct report_error error;
	char suite[100];

	snprintf(suite, sizeof(suite), "interop/%s", call->matrix.name);
	cell_report(&run->interop, cell, one, result_add_suite(one, &(struct suite_report){ .name = suite,
		.title = call->matrix.title, .file = call->matrix.file,
		.sut = implementation(call, at->a, PART_INITIATOR), .peer = &peer }));
	if (record_write(call->results, name, at->order, one, &error) < 0)
		snprintf(run->trouble, sizeof(run->trouble), "%s", error.text);
	result_free(one);
}

static void run_one(struct call *call, const struct call_cell *at, void *context)
{
	struct run *run = context;
	char name[CELL_NAME_MAX], said[CELL_NAME_MAX];

	record_name(call->participants[at->a].manifest->name, call->participants[at->b].manifest->name,
		at->feature->name, name);
	if (*run->trouble || record_stands(call->results, name) || !record_claim(call->results, name))
		return;
	struct cell *cell = calloc(1, sizeof(*cell));
	if (!cell)
		abort();
	*cell = (struct cell){ .feature = at->feature, .number = ++run->number,
		.ends = { &call->participants[at->a], &call->participants[at->b] } };
	progress_begin(run->progress, call_cell_name(call, at, said));
	cell_run(&run->interop, cell);
	progress_end(run->progress, cell->verdict, cell->reason, cell->duration_s);
	record(call, run, at, cell, name);
	cell_release(cell);
	free(cell);
}

/* --- before the first ------------------------------------------------------------------------- */

static int load_wire(struct call *call)
{
	struct diagnostics d = { 0 };
	char *file = baton_file("suites/interop/wire.yaml");
	int result = file ? topology_load(file, &call->topology, &d) : -1;

	if (!file)
		return call_complain("%s is not found; BATON_ROOT names the folder that has suites/",
			"suites/interop/wire.yaml");
	free(file);
	return result < 0 ? call_trouble(&d) : 0;
}

/* Every adapter can say "unsupported", and what it is. */
static int probe(struct call *call)
{
	char why[700];

	for (unsigned i = 0; i < call->participant_count; i++) {
		struct participant *p = &call->participants[i];
		for (unsigned end = 0; end < 2; end++) {
			const struct manifest_role *role =
				manifest_role(p->manifest, call->matrix.roles[end]);
			if (role && adapter_probe(p->manifest, role, why, sizeof(why)) < 0)
				return call_complain("%s", why);
		}
		adapter_version(p->manifest, call->matrix.roles[1], p->version, sizeof(p->version));
	}
	return 0;
}

static int make_folder(struct call *call)
{
	snprintf(call->work, sizeof(call->work), "/tmp/baton-interop-XXXXXX");
	if (mkdtemp(call->work))
		return 0;
	*call->work = '\0';
	return call_complain("no folder can be made in /tmp: %s", strerror(errno));
}

static const char *const key_kinds[2] = { "ec", "rsa" };

int call_make_work(struct call *call)
{
	char error[512];

	if (make_folder(call) != 0)
		return 2;
	for (unsigned i = 0; i < 2; i++) {
		const struct eap_credentials options = { .rsa = i == 1 };
		char *folder = path_format("%s/%s", call->work, key_kinds[i]);
		int result = eap_make_credentials(folder, &options, error, sizeof(error));
		free(folder);
		if (result < 0)
			return call_complain("certificates: %s", error);
	}
	return 0;
}

int call_run_cells(struct call *call)
{
	struct run run = { .number = 0 };

	if (load_wire(call) != 0 || probe(call) != 0)
		return 2;
	for (unsigned i = 0; i < 2; i++)
		snprintf(call->credentials[i], sizeof(call->credentials[i]), "%s/%s",
			call->part ? call->part : call->work, key_kinds[i]);
	if (call->part && make_folder(call) != 0)
		return 2;
	run.interop = (struct interop){ .matrix = &call->matrix, .topology = call->topology,
		.results = call->results, .work = call->work,
		.credentials = { call->credentials[0], call->credentials[1] } };
	run.progress = progress_start(stderr, call_each(call, NULL, NULL));
	call_each(call, run_one, &run);
	progress_finish(run.progress);
	return *run.trouble ? call_complain("%s", run.trouble) : 0;
}
