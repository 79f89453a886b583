// SPDX-License-Identifier: Apache-2.0
/* The client's inside, shared by pac.c (its owner, time), pac_input.c (what arrives) and pac_fsm.c
 * (what is done about it). */
#ifndef BATON_PANA_PAC_INSIDE_H
#define BATON_PANA_PAC_INSIDE_H

#include "ref/pana/pac.h"
#include "ref/pana/pana_link.h"

/* RFC 5609 §7.5 */
#define PAC_STATES(X)                                                                              \
	X(INITIAL)                                                                                 \
	X(WAIT_PAA)                                                                                \
	X(WAIT_EAP_MSG)                                                                            \
	X(WAIT_EAP_RESULT)                                                                         \
	X(WAIT_EAP_RESULT_CLOSE)                                                                   \
	X(OPEN)                                                                                    \
	X(WAIT_PNA_REAUTH)                                                                         \
	X(WAIT_PNA_PING)                                                                           \
	X(SESS_TERM)                                                                               \
	X(CLOSED)

#define PAC_EVENTS(X)                                                                              \
	X(RX_PAR_S)                                                                                \
	X(RX_PAR)                                                                                  \
	X(RX_PAR_C)                                                                                \
	X(RX_PAN)                                                                                  \
	X(RX_PNR_P)                                                                                \
	X(RX_PNA_P)                                                                                \
	X(RX_PNA_A)                                                                                \
	X(RX_PTR)                                                                                  \
	X(RX_PTA)                                                                                  \
	X(EAP_RESPONSE)                                                                            \
	X(EAP_WAITING)                                                                             \
	X(EAP_SUCCESS)                                                                             \
	X(EAP_FAILURE)                                                                             \
	X(EAP_RESP_TIMEOUT)                                                                        \
	X(AUTH_USER)                                                                               \
	X(REAUTH)                                                                                  \
	X(PANA_PING)                                                                               \
	X(ANNOUNCE)                                                                                \
	X(NOTIFY)                                                                                  \
	X(TERMINATE)                                                                               \
	X(RTX_MAX)                                                                                 \
	X(SESS_TIMEOUT)

enum pac_state {
#define X(s) PAC_##s,
	PAC_STATES(X)
#undef X
};

enum pac_number {
#define X(e) PAC_EV_##e,
	PAC_EVENTS(X)
#undef X
};

struct pac {
	struct pac_config config;
	struct pana_link link;
	struct eap_end *eap;
	struct eap_cost cost;	/* of the last run of EAP */
	const char *method;	/* and its method; NULL */
	int state;
	enum pana_access access;
	bool opened; /* the access phase was reached once: what runs now is re-authentication */
	bool exchanged;	    /* a PAR without S was taken since the initial one */
	bool nonce_due;	    /* the next PAR is the first of its phase and has the PAA's nonce */
	bool answer_due;    /* a PAR is not yet answered: the EAP response goes into the PAN */
	bool reconfigure;   /* I bit */
	bool want_reauth, announce, left;
	uint32_t lifetime;
	btime expires, phase_due, patience_due, reauth_due;
	struct packet pending; /* header of the PAR that is not yet answered */
	uint32_t rejected[REJECT_COUNT];
	uint32_t *hits;
};

/* What an event of the state machine is about. */
struct pac_step {
	struct packet *packet; /* NULL for events that no message caused */
	struct view datagram;
	btime now;
	struct actions *actions;
};

extern const struct fsm pac_machine;

/* One step of the machine; -1 when no row fits. */
int pac_step(struct pac *pac, enum pac_number event, const struct pac_step *step);

/* The event that the EAP end's present status is. */
int pac_step_eap(struct pac *pac, const struct pac_step *step);

/* A report about the client, to be added to by the caller; `words` NULL: none. NULL when there is
 * no room for it. */
struct action *pac_report(struct pac *pac, const struct pac_step *step, enum pana_report report,
	const char *words);

/* Reports the vendor AVPs of the message as a notification, if a key protects them. */
void pac_report_vendors(struct pac *pac, const struct pac_step *step);

/* After every step: what waited for the access phase, or for an answer, begins. */
void pac_settle(struct pac *pac, const struct pac_step *step);

/* Destroys the EAP end, after noting what it took. */
void pac_drop_eap(struct pac *pac);

#endif
