// SPDX-License-Identifier: Apache-2.0
#include "ref/base/writer.h"

struct writer writer_of(void *buffer, size_t size)
{
	return (struct writer){ .start = buffer, .size = size };
}

struct view writer_view(const struct writer *w)
{
	return w->failed ? VIEW_EMPTY : VIEW(w->start, w->used);
}

uint8_t *write_room(struct writer *w, size_t size)
{
	if (w->failed || size > w->size - w->used) {
		w->failed = true;
		return NULL;
	}
	uint8_t *room = w->start + w->used;
	w->used += size;
	return room;
}

void write_bytes(struct writer *w, const void *from, size_t size)
{
	uint8_t *room = write_room(w, size);
	if (room && size)
		memcpy(room, from, size);
}

void write_view(struct writer *w, struct view v)
{
	write_bytes(w, v.data, v.size);
}

void write_zero(struct writer *w, size_t size)
{
	uint8_t *room = write_room(w, size);
	if (room && size)
		memset(room, 0, size);
}

static void put_uint(uint8_t *to, uint64_t value, unsigned width)
{
	for (unsigned i = width; i-- > 0; value >>= 8)
		to[i] = (uint8_t)value;
}

void write_uint(struct writer *w, uint64_t value, unsigned width)
{
	uint8_t *room = write_room(w, width);
	if (room)
		put_uint(room, value, width);
}

void write_u8(struct writer *w, uint8_t value)
{
	write_uint(w, value, 1);
}

void write_u16(struct writer *w, uint16_t value)
{
	write_uint(w, value, 2);
}

void write_u32(struct writer *w, uint32_t value)
{
	write_uint(w, value, 4);
}

void write_u64(struct writer *w, uint64_t value)
{
	write_uint(w, value, 8);
}

void write_uint_at(struct writer *w, size_t at, uint64_t value, unsigned width)
{
	if (w->failed)
		return;
	if (at > w->used || width > w->used - at) {
		w->failed = true;
		return;
	}
	put_uint(w->start + at, value, width);
}
