// SPDX-License-Identifier: Apache-2.0
/* Control commands about PANA sessions. */
#include "ref/mn/client.h"
#include "ref/mn/handover.h"

#define BIT(report) (1u << PANA_REPORT_##report)
#define ENDED (BIT(FAILED) | BIT(TERMINATED) | BIT(EXPIRED) | BIT(UNREACHABLE))

static struct mn *mn_of(void *node)
{
	return ((struct node *)node)->state;
}

static bool does_not_wait(const json_t *arguments)
{
	return json_is_false(json_object_get(arguments, "wait"));
}

struct network *client_chosen(struct mn *mn, struct control_request *request,
	const json_t *arguments)
{
	const char *name = control_text(arguments, "network");
	struct network *n = name ? mn_network(mn, name) : mn->serving;

	if (!n && !name)
		n = &mn->networks[0];
	if (!n)
		control_refuse(request, "there is no network %s in the configuration", name);
	return n;
}

/* Tells the client, and answers when one of the reports has come. */
static void tell(struct mn *mn, struct control_request *request, const json_t *arguments,
	const struct pac_event *event, uint32_t success)
{
	struct network *n = client_chosen(mn, request, arguments);

	if (!n)
		return;
	if (!does_not_wait(arguments))
		waiters_add(&mn->waiters, request, n, success, ENDED & ~success);
	if (client_event(n, event->kind, &event->local) < 0) {
		if (does_not_wait(arguments))
			control_refuse(request, "this has no place in the session's state");
		else
			waiters_refuse(&mn->waiters, n,
				n->pac ? "this has no place in the session's state" :
					 "there is no session");
	} else if (does_not_wait(arguments)) {
		control_answer(request, client_json(n));
	}
}

void client_cmd_reauth(void *node, struct control_request *request, const json_t *arguments)
{
	tell(mn_of(node), request, arguments, &(struct pac_event){ .kind = PAC_REAUTHENTICATE },
		BIT(REAUTHENTICATED));
}

void client_cmd_ping(void *node, struct control_request *request, const json_t *arguments)
{
	tell(mn_of(node), request, arguments, &(struct pac_event){ .kind = PAC_PING }, BIT(ALIVE));
}

void client_cmd_terminate(void *node, struct control_request *request, const json_t *arguments)
{
	tell(mn_of(node), request, arguments, &(struct pac_event){ .kind = PAC_TERMINATE },
		BIT(TERMINATED));
}

void client_cmd_move(void *node, struct control_request *request, const json_t *arguments)
{
	const char *text = control_text(arguments, "address");
	struct pac_event event = { .kind = PAC_MOVED };

	if (!text || endpoint_parse(text, 0, &event.local) < 0) {
		control_refuse(request, "name the address that the client has now");
		return;
	}
	tell(mn_of(node), request, arguments, &event,
		BIT(ALIVE) | BIT(POSTAUTHORISED) | BIT(ACKNOWLEDGED));
}

static void begin(struct mn *mn, struct control_request *request, const json_t *arguments,
	bool preauth)
{
	struct network *n = client_chosen(mn, request, arguments);

	if (!n)
		return;
	if (!n->paa.family) {
		control_refuse(request, "network %s has no paa: its agent begins",
			n->settings->name);
		return;
	}
	if (n->pac && pac_open(n->pac)) {
		control_refuse(request, "there is a session with network %s already; reauth or "
					"terminate it",
			n->settings->name);
		return;
	}
	waiters_refuse(&mn->waiters, n, "another command began anew");
	if (does_not_wait(arguments))
		control_answer(request, client_json(n));
	else
		waiters_add(&mn->waiters, request, n, BIT(AUTHENTICATED) | BIT(PREAUTHORISED), ENDED);
	client_begin(n, &n->settings->local, preauth || n->settings->preauth);
}

void client_cmd_connect(void *node, struct control_request *request, const json_t *arguments)
{
	begin(mn_of(node), request, arguments, false);
}

void client_cmd_preauth(void *node, struct control_request *request, const json_t *arguments)
{
	begin(mn_of(node), request, arguments, true);
}

static uint32_t rejected(const void *engine, enum reject_reason reason)
{
	return pac_rejected(engine, reason);
}

void client_cmd_counters(void *node, struct control_request *request, const json_t *arguments)
{
	struct mn *mn = mn_of(node);
	json_t *list = json_array(), *result;

	(void)arguments;
	for (unsigned i = 0; i < mn->count; i++) {
		struct network *n = &mn->networks[i];
		if (n->pac)
			json_array_append_new(list,
				json_pack("{s:s,s:o,s:o}", "network", n->settings->name, "rejected",
					pana_rejected_json(rejected, n->pac), "rows",
					pana_fsm_json(pac_fsm(), pac_fsm_hits(n->pac))));
	}
	result = json_pack("{s:o}", "networks", list);
	if (mn->handover)
		json_object_set_new(result, "handover", handover_rows(mn->handover));
	control_answer(request, result);
}
