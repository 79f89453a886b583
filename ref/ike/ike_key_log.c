// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "ref/ike/ike_key_log.h"

static void hex(struct view v, char *out)
{
	for (size_t i = 0; i < v.size; i++)
		snprintf(out + 2 * i, 3, "%02x", v.data[i]);
	out[2 * v.size] = '\0';
}

/* As Wireshark names algorithms in its tables. */
static const char *wireshark_encr(const struct ike_suite *s, char out[64])
{
	if (s->encr == IKE_ENCR_AES_CBC)
		snprintf(out, 64, "AES-CBC-%u [RFC3602]", s->key_bits);
	else
		snprintf(out, 64, "AES-GCM-%u with 16 octet ICV [RFC5282]", s->key_bits);
	return out;
}

static const char *wireshark_integ(const struct ike_suite *s)
{
	switch (s->integ) {
	case IKE_INTEG_HMAC_SHA1_96:
		return "HMAC_SHA1_96 [RFC2404]";
	case IKE_INTEG_HMAC_SHA2_256_128:
		return "HMAC_SHA2_256_128 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_384_192:
		return "HMAC_SHA2_384_192 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_512_256:
		return "HMAC_SHA2_512_256 [RFC4868]";
	default:
		return "NONE [RFC4306]";
	}
}

const char *ike_key_log(const struct ike_suite *suite, const struct ike_keys *keys, uint64_t spi_i,
	uint64_t spi_r, char out[IKE_KEY_LOG_MAX])
{
	char text[4][2 * IKE_KEY_MAX + 1], encr[64];
	struct ike_sizes n;

	ike_suite_sizes(suite, &n);
	hex(VIEW(keys->initiator.encr, n.encr), text[0]);
	hex(VIEW(keys->responder.encr, n.encr), text[1]);
	hex(VIEW(keys->initiator.integ, n.integ), text[2]);
	hex(VIEW(keys->responder.integ, n.integ), text[3]);
	snprintf(out, IKE_KEY_LOG_MAX, "%016llx,%016llx,%s,%s,\"%s\",%s,%s,\"%s\"",
		(unsigned long long)spi_i, (unsigned long long)spi_r, text[0], text[1],
		wireshark_encr(suite, encr), text[2], text[3], wireshark_integ(suite));
	wipe(text, sizeof(text));
	return out;
}
