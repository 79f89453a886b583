// SPDX-License-Identifier: Apache-2.0
/* EAPOL PDUs (IEEE 802.1X-2010 §11.3) and the Ethernet frames that carry them. */
#ifndef BATON_DOT1X_EAPOL_H
#define BATON_DOT1X_EAPOL_H

#include "ref/base/wire.h"

#define EAPOL_ETHERTYPE 0x888E
#define EAPOL_PREAUTH_ETHERTYPE 0x88C7 /* IEEE 802.11-2020 §12.6.10.2 */
#define EAPOL_VERSION 2
#define EAPOL_HEADER_SIZE 4
#define EAPOL_PDU_MAX 2048
#define MAC_SIZE 6

enum eapol_type {
	EAPOL_EAP = 0,
	EAPOL_START = 1,
	EAPOL_LOGOFF = 2,
	EAPOL_KEY = 3,
	EAPOL_ALERT = 4,
};

struct eapol {
	uint8_t version, type;
	struct view body;
};

/* The PDU's header as rows, for names and printing. */
extern const struct protocol eapol_protocol;
extern const struct field eapol_header[];

/*
 * Reads a PDU. Octets after its body are padding of the Ethernet frame and ignored. 0, or -1 with
 * *reject filled. Any version is taken (§11.3.1: a receiver reads a later one as its own).
 */
int eapol_decode(struct view pdu, struct eapol *out, struct reject *reject);

/* Writes a PDU of our version. Fails through `w`. */
void eapol_encode(enum eapol_type type, struct view body, struct writer *w);

struct eapol_frame {
	uint8_t destination[MAC_SIZE], source[MAC_SIZE];
	uint16_t ethertype;
	struct view pdu;
};

/* An Ethernet frame of one of the two EtherTypes. 0 or -1. */
int eapol_frame_decode(struct view frame, struct eapol_frame *out, struct reject *reject);
void eapol_frame_encode(const struct eapol_frame *frame, struct writer *w);

/*
 * PMKID of a PMK between an authenticator and a station (IEEE 802.11-2020 §12.7.1.3, with
 * HMAC-SHA1): what shows after the move that the key is the one from before.
 */
void eapol_pmkid(const uint8_t pmk[32], const uint8_t bssid[MAC_SIZE],
	const uint8_t station[MAC_SIZE], uint8_t out[16]);

#endif
