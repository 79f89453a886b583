// SPDX-License-Identifier: Apache-2.0
/* What conditions do to the elements of a message that is being composed. */
#include "testbed/suite/compose_inside.h"

int compose_refuse(struct work *w, const struct condition *c, const char *what)
{
	snprintf(w->why, w->why_size, "%s: %s", c->word, what);
	return -1;
}

struct arena *compose_arena(const struct work *w)
{
	return w->in->variables->arena;
}

int compose_find(const struct work *w, uint32_t vendor, uint32_t code)
{
	for (unsigned i = 0; i < w->packet->element_count; i++)
		if (w->packet->elements[i].vendor == vendor && w->packet->elements[i].code == code)
			return (int)i;
	return -1;
}

void compose_remove(struct work *w, unsigned i)
{
	unsigned rest = w->packet->element_count - i - 1;

	memmove(&w->packet->elements[i], &w->packet->elements[i + 1],
		rest * sizeof(w->packet->elements[0]));
	memmove(&w->set_before[i], &w->set_before[i + 1], rest * sizeof(w->set_before[0]));
	w->packet->element_count--;
}

struct view compose_octets(struct work *w, const struct condition *c, const struct value *v)
{
	unsigned width = c->field && c->field->width && c->field->width <= 8 ? c->field->width : 4;

	if (v->is_octets)
		return v->octets;
	uint8_t *to = arena_alloc(compose_arena(w), width);
	struct writer writer = writer_of(to, width);
	write_uint(&writer, v->number, width);
	return VIEW(to, width);
}

int compose_set(struct work *w, const struct condition *c, struct view octets)
{
	int i = compose_find(w, c->vendor, c->code);

	if (i >= 0 && !w->set_before[i]) {
		w->packet->elements[i].value = octets;
		w->set_before[i] = true;
		return 0;
	}
	if (!packet_add(w->packet, c->vendor, c->code, octets))
		return compose_refuse(w, c, "the packet is full");
	w->set_before[w->packet->element_count - 1] = true;
	return 0;
}

struct view compose_standard(struct work *w, const struct condition *c)
{
	if (w->in->role->standard && c->element)
		return w->in->role->standard(c->vendor, c->code, compose_arena(w));
	const struct field *f = c->element ? &c->element->value[0] : NULL;
	size_t size = f && f->width ? f->width : 16;
	uint8_t *to = arena_alloc(compose_arena(w), size);

	if (!f || f->kind == FIELD_OCTETS || f->kind == FIELD_TEXT)
		random_fill(w->in->variables->random, to, size);
	return VIEW(to, size);
}

int compose_need(struct work *w, const struct condition *c)
{
	int i = compose_find(w, c->vendor, c->code);
	return i >= 0 ? i : compose_refuse(w, c, "the message to be sent has no such element");
}

static int resize_element(struct work *w, const struct condition *c, uint64_t size)
{
	int i = compose_find(w, c->vendor, c->code);
	struct view old = i >= 0 ? w->packet->elements[i].value : VIEW_EMPTY;

	if (size > DATAGRAM_MAX)
		return compose_refuse(w, c, "larger than a datagram");
	uint8_t *to = arena_alloc(compose_arena(w), (size_t)size);
	random_fill(w->in->variables->random, to, (size_t)size);
	if (old.size)
		memcpy(to, old.data, old.size < size ? old.size : (size_t)size);
	return compose_set(w, c, VIEW(to, size));
}

/* Octets in place of a field; those of the last field may be as many as they like. */
static int replace_octets(struct work *w, const struct condition *c, size_t at, size_t width,
	struct view octets)
{
	struct element_value *e = &w->packet->elements[compose_find(w, c->vendor, c->code)];

	if (!width && at <= e->value.size)
		width = e->value.size - at;
	if (at + width > e->value.size)
		return compose_refuse(w, c, "the element to be sent is too short for that part");
	size_t behind = e->value.size - at - width, size = at + octets.size + behind;
	struct writer writer = writer_of(arena_alloc(compose_arena(w), size), size);
	write_bytes(&writer, e->value.data, at);
	write_view(&writer, octets);
	write_bytes(&writer, e->value.data + at + width, behind);
	e->value = writer_view(&writer);
	return 0;
}

/* Overwrites a part of the element's value. */
static int patch_element(struct work *w, const struct condition *c, size_t at, unsigned width,
	const struct value *v)
{
	const uint64_t number = v->number;
	int i = compose_find(w, c->vendor, c->code);

	if (i < 0 && w->in->role->standard)
		compose_set(w, c, compose_standard(w, c));
	i = compose_need(w, c);
	if (i < 0)
		return -1;
	w->set_before[i] = true;
	if (v->is_octets)
		return replace_octets(w, c, at, width, v->octets);
	if (!width)
		return compose_refuse(w, c, "octets are needed there, such as hex:00 or random:8");
	struct view old = w->packet->elements[i].value;
	if (width > 8 || at + width > old.size)
		return compose_refuse(w, c, "the element to be sent is too short for that part");
	uint8_t *to = arena_alloc(compose_arena(w), old.size);
	memcpy(to, old.data, old.size);
	struct writer writer = writer_of(to, old.size);
	writer.used = old.size;
	write_uint_at(&writer, at, number, width);
	w->packet->elements[i].value = VIEW(to, old.size);
	return 0;
}

int compose_set_part(struct work *w, const struct condition *c, const struct value *v)
{
	const struct protocol *inner = role_inner_protocol(w->in->role, c->element);
	size_t at = 0;
	int i;

	switch (c->part) {
	case PART_VALUE:
		return compose_set(w, c, compose_octets(w, c, v));
	case PART_SIZE:
		return resize_element(w, c, v->number);
	case PART_COUNT:
		return compose_refuse(w, c, "a count cannot be set; write the element as often as wanted");
	case PART_LENGTH: /* after encoding */
		return compose_need(w, c) < 0 ? -1 : 0;
	case PART_FLAGS:
		i = compose_need(w, c);
		if (i >= 0)
			w->packet->elements[i].flags = (uint32_t)v->number;
		return i < 0 ? -1 : 0;
	case PART_FIELD:
		for (unsigned k = 0; k < c->index; k++)
			at += c->element->value[k].width;
		return patch_element(w, c, at, c->field->width, v);
	case PART_INNER:
		for (unsigned k = 0; k < c->index; k++)
			at += inner->header[k].width;
		return patch_element(w, c, at, c->field->width, v);
	}
	return 0;
}
