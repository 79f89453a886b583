// SPDX-License-Identifier: Apache-2.0
/* The tables read by name: rows looked up, values as text. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "ref/base/wire.h"

const struct element *protocol_element(const struct protocol *p, uint32_t vendor, uint32_t code)
{
	for (const struct element *e = p->elements; e && e->name; e++)
		if (e->vendor == vendor && e->code == code)
			return e;
	return p->dictionary ? protocol_element(p->dictionary, vendor, code) : NULL;
}

const struct element *protocol_element_named(const struct protocol *p, const char *name)
{
	for (const struct element *e = p->elements; e && e->name; e++)
		if (strcasecmp(e->name, name) == 0)
			return e;
	return p->dictionary ? protocol_element_named(p->dictionary, name) : NULL;
}

const struct message *protocol_message_named(const struct protocol *p, const char *name)
{
	for (const struct message *m = p->messages; m->name; m++)
		if (strcasecmp(m->name, name) == 0)
			return m;
	return NULL;
}

int protocol_header_named(const struct protocol *p, const char *name)
{
	for (int i = 0; p->header[i].name; i++)
		if (strcasecmp(p->header[i].name, name) == 0)
			return i;
	return -1;
}

const char *field_value_name(const struct field *field, uint64_t value)
{
	for (const struct name *n = field->names; n && n->name; n++)
		if (n->value == value)
			return n->name;
	return NULL;
}

struct text {
	char *out;
	size_t size, used;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *t, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(t->out + t->used, t->size - t->used, format, ap);
	va_end(ap);
	if (n > 0)
		t->used = t->used + (size_t)n < t->size ? t->used + (size_t)n : t->size - 1;
}

static void put_flags(struct text *t, const struct field *field, uint64_t value)
{
	const char *between = "";
	for (const struct name *n = field->names; n && n->name; n++) {
		if (!(value & n->value))
			continue;
		put(t, "%s%s", between, n->name);
		value &= ~(uint64_t)n->value;
		between = "|";
	}
	if (value || !*between)
		put(t, "%s0x%" PRIx64, between, value);
}

const char *header_text(const struct field *field, uint64_t value, char *out, size_t size)
{
	struct text t = { out, size, 0 };
	const char *name = field_value_name(field, value);

	out[0] = '\0';
	if (field->kind == FIELD_FLAGS)
		put_flags(&t, field, value);
	else if (name && field->kind == FIELD_ENUM)
		put(&t, "%" PRIu64 " (%s)", value, name);
	else
		put(&t, "%" PRIu64, value);
	return out;
}

static void put_octets(struct text *t, struct view v)
{
	for (size_t i = 0; i < v.size; i++)
		put(t, "%02x", v.data[i]);
}

static void put_quoted(struct text *t, struct view v)
{
	put(t, "\"");
	for (size_t i = 0; i < v.size; i++) {
		uint8_t c = v.data[i];
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			put(t, "\\x%02x", c);
		else
			put(t, "%c", c);
	}
	put(t, "\"");
}

const char *field_text(const struct field *field, struct view value, char *out, size_t size)
{
	struct text t = { out, size, 0 };
	struct reader r = reader_of(value);
	char address[INET6_ADDRSTRLEN];

	out[0] = '\0';
	switch (field->kind) {
	case FIELD_UINT:
	case FIELD_ENUM:
	case FIELD_FLAGS:
	case FIELD_RESERVED:
	case FIELD_LENGTH:
		if (value.size > 8)
			put_octets(&t, value);
		else
			header_text(field, read_uint(&r, (unsigned)value.size), out, size);
		break;
	case FIELD_OCTETS:
		put_octets(&t, value);
		break;
	case FIELD_TEXT:
		put_quoted(&t, value);
		break;
	case FIELD_IPV4:
	case FIELD_IPV6:
		if (value.size == (field->kind == FIELD_IPV4 ? 4 : 16))
			put(&t, "%s",
				inet_ntop(value.size == 4 ? AF_INET : AF_INET6, value.data, address,
					sizeof(address)));
		else
			put_octets(&t, value);
		break;
	case FIELD_MAC:
		for (size_t i = 0; i < value.size; i++)
			put(&t, "%s%02x", i ? ":" : "", value.data[i]);
		break;
	}
	return out;
}
