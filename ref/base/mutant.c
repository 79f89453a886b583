// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ref/base/mutant.h"

#ifdef BATON_MUTANTS
bool mutant_is(const char *name)
{
	const char *asked = getenv("BATON_MUTANT");
	return asked && strcmp(asked, name) == 0;
}
#endif
