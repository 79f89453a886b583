// SPDX-License-Identifier: Apache-2.0
/*
 * Inside the experiment of the changed address: one repetition's network, its programs and captures.
 * migration_stage.c raises and moves, migration_ways.c knows what carries the connections along.
 */
#ifndef BATON_MEASURE_MIGRATION_STAGE_H
#define BATON_MEASURE_MIGRATION_STAGE_H

#include "testbed/measure/migration.h"
#include "testbed/measure/place.h"

/* Of topology/two-links.yaml. */
#define OLD_ADDRESS "192.0.2.2"
#define NEW_ADDRESS "198.51.100.2"
#define NEW_ROUTER "198.51.100.1"
#define CN_ADDRESS "203.0.113.2"
#define MN_INSIDE "10.99.0.2"
#define CN_INSIDE "10.99.0.1"

struct migration_way;
enum { DAEMONS_MAX = 2, CAPTURES_MAX = 3 };

struct migration_stage {
	struct place place;
	const struct migration_way *way;
	struct process *daemons[DAEMONS_MAX], *captures[CAPTURES_MAX], *ip, *server, *client;
	int ip_in, ip_out; /* of `ip -batch` at the mobile node */
	struct esp_keys keys;
	double moved, ended;
};

struct migration_way {
	const char *name;
	bool tunnelled; /* streams go between the addresses inside */
	bool mptcp;	/* streams are of Multipath TCP */
	bool protects;	/* and in ESP */
	bool overlaps;	/* the old link stays for a while after the new address came */
	const char *options; /* for who prepares; "" */
	/* Brings up what carries the connections along. NULL: nothing has to be there. */
	int (*prepare)(struct migration_stage *, struct report_error *);
	/* Commands to ip(8) beside those of the change itself: with the new address, and when the
	   old link goes. "" : none. */
	const char *with_new, *without_old;
	/* Tells it of the new address; NULL: it finds out by itself. */
	int (*tell)(struct migration_stage *, struct report_error *);
};

/* The way of that name; NULL: there is none. */
const struct migration_way *migration_way(const char *name);

/*
 * One change from the raising of the network to its end. What was captured and logged lies in the
 * folder. 0, or -1 with *error set.
 */
int migration_perform(struct migration_stage *stage, const char *folder, unsigned rtt_ms,
	struct report_error *error);

#endif
