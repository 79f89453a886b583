// SPDX-License-Identifier: Apache-2.0
/* The agent under fuzz: forged messages go to it. */
#include "ref/pana/pana_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, true);
}
