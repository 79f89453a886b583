// SPDX-License-Identifier: Apache-2.0
//
// The words a topology file is made of, from text to value. One row per type in scalar_types
// names the type, says what is right, and reads it; the reader, its messages and the manual use
// the same row.

#ifndef BATON_TOPOLOGY_SCALAR_H
#define BATON_TOPOLOGY_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scalar_type {
	SCALAR_TEXT,	    /* const char * */
	SCALAR_NAME,	    /* const char *: a node, link, radio or role */
	SCALAR_END,	    /* const char *: "node:interface" */
	SCALAR_INTERFACE,   /* const char * */
	SCALAR_NUMBER,	    /* unsigned */
	SCALAR_BOOL,	    /* bool */
	SCALAR_ADDRESS,	    /* struct topology_address, prefix = all bits */
	SCALAR_PREFIX,	    /* struct topology_address, no bits beyond the prefix */
	SCALAR_DESTINATION, /* the same, or "default": all zero */
	SCALAR_RANGE,	    /* two struct topology_address, first <= last */
	SCALAR_MAC,	    /* struct topology_mac */
	SCALAR_DURATION,    /* uint64_t, ns */
	SCALAR_SECONDS,	    /* uint32_t, s */
	SCALAR_PERCENT,	    /* uint32_t, parts per million */
	SCALAR_RATE,	    /* uint64_t, bit/s */
	SCALAR_PASSPHRASE,  /* const char *: 8 to 63 printable ASCII characters */
	SCALAR_PSK,	    /* const char *: 64 hexadecimal digits */
	SCALAR_SECRET,	    /* const char *: 1 to 64 letters, digits and a few signs */
	SCALAR_REALM,	    /* const char *: labels and dots */
	SCALAR_IDENTITY,    /* const char *: user@realm */
	SCALAR_TYPES
};

struct scalar_type_row {
	const char *name;  /* "duration" */
	const char *right; /* "a number with its unit, such as 10ms, 1.5s or 200us" */
	size_t size;	   /* of the value */
	/* Reads text into *out (SCALAR_TEXT and other strings: stores text itself). False: not such
	   a value; *out may have been written. */
	bool (*read)(const char *text, void *out);
};

extern const struct scalar_type_row scalar_types[SCALAR_TYPES];

#endif
