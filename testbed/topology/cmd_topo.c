// SPDX-License-Identifier: Apache-2.0
//
// baton topo: networks for people.

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/cmd.h"
#include "testbed/topology/network.h"
#include "testbed/topology/scalar.h"
#include "testbed/topology/show.h"

#define STATUS_USAGE 2

struct verb {
	const char *name, *usage, *summary;
	int (*function)(int argc, char **argv);
};

/* Prints the findings and frees them; the exit status. */
static int finish(struct diagnostics *d, int error)
{
	if (error)
		diagnostics_print(d, stderr);
	diagnostics_free(d);
	return error ? 1 : 0;
}

static int usage(const char *text)
{
	fprintf(stderr, "usage: baton %s\n", text);
	return STATUS_USAGE;
}

/* --- up, down ------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
	interrupted = signal;
}

static void print_progress(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "%s\n", line);
}

static void catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = note_interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* Raises the network of the file and leaves it alone. */
static int raise_and_detach(const char *path, struct network_options *o, struct diagnostics *d)
{
	struct topology *t;
	struct network *n;
	int error = topology_load(path, &t, d);

	if (error)
		return error;
	if (!o->name)
		o->name = t->name;
	error = network_up(t, o, &n, d);
	if (!error && interrupted) {
		network_down(n);
		error = -EINTR;
	} else if (!error) {
		printf("%s is up; \"baton topo show %s\" draws it, \"baton shell %s %s\" enters a "
		       "node, \"baton topo down %s\" ends it\n",
			o->name, o->name, o->name, t->nodes[0].name, o->name);
		error = network_detach(n);
	}
	topology_free(t);
	return error;
}

static int topo_up(int argc, char **argv)
{
	static const struct option options[] = { { "name", required_argument, NULL, 'n' },
		{ "directory", required_argument, NULL, 'd' },
		{ "no-services", no_argument, NULL, 's' }, { 0 } };
	struct network_options o = { .progress = print_progress, .cancel = &interrupted };
	struct diagnostics d = { 0 };
	int c, error;
	char *path;

	while ((c = getopt_long(argc, argv, "n:d:", options, NULL)) != -1) {
		if (c == 'n')
			o.name = optarg;
		else if (c == 'd')
			o.directory = optarg;
		else if (c == 's')
			o.no_services = true;
		else
			return STATUS_USAGE;
	}
	if (argc - optind != 1)
		return usage("topo up FILE|NAME [--name NAME] [--directory DIR] [--no-services]");
	if (o.name && !network_name_is_good(o.name)) {
		fprintf(stderr,
			"--name %s is not a name; it would be a small letter, then up to 31 "
			"small letters, digits and '-'\n",
			o.name);
		return STATUS_USAGE;
	}
	catch_interrupts();
	path = topology_find(argv[optind], &d);
	error = path ? raise_and_detach(path, &o, &d) : -ENOENT;
	free(path);
	error = finish(&d, error);
	return interrupted ? 128 + interrupted : error;
}

static int topo_down(int argc, char **argv)
{
	struct diagnostics d = { 0 };

	if (argc != 2)
		return usage("topo down NAME");
	return finish(&d, network_stop(argv[1], &d));
}

/* --- looking -------------------------------------------------------------------------------- */

struct names {
	char name[64];
	int count;
};

static int note_name(void *context, const char *name, pid_t keeper)
{
	struct names *n = context;

	(void)keeper;
	if (n->count++ == 0)
		snprintf(n->name, sizeof(n->name), "%s", name);
	return 0;
}

/* The only network that is up, for commands whose NAME was left out. */
static const char *only_network(struct names *n)
{
	network_each(note_name, n);
	if (n->count == 1)
		return n->name;
	fprintf(stderr,
		n->count ? "several networks are up; name one of \"baton topo list\"\n"
			 : "no network is up; \"baton topo up NAME\" would raise one\n");
	return NULL;
}

static int topo_show(int argc, char **argv)
{
	struct names names = { 0 };
	struct diagnostics d = { 0 };
	struct network *n;
	const char *name = argc > 1 ? argv[1] : only_network(&names);
	int error;

	if (argc > 2)
		return usage("topo show [NAME]");
	if (!name)
		return 1;
	error = network_attach(name, &n, NULL, &d);
	if (!error) {
		show_network(n, name, stdout);
		network_detach(n);
	}
	return finish(&d, error);
}

static int print_name(void *context, const char *name, pid_t keeper)
{
	struct network *n;
	const struct topology *t;

	(void)context;
	if (network_attach(name, &n, &t, NULL) == 0) {
		printf("%-20s keeper %-8d %zu nodes  %s\n", name, keeper, t->n_nodes,
			t->description);
		network_detach(n);
	} else {
		printf("%-20s keeper %-8d coming up\n", name, keeper);
	}
	return 0;
}

static int topo_list(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return usage("topo list");
	return network_each(print_name, NULL);
}

static int topo_check(int argc, char **argv)
{
	int result = 0;

	if (argc < 2)
		return usage("topo check FILE|NAME ...");
	for (int i = 1; i < argc; i++) {
		struct diagnostics d = { 0 };
		struct topology *t = NULL;
		char *path = topology_find(argv[i], &d);
		int error = path ? topology_load(path, &t, &d) : -ENOENT;

		if (!error)
			printf("%s: %s: %zu nodes, %zu links, %zu radios\n", path, t->name,
				t->n_nodes, t->n_links, t->n_radios);
		topology_free(t);
		free(path);
		result |= finish(&d, error);
	}
	return result;
}

static int topo_reference(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return usage("topo reference");
	topology_print_reference(stdout);
	return 0;
}

/* "delay=50ms" and the like into the impairment. */
static bool read_impairment(const char *word, struct network_impairment *i)
{
	static const struct {
		const char *key;
		enum scalar_type type;
		size_t offset;
	} rows[] = {
		{ "delay=", SCALAR_DURATION, offsetof(struct network_impairment, delay_ns) },
		{ "jitter=", SCALAR_DURATION, offsetof(struct network_impairment, jitter_ns) },
		{ "rate=", SCALAR_RATE, offsetof(struct network_impairment, rate_bps) },
		{ "loss=", SCALAR_PERCENT, offsetof(struct network_impairment, loss_ppm) },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		const struct scalar_type_row *type = &scalar_types[rows[r].type];
		size_t length = strlen(rows[r].key);

		if (strncmp(word, rows[r].key, length))
			continue;
		if (type->read(word + length, (char *)i + rows[r].offset))
			return true;
		fprintf(stderr, "%s is no %s; it would be %s\n", word, type->name, type->right);
		return false;
	}
	fprintf(stderr, "%s is unknown; it would be up, down, delay=, jitter=, rate= or loss=\n",
		word);
	return false;
}

static int change_link(struct network *n, int argc, char **argv, struct diagnostics *d)
{
	const char *link = argv[2];
	bool up = !strcmp(argv[3], "up");
	struct network_impairment impairment = { 0 };
	int error;

	if (up || !strcmp(argv[3], "down")) {
		error = network_link_set(n, link, up);
		if (error)
			diagnostics_add(d, NULL, 0,
				"cannot set link %s %s: %s; it would be a link of the topology",
				link, argv[3], strerror(-error));
		return error;
	}
	for (int i = 3; i < argc; i++)
		if (!read_impairment(argv[i], &impairment))
			return -EINVAL;
	return network_link_impair(n, link, &impairment, d);
}

static int topo_link(int argc, char **argv)
{
	struct diagnostics d = { 0 };
	struct network *n;
	int error;

	if (argc < 4)
		return usage("topo link NAME LINK up|down|delay=D jitter=D loss=P rate=R");
	error = network_attach(argv[1], &n, NULL, &d);
	if (!error) {
		error = change_link(n, argc, argv, &d);
		network_detach(n);
	}
	return finish(&d, error);
}

/* --- entering ------------------------------------------------------------------------------- */

/* In the child of execute: becomes the program. */
static _Noreturn void become(const char *directory, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(directory))
		fprintf(stderr, "%s: %s\n", directory, strerror(errno));
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Runs argv on a node in the foreground, on this terminal. Its exit status. */
static int execute(struct network *n, const char *node, const char *directory, char **argv)
{
	int status, error = network_enter(n, node);
	pid_t pid;

	if (error) {
		fprintf(stderr,
			"cannot enter %s: %s; it would be allowed to root and to the user who "
			"raised the network\n",
			node, strerror(-error));
		return 1;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(directory, argv);
	/* Ctrl-C is for the program. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int enter(const char *name, const char *node, char **argv)
{
	struct diagnostics d = { 0 };
	struct network *n;
	const char *directory;
	int result;

	if (network_attach(name, &n, NULL, &d))
		return finish(&d, 1);
	directory = network_scratch(n, node);
	if (!directory) {
		network_netns_fd(n, node);
		fprintf(stderr, "%s has no node \"%s\"; \"baton topo show %s\" lists them\n", name,
			node, name);
		result = 1;
	} else {
		setenv("BATON_NETWORK", name, 1);
		setenv("BATON_NODE", node, 1);
		setenv("BATON_ROLE", topology_node(network_topology(n), node)->role, 1);
		setenv("BATON_DIR", directory, 1);
		result = execute(n, node, directory, argv);
	}
	network_detach(n);
	return result;
}

static int topo_exec(int argc, char **argv)
{
	int command = argc > 3 && !strcmp(argv[3], "--") ? 4 : 3;

	if (argc <= command)
		return usage("topo exec NAME NODE -- COMMAND [ARGUMENT ...]");
	return enter(argv[1], argv[2], argv + command);
}

/* A shell whose prompt names the node. */
static int shell(const char *name, const char *node)
{
	const char *wanted = getenv("SHELL"), *shell = wanted && *wanted ? wanted : "/bin/sh";
	const char *base = strrchr(shell, '/') ? strrchr(shell, '/') + 1 : shell;
	char *plain[] = { (char *)(uintptr_t)shell, NULL };
	char *bash[] = { (char *)(uintptr_t)shell, "--norc", NULL };
	char prompt[128];

	snprintf(prompt, sizeof(prompt), "%s:%s%s ", name, node, geteuid() ? "$" : "#");
	setenv("PS1", prompt, 1);
	return enter(name, node, !strcmp(base, "bash") ? bash : plain);
}

static int topo_shell(int argc, char **argv)
{
	if (argc != 3)
		return usage("topo shell NAME NODE");
	return shell(argv[1], argv[2]);
}

int cmd_shell(int argc, char **argv)
{
	struct names names = { 0 };
	const char *name;

	if (argc == 3 && argv[1][0] != '-')
		return shell(argv[1], argv[2]);
	if (argc != 2 || argv[1][0] == '-') {
		usage("shell [NETWORK] NODE");
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : STATUS_USAGE;
	}
	name = only_network(&names);
	return name ? shell(name, argv[1]) : 1;
}

/* --- the command ---------------------------------------------------------------------------- */

static const struct verb verbs[] = {
	{ "up", "FILE|NAME [--name NAME] [--directory DIR] [--no-services]", "raise a network",
		topo_up },
	{ "down", "NAME", "take it down, with everything on it", topo_down },
	{ "show", "[NAME]", "draw it, with addresses, links, services and processes", topo_show },
	{ "list", "", "networks that are up", topo_list },
	{ "shell", "NAME NODE", "a shell on a node (also: baton shell [NAME] NODE)", topo_shell },
	{ "exec", "NAME NODE -- COMMAND ...", "run a command on a node; its exit status",
		topo_exec },
	{ "link", "NAME LINK up|down|delay=D jitter=D loss=P rate=R",
		"mend, cut or impair a wire, each way", topo_link },
	{ "check", "FILE|NAME ...", "only validate", topo_check },
	{ "reference", "", "the file format, from the tables that read it", topo_reference },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int help(FILE *to)
{
	fprintf(to, "baton topo: networks of namespaces, wires and radios\n\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  baton topo %s %s\n      %s\n", verbs[i].name, verbs[i].usage,
			verbs[i].summary);
	fprintf(to,
		"\nNAME of up and check is looked for as ./NAME.yaml, then in the topology "
		"folder.\nThe file format: docs/topology.md.\n");
	return to == stdout ? 0 : STATUS_USAGE;
}

int cmd_topo(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(stdout);
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		if (argc == 3 && !strcmp(argv[2], "--help")) {
			printf("usage: baton topo %s %s\n\n%s\n", verbs[i].name, verbs[i].usage,
				verbs[i].summary);
			return 0;
		}
		return verbs[i].function(argc - 1, argv + 1);
	}
	fprintf(stderr, "baton topo: there is no %s; \"baton topo --help\" lists what there is\n",
		argv[1]);
	return STATUS_USAGE;
}
