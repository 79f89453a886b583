// SPDX-License-Identifier: Apache-2.0
/*
 * A running implementation under test, through its adapter: started, known to be ready, asked for
 * verbs, ended with everything it started. In a node of a network, or, for a device on a real wire
 * and for what a person does by hand, on this machine.
 */
#ifndef TESTBED_ADAPTER_SUT_H
#define TESTBED_ADAPTER_SUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "testbed/adapter/manifest.h"
#include "testbed/topology/network.h"

#define VERB_UNSUPPORTED 127
#define SUT_UNSUPPORTED (-2)

/* Where it runs. Strings are the caller's and outlive the sut. */
struct sut_place {
	struct network *network; /* NULL: this machine */
	const char *node;
	const char *scratch;	/* folder, absolute, there already */
	const char *log;	/* file for its output, absolute; appended to */
	const char *const *env; /* "NAME=value", NULL-terminated */
	int priority;		/* as in struct spawn, of the role's program; not of verbs */
	/* Polled while it is waited for; true: give up. May be NULL. */
	bool (*interrupted)(void *context);
	void *context;
};

struct sut;

/*
 * Starts the role and waits until it is ready. 0 with *out, or -1 with one sentence in `why` and
 * nothing left running. SUT_UNSUPPORTED instead of -1: the start command ended with status 127, for it
 * lacks what the settings ask for, and `why` is the last line that it printed.
 */
int sut_start(const struct manifest *m, const struct manifest_role *role,
	const struct sut_place *place, struct sut **out, char *why, size_t size);

/* A descriptor that polls readable when the program has ended; -1: there is no program (device). */
int sut_descriptor(const struct sut *sut);

/*
 * Whether it ended in a way it should not: by a signal, or by itself where the manifest does not
 * allow that. Then `why` has the sentence.
 */
bool sut_crashed(struct sut *sut, char *why, size_t size);

/*
 * Asks for a verb and waits up to `seconds`. Its exit status (VERB_UNSUPPORTED: it does not know
 * the verb), or -1 when it had to be stopped. The first word that it printed goes to `word`.
 */
int sut_verb(struct sut *sut, const char *verb, const char *const *arguments, double seconds,
	char *word, size_t size);

/* The same, with the whole first line that it printed. */
int sut_ask(struct sut *sut, const char *verb, const char *const *arguments, double seconds,
	char *line, size_t size);

/*
 * sut_verb for what shall take effect when CLOCK_MONOTONIC shows `at` nanoseconds: the adapter finds
 * that in BATON_AT, and may begin at once if it cannot wait.
 */
int sut_verb_at(struct sut *sut, uint64_t at, const char *verb, const char *const *arguments,
	double seconds, char *word, size_t size);

/* The stop command if there is one, then the end of every process. 0, or -1 with `why`. Frees. */
int sut_stop(struct sut *sut, char *why, size_t size);

/*
 * Before a run: the commands of the manifest exist, and a verb that does not exist is answered by
 * 127. 0, or -1 with one sentence.
 */
int adapter_probe(const struct manifest *m, const struct manifest_role *role, char *why,
	size_t size);

/* The first line that the version command prints, with the role in BATON_ROLE; false: unknown. */
bool adapter_version(const struct manifest *m, const char *role, char *out, size_t size);

#endif
