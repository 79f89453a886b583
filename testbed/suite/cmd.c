// SPDX-License-Identifier: Apache-2.0
/* baton run: from the command line to result.json. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/eap/eap_credentials.h"
#include "testbed/adapter/contract.h"
#include "testbed/report/view.h"
#include "testbed/suite/catalogue.h"
#include "testbed/suite/cmd.h"
#include "testbed/suite/expected.h"
#include "testbed/suite/mutants.h"
#include "testbed/suite/runner.h"
#include "testbed/util/paths.h"

struct call {
	int argc;
	char **argv;
	struct choice choice;
	struct suites suites;
	struct catalogue catalogue;
	struct manifest *manifest;
	struct topology *wire;
	struct expected expected;
	struct mutants mutants;
	bool has_expected, has_mutants;
	char results[PATH_MAX], credentials[PATH_MAX];
	char version[256]; /* of what plays version_role; "": unknown */
	const struct role *version_role;
	char work[PATH_MAX];
	struct run run;
	struct unit *units;
	size_t count;
};

#define STATUS_SKIP 125

static int trouble(struct diagnostics *d)
{
	diagnostics_print(d, stderr);
	diagnostics_free(d);
	return -1;
}

/* --- reading -------------------------------------------------------------------------------- */

static int load_catalogue(struct call *call)
{
	struct diagnostics d = { 0 };
	char *folder = baton_file("suites/requirements");
	int result = 0;

	if (folder && access(folder, F_OK) == 0 &&
		catalogue_load(folder, &call->catalogue, &d) < 0)
		result = trouble(&d);
	free(folder);
	for (unsigned i = 0; result == 0 && i < call->suites.count; i++) {
		struct complaints complaints = { .file = call->suites.list[i]->file };
		if (catalogue_check(&call->catalogue, call->suites.list[i], &complaints) < 0) {
			complaints_print(&complaints, stderr);
			result = -1;
		}
	}
	return result;
}

static int load_manifest(struct call *call)
{
	struct diagnostics d = { 0 };
	char *file = manifest_find(call->choice.sut, &d);
	int result = file ? manifest_load(file, &call->manifest, &d) : -1;

	free(file);
	for (unsigned i = 0; result == 0 && i < call->choice.given_count; i++)
		manifest_give(call->manifest, call->choice.givens[i].setting->name,
			call->choice.givens[i].value);
	return result < 0 ? trouble(&d) : 0;
}

static int load_files(struct call *call)
{
	struct diagnostics d = { 0 };

	if (call->choice.expected) {
		if (expected_load(call->choice.expected, &call->expected, &d) < 0)
			return trouble(&d);
		call->has_expected = true;
	}
	if (call->choice.mutants) {
		if (mutants_load(call->choice.mutants, &call->mutants, &d) < 0)
			return trouble(&d);
		call->has_mutants = true;
	}
	return 0;
}

static int choose_units(struct call *call)
{
	struct diagnostics d = { 0 };

	if (call->has_mutants) {
		if (mutants_units(&call->mutants, &call->choice, &call->suites, &call->units,
			    &call->count, &d) < 0)
			return trouble(&d);
	} else {
		call->count = units_choose(&call->choice, &call->suites, &call->units);
	}
	if (call->count || call->choice.shards)
		return 0;
	fprintf(stderr, "baton run: no test fits --filter %s; baton run %s --list shows them\n",
		call->choice.filter ? call->choice.filter : "", call->choice.targets[0]);
	return -1;
}

/* --- lists ---------------------------------------------------------------------------------- */

static int list_units(const struct call *call)
{
	char section[40];

	for (size_t i = 0; i < call->count; i++) {
		const struct unit *u = &call->units[i];
		printf("%s/%s: %s (%s %s %s)\n", u->suite->name, u->name, u->test->purpose,
			u->test->covers[0].document,
			cover_text(&u->test->covers[0], section, sizeof(section)),
			u->test->covers[0].level);
	}
	printf("%zu tests in %u suites\n", call->count, call->suites.count);
	return 0;
}

static int list_coverage(const struct call *call)
{
	struct coverage_count n = catalogue_report(&call->catalogue, call->suites.list,
		call->suites.count, NULL, stdout);

	printf("%u statements: %u covered, %u with the reason why not, %u open\n", n.statements,
		n.covered, n.explained, n.open);
	return n.open ? 1 : 0;
}

/* --- preparing ------------------------------------------------------------------------------ */

static int make_folder(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *p = folder + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(folder, 0777);
		*p = '/';
	}
	if (mkdir(folder, 0777) == 0 || errno == EEXIST)
		return 0;
	fprintf(stderr, "baton run: %s: %s; --results names another folder\n", path,
		strerror(errno));
	return -1;
}

static int make_results(struct call *call)
{
	char name[100], folder[PATH_MAX];

	if (call->choice.results)
		snprintf(folder, sizeof(folder), "%s", call->choice.results);
	else
		snprintf(folder, sizeof(folder), "build/run/%s-%s",
			file_name(call->choice.targets[0], name, sizeof(name)),
			call->manifest->name);
	if (make_folder(folder) < 0)
		return -1;
	if (!realpath(folder, call->results) || access(call->results, W_OK) < 0) {
		fprintf(stderr, "baton run: %s: %s; --results names another folder\n", folder,
			strerror(errno));
		return -1;
	}
	snprintf(call->work, sizeof(call->work), "%s/baton-run-XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(call->work)) {
		fprintf(stderr, "baton run: %s: %s; TMPDIR names another place\n", call->work,
			strerror(errno));
		*call->work = '\0';
		return -1;
	}
	call->run.results = call->results;
	call->run.work = call->work;
	return 0;
}

static bool wants_tls(const struct call *call)
{
	static const char *const features[] = { "eap-tls", "ike-certificate", "ike-eap-tls" };

	for (size_t r = 0; r < call->manifest->role_count; r++)
		for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
			if (manifest_claims(&call->manifest->roles[r], features[i]))
				return true;
	return false;
}

static bool wants_legacy(const struct call *call)
{
	for (size_t i = 0; i < call->manifest->setting_count; i++)
		if (strcmp(call->manifest->settings[i].name, "tls-max") == 0)
			return strcmp(call->manifest->settings[i].value, "1.2") < 0;
	return false;
}

static int make_credentials(struct call *call)
{
	const struct eap_credentials options = { .legacy = wants_legacy(call) };
	char error[512];

	if (!wants_tls(call))
		return 0;
	snprintf(call->credentials, sizeof(call->credentials), "%s/credentials", call->work);
	if (eap_make_credentials(call->credentials, &options, error, sizeof(error)) < 0) {
		fprintf(stderr, "baton run: certificates: %s\n", error);
		return -1;
	}
	call->run.credentials = call->credentials;
	return 0;
}

static int load_wire(struct call *call)
{
	struct diagnostics d = { 0 };

	if (call->manifest->wire.interface) {
		call->choice.jobs = 1;
		return 0;
	}
	char *file = baton_file("suites/wire.yaml");
	if (!file) {
		fprintf(stderr, "baton run: suites/wire.yaml is not found; BATON_ROOT names the "
			"folder that has suites/\n");
		return -1;
	}
	int error = topology_load(file, &call->wire, &d);
	free(file);
	call->run.wire = call->wire;
	return error ? trouble(&d) : 0;
}

/* Every role that a suite asks for and the manifest has. */
static int probe(struct call *call)
{
	bool any = false;
	char why[700];

	for (const struct role *r = roles; r->name; r++) {
		const struct manifest_role *role = manifest_role(call->manifest, r->name);
		bool asked = false;
		for (size_t i = 0; i < call->count; i++)
			asked |= call->units[i].suite->role == r;
		if (!asked || !role)
			continue;
		any = true;
		if (adapter_probe(call->manifest, role, why, sizeof(why)) < 0) {
			fprintf(stderr, "%s\n", why);
			return -1;
		}
	}
	if (!any)
		fprintf(stderr, "baton run: %s plays none of the roles that these suites test: "
			"every test is not applicable\n", call->manifest->name);
	return 0;
}

static int prepare(struct call *call)
{
	call->run.manifest = call->manifest;
	call->run.patience = call->choice.patience;
	call->run.seed = call->choice.seed;
	call->run.step = call->choice.step;
	call->run.shell = call->choice.shell;
	call->run.wake = -1;
	if (call->manifest->manual)
		call->choice.jobs = 1;
	if (probe(call) < 0 || make_results(call) < 0 || make_credentials(call) < 0)
		return -1;
	return load_wire(call);
}

/* --- results -------------------------------------------------------------------------------- */

/* NULL: unknown. */
static const char *version_of(struct call *call, const struct role *role)
{
	if (call->version_role != role &&
		!adapter_version(call->manifest, role->name, call->version, sizeof(call->version)))
		*call->version = '\0';
	call->version_role = role;
	return *call->version ? call->version : NULL;
}

static void report_suites(struct call *call, struct result *result)
{
	for (unsigned s = 0; s < call->suites.count; s++) {
		const struct suite *suite = call->suites.list[s];
		struct result_suite *handle = NULL;
		for (size_t i = 0; i < call->count; i++) {
			const struct unit *u = &call->units[i];
			if (u->suite != suite || !u->done || u->interrupted)
				continue;
			if (!handle)
				handle = result_add_suite(result, &(struct suite_report){
					.name = suite->name,
					.title = suite->title,
					.file = suite->file,
					.sut = { .name = call->manifest->name,
						.version = version_of(call, suite->role),
						.role = suite->role->name,
						.adapter = call->manifest->file },
				});
			unit_report(u, result, handle);
		}
	}
}

static void note_interruption(const struct call *call, struct result *result, int signal)
{
	char text[120];
	size_t done = 0;

	for (size_t i = 0; i < call->count; i++)
		done += call->units[i].done && !call->units[i].interrupted;
	snprintf(text, sizeof(text), "interrupted by %s after %zu of %zu tests",
		signal == SIGINT ? "SIGINT" : "a signal", done, call->count);
	fprintf(stderr, "%s\n", text);
	result_set_interrupted(result, text);
}

static int show_format(const struct call *call)
{
	view_function *view = call->choice.format == FORMAT_KTAP ? view_ktap : view_junit;
	const struct view_options options = { 0 };
	struct report_error error;
	struct report report;

	if (call->choice.format == FORMAT_TERMINAL)
		return 0;
	if (report_load(call->results, &report, &error) < 0) {
		fprintf(stderr, "baton run: %s\n", error.text);
		return -1;
	}
	int result = view(&report, NULL, &options, stdout, &error);
	if (result < 0)
		fprintf(stderr, "baton run: %s\n", error.text);
	report_free(&report);
	return result;
}

static int write_result(struct call *call, struct result *result, int signal)
{
	struct report_error error;
	struct coverage_count n;

	report_suites(call, result);
	n = catalogue_report(&call->catalogue, call->suites.list, call->suites.count, result, NULL);
	if (signal)
		note_interruption(call, result, signal);
	if (result_write(result, &error) < 0) {
		fprintf(stderr, "baton run: %s\n", error.text);
		return -1;
	}
	if (n.statements)
		fprintf(stderr, "%u normative statements: %u covered, %u not and why, %u open\n",
			n.statements, n.covered, n.explained, n.open);
	fprintf(stderr, "%s/result.json\n", call->results);
	return show_format(call);
}

/* --- verdict of the run --------------------------------------------------------------------- */

static int gate(const struct call *call)
{
	unsigned new = 0, unjudged = 0;

	for (size_t i = 0; i < call->count; i++) {
		const struct unit *u = &call->units[i];
		const char *reason, *name = u->name, *suite = u->suite->name;
		if (!u->done || u->interrupted)
			continue;
		switch (expected_gate(&call->expected, suite, u->test->name, name,
			u->outcome.verdict, &reason)) {
		case GATE_AS_EXPECTED:
			break;
		case GATE_STILL:
			fprintf(stderr, "still failing  %s/%s: %s\n", suite, name, reason);
			break;
		case GATE_FIXED:
			fprintf(stderr, "fixed          %s/%s (was expected to: %s)\n", suite, name,
				reason);
			break;
		case GATE_NEW:
			new++;
			fprintf(stderr, "new failure    %s/%s: %s\n", suite, name,
				u->outcome.reason);
			break;
		case GATE_UNJUDGED:
			unjudged++;
			fprintf(stderr, "not judged     %s/%s: %s\n", suite, name,
				u->outcome.reason);
			break;
		}
	}
	return new ? 1 : unjudged ? STATUS_SKIP : 0;
}

static int status_of(const struct call *call)
{
	if (call->has_mutants)
		return mutants_judge(&call->mutants, call->units, call->count, stdout) ? 1 : 0;
	if (call->has_expected)
		return gate(call);
	for (size_t i = 0; i < call->count; i++)
		if (verdict_is_bad(call->units[i].outcome.verdict))
			return 1;
	return 0;
}

static int run_units(struct call *call)
{
	const struct runner_options options = { .jobs = call->choice.jobs,
		.retry = call->choice.retry,
		.progress = call->has_mutants ? NULL : stderr };
	struct result *result = result_new(&(struct result_info){ .dir = call->results,
		.version = BATON_VERSION, .clock = "native", .argc = call->argc,
		.argv = call->argv });
	int signal = runner_run(&call->run, call->units, call->count, &options);
	int written = call->has_mutants ? 0 : write_result(call, result, signal);

	result_free(result);
	if (signal)
		return 128 + signal;
	return written < 0 ? 2 : status_of(call);
}

/* --- the whole ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void release(struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		unit_release(&call->units[i]);
	free(call->units);
	if (*call->work)
		nftw(call->work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (call->has_expected)
		expected_free(&call->expected);
	if (call->has_mutants)
		mutants_free(&call->mutants);
	if (call->wire)
		topology_free(call->wire);
	manifest_free(call->manifest);
	catalogue_free(&call->catalogue);
	suites_free(&call->suites);
}

static int run(struct call *call)
{
	if (suites_load(&call->choice, &call->suites) < 0 || load_catalogue(call) < 0 ||
		load_files(call) < 0 || choose_units(call) < 0)
		return 2;
	if (call->choice.list)
		return list_units(call);
	if (call->choice.coverage)
		return list_coverage(call);
	if (load_manifest(call) < 0 || prepare(call) < 0)
		return 2;
	return run_units(call);
}

int cmd_run(int argc, char **argv)
{
	struct call *call = calloc(1, sizeof(*call));
	char **words = calloc((size_t)argc + 1, sizeof(*words)); /* getopt changes their order */
	int status = 2;

	if (!call || !words)
		abort();
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	call->argc = argc;
	call->argv = argv;
	if (choice_parse(argc, words, &call->choice) == 0) {
		if (call->choice.help)
			choice_usage(stdout);
		else if (call->choice.contract)
			contract_print_reference(stdout);
		status = call->choice.help || call->choice.contract ? 0 : run(call);
	}
	release(call);
	free(words);
	free(call);
	return status;
}
