// SPDX-License-Identifier: Apache-2.0
/* What the files of the tester's end of IKE share. Views of it point into the test's arena. */
#ifndef TESTBED_SUITE_IKE_PEER_INSIDE_H
#define TESTBED_SUITE_IKE_PEER_INSIDE_H

#include "ref/eap/eap.h"
#include "ref/ike/ike_credentials.h"
#include "ref/ike/ike_dh.h"
#include "ref/ike/ike_keys.h"
#include "testbed/suite/ike_message.h"
#include "testbed/suite/peer.h"

#define IKE_SAS_MAX 8
#define IKE_PARTS_MAX 64
#define IKE_NONCE_SIZE 32

/* How a message stood in its datagram; kept behind the fields of its header. */
enum { IKE_SUITE_STATE = IKE_SUITE_FRAGMENT_TOTAL + 1 };
enum ike_suite_state { IKE_STATE_UNOPENED, IKE_STATE_CLEAR, IKE_STATE_OPENED };

struct tester_sa {
	uint64_t spi_i, spi_r;
	bool initiator; /* the tester is its original initiator */
	bool keyed;
	struct ike_suite suite;
	struct ike_keys keys;
	uint32_t next_id;    /* of the tester's next request */
	uint64_t sent_parts; /* fragments of that request that went out alone, as bits */
};

/* What an end put into IKE_SA_INIT or CREATE_CHILD_SA. */
struct tester_offer {
	struct view nonce, ke;
	uint16_t group;
	uint64_t ike_spi;
	uint32_t child_spi;
	struct ike_suite suite;
};

/* The tester's own, with the secret; it lasts from the first time that it is written down until the
 * message has gone out. */
struct tester_secret {
	bool made;
	struct ike_dh_secret dh;
	uint8_t ke[IKE_DH_PUBLIC_MAX], nonce[IKE_NONCE_SIZE];
	uint64_t ike_spi;
	uint32_t child_spi;
};

/* The tester's change of its address, docs/address-change.md. */
struct tester_change {
	uint32_t made, number;		/* the last change that was completed; that was asked for */
	struct endpoint agreed;		/* where both know the tester; family 0: where it began */
	struct endpoint old, new;	/* of the last request */
	struct view cookie;		/* to be sent with the request once more */
};

enum ike_phase {
	IKE_PHASE_NOTHING,
	IKE_PHASE_KEYED,
	IKE_PHASE_EAP,
	IKE_PHASE_ESTABLISHED,
	IKE_PHASE_FAILED,
	IKE_PHASE_CLOSED,
};

/* Fragments of one message of the implementation, by number from 1. */
struct ike_gathering {
	uint64_t spi_i;
	uint32_t id;
	bool response;
	unsigned total, have;
	uint32_t first;
	struct view parts[IKE_PARTS_MAX + 1];
};

struct peer {
	struct peer_config config;
	bool serves;
	enum ike_phase phase;
	struct endpoint here, there;
	struct endpoint first_here; /* where the tester was when the IKE SA came up */
	struct tester_change change;
	struct ike_credentials *credentials;

	struct tester_sa sas[IKE_SAS_MAX]; /* the newest last */
	unsigned sa_count;
	unsigned rekeyed, child_rekeyed, deleted; /* how often */

	/* IKE_SA_INIT: of the initiator, of the responder. */
	struct view init[2], nonces[2];
	struct view cookie;
	uint16_t group;	     /* that the implementation wants; 0: not said */
	struct view ids[2];  /* bodies of IDi and IDr */
	unsigned hashes;     /* of RFC 7427 that the implementation announced, as bits */

	struct tester_secret own, reply; /* of requests; of answers */
	struct tester_offer asked;	 /* the tester's last request as it went out */
	uint32_t child_ours, child_theirs;

	bool outstanding;
	uint32_t outstanding_id;
	unsigned outstanding_sa;
	enum ike_purpose purpose;

	struct packet request; /* the implementation's last */
	bool due;	       /* it waits for an answer, the first or once more */
	bool answered;	       /* it had one */
	unsigned request_sa;

	bool eap_begun;
	uint8_t eap[4096]; /* the tester's next packet */
	size_t eap_size;
	bool proved; /* the tester's final AUTH under EAP is sent */

	struct ike_gathering gathering;
	struct ike_draft draft;
};

/* The value of a setting; NULL: not set. */
const char *ike_peer_setting(const struct peer *peer, const char *name);
/* The newest SA; NULL before there is one. */
struct tester_sa *ike_peer_newest(struct peer *peer);
/* The SA of these SPIs, or NULL. */
struct tester_sa *ike_peer_find(struct peer *peer, uint64_t spi_i, uint64_t spi_r);
/* What stands in the packet; a suite is that of its first proposal. */
struct tester_offer ike_peer_offer(const struct packet *packet);
/* The octets, in the arena. */
struct view ike_peer_keep(struct peer *peer, struct view octets);

/* --- ike_peer_compose.c */
void ike_peer_compose(struct peer *peer, const struct message *message, struct packet *out);

/* --- ike_peer_change.c */
/* ADDRESS_CHANGE, for the first time or once more with the cookie that was given. */
void ike_peer_draft_change(struct peer *peer, struct ike_draft *d);
/* ADDRESS_EXPIRED, and the deletion of the IKE SA. */
void ike_peer_draft_expired(struct peer *peer, struct ike_draft *d);
/* Takes note of the answer to a change. */
void ike_peer_take_change(struct peer *peer, const struct packet *packet);
/* The answer to the implementation's change, if it asked for one. */
void ike_peer_draft_change_answer(struct peer *peer, struct ike_draft *d,
	enum ike_purpose purpose);

/* --- ike_peer_auth.c */
/* Reads certificates if the settings ask for them; false: there are none to be read. */
void ike_peer_open_credentials(struct peer *peer);
/* CERT and AUTH of the tester. */
void ike_peer_draft_proof(struct peer *peer, struct ike_draft *d);
/* CERTREQ where the implementation is to prove itself by certificate. */
void ike_peer_draft_requests(struct peer *peer, struct ike_draft *d);
/* What is wrong with the AUTH payload of a message of the implementation; NULL: nothing. */
const char *ike_peer_auth_wrong(struct peer *peer, const struct packet *packet);
/* Whether the tester, or the implementation, proves itself by EAP. */
bool ike_peer_by_eap(const struct peer *peer, bool tester);

/* --- ike_peer_crypt.c: rows of struct peer_ops */
int ike_peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject);
int ike_peer_wrap(struct peer *peer, const struct packet *packet, struct view plain,
	const struct peer_wrapping *how, struct writer *w, size_t *sizes, unsigned *count);
/* Keys of the SA from both ends' parts; `old` is what it comes from, or NULL. */
bool ike_peer_derive(struct peer *peer, struct tester_sa *sa, const struct tester_offer *initiator,
	const struct tester_offer *responder, const struct ike_dh_secret *dh,
	const struct tester_sa *old);

#endif
