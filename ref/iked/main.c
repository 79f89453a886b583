// SPDX-License-Identifier: Apache-2.0
/*
 * baton-iked: IKEv2, and IKEv1 where a peer wants it, between this node and its peers. Child SAs are
 * negotiated, rekeyed, moved and reported with their selectors, and with `install` put into the
 * kernel; without it the node runs where there is no ESP and needs no privilege. Keys go to the key
 * log, in the form that Wireshark's ikev2_decryption_table and ikev1_decryption_table take.
 *
 * Two sockets, at the IKE port and the NAT port; at the latter a message begins with four zero
 * octets (RFC 3948 §2.2), which come and go here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "ref/base/crypto.h"
#include "ref/host/move.h"
#include "ref/ike/ike_proposal.h"
#include "ref/iked/dhcp.h"
#include "ref/iked/esp.h"
#include "ref/iked/iked.h"
#include "ref/node/ike_journal.h"

#define MARKER_SIZE 4

/* --- what the engine reports -------------------------------------------------------------- */

static const struct dhcp_side *const dhcp_sides[] = { &remote_host_side, &relay_side };
#define DHCP_SIDES (sizeof(dhcp_sides) / sizeof(dhcp_sides[0]))

/* DHCP over IPsec, after everything else. */
static void tell_dhcp(struct iked *d, const struct action *a)
{
	struct ike_sa *sa = (struct ike_sa *)a->session;
	struct ike_child_info info;
	const struct ike_sa *old;

	for (size_t i = 0; i < DHCP_SIDES && d->esp; i++) {
		const struct dhcp_side *side = dhcp_sides[i];
		if (a->event == IKE_REPORT_ESTABLISHED) {
			side->established(d, sa);
		} else if (a->event == IKE_REPORT_CHILD_UP || a->event == IKE_REPORT_CHILD_DOWN) {
			memcpy(&info, a->data.data, sizeof(info));
			(a->event == IKE_REPORT_CHILD_UP ? side->child_up : side->child_down)(d, sa,
				&info);
			wipe(&info, sizeof(info));
		} else if (a->event == IKE_REPORT_CHILD_FAILED) {
			side->child_failed(d, sa);
		} else if (a->event == IKE_REPORT_REKEYED) {
			memcpy(&old, a->data.data, sizeof(old));
			side->heir(d, old, sa);
		} else if (a->event == IKE_REPORT_DOWN || a->event == IKE_REPORT_UNREACHABLE ||
			a->event == IKE_REPORT_EXPIRED || a->event == IKE_REPORT_FAILED) {
			side->over(d, sa);
		}
	}
}

/* What the kernel has to have before the next datagram leaves. */
static void take_child(struct iked *d, const struct action *a)
{
	struct ike_child_info info;
	char why[ESP_WHY_SIZE];

	memcpy(&info, a->data.data, sizeof(info));
	if (a->event == IKE_REPORT_CHILD_DOWN) {
		esp_down(d->esp, a->session, info.spi_in);
	} else if (esp_up(d->esp, a->session, &info, why) < 0) {
		json_t *details = ike_child_json(&info);
		json_object_set_new(details, "words", json_string(why));
		log_event_json(d->node->log, "esp_failed", details);
		log_warning(d->node->log, "a Child SA is not in the kernel: %s", why);
	}
	wipe(&info, sizeof(info));
}

static void take_migration(struct iked *d, const struct action *a)
{
	struct ike_migration m;

	memcpy(&m, a->data.data, sizeof(m));
	if (a->event == IKE_REPORT_CHANGING)
		tunnel_answer(d, a->session, &m);
	else
		carry_migrated(d, (struct ike_sa *)a->session, &m);
}

static void take_established(struct iked *d, struct ike_sa *sa)
{
	follow_note(d, sa);
	again_reached(d, sa);
	carry_established(d, sa);
}

static void take_end(struct iked *d, struct ike_sa *sa)
{
	follow_forget(d, sa);
	carry_over(d, sa);
}

static void take_heir(struct iked *d, const struct action *a)
{
	const struct ike_sa *old;

	memcpy(&old, a->data.data, sizeof(old));
	carry_inherit(d, old, (struct ike_sa *)a->session);
	tunnels_inherit(d, old, a->session);
	follow_forget(d, old);
	follow_note(d, a->session);
}

/* MOBIKE: the outer addresses alone. */
static void move_tunnels(struct iked *d, const struct ike_sa *sa)
{
	if (esp_move(d->esp, sa, NULL) < 0)
		log_warning(d->node->log, "Child SAs did not all move: %s",
			kernel_error(d->node->kernel));
}

static void take_report(struct iked *d, const struct action *a)
{
	enum ike_report report = (enum ike_report)a->event;

	if (report == IKE_REPORT_ESTABLISHED || report == IKE_REPORT_REKEYED)
		journal_keys(d, a->session);
	journal_report(d, a);
	if (report == IKE_REPORT_MIGRATED || report == IKE_REPORT_CHANGING)
		take_migration(d, a);
	else if (report == IKE_REPORT_VERIFIED)
		carry_verified(d, (struct ike_sa *)a->session);
	else if (report == IKE_REPORT_ESTABLISHED)
		take_established(d, (struct ike_sa *)a->session);
	else if (report == IKE_REPORT_REKEYED)
		take_heir(d, a);
	else if (report == IKE_REPORT_CHANGE_REFUSED && !sa_changing(a->session))
		carry_drop(d, a->session);
	else if (report == IKE_REPORT_DOWN || report == IKE_REPORT_UNREACHABLE ||
		report == IKE_REPORT_EXPIRED || report == IKE_REPORT_FAILED)
		take_end(d, (struct ike_sa *)a->session);
	if (report == IKE_REPORT_UNREACHABLE)
		again_unreachable(d, a->session);
	if (!d->esp)
		return;
	if (report == IKE_REPORT_CHILD_UP || report == IKE_REPORT_CHILD_DOWN)
		take_child(d, a);
	else if (report == IKE_REPORT_REKEYED)
		esp_inherit(d->esp, a->session);
	else if (report == IKE_REPORT_MOVED)
		move_tunnels(d, a->session);
	else if (report == IKE_REPORT_DOWN || report == IKE_REPORT_UNREACHABLE ||
		report == IKE_REPORT_EXPIRED)
		esp_over(d->esp, a->session);
}

/* `via` as in struct action. */
static void send_by(struct iked *d, const struct endpoint *local, const struct endpoint *peer,
	const struct endpoint *via, struct view data)
{
	uint8_t marked[MARKER_SIZE + IKE_MESSAGE_MAX];
	struct writer w = writer_of(marked, sizeof(marked));
	bool nat = local->port == htons((uint16_t)d->settings->nat_port);

	if (nat)
		write_zero(&w, MARKER_SIZE);
	write_view(&w, data);
	struct udp *udp = nat ? d->nat : d->plain;
	int result = via->family ? reply_send(d, udp, local, peer, via, writer_view(&w)) :
		udp_send(udp, local, peer, writer_view(&w));
	if (result < 0)
		log_debug(d->node->log, "a datagram was not sent: %s", strerror(-result));
}

void iked_send(struct iked *d, const struct endpoint *local, const struct endpoint *peer,
	struct view data)
{
	send_by(d, local, peer, &(struct endpoint){ 0 }, data);
}

/* Our own migration takes longer than what is sent because of it. The peer's is the other way round:
 * see carry_holds. */
static bool can_wait(const struct action *a)
{
	struct ike_migration m;

	if (a->kind == ACTION_SEND || a->event != IKE_REPORT_MIGRATED)
		return false;
	memcpy(&m, a->data.data, sizeof(m));
	return m.here;
}

void iked_take(struct iked *d, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_SEND && !carry_holds(d, a))
			send_by(d, &a->local, &a->peer, &a->via, a->data);
		if (a->kind == ACTION_SEND || can_wait(a))
			continue;
		take_report(d, a);
		if (a->session && sa_is_old(a->session))
			tell_dhcp(d, a);
	}
	for (unsigned i = 0; i < actions->count; i++)
		if (can_wait(&actions->list[i]))
			take_report(d, &actions->list[i]);
	timer_set(d->timer, sa_due(d));
	proofs_flush(d);
}

/* --- from the host ------------------------------------------------------------------------ */

static void received(void *context, const struct udp_datagram *datagram)
{
	struct iked *d = context;
	struct actions actions;

	actions_clear(&actions);
	d->came_in = datagram->ifindex;
	sa_input(d, &datagram->local, &datagram->peer, datagram->data, loop_now(), &actions);
	iked_take(d, &actions);
	d->came_in = 0;
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
	sa_tick(d, loop_now(), &actions);
	iked_take(d, &actions);
}

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

static void take_proposals(const struct iked_connection *from, struct ike_connection *c)
{
	for (unsigned i = 0; i < c->ike.count; i++)
		take_groups(&c->ike.list[i], &from->groups);
	if (from->ike_proposal) /* they were checked with the configuration */
		ike_proposals_parse(from->ike_proposal, IKE_PROTOCOL_IKE, &c->ike);
	if (from->esp_proposal)
		ike_proposals_parse(from->esp_proposal, IKE_PROTOCOL_ESP, &c->esp);
	if (from->version != 1)
		return;
	isakmp_connection_fit(c);
	if (from->old_algorithms)
		isakmp_connection_old(c);
	if (from->pfs)
		isakmp_connection_pfs(c, (uint16_t)from->pfs);
}

static void make_connection(const struct iked_connection *from, struct ike_connection *c,
	bool limits)
{
	if (from->version == 1)
		isakmp_connection_default(c);
	else
		ike_connection_default(c);
	c->name = from->name;
	c->local = address_of(&from->local);
	c->remote = address_of(&from->remote);
	ike_id_parse(from->local_id, &c->local_id);
	if (from->remote_id)
		ike_id_parse(from->remote_id, &c->remote_id);
	if (from->psk)
		c->psk = view_text(from->psk);
	if (from->psk_octets.size)
		c->psk = VIEW(from->psk_octets.data, from->psk_octets.size);
	c->local_means = (enum ike_means)from->local_auth;
	c->remote_means = (enum ike_means)from->remote_auth;
	selector(&from->local_ts, &c->local_ts);
	selector(&from->remote_ts, &c->remote_ts);
	take_proposals(from, c);
	c->dhcp_sa = from->dhcp_sa || from->dhcp_relay;
	c->childless = from->childless || from->dhcp;
	c->by_dhcp = from->dhcp != NULL;
	c->transport = from->transport;
	c->address_change = from->address_change;
	c->trust_new_address = from->trust_new_address;
	c->tunnels = from->tunnel;
	c->check_meanwhile = limits && !from->check_first;
	c->mobike = from->mobike;
	c->fragmentation = from->fragmentation;
	c->fragment_size = from->fragment_size;
	c->force_encapsulation = from->encapsulate;
	c->ask_address = from->ask_address;
	c->check_path = from->check_path;
	c->reply_path = address_of(&from->reply_care_of);
	c->rekey_ike = from->rekey_ike;
	c->rekey_child = from->rekey_child;
	c->liveness = from->liveness;
	if (from->pool.family) {
		memcpy(c->pool, from->pool.address, 4);
		c->pool_size = from->pool.length ? 1u << (32 - from->pool.length) : UINT32_MAX;
	}
}

static int make_engine(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;
	size_t count = d->settings->connections.count;
	struct ike_config config;

	while (d->count_new < count && list[d->count_new].version != 1)
		d->count_new++;
	d->connections = host_alloc(count * sizeof(*d->connections));
	for (size_t i = 0; i < count; i++)
		make_connection(&list[i], &d->connections[i], d->allowances != NULL);
	if (proofs_make(d) < 0)
		return -1;
	ike_config_default(&config);
	config.connections = d->connections;
	config.count = (unsigned)d->count_new;
	config.random = &d->node->random;
	config.epoch = (int64_t)time(NULL) - (int64_t)(loop_now() / BTIME_S);
	config.port = ntohs(d->settings->listen.port);
	config.nat_port = (uint16_t)d->settings->nat_port;
	config.cookie_threshold = d->settings->cookie_threshold;
	config.half_open_per_address = d->settings->half_open_per_address;
	config.half_open_lifetime = d->settings->half_open;
	config.retransmit_tries = d->settings->tries;
	for (size_t i = 0; i < d->settings->reply_paths.count; i++)
		config.reply_paths |= (unsigned)d->settings->reply_paths.items[i];
	d->ike = ike_new(&config);
	config.connections = d->connections + d->count_new;
	config.count = (unsigned)(count - d->count_new);
	d->isakmp = isakmp_new(&config);
	return 0;
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

#define AGEING (5 * BTIME_S)

static void age(void *context)
{
	struct iked *d = context;

	if (d->esp)
		esp_age(d->esp);
	timer_set(d->ageing, btime_add(loop_now(), AGEING));
}

/* So that a peer's new address can be verified while a little goes there already. */
static void start_allowances(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;
	bool wanted = false;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		wanted = wanted || (list[i].address_change && !list[i].check_first);
	if (!wanted || !d->settings->install)
		return;
	d->allowances = allowances_new((uint16_t)d->settings->nat_port);
	if (!d->allowances)
		log_info(d->node->log, "no nf_tables with quotas (%s): a peer's new address is "
				       "verified before anything moves", strerror(errno));
	d->ageing = timer_new(d->node->loop, age, d);
	age(d);
}

/* IKE itself is in the clear for IPsec, whatever the selectors, RFC 4301 §4.4.1. */
static int start_esp(struct iked *d)
{
	if (node_kernel(d->node) < 0)
		return -1;
	int result = udp_bypass_ipsec(d->plain);
	if (result == 0)
		result = udp_bypass_ipsec(d->nat);
	if (result == 0)
		result = udp_take_esp(d->nat);
	if (result < 0) {
		log_error(d->node->log, "IKE past IPsec policies: %s; install needs CAP_NET_ADMIN "
					"and a kernel with IPsec",
			strerror(-result));
		return -1;
	}
	d->esp = esp_new(d->node->kernel);
	return 0;
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
	if (d->settings->sockets && !(d->mover = mover_new(node->loop)))
		log_warning(node->log, "sockets stay where they are: no process can be started");
	start_allowances(d);
	again_start(d);
	if (make_engine(d) < 0 || reply_find_links(d) < 0)
		return -1;
	d->timer = timer_new(node->loop, timer_due, d);
	d->plain = listen_at(d, d->settings->listen, ntohs(d->settings->listen.port), received);
	d->nat = listen_at(d, d->settings->listen, (uint16_t)d->settings->nat_port, received_nat);
	if (!d->plain || !d->nat)
		return -1;
	if (d->settings->install && start_esp(d) < 0)
		return -1;
	if (reply_start(d) < 0)
		return -1;
	if (tunnels_start(d) < 0 || names_start(d) < 0 || relays_start(d) < 0)
		return -1;
	if (d->settings->follow && follow_start(d) < 0)
		return -1;
	for (size_t i = 0; i < d->settings->connections.count; i++) {
		if (!list[i].start)
			continue;
		actions_clear(&actions);
		sa_initiate(d, &d->connections[i], loop_now(), &actions);
		iked_take(d, &actions);
	}
	return 0;
}

/* A peer is not left waiting: one Delete for each SA, sent once. */
static void say_goodbye(struct iked *d)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE };
	struct actions actions;

	for (struct ike_sa *sa = sa_next(d, NULL), *next; sa; sa = next) {
		next = sa_next(d, sa);
		actions_clear(&actions);
		sa_event(d, sa, &event, loop_now(), &actions);
		iked_take(d, &actions);
	}
}

static void stop(struct node *node)
{
	struct iked *d = node->state;

	if (!d)
		return;
	if (d->plain && d->nat)
		say_goodbye(d);
	carry_end(d); /* what it still has to send, it sends */
	udp_close(d->plain);
	udp_close(d->nat);
	timer_free(d->timer);
	timer_free(d->ageing);
	follow_stop(d);
	names_stop(d);
	reply_stop(d);
	again_stop(d);
	remote_hosts_stop(d);
	relays_stop(d);
	mover_free(d->mover);
	tunnels_stop(d);
	allowances_free(d->allowances);
	ike_free(d->ike);
	isakmp_free(d->isakmp);
	esp_free(d->esp);
	proofs_free(d);
	free(d->connections);
	free(d);
}

static const struct program program = {
	.name = "baton-iked",
	.summary = "IKEv2 by shared key, certificate and EAP, with fragmentation and MOBIKE; IKEv1",
	.rows = iked_rows,
	.settings_size = sizeof(struct iked_settings),
	.check = iked_check,
	.start = start,
	.stop = stop,
	.commands = iked_commands,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
