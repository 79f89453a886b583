// SPDX-License-Identifier: Apache-2.0
/* What connections of IKEv1 offer and take, unless it is configured otherwise. */
#include "ref/isakmp/isakmp.h"

static void add(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (p->count < IKE_TRANSFORMS_MAX)
		p->transforms[p->count++] =
			(struct ike_transform){ .type = type, .id = id, .key_bits = key_bits };
}

static void add_sha2(struct ike_proposal *p, bool phase1)
{
	static const uint16_t prfs[] = { IKE_PRF_HMAC_SHA2_256, IKE_PRF_HMAC_SHA2_384,
		IKE_PRF_HMAC_SHA2_512 };
	static const uint16_t integs[] = { IKE_INTEG_HMAC_SHA2_256_128, IKE_INTEG_HMAC_SHA2_384_192,
		IKE_INTEG_HMAC_SHA2_512_256 };

	for (unsigned i = 0; i < 3; i++)
		add(p, phase1 ? IKE_TRANSFORM_PRF : IKE_TRANSFORM_INTEG,
			phase1 ? prfs[i] : integs[i], 0);
}

void isakmp_connection_default(struct ike_connection *c)
{
	static const uint16_t groups[] = { IKE_DH_MODP_2048, IKE_DH_ECP_256, IKE_DH_ECP_384,
		IKE_DH_MODP_3072, IKE_DH_MODP_4096 };

	*c = (struct ike_connection){
		.rekey_ike = 4 * 3600 * BTIME_S,
		.rekey_child = 3600 * BTIME_S,
		.liveness = 30 * BTIME_S,
	};
	c->ike.count = 1;
	c->ike.list[0] = (struct ike_proposal){ .number = 1, .protocol = IKE_PROTOCOL_IKE };
	c->esp.count = 2;
	for (unsigned bits = 256; bits >= 128; bits -= 128) {
		add(&c->ike.list[0], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, (uint16_t)bits);
		add(&c->esp.list[0], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_GCM_16, (uint16_t)bits);
		add(&c->esp.list[1], IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, (uint16_t)bits);
	}
	add_sha2(&c->ike.list[0], true);
	add_sha2(&c->esp.list[1], false);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		add(&c->ike.list[0], IKE_TRANSFORM_DH, groups[i], 0);
	for (unsigned i = 0; i < 2; i++) {
		c->esp.list[i].number = (uint8_t)(i + 1);
		c->esp.list[i].protocol = IKE_PROTOCOL_ESP;
		add(&c->esp.list[i], IKE_TRANSFORM_ESN, IKE_ESN_NO, 0);
	}
}

void isakmp_connection_fit(struct ike_connection *c)
{
	for (unsigned i = 0; i < c->ike.count; i++) {
		struct ike_proposal *p = &c->ike.list[i];
		unsigned kept = 0;
		for (unsigned k = 0; k < p->count; k++)
			if (p->transforms[k].type != IKE_TRANSFORM_INTEG)
				p->transforms[kept++] = p->transforms[k];
		p->count = kept;
	}
}

void isakmp_connection_old(struct ike_connection *c)
{
	struct ike_proposal *ike = &c->ike.list[c->ike.count++];
	struct ike_proposal *esp = &c->esp.list[c->esp.count++];

	*ike = (struct ike_proposal){ .number = 2, .protocol = IKE_PROTOCOL_IKE };
	*esp = (struct ike_proposal){ .number = 3, .protocol = IKE_PROTOCOL_ESP };
	add(ike, IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 128);
	add(ike, IKE_TRANSFORM_ENCR, IKE_ENCR_3DES, 0);
	add(ike, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA1, 0);
	add(ike, IKE_TRANSFORM_PRF, IKE_PRF_HMAC_MD5, 0);
	add(ike, IKE_TRANSFORM_DH, IKE_DH_MODP_2048, 0);
	add(ike, IKE_TRANSFORM_DH, IKE_DH_MODP_1536, 0);
	add(ike, IKE_TRANSFORM_DH, IKE_DH_MODP_1024, 0);
	add(esp, IKE_TRANSFORM_ENCR, IKE_ENCR_AES_CBC, 128);
	add(esp, IKE_TRANSFORM_ENCR, IKE_ENCR_3DES, 0);
	add(esp, IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_SHA1_96, 0);
	add(esp, IKE_TRANSFORM_INTEG, IKE_INTEG_HMAC_MD5_96, 0);
	add(esp, IKE_TRANSFORM_ESN, IKE_ESN_NO, 0);
}

void isakmp_connection_pfs(struct ike_connection *c, uint16_t group)
{
	for (unsigned i = 0; i < c->esp.count; i++)
		add(&c->esp.list[i], IKE_TRANSFORM_DH, group, 0);
}
