// SPDX-License-Identifier: Apache-2.0
/* What the tests of address change do with the world of ike_world.h; for cmocka programs only. */
#ifndef BATON_IKE_IKE_CHANGE_WORLD_H
#define BATON_IKE_IKE_CHANGE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_world.h"

static struct world w;

/* Both ends know address change. */
static inline void init(unsigned seed)
{
	world_init(&w, seed);
	w.a.connection.address_change = w.b.connection.address_change = true;
}

/* An SA between them, with one Child SA. */
static inline void open_world(unsigned seed)
{
	init(seed);
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	assert_true(ike_sa_changes(w.a.sa) && ike_sa_changes(w.b.sa));
}

/* The event of a mover that is there now. */
static inline struct ike_event change_to(const char *text)
{
	return (struct ike_event){ .kind = IKE_EVENT_CHANGE, .local = world_endpoint(text, 0) };
}

/* The address, whatever the port. */
static inline bool at(const struct endpoint *e, const char *text)
{
	struct endpoint other = world_endpoint(text, 0);
	return memcmp(e->address, other.address, 16) == 0;
}

/* How often that end reported it. */
static inline unsigned reports(bool b, enum ike_report report)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w.report_count; i++)
		n += w.reports[i].b == b && w.reports[i].report == report;
	return n;
}

/* Both ends have the mover at the address, and the same Child SAs; `number` is for the message. */
static inline void assert_both_at(const char *text, unsigned number)
{
	if (!world_up(&w))
		fail_msg("pattern %u: not up", number);
	if (!at(ike_sa_local(w.a.sa), text) || !at(ike_sa_peer(w.b.sa), text))
		fail_msg("pattern %u: not both at %s", number, text);
	if (!world_children_match(&w))
		fail_msg("pattern %u: other Child SAs", number);
}

/* The first datagram in the air arrives. */
static inline void deliver_one(void)
{
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
}

/* What an engine does not make by itself: a notification with that data, from a's SA; it comes from
 * `from`, NULL: from where a is. */
static inline void notify_as_a(uint16_t type, const struct packet *p, const struct endpoint *from,
	bool response, uint32_t id)
{
	struct flying f = { .to_second = true, .from = from ? *from : *ike_sa_local(w.a.sa),
		.to = *ike_sa_peer(w.a.sa) };
	struct packet header = { .protocol = &ike_protocol };
	struct writer writer = writer_of(f.data, sizeof(f.data));
	struct ike_half half = ike_sa_keys(w.a.sa)->initiator;
	struct ike_fragment whole = { 0, 0 };
	uint8_t data[IKE_CHANGE_DATA_MAX], inside[1024];
	struct writer d = writer_of(data, sizeof(data)), in = writer_of(inside, sizeof(inside));
	struct ike_draft draft;

	wire_encode(p, &d);
	ike_draft_begin(&draft);
	ike_draft_notify(&draft, type, writer_view(&d));
	wire_encode_elements(&draft.packet, &in);
	header.header[IKE_SPI_I] = ike_sa_spi_i(w.a.sa);
	header.header[IKE_SPI_R] = ike_sa_spi_r(w.a.sa);
	header.header[IKE_EXCHANGE_TYPE] = IKE_INFORMATIONAL;
	header.header[IKE_FLAGS] = IKE_FLAG_INITIATOR | (response ? IKE_FLAG_RESPONSE : 0);
	header.header[IKE_MESSAGE_ID] = id;
	assert_int_equal(ike_seal(ike_sa_suite(w.a.sa), &half, &header, IKE_PAYLOAD_NOTIFY,
				 writer_view(&in), &whole, 999999 + id, &w.random, &writer), 0);
	f.size = writer.used;
	world_deliver(&w, &f);
}

/* An ADDRESS CHANGE of that SA; the addresses stand in `keep`. */
static inline struct packet change(uint64_t spi_i, uint64_t spi_r, uint32_t sequence,
	const char *old, const char *to, struct endpoint keep[2])
{
	struct packet p = packet_named(&ike_change_protocol, "AC");

	p.header[IKE_CHANGE_VERSION] = 1;
	p.header[IKE_CHANGE_SEQUENCE] = sequence;
	p.header[IKE_CHANGE_SPI_I] = spi_i;
	p.header[IKE_CHANGE_SPI_R] = spi_r;
	keep[0] = world_endpoint(old, 0);
	keep[1] = world_endpoint(to, 0);
	ike_change_add_address(&p, false, &keep[0]);
	ike_change_add_address(&p, true, &keep[1]);
	return p;
}

#endif
