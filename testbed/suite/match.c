// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <inttypes.h>

#include "testbed/suite/match.h"

static const char *const comparison_words[] = { "", "not ", "less than ", "at most ",
	"greater than ", "at least " };

void differ(struct differences *d, const char *field, const char *expected, const char *received)
{
	if (d->count == DIFFERENCES_MAX)
		return;
	struct difference *x = &d->list[d->count++];
	snprintf(x->field, sizeof(x->field), "%s", field);
	snprintf(x->expected, sizeof(x->expected), "%s", expected);
	snprintf(x->received, sizeof(x->received), "%s", received);
}

/* 0 where the protocol has none. */
static uint64_t flags_of(const struct packet *packet)
{
	unsigned field = packet->protocol->flags_field;
	return field < WIRE_HEADER_MAX ? packet->header[field] : 0;
}

void heard_decode(const struct role *role, struct view octets, struct heard *out)
{
	const struct protocol *p = role->protocol;

	memset(out, 0, sizeof(*out));
	out->octets = octets;
	if (role->decode) {
		out->decoded = role->decode(octets, &out->packet, &out->reject) == 0;
		return;
	}
	out->decoded = wire_decode(p, octets, &out->packet, &out->reject) == 0;
	out->packet.message = message_like(p, out->packet.header[p->type_field],
		flags_of(&out->packet));
}

/* --- text ----------------------------------------------------------------------------------- */

/* Flags beyond those that the message's name means, as letters. */
static const char *flags_text(const struct role *role, const struct packet *packet, char *out,
	size_t size)
{
	const struct protocol *p = role->protocol;
	const struct field *field = &p->header[p->flags_field < WIRE_HEADER_MAX ? p->flags_field : 0];
	uint64_t flags = flags_of(packet);
	size_t used = 0;

	*out = '\0';
	if (packet->message)
		flags &= ~(uint64_t)message_base_flags(p, packet->message);
	for (const struct name *n = field->names; n && n->name && used < size; n++) {
		if (flags & n->value)
			used += (size_t)snprintf(out + used, size - used, "%s", n->name);
		flags &= ~(uint64_t)n->value;
	}
	if (flags && used < size)
		snprintf(out + used, size - used, "%s0x%" PRIx64, used ? "+" : "", flags);
	return *out ? out : "none";
}

/* The elements that the role wants in a label. */
static void add_shown(const struct role *role, const struct packet *packet, char *out, size_t size)
{
	for (const uint32_t *code = role->shown; code && *code; code++) {
		const struct element_value *e = packet_find(packet, 0, *code);
		size_t used = strlen(out);
		char text[80];
		if (!e || used >= size)
			continue;
		field_text(&e->element->value[0], e->value, text, sizeof(text));
		snprintf(out + used, size - used, " %s=%s", e->element->name, text);
	}
}

/* The number of the message and what is in it, in short. */
static void add_elements(const struct packet *packet, char *out, size_t size)
{
	int id = protocol_header_named(packet->protocol, "Message ID");
	size_t used = strlen(out);

	if (id >= 0 && used < size)
		snprintf(out + used, size - used, " id=%" PRIu64, packet->header[id]);
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element *row = packet->elements[i].element;
		used = strlen(out);
		if (used < size && packet->elements[i].vendor <= UINT16_MAX)
			snprintf(out + used, size - used, " %s", row ? row->name : "?");
	}
}

const char *packet_label(const struct role *role, const struct packet *packet, char *out,
	size_t size)
{
	const struct protocol *p = role->protocol;
	int sequence = protocol_header_named(p, "Sequence Number");
	char flags[40];
	const char *text = flags_text(role, packet, flags, sizeof(flags));
	bool plain = strcmp(text, "none") == 0;
	int n = snprintf(out, size, "%s%s%s%s", packet->message ? packet->message->name : "?",
		plain ? "" : " [", plain ? "" : text, plain ? "" : "]");

	if (sequence >= 0 && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " seq=%" PRIu64, packet->header[sequence]);
	else
		add_shown(role, packet, out, size);
	if (role->lists_elements)
		add_elements(packet, out, size);
	return out;
}

static void element_text(const struct element_value *e, char *out, size_t size)
{
	static const struct field opaque = { .name = "Value", .kind = FIELD_OCTETS };
	const struct element *row = e->element;
	bool single = row && row->value[0].name && !row->value[1].name;

	field_text(single ? &row->value[0] : &opaque, e->value, out, size);
}

void packet_fields(const struct packet *packet,
	void (*each)(void *context, const char *name, const char *value), void *context)
{
	char text[600], name[64];

	for (unsigned i = 0; packet->protocol->header[i].name; i++) {
		const struct field *f = &packet->protocol->header[i];
		if (f->kind == FIELD_RESERVED && !packet->header[i])
			continue;
		each(context, f->name, header_text(f, packet->header[i], text, sizeof(text)));
	}
	for (unsigned i = 0; i < packet->element_count; i++) {
		const struct element_value *e = &packet->elements[i];
		element_text(e, text, sizeof(text));
		snprintf(name, sizeof(name), "AVP %u", e->code);
		each(context, e->element ? e->element->name : name, text);
	}
}

/* What a condition wants, in words; numbers with their names. */
static void expected_text(const struct condition *c, const struct variables *variables, char *out,
	size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", comparison_words[c->comparison]);
	char why[160], text[200];
	struct value v;

	for (unsigned i = 0; i < c->operand_count && used < size; i++) {
		const struct operand *o = &c->operands[i];
		uint64_t high = 0;
		if (!operand_value(variables, o, &v, why, sizeof(why)))
			snprintf(text, sizeof(text), "(%s)", why);
		else if (c->field && !v.is_octets && !o->range &&
			(c->field->kind == FIELD_ENUM || c->field->kind == FIELD_FLAGS))
			header_text(c->field, v.number, text, sizeof(text));
		else
			value_text(&v, text, sizeof(text));
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? " or " : "", text);
		if (o->range && used < size &&
			sum_value(variables, &o->high, &high, why, sizeof(why)))
			used += (size_t)snprintf(out + used, size - used, " to %" PRIu64, high);
	}
}

/* --- what a condition looks at -------------------------------------------------------------- */

static unsigned count_of(const struct packet *p, uint32_t vendor, uint32_t code)
{
	unsigned n = 0;
	while (packet_find_nth(p, vendor, code, n))
		n++;
	return n;
}

static struct value number(uint64_t n)
{
	return (struct value){ .number = n };
}

static bool numeric(const struct field *f)
{
	return f && (f->kind == FIELD_UINT || f->kind == FIELD_ENUM || f->kind == FIELD_FLAGS) &&
		f->width;
}

static uint64_t read_at(struct view v, size_t at, unsigned width)
{
	struct reader r = reader_of(v);
	read_view(&r, at);
	return read_uint(&r, width);
}

/* The part of the element that the condition names; false: there is no such element, or it is too
 * short for that part. */
static bool part_value(const struct role *role, const struct condition *c,
	const struct element_value *e, struct value *out)
{
	const struct protocol *inner = role_inner_protocol(role, c->element);
	const struct field *before = inner ? inner->header : NULL;
	size_t at = 0;

	switch (c->part) {
	case PART_VALUE:
		if (numeric(c->field) && e->value.size == c->field->width)
			*out = number(read_at(e->value, 0, c->field->width));
		else
			*out = (struct value){ .is_octets = true, .octets = e->value };
		return true;
	case PART_SIZE:
	case PART_LENGTH:
		*out = number(e->value.size);
		return true;
	case PART_FLAGS:
		*out = number(e->flags);
		return true;
	case PART_FIELD:
		before = c->element->value;
		break;
	case PART_INNER:
	case PART_COUNT:
		break;
	}
	for (unsigned k = 0; before && k < c->index; k++)
		at += before[k].width;
	size_t width = c->field->width ? c->field->width : e->value.size - at;
	if (at > e->value.size || width > e->value.size - at)
		return false;
	*out = width <= 8 && c->field->width ? number(read_at(e->value, at, (unsigned)width)) :
			    (struct value){ .is_octets = true,
				    .octets = VIEW(e->value.data + at, width) };
	return true;
}

static uint64_t header_value(const struct role *role, const struct heard *heard, unsigned index)
{
	uint64_t value = heard->packet.header[index];

	if (index == role->protocol->flags_field && heard->packet.message)
		value &= ~(uint64_t)message_base_flags(role->protocol, heard->packet.message);
	return value;
}

/* The value that the condition is about; false with a word for the report when there is none. */
static bool value_of(const struct role *role, const struct condition *c, const struct heard *heard,
	struct value *out, const char **absent)
{
	const struct element_value *e = packet_find(&heard->packet, c->vendor, c->code);

	*absent = "not there";
	switch (c->target) {
	case TARGET_HEADER:
		*out = number(header_value(role, heard, c->header));
		return true;
	case TARGET_ELEMENT:
		if (c->part == PART_COUNT) {
			*out = number(count_of(&heard->packet, c->vendor, c->code));
			return true;
		}
		return e && part_value(role, c, e, out);
	case TARGET_FROM_PORT:
		*out = number(heard->from_port);
		return true;
	case TARGET_TO_PORT:
		*out = number(heard->to_port);
		return true;
	case TARGET_FROM_ADDRESS:
		*out = number(heard->from_second ? 2 : 1);
		return true;
	case TARGET_TO_ADDRESS:
		*out = number(heard->to_second ? 2 : 1);
		return true;
	case TARGET_SIZE:
		*out = number(heard->octets.size);
		return true;
	case TARGET_HAS:
	case TARGET_LACKS:
	case TARGET_LAST:
	case TARGET_CUT:
	case TARGET_TRAILING:
		break;
	}
	return false;
}

/* --- judging -------------------------------------------------------------------------------- */

static bool operand_fits(const struct condition *c, const struct operand *o,
	const struct value *value, const struct variables *variables)
{
	unsigned width = c->field ? c->field->width : 0;
	char why[160];
	struct value low;
	uint64_t high;

	if (!operand_value(variables, o, &low, why, sizeof(why)))
		return false;
	if (!o->range)
		return values_compare(value, c->comparison, &low, width);
	if (!sum_value(variables, &o->high, &high, why, sizeof(why)))
		return false;
	struct value top = number(high);
	bool inside = values_compare(value, AT_LEAST, &low, width) &&
		values_compare(value, AT_MOST, &top, width);
	return c->comparison == IS_NOT ? !inside : inside;
}

/* Any of the alternatives for =, all of them for !=. */
static bool operands_fit(const struct condition *c, const struct value *value,
	const struct variables *variables)
{
	for (unsigned i = 0; i < c->operand_count; i++) {
		bool fits = operand_fits(c, &c->operands[i], value, variables);
		if (fits != (c->comparison == IS_NOT))
			return fits;
	}
	return c->comparison == IS_NOT;
}

static void show_value(const struct condition *c, const struct value *value, char *out, size_t size)
{
	if (c->field && !value->is_octets &&
		(c->field->kind == FIELD_ENUM || c->field->kind == FIELD_FLAGS))
		header_text(c->field, value->number, out, size);
	else
		value_text(value, out, size);
}

static bool presence_fits(const struct condition *c, const struct heard *heard,
	struct differences *d)
{
	const struct packet *p = &heard->packet;
	const struct element_value *last = p->element_count ? &p->elements[p->element_count - 1] :
							      NULL;
	bool there = packet_find(p, c->vendor, c->code) != NULL;

	if (c->target == TARGET_LAST) {
		if (last && last->code == c->code && last->vendor == c->vendor)
			return true;
		differ(d, c->word, "the last element", there ? "not the last" : "not there");
		return false;
	}
	if (there == (c->target == TARGET_HAS))
		return true;
	differ(d, c->word, there ? "absent" : "present", there ? "present" : "absent");
	return false;
}

static bool condition_fits(const struct role *role, const struct condition *c,
	const struct heard *heard, const struct variables *variables, struct differences *d)
{
	char expected[160], received[200];
	const char *absent;
	struct value value;

	if (c->target == TARGET_HAS || c->target == TARGET_LACKS || c->target == TARGET_LAST)
		return presence_fits(c, heard, d);
	bool there = value_of(role, c, heard, &value, &absent);
	if (there && c->comparison == IS && c->operand_count == 1 &&
		operand_unbound(variables, &c->operands[0]))
		return true;
	if (there && operands_fit(c, &value, variables))
		return true;
	expected_text(c, variables, expected, sizeof(expected));
	if (there)
		show_value(c, &value, received, sizeof(received));
	differ(d, c->word, expected, there ? received : absent);
	return false;
}

static void bind_all(const struct role *role, const struct pattern *pattern,
	const struct heard *heard, struct variables *variables)
{
	for (size_t i = 0; i < pattern->count; i++) {
		const struct condition *c = &pattern->conditions[i];
		const char *absent;
		struct value value;
		if (c->operand_count != 1 || c->comparison != IS ||
			!value_of(role, c, heard, &value, &absent))
			continue;
		const char *name = operand_unbound(variables, &c->operands[0]);
		if (name)
			variable_set(variables, name, value);
	}
}

static bool is_about_seal(const struct role *role, const struct condition *c)
{
	return c->target == TARGET_ELEMENT && c->operand_count &&
		c->operands[0].kind == OPERAND_SEAL && c->code == role->seal;
}

static bool right_message(const struct role *role, const struct pattern *pattern,
	const struct heard *heard, struct differences *d)
{
	char label[80], text[200];

	if (!pattern->message || (heard->packet.message &&
			strcmp(pattern->message->name, heard->packet.message->name) == 0))
		return true;
	if (heard->packet.message)
		snprintf(text, sizeof(text), "%s",
			packet_label(role, &heard->packet, label, sizeof(label)));
	else
		snprintf(text, sizeof(text), "%zu octets that are no message of %s",
			heard->octets.size, role->protocol->name);
	differ(d, "message", pattern->message->name, text);
	return false;
}

bool heard_matches(const struct role *role, const struct pattern *pattern,
	const struct heard *heard, struct variables *variables, struct differences *d)
{
	unsigned before = d->count;
	char text[200];

	if (!right_message(role, pattern, heard, d))
		return false;
	for (size_t i = 0; i < pattern->count; i++)
		if (!is_about_seal(role, &pattern->conditions[i]))
			condition_fits(role, &pattern->conditions[i], heard, variables, d);
	if (!heard->decoded)
		differ(d, "form", "as the tables of the specification say",
			reject_text(&heard->reject, text, sizeof(text)));
	if (d->count > before)
		return false;
	bind_all(role, pattern, heard, variables);
	return true;
}

bool heard_seal_fits(const struct role *role, const struct pattern *pattern,
	enum seal_state state, struct differences *d)
{
	static const char *const words[] = { "no key that could have made one", "verifies",
		"does not verify", "not there" };
	bool want_valid = true, said = false;

	for (size_t i = 0; i < pattern->count; i++) {
		const struct condition *c = &pattern->conditions[i];
		if (is_about_seal(role, c)) {
			want_valid = c->operands[0].seal == SEAL_VALID;
			said = true;
		}
		if (c->code == role->seal && c->target == TARGET_LACKS)
			return true;
	}
	if (state == SEAL_STATE_VALID ? want_valid : (state == SEAL_STATE_INVALID && !want_valid))
		return true;
	if (state == SEAL_STATE_NONE && !said)
		return true;
	const struct element *seal = protocol_element(role->protocol, 0, role->seal);
	differ(d, seal->name, want_valid ? "present, and verifies" : "present, and does not verify",
		words[state]);
	return false;
}
