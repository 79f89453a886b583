// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/base/crypto.h"
#include "ref/host/program.h"

const struct config_name program_levels[] = {
	{ LOG_LEVEL_ERROR, "error" },
	{ LOG_LEVEL_WARNING, "warning" },
	{ LOG_LEVEL_INFO, "info" },
	{ LOG_LEVEL_DEBUG, "debug" },
	{ 0, NULL },
};

struct options {
	const char *config;
	bool check;
};

static void print_help(const struct program *p)
{
	printf("%s: %s\n\n"
	       "usage: %s -c FILE [--check]\n"
	       "       %s --reference | --version | --help\n\n"
	       "  -c, --config FILE  configuration (docs/nodes.md)\n"
	       "      --check        read the configuration, say what is wrong with it, and end\n"
	       "      --reference    print the reference of the configuration as Markdown\n"
	       "      --version      print the version\n"
	       "      --help         print this\n\n"
	       "SIGTERM and SIGINT end it cleanly. The control commands are shown by\n"
	       "`baton ctl NODE help`.\n",
		p->name, p->summary, p->name, p->name);
}

/* -1: go on; else the exit status. */
static int parse_options(const struct program *p, int argc, char **argv, struct options *o)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'k' }, { "reference", no_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case 'c': o->config = optarg; break;
		case 'k': o->check = true; break;
		case 'r': config_print_reference(p->rows, stdout); return 0;
		case 'V': printf("%s %s\n", p->name, BATON_VERSION); return 0;
		case 'h': print_help(p); return 0;
		default: fprintf(stderr, "%s --help shows the options\n", p->name); return 2;
		}
	}
	if (optind < argc || !o->config) {
		fprintf(stderr, "%s: %s\n", p->name,
			optind < argc ? "there is an argument too many; --help shows the options" :
					"no configuration; name one with -c FILE");
		return 2;
	}
	return -1;
}

static void end_requested(void *context)
{
	struct node *node = context;

	loop_stop(node->loop, 0);
}

void node_quit(void *context, struct control_request *request, const json_t *arguments)
{
	(void)arguments;
	control_answer(request, NULL);
	end_requested(context);
}

static void publish(void *context, const char *line)
{
	struct node *node = context;

	if (node->control)
		control_publish(node->control, line);
}

static bool published(void *context)
{
	struct node *node = context;

	return node->control && control_has_subscribers(node->control);
}

int node_kernel(struct node *node)
{
	if (node->kernel)
		return 0;
	node->kernel = kernel_open();
	if (!node->kernel) {
		log_error(node->log, "netlink: %s", strerror(errno));
		return -1;
	}
	if (kernel_sweep(node->kernel) < 0) {
		log_error(node->log, "%s; this needs CAP_NET_ADMIN in the network namespace",
			kernel_error(node->kernel));
		return -1;
	}
	return 0;
}

void node_key(struct node *node, const char *format, ...)
{
	char line[1024];
	va_list list;
	int size;

	if (node->key_log < 0)
		return;
	va_start(list, format);
	size = vsnprintf(line, sizeof(line) - 1, format, list);
	va_end(list);
	if (size > 0 && (size_t)size < sizeof(line) - 1) {
		line[size++] = '\n';
		if (write(node->key_log, line, (size_t)size) != size)
			log_warning(node->log, "the key log cannot be written: %s",
				strerror(errno));
	}
	wipe(line, sizeof(line));
}

static int open_logs(struct node *node, const struct program_settings *s)
{
	int result = s->events ? log_open_events(node->log, s->events) : 0;

	if (result < 0) {
		log_error(node->log, "%s: %s", s->events, strerror(-result));
		return -1;
	}
	if (s->key_log)
		node->key_log = open(s->key_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s->key_log && node->key_log < 0) {
		log_error(node->log, "%s: %s", s->key_log, strerror(errno));
		return -1;
	}
	log_listen(node->log, publish, published, node);
	log_defer(node->log, node->loop);
	return 0;
}

static int run(struct node *node, const struct program_settings *s)
{
	if (open_logs(node, s) < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	node->signals[0] = watch_signal(node->loop, SIGTERM, end_requested, node);
	node->signals[1] = watch_signal(node->loop, SIGINT, end_requested, node);
	if (s->control[0]) {
		node->control = control_open(node->loop, s->control, node->program->commands, node);
		if (!node->control) {
			log_error(node->log, "control socket %s: %s%s", s->control,
				strerror(errno),
				errno == EADDRINUSE ? "; another node is served there" : "");
			return 1;
		}
	}
	if (node->program->start(node) < 0)
		return 1;
	log_event(node->log, "ready", "{s:s,s:i}", "version", BATON_VERSION, "pid", (int)getpid());
	return loop_run(node->loop);
}

static void end(struct node *node)
{
	unsigned left;

	node->program->stop(node);
	control_close(node->control);
	node->control = NULL;
	left = kernel_close(node->kernel);
	if (left)
		log_warning(node->log, "%u changes to the kernel could not be taken back", left);
	log_event(node->log, "ended", NULL);
	log_defer(node->log, NULL);
	watch_free(node->signals[0]);
	watch_free(node->signals[1]);
	if (node->key_log >= 0)
		close(node->key_log);
	log_free(node->log);
	loop_free(node->loop);
}

int program_main(const struct program *p, int argc, char **argv)
{
	struct options options = { 0 };
	struct node node = { .program = p, .key_log = -1 };
	int status = parse_options(p, argc, argv, &options);
	const struct program_settings *s;

	if (status >= 0)
		return status;
	node.settings = host_alloc(p->settings_size);
	node.config = config_read(options.config, p->rows, node.settings);
	if (node.config && p->check)
		p->check(node.config, node.settings);
	status = !node.config || config_findings(node.config) ? 2 : 0;
	if (status == 0 && !options.check) {
		s = node.settings;
		node.loop = loop_new();
		node.log = log_new(s->node);
		log_set_level(node.log, (enum log_level)s->level);
		node.random = s->seed ? random_seeded(s->seed) : random_system();
		status = run(&node, s);
		end(&node);
	}
	config_free(node.config);
	free(node.settings);
	return status;
}
