// SPDX-License-Identifier: Apache-2.0
/*
 * The memory of access points: a JSON file, replaced as a whole so that a reader or a power cut never
 * finds half of it. What agents said and what beacons claimed keep apart in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/mn/neighbourhood_inside.h"

#define FORMAT "baton-neighbours-1"

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *record_of(const struct neighbour *n, enum neighbour_source source)
{
	const struct neighbour_record *r = &n->records[source];
	json_t *addresses = json_array(), *prefixes = json_array(), *agents = json_array();
	char bssid[MAC_TEXT], text[PREFIX_TEXT], teller[64];
	struct prefix p;

	for (unsigned i = 0; i < r->info.address_count; i++) {
		p = prefix_of_endpoint(&r->info.addresses[i]);
		json_array_append_new(addresses, json_string(address_text(&p, text)));
	}
	for (unsigned i = 0; i < r->info.prefix_count; i++) {
		p = prefix_of_endpoint(&r->info.prefixes[i].network);
		p.length = r->info.prefixes[i].length;
		json_array_append_new(prefixes, json_string(prefix_text(&p, text)));
	}
	for (unsigned i = 0; i < r->info.agent_count; i++)
		json_array_append_new(agents,
			json_string(endpoint_text(&r->info.agents[i], text, sizeof(text))));
	json_t *o = json_pack("{s:s,s:s,s:s,s:i,s:I,s:o,s:o,s:o,s:s}", "bssid",
		mac_text(n->bssid, bssid), "source", neighbour_source_name(source), "ssid", n->ssid,
		"frequency", (int)n->frequency, "learnt", (json_int_t)r->learnt, "addresses",
		addresses, "prefixes", prefixes, "agents", agents, "domain", r->info.domain);
	if (source == NEIGHBOUR_AGENT)
		json_object_set_new(o, "teller",
			json_string(endpoint_text(&r->teller, teller, sizeof(teller))));
	return o;
}

static json_t *memory_json(const struct neighbourhood *n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < neighbours_count(n->table); i++) {
		const struct neighbour *e = neighbours_at(n->table, i);
		for (unsigned s = NEIGHBOUR_AGENT; s < NEIGHBOUR_SOURCES; s++)
			if (e->records[s].known &&
				!neighbour_conflict(e, (enum neighbour_source)s))
				json_array_append_new(list,
					record_of(e, (enum neighbour_source)s));
	}
	return json_pack("{s:s,s:o}", "format", FORMAT, "neighbours", list);
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);
		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* The name is as safe as what it names only when the folder has reached the disk too. */
static void sync_folder(const char *path)
{
	char *copy = host_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

static int replace(const char *path, const char *text)
{
	char part[4096];
	int fd, result, saved;

	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	result = write_all(fd, text) || write_all(fd, "\n") || fsync(fd) ? -1 : 0;
	saved = errno;
	close(fd);
	if (result == 0 && rename(part, path) == 0) {
		sync_folder(path);
		return 0;
	}
	if (result == 0)
		saved = errno;
	unlink(part);
	errno = saved;
	return -1;
}

void neighbourhood_save(struct neighbourhood *n)
{
	json_t *memory;
	char *text;

	timer_set(n->save, BTIME_NEVER);
	if (!n->settings->memory)
		return;
	memory = memory_json(n);
	text = json_dumps(memory, JSON_INDENT(1));
	if (replace(n->settings->memory, text) < 0)
		log_warning(n->mn->node->log, "%s: %s; the memory of access points is not kept",
			n->settings->memory, strerror(errno));
	free(text);
	json_decref(memory);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool take_addresses(const json_t *list, struct ap_info *info)
{
	struct endpoint e;
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);
		if (!text || endpoint_parse(text, 0, &e) < 0 || !ap_info_good_address(&e) ||
			!ap_info_add_address(info, &e))
			return false;
	}
	return i > 0;
}

static bool take_prefixes(const json_t *list, struct ap_info *info)
{
	struct prefix p;
	struct endpoint e;
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);
		if (!text || !strchr(text, '/') || prefix_parse(text, &p) < 0)
			return false;
		e = endpoint_of_prefix(&p, 0);
		if (!ap_info_add_prefix(info, &e, p.length))
			return false;
	}
	return true;
}

static bool take_agents(const json_t *list, struct ap_info *info)
{
	struct endpoint e;
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);
		if (!text || endpoint_parse(text, 0, &e) < 0 || !ap_info_good_address(&e) ||
			!e.port || !ap_info_add_agent(info, &e))
			return false;
	}
	return true;
}

/* One record; the name of the member that is wrong, or NULL. */
static const char *take_record(json_t *o, struct neighbour_lesson *l)
{
	const char *bssid, *source, *domain, *teller = "";
	json_t *addresses, *prefixes, *agents;
	json_int_t learnt, frequency;
	json_error_t error;

	*l = (struct neighbour_lesson){ .remembered = true };
	if (json_unpack_ex(o, &error, JSON_STRICT,
		    "{s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:s,s?s}", "bssid", &bssid, "source",
		    &source, "ssid", &l->ssid, "frequency", &frequency, "learnt", &learnt,
		    "addresses", &addresses, "prefixes", &prefixes, "agents", &agents, "domain",
		    &domain, "teller", &teller) < 0)
		return "members";
	l->source = neighbour_source_by_name(source);
	l->learnt = learnt;
	l->frequency = (unsigned)frequency;
	if (mac_parse(bssid, l->bssid) < 0)
		return "bssid";
	if (l->source != NEIGHBOUR_AGENT && l->source != NEIGHBOUR_BEACON)
		return "source";
	if (strlen(l->ssid) > NEIGHBOUR_SSID_MAX)
		return "ssid";
	if (learnt < 0)
		return "learnt";
	if (frequency < 0 || frequency > 100000)
		return "frequency";
	if (!json_is_array(addresses) || !take_addresses(addresses, &l->info))
		return "addresses";
	if (!json_is_array(prefixes) || !take_prefixes(prefixes, &l->info))
		return "prefixes";
	if (!json_is_array(agents) || !take_agents(agents, &l->info))
		return "agents";
	if (domain[0] && !ap_info_good_domain(view_text(domain)))
		return "domain";
	strcpy(l->info.domain, domain); /* a good one fits */
	if (l->source == NEIGHBOUR_AGENT && endpoint_parse(teller, 0, &l->teller) < 0)
		return "teller";
	return NULL;
}

/* 0, or -1 with one sentence in `why`. */
static int take_memory(struct neighbourhood *n, json_t *memory, char *why, size_t size)
{
	const char *format = json_string_value(json_object_get(memory, "format")), *wrong;
	json_t *list = json_object_get(memory, "neighbours"), *item;
	struct neighbour_lesson l;
	size_t i;

	if (!format || strcmp(format, FORMAT) != 0 || !json_is_array(list)) {
		snprintf(why, size, "this is no memory of access points; its format would be %s",
			FORMAT);
		return -1;
	}
	json_array_foreach(list, i, item) {
		wrong = take_record(item, &l);
		if (wrong) {
			snprintf(why, size, "neighbours[%zu]: wrong %s", i, wrong);
			return -1;
		}
	}
	json_array_foreach(list, i, item) {
		take_record(item, &l);
		neighbours_learn(n->table, &l, neighbourhood_now());
	}
	return 0;
}

/* What cannot be read is kept for whoever wants to know why, under another name. */
static void set_aside(struct neighbourhood *n, int line, const char *why)
{
	const char *path = n->settings->memory;
	char aside[4096];

	snprintf(aside, sizeof(aside), "%s.bad", path);
	bool moved = rename(path, aside) == 0;
	log_warning(n->mn->node->log, "%s:%d: %s; beginning with an empty memory%s%s", path, line,
		why, moved ? ", the file is now " : "", moved ? aside : "");
	log_event(n->mn->node->log, "memory_rejected", "{s:s,s:i,s:s}", "file", path, "line", line,
		"reason", why);
}

void neighbourhood_load(struct neighbourhood *n)
{
	const char *path = n->settings->memory;
	char why[JSON_ERROR_TEXT_LENGTH + 64];
	json_error_t error;
	json_t *memory;

	if (!path || (access(path, F_OK) < 0 && errno == ENOENT))
		return;
	memory = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!memory)
		set_aside(n, error.line < 1 ? 1 : error.line, error.text);
	else if (take_memory(n, memory, why, sizeof(why)) < 0)
		set_aside(n, 1, why);
	else
		log_event(n->mn->node->log, "memory_read", "{s:s,s:i}", "file", path,
			"neighbours", (int)neighbours_count(n->table));
	json_decref(memory);
}
