// SPDX-License-Identifier: Apache-2.0
/*
 * The remote host of RFC 3456 §4, one for each ISAKMP SA whose connection has `dhcp`:
 *
 *     phase 1 is up          quick mode for the DHCP SA
 *     DHCP SA is up          DHCP through it, from 0.0.0.0
 *     DHCP gave an address   quick mode with that address as the identity
 *     that Child SA is up    the address is used; the DHCP SA is deleted, or kept
 *
 * From then on DHCP goes through the Child SA of the address (§4.4). What has to be broadcast, when
 * the server does not answer any more or has refused, goes through a DHCP SA, made anew if need be.
 * What is decided within a report of the engine's is done from the timer, when the engine is
 * through with its list.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>

#include "ref/dhcp/dhcp_client.h"
#include "ref/dhcp/dhcp_packet.h"
#include "ref/host/link.h"
#include "ref/host/route.h"
#include "ref/iked/dhcp.h"
#include "ref/iked/esp.h"
#include "ref/iked/iked.h"

#define HTYPE_IPSEC_TUNNEL 31 /* RFC 3456 §4.1 */
#define AGAIN (10 * BTIME_S)  /* after a quick mode that came to nothing */
/* The gateway may have the DHCP SA a moment later than we do. */
#define REPEAT_FIRST (200 * BTIME_MS)

enum todo {
	ASK_DHCP_SA = 1,
	START_CLIENT = 2,
	ASK_ADDRESS_SA = 4,
	DROP_DHCP_SA = 8,
	DROP_ADDRESS_SA = 16,
	FLUSH = 32,
};

struct remote_host {
	struct remote_host *next;
	struct iked *d;
	const struct iked_connection *settings;
	struct isakmp_sa *sa;
	struct dhcp_client *client; /* NULL: not begun */
	struct dhcp_link *link;	    /* in the DHCP SA; NULL: there is none */
	struct udp *udp;	    /* at the address; NULL: it has no Child SA */
	struct timer *timer;
	unsigned todo; /* of enum todo, not before `when` */
	btime when;
	uint32_t dhcp_spi, address_spi; /* spi_in; 0: none */
	uint32_t address;		/* host byte order; 0: none */
	bool asking, asking_address;	/* quick modes under way */
	size_t held;			/* octets of a broadcast that waits for the DHCP SA */
	struct endpoint held_local, held_peer;
	uint8_t held_message[DHCP_MESSAGE_MAX];
};

static struct remote_host *host_of(const struct iked *d, const struct ike_sa *sa)
{
	struct remote_host *h = d->remote_hosts;

	while (h && (const struct ike_sa *)h->sa != sa)
		h = h->next;
	return h;
}

static void set_timer(struct remote_host *h)
{
	btime due = h->client ? dhcp_client_due(h->client) : BTIME_NEVER;

	timer_set(h->timer, h->todo ? btime_min(due, h->when) : due);
}

static void later(struct remote_host *h, unsigned todo, btime after)
{
	h->when = btime_add(loop_now(), after);
	h->todo |= todo;
	set_timer(h);
}

static struct prefix address_of(const struct remote_host *h)
{
	return prefix_ipv4(htonl(h->address), 32);
}

/* --- the client ----------------------------------------------------------------------------- */

static bool is_broadcast(const struct endpoint *e)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };
	return memcmp(e->address, everybody, 4) == 0;
}

static void hold(struct remote_host *h, const struct action *a)
{
	if (a->data.size > sizeof(h->held_message))
		return;
	memcpy(h->held_message, a->data.data, a->data.size);
	h->held = a->data.size;
	h->held_local = a->local;
	h->held_peer = a->peer;
	later(h, ASK_DHCP_SA, 0);
}

static void send_message(struct remote_host *h, const struct action *a)
{
	if (!is_broadcast(&a->peer) && h->udp)
		udp_send(h->udp, &a->local, &a->peer, a->data);
	else if (h->link)
		dhcp_link_send(h->link, &a->local, &a->peer, a->data);
	else
		hold(h, a);
}

static void log_lease(struct remote_host *h, const char *name)
{
	const struct dhcp_lease *lease = dhcp_client_lease(h->client);
	struct prefix server = prefix_ipv4(htonl(lease->server), 32);
	struct prefix address = prefix_ipv4(htonl(lease->address), 32);
	char text[2][PREFIX_TEXT];

	log_event(h->d->node->log, name, "{s:s,s:s,s:I}", "address",
		address_text(&address, text[0]), "server", address_text(&server, text[1]),
		"lease_s", (json_int_t)lease->seconds);
}

static void bound(struct remote_host *h)
{
	log_lease(h, "dhcp_bound");
	h->address = dhcp_client_lease(h->client)->address;
	later(h, ASK_ADDRESS_SA, 0);
}

static void address_over(struct remote_host *h)
{
	h->address = 0;
	later(h, DROP_ADDRESS_SA, 0);
}

static void dhcp_reported(struct remote_host *h, const struct action *a)
{
	switch ((enum dhcp_report)a->event) {
	case DHCP_REPORT_BOUND:
		bound(h);
		break;
	case DHCP_REPORT_RENEWED:
		log_lease(h, a->name);
		later(h, ASK_ADDRESS_SA, 0); /* if it was deleted meanwhile */
		break;
	case DHCP_REPORT_NAK:
	case DHCP_REPORT_EXPIRED:
	case DHCP_REPORT_RELEASED:
		log_event(h->d->node->log, a->name, NULL);
		address_over(h);
		break;
	case DHCP_REPORT_REJECTED:
		log_reject(h->d->node->log, a->name, NULL, &a->reject);
		break;
	case DHCP_REPORT_CHECK:
	case DHCP_REPORT_INFORMED:
	case DHCP_REPORT_DECLINED:
	case DHCP_REPORT_FAILED:
		log_event(h->d->node->log, a->name, NULL);
		break;
	}
}

static void carry(struct remote_host *h, const struct actions *actions)
{
	for (unsigned i = 0; i < actions->count; i++)
		if (actions->list[i].kind == ACTION_SEND)
			send_message(h, &actions->list[i]);
		else
			dhcp_reported(h, &actions->list[i]);
	set_timer(h);
}

static void take_message(void *context, struct view message)
{
	struct remote_host *h = context;
	struct actions actions;

	actions_clear(&actions);
	dhcp_client_input(h->client, message, loop_now(), &actions);
	carry(h, &actions);
}

static void take_datagram(void *context, const struct udp_datagram *datagram)
{
	take_message(context, datagram->data);
}

/*
 * RFC 3456 §4.1: the hardware address of a LAN interface, here the one that leads to the gateway;
 * without one 0x4000, the address that it has, and an octet more.
 */
static void hardware_of(const struct remote_host *h, uint8_t out[6])
{
	static const uint8_t none[6];
	struct prefix peer = prefix_of_endpoint(isakmp_sa_peer(h->sa));
	struct route_answer way;
	struct link_info link;

	memcpy(out, h->settings->dhcp->hardware, 6);
	if (memcmp(out, none, 6) != 0)
		return;
	if (route_lookup(h->d->node->kernel, &peer, NULL, &way) == 0 &&
		link_get(h->d->node->kernel, way.device, &link) == 0)
		memcpy(out, link.mac, 6);
	if (memcmp(out, none, 6) != 0)
		return;
	out[0] = 0x40;
	memcpy(out + 2, isakmp_sa_local(h->sa)->address, 4);
}

static void start_client(struct remote_host *h)
{
	struct dhcp_client_config config = { .hardware_type = HTYPE_IPSEC_TUNNEL,
		.hardware_size = 6, .broadcast = true, .start_delay_max = -1,
		.repeat_first = REPEAT_FIRST, .keep_trying = true, .random = &h->d->node->random };
	const char *id = h->settings->dhcp->client_id;
	struct dhcp_event event = { .kind = DHCP_EVENT_START };
	struct actions actions;

	hardware_of(h, config.hardware);
	/* §4.1: the client identifier must be there; RFC 2132 §9.14 has its type octet */
	config.client_id[0] = id ? 0 : HTYPE_IPSEC_TUNNEL;
	config.client_id_size = 1 + (id ? strlen(id) : 6);
	memcpy(config.client_id + 1, id ? (const uint8_t *)id : config.hardware,
		config.client_id_size - 1);
	h->client = dhcp_client_new(&config);
	actions_clear(&actions);
	dhcp_client_event(h->client, &event, loop_now(), &actions);
	carry(h, &actions);
}

/* --- Child SAs ------------------------------------------------------------------------------ */

static void create_child(struct remote_host *h, const struct isakmp_flow *flow)
{
	struct actions actions;

	actions_clear(&actions);
	isakmp_create_child(h->d->isakmp, h->sa, flow, loop_now(), &actions);
	iked_take(h->d, &actions);
}

static void ask_dhcp_sa(struct remote_host *h)
{
	struct isakmp_flow flow = isakmp_dhcp_flow(isakmp_sa_peer(h->sa));

	if (h->asking || h->dhcp_spi || !isakmp_sa_established(h->sa))
		return;
	h->asking = true;
	create_child(h, &flow);
}

/* §4 step e: the address as the identity, for the connection's other side of the traffic. */
static void ask_address_sa(struct remote_host *h)
{
	const struct ike_ts_list *remote = &isakmp_sa_connection(h->sa)->remote_ts;
	struct prefix address = address_of(h);
	struct isakmp_flow flow = { .local = { .type = IKE_TS_IPV4_ADDR_RANGE,
					    .end_port = 65535 } };

	if (!h->address || h->asking_address || h->address_spi || !isakmp_sa_established(h->sa))
		return;
	memcpy(flow.local.start, address.address, 4);
	memcpy(flow.local.end, address.address, 4);
	flow.remote = remote->list[0];
	h->asking_address = true;
	create_child(h, &flow);
}

static void drop_child(struct remote_host *h, uint32_t spi)
{
	struct ike_event event = { .kind = IKE_EVENT_DELETE_CHILD, .spi = spi };
	struct actions actions;

	if (!spi)
		return;
	actions_clear(&actions);
	sa_event(h->d, (struct ike_sa *)h->sa, &event, loop_now(), &actions);
	iked_take(h->d, &actions);
}

static void flush(struct remote_host *h)
{
	if (h->link && h->held)
		dhcp_link_send(h->link, &h->held_local, &h->held_peer,
			VIEW(h->held_message, h->held));
	h->held = 0;
}

static void act(struct remote_host *h)
{
	unsigned todo = h->todo;

	h->todo = 0;
	if (todo & DROP_ADDRESS_SA)
		drop_child(h, h->address_spi);
	if (todo & ASK_DHCP_SA)
		ask_dhcp_sa(h);
	if (todo & START_CLIENT && !h->client)
		start_client(h);
	if (todo & FLUSH)
		flush(h);
	if (todo & ASK_ADDRESS_SA)
		ask_address_sa(h);
	if (todo & DROP_DHCP_SA)
		drop_child(h, h->dhcp_spi);
}

static void timer_due(void *context)
{
	struct remote_host *h = context;
	struct actions actions;

	if (h->todo && h->when <= loop_now())
		act(h);
	if (h->client && dhcp_client_due(h->client) <= loop_now()) {
		actions_clear(&actions);
		dhcp_client_tick(h->client, loop_now(), &actions);
		carry(h, &actions);
	}
	set_timer(h);
}

/* --- what the engine reports ------------------------------------------------------------------ */

static void established(struct iked *d, struct ike_sa *sa)
{
	const struct iked_connection *list = d->settings->connections.items;
	const struct iked_connection *c = &list[sa_connection(sa) - d->connections];
	struct remote_host *h;

	if (!c->dhcp || !sa_initiator(sa) || host_of(d, sa))
		return;
	h = host_alloc(sizeof(*h));
	h->d = d;
	h->settings = c;
	h->sa = (struct isakmp_sa *)sa;
	h->timer = timer_new(d->node->loop, timer_due, h);
	h->next = d->remote_hosts;
	d->remote_hosts = h;
	later(h, ASK_DHCP_SA, 0);
}

static void dhcp_sa_up(struct remote_host *h, uint32_t spi)
{
	char device[16];
	unsigned number;

	h->asking = false;
	h->dhcp_spi = spi;
	dhcp_link_close(h->link);
	h->link = esp_dhcp_device(h->d->esp, spi, device, &number)
		? dhcp_link_open(h->d->node->loop, device, DHCP_CLIENT_PORT, take_message, h)
		: NULL;
	if (!h->link)
		log_error(h->d->node->log, "DHCP in the DHCP SA: its interface cannot be used");
	later(h, START_CLIENT | FLUSH, 0);
}

static void address_sa_up(struct remote_host *h, uint32_t spi)
{
	struct prefix address = address_of(h);
	struct endpoint local = endpoint_of_prefix(&address, DHCP_CLIENT_PORT);

	h->asking_address = false;
	h->address_spi = spi;
	if (!h->udp)
		h->udp = udp_open(h->d->node->loop, &local, NULL, take_datagram, h);
	if (!h->udp)
		log_error(h->d->node->log, "no socket for the renewal of the lease");
	if (!h->settings->dhcp->keep_sa)
		later(h, DROP_DHCP_SA, 0);
}

static bool is_for_address(const struct remote_host *h, const struct ike_child_info *info)
{
	struct prefix address = address_of(h);
	const struct ike_ts *ts = &info->local_ts.list[0];

	return h->address && memcmp(ts->start, address.address, 4) == 0 &&
		memcmp(ts->end, address.address, 4) == 0;
}

static void child_up(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct remote_host *h = host_of(d, sa);

	if (h && isakmp_child_is_dhcp(info))
		dhcp_sa_up(h, info->spi_in);
	else if (h && is_for_address(h, info))
		address_sa_up(h, info->spi_in);
}

static void child_down(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct remote_host *h = host_of(d, sa);

	if (h && info->spi_in == h->dhcp_spi) {
		h->dhcp_spi = 0;
		dhcp_link_close(h->link);
		h->link = NULL;
	} else if (h && info->spi_in == h->address_spi) {
		h->address_spi = 0;
		udp_close(h->udp);
		h->udp = NULL;
	}
}

static void child_failed(struct iked *d, struct ike_sa *sa)
{
	struct remote_host *h = host_of(d, sa);

	if (h && h->asking) {
		h->asking = false;
		later(h, ASK_DHCP_SA, AGAIN);
	} else if (h && h->asking_address) {
		h->asking_address = false;
		later(h, ASK_ADDRESS_SA, AGAIN);
	}
}

static void heir(struct iked *d, const struct ike_sa *old, struct ike_sa *heir)
{
	struct remote_host *h = host_of(d, old);

	if (h)
		h->sa = (struct isakmp_sa *)heir;
}

static void end_host(struct remote_host *h)
{
	dhcp_link_close(h->link);
	udp_close(h->udp);
	timer_free(h->timer);
	dhcp_client_free(h->client);
	free(h);
}

static void over(struct iked *d, const struct ike_sa *sa)
{
	for (struct remote_host **at = &d->remote_hosts, *h; (h = *at);) {
		if ((const struct ike_sa *)h->sa != sa) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		end_host(h);
	}
}

const struct dhcp_side remote_host_side = { established, child_up, child_down, child_failed, heir,
	over };

/* --- for the node ----------------------------------------------------------------------------- */

int remote_host_release(struct iked *d, const struct ike_sa *sa)
{
	struct dhcp_event event = { .kind = DHCP_EVENT_RELEASE };
	struct remote_host *h = host_of(d, sa);
	struct actions actions;

	if (!h || !h->client)
		return -1;
	actions_clear(&actions);
	int result = dhcp_client_event(h->client, &event, loop_now(), &actions);
	carry(h, &actions);
	return result;
}

json_t *remote_host_status(const struct iked *d, const struct ike_sa *sa)
{
	const struct remote_host *h = host_of(d, sa);
	struct prefix address;
	char text[PREFIX_TEXT];

	if (!h || !h->client)
		return NULL;
	address = address_of(h);
	return json_pack("{s:s,s:s,s:b}", "state",
		dhcp_state_name(dhcp_client_state(h->client)), "address",
		h->address ? address_text(&address, text) : "", "dhcp_sa", h->dhcp_spi != 0);
}

void remote_hosts_stop(struct iked *d)
{
	while (d->remote_hosts) {
		struct remote_host *h = d->remote_hosts;
		d->remote_hosts = h->next;
		end_host(h);
	}
}
