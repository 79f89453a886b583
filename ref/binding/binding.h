// SPDX-License-Identifier: Apache-2.0
/*
 * Remote bindings (docs/remote-binding.md): a mobile node tells a correspondent node, or a home
 * agent, under which care-of address its home address is to be reached.
 *
 * Two engines without I/O. struct binding_client is the mobile node's side of one binding with one
 * correspondent; it repeats until answered, and refreshes before the lifetime ends.
 * struct binding_server is the correspondent's: a table of peers who may bind, each with its key,
 * and the binding it holds. What is bound is reported; the owner moves the route.
 */
#ifndef BATON_BINDING_BINDING_H
#define BATON_BINDING_BINDING_H

#include "ref/base/engine.h"
#include "ref/base/random.h"
#include "ref/binding/binding_wire.h"

#define BINDING_KEY_MIN 16
#define BINDING_KEY_MAX 64

struct binding_key {
	uint32_t id;
	uint8_t size; /* octets, BINDING_KEY_MIN to BINDING_KEY_MAX */
	uint8_t octets[BINDING_KEY_MAX];
};

/* Reports. `data` of each: see below. */
enum binding_event {
	BINDING_EVENT_SENT,	    /* client: an update went out, first time or again */
	BINDING_EVENT_ACKNOWLEDGED, /* client: the correspondent holds the binding */
	BINDING_EVENT_REFUSED,	    /* client: it refuses; data: status as u32 */
	BINDING_EVENT_UNREACHABLE,  /* client: all repetitions unanswered */
	BINDING_EVENT_BOUND,	    /* server: session is the struct binding that is new or moved */
	BINDING_EVENT_REFRESHED,    /* server: the same care-of address again */
	BINDING_EVENT_REMOVED,	    /* server: taken back by the mobile node */
	BINDING_EVENT_EXPIRED,	    /* server: the lifetime ended */
	BINDING_EVENT_REJECTED,	    /* both: a message not taken; action.reject tells why */
};

/* --- mobile node ------------------------------------------------------------------------------ */

struct binding_client_config {
	struct endpoint home;	       /* port ignored */
	struct endpoint correspondent; /* where updates go */
	struct binding_key key;
	uint32_t lifetime;	 /* seconds to ask for, 1 to 86400 */
	btime initial_timeout;	 /* before the first repetition; 0: 500 ms (RBP §5.2) */
	unsigned repetitions;	 /* after the first update; 0: 6 */
	uint32_t first_sequence; /* persists over restarts, or drawn from the clock by the owner */
};

struct binding_client {
	struct binding_client_config config;
	enum { CLIENT_IDLE, CLIENT_UPDATING, CLIENT_BOUND, CLIENT_FAILED } state;
	struct endpoint care_of;
	uint32_t sequence, lifetime_asked;
	uint8_t challenge[BINDING_CHALLENGE_SIZE];
	bool challenged; /* the correspondent asked for `challenge` back */
	bool resumed;	 /* the sequence number was corrected once for this update */
	unsigned sent;
	btime timeout, due;
	uint64_t rejected[REJECT_COUNT];
};

/* Copies the configuration. The key stays in the client until binding_client_end. */
void binding_client_begin(struct binding_client *c, const struct binding_client_config *config);

/* Wipes the key. */
void binding_client_end(struct binding_client *c);

/*
 * Binds the home address to `care_of` (its port is ignored); family 0 takes the binding back. Sends
 * the first update and begins to repeat it. An update under way is given up for the new one.
 */
void binding_client_update(struct binding_client *c, const struct endpoint *care_of, btime now,
	struct actions *actions);

/* A datagram from `peer`. 0, or -1 when it was not taken (also reported). */
int binding_client_input(struct binding_client *c, const struct endpoint *peer,
	struct view datagram, btime now, struct actions *actions);

/* Carries out what is due by `now`. */
void binding_client_tick(struct binding_client *c, btime now, struct actions *actions);

/* When binding_client_tick wants to be called; BTIME_NEVER when nothing is pending. */
btime binding_client_due(const struct binding_client *c);

/* --- correspondent node ----------------------------------------------------------------------- */

/* Somebody who may bind one home address, and the binding it holds. */
struct binding {
	struct endpoint home;
	struct binding_key key;
	bool on_behalf; /* may name a care-of address that is not its source (RBP §5.3) */

	bool bound;
	struct endpoint care_of;
	btime expires;
	bool sequence_known; /* an update was taken since the start, so no challenge is needed */
	uint32_t sequence;
	unsigned moves; /* how often the care-of address changed */
};

struct binding_server_config {
	struct binding *peers; /* the owner's array; home, key and on_behalf filled in, rest zero */
	unsigned peer_count;
	uint32_t lifetime_max; /* seconds; longer requests are cut; 0: 3600 */
	struct random *random; /* for the secret behind the challenges; used once, at the start */
};

struct binding_server {
	struct binding_server_config config;
	uint8_t secret[32];
	uint64_t rejected[REJECT_COUNT];
};

/* Copies the configuration; draws the secret behind the challenges. `peers` stays the owner's. */
void binding_server_begin(struct binding_server *s, const struct binding_server_config *config);

/* Wipes the secret and the keys of all peers. */
void binding_server_end(struct binding_server *s);

/* A datagram from `peer` to `local`. 0, or -1 when it was not taken (also reported). */
int binding_server_input(struct binding_server *s, const struct endpoint *local,
	const struct endpoint *peer, struct view datagram, btime now, struct actions *actions);

/* Ends the bindings whose lifetime is over by `now`; each is reported. */
void binding_server_tick(struct binding_server *s, btime now, struct actions *actions);
/* When the next binding ends; BTIME_NEVER while none stands. */
btime binding_server_due(const struct binding_server *s);

#endif
