// SPDX-License-Identifier: Apache-2.0
/* Messages that an end would not send by itself, under its own keys: who is authenticated may say
 * what it likes. For tests. */
#ifndef BATON_ISAKMP_ISAKMP_FORGE_H
#define BATON_ISAKMP_ISAKMP_FORGE_H

#include <stdlib.h>

#include "ref/isakmp/isakmp_world.h"

/* An informational message of that end's SA, with a HASH(1) that is right or wrong. */
static inline struct flying old_forge_draft(const struct old_world *o, bool from_a, uint32_t id,
	const struct isakmp_draft *d, bool good)
{
	const struct isakmp_sa *sa = old_sa(from_a ? &o->w.a : &o->w.b);
	struct flying f = { .to_second = from_a, .from = *isakmp_sa_local(sa),
		.to = *isakmp_sa_peer(sa) };
	uint8_t hash[DIGEST_MAX], number[4], rest[1024], iv[ISAKMP_BLOCK_MAX];
	struct writer w = writer_of(number, sizeof(number)), r = writer_of(rest, sizeof(rest));

	write_u32(&w, id);
	wire_encode_elements(&d->packet, &r);
	struct view parts[] = { VIEW_OF(number), writer_view(&r) };
	size_t size = isakmp_hash(isakmp_sa_suite(sa), isakmp_sa_keys(sa), parts, 2, hash);
	hash[0] ^= !good;
	struct packet p = packet_of(&isakmp_protocol);
	memcpy(p.header, d->packet.header, sizeof(p.header));
	packet_add(&p, 0, ISAKMP_PAYLOAD_HASH, VIEW(hash, size));
	packet_add(&p, 0, d->packet.elements[0].code, d->packet.elements[0].value);
	p.header[ISAKMP_CKY_I] = isakmp_sa_cky_i(sa);
	p.header[ISAKMP_CKY_R] = isakmp_sa_cky_r(sa);
	p.header[ISAKMP_MESSAGE_ID] = id;
	isakmp_exchange_iv(isakmp_sa_suite(sa), isakmp_sa_last_block(sa), id, iv);
	w = writer_of(f.data, sizeof(f.data));
	if (isakmp_seal(isakmp_sa_suite(sa), isakmp_sa_keys(sa), &p, iv, &w) < 0)
		abort();
	f.size = w.used;
	return f;
}

/* One with that notification. */
static inline struct flying old_forge(const struct old_world *o, bool from_a, uint32_t id,
	uint16_t type, struct view data, bool good)
{
	const struct isakmp_sa *sa = old_sa(from_a ? &o->w.a : &o->w.b);
	uint8_t spi[16];
	struct isakmp_draft d;
	struct writer w = writer_of(spi, sizeof(spi));

	write_u64(&w, isakmp_sa_cky_i(sa));
	write_u64(&w, isakmp_sa_cky_r(sa));
	isakmp_draft_begin(&d, ISAKMP_INFORMATIONAL, true);
	isakmp_draft_notify(&d, ISAKMP_PROTO_ISAKMP, VIEW_OF(spi), type, data);
	return old_forge_draft(o, from_a, id, &d, good);
}

#endif
