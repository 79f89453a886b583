// SPDX-License-Identifier: Apache-2.0
/*
 * baton-cn: correspondent node. It keeps the bindings that mobile nodes tell it, and sends packets
 * for a bound home address in IP-in-IP to the care-of address.
 *
 * Each home address has two tunnel interfaces. A new care-of address goes to the one that is idle,
 * then the host route of the home address moves to it in one step; the other still takes packets
 * that come from the old care-of address, until the address moves again.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/cn/cn_program.h"
#include "ref/binding/binding.h"
#include "ref/cn/settings.h"
#include "ref/host/address.h"
#include "ref/host/carry.h"
#include "ref/host/link.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"

#define NAME_MAX_SIZE 16

/* The data path to one home address, beside its struct binding. */
struct path {
	char device[2][NAME_MAX_SIZE];
	struct prefix care_of[2]; /* family 0: this interface does not exist yet */
	int active;		  /* -1: the home address is not bound */
};

struct cn {
	struct node *node;
	const struct cn_settings *settings;
	struct udp *udp;
	struct timer *timer;
	struct binding_server server;
	struct binding *bindings;
	struct path *paths;
	unsigned count;
};

/* --- the data path ---------------------------------------------------------------------------- */

static struct route home_route(const struct cn *cn, const struct path *p,
	const struct binding *b, int side)
{
	return (struct route){ .to = prefix_of_endpoint(&b->home),
		.device = p->device[side],
		.source = cn->settings->address };
}

static int prepare_side(struct cn *cn, struct path *p, int side, const struct prefix *care_of)
{
	struct kernel *k = cn->node->kernel;
	struct ipip ends = { .local = cn->settings->address, .remote = *care_of };
	struct prefix own = cn->settings->address;
	int result;

	if (address_equal(&p->care_of[side], care_of))
		return 0;
	if (p->care_of[side].family)
		result = link_move_ipip(k, p->device[side], &ends);
	else
		result = link_add_ipip(k, p->device[side], &ends);
	/* Packets from the home address may come in on either side; the kernel's loose check of
	 * their way back passes nothing on an interface without an address. */
	own.length = 32;
	if (result == 0)
		result = address_add(k, p->device[side], &own, false);
	if (result == 0)
		result = sysctl_set_device(k, p->device[side], "rp_filter", "2");
	if (result == 0)
		p->care_of[side] = *care_of;
	return result;
}

static int move(struct cn *cn, struct path *p, const struct binding *b)
{
	struct prefix care_of = prefix_of_endpoint(&b->care_of);
	int side = p->active == 0 ? 1 : 0, result;
	struct route route;

	if (p->active >= 0 && address_equal(&p->care_of[p->active], &care_of))
		return 0;
	result = prepare_side(cn, p, side, &care_of);
	if (result < 0)
		return result;
	route = home_route(cn, p, b, side);
	result = route_set(cn->node->kernel, &route);
	if (result == 0)
		p->active = side;
	return result;
}

static void unbind(struct cn *cn, struct path *p, const struct binding *b)
{
	struct route route = home_route(cn, p, b, 0);

	if (p->active < 0)
		return;
	route_delete(cn->node->kernel, &route);
	p->active = -1;
}

/* --- reports ---------------------------------------------------------------------------------- */

static json_t *binding_json(const struct binding *b)
{
	struct prefix home = prefix_of_endpoint(&b->home), care_of = prefix_of_endpoint(&b->care_of);
	char home_text[PREFIX_TEXT], care_of_text[PREFIX_TEXT];
	json_t *object = json_pack("{s:s,s:b}", "home", address_text(&home, home_text), "bound",
		b->bound);

	if (b->bound) {
		json_object_set_new(object, "care_of",
			json_string(address_text(&care_of, care_of_text)));
		json_object_set_new(object, "expires_in_s",
			json_integer((b->expires - loop_now()) / BTIME_S));
	}
	json_object_set_new(object, "moves", json_integer(b->moves));
	json_object_set_new(object, "sequence", json_integer(b->sequence));
	return object;
}

static void take_report(void *context, const struct action *a)
{
	struct cn *cn = context;
	const struct binding *b = a->session;
	char peer[64];

	if (a->event == BINDING_EVENT_REJECTED) {
		log_reject(cn->node->log, "binding_rejected",
			endpoint_text(&a->peer, peer, sizeof(peer)), &a->reject);
		return;
	}
	if (!b)
		return;
	struct path *p = &cn->paths[b - cn->bindings];
	if (a->event == BINDING_EVENT_BOUND && move(cn, p, b) < 0)
		log_error(cn->node->log, "%s", kernel_error(cn->node->kernel));
	if (a->event == BINDING_EVENT_REMOVED || a->event == BINDING_EVENT_EXPIRED)
		unbind(cn, p, b);
	log_event_json(cn->node->log, a->name, binding_json(b));
}

/* --- from the host ---------------------------------------------------------------------------- */

static void carry(struct cn *cn, const struct actions *actions)
{
	carry_out(actions, cn->udp, cn->node->log, take_report, cn);
	timer_set(cn->timer, binding_server_due(&cn->server));
}

static void receive(void *context, const struct udp_datagram *d)
{
	struct cn *cn = context;
	struct actions actions;

	actions_clear(&actions);
	binding_server_input(&cn->server, &d->local, &d->peer, d->data, loop_now(), &actions);
	carry(cn, &actions);
}

static void timer_due(void *context)
{
	struct cn *cn = context;
	struct actions actions;

	actions_clear(&actions);
	binding_server_tick(&cn->server, loop_now(), &actions);
	carry(cn, &actions);
}

/* --- commands --------------------------------------------------------------------------------- */

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct cn *cn = ((struct node *)node)->state;
	json_t *list = json_array();

	(void)arguments;
	for (unsigned i = 0; i < cn->count; i++)
		json_array_append_new(list, binding_json(&cn->bindings[i]));
	control_answer(request, json_pack("{s:s,s:o}", "node", cn->settings->program.node,
					"bindings", list));
}

static void cmd_counters(void *node, struct control_request *request, const json_t *arguments)
{
	struct cn *cn = ((struct node *)node)->state;
	json_t *rejected = json_object();

	(void)arguments;
	for (int r = 1; r < REJECT_COUNT; r++)
		if (cn->server.rejected[r])
			json_object_set_new(rejected, reject_name((enum reject_reason)r),
				json_integer((json_int_t)cn->server.rejected[r]));
	control_answer(request, json_pack("{s:o}", "rejected", rejected));
}

static const struct control_command commands[] = {
	{ "status", "", "home addresses and their bindings", cmd_status },
	{ "counters", "", "rejected messages by reason", cmd_counters },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

/* --- life ------------------------------------------------------------------------------------- */

static void load_peers(struct cn *cn)
{
	const struct peer_settings *peers = cn->settings->peers.items;

	cn->count = (unsigned)cn->settings->peers.count;
	cn->bindings = host_alloc(cn->count * sizeof(*cn->bindings));
	cn->paths = host_alloc(cn->count * sizeof(*cn->paths));
	for (unsigned i = 0; i < cn->count; i++) {
		struct binding *b = &cn->bindings[i];
		b->home = endpoint_of_prefix(&peers[i].home, 0);
		b->on_behalf = peers[i].on_behalf;
		b->key.id = peers[i].key_id;
		b->key.size = (uint8_t)peers[i].key.size;
		memcpy(b->key.octets, peers[i].key.data, peers[i].key.size);
		cn->paths[i].active = -1;
		for (int side = 0; side < 2; side++)
			snprintf(cn->paths[i].device[side], NAME_MAX_SIZE, KERNEL_PREFIX "h%hu%c",
				(unsigned short)i, 'a' + side);
	}
}

static int start(struct node *node)
{
	struct cn *cn = host_alloc(sizeof(*cn));
	struct binding_server_config config;
	char where[64];

	cn->node = node;
	cn->settings = node->settings;
	node->state = cn;
	load_peers(cn);
	config = (struct binding_server_config){ .peers = cn->bindings,
		.peer_count = cn->count,
		.lifetime_max = cn->settings->lifetime_max,
		.random = &node->random };
	binding_server_begin(&cn->server, &config);
	cn->timer = timer_new(node->loop, timer_due, cn);
	if (node_kernel(node) < 0)
		return -1;
	cn->udp = udp_open(node->loop, &cn->settings->listen, NULL, receive, cn);
	if (!cn->udp) {
		log_error(node->log, "listening at %s: %s",
			endpoint_text(&cn->settings->listen, where, sizeof(where)),
			strerror(errno));
		return -1;
	}
	return 0;
}

static void stop(struct node *node)
{
	struct cn *cn = node->state;

	if (!cn)
		return;
	udp_close(cn->udp);
	timer_free(cn->timer);
	binding_server_end(&cn->server);
	free(cn->bindings);
	free(cn->paths);
	free(cn);
}

const struct program cn_program = {
	.name = "baton-cn",
	.summary = "correspondent node",
	.rows = cn_rows,
	.settings_size = sizeof(struct cn_settings),
	.check = cn_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};
