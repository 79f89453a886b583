// SPDX-License-Identifier: Apache-2.0
//
// Simulated radios (mac80211_hwsim). They are created in the keeper's own network namespace, which
// makes them one medium of their own, and then moved to the nodes. Every radio belongs to one
// netlink socket of the keeper and vanishes with it; should the socket outlive them, the end of
// the node's namespace removes them too.

#include <errno.h>
#include <linux/nl80211.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "testbed/topology/keeper_private.h"
#include "testbed/topology/netlink.h"

/* The generic netlink family MAC80211_HWSIM has no header among the kernel's exported ones. */
enum {
	HWSIM_CMD_NEW_RADIO = 4,
	HWSIM_ATTR_REG_CUSTOM_REG = 12,
	HWSIM_ATTR_DESTROY_RADIO_ON_CLOSE = 16,
	HWSIM_ATTR_RADIO_NAME = 17,
	HWSIM_ATTR_NO_VIF = 18,
	HWSIM_ATTR_PERM_ADDR = 22,
};

/* The domain of hwsim in which an access point may use topology_channels. */
#define HWSIM_WORLD_REGULATORY_DOMAIN 0

struct family {
	struct nl_sock *socket;
	int id;
};

static int family_open(const char *name, uint32_t port, struct family *f)
{
	f->socket = nl_socket_alloc();
	if (!f->socket)
		abort();
	if (port)
		nl_socket_set_local_port(f->socket, port);
	if (genl_connect(f->socket) == 0) {
		f->id = genl_ctrl_resolve(f->socket, name);
		if (f->id >= 0)
			return 0;
	}
	nl_socket_free(f->socket);
	return -ENOTSUP;
}

static struct nl_msg *command(const struct family *f, int command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, f->id, 0, flags, command, 0))
		abort();
	return msg;
}

static void put(struct nl_msg *msg, int type, const void *data, size_t length)
{
	if (nla_put(msg, type, length, data))
		abort();
}

static void put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	put(msg, type, &value, sizeof(value));
}

static char *wiphy_name(const struct keeper *k, const struct topology_radio *r)
{
	char *name;

	if (asprintf(&name, "%s.%s", k->start->name, r->name) < 0)
		abort();
	return name;
}

/* The kernel acknowledges a new radio with its number, a positive "error". */
static int note_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *argument)
{
	(void)from, (void)argument;
	return e->error > 0 ? NL_SKIP : -nl_syserr2nlerr(e->error);
}

static int create_radio(struct keeper *k, const struct family *hwsim,
	const struct topology_radio *r)
{
	struct nl_msg *msg = command(hwsim, HWSIM_CMD_NEW_RADIO, NLM_F_ACK);
	char *name = wiphy_name(k, r);

	put(msg, HWSIM_ATTR_RADIO_NAME, name, strlen(name));
	put(msg, HWSIM_ATTR_PERM_ADDR, r->end.mac.bytes, sizeof(r->end.mac.bytes));
	put(msg, HWSIM_ATTR_NO_VIF, NULL, 0);
	put(msg, HWSIM_ATTR_DESTROY_RADIO_ON_CLOSE, NULL, 0);
	put_u32(msg, HWSIM_ATTR_REG_CUSTOM_REG, HWSIM_WORLD_REGULATORY_DOMAIN);
	free(name);
	return netlink_do(hwsim->socket, msg);
}

/* --- from name to index --------------------------------------------------------------------- */

struct search {
	const char *name;
	int64_t index;
};

static int note_wiphy(struct nl_msg *msg, void *argument)
{
	struct search *s = argument;
	struct nlattr *a[NL80211_ATTR_WIPHY_NAME + 1];

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, NL80211_ATTR_WIPHY_NAME, NULL) == 0 &&
		a[NL80211_ATTR_WIPHY] && a[NL80211_ATTR_WIPHY_NAME] &&
		!strcmp(nla_get_string(a[NL80211_ATTR_WIPHY_NAME]), s->name))
		s->index = nla_get_u32(a[NL80211_ATTR_WIPHY]);
	return NL_OK;
}

/* The index of the radio's wiphy in the namespace of the socket, or -ENODEV. */
static int64_t find_wiphy(const struct family *nl80211, const char *name)
{
	struct search s = { .name = name, .index = -ENODEV };
	struct nl_msg *msg = command(nl80211, NL80211_CMD_GET_WIPHY, NLM_F_DUMP);
	int status;

	nl_socket_modify_cb(nl80211->socket, NL_CB_VALID, NL_CB_CUSTOM, note_wiphy, &s);
	status = nl_send_auto(nl80211->socket, msg);
	nlmsg_free(msg);
	if (status >= 0)
		status = nl_recvmsgs_default(nl80211->socket);
	return status < 0 ? -ENODEV : s.index;
}

/* --- to the node ---------------------------------------------------------------------------- */

/* In the node's network namespace: gives the radio its interface. */
static int create_interface(uint32_t wiphy, const char *name)
{
	struct family nl80211;
	struct nl_msg *msg;
	int error = family_open("nl80211", 0, &nl80211);

	if (error)
		return error;
	msg = command(&nl80211, NL80211_CMD_NEW_INTERFACE, NLM_F_ACK);
	put_u32(msg, NL80211_ATTR_WIPHY, wiphy);
	put(msg, NL80211_ATTR_IFNAME, name, strlen(name) + 1);
	put_u32(msg, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_STATION);
	error = netlink_do(nl80211.socket, msg);
	nl_socket_free(nl80211.socket);
	return error;
}

static int move_radio(struct keeper *k, const struct family *nl80211, size_t i)
{
	const struct topology_radio *r = &k->t->radios[i];
	int network = k->nodes[r->end.node].space.network, error;
	char *name = wiphy_name(k, r);
	int64_t wiphy = find_wiphy(nl80211, name);
	struct nl_msg *msg;

	free(name);
	if (wiphy < 0)
		return wiphy;
	msg = command(nl80211, NL80211_CMD_SET_WIPHY_NETNS, NLM_F_ACK);
	put_u32(msg, NL80211_ATTR_WIPHY, wiphy);
	put_u32(msg, NL80211_ATTR_NETNS_FD, network);
	error = netlink_do(nl80211->socket, msg);
	if (error)
		return error;
	if (setns(network, CLONE_NEWNET))
		return -errno;
	error = create_interface(wiphy, r->end.interface);
	k->radio_index[i] = if_nametoindex(r->end.interface);
	return setns(k->home.network, CLONE_NEWNET) ? -errno : error;
}

int keeper_raise_radios(struct keeper *k)
{
	struct family hwsim, nl80211;
	uint32_t port;
	int error;

	/* The kernel tells the owner of a radio by the port of its socket alone, whatever the
	   namespace, and every keeper has the process id 1: the port has to be random. */
	if (getrandom(&port, sizeof(port), 0) != sizeof(port))
		return -errno;
	error = family_open("MAC80211_HWSIM", port | 1u << 31, &hwsim);
	if (!error)
		error = family_open("nl80211", 0, &nl80211);
	if (error)
		return error;
	k->hwsim = hwsim.socket;
	nl_socket_modify_err_cb(hwsim.socket, NL_CB_CUSTOM, note_error, NULL);
	for (size_t i = 0; i < k->t->n_radios && !error; i++) {
		error = create_radio(k, &hwsim, &k->t->radios[i]);
		if (!error)
			error = move_radio(k, &nl80211, i);
		if (error)
			diagnostics_add(&k->findings, k->t->path, k->t->radios[i].line,
				"creating radio %s failed: %s", k->t->radios[i].name,
				strerror(-error));
	}
	nl_socket_free(nl80211.socket);
	return error;
}
