// SPDX-License-Identifier: Apache-2.0
/*
 * What a Child SA carries, and what a peer may have one for: the connection's selectors; where that
 * allows it, DHCP for a host that has no address yet (RFC 3456 §4.1), and then the address that
 * DHCP has given to it.
 */
#include <arpa/inet.h>

#include "ref/base/mutant.h"
#include "ref/isakmp/isakmp_inside.h"

#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67
#define UDP 17

struct ike_ts isakmp_host_ts(const struct endpoint *e)
{
	bool v6 = e->family == AF_INET6;
	struct ike_ts ts = { .type = v6 ? IKE_TS_IPV6_ADDR_RANGE : IKE_TS_IPV4_ADDR_RANGE,
		.end_port = 65535 };

	memcpy(ts.start, e->address, v6 ? 16 : 4);
	memcpy(ts.end, e->address, v6 ? 16 : 4);
	return ts;
}

static struct ike_ts_list policy(const struct isakmp_sa *sa, bool remote)
{
	const struct ike_ts_list *own = remote ? &sa->connection->remote_ts
					       : &sa->connection->local_ts;

	if (own->count)
		return *own;
	return (struct ike_ts_list){ 1, { isakmp_host_ts(remote ? &sa->peer : &sa->local) } };
}

bool isakmp_flow_of(const struct isakmp_sa *sa, struct isakmp_flow *flow)
{
	struct ike_ts_list local = policy(sa, false), remote = policy(sa, true);

	*flow = (struct isakmp_flow){ local.list[0], remote.list[0], sa->connection->transport };
	return local.count == 1 && remote.count == 1;
}

bool isakmp_same_ts(const struct ike_ts *a, const struct ike_ts *b)
{
	return a->type == b->type && a->protocol == b->protocol &&
		a->start_port == b->start_port && a->end_port == b->end_port &&
		memcmp(a->start, b->start, 16) == 0 && memcmp(a->end, b->end, 16) == 0;
}

bool isakmp_same_flow(const struct isakmp_flow *a, const struct isakmp_flow *b)
{
	return isakmp_same_ts(&a->local, &b->local) && isakmp_same_ts(&a->remote, &b->remote) &&
		a->transport == b->transport;
}

/* One UDP port of one address. */
static struct ike_ts port_ts(const struct endpoint *e, uint16_t port)
{
	struct ike_ts ts = isakmp_host_ts(e);

	ts.protocol = UDP;
	ts.start_port = ts.end_port = port;
	return ts;
}

struct isakmp_flow isakmp_dhcp_flow(const struct endpoint *gateway)
{
	struct endpoint nowhere = { .family = AF_INET };

	return (struct isakmp_flow){ port_ts(&nowhere, DHCP_CLIENT_PORT),
		port_ts(gateway, DHCP_SERVER_PORT), false };
}

static bool is_port(const struct ike_ts *ts, uint16_t port)
{
	return ts->protocol == UDP && ts->start_port == port && ts->end_port == port;
}

/* From a host without an address to the DHCP server's port. */
static bool dhcp_between(const struct ike_ts *host, const struct ike_ts *gateway)
{
	static const uint8_t nowhere[16];

	return memcmp(host->start, nowhere, 16) == 0 && memcmp(host->end, nowhere, 16) == 0 &&
		is_port(host, DHCP_CLIENT_PORT) && is_port(gateway, DHCP_SERVER_PORT);
}

bool isakmp_flow_is_dhcp(const struct isakmp_flow *f)
{
	return dhcp_between(&f->local, &f->remote) || dhcp_between(&f->remote, &f->local);
}

bool isakmp_child_is_dhcp(const struct ike_child_info *info)
{
	return info->local_ts.count == 1 && info->remote_ts.count == 1 && !info->transport &&
		isakmp_flow_is_dhcp(&(struct isakmp_flow){ info->local_ts.list[0],
			info->remote_ts.list[0], false });
}

void isakmp_sa_lease(struct isakmp_sa *sa, const struct endpoint *address)
{
	sa->lease = *address;
}

/* RFC 3456 §4 step e: the new address as the identity. */
static bool is_leased(const struct isakmp_sa *sa, const struct ike_ts *remote)
{
	struct ike_ts leased = isakmp_host_ts(&sa->lease);

	return sa->lease.family == AF_INET && isakmp_same_ts(remote, &leased);
}

/* What is agreed on already may be agreed on anew, by either end. */
static bool is_present(const struct isakmp_sa *sa, const struct isakmp_flow *f)
{
	const struct isakmp_child *c = sa->children;

	while (c && !(isakmp_same_ts(&c->flow.local, &f->local) &&
			    isakmp_same_ts(&c->flow.remote, &f->remote)))
		c = c->next;
	return c != NULL;
}

bool isakmp_flow_allowed(const struct isakmp_sa *sa, const struct isakmp_flow *f)
{
	struct ike_ts_list local = { 1, { f->local } }, remote = { 1, { f->remote } };
	struct ike_ts_list here = policy(sa, false), there = policy(sa, true);

	if (sa->connection->dhcp_sa && dhcp_between(&f->remote, &f->local))
		return true;
	if (is_present(sa, f) || MUTANT(isakmp_any_selectors))
		return true;
	return ike_ts_within(&local, &here) &&
		(is_leased(sa, &f->remote) || ike_ts_within(&remote, &there));
}

/* RFC 2409 §5.5: both or none; without them the addresses of the ends are meant. */
int isakmp_read_flow(const struct isakmp_sa *sa, const struct packet *p, struct isakmp_flow *flow,
	struct reject *reject)
{
	const struct element_value *first = packet_find(p, 0, ISAKMP_PAYLOAD_ID);
	const struct element_value *second = packet_find_nth(p, 0, ISAKMP_PAYLOAD_ID, 1);

	flow->local = isakmp_host_ts(&sa->local);
	flow->remote = isakmp_host_ts(&sa->peer);
	if (!first)
		return 0;
	if (!second)
		return reject_set(reject, REJECT_MISSING, "IDcr", "RFC 2409 §5.5", first->offset, 1);
	return isakmp_read_selector(first, &flow->remote, reject) < 0 ||
			isakmp_read_selector(second, &flow->local, reject) < 0
		? -1
		: 0;
}
