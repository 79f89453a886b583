// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "ref/host/kernel_nl.h"
#include "ref/host/link.h"

static struct nl_msg *link_message(int type, int flags, const char *name, unsigned change,
	unsigned value)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC,
		.ifi_change = change,
		.ifi_flags = value };
	struct nl_msg *m = message_new(type, flags, &header, sizeof(header));

	put_text(m, IFLA_IFNAME, name);
	return m;
}

static void take_info(void *context, struct nlmsghdr *h)
{
	struct link_info *out = context;
	struct nlattr *attributes[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(h);

	if (nlmsg_parse(h, sizeof(*info), attributes, IFLA_MAX, NULL) < 0)
		return;
	out->index = (unsigned)info->ifi_index;
	out->up = info->ifi_flags & IFF_UP;
	out->carrier = info->ifi_flags & IFF_RUNNING;
	if (attributes[IFLA_MTU])
		out->mtu = nla_get_u32(attributes[IFLA_MTU]);
	if (attributes[IFLA_ADDRESS] && nla_len(attributes[IFLA_ADDRESS]) == 6)
		memcpy(out->mac, nla_data(attributes[IFLA_ADDRESS]), 6);
}

int link_get(struct kernel *k, const char *name, struct link_info *out)
{
	*out = (struct link_info){ 0 };
	if (!*name || strlen(name) >= IFNAMSIZ)
		return kernel_fail(k, ENODEV, "interface \"%s\"", name);
	if (kernel_query(k, KERNEL_ROUTE, link_message(RTM_GETLINK, 0, name, 0, 0), take_info,
		    out) < 0)
		return kernel_fail(k, ENODEV, "interface %s", name);
	return 0;
}

int link_set_up(struct kernel *k, const char *name, bool up)
{
	struct link_info info;
	int result = link_get(k, name, &info);

	if (result < 0 || info.up == up)
		return result;
	result = kernel_request(k, KERNEL_ROUTE,
		link_message(RTM_NEWLINK, 0, name, IFF_UP, up ? IFF_UP : 0), "switching %s %s",
		name, up ? "on" : "off");
	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE,
			link_message(RTM_NEWLINK, 0, name, IFF_UP, up ? 0 : IFF_UP));
	return result;
}

int link_delete(struct kernel *k, const char *name)
{
	return kernel_undo(k, KERNEL_ROUTE, link_message(RTM_DELLINK, 0, name, 0, 0),
		"deleting interface %s", name);
}

/* Creates the link that the message describes; what an earlier process left gives way. */
static int add_link(struct kernel *k, const char *name, struct nl_msg *m, const char *kind)
{
	struct link_info info;
	int result;

	if (link_get(k, name, &info) == 0)
		link_delete(k, name);
	result = kernel_request(k, KERNEL_ROUTE, m, "creating the %s interface %s", kind, name);
	if (result == -EOPNOTSUPP)
		return kernel_fail(k, EOPNOTSUPP, "this kernel has no %s interfaces", kind);
	if (result == 0)
		kernel_remember(k, KERNEL_ROUTE, link_message(RTM_DELLINK, 0, name, 0, 0));
	return result;
}

#define CREATE (NLM_F_CREATE | NLM_F_EXCL)

int link_add_dummy(struct kernel *k, const char *name)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, CREATE, name, IFF_UP, IFF_UP);
	struct nlattr *info = nest_begin(m, IFLA_LINKINFO);

	put_text(m, IFLA_INFO_KIND, "dummy");
	nest_end(m, info);
	return add_link(k, name, m, "dummy");
}

static struct nl_msg *ipip_message(int flags, const char *name, const struct ipip *ends)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, flags, name, IFF_UP, IFF_UP);
	struct nlattr *info = nest_begin(m, IFLA_LINKINFO), *data;

	put_text(m, IFLA_INFO_KIND, "ipip");
	data = nest_begin(m, IFLA_INFO_DATA);
	put_u32(m, IFLA_IPTUN_LOCAL, prefix_u32(&ends->local));
	put_u32(m, IFLA_IPTUN_REMOTE, prefix_u32(&ends->remote));
	/* RFC 2003 §3.1: the outer TTL is the tunnel's own, not the inner packet's. */
	put_u8(m, IFLA_IPTUN_TTL, 64);
	put_u8(m, IFLA_IPTUN_PMTUDISC, 1);
	if (ends->mark)
		put_u32(m, IFLA_IPTUN_FWMARK, ends->mark);
	nest_end(m, data);
	nest_end(m, info);
	return m;
}

int link_add_ipip(struct kernel *k, const char *name, const struct ipip *ends)
{
	return add_link(k, name, ipip_message(CREATE, name, ends), "ipip");
}

int link_move_ipip(struct kernel *k, const char *name, const struct ipip *ends)
{
	char to[PREFIX_TEXT];

	return kernel_request(k, KERNEL_ROUTE, ipip_message(0, name, ends),
		"moving tunnel %s to %s", name, address_text(&ends->remote, to));
}

int link_add_xfrm(struct kernel *k, const char *name, unsigned interface_id, const char *under)
{
	struct link_info link;
	struct nl_msg *m;
	struct nlattr *info, *data;
	int result = link_get(k, under, &link);

	if (result < 0)
		return result;
	m = link_message(RTM_NEWLINK, CREATE, name, IFF_UP, IFF_UP);
	info = nest_begin(m, IFLA_LINKINFO);
	put_text(m, IFLA_INFO_KIND, "xfrm");
	data = nest_begin(m, IFLA_INFO_DATA);
	put_u32(m, IFLA_XFRM_LINK, link.index);
	put_u32(m, IFLA_XFRM_IF_ID, interface_id);
	nest_end(m, data);
	nest_end(m, info);
	return add_link(k, name, m, "xfrm");
}

static int set_number(struct kernel *k, const char *name, int attribute, unsigned value,
	const char *what)
{
	struct nl_msg *m = link_message(RTM_NEWLINK, 0, name, 0, 0);

	put_u32(m, attribute, value);
	return kernel_request(k, KERNEL_ROUTE, m, "setting the %s of %s to %u", what, name, value);
}

int link_set_mtu(struct kernel *k, const char *name, unsigned mtu)
{
	struct link_info info;
	struct nl_msg *undo;
	int result = link_get(k, name, &info);

	if (result < 0 || info.mtu == mtu)
		return result;
	result = set_number(k, name, IFLA_MTU, mtu, "MTU");
	if (result < 0)
		return result;
	undo = link_message(RTM_NEWLINK, 0, name, 0, 0);
	put_u32(undo, IFLA_MTU, info.mtu);
	kernel_remember(k, KERNEL_ROUTE, undo);
	return 0;
}

int link_set_queue(struct kernel *k, const char *name, unsigned packets)
{
	return set_number(k, name, IFLA_TXQLEN, packets, "transmit queue");
}

struct sweep {
	char names[32][IFNAMSIZ];
	unsigned count;
};

static void note_own(void *context, struct nlmsghdr *h)
{
	struct sweep *own = context;
	struct nlattr *attributes[IFLA_MAX + 1];
	const char *name;

	if (nlmsg_parse(h, sizeof(struct ifinfomsg), attributes, IFLA_MAX, NULL) < 0 ||
		!attributes[IFLA_IFNAME])
		return;
	name = nla_get_string(attributes[IFLA_IFNAME]);
	if (strncmp(name, KERNEL_PREFIX, strlen(KERNEL_PREFIX)) != 0)
		return;
	if (own->count < sizeof(own->names) / sizeof(own->names[0]) && strlen(name) < IFNAMSIZ)
		strcpy(own->names[own->count++], name);
}

int links_sweep(struct kernel *k)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct sweep own = { 0 };
	int result = kernel_query(k, KERNEL_ROUTE,
		message_new(RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header)), note_own, &own);

	for (unsigned i = 0; i < own.count; i++)
		if (link_delete(k, own.names[i]) < 0)
			result = -EBUSY;
	return result;
}
