// SPDX-License-Identifier: Apache-2.0
/* Composing a datagram, for the files that make it up. */
#ifndef TESTBED_SUITE_COMPOSE_INSIDE_H
#define TESTBED_SUITE_COMPOSE_INSIDE_H

#include "testbed/suite/compose.h"

/* Work on one datagram. */
struct work {
	const struct compose_input *in;
	const struct protocol *protocol;
	struct packet *packet;
	char *why;
	size_t why_size;

	bool set_before[WIRE_ELEMENTS_MAX]; /* this element of the packet was set by a condition */
	enum { WANTS_DEFAULT, WANTS_NONE, WANTS_SEAL, WANTS_OCTETS } wants;
	enum seal_word seal;
	struct view seal_octets;
	uint8_t kept[64];
	bool usual;	  /* of a forged message: protected all the same */
	bool last_of_all; /* an element was moved behind the integrity value */
	uint32_t last_vendor, last_code;
};

/* Writes why: the condition's word, and what. -1. */
int compose_refuse(struct work *w, const struct condition *c, const char *what);

/* What lives as long as the test. */
struct arena *compose_arena(const struct work *w);

/* The first element of that code by its number in the packet, or -1. */
int compose_find(const struct work *w, uint32_t vendor, uint32_t code);

/* The same of the condition's element; -1 after compose_refuse when the message has none. */
int compose_need(struct work *w, const struct condition *c);

/* Takes element `i` out. */
void compose_remove(struct work *w, unsigned i);

/* A value as the octets of an element: a number gets the width of the element's field, 4 if the
 * dictionary does not tell. In the arena. */
struct view compose_octets(struct work *w, const struct condition *c, const struct value *v);

/* What stands in an element when nobody says: zeros for numbers, random octets otherwise. */
struct view compose_standard(struct work *w, const struct condition *c);

/* The first condition on an element sets the one that is there, a second one adds another. 0, or -1
 * after compose_refuse: the packet is full. */
int compose_set(struct work *w, const struct condition *c, struct view octets);

/* Gives the part of an element that the condition names the value. 0, or -1 after compose_refuse. */
int compose_set_part(struct work *w, const struct condition *c, const struct value *v);

#endif
