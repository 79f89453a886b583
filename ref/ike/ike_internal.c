// SPDX-License-Identifier: Apache-2.0
/*
 * The internal address, RFC 7296 §2.19: asked for in the first IKE_AUTH request and given in the last
 * answer, by the engine from the connection's pool, or by the engine's owner, who may take its time:
 * the answer waits in state ASKING, and what is repeated meanwhile gets none.
 */
#include <stddef.h>

#include "ref/ike/ike_inside.h"

/* --- attributes, §3.15.1 -------------------------------------------------------------------- */

#define MEMBER(member)                                                                             \
	offsetof(struct ike_internal, member), sizeof(((struct ike_internal *)0)->member)

/* Of one size, all zero when it is not said. */
static const struct {
	uint16_t type;
	size_t at, size;
} attributes[] = {
	{ IKE_CFG_INTERNAL_IP4_ADDRESS, MEMBER(address) },
	{ IKE_CFG_INTERNAL_IP4_NETMASK, MEMBER(netmask) },
	{ IKE_CFG_INTERNAL_IP4_DNS, MEMBER(dns) },
	{ IKE_CFG_INTERNAL_IP4_DHCP, MEMBER(dhcp) },
	{ IKE_CFG_MPA_ROUTER, MEMBER(router) },
	{ IKE_CFG_MPA_LINK_ADDRESS, MEMBER(link_address) },
};
#define COUNT (sizeof(attributes) / sizeof(attributes[0]))

static bool is_zero(const uint8_t *octets, size_t size)
{
	while (size && !octets[size - 1])
		size--;
	return size == 0;
}

static void draft_attributes(const struct ike_internal *i, uint8_t type, struct ike_draft *d)
{
	struct ike_configuration cp = { .type = type };

	for (size_t k = 0; k < COUNT; k++) {
		const uint8_t *octets = (const uint8_t *)i + attributes[k].at;
		bool empty = is_zero(octets, attributes[k].size);
		/* §3.15.1: the address that is asked for may be empty */
		if (!empty || attributes[k].type == IKE_CFG_INTERNAL_IP4_ADDRESS)
			cp.list[cp.count++] = (struct ike_attribute){ attributes[k].type,
				VIEW(octets, empty ? 0 : attributes[k].size) };
	}
	if (i->client_id_size)
		cp.list[cp.count++] = (struct ike_attribute){ IKE_CFG_MPA_CLIENT_ID,
			VIEW(i->client_id, i->client_id_size) };
	ike_draft_cp(d, &cp);
}

/* Of several of one type the first; attributes of another size, and unknown ones, are passed over. */
static void take_attribute(const struct ike_attribute *a, struct ike_internal *out)
{
	for (size_t k = 0; k < COUNT; k++) {
		uint8_t *octets = (uint8_t *)out + attributes[k].at;
		if (attributes[k].type == a->type && attributes[k].size == a->value.size &&
			is_zero(octets, a->value.size))
			memcpy(octets, a->value.data, a->value.size);
	}
	if (a->type == IKE_CFG_MPA_CLIENT_ID && !out->client_id_size &&
		a->value.size <= sizeof(out->client_id)) {
		memcpy(out->client_id, a->value.data, a->value.size);
		out->client_id_size = a->value.size;
	}
}

/* What a configuration payload of that type says; false when there is none, or nothing about an
 * address. */
static bool read_attributes(const struct packet *p, uint8_t type, struct ike_internal *out)
{
	const struct element_value *e = packet_find(p, 0, IKE_PAYLOAD_CP);
	struct ike_configuration cp;
	bool about = false;

	*out = (struct ike_internal){ 0 };
	if (!e || ike_decode_cp(e, &cp, NULL) < 0 || cp.type != type)
		return false;
	for (unsigned i = 0; i < cp.count; i++) {
		take_attribute(&cp.list[i], out);
		about = about || cp.list[i].type == IKE_CFG_INTERNAL_IP4_ADDRESS;
	}
	return about;
}

/* --- initiator ---------------------------------------------------------------------------- */

void ike_draft_ask(const struct ike_connection *c, struct ike_draft *d)
{
	if (c->ask_address)
		draft_attributes(&c->ask, IKE_CFG_REQUEST, d);
}

void ike_take_address(struct ike_sa *sa, struct ike_step *s)
{
	struct ike_internal given;

	if (!sa->connection->ask_address || !read_attributes(s->packet, IKE_CFG_REPLY, &given) ||
		is_zero(given.address, sizeof(given.address)))
		return;
	memcpy(sa->address, given.address, sizeof(sa->address));
	sa->has_address = true;
	actions_report(s->actions, sa, IKE_REPORT_ADDRESS, ike_report_name(IKE_REPORT_ADDRESS),
		VIEW(&given, sizeof(given)));
}

/* --- responder: from the pool --------------------------------------------------------------- */

static bool address_taken(const struct ike_sa *sa, const uint8_t address[4])
{
	for (struct ike_sa *o = sa->ike->first; o; o = o->next)
		if (o != sa && !o->initiator && o->has_address &&
			memcmp(o->address, address, 4) == 0)
			return true;
	return false;
}

static bool draw_address(struct ike_sa *sa)
{
	const struct ike_connection *c = sa->connection;
	struct reader r = reader_of(VIEW(c->pool, 4));
	uint32_t first = read_u32(&r);

	for (uint32_t n = 0; n < c->pool_size; n++) {
		struct writer w = writer_of(sa->address, 4);
		write_u32(&w, first + sa->ike->pool_next++ % c->pool_size);
		if (!address_taken(sa, sa->address))
			return sa->has_address = true;
	}
	return false;
}

bool ike_draft_address(struct ike_sa *sa, struct ike_step *s, const struct packet *first)
{
	struct ike_internal asked, given = { 0 };

	if (!read_attributes(first, IKE_CFG_REQUEST, &asked))
		return true;
	if (sa->connection->owner_gives) {
		if (!s->internal)
			return false;
		given = *s->internal;
		memcpy(sa->address, given.address, sizeof(sa->address));
		sa->has_address = true;
	} else if (draw_address(sa)) {
		memcpy(given.address, sa->address, sizeof(given.address));
	} else {
		return false;
	}
	draft_attributes(&given, IKE_CFG_REPLY, s->draft);
	return true;
}

/* --- responder: from the owner -------------------------------------------------------------- */

static bool asks_owner(const struct ike_connection *c, const struct packet *first)
{
	struct ike_internal asked;

	return c->owner_gives && read_attributes(first, IKE_CFG_REQUEST, &asked);
}

bool ike_proved_asks_owner(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	bool any = false;

	/* to try a proof costs time: not twice where nobody gives addresses so */
	for (unsigned i = 0; i < sa->ike->config.count && !any; i++)
		any = asks_owner(&sa->ike->config.connections[i], s->packet);
	return any && ike_peer_proved(context, input) && s->proven->owner_gives;
}

bool ike_eap_proved_asks_owner(const void *context, const void *input)
{
	const struct ike_sa *sa = context;
	struct packet first;

	return sa->connection->owner_gives && ike_eap_proved(context, input) &&
		ike_first_request(sa, &first) && asks_owner(sa->connection, &first);
}

static int ask_owner(struct ike_sa *sa, struct ike_step *s, const struct packet *first)
{
	struct ike_internal asked;

	read_attributes(first, IKE_CFG_REQUEST, &asked);
	ike_hold_request(sa, s);
	ike_not_half_open(sa);
	actions_report(s->actions, sa, IKE_REPORT_ADDRESS_WANTED,
		ike_report_name(IKE_REPORT_ADDRESS_WANTED), VIEW(&asked, sizeof(asked)));
	return 0;
}

int ike_ask_owner(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;

	sa->connection = s->proven;
	sa->peer_id = s->proven_id;
	ike_keep_first(sa, s->packet);
	return ask_owner(sa, s, s->packet);
}

int ike_eap_ask_owner(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct packet first;

	if (!ike_first_request(sa, &first))
		return -1; /* it did decode when it came */
	return ask_owner(sa, s, &first);
}

/* The answer to the request that waited, as it would have been. */
int ike_answer_asked(void *context, const void *input)
{
	struct ike_sa *sa = context;
	struct ike_step *s = (struct ike_step *)input;
	struct packet first;

	if (!ike_first_request(sa, &first))
		return -1;
	ike_draft_begin(s->draft);
	if (sa->eap) {
		ike_draft_eap_proof(sa, s->draft);
	} else {
		ike_draft_id(s->draft, IKE_PAYLOAD_IDR, &sa->connection->local_id);
		ike_draft_proof(sa, s->draft);
	}
	ike_accept_peer(sa, s, &first);
	return 0;
}
