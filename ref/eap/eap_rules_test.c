// SPDX-License-Identifier: Apache-2.0
/* RFC 3748's rules one by one: a packet goes in, and what comes out is compared. */
#include <stdio.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_method.h"
#include "ref/eap/eap_pair.h"

static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";
static struct random randomness;

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	(void)context;
	if (strcmp(identity, "user") != 0)
		return false;
	user->methods[0] = EAP_TYPE_MD5;
	user->methods[1] = EAP_TYPE_PSK;
	strcpy(user->password, "secret");
	memcpy(user->psk, key, sizeof(key));
	user->has_psk = true;
	return true;
}

static struct eap_end *new_peer(bool keyed_only)
{
	struct eap_peer_config config = { .identity = "user", .password = "secret", .psk = key,
		.random = &randomness, .refuse_keyless = keyed_only };
	return eap_peer_new(&config);
}

static struct eap_end *new_server(void)
{
	struct eap_server_config config = { .lookup = lookup, .server_id = "server",
		.random = &randomness };
	struct eap_end *server = eap_server_new(&config);
	assert_int_equal(server->ops->start(server), EAP_OUTPUT);
	return server;
}

/* Sends a packet with that Type-Data; the reason why it was not taken. */
static enum reject_reason put(struct eap_end *end, uint8_t code, uint8_t identifier, uint32_t type,
	bool expanded, struct view data)
{
	struct eap_packet packet = { .code = code, .identifier = identifier, .type = type,
		.expanded = expanded, .data = code <= 2 ? data : VIEW_EMPTY };
	struct reject reject = { 0 };
	uint8_t room[1500];
	struct writer w = writer_of(room, sizeof(room));

	eap_encode(&packet, &w);
	end->ops->input(end, writer_view(&w), &reject);
	return reject.reason;
}

#define REQUEST(end, id, type, data) put(end, EAP_CODE_REQUEST, id, type, false, data)
#define RESPONSE(end, id, type, data) put(end, EAP_CODE_RESPONSE, id, type, false, data)
#define RESULT(end, code, id) put(end, code, id, 0, false, VIEW_EMPTY)

static void expect_output(const struct eap_end *end, const void *octets, size_t size)
{
	assert_int_equal(end->output.size, size);
	assert_memory_equal(end->output.data, octets, size);
}

static const uint8_t md5_request[] = { 4, 1, 2, 3, 4, 's' };
static const uint8_t psk_first[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	's' };

/* RFC 3748 §5.1 */
static void test_identity(void **state)
{
	struct eap_end *peer = new_peer(false);

	(void)state;
	assert_int_equal(peer->status, EAP_WAITING);
	assert_int_equal(REQUEST(peer, 9, EAP_TYPE_IDENTITY, VIEW("hello", 5)), REJECT_NONE);
	expect_output(peer, "\2\11\0\11\1user", 9);
	/* again with another identifier: a new request, answered anew */
	assert_int_equal(REQUEST(peer, 10, EAP_TYPE_IDENTITY, VIEW_EMPTY), REJECT_NONE);
	expect_output(peer, "\2\12\0\11\1user", 9);
	/* the expanded form of it is answered in its own form (§5.7) */
	assert_int_equal(put(peer, 1, 11, EAP_TYPE_IDENTITY, true, VIEW_EMPTY), REJECT_NONE);
	expect_output(peer, "\2\13\0\20\376\0\0\0\0\0\0\1user", 16);
	eap_destroy(peer);
}

/* RFC 3748 §5.2: at most 1015 octets of text, answered by an empty notification. */
static void test_notification(void **state)
{
	struct eap_end *peer = new_peer(false);
	uint8_t text[1200];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(REQUEST(peer, 1, EAP_TYPE_NOTIFICATION, VIEW_OF(text)), REJECT_NONE);
	expect_output(peer, "\2\1\0\5\2", 5);
	assert_int_equal(strlen(eap_peer_notification(peer)), 1015);
	/* in the middle of a method too */
	assert_int_equal(REQUEST(peer, 2, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_NONE);
	assert_int_equal(REQUEST(peer, 3, EAP_TYPE_NOTIFICATION, VIEW("n", 1)), REJECT_NONE);
	expect_output(peer, "\2\3\0\5\2", 5);
	assert_string_equal(eap_peer_notification(peer), "n");
	eap_destroy(peer);
}

/* RFC 3748 §5.3.1, §5.3.2 */
static void test_nak(void **state)
{
	struct eap_end *peer = new_peer(false), *keyed = new_peer(true);

	(void)state;
	assert_int_equal(REQUEST(peer, 5, 21, VIEW("x", 1)), REJECT_NONE);
	expect_output(peer, "\2\5\0\7\3\57\4", 7); /* PSK, MD5 */
	assert_int_equal(REQUEST(keyed, 5, EAP_TYPE_MD5, VIEW_OF(md5_request)), REJECT_NONE);
	expect_output(keyed, "\2\5\0\6\3\57", 6);
	assert_int_equal(put(keyed, 1, 6, 300, true, VIEW_EMPTY), REJECT_NONE);
	expect_output(keyed, "\2\6\0\24\376\0\0\0\0\0\0\3\376\0\0\0\0\0\0\57", 20);
	/* a request for Nak makes no sense */
	assert_int_equal(REQUEST(peer, 7, EAP_TYPE_NAK, VIEW_EMPTY), REJECT_STATE);
	eap_destroy(peer);
	eap_destroy(keyed);
}

/* RFC 3748 §4.1: a doubled request has the same response sent again, nothing worked on anew. */
static void test_duplicate_request(void **state)
{
	struct eap_end *peer = new_peer(false);
	uint8_t first[128];

	(void)state;
	assert_int_equal(REQUEST(peer, 5, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_NONE);
	size_t size = peer->output.size;
	memcpy(first, peer->output.data, size);
	assert_int_equal(REQUEST(peer, 5, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_NONE);
	assert_int_equal(peer->status, EAP_OUTPUT);
	expect_output(peer, first, size); /* the same RAND_P */
	eap_destroy(peer);
}

/* RFC 3748 §2.1: during a method only that method. */
static void test_one_method_only(void **state)
{
	struct eap_end *peer = new_peer(false);

	(void)state;
	assert_int_equal(REQUEST(peer, 5, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_NONE);
	assert_int_equal(REQUEST(peer, 6, EAP_TYPE_MD5, VIEW_OF(md5_request)), REJECT_STATE);
	assert_int_equal(REQUEST(peer, 6, EAP_TYPE_IDENTITY, VIEW_EMPTY), REJECT_STATE);
	assert_int_equal(RESPONSE(peer, 6, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_TYPE);
	/* and a first request that is not one leaves the choice open */
	peer->ops->start(peer);
	assert_int_equal(REQUEST(peer, 5, EAP_TYPE_MD5, VIEW("\0", 1)), REJECT_LENGTH);
	assert_int_equal(REQUEST(peer, 6, EAP_TYPE_PSK, VIEW_OF(psk_first)), REJECT_NONE);
	eap_destroy(peer);
}

/* RFC 3748 §4.2: success is believed at the end of a method, with the identifier of the last
 * response. */
static void test_success(void **state)
{
	struct eap_end *peer = new_peer(false);

	(void)state;
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 0), REJECT_STATE);
	REQUEST(peer, 1, EAP_TYPE_IDENTITY, VIEW_EMPTY);
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 1), REJECT_STATE);
	REQUEST(peer, 2, EAP_TYPE_PSK, VIEW_OF(psk_first));
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 2), REJECT_STATE);
	assert_int_equal(eap_peer_lower_layer_result(peer, true), EAP_OUTPUT);
	assert_int_equal(peer->status, EAP_OUTPUT);

	peer->ops->start(peer);
	REQUEST(peer, 7, EAP_TYPE_MD5, VIEW_OF(md5_request));
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 6), REJECT_STATE);
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 8), REJECT_STATE);
	assert_int_equal(RESULT(peer, EAP_CODE_SUCCESS, 7), REJECT_NONE);
	assert_int_equal(peer->status, EAP_SUCCESS);
	/* it is over: nothing more is taken */
	assert_int_equal(REQUEST(peer, 7, EAP_TYPE_MD5, VIEW_OF(md5_request)), REJECT_STATE);
	assert_int_equal(RESULT(peer, EAP_CODE_FAILURE, 7), REJECT_STATE);
	assert_int_equal(eap_peer_lower_layer_result(peer, false), EAP_SUCCESS);
	eap_destroy(peer);
}

static void test_failure(void **state)
{
	struct eap_end *peer = new_peer(false);

	(void)state;
	assert_int_equal(RESULT(peer, EAP_CODE_FAILURE, 0), REJECT_STATE);
	REQUEST(peer, 1, EAP_TYPE_IDENTITY, VIEW_EMPTY);
	assert_int_equal(RESULT(peer, EAP_CODE_FAILURE, 0), REJECT_STATE);
	assert_int_equal(RESULT(peer, EAP_CODE_FAILURE, 1), REJECT_NONE);
	assert_int_equal(peer->status, EAP_FAILURE);
	assert_string_equal(peer->failure, "the server refused");
	/* the carrier's word does the same */
	peer->ops->start(peer);
	assert_int_equal(peer->status, EAP_WAITING);
	assert_int_equal(eap_peer_lower_layer_result(peer, false), EAP_FAILURE);
	eap_destroy(peer);
}

/* Both ends up to the point where EAP-PSK is done and only EAP-Success is missing. */
static void finish_psk(struct eap_end **peer, struct eap_end **server)
{
	*peer = new_peer(true);
	*server = new_server();
	for (int i = 0; i < 4; i++) {
		(*peer)->ops->input(*peer, (*server)->output, NULL);
		(*server)->ops->input(*server, (*peer)->output, NULL);
	}
	assert_int_equal((*server)->status, EAP_SUCCESS);
	assert_int_equal((*peer)->status, EAP_OUTPUT);
}

/* RFC 3748 §4.2: after a protected indication of success a failure is not believed. */
static void test_failure_after_protected_success(void **state)
{
	struct eap_end *peer, *server;

	(void)state;
	finish_psk(&peer, &server);
	assert_int_equal(RESULT(peer, EAP_CODE_FAILURE, server->output.data[1]), REJECT_STATE);
	assert_int_equal(eap_peer_lower_layer_result(peer, false), EAP_OUTPUT);
	assert_int_equal(peer->ops->input(peer, server->output, NULL), EAP_SUCCESS);
	eap_destroy(peer);
	eap_destroy(server);
}

/* RFC 3748 §4.2: EAP-Success may be lost; the carrier's own word stands for it. */
static void test_lost_success(void **state)
{
	struct eap_end *peer, *server;

	(void)state;
	finish_psk(&peer, &server);
	assert_int_equal(eap_peer_lower_layer_result(peer, true), EAP_SUCCESS);
	assert_true(peer->has_key);
	assert_memory_equal(peer->msk, server->msk, EAP_MSK_SIZE);
	eap_destroy(peer);
	eap_destroy(server);
}

/* RFC 3748 §4.1: only a response, and only to the request that is out. */
static void test_server_identifiers(void **state)
{
	struct eap_end *server = new_server();
	uint8_t id = server->output.data[1];

	(void)state;
	expect_output(server, (uint8_t[]){ 1, id, 0, 5, 1 }, 5);
	assert_int_equal(RESPONSE(server, (uint8_t)(id + 1), 1, VIEW("user", 4)), REJECT_SEQUENCE);
	assert_int_equal(REQUEST(server, id, 1, VIEW("user", 4)), REJECT_TYPE);
	assert_int_equal(RESULT(server, EAP_CODE_SUCCESS, id), REJECT_TYPE);
	assert_int_equal(RESPONSE(server, id, EAP_TYPE_MD5, VIEW_OF(md5_request)), REJECT_STATE);
	assert_int_equal(RESPONSE(server, id, EAP_TYPE_NAK, VIEW("\57", 1)), REJECT_STATE);
	assert_int_equal(server->status, EAP_OUTPUT);
	assert_int_equal(RESPONSE(server, id, 1, VIEW("user", 4)), REJECT_NONE);
	/* the request after it has a new identifier, and the doubled response is late */
	assert_int_equal(server->output.data[1], (uint8_t)(id + 1));
	assert_int_equal(RESPONSE(server, id, 1, VIEW("user", 4)), REJECT_SEQUENCE);
	assert_true(view_equal(eap_server_again(server), server->output));
	eap_destroy(server);
}

static struct eap_end *server_at_method(void)
{
	struct eap_end *server = new_server();
	assert_int_equal(RESPONSE(server, server->output.data[1], 1, VIEW("user", 4)), REJECT_NONE);
	assert_int_equal(server->output.data[4], EAP_TYPE_MD5);
	return server;
}

static void test_server_nak(void **state)
{
	struct eap_end *server = server_at_method();
	uint8_t id = server->output.data[1];

	(void)state;
	/* an expanded Nak does not answer an ordinary request (§5.3.2) */
	assert_int_equal(put(server, 2, id, EAP_TYPE_NAK, true, VIEW_EMPTY), REJECT_STATE);
	assert_int_equal(RESPONSE(server, id, EAP_TYPE_NAK, VIEW("\15\57", 2)), REJECT_NONE);
	assert_int_equal(server->output.data[4], EAP_TYPE_PSK);
	/* nothing is left to propose */
	id = server->output.data[1];
	assert_int_equal(RESPONSE(server, id, EAP_TYPE_NAK, VIEW("\4", 1)), REJECT_ALGORITHM);
	assert_int_equal(server->status, EAP_FAILURE);
	expect_output(server, (uint8_t[]){ 4, id, 0, 4 }, 4);
	assert_int_equal(RESPONSE(server, id, EAP_TYPE_PSK, VIEW_EMPTY), REJECT_STATE);
	eap_destroy(server);
}

/* RFC 3748 §2.1: once the peer has taken part in the method a Nak is no answer any more. */
static void test_server_nak_too_late(void **state)
{
	struct eap_end *server = new_server(), *peer = new_peer(true);

	(void)state;
	for (int i = 0; i < 3; i++) { /* identity, Nak of MD5, second message of PSK */
		peer->ops->input(peer, server->output, NULL);
		server->ops->input(server, peer->output, NULL);
	}
	assert_int_equal(server->output.data[5], 0x80);
	assert_int_equal(RESPONSE(server, server->output.data[1], EAP_TYPE_NAK, VIEW("\4", 1)),
		REJECT_STATE);
	assert_int_equal(server->status, EAP_OUTPUT);
	eap_destroy(server);
	eap_destroy(peer);
}

static void test_server_nak_with_nothing_wanted(void **state)
{
	static const char *const naks[] = { "", "\0", "\15\31" };
	static const size_t sizes[] = { 0, 1, 2 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct eap_end *server = server_at_method();
		assert_int_equal(RESPONSE(server, server->output.data[1], EAP_TYPE_NAK,
			VIEW(naks[i], sizes[i])), REJECT_ALGORITHM);
		assert_int_equal(server->status, EAP_FAILURE);
		eap_destroy(server);
	}
}

static void test_identities_that_cannot_be(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 3; i++) {
		struct view identity = i == 0 ? VIEW(text, 254) :
				       i == 1 ? VIEW("us\0er", 5) : VIEW_EMPTY;
		struct eap_end *server = new_server();
		assert_int_equal(RESPONSE(server, server->output.data[1], 1, identity),
			REJECT_IDENTITY);
		assert_int_equal(server->status, EAP_FAILURE);
		assert_string_equal(server->identity, "");
		eap_destroy(server);
	}
}

static void test_configurations_that_cannot_be(void **state)
{
	struct eap_peer_config peer = { .identity = "user", .psk = key, .random = &randomness };
	struct eap_server_config server = { .lookup = lookup, .random = &randomness };
	char text[300] = { 0 };

	(void)state;
	memset(text, 'a', 254);
#define NO_PEER(change)                                                                            \
	do {                                                                                       \
		struct eap_peer_config kept = peer;                                                \
		change;                                                                            \
		assert_null(eap_peer_new(&peer));                                                  \
		peer = kept;                                                                       \
	} while (0)
	NO_PEER(peer.identity = NULL);
	NO_PEER(peer.identity = text);
	NO_PEER(peer.anonymous = text);
	NO_PEER(peer.random = NULL);
	NO_PEER(peer.mtu = 63);
	NO_PEER(peer.mtu = EAP_MTU_MAX + 1);
	NO_PEER(peer.psk = NULL);
	NO_PEER(peer.methods[0] = EAP_TYPE_TLS);
	NO_PEER(peer.psk = NULL; peer.password = "x"; peer.refuse_keyless = true);
#undef NO_PEER
	server.mtu = 63;
	assert_null(eap_server_new(&server));
	server.mtu = 0;
	server.lookup = NULL;
	assert_null(eap_server_new(&server));
	server.lookup = lookup;
	server.random = NULL;
	assert_null(eap_server_new(&server));
}

/* Every row names its section, and no row hides behind an earlier one that is the same. */
static void test_rows(void **state)
{
	const struct fsm *const machines[] = { &eap_peer_fsm, &eap_server_fsm };

	(void)state;
	for (int m = 0; m < 2; m++)
		for (unsigned i = 0; i < machines[m]->count; i++) {
			const struct fsm_row *row = &machines[m]->rows[i];
			assert_non_null(strstr(row->section, "RFC "));
			for (unsigned k = 0; k < i; k++)
				assert_false(machines[m]->rows[k].from == row->from &&
					machines[m]->rows[k].event == row->event &&
					machines[m]->rows[k].guard == row->guard);
		}
}

static int seed(void **state)
{
	(void)state;
	randomness = random_seeded(4);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, seed),
		cmocka_unit_test_setup(test_notification, seed),
		cmocka_unit_test_setup(test_nak, seed),
		cmocka_unit_test_setup(test_duplicate_request, seed),
		cmocka_unit_test_setup(test_one_method_only, seed),
		cmocka_unit_test_setup(test_success, seed),
		cmocka_unit_test_setup(test_failure, seed),
		cmocka_unit_test_setup(test_failure_after_protected_success, seed),
		cmocka_unit_test_setup(test_lost_success, seed),
		cmocka_unit_test_setup(test_server_identifiers, seed),
		cmocka_unit_test_setup(test_server_nak, seed),
		cmocka_unit_test_setup(test_server_nak_too_late, seed),
		cmocka_unit_test_setup(test_server_nak_with_nothing_wanted, seed),
		cmocka_unit_test_setup(test_identities_that_cannot_be, seed),
		cmocka_unit_test_setup(test_configurations_that_cannot_be, seed),
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
