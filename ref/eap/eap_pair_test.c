// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "ref/base/crypto.h"
#include "ref/eap/eap_pair.h"

static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";
static const uint8_t other_key[EAP_PSK_SIZE] = "fedcba9876543210";

static struct eap_users *users(void)
{
	struct eap_users *table = eap_users_new();
	struct eap_user md5 = { .identity = "md5@example", .methods = { EAP_TYPE_MD5 },
		.password = "secret" };
	struct eap_user psk = { .identity = "psk@example", .methods = { EAP_TYPE_PSK },
		.has_psk = true };
	struct eap_user both = { .identity = "both@example",
		.methods = { EAP_TYPE_PSK, EAP_TYPE_MD5 }, .password = "secret", .has_psk = true };
	struct eap_user tls = { .identity = "tls@example",
		.methods = { EAP_TYPE_TLS, EAP_TYPE_MD5 }, .password = "secret" };

	memcpy(psk.psk, key, sizeof(key));
	memcpy(both.psk, key, sizeof(key));
	assert_int_equal(eap_users_add(table, &md5), 0);
	assert_int_equal(eap_users_add(table, &psk), 0);
	assert_int_equal(eap_users_add(table, &both), 0);
	assert_int_equal(eap_users_add(table, &tls), 0);
	assert_int_equal(eap_users_add(table, &tls), -1);
	return table;
}

static struct eap_peer_config peer_of(const char *identity)
{
	return (struct eap_peer_config){ .identity = identity, .password = "secret", .psk = key };
}

/* Both ends over a path with these fates; the users' table and the ends are freed by over(). */
struct setting {
	struct pair pair;
	struct eap_users *users;
};

static void begin(struct setting *s, struct eap_peer_config peer,
	struct eap_server_config server, const uint8_t *fates, unsigned count)
{
	memset(s, 0, sizeof(*s));
	s->users = users();
	s->pair.random = random_seeded(1);
	s->pair.fates = fates;
	s->pair.fate_count = count;
	peer.random = server.random = &s->pair.random;
	server.lookup = eap_users_find;
	server.lookup_context = s->users;
	if (!server.server_id)
		server.server_id = "server.example";
	s->pair.peer = eap_peer_new(&peer);
	s->pair.server = eap_server_new(&server);
	assert_non_null(s->pair.peer);
	assert_non_null(s->pair.server);
}

static void over(struct setting *s)
{
	pair_free(&s->pair);
	eap_users_free(s->users);
}

static const struct eap_server_config plain_server;

static void test_md5(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, peer_of("md5@example"), plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_int_equal(s.pair.peer->status, EAP_SUCCESS);
	assert_int_equal(s.pair.server->status, EAP_SUCCESS);
	assert_false(s.pair.peer->has_key || s.pair.server->has_key);
	assert_string_equal(s.pair.server->identity, "md5@example");
	assert_string_equal(s.pair.server->method, "EAP-MD5");
	assert_string_equal(s.pair.peer->method, "EAP-MD5");
	over(&s);
}

static void test_md5_wrong_password(void **state)
{
	struct eap_peer_config peer = peer_of("md5@example");
	struct setting s;

	(void)state;
	peer.password = "secreT";
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_both_fail(&s.pair);
	over(&s);
}

static void test_psk(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, peer_of("psk@example"), plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	assert_int_equal(s.pair.peer->session_id_size, 33);
	assert_int_equal(s.pair.peer->session_id[0], EAP_TYPE_PSK);
	assert_string_equal(s.pair.peer->method, "EAP-PSK");
	over(&s);
}

/* The same seed gives the same keys, another seed others. */
static void test_psk_is_deterministic(void **state)
{
	uint8_t msk[2][EAP_MSK_SIZE];
	struct setting s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(&s, peer_of("psk@example"), plain_server, NULL, 0);
		pair_run(&s.pair);
		memcpy(msk[i], s.pair.peer->msk, EAP_MSK_SIZE);
		over(&s);
	}
	assert_memory_equal(msk[0], msk[1], EAP_MSK_SIZE);
	begin(&s, peer_of("psk@example"), plain_server, NULL, 0);
	s.pair.random = random_seeded(2);
	pair_run(&s.pair);
	assert_memory_not_equal(msk[0], s.pair.peer->msk, EAP_MSK_SIZE);
	over(&s);
}

static void test_psk_wrong_key(void **state)
{
	struct eap_peer_config peer = peer_of("psk@example");
	struct setting s;

	(void)state;
	peer.psk = other_key;
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	/* RFC 4764 §4.1: no answer; how long to wait for one is the carrier's to know */
	assert_int_equal(s.pair.server->status, EAP_OUTPUT);
	assert_int_not_equal(s.pair.peer->status, EAP_SUCCESS);
	assert_false(s.pair.server->has_key);
	assert_false(s.pair.peer->has_key);
	assert_string_equal(s.pair.server->failure, "the peer has another pre-shared key");
	over(&s);
}

static void test_psk_wrong_server_identity(void **state)
{
	struct eap_peer_config peer = peer_of("psk@example");
	struct setting s;

	(void)state;
	peer.server_id = "other.example";
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_int_equal(s.pair.peer->status, EAP_FAILURE);
	assert_false(s.pair.peer->has_key);
	assert_int_not_equal(s.pair.server->status, EAP_SUCCESS);
	over(&s);
}

/* ID_P of EAP-PSK is what counts, not the Identity response (RFC 4764 §4.1). */
static void test_psk_behind_an_anonymous_identity(void **state)
{
	struct eap_peer_config peer = peer_of("psk@example");
	struct setting s;

	(void)state;
	peer.anonymous = "both@example";
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	assert_string_equal(s.pair.server->identity, "psk@example");
	over(&s);
}

static void test_unknown_user(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, peer_of("nobody@example"), plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_both_fail(&s.pair);
	assert_string_equal(s.pair.server->failure, "nobody has this identity");
	over(&s);
}

/* RFC 3748 §5.3.1: a peer that wants another method says which; the server takes that. */
static void test_nak_leads_to_another_method(void **state)
{
	struct eap_peer_config peer = peer_of("both@example");
	struct setting s;

	(void)state;
	peer.methods[0] = EAP_TYPE_MD5;
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_int_equal(s.pair.server->status, EAP_SUCCESS);
	assert_string_equal(s.pair.server->method, "EAP-MD5");
	over(&s);
}

static void test_nak_without_a_common_method(void **state)
{
	static const char *const identities[] = { "psk@example", "tls@example" };
	struct eap_peer_config peer;
	struct setting s;

	(void)state;
	peer = peer_of("psk@example");
	peer.methods[0] = EAP_TYPE_MD5;
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_both_fail(&s.pair);
	over(&s);

	peer = peer_of("md5@example");
	peer.methods[0] = EAP_TYPE_PSK;
	begin(&s, peer, plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_both_fail(&s.pair);
	over(&s);

	/* a keyed carrier's peer never does EAP-MD5, whatever the user's row says */
	for (int i = 0; i < 2; i++) {
		peer = peer_of(identities[i]);
		peer.refuse_keyless = true;
		begin(&s, peer, plain_server, NULL, 0);
		pair_run(&s.pair);
		if (i == 0)
			assert_same_keys(&s.pair);
		else
			assert_both_fail(&s.pair);
		over(&s);
	}
}

static void test_notification(void **state)
{
	struct eap_server_config server = { .notification = "Maintenance at noon" };
	struct setting s;

	(void)state;
	begin(&s, peer_of("psk@example"), server, NULL, 0);
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	assert_string_equal(eap_peer_notification(s.pair.peer), "Maintenance at noon");
	over(&s);
}

/* The carrier may know the identity: then the method's request is the first. */
static void test_identity_known_before(void **state)
{
	struct eap_server_config server = { .identity = "psk@example" };
	struct setting s;

	(void)state;
	begin(&s, peer_of("psk@example"), server, NULL, 0);
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	over(&s);

	server.identity = "nobody@example";
	begin(&s, peer_of("psk@example"), server, NULL, 0);
	pair_run(&s.pair);
	assert_int_equal(s.pair.server->status, EAP_FAILURE);
	over(&s);
}

/* start() again on both ends: re-authentication, with other keys. */
static void test_again(void **state)
{
	uint8_t msk[EAP_MSK_SIZE];
	struct setting s;

	(void)state;
	begin(&s, peer_of("psk@example"), plain_server, NULL, 0);
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	memcpy(msk, s.pair.peer->msk, sizeof(msk));
	pair_run(&s.pair);
	assert_same_keys(&s.pair);
	assert_memory_not_equal(msk, s.pair.peer->msk, sizeof(msk));
	over(&s);
}

#define PATTERN 6

/* Every way in which the first six packets can be lost, doubled or held back: the result is the
 * one without, and both ends have it. */
static void every_pattern(const char *identity, bool keyed, bool right)
{
	unsigned count = 1 << 2 * PATTERN;

	for (unsigned n = 0; n < count; n++) {
		struct eap_peer_config peer = peer_of(identity);
		uint8_t fates[PATTERN];
		struct setting s;
		for (unsigned i = 0; i < PATTERN; i++)
			fates[i] = n >> 2 * i & 3;
		if (!right) {
			peer.psk = other_key;
			peer.password = "wrong";
		}
		begin(&s, peer, plain_server, fates, PATTERN);
		pair_run(&s.pair);
		if ((s.pair.server->status == EAP_SUCCESS) != right ||
			(s.pair.peer->status == EAP_SUCCESS) != right)
			print_error("%s, pattern %04x: server %d, peer %d\n", identity, n,
				s.pair.server->status, s.pair.peer->status);
		assert_int_equal(s.pair.server->status == EAP_SUCCESS, right);
		assert_int_equal(s.pair.peer->status == EAP_SUCCESS, right);
		assert_int_equal(s.pair.peer->has_key || s.pair.server->has_key, right && keyed);
		if (right && keyed)
			assert_same_keys(&s.pair);
		over(&s);
	}
}

static void test_every_pattern_psk(void **state)
{
	(void)state;
	every_pattern("psk@example", true, true);
}

static void test_every_pattern_md5(void **state)
{
	(void)state;
	every_pattern("md5@example", false, true);
}

static void test_every_pattern_wrong_secret(void **state)
{
	(void)state;
	every_pattern("psk@example", true, false);
}

static void test_users(void **state)
{
	struct eap_users *table = eap_users_new();
	struct eap_user user = { .identity = "*" }, found;
	char name[64];

	(void)state;
	assert_false(eap_users_find(table, "a@example", &found));
	assert_int_equal(eap_users_add(table, &user), 0);
	strcpy(user.identity, "*@example");
	assert_int_equal(eap_users_add(table, &user), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(user.identity, sizeof(user.identity), "u%d@example", i);
		snprintf(user.password, sizeof(user.password), "p%d", i);
		assert_int_equal(eap_users_add(table, &user), 0);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "u%d@example", i);
		assert_true(eap_users_find(table, name, &found));
		assert_string_equal(found.identity, name);
	}
	assert_true(eap_users_find(table, "x@example", &found));
	assert_string_equal(found.identity, "*@example");
	assert_true(eap_users_find(table, "x@elsewhere", &found));
	assert_string_equal(found.identity, "*");
	user.identity[0] = '\0';
	assert_int_equal(eap_users_add(table, &user), -1);
	eap_users_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_md5_wrong_password),
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_psk_is_deterministic),
		cmocka_unit_test(test_psk_wrong_key),
		cmocka_unit_test(test_psk_wrong_server_identity),
		cmocka_unit_test(test_psk_behind_an_anonymous_identity),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_nak_leads_to_another_method),
		cmocka_unit_test(test_nak_without_a_common_method),
		cmocka_unit_test(test_notification),
		cmocka_unit_test(test_identity_known_before),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_every_pattern_psk),
		cmocka_unit_test(test_every_pattern_md5),
		cmocka_unit_test(test_every_pattern_wrong_secret),
		cmocka_unit_test(test_users),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
