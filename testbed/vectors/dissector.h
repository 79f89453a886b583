// SPDX-License-Identifier: Apache-2.0
/* A Wireshark dissector in Lua for the formats that are our own, from their tables. */
#ifndef BATON_VECTORS_DISSECTOR_H
#define BATON_VECTORS_DISSECTOR_H

#include <stdio.h>

/*
 * Writes the script: the template `path` with the tables of the protocols in place of its line
 * @TABLES@. 0, or -1 with `error` filled: the template cannot be read, or is none.
 */
int write_dissector(const char *path, FILE *out, char *error, size_t size);

#endif
