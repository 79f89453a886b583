// SPDX-License-Identifier: Apache-2.0
/*
 * Messages of IKEv1. Nothing in them proves a key, so of the keys that the ends give away the one is taken
 * under which the first encrypted message of main mode is a chain of payloads that begins with an
 * identity. Each exchange is one chain of blocks (RFC 2409 appendix B), so messages are opened in their
 * order, each once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/isakmp/isakmp_keys.h"
#include "testbed/interop/wiretap.h"

#define EXCHANGES_MAX 64
#define SAS_MAX 8

/* One ISAKMP SA. */
struct old_sa {
	uint64_t cky_i, cky_r;
	struct ike_suite suite;
	struct isakmp_keys keys; /* of the cipher alone */
	const struct wiretap_old_keys *of;
	struct view public_i, public_r;
	uint8_t phase_1[ISAKMP_BLOCK_MAX]; /* IV of main mode; at its end its last block */
	struct {
		uint32_t id;
		uint8_t iv[ISAKMP_BLOCK_MAX];
	} exchanges[EXCHANGES_MAX];
	unsigned count;
};

void wiretap_decode_old(struct wiretap *w, struct wiretap_message *m)
{
	struct packet *p = arena_alloc(w->arena, sizeof(*p));
	struct reject reject = { 0 };

	if (isakmp_decode(m->octets, p, &reject) == 0)
		m->outer = p;
	else
		m->trouble = reject_name(reject.reason);
	m->encrypted = m->outer && isakmp_is_sealed(p);
}

/* The payload of a message of main mode in the clear, from that end. */
static const struct element_value *clear_payload(const struct wiretap *w, const struct old_sa *sa,
	bool from_initiator, enum isakmp_payload code)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct wiretap_message *m = &w->messages[i];
		if (m->version != 1 || m->exchange != ISAKMP_IDENTITY_PROTECTION || m->encrypted ||
			!m->outer || m->from_initiator != from_initiator || m->spi_i != sa->cky_i ||
			(m->spi_r && m->spi_r != sa->cky_r))
			continue;
		const struct element_value *e = packet_find(m->outer, 0, code);
		if (e)
			return e;
	}
	return NULL;
}

bool wiretap_old_choice(const struct wiretap *w, uint64_t cky_i, uint64_t cky_r, struct ike_suite *suite,
	struct isakmp_terms *terms)
{
	const struct old_sa sa = { .cky_i = cky_i, .cky_r = cky_r };
	const struct element_value *e = clear_payload(w, &sa, false, ISAKMP_PAYLOAD_SA);
	struct isakmp_offers chosen;

	return e && isakmp_decode_sa(e, &chosen, NULL) == 0 && chosen.count == 1 &&
		isakmp_read_offer(&chosen.list[0], suite, terms);
}

/* What main mode said in the clear. */
static bool begin(const struct wiretap *w, const struct wiretap_message *m, struct old_sa *sa)
{
	const struct element_value *i, *r;
	struct isakmp_terms terms;

	*sa = (struct old_sa){ .cky_i = m->spi_i, .cky_r = m->spi_r };
	i = clear_payload(w, sa, true, ISAKMP_PAYLOAD_KE);
	r = clear_payload(w, sa, false, ISAKMP_PAYLOAD_KE);
	if (!i || !r || !wiretap_old_choice(w, m->spi_i, m->spi_r, &sa->suite, &terms) ||
		!isakmp_suite_usable(&sa->suite))
		return false;
	sa->public_i = i->value;
	sa->public_r = r->value;
	isakmp_first_iv(&sa->suite, sa->public_i, sa->public_r, sa->phase_1);
	return true;
}

/* Where the blocks of that exchange have got to; NULL: more exchanges than there is room for. */
static uint8_t *chain_of(struct old_sa *sa, uint32_t id)
{
	if (!id)
		return sa->phase_1;
	for (unsigned i = 0; i < sa->count; i++)
		if (sa->exchanges[i].id == id)
			return sa->exchanges[i].iv;
	if (sa->count == EXCHANGES_MAX)
		return NULL;
	sa->exchanges[sa->count].id = id;
	isakmp_exchange_iv(&sa->suite, sa->phase_1, id, sa->exchanges[sa->count].iv);
	return sa->exchanges[sa->count++].iv;
}

/* Opens it by the SA's key; what comes out is in the arena. `iv` is changed also when it is nothing. */
static struct packet *open_one(struct wiretap *w, const struct old_sa *sa, struct wiretap_message *m,
	uint8_t *iv)
{
	uint8_t *out = arena_alloc(w->arena, ISAKMP_MESSAGE_MAX);
	struct packet *p = arena_alloc(w->arena, sizeof(*p));
	struct view opened;
	size_t size;

	if (isakmp_open(&sa->suite, &sa->keys, m->octets, iv, out, &opened, NULL) < 0 ||
		isakmp_decode_inside(m->outer, opened, isakmp_block(&sa->suite), p, &size, NULL) < 0)
		return NULL;
	return p;
}

/* The key under which this, of main mode, begins with an identity. */
static bool find_key(struct wiretap *w, struct old_sa *sa, struct wiretap_message *m)
{
	uint8_t iv[ISAKMP_BLOCK_MAX];

	for (size_t i = 0; i < w->old_key_count; i++) {
		struct wiretap_old_keys *k = &w->old_keys[i];
		memcpy(iv, sa->phase_1, sizeof(iv));
		memcpy(sa->keys.cipher, k->cipher, sizeof(k->cipher));
		sa->keys.cipher_size = k->size;
		const struct packet *p = k->cky_i && k->cky_i != sa->cky_i ? NULL :
									     open_one(w, sa, m, iv);
		if (!p || !p->element_count || p->elements[0].code != ISAKMP_PAYLOAD_ID)
			continue;
		k->cky_i = sa->cky_i;
		k->used = true;
		sa->of = k;
		return true;
	}
	return false;
}

/* One that comes again is as the first was, and moves no chain. */
static bool repeats(const struct wiretap *w, struct wiretap_message *m)
{
	for (const struct wiretap_message *b = w->messages; b < m; b++)
		if (b->version == 1 && b->from_initiator == m->from_initiator &&
			view_equal(b->octets, m->octets)) {
			m->inside = b->inside;
			return true;
		}
	return false;
}

static void open_old(struct wiretap *w, struct old_sa *sa, struct wiretap_message *m)
{
	if (repeats(w, m) || (!sa->of && (m->id || !find_key(w, sa, m))))
		return;
	uint8_t *iv = chain_of(sa, m->id);
	if (iv)
		m->inside = open_one(w, sa, m, iv);
}

/* The SA of the message, begun if it is new; NULL: main mode was not seen, or too many. */
static struct old_sa *sa_of(const struct wiretap *w, const struct wiretap_message *m, struct old_sa *list,
	unsigned *count)
{
	for (unsigned i = 0; i < *count; i++)
		if (list[i].cky_i == m->spi_i && list[i].cky_r == m->spi_r)
			return &list[i];
	if (*count == SAS_MAX || !begin(w, m, &list[*count]))
		return NULL;
	return &list[(*count)++];
}

void wiretap_open_old(struct wiretap *w)
{
	struct old_sa *list = calloc(SAS_MAX, sizeof(*list)), *sa;
	unsigned count = 0;

	if (!list)
		abort();
	for (size_t i = 0; i < w->count; i++) {
		struct wiretap_message *m = &w->messages[i];
		if (m->version == 1 && m->encrypted && m->spi_r && (sa = sa_of(w, m, list, &count)))
			open_old(w, sa, m);
	}
	wipe(list, SAS_MAX * sizeof(*list));
	free(list);
}
