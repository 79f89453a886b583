// SPDX-License-Identifier: Apache-2.0
/*
 * The PANA client (RFC 5191, state machine of RFC 5609, pre-authentication of RFC 5873): one
 * struct pac for each session. A mobile node that prepares for several networks has several.
 */
#ifndef BATON_PANA_PAC_H
#define BATON_PANA_PAC_H

#include "ref/base/fsm.h"
#include "ref/eap/eap.h"
#include "ref/pana/pana_report.h"

struct pac;

struct pac_config {
	struct pana_common common;
	struct endpoint local; /* where to send from; family 0: the host chooses */
	struct endpoint paa;   /* family 0: take a session that any PAA opens (RFC 5191 §4.1) */
	struct pana_rtx pci;   /* PCI_IRT 1 s, PCI_MRT 120 s, PCI_MRC 0, PCI_MRD 0 */
	bool preauth;	       /* RFC 5873: a PAA of a network where this node is not yet */
	bool no_piggyback;     /* EAP responses in PAR of their own, never in PAN */
	btime eap_patience; /* how long a PAN waits for an EAP response that takes time; 500 ms */
	unsigned reauth_percent; /* re-authenticate at this part of the lifetime; 0: never; 80 */
	void *context;
	/* Makes the EAP peer, at the start and for each re-authentication. The pac destroys it. */
	struct eap_end *(*eap_new)(void *context, struct pac *pac);
};

/* Everything but paa, random and eap_new. */
void pac_config_default(struct pac_config *config);

/* A client in state INITIAL that has sent nothing. The configuration is copied. */
struct pac *pac_new(const struct pac_config *config);

/* Wipes keys and releases; sends nothing. NULL is fine. */
void pac_free(struct pac *pac);

enum pac_event_kind {
	PAC_AUTHENTICATE,   /* begin: PCI */
	PAC_REAUTHENTICATE, /* PNR with A */
	PAC_PING,	    /* PNR with P */
	PAC_TERMINATE,	    /* PTR, cause LOGOUT */
	PAC_MOVED,     /* the node is now in this PAA's network, at `local`: RFC 5191 §5.6, and
			  the end of pre-authentication, RFC 5873 §3 */
	PAC_LEFT,      /* the node is now in another network, at `local`; the session is held */
	PAC_EAP_READY, /* the EAP end that was waiting has changed its status */
};

struct pac_event {
	enum pac_event_kind kind;
	struct endpoint local; /* of PAC_MOVED and PAC_LEFT; family 0: as before */
};

/*
 * One datagram that arrived from `from`. 0 when it was taken, -1 when it was discarded (and
 * reported as PANA_REPORT_REJECTED). The octets need not outlive the call. `actions` is added to.
 */
int pac_input(struct pac *pac, const struct endpoint *from, struct view datagram, btime now,
	struct actions *actions);

/* 0, or -1 when the event has no place in the present state; then nothing has changed. */
int pac_event(struct pac *pac, const struct pac_event *event, btime now, struct actions *actions);

/* Does what is due at `now`. */
int pac_tick(struct pac *pac, btime now, struct actions *actions);

/* When pac_tick must be called next; BTIME_NEVER. */
btime pac_due(const struct pac *pac);

/*
 * Sends vendor AVPs in a ping (docs/pana.md, notifications) once the access phase is there and no
 * other request is outstanding. The values are copied. 0, or -1: no session, no keys, queue full,
 * too long.
 */
int pac_notify(struct pac *pac, const struct element_value *elements, unsigned count, btime now,
	struct actions *actions);

/* What there is to know. */
const char *pac_state_name(const struct pac *pac);
enum pana_access pac_access(const struct pac *pac);
bool pac_open(const struct pac *pac);	/* the access phase, re-authentication included */
bool pac_closed(const struct pac *pac); /* over; only pac_free makes sense */
uint32_t pac_session_id(const struct pac *pac);
uint32_t pac_lifetime(const struct pac *pac); /* granted, in seconds */
btime pac_expires(const struct pac *pac);     /* BTIME_NEVER without a session */
bool pac_ip_reconfiguration(const struct pac *pac); /* the PAA set the I bit */
const struct endpoint *pac_peer(const struct pac *pac);
uint32_t pac_rejected(const struct pac *pac, enum reject_reason reason); /* counter */

/* What the last run of EAP took, and its method ("EAP-TLS"; NULL before one has ended). */
const struct eap_cost *pac_eap_cost(const struct pac *pac);
const char *pac_method(const struct pac *pac);

/* NULL when there are none (no key method, or not authenticated). */
const struct pana_session_keys *pac_keys(const struct pac *pac);

/*
 * The pairwise master key for an access point of the agent's network (docs/pana.md): 32 octets
 * from the MSK and the BSSID. 0, or -1 without keys.
 */
int pac_ap_key(const struct pac *pac, const uint8_t bssid[6], uint8_t out[MPA_KEY_SIZE]);

/* The state machine and how often each of its rows was taken (fsm->count counters). */
const struct fsm *pac_fsm(void);
const uint32_t *pac_fsm_hits(const struct pac *pac);

#endif
