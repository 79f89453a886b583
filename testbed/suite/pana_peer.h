// SPDX-License-Identifier: Apache-2.0
/*
 * Both PANA peers of the tester: what they share. A PaC faces an implementation of the PAA
 * (pana_pac_peer.c), a PAA one of the PaC (pana_paa_peer.c).
 */
#ifndef TESTBED_SUITE_PANA_PEER_H
#define TESTBED_SUITE_PANA_PEER_H

#include "ref/eap/eap.h"
#include "ref/pana/pana_wire.h"
#include "testbed/suite/peer.h"
#include "testbed/suite/role.h"

extern const struct peer_ops pana_pac_peer, pana_paa_peer;

#define PEER_KEY_MAX 64
#define PEER_OFFERS_MAX 4

enum pana_phase {
	PHASE_NOTHING,
	PHASE_STARTED,	      /* the S exchange is done */
	PHASE_AUTHENTICATING, /* nonces are exchanged */
	PHASE_AUTHENTICATED,
	PHASE_REJECTED,
	PHASE_TERMINATED,
};

/* A run of octets that the peer keeps. */
struct kept {
	uint8_t *data;
	size_t size;
};

/* PANA_AUTH_KEY (RFC 5191 §5.3), the keys that encrypt AVPs, and what names them. */
struct pana_key {
	bool there;
	uint32_t id;
	uint8_t value[PEER_KEY_MAX];
	size_t size;
	uint8_t pac_encr[16], paa_encr[16]; /* RFC 6786 §3 */
};

struct peer {
	struct peer_config config;
	struct random *random;
	struct eap_end *eap;
	bool eap_used;	      /* it has begun a conversation */
	struct kept eap_out;  /* of the tester's end, to be carried; empty: nothing */
	enum pana_phase phase;
	unsigned rounds;      /* successful authentications */
	bool preauth;	      /* the E bit is to be set */
	bool agent;	      /* the tester is one */

	uint32_t session;
	uint32_t send_next;    /* number of the next request of the tester's */
	uint32_t outstanding;  /* number of the request that waits for its answer */
	bool is_outstanding, outstanding_is_pci;
	uint32_t receive_next; /* number of the next request of the sut's */
	bool receive_known;
	struct packet request; /* of the sut, the last one; its octets in request_octets */
	struct kept request_octets;
	bool answer_due;

	struct kept i_par, i_pan;	      /* RFC 5191 §5.3 */
	struct kept own_nonce, sut_nonce;
	uint32_t prfs[PEER_OFFERS_MAX], integrities[PEER_OFFERS_MAX]; /* ends at 0 */
	uint32_t encryptions[PEER_OFFERS_MAX];	 /* likewise, RFC 6786 */
	uint32_t prf, integrity, encryption;  /* chosen; 0: none */
	struct pana_key key, old;
	uint32_t result;

	/* PAA only. */
	uint32_t key_id;    /* the last one given */
	bool want_start, want_request, want_last;
	bool nonce_sent;    /* in this authentication */
	bool derive_due;    /* EAP has ended with a key that is not yet in use */
	bool last_sent;	    /* the PAR with the C bit is out, its PAN not yet in */
	/* PaC only. */
	bool want_request_eap; /* an EAP response of its own waits to be carried in a PAR */

	uint8_t number[8][4]; /* values of four octets that a composed packet points to */
	unsigned numbers;
};

/* --- for the two peers ---------------------------------------------------------------------- */

/* `create` and `destroy` of struct peer_ops. */
struct peer *pana_peer_new(const struct peer_config *config);
void pana_peer_destroy(struct peer *peer);

/* A copy of `v` in place of what was there; and what is there now. */
void keep(struct kept *k, struct view v);
struct view kept_view(const struct kept *k);

/* The setting's word, number or yes/no; what it is without one. */
const char *peer_setting(const struct peer *peer, const char *name, const char *otherwise);
bool peer_says_yes(const struct peer *peer, const char *name, bool otherwise);

/* A value of four octets that lives until the next compose. */
void add_number(struct peer *peer, struct packet *packet, uint32_t code, uint32_t value);

/* Header of a composed packet: session, number, flags of the message and `flags`. */
void compose_header(struct peer *peer, const struct message *message, uint32_t flags,
	struct packet *out);
/* An answer (PAN, PTA, PNA) to the last request, flags as there. */
void compose_answer(struct peer *peer, const struct message *message, uint32_t mask,
	struct packet *out);

/* A new nonce of the tester's own. */
void renew_nonce(struct peer *peer);

/* The key of this authentication: RFC 5191 §5.3. The present one becomes the old one. */
void derive_key(struct peer *peer, uint32_t id, struct view pac_nonce, struct view paa_nonce);

/* The same, of the present EAP conversation, into `out`. */
void make_key(struct peer *peer, uint32_t id, struct view pac_nonce, struct view paa_nonce,
	struct pana_key *out);

/* Gives an EAP packet to the tester's end and keeps what it answers. */
void feed_eap(struct peer *peer, struct view payload);
/* Begins a conversation, or a new one. */
void restart_eap(struct peer *peer);

/* The notes that both take: requests and answers of the sut. */
void note_request(struct peer *peer, const struct packet *packet, struct view octets, bool again);
void note_answer(struct peer *peer, const struct packet *packet);
/* ... and what the tester sent. */
void note_sent(struct peer *peer, const struct packet *packet);

/* As in struct peer_ops. */
bool peer_protects(struct peer *peer, const struct packet *packet);
size_t peer_seal_size(const struct peer *peer);
bool peer_seal(struct peer *peer, struct view octets, bool old, uint8_t *out);
enum seal_state peer_verify(struct peer *peer, const struct packet *packet, struct view octets);
bool peer_acceptable(struct peer *peer, const struct packet *packet, bool again,
	struct reject *reject);
bool peer_waiting(const struct peer *peer);
bool peer_reached(const struct peer *peer, const char *point);
const char *peer_position(const struct peer *peer);

/* --- pana_peer_encap.c */
/* Last of a composed message: an empty Encryption-Encap when AVPs are to be encrypted, which
 * peer_hide fills with those that may be. What a suite puts there is encrypted as it is. */
void add_encap(struct peer *peer, struct packet *out);
void peer_hide(struct peer *peer, struct packet *packet, struct arena *arena);
int peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject);
/* The role's: in a message with an Encryption-Encap an AVP may be missing. */
int pana_suite_decode(struct view octets, struct packet *out, struct reject *reject);

/* The answer that is due to the last request of the sut, or NULL. */
const struct message *answer_due(const struct peer *peer);

#endif
