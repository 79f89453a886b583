// SPDX-License-Identifier: Apache-2.0
/*
 * The security gateway of RFC 3456 §4.2. What comes out of a DHCP SA goes to the DHCP server of the
 * connection by way of a relay agent (ref/dhcp/dhcp_relay.h), which numbers DHCP SAs by their
 * interfaces; what the server answers goes into the DHCP SA of that number. The address that a
 * DHCPACK gives to a host is what that host may have a Child SA for; while it has one, packets for
 * the address are routed to the host, and the gateway answers ARP for it where it belongs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/dhcp/dhcp_relay.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/iked/dhcp.h"
#include "ref/iked/esp.h"
#include "ref/iked/iked.h"

/* A DHCP SA. */
struct circuit {
	struct circuit *next;
	struct relay *relay;
	struct ike_sa *sa;
	uint32_t spi_in;
	unsigned number;
	struct dhcp_link *link;
};

/* An address that a host has from us, and a Child SA for. */
struct plumbing {
	struct plumbing *next;
	struct ike_sa *sa;
	uint32_t spi_in; /* of the newest Child SA */
	struct prefix address;
	char towards[16], home[16]; /* devices: to the host; where the address belongs, or "" */
};

/* One server, and the address of ours that it answers to. */
struct relay {
	struct relay *next;
	struct iked *d;
	const struct iked_connection *settings;
	struct dhcp_relay rules;
	struct endpoint local;
	struct udp *udp; /* of the first relay with that address, for all of them */
	bool owner;
	struct circuit *circuits;
	struct plumbing *plumbings;
};

static struct relay *relay_of(const struct iked *d, const struct ike_sa *sa)
{
	const struct iked_connection *list = d->settings->connections.items;
	const struct iked_connection *c = &list[sa_connection(sa) - d->connections];
	struct relay *r = d->relays;

	while (r && r->settings != c)
		r = r->next;
	return r;
}

static void rejected(struct relay *r, const struct reject *reject)
{
	log_reject(r->d->node->log, "dhcp_relay_rejected", NULL, reject);
}

/* --- to the server and back --------------------------------------------------------------------- */

static void from_host(void *context, struct view message)
{
	struct circuit *c = context;
	struct relay *r = c->relay;
	uint8_t room[DHCP_MESSAGE_MAX];
	struct writer w = writer_of(room, sizeof(room));
	struct reject reject = { 0 };

	if (dhcp_relay_request(&r->rules, c->number, message, &w, &reject) < 0)
		rejected(r, &reject);
	else if (udp_send(r->udp, &r->local, &r->settings->dhcp_relay->server, writer_view(&w)) < 0)
		log_warning(r->d->node->log, "no way to the DHCP server");
}

static struct circuit *circuit_numbered(const struct iked *d, const struct endpoint *local,
	uint32_t number)
{
	for (struct relay *r = d->relays; r; r = r->next)
		for (struct circuit *c = r->circuits; c; c = c->next)
			if (c->number == number && endpoint_equal(&r->local, local))
				return c;
	return NULL;
}

static void leased(struct circuit *c, uint32_t address)
{
	struct prefix given = prefix_ipv4(htonl(address), 32);
	struct endpoint host = endpoint_of_prefix(&given, 0);
	char text[PREFIX_TEXT], id[IKE_ID_MAX + 1];

	isakmp_sa_lease((struct isakmp_sa *)c->sa, &host);
	ike_id_text(sa_peer_id(c->sa), id, sizeof(id));
	log_event(c->relay->d->node->log, "dhcp_leased", "{s:s,s:s,s:I}", "address",
		address_text(&given, text), "peer_id", id, "circuit", (json_int_t)c->number);
}

/* Whoever can send to our address could else give out addresses in the server's name. */
static bool is_from_server(const struct circuit *c, const struct udp_datagram *datagram,
	struct reject *reject)
{
	struct prefix from = prefix_of_endpoint(&datagram->peer);
	struct prefix server = prefix_of_endpoint(&c->relay->settings->dhcp_relay->server);

	if (address_equal(&from, &server))
		return true;
	reject_set(reject, REJECT_ADDRESS, "source address", "RFC 2131 §7", 0, prefix_u32(&from));
	return false;
}

static void from_server(void *context, const struct udp_datagram *datagram)
{
	struct relay *r = context;
	struct dhcp_relay_answer answer;
	uint8_t room[DHCP_MESSAGE_MAX];
	struct writer w = writer_of(room, sizeof(room));
	struct reject reject = { 0 };
	struct prefix to;
	struct circuit *c;

	if (dhcp_relay_answer(&r->rules, datagram->data, &answer, &w, &reject) < 0) {
		rejected(r, &reject);
		return;
	}
	c = circuit_numbered(r->d, &r->local, answer.circuit);
	if (!c || !c->link) {
		reject_set(&reject, REJECT_SESSION, "Agent Circuit ID", "RFC 3046 §3.1", 0,
			answer.circuit);
		rejected(r, &reject);
		return;
	}
	if (!is_from_server(c, datagram, &reject)) {
		rejected(c->relay, &reject);
		return;
	}
	if (answer.address)
		leased(c, answer.address);
	struct endpoint local = *sa_local(c->sa);
	local.port = htons(DHCP_SERVER_PORT);
	to = prefix_ipv4(htonl(answer.to), 32);
	struct endpoint host = endpoint_of_prefix(&to, DHCP_CLIENT_PORT);
	dhcp_link_send(c->link, &local, &host, writer_view(&w));
}

/* --- DHCP SAs ------------------------------------------------------------------------------------- */

static void circuit_up(struct relay *r, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct circuit *c = host_alloc(sizeof(*c));
	char device[16];

	c->relay = r;
	c->sa = sa;
	c->spi_in = info->spi_in;
	if (esp_dhcp_device(r->d->esp, info->spi_in, device, &c->number))
		c->link = dhcp_link_open(r->d->node->loop, device, DHCP_SERVER_PORT, from_host, c);
	if (!c->link)
		log_error(r->d->node->log, "DHCP in the DHCP SA: its interface cannot be used");
	c->next = r->circuits;
	r->circuits = c;
}

static void end_circuits(struct relay *r, const struct ike_sa *sa, uint32_t spi)
{
	for (struct circuit **at = &r->circuits, *c; (c = *at);) {
		if (c->sa != sa || (spi && c->spi_in != spi)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		dhcp_link_close(c->link);
		free(c);
	}
}

/* --- addresses that are in use -------------------------------------------------------------------- */

static struct route route_of(const struct plumbing *p)
{
	return (struct route){ .to = p->address, .device = p->towards };
}

/* Where the address belongs is asked before there is a route to the host. */
static void lay(struct relay *r, struct plumbing *p)
{
	struct kernel *k = r->d->node->kernel;
	struct prefix peer = prefix_of_endpoint(sa_peer(p->sa));
	struct route_answer home, way;
	struct route route;

	if (route_lookup(k, &p->address, NULL, &home) == 0 && !home.via.family)
		memcpy(p->home, home.device, sizeof(p->home));
	if (route_lookup(k, &peer, NULL, &way) < 0)
		return;
	memcpy(p->towards, way.device, sizeof(p->towards));
	route = route_of(p);
	route.via = way.via;
	route.on_link = way.via.family != 0;
	if (route_set(k, &route) < 0 ||
		(*p->home && strcmp(p->home, p->towards) != 0 &&
			neighbour_proxy_add(k, p->home, &p->address) < 0))
		log_warning(r->d->node->log, "%s", kernel_error(k));
}

static void take_up(struct relay *r, struct plumbing *p)
{
	struct kernel *k = r->d->node->kernel;
	struct route route = route_of(p);

	if (*p->home && strcmp(p->home, p->towards) != 0)
		neighbour_proxy_delete(k, p->home, &p->address);
	if (*p->towards)
		route_delete(k, &route);
	free(p);
}

static bool is_address(const struct ike_ts *ts, struct prefix *out)
{
	*out = (struct prefix){ .family = AF_INET, .length = 32 };
	memcpy(out->address, ts->start, 4);
	return ts->type == IKE_TS_IPV4_ADDR_RANGE && memcmp(ts->start, ts->end, 4) == 0;
}

static void address_up(struct relay *r, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct prefix peer = prefix_of_endpoint(sa_peer(sa)), address;
	struct plumbing *p = r->plumbings;

	if (!is_address(&info->remote_ts.list[0], &address) || address_equal(&address, &peer))
		return;
	while (p && !(p->sa == sa && address_equal(&p->address, &address)))
		p = p->next;
	if (!p) {
		p = host_alloc(sizeof(*p));
		p->sa = sa;
		p->address = address;
		p->next = r->plumbings;
		r->plumbings = p;
		lay(r, p);
	}
	p->spi_in = info->spi_in;
}

static void end_plumbings(struct relay *r, const struct ike_sa *sa, uint32_t spi)
{
	for (struct plumbing **at = &r->plumbings, *p; (p = *at);) {
		if (p->sa != sa || (spi && p->spi_in != spi)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		take_up(r, p);
	}
}

/* --- what the engine reports ------------------------------------------------------------------ */

static void established(struct iked *d, struct ike_sa *sa)
{
	(void)d;
	(void)sa;
}

static void child_up(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct relay *r = relay_of(d, sa);

	if (r && isakmp_child_is_dhcp(info))
		circuit_up(r, sa, info);
	else if (r)
		address_up(r, sa, info);
}

static void child_down(struct iked *d, struct ike_sa *sa, const struct ike_child_info *info)
{
	struct relay *r = relay_of(d, sa);

	if (!r)
		return;
	end_circuits(r, sa, info->spi_in);
	end_plumbings(r, sa, info->spi_in);
}

static void child_failed(struct iked *d, struct ike_sa *sa)
{
	(void)d;
	(void)sa;
}

static void heir(struct iked *d, const struct ike_sa *old, struct ike_sa *heir)
{
	for (struct relay *r = d->relays; r; r = r->next) {
		for (struct circuit *c = r->circuits; c; c = c->next)
			c->sa = c->sa == old ? heir : c->sa;
		for (struct plumbing *p = r->plumbings; p; p = p->next)
			p->sa = p->sa == old ? heir : p->sa;
	}
}

static void over(struct iked *d, const struct ike_sa *sa)
{
	for (struct relay *r = d->relays; r; r = r->next) {
		end_circuits(r, sa, 0);
		end_plumbings(r, sa, 0);
	}
}

const struct dhcp_side relay_side = { established, child_up, child_down, child_failed, heir, over };

/* --- life ------------------------------------------------------------------------------------- */

static uint32_t number_of(const struct prefix *p)
{
	return ntohl(prefix_u32(p));
}

static struct udp *udp_at(const struct iked *d, const struct endpoint *local)
{
	struct relay *r = d->relays;

	while (r && !endpoint_equal(&r->local, local))
		r = r->next;
	return r ? r->udp : NULL;
}

static int start_relay(struct iked *d, const struct iked_connection *c)
{
	struct relay *r = host_alloc(sizeof(*r));
	char text[64];

	r->d = d;
	r->settings = c;
	r->local = endpoint_of_prefix(&c->dhcp_relay->address, DHCP_SERVER_PORT);
	r->rules = (struct dhcp_relay){ .address = number_of(&c->dhcp_relay->address),
		.subnet = c->dhcp_relay->subnet.family ? number_of(&c->dhcp_relay->subnet) : 0 };
	r->udp = udp_at(d, &r->local);
	r->owner = !r->udp;
	if (r->owner)
		r->udp = udp_open(d->node->loop, &r->local, NULL, from_server, r);
	if (!r->udp) {
		log_error(d->node->log, "the DHCP relay at %s: %s",
			endpoint_text(&r->local, text, sizeof(text)), strerror(errno));
		free(r);
		return -1;
	}
	r->next = d->relays;
	d->relays = r;
	return 0;
}

int relays_start(struct iked *d)
{
	const struct iked_connection *list = d->settings->connections.items;

	for (size_t i = 0; i < d->settings->connections.count; i++)
		if (list[i].dhcp_relay && start_relay(d, &list[i]) < 0)
			return -1;
	return 0;
}

void relays_stop(struct iked *d)
{
	while (d->relays) {
		struct relay *r = d->relays;
		d->relays = r->next;
		while (r->circuits)
			end_circuits(r, r->circuits->sa, 0);
		while (r->plumbings)
			end_plumbings(r, r->plumbings->sa, 0);
		if (r->owner)
			udp_close(r->udp);
		free(r);
	}
}
