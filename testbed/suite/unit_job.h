// SPDX-License-Identifier: Apache-2.0
/* What the parts of unit.h share. */
#ifndef TESTBED_SUITE_UNIT_JOB_H
#define TESTBED_SUITE_UNIT_JOB_H

#include <arpa/inet.h>

#include "testbed/suite/settings.h"
#include "testbed/suite/tester_eap.h"
#include "testbed/suite/unit.h"

#define ENV_MAX 128

/* Work on one unit. */
struct job {
	const struct run *run;
	struct unit *u;
	const struct manifest_role *role;
	struct settings settings;
	struct network *network;
	struct link link;
	bool link_is_open;
	struct tester_eap *eap;
	struct script script;
	struct endpoint sut[2], tester[2];
	struct endpoint frames; /* where frames go first; family 0: the role has none */
	char addresses[4][INET6_ADDRSTRLEN]; /* sut, sut second, tester, tester second */
	char *folder, *scratch, *log;
	char *env[ENV_MAX];
	size_t env_count;
	FILE *keys;
	char *keys_text;
	size_t keys_size;
	FILE *tls_keys;
	char *tls_text;
	size_t tls_size;
};

/* The interface that both sides use, by name. */
const char *unit_interface(const struct job *j);

/* Fills in all addresses, from the topology or from the adapter's wire. */
void unit_find_addresses(struct job *j);

/* The environment of the implementation under test; folders and addresses are known. */
void unit_build_env(struct job *j);

#endif
