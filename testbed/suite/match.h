// SPDX-License-Identifier: Apache-2.0
/*
 * A received message against what an expect line says, field by field. A message has to be right in
 * itself too (docs/suites.md, "What every message must be"): structure, occurrence and bounds as
 * the tables have them.
 */
#ifndef TESTBED_SUITE_MATCH_H
#define TESTBED_SUITE_MATCH_H

#include "testbed/suite/peer.h"
#include "testbed/suite/value.h"

#define DIFFERENCES_MAX 16

struct difference {
	char field[64];
	char expected[160];
	char received[200];
};

struct differences {
	struct difference list[DIFFERENCES_MAX];
	unsigned count;
};

/* Adds a difference, cut to fit; those past DIFFERENCES_MAX are left out. */
void differ(struct differences *d, const char *field, const char *expected, const char *received);

/* A message of the sut, decoded as far as that is possible. */
struct heard {
	struct view octets;
	struct packet packet;	       /* message: by type and base flags alone, NULL if unknown */
	bool decoded;		       /* structure, kind, occurrence and bounds are right */
	struct reject reject;	       /* otherwise */
	uint16_t from_port, to_port;   /* host byte order */
	bool from_second;	       /* from the sut's second address */
	bool to_second;		       /* to the tester's second address; of frames, to a group */
};

/* Decodes the octets, which must outlive `out`. */
void heard_decode(const struct role *role, struct view octets, struct heard *out);

/*
 * Whether the message is what the pattern says, integrity left aside. Variables that it binds are
 * set when all of it fits. Otherwise the differences are added.
 */
bool heard_matches(const struct role *role, const struct pattern *pattern,
	const struct heard *heard, struct variables *variables, struct differences *d);

/* What is expected of the integrity, after the peer has taken note of the message. */
bool heard_seal_fits(const struct role *role, const struct pattern *pattern,
	enum seal_state state, struct differences *d);

/* "PAR S seq=5 session=0x12345678" for ladders and reports. Returns `out`. */
const char *packet_label(const struct role *role, const struct packet *packet, char *out,
	size_t size);

/* Calls `each` with the name and the text of every field, in the order of the wire. */
void packet_fields(const struct packet *packet,
	void (*each)(void *context, const char *name, const char *value), void *context);

#endif
