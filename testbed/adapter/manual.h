// SPDX-License-Identifier: Apache-2.0
/*
 * A person as adapter: asked on the terminal to do what a command would do. So any device can be
 * tested on the first day.
 */
#ifndef TESTBED_ADAPTER_MANUAL_H
#define TESTBED_ADAPTER_MANUAL_H

#include "testbed/adapter/manifest.h"

/* Shows the settings and waits until the person says that it runs. 0, or -1 with one sentence. */
int manual_start(const struct manifest *m, const struct manifest_role *role,
	const char *const *env, char *why, size_t size);

/* Asks for a verb: 0 done, 127 the device cannot, 1 it did not work. `word`: what was answered to
 * a verb that prints. */
int manual_verb(const char *verb, const char *const *arguments, char *word, size_t size);

#endif
