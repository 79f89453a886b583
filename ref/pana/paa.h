// SPDX-License-Identifier: Apache-2.0
/*
 * The PANA authentication agent (RFC 5191, state machine of RFC 5609, pre-authentication of
 * RFC 5873) with any number of sessions.
 *
 * By default a PCI is answered without keeping anything (RFC 5191 §4.1): session identifier and
 * sequence number of the initial PAR are a keyed digest of the client's address and a period of
 * time, and the PAN that brings them back makes the session. A session that a report names lives
 * until the next call of a function that is given the `paa`; its owner forgets it at a report of
 * FAILED, TERMINATED, EXPIRED or UNREACHABLE.
 */
#ifndef BATON_PANA_PAA_H
#define BATON_PANA_PAA_H

#include "ref/base/fsm.h"
#include "ref/eap/eap.h"
#include "ref/pana/pana_report.h"

struct paa;
struct paa_session;

#define PAA_RESULT_AVPS_MAX MPA_NEIGHBOURS_MAX

struct paa_config {
	struct pana_common common;
	struct endpoint local;	   /* where to send from; family 0: the host chooses */
	bool stateful;		   /* a PCI makes a session at once and PAR is retransmitted */
	bool optimized;		   /* the initial PAR carries EAP-Payload; implies stateful */
	bool preauth;		   /* RFC 5873 is supported; true */
	bool ip_reconfiguration;   /* set the I bit (RFC 5191 §6.2) */
	uint32_t lifetime;	   /* seconds that authorise() finds as a proposal; 3600 */
	uint32_t preauth_lifetime; /* the most that a candidate grants; 0: no bound; 600 */
	btime hold;		   /* how long authorisation is held after leaving; 300 s */
	unsigned reauth_percent;   /* PAA re-authenticates at this part of the lifetime; 0: never */
	unsigned sessions_max;	   /* 65536 */
	unsigned half_open_max;	   /* sessions not yet authenticated; 1024 */
	unsigned pci_rate;	   /* PCI and initial PAN a second from all; 0: no limit; 2000 */
	bool allow_restart;	   /* a PCI from the address of a session may begin another one, as
				      a client needs that was restarted; against RFC 5191 §5.5 */
	/* Vendor AVPs for the last PAR of each authentication that succeeds and yields a key, at
	 * most PAA_RESULT_AVPS_MAX; the owner's, they must outlive the paa. */
	const struct element_value *result_avps;
	unsigned result_avp_count;
	void *context;
	/* Makes the EAP server for a session, at its start and for each re-authentication; NULL
	 * refuses. The paa destroys it. */
	struct eap_end *(*eap_new)(void *context, struct paa_session *session);
	/* After EAP success; may be NULL. False refuses: PANA_AUTHORIZATION_REJECTED. */
	bool (*authorise)(void *context, struct paa_session *session, const char *identity,
		uint32_t *lifetime);
};

/* Everything but random and eap_new. */
void paa_config_default(struct paa_config *config);

/* An agent without sessions. The configuration is copied; `random` must outlive it. */
struct paa *paa_new(const struct paa_config *config);

/* Wipes and releases all sessions; sends nothing. NULL is fine. */
void paa_free(struct paa *paa);

/*
 * One datagram from `from` that arrived at `to` (NULL: unknown); answers go out from there. 0 when
 * it was taken, -1 when it was discarded (and reported as PANA_REPORT_REJECTED).
 */
int paa_input(struct paa *paa, const struct endpoint *from, const struct endpoint *to,
	struct view datagram, btime now, struct actions *actions);

enum paa_event_kind {
	PAA_REAUTHENTICATE,
	PAA_PING,
	PAA_TERMINATE, /* PTR with `cause` */
	PAA_LEFT,      /* somebody noticed that the client has left this network: hold */
	PAA_EAP_READY, /* the EAP end that was waiting has changed its status */
	PAA_FORGET,    /* drop the session without a word */
};

struct paa_event {
	enum paa_event_kind kind;
	enum pana_cause cause; /* of PAA_TERMINATE */
};

/* 0, or -1 when the event has no place in the present state; then nothing has changed. */
int paa_event(struct paa *paa, struct paa_session *session, const struct paa_event *event,
	btime now, struct actions *actions);

/* The same with PAA_EAP_READY. */
int paa_eap_ready(struct paa *paa, struct paa_session *session, btime now,
	struct actions *actions);

/*
 * Opens a session without being asked (RFC 5191 §4.1): an initial PAR to the client at `peer`,
 * with the E bit for pre-authentication. The session, or NULL when there is no room or one exists.
 */
struct paa_session *paa_start(struct paa *paa, const struct endpoint *peer, bool preauth, btime now,
	struct actions *actions);

/* Does what is due, as far as there is room in `actions`; paa_due tells whether more is waiting. */
int paa_tick(struct paa *paa, btime now, struct actions *actions);
btime paa_due(const struct paa *paa);

/* As pac_notify. */
int paa_notify(struct paa *paa, struct paa_session *session, const struct element_value *elements,
	unsigned count, btime now, struct actions *actions);

/* Sessions. */
struct paa_session *paa_find(struct paa *paa, uint32_t id);
struct paa_session *paa_find_peer(struct paa *paa, const struct endpoint *peer);
unsigned paa_count(const struct paa *paa);	  /* all, lingering ones included */
unsigned paa_half_open(const struct paa *paa);
/* Calls `visit` for each until it returns non-zero, which is returned; it must end no session. */
int paa_each(struct paa *paa, int (*visit)(void *context, struct paa_session *session),
	void *context);

/* What a session is: its identifier, the name of its state (static), its client's address. What
 * points into the session lives as long as it does. */
uint32_t paa_session_id(const struct paa_session *session);
const char *paa_session_state(const struct paa_session *session);
enum pana_access paa_session_access(const struct paa_session *session);
bool paa_session_open(const struct paa_session *session); /* the access phase */
const struct endpoint *paa_session_peer(const struct paa_session *session);
const char *paa_session_identity(const struct paa_session *session); /* "" before it is known */
const char *paa_session_method(const struct paa_session *session);   /* "EAP-TLS", or "" */
const struct eap_cost *paa_session_eap_cost(const struct paa_session *session); /* last run */
uint32_t paa_session_lifetime(const struct paa_session *session); /* granted, in seconds */
btime paa_session_expires(const struct paa_session *session);
struct eap_end *paa_session_eap(const struct paa_session *session); /* NULL when there is none */
/* NULL when there are none. */
const struct pana_session_keys *paa_session_keys(const struct paa_session *session);
/* As pac_ap_key. */
int paa_session_ap_key(const struct paa_session *session, const uint8_t bssid[6],
	uint8_t out[MPA_KEY_SIZE]);
/* A pointer of the owner's, kept and never looked at. */
void paa_session_set_owner(struct paa_session *session, void *owner);
void *paa_session_owner(const struct paa_session *session);

/* Counters. */
uint32_t paa_rejected(const struct paa *paa, enum reject_reason reason);
const struct fsm *paa_fsm(void);
const uint32_t *paa_fsm_hits(const struct paa *paa);

#endif
