// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/eap/eap_credentials.h"
#include "testbed/guest/guest.h"
#include "testbed/guest/tool.h"
#include "testbed/interop/cell.h"
#include "testbed/interop/cmd.h"
#include "testbed/interop/facts.h"
#include "testbed/report/cmd.h"
#include "testbed/report/progress.h"
#include "testbed/suite/expected.h"
#include "testbed/util/paths.h"

#define STATUS_SKIP 125
#define PARTICIPANTS_MAX 32
#define ONLY_MAX 64

static const char usage[] =
	"usage: baton interop [MATRIX] [--sut NAME,NAME,...] [--only PATTERN]... [--results DIR]\n"
	"                     [--expected FILE] [--clock virtual|real|native] [--list]\n"
	"Runs implementations against each other, each pair in both roles (docs/interoperability.md).\n"
	"MATRIX is a name in suites/interop, or a file; ike unless given. --sut replaces the matrix's\n"
	"implementations. A PATTERN is INITIATOR:RESPONDER/FEATURE, with * and ?; only what fits one runs.\n"
	"Results go to build/interop unless --results names another folder.\n";

struct call {
	const char *matrix_name, *clock, *results_given, *expected_file;
	const char *only[ONLY_MAX];
	unsigned only_count;
	const char *suts;
	bool list;
	struct matrix matrix;
	struct expected expected;
	struct participant participants[PARTICIPANTS_MAX];
	unsigned participant_count;
	struct topology *topology;
	char results[PATH_MAX], work[64], credentials[2][128];
	int argc;
	char **argv;
};

static int complain(const char *format, const char *value)
{
	fprintf(stderr, "baton interop: ");
	fprintf(stderr, format, value);
	fprintf(stderr, "\n");
	return 2;
}

static int trouble(struct diagnostics *d)
{
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	return 2;
}

/* --- what is to be run ---------------------------------------------------------------------- */

static int parse(int argc, char **argv, struct call *call)
{
	static const struct option longs[] = { { "sut", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "results", required_argument, NULL, 'r' },
		{ "expected", required_argument, NULL, 'e' },
		{ "clock", required_argument, NULL, 'c' }, { "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			call->suts = optarg;
			break;
		case 'o':
			if (call->only_count == ONLY_MAX)
				return complain("%s: more patterns than there is room for", optarg);
			call->only[call->only_count++] = optarg;
			break;
		case 'r':
			call->results_given = optarg;
			break;
		case 'e':
			call->expected_file = optarg;
			break;
		case 'c':
			if (strcmp(optarg, "virtual") != 0 && strcmp(optarg, "real") != 0 &&
				strcmp(optarg, "native") != 0)
				return complain("%s: a clock is virtual, real or native", optarg);
			call->clock = optarg;
			break;
		case 'l':
			call->list = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 < argc)
		return complain("%s: name one matrix", argv[optind + 1]);
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
		return trouble(&d);
	if (call->participant_count == PARTICIPANTS_MAX)
		return complain("%s: more implementations than there is room for", name);
	call->participants[call->participant_count++].manifest = m;
	return 0;
}

static int load(struct call *call)
{
	struct diagnostics d = { 0 };
	char *copy = call->suts ? strdup(call->suts) : NULL, *rest = copy, *word;
	int status = 0;

	if (matrix_load(call->matrix_name, &call->matrix, &d) < 0 ||
		(call->expected_file && expected_load(call->expected_file, &call->expected, &d) < 0))
		status = trouble(&d);
	while (rest && status == 0 && (word = strsep(&rest, ",")))
		status = add_participant(call, word);
	for (size_t i = 0; !call->suts && i < call->matrix.implementation_count && status == 0; i++)
		status = add_participant(call, call->matrix.implementations[i]);
	free(copy);
	return status;
}

static bool wanted(const struct call *call, unsigned a, unsigned b, const struct feature *f)
{
	char name[300];
	bool fits = !call->only_count;

	snprintf(name, sizeof(name), "%s:%s/%s", call->participants[a].manifest->name,
		call->participants[b].manifest->name, f->name);
	for (unsigned i = 0; i < call->only_count; i++)
		fits |= fnmatch(call->only[i], name, 0) == 0;
	return fits;
}

/* Calls `each` for what is to be run, pair by pair. */
static size_t each_cell(struct call *call,
	void (*each)(struct call *call, unsigned a, unsigned b, const struct feature *f, void *context),
	void *context)
{
	size_t n = 0;

	for (unsigned a = 0; a < call->participant_count; a++)
		for (unsigned b = 0; b < call->participant_count; b++)
			for (size_t i = 0; i < call->matrix.feature_count; i++) {
				const struct feature *f = &call->matrix.features[i];
				if (a == b || !wanted(call, a, b, f))
					continue;
				n++;
				if (each)
					each(call, a, b, f, context);
			}
	return n;
}

static void list_one(struct call *call, unsigned a, unsigned b, const struct feature *f, void *context)
{
	(void)context;
	printf("%s:%s/%s\n", call->participants[a].manifest->name, call->participants[b].manifest->name,
		f->name);
}

static int list(struct call *call)
{
	printf("%s: %s\n\n", call->matrix.name, call->matrix.title);
	for (size_t i = 0; i < call->matrix.feature_count; i++)
		printf("%-22s%s\n", call->matrix.features[i].name, call->matrix.features[i].title);
	printf("\n");
	each_cell(call, list_one, NULL);
	printf("\nWhat a feature can show:\n");
	for (const struct fact *f = facts; f->name; f++)
		printf("%-22s%s\n", f->name, f->sentence);
	return 0;
}

/* --- in the guest --------------------------------------------------------------------------- */

static int make_results(struct call *call)
{
	const char *folder = call->results_given ? call->results_given : "build/interop";

	if (tool_make_folders(folder) < 0 || !realpath(folder, call->results)) {
		fprintf(stderr, "baton interop: %s: %s; --results names another folder\n", folder,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* The same command line again, in a guest, with the results folder shared. */
static int run_in_guest(struct call *call)
{
	struct guest_options guest = {
		.clock = strcmp(call->clock, "real") == 0 ? GUEST_CLOCK_REAL : GUEST_CLOCK_VIRTUAL,
		.results = call->results,
	};
	char self[PATH_MAX], *argv[80];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int count = 0;

	if (n < 0 || call->argc > 70)
		return complain("%s cannot be run again in the guest", "this command line");
	self[n] = '\0';
	argv[count++] = self;
	for (int i = 0; i < call->argc; i++)
		argv[count++] = call->argv[i];
	argv[count++] = "--results";
	argv[count++] = call->results;
	argv[count] = NULL;
	return guest_run(&guest, argv);
}

/* --- the run -------------------------------------------------------------------------------- */

struct run {
	struct interop interop;
	struct result *result;
	struct result_suite *suite;
	struct progress *progress;
	unsigned a, b; /* of the suite that is open */
	unsigned number, bad, new, unjudged;
};

static void judge(struct call *call, struct run *run, const struct cell *cell, const char *name)
{
	const char *reason;
	char suite[100];

	if (!call->expected_file) {
		run->bad += verdict_is_bad(cell->verdict);
		return;
	}
	snprintf(suite, sizeof(suite), "interop/%s", call->matrix.name);
	switch (expected_gate(&call->expected, suite, name, name, cell->verdict, &reason)) {
	case GATE_AS_EXPECTED:
		break;
	case GATE_STILL:
		fprintf(stderr, "still failing  %s: %s\n", name, reason);
		break;
	case GATE_FIXED:
		fprintf(stderr, "fixed          %s (was expected to: %s)\n", name, reason);
		break;
	case GATE_NEW:
		run->new++;
		fprintf(stderr, "new failure    %s: %s\n", name, cell->reason);
		break;
	case GATE_UNJUDGED:
		run->unjudged++;
		fprintf(stderr, "not judged     %s: %s\n", name, cell->reason);
		break;
	}
}

static struct report_implementation implementation(const struct call *call, unsigned i, enum part end)
{
	const struct participant *p = &call->participants[i];

	return (struct report_implementation){ .name = p->manifest->name,
		.version = *p->version ? p->version : NULL, .role = call->matrix.roles[end],
		.adapter = p->manifest->file };
}

static void run_one(struct call *call, unsigned a, unsigned b, const struct feature *f, void *context)
{
	struct run *run = context;
	struct cell *cell = calloc(1, sizeof(*cell));
	char name[300], suite[100];

	if (!cell)
		abort();
	if (!run->suite || run->a != a || run->b != b) {
		struct report_implementation peer = implementation(call, b, PART_RESPONDER);
		snprintf(suite, sizeof(suite), "interop/%s", call->matrix.name);
		run->suite = result_add_suite(run->result, &(struct suite_report){ .name = suite,
			.title = call->matrix.title, .file = call->matrix.file,
			.sut = implementation(call, a, PART_INITIATOR), .peer = &peer });
		run->a = a;
		run->b = b;
	}
	snprintf(name, sizeof(name), "%s:%s/%s", call->participants[a].manifest->name,
		call->participants[b].manifest->name, f->name);
	*cell = (struct cell){ .feature = f, .number = ++run->number,
		.ends = { &call->participants[a], &call->participants[b] } };
	progress_begin(run->progress, name);
	cell_run(&run->interop, cell);
	cell_report(&run->interop, cell, run->result, run->suite);
	progress_end(run->progress, cell->verdict, cell->reason, cell->duration_s);
	judge(call, run, cell, name);
	cell_release(cell);
	free(cell);
}

static int load_wire(struct call *call)
{
	struct diagnostics d = { 0 };
	char *file = baton_file("suites/interop/wire.yaml");
	int result = file ? topology_load(file, &call->topology, &d) : -1;

	if (!file)
		return complain("%s is not found; BATON_ROOT names the folder that has suites/",
			"suites/interop/wire.yaml");
	free(file);
	return result < 0 ? trouble(&d) : 0;
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
				return complain("%s", why);
		}
		adapter_version(p->manifest, p->version, sizeof(p->version));
	}
	return 0;
}

static void note_version_1(struct call *call, unsigned a, unsigned b, const struct feature *f,
	void *context)
{
	(void)call;
	(void)a;
	(void)b;
	for (size_t i = 0; i < f->given_count; i++)
		*(bool *)context |= strcmp(f->givens[i].name, "ike-version") == 0 &&
			strcmp(f->givens[i].value, "1") == 0;
}

static int prepare(struct call *call)
{
	bool version_1 = false;
	char error[512];

	if (load_wire(call) != 0 || probe(call) != 0)
		return 2;
	snprintf(call->work, sizeof(call->work), "/tmp/baton-interop-XXXXXX");
	if (!mkdtemp(call->work)) {
		*call->work = '\0';
		return complain("no folder can be made in /tmp: %s", strerror(errno));
	}
	each_cell(call, note_version_1, &version_1);
	for (unsigned rsa = 0; rsa <= version_1; rsa++) { /* RSA keys take their time in the guest */
		const struct eap_credentials options = { .rsa = rsa };
		char *folder = call->credentials[rsa];
		snprintf(folder, sizeof(call->credentials[rsa]), "%s/%s", call->work, rsa ? "rsa" : "ec");
		if (eap_make_credentials(folder, &options, error, sizeof(error)) < 0)
			return complain("certificates: %s", error);
	}
	return 0;
}

static int run_here(struct call *call, size_t cells)
{
	struct report_error error;
	struct run run = { .interop = { .matrix = &call->matrix, .results = call->results,
		.work = call->work, .credentials = { call->credentials[0], call->credentials[1] } } };
	int status = prepare(call);

	if (status)
		return status;
	run.interop.topology = call->topology;
	run.result = result_new(&(struct result_info){ .dir = call->results,
		.version = BATON_VERSION, .guest = guest_inside(), .clock = call->clock,
		.argc = call->argc, .argv = call->argv });
	run.progress = progress_start(stderr, cells);
	each_cell(call, run_one, &run);
	progress_finish(run.progress);
	if (result_write(run.result, &error) < 0)
		status = complain("%s", error.text);
	result_free(run.result);
	if (status)
		return status;
	return run.bad || run.new ? 1 : run.unjudged ? STATUS_SKIP : 0;
}

static int run(struct call *call)
{
	size_t cells = each_cell(call, NULL, NULL);
	bool here = guest_inside() || strcmp(call->clock, "native") == 0;

	if (call->list)
		return list(call);
	if (!cells)
		return complain("%s: nothing is to be run; --list shows what there is", call->matrix_name);
	if (make_results(call) < 0)
		return 2;
	if (here)
		return run_here(call, cells);
	int status = run_in_guest(call);
	if (status <= 1 || status == STATUS_SKIP) {
		char *report[] = { "report", call->results, "--format", "summary", NULL };
		cmd_report(4, report);
	}
	return status;
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
	status = status ? status : run(&call);
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
