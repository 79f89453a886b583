// SPDX-License-Identifier: Apache-2.0
/* Commands at the control socket. */
#include "ref/iked/dhcp.h"
#include "ref/iked/esp.h"
#include "ref/iked/iked.h"
#include "ref/node/ike_journal.h"

static const struct ike_connection *connection_named(struct iked *d, const char *name)
{
	for (size_t i = 0; i < d->settings->connections.count; i++)
		if (!name || strcmp(d->connections[i].name, name) == 0)
			return &d->connections[i];
	return NULL;
}

static struct ike_sa *sa_of(struct iked *d, const char *name)
{
	for (struct ike_sa *sa = sa_next(d, NULL); sa; sa = sa_next(d, sa))
		if (sa_established(sa) &&
			(!name || strcmp(sa_connection(sa)->name, name) == 0))
			return sa;
	return NULL;
}

static json_t *status_child(struct iked *d, const struct ike_child_info *c)
{
	json_t *one = ike_child_json(c);
	uint64_t in, out;

	if (d->esp && esp_carried(d->esp, c->spi_in, &in, &out)) {
		json_object_set_new(one, "packets_in", json_integer((json_int_t)in));
		json_object_set_new(one, "packets_out", json_integer((json_int_t)out));
	}
	return one;
}

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct iked *d = ((struct node *)node)->state;
	json_t *sas = json_array(), *rejected_counts = json_object();
	const struct ike_child_info *c;

	(void)arguments;
	for (struct ike_sa *sa = sa_next(d, NULL); sa; sa = sa_next(d, sa)) {
		json_t *children = json_array(), *one = journal_sa(sa);
		for (unsigned n = 0; (c = sa_child(sa, n)); n++)
			json_array_append_new(children, status_child(d, c));
		json_object_set_new(one, "children", children);
		json_t *dhcp = remote_host_status(d, sa);
		if (dhcp)
			json_object_set_new(one, "dhcp", dhcp);
		json_array_append_new(sas, one);
	}
	for (int r = 1; r < REJECT_COUNT; r++)
		if (sa_rejected(d, (enum reject_reason)r))
			json_object_set_new(rejected_counts, reject_name((enum reject_reason)r),
				json_integer(sa_rejected(d, (enum reject_reason)r)));
	control_answer(request, json_pack("{s:o,s:i,s:o}", "sas", sas, "half_open",
		(int)sa_half_open(d), "rejected", rejected_counts));
}

static void cmd_initiate(void *node, struct control_request *request, const json_t *arguments)
{
	struct iked *d = ((struct node *)node)->state;
	const char *name = control_text(arguments, "connection");
	const struct ike_connection *c = connection_named(d, name);
	struct actions actions;

	if (!c || !c->local.family || !c->remote.family) {
		control_refuse(request, "no connection of that name with both addresses");
		return;
	}
	actions_clear(&actions);
	sa_initiate(d, c, loop_now(), &actions);
	iked_take(d, &actions);
	control_answer(request, NULL);
}

/* Whether SAs of two connections are up: then one has to be named. */
static bool several(const struct iked *d)
{
	const struct ike_connection *first = NULL;

	for (struct ike_sa *sa = sa_next(d, NULL); sa; sa = sa_next(d, sa)) {
		if (!sa_established(sa))
			continue;
		if (first && sa_connection(sa) != first)
			return true;
		first = sa_connection(sa);
	}
	return false;
}

/* All that an SA can be asked for by the connection's name. */
static void order(void *node, struct control_request *request, const json_t *arguments,
	struct ike_event event)
{
	struct iked *d = ((struct node *)node)->state;
	const char *name = control_text(arguments, "connection");
	struct ike_sa *sa = sa_of(d, name);
	struct actions actions;

	if (!name && several(d)) {
		control_refuse(request, "IKE SAs of several connections are up; name the one, status lists "
					"them");
		return;
	}
	if (!sa) {
		control_refuse(request, "no IKE SA of that connection is up");
		return;
	}
	if (sa_child(sa, 0))
		event.spi = sa_child(sa, 0)->spi_in;
	actions_clear(&actions);
	int result = sa_event(d, sa, &event, loop_now(), &actions);
	iked_take(d, &actions);
	if (result < 0)
		control_refuse(request, "not possible in the present state");
	else
		control_answer(request, NULL);
}

#define ORDER(name, event)                                                                         \
	static void cmd_##name(void *node, struct control_request *request,                        \
		const json_t *arguments)                                                           \
	{                                                                                          \
		order(node, request, arguments, (struct ike_event){ .kind = event });              \
	}
ORDER(rekey, IKE_EVENT_REKEY)
ORDER(rekey_child, IKE_EVENT_REKEY_CHILD)
ORDER(create_child, IKE_EVENT_CREATE_CHILD)
ORDER(delete_child, IKE_EVENT_DELETE_CHILD)
ORDER(delete, IKE_EVENT_DELETE)
ORDER(probe, IKE_EVENT_PROBE)
ORDER(expire, IKE_EVENT_EXPIRED)

static void cmd_release(void *node, struct control_request *request, const json_t *arguments)
{
	struct iked *d = ((struct node *)node)->state;
	struct ike_sa *sa = sa_of(d, control_text(arguments, "connection"));

	if (!sa || remote_host_release(d, sa) < 0)
		control_refuse(request, "no IKE SA of that connection has an address by DHCP");
	else
		control_answer(request, NULL);
}

static enum form configured_form(const struct iked_connection *c)
{
	return c->over_new_sa ? FORM_NEW_SA : c->tunnel ? FORM_TUNNEL : FORM_DIRECT;
}

int iked_move(struct iked *d, struct ike_sa *sa, struct ike_event event, enum form form)
{
	const struct iked_connection *list = d->settings->connections.items, *c;
	struct actions actions;

	c = &list[sa_connection(sa) - d->connections];
	names_moved(d, &event.local);
	if (sa_changes(sa)) {
		event.kind = IKE_EVENT_CHANGE;
		event.hold = c->hold;
		form = form == FORM_CONFIGURED ? configured_form(c) : form;
		return carry_change(d, sa, &event, form);
	}
	actions_clear(&actions);
	int result = sa_event(d, sa, &event, loop_now(), &actions);
	iked_take(d, &actions);
	return result;
}

static bool wanted(const struct ike_sa *sa, const char *name)
{
	return sa_established(sa) && (!name || strcmp(sa_connection(sa)->name, name) == 0);
}

static enum form form_of(const json_t *arguments)
{
	static const char *const names[] = { [FORM_DIRECT] = "direct", [FORM_TUNNEL] = "tunnel",
		[FORM_NEW_SA] = "new_sa" };

	for (int i = FORM_DIRECT; i <= FORM_NEW_SA; i++)
		if (json_is_true(json_object_get(arguments, names[i])))
			return (enum form)i;
	return FORM_CONFIGURED;
}

static void cmd_move(void *node, struct control_request *request, const json_t *arguments)
{
	struct iked *d = ((struct node *)node)->state;
	const char *text = control_text(arguments, "local");
	const char *peer = control_text(arguments, "peer");
	const char *name = control_text(arguments, "connection");
	struct ike_event event = { .kind = IKE_EVENT_MOVED };
	unsigned found = 0, moving = 0;

	if (!text || endpoint_parse(text, 0, &event.local) < 0) {
		control_refuse(request, "%s: not an address; 192.0.2.1 would be one",
			text ? text : "(no local)");
		return;
	}
	if (peer && endpoint_parse(peer, 0, &event.peer) < 0) {
		control_refuse(request, "%s: not an address; 192.0.2.1 would be one", peer);
		return;
	}
	for (struct ike_sa *sa = sa_next(d, NULL), *next; sa; sa = next) {
		next = sa_next(d, sa);
		if (!wanted(sa, name))
			continue;
		found++;
		moving += iked_move(d, sa, event, form_of(arguments)) == 0;
	}
	if (!found)
		control_refuse(request, "no IKE SA of that connection is up");
	else if (!moving)
		control_refuse(request, "not possible in the present state");
	else
		control_answer(request, json_pack("{s:i}", "moving", (int)moving));
}

const struct control_command iked_commands[] = {
	{ "status", "", "IKE SAs, their Child SAs, counters", cmd_status },
	{ "initiate", "CONNECTION", "begin an IKE SA", cmd_initiate },
	{ "rekey", "[CONNECTION]", "make the IKE SA anew", cmd_rekey },
	{ "rekey-child", "[CONNECTION]", "make its newest Child SA anew", cmd_rekey_child },
	{ "create-child", "[CONNECTION]", "another Child SA", cmd_create_child },
	{ "delete-child", "[CONNECTION]", "delete its newest Child SA", cmd_delete_child },
	{ "delete", "[CONNECTION]", "delete the IKE SA and all with it", cmd_delete },
	{ "probe", "[CONNECTION]", "ask whether the peer is alive", cmd_probe },
	{ "move", "LOCAL [CONNECTION] [PEER]",
	  "we are there now, and take all along; --direct, --tunnel, --new-sa: so", cmd_move },
	{ "release", "[CONNECTION]", "give the address back that DHCP has given", cmd_release },
	{ "expire", "[CONNECTION]", "our old address is over; tell the peer, end the SA",
	  cmd_expire },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};
