// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/util/paths.h"
#include "testbed/vectors/check.h"
#include "testbed/vectors/dissect.h"
#include "testbed/vectors/dissector.h"
#include "testbed/vectors/explain.h"

#define ARGUMENTS_MAX 8

struct run {
	const struct dissector *dissector;
	const char *arguments[ARGUMENTS_MAX];
	char script[64], option[96];
	struct explanations *explanations;
	struct check_summary *summary;
	bool verbose;
	FILE *out;
};

static void check_one(
	struct run *run, const struct pdml *pdml, size_t index, const struct vector *v)
{
	struct finding f = dissect_compare(run->dissector, pdml_packet(pdml, index), v);

	if (f.verdict == CHECK_DIFFERS) {
		const char *why = explanation_of(run->explanations, v);
		if (why)
			f = finding_of(CHECK_EXPLAINED, "%.200s; %.250s", f.text, why);
	}
	check_tell(run->summary, v, &f, run->verbose, run->out);
}

static int check_file(struct run *run, const struct vectors *file, char *error, size_t size)
{
	struct pdml *pdml = pdml_read(file->capture, run->arguments, error, size);
	size_t index = 0;

	if (!pdml)
		return -1;
	if (pdml_count(pdml) != file->count) {
		snprintf(error, size, "%s: %zu packets for %zu vectors; run 'make vectors'",
			file->capture, pdml_count(pdml), file->count);
		pdml_free(pdml);
		return -1;
	}
	for (size_t g = 0; g < file->group_count; g++)
		for (size_t i = 0; i < file->groups[g].count; i++)
			check_one(run, pdml, index++, &file->groups[g].vectors[i]);
	pdml_free(pdml);
	return 0;
}

/* The script of our own formats, in a file of its own. */
static int write_script(struct run *run, char *error, size_t size)
{
	char *template = baton_file("vectors/dissector.lua");

	snprintf(run->script, sizeof(run->script), "/tmp/baton-XXXXXX.lua");
	int fd = mkstemps(run->script, 4);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int failed = -1;
	if (!out)
		snprintf(error, size, "%s: %m", run->script);
	else
		failed = write_dissector(
			template ? template : "vectors/dissector.lua", out, error, size);
	if (out && fclose(out) != 0 && !failed) {
		snprintf(error, size, "%s: %m", run->script);
		failed = -1;
	}
	free(template);
	return failed;
}

/* Arguments of tshark for the protocol. */
static int prepare(struct run *run, char *error, size_t size)
{
	const char *const *more = run->dissector->arguments;
	size_t n = 0;

	for (; more && *more && n < ARGUMENTS_MAX - 3; more++)
		run->arguments[n++] = *more;
	if (!run->dissector->ours)
		return 0;
	if (write_script(run, error, size) < 0)
		return -1;
	snprintf(run->option, sizeof(run->option), "lua_script:%s", run->script);
	run->arguments[n++] = "-X";
	run->arguments[n] = run->option;
	return 0;
}

int check_set_with_tshark(const struct vector_set *set, const char *explanations, bool verbose,
	FILE *out, struct check_summary *summary, char *error, size_t size)
{
	const char *protocol = set->files[0]->protocol;
	struct run run = {.dissector = dissector_of(protocol),
		.summary = summary,
		.verbose = verbose,
		.out = out};
	int failed;

	*summary = (struct check_summary){0};
	if (!run.dissector) {
		snprintf(error, size, "tshark is not asked about %s", protocol);
		return -1;
	}
	run.explanations = explanations_read(explanations, protocol, error, size);
	if (!run.explanations)
		return -1;
	failed = prepare(&run, error, size);
	for (size_t i = 0; i < set->file_count && !failed; i++)
		failed = check_file(&run, set->files[i], error, size);
	if (!failed)
		explanations_tell_unused(run.explanations, out);
	explanations_free(run.explanations);
	if (*run.script)
		unlink(run.script);
	return failed;
}
