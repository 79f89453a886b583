// SPDX-License-Identifier: Apache-2.0
//
// One probe for each need: the thing itself is tried in the keeper's own, still empty network
// namespace, which ends with the keeper. A probe may make the kernel load the module.

#include "testbed/topology/needs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbed/topology/format.h"
#include "testbed/topology/netlink.h"

/* Nothing to try: the keeper already stands in its namespaces. */
static bool have_netns(void)
{
	return true;
}

static bool have_family(const char *name)
{
	struct nl_sock *s;
	bool have;

	if (netlink_open(NETLINK_GENERIC, &s))
		return false;
	have = genl_ctrl_resolve(s, name) >= 0;
	nl_socket_free(s);
	return have;
}

/* The kernel loads most modules when they are first used, but not this one, and by itself it would
   put two radios where nobody wants them. */
static void load_hwsim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl("/sbin/modprobe", "modprobe", "mac80211_hwsim", "radios=0", NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static bool have_hwsim(void)
{
	if (!have_family("MAC80211_HWSIM"))
		load_hwsim();
	return have_family("MAC80211_HWSIM") && have_family("nl80211");
}

static bool have_netem(void)
{
	struct network_impairment some = { .delay_ns = 1000000 }, none = { 0 };
	struct nl_sock *s;
	bool have;

	if (netlink_open(NETLINK_ROUTE, &s))
		return false;
	have = impairment_set(s, 1, &some) == 0;
	impairment_set(s, 1, &none);
	nl_socket_free(s);
	return have;
}

static bool have_ipip(void)
{
	struct nl_sock *s;
	bool have;

	if (netlink_open(NETLINK_ROUTE, &s))
		return false;
	have = tunnel_create(s, "probe0", htonl(0xc0000201), htonl(0xc0000202)) == 0;
	interface_remove(s, "probe0");
	nl_socket_free(s);
	return have;
}

static bool have_tun(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool have = fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;

	if (fd >= 0)
		close(fd); /* the interface goes with it */
	return have;
}

/* An ESP security association between documentation addresses, with null encryption. */
static bool have_esp(void)
{
	struct xfrm_usersa_info sa = { .family = AF_INET,
		.mode = XFRM_MODE_TUNNEL,
		.id = { .proto = IPPROTO_ESP, .spi = 0x01010101, .daddr.a4 = 0x010200c0 },
		.saddr.a4 = 0x020200c0,
		.lft = { .soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF } };
	struct xfrm_algo cipher = { .alg_name = "ecb(cipher_null)" };
	struct xfrm_algo auth = { .alg_name = "hmac(sha1)", .alg_key_len = 160 };
	uint8_t auth_with_key[sizeof(auth) + 20] = {
		0
	}; /* the key, zeros, follows the structure */
	struct nl_sock *s;
	struct nl_msg *msg;
	bool have;

	if (netlink_open(NETLINK_XFRM, &s))
		return false;
	memcpy(auth_with_key, &auth, sizeof(auth));
	msg = nlmsg_alloc_simple(XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
	if (!msg || nlmsg_append(msg, &sa, sizeof(sa), NLMSG_ALIGNTO) ||
		nla_put(msg, XFRMA_ALG_AUTH, sizeof(auth_with_key), auth_with_key) ||
		nla_put(msg, XFRMA_ALG_CRYPT, sizeof(cipher), &cipher))
		abort();
	have = netlink_do(s, msg) == 0;
	nl_socket_free(s);
	return have;
}

static bool have_nftables(void)
{
	struct nfgenmsg header = { .nfgen_family = AF_UNSPEC };
	struct nl_sock *s;
	struct nl_msg *msg;
	bool have;

	if (netlink_open(NETLINK_NETFILTER, &s))
		return false;
	msg = nlmsg_alloc_simple(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
		NLM_F_REQUEST | NLM_F_ACK);
	if (!msg || nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO))
		abort();
	have = netlink_do(s, msg) == 0;
	nl_socket_free(s);
	return have;
}

/* In the order of enum topology_need. */
static const struct {
	bool (*have)(void);
	const char *what;
} probes[] = {
	{ have_netns, "network namespaces" },
	{ have_hwsim, "simulated radios (mac80211_hwsim)" },
	{ have_esp, "IPsec ESP (esp4, xfrm_user)" },
	{ have_netem, "delay and loss on links (sch_netem)" },
	{ have_ipip, "IP-in-IP tunnels (ipip)" },
	{ have_tun, "tun devices" },
	{ have_nftables, "nftables" },
};

bool needs_have(unsigned need)
{
	for (size_t i = 0; topology_need_words[i]; i++) {
		if (need == 1u << i)
			return probes[i].have();
	}
	return false;
}

int needs_check(const struct topology *t, struct diagnostics *d)
{
	int error = 0;

	for (size_t i = 0; topology_need_words[i]; i++) {
		if (!(t->needs & 1u << i) || needs_have(1u << i))
			continue;
		diagnostics_add(d, t->path, 0,
			"needs %s, and this kernel has no %s; "
			"\"baton guest -- baton topo ...\" would run it in a kernel that has",
			topology_need_words[i], probes[i].what);
		error = -ENOTSUP;
	}
	return error;
}
