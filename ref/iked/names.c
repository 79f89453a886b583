// SPDX-License-Identifier: Apache-2.0
/*
 * Names (docs/address-change.md §5.7): ours has our new address as soon as we have it; that of a
 * peer that does not answer our change tells where the peer is, when it has moved as well.
 */
#include <errno.h>
#include <stdlib.h>

#include "ref/host/dns.h"
#include "ref/iked/iked.h"

#define SILENCE BTIME_S /* of a peer, before its name is asked for; and between questions */

struct names {
	struct dns *dns;
	struct timer *timer;
	struct endpoint told; /* the address that our name was given last */
};

static const char *name_of_peer(const struct iked *d, const struct ike_sa *sa)
{
	const struct iked_connection *list = d->settings->connections.items;

	return list[sa_connection(sa) - d->connections].peer_name;
}

static void updated(void *context, const char *wrong)
{
	struct iked *d = context;

	if (wrong)
		log_warning(d->node->log, "our address is not in the DNS: %s", wrong);
	else
		log_event_json(d->node->log, "name_updated",
			json_pack("{s:s}", "name", d->settings->dns->name));
}

/* --- where a peer is -------------------------------------------------------------------------- */

/* The SA may be gone, or be another one's, by the time of the answer. */
struct question {
	struct iked *iked;
	uint64_t spi_i, spi_r;
};

static void found(void *context, const struct prefix *address)
{
	struct question *q = context;
	struct iked *d = q->iked;
	struct ike_sa *sa = sa_next(d, NULL);
	struct endpoint peer;

	while (sa && (sa_spi_i(sa) != q->spi_i || sa_spi_r(sa) != q->spi_r))
		sa = sa_next(d, sa);
	free(q);
	if (!sa || sa_is_old(sa) || !address)
		return;
	peer = endpoint_of_prefix(address, 0);
	if (memcmp(peer.address, ike_sa_sends_to(sa)->address, 16) != 0)
		carry_peer_at(d, sa, &peer);
}

static void ask(struct iked *d, struct ike_sa *sa)
{
	struct question *q = host_alloc(sizeof(*q));

	*q = (struct question){ .iked = d, .spi_i = sa_spi_i(sa), .spi_r = sa_spi_r(sa) };
	if (dns_lookup(d->names->dns, name_of_peer(d, sa), sa_peer(sa)->family, found, q) < 0)
		free(q);
}

static void silence(void *context)
{
	struct iked *d = context;
	bool any = false;

	for (struct ike_sa *sa = sa_next(d, NULL); sa; sa = sa_next(d, sa)) {
		if (!sa_changing(sa) || !name_of_peer(d, sa))
			continue;
		any = true;
		ask(d, sa);
	}
	if (any)
		timer_set(d->names->timer, btime_add(loop_now(), SILENCE));
}

/* --- what the node calls ---------------------------------------------------------------------- */

void names_moved(struct iked *d, const struct endpoint *to)
{
	const struct iked_dns *c = d->settings->dns;
	struct prefix address = prefix_of_endpoint(to);

	if (!d->names)
		return;
	timer_set(d->names->timer, btime_add(loop_now(), SILENCE));
	if (!c->name || endpoint_equal(&d->names->told, to))
		return;
	d->names->told = *to;
	if (dns_update(d->names->dns, c->name, &address, c->ttl, updated, d) < 0)
		log_warning(d->node->log, "our address is not in the DNS: name, zone or key is none");
}

int names_start(struct iked *d)
{
	const struct iked_dns *from = d->settings->dns;
	struct dns_config config;

	if (!from)
		return 0;
	config = (struct dns_config){ .server = from->server, .zone = from->zone, .key = from->key,
		.secret = from->secret };
	d->names = host_alloc(sizeof(*d->names));
	d->names->timer = timer_new(d->node->loop, silence, d);
	d->names->dns = dns_new(d->node->loop, &config);
	if (d->names->dns)
		return 0;
	log_error(d->node->log, "a socket for the DNS: %s", strerror(errno));
	return -1;
}

void names_stop(struct iked *d)
{
	if (!d->names)
		return;
	dns_free(d->names->dns);
	timer_free(d->names->timer);
	free(d->names);
}
