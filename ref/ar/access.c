// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "ref/ar/access_inside.h"
#include "ref/dhcp/arp_packet.h"
#include "ref/host/address.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"

/* --- answers ---------------------------------------------------------------------------------- */

void client_status(struct client *c, uint16_t request_id, enum mpa_status code, const char *detail)
{
	struct mpa_handover_status status = { .request_id = request_id, .code = code };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	snprintf(status.detail, sizeof(status.detail), "%s", detail ? detail : "");
	element = mpa_encode_handover_status(&status, storage);
	agent_notify(c->access->ar, c->session, &element, 1);
	if (code != MPA_DONE && code != MPA_ATTACHED)
		log_event(c->access->ar->node->log, "request_refused", "{s:I,s:s,s:s}", "session",
			(json_int_t)c->session, "status", mpa_status_name(code), "detail",
			status.detail);
}

/* --- clients ---------------------------------------------------------------------------------- */

static struct client *client_of(struct access *a, uint32_t session)
{
	struct client *c = a->clients;

	while (c && c->session != session)
		c = c->next;
	return c;
}

bool access_has(const struct access *a, uint32_t session)
{
	const struct client *c = a->clients;

	while (c && c->session != session)
		c = c->next;
	return c;
}

static void timer_grace_over(void *context)
{
	struct client *c = context;

	log_event(c->access->ar->node->log, "grace_expired", "{s:I}", "session",
		(json_int_t)c->session);
	client_free(c);
}

struct client *access_client(struct access *a, uint32_t session)
{
	struct client *c = client_of(a, session);

	if (c)
		return c;
	c = host_alloc(sizeof(*c));
	c->access = a;
	c->session = session;
	c->grace_timer = timer_new(a->ar->node->loop, timer_grace_over, c);
	c->next = a->clients;
	a->clients = c;
	return c;
}

void client_attached(struct client *c)
{
	struct access *a = c->access;
	struct kernel *k = a->ar->node->kernel;
	char address[PREFIX_TEXT];

	if (c->attached || !c->address.family)
		return;
	c->attached = true;
	timer_set(c->grace_timer, BTIME_NEVER);
	tunnel_down(c, "attached");
	c->proxied = c->leaving = false;
	if (c->mac_known && neighbour_learn(k, a->settings->device, &c->address, c->mac) < 0)
		log_warning(a->ar->node->log, "%s", kernel_error(k));
	buffer_flush(c, "attached");
	address_end(c, false); /* the node renews its lease itself */
	log_event(a->ar->node->log, "client_attached", "{s:I,s:s}", "session",
		(json_int_t)c->session, "address", address_text(&c->address, address));
}

void client_free(struct client *c)
{
	struct access *a = c->access;

	client_ike_end(c);
	access_tunnel_end(c, "ended");
	buffer_drop(c, "ended");
	address_end(c, !c->attached && !c->superseded);
	for (struct client **at = &a->clients; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	timer_free(c->grace_timer);
	timer_free(c->tunnel_timer);
	timer_free(c->inbound_timer);
	timer_free(c->buffer_timer);
	timer_free(c->address_timer);
	timer_free(c->patience);
	free(c);
}

/* --- notifications ---------------------------------------------------------------------------- */

/* One row for each AVP that a mobile node may send: decode and do. False: it does not decode. */
struct request_row {
	uint32_t code;
	bool (*take)(struct client *c, struct view value);
};

#define REQUEST(name, structure, decode, act)                                                      \
	static bool name(struct client *c, struct view value)                                      \
	{                                                                                          \
		struct structure m;                                                                \
		if (decode(value, &m) < 0)                                                         \
			return false;                                                              \
		act(c, &m);                                                                        \
		return true;                                                                       \
	}

REQUEST(take_address_request, mpa_address_request, mpa_decode_address_request, address_request)
REQUEST(take_address_release, mpa_address_release, mpa_decode_address_release, address_release)
REQUEST(take_tunnel_request, mpa_tunnel_request, mpa_decode_tunnel_request, tunnel_request)
REQUEST(take_tunnel_delete, mpa_tunnel_delete, mpa_decode_tunnel_delete, tunnel_delete)
REQUEST(take_buffer_control, mpa_buffer_control, mpa_decode_buffer_control, buffer_control)

static const struct request_row requests[] = {
	{ PANA_MPA_ADDRESS_REQUEST, take_address_request },
	{ PANA_MPA_ADDRESS_RELEASE, take_address_release },
	{ PANA_MPA_TUNNEL_REQUEST, take_tunnel_request },
	{ PANA_MPA_TUNNEL_DELETE, take_tunnel_delete },
	{ PANA_MPA_BUFFER_CONTROL, take_buffer_control },
};

static void take_element(struct access *a, uint32_t session, const struct element_value *e)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].code == e->code) {
			if (!requests[i].take(access_client(a, session), e->value))
				log_event(a->ar->node->log, "request_malformed", "{s:I,s:i}",
					"session", (json_int_t)session, "avp", (int)e->code);
			return;
		}
}

void access_notified(struct access *a, uint32_t session, struct view message)
{
	struct packet p;

	if (!a || pana_decode(message, &p, NULL) < 0)
		return;
	for (unsigned i = 0; i < p.element_count; i++)
		if (p.elements[i].vendor == PANA_VENDOR)
			take_element(a, session, &p.elements[i]);
}

static bool same_identity(struct access *a, uint32_t one, uint32_t other)
{
	const struct paa_session *s = paa_find(a->ar->paa, one), *t = paa_find(a->ar->paa, other);

	return s && t && strcmp(paa_session_identity(s), paa_session_identity(t)) == 0;
}

/* The same node has authenticated anew and is here with the address: it was restarted, and what
 * stands for its earlier session would lead its packets astray. */
static void supersede(struct client *c)
{
	c->superseded = true;
	client_free(c);
}

/* Whether the node that is now at `peer`, in that session, is this client. */
static bool is_here(struct client *c, uint32_t session, const struct endpoint *peer)
{
	struct prefix now = prefix_of_endpoint(peer);

	return address_equal(&now, &c->address) &&
		(c->session == session || same_identity(c->access, c->session, session));
}

void access_moving(struct access *a, uint32_t session, const struct endpoint *peer)
{
	for (struct client *c = a ? a->clients : NULL; c; c = c->next)
		if (is_here(c, session, peer))
			tunnel_down(c, "attached");
}

void access_moved(struct access *a, uint32_t session, const struct endpoint *peer)
{
	for (struct client *c = a ? a->clients : NULL, *next; c; c = next) {
		next = c->next;
		if (!is_here(c, session, peer))
			continue;
		/* RFC 6252 §7.4: the PANA update tells that the node is in its new network. */
		if (c->session == session)
			client_attached(c);
		else
			supersede(c);
	}
}

void access_forget(struct access *a, uint32_t session)
{
	struct client *c = a ? client_of(a, session) : NULL;

	if (c)
		client_free(c);
}

/* --- ARP -------------------------------------------------------------------------------------- */

/*
 * Proxy ARP. Not the kernel's: that answers late, leaves probes to the owner (RFC 5227 §2.1.1), and
 * answers the client itself, who then believes that somebody has its address.
 */
static void defend(struct client *c, const struct arp_packet *request)
{
	uint8_t buffer[ARP_FRAME_SIZE];
	struct writer w = writer_of(buffer, sizeof(buffer));
	struct arp_packet reply;

	if (!c->proxied || request->operation != ARP_REQUEST ||
		request->target_ip != ntohl(prefix_u32(&c->address)) ||
		memcmp(request->sender_mac, c->mac, 6) == 0)
		return;
	reply = arp_reply(c->access->link.mac, request);
	arp_encode(&reply, &w);
	frames_send(c->access->arp, writer_view(&w));
}

static void take_arp(void *context, const struct frame *frame)
{
	struct access *a = context;
	struct arp_packet packet;

	if (frame->outgoing || arp_decode(frame->data, &packet, NULL) < 0)
		return;
	for (struct client *c = a->clients; c; c = c->next) {
		address_arp(c, frame->data);
		defend(c, &packet);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int prepare_kernel(struct access *a)
{
	struct kernel *k = a->ar->node->kernel;
	const char *device = a->settings->device;
	/* Clients that have no address here yet speak from RFC 3927's. */
	struct route visitors = { .device = device };

	prefix_parse("169.254.0.0/16", &visitors.to);
	if (link_get(k, device, &a->link) < 0 || address_get(k, device, AF_INET, &a->own) < 0 ||
		sysctl_set(k, "net/ipv4/ip_forward", "1") < 0 ||
		/* Packets for a node that is elsewhere leave where they came in. */
		sysctl_set(k, "net/ipv4/conf/all/send_redirects", "0") < 0 ||
		sysctl_set_device(k, device, "send_redirects", "0") < 0 ||
		route_set(k, &visitors) < 0)
		return -1;
	return 0;
}

static bool takes_ike(const struct access_settings *s)
{
	for (size_t i = 0; i < s->tunnels.count; i++)
		if (s->tunnels.items[i] == ACCESS_TUNNELS_IKEV2)
			return true;
	return false;
}

struct access *access_new(struct ar *ar, const struct access_settings *settings)
{
	struct access *a = host_alloc(sizeof(*a));
	struct hold_config hold = { .table = settings->table,
		.priority = settings->priority,
		.packets_max = settings->buffer_packets };

	a->ar = ar;
	a->settings = settings;
	if (prepare_kernel(a) < 0) {
		log_error(ar->node->log, "%s", kernel_error(ar->node->kernel));
		goto bad;
	}
	hold.mtu = a->link.mtu;
	a->hold = hold_new(ar->node->loop, ar->node->kernel, &hold);
	if (!a->hold) {
		log_error(ar->node->log, "%s", kernel_error(ar->node->kernel));
		goto bad;
	}
	a->arp = frames_open(ar->node->loop, settings->device, ETHERTYPE_OF_ARP, 0, take_arp, a);
	if (!a->arp) {
		log_error(ar->node->log, "ARP on %s: %s", settings->device, strerror(errno));
		goto bad;
	}
	if (address_open(a) < 0)
		goto bad;
	tunnels_prepare(a);
	a->ike = takes_ike(settings) ? access_ike_new(a) : NULL;
	if (takes_ike(settings) && !a->ike)
		goto bad;
	return a;
bad:
	access_free(a);
	return NULL;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	while (a->clients)
		client_free(a->clients);
	access_ike_free(a->ike);
	address_close(a);
	frames_close(a->arp);
	hold_free(a->hold);
	free(a);
}

json_t *access_json(const struct access *a)
{
	json_t *list = json_array();
	char address[PREFIX_TEXT], mac[MAC_TEXT], outer[PREFIX_TEXT];

	for (const struct client *c = a ? a->clients : NULL; c; c = c->next) {
		struct hold_count held = { 0 };
		struct esp_count in = { 0 }, out = { 0 };
		if (c->address.family)
			hold_state(a->hold, &c->address, &held);
		if (c->tunnel) {
			ipsec_sa_count(a->ar->node->kernel, &c->sa_in, &in);
			ipsec_sa_count(a->ar->node->kernel, &c->sa_out, &out);
		}
		json_array_append_new(list,
			json_pack("{s:I,s:s,s:s,s:b,s:s,s:I,s:I,s:b,s:b,s:i,s:i,s:o*}", "session",
				(json_int_t)c->session, "address",
				address_text(&c->address, address), "mac", mac_text(c->mac, mac),
				"tunnel", c->tunnel, "outer",
				c->tunnel ? address_text(&c->outer, outer) : "none", "packets_in",
				(json_int_t)in.packets, "packets_out", (json_int_t)out.packets,
				"attached", c->attached, "holding", c->holding, "waiting",
				(int)held.waiting, "overflow", (int)held.overflow, "ike",
				client_ike_json(c)));
	}
	return list;
}
