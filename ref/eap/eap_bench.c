// SPDX-License-Identifier: Apache-2.0
/* Conversations a second, both ends in one thread, and what a server's end costs when it is over. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_server.h"

#define SESSIONS 10000

static const uint8_t key[EAP_PSK_SIZE] = "0123456789abcdef";

struct bench {
	const char *name;
	enum eap_type method;
	enum eap_tls_version version;
	bool resume;
	unsigned count;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "eap_bench: %s\n", what);
	exit(1);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	const struct bench *bench = context;

	(void)identity;
	user->methods[0] = bench->method;
	strcpy(user->password, "secret");
	user->has_psk = true;
	memcpy(user->psk, key, sizeof(key));
	return true;
}

static struct eap_tls_context *tls_of(const struct bench *bench, const char *dir, bool server)
{
	struct eap_tls_config config = eap_tls_config_default(server);
	char ca[64], pem[64], file[64], error[EAP_TLS_ERROR_MAX];

	snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
	snprintf(pem, sizeof(pem), "%s/%s.pem", dir, server ? "server" : "client");
	snprintf(file, sizeof(file), "%s/%s.key", dir, server ? "server" : "client");
	config.ca_file = ca;
	config.certificate_file = pem;
	config.key_file = file;
	config.min_version = config.max_version = bench->version;
	config.resumption = bench->resume;
	struct eap_tls_context *context = eap_tls_context_new(&config, error, sizeof(error));
	must(context, error);
	return context;
}

static void converse(struct eap_end *peer, struct eap_end *server)
{
	server->ops->start(server);
	for (unsigned i = 0; i < 32 && server->status == EAP_OUTPUT; i++) {
		peer->ops->input(peer, server->output, NULL);
		server->ops->input(server, peer->output, NULL);
	}
	peer->ops->input(peer, server->output, NULL);
	must(peer->status == EAP_SUCCESS && server->status == EAP_SUCCESS, "no success");
}

static void run(struct bench *bench, const char *dir)
{
	struct random random = random_system();
	struct eap_peer_config peer = { .identity = "user", .password = "secret", .psk = key,
		.methods = { bench->method }, .random = &random, .mtu = 1400 };
	struct eap_server_config server = { .lookup = lookup, .lookup_context = bench,
		.server_id = "server", .random = &random, .mtu = 1400 };
	struct eap_end *kept[SESSIONS];

	if (bench->method == EAP_TYPE_TLS) {
		peer.tls = tls_of(bench, dir, false);
		server.tls = tls_of(bench, dir, true);
	}
	size_t before = mallinfo2().uordblks;
	double began = seconds();
	for (unsigned i = 0; i < bench->count; i++) {
		struct eap_end *end = eap_peer_new(&peer);
		kept[i] = eap_server_new(&server);
		converse(end, kept[i]);
		eap_destroy(end);
	}
	double took = seconds() - began;
	size_t each = (mallinfo2().uordblks - before) / bench->count;
	printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"conversations/s\"}\n", bench->name,
		bench->count / took);
	if (bench->count == SESSIONS)
		printf("{\"name\": \"%s, server's end afterwards\", \"value\": %zu, "
		       "\"unit\": \"octets\"}\n", bench->name, each);
	for (unsigned i = 0; i < bench->count; i++)
		eap_destroy(kept[i]);
	eap_tls_context_free(peer.tls);
	eap_tls_context_free(server.tls);
}

int main(void)
{
	struct bench benches[] = {
		{ "EAP-MD5", EAP_TYPE_MD5, 0, false, SESSIONS },
		{ "EAP-PSK", EAP_TYPE_PSK, 0, false, SESSIONS },
		{ "EAP-TLS 1.2", EAP_TYPE_TLS, EAP_TLS_1_2, false, 300 },
		{ "EAP-TLS 1.3", EAP_TYPE_TLS, EAP_TLS_1_3, false, 300 },
		{ "EAP-TLS 1.3 resumed", EAP_TYPE_TLS, EAP_TLS_1_3, true, 300 },
	};
	char dir[] = "/tmp/eap-bench-XXXXXX", error[256] = "no folder";

	must(mkdtemp(dir) && eap_make_credentials(dir, NULL, error, sizeof(error)) == 0, error);
	for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++)
		run(&benches[i], dir);
	eap_remove_credentials(dir);
	return 0;
}
