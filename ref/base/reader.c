// SPDX-License-Identifier: Apache-2.0
#include "ref/base/reader.h"

struct reader reader_of(struct view v)
{
	return (struct reader){ .next = v.data, .end = v.size ? v.data + v.size : v.data };
}

size_t reader_left(const struct reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->next);
}

void reader_fail(struct reader *r)
{
	if (!r->failed) {
		r->failed = true;
		r->at = r->offset;
	}
}

struct view read_view(struct reader *r, size_t size)
{
	if (size > reader_left(r) || r->failed) {
		reader_fail(r);
		return VIEW_EMPTY;
	}
	struct view v = { r->next, size };
	if (size) {
		r->next += size;
		r->offset += size;
	}
	return v;
}

struct view read_rest(struct reader *r)
{
	return read_view(r, reader_left(r));
}

uint64_t read_uint(struct reader *r, unsigned width)
{
	struct view v = read_view(r, width);
	uint64_t value = 0;
	for (size_t i = 0; i < v.size; i++)
		value = value << 8 | v.data[i];
	return value;
}

uint8_t read_u8(struct reader *r)
{
	return (uint8_t)read_uint(r, 1);
}

uint16_t read_u16(struct reader *r)
{
	return (uint16_t)read_uint(r, 2);
}

uint32_t read_u24(struct reader *r)
{
	return (uint32_t)read_uint(r, 3);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_uint(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_uint(r, 8);
}

void read_bytes(struct reader *r, void *to, size_t size)
{
	struct view v = read_view(r, size);
	if (v.size)
		memcpy(to, v.data, v.size);
	else if (size)
		memset(to, 0, size);
}

struct reader read_child(struct reader *r, size_t size)
{
	size_t offset = r->offset;
	struct view v = read_view(r, size);
	struct reader child = reader_of(v);
	child.offset = offset;
	if (r->failed) {
		child.failed = true;
		child.at = r->at;
	}
	return child;
}
