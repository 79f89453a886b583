// SPDX-License-Identifier: Apache-2.0
/*
 * The supplicant's port access entity: it asks with EAPOL-Start until an authenticator answers,
 * answers its requests, and takes part again whenever a new conversation begins.
 */
#ifndef BATON_DOT1X_PAE_SUPPLICANT_H
#define BATON_DOT1X_PAE_SUPPLICANT_H

#include "ref/base/fsm.h"
#include "ref/dot1x/pae.h"

enum pae_supplicant_state {
	PAE_SUPPLICANT_IDLE,	       /* not begun, or logged off */
	PAE_SUPPLICANT_CONNECTING,     /* EAPOL-Start is out */
	PAE_SUPPLICANT_AUTHENTICATING,
	PAE_SUPPLICANT_AUTHENTICATED,
	PAE_SUPPLICANT_HELD,	       /* it failed, and tries again when the held period is over */
};

struct pae_supplicant_config {
	struct pae_lan lan;
	uint8_t authenticator[MAC_SIZE]; /* without lan.group: to whom */
	btime start_period; /* until EAPOL-Start is repeated; 0: 5 s */
	unsigned max_start; /* EAPOL-Starts altogether; 0: 3 */
	btime patience;	    /* for the next request of a conversation; 0: 30 s */
	btime held;	    /* 0: 60 s */
	struct eap_end *eap; /* the peer's end, which the supplicant then owns */
};

struct pae_supplicant {
	struct pae_supplicant_config config;
	int state; /* enum pae_supplicant_state */
	unsigned started; /* EAPOL-Starts that are out */
	bool answered;
	uint8_t last; /* identifier of the last request that was taken */
	btime due;
	uint64_t rejected[REJECT_COUNT];
	btime now;		 /* of the call at hand */
	struct actions *actions; /* likewise */
};

extern const struct fsm pae_supplicant_fsm;

/* Copies the configuration; the EAP end is the supplicant's from then on. */
void pae_supplicant_begin(struct pae_supplicant *s, const struct pae_supplicant_config *config);

/* Wipes keys and destroys the EAP end. */
void pae_supplicant_end(struct pae_supplicant *s);

/* Begins, or begins anew. */
void pae_supplicant_connect(struct pae_supplicant *s, btime now, struct actions *actions);

/* Sends EAPOL-Logoff and stays away. */
void pae_supplicant_log_off(struct pae_supplicant *s, btime now, struct actions *actions);

/* A whole Ethernet frame that was captured. */
void pae_supplicant_input(struct pae_supplicant *s, struct view frame, btime now,
	struct actions *actions);

/* Carries out what is due by `now`. */
void pae_supplicant_tick(struct pae_supplicant *s, btime now, struct actions *actions);
/* When pae_supplicant_tick wants to be called; BTIME_NEVER when nothing is pending. */
btime pae_supplicant_due(const struct pae_supplicant *s);

#endif
