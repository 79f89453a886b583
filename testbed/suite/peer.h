// SPDX-License-Identifier: Apache-2.0
/*
 * The other side of the implementation under test, as the suite language sees it.
 *
 * A peer is a model of one session: what has been sent and received, numbers, keys, the EAP
 * conversation. It supplies what a suite does not say, and judges nothing: it is told to send what
 * no implementation should, out of order, twice, and keeps count of what really went out. This is
 * why it is not the engine of the reference, which refuses to be driven wrong; and an error in that
 * engine is not hidden by the same error here.
 *
 * A peer does no I/O and reads no clock.
 */
#ifndef TESTBED_SUITE_PEER_H
#define TESTBED_SUITE_PEER_H

#include "ref/base/engine.h"
#include "ref/base/random.h"
#include "ref/base/wire.h"
#include "testbed/topology/arena.h"

struct peer;
struct eap_end;

struct peer_config {
	/* The value of a setting (given NAME=VALUE) for the tester's side, or NULL. */
	const char *(*setting)(void *context, const char *name);
	void *context;
	/* The tester's end of the EAP conversation, which the peer then owns. */
	struct eap_end *eap;
	struct random *random; /* must outlive the peer */
	/* A line for the key log, without newline. May be NULL. */
	void (*key_log)(void *context, const char *line);
	struct arena *arena;	 /* of the test: what is received stays there to its end */
	const char *credentials; /* folder with certificates of both sides */
	int64_t epoch;		 /* seconds since 1970, to judge certificates by */
};

/* How a message is to be encrypted. */
struct peer_wrapping {
	bool clear; /* not at all */
	bool wrong; /* with an integrity value that does not verify */
	bool old;   /* with the keys before the present ones */
};

#define WRAPPED_MAX 64 /* datagrams of one message */

enum seal_state {
	SEAL_STATE_NONE,    /* there is no key that could have made one */
	SEAL_STATE_VALID,
	SEAL_STATE_INVALID, /* present, and it does not verify */
	SEAL_STATE_MISSING, /* a key is there, and the message has none */
};

struct peer_ops {
	struct peer *(*create)(const struct peer_config *config);
	void (*destroy)(struct peer *peer);

	/* Takes note of a message of the sut. `again`: the same octets came before. */
	void (*received)(struct peer *peer, const struct packet *packet, struct view octets,
		bool again);
	/* Takes note of a message that went out to the sut as it stands here. */
	void (*sent)(struct peer *peer, const struct packet *packet, struct view octets);

	/* Fills `out` with the message as it should be sent now, without its integrity element.
	 * Values point into the peer and stay until its next call. */
	void (*compose)(struct peer *peer, const struct message *message, struct packet *out);

	/* These four are there when the role's protocol has an integrity element (role->seal).
	 * Whether a message would be protected if it were sent now. */
	bool (*protects)(struct peer *peer, const struct packet *packet);
	/* Octets of the integrity value; `old`: with the key before the present one. */
	size_t (*seal_size)(const struct peer *peer);
	/* The value over the whole message, in which the value's place is zero. False: no key. */
	bool (*seal)(struct peer *peer, struct view octets, bool old, uint8_t *out);
	/* Encrypts single elements of a message that is about to be written; NULL: none. */
	void (*hide)(struct peer *peer, struct packet *packet, struct arena *arena);
	/* Last hand on a composed message, for what is computed over all of it; NULL: nothing. */
	void (*finish)(struct peer *peer, const struct packet *packet, uint8_t *octets,
		size_t size);
	/* How it stands with the integrity of a received message; call `received` first. */
	enum seal_state (*verify)(struct peer *peer, const struct packet *packet,
		struct view octets);

	/*
	 * Where encryption hides the message; NULL: nowhere. A peer that wraps has no seal: what the
	 * integrity element says in a suite is how the message is encrypted, or whether it opened.
	 */
	/* Fills in what was hidden; `packet` holds what the role decoded. 1: done, also when there
	 * was nothing to open, 0: other datagrams of the message have not come, -1: *reject. */
	int (*unwrap)(struct peer *peer, struct view octets, struct packet *packet,
		struct reject *reject);
	/* Writes the datagrams of a composed message, `plain` its octets before encryption; sizes[i]
	 * is that of each, *count at most WRAPPED_MAX. -1: there are no keys, or no room. */
	int (*wrap)(struct peer *peer, const struct packet *packet, struct view plain,
		const struct peer_wrapping *how, struct writer *w, size_t *sizes, unsigned *count);
	/* Where the next message goes from and to, or came to and from; NULL: does not matter. */
	void (*place)(struct peer *peer, const struct endpoint *here, const struct endpoint *there);

	/* Whether a receiver that keeps the rules takes the message, as far as numbers go; for the
	 * ordinary exchange. Fills *reject otherwise. */
	bool (*acceptable)(struct peer *peer, const struct packet *packet, bool again,
		struct reject *reject);
	/* What the ordinary exchange sends next; NULL: nothing before the sut does something. */
	const struct message *(*next)(struct peer *peer);
	/* Whether an answer is outstanding, so that the last request is to be repeated. */
	bool (*waiting)(const struct peer *peer);
	/* Whether the exchange is at or past that point of the role's table. */
	bool (*reached)(const struct peer *peer, const char *point);
	/* One phrase for reports: how far the exchange got. Static. */
	const char *(*position)(const struct peer *peer);
};

#endif
