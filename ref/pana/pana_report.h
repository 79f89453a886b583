// SPDX-License-Identifier: Apache-2.0
/*
 * What the two ends of PANA share with those who drive them: parameters, reports, keys.
 *
 * An ACTION_REPORT of a PaC or PAA has one of enum pana_report as `event`, its name in `name`, the
 * session (struct pac or struct paa_session) in `session`, and in `data` what the comment says.
 */
#ifndef BATON_PANA_PANA_REPORT_H
#define BATON_PANA_PANA_REPORT_H

#include "ref/base/engine.h"
#include "ref/pana/pana_wire.h"

/*     symbol            name in logs              what has happened; data */
#define PANA_REPORTS(X)                                                                            \
	X(STARTED, "started")		       /* the initial PAR and PAN have passed */           \
	X(AUTHENTICATED, "authenticated")      /* access phase; data: identity (PAA) */            \
	X(PREAUTHORISED, "preauthorised")      /* the same with the E bit: a candidate network */  \
	X(POSTAUTHORISED, "postauthorised")    /* a candidate became the serving network */        \
	X(HELD, "held")			       /* the serving network was left; keys are kept */   \
	X(REAUTHENTICATED, "reauthenticated")  /* new lifetime and, with a key method, new keys */ \
	X(FAILED, "failed")		       /* no authentication; data: why, in words */        \
	X(TERMINATED, "terminated")	       /* by a PTR; data: cause, in words */               \
	X(EXPIRED, "expired")		       /* the session lifetime is over */                  \
	X(UNREACHABLE, "unreachable")	       /* a request was never answered; data: which */     \
	X(ADDRESS_UPDATED, "address_updated")  /* the peer has another address (PAA) */            \
	X(ALIVE, "alive")		       /* a ping was answered */                           \
	X(NOTIFIED, "notified")		       /* vendor AVPs came; data: the message, decodable */\
	X(ACKNOWLEDGED, "acknowledged")	       /* a notification of ours arrived */                \
	X(REJECTED, "rejected")		       /* a datagram was discarded; reject says why */     \
	X(RETRANSMITTED, "retransmitted")      /* a request was sent again; data: which */

enum pana_report {
#define X(symbol, name) PANA_REPORT_##symbol,
	PANA_REPORTS(X)
#undef X
	PANA_REPORT_COUNT
};

/* "authenticated": static. */
const char *pana_report_name(enum pana_report report);

/* What a session may do now. */
enum pana_access {
	PANA_UNAUTHORISED, /* not authenticated, or no longer */
	PANA_PREAUTHORISED, /* authenticated by a candidate network (RFC 5873) */
	PANA_AUTHORISED,   /* access phase of the serving network */
	PANA_HOLDING,	   /* authenticated once; has left; comes back by proof of the key */
};

/* "authorised": static. */
const char *pana_access_name(enum pana_access access);

/* RFC 5191 §9: 0 for mrt: no bound on the interval; for mrc, mrd: no bound on tries, on time. */
struct pana_rtx {
	btime irt, mrt;
	unsigned mrc;
	btime mrd;
};

#define PANA_ALGORITHMS_MAX 4
#define PANA_MESSAGE_MAX 8192 /* octets of the longest message that an engine takes or sends */
#define PANA_NOTIFICATIONS_MAX 8 /* waiting in a session for their turn */

/* The parameters that both ends have. pana_common_default fills them in. */
struct pana_common {
	enum pana_prf prfs[PANA_ALGORITHMS_MAX]; /* best first; ends at the first 0 */
	enum pana_integrity integrities[PANA_ALGORITHMS_MAX];
	enum pana_encryption encryptions[PANA_ALGORITHMS_MAX]; /* likewise; none by itself */
	size_t nonce_size;	 /* PANA_NONCE_MIN to 64 octets; 20 */
	struct pana_rtx request; /* REQ_IRT 1 s, REQ_MRT 30 s, REQ_MRC 10, REQ_MRD 0 */
	btime failed_timeout;	 /* FAILED_SESS_TIMEOUT of RFC 5609: until the access phase; 60 s */
	btime ping_interval; /* liveness test when nothing else was heard for so long; 0: never */
	btime ping_gap;		 /* RFC 5191 §4.2: no two tests within this time; 1 s */
	btime linger;		 /* how long a repeated last request is answered; 35 s */
	bool require_key;	 /* authentication that yields no key is a failure */
	struct random *random;	 /* the caller's; must outlive the engine */
};

/* Sets everything but `random`: SHA-256 before SHA-1, the times above. */
void pana_common_default(struct pana_common *common);

#define MPA_KEY_SIZE 32

/* Keys that a session with a key method yields; docs/pana.md, key hierarchy. */
struct pana_session_keys {
	uint32_t key_id;
	uint8_t mn_ca[MPA_KEY_SIZE]; /* with the configuration agent */
	uint8_t mn_ar[MPA_KEY_SIZE]; /* with the access router */
};

#endif
