// SPDX-License-Identifier: Apache-2.0
/*
 * The authenticator's port access entity: an EAP conversation for each station that sends
 * EAPOL-Start, one after a failure only when the quiet period is over, and the retransmission that
 * EAP leaves to it (RFC 3748 §4.3).
 */
#ifndef BATON_DOT1X_PAE_AUTHENTICATOR_H
#define BATON_DOT1X_PAE_AUTHENTICATOR_H

#include "ref/base/fsm.h"
#include "ref/dot1x/pae.h"

#define PAE_PORTS_MAX 64

enum pae_port_state {
	PAE_DISCONNECTED,   /* nothing is known of the station */
	PAE_AUTHENTICATING, /* a request is out */
	PAE_AUTHORISED,
	PAE_HELD, /* it failed: nothing is taken from it until the quiet period is over */
};

/* One station. */
struct pae_port {
	bool used;
	uint8_t station[MAC_SIZE];
	int state; /* enum pae_port_state */
	struct eap_end *eap;
	btime due;
	unsigned repeated; /* of the request that is out */
	struct pae_authenticator *owner;
};

struct pae_authenticator_config {
	struct pae_lan lan;
	btime irt, mrt;	 /* first and longest time until a request is repeated; 0: 3 s, 20 s */
	unsigned mrc;	 /* repetitions of a request; 0: 4 (RFC 3748 §4.3: 3 to 5) */
	btime held;	 /* quiet period; 0: 60 s */
	void *context;
	/* Makes the server's end of one conversation; the port destroys it. */
	struct eap_end *(*eap_new)(void *context);
};

struct pae_authenticator {
	struct pae_authenticator_config config;
	struct pae_port ports[PAE_PORTS_MAX];
	uint64_t rejected[REJECT_COUNT];
	btime now;		 /* of the call at hand */
	struct actions *actions; /* likewise */
};

extern const struct fsm pae_authenticator_fsm;

/* Copies the configuration. Actions' session is the struct pae_port. */
void pae_authenticator_begin(struct pae_authenticator *a,
	const struct pae_authenticator_config *config);

/* Wipes keys and destroys the EAP ends. */
void pae_authenticator_end(struct pae_authenticator *a);

/* A whole Ethernet frame that was captured. */
void pae_authenticator_input(struct pae_authenticator *a, struct view frame, btime now,
	struct actions *actions);

/* Begins anew with every station that is authorised. */
void pae_authenticator_reauthenticate(struct pae_authenticator *a, btime now,
	struct actions *actions);

/* Carries out what is due by `now`, as far as `actions` has room; the rest stays due. */
void pae_authenticator_tick(struct pae_authenticator *a, btime now, struct actions *actions);
/* When pae_authenticator_tick wants to be called; BTIME_NEVER when nothing is pending. */
btime pae_authenticator_due(const struct pae_authenticator *a);

#endif
