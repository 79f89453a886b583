// SPDX-License-Identifier: Apache-2.0
/* Routes and policy rules. Returns and undoing as in kernel.h. */
#ifndef BATON_HOST_ROUTE_H
#define BATON_HOST_ROUTE_H

#include "ref/host/ip.h"

struct kernel;

#define ROUTE_TABLE_MAIN 254

struct route {
	struct prefix to;     /* length 0: the default route; family must be set */
	struct prefix via;    /* the next router; family 0: on the link */
	struct prefix source; /* preferred source address; family 0: the kernel's choice */
	const char *device;   /* NULL: found from `via` */
	unsigned table;	      /* 0: main */
	unsigned window; /* initial congestion window of TCP, in segments; 0: the kernel's */
	unsigned metric;
	bool on_link; /* `via` is reachable on `device` though no route says so */
};

/* Adds the route, in place of one with the same destination, table and metric, in one step. */
int route_set(struct kernel *kernel, const struct route *route);

/* -ESRCH when there is none. */
int route_delete(struct kernel *kernel, const struct route *route);

struct route_answer {
	struct prefix via, source; /* via family 0: on the link */
	unsigned ifindex;
	char device[16];
};

/* How the kernel would reach `to` now, from `source` unless that is NULL. */
int route_lookup(struct kernel *kernel, const struct prefix *to, const struct prefix *source,
	struct route_answer *out);

/* A rule: packets that fit look into `table` first. What is zero fits everything. */
struct route_rule {
	uint8_t family;
	struct prefix from, to;
	unsigned mark;
	bool except; /* packets that do not fit instead */
	unsigned priority, table;
};

/* Adds the rule, or deletes the one that says the same. -EEXIST, -ENOENT. */
int rule_add(struct kernel *kernel, const struct route_rule *rule);
int rule_delete(struct kernel *kernel, const struct route_rule *rule);

#endif
