// SPDX-License-Identifier: Apache-2.0
/* What baton run was asked for: its command line, and the suites and tests that it means. */
#ifndef TESTBED_SUITE_CHOICE_H
#define TESTBED_SUITE_CHOICE_H

#include "testbed/adapter/contract.h"
#include "testbed/suite/unit.h"

#define SUITES_MAX 64

enum run_format { FORMAT_TERMINAL, FORMAT_KTAP, FORMAT_JUNIT };

struct choice_given {
	const struct contract_setting *setting;
	const char *value;
};

struct choice {
	const char *targets[16]; /* suites as the user named them */
	unsigned target_count;
	struct choice_given givens[16]; /* instead of what the manifest says */
	unsigned given_count;
	const char *sut, *role, *filter, *results, *expected, *mutants;
	unsigned jobs, retry, shard, shards;
	double patience;
	uint64_t seed;
	enum run_format format;
	bool list, shell, step, coverage, contract, help;
};

/* 0, or -1 after one message on stderr. */
int choice_parse(int argc, char **argv, struct choice *out);

/* The text of `baton run --help`. */
void choice_usage(FILE *out);

struct suites {
	struct suite *list[SUITES_MAX];
	unsigned count;
};

/* Reads the suites that are meant. 0, or -1 after messages on stderr, with nothing to free. */
int suites_load(const struct choice *choice, struct suites *out);
void suites_free(struct suites *s);

/* The tests that are meant, cases one by one, as units in a malloc'ed array. */
size_t units_choose(const struct choice *choice, const struct suites *suites, struct unit **out);

#endif
