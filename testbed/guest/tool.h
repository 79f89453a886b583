// SPDX-License-Identifier: Apache-2.0
/* Running other programs, whole files in and out, and telling the user what went wrong. */
#ifndef BATON_TESTBED_GUEST_TOOL_H
#define BATON_TESTBED_GUEST_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/base/view.h"

/* "baton: " and the message on standard error. Returns -1. */
int tool_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The program `name` as an absolute path: as it is if it has a slash, else from $PATH and, beyond
 * it, the folders of system programs. The caller frees it. NULL with errno ENOENT, or EACCES when
 * it is there and not executable.
 */
char *tool_find(const char *name);

/*
 * Runs argv (found with tool_find) in the folder `dir` (NULL: here), standard input empty.
 * `output` (if not NULL) receives what it prints, both streams, as a string that the caller
 * frees. Returns its exit status, or -1 when it could not be run or was ended by a signal. The
 * child dies with this process.
 */
int tool_run(const char *dir, char *const argv[], char **output);

/*
 * What the program prints when it reads `input`; `*size` octets that the caller frees. NULL when it
 * fails, without a word.
 */
uint8_t *tool_filter(char *const argv[], struct view input, size_t *size);

/* The content of a file, with a zero octet behind it; the caller frees it. NULL: see errno. */
uint8_t *tool_read(const char *path, size_t *size);

/* All of it, or -1 with errno. */
int tool_write(int fd, const void *data, size_t size);

/* Creates a folder and those above it. 0, or -1 with errno. */
int tool_make_folders(const char *path);

/* Removes a file or a folder with all that is in it; what is not there is no error. */
void tool_remove(const char *path);

#endif
