// SPDX-License-Identifier: Apache-2.0
/*
 * One end of an EAP conversation (RFC 3748), as a lower layer sees it.
 *
 * PANA, EAPOL and IKEv2 carry EAP packets and know nothing of methods; a peer, a server with its
 * own methods, and a pass-through to an AAA server all look like this to them. An end does no I/O:
 * it takes a packet and leaves one to be sent. An end that waits for somebody else (a pass-through)
 * returns EAP_WAITING; its owner changes `status` later and tells the lower layer to look again.
 */
#ifndef BATON_EAP_EAP_H
#define BATON_EAP_EAP_H

#include "ref/base/reject.h"
#include "ref/base/view.h"

enum eap_status {
	EAP_WAITING, /* nothing to send, no result yet */
	EAP_OUTPUT,  /* `output` is to be sent */
	EAP_SUCCESS, /* the end; msk holds the key if has_key; `output` may hold EAP-Success */
	EAP_FAILURE, /* the end; `output` may hold EAP-Failure */
};

#define EAP_MSK_SIZE 64
#define EAP_IDENTITY_MAX 253
#define EAP_SESSION_ID_MAX 65
#define EAP_MTU_DEFAULT 1020 /* octets of the largest packet; RFC 3748 §3.1 */

/* What a conversation took, since its start. */
struct eap_cost {
	unsigned rounds; /* requests that were answered */
	unsigned octets; /* of all EAP packets, both ways */
	bool resumed;	 /* the method went on with an earlier session (RFC 5216 §2.1.2) */
};

struct eap_end;

struct eap_end_ops {
	/* Begins, or begins anew for re-authentication. A server leaves its first request. */
	enum eap_status (*start)(struct eap_end *end);
	/* Takes one EAP packet. A packet that is silently discarded (RFC 3748 §4) leaves the
	 * status as it was and fills `*reject`. */
	enum eap_status (*input)(struct eap_end *end, struct view packet, struct reject *reject);
	/* Wipes keys and releases everything, the end itself too. */
	void (*destroy)(struct eap_end *end);
};

struct eap_end {
	const struct eap_end_ops *ops;
	enum eap_status status;
	struct view output;	    /* the packet to send; valid until the next call */
	uint8_t msk[EAP_MSK_SIZE];  /* RFC 3748 §7.10, when has_key */
	uint8_t emsk[EAP_MSK_SIZE];
	bool has_key;
	uint8_t session_id[EAP_SESSION_ID_MAX]; /* RFC 5247 §1.4, of a method that makes keys */
	size_t session_id_size;
	char identity[EAP_IDENTITY_MAX + 1]; /* of the peer, as far as known; terminated */
	const char *method;		     /* "EAP-TLS": of the method that ended; or NULL */
	const char *failure;		     /* why EAP_FAILURE, one sentence; or NULL */
	struct eap_cost cost;
};

/* Wipes and releases the end. Accepts NULL. */
static inline void eap_destroy(struct eap_end *end)
{
	if (end)
		end->ops->destroy(end);
}

#endif
