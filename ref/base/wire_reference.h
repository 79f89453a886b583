// SPDX-License-Identifier: Apache-2.0
/* What is written from a protocol's tables: pages of the manual, dictionaries of fuzzers. */
#ifndef BATON_BASE_WIRE_REFERENCE_H
#define BATON_BASE_WIRE_REFERENCE_H

#include <stdio.h>

#include "ref/base/wire.h"

/* The field reference in Markdown: header, messages with their elements, elements with values. */
void wire_reference(const struct protocol *protocol, FILE *out);

/* A dictionary for libFuzzer and AFL: types, flags, element headers, values with names. */
void wire_dictionary(const struct protocol *protocol, FILE *out);

#endif
