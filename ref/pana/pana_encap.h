// SPDX-License-Identifier: Apache-2.0
/*
 * AVPs that only the other end can read (RFC 6786): those that may be encrypted travel inside one
 * Encryption-Encap, under a key for each direction.
 */
#ifndef BATON_PANA_PANA_ENCAP_H
#define BATON_PANA_PANA_ENCAP_H

#include "ref/pana/pana_keys.h"

/* Whether this implementation has the algorithm: AES128_CTR. */
bool pana_encryption_known(uint32_t encryption);

/* PANA_PAA_ENCR_KEY, or PANA_PAC_ENCR_KEY when `agent` is false (RFC 6786 §3). */
void pana_encr_key(const struct pana_key_input *in, bool agent, uint8_t out[PANA_ENCR_KEY_SIZE]);

/*
 * The first counter block of a message (RFC 6786 §4.1). No two messages of one end under one key
 * may have the same number.
 */
void pana_encr_counter(uint32_t key_id, uint32_t session, uint32_t sequence, uint8_t out[16]);

/* Whether the AVP may stand inside (RFC 6786 §6.1; of those of others, §6, yes). */
bool pana_may_encrypt(uint32_t vendor, uint32_t code);

/*
 * Moves what may be encrypted into an Encryption-Encap, which comes last; its value, in `room`, must
 * live as long as the packet. Nothing happens when there is nothing to move. False: no room.
 */
bool pana_encap(const struct pana_sa *sa, struct packet *packet, struct writer *room);

/*
 * As pana_decode; but in a message with an Encryption-Encap an AVP may be missing, since it may be
 * inside (RFC 6786 §6.1). pana_decap looks again.
 */
int pana_decode_sealed(struct view datagram, struct packet *packet, struct reject *reject);

/*
 * Puts the AVPs of the Encryption-Encap, which the packet has, in its place; they point into
 * `room` of at least the size of its value. `agent`: who has sent it. Checks what stands inside, and
 * the occurrence of all. 0 or -1.
 */
int pana_decap(const struct pana_sa *sa, bool agent, struct packet *packet, uint8_t *room,
	struct reject *reject);

#endif
