// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/host/kernel_nl.h"
#include "ref/host/loop.h"
#include "ref/host/route.h"

/* --- routes ----------------------------------------------------------------------------------- */

static struct nl_msg *route_message(int type, int flags, const struct route *r, unsigned index)
{
	unsigned table = r->table ? r->table : ROUTE_TABLE_MAIN;
	struct rtmsg header = { .rtm_family = r->to.family,
		.rtm_dst_len = r->to.length,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = KERNEL_PROTOCOL,
		.rtm_scope = r->via.family || r->to.family == AF_INET6 ? RT_SCOPE_UNIVERSE :
									  RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = r->on_link ? RTNH_F_ONLINK : 0 };
	struct nl_msg *m = message_new(type, flags, &header, sizeof(header));

	put_u32(m, RTA_TABLE, table);
	if (r->to.length)
		put_address(m, RTA_DST, &r->to);
	if (r->via.family)
		put_address(m, RTA_GATEWAY, &r->via);
	if (r->source.family)
		put_address(m, RTA_PREFSRC, &r->source);
	if (index)
		put_u32(m, RTA_OIF, index);
	if (r->metric)
		put_u32(m, RTA_PRIORITY, r->metric);
	if (r->window) {
		struct nlattr *metrics = nest_begin(m, RTA_METRICS);
		put_u32(m, RTAX_INITCWND, r->window);
		nest_end(m, metrics);
	}
	return m;
}

/* The message that removes it names destination, table and metric only, so that it fits the route
 * whatever its way has become. */
static struct nl_msg *route_undo(const struct route *r)
{
	struct route bare = { .to = prefix_network(&r->to),
		.table = r->table,
		.metric = r->metric };
	struct nl_msg *m = route_message(RTM_DELROUTE, 0, &bare, 0);
	struct rtmsg *header = nlmsg_data(nlmsg_hdr(m));

	header->rtm_scope = RT_SCOPE_NOWHERE;
	return m;
}

int route_set(struct kernel *k, const struct route *route)
{
	struct route r = *route;
	unsigned index = r.device ? if_nametoindex(r.device) : 0;
	char to[PREFIX_TEXT], via[PREFIX_TEXT];
	int result;

	r.to = prefix_network(&r.to);
	prefix_text(&r.to, to);
	if (r.device && !index)
		return kernel_fail(k, ENODEV, "adding route %s: interface %s", to, r.device);
	result = kernel_request(k, KERNEL_ROUTE,
		route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &r, index),
		"adding route %s via %s", to,
		r.via.family ? address_text(&r.via, via) : r.device ? r.device : "?");
	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE, route_undo(&r));
	return result;
}

int route_delete(struct kernel *k, const struct route *route)
{
	char to[PREFIX_TEXT];

	return kernel_undo(k, KERNEL_ROUTE, route_undo(route), "deleting route %s",
		prefix_text(&route->to, to));
}

static struct prefix take_prefix(const struct nlattr *a, uint8_t family)
{
	struct prefix p = { 0 };

	if (a && nla_len(a) == (int)ip_size(family)) {
		p.family = family;
		p.length = (uint8_t)(8 * ip_size(family));
		memcpy(p.address, nla_data(a), ip_size(family));
	}
	return p;
}

static void take_route(void *context, struct nlmsghdr *h)
{
	struct route_answer *out = context;
	struct nlattr *attributes[RTA_MAX + 1];
	const struct rtmsg *info = nlmsg_data(h);

	if (h->nlmsg_type != RTM_NEWROUTE ||
		nlmsg_parse(h, sizeof(*info), attributes, RTA_MAX, NULL) < 0)
		return;
	out->via = take_prefix(attributes[RTA_GATEWAY], info->rtm_family);
	out->source = take_prefix(attributes[RTA_PREFSRC], info->rtm_family);
	if (attributes[RTA_OIF])
		out->ifindex = nla_get_u32(attributes[RTA_OIF]);
	if (!if_indextoname(out->ifindex, out->device))
		out->device[0] = '\0';
}

int route_lookup(struct kernel *k, const struct prefix *to, const struct prefix *source,
	struct route_answer *out)
{
	struct rtmsg header = { .rtm_family = to->family,
		.rtm_dst_len = (uint8_t)(8 * ip_size(to->family)) };
	struct nl_msg *m = message_new(RTM_GETROUTE, 0, &header, sizeof(header));
	char text[PREFIX_TEXT];
	int result;

	*out = (struct route_answer){ 0 };
	put_address(m, RTA_DST, to);
	if (source && source->family) {
		((struct rtmsg *)nlmsg_data(nlmsg_hdr(m)))->rtm_src_len = header.rtm_dst_len;
		put_address(m, RTA_SRC, source);
	}
	result = kernel_query(k, KERNEL_ROUTE, m, take_route, out);
	if (result < 0)
		return kernel_fail(k, -result, "no route to %s", address_text(to, text));
	return 0;
}

/* --- rules ------------------------------------------------------------------------------------ */

static struct nl_msg *rule_message(int type, int flags, const struct route_rule *r)
{
	struct fib_rule_hdr header = { .family = r->family,
		.dst_len = r->to.family ? r->to.length : 0,
		.src_len = r->from.family ? r->from.length : 0,
		.action = FR_ACT_TO_TBL,
		.flags = r->except ? FIB_RULE_INVERT : 0 };
	struct nl_msg *m = message_new(type, flags, &header, sizeof(header));

	put_u32(m, FRA_TABLE, r->table);
	put_u32(m, FRA_PRIORITY, r->priority);
	put_u8(m, FRA_PROTOCOL, KERNEL_PROTOCOL);
	if (r->from.family)
		put_address(m, FRA_SRC, &r->from);
	if (r->to.family)
		put_address(m, FRA_DST, &r->to);
	if (r->mark)
		put_u32(m, FRA_FWMARK, r->mark);
	return m;
}

int rule_add(struct kernel *k, const struct route_rule *rule)
{
	int result = kernel_request(k, KERNEL_ROUTE,
		rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule),
		"adding the routing rule %u for table %u", rule->priority, rule->table);

	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE, rule_message(RTM_DELRULE, 0, rule));
	return result;
}

int rule_delete(struct kernel *k, const struct route_rule *rule)
{
	return kernel_undo(k, KERNEL_ROUTE, rule_message(RTM_DELRULE, 0, rule),
		"deleting the routing rule %u", rule->priority);
}

/* --- sweeping --------------------------------------------------------------------------------- */

/* Own routes and rules, turned into requests that delete them as the dump showed them. */
struct sweep {
	struct nl_msg *list[256];
	unsigned count;
};

static void note(struct sweep *own, struct nlmsghdr *h, int type)
{
	struct nl_msg *m;

	if (own->count == sizeof(own->list) / sizeof(own->list[0]))
		return;
	m = message_new(type, 0, nlmsg_data(h), (size_t)nlmsg_datalen(h));
	own->list[own->count++] = m;
}

static void note_route(void *context, struct nlmsghdr *h)
{
	const struct rtmsg *info = nlmsg_data(h);

	if (info->rtm_protocol == KERNEL_PROTOCOL)
		note(context, h, RTM_DELROUTE);
}

static void note_rule(void *context, struct nlmsghdr *h)
{
	struct nlattr *attributes[FRA_MAX + 1];

	if (nlmsg_parse(h, sizeof(struct fib_rule_hdr), attributes, FRA_MAX, NULL) == 0 &&
		attributes[FRA_PROTOCOL] && nla_get_u8(attributes[FRA_PROTOCOL]) == KERNEL_PROTOCOL)
		note(context, h, RTM_DELRULE);
}

int routes_sweep(struct kernel *k)
{
	struct rtmsg header = { .rtm_family = AF_UNSPEC };
	struct sweep own = { .count = 0 };
	int result, each;

	result = kernel_query(k, KERNEL_ROUTE,
		message_new(RTM_GETRULE, NLM_F_DUMP, &header, sizeof(header)), note_rule, &own);
	each = kernel_query(k, KERNEL_ROUTE,
		message_new(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header)), note_route, &own);
	if (result == 0)
		result = each;
	for (unsigned i = 0; i < own.count; i++) {
		each = kernel_request(k, KERNEL_ROUTE, own.list[i],
			"removing a route of an earlier run");
		if (each < 0 && each != -ESRCH && each != -ENOENT)
			result = each;
	}
	return result;
}
