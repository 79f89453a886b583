// SPDX-License-Identifier: Apache-2.0
/* Single values of a configuration, from text. */
#ifndef BATON_HOST_CONFIG_VALUE_H
#define BATON_HOST_CONFIG_VALUE_H

#include "ref/host/config.h"

/* Memory that belongs to the configuration. */
void *config_alloc(struct config *config, size_t size);

/*
 * Converts `text` as the row says into the field at `to`. False when it does not fit; then
 * `wanted` holds what would be right ("a number from 1 to 65535").
 */
bool config_value(struct config *config, const struct config_row *row, const char *text, void *to,
	char *wanted, size_t wanted_size);

/* What the row takes, for the reference and for findings. Returns `out`. */
const char *config_wanted(const struct config_row *row, char *out, size_t size);

#endif
