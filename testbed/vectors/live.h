// SPDX-License-Identifier: Apache-2.0
/*
 * A real session with a PAA, brought to the access phase with EAP-PSK, so that a vector that needs
 * one can be sent in it. A PaC as small as it can be: it answers, never retransmits, and knows
 * every key.
 */
#ifndef BATON_VECTORS_LIVE_H
#define BATON_VECTORS_LIVE_H

#include "ref/eap/eap_peer.h"
#include "ref/pana/pana_keys.h"
#include "testbed/vectors/talk.h"

#define LIVE_MESSAGE_MAX 1024

/* Who the tester is to the PAA; identity NULL: nobody. */
struct live_user {
	const char *identity;
	uint8_t psk[EAP_PSK_SIZE];
};

struct live {
	struct talk *talk;
	bool preauth; /* every message so far had E */
	uint32_t session;
	uint32_t pac_next; /* sequence number of our next request */
	uint32_t paa_next; /* of the PAA's next request, or of the one it waits for an answer to */
	struct pana_sa sa; /* not live without keys */
	uint8_t i_par[LIVE_MESSAGE_MAX], i_pan[LIVE_MESSAGE_MAX];
	size_t i_par_size, i_pan_size;
	uint8_t pac_nonce[20], paa_nonce[PANA_NONCE_MAX];
	size_t paa_nonce_size;
};

/*
 * Authenticates, and pings once, so that both ends know both sequence numbers. 0, or -1 with one
 * sentence in `why`. `talk` must outlive it.
 */
int live_open(struct live *live, struct talk *talk, const struct live_user *user, bool preauth,
	char *why, size_t size);

/* Whether the session answers a ping. */
bool live_ping(struct live *live);

/* PNR with A, its answer, and the first request of the re-authentication. 0, or -1 with `why`. */
int live_reauthenticate(struct live *live, char *why, size_t size);

/* Ends the session without waiting long. */
void live_close(struct live *live);

#endif
