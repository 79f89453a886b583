// SPDX-License-Identifier: Apache-2.0
/*
 * The one way to look into a packet: a bounded cursor with a sticky error. After the first
 * failure every read returns zero and changes nothing, so a decoder checks once, at its end;
 * `at` is the offset of what failed, counted from the start of the outermost message.
 */
#ifndef BATON_BASE_READER_H
#define BATON_BASE_READER_H

#include "ref/base/view.h"

struct reader {
	const uint8_t *next, *end;
	size_t offset; /* of `next`, from the start of the outermost message */
	size_t at;     /* of the first failure; meaningful when `failed` */
	bool failed;
};

/* A cursor at the start of `v`. `v` must outlive the reader and every view taken from it. */
struct reader reader_of(struct view v);

/* Octets not yet read; 0 after a failure. */
size_t reader_left(const struct reader *r);

/* Unsigned integers in network byte order; 0 when fewer octets are left, and the error sticks. */
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u24(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* The same of `width` octets, 0 to 8. */
uint64_t read_uint(struct reader *r, unsigned width);

/* The next `size` octets, in place; an empty view when fewer are left. */
struct view read_view(struct reader *r, size_t size);

/* All that is left. */
struct view read_rest(struct reader *r);

/* Copies `size` octets to `to`; zeroes `to` when fewer are left. */
void read_bytes(struct reader *r, void *to, size_t size);

/*
 * A cursor over the next `size` octets; the parent moves past them. When fewer are left, parent
 * and child both fail. A failure in the child does not reach the parent: check the child.
 */
struct reader read_child(struct reader *r, size_t size);

/* Marks the cursor failed at its present offset, for a rule that the caller found broken. */
void reader_fail(struct reader *r);

#endif
