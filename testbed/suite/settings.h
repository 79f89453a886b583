// SPDX-License-Identifier: Apache-2.0
/* The settings of one test, for both sides, and the environment that an adapter gets. */
#ifndef TESTBED_SUITE_SETTINGS_H
#define TESTBED_SUITE_SETTINGS_H

#include "testbed/adapter/contract.h"
#include "testbed/adapter/manifest.h"
#include "testbed/suite/suite.h"

enum side { SIDE_SUT, SIDE_TESTER };

/* By the row's place in contract_settings; NULL: not set. */
struct settings {
	const char *value[2][SETTINGS_MAX];
};

/* Standard values, then the manifest's, then the test's; the EAP method the first that is claimed
 * if nobody says. Strings belong to the suite and the manifest. */
void settings_resolve(const struct test *test, const struct manifest *m,
	const struct manifest_role *role, struct settings *out);

/* The value, or NULL. */
const char *settings_get(const struct settings *s, enum side side, const char *name);

/*
 * Names of one side's files in the folder of credentials (ref/eap/eap_credentials.h), by its
 * settings `authority` and `certificate`, which may be NULL; `owner` is "server" or "client".
 */
struct settings_tls {
	char authority[24], certificate[24], key[24];
};
struct settings_tls settings_tls(const char *authority, const char *certificate, const char *owner);

/* Whether the implementation has what the test needs; otherwise *why is one sentence. */
bool settings_supported(const struct settings *s, const struct test *test,
	const struct manifest_role *role, bool by_eap, char *why, size_t size);

#endif
