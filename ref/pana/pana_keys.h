// SPDX-License-Identifier: Apache-2.0
/*
 * The PANA security association (RFC 5191 §5.3, §5.4) and the keys that a session yields for
 * media-independent pre-authentication (docs/pana.md, key hierarchy).
 */
#ifndef BATON_PANA_PANA_KEYS_H
#define BATON_PANA_PANA_KEYS_H

#include "ref/base/crypto.h"
#include "ref/pana/pana_report.h"

#define PANA_AUTH_KEY_MAX 32
#define PANA_MSK_SIZE 64
#define PANA_ENCR_KEY_SIZE 16 /* of AES128_CTR */

/* Whether this implementation has the algorithm. */
bool pana_prf_known(uint32_t prf);
bool pana_integrity_known(uint32_t integrity);

/* Octets of the AUTH value and of the key; 0 for an algorithm that is not known. */
size_t pana_auth_size(enum pana_integrity integrity);
size_t pana_auth_key_size(enum pana_integrity integrity);

/* All that goes into the keys of a session. Views are the caller's. */
struct pana_key_input {
	enum pana_prf prf;
	enum pana_integrity integrity;
	struct view msk;
	struct view i_par, i_pan; /* whole messages, as sent */
	struct view pac_nonce, paa_nonce;
	uint32_t key_id;
	uint32_t session_id;
	enum pana_encryption encryption; /* 0: none */
	bool agent;			 /* the keys are the PAA's */
};

/* A PANA SA: one generation of keys. `live` is false when there is none. */
struct pana_sa {
	bool live;
	uint8_t integrity;
	uint8_t encryption; /* 0: nothing is encrypted (RFC 6786) */
	bool agent;	    /* the PAA's: it sends under paa_encr */
	uint8_t auth_key[PANA_AUTH_KEY_MAX];
	uint8_t pac_encr[PANA_ENCR_KEY_SIZE], paa_encr[PANA_ENCR_KEY_SIZE];
	uint8_t root[MPA_KEY_SIZE]; /* for the keys of access points */
	struct pana_session_keys keys;
};

/*
 * PANA_AUTH_KEY = prf+(MSK, "IETF PANA" | I_PAR | I_PAN | PaC_nonce | PAA_nonce | Key_ID),
 * RFC 5191 §5.3. `out` has pana_auth_key_size(in->integrity) octets.
 */
void pana_auth_key(const struct pana_key_input *in, uint8_t *out);

/* The same with another label: prf+(MSK, label | I_PAR | I_PAN | PaC_nonce | PAA_nonce | Key_ID). */
void pana_prf_plus(const struct pana_key_input *in, const char *label, uint8_t *out, size_t size);

/*
 * MPA-SA: prf+ with HMAC-SHA-256 over (MSK, label | 0 | PaC_nonce | PAA_nonce | Session-Id |
 * Key-Id), whatever PRF the session negotiated. `out` has `size` octets.
 */
void mpa_derive(const struct pana_key_input *in, const char *label, uint8_t *out, size_t size);

/* All keys of the generation that the input makes. */
void pana_sa_derive(const struct pana_key_input *in, struct pana_sa *sa);

/* PMK of the access point with that BSSID. */
void mpa_ap_key(const struct pana_sa *sa, const uint8_t bssid[6], uint8_t out[MPA_KEY_SIZE]);

/*
 * RFC 5191 §5.4: the AUTH value of a message, whose AUTH AVP's value lies at `at` and counts as
 * zero. `out` has pana_auth_size() octets.
 */
void pana_auth_value(enum pana_integrity integrity, struct view key, struct view message, size_t at,
	uint8_t *out);

/*
 * Whether the AUTH AVP of a decoded message verifies. 0, or -1: NO_INTEGRITY or INTEGRITY.
 * `message` is what `packet` was decoded from.
 */
int pana_verify(const struct pana_sa *sa, struct view message, const struct packet *packet,
	struct reject *reject);

/*
 * Encodes; with a live `sa` an AUTH AVP is added at the end and filled in. `packet` has none. What
 * may be encrypted is, if the session negotiated it. Empty when it does not fit.
 */
struct view pana_seal(const struct pana_sa *sa, struct packet *packet, struct writer *w);

#endif
