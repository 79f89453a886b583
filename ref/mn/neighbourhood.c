// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ref/mn/neighbourhood_inside.h"
#include "ref/node/neighbour_settings.h"

#define SOCKETS "/run"
#define SOCKETS_ELSEWHERE "/tmp"
#define AGAIN BTIME_S
#define ATTEND (30 * BTIME_S) /* a supplicant that was killed says no word */
/* A handoff that has looked for its target moves at once: it goes first. */
#define READ_AFTER (100 * BTIME_MS)
#define SAVE_AFTER BTIME_S
#define SCAN_PATIENCE (15 * BTIME_S)

#define AT(member) .offset = offsetof(struct neighbourhood_settings, member)

const struct config_row neighbourhood_rows[] = {
	{ .key = "supplicant", .kind = CONFIG_PATH, AT(supplicant),
	  .help = "Control socket of wpa_supplicant, to hear beacons. Not given: that of device, or "
		  "of keys; without one no beacons are heard." },
	{ .key = "memory", .kind = CONFIG_PATH, AT(memory),
	  .help = "File in which access points are remembered. Not given: none is." },
	{ .key = "max_age", .kind = CONFIG_TIME, AT(max_age), .otherwise = "24 h", .min = 1000,
	  .help = "What was not heard again for so long is forgotten." },
	{ .key = "distrust", .kind = CONFIG_TIME, AT(distrust), .otherwise = "10 min",
	  .help = "How long beacons are ignored whose agent did not authenticate." },
	{ .key = "max", .kind = CONFIG_UINT, AT(max), .otherwise = "256", .min = 1, .max = 4096,
	  .help = "Most access points kept; the oldest that only a beacon claims go first." },
	{ .key = "static", .kind = CONFIG_LIST, AT(fixed), .rows = neighbour_named_rows,
	  .size = sizeof(struct neighbour_settings), .max = 256,
	  .help = "Access points that are known." },
	{ 0 },
};

void neighbourhood_check(struct config *config, const struct neighbourhood_settings *s)
{
	const struct neighbour_settings *list = s->fixed.items;

	neighbour_settings_check(config, &s->fixed);
	for (size_t i = 0; i < s->fixed.count; i++)
		for (size_t j = 0; j < i; j++)
			if (memcmp(list[i].bssid, list[j].bssid, 6) == 0)
				config_wrong(config, list[i].bssid,
					"this access point stands here already; once is right");
	if (s->fixed.count > s->max)
		config_wrong(config, &s->max, "there are %zu access points in static; keep as many",
			s->fixed.count);
}

int64_t neighbourhood_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

/* --- learning --------------------------------------------------------------------------------- */

static void save_soon(struct neighbourhood *n)
{
	timer_set(n->save, loop_now() + SAVE_AFTER);
}

/* Something new is told; what a beacon repeats is not. */
static void tell(struct neighbourhood *n, const struct neighbour_lesson *l,
	enum neighbour_verdict verdict)
{
	const struct neighbour *e = neighbours_find(n->table, l->bssid);
	const char *conflict = e ? neighbour_conflict(e, l->source) : NULL;
	char bssid[MAC_TEXT], agent[64] = "";
	const char *event = verdict == NEIGHBOUR_OVERRULED ? "neighbour_overruled" :
		verdict == NEIGHBOUR_CONTRADICTS	   ? "neighbour_contradicts" :
							     "neighbour_learnt";

	if (l->info.agent_count)
		endpoint_text(&l->info.agents[0], agent, sizeof(agent));
	log_event(n->mn->node->log, event, "{s:s,s:s,s:s,s:s*}", "bssid",
		mac_text(l->bssid, bssid), "source", neighbour_source_name(l->source), "agent",
		agent, "contradicts", conflict);
	if (verdict == NEIGHBOUR_CONTRADICTS && l->source == NEIGHBOUR_BEACON)
		log_warning(n->mn->node->log,
			"a beacon of %s contradicts what is known of its %s; it is not used", bssid,
			conflict);
}

static void learn(struct neighbourhood *n, const struct neighbour_lesson *l)
{
	const struct neighbour *e = neighbours_find(n->table, l->bssid);
	bool repeated = e && e->records[l->source].known &&
		ap_info_equal(&e->records[l->source].info, &l->info);
	enum neighbour_verdict verdict = neighbours_learn(n->table, l, neighbourhood_now());

	switch (verdict) {
	case NEIGHBOUR_NEW:
	case NEIGHBOUR_CHANGED:
		tell(n, l, verdict);
		save_soon(n);
		break;
	case NEIGHBOUR_CONTRADICTS:
		if (!repeated)
			tell(n, l, verdict);
		break;
	case NEIGHBOUR_OVERRULED:
		tell(n, l, verdict);
		break;
	case NEIGHBOUR_SAME: /* a new age is worth a line in the file when an agent gave it */
		if (l->source == NEIGHBOUR_AGENT)
			save_soon(n);
		break;
	case NEIGHBOUR_DISTRUSTED:
	case NEIGHBOUR_FULL:
	case NEIGHBOUR_OLD:
		break;
	}
}

static void learn_static(struct neighbourhood *n)
{
	const struct neighbour_settings *list = n->settings->fixed.items;

	for (size_t i = 0; i < n->settings->fixed.count; i++) {
		struct neighbour_lesson l = { .source = NEIGHBOUR_STATIC,
			.name = list[i].name,
			.ssid = list[i].ssid,
			.info = neighbour_settings_info(&list[i]) };
		memcpy(l.bssid, list[i].bssid, 6);
		neighbours_learn(n->table, &l, neighbourhood_now());
	}
}

/* --- beacons ---------------------------------------------------------------------------------- */

/* False when there is none of ours, or a spoilt one. */
static bool read_elements(struct neighbourhood *n, const struct wpa_bss *bss, struct view elements,
	struct ap_info *info)
{
	struct view element = ap_info_find(elements);
	struct packet packet;
	struct reject why = { 0 };
	char bssid[MAC_TEXT];

	if (!element.size)
		return false;
	if (ap_info_decode(element, &packet, &why) == 0) {
		ap_info_take(&packet, info);
		return true;
	}
	n->rejected[why.reason]++;
	log_reject(n->mn->node->log, "neighbour_rejected", mac_text(bss->bssid, bssid), &why);
	return false;
}

/* A probe response does not hide a beacon that contradicts what is known: that one is noted. */
static void take_bss(void *context, const struct wpa_bss *bss)
{
	struct neighbourhood *n = context;
	struct ap_info latest, beacon;
	bool has_latest = read_elements(n, bss, bss->elements, &latest);
	bool has_beacon = read_elements(n, bss, bss->beacon_elements, &beacon);
	struct neighbour_lesson l = { .source = NEIGHBOUR_BEACON,
		.ssid = bss->ssid,
		.frequency = bss->frequency,
		.remembered = bss->age > 0, /* wpa_supplicant's own memory */
		.learnt = neighbourhood_now() - bss->age };

	if (!has_latest && !has_beacon)
		return;
	memcpy(l.bssid, bss->bssid, 6);
	l.info = has_latest ? latest : beacon;
	if (has_beacon && neighbours_contradiction(n->table, bss->bssid, NEIGHBOUR_BEACON, &beacon))
		l.info = beacon;
	learn(n, &l);
}

static void answer_scan(struct neighbourhood *n)
{
	struct control_request *request = n->scan;

	n->scan = NULL;
	timer_set(n->patience, BTIME_NEVER);
	if (request)
		control_answer(request, neighbourhood_json(n->mn));
}

/* Another scan may be under way, for what somebody else wants to know, or end just now. */
static void look_around(struct neighbourhood *n)
{
	n->scan_started = false;
	n->scan_again = wpa_command(n->wpa, NULL, "SCAN") < 0;
}

static void read_results(void *context)
{
	struct neighbourhood *n = context;
	int result = n->wpa ? wpa_each_bss(n->wpa, take_bss, n) : 0;

	if (result < 0)
		log_debug(n->mn->node->log, "scan results: %s", strerror(-result));
	if (n->scan && n->scan_again && n->wpa)
		look_around(n);
	else if (n->scan_started)
		answer_scan(n);
}

static void out_of_patience(void *context)
{
	struct neighbourhood *n = context;
	struct control_request *request = n->scan;

	n->scan = NULL;
	if (request)
		control_refuse(request, "wpa_supplicant brings no scan results");
}

static void event(void *context, const char *text)
{
	struct neighbourhood *n = context;

	if (strncmp(text, "CTRL-EVENT-SCAN-STARTED", 23) == 0)
		n->scan_started = true;
	else if (strncmp(text, "CTRL-EVENT-SCAN-RESULTS", 23) == 0)
		timer_set(n->read, loop_now() + READ_AFTER);
	else if (strncmp(text, "CTRL-EVENT-TERMINATING", 22) == 0)
		timer_set(n->connect, loop_now() + AGAIN); /* not from its own event */
}

static void connect_again(struct neighbourhood *n)
{
	struct loop *loop = n->mn->node->loop;

	wpa_close(n->wpa);
	n->wpa = wpa_open(loop, n->supplicant, SOCKETS, event, n);
	if (!n->wpa)
		n->wpa = wpa_open(loop, n->supplicant, SOCKETS_ELSEWHERE, event, n);
	if (n->wpa) {
		n->complained = false;
		timer_set(n->read, loop_now() + READ_AFTER);
		timer_set(n->connect, loop_now() + ATTEND);
		return;
	}
	if (!n->complained)
		log_warning(n->mn->node->log, "wpa_supplicant at %s: %s; tried again every second",
			n->supplicant, strerror(errno));
	n->complained = true;
	timer_set(n->connect, loop_now() + AGAIN);
}

static void attend(void *context)
{
	struct neighbourhood *n = context;

	if (n->wpa && wpa_command(n->wpa, NULL, "PING") == 0)
		timer_set(n->connect, loop_now() + ATTEND);
	else
		connect_again(n);
}

/* --- agents ----------------------------------------------------------------------------------- */

static void add_avp(const struct mpa_neighbour *m, struct neighbour_lesson *l)
{
	ap_info_add_address(&l->info, &m->address);
	if (m->prefix_length)
		ap_info_add_prefix(&l->info, &m->address, m->prefix_length);
	if (m->agent.family)
		ap_info_add_agent(&l->info, &m->agent);
	if (m->domain[0])
		memcpy(l->info.domain, m->domain, sizeof(l->info.domain));
}

/* Several AVPs may speak of one access point. */
static void take_avps(struct neighbourhood *n, const struct endpoint *teller,
	const struct packet *p)
{
	struct neighbour_lesson lessons[MPA_NEIGHBOURS_MAX];
	struct mpa_neighbour m;
	unsigned count = 0, k;

	for (unsigned i = 0; i < p->element_count; i++) {
		const struct element_value *e = &p->elements[i];
		if (e->vendor != PANA_VENDOR || e->code != PANA_MPA_NEIGHBOUR)
			continue;
		if (mpa_decode_neighbour(e->value, &m) < 0) {
			struct reject why = { .reason = REJECT_VALUE,
				.field = "Neighbour",
				.section = "FAP §5",
				.offset = e->offset };
			n->rejected[REJECT_VALUE]++;
			log_reject(n->mn->node->log, "neighbour_rejected", NULL, &why);
			continue;
		}
		for (k = 0; k < count && memcmp(lessons[k].bssid, m.bssid, 6) != 0; k++)
			;
		if (k == MPA_NEIGHBOURS_MAX)
			break;
		if (k == count) {
			lessons[count] = (struct neighbour_lesson){ .source = NEIGHBOUR_AGENT,
				.teller = *teller };
			memcpy(lessons[count++].bssid, m.bssid, 6);
		}
		add_avp(&m, &lessons[k]);
	}
	for (k = 0; k < count; k++)
		learn(n, &lessons[k]);
}

/* FAP §6.4: what only a beacon claims does not outlive that its agent could not show who it is. */
static void claim_failed(struct neighbourhood *n, struct network *network, const char *why)
{
	char bssid[MAC_TEXT], agent[64];

	if (!network->claimed)
		return;
	neighbours_failed(n->table, network->bssid, &network->paa, n->settings->distrust / BTIME_S,
		neighbourhood_now());
	log_event(n->mn->node->log, "neighbour_distrusted", "{s:s,s:s,s:s}", "bssid",
		mac_text(network->bssid, bssid), "agent",
		endpoint_text(&network->paa, agent, sizeof(agent)), "reason", why);
	network->paa = network->settings->paa;
	network->claimed = false;
	save_soon(n);
}

void neighbourhood_pana(struct neighbourhood *n, struct network *network,
	const struct action *report)
{
	struct packet p;

	if (!n)
		return;
	if (report->event == PANA_REPORT_FAILED || report->event == PANA_REPORT_UNREACHABLE)
		claim_failed(n, network, pana_report_name((enum pana_report)report->event));
	if (report->event == PANA_REPORT_AUTHENTICATED ||
		report->event == PANA_REPORT_PREAUTHORISED)
		network->claimed = false; /* it could */
	if (report->event == PANA_REPORT_NOTIFIED && network->pac &&
		pana_decode(report->data, &p, NULL) == 0)
		take_avps(n, pac_peer(network->pac), &p);
}

void neighbourhood_gave_up(struct neighbourhood *n, struct network *network)
{
	if (n)
		claim_failed(n, network, "given up");
}

/* --- commands --------------------------------------------------------------------------------- */

void neighbourhood_cmd_neighbours(void *node, struct control_request *request,
	const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	struct neighbourhood *n = mn->neighbourhood;

	if (!json_is_true(json_object_get(arguments, "scan"))) {
		control_answer(request, neighbourhood_json(mn));
		return;
	}
	if (n && n->wpa && !n->scan && wpa_command(n->wpa, NULL, "PING") < 0)
		connect_again(n);
	if (!n || !n->wpa || n->scan) {
		control_refuse(request, "%s",
			n && n->scan	   ? "a scan is under way" :
			n && n->supplicant ? "wpa_supplicant is not there" :
					     "there is no radio to hear with");
		return;
	}
	n->scan = request;
	timer_set(n->patience, loop_now() + SCAN_PATIENCE);
	look_around(n);
}

void neighbourhood_cmd_forget(void *node, struct control_request *request,
	const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	struct neighbourhood *n = mn->neighbourhood;
	const char *text = control_text(arguments, "bssid");
	uint8_t bssid[6];

	if (!n) {
		control_refuse(request, "this node has no neighbours in its configuration");
	} else if (text && mac_parse(text, bssid) < 0) {
		control_refuse(request, "%s is no BSSID; name one, or none for all", text);
	} else {
		int gone = (int)neighbours_forget(n->table, text ? bssid : NULL);
		save_soon(n);
		control_answer(request, json_pack("{s:i}", "forgotten", gone));
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static const char *supplicant_of(const struct mn_settings *mn, const struct neighbourhood_settings *s)
{
	if (s->supplicant)
		return s->supplicant;
	if (mn->device && mn->device->supplicant)
		return mn->device->supplicant;
	return mn->keys ? mn->keys->supplicant : NULL;
}

static void save_now(void *context)
{
	neighbourhood_save(context);
}

struct neighbourhood *neighbourhood_new(struct mn *mn, const struct neighbourhood_settings *settings)
{
	struct neighbourhood *n = host_alloc(sizeof(*n));
	struct loop *loop = mn->node->loop;

	n->mn = mn;
	n->settings = settings;
	n->supplicant = supplicant_of(mn->settings, settings);
	n->table = neighbours_new(settings->max, settings->max_age / BTIME_S);
	n->connect = timer_new(loop, attend, n);
	n->read = timer_new(loop, read_results, n);
	n->save = timer_new(loop, save_now, n);
	n->patience = timer_new(loop, out_of_patience, n);
	learn_static(n);
	neighbourhood_load(n);
	if (n->supplicant)
		connect_again(n);
	return n;
}

void neighbourhood_free(struct neighbourhood *n)
{
	if (!n)
		return;
	if (n->scan)
		control_refuse(n->scan, "the node is shutting down");
	neighbours_expire(n->table, neighbourhood_now());
	neighbourhood_save(n);
	wpa_close(n->wpa);
	timer_free(n->connect);
	timer_free(n->read);
	timer_free(n->save);
	timer_free(n->patience);
	neighbours_free(n->table);
	free(n);
}
