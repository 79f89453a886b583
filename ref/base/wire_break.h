// SPDX-License-Identifier: Apache-2.0
/*
 * Packets that each break one rule of a protocol's tables, derived from a good one, and good
 * packets made from nothing but the tables.
 */
#ifndef BATON_BASE_WIRE_BREAK_H
#define BATON_BASE_WIRE_BREAK_H

#include "ref/base/wire.h"

#define WIRE_BROKEN_MAX 16384 /* octets of the largest packet that is taken or made */

/* One bad packet. `octets` and `label` are valid until the next call. */
struct wire_broken {
	struct view octets;
	enum reject_reason reason; /* what wire_decode says of it */
	const char *field;	   /* the header field or element that is wrong, or NULL */
	const char *section;	   /* the rule, or NULL */
	char label[128];	   /* "Nonce: shorter than 8 octets" */
};

struct wire_breaker {
	const struct packet *good;
	unsigned rule, index; /* where the iteration is */
	struct view original;
	struct packet parsed, changed;
	uint8_t from[WIRE_BROKEN_MAX], to[WIRE_BROKEN_MAX], value[WIRE_BROKEN_MAX];
};

/*
 * Begins with a packet that wire_decode takes (identified, checked); it need not outlive the call.
 * 0, or -1 when it is a bad one, or cannot be encoded in WIRE_BROKEN_MAX octets.
 */
int wire_break_begin(struct wire_breaker *b, const struct packet *good);

/* The next one, always the same for the same packet; false at the end. */
bool wire_break_next(struct wire_breaker *b, struct wire_broken *out);

/*
 * A value that the element's rows allow: the least of each bound, or with `much` the greatest that
 * is at most 64 octets. Written to `w`; the octets written are returned.
 */
struct view wire_sample_value(const struct element *element, bool much, struct writer *w);

/*
 * A message that its row allows, with the elements it must have, or with `much` one of each that
 * it may have. Values lie in `w`'s buffer, which must outlive the packet.
 */
struct packet wire_sample(const struct protocol *protocol, const struct message *message, bool much,
	struct writer *w);

#endif
