// SPDX-License-Identifier: Apache-2.0
//
// What is declared comes from the topology, what is true now from the kernel.

#include "testbed/topology/show.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/nl80211.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A libnl socket in the node's network namespace, or NULL. */
static struct nl_sock *open_in(struct network *n, const char *node, int protocol)
{
	int fd = network_socket(n, node, AF_NETLINK, SOCK_RAW, protocol);
	struct nl_sock *s = fd < 0 ? NULL : nl_socket_alloc();

	if (s && nl_socket_set_fd(s, protocol, fd) == 0)
		return s;
	if (s)
		nl_socket_free(s);
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* --- wires and radios ----------------------------------------------------------------------- */

static void show_link(const struct topology_link *l, FILE *f)
{
	const struct topology_end *a = &l->end[0], *b = &l->end[1];

	fprintf(f, "  %16s ---- %s", a->at, l->name);
	if (l->delay_ns)
		fprintf(f, ", %g ms", (double)l->delay_ns / 1e6);
	if (l->jitter_ns)
		fprintf(f, " +/- %g ms", (double)l->jitter_ns / 1e6);
	if (l->loss_ppm)
		fprintf(f, ", %g %% lost", (double)l->loss_ppm / 1e4);
	if (l->rate_bps)
		fprintf(f, ", %g Mbit/s", (double)l->rate_bps / 1e6);
	fprintf(f, " ---- %s\n", b->at);
}

static int note_bssid(struct nl_msg *msg, void *argument)
{
	struct topology_mac *bssid = argument;
	struct nlattr *a[NL80211_ATTR_MAC + 1];

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, NL80211_ATTR_MAC, NULL) == 0 &&
		a[NL80211_ATTR_MAC] && nla_len(a[NL80211_ATTR_MAC]) == sizeof(bssid->bytes)) {
		memcpy(bssid->bytes, nla_data(a[NL80211_ATTR_MAC]), sizeof(bssid->bytes));
		bssid->given = true;
	}
	return NL_OK;
}

/* The access point a station is associated with; not given when none. */
static struct topology_mac get_bssid(struct network *n, const char *node, unsigned index)
{
	struct nl_sock *s = open_in(n, node, NETLINK_GENERIC);
	int family = s ? genl_ctrl_resolve(s, "nl80211") : -1;
	struct topology_mac bssid = { 0 };
	struct nl_msg *msg;

	if (family >= 0) {
		msg = nlmsg_alloc();
		if (!msg ||
			!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP,
				NL80211_CMD_GET_STATION, 0) ||
			nla_put_u32(msg, NL80211_ATTR_IFINDEX, index))
			abort();
		nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, note_bssid, &bssid);
		if (nl_send_auto(s, msg) >= 0)
			nl_recvmsgs_default(s);
		nlmsg_free(msg);
	}
	if (s)
		nl_socket_free(s);
	return bssid;
}

static void show_association(struct network *n, const char *node, unsigned index, FILE *f)
{
	const struct topology *t = network_topology(n);
	struct topology_mac bssid = get_bssid(n, node, index);

	if (!bssid.given)
		fprintf(f, " not associated");
	for (size_t i = 0; bssid.given && i < t->n_radios; i++)
		if (!memcmp(t->radios[i].end.mac.bytes, bssid.bytes, sizeof(bssid.bytes)))
			fprintf(f, " ))) (((  %s, %s", t->radios[i].offered.ssid,
				t->radios[i].end.at);
}

static void show_radio(const struct topology_radio *r, FILE *f)
{
	if (r->mode == RADIO_AP)
		fprintf(f, "  %16s (((  %s, channel %u\n", r->end.at, r->offered.ssid, r->channel);
	else
		fprintf(f, "  %16s )))  knows", r->end.at);
	for (size_t i = 0; i < r->n_known; i++)
		fprintf(f, " %s%s%s", r->known[i].ssid, r->known[i].enabled ? "" : " (when told)",
			i + 1 < r->n_known ? "," : "\n");
}

/* --- nodes ---------------------------------------------------------------------------------- */

struct interfaces {
	struct network *n;
	const char *node;
	struct nl_cache *addresses;
	FILE *f;
};

static bool is_station(const struct topology *t, const char *node, const char *interface)
{
	for (size_t i = 0; i < t->n_radios; i++)
		if (t->radios[i].mode == RADIO_STATION &&
			!strcmp(t->nodes[t->radios[i].end.node].name, node) &&
			!strcmp(t->radios[i].end.interface, interface))
			return true;
	return false;
}

static void show_interface(struct nl_object *object, void *argument)
{
	struct interfaces *in = argument;
	struct rtnl_link *link = (struct rtnl_link *)object;
	int index = rtnl_link_get_ifindex(link);
	const char *name = rtnl_link_get_name(link);
	unsigned flags = rtnl_link_get_flags(link);
	bool up = flags & IFF_UP;
	char text[64];

	if (index == 1 && !up)
		return;
	fprintf(in->f, "    %-10s %-10s", name,
		!up			      ? "down"
			: flags & IFF_RUNNING ? "up"
					      : "no carrier");
	for (struct nl_object *o = nl_cache_get_first(in->addresses); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		if (rtnl_addr_get_ifindex(a) == index &&
			rtnl_addr_get_scope(a) == RT_SCOPE_UNIVERSE)
			fprintf(in->f, " %s",
				nl_addr2str(rtnl_addr_get_local(a), text, sizeof(text)));
	}
	if (is_station(network_topology(in->n), in->node, name))
		show_association(in->n, in->node, index, in->f);
	fprintf(in->f, "\n");
}

static void show_interfaces(struct network *n, const char *node, FILE *f)
{
	struct nl_sock *s = open_in(n, node, NETLINK_ROUTE);
	struct interfaces in = { .n = n, .node = node, .f = f };
	struct nl_cache *links;

	if (!s)
		return;
	if (rtnl_link_alloc_cache(s, AF_UNSPEC, &links) == 0) {
		if (rtnl_addr_alloc_cache(s, &in.addresses) == 0) {
			nl_cache_foreach(links, show_interface, &in);
			nl_cache_free(in.addresses);
		}
		nl_cache_free(links);
	}
	nl_socket_free(s);
}

/* The command line of a process on one line, or false when it is not of this namespace. */
static bool is_process_in(const char *pid, const struct stat *namespace)
{
	char path[300];
	struct stat own;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return isdigit((unsigned char)pid[0]) && stat(path, &own) == 0 &&
		own.st_ino == namespace->st_ino && own.st_dev == namespace->st_dev;
}

static void show_process(const char *pid, FILE *f)
{
	char path[300], line[256];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file) && !strncmp(line, "baton-shepherd", 14)) {
		fclose(file);
		return;
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	file = fopen(path, "re");
	length = file ? fread(line, 1, 70, file) : 0;
	if (file)
		fclose(file);
	for (size_t i = 0; i < length; i++)
		if (!isprint((unsigned char)line[i]))
			line[i] = ' ';
	fprintf(f, "    process    %-10s %.*s\n", pid, (int)length, line);
}

static void show_processes(struct network *n, const char *node, FILE *f)
{
	int fd = network_netns_fd(n, node);
	struct stat namespace;
	DIR *proc = fd >= 0 && fstat(fd, &namespace) == 0 ? opendir("/proc") : NULL;
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (is_process_in(entry->d_name, &namespace))
			show_process(entry->d_name, f);
	if (proc)
		closedir(proc);
}

static void show_services(struct network *n, const char *node, FILE *f)
{
	struct network_service s;
	size_t length = strlen(node);

	for (unsigned i = 0; network_service(n, i, &s) == 0; i++)
		if (!strncmp(s.title, node, length) && s.title[length] == ' ')
			fprintf(f, "    service    %-10s %s (%s)\n", s.ended ? "ENDED" : "running",
				s.title + length + 1, s.log);
}

void show_network(struct network *n, const char *name, FILE *f)
{
	static const char *const kinds
		[] = { [NODE_HOST] = "host", [NODE_ROUTER] = "router", [NODE_BRIDGE] = "bridge" };
	const struct topology *t = network_topology(n);

	fprintf(f, "%s: %s\nlogs and scratch folders: %s\n\n", name, t->description,
		network_directory(n));
	for (size_t i = 0; i < t->n_links; i++)
		show_link(&t->links[i], f);
	for (size_t i = 0; i < t->n_radios; i++)
		show_radio(&t->radios[i], f);
	for (size_t i = 0; i < t->n_nodes; i++) {
		const struct topology_node *node = &t->nodes[i];

		fprintf(f, "\n  %s (%s%s%s)\n", node->name, kinds[node->kind],
			*node->role ? ", " : "", node->role);
		show_interfaces(n, node->name, f);
		show_services(n, node->name, f);
		show_processes(n, node->name, f);
	}
}
