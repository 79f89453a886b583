// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ref/binding/binding.h"
#include "ref/host/address.h"
#include "ref/host/carry.h"
#include "ref/host/link.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"
#include "ref/mn/home.h"

#define DEVICE KERNEL_PREFIX "home"
#define NAME_SIZE 32

struct correspondent {
	struct home *home;
	const struct correspondent_settings *settings;
	struct binding_client client;
	char device[NAME_SIZE];
	bool waiting; /* for its answer to the present home_bind */
	bool routed;
};

struct home {
	struct node *node;
	const struct home_settings *settings; /* NULL: no home address */
	struct home_callbacks callbacks;
	struct udp *udp;
	struct timer *timer;
	struct correspondent *list;
	unsigned count;
	struct prefix care_of, lodger;
	struct prefix router;	 /* the way from care_of */
	const char *device_name;
	bool device; /* DEVICE is there */
};

/* --- reports ---------------------------------------------------------------------------------- */

static bool everybody_answered(const struct home *h)
{
	for (unsigned i = 0; i < h->count; i++)
		if (h->list[i].waiting)
			return false;
	return true;
}

/* Only now from the new address: before, the correspondent took nothing from there, and what went
 * ahead of its answer would be lost. */
static void use_way(struct correspondent *c)
{
	struct home *h = c->home;
	struct route r = { .to = c->settings->address,
		.via = h->router,
		.source = h->care_of,
		.device = h->device_name,
		.on_link = h->router.family != 0 };

	c->routed = route_set(h->node->kernel, &r) == 0;
	if (!c->routed)
		log_error(h->node->log, "%s", kernel_error(h->node->kernel));
}

static void answered(struct correspondent *c)
{
	struct home *h = c->home;

	if (!c->waiting) /* a refresh */
		return;
	c->waiting = false;
	use_way(c);
	if (everybody_answered(h))
		h->callbacks.bound(h->callbacks.context);
}

static void refused(struct correspondent *c, const char *what)
{
	struct home *h = c->home;
	char why[96];

	if (!c->waiting)
		return;
	for (unsigned i = 0; i < h->count; i++)
		h->list[i].waiting = false;
	snprintf(why, sizeof(why), "%s %s", c->settings->name, what);
	h->callbacks.failed(h->callbacks.context, why);
}

static void take_report(void *context, const struct action *a)
{
	struct correspondent *c = context;
	struct log *log = c->home->node->log;
	char care_of[PREFIX_TEXT], peer[64];

	if (a->event == BINDING_EVENT_REJECTED) {
		log_reject(log, "binding_rejected", endpoint_text(&a->peer, peer, sizeof(peer)),
			&a->reject);
		return;
	}
	log_event(log, a->name, "{s:s,s:s,s:I}", "correspondent", c->settings->name, "care_of",
		address_text(&c->home->care_of, care_of), "sequence",
		(json_int_t)c->client.sequence);
	if (a->event == BINDING_EVENT_ACKNOWLEDGED)
		answered(c);
	else if (a->event == BINDING_EVENT_REFUSED)
		refused(c, "refuses the binding");
	else if (a->event == BINDING_EVENT_UNREACHABLE)
		refused(c, "does not answer");
}

static void set_timer(struct home *h)
{
	btime due = BTIME_NEVER;

	for (unsigned i = 0; i < h->count; i++)
		due = btime_min(due, binding_client_due(&h->list[i].client));
	timer_set(h->timer, due);
}

static void carry(struct correspondent *c, const struct actions *actions)
{
	carry_out(actions, c->home->udp, c->home->node->log, take_report, c);
	set_timer(c->home);
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct home *h = context;
	struct actions actions;

	for (unsigned i = 0; i < h->count; i++) {
		struct correspondent *c = &h->list[i];
		if (!endpoint_equal(&c->client.config.correspondent, &d->peer))
			continue;
		actions_clear(&actions);
		binding_client_input(&c->client, &d->peer, d->data, loop_now(), &actions);
		carry(c, &actions);
		return;
	}
}

static void timer_due(void *context)
{
	struct home *h = context;
	struct actions actions;

	for (unsigned i = 0; i < h->count; i++) {
		actions_clear(&actions);
		binding_client_tick(&h->list[i].client, loop_now(), &actions);
		carry(&h->list[i], &actions);
	}
}

/* --- binding ---------------------------------------------------------------------------------- */

static void bind_one(struct correspondent *c)
{
	struct endpoint care_of = endpoint_of_prefix(&c->home->care_of, 0);
	struct actions actions;

	actions_clear(&actions);
	binding_client_update(&c->client, &care_of, loop_now(), &actions);
	carry(c, &actions);
}

void home_bind(struct home *h, const struct prefix *care_of, const struct prefix *router,
	const char *device)
{
	h->care_of = *care_of;
	h->care_of.length = 32;
	h->router = *router;
	h->device_name = device;
	for (unsigned i = 0; i < h->count; i++)
		h->list[i].waiting = true;
	for (unsigned i = 0; i < h->count; i++)
		bind_one(&h->list[i]);
	if (!h->count)
		h->callbacks.bound(h->callbacks.context);
}

void home_settle(struct home *h)
{
	for (unsigned i = 0; i < h->count; i++) {
		struct route r = { .to = h->list[i].settings->address };
		if (h->list[i].routed)
			route_delete(h->node->kernel, &r);
		h->list[i].routed = false;
	}
}

/* The virtual interface, made when it is first needed. */
static int add_device(struct home *h)
{
	int result = h->device ? 0 : link_add_dummy(h->node->kernel, DEVICE);

	h->device = result == 0;
	return result;
}

int home_lodge(struct home *h, const struct prefix *address)
{
	home_dislodge(h);
	h->lodger = *address;
	h->lodger.length = 32;
	if (add_device(h) < 0 ||
		address_add(h->node->kernel, DEVICE, &h->lodger, false) < 0) {
		log_error(h->node->log, "%s", kernel_error(h->node->kernel));
		h->lodger = (struct prefix){ 0 };
		return -1;
	}
	return 0;
}

void home_dislodge(struct home *h)
{
	if (h->lodger.family)
		address_delete(h->node->kernel, DEVICE, &h->lodger);
	h->lodger = (struct prefix){ 0 };
}

json_t *home_json(const struct home *h)
{
	static const char *const states[] = { "idle", "updating", "bound", "failed" };
	json_t *list = json_array();
	char home[PREFIX_TEXT], care_of[PREFIX_TEXT];

	if (!h->settings)
		return json_null();
	for (unsigned i = 0; i < h->count; i++)
		json_array_append_new(list,
			json_pack("{s:s,s:s,s:I}", "name", h->list[i].settings->name, "binding",
				states[h->list[i].client.state], "sequence",
				(json_int_t)h->list[i].client.sequence));
	return json_pack("{s:s,s:s,s:o}", "address", address_text(&h->settings->address, home),
		"care_of", address_text(&h->care_of, care_of), "correspondents", list);
}

/* --- life ------------------------------------------------------------------------------------- */

static void begin_client(struct correspondent *c)
{
	const struct correspondent_settings *s = c->settings;
	struct binding_client_config config = { .home = endpoint_of_prefix(
							&c->home->settings->address, 0),
		.correspondent = s->update.family ? s->update :
						    endpoint_of_prefix(&s->address, BINDING_PORT),
		.key.id = s->key_id,
		.key.size = (uint8_t)s->key.size,
		.lifetime = s->lifetime,
		/* Grows over restarts: docs/remote-binding.md §5.1. */
		.first_sequence = (uint32_t)time(NULL) };

	memcpy(config.key.octets, s->key.data, s->key.size);
	binding_client_begin(&c->client, &config);
}

/* Packets to the correspondent go into its tunnel, except those that carry our mark: the tunnel's
 * own, and this program's. */
static int add_paths(struct home *h)
{
	const struct home_settings *s = h->settings;
	struct kernel *k = h->node->kernel;
	struct route_rule marked = { .family = AF_INET, .mark = KERNEL_MARK,
		.priority = s->priority, .table = ROUTE_TABLE_MAIN };

	if (rule_add(k, &marked) < 0)
		return -1;
	for (unsigned i = 0; i < h->count; i++) {
		struct correspondent *c = &h->list[i];
		struct ipip ends = { .remote = c->settings->address, .mark = KERNEL_MARK };
		struct route_rule rule = { .family = AF_INET, .to = c->settings->address,
			.priority = s->priority + 1, .table = s->table };
		struct route route = { .to = c->settings->address, .source = s->address,
			.device = c->device, .table = s->table };
		if (link_add_ipip(k, c->device, &ends) < 0 ||
			sysctl_set_device(k, c->device, "rp_filter", "2") < 0 ||
			route_set(k, &route) < 0 || rule_add(k, &rule) < 0)
			return -1;
	}
	return 0;
}

static int open_home(struct home *h)
{
	struct prefix address = h->settings->address;
	struct endpoint any;

	h->count = (unsigned)h->settings->correspondents.count;
	h->list = host_alloc(h->count * sizeof(*h->list));
	for (unsigned i = 0; i < h->count; i++) {
		struct correspondent *c = &h->list[i];
		const struct correspondent_settings *all = h->settings->correspondents.items;
		c->home = h;
		c->settings = &all[i];
		snprintf(c->device, sizeof(c->device), "%s%u", h->settings->tunnel, i);
		begin_client(c);
	}
	if (add_device(h) < 0 || address_add(h->node->kernel, DEVICE, &address, false) < 0 ||
		add_paths(h) < 0) {
		log_error(h->node->log, "%s", kernel_error(h->node->kernel));
		return -1;
	}
	endpoint_parse("0.0.0.0:0", 0, &any);
	h->udp = udp_open(h->node->loop, &any, NULL, receive, h);
	if (!h->udp)
		log_error(h->node->log, "the socket for binding updates: %s", strerror(errno));
	return h->udp ? 0 : -1;
}

struct home *home_open(struct node *node, const struct home_settings *settings,
	const struct home_callbacks *callbacks)
{
	struct home *h = host_alloc(sizeof(*h));

	h->node = node;
	h->settings = settings;
	h->callbacks = *callbacks;
	h->timer = timer_new(node->loop, timer_due, h);
	if (settings && open_home(h) < 0) {
		home_close(h);
		return NULL;
	}
	return h;
}

void home_close(struct home *h)
{
	if (!h)
		return;
	home_settle(h);
	home_dislodge(h);
	for (unsigned i = 0; i < h->count; i++)
		binding_client_end(&h->list[i].client);
	udp_close(h->udp);
	timer_free(h->timer);
	free(h->list);
	free(h);
}
