// SPDX-License-Identifier: Apache-2.0
/* Traffic selectors, RFC 7296 §3.13.1, and narrowing, §2.9. */
#include <arpa/inet.h>
#include <stdio.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_payload.h"

#define SECTION "RFC 7296 §3.13.1"

static size_t address_size(uint8_t type)
{
	return type == IKE_TS_IPV4_ADDR_RANGE ? 4 : type == IKE_TS_IPV6_ADDR_RANGE ? 16 : 0;
}

/* A selector of a type we do not know is skipped: *ts has type 0. */
static int decode_one(struct reader *r, const struct element_value *e, struct ike_ts *ts,
	struct reject *reject)
{
	size_t at = e->offset + r->offset;
	uint8_t type = read_u8(r), protocol = read_u8(r);
	size_t length = read_u16(r), width = address_size(type);
	struct reader body = read_child(r, length < 4 ? SIZE_MAX : length - 4);

	*ts = (struct ike_ts){ 0 };
	if (r->failed)
		return reject_set(reject, REJECT_LENGTH, "Selector Length", SECTION, at, length);
	if (!width)
		return 0;
	ts->type = type;
	ts->protocol = protocol;
	ts->start_port = read_u16(&body);
	ts->end_port = read_u16(&body);
	read_bytes(&body, ts->start, width);
	read_bytes(&body, ts->end, width);
	if (body.failed || reader_left(&body))
		return reject_set(reject, REJECT_LENGTH, "Selector Length", SECTION, at, length);
	return 0;
}

int ike_decode_ts(const struct element_value *e, struct ike_ts_list *out, struct reject *reject)
{
	struct reader r = reader_of(e->value);
	unsigned announced = read_u8(&r), found = 0;

	read_u24(&r);
	out->count = 0;
	while (reader_left(&r)) {
		struct ike_ts ts;
		if (decode_one(&r, e, &ts, reject) < 0)
			return -1;
		found++;
		if (ts.type && out->count < IKE_TS_MAX)
			out->list[out->count++] = ts;
	}
	if (found != announced || found == 0)
		return reject_set(reject, REJECT_VALUE, "Number of TSs", "RFC 7296 §3.13",
			e->offset + 4, announced);
	return 0;
}

void ike_encode_ts(const struct ike_ts_list *list, struct writer *w)
{
	write_u8(w, (uint8_t)list->count);
	write_zero(w, 3);
	for (unsigned i = 0; i < list->count; i++) {
		const struct ike_ts *ts = &list->list[i];
		size_t width = address_size(ts->type);
		write_u8(w, ts->type);
		write_u8(w, ts->protocol);
		write_u16(w, (uint16_t)(8 + 2 * width));
		write_u16(w, ts->start_port);
		write_u16(w, ts->end_port);
		write_bytes(w, ts->start, width);
		write_bytes(w, ts->end, width);
	}
}

bool ike_ts_intersect(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out)
{
	size_t width = address_size(a->type);

	if (a->type != b->type || !width)
		return false;
	if (a->protocol && b->protocol && a->protocol != b->protocol)
		return false;
	*out = *a;
	out->protocol = a->protocol ? a->protocol : b->protocol;
	if (b->start_port > out->start_port)
		out->start_port = b->start_port;
	if (b->end_port < out->end_port)
		out->end_port = b->end_port;
	if (memcmp(b->start, out->start, width) > 0)
		memcpy(out->start, b->start, width);
	if (memcmp(b->end, out->end, width) < 0)
		memcpy(out->end, b->end, width);
	return out->start_port <= out->end_port && memcmp(out->start, out->end, width) <= 0;
}

unsigned ike_ts_narrow(const struct ike_ts_list *offered, const struct ike_ts_list *policy,
	struct ike_ts_list *out)
{
	out->count = 0;
	if (MUTANT(ike_widens)) {
		*out = *policy;
		return out->count;
	}
	for (unsigned i = 0; i < offered->count; i++)
		for (unsigned k = 0; k < policy->count && out->count < IKE_TS_MAX; k++)
			if (ike_ts_intersect(&offered->list[i], &policy->list[k],
				    &out->list[out->count]))
				out->count++;
	return out->count;
}

static bool within(const struct ike_ts *a, const struct ike_ts *b)
{
	size_t width = address_size(a->type);

	return a->type == b->type && (!b->protocol || a->protocol == b->protocol) &&
		a->start_port >= b->start_port && a->end_port <= b->end_port &&
		memcmp(a->start, b->start, width) >= 0 && memcmp(a->end, b->end, width) <= 0;
}

bool ike_ts_within(const struct ike_ts_list *inner, const struct ike_ts_list *outer)
{
	for (unsigned i = 0; i < inner->count; i++) {
		bool found = false;
		for (unsigned k = 0; k < outer->count && !found; k++)
			found = within(&inner->list[i], &outer->list[k]);
		if (!found)
			return false;
	}
	return inner->count != 0;
}

const char *ike_ts_text(const struct ike_ts *ts, char *out, size_t size)
{
	char start[INET6_ADDRSTRLEN], end[INET6_ADDRSTRLEN];
	int family = ts->type == IKE_TS_IPV6_ADDR_RANGE ? AF_INET6 : AF_INET;

	inet_ntop(family, ts->start, start, sizeof(start));
	inet_ntop(family, ts->end, end, sizeof(end));
	int used = snprintf(out, size, strcmp(start, end) ? "%s-%s" : "%s", start, end);
	if (ts->protocol && used > 0 && (size_t)used < size)
		used += snprintf(out + used, size - (size_t)used, " proto %u", ts->protocol);
	if ((ts->start_port != 0 || ts->end_port != 65535) && used > 0 && (size_t)used < size)
		snprintf(out + used, size - (size_t)used, " ports %u-%u", ts->start_port,
			ts->end_port);
	return out;
}
