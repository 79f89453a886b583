// SPDX-License-Identifier: Apache-2.0
/*
 * What the guest's first program is told: a shell script of assignments for init.sh itself, and
 * one that becomes the command. Both travel in the initramfs of the run.
 */
#ifndef BATON_TESTBED_GUEST_JOB_H
#define BATON_TESTBED_GUEST_JOB_H

#include <stdbool.h>
#include <stdio.h>

#define JOB_KEEP_MAX 32

struct job {
	const char *cwd;	/* absolute */
	const char *results;	/* absolute; NULL: none */
	const char *modules;	/* folder of the kernel's modules, absolute */
	const char *release;	/* of the kernel, as uname -r says it */
	const char *clock;	/* "real" or "virtual" */
	const char *hoarder;	/* the program `baton`, to run as hoard.h says; NULL: none */
	const char *mark;	/* written behind the command's output and errors */
	unsigned rows, columns; /* of the terminal; 0: the command gets no terminal */
	char *const *environment;
	const char *program; /* the command's path */
	char *const *argv;
	char *keep[JOB_KEEP_MAX]; /* entries of /tmp to stay visible; see job_keep */
	unsigned keep_count;
};

/* Writes `word` so that a shell reads back the same octets: '...' with ' as '\''. */
void job_quote(FILE *to, const char *word);

/*
 * Notes the entry of /tmp that `word` mentions ("/tmp/a" in "--out=/tmp/a/b"), if any: the guest
 * has a /tmp of its own in memory, through which these entries of the host's stay visible. Those
 * past JOB_KEEP_MAX are not noted. job_free releases them.
 */
void job_keep(struct job *job, const char *word);

/* The assignments for init.sh. */
void job_write_settings(const struct job *job, FILE *to);

/* The script that sets the environment and the working folder and becomes the command. */
void job_write_command(const struct job *job, FILE *to);

/* Releases what job_keep noted; all else is the caller's. */
void job_free(struct job *job);

#endif
