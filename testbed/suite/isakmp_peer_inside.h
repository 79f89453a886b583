// SPDX-License-Identifier: Apache-2.0
/* What the files of the tester's end of IKEv1 share. Views of it point into the test's arena. */
#ifndef TESTBED_SUITE_ISAKMP_PEER_INSIDE_H
#define TESTBED_SUITE_ISAKMP_PEER_INSIDE_H

#include "ref/ike/ike_dh.h"
#include "ref/isakmp/isakmp_keys.h"
#include "testbed/suite/isakmp_message.h"
#include "testbed/suite/peer.h"

#define TESTER_NONCE_SIZE 32
#define TESTER_QUICKS_MAX 16

/* The encryption of one exchange: CBC goes on from message to message. */
struct tester_chain {
	uint8_t iv[ISAKMP_BLOCK_MAX];
	uint8_t before[ISAKMP_BLOCK_MAX]; /* what the last message of the other end was opened with */
	uint8_t after[ISAKMP_BLOCK_MAX];  /* once the message that was written has gone out */
};

/* A quick mode of either end. */
struct tester_quick {
	bool ours; /* the tester began it */
	uint32_t id;
	struct tester_chain chain;
	struct view nonce_i, nonce_r;
	uint32_t spi_ours, spi_theirs;
	bool done;
};

enum isakmp_phase {
	ISAKMP_PHASE_NOTHING,
	ISAKMP_PHASE_AGREED,
	ISAKMP_PHASE_KEYED,
	ISAKMP_PHASE_AUTHENTICATED,
	ISAKMP_PHASE_CLOSED,
};

struct peer {
	struct peer_config config;
	bool serves;
	enum isakmp_phase phase;
	struct endpoint here, there;
	uint64_t cky_i, cky_r;
	struct ike_suite suite;
	struct isakmp_keys keys;
	bool keyed, secret_made;
	bool nat; /* the implementation's NAT-D say that there is one */
	struct ike_dh_secret dh;
	uint8_t ke[IKE_DH_PUBLIC_MAX], nonce[TESTER_NONCE_SIZE];
	struct view sa_body, nonces[2], publics[2]; /* of the initiator, of the responder */
	struct tester_chain main; /* whose last block other exchanges begin with */
	struct packet request;	/* the implementation's last message of main or quick mode */
	enum isakmp_suite_message due; /* what the tester owes; INFO: nothing */
	enum isakmp_suite_message awaited; /* what the tester waits for; INFO: nothing */

	struct tester_quick quicks[TESTER_QUICKS_MAX]; /* the newest last */
	unsigned quick_count, quicks_done;
	uint8_t quick_nonce[TESTER_NONCE_SIZE];
	struct tester_quick next; /* the tester's own before it has gone out */
	bool next_made;

	uint32_t info_id; /* of the message that was written last */
	bool info_made;
	uint32_t probe;  /* the tester's number of dead peer detection */
	uint32_t probed; /* the implementation's */
	bool owes_probe;
	unsigned deleted; /* deletions of the implementation's */
	struct isakmp_draft draft;
	struct isakmp_offers offers;
};

/* The value of a setting; NULL: not set. */
const char *isakmp_peer_setting(const struct peer *peer, const char *name);
/* The octets, in the arena. */
struct view isakmp_peer_keep(struct peer *peer, struct view octets);
/* The quick mode of that message ID, or NULL. */
struct tester_quick *isakmp_peer_quick(struct peer *peer, uint32_t id);
/* The newest one that is over, or NULL. */
struct tester_quick *isakmp_peer_child(struct peer *peer);
/* What both ends have said in main mode, of which the keys come. */
struct isakmp_seed isakmp_peer_seed(const struct peer *peer, struct view shared);

/* --- isakmp_peer_compose.c: a row of struct peer_ops */
void isakmp_peer_compose(struct peer *peer, const struct message *message, struct packet *out);

/* --- isakmp_peer_crypt.c */
/* Both ends' public values and nonces are there: the keys. */
void isakmp_peer_derive(struct peer *peer);
/* Rows of struct peer_ops. */
int isakmp_peer_unwrap(struct peer *peer, struct view octets, struct packet *packet,
	struct reject *reject);
int isakmp_peer_wrap(struct peer *peer, const struct packet *packet, struct view plain,
	const struct peer_wrapping *how, struct writer *w, size_t *sizes, unsigned *count);

#endif
