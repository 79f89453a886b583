// SPDX-License-Identifier: Apache-2.0
/* The reply path (docs/reply-path.md): every answer goes the way that its request names, nothing is
 * kept of it, and who has shown nothing gets little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/ike/ike_inside.h"
#include "ref/ike/ike_world.h"

static struct world w;
static struct actions answers; /* of the responder, to the last datagram */

static const struct endpoint link_way = { .family = 17, .address = { 2, 0, 0, 0, 0, 1 } };

static struct endpoint care_of(void)
{
	return world_endpoint("203.0.113.7", 0);
}

static void open_world(const struct endpoint *way, unsigned allowed)
{
	world_init(&w, 1);
	w.a.connection.reply_path = *way;
	w.b.config.reply_paths = allowed;
	world_begin(&w);
}

/* The responder takes the datagram; its answers stand in `answers`. */
static int take(const struct action *a)
{
	struct endpoint from = w.a.connection.local, to = w.b.connection.local;

	from.port = a->local.port;
	to.port = a->peer.port;
	actions_clear(&answers);
	return ike_input(w.b.ike, &to, &from, a->data, w.now, &answers);
}

static bool is_way(const struct endpoint *via, const struct endpoint *way)
{
	return via->family == way->family && memcmp(via->address, way->address, 16) == 0;
}

static const struct action *sent(const struct actions *a)
{
	for (unsigned i = 0; i < a->count; i++)
		if (a->list[i].kind == ACTION_SEND)
			return &a->list[i];
	return NULL;
}

/* The initiator takes what the responder has sent, and says what it sends next; NULL: nothing. */
static const struct action *answer_back(void)
{
	struct actions copy = answers;
	const struct action *a = sent(&answers);
	struct endpoint from = w.b.connection.local, to = w.a.connection.local;

	assert_non_null(a);
	from.port = a->local.port;
	to.port = a->peer.port;
	actions_clear(&w.actions);
	ike_input(w.a.ike, &to, &from, sent(&copy)->data, w.now, &w.actions);
	return sent(&w.actions);
}

static const struct action *begin(void)
{
	actions_clear(&w.actions);
	w.a.sa = ike_initiate(w.a.ike, &w.a.connection, w.now, &w.actions);
	return sent(&w.actions);
}

static bool has_notify(const struct action *a, uint16_t type)
{
	struct ike_notification n;
	struct packet p;

	return ike_decode(a->data, &p, NULL) == 0 && ike_find_notify(&p, type, &n);
}

/* All of IKE_SA_INIT and IKE_AUTH; each answer goes that way. */
static void establish(const struct endpoint *way)
{
	const struct action *a = begin();

	for (unsigned n = 0; a && n < 6; n++) {
		assert_int_equal(take(a), 0);
		assert_true(is_way(&sent(&answers)->via, way));
		a = answer_back();
	}
	assert_true(ike_sa_established(w.a.sa));
}

static void test_each_answer_goes_there(void **state)
{
	const struct endpoint ways[] = { link_way, care_of() };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_world(&ways[i], IKE_PATH_LINK | IKE_PATH_CARE_OF);
		establish(&ways[i]);
		actions_clear(&w.actions);
		ike_event(w.a.ike, w.a.sa, &(struct ike_event){ .kind = IKE_EVENT_PROBE }, w.now,
			&w.actions);
		assert_int_equal(take(sent(&w.actions)), 0);
		assert_true(is_way(&sent(&answers)->via, &ways[i]));
		world_end(&w);
	}
}

/* A cookie comes first, however few are half-open, and is smaller than what asked for it. */
static void test_cookie_first(void **state)
{
	const struct action *a;

	(void)state;
	open_world(&link_way, IKE_PATH_LINK);
	a = begin();
	size_t asked = a->data.size;
	assert_int_equal(take(a), 0);
	assert_true(has_notify(sent(&answers), IKE_N_COOKIE));
	assert_true(sent(&answers)->data.size + 20 < asked);
	assert_int_equal(ike_count(w.b.ike), 0);
	a = answer_back();
	assert_true(has_notify(a, IKE_N_COOKIE));
	assert_int_equal(take(a), 0);
	assert_false(has_notify(sent(&answers), IKE_N_COOKIE));
	world_end(&w);
}

/* The octets of the link-layer address in a datagram, changed. */
static void change_way(uint8_t *octets, size_t size)
{
	for (size_t i = 0; i + 6 <= size; i++)
		if (memcmp(octets + i, link_way.address, 6) == 0)
			octets[i + 5] ^= 0x40;
}

/* A cookie that came back over one way is none for another. */
static void test_cookie_is_of_the_way(void **state)
{
	uint8_t octets[2048];
	struct action a;

	(void)state;
	open_world(&link_way, IKE_PATH_LINK);
	take(begin());
	a = *answer_back();
	memcpy(octets, a.data.data, a.data.size);
	change_way(octets, a.data.size);
	a.data = VIEW(octets, a.data.size);
	assert_int_equal(take(&a), 0);
	assert_true(has_notify(sent(&answers), IKE_N_COOKIE));
	assert_int_equal(ike_count(w.b.ike), 0);
	world_end(&w);
}

/* The same octets as an address of a link and as one of IP are two ways. */
static void test_cookie_is_of_the_kind(void **state)
{
	struct endpoint by_ip = world_endpoint("192.0.113.7", 0), by_link = by_ip;

	(void)state;
	by_link.family = link_way.family;
	for (int same = 0; same < 2; same++) {
		open_world(&by_link, IKE_PATH_LINK | IKE_PATH_CARE_OF);
		take(begin());
		w.a.connection.reply_path = same ? by_link : by_ip;
		assert_int_equal(take(answer_back()), 0);
		assert_int_equal(has_notify(sent(&answers), IKE_N_COOKIE), !same);
		world_end(&w);
	}
}

/* 64 at once and 16 a second are asked for cookies, the others get nothing. */
static void test_no_more_than_that(void **state)
{
	unsigned got = 0;

	(void)state;
	open_world(&link_way, IKE_PATH_LINK);
	const struct action *a = begin();
	for (unsigned i = 0; i < 500; i++)
		got += take(a) == 0;
	assert_int_equal(got, 64);
	assert_int_equal(ike_rejected(w.b.ike, REJECT_RESOURCES), 500 - 64);
	w.now += BTIME_S;
	got = 0;
	for (unsigned i = 0; i < 100; i++)
		got += take(a) == 0;
	assert_int_equal(got, 16);
	world_end(&w);
}

/* Not asked for, or not allowed: as if it were not there. */
static void test_off(void **state)
{
	const struct endpoint none = { 0 };

	(void)state;
	open_world(&link_way, 0);
	establish(&none);
	world_end(&w);
	open_world(&link_way, IKE_PATH_CARE_OF);
	establish(&none);
	world_end(&w);
	open_world(&none, IKE_PATH_LINK | IKE_PATH_CARE_OF);
	establish(&none);
	world_end(&w);
}

static void test_ways_that_are_none(void **state)
{
	struct endpoint ways[] = { link_way, link_way, care_of(), care_of(), care_of(), care_of(),
		care_of() };

	(void)state;
	ways[0].address[0] = 3; /* a group */
	memset(ways[1].address, 0, 16);
	ways[2] = world_endpoint("127.0.0.1", 0);
	ways[3] = world_endpoint("224.0.0.1", 0);
	ways[4] = world_endpoint("198.51.100.2", 0); /* the responder itself */
	ways[5] = world_endpoint("192.0.2.1", 0);    /* where it would go anyway */
	ways[6] = world_endpoint("2001:db8::7", 0);  /* to a request over IPv4 */
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		open_world(&ways[i], IKE_PATH_LINK | IKE_PATH_CARE_OF);
		assert_int_equal(take(begin()), -1);
		assert_null(sent(&answers));
		assert_int_equal(ike_rejected(w.b.ike, REJECT_VALUE), 1);
		world_end(&w);
	}
}

/* Who has not proven who it is cannot name another way in IKE_AUTH. */
static void test_another_way_before_proof(void **state)
{
	const struct action *a;
	struct endpoint other = link_way;

	(void)state;
	other.address[5] = 9;
	open_world(&link_way, IKE_PATH_LINK);
	take(begin());
	take(answer_back());
	w.a.connection.reply_path = other;
	a = answer_back();
	assert_int_equal(take(a), -1);
	assert_null(sent(&answers));
	assert_int_equal(ike_rejected(w.b.ike, REJECT_STATE), 1);
	world_end(&w);
}

/* §2: in front of whatever else the request has, so that its first fragment has it. */
static void test_stands_first(void **state)
{
	static const uint8_t data[200];
	struct ike_draft d;
	struct ike_notification n;

	(void)state;
	open_world(&link_way, IKE_PATH_LINK);
	establish(&link_way);
	ike_draft_begin(&d);
	for (unsigned i = 0; i < 3; i++)
		ike_draft_notify(&d, IKE_N_COOKIE2, VIEW_OF(data));
	ike_path_draft_first(w.a.sa, &d);
	assert_int_equal(d.packet.element_count, 4);
	assert_int_equal(ike_decode_notify(&d.packet.elements[0], &n, NULL), 0);
	assert_int_equal(n.type, IKE_N_REPLY_PATH);
	assert_int_equal(ike_decode_notify(&d.packet.elements[3], &n, NULL), 0);
	assert_int_equal(n.type, IKE_N_COOKIE2);
	world_end(&w);
}

/* §1: the initiator asks for it, and nobody else, whatever is configured. */
static void test_responder_asks_for_none(void **state)
{
	const struct endpoint none = { 0 };

	(void)state;
	open_world(&none, 0);
	w.b.connection.reply_path = link_way;
	w.a.config.reply_paths = IKE_PATH_LINK;
	world_end(&w);
	world_begin(&w);
	establish(&none);
	actions_clear(&answers);
	ike_event(w.b.ike, ike_next(w.b.ike, NULL), &(struct ike_event){ .kind = IKE_EVENT_PROBE },
		w.now, &answers);
	answer_back();
	assert_non_null(sent(&w.actions));
	assert_true(is_way(&sent(&w.actions)->via, &none));
	world_end(&w);
}

/* Nothing is kept: a request without a way is answered as ever, a repeated one goes where it says. */
static void test_nothing_is_kept(void **state)
{
	const struct endpoint none = { 0 };
	struct endpoint other = link_way;

	(void)state;
	other.address[5] = 9;
	open_world(&link_way, IKE_PATH_LINK);
	establish(&link_way);
	for (unsigned i = 0; i < 2; i++) {
		const struct endpoint *way = i ? &other : &none;
		w.a.connection.reply_path = *way;
		actions_clear(&w.actions);
		ike_event(w.a.ike, w.a.sa, &(struct ike_event){ .kind = IKE_EVENT_PROBE }, w.now,
			&w.actions);
		struct action a = *sent(&w.actions);
		assert_int_equal(take(&a), 0);
		assert_true(is_way(&sent(&answers)->via, way));
		assert_int_equal(take(&a), 0);
		assert_true(is_way(&sent(&answers)->via, way));
		answer_back();
	}
	/* what the responder asks of itself goes by its routes */
	struct ike_sa *there = ike_next(w.b.ike, NULL);
	actions_clear(&answers);
	ike_event(w.b.ike, there, &(struct ike_event){ .kind = IKE_EVENT_PROBE }, w.now, &answers);
	assert_true(is_way(&sent(&answers)->via, &none));
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_answer_goes_there),
		cmocka_unit_test(test_cookie_first),
		cmocka_unit_test(test_cookie_is_of_the_way),
		cmocka_unit_test(test_cookie_is_of_the_kind),
		cmocka_unit_test(test_no_more_than_that),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_ways_that_are_none),
		cmocka_unit_test(test_another_way_before_proof),
		cmocka_unit_test(test_stands_first),
		cmocka_unit_test(test_responder_asks_for_none),
		cmocka_unit_test(test_nothing_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
