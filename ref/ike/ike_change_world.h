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

#endif
