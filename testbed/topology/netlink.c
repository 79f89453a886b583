// SPDX-License-Identifier: Apache-2.0

#include "testbed/topology/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/msg.h>

#include <stdlib.h>
#include <string.h>

/* A libnl status as an errno. The kernel's own errors arrive mapped. */
static int to_errno(int status)
{
	switch (-status) {
	case 0:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_RANGE:
		return -ERANGE;
	case NLE_NOADDR:
		return -EADDRNOTAVAIL;
	case NLE_AGAIN:
		return -EAGAIN;
	default:
		return -EPROTO;
	}
}

int netlink_open(int protocol, struct nl_sock **out)
{
	struct nl_sock *s = nl_socket_alloc();
	int status;

	if (!s)
		abort();
	status = nl_connect(s, protocol);
	if (status < 0) {
		nl_socket_free(s);
		return to_errno(status);
	}
	*out = s;
	return 0;
}

int netlink_do(struct nl_sock *s, struct nl_msg *msg)
{
	int status = nl_send_auto(s, msg);

	nlmsg_free(msg);
	return to_errno(status < 0 ? status : nl_wait_for_ack(s));
}

static struct nl_msg *new_message(int type, int flags, const void *header, size_t length)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags);

	if (!msg || nlmsg_append(msg, (void *)(uintptr_t)header, length, NLMSG_ALIGNTO))
		abort();
	return msg;
}

static void put(struct nl_msg *msg, int type, const void *data, size_t length)
{
	if (nla_put(msg, type, length, data))
		abort();
}

static void put_text(struct nl_msg *msg, int type, const char *text)
{
	put(msg, type, text, strlen(text) + 1);
}

static struct nlattr *nest(struct nl_msg *msg, int type)
{
	struct nlattr *start = nla_nest_start(msg, type);

	if (!start)
		abort();
	return start;
}

int wire_create(struct nl_sock *s, const struct wire_end *a, const struct wire_end *b,
	int b_network)
{
	struct ifinfomsg here = { .ifi_index = a->index }, there = { .ifi_index = b->index };
	struct nl_msg *msg =
		new_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &here, sizeof(here));
	struct nlattr *info, *data, *peer;

	put_text(msg, IFLA_IFNAME, a->interface);
	put(msg, IFLA_ADDRESS, a->mac, 6);
	info = nest(msg, IFLA_LINKINFO);
	put_text(msg, IFLA_INFO_KIND, "veth");
	data = nest(msg, IFLA_INFO_DATA);
	peer = nest(msg, VETH_INFO_PEER);
	if (nlmsg_append(msg, &there, sizeof(there), NLMSG_ALIGNTO))
		abort();
	put_text(msg, IFLA_IFNAME, b->interface);
	put(msg, IFLA_ADDRESS, b->mac, 6);
	put(msg, IFLA_NET_NS_FD, &b_network, sizeof(b_network));
	nla_nest_end(msg, peer);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return netlink_do(s, msg);
}

int bridge_create(struct nl_sock *s, int index, const uint8_t *mac)
{
	struct ifinfomsg header = { .ifi_index = index };
	struct nl_msg *msg =
		new_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	struct nlattr *info, *data;
	uint32_t zero = 0;

	put_text(msg, IFLA_IFNAME, "br0");
	put(msg, IFLA_ADDRESS, mac, 6);
	info = nest(msg, IFLA_LINKINFO);
	put_text(msg, IFLA_INFO_KIND, "bridge");
	data = nest(msg, IFLA_INFO_DATA);
	put(msg, IFLA_BR_STP_STATE, &zero, sizeof(zero));
	put(msg, IFLA_BR_FORWARD_DELAY, &zero, sizeof(zero));
	put(msg, IFLA_BR_MCAST_SNOOPING, &(uint8_t){ 0 }, 1);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return netlink_do(s, msg);
}

int tunnel_create(struct nl_sock *s, const char *name, uint32_t local, uint32_t remote)
{
	struct ifinfomsg header = { 0 };
	struct nl_msg *msg =
		new_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	struct nlattr *info, *data;

	put_text(msg, IFLA_IFNAME, name);
	info = nest(msg, IFLA_LINKINFO);
	put_text(msg, IFLA_INFO_KIND, "ipip");
	data = nest(msg, IFLA_INFO_DATA);
	put(msg, IFLA_IPTUN_LOCAL, &local, sizeof(local));
	put(msg, IFLA_IPTUN_REMOTE, &remote, sizeof(remote));
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return netlink_do(s, msg);
}

int interface_remove(struct nl_sock *s, const char *name)
{
	struct ifinfomsg header = { 0 };
	struct nl_msg *msg = new_message(RTM_DELLINK, 0, &header, sizeof(header));

	put_text(msg, IFLA_IFNAME, name);
	return netlink_do(s, msg);
}

int bridge_add_port(struct nl_sock *s, int bridge, int port)
{
	struct ifinfomsg header = { .ifi_index = port };
	struct nl_msg *msg = new_message(RTM_NEWLINK, 0, &header, sizeof(header));

	put(msg, IFLA_MASTER, &bridge, sizeof(bridge));
	return netlink_do(s, msg);
}

int interface_set_up(struct nl_sock *s, int index, bool up)
{
	struct ifinfomsg header = { .ifi_index = index,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP };

	return netlink_do(s, new_message(RTM_NEWLINK, 0, &header, sizeof(header)));
}

bool interface_is_running(struct nl_sock *s, int index)
{
	struct ifinfomsg header = { .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST);
	unsigned char *reply = NULL;
	struct sockaddr_nl from;
	bool running = false;
	int got;

	if (!msg || nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO))
		abort();
	got = nl_send_auto(s, msg);
	nlmsg_free(msg);
	if (got >= 0)
		got = nl_recv(s, &from, &reply, NULL);
	if (got >= (int)(NLMSG_HDRLEN + sizeof(header))) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)reply;

		running = h->nlmsg_type == RTM_NEWLINK &&
			((const struct ifinfomsg *)nlmsg_data(h))->ifi_flags & IFF_RUNNING;
	}
	if (got > 0) {
		free(reply);
		nl_wait_for_ack(s); /* follows the answer */
	}
	return running;
}

static size_t address_length(const struct topology_address *a)
{
	return a->family == AF_INET ? 4 : 16;
}

int space_address_add(struct nl_sock *s, int index, const struct topology_address *a)
{
	/* Duplicate address detection belongs to the experiments, not to the fixed addresses. */
	struct ifaddrmsg header = { .ifa_family = a->family,
		.ifa_prefixlen = a->prefix,
		.ifa_index = index,
		.ifa_flags = a->family == AF_INET6 ? IFA_F_NODAD : 0 };
	struct nl_msg *msg =
		new_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));

	put(msg, IFA_LOCAL, a->bytes, address_length(a));
	put(msg, IFA_ADDRESS, a->bytes, address_length(a));
	if (a->family == AF_INET && a->prefix < 31) {
		uint8_t broadcast[4];

		for (unsigned i = 0; i < 4; i++) {
			unsigned bits = a->prefix >= 8 * (i + 1) ? 8
				: a->prefix <= 8 * i		 ? 0
								 : a->prefix - 8 * i;

			broadcast[i] = a->bytes[i] | (0xff >> bits);
		}
		put(msg, IFA_BROADCAST, broadcast, sizeof(broadcast));
	}
	return netlink_do(s, msg);
}

int route_add(struct nl_sock *s, const struct topology_route *r)
{
	struct rtmsg header = { .rtm_family = r->via.family,
		.rtm_dst_len = r->to.prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST };
	struct nl_msg *msg =
		new_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));

	if (r->to.prefix)
		put(msg, RTA_DST, r->to.bytes, address_length(&r->via));
	put(msg, RTA_GATEWAY, r->via.bytes, address_length(&r->via));
	return netlink_do(s, msg);
}

static int impairment_remove(struct nl_sock *s, int index)
{
	struct tcmsg header = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT };
	int error = netlink_do(s, new_message(RTM_DELQDISC, 0, &header, sizeof(header)));

	return error == -ENOENT || error == -EINVAL ? 0 : error; /* there was none */
}

/* Packets a queue holds while they are delayed: a quarter of a second of small packets at about
   100 Mbit/s, so that a delay never turns into loss in an experiment. */
#define IMPAIRMENT_LIMIT 20000

int impairment_set(struct nl_sock *s, int index, const struct network_impairment *i)
{
	struct tcmsg header = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT };
	struct tc_netem_qopt options = { .limit = IMPAIRMENT_LIMIT,
		.loss = (uint32_t)((double)i->loss_ppm / 1e6 * UINT32_MAX) };
	struct tc_netem_rate rate = { .rate = i->rate_bps / 8 < UINT32_MAX ? i->rate_bps / 8
									   : UINT32_MAX };
	uint64_t rate64 = i->rate_bps / 8;
	struct nl_msg *msg;
	struct nlattr *nested;

	if (!i->delay_ns && !i->jitter_ns && !i->loss_ppm && !i->rate_bps)
		return impairment_remove(s, index);
	msg = new_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	put_text(msg, TCA_KIND, "netem");
	nested = nest(msg, TCA_OPTIONS);
	if (nlmsg_append(msg, &options, sizeof(options), NLMSG_ALIGNTO))
		abort();
	put(msg, TCA_NETEM_LATENCY64, &(int64_t){ i->delay_ns }, sizeof(int64_t));
	put(msg, TCA_NETEM_JITTER64, &(int64_t){ i->jitter_ns }, sizeof(int64_t));
	if (i->rate_bps) {
		put(msg, TCA_NETEM_RATE, &rate, sizeof(rate));
		if (rate64 >= UINT32_MAX)
			put(msg, TCA_NETEM_RATE64, &rate64, sizeof(rate64));
	}
	nla_nest_end(msg, nested);
	return netlink_do(s, msg);
}
