// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testbed/suite/choice.h"
#include "testbed/util/paths.h"

void choice_usage(FILE *out)
{
	fputs("usage: baton run SUITE... [options]\n\n"
	      "SUITE is a file, a folder of .suite files, or a name below suites/ (pana, "
	"pana/paa).\n\n"
	      "  --sut NAME|FOLDER|FILE  adapter of the implementation under test [ref]\n"
	      "  --role ROLE             only suites for that role\n"
	      "  --given NAME=VALUE      a setting of every test that does not say otherwise (--contract\n"
	      "                          lists them); instead of what the adapter says\n"
	      "  --filter GLOB           only tests whose name, or suite/name, fits\n"
	      "  --jobs N                tests at a time [8 for each processor]\n"
	      "  --results FOLDER        where result.json and the evidence go "
	"[build/run/SUITE-SUT]\n"
	      "  --format F              terminal, ktap or junit on stdout [terminal]\n"
	      "  --expected FILE         results that are expected: only what is new fails; 125 "
	"when\n"
	      "                          a test could not be judged\n"
	      "  --retry N               try again what did not pass; then passing is called "
	"flaky\n"
	      "  --shard I/N             the I-th of N parts of the tests\n"
	      "  --patience X            factor on every time limit [1]\n"
	      "  --seed N                of the tester's random numbers [1]\n"
	      "  --list                  show the tests, run nothing\n"
	      "  --coverage              show which normative statements nothing covers\n"
	      "  --contract              show the settings, features and verbs of adapters\n"
	      "  --step                  stop before each line\n"
	      "  --shell                 open a shell in the network after each test\n"
	      "  --mutants FILE          prove the suite: each wrong variant must fail its test\n",
		out);
}

static int refuse(const char *what, const char *value, const char *right)
{
	fprintf(stderr, "baton run: %s: %s does not fit; right is %s\n", what, value, right);
	return -1;
}

static int read_count(const char *what, const char *text, unsigned long least, unsigned *out)
{
	char *end, right[60];
	unsigned long n = strtoul(text, &end, 10);

	snprintf(right, sizeof(right), "a number from %lu to 1000", least);
	if (*end || end == text || *text == '-' || n < least || n > 1000)
		return refuse(what, text, right);
	*out = (unsigned)n;
	return 0;
}

static int read_shard(const char *text, struct choice *c)
{
	char extra;

	if (sscanf(text, "%u/%u%c", &c->shard, &c->shards, &extra) != 2 || c->shard < 1 ||
		c->shard > c->shards)
		return refuse("--shard", text, "I/N with I from 1 to N, as 1/3");
	return 0;
}

static int read_format(const char *text, struct choice *c)
{
	static const char *const names[] = { "terminal", "ktap", "junit" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(names[i], text) == 0) {
			c->format = (enum run_format)i;
			return 0;
		}
	}
	return refuse("--format", text, "terminal, ktap or junit");
}

static int read_patience(const char *text, struct choice *c)
{
	char *end;

	c->patience = strtod(text, &end);
	if (*end || end == text || !(c->patience >= 0.1) || c->patience > 1000)
		return refuse("--patience", text, "a number from 0.1 to 1000");
	return 0;
}

static int read_seed(const char *text, struct choice *c)
{
	char *end;

	c->seed = strtoull(text, &end, 0);
	return *end || end == text ? refuse("--seed", text, "a number") : 0;
}

static int read_given(const char *text, struct choice *c)
{
	size_t size = strcspn(text, "="), room = sizeof(c->givens) / sizeof(c->givens[0]);
	const struct contract_setting *setting = contract_settings;
	char right[120];

	while (setting->name &&
		(strlen(setting->name) != size || memcmp(setting->name, text, size) != 0))
		setting++;
	if (!text[size] || !setting->name)
		return refuse("--given", text,
			"NAME=VALUE with a setting that baton run --contract lists");
	const char *value = text + size + 1;
	if (!contract_value_fits(setting, value, right, sizeof(right)))
		return refuse("--given", text, right);
	if (c->given_count == room)
		return refuse("--given", text, "no more than 16 of them");
	c->givens[c->given_count++] = (struct choice_given){ setting, value };
	return 0;
}

static const struct option options[] = {
	{ "sut", required_argument, NULL, 's' },
	{ "role", required_argument, NULL, 'r' },
	{ "given", required_argument, NULL, 'g' },
	{ "filter", required_argument, NULL, 'f' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "results", required_argument, NULL, 'o' },
	{ "format", required_argument, NULL, 'F' },
	{ "expected", required_argument, NULL, 'e' },
	{ "mutants", required_argument, NULL, 'm' },
	{ "retry", required_argument, NULL, 'R' },
	{ "shard", required_argument, NULL, 'S' },
	{ "patience", required_argument, NULL, 'p' },
	{ "seed", required_argument, NULL, 'd' },
	{ "list", no_argument, NULL, 'l' },
	{ "coverage", no_argument, NULL, 'c' },
	{ "contract", no_argument, NULL, 'C' },
	{ "step", no_argument, NULL, 'T' },
	{ "shell", no_argument, NULL, 'H' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int take_option(int letter, struct choice *c)
{
	switch (letter) {
	case 's':
		c->sut = optarg;
		return 0;
	case 'r':
		c->role = optarg;
		return role_named(optarg) ? 0 : refuse("--role", optarg, "a role of a suite, such as paa");
	case 'g':
		return read_given(optarg, c);
	case 'f':
		c->filter = optarg;
		return 0;
	case 'j':
		return read_count("--jobs", optarg, 1, &c->jobs);
	case 'o':
		c->results = optarg;
		return 0;
	case 'F':
		return read_format(optarg, c);
	case 'e':
		c->expected = optarg;
		return 0;
	case 'm':
		c->mutants = optarg;
		return 0;
	case 'R':
		return read_count("--retry", optarg, 0, &c->retry);
	case 'S':
		return read_shard(optarg, c);
	case 'p':
		return read_patience(optarg, c);
	case 'd':
		return read_seed(optarg, c);
	case 'l':
		c->list = true;
		return 0;
	case 'c':
		c->coverage = true;
		return 0;
	case 'C':
		c->contract = true;
		return 0;
	case 'T':
		c->step = true;
		return 0;
	case 'H':
		c->shell = true;
		return 0;
	case 'h':
		c->help = true;
		return 0;
	default:
		fputs("baton run: --help lists the options\n", stderr);
		return -1;
	}
}

int choice_parse(int argc, char **argv, struct choice *c)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int letter;

	*c = (struct choice){ .sut = "ref", .patience = 1, .seed = 1 };
	optind = 0;
	while ((letter = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (take_option(letter, c) < 0)
			return -1;
	if (c->help || c->contract)
		return 0;
	for (; optind < argc && c->target_count < 16; optind++)
		c->targets[c->target_count++] = argv[optind];
	if (!c->target_count) {
		fputs("baton run: no suite named; right is baton run SUITE, such as baton run "
			"pana; "
		      "--help says more\n", stderr);
		return -1;
	}
	if (!c->jobs)
		c->jobs = processors > 0 ? 8 * (unsigned)processors : 8;
	if (c->step || c->shell)
		c->jobs = 1;
	return 0;
}

/* --- suites --------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static int load_one(const char *path, const struct choice *choice, struct suites *out)
{
	struct complaints complaints = { 0 };
	struct suite *suite;

	if (suite_load(path, &suite, &complaints) < 0) {
		complaints_print(&complaints, stderr);
		return -1;
	}
	if (choice->role && strcmp(choice->role, suite->role->name) != 0) {
		suite_free(suite);
		return 0;
	}
	if (out->count == SUITES_MAX) {
		fprintf(stderr, "baton run: more than %d suites\n", SUITES_MAX);
		suite_free(suite);
		return -1;
	}
	out->list[out->count++] = suite;
	return 0;
}

static int interesting(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');
	return e->d_name[0] != '.' && (!dot || strcmp(dot, ".suite") == 0);
}

/* All suites of a folder and those below it, in the order of their names. */
static int load_folder(const char *folder, const struct choice *choice, struct suites *out)
{
	struct dirent **names;
	int n = scandir(folder, &names, interesting, alphasort), result = 0;

	for (int i = 0; i < n; i++) {
		char *path = path_format("%s/%s", folder, names[i]->d_name);
		bool suite = strlen(path) > 6 && strcmp(path + strlen(path) - 6, ".suite") == 0;
		if (is_folder(path))
			result |= load_folder(path, choice, out);
		else if (suite)
			result |= load_one(path, choice, out);
		free(path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return result;
}

static int load_target(const char *target, const struct choice *choice, struct suites *out)
{
	char *relative = path_format("suites/%s", target);
	char *below = baton_file(relative);
	char *file = below ? path_format("%s.suite", below) : NULL;
	int result;

	if (is_folder(target)) {
		result = load_folder(target, choice, out);
	} else if (access(target, F_OK) == 0) {
		result = load_one(target, choice, out);
	} else if (below && is_folder(below)) {
		result = load_folder(below, choice, out);
	} else if (file && access(file, F_OK) == 0) {
		result = load_one(file, choice, out);
	} else {
		fprintf(stderr, "baton run: there is no suite %s; right is a file, a folder of "
			".suite files, or a name below suites/\n", target);
		result = -1;
	}
	free(relative);
	free(below);
	free(file);
	return result;
}

static int check_names(const struct suites *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		for (unsigned k = 0; k < i; k++) {
			if (strcmp(s->list[i]->name, s->list[k]->name) != 0)
				continue;
			fprintf(stderr, "%s:1: %s has the name %s too; each suite needs its own\n",
				s->list[i]->file, s->list[k]->file, s->list[k]->name);
			return -1;
		}
	}
	return 0;
}

int suites_load(const struct choice *choice, struct suites *out)
{
	int result = 0;

	*out = (struct suites){ .count = 0 };
	for (unsigned i = 0; i < choice->target_count; i++)
		result |= load_target(choice->targets[i], choice, out);
	if (result == 0)
		result = check_names(out);
	if (result == 0 && out->count == 0) {
		fprintf(stderr, "baton run: no suite in %s%s%s\n", choice->targets[0],
			choice->role ? " for the role " : "", choice->role ? choice->role : "");
		result = -1;
	}
	if (result < 0)
		suites_free(out);
	return result;
}

void suites_free(struct suites *s)
{
	for (unsigned i = 0; i < s->count; i++)
		suite_free(s->list[i]);
	s->count = 0;
}

/* --- tests ---------------------------------------------------------------------------------- */

static bool chosen(const struct choice *c, const struct suite *suite, const struct test *t,
	const char *name)
{
	char whole[320];

	if (!c->filter)
		return true;
	snprintf(whole, sizeof(whole), "%s/%s", suite->name, t->name);
	if (fnmatch(c->filter, t->name, 0) == 0 || fnmatch(c->filter, whole, 0) == 0)
		return true;
	snprintf(whole, sizeof(whole), "%s/%s", suite->name, name);
	return strcmp(c->filter, name) == 0 || strcmp(c->filter, whole) == 0;
}

size_t units_choose(const struct choice *c, const struct suites *suites, struct unit **out)
{
	size_t count = 0, seen = 0, all = 0;
	char name[200];

	for (unsigned s = 0; s < suites->count; s++)
		all += suites->list[s]->test_count;
	struct unit *units = calloc(all + 1, sizeof(*units));
	if (!units)
		abort();
	for (unsigned s = 0; s < suites->count; s++) {
		for (size_t i = 0; i < suites->list[s]->test_count; i++) {
			const struct test *t = &suites->list[s]->tests[i];
			test_case_name(t, name, sizeof(name));
			if (!chosen(c, suites->list[s], t, name))
				continue;
			if (c->shards && seen++ % c->shards != c->shard - 1)
				continue;
			units[count].suite = suites->list[s];
			units[count].test = t;
			snprintf(units[count++].name, sizeof(name), "%s", name);
		}
	}
	*out = units;
	return count;
}
