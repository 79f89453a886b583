// SPDX-License-Identifier: Apache-2.0
/*
 * sut.yaml: how an implementation is started, asked and judged fairly. docs/adapters.md is its
 * reference. A manifest is read once and then read-only; strings live as long as it does.
 */
#ifndef TESTBED_ADAPTER_MANIFEST_H
#define TESTBED_ADAPTER_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "testbed/adapter/expression.h"
#include "testbed/topology/arena.h"
#include "testbed/topology/diagnostics.h"

enum ready_kind {
	READY_AT_ONCE,
	READY_LOG,     /* a line of its output matches `expression` */
	READY_PORT,    /* a UDP socket is bound to `port` */
	READY_COMMAND, /* `command` ends with 0; asked every 50 ms */
	READY_SECONDS,
};

struct manifest_ready {
	enum ready_kind kind;
	const char *text; /* the expression or the command, as written */
	struct expression *expression;
	unsigned port;
	double seconds;
	double within; /* patience until ready, seconds; 10 */
};

struct manifest_role {
	const char *name;
	const char *start; /* shell command that stays in the foreground; NULL: manual or wire */
	const char *stop;  /* shell command before the end; NULL: none */
	bool ends;	   /* it may end by itself with a status below 128 */
	struct manifest_ready ready;
	const char **features; /* all that are claimed for this role; ends with NULL */
	unsigned line;
};

struct manifest_extra {
	const char *name, *value;
};

/* A device on a real wire instead of a start command. */
struct manifest_wire {
	const char *interface; /* of this machine; NULL: no wire */
	const char *address;   /* of the device */
	const char *tester, *tester_second; /* addresses of this machine there; second or NULL */
	bool has_mac;
	uint8_t mac[6]; /* of the device: whom frames go to that are not for a group */
};

struct manifest {
	const char *file;   /* as found */
	const char *folder; /* absolute */
	const char *name;
	const char *version; /* shell command; NULL: not known */
	const char *verb;    /* shell command, to which the verb is added; NULL: none at all */
	struct manifest_role *roles;
	size_t role_count;
	struct manifest_extra *extra;
	size_t extra_count;
	struct manifest_extra *settings; /* for every test that does not say otherwise */
	size_t setting_count;
	struct manifest_wire wire;
	bool manual;	 /* a person does what is asked */
	double patience; /* factor on every time that the tester waits for a message; 1 */
	struct arena *arena;
};

/*
 * The file for NAME (suites/adapters/NAME/sut.yaml below the tree), a folder (sut.yaml in it), or
 * a file. A malloc'ed path, or NULL with a finding.
 */
char *manifest_find(const char *name, struct diagnostics *d);

/* Reads and checks the file. 0, or -1 with at least one finding and *out NULL. */
int manifest_load(const char *file, struct manifest **out, struct diagnostics *d);

/* The same from memory; `folder` as if the file lay there. */
int manifest_parse(const char *file, const char *folder, const void *text, size_t size,
	struct manifest **out, struct diagnostics *d);

/* Accepts NULL. */
void manifest_free(struct manifest *m);

/*
 * As if the last line of `settings` were name: value, which fits (contract_value_fits). Both outlive
 * the manifest.
 */
void manifest_give(struct manifest *m, const char *name, const char *value);

/* The role of that name, or NULL. */
const struct manifest_role *manifest_role(const struct manifest *m, const char *name);

/* Whether the role claims the feature. */
bool manifest_claims(const struct manifest_role *role, const char *feature);

#endif
