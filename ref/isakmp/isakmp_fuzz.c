// SPDX-License-Identifier: Apache-2.0
/*
 * Two engines that speak to each other, and an input that says what happens to the messages: taken,
 * lost, doubled, altered outside, or made anew under the right keys with HASH and all around octets
 * of the input, so that what lies behind the hash is reached too. Nothing may crash or overflow.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ref/isakmp/isakmp_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some end's message under its SA: payloads after a HASH(1) that is right. */
static void forge(struct old_world *o, struct reader *in)
{
	struct end *e = read_u8(in) & 1 ? &o->w.a : &o->w.b;
	const struct isakmp_sa *sa = old_sa(e);
	uint8_t inside[1024], id[4], hash[DIGEST_MAX], iv[ISAKMP_BLOCK_MAX];
	struct flying f = { .to_second = e == &o->w.a };
	struct packet header = { .protocol = &isakmp_protocol };

	if (!sa || !isakmp_sa_established(sa))
		return;
	uint32_t number = read_u32(in), next = read_u8(in);
	bool quick = read_u8(in) & 1;
	struct view rest = read_view(in, reader_left(in) < 400 ? reader_left(in) : 400);
	struct writer w = writer_of(id, sizeof(id));
	write_u32(&w, number);
	struct view parts[] = { VIEW_OF(id), rest };
	size_t size = isakmp_hash(isakmp_sa_suite(sa), isakmp_sa_keys(sa), parts, 2, hash);
	w = writer_of(inside, sizeof(inside));
	write_u8(&w, (uint8_t)next);
	write_u8(&w, 0);
	write_u16(&w, (uint16_t)(4 + size));
	write_bytes(&w, hash, size);
	write_view(&w, rest);
	header.header[ISAKMP_CKY_I] = isakmp_sa_cky_i(sa);
	header.header[ISAKMP_CKY_R] = isakmp_sa_cky_r(sa);
	header.header[ISAKMP_VERSIONS] = ISAKMP_VERSION;
	header.header[ISAKMP_EXCHANGE_TYPE] = quick ? ISAKMP_QUICK_MODE : ISAKMP_INFORMATIONAL;
	header.header[ISAKMP_MESSAGE_ID] = number;
	isakmp_exchange_iv(isakmp_sa_suite(sa), isakmp_sa_last_block(sa), number, iv);
	struct writer out = writer_of(f.data, sizeof(f.data));
	if (isakmp_seal_octets(isakmp_sa_suite(sa), isakmp_sa_keys(sa), &header,
		    ISAKMP_PAYLOAD_HASH, writer_view(&w), iv, &out) < 0)
		abort();
	f.size = out.used;
	f.from = *isakmp_sa_local(sa);
	f.to = *isakmp_sa_peer(sa);
	old_deliver(o, &f);
}

static void event(struct old_world *o, struct reader *in)
{
	struct end *e = read_u8(in) & 1 ? &o->w.a : &o->w.b;
	struct ike_event what = { .kind = (enum ike_event_kind)(read_u8(in) % 9),
		.spi = e->child_count ? e->children[0].spi_in : 0,
		.local = world_endpoint("203.0.113.5", 0) };

	what.local.address[3] = read_u8(in);
	what.tunnelled = what.local.address[3] & 1;
	if (e->sa)
		old_event(o, e, what);
}

static void one(struct old_world *o, struct reader *in)
{
	unsigned what = read_u8(in);

	if (what % 8 == 7)
		event(o, in);
	if (what % 8 == 5)
		forge(o, in);
	if (what % 8 == 6 || !o->w.air.count) {
		old_tick(o, o->w.now + 20 * BTIME_S);
		return;
	}
	struct flying f = world_take(&o->w, (what >> 4) % o->w.air.count);
	if (what % 8 == 0)
		return;
	if (what % 8 == 1)
		old_deliver(o, &f);
	if (what % 8 == 2)
		f.data[read_u16(in) % f.size] = read_u8(in);
	old_deliver(o, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct old_world o;
	struct reader in = reader_of(VIEW(data, size));

	old_init(&o, 1);
	/* the quickest group, since a D-H is most of an exchange */
	for (unsigned i = 0; i < o.w.a.connection.ike.list[0].count; i++)
		if (o.w.a.connection.ike.list[0].transforms[i].id == IKE_DH_MODP_2048)
			o.w.a.connection.ike.list[0].transforms[i].id = IKE_DH_ECP_256;
	o.w.a.connection.rekey_child = 300 * BTIME_S;
	o.w.b.connection.rekey_ike = 900 * BTIME_S;
	o.w.a.connection.liveness = 60 * BTIME_S;
	o.w.b.connection.tunnels = size & 1;
	o.w.b.connection.dhcp_sa = true;
	o.w.a.connection.address_change = o.w.b.connection.address_change = true;
	if (read_u8(&in) & 1)
		o.w.a.connection.force_encapsulation = true;
	old_begin(&o);
	old_initiate(&o, &o.w.a);
	if (read_u8(&in) & 1)
		old_settle(&o);
	while (reader_left(&in) && o.w.air.count < AIR_FLYING_MAX / 2 && o.w.a.child_count < 8 &&
		o.w.b.child_count < 8)
		one(&o, &in);
	old_end(&o);
	return 0;
}
