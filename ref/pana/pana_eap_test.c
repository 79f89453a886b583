// SPDX-License-Identifier: Apache-2.0
/* The real EAP methods carried by PANA: who may come in comes in, nobody else leaves a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"
#include "ref/pana/pana_world_test.h"

static char dir[TEST_PATH] = "pana-eap-test";
static const uint8_t psk[EAP_PSK_SIZE] = "0123456789abcdef", other_psk[EAP_PSK_SIZE] = "x";
static struct eap_peer_config peer;
static struct eap_server_config server;
static struct eap_users *users;

static int make_credentials(void **state)
{
	char error[256];

	(void)state;
	if (!test_folder(dir) || eap_make_credentials(dir, NULL, error, sizeof(error)) < 0)
		return -1;
	return 0;
}

static int remove_credentials(void **state)
{
	(void)state;
	eap_remove_credentials(dir);
	return 0;
}

static struct eap_tls_context *tls(const char *ca, const char *who, bool is_server,
	enum eap_tls_version version)
{
	struct eap_tls_config config = eap_tls_config_default(is_server);
	char ca_file[64], pem[64], key[64], error[EAP_TLS_ERROR_MAX];

	snprintf(ca_file, sizeof(ca_file), "%s/%s.pem", dir, ca);
	snprintf(pem, sizeof(pem), "%s/%s.pem", dir, who);
	snprintf(key, sizeof(key), "%s/%s.key", dir, who);
	config.ca_file = ca_file;
	config.certificate_file = pem;
	config.key_file = key;
	config.min_version = config.max_version = version;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	if (!context)
		fail_msg("%s", error);
	return context;
}

static struct eap_end *new_peer(void *context, struct pac *pac)
{
	(void)context;
	(void)pac;
	return eap_peer_new(&peer);
}

static struct eap_end *new_server(void *context, struct paa_session *session)
{
	(void)context;
	(void)session;
	return eap_server_new(&server);
}

static void prepare(enum eap_type method)
{
	struct eap_user user = { .identity = "mn@example", .methods = { method },
		.password = "secret", .has_psk = true };

	world_init(&w, 1);
	memcpy(user.psk, psk, sizeof(psk));
	users = eap_users_new();
	assert_int_equal(eap_users_add(users, &user), 0);
	peer = (struct eap_peer_config){ .identity = "mn@example", .password = "secret", .psk = psk,
		.methods = { method }, .random = &w.random, .mtu = 1400 };
	server = (struct eap_server_config){ .lookup = eap_users_find, .lookup_context = users,
		.server_id = "paa.example", .random = &w.random, .mtu = 1400 };
	w.pac_config.eap_new = new_peer;
	w.paa_config.eap_new = new_server;
	world_begin(&w);
}

static void finish(void)
{
	world_end(&w);
	eap_tls_context_free(peer.tls);
	eap_tls_context_free(server.tls);
	eap_users_free(users);
}

static void assert_gets_in(const char *method, bool keys)
{
	authenticate();
	if (!pac_open(w.pac))
		fail_msg("client %s: %s", pac_state_name(w.pac), words(false, PANA_REPORT_FAILED));
	assert_string_equal(paa_session_method(w.session), method);
	assert_string_equal(paa_session_identity(w.session), "mn@example");
	if (!keys) {
		assert_null(pac_keys(w.pac));
		return;
	}
	assert_same_keys();
	struct pana_session_keys before = *pac_keys(w.pac);
	assert_int_equal(world_event(&w, PAC_REAUTHENTICATE), 0);
	world_settle(&w);
	assert_true(world_saw(&w, true, PANA_REPORT_REAUTHENTICATED));
	assert_same_keys();
	assert_memory_not_equal(&before, pac_keys(w.pac), sizeof(before));
}

/* Not in, and soon no trace of it on either side. */
static void assert_stays_out(void)
{
	authenticate();
	assert_false(pac_open(w.pac));
	world_run(&w, 400 * BTIME_S);
	assert_true(pac_closed(w.pac));
	assert_null(pac_keys(w.pac));
	assert_int_equal(paa_count(w.paa), 0);
	assert_int_equal(paa_half_open(w.paa), 0);
	assert_false(world_saw(&w, true, PANA_REPORT_AUTHENTICATED));
}

static void test_md5(void **state)
{
	(void)state;
	prepare(EAP_TYPE_MD5);
	assert_gets_in("EAP-MD5", false);
	finish();
	prepare(EAP_TYPE_MD5);
	peer.password = "wrong";
	assert_stays_out();
	finish();
}

static void test_psk(void **state)
{
	(void)state;
	prepare(EAP_TYPE_PSK);
	assert_gets_in("EAP-PSK", true);
	finish();
	prepare(EAP_TYPE_PSK);
	peer.psk = other_psk;
	assert_stays_out();
	/* RFC 4764 §4.1: the wrong MAC was discarded, and is the reason in the end. */
	assert_string_equal(words(true, PANA_REPORT_FAILED), "the peer has another pre-shared key");
	finish();
}

static void test_unknown_user(void **state)
{
	(void)state;
	prepare(EAP_TYPE_PSK);
	peer.identity = "nobody@example";
	assert_stays_out();
	finish();
}

static void assert_tls(enum eap_tls_version version)
{
	prepare(EAP_TYPE_TLS);
	peer.tls = tls("ca", "client", false, version);
	server.tls = tls("ca", "server", true, version);
	assert_gets_in("EAP-TLS", true);
	finish();
	/* a server that nobody the client trusts has signed; a client likewise */
	prepare(EAP_TYPE_TLS);
	peer.tls = tls("ca", "client", false, version);
	server.tls = tls("ca", "other-server", true, version);
	assert_stays_out();
	finish();
	prepare(EAP_TYPE_TLS);
	peer.tls = tls("ca", "other-client", false, version);
	server.tls = tls("ca", "server", true, version);
	assert_stays_out();
	finish();
}

static void test_tls_1_2(void **state)
{
	(void)state;
	assert_tls(EAP_TLS_1_2);
}

static void test_tls_1_3(void **state)
{
	(void)state;
	assert_tls(EAP_TLS_1_3);
}

/* A method the client does not have: it says so (Nak), and there is no other. */
static void test_no_common_method(void **state)
{
	(void)state;
	prepare(EAP_TYPE_PSK);
	peer.methods[0] = EAP_TYPE_MD5;
	assert_stays_out();
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_tls_1_2),
		cmocka_unit_test(test_tls_1_3),
		cmocka_unit_test(test_no_common_method),
	};
	return cmocka_run_group_tests(tests, make_credentials, remove_credentials);
}
