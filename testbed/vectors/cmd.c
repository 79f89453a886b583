// SPDX-License-Identifier: Apache-2.0
/* baton vectors: options, and which part does it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testbed/util/paths.h"
#include "testbed/vectors/check.h"
#include "testbed/vectors/cmd.h"
#include "testbed/vectors/cmd_replay.h"
#include "testbed/vectors/dissector.h"
#include "testbed/vectors/flood.h"
#include "testbed/vectors/show.h"

#define ERROR_MAX 1024

static int usage(FILE *to)
{
	fputs("usage: baton vectors list [PROTOCOL] [--all]\n"
	      "       baton vectors show ID [PROTOCOL]\n"
	      "       baton vectors check [PROTOCOL] [--decoder ref|tshark] [--verbose]\n"
	      "       baton vectors replay PROTOCOL --interface IF --target ADDRESS [...]\n"
	      "       baton vectors replay PROTOCOL --topology NAME --start COMMAND [...]\n"
	      "       baton vectors flood PROTOCOL --target ADDRESS[:PORT] [...]\n"
	      "       baton vectors corpus PROTOCOL FOLDER\n"
	      "       baton vectors dissector\n"
	      "\n"
	      "  list     files and groups; with --all every vector\n"
	      "  show     one vector: its rule, its fields, its octets\n"
	      "  check    every vector through a decoder: the reference codec, or tshark\n"
	      "  replay   at a running PAA, its reaction judged; 'replay --help' says more\n"
	      "  flood    random and mutated datagrams, to see that it keeps serving\n"
	      "  corpus   every vector as a seed file for a fuzzer\n"
	      "  dissector  a Lua script for Wireshark and tshark, for the formats of our own\n"
	      "\n"
	      "  --folder DIR   vectors from there, instead of vectors/PROTOCOL\n",
		to);
	return to == stdout ? 0 : 2;
}

struct arguments {
	const char *words[2]; /* what is not an option */
	int count;
	const char *folder, *decoder;
	bool all, verbose, help;
};

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"folder", required_argument, NULL, 'f'},
		{"decoder", required_argument, NULL, 'd'},
		{"all", no_argument, NULL, 'a'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*a = (struct arguments){.decoder = "ref"};
	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			a->folder = optarg;
			break;
		case 'd':
			a->decoder = optarg;
			break;
		case 'a':
			a->all = true;
			break;
		case 'v':
			a->verbose = true;
			break;
		case 'h':
			a->help = true;
			break;
		default:
			return -1;
		}
	}
	for (; optind < argc && a->count < 2; optind++)
		a->words[a->count++] = argv[optind];
	if (optind == argc)
		return 0;
	fprintf(stderr, "baton vectors: '%s' is one argument too many\n", argv[optind]);
	return -1;
}

int vectors_of(struct vector_set *set, const char *protocol, const char *folder)
{
	char error[ERROR_MAX];
	char *relative = path_format("vectors/%s", protocol);
	char *standard = baton_file(relative);

	if (!folder)
		folder = standard ? standard : relative;
	int failed = vector_set_read(set, folder, error, sizeof(error));
	if (failed)
		fprintf(stderr, "%s\n", error);
	for (size_t i = 0; i < set->file_count && !failed; i++) {
		if (strcmp(set->files[i]->protocol, protocol) == 0)
			continue;
		fprintf(stderr, "%s:1: vectors of %s; they would be of %s\n",
			set->files[i]->path, set->files[i]->protocol, protocol);
		failed = -1;
	}
	if (failed)
		vector_set_free(set);
	free(standard);
	free(relative);
	return failed;
}

/* One protocol, or every one that has vectors, until something goes wrong with reading. */
static int each_protocol(const struct arguments *a, const char *protocol,
	int (*one)(const struct arguments *a, const char *protocol))
{
	int result = 0;

	if (protocol)
		return one(a, protocol);
	if (a->folder) {
		fputs("baton vectors: --folder is the folder of one protocol; name that too\n",
			stderr);
		return 2;
	}
	for (size_t i = 0; vector_protocol(i); i++)
		result |= one(a, vector_protocol(i));
	return result;
}

static int list_one(const struct arguments *a, const char *protocol)
{
	struct vector_set set;

	if (vectors_of(&set, protocol, a->folder) < 0)
		return 1;
	list_set(&set, a->all, stdout);
	vector_set_free(&set);
	return 0;
}

static int command_list(const struct arguments *a)
{
	return each_protocol(a, a->words[0], list_one);
}

/* 0 shown, 1 not among them, 2 they cannot be read. */
static int show_one(const struct arguments *a, const char *protocol)
{
	struct vector_set set;

	if (vectors_of(&set, protocol, a->folder) < 0)
		return 2;
	const struct vector *v = vector_set_find(&set, a->words[0]);
	if (v)
		show_vector(v, stdout);
	vector_set_free(&set);
	return v ? 0 : 1;
}

/* An id names one vector of a protocol; two protocols may use one. */
static int command_show(const struct arguments *a)
{
	int found = 1;

	if (a->words[1])
		found = show_one(a, a->words[1]);
	else if (a->folder)
		found = show_one(a, vector_protocol(0));
	else
		for (size_t i = 0; vector_protocol(i) && found != 2; i++) {
			int here = show_one(a, vector_protocol(i));
			found = here == 1 ? found : here;
		}
	if (found == 1)
		fprintf(stderr,
			"baton vectors: no vector '%s'; 'baton vectors list --all' lists them\n",
			a->words[0]);
	return found ? 1 : 0;
}

static int run_tshark(const struct vector_set *set, bool verbose, struct check_summary *sum)
{
	char error[ERROR_MAX];
	char *explanations = baton_file("vectors/explain/tshark.json");

	int failed = check_set_with_tshark(set,
		explanations ? explanations : "vectors/explain/tshark.json", verbose, stdout, sum,
		error, sizeof(error));
	if (failed)
		fprintf(stderr, "%s\n", error);
	free(explanations);
	return failed;
}

static int check_one(const struct arguments *a, const char *protocol)
{
	const struct vector_codec *codec = vector_codec(protocol);
	bool tshark = strcmp(a->decoder, "tshark") == 0;
	struct vector_set set;
	struct check_summary sum;
	int failed = 0;

	if (vectors_of(&set, protocol, a->folder) < 0)
		return 1;
	if (tshark)
		failed = run_tshark(&set, a->verbose, &sum);
	else
		sum = check_set_with_codec(codec, &set, a->verbose, stdout);
	if (!failed)
		printf("%s, %s: %zu vectors: %u agree, %u differ, %u differ as explained, %u "
		       "beyond what it checks\n",
			protocol, a->decoder, set.count, sum.agrees, sum.differs, sum.explained,
			sum.outside);
	vector_set_free(&set);
	return failed || sum.differs;
}

static int command_check(const struct arguments *a)
{
	char names[512];

	if (strcmp(a->decoder, "ref") != 0 && strcmp(a->decoder, "tshark") != 0) {
		fprintf(stderr, "baton vectors: no decoder '%s'; there are ref and tshark\n",
			a->decoder);
		return 2;
	}
	if (a->words[0] && !vector_codec(a->words[0])) {
		fprintf(stderr, "baton vectors: no codec for '%s'; there is one for %s\n",
			a->words[0], vector_protocols(names, sizeof(names)));
		return 2;
	}
	return each_protocol(a, a->words[0], check_one);
}

static int command_corpus(const struct arguments *a)
{
	struct vector_set set;
	char error[ERROR_MAX];

	if (vectors_of(&set, a->words[0], a->folder) < 0)
		return 1;
	int failed = write_corpus(&set, a->words[1], error, sizeof(error));
	if (failed)
		fprintf(stderr, "%s\n", error);
	else
		printf("%zu seeds in %s\n", set.count, a->words[1]);
	vector_set_free(&set);
	return failed ? 1 : 0;
}

static int command_dissector(const struct arguments *a)
{
	char error[ERROR_MAX];
	char *template = baton_file("vectors/dissector.lua");

	(void)a;
	int failed = write_dissector(
		template ? template : "vectors/dissector.lua", stdout, error, sizeof(error));
	if (failed)
		fprintf(stderr, "%s\n", error);
	free(template);
	return failed ? 1 : 0;
}

int cmd_vectors(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*function)(const struct arguments *a);
		int least, most; /* words */
	} commands[] = {
		{"list", command_list, 0, 1},
		{"show", command_show, 1, 2},
		{"check", command_check, 0, 1},
		{"corpus", command_corpus, 2, 2},
		{"dissector", command_dissector, 0, 0},
	};
	struct arguments a;

	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "replay") == 0)
		return cmd_vectors_replay(argc - 1, argv + 1);
	if (strcmp(argv[1], "flood") == 0)
		return cmd_vectors_flood(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[1]) != 0)
			continue;
		if (parse(argc - 1, argv + 1, &a) < 0)
			return 2;
		if (a.help)
			return usage(stdout);
		if (a.count < commands[i].least || a.count > commands[i].most)
			return usage(stderr);
		return commands[i].function(&a);
	}
	fprintf(stderr, "baton vectors: there is no '%s'\n", argv[1]);
	return usage(stderr);
}
