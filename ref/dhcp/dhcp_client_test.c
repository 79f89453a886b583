// SPDX-License-Identifier: Apache-2.0
/* The client against a server of a few lines, over a path that loses and doubles, on a made-up
 * clock. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ref/dhcp/dhcp_client_inside.h"

#define ADDRESS 0xc0000264 /* 192.0.2.100 */
#define SERVER 0xc0000201
#define LEASE 3600

enum fate { PASS, LOSE, DOUBLE };

/* A client, what it sent and reported last, and what its server does. */
struct world {
	struct dhcp_client *client;
	struct random random;
	btime now;
	const uint8_t *fates; /* of the first datagrams, either way */
	unsigned fate_count, passed;
	bool silent, refuse, other_address;
	unsigned sent, reports[DHCP_REPORT_REJECTED + 1];
	struct action last;	/* sent */
	uint8_t octets[DHCP_MESSAGE_MAX];
	struct dhcp_packet seen; /* `last`, decoded */
	enum reject_reason rejected;
	uint32_t lease_seconds, t1, t2;
};

static void start(struct world *w, const struct dhcp_client_config *config)
{
	struct dhcp_client_config c = config ? *config : (struct dhcp_client_config){ 0 };

	memset(w, 0, sizeof(*w));
	w->random = random_seeded(7);
	w->lease_seconds = LEASE;
	c.random = &w->random;
	memcpy(c.hardware, "\2\0\0\0\0\1", 6);
	c.client_id_size = 7;
	memcpy(c.client_id, "\1\2\0\0\0\0\1", 7);
	if (c.start_delay_max == 0)
		c.start_delay_max = -1;
	w->client = dhcp_client_new(&c);
	assert_non_null(w->client);
}

static bool passes(struct world *w, unsigned *copies)
{
	enum fate fate = w->passed < w->fate_count ? w->fates[w->passed] : PASS;

	w->passed++;
	*copies = fate == DOUBLE ? 2 : 1;
	return fate != LOSE;
}

static void take_actions(struct world *w, const struct actions *a);

static void to_client(struct world *w, const struct dhcp_packet *packet)
{
	uint8_t room[DHCP_MESSAGE_MAX];
	struct writer out = writer_of(room, sizeof(room));
	unsigned copies;

	dhcp_encode(packet, &out);
	assert_false(out.failed);
	if (!passes(w, &copies))
		return;
	for (unsigned i = 0; i < copies; i++) {
		struct actions a;
		actions_clear(&a);
		dhcp_client_input(w->client, writer_view(&out), w->now, &a);
		take_actions(w, &a);
	}
}

static void put(uint8_t out[4], uint32_t value)
{
	struct writer w = writer_of(out, 4);
	write_u32(&w, value);
}

/* What the server says to `request`, of that type. */
static void answer(struct world *w, const struct dhcp_packet *request, unsigned type)
{
	uint8_t server[4], lease[4], mask[4], t1[4], t2[4];
	struct dhcp_packet p = dhcp_packet_of(type);

	p.packet.header[DHCP_XID] = request->packet.header[DHCP_XID];
	p.packet.header[DHCP_FLAGS] = request->packet.header[DHCP_FLAGS];
	p.packet.header[DHCP_GIADDR] = request->packet.header[DHCP_GIADDR];
	memcpy(p.chaddr, request->chaddr, sizeof(p.chaddr));
	put(server, SERVER);
	put(lease, w->lease_seconds);
	put(mask, 0xffffff00);
	put(t1, w->t1);
	put(t2, w->t2);
	dhcp_add(&p, DHCP_OPTION_SERVER_ID, VIEW_OF(server));
	if (type != DHCP_NAK && dhcp_type(request) != DHCP_INFORM) {
		p.packet.header[DHCP_YIADDR] = ADDRESS + w->other_address;
		dhcp_add(&p, DHCP_OPTION_LEASE_TIME, VIEW_OF(lease));
		if (w->t1)
			dhcp_add(&p, DHCP_OPTION_RENEWAL_TIME, VIEW_OF(t1));
		if (w->t2)
			dhcp_add(&p, DHCP_OPTION_REBINDING_TIME, VIEW_OF(t2));
	}
	dhcp_add(&p, DHCP_OPTION_SUBNET_MASK, VIEW_OF(mask));
	dhcp_add(&p, DHCP_OPTION_ROUTER, VIEW_OF(server));
	dhcp_add(&p, 224, view_text("private"));
	to_client(w, &p);
}

static void serve(struct world *w, const struct dhcp_packet *request)
{
	switch (dhcp_type(request)) {
	case DHCP_DISCOVER:
		answer(w, request, DHCP_OFFER);
		break;
	case DHCP_REQUEST:
		answer(w, request, w->refuse ? DHCP_NAK : DHCP_ACK);
		break;
	case DHCP_INFORM:
		answer(w, request, DHCP_ACK);
		break;
	default:
		break;
	}
}

/* A datagram of the client is on its way. */
static void sent(struct world *w, const struct action *action)
{
	uint8_t octets[DHCP_MESSAGE_MAX];
	struct dhcp_packet request;
	unsigned copies;

	assert_in_range(action->data.size, DHCP_MESSAGE_MIN, DHCP_MESSAGE_MAX);
	memcpy(octets, action->data.data, action->data.size);
	memcpy(w->octets, octets, action->data.size);
	w->sent++;
	w->last = *action;
	w->last.data = VIEW(w->octets, action->data.size);
	assert_int_equal(dhcp_decode(w->last.data, &w->seen, NULL), 0);
	assert_int_equal(dhcp_decode(VIEW(octets, action->data.size), &request, NULL), 0);
	if (w->silent || !passes(w, &copies))
		return;
	for (unsigned i = 0; i < copies; i++)
		serve(w, &request);
}

static void take_actions(struct world *w, const struct actions *a)
{
	assert_false(a->overflowed);
	for (unsigned i = 0; i < a->count; i++) {
		if (a->list[i].kind == ACTION_SEND) {
			sent(w, &a->list[i]);
			continue;
		}
		w->reports[a->list[i].event]++;
		w->rejected = a->list[i].reject.reason;
	}
}

static int tell(struct world *w, enum dhcp_event_kind kind, uint32_t address)
{
	struct dhcp_event event = { kind, address };
	struct actions a;

	actions_clear(&a);
	int result = dhcp_client_event(w->client, &event, w->now, &a);
	take_actions(w, &a);
	return result;
}

/* Lets time pass until `until`, or until the state is `state`. */
static void run(struct world *w, btime until, int state)
{
	while ((int)dhcp_client_state(w->client) != state) {
		btime due = dhcp_client_due(w->client);
		if (due > until)
			break;
		if (due > w->now)
			w->now = due;
		struct actions a;
		actions_clear(&a);
		dhcp_client_tick(w->client, w->now, &a);
		take_actions(w, &a);
	}
	if ((int)dhcp_client_state(w->client) != state && w->now < until && until != BTIME_NEVER)
		w->now = until;
}

static void expect_state(const struct world *w, enum dhcp_state state)
{
	if (dhcp_client_state(w->client) != state)
		print_error("expected %s, was %s\n", dhcp_state_name(state),
			dhcp_state_name(dhcp_client_state(w->client)));
	assert_int_equal(dhcp_client_state(w->client), state);
}

static void expect_peer(const struct world *w, const char *local, const char *peer)
{
	char text[64];

	assert_string_equal(endpoint_text(&w->last.local, text, sizeof(text)), local);
	assert_string_equal(endpoint_text(&w->last.peer, text, sizeof(text)), peer);
}

static void bind_now(struct world *w)
{
	tell(w, DHCP_EVENT_START, 0);
	run(w, BTIME_NEVER, DHCP_STATE_BOUND);
	expect_state(w, DHCP_STATE_BOUND);
}

static void over(struct world *w)
{
	dhcp_client_free(w->client);
}

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
