// SPDX-License-Identifier: Apache-2.0
/* The cryptography of EAP-PSK (RFC 4764 §3), all of it from AES-128. */
#ifndef BATON_EAP_EAP_PSK_CRYPTO_H
#define BATON_EAP_EAP_PSK_CRYPTO_H

#include "ref/base/view.h"
#include "ref/eap/eap.h"

#define EAX_TAG_SIZE 16

/* AK and KDK from the PSK (RFC 4764 §3.1). */
void eap_psk_key_setup(const uint8_t psk[16], uint8_t ak[16], uint8_t kdk[16]);

/* TEK, MSK and EMSK from the KDK and RAND_P (RFC 4764 §3.2). */
void eap_psk_session_keys(const uint8_t kdk[16], const uint8_t rand_p[16], uint8_t tek[16],
	uint8_t msk[EAP_MSK_SIZE], uint8_t emsk[EAP_MSK_SIZE]);

/* EAX with AES-128 (RFC 4764 §3.3, Bellare-Rogaway-Wagner): `out` has plain.size octets and may be
 * plain.data. */
void eax_seal(const uint8_t key[16], struct view nonce, struct view header, struct view plain,
	uint8_t *out, uint8_t tag[EAX_TAG_SIZE]);

/* False when the tag does not verify; then `out` is untouched. */
bool eax_open(const uint8_t key[16], struct view nonce, struct view header, struct view sealed,
	const uint8_t tag[EAX_TAG_SIZE], uint8_t *out);

#endif
