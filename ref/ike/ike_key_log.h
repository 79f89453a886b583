// SPDX-License-Identifier: Apache-2.0
/* Keys of an IKE SA as text, for who asks for them explicitly. */
#ifndef BATON_IKE_IKE_KEY_LOG_H
#define BATON_IKE_IKE_KEY_LOG_H

#include "ref/ike/ike_keys.h"

#define IKE_KEY_LOG_MAX 768

/* A line of Wireshark's ikev2_decryption_table, without newline; to be wiped. Returns `out`. */
const char *ike_key_log(const struct ike_suite *suite, const struct ike_keys *keys, uint64_t spi_i,
	uint64_t spi_r, char out[IKE_KEY_LOG_MAX]);

#endif
