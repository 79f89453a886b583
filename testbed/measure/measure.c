// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/guest/guest.h"
#include "testbed/measure/cmd.h"
#include "testbed/measure/experiment.h"
#include "testbed/guest/tool.h"
#include "testbed/report/cmd.h"
#include "testbed/topology/needs.h"

static const char usage[] =
	"usage: baton measure EXPERIMENT [-n REPETITIONS] [--clock virtual|real|native]\n"
	"                     [--columns NAME,NAME...] [--results DIR] [--sut NAME] [--keep]\n"
	"       baton measure --list\n"
	"Hands over and puts the figures beside the documented ones (docs/measurement.md).\n"
	"Results go to build/measure/EXPERIMENT unless --results names another folder.\n";

static int list(void)
{
	for (const struct experiment *e = experiments; e->name; e++) {
		printf("%-12s %s\n", e->name, e->title);
		for (const struct experiment_column *c = e->columns; c->name; c++)
			printf("  %-24s%s%s%s\n", c->name, c->documented ? c->documented : "",
				c->documented_column ? ": " : "",
				c->documented_column ? c->documented_column : "");
	}
	return 0;
}

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "baton measure: %s: %s\n%s", value, what, usage);
	return 2;
}

struct call {
	struct experiment_options options;
	const struct experiment *experiment;
	char results[PATH_MAX];
	int argc;
	char **argv;
};

/* The longest name of a column that the list goes on with, in octets; 0: none. Names may have commas. */
static size_t name_at(const struct experiment_column *columns, const char *at)
{
	size_t longest = 0;

	for (; columns->name; columns++) {
		size_t length = strlen(columns->name);
		if (length > longest && strncmp(at, columns->name, length) == 0 &&
			(at[length] == ',' || at[length] == '\0'))
			longest = length;
	}
	return longest;
}

/* Each name that --columns gives is that of a column. */
static int check_columns(const struct call *call)
{
	const char *at = call->options.columns;

	while (at && *at) {
		size_t length = name_at(call->experiment->columns, at);
		if (!length)
			return complain("no such column; --list shows them", at);
		at += length + (at[length] == ',');
	}
	return 0;
}

static int parse(int argc, char **argv, struct call *call)
{
	static const struct option longs[] = { { "repetitions", required_argument, NULL, 'n' },
		{ "clock", required_argument, NULL, 'c' },
		{ "results", required_argument, NULL, 'r' },
		{ "sut", required_argument, NULL, 's' },
		{ "columns", required_argument, NULL, 'o' },
		{ "keep", no_argument, NULL, 'k' }, { "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct experiment_options *o = &call->options;
	char *end;
	long n;
	int c;

	while ((c = getopt_long(argc, argv, "n:", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			n = strtol(optarg, &end, 10);
			if (*end || n < 1 || n > 1000)
				return complain("repetitions are 1 to 1000", optarg);
			o->repetitions = (unsigned)n;
			break;
		case 'c':
			if (strcmp(optarg, "virtual") != 0 && strcmp(optarg, "real") != 0 &&
				strcmp(optarg, "native") != 0)
				return complain("a clock is virtual, real or native", optarg);
			o->clock = optarg;
			break;
		case 'r':
			o->results = optarg;
			break;
		case 's':
			o->sut = optarg;
			break;
		case 'o':
			o->columns = optarg;
			break;
		case 'k':
			o->keep = true;
			break;
		case 'l':
			exit(list());
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc)
		return complain("name one experiment",
			argc > optind ? argv[optind + 1] : "measure");
	call->experiment = experiment_named(argv[optind]);
	if (!call->experiment)
		return complain("no such experiment; --list shows them", argv[optind]);
	return check_columns(call);
}

static int make_results(struct call *call)
{
	char folder[PATH_MAX];

	if (call->options.results)
		snprintf(folder, sizeof(folder), "%s", call->options.results);
	else
		snprintf(folder, sizeof(folder), "build/measure/%s", call->experiment->name);
	if (tool_make_folders(folder) < 0 || !realpath(folder, call->results)) {
		fprintf(stderr, "baton measure: %s: %s; --results names another folder\n", folder,
			strerror(errno));
		return -1;
	}
	call->options.results = call->results;
	return 0;
}

/* This kernel has what the network needs, before each repetition finds out for itself. */
static int check_kernel(const struct call *call)
{
	struct diagnostics d = { 0 };
	struct topology *topology = NULL;
	char *path = topology_find(call->experiment->topology, &d);
	int result = path ? topology_load(path, &topology, &d) : -ENOENT;

	if (result == 0)
		result = needs_check(topology, &d);
	if (result < 0) {
		diagnostics_print(&d, stderr);
		fprintf(stderr, "baton measure: without --clock native it measures in a guest, which "
				"has all that is needed\n");
	}
	topology_free(topology);
	diagnostics_free(&d);
	free(path);
	return result;
}

/* The same command line again, in a guest, with the results folder shared. */
static int run_in_guest(const struct call *call)
{
	struct guest_options guest = {
		.clock = strcmp(call->options.clock, "real") == 0 ? GUEST_CLOCK_REAL
								  : GUEST_CLOCK_VIRTUAL,
		.results = call->results,
	};
	char self[PATH_MAX], repetitions[16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0) {
		perror("baton measure: /proc/self/exe");
		return 2;
	}
	self[n] = '\0';
	snprintf(repetitions, sizeof(repetitions), "%u", call->options.repetitions);
	char *argv[] = { self, "measure", (char *)call->experiment->name, "-n", repetitions,
		"--clock", (char *)call->options.clock, "--results", (char *)call->results, "--sut",
		(char *)call->options.sut, NULL, NULL, NULL, NULL };
	unsigned n_words = 11;

	if (call->options.columns) {
		argv[n_words++] = "--columns";
		argv[n_words++] = (char *)call->options.columns;
	}
	if (call->options.keep)
		argv[n_words] = "--keep";
	return guest_run(&guest, argv);
}

static int run_here(struct call *call)
{
	struct report_error error;
	char workspace[] = "/tmp/baton-measure-XXXXXX";

	if (!mkdtemp(workspace)) {
		fprintf(stderr, "baton measure: %s: %s\n", workspace, strerror(errno));
		return 2;
	}
	call->options.workspace = workspace;
	struct result *result = result_new(&(struct result_info){ .dir = call->results,
		.version = BATON_VERSION,
		.guest = guest_inside(),
		.clock = call->options.clock,
		.argc = call->argc,
		.argv = call->argv });
	int missing = experiment_run(call->experiment, &call->options, result);
	int status = missing == 0 ? 0 : missing < 0 ? 2 : 1;

	if (missing >= 0 && result_write(result, &error) < 0) {
		fprintf(stderr, "baton measure: %s\n", error.text);
		status = 2;
	}
	result_free(result);
	tool_remove(workspace);
	return status;
}

int cmd_measure(int argc, char **argv)
{
	struct call call = { .options = { .repetitions = 3, .clock = "virtual", .sut = "ref" },
		.argc = argc };
	char *typed[64]; /* getopt sorts argv */

	for (int i = 0; i < argc && i < 63; i++)
		typed[i] = argv[i];
	call.argc = argc < 63 ? argc : 63;
	call.argv = typed;

	if (parse(argc, argv, &call) != 0)
		return 2;
	bool native = strcmp(call.options.clock, "native") == 0;
	bool here = guest_inside() || native;
	if ((native && check_kernel(&call) < 0) || make_results(&call) < 0)
		return 2;
	int status = here ? run_here(&call) : run_in_guest(&call);
	if (guest_inside() || status > 1)
		return status;
	char *report[] = { "report", call.results, NULL };
	cmd_report(2, report);
	return status;
}
