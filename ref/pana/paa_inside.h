// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's inside: paa.c (what comes in), paa_start.c (how sessions begin), paa_fsm.c (what is
 * done), paa_store.c (where sessions are kept).
 */
#ifndef BATON_PANA_PAA_INSIDE_H
#define BATON_PANA_PAA_INSIDE_H

#include "ref/pana/paa.h"
#include "ref/pana/pana_link.h"

/* RFC 5609 §8.4 */
#define PAA_STATES(X)                                                                              \
	X(INITIAL)                                                                                 \
	X(WAIT_EAP_MSG)                                                                            \
	X(WAIT_PAN_OR_PAR)                                                                         \
	X(WAIT_SUCC_PAN)                                                                           \
	X(WAIT_FAIL_PAN)                                                                           \
	X(OPEN)                                                                                    \
	X(WAIT_PNA_PING)                                                                           \
	X(SESS_TERM)                                                                               \
	X(CLOSED)

#define PAA_EVENTS(X)                                                                              \
	X(PAC_FOUND)                                                                               \
	X(RX_PAN_S)                                                                                \
	X(RX_PAN)                                                                                  \
	X(RX_PAN_C)                                                                                \
	X(RX_PAR)                                                                                  \
	X(RX_PNR_P)                                                                                \
	X(RX_PNR_A)                                                                                \
	X(RX_PNA_P)                                                                                \
	X(RX_PTR)                                                                                  \
	X(RX_PTA)                                                                                  \
	X(EAP_REQUEST)                                                                             \
	X(EAP_WAITING)                                                                             \
	X(EAP_ACCEPTED)                                                                            \
	X(EAP_REFUSED)                                                                             \
	X(EAP_FAILURE)                                                                             \
	X(EAP_SILENCE)                                                                             \
	X(REAUTH)                                                                                  \
	X(PANA_PING)                                                                               \
	X(NOTIFY)                                                                                  \
	X(TERMINATE)                                                                               \
	X(LEFT)                                                                                    \
	X(RTX_MAX)                                                                                 \
	X(SESS_TIMEOUT)

enum paa_state {
#define X(s) PAA_##s,
	PAA_STATES(X)
#undef X
};

enum paa_number {
#define X(e) PAA_EV_##e,
	PAA_EVENTS(X)
#undef X
};

struct paa_session {
	struct pana_link link;
	struct paa *paa;
	struct paa_session *next_by_id, *next_by_peer, *next_dead;
	size_t heap_at; /* index in the heap and 1 more; 0: not there */
	btime due;
	struct eap_end *eap;
	void *owner;
	char *identity;
	const char *method;
	struct eap_cost cost; /* of the last run of EAP */
	int state;
	enum pana_access access;
	bool opened;	  /* the access phase was reached once */
	bool nonce_due;	  /* our next PAR is the first of its phase: it carries the nonce */
	bool pac_nonce_due; /* the client's nonce has not come yet */
	bool want_reauth, counted_half_open;
	enum pana_cause want_termination; /* 0: no */
	uint32_t lifetime, last_key_id, proposed; /* proposed: until the last PAN comes */
	btime expires, phase_due, reauth_due, hold_due, linger_due;
};

struct paa {
	struct paa_config config;
	struct paa_session **by_id, **by_peer; /* `buckets` each, a power of two */
	size_t buckets;
	uint32_t hash_seed;
	struct paa_session **heap;
	size_t heap_count, heap_size;
	struct paa_session *dead;
	unsigned count, half_open;
	uint8_t cookie_key[32];
	btime pci_theoretical; /* of the rate limit: when the bucket would be empty */
	uint32_t rejected[REJECT_COUNT];
	uint32_t *hits;
};

/* What an event of the state machine is about. */
struct paa_step {
	struct packet *packet; /* NULL for events that no message caused */
	struct view datagram;
	btime now;
	struct actions *actions;
	enum pana_cause cause; /* of TERMINATE */
};

extern const struct fsm paa_machine;

/* paa_fsm.c */
int paa_step(struct paa_session *s, enum paa_number event, const struct paa_step *step);
int paa_step_eap(struct paa_session *s, const struct paa_step *step);
struct action *paa_report(struct paa_session *s, const struct paa_step *step,
	enum pana_report report, const char *words);

/* paa_store.c: makes a session that is found by id and by peer; NULL when there are too many. */
struct paa_session *store_new(struct paa *paa, uint32_t id, const struct endpoint *peer);
/* Takes it out of everything; it is freed by the next store_reap. */
void store_kill(struct paa_session *s);
void store_reap(struct paa *paa);
void store_move_peer(struct paa_session *s, const struct endpoint *peer);
void store_set_due(struct paa_session *s, btime due);
struct paa_session *store_first_due(const struct paa *paa);
void store_init(struct paa *paa);
void store_clear(struct paa *paa);

/* paa_start.c */
struct paa_arrival {
	const struct endpoint *from, *to;
	struct reject *reject;
};
int start_from_pci(struct paa *paa, const struct paa_arrival *at, struct paa_step *step);
/* A PAN with S that belongs to no session: the answer to a PAR of which nothing was kept. */
int start_from_pan(struct paa *paa, const struct paa_arrival *at, struct paa_step *step);
/* Algorithms of an initial PAN against those offered. */
int start_check_algorithms(const struct paa *paa, const struct packet *p, struct reject *reject);
void start_take_algorithms(struct paa_session *s, const struct packet *p);
#define PAA_OFFER_MAX (3 * PANA_ALGORITHMS_MAX)
/* PRF-Algorithm, Integrity-Algorithm and Encryption-Algorithm AVPs that are offered, at most
 * PAA_OFFER_MAX; returns how many. */
unsigned start_offer(const struct paa *paa, struct element_value *e, uint8_t storage[][4]);

/* paa.c: after every step: what waited begins, and the timers are set. */
void paa_settle(struct paa_session *s, const struct paa_step *step);
int paa_restart_eap(struct paa_session *s);

#endif
