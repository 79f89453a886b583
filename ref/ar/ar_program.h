// SPDX-License-Identifier: Apache-2.0
/* The access router as a program: main and the tests run it. */
#ifndef BATON_AR_PROGRAM_H
#define BATON_AR_PROGRAM_H

#include "ref/host/program.h"

extern const struct program ar_program;

#endif
