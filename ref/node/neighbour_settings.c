// SPDX-License-Identifier: Apache-2.0
#include "ref/node/neighbour_settings.h"

#define AT(member) .offset = offsetof(struct neighbour_settings, member)

#define ROWS                                                                                       \
	{ .key = "bssid", .kind = CONFIG_MAC, AT(bssid), .required = true, .help = "Its BSSID." }, \
	{ .key = "address", .kind = CONFIG_ADDRESS, AT(address), .required = true,                 \
	  .help = "Its IP address, or that of the proxy that stands in for it." },                 \
	{ .key = "prefix", .kind = CONFIG_PREFIX, AT(prefix),                                      \
	  .help = "The subnet that the address is in." },                                          \
	{ .key = "agent", .kind = CONFIG_ENDPOINT, AT(agent), .port = PANA_PORT,                   \
	  .help = "The PANA agent of its network." },                                              \
	{ .key = "domain", .kind = CONFIG_TEXT, AT(domain), .min = 1, .max = AP_INFO_DOMAIN_MAX,   \
	  .help = "The domain that it belongs to." }

const struct config_row neighbour_rows[] = { ROWS, { 0 } };

const struct config_row neighbour_named_rows[] = {
	ROWS,
	{ .key = "name", .kind = CONFIG_TEXT, AT(name), .min = 1, .max = 32,
	  .help = "What commands may call it." },
	{ .key = "ssid", .kind = CONFIG_TEXT, AT(ssid), .min = 1, .max = 32,
	  .help = "Name of its network." },
	{ 0 },
};

static void check_one(struct config *config, const struct neighbour_settings *s)
{
	static const uint8_t nothing[6];
	struct endpoint address = endpoint_of_prefix(&s->address, 0);
	struct prefix network = prefix_network(&s->prefix);

	if ((s->bssid[0] & 1) || memcmp(s->bssid, nothing, 6) == 0)
		config_wrong(config, s->bssid, "this is nobody's BSSID; give that of one station");
	if (!ap_info_good_address(&address))
		config_wrong(config, &s->address,
			"nobody elsewhere can reach this address; give a host's");
	if (s->agent.family && (!ap_info_good_address(&s->agent) || !s->agent.port))
		config_wrong(config, &s->agent,
			"nobody elsewhere can reach this address; give a host's");
	if (s->prefix.family && !prefix_contains(&s->prefix, &s->address))
		config_wrong(config, &s->prefix, "the address is not in it; give its subnet");
	else if (s->prefix.family && !address_equal(&network, &s->prefix))
		config_wrong(config, &s->prefix,
			"bits are set beyond its length; give the subnet, not the address");
	if (s->domain && !ap_info_good_domain(view_text(s->domain)))
		config_wrong(config, &s->domain,
			"this is no domain name; give labels of letters, digits and -, joined by "
			"dots");
}

void neighbour_settings_check(struct config *config, const struct config_list *list)
{
	const struct neighbour_settings *s = list->items;

	for (size_t i = 0; i < list->count; i++)
		check_one(config, &s[i]);
}

struct ap_info neighbour_settings_info(const struct neighbour_settings *s)
{
	struct endpoint address = endpoint_of_prefix(&s->address, 0);
	struct ap_info info = { .address_count = 0 };

	ap_info_add_address(&info, &address);
	if (s->prefix.family)
		ap_info_add_prefix(&info, &address, s->prefix.length);
	if (s->agent.family)
		ap_info_add_agent(&info, &s->agent);
	if (s->domain)
		snprintf(info.domain, sizeof(info.domain), "%s", s->domain);
	return info;
}

struct mpa_neighbour neighbour_settings_avp(const struct neighbour_settings *s)
{
	struct mpa_neighbour n = { .prefix_length = s->prefix.length,
		.address = endpoint_of_prefix(&s->address, 0),
		.agent = s->agent };

	memcpy(n.bssid, s->bssid, 6);
	if (s->domain)
		snprintf(n.domain, sizeof(n.domain), "%s", s->domain);
	return n;
}
