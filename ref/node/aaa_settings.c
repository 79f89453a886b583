// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "ref/node/aaa_settings.h"
#include "ref/radius/radius_client.h"

#define SERVER(member) .offset = offsetof(struct radius_server_settings, member)

static const struct config_row server_rows[] = {
	{ .key = "address", .kind = CONFIG_ENDPOINT, SERVER(address), .port = RADIUS_PORT,
	  .required = true, .help = "Where it listens." },
	{ .key = "secret", .kind = CONFIG_TEXT, SERVER(secret), .required = true, .min = 1,
	  .max = RADIUS_SECRET_MAX, .help = "Secret shared with it." },
	{ 0 },
};

#define AAA(member) .offset = offsetof(struct aaa_settings, member)

const struct config_row aaa_rows[] = {
	{ .key = "servers", .kind = CONFIG_LIST, AAA(servers), .rows = server_rows,
	  .size = sizeof(struct radius_server_settings), .required = true, .min = 1,
	  .max = RADIUS_SERVERS_MAX, .help = "RADIUS servers, tried in this order." },
	{ .key = "nas_identifier", .kind = CONFIG_TEXT, AAA(nas_identifier), .otherwise = "paa",
	  .min = 1, .max = RADIUS_ATTRIBUTE_MAX, .help = "NAS-Identifier (RFC 2865 section 5.32)." },
	{ .key = "bind", .kind = CONFIG_ENDPOINT, AAA(bind), .port = 0,
	  .help = "Address to send from. Not given: the host's choice." },
	{ .key = "timeout", .kind = CONFIG_TIME, AAA(timeout), .otherwise = "1 s", .min = 10,
	  .max = 8000, .help = "Before the first repetition; doubled each time, at most 8 s." },
	{ .key = "repetitions", .kind = CONFIG_UINT, AAA(repetitions), .otherwise = "3", .min = 1,
	  .max = 10, .help = "To one server, before the next is tried." },
	{ .key = "ports", .kind = CONFIG_UINT, AAA(ports), .otherwise = "1", .min = 1,
	  .max = RADIUS_PORTS_MAX,
	  .help = "Local ports; 256 requests can be under way through each." },
	{ 0 },
};

void aaa_settings_check(struct config *config, const struct aaa_settings *s)
{
	const struct radius_server_settings *servers = s->servers.items;

	for (size_t i = 1; i < s->servers.count; i++)
		if (servers[i].address.family != servers[0].address.family)
			config_wrong(config, &servers[i].address,
				"the servers mix IPv4 and IPv6; one of them is right");
	if (s->servers.count && s->bind.family && s->bind.family != servers[0].address.family)
		config_wrong(config, &s->bind,
			"bind and the servers mix IPv4 and IPv6; one of them is right");
}
