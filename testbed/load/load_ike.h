// SPDX-License-Identifier: Apache-2.0
/*
 * Load on an IKEv2 responder, any that speaks RFC 7296: initiators, all of one engine and at one
 * socket, each beginning anew when it is done; and two attacks on its half-open SAs (§2.6).
 */
#ifndef BATON_LOAD_LOAD_IKE_H
#define BATON_LOAD_LOAD_IKE_H

#include "ref/base/engine.h"
#include "ref/ike/ike_credentials.h"
#include "ref/ike/ike_payload.h"

#define LOAD_IKE_CLIENTS_MAX 10000
#define LOAD_IKE_COUNT_MAX 10000000
#define LOAD_IKE_ADDRESSES_MAX 65536
#define LOAD_IKE_REASONS_MAX 16

enum load_ike_kind {
	LOAD_IKE_SET_UP,    /* whole IKE SAs */
	LOAD_IKE_FLOOD,	    /* IKE_SA_INIT as from forged addresses: no cookie comes back */
	LOAD_IKE_HALF_OPEN, /* cookies come back, IKE_AUTH never follows */
};

struct load_ike_options {
	enum load_ike_kind kind;
	struct endpoint responder;
	struct endpoint local; /* to send from; its family that of responder, port 0: any */
	unsigned addresses;    /* of the attacks: local and the ones after it, in turn */
	const char *identity;
	const char *psk;			     /* NULL: by certificate */
	const struct ike_credentials *credentials; /* then our own, and whom to trust */
	uint16_t group;
	bool keep;     /* SAs stay up; else each is deleted before its client begins anew */
	bool no_child; /* asks for selectors that nobody has, so that the IKE SA stays alone */
	struct ike_ts network; /* IPv4; each client asks for an address of it; type 0: for its own */
	unsigned clients, count; /* at once; in total */
};

struct load_ike_reason {
	char words[96];
	unsigned count;
};

struct load_ike_figures {
	unsigned good, failed; /* of whole SAs */
	unsigned childless;    /* of the good ones: the Child SA was refused */
	double seconds;	       /* from the first begin to the last end */
	double median_ms, p95_ms, p99_ms; /* from IKE_SA_INIT to authenticated; NAN when none is */
	/* why they failed, and what datagrams were not taken for; the last one holds all others */
	struct load_ike_reason reasons[LOAD_IKE_REASONS_MAX];
	/* of the attacks, what was answered: */
	unsigned sent, cookies, half_open, refused; /* refused: an error notification */
};

/* Runs until `count` have ended. 0, or -1 with errno: no socket. */
int load_ike_run(const struct load_ike_options *options, struct load_ike_figures *figures);

/* How many addresses `network` has; 0: there is none. */
unsigned load_ike_hosts(const struct load_ike_options *options);

/* The engine's connection that the options ask for. */
struct ike_connection;
void load_ike_connection(const struct load_ike_options *options, struct ike_connection *c);
/* The attacks; as load_ike_run. */
int load_ike_attack(const struct load_ike_options *options, struct load_ike_figures *figures);

#endif
