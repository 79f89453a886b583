// SPDX-License-Identifier: Apache-2.0
/* The correspondent node as a program: main and the tests run it. */
#ifndef BATON_CN_PROGRAM_H
#define BATON_CN_PROGRAM_H

#include "ref/host/program.h"

extern const struct program cn_program;

#endif
