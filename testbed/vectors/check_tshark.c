// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "testbed/vectors/check.h"
#include "testbed/vectors/explain.h"
#include "testbed/vectors/dissect.h"

struct run {
	struct explanations *explanations;
	struct check_summary *summary;
	bool verbose;
	FILE *out;
};

static void check_one(
	struct run *run, const struct pdml *pdml, size_t index, const struct vector *v)
{
	struct finding f = dissect_compare(pdml_packet(pdml, index), v);

	if (f.verdict == CHECK_DIFFERS) {
		const char *why = explanation_of(run->explanations, v);
		if (why)
			f = finding_of(CHECK_EXPLAINED, "%.200s; %.250s", f.text, why);
	}
	check_tell(run->summary, v, &f, run->verbose, run->out);
}

static int check_file(struct run *run, const struct vectors *file, char *error, size_t size)
{
	struct pdml *pdml = pdml_read(file->capture, NULL, error, size);
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

int check_set_with_tshark(const struct vector_set *set, const char *explanations, bool verbose,
	FILE *out, struct check_summary *summary, char *error, size_t size)
{
	struct run run = {.summary = summary, .verbose = verbose, .out = out};
	int failed = 0;

	*summary = (struct check_summary){0};
	run.explanations = explanations_read(explanations, error, size);
	if (!run.explanations)
		return -1;
	for (size_t i = 0; i < set->file_count && !failed; i++)
		failed = check_file(&run, set->files[i], error, size);
	if (!failed)
		explanations_tell_unused(run.explanations, out);
	explanations_free(run.explanations);
	return failed;
}
