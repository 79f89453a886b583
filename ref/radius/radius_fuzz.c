// SPDX-License-Identifier: Apache-2.0
/*
 * A client under arbitrary answers. Those whose first octet is odd are signed with the secret, so
 * that what lies behind the authenticators is reached.
 */
#include <arpa/inet.h>

#include "ref/radius/radius_client.h"
#include "ref/radius/radius_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ready(void *context, struct eap_end *end)
{
	(void)context, (void)end;
}

static void answer_with(struct radius_client *client, const struct endpoint *server,
	struct view request, struct view input, bool sign)
{
	uint8_t buffer[RADIUS_MESSAGE_MAX];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct packet p;

	if (sign && wire_parse(&radius_protocol, input, &p, NULL) == 0) {
		p.header[RADIUS_IDENTIFIER] = request.data[1];
		radius_seal_answer(&p, request, VIEW("s", 1), &w);
		input = writer_view(&w);
	}
	radius_client_input(client, 0, server, input, 0, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct actions actions;
	struct random random = random_seeded(1);
	struct radius_client_config config = { .server_count = 1,
		.ports = 1,
		.random = &random,
		.ready = ready };
	uint8_t response[] = { 2, 0, 0, 6, 1, 'a' };

	endpoint_parse("192.0.2.1:1812", 0, &config.servers[0].endpoint);
	config.servers[0].secret[0] = 's';
	config.servers[0].secret_size = 1;
	struct radius_client *client = radius_client_new(&config);
	struct eap_end *end = radius_eap_new(client, &(struct radius_session){ 0 });
	end->ops->start(end);
	while (size >= 3) {
		size_t length = (size_t)(data[1] << 8 | data[2]) % (size - 2);
		if (end->output.size > 1)
			response[1] = end->output.data[1];
		end->ops->input(end, VIEW_OF(response), NULL);
		actions_clear(&actions);
		radius_client_flush(client, 0, &actions);
		if (actions.count)
			answer_with(client, &config.servers[0].endpoint, actions.list[0].data,
				VIEW(data + 3, length), data[0] & 1);
		if (end->status == EAP_SUCCESS || end->status == EAP_FAILURE)
			end->ops->start(end);
		data += 3 + length;
		size -= 3 + length;
	}
	eap_destroy(end);
	radius_client_free(client);
	return 0;
}
