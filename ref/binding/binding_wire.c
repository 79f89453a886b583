// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/base/crypto.h"
#include "ref/binding/binding_wire.h"

#define RBP "RBP §"

static const struct name types[] = { { 1, "BU" }, { 2, "BA" }, { 0, NULL } };

static const struct name statuses[] = {
	{ BINDING_ACCEPTED, "accepted" },
	{ BINDING_CHALLENGED, "challenge" },
	{ BINDING_SEQUENCE_TOO_LOW, "sequence-too-low" },
	{ BINDING_WRONG_ADDRESS, "wrong-address" },
	{ BINDING_UNSUPPORTED, "unsupported" },
	{ BINDING_NO_RESOURCES, "no-resources" },
	{ BINDING_PROHIBITED, "prohibited" },
	{ 0, NULL },
};

static const struct field header[] = {
	{ "Version", FIELD_UINT, 1, 1, 1, NULL, RBP "3.1" },
	{ "Type", FIELD_ENUM, 1, 1, 0, types, RBP "3.1" },
	{ "Length", FIELD_LENGTH, 2, 0, 0, NULL, RBP "3.1" },
	{ "Sequence Number", FIELD_UINT, 4, 0, 0, NULL, RBP "3.1" },
	{ "Key Identifier", FIELD_UINT, 4, 0, 0, NULL, RBP "3.1" },
	{ 0 },
};

static const struct element elements[] = {
	{ 0, BINDING_HOME_IPV4, "Home-Address-IPv4", RBP "3.3",
		{ { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, BINDING_HOME_IPV6, "Home-Address-IPv6", RBP "3.3",
		{ { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, BINDING_CARE_OF_IPV4, "Care-of-Address-IPv4", RBP "3.4",
		{ { "Address", FIELD_IPV4, 4, 0, 0, NULL, NULL } } },
	{ 0, BINDING_CARE_OF_IPV6, "Care-of-Address-IPv6", RBP "3.4",
		{ { "Address", FIELD_IPV6, 16, 0, 0, NULL, NULL } } },
	{ 0, BINDING_LIFETIME, "Lifetime", RBP "3.5",
		{ { "Seconds", FIELD_UINT, 4, 0, 86400, NULL, NULL } } },
	{ 0, BINDING_STATUS, "Status", RBP "3.6",
		{ { "Status", FIELD_ENUM, 4, 0, 0, statuses, NULL } } },
	{ 0, BINDING_CHALLENGE, "Challenge", RBP "3.7",
		{ { "Challenge", FIELD_OCTETS, BINDING_CHALLENGE_SIZE, 0, 0, NULL, NULL } } },
	{ 0, BINDING_AUTHENTICATOR, "Authenticator", RBP "4",
		{ { "Authenticator", FIELD_OCTETS, BINDING_AUTHENTICATOR_SIZE, 0, 0, NULL,
			NULL } } },
	{ 0, BINDING_LAST_SEQUENCE, "Last-Sequence", RBP "3.8",
		{ { "Sequence Number", FIELD_UINT, 4, 0, 0, NULL, NULL } } },
	{ 0 },
};

static const struct occurrence in_update[] = {
	{ 0, BINDING_HOME_IPV4, 0, 1, RBP "3.3" },
	{ 0, BINDING_HOME_IPV6, 0, 1, RBP "3.3" },
	{ 0, BINDING_CARE_OF_IPV4, 0, 1, RBP "3.4" },
	{ 0, BINDING_CARE_OF_IPV6, 0, 1, RBP "3.4" },
	{ 0, BINDING_LIFETIME, 1, 1, RBP "3.5" },
	{ 0, BINDING_CHALLENGE, 0, 1, RBP "3.7" },
	{ 0, BINDING_AUTHENTICATOR, 1, 1, RBP "4" },
	{ 0 },
};

static const struct occurrence in_acknowledgement[] = {
	{ 0, BINDING_STATUS, 1, 1, RBP "3.6" },
	{ 0, BINDING_HOME_IPV4, 0, 1, RBP "3.3" },
	{ 0, BINDING_HOME_IPV6, 0, 1, RBP "3.3" },
	{ 0, BINDING_LIFETIME, 0, 1, RBP "3.5" },
	{ 0, BINDING_CHALLENGE, 0, 1, RBP "3.7" },
	{ 0, BINDING_LAST_SEQUENCE, 0, 1, RBP "3.8" },
	{ 0, BINDING_AUTHENTICATOR, 1, 1, RBP "4" },
	{ 0 },
};

static const struct message messages[] = {
	{ "BU", "Binding Update", 1, 0, 0, in_update, true, RBP "3.1" },
	{ "BA", "Binding Acknowledgement", 2, 0, 0, in_acknowledgement, true, RBP "3.1" },
	{ 0 },
};

const struct protocol binding_protocol = {
	.name = "binding",
	.specification = "Remote Binding Protocol",
	.header = header,
	.type_field = BINDING_TYPE,
	.flags_field = 255,
	.format = { .code_width = 2, .length_width = 2, .align = 4 },
	.elements = elements,
	.messages = messages,
};

static void authenticator(struct view message, size_t value_at, struct view key, uint8_t *out)
{
	static const uint8_t zero[BINDING_AUTHENTICATOR_SIZE];
	size_t after = value_at + sizeof(zero);
	struct view parts[] = {
		VIEW(message.data, value_at),
		VIEW_OF(zero),
		VIEW(message.data + after, message.size - after),
	};
	uint8_t full[DIGEST_MAX];

	hmac_parts(DIGEST_SHA256, key, parts, 3, full);
	memcpy(out, full, BINDING_AUTHENTICATOR_SIZE);
	wipe(full, sizeof(full));
}

void binding_seal(const struct packet *packet, struct view key, struct writer *w)
{
	size_t start = w->used;

	wire_encode(packet, w);
	if (w->failed || w->used - start < BINDING_AUTHENTICATOR_SIZE)
		return;
	size_t at = w->used - BINDING_AUTHENTICATOR_SIZE;
	authenticator(VIEW(w->start + start, w->used - start), at - start, key, w->start + at);
}

bool binding_verify(const struct packet *packet, struct view datagram, struct view key)
{
	const struct element_value *e = packet_find(packet, 0, BINDING_AUTHENTICATOR);
	uint8_t expected[BINDING_AUTHENTICATOR_SIZE];

	/* RBP §4: the Authenticator is the last element of every message. */
	if (!e || e->value.size != sizeof(expected) ||
		e != &packet->elements[packet->element_count - 1])
		return false;
	authenticator(datagram, (size_t)(e->value.data - datagram.data), key, expected);
	return ct_equal(e->value, VIEW_OF(expected));
}

struct endpoint binding_address(const struct packet *packet, enum binding_element ipv4,
	enum binding_element ipv6)
{
	const struct element_value *e = packet_find(packet, 0, ipv4);
	struct endpoint address = { .family = AF_INET };

	if (!e) {
		e = packet_find(packet, 0, ipv6);
		address.family = AF_INET6;
	}
	if (!e || e->value.size > sizeof(address.address))
		return (struct endpoint){ 0 };
	memcpy(address.address, e->value.data, e->value.size);
	return address;
}
