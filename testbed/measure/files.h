// SPDX-License-Identifier: Apache-2.0
/* Folders of logs and captures: copied from memory to the results. */
#ifndef BATON_MEASURE_FILES_H
#define BATON_MEASURE_FILES_H

#include "testbed/report/result.h"

/* Copies folders and regular files; sockets and the like stay. 0, or -1 with *error set. */
int copy_tree(const char *from, const char *to, struct report_error *error);

#endif
