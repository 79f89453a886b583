// SPDX-License-Identifier: Apache-2.0
/* Message authentication of vectors by the reference implementation's key functions. */
#ifndef BATON_VECTORS_VERIFY_H
#define BATON_VECTORS_VERIFY_H

#include "ref/base/wire.h"
#include "testbed/vectors/vectors.h"

/*
 * Whether the message carries an AUTH AVP that verifies under the association (RFC 5191 §5.3,
 * §5.4): 1, or 0 with `*reject` saying why. -1 with `why` filled: the key that is derived is not
 * the vector's, or the algorithms are not known to the implementation (then *unknown is true).
 */
int verify_pana_auth(const struct vector_association *a, struct view octets,
	const struct packet *packet, struct reject *reject, bool *unknown, char *why, size_t size);

/*
 * Whether an EAP-PSK message of the group's conversations has the MAC and the sealed result that
 * ref/eap computes from the same key and random numbers, and the keys are the vector's: 1. 0 when
 * it is no such message. -1 with `why` filled.
 */
int verify_eap_psk(const struct vector_group *group, struct view eap, char *why, size_t size);

#endif
