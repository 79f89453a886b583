// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <stdlib.h>

#include "ref/ike/ike_proposal.h"

static const struct word {
	const char *text;
	struct ike_transform transform;
} words[] = {
	{ "aes128gcm8", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_8, 128, false } },
	{ "aes256gcm8", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_8, 256, false } },
	{ "aes128gcm12", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_12, 128, false } },
	{ "aes256gcm12", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_12, 256, false } },
	{ "aes128gcm16", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 128, false } },
	{ "aes256gcm16", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, 256, false } },
	{ "aes128", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 128, false } },
	{ "aes256", { IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 256, false } },
	{ "chacha20poly1305", { IKE_TRANSFORM_ENCR, IKE_ENCR_CHACHA20_POLY1305, 0, false } },
	{ "null", { IKE_TRANSFORM_ENCR, IKE_ENCR_NULL, 0, false } },
	{ "sha1", { IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA1_96, 0, false } },
	{ "sha256", { IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false } },
	{ "sha384", { IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0, false } },
	{ "sha512", { IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0, false } },
	{ "prfsha1", { IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA1, 0, false } },
	{ "prfsha256", { IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256, 0, false } },
	{ "prfsha384", { IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_384, 0, false } },
	{ "prfsha512", { IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_512, 0, false } },
	{ "curve25519", { IKE_TRANSFORM_DH, IKE_DH_CURVE25519, 0, false } },
	{ "x25519", { IKE_TRANSFORM_DH, IKE_DH_CURVE25519, 0, false } },
	{ "ecp256", { IKE_TRANSFORM_DH, IKE_DH_ECP_256, 0, false } },
	{ "ecp384", { IKE_TRANSFORM_DH, IKE_DH_ECP_384, 0, false } },
	{ "modp2048", { IKE_TRANSFORM_DH, IKE_DH_MODP_2048, 0, false } },
	{ "modp3072", { IKE_TRANSFORM_DH, IKE_DH_MODP_3072, 0, false } },
	{ "modp4096", { IKE_TRANSFORM_DH, IKE_DH_MODP_4096, 0, false } },
	{ "esn", { IKE_TRANSFORM_ESN, IKE_ESN_YES, 0, false } },
	{ "noesn", { IKE_TRANSFORM_ESN, IKE_ESN_NO, 0, false } },
};

static const struct {
	const char *prefix;
	uint8_t type;
} by_number[] = { { "encr", IKE_TRANSFORM_ENCR }, { "prf", IKE_TRANSFORM_PRF },
	{ "integ", IKE_TRANSFORM_INTEG }, { "group", IKE_TRANSFORM_DH } };

static int read_transform(const char *text, size_t size, struct ike_transform *out)
{
	char word[32], *end;

	if (size == 0 || size >= sizeof(word))
		return -1;
	memcpy(word, text, size);
	word[size] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].text, word) == 0) {
			*out = words[i].transform;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(by_number) / sizeof(by_number[0]); i++) {
		size_t n = strlen(by_number[i].prefix);
		if (strncmp(word, by_number[i].prefix, n) != 0 || word[n] < '0' || word[n] > '9')
			continue;
		unsigned long id = strtoul(word + n, &end, 10);
		*out = (struct ike_transform){ .type = by_number[i].type, .id = (uint16_t)id };
		return *end || id > UINT16_MAX ? -1 : 0;
	}
	return -1;
}

static bool has_type(const struct ike_proposal *p, uint8_t type)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->transforms[i].type == type)
			return true;
	return false;
}

static void add(struct ike_proposal *p, uint8_t type, uint16_t id)
{
	if (p->count < IKE_TRANSFORMS_MAX)
		p->transforms[p->count++] = (struct ike_transform){ .type = type, .id = id };
}

/* What the words leave open. */
static void complete(struct ike_proposal *p)
{
	unsigned count = p->count;

	if (p->protocol == IKE_PROTOCOL_ESP && !has_type(p, IKE_TRANSFORM_ESN))
		add(p, IKE_TRANSFORM_ESN, IKE_ESN_NO);
	if (p->protocol != IKE_PROTOCOL_IKE || has_type(p, IKE_TRANSFORM_PRF))
		return;
	for (unsigned i = 0; i < count; i++)
		if (p->transforms[i].type == IKE_TRANSFORM_INTEG)
			add(p, IKE_TRANSFORM_PRF, p->transforms[i].id == IKE_INTEG_HMAC_SHA1_96 ?
				IKE_PRF_HMAC_SHA1 :
				(uint16_t)(p->transforms[i].id - IKE_INTEG_HMAC_SHA2_256_128 +
					IKE_PRF_HMAC_SHA2_256));
}

int ike_proposals_parse(const char *text, uint8_t protocol, struct ike_proposals *out)
{
	out->count = 0;
	while (*text && out->count < IKE_PROPOSALS_MAX) {
		struct ike_proposal *p = &out->list[out->count++];
		*p = (struct ike_proposal){ .protocol = protocol,
			.number = (uint8_t)out->count };
		for (;;) {
			size_t n = strcspn(text, "-,");
			if (p->count == IKE_TRANSFORMS_MAX ||
				read_transform(text, n, &p->transforms[p->count++]) < 0)
				return -1;
			text += n;
			if (*text != '-')
				break;
			text++;
		}
		complete(p);
		text += *text == ',';
	}
	return out->count && !*text ? 0 : -1;
}

int ike_selector_parse(const char *prefix, struct ike_ts *out)
{
	const char *slash = strchr(prefix, '/');
	char address[40];
	struct in_addr a;

	*out = (struct ike_ts){ .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = UINT16_MAX };
	size_t n = slash ? (size_t)(slash - prefix) : strlen(prefix);
	if (n >= sizeof(address))
		return -1;
	memcpy(address, prefix, n);
	address[n] = '\0';
	unsigned long length = slash ? strtoul(slash + 1, NULL, 10) : 32;
	if (length > 32 || inet_pton(AF_INET, address, &a) != 1)
		return -1;
	uint32_t mask = length ? UINT32_MAX << (32 - length) : 0;
	uint32_t first = htonl(ntohl(a.s_addr) & mask), last = htonl(ntohl(a.s_addr) | ~mask);
	memcpy(out->start, &first, 4);
	memcpy(out->end, &last, 4);
	return 0;
}
