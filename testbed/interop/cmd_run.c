// SPDX-License-Identifier: Apache-2.0
/*
 * The whole of a run: guests side by side, each taking cells that nobody has taken, and then what they
 * recorded put together. On a kernel that has all it takes there is no guest, and one cell at a time.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/guest/guest.h"
#include "testbed/guest/tool.h"
#include "testbed/interop/cmd_inside.h"
#include "testbed/interop/record.h"
#include "testbed/report/cmd.h"
#include "testbed/report/json.h"

/* --- what there is to do ---------------------------------------------------------------------- */

static int make_results(struct call *call)
{
	const char *folder = call->results_given ? call->results_given : "build/interop";

	if (tool_make_folders(folder) < 0 || !realpath(folder, call->results)) {
		fprintf(stderr, "baton interop: %s: %s; --results names another folder\n", folder,
			strerror(errno));
		return 2;
	}
	return 0;
}

static const char *file_name(const struct call *call, const struct call_cell *cell, char *out)
{
	return record_name(call->participants[cell->a].manifest->name,
		call->participants[cell->b].manifest->name, cell->feature->name, out);
}

static void forget_one(struct call *call, const struct call_cell *cell, void *context)
{
	char name[CELL_NAME_MAX];

	(void)context;
	record_forget(call->results, file_name(call, cell, name));
}

static void count_missing(struct call *call, const struct call_cell *cell, void *context)
{
	char name[CELL_NAME_MAX];

	*(size_t *)context += !record_stands(call->results, file_name(call, cell, name));
}

static size_t missing(struct call *call)
{
	size_t n = 0;

	call_each(call, count_missing, &n);
	return n;
}

/* --- guests ----------------------------------------------------------------------------------- */

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
		return call_complain("%s cannot be run again in the guest", "this command line");
	self[n] = '\0';
	argv[count++] = self;
	for (int i = 0; i < call->argc; i++)
		argv[count++] = call->argv[i];
	argv[count++] = "--results";
	argv[count++] = call->results;
	argv[count++] = "--part";
	argv[count++] = call->work;
	argv[count] = NULL;
	return guest_run(&guest, argv);
}

/* What several guests ended with: the first trouble that is not nothing. */
static int worse(int a, int b)
{
	return a && a != STATUS_SKIP ? a : b ? b : a;
}

struct guests {
	pid_t pid[JOBS_MAX]; /* 0: it has ended */
	unsigned count, running;
	int status;
	sigset_t mask, watched; /* as it was; what is waited for */
};

static int begin_guest(struct call *call, struct guests *g)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		sigprocmask(SIG_SETMASK, &g->mask, NULL);
		int status = run_in_guest(call);
		fflush(NULL);
		_exit(status);
	}
	if (child > 0) {
		g->pid[g->count++] = child;
		g->running++;
	}
	return child;
}

static void end_guests(const struct guests *g)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->pid[i])
			kill(g->pid[i], SIGTERM);
}

static void reap_guests(struct guests *g)
{
	int ended;

	for (unsigned i = 0; i < g->count; i++) {
		if (!g->pid[i] || waitpid(g->pid[i], &ended, WNOHANG) <= 0)
			continue;
		g->pid[i] = 0;
		g->running--;
		g->status = worse(g->status,
			WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended));
	}
}

/* So many guests until all have ended, or somebody wants it to end: then the guests are ended. */
static int run_guests(struct call *call, unsigned count)
{
	struct guests g = { .count = 0 };
	bool failed = false;

	if (count == 1)
		return run_in_guest(call);
	fflush(NULL);
	sigemptyset(&g.watched);
	for (unsigned i = 0; i < 4; i++)
		sigaddset(&g.watched, (int[]){ SIGCHLD, SIGINT, SIGTERM, SIGHUP }[i]);
	sigprocmask(SIG_BLOCK, &g.watched, &g.mask);
	while (g.count < count && !failed)
		failed = begin_guest(call, &g) < 0;
	if (failed) {
		g.status = call_complain("no process for a guest: %s", strerror(errno));
		end_guests(&g);
	}
	while (g.running) {
		int signal = sigwaitinfo(&g.watched, NULL);
		if (signal > 0 && signal != SIGCHLD)
			end_guests(&g);
		reap_guests(&g);
	}
	sigprocmask(SIG_SETMASK, &g.mask, NULL);
	return g.status;
}

static unsigned jobs(const struct call *call, size_t cells)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = call->jobs ? call->jobs : processors > 0 ? (unsigned)processors : 1;
	/* A guest of its own for less than four cells costs more than it saves. */
	size_t most = call->jobs ? cells : (cells + 3) / 4;

	return n < most ? n : (unsigned)most;
}

/* --- judgement -------------------------------------------------------------------------------- */

struct judgement {
	unsigned bad, new, unjudged;
};

/* One cell beside what is expected of it. */
static void gate(const struct call *call, const char *suite, const char *name, const json_t *test,
	struct judgement *j)
{
	const char *said = json_get_text(test, "reason"), *reason;
	enum verdict verdict = VERDICT_ERROR;

	verdict_from_name(json_get_text(test, "verdict"), &verdict);
	if (!call->expected_file) {
		j->bad += verdict_is_bad(verdict);
		return;
	}
	switch (expected_gate(&call->expected, suite, name, name, verdict, &reason)) {
	case GATE_AS_EXPECTED:
		break;
	case GATE_STILL:
		fprintf(stderr, "still failing  %s: %s\n", name, reason);
		break;
	case GATE_FIXED:
		fprintf(stderr, "fixed          %s (was expected to: %s)\n", name, reason);
		break;
	case GATE_NEW:
		j->new++;
		fprintf(stderr, "new failure    %s: %s\n", name, said);
		break;
	case GATE_UNJUDGED:
		j->unjudged++;
		fprintf(stderr, "not judged     %s: %s\n", name, said);
		break;
	}
}

static int judge(const struct call *call, const json_t *whole)
{
	struct judgement j = { 0 };
	char name[CELL_NAME_MAX];
	json_t *suite, *test;
	size_t i, k;

	json_array_foreach(json_get_array(whole, "suites"), i, suite)
	{
		json_array_foreach(json_get_array(suite, "tests"), k, test)
		{
			snprintf(name, sizeof(name), "%s:%s/%s",
				json_get_text(json_object_get(suite, "sut"), "name"),
				json_get_text(json_object_get(suite, "peer"), "name"),
				json_get_text(test, "name"));
			gate(call, json_get_text(suite, "name"), name, test, &j);
		}
	}
	return j.bad || j.new ? 1 : j.unjudged ? STATUS_SKIP : 0;
}

/* The cells as one result, and its exit status. */
static int conclude(struct call *call, int status)
{
	size_t left = missing(call);
	struct report_error error;
	char words[128];
	json_t *whole;

	record_begin(call->results, false);
	snprintf(words, sizeof(words), "%zu of %zu cells have no verdict; --resume runs them", left,
		call_each(call, NULL, NULL));
	if (record_compose(call->results, call->argc, call->argv, left ? words : NULL, &whole, &error) < 0)
		return status ? status : call_complain("%s", error.text);
	int judged = judge(call, whole);
	json_decref(whole);
	char *report[] = { "report", call->results, "--format", "summary", NULL };
	cmd_report(4, report);
	return status ? status : left ? call_complain("%s", words) : judged;
}

/* --- all of it -------------------------------------------------------------------------------- */

int call_run(struct call *call)
{
	size_t cells = call_each(call, NULL, NULL);
	bool here = guest_inside() || strcmp(call->clock, "native") == 0;
	int status = 0;

	if (!cells)
		return call_complain("%s: nothing is to be run; --list shows what there is", call->matrix_name);
	if (make_results(call) != 0)
		return 2;
	if (call->part)
		return call_run_cells(call);
	if (record_begin(call->results, !call->resume && !call->again) < 0)
		return call_complain("no folder for the cells: %s", strerror(errno));
	if (call->again)
		call_each(call, forget_one, NULL);
	size_t left = missing(call);
	if (left && call_make_work(call) != 0)
		return 2;
	if (left)
		status = here ? call_run_cells(call) : run_guests(call, jobs(call, left));
	return conclude(call, status);
}
