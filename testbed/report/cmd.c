// SPDX-License-Identifier: Apache-2.0
#include "testbed/report/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/report/files.h"
#include "testbed/report/json.h"
#include "testbed/report/view.h"

#define EMBED_DEFAULT (4u << 20)
#define EMBED_TIMES 8 /* all files together, in files of the greatest size */

static const char usage[] =
	"usage: baton report [options] DIR|result.json...\n"
	"\n"
	"  -f, --format FORMAT  terminal, summary, ktap, junit, markdown, html or json; else by\n"
	"                       the name of FILE (.tap, .xml, .md, .html, .json), else terminal\n"
	"  -o, --output FILE    write there instead of to the terminal; a folder takes "
	"result.json\n"
	"                       and all its evidence\n"
	"      --against OTHER  also say what changed since the result OTHER\n"
	"      --merge          make one result of all that are named\n"
	"      --check          check result.json and the digests of its files, show nothing\n"
	"      --embed MIB      embed files up to this size in HTML (4)\n"
	"  -v, --verbose        terminal: list every test\n"
	"\n"
	"exit status: 0, or 1 for trouble and, with --against, for new failures and figures that\n"
	"turned worse, or 2 for wrong usage\n";

struct request {
	char **inputs;
	size_t n_inputs;
	const char *format, *output, *against;
	bool merge, check;
	struct view_options view;
};

static const struct format {
	const char *name;
	view_function *view;
	const char *suffix;
} formats[] = {
	{ "terminal", view_terminal, ".txt" },
	{ "summary", view_summary, NULL },
	{ "ktap", view_ktap, ".tap" },
	{ "ktap", view_ktap, ".ktap" },
	{ "junit", view_junit, ".xml" },
	{ "markdown", view_markdown, ".md" },
	{ "html", view_html, ".html" },
	{ "json", view_json, ".json" },
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

int view_json(const struct report *report, const json_t *comparison,
	const struct view_options *options, FILE *out, struct report_error *error)
{
	(void)options;
	(void)error;
	if (comparison)
		json_dumpf(comparison, out, RESULT_DUMP_FLAGS);
	else
		fwrite(report->text, 1, report->size, out);
	if (comparison)
		fputc('\n', out);
	return 0;
}

static int complain(const struct report_error *error)
{
	fprintf(stderr, "baton report: %s\n", error->text);
	return 1;
}

static int misuse(const char *what, const char *which)
{
	fprintf(stderr, "baton report: %s%s; see baton report --help\n", what, which);
	return 2;
}

/* ---- output ------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n > m && !strcmp(text + n - m, suffix);
}

static const struct format *choose_format(const struct request *q)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (q->format ? !strcmp(q->format, formats[i].name)
			      : q->output && formats[i].suffix &&
					ends_with(q->output, formats[i].suffix))
			return &formats[i];
	}
	return q->format ? NULL : &formats[0];
}

static bool is_folder(const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return S_ISDIR(st.st_mode);
	return path[strlen(path) - 1] == '/';
}

/* Writes result.json and every file of it into a folder. Evidence that is gone is no reason to
 * lose the rest: its digest stays on record. */
static int write_folder(const struct report *report, const char *dir, struct report_error *error)
{
	char *result = report_format("%s/result.json", dir);
	json_t *file;
	size_t i;
	int rc = report_make_folder(dir, error);

	json_array_foreach(json_get_array(report->root, "files"), i, file) {
		char *from = report_file(report, json_get_text(file, "name"));
		char *to = report_format("%s/%s", dir, json_get_text(file, "name"));
		char *copy = report_format("%s", to);

		if (!rc && access(from, R_OK))
			fprintf(stderr, "baton report: %s: %s; left out\n", from, strerror(errno));
		else if (!rc)
			rc = report_make_folder(dirname(copy), error) ||
				report_copy_file(from, to, error);
		free(copy);
		free(to);
		free(from);
	}
	if (!rc)
		rc = report_write_file(result, report->text, report->size, error);
	free(result);
	return rc ? -1 : 0;
}

static int write_view(const struct request *q, const struct format *format,
	const struct report *report, const json_t *comparison, struct report_error *error)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = report_must(open_memstream(&text, &size));
	int rc = format->view(report, comparison, &q->view, memory, error);

	if (fclose(memory))
		report_must(NULL);
	if (!rc && q->output)
		rc = report_write_file(q->output, text, size, error);
	else if (!rc && (fwrite(text, 1, size, stdout) != size || fflush(stdout)))
		rc = report_fail(error, "cannot write the report: %s; choose another place with -o",
			strerror(errno));
	free(text);
	return rc;
}

static int deliver(struct request *q, const struct report *report, const json_t *comparison)
{
	const struct format *format = choose_format(q);
	struct report_error error;

	if (q->output && !q->format && is_folder(q->output))
		return write_folder(report, q->output, &error) ? complain(&error) : 0;
	q->view.colour = !q->output && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	if (write_view(q, format, report, comparison, &error))
		return complain(&error);
	return comparison && comparison_is_bad(comparison);
}

/* ---- input -------------------------------------------------------------------------------- */

static int check(const struct report *report)
{
	struct tally all = tally_report(report);
	struct report_error error;
	size_t wrong = report_verify_files(report, &error);

	if (wrong)
		complain(&error);
	if (wrong > 1)
		fprintf(stderr, "baton report: %zu more files are missing or changed\n", wrong - 1);
	if (!wrong)
		printf("%s: is good: %zu tests, %zu measurements, %zu files\n", report->name,
			all.total, json_array_size(json_get_array(report->root, "measurements")),
			json_array_size(json_get_array(report->root, "files")));
	return wrong != 0;
}

static int show(struct request *q, const struct report *report)
{
	struct report_error error;
	struct report other;
	json_t *comparison;
	int rc;

	if (q->check)
		return check(report);
	if (!q->against)
		return deliver(q, report, NULL);
	if (report_load(q->against, &other, &error))
		return complain(&error);
	comparison = report_compare(&other, report);
	rc = deliver(q, report, comparison);
	json_decref(comparison);
	report_free(&other);
	return rc;
}

static int show_merged(struct request *q, const struct report *reports, size_t n)
{
	struct report_error error;
	struct report merged;
	int rc;

	if (report_merge(reports, n, &merged, &error))
		return complain(&error);
	rc = show(q, &merged);
	report_free(&merged);
	return rc;
}

static int run(struct request *q)
{
	struct report *reports = report_must(calloc(q->n_inputs, sizeof(*reports)));
	struct report_error error;
	size_t n = 0;
	int rc = 0;

	while (!rc && n < q->n_inputs) {
		if (report_load(q->inputs[n], &reports[n], &error))
			rc = complain(&error);
		else
			n++;
	}
	if (!rc)
		rc = q->merge ? show_merged(q, reports, n) : show(q, &reports[0]);
	while (n)
		report_free(&reports[--n]);
	free(reports);
	return rc;
}

/* ---- command line ------------------------------------------------------------------------- */

static int read_embed(const char *text, struct view_options *view)
{
	char *end;
	double mib = strtod(text, &end);

	if (end == text || *end || !(mib >= 0 && mib <= 1024))
		return misuse("--embed takes MiB from 0 to 1024, not ", text);
	view->embed = (size_t)(mib * (1 << 20));
	view->embed_all = view->embed * EMBED_TIMES;
	return 0;
}

static int validate(struct request *q)
{
	if (!q->n_inputs)
		return misuse("name a result: a folder or its result.json", "");
	if (q->n_inputs > 1 && !q->merge)
		return misuse("several results need --merge, or name the other with --against", "");
	if (q->n_inputs < 2 && q->merge)
		return misuse("--merge needs two results or more", "");
	if (!choose_format(q))
		return misuse("unknown format ", q->format);
	if (q->output && !*q->output)
		return misuse("-o needs the name of a file or folder", "");
	return 0;
}

enum { AGAINST = 256, MERGE, CHECK, EMBED };

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "against", required_argument, NULL, AGAINST },
	{ "merge", no_argument, NULL, MERGE },
	{ "check", no_argument, NULL, CHECK },
	{ "embed", required_argument, NULL, EMBED },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* Takes one option. Returns 0, or the exit status of a wrong one. */
static int take_option(struct request *q, int option)
{
	switch (option) {
	case 'f':
		q->format = optarg;
		return 0;
	case 'o':
		q->output = optarg;
		return 0;
	case 'v':
		q->view.verbose = true;
		return 0;
	case AGAINST:
		q->against = optarg;
		return 0;
	case MERGE:
		q->merge = true;
		return 0;
	case CHECK:
		q->check = true;
		return 0;
	case EMBED:
		return read_embed(optarg, &q->view);
	default:
		return 2;
	}
}

int cmd_report(int argc, char **argv)
{
	struct request q = { .view = { .embed = EMBED_DEFAULT,
				     .embed_all = EMBED_TIMES * EMBED_DEFAULT } };
	int option, rc = 0;

	optind = 0;
	while (!rc && (option = getopt_long(argc, argv, "f:o:vh", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		rc = take_option(&q, option);
	}
	q.inputs = argv + optind;
	q.n_inputs = (size_t)(argc - optind);
	rc = rc ? rc : validate(&q);
	return rc ? rc : run(&q);
}
