// SPDX-License-Identifier: Apache-2.0
#include "ref/base/crypto.h"
#include "ref/host/address.h"
#include "ref/host/link.h"
#include "ref/host/sysctl.h"
#include "ref/mn/tunnel.h"
#include "ref/node/child_sa.h"
#include "ref/node/transforms.h"

#define ESP_ID 1      /* one tunnel at a time */
#define TABLE 718     /* what is sent from the inner address */
#define PRIORITY 90

void tunnel_prepare(struct node *node, const struct device_settings *settings)
{
	transforms_prepare(node->kernel, node->log, transforms_of(&settings->transforms));
}

void tunnel_ask(struct tunnel *t, struct node *node, const struct device_settings *settings,
	uint16_t request_id, const struct prefix *outer, const struct prefix *inner)
{
	struct mpa_tunnel_request *r = &t->request;

	*r = (struct mpa_tunnel_request){ .request_id = request_id,
		.mode = MPA_ESP,
		.outer = endpoint_of_prefix(outer, 0),
		.inner = endpoint_of_prefix(inner, 0),
		.nonce.size = MPA_NONCE_MIN };
	if (settings->ip_in_ip) {
		r->mode = MPA_IP_IN_IP;
	} else {
		r->transforms = transforms_of(&settings->transforms);
		r->spi = SPI_MIN + random_below(&node->random, UINT32_MAX - SPI_MIN);
	}
	random_fill(&node->random, r->nonce.data, r->nonce.size);
}

/* What the router may not have changed. */
static const char *objection(const struct tunnel *t, const struct mpa_tunnel_parameters *p)
{
	struct prefix asked = prefix_of_endpoint(&t->request.inner);
	struct prefix given = prefix_of_endpoint(&p->inner);

	if (p->mode != t->request.mode)
		return "the router offers another kind of tunnel";
	if (!address_equal(&asked, &given))
		return "the router names another inner address";
	if (p->outer.family != AF_INET)
		return "the router names no outer address";
	if (p->mode == MPA_IP_IN_IP)
		return NULL;
	if (!(p->transform & t->request.transforms) || (p->transform & (p->transform - 1)))
		return "the router chose a transform that was not offered";
	if (p->spi < SPI_MIN)
		return "the router's SPI is a reserved one";
	return NULL;
}

static void fill_policies(struct tunnel *t, const struct prefix *there)
{
	struct prefix here = prefix_of_endpoint(&t->request.outer);
	struct prefix inner = prefix_of_endpoint(&t->request.inner), any = { .family = AF_INET };

	t->policies[0] = (struct esp_policy){ .direction = ESP_IN, .from = any, .to = inner,
		.source = *there, .destination = here, .id = ESP_ID };
	t->policies[1] = (struct esp_policy){ .direction = ESP_OUT, .from = inner, .to = any,
		.source = here, .destination = *there, .id = ESP_ID };
}

static const char *fill(struct tunnel *t, const struct mpa_tunnel_parameters *p,
	const uint8_t mn_ar[MPA_KEY_SIZE])
{
	struct prefix here = prefix_of_endpoint(&t->request.outer);
	struct prefix there = prefix_of_endpoint(&p->outer);
	const struct transform *chosen = transform_of(p->transform);
	struct mpa_esp_keys keys;

	memset(&t->in, 0, sizeof(t->in));
	memset(&t->out, 0, sizeof(t->out));
	if (p->mode == MPA_IP_IN_IP)
		return "none";
	mpa_esp_keys(mn_ar, &t->request, p, &keys);
	t->out = (struct esp_sa){ .source = here, .destination = there, .spi = p->spi, .id = ESP_ID,
		.suite = chosen->suite };
	t->in = (struct esp_sa){ .source = there, .destination = here, .spi = t->request.spi,
		.id = ESP_ID, .suite = chosen->suite };
	memcpy(t->out.encryption, keys.mn_to_ar_encryption, keys.encryption_size);
	memcpy(t->out.integrity, keys.mn_to_ar_integrity, keys.integrity_size);
	memcpy(t->in.encryption, keys.ar_to_mn_encryption, keys.encryption_size);
	memcpy(t->in.integrity, keys.ar_to_mn_integrity, keys.integrity_size);
	wipe(&keys, sizeof(keys));
	fill_policies(t, &there);
	return chosen->name;
}

static int raise_esp(struct tunnel *t, struct kernel *k)
{
	return ipsec_sa_add(k, &t->in) < 0 || ipsec_sa_add(k, &t->out) < 0 ||
			ipsec_policy_add(k, &t->policies[0]) < 0 ||
			ipsec_policy_add(k, &t->policies[1]) < 0
		? -1
		: 0;
}

static int raise_plain(struct tunnel *t, struct kernel *k, const struct mpa_tunnel_parameters *p)
{
	struct ipip ends = { .local = prefix_of_endpoint(&t->request.outer),
		.remote = prefix_of_endpoint(&p->outer) };
	struct route all = { .to = { .family = AF_INET }, .device = TUNNEL_DEVICE, .table = TABLE };

	t->rule = (struct route_rule){ .family = AF_INET,
		.from = prefix_of_endpoint(&t->request.inner),
		.priority = PRIORITY,
		.table = TABLE };
	if (link_add_ipip(k, TUNNEL_DEVICE, &ends) < 0)
		return -1;
	t->device = true;
	/* The kernel's loose check of the way back passes nothing without an address. */
	return address_add(k, TUNNEL_DEVICE, &ends.local, false) < 0 ||
			sysctl_set_device(k, TUNNEL_DEVICE, "rp_filter", "2") < 0 ||
			route_set(k, &all) < 0 ||
			rule_add(k, &t->rule) < 0
		? -1
		: 0;
}

static void log_up(const struct tunnel *t, struct node *node, const struct prefix *router,
	const char *transform)
{
	struct prefix ends[2] = { prefix_of_endpoint(&t->request.inner),
		prefix_of_endpoint(&t->request.outer) };
	char text[3][PREFIX_TEXT];

	log_event(node->log, "tunnel_up", "{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "inner",
		address_text(&ends[0], text[0]), "outer", address_text(&ends[1], text[1]), "router",
		address_text(router, text[2]), "transform", transform, "manager",
		t->ike ? "ikev2" : "pana", "spi_in", (json_int_t)t->in.spi, "spi_out",
		(json_int_t)t->out.spi);
}

int tunnel_raise(struct tunnel *t, struct node *node,
	const struct mpa_tunnel_parameters *parameters, const uint8_t mn_ar[MPA_KEY_SIZE],
	char *why, size_t size)
{
	const char *name, *wrong = objection(t, parameters);
	struct prefix router = prefix_of_endpoint(&parameters->outer);
	int result;

	if (wrong) {
		snprintf(why, size, "%s", wrong);
		return -1;
	}
	name = fill(t, parameters, mn_ar);
	t->up = true; /* from here on tunnel_lower takes back what there is */
	result = parameters->mode == MPA_ESP ? raise_esp(t, node->kernel) :
					       raise_plain(t, node->kernel, parameters);
	if (result < 0) {
		snprintf(why, size, "%s", kernel_error(node->kernel));
		tunnel_lower(t, node, "failed");
		return -1;
	}
	log_up(t, node, &router, name);
	return 0;
}

/* Whether the selectors say what the tunnel is for: our new address, and everything. */
static const char *child_objection(const struct ike_child_info *child, const struct prefix *inner)
{
	struct prefix local, remote;

	if (child->transport || child->local_ts.count != 1 || child->remote_ts.count != 1 ||
		!child_sa_prefix(&child->local_ts.list[0], &local) ||
		!child_sa_prefix(&child->remote_ts.list[0], &remote))
		return "the router wants other selectors";
	if (!address_equal(&local, inner) || local.length != 32)
		return "the router names another inner address";
	return remote.length ? "the router does not take everything" : NULL;
}

int tunnel_raise_child(struct tunnel *t, struct node *node, const struct prefix *inner, char *why,
	size_t size)
{
	const struct ike_child_info *child = ike_tunnel_child(t->ike);
	struct prefix router = prefix_of_endpoint(ike_tunnel_router(t->ike)), address = *inner;
	const char *wrong = child_objection(child, inner);

	address.length = 32;
	t->request = (struct mpa_tunnel_request){ .mode = MPA_ESP,
		.outer = *ike_tunnel_local(t->ike),
		.inner = endpoint_of_prefix(&address, 0) };
	if (!wrong)
		wrong = child_sa_states(child, ike_tunnel_local(t->ike), ike_tunnel_router(t->ike),
			&t->in, &t->out);
	if (wrong) {
		snprintf(why, size, "%s", wrong);
		return -1;
	}
	t->in.id = t->out.id = ESP_ID;
	fill_policies(t, &router);
	t->up = true; /* from here on tunnel_lower takes back what there is */
	if (raise_esp(t, node->kernel) < 0) {
		snprintf(why, size, "%s", kernel_error(node->kernel));
		tunnel_lower(t, node, "failed");
		return -1;
	}
	log_up(t, node, &router, transform_name(t->in.suite));
	return 0;
}

bool tunnel_has_device(const struct tunnel *t)
{
	return t->up && t->request.mode == MPA_IP_IN_IP;
}

static void lower_esp(struct tunnel *t, struct kernel *k, struct esp_count *in,
	struct esp_count *out)
{
	ipsec_sa_count(k, &t->in, in);
	ipsec_sa_count(k, &t->out, out);
	ipsec_policy_delete(k, &t->policies[1]);
	ipsec_policy_delete(k, &t->policies[0]);
	ipsec_sa_delete(k, &t->out);
	ipsec_sa_delete(k, &t->in);
	wipe(&t->in, sizeof(t->in));
	wipe(&t->out, sizeof(t->out));
}

void tunnel_lower(struct tunnel *t, struct node *node, const char *reason)
{
	struct prefix ends = prefix_of_endpoint(&t->request.inner);
	struct esp_count in = { 0 }, out = { 0 };
	char inner[PREFIX_TEXT];

	if (!t->up)
		return;
	t->up = false;
	if (t->request.mode == MPA_ESP)
		lower_esp(t, node->kernel, &in, &out);
	else
		rule_delete(node->kernel, &t->rule);
	log_event(node->log, "tunnel_down", "{s:s,s:s,s:I,s:I}", "inner",
		address_text(&ends, inner), "reason", reason, "packets_in",
		(json_int_t)in.packets, "packets_out", (json_int_t)out.packets);
}

void tunnel_clear(struct tunnel *t, struct node *node)
{
	if (t->device && !t->up)
		link_delete(node->kernel, TUNNEL_DEVICE);
	if (!t->up)
		t->device = false;
	if (t->up || !t->ike)
		return;
	ike_tunnel_leave(t->ike);
	t->ike = NULL;
	t->agreed = false;
}
