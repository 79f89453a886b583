// SPDX-License-Identifier: Apache-2.0
/* Files of a result, and the data files that baton ships. */
#ifndef TESTBED_REPORT_FILES_H
#define TESTBED_REPORT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "testbed/report/result.h"

#define DIGEST_TEXT 65 /* SHA-256 in hexadecimal, and the NUL */

/* Bytes of one file, with a NUL after the last that size does not count. */
struct content {
	char *bytes;
	size_t size;
};

/* Reads a whole regular file of at most limit bytes. Returns 0, or -1 with *error set; the caller
 * frees content->bytes. */
int report_read(const char *path, size_t limit, struct content *content,
	struct report_error *error);

/* Size and SHA-256 of a regular file of any size. Returns 0, or -1 with *error set. */
int report_digest_file(const char *path, char digest[DIGEST_TEXT], uint64_t *size,
	struct report_error *error);

/* SHA-256 of bytes in memory. */
void report_digest(const void *bytes, size_t size, char digest[DIGEST_TEXT]);

/* Writes bytes to a temporary file beside path, then renames it to path: a reader sees the old
 * file or the whole new one. Returns 0, or -1 with *error set and no file left behind. */
int report_write_file(const char *path, const void *bytes, size_t size, struct report_error *error);

/* Copies a file likewise. */
int report_copy_file(const char *from, const char *to, struct report_error *error);

/* Makes a folder and those above it. Returns 0, or -1 with *error set. */
int report_make_folder(const char *path, struct report_error *error);

/* True for a relative path that stays below its folder: not empty, no leading slash, no ".." or
 * empty part. */
bool report_path_is_below(const char *path);

/* Finds one of the files that baton ships, "reports/report.html", below baton_root(). Returns the
 * path, owned by the caller, or NULL with *error set. */
char *report_data_path(const char *name, struct report_error *error);

#endif
