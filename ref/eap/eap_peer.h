// SPDX-License-Identifier: Apache-2.0
/* The peer's end of an EAP conversation, as a user makes it. What it does then: eap.h. */
#ifndef BATON_EAP_EAP_PEER_H
#define BATON_EAP_EAP_PEER_H

#include "ref/base/fsm.h"
#include "ref/base/random.h"
#include "ref/eap/eap.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_tls.h"

#define EAP_METHODS_MAX 4
#define EAP_PSK_SIZE 16

struct eap_peer_config {
	const char *identity;  /* for the Identity response and as ID_P of EAP-PSK; required */
	const char *anonymous; /* sent in the Identity response instead, "@realm"; or NULL */
	/* Methods this peer takes, the best first; ends at EAP_TYPE_NONE. A method without its
	 * secret below is left out. None at all: every method that has its secret. */
	enum eap_type methods[EAP_METHODS_MAX];
	const char *password;	      /* EAP-MD5; or NULL */
	const uint8_t *psk;	      /* EAP-PSK, EAP_PSK_SIZE octets; or NULL */
	const char *server_id;	      /* EAP-PSK: the ID_S to insist on; NULL: any */
	struct eap_tls_context *tls;  /* EAP-TLS; or NULL */
	bool refuse_keyless;	      /* never EAP-MD5, nor EAP-Success without a key */
	struct random *random;	      /* of the method's nonces; must outlive the end */
	size_t mtu;		      /* largest packet to send, 64 to EAP_MTU_MAX; 0: default */
};

/*
 * A peer; it waits for the first request. Everything in `config` is copied except `random` and
 * `tls` (of which it takes a reference). NULL when the configuration makes no sense: no identity
 * or one longer than EAP_IDENTITY_MAX, no random, an mtu out of bounds, or no usable method.
 */
struct eap_end *eap_peer_new(const struct eap_peer_config *config);

/*
 * The lower layer's own word on the result, for carriers that have one beside the EAP packet
 * (altAccept and altReject, RFC 4137 §4.1.1; RFC 3748 §4.2: a lost EAP-Success). Accepts only
 * when the method has finished well. Returns the new status.
 */
enum eap_status eap_peer_lower_layer_result(struct eap_end *end, bool accepted);

/* The last Notification request's text (RFC 3748 §5.2), terminated; "" before there was one. */
const char *eap_peer_notification(const struct eap_end *end);

/* The state machine, for drawing and for counting rows. */
extern const struct fsm eap_peer_fsm;

#endif
