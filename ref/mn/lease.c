// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/dhcp/acd.h"
#include "ref/dhcp/arp_packet.h"
#include "ref/dhcp/dhcp_client.h"
#include "ref/dhcp/dhcp_frame.h"
#include "ref/host/address.h"
#include "ref/host/frames.h"
#include "ref/host/link.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/host/udp.h"
#include "ref/mn/lease.h"

#define DHCP_CLIENT_PORT 68
#define ETHERTYPE_OF_IPV4 0x0800
#define DATAGRAM_MAX 1500
#define HELD_MAX 16	  /* networks of a node */
#define REBOOT_ATTEMPTS 2 /* 12 s; who asks for an old address anew is silent or quick */

/* What DHCP gave in a network where the node may be again. */
struct held {
	const char *network;
	uint32_t address;
	btime expires;
};

struct lease {
	struct node *node;
	const struct device_settings *settings;
	struct lease_callbacks callbacks;
	struct link_info link;
	struct frames *dhcp_frames, *arp_frames;
	struct udp *udp; /* sends renewals; what comes is seen in the frames */
	struct dhcp_client *dhcp; /* NULL: not in use */
	unsigned generation;	  /* of dhcp: a callback may have begun anew */
	struct acd acd;
	bool watching; /* acd is at work */
	bool checking; /* and looks for duplicates */
	bool acquiring; /* an address that is to be put on; else one that is on is confirmed */
	struct timer *timer;
	struct lease_address now, before; /* on the device; before: replaced, still there */
	const char *network;		  /* where `now` is, or is being acquired */
	struct held held[HELD_MAX];
	struct prefix visiting, agent;	  /* lease_visit: our address, whom it is for */
	struct endpoint visitor;
};

static void dhcp_do(struct lease *l, enum dhcp_event_kind kind, uint32_t address);

/* --- before there is an address --------------------------------------------------------------- */

/* Of RFC 3927's range, from the last octets of the MAC address: the same each time. */
static struct prefix link_local(const struct lease *l)
{
	uint32_t address = 0xa9fe0100u + ((uint32_t)l->link.mac[4] << 8 | l->link.mac[5]) % 0xfe00u;

	return prefix_ipv4(htonl(address), 32);
}

static struct route agent_route(const struct lease *l)
{
	return (struct route){ .to = l->agent,
		.source = l->visiting,
		.device = l->settings->name };
}

static void end_visit(struct lease *l)
{
	struct route route = agent_route(l);

	if (!l->visiting.family)
		return;
	route_delete(l->node->kernel, &route);
	address_delete(l->node->kernel, l->settings->name, &l->visiting);
	l->visiting = (struct prefix){ 0 };
}

const struct endpoint *lease_visitor(const struct lease *l)
{
	return &l->visitor;
}

int lease_visit(struct lease *l, const struct prefix *agent, struct endpoint *local)
{
	struct kernel *k = l->node->kernel;
	struct route route;

	end_visit(l);
	l->visiting = link_local(l);
	l->agent = *agent;
	route = agent_route(l);
	l->visitor = *local = endpoint_of_prefix(&l->visiting, 0);
	if (address_add(k, l->settings->name, &l->visiting, false) < 0 || route_set(k, &route) < 0) {
		log_error(l->node->log, "%s", kernel_error(k));
		return -1;
	}
	return 0;
}

/* --- the device ------------------------------------------------------------------------------- */

static struct route default_route(const struct lease *l, const struct lease_address *a)
{
	return (struct route){ .to = { .family = AF_INET },
		.via = a->router,
		.source = a->address,
		.device = l->settings->name,
		.on_link = true };
}

static void take_off(struct lease *l, struct lease_address *a)
{
	char text[PREFIX_TEXT];

	if (!a->address.family)
		return;
	if (address_delete(l->node->kernel, l->settings->name, &a->address) < 0)
		log_debug(l->node->log, "%s", kernel_error(l->node->kernel));
	log_event(l->node->log, "address_removed", "{s:s}", "address",
		prefix_text(&a->address, text));
	*a = (struct lease_address){ 0 };
}

static int put_on(struct lease *l, const struct lease_address *a)
{
	struct kernel *k = l->node->kernel;
	struct route route = default_route(l, a);
	char address[PREFIX_TEXT], router[PREFIX_TEXT];

	if (l->now.address.family && !address_equal(&l->now.address, &a->address)) {
		take_off(l, &l->before);
		l->before = l->now;
	}
	if (address_add(k, l->settings->name, &a->address, true) < 0 ||
		(a->router.family && route_set(k, &route) < 0) ||
		(a->router_mac_known &&
			neighbour_learn(k, l->settings->name, &a->router, a->router_mac) < 0)) {
		log_error(l->node->log, "%s", kernel_error(k));
		return -1;
	}
	end_visit(l);
	l->now = *a;
	log_event(l->node->log, "address_added", "{s:s,s:s,s:s}", "device", l->settings->name,
		"address", prefix_text(&a->address, address), "router",
		address_text(&a->router, router));
	return 0;
}

/* --- duplicate address detection -------------------------------------------------------------- */

static void set_timer(struct lease *l)
{
	btime due = l->dhcp ? dhcp_client_due(l->dhcp) : BTIME_NEVER;

	timer_set(l->timer, l->watching ? btime_min(due, acd_due(&l->acd)) : due);
}

static void lost(struct lease *l, const char *why)
{
	take_off(l, &l->now);
	l->acquiring = true;
	l->callbacks.lost(l->callbacks.context, why);
	if (!l->dhcp) /* else it begins anew by itself */
		lease_acquire(l, l->network);
}

static void acd_reported(struct lease *l, const struct action *a)
{
	char text[PREFIX_TEXT];
	struct prefix address = prefix_ipv4(htonl(l->acd.address), 32);

	switch ((enum acd_report)a->event) {
	case ACD_REPORT_FREE:
	case ACD_REPORT_CONFLICT:
		l->checking = false;
		l->watching = a->event == ACD_REPORT_FREE;
		log_event(l->node->log, "dad_done", "{s:s,s:b}", "address",
			address_text(&address, text), "free", a->event == ACD_REPORT_FREE);
		dhcp_do(l, a->event == ACD_REPORT_FREE ? DHCP_EVENT_ADDRESS_FREE :
							 DHCP_EVENT_ADDRESS_IN_USE,
			0);
		break;
	case ACD_REPORT_ANNOUNCED:
		break;
	case ACD_REPORT_DEFENDED:
		log_event(l->node->log, a->name, "{s:s}", "address", address_text(&address, text));
		break;
	case ACD_REPORT_LOST:
		l->watching = false;
		log_event(l->node->log, a->name, "{s:s}", "address", address_text(&address, text));
		if (l->dhcp)
			dhcp_do(l, DHCP_EVENT_ADDRESS_IN_USE, 0);
		lost(l, "somebody else uses the address");
		break;
	}
}

static bool is_announcement(struct view frame)
{
	struct arp_packet p;

	return arp_decode(frame, &p, NULL) == 0 && p.sender_ip == p.target_ip;
}

static void acd_carry(struct lease *l, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_REPORT) {
			acd_reported(l, a);
			continue;
		}
		frames_send(l->arp_frames, a->data);
		if (is_announcement(a->data))
			log_event(l->node->log, "gratuitous_arp_sent", NULL);
	}
	set_timer(l);
}

static void acd_begin(struct lease *l, enum acd_event_kind kind, uint32_t address)
{
	const struct dhcp_settings *s = &l->settings->dhcp;
	struct acd_config config = acd_config_default(l->link.mac, &l->node->random);
	struct acd_event event = { .kind = kind, .address = address };
	struct actions actions;

	config.probe_wait = s->probe_wait;
	config.probe_num = s->probes;
	config.probe_min = s->probe_interval;
	config.probe_max = 2 * s->probe_interval;
	config.announce_wait = s->announce_wait;
	acd_init(&l->acd, &config);
	l->watching = true;
	l->checking = kind == ACD_EVENT_PROBE;
	actions_clear(&actions);
	acd_event(&l->acd, &event, loop_now(), &actions);
	acd_carry(l, &actions);
}

static void take_arp(void *context, const struct frame *frame)
{
	struct lease *l = context;
	struct actions actions;

	if (frame->outgoing || !l->watching)
		return;
	actions_clear(&actions);
	acd_input(&l->acd, frame->data, loop_now(), &actions);
	acd_carry(l, &actions);
}

/* --- DHCP ------------------------------------------------------------------------------------- */

static struct lease_address address_of(const struct dhcp_lease *lease)
{
	struct lease_address a = { .address = prefix_ipv4(htonl(lease->address), 0) };
	uint32_t mask = lease->mask ? lease->mask : 0xffffff00u;

	for (; mask & 0x80000000u; mask <<= 1)
		a.address.length++;
	if (lease->routers[0])
		a.router = prefix_ipv4(htonl(lease->routers[0]), 32);
	return a;
}

/* Where the lease of the present network is written down, or to be; NULL when there is no room. */
static struct held *held_here(struct lease *l)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (!l->held[i].network || strcmp(l->held[i].network, l->network) == 0)
			return &l->held[i];
	return NULL;
}

static void remember(struct lease *l)
{
	const struct dhcp_lease *lease = dhcp_client_lease(l->dhcp);
	struct held *held = held_here(l);

	if (held)
		*held = (struct held){ l->network, lease->address, lease->expires };
}

static void forget(struct lease *l)
{
	struct held *held = l->network ? held_here(l) : NULL;

	if (held)
		held->expires = 0;
}

static void check(struct lease *l)
{
	const struct dhcp_lease *lease = dhcp_client_lease(l->dhcp);
	struct prefix address = prefix_ipv4(htonl(lease->address), 32);
	char text[PREFIX_TEXT];

	log_event(l->node->log, "dad_started", "{s:s}", "address", address_text(&address, text));
	acd_begin(l, ACD_EVENT_PROBE, lease->address);
}

static void bound(struct lease *l)
{
	const struct dhcp_lease *lease = dhcp_client_lease(l->dhcp);
	struct lease_address a = address_of(lease);
	char address[PREFIX_TEXT];

	log_event(l->node->log, "dhcp_bound", "{s:s,s:I}", "address",
		prefix_text(&a.address, address), "lease_s", (json_int_t)lease->seconds);
	remember(l);
	if (!l->acquiring) /* confirmed: it is on already */
		return;
	l->acquiring = false;
	if (put_on(l, &a) < 0)
		l->callbacks.failed(l->callbacks.context, kernel_error(l->node->kernel));
	else
		l->callbacks.bound(l->callbacks.context, &l->now);
}

static void dhcp_reported(struct lease *l, const struct action *a)
{
	switch ((enum dhcp_report)a->event) {
	case DHCP_REPORT_CHECK:
		check(l);
		break;
	case DHCP_REPORT_BOUND:
		bound(l);
		break;
	case DHCP_REPORT_FAILED:
		l->callbacks.failed(l->callbacks.context, "no DHCP server answers");
		break;
	case DHCP_REPORT_NAK:
	case DHCP_REPORT_EXPIRED:
		log_event(l->node->log, a->name, NULL);
		forget(l);
		if (l->now.address.family)
			lost(l, a->event == DHCP_REPORT_NAK ? "the DHCP server refuses the address" :
							      "the lease has expired");
		break;
	case DHCP_REPORT_REJECTED:
		log_reject(l->node->log, "dhcp_rejected", NULL, &a->reject);
		break;
	case DHCP_REPORT_RENEWED:
		log_event(l->node->log, a->name, NULL);
		remember(l);
		break;
	case DHCP_REPORT_DECLINED:
	case DHCP_REPORT_RELEASED:
		log_event(l->node->log, a->name, NULL);
		forget(l);
		break;
	case DHCP_REPORT_INFORMED:
		log_event(l->node->log, a->name, NULL);
		break;
	}
}

static void send_message(struct lease *l, const struct action *a)
{
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t buffer[DATAGRAM_MAX + DHCP_FRAME_OVERHEAD];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct prefix local = prefix_of_endpoint(&a->local);

	if (prefix_u32(&local)) {
		udp_send(l->udp, &a->local, &a->peer, a->data);
		return;
	}
	dhcp_frame_encode(l->link.mac, everybody, &a->local, &a->peer, a->data, &w);
	if (!w.failed)
		frames_send(l->dhcp_frames, writer_view(&w));
}

static void dhcp_carry(struct lease *l, const struct actions *actions)
{
	unsigned generation = l->generation;

	for (unsigned i = 0; i < actions->count; i++) {
		const struct action *a = &actions->list[i];
		if (a->kind == ACTION_SEND)
			send_message(l, a);
		else
			dhcp_reported(l, a);
		if (l->generation != generation)
			return;
	}
	set_timer(l);
}

static void dhcp_do(struct lease *l, enum dhcp_event_kind kind, uint32_t address)
{
	struct dhcp_event event = { .kind = kind, .address = address };
	struct actions actions;

	if (!l->dhcp)
		return;
	actions_clear(&actions);
	dhcp_client_event(l->dhcp, &event, loop_now(), &actions);
	dhcp_carry(l, &actions);
}

static void take_dhcp(void *context, const struct frame *frame)
{
	struct lease *l = context;
	struct endpoint peer;
	struct view message;
	struct actions actions;

	if (!l->dhcp || frame->outgoing ||
		dhcp_frame_decode(frame->data, DHCP_CLIENT_PORT, frame->checksums_set, &message,
			&peer, NULL) < 0)
		return;
	actions_clear(&actions);
	dhcp_client_input(l->dhcp, message, loop_now(), &actions);
	dhcp_carry(l, &actions);
}

static void take_nothing(void *context, const struct udp_datagram *d)
{
	(void)context;
	(void)d;
}

static void timer_due(void *context)
{
	struct lease *l = context;
	struct actions actions;

	if (l->watching && acd_due(&l->acd) <= loop_now()) {
		actions_clear(&actions);
		acd_tick(&l->acd, loop_now(), &actions);
		acd_carry(l, &actions);
	}
	if (l->dhcp && dhcp_client_due(l->dhcp) <= loop_now()) {
		actions_clear(&actions);
		dhcp_client_tick(l->dhcp, loop_now(), &actions);
		dhcp_carry(l, &actions);
	}
	set_timer(l);
}

static void end_engines(struct lease *l)
{
	struct dhcp_client *dhcp = l->dhcp;

	l->dhcp = NULL;
	l->generation++;
	l->watching = l->checking = l->acquiring = false;
	dhcp_client_free(dhcp);
	timer_set(l->timer, BTIME_NEVER);
}

static void begin_dhcp(struct lease *l, enum dhcp_event_kind kind, uint32_t address,
	bool check_address, unsigned reboot_attempts)
{
	const struct dhcp_settings *s = &l->settings->dhcp;
	struct dhcp_client_config config = { .start_delay_max = s->start_delay ? s->start_delay : -1,
		.retransmit_first = s->retransmit,
		.repeat_first = l->settings->supplicant ? s->repeat : 0,
		.attempts = s->attempts,
		.reboot_attempts = reboot_attempts,
		.check_address = check_address,
		.random = &l->node->random };

	memcpy(config.hardware, l->link.mac, 6);
	config.client_id_size = lease_client_id(l, config.client_id);
	l->dhcp = dhcp_client_new(&config);
	dhcp_do(l, kind, address);
}

/* --- for the handover ------------------------------------------------------------------------- */

void lease_acquire(struct lease *l, const char *network)
{
	bool check_address = l->settings->dhcp.check_address;
	struct held *held;

	end_engines(l);
	l->acquiring = true;
	l->network = network;
	held = held_here(l);
	if (held && held->expires > loop_now()) {
		struct prefix address = prefix_ipv4(htonl(held->address), 32);
		char text[PREFIX_TEXT];

		log_event(l->node->log, "dhcp_started", "{s:s}", "requested",
			address_text(&address, text));
		begin_dhcp(l, DHCP_EVENT_REBOOT, held->address, check_address, REBOOT_ATTEMPTS);
	} else {
		log_event(l->node->log, "dhcp_started", NULL);
		begin_dhcp(l, DHCP_EVENT_START, 0, check_address, 0);
	}
}

int lease_adopt(struct lease *l, const char *network, const struct lease_address *a)
{
	end_engines(l);
	l->network = network;
	return put_on(l, a);
}

void lease_announce(struct lease *l)
{
	acd_begin(l, ACD_EVENT_ANNOUNCE, ntohl(prefix_u32(&l->now.address)));
}

void lease_settle(struct lease *l, bool renew)
{
	take_off(l, &l->before);
	if (renew)
		begin_dhcp(l, DHCP_EVENT_REBOOT, ntohl(prefix_u32(&l->now.address)), false, 0);
}

void lease_drop(struct lease *l, bool give_back)
{
	if (give_back)
		dhcp_do(l, DHCP_EVENT_RELEASE, 0);
	end_engines(l);
	end_visit(l);
	take_off(l, &l->before);
	take_off(l, &l->now);
}

const struct lease_address *lease_address(const struct lease *l)
{
	return &l->now;
}

const uint8_t *lease_mac(const struct lease *l)
{
	return l->link.mac;
}

size_t lease_client_id(const struct lease *l, uint8_t *id)
{
	const char *text = l->settings->dhcp.client_id;

	if (text && *text) { /* RFC 2132 §9.14: type 0 for what is not a hardware address */
		id[0] = 0;
		memcpy(id + 1, text, strlen(text));
		return 1 + strlen(text);
	}
	id[0] = 1;
	memcpy(id + 1, l->link.mac, 6);
	return 7;
}

/* --- life ------------------------------------------------------------------------------------- */

struct lease *lease_open(struct node *node, const struct device_settings *settings,
	const struct lease_callbacks *callbacks)
{
	struct lease *l = host_alloc(sizeof(*l));
	struct endpoint client;

	l->node = node;
	l->settings = settings;
	l->callbacks = *callbacks;
	l->timer = timer_new(node->loop, timer_due, l);
	endpoint_parse("0.0.0.0", DHCP_CLIENT_PORT, &client);
	if (link_get(node->kernel, settings->name, &l->link) < 0 ||
		link_set_up(node->kernel, settings->name, true) < 0) {
		log_error(node->log, "%s", kernel_error(node->kernel));
		goto bad;
	}
	l->arp_frames = frames_open(node->loop, settings->name, ETHERTYPE_OF_ARP, 0, take_arp, l);
	l->dhcp_frames = frames_open(node->loop, settings->name, ETHERTYPE_OF_IPV4,
		DHCP_CLIENT_PORT, take_dhcp, l);
	l->udp = udp_open(node->loop, &client, settings->name, take_nothing, l);
	if (l->arp_frames && l->dhcp_frames && l->udp)
		return l;
	log_error(node->log, "DHCP on %s: %s", settings->name, strerror(errno));
bad:
	lease_close(l);
	return NULL;
}

void lease_close(struct lease *l)
{
	if (!l)
		return;
	if (l->link.index)
		lease_drop(l, false);
	frames_close(l->arp_frames);
	frames_close(l->dhcp_frames);
	udp_close(l->udp);
	timer_free(l->timer);
	free(l);
}
