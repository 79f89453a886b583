// SPDX-License-Identifier: Apache-2.0
/* A conversation with a PAA from one source port, message by message. */
#ifndef BATON_VECTORS_TALK_H
#define BATON_VECTORS_TALK_H

#include "ref/base/wire.h"
#include "testbed/vectors/tap.h"

struct talk {
	struct tap *tap;
	btime answer; /* how long an expected answer may take */
	int lane;     /* of the tap; -1: no source port was free */
	uint8_t received[TAP_DATAGRAM_MAX];
	size_t size;
	uint8_t last[TAP_DATAGRAM_MAX]; /* seen again, it is a retransmission */
	size_t last_size;
	struct packet packet; /* decoded from `received` */
	char name[32];	      /* "PAR[S]": message and flags without R and I; "garbage" */
};

/* Ends the process when there is no memory. Never NULL; look at `lane`. */
struct talk *talk_open(struct tap *tap, btime answer);

/* Accepts NULL. */
void talk_close(struct talk *talk);

/* 0, or -1 with a sentence in tap_error. */
int talk_send(struct talk *talk, struct view datagram);
int talk_send_packet(struct talk *talk, const struct packet *packet);

/*
 * The next message that is no retransmission of the last request: true, with `received`, `packet`
 * and `name` filled. False when none came before `deadline`.
 */
bool talk_listen(struct talk *talk, btime deadline);

/* The same with talk->answer from now on. */
bool talk_hear(struct talk *talk);

/* PCI, with E when `preauth`, and the initial request that answers it; true when it came. */
bool talk_start(struct talk *talk, bool preauth);

/* Whether the last message has an AVP of that code that holds that number. */
bool talk_offers(const struct talk *talk, uint32_t code, uint32_t number);

/*
 * The initial answer to the initial request heard last, with the algorithms that every
 * implementation must have (RFC 5191 §8.3, §8.6) as far as they are offered; into `w`.
 */
void talk_initial_answer(const struct talk *talk, struct writer *w);

#endif
