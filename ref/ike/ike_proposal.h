// SPDX-License-Identifier: Apache-2.0
/* Proposals of IKE and prefixes as people write them. */
#ifndef BATON_IKE_IKE_PROPOSAL_H
#define BATON_IKE_IKE_PROPOSAL_H

#include "ref/ike/ike_payload.h"

/*
 * "aes256gcm16-prfsha256-curve25519,aes256-sha256-modp2048": proposals joined by commas, transforms
 * by hyphens. encr99, prf99, integ99 and group99 are transforms by their number. A PRF that is not
 * named follows from the integrity algorithm; a Child SA without esn has none. 0, or -1: a word is
 * unknown.
 */
int ike_proposals_parse(const char *text, uint8_t protocol, struct ike_proposals *out);

/* "10.1.0.0/16" as one selector of all protocols and ports. 0 or -1. */
int ike_selector_parse(const char *prefix, struct ike_ts *out);

#endif
