// SPDX-License-Identifier: Apache-2.0
/*
 * Vectors against decoders. A check goes through a set and collects what differs; a difference that
 * is known and explained (vectors/explain/DECODER.json) does not count against the decoder.
 */
#ifndef BATON_VECTORS_CHECK_H
#define BATON_VECTORS_CHECK_H

#include <stdio.h>

#include "ref/base/wire.h"
#include "testbed/vectors/vectors.h"

struct vector_codec; /* codec.h */

/* The codec of that protocol, or NULL. */
const struct vector_codec *vector_codec(const char *protocol);

/* The name of the protocol with the codec of that index, from 0; NULL after the last. */
const char *vector_protocol(size_t index);

/* "pana, eap, ...": all of them. Always terminated; returns `out`. */
const char *vector_protocols(char *out, size_t size);

/* What a decoder did with one vector. */
enum check_verdict {
	CHECK_AGREES,
	CHECK_EXPLAINED, /* differs, for a known reason */
	CHECK_OUTSIDE,	 /* the decoder does not claim to check this; nothing was compared */
	CHECK_DIFFERS,
};

struct finding {
	enum check_verdict verdict;
	char text[512]; /* "field: expected ..., actual ..."; empty when it agrees */
};

/*
 * One vector through the C codec: decoding gives the fields, encoding the fields gives the octets,
 * what is invalid is rejected for the reason that the vector states, AUTH verifies or not.
 */
struct finding check_with_codec(const struct vector_codec *codec, const struct vector *v);

/* Sums, and what to print. */
struct check_summary {
	unsigned agrees, explained, outside, differs;
};

/*
 * All vectors through the C codec; one line on `out` for each that differs (`verbose`: for each).
 */
struct check_summary check_set_with_codec(
	const struct vector_codec *codec, const struct vector_set *set, bool verbose, FILE *out);

/*
 * All captures through tshark. 0 with `*summary` filled, or -1 with `error` filled: tshark is not
 * there, ended badly, or a capture is damaged.
 */
int check_set_with_tshark(const struct vector_set *set, const char *explanations, bool verbose,
	FILE *out, struct check_summary *summary, char *error, size_t size);

/* Prints one line "ID verdict: text" unless the vector agrees and `verbose` is false; counts. */
void check_tell(struct check_summary *summary, const struct vector *v, const struct finding *f,
	bool verbose, FILE *out);

/* What differs first between what was decoded and the vector's fields. */
struct finding finding_of(enum check_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
