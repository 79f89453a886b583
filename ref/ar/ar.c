// SPDX-License-Identifier: Apache-2.0
/* baton-ar, the program: access router and PANA authentication agent. */
#include <stdlib.h>

#include "ref/ar/ar_program.h"
#include "ref/ar/access.h"
#include "ref/ar/ap_keys.h"
#include "ref/ar/ar.h"

static int start(struct node *node)
{
	struct ar *ar = host_alloc(sizeof(*ar));

	ar->node = node;
	ar->settings = node->settings;
	node->state = ar;
	if (agent_start(ar) < 0)
		return -1;
	if (ar->settings->access_points.count) {
		ar->ap_keys = ap_keys_new(ar, &ar->settings->access_points);
		if (!ar->ap_keys)
			return -1;
	}
	if (ar->settings->access) {
		if (node_kernel(node) < 0)
			return -1;
		ar->access = access_new(ar, ar->settings->access);
		if (!ar->access)
			return -1;
	}
	return 0;
}

static void stop(struct node *node)
{
	struct ar *ar = node->state;

	if (!ar)
		return;
	access_free(ar->access);
	ar->access = NULL;
	ap_keys_free(ar->ap_keys);
	ar->ap_keys = NULL;
	agent_stop(ar);
	free(ar);
}

static void cmd_clients(void *context, struct control_request *request, const json_t *arguments)
{
	struct ar *ar = ((struct node *)context)->state;

	(void)arguments;
	control_answer(request, json_pack("{s:o}", "clients", access_json(ar->access)));
}

static const struct control_command commands[] = {
	{ "status", "", "how the agent stands, and its newest session", agent_cmd_status },
	{ "sessions", "", "all PANA sessions", agent_cmd_sessions },
	{ "clients", "", "addresses, tunnels and buffers of mobile nodes", cmd_clients },
	{ "start", "ADDRESS", "open a session with a client unasked", agent_cmd_start },
	{ "reauth", "[SESSION]", "re-authenticate a client", agent_cmd_reauth },
	{ "ping", "[SESSION]", "test whether a client is alive", agent_cmd_ping },
	{ "terminate", "[SESSION]", "end a session", agent_cmd_terminate },
	{ "counters", "", "rejected messages by reason, rows of the state machine by hits",
		agent_cmd_counters },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

const struct program ar_program = {
	.name = "baton-ar",
	.summary = "access router and PANA authentication agent",
	.rows = ar_rows,
	.settings_size = sizeof(struct ar_settings),
	.check = ar_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};
