// SPDX-License-Identifier: Apache-2.0
/*
 * Address change (docs/address-change.md) between two engines: what must work, under every short
 * pattern of losses too, and every attack that must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "ref/ike/ike_change_wire.h"
#include "ref/ike/ike_world.h"

static struct world w;

static void init(unsigned seed)
{
	world_init(&w, seed);
	w.a.connection.address_change = w.b.connection.address_change = true;
}

static void open_world(unsigned seed)
{
	init(seed);
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	assert_true(world_up(&w));
	assert_true(ike_sa_changes(w.a.sa) && ike_sa_changes(w.b.sa));
}

static struct ike_event change_to(const char *text)
{
	return (struct ike_event){ .kind = IKE_EVENT_CHANGE, .local = world_endpoint(text, 0) };
}

static bool at(const struct endpoint *e, const char *text)
{
	struct endpoint other = world_endpoint(text, 0);
	return memcmp(e->address, other.address, 16) == 0;
}

static unsigned reports(bool b, enum ike_report report)
{
	unsigned n = 0;
	for (unsigned i = 0; i < w.report_count; i++)
		n += w.reports[i].b == b && w.reports[i].report == report;
	return n;
}

static void assert_both_at(const char *text, unsigned number)
{
	if (!world_up(&w))
		fail_msg("pattern %u: not up", number);
	if (!at(ike_sa_local(w.a.sa), text) || !at(ike_sa_peer(w.b.sa), text))
		fail_msg("pattern %u: not both at %s", number, text);
	if (!world_children_match(&w))
		fail_msg("pattern %u: other Child SAs", number);
}

static void deliver_one(void)
{
	struct flying f = world_take(&w, 0);
	world_deliver(&w, &f);
}

/* --- what must work --------------------------------------------------------------------------- */

static void test_change(void **state)
{
	struct endpoint to = world_endpoint("203.0.113.9", 0);

	(void)state;
	open_world(1);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(w.air.sent - sent, 4); /* with a cookie: two round trips */
	assert_int_equal(reports(false, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	/* selectors that were the address alone have moved with it, keys have stayed */
	assert_memory_equal(ike_sa_child(w.a.sa, 0)->local_ts.list[0].start, to.address, 4);
	assert_memory_equal(ike_sa_child(w.b.sa, 0)->remote_ts.list[0].end, to.address, 4);
	assert_int_equal(ike_sa_child(w.a.sa, 0)->spi_in, ike_sa_child(w.b.sa, 0)->spi_out);
	/* and the SA goes on from there */
	assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_PROBE), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_ALIVE));
	assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY_CHILD), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

static void test_change_on_trust(void **state)
{
	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	unsigned sent = w.air.sent;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	assert_int_equal(w.air.sent - sent, 2); /* one round trip */
	world_end(&w);
}

/* The correspondent may move as well; and both one after the other; and after a rekeying. */
static void test_either_end_moves(void **state)
{
	(void)state;
	open_world(1);
	for (unsigned i = 1; i < 6; i++) {
		char text[32];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		assert_int_equal(world_event(&w, &w.a, change_to(text)), 0);
		world_settle(&w);
		assert_both_at(text, i);
		snprintf(text, sizeof(text), "198.51.100.%u", 10 + i);
		assert_int_equal(world_event(&w, &w.b, change_to(text)), 0);
		world_settle(&w);
		assert_true(at(ike_sa_peer(w.a.sa), text));
		assert_true(at(ike_sa_local(w.b.sa), text));
		assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_REKEY), 0);
		world_run(&w, BTIME_S);
		assert_true(world_up(&w));
	}
	world_end(&w);
}

/* In a tunnel the messages themselves come from the old address, MIG-2. */
static void test_in_a_tunnel(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	init(1);
	w.b.connection.tunnels = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	event.tunnelled = true;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	assert_true(at(&w.air.flying[0].from, "192.0.2.1"));
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	/* whoever carries the answer knew where to before it was sent */
	assert_int_equal(reports(true, IKE_REPORT_CHANGING), 2);
	world_end(&w);
}

/*
 * From the old address where nobody carries answers to the new one: the cookie would come back to
 * the old address and prove nothing, so a peer could name anybody's. Refused.
 */
static void test_no_tunnel(void **state)
{
	struct ike_event event = change_to("203.0.113.66");

	(void)state;
	open_world(1);
	event.tunnelled = true;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
	assert_both_at("192.0.2.1", 0);
	world_end(&w);
}

/* Another IKE SA says it, and proves that it has the key of the one that migrates. */
static void test_over_another_sa(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	event.of = w.a.sa;
	struct ike_sa *old_a = w.a.sa, *old_b = w.b.sa;
	w.a.connection.local = world_endpoint("203.0.113.9", 0);
	world_initiate(&w);
	world_settle(&w);
	assert_true(w.a.sa != old_a && at(ike_sa_local(w.a.sa), "203.0.113.9"));
	assert_true(at(ike_sa_local(old_a), "192.0.2.1"));
	assert_int_equal(world_event(&w, &w.a, event), 0);
	world_settle(&w);
	assert_true(at(ike_sa_local(old_a), "203.0.113.9"));
	assert_true(at(ike_sa_peer(old_b), "203.0.113.9"));
	world_end(&w);
}

/* MIG-8: of two SAs one migrates, alone. */
static void test_independent(void **state)
{
	(void)state;
	open_world(1);
	struct ike_sa *first = w.a.sa;
	world_initiate(&w);
	world_settle(&w);
	assert_true(w.a.sa != first);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	world_settle(&w);
	assert_true(at(ike_sa_local(w.a.sa), "203.0.113.9"));
	assert_true(at(ike_sa_local(first), "192.0.2.1"));
	world_end(&w);
}

/* §5.7: both move at once, to where neither finds the other; one learns of it from elsewhere. */
static void test_both_at_once(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, event), 0);
	assert_int_equal(world_event(&w, &w.b, change_to("198.51.100.77")), 0);
	w.air.count = 0; /* both went to where nobody is any more */
	event.peer = world_endpoint("198.51.100.77", 0);
	assert_int_equal(world_event(&w, &w.a, event), 0);
	/* hearsay: until b has said it itself, a's SAs and selectors stay where both know b */
	assert_true(at(ike_sa_sends_to(w.a.sa), "198.51.100.77"));
	assert_true(at(ike_sa_peer(w.a.sa), "198.51.100.2"));
	world_run(&w, 20 * BTIME_S);
	assert_both_at("203.0.113.9", 0);
	assert_true(at(ike_sa_peer(w.a.sa), "198.51.100.77"));
	assert_true(at(ike_sa_local(w.b.sa), "198.51.100.77"));
	for (int b = 0; b < 2; b++) /* each its own and the other's */
		assert_int_equal(reports(b, IKE_REPORT_MIGRATED), 2);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 0);
	assert_int_equal(reports(false, IKE_REPORT_CHANGE_REFUSED), 0);
	world_end(&w);
}

/* Moved again before the answer: only the last place counts, and both know it. */
static void test_moved_again(void **state)
{
	(void)state;
	for (unsigned delivered = 0; delivered < 4; delivered++) {
		open_world(1);
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
		for (unsigned i = 0; i < delivered; i++)
			deliver_one();
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.10")), 0);
		world_run(&w, 5 * BTIME_S);
		assert_both_at("203.0.113.10", delivered);
		world_end(&w);
	}
}

static void every_pattern(bool tunnelled, bool trust, bool both, unsigned digits)
{
	for (unsigned number = 0; number < pattern_count(digits); number++) {
		struct pattern p = { number, digits };
		struct ike_event event = change_to("203.0.113.9");
		init(number + 1);
		w.b.connection.tunnels = tunnelled;
		w.b.connection.trust_new_address = w.a.connection.trust_new_address = trust;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		event.tunnelled = tunnelled;
		event.hold = 40 * BTIME_S;
		assert_int_equal(world_event(&w, &w.a, event), 0);
		if (both)
			assert_int_equal(world_kind(&w, &w.b, IKE_EVENT_REKEY_CHILD), 0);
		world_run_under(&w, &p, 30 * BTIME_S);
		assert_both_at("203.0.113.9", number);
		world_run_under(&w, &p, 100 * BTIME_S); /* the timer of the old address is off */
		assert_both_at("203.0.113.9", number);
		if (reports(true, IKE_REPORT_MIGRATED) != 1 ||
			reports(false, IKE_REPORT_MIGRATED) != 1)
			fail_msg("pattern %u: %u and %u migrations", number,
				reports(false, IKE_REPORT_MIGRATED),
				reports(true, IKE_REPORT_MIGRATED));
		world_end(&w);
	}
}

static void test_every_pattern_of_losses(void **state)
{
	(void)state;
	every_pattern(false, false, false, 5);
	every_pattern(true, false, false, 5);
	every_pattern(false, true, false, 4);
	every_pattern(false, false, true, 5);
}

/* --- ends --------------------------------------------------------------------------------------- */

static void test_given_up(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	unsigned sent = w.air.sent;
	btime to = btime_add(w.now, 100 * BTIME_S);
	w.air.count = 0;
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_int_equal(w.air.sent - sent, 7); /* eight in all */
	assert_true(world_saw(&w, false, IKE_REPORT_UNREACHABLE));
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

/* The old address is over before the correspondent has answered. */
static void test_hold_time_over(void **state)
{
	struct ike_event event = change_to("203.0.113.9");

	(void)state;
	open_world(1);
	event.hold = 3 * BTIME_S;
	assert_int_equal(world_event(&w, &w.a, event), 0);
	w.air.count = 0;
	btime to = btime_add(w.now, 4 * BTIME_S);
	while (world_tick(&w, to))
		w.air.count = 0;
	assert_int_equal(reports(false, IKE_REPORT_EXPIRED), 1);
	assert_int_equal(ike_count(w.a.ike), 0);
	world_end(&w);
}

/* Refused, and the old address runs out: the correspondent is told, reliably, and cleans up. */
static void test_termination(void **state)
{
	(void)state;
	for (unsigned number = 0; number < pattern_count(4); number++) {
		struct pattern p = { number, 4 };
		open_world(1);
		if (number % 2) {
			struct ike_event event = change_to("203.0.113.9");
			event.hold = 3 * BTIME_S;
			w.b.connection.address_change = false;
			assert_int_equal(world_event(&w, &w.a, event), 0);
			world_settle(&w);
			assert_true(world_saw(&w, false, IKE_REPORT_CHANGE_REFUSED));
			assert_both_at("192.0.2.1", number);
		} else {
			assert_int_equal(world_kind(&w, &w.a, IKE_EVENT_EXPIRED), 0);
		}
		world_run_under(&w, &p, 30 * BTIME_S);
		if (reports(false, IKE_REPORT_EXPIRED) != 1 || reports(true, IKE_REPORT_EXPIRED) != 1)
			fail_msg("pattern %u: %u and %u told", number,
				reports(false, IKE_REPORT_EXPIRED), reports(true, IKE_REPORT_EXPIRED));
		world_run_under(&w, &p, 100 * BTIME_S);
		assert_int_equal(ike_count(w.a.ike) + ike_count(w.b.ike), 0);
		world_end(&w);
	}
}

static void test_not_agreed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		init(1);
		(i ? &w.a : &w.b)->connection.address_change = false;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		assert_true(world_up(&w));
		assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), -1);
		assert_int_equal(world_event(&w, &w.b, change_to("203.0.113.9")), -1);
		world_end(&w);
	}
}

/* --- what must be refused ----------------------------------------------------------------------- */

static struct reject last_reject(void)
{
	for (unsigned i = w.report_count; i-- > 0;)
		if (w.reports[i].report == IKE_REPORT_REJECTED)
			return w.reports[i].reject;
	return (struct reject){ 0 };
}

/* A message whose integrity is not the peer's changes nothing, octet by octet. */
static void test_forged(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	struct flying real = world_take(&w, 0);
	for (size_t i = 0; i < real.size; i++) {
		struct flying f = real;
		f.data[i] ^= 0x40;
		world_deliver(&w, &f);
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		assert_true(at(ike_sa_peer(w.b.sa), "192.0.2.1"));
		w.air.count = 0;
	}
	assert_int_equal(world_deliver(&w, &real), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

static void test_replayed(void **state)
{
	struct flying kept[2];

	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	kept[0] = w.air.flying[0];
	deliver_one();
	deliver_one();
	kept[1] = w.air.flying[0];
	world_settle(&w);
	/* the last one again is answered again and changes nothing; the one before is old */
	assert_int_equal(world_deliver(&w, &kept[1]), 0);
	assert_int_equal(w.air.count, 1);
	w.air.count = 0;
	assert_int_equal(world_deliver(&w, &kept[0]), -1);
	assert_int_equal(last_reject().reason, REJECT_SEQUENCE);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.10")), 0);
	world_settle(&w);
	for (int i = 0; i < 2; i++)
		assert_int_equal(world_deliver(&w, &kept[i]), -1);
	assert_both_at("203.0.113.10", 0);
	world_end(&w);
}

/* Sent back to who made it. */
static void test_reflected(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	struct flying f = w.air.flying[0];
	f.to_second = false;
	f.from = *ike_sa_peer(w.a.sa);
	f.to = *ike_sa_local(w.a.sa);
	assert_int_equal(world_deliver(&w, &f), -1);
	assert_int_equal(reports(false, IKE_REPORT_MIGRATED), 0);
	world_settle(&w);
	assert_both_at("203.0.113.9", 0);
	world_end(&w);
}

/*
 * An authenticated peer names the address of somebody else, whose packets it does not get: the
 * cookie goes there, and the correspondent never moves.
 */
static void test_third_party(void **state)
{
	struct ike_event event = change_to("203.0.113.66");

	(void)state;
	for (int tunnelled = 0; tunnelled < 2; tunnelled++) {
		init(1);
		w.b.connection.tunnels = tunnelled;
		world_begin(&w);
		world_initiate(&w);
		world_settle(&w);
		event.tunnelled = tunnelled;
		assert_int_equal(world_event(&w, &w.a, event), 0);
		btime to = btime_add(w.now, 60 * BTIME_S);
		do {
			while (w.air.count) {
				struct flying f = world_take(&w, 0);
				if (f.to_second)
					world_deliver(&w, &f); /* nothing comes back */
			}
		} while (world_tick(&w, to));
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		world_end(&w);
	}
}

/* The packet comes from neither the old nor the new address. */
static void test_from_elsewhere(void **state)
{
	(void)state;
	open_world(1);
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.9")), 0);
	w.air.flying[0].from = world_endpoint("203.0.113.77", 4500);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
	world_end(&w);
}

static void test_addresses_nobody_has(void **state)
{
	static const char *const wrong[] = { "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
		"169.254.1.1" };

	(void)state;
	open_world(1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(world_event(&w, &w.a, change_to(wrong[i])), -1);
	/* the correspondent's own */
	assert_int_equal(world_event(&w, &w.a, change_to("198.51.100.2")), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, IKE_REPORT_CHANGE_REFUSED));
	assert_both_at("192.0.2.1", 0);
	world_end(&w);
}

/* §5.5: eight at once, then one a second. */
static void test_storm(void **state)
{
	unsigned moved = 0;

	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	for (unsigned i = 1; i <= 100; i++) {
		char text[32];
		snprintf(text, sizeof(text), "203.0.113.%u", i);
		w.report_count = 0;
		assert_int_equal(world_event(&w, &w.a, change_to(text)), 0);
		world_settle(&w);
		moved += reports(true, IKE_REPORT_MIGRATED);
		assert_true(world_up(&w));
		assert_memory_equal(ike_sa_local(w.a.sa)->address, ike_sa_peer(w.b.sa)->address, 4);
	}
	assert_int_equal(moved, 8);
	world_run(&w, 3 * BTIME_S);
	w.report_count = 0;
	assert_int_equal(world_event(&w, &w.a, change_to("203.0.113.200")), 0);
	world_settle(&w);
	assert_both_at("203.0.113.200", 0);
	world_end(&w);
}

/* What an engine does not make by itself: a notification with that data, from a's SA. */
static void send_notify(uint16_t type, const struct packet *p, bool response, uint32_t id)
{
	struct flying f = { .to_second = true, .from = *ike_sa_local(w.a.sa),
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
				 writer_view(&in), &whole, 999999, &w.random, &writer), 0);
	f.size = writer.used;
	world_deliver(&w, &f);
}

static struct packet change(uint64_t spi_i, uint64_t spi_r, uint32_t sequence, const char *old,
	const char *to, struct endpoint keep[2])
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

/* SPIs of another SA without the proof, an old address that is not the SA's, numbers of before. */
static void test_of_another_sa(void **state)
{
	static const uint8_t zeroes[IKE_CHANGE_PROOF_SIZE];
	struct endpoint keep[2];

	(void)state;
	init(1);
	w.b.connection.trust_new_address = true;
	world_begin(&w);
	world_initiate(&w);
	world_settle(&w);
	struct ike_sa *victim = w.b.sa;
	uint64_t i = ike_sa_spi_i(victim), r = ike_sa_spi_r(victim);
	world_initiate(&w);
	world_settle(&w);
	struct packet p = change(i, r, 1, "192.0.2.1", "203.0.113.9", keep);
	send_notify(IKE_N_ADDRESS_CHANGE, &p, false, 2);
	p = change(i, r, 1, "192.0.2.1", "203.0.113.9", keep);
	packet_add(&p, 0, IKE_CHANGE_PROOF, VIEW_OF(zeroes)); /* of the right size */
	send_notify(IKE_N_ADDRESS_CHANGE, &p, false, 3);
	p = change(7, 8, 1, "192.0.2.1", "203.0.113.9", keep);
	send_notify(IKE_N_ADDRESS_CHANGE, &p, false, 4);
	i = ike_sa_spi_i(w.a.sa);
	r = ike_sa_spi_r(w.a.sa);
	p = change(i, r, 1, "192.0.2.7", "203.0.113.9", keep);
	send_notify(IKE_N_ADDRESS_CHANGE, &p, false, 5);
	p = change(i, r, 0, "192.0.2.1", "203.0.113.9", keep);
	send_notify(IKE_N_ADDRESS_CHANGE, &p, false, 6);
	assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 5);
	assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
	assert_true(at(ike_sa_peer(victim), "192.0.2.1"));
	world_end(&w);
}

/* An answer that names another SA, number or address than was asked about. */
static void test_answer_for_another(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 4; wrong++) {
		struct endpoint keep[2];
		open_world(1);
		uint64_t i = ike_sa_spi_i(w.a.sa), r = ike_sa_spi_r(w.a.sa);
		assert_int_equal(world_event(&w, &w.b, change_to("198.51.100.9")), 0);
		w.air.count = 0; /* b asks; a's answer is made up here */
		struct packet p = change(wrong == 0 ? i + 1 : i, r, wrong == 1 ? 2 : 1, "198.51.100.2",
			wrong == 2 ? "198.51.100.10" : "198.51.100.9", keep);
		p.header[IKE_CHANGE_KIND] =
			wrong == 3 ? IKE_CHANGE_ADDRESS_CHANGE : IKE_CHANGE_COMPLETED;
		send_notify(IKE_N_MIGRATION_COMPLETED, &p, true, 0);
		assert_int_equal(reports(true, IKE_REPORT_MIGRATED), 0);
		assert_int_equal(reports(true, IKE_REPORT_CHANGE_REFUSED), 1);
		assert_true(at(ike_sa_local(w.b.sa), "198.51.100.2"));
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_change_on_trust),
		cmocka_unit_test(test_either_end_moves),
		cmocka_unit_test(test_in_a_tunnel),
		cmocka_unit_test(test_no_tunnel),
		cmocka_unit_test(test_over_another_sa),
		cmocka_unit_test(test_independent),
		cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_moved_again),
		cmocka_unit_test(test_every_pattern_of_losses),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_hold_time_over),
		cmocka_unit_test(test_termination),
		cmocka_unit_test(test_not_agreed),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_replayed),
		cmocka_unit_test(test_reflected),
		cmocka_unit_test(test_third_party),
		cmocka_unit_test(test_from_elsewhere),
		cmocka_unit_test(test_addresses_nobody_has),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_of_another_sa),
		cmocka_unit_test(test_answer_for_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
