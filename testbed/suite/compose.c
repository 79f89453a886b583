// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "testbed/suite/compose_inside.h"

static bool is_seal(const struct work *w, const struct condition *c)
{
	return w->in->role->seal && c->code == w->in->role->seal && c->vendor == 0 &&
		(c->target == TARGET_HAS || c->target == TARGET_LACKS ||
			(c->target == TARGET_ELEMENT && c->part == PART_VALUE));
}

/* --- conditions before encoding ------------------------------------------------------------- */

static int set_seal(struct work *w, const struct condition *c)
{
	const struct operand *o = &c->operands[0];
	struct value v;

	if (c->target == TARGET_LACKS) {
		w->wants = WANTS_NONE;
	} else if (o->kind == OPERAND_SEAL && o->seal == SEAL_USUAL && c->operand_count) {
		w->wants = WANTS_DEFAULT;
		w->usual = true;
	} else if (c->target == TARGET_HAS || o->kind == OPERAND_SEAL) {
		w->wants = WANTS_SEAL;
		w->seal = c->target == TARGET_HAS ? SEAL_CORRECT : o->seal;
	} else {
		if (!operand_value(w->in->variables, o, &v, w->why, w->why_size))
			return -1;
		w->wants = WANTS_OCTETS;
		w->seal_octets = compose_octets(w, c, &v);
	}
	return 0;
}

static int apply(struct work *w, const struct condition *c)
{
	struct value v = { 0 };
	int i;

	if (is_seal(w, c))
		return set_seal(w, c);
	if (c->operand_count &&
		!operand_value(w->in->variables, &c->operands[0], &v, w->why, w->why_size))
		return -1;
	switch (c->target) {
	case TARGET_HEADER:
		w->packet->header[c->header] = v.number;
		if (c->header == w->protocol->flags_field)
			w->packet->header[c->header] |=
				message_base_flags(w->protocol, w->packet->message);
		return 0;
	case TARGET_ELEMENT:
		return compose_set_part(w, c, &v);
	case TARGET_HAS:
		return compose_find(w, c->vendor, c->code) >= 0 ? 0 :
			compose_set(w, c, compose_standard(w, c));
	case TARGET_LACKS:
		while ((i = compose_find(w, c->vendor, c->code)) >= 0)
			compose_remove(w, (unsigned)i);
		return 0;
	case TARGET_LAST:
		w->last_of_all = true;
		w->last_vendor = c->vendor;
		w->last_code = c->code;
		return 0;
	case TARGET_CUT:
	case TARGET_TRAILING:
	case TARGET_FROM_PORT:
	case TARGET_TO_PORT:
	case TARGET_FROM_ADDRESS:
	case TARGET_TO_ADDRESS:
	case TARGET_SIZE:
		return 0;
	}
	return 0;
}

static int apply_all(struct work *w, const struct pattern *p)
{
	for (size_t i = 0; p && i < p->count; i++)
		if (apply(w, &p->conditions[i]) < 0)
			return -1;
	return 0;
}

static void move_last(struct work *w)
{
	int i = compose_find(w, w->last_vendor, w->last_code);

	if (i < 0)
		return;
	struct element_value e = w->packet->elements[i];
	compose_remove(w, (unsigned)i);
	w->packet->elements[w->packet->element_count++] = e;
}

/* --- encoding and what is changed behind it ------------------------------------------------- */

static size_t header_octets(const struct protocol *p, unsigned fields)
{
	size_t size = 0;
	for (unsigned i = 0; i < fields && p->header[i].name; i++)
		size += p->header[i].width;
	return size;
}

/* Octets of the element's header, and of all of it with padding. */
static size_t element_head(const struct element_format *f, const struct element_value *e)
{
	return f->code_width + f->flags_width + f->length_width + f->reserved_width +
		(f->vendor_flag & e->flags ? 4u : 0u);
}

static size_t element_octets(const struct element_format *f, const struct element_value *e)
{
	size_t size = element_head(f, e) + e->value.size;
	return f->align > 1 ? (size + f->align - 1) / f->align * f->align : size;
}

/* Where element number `index` begins in the datagram. */
static size_t element_at(const struct work *w, unsigned index)
{
	size_t at = header_octets(w->protocol, WIRE_HEADER_MAX);

	for (unsigned i = 0; i < index; i++)
		at += element_octets(&w->protocol->format, &w->packet->elements[i]);
	return at;
}

static int encode(struct work *w, struct composed *out)
{
	struct writer writer = writer_of(out->octets, sizeof(out->octets));

	if (w->in->role->ops->hide)
		w->in->role->ops->hide(w->in->peer, w->packet, compose_arena(w));
	wire_encode(w->packet, &writer);
	out->size = writer.used;
	if (writer.failed) {
		snprintf(w->why, w->why_size, "the message does not fit into a datagram");
		return -1;
	}
	return 0;
}

/* Length fields that lie. */
static int patch_lengths(struct work *w, const struct pattern *p, bool of_headers, bool of_elements,
	struct composed *out)
{
	struct writer writer = writer_of(out->octets, sizeof(out->octets));
	const struct protocol *protocol = w->protocol;
	struct value v;

	writer.used = out->size;
	for (size_t i = 0; p && i < p->count; i++) {
		const struct condition *c = &p->conditions[i];
		bool header = of_headers && c->target == TARGET_HEADER &&
			c->field->kind == FIELD_LENGTH;
		bool element = of_elements && c->target == TARGET_ELEMENT &&
			c->part == PART_LENGTH;
		if (!header && !element)
			continue;
		if (!operand_value(w->in->variables, &c->operands[0], &v, w->why, w->why_size))
			return -1;
		int k = element ? compose_need(w, c) : 0;
		if (k < 0)
			return -1;
		if (header)
			write_uint_at(&writer, header_octets(protocol, c->header), v.number,
				c->field->width);
		else
			write_uint_at(&writer, element_at(w, (unsigned)k) +
				protocol->format.code_width + protocol->format.flags_width,
				v.number, protocol->format.length_width);
	}
	return 0;
}

/* Cut short, or with something behind. */
static int patch_ends(struct work *w, const struct pattern *p, struct composed *out)
{
	struct value v;

	for (size_t i = 0; p && i < p->count; i++) {
		const struct condition *c = &p->conditions[i];
		if (c->target != TARGET_CUT && c->target != TARGET_TRAILING)
			continue;
		if (!operand_value(w->in->variables, &c->operands[0], &v, w->why, w->why_size))
			return -1;
		if (c->target == TARGET_CUT) {
			if (v.number > out->size)
				return compose_refuse(w, c, "the datagram is not that long");
			out->size -= (size_t)v.number;
			continue;
		}
		struct view more = compose_octets(w, c, &v);
		if (more.size > sizeof(out->octets) - out->size)
			return compose_refuse(w, c, "the datagram has no room for that");
		memcpy(out->octets + out->size, more.data, more.size);
		out->size += more.size;
	}
	return 0;
}

/* --- integrity ------------------------------------------------------------------------------ */

/* Adds the element, zeroed. */
static int add_seal(struct work *w)
{
	const struct peer_ops *ops = w->in->role->ops;

	if (!w->in->role->seal)
		return 0;
	size_t size = ops->seal_size(w->in->peer);
	if (w->wants == WANTS_DEFAULT && (!w->in->forge || w->usual) &&
		ops->protects(w->in->peer, w->packet)) {
		w->wants = WANTS_SEAL;
		w->seal = SEAL_CORRECT;
	}
	if (w->wants != WANTS_SEAL && w->wants != WANTS_OCTETS)
		return 0;
	struct view value = w->wants == WANTS_OCTETS ? w->seal_octets :
						       VIEW(arena_alloc(compose_arena(w), size), size);
	if (packet_add(w->packet, 0, w->in->role->seal, value))
		return 0;
	snprintf(w->why, w->why_size, "the packet is full");
	return -1;
}

/* Computes it over the datagram as it now stands, and puts it in its place. */
static int fill_seal(struct work *w, struct composed *out)
{
	const struct peer_ops *ops = w->in->role->ops;
	int i = compose_find(w, 0, w->in->role->seal);
	uint8_t value[64] = { 0 };

	if (w->wants != WANTS_SEAL || i < 0)
		return 0;
	struct element_value *e = &w->packet->elements[i];
	size_t at = element_at(w, (unsigned)i) + element_head(&w->protocol->format, e);
	if (w->seal == SEAL_KEPT)
		memcpy(value, w->kept, sizeof(value));
	else if (!ops->seal(w->in->peer, VIEW(out->octets, out->size), w->seal == SEAL_OLD, value)
		 && w->seal != SEAL_WRONG) {
		snprintf(w->why, w->why_size, "there is no key to protect the message with");
		return -1;
	}
	if (w->seal == SEAL_WRONG)
		value[0] ^= 0x01;
	memcpy(out->octets + at, value, e->value.size);
	return 0;
}

static bool asks_for_kept(const struct work *w, const struct pattern *p)
{
	for (size_t i = 0; p && i < p->count; i++)
		if (is_seal(w, &p->conditions[i]) && p->conditions[i].operand_count &&
			p->conditions[i].operands[0].kind == OPERAND_SEAL &&
			p->conditions[i].operands[0].seal == SEAL_KEPT)
			return true;
	return false;
}

/* The value over the message before anybody changed it. */
static int keep_seal(struct work *w, struct composed *out)
{
	struct packet whole = *w->packet;
	struct packet *changed = w->packet;

	if (!asks_for_kept(w, w->in->pattern) && !asks_for_kept(w, w->in->alter))
		return 0;
	w->packet = &whole;
	w->wants = WANTS_SEAL;
	w->seal = SEAL_CORRECT;
	int result = add_seal(w) < 0 || encode(w, out) < 0 || fill_seal(w, out) < 0 ? -1 : 0;
	int i = compose_find(w, 0, w->in->role->seal);
	if (result == 0)
		memcpy(w->kept, out->octets + element_at(w, (unsigned)i) +
			element_head(&w->protocol->format, &whole.elements[i]),
			w->in->role->ops->seal_size(w->in->peer));
	w->packet = changed;
	w->wants = WANTS_DEFAULT;
	return result;
}

/* What the message says, for who takes note of it, when elements of it were encrypted: those that are
 * in the datagram as they stand there, the others as they were. */
static void keep_plain(struct work *w, const struct packet *plain)
{
	struct packet said = *plain;

	if (plain->element_count == w->packet->element_count)
		return;
	said.element_count = 0;
	for (unsigned i = 0; i < plain->element_count; i++) {
		struct element_value e = plain->elements[i];
		int at = compose_find(w, e.vendor, e.code);
		if (at >= 0)
			e.value = w->packet->elements[at].value;
		else
			e.value.data = (const uint8_t *)arena_copy(compose_arena(w),
				(const char *)e.value.data, e.value.size);
		if (at >= 0 || e.value.size)
			said.elements[said.element_count++] = e;
	}
	*w->packet = said;
}

/* Values of the packet now point to what is really in the datagram. */
static void point_into(struct work *w, struct composed *out)
{
	for (unsigned i = 0; i < w->packet->element_count; i++) {
		struct element_value *e = &w->packet->elements[i];
		size_t at = element_at(w, i) + element_head(&w->protocol->format, e);
		if (at + e->value.size <= out->size)
			e->value.data = out->octets + at;
	}
}

/* --- encryption ----------------------------------------------------------------------------- */

/* What the words about integrity mean where the message is encrypted. */
static struct peer_wrapping wrapping_of(const struct work *w)
{
	const bool said = w->wants == WANTS_SEAL;
	const struct peer_wrapping how = {
		.clear = w->wants == WANTS_NONE ||
			(w->wants == WANTS_DEFAULT && w->in->forge && !w->usual),
		.wrong = said && w->seal == SEAL_WRONG,
		.old = said && w->seal == SEAL_OLD,
	};
	return how;
}

/* The datagrams of a message whose plain form is in `out`. */
static int wrap(struct work *w, struct composed *out)
{
	const struct peer_wrapping how = wrapping_of(w);
	uint8_t *plain = arena_alloc(compose_arena(w), out->size);
	struct writer writer = writer_of(out->octets, sizeof(out->octets));

	memcpy(plain, out->octets, out->size);
	if (w->in->role->ops->wrap(w->in->peer, w->packet, VIEW(plain, out->size), &how, &writer,
		    out->sizes, &out->count) < 0) {
		snprintf(w->why, w->why_size, "there is no key to encrypt the message with, or it "
			"is too large");
		return -1;
	}
	out->size = writer.used;
	return 0;
}

/* As compose, where encryption hides the message. */
static int compose_wrapped(struct work *w, struct composed *out)
{
	const struct pattern *pattern = w->in->pattern, *alter = w->in->alter;

	if (apply_all(w, pattern) < 0 || apply_all(w, alter) < 0)
		return -1;
	if (w->last_of_all)
		move_last(w);
	w->in->role->arrange(w->packet, w->set_before, compose_arena(w));
	if (encode(w, out) < 0 || patch_lengths(w, pattern, false, true, out) < 0 ||
		patch_lengths(w, alter, false, true, out) < 0 || wrap(w, out) < 0 ||
		patch_lengths(w, pattern, true, false, out) < 0 ||
		patch_lengths(w, alter, true, false, out) < 0)
		return -1;
	size_t whole = out->size;
	if (patch_ends(w, pattern, out) < 0 || patch_ends(w, alter, out) < 0)
		return -1;
	out->sizes[out->count - 1] += out->size - whole;
	return 0;
}

int compose(const struct compose_input *in, struct composed *out, char *why, size_t size)
{
	struct work w = { .in = in, .protocol = in->role->protocol, .packet = &out->packet,
		.why = why, .why_size = size };

	out->is_packet = in->pattern->message != NULL;
	out->count = 1;
	if (!out->is_packet) {
		out->size = out->sizes[0] = in->pattern->octets.size;
		memcpy(out->octets, in->pattern->octets.data, out->size);
		return 0;
	}
	in->role->ops->compose(in->peer, in->pattern->message, &out->packet);
	out->packet.message = in->pattern->message;
	if (in->role->ops->wrap)
		return compose_wrapped(&w, out);
	if (keep_seal(&w, out) < 0 || apply_all(&w, in->pattern) < 0 ||
		apply_all(&w, in->alter) < 0 || add_seal(&w) < 0)
		return -1;
	if (w.last_of_all)
		move_last(&w);
	if (in->role->arrange)
		in->role->arrange(w.packet, w.set_before, compose_arena(&w));
	struct packet plain = *w.packet;
	if (encode(&w, out) < 0 || patch_lengths(&w, in->pattern, true, true, out) < 0 ||
		patch_lengths(&w, in->alter, true, true, out) < 0 || fill_seal(&w, out) < 0)
		return -1;
	if (in->role->ops->finish)
		in->role->ops->finish(in->peer, &out->packet, out->octets, out->size);
	point_into(&w, out);
	keep_plain(&w, &plain);
	if (patch_ends(&w, in->pattern, out) < 0 || patch_ends(&w, in->alter, out) < 0)
		return -1;
	out->sizes[0] = out->size;
	return 0;
}
