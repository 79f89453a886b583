// SPDX-License-Identifier: Apache-2.0
/*
 * Sessions resumed across contexts, as across programs: RFC 5216 §2.1.2, RFC 9190 §2.1.3. Every case
 * runs with TLS 1.2 and 1.3.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_pair.h"

static char dir[TEST_PATH] = "eap-sessions-test";
static char file[64];
static unsigned warnings;
static const uint8_t secret[16] = "0123456789abcdef", other_secret[16] = "fedcba9876543210";
static const enum eap_tls_version versions[] = { EAP_TLS_1_2, EAP_TLS_1_3 };

#define EACH_VERSION(v)                                                                            \
	(void)state;                                                                               \
	unlink(file);                                                                              \
	for (unsigned v = 0; v < 2; unlink(file), v++)

/* What differs from the ordinary: client.pem, the file, the secret, no CRL. */
struct setting {
	const char *client, *file, *server_name;
	const uint8_t *secret;
	bool with_crl;
	unsigned lifetime;
};

static void warn(void *context, const char *sentence)
{
	(void)context;
	assert_non_null(strstr(sentence, ": "));
	warnings++;
}

static struct eap_tls_context *context_of(const struct setting *s, bool server, unsigned v)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	const char *name = server ? "server" : s->client ? s->client : "client";
	char ca[256], certificate[256], key[256], crl[256], error[EAP_TLS_ERROR_MAX];

	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	snprintf(certificate, sizeof(certificate), "%s/%s.pem", dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", dir, name);
	snprintf(crl, sizeof(crl), "%s/crl.pem", dir);
	config.ca_file = ca;
	config.certificate_file = certificate;
	config.key_file = key;
	config.crl_file = server && s->with_crl ? crl : NULL;
	config.peer_name = server ? NULL : s->server_name;
	config.min_version = config.max_version = versions[v];
	config.session_file = server ? NULL : s->file;
	config.session_lifetime = s->lifetime;
	config.ticket_secret = s->secret;
	config.ticket_secret_size = server && s->secret ? 16 : 0;
	config.warn = warn;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	if (!context)
		print_error("%s\n", error);
	assert_non_null(context);
	return context;
}

/* A conversation between those two, keys compared. Its cost to the peer. */
static struct eap_cost talk_with(struct eap_tls_context *server, struct eap_tls_context *client,
	bool works, uint8_t msk[EAP_MSK_SIZE])
{
	struct eap_user user = { .identity = "*", .methods = { EAP_TYPE_TLS } };
	struct eap_users *users = eap_users_new();
	struct pair p = { .random = random_seeded(1) };

	eap_users_add(users, &user);
	p.peer = eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example", .tls = client,
		.random = &p.random });
	p.server = eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = users, .tls = server, .random = &p.random });
	pair_run(&p);
	if (works) {
		assert_same_keys(&p);
		memcpy(msk, p.peer->msk, EAP_MSK_SIZE);
		assert_string_equal(p.server->identity, "mn@example");
		assert_int_equal(p.peer->cost.resumed, p.server->cost.resumed);
		/* all but EAP-Success is answered */
		assert_int_equal(p.peer->cost.rounds, p.server->cost.rounds);
		assert_int_equal(p.peer->cost.octets, p.server->cost.octets);
	} else {
		assert_both_fail(&p);
	}
	struct eap_cost cost = p.peer->cost;
	pair_free(&p);
	eap_users_free(users);
	return cost;
}

/* The same with contexts of their own, as programs have. */
static struct eap_cost talk(const struct setting *server, const struct setting *client, unsigned v)
{
	struct eap_tls_context *s = context_of(server, true, v), *c = context_of(client, false, v);
	uint8_t msk[EAP_MSK_SIZE];
	struct eap_cost cost = talk_with(s, c, true, msk);

	eap_tls_context_free(s);
	eap_tls_context_free(c);
	return cost;
}

static const struct setting keeping = { .file = file }, issuing = { .secret = secret };

static void test_another_program_resumes(void **state)
{
	EACH_VERSION(v) {
		struct eap_tls_context *server = context_of(&issuing, true, v);
		uint8_t msk[3][EAP_MSK_SIZE];
		struct eap_cost cost[3];
		struct stat st;

		for (int i = 0; i < 3; i++) {
			struct eap_tls_context *client = context_of(&keeping, false, v);
			cost[i] = talk_with(server, client, true, msk[i]);
			assert_int_equal(eap_tls_sessions(client), 1);
			eap_tls_context_free(client);
			assert_int_equal(stat(file, &st), 0);
			assert_int_equal(st.st_mode & 0777, 0600);
		}
		assert_false(cost[0].resumed);
		assert_true(cost[1].resumed && cost[2].resumed);
		assert_true(cost[1].rounds < cost[0].rounds);
		assert_true(cost[1].octets < cost[0].octets);
		/* RFC 5216 §2.3, RFC 9190 §2.3: other keys each time. */
		assert_memory_not_equal(msk[0], msk[1], EAP_MSK_SIZE);
		assert_memory_not_equal(msk[1], msk[2], EAP_MSK_SIZE);
		eap_tls_context_free(server);
	}
	assert_int_equal(warnings, 0);
}

/* The server knows nothing of the session any more, or never did: in full, and in again. */
static void test_refused_goes_on_in_full(void **state)
{
	EACH_VERSION(v) {
		const struct setting other = { .secret = other_secret };
		assert_false(talk(&issuing, &keeping, v).resumed);
		assert_false(talk(&other, &keeping, v).resumed);
		assert_true(talk(&other, &keeping, v).resumed);
		assert_false(talk(&(struct setting){ 0 }, &keeping, v).resumed);
	}
}

static void test_servers_that_share_a_secret(void **state)
{
	EACH_VERSION(v) {
		assert_false(talk(&issuing, &keeping, v).resumed);
		assert_true(talk(&issuing, &keeping, v).resumed);
	}
}

/* A session is not offered by whom it does not belong to, nor when its time is over. */
static void test_sessions_of_others(void **state)
{
	EACH_VERSION(v) {
		struct setting named = { .file = file, .server_name = "server.example" };
		struct setting other = { .file = file, .client = "revoked-client" };
		struct setting brief = { .secret = secret, .lifetime = 1 };

		assert_false(talk(&issuing, &keeping, v).resumed);
		assert_false(talk(&issuing, &other, v).resumed);
		assert_false(talk(&issuing, &named, v).resumed);
		/* and theirs have not taken the place of the first */
		assert_true(talk(&issuing, &keeping, v).resumed);
		unlink(file);
		talk(&brief, &keeping, v);
		sleep(2);
		assert_false(talk(&brief, &keeping, v).resumed);
	}
}

/* RFC 9190 §5.7: revoked since. The ticket is good, the certificate is not. */
static void test_revoked_since(void **state)
{
	EACH_VERSION(v) {
		const struct setting revoked = { .file = file, .client = "revoked-client" };
		const struct setting strict = { .secret = secret, .with_crl = true };
		uint8_t msk[EAP_MSK_SIZE];

		talk(&issuing, &revoked, v);
		assert_true(talk(&issuing, &revoked, v).resumed);
		struct eap_tls_context *server = context_of(&strict, true, v);
		struct eap_tls_context *client = context_of(&revoked, false, v);
		assert_false(talk_with(server, client, false, msk).resumed);
		eap_tls_context_free(client);
		eap_tls_context_free(server);
		/* what was offered in vain is not offered again */
		assert_false(talk(&issuing, &revoked, v).resumed);
	}
}

/* Two conversations that begin together: TLS 1.3 has one ticket, and each comes to its end. */
static void test_two_at_once(void **state)
{
	EACH_VERSION(v) {
		struct eap_tls_context *server = context_of(&issuing, true, v);
		struct eap_tls_context *a = context_of(&keeping, false, v);
		struct eap_tls_context *b = context_of(&keeping, false, v);
		uint8_t msk[EAP_MSK_SIZE];

		assert_false(talk_with(server, a, true, msk).resumed);
		for (int i = 0; i < 6; i++)
			assert_true(talk_with(server, i % 2 ? a : b, true, msk).resumed);
		eap_tls_context_free(a);
		eap_tls_context_free(b);
		eap_tls_context_free(server);
	}
}

static void write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Whatever stands in the file, the node gets in, and the file is good again. */
static void test_bad_files(void **state)
{
	static const char *const bad[] = { "", "rubbish\n",
		("-----BEGIN SSL SESSION PARAMETERS-----\nAAAA\n"
		 "-----END SSL SESSION PARAMETERS-----\n"),
		"-----BEGIN SSL SESSION PARAMETERS-----\nMIGE" };

	EACH_VERSION(v) {
		for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			write_file(bad[i]);
			assert_false(talk(&issuing, &keeping, v).resumed);
			assert_true(talk(&issuing, &keeping, v).resumed);
		}
	}
	assert_int_equal(warnings, 0);
}

static void test_places_that_cannot_be_written(void **state)
{
	struct eap_tls_config config = eap_tls_config_default(false);
	const struct setting nowhere = { .file = "/nonexistent/folder/sessions" };
	char error[EAP_TLS_ERROR_MAX], ca[256];

	(void)state;
	talk(&issuing, &nowhere, 1);
	assert_int_equal(warnings, 1);
	warnings = 0;
	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	config.ca_file = ca;
	config.session_file = "/dev/null/sessions";
	assert_null(eap_tls_context_new(&config, error, sizeof(error)));
	assert_non_null(strstr(error, "/dev/null/sessions: "));
}

/* A server that resumes and then says no: the next conversation is one in full. */
static void test_refused_after_resumption(void **state)
{
	struct eap_tls_context *server = context_of(&issuing, true, 0);
	struct eap_tls_context *client = context_of(&keeping, false, 0);
	struct eap_user user = { .identity = "*", .methods = { EAP_TYPE_TLS } };
	struct eap_users *users = eap_users_new();
	struct pair p = { .random = random_seeded(1) };
	uint8_t msk[EAP_MSK_SIZE];

	(void)state;
	unlink(file);
	eap_users_add(users, &user);
	talk_with(server, client, true, msk);
	p.peer = eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example", .tls = client,
		.random = &p.random });
	p.server = eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = users, .tls = server, .random = &p.random });
	p.server->ops->start(p.server);
	while (!p.peer->cost.resumed) {
		p.peer->ops->input(p.peer, p.server->output, NULL);
		if (!p.peer->cost.resumed)
			p.server->ops->input(p.server, p.peer->output, NULL);
	}
	assert_int_equal(eap_peer_lower_layer_result(p.peer, false), EAP_FAILURE);
	assert_int_equal(eap_tls_sessions(client), 0);
	assert_false(talk_with(server, client, true, msk).resumed);
	pair_free(&p);
	eap_users_free(users);
	eap_tls_context_free(server);
	eap_tls_context_free(client);
	unlink(file);
}

static int setup(void **state)
{
	char error[256];

	(void)state;
	if (!test_folder(dir) || eap_make_credentials(dir, NULL, error, sizeof(error)) < 0)
		return -1;
	snprintf(file, sizeof(file), "%s.sessions", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	return eap_remove_credentials(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_program_resumes),
		cmocka_unit_test(test_refused_goes_on_in_full),
		cmocka_unit_test(test_servers_that_share_a_secret),
		cmocka_unit_test(test_sessions_of_others),
		cmocka_unit_test(test_revoked_since),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_places_that_cannot_be_written),
		cmocka_unit_test(test_refused_after_resumption),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
