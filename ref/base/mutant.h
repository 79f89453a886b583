// SPDX-License-Identifier: Apache-2.0
/*
 * Deliberately wrong variants of the reference, to prove that a suite fails what it must.
 *
 * `if (MUTANT(pana_ignore_sequence))` is constant 0 in every ordinary build: the branch and its
 * name vanish. Only the flavour built with BATON_MUTANTS asks the environment variable
 * BATON_MUTANT which one defect to have; that flavour is never installed.
 */
#ifndef BATON_BASE_MUTANT_H
#define BATON_BASE_MUTANT_H

#ifdef BATON_MUTANTS
#include <stdbool.h>
/* Whether this process was asked to have the defect of that name. */
bool mutant_is(const char *name);
#define MUTANT(name) mutant_is(#name)
#else
#define MUTANT(name) 0
#endif

#endif
