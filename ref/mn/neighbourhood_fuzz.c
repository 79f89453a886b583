// SPDX-License-Identifier: Apache-2.0
/*
 * Any octets as the memory of access points: it is taken whole or not at all, and what is taken has
 * records that a node may use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/mn/neighbourhood_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct neighbourhood *make(const struct neighbourhood_settings *settings)
{
	static struct node node;
	static struct mn mn;
	struct neighbourhood *n = host_alloc(sizeof(*n));

	if (!node.loop) {
		node.loop = loop_new();
		node.log = log_new("fuzz");
		log_set_level(node.log, LOG_LEVEL_ERROR);
		mn.node = &node;
	}
	n->mn = &mn;
	n->settings = settings;
	n->table = neighbours_new(8, 0);
	n->save = timer_new(node.loop, NULL, NULL);
	return n;
}

static void check(const struct neighbour *e)
{
	enum neighbour_source source;

	if (e->records[NEIGHBOUR_STATIC].known)
		abort();
	for (unsigned s = NEIGHBOUR_AGENT; s < NEIGHBOUR_SOURCES; s++) {
		const struct neighbour_record *r = &e->records[s];
		if (!r->known)
			continue;
		if (!r->remembered || !r->info.address_count)
			abort();
		for (unsigned i = 0; i < r->info.agent_count; i++)
			if (!ap_info_good_address(&r->info.agents[i]) || !r->info.agents[i].port)
				abort();
	}
	neighbour_agent(e, 0, &source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	struct neighbourhood_settings settings = { .memory = path };
	struct neighbourhood *n;
	FILE *file;

	if (!path[0])
		/* in memory: the file is synced each time */
		snprintf(path, sizeof(path), "/dev/shm/baton-memory-%d.json", getpid());
	file = fopen(path, "w");
	if (!file || (size && fwrite(data, size, 1, file) != 1) || fclose(file) != 0)
		abort();
	n = make(&settings);
	neighbourhood_load(n);
	for (unsigned i = 0; i < neighbours_count(n->table); i++)
		check(neighbours_at(n->table, i));
	neighbourhood_save(n); /* and what was written is taken again */
	unsigned before = neighbours_count(n->table);
	neighbours_forget(n->table, NULL);
	neighbourhood_load(n);
	if (neighbours_count(n->table) != before)
		abort();
	timer_free(n->save);
	neighbours_free(n->table);
	free(n);
	unlink(path);
	char aside[80];
	snprintf(aside, sizeof(aside), "%s.bad", path);
	unlink(aside);
	return 0;
}
