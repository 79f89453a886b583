// SPDX-License-Identifier: Apache-2.0
/*
 * The client against a server of a few lines, over a path that loses and doubles, on a made-up
 * clock. For tests alone.
 */
#ifndef BATON_DHCP_DHCP_WORLD_H
#define BATON_DHCP_DHCP_WORLD_H

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

/* A client, stopped, and its server. `config` NULL: defaults. Without a start delay unless one is
 * set. */
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

/* Whether the next datagram arrives, and in how many copies. */
static bool passes(struct world *w, unsigned *copies)
{
	enum fate fate = w->passed < w->fate_count ? w->fates[w->passed] : PASS;

	w->passed++;
	*copies = fate == DOUBLE ? 2 : 1;
	return fate != LOSE;
}

/* Below. */
static void take_actions(struct world *w, const struct actions *a);

/* The server's message on its way to the client. */
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

/* A number in network byte order. */
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

/* What the server does with a request, as `refuse` says. */
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

/* For each: sends what is to be sent, counts what is reported. */
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

/* An event for the client. What dhcp_client_event returns. */
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

/* Ends the test unless the client is in that state. */
static void expect_state(const struct world *w, enum dhcp_state state)
{
	if (dhcp_client_state(w->client) != state)
		print_error("expected %s, was %s\n", dhcp_state_name(state),
			dhcp_state_name(dhcp_client_state(w->client)));
	assert_int_equal(dhcp_client_state(w->client), state);
}

/* Ends the test unless the last datagram went from and to these, as endpoint_text says them. */
static void expect_peer(const struct world *w, const char *local, const char *peer)
{
	char text[64];

	assert_string_equal(endpoint_text(&w->last.local, text, sizeof(text)), local);
	assert_string_equal(endpoint_text(&w->last.peer, text, sizeof(text)), peer);
}

/* Takes the client to BOUND. */
static void bind_now(struct world *w)
{
	tell(w, DHCP_EVENT_START, 0);
	run(w, BTIME_NEVER, DHCP_STATE_BOUND);
	expect_state(w, DHCP_STATE_BOUND);
}

/* Frees the client. */
static void over(struct world *w)
{
	dhcp_client_free(w->client);
}

#endif
