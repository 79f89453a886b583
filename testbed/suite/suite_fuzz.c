// SPDX-License-Identifier: Apache-2.0
/* Any octets as a suite: read or refused with a complaint, never worse. */
#include <stdlib.h>

#include "testbed/suite/suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaints complaints = { .file = "x" };
	struct suite *suite;
	int result = suite_parse("x", VIEW(data, size), &suite, &complaints);

	if (result < 0 && (suite || complaints.count == 0))
		abort();
	if (result == 0 && (!suite->role || !suite->test_count))
		abort();
	suite_free(suite);
	return 0;
}
