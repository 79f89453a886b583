// SPDX-License-Identifier: Apache-2.0
/*
 * The server's end of an EAP conversation, as a user makes it, and a table of users in memory.
 * What an end does: eap.h. The lower layer retransmits (PANA and EAPOL each in its way), so the
 * server answers a duplicate response with silence and never resends by itself; eap_server_again
 * gives the last request once more to a lower layer that wants it.
 */
#ifndef BATON_EAP_EAP_SERVER_H
#define BATON_EAP_EAP_SERVER_H

#include "ref/base/fsm.h"
#include "ref/base/random.h"
#include "ref/eap/eap.h"
#include "ref/eap/eap_packet.h"
#include "ref/eap/eap_peer.h"
#include "ref/eap/eap_tls.h"

#define EAP_PASSWORD_MAX 128

/* What the server knows about a peer. */
struct eap_user {
	char identity[EAP_IDENTITY_MAX + 1]; /* "user@realm"; "*@realm" and "*" are patterns */
	enum eap_type methods[EAP_METHODS_MAX]; /* allowed, in the order to try; ends at NONE */
	char password[EAP_PASSWORD_MAX + 1];	/* EAP-MD5; "" none */
	bool has_psk;
	uint8_t psk[EAP_PSK_SIZE]; /* EAP-PSK */
};

/* Fills `*user`, false for nobody. A function of this kind may ask any store. */
typedef bool eap_lookup(void *context, const char *identity, struct eap_user *user);

struct eap_server_config {
	eap_lookup *lookup; /* who may come; required */
	void *lookup_context;
	const char *server_id;	     /* ID_S of EAP-PSK, name of EAP-MD5; required for both */
	struct eap_tls_context *tls; /* EAP-TLS; or NULL: users that have it only get a failure */
	const char *identity;	     /* known already: no Identity request; NULL: ask */
	const char *notification;    /* text sent in a Notification before the method; or NULL */
	struct random *random;	     /* identifiers and nonces; must outlive the end */
	size_t mtu;		     /* largest packet to send, 64 to EAP_MTU_MAX; 0: default */
};

/*
 * A server's end; eap.h's start makes its first request. Strings are copied; lookup_context and
 * random must outlive it, of `tls` it takes a reference. NULL when the configuration makes no
 * sense: no lookup, no random, an mtu out of bounds.
 */
struct eap_end *eap_server_new(const struct eap_server_config *config);

/* The last packet again: what a lower layer without its own copy sends on a time-out. */
struct view eap_server_again(const struct eap_end *end);

/* The state machine, for drawing and for counting rows. */
extern const struct fsm eap_server_fsm;

/* A table of users. Out of memory ends the process. */
struct eap_users;
struct eap_users *eap_users_new(void);
void eap_users_free(struct eap_users *users);

/* Copies `user` to the end of the table. -1 when it has no identity or the identity is there. */
int eap_users_add(struct eap_users *users, const struct eap_user *user);

/* An eap_lookup over a struct eap_users: the exact identity first, then the longest pattern. */
bool eap_users_find(void *users, const char *identity, struct eap_user *user);

#endif
