// SPDX-License-Identifier: Apache-2.0
/*
 * The one way to build a packet: a bounded buffer of the caller's with a sticky error. After the
 * first write that does not fit nothing more is written, and `failed` stays set.
 */
#ifndef BATON_BASE_WRITER_H
#define BATON_BASE_WRITER_H

#include "ref/base/view.h"

struct writer {
	uint8_t *start;
	size_t used, size;
	bool failed;
};

/* A writer over `size` octets at `buffer`, which the caller keeps. */
struct writer writer_of(void *buffer, size_t size);

/* What was written; empty after a failure. */
struct view writer_view(const struct writer *w);

/* Unsigned integers in network byte order. */
void write_u8(struct writer *w, uint8_t value);
void write_u16(struct writer *w, uint16_t value);
void write_u32(struct writer *w, uint32_t value);
void write_u64(struct writer *w, uint64_t value);
/* The low `width` octets of `value`, 0 to 8. */
void write_uint(struct writer *w, uint64_t value, unsigned width);

/* Octets as they are, and zeros. */
void write_view(struct writer *w, struct view v);
void write_bytes(struct writer *w, const void *from, size_t size);
void write_zero(struct writer *w, size_t size);

/* Room for `size` octets that the caller fills at once; NULL when it does not fit. */
uint8_t *write_room(struct writer *w, size_t size);

/* Overwrites `width` octets at offset `at`, which must have been written: for length fields. */
void write_uint_at(struct writer *w, size_t at, uint64_t value, unsigned width);

#endif
