// SPDX-License-Identifier: Apache-2.0
/*
 * Two engines that speak to each other, and an input that says what happens to the messages:
 * taken, lost, doubled, altered outside, or opened, altered inside and sealed again with the right
 * keys, so that what lies behind the integrity check is reached too. Nothing may crash or overflow.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ref/ike/ike_proof_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The keys of the sender's SA for such a message; NULL before there are any. */
static const struct ike_sa *sender_sa(const struct world *w, const struct flying *f, uint64_t spi_i)
{
	const struct ike *ike = f->to_second ? w->a.ike : w->b.ike;

	for (struct ike_sa *sa = ike_next(ike, NULL); sa; sa = ike_next(ike, sa))
		if (ike_sa_spi_i(sa) == spi_i && ike_sa_keys(sa))
			return sa;
	return NULL;
}

static void alter_inside(struct world *w, struct flying *f, struct reader *in)
{
	uint8_t inside[IKE_MESSAGE_MAX];
	struct packet p;
	struct view octets;

	if (ike_decode(VIEW(f->data, f->size), &p, NULL) < 0 || !packet_find(&p, 0, IKE_PAYLOAD_SK))
		return;
	const struct ike_sa *sa = sender_sa(w, f, p.header[IKE_SPI_I]);
	if (!sa)
		return;
	const struct ike_half *half = p.header[IKE_FLAGS] & IKE_FLAG_INITIATOR
		? &ike_sa_keys(sa)->initiator
		: &ike_sa_keys(sa)->responder;
	if (ike_open(ike_sa_suite(sa), half, VIEW(f->data, f->size), &p, inside, &octets, NULL) < 0)
		return;
	uint32_t first = p.elements[p.element_count - 1].next;
	for (unsigned n = read_u8(in) % 4; n && octets.size; n--)
		inside[read_u16(in) % octets.size] = read_u8(in);
	if (read_u8(in) & 1)
		octets.size = octets.size ? read_u16(in) % octets.size : 0;
	if (read_u8(in) & 1)
		first = read_u8(in);
	struct writer w2 = writer_of(f->data, sizeof(f->data));
	struct ike_fragment whole = { 0, 0 };
	if (ike_seal(ike_sa_suite(sa), half, &p, first, octets, &whole, 1000000 + w->air.sent,
		    &w->random, &w2) < 0)
		abort();
	f->size = w2.used;
}

static void event(struct world *w, struct reader *in)
{
	struct end *e = read_u8(in) & 1 ? &w->a : &w->b;
	struct ike_event what = { .kind = (enum ike_event_kind)(read_u8(in) % 9),
		.spi = e->child_count ? e->children[0].spi_in : 0,
		.local = world_endpoint("203.0.113.5", 0) };

	what.local.address[3] = read_u8(in);
	what.tunnelled = what.local.address[3] & 1;

	if (w->b.asking)
		world_give(w, &w->b, what.tunnelled ? NULL : &(struct ike_internal){ .address = { 10, 9 } });
	if (e->sa)
		world_event(w, e, what);
}

static void one(struct world *w, struct reader *in)
{
	unsigned what = read_u8(in);

	if (what % 8 == 7)
		event(w, in);
	if (what % 8 == 6 || !w->air.count) {
		world_tick(w, w->now + 20 * BTIME_S);
		return;
	}
	struct flying f = world_take(w, (what >> 4) % w->air.count);
	if (what % 8 == 0)
		return;
	if (what % 8 == 1)
		world_deliver(w, &f);
	if (what % 8 == 2)
		f.data[read_u16(in) % f.size] = read_u8(in);
	if (what % 8 == 3)
		alter_inside(w, &f, in);
	world_deliver(w, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct proof_eap eap = { .psk = { 1, 2, 3 } };
	struct reader in = reader_of(VIEW(data, size));

	world_init(&w, 1);
	w.a.connection.rekey_child = w.b.connection.rekey_ike = 300 * BTIME_S;
	w.a.connection.ask_address = read_u8(&in) & 1;
	w.b.connection.pool_size = 4;
	w.b.connection.owner_gives = size & 2;
	w.b.connection.tunnels = size & 1;
	w.a.connection.address_change = w.b.connection.address_change = true;
	w.a.connection.fragment_size = read_u8(&in) & 1 ? 200 : 1280;
	if (read_u8(&in) & 1)
		proof_by_eap(&w, &eap);
	world_begin(&w);
	world_initiate(&w);
	while (reader_left(&in) && w.air.count < AIR_FLYING_MAX / 2 &&
		w.a.child_count < 8 && w.b.child_count < 8)
		one(&w, &in);
	world_end(&w);
	return 0;
}
