// SPDX-License-Identifier: Apache-2.0
/* Structures inside payloads; sections without a name are RFC 7296's. */
#include <arpa/inet.h>
#include <stdio.h>

#include "ref/base/mutant.h"
#include "ref/ike/ike_payload.h"

#define S(section) "RFC 7296 §" section

static int bad(struct reject *reject, const struct element_value *e, const char *field,
	const char *section, const struct reader *r)
{
	return reject_set(reject, REJECT_LENGTH, field, section, e->offset + r->offset,
		e->value.size);
}

/* --- SA, §3.3 ----------------------------------------------------------------------------- */

/* §3.3.5: format bit and type, then a value of two octets, or a length and the value. */
static void decode_attribute(struct reader *r, struct ike_transform *t)
{
	unsigned head = read_u16(r);
	unsigned value = read_u16(r);

	if (head == (0x8000 | IKE_ATTRIBUTE_KEY_LENGTH)) {
		t->key_bits = (uint16_t)value;
		return;
	}
	t->strange = true;
	if (!(head & 0x8000))
		read_view(r, value);
}

/* §3.3.2; a substructure's length counts its header. */
static int decode_transform(struct reader *r, const struct element_value *e, bool *more,
	struct ike_transform *t, struct reject *reject)
{
	uint8_t last = read_u8(r);
	read_u8(r);
	size_t length = read_u16(r);
	struct reader body = read_child(r, length < 8 ? SIZE_MAX : length - 4);

	*t = (struct ike_transform){ .type = read_u8(&body) };
	read_u8(&body);
	t->id = read_u16(&body);
	while (reader_left(&body))
		decode_attribute(&body, t);
	*more = last == 3;
	if (r->failed || body.failed)
		return bad(reject, e, "Transform Length", S("3.3.2"), r->failed ? r : &body);
	if (last != 0 && last != 3)
		return reject_set(reject, REJECT_VALUE, "Last Substruc", S("3.3.2"), e->offset,
			last);
	return 0;
}

static int decode_transforms(struct reader *r, const struct element_value *e, unsigned announced,
	struct ike_proposal *p, struct reject *reject)
{
	unsigned found = 0;
	bool more = announced != 0;

	while (more) {
		struct ike_transform t;
		if (decode_transform(r, e, &more, &t, reject) < 0)
			return -1;
		found++;
		if (p->count < IKE_TRANSFORMS_MAX)
			p->transforms[p->count++] = t;
	}
	if (found != announced || reader_left(r))
		return reject_set(reject, REJECT_VALUE, "Num Transforms", S("3.3.1"), e->offset,
			announced);
	return 0;
}

static int decode_proposal(struct reader *r, const struct element_value *e, bool *more,
	struct ike_proposal *p, struct reject *reject)
{
	uint8_t last = read_u8(r);
	read_u8(r);
	size_t length = read_u16(r);
	struct reader body = read_child(r, length < 8 ? SIZE_MAX : length - 4);

	*p = (struct ike_proposal){ .number = read_u8(&body) };
	p->protocol = read_u8(&body);
	p->spi_size = read_u8(&body);
	unsigned transforms = read_u8(&body);
	struct view spi = read_view(&body, p->spi_size);
	*more = last == 2;
	if (r->failed || body.failed)
		return bad(reject, e, "Proposal Length", S("3.3.1"), r->failed ? r : &body);
	if (last != 0 && last != 2)
		return reject_set(reject, REJECT_VALUE, "Last Substruc", S("3.3.1"), e->offset,
			last);
	if (spi.size > IKE_SPI_MAX)
		return reject_set(reject, REJECT_VALUE, "SPI Size", S("3.3.1"), e->offset,
			spi.size);
	if (spi.size)
		memcpy(p->spi, spi.data, spi.size);
	return decode_transforms(&body, e, transforms, p, reject);
}

int ike_decode_sa(const struct element_value *e, struct ike_proposals *out, struct reject *reject)
{
	struct reader r = reader_of(e->value);
	bool more = true;

	out->count = 0;
	while (more) {
		struct ike_proposal p;
		if (decode_proposal(&r, e, &more, &p, reject) < 0)
			return -1;
		if (out->count < IKE_PROPOSALS_MAX)
			out->list[out->count++] = p;
	}
	if (reader_left(&r))
		return bad(reject, e, "Last Substruc", S("3.3.1"), &r);
	return 0;
}

static void encode_transform(const struct ike_transform *t, bool more, struct writer *w)
{
	write_u8(w, more ? 3 : 0);
	write_u8(w, 0);
	write_u16(w, t->key_bits ? 12 : 8);
	write_u8(w, t->type);
	write_u8(w, 0);
	write_u16(w, t->id);
	if (t->key_bits) {
		write_u16(w, 0x8000 | IKE_ATTRIBUTE_KEY_LENGTH);
		write_u16(w, t->key_bits);
	}
}

void ike_encode_sa(const struct ike_proposals *proposals, struct writer *w)
{
	for (unsigned i = 0; i < proposals->count; i++) {
		const struct ike_proposal *p = &proposals->list[i];
		size_t start = w->used;
		write_u8(w, i + 1 < proposals->count ? 2 : 0);
		write_u8(w, 0);
		write_u16(w, 0);
		write_u8(w, p->number);
		write_u8(w, p->protocol);
		write_u8(w, p->spi_size);
		write_u8(w, (uint8_t)p->count);
		write_bytes(w, p->spi, p->spi_size);
		for (unsigned k = 0; k < p->count; k++)
			encode_transform(&p->transforms[k], k + 1 < p->count, w);
		write_uint_at(w, start + 2, w->used - start, 2);
	}
}

bool ike_suite_equal(const struct ike_suite *a, const struct ike_suite *b)
{
	return a->encr == b->encr && a->key_bits == b->key_bits && a->prf == b->prf &&
		a->integ == b->integ && a->dh == b->dh && a->esn == b->esn;
}

static void add_transform(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	p->transforms[p->count++] =
		(struct ike_transform){ .type = type, .id = id, .key_bits = key_bits };
}

struct ike_proposal ike_suite_proposal(const struct ike_suite *suite, uint8_t protocol,
	uint8_t number)
{
	struct ike_proposal p = { .number = number, .protocol = protocol };

	add_transform(&p, IKE_TRANSFORM_ENCR, suite->encr, suite->key_bits);
	if (suite->integ)
		add_transform(&p, IKE_TRANSFORM_INTEG, suite->integ, 0);
	if (suite->prf)
		add_transform(&p, IKE_TRANSFORM_PRF, suite->prf, 0);
	if (suite->dh)
		add_transform(&p, IKE_TRANSFORM_DH, suite->dh, 0);
	if (protocol != IKE_PROTOCOL_IKE)
		add_transform(&p, IKE_TRANSFORM_ESN, suite->esn, 0);
	return p;
}

/* Transforms of one type in a proposal: how many, and whether `t` is among them. */
static unsigned has_type(const struct ike_proposal *p, uint8_t type, const struct ike_transform *t,
	bool *found)
{
	unsigned n = 0;

	*found = false;
	for (unsigned i = 0; i < p->count; i++) {
		const struct ike_transform *have = &p->transforms[i];
		n += have->type == type;
		if (t && have->type == type && have->id == t->id && have->key_bits == t->key_bits)
			*found = true;
	}
	return n;
}

static uint16_t *suite_slot(struct ike_suite *suite, uint8_t type)
{
	switch (type) {
	case IKE_TRANSFORM_ENCR:
		return &suite->encr;
	case IKE_TRANSFORM_PRF:
		return &suite->prf;
	case IKE_TRANSFORM_INTEG:
		return &suite->integ;
	case IKE_TRANSFORM_DH:
		return &suite->dh;
	case IKE_TRANSFORM_ESN:
		return &suite->esn;
	}
	return NULL;
}

/* §3.3.3: a type that one side does not name is NONE; the other must be able to mean it. */
static bool choose_type(const struct ike_proposal *offer, const struct ike_proposal *mine,
	uint8_t type, struct ike_suite *suite)
{
	struct ike_transform none = { .type = type };
	bool mine_has_none, offer_has_none, found;
	unsigned of_mine = has_type(mine, type, &none, &mine_has_none);
	unsigned of_offer = has_type(offer, type, &none, &offer_has_none);

	if (of_offer == 0)
		return of_mine == 0 || mine_has_none;
	for (unsigned i = 0; i < offer->count; i++) {
		const struct ike_transform *t = &offer->transforms[i];
		if (t->type != type || t->strange)
			continue;
		has_type(mine, type, t, &found);
		if (!found && !(of_mine == 0 && t->id == 0))
			continue;
		*suite_slot(suite, type) = t->id;
		if (type == IKE_TRANSFORM_ENCR)
			suite->key_bits = t->key_bits;
		return true;
	}
	return false;
}

static bool choose_one(const struct ike_proposal *offer, const struct ike_proposal *mine,
	bool without_dh, struct ike_suite *suite)
{
	*suite = (struct ike_suite){ 0 };
	/* §3.3.6: a transform type that we do not know spoils the proposal */
	for (unsigned i = 0; i < offer->count; i++)
		if (!ike_transform_names(offer->transforms[i].type))
			return false;
	for (uint8_t type = IKE_TRANSFORM_ENCR; type <= IKE_TRANSFORM_ESN; type++) {
		if (type == IKE_TRANSFORM_DH && without_dh)
			continue;
		if (!choose_type(offer, mine, type, suite))
			return false;
	}
	return true;
}

const struct ike_proposal *ike_choose(const struct ike_proposals *offered,
	const struct ike_proposals *accepted, uint8_t protocol, bool without_dh,
	struct ike_suite *suite)
{
	for (unsigned i = 0; i < offered->count; i++)
		for (unsigned k = 0; k < accepted->count; k++)
			if (offered->list[i].protocol == protocol &&
				accepted->list[k].protocol == protocol &&
				choose_one(&offered->list[i], &accepted->list[k], without_dh,
					suite))
				return &offered->list[i];
	return NULL;
}

bool ike_is_choice(const struct ike_proposal *p)
{
	uint32_t seen = 0;

	for (unsigned i = 0; i < p->count; i++) {
		uint32_t bit = 1u << (p->transforms[i].type & 31);
		if (seen & bit && !MUTANT(ike_two_of_one_type))
			return false;
		seen |= bit;
	}
	return true;
}

/* --- identities, §3.5 --------------------------------------------------------------------- */

int ike_decode_id(const struct element_value *e, struct ike_id *out, struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct ike_id){ .type = read_u8(&r) };
	read_u24(&r);
	struct view data = read_rest(&r);
	if (r.failed || data.size > IKE_ID_MAX)
		return bad(reject, e, "Identification Data", S("3.5"), &r);
	out->size = (uint8_t)data.size;
	if (data.size)
		memcpy(out->data, data.data, data.size);
	return 0;
}

void ike_encode_id(const struct ike_id *id, struct writer *w)
{
	write_u8(w, id->type);
	write_zero(w, 3);
	write_bytes(w, id->data, id->size);
}

bool ike_id_equal(const struct ike_id *a, const struct ike_id *b)
{
	return a->type == b->type && view_equal(VIEW(a->data, a->size), VIEW(b->data, b->size));
}

/* 0x and hexadecimal digits of whole octets. */
static bool key_id_parse(const char *text, struct ike_id *out)
{
	size_t digits = strlen(text) - 2, at = 0;
	unsigned octet;

	if (strncmp(text, "0x", 2) != 0 || !digits || digits % 2 || digits / 2 > IKE_ID_MAX ||
		strspn(text + 2, "0123456789abcdefABCDEF") != digits)
		return false;
	for (; at < digits / 2 && sscanf(text + 2 + 2 * at, "%2x", &octet) == 1; at++)
		out->data[at] = (uint8_t)octet;
	out->size = (uint8_t)at;
	return true;
}

int ike_id_parse(const char *text, struct ike_id *out)
{
	size_t size = strlen(text);

	*out = (struct ike_id){ 0 };
	if (size == 0 || size > IKE_ID_MAX)
		return -1;
	if (inet_pton(AF_INET, text, out->data) == 1) {
		out->type = IKE_ID_IPV4_ADDR;
		out->size = 4;
	} else if (inet_pton(AF_INET6, text, out->data) == 1) {
		out->type = IKE_ID_IPV6_ADDR;
		out->size = 16;
	} else if (key_id_parse(text, out)) {
		out->type = IKE_ID_KEY_ID;
	} else {
		out->type = strchr(text, '@') ? IKE_ID_RFC822_ADDR : IKE_ID_FQDN;
		out->size = (uint8_t)size;
		memcpy(out->data, text, size);
	}
	return 0;
}

const char *ike_id_text(const struct ike_id *id, char *out, size_t size)
{
	size_t used = 0;

	if (id->type == IKE_ID_IPV4_ADDR && id->size == 4 && size >= INET_ADDRSTRLEN)
		return inet_ntop(AF_INET, id->data, out, (socklen_t)size);
	if (id->type == IKE_ID_IPV6_ADDR && id->size == 16 && size >= INET6_ADDRSTRLEN)
		return inet_ntop(AF_INET6, id->data, out, (socklen_t)size);
	if (id->type == IKE_ID_KEY_ID && size > 2) {
		used = (size_t)snprintf(out, size, "0x");
		for (unsigned i = 0; i < id->size && used + 2 < size; i++)
			used += (size_t)snprintf(out + used, size - used, "%02x", id->data[i]);
		return out;
	}
	for (unsigned i = 0; i < id->size && used + 1 < size; i++)
		out[used++] = id->data[i] >= 0x20 && id->data[i] < 0x7f ? (char)id->data[i] : '?';
	if (size)
		out[used] = '\0';
	return out;
}

/* --- notifications, §3.10, and deletions, §3.11 ------------------------------------------- */

int ike_decode_notify(const struct element_value *e, struct ike_notification *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct ike_notification){ .protocol = read_u8(&r) };
	size_t spi_size = read_u8(&r);
	out->type = read_u16(&r);
	out->spi = read_view(&r, spi_size);
	out->data = read_rest(&r);
	return r.failed ? bad(reject, e, "SPI Size", S("3.10"), &r) : 0;
}

bool ike_find_notify(const struct packet *p, uint16_t type, struct ike_notification *out)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, IKE_PAYLOAD_NOTIFY, n)); n++)
		if (ike_decode_notify(e, out, NULL) == 0 && out->type == type)
			return true;
	return false;
}

uint16_t ike_find_error(const struct packet *p, struct ike_notification *out)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, IKE_PAYLOAD_NOTIFY, n)); n++)
		if (ike_decode_notify(e, out, NULL) == 0 && out->type && out->type < IKE_N_STATUS)
			return out->type;
	return 0;
}

int ike_decode_delete(const struct element_value *e, struct ike_deletion *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct ike_deletion){ .protocol = read_u8(&r) };
	out->spi_size = read_u8(&r);
	out->count = read_u16(&r);
	out->spis = read_rest(&r);
	if (r.failed || out->spis.size != (size_t)out->spi_size * out->count)
		return bad(reject, e, "Num of SPIs", S("3.11"), &r);
	return 0;
}

/* --- configuration, §3.15 ----------------------------------------------------------------- */

int ike_decode_cp(const struct element_value *e, struct ike_configuration *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct ike_configuration){ .type = read_u8(&r) };
	read_u24(&r);
	while (reader_left(&r)) {
		uint16_t type = read_u16(&r) & 0x7fff;
		size_t length = read_u16(&r);
		struct view value = read_view(&r, length);
		if (!r.failed && out->count < IKE_ATTRIBUTES_MAX)
			out->list[out->count++] = (struct ike_attribute){ type, value };
	}
	return r.failed ? bad(reject, e, "Attribute Length", S("3.15.1"), &r) : 0;
}

void ike_encode_cp(const struct ike_configuration *cp, struct writer *w)
{
	write_u8(w, cp->type);
	write_zero(w, 3);
	for (unsigned i = 0; i < cp->count; i++) {
		write_u16(w, cp->list[i].type);
		write_u16(w, (uint16_t)cp->list[i].value.size);
		write_view(w, cp->list[i].value);
	}
}
