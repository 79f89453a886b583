// SPDX-License-Identifier: Apache-2.0
/* The client and its pass-through against a server made of the same tables. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/radius/radius_client.h"
#include "ref/radius/radius_message.h"

static const char secret[] = "testing123";
static const uint8_t identity_response[] = { 2, 0, 0, 8, 1, 'm', 'n', '1' };

struct world {
	struct random random;
	struct radius_client *client;
	struct endpoint server, second;
	struct eap_end *end;
	struct actions actions;
	unsigned ready;
	uint8_t request[RADIUS_MESSAGE_MAX];
	size_t request_size;
};

static void ready(void *context, struct eap_end *end)
{
	struct world *w = context;
	assert_ptr_equal(end, w->end);
	w->ready++;
}

static void world_begin(struct world *w, unsigned servers)
{
	struct radius_client_config config = { .server_count = servers,
		.ports = 1,
		.nas_identifier = "nas",
		.random = &w->random,
		.context = w,
		.ready = ready };

	memset(w, 0, sizeof(*w));
	w->random = random_seeded(1);
	endpoint_parse("192.0.2.1:1812", 0, &w->server);
	endpoint_parse("192.0.2.2:1812", 0, &w->second);
	for (unsigned i = 0; i < servers; i++) {
		config.servers[i].endpoint = i ? w->second : w->server;
		config.servers[i].secret_size = sizeof(secret) - 1;
		memcpy(config.servers[i].secret, secret, sizeof(secret) - 1);
	}
	w->client = radius_client_new(&config);
	w->end = radius_eap_new(w->client,
		&(struct radius_session){ .calling_station = "02-00-00-00-00-01" });
}

static void world_end(struct world *w)
{
	eap_destroy(w->end);
	radius_client_free(w->client);
}

/* The peer answers the identity request; the request that follows is kept. */
static void ask(struct world *w)
{
	uint8_t response[sizeof(identity_response)];

	assert_int_equal(w->end->ops->start(w->end), EAP_OUTPUT);
	assert_int_equal(w->end->output.data[4], 1);
	memcpy(response, identity_response, sizeof(response));
	response[1] = w->end->output.data[1];
	assert_int_equal(w->end->ops->input(w->end, VIEW_OF(response), NULL), EAP_WAITING);
	actions_clear(&w->actions);
	radius_client_flush(w->client, 0, &w->actions);
	assert_int_equal(w->actions.count, 1);
	w->request_size = w->actions.list[0].data.size;
	memcpy(w->request, w->actions.list[0].data.data, w->request_size);
}

struct reply {
	const char *message;
	struct view eap;
	bool keys;
};

static struct view make_answer(const struct world *w, const struct reply *reply, uint8_t *buffer,
	const char *with_secret)
{
	struct packet p = packet_named(&radius_protocol, reply->message);
	struct writer out = writer_of(buffer, RADIUS_MESSAGE_MAX);
	struct view request = VIEW(w->request, w->request_size), key = view_text(with_secret);
	uint8_t msk[64], values[2][128];

	for (unsigned i = 0; i < sizeof(msk); i++)
		msk[i] = (uint8_t)i;
	p.header[RADIUS_IDENTIFIER] = w->request[1];
	radius_add_eap_message(&p, reply->eap);
	packet_add(&p, 0, RADIUS_STATE, view_text("state!"));
	for (unsigned i = 0; i < 2 && reply->keys; i++) {
		struct writer v = writer_of(values[i], sizeof(values[i]));
		radius_mppe_encrypt(i ? MS_MPPE_SEND_KEY : MS_MPPE_RECV_KEY, VIEW(msk + 32 * i, 32),
			(uint16_t)(7 + i), request, key, &v);
		packet_add(&p, 0, RADIUS_VENDOR_SPECIFIC, writer_view(&v));
	}
	radius_seal_answer(&p, request, key, &out);
	assert_false(out.failed);
	return writer_view(&out);
}

static int answer(struct world *w, const struct reply *reply, const char *with_secret,
	struct reject *why)
{
	uint8_t buffer[RADIUS_MESSAGE_MAX];
	return radius_client_input(w->client, 0, &w->server,
		make_answer(w, reply, buffer, with_secret), 0, why);
}

static const uint8_t success[] = { 3, 9, 0, 4 }, failure[] = { 4, 9, 0, 4 };

static void a_request_has_what_a_server_needs(void **state)
{
	struct world w;
	struct packet p;
	uint8_t eap[64];
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	assert_int_equal(wire_decode(&radius_protocol, VIEW(w.request, w.request_size), &p, NULL),
		0);
	assert_int_equal(p.elements[0].code, RADIUS_MESSAGE_AUTHENTICATOR);
	assert_true(view_equal(packet_find(&p, 0, RADIUS_USER_NAME)->value, view_text("mn1")));
	assert_int_equal(radius_eap_message(&p, eap, sizeof(eap)), sizeof(identity_response));
	world_end(&w);
}

static void success_carries_the_keys(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	struct reply accept = { "Access-Accept", VIEW_OF(success), true };
	assert_int_equal(answer(&w, &accept, secret, NULL), 0);
	assert_int_equal(w.ready, 1);
	assert_int_equal(w.end->status, EAP_SUCCESS);
	assert_true(w.end->has_key);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(w.end->msk[i], i);
	world_end(&w);
}

static void a_challenge_goes_on_with_its_state(void **state)
{
	struct world w;
	uint8_t eap[700] = { 1, 77, 700 >> 8, 700 & 255, 13, 0x20 };
	uint8_t response[6] = { 2, 77, 0, 6, 13, 0 };
	struct packet p;
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	struct reply challenge = { "Access-Challenge", VIEW_OF(eap), false };
	assert_int_equal(answer(&w, &challenge, secret, NULL), 0);
	assert_int_equal(w.end->status, EAP_OUTPUT);
	assert_true(view_equal(w.end->output, VIEW_OF(eap)));

	response[1] = 76; /* not the Identifier that was asked with */
	w.end->ops->input(w.end, VIEW_OF(response), NULL);
	assert_int_equal(w.end->status, EAP_OUTPUT);
	response[1] = 77;
	assert_int_equal(w.end->ops->input(w.end, VIEW_OF(response), NULL), EAP_WAITING);
	actions_clear(&w.actions);
	radius_client_flush(w.client, 0, &w.actions);
	assert_int_equal(wire_decode(&radius_protocol, w.actions.list[0].data, &p, NULL), 0);
	assert_true(view_equal(packet_find(&p, 0, RADIUS_STATE)->value, view_text("state!")));
	world_end(&w);
}

static void refusals_and_forgeries(void **state)
{
	struct world w;
	struct reject why = { 0 };
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	struct reply accept = { "Access-Accept", VIEW_OF(success), true };
	struct reply refuse = { "Access-Reject", VIEW_OF(failure), false };
	assert_int_equal(answer(&w, &accept, "another secret", &why), -1);
	assert_int_equal(why.reason, REJECT_INTEGRITY);
	assert_int_equal(w.end->status, EAP_WAITING);
	assert_int_equal(answer(&w, &refuse, secret, NULL), 0);
	assert_int_equal(w.end->status, EAP_FAILURE);
	why.reason = REJECT_NONE; /* the same answer again finds nobody waiting */
	assert_int_equal(answer(&w, &refuse, secret, &why), -1);
	assert_int_equal(why.reason, REJECT_SEQUENCE);
	world_end(&w);
}

/* Each octet of a good answer changed: none is taken. */
static void no_changed_answer_is_taken(void **state)
{
	struct world w;
	uint8_t buffer[RADIUS_MESSAGE_MAX];
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	struct reply accept = { "Access-Accept", VIEW_OF(success), true };
	struct view good = make_answer(&w, &accept, buffer, secret);
	for (size_t i = 0; i < good.size; i++) {
		buffer[i] ^= 0x40;
		assert_int_equal(radius_client_input(w.client, 0, &w.server, good, 0, NULL), -1);
		buffer[i] ^= 0x40;
	}
	assert_int_equal(radius_client_input(w.client, 0, &w.second, good, 0, NULL), -1);
	assert_int_equal(radius_client_input(w.client, 0, &w.server, good, 0, NULL), 0);
	world_end(&w);
}

/* RFC 3579 §2.6.3: the code of the answer decides, and the EAP packet is passed on as it is. */
static void the_code_decides_and_not_the_eap_inside(void **state)
{
	static const struct {
		const char *message;
		struct view eap;
		enum eap_status status;
	} rows[] = {
		{ "Access-Accept", VIEW_OF(failure), EAP_SUCCESS },
		{ "Access-Accept", VIEW_OF(success), EAP_SUCCESS },
		{ "Access-Reject", VIEW_OF(success), EAP_FAILURE },
		{ "Access-Reject", VIEW_OF(failure), EAP_FAILURE },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;
		world_begin(&w, 1);
		ask(&w);
		struct reply reply = { rows[i].message, rows[i].eap, false };
		assert_int_equal(answer(&w, &reply, secret, NULL), 0);
		assert_int_equal(w.end->status, rows[i].status);
		assert_true(view_equal(w.end->output, rows[i].eap));
		world_end(&w);
	}
}

/* RFC 3579 §2.2: what is no EAP request is not passed on; octets behind its Length neither. */
static void a_challenge_is_looked_at_before_it_is_passed_on(void **state)
{
	static const struct {
		size_t size;
		uint8_t octets[8];
		size_t passed; /* octets; 0: none */
	} rows[] = {
		{ 6, { 1, 9, 0, 6, 4, 1 }, 6 },
		{ 8, { 1, 9, 0, 6, 4, 1, 7, 7 }, 6 },
		{ 6, { 1, 9, 0, 7, 4, 1 }, 0 },
		{ 6, { 1, 9, 0, 0, 4, 1 }, 0 },
		{ 6, { 1, 9, 0xff, 0xff, 4, 1 }, 0 },
		{ 4, { 1, 9, 0, 4 }, 0 },
		{ 3, { 1, 9, 0 }, 0 },
		{ 6, { 0, 9, 0, 6, 4, 1 }, 0 },
		{ 6, { 2, 9, 0, 6, 4, 1 }, 0 },
		{ 4, { 3, 9, 0, 4 }, 0 },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;
		world_begin(&w, 1);
		ask(&w);
		struct view eap = VIEW(rows[i].octets, rows[i].size);
		struct reply challenge = { "Access-Challenge", eap, false };
		assert_int_equal(answer(&w, &challenge, secret, NULL), 0);
		assert_int_equal(w.end->status, rows[i].passed ? EAP_OUTPUT : EAP_FAILURE);
		if (rows[i].passed)
			assert_true(view_equal(w.end->output, VIEW(eap.data, rows[i].passed)));
		world_end(&w);
	}
}

/* RFC 2865 §3: 4096 octets and no more; what follows Length is padding. */
static void lengths_have_a_bound(void **state)
{
	uint8_t octets[5000] = { RADIUS_ACCESS_ACCEPT, 0, 0x10, 0x00 };
	struct packet p;
	(void)state;
	for (size_t at = RADIUS_MESSAGE_MIN; at < RADIUS_MESSAGE_MAX; at += 254) {
		size_t left = RADIUS_MESSAGE_MAX - at;
		octets[at] = RADIUS_PROXY_STATE;
		octets[at + 1] = (uint8_t)(left < 254 ? left : 254);
	}
	struct view datagram = VIEW(octets, RADIUS_MESSAGE_MAX);
	assert_int_equal(radius_decode(&datagram, &p, NULL), 0);
	datagram = VIEW_OF(octets);
	assert_int_equal(radius_decode(&datagram, &p, NULL), 0);
	assert_int_equal(datagram.size, RADIUS_MESSAGE_MAX);
	struct reject why = { 0 };
	octets[3] = 2; /* and a good attribute at the end */
	octets[RADIUS_MESSAGE_MAX] = RADIUS_PROXY_STATE;
	octets[RADIUS_MESSAGE_MAX + 1] = 2;
	datagram = VIEW(octets, RADIUS_MESSAGE_MAX + 2);
	assert_int_equal(radius_decode(&datagram, &p, &why), -1);
	assert_int_equal(why.reason, REJECT_LENGTH);
}

static void silence_tries_every_server_and_ends(void **state)
{
	struct world w;
	unsigned sent[2] = { 1, 0 };
	(void)state;
	world_begin(&w, 2);
	ask(&w);
	while (radius_client_due(w.client) != BTIME_NEVER) {
		actions_clear(&w.actions);
		radius_client_tick(w.client, radius_client_due(w.client), &w.actions);
		for (unsigned i = 0; i < w.actions.count; i++)
			sent[endpoint_equal(&w.actions.list[i].peer, &w.second)]++;
	}
	assert_int_equal(sent[0], 4);
	assert_int_equal(sent[1], 4);
	assert_int_equal(w.end->status, EAP_FAILURE);
	assert_int_equal(w.ready, 1);
	world_end(&w);
}

static void an_end_may_go_while_its_request_is_under_way(void **state)
{
	struct world w;
	(void)state;
	world_begin(&w, 1);
	ask(&w);
	eap_destroy(w.end);
	w.end = NULL;
	struct reply accept = { "Access-Accept", VIEW_OF(success), true };
	assert_int_equal(answer(&w, &accept, secret, NULL), -1);
	assert_int_equal(w.ready, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_what_a_server_needs),
		cmocka_unit_test(success_carries_the_keys),
		cmocka_unit_test(a_challenge_goes_on_with_its_state),
		cmocka_unit_test(refusals_and_forgeries),
		cmocka_unit_test(no_changed_answer_is_taken),
		cmocka_unit_test(the_code_decides_and_not_the_eap_inside),
		cmocka_unit_test(a_challenge_is_looked_at_before_it_is_passed_on),
		cmocka_unit_test(lengths_have_a_bound),
		cmocka_unit_test(silence_tries_every_server_and_ends),
		cmocka_unit_test(an_end_may_go_while_its_request_is_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
