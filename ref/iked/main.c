// SPDX-License-Identifier: Apache-2.0
/*
 * baton-iked: IKEv2 between this node and its peers, the control plane alone. Child SAs are
 * negotiated, rekeyed, moved and reported with their selectors; nothing is put into the kernel, so
 * the node runs where there is no ESP and without privilege. Keys go to the key log, in the form
 * that Wireshark's ikev2_decryption_table takes.
 *
 * Two sockets, at the IKE port and the NAT port; at the latter a message begins with four zero
 * octets (RFC 3948 §2.2), which come and go here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/host/udp.h"
#include "ref/ike/ike.h"
#include "ref/iked/settings.h"

#define MARKER_SIZE 4

struct iked {
	struct node *node;
	const struct iked_settings *settings;
	struct ike_connection *connections;
	struct ike *ike;
	struct udp *plain, *nat;
	struct timer *timer;
};

/* --- what the engine reports -------------------------------------------------------------- */

static void hex(struct view v, char *out)
{
	for (size_t i = 0; i < v.size; i++)
		snprintf(out + 2 * i, 3, "%02x", v.data[i]);
	out[2 * v.size] = '\0';
}

static void suite_text(const struct ike_suite *suite, char *out, size_t size)
{
	const char *encr = ike_name(ike_encr_names, suite->encr);
	const char *integ = suite->integ ? ike_name(ike_integ_names, suite->integ) : NULL;
	const char *prf = suite->prf ? ike_name(ike_prf_names, suite->prf) : NULL;
	const char *dh = suite->dh ? ike_name(ike_dh_names, suite->dh) : NULL;

	snprintf(out, size, "%s-%u%s%s%s%s%s%s", encr, suite->key_bits, integ ? "/" : "",
		integ ? integ : "", prf ? "/" : "", prf ? prf : "", dh ? "/" : "", dh ? dh : "");
}

static void selectors_text(const struct ike_ts_list *list, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < list->count && used + 2 < size; i++) {
		if (i)
			out[used++] = ',';
		ike_ts_text(&list->list[i], out + used, size - used);
		used += strlen(out + used);
	}
}

static json_t *describe_sa(const struct ike_sa *sa)
{
	char local[64], peer[64], id[IKE_ID_MAX + 1], suite[160], spi[2][17];

	snprintf(spi[0], sizeof(spi[0]), "%016llx", (unsigned long long)ike_sa_spi_i(sa));
	snprintf(spi[1], sizeof(spi[1]), "%016llx", (unsigned long long)ike_sa_spi_r(sa));
	ike_id_text(ike_sa_peer_id(sa), id, sizeof(id));
	suite[0] = '\0';
	if (ike_sa_keys(sa))
		suite_text(ike_sa_suite(sa), suite, sizeof(suite));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "connection",
		ike_sa_connection(sa)->name, "state", ike_sa_state(sa), "spi_i", spi[0], "spi_r",
		spi[1], "local", endpoint_text(ike_sa_local(sa), local, sizeof(local)), "peer",
		endpoint_text(ike_sa_peer(sa), peer, sizeof(peer)), "peer_id", id, "suite", suite,
		"initiator", ike_sa_initiator(sa), "mobike", ike_sa_mobike(sa));
}

static json_t *describe_child(const struct ike_child_info *c)
{
	char suite[160], in[9], out[9], replaces[9], local[256], remote[256];

	snprintf(in, sizeof(in), "%08x", c->spi_in);
	snprintf(out, sizeof(out), "%08x", c->spi_out);
	snprintf(replaces, sizeof(replaces), "%08x", c->replaces);
	suite_text(&c->suite, suite, sizeof(suite));
	selectors_text(&c->local_ts, local, sizeof(local));
	selectors_text(&c->remote_ts, remote, sizeof(remote));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "spi_in", in, "spi_out", out,
		"replaces", replaces, "suite", suite, "local_ts", local, "remote_ts", remote,
		"mode", c->transport ? "transport" : "tunnel", "encapsulated", c->encapsulated);
}

/* As Wireshark names algorithms in its tables. */
static const char *wireshark_encr(const struct ike_suite *s, char out[64])
{
	if (s->encr == IKE_ENCR_AES_CBC)
		snprintf(out, 64, "AES-CBC-%u [RFC3602]", s->key_bits);
	else
		snprintf(out, 64, "AES-GCM-%u with 16 octet ICV [RFC5282]", s->key_bits);
	return out;
}

static const char *wireshark_integ(const struct ike_suite *s)
{
	switch (s->integ) {
	case IKE_INTEG_HMAC_SHA1_96:
		return "HMAC_SHA1_96 [RFC2404]";
	case IKE_INTEG_HMAC_SHA2_256_128:
		return "HMAC_SHA2_256_128 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_384_192:
		return "HMAC_SHA2_384_192 [RFC4868]";
	case IKE_INTEG_HMAC_SHA2_512_256:
		return "HMAC_SHA2_512_256 [RFC4868]";
	default:
		return "NONE [RFC4306]";
	}
}

static void log_keys(struct iked *d, const struct ike_sa *sa)
{
	const struct ike_keys *k = ike_sa_keys(sa);
	const struct ike_suite *suite = ike_sa_suite(sa);
	char text[4][2 * IKE_KEY_MAX + 1], encr[64];
	struct ike_sizes n;

	ike_suite_sizes(suite, &n);
	hex(VIEW(k->initiator.encr, n.encr), text[0]);
	hex(VIEW(k->responder.encr, n.encr), text[1]);
	hex(VIEW(k->initiator.integ, n.integ), text[2]);
	hex(VIEW(k->responder.integ, n.integ), text[3]);
	node_key(d->node, "%016llx,%016llx,%s,%s,\"%s\",%s,%s,\"%s\"",
		(unsigned long long)ike_sa_spi_i(sa), (unsigned long long)ike_sa_spi_r(sa), text[0],
		text[1], wireshark_encr(suite, encr), text[2], text[3], wireshark_integ(suite));
	wipe(text, sizeof(text));
}

static void log_child(struct iked *d, const struct action *a)
{
	struct ike_child_info info;

	memcpy(&info, a->data.data, sizeof(info));
	json_t *details = describe_child(&info);
	json_object_set_new(details, "connection",
		json_string(ike_sa_connection(a->session)->name));
	log_event_json(d->node->log, a->name, details);
	wipe(&info, sizeof(info));
}

static void log_words(struct iked *d, const struct action *a)
{
	json_t *details = describe_sa(a->session);
	char address[16];

	if (a->event == IKE_REPORT_ADDRESS)
		json_object_set_new(details, "address",
			json_string(inet_ntop(AF_INET, a->data.data, address, sizeof(address))));
	else if (a->event != IKE_REPORT_NOTIFIED && a->data.size)
		json_object_set_new(details, "words",
			json_stringn((const char *)a->data.data, a->data.size));
	log_event_json(d->node->log, a->name, details);
}

static void take_report(struct iked *d, const struct action *a)
{
	char peer[64];

	switch ((enum ike_report)a->event) {
	case IKE_REPORT_ESTABLISHED:
	case IKE_REPORT_REKEYED:
		log_keys(d, a->session);
		log_words(d, a);
		break;
	case IKE_REPORT_CHILD_UP:
	case IKE_REPORT_CHILD_DOWN:
		log_child(d, a);
		break;
	case IKE_REPORT_REJECTED:
		log_reject(d->node->log, a->name, endpoint_text(&a->peer, peer, sizeof(peer)),
			&a->reject);
		break;
	case IKE_REPORT_ADDRESS:
	case IKE_REPORT_CHILD_FAILED:
	case IKE_REPORT_MOVED:
	case IKE_REPORT_ALIVE:
	case IKE_REPORT_NOTIFIED:
	case IKE_REPORT_DOWN:
	case IKE_REPORT_FAILED:
	case IKE_REPORT_UNREACHABLE:
		log_words(d, a);
		break;
	}
}

static void send_datagram(struct iked *d, const struct action *a)
{
	uint8_t marked[MARKER_SIZE + IKE_MESSAGE_MAX];
	struct writer w = writer_of(marked, sizeof(marked));
	bool nat = a->local.port == htons((uint16_t)d->settings->nat_port);

	if (nat)
		write_zero(&w, MARKER_SIZE);
	write_view(&w, a->data);
	int result = udp_send(nat ? d->nat : d->plain, &a->local, &a->peer, writer_view(&w));
	if (result < 0)
		log_debug(d->node->log, "a datagram was not sent: %s", strerror(-result));
}

static void take(struct iked *d, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		if (actions->list[i].kind == ACTION_SEND)
			send_datagram(d, &actions->list[i]);
		else
			take_report(d, &actions->list[i]);
	}
	timer_set(d->timer, ike_due(d->ike));
}

/* --- from the host ------------------------------------------------------------------------ */

static void received(void *context, const struct udp_datagram *datagram)
{
	struct iked *d = context;
	struct actions actions;

	actions_clear(&actions);
	ike_input(d->ike, &datagram->local, &datagram->peer, datagram->data, loop_now(), &actions);
	take(d, &actions);
}

/* RFC 3948 §2.2, §2.3: what begins with anything but four zero octets is ESP or a keepalive. */
static void received_nat(void *context, const struct udp_datagram *datagram)
{
	struct udp_datagram inner = *datagram;
	struct reader r = reader_of(datagram->data);

	if (read_u32(&r) != 0 || r.failed)
		return;
	inner.data = read_rest(&r);
	received(context, &inner);
}

static void timer_due(void *context)
{
	struct iked *d = context;
	struct actions actions;

	actions_clear(&actions);
	ike_tick(d->ike, loop_now(), &actions);
	take(d, &actions);
}

/* --- commands ----------------------------------------------------------------------------- */

static const struct ike_connection *connection_named(struct iked *d, const char *name)
{
	for (size_t i = 0; i < d->settings->connections.count; i++)
		if (!name || strcmp(d->connections[i].name, name) == 0)
			return &d->connections[i];
	return NULL;
}

static struct ike_sa *sa_of(struct iked *d, const char *name)
{
	for (struct ike_sa *sa = ike_next(d->ike, NULL); sa; sa = ike_next(d->ike, sa))
		if (ike_sa_established(sa) &&
			(!name || strcmp(ike_sa_connection(sa)->name, name) == 0))
			return sa;
	return NULL;
}

static void cmd_status(void *node, struct control_request *request, const json_t *arguments)
{
	struct iked *d = ((struct node *)node)->state;
	json_t *sas = json_array(), *rejected_counts = json_object();
	const struct ike_child_info *c;

	(void)arguments;
	for (struct ike_sa *sa = ike_next(d->ike, NULL); sa; sa = ike_next(d->ike, sa)) {
		json_t *children = json_array(), *one = describe_sa(sa);
		for (unsigned n = 0; (c = ike_sa_child(sa, n)); n++)
			json_array_append_new(children, describe_child(c));
		json_object_set_new(one, "children", children);
		json_array_append_new(sas, one);
	}
	for (int r = 1; r < REJECT_COUNT; r++)
		if (ike_rejected(d->ike, (enum reject_reason)r))
			json_object_set_new(rejected_counts, reject_name((enum reject_reason)r),
				json_integer(ike_rejected(d->ike, (enum reject_reason)r)));
	control_answer(request, json_pack("{s:o,s:i,s:o}", "sas", sas, "half_open",
		(int)ike_half_open(d->ike), "rejected", rejected_counts));
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
	ike_initiate(d->ike, c, loop_now(), &actions);
	take(d, &actions);
	control_answer(request, NULL);
}

/* All that an SA can be asked for by the connection's name. */
static void order(void *node, struct control_request *request, const json_t *arguments,
	struct ike_event event)
{
	struct iked *d = ((struct node *)node)->state;
	struct ike_sa *sa = sa_of(d, control_text(arguments, "connection"));
	struct actions actions;

	if (!sa) {
		control_refuse(request, "no IKE SA of that connection is up");
		return;
	}
	if (ike_sa_child(sa, 0))
		event.spi = ike_sa_child(sa, 0)->spi_in;
	actions_clear(&actions);
	int result = ike_event(d->ike, sa, &event, loop_now(), &actions);
	take(d, &actions);
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

static void cmd_move(void *node, struct control_request *request, const json_t *arguments)
{
	const char *text = control_text(arguments, "local");
	struct ike_event event = { .kind = IKE_EVENT_MOVED };

	if (!text || endpoint_parse(text, 0, &event.local) < 0) {
		control_refuse(request, "local is not an address");
		return;
	}
	order(node, request, arguments, event);
}

static const struct control_command commands[] = {
	{ "status", "", "IKE SAs, their Child SAs, counters", cmd_status },
	{ "initiate", "CONNECTION", "begin an IKE SA", cmd_initiate },
	{ "rekey", "[CONNECTION]", "make the IKE SA anew", cmd_rekey },
	{ "rekey-child", "[CONNECTION]", "make its newest Child SA anew", cmd_rekey_child },
	{ "create-child", "[CONNECTION]", "another Child SA", cmd_create_child },
	{ "delete-child", "[CONNECTION]", "delete its newest Child SA", cmd_delete_child },
	{ "delete", "[CONNECTION]", "delete the IKE SA and all with it", cmd_delete },
	{ "probe", "[CONNECTION]", "ask whether the peer is alive", cmd_probe },
	{ "move", "LOCAL [CONNECTION]", "we are there now (RFC 4555)", cmd_move },
	{ "quit", "", "end the node cleanly", node_quit },
	{ NULL, NULL, NULL, NULL },
};

/* --- life --------------------------------------------------------------------------------- */

static struct endpoint address_of(const struct prefix *p)
{
	return p->family ? endpoint_of_prefix(p, 0) : (struct endpoint){ 0 };
}

/* The first and last address of a prefix as a selector. */
static void selector(const struct prefix *p, struct ike_ts_list *out)
{
	struct prefix network = prefix_network(p);
	struct ike_ts ts = { .end_port = 65535 };
	size_t width = ip_size(p->family);

	if (!p->family)
		return;
	ts.type = p->family == AF_INET6 ? IKE_TS_IPV6_ADDR_RANGE : IKE_TS_IPV4_ADDR_RANGE;
	memcpy(ts.start, network.address, width);
	memcpy(ts.end, network.address, width);
	for (unsigned bit = p->length; bit < 8 * width; bit++)
		ts.end[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	*out = (struct ike_ts_list){ 1, { ts } };
}

/* The groups that are configured, in their order, instead of the default ones. */
static void take_groups(struct ike_proposal *p, const struct config_numbers *groups)
{
	unsigned kept = 0;

	if (!groups->count)
		return;
	for (unsigned k = 0; k < p->count; k++)
		if (p->transforms[k].type != IKE_TRANSFORM_DH)
			p->transforms[kept++] = p->transforms[k];
	for (size_t i = 0; i < groups->count; i++)
		p->transforms[kept++] = (struct ike_transform){ .type = IKE_TRANSFORM_DH,
			.id = (uint16_t)groups->items[i] };
	p->count = kept;
}

static void make_connection(const struct iked_connection *from, struct ike_connection *c)
{
	ike_connection_default(c);
	c->name = from->name;
	c->local = address_of(&from->local);
	c->remote = address_of(&from->remote);
	ike_id_parse(from->local_id, &c->local_id);
	if (from->remote_id)
		ike_id_parse(from->remote_id, &c->remote_id);
	c->psk = view_text(from->psk);
	selector(&from->local_ts, &c->local_ts);
	selector(&from->remote_ts, &c->remote_ts);
	for (unsigned i = 0; i < c->ike.count; i++)
		take_groups(&c->ike.list[i], &from->groups);
	c->transport = from->transport;
	c->mobike = from->mobike;
	c->fragmentation = from->fragmentation;
	c->fragment_size = from->fragment_size;
	c->force_encapsulation = from->encapsulate;
	c->ask_address = from->ask_address;
	c->check_path = from->check_path;
	c->rekey_ike = from->rekey_ike;
	c->rekey_child = from->rekey_child;
	c->liveness = from->liveness;
	if (from->pool.family) {
		memcpy(c->pool, from->pool.address, 4);
		c->pool_size = from->pool.length ? 1u << (32 - from->pool.length) : UINT32_MAX;
	}
}

static void make_engine(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;
	size_t count = d->settings->connections.count;
	struct ike_config config;

	d->connections = host_alloc(count * sizeof(*d->connections));
	for (size_t i = 0; i < count; i++)
		make_connection(&list[i], &d->connections[i]);
	ike_config_default(&config);
	config.connections = d->connections;
	config.count = (unsigned)count;
	config.random = &d->node->random;
	config.port = ntohs(d->settings->listen.port);
	config.nat_port = (uint16_t)d->settings->nat_port;
	config.cookie_threshold = d->settings->cookie_threshold;
	d->ike = ike_new(&config);
}

static struct udp *listen_at(struct iked *d, struct endpoint where, uint16_t port,
	udp_receiver *receive)
{
	char text[64];

	where.port = htons(port);
	struct udp *udp = udp_open(d->node->loop, &where, NULL, receive, d);
	if (!udp)
		log_error(d->node->log, "listening at %s: %s",
			endpoint_text(&where, text, sizeof(text)), strerror(errno));
	return udp;
}

static int start(struct node *node)
{
	struct iked *d = host_alloc(sizeof(*d));
	const struct iked_connection *list;
	struct actions actions;

	d->node = node;
	d->settings = node->settings;
	node->state = d;
	list = d->settings->connections.items;
	make_engine(d);
	d->timer = timer_new(node->loop, timer_due, d);
	d->plain = listen_at(d, d->settings->listen, ntohs(d->settings->listen.port), received);
	d->nat = listen_at(d, d->settings->listen, (uint16_t)d->settings->nat_port, received_nat);
	if (!d->plain || !d->nat)
		return -1;
	for (size_t i = 0; i < d->settings->connections.count; i++) {
		if (!list[i].start)
			continue;
		actions_clear(&actions);
		ike_initiate(d->ike, &d->connections[i], loop_now(), &actions);
		take(d, &actions);
	}
	return 0;
}

/* A peer is not left waiting: one Delete for each SA, sent once. */
static void say_goodbye(struct iked *d)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };
	struct actions actions;

	for (struct ike_sa *sa = ike_next(d->ike, NULL), *next; sa; sa = next) {
		next = ike_next(d->ike, sa);
		actions_clear(&actions);
		ike_event(d->ike, sa, &event, loop_now(), &actions);
		take(d, &actions);
	}
}

static void stop(struct node *node)
{
	struct iked *d = node->state;

	if (!d)
		return;
	if (d->plain && d->nat)
		say_goodbye(d);
	udp_close(d->plain);
	udp_close(d->nat);
	timer_free(d->timer);
	ike_free(d->ike);
	free(d->connections);
	free(d);
}

static const struct program program = {
	.name = "baton-iked",
	.summary = "IKEv2 with pre-shared keys, fragmentation and MOBIKE; control plane only",
	.rows = iked_rows,
	.settings_size = sizeof(struct iked_settings),
	.check = iked_check,
	.start = start,
	.stop = stop,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
