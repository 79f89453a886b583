// SPDX-License-Identifier: Apache-2.0
/* baton-mn, the program: mobile node and PANA client. */
#include <stdlib.h>

#include "ref/mn/mn_program.h"
#include "ref/mn/station_keys.h"
#include "ref/mn/client.h"
#include "ref/mn/dot1x.h"
#include "ref/mn/handover.h"
#include "ref/mn/neighbourhood.h"

static void make_networks(struct mn *mn)
{
	const struct network_settings *list = mn->settings->networks.items;

	mn->count = (unsigned)mn->settings->networks.count;
	mn->networks = host_alloc((mn->count + NETWORKS_FOUND_MAX) * sizeof(*mn->networks));
	for (unsigned i = 0; i < mn->count; i++)
		mn->networks[i] = (struct network){ .mn = mn, .settings = &list[i],
			.paa = list[i].paa };
}

static int start(struct node *node)
{
	struct mn *mn = host_alloc(sizeof(*mn));

	mn->node = node;
	mn->settings = node->settings;
	node->state = mn;
	make_networks(mn);
	if (client_start(mn) < 0)
		return -1;
	if (mn->settings->keys) {
		mn->station_keys = station_keys_new(mn, mn->settings->keys);
		if (!mn->station_keys)
			return -1;
	}
	mn->dot1x = mn_dot1x_new(mn);
	if (mn->settings->neighbours)
		mn->neighbourhood = neighbourhood_new(mn, mn->settings->neighbours);
	if (mn->settings->device) {
		if (node_kernel(node) < 0)
			return -1;
		mn->handover = handover_new(mn);
		if (!mn->handover)
			return -1;
		neighbourhood_complete(mn, mn_network(mn, mn->settings->start));
		handover_begin(mn->handover);
	} else if (mn->settings->pana.initiate) {
		client_begin(&mn->networks[0], &mn->networks[0].settings->local,
			mn->networks[0].settings->preauth);
	}
	return 0;
}

static void stop(struct node *node)
{
	struct mn *mn = node->state;

	if (!mn)
		return;
	mn_dot1x_free(mn->dot1x);
	mn->dot1x = NULL;
	station_keys_free(mn->station_keys);
	mn->station_keys = NULL;
	handover_free(mn->handover);
	mn->handover = NULL;
	neighbourhood_free(mn->neighbourhood);
	mn->neighbourhood = NULL;
	client_stop(mn);
	for (unsigned i = (unsigned)mn->settings->networks.count; i < mn->count; i++)
		neighbourhood_free_network(&mn->networks[i]);
	free(mn->networks);
	free(mn);
}

/* --- commands --------------------------------------------------------------------------------- */

static json_t *network_json(const struct network *n)
{
	json_t *object = client_json(n), *dot1x = mn_dot1x_json(n->mn->dot1x, n);

	if (dot1x)
		json_object_update_new(object, dot1x);
	return object;
}

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	json_t *list = json_array(), *status;

	(void)arguments;
	for (unsigned i = 0; i < mn->count; i++)
		json_array_append_new(list, network_json(&mn->networks[i]));
	status = json_pack("{s:s,s:s*,s:o}", "node", mn->settings->program.node, "serving",
		mn->serving ? mn->serving->settings->name : NULL, "networks", list);
	if (mn->handover)
		json_object_update_new(status, handover_json(mn->handover));
	control_answer(request, status);
}

static void cmd_connect(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	json_t *chosen = neighbourhood_choose(mn, request, arguments);

	if (chosen)
		(mn->handover ? handover_cmd_connect : client_cmd_connect)(node, request, chosen);
	json_decref(chosen);
}

static void cmd_preauth(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	json_t *chosen;

	if (mn_dot1x_is_meant(mn, arguments)) {
		mn_dot1x_cmd_preauth(node, request, arguments);
		return;
	}
	chosen = neighbourhood_choose(mn, request, arguments);
	if (chosen)
		(mn->handover ? handover_cmd_preauth : client_cmd_preauth)(node, request, chosen);
	json_decref(chosen);
}

static void cmd_handoff(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;
	json_t *chosen;

	if (!mn->handover) {
		control_refuse(request, "this node has no device that moves; configure one");
		return;
	}
	chosen = neighbourhood_choose(mn, request, arguments);
	if (chosen)
		handover_cmd_handoff(node, request, chosen);
	json_decref(chosen);
}

static void cmd_disconnect(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = ((struct node *)node)->state;

	(mn->handover ? handover_cmd_disconnect : client_cmd_terminate)(node, request, arguments);
}

static const struct control_command commands[] = {
	{ "status", "", "where the node is, and its sessions", cmd_status },
	{ "neighbours", "", "networks, and access points near here with their agents; --scan: look "
			    "around first",
		neighbourhood_cmd_neighbours },
	{ "forget", "[BSSID]", "forget what was heard and told of an access point, or of all",
		neighbourhood_cmd_forget },
	{ "connect", "[NETWORK]", "attach to a network; without a device: authenticate",
		cmd_connect },
	{ "preauth", "NETWORK", "prepare: pre-authenticate, get an address, raise the tunnel; "
				"--dot1x: authenticate to its access points",
		cmd_preauth },
	{ "handoff", "NETWORK", "move to a network; prepares first", cmd_handoff },
	{ "disconnect", "[NETWORK]", "leave; without a device: end the PANA session",
		cmd_disconnect },
	{ "keys", "NETWORK", "have keys installed in the network's access points and here",
		station_keys_cmd },
	{ "reauth", "[NETWORK]", "re-authenticate", client_cmd_reauth },
	{ "ping", "[NETWORK]", "test whether the agent is alive", client_cmd_ping },
	{ "move", "ADDRESS", "the client has this address now", client_cmd_move },
	{ "terminate", "[NETWORK]", "end the PANA session", client_cmd_terminate },
	{ "counters", "", "rejected messages by reason, rows of the state machines by hits",
		client_cmd_counters },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

const struct program mn_program = {
	.name = "baton-mn",
	.summary = "mobile node and PANA client",
	.rows = mn_rows,
	.settings_size = sizeof(struct mn_settings),
	.check = mn_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};
