// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "ref/base/crypto.h"
#include "ref/host/address.h"
#include "ref/host/ipsec.h"
#include "ref/host/kernel.h"
#include "ref/host/link.h"
#include "ref/host/loop.h"
#include "ref/host/route.h"
#include "ref/iked/esp.h"
#include "ref/iked/sa.h"
#include "ref/node/child_sa.h"

#define PAIRS_MAX 8 /* of a local and a remote prefix, in one Child SA */

struct pair {
	struct prefix local, remote;
};

struct child {
	struct child *next;
	const struct ike_sa *owner;
	uint32_t spi_in;
	struct esp_sa in, out;
	struct pair pairs[PAIRS_MAX];
	unsigned count;
	bool encapsulated;
	unsigned dhcp; /* a DHCP SA: the number of its interface; 0: it is none */
	uint16_t dhcp_in, dhcp_out; /* the ports that it carries DHCP to */
	struct prefix internal; /* our internal address; family 0: none */
	char device[16];	/* that it is on */
	uint64_t octets, credit; /* received when last looked at; of late */
};

/*
 * A policy of where an SA was: what programs still send from there finds it, and no SA, so it does
 * not leave this host in the clear; nor does an answer to what comes late.
 */
struct rest {
	struct rest *next;
	const struct ike_sa *owner;
	struct esp_policy policy;
};

struct esp {
	struct kernel *kernel;
	struct child *first;
	struct rest *rests;
	uint16_t last_id;
	unsigned last_dhcp;
};

struct esp *esp_new(struct kernel *kernel)
{
	struct esp *esp = host_alloc(sizeof(*esp));

	esp->kernel = kernel;
	return esp;
}

void esp_free(struct esp *esp)
{
	if (!esp)
		return;
	for (struct child *c = esp->first, *next; c; c = next) {
		next = c->next;
		wipe(c, sizeof(*c));
		free(c);
	}
	while (esp->rests) {
		struct rest *r = esp->rests;
		esp->rests = r->next;
		free(r);
	}
	free(esp);
}

/* --- from what IKE agreed on to what the kernel takes --------------------------------------- */

static bool pairs_of(const struct ike_child_info *info, struct child *c)
{
	for (unsigned i = 0; i < info->local_ts.count; i++)
		for (unsigned k = 0; k < info->remote_ts.count; k++) {
			struct pair p;
			if (c->count == PAIRS_MAX ||
				!child_sa_prefix(&info->local_ts.list[i], &p.local) ||
				!child_sa_prefix(&info->remote_ts.list[k], &p.remote))
				return false;
			c->pairs[c->count++] = p;
		}
	return c->count != 0;
}

static struct child *child_by_in(const struct esp *esp, const struct ike_sa *sa, uint32_t spi)
{
	struct child *c = esp->first;

	while (c && !(c->spi_in == spi && (!sa || c->owner == sa)))
		c = c->next;
	return c;
}

/* The id binds states to policies; a Child SA that replaces another has its id. */
static uint16_t id_for(struct esp *esp, const struct ike_sa *sa, const struct ike_child_info *info)
{
	const struct child *old = info->replaces ? child_by_in(esp, sa, info->replaces) : NULL;

	if (old)
		return old->in.id;
	for (bool taken = true; taken;) {
		taken = ++esp->last_id == 0;
		for (const struct child *c = esp->first; c; c = c->next)
			taken = taken || c->in.id == esp->last_id;
	}
	return esp->last_id;
}

/* RFC 3456 §4.1: a DHCP SA carries anything to these ports, whatever address it is for. */
static void make_dhcp(struct esp *esp, const struct ike_sa *sa, const struct ike_child_info *info,
	struct child *c)
{
	const struct child *old = info->replaces ? child_by_in(esp, sa, info->replaces) : NULL;

	c->dhcp = old && old->dhcp ? old->dhcp : ++esp->last_dhcp;
	c->dhcp_in = info->local_ts.list[0].start_port;
	c->dhcp_out = info->remote_ts.list[0].start_port;
	c->pairs[0] = (struct pair){ { .family = AF_INET }, { .family = AF_INET } };
	c->count = 1;
}

/* Where the SA is now. */
static void place(const struct child *c, const struct ike_sa *sa, struct esp_sa *in,
	struct esp_sa *out)
{
	child_sa_place(sa_agreed(sa), sa_peer(sa), c->encapsulated, in, out);
}

static const char *translate(struct esp *esp, const struct ike_sa *sa,
	const struct ike_child_info *info, struct child *c)
{
	const char *unfit = child_sa_states(info, sa_agreed(sa), sa_peer(sa), &c->in, &c->out);

	if (unfit)
		return unfit;
	if (sa_is_old(sa) && isakmp_child_is_dhcp(info))
		make_dhcp(esp, sa, info, c);
	else if (!pairs_of(info, c))
		return "selectors that are no whole prefixes";
	c->owner = sa;
	c->spi_in = info->spi_in;
	c->in.id = c->out.id = id_for(esp, sa, info);
	c->in.interface = c->out.interface = c->dhcp;
	c->encapsulated = info->encapsulated;
	return NULL;
}

/* --- policies ------------------------------------------------------------------------------- */

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && address_equal(a, b);
}

/* Another Child SA leads the same traffic. */
static bool shared(const struct esp *esp, const struct child *c, const struct pair *p)
{
	for (const struct child *o = esp->first; o; o = o->next)
		for (unsigned i = 0; o != c && i < o->count; i++)
			if (o->dhcp == c->dhcp && same_prefix(&o->pairs[i].local, &p->local) &&
				same_prefix(&o->pairs[i].remote, &p->remote))
				return true;
	return false;
}

#define POLICIES 3

/* In, through this host, and out. */
static void policies_of(const struct child *c, const struct pair *p,
	struct esp_policy list[POLICIES])
{
	const struct esp_policy in = { .direction = ESP_IN, .mode = c->in.mode, .from = p->remote,
		.to = p->local, .source = c->in.source, .destination = c->in.destination,
		.id = c->in.id, .interface = c->dhcp, .to_port = c->dhcp_in,
		.protocol = c->dhcp ? IPPROTO_UDP : 0 };

	list[0] = list[1] = in;
	list[1].direction = ESP_FORWARD;
	list[2] = (struct esp_policy){ .direction = ESP_OUT, .mode = c->out.mode, .from = p->local,
		.to = p->remote, .source = c->out.source, .destination = c->out.destination,
		.id = c->out.id, .interface = c->dhcp, .to_port = c->dhcp_out,
		.protocol = in.protocol };
}

static void delete_policies(struct esp *esp, const struct child *c, const struct pair *p)
{
	struct esp_policy list[POLICIES];

	policies_of(c, p, list);
	for (unsigned i = 0; i < POLICIES; i++)
		ipsec_policy_delete(esp->kernel, &list[i]);
}

static int add_policies(struct esp *esp, const struct child *c)
{
	struct esp_policy list[POLICIES];
	int result = 0;

	for (unsigned i = 0; i < c->count; i++) {
		policies_of(c, &c->pairs[i], list);
		for (unsigned k = 0; k < POLICIES && result == 0; k++)
			if (!shared(esp, c, &c->pairs[i]))
				result = ipsec_policy_add(esp->kernel, &list[k]);
	}
	return result;
}

/* --- the internal address ------------------------------------------------------------------- */

static bool internal_shared(const struct esp *esp, const struct child *c)
{
	for (const struct child *o = esp->first; o; o = o->next)
		if (o != c && o->internal.family && address_equal(&o->internal, &c->internal))
			return true;
	return false;
}

static struct route inner_route(const struct child *c, unsigned i)
{
	return (struct route){ .to = c->pairs[i].remote, .source = c->internal,
		.device = c->device };
}

static int add_internal(struct esp *esp, const struct ike_sa *sa, struct child *c)
{
	struct route_answer way;
	int result;

	if (c->dhcp || !(sa_connection(sa)->ask_address || sa_connection(sa)->by_dhcp))
		return 0;
	c->internal = c->pairs[0].local;
	result = route_lookup(esp->kernel, &c->out.destination, &c->out.source, &way);
	if (result < 0)
		return result;
	snprintf(c->device, sizeof(c->device), "%s", way.device);
	if (internal_shared(esp, c))
		return 0;
	result = address_add(esp->kernel, c->device, &c->internal, false);
	for (unsigned i = 0; i < c->count && result == 0; i++) {
		struct route r = inner_route(c, i);
		r.via = way.via;
		r.on_link = way.via.family != 0;
		result = route_set(esp->kernel, &r);
	}
	return result;
}

static void remove_internal(struct esp *esp, const struct child *c)
{
	if (!c->internal.family || internal_shared(esp, c))
		return;
	for (unsigned i = 0; i < c->count; i++) {
		struct route r = inner_route(c, i);
		route_delete(esp->kernel, &r);
	}
	address_delete(esp->kernel, c->device, &c->internal);
}

/* --- the interface of a DHCP SA --------------------------------------------------------------- */

#define DHCP_DEVICE KERNEL_PREFIX "dhcp%u"

static bool dhcp_shared(const struct esp *esp, const struct child *c)
{
	for (const struct child *o = esp->first; o; o = o->next)
		if (o != c && o->dhcp == c->dhcp)
			return true;
	return false;
}

static int add_dhcp(struct esp *esp, const struct child *c)
{
	struct route_answer way;
	char device[16];
	int result;

	if (!c->dhcp || dhcp_shared(esp, c))
		return 0;
	result = route_lookup(esp->kernel, &c->out.destination, &c->out.source, &way);
	if (result < 0)
		return result;
	snprintf(device, sizeof(device), DHCP_DEVICE, c->dhcp % 10000);
	return link_add_xfrm(esp->kernel, device, c->dhcp, way.device);
}

static void remove_dhcp(struct esp *esp, const struct child *c)
{
	char device[16];

	if (!c->dhcp || dhcp_shared(esp, c))
		return;
	snprintf(device, sizeof(device), DHCP_DEVICE, c->dhcp % 10000);
	link_delete(esp->kernel, device);
}

bool esp_dhcp_device(const struct esp *esp, uint32_t spi_in, char device[16], unsigned *number)
{
	const struct child *c = child_by_in(esp, NULL, spi_in);

	if (!c || !c->dhcp)
		return false;
	snprintf(device, 16, DHCP_DEVICE, c->dhcp % 10000);
	*number = c->dhcp;
	return true;
}

/* --- up and down ---------------------------------------------------------------------------- */

static void take_away(struct esp *esp, struct child *c)
{
	for (unsigned i = 0; i < c->count; i++)
		if (!shared(esp, c, &c->pairs[i]))
			delete_policies(esp, c, &c->pairs[i]);
	ipsec_sa_delete(esp->kernel, &c->out);
	ipsec_sa_delete(esp->kernel, &c->in);
	remove_internal(esp, c);
	remove_dhcp(esp, c);
	wipe(c, sizeof(*c));
	free(c);
}

/* The inbound state first: nothing is sent before it can be answered. */
static int install(struct esp *esp, const struct ike_sa *sa, struct child *c)
{
	int result = ipsec_sa_add(esp->kernel, &c->in);

	if (result == 0)
		result = ipsec_sa_add(esp->kernel, &c->out);
	if (result == 0)
		result = add_dhcp(esp, c);
	if (result == 0)
		result = add_internal(esp, sa, c);
	if (result == 0)
		result = add_policies(esp, c);
	return result;
}

int esp_up(struct esp *esp, const struct ike_sa *sa, const struct ike_child_info *info,
	char why[ESP_WHY_SIZE])
{
	struct child *c = host_alloc(sizeof(*c));
	const char *unfit = translate(esp, sa, info, c);

	if (unfit) {
		snprintf(why, ESP_WHY_SIZE, "%s", unfit);
		wipe(c, sizeof(*c));
		free(c);
		return -1;
	}
	if (install(esp, sa, c) < 0) {
		snprintf(why, ESP_WHY_SIZE, "%s", kernel_error(esp->kernel));
		take_away(esp, c);
		return -1;
	}
	c->next = esp->first;
	esp->first = c;
	return 0;
}

static void unlink_child(struct esp *esp, struct child *c)
{
	struct child **at = &esp->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

void esp_down(struct esp *esp, const struct ike_sa *sa, uint32_t spi_in)
{
	struct child *c = child_by_in(esp, sa, spi_in);

	if (!c)
		return;
	unlink_child(esp, c);
	take_away(esp, c);
}

void esp_over(struct esp *esp, const struct ike_sa *sa)
{
	for (struct child *c = esp->first, *next; c; c = next) {
		next = c->next;
		if (c->owner == sa)
			esp_down(esp, sa, c->spi_in);
	}
	esp_settle(esp, sa);
}

void esp_inherit(struct esp *esp, const struct ike_sa *sa)
{
	const struct ike_child_info *info;

	for (unsigned n = 0; (info = sa_child(sa, n)); n++) {
		struct child *c = child_by_in(esp, NULL, info->spi_in);
		for (struct rest *r = esp->rests; c && r; r = r->next)
			if (r->owner == c->owner)
				r->owner = sa;
		if (c)
			c->owner = sa;
	}
}

/* --- elsewhere ------------------------------------------------------------------------------ */

static void move_end(struct prefix *p, const struct endpoint *old, const struct endpoint *to)
{
	struct prefix was = prefix_of_endpoint(old);

	if (old->family && same_prefix(p, &was))
		*p = prefix_of_endpoint(to);
}

/* The new policy is there; the old one stays until esp_settle where it is another one. */
static int move_policy(struct esp *esp, const struct ike_sa *owner, const struct esp_policy *old,
	const struct esp_policy *to)
{
	int result = ipsec_policy_add(esp->kernel, to);
	struct rest *r;

	if (result < 0 || (same_prefix(&old->from, &to->from) && same_prefix(&old->to, &to->to)))
		return result;
	r = host_alloc(sizeof(*r));
	r->owner = owner;
	r->policy = *old;
	r->next = esp->rests;
	esp->rests = r;
	return 0;
}

/* A present Child SA has need of the policy: its address is where another one was. */
static bool needed(const struct esp *esp, const struct esp_policy *p)
{
	struct esp_policy list[POLICIES];

	for (const struct child *c = esp->first; c; c = c->next)
		for (unsigned i = 0; i < c->count; i++) {
			policies_of(c, &c->pairs[i], list);
			for (unsigned k = 0; k < POLICIES; k++)
				if (list[k].direction == p->direction &&
					list[k].interface == p->interface &&
					same_prefix(&list[k].from, &p->from) &&
					same_prefix(&list[k].to, &p->to))
					return true;
		}
	return false;
}

void esp_settle(struct esp *esp, const struct ike_sa *sa)
{
	for (struct rest **at = &esp->rests, *r; (r = *at);) {
		if (r->owner != sa) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		if (!needed(esp, &r->policy))
			ipsec_policy_delete(esp->kernel, &r->policy);
		free(r);
	}
}

/* The inbound state first, then what leads packets out of here, then the outbound one. */
static int move_child(struct esp *esp, struct child *c, const struct ike_migration *m)
{
	struct esp_policy from[PAIRS_MAX][POLICIES], to[POLICIES];
	struct child was = *c;
	struct esp_sa in = c->in, out = c->out;
	int result, each;

	for (unsigned i = 0; i < c->count; i++) {
		policies_of(&was, &was.pairs[i], from[i]);
		if (m) {
			move_end(&c->pairs[i].local, &m->old_local, &m->local);
			move_end(&c->pairs[i].remote, &m->old_peer, &m->peer);
		}
	}
	place(c, c->owner, &in, &out);
	result = ipsec_sa_move(esp->kernel, &c->in, false, &in);
	each = ipsec_sa_move(esp->kernel, &c->out, true, &out);
	result = result < 0 ? result : each;
	for (unsigned i = 0; i < c->count; i++) {
		policies_of(c, &c->pairs[i], to);
		for (unsigned k = 0; k < POLICIES; k++) {
			each = move_policy(esp, c->owner, &from[i][k], &to[k]);
			result = result < 0 ? result : each;
		}
	}
	wipe(&was, sizeof(was));
	wipe(&in, sizeof(in));
	wipe(&out, sizeof(out));
	return result;
}

int esp_move(struct esp *esp, const struct ike_sa *sa, const struct ike_migration *migration)
{
	int result = 0;

	for (struct child *c = esp->first; c; c = c->next) {
		int each = c->owner == sa ? move_child(esp, c, migration) : 0;
		result = result < 0 ? result : each;
	}
	return result;
}

/* RFC 4866: what the peer has sent, an eighth of which is forgotten at each ageing. */
static uint64_t child_credit(struct esp *esp, struct child *c)
{
	struct esp_count count;

	if (ipsec_sa_count(esp->kernel, &c->in, &count) < 0)
		return c->credit;
	if (count.octets < c->octets) /* counted anew since the SA has moved */
		c->octets = 0;
	c->credit += count.octets - c->octets;
	c->octets = count.octets;
	return c->credit;
}

void esp_age(struct esp *esp)
{
	for (struct child *c = esp->first; c; c = c->next)
		c->credit = child_credit(esp, c) / 8 * 7;
}

uint64_t esp_take_credit(struct esp *esp, const struct ike_sa *sa)
{
	uint64_t all = 0;

	for (struct child *c = esp->first; c; c = c->next)
		if (c->owner == sa) {
			all += child_credit(esp, c);
			c->credit = 0;
		}
	return all;
}

bool esp_carried(struct esp *esp, uint32_t spi_in, uint64_t *in, uint64_t *out)
{
	const struct child *c = child_by_in(esp, NULL, spi_in);
	struct esp_count count;

	if (!c || ipsec_sa_count(esp->kernel, &c->in, &count) < 0)
		return false;
	*in = count.packets;
	if (ipsec_sa_count(esp->kernel, &c->out, &count) < 0)
		return false;
	*out = count.packets;
	return true;
}
