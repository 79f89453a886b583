// SPDX-License-Identifier: Apache-2.0
/*
 * EAP-TLS packets made from the input go to a peer or a server, with the identifier that is
 * expected so that they get to the method. TLS draws its own random numbers: a finding may need
 * several tries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/eap/eap_credentials.h"
#include "ref/eap/eap_method.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eap_tls_context *contexts[2];

static bool lookup(void *context, const char *identity, struct eap_user *user)
{
	(void)context;
	(void)identity;
	user->methods[0] = EAP_TYPE_TLS;
	return true;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char dir[] = "/tmp/eap-tls-fuzz-XXXXXX", ca[64], pem[64], key[64];
	char error[EAP_TLS_ERROR_MAX] = "no folder";

	(void)argc;
	(void)argv;
	must(mkdtemp(dir) && eap_make_credentials(dir, NULL, error, sizeof(error)) == 0, error);
	for (int server = 0; server < 2; server++) {
		struct eap_tls_config config = eap_tls_config_default(server);
		snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
		snprintf(pem, sizeof(pem), "%s/%s.pem", dir, server ? "server" : "client");
		snprintf(key, sizeof(key), "%s/%s.key", dir, server ? "server" : "client");
		config.ca_file = ca;
		config.certificate_file = pem;
		config.key_file = key;
		contexts[server] = eap_tls_context_new(&config, error, sizeof(error));
		must(contexts[server], error);
	}
	eap_remove_credentials(dir);
	return 0;
}

/* Packets of the input, each with its length before it, until there is no more. */
static void feed(struct eap_end *end, bool server, struct reader *input, uint8_t identifier)
{
	while (reader_left(input)) {
		uint8_t room[EAP_MTU_MAX];
		struct writer w = writer_of(room, sizeof(room));
		struct reject reject = { 0 };
		size_t size = read_u8(input);
		struct eap_packet packet = { .code = server ? 2 : 1, .type = EAP_TYPE_TLS };

		packet.identifier = server ? end->output.data[1] : identifier++;
		packet.data = read_view(input,
			size < reader_left(input) ? size : reader_left(input));
		eap_encode(&packet, &w);
		end->ops->input(end, writer_view(&w), &reject);
		if (end->status == EAP_SUCCESS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct random random = random_seeded(1);
	struct reader input = reader_of(VIEW(data, size));
	uint8_t first = read_u8(&input);
	bool server = first & 1;
	size_t mtu = EAP_MTU_MIN + (first & 2 ? 1000 : 0);
	struct eap_peer_config peer_config = { .identity = "user", .tls = contexts[0],
		.random = &random, .mtu = mtu };
	struct eap_server_config server_config = { .lookup = lookup, .identity = "user",
		.tls = contexts[1], .random = &random, .mtu = mtu };
	struct eap_end *end = server ? eap_server_new(&server_config) : eap_peer_new(&peer_config);
	const uint8_t start[] = { 1, 0, 0, 6, EAP_TYPE_TLS, 0x20 };

	end->ops->start(end);
	if (!server && !(first & 4))
		end->ops->input(end, VIEW_OF(start), NULL);
	feed(end, server, &input, 1);
	eap_destroy(end);
	return 0;
}
