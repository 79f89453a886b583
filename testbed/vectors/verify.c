// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "ref/pana/pana_keys.h"
#include "testbed/vectors/verify.h"

int verify_pana_auth(const struct vector_association *a, struct view octets,
	const struct packet *packet, struct reject *reject, bool *unknown, char *why, size_t size)
{
	struct pana_sa sa = {.live = true, .integrity = (uint8_t)a->integrity};
	struct pana_key_input in = {
		.prf = (enum pana_prf)a->prf,
		.integrity = (enum pana_integrity)a->integrity,
		.msk = a->msk,
		.i_par = a->i_par,
		.i_pan = a->i_pan,
		.pac_nonce = a->pac_nonce,
		.paa_nonce = a->paa_nonce,
		.key_id = a->key_id,
	};

	*unknown = !pana_prf_known(a->prf) || !pana_integrity_known(a->integrity);
	if (*unknown) {
		snprintf(why, size, "PRF %u with integrity algorithm %u is not implemented", a->prf,
			a->integrity);
		return -1;
	}
	pana_auth_key(&in, sa.auth_key);
	struct view key = VIEW(sa.auth_key, pana_auth_key_size(in.integrity));
	if (!view_equal(key, a->auth_key)) {
		snprintf(why, size, "PANA_AUTH_KEY differs from the vector's");
		return -1;
	}
	return pana_verify(&sa, octets, packet, reject) == 0;
}
