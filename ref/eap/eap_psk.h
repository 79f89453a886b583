// SPDX-License-Identifier: Apache-2.0
/* The four messages of EAP-PSK (RFC 4764 §5) and its protected channel. For this folder and the tester. */
#ifndef BATON_EAP_EAP_PSK_H
#define BATON_EAP_EAP_PSK_H

#include "ref/base/reject.h"
#include "ref/base/writer.h"
#include "ref/eap/eap_packet.h"

#define PSK_RAND_SIZE 16
#define PSK_MAC_SIZE 16
#define PSK_ID_MAX 966	   /* RFC 4764 §5.1: with all else it fits into 1020 octets */
#define PSK_HEADER_SIZE 22 /* what the tag covers: EAP header, Type, Flags, RAND_S (§3.3) */

enum psk_result { /* R, RFC 4764 §5.3, §6.1 */
	PSK_CONT = 1,
	PSK_DONE_SUCCESS = 2,
	PSK_DONE_FAILURE = 3,
};

/* Any of the four: what a message does not have stays empty. */
struct psk_message {
	uint8_t number; /* T: 0 to 3 */
	const uint8_t *rand_s, *rand_p, *mac;
	struct view id;	     /* ID_S of the first, ID_P of the second */
	struct view channel; /* PCHANNEL of the third and fourth */
};

/* What the protected channel says (RFC 4764 §5.3). */
struct psk_channel {
	uint32_t nonce; /* N, §3.3 */
	enum psk_result result;
	bool extended;	   /* E: an extension follows */
	uint8_t extension; /* EXT_Type, if there is one */
};

/* Reads the Type-Data of a message that must be number `expected`. 0 or -1. */
int psk_decode(struct view data, unsigned expected, struct psk_message *message,
	struct reject *reject);

/*
 * Opens the channel of the third or fourth message, which must have `nonce`. First the nonce, then
 * the tag, then what it hides (RFC 4764 §3.3, §4.1). 0 or -1.
 */
int psk_channel_open(const struct eap_packet *packet, const struct psk_message *message,
	uint32_t nonce, const uint8_t tek[16], struct psk_channel *channel, struct reject *reject);

/*
 * Writes the Type-Data of message `number` up to and with its channel: Flags, RAND_S, `mac` if
 * there is one, and the sealed channel; an extension's payload is empty (§6.2).
 */
void psk_channel_seal(uint8_t code, uint8_t identifier, unsigned number, const uint8_t *rand_s,
	struct view mac, const uint8_t tek[16], const struct psk_channel *channel,
	struct writer *out);

/* MAC_P and MAC_S (RFC 4764 §3.2). */
void psk_mac_p(const uint8_t ak[16], struct view id_p, struct view id_s, const uint8_t *rand_s,
	const uint8_t *rand_p, uint8_t mac[PSK_MAC_SIZE]);
void psk_mac_s(const uint8_t ak[16], struct view id_s, const uint8_t *rand_p,
	uint8_t mac[PSK_MAC_SIZE]);

/* Session-Id: Type, RAND_P, RAND_S. */
#define PSK_SESSION_ID_SIZE 33
/* Writes it (RFC 5247, appendix). */
void psk_session_id(const uint8_t *rand_p, const uint8_t *rand_s,
	uint8_t out[PSK_SESSION_ID_SIZE]);

#endif
