// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testbed/guest/tool.h"
#include "testbed/interop/cmd.h"
#include "testbed/interop/cmd_inside.h"
#include "testbed/interop/facts.h"
#include "testbed/interop/record.h"
#include "testbed/util/paths.h"

static const char usage[] =
	"usage: baton interop [MATRIX] [--sut NAME,NAME,...] [--only PATTERN]... [--results DIR]\n"
	"                     [--resume | --again] [--jobs N] [--expected FILE]\n"
	"                     [--clock virtual|real|native] [--list]\n"
	"Runs implementations against each other, each pair in both roles (docs/interoperability.md).\n"
	"MATRIX is a name in suites/interop, or a file; ike unless given. --sut replaces the matrix's\n"
	"implementations. A PATTERN is INITIATOR:RESPONDER/FEATURE, with * and ?; only what fits one runs.\n"
	"Results go to build/interop unless --results names another folder. --resume keeps the verdicts that\n"
	"are there and runs what is missing; --again runs what the patterns name anew and keeps the others.\n"
	"--jobs is the number of guests at a time, one for each processor unless given.\n";

int call_complain(const char *format, const char *value)
{
	fprintf(stderr, "baton interop: ");
	fprintf(stderr, format, value);
	fprintf(stderr, "\n");
	return 2;
}

int call_trouble(struct diagnostics *d)
{
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	return 2;
}

/* --- what is to be run ---------------------------------------------------------------------- */

/* A number from 1 to JOBS_MAX; 2 after a message. */
static int take_jobs(struct call *call, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n < 1 || n > JOBS_MAX)
		return call_complain("%s: guests at a time are 1 to 64", text);
	call->jobs = (unsigned)n;
	return 0;
}

static int take_clock(struct call *call, const char *text)
{
	if (strcmp(text, "virtual") != 0 && strcmp(text, "real") != 0 && strcmp(text, "native") != 0)
		return call_complain("%s: a clock is virtual, real or native", text);
	call->clock = text;
	return 0;
}

static int take_pattern(struct call *call, const char *text)
{
	if (call->only_count == ONLY_MAX)
		return call_complain("%s: more patterns than there is room for", text);
	call->only[call->only_count++] = text;
	return 0;
}

static int take(struct call *call, int option)
{
	switch (option) {
	case 's': call->suts = optarg; return 0;
	case 'o': return take_pattern(call, optarg);
	case 'r': call->results_given = optarg; return 0;
	case 'e': call->expected_file = optarg; return 0;
	case 'c': return take_clock(call, optarg);
	case 'j': return take_jobs(call, optarg);
	case 'p': call->part = optarg; return 0;
	case 'l': call->list = true; return 0;
	case 'R': call->resume = true; return 0;
	case 'a': call->again = true; return 0;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		return 2;
	}
}

static int parse(int argc, char **argv, struct call *call)
{
	static const struct option longs[] = { { "sut", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "results", required_argument, NULL, 'r' },
		{ "expected", required_argument, NULL, 'e' },
		{ "clock", required_argument, NULL, 'c' }, { "list", no_argument, NULL, 'l' },
		{ "resume", no_argument, NULL, 'R' }, { "again", no_argument, NULL, 'a' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "part", required_argument, NULL, 'p' }, /* of a guest that we start ourselves */
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (take(call, option) != 0)
			return 2;
	if (optind + 1 < argc)
		return call_complain("%s: name one matrix", argv[optind + 1]);
	if (call->resume && call->again)
		return call_complain("%s", "--resume keeps what is there, --again does not: give one");
	if (call->again && !call->only_count)
		return call_complain("%s", "--again wants the cells named by --only");
	call->matrix_name = optind < argc ? argv[optind] : "ike";
	return 0;
}

static int add_participant(struct call *call, const char *name)
{
	struct diagnostics d = { 0 };
	struct manifest *m = NULL;
	char *file = manifest_find(name, &d);
	int result = file ? manifest_load(file, &m, &d) : -1;

	free(file);
	if (result < 0)
		return call_trouble(&d);
	if (call->participant_count == PARTICIPANTS_MAX)
		return call_complain("%s: more implementations than there is room for", name);
	call->participants[call->participant_count++].manifest = m;
	return 0;
}

/* A file of ours is told as it lies below the root. */
static void shorten(struct matrix *m)
{
	char *root = baton_root();
	size_t n = root ? strlen(root) : 0;

	if (m->file && n && strncmp(m->file, root, n) == 0 && m->file[n] == '/')
		m->file += n + 1;
	free(root);
}

static int load(struct call *call)
{
	struct diagnostics d = { 0 };
	char *copy = call->suts ? strdup(call->suts) : NULL, *rest = copy, *word;
	int status = 0;

	if (matrix_load(call->matrix_name, &call->matrix, &d) < 0 ||
		(call->expected_file && expected_load(call->expected_file, &call->expected, &d) < 0))
		status = call_trouble(&d);
	else
		shorten(&call->matrix);
	while (rest && status == 0 && (word = strsep(&rest, ",")))
		status = add_participant(call, word);
	for (size_t i = 0; !call->suts && i < call->matrix.implementation_count && status == 0; i++)
		status = add_participant(call, call->matrix.implementations[i]);
	free(copy);
	return status;
}

const char *call_cell_name(const struct call *call, const struct call_cell *cell, char *out)
{
	snprintf(out, CELL_NAME_MAX, "%s:%s/%s", call->participants[cell->a].manifest->name,
		call->participants[cell->b].manifest->name, cell->feature->name);
	return out;
}

static bool wanted(const struct call *call, const struct call_cell *cell)
{
	char name[CELL_NAME_MAX];
	bool fits = !call->only_count;

	call_cell_name(call, cell, name);
	for (unsigned i = 0; i < call->only_count; i++)
		fits |= fnmatch(call->only[i], name, 0) == 0;
	return fits;
}

size_t call_each(struct call *call,
	void (*each)(struct call *call, const struct call_cell *cell, void *context), void *context)
{
	struct call_cell cell = { 0 };
	size_t n = 0;

	for (cell.a = 0; cell.a < call->participant_count; cell.a++)
		for (cell.b = 0; cell.b < call->participant_count; cell.b++)
			for (size_t i = 0; i < call->matrix.feature_count; i++) {
				cell.feature = &call->matrix.features[i];
				cell.order++;
				if (cell.a == cell.b || !wanted(call, &cell))
					continue;
				n++;
				if (each)
					each(call, &cell, context);
			}
	return n;
}

static void list_one(struct call *call, const struct call_cell *cell, void *context)
{
	char name[CELL_NAME_MAX];

	(void)context;
	printf("%s\n", call_cell_name(call, cell, name));
}

static int list(struct call *call)
{
	printf("%s: %s\n\n", call->matrix.name, call->matrix.title);
	for (size_t i = 0; i < call->matrix.feature_count; i++)
		printf("%-22s%s\n", call->matrix.features[i].name, call->matrix.features[i].title);
	printf("\n");
	call_each(call, list_one, NULL);
	printf("\nWhat a feature can show:\n");
	for (const struct fact *f = facts; f->name; f++)
		printf("%-22s%s\n", f->name, f->sentence);
	return 0;
}

int cmd_interop(int argc, char **argv)
{
	struct call call = { .clock = "virtual", .argc = argc };
	char *typed[72] = { NULL }; /* getopt sorts argv */

	for (int i = 0; i < argc && i < 71; i++)
		typed[i] = argv[i];
	call.argv = typed;
	int status = parse(argc, argv, &call);
	status = status ? status : load(&call);
	status = status ? status : call.list ? list(&call) : call_run(&call);
	if (*call.work)
		tool_remove(call.work);
	for (unsigned i = 0; i < call.participant_count; i++)
		manifest_free((struct manifest *)call.participants[i].manifest);
	if (call.topology)
		topology_free(call.topology);
	if (call.expected_file)
		expected_free(&call.expected);
	matrix_free(&call.matrix);
	return status;
}
