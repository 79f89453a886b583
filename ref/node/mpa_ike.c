// SPDX-License-Identifier: Apache-2.0
#include "ref/node/mpa_ike.h"
#include "ref/pana/pana_mpa.h"

#define ID_SIZE 8

void mpa_ike_id(uint32_t session, uint32_t key_id, struct ike_id *out)
{
	struct writer w = writer_of(out->data, sizeof(out->data));

	write_u32(&w, session);
	write_u32(&w, key_id);
	out->type = IKE_ID_KEY_ID;
	out->size = ID_SIZE;
}

bool mpa_ike_id_read(const struct ike_id *id, uint32_t *session, uint32_t *key_id)
{
	struct reader r = reader_of(VIEW(id->data, id->size));

	*session = read_u32(&r);
	*key_id = read_u32(&r);
	return id->type == IKE_ID_KEY_ID && id->size == ID_SIZE;
}

/* The strongest first, as mpa_choose_transform has it. */
static const struct {
	uint32_t transform;
	uint16_t encr, key_bits, integ;
} transforms[] = {
	{ MPA_AES_GCM, IKE_ENCR_AES_GCM_16, 256, 0 },
	{ MPA_AES_CBC_SHA256, IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA2_256_128 },
	{ MPA_NULL_SHA256, IKE_ENCR_NULL, 0, IKE_INTEG_HMAC_SHA2_256_128 },
};

void mpa_ike_connection(struct ike_connection *c, uint32_t wanted)
{
	ike_connection_default(c);
	c->mobike = false;
	c->rekey_ike = c->rekey_child = 0;
	c->esp = (struct ike_proposals){ 0 };
	for (size_t i = 0; i < sizeof(transforms) / sizeof(transforms[0]); i++) {
		struct ike_suite suite = { .encr = transforms[i].encr,
			.key_bits = transforms[i].key_bits, .integ = transforms[i].integ };
		if (wanted & transforms[i].transform) {
			c->esp.list[c->esp.count] = ike_suite_proposal(&suite, IKE_PROTOCOL_ESP,
				(uint8_t)(c->esp.count + 1));
			c->esp.count++;
		}
	}
}

void mpa_ike_everything(struct ike_ts_list *out)
{
	*out = (struct ike_ts_list){ 1, { { .type = IKE_TS_IPV4_ADDR_RANGE, .end_port = 65535,
						   .end = { 255, 255, 255, 255 } } } };
}
