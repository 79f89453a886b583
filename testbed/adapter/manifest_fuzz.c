// SPDX-License-Identifier: Apache-2.0
/* Any octets as sut.yaml: read or refused with a finding, never worse. */
#include <stdlib.h>

#include "testbed/adapter/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diagnostics d = { 0 };
	struct manifest *m;
	int result = manifest_parse("sut.yaml", "/", data, size, &m, &d);

	if (result < 0 && (m || d.count == 0))
		abort();
	if (result == 0)
		manifest_free(m);
	diagnostics_free(&d);
	return 0;
}
