// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <sys/random.h>

#include "ref/host/dns.h"
#include "ref/host/udp.h"

#define ASKED_MAX 9 /* the first is the update */
#define TRIES 4
#define PATIENCE BTIME_S /* until it is sent again */
#define FUDGE 300	 /* seconds, RFC 8945 §10 */

struct asked {
	struct dns *dns;
	uint8_t *wire; /* NULL: this place is free */
	size_t size;
	uint16_t id;
	unsigned tries;
	struct timer *timer;
	ldns_rdf *mac; /* of a signed update */
	ldns_rr_type type;
	dns_updated *updated;
	dns_found *found;
	void *context;
};

struct dns {
	struct dns_config config;
	struct udp *udp;
	struct asked asked[ASKED_MAX];
};

static ldns_rr_type type_of(uint8_t family)
{
	return family == AF_INET6 ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A;
}

static void forget(struct asked *a)
{
	LDNS_FREE(a->wire);
	ldns_rdf_deep_free(a->mac);
	timer_set(a->timer, BTIME_NEVER);
	a->wire = NULL;
	a->mac = NULL;
}

/* The place is free before the call, which may take it again. */
static void finish(struct asked *a, const char *wrong, const struct prefix *address)
{
	dns_updated *updated = a->updated;
	dns_found *found = a->found;

	forget(a);
	if (updated)
		updated(a->context, wrong);
	else
		found(a->context, address);
}

static void send_now(struct asked *a)
{
	struct dns *d = a->dns;

	a->tries++;
	udp_send(d->udp, NULL, &d->config.server, VIEW(a->wire, a->size));
	timer_set(a->timer, btime_add(loop_now(), PATIENCE));
}

static void no_answer(void *context)
{
	struct asked *a = context;

	if (a->tries < TRIES)
		send_now(a);
	else
		finish(a, "no answer", NULL);
}

/* --- answers ---------------------------------------------------------------------------------- */

static bool address_in(const ldns_pkt *p, ldns_rr_type type, struct prefix *out)
{
	ldns_rr_list *list = ldns_pkt_answer(p);

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		const ldns_rdf *rd = ldns_rr_rdf(rr, 0);
		if (ldns_rr_get_type(rr) != type || !rd)
			continue;
		*out = (struct prefix){ .family = type == LDNS_RR_TYPE_A ? AF_INET : AF_INET6 };
		if (ldns_rdf_size(rd) != ip_size(out->family))
			continue;
		out->length = (uint8_t)(8 * ip_size(out->family));
		memcpy(out->address, ldns_rdf_data(rd), ip_size(out->family));
		return true;
	}
	return false;
}

/* RFC 8945 §5.4: an answer to what was signed is signed, and over our MAC. */
static bool believable(const struct asked *a, const ldns_pkt *p, struct view data)
{
	const struct dns_config *c = &a->dns->config;

	return !a->mac || (ldns_pkt_tsig(p) && ldns_pkt_tsig_verify((ldns_pkt *)p, data.data,
			data.size, c->key, c->secret, a->mac));
}

static void take_answer(struct asked *a, const ldns_pkt *p)
{
	static const struct {
		ldns_pkt_rcode code;
		const char *words;
	} wrongs[] = {
		{ LDNS_RCODE_NOTAUTH, "the server does not take this key" },
		{ LDNS_RCODE_REFUSED, "refused" },
		{ LDNS_RCODE_NOTZONE, "the name is not in the zone" },
		{ LDNS_RCODE_NOTIMPL, "the server takes no updates" },
	};
	ldns_pkt_rcode code = ldns_pkt_get_rcode(p);
	const char *wrong = code == LDNS_RCODE_NOERROR ? NULL : "the server has failed";
	struct prefix address;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		if (wrongs[i].code == code)
			wrong = wrongs[i].words;
	finish(a, wrong, !wrong && address_in(p, a->type, &address) ? &address : NULL);
}

static void received(void *context, const struct udp_datagram *datagram)
{
	struct dns *d = context;
	struct asked *a = NULL;
	ldns_pkt *p = NULL;

	if (!endpoint_equal(&datagram->peer, &d->config.server) ||
		ldns_wire2pkt(&p, datagram->data.data, datagram->data.size) != LDNS_STATUS_OK)
		return;
	for (unsigned i = 0; i < ASKED_MAX; i++)
		if (d->asked[i].wire && d->asked[i].id == ldns_pkt_id(p))
			a = &d->asked[i];
	if (a && ldns_pkt_qr(p) && believable(a, p, datagram->data))
		take_answer(a, p);
	ldns_pkt_free(p);
}

/* --- questions -------------------------------------------------------------------------------- */

static int ask(struct asked *a, ldns_pkt *p)
{
	const struct dns_config *c = &a->dns->config;
	ldns_status status = LDNS_STATUS_OK;

	if (getrandom(&a->id, sizeof(a->id), 0) != sizeof(a->id))
		abort();
	ldns_pkt_set_id(p, a->id);
	if (a->updated && c->key)
		status = ldns_pkt_tsig_sign(p, c->key, c->secret, FUDGE, "hmac-sha256.", NULL);
	if (status == LDNS_STATUS_OK && ldns_pkt_tsig(p))
		a->mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(p), 3));
	if (status == LDNS_STATUS_OK)
		status = ldns_pkt2wire(&a->wire, p, &a->size);
	ldns_pkt_free(p);
	if (status != LDNS_STATUS_OK) {
		forget(a);
		return -EINVAL;
	}
	a->tries = 0;
	send_now(a);
	return 0;
}

/* RFC 2136 §2.5.2: what there was of that type goes. */
static ldns_rr *all_of(const ldns_rdf *owner, ldns_rr_type type)
{
	ldns_rr *rr = ldns_rr_new();

	ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
	ldns_rr_set_type(rr, type);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_ANY);
	ldns_rr_set_ttl(rr, 0);
	return rr;
}

static ldns_rr *one(const ldns_rdf *owner, const struct prefix *address, btime ttl)
{
	ldns_rr *rr = ldns_rr_new();

	ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
	ldns_rr_set_type(rr, type_of(address->family));
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, (uint32_t)(ttl / BTIME_S));
	ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(address->family == AF_INET6 ?
			LDNS_RDF_TYPE_AAAA : LDNS_RDF_TYPE_A,
		ip_size(address->family), address->address));
	return rr;
}

int dns_update(struct dns *d, const char *name, const struct prefix *address, btime ttl,
	dns_updated *done, void *context)
{
	struct asked *a = &d->asked[0];
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	ldns_rdf *zone = ldns_dname_new_frm_str(d->config.zone ? d->config.zone : "");
	ldns_rr_list *list = ldns_rr_list_new();
	ldns_pkt *p = NULL;

	if (owner && zone) {
		ldns_rr_list_push_rr(list, all_of(owner, type_of(address->family)));
		ldns_rr_list_push_rr(list, one(owner, address, ttl));
		p = ldns_update_pkt_new(zone, LDNS_RR_CLASS_IN, NULL, list, NULL);
	}
	ldns_rdf_deep_free(owner);
	if (!p)
		ldns_rdf_deep_free(zone);
	ldns_rr_list_deep_free(list);
	if (!p)
		return -EINVAL;
	forget(a);
	a->updated = done;
	a->context = context;
	return ask(a, p);
}

int dns_lookup(struct dns *d, const char *name, uint8_t family, dns_found *found, void *context)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	struct asked *a = &d->asked[1];
	ldns_pkt *p;

	while (a < d->asked + ASKED_MAX && a->wire)
		a++;
	if (!owner || a == d->asked + ASKED_MAX) {
		ldns_rdf_deep_free(owner);
		return owner ? -EBUSY : -EINVAL;
	}
	p = ldns_pkt_query_new(owner, type_of(family), LDNS_RR_CLASS_IN, LDNS_RD);
	a->type = type_of(family);
	a->found = found;
	a->context = context;
	return ask(a, p);
}

/* --- life ------------------------------------------------------------------------------------- */

struct dns *dns_new(struct loop *loop, const struct dns_config *config)
{
	struct dns *d = host_alloc(sizeof(*d));
	struct endpoint any = { .family = config->server.family };

	d->config = *config;
	d->udp = udp_open(loop, &any, NULL, received, d);
	if (!d->udp) {
		free(d);
		return NULL;
	}
	for (unsigned i = 0; i < ASKED_MAX; i++) {
		d->asked[i].dns = d;
		d->asked[i].timer = timer_new(loop, no_answer, &d->asked[i]);
	}
	return d;
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < ASKED_MAX; i++) {
		forget(&d->asked[i]);
		timer_free(d->asked[i].timer);
	}
	udp_close(d->udp);
	free(d);
}
