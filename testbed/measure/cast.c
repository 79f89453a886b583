// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "testbed/adapter/sut.h"
#include "testbed/measure/cast.h"

#define ENVIRONMENT_MAX 96

struct player {
	const struct topology_node *node;
	struct sut *sut;
	char *environment[ENVIRONMENT_MAX + 1];
	unsigned count;
	char scratch[1280], log[1280];
};

struct cast {
	struct network *network;
	struct manifest *manifest;
	struct player *players;
	unsigned count;
};

static int __attribute__((format(printf, 2, 3))) fail(struct report_error *error,
	const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

static char *text_copy(const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		abort();
	return copy;
}

static void set(struct player *p, const char *name, const char *value)
{
	if (p->count == ENVIRONMENT_MAX)
		return;
	if (asprintf(&p->environment[p->count], "%s=%s", name, value) < 0)
		abort();
	p->count++;
}

/* A setting of the topology file, "pana.paa", as BATON_SET_PANA_PAA. */
static void set_setting(struct player *p, const struct topology_setting *setting)
{
	char name[128];
	size_t n = (size_t)snprintf(name, sizeof(name), "BATON_SET_%s", setting->key);

	for (size_t i = 0; i < n && i < sizeof(name) - 1; i++)
		name[i] = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i])
							  : '_';
	set(p, name, setting->value);
}

static int start(struct cast *cast, struct player *p, int priority, const char *folder,
	unsigned number, const char *const *settings, struct report_error *error)
{
	const struct topology_node *node = p->node;
	const struct manifest_role *role = manifest_role(cast->manifest, node->role);
	char events[1280], seed[16], why[512];

	snprintf(seed, sizeof(seed), "%u", number);
	if (!role)
		return fail(error, "%s: has no role %s, which node %s of the experiment needs",
			cast->manifest->file, node->role, node->name);
	snprintf(p->scratch, sizeof(p->scratch), "%s/%s.scratch", folder, node->name);
	snprintf(p->log, sizeof(p->log), "%s/%s.log", folder, node->name);
	snprintf(events, sizeof(events), "%s/%s.events.jsonl", folder, node->name);
	if (mkdir(p->scratch, 0777) < 0 && errno != EEXIST)
		return fail(error, "%s: %s", p->scratch, strerror(errno));
	set(p, "BATON_ROLE", node->role);
	set(p, "BATON_NODE", node->name);
	set(p, "BATON_ADAPTER", cast->manifest->folder);
	set(p, "BATON_SCRATCH", p->scratch);
	set(p, "BATON_EVENT_LOG", events);
	for (size_t i = 0; i < node->n_settings; i++)
		set_setting(p, &node->settings[i]);
	for (size_t i = 0; settings && settings[i] && p->count < ENVIRONMENT_MAX; i++)
		p->environment[p->count++] = text_copy(settings[i]);
	set(p, "BATON_SEED", seed);

	struct sut_place place = {
		.network = cast->network,
		.node = node->name,
		.scratch = p->scratch,
		.log = p->log,
		.env = (const char *const *)p->environment,
		.priority = priority,
	};
	if (sut_start(cast->manifest, role, &place, &p->sut, why, sizeof(why)) < 0)
		return fail(error, "node %s: %s; its output is in %s", node->name, why, p->log);
	return 0;
}

/*
 * In the order of RFC 6252's figures from right to left: who is asked first is there first. On the
 * virtual clock all nodes share one processor. Real ones have one each, and what a node sends is not
 * held up by what the other does afterwards: so the nodes go before the captures and the traffic,
 * and the mobile node, whose delays are measured, before all.
 */
static const struct part {
	const char *role;
	int priority;
} order[] = { { "cn", 1 }, { "ha", 1 }, { "ar", 2 }, { "ap", 2 }, { "mn", 3 } };

static int start_all(struct cast *cast, const char *folder, unsigned seed,
	const char *const *settings, struct report_error *error)
{
	const struct topology *t = network_topology(cast->network);

	cast->players = calloc(t->n_nodes + 1, sizeof(*cast->players));
	if (!cast->players)
		abort();
	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		for (size_t i = 0; i < t->n_nodes; i++) {
			if (strcmp(t->nodes[i].role, order[k].role) != 0)
				continue;
			struct player *p = &cast->players[cast->count++];
			p->node = &t->nodes[i];
			if (start(cast, p, order[k].priority, folder, seed, settings, error) < 0)
				return -1;
		}
	}
	return 0;
}

static int load_manifest(const char *adapter, struct manifest **out, struct report_error *error)
{
	struct diagnostics d = { 0 };
	char *file = manifest_find(adapter, &d);
	int result = file ? manifest_load(file, out, &d) : -1;

	if (result < 0 && d.count)
		fail(error, "%s:%u: %s", d.list[0].file ? d.list[0].file : adapter, d.list[0].line,
			d.list[0].text);
	free(file);
	diagnostics_free(&d);
	return result;
}

struct cast *cast_start(struct network *network, const char *adapter, const char *folder,
	unsigned seed, const char *const *settings, struct report_error *error)
{
	struct cast *cast = calloc(1, sizeof(*cast));

	if (!cast)
		abort();
	cast->network = network;
	if (load_manifest(adapter, &cast->manifest, error) == 0 &&
		start_all(cast, folder, seed, settings, error) == 0)
		return cast;
	cast_stop(cast);
	return NULL;
}

int cast_verb(struct cast *cast, const char *node, const char *const *verb, unsigned timeout_ms,
	struct report_error *error)
{
	return cast_verb_at(cast, node, 0, verb, timeout_ms, error);
}

int cast_verb_at(struct cast *cast, const char *node, uint64_t at, const char *const *verb,
	unsigned timeout_ms, struct report_error *error)
{
	for (unsigned i = 0; i < cast->count; i++) {
		struct player *p = &cast->players[i];
		char word[128];
		if (strcmp(p->node->name, node) != 0)
			continue;
		int status = sut_verb_at(p->sut, at, verb[0], verb + 1, timeout_ms / 1e3, word,
			sizeof(word));
		if (status == VERB_UNSUPPORTED)
			return fail(error, "%s does not know the verb %s", node, verb[0]);
		if (status < 0)
			return fail(error, "%s: %s did not end within %u s", node, verb[0],
				timeout_ms / 1000);
		return status ? fail(error, "%s: %s ended with status %d; see %s", node, verb[0],
					status, p->log)
			      : 0;
	}
	return fail(error, "no node %s is played", node);
}

void cast_stop(struct cast *cast)
{
	char why[512];

	if (!cast)
		return;
	while (cast->count) {
		struct player *p = &cast->players[--cast->count];
		if (p->sut && sut_stop(p->sut, why, sizeof(why)) < 0)
			fprintf(stderr, "baton measure: node %s: %s\n", p->node->name, why);
		while (p->count)
			free(p->environment[--p->count]);
	}
	free(cast->players);
	manifest_free(cast->manifest);
	free(cast);
}
