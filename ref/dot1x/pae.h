// SPDX-License-Identifier: Apache-2.0
/*
 * Port access entities of IEEE 802.1X-2010 (its port access control protocol, PACP): what
 * authenticator and supplicant have in common. EAPOL on a wired LAN goes to the PAE group address;
 * 802.11i pre-authentication (IEEE 802.11-2020 §12.6.10.2) is the same between two addresses, under
 * its own EtherType. No I/O: the owner captures and sends whole frames.
 */
#ifndef BATON_DOT1X_PAE_H
#define BATON_DOT1X_PAE_H

#include "ref/base/engine.h"
#include "ref/dot1x/eapol.h"
#include "ref/eap/eap.h"

enum pae_event {
	PAE_SEND,	   /* data: a whole Ethernet frame */
	PAE_STARTED,	   /* a conversation has begun */
	PAE_AUTHENTICATED, /* the port is authorised */
	PAE_FAILED,	   /* EAP has ended in failure; name: why */
	PAE_LOGGED_OFF,	   /* EAPOL-Logoff was sent or taken */
	PAE_UNREACHABLE,   /* nobody has answered */
	PAE_REJECTED,	   /* a frame not taken: action.reject */
};

/* Who sends and takes frames, and which. */
struct pae_lan {
	uint8_t own[MAC_SIZE];
	uint16_t ethertype; /* EAPOL_ETHERTYPE or EAPOL_PREAUTH_ETHERTYPE */
	bool group;	    /* frames go to the PAE group address, and are taken from there */
};

extern const uint8_t pae_group_address[MAC_SIZE];

/*
 * Reads a frame that is for this entity. 0, or -1 with *reject filled; a frame for somebody else,
 * or of another EtherType, is -1 with REJECT_ADDRESS or REJECT_TYPE.
 */
int pae_frame_decode(const struct pae_lan *lan, struct view frame, struct eapol_frame *out,
	struct eapol *pdu, struct reject *reject);

/* Adds PAE_SEND to the actions, to the group or else to `to`. */
void pae_send(const struct pae_lan *lan, const uint8_t to[MAC_SIZE], enum eapol_type type,
	struct view body, const void *session, struct actions *actions);

/* Adds PAE_REJECTED. */
void pae_rejected(const struct reject *reject, const void *session, struct actions *actions);

/* "started", "authenticated", ...: for logs. Static. */
const char *pae_event_name(enum pae_event event);

#endif
