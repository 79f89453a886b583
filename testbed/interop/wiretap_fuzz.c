// SPDX-License-Identifier: Apache-2.0
/* Frames of any kind, each with its length before it: read, opened with keys of zeros, judged, drawn. */
#include <stdlib.h>
#include <string.h>

#include "ref/base/reader.h"
#include "testbed/interop/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t initiator[6] = { 2, 0, 0, 0, 0, 1 };
	struct frame frames[32];
	struct capture c = { .fd = -1, .frames = frames };
	struct wiretap w;
	struct evidence e = { .wire = &w, .pings = { { 1, 4 }, { 5, 32 } }, .ping_count = 2, .moved = 3 };
	struct reader r = reader_of(VIEW(data, size));
	char text[400];
	size_t count;

	while (c.count < 32 && reader_left(&r) > 2) {
		size_t n = read_u16(&r);
		struct view octets = read_view(&r, n < reader_left(&r) ? n : reader_left(&r));
		frames[c.count] = (struct frame){ .octets = octets, .at = { 0, (long)c.count + 1 } };
		c.count++;
	}
	wiretap_init(&w, initiator);
	w.keys = calloc(1, sizeof(*w.keys));
	w.key_count = 1;
	w.old_keys = calloc(1, sizeof(*w.old_keys));
	w.old_keys[0].size = 32;
	w.old_key_count = 1;
	wiretap_read(&w, &c);
	wiretap_open(&w);
	for (const struct fact *f = facts; f->name; f++)
		f->look(&e, text, sizeof(text));
	facts_rekeyings(&w);
	facts_error(&w, text, sizeof(text));
	wiretap_ladder(&w, 0, &count);
	wiretap_free(&w);
	return 0;
}
