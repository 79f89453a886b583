// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>

#include "ref/node/child_sa.h"

static const struct {
	uint16_t encr, key_bits, integ;
	enum esp_suite suite;
} suites[] = {
	{ IKE_ENCR_AES_GCM_16, 256, 0, ESP_AES_GCM_16_256 },
	{ IKE_ENCR_AES_GCM_16, 128, 0, ESP_AES_GCM_16_128 },
	{ IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_256_128, ESP_AES_CBC_256_SHA256 },
	{ IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA2_256_128, ESP_AES_CBC_128_SHA256 },
	{ IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_384_192, ESP_AES_CBC_256_SHA384 },
	{ IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA2_384_192, ESP_AES_CBC_128_SHA384 },
	{ IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_512_256, ESP_AES_CBC_256_SHA512 },
	{ IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA2_512_256, ESP_AES_CBC_128_SHA512 },
	{ IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA1_96, ESP_AES_CBC_256_SHA1 },
	{ IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA1_96, ESP_AES_CBC_128_SHA1 },
	{ IKE_ENCR_NULL, 0, IKE_INTEG_HMAC_SHA2_256_128, ESP_NULL_SHA256 },
};

static bool suite_of(const struct ike_suite *from, enum esp_suite *to)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].encr == from->encr && suites[i].key_bits == from->key_bits &&
			suites[i].integ == from->integ) {
			*to = suites[i].suite;
			return true;
		}
	return false;
}

bool child_sa_prefix(const struct ike_ts *ts, struct prefix *p)
{
	bool v6 = ts->type == IKE_TS_IPV6_ADDR_RANGE;
	struct prefix end = { .family = v6 ? AF_INET6 : AF_INET };
	unsigned bits = v6 ? 128 : 32, length = 0;

	while (length < bits &&
		!((ts->start[length / 8] ^ ts->end[length / 8]) & 0x80 >> length % 8))
		length++;
	*p = (struct prefix){ .family = end.family, .length = (uint8_t)length };
	memcpy(p->address, ts->start, ip_size(p->family));
	memcpy(end.address, p->address, sizeof(end.address));
	for (unsigned bit = length; bit < bits; bit++)
		end.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	struct prefix network = prefix_network(p);
	return ts->protocol == 0 && ts->start_port == 0 && ts->end_port == 65535 &&
		memcmp(end.address, ts->end, ip_size(p->family)) == 0 &&
		memcmp(network.address, ts->start, ip_size(p->family)) == 0;
}

/* RFC 3948 §2.1: ESP in UDP goes between the ports of IKE. */
void child_sa_place(const struct endpoint *local, const struct endpoint *peer, bool encapsulated,
	struct esp_sa *in, struct esp_sa *out)
{
	in->source = out->destination = prefix_of_endpoint(peer);
	in->destination = out->source = prefix_of_endpoint(local);
	in->source_port = out->destination_port = encapsulated ? ntohs(peer->port) : 0;
	in->destination_port = out->source_port = encapsulated ? ntohs(local->port) : 0;
}

const char *child_sa_states(const struct ike_child_info *info, const struct endpoint *local,
	const struct endpoint *peer, struct esp_sa *in, struct esp_sa *out)
{
	enum esp_suite suite;

	if (!suite_of(&info->suite, &suite))
		return "an algorithm that this node does not give to the kernel";
	*in = (struct esp_sa){ .spi = info->spi_in, .suite = suite,
		.mode = info->transport ? ESP_TRANSPORT : ESP_TUNNEL };
	*out = (struct esp_sa){ .spi = info->spi_out, .suite = suite, .mode = in->mode };
	child_sa_place(local, peer, info->encapsulated, in, out);
	memcpy(in->encryption, info->encr_in, info->sizes.encr);
	memcpy(in->integrity, info->integ_in, info->sizes.integ);
	memcpy(out->encryption, info->encr_out, info->sizes.encr);
	memcpy(out->integrity, info->integ_out, info->sizes.integ);
	return NULL;
}
