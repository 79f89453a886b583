// SPDX-License-Identifier: Apache-2.0
/* Structures inside payloads; sections without a name are RFC 2408's. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_payload.h"

#define S(section) "RFC 2408 §" section
#define DOI(section) "RFC 2407 §" section

static int bad(struct reject *reject, const struct element_value *e, const char *field,
	const char *section, const struct reader *r)
{
	return reject_set(reject, REJECT_LENGTH, field, section, e->offset + 4 + r->offset,
		e->value.size);
}

/* --- SA: proposals, §3.5, and transforms, §3.6 ---------------------------------------------- */

/* §3.3: with the first bit a value of two octets, else a length and the value. */
static void decode_attribute(struct reader *r, struct isakmp_offer *o)
{
	unsigned head = read_u16(r), second = read_u16(r);
	struct isakmp_attribute a = { .type = head & 0x7fff, .value = second };

	if (!(head & 0x8000)) {
		struct view octets = read_view(r, second);
		struct reader value = reader_of(octets);
		o->strange = o->strange || octets.size > 8 || octets.size == 0;
		a.width = (uint8_t)(octets.size > 8 ? 8 : octets.size);
		a.value = read_uint(&value, a.width);
	}
	if (o->count == ISAKMP_ATTRIBUTES_MAX)
		o->strange = true;
	else
		o->attributes[o->count++] = a;
}

/* The head of a payload inside another one: its code has been told by the one before. */
static struct reader open_inner(struct reader *r, uint8_t *next)
{
	*next = read_u8(r);
	read_u8(r);
	size_t length = read_u16(r);
	return read_child(r, length < 8 ? SIZE_MAX : length - 4);
}

static int decode_transform(struct reader *r, const struct element_value *e, uint8_t *next,
	struct isakmp_offer *o, struct reject *reject)
{
	struct reader body = open_inner(r, next);

	o->count = 0;
	o->strange = false;
	o->transform = read_u8(&body);
	o->id = read_u8(&body);
	read_u16(&body);
	while (reader_left(&body))
		decode_attribute(&body, o);
	if (r->failed || body.failed)
		return bad(reject, e, "Transform", S("3.6"), r->failed ? r : &body);
	if (*next != 0 && *next != ISAKMP_PAYLOAD_TRANSFORM)
		return reject_set(reject, REJECT_VALUE, "Next Payload", S("3.6"), e->offset, *next);
	return 0;
}

/* §4.2: proposals with one number go together. */
static void mark_combined(struct isakmp_offers *out, unsigned from, uint8_t number)
{
	for (unsigned i = 0; i < from; i++)
		if (out->list[i].proposal == number) {
			out->list[i].combined = true;
			for (unsigned k = from; k < out->count; k++)
				out->list[k].combined = true;
		}
}

static int decode_proposal(struct reader *r, const struct element_value *e, uint8_t *next,
	struct isakmp_offers *out, struct reject *reject)
{
	struct reader body = open_inner(r, next);
	struct isakmp_offer o = { .proposal = read_u8(&body) };
	unsigned before = out->count, found = 0;
	uint8_t more = ISAKMP_PAYLOAD_TRANSFORM;

	o.protocol = read_u8(&body);
	o.spi_size = read_u8(&body);
	unsigned announced = read_u8(&body);
	struct view spi = read_view(&body, o.spi_size);
	if (r->failed || body.failed)
		return bad(reject, e, "Proposal", S("3.5"), r->failed ? r : &body);
	if (*next != 0 && *next != ISAKMP_PAYLOAD_PROPOSAL)
		return reject_set(reject, REJECT_VALUE, "Next Payload", S("3.5"), e->offset, *next);
	if (spi.size > ISAKMP_SPI_MAX)
		return reject_set(reject, REJECT_VALUE, "SPI Size", S("3.5"), e->offset, spi.size);
	if (spi.size)
		memcpy(o.spi, spi.data, spi.size);
	for (; more && announced; found++) {
		if (decode_transform(&body, e, &more, &o, reject) < 0)
			return -1;
		if (out->count < ISAKMP_OFFERS_MAX)
			out->list[out->count++] = o;
	}
	if (found != announced || reader_left(&body))
		return reject_set(reject, REJECT_VALUE, "# of Transforms", S("3.5"), e->offset,
			announced);
	mark_combined(out, before, o.proposal);
	return 0;
}

int isakmp_decode_sa(const struct element_value *e, struct isakmp_offers *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);
	uint8_t next = ISAKMP_PAYLOAD_PROPOSAL;

	out->count = 0;
	uint32_t doi = read_u32(&r), situation = read_u32(&r);
	if (!r.failed && doi != ISAKMP_DOI_IPSEC && !MUTANT(isakmp_any_domain))
		return reject_set(reject, REJECT_VALUE, "DOI", S("3.4"), e->offset + 4, doi);
	/* RFC 2407 §4.2.1: other situations have labels that this node has no policy for */
	if (!r.failed && situation != ISAKMP_SIT_IDENTITY_ONLY)
		return reject_set(reject, REJECT_VALUE, "Situation", DOI("4.2.1"), e->offset + 8,
			situation);
	while (next)
		if (decode_proposal(&r, e, &next, out, reject) < 0)
			return -1;
	if (reader_left(&r))
		return bad(reject, e, "Proposals", S("3.4"), &r);
	return 0;
}

static void encode_transform(const struct isakmp_offer *o, bool more, struct writer *w)
{
	size_t start = w->used;

	write_u8(w, more ? ISAKMP_PAYLOAD_TRANSFORM : 0);
	write_u8(w, 0);
	write_u16(w, 0);
	write_u8(w, o->transform);
	write_u8(w, o->id);
	write_u16(w, 0);
	for (unsigned i = 0; i < o->count; i++) {
		const struct isakmp_attribute *a = &o->attributes[i];
		write_u16(w, (uint16_t)((a->width ? 0 : 0x8000) | a->type));
		write_u16(w, a->width ? a->width : (uint16_t)a->value);
		write_uint(w, a->value, a->width);
	}
	write_uint_at(w, start + 2, w->used - start, 2);
}

/* Offers of one proposal from `i` on. */
static unsigned together(const struct isakmp_offers *offers, unsigned i)
{
	unsigned n = 1;

	while (i + n < offers->count && offers->list[i + n].proposal == offers->list[i].proposal &&
		offers->list[i + n].protocol == offers->list[i].protocol)
		n++;
	return n;
}

void isakmp_encode_sa(const struct isakmp_offers *offers, struct writer *w)
{
	write_u32(w, ISAKMP_DOI_IPSEC);
	write_u32(w, ISAKMP_SIT_IDENTITY_ONLY);
	for (unsigned i = 0, n; i < offers->count; i += n) {
		const struct isakmp_offer *o = &offers->list[i];
		size_t start = w->used;
		n = together(offers, i);
		write_u8(w, i + n < offers->count ? ISAKMP_PAYLOAD_PROPOSAL : 0);
		write_u8(w, 0);
		write_u16(w, 0);
		write_u8(w, o->proposal);
		write_u8(w, o->protocol);
		write_u8(w, o->spi_size);
		write_u8(w, (uint8_t)n);
		write_bytes(w, o->spi, o->spi_size);
		for (unsigned k = 0; k < n; k++)
			encode_transform(&offers->list[i + k], k + 1 < n, w);
		write_uint_at(w, start + 2, w->used - start, 2);
	}
}

/* --- identities, RFC 2407 §4.6.2 ------------------------------------------------------------ */

int isakmp_decode_id(const struct element_value *e, struct isakmp_id *out, struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct isakmp_id){ .type = read_u8(&r) };
	out->protocol = read_u8(&r);
	out->port = read_u16(&r);
	out->data = read_rest(&r);
	return r.failed ? bad(reject, e, "Identification Data", DOI("4.6.2"), &r) : 0;
}

int isakmp_read_identity(const struct element_value *e, struct ike_id *out, struct reject *reject)
{
	struct isakmp_id id;

	*out = (struct ike_id){ 0 };
	if (isakmp_decode_id(e, &id, reject) < 0)
		return -1;
	/* §4.6.2: zero and zero, or UDP and the port of ISAKMP, whichever that is behind a NAT */
	if (id.protocol != 0 && id.protocol != 17)
		return reject_set(reject, REJECT_VALUE, "Protocol ID", DOI("4.6.2"), e->offset + 5,
			id.protocol);
	if (!id.type || id.data.size > IKE_ID_MAX)
		return reject_set(reject, REJECT_LENGTH, "Identification Data", DOI("4.6.2"),
			e->offset + 8, id.data.size);
	out->type = id.type;
	out->size = (uint8_t)id.data.size;
	if (id.data.size)
		memcpy(out->data, id.data.data, id.data.size);
	return 0;
}

void isakmp_encode_identity(const struct ike_id *id, struct writer *w)
{
	write_u8(w, id->type);
	write_zero(w, 3);
	write_bytes(w, id->data, id->size);
}

static size_t width_of(uint8_t type)
{
	return type == IKE_TS_IPV6_ADDR_RANGE ? 16 : 4;
}

/* The last address of the network that `mask` makes; false: the mask has gaps. */
static bool end_of_network(const uint8_t *mask, size_t width, struct ike_ts *ts)
{
	bool zeros = false;

	for (size_t bit = 0; bit < 8 * width; bit++) {
		bool set = mask[bit / 8] & 0x80 >> bit % 8;
		if (set && zeros)
			return false;
		zeros = zeros || !set;
	}
	for (size_t i = 0; i < width; i++) {
		ts->start[i] &= mask[i];
		ts->end[i] = (uint8_t)(ts->start[i] | (uint8_t)~mask[i]);
	}
	return true;
}

int isakmp_read_selector(const struct element_value *e, struct ike_ts *out, struct reject *reject)
{
	struct isakmp_id id;

	*out = (struct ike_ts){ .end_port = 65535 };
	if (isakmp_decode_id(e, &id, reject) < 0)
		return -1;
	bool v6 = id.type == ISAKMP_ID_IPV6_ADDR || id.type == ISAKMP_ID_IPV6_ADDR_SUBNET ||
		id.type == ISAKMP_ID_IPV6_ADDR_RANGE;
	bool single = id.type == ISAKMP_ID_IPV4_ADDR || id.type == ISAKMP_ID_IPV6_ADDR;
	bool subnet = id.type == ISAKMP_ID_IPV4_ADDR_SUBNET || id.type == ISAKMP_ID_IPV6_ADDR_SUBNET;
	bool range = id.type == ISAKMP_ID_IPV4_ADDR_RANGE || id.type == ISAKMP_ID_IPV6_ADDR_RANGE;
	struct reader r = reader_of(id.data);

	if (!single && !subnet && !range)
		return reject_set(reject, REJECT_VALUE, "ID Type", DOI("4.6.2.1"), e->offset + 4,
			id.type);
	out->type = v6 ? IKE_TS_IPV6_ADDR_RANGE : IKE_TS_IPV4_ADDR_RANGE;
	out->protocol = id.protocol;
	if (id.port)
		out->start_port = out->end_port = id.port;
	size_t width = width_of(out->type);
	read_bytes(&r, out->start, width);
	struct view second = read_view(&r, single ? 0 : width);
	if (r.failed || reader_left(&r))
		return bad(reject, e, "Identification Data", DOI("4.6.2.1"), &r);
	memcpy(out->end, single ? out->start : second.data, width);
	if ((subnet && !end_of_network(second.data, width, out)) ||
		memcmp(out->start, out->end, width) > 0)
		return reject_set(reject, REJECT_VALUE, "Identification Data", DOI("4.6.2.1"),
			e->offset + 8, id.type);
	return 0;
}

/* The mask of a range that is a network; false: it is none. */
static bool network_of(const struct ike_ts *ts, size_t width, uint8_t *mask)
{
	size_t bits = 0;

	while (bits < 8 * width && !((ts->start[bits / 8] ^ ts->end[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	memset(mask, 0, width);
	for (size_t i = 0; i < 8 * width; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);
		if (i < bits)
			mask[i / 8] |= bit;
		else if (ts->start[i / 8] & bit || !(ts->end[i / 8] & bit))
			return false;
	}
	return true;
}

void isakmp_encode_selector(const struct ike_ts *ts, struct writer *w)
{
	size_t width = width_of(ts->type);
	bool v6 = width == 16, single = memcmp(ts->start, ts->end, width) == 0;
	uint8_t mask[16];
	bool network = network_of(ts, width, mask);
	uint8_t type = v6 ? ISAKMP_ID_IPV6_ADDR_RANGE : ISAKMP_ID_IPV4_ADDR_RANGE;

	if (single)
		type = v6 ? ISAKMP_ID_IPV6_ADDR : ISAKMP_ID_IPV4_ADDR;
	else if (network)
		type = v6 ? ISAKMP_ID_IPV6_ADDR_SUBNET : ISAKMP_ID_IPV4_ADDR_SUBNET;
	write_u8(w, type);
	write_u8(w, ts->protocol);
	write_u16(w, ts->start_port == ts->end_port ? ts->start_port : 0);
	write_bytes(w, ts->start, width);
	if (!single)
		write_bytes(w, network ? mask : ts->end, width);
}

/* --- notifications, §3.14, and deletions, §3.15 --------------------------------------------- */

int isakmp_decode_notify(const struct element_value *e, struct isakmp_notification *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct isakmp_notification){ .doi = read_u32(&r) };
	out->protocol = read_u8(&r);
	size_t spi_size = read_u8(&r);
	out->type = read_u16(&r);
	out->spi = read_view(&r, spi_size);
	out->data = read_rest(&r);
	return r.failed ? bad(reject, e, "SPI Size", S("3.14"), &r) : 0;
}

bool isakmp_find_notify(const struct packet *p, uint16_t type, struct isakmp_notification *out)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, ISAKMP_PAYLOAD_N, n)); n++)
		if (isakmp_decode_notify(e, out, NULL) == 0 && out->type == type)
			return true;
	return false;
}

uint16_t isakmp_find_error(const struct packet *p, struct isakmp_notification *out)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, ISAKMP_PAYLOAD_N, n)); n++)
		if (isakmp_decode_notify(e, out, NULL) == 0 && out->type &&
			out->type < ISAKMP_N_STATUS)
			return out->type;
	return 0;
}

int isakmp_decode_delete(const struct element_value *e, struct isakmp_deletion *out,
	struct reject *reject)
{
	struct reader r = reader_of(e->value);

	*out = (struct isakmp_deletion){ .doi = read_u32(&r) };
	out->protocol = read_u8(&r);
	out->spi_size = read_u8(&r);
	out->count = read_u16(&r);
	out->spis = read_rest(&r);
	if (r.failed || out->spis.size != (size_t)out->spi_size * out->count)
		return bad(reject, e, "# of SPIs", S("3.15"), &r);
	return 0;
}

/* --- vendor IDs, §3.16 ---------------------------------------------------------------------- */

struct view isakmp_vendor_id(enum isakmp_vendor vendor)
{
	/* RFC 3706 §5.1, with the version 1.0 in the last two octets */
	static const uint8_t dpd[] = { 0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86,
		0x96, 0xfc, 0x77, 0x57, 0x01, 0x00 };
	/* RFC 3947 §3.1: the MD5 of "RFC 3947" */
	static const uint8_t nat_t[] = { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57,
		0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f };

	switch (vendor) {
	case ISAKMP_VENDOR_DPD:
		return VIEW_OF(dpd);
	case ISAKMP_VENDOR_NAT_T:
		return VIEW_OF(nat_t);
	case ISAKMP_VENDOR_ADDRESS_CHANGE:
		return view_text("baton address change 1");
	}
	return VIEW_EMPTY;
}

bool isakmp_has_vendor(const struct packet *p, enum isakmp_vendor vendor)
{
	const struct element_value *e;

	for (unsigned n = 0; (e = packet_find_nth(p, 0, ISAKMP_PAYLOAD_VID, n)); n++)
		if (view_equal(e->value, isakmp_vendor_id(vendor)))
			return true;
	return false;
}
