// SPDX-License-Identifier: Apache-2.0
/* The neighbourhood, for the files that make it up. */
#ifndef BATON_MN_NEIGHBOURHOOD_INSIDE_H
#define BATON_MN_NEIGHBOURHOOD_INSIDE_H

#include "ref/discovery/neighbours.h"
#include "ref/host/wpa.h"
#include "ref/mn/neighbourhood.h"

struct neighbourhood {
	struct mn *mn;
	const struct neighbourhood_settings *settings;
	struct neighbours *table;
	const char *supplicant; /* NULL: no radio to hear with */
	struct wpa *wpa;	/* NULL: it is not there */
	bool complained;
	struct timer *connect, *read, *save, *patience;
	struct control_request *scan; /* waits for scan results */
	bool scan_again, scan_started; /* others' results come first; ours has begun */
	unsigned rejected[REJECT_COUNT];
};

/* Seconds of the wall clock: the memory outlives the process. */
int64_t neighbourhood_now(void);

/* --- neighbourhood_memory.c ------------------------------------------------------------------- */

/* Fills the table from the file. What is wrong with it is told, and nothing of it taken. */
void neighbourhood_load(struct neighbourhood *n);

/* Writes the file anew, in one step. */
void neighbourhood_save(struct neighbourhood *n);

/* --- neighbourhood_show.c --------------------------------------------------------------------- */

/* What the command shows. */
json_t *neighbourhood_json(struct mn *mn);

/* The network of the configuration that the access point belongs to by its name, or NULL; of
 * several the one with that agent. */
struct network *neighbourhood_configured(struct mn *mn, const struct neighbour *neighbour,
	const struct endpoint *agent);

/* Why the agent that would be chosen must not be: the configuration says otherwise. */
bool neighbourhood_foreign(struct mn *mn, const struct neighbour *neighbour,
	const struct endpoint *agent, enum neighbour_source source);

#endif
