// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "testbed/suite/ladder.h"

#define FIELDS_MAX (WIRE_HEADER_MAX + WIRE_ELEMENTS_MAX)

void ladder_start(struct ladder *l, const struct role *role, struct arena *arena)
{
	*l = (struct ladder){ .role = role, .arena = arena };
	l->list = arena_alloc(arena, LADDER_MAX * sizeof(*l->list));
}

struct collecting {
	struct arena *arena;
	struct report_pair fields[FIELDS_MAX];
	size_t count;
};

static void collect(void *context, const char *name, const char *value)
{
	struct collecting *c = context;

	if (c->count == FIELDS_MAX)
		return;
	c->fields[c->count++] = (struct report_pair){
		arena_copy(c->arena, name, strlen(name)),
		arena_copy(c->arena, value, strlen(value)),
	};
}

struct rung *ladder_add(struct ladder *l, btime at, bool from_sut, unsigned line,
	const struct packet *packet, struct view octets)
{
	if (l->count == LADDER_MAX) {
		l->dropped++;
		return NULL;
	}
	struct rung *r = &l->list[l->count++];
	*r = (struct rung){ .at = at, .from_sut = from_sut, .line = line, .octets = octets };
	if (packet)
		rung_packet(l, r, packet);
	else
		snprintf(r->label, sizeof(r->label), "%zu octets", octets.size);
	return r;
}

void rung_packet(struct ladder *l, struct rung *r, const struct packet *packet)
{
	struct collecting c = { .arena = l->arena };

	if (!r || !packet->message)
		return;
	packet_label(l->role, packet, r->label, sizeof(r->label));
	packet_fields(packet, collect, &c);
	r->fields = arena_alloc(l->arena, c.count * sizeof(*r->fields));
	r->field_count = c.count;
	memcpy(r->fields, c.fields, c.count * sizeof(*r->fields));
}

void rung_note(struct rung *r, const char *format, ...)
{
	va_list ap;
	size_t used = r ? strlen(r->note) : 0;

	if (!r)
		return;
	if (used)
		used += (size_t)snprintf(r->note + used, sizeof(r->note) - used, "; ");
	if (used >= sizeof(r->note))
		return;
	va_start(ap, format);
	vsnprintf(r->note + used, sizeof(r->note) - used, format, ap);
	va_end(ap);
}

const struct report_step *ladder_steps(struct ladder *l, btime start, struct capture *capture,
	size_t *count)
{
	struct report_step *steps = arena_alloc(l->arena, l->count * sizeof(*steps));
	char comment[320];

	for (unsigned i = 0; i < l->count; i++) {
		struct rung *r = &l->list[i];
		snprintf(comment, sizeof(comment), "%s%s%s", r->label, *r->note ? ": " : "",
			r->note);
		steps[i] = (struct report_step){
			.t_s = (double)(r->at - start) / 1e9,
			.from = r->from_sut ? "sut" : "tester",
			.to = r->from_sut ? "tester" : "sut",
			.label = r->label,
			.note = *r->note ? r->note : NULL,
			.line = r->line,
			.packet = capture_find(capture, r->octets, comment),
			.fields = r->fields,
			.n_fields = r->field_count,
		};
	}
	*count = l->count;
	return steps;
}
