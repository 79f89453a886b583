// SPDX-License-Identifier: Apache-2.0
/*
 * Reference engines as receivers of vectors. They are brought to where a vector needs them with
 * the packets that the vector says came before, and with the secrets and random numbers of its
 * group; then what they make of it is held against the vector.
 */
#ifndef BATON_VECTORS_PLAY_H
#define BATON_VECTORS_PLAY_H

#include "ref/base/random.h"
#include "ref/eap/eap.h"
#include "ref/eap/eap_server.h"
#include "testbed/vectors/codec.h"

/* --- what an engine made of a packet ---------------------------------------------------------- */

struct played {
	char reaction[128];   /* messages in the order they were sent, as in the files */
	struct view reply;    /* octets of the first of them; empty: none */
	struct reject reject; /* why the packet was not taken; reason NONE: it was */
};

/* Appends a message, the words joined by spaces. `argument` NULL: none, else "NAME[argument]". */
void played_add(struct played *p, const char *name, const char *argument, struct view octets);

/* Reaction, reply and reason against the vector. */
struct finding played_compare(const struct vector *v, const struct played *p);

/* --- EAP ends --------------------------------------------------------------------------------- */

/* Makes ends with the credentials of a group; they draw the numbers of its conversations. */
struct play_eap {
	struct random random; /* first: what the ends hold */
	const struct vector_group *group;
	uint8_t identifier; /* of the server's first request */
	bool server;
	size_t drawn; /* conversations whose number was drawn */
	struct eap_users *users;
	struct eap_tls_context *tls;
};

/* 0, or -1 with `why` filled: certificates for EAP-TLS cannot be made. */
int play_eap_begin(struct play_eap *play, const struct vector_group *group, uint8_t identifier,
	bool server, char *why, size_t size);
void play_eap_end(struct play_eap *play);

/* A peer or a server, as begun. The caller destroys it before play_eap_end. */
struct eap_end *play_eap_new(struct play_eap *play);

/* --- the rows' functions ---------------------------------------------------------------------- */

/* Brings the engine to where the vector needs it, plays it, and compares. */
struct finding play_eap(const struct vector *v);
struct finding play_radius(const struct vector *v);
struct finding play_dxi(const struct vector *v);
struct finding play_dhcp(const struct vector *v);
struct finding play_ipip(const struct vector *v);

#endif
