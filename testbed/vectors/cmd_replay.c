// SPDX-License-Identifier: Apache-2.0
/*
 * Where the PAA is: behind an interface of this machine, or on a node of a network that is raised
 * for the replay and taken down after it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/network.h"
#include "testbed/vectors/cmd_replay.h"
#include "testbed/vectors/replay.h"

struct place {
	const char *interface, *target;
	const char *topology, *start, *tester, *sut;
	unsigned port;
	btime patience; /* until the PAA answers its first PCI */
};

struct arguments {
	const char *protocol, *folder, *psk;
	struct place place;
	struct replay_options options;
};

static int usage(FILE *to)
{
	fputs("usage: baton vectors replay PROTOCOL --interface IF --target ADDRESS [OPTIONS]\n"
	      "       baton vectors replay PROTOCOL --topology NAME --start COMMAND [OPTIONS]\n"
	      "\n"
	      "Sends the vectors to a PAA and judges what comes back. Exit status 0: every "
	      "reaction\n"
	      "as the vectors say; 1: not, or inconclusive; 2: wrong usage.\n"
	      "\n"
	      "  --interface IF      the interface towards the PAA (with --topology: eth0)\n"
	      "  --target ADDRESS    the PAA's address (with --topology: the first of the sut)\n"
	      "  --port N            its UDP port; 716\n"
	      "  --topology NAME     raise this network; the replay runs on its node tester\n"
	      "  --start COMMAND     run this on the node sut, by a shell, until the end\n"
	      "  --tester NODE, --sut NODE   other nodes than these\n"
	      "  --patience MS       until the PAA answers its first PCI; 10000\n"
	      "  --identity NAME --psk HEX   EAP-PSK credentials, 16 octets, for what needs keys\n"
	      "  --answer MS         how long an expected answer may take; 1000\n"
	      "  --quiet MS          how long silence is listened to; 150\n"
	      "  --only PATTERN      ids that match, as in a shell\n"
	      "  --folder DIR        vectors from there, instead of vectors/PROTOCOL\n"
	      "  --verbose           tell every vector, with why it was skipped\n",
		to);
	return to == stdout ? 0 : 2;
}

enum {
	INTERFACE = 1,
	TARGET,
	PORT,
	TOPOLOGY,
	START,
	TESTER,
	SUT,
	PATIENCE,
	ANSWER,
	QUIET,
	ONLY,
	IDENTITY,
	PSK,
	FOLDER,
	VERBOSE,
	HELP
};

static bool number(const char *name, const char *text, unsigned long least, unsigned long most,
	unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (!errno && *text && !*end && *out >= least && *out <= most)
		return true;
	fprintf(stderr,
		"baton vectors replay: --%s is '%s'; it would be a number from %lu to %lu\n", name,
		text, least, most);
	return false;
}

static bool take_number(int option, struct arguments *a)
{
	unsigned long n;

	if (option == PORT) {
		bool good = number("port", optarg, 1, 65535, &n);
		a->place.port = (unsigned)n;
		return good;
	}
	const char *name = option == PATIENCE ? "patience" : option == ANSWER ? "answer" : "quiet";
	btime *to = option == PATIENCE ? &a->place.patience
		    : option == ANSWER ? &a->options.answer
				       : &a->options.quiet;
	if (!number(name, optarg, 1, 600000, &n))
		return false;
	*to = (btime)n * BTIME_MS;
	return true;
}

/* 0, or the exit status plus one. */
static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"interface", required_argument, NULL, INTERFACE},
		{"target", required_argument, NULL, TARGET},
		{"port", required_argument, NULL, PORT},
		{"topology", required_argument, NULL, TOPOLOGY},
		{"start", required_argument, NULL, START},
		{"tester", required_argument, NULL, TESTER},
		{"sut", required_argument, NULL, SUT},
		{"patience", required_argument, NULL, PATIENCE},
		{"answer", required_argument, NULL, ANSWER},
		{"quiet", required_argument, NULL, QUIET},
		{"only", required_argument, NULL, ONLY},
		{"identity", required_argument, NULL, IDENTITY},
		{"psk", required_argument, NULL, PSK},
		{"folder", required_argument, NULL, FOLDER},
		{"verbose", no_argument, NULL, VERBOSE},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	const char **texts[] = {[INTERFACE] = &a->place.interface,
		[TARGET] = &a->place.target,
		[TOPOLOGY] = &a->place.topology,
		[START] = &a->place.start,
		[TESTER] = &a->place.tester,
		[SUT] = &a->place.sut,
		[ONLY] = &a->options.pattern,
		[IDENTITY] = &a->options.user.identity,
		[PSK] = &a->psk,
		[FOLDER] = &a->folder};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == HELP)
			return usage(stdout) + 1;
		if (c == VERBOSE)
			a->options.verbose = true;
		else if (c == PORT || c == PATIENCE || c == ANSWER || c == QUIET) {
			if (!take_number(c, a))
				return 3;
		} else if (c > 0 && c <= FOLDER)
			*texts[c] = optarg;
		else
			return 3;
	}
	if (argc - optind != 1)
		return usage(stderr) + 1;
	a->protocol = argv[optind];
	return 0;
}

/* 16 octets in hexadecimal. */
static bool read_psk(const char *text, uint8_t out[EAP_PSK_SIZE])
{
	const char *digits = "0123456789abcdefABCDEF";
	unsigned octet = 0;

	if (strlen(text) != 2 * EAP_PSK_SIZE || strspn(text, digits) != 2 * EAP_PSK_SIZE)
		return false;
	for (size_t i = 0; i < EAP_PSK_SIZE; i++) {
		sscanf(text + 2 * i, "%2x", &octet);
		out[i] = (uint8_t)octet;
	}
	return true;
}

static bool complete(struct arguments *a)
{
	const struct place *p = &a->place;
	const char *problem = NULL;

	if (strcmp(a->protocol, "pana") != 0)
		problem = "only pana can be replayed";
	else if (p->topology && !p->start)
		problem = "--topology without --start; what would be the PAA?";
	else if (!p->topology && p->start)
		problem = "--start without --topology; where would it run?";
	else if (!a->psk != !a->options.user.identity)
		problem = "--identity and --psk belong together";
	else if (a->psk && !read_psk(a->psk, a->options.user.psk))
		problem = "--psk is wrong; it would be 32 hexadecimal digits";
	else if (!p->topology && (!p->interface || !p->target))
		problem = "--interface and --target say where the PAA is";
	if (problem)
		fprintf(stderr, "baton vectors replay: %s\n", problem);
	return !problem;
}

/* --- the replay itself ------------------------------------------------------------------------ */

static int replay_here(const struct arguments *a, const struct vector_set *set)
{
	const struct place *p = &a->place;
	char error[1024];
	struct replay_summary sum;

	struct tap *tap = tap_open(p->interface, p->target, (uint16_t)p->port, error);
	if (!tap) {
		fprintf(stderr, "baton vectors replay: %s\n", error);
		return 1;
	}
	if (replay_ready(tap, p->patience) < 0) {
		fprintf(stderr,
			"baton vectors replay: %s port %u answers no PCI within %lld ms; is the "
			"PAA "
			"running?\n",
			p->target, p->port, (long long)(p->patience / BTIME_MS));
		tap_close(tap);
		return 1;
	}
	int failed = replay_set(tap, &a->options, set, stdout, &sum, error, sizeof(error));
	tap_close(tap);
	printf("%s port %u: %u pass, %u fail, %u inconclusive, %u skipped\n", p->target, p->port,
		sum.counts[REPLAY_PASS], sum.counts[REPLAY_FAIL], sum.counts[REPLAY_INCONCLUSIVE],
		sum.counts[REPLAY_SKIPPED]);
	fflush(stdout);
	if (failed)
		fprintf(stderr, "baton vectors replay: %s\n", error);
	else if (!sum.counts[REPLAY_PASS] && !sum.counts[REPLAY_FAIL])
		fputs("baton vectors replay: no vector was replayed\n", stderr);
	return failed || sum.counts[REPLAY_FAIL] || sum.counts[REPLAY_INCONCLUSIVE] ||
	       !sum.counts[REPLAY_PASS];
}

/* The replay on the tester's node: in a child, as there is no way back out of a namespace. */
static int replay_on(struct network *n, const struct arguments *a, const struct vector_set *set)
{
	char *here = getcwd(NULL, 0);
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		int failed = network_enter(n, a->place.tester);
		/* File names of the user's are relative to where the user is. */
		if (!failed && here && chdir(here) < 0)
			failed = -errno;
		if (failed)
			fprintf(stderr, "baton vectors replay: entering %s: %s\n", a->place.tester,
				strerror(-failed));
		int exit_status = failed ? 1 : replay_here(a, set);
		fflush(stdout);
		_exit(exit_status);
	}
	free(here);
	if (child < 0)
		return 1;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int start_and_replay(
	struct network *n, struct arguments *a, const struct vector_set *set, struct diagnostics *d)
{
	const char *argv[] = {"/bin/sh", "-c", a->place.start, NULL};
	char cwd[4096], address[TOPOLOGY_ADDRESS_TEXT];
	struct spawn spawn = {.argv = argv, .cwd = getcwd(cwd, sizeof(cwd)), .stderr_fd = 2};
	const struct topology_address *target =
		topology_address(network_topology(n), a->place.sut, NULL, AF_INET);
	struct process *paa = NULL;
	int status = 0;

	if (!a->place.target && target)
		a->place.target = topology_address_text(target, false, address);
	if (!a->place.target) {
		diagnostics_add(d, a->place.topology, 0,
			"node %s has no IPv4 address; name one "
			"with --target",
			a->place.sut);
		return 1;
	}
	if (network_spawn(n, a->place.sut, &spawn, &paa, d) < 0)
		return 1;
	int result = replay_on(n, a, set);
	if (network_wait(paa, &status, 0) == 0) {
		fprintf(stderr, "baton vectors replay: the PAA ended during the replay (%s %d)\n",
			WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		result = 1;
	}
	network_terminate(paa, NULL, 2000);
	network_release(paa);
	return result;
}

static int replay_on_topology(struct arguments *a, const struct vector_set *set)
{
	struct diagnostics d = {0};
	struct topology *topology = NULL;
	struct network *network = NULL;
	int result = 1;

	if (!a->place.interface)
		a->place.interface = "eth0";
	char *path = topology_find(a->place.topology, &d);
	if (path && topology_load(path, &topology, &d) == 0 &&
		network_up(topology, NULL, &network, &d) == 0)
		result = start_and_replay(network, a, set, &d);
	diagnostics_print(&d, stderr);
	network_down(network);
	topology_free(topology);
	diagnostics_free(&d);
	free(path);
	return result;
}

int cmd_vectors_replay(int argc, char **argv)
{
	struct arguments a = {
		.place = {.port = 716, .patience = 10 * BTIME_S, .tester = "tester", .sut = "sut"},
		.options = {.answer = BTIME_S, .quiet = 150 * BTIME_MS},
	};
	struct vector_set set;
	int status = parse(argc, argv, &a);

	if (status)
		return status - 1;
	if (!complete(&a))
		return 2;
	if (vectors_of(&set, a.protocol, a.folder) < 0)
		return 1;
	status = a.place.topology ? replay_on_topology(&a, &set) : replay_here(&a, &set);
	vector_set_free(&set);
	return status;
}
