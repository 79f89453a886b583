// SPDX-License-Identifier: Apache-2.0
/* A node's answer as text for people. */
#ifndef BATON_CTL_RENDER_H
#define BATON_CTL_RENDER_H

#include <jansson.h>
#include <stdio.h>

/*
 * One "key: value" a line, what is inside an object indented, a list of flat objects as a table
 * with a column for each key.
 */
void ctl_render(const json_t *value, FILE *to);

#endif
