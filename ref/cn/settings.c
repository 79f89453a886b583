// SPDX-License-Identifier: Apache-2.0
#include "ref/binding/binding.h"
#include "ref/cn/settings.h"

#define PEER(member) .offset = offsetof(struct peer_settings, member)

static const struct config_row peer_rows[] = {
	{ .key = "home", .kind = CONFIG_ADDRESS, PEER(home), .required = true,
	  .help = "Home address that may be bound." },
	{ .key = "key_id", .kind = CONFIG_UINT, PEER(key_id), .required = true,
	  .help = "Key Identifier." },
	{ .key = "key", .kind = CONFIG_OCTETS, PEER(key), .required = true, .min = BINDING_KEY_MIN,
	  .max = BINDING_KEY_MAX, .help = "Key shared with the mobile node." },
	{ .key = "on_behalf", .kind = CONFIG_BOOL, PEER(on_behalf),
	  .help = "May name a care-of address that is not the source of its message." },
	{ 0 },
};

#define AT(member) .offset = offsetof(struct cn_settings, member)

const struct config_row cn_rows[] = {
	PROGRAM_ROWS("cn", "/run/baton/cn.sock"),
	{ .key = "listen", .kind = CONFIG_ENDPOINT, AT(listen), .otherwise = "0.0.0.0",
	  .port = BINDING_PORT, .help = "Where binding updates come in." },
	{ .key = "address", .kind = CONFIG_ADDRESS, AT(address), .required = true,
	  .help = "This node's address: outer source of the tunnels, inner source of its packets." },
	{ .key = "lifetime_max", .kind = CONFIG_UINT, AT(lifetime_max), .otherwise = "3600",
	  .min = 1, .max = 86400, .help = "Longest binding, seconds." },
	{ .key = "peers", .kind = CONFIG_LIST, AT(peers), .rows = peer_rows, .required = true,
	  .size = sizeof(struct peer_settings), .min = 1, .max = 1000, .help = "Who may bind." },
	{ 0 },
};

void cn_check(struct config *config, void *settings)
{
	const struct cn_settings *s = settings;
	const struct peer_settings *peers = s->peers.items;

	if (s->address.family != AF_INET)
		config_wrong(config, &s->address, "tunnels are IPv4 in IPv4; give an IPv4 address");
	for (size_t i = 0; i < s->peers.count; i++) {
		if (peers[i].home.family != AF_INET)
			config_wrong(config, &peers[i].home,
				"tunnels are IPv4 in IPv4; give an IPv4 home address");
		for (size_t j = 0; j < i; j++)
			if (address_equal(&peers[i].home, &peers[j].home))
				config_wrong(config, &peers[i].home,
					"this home address stands in peers twice; once is right");
	}
}
