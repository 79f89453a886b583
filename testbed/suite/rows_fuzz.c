// SPDX-License-Identifier: Apache-2.0
/* Any octets as a catalogue: read or refused with a finding, never worse. */
#include <stdlib.h>

#include "testbed/suite/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const head[] = { "*document", "title", NULL };
	static const char *const row[] = { "*id", "level", NULL };
	static const struct rows_shape shape = { head, "statements", row };
	struct diagnostics d = { 0 };
	struct rows rows;
	int result = rows_parse("x", VIEW(data, size), &shape, &rows, &d);

	if (result < 0 && d.count == 0)
		abort();
	if (result == 0) {
		for (size_t i = 0; i < rows.count; i++)
			if (!rows.list[i].value[0])
				abort();
		rows_free(&rows);
	}
	diagnostics_free(&d);
	return 0;
}
