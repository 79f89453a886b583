// SPDX-License-Identifier: Apache-2.0
/* The mobile node as a program: main and the tests run it. */
#ifndef BATON_MN_PROGRAM_H
#define BATON_MN_PROGRAM_H

#include "ref/host/program.h"

extern const struct program mn_program;

#endif
