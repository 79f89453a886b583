// SPDX-License-Identifier: Apache-2.0
/* Station and server under arbitrary streams, cut into arbitrary pieces. */
#include <arpa/inet.h>

#include "ref/dot1x/dxi_client.h"
#include "ref/dot1x/dxi_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eap_end *no_peer(void *context)
{
	(void)context;
	return NULL;
}

static struct eap_end *no_server(void *context, const struct dxi_port *port)
{
	(void)context, (void)port;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct actions actions;
	static const uint8_t mac[6] = { 0 };
	struct dxi_client client;
	struct dxi_server_config config = { .bssid_count = 2, .eap_new = no_server };
	struct endpoint peer;
	btime now = 0;

	if (size < 1)
		return 0;
	config.proxy = data[0] & 1;
	struct dxi_server *server = dxi_server_new(&config);
	endpoint_parse("192.0.2.1:1", 0, &peer);
	actions_clear(&actions);
	struct dxi_connection *c = dxi_server_accept(server, &peer, now, &actions);
	dxi_client_begin(&client, &(struct dxi_client_config){ .eap_new = no_peer });
	actions_clear(&actions);
	dxi_client_authenticate(&client, mac, now, &actions);
	dxi_client_connected(&client, now, &actions);
	data++, size--;
	while (size >= 2) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;
		struct view piece = VIEW(data + 2, length);
		actions_clear(&actions);
		if (data[0] & 1)
			dxi_server_lan_input(server, piece, now, &actions);
		else
			dxi_server_input(server, c, piece, now, &actions);
		actions_clear(&actions);
		dxi_client_input(&client, piece, now, &actions);
		now += (data[0] >> 1) * 100 * BTIME_MS;
		actions_clear(&actions);
		dxi_server_tick(server, now, &actions);
		dxi_client_tick(&client, now, &actions);
		data += 2 + length;
		size -= 2 + length;
	}
	dxi_client_end(&client);
	dxi_server_free(server);
	return 0;
}
