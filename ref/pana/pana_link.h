// SPDX-License-Identifier: Apache-2.0
/*
 * What both ends of a PANA session do alike: number requests, send them until they are answered,
 * answer repeated requests once more, protect and verify. For the files of this folder only.
 *
 * A link has the session attributes that RFC 5191 §5.3 lists. The engine above it decides by its
 * state machine; the link never changes a state.
 */
#ifndef BATON_PANA_PANA_LINK_H
#define BATON_PANA_PANA_LINK_H

#include "ref/base/random.h"
#include "ref/pana/pana_keys.h"
#include "ref/pana/pana_report.h"

/* Memory, zeroed; out of memory ends the process. */
void *pana_alloc(size_t size);

/* Octets that a session owns. */
struct pana_octets {
	uint8_t *data;
	uint32_t size;
};

/* A copy of `v` in place of what was there, which is wiped; empty when `v` is. */
void octets_set(struct pana_octets *o, struct view v);
void octets_clear(struct pana_octets *o); /* wipes */
static inline struct view octets_view(const struct pana_octets *o)
{
	return VIEW(o->data, o->size);
}

/* A request that waits until the outstanding one is answered; values lie behind it. */
struct pana_waiting {
	struct pana_waiting *next;
	unsigned type, flags, count;
	bool with_next; /* protected by the SA that is being made */
	struct element_value elements[];
};

#define PANA_REQUEST_ELEMENTS_MAX 8

struct pana_link {
	const struct pana_common *common;
	struct endpoint local, peer;
	uint32_t id;
	bool preauth; /* the E bit (RFC 5873 §3) */
	bool agent;   /* of a PAA */

	/* requests that go out; at most one is outstanding (RFC 5191 §5.2) */
	bool out_known, in_known, notifying, pinged_once;
	uint32_t next_out, next_in;
	struct pana_octets request;
	const struct pana_rtx *rtx;
	unsigned tries;
	btime rt, rtx_due, rtx_since;
	struct pana_waiting *waiting;

	/* the last request that came in, by digest, and what was answered */
	uint64_t last_in;
	struct pana_octets answer;

	/* PANA SA */
	uint8_t prf, integrity, encryption; /* negotiated; 0: none */
	struct pana_octets i_par, i_pan, pac_nonce, paa_nonce;
	struct pana_sa sa;
	struct pana_sa *next; /* of the EAP run that is about to end */

	struct pana_octets plain; /* the message that came last, as if nothing of it were encrypted */

	btime heard, pinged; /* last valid message; last ping sent */
};

/* Nothing sent, nothing known. `common` must outlive it. */
void link_init(struct pana_link *link, const struct pana_common *common);

/* Wipes and releases what the link owns. */
void link_clear(struct pana_link *link);

/* Forgets the negotiation and everything after it: a new initial PAR begins again. */
void link_restart(struct pana_link *link);

/*
 * A datagram with those elements, protected if there is an SA, in `actions`; not sent. Empty when
 * it is longer than PANA_MESSAGE_MAX or there is no room.
 */
struct view link_build(const struct pana_link *link, const struct pana_sa *sa, unsigned type,
	unsigned flags, uint32_t sequence, const struct element_value *elements, unsigned count,
	struct actions *actions);

/* What goes into a request or answer. `with_next`: protected by link->next when there is one. */
struct pana_draft {
	unsigned type,
		flags; /* without R and E, which the link adds; an answer has its request's E */
	const struct element_value *elements;
	unsigned count;
	bool with_next;
	struct pana_octets *keep; /* where to keep a copy (I_PAR, I_PAN); NULL: nowhere */
};

/*
 * Sends a request and starts its retransmission, or has it wait for its turn; a notification waits
 * behind everything else. -1 when it is too long.
 */
int link_request(struct pana_link *link, const struct pana_draft *draft, btime now,
	struct actions *actions);

/* Has a notification wait behind everything else. -1: too many wait, it is too long, or there is
 * no key to protect it. */
int link_wait(struct pana_link *link, const struct pana_draft *draft);

/* Sends what waits and may go now; `access_phase`: notifications may. True if something went. */
bool link_pump(struct pana_link *link, bool access_phase, btime now, struct actions *actions);

/* Whether a request is outstanding, of that type and flags (the R bit aside). */
bool link_outstanding(const struct pana_link *link);
bool link_outstanding_is(const struct pana_link *link, unsigned type, unsigned flags);

/* The outstanding request has been answered, or there is no point in repeating it. */
void link_answered(struct pana_link *link);

/* Forgets the requests that wait for their turn. */
void link_drop_waiting(struct pana_link *link);

/* Answers `request` and keeps the answer for its repetitions. */
void link_answer(struct pana_link *link, const struct packet *request,
	const struct pana_draft *draft, struct actions *actions);

/* Sends the kept answer again if `datagram` is the request that it answered. */
bool link_repeat_answer(struct pana_link *link, const struct endpoint *from, struct view datagram,
	struct actions *actions);

/*
 * A ping that was outstanding while the key changed is repeated under the new key, and so is not
 * the same octets. If it was answered before, it is answered once more.
 */
bool link_answer_again(struct pana_link *link, const struct packet *packet, struct view datagram,
	struct actions *actions);

/*
 * RFC 5191 §5.2: a request has the next number, an answer that of the outstanding request, and is
 * of its kind. 0 or -1. Changes nothing.
 */
int link_check_sequence(const struct pana_link *link, const struct packet *packet,
	struct reject *reject);

/* The request was taken: its repetition is to be recognised, the next number expected. */
void link_took_request(struct pana_link *link, const struct packet *packet, struct view datagram);

/* A repetition is due. 0: sent again; -1: no more tries (RFC 5191 §9). */
int link_timeout(struct pana_link *link, const void *session, btime now, struct actions *actions);

/* Repeats a request that was never answered at once, from the new address. */
void link_hurry(struct pana_link *link, btime now);

/* A retransmission that has no answer to be matched: PCI. */
void link_start_rtx(struct pana_link *link, struct view datagram, const struct pana_rtx *rtx,
	btime now);

/* RFC 5191 §4.2: whether enough time has passed since the last liveness test. */
bool link_may_ping(const struct pana_link *link, btime now);

/* When the peer should be tested, if it stays silent; BTIME_NEVER. */
btime link_ping_due(const struct pana_link *link);

/* Draws a nonce of ours into *nonce. */
void link_draw_nonce(struct pana_link *link, struct pana_octets *nonce);

/* Derives link->next from an MSK under a key identifier. */
void link_make_next(struct pana_link *link, struct view msk, uint32_t key_id);
void link_drop_next(struct pana_link *link);
/* RFC 5191 §4.3: from the last exchange on everything is protected by the newest key, the
 * outstanding request too. */
void link_use_next(struct pana_link *link);

/*
 * Puts what `sa` encrypts in the message in the place of its Encryption-Encap (RFC 6786); first its
 * AUTH is verified. What was inside points into the link, until its next call. 0, and the packet is
 * as it was, when it has none; or -1.
 */
int link_decap(struct pana_link *link, const struct pana_sa *sa, struct view datagram,
	struct packet *packet, struct reject *reject);

/* The message that link_decap took last: the datagram, or what it is when nothing is encrypted. */
struct view link_message(const struct pana_link *link, struct view datagram);

/* The rule of RFC 5191 §5.5 about AUTH, for messages protected by link->sa. */
int link_verify(const struct pana_link *link, struct view datagram, const struct packet *packet,
	struct reject *reject);

/* An element of the standard whose value is a number of four octets, in `storage`. */
struct element_value avp_u32(enum pana_avp code, uint32_t value, uint8_t storage[4]);
struct element_value avp_view(enum pana_avp code, struct view value);

/* "PAR-S": the outstanding request's name, for reports. */
struct view link_request_text(const struct pana_link *link, char out[24]);

#endif
