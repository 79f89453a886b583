// SPDX-License-Identifier: Apache-2.0
/*
 * The words of the adapter contract, as rows: what a suite can ask for (settings, features, verbs)
 * and how an adapter sees it (environment variables). The suite language, the manifest reader, the
 * harness and docs/adapters.md use these rows; there is no second list.
 */
#ifndef TESTBED_ADAPTER_CONTRACT_H
#define TESTBED_ADAPTER_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_BOOLEAN, SETTING_CHOICE };

/* given NAME=VALUE, and the environment variable in which the adapter finds it. */
struct contract_setting {
	const char *name;
	const char *variable;
	enum setting_type type;
	const char *choices; /* "a b c" of SETTING_CHOICE; else NULL */
	const char *standard; /* when nobody says; NULL: the variable is not set */
	const char *meaning;
};

/* needs NAME: what not every implementation has. Manifests claim them (the lab's PICS). */
struct contract_feature {
	const char *name;
	const char *meaning;
	bool derived; /* follows from others; a manifest does not claim it */
};

/* What an implementation may be asked for while it runs. */
struct contract_verb {
	const char *name;
	const char *arguments;
	const char *meaning;
};

/* What the harness tells every adapter. */
struct contract_variable {
	const char *name;
	const char *meaning;
};

/* Each ends with a row whose name is NULL. */
#define SETTINGS_MAX 64
extern const struct contract_setting contract_settings[SETTINGS_MAX + 1];
extern const struct contract_feature contract_features[];
extern const struct contract_verb contract_verbs[];
extern const struct contract_variable contract_variables[];

/* The row of that name, or NULL. */
const struct contract_setting *contract_setting(const char *name);
const struct contract_feature *contract_feature(const char *name);
const struct contract_verb *contract_verb(const char *name);

/* Whether the value fits the setting; otherwise writes what would be right into `right`. */
bool contract_value_fits(const struct contract_setting *setting, const char *value, char *right,
	size_t size);

/* The tables as Markdown, for docs/adapters.md. */
void contract_print_reference(FILE *out);

#endif
