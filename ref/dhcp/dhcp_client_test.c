// SPDX-License-Identifier: Apache-2.0
#include "ref/dhcp/dhcp_world.h"

/* RFC 2131 §3.1, with what stands in each message (Table 5). */
static void test_acquire(void **state)
{
	static struct world w;
	char text[16] = { 0 };

	(void)state;
	start(&w, NULL);
	assert_null(dhcp_client_lease(w.client));
	w.silent = true;
	tell(&w, DHCP_EVENT_START, 0xc0000242);
	run(&w, 1, DHCP_STATE_BOUND);
	assert_int_equal(dhcp_type(&w.seen), DHCP_DISCOVER);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), 0xc0000242);
	assert_int_equal(w.seen.packet.header[DHCP_CIADDR], 0);
	expect_peer(&w, "0.0.0.0:68", "255.255.255.255:67");
	uint64_t xid = w.seen.packet.header[DHCP_XID];
	w.silent = false;
	run(&w, 60 * BTIME_S, DHCP_STATE_BOUND);
	assert_int_equal(dhcp_type(&w.seen), DHCP_REQUEST);
	assert_int_equal(w.seen.packet.header[DHCP_XID], xid);
	assert_true(w.seen.packet.header[DHCP_SECS] >= 3); /* that of the second DISCOVER */
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_SERVER_ID), SERVER);
	expect_state(&w, DHCP_STATE_BOUND);
	assert_int_equal(w.reports[DHCP_REPORT_BOUND], 1);
	const struct dhcp_lease *lease = dhcp_client_lease(w.client);
	assert_int_equal(lease->address, ADDRESS);
	assert_int_equal(lease->mask, 0xffffff00);
	assert_int_equal(lease->routers[0], SERVER);
	assert_int_equal(lease->routers[1], 0);
	assert_int_equal(lease->renews, w.now + LEASE / 2 * BTIME_S);
	assert_int_equal(lease->rebinds, w.now + LEASE / 8 * 7 * BTIME_S);
	assert_int_equal(lease->expires, w.now + LEASE * BTIME_S);
	assert_int_equal(dhcp_client_option(w.client, 224, text, sizeof(text)), 7);
	assert_string_equal(text, "private");
	assert_int_equal(dhcp_client_option(w.client, 225, text, sizeof(text)), -1);
	over(&w);
}

/* RFC 2131 §4.1: 4, 8, 16, 32 seconds, each give or take one; then it is over. */
static void test_retransmission(void **state)
{
	static struct world w;
	btime before = 0;

	(void)state;
	start(&w, NULL);
	w.silent = true;
	tell(&w, DHCP_EVENT_START, 0);
	for (unsigned i = 0; i < 6; i++) {
		run(&w, dhcp_client_due(w.client), -1);
		btime gap = w.now - before;
		if (i > 0) {
			btime expected = (4 * BTIME_S) << (i - 1);
			assert_in_range(gap, expected - BTIME_S, expected + BTIME_S);
		}
		before = w.now;
	}
	assert_int_equal(w.sent, 5);
	assert_int_equal(w.reports[DHCP_REPORT_FAILED], 1);
	expect_state(&w, DHCP_STATE_STOPPED);
	assert_int_equal(dhcp_client_due(w.client), BTIME_NEVER);
	over(&w);
}

/* What is asked first goes out once more soon, and no more often than without that. */
static void test_repetition(void **state)
{
	struct dhcp_client_config config = { .repeat_first = BTIME_S / 5, .attempts = 3 };
	static struct world w;
	btime usual;

	(void)state;
	for (unsigned rebooting = 0; rebooting < 2; rebooting++) {
		start(&w, &config);
		w.silent = true;
		tell(&w, rebooting ? DHCP_EVENT_REBOOT : DHCP_EVENT_START, ADDRESS);
		run(&w, w.now, -1);
		assert_int_equal(w.sent, 1);
		assert_int_equal(dhcp_client_due(w.client), BTIME_S / 5);
		uint64_t xid = w.seen.packet.header[DHCP_XID];
		run(&w, BTIME_S / 5, -1);
		assert_int_equal(w.sent, 2);
		assert_int_equal(w.seen.packet.header[DHCP_XID], xid);
		usual = dhcp_client_due(w.client);
		assert_in_range(usual, 3 * BTIME_S, 5 * BTIME_S); /* from the first */
		run(&w, usual, -1);
		assert_int_equal(w.sent, 3);
		assert_in_range(dhcp_client_due(w.client) - usual, 7 * BTIME_S, 9 * BTIME_S);
		run(&w, 20 * BTIME_S, -1);
		assert_int_equal(w.sent, 4); /* `attempts` and that one */
		over(&w);
	}
}

/* Answered, it is not sent; nor is the REQUEST for an offer, when the way is known to be open. */
static void test_no_repetition(void **state)
{
	static const uint8_t first_is_lost[] = { LOSE }, request_is_lost[] = { PASS, PASS, LOSE };
	struct dhcp_client_config config = { .repeat_first = BTIME_S / 5 };
	static struct world w;

	(void)state;
	start(&w, &config);
	bind_now(&w);
	assert_int_equal(w.sent, 2);
	assert_int_equal(w.now, 0);
	over(&w);

	start(&w, &config);
	w.fates = first_is_lost;
	w.fate_count = 1;
	bind_now(&w);
	assert_int_equal(w.sent, 3);
	assert_int_equal(w.now, BTIME_S / 5);
	over(&w);

	start(&w, &config);
	w.fates = request_is_lost;
	w.fate_count = 3;
	bind_now(&w);
	assert_int_equal(w.sent, 3);
	assert_in_range(w.now, 3 * BTIME_S, 5 * BTIME_S);
	over(&w);
}

static void test_keep_trying(void **state)
{
	struct dhcp_client_config config = { .attempts = 2, .keep_trying = true };
	static struct world w;

	(void)state;
	start(&w, &config);
	w.silent = true;
	tell(&w, DHCP_EVENT_START, 0);
	run(&w, 1000 * BTIME_S, -1);
	assert_true(w.reports[DHCP_REPORT_FAILED] >= 10);
	w.silent = false;
	run(&w, 2000 * BTIME_S, DHCP_STATE_BOUND);
	expect_state(&w, DHCP_STATE_BOUND);
	over(&w);
}

/* RFC 2131 §4.4.1: from one to ten seconds before the first message. */
static void test_start_delay(void **state)
{
	struct dhcp_client_config config = { .start_delay_max = 10 * BTIME_S };
	static struct world w;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		start(&w, &config);
		w.random = random_seeded(seed);
		tell(&w, DHCP_EVENT_START, 0);
		assert_in_range(dhcp_client_due(w.client), BTIME_S, 10 * BTIME_S);
		over(&w);
	}
}

/* RFC 2131 §4.4.5: unicast to the server at T1, broadcast at T2, and the end at the end. */
static void test_renew_rebind_expire(void **state)
{
	static struct world w;

	(void)state;
	start(&w, NULL);
	bind_now(&w);
	btime bound = w.now;
	run(&w, bound + LEASE / 2 * BTIME_S, -1);
	assert_int_equal(w.reports[DHCP_REPORT_RENEWED], 1);
	expect_state(&w, DHCP_STATE_BOUND);
	expect_peer(&w, "192.0.2.100:68", "192.0.2.1:67");
	assert_int_equal(w.seen.packet.header[DHCP_CIADDR], ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_SERVER_ID), 0);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), 0);

	bound = w.now;
	w.silent = true;
	run(&w, bound + LEASE / 2 * BTIME_S + BTIME_S, -1);
	expect_state(&w, DHCP_STATE_RENEWING);
	unsigned before = w.sent;
	run(&w, bound + LEASE / 8 * 7 * BTIME_S - BTIME_S, -1);
	assert_in_range(w.sent - before, 3, 8); /* halves of what remains, a minute at least */
	run(&w, bound + LEASE / 8 * 7 * BTIME_S, -1);
	expect_state(&w, DHCP_STATE_REBINDING);
	expect_peer(&w, "192.0.2.100:68", "255.255.255.255:67");
	w.silent = false;
	run(&w, bound + LEASE * BTIME_S - 1, DHCP_STATE_BOUND);
	assert_int_equal(w.reports[DHCP_REPORT_RENEWED], 2);

	w.silent = true;
	btime expires = dhcp_client_lease(w.client)->expires;
	assert_true(expires <= w.now + LEASE * BTIME_S);
	run(&w, expires - 1, -1);
	expect_state(&w, DHCP_STATE_REBINDING);
	run(&w, expires, -1);
	assert_int_equal(w.reports[DHCP_REPORT_EXPIRED], 1);
	expect_state(&w, DHCP_STATE_SELECTING);
	assert_null(dhcp_client_lease(w.client));
	over(&w);
}

static void test_times_of_the_server(void **state)
{
	static const struct {
		uint32_t lease, t1, t2, expected_t1, expected_t2;
	} cases[] = {
		{ 1000, 0, 0, 500, 875 },     { 1000, 100, 200, 100, 200 },
		{ 1000, 900, 200, 200, 200 }, { 1000, 100, 2000, 100, 875 },
		{ UINT32_MAX, 0, 0, UINT32_MAX, UINT32_MAX },
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start(&w, NULL);
		w.lease_seconds = cases[i].lease;
		w.t1 = cases[i].t1;
		w.t2 = cases[i].t2;
		bind_now(&w);
		assert_int_equal(dhcp_client_lease(w.client)->renewal_seconds,
			cases[i].expected_t1);
		assert_int_equal(dhcp_client_lease(w.client)->rebinding_seconds,
			cases[i].expected_t2);
		if (cases[i].lease == UINT32_MAX)
			assert_int_equal(dhcp_client_due(w.client), BTIME_NEVER);
		over(&w);
	}
}

/* RFC 2131 §4.4.2: what it had before, said in option 50 and to everybody. */
static void test_reboot(void **state)
{
	static struct world w;

	(void)state;
	start(&w, NULL);
	assert_int_equal(tell(&w, DHCP_EVENT_REBOOT, 0), -1);
	tell(&w, DHCP_EVENT_REBOOT, ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_SERVER_ID), 0);
	assert_int_equal(w.seen.packet.header[DHCP_CIADDR], 0);
	expect_peer(&w, "0.0.0.0:68", "255.255.255.255:67");
	expect_state(&w, DHCP_STATE_BOUND);
	/* in another network: refused, and a new address without delay */
	w.refuse = true;
	tell(&w, DHCP_EVENT_REBOOT, 0);
	assert_int_equal(w.reports[DHCP_REPORT_NAK], 1);
	expect_state(&w, DHCP_STATE_INIT);
	assert_int_equal(dhcp_client_due(w.client), w.now);
	w.refuse = false;
	run(&w, w.now, DHCP_STATE_BOUND);
	expect_state(&w, DHCP_STATE_BOUND);
	/* nobody answers: any address will do */
	w.silent = true;
	tell(&w, DHCP_EVENT_REBOOT, 0);
	run(&w, w.now + 200 * BTIME_S, DHCP_STATE_SELECTING);
	expect_state(&w, DHCP_STATE_SELECTING);
	over(&w);
}

/* RFC 2131 §3.2 point 4: a client that is in a hurry gives its old address up sooner. */
static void test_reboot_gives_up_soon(void **state)
{
	struct dhcp_client_config config = { .reboot_attempts = 2 };
	static struct world w;

	(void)state;
	start(&w, &config);
	w.silent = true;
	tell(&w, DHCP_EVENT_REBOOT, ADDRESS);
	assert_int_equal(dhcp_type(&w.seen), DHCP_REQUEST);
	run(&w, w.now + 9 * BTIME_S, DHCP_STATE_SELECTING); /* the second after 3 to 5 s */
	expect_state(&w, DHCP_STATE_REBOOTING);
	run(&w, w.now + 8 * BTIME_S, DHCP_STATE_SELECTING); /* and 7 to 9 s for its answer */
	expect_state(&w, DHCP_STATE_SELECTING);
	assert_int_equal(dhcp_type(&w.seen), DHCP_DISCOVER);
	/* the address is asked for all the same */
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), ADDRESS);
	w.silent = false;
	run(&w, w.now + 30 * BTIME_S, DHCP_STATE_BOUND);
	expect_state(&w, DHCP_STATE_BOUND);
	over(&w);
}

static void test_release(void **state)
{
	static struct world w;

	(void)state;
	start(&w, NULL);
	assert_int_equal(tell(&w, DHCP_EVENT_RELEASE, 0), -1);
	bind_now(&w);
	tell(&w, DHCP_EVENT_RELEASE, 0);
	assert_int_equal(dhcp_type(&w.seen), DHCP_RELEASE);
	assert_int_equal(w.seen.packet.header[DHCP_CIADDR], ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_SERVER_ID), SERVER);
	expect_peer(&w, "192.0.2.100:68", "192.0.2.1:67");
	assert_int_equal(w.reports[DHCP_REPORT_RELEASED], 1);
	expect_state(&w, DHCP_STATE_STOPPED);
	assert_null(dhcp_client_lease(w.client));
	over(&w);
}

/* RFC 2131 §4.4.1, §4.4.4: the owner checks; an address in use is declined, then ten seconds. */
static void test_check_and_decline(void **state)
{
	struct dhcp_client_config config = { .check_address = true };
	static struct world w;

	(void)state;
	start(&w, &config);
	tell(&w, DHCP_EVENT_START, 0);
	run(&w, BTIME_S, DHCP_STATE_CHECKING);
	expect_state(&w, DHCP_STATE_CHECKING);
	assert_int_equal(w.reports[DHCP_REPORT_CHECK], 1);
	assert_int_equal(w.reports[DHCP_REPORT_BOUND], 0);
	assert_int_equal(dhcp_client_lease(w.client)->address, ADDRESS);
	tell(&w, DHCP_EVENT_ADDRESS_IN_USE, 0);
	assert_int_equal(dhcp_type(&w.seen), DHCP_DECLINE);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), ADDRESS);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_SERVER_ID), SERVER);
	expect_peer(&w, "0.0.0.0:68", "255.255.255.255:67");
	assert_int_equal(dhcp_client_due(w.client), w.now + 10 * BTIME_S);
	run(&w, w.now + 10 * BTIME_S, DHCP_STATE_CHECKING);
	tell(&w, DHCP_EVENT_ADDRESS_FREE, 0);
	expect_state(&w, DHCP_STATE_BOUND);
	assert_int_equal(w.reports[DHCP_REPORT_BOUND], 1);
	/* a conflict found later */
	tell(&w, DHCP_EVENT_ADDRESS_IN_USE, 0);
	assert_int_equal(w.reports[DHCP_REPORT_DECLINED], 2);
	expect_state(&w, DHCP_STATE_INIT);
	over(&w);
}

static void test_inform(void **state)
{
	static struct world w;

	(void)state;
	start(&w, NULL);
	tell(&w, DHCP_EVENT_INFORM, 0xc0000207);
	assert_int_equal(dhcp_type(&w.seen), DHCP_INFORM);
	assert_int_equal(w.seen.packet.header[DHCP_CIADDR], 0xc0000207);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_LEASE_TIME), 0);
	expect_peer(&w, "192.0.2.7:68", "255.255.255.255:67");
	assert_int_equal(w.reports[DHCP_REPORT_INFORMED], 1);
	assert_int_equal(dhcp_client_lease(w.client)->routers[0], SERVER);
	assert_int_equal(dhcp_client_lease(w.client)->address, 0xc0000207);
	over(&w);
}

/* An access router asks for a mobile node: the node's hardware address, its own as giaddr. */
static void test_on_behalf(void **state)
{
	struct dhcp_client_config config = { .broadcast = true };
	static struct world w;

	(void)state;
	endpoint_parse("198.51.100.1", 0, &config.relay);
	endpoint_parse("198.51.100.9", 0, &config.server);
	start(&w, &config);
	bind_now(&w);
	expect_peer(&w, "198.51.100.1:67", "198.51.100.9:67");
	assert_int_equal(w.seen.packet.header[DHCP_GIADDR], 0xc6336401);
	assert_int_equal(w.seen.packet.header[DHCP_HOPS], 1);
	assert_int_equal(w.seen.packet.header[DHCP_FLAGS], DHCP_FLAG_BROADCAST);
	assert_memory_equal(w.seen.chaddr, "\2\0\0\0\0\1", 6);
	tell(&w, DHCP_EVENT_RENEW, 0);
	expect_peer(&w, "198.51.100.1:67", "192.0.2.1:67");
	assert_int_equal(w.reports[DHCP_REPORT_RENEWED], 1);
	over(&w);
}

/* What does not belong to the exchange is not taken, and what does afterwards is. */
static void test_wrong_replies(void **state)
{
	static struct world w;
	struct dhcp_packet request;

	(void)state;
	start(&w, NULL);
	w.silent = true;
	tell(&w, DHCP_EVENT_START, 0);
	run(&w, 0, DHCP_STATE_SELECTING);
	run(&w, 1, -1);
	expect_state(&w, DHCP_STATE_SELECTING);
#define WRONG(change, type, reason)                                                                \
	do {                                                                                       \
		request = w.seen;                                                                  \
		change;                                                                            \
		w.rejected = REJECT_NONE;                                                          \
		answer(&w, &request, type);                                                        \
		assert_int_equal(w.rejected, reason);                                              \
		expect_state(&w, DHCP_STATE_SELECTING);                                            \
	} while (0)
	WRONG(request.packet.header[DHCP_XID]++, DHCP_OFFER, REJECT_SESSION);
	WRONG(request.chaddr[5]++, DHCP_OFFER, REJECT_ADDRESS);
	WRONG((void)0, DHCP_ACK, REJECT_STATE);
	WRONG((void)0, DHCP_NAK, REJECT_STATE);
#undef WRONG
	request = w.seen;
	answer(&w, &request, DHCP_OFFER);
	expect_state(&w, DHCP_STATE_REQUESTING);
	/* a second offer comes too late */
	w.rejected = REJECT_NONE;
	answer(&w, &request, DHCP_OFFER);
	assert_int_equal(w.rejected, REJECT_STATE);
	answer(&w, &request, DHCP_ACK);
	expect_state(&w, DHCP_STATE_BOUND);
	/* renewing: another address is not a renewal */
	tell(&w, DHCP_EVENT_RENEW, 0);
	request = w.seen;
	w.other_address = true;
	answer(&w, &request, DHCP_ACK);
	assert_int_equal(w.rejected, REJECT_VALUE);
	expect_state(&w, DHCP_STATE_RENEWING);
	/* not DHCP at all */
	static struct actions a;
	assert_int_equal(dhcp_client_input(w.client, VIEW("x", 1), w.now, &a), -1);
	assert_int_equal(a.list[0].reject.reason, REJECT_TRUNCATED);
	over(&w);
}

static void test_best_offer(void **state)
{
	struct dhcp_client_config config = { .offer_wait = 2 * BTIME_S };
	static struct world w;
	struct dhcp_packet request;

	(void)state;
	start(&w, &config);
	w.silent = true;
	tell(&w, DHCP_EVENT_START, ADDRESS + 1);
	run(&w, 0, -1);
	run(&w, 1, -1);
	request = w.seen;
	answer(&w, &request, DHCP_OFFER);
	btime due = dhcp_client_due(w.client);
	assert_int_equal(due, w.now + 2 * BTIME_S);
	w.other_address = true; /* the one asked for */
	w.lease_seconds = 10;
	answer(&w, &request, DHCP_OFFER);
	w.other_address = false;
	w.lease_seconds = 2 * LEASE;
	answer(&w, &request, DHCP_OFFER);
	assert_int_equal(dhcp_client_due(w.client), due);
	run(&w, due, DHCP_STATE_REQUESTING);
	assert_int_equal(dhcp_option_address(&w.seen, DHCP_OPTION_REQUESTED_ADDRESS), ADDRESS + 1);
	over(&w);
}

#define PATTERN 6

/* Every way in which the first six datagrams are lost or doubled: an address in the end, and said
 * so once. */
static void test_every_pattern(void **state)
{
	struct dhcp_client_config config = { .attempts = PATTERN + 1 };
	static struct world w;

	(void)state;
	for (unsigned n = 0, count = 3 * 3 * 3 * 3 * 3 * 3; n < count; n++) {
		uint8_t fates[PATTERN];
		for (unsigned i = 0, rest = n; i < PATTERN; i++, rest /= 3)
			fates[i] = rest % 3;
		start(&w, &config);
		w.fates = fates;
		w.fate_count = PATTERN;
		tell(&w, DHCP_EVENT_START, 0);
		run(&w, 1000 * BTIME_S, DHCP_STATE_BOUND);
		expect_state(&w, DHCP_STATE_BOUND);
		assert_int_equal(w.reports[DHCP_REPORT_BOUND], 1);
		assert_int_equal(w.reports[DHCP_REPORT_NAK], 0);
		over(&w);
	}
}

static void test_stop(void **state)
{
	static struct world w;

	(void)state;
	start(&w, NULL);
	bind_now(&w);
	assert_int_equal(tell(&w, DHCP_EVENT_START, 0), -1);
	tell(&w, DHCP_EVENT_STOP, 0);
	expect_state(&w, DHCP_STATE_STOPPED);
	assert_int_equal(dhcp_client_due(w.client), BTIME_NEVER);
	assert_null(dhcp_client_lease(w.client));
	over(&w);
}

static void test_configurations_that_cannot_be(void **state)
{
	struct random random = random_seeded(1);
	struct dhcp_client_config config = { 0 };

	(void)state;
	assert_null(dhcp_client_new(&config));
	config.random = &random;
	config.hardware_size = 17;
	assert_null(dhcp_client_new(&config));
	config.hardware_size = 6;
	config.client_id_size = DHCP_CLIENT_ID_MAX + 1;
	assert_null(dhcp_client_new(&config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acquire),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_no_repetition),
		cmocka_unit_test(test_keep_trying),
		cmocka_unit_test(test_start_delay),
		cmocka_unit_test(test_renew_rebind_expire),
		cmocka_unit_test(test_times_of_the_server),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_reboot_gives_up_soon),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_check_and_decline),
		cmocka_unit_test(test_inform),
		cmocka_unit_test(test_on_behalf),
		cmocka_unit_test(test_wrong_replies),
		cmocka_unit_test(test_best_offer),
		cmocka_unit_test(test_every_pattern),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_configurations_that_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
