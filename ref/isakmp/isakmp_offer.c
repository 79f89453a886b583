// SPDX-License-Identifier: Apache-2.0
/*
 * Transforms of IKEv1 (RFC 2409 §A, RFC 2407 §4.5) in the numbers of IKEv2 and back.
 */
#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_payload.h"

struct pair {
	uint16_t old, now; /* IKEv1, IKEv2 */
};

static const struct pair encrs[] = { { ISAKMP_ENCR_3DES, IKE_ENCR_3DES },
	{ ISAKMP_ENCR_AES, IKE_ENCR_AES_CBC }, { 0, 0 } };

static const struct pair hashes[] = { { ISAKMP_HASH_MD5, IKE_PRF_HMAC_MD5 },
	{ ISAKMP_HASH_SHA1, IKE_PRF_HMAC_SHA1 }, { ISAKMP_HASH_SHA2_256, IKE_PRF_HMAC_SHA2_256 },
	{ ISAKMP_HASH_SHA2_384, IKE_PRF_HMAC_SHA2_384 },
	{ ISAKMP_HASH_SHA2_512, IKE_PRF_HMAC_SHA2_512 }, { 0, 0 } };

static const struct pair esps[] = { { ISAKMP_ESP_3DES, IKE_ENCR_3DES },
	{ ISAKMP_ESP_NULL, IKE_ENCR_NULL }, { ISAKMP_ESP_AES, IKE_ENCR_AES_CBC },
	{ ISAKMP_ESP_AES_GCM_8, IKE_ENCR_AES_GCM_8 },
	{ ISAKMP_ESP_AES_GCM_12, IKE_ENCR_AES_GCM_12 },
	{ ISAKMP_ESP_AES_GCM_16, IKE_ENCR_AES_GCM_16 }, { 0, 0 } };

static const struct pair integs[] = { { ISAKMP_INTEG_MD5, IKE_INTEG_HMAC_MD5_96 },
	{ ISAKMP_INTEG_SHA1, IKE_INTEG_HMAC_SHA1_96 },
	{ ISAKMP_INTEG_SHA2_256, IKE_INTEG_HMAC_SHA2_256_128 },
	{ ISAKMP_INTEG_SHA2_384, IKE_INTEG_HMAC_SHA2_384_192 },
	{ ISAKMP_INTEG_SHA2_512, IKE_INTEG_HMAC_SHA2_512_256 }, { 0, 0 } };

static bool to_now(const struct pair *list, uint64_t old, uint16_t *now)
{
	for (; list->old; list++)
		if (list->old == old) {
			*now = list->now;
			return true;
		}
	return false;
}

static bool to_old(const struct pair *list, uint16_t now, uint16_t *old)
{
	for (; list->old; list++)
		if (list->now == now) {
			*old = list->old;
			return true;
		}
	return false;
}

/* --- reading -------------------------------------------------------------------------------- */

/* A duration belongs to the type before it, RFC 2409 §A, RFC 2407 §4.5. */
struct reading {
	struct ike_suite *suite;
	struct isakmp_terms *terms;
	uint64_t life_type;
};

static bool read_duration(struct reading *r, uint64_t value)
{
	if (r->life_type == ISAKMP_LIFE_SECONDS)
		r->terms->seconds = value;
	return r->life_type == ISAKMP_LIFE_SECONDS || r->life_type == ISAKMP_LIFE_KILOBYTES;
}

static bool read_number(uint16_t *to, uint64_t value)
{
	*to = (uint16_t)value;
	return value <= UINT16_MAX;
}

static bool read_oakley(struct reading *r, const struct isakmp_attribute *a)
{
	switch (a->type) {
	case ISAKMP_OAKLEY_ENCR:
		return to_now(encrs, a->value, &r->suite->encr);
	case ISAKMP_OAKLEY_HASH:
		return to_now(hashes, a->value, &r->suite->prf);
	case ISAKMP_OAKLEY_AUTH:
		return read_number(&r->terms->auth, a->value);
	case ISAKMP_OAKLEY_GROUP:
		return read_number(&r->suite->dh, a->value);
	case ISAKMP_OAKLEY_LIFE_TYPE:
		r->life_type = a->value;
		return true;
	case ISAKMP_OAKLEY_LIFE_DURATION:
		return read_duration(r, a->value);
	case ISAKMP_OAKLEY_KEY_LENGTH:
		return read_number(&r->suite->key_bits, a->value);
	}
	return false;
}

static bool read_ipsec(struct reading *r, const struct isakmp_attribute *a)
{
	switch (a->type) {
	case ISAKMP_IPSEC_LIFE_TYPE:
		r->life_type = a->value;
		return true;
	case ISAKMP_IPSEC_LIFE_DURATION:
		return read_duration(r, a->value);
	case ISAKMP_IPSEC_GROUP:
		return read_number(&r->suite->dh, a->value);
	case ISAKMP_IPSEC_MODE:
		return read_number(&r->terms->mode, a->value);
	case ISAKMP_IPSEC_AUTH:
		return to_now(integs, a->value, &r->suite->integ);
	case ISAKMP_IPSEC_KEY_LENGTH:
		return read_number(&r->suite->key_bits, a->value);
	}
	return false;
}

bool isakmp_read_offer(const struct isakmp_offer *offer, struct ike_suite *suite,
	struct isakmp_terms *terms)
{
	bool phase1 = offer->protocol == ISAKMP_PROTO_ISAKMP;
	struct reading r = { .suite = suite, .terms = terms };

	*suite = (struct ike_suite){ 0 };
	*terms = (struct isakmp_terms){ 0 };
	if (offer->combined || offer->strange)
		return false;
	if (phase1 ? offer->id != ISAKMP_KEY_IKE
		   : offer->protocol != ISAKMP_PROTO_ESP || offer->spi_size != 4 ||
			    !to_now(esps, offer->id, &suite->encr))
		return false;
	for (unsigned i = 0; i < offer->count; i++)
		if (!(phase1 ? read_oakley : read_ipsec)(&r, &offer->attributes[i]) &&
			!MUTANT(isakmp_unknown_attributes))
			return false;
	/* RFC 2409 §A: these four must be there; without a mode it is the host's choice */
	return !phase1 || (suite->encr && suite->prf && suite->dh && terms->auth);
}

/* --- choosing ------------------------------------------------------------------------------- */

static bool has_group(const struct ike_proposals *proposals, uint8_t protocol, uint16_t group)
{
	for (unsigned i = 0; i < proposals->count; i++)
		for (unsigned k = 0; k < proposals->list[i].count; k++) {
			const struct ike_transform *t = &proposals->list[i].transforms[k];
			if (proposals->list[i].protocol == protocol &&
				t->type == IKE_TRANSFORM_DH && t->id == group)
				return true;
		}
	return false;
}

static bool pfs_allowed(uint16_t group, const struct ike_proposals *accepted,
	const struct ike_proposals *groups)
{
	if (isakmp_first_group(accepted, IKE_PROTOCOL_ESP))
		return has_group(accepted, IKE_PROTOCOL_ESP, group);
	return !group || has_group(groups, IKE_PROTOCOL_IKE, group);
}

static bool suite_allowed(const struct ike_suite *suite, const struct ike_proposals *accepted,
	enum isakmp_security_protocol protocol)
{
	uint8_t now = protocol == ISAKMP_PROTO_ISAKMP ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP;
	struct ike_proposals one = { .count = 1 };
	struct ike_suite chosen;

	one.list[0] = ike_suite_proposal(suite, now, 1);
	return ike_choose(&one, accepted, now, protocol == ISAKMP_PROTO_ESP, &chosen) != NULL;
}

static bool terms_fit(const struct isakmp_terms *have, const struct isakmp_terms *required)
{
	return have->auth == required->auth && (!required->mode || have->mode == required->mode);
}

const struct isakmp_offer *isakmp_choose(const struct isakmp_offers *offered,
	const struct ike_proposals *accepted, enum isakmp_security_protocol protocol,
	const struct isakmp_terms *required, const struct ike_proposals *groups,
	struct ike_suite *suite, struct isakmp_terms *terms)
{
	for (unsigned i = 0; i < offered->count; i++) {
		const struct isakmp_offer *o = &offered->list[i];
		if (o->protocol != protocol || !isakmp_read_offer(o, suite, terms))
			continue;
		if (protocol == ISAKMP_PROTO_ESP && !pfs_allowed(suite->dh, accepted, groups))
			continue;
		if (terms_fit(terms, required) && suite_allowed(suite, accepted, protocol))
			return o;
	}
	return NULL;
}

uint16_t isakmp_first_group(const struct ike_proposals *proposals, uint8_t protocol)
{
	for (unsigned i = 0; i < proposals->count; i++)
		for (unsigned k = 0; k < proposals->list[i].count; k++)
			if (proposals->list[i].protocol == protocol &&
				proposals->list[i].transforms[k].type == IKE_TRANSFORM_DH)
				return proposals->list[i].transforms[k].id;
	return 0;
}

/* --- making --------------------------------------------------------------------------------- */

static void add(struct isakmp_offer *o, uint16_t type, uint64_t value, uint8_t width)
{
	o->attributes[o->count++] = (struct isakmp_attribute){ type, width, value };
}

static bool make_phase1(const struct ike_suite *s, const struct isakmp_terms *terms,
	struct isakmp_offer *o)
{
	uint16_t encr, hash;

	if (!to_old(encrs, s->encr, &encr) || !to_old(hashes, s->prf, &hash) || !s->dh)
		return false;
	o->id = ISAKMP_KEY_IKE;
	add(o, ISAKMP_OAKLEY_ENCR, encr, 0);
	if (s->key_bits)
		add(o, ISAKMP_OAKLEY_KEY_LENGTH, s->key_bits, 0);
	add(o, ISAKMP_OAKLEY_HASH, hash, 0);
	add(o, ISAKMP_OAKLEY_GROUP, s->dh, 0);
	add(o, ISAKMP_OAKLEY_AUTH, terms->auth, 0);
	if (terms->seconds) {
		add(o, ISAKMP_OAKLEY_LIFE_TYPE, ISAKMP_LIFE_SECONDS, 0);
		add(o, ISAKMP_OAKLEY_LIFE_DURATION, terms->seconds, 4);
	}
	return true;
}

static bool make_phase2(const struct ike_suite *s, const struct isakmp_terms *terms,
	struct isakmp_offer *o)
{
	uint16_t esp, integ = 0;

	if (!to_old(esps, s->encr, &esp) || (s->integ && !to_old(integs, s->integ, &integ)))
		return false;
	o->id = (uint8_t)esp;
	if (terms->seconds) {
		add(o, ISAKMP_IPSEC_LIFE_TYPE, ISAKMP_LIFE_SECONDS, 0);
		add(o, ISAKMP_IPSEC_LIFE_DURATION, terms->seconds, 4);
	}
	if (s->dh)
		add(o, ISAKMP_IPSEC_GROUP, s->dh, 0);
	add(o, ISAKMP_IPSEC_MODE, terms->mode, 0);
	if (integ)
		add(o, ISAKMP_IPSEC_AUTH, integ, 0);
	if (s->key_bits)
		add(o, ISAKMP_IPSEC_KEY_LENGTH, s->key_bits, 0);
	return true;
}

/* The nth transform of a type; one that is not there counts once, as none. */
static bool nth(const struct ike_proposal *p, uint8_t type, unsigned n, struct ike_transform *out)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (p->transforms[i].type == type && seen++ == n) {
			*out = p->transforms[i];
			return true;
		}
	*out = (struct ike_transform){ .type = type };
	return seen == 0 && n == 0;
}

struct making {
	enum isakmp_security_protocol protocol;
	const struct isakmp_terms *terms;
	struct view spi;
	struct isakmp_offers *out;
	uint8_t transform;
};

static void make_offer(struct making *m, const struct ike_suite *suite)
{
	struct isakmp_offer o = { .proposal = 1, .protocol = (uint8_t)m->protocol,
		.spi_size = (uint8_t)m->spi.size, .transform = ++m->transform };

	if (m->spi.size)
		memcpy(o.spi, m->spi.data, m->spi.size);
	bool made = m->protocol == ISAKMP_PROTO_ISAKMP ? make_phase1(suite, m->terms, &o)
						       : make_phase2(suite, m->terms, &o);
	if (made && m->out->count < ISAKMP_OFFERS_MAX)
		m->out->list[m->out->count++] = o;
	else
		m->transform--;
}

/* Every combination; what varies fastest is named last. */
static void make_all(struct making *m, const struct ike_proposal *p, uint16_t dh)
{
	bool phase1 = m->protocol == ISAKMP_PROTO_ISAKMP;
	uint8_t second = phase1 ? IKE_TRANSFORM_PRF : IKE_TRANSFORM_INTEG;
	struct ike_transform group, encr, hash;

	for (unsigned i = 0; nth(p, IKE_TRANSFORM_DH, i, &group) && (phase1 || i == 0); i++)
		for (unsigned k = 0; nth(p, IKE_TRANSFORM_ENCR, k, &encr); k++)
			for (unsigned l = 0; nth(p, second, l, &hash); l++) {
				struct ike_suite s = { .encr = encr.id, .key_bits = encr.key_bits,
					.dh = phase1 ? group.id : dh };
				*(phase1 ? &s.prf : &s.integ) = hash.id;
				make_offer(m, &s);
			}
}

void isakmp_make_offers(const struct ike_proposals *from, enum isakmp_security_protocol protocol,
	const struct isakmp_terms *terms, uint16_t dh, struct view spi, struct isakmp_offers *out)
{
	struct making m = { protocol, terms, spi, out, 0 };
	uint8_t now = protocol == ISAKMP_PROTO_ISAKMP ? IKE_PROTOCOL_IKE : IKE_PROTOCOL_ESP;

	out->count = 0;
	for (unsigned i = 0; i < from->count; i++)
		if (from->list[i].protocol == now)
			make_all(&m, &from->list[i], dh);
}
