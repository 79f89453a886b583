// SPDX-License-Identifier: Apache-2.0
/*
 * Both engines under arbitrary datagrams. The first octet of the input chooses: as they are, or
 * sealed with the right key so that what lies behind the authenticator is reached too.
 */
#include <arpa/inet.h>

#include "ref/binding/binding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct binding_key key = { .id = 7, .size = 16, .octets = "0123456789abcdef" };

static struct view sealed(struct view datagram, uint8_t *buffer, size_t size)
{
	struct packet p;
	struct writer w = writer_of(buffer, size);

	if (wire_decode(&binding_protocol, datagram, &p, NULL) < 0)
		return datagram;
	p.header[BINDING_KEY_ID] = key.id;
	binding_seal(&p, VIEW(key.octets, key.size), &w);
	return w.failed ? datagram : writer_view(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct actions actions;
	uint8_t buffer[2048];
	struct random random = random_seeded(1);
	struct endpoint peer, home, local;

	endpoint_parse("192.0.2.1", BINDING_PORT, &peer);
	endpoint_parse("198.51.100.1", 0, &home);
	endpoint_parse("203.0.113.1", BINDING_PORT, &local);
	struct binding peers[] = { { .home = home, .key = key, .on_behalf = true } };
	struct binding_server server;
	struct binding_client client;
	binding_server_begin(&server,
		&(struct binding_server_config){ .peers = peers,
			.peer_count = 1,
			.random = &random });
	binding_client_begin(&client,
		&(struct binding_client_config){ .home = home,
			.correspondent = peer,
			.key = key,
			.lifetime = 60 });
	actions_clear(&actions);
	binding_client_update(&client, &home, 0, &actions);

	btime now = 0;
	while (size >= 2) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;
		struct view v = VIEW(data + 2, length);
		if (data[0] & 1)
			v = sealed(v, buffer, sizeof(buffer));
		actions_clear(&actions);
		binding_server_input(&server, &local, &peer, v, now, &actions);
		binding_client_input(&client, &peer, v, now, &actions);
		now += data[0] * BTIME_S;
		binding_server_tick(&server, now, &actions);
		binding_client_tick(&client, now, &actions);
		if (actions.overflowed)
			__builtin_trap();
		data += 2 + length;
		size -= 2 + length;
	}
	binding_client_end(&client);
	binding_server_end(&server);
	return 0;
}
