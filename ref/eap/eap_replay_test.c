// SPDX-License-Identifier: Apache-2.0
/*
 * Replayed and reordered EAP: what one end said in a conversation that ended well is given to a fresh
 * end in every order, once and twice, with the Identifier that this end waits for, as somebody would who
 * listens on the wire. No order leads to success, a key, or anything but a clean wait or failure.
 */
#include <stdlib.h>

#include "ref/base/test_folder.h"
#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_pair.h"

#define RECORD_MAX 8
#define RECORD_SIZE 2048

static char dir[TEST_PATH] = "eap-replay-test";
static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";
static struct eap_users *users;
static struct eap_tls_context *server_tls, *client_tls;
static enum eap_type method;

struct record {
	unsigned count;
	size_t size[RECORD_MAX];
	uint8_t octets[RECORD_MAX][RECORD_SIZE];
};

static struct eap_tls_context *context_of(bool server, enum eap_tls_version version)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	char ca[64], certificate[64], file[64], error[EAP_TLS_ERROR_MAX];
	const char *name = server ? "server" : "client";

	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	snprintf(certificate, sizeof(certificate), "%s/%s.pem", dir, name);
	snprintf(file, sizeof(file), "%s/%s.key", dir, name);
	config.ca_file = ca;
	config.certificate_file = certificate;
	config.key_file = file;
	config.min_version = config.max_version = version;
	config.resumption = false;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	assert_non_null(context);
	return context;
}

static struct eap_end *new_peer(struct random *random)
{
	return eap_peer_new(&(struct eap_peer_config){ .identity = "mn@example", .psk = key,
		.password = "secret", .tls = client_tls, .methods = { method }, .random = random,
		.mtu = 1500 });
}

static struct eap_end *new_server(struct random *random)
{
	return eap_server_new(&(struct eap_server_config){ .lookup = eap_users_find,
		.lookup_context = users, .server_id = "server.example", .tls = server_tls,
		.random = random, .mtu = 1500 });
}

static void keep(struct record *r, struct view packet)
{
	assert_true(r->count < RECORD_MAX && packet.size <= RECORD_SIZE);
	memcpy(r->octets[r->count], packet.data, packet.size);
	r->size[r->count++] = packet.size;
}

/* A conversation that ends well, both sides of it. */
static void record(struct record *requests, struct record *responses)
{
	struct random random = random_seeded(1);
	struct eap_end *peer = new_peer(&random), *server = new_server(&random);

	server->ops->start(server);
	while (server->status == EAP_OUTPUT) {
		keep(requests, server->output);
		peer->ops->input(peer, server->output, NULL);
		keep(responses, peer->output);
		server->ops->input(server, peer->output, NULL);
	}
	keep(requests, server->output);
	assert_int_equal(server->status, EAP_SUCCESS);
	peer->ops->input(peer, server->output, NULL);
	assert_int_equal(peer->status, EAP_SUCCESS);
	eap_destroy(peer);
	eap_destroy(server);
}

/* One recorded packet, its Identifier the one that the end looks for. */
static void give(struct eap_end *end, const struct record *r, unsigned i, uint8_t identifier)
{
	uint8_t octets[RECORD_SIZE];
	struct reject reject = { 0 };

	memcpy(octets, r->octets[i], r->size[i]);
	octets[1] = identifier;
	end->ops->input(end, VIEW(octets, r->size[i]), &reject);
}

static void assert_not_in(const struct eap_end *end, const unsigned *order, unsigned count)
{
	if (end->status == EAP_SUCCESS || end->has_key)
		for (unsigned i = 0; i < count; i++)
			print_error("packet %u\n", order[i]);
	assert_int_not_equal(end->status, EAP_SUCCESS);
	assert_false(end->has_key);
}

static unsigned orders;

static void replay_to_server(const struct record *r, const unsigned *order, unsigned count,
	unsigned times)
{
	struct random random = random_seeded(100 + orders++);
	struct eap_end *server = new_server(&random);

	server->ops->start(server);
	for (unsigned i = 0; i < count; i++)
		for (unsigned n = 0; n < times; n++)
			if (server->status == EAP_OUTPUT)
				give(server, r, order[i], server->output.data[1]);
	assert_not_in(server, order, count);
	eap_destroy(server);
}

static void replay_to_peer(const struct record *r, const unsigned *order, unsigned count,
	unsigned times)
{
	struct random random = random_seeded(100 + orders++);
	struct eap_end *peer = new_peer(&random);
	uint8_t identifier = 1;

	for (unsigned i = 0; i < count; i++)
		for (unsigned n = 0; n < times; n++)
			/* a result has the Identifier of the last request, a request a new one */
			give(peer, r, order[i],
				r->octets[order[i]][0] == EAP_CODE_REQUEST ? ++identifier :
									     identifier);
	assert_not_in(peer, order, count);
	eap_destroy(peer);
}

/* Every order of every choice of packets (Heap's algorithm over the whole, cut at each length). */
static void every_order(const struct record *r, unsigned *order, unsigned n,
	void (*replay)(const struct record *, const unsigned *, unsigned, unsigned))
{
	if (n <= 1) {
		for (unsigned count = 1; count <= r->count; count++)
			for (unsigned times = 1; times <= 2; times++)
				replay(r, order, count, times);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		every_order(r, order, n - 1, replay);
		unsigned other = n % 2 ? 0 : i, swap = order[other];
		order[other] = order[n - 1];
		order[n - 1] = swap;
	}
}

static void replay_all(enum eap_type type, enum eap_tls_version version)
{
	struct eap_user user = { .identity = "mn@example", .methods = { type },
		.password = "secret", .has_psk = true };
	struct record requests = { 0 }, responses = { 0 };
	unsigned order[RECORD_MAX];

	method = type;
	memcpy(user.psk, key, sizeof(key));
	users = eap_users_new();
	eap_users_add(users, &user);
	server_tls = version ? context_of(true, version) : NULL;
	client_tls = version ? context_of(false, version) : NULL;
	orders = 0;
	record(&requests, &responses);
	for (unsigned i = 0; i < RECORD_MAX; i++)
		order[i] = i;
	every_order(&responses, order, responses.count, replay_to_server);
	if (type != EAP_TYPE_MD5) { /* which proves nothing of the server */
		for (unsigned i = 0; i < RECORD_MAX; i++)
			order[i] = i;
		every_order(&requests, order, requests.count, replay_to_peer);
	}
	assert_true(orders >= 8);
	eap_tls_context_free(server_tls);
	eap_tls_context_free(client_tls);
	eap_users_free(users);
}

static void test_psk(void **state)
{
	(void)state;
	replay_all(EAP_TYPE_PSK, 0);
}

static void test_md5(void **state)
{
	(void)state;
	replay_all(EAP_TYPE_MD5, 0);
}

static void test_tls_1_2(void **state)
{
	(void)state;
	replay_all(EAP_TYPE_TLS, EAP_TLS_1_2);
}

static void test_tls_1_3(void **state)
{
	(void)state;
	replay_all(EAP_TYPE_TLS, EAP_TLS_1_3);
}

static int setup(void **state)
{
	char error[256];

	(void)state;
	return test_folder(dir) && eap_make_credentials(dir, NULL, error, sizeof(error)) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return eap_remove_credentials(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_tls_1_2),
		cmocka_unit_test(test_tls_1_3),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
