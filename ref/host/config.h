// SPDX-License-Identifier: Apache-2.0
/*
 * A node's configuration: YAML read by rows.
 *
 * A row says where in a C structure a key's value goes, what it may be, and what it is for; the
 * rows read the file, find every mistake with its line, and print the reference in docs/nodes.md.
 * (libcyaml reads such schemas too, but names the line of the surrounding map instead of the
 * key's, takes "17" for true, and cannot tell later at which line a value stood.)
 *
 * A finding is one line on stderr: FILE:LINE: what is wrong; what would be right.
 */
#ifndef BATON_HOST_CONFIG_H
#define BATON_HOST_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "ref/host/ip.h"

enum config_kind {   /* C type at `offset` */
	CONFIG_TEXT, /* const char *; min..max its length */
	CONFIG_PATH, /* const char *; a relative one is made relative to the file's folder */
	CONFIG_UINT, /* unsigned; min..max */
	CONFIG_BOOL, /* bool */
	CONFIG_TIME, /* btime; written with a unit: 500 ms, 2 s, 5 min; min..max in ms */
	CONFIG_NAME, /* int; one of `names` */
	CONFIG_ADDRESS,	 /* struct prefix; an IP address without a length */
	CONFIG_PREFIX,	 /* struct prefix; an address with a length */
	CONFIG_ENDPOINT, /* struct endpoint; an address with an optional port, `def_port` */
	CONFIG_MAC,	 /* uint8_t [6] */
	CONFIG_OCTETS,	 /* struct config_octets; hexadecimal, min..max octets */
	CONFIG_NAMES,	 /* struct config_numbers; a list of `names` */
	CONFIG_MAP,	 /* struct of the caller's in place, by `rows` */
	CONFIG_OPTION,	 /* the same, behind a pointer that is NULL when the key is not there */
	CONFIG_LIST,	 /* struct config_list; items of `size` octets, by `rows`; min..max items */
};

struct config_octets {
	uint8_t *data;
	size_t size;
};

struct config_numbers {
	int *items;
	size_t count;
};

struct config_list {
	void *items;
	size_t count;
};

struct config_name {
	int value;
	const char *name; /* NULL ends the list */
};

struct config_row {
	const char *key; /* NULL ends the rows */
	enum config_kind kind;
	size_t offset;
	const char *otherwise; /* the text that stands for an absent value; NULL: all zero */
	bool required;
	long min, max;
	unsigned port; /* of CONFIG_ENDPOINT */
	const struct config_name *names;
	const struct config_row *rows;
	size_t size;
	const char *help; /* one sentence for the reference */
};

struct config;

/*
 * Reads the file into `out`, which starts zeroed and stays the caller's memory; what it points to
 * belongs to the configuration. NULL when something is wrong, and every finding was printed.
 */
struct config *config_read(const char *path, const struct config_row *rows, void *out);

/* Releases everything that `out` points to, wiping it: there are keys. Accepts NULL. */
void config_free(struct config *config);

/* A finding about the value read into `field` (or item of a list), at its line. Counts it. */
void config_wrong(struct config *config, const void *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many findings there are. */
unsigned config_findings(const struct config *config);

/* The path as given to config_read. */
const char *config_path(const struct config *config);

/* The reference of the rows as a Markdown table. */
void config_print_reference(const struct config_row *rows, FILE *to);

#endif
