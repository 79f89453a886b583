// SPDX-License-Identifier: Apache-2.0
/*
 * The far end of a proactive handover tunnel (RFC 6252 §7.4): ESP in tunnel mode between the node's
 * present care-of address and this router, the new care-of address inside.
 */
#include <errno.h>

#include "ref/ar/access_inside.h"
#include "ref/base/crypto.h"
#include "ref/host/address.h"
#include "ref/host/link.h"
#include "ref/host/neighbour.h"
#include "ref/host/route.h"
#include "ref/host/sysctl.h"
#include "ref/node/transforms.h"

#define LINGER BTIME_S

void tunnels_prepare(struct access *a)
{
	transforms_prepare(a->ar->node->kernel, a->ar->node->log,
		transforms_of(&a->settings->transforms));
}

/* --- the kernel ------------------------------------------------------------------------------- */

/* The host route of the inner address goes where the tunnel's packets go, and the policy turns them
 * into ESP on the way. */
static struct route inner_route(const struct client *c)
{
	struct route r = { .to = c->address };

	r.to.length = 32;
	return r;
}

static int add_route(struct client *c)
{
	struct kernel *k = c->access->ar->node->kernel;
	struct route r = inner_route(c);
	struct route_answer way;
	int result = route_lookup(k, &c->outer, NULL, &way);

	if (result < 0)
		return result;
	r.device = way.device;
	r.via = way.via;
	sysctl_set_device(k, way.device, "send_redirects", "0");
	return route_set(k, &r);
}

static void fill_policies(struct client *c)
{
	struct prefix inner = c->address, any = { .family = AF_INET };

	inner.length = 32;
	struct esp_policy in = { .direction = ESP_IN,
		.from = inner,
		.to = any,
		.source = c->outer,
		.destination = c->access->own,
		.id = c->sa_in.id,
		/* The node may be in our own network already, before it could say so. */
		.optional = true };
	c->policies[0] = in;
	c->policies[1] = in;
	c->policies[1].direction = ESP_FORWARD;
	c->policies[2] = (struct esp_policy){ .direction = ESP_OUT,
		.from = any,
		.to = inner,
		.source = c->access->own,
		.destination = c->outer,
		.id = c->sa_in.id };
}

static int raise_plain(struct client *c)
{
	struct kernel *k = c->access->ar->node->kernel;
	struct ipip ends = { .local = c->access->own, .remote = c->outer };
	struct prefix own = c->access->own;
	struct route r = inner_route(c);
	int result;

	snprintf(c->device, sizeof(c->device), KERNEL_PREFIX "t%hu", c->sa_in.id);
	result = link_add_ipip(k, c->device, &ends);
	if (result < 0)
		return result;
	c->tunnel = c->inbound = true;
	/* The kernel's loose check of the way back passes nothing without an address. */
	own.length = 32;
	if ((result = address_add(k, c->device, &own, false)) < 0 ||
		(result = sysctl_set_device(k, c->device, "rp_filter", "2")) < 0)
		return result;
	r.device = c->device;
	return route_set(k, &r);
}

static int raise_esp(struct client *c)
{
	struct kernel *k = c->access->ar->node->kernel;
	int result = ipsec_sa_add(k, &c->sa_in);

	if (result < 0)
		return result;
	c->tunnel = c->inbound = true; /* from here on access_tunnel_end takes back what there is */
	fill_policies(c);
	if ((result = ipsec_sa_add(k, &c->sa_out)) < 0)
		return result;
	for (int i = 0; i < 3; i++)
		if ((result = ipsec_policy_add(k, &c->policies[i])) < 0)
			return result;
	return add_route(c);
}

/* The inbound half stays for a moment: what the node sent before it knew is still on its way. */
static void end_inbound(struct client *c)
{
	struct kernel *k = c->access->ar->node->kernel;

	if (!c->inbound)
		return;
	c->inbound = false;
	timer_set(c->inbound_timer, BTIME_NEVER);
	if (c->device[0]) {
		link_delete(k, c->device);
		return;
	}
	ipsec_policy_delete(k, &c->policies[1]);
	ipsec_policy_delete(k, &c->policies[0]);
	ipsec_sa_delete(k, &c->sa_in);
	wipe(&c->sa_in, sizeof(c->sa_in));
}

static void timer_inbound_over(void *context)
{
	struct client *c = context;

	end_inbound(c);
	if (!c->tunnel && c->attached && c->by_eap) /* nothing stands for it any more */
		client_free(c);
	else if (!c->tunnel && c->attached) /* it had the time to delete it */
		client_ike_forget(c);
}

void access_tunnel_end(struct client *c, const char *why)
{
	tunnel_down(c, why);
	end_inbound(c);
}

void tunnel_down(struct client *c, const char *why)
{
	struct node *node = c->access->ar->node;
	struct route r = inner_route(c);
	struct esp_count in, out;
	char inner[PREFIX_TEXT];

	if (!c->tunnel)
		return;
	c->tunnel = false;
	timer_set(c->tunnel_timer, BTIME_NEVER);
	ipsec_sa_count(node->kernel, &c->sa_in, &in);
	ipsec_sa_count(node->kernel, &c->sa_out, &out);
	route_delete(node->kernel, &r);
	ipsec_policy_delete(node->kernel, &c->policies[2]);
	ipsec_sa_delete(node->kernel, &c->sa_out);
	if (!c->inbound_timer)
		c->inbound_timer = timer_new(node->loop, timer_inbound_over, c);
	timer_set(c->inbound_timer, loop_now() + LINGER);
	log_event(node->log, "tunnel_down", "{s:I,s:s,s:s,s:I,s:I}", "session",
		(json_int_t)c->session, "inner", address_text(&c->address, inner), "reason", why,
		"packets_in", (json_int_t)in.packets, "packets_out", (json_int_t)out.packets);
}

/* --- requests --------------------------------------------------------------------------------- */

/* Why a request is refused; NULL when it is not. */
static const char *objection(const struct client *c, const struct mpa_tunnel_request *request,
	const struct endpoint *peer)
{
	struct prefix outer = prefix_of_endpoint(&request->outer);
	struct prefix inner = prefix_of_endpoint(&request->inner);
	struct prefix there = prefix_of_endpoint(peer);

	if (request->mode != MPA_ESP && !c->access->settings->ip_in_ip)
		return "only ESP is allowed here";
	if (!c->address.family || !address_equal(&inner, &c->address))
		return "the inner address is not the one that was given out";
	/* Nobody points a tunnel at a third party. */
	if (outer.family != AF_INET || !address_equal(&outer, &there))
		return "the outer address is not that of the session";
	if (request->mode == MPA_ESP && request->spi < SPI_MIN)
		return "the SPI is a reserved one";
	return NULL;
}

static uint32_t lifetime_of(const struct client *c, const struct paa_session *session)
{
	btime most = c->access->settings->tunnel_lifetime;
	btime left = session ? paa_session_expires(session) - loop_now() : most;

	return (uint32_t)((left < most ? left : most) / BTIME_S);
}

static void set_keys(struct client *c, const struct mpa_tunnel_request *request,
	const struct mpa_tunnel_parameters *parameters, const struct pana_session_keys *keys)
{
	struct mpa_esp_keys esp;
	enum esp_suite suite = transform_of(parameters->transform)->suite;

	c->device[0] = '\0';
	c->outer = prefix_of_endpoint(&request->outer);
	c->sa_in = (struct esp_sa){ .id = ++c->access->ids };
	if (request->mode == MPA_IP_IN_IP)
		return;
	mpa_esp_keys(keys->mn_ar, request, parameters, &esp);
	c->sa_in = (struct esp_sa){ .source = c->outer,
		.destination = c->access->own,
		.spi = parameters->spi,
		.id = c->access->ids,
		.suite = suite };
	c->sa_out = (struct esp_sa){ .source = c->access->own,
		.destination = c->outer,
		.spi = request->spi,
		.id = c->sa_in.id,
		.suite = suite };
	memcpy(c->sa_in.encryption, esp.mn_to_ar_encryption, esp.encryption_size);
	memcpy(c->sa_in.integrity, esp.mn_to_ar_integrity, esp.integrity_size);
	memcpy(c->sa_out.encryption, esp.ar_to_mn_encryption, esp.encryption_size);
	memcpy(c->sa_out.integrity, esp.ar_to_mn_integrity, esp.integrity_size);
	wipe(&esp, sizeof(esp));
}

static void timer_lifetime_over(void *context)
{
	struct client *c = context;

	client_ike_end(c);
	tunnel_down(c, "lifetime");
	timer_set(c->grace_timer, loop_now() + c->access->settings->grace);
}

/* The tunnel is up; for so many seconds at most. */
static void stands(struct client *c, uint32_t lifetime, const char *manager, const char *transform)
{
	struct node *node = c->access->ar->node;
	char inner[PREFIX_TEXT], outer[PREFIX_TEXT];

	c->proxied = true;
	c->attached = c->leaving = false;
	timer_set(c->grace_timer, BTIME_NEVER);
	if (!c->tunnel_timer)
		c->tunnel_timer = timer_new(node->loop, timer_lifetime_over, c);
	timer_set(c->tunnel_timer, loop_now() + lifetime * BTIME_S);
	log_event(node->log, "tunnel_up", "{s:I,s:s,s:s,s:s,s:s,s:I,s:I}", "session",
		(json_int_t)c->session, "inner", address_text(&c->address, inner), "outer",
		address_text(&c->outer, outer), "transform", transform, "manager", manager,
		"spi_in", (json_int_t)c->sa_in.spi, "spi_out", (json_int_t)c->sa_out.spi);
}

int tunnel_raise_states(struct client *c, const struct esp_sa *in, const struct esp_sa *out)
{
	struct node *node = c->access->ar->node;
	const struct paa_session *session =
		c->by_eap ? NULL : paa_find(c->access->ar->paa, c->session);

	access_tunnel_end(c, "replaced");
	if (!session && !c->by_eap)
		return -1;
	c->device[0] = '\0';
	c->outer = in->source;
	c->sa_in = *in;
	c->sa_out = *out;
	c->sa_in.id = c->sa_out.id = ++c->access->ids;
	if (raise_esp(c) < 0) {
		log_error(node->log, "%s", kernel_error(node->kernel));
		access_tunnel_end(c, "failed");
		return -1;
	}
	stands(c, lifetime_of(c, session), "ikev2", transform_name(in->suite));
	return 0;
}

static void accept_request(struct client *c, const struct mpa_tunnel_request *request,
	uint32_t transform, const struct paa_session *session)
{
	struct node *node = c->access->ar->node;
	struct mpa_tunnel_parameters answer = { .request_id = request->request_id,
		.mode = request->mode,
		.outer = endpoint_of_prefix(&c->access->own, 0),
		.inner = request->inner,
		.transform = transform,
		.lifetime = lifetime_of(c, session),
		.nonce.size = MPA_NONCE_MIN };
	uint8_t storage[MPA_VALUE_MAX];
	struct element_value element;

	if (request->mode == MPA_ESP)
		answer.spi = SPI_MIN + random_below(&node->random, UINT32_MAX - SPI_MIN);
	random_fill(&node->random, answer.nonce.data, answer.nonce.size);
	set_keys(c, request, &answer, paa_session_keys(session));
	if ((request->mode == MPA_ESP ? raise_esp(c) : raise_plain(c)) < 0) {
		log_error(node->log, "%s", kernel_error(node->kernel));
		access_tunnel_end(c, "failed");
		client_status(c, request->request_id, MPA_NO_RESOURCES,
			"the tunnel could not be raised");
		return;
	}
	element = mpa_encode_tunnel_parameters(&answer, storage);
	stands(c, answer.lifetime, "pana",
		request->mode == MPA_ESP ? transform_of(transform)->name : "none");
	agent_notify(c->access->ar, c->session, &element, 1);
}

static bool manages_by_pana(const struct client *c)
{
	const struct config_numbers *list = &c->access->settings->tunnels;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == ACCESS_TUNNELS_PANA)
			return true;
	return list->count == 0;
}

void tunnel_request(struct client *c, const struct mpa_tunnel_request *request)
{
	struct paa_session *session = paa_find(c->access->ar->paa, c->session);
	uint32_t transform = mpa_choose_transform(request->transforms,
		transforms_of(&c->access->settings->transforms));
	const char *why;

	if (!session)
		return;
	why = manages_by_pana(c) ? NULL : "tunnels are managed by IKEv2 here";
	if (!why)
		why = objection(c, request, paa_session_peer(session));
	if (!why && !paa_session_keys(session))
		why = "the session has no keys";
	client_ike_end(c);
	access_tunnel_end(c, "replaced");
	if (why)
		client_status(c, request->request_id, MPA_REFUSED, why);
	else if (request->mode == MPA_ESP && !transform)
		client_status(c, request->request_id, MPA_NO_COMMON_TRANSFORM, NULL);
	else
		accept_request(c, request, transform, session);
}

void tunnel_left(struct client *c, const char *why)
{
	struct node *node = c->access->ar->node;

	tunnel_down(c, why);
	c->leaving = true;
	/* RFC 6252 Appendix B: where the node will be is known, nobody needs to ask. */
	if (c->mac_known && neighbour_learn(node->kernel, c->access->settings->device, &c->address,
				    c->mac) < 0)
		log_warning(node->log, "%s", kernel_error(node->kernel));
	/* The address stays the node's until it arrives, or does not. */
	if (!c->attached)
		timer_set(c->grace_timer, loop_now() + c->access->settings->grace);
}

void tunnel_delete(struct client *c, const struct mpa_tunnel_delete *request)
{
	if (!c->tunnel || (request->spi && request->spi != c->sa_out.spi)) {
		client_status(c, request->request_id, MPA_UNKNOWN_REQUEST, "no such tunnel");
		return;
	}
	tunnel_left(c, "requested");
	client_status(c, request->request_id, MPA_DONE, NULL);
}
