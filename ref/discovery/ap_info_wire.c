// SPDX-License-Identifier: Apache-2.0
#include "ref/discovery/ap_info.h"

#define FAP "FAP §"

static const struct name types[] = { { AP_INFO_TYPE_VALUE, "AP-Information" }, { 0, NULL } };

static const struct field header[] = {
	{ "Element ID", FIELD_UINT, 1, AP_INFO_VENDOR_SPECIFIC, AP_INFO_VENDOR_SPECIFIC, NULL,
		FAP "3.1" },
	{ "Length", FIELD_LENGTH, 1, 2, 0, NULL, FAP "3.1" },
	{ "OUI", FIELD_UINT, 3, AP_INFO_OUI_VALUE, AP_INFO_OUI_VALUE, NULL, FAP "3.1" },
	{ "Protocol", FIELD_UINT, 2, AP_INFO_PROTOCOL_VALUE, AP_INFO_PROTOCOL_VALUE, NULL,
		FAP "3.1" },
	{ "Type", FIELD_ENUM, 1, 1, 0, types, FAP "3.1" },
	{ "Version", FIELD_UINT, 1, AP_INFO_VERSION_VALUE, AP_INFO_VERSION_VALUE, NULL, FAP "3.1" },
	{ 0 },
};

#define LENGTH(max) { "Prefix-Length", FIELD_UINT, 1, 1, max, NULL, NULL }
#define PORT { "Port", FIELD_UINT, 2, 1, 65535, NULL, NULL }

static const struct element elements[] = {
	{ 0, AP_INFO_ADDRESS_IPV4, "Address-IPv4", FAP "3.3",
		{ { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_ADDRESS_IPV6, "Address-IPv6", FAP "3.3",
		{ { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_PREFIX_IPV4, "Prefix-IPv4", FAP "3.4",
		{ LENGTH(32), { "Prefix", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_PREFIX_IPV6, "Prefix-IPv6", FAP "3.4",
		{ LENGTH(128), { "Prefix", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_AGENT_IPV4, "Agent-IPv4", FAP "3.5",
		{ PORT, { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_AGENT_IPV6, "Agent-IPv6", FAP "3.5",
		{ PORT, { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, AP_INFO_DOMAIN_NAME, "Domain-Name", FAP "3.6",
		{ { "Name", FIELD_TEXT, 0, 1, AP_INFO_DOMAIN_MAX, NULL, NULL } } },
	{ 0 },
};

static const struct occurrence in_information[] = {
	{ 0, AP_INFO_ADDRESS_IPV4, 0, 1, FAP "3.3" },
	{ 0, AP_INFO_ADDRESS_IPV6, 0, 1, FAP "3.3" },
	{ 0, AP_INFO_PREFIX_IPV4, 0, AP_INFO_EACH_MAX, FAP "3.4" },
	{ 0, AP_INFO_PREFIX_IPV6, 0, AP_INFO_EACH_MAX, FAP "3.4" },
	{ 0, AP_INFO_AGENT_IPV4, 0, AP_INFO_EACH_MAX, FAP "3.5" },
	{ 0, AP_INFO_AGENT_IPV6, 0, AP_INFO_EACH_MAX, FAP "3.5" },
	{ 0, AP_INFO_DOMAIN_NAME, 0, 1, FAP "3.6" },
	{ 0 },
};

static const struct message messages[] = {
	{ "AP-Information", "Access Point Information", AP_INFO_TYPE_VALUE, 0, 0, in_information,
		true, FAP "3.1" },
	{ 0 },
};

const struct protocol ap_info_protocol = {
	.name = "ap-info",
	.specification = "Finding Access Points",
	.header = header,
	.type_field = AP_INFO_TYPE,
	.flags_field = 255,
	.format = { .code_width = 1, .length_width = 1 },
	.elements = elements,
	.messages = messages,
};
