// SPDX-License-Identifier: Apache-2.0
/*
 * What a node knows of access points near it, from whatever source, in one table
 * (docs/finding-access-points.md, FAP §6).
 *
 * Each access point, one BSSID, has at most one record of each source. Sources are ranked: what the
 * node's owner says, then what an authenticated agent said, then what a beacon claims. A record that
 * contradicts one of a higher rank is kept to be shown, and never used. No I/O; time is an argument,
 * in seconds of the wall clock, since the table outlives the process in a file.
 */
#ifndef BATON_DISCOVERY_NEIGHBOURS_H
#define BATON_DISCOVERY_NEIGHBOURS_H

#include "ref/discovery/ap_info.h"

/* The best first. */
enum neighbour_source {
	NEIGHBOUR_STATIC, /* the node's configuration; never expires */
	NEIGHBOUR_AGENT,  /* an agent, with the result of authentication */
	NEIGHBOUR_BEACON, /* beacons and probe responses */
	NEIGHBOUR_SOURCES
};

#define NEIGHBOUR_SSID_MAX 32

struct neighbour_record {
	bool known;
	bool remembered;	/* from an earlier run, and not heard since */
	int64_t learnt;		/* last time */
	struct endpoint teller; /* of NEIGHBOUR_AGENT: who said so */
	struct ap_info info;
};

struct neighbour {
	uint8_t bssid[6];
	char name[NEIGHBOUR_SSID_MAX + 1]; /* from the configuration, or "" */
	char ssid[NEIGHBOUR_SSID_MAX + 1]; /* or "" */
	unsigned frequency;		   /* MHz; 0: not known */
	unsigned changes;  /* how often a source said something else than before */
	unsigned disputes; /* how often an agent was overruled */
	struct neighbour_record records[NEIGHBOUR_SOURCES];
};

struct neighbours;

/* At most `max` access points (not 0); what is older than `max_age` s is forgotten (0: nothing). */
struct neighbours *neighbours_new(unsigned max, int64_t max_age);

/* Accepts NULL. */
void neighbours_free(struct neighbours *table);

/* What is learnt of one access point. */
struct neighbour_lesson {
	enum neighbour_source source;
	uint8_t bssid[6];
	const char *name, *ssid; /* NULL or "": not said */
	unsigned frequency;	 /* 0: not said */
	struct endpoint teller;
	bool remembered;
	int64_t learnt; /* of a remembered lesson; later than now counts as now */
	struct ap_info info;
};

enum neighbour_verdict {
	NEIGHBOUR_NEW,
	NEIGHBOUR_SAME,	       /* as before: only its age is new */
	NEIGHBOUR_CHANGED,
	NEIGHBOUR_CONTRADICTS, /* noted, and not used: a better source says otherwise */
	NEIGHBOUR_OVERRULED,   /* ignored: the access point's own agent said otherwise */
	NEIGHBOUR_DISTRUSTED,  /* ignored: that agent did not authenticate */
	NEIGHBOUR_FULL,	       /* no room */
	NEIGHBOUR_OLD,	       /* of a memory that is too old */
};

/* Takes what somebody says of an access point into the table. `now` in seconds since 1970. What
 * became of it; only NEW and CHANGED change what the table answers. */
enum neighbour_verdict neighbours_learn(struct neighbours *table,
	const struct neighbour_lesson *lesson, int64_t now);

/* Forgets what is too old, and distrust that is over. How many records went. */
unsigned neighbours_expire(struct neighbours *table, int64_t now);

/*
 * The agent that a beacon named did not authenticate, or does not answer: the claim is forgotten, and
 * beacons of that access point that name it are ignored for `distrust` seconds. False when no beacon
 * record of it names that agent.
 */
bool neighbours_failed(struct neighbours *table, const uint8_t bssid[6],
	const struct endpoint *agent, int64_t distrust, int64_t now);

/* Forgets everything but the configuration's word about the access point, NULL: about all. How many
 * records went. */
unsigned neighbours_forget(struct neighbours *table, const uint8_t bssid[6]);

/* In the order of their BSSID; valid until the table changes. */
unsigned neighbours_count(const struct neighbours *table);
const struct neighbour *neighbours_at(const struct neighbours *table, unsigned index);
const struct neighbour *neighbours_find(const struct neighbours *table, const uint8_t bssid[6]);

/* The best access point of that name, else of that network, which tells an agent. NULL: none. */
const struct neighbour *neighbours_named(const struct neighbours *table, const char *name);

/* What in the record contradicts a better one: "agent"; static. NULL: nothing, or no record. */
const char *neighbour_conflict(const struct neighbour *neighbour, enum neighbour_source source);

/* What in the information, from that source, would contradict a better one. Likewise. */
const char *neighbours_contradiction(const struct neighbours *table, const uint8_t bssid[6],
	enum neighbour_source source, const struct ap_info *info);

/*
 * The agent to authenticate with: the first one of that family (0: any) of the best source that
 * names one and is not contradicted. NULL: none. `*source` says whose word it is.
 */
const struct endpoint *neighbour_agent(const struct neighbour *neighbour, uint8_t family,
	enum neighbour_source *source);

/*
 * Where the access point itself is reached, or who stands in for it: the first address, port 0, of
 * the best source that names one and is not contradicted. NULL: none. `*source` likewise.
 */
const struct endpoint *neighbour_address(const struct neighbour *neighbour,
	enum neighbour_source *source);

/* Distrusted agents. `*bssid` and `*agent` point into the table. False beyond the last. */
bool neighbours_distrusted(const struct neighbours *table, unsigned index, const uint8_t **bssid,
	const struct endpoint **agent, int64_t *until);

/* "static", "agent", "beacon": static. */
const char *neighbour_source_name(enum neighbour_source source);
/* The source of that name; NEIGHBOUR_SOURCES when there is none. */
enum neighbour_source neighbour_source_by_name(const char *name);

#endif
