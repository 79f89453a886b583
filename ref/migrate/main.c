// SPDX-License-Identifier: Apache-2.0
/*
 * baton-migrate: moves the live sockets of this host to other addresses by itself, for two hosts
 * whose administrator is the one who tells them (docs/migration.md). baton-iked does the same as
 * part of its exchange.
 */
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/host/move.h"

struct options {
	struct move_config config;
	bool json, wait, recover;
};

static int usage(FILE *to)
{
	fputs("usage: baton-migrate (--from OLD --to NEW | --local ADDRESS)\n"
	      "                     (--peer-from OLD --peer-to NEW | --peer ADDRESS) [OPTION]...\n"
	      "\n"
	      "Moves the live TCP connections and UDP sockets between this host and a peer to "
	      "other\n"
	      "addresses, in programs that go on as if nothing were. At the mobile node:\n"
	      "\n"
	      "  baton-migrate --from 192.0.2.10 --to 198.51.100.10 --peer 203.0.113.5 --wait\n"
	      "\n"
	      "and, once that says it is ready, at the correspondent:\n"
	      "\n"
	      "  baton-migrate --local 203.0.113.5 --peer-from 192.0.2.10 --peer-to 198.51.100.10\n"
	      "\n"
	      "  --wait       hold what the peer sends to the new addresses, say so, and move when "
	      "a\n"
	      "               line comes from the standard input; leave it at its end\n"
	      "  --json       the report as JSON\n"
	      "  --no-udp     TCP alone\n"
	      "  --spare PID  leave this process's sockets alone; may stand several times\n"
	      "  --recover    finish what a killed move left, and nothing else\n"
	      "  --kill-at STEP[:N]    for tests: the working process kills itself at this step, "
	      "of\n"
	      "               socket N; --kill-both: and the one that watches it\n"
	      "\n"
	      "Status: 0 all moved; 1 some were not, or there was none; 2 called wrongly; 3 no "
	      "move.\n",
		to);
	return to == stdout ? 0 : 2;
}

static int wrong(const char *text, const char *value)
{
	fprintf(stderr, "baton-migrate: %s%s%s\n", value ? value : "", value ? ": " : "", text);
	return 2;
}

static int parse_step(struct move_config *c, const char *text)
{
	size_t n = strcspn(text, ":");

	for (enum move_step s = MOVE_STEP_FIND; s < MOVE_STEP_COUNT; s++)
		if (strlen(move_step_name(s)) == n && strncmp(move_step_name(s), text, n) == 0)
			c->kill_at = s;
	if (text[n])
		c->kill_index = (unsigned)strtoul(text + n + 1, NULL, 10);
	return c->kill_at ? 0 : -1;
}

static int parse_pid(struct move_config *c, pid_t spare[16], const char *text)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (*end || pid <= 0 || c->spares == 16)
		return -1;
	spare[c->spares++] = (pid_t)pid;
	c->spare = spare;
	return 0;
}

enum {
	FROM = 256,
	TO,
	LOCAL,
	PEER_FROM,
	PEER_TO,
	PEER,
	WAIT,
	JSON,
	NO_UDP,
	SPARE,
	RECOVER,
	KILL_AT,
	KILL_BOTH,
	HELP
};

static const struct option rows[] = {
	{"from", 1, NULL, FROM},
	{"to", 1, NULL, TO},
	{"local", 1, NULL, LOCAL},
	{"peer-from", 1, NULL, PEER_FROM},
	{"peer-to", 1, NULL, PEER_TO},
	{"peer", 1, NULL, PEER},
	{"wait", 0, NULL, WAIT},
	{"json", 0, NULL, JSON},
	{"no-udp", 0, NULL, NO_UDP},
	{"spare", 1, NULL, SPARE},
	{"recover", 0, NULL, RECOVER},
	{"kill-at", 1, NULL, KILL_AT},
	{"kill-both", 0, NULL, KILL_BOTH},
	{"help", 0, NULL, HELP},
	{NULL, 0, NULL, 0},
};

static int parse_address(struct move_config *c, int option, const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p) < 0 || p.length != 8 * ip_size(p.family))
		return wrong("not an address; 192.0.2.1 or 2001:db8::1 would be one", text);
	if (option == FROM || option == LOCAL)
		c->local_from = p;
	if (option == TO || option == LOCAL)
		c->local_to = p;
	if (option == PEER_FROM || option == PEER)
		c->peer_from = p;
	if (option == PEER_TO || option == PEER)
		c->peer_to = p;
	return 0;
}

/* 0, or the status to end with. */
static int parse(int argc, char **argv, struct options *o, pid_t spare[16])
{
	struct move_config *c = &o->config;
	int option, result = 0;

	while (result == 0 && (option = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (option == '?')
			return usage(stderr);
		if (option >= FROM && option <= PEER)
			result = parse_address(c, option, optarg);
		else if (option == KILL_AT && parse_step(c, optarg) < 0)
			result = wrong("no such step; docs/migration.md has them", optarg);
		else if (option == SPARE && parse_pid(c, spare, optarg) < 0)
			result = wrong("not the number of a process, or more than 16", optarg);
		o->json = o->json || option == JSON;
		o->wait = o->wait || option == WAIT;
		o->recover = o->recover || option == RECOVER;
		c->udp_stays = c->udp_stays || option == NO_UDP;
		c->kill_both = c->kill_both || option == KILL_BOTH;
		if (option == HELP)
			exit(usage(stdout));
	}
	return result == 0 && optind < argc ? wrong("not understood", argv[optind]) : result;
}

static int check(const struct move_config *c)
{
	bool here = c->local_from.family && c->local_to.family;
	bool there = c->peer_from.family && c->peer_to.family;

	if (!c->local_from.family && !c->local_to.family && !c->peer_from.family &&
		!c->peer_to.family)
		return usage(stderr);
	if (!here)
		return wrong("this host's addresses are --from and --to, or --local alone", NULL);
	if (!there)
		return wrong("the peer's addresses are --peer-from and --peer-to, or --peer alone",
			NULL);
	if (c->local_from.family != c->local_to.family ||
		c->local_from.family != c->peer_from.family ||
		c->local_from.family != c->peer_to.family)
		return wrong("all addresses must be IPv4, or all IPv6", NULL);
	if (address_equal(&c->local_from, &c->local_to) &&
		address_equal(&c->peer_from, &c->peer_to))
		return wrong("old and new addresses are the same", NULL);
	return 0;
}

/* --- a move and its end ----------------------------------------------------------------------- */

struct run {
	const struct options *options;
	struct loop *loop;
	struct mover *mover;
	struct move *move;
	struct watch *input;
};

static void ready(void *context)
{
	struct run *r = context;

	if (r->options->wait) {
		puts("ready");
		fflush(stdout);
	}
}

static void done(void *context, const struct move_report *report)
{
	struct run *r = context;
	char *text = r->options->json ? move_report_json(report) : move_report_text(report);
	bool all = report->fates[MOVE_MOVED] && report->fates[MOVE_MOVED] == report->count;

	fputs(text, stdout);
	if (r->options->json)
		putchar('\n');
	free(text);
	loop_stop(r->loop, report->error ? 3 : all ? 0 : 1);
}

static void input(void *context)
{
	struct run *r = context;
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	watch_free(r->input);
	r->input = NULL;
	if (n > 0)
		move_go(r->move);
	else
		loop_stop(r->loop, 3);
}

static int run(const struct options *o)
{
	struct run r = {.options = o, .loop = loop_new()};
	int status;

	r.mover = mover_new(r.loop);
	if (r.mover)
		r.move = move_begin(r.mover, &o->config, ready, done, &r);
	if (!r.move) {
		mover_free(r.mover);
		loop_free(r.loop);
		perror("baton-migrate: no process");
		return 3;
	}
	if (o->wait)
		r.input = watch_readable(r.loop, STDIN_FILENO, input, &r);
	else
		move_go(r.move);
	status = loop_run(r.loop);
	watch_free(r.input);
	move_free(r.move);
	mover_free(r.mover);
	loop_free(r.loop);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	pid_t spare[16];
	int result = parse(argc, argv, &o, spare);

	if (result)
		return result;
	if (o.recover) {
		result = move_recover();
		if (result < 0)
			return wrong(strerror(-result), "nothing recovered");
		printf("%d sockets of killed moves seen to\n", result);
		return 0;
	}
	result = check(&o.config);
	return result ? result : run(&o);
}
